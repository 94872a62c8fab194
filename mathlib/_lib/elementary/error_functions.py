"""erf, erfc, erfcx. Shepherd and Laframboise, Math. Comp. 36 (1981) 249."""

from mathlib._lib import tables_elementary
from mathlib._lib.double_double import quick_two_sum, two_sum
from mathlib._lib.elementary.constants import magnitude
from mathlib._lib.elementary.exponentials import exp_pair, scale
from mathlib._lib.words_python import Horner, exp2i, madd, two_prod, where

# (erf(x) / x - 2 / sqrt(pi)) / x^2 in x^2, |x| <= 1/2
ERF_EVEN, ERF_ODD = Horner(tables_elementary.ERF_TAIL[::2]), Horner(tables_elementary.ERF_TAIL[1::2])
ERF_0, ERF_0_LOW = 1.1283791670955126, 1.533545961316588e-17  # 2 / sqrt(pi)
HALF_ERF_0 = 0.5641895835477563  # of 1 / (sqrt(pi) a), which e^(a^2) erfc a becomes
# (1 + 2 a) e^(a^2) erfc a in t = (a - 2.5) / (a + 2.5), a >= 1/2: the constant, and powers 4 i + 1, 2, 3, 4 of the rest
ERFC_0 = tables_elementary.ERFC[0]
ERFC_1, ERFC_2 = Horner(tables_elementary.ERFC[1::4]), Horner(tables_elementary.ERFC[2::4])
ERFC_3, ERFC_4 = Horner(tables_elementary.ERFC[3::4]), Horner(tables_elementary.ERFC[4::4])


def erf_inside(x):
    """erf x as a pair for |x| <= 1/2."""
    z = x * x
    w = z * z
    p, e = two_prod(x, ERF_0)
    return p, madd(x, madd(z, madd(z, ERF_ODD(w), ERF_EVEN(w)), ERF_0_LOW), e)


def erfcx_outside(a):
    """e^(a^2) erfc a as a pair for 1/2 <= a <= 1e100."""
    t = 1.0 - 5.0 / (a + 2.5)
    z = t * t
    w = z * z
    h, hl = two_prod(t, madd(z, madd(t, ERFC_4(w), ERFC_3(w)), madd(t, ERFC_2(w), ERFC_1(w))))
    n, nl = quick_two_sum(ERFC_0, h)
    c, cl = two_sum(0.5, a)
    i = 0.5 / c
    q = n * i
    h, e = two_prod(q, 2.0 * c)
    return q, (((n - h) - e) + (nl + hl - 2.0 * q * cl)) * i


def erfc_outside(a):
    """(y, yl, k): erfc a = 2^k (y + yl) for 1/2 <= a <= 28."""
    q, ql = erfcx_outside(a)
    p, e = two_prod(a, a)
    y, yl, k = exp_pair(-p, -e)
    p, e = two_prod(y, q)
    return p, madd(y, ql, madd(yl, q, e)), k


def erf(x):
    """erf x"""
    a = magnitude(x)
    inside = a < 0.5
    s, e = erf_inside(where(inside, x, 0.0))
    y, yl, k = erfc_outside(where(inside, 0.5, where(a < 6.0, a, 6.0)))
    t = exp2i(k)
    h, hl = quick_two_sum(1.0, -(t * y))
    h = h + madd(-t, yl, hl)
    y = where(inside, s + e, where(x < 0.0, -h, h))
    return where(x == 0.0, x, where(x != x, x, y))


def erfc_near(x):
    """1 - erf x for |x| <= 26."""
    a = magnitude(x)
    inside = a < 0.5
    s, e = erf_inside(x)
    h, hl = quick_two_sum(1.0, -s)
    y, yl, k = erfc_outside(where(inside, 0.5, a))
    y = (y + yl) * exp2i(k)
    return where(inside, h + (hl - e), where(x < 0.0, 2.0 - y, y))


def erfc_is_near(x):
    return where(x * x <= 676.0, 1.0, 0.0)


def erfc(x):
    """1 - erf x"""
    a = magnitude(x)
    inside = a < 0.5
    s, e = erf_inside(where(inside, x, 0.0))
    h, hl = quick_two_sum(1.0, -s)
    y, yl, k = erfc_outside(where(inside, 0.5, where(a < 28.0, a, 28.0)))
    y = scale(y + yl, k)
    return where(x != x, x, where(inside, h + (hl - e), where(x < 0.0, 2.0 - y, y)))


def erfcx(x):
    """e^(x^2) erfc x: 2 e^(x^2) - erfcx(-x) for negative x, infinite below -26.7."""
    a = magnitude(x)
    inside = a < 0.5
    q, ql = erfcx_outside(where(inside, 0.5, where(a < 1e100, a, 1.0)))
    b = where(a < 26.7, a, 26.7)
    p, e = two_prod(b, b)
    y, yl, k = exp_pair(p, e)
    s, sl = erf_inside(where(inside, x, 0.0))
    s, sl = quick_two_sum(s, sl)
    h, hl = quick_two_sum(1.0, -s)
    p, e = two_prod(y, h)
    near_0 = p + madd(y, hl - sl, madd(yl, h, e))
    negative = where(a < 26.0, 2.0 * exp2i(where(k < 1000.0, k, 1000.0)), 0.0)
    u, ul = two_sum(negative * y, -q)
    left = where(a < 26.0, u + madd(negative, yl, ul - ql), 2.0 * scale(y + yl, k))
    right = where(a < 1e100, q + ql, HALF_ERF_0 / where(a < 1e100, 1.0, a))
    return where(x != x, x, where(inside, near_0, where(x < 0.0, left, right)))
