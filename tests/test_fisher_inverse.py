"""The inverse of an empirical Fisher matrix: against singular vectors by LAPACK, and 60 digits by mpmath."""

import threading
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, workdps
from scipy.linalg import LinAlgWarning
from scipy.sparse.linalg import LinearOperator, aslinearoperator, cg

from mathlib.optimize import FisherInverse, empirical_fisher_inverse

METHODS = ("auto", "gram", "eigh", "svd")


def gradients(m, d, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((m, d)) * 10.0 ** rng.uniform(-2, 0, (m, 1))).astype(dtype)


def truth(g, damp, divisor=None):
    """Eigenvalues of H and its inverse, from the singular vectors of the gradients."""
    g = g.astype(np.float64)
    _, singular, right = np.linalg.svd(g)
    values = np.full(g.shape[1], damp)
    values[: len(singular)] += singular**2 / (divisor or len(g))
    return values, (right.T / values) @ right


@pytest.mark.parametrize("damp", [1e-8, 1e-4, 10.0])
@pytest.mark.parametrize("m", [1, 5, 50, 399, 400, 800])
@pytest.mark.parametrize("d", [40, 400])
def test_all_results_are_those_of_the_dense_inverse(m, d, damp):
    g = gradients(m, d, seed=m)
    values, inverse = truth(g, damp)
    rng = np.random.default_rng(1)
    x, a = rng.standard_normal((d, 3)), rng.standard_normal((m, 2))
    i, j = rng.integers(0, d, (2, 5, 4))
    condition = values.max() / values.min()
    exact = 1e-10 * max(1.0, 1e-4 * condition)  # of sums, as far as the reference itself is exact
    for method in METHODS if m <= 50 else ("auto",):
        f = empirical_fisher_inverse(g, damp=damp, method=method)
        largest = inverse.diagonal().max() * max(1.0, 1e-6 * condition)
        bound = 1e-10 * (largest if f.method == "primal" else 1 / damp)  # the others subtract from 1 / damp
        np.testing.assert_allclose(f.solve(x), inverse @ x, rtol=0, atol=10 * bound)
        np.testing.assert_allclose(f.diagonal(), inverse.diagonal(), rtol=0, atol=bound)
        np.testing.assert_allclose(f.element(i, j), inverse[i, j], rtol=0, atol=bound)
        np.testing.assert_allclose(f.columns(i[0]), inverse[:, i[0]], rtol=0, atol=bound)
        np.testing.assert_allclose(f.block(j[0]), inverse[np.ix_(j[0], j[0])], rtol=0, atol=bound)
        np.testing.assert_allclose(f.logdet(), np.log(values).sum(), rtol=1e-10)
        np.testing.assert_allclose(f.trace(), (1 / values).sum(), rtol=1e-10 * max(1.0, 1e-6 * condition))
        for found, wanted in ((f.solve_rows(a), inverse @ g.T @ a), (f.quad_rows(), g @ inverse @ g.T)):
            np.testing.assert_allclose(found, wanted, rtol=0, atol=exact * abs(wanted).max())


def stability_case(kind, dtype):
    m, d = 24, 300
    rng = np.random.default_rng(1)
    match kind:
        case "random":
            g = rng.standard_normal((m, d))
        case "twice":
            g = np.repeat(rng.standard_normal((m // 2, d)), 2, axis=0)
        case "near-parallel":
            g = rng.standard_normal(d) + 1e-3 * rng.standard_normal((m, d))
        case "scales":
            g = rng.standard_normal((m, d)) * 10.0 ** np.linspace(0, -6, m)[:, None]
    return g.astype(dtype)


def sixty_digits(g, damp, x):
    with workdps(60):
        rows, right = mp.matrix(g.astype(float).tolist()), mp.matrix(x.astype(float).tolist())
        small = rows * rows.T
        for i in range(len(g)):
            small[i, i] += mp.mpf(damp) * len(g)
        solution = (right - rows.T * mp.lu_solve(small, rows * right)) / mp.mpf(damp)
        return np.array([float(v) for v in solution])


# Largest relative error: of the newest gradient by solve_rows and by solve, and of a random right-hand side by solve.
STABILITY = {
    ("random", 1e-5, np.float32): (5e-7, 5e-7, 5e-7),
    ("random", 1e-10, np.float32): (5e-7, 1e-4, 5e-7),
    ("random", 1e-5, np.float64): (1e-14, 1e-9, 1e-14),
    ("random", 1e-10, np.float64): (1e-14, 1e-4, 1e-14),
    ("twice", 1e-5, np.float32): (5e-7, 5e-7, 5e-7),
    ("twice", 1e-10, np.float32): (1e-6, 1e-3, 5e-7),
    ("twice", 1e-5, np.float64): (2e-9, 2e-9, 1e-14),
    ("twice", 1e-10, np.float64): (1e-6, 1e-3, 1e-14),
    ("near-parallel", 1e-5, np.float32): (5e-7, 5e-7, 5e-7),
    ("near-parallel", 1e-10, np.float32): (5e-7, 5e-7, 5e-7),
    ("near-parallel", 1e-5, np.float64): (5e-9, 2e-12, 1e-12),
    ("near-parallel", 1e-10, np.float64): (3e-8, 1e-6, 1e-11),
    ("scales", 1e-5, np.float32): (5e-7, 5e-7, 5e-7),
    ("scales", 1e-10, np.float32): (5e-7, 5e-7, 5e-7),
    ("scales", 1e-5, np.float64): (1e-14, 1e-14, 1e-14),
    ("scales", 1e-10, np.float64): (1e-14, 1e-14, 1e-14),
}


@pytest.mark.parametrize("case", STABILITY, ids=lambda case: f"{case[0]}, {case[1]:g}, {case[2].__name__}")
def test_hard_gradients_against_60_digits(case):
    kind, damp, dtype = case
    g = stability_case(kind, dtype)
    f = empirical_fisher_inverse(g, damp=damp)
    x = np.random.default_rng(5).standard_normal(g.shape[1]).astype(dtype)
    exact_row, exact_x = sixty_digits(g, damp, g[-1]), sixty_digits(g, damp, x)
    found = f.solve_rows(np.eye(len(g))[-1]), f.solve(g[-1]), f.solve(x)
    for value, exact, bound in zip(found, (exact_row, exact_row, exact_x), STABILITY[case], strict=True):
        assert value.dtype == dtype
        assert np.linalg.norm(value - exact) <= bound * np.linalg.norm(exact)


def test_arrays_of_every_library(target):
    g = gradients(6, 50, dtype=np.float32)
    _, inverse = truth(g, 0.1)
    f = empirical_fisher_inverse(target.array(g), damp=0.1, backend=target.backend)
    x = np.random.default_rng(3).standard_normal((50, 2)).astype(np.float32)
    for found, wanted in (
        (f.solve(target.array(x)), inverse @ x),
        (f @ target.array(x[:, 0]), inverse @ x[:, 0]),
        (f.solve_rows(np.eye(6)[1]), inverse @ g[1]),
        (f.diagonal(), inverse.diagonal()),
        (f.columns([4, 1]), inverse[:, [4, 1]]),
        (f.quad_rows(), g @ inverse @ g.T),
        (f.element(3, [3, 7]), inverse[3, [3, 7]]),
    ):
        np.testing.assert_allclose(target.numpy(found), wanted, rtol=2e-6, atol=1e-6 * abs(wanted).max())
    for method in ("eigh", "svd", "primal"):
        other = empirical_fisher_inverse(target.array(g), damp=0.1, method=method)
        np.testing.assert_allclose(target.numpy(other.solve(target.array(x))), inverse @ x, rtol=0, atol=2e-5)


@pytest.mark.parametrize(
    "change",
    [
        np.asfortranarray,
        lambda g: np.repeat(np.repeat(g, 2, 0), 2, 1)[::2, ::2],
        lambda g: g[:, ::-1][:, ::-1],
        lambda g: g.astype(">f8"),
        lambda g: g.tolist(),
    ],
    ids=["Fortran", "strided", "negative strides", "big-endian", "lists"],
)
def test_any_layout_gives_the_same(change):
    g = gradients(7, 4001)
    f, other = empirical_fisher_inverse(g), empirical_fisher_inverse(change(g))
    x = np.random.default_rng(9).standard_normal(4001)
    for one, two in ((f.solve(x), other.solve(x)), (f.diagonal(), other.diagonal())):
        np.testing.assert_allclose(one, two, rtol=1e-10, atol=1e-12 * abs(one).max())


def test_the_caller_s_arrays_stay_as_they_are():
    g, x = gradients(5, 30), np.ones(30)
    kept = g.copy()
    g.flags.writeable = x.flags.writeable = False
    f = empirical_fisher_inverse(g)
    f.solve(x)
    f.set_damp(1.0).diagonal()
    np.testing.assert_array_equal(g, kept)
    assert np.shares_memory(f._side.rows.array, g)


def test_a_scale_of_two_changes_no_bit():
    g = gradients(9, 60)
    f, other = empirical_fisher_inverse(g, damp=0.25), empirical_fisher_inverse(2.0**40 * g, damp=2.0**78)
    np.testing.assert_array_equal(other.diagonal() * 2.0**80, f.diagonal())
    np.testing.assert_array_equal(other.solve(g[0]) * 2.0**80, f.solve(g[0]))


def test_damping_can_change():
    g = gradients(8, 100)
    for method in (*METHODS, "primal"):
        f = empirical_fisher_inverse(g, damp=1.0, method=method).set_damp(1e-3)
        assert f.damp == pytest.approx(1e-3, rel=1e-14)
        np.testing.assert_allclose(f.diagonal(), truth(g, 1e-3)[1].diagonal(), rtol=1e-9)


def test_normalization():
    g = gradients(8, 100)
    f = empirical_fisher_inverse(g, damp=0.1, normalization="none")
    np.testing.assert_allclose(f.diagonal(), truth(g, 0.1, divisor=1)[1].diagonal(), rtol=1e-10)


def test_it_is_a_linear_operator():
    g = gradients(10, 80)
    values, inverse = truth(g, 1e-2)
    f = empirical_fisher_inverse(g, damp=1e-2)
    assert isinstance(f, LinearOperator)
    assert f.T is f
    assert f.H is f
    x = np.random.default_rng(0).standard_normal(80)
    np.testing.assert_allclose(f.rmatvec(x), inverse @ x, rtol=1e-9)
    np.testing.assert_allclose((2.0 * f + aslinearoperator(np.eye(80))) @ x, 2.0 * inverse @ x + x, rtol=1e-9)
    steps = []
    h = 1e-2 * np.eye(80) + g.T @ g / 10
    y, info = cg(aslinearoperator(h), x, M=f, rtol=1e-10, callback=steps.append)
    assert info == 0
    assert len(steps) <= 3
    np.testing.assert_allclose(h @ y, x, atol=1e-8)


def test_one_array_for_each_parameter():
    rng = np.random.default_rng(0)
    parts = [rng.standard_normal((5, 4, 3)), rng.standard_normal((5, 4))]
    flat = np.concatenate([p.reshape(5, -1) for p in parts], axis=1)
    f, g = empirical_fisher_inverse(parts, damp=0.1), empirical_fisher_inverse(flat, damp=0.1)
    x = [rng.standard_normal((4, 3)), rng.standard_normal(4)]
    y = f.solve(x)
    assert [v.shape for v in y] == [(4, 3), (4,)]
    np.testing.assert_array_equal(
        np.concatenate([v.ravel() for v in y]), g.solve(np.concatenate([v.ravel() for v in x]))
    )
    assert [v.shape for v in f.solve_rows(np.ones(5))] == [(4, 3), (4,)]
    with pytest.raises(ValueError, match=r"x\[1\] has shape \(3,\), the parameter has \(4,\)"):
        f.solve([x[0], np.ones(3)])
    with pytest.raises(ValueError, match="one array"):
        g.solve(x)
    with pytest.raises(ValueError, match="stack vectors"):
        empirical_fisher_inverse([np.ones(3), np.ones(3)])


class TwoSlices:
    """A sum over two threads that meet."""

    def __init__(self):
        self.parts, self.barrier = [None, None], threading.Barrier(2, timeout=60)

    def of(self, worker):
        def allreduce(values):
            self.parts[worker] = values
            self.barrier.wait()
            total = self.parts[0] + self.parts[1]
            self.barrier.wait()
            return total

        return allreduce


def slice_results(g, x, allreduce):
    f = empirical_fisher_inverse(g, damp=1e-3, allreduce=allreduce)
    return {
        "solve": f.solve(x),
        "rows": f.solve_rows(np.eye(len(g))[-1]),
        "diagonal": f.diagonal(),
        "quad": f.quad_rows(),
        "logdet": f.logdet(),
        "trace": f.trace(),
    }


def check_slices(g, x, found):
    whole = slice_results(g, x, None)
    for name in ("solve", "rows", "diagonal"):
        joined = np.concatenate([part[name] for part in found])
        np.testing.assert_allclose(joined, whole[name], rtol=1e-9, atol=1e-12 * abs(whole[name]).max())
    for name in ("quad", "logdet", "trace"):
        np.testing.assert_array_equal(found[0][name], found[1][name])
        np.testing.assert_allclose(found[0][name], whole[name], rtol=1e-9, atol=1e-9)


def test_slices_of_the_columns_on_two_threads():
    g, meeting, found = gradients(6, 90), TwoSlices(), [None, None]
    x = np.random.default_rng(0).standard_normal(90)

    def work(worker, columns):
        found[worker] = slice_results(g[:, columns], x[columns], meeting.of(worker))

    threads = [threading.Thread(target=work, args=(i, s)) for i, s in enumerate((slice(0, 30), slice(30, 90)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check_slices(g, x, found)


def dask_slice(g, x, worker):
    """Run on a worker: sums go through a distributed queue for each direction."""
    from distributed import Queue

    mine, other = Queue(f"sum {worker}"), Queue(f"sum {1 - worker}")

    def allreduce(values):
        mine.put(values.tolist())
        theirs = np.array(other.get(timeout=60))
        parts = (values, theirs) if worker == 0 else (theirs, values)  # the same order, so the same bits, on both
        return parts[0] + parts[1]

    return slice_results(g, x, allreduce)


def test_two_dask_workers_that_own_a_slice_each():
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    g, x = gradients(6, 90), np.random.default_rng(0).standard_normal(90)
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        names = list(client.scheduler_info()["workers"])
        futures = [
            client.submit(dask_slice, g[:, s], x[s], i, workers=[names[i]], pure=False)
            for i, s in enumerate((slice(0, 30), slice(30, 90)))
        ]
        check_slices(g, x, client.gather(futures))


@given(
    m=st.integers(1, 6),
    d=st.integers(1, 9),
    damp=st.floats(1e-6, 1e6),
    exponent=st.integers(-60, 60),
    seed=st.integers(0, 2**32 - 1),
)
def test_it_inverts(m, d, damp, exponent, seed):
    scale = 2.0**exponent
    g = np.random.default_rng(seed).standard_normal((m, d))
    f = empirical_fisher_inverse(scale * g, damp=scale**2 * damp)
    x = np.random.default_rng(seed + 1).standard_normal(d)
    h = damp * np.eye(d) + g.T @ g / m
    y = f.solve(x) * scale**2
    residual = np.linalg.norm(h @ y - x)
    assert residual <= 1e-14 * (np.linalg.norm(h, 2) * np.linalg.norm(y) + np.linalg.norm(x)) * 10


def test_null_damping_is_the_limit_of_a_small_one():
    g = gradients(5, 40)
    with pytest.warns(LinAlgWarning, match="damp=1e-25 is negligible"):
        f = empirical_fisher_inverse(np.concatenate([g, g[:1]]), damp=1e-25)
    assert f._side.small.factor == "eigh"
    _, _, right = np.linalg.svd(g)
    projector = np.eye(40) - right[:5].T @ right[:5]
    np.testing.assert_allclose(f.diagonal() * 1e-25, projector.diagonal(), rtol=1e-10)
    newest = f.solve_rows(np.eye(6)[4])
    values, inverse = truth(np.concatenate([g, g[:1]]), 1e-12)
    np.testing.assert_allclose(newest, inverse @ g[4], rtol=0, atol=1e-3 * abs(newest).max())
    assert np.isfinite(f.quad_rows()).all()


def test_warnings_name_the_caller():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        empirical_fisher_inverse(gradients(5, 40), damp=1e-25)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("damp", [0.0, -1.0, float("nan"), float("inf")])
def test_damp_must_be_positive(damp):
    with pytest.raises(ValueError, match="damp must be"):
        empirical_fisher_inverse(np.ones((2, 3)), damp=damp)


@pytest.mark.parametrize(
    ("grads", "error", "text"),
    [
        (np.ones((2, 3), int), TypeError, "must hold floats"),
        (np.ones((2, 3), complex), TypeError, "must hold floats"),
        (np.ones((2, 3), object), TypeError, "must hold floats"),
        (np.ma.masked_array([[1.0]], [[True]]), TypeError, "masked"),
        (np.ones((0, 3)), ValueError, r"got \(0, 3\)"),
        (np.ones((2, 0)), ValueError, r"got \(2, 0\)"),
        (np.ones((2, 2, 2)), ValueError, r"got \(2, 2, 2\)"),
        (np.array([[1.0, 2.0], [3.0, np.nan]]), ValueError, r"grads\[1, 1\] = nan"),
        (np.array([[1.0, np.inf, 0.0]]), ValueError, r"grads\[0, 1\] = inf"),
        (np.full((2, 5), 1e200), ValueError, "squares that float64 can hold"),
    ],
)
def test_gradients_that_are_refused(grads, error, text):
    with pytest.raises(error, match=text):
        empirical_fisher_inverse(grads)


def test_wrong_arguments_are_named():
    g = gradients(4, 30)
    f = empirical_fisher_inverse(g)
    for bad in (np.ones(29), np.ones((30, 1, 1)), np.ones((29, 2))):
        with pytest.raises(ValueError, match="d = 30"):
            f.solve(bad)
    with pytest.raises(ValueError, match=r"x\[3\] = nan"):
        f.solve(np.where(np.arange(30) == 3, np.nan, 1.0))
    with pytest.raises(TypeError, match="real numbers"):
        f.solve(np.ones(30, complex))
    with pytest.raises(ValueError, match="m = 4"):
        f.solve_rows(np.ones(5))
    with pytest.raises(IndexError, match=r"0\.\.29"):
        f.columns([30])
    with pytest.raises(TypeError, match="integers"):
        f.element(0.5, 1)
    with pytest.raises(ValueError, match="refine"):
        f.solve(np.ones(30), refine=-1)
    with pytest.raises(ValueError, match="exclude each other"):
        empirical_fisher_inverse(g, method="gram", block_size=4)
    with pytest.raises(ValueError, match="method must be one of"):
        empirical_fisher_inverse(g, method="lu")
    with pytest.raises(ValueError, match="all columns in one place"):
        empirical_fisher_inverse(g, method="svd", allreduce=lambda v: v)
    strict = pytest.importorskip("array_api_strict", reason="array_api_strict is not installed")
    with pytest.raises(TypeError, match="nothing is moved"):
        f.solve(strict.ones(30))


def test_float16_is_taken_as_float32():
    f = empirical_fisher_inverse(gradients(3, 20).astype(np.float16))
    assert isinstance(f, FisherInverse)
    assert f.dtype == np.float32
