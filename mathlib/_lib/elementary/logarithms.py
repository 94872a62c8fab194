"""log, log2, log10, log1p and their parts: log(2^k (1 + f)) = k log 2 + 2 atanh(s), s = f / (2 + f)."""

from mathlib._lib import tables_elementary
from mathlib._lib.double_double import LN2_HIGH, LN2_LOW, quick_two_sum, two_sum
from mathlib._lib.elementary.constants import INFINITY, LIFT, LIFT_EXPONENT, LOG2_E, NAN, TINY
from mathlib._lib.words_python import Horner, madd, split, two_prod, where

# (2 atanh(s) / s - 2) / s^2 in s^2, even and odd powers of it apart
LOG_EVEN, LOG_ODD = Horner(tables_elementary.LOG_TAIL[::2]), Horner(tables_elementary.LOG_TAIL[1::2])
LOG2_E_LOW = 2.0355273740931033e-17
LOG10_E, LOG10_E_LOW = 0.4342944819032518, 1.098319650216765e-17
LOG10_2, LOG10_2_LOW = 0.3010299956640665, -8.532344317057107e-14  # a multiple of 2^-42, and the rest


def log_parts(k, f, fl):
    """k ln 2 + log(1 + f) + fl for -0.3125 <= f <= 0.375 and fl as small as a rounding error."""
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    h = 0.5 * f * f
    low = madd(s, madd(z, madd(z, LOG_ODD(w), LOG_EVEN(w)), h), madd(k, LN2_LOW, fl))
    return madd(k, LN2_HIGH, f - (h - low))


def log_sum(u, c, shift):
    """log((u + c) / 2^shift) for |c| <= ulp(u); u positive and normal."""
    k, i, m = split(u)
    return log_parts(k - shift, m - 1.0, c / u)


def log1p_sum(u, c, shift):
    """`log_sum`, but where u is next to 1 the sum u - 1 + c comes first: no bit of a tiny one is lost."""
    k, i, m = split(u)
    f, e = quick_two_sum(m - 1.0, c)
    return log_parts(k - shift, where(k == 0.0, f, m - 1.0), where(k == 0.0, e, c) / u)


def log_near(x):
    """log x for positive, normal, finite x."""
    k, i, m = split(x)
    return log_parts(k, m - 1.0, 0.0)


def log_is_near(x):
    return where(x >= TINY, where(x < INFINITY, 1.0, 0.0), 0.0)


def lifted(x):
    """(k, m): x = 2^k m as `split` has it, for subnormal x too; something where x is not positive and finite."""
    tiny = x < TINY
    k, i, m = split(where(x > 0.0, where(x < INFINITY, x, 1.0), 1.0) * where(tiny, LIFT, 1.0))
    return k - where(tiny, LIFT_EXPONENT, 0.0), m


def log_edges(x, y):
    """y where x is positive and finite; the limits and NaN elsewhere."""
    return where(x > 0.0, where(x < INFINITY, y, x), where(x == 0.0, -INFINITY, NAN))


def log(x):
    """Natural logarithm; -inf at 0, NaN below."""
    k, m = lifted(x)
    return log_edges(x, log_parts(k, m - 1.0, 0.0))


def log_in_base(m, scale, scale_low):
    """log(m) times (scale + scale_low) as a pair."""
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    h = 0.5 * f * f
    l, ll = quick_two_sum(f, s * madd(z, madd(z, LOG_ODD(w), LOG_EVEN(w)), h) - h)
    p, e = two_prod(l, scale)
    return p, madd(l, scale_low, madd(ll, scale, e))


def log2_sum(k, m):
    """log2(2^k m); exact for m = 1."""
    p, e = log_in_base(m, LOG2_E, LOG2_E_LOW)
    s, t = quick_two_sum(k, p)  # k = 0 or |k| > |p|
    return s + (t + e)


def log10_sum(k, m):
    """log10(2^k m); exact for powers of ten."""
    p, e = log_in_base(m, LOG10_E, LOG10_E_LOW)
    s, t = quick_two_sum(k * LOG10_2, p)
    return s + (t + madd(k, LOG10_2_LOW, e))


def log2_near(x):
    """log2 x for positive, normal, finite x."""
    k, i, m = split(x)
    return log2_sum(k, m)


def log10_near(x):
    """log10 x for positive, normal, finite x."""
    k, i, m = split(x)
    return log10_sum(k, m)


def log2(x):
    """Logarithm to base 2; -inf at 0, NaN below."""
    k, m = lifted(x)
    return log_edges(x, log2_sum(k, m))


def log10(x):
    """Logarithm to base 10; -inf at 0, NaN below."""
    k, m = lifted(x)
    return log_edges(x, log10_sum(k, m))


def log1p_near(x):
    """log(1 + x) for -1 < x < inf."""
    u, c = two_sum(1.0, x)
    return where(x == 0.0, x, log1p_sum(u, c, 0.0))  # -0.0 stays


def log1p_is_near(x):
    return where(x > -1.0, where(x < INFINITY, 1.0, 0.0), 0.0)


def log1p(x):
    """log(1 + x); -inf at -1, NaN below."""
    y = log1p_near(where(x > -1.0, where(x < INFINITY, x, 0.0), 0.0))
    return where(x > -1.0, where(x < INFINITY, where(x == 0.0, x, y), x), where(x == -1.0, -INFINITY, NAN))
