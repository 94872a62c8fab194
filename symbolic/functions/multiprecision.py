"""The functions of this package, right to any working precision of mpmath."""

import functools
from collections.abc import Callable
from typing import Any

import mpmath
from sympy import Expr, Rational

from mathlib.symbolic.functions.multiprecision_bessel import besseli, besselk, besselk_integral, debye, is_large

Number = Any  # an mpf, an mpc, or a Python number


def settled(function: Callable[..., Number]) -> Callable[..., Number]:
    """
    Make a function right to the working precision, whatever cancels inside it.

    The function is computed with more and more bits until two results agree. The arguments may also be exact SymPy
    numbers, which are converted anew for each precision. A plain int returned by the function is an exact result;
    any other zero counts as total cancellation. Neither an exact nor an infinite result is believed where it may be
    due to the conversion, which takes 1 + 10^-99 for 1.
    """

    @functools.wraps(function)
    def right(*arguments: Number | Expr) -> Number:
        wanted = mpmath.mp.prec
        numbers = [_convert(argument, wanted) for argument in arguments]
        if any(mpmath.isnan(number) for number in numbers):
            return mpmath.nan
        agreement = max(wanted, 30) + 8  # a short agreement could be chance
        sizes = [mpmath.mag(number) for number in numbers if number != 0 and mpmath.isfinite(number)]
        precision = agreement + 40 + max([0, *sizes])  # an argument plus one must differ from the argument
        more = 32
        previous = None
        while precision < 16 * wanted + 2**17:
            with mpmath.workprec(precision):
                numbers = [_convert(argument, precision) for argument in arguments]
                value = function(*numbers)
                exact = isinstance(value, int)
                value = mpmath.mpmathify(value)
                done = (exact or not mpmath.isfinite(value)) and all(map(_is_exact, arguments, numbers))
                if previous is not None and value != 0 and mpmath.isfinite(value):
                    done |= abs(value - previous) <= mpmath.ldexp(abs(value), -agreement)
            if done:
                return +value
            previous = value
            precision, more = precision + more, 2 * more
        raise mpmath.libmp.NoConvergence(f"{function.__name__}{arguments} did not settle below {precision} bits")

    return right


def _convert(argument: Number | Expr, precision: int) -> Number:
    """Turn an argument into an mpmath number, right to the precision if it is a SymPy expression."""
    return mpmath.mpmathify(argument._to_mpmath(precision) if isinstance(argument, Expr) else argument)


def _is_exact(argument: Number | Expr, number: Number) -> bool:
    """Whether an argument was turned into a number without rounding."""
    if not isinstance(argument, Expr) or argument.is_infinite:
        return True
    if not (argument.is_Rational or argument.is_Float):
        return False
    fraction = Rational(argument)
    return bool(mpmath.fmul(number, fraction.q, exact=True) == fraction.p)


def _real(*numbers: Number) -> bool:
    return all(number.imag == 0 for number in numbers)


def _only_real(function: Callable[..., Number]) -> Callable[..., Number]:
    """Refuse complex numbers."""

    @functools.wraps(function)
    def on_reals(*numbers: Number) -> Number:
        if not _real(*numbers):
            raise ValueError(f"{function.__name__} is a function of real numbers, not of {numbers}")
        return function(*(number.real for number in numbers))

    return on_reals


def _of_finite_order(function: Callable[..., Number]) -> Callable[..., Number]:
    """Give NaN for infinite orders."""

    @functools.wraps(function)
    def of_order(nu: Number, x: Number) -> Number:
        return mpmath.nan if mpmath.isinf(nu) else function(nu, x)

    return of_order


# Exponentials and logarithms: for real numbers by formulas without cancellation, for complex ones by the definition


@settled
def exp_m1(x: Number) -> Number:
    """e^x - 1."""
    return 0 if x == 0 else mpmath.expm1(x)


@settled
def log_1p(x: Number) -> Number:
    """log(1 + x)."""
    return 0 if x == 0 else -mpmath.inf if x == -1 else mpmath.log1p(x)


@settled
def exp2(x: Number) -> Number:
    """2^x."""
    return mpmath.power(2, x)


@settled
def log2(x: Number) -> Number:
    """Logarithm to the base 2."""
    return 0 if x == 1 else mpmath.log(x) / mpmath.ln2


@settled
def exp_rel(x: Number) -> Number:
    """(e^x - 1) / x."""
    if x == 0:
        return 1
    if mpmath.isinf(x) and _real(x):
        return mpmath.inf if x > 0 else 0
    return mpmath.expm1(x) / x


@settled
def over_exp_m1(e: Number, a: Number) -> Number:
    """e / (e^(a e) - 1)."""
    if e == 0:
        return 1 / a if a != 0 else mpmath.nan
    if a == 0:
        return mpmath.nan
    if mpmath.isinf(e) or mpmath.isinf(a):
        return 0 if a * e > 0 else -e
    return e / mpmath.expm1(a * e)


@settled
def log_add_exp(a: Number, b: Number) -> Number:
    """log(e^a + e^b)."""
    if not _real(a, b):
        return mpmath.log(mpmath.exp(a) + mpmath.exp(b))
    low, high = sorted((a.real, b.real))
    return high if mpmath.isinf(high) else high + mpmath.log1p(mpmath.exp(low - high))


@settled
def log1m_exp(x: Number) -> Number:
    """log(1 - e^-x)."""
    if x == 0:
        return -mpmath.inf
    if x == mpmath.inf:
        return 0
    return mpmath.log1p(-mpmath.exp(-x)) if x.real > 1 else mpmath.log(-mpmath.expm1(-x))


@settled
def softplus(x: Number) -> Number:
    """log(1 + e^x)."""
    return 0 if x == -mpmath.inf else mpmath.log1p(mpmath.exp(x))


# Circular and hyperbolic functions


@settled
def cos_m1(x: Number) -> Number:
    """cos x - 1."""
    if mpmath.isinf(x):
        return mpmath.nan
    return 0 if x == 0 else -2 * mpmath.sin(x / 2) ** 2


@settled
def sin_pi(x: Number) -> Number:
    """sin(pi x)."""
    if mpmath.isinf(x):
        return mpmath.nan
    return 0 if mpmath.isint(x) else mpmath.sinpi(x)


@settled
def cos_pi(x: Number) -> Number:
    """cos(pi x)."""
    if mpmath.isinf(x):
        return mpmath.nan
    return 0 if mpmath.isint(mpmath.fsub(x, 0.5, exact=True)) else mpmath.cospi(x)


@settled
def log_cosh(x: Number) -> Number:
    """log(cosh x)."""
    if x == 0:
        return 0
    if not _real(x):
        return mpmath.log(mpmath.cosh(x))
    return mpmath.inf if mpmath.isinf(x) else mpmath.log1p(2 * mpmath.sinh(x / 2) ** 2)


@settled
def langevin(x: Number) -> Number:
    """coth x - 1/x."""
    if x == 0:
        return 0
    if mpmath.isinf(x) and _real(x):
        return 1 if x > 0 else -1
    with mpmath.extraprec(2 * max(0, -mpmath.mag(x))):  # the two terms agree to the order x^2
        return mpmath.coth(x) - 1 / x


# Error and Gamma functions


@settled
def log_erfc(x: Number) -> Number:
    """log(erfc x)."""
    if x == 0:
        return 0
    if x == mpmath.inf:
        return -mpmath.inf
    if abs(x) < 0.5:
        return mpmath.log1p(-mpmath.erf(x))
    if not _real(x):
        return mpmath.log(mpmath.erfc(x))
    return mpmath.log(_erfcx(x)) - x * x if x > 0 else mpmath.log(2 - mpmath.exp(-x * x) * _erfcx(-x))


@settled
def erfc_x(x: Number) -> Number:
    """e^(x^2) erfc x."""
    if mpmath.isinf(x) and _real(x):
        return 0 if x > 0 else mpmath.inf
    return 2 * mpmath.exp(x * x) - _erfcx(-x) if _real(x) and x < 0 else _erfcx(x)


def _erfcx(x: Number) -> Number:
    """e^(x^2) erfc x, far out by the asymptotic series DLMF 7.12.1, whose error is below the first term left out."""
    if not _real(x) or x < mpmath.sqrt(mpmath.mp.prec):
        return mpmath.exp(x * x) * mpmath.erfc(x)
    smallest = mpmath.ldexp(1, -mpmath.mp.prec - 2)
    total, term, k = mpmath.mpf(0), mpmath.mpf(1), 0
    while abs(term) > smallest:
        total += term
        term *= -(2 * k + 1) / (2 * x * x)
        k += 1
    return total / (x * mpmath.sqrt(mpmath.pi))


@settled
def log_poch(x: Number, a: Number) -> Number:
    """log(Gamma(x + a) / Gamma(x)), as a difference of two logarithms of the Gamma function."""
    if a == 0 or (x, a) in ((1, 1), (2, -1)):
        return 0
    if mpmath.isinf(x) or mpmath.isinf(a):
        return mpmath.inf if a > 0 and x > -mpmath.inf else -mpmath.inf if x == mpmath.inf > -a else mpmath.nan
    if x == 0 or x + a == 0:
        return -mpmath.inf if x == 0 else mpmath.inf
    return mpmath.loggamma(x + a) - mpmath.loggamma(x)


# Roots


@settled
def hypot(x: Number, y: Number) -> Number:
    """sqrt(x^2 + y^2)."""
    if _real(x, y) and (mpmath.isinf(x) or mpmath.isinf(y)):
        return mpmath.inf
    return 0 if x == y == 0 else mpmath.sqrt(x * x + y * y)


@settled
@_only_real
def cbrt(x: Number) -> Number:
    """Real cube root."""
    return 0 if x == 0 else mpmath.sign(x) * mpmath.root(abs(x), 3)


@settled
@_only_real
def signed_sqrt(q: Number) -> Number:
    """sign(q) sqrt |q|."""
    return 0 if q == 0 else mpmath.sign(q) * mpmath.sqrt(abs(q))


@settled
@_only_real
def sqdf(b: Number, s: Number) -> Number:
    """sqrt(b^2 - s |s|), imaginary for s > |b|."""
    if s == abs(b):
        return 0
    return mpmath.sqrt((abs(b) - s) * (abs(b) + s)) if s > 0 else mpmath.sqrt(b * b + s * s)


# Modified Bessel functions


@settled
@_of_finite_order
def log_besseli(nu: Number, x: Number) -> Number:
    """log I_nu(x)."""
    return 0 if nu == x == 0 else mpmath.log(besseli(nu, x))


@settled
@_of_finite_order
def log_besselk(nu: Number, x: Number) -> Number:
    """log K_nu(x)."""
    return mpmath.log(besselk(nu, x))


@settled
@_of_finite_order
def besseli_ratio(nu: Number, x: Number) -> Number:
    """I_{nu+1}(x) / I_nu(x)."""
    if x == 0:
        return mpmath.inf if nu < 0 and mpmath.isint(nu) else 0
    if mpmath.isinf(x):
        return 1 if x > 0 else -1
    return besseli(nu + 1, x) / besseli(nu, x)


@settled
@_of_finite_order
def besselk_ratio(nu: Number, x: Number) -> Number:
    """K_{nu+1}(x) / K_nu(x)."""
    if x == mpmath.inf or nu == -0.5:
        return 1
    if x == 0:
        return mpmath.inf if nu > -0.5 else 0
    return besselk(nu + 1, x) / besselk(nu, x)


@settled
@_of_finite_order
def log_besseli_order_derivative(nu: Number, x: Number) -> Number:
    """d/dnu log I_nu(x)."""
    if x == 0:
        return -mpmath.inf
    if x == mpmath.inf:
        return 0
    if nu == 0:
        return -besselk(nu, x) / besseli(nu, x)  # DLMF 10.38
    if is_large(nu, x) and nu > 0:
        value, slope = debye(nu, x, 1)
        # The expansion is that of (I_nu + I_-nu) / 2 = I_nu + sin(pi nu) K_nu / pi, which matters for tiny orders.
        return slope - debye(nu, x, -1)[0] / value if nu < 1 else slope
    return mpmath.diff(lambda order: mpmath.log(besseli(order, x)), nu)


@settled
@_of_finite_order
def log_besselk_order_derivative(nu: Number, x: Number) -> Number:
    """d/dnu log K_nu(x)."""
    if nu == 0 or x == mpmath.inf:
        return 0
    if x == 0:
        return mpmath.sign(nu) * mpmath.inf
    if is_large(nu, x):
        return mpmath.sign(nu) * debye(abs(nu), x, -1)[1]
    if _real(nu, x) and x > 0:
        return mpmath.sign(nu) * besselk_integral(abs(nu), x)[1]
    return mpmath.diff(lambda order: mpmath.log(besselk(order, x)), nu)
