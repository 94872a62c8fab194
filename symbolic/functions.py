"""SymPy functions for logarithms and ratios of modified Bessel functions."""

import mpmath
from sympy import Add, Expr, Function, Mul, PoleError, S, besseli, besselk, log
from sympy.core.function import ArgumentIndexError

from mathlib.symbolic import multiprecision
from mathlib.symbolic.printing import Printable


class BesselFunction(Printable, Function):
    """
    A function of an order and an argument, computed by `mathlib.symbolic.multiprecision`.

    Parameters
    ----------
    nu : Expr
        The order.
    x : Expr
        The argument.
    """

    @classmethod
    def eval(cls, nu: Expr, x: Expr) -> Expr | None:
        """
        Evaluate exactly at special points, and bring signs into a normal form.

        Parameters
        ----------
        nu : Expr
            The order.
        x : Expr
            The argument.

        Returns
        -------
        Expr or None
            The value, or None where there is no simpler form.

        Examples
        --------
        >>> from mathlib.symbolic import BesselIRatio
        >>> BesselIRatio(2, 0), BesselIRatio(2, -3)
        (0, -BesselIRatio(2, 3))
        """
        return S.NaN if S.NaN in (nu, x) else cls._simpler(nu, x)

    def fdiff(self, argindex: int = 2) -> Expr:
        """
        First derivative with respect to one of the arguments.

        Parameters
        ----------
        argindex : int
            1 for the order, 2 for the argument.

        Returns
        -------
        Expr
            The derivative.

        Raises
        ------
        ArgumentIndexError
            Where there is no closed form.

        Examples
        --------
        >>> from sympy.abc import x
        >>> from mathlib.symbolic import LogBesselK
        >>> LogBesselK(0, x).fdiff(2)
        -BesselKRatio(0, x)
        """
        if argindex not in (1, 2):
            raise ArgumentIndexError(self, argindex)
        return self._by_order(*self.args) if argindex == 1 else self._by_argument(*self.args)

    @classmethod
    def _simpler(cls, nu: Expr, x: Expr) -> Expr | None:
        return None

    def _by_order(self, nu: Expr, x: Expr) -> Expr:
        raise ArgumentIndexError(self, 1)

    def _by_argument(self, nu: Expr, x: Expr) -> Expr:
        raise ArgumentIndexError(self, 2)

    def _eval_evalf(self, prec: int) -> Expr | None:
        try:
            with mpmath.workprec(prec):
                value = getattr(multiprecision, self._multiprecision)(*self.args)
        except (ValueError, mpmath.libmp.NoConvergence):  # not numbers, or numbers that mpmath cannot do
            return None
        return Expr._from_mpmath(value, prec)

    def _eval_as_leading_term(self, x: Expr, logx: Expr | None = None, cdir: int = 0) -> Expr:
        self._check_regular(x)
        return super()._eval_as_leading_term(x, logx=logx, cdir=cdir)

    def _eval_nseries(self, x: Expr, n: int, logx: Expr | None, cdir: int = 0) -> Expr:
        self._check_regular(x)
        return super()._eval_nseries(x, n, logx, cdir)

    def _check_regular(self, x: Expr) -> None:
        """Refuse an expansion at 0 or infinity, which SymPy takes for regular points: its limits would be wrong."""
        order, argument = (arg.limit(x, 0) for arg in self.args)
        if argument.is_zero or argument.is_infinite or order.is_infinite:
            raise PoleError(f"no expansion of {self} at order {order}, argument {argument}")


class LogBesselI(BesselFunction):
    r"""
    Logarithm of the modified Bessel function of the first kind, :math:`\log I_\nu(x)`.

    Parameters
    ----------
    nu : Expr
        The order.
    x : Expr
        The argument.

    Notes
    -----
    It stands for ``log(besseli(nu, x))``, but is computed without the overflow, underflow and cancellation of that
    expression; in code made by ``sympy.lambdify`` it is a call of `mathlib.special.log_iv`. The derivative is
    :math:`I_{\nu+1}(x) / I_\nu(x) + \nu / x` (DLMF 10.29.2); the one with respect to the order has no closed form and
    is a `LogBesselIOrderDerivative`. At ``x = 0`` the value is the limit from the right, or its real part where
    :math:`I_\nu` is negative.

    Examples
    --------
    >>> from sympy import besseli, symbols
    >>> from mathlib.symbolic import LogBesselI
    >>> nu, x = symbols("nu x", positive=True)
    >>> LogBesselI(nu, x).diff(x)
    nu/x + BesselIRatio(nu, x)
    >>> LogBesselI(nu, 0)
    -oo
    >>> LogBesselI(nu, x).rewrite(besseli)
    log(besseli(nu, x))
    >>> LogBesselI(1000, 3).evalf(30)
    -5506.66082263027235989717610643
    """

    _special = "log_iv"
    _multiprecision = "log_besseli"
    _formula = r"\log I_{{{nu}}}\left({x}\right)"

    @classmethod
    def _simpler(cls, nu: Expr, x: Expr) -> Expr | None:
        if x.is_zero:
            if nu.is_zero:
                return S.Zero
            if nu.is_extended_positive or (nu.is_integer and nu.is_nonzero):
                return S.NegativeInfinity
            if nu.is_negative and nu.is_integer is False:
                return S.Infinity
        if x is S.Infinity:
            return S.NaN if nu.is_infinite else S.Infinity
        if nu is S.Infinity and x.is_positive:
            return S.NegativeInfinity
        if nu.is_integer and nu.could_extract_minus_sign():
            return cls(-nu, x)
        if nu.is_even and x.could_extract_minus_sign():
            return cls(nu, -x)
        return None

    def _by_order(self, nu: Expr, x: Expr) -> Expr:
        return LogBesselIOrderDerivative(nu, x)

    def _by_argument(self, nu: Expr, x: Expr) -> Expr:
        return BesselIRatio(nu, x) + nu / x

    def _eval_rewrite_as_besseli(self, nu: Expr, x: Expr, **hints: object) -> Expr:
        return log(besseli(nu, x))

    def _eval_is_real(self) -> bool | None:
        return _is_besseli_positive(*self.args)


class LogBesselK(BesselFunction):
    r"""
    Logarithm of the modified Bessel function of the second kind, :math:`\log K_\nu(x)`.

    Parameters
    ----------
    nu : Expr
        The order. The function is even in it.
    x : Expr
        The argument.

    Notes
    -----
    It stands for ``log(besselk(nu, x))``, but is computed without the overflow and underflow of that expression; in
    code made by ``sympy.lambdify`` it is a call of `mathlib.special.log_kv`. The derivative is
    :math:`-K_{\nu+1}(x) / K_\nu(x) + \nu / x` (DLMF 10.29.2); the one with respect to the order has no closed form and
    is a `LogBesselKOrderDerivative`.

    Examples
    --------
    >>> from sympy import symbols
    >>> from mathlib.symbolic import LogBesselK
    >>> nu, x = symbols("nu x", positive=True)
    >>> LogBesselK(nu, x).diff(x)
    nu/x - BesselKRatio(nu, x)
    >>> LogBesselK(-nu, x)
    LogBesselK(nu, x)
    >>> LogBesselK(1000, 3).evalf(30)
    5499.05991567074602754132886269
    """

    _special = "log_kv"
    _multiprecision = "log_besselk"
    _formula = r"\log K_{{{nu}}}\left({x}\right)"

    @classmethod
    def _simpler(cls, nu: Expr, x: Expr) -> Expr | None:
        if nu.could_extract_minus_sign():
            return cls(-nu, x)
        if x.is_zero and nu.is_extended_real:
            return S.Infinity
        if x is S.Infinity:
            return S.NaN if nu.is_infinite else S.NegativeInfinity
        if nu is S.Infinity and x.is_positive:
            return S.Infinity
        return None

    def _by_order(self, nu: Expr, x: Expr) -> Expr:
        return LogBesselKOrderDerivative(nu, x)

    def _by_argument(self, nu: Expr, x: Expr) -> Expr:
        return -BesselKRatio(nu, x) + nu / x

    def _eval_rewrite_as_besselk(self, nu: Expr, x: Expr, **hints: object) -> Expr:
        return log(besselk(nu, x))

    def _eval_is_real(self) -> bool | None:
        return _is_besselk_positive(*self.args)


class BesselIRatio(BesselFunction):
    r"""
    Ratio of modified Bessel functions of the first kind, :math:`I_{\nu+1}(x) / I_\nu(x)`.

    Parameters
    ----------
    nu : Expr
        The order of the denominator.
    x : Expr
        The argument. The function is odd in it.

    Notes
    -----
    In code made by ``sympy.lambdify`` it is a call of `mathlib.special.iv_ratio`. The derivative comes from the
    Riccati equation :math:`\rho' = 1 - \rho^2 - (2\nu + 1) \rho / x`, which follows from DLMF 10.29.2.

    Examples
    --------
    >>> from sympy import besseli, symbols
    >>> from mathlib.symbolic import BesselIRatio
    >>> nu, x = symbols("nu x", positive=True)
    >>> BesselIRatio(nu, x).diff(x)
    -BesselIRatio(nu, x)**2 + 1 - (2*nu + 1)*BesselIRatio(nu, x)/x
    >>> BesselIRatio(nu, x).rewrite(besseli)
    besseli(nu + 1, x)/besseli(nu, x)
    >>> BesselIRatio(1023, 1000).evalf(20)
    0.40732521742901223284
    """

    _special = "iv_ratio"
    _multiprecision = "besseli_ratio"
    _formula = r"\frac{{I_{{{next}}}\left({x}\right)}}{{I_{{{nu}}}\left({x}\right)}}"

    @classmethod
    def _simpler(cls, nu: Expr, x: Expr) -> Expr | None:
        if x.is_zero:
            if nu.is_integer and nu.is_negative:
                return S.ComplexInfinity
            if nu.is_extended_nonnegative or nu.is_integer is False:
                return S.Zero
        if x is S.Infinity:
            return S.NaN if nu.is_infinite else S.One
        if nu is S.Infinity and x.is_positive:
            return S.Zero
        if x.could_extract_minus_sign():
            return -cls(nu, -x)
        return None

    def _by_order(self, nu: Expr, x: Expr) -> Expr:
        return self * (LogBesselIOrderDerivative(nu + 1, x) - LogBesselIOrderDerivative(nu, x))

    def _by_argument(self, nu: Expr, x: Expr) -> Expr:
        return 1 - self**2 - (2 * nu + 1) / x * self

    def _eval_rewrite_as_besseli(self, nu: Expr, x: Expr, **hints: object) -> Expr:
        return besseli(nu + 1, x) / besseli(nu, x)

    def _eval_is_positive(self) -> bool | None:
        return _is_besseli_positive(*self.args)


class BesselKRatio(BesselFunction):
    r"""
    Ratio of modified Bessel functions of the second kind, :math:`K_{\nu+1}(x) / K_\nu(x)`.

    Parameters
    ----------
    nu : Expr
        The order of the denominator.
    x : Expr
        The argument.

    Notes
    -----
    In code made by ``sympy.lambdify`` it is a call of `mathlib.special.kv_ratio`. The derivative comes from the
    Riccati equation :math:`\kappa' = \kappa^2 - (2\nu + 1) \kappa / x - 1`, which follows from DLMF 10.29.2.

    Examples
    --------
    >>> from sympy import symbols
    >>> from mathlib.symbolic import BesselKRatio
    >>> nu, x = symbols("nu x", positive=True)
    >>> BesselKRatio(nu, x).diff(x)
    BesselKRatio(nu, x)**2 - 1 - (2*nu + 1)*BesselKRatio(nu, x)/x
    >>> BesselKRatio(1023, 1000).evalf(20)
    2.4538138495723658912
    """

    _special = "kv_ratio"
    _multiprecision = "besselk_ratio"
    _formula = r"\frac{{K_{{{next}}}\left({x}\right)}}{{K_{{{nu}}}\left({x}\right)}}"

    @classmethod
    def _simpler(cls, nu: Expr, x: Expr) -> Expr | None:
        d = nu + S.Half  # K is even in the order: the ratios of two orders with opposite d are inverse to each other
        if d.is_zero:
            return S.One
        if x is S.Infinity:
            return S.NaN if nu.is_infinite else S.One
        if x.is_zero or (nu.is_infinite and x.is_positive):
            if d.is_extended_positive:
                return S.Infinity
            if d.is_extended_negative:
                return S.Zero
        return None

    def _by_order(self, nu: Expr, x: Expr) -> Expr:
        return self * (LogBesselKOrderDerivative(nu + 1, x) - LogBesselKOrderDerivative(nu, x))

    def _by_argument(self, nu: Expr, x: Expr) -> Expr:
        return self**2 - (2 * nu + 1) / x * self - 1

    def _eval_rewrite_as_besselk(self, nu: Expr, x: Expr, **hints: object) -> Expr:
        return besselk(nu + 1, x) / besselk(nu, x)

    def _eval_is_positive(self) -> bool | None:
        return _is_besselk_positive(*self.args)


class LogBesselIOrderDerivative(BesselFunction):
    r"""
    Derivative of :math:`\log I_\nu(x)` with respect to the order.

    Parameters
    ----------
    nu : Expr
        The order.
    x : Expr
        The argument.

    Notes
    -----
    In code made by ``sympy.lambdify`` it is a call of `mathlib.special.log_iv_dv`. A second derivative with respect
    to the order stays a ``sympy.Derivative``.

    Examples
    --------
    >>> from sympy import symbols
    >>> from mathlib.symbolic import LogBesselI
    >>> nu, x = symbols("nu x", positive=True)
    >>> LogBesselI(nu, x).diff(nu)
    LogBesselIOrderDerivative(nu, x)
    """

    _special = "log_iv_dv"
    _multiprecision = "log_besseli_order_derivative"
    _formula = r"\left. \frac{{\partial}}{{\partial \mu}} \log I_{{\mu}}\left({x}\right) \right|_{{\mu={nu}}}"

    @classmethod
    def _simpler(cls, nu: Expr, x: Expr) -> Expr | None:
        if x.is_zero and nu.is_nonnegative:
            return S.NegativeInfinity
        if x is S.Infinity:
            return S.NaN if nu.is_infinite else S.Zero
        return None

    def _by_argument(self, nu: Expr, x: Expr) -> Expr:
        return BesselIRatio(nu, x).fdiff(1) + 1 / x

    def _eval_is_real(self) -> bool | None:
        return _is_besseli_positive(*self.args)

    def _eval_is_negative(self) -> bool | None:
        nu, x = self.args
        return (nu.is_nonnegative and x.is_positive) or None


class LogBesselKOrderDerivative(BesselFunction):
    r"""
    Derivative of :math:`\log K_\nu(x)` with respect to the order.

    Parameters
    ----------
    nu : Expr
        The order. The function is odd in it.
    x : Expr
        The argument.

    Notes
    -----
    In code made by ``sympy.lambdify`` it is a call of `mathlib.special.log_kv_dv`. A second derivative with respect
    to the order stays a ``sympy.Derivative``.

    Examples
    --------
    >>> from sympy import symbols
    >>> from mathlib.symbolic import LogBesselK
    >>> nu, x = symbols("nu x", positive=True)
    >>> LogBesselK(nu, x).diff(nu)
    LogBesselKOrderDerivative(nu, x)
    """

    _special = "log_kv_dv"
    _multiprecision = "log_besselk_order_derivative"
    _formula = r"\left. \frac{{\partial}}{{\partial \mu}} \log K_{{\mu}}\left({x}\right) \right|_{{\mu={nu}}}"

    @classmethod
    def _simpler(cls, nu: Expr, x: Expr) -> Expr | None:
        if nu.is_zero:
            return S.Zero
        if nu.could_extract_minus_sign():
            return -cls(-nu, x)
        if x.is_zero and nu.is_positive:
            return S.Infinity
        if x is S.Infinity:
            return S.NaN if nu.is_infinite else S.Zero
        return None

    def _by_argument(self, nu: Expr, x: Expr) -> Expr:
        return -BesselKRatio(nu, x).fdiff(1) + 1 / x

    def _eval_is_real(self) -> bool | None:
        return _is_besselk_positive(*self.args)

    def _eval_is_positive(self) -> bool | None:
        nu, x = self.args
        return (nu.is_positive and x.is_positive) or None


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
            positive = (_is_besseli_positive if is_i else _is_besselk_positive)(*function.args)
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


def _is_besseli_positive(nu: Expr, x: Expr) -> bool | None:
    return (x.is_positive and ((nu + 1).is_positive or nu.is_integer)) or None


def _is_besselk_positive(nu: Expr, x: Expr) -> bool | None:
    return (x.is_positive and nu.is_real) or None
