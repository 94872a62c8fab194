"""
Truncated expansions of modified Bessel functions at 0 and at infinity, as SymPy expressions.

Each function returns a pair (l, s) that stands for exp(l) s: what is singular on the logarithmic scale, and a sum that
tends to a constant or to a logarithm.
"""

from sympy import Expr, S, digamma, factorial, gamma, log, loggamma, pi, rf


def at_infinity(nu: Expr, z: Expr, terms: int, sign: int) -> tuple[Expr, Expr]:
    """I_nu(z) (sign 1) or K_nu(z) (sign -1) for large z, without what is exponentially small: DLMF 10.40(i)."""
    total, term = S.Zero, S.One
    for k in range(terms):
        total += term
        term *= -sign * (4 * nu**2 - (2 * k + 1) ** 2) / (8 * (k + 1) * z)
    return sign * z + (-log(2 * pi * z) if sign > 0 else log(pi / (2 * z))) / 2, total


def i_at_zero(nu: Expr, z: Expr, terms: int) -> tuple[Expr, Expr]:
    """I_nu(z) for small z and nu > -1: DLMF 10.25.2."""
    return nu * log(z / 2) - loggamma(nu + 1), _power_series(nu, z, terms)


def k_at_zero(nu: Expr, z: Expr, terms: int) -> tuple[Expr, Expr] | None:
    """K_nu(z) for small z and nu >= 0: DLMF 10.27.4 and 10.31.1; None for a symbolic order and more than one term."""
    if nu.is_zero:
        return S.Zero, _logarithmic_series(S.Zero, z, terms)
    prefactor = loggamma(nu) - log(2) - nu * log(z / 2)
    if nu.is_Integer:
        finite = (
            factorial(nu - k - 1) / factorial(k) / factorial(nu - 1) * (-(z**2) / 4) ** k
            for k in range(min(int(nu), terms))
        )
        logarithmic = 2 / factorial(nu - 1) * (z / 2) ** nu * _logarithmic_series(nu, z, terms)
        return prefactor, sum(finite, S.Zero) + logarithmic
    if nu.is_Rational:
        mirror = gamma(-nu) / gamma(nu) * (z / 2) ** (2 * nu)
        return prefactor, _power_series(-nu, z, terms) + mirror * _power_series(nu, z, terms)
    return (prefactor, S.One) if nu.is_positive and terms == 1 else None


def _power_series(nu: Expr, z: Expr, terms: int) -> Expr:
    """Gamma(nu + 1) (z/2)^-nu I_nu(z)."""
    return sum(((z**2 / 4) ** k / (factorial(k) * rf(nu + 1, k)) for k in range(terms)), S.Zero)


def _logarithmic_series(n: Expr, z: Expr, terms: int) -> Expr:
    """The part of K_n(z), n = 0, 1, ..., that begins with (z/2)^n log z."""
    total = S.Zero
    for k in range(terms):
        weight = (digamma(k + 1) + digamma(n + k + 1)) / 2 - log(z / 2)
        total += weight * (z**2 / 4) ** k / (factorial(k) * factorial(n + k))
    return S.NegativeOne**n * (z / 2) ** n * total
