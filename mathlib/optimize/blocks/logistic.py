"""Logistic regression for block coordinate descent."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mathlib.optimize.blocks.problem import dense
from mathlib.optimize.blocks.row_problem import RowProblem, design

__all__ = ["Logistic"]

Array: TypeAlias = Any  # NumPy, in float64
Index = NDArray[np.intp]


class Logistic(RowProblem):
    """
    Logistic regression, mean of log(1 + exp(-y_k x_k w)), with an optional term, for `minimize_bcd`.

    Parameters
    ----------
    X : array_like or scipy.sparse array, shape (n, p)
        Data; computations are in float64.
    y : array_like, shape (n,)
        Classes, -1 and 1.
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
        If an entry is not finite, lengths do not fit, `y` holds other numbers than -1 and 1, a weight is negative, or
        the groups do not hold each variable once.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import Logistic, minimize_bcd
    >>> X = np.array([[1.0, 2.0], [1.0, -1.0], [1.0, 1.0], [1.0, -2.0]])
    >>> problem = Logistic(X, [1, -1, -1, -1], l1=[0.0, 0.05])
    >>> fit = minimize_bcd(problem, update="newton", tol=1e-10)
    >>> fit.success, round(fit.fun, 6) == round(problem.value(fit.x), 6)
    (True, True)
    """

    ceiling = 0.25

    def __init__(
        self, X: Any, y: Any, /, *, l1: Any = 0.0, bounds: Any = None, groups: Any = None, group_l2: float = 0.0
    ):
        X = design(X)
        self.shape = (X.shape[1],)
        super().__init__(X, y, l1, bounds, groups, group_l2)
        other = np.abs(self.y) != 1
        if other.any():
            k = int(np.argmax(other))
            raise ValueError(f"y must hold -1 and 1, got y[{k}] = {self.y[k]:g}: number the two classes so")

    def state(self, x: Array) -> Array:
        """Return the margins y_k x_k w."""
        return self.y * (self.data @ x)

    def smooth(self, x: Array, z: Array) -> float:
        """Return f."""
        return float(np.logaddexp(0.0, -z).mean())

    def gradient(self, z: Array) -> Array:
        """Return the gradient of f."""
        return -(self.data.T @ (self.y * _logistic(-z))) / self.n

    def block_gradient(self, z: Array, M: Any, index: Index) -> Array:
        """Return the gradient of f on a block."""
        return -(M.T @ (self.y * _logistic(-z))) / self.n

    def shift(self, M: Any, index: Index, d: Array) -> Array:
        """Return the change of the margins."""
        return self.y * (M @ d)

    def change(self, z: Array, dz: Array, index: Index, d: Array) -> float:
        """Return the change of f."""
        small = np.abs(dz) <= 1
        accurate = np.log1p(_logistic(-z) * np.expm1(np.where(small, -dz, 0.0)))
        return float(np.where(small, accurate, np.logaddexp(0.0, -z - dz) - np.logaddexp(0.0, -z)).mean())

    def hessian(self, z: Array, M: Any, index: Index) -> Array:
        """Return the Hessian of f on a block."""
        weights = _logistic(z) * _logistic(-z) / self.n
        return dense(M.T @ (M * weights[:, None]))

    def bound_product(self, dz: Array) -> Array:
        """Return the bound of the whole Hessian times the step that changes the state by dz."""
        return super().bound_product(self.y * dz)


def _logistic(z: Array) -> Array:
    """Return 1 / (1 + exp(-z)), without overflow."""
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, small) / (1.0 + small)
