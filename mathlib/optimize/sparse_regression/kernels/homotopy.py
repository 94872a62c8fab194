"""The path of the elastic net from one penalty level to a lower one, exactly, on the columns of a working set.

On a piece of the path the active coefficients move along d = (X_S'X_S + l2)^-1 s, s the signs times the weights of the
penalty, and all correlations move linearly; a piece ends where a correlation reaches its bound (the column joins) or a
coefficient reaches zero (it leaves). Osborne, Presnell and Turlach, IMA J. Numer. Anal. 20 (2000) 389.

The inner products may be summed in any order inside a column, which is what makes them run on vectors of numbers.
"""

import math

from numba import njit

DONE, STEP_LIMIT, FULL = 0, 1, 2
DEPENDENT = 1e-13  # a column whose part outside the span of the active ones has a smaller square than this share


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract"})
def _dot(A, j, v, n):
    """Return the inner product of the first n entries of row j of `A` with those of `v`."""
    s = 0.0
    for i in range(n):
        s += A[j, i] * v[i]
    return s


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract"})
def _dot_rows(A, j, B, i, n):
    s = 0.0
    for m in range(n):
        s += A[j, m] * B[i, m]
    return s


@njit(nogil=True, cache=True, error_model="numpy")
def solve(C, k, b, x):
    """Solve C C' x = b for the leading k x k part of the lower triangle `C`."""
    for i in range(k):
        x[i] = (b[i] - _dot(C, i, x, i)) / C[i, i]
    for i in range(k - 1, -1, -1):
        x[i] /= C[i, i]
        t = x[i]
        for m in range(i):
            x[m] -= C[i, m] * t


@njit(nogil=True, cache=True, error_model="numpy")
def append(C, k, XS, X, j, l2):
    """Extend the factor C C' = X_S'X_S + l2 by row j of `X`; False if it depends on the columns before it."""
    n = X.shape[1]
    square = _dot_rows(X, j, X, j, n) + l2
    rest = square
    for i in range(k):
        t = (_dot_rows(XS, i, X, j, n) - _dot_rows(C, i, C, k, i)) / C[i, i]
        C[k, i] = t
        rest -= t * t
    if rest <= DEPENDENT * square:
        return False
    C[k, k] = math.sqrt(rest)
    return True


@njit(nogil=True, cache=True, error_model="numpy")
def delete(C, k, q):
    """Remove row and column q of the factor, with plane rotations."""
    for i in range(q, k - 1):
        for m in range(i + 2):
            C[i, m] = C[i + 1, m]
    for i in range(q, k - 1):
        h = math.sqrt(C[i, i] * C[i, i] + C[i, i + 1] * C[i, i + 1])
        c = C[i, i] / h
        s = C[i, i + 1] / h
        C[i, i] = h
        for m in range(i + 1, k - 1):
            x = C[m, i]
            y = C[m, i + 1]
            C[m, i] = c * x + s * y
            C[m, i + 1] = c * y - s * x


@njit(nogil=True, cache=True, error_model="numpy")
def follow(X, weights, S, signs, b, C, XS, r, d, u, a, c, outside, k, level, target, l2, positive, left, limit):
    """Follow the path from `level` to `target`; return (k, level, left, status).

    The rows of `X` are columns of the design, `c` their correlations with the residual `r`, `outside` whether they may
    join. The first `k` entries of `S` say which are active and `XS` holds those. `left` is the row that has just become
    inactive, or -1: it may not join with the same sign in the next step. `d`, `u` and `a` are room to work in.
    """
    w, n = X.shape
    room = C.shape[0]
    steps = 0
    while steps < limit:
        steps += 1
        solve(C, k, signs, d)
        for m in range(n):
            u[m] = 0.0
        for i in range(k):
            t = d[i]
            for m in range(n):
                u[m] += t * XS[i, m]
        length = level - target
        join = -1
        sign = 0.0
        leave = -1
        for j in range(w):
            a[j] = _dot(X, j, u, n)
            if not outside[j]:
                continue
            g = weights[j]
            if j != left or c[j] < 0.0:
                t = g - a[j]
                if t > 1e-14 * g and level * g - c[j] < length * t:
                    length = max((level * g - c[j]) / t, 0.0)
                    join = j
                    sign = g
            if not positive and (j != left or c[j] > 0.0):
                t = g + a[j]
                if t > 1e-14 * g and level * g + c[j] < length * t:
                    length = max((level * g + c[j]) / t, 0.0)
                    join = j
                    sign = -g
        for i in range(k):
            if d[i] * signs[i] < 0.0:
                t = -b[i] / d[i]
                if t < length:
                    length = max(t, 0.0)
                    leave = i
        for i in range(k):
            b[i] += length * d[i]
        for m in range(n):
            r[m] -= length * u[m]
        for j in range(w):
            c[j] -= length * a[j]
        level -= length
        left = -1
        if leave >= 0:
            delete(C, k, leave)
            left = S[leave]
            outside[left] = True
            k -= 1
            for i in range(leave, k):
                S[i] = S[i + 1]
                signs[i] = signs[i + 1]
                b[i] = b[i + 1]
                for m in range(n):
                    XS[i, m] = XS[i + 1, m]
        elif join >= 0:
            outside[join] = False  # where it depends on the active columns, its correlation moves with theirs
            if append(C, k, XS, X, join, l2):
                S[k] = join
                signs[k] = sign
                b[k] = 0.0
                for m in range(n):
                    XS[k, m] = X[join, m]
                k += 1
                if k == room:
                    return k, level, left, FULL
        else:
            return k, target, left, DONE
    return k, level, left, STEP_LIMIT
