"""Kernels of the von Mises-Fisher distribution in p = 2 v + 2 dimensions: its normaliser and one step towards kappa.

The normaliser needs log I_v(k) - v log k, whose two terms cancel to almost nothing for large v: it is formed inside
each region, where v log k drops out of the formula.
"""

from mathlib._lib.double_double import LN2_HIGH, LN2_LOW, log_pair, quick_two_sum, two_sum
from mathlib._lib.words_python import Horner, two_prod, where
from mathlib.special.kernels import tables_gamma
from mathlib.special.kernels.logs import (
    DEBYE_EVEN,
    DEBYE_EVEN_FAR,
    DEBYE_ODD,
    DEBYE_ODD_FAR,
    HALF_LOG_2PI,
    seeds_large,
    seeds_middle,
    series,
)
from mathlib.special.kernels.ratios import far_iv, iv_large, iv_middle, iv_small, outer_iv
from mathlib.special.kernels.regions import HUGE, INFINITY, NAN, R0_SQUARED, R1_SQUARED, inside, order
from mathlib.special.kernels.uniform import length, variables

LGAMMA_MU = Horner(tables_gamma.LGAMMA_MU)


def leading_bracket(v, x):
    """(a, al, h, hl, g, t): a + al = r - x - v log(v + r), h + hl = log(r)/2, 1/r, 2q - 1."""
    r, rl, d, dl = length(v, x)
    l, ll = log_pair(d, dl, 0.0)
    p, e = two_prod(v, l)
    a, e2 = two_sum(r, -x)
    a, al = two_sum(a, -p)
    h, hl = log_pair(r, rl, 0.0)
    g, t = variables(v, r)
    return a, al + ((e2 + rl) - (e + v * ll)), 0.5 * h, 0.5 * hl, g, t


def assembled(a, al, h, hl, tail):
    a, e = two_sum(a, -h)
    a, e2 = two_sum(a, -HALF_LOG_2PI)
    return a + (((e + e2) + (al - hl)) + tail)


def far(v, x):
    a, al, h, hl, g, t = leading_bracket(v, x)
    w = R1_SQUARED * g * g
    return assembled(a, al, h, hl, g * DEBYE_ODD_FAR(w, t) + g * g * DEBYE_EVEN_FAR(w, t))


def outer(v, x):
    a, al, h, hl, g, t = leading_bracket(v, x)
    w = R0_SQUARED * g * g
    return assembled(a, al, h, hl, g * DEBYE_ODD(w, t) + g * g * DEBYE_EVEN(w, t))


def large(v, x):
    n, l, ll, k, d, x = seeds_large(v, x)
    return n, v - n, l, ll, d


def middle(v, x):
    n, l, ll, k, d, x = seeds_middle(v, x)
    return n, v - n, l, ll, d


def joined(n, mu, l, ll, d):
    """-mu log x - n log 2 - log d from l + ll = log(x/2), rounded once."""
    i, il = log_pair(d, 0.0, 0.0)
    p, e = two_prod(-mu, l)
    e = e - mu * ll - il - (mu + n) * LN2_LOW
    q, e2 = two_prod(mu + n, LN2_HIGH)
    s, e3 = two_sum(p, -q)
    s, e4 = two_sum(s, -i)
    return s + (e + (e3 + e4 - e2))


def small(v, x):
    """x < 1: -v log 2 - lgamma(1 + v) + log1p(0F1 - 1) - x, the gamma function by the product (1 + mu)...(n + mu)."""
    n, mu, w = order(v)
    d = 1.0
    for i in range(25):
        d = d * where(i < n, mu + (i + 1.0), 1.0)
    h, hl = quick_two_sum(1.0, series(v, 0.25 * (x * x)))
    return v, x, mu * LGAMMA_MU(2.0 * mu), d, h, hl


def joined_small(v, x, lgamma, d, h, hl):
    i, il = log_pair(d, 0.0, 0.0)
    h, hl = log_pair(h, hl, 0.0)
    p, e = two_prod(-v, LN2_HIGH)
    s, e2 = two_sum(p, -i)
    s, e3 = two_sum(s, -lgamma)
    s, e4 = two_sum(s, h)
    s, e5 = two_sum(s, -x)
    return s + (((e - v * LN2_LOW) + (hl - il)) + (e2 + e3 + e4 + e5))


def bracket_region(v, x):
    """Region of 0 <= v < 1e140, 0 <= x < 1e140 (x = 0 is a limit that the formulas reach), else 5."""
    return where(v >= 0.0, where(x >= 0.0, where(x < HUGE, where(v < HUGE, inside(v, x), 5), 5), 5), 5)


def undefined(v, x):
    return NAN * x


BRACKET = (far,), (outer,), (large, joined), (middle, joined), (small, joined_small), (undefined,)


def start(v, r, c):
    """Banerjee's approximation of the k at which I_(v+1)/I_v is r; c = 1 - r."""
    p = 2.0 * v + 2.0
    k = r * (p - r * r) / (where(c > 0.0, c, 1.0) * (1.0 + r))
    k = where(c > 0.0, k, where(c == 0.0, INFINITY, NAN))
    return where(r >= 0.0, where(v >= 0.0, where(v < INFINITY, k, NAN), NAN), NAN)


def start_of_ratio(v, r):
    """(1 - r, start) where 1 - r is not known better than from r."""
    c = 1.0 - r
    return c, start(v, r, c)


def kappa_region(v, r, c, k):
    """Region of (v, k); 5 where the start is exact to rounding (r < 1e-9) or the end of a range."""
    return where(r > 1e-9, where(k > 0.0, where(k < INFINITY, inside(v, k), 5), 5), 5)


def halley(v, r, c, k, a, b):
    """One step of Halley's method for A(k) = r from a = A(k), b = 1 - A(k): A' = 1 - A^2 - (p - 1) A / k.

    The residual is taken on the side where it keeps its digits.
    """
    f = where(r < 0.5, a - r, c - b)
    m = (2.0 * v + 1.0) / k
    d1 = b * (1.0 + a) - m * a
    d2 = m * (a / k - d1) - 2.0 * a * d1
    s = f / d1
    return k - s / (1.0 - 0.5 * s * d2 / d1)


def step_far(v, r, c, k):
    a, b = far_iv(v, k)
    return halley(v, r, c, k, a, b)


def step_outer(v, r, c, k):
    a, b = outer_iv(v, k)
    return halley(v, r, c, k, a, b)


def step_large(v, r, c, k):
    a, b = iv_large(v, k)
    return halley(v, r, c, k, a, b)


def step_middle(v, r, c, k):
    a, b = iv_middle(v, k)
    return halley(v, r, c, k, a, b)


def step_small(v, r, c, k):
    a, b = iv_small(v, k)
    return halley(v, r, c, k, a, b)


def unchanged(v, r, c, k):
    return k


STEP = (step_far,), (step_outer,), (step_large,), (step_middle,), (step_small,), (unchanged,)
