"""Rows of the self-report: sparse models of real data, and a tree, against exact solutions."""

import warnings
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx, fmpq, fmpq_mat, fmpz

from mathlib._lib.report import Check, Measured, timed
from mathlib.optimize import alpha_max, forest_solve, l1_logistic, label_propagation, lasso, nnls, svm_dual

HERE = ("numpy", "numba")
BOUND = 1e-10  # of coefficients and scores, relative to the largest
TREE_BOUND = 1e-13
BITS = 300
SHORT = 0.05  # seconds: such a call is repeated more than once
NODES = 100_000

Floats = np.ndarray


@cache
def data(name: str) -> tuple[Floats, Floats]:
    """Return a data set of scikit-learn; of breast cancer, columns of mean 0 and variance 1, and labels -1 and 1."""
    import sklearn.datasets

    X, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    return ((X - X.mean(axis=0)) / X.std(axis=0), 2.0 * y - 1.0) if name == "breast_cancer" else (X, 1.0 * y)


def warm(run: Callable[[], Any]) -> tuple[Any, float]:
    """Return the result and the least time of some calls: the first one may compile."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of peers
        result, seconds = timed(run)
        for _ in range(3 if seconds < SHORT else 1):
            result, again = timed(run)
            seconds = min(seconds, again)
    return result, seconds


def relative(found: Floats, true: Floats) -> float:
    return float(np.abs(found - true).max() / np.abs(true).max())


def rational(values: Any) -> Any:
    """Return a matrix of doubles, or a vector as a column, in rational numbers."""
    rows = values if values.ndim == 2 else values[:, None]
    m, n = rows.shape
    return fmpq_mat(m, n, [fmpq(*map(fmpz, float(v).as_integer_ratio())) for v in rows.ravel()])


def doubles(column: Any) -> Floats:
    return np.array([int(v.p) / int(v.q) for v in column.entries()])


@cache
def products(name: str) -> Any:
    """Return the exact products of the columns of a data set, a column of ones, and the response."""
    X, y = data(name)
    D = rational(np.column_stack([X, np.ones(len(y)), y]))
    return D.transpose() * D


def exact_least_squares(G: Any, x: Floats, level: float, *, positive: bool = False) -> Floats:
    """Return the exact minimiser that has the support and signs of `x`; NaN if there is none.

    It minimises half the sum of squares plus `level` times the sum of absolute values, with a constant, or over
    non-negative x without one. `G` holds products of p columns, a column of ones and the response.
    """
    p = len(x)
    support = [int(j) for j in np.flatnonzero(x)]
    signs = [int(s) for s in np.sign(x[support])]
    a = rational(np.array([level]))[0, 0]
    rows = support + ([] if positive else [p])
    right = [G[j, p + 1] - a * s for j, s in zip(rows, [*signs, 0], strict=False)]
    solution = fmpq_mat(len(rows), len(rows), [G[i, j] for i in rows for j in rows]).solve(
        fmpq_mat(len(rows), 1, right)
    )
    b = solution.entries()
    left = [G[j, p + 1] - sum((G[j, i] * v for i, v in zip(rows, b, strict=True)), fmpq(0)) for j in range(p)]
    kept = all(v * s > 0 for v, s in zip(b, signs, strict=False))
    zeros = set(range(p)) - set(support)
    if not kept or any(left[j] > a or (not positive and left[j] < -a) for j in zeros):
        return np.full(p, np.nan)
    found = np.zeros(p)
    found[support] = doubles(solution)[: len(support)]
    return found


def lasso_row(name: str, divisor: float, backend: Any, quick: bool) -> Measured:
    """Coefficients of the lasso with a constant, against rational arithmetic."""
    from sklearn.linear_model import Lasso

    X, y = data(name)
    alpha = alpha_max(X, y, fit_intercept=True) / divisor
    found, seconds = warm(lambda: lasso(X, y, alpha, fit_intercept=True, tol=1e-13, backend=backend))
    peer, peer_seconds = warm(lambda: Lasso(alpha=alpha, tol=1e-10, max_iter=100_000).fit(X, y).coef_)
    true = exact_least_squares(products(name), found.x, float(alpha * len(y)))
    note = f"{len(found.active_set)} coefficients, certified gap {found.dual_gap:.0e}; "
    note += f"scikit-learn: error {relative(peer, true):.0e}"
    ratio = peer_seconds / seconds
    return Measured(f"{len(y)}", relative(found.x, true), BOUND, seconds, "sklearn.linear_model.Lasso", ratio, note)


def nnls_row(backend: Any, quick: bool) -> Measured:
    """Non-negative least squares, against rational arithmetic."""
    import scipy.optimize

    X, y = data("digits")
    found, seconds = warm(lambda: nnls(X, y, backend=backend))
    _, peer_seconds = warm(lambda: scipy.optimize.nnls(X, y))
    true = exact_least_squares(products("digits"), found.x, 0.0, positive=True)
    ratio = peer_seconds / seconds
    note = f"{len(found.active_set)} positive, violation of optimality {found.kkt:.0e}"
    return Measured(f"{len(y)}", relative(found.x, true), BOUND, seconds, "scipy.optimize.nnls", ratio, note)


def exact_logistic(X: Floats, signs: Floats, alpha: float, x: Floats) -> Floats:
    """Return the minimiser that has the support and signs of `x`, by Newton's method in 300 bits; NaN if none has."""
    n, support = len(signs), np.flatnonzero(x)
    with ctx.workprec(BITS):
        M = arb_mat([[arb(v) for v in row] for row in (signs[:, None] * X).tolist()])
        part = arb_mat([[M[i, int(j)] for j in support] for i in range(n)])
        level = arb_mat([[n * arb(alpha) * int(s)] for s in np.sign(x[support])])
        b = arb_mat([[arb(float(v))] for v in x[support]])
        for _ in range(4):
            t = [1 / (1 + v.exp()) for v in (part * b).entries()]
            weighted = arb_mat([[part[i, j] * t[i] * (1 - t[i]) for j in range(len(support))] for i in range(n)])
            step = (part.transpose() * weighted).solve(part.transpose() * arb_mat([[v] for v in t]) - level)
            b = arb_mat([[v.mid()] for v in (b + step).entries()])
        size = [abs(v) / (n * arb(alpha)) for v in (M.transpose() * arb_mat([[v] for v in t])).entries()]
        zeros = set(range(len(x))) - set(support.tolist())
        found = np.zeros(len(x))
        found[support] = [float(v) for v in b.entries()]
        good = all(size[j] < 1 for j in zeros) and (np.sign(found) == np.sign(x)).all()
        return found if good else np.full(len(x), np.nan)


def logistic_row(backend: Any, quick: bool) -> Measured:
    """Coefficients of L1 logistic regression, against 300 bits."""
    from sklearn.linear_model import LogisticRegression

    X, y = data("breast_cancer")
    alpha = l1_logistic(X, y, 1e9).alpha_max / 100.0
    found, seconds = warm(lambda: l1_logistic(X, y, alpha, tol=1e-14, backend=backend))
    options = {"C": 1.0 / (alpha * len(y)), "l1_ratio": 1.0, "solver": "liblinear", "fit_intercept": False}
    _, peer_seconds = warm(lambda: LogisticRegression(**options, tol=1e-8, max_iter=2000, random_state=0).fit(X, y))
    error = relative(found.x, exact_logistic(X, y, alpha, found.x))
    note = f"{len(found.active_set)} coefficients, certified gap {found.dual_gap:.0e}"
    return Measured(f"{len(y)}", error, BOUND, seconds, "liblinear, tol 1e-8", peer_seconds / seconds, note)


def exact_machine(M: Floats, C: float, a: Floats) -> Floats:
    """Return the weights of the machine with the bounds that `a` has reached, in rational numbers; NaN if wrong."""
    upper, free, nan = a == C, (a > 0.0) & (a < C), np.full(M.shape[1], np.nan)
    rows, c = rational(M[free]), rational(np.array([C]))[0, 0]
    fixed = rational(M[upper]).transpose() * fmpq_mat(int(upper.sum()), 1, [c] * int(upper.sum()))
    ones = fmpq_mat(int(free.sum()), 1, [fmpq(1)] * int(free.sum()))
    inside = (rows * rows.transpose()).solve(ones - rows * fixed)
    w = rows.transpose() * inside + fixed
    margins = (rational(M) * w).entries()
    sides = all(m >= 1 if v == 0.0 else m <= 1 if v == C else m == 1 for m, v in zip(margins, a, strict=True))
    return doubles(w) if sides and all(0 <= v <= c for v in inside.entries()) else nan


def machine_row(backend: Any, quick: bool) -> Measured:
    """Weights of a support vector machine, against rational arithmetic."""
    from sklearn.svm import LinearSVC

    X, y = data("breast_cancer")
    found, seconds = warm(lambda: svm_dual(X, y, 1.0, tol=1e-14, backend=backend))
    peer = LinearSVC(loss="hinge", C=1.0, tol=1e-6, fit_intercept=False, max_iter=100_000, random_state=0)
    _, peer_seconds = warm(lambda: peer.fit(X, y))
    error = relative(found.coef, exact_machine(y[:, None] * X, 1.0, found.x))
    note = f"{len(found.support)} support vectors, certified gap {found.dual_gap:.0e}"
    return Measured(f"{len(y)}", error, BOUND, seconds, "liblinear, tol 1e-6", peer_seconds / seconds, note)


@cache
def graph(size: int) -> tuple[Any, np.ndarray, np.ndarray, Floats, float]:
    """Return weights between digits and their seven nearest ones, the labels of every twentieth, and all labels.

    With them the scores of the others from dense equations, and the time of sparse ones in SciPy.
    """
    from scipy import sparse
    from scipy.sparse.linalg import splu

    X, y = (part[:size] for part in data("digits"))
    squares = np.einsum("ij,ij->i", X, X)
    far = squares[:, None] + squares - 2.0 * X @ X.T
    np.fill_diagonal(far, np.inf)
    i, j = np.repeat(np.arange(len(y)), 7), np.argpartition(far, 7, axis=1)[:, :7].ravel()
    W = sparse.csr_array((np.exp(-far[i, j] / 500.0), (i, j)), shape=far.shape)
    W = W.maximum(W.T)
    free = np.arange(len(y)) % 20 > 0
    dense = (np.diag(W.sum(axis=1)) - W.toarray())[np.ix_(free, free)]
    right = W[free][:, ~free] @ np.eye(10)[y[~free].astype(int)]
    A = sparse.csc_array(dense)
    _, seconds = warm(lambda: splu(A, permc_spec="MMD_AT_PLUS_A").solve(right))
    return W, np.where(free, -1, y).astype(int), y, np.linalg.solve(dense, right), seconds


def labels_row(backend: Any, quick: bool) -> Measured:
    """Labels spread over a graph of digits, against the dense equations."""
    W, given, y, true, peer_seconds = graph(600 if quick else 1797)
    found, seconds = warm(lambda: label_propagation(W, given, tol=1e-13, backend=backend))
    free = given < 0
    note = f"{(found.labels == y)[free].mean():.1%} of {free.sum()} labels right, {(~free).sum()} given"
    error = float(np.abs(found.scores[free] - true).max())
    return Measured(f"{len(y)}", error, BOUND, seconds, "scipy splu", peer_seconds / seconds, note)


@cache
def tree() -> tuple[Any, Floats, Floats]:
    """Return a system of integers on a random tree, its solution, and its right-hand side."""
    from scipy import sparse

    rng = np.random.default_rng(0)
    child = np.arange(1, NODES)
    W = sparse.csr_array((rng.integers(1, 100, NODES - 1) * 1.0, (child, rng.integers(0, child))), shape=(NODES, NODES))
    W = W + W.T
    A = sparse.csr_array(sparse.diags_array(W.sum(axis=1) + 1.0) - W)
    x = rng.integers(-1000, 1000, NODES) * 1.0
    return A, x, A @ x  # all products and sums are integers below 2^53


def tree_row(backend: Any, quick: bool) -> Measured:
    """The solution of a tree's equations, which is known."""
    from scipy.sparse.linalg import splu

    A, x, b = tree()
    found, seconds = warm(lambda: forest_solve(A, b, backend=backend))
    _, peer_seconds = warm(lambda: splu(A.tocsc(), permc_spec="MMD_AT_PLUS_A").solve(b))
    return Measured("1e5", relative(found, x), TREE_BOUND, seconds, "scipy splu", peer_seconds / seconds)


def checks() -> list[Check]:
    """Rows of sparse models and of trees."""
    return [
        Check("optimize.lasso", "diabetes, max/1000", partial(lasso_row, "diabetes", 1000.0), HERE),
        Check("optimize.lasso", "digits, max/1000", partial(lasso_row, "digits", 1000.0), HERE),
        Check("optimize.l1_logistic", "breast cancer, max/100", logistic_row, HERE),
        Check("optimize.svm_dual", "breast cancer, C = 1", machine_row, HERE),
        Check("optimize.nnls", "digits", nnls_row, HERE),
        Check("label_propagation", "digits, 5 % labelled", labels_row, HERE),
        Check("optimize.forest_solve", "a tree", tree_row, HERE),
    ]
