"""exp, exp2 and expm1. Cody and Waite, Software Manual for the Elementary Functions (1980), chapter 6."""

from mathlib._lib import tables_elementary
from mathlib._lib.double_double import LN2_HIGH, LN2_LOW, quick_two_sum, two_sum
from mathlib._lib.elementary.constants import LOG2_E
from mathlib._lib.words_python import Horner, exp2i, floor, madd, two_prod, where

LN2, LN2_REST = 0.6931471805599453, 2.3190468138462996e-17

# (exp r - 1 - r) / r^2 for |r| <= ln(2) / 2: the constant is 1/2; even and odd powers of the rest run side by side
EXP_EVEN, EXP_ODD = Horner(tables_elementary.EXP_TAIL[2::2]), Horner(tables_elementary.EXP_TAIL[1::2])


def exp_polynomials(r):
    """(q, even, odd) with q = r^2, cosh r = 1 + q/2 + q^2 even, sinh r = r + r q odd."""
    q = r * r
    return q, EXP_EVEN(q), EXP_ODD(q)


def exp_tail(r, rl):
    """exp r - 1 - r + rl"""
    q, even, odd = exp_polynomials(r)
    return madd(q, madd(r, odd, madd(q, even, 0.5)), rl)


def reduce_exp(x):
    """(k, r, rl): x = k ln 2 + r + rl, |r| <= ln(2) / 2, for |x| <= 746."""
    k = floor(madd(x, LOG2_E, 0.5))
    h = madd(k, -LN2_HIGH, x)
    r = madd(k, -LN2_LOW, h)
    return k, r, madd(k, -LN2_LOW, h - r)


def scale(y, k):
    """y 2^k for |k| <= 2044 and y near 1, in two steps: overflow and subnormal results are rounded once."""
    half = floor(0.5 * k)
    return y * exp2i(half) * exp2i(k - half)


def exp_pair(a, al):
    """(y, yl, k): exp(a + al) = 2^k (y + yl) for -746 <= a <= 710 and al a rounding error of a."""
    k = floor(madd(a, LOG2_E, 0.5))
    r, rl = quick_two_sum(madd(k, -LN2_HIGH, a), madd(k, -LN2_LOW, al))
    y, yl = quick_two_sum(1.0, r)
    return y, yl + exp_tail(r, rl), k


def exp_near(x):
    """e^x for |x| <= 708: neither overflow nor subnormal results."""
    k, r, rl = reduce_exp(x)
    y, yl = quick_two_sum(1.0, r)
    return (y + exp_tail(r, yl)) * exp2i(k)


def exp_is_near(x):
    return where(x * x <= 501264.0, 1.0, 0.0)


def exp(x):
    """e^x; two factors for the power of two, so that overflow and subnormal results are rounded once."""
    k, r, rl = reduce_exp(where(x < 710.0, where(x > -746.0, x, -746.0), 710.0))
    y, yl = quick_two_sum(1.0, r)
    return where(x != x, x, scale(y + exp_tail(r, yl), k))


def exp2_parts(x):
    """(y, k): 2^x = 2^k y for |x| <= 1100."""
    k = floor(x + 0.5)
    f = x - k
    r, e = two_prod(f, LN2)
    y, yl = quick_two_sum(1.0, r)
    return y + exp_tail(r, yl + madd(f, LN2_REST, e)), k


def exp2_near(x):
    """2^x for |x| <= 1021."""
    y, k = exp2_parts(x)
    return y * exp2i(k)


def exp2_is_near(x):
    return where(x * x <= 1042441.0, 1.0, 0.0)


def exp2(x):
    """2^x"""
    y, k = exp2_parts(where(x < 1025.0, where(x > -1080.0, x, -1080.0), 1025.0))
    return where(x != x, x, scale(y, k))


def expm1_parts(x):
    """(s, e, f): e^x - 1 = f (s + e) as a pair; f is 1 below x = 709, else 2. For -40 <= x <= 710."""
    k, r, rl = reduce_exp(x)
    top = where(k > 1023.0, 1.0, 0.0)
    t = exp2i(k - top)
    q, even, odd = exp_polynomials(r)
    h, hl = two_prod(0.5 * r, r)
    u, d = two_sum(t, -1.0)
    s, e = two_sum(u, t * r)
    s, e1 = two_sum(s, t * h)
    low = madd(q, madd(r, odd, q * even), hl + rl)
    s, e = quick_two_sum(s, madd(t, low, e + e1 + d))
    return s, e, 1.0 + top


def expm1_near(x):
    """e^x - 1 for -40 <= x <= 708."""
    s, e, f = expm1_parts(x)
    return where(x == 0.0, x, s + e)  # -0.0 stays


def expm1_is_near(x):
    return where(x <= 708.0, where(x >= -40.0, 1.0, 0.0), 0.0)


def expm1(x):
    """e^x - 1"""
    s, e, f = expm1_parts(where(x < 710.0, where(x > -40.0, x, -40.0), 710.0))
    return where(x == 0.0, x, where(x != x, x, f * s))  # -0.0 stays
