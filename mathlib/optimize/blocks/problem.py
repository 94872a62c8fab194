"""What the descent asks of an objective: a smooth function of which blocks are cheap to change, and a term."""

from abc import ABC, abstractmethod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mathlib.optimize.blocks.terms import make_term

__all__ = ["Problem", "dense"]

Array: TypeAlias = Any  # NumPy, in float64
Index = NDArray[np.intp]
Matrix: TypeAlias = Any  # a NumPy array or a CSC array


class Problem(ABC):
    """F(x) = f(x) + term(x), x a vector; the shape that users see may be another.

    The descent keeps a state z, linear in x, from which f and its gradient come without a pass over all data. The
    columns M of a block are taken once by `columns` and handed to the methods that need them.
    """

    shape: tuple[int, ...]
    data: Matrix  # its columns belong to variables

    def __init__(self, l1: Any, bounds: Any, groups: Any, group_l2: Any):
        self.size = int(np.prod(self.shape))
        self.term = make_term(self.size, l1, bounds, groups, group_l2)
        #: Bound of the second derivative in each coordinate; 1 where the coordinate does nothing.
        self.lipschitz = self._diagonal()
        self.lipschitz[self.lipschitz == 0] = 1.0

    def value(self, x: Any, /) -> float:
        """Return the objective at `x`, infinite outside the bounds."""
        point = np.asarray(x, np.float64).reshape(self.size)
        if not self.term.feasible(point):
            return np.inf
        return self.smooth(point, self.state(point)) + self.term.value(point)

    def columns(self, index: Index) -> Matrix:
        """Return the columns of a block."""
        return self.data[:, index]

    @abstractmethod
    def state(self, x: Array) -> Array:
        """Return the state of a point."""

    @abstractmethod
    def smooth(self, x: Array, z: Array) -> float:
        """Return f."""

    @abstractmethod
    def gradient(self, z: Array) -> Array:
        """Return the gradient of f."""

    @abstractmethod
    def block_gradient(self, z: Array, M: Matrix, index: Index) -> Array:
        """Return the gradient of f on a block."""

    @abstractmethod
    def shift(self, M: Matrix, index: Index, d: Array) -> Array:
        """Return the change of the state with a step d of a block."""

    @abstractmethod
    def change(self, z: Array, dz: Array, index: Index, d: Array) -> float:
        """Return the change of f, accurate also where it is far below f itself."""

    @abstractmethod
    def bound(self, M: Matrix, index: Index) -> Array:
        """Return a matrix that is at least the Hessian of f on a block, at every point."""

    @abstractmethod
    def hessian(self, z: Array, M: Matrix, index: Index) -> Array:
        """Return the Hessian of f on a block."""

    @abstractmethod
    def bound_product(self, dz: Array) -> Array:
        """Return the bound of the whole Hessian times the step that changes the state by dz."""

    @abstractmethod
    def row_sums(self) -> Array:
        """Return the sums of the absolute values in the rows of the bound of the whole Hessian."""

    @abstractmethod
    def _diagonal(self) -> Array:
        """Return the diagonal of the bound of the whole Hessian."""


def dense(matrix: Any) -> Array:
    """Return a small sparse or dense matrix as an array."""
    return np.asarray(matrix.toarray() if sparse.issparse(matrix) else matrix)
