"""SymPy functions made of sines and cosines."""

from sympy import AccumBounds, Expr, S, cos, pi, sin

from mathlib.symbolic.functions.precise_function import UnaryFunction


class CosM1(UnaryFunction):
    r"""
    Cosine minus one, :math:`\cos x - 1`.

    Parameters
    ----------
    x : Expr
        The argument. The function is even.

    Notes
    -----
    In code made by ``sympy.lambdify`` it is a call of `mathlib.special.cosm1`.

    Examples
    --------
    >>> from sympy import cos
    >>> from sympy.abc import x
    >>> from mathlib.symbolic import CosM1
    >>> CosM1(x).diff(x)
    -sin(x)
    >>> CosM1(x).rewrite(cos)
    cos(x) - 1
    >>> CosM1(1e-20)
    -5.00000000000000e-41
    """

    _routine = "mathlib.special.cosm1"
    _multiprecision = "cos_m1"
    _formula = r"\operatorname{{cosm1}}\left({}\right)"
    _values = (AccumBounds(-2, 0), S.Zero, AccumBounds(-2, 0))
    _parity = 1

    @staticmethod
    def _definition(x: Expr) -> Expr:
        return cos(x) - 1

    @staticmethod
    def _partial(index: int, x: Expr) -> Expr:
        return -sin(x)

    def _eval_is_nonpositive(self) -> bool | None:
        return self.args[0].is_real or None


class SinPi(UnaryFunction):
    r"""
    Sine of pi times the argument, :math:`\sin(\pi x)`.

    Parameters
    ----------
    x : Expr
        The argument. The function is odd.

    Notes
    -----
    The argument is reduced before the product with pi is formed, so that large arguments and those next to an integer
    keep their digits.

    Examples
    --------
    >>> from sympy import Rational, sin
    >>> from sympy.abc import x
    >>> from mathlib.symbolic import SinPi
    >>> SinPi(x).diff(x)
    pi*CosPi(x)
    >>> SinPi(x).rewrite(sin)
    sin(pi*x)
    >>> SinPi(10**30), SinPi(10**30 + Rational(1, 10**30)).evalf()
    (0, 3.14159265358979e-30)
    """

    _routine = "mathlib.symbolic.expressions.primitives.SINPI"
    _multiprecision = "sin_pi"
    _formula = r"\operatorname{{sinpi}}\left({}\right)"
    _values = (AccumBounds(-1, 1), None, AccumBounds(-1, 1))
    _parity = -1

    @classmethod
    def _simpler(cls, x: Expr) -> Expr | None:
        if x.is_integer:
            return S.Zero
        if (x - S.Half).is_integer:
            return S.NegativeOne ** (x - S.Half)
        return super()._simpler(x)

    @staticmethod
    def _definition(x: Expr) -> Expr:
        return sin(pi * x)

    @staticmethod
    def _partial(index: int, x: Expr) -> Expr:
        return pi * CosPi(x)

    def _eval_is_real(self) -> bool | None:
        return self.args[0].is_real or None


class CosPi(UnaryFunction):
    r"""
    Cosine of pi times the argument, :math:`\cos(\pi x)`.

    Parameters
    ----------
    x : Expr
        The argument. The function is even.

    Notes
    -----
    The argument is reduced before the product with pi is formed, so that large arguments and those next to a zero keep
    their digits.

    Examples
    --------
    >>> from sympy import cos
    >>> from sympy.abc import x
    >>> from mathlib.symbolic import CosPi
    >>> CosPi(x).diff(x)
    -pi*SinPi(x)
    >>> CosPi(x).rewrite(cos)
    cos(pi*x)
    >>> CosPi(10**30 + 1)
    -1
    """

    _routine = "mathlib.symbolic.expressions.primitives.COSPI"
    _multiprecision = "cos_pi"
    _formula = r"\operatorname{{cospi}}\left({}\right)"
    _values = (AccumBounds(-1, 1), None, AccumBounds(-1, 1))
    _parity = 1

    @classmethod
    def _simpler(cls, x: Expr) -> Expr | None:
        if x.is_integer:
            return S.NegativeOne**x
        if (x - S.Half).is_integer:
            return S.Zero
        return super()._simpler(x)

    @staticmethod
    def _definition(x: Expr) -> Expr:
        return cos(pi * x)

    @staticmethod
    def _partial(index: int, x: Expr) -> Expr:
        return -pi * SinPi(x)

    def _eval_is_real(self) -> bool | None:
        return self.args[0].is_real or None
