"""Operations on the balls of Arb that are no method of theirs. The precision is that of the context when called."""

from collections.abc import Callable
from typing import Any

import mpmath

Ball = Any  # flint.arb


def power(a: Ball, b: Ball) -> Ball:
    """a^b, also for a negative base where the exponent is a whole number."""
    # the size first: a whole number as large as e^(10^15) does not fit into memory, and Arb would end the process
    whole = b.unique_fmpz() if b.is_exact() and abs(b) < 10**6 else None
    return a**b if whole is None else a ** int(whole)


def cube_root(a: Ball) -> Ball:
    """Real cube root."""
    return a if a.is_zero() else odd(a, lambda b: b.root(3))


def signed_sqrt(a: Ball) -> Ball:
    """sign(a) sqrt |a|"""
    return odd(a, lambda b: b.sqrt())


def odd(a: Ball, function: Callable[[Ball], Ball]) -> Ball:
    """Continue a function of a >= 0 to an odd one; a ball around zero is not resolved."""
    return -function(-a) if a < 0 else function(a)


def hypot(a: Ball, b: Ball) -> Ball:
    """sqrt(a^2 + b^2)"""
    return (a * a + b * b).sqrt()


def sqdf(b: Ball, s: Ball) -> Ball:
    """sqrt(b^2 - s |s|)"""
    return (b * b - s * abs(s)).sqrt()


def exprel(a: Ball) -> Ball:
    """(e^a - 1) / a"""
    return type(a)(1) if a.is_zero() else a.expm1() / a


def over_expm1(e: Ball, a: Ball) -> Ball:
    """e / (e^(a e) - 1), 1/a at e = 0."""
    return 1 / a if e.is_zero() else e / (a * e).expm1()


def langevin(a: Ball) -> Ball:
    """coth a - 1/a"""
    return a if a.is_zero() else a.coth() - 1 / a


def log1mexp(a: Ball) -> Ball:
    """log(1 - e^-a)"""
    return (-((-a).expm1())).log()


def logaddexp(a: Ball, b: Ball) -> Ball:
    """log(e^a + e^b)"""
    high, low = (a, b) if a > b else (b, a)
    return high + (low - high).exp().log1p()


def softplus(a: Ball) -> Ball:
    """log(1 + e^a)"""
    return logaddexp(type(a)(0), a)


def log_cosh(a: Ball) -> Ball:
    """log cosh a, through e^-2|a| so that nothing overflows."""
    a = abs(a)
    return a + (-2 * a).exp().log1p() - type(a).const_log2()


def cosm1(a: Ball) -> Ball:
    """cos a - 1"""
    s = (a / 2).sin()
    return -2 * s * s


def erfcx(a: Ball) -> Ball:
    """e^(a^2) erfc a"""
    return (a * a).exp() * a.erfc()


def log_poch(x: Ball, a: Ball) -> Ball:
    """log Gamma(x + a) - log Gamma(x)"""
    return (x + a).lgamma() - x.lgamma()


def bessel_i(v: Ball, x: Ball) -> Ball:
    """I_v(x) where Arb finds it quickly."""
    return x.bessel_i(v) if bessel_is_quick(v) else x.nan()


def bessel_k(v: Ball, x: Ball) -> Ball:
    """K_v(x) where Arb finds it quickly."""
    return x.bessel_k(v) if x > 0 and bessel_is_quick(v) and not beside_integer(v) else x.nan()


def beside_integer(v: Ball) -> bool:
    """Whether an order is, or may be, beside a whole number but zero: K takes Arb seconds to minutes there."""
    whole = (v + 0.5).floor().unique_fmpz()
    if whole is None:
        return True
    distance = abs(v - whole)
    return bool(whole != 0 and not distance.is_zero() and not distance > 1e-30)


def bessel_is_quick(v: Ball) -> bool:
    """Whether a Bessel function of Arb takes well under a second: not with very many bits or an order beyond 2^40."""
    from flint import ctx

    return bool(ctx.prec <= 512 and abs(v) < 2**40)


def sign(a: Ball) -> Ball:
    """-1, 0 or 1; NaN where the ball contains zero and is not zero."""
    return type(a)(1 if a > 0 else -1 if a < 0 else 0) if a > 0 or a < 0 or a.is_zero() else type(a).nan()


def choose(condition: bool | None, a: Ball, b: Ball) -> Ball:
    """a or b; None is a condition that the balls do not decide."""
    return type(a).nan() if condition is None else a if condition else b


def less(a: Ball, b: Ball) -> bool | None:
    """a < b, None where the balls do not decide."""
    return True if a < b else False if a >= b else None


def less_equal(a: Ball, b: Ball) -> bool | None:
    """a <= b"""
    return True if a <= b else False if a > b else None


def equal(a: Ball, b: Ball) -> bool | None:
    """a = b"""
    return False if not a.overlaps(b) else True if a.is_exact() and b.is_exact() else None


def negation(a: bool | None) -> bool | None:
    """not a"""
    return None if a is None else not a


def conjunction(a: bool | None, b: bool | None) -> bool | None:
    """a and b"""
    return False if a is False or b is False else None if a is None or b is None else True


def through_mpmath(name: str) -> Callable[..., Ball]:
    """Make a function of `mathlib.symbolic.functions.multiprecision` one of balls; its arguments must be exact."""

    def evaluated(*arguments: Ball) -> Ball:
        from flint import ctx, fmpz

        from mathlib.symbolic.functions import multiprecision

        if not all(a.is_exact() and a.is_finite() for a in arguments):
            return arguments[0].nan()
        with mpmath.workprec(ctx.prec):
            exact = (mpmath.ldexp(int(m), int(e)) for m, e in (a.man_exp() for a in arguments))
            value = getattr(multiprecision, name)(*exact)
        if not isinstance(value, mpmath.mpf) or not mpmath.isfinite(value):
            return arguments[0].nan()
        negative, mantissa, exponent, _ = value._mpf_
        number = type(arguments[0])((fmpz(-int(mantissa) if negative else int(mantissa)), fmpz(int(exponent))))
        error = abs(number) * type(number)(2) ** (2 - ctx.prec)
        return (number - error).union(number + error)

    return evaluated
