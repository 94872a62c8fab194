"""One interface over dense and sparse designs: centred columns with scaled rows, never formed as a whole.

The column that the solvers see is s (x_j - m_j): s are the square roots of the sample weights, m_j is the mean of the
column where there is an intercept, else 0.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathlib.optimize.sparse_regression.columns import (
    Columns,
    DenseColumns,
    MatrixColumns,
    SparseColumns,
    copied,
    stored,
    unsigned,
)

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

BLOCK = 1 << 20  # entries of a dense design that are converted or read at a time
TINY = 1e-280  # squared norms below may be wrong
CACHED = 1_500_000  # non-zeros of sparse columns that are worth a contiguous copy: it then fits in the cache


class Design:
    """
    A design of n rows and p columns.

    Parameters
    ----------
    X : numpy.ndarray or scipy.sparse.csc_array, shape (n, p)
        The matrix, float32 or float64; it is not copied.
    weights : numpy.ndarray, shape (n,), or None
        Sample weights.
    centred : bool
        Whether the weighted means of the columns are subtracted.
    compiled : bool
        Whether compiled loops may be used.
    """

    def __init__(self, X: Any, weights: Floats | None, centred: bool, compiled: bool) -> None:
        self.X, self.compiled, self.centred = X, compiled, centred
        self.n, self.p = X.shape
        self.sparse = not isinstance(X, np.ndarray)
        self.scale = None if weights is None else np.sqrt(weights)
        self.total = float(self.n) if weights is None else float(weights.sum())
        weights = np.ones(self.n) if weights is None else weights
        self.loops: Any = None
        if compiled and self.sparse:
            from mathlib.optimize.sparse_regression.kernels import sparse_columns

            self.loops = sparse_columns
            self.data, self.rows = X.data, unsigned(X.indices)
            # 64-bit ones stay signed: numba adds an unsigned and a signed integer of that size as floats
            self.starts = unsigned(X.indptr) if X.indptr.itemsize == 4 else X.indptr
        self.all = np.arange(self.p)
        self.means = np.zeros(self.p)
        if centred:
            self.means = self._products(weights, self.all) / self.total
        self.squares = self._squares(weights)
        self.norms = np.sqrt(self.squares)

    def correlations(self, v: Floats, index: Indices | None = None) -> Floats:
        """Return the inner products of `v` with the chosen columns, by default all."""
        v = v if self.scale is None else self.scale * v
        index = self.all if index is None else index
        products = self._products(v, index)
        if self.centred:
            products -= v.sum() * self.means[index]
        return products

    def combine(self, index: Indices, x: Floats) -> Floats:
        """Return the chosen columns times `x`."""
        out = np.zeros(self.n)
        if len(index):
            if self.loops is not None:
                self.loops.combine(self.data, self.rows, self.starts, index, x, out)
            elif self.sparse:
                out += self.X[:, index] @ x
            else:
                step = max(1, BLOCK // self.n)
                for k in range(0, len(index), step):
                    out += x[k : k + step] @ self.dense(index[k : k + step])
                return out
            if self.centred:
                out -= x @ self.means[index]
            if self.scale is not None:
                out *= self.scale
        return out

    def dense(self, index: Indices) -> Floats:
        """Return the chosen columns as the contiguous rows of a new float64 array."""
        if self.sparse:
            rows = np.ascontiguousarray(self.X[:, index].toarray().T, dtype=np.float64)
        elif self.X.flags.f_contiguous:
            rows = self.X.T[index].astype(np.float64, copy=False)
        else:
            rows = np.ascontiguousarray(self.X[:, index].T, dtype=np.float64)
        if self.centred:
            rows -= self.means[index, None]
        if self.scale is not None:
            rows *= self.scale
        return rows

    def reduced(self, index: Indices, y: Floats, span: Floats | None) -> tuple[Columns, Floats, Floats | None]:
        """Return the problem of the chosen columns: they, the response, the span of the columns without penalty."""
        return self._columns(index), y, span

    def _columns(self, index: Indices) -> Columns:
        squares = self.squares[index]
        if self.loops is not None:
            matrix = self.data, self.rows, self.starts
            chosen = index
            if self.scale is not None or stored(self.starts, index) <= CACHED:
                matrix, chosen = copied(self.loops, matrix, index, self.scale), np.arange(len(index))
            return SparseColumns(self.loops, matrix, chosen, squares, self.means[index], self.n, self.scale)
        if not self.sparse:
            kind = DenseColumns if self.compiled else MatrixColumns
            return kind(self.dense(index).T, squares)
        matrix = self.X[:, index]
        if self.scale is not None:
            from scipy import sparse

            matrix = sparse.csc_array(sparse.diags_array(self.scale) @ matrix)
        return MatrixColumns(matrix, squares, self.means[index] if self.centred else None, self.scale)

    def _products(self, v: Floats, index: Indices) -> Floats:
        """Inner products with the columns of `X` itself."""
        if self.loops is not None:
            out = np.empty(len(index))
            self.loops.correlations(self.data, self.rows, self.starts, index, v, out)
            return out
        if self.sparse:
            return np.asarray(self.X.T @ v)[index]
        if self.X.dtype == np.float64:
            return np.asarray(self.X.T @ v)[index]
        out = np.zeros(self.p)
        if self.X.flags.f_contiguous:
            step = max(1, BLOCK // self.n)
            for k in range(0, self.p, step):
                out[k : k + step] = v @ self.X[:, k : k + step].astype(np.float64, copy=False)
        else:
            step = max(1, BLOCK // self.p)
            for k in range(0, self.n, step):
                out += v[k : k + step] @ self.X[k : k + step].astype(np.float64, copy=False)
        return out[index]

    def _squares(self, weights: Floats) -> Floats:
        """Squared norms of the columns; 0 where nothing but rounding is left of a constant column."""
        out = np.zeros(self.p)
        with np.errstate(over="ignore", under="ignore"):
            if self.loops is not None:
                some = np.empty(0) if self.scale is None else weights
                self.loops.squares(self.data, self.rows, self.starts, some, self.total, self.means, out)
            elif self.sparse:
                X = self.X
                sizes = np.diff(X.indptr)
                d = X.data - np.repeat(self.means, sizes)
                labels = np.repeat(self.all, sizes)
                w = weights[X.indices]
                out += np.bincount(labels, w * d * d, self.p)
                rest = self.total - np.bincount(labels, w, self.p)
                out += np.maximum(rest, 0.0) * self.means**2
            else:
                out = self._dense_squares()
            self._check(out)
            if self.centred:
                out[out <= 1e-29 * self.total * self.means**2] = 0.0
        return out

    def _dense_squares(self) -> Floats:
        out = np.zeros(self.p)
        if self.X.flags.f_contiguous:
            step = max(1, BLOCK // self.n)
            for k in range(0, self.p, step):
                rows = self.X.T[k : k + step].astype(np.float64, copy=False)
                rows = rows - self.means[k : k + step, None] if self.centred else rows
                rows = rows if self.scale is None else rows * self.scale
                out[k : k + step] = np.vecdot(rows, rows)
        else:
            step = max(1, BLOCK // self.p)
            for k in range(0, self.n, step):
                rows = self.X[k : k + step].astype(np.float64, copy=False)
                rows = rows - self.means if self.centred else rows
                rows = rows if self.scale is None else rows * self.scale[k : k + step, None]
                out += np.einsum("ij,ij->j", rows, rows)
        return out

    def _check(self, squares: Floats) -> None:
        """Refuse columns whose squared norm is no float64."""
        bad = ~np.isfinite(squares)
        for j in np.flatnonzero(bad | (squares < TINY)):
            column = self.X[:, [j]]
            values = np.abs(column.data if self.sparse else column)
            largest = float(values.max(initial=0.0))
            if not math.isfinite(largest):
                raise ValueError(f"X must be finite, got {largest:g} in column {j}: remove or replace such entries")
            if bad[j] or 0.0 < largest < math.sqrt(TINY):
                raise ValueError(
                    f"column {j} of X has entries too large or small to square in float64: multiply it by a constant"
                )
