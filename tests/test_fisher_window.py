"""The gradient window against dense inverses of the same gradients, through appends, replacements and pops."""

import copy
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import settings, stateful
from hypothesis import strategies as st
from scipy.linalg import LinAlgWarning
from scipy.sparse.linalg import cg

from mathlib._lib import serialize
from mathlib.optimize.fisher import factor as by_slices
from mathlib.optimize.fisher.inverse import empirical_fisher_inverse
from mathlib.optimize.fisher.window import FisherWindow

BACKENDS = ["numpy", "numba"]


@pytest.fixture(params=BACKENDS)
def backend(request):
    if request.param == "numba":
        pytest.importorskip("numba", reason="the compiled backend needs numba")
    return request.param


def gradients(m, d, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(d) + noise * rng.standard_normal((m, d))


def dense(grads, damp, divisor):
    return damp * np.eye(grads.shape[1]) + grads.T @ grads / divisor


def off(found, want):
    """Return the largest error beside the largest entry."""
    return np.abs(np.asarray(found) - want).max() / np.abs(want).max()


def agrees(F, grads, divisor, bound):
    """Compare all that a window offers with a dense matrix of these gradients."""
    d = F.shape[0]
    H = dense(grads, F.damp, divisor)
    inverse = np.linalg.inv(H)
    x = np.cos(np.arange(d))
    assert len(F) == F.n_grads == len(grads)
    assert off(F.solve(x.astype(F.dtype)), inverse @ x) <= bound
    assert off(F.solve_rows(np.eye(len(grads))), inverse @ grads.T) <= bound
    assert off(F.quad_rows(), grads @ inverse @ grads.T) <= bound
    assert off(F.diagonal(), inverse.diagonal()) <= bound
    assert off(F.columns([0, d - 1]), inverse[:, [0, d - 1]]) <= bound
    assert abs(F.element(0, d - 1) - inverse[0, -1]) <= bound * np.abs(inverse).max()
    assert off(F.logdet(), np.linalg.slogdet(H)[1]) <= bound
    assert off(F.trace(), np.trace(inverse)) <= bound


class Machine(stateful.RuleBasedStateMachine):
    """Random gradients come and go; a list of them is the truth."""

    @stateful.initialize(
        window=st.integers(1, 6),
        d=st.integers(1, 9),
        normalization=st.sampled_from(["count", "window", "none"]),
        backend=st.sampled_from(BACKENDS),
        inverse=st.sampled_from(["factor", "explicit"]),
    )
    def start(self, window, d, normalization, backend, inverse):
        options = {"dtype": "float64", "normalization": normalization, "backend": backend, "inverse": inverse}
        self.window, self.rng, self.held = window, np.random.default_rng(window * 100 + d), []
        self.F = FisherWindow(window, d, damp=0.05, **options)

    def gradient(self):
        return self.rng.standard_normal(self.F.shape[0])

    def divisor(self):
        return {"count": len(self.held), "window": self.window, "none": 1}[self.F._normalization]

    def solved(self, y):
        H = dense(np.array(self.held), self.F.damp, self.divisor())
        assert off(H @ y, self.held[-1]) <= 1e-10

    @stateful.rule()
    @stateful.precondition(lambda self: len(self.held) < self.window)
    def append(self):
        self.held.append(self.gradient())
        self.F.append(self.held[-1])

    @stateful.rule()
    def append_solve(self):
        self.held = [*self.held, self.gradient()][-self.window :]
        self.solved(self.F.append_solve(self.held[-1]))

    @stateful.rule(again=st.integers(1, 20))
    @stateful.precondition(lambda self: self.held)
    def replace(self, again):
        for _ in range(again):
            self.held = [*self.held[1:], self.gradient()]
            self.F.replace_oldest(self.held[-1])

    @stateful.rule(k=st.integers(-6, 5))
    @stateful.precondition(lambda self: self.held)
    def pop(self, k):
        k %= len(self.held)
        del self.held[k]
        self.F.pop(k)

    @stateful.rule(damp=st.floats(0.02, 3.0))
    def set_damp(self, damp):
        self.F.set_damp(damp)

    @stateful.rule()
    def save_and_load(self):
        text = serialize.dumps(self.F.state_dict())
        arguments = {"damp": 7.0, "dtype": "float64", "normalization": self.F._normalization}
        self.F = FisherWindow(self.window, self.F.shape[0], **arguments).load_state_dict(serialize.loads(text))

    @stateful.invariant()
    def is_that_of_the_dense_matrix(self):
        if hasattr(self, "F") and self.held:
            agrees(self.F, np.array(self.held), self.divisor(), 1e-10)


Machine.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestWindow = pytest.mark.filterwarnings("error")(Machine.TestCase)


@pytest.mark.parametrize("k", [0, 3, 6])
@pytest.mark.parametrize("n", [1, 2, 7])
def test_drop_leaves_the_factor_of_the_rest(backend, n, k):
    k = min(k, n - 1)
    G = gradients(n, 20)
    S = G @ G.T
    factor = np.linalg.cholesky(S).T.copy()
    by_slices.dropping(backend)(factor, k)
    rest = np.delete(np.delete(S, k, 0), k, 1)
    np.testing.assert_allclose(factor[:-1, :-1].T @ factor[:-1, :-1], rest, rtol=1e-13)
    np.testing.assert_array_equal(factor[-1], np.eye(n)[-1])
    np.testing.assert_array_equal(factor, np.triu(factor))


def test_border_refuses_a_pivot_of_rounding():
    factor = np.eye(2)
    assert not by_slices.border(factor, np.array([1.0, 1.0 - 1e-3]), 1e-6)
    np.testing.assert_array_equal(factor, np.eye(2))


def test_no_drift_in_1e5_replacements():
    numba = pytest.importorskip("numba", reason="the compiled backend needs numba")
    assert numba
    m, d = 64, 80
    F = FisherWindow(m, d, damp=1e-4, dtype="float64", normalization="window", backend="numba")
    rng = np.random.default_rng(0)
    mean = rng.standard_normal(d)
    for _ in range(m):
        F.append(mean + 0.1 * rng.standard_normal(d))
    worst = 0.0
    F.append_solve(mean)
    made_anew = F._gram._factor is None
    for i in range(100_000):
        F.replace_oldest(mean + 0.1 * rng.standard_normal(d))
        made_anew = made_anew or F._gram._factor is None
        if i % 9973 == 0 or i == 99_999:
            R, K = F._gram._factor, F._gram.gram(F._rows.order)
            S = K + F._shift() * np.eye(m)
            worst = max(worst, np.linalg.norm(R.T @ R - S, 2) / np.linalg.norm(S, 2))
    assert not made_anew  # all that from one factor
    assert worst <= 1e-12
    held = F._rows.columns(np.arange(d))
    np.testing.assert_allclose(F._gram.gram(F._rows.order), held @ held.T, rtol=1e-13)


def test_gradients_of_falling_size_leave_nothing_behind(backend):
    F = FisherWindow(10, 50, damp=1e-8, dtype="float64", normalization="none", backend=backend)
    for i in range(60):
        F.append_solve(np.random.default_rng(i).standard_normal(50) * 10.0 ** (5 - i / 5))
    held = F._rows.columns(np.arange(50))
    S = held @ held.T + 1e-8 * np.eye(10)
    R = F._gram._factor
    size = np.sqrt(S.diagonal())
    assert np.abs((R.T @ R - S) / np.outer(size, size)).max() <= 1e-14


@pytest.mark.parametrize("storage", [None, "float16", "bfloat16"])
def test_float32_and_16_bits_are_the_operator_of_their_rows(backend, storage):
    m, d, damp = 24, 300, 1e-3
    F = FisherWindow(m, d, damp=damp, storage_dtype=storage, backend=backend)
    for g in gradients(40, d):
        y = F.append_solve(g.astype(np.float32))
    held = F._rows.columns(np.arange(d))
    assert y.dtype == np.float32
    assert off(y, np.linalg.solve(dense(held, damp, m), held[-1])) <= 1e-6
    agrees(F, held, m, 1e-6)
    probes = np.random.default_rng(5).standard_normal((d, 12))
    quadratic = probes.T @ F.solve(probes)
    assert off(quadratic, quadratic.T) <= 1e-12
    assert np.linalg.eigvalsh(quadratic).min() > 0


@pytest.mark.parametrize("scale", [1e-30, 1e-12, 1e15])
@pytest.mark.parametrize("storage", [None, "float16", "bfloat16"])
def test_gradients_of_any_size(backend, storage, scale):
    F = FisherWindow(5, 40, damp=float(np.float64(scale) ** 2), storage_dtype=storage, backend=backend)
    for g in gradients(8, 40):
        y = F.append_solve((g * scale).astype(np.float32))
    held = F._rows.columns(np.arange(40)) / scale
    assert off(y * scale, np.linalg.solve(dense(held, 1.0, 5), held[-1])) <= 1e-5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_newest_gradient_at_tiny_damping(backend, dtype):
    """Where the subtraction in (x - G^T S^-1 G x) / damp loses everything, the push-through product loses nothing."""
    m, d, damp = 24, 300, 1e-10
    F = FisherWindow(m, d, damp=damp, dtype=dtype, backend=backend)
    for g in gradients(m + 5, d, noise=3.0).astype(dtype):
        y = F.append_solve(g)
    held = F._rows.columns(np.arange(d))
    want = held.T @ np.linalg.solve(held @ held.T / m + damp * np.eye(m), np.eye(m)[-1])
    assert off(y, want) <= (5e-7 if dtype == "float32" else 1e-13)


@pytest.mark.parametrize("storage", [None, "float16", "bfloat16"])
def test_duplicates_share_their_weight(backend, storage):
    F = FisherWindow(4, 30, damp=1e-10, storage_dtype=storage, backend=backend)
    G = gradients(2, 30).astype(np.float32)
    for g in (G[0], G[1], G[0], G[0], G[1], G[1]):
        y = F.append_solve(g)
    assert np.isfinite(y).all()
    held = F._rows.columns(np.arange(30))[[0, 2]]  # two of each are in the window
    want = held.T @ np.linalg.solve(held @ held.T / 2 + 1e-10 * np.eye(2), [0.0, 1.0])
    assert off(y, want) <= 1e-6


def test_negligible_damping_is_the_ridge_limit_and_says_so(backend):
    F = FisherWindow(6, 30, damp=1e-30, dtype="float64", backend=backend)
    for g in gradients(9, 30):
        y = F.append_solve(g)
    held = F._rows.columns(np.arange(30))
    assert off(y, np.linalg.pinv(dense(held, 0.0, 6), rcond=1e-9) @ held[-1]) <= 1e-9
    with pytest.warns(LinAlgWarning, match="damp=1e-30 is negligible"):
        F.solve(held[0])


def test_is_the_static_inverse_of_what_it_holds(target):
    G = gradients(7, 40)
    like = target.array(np.zeros(1))
    options = {"dtype": "float64", "like": like, "backend": target.backend}
    F = FisherWindow(5, 40, damp=1e-2, **options)
    for g in G:
        y = F.append_solve(target.array(g))
    static = empirical_fisher_inverse(target.array(G[2:]), damp=1e-2, backend=target.backend)
    x = target.array(np.arange(40.0))
    for found, want in (
        (y, static.solve(target.array(G[-1]))),
        (F @ x, static @ x),
        (F.diagonal(), static.diagonal()),
        (F.columns([1, 2]), static.columns([1, 2])),
    ):
        assert type(found) is type(x)
        assert off(target.numpy(found), target.numpy(want)) <= 1e-10
    F.pop(1).pop()
    agrees_on_host(F, target, G[[4, 5, 6]])
    again = FisherWindow(5, 40, damp=3.0, **options).load_state_dict(F.state_dict())
    assert again.damp == 1e-2
    np.testing.assert_allclose(target.numpy(again @ x), target.numpy(F @ x), rtol=1e-12)


def agrees_on_host(F, target, grads):
    x = np.sin(np.arange(F.shape[0]))
    H = dense(grads, F.damp, len(grads))
    assert off(target.numpy(F.solve(target.array(x))), np.linalg.solve(H, x)) <= 1e-10


@pytest.mark.parametrize("storage", ["float16", "bfloat16"])
def test_16_bits_in_other_libraries(target, storage):
    if target.name == "strict":
        pytest.skip("array_api_strict has no 16-bit floats")
    F = FisherWindow(4, 30, damp=1e-2, storage_dtype=storage, like=target.array(np.zeros(1)), backend=target.backend)
    for g in gradients(6, 30).astype(np.float32):
        y = F.append_solve(target.array(g))
    held = F._rows.columns(np.arange(30))
    assert off(target.numpy(y), np.linalg.solve(dense(held, 1e-2, 4), held[-1])) <= 1e-6


def test_is_a_preconditioner(backend):
    F = FisherWindow(6, 50, damp=1e-3, dtype="float64", backend=backend)
    for g in gradients(9, 50):
        F.append(g) if len(F) < 6 else F.replace_oldest(g)
    H = dense(F._rows.columns(np.arange(50)), 1e-3, 6)
    steps = []
    _, info = cg(H, np.ones(50), M=F, rtol=1e-9, callback=steps.append)
    assert info == 0
    assert len(steps) <= 3


def in_slices(parts, work):
    """Return work(slice, allreduce) of each slice, run by threads that meet in allreduce."""
    barrier, sent = threading.Barrier(len(parts), timeout=60), [None] * len(parts)

    def run(worker):
        def allreduce(values):
            sent[worker] = values
            barrier.wait()
            total = sum(sent)
            barrier.wait()  # nobody sends again before all have read
            return total

        return work(parts[worker], allreduce)

    with ThreadPoolExecutor(len(parts)) as pool:
        return list(pool.map(run, range(len(parts))))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_slices_of_the_columns_give_equal_results_on_all_workers(backend, dtype):
    G, x = gradients(9, 60).astype(dtype), np.cos(np.arange(60.0)).astype(dtype)
    options = {"damp": 1e-2, "dtype": dtype, "backend": backend}

    def work(cut, allreduce):
        F = FisherWindow(5, len(x[cut]), allreduce=allreduce, **options)
        steps = [F.append_solve(g[cut]) for g in G]
        with pytest.raises(ValueError, match="g must be finite"):  # on both, though one slice alone has the NaN
            F.append_solve(np.where(np.arange(60) == 7, np.nan, 1.0)[cut])
        return steps, F.solve(x[cut]), F._gram.gram(F._rows.order), F.logdet(), F.trace()

    first, second = in_slices([slice(0, 23), slice(23, 60)], work)
    np.testing.assert_array_equal(first[2], second[2])
    assert first[3:] == second[3:]
    whole = FisherWindow(5, 60, **options)
    bound = 1e-11 if dtype == "float64" else 2e-6
    for g, *pair in zip(G, first[0], second[0], strict=True):
        assert off(np.concatenate(pair), whole.append_solve(g)) <= bound
    assert off(np.concatenate([first[1], second[1]]), whole.solve(x)) <= bound
    assert first[3] == pytest.approx(whole.logdet(), rel=1e-13)


def state(F):
    gram = F._gram
    arrays = [F._rows.array[: F.n_grads], F._rows.scales, F._rows.order, gram.products, gram._factor, gram._inverse]
    return copy.deepcopy([*arrays, F.damp, len(F)])


def same(a, b):
    return all(
        np.array_equal(p, q) if isinstance(p, np.ndarray) else p is q or p == q for p, q in zip(a, b, strict=True)
    )


@pytest.mark.parametrize("storage", [None, "float16", "bfloat16"])
def test_what_is_refused_changes_nothing(backend, storage):
    d = 12
    F = FisherWindow(3, d, damp=1e-2, storage_dtype=storage, backend=backend)
    for g in gradients(4, d).astype(np.float32):
        F.append_solve(g)
    before = state(F)
    good = np.ones(d)
    for bad, error, message in [
        (np.where(np.arange(d) == 5, np.nan, good), ValueError, r"g\[5\] = nan"),
        (np.where(np.arange(d) == 2, -np.inf, good).astype(np.float32), ValueError, r"g\[2\] = -inf"),
        (good * 1e300, ValueError, "must be finite in float32"),
        (np.ones(d + 1), ValueError, r"\(d,\) with d = 12"),
        (np.ones((2, d)), ValueError, r"\(d,\) with d = 12"),
        (np.ones(0), ValueError, "g must be"),
        (np.ones(d, int), TypeError, "int64"),
        ([1] * d, TypeError, "int64"),
        (np.ones(d, bool), TypeError, "bool"),
        (np.ones(d, complex), TypeError, "complex128"),
        (np.ones(d, object), TypeError, "g must"),
        (np.ma.ones(d), TypeError, "masked"),
    ]:
        for call in (F.replace_oldest, F.append_solve):
            with pytest.raises(error, match=message):
                call(bad)
            assert same(before, state(F))
    with pytest.raises(ValueError, match="replace_oldest"):
        F.append(good)
    for k, error in [(3, IndexError), (-4, IndexError), (1.0, TypeError), (True, TypeError)]:
        with pytest.raises(error, match="k must be"):
            F.pop(k)
    for damp in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="damp must be"):
            F.set_damp(damp)
    assert same(before, state(F))


def test_other_libraries_are_not_mixed():
    strict = pytest.importorskip("array_api_strict", reason="array_api_strict is not installed")
    with pytest.raises(TypeError, match="array_api_strict and the window holds numpy"):
        FisherWindow(2, 3).append(strict.ones(3))
    with pytest.raises(TypeError, match="numpy and the window holds array_api_strict"):
        FisherWindow(2, 3, like=strict.zeros(1)).append(np.ones(3))


def test_libraries_whose_arrays_cannot_be_written_to_are_refused():
    dask = pytest.importorskip("dask.array", reason="dask is not installed")
    with pytest.raises(TypeError, match="can be written to"):
        FisherWindow(2, 3, like=dask.zeros(3))


def test_gradients_in_any_layout_and_none_is_changed(backend):
    d = 10
    base = gradients(1, d)[0]
    wide = np.zeros(2 * d)
    wide[::2] = base
    fixed = base.copy()
    fixed.flags.writeable = False
    swapped = base.astype(base.dtype.newbyteorder())
    reference = FisherWindow(2, d, damp=0.1, dtype="float64", backend=backend).append_solve(base.copy())
    for g in (wide[::2], fixed, swapped, list(base), base[None, :]):
        before = copy.deepcopy(g)
        F = FisherWindow(2, d, damp=0.1, dtype="float64", backend=backend)
        np.testing.assert_array_equal(F.append_solve(g), reference)
        np.testing.assert_array_equal(g, before)
    kept = base.copy()
    F = FisherWindow(2, d, damp=0.1, dtype="float64", backend=backend).append(kept)
    kept[:] = 0.0
    np.testing.assert_array_equal(F._rows.columns(np.arange(d))[0], base)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"window": 0}, ValueError, "window must be at least 1"),
        ({"d": 0}, ValueError, "d must be at least 1"),
        ({"window": 2.0}, TypeError, "window must be an integer"),
        ({"damp": 0.0}, ValueError, "damp must be positive"),
        ({"damp": np.nan}, ValueError, "damp must be finite"),
        ({"dtype": "float16"}, ValueError, "dtype must be one of"),
        ({"storage_dtype": "int8"}, ValueError, "storage_dtype must be one of"),
        ({"storage_dtype": "float16", "dtype": "float64"}, ValueError, "goes with dtype='float32'"),
        ({"normalization": "mean"}, ValueError, "normalization must be one of"),
        ({"inverse": "lu"}, ValueError, "inverse must be one of"),
        ({"backend": "fortran"}, ValueError, "backend is 'fortran'"),
        ({"backend": "cupy"}, TypeError, "cupy"),
        ({"window": 10**6, "d": 10**9}, MemoryError, r"take 4000000\.0 GB"),
    ],
)
def test_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        FisherWindow(**{"window": 2, "d": 3, **arguments})


def test_an_empty_window_solves_nothing(backend):
    F = FisherWindow(2, 3, backend=backend)
    for call in (lambda: F @ np.ones(3), F.diagonal, F.logdet, F.trace, F.quad_rows, lambda: F.solve_rows([])):
        with pytest.raises(ValueError, match="the window is empty"):
            call()
    with pytest.raises(ValueError, match="the window is empty"):
        F.replace_oldest(np.ones(3))
    with pytest.raises(IndexError, match="with 0 gradients"):
        F.pop()
    F.append(np.ones(3)).pop()
    with pytest.raises(ValueError, match="the window is empty"):
        F.solve(np.ones(3))


def test_explicit_inverse_stays_within_its_condition(backend):
    options = {"dtype": "float64", "inverse": "explicit", "backend": backend}
    F = FisherWindow(16, 100, damp=2e-2, **options)
    rng = np.random.default_rng(0)
    mean = rng.standard_normal(100)
    for _ in range(600):
        y = F.append_solve(mean + rng.standard_normal(100))
    held = F._rows.columns(np.arange(100))
    assert F._gram._inverse is not None
    assert off(y, np.linalg.solve(dense(held, 2e-2, 16), held[-1])) <= 1e-11
    before = state(F)
    with pytest.raises(ValueError, match="inverse='factor'"):
        F.append_solve(1e4 * mean)
    with pytest.raises(ValueError, match="inverse='factor'"):
        F.set_damp(1e-7)
    assert same(before, state(F))


def test_saved_states_are_checked(backend):
    F = FisherWindow(3, 6, dtype="float32", storage_dtype="bfloat16", damp=0.5, backend=backend)
    for g in gradients(4, 6):
        F.append_solve(g)
    saved = serialize.loads(serialize.dumps(F.state_dict()))
    G = FisherWindow(3, 6, storage_dtype="bfloat16", backend=backend)
    G.append(np.ones(6))
    before = state(G)
    bad_gram, nan_gram = saved["gram"].copy(), saved["gram"].copy()
    bad_gram[0, 1] = bad_gram[1, 0] = 1.5 * bad_gram[0, 1] + 1.0
    nan_gram[2, 2] = np.nan
    for change, message in [
        ({"window": 4}, "window=4"),
        ({"d": 7}, "d=7"),
        ({"storage_dtype": None}, "storage_dtype=None"),
        ({"normalization": "none"}, "normalization='none'"),
        ({"damp": -1.0}, "damp must be positive"),
        ({"rows": saved["rows"][:, :5]}, "rows of 6"),
        ({"rows": saved["rows"].astype(np.float32)}, "dtype uint16"),
        ({"rows": saved["rows"][::-1]}, "the state is damaged"),
        ({"scales": saved["scales"] * 1.5}, "powers of two"),
        ({"scales": -saved["scales"]}, "powers of two"),
        ({"scales": saved["scales"][:2]}, r"shape \(3,\)"),
        ({"gram": bad_gram}, "the state is damaged"),
        ({"gram": nan_gram}, "must be finite"),
        ({"gram": "K"}, "float64 array"),
    ]:
        with pytest.raises(ValueError, match=message):
            G.load_state_dict({**saved, **change})
        assert same(before, state(G))
    with pytest.raises(ValueError, match="gram missing"):
        G.load_state_dict({name: value for name, value in saved.items() if name != "gram"})
    with pytest.raises(TypeError, match="must be a dict"):
        G.load_state_dict([saved])
    G.load_state_dict(saved)
    x = np.arange(6, dtype=np.float32)
    assert off(G @ x, F @ x) <= 1e-6
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        G.append_solve(x + 1)
