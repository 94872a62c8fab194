"""Paths of the lasso and elastic net, the exact homotopy against other solvers, and its pieces."""

import numpy as np
import pytest
import scipy.sparse
import sklearn.linear_model
from numpy.testing import assert_allclose

from mathlib.optimize import ConvergenceWarning, alpha_max, lasso, lasso_path
from mathlib.optimize.sparse_regression import homotopy, solve
from mathlib.optimize.sparse_regression.kernels import homotopy as loops
from mathlib.optimize.sparse_regression.validation import make_task


def design(n, p, seed=0):
    """Return columns that share a few factors, and a response of signs."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 4)) @ rng.standard_normal((4, p)) + rng.standard_normal((n, p))
    return X, np.sign(X[:, :3].sum(axis=1)) + 0.3 * rng.standard_normal(n)


def make(X, form):
    return scipy.sparse.csc_array(X) if form == "csc" else X


@pytest.mark.parametrize("form", ["dense", "csc"])
@pytest.mark.parametrize("backend", ["numba", "numpy"])
@pytest.mark.parametrize(
    "options",
    [{}, {"fit_intercept": True}, {"l1_ratio": 0.7}, {"positive": True}, {"weights": np.r_[0.0, np.ones(79)]}],
    ids=lambda options: "".join(options) or "plain",
)
def test_path_equals_single_solves(form, backend, options):
    X, y = design(40, 80)
    A = make(X, form)
    weights = options.get("weights")
    path = lasso_path(A, y, n_alphas=12, eps=0.02, tol=1e-14, backend=backend, **options)
    assert path.success
    assert np.all(np.diff(path.alphas) < 0.0)
    assert path.alphas[0] == pytest.approx(alpha_max(A, y, **options), rel=1e-14)
    assert path.alphas[-1] == pytest.approx(0.02 * path.alphas[0])
    assert path.coefs.shape == (80, 12)
    assert np.all(path.gaps <= 2e-14)
    assert path.n_active[0] == (0 if weights is None else 1)
    for i, alpha in enumerate(path.alphas):
        found = lasso(X, y, alpha, tol=1e-13, **options)
        x = path.coefs[:, [i]].toarray()[:, 0]
        assert_allclose(x, found.x, rtol=1e-8, atol=(1e-8 if form == "dense" else 1e-7) * np.abs(found.x).max())
        assert path.intercepts[i] == pytest.approx(found.intercept, abs=1e-8)
        assert path.n_active[i] == np.count_nonzero(x)


def test_given_penalties_are_sorted():
    X, y = design(30, 50)
    path = lasso_path(X, y, alphas=[0.02, 0.1, 0.05, 0.0])
    assert path.alphas.tolist() == [0.1, 0.05, 0.02, 0.0]
    assert_allclose(X @ path.coefs[:, [3]].toarray()[:, 0], y)
    assert repr(path).splitlines()[0].startswith("    alphas:")


def test_path_of_large_and_small_responses():
    X, y = design(30, 50)
    path = lasso_path(X, y, n_alphas=5)
    for size in (1e150, 1e-150):
        other = lasso_path(X, size * y, n_alphas=5)
        assert_allclose(other.alphas / size, path.alphas)
        assert_allclose(other.coefs.toarray() / size, path.coefs.toarray(), rtol=1e-9, atol=1e-12)
    zero = lasso_path(X, np.zeros(30), alphas=[1.0, 0.1])
    assert zero.gaps.tolist() == [0.0, 0.0]
    assert zero.coefs.nnz == 0


def test_path_warns_where_a_gap_is_too_large():
    X, y = design(600, 100)
    with pytest.warns(ConvergenceWarning, match=r"at alpha .*: duality gap .* > tol 1e-12") as caught:
        path = lasso_path(scipy.sparse.csc_array(X), y, n_alphas=3, tol=1e-12, max_iter=1)
    assert caught[0].filename == __file__
    assert not path.success
    assert path.status.max() == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_alphas": 0}, "n_alphas must be at least 1"),
        ({"eps": 0.0}, "eps must be positive"),
        ({"eps": 2.0}, "eps must be finite, at least 0, at most 1; got 2"),
        ({"alphas": []}, "alphas must hold numbers of at least 0"),
        ({"alphas": [1.0, -1.0]}, "alphas must hold numbers of at least 0"),
        ({"l1_ratio": 0.0}, "l1_ratio is 0"),
        ({"l1_ratio": 0.5, "weights": np.r_[0.0, np.ones(9)]}, r"weights\[0\] is 0 with l1_ratio 0.5 < 1"),
    ],
)
def test_wrong_arguments(change, message):
    X, y = design(20, 10)
    with pytest.raises(ValueError, match=message):
        lasso_path(X, y, **change)


def test_path_refuses_other_libraries():
    strict = pytest.importorskip("array_api_strict")
    with pytest.raises(TypeError, match="call lasso for each penalty"):
        lasso_path(strict.ones((5, 3)), strict.ones((5,)))


def test_homotopy_equals_least_angle_regression():
    X, y = design(72, 2000)
    alpha = alpha_max(X, y) / 1000
    found = lasso(X, y, alpha)
    expected = sklearn.linear_model.lars_path(X, y, method="lasso", alpha_min=alpha, max_iter=10**5)[2][:, -1]
    assert found.dual_gap <= 1e-14
    assert_allclose(found.x, expected, rtol=1e-7, atol=1e-9)
    assert np.abs(found.x).sum() == pytest.approx(np.abs(expected).sum(), rel=1e-10)


@pytest.mark.parametrize("options", [{}, {"positive": True}, {"weights": True}, {"l1_ratio": 0.5}])
def test_homotopy_and_coordinate_descent_agree(options):
    X, y = design(60, 3000, seed=4)
    if "weights" in options:
        options = {"weights": np.exp(np.random.default_rng(1).standard_normal(3000))}
    for divisor in (5.0, 100.0):
        alpha = alpha_max(X, y, **options) / divisor
        exact = lasso(X, y, alpha, tol=1e-13, **options)
        iterated = lasso(scipy.sparse.csc_array(X), y, alpha, tol=1e-12, **options)
        assert exact.n_epochs == 0 < iterated.n_epochs
        assert_allclose(iterated.x, exact.x, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(60, 400), (300, 40)])
def test_dense_coordinate_descent_agrees(order, shape, monkeypatch):
    X, y = design(*shape, seed=5)
    X = np.asarray(X, order=order)
    weights = np.r_[0.0, np.linspace(0.5, 2.0, shape[1] - 1)]
    rows = np.linspace(0.5, 2.0, shape[0])
    all_options = [{}, {"positive": True}, {"l1_ratio": 0.6, "fit_intercept": True}, {"weights": weights, "tol": 1e-13}]
    all_options.append({"sample_weight": rows, "fit_intercept": True})
    for options in all_options:
        alpha = np.abs(X.T @ y).max() / len(y) / 40
        exact = lasso(X, y, alpha, **{"tol": 1e-13} | options)
        with monkeypatch.context() as patch:
            patch.setattr(solve, "exact_path", lambda problem: False)
            found = lasso(X, y, alpha, **{"tol": 1e-13} | options)
        assert exact.n_epochs == 0 < found.n_epochs
        assert found.success
        assert_allclose(found.x, exact.x, rtol=1e-7, atol=1e-8)
        assert found.intercept == pytest.approx(exact.intercept, abs=1e-8)


def test_homotopy_goes_back_for_columns_outside_the_working_set(monkeypatch):
    X, y = design(60, 1000, seed=2)
    alpha = alpha_max(X, y) / 300
    expected = lasso(X, y, alpha).x
    monkeypatch.setattr(homotopy, "FIRST", 3)
    monkeypatch.setattr(homotopy, "GROWTH", 1)
    monkeypatch.setattr(homotopy, "RATIO", 8.0)
    found = lasso(X, y, alpha)
    assert found.n_epochs == 0
    assert_allclose(found.x, expected, rtol=1e-9, atol=1e-11)


def test_homotopy_gives_way_where_it_cannot_go_on(monkeypatch):
    X, y = design(60, 300, seed=2)
    alpha = alpha_max(X, y) / 30
    expected = lasso(X, y, alpha, tol=1e-13).x
    monkeypatch.setattr(homotopy, "MAX_STEPS", 2)
    found = lasso(X, y, alpha, tol=1e-12)
    assert found.n_epochs > 0
    assert_allclose(found.x, expected, rtol=1e-7, atol=1e-9)
    path = lasso_path(X, y, alphas=[3 * alpha, alpha], tol=1e-12)
    assert_allclose(path.coefs[:, [1]].toarray()[:, 0], expected, rtol=1e-7, atol=1e-9)
    twice = np.c_[X[:, :1], X]  # two equal columns without penalty have no Cholesky factor
    weights = np.r_[0.0, 0.0, np.ones(299)]
    assert lasso(twice, y, alpha, weights=weights, tol=1e-10).success


def test_pieces_are_linear_in_the_penalty():
    X, y = design(40, 100, seed=6)
    task = make_task(X, y, 1.0, None, None, False, False, None)
    levels = np.geomspace(0.5, 0.01, 400) * np.abs(X.T @ y).max() * 2.0**-task.exponent
    path = np.array(list(homotopy.path(task.problem, levels, 0.0)))
    signs = np.sign(path)
    same = np.all(signs[:-2] == signs[2:], axis=1) & np.all(signs[:-2] == signs[1:-1], axis=1)
    share = ((levels[1:-1] - levels[2:]) / (levels[:-2] - levels[2:]))[:, None]
    between = share * path[:-2] + (1.0 - share) * path[2:]
    assert same.sum() > 100
    assert_allclose(path[1:-1][same], between[same], rtol=1e-9, atol=1e-12)


def test_updates_of_the_factor():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((9, 20))
    C = np.zeros((9, 9))
    for k in range(9):
        assert loops.append(C, k, rows, rows, k, 0.25)
    gram = rows @ rows.T + 0.25 * np.eye(9)
    assert_allclose(C @ C.T, gram, rtol=1e-13)
    x = np.empty(9)
    loops.solve(C, 9, rows[:, 0].copy(), x)
    assert_allclose(gram @ x, rows[:, 0], rtol=1e-11)
    for size, q in ((9, 3), (8, 7), (7, 0)):
        loops.delete(C, size, q)
        gram = np.delete(np.delete(gram, q, axis=0), q, axis=1)
        lower = np.tril(C[: size - 1, : size - 1])
        assert_allclose(lower @ lower.T, gram, rtol=1e-12)
    double = np.r_[rows[:2], rows[:1]]
    C = np.zeros((3, 3))
    assert [loops.append(C, k, double, double, k, 0.0) for k in range(3)] == [True, True, False]
