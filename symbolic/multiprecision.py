"""Logarithms, ratios and order derivatives of modified Bessel functions, right to any working precision of mpmath."""

import functools
from collections.abc import Callable
from typing import Any

import mpmath
from sympy import Expr

Number = Any  # an mpf, an mpc, or a Python number


def settled(function: Callable[..., Number]) -> Callable[..., Number]:
    """
    Make a function of an order and an argument right to the working precision, whatever cancels inside it.

    The function is computed with more and more bits until two results agree. The two numbers may also be exact SymPy
    numbers, which are converted anew for each precision. A plain int returned by the function is an exact result;
    any other zero counts as total cancellation.
    """

    @functools.wraps(function)
    def right(nu: Number | Expr, x: Number | Expr) -> Number:
        wanted = mpmath.mp.prec
        order = _convert(nu, wanted)
        if mpmath.isinf(order) or mpmath.isnan(order) or mpmath.isnan(_convert(x, wanted)):
            return mpmath.nan
        agreement = max(wanted, 30) + 8  # a short agreement could be chance
        precision = agreement + 40 + max(0, mpmath.mag(order))  # an order plus one must differ from the order
        more = 32
        previous = None
        while precision < 16 * wanted + 2**17:
            with mpmath.workprec(precision):
                value = function(_convert(nu, precision), _convert(x, precision))
                exact = isinstance(value, int)
                value = mpmath.mpmathify(value)
                done = exact or not mpmath.isfinite(value)
                if previous is not None and value != 0:
                    done |= abs(value - previous) <= mpmath.ldexp(abs(value), -agreement)
            if done:
                return +value
            previous = value
            precision, more = precision + more, 2 * more
        raise mpmath.libmp.NoConvergence(f"{function.__name__}({nu}, {x}) did not settle below {precision} bits")

    return right


@settled
def log_besseli(nu: Number, x: Number) -> Number:
    """log I_nu(x)."""
    return 0 if nu == x == 0 else mpmath.log(_besseli(nu, x))


@settled
def log_besselk(nu: Number, x: Number) -> Number:
    """log K_nu(x)."""
    return mpmath.log(_besselk(nu, x))


@settled
def besseli_ratio(nu: Number, x: Number) -> Number:
    """I_{nu+1}(x) / I_nu(x)."""
    if x == 0:
        return mpmath.inf if nu < 0 and mpmath.isint(nu) else 0
    if mpmath.isinf(x):
        return 1 if x > 0 else -1
    return _besseli(nu + 1, x) / _besseli(nu, x)


@settled
def besselk_ratio(nu: Number, x: Number) -> Number:
    """K_{nu+1}(x) / K_nu(x)."""
    if x == mpmath.inf or nu == -0.5:
        return 1
    if x == 0:
        return mpmath.inf if nu > -0.5 else 0
    return _besselk(nu + 1, x) / _besselk(nu, x)


@settled
def log_besseli_order_derivative(nu: Number, x: Number) -> Number:
    """d/dnu log I_nu(x)."""
    if x == 0:
        return -mpmath.inf
    if x == mpmath.inf:
        return 0
    if nu == 0:
        return -_besselk(nu, x) / _besseli(nu, x)  # DLMF 10.38
    if _is_large(nu, x) and nu > 0:
        value, slope = _debye(nu, x, 1)
        # The expansion is that of (I_nu + I_-nu) / 2 = I_nu + sin(pi nu) K_nu / pi, which matters for tiny orders.
        return slope - _debye(nu, x, -1)[0] / value if nu < 1 else slope
    return mpmath.diff(lambda order: mpmath.log(_besseli(order, x)), nu)


@settled
def log_besselk_order_derivative(nu: Number, x: Number) -> Number:
    """d/dnu log K_nu(x)."""
    if nu == 0 or x == mpmath.inf:
        return 0
    if x == 0:
        return mpmath.sign(nu) * mpmath.inf
    if _is_large(nu, x):
        return mpmath.sign(nu) * _debye(abs(nu), x, -1)[1]
    if _are_real(nu, x) and x > 0:
        return mpmath.sign(nu) * _besselk_integral(abs(nu), x)[1]
    return mpmath.diff(lambda order: mpmath.log(_besselk(order, x)), nu)


def _convert(argument: Number | Expr, precision: int) -> Number:
    """Turn an argument into an mpmath number, right to the precision if it is a SymPy expression."""
    return mpmath.mpmathify(argument._to_mpmath(precision) if isinstance(argument, Expr) else argument)


def _besseli(nu: Number, x: Number) -> Number:
    """I_nu(x), the relative error about hypot(nu, x) units of the working precision."""
    if x == mpmath.inf:
        return mpmath.inf
    if _are_real(nu, x) and x < 0:
        return mpmath.expjpi(nu) * _besseli(nu, -x)
    if not _is_large(nu, x):
        return mpmath.besseli(nu, x)
    value = _debye(abs(nu), x, 1)[0]
    if nu < 0:
        value += 2 / mpmath.pi * mpmath.sinpi(-nu) * _debye(-nu, x, -1)[0]
    return value


def _besselk(nu: Number, x: Number) -> Number:
    """K_nu(x), the relative error about hypot(nu, x) units of the working precision."""
    if x == mpmath.inf:
        return mpmath.mpf(0)
    if _are_real(nu, x) and x < 0:
        return mpmath.expjpi(-nu) * _besselk(nu, -x) - mpmath.j * mpmath.pi * _besseli(nu, -x)
    if _is_large(nu, x):
        return _debye(abs(nu), x, -1)[0]
    if _are_real(nu, x) and x > 2.0**-64:  # below, the integral is long and the power series of mpmath short
        return _besselk_integral(abs(nu), x)[0]
    return mpmath.besselk(nu, x)


def _are_real(nu: Number, x: Number) -> bool:
    return bool(nu.imag == 0 and x.imag == 0)


def _is_large(nu: Number, x: Number) -> bool:
    """Whether the Debye expansion reaches the working precision: its smallest term is about exp(-2 hypot(nu, x))."""
    return _are_real(nu, x) and bool(x > 0 and mpmath.hypot(nu, x) > 4 * mpmath.mp.prec)


def _debye(nu: Number, x: Number, sign: int) -> tuple[Number, Number]:
    """
    f = I_nu(x) (sign 1) or K_nu(x) (sign -1), and d/dnu log f, for nu >= 0, by the uniform expansion for large orders.

    With r = hypot(nu, x) the k-th term U_k(nu/r) / nu^k of DLMF 10.41(ii) is a polynomial of degree k in (nu/r)^2,
    divided by r^k, so that one series serves all ratios nu/x. Its coefficients follow from DLMF 10.41.9.
    """
    r = mpmath.hypot(nu, x)
    q = (nu / r) ** 2
    q_slope = 2 * nu * (x / r**2) ** 2  # dq/dnu
    smallest = mpmath.ldexp(1, -mpmath.mp.prec)
    coefficients = [mpmath.mpf(1)]  # of the polynomial in q, divided by r^k
    total = previous = term = mpmath.mpf(1)
    slope = mpmath.mpf(0)
    k = 0
    while abs(previous) + abs(term) > smallest:  # two terms, since a single one may vanish at some q
        new = [mpmath.mpf(0)] * (k + 2)
        for j, coefficient in enumerate(coefficients):
            m = k + 2 * j
            new[j] += coefficient * (mpmath.mpf(m) / 2 + mpmath.mpf(1) / (8 * (m + 1)))
            new[j + 1] -= coefficient * (mpmath.mpf(m) / 2 + mpmath.mpf(5) / (8 * (m + 3)))
        coefficients = [coefficient / r for coefficient in new]
        k += 1
        previous = term
        term, term_slope = mpmath.polyval(coefficients[::-1], q, derivative=True)
        total += sign**k * term
        slope += sign**k * (term_slope * q_slope - k * term * nu / r**2)
    u = -mpmath.asinh(nu / x)  # log(x / (nu + r)), which would drop a tiny nu
    scale = mpmath.sqrt((1 / mpmath.pi if sign > 0 else mpmath.pi) / (2 * r))
    return mpmath.exp(sign * (r + nu * u)) * scale * total, sign * u - nu / (2 * r**2) + slope / total


def _besselk_integral(nu: Number, x: Number) -> tuple[Number, Number]:
    """
    K_nu(x) and d/dnu log K_nu(x), for nu >= 0 and x > 0, from the integral of exp(-x cosh t) cosh(nu t) over t > 0.

    This is DLMF 10.32.9 by the trapezoidal rule. The integrand is positive, so that nothing cancels, and analytic for
    all t: shifting the path by i bounds the error of the step h by exp(-2 pi / h) K_nu(x cos 1), where
    log(K_nu(x cos 1) / K_nu(x)) < 0.46 x + 0.62 (nu + 1/2).
    """
    precision = mpmath.mp.prec + 10
    h = 2 * mpmath.pi / (precision * mpmath.ln2 + 0.46 * x + 0.62 * (nu + 0.5))
    peak = mpmath.asinh(nu / x)
    step, step_nu = mpmath.exp(h), mpmath.exp(nu * h)
    t, e, e_nu = h, step, step_nu  # e = exp(t), e_nu = exp(nu t)
    total, slope = mpmath.exp(-x) / 2, mpmath.mpf(0)
    while True:
        weight = mpmath.exp(-x * (e + 1 / e) / 2)
        term = weight * (e_nu + 1 / e_nu) / 2
        total += term
        slope += t * weight * mpmath.sinh(nu * t)
        if t > peak and t * term < mpmath.ldexp(total, -precision):
            return total * h, slope / total
        t += h
        e *= step
        e_nu *= step_nu
