"""The linear support vector machine against scikit-learn, SciPy's bounded least squares, and its certificate."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, sparse
from sklearn.datasets import load_breast_cancer
from sklearn.svm import LinearSVC

from mathlib.optimize.convergence import ConvergenceWarning
from mathlib.optimize.svm.interior import basic_point, interior_points
from mathlib.optimize.svm.newton import newton
from mathlib.optimize.svm.solve import svm_dual


def problem(seed, n, p):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    y = np.sign(X @ rng.standard_normal(p) + 0.5 * np.sqrt(p) * rng.standard_normal(n))
    y[:2] = -1, 1
    return X, y


def primal(X, y, C, w):
    return w @ w / 2 + C * np.maximum(0, 1 - y * (X @ w)).sum()


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
def test_equals_liblinear_on_breast_cancer(C, backend):
    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    signs = 2.0 * y - 1
    found = svm_dual(X, y, C, tol=1e-12, backend=backend)
    assert found.dual_gap <= 1e-12
    assert found.fun == pytest.approx(primal(X, signs, C, found.coef), rel=1e-13)
    if C <= 1:  # it does not come near for C = 100
        peer = LinearSVC(loss="hinge", C=C, fit_intercept=False, tol=1e-10, max_iter=1_000_000).fit(X, y)
        np.testing.assert_allclose(found.coef, peer.coef_[0], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize(("n", "p"), [(40, 5), (15, 30), (200, 10), (2, 1)])
def test_optimality_conditions_in_50_digits(n, p, backend):
    X, y = problem(n, n, p)
    found = svm_dual(X, y, 0.7, tol=1e-14, backend=backend)
    assert found.success
    assert found.x.min() >= 0
    assert found.x.max() <= 0.7
    with mpmath.workdps(50):
        M = mpmath.matrix((y[:, None] * X).tolist())
        w = M.T * mpmath.matrix(found.x.tolist())
        margins = M * w
        value = (w.T * w)[0] / 2 + 0.7 * sum(max(0, 1 - m) for m in margins)
        gap = value + (w.T * w)[0] / 2 - mpmath.fsum(found.x.tolist())
        assert gap / (0.7 * n) <= 1e-9  # of first order in the error of the dual variables
    np.testing.assert_allclose(found.coef, (y * found.x) @ X, rtol=1e-6, atol=1e-8)


@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.integers(1, 6), st.sampled_from([0.01, 1.0, 100.0]))
def test_gap_is_certified_and_value_equals_another_solver(seed, n, p, C):
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, (n, p)).astype(float)  # ties, zero and duplicated rows
    y = np.where(rng.random(n) < 0.5, 1.0, -1.0)
    y[:2] = -1, 1
    rough, fine = (svm_dual(X, y, C, tol=tol) for tol in (1e-2, 1e-10))
    unit = C * n
    assert fine.success
    assert primal(X, y, C, rough.coef) - fine.fun <= rough.dual_gap * unit * (1 + 1e-12) + 1e-15 * unit
    assert fine.fun <= rough.fun + 1e-10 * unit
    M = y[:, None] * X
    # the dual as bounded least squares: |M'a|^2/2 - sum a, completed by a row that gives the linear part
    big = 1e4 * np.sqrt(C + 1)
    peer = optimize.lsq_linear(
        np.vstack((M.T, np.ones(n) / big)), np.append(np.zeros(p), big), (0, C), method="bvls", tol=1e-14
    )
    a = np.clip(peer.x, 0, C)
    w = M.T @ a
    assert a.sum() - w @ w / 2 <= fine.fun + 1e-12 * unit


@pytest.mark.parametrize(("n", "p"), [(60, 6), (8, 20)])
def test_interior_point_method_and_its_basic_point(n, p):
    X, y = problem(3, n, p)
    M = y[:, None] * X
    *_, last = interior_points(M, 0.5)
    assert last.min() > 0
    assert last.max() < 0.5
    basic = basic_point(M, 0.5, last, 1e-5)
    w = M.T @ basic
    gap = w @ w + 0.5 * np.maximum(0, 1 - M @ w).sum() - basic.sum()
    assert abs(gap) <= 1e-13 * n


def test_newton_steps_reach_the_solution_in_finitely_many():
    X, y = problem(4, 80, 8)
    M = y[:, None] * X
    exact = svm_dual(X, y, 1.0, tol=1e-14).x
    start = np.where((exact > 0) & (exact < 1), 0.5, exact)
    a, w = newton(M, 1.0, start)
    np.testing.assert_allclose(a, exact, atol=1e-11)
    np.testing.assert_allclose(w, M.T @ a, atol=1e-12)


def test_tiny_problem_by_hand():
    """Two points at +-1: w = 1 separates them with margin 1, unless C < 1/2 keeps w at 2 C."""
    for C, w in ((10.0, 1.0), (0.1, 0.2)):
        found = svm_dual([[1.0], [-1.0]], [1, 0], C, tol=1e-12)
        assert found.coef[0] == pytest.approx(w, rel=1e-9)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_zero_rows_and_matrix(backend):
    X, y = problem(5, 20, 4)
    X[3:6] = 0
    assert svm_dual(X, y, 1.0, tol=1e-10, backend=backend).success
    found = svm_dual(0 * X, y, 1.0, backend=backend)
    assert not found.coef.any()
    assert found.fun == pytest.approx(20.0)
    assert found.success


def test_scales_of_the_features():
    X, y = problem(6, 50, 6)
    scales = 10.0 ** np.array([-8, -4, 0, 0, 2, 4])
    assert svm_dual(X * scales, y, 1.0, tol=1e-8).success


def test_read_only_and_float32():
    X, y = problem(7, 40, 5)
    X.flags.writeable = y.flags.writeable = False
    coef = svm_dual(X, y, 1.0, tol=1e-12).coef
    np.testing.assert_allclose(svm_dual(np.asfortranarray(X), y, 1.0, tol=1e-12).coef, coef, rtol=1e-8)
    np.testing.assert_allclose(svm_dual(X.astype(np.float32), y, 1.0, tol=1e-12).coef, coef, rtol=1e-3, atol=1e-4)


def test_warning_names_gap_and_tolerance():
    X, y = problem(8, 100, 30)
    with pytest.warns(ConvergenceWarning, match=r"gap .* > tol 1.0e-12 \(iteration limit; raise max_iter\)"):
        found = svm_dual(X, y, 100.0, tol=1e-12, max_iter=1, backend="numba")
    assert (found.success, found.status, found.nit) == (False, 1, 1)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "text"),
    [
        ((np.eye(2), [0, 1], -1.0), {}, ValueError, "C must be finite, at least 0"),
        ((np.eye(2), [0, 1], 0.0), {}, ValueError, "C must be positive"),
        ((np.eye(2), [0, 1], np.inf), {}, ValueError, "C must be finite"),
        (([[np.nan, 1.0]], [1.0], 1.0), {}, ValueError, r"X\[0, 0\] = nan"),
        ((np.eye(2), [1], 1.0), {}, ValueError, "one label for each of the 2 rows"),
        ((np.eye(3), [0, 1, 2], 1.0), {}, ValueError, "two classes, got 3"),
        ((np.zeros((0, 2)), [], 1.0), {}, ValueError, "at least one row"),
        ((sparse.eye_array(2), [0, 1], 1.0), {}, TypeError, r"X\.toarray\(\)"),
        ((np.eye(2), [0, 1], 1.0), {"tol": np.nan}, ValueError, "tol"),
    ],
)
def test_wrong_arguments(arguments, options, error, text):
    with pytest.raises(error, match=text):
        svm_dual(*arguments, **options)
