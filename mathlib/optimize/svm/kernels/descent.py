"""Dual coordinate descent for the support vector machine.

Hsieh, Chang, Lin, Keerthi and Sundararajan, ICML 2008. Inner products may be summed in any order inside a row.
"""

from numba import njit


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract"})
def _dot(x, w, n):
    s = 0.0
    for i in range(n):
        s += x[i] * w[i]
    return s


@njit(nogil=True, cache=True)
def descend(M, squares, a, w, C, order, epochs):
    """Minimise |w|^2/2 - sum a, w = M'a, over one a in [0, C] after the other, in a given order and back.

    After the first epoch only those that are not at a bound.
    """
    n = M.shape[1]
    for epoch in range(epochs):
        for t in range(len(order)):
            j = order[t] if epoch % 2 == 0 else order[len(order) - 1 - t]
            if squares[j] == 0.0 or (epoch > 0 and (a[j] == 0.0 or a[j] == C)):
                continue
            row = M[j]
            new = min(max(a[j] + (1.0 - _dot(row, w, n)) / squares[j], 0.0), C)
            step = new - a[j]
            if step != 0.0:
                a[j] = new
                for i in range(n):
                    w[i] += step * row[i]
