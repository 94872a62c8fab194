"""SymPy functions made of error functions and Gamma functions."""

from sympy import Expr, S, digamma, erfc, exp, log, loggamma, pi, sqrt

from mathlib.symbolic.functions.precise_function import PreciseFunction, UnaryFunction, undefined


class LogErfc(UnaryFunction):
    r"""
    Logarithm of the complementary error function, :math:`\log \operatorname{erfc} x`.

    Parameters
    ----------
    x : Expr
        The argument.

    Notes
    -----
    In code made by ``sympy.lambdify`` it is a call of `mathlib.special.log_erfc`.

    Examples
    --------
    >>> from sympy import erfc
    >>> from sympy.abc import x
    >>> from mathlib.symbolic import LogErfc
    >>> LogErfc(x).diff(x)
    -2/(sqrt(pi)*ErfcX(x))
    >>> LogErfc(x).rewrite(erfc)
    log(erfc(x))
    >>> LogErfc(1e-20), LogErfc(10**5).evalf(20)
    (-1.12837916709551e-20, -10000000012.085290408)
    """

    _routine = "mathlib.special.log_erfc"
    _multiprecision = "log_erfc"
    _formula = r"\log \operatorname{{erfc}}\left({}\right)"
    _values = (log(2), S.Zero, S.NegativeInfinity)

    @staticmethod
    def _definition(x: Expr) -> Expr:
        return log(erfc(x))

    @staticmethod
    def _far(x: Expr, end: Expr) -> Expr | None:
        return {S.Infinity: log(ErfcX(x)) - x**2, S.NegativeInfinity: log(2)}.get(end)

    def _eval_as_leading_term(self, x: Expr, logx: Expr | None = None, cdir: int = 0) -> Expr:
        (argument,) = self.args
        if argument.limit(x, 0) is S.Infinity:  # where SymPy has none for the logarithm of its erfc
            return (-(argument**2)).as_leading_term(x, logx=logx, cdir=cdir)
        return super()._eval_as_leading_term(x, logx=logx, cdir=cdir)

    def _eval_rewrite(self, rule: type | str, args: tuple[Expr, ...], **hints: Expr) -> Expr | None:
        (x,) = args
        if rule == "tractable" and "limitvar" in hints and x.limit(hints["limitvar"], S.Infinity) is S.Infinity:
            return log(ErfcX(x).rewrite(rule, **hints)) - x**2
        return super()._eval_rewrite(rule, args, **hints)

    @staticmethod
    def _partial(index: int, x: Expr) -> Expr:
        return -2 / (sqrt(pi) * ErfcX(x))

    def _eval_is_real(self) -> bool | None:
        return self.args[0].is_real or None

    def _eval_is_positive(self) -> bool | None:
        return self.args[0].is_negative if self.args[0].is_real else None

    def _eval_is_negative(self) -> bool | None:
        return self.args[0].is_positive if self.args[0].is_real else None


class ErfcX(UnaryFunction):
    r"""
    Scaled complementary error function, :math:`e^{x^2} \operatorname{erfc} x`.

    Parameters
    ----------
    x : Expr
        The argument.

    Notes
    -----
    The derivative :math:`2 x \operatorname{erfcx} x - 2/\sqrt\pi` has no closed form that keeps its digits for large
    x, where its relative error grows like :math:`x^2`.

    Examples
    --------
    >>> from sympy import erfc
    >>> from sympy.abc import x
    >>> from mathlib.symbolic import ErfcX
    >>> ErfcX(x).diff(x)
    2*x*ErfcX(x) - 2/sqrt(pi)
    >>> ErfcX(x).rewrite(erfc)
    exp(x**2)*erfc(x)
    >>> ErfcX(10**5).evalf()
    5.64189583519547e-6
    """

    _routine = "mathlib.symbolic.expressions.primitives.ERFCX"
    _multiprecision = "erfc_x"
    _formula = r"\operatorname{{erfcx}}\left({}\right)"
    _values = (S.Infinity, S.One, S.Zero)

    @staticmethod
    def _definition(x: Expr) -> Expr:
        return exp(x**2) * erfc(x)

    @staticmethod
    def _partial(index: int, x: Expr) -> Expr:
        return 2 * x * ErfcX(x) - 2 / sqrt(pi)

    def _eval_is_positive(self) -> bool | None:
        return self.args[0].is_real or None


class LogPoch(PreciseFunction):
    r"""
    Logarithm of the Pochhammer symbol, :math:`\log(\Gamma(x + a) / \Gamma(x))`.

    Parameters
    ----------
    x : Expr
        The argument of the Gamma function.
    a : Expr
        The step.

    Notes
    -----
    It stands for ``loggamma(x + a) - loggamma(x)``, which is real for positive x and x + a. In code made by
    ``sympy.lambdify`` it is a call of `mathlib.special.log_poch`.

    Examples
    --------
    >>> from sympy import loggamma
    >>> from sympy.abc import a, x
    >>> from mathlib.symbolic import LogPoch
    >>> LogPoch(x, a).diff(a)
    polygamma(0, a + x)
    >>> LogPoch(x, a).rewrite(loggamma)
    -loggamma(x) + loggamma(a + x)
    >>> LogPoch(10**20, 1e-3).evalf()
    0.0460517018598809
    """

    _routine = "mathlib.special.log_poch"
    _multiprecision = "log_poch"
    _formula = r"\log \left({}\right)_{{{}}}"

    @classmethod
    def eval(cls, x: Expr, a: Expr) -> Expr | None:  # the value at special points
        if undefined(x, a):
            return S.NaN
        if a.is_zero:
            return S.Zero if x.is_finite else None
        if x.is_zero and a.is_extended_positive:
            return S.NegativeInfinity if a.is_finite else S.NaN
        if x.is_positive and (x + a).is_zero:
            return S.Infinity
        if x is S.Infinity and a.is_real:
            return S.Infinity if a.is_positive else S.NegativeInfinity if a.is_negative else None
        return S.Infinity if a is S.Infinity and x.is_positive else None

    @staticmethod
    def _definition(x: Expr, a: Expr) -> Expr:
        return loggamma(x + a) - loggamma(x)

    @staticmethod
    def _partial(index: int, x: Expr, a: Expr) -> Expr:
        return digamma(x + a) - digamma(x) if index == 0 else digamma(x + a)

    def _eval_is_real(self) -> bool | None:
        x, a = self.args
        return (x.is_positive and (x + a).is_positive) or None

    def _eval_is_positive(self) -> bool | None:
        x, a = self.args  # the Gamma function increases from 2 on
        return ((x - 2).is_nonnegative and a.is_positive) or None
