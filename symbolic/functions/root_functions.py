"""SymPy functions made of roots."""

from sympy import Abs, Expr, Rational, S, sign, sqrt

from mathlib.symbolic.functions.precise_function import PreciseFunction, UnaryFunction, undefined


class Hypot(PreciseFunction):
    r"""
    Length of a vector of two components, :math:`\sqrt{x^2 + y^2}`.

    Parameters
    ----------
    x : Expr
        The first component.
    y : Expr
        The second component.

    Notes
    -----
    In code made by ``sympy.lambdify`` it is a call of ``numpy.hypot``, whose squares do not overflow.

    Examples
    --------
    >>> from sympy import Pow
    >>> from sympy.abc import x, y
    >>> from mathlib.symbolic import Hypot
    >>> Hypot(x, y).diff(x)
    x/Hypot(x, y)
    >>> Hypot(x, y).rewrite(Pow)
    sqrt(x**2 + y**2)
    >>> Hypot(1e-300, 1e-300).evalf(5)
    1.4142e-300
    """

    _routine = "numpy.hypot"
    _multiprecision = "hypot"
    _formula = r"\operatorname{{hypot}}\left({}, {}\right)"

    @classmethod
    def eval(cls, x: Expr, y: Expr) -> Expr | None:  # the value at special points
        if undefined(x, y):
            return S.NaN
        if (x.is_infinite and x.is_extended_real) or (y.is_infinite and y.is_extended_real):
            return S.Infinity
        for one, other in ((x, y), (y, x)):
            if one.is_zero and other.is_real:
                return Abs(other)
        if x.could_extract_minus_sign():
            return cls(-x, y)
        return cls(x, -y) if y.could_extract_minus_sign() else None

    @staticmethod
    def _definition(x: Expr, y: Expr) -> Expr:
        return sqrt(x**2 + y**2)

    @staticmethod
    def _partial(index: int, x: Expr, y: Expr) -> Expr:
        return (x, y)[index] / Hypot(x, y)

    def _eval_is_nonnegative(self) -> bool | None:
        return all(arg.is_real for arg in self.args) or None

    def _eval_is_positive(self) -> bool | None:
        return (self._eval_is_nonnegative() and any(arg.is_nonzero for arg in self.args)) or None


class Cbrt(UnaryFunction):
    r"""
    Real cube root, :math:`\sqrt[3]{x}`.

    Parameters
    ----------
    x : Expr
        The argument, a real number. The function is odd.

    Notes
    -----
    In code made by ``sympy.lambdify`` it is a call of ``numpy.cbrt``. The power ``x**(1/3)`` of SymPy is complex for
    negative x.

    Examples
    --------
    >>> from sympy.abc import x
    >>> from mathlib.symbolic import Cbrt
    >>> Cbrt(-27)
    -3
    >>> Cbrt(x).diff(x)
    1/(3*Cbrt(x)**2)
    >>> Cbrt(-2).evalf()
    -1.25992104989487
    """

    _routine = "numpy.cbrt"
    _multiprecision = "cbrt"
    _formula = r"\sqrt[3]{{{}}}"
    _values = (S.NegativeInfinity, S.Zero, S.Infinity)
    _parity = -1

    @classmethod
    def _simpler(cls, x: Expr) -> Expr | None:
        if x.is_Rational and x.is_positive:
            root = x ** Rational(1, 3)
            if root.is_Rational:
                return root
        return super()._simpler(x)

    @staticmethod
    def _definition(x: Expr) -> Expr:
        return sign(x) * Abs(x) ** Rational(1, 3)

    @staticmethod
    def _partial(index: int, x: Expr) -> Expr:
        return 1 / (3 * Cbrt(x) ** 2)

    def _eval_is_real(self) -> bool | None:
        return self.args[0].is_real or None

    def _eval_is_positive(self) -> bool | None:
        return self.args[0].is_positive if self.args[0].is_real else None

    def _eval_is_negative(self) -> bool | None:
        return self.args[0].is_negative if self.args[0].is_real else None


class SignedSqrt(UnaryFunction):
    r"""
    Square root with the sign of its argument, :math:`\operatorname{sign}(x) \sqrt{|x|}`.

    Parameters
    ----------
    x : Expr
        The argument, a real number. The function is odd.

    Notes
    -----
    It is the inverse of :math:`s |s|` and multiplicative.

    Examples
    --------
    >>> from sympy import Symbol, sign
    >>> from mathlib.symbolic import SignedSqrt
    >>> q = Symbol("q", real=True)
    >>> SignedSqrt(-4)
    -2
    >>> SignedSqrt(q).diff(q)
    1/(2*sqrt(Abs(q)))
    >>> SignedSqrt(q).rewrite(sign)
    sqrt(Abs(q))*sign(q)
    """

    _routine = "mathlib.symbolic.expressions.primitives.SIGNED_SQRT"
    _multiprecision = "signed_sqrt"
    _formula = r"\operatorname{{ssqrt}}\left({}\right)"
    _values = (S.NegativeInfinity, S.Zero, S.Infinity)
    _parity = -1

    @classmethod
    def _simpler(cls, x: Expr) -> Expr | None:
        if x.is_Rational and x.is_positive:
            root = sqrt(x)
            if root.is_Rational:
                return root
        return super()._simpler(x)

    @staticmethod
    def _definition(x: Expr) -> Expr:
        return sign(x) * sqrt(Abs(x))

    @staticmethod
    def _partial(index: int, x: Expr) -> Expr:
        return 1 / (2 * sqrt(Abs(x)))

    def _eval_is_real(self) -> bool | None:
        return self.args[0].is_real or None

    def _eval_is_positive(self) -> bool | None:
        return self.args[0].is_positive if self.args[0].is_real else None

    def _eval_is_negative(self) -> bool | None:
        return self.args[0].is_negative if self.args[0].is_real else None


class Sqdf(PreciseFunction):
    r"""
    Square root of a discriminant, :math:`\sqrt{b^2 - s |s|}`.

    Parameters
    ----------
    b : Expr
        The half linear coefficient, a real number.
    s : Expr
        The signed root of the product of the outer coefficients, a real number: see `SignedSqrt`.

    Notes
    -----
    The value is the hypotenuse of b and s for negative s, the product of the roots of :math:`|b| - s` and
    :math:`|b| + s` for positive s, so that no square overflows and nothing cancels.

    Examples
    --------
    >>> from sympy import Symbol
    >>> from mathlib.symbolic import SignedSqrt, Sqdf
    >>> b, s = Symbol("b", real=True), Symbol("s", real=True)
    >>> Sqdf(b, s).diff(b)
    b/Sqdf(b, s)
    >>> (3 + Sqdf(3, SignedSqrt(2))).evalf()  # a root of x**2 - 6*x + 2
    5.64575131106459
    """

    _routine = "mathlib.symbolic.expressions.primitives.SQDF"
    _multiprecision = "sqdf"
    _formula = r"\operatorname{{sqdf}}\left({}, {}\right)"

    @classmethod
    def eval(cls, b: Expr, s: Expr) -> Expr | None:  # the value at special points
        if undefined(b, s):
            return S.NaN
        if s.is_zero and b.is_extended_real:
            return Abs(b)
        if (b.is_infinite and s.is_real) or (s is S.NegativeInfinity and b.is_extended_real):
            return S.Infinity
        return cls(-b, s) if b.could_extract_minus_sign() else None

    @staticmethod
    def _definition(b: Expr, s: Expr) -> Expr:
        return sqrt(b**2 - s * Abs(s))

    @staticmethod
    def _partial(index: int, b: Expr, s: Expr) -> Expr:
        return (b, -Abs(s))[index] / Sqdf(b, s)

    def _eval_is_nonnegative(self) -> bool | None:
        b, s = self.args
        return (b.is_real and s.is_nonpositive) or None

    def _eval_is_positive(self) -> bool | None:
        b, s = self.args
        return (b.is_real and s.is_nonpositive and (b.is_nonzero or s.is_nonzero)) or None
