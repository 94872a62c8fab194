"""The columns of a working set with their rows scaled, as the quadratic model of the logistic loss has them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathlib.optimize.sparse_regression.columns import Columns, DenseColumns, MatrixColumns, SparseColumns, copied
from mathlib.optimize.sparse_regression.design_matrix import Design

Floats = NDArray[np.float64]


class Scalable:
    """Chosen columns of a design and, with an intercept, a last column of ones."""

    def __init__(self, design: Design, chosen: NDArray[np.intp], intercept: bool):
        self.design, self.index = design, np.arange(len(chosen) + intercept)
        self.matrix: Any
        if design.loops is not None:
            data, rows, starts = copied(design.loops, (design.data, design.rows, design.starts), chosen)
            if intercept:
                data = np.concatenate((data, np.ones(design.n, data.dtype)))
                rows = np.concatenate((rows, np.arange(design.n, dtype=rows.dtype)))
                starts = np.concatenate((starts, starts[-1:] + starts.dtype.type(design.n)))
            self.matrix = data, rows, starts
        else:
            self.matrix = design.dense(chosen)
            if intercept:
                self.matrix = np.concatenate((self.matrix, np.ones((1, design.n))))

    def combine(self, x: Floats) -> Floats:
        """Return the columns, not scaled, times `x`."""
        if self.design.loops is None:
            return np.asarray(x @ self.matrix)
        out = np.zeros(self.design.n)
        self.design.loops.combine(*self.matrix, self.index, x, out)
        return out

    def correlations(self, v: Floats) -> Floats:
        """Return the inner products of the columns, not scaled, with `v`."""
        if self.design.loops is None:
            return np.asarray(self.matrix @ v)
        out = np.empty(len(self.index))
        self.design.loops.correlations(*self.matrix, self.index, v, out)
        return out

    def model(self, h: Floats, v: Floats, c: Floats) -> tuple[Columns, Floats]:
        """Return columns with the inner products of these, rows weighted by `h`, and a vector that has those of `v`."""
        scale = np.sqrt(h)
        return self._scaled(scale), v / scale

    def _scaled(self, scale: Floats) -> Columns:
        loops, count = self.design.loops, len(self.index)
        if loops is None:
            rows = self.matrix * scale
            kind = DenseColumns if self.design.compiled else MatrixColumns
            return kind(rows.T, np.einsum("ij,ij->i", rows, rows))
        matrix = copied(loops, self.matrix, self.index, scale)
        squares = np.empty(count)
        loops.squares(*matrix, np.ones(self.design.n), float(self.design.n), np.zeros(count), squares)
        return SparseColumns(loops, matrix, self.index, squares, np.zeros(count), self.design.n)
