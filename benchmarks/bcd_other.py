"""Group lasso, L1 logistic regression, non-negative least squares and the linear support vector machine.

A peer stops at a tolerance of its own kind: it gets the loosest one for which its answer has the gap that is asked for,
measured by one function for all, or the tightest one that was tried. The gaps reached are in the names of the cases.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import scipy.optimize
import sklearn.datasets

from benchmarks.bcd_lasso import dense_design, quiet
from benchmarks.harness import Case, peer
from mathlib.optimize.grouped_regression.solve import group_lasso
from mathlib.optimize.logistic.solve import l1_logistic
from mathlib.optimize.nonnegative.nnls import nnls
from mathlib.optimize.svm.solve import svm_dual

ROUNDS = 5


def at_gap(
    answer: Callable[[float], np.ndarray], gap: Callable[[np.ndarray], float], tol: float, tolerances: list[float]
) -> tuple[Callable[[], Any], float]:
    """Return the call with the loosest of the tolerances that reaches the gap, or else with the last, and its gap."""
    for own in tolerances:
        reached = gap(answer(own))
        if reached <= tol:
            break
    return partial(answer, own), reached


def group_gap(X: np.ndarray, y: np.ndarray, size: int, alpha: float, x: np.ndarray) -> float:
    """Return the duality gap of the group lasso over the objective at zero."""
    r, level = y - X @ x, alpha * len(y)
    norms = [np.linalg.norm(v.reshape(-1, size), axis=1) for v in (X.T @ r, x)]
    scale = min(1.0, level / norms[0].max())
    primal = 0.5 * (r @ r) + level * norms[1].sum()
    return float((primal - scale * (r @ y) + 0.5 * scale**2 * (r @ r)) / (0.5 * y @ y))


def group_cases() -> Iterator[Case]:
    """Yield the group lasso against celer and skglm, in six settings."""
    celer = peer("celer", "GroupLasso")
    skglm = peer("skglm", "GroupLasso")
    for (n, p, size), goals in (((72, 7000, 5), (3.0, 1.5, 1.5)), ((500, 5000, 10), (2.5, 1.5, 1.5))):
        X, y = dense_design(n, p)
        top = group_lasso(X, y, size, 1e9).alpha_max
        for divisor, goal in zip((5, 20, 100), goals, strict=True):
            alpha = top / divisor
            gap = partial(group_gap, X, y, size, alpha)
            for tol in (1e-6, 1e-10):
                ours = partial(group_lasso, X, y, size, alpha, tol=tol)
                title = f"group lasso {n} x {p}, groups of {size}, max/{divisor}, tol {tol:g}"
                for name, model in (("celer", celer), ("skglm", skglm)):
                    if model is None:
                        yield Case(title, "mathlib", name, ours, None)
                        continue

                    options = {"groups": size, "alpha": alpha, "fit_intercept": False, "max_iter": 200}
                    fit = partial(fitted, model, options, X, y)
                    if name == "skglm" and tol < 1e-6:  # it does not end there in minutes
                        continue
                    scale = alpha if name == "skglm" else 1.0
                    theirs, reached = at_gap(quiet_fit(fit), gap, tol, [tol * scale * f for f in (1.0, 1e-2, 1e-4)])
                    case = f"{title} (gaps {gap(ours().x):.0e}, {reached:.0e})"
                    wanted = goal if name == "celer" else None
                    yield Case(case, "mathlib", name, ours, theirs, 1, wanted, rounds=3 if divisor == 100 else ROUNDS)


def fitted(model: Any, options: dict[str, Any], X: np.ndarray, y: np.ndarray, tol: float) -> np.ndarray:
    """Return the coefficients of a peer."""
    return np.ravel(model(**options, tol=tol).fit(X, y).coef_)


def quiet_fit(fit: Callable[[float], np.ndarray]) -> Callable[[float], np.ndarray]:
    """Return the same fit without the warnings of the peer."""
    return lambda own: quiet(partial(fit, own))()


def logistic_gap(X: np.ndarray, signs: np.ndarray, alpha: float, x: np.ndarray) -> float:
    """Return the duality gap of L1 logistic regression over the objective at zero, log 2."""
    z = signs * (X @ x)
    t = np.exp(-np.logaddexp(0.0, z))
    t *= min(1.0, alpha * len(z) / np.abs(X.T @ (signs * t)).max())
    t = np.clip(t, 1e-300, 1.0 - 1e-16)
    dual = -(t * np.log(t) + (1.0 - t) * np.log1p(-t)).mean()
    return float((np.logaddexp(0.0, -z).mean() + alpha * np.abs(x).sum() - dual) / np.log(2.0))


def standardised_cancer() -> tuple[np.ndarray, np.ndarray]:
    """Return the breast cancer data, columns of mean 0 and variance 1, and labels of -1 and 1."""
    X, y = sklearn.datasets.load_breast_cancer(return_X_y=True)
    return np.asfortranarray((X - X.mean(axis=0)) / X.std(axis=0)), 2.0 * y - 1.0


def logistic_cases() -> Iterator[Case]:
    """Yield L1 logistic regression against celer and scikit-learn's liblinear."""
    celer = peer("celer", "LogisticRegression")
    sklearn_model = peer("sklearn.linear_model", "LogisticRegression")
    genes, response = dense_design()
    for data, (X, y) in (("72 x 7129", (genes, np.sign(response))), ("breast cancer", standardised_cancer())):
        top = l1_logistic(X, y, 1e9).alpha_max
        for divisor in (10, 100):
            alpha = top / divisor
            gap = partial(logistic_gap, X, y, alpha)

            plain = {"C": 1.0 / (alpha * len(y)), "fit_intercept": False}
            newton = plain | {"max_iter": 200}
            descent = plain | {"l1_ratio": 1, "solver": "liblinear", "max_iter": 2000, "random_state": 0}
            for tol in (1e-6, 1e-10):
                ours = partial(l1_logistic, X, y, alpha, tol=tol)
                for name, model, options in (("celer", celer, newton), ("liblinear", sklearn_model, descent)):
                    title = f"logistic {data}, max/{divisor}, tol {tol:g}"
                    if model is None:
                        yield Case(title, "mathlib", name, ours, None)
                        continue
                    fit = quiet_fit(partial(fitted, model, options, X, y))
                    theirs, reached = at_gap(fit, gap, tol, [tol, tol * 1e-2, tol * 1e-4])
                    case = f"{title} (gaps {gap(ours().x):.0e}, {reached:.0e})"
                    hard = data == "72 x 7129" and divisor == 100 and tol == 1e-10
                    goal = 10.0 if hard and name == "celer" else None
                    yield Case(case, "mathlib", name, ours, theirs, 1, goal, rounds=3)


def violation(A: np.ndarray, b: np.ndarray, x: np.ndarray) -> float:
    """Return the violation of the conditions of non-negative least squares, in columns of norm 1, over that at 0."""
    norms = np.linalg.norm(A, axis=0)
    g = A.T @ (A @ x - b) / norms
    return float(np.where(x > 0.0, np.abs(g), np.maximum(-g, 0.0)).max() / np.abs(A.T @ b / norms).max())


def nnls_cases() -> Iterator[Case]:
    """Yield non-negative least squares against SciPy: matrices of normal and of positive numbers."""
    for kind in ("normal", "positive"):
        for m, p in ((500, 300), (1000, 800), (1000, 2000), (2000, 1000)):
            rng = np.random.default_rng(0)
            A = rng.standard_normal((m, p)) if kind == "normal" else rng.random((m, p))
            x = np.maximum(rng.standard_normal(p), 0.0)
            b = A @ x + 0.1 * np.linalg.norm(x) * rng.standard_normal(m)
            ours, theirs = partial(nnls, A, b), partial(scipy.optimize.nnls, A, b, maxiter=20 * p)
            reached = violation(A, b, ours().x), violation(A, b, theirs()[0])
            case = f"NNLS {m} x {p}, {kind} (KKT {reached[0]:.0e}, {reached[1]:.0e})"
            yield Case(case, "mathlib", "scipy.optimize", ours, theirs, 1, 2.0, rounds=3 if p == 2000 else ROUNDS)


def svm_excess(X: np.ndarray, signs: np.ndarray, C: float, least: float, w: np.ndarray) -> float:
    """Return the primal objective over its minimum, in units of that at zero."""
    value = 0.5 * (w @ w) + C * np.maximum(0.0, 1.0 - signs * (X @ w)).sum()
    return float((value - least) / (C * len(signs)))


def svm_cases() -> Iterator[Case]:
    """Yield the support vector machine against liblinear, which only has to have the primal value."""
    model = peer("sklearn.svm", "LinearSVC")
    rng = np.random.default_rng(0)
    wide = rng.standard_normal((5000, 100))
    labels = np.sign(wide @ rng.standard_normal(100) + 3.0 * rng.standard_normal(5000))
    cancer, cancer_labels = standardised_cancer()
    cancer = np.ascontiguousarray(cancer)
    for data, X, y, C, goal in (
        ("breast cancer", cancer, cancer_labels, 0.01, 1.0),
        ("breast cancer", cancer, cancer_labels, 1.0, 1.0),
        ("breast cancer", cancer, cancer_labels, 100.0, 3.0),
        ("5000 x 100", wide, labels, 0.01, 1.0),
        ("5000 x 100", wide, labels, 1.0, 3.0),
    ):
        least = svm_dual(X, y, C, tol=1e-13).fun

        options = {"loss": "hinge", "C": C, "fit_intercept": False, "max_iter": 100_000, "random_state": 0}
        fit = quiet_fit(partial(fitted, model, options, X, y))
        for tol in (1e-6, 1e-10):
            ours = partial(svm_dual, X, y, C, tol=tol)
            title = f"SVM {data}, C={C:g}, tol {tol:g}"
            if model is None:
                yield Case(title, "mathlib", "liblinear", ours, None)
                continue
            excess = partial(svm_excess, X, y, C, least)
            theirs, reached = at_gap(fit, excess, tol, [0.1**k for k in range(1, 9)])
            case = f"{title} (gap {ours().dual_gap:.0e}, excess {reached:.0e})"
            yield Case(case, "mathlib", "liblinear", ours, theirs, 1, goal, rounds=3)


def cases() -> Iterator[Case]:
    """Yield all cases."""
    yield from group_cases()
    yield from logistic_cases()
    yield from nnls_cases()
    yield from svm_cases()
