"""The columns of a working set, as the inner solver sees them: products, copies, and a few rounds of descent."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mathlib.optimize.sparse_regression.proximal import proximal_descent

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Matrix = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]  # data, rows, starts of a CSC matrix


class Columns(Protocol):
    """What the inner solver needs of the columns of a working set."""

    squares: Floats

    def correlations(self, v: Floats) -> Floats:
        """Return the inner products with `v`."""

    def combine(self, x: Floats) -> Floats:
        """Return the columns times `x`."""

    def take(self, index: Indices) -> "Columns":
        """Return a copy of some of the columns."""

    def gram(self) -> Floats | None:
        """Return the inner products of all pairs of columns, or None where that is no good way."""

    def descend(self, r: Floats, b: Floats, levels: Floats, l2: float, positive: bool) -> int:
        """Lower the objective, changing `b` and its residual `r`; return the number of rounds."""


EPOCHS, FULL = 10, 3  # rounds of coordinate descent, and how many of them look at the zeros too


def unsigned(indices: NDArray[Any]) -> NDArray[Any]:
    """Return the same non-negative integers as unsigned integers, without a copy."""
    return indices.view(np.uint32 if indices.itemsize == 4 else np.uint64)


class MatrixColumns:
    """Columns held by a dense or sparse matrix; descent by accelerated proximal gradients, without compiled code."""

    def __init__(self, A: Any, squares: Floats, means: Floats | None = None, scale: Floats | None = None) -> None:
        self.A, self.squares, self.means = A, squares, means
        self.scale: Any = 1.0 if scale is None else scale

    def correlations(self, v: Floats) -> Floats:
        """Return the inner products with `v`."""
        products = np.asarray(self.A.T @ v)
        return products if self.means is None else products - np.sum(self.scale * v) * self.means

    def combine(self, x: Floats) -> Floats:
        """Return the columns times `x`."""
        out = np.asarray(self.A @ x)
        return out if self.means is None else out - (x @ self.means) * self.scale

    def take(self, index: Indices) -> "MatrixColumns":
        """Return a copy of some of the columns."""
        means = None if self.means is None else self.means[index]
        scale = None if means is None else self.scale
        return MatrixColumns(self.A[:, index], self.squares[index], means, scale)

    def gram(self) -> Floats | None:
        """Return the inner products of all pairs of columns, or None where that is no good way."""
        return np.asarray(self.A.T @ self.A) if isinstance(self.A, np.ndarray) else None

    def descend(self, r: Floats, b: Floats, levels: Floats, l2: float, positive: bool) -> int:
        """Lower the objective, changing `b` and its residual `r`; return the number of rounds."""
        return proximal_descent(self, r, b, levels, l2, positive)


class DenseColumns(MatrixColumns):
    """Dense columns, in Fortran order; compiled coordinate descent."""

    def descend(self, r: Floats, b: Floats, levels: Floats, l2: float, positive: bool) -> int:
        """Lower the objective, changing `b` and its residual `r`; return the number of rounds."""
        from mathlib.optimize.sparse_regression.kernels import dense_columns

        dense_columns.descend(self.A.T, self.squares, r, b, levels, l2, positive, EPOCHS, FULL)
        return EPOCHS


def copied(loops: Any, matrix: Matrix, index: Indices, scale: Floats | None = None) -> Matrix:
    """Return a contiguous copy of the chosen columns, with scaled rows where a scale is given."""
    data, rows, starts = matrix
    count = stored(starts, index)
    new = (
        np.empty(count, data.dtype if scale is None else np.float64),
        np.empty(count, rows.dtype),
        np.empty(len(index) + 1, starts.dtype),
    )
    loops.take(data, rows, starts, index, np.empty(0) if scale is None else scale, *new)
    return new


def stored(starts: NDArray[Any], index: Indices) -> int:
    """Return the number of entries stored for the chosen columns."""
    return int(np.sum(starts[index + 1] - starts[index], dtype=np.int64))


class SparseColumns:
    """Columns of a CSC matrix, chosen by an index; compiled.

    The rows of `matrix` are those of the design; `scale` only says what is subtracted from a centred column.
    """

    def __init__(
        self,
        loops: Any,
        matrix: Matrix,
        index: Indices,
        squares: Floats,
        means: Floats,
        length: int,
        scale: Floats | None = None,
    ) -> None:
        self.length = length
        self.loops, self.matrix, self.index, self.squares, self.means = loops, matrix, index, squares, means
        self.scale: Any = 1.0 if scale is None else scale
        self.centred = bool(means.any())

    def correlations(self, v: Floats) -> Floats:
        """Return the inner products with `v`."""
        out = np.empty(len(self.index))
        self.loops.correlations(*self.matrix, self.index, v, out)
        if self.centred:
            out -= np.sum(self.scale * v) * self.means
        return out

    def combine(self, x: Floats) -> Floats:
        """Return the columns times `x`."""
        out = np.zeros(self.length)
        self.loops.combine(*self.matrix, self.index, x, out)
        if self.centred:
            out -= (x @ self.means) * self.scale
        return out

    def take(self, index: Indices) -> "SparseColumns":
        """Return a copy of some of the columns."""
        matrix = copied(self.loops, self.matrix, self.index[index])
        chosen = np.arange(len(index))
        return SparseColumns(
            self.loops, matrix, chosen, self.squares[index], self.means[index], self.length, self.scale
        )

    def gram(self) -> None:
        """Return None: iterations with the columns are cheaper than the inner products of all pairs."""

    def descend(self, r: Floats, b: Floats, levels: Floats, l2: float, positive: bool) -> int:
        """Lower the objective, changing `b` and its residual `r`; return the number of rounds."""
        total = float(np.sum(self.scale**2 * np.ones_like(r))) if self.centred else 0.0
        offset = self.loops.descend(
            *self.matrix, self.index, self.squares, self.means, total, r, b, levels, l2, positive, EPOCHS, FULL
        )
        if offset:
            r += offset * self.scale
        return EPOCHS
