"""asin, acos, atan, atan2."""

from mathlib._lib import tables_elementary
from mathlib._lib.double_double import quick_two_sum
from mathlib._lib.elementary.constants import (
    HALF_PI,
    HALF_PI_LOW,
    INFINITY,
    NAN,
    PI,
    PI_LOW,
    is_minus_zero,
    magnitude,
)
from mathlib._lib.words_python import Horner, madd, sqrt, two_prod, where

# (atan(t) / t - 1) / t^2 in t^2, |t| <= tan(pi / 8); even and odd powers of t^2 apart
ATAN_EVEN, ATAN_ODD = Horner(tables_elementary.ATAN_TAIL[::2]), Horner(tables_elementary.ATAN_TAIL[1::2])
# (asin(s) / s - 1) / s^2 in s^2, |s| <= 1/2
ASIN_EVEN, ASIN_ODD = Horner(tables_elementary.ASIN_TAIL[::2]), Horner(tables_elementary.ASIN_TAIL[1::2])
TAN_PI_8, COT_PI_8 = 0.41421356237309503, 2.414213562373095
QUARTER_PI, QUARTER_PI_LOW = 0.7853981633974483, 3.061616997868383e-17
SCALE_DOWN, SCALE_UP = 7.888609052210118e-31, 2.037035976334486e90  # 2^-100, 2^300


def atan_ratio(y, x):
    """The angle of (x, y) in the first quadrant as a pair; x, y >= 0, not both 0, neither huge, the larger not tiny.

    Less 0, pi/4 or pi/2 its tangent is t = y/x, (y - x) / (y + x) or -x/y with |t| <= tan(pi/8).
    """
    low, high = y <= TAN_PI_8 * x, y >= COT_PI_8 * x
    n, d = y - x, y + x
    nl = where(y < x, y - (n + x), (y - n) - x)
    dl = where(y < x, y - (d - x), x - (d - y))
    n, nl = where(low, y, where(high, -x, n)), where(low, 0.0, where(high, 0.0, nl))
    d, dl = where(low, x, where(high, y, d)), where(low, 0.0, where(high, 0.0, dl))
    t = n / d
    p, e = two_prod(t, d)
    tl = (((n - p) - e) + madd(-t, dl, nl)) / d
    z = t * t
    w = z * z
    a, al = quick_two_sum(where(low, 0.0, where(high, HALF_PI, QUARTER_PI)), t)
    rest = where(low, 0.0, where(high, HALF_PI_LOW, QUARTER_PI_LOW)) + tl
    return a, al + madd(t * z, madd(z, ATAN_ODD(w), ATAN_EVEN(w)), rest)


def atan(x):
    """atan x"""
    a = magnitude(x)
    s, e = atan_ratio(where(a < 1e30, a, 1e30), 1.0)
    y = s + e
    return where(x == 0.0, x, where(x != x, x, where(x < 0.0, -y, y)))


def atan2_edges(y, x):
    """(|y|, |x|), both scaled alike to be neither huge nor tiny, with 1 and 0 for what is or is not infinite."""
    a, b = magnitude(y), magnitude(x)
    m = where(a > b, a, b)
    f = where(m > 1e300, SCALE_DOWN, where(m < 1e-200, SCALE_UP, 1.0))
    infinite = m == INFINITY
    a = where(infinite, where(a == INFINITY, 1.0, 0.0), a * f)
    b = where(infinite, where(b == INFINITY, 1.0, 0.0), b * f)
    return a, where(m > 0.0, b, 1.0)


def atan2(y, x):
    """The angle of (x, y), between -pi and pi; signs of zeros and infinities as in C."""
    a, b = atan2_edges(y, x)
    s, e = atan_ratio(a, b)
    t, tl = quick_two_sum(PI, -s)
    left = where(x < 0.0, 1.0, is_minus_zero(x))
    r = where(left > 0.0, t + (tl + (PI_LOW - e)), s + e)
    r = where(y < 0.0, -r, where(is_minus_zero(y) > 0.0, -r, r))
    return where(x != x, x, where(y != y, y, r))


def atan2_near(y, x):
    """The angle of (x, y) for 1e-140 <= |x|, |y| <= 1e140."""
    s, e = atan_ratio(magnitude(y), magnitude(x))
    t, tl = quick_two_sum(PI, -s)
    r = where(x < 0.0, t + (tl + (PI_LOW - e)), s + e)
    return where(y < 0.0, -r, r)


def atan2_is_near(y, x):
    p, q = y * y, x * x
    largest = where(p < 1e280, where(q < 1e280, 1.0, 0.0), 0.0)
    return where(p > 1e-280, where(q > 1e-280, largest, 0.0), 0.0)


def asin_parts(x):
    """(s, e, large): asin |x| = s + e, or pi/2 - 2 (s + e) where ``large``: |x| > 1/2."""
    a = magnitude(x)
    a = where(a <= 1.0, a, 0.0)
    large = a > 0.5
    z = where(large, 0.5 - 0.5 * a, a * a)
    root = sqrt(z)
    p, e = two_prod(root, root)
    low = where(large, ((z - p) - e) * (0.5 / where(root > 0.0, root, 1.0)), 0.0)
    s = where(large, root, a)
    w = z * z
    return s, madd(s * z, madd(z, ASIN_ODD(w), ASIN_EVEN(w)), low), large


def asin(x):
    """asin x; NaN beyond +-1."""
    s, e, large = asin_parts(x)
    h, hl = quick_two_sum(HALF_PI, -2.0 * s)
    y = where(large, h + (hl + madd(-2.0, e, HALF_PI_LOW)), s + e)
    y = where(magnitude(x) <= 1.0, y, NAN)
    return where(x == 0.0, x, where(x < 0.0, -y, y))


def acos(x):
    """acos x; NaN beyond +-1."""
    s, e, large = asin_parts(x)
    s, e = where(x < 0.0, -s, s), where(x < 0.0, -e, e)
    h, hl = quick_two_sum(where(large, where(x < 0.0, PI, 0.0), HALF_PI), where(large, 2.0 * s, -s))
    low = where(large, where(x < 0.0, PI_LOW, 0.0), HALF_PI_LOW)
    y = h + (hl + (where(large, 2.0 * e, -e) + low))
    return where(magnitude(x) <= 1.0, y, NAN)
