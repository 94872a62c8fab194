"""Kernels of elementary functions that lose digits, overflow or underflow when written with exp, log, cos and Gamma."""

from mathlib._lib.double_double import two_sum
from mathlib._lib.elementary import (
    INFINITY,
    LIFT,
    LIFT_EXPONENT,
    NAN,
    NEAR_ANGLE,
    exp,
    expm1,
    expm1_parts,
    log,
    log_sum,
    magnitude,
    reduce_far,
    reduce_near,
    sin_quadrants,
)
from mathlib._lib.words_python import Horner, Horner2, madd, where
from mathlib.special.kernels import tables_stable

LANGEVIN = Horner(tables_stable.LANGEVIN)  # (coth x - 1/x) / x in x^2, |x| <= 2
LOG_ERFC = Horner(tables_stable.LOG_ERFC)  # log(erfc x) / x, |x| <= 1/2
# (1 + 2 x) e^(x^2) erfc x in (x - 3) / (x + 3), x >= 1/2: Shepherd and Laframboise, Math. Comp. 36 (1981) 249
ERFCX = Horner(tables_stable.ERFCX)
STIRLING = Horner(tables_stable.STIRLING)  # z times what Stirling's formula for log Gamma(z) lacks, in 1 / z^2, z >= 4
# (p(u) - p(v)) / (u - v) = sum over i of u^i (p[i+1] + p[i+2] v + ...)
STIRLING_SLOPE = Horner2(tuple((*tables_stable.STIRLING[i:], 0.0) for i in range(1, len(tables_stable.STIRLING))))
FAR_LIFT, FAR_EXPONENT = 4.149515568880993e180, 600.0  # 2^600


def log1mexp_region(x):
    return where(x > 0.0, where(x < 40.0, 0, 1), 1)


def log1mexp_inside(x):
    """log(1 - e^-x) for 0 < x < 40: the logarithm of a pair, lifted so that it is never subnormal."""
    s, e, f = expm1_parts(-x)
    return log_sum(-LIFT * s, -LIFT * e, LIFT_EXPONENT)


def log1mexp_outside(x):
    return where(x >= 40.0, -exp(-x), where(x == 0.0, -INFINITY, NAN))


def log_cosh(x):
    """log(1 + (cosh x - 1)) with cosh x - 1 = (e^x - 1)^2 / (2 e^x); linear from 40 on."""
    x = magnitude(x)
    a = where(x < 40.0, x, 40.0)
    s, e, f = expm1_parts(a)
    u, c = two_sum(1.0, s * (0.5 * s / (1.0 + s)))
    return log_sum(u, c, 0.0) + (x - a)


def softplus(x):
    """log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)"""
    u, c = two_sum(1.0, exp(-magnitude(x)))
    return where(x > 0.0, x, 0.0) + log_sum(u, c, 0.0)


def cosm1_region(x):
    return where(magnitude(x) <= 2.0 * NEAR_ANGLE, 0, 1)


def cosm1_near(x):
    """cos x - 1 = -2 sin^2(x / 2)"""
    k, y, yl = reduce_near(0.5 * magnitude(x))
    s = sin_quadrants(k, y, yl)
    return 0.0 - 2.0 * s * s


def cosm1_far(x):
    k, y, yl = reduce_far(0.5 * magnitude(x))
    s = sin_quadrants(k, y, yl) + 0.0 * (x - x)  # NaN where x is not finite
    return 0.0 - 2.0 * s * s


def langevin_region(x):
    return where(magnitude(x) < 2.0, 0, 1)


def langevin_near(x):
    return x * LANGEVIN(x * x)


def langevin_far(x):
    """coth x - 1/x = 1 - 1/x + 2 / (e^2x - 1)"""
    a = magnitude(x)
    y = (1.0 - 1.0 / a) + 2.0 / expm1(2.0 * a)
    return where(x < 0.0, -y, y)


def erfcx(x):
    """e^(x^2) erfc x for x >= 1/2."""
    return ERFCX(1.0 - 6.0 / (x + 3.0)) / (1.0 + 2.0 * x)


def log_erfc_region(x):
    return where(magnitude(x) < 0.5, 0, where(x > 0.0, 1, 2))


def log_erfc_near(x):
    return x * LOG_ERFC(x)


def log_erfc_right(x):
    return log(erfcx(x)) - x * x


def log_erfc_left(x):
    """erfc x = 2 - erfc(-x)"""
    return log(2.0 - exp(-(x * x)) * erfcx(-x))


def log_poch_region(x, a):
    low = where(a < 0.0, x + a, x)
    finite = where(x < INFINITY, where(magnitude(a) < INFINITY, where(low < 4.0, 1, 0), 2), 2)
    return where(low > 0.0, finite, 2)


def log_gamma_step(z, d):
    """log Gamma(z + d) - log Gamma(z) for z >= 4, d >= 0, free of cancellation for small d and for huge z.

    Stirling's formula at both ends: d (log z + g/h - 1 + g) - g/2 with h = d/z, g = log(1 + h), and the difference of
    the two remainders S(1/z^2) / z as a divided difference.
    """
    h = d / z
    s, c = two_sum(1.0, h)
    g = log_sum(s, c, 0.0)
    slope = where(h > 0.0, g / where(h > 0.0, h, 1.0), 1.0)
    u = 1.0 / z
    v = u / s
    difference = v * h * (STIRLING(u * u) + v * (u + v) * STIRLING_SLOPE(u * u, v * v))
    return d * (log(z) + ((slope - 1.0) + g)) - (0.5 * g + difference)


def log_poch_large(x, a):
    low, d = where(a < 0.0, x + a, x), magnitude(a)
    y = log_gamma_step(low, d)
    return where(a < 0.0, -y, y)


def log_poch_small(x, a):
    """Gamma(z + d) / Gamma(z) at z = low + 4, divided by the product of (low + j + d) / (low + j), j = 0 ... 3.

    In pairs, with m = low (low + 3) and m + t = (low + d) (low + d + 3), that is (m + t) (m + t + 2) / (m (m + 2)).
    """
    low, d = where(a < 0.0, x + a, x), magnitude(a)
    b = where(d < 1e20, d, 1e20)  # beyond, the product is nothing beside the rest
    m = low * (low + 3.0)
    t = b * (madd(2.0, low, 3.0) + b)
    far = where(low < 1e-200, where(b > 1e30 * low, 1.0, 0.0), 0.0)  # else the ratio overflows; 1 is nothing
    excess = t * (2.0 * (m + 1.0) + t) / ((m + 2.0) * (m * where(far > 0.0, FAR_LIFT, 1.0)))
    u, c = two_sum(1.0 - far, excess)
    y = log_gamma_step(low + 4.0, d) - log_sum(u, c, -FAR_EXPONENT * far)
    return where(a < 0.0, -y, y)


def log_poch_edge(x, a):
    """Infinite arguments, the poles x = 0 and x + a = 0, and NaN outside."""
    at_infinity = where(a > 0.0, INFINITY, where(a == 0.0, 0.0, where(a > -INFINITY, -INFINITY, NAN)))
    at_zero = where(a == 0.0, 0.0, where(a > 0.0, where(a < INFINITY, -INFINITY, NAN), NAN))
    between = where(a == INFINITY, INFINITY, where(x + a == 0.0, INFINITY, NAN))
    return where(x == INFINITY, at_infinity, where(x > 0.0, between, where(x == 0.0, at_zero, NAN)))
