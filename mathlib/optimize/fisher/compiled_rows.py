"""The rows of a window under numba: products at the speed of memory, sums in float64; 16-bit rows are read as such."""

from typing import Any, TypeAlias

import numpy as np

from mathlib._lib.threads import run_chunks, workers_for
from mathlib.optimize.fisher.kernels import rows_16bit, rows_float
from mathlib.optimize.fisher.ring_rows import TOP, RingRows, Row, scale_of

Array: TypeAlias = Any

NS_PER_BYTE = 0.05  # of a pass on one thread
GROUP = 8  # rows that the kernels take at once, or half of it
LINE = 1024  # columns that one thread does at least, and in multiples


class CompiledRingRows(RingRows):
    """`RingRows` of NumPy arrays; all products of single vectors are summed in float64."""

    def row(self, g: Array) -> Row:
        """Return the gradient `g`, (d,) in the dtype of the rows, as it would be stored; not finite if `g` is not."""
        g = np.ascontiguousarray(g)
        if self.storage not in TOP:
            return Row(g, g, 1.0)
        scale = scale_of(float(rows_16bit.largest(g)), TOP[self.storage])
        if scale == 0.0:
            return Row(g, g, 1.0)
        stored, values = np.empty(self.d, self._coded.dtype), np.empty(self.d, np.float32)
        encode = rows_16bit.to_float16 if self.storage == "float16" else rows_16bit.to_bfloat16
        encode(g, 1.0 / scale, stored, values)
        return Row(stored.view(self.array.dtype), values, scale)

    @property
    def _coded(self) -> np.ndarray:
        """The rows in use as the kernels take them: numba knows no halves."""
        rows: np.ndarray = self.array[: self.m]
        return rows.view(np.int16) if self.storage == "float16" else rows

    def meet(self, row: Row) -> np.ndarray:
        """Return the products of the rows with `row`, then its own square: (m + 1,), in float64 throughout."""
        # Products of two rows are exact: of float32 in float64, where the kernel makes them, of 16 bits in float32.
        values = row.values.astype(np.float64, copy=False)
        return self.allreduce(np.append(self._times(row.values, wide=False), values @ values * row.scale) * row.scale)

    def _times(self, x: Array, *, wide: bool) -> np.ndarray:
        if x.ndim > 1 or not self.m:
            return super()._times(x, wide=wide)
        kernel = {"float16": rows_16bit.times_float16, "bfloat16": rows_16bit.times_bfloat16}.get(
            self.storage, rows_float.times
        )
        rows, out = self._coded, np.empty(self.m)
        x = np.ascontiguousarray(x, dtype=np.float64 if wide else self.dtype)
        run_chunks(lambda a, b: kernel(rows, x, out, a, b), self.m, workers_for(None, rows.nbytes * NS_PER_BYTE), GROUP)
        return (out * self.scales[: self.m])[self.order]

    def combine(self, c: np.ndarray, *, wide: bool = False) -> Array:
        """Return G^T c of (m,) or (m, k) host coefficients: in float64 if `wide`, else in the dtype of the rows."""
        if c.ndim > 1:
            return super().combine(c, wide=wide)
        dtype = self.double if wide else self.dtype
        return self._combined(c, dtype, dtype)

    def combine_rounded(self, c: np.ndarray, *, wide: bool) -> Array:
        """Return G^T c in the dtype of the rows, with sums in float64 if `wide`."""
        return self._combined(c, self.double if wide else self.dtype, self.dtype)

    def _combined(self, c: np.ndarray, sums: Any, dtype: Any) -> Array:
        kernel = {"float16": rows_16bit.combine_float16, "bfloat16": rows_16bit.combine_bfloat16}.get(
            self.storage, rows_float.combine
        )
        rows, y = self._coded, np.empty(self.d, dtype)
        padded = np.zeros(-(-self.m // GROUP) * GROUP, sums)
        padded[: self.m] = self._by_place(c)
        workers = workers_for(None, rows.nbytes * NS_PER_BYTE)
        run_chunks(lambda a, b: kernel(rows, padded, y, a, b), self.d, workers, LINE)
        return y
