"""The words over mpmath numbers: the same text without rounding shows what fitted coefficients alone cost."""

import mpmath

from mathlib._lib import words_python

floor, sqrt = mpmath.floor, mpmath.sqrt


def table(values):
    return values


def madd(a, b, c):
    return mpmath.mpf(a) * b + c


def two_prod(a, b):
    return mpmath.mpf(a) * b, mpmath.mpf(0)


def where(condition, a, b):
    return a if condition else b


def split(x):
    k, i, _ = words_python.split(float(x))
    return mpmath.mpf(k), i, x / mpmath.mpf(2) ** int(k)


def exp2i(k):
    return mpmath.mpf(2) ** int(k)


def Horner(c):
    return lambda z: mpmath.polyval(list(c[::-1]), z)


def Horner2(rows):
    return lambda w, t: mpmath.polyval([mpmath.polyval(list(row[::-1]), t) for row in rows[::-1]], w)
