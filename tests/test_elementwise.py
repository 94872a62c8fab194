"""Kernels as functions over arrays: shapes, strides, dtypes, scalars, out=, and what is refused with which words."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import mathlib.gpu
from mathlib import special
from mathlib._lib import elementwise
from mathlib._lib.elementwise import Elementwise
from mathlib.special import log_cosh, log_iv, log_ivkv

BACKENDS = ["numpy", "numba"]


@pytest.fixture(params=BACKENDS)
def backend(request):
    if request.param == "numba":
        pytest.importorskip("numba")
    return request.param


def numbers(*shape, seed=1):
    return np.random.default_rng(seed).uniform(0.1, 40.0, shape)


STABLE = ("log1mexp", "log_cosh", "softplus", "cosm1", "langevin", "log_erfc", "log_poch")
REFERENCE = json.loads((Path(__file__).parent / "data" / "special.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", STABLE)
def test_every_target_computes_the_function(name, target):
    """The seven stable functions have tests of their own on the CPU backends; here Arb's values meet every library."""
    rows = REFERENCE[name]
    keys = [key for key in rows[0] if key not in ("value", "low")]
    *arguments, value, low = (np.array([float.fromhex(row[key]) for row in rows]) for key in (*keys, "value", "low"))
    error = np.abs((target(getattr(special, name), *arguments) - value) - low)
    scale = np.maximum(np.abs(value), np.abs(arguments[-1])) if name == "log_poch" else np.abs(value)
    assert np.max(error / scale) < (2e-15 if name == "log_poch" else 7e-16)


# ---- shapes and strides -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shapes", [((), (7,)), ((7,), ()), ((4, 1), (5,)), ((2, 1, 3), (4, 1)), ((1, 1), (3, 1, 1)), ((), ())]
)
def test_broadcasting(shapes, target):
    v, x = (numbers(*shape, seed=k) for k, shape in enumerate(shapes))
    expected = np.vectorize(lambda a, b: float(log_iv(a, b, backend="numpy")))(v, x)
    result = target(log_iv, v, x)
    assert np.shape(result) == np.broadcast_shapes(*shapes)
    np.testing.assert_allclose(result, expected, rtol=2e-15, atol=2e-15)


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 2, 1)])
def test_empty(shape, target):
    for result in target(log_ivkv, np.empty(shape), np.empty(shape)):
        assert result.shape == shape
        assert result.dtype == np.float64
    assert target(log_cosh, np.empty(shape, np.float32)).dtype == np.float32


def test_empty_by_broadcasting(target):
    assert target(log_iv, np.ones((3, 1)), np.empty((1, 0))).shape == (3, 0)


@pytest.mark.parametrize(
    "value", [2.0, 2, True, np.float64(2.0), np.float32(2.0), np.array(2.0), np.array(2), np.float16(2.0)]
)
def test_a_scalar_gives_a_scalar(value, backend):
    result = log_cosh(value, backend=backend)
    assert isinstance(result, np.floating)
    narrow = np.result_type(value) in (np.float32, np.float16)
    assert result.dtype == (np.float32 if narrow else np.float64)
    assert abs(result - math.log(math.cosh(value))) <= (1e-7 if narrow else 1e-15)


def test_a_pair_of_scalars(backend):
    pair = log_ivkv(1, 2.0, backend=backend)
    assert isinstance(pair, tuple)
    assert [type(a) for a in pair] == [np.float64, np.float64]


VIEWS = {
    "strided": lambda a: a[::3],
    "reversed": lambda a: a[::-1],
    "column": lambda a: np.stack([a, a], axis=1)[:, 1],
    "transposed": lambda a: a.reshape(6, -1).T,
    "fortran": lambda a: np.asfortranarray(a.reshape(6, -1)),
    "repeated": lambda a: np.broadcast_to(a[:5], (3, 5)),
    "unaligned": lambda a: np.frombuffer(b"x" + a.tobytes(), np.float64, offset=1),
    "field": lambda a: np.array(list(zip(a, a, strict=True)), dtype="f4,f8")["f1"],
    "big-endian": lambda a: a.astype(">f8"),
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("size", [60, 6000])
def test_layouts(view, size, backend):
    v, x = (VIEWS[view](numbers(size, seed=k)) for k in (1, 2))
    plain = np.array(v, np.float64, order="C"), np.array(x, np.float64, order="C")
    expected = log_ivkv(*plain, backend=backend)
    for result, same in zip(log_ivkv(v, x, backend=backend), expected, strict=True):
        assert result.dtype.isnative
        np.testing.assert_array_equal(result, same)


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 15, 16, 17, 1023, 1024, 1025, 4095, 4097])
def test_every_length_of_a_block(size, backend):
    """Lengths around the vectors and blocks of the loops give what single elements give."""
    rng = np.random.default_rng(9)
    v, x = rng.uniform(0, 40, (2, 4097))
    v, x = v[:size], x[:size]
    result = log_iv(v, x, backend=backend)
    for i in {0, size // 2, size - 1} & set(range(size)):
        assert result[i] == log_iv(v[i : i + 1], x[i : i + 1], backend=backend)[0]


def test_inputs_are_not_written(target):
    v, x = numbers(2000, seed=1), numbers(2000, seed=2)
    ours = target.array(v), target.array(x)
    log_ivkv(*ours, backend=target.backend)
    for array, before in zip(ours, (v, x), strict=True):
        np.testing.assert_array_equal(target.numpy(array), before)


# ---- dtypes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "result"),
    [
        ("f8", "f8"),
        ("f4", "f4"),
        ("f2", "f4"),
        (">f8", "f8"),
        (">f4", "f4"),
        (">f2", "f4"),
        ("i1", "f8"),
        ("i4", "f8"),
        (">i4", "f8"),
        ("u8", "f8"),
        ("?", "f8"),
    ],
)
def test_dtypes(given, result, backend):
    x = np.array([0, 1, 1, 0]).astype(given)
    for a in (x, x[1], x.reshape(2, 2)):
        y = log_cosh(a, backend=backend)
        assert y.dtype == np.dtype(result)
        np.testing.assert_array_equal(y, log_cosh(np.asarray(a).astype(float), backend=backend).astype(result))


def test_dtypes_of_other_libraries(target):
    for dtype in ("float32", "float64", "int64", "bool"):
        y = target(log_cosh, np.array([0, 1, 1]).astype(dtype))
        assert y.dtype == (np.float32 if dtype == "float32" else np.float64)


@pytest.mark.parametrize("number", [2.0, 2, True])
def test_a_python_number_adapts(number, target):
    x = numbers(5).astype(np.float32)
    ours = target.array(x)
    for result in (log_iv(number, ours, backend=target.backend), log_iv(ours, number, backend=target.backend)):
        assert target.numpy(result).dtype == np.float32
    whole = target.numpy(log_iv(0.1, ours, backend=target.backend))
    exact = log_iv(0.1, x.astype(float), backend="numpy").astype(np.float32)
    np.testing.assert_allclose(whole, exact, rtol=1.3e-7)  # 0.1 is the double, not its float32 neighbour


def test_mixed_precisions_widen(target):
    x = numbers(5)
    assert target(log_iv, x, x.astype(np.float32)).dtype == np.float64
    assert target(log_iv, x.astype(np.float32), np.arange(5)).dtype == np.float64


def test_lists(backend):
    np.testing.assert_array_equal(
        log_iv([1, 2], [3.0, 4.0], backend=backend), log_iv(np.array([1.0, 2.0]), np.array([3.0, 4.0]), backend=backend)
    )


def test_float32_overflows_quietly(backend):
    with np.errstate(all="raise"):
        assert special.kv_ratio(np.float32(1e30), np.float32(1e-30), backend=backend) == np.inf
        assert special.log1mexp(np.float32(100.0), backend=backend) == -np.float32(math.exp(-100.0))


# ---- out= ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [None, 1, 2])
@pytest.mark.parametrize("size", [10, 20_000])
def test_out(size, workers, backend):
    v, x = numbers(size, seed=1), numbers(size, seed=2)
    expected = log_ivkv(v, x, backend=backend)
    outs = np.full(2 * size, -1.0)[::2], np.full(size, -1.0)
    results = log_ivkv(v, x, out=outs, backend=backend, workers=workers)
    for out, result, same in zip(outs, results, expected, strict=True):
        assert result is out
        np.testing.assert_array_equal(out, same)
    only = np.empty(size)
    assert log_iv(v, x, out=(only,), backend=backend, workers=workers) is only
    np.testing.assert_array_equal(only, expected[0])


def test_out_of_another_precision(backend):
    x = numbers(10)
    narrow, wide = np.empty(10, np.float32), np.empty(10)
    assert log_cosh(x, out=narrow, backend=backend) is narrow
    np.testing.assert_array_equal(narrow, log_cosh(x, backend=backend).astype(np.float32))
    log_cosh(x.astype(np.float32), out=wide, backend=backend)
    np.testing.assert_allclose(wide, log_cosh(x.astype(np.float32).astype(float)), rtol=1.3e-7)


@pytest.mark.parametrize("size", [50, 3000, 40_000])
@pytest.mark.parametrize("workers", [None, 2])
def test_out_may_be_an_input(size, workers, backend):
    v, x = numbers(size, seed=1), numbers(size, seed=2)
    expected = log_iv(v, x, backend=backend)
    np.testing.assert_array_equal(log_iv(v, x.copy(), backend=backend, workers=workers), expected)
    same = x.copy()
    log_iv(v, same, out=same, backend=backend, workers=workers)
    np.testing.assert_array_equal(same, expected)


@pytest.mark.parametrize("size", [50, 3000, 40_000])
@pytest.mark.parametrize("workers", [None, 2])
def test_out_may_overlap_an_input(size, workers, backend):
    v, x = numbers(size, seed=1), numbers(size, seed=2)
    expected = log_iv(v, x, backend=backend)
    for shift in (1, -1):
        memory = np.empty(size + 1)
        source, out = (memory[:-1], memory[1:]) if shift > 0 else (memory[1:], memory[:-1])
        source[:] = x
        log_iv(v, source, out=out, backend=backend, workers=workers)
        np.testing.assert_array_equal(out, expected)
    backwards = x.copy()
    log_iv(v, backwards, out=backwards[::-1], backend=backend, workers=workers)
    np.testing.assert_array_equal(backwards[::-1], expected)


@pytest.mark.parametrize("workers", [None, 1, 2])
@pytest.mark.parametrize("size", [10, 40_000])
def test_an_unsuitable_out_is_refused(size, workers, backend):
    x = numbers(size)
    options = {"backend": backend, "workers": workers}
    with pytest.raises(ValueError, match="shape"):
        log_cosh(x, out=np.empty(size + 1), **options)
    with pytest.raises(ValueError, match="shape"):
        log_cosh(x, out=np.empty(()), **options)
    with pytest.raises(TypeError, match="int64"):
        log_cosh(x, out=np.empty(size, int), **options)
    with pytest.raises(TypeError, match="array"):
        log_cosh(x, out=[0.0] * size, **options)
    with pytest.raises((TypeError, ValueError), match="tuple"):
        log_ivkv(x, x, out=np.empty(size), **options)
    with pytest.raises(ValueError, match="out"):
        log_cosh(x, out=(np.empty(size), np.empty(size)), **options)
    with pytest.raises(ValueError, match="read-only"):
        log_cosh(x, out=np.broadcast_to(0.0, size), **options)


def test_out_is_refused_for_other_libraries():
    strict = pytest.importorskip("array_api_strict")
    x = strict.asarray([1.0, 2.0])
    with pytest.raises(TypeError, match="out is for NumPy and CuPy arrays"):
        log_cosh(x, out=x)


# ---- refused inputs -----------------------------------------------------------------------------------------------

REFUSED = {
    "complex": 1j,
    "complex array": np.ones(3, complex),
    "text": "2.0",
    "text array": np.array(["1", "2"]),
    "bytes": b"2",
    "None": None,
    "object": object(),
    "object array": np.array([1.0, 2.0], dtype=object),
    "long double": np.ones(3, np.longdouble),
    "date": np.array(["2020-01-01"], dtype="M8[D]"),
    "record": np.zeros(2, dtype="f8,f8"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_dtypes(what, backend):
    if what == "long double" and np.dtype(np.longdouble).itemsize == 8:
        pytest.skip("long double is double on this platform")
    for arrays in ((REFUSED[what], 1.0), (1.0, REFUSED[what])):
        position = 1 if arrays[1] is not REFUSED[what] else 2
        with pytest.raises(TypeError, match=f"log_iv: argument {position} has dtype .*it takes real numbers"):
            log_iv(*arrays, backend=backend)


def test_refused_by_default_too():
    for value in REFUSED.values():
        if not (isinstance(value, np.ndarray) and value.dtype == np.float64):
            with pytest.raises(TypeError, match="takes real numbers"):
                log_cosh(value)


def test_masked_arrays_are_refused(backend):
    with pytest.raises(TypeError, match=r"argument 2 is a masked array; pass a\.filled\(numpy\.nan\)"):
        log_iv(1.0, np.ma.array([1.0, 2.0], mask=[0, 1]), backend=backend)


def test_complex_is_refused_by_other_libraries():
    strict = pytest.importorskip("array_api_strict")
    with pytest.raises(TypeError, match="argument 1 has dtype complex128"):
        log_cosh(strict.asarray([1j]))


def test_shapes_that_do_not_broadcast(backend):
    with pytest.raises(ValueError, match=r"log_iv: shapes \(2,\), \(3,\) do not broadcast"):
        log_iv(np.ones(2), np.ones(3), backend=backend)


def test_shapes_that_do_not_broadcast_by_default():
    with pytest.raises(ValueError, match=r"broadcast"):
        log_iv(np.ones(2), np.ones(3))


def test_ragged_lists_are_refused(backend):
    with pytest.raises(ValueError, match="inhomogeneous"):
        log_cosh([[1.0], [1.0, 2.0]], backend=backend)


@pytest.mark.parametrize("workers", [0, 1.5, -1000])
def test_workers_are_checked(workers, backend):
    with pytest.raises((ValueError, TypeError), match="workers"):
        log_cosh(numbers(10), backend=backend, workers=workers)


def test_arguments_are_positional_and_options_are_named():
    with pytest.raises(TypeError, match="positional-only"):
        log_iv(v=1.0, x=1.0)
    with pytest.raises(TypeError, match="positional argument"):
        log_iv(1.0, 1.0, None)


# ---- the registry -------------------------------------------------------------------------------------------------


def test_routines_by_name():
    assert elementwise.ROUTINES["log_iv"].n_in == 2
    assert elementwise.ROUTINES["log_ivkv"].n_out == 2
    with pytest.raises(ValueError, match=r"name is 'log_jv': no such routine, choose one of .*log_iv, .*log_kv"):
        mathlib.gpu.source("log_jv")


def test_a_routine_of_one_region(monkeypatch):
    monkeypatch.setattr(elementwise, "ROUTINES", {})
    routine = Elementwise("thrice", None, ((_thrice,),), n_in=1, n_out=1)
    for backend in BACKENDS:
        np.testing.assert_array_equal(routine(np.arange(5.0), backend=backend), 3.0 * np.arange(5.0))


def _thrice(x):
    return 3.0 * x
