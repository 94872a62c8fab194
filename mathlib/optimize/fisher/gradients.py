"""Gradients as rows, kept as the caller gave them, and the passes over them: G x, G^T c and G G^T."""

from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TypeAlias

import numpy as np
from array_api_compat import array_namespace, is_array_api_obj, is_numpy_array

from mathlib._lib.host import from_host, to_host

Array: TypeAlias = Any
AllReduce: TypeAlias = Callable[[np.ndarray], np.ndarray]

BLOCK = 1 << 17  # entries of a block of columns: a megabyte in float64, which stays in the cache between two products
LEAST = 256  # columns of a block, however many rows there are: below, products run at the speed of their overhead


def alone(values: np.ndarray) -> np.ndarray:
    """Return the sum over all slices of the columns where one holder has all of them: the values themselves."""
    return values


class GradientRows:
    """m gradients of d entries, by reference: (m, d), of one library, device and dtype.

    Arrays of size d belong to that library. Whatever has the size m is a NumPy array in float64. With `allreduce`
    the columns are a slice of longer rows, and sums over columns are sums over all slices.
    """

    m: int
    d: int
    total: int

    def __init__(self, array: Array, allreduce: AllReduce = alone):
        self.array, self.allreduce = array, allreduce
        self.xp = array_namespace(array)
        self.m, self.d = array.shape
        self.dtype = array.dtype
        self.double = self.xp.float64
        self.total = int(self.allreduce(np.array([float(self.d)]))[0])
        # BLAS takes a matrix if one of its strides is the size of an item; otherwise NumPy would copy all of it.
        self._whole = not is_numpy_array(array) or array.itemsize in array.strides

    @property
    def single(self) -> bool:
        """Whether the rows are float32."""
        return bool(self.dtype == self.xp.float32)

    def lengths(self, x: Array) -> np.ndarray:
        """Return the norms of (d,) or of the columns of (d, k), over all slices. Nothing over- or underflows."""
        xp = self.xp
        scale = xp.max(xp.abs(x))
        scale = xp.where(scale > 0, scale, xp.ones_like(scale))
        scaled = x / scale
        squares = to_host(xp.astype(xp.vecdot(scaled, scaled, axis=-x.ndim), self.double)) * float(scale) ** 2
        return np.sqrt(self.allreduce(np.atleast_1d(squares)))

    def blocks(self, dtype: Any, columns: int | None = None) -> Iterator[tuple[int, int, Array]]:
        """Yield first and last column and the (m, columns) block between them in `dtype`."""
        step = columns or max(LEAST, BLOCK // self.m)
        for start in range(0, self.d, step):
            stop = min(start + step, self.d)
            yield start, stop, self.xp.astype(self.chunk(start, stop), dtype, copy=False)

    def chunk(self, start: int, stop: int) -> Array:
        """Return the columns from `start` to `stop`, in the dtype of the rows."""
        return self.array[:, start:stop]

    def refuse_non_finite(self) -> NoReturn:
        """Raise the error for rows whose squares did not sum to finite numbers."""
        for start, _, block in self.blocks(self.dtype):
            bad = to_host(~self.xp.isfinite(block))
            if bad.any():
                i, j = (int(k) for k in np.argwhere(bad)[0])
                value = float(block[i, j])
                raise ValueError(f"grads must be finite, got grads[{i}, {start + j}] = {value:g}: leave such rows out")
        raise ValueError("grads must have squares that float64 can hold: divide grads by 2**k and damp by 4**k")

    def times(self, x: Array, *, wide: bool = False) -> np.ndarray:
        """Return G x of (d,) or (d, k), products and sums in float64 if `wide`, else in the dtype of the rows."""
        dtype = self.double if wide else self.dtype
        if self._whole and dtype == self.dtype:
            product = self.xp.matmul(self.array, self.xp.astype(x, dtype, copy=False))
        else:
            product = self.xp.zeros((self.m, *x.shape[1:]), dtype=self.double, device=x.device)
            for start, stop, block in self.blocks(dtype):
                part = self.xp.matmul(block, self.xp.astype(x[start:stop, ...], dtype, copy=False))
                product += self.xp.astype(part, self.double, copy=False)
        return self.allreduce(to_host(product).astype(np.float64, copy=False))

    def combine(self, c: np.ndarray, *, wide: bool = False) -> Array:
        """Return G^T c of (m,) or (m, k) host coefficients: in float64 if `wide`, else in the dtype of the rows."""
        dtype = self.double if wide else self.dtype
        coefficients = from_host(c, self.array, dtype)
        if self._whole and dtype == self.dtype:
            return self.xp.matmul(self.array.T, coefficients)
        out = self.xp.empty((self.d, *c.shape[1:]), dtype=dtype, device=coefficients.device)
        for start, stop, block in self.blocks(dtype):
            out[start:stop, ...] = self.xp.matmul(block.T, coefficients)
        return out

    def gram(self, dtype: Any) -> np.ndarray:
        """Return G G^T: products in `dtype` by blocks of columns, their sum in float64."""
        total = self.xp.zeros((self.m, self.m), dtype=self.double, device=self.array.device)
        for _, _, block in self.blocks(dtype, max(4096, BLOCK // self.m)):
            total += self.xp.astype(self.xp.matmul(block, block.T), self.double, copy=False)
        gram = self.allreduce(to_host(total))
        if not np.isfinite(gram).all():
            if dtype != self.double:
                return self.gram(self.double)  # squares beyond the range of float32
            self.refuse_non_finite()
        return gram

    def columns(self, index: np.ndarray) -> np.ndarray:
        """Return some columns on the host, (m, len(index)) in float64."""
        taken = self.xp.take(self.array, from_host(index, self.array, self.xp.int64), axis=1)
        return to_host(taken).astype(np.float64, copy=False)


def gradient_rows(grads: Array, name: str = "grads") -> Array:
    """Return `grads` as a matrix of float32 or float64, one gradient per row, without a look at its entries.

    Nothing is copied but lists, float16 and foreign byte orders.
    """
    if isinstance(grads, np.ma.MaskedArray):
        raise TypeError(f"{name} must not be a masked array, its mask would be lost: call .filled()")
    x = grads if is_array_api_obj(grads) else np.asarray(grads)
    if isinstance(x, np.ndarray | np.generic):
        x = np.asarray(x, dtype=x.dtype.newbyteorder("="))
    xp = array_namespace(x)
    if not xp.isdtype(x.dtype, "real floating") or xp.finfo(x.dtype).bits > 64:
        raise TypeError(f"{name} must hold floats of at most 64 bits, got dtype {x.dtype}: convert it to float64")
    if xp.finfo(x.dtype).bits < 32:
        x = xp.astype(x, xp.float32)
    if x.ndim == 1:
        x = xp.reshape(x, (1, -1))
    if x.ndim != 2 or 0 in x.shape:
        raise ValueError(f"{name} must be m gradients of d entries, m, d >= 1, one in each row; got {tuple(x.shape)}")
    return x
