"""SymPy functions made of exponentials and logarithms."""

from sympy import Expr, S, exp, log

from mathlib.symbolic.functions.hyperbolic_functions import Langevin
from mathlib.symbolic.functions.precise_function import PreciseFunction, UnaryFunction, undefined


class ExpM1(UnaryFunction):
    r"""
    Exponential function minus one, :math:`e^x - 1`.

    Parameters
    ----------
    x : Expr
        The argument.

    Notes
    -----
    In code made by ``sympy.lambdify`` it is a call of ``numpy.expm1``. Unlike SymPy's own ``expm1`` it never turns into
    ``exp`` by itself.

    Examples
    --------
    >>> from sympy import exp
    >>> from sympy.abc import x
    >>> from mathlib.symbolic import ExpM1
    >>> ExpM1(x).diff(x)
    exp(x)
    >>> ExpM1(x).rewrite(exp)
    exp(x) - 1
    >>> ExpM1(1e-30)
    1.00000000000000e-30
    """

    _routine = "numpy.expm1"
    _multiprecision = "exp_m1"
    _formula = r"\operatorname{{expm1}}\left({}\right)"
    _values = (S.NegativeOne, S.Zero, S.Infinity)

    @staticmethod
    def _definition(x: Expr) -> Expr:
        return exp(x) - 1

    @staticmethod
    def _partial(index: int, x: Expr) -> Expr:
        return exp(x)

    def _eval_is_real(self) -> bool | None:
        return self.args[0].is_real or None

    def _eval_is_positive(self) -> bool | None:
        return self.args[0].is_positive if self.args[0].is_real else None

    def _eval_is_negative(self) -> bool | None:
        return self.args[0].is_negative if self.args[0].is_real else None


class Log1p(UnaryFunction):
    r"""
    Logarithm of one plus the argument, :math:`\log(1 + x)`.

    Parameters
    ----------
    x : Expr
        The argument.

    Notes
    -----
    In code made by ``sympy.lambdify`` it is a call of ``numpy.log1p``. Unlike SymPy's own ``log1p`` it never turns into
    ``log`` by itself. At -1 the value is the limit from the right.

    Examples
    --------
    >>> from sympy import Rational, log
    >>> from sympy.abc import x
    >>> from mathlib.symbolic import Log1p
    >>> Log1p(x).diff(x)
    1/(x + 1)
    >>> Log1p(x).rewrite(log)
    log(x + 1)
    >>> Log1p(Rational(1, 10**30)).evalf()
    1.00000000000000e-30
    """

    _routine = "numpy.log1p"
    _multiprecision = "log_1p"
    _formula = r"\operatorname{{log1p}}\left({}\right)"
    _values = (None, S.Zero, S.Infinity)

    @classmethod
    def _simpler(cls, x: Expr) -> Expr | None:
        return S.NegativeInfinity if x is S.NegativeOne else super()._simpler(x)

    @staticmethod
    def _definition(x: Expr) -> Expr:
        return log(1 + x)

    @staticmethod
    def _partial(index: int, x: Expr) -> Expr:
        return 1 / (1 + x)

    def _eval_is_real(self) -> bool | None:
        return (1 + self.args[0]).is_positive or None

    def _eval_is_positive(self) -> bool | None:
        return self.args[0].is_positive if self._eval_is_real() else None

    def _eval_is_negative(self) -> bool | None:
        return self.args[0].is_negative if self._eval_is_real() else None


class ExpRel(UnaryFunction):
    r"""
    Relative exponential, :math:`(e^x - 1) / x`.

    Parameters
    ----------
    x : Expr
        The argument.

    Notes
    -----
    Near 0, where the value is 1, nothing cancels. The derivative is written with `Langevin`, because
    :math:`\log((e^x - 1) / x) = x / 2 + \log(\sinh(x / 2) / (x / 2))`; it keeps its digits for all x but large negative
    ones, where the relative error grows like \|x\|.

    Examples
    --------
    >>> from sympy import exp
    >>> from sympy.abc import x
    >>> from mathlib.symbolic import ExpRel
    >>> ExpRel(x).series(x, 0, 3)
    1 + x/2 + x**2/6 + O(x**3)
    >>> ExpRel(x).rewrite(exp)
    (exp(x) - 1)/x
    >>> ExpRel(1e-30)
    1.00000000000000
    """

    _routine = "mathlib.symbolic.expressions.primitives.EXPREL"
    _multiprecision = "exp_rel"
    _formula = r"\operatorname{{exprel}}\left({}\right)"
    _values = (S.Zero, S.One, S.Infinity)

    @staticmethod
    def _definition(x: Expr) -> Expr:
        return (exp(x) - 1) / x

    @staticmethod
    def _partial(index: int, x: Expr) -> Expr:
        return ExpRel(x) * (1 + Langevin(x / 2)) / 2

    def _eval_is_positive(self) -> bool | None:
        return self.args[0].is_real or None


class OverExpM1(PreciseFunction):
    r"""
    Quotient :math:`e / (\exp(a e) - 1)`, the generating function of the Bernoulli numbers with a scale.

    Parameters
    ----------
    e : Expr
        The numerator.
    a : Expr
        The scale in the exponent.

    Notes
    -----
    The value at ``e = 0`` is ``1/a``. It is one operation instead of three because the product ``a*e`` may overflow or
    vanish where the quotient does neither.

    Examples
    --------
    >>> from sympy import exp
    >>> from sympy.abc import a, e
    >>> from mathlib.symbolic import OverExpM1
    >>> OverExpM1(0, a)
    1/a
    >>> OverExpM1(e, a).diff(a)
    OverExpM1(e, -a)*OverExpM1(e, a)
    >>> OverExpM1(e, a).rewrite(exp)
    e/(exp(a*e) - 1)
    """

    _routine = "mathlib.symbolic.expressions.primitives.OVER_EXPM1"
    _multiprecision = "over_exp_m1"
    _formula = r"\frac{{{0}}}{{\operatorname{{expm1}}\left({2}\right)}}"

    @classmethod
    def eval(cls, e: Expr, a: Expr) -> Expr | None:  # the value at special points
        if undefined(e, a):
            return S.NaN
        if e.is_zero:
            return 1 / a if a.is_nonzero or not a.is_zero else S.NaN
        if a.is_zero:
            return S.ComplexInfinity if e.is_finite and e.is_nonzero else S.NaN
        if a.is_infinite or e.is_infinite:
            if (a * e).is_extended_positive:
                return S.Zero
            if (a * e).is_extended_negative:
                return -e
        return None

    @staticmethod
    def _definition(e: Expr, a: Expr) -> Expr:
        return e / (exp(a * e) - 1)

    @staticmethod
    def _partial(index: int, e: Expr, a: Expr) -> Expr:
        if index == 0:  # with u = a e: the derivative of u / (exp(u) - 1), the reciprocal of ExpRel
            return -(1 + Langevin(a * e / 2)) / (2 * ExpRel(a * e))
        return OverExpM1(e, a) * OverExpM1(e, -a)

    def _eval_is_positive(self) -> bool | None:
        e, a = self.args
        return a.is_positive if e.is_real and a.is_real and a.is_nonzero else None

    def _eval_is_negative(self) -> bool | None:
        e, a = self.args
        return a.is_negative if e.is_real and a.is_real and a.is_nonzero else None

    def _formula_fields(self) -> tuple[Expr, ...]:
        e, a = self.args
        return e, a, a * e


class LogAddExp(PreciseFunction):
    r"""
    Logarithm of a sum of two exponentials, :math:`\log(e^a + e^b)`.

    Parameters
    ----------
    a : Expr
        The first exponent.
    b : Expr
        The second exponent.

    Notes
    -----
    In code made by ``sympy.lambdify`` it is a call of ``numpy.logaddexp``. The derivatives are logistic functions:
    nothing cancels in them.

    Examples
    --------
    >>> from sympy import exp, oo
    >>> from sympy.abc import a, b
    >>> from mathlib.symbolic import LogAddExp
    >>> LogAddExp(a, b).diff(a)
    1/(exp(-a + b) + 1)
    >>> LogAddExp(a, b).rewrite(exp)
    log(exp(a) + exp(b))
    >>> LogAddExp(a, -oo), LogAddExp(-1000, -1001).evalf()
    (a, -999.686738312482)
    """

    _routine = "numpy.logaddexp"
    _multiprecision = "log_add_exp"
    _formula = r"\log\left(e^{{{}}} + e^{{{}}}\right)"

    @classmethod
    def eval(cls, a: Expr, b: Expr) -> Expr | None:  # the value at special points
        if undefined(a, b):
            return S.NaN
        if S.Infinity in (a, b):
            return S.Infinity
        if b is S.NegativeInfinity:
            return a
        if a is S.NegativeInfinity:
            return b
        return a + log(2) if a == b and a.is_real else None

    @staticmethod
    def _definition(a: Expr, b: Expr) -> Expr:
        return log(exp(a) + exp(b))

    @staticmethod
    def _partial(index: int, a: Expr, b: Expr) -> Expr:
        return 1 / (1 + exp((b - a) if index == 0 else (a - b)))

    def _eval_is_real(self) -> bool | None:
        return all(arg.is_real for arg in self.args) or None

    def _eval_is_positive(self) -> bool | None:
        return (self._eval_is_real() and any(arg.is_nonnegative for arg in self.args)) or None


class Log1mExp(UnaryFunction):
    r"""
    Logarithm of one minus an exponential, :math:`\log(1 - e^{-x})`.

    Parameters
    ----------
    x : Expr
        The argument, positive where the value is real.

    Notes
    -----
    In code made by ``sympy.lambdify`` it is a call of `mathlib.special.log1mexp`, with the same sign convention: x is
    minus the logarithm of a probability, the value the logarithm of the complementary probability.

    Examples
    --------
    >>> from sympy import exp
    >>> from sympy.abc import x
    >>> from mathlib.symbolic import Log1mExp
    >>> Log1mExp(x).diff(x)
    1/ExpM1(x)
    >>> Log1mExp(x).rewrite(exp)
    log(1 - exp(-x))
    >>> Log1mExp(1e-20), Log1mExp(50).evalf()
    (-46.0517018598809, -1.92874984796392e-22)
    """

    _routine = "mathlib.special.log1mexp"
    _multiprecision = "log1m_exp"
    _formula = r"\operatorname{{log1mexp}}\left({}\right)"
    _values = (None, S.NegativeInfinity, S.Zero)

    @staticmethod
    def _definition(x: Expr) -> Expr:
        return log(1 - exp(-x))

    @staticmethod
    def _partial(index: int, x: Expr) -> Expr:
        return 1 / ExpM1(x)

    def _eval_is_negative(self) -> bool | None:
        return self.args[0].is_positive or None


class Softplus(UnaryFunction):
    r"""
    Logarithm of one plus an exponential, :math:`\log(1 + e^x)`.

    Parameters
    ----------
    x : Expr
        The argument.

    Notes
    -----
    In code made by ``sympy.lambdify`` it is a call of `mathlib.special.softplus`. The derivative is the
    logistic function.

    Examples
    --------
    >>> from sympy import exp
    >>> from sympy.abc import x
    >>> from mathlib.symbolic import Softplus
    >>> Softplus(x).diff(x)
    1/(1 + exp(-x))
    >>> Softplus(x).rewrite(exp)
    log(exp(x) + 1)
    >>> Softplus(-1000).evalf(5), Softplus(10**10).evalf()
    (5.0760e-435, 10000000000.0000)
    """

    _routine = "mathlib.special.softplus"
    _multiprecision = "softplus"
    _formula = r"\operatorname{{softplus}}\left({}\right)"
    _values = (S.Zero, log(2), S.Infinity)

    @staticmethod
    def _definition(x: Expr) -> Expr:
        return log(1 + exp(x))

    @staticmethod
    def _far(x: Expr, end: Expr) -> Expr | None:
        return x if end is S.Infinity else None

    @staticmethod
    def _partial(index: int, x: Expr) -> Expr:
        return 1 / (1 + exp(-x))

    def _eval_is_positive(self) -> bool | None:
        return self.args[0].is_real or None
