"""I_(v+1)/I_v, its complement 1 - I_(v+1)/I_v, and K_(v+1)/K_v, without any difference of logarithms.

Where r >= 25 the derivative in x of the uniform expansion gives them (M_n = n L_n + 2 q L_n'). Inside, the last steps
of the backward recurrence carry their rounding errors to first order: a plain recurrence amplifies them about twice,
and the complement, small where the ratio is near 1, would show it.
"""

from mathlib._lib.double_double import two_sum
from mathlib._lib.words_python import Horner2, madd, two_prod, where
from mathlib.special.kernels import tables_ratio
from mathlib.special.kernels.inner import backward, first_far, first_near, first_small, forward, log_small, ratio
from mathlib.special.kernels.regions import INFINITY, NAN, R0_SQUARED, R1_SQUARED
from mathlib.special.kernels.uniform import length, quotient, shrink, variables

M_ODD, M_EVEN = Horner2(tables_ratio.M_ODD), Horner2(tables_ratio.M_EVEN)
M_ODD_FAR, M_EVEN_FAR = Horner2(tables_ratio.M_ODD_FAR), Horner2(tables_ratio.M_EVEN_FAR)


def leading_ratios(v, x):
    """(u, ul, k, kl, c, f, g, t): x/(v+r) and (v+r)/x as pairs, 1 - x/(v+r), x/r^2, 1/r (0 for huge r), 2q - 1."""
    scale = shrink(v, x)
    v = v * scale
    x = x * scale
    r, rl, d, dl = length(v, x)
    u, ul = quotient(x, 0.0, d, dl)
    k, kl = quotient(d, dl, x, 0.0)
    g, t = variables(v, r)
    c = (v + v * (v / (r + x))) / d
    return u, ul, k, kl, c, ((x * g) * g) * scale, where(scale < 1.0, 0.0, g), t


def ratios_of(u, ul, k, kl, c, f, odd, even):
    """even includes the leading 1/2 of the sum."""
    m = f * (even + odd)
    return u + (ul - m), c + m, where(k < INFINITY, k + (kl + f * (even - odd)), k)


def far(v, x):
    u, ul, k, kl, c, f, g, t = leading_ratios(v, x)
    w = R1_SQUARED * g * g
    return ratios_of(u, ul, k, kl, c, f, g * M_ODD_FAR(w, t), madd(g * g, M_EVEN_FAR(w, t), 0.5))


def outer(v, x):
    u, ul, k, kl, c, f, g, t = leading_ratios(v, x)
    w = R0_SQUARED * g * g
    return ratios_of(u, ul, k, kl, c, f, g * M_ODD(w, t), madd(g * g, M_EVEN(w, t), 0.5))


def carried(v, y, yl, p0, p1, e0, e1, top):
    """Seven backward steps from order v + top on pairs (p, e): e collects the rounding errors to first order."""
    for i in range(7):
        a, al = two_sum(v, top - i)
        s, sl = two_prod(a, p0)
        q, ql = two_prod(y, p1)
        p2, pl = two_sum(s, q)
        e2 = madd(a, e0, madd(y, e1, madd(al, p0, madd(yl, p1, (sl + ql) + pl))))
        p1 = p0
        e1 = e0
        p0 = p2
        e0 = e2
    return p0, p1, e0, e1


def with_complement(h, p0, p1, e0, e1):
    """(rho, 1 - rho), rho = h p_1 / p_0."""
    q, ql = two_prod(h, p1)
    ql = madd(h, e1, ql)
    d, dl = two_sum(p0, -q)
    return (q + ql) / (p0 + e0), (d + (dl + (e0 - ql))) / (p0 + e0)


def iv_large(v, x):
    """The I ratio and its complement, 4 <= x < 25."""
    h = 0.5 * x
    y, yl = two_prod(h, h)
    p0, p1 = backward(v, y, 34, 14)
    p0, p1, e0, e1 = carried(v, y, yl, p0, p1, 0.0, 0.0, 14.0)
    p0, p1, e0, e1 = carried(v, y, yl, p0, p1, e0, e1, 7.0)
    return with_complement(h, p0, p1, e0, e1)


def iv_middle(v, x):
    """The same for 1 <= x < 4."""
    h = 0.5 * x
    y, yl = two_prod(h, h)
    p0, p1 = backward(v, y, 16, 7)
    p0, p1, e0, e1 = carried(v, y, yl, p0, p1, 0.0, 0.0, 7.0)
    return with_complement(h, p0, p1, e0, e1)


def iv_small(v, x):
    """The same for x < 1, where the ratio is below 1/2."""
    h = 0.5 * x
    rho = h * ratio(v, h * h, 9)
    return rho, 1.0 - rho


def large(v, x):
    h = 0.5 * x
    n, mu, k0, k1 = first_far(v, x)
    k0, k1 = forward(n, mu, h * h, k0, k1)
    rho, c = iv_large(v, x)
    return rho, c, k1 / (h * k0)


def middle(v, x):
    h = 0.5 * x
    n, mu, k0, k1 = first_near(v, x)
    k0, k1 = forward(n, mu, h * h, k0, k1)
    rho, c = iv_middle(v, x)
    return rho, c, k1 / (h * k0)


def with_log(v, x):
    g, gl = log_small(x)
    return v, x, g


def small(v, x, g):
    h = 0.5 * x
    n, mu, c, k0, k1 = first_small(v, x, g)  # k_n and k_(n+1) are linear in k_0 and k_1: their common factor drops out
    k0, k1 = forward(n, mu, h * h, k0, k1)
    rho, c = iv_small(v, x)
    return rho, c, k1 / k0 / h


def edge(v, x):
    """v < 0, x < 0 or not finite: NaN; the limits at x = 0 and x = inf for finite v >= 0."""
    proper = where(v >= 0.0, where(v < INFINITY, 1.0, 0.0), 0.0)
    at_zero = where(x == 0.0, proper, 0.0) > 0.0
    at_infinity = where(x == INFINITY, proper, 0.0) > 0.0
    rho = where(at_zero, 0.0, where(at_infinity, 1.0, NAN))
    return rho, 1.0 - rho, where(at_zero, INFINITY, where(at_infinity, 1.0, NAN))


def only_iv(rho, c, k):
    return rho


def only_iv_c(rho, c, k):
    return c


def only_kv(rho, c, k):
    return k


def far_iv(v, x):
    rho, c, k = far(v, x)
    return rho, c


def outer_iv(v, x):
    rho, c, k = outer(v, x)
    return rho, c


REGIONS = (far,), (outer,), (large,), (middle,), (with_log, small), (edge,)


def slopes(v, x, rho, k):
    """(d/dx log I_v, d/dx log K_v) = (I_(v+1)/I_v + v/x, v/x - K_(v+1)/K_v)."""
    return rho + v / x, where(k < INFINITY, v / x - k, -k)


def dx_far(v, x):
    rho, c, k = far(v, x)
    return slopes(v, x, rho, k)


def dx_outer(v, x):
    rho, c, k = outer(v, x)
    return slopes(v, x, rho, k)


def dx_large(v, x):
    rho, c, k = large(v, x)
    return slopes(v, x, rho, k)


def dx_middle(v, x):
    rho, c, k = middle(v, x)
    return slopes(v, x, rho, k)


def dx_small(v, x, g):
    rho, c, k = small(v, x, g)
    return slopes(v, x, rho, k)


def dx_edge(v, x):
    rho, c, k = edge(v, x)
    at_zero = where(v > 0.0, INFINITY, 0.0)
    return where(x == 0.0, where(rho == rho, at_zero, NAN), rho), -k


def only_i(i, k):
    return i


def only_k(i, k):
    return k


SLOPES = (dx_far,), (dx_outer,), (dx_large,), (dx_middle,), (with_log, dx_small), (dx_edge,)
