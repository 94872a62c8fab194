"""Kernels over the words of operations that only expressions need, and array routines of some that NumPy lacks."""

from mathlib._lib import elementary
from mathlib._lib.elementary import exp, expm1, hypot, log1p, magnitude
from mathlib._lib.elementary.angles import COS_TAIL, SIN_TAIL, quadrant, reduce_near
from mathlib._lib.elementwise import Elementwise
from mathlib._lib.words_python import floor, madd, sqrt, two_prod, where


def sign(x):
    """-1, 0 or 1"""
    return where(x > 0.0, 1.0, where(x < 0.0, -1.0, x))


def ceil(x):
    """Smallest whole number >= x."""
    return -floor(-x)


def maximum(x, y):
    """The larger; NaN if one is."""
    return where(x != x, x, where(x > y, x, y))


def minimum(x, y):
    """The smaller; NaN if one is."""
    return where(x != x, x, where(x < y, x, y))


def signed_sqrt(q):
    """sign(q) sqrt |q|"""
    r = sqrt(magnitude(q))
    return where(q < 0.0, -r, r)


def sqdf(b, s):
    """sqrt(b^2 - s |s|) without squares that overflow: a product of roots, or a hypotenuse."""
    m, n = magnitude(b), magnitude(s)
    d = m - n
    return where(s > 0.0, sqrt(d) * sqrt(m + n), hypot(m, n))


def exprel(x):
    """(e^x - 1) / x"""
    y = expm1(x) / where(x == 0.0, 1.0, x)
    return where(magnitude(x) < 1e-16, 1.0, where(x > 709.0, where(x < 717.0, exp(0.5 * x) / x * exp(0.5 * x), y), y))


def over_expm1(e, a):
    """e / (e^(a e) - 1), also where a e is tiny or overflows."""
    z, rest = two_prod(a, e)
    y = expm1(z)
    y = where(magnitude(z) < 700.0, madd(rest, y + 1.0, y), y)  # beyond, the rest does not count, and may be NaN
    return where(magnitude(z) < 1e-16, 1.0 / a, e / y)


def logaddexp(a, b):
    """log(e^a + e^b)"""
    high, low = where(a > b, a, b), where(a > b, b, a)
    y = high + log1p(exp(where(high == low, 0.0, low - high)))
    return where(a != a, a, where(b != b, b, y))


def _both(y, yl):
    """sin and cos of y + yl, the bits of `elementary.angles.sine_or_cosine`."""
    z = y * y
    h = 0.5 * z
    w = 1.0 - h
    s = y + madd(y * z, SIN_TAIL(z), madd(-h, yl, yl))
    return s, w + madd(z * z, COS_TAIL(z), madd(-y, yl, (1.0 - w) - h))


def sin_beside_cos(x):
    """sin x for a near angle whose cosine is wanted, too: the two share all but the choice."""
    k, y, yl = reduce_near(x)
    q = quadrant(k)
    s, c = _both(y, yl)
    r = where(q * q == 1.0, c, s)
    return where(x == 0.0, x, where(q >= 0.0, -r, r))


def cos_beside_sin(x):
    """cos x for a near angle whose sine is wanted, too."""
    k, y, yl = reduce_near(x)
    q = quadrant(k)
    s, c = _both(y, yl)
    r = where(q * q == 1.0, s, c)
    return where(q * q == -q, -r, r)


def divisor_is_near(x):
    """1.0 where 1/x is a normal number, else 0.0."""
    m = magnitude(x)
    return where(m < 4.49423283715579e307, where(m > 4.450147717014403e-308, 1.0, 0.0), 0.0)  # 2^1021, 2^-1021


def _routine(name, kernel, count):
    return Elementwise(name, None, ((kernel,),), n_in=count, n_out=1)


SIGNED_SQRT = _routine("signed_sqrt", signed_sqrt, 1)
SQDF = _routine("sqdf", sqdf, 2)
EXPREL = _routine("exprel", exprel, 1)
OVER_EXPM1 = _routine("over_expm1", over_expm1, 2)
LOGADDEXP = _routine("logaddexp", logaddexp, 2)
SINPI = _routine("sinpi", elementary.sinpi, 1)
COSPI = _routine("cospi", elementary.cospi, 1)
ERFC = _routine("erfc", elementary.erfc, 1)
ERFCX = _routine("erfcx", elementary.erfcx, 1)
