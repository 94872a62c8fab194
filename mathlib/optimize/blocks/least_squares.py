"""Least squares for block coordinate descent."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mathlib.optimize.blocks.row_problem import RowProblem, design

__all__ = ["LeastSquares"]

Array: TypeAlias = Any  # NumPy, in float64
Index = NDArray[np.intp]


class LeastSquares(RowProblem):
    """
    Least squares, ``|X x - y|^2 / (2 n)``, with an optional term, for `minimize_bcd`.

    Parameters
    ----------
    X : array_like or scipy.sparse array, shape (n, p)
        Data; computations are in float64.
    y : array_like, shape (n,)
        Right-hand side.
    l1 : float or array_like of shape (p,), default 0.0
        Weights of the absolute values of the variables: l1 > 0 is the lasso with alpha = l1.
    bounds : (low, high), optional
        Numbers or arrays of shape (p,), possibly infinite: ``(0, numpy.inf)`` is non-negative least squares.
    groups : list of arrays of int, optional
        Indices of the variables of each group; each variable is in one. They are the blocks of the descent.
    group_l2 : float, default 0.0
        Weight of the sum of the Euclidean norms of the groups.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If an entry is not finite, lengths do not fit, a weight is negative, or the groups do not hold each variable
        once.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import LeastSquares, minimize_bcd
    >>> X = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0], [1.0, 1.0, 0.0], [0.0, 2.0, 1.0]])
    >>> fit = minimize_bcd(LeastSquares(X, X @ [1.0, 2.0, -1.0]), block_size=2, tol=1e-12)
    >>> fit.x.round(9)
    array([ 1.,  2., -1.])
    """

    ceiling = 1.0

    def __init__(
        self, X: Any, y: Any, /, *, l1: Any = 0.0, bounds: Any = None, groups: Any = None, group_l2: float = 0.0
    ):
        X = design(X)
        self.shape = (X.shape[1],)
        super().__init__(X, y, l1, bounds, groups, group_l2)

    def state(self, x: Array) -> Array:
        """Return the residual X x - y."""
        return self.data @ x - self.y

    def smooth(self, x: Array, z: Array) -> float:
        """Return f."""
        return float(z @ z) / (2 * self.n)

    def gradient(self, z: Array) -> Array:
        """Return the gradient of f."""
        return (self.data.T @ z) / self.n

    def block_gradient(self, z: Array, M: Any, index: Index) -> Array:
        """Return the gradient of f on a block."""
        return (M.T @ z) / self.n

    def shift(self, M: Any, index: Index, d: Array) -> Array:
        """Return the change of the residual."""
        return M @ d

    def change(self, z: Array, dz: Array, index: Index, d: Array) -> float:
        """Return the change of f."""
        return float((z + 0.5 * dz) @ dz) / self.n

    def hessian(self, z: Array, M: Any, index: Index) -> Array:
        """Return the Hessian of f on a block."""
        return self.bound(M, index)
