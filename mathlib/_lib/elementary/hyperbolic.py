"""sinh, cosh, tanh and their inverses."""

from mathlib._lib.double_double import quick_two_sum, two_sum
from mathlib._lib.elementary.constants import INFINITY, NAN, magnitude
from mathlib._lib.elementary.exponentials import exp_polynomials, reduce_exp
from mathlib._lib.elementary.logarithms import log1p_sum
from mathlib._lib.words_python import exp2i, madd, sqrt, two_prod, where


def half_powers(k):
    """(a, al, b, bl): the pairs 2^(k-1) - 2^(-k-1) and 2^(k-1) + 2^(-k-1), |k| <= 1021."""
    t, v = exp2i(k - 1.0), exp2i(-k - 1.0)
    a, al = two_sum(t, -v)
    b, bl = two_sum(t, v)
    return a, al, b, bl


def combine(a, al, b, bl, r, rl):
    """a cosh(r + rl) + b sinh(r + rl) as a pair, |r| <= ln(2) / 2: no cancellation where a = 0."""
    q, even, odd = exp_polynomials(r)
    p, e = two_prod(b, r)
    s, sl = two_sum(a, p)
    c = q * madd(q, even, 0.5)
    return s, sl + (madd(a, c, al) + (madd(b, madd(r * q, odd, rl), e) + bl * r))


def sinh_near(x):
    """sinh x for |x| <= 708: x = k ln 2 + r, 2 sinh x = (2^k - 2^-k) cosh r + (2^k + 2^-k) sinh r."""
    k, r, rl = reduce_exp(x)
    a, al, b, bl = half_powers(k)
    s, sl = combine(a, al, b, bl, r, rl)
    return where(x == 0.0, x, s + sl)  # -0.0 stays


def cosh_near(x):
    """cosh x for |x| <= 708."""
    k, r, rl = reduce_exp(x)
    a, al, b, bl = half_powers(k)
    c, cl = combine(b, bl, a, al, r, rl)
    return c + cl


def reduce_hyperbolic(x):
    """(k, r, rl, more): `reduce_exp` of x brought into |x| <= 711, with 2^k = 2^(+-1000) more beyond |k| = 1000."""
    k, r, rl = reduce_exp(where(x < 711.0, where(x > -711.0, x, -711.0), 711.0))
    n = where(k < 1000.0, where(k > -1000.0, k, -1000.0), 1000.0)
    return n, r, rl, exp2i(magnitude(k - n))


def sinh(x):
    """sinh x"""
    k, r, rl, more = reduce_hyperbolic(x)
    a, al, b, bl = half_powers(k)
    s, sl = combine(a, al, b, bl, r, rl)
    return where(x == 0.0, x, where(x != x, x, (s + sl) * more))


def cosh(x):
    """cosh x"""
    k, r, rl, more = reduce_hyperbolic(x)
    a, al, b, bl = half_powers(k)
    c, cl = combine(b, bl, a, al, r, rl)
    return where(x != x, x, (c + cl) * more)


def tanh(x):
    """tanh x: the quotient of the pairs sinh x and cosh x, with one correction; 1 from 20 on."""
    k, r, rl = reduce_exp(where(x < 40.0, where(x > -40.0, x, -40.0), 40.0))
    a, al, b, bl = half_powers(k)
    s, sl = combine(a, al, b, bl, r, rl)
    c, cl = combine(b, bl, a, al, r, rl)
    s, sl = quick_two_sum(s, sl)
    c, cl = quick_two_sum(c, cl)
    i = 1.0 / c
    t = s * i
    p, e = two_prod(t, c)
    return where(x == 0.0, x, where(x != x, x, madd(((s - p) - e) + madd(-t, cl, sl), i, t)))


def asinh(x):
    """log(|x| + sqrt(x^2 + 1)) with the sign of x: log(1 + w), w = |x| + x^2 / (1 + sqrt(1 + x^2))."""
    a = magnitude(x)
    large = a > 1e10
    b = where(large, 1.0, a)
    q, ql = two_prod(b, b)
    v = q / (1.0 + sqrt(1.0 + q))
    p, e = two_prod(v, v)
    t, tl = two_sum(q, -p)
    vl = ((t - 2.0 * v) + (tl - e + ql)) * (0.5 / (1.0 + v))  # v (v + 2) = q
    w, wl = two_sum(b, v)
    wl = wl + vl
    u, c = two_sum(1.0, w)
    y = log1p_sum(where(large, where(a < INFINITY, a, 1.0), u), where(large, 0.0, c + wl), where(large, -1.0, 0.0))
    y = where(a < INFINITY, y, a)
    return where(x == 0.0, x, where(x < 0.0, -y, y))


def acosh(x):
    """log(x + sqrt(x^2 - 1)) = log(1 + w), w = d + sqrt(d (d + 2)), d = x - 1; NaN below 1."""
    large = x > 1e10
    d = where(x > 1.0, where(large, 1.0, x), 1.0) - 1.0
    p, e = two_prod(d, d)
    q, ql = two_sum(2.0 * d, p)
    ql = ql + e
    s = sqrt(q)
    p, e = two_prod(s, s)
    sl = (((q - p) - e) + ql) * (0.5 / where(s > 0.0, s, 1.0))
    w, wl = two_sum(d, s)
    u, c = two_sum(1.0, w)
    c = c + (wl + sl)
    y = log1p_sum(where(large, where(x < INFINITY, x, 1.0), u), where(large, 0.0, c), where(large, -1.0, 0.0))
    return where(x >= 1.0, where(x < INFINITY, y, x), NAN)


def atanh(x):
    """log((1 + x) / (1 - x)) / 2 = log(1 + w) / 2, w = 2 |x| / (1 - |x|), with the sign of x; NaN beyond +-1."""
    a = magnitude(x)
    b = where(a < 1.0, a, 0.0)
    d, dl = two_sum(1.0, -b)
    w = 2.0 * b / d
    p, e = two_prod(w, d)
    wl = (((2.0 * b - p) - e) - w * dl) / d
    u, c = two_sum(1.0, w)
    y = 0.5 * log1p_sum(u, c + wl, 0.0)
    y = where(a < 1.0, y, where(a == 1.0, INFINITY, NAN))
    return where(x == 0.0, x, where(x < 0.0, -y, y))
