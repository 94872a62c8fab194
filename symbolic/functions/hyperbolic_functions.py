"""SymPy functions made of hyperbolic functions."""

from sympy import Expr, S, cosh, coth, log, sinh, tanh

from mathlib.symbolic.functions.precise_function import UnaryFunction


class LogCosh(UnaryFunction):
    r"""
    Logarithm of the hyperbolic cosine, :math:`\log \cosh x`.

    Parameters
    ----------
    x : Expr
        The argument. The function is even.

    Notes
    -----
    In code made by ``sympy.lambdify`` it is a call of `mathlib.special.log_cosh`.

    Examples
    --------
    >>> from sympy import cosh
    >>> from sympy.abc import x
    >>> from mathlib.symbolic import LogCosh
    >>> LogCosh(x).diff(x)
    tanh(x)
    >>> LogCosh(-x).rewrite(cosh)
    log(cosh(x))
    >>> LogCosh(1e-20), LogCosh(1000).evalf()
    (5.00000000000000e-41, 999.306852819440)
    """

    _routine = "mathlib.special.log_cosh"
    _multiprecision = "log_cosh"
    _formula = r"\log \cosh\left({}\right)"
    _values = (S.Infinity, S.Zero, S.Infinity)
    _parity = 1

    @staticmethod
    def _definition(x: Expr) -> Expr:
        return log(cosh(x))

    @staticmethod
    def _far(x: Expr, end: Expr) -> Expr | None:
        return {S.Infinity: x - log(2), S.NegativeInfinity: -x - log(2)}.get(end)

    @staticmethod
    def _partial(index: int, x: Expr) -> Expr:
        return tanh(x)

    def _eval_is_nonnegative(self) -> bool | None:
        return self.args[0].is_real or None

    def _eval_is_zero(self) -> bool | None:
        return self.args[0].is_zero if self.args[0].is_real else None


class Langevin(UnaryFunction):
    r"""
    Langevin function, :math:`\coth x - 1/x`.

    Parameters
    ----------
    x : Expr
        The argument. The function is odd.

    Notes
    -----
    In code made by ``sympy.lambdify`` it is a call of `mathlib.special.langevin`. The derivative
    :math:`1/x^2 - 1/\sinh^2 x` is written as a product: its second factor is the sum of the roots of both terms, and
    their difference is :math:`L(x) - L(x/2)`, which keeps its digits near 0. Far from 0 its relative error grows like
    \|x\|, where that of the Riccati equation :math:`L' = 1 - L^2 - 2 L / x` grows like :math:`x^2`.

    Examples
    --------
    >>> from sympy import coth
    >>> from sympy.abc import x
    >>> from mathlib.symbolic import Langevin
    >>> Langevin(x).diff(x)
    (1/sinh(x) + 1/x)*(-Langevin(x/2) + Langevin(x))
    >>> Langevin(x).rewrite(coth)
    coth(x) - 1/x
    >>> Langevin(3e-20)
    1.00000000000000e-20
    """

    _routine = "mathlib.special.langevin"
    _multiprecision = "langevin"
    _formula = r"L\left({}\right)"
    _values = (S.NegativeOne, S.Zero, S.One)
    _parity = -1

    @staticmethod
    def _definition(x: Expr) -> Expr:
        return coth(x) - 1 / x

    @staticmethod
    def _far(x: Expr, end: Expr) -> Expr | None:
        return {S.Infinity: 1 - 1 / x, S.NegativeInfinity: -1 - 1 / x}.get(end)

    def _eval_as_leading_term(self, x: Expr, logx: Expr | None = None, cdir: int = 0) -> Expr:
        # SymPy does not see that the poles of coth(x) and 1/x cancel.
        (argument,) = self.args
        if argument.limit(x, 0).is_zero:
            return (argument / 3).as_leading_term(x, logx=logx, cdir=cdir)
        return super()._eval_as_leading_term(x, logx=logx, cdir=cdir)

    @staticmethod
    def _partial(index: int, x: Expr) -> Expr:
        return (Langevin(x) - Langevin(x / 2)) * (1 / x + 1 / sinh(x))

    def _eval_is_real(self) -> bool | None:
        return self.args[0].is_real or None

    def _eval_is_positive(self) -> bool | None:
        return self.args[0].is_positive if self.args[0].is_real else None

    def _eval_is_negative(self) -> bool | None:
        return self.args[0].is_negative if self.args[0].is_real else None
