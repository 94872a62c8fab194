"""The lasso and elastic net: values, certificates, storage formats, scales, degenerate designs, wrong arguments."""

import subprocess
import sys
import warnings

import mpmath
import numpy as np
import pytest
import scipy.sparse
import sklearn.datasets
import sklearn.linear_model
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mathlib.optimize import ConvergenceWarning, alpha_max, lasso

BACKENDS = ["numba", "numpy"]


def design(n, p, seed=0, density=1.0, noise=0.5):
    """Return a random design whose columns are correlated, and a response of a few of them."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) + rng.standard_normal((n, 1))
    if density < 1.0:
        X *= rng.random((n, p)) < density
    y = X[:, : max(1, p // 10)] @ rng.standard_normal(max(1, p // 10)) + noise * rng.standard_normal(n)
    return X, y


def objective(X, y, x, alpha, *, l1_ratio=1.0, weights=1.0, sample_weight=None, intercept=0.0):
    """Return the objective that the documentation promises to minimise."""
    w = np.ones(len(y)) if sample_weight is None else sample_weight
    loss = 0.5 * np.sum(w * (y - X @ x - intercept) ** 2) / np.sum(w)
    return loss + alpha * (l1_ratio * np.sum(weights * np.abs(x)) + 0.5 * (1 - l1_ratio) * np.sum(x * x))


def reference(X, y, alpha, l1_ratio=1.0, **options):
    """Return scikit-learn's coefficients and constant term at its tightest tolerance."""
    chosen = {name: options.pop(name, False) for name in ("fit_intercept", "positive")}
    model = sklearn.linear_model.ElasticNet(alpha=alpha, l1_ratio=l1_ratio, tol=1e-14, max_iter=10**6, **chosen)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y, **options)
    return model.coef_, model.intercept_


def check_dual(X, y, alpha, found, *, l1_ratio=1.0, weights=1.0, sample_weight=None, positive=False, tol=1e-9):
    """Check, from the formulas of the documentation, that the dual point proves the gap."""
    t = found.dual_point
    w = np.ones(len(y)) if sample_weight is None else sample_weight
    c = X.T @ t if positive else np.abs(X.T @ t)
    excess = np.maximum(c - alpha * l1_ratio * weights, 0.0)
    used = w > 0
    dual = y @ t - 0.5 * w.sum() * np.sum(t[used] ** 2 / w[used])
    if l1_ratio < 1.0:
        dual -= np.sum(excess**2) / (2.0 * alpha * (1.0 - l1_ratio))
    else:
        assert np.all(excess <= tol * np.abs(X).max() * np.abs(t).sum())
    mean = np.average(y, weights=w) if found.intercept else 0.0
    unit = 0.5 * np.sum(w * (y - mean) ** 2) / w.sum()
    assert (found.fun - dual) / unit <= found.dual_gap + 1e-9


FORMATS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "csc": scipy.sparse.csc_array,
    "csr": scipy.sparse.csr_array,
    "coo_matrix": scipy.sparse.coo_matrix,
    "strided": lambda X: np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)[::2, ::2],
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("shape", [(40, 90), (700, 60)])
def test_equals_scikit_learn(backend, form, fit_intercept, shape):
    X, y = design(*shape, density=0.7)
    y = y + 3.0
    A = FORMATS[form](X)
    for divisor, l1_ratio in ((5.0, 1.0), (50.0, 1.0), (50.0, 0.6)):
        alpha = alpha_max(A, y, fit_intercept=fit_intercept, l1_ratio=l1_ratio) / divisor
        found = lasso(A, y, alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=1e-13, backend=backend)
        x, intercept = reference(X, y, alpha, l1_ratio, fit_intercept=fit_intercept)
        assert found.success
        assert found.dual_gap <= 2e-14 or found.status == 0
        assert_allclose(found.x, x, rtol=1e-8, atol=1e-8 * np.abs(x).max())
        assert found.intercept == pytest.approx(intercept, rel=1e-8, abs=1e-8)
        fun = objective(X, y, found.x, alpha, l1_ratio=l1_ratio, intercept=found.intercept)
        assert found.fun == pytest.approx(fun, rel=1e-12)
        check_dual(X, y, alpha, found, l1_ratio=l1_ratio)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("form", ["C", "csc"])
@pytest.mark.parametrize("shape", [(40, 90), (700, 60)])
def test_options_equal_scikit_learn(backend, form, shape):
    X, y = design(*shape, density=0.7, seed=1)
    rng = np.random.default_rng(2)
    A = FORMATS[form](X)
    sample_weight = rng.random(shape[0]) * (rng.random(shape[0]) < 0.9)
    weights = np.exp(rng.standard_normal(shape[1]))
    for fit_intercept in (False, True):
        common = {"fit_intercept": fit_intercept, "tol": 1e-13, "backend": backend}
        alpha = 0.02 * alpha_max(A, y, fit_intercept=fit_intercept)
        found = lasso(A, y, alpha, positive=True, **common)
        x, intercept = reference(X, y, alpha, positive=True, fit_intercept=fit_intercept)
        assert_allclose(found.x, x, rtol=1e-8, atol=1e-8 * np.abs(x).max())
        check_dual(X, y, alpha, found, positive=True)
        found = lasso(A, y, alpha, sample_weight=1e-30 * sample_weight, l1_ratio=0.8, **common)
        x, intercept = reference(X, y, alpha, 0.8, sample_weight=sample_weight, fit_intercept=fit_intercept)
        assert_allclose(found.x, x, rtol=1e-8, atol=1e-8 * np.abs(x).max())
        assert found.intercept == pytest.approx(intercept, rel=1e-8, abs=1e-8)
        check_dual(X, y, alpha, found, sample_weight=sample_weight, l1_ratio=0.8)
        found = lasso(A, y, alpha, weights=weights, **common)
        x, intercept = reference(X / weights, y, alpha, fit_intercept=fit_intercept)
        assert_allclose(found.x, x / weights, rtol=1e-8, atol=1e-8 * np.abs(x / weights).max())
        check_dual(X, y, alpha, found, weights=weights)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("form", ["F", "csc"])
@pytest.mark.parametrize("shape", [(60, 90), (700, 60)])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.7])
def test_columns_without_penalty(backend, form, shape, l1_ratio):
    X, y = design(*shape, density=0.7, seed=3)
    A = FORMATS[form](X)
    weights = np.ones(shape[1])
    weights[[1, 5, 7]] = 0.0
    alpha = 0.05 * np.abs(X.T @ y).max() / len(y)
    found = lasso(A, y, alpha, weights=weights, l1_ratio=l1_ratio, tol=1e-12, fit_intercept=True, backend=backend)
    assert found.success
    assert np.all(found.x[[1, 5, 7]] != 0.0)
    check_dual(X, y, alpha, found, weights=weights, l1_ratio=l1_ratio)
    slope = X.T @ (y - X @ found.x - found.intercept) / len(y) - alpha * (1.0 - l1_ratio) * found.x
    assert_allclose(slope[[1, 5, 7]], 0.0, atol=1e-7)
    assert np.abs(slope).max() <= alpha * l1_ratio + 1e-7
    if l1_ratio == 1.0:
        top = alpha_max(A, y, weights=weights, fit_intercept=True, backend=backend)
        above = lasso(A, y, top * 1.01, weights=weights, fit_intercept=True, backend=backend, tol=1e-12)
        below = lasso(A, y, top * (1 - 1e-3), weights=weights, fit_intercept=True, backend=backend, tol=1e-10)
        assert above.active_set.tolist() == [1, 5, 7]
        assert len(below.active_set) == 4


def exact_minimum(X, y, alpha, support, signs):
    """Return the minimum of the objective to 50 digits, given the right support and signs, which are verified."""
    with mpmath.workdps(50):
        n = len(y)
        A = mpmath.matrix(X[:, support].tolist())
        b = mpmath.matrix([mpmath.mpf(v) for v in y.tolist()])
        level = mpmath.mpf(float(alpha)) * n
        x = mpmath.lu_solve(A.T * A, A.T * b - level * mpmath.matrix(signs.tolist()))
        r = b - A * x
        assert all(mpmath.sign(v) == s for v, s in zip(x, signs.tolist(), strict=True))
        for column in X.T:
            assert abs(mpmath.fdot(column.tolist(), list(r))) <= level * (1 + mpmath.mpf(10) ** -40)
        return mpmath.fdot(r, r) / (2 * n) + level / n * sum(abs(v) for v in x)


@pytest.mark.parametrize("form", ["C", "csc"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_gap_is_at_least_the_true_distance(form, backend):
    for seed in range(15):
        rng = np.random.default_rng(seed)
        X, y = design(int(rng.integers(8, 30)), int(rng.integers(3, 25)), seed)
        alpha = alpha_max(X, y) / rng.choice([2.0, 10.0, 100.0])
        x = lasso(X, y, alpha, tol=1e-14).x
        support = np.flatnonzero(x)
        exact = exact_minimum(X, y, alpha, support, np.sign(x[support]))
        for tol in (1e-1, 1e-4, 1e-8, 1e-14):
            found = lasso(FORMATS[form](X), y, alpha, tol=tol, backend=backend)
            with mpmath.workdps(50):
                r = [
                    mpmath.mpf(a) - mpmath.fdot(row, found.x.tolist())
                    for a, row in zip(y.tolist(), X.tolist(), strict=True)
                ]
                fun = mpmath.fdot(r, r) / (2 * len(y)) + mpmath.mpf(float(alpha)) * mpmath.fsum(
                    map(abs, map(mpmath.mpf, found.x.tolist()))
                )
                distance = (fun - exact) / (mpmath.fdot(y.tolist(), y.tolist()) / (2 * len(y)))
            assert distance <= found.dual_gap


@pytest.mark.parametrize("name", ["diabetes", "breast_cancer", "digits", "wine", "iris", "linnerud"])
@pytest.mark.parametrize("standardised", [True, False])
def test_gap_on_real_data(name, standardised):
    X, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    y = np.asarray(y, float).reshape(len(X), -1)[:, 0]
    if standardised:
        X = (X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-12)
    for divisor in (10.0, 1e3, 1e6):
        alpha = alpha_max(X, y, fit_intercept=True) / divisor
        found = lasso(X, y, alpha, fit_intercept=True, tol=1e-13)
        assert found.dual_gap <= 1e-13
        assert found.n_epochs == 0
        check_dual(X, y, alpha, found)
        other = lasso(scipy.sparse.csc_array(X), y, alpha, fit_intercept=True, tol=1e-8)
        assert other.fun - found.fun <= (other.dual_gap + 1e-13) * 0.5 * y.var()


def degenerate(seed):
    """Return a small design with zero, repeated, negated, integer or badly scaled columns, and a response."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(1, 40)), int(rng.integers(1, 80))
    X = rng.standard_normal((n, p)) * (rng.random((n, p)) < rng.choice([0.1, 0.5, 1.0]))
    kind = seed % 5
    if kind == 0:
        X = np.round(X)
    elif kind == 1:
        X[:, rng.integers(0, p, p // 3)] = X[:, rng.integers(0, p, p // 3)]
    elif kind == 2:
        X[:, rng.integers(0, p, p // 2)] = -X[:, rng.integers(0, p, p // 2)]
    elif kind == 3:
        X *= 10.0 ** rng.uniform(-8, 8, p)
    y = rng.standard_normal(n) if kind else np.round(2.0 * rng.standard_normal(n))
    if rng.random() < 0.2:
        y = X @ rng.standard_normal(p)
    return X, y * 10.0 ** rng.uniform(-6, 6), rng.choice([1.5, 10.0, 50.0, 1000.0]), rng.choice([1.0, 1.0, 0.5])


@pytest.mark.parametrize("block", range(10))
def test_degenerate_problems(block):
    for seed in range(30 * block, 30 * block + 30):
        X, y, divisor, l1_ratio = degenerate(seed)
        alpha = alpha_max(X, y, l1_ratio=l1_ratio) / divisor
        if alpha == 0.0:
            continue
        runs = {
            "homotopy": lasso(X, y, alpha, l1_ratio=l1_ratio, tol=1e-10),
            "sparse": lasso(scipy.sparse.csc_array(X), y, alpha, l1_ratio=l1_ratio, tol=1e-10),
            "numpy": lasso(X, y, alpha, l1_ratio=l1_ratio, tol=1e-10, backend="numpy"),
        }
        low = min(found.fun for found in runs.values())
        for name, found in runs.items():
            assert found.success, (seed, name, found.message)
            assert found.fun - low <= 1e-10 * 0.5 * np.mean(y * y), (seed, name)
            check_dual(X, y, alpha, found, l1_ratio=l1_ratio)


@given(
    st.integers(1, 30), st.integers(1, 40), st.sampled_from([0.2, 0.6, 1.0]), st.floats(0.001, 1.2), st.booleans(),
    st.integers(0, 10**6),
)  # fmt: skip
def test_optimality_conditions(n, p, density, share, fit_intercept, seed):
    X, y = design(n, p, seed, density)
    alpha = share * alpha_max(X, y, fit_intercept=fit_intercept)
    if alpha == 0.0:
        return
    for A in (X, scipy.sparse.csc_array(X)):
        found = lasso(A, y, alpha, fit_intercept=fit_intercept, tol=1e-13)
        r = y - X @ found.x - found.intercept
        slope = X.T @ r / n
        tolerance = 1e-6 * max(alpha, np.abs(X).max() * np.abs(y).max())
        assert np.abs(slope).max() <= alpha + tolerance
        assert_allclose(slope[found.active_set], alpha * np.sign(found.x[found.active_set]), atol=tolerance)
        assert share < 1.0 or (not found.x.any() and found.dual_gap == 0.0)
        assert not fit_intercept or abs(r.sum()) <= 1e-9 * n * np.abs(y).max()


def test_screening_keeps_the_support():
    for seed in range(200):
        X, y = design(30, 60, seed, noise=0.1)
        alpha = alpha_max(X, y) / (2.0 + seed % 20)
        exact = lasso(X, y, alpha)
        loose = lasso(scipy.sparse.csc_array(X), y, alpha, tol=10.0 ** -(seed % 9))
        problem_gap = (loose.fun - exact.fun) / (0.5 * np.mean(y * y))
        assert problem_gap <= loose.dual_gap + 1e-14
        assert exact.screened <= 60 - len(exact.active_set)
        assert loose.screened <= 60 - len(exact.active_set)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("form", ["C", "csc"])
def test_limits_of_the_penalty(backend, form):
    X, y = design(30, 50)
    A = FORMATS[form](X)
    top = alpha_max(A, y)
    assert top == pytest.approx(np.abs(X.T @ y).max() / 30, rel=1e-14)
    assert alpha_max(A, y, positive=True) == pytest.approx((X.T @ y).max() / 30, rel=1e-14)
    for alpha in (top * (1 + 1e-14), 2 * top, 1e300):
        found = lasso(A, y, alpha, backend=backend)
        assert not found.x.any()
        assert found.dual_gap == 0.0
        assert found.success
    assert len(lasso(A, y, top * (1 - 1e-6), backend=backend, tol=1e-15).active_set) == 1
    tiny = lasso(A, y, 1e-12 * top, backend=backend, tol=1e-6)
    assert tiny.success
    assert_allclose(X @ tiny.x, y, atol=1e-2 * np.abs(y).max())


@pytest.mark.parametrize("backend", BACKENDS)
def test_least_squares(backend):
    for shape in ((60, 20), (20, 60)):
        X, y = design(*shape)
        found = lasso(X, y, 0.0, backend=backend, tol=1e-12)
        assert_allclose(found.x, np.linalg.lstsq(X, y)[0], rtol=1e-9, atol=1e-12)
        assert found.success
        assert found.dual_gap < 1e-12
        assert_allclose(lasso(X, y, 0.0, weights=np.ones(shape[1]), backend=backend).x, found.x)
    X, y = design(60, 20, density=0.5)
    found = lasso(scipy.sparse.csc_array(X), y, 0.0, fit_intercept=True, backend=backend)
    expected = np.linalg.lstsq(np.c_[X, np.ones(60)], y)[0]
    assert_allclose(np.r_[found.x, found.intercept], expected, rtol=1e-7, atol=1e-10)
    assert np.isnan(found.dual_gap)
    assert found.success
    assert "no duality gap" in found.message
    ridge = lasso(X, y, 0.3, l1_ratio=0.0, tol=1e-13, backend=backend)
    assert_allclose(ridge.x, np.linalg.solve(X.T @ X + 18 * np.eye(20), X.T @ y), rtol=1e-7)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("form", ["C", "csc"])
def test_trivial_shapes_and_responses(backend, form):
    make = FORMATS[form]
    one = lasso(make(np.array([[2.0]])), [3.0], 1.0, backend=backend)
    assert one.x.tolist() == [1.25]
    assert lasso(make(np.array([[2.0]])), [3.0], 1.0, fit_intercept=True, backend=backend).intercept == 3.0
    X, y = design(30, 10)
    for zero in (np.zeros(30), np.full(30, 0.1)):
        found = lasso(make(X), zero, 0.5, fit_intercept=True, backend=backend)
        assert not found.x.any()
        assert found.dual_gap == 0.0
        assert found.intercept == pytest.approx(zero[0], rel=1e-15)
    X[:, 3] = 0.0
    X[:, 4] = 7.1
    found = lasso(make(X), y, 0.01, fit_intercept=True, backend=backend, tol=1e-12)
    assert found.success
    assert found.x[3] == found.x[4] == 0.0
    nothing = lasso(make(np.zeros((5, 3))), np.ones(5), 0.1, backend=backend)
    assert nothing.success
    assert not nothing.x.any()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("form", ["C", "csc"])
@pytest.mark.parametrize("size", [1e150, 1e-150])
def test_size_of_the_response(backend, form, size):
    X, y = design(40, 60)
    alpha = alpha_max(X, y) / 20
    found = lasso(FORMATS[form](X), size * y, size * alpha, tol=1e-12, backend=backend)
    assert found.dual_gap <= 1e-12
    assert_allclose(found.x / size, lasso(X, y, alpha, tol=1e-13).x, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("form", ["C", "F", "csc"])
@pytest.mark.parametrize("shape", [(40, 90), (700, 60)])
def test_single_precision_data(form, shape):
    X, y = design(*shape)
    X32 = X.astype(np.float32)
    alpha = alpha_max(X32, y) / 50
    found = lasso(FORMATS[form](X32), y, alpha, tol=1e-13, fit_intercept=True)
    exact = lasso(X32.astype(np.float64), y, alpha, tol=1e-13, fit_intercept=True)
    assert found.dual_gap <= 1e-13
    assert_allclose(found.x, exact.x, rtol=1e-8, atol=1e-10)
    assert found.x.dtype == np.float64


def test_memory_map(tmp_path):
    for order, shape in (("F", (40, 300)), ("C", (700, 60))):
        X, y = design(*shape)
        mapped = np.memmap(tmp_path / order, X.dtype, "w+", shape=X.shape, order=order)
        mapped[:] = X
        mapped.flush()
        read = np.memmap(tmp_path / order, X.dtype, "r", shape=X.shape, order=order)
        alpha = alpha_max(read, y) / 30
        assert_allclose(lasso(read, y, alpha, tol=1e-13).x, lasso(X, y, alpha, tol=1e-13).x, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("form", ["C", "csc"])
def test_start(backend, form):
    X, y = design(600, 80, density=0.8)
    X[:, 7] = 0.0
    A, alpha = FORMATS[form](X), alpha_max(X, y) / 30
    exact = lasso(A, y, alpha, tol=1e-13)
    rng = np.random.default_rng(0)
    for garbage in (rng.standard_normal(80), 1e9 * rng.standard_normal(80), np.full(80, 1e300), np.full(80, 1e-320)):
        found = lasso(A, y, alpha, x0=garbage, tol=1e-12, backend=backend)
        assert found.success
        assert_allclose(found.x, exact.x, rtol=1e-7, atol=1e-9)
    assert lasso(A, y, alpha, x0=exact.x, tol=1e-8, backend=backend).nit <= 2
    on_nothing = lasso(A, y, alpha, x0=1e-3 * np.ones(80), tol=1e-8, backend=backend)
    assert on_nothing.x[7] == 0.0


def test_inputs_are_not_changed():
    X, y = design(600, 80, density=0.8)
    for A in (X, np.asfortranarray(X), scipy.sparse.csc_array(X)):
        values = A.data if scipy.sparse.issparse(A) else A
        for v in (values, y):
            if isinstance(v, np.ndarray):
                v.flags.writeable = False
        before = values.copy()
        w = np.linspace(0.5, 1.0, 600)
        w.flags.writeable = False
        lasso(A, y, alpha_max(A, y) / 10, sample_weight=w, fit_intercept=True, x0=np.ones(80))
        assert_allclose(values, before, rtol=0)


def test_unsorted_and_repeated_entries_of_a_sparse_matrix():
    X, y = design(60, 30, density=0.3)
    A = scipy.sparse.coo_array(X)
    order = np.random.default_rng(0).permutation(A.nnz)
    rows, columns = (np.r_[index[order], index[:50]] for index in A.coords)
    data = np.r_[A.data[order], np.ones(50)]
    starts = np.r_[0, np.cumsum(np.bincount(columns, minlength=30))]
    by_column = np.argsort(columns, kind="stable")
    raw = scipy.sparse.csc_array((data[by_column], rows[by_column], starts), shape=(60, 30))
    alpha = alpha_max(raw.toarray(), y) / 10
    assert_allclose(
        lasso(raw, y, alpha, tol=1e-13).x, lasso(raw.toarray(), y, alpha, tol=1e-13).x, rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("fit_intercept", [False, True])
def test_other_array_libraries(fit_intercept):
    strict = pytest.importorskip("array_api_strict")
    for shape in ((300, 40), (30, 80)):
        X, y = design(*shape)
        alpha = alpha_max(X, y) / 30
        weights = np.ones(shape[1])
        weights[2] = 0.0
        options = {"fit_intercept": fit_intercept, "tol": 1e-12}
        extra = {"weights": weights, "sample_weight": np.linspace(0.5, 1.5, shape[0])}
        for more in ({}, extra, {"l1_ratio": 0.5}):
            found = lasso(strict.asarray(X), strict.asarray(y), alpha, **options, **more)
            expected = lasso(X, y, alpha, **options, **more)
            assert isinstance(found.x, type(strict.asarray(X)))
            assert_allclose(np.asarray(found.x), expected.x, rtol=1e-8, atol=1e-10)
            assert found.dual_gap <= 1e-12
        single = lasso(strict.asarray(X, dtype=strict.float32), strict.asarray(y), alpha, **options)
        assert single.dual_gap <= 1e-12
    assert alpha_max(strict.asarray(X), strict.asarray(y)) == pytest.approx(alpha_max(X, y), rel=1e-13)


def test_numpy_backend_needs_no_numba():
    code = """
import sys
import numpy as np
import scipy.sparse
sys.modules["numba"] = None  # an import of it fails
from mathlib.optimize import lasso, lasso_path
X = np.random.default_rng(0).standard_normal((30, 50))
for A in (X, scipy.sparse.csr_array(X)):
    assert lasso(A, X[:, 3], 0.1, backend="numpy").success
    assert lasso_path(A, X[:, 3], n_alphas=3, backend="numpy").success
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_sparse_problems_with_nearly_as_many_coefficients_as_rows():
    rng = np.random.default_rng(0)
    X = scipy.sparse.random_array((400, 4000), density=0.02, rng=rng, format="csc")
    y = X @ (rng.standard_normal(4000) * (rng.random(4000) < 0.02)) + 0.3 * rng.standard_normal(400)
    found = lasso(X, y, alpha_max(X, y) / 1000, tol=1e-10)
    assert found.success
    assert len(found.active_set) > 350
    assert found.nit < 20
    exact = lasso(X.toarray(), y, alpha_max(X, y) / 1000, tol=1e-13)
    assert_allclose(found.x, exact.x, rtol=1e-4, atol=1e-4 * np.abs(exact.x).max())


def test_warning_only_on_failure():
    X, y = design(700, 60, density=0.6)
    A = scipy.sparse.csc_array(X)
    alpha = alpha_max(A, y) / 100
    with pytest.warns(ConvergenceWarning, match=r"duality gap .* > tol 1e-12: raise max_iter") as caught:
        found = lasso(A, y, alpha, tol=1e-12, max_iter=1)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert not found.success
    assert found.status == 1
    best = lasso(A, y, alpha, tol=0.0)
    assert best.success
    assert best.status == 2
    assert best.dual_gap < 2e-14
    assert "precision limit" in best.message


def test_precision_limit_is_an_end():
    X, y = design(700, 60)
    X = X.copy()
    X[:, 1::2] = X[:, ::2] + 1e-9 * X[:, 1::2]
    A = scipy.sparse.csc_array(X)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = lasso(A, y, alpha_max(A, y) / 1e6, tol=1e-16)
    assert found.nit < 100
    assert bool(caught) == (not found.success)
    assert found.dual_gap < 1e-6


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"alpha": -1.0}, ValueError, "alpha must be finite, at least 0; got -1"),
        ({"alpha": np.nan}, ValueError, "alpha must be finite"),
        ({"alpha": "1"}, TypeError, "alpha must be one real number"),
        ({"y": np.ones(4)}, ValueError, "y must have one entry per row of X, 5; got 4"),
        ({"y": np.array([1, 2, np.nan, 4, 5])}, ValueError, r"y\[2\] = nan"),
        ({"y": np.ones((5, 1))}, ValueError, "y must have 1 dimensions"),
        ({"X": np.full((5, 3), np.inf)}, ValueError, "X must be finite"),
        ({"X": scipy.sparse.csc_array(np.full((5, 3), np.nan))}, ValueError, "X must be finite"),
        ({"X": np.ones((0, 3)), "y": np.ones(0)}, ValueError, r"X must not be empty, got shape \(0, 3\)"),
        ({"X": np.ones((5, 0))}, ValueError, r"X must not be empty, got shape \(5, 0\)"),
        ({"X": np.ones(5)}, ValueError, "X must have 2 dimensions"),
        ({"X": np.ones((5, 3), complex)}, TypeError, "dtype complex128"),
        ({"X": scipy.sparse.csc_array(np.ones((5, 3), complex))}, TypeError, "dtype complex128"),
        ({"X": np.full((5, 3), 1e200)}, ValueError, "column 0 of X has entries too large"),
        ({"X": np.full((5, 3), 1e-200)}, ValueError, "column 0 of X has entries too large or small"),
        ({"weights": [1.0, -2.0, 1.0]}, ValueError, r"weights must not be negative, got weights\[1\] = -2"),
        ({"weights": [1.0]}, ValueError, "weights must have one entry per column of X, 3; got 1"),
        ({"weights": [1.0, 0.0, 1.0], "positive": True}, ValueError, r"weights\[1\] is 0 with positive=True"),
        ({"sample_weight": np.zeros(5)}, ValueError, "sample_weight must have a positive entry"),
        ({"sample_weight": np.ones(3)}, ValueError, "sample_weight must have one entry per row of X, 5"),
        ({"l1_ratio": 1.5}, ValueError, "l1_ratio must be finite, at least 0, at most 1; got 1.5"),
        ({"tol": -1e-3}, ValueError, "tol must be finite"),
        ({"max_iter": 0}, ValueError, "max_iter must be at least 1"),
        ({"x0": np.ones(2)}, ValueError, "x0 must have one entry per column of X, 3; got 2"),
        ({"positive": 1}, TypeError, "positive must be True or False"),
        ({"fit_intercept": None}, TypeError, "fit_intercept must be True or False"),
        ({"backend": "fast"}, ValueError, "backend is 'fast'"),
        ({"backend": "cupy"}, TypeError, "takes CuPy arrays"),
        ({"alpha": 0.0, "positive": True}, ValueError, "nnls"),
    ],
)
def test_wrong_arguments(change, error, message):
    rng = np.random.default_rng(0)
    arguments = {"X": rng.standard_normal((5, 3)), "y": rng.standard_normal(5), "alpha": 0.1} | change
    with pytest.raises(error, match=message):
        lasso(arguments.pop("X"), arguments.pop("y"), arguments.pop("alpha"), **arguments)
