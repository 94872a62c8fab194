"""Modified Bessel functions at the working precision of mpmath, also where mpmath itself takes too long."""

from typing import Any

import mpmath

Number = Any  # an mpf, an mpc, or a Python number


def besseli(nu: Number, x: Number) -> Number:
    """I_nu(x), the relative error about hypot(nu, x) units of the working precision."""
    if x == mpmath.inf:
        return mpmath.inf
    if _are_real(nu, x) and x < 0:
        return mpmath.expjpi(nu) * besseli(nu, -x)
    if not is_large(nu, x):
        return mpmath.besseli(nu, x)
    value = debye(abs(nu), x, 1)[0]
    if nu < 0:
        value += 2 / mpmath.pi * mpmath.sinpi(-nu) * debye(-nu, x, -1)[0]
    return value


def besselk(nu: Number, x: Number) -> Number:
    """K_nu(x), the relative error about hypot(nu, x) units of the working precision."""
    if x == mpmath.inf:
        return mpmath.mpf(0)
    if _are_real(nu, x) and x < 0:
        return mpmath.expjpi(-nu) * besselk(nu, -x) - mpmath.j * mpmath.pi * besseli(nu, -x)
    if is_large(nu, x):
        return debye(abs(nu), x, -1)[0]
    if _are_real(nu, x) and x > 2.0**-64:  # below, the integral is long and the power series of mpmath short
        return besselk_integral(abs(nu), x)[0]
    return mpmath.besselk(nu, x)


def _are_real(nu: Number, x: Number) -> bool:
    return bool(nu.imag == 0 and x.imag == 0)


def is_large(nu: Number, x: Number) -> bool:
    """Whether the Debye expansion reaches the working precision: its smallest term is about exp(-2 hypot(nu, x))."""
    return _are_real(nu, x) and bool(x > 0 and mpmath.hypot(nu, x) > 4 * mpmath.mp.prec)


def debye(nu: Number, x: Number, sign: int) -> tuple[Number, Number]:
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


def besselk_integral(nu: Number, x: Number) -> tuple[Number, Number]:
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
