"""Influences against dense inverses, and against what leaving an example out really does."""

import numpy as np
import pytest

from mathlib.optimize import FisherWindow, empirical_fisher_inverse, influence


def dense(g, damp, block=None):
    m, d = g.shape
    place = np.arange(d) // (block or d)
    return damp * np.eye(d) + np.where(place[:, None] == place, g.T @ g / m, 0.0)


@pytest.mark.parametrize("block", [None, 5, 11])
@pytest.mark.parametrize(("m", "d"), [(8, 40), (20, 12)])
def test_both_ways_against_dense(target, m, d, block):
    rng = np.random.default_rng(m)
    g, test = rng.standard_normal((m, d)), rng.standard_normal((3, d))
    fisher = empirical_fisher_inverse(target.array(g), damp=1e-2, block_size=block, backend=target.backend)
    inverse = np.linalg.inv(dense(g, 1e-2, block))
    true = test @ inverse @ g.T
    stored = influence(fisher, target.array(test))
    assert isinstance(stored, np.ndarray)
    assert stored.dtype == np.float64
    np.testing.assert_allclose(stored, true, rtol=0, atol=1e-12 * np.abs(true).max())
    given = influence(fisher, target.array(test), train=target.array(g))
    np.testing.assert_allclose(given, true, rtol=0, atol=1e-11 * np.abs(true).max())
    fewer = influence(fisher, target.array(test), train=target.array(g[:2]))
    np.testing.assert_allclose(fewer, true[:, :2], rtol=0, atol=1e-11 * np.abs(true).max())
    one = influence(fisher, target.array(test[0]), train=target.array(g[1]))
    np.testing.assert_allclose(one, true[:1, 1:2], rtol=0, atol=1e-11 * np.abs(true).max())


def test_small_damping_loses_nothing():
    """By push-through: the product with the inverse itself has cond(H) eps of error."""
    rng = np.random.default_rng(0)
    g = rng.standard_normal((6, 50))
    test = rng.standard_normal((2, 6)) @ g  # in the span, where the subtraction cancels
    found = influence(empirical_fisher_inverse(g, damp=1e-13), test)
    # at damp -> 0: test H^-1 g_j = 6 coefficient_j
    true = 6 * np.linalg.lstsq(g.T, test.T, rcond=None)[0].T
    np.testing.assert_allclose(found, true, rtol=0, atol=1e-11)


def test_window_and_parameters():
    rng = np.random.default_rng(1)
    g, test = rng.standard_normal((5, 10)), rng.standard_normal((2, 10))
    window = FisherWindow(5, 10, damp=0.1, dtype="float64")
    for row in rng.standard_normal((3, 10)):
        window.append(row)
    for row in g:
        window.append_solve(row)
    true = test @ np.linalg.inv(dense(g, 0.1)) @ g.T
    np.testing.assert_allclose(influence(window, test), true, rtol=0, atol=1e-12)
    split = empirical_fisher_inverse([g[:, :4].reshape(5, 2, 2), g[:, 4:]], damp=0.1)
    found = influence(split, [test[:, :4].reshape(2, 2, 2), test[:, 4:]])
    np.testing.assert_allclose(found, true, rtol=0, atol=1e-12)


def test_leaving_an_example_out():
    """Ridge regression, where H is exact: the first order is near the change of a test loss after a new fit."""
    rng = np.random.default_rng(2)
    n, d = 400, 3
    a, noise = rng.standard_normal((n, d)), 1e-3
    y = a @ np.ones(d) + rng.standard_normal(n)

    def fit(rows):
        return np.linalg.solve(a[rows].T @ a[rows] / n + noise * np.eye(d), a[rows].T @ y[rows] / n)

    everything = np.arange(n)
    w = fit(everything)
    point, value = np.array([1.0, -2.0, 0.5]), 3.0
    fisher = empirical_fisher_inverse(a, damp=noise)  # gradients of unit residuals: G^T G / n is the Hessian matrix
    first_order = influence(fisher, (point @ w - value) * point, train=(a @ w - y)[:, None] * a)[0] / n
    true = [0.5 * (point @ fit(np.delete(everything, j)) - value) ** 2 for j in range(20)]
    change = np.array(true) - 0.5 * (point @ w - value) ** 2
    np.testing.assert_allclose(first_order[:20], change, rtol=0.1, atol=2e-4)
    assert np.corrcoef(first_order[:20], change)[0, 1] > 0.999


def test_bad_input():
    fisher = empirical_fisher_inverse(np.ones((2, 4)))
    with pytest.raises(ValueError, match="test_grads must have d = 4"):
        influence(fisher, np.ones((2, 3)))
    with pytest.raises(ValueError, match="test_grads must be a matrix"):
        influence(fisher, np.ones((2, 2, 4)))
    with pytest.raises(ValueError, match="train must be finite"):
        influence(fisher, np.ones(4), train=np.full((1, 4), np.nan))
    with pytest.raises(TypeError, match="train must hold floats"):
        influence(fisher, np.ones(4), train=np.ones((1, 4), dtype=int))
    with pytest.raises(ValueError, match="train must be one of 'stored'"):
        influence(fisher, np.ones(4), train="all")
