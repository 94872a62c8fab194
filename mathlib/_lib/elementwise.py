"""Region kernels -> a function over arrays: dispatch, dtypes, broadcasting, ``out=``, threads.

float32 is computed in float64 and rounded once; float16 gives float32; integers and booleans are float64; anything
else is a TypeError.
"""

import math
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from mathlib._lib import dispatch, threads
from mathlib._lib.bind import Kernel
from mathlib._lib.dispatch import chosen
from mathlib._lib.on_arrays import NamespaceBody, NumpyBody

ELEMENT_NS = 30.0  # estimated time per element, to decide how many threads are worth their start
SMALL = 1 << 14  # elements: below, one thread in any case

_NDARRAY = np.ndarray
_FLOAT64, _FLOAT32 = np.dtype(np.float64), np.dtype(np.float32)

ROUTINES: dict[str, "Elementwise"] = {}  # all that exist, by name: a room adds its own when it is imported


class Elementwise:
    """A routine given by kernels: ``region(*inputs)`` is the number of the tuple of stages that computes an element."""

    def __init__(
        self, name: str, region: Kernel | None, regions: tuple[tuple[Kernel, ...], ...], n_in: int, n_out: int
    ):
        self.name, self.region, self.regions, self.n_in, self.n_out = name, region, regions, n_in, n_out
        self._namespace_body = cache(lambda xp, device: NamespaceBody(region, regions, xp, device))
        self._list()

    def _list(self) -> None:
        ROUTINES[self.name] = self

    def __call__(self, *arrays: Any, out: Any = None, backend: str | None = None, workers: int | None = None) -> Any:
        compiled = backend == "numba" or (backend is None and chosen.get() is None)
        simple = (workers is None or workers == 1) and (out is None or type(out) is _NDARRAY)
        if compiled and simple and "ufunc" in self.__dict__:
            shape = None  # the common cases, in a microsecond: float arrays that are small or for one thread
            for a in arrays:
                kind = type(a)
                if kind is float:
                    continue
                if kind is not _NDARRAY or (a.dtype is not _FLOAT64 and a.dtype is not _FLOAT32):
                    break
                if a.size >= SMALL and workers != 1:
                    break
                if out is not None:
                    if (shape is not None and shape != a.shape) or _may_overlap(a, out):
                        break
                    shape = a.shape
            else:
                try:
                    if out is None:
                        return self.ufunc(*arrays)
                    if self.n_out == 1 and out.shape == shape and (out.dtype is _FLOAT64 or out.dtype is _FLOAT32):
                        return self.ufunc(*arrays, out=out)
                except ValueError:  # said in our words below; `suppress` would take half a microsecond
                    pass
        how = dispatch.choose(arrays, backend)
        if how == "array":
            return self._on_namespace(arrays, out)
        if how == "cupy":
            return self._on_cupy(arrays, out)
        return self._on_numpy(arrays, out, workers, compiled=how == "numba")

    @cached_property
    def ufunc(self) -> np.ufunc:
        """The compiled routine."""
        from mathlib._lib import on_llvm

        return on_llvm.ufunc(self.name, self.region, self.regions, self.n_in, self.n_out)

    @cached_property
    def _numpy_body(self) -> NumpyBody:
        return NumpyBody(self.region, self.regions, self.n_out)

    # ---- NumPy ------------------------------------------------------------------------------------------------------

    def _on_numpy(self, arrays: tuple[Any, ...], out: Any, workers: int | None, compiled: bool) -> Any:
        inputs = [_as_float(a, i, self.name) for i, a in enumerate(arrays)]
        try:
            shape = np.broadcast_shapes(*(np.shape(a) for a in inputs))
        except ValueError:
            shapes = ", ".join(str(np.shape(a)) for a in inputs)
            raise ValueError(f"{self.name}: shapes {shapes} do not broadcast together") from None
        size = math.prod(shape)
        # array bodies hold the interpreter's lock too often to gain from threads
        work = size * ELEMENT_NS if compiled and size >= SMALL else 0.0
        count = threads.workers_for(workers, work)
        if compiled and count == 1 and out is None:
            return self.ufunc(*inputs)
        dtype = np.result_type(*inputs)
        outs = _outputs(out, self.n_out, shape, dtype, self.name)
        run = self._compiled_chunk if compiled else self._numpy_chunk
        if size:
            # chunks have no order: an input that shares memory with an output is copied
            shared = _overlapping(inputs, outs) if out is not None else [False] * self.n_in
            views = [np.broadcast_to(a.copy() if s else a, shape) for a, s in zip(inputs, shared, strict=True)]
            axis = int(np.argmax(shape)) if shape else 0

            def chunk(start: int, stop: int) -> None:
                part = (slice(None),) * axis + (slice(start, stop),) if shape else ()
                run([v[part] for v in views], [o[part] if shape else o for o in outs])

            threads.run_chunks(chunk, shape[axis] if shape else 1, count)
        results = tuple(o if out is not None or o.ndim else o[()] for o in outs)
        return results if self.n_out > 1 else results[0]

    def _compiled_chunk(self, inputs: list[Any], outs: list[Any]) -> None:
        self.ufunc(*inputs, out=tuple(outs), casting="same_kind")

    def _numpy_chunk(self, inputs: list[Any], outs: list[Any]) -> None:
        values = self._numpy_body([np.asarray(a, dtype=np.float64) for a in inputs])
        with np.errstate(all="ignore"):  # a float64 result beyond the range of float32 becomes inf, as on the device
            for o, value in zip(outs, values, strict=True):
                o[...] = value

    # ---- other libraries --------------------------------------------------------------------------------------------

    def _on_cupy(self, arrays: tuple[Any, ...], out: Any) -> Any:
        import cupy

        from mathlib.gpu.launch import elementwise

        dtype = _common(cupy, [a for a in arrays if not isinstance(a, float | int)], self.name)
        inputs = [cupy.asarray(a, dtype=dtype) for a in arrays]
        outs = None if out is None else (out if isinstance(out, tuple) else (out,))
        results = elementwise(*self._gpu_kernels(), self.n_in, self.n_out, self.name)(inputs, outs)
        return results if self.n_out > 1 else results[0]

    def _gpu_kernels(self) -> tuple[Kernel | None, tuple[tuple[Kernel, ...], ...]]:
        return self.region, self.regions

    def _on_namespace(self, arrays: tuple[Any, ...], out: Any) -> Any:
        import array_api_compat

        if out is not None:
            raise TypeError(
                f"{self.name}: out is for NumPy and CuPy arrays; other libraries may not allow writing: drop it"
            )
        typed = [a for a in arrays if not isinstance(a, float | int)]
        xp = array_api_compat.array_namespace(*typed)
        dtype = _common(xp, typed, self.name)
        device = array_api_compat.device(typed[0])
        wide = [
            xp.asarray(a, dtype=xp.float64, device=device) if isinstance(a, float | int) else xp.astype(a, xp.float64)
            for a in arrays
        ]
        wide = list(xp.broadcast_arrays(*wide))
        shape = wide[0].shape
        values = self._namespace_body(xp, device)([xp.reshape(a, (-1,)) for a in wide])
        results = tuple(xp.astype(xp.reshape(v, shape), dtype) for v in values)
        return results if self.n_out > 1 else results[0]


def _may_overlap(a: Any, out: Any) -> bool:
    """Whether writing to ``out`` may change ``a``; two arrays that own their memory are quickly told apart."""
    if a is not out and a.base is None and out.base is None:
        return False
    return bool(np.may_share_memory(a, out))


def _refuse(what: str, i: int, name: str) -> TypeError:
    return TypeError(
        f"{name}: argument {i + 1} has {what}; it takes real numbers: float32, float64, float16 or integers"
    )


def _as_float(a: Any, i: int, name: str) -> Any:
    """A Python number stays a Python float (it adapts to the other arrays); everything else becomes a float array."""
    if type(a) in (float, int, bool):
        return float(a)
    if isinstance(a, np.ma.MaskedArray):
        raise TypeError(
            f"{name}: argument {i + 1} is a masked array; pass a.filled(numpy.nan), masks are not carried through"
        )
    array = np.asarray(a)
    if array.dtype.kind in "iub":
        return array.astype(np.float64)
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise _refuse(f"dtype {array.dtype}", i, name)
    return array.astype(np.float32) if array.dtype.itemsize == 2 else array


def _outputs(out: Any, n: int, shape: tuple[int, ...], dtype: Any, name: str) -> tuple[Any, ...]:
    if out is None:
        return tuple(np.empty(shape, dtype) for _ in range(n))
    outs = out if isinstance(out, tuple) else (out,)
    if len(outs) != n:
        raise ValueError(f"{name}: out has {len(outs)} arrays and the function returns {n}: pass a tuple of {n}")
    for o in outs:
        if not isinstance(o, np.ndarray):
            raise TypeError(f"{name}: out is a {type(o).__name__}; it must be a NumPy array like the inputs")
        if o.shape != shape:
            raise ValueError(f"{name}: out has shape {o.shape} and the result has shape {shape}")
        if not np.can_cast(dtype, o.dtype, "same_kind"):
            raise TypeError(f"{name}: out has dtype {o.dtype}, which cannot hold {np.dtype(dtype)}")
    return outs


def _overlapping(inputs: list[Any], outs: tuple[Any, ...]) -> list[bool]:
    """Which inputs may share memory with an output."""
    bounds = [byte_bounds(o) for o in outs]
    low, high = min(b[0] for b in bounds), max(b[1] for b in bounds)  # a thousand outputs are mostly parts of one array

    def overlaps(a: Any) -> bool:
        if not isinstance(a, np.ndarray):
            return False
        first, last = byte_bounds(a)
        return first < high and last > low and any(first < h and last > b for b, h in bounds)

    return [overlaps(a) for a in inputs]


def _common(xp: Any, arrays: list[Any], name: str) -> Any:
    """float32 if all float arrays are float32 or smaller, else float64."""
    wide = False
    for i, a in enumerate(arrays):
        text = str(a.dtype).rpartition(".")[2]
        if text in ("complex64", "complex128", "object") or not text.startswith(
            ("float", "int", "uint", "bool", "bfloat")
        ):
            raise _refuse(f"dtype {text}", i, name)
        wide |= text not in ("float32", "float16", "bfloat16")
    return xp.float64 if wide else xp.float32
