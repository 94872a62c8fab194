"""Block coordinate descent with exact minimisers of the blocks.

In a block the columns are orthogonal with squared norms D, so for u = Q'r + D z the minimiser of
|r - Q d|^2/2 + L |z + d| is 0 if |u| <= L, else z_i = u_i t / (D_i t + L) where t, its norm, solves
s(t) = sum (u_i / (D_i t + L))^2 = 1. Newton's method on s^(-1/2), which is concave, increases from t = 0 to the root.
"""

import numpy as np
from numba import njit


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract"})
def _dot(x, y, n):
    s = 0.0
    for i in range(n):
        s += x[i] * y[i]
    return s


@njit(nogil=True, cache=True)
def norm_of_minimiser(u, d, level):
    """Return the t with s(t) = 1."""
    t = 0.0
    for _ in range(60):
        s = 0.0
        slope = 0.0
        for i in range(len(u)):
            e = d[i] * t + level
            q = u[i] / e
            s += q * q
            slope += q * q * d[i] / e
        if slope == 0.0:
            break
        step = s * (np.sqrt(s) - 1.0) / slope
        t += step
        if step <= 1e-15 * t:
            break
    return t


@njit(nogil=True, cache=True)
def descend(Q, D, starts, levels, z, r, epochs, full):
    """Minimise over one block after the other, `epochs` times, after the first `full` over non-zero blocks only.

    The rows of `Q` are the columns, block k being the rows starts[k]:starts[k+1]. `z` and the residual `r` change.
    """
    n = len(r)
    u = np.empty(len(z))
    for epoch in range(epochs):
        for k in range(len(levels)):
            a = starts[k]
            e = starts[k + 1]
            if epoch >= full:
                used = False
                for i in range(a, e):
                    used = used or z[i] != 0.0
                if not used:
                    continue
            square = 0.0
            for i in range(a, e):
                u[i] = _dot(Q[i], r, n) + D[i] * z[i]
                square += u[i] * u[i]
            level = levels[k]
            t = 0.0
            if square > level * level:
                t = norm_of_minimiser(u[a:e], D[a:e], level)
            for i in range(a, e):
                new = u[i] * t / (D[i] * t + level)
                step = new - z[i]
                if step != 0.0:
                    z[i] = new
                    row = Q[i]
                    for j in range(n):
                        r[j] -= step * row[j]
