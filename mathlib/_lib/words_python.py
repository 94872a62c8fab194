"""The vocabulary of kernels on Python floats. This file defines what each word means; every other target follows it.

A kernel is straight-line Python over these words and ``+ - * /``, comparisons, unary minus, calls of other kernels,
``for i in range(constant)`` and one ``return``. ``bind`` rebuilds it over the words of another target.
"""

import ctypes
import math
import struct
import sys
from collections.abc import Callable
from math import sqrt

__all__ = ["WORDS", "Horner", "Horner2", "exp2i", "floor", "madd", "split", "sqrt", "two_prod", "where"]


def _fused() -> Callable[[float, float, float], float]:
    """Return the C library's exactly rounded a*b + c (`math.fma` raises where the result overflows)."""
    function = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None).fma
    function.restype, function.argtypes = ctypes.c_double, (ctypes.c_double,) * 3
    return function


_fma = _fused()


def madd(a, b, c):
    """a*b + c where it does not matter whether the product is rounded. Never use it to catch an error term."""
    return _fma(a, b, c)


def two_prod(a, b):
    """(p, e) with p = fl(a*b) and p + e = a*b (array targets: e to 2**-104 of p)."""
    p = a * b
    return p, _fma(a, b, -p)


def where(condition, a, b):
    """a if condition else b; both are evaluated, so guard the side that is not taken."""
    return a if condition else b


def floor(x):
    """Largest integer <= x, as a float; infinities, NaN and -0.0 pass through."""
    return float(math.floor(x)) if x and math.isfinite(x) else x


def split(x):
    """(k, i, m): x = 2**k m, 0.6875 <= m < 1.375, i the index of m among 128 cells. x positive and normal."""
    (b,) = struct.unpack("<q", struct.pack("<d", x))
    h = (b >> 32) - 0x3FE60000
    k = h >> 20
    (m,) = struct.unpack("<d", struct.pack("<q", b - (k << 52)))
    return float(k), (h >> 13) & 127, m


def exp2i(k):
    """2.0**k for an integer-valued float -1022 <= k <= 1023."""
    return math.ldexp(1.0, int(k))


class Horner:
    """c[0] + c[1] z + ...: a polynomial with constant coefficients, called like a function."""

    def __init__(self, c: tuple[float, ...]):
        self.c = c

    def __call__(self, z):
        s = self.c[-1]
        for c in self.c[-2::-1]:
            s = madd(s, z, c)
        return s


class Horner2:
    """Sum over i of rows[i](t) w**i: the same in two variables."""

    def __init__(self, rows: tuple[tuple[float, ...], ...]):
        self.rows = rows

    def __call__(self, w, t):
        s = Horner(self.rows[-1])(t)
        for row in self.rows[-2::-1]:
            s = madd(s, w, Horner(row)(t))
        return s


#: identity of each word that a target must provide -> its name (the polynomials are bound by their coefficients)
WORDS = {id(word): word.__name__ for word in (madd, two_prod, where, floor, sqrt, split, exp2i)}
