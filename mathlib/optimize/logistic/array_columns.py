"""A dense design on a device or in another array library: whatever has a row for each row of it stays there.

The processor sees vectors with an entry for each column, and of the quadratic model of the loss on a working set the
inner products of its columns: a triangular factor of them is a model with as many rows as columns.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathlib._lib.dispatch import compiled_available
from mathlib._lib.host import from_host, to_host
from mathlib.optimize.sparse_regression import array_matrix
from mathlib.optimize.sparse_regression.columns import Columns, DenseColumns, MatrixColumns
from mathlib.optimize.sparse_regression.design_matrix import TINY

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

DAMPING = 1e-13  # relative addition to the squares of the columns, so that dependent ones have a factor, too
FAINT = 1e-150  # norms below, under the weights, underflow in the inner products: such columns stay where they are


class ArrayDesign(array_matrix.ArrayDesign):
    """A design whose vectors over the rows are arrays of its own library."""

    def __init__(self, X: Any) -> None:
        super().__init__(X, None, False)
        for j in np.flatnonzero(self.squares < TINY):
            if self.xp.any(X[:, int(j)] != 0.0):
                raise ValueError(
                    f"column {j} of X has entries too small to square in float64: multiply it by a constant"
                )

    def correlations(self, v: Any, index: Indices | None = None) -> Floats:
        """Return the inner products of `v` with the chosen columns, by default all."""
        products = self._products(v)
        return products if index is None else products[index]

    def combine(self, index: Indices, x: Floats) -> Any:
        """Return the chosen columns times `x`."""
        out = self.xp.zeros(self.n, dtype=self.xp.float64, device=self.device)
        for k in range(0, len(index), self._step()):
            part = slice(k, k + self._step())
            out = out + self._block(index[part]) @ self._moved(x[part])
        return out


class ArrayColumns:
    """Chosen columns of a design and, with an intercept, a last column of ones."""

    def __init__(self, design: ArrayDesign, chosen: Indices, intercept: bool) -> None:
        self.xp, self.intercept = design.xp, intercept
        self.index = np.arange(len(chosen) + intercept)
        self.matrix = self.xp.take(design.X, from_host(chosen, design.X, self.xp.int64), axis=1)

    def combine(self, x: Floats) -> Any:
        """Return the columns times `x`."""
        moved = from_host(x[: self.matrix.shape[1]], self.matrix, self.xp.float64)
        out = self.xp.concat([rows @ moved for _, rows in self._rows()])
        return out + float(x[-1]) if self.intercept else out

    def correlations(self, v: Any) -> Floats:
        """Return the inner products of the columns with `v`."""
        products = to_host(sum(v[part] @ rows for part, rows in self._rows()))
        return np.append(products, float(self.xp.sum(v))) if self.intercept else products

    def model(self, h: Any, v: Any, c: Floats) -> tuple[Columns, Floats]:
        """Return columns with the inner products of these, rows weighted by `h`, and a vector with those of `v`, `c`.

        They have a row for each column, or for each row if that is less.
        """
        from scipy.linalg import solve_triangular

        kind = DenseColumns if compiled_available() else MatrixColumns
        n, count = self.matrix.shape
        if n <= len(self.index):
            matrix = to_host(self.matrix)
            if self.intercept:
                matrix = np.column_stack((matrix, np.ones(n)))
            scale = np.sqrt(to_host(h))
            scaled = np.asfortranarray(matrix * scale[:, None])
            return kind(scaled, np.vecdot(scaled.T, scaled.T)), to_host(v) / scale
        gram = np.empty((len(self.index), len(self.index)))
        gram[:count, :count] = to_host(sum((rows * h[part, None]).T @ rows for part, rows in self._rows()))
        if self.intercept:
            gram[-1] = gram[:, -1] = self.correlations(h)
        norms = np.sqrt(np.diag(gram))
        norms[norms < FAINT] = 0.0
        units = np.where(norms > 0.0, norms, np.inf)
        gram /= np.outer(units, units)
        factor, diagonal = damped_factor(gram)
        columns = kind(np.asfortranarray(factor * norms), diagonal * norms**2)
        return columns, solve_triangular(factor, c / units, trans=1, check_finite=False)

    def _rows(self) -> Iterator[tuple[slice, Any]]:
        """The rows of the matrix in float64, a block at a time."""
        n, count = self.matrix.shape
        step = max(1, array_matrix.BLOCK // max(1, count))
        for k in range(0, n, step):
            part = slice(k, min(k + step, n))
            yield part, self.xp.astype(self.matrix[part, :], self.xp.float64, copy=False)


def damped_factor(gram: Floats) -> tuple[Floats, float]:
    """Return the Cholesky factor R of `gram` = R'R, its diagonal raised until there is one, and that diagonal."""
    from scipy.linalg import LinAlgError, cholesky

    damping = DAMPING
    while True:
        np.fill_diagonal(gram, 1.0 + damping)
        try:
            return cholesky(gram, check_finite=False), 1.0 + damping
        except LinAlgError:
            if damping > len(gram):  # the diagonal dominates: an entry is not finite
                raise
            damping *= 10.0
