"""Convex quadratics, such as those of graphs, for block coordinate descent."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mathlib._lib.validate import finite_array
from mathlib.optimize.blocks.problem import Problem, dense
from mathlib.optimize.forest.symmetric import symmetric_matrix

__all__ = ["Quadratic"]

Array: TypeAlias = Any  # NumPy, in float64
Index = NDArray[np.intp]


class Quadratic(Problem):
    """
    A convex quadratic, x A x / 2 - b x, with an optional term, for `minimize_bcd`.

    Parameters
    ----------
    A : array_like or scipy.sparse array, shape (p, p)
        Symmetric and positive semidefinite, for instance the Laplacian of a graph with a positive diagonal added at
        labelled nodes. On a sparse one a block that induces a forest is minimised exactly, however large.
    b : array_like, shape (p,)
        Linear part.
    l1 : float or array_like of shape (p,), default 0.0
        Weights of the absolute values of the variables.
    bounds : (low, high), optional
        Numbers or arrays of shape (p,), possibly infinite.
    groups : list of arrays of int, optional
        Indices of the variables of each group; each variable is in one. They are the blocks of the descent.
    group_l2 : float, default 0.0
        Weight of the sum of the Euclidean norms of the groups.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If an entry is not finite, lengths do not fit, `A` is not symmetric or has a negative diagonal entry, a weight
        is negative, or the groups do not hold each variable once.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import Quadratic, minimize_bcd
    >>> A = np.array([[2.0, -1.0, 0.0], [-1.0, 2.0, -1.0], [0.0, -1.0, 2.0]])
    >>> minimize_bcd(Quadratic(A, [1.0, 0.0, 1.0]), block_size=1).x.round(4)
    array([1., 1., 1.])
    """

    def __init__(
        self, A: Any, b: Any, /, *, l1: Any = 0.0, bounds: Any = None, groups: Any = None, group_l2: float = 0.0
    ):
        if sparse.issparse(A):
            A = sparse.csc_array(symmetric_matrix(A, "A"))
        else:
            A = np.asarray(finite_array(A, "A", ndim=2), np.float64)
            if A.shape[0] != A.shape[1] or (A != A.T).any():
                raise ValueError(f"A must be symmetric, got one of shape {A.shape} that is not: take (A + A.T) / 2")
        self.b = np.asarray(finite_array(b, "b", ndim=1), np.float64)
        if self.b.size != A.shape[0]:
            raise ValueError(f"b must have one entry for each of the {A.shape[0]} rows of A, got {self.b.size}")
        low = A.diagonal() < 0
        if low.any():
            i = int(np.argmax(low))
            raise ValueError(f"A must be positive semidefinite, got A[{i}, {i}] = {A[i, i]:g}")
        self.data, self.shape = A, (A.shape[0],)
        super().__init__(l1, bounds, groups, group_l2)

    def state(self, x: Array) -> Array:
        """Return the gradient A x - b."""
        return np.asarray(self.data @ x - self.b)

    def smooth(self, x: Array, z: Array) -> float:
        """Return f."""
        return 0.5 * float(x @ (z - self.b))

    def gradient(self, z: Array) -> Array:
        """Return the gradient of f, the state."""
        return z

    def block_gradient(self, z: Array, M: Any, index: Index) -> Array:
        """Return the gradient of f on a block."""
        return z[index]

    def shift(self, M: Any, index: Index, d: Array) -> Array:
        """Return the change of the gradient."""
        return np.asarray(M @ d)

    def change(self, z: Array, dz: Array, index: Index, d: Array) -> float:
        """Return the change of f."""
        return float((z[index] + 0.5 * dz[index]) @ d)

    def bound(self, M: Any, index: Index) -> Array:
        """Return the Hessian of f on a block."""
        return dense(M[index])

    def hessian(self, z: Array, M: Any, index: Index) -> Array:
        """Return the Hessian of f on a block."""
        return self.bound(M, index)

    def bound_product(self, dz: Array) -> Array:
        """Return the Hessian times the step that changes the state by dz."""
        return dz

    def row_sums(self) -> Array:
        """Return the sums of the absolute values in the rows of the Hessian."""
        return np.asarray(abs(self.data).sum(axis=1), np.float64)

    def _diagonal(self) -> Array:
        return np.array(self.data.diagonal(), np.float64)
