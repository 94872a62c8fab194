"""L1 logistic regression against scikit-learn, closed forms, 50-digit optimality conditions, and its certificate."""

from itertools import pairwise

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

from mathlib.optimize.convergence import ConvergenceWarning
from mathlib.optimize.logistic.columns import Scalable
from mathlib.optimize.logistic.loss import balanced, best_intercept, chances_of_error, dual_value, loss
from mathlib.optimize.logistic.solve import l1_logistic
from mathlib.optimize.logistic.working_set import Inner, Problem
from mathlib.optimize.sparse_regression.design_matrix import Design


def problem(seed, n, p, noise=0.5):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 3)) @ rng.standard_normal((3, p)) + 1.5 * rng.standard_normal((n, p))
    y = np.sign(X[:, : min(3, p)].sum(axis=1) + noise * rng.standard_normal(n) + 0.7)
    y[:2] = -1.0, 1.0
    return X, y


def objective(X, y, alpha, x, intercept=0.0):
    return np.logaddexp(0, -y * (X @ x + intercept)).mean() + alpha * np.abs(x).sum()


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("intercept", [False, True])
def test_equals_scikit_learn_on_breast_cancer(intercept, backend):
    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    found = l1_logistic(X, y, 0.05, fit_intercept=intercept, tol=1e-14, backend=backend)
    peer = LogisticRegression(
        C=1 / (0.05 * len(y)), l1_ratio=1, solver="saga", tol=1e-9, max_iter=50_000, fit_intercept=intercept
    )
    peer.fit(X, y)
    np.testing.assert_allclose(found.x, peer.coef_[0], rtol=1e-4, atol=1e-6)
    assert found.intercept == pytest.approx(peer.intercept_[0] if intercept else 0.0, rel=1e-5)
    assert found.dual_gap <= 2e-14
    signs = 2.0 * y - 1
    assert found.fun <= objective(X, signs, 0.05, peer.coef_[0], peer.intercept_[0] if intercept else 0.0) + 1e-15


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("division", [2, 10, 300])
def test_optimality_conditions_in_50_digits(division, intercept):
    X, y = problem(1, 20, 30)
    alpha = l1_logistic(X, y, 1e6, fit_intercept=intercept).alpha_max / division
    found = l1_logistic(X, y, alpha, fit_intercept=intercept, tol=1e-14)
    assert found.success
    with mpmath.workdps(50):
        M, x = mpmath.matrix(X.tolist()), mpmath.matrix(found.x.tolist())
        z = M * x
        t = mpmath.matrix([s / (1 + mpmath.exp(s * (v + found.intercept))) for s, v in zip(y, z, strict=True)]) / 20
        c = M.T * t
        for j in range(30):
            assert abs(c[j] - alpha * mpmath.sign(x[j])) <= (1e-6 * alpha if x[j] else alpha * (1 + 1e-7))
        if intercept:
            assert abs(sum(t)) <= 1e-14


def test_one_feature_has_a_closed_form():
    """For X = 1 and a share q of ones: the chance of a one is q shrunk towards 1/2 by alpha."""
    y = np.array([0] * 2 + [1] * 8)
    found = l1_logistic(np.ones((10, 1)), y, 0.1, tol=1e-14)
    assert found.x[0] == pytest.approx(np.log(0.7 / 0.3), rel=1e-7)
    assert found.alpha_max == pytest.approx(0.3)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 12),
    st.integers(1, 12),
    st.sampled_from([1.01, 3.0, 100.0]),
    st.booleans(),
)
def test_gap_is_certified(seed, n, p, division, intercept):
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, (n, p)).astype(float)
    y = np.where(rng.random(n) < 0.5, 1.0, -1.0)
    y[:2] = -1, 1
    top = l1_logistic(X, y, 1e6, fit_intercept=intercept).alpha_max
    if top < 1e-12:
        return
    alpha = top / division
    rough = l1_logistic(X, y, alpha, fit_intercept=intercept, tol=1e-2)
    fine = l1_logistic(X, y, alpha, fit_intercept=intercept, tol=1e-9)
    values = [objective(X, y, alpha, found.x, found.intercept) for found in (rough, fine)]
    assert fine.success
    assert fine.dual_gap <= 1e-9
    assert values[1] - values[0] <= 1e-9
    assert values[0] - values[1] <= rough.dual_gap * np.log(2) * (1 + 1e-12)
    assert rough.fun == pytest.approx(values[0], rel=1e-12)


def test_dual_value_and_chances():
    z = np.array([-800.0, -1.0, 0.0, 2.0, 800.0])
    ones = np.ones(5)
    t = chances_of_error(ones, z)
    np.testing.assert_allclose(t, [1, 1 / (1 + np.exp(-1)), 0.5, 1 / (1 + np.exp(2)), 0], rtol=1e-15)
    assert dual_value(np.array([0.0, 1.0, 0.5])) == pytest.approx(np.log(2))
    assert loss(ones, z) == pytest.approx(800 + np.log1p(np.exp(1)) + np.log(2) + np.log1p(np.exp(-2)))
    signs = np.array([1.0, 1, 1, -1, -1])
    even = balanced(signs, t)
    assert even[signs > 0].sum() == pytest.approx(even[signs < 0].sum())
    assert (even <= t).all()


@pytest.mark.parametrize("start", [0.0, -600.0, 40.0])
def test_best_intercept(start):
    signs, z = np.array([1.0, 1, 1, -1]), np.zeros(4)
    assert best_intercept(signs, z, start) == pytest.approx(np.log(3), rel=1e-14)


def test_steps_are_superlinear_on_the_support():
    X, y = problem(2, 80, 20)
    design = Design(X, None, False, False)
    exact = l1_logistic(X, y, 0.05, tol=1e-15).x
    inner = Inner(Problem(design, y, 0.05 * 80, False), Scalable(design, np.arange(20), False))
    errors = []
    x = np.zeros(20)
    for _ in range(12):
        errors.append(np.linalg.norm(x - exact))
        if errors[-1] < 1e-9:
            break
        gap = inner.improve(x.copy(), X @ x, np.inf)[1]
        x = inner.improve(x.copy(), X @ x, 0.9 * gap)[0]  # one step, or the few that it needs
    near = [(a, b) for a, b in pairwise(errors) if a < 0.1]
    assert near
    assert all(b <= 10 * a**1.5 + 1e-8 for a, b in near)


def test_scales_and_separable_classes():
    X, y = problem(3, 40, 12)
    scales = 2.0 ** np.linspace(-24, 24, 12).round()
    found = l1_logistic(X * scales, y, 1e-3, tol=1e-8)
    assert found.success
    X, y = problem(4, 30, 60, noise=0.0)
    for alpha in (1e-3, 1e-6):
        found = l1_logistic(X, y, alpha, tol=1e-8, fit_intercept=True)
        assert found.success
        assert (np.sign(X @ found.x + found.intercept) == y).all()


def test_zero_and_duplicate_columns_and_small_shapes():
    X, y = problem(5, 30, 5)
    wide = np.column_stack((X, np.zeros(30), X[:, 0], -X[:, 1]))
    found = l1_logistic(wide, y, 0.02, tol=1e-12)
    assert found.success
    assert found.x[5] == 0
    assert found.fun == pytest.approx(l1_logistic(X, y, 0.02, tol=1e-12).fun, rel=1e-11)
    assert l1_logistic([[1.0], [-1.0]], [0, 1], 0.1).success


@pytest.mark.parametrize("intercept", [False, True])
def test_trivial_solutions(intercept):
    X, y = problem(6, 30, 5)
    top = l1_logistic(X, y, 1e6, fit_intercept=intercept).alpha_max
    for found in (
        l1_logistic(X, y, top, fit_intercept=intercept),
        l1_logistic(0 * X, y, 0.1, fit_intercept=intercept),
    ):
        assert not found.x.any()
        assert (found.dual_gap, found.success, len(found.active_set)) == (0, True, 0)
        assert found.fun == pytest.approx(objective(X, y, 0, found.x, found.intercept))
    assert l1_logistic(X, y, 0.999 * top, fit_intercept=intercept, tol=1e-10).x.any()


@pytest.mark.parametrize("intercept", [False, True])
def test_sparse_and_other_layouts(intercept):
    X, y = problem(7, 60, 25)
    X[np.abs(X) < 1.5] = 0
    X.flags.writeable = y.flags.writeable = False
    x = l1_logistic(X, y, 0.01, tol=1e-13, fit_intercept=intercept).x
    for other in (np.asfortranarray(X), sparse.csc_array(X), sparse.csr_matrix(X)):
        for backend in ("numpy", "numba"):
            found = l1_logistic(other, y, 0.01, tol=1e-13, fit_intercept=intercept, backend=backend)
            np.testing.assert_allclose(found.x, x, rtol=1e-5, atol=1e-7)


def test_labels_of_any_kind():
    X, y = problem(8, 30, 5)
    x = l1_logistic(X, y, 0.05).x
    for labels in (np.where(y > 0, "yes", "no"), y > 0, np.where(y > 0, 7, 3)):
        found = l1_logistic(X, labels, 0.05)
        np.testing.assert_array_equal(found.x, x)
        np.testing.assert_array_equal(found.classes, np.unique(labels))


def test_warning_names_gap_and_tolerance():
    X, y = problem(9, 40, 200)
    with pytest.warns(ConvergenceWarning, match=r"gap .* > tol 1.0e-12 \(iteration limit; raise max_iter\)"):
        found = l1_logistic(X, y, 0.001, tol=1e-12, max_iter=1)
    assert (found.success, found.status, found.nit) == (False, 1, 1)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "text"),
    [
        ((np.eye(2), [0, 1], -0.1), {}, ValueError, "alpha must be finite, at least 0"),
        ((np.eye(2), [0, 1], 0.0), {}, ValueError, "alpha must be positive"),
        ((np.eye(2), [0.0, np.nan], 0.1), {}, ValueError, r"y\[1\] = nan"),
        (([[np.inf, 1.0]], [1.0], 0.1), {}, ValueError, r"X\[0, 0\] = inf"),
        ((np.eye(2), [1], 0.1), {}, ValueError, r"one label for each of the 2 rows of X, got shape \(1,\)"),
        ((np.eye(3), [0, 1, 2], 0.1), {}, ValueError, "two classes, got 3: 0, 1, 2"),
        ((np.eye(2), [1, 1], 0.1), {}, ValueError, "two classes, got 1: 1"),
        ((np.eye(2), [None, 1], 0.1), {}, TypeError, "labels, got dtype object"),
        ((np.zeros((2, 0)), [0, 1], 0.1), {}, ValueError, "at least one row and one column"),
        ((np.eye(2), [0, 1], 0.1), {"fit_intercept": None}, TypeError, "fit_intercept"),
        ((np.eye(2), [0, 1], 0.1), {"max_iter": 1.5}, TypeError, "max_iter"),
    ],
)
def test_wrong_arguments(arguments, options, error, text):
    with pytest.raises(error, match=text):
        l1_logistic(*arguments, **options)


def longdouble_gap(X, y, alpha, x, intercept, fit_intercept):
    """The gap of the scaled chances of error, relative to the objective at zero, by the textbook in long doubles."""
    X, y, x = (np.asarray(v, np.longdouble) for v in (X, y, x))
    t = 1 / (1 + np.exp(y * (X @ x + intercept)))
    counts = np.array([(y > 0).sum(), (y < 0).sum()])
    if fit_intercept:
        sums = np.array([t[y > 0].sum(), t[y < 0].sum()])
        t = t * np.where(y > 0, *(sums.min() / sums))
    t *= min(1, alpha * len(y) / np.abs((t * y) @ X).max())
    dual = -(t * np.log(t) + (1 - t) * np.log1p(-t)).mean()
    q = counts / len(y) if fit_intercept else np.full(2, 0.5)
    return float((objective(X, y, alpha, x, intercept) - dual) / -(q * np.log(q)).sum())


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("shape", [(300, 40), (30, 80), (80, 60)])
@pytest.mark.parametrize("block", [1 << 26, 1000])
def test_other_array_libraries(shape, intercept, block, monkeypatch):
    strict = pytest.importorskip("array_api_strict")
    monkeypatch.setattr("mathlib.optimize.sparse_regression.array_matrix.BLOCK", block)
    X, y = problem(10, *shape)
    X = X.astype(np.float32)
    options = {"fit_intercept": intercept, "tol": 1e-13}
    top = l1_logistic(X, y, 1e6, **options).alpha_max
    for alpha in (top / 3, top / 50):
        expected = l1_logistic(X, y, alpha, **options)
        for dtype in (strict.float64, strict.float32):
            A = strict.asarray(X, dtype=dtype)
            found = l1_logistic(A, y, alpha, **options)
            assert (type(found.x), found.x.dtype) == (type(A), strict.float64)
            x = np.asarray(found.x)
            np.testing.assert_allclose(x, expected.x, rtol=1e-8, atol=1e-10)
            np.testing.assert_array_equal(found.active_set, expected.active_set)
            assert found.intercept == pytest.approx(expected.intercept, rel=1e-8)
            assert found.fun == pytest.approx(expected.fun, rel=1e-13)
            assert found.alpha_max == pytest.approx(top, rel=1e-13)
            assert found.dual_gap <= 1e-13
            assert longdouble_gap(X, y, alpha, x, found.intercept, intercept) <= 2e-13


@pytest.mark.parametrize("intercept", [False, True])
def test_other_array_libraries_with_dependent_columns_and_scales(intercept):
    strict = pytest.importorskip("array_api_strict")
    X, y = problem(11, 100, 40)
    X = X * 2.0 ** np.linspace(-24, 24, 40).round()
    X[:, 37], X[:, 38], X[:, 39] = X[:, 36], 0.0, 1024.0
    A = strict.asarray(X)
    top = l1_logistic(A, y, 1e300, fit_intercept=intercept).alpha_max
    for alpha in (top / 10, top * 1e-6):
        found = l1_logistic(A, y, alpha, fit_intercept=intercept, tol=1e-10)
        x = np.asarray(found.x)
        assert found.success
        assert x[38] == 0.0
        assert found.fun == pytest.approx(l1_logistic(X, y, alpha, fit_intercept=intercept, tol=1e-10).fun, rel=1e-9)
        assert longdouble_gap(X, y, alpha, x, found.intercept, intercept) <= 2e-10


def test_other_array_libraries_labels_and_trivial_solutions():
    strict = pytest.importorskip("array_api_strict")
    X, y = problem(12, 60, 5)
    A = strict.asarray(X)
    x = np.asarray(l1_logistic(A, y, 0.05).x)
    for labels in (strict.asarray(y), strict.asarray(y > 0), np.where(y > 0, "yes", "no"), y.tolist()):
        found = l1_logistic(A, labels, 0.05)
        np.testing.assert_array_equal(np.asarray(found.x), x)
        np.testing.assert_array_equal(found.classes, np.unique(np.asarray(labels)))
    found = l1_logistic(A, y, 1e6)
    assert isinstance(found.x, type(A))
    assert (found.dual_gap, found.success, len(found.active_set)) == (0, True, 0)


@pytest.mark.parametrize(
    ("X", "options", "error", "text"),
    [
        ([[np.nan, 1.0], [0.0, 1.0]], {}, ValueError, r"X\[0, 0\] = nan"),
        ([1.0, 2.0], {}, ValueError, "X must have 2 dimensions"),
        (np.zeros((2, 0)), {}, ValueError, "at least one row and one column"),
        ([[1e200, 1.0], [0.0, 1.0]], {}, ValueError, "column 0 of X has entries too large"),
        ([[1.0, 0.0], [0.0, 1e-170]], {}, ValueError, "column 1 of X has entries too small"),
        (np.eye(2), {"backend": "numba"}, TypeError, "cannot take arrays of array_api_strict"),
        (np.eye(3), {}, ValueError, r"each of the 3 rows of X, got shape \(2,\)"),
    ],
)
def test_wrong_arguments_in_other_array_libraries(X, options, error, text):
    strict = pytest.importorskip("array_api_strict")
    with pytest.raises(error, match=text), np.errstate(over="ignore"):
        l1_logistic(strict.asarray(np.asarray(X)), [0, 1], 0.1, **options)
    with pytest.raises(TypeError, match="mixed"):
        l1_logistic(np.eye(2), strict.asarray([0, 1]), 0.1)
