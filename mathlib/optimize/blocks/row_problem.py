"""Means over the rows of data, of functions whose second derivative is bounded."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mathlib._lib.validate import finite_array
from mathlib.optimize.blocks.problem import Problem, dense

__all__ = ["RowProblem", "design"]

Array: TypeAlias = Any  # NumPy, in float64
Index = NDArray[np.intp]
Matrix: TypeAlias = Any  # a NumPy array or a CSC array

GRAM_COLUMNS = 256  # of the Gram matrix at a time


class RowProblem(Problem):
    """A mean over n rows: f(x) = sum_k phi_k(X x) / n with phi'' <= ceiling."""

    ceiling: float

    def __init__(self, X: Any, y: Any, l1: Any, bounds: Any, groups: Any, group_l2: Any):
        self.data = design(X)
        self.n: int = self.data.shape[0]
        self.y = np.asarray(finite_array(y, "y", ndim=1), np.float64)
        if self.y.size != self.n:
            raise ValueError(f"y must have one entry for each of the {self.n} rows of X, got {self.y.size}")
        super().__init__(l1, bounds, groups, group_l2)

    def _squares(self) -> Array:
        squares = self.data * self.data
        return np.asarray(squares.sum(axis=0), np.float64)

    def _gram_row_sums(self) -> Array:
        sums = np.zeros(self.data.shape[1])
        for start in range(0, sums.size, GRAM_COLUMNS):
            part = slice(start, start + GRAM_COLUMNS)
            sums[part] = abs(self.data.T @ self.data[:, part]).sum(axis=0)
        return sums

    def _diagonal(self) -> Array:
        return self.ceiling / self.n * self._squares()

    def bound(self, M: Matrix, index: Index) -> Array:
        """Return a matrix that is at least the Hessian of f on a block, at every point."""
        return self.ceiling / self.n * dense(M.T @ M)

    def bound_product(self, dz: Array) -> Array:
        """Return the bound of the whole Hessian times the step that changes the state by dz."""
        return self.ceiling / self.n * (self.data.T @ dz)

    def row_sums(self) -> Array:
        """Return the sums of the absolute values in the rows of the bound of the whole Hessian."""
        return self.ceiling / self.n * self._gram_row_sums()


def design(X: Any) -> Matrix:
    """Return the data as a finite float64 array, or CSC array, with at least one row and one column."""
    if sparse.issparse(X):
        X = sparse.csc_array(X)
        if X.dtype.kind not in "fiub":
            raise TypeError(f"X must hold real numbers, got dtype {X.dtype}: convert it to float64")
        X = X.astype(np.float64, copy=False)
        finite_array(X.data, "X.data")
    else:
        X = np.asarray(finite_array(X, "X", ndim=2), np.float64)
    if 0 in X.shape:
        raise ValueError(f"X must have at least one row and one column, got shape {X.shape}")
    return X
