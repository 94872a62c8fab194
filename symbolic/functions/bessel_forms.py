"""Writing logarithms and ratios of SymPy's Bessel functions with the functions of this package."""

from sympy import Add, Expr, Mul, S, besseli, besselk, log

from mathlib.symbolic.functions.bessel_functions import (
    BesselIRatio,
    BesselKRatio,
    LogBesselI,
    LogBesselK,
    is_besseli_positive,
    is_besselk_positive,
)


def log_bessel(expr: Expr) -> Expr:
    """
    Write logarithms and ratios of modified Bessel functions with the classes of this package.

    Parameters
    ----------
    expr : Expr
        An expression with ``besseli`` and ``besselk``.

    Returns
    -------
    Expr
        An equal expression. ``log(besseli(nu, x))`` becomes `LogBesselI`, ``besseli(nu + 1, x) / besseli(nu, x)``
        becomes `BesselIRatio`, the same for K. The logarithm of a product or a power is split where the assumptions
        say that the Bessel function is positive.

    Notes
    -----
    This is the way back from ``rewrite(besseli)`` and ``rewrite(besselk)``.

    Examples
    --------
    >>> from sympy import besseli, besselk, log, symbols
    >>> from mathlib.symbolic import log_bessel
    >>> nu, x = symbols("nu x", positive=True)
    >>> log_bessel(log(x**nu / besseli(nu, x)))
    log(x**nu) - LogBesselI(nu, x)
    >>> log_bessel(1 - besselk(nu + 1, x) / besselk(nu, x))
    1 - BesselKRatio(nu, x)
    """
    expr = expr.replace(lambda e: isinstance(e, log), _split_logarithm)
    return expr.replace(lambda e: isinstance(e, Mul), _find_ratios)


def _split_logarithm(logarithm: Expr) -> Expr:
    """Take the Bessel functions out of a logarithm, as far as they are positive or all there is."""
    factors = Mul.make_args(logarithm.args[0])
    terms, rest = [], []
    for factor in factors:
        function, power = factor.as_base_exp()
        if isinstance(function, besseli | besselk):
            is_i = isinstance(function, besseli)
            positive = (is_besseli_positive if is_i else is_besselk_positive)(*function.args)
            if factors == (function,) or (positive and power.is_real):
                terms.append(power * (LogBesselI if is_i else LogBesselK)(*function.args))
                continue
        rest.append(factor)
    return Add(log(Mul(*rest)), *terms) if terms else logarithm


def _find_ratios(product: Expr) -> Expr:
    """Write quotients of Bessel functions of neighbouring orders in a product as ratios."""
    for upper in product.as_powers_dict():
        if isinstance(upper, besseli | besselk):
            nu, x = upper.args
            lower = upper.func(nu - 1, x)
            powers = product.as_powers_dict()
            up, down = S(powers[upper]), -S(powers[lower])
            # The order of lower differs where SymPy turned the sign of an integer order.
            if lower.args == (nu - 1, x) and up.is_Integer and down.is_Integer and up * down > 0:
                ratio = (BesselIRatio if isinstance(upper, besseli) else BesselKRatio)(nu - 1, x)
                product *= (ratio * lower / upper) ** min(up, down, key=abs)
    return product
