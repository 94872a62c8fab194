"""Block-diagonal inverse against dense inverses of its blocks."""

import warnings

import mpmath
import numpy as np
import pytest
import scipy.linalg

from mathlib.optimize import empirical_fisher_inverse
from mathlib.optimize.fisher import blocked_side

# gradients, weights, block: primal and dual sides, a short last block on either side, blocks of one, one block of all
SHAPES = [(5, 23, 4), (3, 20, 7), (4, 21, 6), (6, 12, 1), (1, 9, 3), (8, 8, 8), (3, 10, 50), (7, 64, 7)]


def gradients(m, d, dtype=np.float64):
    rng = np.random.default_rng(m * 1000 + d)
    return (rng.standard_normal((m, d)) + rng.standard_normal(d)).astype(dtype)


def dense(g, damp, block, divisor=None):
    """H as a dense matrix."""
    g = np.asarray(g, dtype=np.float64)
    m, d = g.shape
    place = np.arange(d) // block
    return damp * np.eye(d) + np.where(place[:, None] == place, g.T @ g / (divisor or m), 0.0)


def close(found, true, tolerance):
    assert found.shape == true.shape
    np.testing.assert_allclose(found, true, rtol=0, atol=tolerance * np.abs(true).max())


@pytest.mark.parametrize("damp", [1e-6, 1e-2, 10.0])
@pytest.mark.parametrize(("m", "d", "block"), SHAPES)
def test_everything_against_the_dense_inverse(target, m, d, block, damp):
    g = gradients(m, d)
    fisher = empirical_fisher_inverse(target.array(g), damp=damp, block_size=block, backend=target.backend)
    h = dense(g, damp, block)
    inverse = np.linalg.inv(h)
    condition = np.linalg.cond(h)
    tolerance = 1e-14 * max(10.0, condition)  # a Cholesky factor of the other side loses as much
    rng = np.random.default_rng(1)
    x, a = rng.standard_normal((d, 3)), rng.standard_normal((m, 2))

    assert fisher.method == "blocked"
    assert fisher.condition == pytest.approx(condition, rel=1e-6)
    close(target.numpy(fisher.diagonal()), inverse.diagonal(), tolerance)
    assert fisher.nbytes == 0  # the diagonal keeps nothing
    close(target.numpy(fisher.solve(target.array(x))), inverse @ x, tolerance)
    close(target.numpy(fisher.solve(target.array(x[:, 0]))), inverse @ x[:, 0], tolerance)
    assert fisher.nbytes > 0
    close(target.numpy(fisher.solve_rows(a)), inverse @ g.T @ a, tolerance)
    close(target.numpy(fisher.solve_rows(a[:, 0])), inverse @ g.T @ a[:, 0], tolerance)
    quad = fisher.quad_rows()
    close(quad, g @ inverse @ g.T, tolerance)
    assert np.array_equal(quad, quad.T)
    i, j = np.indices((d, d))
    close(fisher.element(i, j), inverse, tolerance)
    assert np.all(fisher.element(i, j)[h == 0] == 0)
    close(target.numpy(fisher.columns([d - 1, 0])), inverse[:, [d - 1, 0]], tolerance)
    close(target.numpy(fisher.diagonal()), inverse.diagonal(), tolerance)  # with the factors that are kept now
    assert fisher.logdet() == pytest.approx(np.linalg.slogdet(h)[1], abs=d * tolerance)
    assert fisher.trace() == pytest.approx(inverse.trace(), rel=tolerance)


def test_entries_before_any_product():
    g = gradients(3, 11)
    fisher = empirical_fisher_inverse(g, damp=0.1, block_size=4)
    inverse = np.linalg.inv(dense(g, 0.1, 4))
    close(fisher.columns([5, 10]), inverse[:, [5, 10]], 1e-13)
    assert fisher.element(8, 10) == pytest.approx(inverse[8, 10], rel=1e-12)
    assert fisher.nbytes == 0


def test_blocks_of_one_are_the_squares(target):
    g = gradients(7, 30)
    fisher = empirical_fisher_inverse(target.array(g), damp=0.3, block_size=1, backend=target.backend)
    close(target.numpy(fisher.diagonal()), 1 / (0.3 + np.mean(g**2, axis=0)), 1e-15)


def test_a_single_block_is_the_whole(target):
    g = gradients(6, 40)
    x = np.random.default_rng(0).standard_normal(40)
    whole = empirical_fisher_inverse(target.array(g), damp=0.01, backend=target.backend)
    block = empirical_fisher_inverse(target.array(g), damp=0.01, block_size=40, backend=target.backend)
    close(target.numpy(block.solve(target.array(x))), target.numpy(whole.solve(target.array(x))), 1e-12)


@pytest.mark.parametrize("bytes_of_a_group", [1, 1000, 1 << 30])
def test_groups_do_not_matter(monkeypatch, bytes_of_a_group):
    monkeypatch.setattr(blocked_side, "GROUP_HOST", bytes_of_a_group)
    g = gradients(3, 50)
    fisher = empirical_fisher_inverse(g, damp=0.1, block_size=4)
    close(fisher.solve(np.ones(50)), np.linalg.solve(dense(g, 0.1, 4), np.ones(50)), 1e-13)
    assert fisher.logdet() == pytest.approx(np.linalg.slogdet(dense(g, 0.1, 4))[1], rel=1e-13)


def test_float32_rows_are_exact_in_float64(target):
    g = gradients(6, 26, np.float32)
    fisher = empirical_fisher_inverse(target.array(g), damp=1e-3, block_size=8, backend=target.backend)
    inverse = np.linalg.inv(dense(g, 1e-3, 8))
    diagonal = target.numpy(fisher.diagonal())
    assert diagonal.dtype == np.float64
    close(diagonal, inverse.diagonal(), 1e-10)
    x = np.random.default_rng(2).standard_normal(26).astype(np.float32)
    found = target.numpy(fisher.solve(target.array(x)))
    assert found.dtype == np.float32
    close(found, inverse @ x, 1e-7)
    assert target.numpy(fisher.solve_rows(np.ones(6))).dtype == np.float32


def test_divisor_and_new_damping():
    g = gradients(5, 17)
    fisher = empirical_fisher_inverse(g, damp=1.0, block_size=6, normalization="none")
    close(fisher.diagonal(), np.linalg.inv(dense(g, 1.0, 6, 1)).diagonal(), 1e-13)
    fisher.solve(np.ones(17))
    fisher.set_damp(0.5)
    close(fisher.solve(np.ones(17)), np.linalg.solve(dense(g, 0.5, 6, 1), np.ones(17)), 1e-13)
    assert fisher.damp == 0.5


def test_refined_products_against_60_digits():
    """Nearly parallel gradients and a vector in their span: the plain subtraction loses most digits."""
    rng = np.random.default_rng(3)
    g = rng.standard_normal(12) + 1e-3 * rng.standard_normal((4, 12))
    damp = 1e-9
    fisher = empirical_fisher_inverse(g, damp=damp, block_size=12)
    x = g.sum(axis=0)
    with mpmath.workdps(60):
        exact = mpmath.matrix(g).T
        h = exact * exact.T / 4 + mpmath.mpf(damp) * mpmath.eye(12)

        def error(found, right):
            true = np.array([float(v) for v in mpmath.lu_solve(h, right)])
            return np.linalg.norm(found - true) / np.linalg.norm(true)

        plain = error(fisher.solve(x, refine=0), mpmath.matrix(x))
        assert plain > 1e-8
        assert error(fisher.solve(x), mpmath.matrix(x)) < plain / 100
        assert error(fisher.solve_rows(np.ones(4)), exact * mpmath.ones(4, 1)) < 1e-11


@pytest.mark.parametrize("block", [3, 10])
def test_negligible_damping_gives_numbers(block):
    """Equal gradients, and a damping far below their rounding errors: the Cholesky factor would break down."""
    g = np.repeat(gradients(1, 20), 5, axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", scipy.linalg.LinAlgWarning)
        fisher = empirical_fisher_inverse(g, damp=1e-20, block_size=block)
        for found in (fisher.diagonal(), fisher.solve(g[0]), fisher.quad_rows(), fisher.solve_rows(np.ones(5))):
            assert np.isfinite(found).all()
        assert fisher.diagonal().min() > 0
        one = fisher.solve_rows(np.eye(5)[0])  # of five equal gradients each has a fifth of the weight
        close(one, fisher.solve_rows(np.ones(5)) / 5, 1e-6)
    assert fisher.trace() * 1e-20 == pytest.approx(20 - 20 // block - bool(20 % block), rel=1e-6)
    assert np.isfinite(fisher.logdet())


def test_large_entries():
    g = np.full((300, 2000), 3e35, dtype=np.float32)  # their sum is beyond float32, their squares are not in float64
    fisher = empirical_fisher_inverse(g, damp=1e66, block_size=2)
    close(fisher.diagonal()[:2], np.linalg.inv(dense(g[:, :2], 1e66, 2)).diagonal(), 1e-9)
    with pytest.raises(ValueError, match="squares that float64 can hold"):
        empirical_fisher_inverse(np.full((2, 4), 1e200), block_size=2).diagonal()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_entries(bad):
    g = gradients(4, 10)
    g[2, 7] = bad
    with pytest.raises(ValueError, match=r"grads\[2, 7\]"):
        empirical_fisher_inverse(g, block_size=3)


def test_bad_blocks():
    g = gradients(4, 10)
    with pytest.raises(ValueError, match="block_size must be at least 1"):
        empirical_fisher_inverse(g, block_size=0)
    with pytest.raises(TypeError, match="block_size"):
        empirical_fisher_inverse(g, block_size=2.0)


@pytest.mark.parametrize("order", ["F", "strided", "bytes", "read_only"])
def test_layouts(order):
    g = gradients(4, 22)
    made = {
        "F": np.asfortranarray(g),
        "strided": np.repeat(g, 2, axis=1)[:, ::2],
        "bytes": g.astype(">f8"),
        "read_only": g.copy(),
    }[order]
    made.flags.writeable = False
    before = made.copy()
    fisher = empirical_fisher_inverse(made, damp=0.1, block_size=5)
    close(fisher.solve(np.ones(22)), np.linalg.solve(dense(g, 0.1, 5), np.ones(22)), 1e-13)
    assert np.array_equal(made, before)


def test_slices_of_the_weights():
    """Two workers with whole blocks each: sums over all weights are equal on both, the rest is a slice."""
    g = gradients(5, 24)
    parts = [g[:, :12], g[:, 12:]]

    def alone(part):
        return empirical_fisher_inverse(part, damp=0.2, block_size=4)

    other = {}

    def share(index):
        def allreduce(values):
            key = values.shape
            return values + other[index, key]

        return allreduce

    quads = [alone(p).quad_rows() for p in parts]
    for index in (0, 1):
        other[index, (5, 5)] = quads[1 - index]
        other[index, (1,)] = 12.0
    together = empirical_fisher_inverse(g, damp=0.2, block_size=4)
    for index in (0, 1):
        fisher = empirical_fisher_inverse(parts[index], damp=0.2, block_size=4, allreduce=share(index))
        close(fisher.quad_rows(), together.quad_rows(), 1e-13)
        close(fisher.diagonal(), together.diagonal()[12 * index :][:12], 1e-13)
        other[index, (1,)] = alone(parts[1 - index]).trace()
        assert fisher.trace() == pytest.approx(together.trace(), rel=1e-13)
        other[index, (1,)] = alone(parts[1 - index]).logdet()
        assert fisher.logdet() == pytest.approx(together.logdet(), rel=1e-13)
