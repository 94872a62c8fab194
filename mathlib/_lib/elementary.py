"""exp, expm1, log, log1p, sinpi and the reduction of angles as kernels over the words: full range, below one ulp.

Method: Cody and Waite, Software Manual for the Elementary Functions (1980); for large angles Payne and Hanek, SIGNUM
Newsletter 18 (1983) 19. The polynomials carry what is left after the leading terms, whose sums keep their errors.
"""

from mathlib._lib import tables_elementary
from mathlib._lib.double_double import LN2_HIGH, LN2_LOW, quick_two_sum, two_sum
from mathlib._lib.words_python import Horner, exp2i, floor, madd, split, two_prod, where

EXP_TAIL = Horner(tables_elementary.EXP_TAIL)  # (exp r - 1 - r) / r^2, |r| <= ln(2) / 2
LOG_TAIL = Horner(tables_elementary.LOG_TAIL)  # (2 atanh(s) / s - 2) / s^2 in s^2, s = f / (2 + f)
SIN_TAIL = Horner(tables_elementary.SIN_TAIL)  # (sin y - y + y^3 / 6) / y^5 in y^2, |y| <= pi / 4
COS_TAIL = Horner(tables_elementary.COS_TAIL)  # (cos y - 1 + y^2 / 2) / y^4
TWO_OVER_PI_0, TWO_OVER_PI_1 = tables_elementary.TWO_OVER_PI_0, tables_elementary.TWO_OVER_PI_1
TWO_OVER_PI_2, TWO_OVER_PI_3 = tables_elementary.TWO_OVER_PI_2, tables_elementary.TWO_OVER_PI_3

LOG2_E = 1.4426950408889634
PI, PI_LOW = 3.141592653589793, 1.2246467991473532e-16
HALF_PI, HALF_PI_LOW = 1.5707963267948966, 6.123233995736766e-17
TWO_OVER_PI = 0.6366197723675814
# pi/2 in parts of 38, 38 and 53 bits: k times the first two is exact for |k| <= 2^15, hence the largest near angle
HALF_PI_1, HALF_PI_2, HALF_PI_3 = 1.5707963267923333, 2.5633441515971907e-12, -2.6718907338610155e-24
NEAR_ANGLE = 51471.0
TINY, LIFT, LIFT_EXPONENT = 2.2250738585072014e-308, 18014398509481984.0, 54.0  # 2^-1022 and 2^54
INFINITY, NAN = float("inf"), float("nan")


def magnitude(x):
    """|x|"""
    return where(x < 0.0, -x, x)


def exp(x):
    """e^x; two factors for the power of two, so that overflow and subnormal results are rounded once."""
    a = where(x < 710.0, where(x > -746.0, x, -746.0), 710.0)
    k = floor(madd(a, LOG2_E, 0.5))
    r = madd(k, -LN2_LOW, madd(k, -LN2_HIGH, a))
    half = floor(0.5 * k)
    y = (1.0 + madd(r * r, EXP_TAIL(r), r)) * exp2i(half) * exp2i(k - half)
    return where(x != x, x, y)


def expm1_parts(x):
    """(s, e, f): e^x - 1 = f (s + e) as a pair; f is 1 below x = 709, else 2. For -40 <= x <= 710."""
    k = floor(madd(x, LOG2_E, 0.5))
    top = where(k > 1023.0, 1.0, 0.0)
    r, rl = quick_two_sum(madd(k, -LN2_HIGH, x), -(k * LN2_LOW))
    t = exp2i(k - top)
    u, d = two_sum(t, -1.0)
    s, e = two_sum(u, t * r)
    s, e = quick_two_sum(s, e + d + t * madd(r * r, EXP_TAIL(r), rl))
    return s, e, 1.0 + top


def expm1(x):
    """e^x - 1"""
    s, e, f = expm1_parts(where(x < 710.0, where(x > -40.0, x, -40.0), 710.0))
    return where(x == 0.0, x, where(x != x, x, f * s))  # -0.0 stays


def log_parts(k, f, fl):
    """k ln 2 + log(1 + f) + fl for -0.3125 <= f <= 0.375 and fl as small as a rounding error."""
    s = f / (2.0 + f)
    z = s * s
    h = 0.5 * f * f
    low = madd(s, h + z * LOG_TAIL(z), madd(k, LN2_LOW, fl))
    return madd(k, LN2_HIGH, f - (h - low))


def log_sum(u, c, shift):
    """log((u + c) / 2^shift) for |c| <= ulp(u); u positive and normal."""
    k, i, m = split(u)
    return log_parts(k - shift, m - 1.0, c / u)


def log(x):
    """Natural logarithm; -inf at 0, NaN below."""
    tiny = x < TINY
    a = where(x > 0.0, where(x < INFINITY, x, 1.0), 1.0) * where(tiny, LIFT, 1.0)
    k, i, m = split(a)
    y = log_parts(k - where(tiny, LIFT_EXPONENT, 0.0), m - 1.0, 0.0)
    return where(x > 0.0, where(x < INFINITY, y, x), where(x == 0.0, -INFINITY, NAN))


def log1p(x):
    """log(1 + x); -inf at -1, NaN below."""
    u, c = two_sum(1.0, where(x > -1.0, where(x < INFINITY, x, 0.0), 0.0))
    y = where(x == 0.0, x, log_sum(u, c, 0.0))  # -0.0 stays
    return where(x > -1.0, where(x < INFINITY, y, x), where(x == -1.0, -INFINITY, NAN))


def sine(y, yl):
    """sin(y + yl) as a sum of two, |y| <= pi/4."""
    z = y * y
    return y, madd(z * y, madd(z, SIN_TAIL(z), -0.16666666666666666), madd(-0.5 * z, yl, yl))


def cosine(y, yl):
    """cos(y + yl) as a sum of two, |y| <= pi/4."""
    z = y * y
    h = 0.5 * z
    w = 1.0 - h
    return w, ((1.0 - w) - h) + madd(z * z, COS_TAIL(z), -(y * yl))


def sin_quadrants(k, y, yl):
    """sin(k pi/2 + y + yl) for an integer-valued k >= 0."""
    half = floor(0.5 * k)
    s, sl = sine(y, yl)
    c, cl = cosine(y, yl)
    r = where(madd(-2.0, half, k) > 0.5, c + cl, s + sl)
    return where(madd(-2.0, floor(0.5 * half), half) > 0.5, -r, r)


def sinpi(x):
    """sin(pi x); zeros at the integers are exact and have the sign of x."""
    a = magnitude(x)
    b = where(a < 9007199254740992.0, a, 0.0)  # every double from 2^53 on is an even number
    k = where(b < 2251799813685248.0, floor(madd(2.0, b, 0.5)), 2.0 * b)  # above, 2 b is whole and the sum not exact
    r = madd(-0.5, k, b)
    p, e = two_prod(r, PI)
    y, yl = quick_two_sum(p, madd(r, PI_LOW, e))
    s = sin_quadrants(k, y, yl) + 0.0 * (a - a)  # NaN where x is not finite; -0.0 becomes 0.0
    return where(x == 0.0, x, where(x < 0.0, -s, s))


def reduce_near(x):
    """(k, y, yl): x = k pi/2 + y + yl with |y| <= pi/4, for 0 <= x <= NEAR_ANGLE."""
    k = floor(madd(x, TWO_OVER_PI, 0.5))
    r, e = two_sum(madd(k, -HALF_PI_1, x), -(k * HALF_PI_2))
    y, yl = quick_two_sum(r, madd(k, -HALF_PI_3, e))
    return k, y, yl


def table_index(j):
    """The whole number 0 <= j < 128 as a subscript of a table: the cell in which `split` finds the number made here."""
    k, i, m = split(where(j < 80.0, madd(j, 0.00390625, 0.6875), madd(j, 0.0078125, 0.375)))
    return i


def modulo4(a):
    """a - 4 n, exact, between -2 and 2: the symmetric remainder keeps tiny negative numbers whole."""
    return a - 4.0 * floor(madd(0.25, a, 0.5))


def reduce_far(x):
    """(k, y, yl), k modulo 4, for every finite x >= 2.

    x = m 2^(8 row) with m < 2^8; times 2/pi it is m times 2/pi 2^(8 row), of which multiples of 2^55 are left out:
    m times them is a multiple of 4. The four doubles of the table hold 208 bits of the rest. The nearest that x comes
    to a multiple of pi/2 is 2^-61, so an error of 2^-84 of the smallest y is left.
    """
    k, i, m = split(x)
    row = floor(0.125 * k)
    row = where(row < 127.0, row, 127.0)  # the largest doubles have k = 1024
    m = m * exp2i(k - 8.0 * row)
    i = table_index(row)
    p0, e0 = two_prod(m, TWO_OVER_PI_0[i])
    p1, e1 = two_prod(m, TWO_OVER_PI_1[i])
    p2, e2 = two_prod(m, TWO_OVER_PI_2[i])
    s, t = two_sum(modulo4(p0), modulo4(e0))
    s, t1 = two_sum(s, modulo4(p1))
    t, t2 = two_sum(t, t1)
    t, t3 = two_sum(t, e1)
    t, t4 = two_sum(t, p2)
    s, t = two_sum(s, t)
    k = floor(s + 0.5)
    s, t = two_sum(s - k, t)
    s, t = quick_two_sum(s, t + (t2 + t3 + t4 + (e2 + m * TWO_OVER_PI_3[i])))
    p, e = two_prod(s, HALF_PI)
    y, yl = quick_two_sum(p, e + madd(s, HALF_PI_LOW, t * HALF_PI))
    return k, y, yl
