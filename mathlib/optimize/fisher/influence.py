"""Influence of training examples on the loss of others, by the inverse empirical Fisher matrix."""

from typing import Any, Literal, TypeAlias

import numpy as np
from array_api_compat import array_namespace

from mathlib._lib.validate import choice
from mathlib.optimize.fisher.gradients import GradientRows
from mathlib.optimize.fisher.gram_side import GramSide
from mathlib.optimize.fisher.inverse import FisherInverse
from mathlib.optimize.fisher.vectors import flat_floats

Array: TypeAlias = Any

__all__ = ["influence"]


def influence(
    fisher: FisherInverse, test_grads: Array, /, *, train: Literal["stored"] | Array = "stored"
) -> np.ndarray:
    """
    Return the products test_grads H^-1 train_grads^T: how much examples in training bear on the loss of others.

    To first order, leaving example j out of n in training raises the loss of example i by influence[i, j] / n.

    Parameters
    ----------
    fisher : FisherInverse
        Inverse of the empirical Fisher matrix.
    test_grads : (n_test, d) array of float32 or float64, or list of arrays
        Gradients of the losses of interest, in the library of the gradients held; a vector is one gradient. A list
        with one array (n_test, \\*shape) for each parameter if the gradients held were given so.
    train : 'stored' or array, default 'stored'
        Gradients of the training examples, in the form of `test_grads`; 'stored' for those that ``fisher`` holds.

    Returns
    -------
    (n_test, n_train) ndarray of float64
        The influences, on the host. Those of a vector have one row.

    Raises
    ------
    ValueError
        If gradients have another length than d or are not finite.
    TypeError
        If gradients hold integers, or belong to another library than those held.

    See Also
    --------
    FisherInverse.quad_rows : Influences of all pairs of gradients held.

    Notes
    -----
    Influence functions [1]_ with the empirical Fisher matrix as the Hessian matrix. For stored gradients
    G H^-1 x = n S^-1 G x, one pass over them and no subtraction, however small the damping is; otherwise one product
    with the inverse for each example of the smaller side.

    References
    ----------
    .. [1] P. W. Koh, P. Liang, "Understanding Black-box Predictions via Influence Functions", Proceedings of the 34th
       International Conference on Machine Learning, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import empirical_fisher_inverse, influence
    >>> fisher = empirical_fisher_inverse(np.array([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]]), damp=0.5)
    >>> influence(fisher, np.array([1.0, 1.0, 1.0]))
    array([[1. , 0.8]])
    """
    test, side = _matrix(fisher, test_grads, "test_grads"), fisher._side
    if isinstance(train, str):
        choice(train, "train", ("stored",))
        if isinstance(side, GramSide):
            return side.divisor * side.small.solve(side.rows.times(test.T, wide=True)).T
        return side.rows.times(side.solve(test.T), wide=True).T
    other = _matrix(fisher, train, "train")
    if other.shape[0] < test.shape[0]:
        return GradientRows(test, side.rows.allreduce).times(side.solve(other.T), wide=True)
    return GradientRows(other, side.rows.allreduce).times(side.solve(test.T), wide=True).T


def _matrix(fisher: FisherInverse, grads: Array, name: str) -> Array:
    """Return gradients as (k, d)."""
    flat, _ = flat_floats(fisher, grads, name)
    if flat.ndim > 2:
        raise ValueError(f"{name} must be a matrix with one gradient per row, got shape {tuple(flat.shape)}")
    return array_namespace(flat).reshape(flat, (-1, fisher.shape[0]))
