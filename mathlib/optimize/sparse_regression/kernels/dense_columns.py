"""Coordinate descent over the columns of a dense matrix, which are the contiguous rows of its transpose.

The inner products may be summed in any order inside a column, which is what makes them run on vectors of numbers.
"""

from numba import njit


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract"})
def _dot(A, j, v):
    s = 0.0
    for i in range(len(v)):
        s += A[j, i] * v[i]
    return s


@njit(nogil=True, cache=True, error_model="numpy")
def descend(columns, squares, r, b, levels, l2, positive, epochs, full):
    """Minimise over one coordinate after the other, `epochs` times, after the first `full` over non-zeros only.

    Keeps the residual `r`. Stops when no coordinate moves by more than rounding.
    """
    for epoch in range(epochs):
        moved = False
        for j in range(len(b)):
            old = b[j]
            if (epoch >= full and old == 0.0) or squares[j] == 0.0:
                continue
            z = old * squares[j] + _dot(columns, j, r)
            h = squares[j] + l2
            a = levels[j]
            if z > a:
                new = (z - a) / h
            elif z < -a and not positive:
                new = (z + a) / h
            else:
                new = 0.0
            if new != old:
                step = new - old
                b[j] = new
                for i in range(len(r)):
                    r[i] -= step * columns[j, i]
                if abs(step) > 1e-14 * abs(new):
                    moved = True
        if not moved:
            break
