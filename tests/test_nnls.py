"""Non-negative least squares against brute force over supports, SciPy, and optimality conditions in 50 digits."""

from itertools import combinations

import mpmath
import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from mathlib.optimize.nonnegative.interior import interior_patterns
from mathlib.optimize.nonnegative.nnls import _gap, nnls
from mathlib.optimize.nonnegative.pivoting import minimise

BACKENDS = ["numpy", "numba"]


def least_value(A, b):
    """Return min |A x - b|^2 / 2 over x >= 0 from the unconstrained minima of all supports."""
    best = b @ b / 2
    for size in range(1, A.shape[1] + 1):
        for support in map(list, combinations(range(A.shape[1]), size)):
            x = np.linalg.lstsq(A[:, support], b)[0]
            if x.min() >= 0:
                best = min(best, np.sum((A[:, support] @ x - b) ** 2) / 2)
    return best


def problem(seed, m, p, positive=False):
    rng = np.random.default_rng(seed)
    A = rng.random((m, p)) if positive else rng.standard_normal((m, p))
    return A, A @ np.maximum(rng.standard_normal(p), 0) + 0.3 * rng.standard_normal(m)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("m", "p", "positive"), [(60, 40, False), (60, 40, True), (30, 80, False), (40, 60, True), (1, 5, True)]
)
def test_equals_scipy(m, p, positive, backend):
    A, b = problem(m, m, p, positive)
    found = nnls(A, b, backend=backend)
    assert found.success
    assert found.status == 0
    assert found.x.min() >= 0
    norm = scipy.optimize.nnls(A, b)[1]
    assert found.residual_norm == pytest.approx(norm, rel=1e-10, abs=1e-12 * np.linalg.norm(b))
    assert found.fun == pytest.approx(found.residual_norm**2 / 2)


@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(1, 6))
def test_small_problems_against_all_supports(seed, m, p):
    rng = np.random.default_rng(seed)
    A = rng.integers(-2, 3, (m, p)).astype(float)  # ties, zero columns and duplicates
    b = rng.integers(-3, 4, m).astype(float)
    found = nnls(A, b)
    least = least_value(A, b)
    unit = b @ b / 2 if b.any() else 1.0
    assert found.success
    assert found.fun - least <= 1e-12 * unit
    assert found.fun - least <= (found.dual_gap + 1e-15) * unit


def test_optimality_conditions_in_50_digits():
    A, b = problem(4, 12, 7)
    found = nnls(A, b)
    with mpmath.workdps(50):
        M, x = mpmath.matrix(A.tolist()), mpmath.matrix(found.x.tolist())
        g = M.T * (M * x - mpmath.matrix(b.tolist()))
        top = max(abs(v) for v in M.T * mpmath.matrix(b.tolist()))
        for j in range(7):
            assert (abs(g[j]) if found.x[j] > 0 else -g[j]) <= 1e-15 * top


@pytest.mark.parametrize("positive", [False, True])
def test_precision_where_the_exchanges_do_not_settle(positive):
    """Wide matrices: dependent columns for one kind, the interior point method for the other."""
    A, b = problem(1, 100, 200, positive)
    found = nnls(A, b)
    assert found.success
    assert found.kkt <= 2e-15
    assert found.residual_norm <= scipy.optimize.nnls(A, b)[1] + 1e-12 * np.linalg.norm(b)


def test_interior_point_method_finds_the_pattern():
    A, b = problem(5, 50, 30)
    A /= np.linalg.norm(A, axis=0)
    *_, last = interior_patterns(A.T @ A, A.T @ b)
    np.testing.assert_array_equal(last > 0, scipy.optimize.nnls(A, b)[0] > 0)


@pytest.mark.parametrize("unit", [1e-150, 1e-8, 1e8, 1e140])
def test_units_of_the_right_hand_side_and_of_columns(unit):
    A, b = problem(2, 30, 12)
    x = nnls(A, b).x
    with np.errstate(over="ignore", under="ignore"):
        np.testing.assert_allclose(nnls(A, unit * b).x, unit * x, rtol=1e-11)
    scales = 10.0 ** np.linspace(-8, 8, 12)
    np.testing.assert_allclose(nnls(A * scales, b).x, x / scales, rtol=1e-9, atol=0)


def test_zero_and_duplicate_columns():
    A, b = problem(3, 20, 6)
    wide = np.column_stack((A, A[:, 2], np.zeros(20), A))
    found = nnls(wide, b)
    assert found.success
    assert found.fun == pytest.approx(nnls(A, b).fun, rel=1e-12)


@pytest.mark.parametrize("b", [np.zeros(3), np.array([-1.0, -2.0, -3.0])])
def test_solution_zero(b):
    found = nnls(np.eye(3), b)
    assert not found.x.any()
    assert (found.kkt, found.dual_gap, found.nit, found.success) == (0, 0, 0, True)


def test_sparse_and_read_only_input():
    A, b = problem(6, 40, 15)
    A[np.abs(A) < 1] = 0
    for array in (A, b):
        array.flags.writeable = False
    x = nnls(A, b).x
    for kind in (sparse.csc_array, sparse.csr_matrix, sparse.coo_array):
        np.testing.assert_allclose(nnls(kind(A), b).x, x, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(nnls(A.astype(np.float32), b).x, x, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "text"),
    [
        ((np.eye(2), [1.0, np.nan]), {}, ValueError, r"b\[1\] = nan"),
        (([[np.inf, 1.0]], [1.0]), {}, ValueError, r"A\[0, 0\] = inf"),
        ((np.eye(2), [1.0]), {}, ValueError, "one entry for each row of A: got 1 for 2"),
        ((np.zeros((0, 2)), []), {}, ValueError, "at least one row and one column"),
        ((np.ones(3), [1.0]), {}, ValueError, "2 dimensions"),
        ((np.eye(2), [1.0, 2.0]), {"tol": -1.0}, ValueError, "tol"),
        ((np.eye(2), [1.0, 2.0]), {"backend": "cupy"}, TypeError, "cupy"),
        ((np.eye(2) * 1j, [1.0, 2.0]), {}, TypeError, "complex"),
    ],
)
def test_wrong_arguments(arguments, options, error, text):
    with pytest.raises(error, match=text):
        nnls(*arguments, **options)


@pytest.mark.parametrize("change", [1e-2, 1e-5])
def test_gap_of_a_point_that_is_not_optimal(change):
    A, b = problem(7, 40, 10)
    A /= np.linalg.norm(A, axis=0)
    q = A.T @ b

    def gradient(x):
        return A.T @ (A @ x - b)

    end = minimise(A.T @ A, q, gradient, np.zeros(10), 10)
    x = end.x * (1 + change)
    bound = _gap(A, np.ones(10), b, x, gradient(x), end)
    excess = (np.sum((A @ x - b) ** 2) - np.sum((A @ end.x - b) ** 2)) / (b @ b)
    assert excess <= bound <= 3 * excess
