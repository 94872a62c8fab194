"""Sums and logarithms of unevaluated pairs (double-double), as kernels over the words.

A pair (h, l) stands for the exact number h + l with |l| <= ulp(h)/2. Sources: Dekker, Numer. Math. 18 (1971) 224;
Knuth, The Art of Computer Programming 2, 4.2.2.
"""

from mathlib._lib import tables_elementary
from mathlib._lib.words_python import Horner, madd, split, two_prod

LOG_INVERSE, LOG_HIGH, LOG_LOW = tables_elementary.LOG_INVERSE, tables_elementary.LOG_HIGH, tables_elementary.LOG_LOW
LN2_HIGH, LN2_LOW = tables_elementary.LN2_HIGH, tables_elementary.LN2_LOW
LOG1P_TAIL = Horner((1 / 3, -1 / 4, 1 / 5, -1 / 6, 1 / 7, -1 / 8))  # (log1p(z) - z + z^2/2) / z^3, |z| < 2^-7


def two_sum(a, b):
    """(s, e) with s = fl(a + b) and s + e = a + b, whatever the order of magnitude of a and b."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def quick_two_sum(a, b):
    """The same for |a| >= |b|."""
    s = a + b
    return s, (a - s) + b


def log_pair(x, xl, shift):
    """log((x + xl) / 2**shift) as a pair, absolute error 2**-75, next to 1 2**-66; x positive and normal.

    x = 2^k m, and 1/m is about LOG_INVERSE[i] (22 bits, so the product is cheap to make exact): z = m/c - 1 is smaller
    than 2^-7. The two cells that touch 1 have an inverse of exactly 1: nothing cancels where the logarithm vanishes.
    """
    k, i, m = split(x)
    k = k - shift
    p, e = two_prod(m, LOG_INVERSE[i])
    z, zl = quick_two_sum(p - 1.0, madd(xl / x, p, e))
    q, ql = two_prod(z, z)
    ql = madd(2.0 * z, zl, ql)
    s, e1 = two_sum(k * LN2_HIGH + LOG_HIGH[i], z)  # both are multiples of 2^-42: their sum is exact
    s, e2 = two_sum(s, -0.5 * q)
    low = madd(k, LN2_LOW, LOG_LOW[i]) + (zl - 0.5 * ql) + z * q * LOG1P_TAIL(z)
    return quick_two_sum(s, e1 + e2 + low)
