"""The common part of this package's SymPy functions: exact values, digits, rewriting and expansions."""

from typing import Any, ClassVar

import mpmath
from sympy import Expr, Function, Order, S
from sympy.core.function import ArgumentIndexError

from mathlib.symbolic.functions import multiprecision
from mathlib.symbolic.functions.printing import Printable


class PreciseFunction(Printable, Function):
    """
    A SymPy function whose digits come from `mathlib.symbolic.functions.multiprecision`.

    A subclass says with `eval` where the value is known, with `_partial` what the derivatives are, with `_definition`
    which expression it stands for.

    Parameters
    ----------
    *args : Expr
        The arguments.
    """

    @staticmethod
    def _definition(*args: Expr) -> Any:
        """Return the expression in functions of SymPy that the function stands for, or None."""
        return None

    @staticmethod
    def _partial(index: int, *args: Expr) -> Expr | None:
        """Return the derivative with respect to the argument of that index, counted from 0, or None."""
        return None

    def fdiff(self, argindex: int = 1) -> Expr:
        """
        First derivative with respect to one of the arguments.

        Parameters
        ----------
        argindex : int
            The number of the argument, counted from 1.

        Returns
        -------
        Expr
            The derivative.

        Raises
        ------
        ArgumentIndexError
            Where there is no such argument, or no closed form.

        Examples
        --------
        >>> from sympy.abc import x
        >>> from mathlib.symbolic import LogCosh
        >>> LogCosh(x).fdiff()
        tanh(x)
        """
        derivative = self._partial(argindex - 1, *self.args) if 1 <= argindex <= len(self.args) else None
        if derivative is None:
            raise ArgumentIndexError(self, argindex)
        return derivative

    def _eval_evalf(self, prec: int) -> Expr | None:
        try:
            with mpmath.workprec(prec):
                value = getattr(multiprecision, self._multiprecision)(*self.args)
        except (ValueError, mpmath.libmp.NoConvergence):  # not numbers, or numbers that mpmath cannot do
            return None
        return Expr._from_mpmath(value, prec)

    def _eval_expand_func(self, **hints: object) -> Expr:
        return self._definition(*self.args) or self

    def _eval_rewrite(self, rule: type | str, args: tuple[Expr, ...], **hints: object) -> Expr | None:
        definition = self._definition(*args)
        if definition is None:
            return None
        if isinstance(rule, type) and definition.has(rule):
            return definition
        rewritten = definition.rewrite(rule, **hints)
        return rewritten if rule == "tractable" or (isinstance(rule, type) and rewritten.has(rule)) else None

    def _eval_as_leading_term(self, x: Expr, logx: Expr | None = None, cdir: int = 0) -> Expr:
        return self._definition(*self.args).as_leading_term(x, logx=logx, cdir=cdir)

    def _eval_nseries(self, x: Expr, n: int, logx: Expr | None, cdir: int = 0) -> Expr:
        return self._definition(*self.args).nseries(x, n=n, logx=logx, cdir=cdir)


class UnaryFunction(PreciseFunction):
    """
    A function of one argument with given values at 0 and at infinity.

    Parameters
    ----------
    x : Expr
        The argument.
    """

    _values: ClassVar[tuple[Expr | None, Expr | None, Expr | None]]  # at -oo, 0 and oo
    _parity: ClassVar[int] = 0  # 1: even, -1: odd

    @staticmethod
    def _far(x: Expr, end: Expr) -> Expr | None:
        """Return the function at large x, without what is exponentially small, if SymPy cannot find it."""
        return None

    def _eval_nseries(self, x: Expr, n: int, logx: Expr | None, cdir: int = 0) -> Expr:
        (argument,) = self.args
        far = self._far(argument, argument.limit(x, 0))
        if far is None:
            return super()._eval_nseries(x, n, logx, cdir)
        return far.nseries(x, n=n, logx=logx, cdir=cdir) + Order(x**n, x)

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        """
        Evaluate exactly at special points, and bring the sign of the argument into a normal form.

        Parameters
        ----------
        x : Expr
            The argument.

        Returns
        -------
        Expr or None
            The value, NaN where the argument is NaN or has no direction, or None where there is no simpler form.

        Examples
        --------
        >>> from mathlib.symbolic import Langevin
        >>> Langevin(0), Langevin(-3)
        (0, -Langevin(3))
        """
        return S.NaN if undefined(x) else cls._simpler(x)

    @classmethod
    def _simpler(cls, x: Expr) -> Expr | None:
        for point, value in zip((S.NegativeInfinity, S.Zero, S.Infinity), cls._values, strict=True):
            if x == point or (x.is_zero and point.is_zero):
                return value
        return cls._parity * cls(-x) if cls._parity and x.could_extract_minus_sign() else None


def undefined(*args: Expr) -> bool:
    """Whether an argument is not a number or has no direction, so that no function of it has a value."""
    return S.NaN in args or S.ComplexInfinity in args
