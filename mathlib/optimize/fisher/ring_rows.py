"""Gradients that come and go: rows of one store in float32, float64 or 16-bit numbers, and the passes over them."""

import os
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from array_api_compat import array_namespace, device, is_cupy_array, is_dask_array, is_jax_array, is_numpy_array

from mathlib._lib.host import from_host, to_host
from mathlib.optimize.fisher.gradients import AllReduce, GradientRows, alone

Array: TypeAlias = Any
Storage: TypeAlias = Literal["float32", "float64", "float16", "bfloat16"]

# What the largest entry of a row is scaled to, at most. Halves below 2^-14 lose digits, so rows use all above.
TOP = {"float16": 2.0**15, "bfloat16": 1.0}


@dataclass(frozen=True)
class Row:
    """A gradient as it is stored: the gradient is scale * values, values those of the stored numbers."""

    stored: Array
    values: Array
    scale: float


class RingRows(GradientRows):
    """Up to `window` gradients of d entries, in the library and on the device of `like`.

    Rows of 16-bit numbers are rounded once, when they enter, with a power of two as a factor for each: all products
    are those of the rounded rows. The order is from the oldest to the newest gradient in all that goes in and out; it
    is a list of places in the store, so that a gradient is written once and rarely moved. Places 0..m - 1 are in use.
    """

    def __init__(self, window: int, d: int, like: Array, dtype: str, storage: Storage, allreduce: AllReduce = alone):
        if is_jax_array(like) or is_dask_array(like):
            raise TypeError("like must be of a library whose arrays can be written to, as rows are replaced in place")
        self.xp = xp = array_namespace(like)
        self.window, self.d, self.m, self.storage = window, d, 0, storage
        self.dtype, self.double = getattr(xp, dtype), xp.float64
        self.allreduce = allreduce
        self.total = int(allreduce(np.array([float(d)]))[0])
        kind = self._stored_dtype(like)
        size = 2 if storage in TOP else int(xp.finfo(self.dtype).bits) // 8
        refuse_beyond_memory(window * d * size, f"window={window} gradients of d={d} entries in {storage}", like)
        self.array = xp.empty((window, d), dtype=kind, device=device(like))
        self.scales = np.ones(window)
        self.order = np.empty(0, dtype=np.intp)

    def _stored_dtype(self, like: Array) -> Any:
        native = getattr(self.xp, self.storage, None)
        if native is None and self.storage == "bfloat16" and (is_numpy_array(like) or is_cupy_array(like)):
            return self.xp.uint16  # the upper half of the bits of a float32
        if native is None:
            raise TypeError(f"storage_dtype={self.storage!r} is a dtype that {self.xp.__name__} lacks: leave it out")
        return native

    def row(self, g: Array) -> Row:
        """Return the gradient `g`, (d,) in the dtype of the rows, as it would be stored; not finite if `g` is not."""
        if self.storage not in TOP:
            return Row(g, g, 1.0)
        scale = scale_of(float(self.xp.max(self.xp.abs(g))), TOP[self.storage])
        if scale == 0.0:
            return Row(g, g, 1.0)
        return self._rounded(g, scale)

    def _rounded(self, g: Array, scale: float) -> Row:
        """Return g / scale rounded to 16 bits."""
        xp = self.xp
        wide = xp.astype(xp.astype(g, self.double) / scale, xp.float32)
        if self.array.dtype != xp.uint16:
            stored = xp.astype(wide, self.array.dtype)
        else:
            bits = wide.view(xp.uint32)
            stored = xp.astype((bits + (0x7FFF + ((bits >> 16) & 1))) >> 16, xp.uint16)  # to nearest, ties to even
        return Row(stored, self._decoded(stored), scale)

    def _decoded(self, stored: Array) -> Array:
        """Return the values of stored 16-bit numbers in float32."""
        xp = self.xp
        if stored.dtype != xp.uint16:
            return xp.astype(stored, xp.float32)
        return (xp.astype(stored, xp.uint32) << 16).view(xp.float32)

    def append(self, row: Row) -> int:
        """Store the newest gradient in addition, and return its place."""
        place = self.m
        self._write(place, row)
        self.order = np.append(self.order, place)
        self.m += 1
        return place

    def replace_oldest(self, row: Row) -> int:
        """Store the newest gradient in place of the oldest, and return the place."""
        place = int(self.order[0])
        self._write(place, row)
        self.order = np.append(self.order[1:], place)
        return place

    def _write(self, place: int, row: Row) -> None:
        self.array[place, :] = row.stored
        self.scales[place] = row.scale

    def pop(self, k: int) -> int:
        """Forget gradient k. The place that this leaves, which is returned, is filled from the last one in use."""
        place, last = int(self.order[k]), self.m - 1
        if place != last:
            self.array[place, :] = self.array[last, :]
            self.scales[place] = self.scales[last]
        order = np.delete(self.order, k)
        order[order == last] = place
        self.order, self.m = order, last
        return place

    def state(self) -> tuple[Array, np.ndarray]:
        """Return copies of the stored rows and their factors."""
        return self.xp.take(self.array, self._places(), axis=0), self.scales[self.order]

    def restore(self, stored: Array, scales: np.ndarray) -> None:
        """Hold these rows and no others."""
        self.m = len(scales)
        self.array[: self.m, :] = stored
        self.scales[: self.m] = scales
        self.order = np.arange(self.m)

    def _places(self) -> Array:
        return from_host(self.order, self.array, self.xp.int64)

    def chunk(self, start: int, stop: int) -> Array:
        """Return the columns from `start` to `stop`, in the dtype of the rows."""
        block = self.xp.take(self.array[:, start:stop], self._places(), axis=0)
        if self.storage not in TOP:
            return block
        return self._decoded(block) * from_host(self.scales[self.order][:, None], self.array, self.dtype)

    def meet(self, row: Row) -> np.ndarray:
        """Return the products of the rows with `row`, then its own square: (m + 1,), in float64 throughout."""
        values = self.xp.astype(row.values, self.double, copy=False)
        products = np.append(self._times(values, wide=True), float(self.xp.vecdot(values, values)) * row.scale)
        return self.allreduce(products * row.scale)

    def times(self, x: Array, *, wide: bool = False) -> np.ndarray:
        """Return G x of (d,) or (d, k), products and sums in float64 if `wide`, else in the dtype of the rows."""
        return self.allreduce(self._times(x, wide=wide))

    def _times(self, x: Array, *, wide: bool) -> np.ndarray:
        """Return G x of these columns alone."""
        xp, dtype = self.xp, self.double if wide else self.dtype
        x = xp.astype(x, dtype, copy=False)
        if self.array.dtype == dtype:
            return to_host(xp.matmul(self.array[: self.m, :], x)).astype(np.float64, copy=False)[self.order]
        product = xp.zeros((self.m, *x.shape[1:]), dtype=self.double, device=x.device)
        for start, stop, block in self.blocks(dtype) if self.m else ():
            product += xp.astype(xp.matmul(block, x[start:stop, ...]), self.double, copy=False)
        return to_host(product)

    def combine(self, c: np.ndarray, *, wide: bool = False) -> Array:
        """Return G^T c of (m,) or (m, k) host coefficients: in float64 if `wide`, else in the dtype of the rows."""
        xp, dtype = self.xp, self.double if wide else self.dtype
        if self.array.dtype == dtype:
            return xp.matmul(self.array[: self.m, :].T, from_host(self._by_place(c), self.array, dtype))
        coefficients = from_host(c, self.array, dtype)
        out = xp.empty((self.d, *c.shape[1:]), dtype=dtype, device=coefficients.device)
        for start, stop, block in self.blocks(dtype):
            out[start:stop, ...] = xp.matmul(block.T, coefficients)
        return out

    def combine_rounded(self, c: np.ndarray, *, wide: bool) -> Array:
        """Return G^T c in the dtype of the rows, with sums in float64 if `wide`."""
        return self.xp.astype(self.combine(c, wide=wide), self.dtype, copy=False)

    def _by_place(self, c: np.ndarray) -> np.ndarray:
        """Return coefficients of the gradients in the order of the store, for its own numbers."""
        placed = np.empty_like(c)
        placed[self.order] = c
        return (placed.T * self.scales[: self.m]).T

    def columns(self, index: np.ndarray) -> np.ndarray:
        """Return some columns on the host, (m, len(index)) in float64."""
        taken = self.xp.take(self.array, from_host(index, self.array, self.xp.int64), axis=1)
        taken = self.xp.take(taken, self._places(), axis=0)
        if self.storage in TOP:
            taken = self._decoded(taken)
        return to_host(taken).astype(np.float64, copy=False) * self.scales[self.order][:, None]


def scale_of(largest: float, top: float) -> float:
    """Return the least power of two that divides `largest` to at most `top`; 1 for zero, 0 for no finite number."""
    if not np.isfinite(largest):
        return 0.0
    return float(2.0 ** np.ceil(np.log2(largest)) / top) if largest > 0.0 else 1.0


def refuse_beyond_memory(nbytes: int, what: str, like: Array) -> None:
    """Raise MemoryError for more bytes than the machine, or the device of `like`, has at all."""
    if is_cupy_array(like):
        with like.device:
            there = int(array_namespace(like).cuda.runtime.memGetInfo()[1])
    elif str(device(like)).startswith(("cpu", "CPU")):
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    else:
        return
    if nbytes > there:
        raise MemoryError(
            f"{what} take {nbytes / 1e9:.1f} GB and there are {there / 1e9:.1f} GB: take a smaller window, "
            "storage_dtype='float16' or 'bfloat16', or slices of the gradients on several machines (allreduce)"
        )
