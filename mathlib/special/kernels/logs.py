"""log I_v(x) and log K_v(x), both at once: each region returns the two values as unrounded pairs.

A routine is a choice of last stage: `both`, `only_i`, `only_k`, `only_ie`, `only_ke` (the exponential scaling is taken
off before the one rounding). What a routine does not use costs nothing in compiled code.
"""

from mathlib._lib.double_double import LN2_HIGH, LN2_LOW, log_pair, quick_two_sum, two_sum
from mathlib._lib.words_python import Horner, Horner2, madd, two_prod, where
from mathlib.special.kernels import tables_debye, tables_gamma
from mathlib.special.kernels.inner import first_far, first_near, first_small, forward, log_small, ratio
from mathlib.special.kernels.regions import R0_SQUARED, R1_SQUARED
from mathlib.special.kernels.uniform import leading, leading_scaled

DEBYE_ODD, DEBYE_EVEN = Horner2(tables_debye.DEBYE_ODD), Horner2(tables_debye.DEBYE_EVEN)
DEBYE_ODD_FAR, DEBYE_EVEN_FAR = Horner2(tables_debye.DEBYE_ODD_FAR), Horner2(tables_debye.DEBYE_EVEN_FAR)
LGAMMA = Horner(tables_gamma.LGAMMA)
HALF_LOG_2PI, HALF_LOG_HALF_PI = 0.9189385332046727, 0.22579135264472744


def assembled(a, al, h, hl, odd, even, x):
    """log I = a - h - log(2 pi)/2 + odd + even, log K = -a - h + log(pi/2)/2 - odd + even, as pairs, and x."""
    i, e = two_sum(a, -h)
    i, e2 = two_sum(i, -HALF_LOG_2PI)
    k, f = two_sum(-a, -h)
    k, f2 = two_sum(k, HALF_LOG_HALF_PI)
    return i, ((e + e2) + (al - hl)) + (odd + even), k, ((f + f2) - (al + hl)) + (even - odd), x


def far(v, x):
    a, al, h, hl, g, t = leading(v, x)
    w = R1_SQUARED * g * g
    return assembled(a, al, h, hl, g * DEBYE_ODD_FAR(w, t), g * g * DEBYE_EVEN_FAR(w, t), x)


def outer(v, x):
    a, al, h, hl, g, t = leading(v, x)
    w = R0_SQUARED * g * g
    return assembled(a, al, h, hl, g * DEBYE_ODD(w, t), g * g * DEBYE_EVEN(w, t), x)


def far_scaled(v, x):
    """log(I e^-x) and log(K e^x) as `far` has log I and log K."""
    a, al, h, hl, g, t = leading_scaled(v, x)
    w = R1_SQUARED * g * g
    return assembled(a, al, h, hl, g * DEBYE_ODD_FAR(w, t), g * g * DEBYE_EVEN_FAR(w, t), 0.0 * x)


def outer_scaled(v, x):
    """log(I e^-x) and log(K e^x) as `outer` has log I and log K."""
    a, al, h, hl, g, t = leading_scaled(v, x)
    w = R0_SQUARED * g * g
    return assembled(a, al, h, hl, g * DEBYE_ODD(w, t), g * g * DEBYE_EVEN(w, t), 0.0 * x)


def difference(a, al, b, bl, x):
    """a + al - b - bl - x as a pair."""
    s, e = two_sum(a, -b)
    s, e2 = two_sum(s, -x)
    return s, (e + (al - bl)) + e2


def joined(n, l, ll, k, d, x):
    """The pairs from k = k_n e^x, d = e^x / I_v unscaled (both times (x/2)^n), l + ll = log(x/2)."""
    p, e = two_prod(n, l)
    e = e + n * ll
    i, il = log_pair(d, 0.0, 0.0)
    j, jl = log_pair(k, 0.0, 0.0)
    i, il = difference(p, e, i, il, -x)
    j, jl = difference(j, jl, p, e, x)
    return i, il, j, jl, x


def seeds_large(v, x):
    """(n, l, ll, k_n, 1/I_v unscaled, x) for 4 <= x < 25."""
    h = 0.5 * x
    y = h * h
    n, mu, k0, k1 = first_far(v, x)
    l, ll = log_pair(h, 0.0, 0.0)
    k0, k1 = forward(n, mu, y, k0, k1)
    return n, l, ll, k0, 2.0 * madd(ratio(v, y, 34) * y, k0, k1), x


def seeds_middle(v, x):
    """The same for 1 <= x < 4."""
    h = 0.5 * x
    y = h * h
    n, mu, k0, k1 = first_near(v, x)
    l, ll = log_pair(h, 0.0, 0.0)
    k0, k1 = forward(n, mu, y, k0, k1)
    return n, l, ll, k0, 2.0 * madd(ratio(v, y, 16) * y, k0, k1), x


def series(v, y):
    """0F1(; 1 + v; y) - 1 for y <= 1/4 with one division and no cancellation."""
    q = 1.0
    p = 1.0
    for i in range(9):
        j = 10.0 - i
        q = q * (j * (j + v))
        p = madd(y, p, q)
    return y * p / (q * (1.0 + v))


def seeds_small(v, x):
    """x < 1: (p, pl, h, hl, k_n, sign, x), log I = p + sign log h.

    For v < 1/2 (sign 1, n = 0) log I = v (log(x/2) - lgamma(1+v)/v) + log1p(0F1 - 1) keeps its digits as v, x -> 0.
    """
    g, gl = log_small(x)
    y = 0.25 * (x * x)
    n, mu, c, k0, k1 = first_small(v, x, g)
    k0, k1 = forward(n, mu, y, c * k0, c * k1)
    l, e = two_sum(g, -LN2_HIGH)
    ll = e + (gl - LN2_LOW)
    p, e = two_prod(n, l)
    low = v < 0.5
    a = where(low, v, 0.0)
    b, bl = two_sum(l, -LGAMMA(madd(4.0, a, -1.0)))
    q, ql = two_prod(a, b)
    h, hl = quick_two_sum(1.0, series(a, y))
    d = 2.0 * madd(ratio(v, y, 9) * y, k0, k1)
    p = where(low, q, p)
    pl = where(low, ql + a * (bl + ll), e + n * ll)
    return p, pl, where(low, h, d), where(low, hl, 0.0), k0, where(low, 1.0, -1.0), x


def joined_small(p, pl, h, hl, k, sign, x):
    """sign 1: log I = p + log h, log K = log k; sign -1: p - log h and log k - p."""
    h, hl = log_pair(h, hl, 0.0)
    j, jl = log_pair(k, 0.0, 0.0)
    i, e = two_sum(p, sign * h)
    low = sign > 0.0
    j, jl = difference(j, jl, where(low, 0.0, p), where(low, 0.0, pl), 0.0)
    return i, e + (pl + sign * hl), j, jl, x


def both(i, il, k, kl, x):
    return i + il, k + kl


def only_i(i, il, k, kl, x):
    return i + il


def only_k(i, il, k, kl, x):
    return k + kl


def only_ie(i, il, k, kl, x):
    """log(I e^-x): the large part goes before the rounding."""
    s, e = two_sum(i, -x)
    return s + (e + il)


def only_ke(i, il, k, kl, x):
    s, e = two_sum(k, x)
    return s + (e + kl)


SMALL_R = (seeds_large, joined), (seeds_middle, joined), (seeds_small, joined_small)
INSIDE = (far,), (outer,), *SMALL_R
SCALED = (far_scaled,), (outer_scaled,), *SMALL_R
