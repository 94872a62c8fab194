"""Leading terms of the uniform expansion in 1/r, r = hypot(v, x), in double-double.

The Debye series (DLMF 10.41.3, 10.41.4) in logarithmic form, log(1 + sum u_k(p)/v^k) = sum L_n(q)/r^n with q = v^2/r^2,
tends to Hankel's series at q = 0 and to Stirling's at q = 1, so that one expansion serves all v and x.
Near the curve x = 0.66 v, where I_v crosses 1, terms of size r cancel: they need about twice the working precision.
"""

from mathlib._lib.double_double import log_pair, two_sum
from mathlib._lib.words_python import madd, sqrt, two_prod, where
from mathlib.special.kernels.regions import DOWN, DOWN_EXPONENT, HALF_LOG_UP, HUGE, LIFT, LIFT_EXPONENT, UP


def length(v, x):
    """(r, rl, d, dl): r + rl = hypot(v, x), d + dl = v + hypot(v, x); v, x below about 1e150."""
    vv, vl = two_prod(v, v)
    xx, xl = two_prod(x, x)
    s, sl = two_sum(vv, xx)
    sl = sl + (vl + xl)
    r = sqrt(s)
    p, e = two_prod(r, r)
    rl = (((s - p) - e) + sl) * (0.5 / r)
    d, dl = two_sum(v, r)
    return r, rl, d, dl + rl


def quotient(a, al, b, bl):
    """(a + al) / (b + bl) as a pair."""
    u = a / b
    p, e = two_prod(u, b)
    return u, (((a - p) - e) + (al - u * bl)) / b


def slope(x, d, dl, scale):
    """log(x / (v + r)) as a pair, from x as it is and d + dl = (v + r) scale, scale = 1 or 2^-700."""
    tiny = x < 1e-190  # x / d must stay normal
    u, ul = quotient(x * where(tiny, LIFT, 1.0), 0.0, d, dl)
    return log_pair(u, ul, where(tiny, LIFT_EXPONENT, 0.0) + where(scale < 1.0, DOWN_EXPONENT, 0.0))


def shrink(v, x):
    """The factor 2^-700 for huge arguments, else 1."""
    return where(where(v > x, v, x) > HUGE, DOWN, 1.0)


def variables(v, r):
    """(g, t): 1/r and 2q - 1 with q = v^2/r^2, the variables of the tables."""
    g = 1.0 / r
    q = v * g
    return g, madd(2.0 * q, q, -1.0)


def terms(v, x):
    """(v, x, r, rl, p, pl, h, hl, g, t, up): v and x scaled down by up if huge, r = hypot(v, x), p = v log(x/(v + r)),
    h = (log r)/2 of the unscaled r, all three as pairs; g = 1/r (0 for huge r), t = 2q - 1."""
    scale = shrink(v, x)
    huge = scale < 1.0
    whole = x
    v = v * scale
    x = x * scale
    r, rl, d, dl = length(v, x)
    l, ll = slope(whole, d, dl, scale)
    p, e = two_prod(v, l)
    h, hl = log_pair(r, rl, 0.0)
    hl = madd(0.5, hl, where(huge, HALF_LOG_UP, 0.0))
    g, t = variables(v, r)
    return v, x, r, rl, p, e + v * ll, 0.5 * h, hl, where(huge, 0.0, g), t, where(huge, UP, 1.0)


def leading(v, x):
    """(a, al, h, hl, g, t): a + al = r + v log(x/(v + r)), the rest as `terms` has it."""
    v, x, r, rl, p, pl, h, hl, g, t, up = terms(v, x)
    a, al = two_sum(r, p)
    return a * up, (al + (rl + pl)) * up, h, hl, g, t


def leading_scaled(v, x):
    """The same with a - x in place of a, from r - x = v^2/(r + x): the difference of r and x would lose all digits."""
    v, x, r, rl, p, pl, h, hl, g, t, up = terms(v, x)
    vv, vl = two_prod(v, v)
    s, sl = two_sum(r, x)
    b, bl = quotient(vv, vl, s, sl + rl)
    a, al = two_sum(b, p)
    return a * up, (al + (bl + pl)) * up, h, hl, g, t
