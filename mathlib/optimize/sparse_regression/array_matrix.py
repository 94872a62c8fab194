"""A dense design on a device or in another array library: products with it run there, vectors come to the processor.

The working set is reduced there too: of its columns, the triangular factor R of X_W = Q R and Q'y describe the problem
without loss, and have only as many rows as columns.
"""

from typing import Any

import numpy as np
from array_api_compat import array_namespace, device
from numpy.typing import NDArray

from mathlib._lib.dispatch import compiled_available
from mathlib._lib.host import to_host
from mathlib.optimize.sparse_regression.columns import Columns, DenseColumns, MatrixColumns

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

BLOCK = 1 << 26  # entries that are converted to float64 at a time


class ArrayDesign:
    """
    A design of n rows and p columns, with the methods of `Design`.

    Parameters
    ----------
    X : array, shape (n, p)
        The matrix, float32 or float64, of any array-API namespace.
    weights : numpy.ndarray, shape (n,), or None
        Sample weights.
    centred : bool
        Whether the weighted means of the columns are subtracted.
    """

    sparse = False

    def __init__(self, X: Any, weights: Floats | None, centred: bool) -> None:
        self.X, self.centred = X, centred
        self.xp, self.device = array_namespace(X), device(X)
        self.n, self.p = X.shape
        self.scale = None if weights is None else np.sqrt(weights)
        self.total = float(self.n) if weights is None else float(weights.sum())
        self.all = np.arange(self.p)
        weights = np.ones(self.n) if weights is None else weights
        self.means = self._products(weights) / self.total if centred else np.zeros(self.p)
        blocks = [self._block(self.all[k : k + self._step()]) for k in range(0, self.p, self._step())]
        squares = [self.xp.sum(block * block, axis=0) for block in blocks]
        self.squares = np.concatenate([to_host(s) for s in squares])
        if not np.isfinite(self.squares).all():
            j = int(np.flatnonzero(~np.isfinite(self.squares))[0])
            raise ValueError(f"column {j} of X has entries too large to square in float64: multiply it by a constant")
        if centred:
            self.squares[self.squares <= 1e-29 * self.total * self.means**2] = 0.0
        self.norms = np.sqrt(self.squares)

    def correlations(self, v: Floats, index: Indices | None = None) -> Floats:
        """Return the inner products of `v` with the chosen columns, by default all."""
        v = v if self.scale is None else self.scale * v
        products = self._products(v) - v.sum() * self.means
        return np.asarray(products if index is None else products[index])

    def combine(self, index: Indices, x: Floats) -> Floats:
        """Return the chosen columns times `x`."""
        out = np.zeros(self.n)
        for k in range(0, len(index), self._step()):
            part = slice(k, k + self._step())
            out += to_host(self._block(index[part]) @ self._moved(x[part]))
        return out

    def dense(self, index: Indices) -> Floats:
        """Return the chosen columns as the contiguous rows of a new NumPy array."""
        return np.ascontiguousarray(to_host(self._block(index)).T)

    def reduced(self, index: Indices, y: Floats, span: Floats | None) -> tuple[Columns, Floats, Floats | None]:
        """Return an equivalent problem: the chosen columns, the response, the span of the columns without penalty."""
        kind = DenseColumns if compiled_available() else MatrixColumns
        columns = self._block(index)
        if self.n <= len(index):
            return kind(np.asfortranarray(to_host(columns)), self.squares[index]), y, span
        q, factor = self.xp.linalg.qr(columns)

        def turned(v: Floats) -> Floats:
            inside = to_host(q.T @ self._moved(v))
            outside = np.sqrt(np.maximum(np.sum(v * v, axis=0) - np.sum(inside * inside, axis=0), 0.0))
            return np.concatenate([inside, outside[None]])

        rows = np.zeros((len(index) + 1, len(index)), order="F")
        rows[:-1] = to_host(factor)
        if span is not None:
            span = np.concatenate([to_host(q.T @ self._moved(span)), np.zeros((1, span.shape[1]))])
        return kind(rows, self.squares[index]), turned(y), span

    def _step(self) -> int:
        return max(1, BLOCK // int(self.n))

    def _moved(self, v: NDArray[Any]) -> Any:
        return self.xp.asarray(v, device=self.device)

    def _block(self, index: Indices) -> Any:
        """Chosen columns of the design, in float64."""
        xp = self.xp
        block = xp.astype(xp.take(self.X, self._moved(index), axis=1), xp.float64, copy=False)
        if self.centred:
            block = block - self._moved(self.means[index])
        return block if self.scale is None else block * self._moved(self.scale)[:, None]

    def _products(self, v: Floats) -> Floats:
        """Inner products with the columns of `X` itself."""
        moved, step = self._moved(v), self._step()
        blocks = (self.X[:, k : min(k + step, self.p)] for k in range(0, self.p, step))
        return np.concatenate([to_host(moved @ self.xp.astype(b, self.xp.float64, copy=False)) for b in blocks])
