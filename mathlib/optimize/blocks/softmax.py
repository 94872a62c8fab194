"""Multinomial regression for block coordinate descent."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mathlib._lib.validate import finite_array
from mathlib.optimize.blocks.problem import dense
from mathlib.optimize.blocks.row_problem import RowProblem, design

__all__ = ["Softmax"]

Array: TypeAlias = Any  # NumPy, in float64
Index = NDArray[np.intp]


class Softmax(RowProblem):
    """
    Multinomial regression, mean of -log of the softmax of x_k W at class y_k, for `minimize_bcd`.

    Parameters
    ----------
    X : array_like or scipy.sparse array, shape (n, p)
        Data; computations are in float64.
    y : array_like of int, shape (n,)
        Classes, 0 to K - 1, at least two of them.
    l1 : float or array_like of shape (p * K,), default 0.0
        Weights of the absolute values of the variables.
    bounds : (low, high), optional
        Numbers or arrays of shape (p * K,), possibly infinite.
    groups : list of arrays of int, optional
        Indices of the variables of each group; each variable is in one. They are the blocks of the descent. Variable
        ``j * K + c`` is ``W[j, c]``, so ``numpy.arange(p * K).reshape(p, K)`` makes a group of each row.
    group_l2 : float, default 0.0
        Weight of the sum of the Euclidean norms of the groups.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If an entry is not finite, lengths do not fit, `y` is no numbering of at least two classes, a weight is
        negative, or the groups do not hold each variable once.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import Softmax, minimize_bcd
    >>> X = np.array([[1.0, 0.0], [1.0, 0.5], [1.0, 1.0], [1.0, 1.5], [1.0, 2.0], [1.0, 2.5]])
    >>> fit = minimize_bcd(Softmax(X, [0, 1, 0, 1, 2, 2], l1=0.02), block_size=2)
    >>> fit.x.shape, fit.success
    ((2, 3), True)
    """

    def __init__(
        self, X: Any, y: Any, /, *, l1: Any = 0.0, bounds: Any = None, groups: Any = None, group_l2: float = 0.0
    ):
        X = design(X)
        classes = np.asarray(finite_array(y, "y", ndim=1))
        if classes.size == 0 or (classes != np.round(classes)).any() or classes.min() < 0 or classes.max() < 1:
            raise ValueError(
                f"y must number at least two classes from 0 on, got {np.unique(classes)[:5]}: take "
                "numpy.unique(y, return_inverse=True)[1]"
            )
        self.classes = int(classes.max()) + 1
        self.ceiling = 0.5 * (1 - 1 / self.classes)
        self.shape = (X.shape[1], self.classes)
        super().__init__(X, y, l1, bounds, groups, group_l2)
        self.truth = np.eye(self.classes)[self.y.astype(np.intp)]

    def columns(self, index: Index) -> Any:
        """Return the column of each variable of a block."""
        return self.data[:, index // self.classes]

    def state(self, x: Array) -> Array:
        """Return the scores X W."""
        return np.asarray(self.data @ x.reshape(self.shape))

    def _probabilities(self, z: Array) -> Array:
        weights = np.exp(z - z.max(axis=1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))

    def smooth(self, x: Array, z: Array) -> float:
        """Return f."""
        z = z - z.max(axis=1, keepdims=True)
        return float((np.log(np.exp(z).sum(axis=1)) - (z * self.truth).sum(axis=1)).mean())

    def gradient(self, z: Array) -> Array:
        """Return the gradient of f."""
        return np.asarray(self.data.T @ (self._probabilities(z) - self.truth)).ravel() / self.n

    def block_gradient(self, z: Array, M: Any, index: Index) -> Array:
        """Return the gradient of f on a block."""
        errors = (self._probabilities(z) - self.truth)[:, index % self.classes]
        return np.asarray((M * errors).sum(axis=0)) / self.n

    def shift(self, M: Any, index: Index, d: Array) -> Array:
        """Return the change of the scores."""
        weights = np.zeros((d.size, self.classes))
        weights[np.arange(d.size), index % self.classes] = d
        return np.asarray(M @ weights)

    def change(self, z: Array, dz: Array, index: Index, d: Array) -> float:
        """Return the change of f."""
        small = np.abs(dz).max(axis=1, initial=0.0) <= 1
        growth = np.log1p((self._probabilities(z) * np.expm1(np.where(small[:, None], dz, 0.0))).sum(axis=1))
        if not small.all():
            growth = np.where(small, growth, _log_sum(z + dz) - _log_sum(z))
        return float((growth - (dz * self.truth).sum(axis=1)).mean())

    def bound(self, M: Any, index: Index) -> Array:
        """Return a matrix that is at least the Hessian of f on a block: (I - 1/K) / 2 times the Gram matrix."""
        c = index % self.classes
        return 0.5 / self.n * dense(M.T @ M) * ((c[:, None] == c) - 1 / self.classes)

    def hessian(self, z: Array, M: Any, index: Index) -> Array:
        """Return the Hessian of f on a block, as a sum of squares over the classes: differences would lose its sign."""
        P = self._probabilities(z)
        c, one = index % self.classes, np.eye(self.classes)
        rest = P @ (1 - one)  # 1 - P without cancellation
        H = np.zeros((index.size, index.size))
        for k in range(self.classes):
            root = M * (np.sqrt(P[:, [k]]) * np.where(c == k, rest[:, [k]], -P[:, c]))
            H += dense(root.T @ root)
        return H / self.n

    def bound_product(self, dz: Array) -> Array:
        """Return the bound of the whole Hessian times the step that changes the state by dz."""
        centred = dz - dz.mean(axis=1, keepdims=True)
        return 0.5 / self.n * np.asarray(self.data.T @ centred).ravel()

    def row_sums(self) -> Array:
        """Return the sums of the absolute values in the rows of the bound of the whole Hessian."""
        return np.repeat(2 * self.ceiling / self.n * self._gram_row_sums(), self.classes)

    def _diagonal(self) -> Array:
        return np.repeat(self.ceiling / self.n * self._squares(), self.classes)


def _log_sum(z: Array) -> Array:
    top = z.max(axis=1)
    return np.asarray(top + np.log(np.exp(z - top[:, None]).sum(axis=1)))
