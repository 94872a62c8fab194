"""pow with the rules of IEEE 754; hypot, cbrt."""

from mathlib._lib import tables_elementary
from mathlib._lib.double_double import LN2_HIGH, LN2_LOW, quick_two_sum, two_sum
from mathlib._lib.elementary.constants import INFINITY, LIFT, LIFT_EXPONENT, LOG2_E, NAN, TINY, is_minus_zero, magnitude
from mathlib._lib.elementary.exponentials import exp_tail, scale
from mathlib._lib.elementary.logarithms import lifted
from mathlib._lib.words_python import Horner, exp2i, floor, madd, split, sqrt, two_prod, where

# ((2 atanh(s) / s - 2) / s^2 - 2/3) / s^2 in s^2, even and odd powers of it apart
LOG_PAIR_EVEN = Horner(tables_elementary.LOG_PAIR_TAIL[::2])
LOG_PAIR_ODD = Horner(tables_elementary.LOG_PAIR_TAIL[1::2])
CBRT = Horner(tables_elementary.CBRT)  # m^(-1/3), 0.6875 <= m <= 1.375
CBRT_HALF, CBRT_2 = 0.7937005259840998, 1.2599210498948732
TWO_THIRDS, TWO_THIRDS_LOW = 0.6666666666666666, 3.700743415417188e-17


def log_ratio(k, m):
    """(l, ll, guess): k ln 2 + log m = l + ll to 2^-64; |ll| < 2^-11 |l|; the guess is good to 2^-17 and ready early.

    k is an integer and 0.6875 <= m <= 1.375. log m = 2 atanh(s) with s = (m - 1) / (m + 1), without a table: the
    gathers would cost more than the terms. The first two terms are pairs.
    """
    f, d = m - 1.0, m + 1.0
    s = f / d
    p, e = two_prod(s, d)
    # s + sl is exact: 1 / d = (1 - s) / 2, and d is rounded: m + 1 = d + (f - (d - 2))
    sl2 = madd(-s, f - (d - 2.0), (f - p) - e) * (1.0 - s)
    z, zl = two_prod(s, s)
    c, cl = two_prod(s, z)
    q, ql = two_prod(TWO_THIRDS, c)
    g, gl = quick_two_sum(s + s, q)
    l, ll = quick_two_sum(k * LN2_HIGH, g)  # k = 0 or |k ln 2| > |log m|
    a, b = 0.4 * z, s * zl
    low = madd(a + TWO_THIRDS, b + cl, madd(a, b, madd(TWO_THIRDS_LOW, c, ql)))
    low = low + madd(sl2, madd(z, z, 1.0 + z), madd(k, LN2_LOW, gl + ll))  # the slope of 2 atanh is 2 / (1 - z)
    t, v = z * c, z * z
    low = madd(t, madd(z, LOG_PAIR_ODD(v), LOG_PAIR_EVEN(v)), low)
    return l, low, madd(t, 0.405, l)


def exp_product(l, ll, guess, y):
    """(u, n): exp(y (l + ll)) = 2^n u for the results of `log_ratio`; |y guess| <= 746."""
    n = floor(madd(y * guess, LOG2_E, 0.5))
    p, e = two_prod(y, l)
    r, rl = quick_two_sum(madd(n, -LN2_HIGH, p), madd(y, ll, madd(n, -LN2_LOW, e)))
    u, ul = quick_two_sum(1.0, r)
    return u + exp_tail(r, ul + rl), n


def pow_near(x, y):
    """x^y for positive, normal, finite x and |y log x| <= 708."""
    k, i, m = split(x)
    l, ll, guess = log_ratio(k, m)
    u, n = exp_product(l, ll, guess, y)
    return u * exp2i(n)


def pow_is_near(x, y):
    """|y log x| <= 708, by the text of `pow_near`, which a compiler shares."""
    k, i, m = split(x)
    l, ll, guess = log_ratio(k, m)
    p = y * guess
    return where(p * p <= 501264.0, where(x >= TINY, where(x < INFINITY, 1.0, 0.0), 0.0), 0.0)


def pow(x, y):
    """x^y: zeros, infinities, NaN and negative x as in IEEE 754, section 9.2.1."""
    a = magnitude(x)
    plain = where(a > 0.0, where(a < INFINITY, a, 1.0), 1.0)
    b = where(y == y, where(y > 1e22, 1e22, where(y < -1e22, -1e22, y)), 0.0)
    tiny = plain < TINY
    k, i, m = split(plain * where(tiny, LIFT, 1.0))
    l, ll, guess = log_ratio(k - where(tiny, LIFT_EXPONENT, 0.0), m)
    over, under = b * guess > 710.0, b * guess < -746.0
    u, n = exp_product(l, ll, guess, where(over, 0.0, where(under, 0.0, b)))
    r = where(over, INFINITY, where(under, 0.0, scale(u, n)))
    r = where(a == 0.0, where(y > 0.0, 0.0, INFINITY), where(a == INFINITY, where(y > 0.0, INFINITY, 0.0), r))
    odd = madd(-2.0, floor(0.5 * b), b) == 1.0
    negative = where(floor(y) == y, where(odd, -r, r), where(a < INFINITY, where(a > 0.0, NAN, r), r))
    r = where(x < 0.0, negative, where(odd, where(is_minus_zero(x) > 0.0, -r, r), r))
    r = where(x != x, x, where(y != y, y, r))
    return where(y == 0.0, 1.0, where(x == 1.0, 1.0, r))


def root_of_squares(a, b):
    """sqrt(a^2 + b^2) where the squares neither overflow nor are subnormal: the root of a sum rounded once."""
    u, ul = two_prod(a, a)
    v, vl = two_prod(b, b)
    s, e = two_sum(u, v)
    return sqrt(s + (e + (ul + vl)))


def hypot_near(x, y):
    """sqrt(x^2 + y^2) for 1e-280 <= x^2 + y^2 <= 1e300."""
    return root_of_squares(x, y)


def hypot_is_near(x, y):
    s = x * x + y * y
    return where(s <= 1e300, where(s >= 1e-280, 1.0, 0.0), 0.0)


def hypot(x, y):
    """sqrt(x^2 + y^2) without overflow; infinite if either is, even beside a NaN."""
    a, b = magnitude(x), magnitude(y)
    m = where(a > b, a, b)
    large, small = m > 1e150, m < 1e-140
    f = where(large, 1.90109156629516e-211, where(small, 5.260135901548374e210, 1.0))  # 2^-700, 2^700
    g = where(large, 5.260135901548374e210, where(small, 1.90109156629516e-211, 1.0))
    usual = where(m > 0.0, where(m < INFINITY, 1.0, 0.0), 0.0)
    h = root_of_squares(where(usual > 0.0, a * f, 0.0), where(usual > 0.0, b * f, 0.0)) * g
    h = where(usual > 0.0, h, 0.0 + (a + b))  # -0.0 becomes 0.0
    return where(a == INFINITY, INFINITY, where(b == INFINITY, INFINITY, h))


def cbrt(x):
    """Cube root: of the reciprocal by a polynomial, improved to third order, and one exact Newton step."""
    a = magnitude(x)
    k, m = lifted(a)
    q = floor(madd(k, 0.3333333333333333, 0.5))
    j = madd(-3.0, q, k)
    a = m * exp2i(j)
    y = CBRT(m) * where(j > 0.5, CBRT_HALF, where(j < -0.5, CBRT_2, 1.0))  # a^(-1/3)
    e = madd(-a, y * y * y, 1.0)
    y = madd(y * e, madd(e, 0.2222222222222222, 0.3333333333333333), y)
    c = a * y * y
    p, e = two_prod(c, c)
    r, t = two_prod(p, c)
    c = madd(((a - r) - t) - e * c, 0.3333333333333333 * (y * y), c) * exp2i(q)
    c = where(x < 0.0, -c, c)
    return where(x == 0.0, x, where(magnitude(x) < INFINITY, c, x))
