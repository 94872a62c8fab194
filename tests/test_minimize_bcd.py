"""Block coordinate descent: minimisers against SciPy and scikit-learn, descent, rules of the paper, refusals."""

import itertools
import re

import numpy as np
import pytest
from scipy import optimize, sparse, special

from mathlib.optimize import BCDResult, LeastSquares, Logistic, Quadratic, Softmax, minimize_bcd
from mathlib.optimize.blocks.best_block import best_block

PARTITIONS = ("sort", "order", "average", "variable")
BLIND = ("random", "cyclic", "shuffled", "lipschitz")
GREEDY = ("gs", "gsl", "gsd", "gsq")
PROXIMAL = ("gs-s", "gs-r", "gs-q")


def data(n=30, p=12, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * 10 ** rng.uniform(-1, 1, p)
    return X, X @ rng.standard_normal(p) / 3 + rng.standard_normal(n)


def signs(y):
    return np.where(y > np.median(y), 1.0, -1.0)


def thirds(y):
    return np.digitize(y, np.quantile(y, [0.3, 0.7]))


def laplacian(p=12, seed=0):
    rng = np.random.default_rng(seed)
    W = np.triu(rng.random((p, p)) * (rng.random((p, p)) < 0.5), 1)
    W = W + W.T
    return np.diag(W.sum(axis=1) + 0.1) - W, rng.standard_normal(p)


def in_groups(size, of=3):
    return list(np.random.default_rng(5).permutation(size).reshape(-1, of))


def smooth_problems():
    X, y = data()
    return {
        "least squares": LeastSquares(X, y),
        "sparse least squares": LeastSquares(
            sparse.csr_array(np.where(np.abs(X) > 0.3 * np.abs(X).max(axis=0), X, 0)), y
        ),
        "logistic": Logistic(X, signs(y)),
        "softmax": Softmax(X[:, :4], thirds(y)),
        "quadratic": Quadratic(*laplacian()),
        "sparse quadratic": Quadratic(sparse.csr_array(laplacian()[0]), laplacian()[1]),
    }


def composite_problems():
    X, y = data()
    return {
        "lasso": LeastSquares(X, y, l1=0.1),
        "weighted lasso in a box": LeastSquares(sparse.csc_array(X), y, l1=np.linspace(0, 0.2, 12), bounds=(-0.2, 0.1)),
        "nnls": LeastSquares(X, y, bounds=(0, np.inf)),
        "groups": LeastSquares(X, y, groups=in_groups(12), group_l2=0.3),
        "l1 logistic": Logistic(X, signs(y), l1=0.02),
        "logistic in a box": Logistic(X, signs(y), bounds=(-0.1, 0.1)),
        "softmax by rows": Softmax(X[:, :4], thirds(y), groups=np.arange(12).reshape(4, 3), group_l2=0.02),
        "quadratic in a box": Quadratic(*laplacian(), bounds=(0, 1)),
    }


# --- objectives -------------------------------------------------------------------------------------------------


def test_values_are_the_formulas():
    X, y = data()
    w = np.random.default_rng(1).standard_normal(12) / 5
    A, b = laplacian()
    W = w.reshape(4, 3)
    scores = X[:, :4] @ W
    for problem, x, expected in (
        (LeastSquares(X, y, l1=0.5), w, np.mean((X @ w - y) ** 2) / 2 + 0.5 * np.abs(w).sum()),
        (Logistic(X, signs(y)), w, -special.log_expit(signs(y) * (X @ w)).mean()),
        (Softmax(X[:, :4], thirds(y)), W, -special.log_softmax(scores, axis=1)[np.arange(30), thirds(y)].mean()),
        (Quadratic(A, b), w, w @ A @ w / 2 - b @ w),
        (
            LeastSquares(X, y, groups=[[0, 1], list(range(2, 12))], group_l2=2.0),
            w,
            np.mean((X @ w - y) ** 2) / 2 + 2 * np.hypot(w[0], w[1]) + 2 * np.linalg.norm(w[2:]),
        ),
    ):
        assert problem.value(x) == pytest.approx(expected, rel=1e-13)
    assert LeastSquares(X, y, bounds=(0, 1)).value(w) == np.inf


@pytest.mark.parametrize("name", smooth_problems())
def test_derivatives_and_bounds(name):
    problem = smooth_problems()[name]
    rng = np.random.default_rng(2)
    x, index = rng.standard_normal(12) / 5, np.array([7, 2, 11, 4])
    z, M = problem.state(x), problem.columns(index)
    d = rng.standard_normal(4)
    whole = np.zeros(12)
    whole[index] = d
    dz = problem.shift(M, index, d)
    assert np.allclose(problem.state(x + whole), z + dz, rtol=1e-12, atol=1e-12)
    for t in (1e-9, 1.0, 30.0):  # the change of f against its difference, and far below f against the derivatives
        change = problem.change(z, t * dz, index, t * d)
        plain = problem.value(x + t * whole) - problem.value(x)
        assert change == pytest.approx(plain, rel=1e-9, abs=1e-13)
    g = problem.gradient(z)
    assert np.allclose(problem.block_gradient(z, M, index), g[index], rtol=1e-12)
    H, bound = problem.hessian(z, M, index), problem.bound(M, index)
    t = 1e-4
    expected = t * (g[index] @ d) + t * t * (d @ H @ d) / 2
    assert problem.change(z, t * dz, index, t * d) == pytest.approx(expected, rel=1e-6)
    ahead, behind = (problem.gradient(problem.state(x + s * whole)) for s in (1e-5, -1e-5))
    assert np.allclose((ahead - behind)[index] / 2e-5, H @ d, rtol=1e-6, atol=1e-6)
    assert np.linalg.eigvalsh(bound - H)[0] >= -1e-12 * np.abs(bound).max()
    full = problem.bound(problem.columns(np.arange(12)), np.arange(12))
    assert np.allclose(problem.bound_product(dz), full @ whole, rtol=1e-11, atol=1e-12)
    assert np.allclose(problem.row_sums(), np.abs(full).sum(axis=1), rtol=1e-11)
    assert np.allclose(problem.lipschitz, np.diag(full), rtol=1e-12)


# --- minimisers -------------------------------------------------------------------------------------------------


def test_least_squares_equals_lapack():
    X, y = data()
    fit = minimize_bcd(LeastSquares(X, y), tol=1e-13)
    assert fit.success
    assert fit.status == 0
    assert np.allclose(fit.x, np.linalg.lstsq(X, y)[0], rtol=1e-9, atol=1e-10)
    assert isinstance(fit, BCDResult)


@pytest.mark.parametrize("update", ["matrix", "newton", "gradient"])
def test_lasso_equals_scikit_learn(update):
    linear = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
    X, y = data(n=40, p=60)
    for positive in (False, True):
        bounds = (0, np.inf) if positive else None
        problem = LeastSquares(X, y, l1=0.2, bounds=bounds)
        fit = minimize_bcd(problem, selection="gs-q", update=update, tol=1e-10, max_iter=50_000)
        peer = linear.Lasso(alpha=0.2, fit_intercept=False, positive=positive, tol=1e-14, max_iter=100_000).fit(X, y)
        assert fit.success
        assert np.allclose(fit.x, peer.coef_, rtol=1e-6, atol=1e-7)
        assert fit.fun <= problem.value(peer.coef_) * (1 + 1e-12)


@pytest.mark.parametrize("update", ["matrix", "newton", "two-metric"])
def test_bounds_equal_scipy(update):
    X, y = data(n=40, p=25)
    fit = minimize_bcd(LeastSquares(X, y, bounds=(0, np.inf)), update=update, tol=1e-12)
    assert np.allclose(fit.x, optimize.nnls(X, y)[0], atol=1e-10)
    low, high = -0.1 * np.ones(25), np.linspace(0.05, 0.4, 25)
    fit = minimize_bcd(LeastSquares(X, y, bounds=(low, high)), update=update, selection="shuffled", tol=1e-12, rng=0)
    assert np.allclose(fit.x, optimize.lsq_linear(X, y, (low, high), tol=1e-15).x, atol=1e-8)
    assert ((fit.x >= low) & (fit.x <= high)).all()


@pytest.mark.parametrize("partition", ["sort", "variable"])
def test_l1_logistic_is_stationary(partition):
    X, y = data(n=40, p=25)
    y = signs(y)
    fit = minimize_bcd(Logistic(X, y, l1=0.05), partition=partition, update="newton", selection="gs-q", tol=1e-11)
    g = -X.T @ (y * special.expit(-y * (X @ fit.x))) / 40
    active = fit.x != 0
    assert 0 < active.sum() < 25
    assert np.allclose(g[active], -0.05 * np.sign(fit.x[active]), rtol=1e-8)
    assert (np.abs(g[~active]) <= 0.05 * (1 + 1e-9)).all()


def test_softmax_equals_scipy():
    X, y = data(n=60, p=4)
    y = thirds(y + np.random.default_rng(0).standard_normal(60))
    fit = minimize_bcd(Softmax(X, y, l1=0.01), update="newton", block_size=4, tol=1e-10)

    def split(v):  # positive and negative parts: the absolute values become smooth
        W = (v[:12] - v[12:]).reshape(4, 3)
        errors = special.softmax(X @ W, axis=1) - np.eye(3)[y]
        g = (X.T @ errors / 60).ravel()
        value = -special.log_softmax(X @ W, axis=1)[np.arange(60), y].mean() + 0.01 * v.sum()
        return value, np.concatenate([g, -g]) + 0.01

    options = {"ftol": 0, "gtol": 1e-12, "maxiter": 5000}
    peer = optimize.minimize(split, np.zeros(24), jac=True, bounds=[(0, None)] * 24, method="L-BFGS-B", options=options)
    assert fit.success
    assert fit.x.shape == (4, 3)
    assert fit.fun == pytest.approx(peer.fun, rel=1e-10)
    assert fit.fun <= peer.fun + 1e-13


@pytest.mark.parametrize("update", ["gradient", "matrix", "newton"])
def test_groups_are_stationary(update):
    X, y = data(n=40, p=30)
    groups = in_groups(30)
    problem = LeastSquares(X, y, groups=groups, group_l2=0.4)
    fit = minimize_bcd(problem, update=update, tol=1e-10, max_iter=50_000)
    assert fit.success
    g = X.T @ (X @ fit.x - y) / 40
    zero = 0
    for index in groups:
        norm = np.linalg.norm(fit.x[index])
        zero += norm == 0
        if norm == 0:
            assert np.linalg.norm(g[index]) <= 0.4 * (1 + 1e-9)
        else:
            assert np.allclose(g[index], -0.4 * fit.x[index] / norm, atol=1e-7)
    assert 0 < zero < 10


def test_separable_data_and_large_steps_do_not_overflow():
    X = np.array([[1e3, 1.0], [-1e3, 2.0], [2e3, -1.0]])
    for problem in (Logistic(X, [1, -1, 1]), Softmax(X, [1, 0, 1])):
        for update in ("gradient", "matrix", "newton"):
            fit = minimize_bcd(problem, 50.0 * np.ones(problem.shape), update=update, max_iter=200)
            assert np.isfinite(fit.history).all()
            assert fit.fun <= fit.history[0]


def test_newton_from_afar_needs_its_line_search():
    """The full step overshoots, ever more; the minimiser is log 2."""
    problem = Logistic(np.ones((3, 1)), [1, 1, -1])
    for start in (-10.0, 6.0):
        fit = minimize_bcd(problem, [start], update="newton", tol=1e-12)
        assert fit.success
        assert fit.x[0] == pytest.approx(np.log(2), rel=1e-11)
    bounded = Logistic(np.ones((3, 1)), [1, 1, -1], bounds=(-20, 20))
    assert minimize_bcd(bounded, [6.0], update="two-metric", tol=1e-12).x[0] == pytest.approx(np.log(2), rel=1e-11)


# --- descent ----------------------------------------------------------------------------------------------------


def descends(problem, **options):
    seen = []
    fit = minimize_bcd(problem, block_size=4, tol=1e-9, max_iter=16, rng=1, callback=seen.append, **options)
    values = np.array([problem.value(x) for x in [np.clip(np.zeros(problem.shape), *limits(problem)), *seen]])
    slack = 1e-13 * max(1.0, np.abs(values).max())
    assert (np.diff(values) <= slack).all(), options
    assert (np.diff(fit.history) <= 0).all(), options
    assert fit.history[-1] == pytest.approx(fit.fun, abs=slack), options
    assert fit.fun < fit.history[0], options


def limits(problem):
    if problem.term.groups is not None:
        return -np.inf, np.inf
    return problem.term.low.reshape(problem.shape), problem.term.high.reshape(problem.shape)


@pytest.mark.parametrize("name", smooth_problems())
def test_every_smooth_triple_descends(name):
    problem = smooth_problems()[name]
    for partition, selection, update in itertools.product(
        (*PARTITIONS, [[0, 5, 3], [1, 2, 4, 6], list(range(6, 12))]), BLIND + GREEDY, ("gradient", "matrix", "newton")
    ):
        descends(problem, partition=partition, selection=selection, update=update)


@pytest.mark.parametrize("name", composite_problems())
def test_every_composite_triple_descends(name):
    problem = composite_problems()[name]
    updates = ["gradient", "matrix", "newton"]
    if problem.term.bounded and not problem.term.l1.any():
        updates.append("two-metric")
    partitions = PARTITIONS if problem.term.groups is None else ("sort",)
    rules = ("gs", "gsl", "gsd", *PROXIMAL, *BLIND)
    for partition, selection, update in itertools.product(partitions, rules, updates):
        descends(problem, partition=partition, selection=selection, update=update)


# --- the paper --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def badly_scaled():
    """A smaller data set of the paper's first recipe, with the least objective by LAPACK."""
    rng = np.random.default_rng(1)
    n, p = 150, 600
    X = (rng.standard_normal((n, p)) + 1) * (10 * rng.standard_normal(p)) * (rng.random((n, p)) < 10 * np.log(n) / n)
    y = X @ (rng.standard_normal(p) * (rng.random(p) < 0.1)) + rng.standard_normal(n)
    least = np.mean((y - X @ np.linalg.lstsq(X, y)[0]) ** 2) / 2
    return LeastSquares(sparse.csc_array(X), y), least


@pytest.mark.parametrize("partition", ["sort", "variable"])
@pytest.mark.parametrize("update", ["gradient", "matrix"])
def test_order_of_the_rules(badly_scaled, partition, update):
    problem, least = badly_scaled
    left = {}
    for rule in ("random", "gs", "gsd", "gsl", "gsq"):
        fit = minimize_bcd(
            problem, block_size=5, partition=partition, selection=rule, update=update, tol=0.0, max_iter=120, rng=0
        )
        left[rule] = fit.fun - least
    for better, worse in itertools.pairwise(["gsl", "gsd", "gs", "random"]):
        assert left[better] <= 1.05 * left[worse], left
    # the rule by the matrix is meant for its update: variables that depend on each other make gradient steps short
    assert left["gsq"] <= 1.05 * left["gsl" if update == "matrix" else "gsd"], left


def test_best_block_is_nearly_always_the_best():
    hits = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        X, y = rng.standard_normal((20, 12)), rng.standard_normal(20)
        problem = LeastSquares(X, y)
        g, H = -X.T @ y / 20, X.T @ X / 20

        def decrease(index, g=g, H=H):
            b = list(index)
            return g[b] @ np.linalg.solve(H[np.ix_(b, b)], g[b])

        best = max(itertools.combinations(range(12), 3), key=decrease)
        found = best_block(problem, g, 3)
        assert decrease(found) >= 0.5 * decrease(best)
        hits += set(found) == set(best)
    assert hits >= 90


def test_exact_rules_take_the_block_of_their_formula():
    X, y = data(n=30, p=12)
    H, g = X.T @ X / 30, -X.T @ y / 30
    sets = [np.array([0, 5, 3]), np.array([1, 2, 4, 6]), np.arange(7, 12)]
    formulas = {
        "gs": lambda b: g[b] @ g[b],
        "gsl": lambda b: g[b] @ g[b] / np.linalg.eigvalsh(H[np.ix_(b, b)])[-1],
        "gsd": lambda b: (g[b] ** 2 / np.abs(H[b]).sum(axis=1)).sum(),
        "gsq": lambda b: g[b] @ np.linalg.solve(H[np.ix_(b, b)], g[b]),
    }
    for rule, formula in formulas.items():
        first = minimize_bcd(LeastSquares(X, y), partition=sets, selection=rule, max_iter=1)
        chosen = max(sets, key=formula)
        assert set(np.flatnonzero(first.x)) == set(chosen), rule
        d = np.linalg.solve(H[np.ix_(chosen, chosen)], -g[chosen])
        assert np.allclose(first.x[chosen], d, rtol=1e-9), rule


def test_proximal_rules_take_the_coordinate_of_their_formula():
    X, y = data(n=30, p=12)
    x = np.where(np.arange(12) % 3 == 0, 0.0, np.linspace(-0.3, 0.4, 12))
    L, g, l1 = (X**2).mean(axis=0), X.T @ (X @ x - y) / 30, 0.3
    z = x - g / L
    step = np.sign(z) * np.maximum(np.abs(z) - l1 / L, 0) - x
    scores = {
        "gs-s": np.where(x != 0, np.abs(g + l1 * np.sign(x)), np.maximum(np.abs(g) - l1, 0)),
        "gs-r": np.abs(step),
        "gs-q": -(g * step + L / 2 * step**2 + l1 * (np.abs(x + step) - np.abs(x))),
    }
    for rule, score in scores.items():
        fit = minimize_bcd(LeastSquares(X, y, l1=l1), x, block_size=1, partition="variable", selection=rule, max_iter=1)
        assert np.flatnonzero(fit.x != x).tolist() == [int(np.argmax(score))], rule
        assert fit.x[np.argmax(score)] == pytest.approx((x + step)[np.argmax(score)], rel=1e-10)


@pytest.mark.parametrize("update", ["newton", "two-metric"])
def test_superlinear_once_the_support_is_known(update):
    """One block of all variables: the errors fall by a power, and a quadratic is solved in two steps."""
    X, y = data(n=40, p=12)
    options = {"partition": [np.arange(12)], "update": update, "max_iter": 30, "tol": 1e-13}
    if update == "newton":
        problem = Logistic(X, signs(y), l1=0.05)
    else:
        problem = Logistic(X, signs(y), bounds=(0, np.inf))
    path = []
    exact = minimize_bcd(problem, callback=path.append, **options).x
    support = exact != 0
    assert 0 < support.sum() < 12
    path = [x for x in path if ((x != 0) == support).all()]
    errors = np.array([np.abs(x - exact).max() for x in path[:-1]])
    errors = errors[(errors > 1e-11) & (errors < 0.1)]
    assert errors.size >= 2
    assert (errors[1:] <= 30 * errors[:-1] ** 1.5).all(), errors
    fit = minimize_bcd(LeastSquares(X, y), **options | {"update": "newton"})
    assert fit.success
    assert fit.nit <= 2


# --- forests ----------------------------------------------------------------------------------------------------


def grid(side=20):
    rng = np.random.default_rng(3)
    node = np.arange(side * side).reshape(side, side)
    ends = np.concatenate([[node[:, 1:].ravel(), node[:, :-1].ravel()], [node[1:].ravel(), node[:-1].ravel()]], axis=1)
    W = sparse.csr_array((rng.random(ends.shape[1]) + 0.1, tuple(ends)), shape=(side**2, side**2))
    W = W + W.T
    labelled = rng.random(side**2) < 0.1
    A = sparse.diags_array(W.sum(axis=1) + labelled) - W
    return sparse.csr_array(A), labelled * rng.choice([-1.0, 1.0], side**2)


def test_a_forest_block_is_minimised_exactly():
    A, b = grid()
    row, column = np.divmod(np.arange(400), 20)
    comb = ((row % 2 == 0) & (column < 19)) | (column == 0)  # a spine with teeth, and what is left
    blocks = [np.flatnonzero(comb), np.flatnonzero(~comb)]
    x0 = np.random.default_rng(0).standard_normal(400)
    fit = minimize_bcd(Quadratic(A, b), x0, partition=blocks, selection="cyclic", max_iter=1)
    dense, B, rest = A.toarray(), blocks[0], blocks[1]
    expected = np.linalg.solve(dense[np.ix_(B, B)], b[B] - dense[np.ix_(B, rest)] @ x0[rest])
    assert np.allclose(fit.x[B], expected, atol=1e-12)
    assert (fit.x[rest] == x0[rest]).all()


@pytest.mark.parametrize("selection", ["cyclic", "gs", "gsl", "gsd", "gsq", "lipschitz"])
@pytest.mark.parametrize("update", ["matrix", "newton", "gradient"])
def test_forests_solve_the_labelled_grid(selection, update):
    A, b = grid()
    exact = sparse.linalg.spsolve(A.tocsc(), b)
    fit = minimize_bcd(
        Quadratic(A, b), partition="forest", selection=selection, update=update, tol=1e-9, max_iter=20_000, rng=0
    )
    assert fit.success
    assert (np.diff(fit.history) <= 0).all()
    assert np.allclose(fit.x, exact, atol=1e-6)


def test_forests_need_fewer_passes_than_small_blocks():
    problem = Quadratic(*grid())
    forests, small = (
        minimize_bcd(problem, block_size=8, partition=partition, selection="cyclic", max_iter=100_000)
        for partition in ("forest", "sort")
    )
    assert forests.success
    assert small.success
    assert 1.2 * forests.nit / 2 < small.nit / 50


def test_a_large_block_with_cycles_is_minimised_exactly():
    A, b = grid()
    fit = minimize_bcd(Quadratic(A, b), partition=[np.arange(400)], max_iter=1)
    assert np.allclose(fit.x, sparse.linalg.spsolve(A.tocsc(), b), atol=1e-9)


# --- edges ------------------------------------------------------------------------------------------------------


def test_scales_zero_and_equal_columns():
    X, y = data(n=30, p=6)
    X = np.column_stack([X, X[:, 0], np.zeros(30)]) * 10.0 ** np.array([-8, 8, -4, 4, 0, 0, -8, 0])
    scaled = X[:, :6] / np.abs(X[:, :6]).max(axis=0)
    exact = np.mean((y - scaled @ np.linalg.lstsq(scaled, y)[0]) ** 2) / 2
    for options in ({}, {"partition": "variable", "selection": "gsq"}, {"selection": "cyclic", "update": "newton"}):
        fit = minimize_bcd(LeastSquares(X, y), block_size=3, tol=1e-11, **options)
        assert fit.success, options
        assert fit.fun == pytest.approx(exact, rel=1e-12)
        assert fit.x[7] == 0


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_huge_and_tiny_right_hand_sides(scale):
    X, y = data()
    for problem in (LeastSquares(X, scale * y), LeastSquares(X, scale * y, l1=0.1 * scale)):
        fit = minimize_bcd(problem, tol=1e-9)
        peer = minimize_bcd(LeastSquares(X, y, l1=problem.term.l1 / scale), tol=1e-9)
        assert fit.success
        assert np.allclose(fit.x / scale, peer.x, atol=1e-8)


def test_zero_right_hand_side_one_variable_and_large_penalty():
    X, y = data()
    at_once = minimize_bcd(LeastSquares(X, 0 * y))
    assert at_once.success
    assert at_once.nit == 0
    from_garbage = minimize_bcd(LeastSquares(X, 0 * y), 1e3 * np.ones(12), tol=1e-10)
    assert from_garbage.success
    assert np.abs(from_garbage.x).max() < 1e-5
    one = minimize_bcd(LeastSquares(X[:, :1], y))
    assert one.x == pytest.approx([X[:, 0] @ y / (X[:, 0] @ X[:, 0])], rel=1e-13)
    assert not minimize_bcd(LeastSquares(X, y, l1=np.abs(X.T @ y).max() / 30 * (1 + 1e-9))).x.any()


def test_the_descent_ends_and_says_why():
    X, y = data()
    problem = LeastSquares(X, y)
    few = minimize_bcd(problem, block_size=2, max_iter=3)
    assert (few.status, few.success, few.nit) == (1, False, 3)
    assert "max_iter = 3" in few.message
    exact = minimize_bcd(LeastSquares(*data(n=200, p=40)), tol=0.0, block_size=3)
    assert (exact.status, exact.success) == (2, False)
    assert "precision limit" in exact.message
    assert exact.optimality < 1e-13
    count = itertools.count(1)

    def stop(x):
        if next(count) == 5:
            raise StopIteration

    stopped = minimize_bcd(problem, block_size=2, callback=stop)
    assert (stopped.status, stopped.nit) == (3, 5)


def test_nothing_given_is_changed_and_seeds_repeat():
    X, y = data()
    x0 = np.ones(12)
    kept = X.copy(), y.copy(), x0.copy()
    for a in (X, y, x0):
        a.flags.writeable = False
    runs = [minimize_bcd(LeastSquares(X, y), x0, selection="random", max_iter=9, rng=4) for _ in range(2)]
    assert all((a == b).all() for a, b in zip(kept, (X, y, x0), strict=True))
    assert (runs[0].history == runs[1].history).all()
    single = minimize_bcd(LeastSquares(X.astype(np.float32), y), tol=1e-9)
    assert single.x.dtype == np.float64


def refused(kind, text, function, *arguments, **options):
    with pytest.raises(kind, match=re.escape(text)):
        function(*arguments, **options)


def test_refusals_name_argument_value_and_way_out():
    X, y = data()
    problem = LeastSquares(X, y)
    A, b = laplacian()
    refused(ValueError, "X[0, 0] = nan", LeastSquares, np.full((2, 2), np.nan), [1, 2])
    refused(ValueError, "X must have at least one row", LeastSquares, np.empty((0, 3)), [])
    refused(ValueError, "y must have one entry for each of the 30 rows of X, got 29", LeastSquares, X, y[1:])
    refused(ValueError, "l1 must be at least 0, got -1", LeastSquares, X, y, l1=-1)
    refused(ValueError, "one for each of the 12 variables", LeastSquares, X, y, l1=[1, 2])
    refused(ValueError, "(0, numpy.inf)", LeastSquares, X, y, bounds=3)
    refused(ValueError, "got 1 and 0 for variable 0", LeastSquares, X, y, bounds=(1, 0))
    refused(ValueError, "groups must hold every index, got none with 2", LeastSquares, X, y, groups=[[0, 1]])
    refused(ValueError, "once, got 1 in 2", LeastSquares, X, y, groups=[[0, 1], list(range(1, 12))])
    refused(ValueError, "groups[0] holds the index 12", LeastSquares, X, y, groups=[[12]])
    refused(ValueError, "groups go with neither", LeastSquares, X, y, groups=[[0]], l1=1.0)
    refused(ValueError, "without groups", LeastSquares, X, y, group_l2=1.0)
    refused(ValueError, "y must hold -1 and 1, got y[0] = 3", Logistic, X, np.full(30, 3))
    refused(ValueError, "return_inverse", Softmax, X, np.full(30, 0.5))
    refused(ValueError, "A must be symmetric", Quadratic, np.triu(A), b)
    refused(ValueError, "A must be symmetric", Quadratic, sparse.csr_array(np.triu(A)), b)
    refused(ValueError, "A[0, 0] = -", Quadratic, -A, b)
    refused(TypeError, "wrap the data", minimize_bcd, X)
    refused(ValueError, "x0 must have shape (12,), got (3,)", minimize_bcd, problem, np.zeros(3))
    refused(ValueError, "numpy.clip", minimize_bcd, LeastSquares(X, y, bounds=(1, 2)), np.zeros(12))
    refused(ValueError, "selection must be one of", minimize_bcd, problem, selection="best")
    refused(ValueError, "update must be one of", minimize_bcd, problem, update="cubic")
    refused(ValueError, "partition must be one of", minimize_bcd, problem, partition="big")
    refused(ValueError, "partition must hold every index, got none with 0", minimize_bcd, problem, partition=[[1]])
    refused(ValueError, "use 'gs-q'", minimize_bcd, LeastSquares(X, y, l1=1.0), selection="gsq")
    refused(ValueError, "use 'newton'", minimize_bcd, problem, update="two-metric")
    refused(ValueError, "use 'sort'", minimize_bcd, problem, partition="forest")
    refused(ValueError, "block_size must be at least 1", minimize_bcd, problem, block_size=0)
    refused(ValueError, "tol must be finite", minimize_bcd, problem, tol=-1.0)
    indefinite = Quadratic(np.array([[1.0, 3.0], [3.0, 1.0]]), [1, 1])
    refused(ValueError, "positive semidefinite, got the eigenvalue -2", minimize_bcd, indefinite)
