"""Launching on CuPy arrays: on a device where there is one, and always on a stand-in that runs kernels by g++."""

import ctypes
import sys
import types
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import pytest

import mathlib.gpu
from mathlib._lib.words_python import madd, two_prod, where
from mathlib.gpu.launch import elementwise
from tests.cpp import bits, compiled, library


@dataclass(frozen=True)
class Routine:
    region: Any
    regions: Any
    n_in: int
    n_out: int
    name: str


def which(x, y):
    return where(x < y, 0, 1)


def less(x, y):
    return madd(x, y, 1.0 / 3.0), x - y


def more(x, y):
    return two_prod(x, y)


def half(x):
    return 0.5 * x


def same(x):
    return (x,)


PAIR = Routine(which, ((less,), (more,)), 2, 2, "launched_pair")
HALF = Routine(None, ((half,),), 1, 1, "launched_half")
SAME = Routine(None, ((same,),), 1, 1, "launched_same")

LOOP = """
{preamble}
typedef {ctype} T;
namespace mathlib {{
inline double load(T x) {{ return x; }}
inline void store(T &to, double x) {{ to = T(x); }}
}}
extern "C" void run(T *const *const *arrays, long long size) {{
  for (long long i = 0; i < size; ++i) {{
    {parameters}
    {operation}
  }}
}}
"""


class ElementwiseKernel:
    """What CuPy's class of this name promises, on NumPy arrays: one type T, broadcasting, given results."""

    def __init__(self, in_params, out_params, operation, name, *, preamble, options, return_tuple):
        assert name.isidentifier()
        assert return_tuple
        assert "-fmad=false" in options
        self.names = [p.split()[1] for p in f"{in_params}, {out_params}".split(", ")]
        self.n_in, self.operation, self.preamble = in_params.count("T "), operation, preamble

    def __call__(self, *args):
        assert len(args) in (self.n_in, len(self.names))
        (dtype,) = {a.dtype for a in args if isinstance(a, np.ndarray)}
        arrays = [a if isinstance(a, np.ndarray) else np.array(a, dtype) for a in args]
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
        outs = arrays[self.n_in :] or [np.empty(shape, dtype) for _ in self.names[self.n_in :]]
        if any(out.shape != shape for out in outs):
            raise ValueError("Out shape is mismatched")
        arrays = [np.broadcast_to(a, shape) for a in arrays[: self.n_in]] + outs
        parameters = [f"T &{name} = *arrays[{k}][i];" for k, name in enumerate(self.names)]
        text = LOOP.format(
            preamble=self.preamble,
            ctype={4: "float", 8: "double"}[dtype.itemsize],
            parameters=" ".join(parameters),
            operation=self.operation,
        )
        addresses = [addresses_of(a) for a in arrays]
        pointers = (ctypes.c_void_p * len(arrays))(*(a.ctypes.data for a in addresses))
        library(text).run(pointers, ctypes.c_longlong(addresses[0].size))
        return tuple(outs)


def addresses_of(a):
    """The address of each element, in C order."""
    offsets = np.zeros(a.shape, dtype=np.intp)
    for index, stride in zip(np.indices(a.shape), a.strides, strict=True):
        offsets += index * stride
    return a.ctypes.data + offsets.ravel()


@pytest.fixture(params=["stand-in", "device"])
def cupy(request, monkeypatch):
    """CuPy itself, or the few of its names that a launch uses, on NumPy arrays."""
    elementwise.cache_clear()
    if request.param == "device":
        if not mathlib.gpu.is_available():
            pytest.skip("no CUDA device, or no CuPy")
        import cupy

        yield cupy
        return
    module: Any = types.ModuleType("cupy")
    module.ElementwiseKernel, module.ndarray = ElementwiseKernel, np.ndarray
    module.may_share_memory = np.may_share_memory
    module.asarray = module.asnumpy = np.asarray
    monkeypatch.setitem(sys.modules, "cupy", module)
    yield module
    elementwise.cache_clear()


def launch(routine, arrays, outs=None):
    fields = [getattr(routine, name) for name in ("region", "regions", "n_in", "n_out", "name")]
    assert tuple(fields) == astuple(routine)
    return elementwise(*fields)(arrays, outs)


def numbers(size, dtype=np.float64):
    """Numbers of many sizes, subnormal ones of float32 included, and the special ones."""
    generator = np.random.default_rng(5)
    x = 10.0 ** generator.uniform(-44.0, 37.0, size) * generator.choice([-1.0, 1.0], size)
    x[:6] = 0.0, -0.0, np.inf, -np.inf, np.nan, 1e-44
    return x.astype(dtype)


def test_doubles_have_the_bits_of_the_text(cupy):
    x, y = numbers(5000), numbers(5000)[::-1].copy()
    got = launch(PAIR, [cupy.asarray(x), cupy.asarray(y)])
    for ours, expected in zip(got, compiled(PAIR)(x, y), strict=True):
        assert isinstance(ours, cupy.ndarray)
        assert np.array_equal(bits(cupy.asnumpy(ours)), bits(expected))


def test_floats_are_rounded_once(cupy):
    x, y = numbers(5000, np.float32), numbers(5000, np.float32)[::-1].copy()
    got = launch(PAIR, [cupy.asarray(x), cupy.asarray(y)])
    with np.errstate(over="ignore"):
        expected = [r.astype(np.float32) for r in compiled(PAIR)(x, y)]
    for ours, truth in zip(got, expected, strict=True):
        assert ours.dtype == np.float32
        assert np.array_equal(bits(cupy.asnumpy(ours)), bits(truth))


def test_subnormal_floats_pass(cupy):
    x = np.array([1e-45, -1e-40, 1.1754942e-38, 3e-39], dtype=np.float32)
    (got,) = launch(SAME, [cupy.asarray(x)])
    assert cupy.asnumpy(got).tolist() == x.tolist()
    (got,) = launch(HALF, [cupy.asarray(np.array([1.1754944e-38], dtype=np.float32))])
    assert cupy.asnumpy(got).tolist() == [2.0**-127]


def test_broadcasting_and_scalars(cupy):
    x, y = numbers(12).reshape(3, 1, 4), numbers(20)[8:].reshape(3, 4).T[:, :2].copy().T
    got = launch(PAIR, [cupy.asarray(x), cupy.asarray(y)])
    for ours, expected in zip(got, compiled(PAIR)(x, y), strict=True):
        assert ours.shape == (3, 2, 4)
        assert np.array_equal(bits(cupy.asnumpy(ours)), bits(expected))
    got = launch(PAIR, [2.5, cupy.asarray(y)])
    assert np.array_equal(bits(cupy.asnumpy(got[0])), bits(compiled(PAIR)(2.5, y)[0]))


def test_strided(cupy):
    x = numbers(4000).reshape(40, 100)
    (got,) = launch(HALF, [cupy.asarray(x)[::-2, 3::7].T])
    assert np.array_equal(bits(cupy.asnumpy(got)), bits(0.5 * x[::-2, 3::7].T))


@pytest.mark.parametrize("shape", [(), (0,), (3, 0)])
def test_without_axes_and_empty(cupy, shape):
    (got,) = launch(HALF, [cupy.asarray(np.full(shape, 3.0))])
    assert isinstance(got, cupy.ndarray)
    assert cupy.asnumpy(got).tolist() == np.full(shape, 1.5).tolist()


def test_results_into_given_arrays(cupy):
    x, y = cupy.asarray(numbers(10)), cupy.asarray(numbers(10)[::-1].copy())
    outs = [cupy.asarray(np.zeros((10, 2)))[:, 0], cupy.asarray(np.zeros(10))]
    got = launch(PAIR, [x, y], outs)
    assert got[0] is outs[0]
    assert got[1] is outs[1]
    for ours, expected in zip(outs, compiled(PAIR)(cupy.asnumpy(x), cupy.asnumpy(y)), strict=True):
        assert np.array_equal(bits(cupy.asnumpy(ours)), bits(expected))
    with pytest.raises(ValueError, match="shape"):
        launch(PAIR, [x, y], [out[:9] for out in outs])


def test_results_over_their_inputs(cupy):
    x = np.linspace(1.0, 2.0, 4000)
    base = cupy.asarray(x.copy())
    launch(HALF, [base], [base])
    assert cupy.asnumpy(base).tolist() == (0.5 * x).tolist()
    base = cupy.asarray(x.copy())
    launch(HALF, [base[:-1]], [base[1:]])
    assert cupy.asnumpy(base).tolist() == [1.0, *(0.5 * x[:-1])]
    base = cupy.asarray(x.copy())
    launch(HALF, [base[::-1]], [base])
    assert cupy.asnumpy(base).tolist() == (0.5 * x[::-1]).tolist()


@pytest.mark.parametrize("dtypes", [("int64",), ("float16",), ("float32", "float64"), ()])
def test_other_dtypes_are_refused(cupy, dtypes):
    arrays = [cupy.asarray(np.ones(3, dtype)) for dtype in dtypes]
    with pytest.raises(TypeError, match="one dtype, float32 or float64"):
        launch(PAIR if len(arrays) == 2 else HALF, arrays or [1.0])


def test_stream_and_device_are_the_callers():
    if not mathlib.gpu.is_available():
        pytest.skip("no CUDA device, or no CuPy")
    import cupy

    elementwise.cache_clear()
    x = np.linspace(1.0, 2.0, 1_000_000)
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        array = cupy.asarray(x)
        for _ in range(20):  # each call reads what the one before it writes: any other stream would mix them up
            (array,) = launch(HALF, [array])
        result = array.get()  # waits for this stream alone
    assert np.array_equal(result, x * 2.0**-20)


def test_without_cupy(monkeypatch):
    elementwise.cache_clear()
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(ImportError, match=r"mathlib-numerics\[gpu\]"):
        launch(HALF, [1.0])
    assert not mathlib.gpu.is_available()
