"""d/dv log I_v(x) and d/dv log K_v(x).

Where r >= 25 from the derivative in v of the uniform expansion (N_n = -n L_n + 2 (1 - q) L_n'); inside by tangents
carried through the seeds and recurrences with n = floor(v + 1/2) held fixed. The slopes of the seeds in w = 8 mu^2 - 1
have fits of their own: differentiating a cut polynomial multiplies its dropped tail by the square of the degree.
"""

from math import factorial

from mathlib._lib.words_python import Horner, Horner2, madd, sqrt, where
from mathlib.special.kernels import tables_order, tables_seeds
from mathlib.special.kernels.inner import (
    LOG_X_A,
    LOG_X_B,
    LOG_X_C,
    LOG_X_D,
    LOG_X_E,
    SEED_DK_FAR,
    SEED_DK_NEAR,
    SEED_K_FAR,
    SEED_K_NEAR,
    SINHC,
    exp_near,
    far_variable,
    near_variable,
)
from mathlib.special.kernels.ratios import with_log
from mathlib.special.kernels.regions import INFINITY, NAN, R0_SQUARED, R1_SQUARED, order
from mathlib.special.kernels.uniform import length, shrink, slope, variables

N_ODD, N_EVEN = Horner2(tables_order.N_ODD), Horner2(tables_order.N_EVEN)
N_ODD_FAR, N_EVEN_FAR = Horner2(tables_order.N_ODD_FAR), Horner2(tables_order.N_EVEN_FAR)
SEED_K_FAR_W, SEED_DK_FAR_W = Horner2(tables_seeds.SEED_K_FAR_W), Horner2(tables_seeds.SEED_DK_FAR_W)
SEED_K_NEAR_W, SEED_DK_NEAR_W = Horner2(tables_seeds.SEED_K_NEAR_W), Horner2(tables_seeds.SEED_DK_NEAR_W)
LOG_X_A_W, LOG_X_B_W = Horner2(tables_seeds.LOG_X_A_W), Horner2(tables_seeds.LOG_X_B_W)
LOG_X_C_W, LOG_X_D_W = Horner2(tables_seeds.LOG_X_C_W), Horner2(tables_seeds.LOG_X_D_W)
LOG_X_E_W = Horner2(tables_seeds.LOG_X_E_W)
SINHC_SLOPE = Horner(tuple(2 * k / factorial(2 * k + 1) for k in range(1, 9)))  # (sinh(s)/s)' / s in s^2 <= 1/4


def leading_slopes(v, x):
    """(l, ll, f, g, t): log(x/(v+r)) as a pair, v/r^2, 1/r (0 for huge r), 2q - 1."""
    scale = shrink(v, x)
    whole = x
    v = v * scale
    x = x * scale
    r, rl, d, dl = length(v, x)
    l, ll = slope(whole, d, dl, scale)
    g, t = variables(v, r)
    return l, ll, ((v * g) * g) * scale, where(scale < 1.0, 0.0, g), t


def far(v, x):
    l, ll, f, g, t = leading_slopes(v, x)
    w = R1_SQUARED * g * g
    odd = g * N_ODD_FAR(w, t)
    even = madd(g * g, N_EVEN_FAR(w, t), -0.5)
    return l + madd(f, even + odd, ll), madd(f, even - odd, -ll) - l


def outer(v, x):
    l, ll, f, g, t = leading_slopes(v, x)
    w = R0_SQUARED * g * g
    odd = g * N_ODD(w, t)
    even = madd(g * g, N_EVEN(w, t), -0.5)
    return l + madd(f, even + odd, ll), madd(f, even - odd, -ll) - l


def forward_slope(n, mu, y, k0, k1, d0, d1):
    """(k_n, k_(n+1)) and their derivatives in mu from those of k_0, k_1."""
    for i in range(25):
        a = mu + (i + 1.0)
        k2 = madd(a, k1, y * k0)
        d2 = madd(a, d1, madd(y, d0, k1))
        more = i < n
        k0 = where(more, k1, k0)
        d0 = where(more, d1, d0)
        k1 = where(more, k2, k1)
        d1 = where(more, d2, d1)
    return k0, k1, d0, d1


def ratio_slope(v, y, steps):
    """I_(v+1)/I_v / (x/2) and its derivative in v."""
    b = v + (steps + 1.0)
    s = sqrt(madd(b + 0.5, b + 0.5, 4.0 * y))
    p1 = 2.0 / ((b - 0.5) + s)
    d1 = -0.5 * p1 * p1 * (1.0 + (b + 0.5) / s)
    p0 = 1.0
    d0 = 0.0
    for i in range(steps):
        a = v + (steps - i)
        p2 = madd(a, p0, y * p1)
        d2 = madd(a, d0, madd(y, d1, p0))
        p1 = p0
        d1 = d0
        p0 = p2
        d0 = d2
    rt = p1 / p0
    return rt, (d1 - rt * d0) / p0


def slopes(v, y, k0, k1, d0, d1, rt, drt):
    """(-(log d)', (log k_n)') for d = rt y k_n + k_(n+1), which is 1/I_v up to a factor free of mu."""
    n, mu, w = order(v)
    k0, k1, d0, d1 = forward_slope(n, mu, y, k0, k1, d0, d1)
    d = madd(rt * y, k0, k1)
    return -(madd(rt * y, d0, d1) + drt * y * k0) / d, d0 / k0


def seeds_large(v, x):
    """(v, y, k_0, k_1, k_0', k_1') up to a common factor that does not depend on v, 4 <= x < 25."""
    n, mu, w = order(v)
    t = far_variable(x)
    m = 16.0 * mu  # dw/dmu
    k0 = SEED_K_FAR(w, t)
    d0 = m * SEED_K_FAR_W(w, t)
    k1 = 0.5 * madd(mu, k0, x * SEED_DK_FAR(w, t))
    d1 = 0.5 * (madd(mu, d0, k0) + x * (m * SEED_DK_FAR_W(w, t)))
    return v, 0.25 * (x * x), k0, k1, d0, d1


def seeds_middle(v, x):
    """The same for 1 <= x < 4."""
    n, mu, w = order(v)
    t = near_variable(x)
    m = 16.0 * mu
    k0 = SEED_K_NEAR(w, t)
    d0 = m * SEED_K_NEAR_W(w, t)
    k1 = 0.5 * madd(mu, k0, x * SEED_DK_NEAR(w, t))
    d1 = 0.5 * (madd(mu, d0, k0) + x * (m * SEED_DK_NEAR_W(w, t)))
    return v, 0.25 * (x * x), k0, k1, d0, d1


def seeds_small(v, x, g):
    """The same for x < 1, g = log x, without the factor 1/(1 - mu^2)."""
    n, mu, w = order(v)
    y = 0.25 * (x * x)
    t = madd(8.0, y, -1.0)
    m = 16.0 * mu
    s = -mu * g
    up = exp_near(s)
    down = 1.0 / up
    s2 = s * s
    near = s2 <= 0.25
    z = where(near, s2, 0.0)
    safe = where(near, 1.0, s)
    cosh = 0.5 * (up + down)
    c = where(near, SINHC(z), 0.5 * (up - down) / safe)  # sinh(s)/s
    ds = where(near, s * SINHC_SLOPE(z), (cosh - c) / safe)  # its derivative in s
    sinh = -g * c  # sinh(s)/mu
    dsinh = g * g * ds
    dcosh = -mu * g * sinh
    a = LOG_X_A(w, t)
    b = LOG_X_B(w, t)
    db = m * LOG_X_B_W(w, t)
    k0 = madd(a, sinh, b * cosh)
    d0 = (m * LOG_X_A_W(w, t) * sinh + a * dsinh) + (db * cosh + b * dcosh)
    f = madd(mu, b, LOG_X_C(w, t))
    e = LOG_X_E(w, t)
    h = madd(-mu, e, LOG_X_D(w, t))
    df = m * LOG_X_C_W(w, t) + madd(mu, db, b)
    dh = m * LOG_X_D_W(w, t) - madd(mu, m * LOG_X_E_W(w, t), e)
    k1 = 0.5 * up * f - y * sinh * h
    d1 = 0.5 * up * (df - g * f) - y * (dsinh * h + sinh * dh)
    return v, y, k0, k1, d0, d1


def end_large(v, y, k0, k1, d0, d1):
    rt, drt = ratio_slope(v, y, 34)
    return slopes(v, y, k0, k1, d0, d1, rt, drt)


def end_middle(v, y, k0, k1, d0, d1):
    rt, drt = ratio_slope(v, y, 16)
    return slopes(v, y, k0, k1, d0, d1, rt, drt)


def end_small(v, y, k0, k1, d0, d1):
    rt, drt = ratio_slope(v, y, 9)
    i, k = slopes(v, y, k0, k1, d0, d1, rt, drt)
    n, mu, w = order(v)
    extra = 2.0 * mu / madd(-mu, mu, 1.0)  # of the factor 1/(1 - mu^2)
    return i - extra, k + extra


def edge(v, x):
    """v < 0, x < 0 or not finite: NaN; the limits at x = 0 and x = inf for finite v >= 0."""
    proper = where(v >= 0.0, where(v < INFINITY, 1.0, 0.0), 0.0)
    at_zero = where(x == 0.0, proper, 0.0) > 0.0
    at_infinity = where(x == INFINITY, proper, 0.0) > 0.0
    i = where(at_zero, -INFINITY, where(at_infinity, 0.0, NAN))
    return i, where(at_zero, where(v > 0.0, INFINITY, 0.0), where(at_infinity, 0.0, NAN))


def only_i(i, k):
    return i


def only_k(i, k):
    return k


REGIONS = (
    (far,),
    (outer,),
    (seeds_large, end_large),
    (seeds_middle, end_middle),
    (with_log, seeds_small, end_small),
    (edge,),
)
