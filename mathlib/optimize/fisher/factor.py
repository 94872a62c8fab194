"""Cholesky factor of the damped Gram matrix of a window, changed in O(m^2) when a gradient leaves or enters.

The factor is R with R^T R = S, upper triangular in C order and zero below: rotations run along rows, without the
recurrence that a sweep over the rows of R^T has. Taking a row out adds a rank-one matrix to what follows, which
orthogonal rotations do without loss; nothing is ever subtracted from S (no downdate).
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.linalg import blas, lapack

__all__ = ["border", "drop", "dropping", "factored", "newest"]

PIVOT = 0.5  # of the damping: the square of a pivot is at least the whole of it, less only by rounding


def factored(gram: np.ndarray, shift: float) -> np.ndarray | None:
    """Return R with R^T R = gram + shift I; None if rounding made that matrix indefinite."""
    damped = np.array(gram, order="F")
    damped[np.diag_indices(len(gram))] += shift
    lower, info = lapack.dpotrf(damped, lower=1, clean=1, overwrite_a=1)
    return lower.T if info == 0 else None


def drop(factor: np.ndarray, k: int) -> None:
    """Take row and column k out of R^T R, in place; the last row and column become those of the identity."""
    n = len(factor)
    rest = factor[k, k + 1 :].copy()
    factor[:k, k:-1] = factor[:k, k + 1 :]
    for i in range(k + 1, n):
        row, other = factor[i, i:], rest[i - k - 1 :]
        length = math.hypot(row[0], other[0])
        c, s = row[0] / length, other[0] / length
        factor[i - 1, i - 1 : -1] = c * row + s * other
        other *= c
        other -= s * row
    factor[:, -1] = 0.0
    factor[-1, -1] = 1.0


def dropping(backend: str) -> Callable[[np.ndarray, int], None]:
    """Return `drop`, compiled for the backend 'numba'."""
    if backend != "numba":
        return drop
    from mathlib.optimize.fisher.kernels import rotations

    compiled: Callable[[np.ndarray, int], None] = rotations.drop
    return compiled


def border(factor: np.ndarray, column: np.ndarray, shift: float) -> bool:
    """Give R^T R the last row and column `column` (+ shift on the diagonal), in place, where it has the identity's.

    False, and no change, if the new pivot is so small that rounding has had a part in it.
    """
    known = column.copy()
    known[-1] = 0.0
    last = blas.dtrsv(factor.T, known, lower=1)
    pivot = column[-1] + shift - last @ last
    if not pivot > PIVOT * shift:
        return False
    factor[:, -1] = last
    factor[-1, -1] = math.sqrt(pivot)
    return True


def newest(factor: np.ndarray) -> np.ndarray:
    """Return the last column of S^-1 by one back substitution: R^-T e has a single entry."""
    last = np.zeros(len(factor))
    last[-1] = 1.0 / factor[-1, -1]
    column: np.ndarray = blas.dtrsv(factor.T, last, lower=1, trans=1, overwrite_x=1)
    return column
