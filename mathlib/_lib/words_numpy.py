"""The words over NumPy arrays: exact bits for `split`, `exp2i` and `two_prod`, in-place work for polynomials."""

import numpy as np

from mathlib._lib.words_python import where as _where

_HIGH = np.int64(-1 << 27)  # keeps 26 significant bits; unlike Veltkamp's splitting it cannot overflow


def table(values):
    return np.array(values)


def madd(a, b, c):
    return a * b + c


def where(condition, a, b):
    return _where(condition, a, b) if isinstance(condition, bool) else np.where(condition, a, b)


def floor(x):
    return np.floor(x)


def sqrt(x):
    return np.sqrt(x)


def _halves(a):
    a = np.asarray(a, dtype=np.float64)
    high = (a.view(np.int64) & _HIGH).view(np.float64)
    return high, a - high


def two_prod(a, b):
    p = a * b
    ah, al = _halves(a)
    bh, bl = _halves(b)
    e = ah * bh
    e -= p
    e += ah * bl
    e += al * bh
    e += al * bl
    return p, e


def split(x):
    b = x.view(np.int64)
    h = b - 0x3FE6000000000000
    k = h >> 52
    return k.astype(np.float64), (h >> 45) & 127, (b - (k << 52)).view(np.float64)


def exp2i(k):
    return ((k.astype(np.int64) + 1023) << 52).view(np.float64)


def Horner(c):
    def polynomial(z):
        s = c[-1] * z
        for a in c[-2:0:-1]:
            s += a
            s *= z
        s += c[0]
        return s

    return polynomial


def Horner2(rows):
    rows = [Horner(row) for row in rows]

    def polynomial(w, t):
        s = rows[-1](t)
        for row in rows[-2::-1]:
            s *= w
            s += row(t)
        return s

    return polynomial
