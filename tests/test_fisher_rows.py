"""Rows of the gradient window: rounding to 16 bits against NumPy and exact arithmetic, products against dense ones."""

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from mathlib._lib import threads
from mathlib.optimize.fisher.ring_rows import RingRows, refuse_beyond_memory, scale_of

STORAGES = ["float64", "float32", "float16", "bfloat16"]


def rows_class(backend):
    if backend == "numpy":
        return RingRows
    pytest.importorskip("numba", reason="the compiled backend needs numba")
    from mathlib.optimize.fisher.compiled_rows import CompiledRingRows

    return CompiledRingRows


def ring(storage, grads, window=None, backend="numba", like=None):
    """Return rows that hold these gradients, in this order."""
    dtype = "float64" if storage == "float64" else "float32"
    like = np.empty(0) if like is None else like
    rows = rows_class(backend)(window or len(grads), grads.shape[1], like, dtype, storage)
    for g in grads:
        rows.append(rows.row(rows.xp.asarray(g, dtype=rows.dtype)))
    return rows


def gradients(m, d, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((m, d)) * np.exp(rng.uniform(-20, 20, (m, 1)))


def nearest_bfloat16(x):
    """Return a float32 rounded to 8 significant bits by exact rational arithmetic, ties to even."""
    if x == 0.0:
        return 0.0
    exponent = max(np.frexp(np.float64(x))[1] - 8, -133)  # the last place: subnormals end at 2^-133
    return float(round(Fraction(float(x)) / Fraction(2) ** int(exponent)) * Fraction(2) ** int(exponent))


def half_cases():
    halves = np.arange(65536, dtype=np.uint16).view(np.float16)
    halves = np.sort(halves[np.isfinite(halves)].astype(np.float32))
    ties = (halves[1:] + halves[:-1]) / 2  # exact in float32
    rng = np.random.default_rng(1)
    random = rng.standard_normal(100_000) * 2.0 ** rng.integers(-40, 13, 100_000)
    near = [np.nextafter(ties, np.float32(side)) for side in (-np.inf, np.inf)]
    return np.concatenate([halves, ties, *near, random.astype(np.float32), [np.float32(-0.0), 2.0**-149]])


def test_halves_are_rounded_as_numpy_does():
    pytest.importorskip("numba", reason="the compiled backend needs numba")
    from mathlib.optimize.fisher.kernels.rows_16bit import to_float16

    x = half_cases()
    bits, values = np.empty(x.size, np.int16), np.empty(x.size, np.float32)
    to_float16(x, 1.0, bits, values)
    want = x.astype(np.float16)
    np.testing.assert_array_equal(bits, want.view(np.int16))
    np.testing.assert_array_equal(values, want.astype(np.float32))
    assert np.array_equal(np.signbit(values), np.signbit(x))


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_bfloat16_is_rounded_to_nearest_even(backend):
    rng = np.random.default_rng(2)
    exact = (rng.integers(0, 0x7F7F, 500).astype(np.uint32) << 16).view(np.float32)
    ties = (exact.view(np.uint32) + 0x8000).view(np.float32)
    near = [np.nextafter(ties, np.float32(side)) for side in (0.0, np.inf)]
    random = rng.standard_normal(500).astype(np.float32)
    x = np.concatenate([exact, ties, *near, random, -ties, np.array([0.0, 2.0**-149, 2.0**-134, 3 * 2.0**-135])])
    x = x.astype(np.float32)[np.abs(x) < 3e38]
    if backend == "numba":
        pytest.importorskip("numba", reason="the compiled backend needs numba")
        from mathlib.optimize.fisher.kernels.rows_16bit import to_bfloat16

        values = np.empty(x.size, np.float32)
        to_bfloat16(x, 1.0, np.empty(x.size, np.uint16), values)
    else:
        values = RingRows(1, x.size, x, "float32", "bfloat16")._rounded(x, 1.0).values
    np.testing.assert_array_equal(values, [nearest_bfloat16(v) for v in x])


def test_largest_tells_what_is_not_finite():
    pytest.importorskip("numba", reason="the compiled backend needs numba")
    from mathlib.optimize.fisher.kernels.rows_16bit import largest

    x = np.linspace(-5, 4, 1001).astype(np.float32)
    assert largest(x) == 5.0
    x[77] = -np.inf
    assert largest(x) == np.inf
    x[78] = np.nan
    assert np.isnan(largest(x))


@pytest.mark.parametrize("top", [1.0, 2.0**15])
def test_scale_is_a_power_of_two_that_fits(top):
    for largest in [1.0, 1.5, 2.0, 3e38, 1e-45, 0.7]:
        scale = scale_of(largest, top)
        assert np.frexp(scale)[0] == 0.5
        assert top / 2 < largest / scale <= top
    assert scale_of(0.0, top) == 1.0
    assert scale_of(np.nan, top) == scale_of(np.inf, top) == 0.0


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize(("m", "d"), [(1, 1), (3, 700), (11, 65536 + 37), (17, 3000)])
def test_products_are_those_of_the_stored_rows(backend, storage, m, d):
    grads = gradients(m, d)
    rows = ring(storage, grads, window=m + 2, backend=backend)
    held = rows.columns(np.arange(d))
    unit = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}[storage]
    tiny = np.abs(grads).max(axis=1, keepdims=True) * 2.0**-38  # halves end there
    assert np.all(np.abs(held - grads) <= unit * np.abs(grads) + tiny * (storage == "float16"))
    rng = np.random.default_rng(3)
    x, c = rng.standard_normal(d), rng.standard_normal(m) / np.abs(grads).max(axis=1)
    size, width = np.abs(held) @ np.abs(x), np.abs(c) @ np.abs(held)
    for wide in (True, False):
        eps = 1e-14 if wide or storage == "float64" else 2e-6
        assert np.all(np.abs(rows.times(x.astype(rows.dtype) if not wide else x, wide=wide) - held @ x) <= eps * size)
        combined = rows.combine(c, wide=wide)
        assert combined.dtype == (np.float64 if wide else rows.dtype)
        assert np.all(np.abs(combined - c @ held) <= eps * width)
        np.testing.assert_allclose(rows.combine_rounded(c, wide=wide), c @ held, rtol=0, atol=2e-6 * width.max())
    row = rows.row(grads[0].astype(rows.dtype))
    np.testing.assert_allclose(rows.meet(row), np.append(held @ held[0], held[0] @ held[0]), rtol=1e-9)
    X, C = rng.standard_normal((d, 2)), rng.standard_normal((m, 2))
    np.testing.assert_allclose(rows.times(X, wide=True), held @ X, atol=1e-13 * np.abs(held).sum())
    np.testing.assert_allclose(rows.combine(C, wide=True), held.T @ C, atol=1e-13 * np.abs(held).sum())
    np.testing.assert_allclose(rows.chunk(0, min(d, 5)), held[:, :5], rtol=1e-6)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("storage", STORAGES)
def test_order_after_wrapping_and_pops(backend, storage):
    grads = np.arange(1.0, 21.0)[:, None] * np.array([1.0, 2.0, -1.0])  # exact in every format
    rows = ring(storage, grads[:5], backend=backend)
    want = list(range(5))
    for i in range(5, 13):
        rows.replace_oldest(rows.row(grads[i].astype(rows.dtype)))
        want = [*want[1:], i]
    for k in (2, 3, 0):
        rows.pop(k)
        del want[k]
        np.testing.assert_array_equal(rows.columns(np.arange(3)), grads[want])
    for i in (13, 14):
        rows.append(rows.row(grads[i].astype(rows.dtype)))
        want.append(i)
    np.testing.assert_array_equal(rows.columns(np.arange(3)), grads[want])
    np.testing.assert_array_equal(rows.times(np.array([1.0, 0.0, 0.0], rows.dtype)), grads[want, 0])


@pytest.mark.parametrize("storage", STORAGES)
def test_results_do_not_depend_on_workers(monkeypatch, storage):
    rows = ring(storage, gradients(37, 70_001))
    rng = np.random.default_rng(4)
    x, c = rng.standard_normal(70_001).astype(rows.dtype), rng.standard_normal(37)
    compiled = sys.modules["mathlib.optimize.fisher.compiled_rows"]
    results = []
    for workers in (1, 2, 3, 7):
        monkeypatch.setattr(compiled, "workers_for", lambda asked, work, n=workers: threads.workers_for(n, work))
        results.append([rows.times(x), rows.times(x, wide=True), rows.combine(c), rows.combine(c, wide=True)])
    for other in results[1:]:
        for first, second in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(first, second)


def test_libraries_without_the_dtype_say_so():
    strict = pytest.importorskip("array_api_strict", reason="array_api_strict is not installed")
    for storage in ("float16", "bfloat16"):
        with pytest.raises(TypeError, match=f"storage_dtype='{storage}'"):
            RingRows(2, 3, strict.zeros(1), "float32", storage)


def test_memory_error_comes_before_the_memory_is_taken():
    with pytest.raises(MemoryError, match=r"take 4000000000\.0 GB and there are .*storage_dtype='float16'"):
        refuse_beyond_memory(4 * 10**18, "window=1000 gradients", np.empty(0))
    refuse_beyond_memory(8, "one number", np.empty(0))


def test_rows_alone_do_not_load_numba():
    code = "import sys, mathlib.optimize.fisher.window; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
