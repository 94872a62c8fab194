"""Pruning against brute force on dense matrices: scores, joint correction, exact greedy choice, rounds."""

import math

import numpy as np
import pytest

from mathlib.optimize import FisherWindow, empirical_fisher_inverse, obs_prune, obs_scores

MASKS = ["score", "diagonal", "greedy"]


def problem(m=12, d=30, seed=0):
    rng = np.random.default_rng(seed)
    g = rng.standard_normal((m, d)) + 0.5 * rng.standard_normal(d)
    return g, rng.standard_normal(d)


def dense(g, damp, block=None):
    m, d = g.shape
    place = np.arange(d) // (block or d)
    return damp * np.eye(d) + np.where(place[:, None] == place, g.T @ g / m, 0.0)


def textbook(h, w, gone):
    """Weights and rise of the loss after the removal of `gone`, with the formula that needs a matrix of its size."""
    inverse = np.linalg.inv(h)
    pivot = np.linalg.inv(inverse[np.ix_(gone, gone)])
    x = w - inverse[:, gone] @ pivot @ w[gone]
    x[gone] = 0.0
    return x, 0.5 * w[gone] @ pivot @ w[gone]


def sequential(h, w, block, count):
    """Indices removed when the cheapest weight of any block goes next, one after another."""
    inverses = [np.linalg.inv(h[i : i + block, i : i + block]) for i in range(0, len(w), block)]
    w, gone = w.copy(), []
    while len(gone) < count:
        scores = [
            w[i] ** 2 / (2 * inverses[i // block][i % block, i % block]) if i not in gone else math.inf
            for i in range(len(w))
        ]
        p = int(np.argmin(scores))
        gone.append(p)
        b, k = p // block, p % block
        inverse = inverses[b]
        part = slice(b * block, b * block + len(inverse))
        w[part] -= w[p] / inverse[k, k] * inverse[:, k]
        inverses[b] = inverse - np.outer(inverse[:, k], inverse[k]) / inverse[k, k]
        w[gone] = 0.0
    return gone


def fisher_of(target, g, **options):
    return empirical_fisher_inverse(target.array(g), backend=target.backend, **options)


@pytest.mark.parametrize("block", [None, 7, 20])
def test_scores(target, block):
    g, w = problem()
    found = target.numpy(obs_scores(target.array(w), fisher_of(target, g, damp=1e-3, block_size=block)))
    true = w**2 / (2 * np.linalg.inv(dense(g, 1e-3, block)).diagonal())
    np.testing.assert_allclose(found, true, rtol=1e-10)


def test_scores_keep_dtype(target):
    g, w = problem()
    fisher = fisher_of(target, g.astype(np.float32), damp=1e-2)
    assert target.numpy(obs_scores(target.array(w.astype(np.float32)), fisher)).dtype == np.float32


@pytest.mark.parametrize("block", [None, 7, 20])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize(("m", "d"), [(12, 30), (40, 30)])
def test_one_round(target, m, d, mask, block):
    g, w = problem(m, d)
    damp = 1e-2
    fisher = fisher_of(target, g, damp=damp, block_size=block)
    found = obs_prune(target.array(w), fisher, 0.4, mask=mask, block_size=8)
    h = dense(g, damp, block)
    if mask == "greedy":
        blocks = block or 8
        gone = sequential(dense(g, damp, blocks), w, blocks, 12)
    else:
        order = w**2 * h.diagonal() if mask == "diagonal" else w**2 / np.linalg.inv(h).diagonal()
        gone = np.argsort(order)[:12]
    kept = target.numpy(found.mask)
    assert sorted(np.flatnonzero(~kept)) == sorted(gone)
    x, rise = textbook(h, w, np.flatnonzero(~kept))
    np.testing.assert_allclose(target.numpy(found.x), x, rtol=0, atol=1e-12 * np.abs(x).max())
    assert found.loss_increase == pytest.approx(rise, rel=1e-11)
    assert np.all(target.numpy(found.x)[~kept] == 0.0)
    assert found.sparsity == 0.4
    assert (found.nit, found.success, found.status) == (1, True, 0)


@pytest.mark.parametrize("seed", range(5))
def test_greedy_is_the_sequential_choice(seed):
    """Correlated weights, so that a weight often becomes cheap only after another one has gone."""
    rng = np.random.default_rng(seed)
    g = rng.standard_normal((9, 3)) @ rng.standard_normal((3, 26)) + 0.1 * rng.standard_normal((9, 26))
    w = rng.standard_normal(26)
    fisher = empirical_fisher_inverse(g, damp=1e-4)
    for count in (1, 5, 13, 20, 25):
        found = obs_prune(w, fisher, count / 26, mask="greedy", block_size=6)
        assert sorted(np.flatnonzero(~found.mask)) == sorted(sequential(dense(g, 1e-4, 6), w, 6, count))


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("block", [None, 6])
def test_rounds_against_shrinking_dense_matrices(target, mask, block):
    """Gradients that change with w: each round is the textbook formula on the weights that are left."""
    g, w = problem(10, 24, seed=3)
    damp, rounds, d = 1e-2, 4, 24

    def gradients(w):
        return g * (1.0 + 0.3 * np.cos(w)) + np.sin(np.arange(10))[:, None]

    fisher = fisher_of(target, gradients(w), damp=damp, block_size=block)
    calls = []

    def grad_fn(v):
        calls.append(target.numpy(v))
        return target.array(gradients(calls[-1]))

    found = obs_prune(
        target.array(w), fisher, 0.75, mask=mask, n_recompute=rounds, grad_fn=grad_fn, block_size=block or 5
    )
    x, left, rise = w.copy(), np.arange(d), 0.0
    for r in range(1, rounds + 1):
        h = dense(gradients(x), damp, block)
        small = h[np.ix_(left, left)]
        count = round(d * 0.25 ** (r / rounds))
        if mask == "greedy":
            blocks = block or 5
            full = dense(gradients(x), damp, blocks)
            out = np.setdiff1d(np.arange(d), left)
            full[out, :] = full[:, out] = 0.0
            full[out, out] = damp
            gone = sequential(full, x, blocks, d - count)
            gone = np.searchsorted(left, np.setdiff1d(gone, out))
        else:
            order = x[left] ** 2 * (small.diagonal() if mask == "diagonal" else 1 / np.linalg.inv(small).diagonal())
            gone = np.sort(np.argsort(order)[: len(left) - count])
        part, more = textbook(small, x[left], gone)
        x[left], rise = part, rise + more
        left = np.delete(left, gone)
    assert len(calls) == rounds - 1
    assert list(np.flatnonzero(target.numpy(found.mask))) == list(left)
    np.testing.assert_allclose(target.numpy(found.x), x, rtol=0, atol=1e-11)
    assert np.count_nonzero(target.numpy(found.x)) == 6
    assert found.loss_increase == pytest.approx(rise, rel=1e-9)
    assert found.nit == rounds


def test_eight_rounds_with_gradients_and_one_without():
    g, w = problem()
    fisher = empirical_fisher_inverse(g, damp=1e-2)
    assert obs_prune(w, fisher, 0.5, grad_fn=lambda w: g).nit == 8
    assert obs_prune(w, fisher, 0.5).nit == 1


@pytest.mark.parametrize("sparsity", [0.0, 0.013, 0.5, 0.999])
@pytest.mark.parametrize("mask", MASKS)
def test_count_is_exact(sparsity, mask):
    g, w = problem(5, 101)
    found = obs_prune(
        w, empirical_fisher_inverse(g, damp=1e-3), sparsity, mask=mask, block_size=16, grad_fn=lambda w: g
    )
    assert np.count_nonzero(found.x == 0.0) == np.count_nonzero(~found.mask) == round(sparsity * 101)
    if not sparsity:
        assert np.array_equal(found.x, w)
        assert found.loss_increase == 0.0


@pytest.mark.parametrize("mask", MASKS)
def test_weights_that_are_zero_go_first(mask):
    g, w = problem()
    w[[3, 17, 29]] = 0.0
    found = obs_prune(w, empirical_fisher_inverse(g, damp=1e-3), 0.1, mask=mask)
    assert list(np.flatnonzero(~found.mask)) == [3, 17, 29]
    assert np.array_equal(found.x, w)


def test_window_and_divisor():
    g, w = problem(6, 20)
    fisher = FisherWindow(8, 20, damp=1e-2, dtype="float64", normalization="window")
    for row in g:
        fisher.append(row)
    h = 1e-2 * np.eye(20) + g.T @ g / 8
    found = obs_prune(w, fisher, 0.5)
    x, rise = textbook(h, w, np.flatnonzero(~found.mask))
    np.testing.assert_allclose(found.x, x, rtol=0, atol=1e-12)
    assert found.loss_increase == pytest.approx(rise, rel=1e-11)


def test_parameters_of_a_model(target):
    g, w = problem(8, 14)
    pieces = [(slice(0, 6), (2, 3)), (slice(6, 14), (8,))]
    grads = [target.array(g[:, part].reshape(8, *shape)) for part, shape in pieces]
    weights = [target.array(w[part].reshape(shape)) for part, shape in pieces]
    fisher = empirical_fisher_inverse(grads, damp=0.1, backend=target.backend)

    def grad_fn(v):
        assert [tuple(a.shape) for a in v] == [(2, 3), (8,)]
        return grads

    found = obs_prune(weights, fisher, 0.5, n_recompute=2, grad_fn=grad_fn)
    flat = obs_prune(w, empirical_fisher_inverse(g, damp=0.1), 0.5, n_recompute=2, grad_fn=lambda w: g)
    for x, kept, (part, shape) in zip(found.x, found.mask, pieces, strict=True):
        np.testing.assert_allclose(target.numpy(x), flat.x[part].reshape(shape), rtol=0, atol=1e-12)
        assert np.array_equal(target.numpy(kept), flat.mask[part].reshape(shape))
    scores = obs_scores(weights, fisher)
    assert [tuple(s.shape) for s in scores] == [(2, 3), (8,)]


def test_inputs_stay(target):
    g, w = problem()
    weights, grads = target.array(w), target.array(g)
    fisher = empirical_fisher_inverse(grads, damp=1e-2, block_size=8, backend=target.backend)
    obs_prune(weights, fisher, 0.5, mask="greedy", grad_fn=lambda v: grads)
    assert np.array_equal(target.numpy(weights), w)
    assert np.array_equal(target.numpy(grads), g)


def test_float32(target):
    g, w = problem(12, 40)
    fisher = fisher_of(target, g.astype(np.float32), damp=1e-2)
    found = obs_prune(target.array(w.astype(np.float32)), fisher, 0.5)
    x, _ = textbook(dense(g, 1e-2), w, np.flatnonzero(~target.numpy(found.mask)))
    assert target.numpy(found.x).dtype == np.float32
    np.testing.assert_allclose(target.numpy(found.x), x, rtol=0, atol=1e-4)


@pytest.mark.parametrize("sparsity", [-0.1, 1.0, 1.5, math.nan])
def test_bad_sparsity(sparsity):
    g, w = problem()
    with pytest.raises(ValueError, match="sparsity"):
        obs_prune(w, empirical_fisher_inverse(g), sparsity)


@pytest.mark.parametrize(
    ("weights", "error"),
    [
        (np.ones(29), ValueError),
        (np.ones((30, 1)), ValueError),
        (np.ones((2, 30)), ValueError),
        (np.full(30, np.nan), ValueError),
        (np.ones(30, dtype=int), TypeError),
        (np.ones(30, dtype=complex), TypeError),
        ([np.ones(10), np.ones(20)], ValueError),
    ],
)
def test_bad_weights(weights, error):
    fisher = empirical_fisher_inverse(problem()[0])
    for call in (lambda: obs_prune(weights, fisher, 0.5), lambda: obs_scores(weights, fisher)):
        with pytest.raises(error, match="w "):
            call()


def test_bad_gradients_and_options():
    g, w = problem()
    fisher = empirical_fisher_inverse(g)
    for made, error in (
        (g[:, :-1], ValueError),
        (g * np.nan, ValueError),
        (g.astype(int), TypeError),
        (np.ones((0, 30)), ValueError),
    ):
        with pytest.raises(error):
            obs_prune(w, fisher, 0.5, grad_fn=lambda w, made=made: made)
    with pytest.raises(ValueError, match="pass grad_fn"):
        obs_prune(w, fisher, 0.5, n_recompute=2)
    with pytest.raises(ValueError, match="n_recompute"):
        obs_prune(w, fisher, 0.5, n_recompute=0)
    with pytest.raises(ValueError, match="mask must be one of"):
        obs_prune(w, fisher, 0.5, mask="magnitude")
    with pytest.raises(ValueError, match="block_size"):
        obs_prune(w, fisher, 0.5, block_size=0)
    with pytest.raises(ValueError, match="slice"):
        obs_prune(w, empirical_fisher_inverse(g, allreduce=lambda v: 2 * v), 0.5)
