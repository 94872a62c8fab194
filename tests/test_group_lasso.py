"""The group lasso against the lasso, closed forms, optimality conditions in 50 digits, and its certificate."""

from itertools import pairwise

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, sparse
from sklearn.linear_model import Lasso

from mathlib.optimize.convergence import ConvergenceWarning
from mathlib.optimize.grouped_regression.newton import _in_rows, _in_unknowns, newton_step
from mathlib.optimize.grouped_regression.rotated import Blocks, rotate
from mathlib.optimize.grouped_regression.solve import group_lasso
from mathlib.optimize.grouped_regression.working_set import dual_value
from mathlib.optimize.sparse_regression.design_matrix import Design


def problem(seed, n, p, factors=4):
    rng = np.random.default_rng(seed)
    F = rng.standard_normal((n, factors))
    X = F @ rng.standard_normal((factors, p)) + 1.5 * rng.standard_normal((n, p))
    return X, X[:, : min(p, 5)].sum(axis=1) + F[:, 0] + rng.standard_normal(n)


def objective(X, y, groups, alpha, x, weights=None, intercept=0.0):
    weights = np.ones(len(groups)) if weights is None else weights
    r = y - X @ x - intercept
    return r @ r / (2 * len(y)) + alpha * sum(w * np.linalg.norm(x[g]) for g, w in zip(groups, weights, strict=True))


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("intercept", [False, True])
def test_groups_of_one_are_the_lasso(intercept, backend):
    X, y = problem(0, 40, 30)
    y = y + 3.0
    found = group_lasso(X, y, 1, 0.2, tol=1e-13, fit_intercept=intercept, backend=backend)
    truth = Lasso(0.2, tol=1e-14, max_iter=100_000, fit_intercept=intercept).fit(X, y)
    np.testing.assert_allclose(found.x, truth.coef_, rtol=1e-8, atol=1e-10)
    assert found.intercept == pytest.approx(truth.intercept_, rel=1e-8, abs=1e-10)
    assert found.dual_gap <= 1e-13


def test_one_group_of_orthonormal_columns_has_a_closed_form():
    Q = np.linalg.qr(np.random.default_rng(1).standard_normal((20, 4)))[0] * np.sqrt(20)
    y = np.random.default_rng(2).standard_normal(20)
    c = Q.T @ y / 20
    found = group_lasso(Q, y, [[0, 1, 2, 3]], 0.1, tol=0.0)
    np.testing.assert_allclose(found.x, c * max(0, 1 - 0.1 / np.linalg.norm(c)), rtol=1e-13)
    assert found.alpha_max == pytest.approx(np.linalg.norm(c))
    assert found.success
    assert found.status == 2


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("division", [2, 10, 100])
def test_optimality_conditions_in_50_digits(division, backend):
    X, y = problem(3, 25, 40)
    groups = [[0, 7, 3], [1], [2, 4, 5, 6], *np.arange(8, 40).reshape(-1, 4).tolist()]
    weights = np.sqrt([len(g) for g in groups])
    alpha = group_lasso(X, y, groups, 1e6, weights=weights).alpha_max / division
    found = group_lasso(X, y, groups, alpha, weights=weights, tol=1e-14, backend=backend)
    assert found.success
    with mpmath.workdps(50):
        M, x = mpmath.matrix(X.tolist()), mpmath.matrix(found.x.tolist())
        c = M.T * (mpmath.matrix(y.tolist()) - M * x) / 25
        for k, (g, w) in enumerate(zip(groups, weights, strict=True)):
            size = mpmath.norm(mpmath.matrix([x[j] for j in g]))
            assert bool(size) == (k in found.active_groups)
            left = mpmath.matrix([c[j] - (alpha * w * x[j] / size if size else 0) for j in g])
            assert mpmath.norm(left) <= (1e-7 * alpha if size else alpha * w * (1 + 1e-7))


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12), st.sampled_from([1.01, 3.0, 30.0, 1000.0]))
def test_gap_is_certified(seed, n, p, division):
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, (n, p)).astype(float)
    y = rng.standard_normal(n)
    cuts = np.flatnonzero(rng.random(p - 1) < 0.5) + 1 if p > 1 else []
    groups = np.split(rng.permutation(p), cuts)
    top = group_lasso(X, y, groups, 1e6).alpha_max
    if top == 0:
        return
    rough = group_lasso(X, y, groups, top / division, tol=1e-2)
    fine = group_lasso(X, y, groups, top / division, tol=1e-9)
    unit = y @ y / (2 * n)
    values = [objective(X, y, groups, top / division, found.x) for found in (rough, fine)]
    assert fine.success
    assert fine.dual_gap <= 1e-9
    assert values[1] - values[0] <= 1e-9 * unit
    assert values[0] - values[1] <= rough.dual_gap * unit * (1 + 1e-12)
    assert rough.fun == pytest.approx(values[0], rel=1e-12)


def test_smooth_minimiser_finds_nothing_lower():
    X, y = problem(5, 30, 12)
    groups = np.arange(12).reshape(4, 3)
    found = group_lasso(X, y, 3, 0.1, tol=1e-12)
    start = found.x + 0.1
    peer = optimize.minimize(lambda x: objective(X, y, groups, 0.1, x), start, method="BFGS", options={"gtol": 1e-9})
    assert found.fun <= peer.fun + 1e-12


@pytest.mark.parametrize("solver", [_in_unknowns, _in_rows])
def test_newton_equations(solver):
    """Both ways of solving give the d with (Q'Q + K) d = Q'r - level q."""
    X, y = problem(6, 10, 12)
    design = Design(X, None, False, False)
    blocks = Blocks([rotate(design, g) for g in np.arange(12).reshape(3, 4)], np.array([1.0, 2.0, 3.0]), False)
    z = np.random.default_rng(7).standard_normal(12)
    r = y - z @ blocks.rows
    norms = np.repeat(np.linalg.norm(z.reshape(3, 4), axis=1), 4)
    q, levels = z / norms, np.repeat([1.0, 2.0, 3.0], 4)
    same = np.equal.outer(np.arange(12) // 4, np.arange(12) // 4)
    H = blocks.rows @ blocks.rows.T + np.diag(levels / norms) - same * np.outer(levels / norms * q, q)
    truth = np.linalg.solve(H, blocks.rows @ r - levels * q)
    np.testing.assert_allclose(solver(blocks, r, q, blocks.levels / norms[::4]), truth, rtol=1e-9)


def test_newton_steps_are_superlinear_and_never_go_up():
    X, y = problem(8, 60, 20)
    design = Design(X, None, False, False)
    blocks = Blocks([rotate(design, g) for g in np.arange(20).reshape(4, 5)], np.full(4, 2.0), False)
    z, r = np.zeros(20), y.copy()
    blocks.descend(z, r)
    values, points = [], []
    for _ in range(12):
        values.append(r @ r / 2 + blocks.levels @ blocks.norms(z))
        points.append(z.copy())
        newton_step(blocks, z, r)
    assert np.all(np.diff(values) <= 0)
    errors = [np.linalg.norm(point - points[-1]) for point in points]
    errors = [e for e in errors if e > 1e-13 * np.linalg.norm(z)]
    near = [(a, b) for a, b in pairwise(errors) if a < 1e-2]
    assert near
    assert all(b <= 10 * a**1.5 for a, b in near)


def test_units_and_scales():
    X, y = problem(9, 30, 20)
    top = group_lasso(X, y, 4, 1e6).alpha_max
    x = group_lasso(X, y, 4, top / 10, tol=1e-12).x
    for unit in (2.0**-480, 2.0**480):
        with np.errstate(over="ignore", under="ignore"):
            found = group_lasso(X, unit * y, 4, unit * (top / 10), tol=1e-12)
        np.testing.assert_array_equal(found.x, unit * x)
        assert found.success
    scales = np.repeat(10.0 ** np.array([-8, -4, 0, 4, 8]), 4)
    found = group_lasso(X * scales, y, 4, top / 10, weights=scales[::4], tol=1e-10)
    np.testing.assert_allclose(found.x * scales, x, rtol=1e-4, atol=1e-5)


def test_zero_and_duplicate_columns_and_one_row_or_column():
    X, y = problem(10, 20, 6)
    wide = np.column_stack((X, np.zeros((20, 3)), X[:, :3]))
    found = group_lasso(wide, y, 3, 0.05, tol=1e-12)
    assert found.success
    assert not found.x[6:9].any()
    assert found.fun == pytest.approx(group_lasso(X, y, 3, 0.05, tol=1e-12).fun, rel=1e-10)
    assert group_lasso([[2.0]], [3.0], 1, 1.0).x[0] == pytest.approx(1.25)  # (2*3 - 1) / 4
    assert group_lasso([[1.0, 2.0]], [3.0], 2, 0.5, tol=1e-12).success


def test_trivial_solutions():
    X, y = problem(11, 20, 6)
    for found in (
        group_lasso(X, y, 2, group_lasso(X, y, 2, 1e6).alpha_max),
        group_lasso(X, 0 * y, 2, 1.0),
        group_lasso(0 * X, y, 2, 1.0),
        group_lasso(X, 0 * y + 0.1, 2, 1e-9, fit_intercept=True),
    ):
        assert not found.x.any()
        assert found.dual_gap == 0
        assert found.success
        assert found.active_groups.shape == (0,)
    assert found.intercept == pytest.approx(0.1)


def test_sparse_and_other_layouts():
    X, y = problem(12, 50, 20)
    X[np.abs(X) < 1] = 0
    X.flags.writeable = y.flags.writeable = False
    x = group_lasso(X, y, 4, 0.05, tol=1e-12, fit_intercept=True).x
    for other in (np.asfortranarray(X), sparse.csc_array(X), sparse.csr_matrix(X)):
        np.testing.assert_allclose(
            group_lasso(other, y, 4, 0.05, tol=1e-12, fit_intercept=True).x, x, rtol=1e-6, atol=1e-8
        )


def test_warning_names_gap_and_tolerance():
    X, y = problem(13, 30, 100)
    with pytest.warns(ConvergenceWarning, match=r"gap .* > tol 1.0e-12 \(iteration limit; raise max_iter\)"):
        found = group_lasso(X, y, 5, 0.01, tol=1e-12, max_iter=2)
    assert (found.success, found.status, found.nit) == (False, 1, 2)
    assert found.dual_gap > 1e-12


@pytest.mark.parametrize(
    ("arguments", "options", "error", "text"),
    [
        ((np.eye(2), [1.0, 2.0], 1, -0.1), {}, ValueError, "alpha must be finite, at least 0"),
        ((np.eye(2), [1.0, 2.0], 1, 0.0), {}, ValueError, "alpha must be positive"),
        ((np.eye(2), [1.0, np.nan], 1, 0.1), {}, ValueError, r"y\[1\] = nan"),
        (([[np.inf, 1.0]], [1.0], 1, 0.1), {}, ValueError, r"X\[0, 0\] = inf"),
        ((np.eye(2), [1.0], 1, 0.1), {}, ValueError, "one entry for each row of X: got 1 for 2"),
        ((np.zeros((0, 2)), [], 1, 0.1), {}, ValueError, "at least one row"),
        ((np.eye(3), np.ones(3), 2, 0.1), {}, ValueError, "2, which does not divide the 3 columns"),
        ((np.eye(3), np.ones(3), [[0, 1]], 0.1), {}, ValueError, "column 2 is in 0"),
        ((np.eye(3), np.ones(3), [[0, 1], [1, 2]], 0.1), {}, ValueError, "column 1 is in 2"),
        ((np.eye(3), np.ones(3), [[0, 1], [3]], 0.1), {}, ValueError, r"groups\[1\].* 0 to 2"),
        ((np.eye(3), np.ones(3), [[0, 1], []], 0.1), {}, ValueError, r"groups\[1\].*not empty"),
        ((np.eye(2), np.ones(2), 1, 0.1), {"weights": [1.0]}, ValueError, "one entry for each group: got 1 for 2"),
        ((np.eye(2), np.ones(2), 1, 0.1), {"weights": [1.0, 0.0]}, ValueError, r"weights\[1\] = 0"),
        ((np.eye(2), np.ones(2), 1, 0.1), {"max_iter": 0}, ValueError, "max_iter"),
        ((np.eye(2), np.ones(2), 1, 0.1), {"fit_intercept": 1}, TypeError, "fit_intercept"),
    ],
)
def test_wrong_arguments(arguments, options, error, text):
    with pytest.raises(error, match=text):
        group_lasso(*arguments, **options)


def test_a_residual_that_points_away_from_the_response_gives_a_valid_bound():
    """Its best multiple is negative, and has to stay in the dual feasible set too."""
    y, r = np.array([1.0, 0.0]), np.array([-0.1, 0.1])
    assert dual_value(y, r, 0.5) == pytest.approx(0.16)  # the best multiple is -5: not more than 2 away from 0
    assert dual_value(y, r, 0.05) == pytest.approx(0.1**2 / (2 * 0.02))
