"""Rows of float32 or float64 times vectors, sums in float64: at the speed of memory, like float32 sums.

The products with rows are reductions whose order of summation is the compiler's (that is what lets it vectorise
them). Every row has an order of its own and every entry of a combination too, so results do not depend on how rows
or columns are shared among threads.
"""

import numpy as np
from numba import njit

__all__ = ["combine", "times"]

TILE = 65536  # columns: that much of a row is read in one go; shorter runs are slower, the vector stays in the cache
SUM = {"reassoc", "nsz", "contract"}  # what the compiler may do to a sum; NaN and infinity keep their meaning


@njit(nogil=True, cache=True, fastmath=SUM)
def dot4(r0, r1, r2, r3, x):
    """Return the products of four rows with x."""
    s0 = s1 = s2 = s3 = 0.0
    for j in range(x.size):
        s0 += np.float64(r0[j]) * x[j]
        s1 += np.float64(r1[j]) * x[j]
        s2 += np.float64(r2[j]) * x[j]
        s3 += np.float64(r3[j]) * x[j]
    return s0, s1, s2, s3


@njit(nogil=True, cache=True, fastmath={"contract"})
def add4(y, r0, r1, r2, r3, c0, c1, c2, c3):
    """Add a combination of four rows to y."""
    for j in range(y.size):
        y[j] += (r0[j] * c0 + r1[j] * c1) + (r2[j] * c2 + r3[j] * c3)


@njit(nogil=True, cache=True)
def times(rows, x, out, start, stop):
    """Write the products of the rows from `start` to `stop` with x."""
    d = x.size
    out[start:stop] = 0.0
    for a in range(0, d, TILE):
        b = min(a + TILE, d)
        for i in range(start, stop, 4):
            p, q, r = min(i + 1, stop - 1), min(i + 2, stop - 1), min(i + 3, stop - 1)  # the last row more than once
            found = dot4(rows[i, a:b], rows[p, a:b], rows[q, a:b], rows[r, a:b], x[a:b])
            for k in range(min(4, stop - i)):
                out[i + k] += found[k]


@njit(nogil=True, cache=True)
def combine(rows, c, y, start, stop):
    """Write the columns from `start` to `stop` of c @ rows, summed in the dtype of c, which is padded with zeros."""
    m = len(rows)
    total = np.empty(min(TILE, stop - start), c.dtype)
    for a in range(start, stop, TILE):
        b = min(a + TILE, stop)
        part = total[: b - a]
        part[:] = 0
        for i in range(0, m, 4):
            p, q, r = min(i + 1, m - 1), min(i + 2, m - 1), min(i + 3, m - 1)
            add4(part, rows[i, a:b], rows[p, a:b], rows[q, a:b], rows[r, a:b], c[i], c[i + 1], c[i + 2], c[i + 3])
        y[a:b] = part
