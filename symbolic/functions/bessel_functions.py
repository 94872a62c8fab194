"""SymPy functions for logarithms and ratios of modified Bessel functions."""

from sympy import Expr, Function, Order, PoleError, S, besseli, besselk, ceiling, log

from mathlib.symbolic.functions.bessel_expansions import at_infinity, i_at_zero, k_at_zero
from mathlib.symbolic.functions.precise_function import PreciseFunction, undefined


class BesselFunction(PreciseFunction):
    """
    A function of an order and an argument.

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
            The value, NaN where an argument is NaN or has no direction, or None where there is no simpler form.

        Examples
        --------
        >>> from mathlib.symbolic import BesselIRatio
        >>> BesselIRatio(2, 0), BesselIRatio(2, -3)
        (0, -BesselIRatio(2, 3))
        """
        return S.NaN if undefined(nu, x) else cls._simpler(nu, x)

    @classmethod
    def _simpler(cls, nu: Expr, x: Expr) -> Expr | None:
        return None

    @staticmethod
    def _expansion(nu: Expr, z: Expr, end: Expr, terms: int) -> Expr | None:
        """Return so many terms of the expansion at 0 or infinity, or None where there is no simple one."""
        return None

    @staticmethod
    def _is_elementary(nu: Expr, z: Expr) -> bool:
        """Whether the expansion ends."""
        return False

    def _eval_rewrite(self, rule: type | str, args: tuple[Expr, ...], **hints: object) -> Expr | None:
        # SymPy's limits go wrong with its own tractable form of the Bessel functions, and right with an expansion.
        return None if rule == "tractable" else super()._eval_rewrite(rule, args, **hints)

    def _eval_as_leading_term(self, x: Expr, logx: Expr | None = None, cdir: int = 0) -> Expr:
        end = self._singular_end(x)
        if end is None:
            return Function._eval_as_leading_term(self, x, logx=logx, cdir=cdir)
        for terms in (1, 2):  # with the first alone, nothing may be left
            leading = self._expanded(x, end, terms).as_leading_term(x, logx=logx, cdir=cdir)
            if not leading.is_zero:
                break
        return leading

    def _eval_nseries(self, x: Expr, n: int, logx: Expr | None, cdir: int = 0) -> Expr:
        end = self._singular_end(x)
        if end is None:
            return Function._eval_nseries(self, x, n, logx, cdir)
        _, exponent = self.args[1].as_leading_term(x).as_coeff_exponent(x)
        terms = int(ceiling(n / abs(exponent))) + 1
        series = self._expanded(x, end, terms).nseries(x, n=n, logx=logx, cdir=cdir)
        return series if self._is_elementary(*self.args) else series + Order(x**n, x)

    def _singular_end(self, x: Expr) -> Expr | None:
        """Return the limit of the argument where it is singular, 0 or infinity."""
        order, argument = (arg.limit(x, 0) for arg in self.args)
        if order.is_infinite:
            raise PoleError(f"no expansion of {self} at an infinite order")
        return argument if argument.is_zero or argument.is_infinite else None

    def _expanded(self, x: Expr, end: Expr, terms: int) -> Expr:
        nu, z = self.args
        known = end.is_zero or end is S.Infinity
        expansion = self._expansion(nu, z, end, terms) if known and not nu.has(x) else None
        if expansion is None:
            raise PoleError(f"no expansion of {self} at {end}")
        return expansion


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

    _routine = "mathlib.special.log_iv"
    _multiprecision = "log_besseli"
    _formula = r"\log I_{{{0}}}\left({1}\right)"

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

    @staticmethod
    def _partial(index: int, nu: Expr, x: Expr) -> Expr:
        if index == 0:
            return LogBesselIOrderDerivative(nu, x)
        return BesselIRatio(nu, x) + nu / x

    @staticmethod
    def _definition(nu: Expr, x: Expr) -> Expr:
        return log(besseli(nu, x))

    @staticmethod
    def _expansion(nu: Expr, z: Expr, end: Expr, terms: int) -> Expr | None:
        parts = _i_parts(nu, z, end, terms)
        return parts and parts[0] + log(parts[1])

    def _eval_is_real(self) -> bool | None:
        return is_besseli_positive(*self.args)


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

    _routine = "mathlib.special.log_kv"
    _multiprecision = "log_besselk"
    _formula = r"\log K_{{{0}}}\left({1}\right)"

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

    @staticmethod
    def _partial(index: int, nu: Expr, x: Expr) -> Expr:
        if index == 0:
            return LogBesselKOrderDerivative(nu, x)
        return -BesselKRatio(nu, x) + nu / x

    @staticmethod
    def _definition(nu: Expr, x: Expr) -> Expr:
        return log(besselk(nu, x))

    @staticmethod
    def _expansion(nu: Expr, z: Expr, end: Expr, terms: int) -> Expr | None:
        parts = _k_parts(nu, z, end, terms)
        return parts and parts[0] + log(parts[1])

    @staticmethod
    def _is_elementary(nu: Expr, z: Expr) -> bool:
        return _is_half_integer(nu)

    def _eval_is_real(self) -> bool | None:
        return is_besselk_positive(*self.args)


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

    _routine = "mathlib.special.iv_ratio"
    _multiprecision = "besseli_ratio"
    _formula = r"\frac{{I_{{{2}}}\left({1}\right)}}{{I_{{{0}}}\left({1}\right)}}"

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

    @staticmethod
    def _partial(index: int, nu: Expr, x: Expr) -> Expr:
        if index == 0:
            return BesselIRatio(nu, x) * (LogBesselIOrderDerivative(nu + 1, x) - LogBesselIOrderDerivative(nu, x))
        return 1 - BesselIRatio(nu, x) ** 2 - (2 * nu + 1) / x * BesselIRatio(nu, x)

    @staticmethod
    def _definition(nu: Expr, x: Expr) -> Expr:
        return besseli(nu + 1, x) / besseli(nu, x)

    @staticmethod
    def _expansion(nu: Expr, z: Expr, end: Expr, terms: int) -> Expr | None:
        above, below = _i_parts(nu + 1, z, end, terms), _i_parts(nu, z, end, terms)
        scale = S.One if end is S.Infinity else z / (2 * nu + 2)
        return above and below and scale * above[1] / below[1]

    def _eval_is_positive(self) -> bool | None:
        return is_besseli_positive(*self.args)

    def _formula_fields(self) -> tuple[Expr, ...]:
        nu, x = self.args
        return nu, x, nu + 1


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

    _routine = "mathlib.special.kv_ratio"
    _multiprecision = "besselk_ratio"
    _formula = r"\frac{{K_{{{2}}}\left({1}\right)}}{{K_{{{0}}}\left({1}\right)}}"

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

    @staticmethod
    def _partial(index: int, nu: Expr, x: Expr) -> Expr:
        if index == 0:
            return BesselKRatio(nu, x) * (LogBesselKOrderDerivative(nu + 1, x) - LogBesselKOrderDerivative(nu, x))
        return BesselKRatio(nu, x) ** 2 - (2 * nu + 1) / x * BesselKRatio(nu, x) - 1

    @staticmethod
    def _definition(nu: Expr, x: Expr) -> Expr:
        return besselk(nu + 1, x) / besselk(nu, x)

    @staticmethod
    def _expansion(nu: Expr, z: Expr, end: Expr, terms: int) -> Expr | None:
        above, below = _k_parts(nu + 1, z, end, terms), _k_parts(nu, z, end, terms)
        if end is S.Infinity or _is_half_integer(nu):
            scale = S.One
        else:
            scale = (S.One if nu.is_zero else 2 * nu) / z
        return above and below and scale * above[1] / below[1]

    @staticmethod
    def _is_elementary(nu: Expr, z: Expr) -> bool:
        return _is_half_integer(nu)

    def _eval_is_positive(self) -> bool | None:
        return is_besselk_positive(*self.args)

    def _formula_fields(self) -> tuple[Expr, ...]:
        nu, x = self.args
        return nu, x, nu + 1


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

    _routine = "mathlib.special.log_iv_dv"
    _multiprecision = "log_besseli_order_derivative"
    _formula = r"\left. \frac{{\partial}}{{\partial \mu}} \log I_{{\mu}}\left({1}\right) \right|_{{\mu={0}}}"

    @classmethod
    def _simpler(cls, nu: Expr, x: Expr) -> Expr | None:
        if x.is_zero and nu.is_nonnegative:
            return S.NegativeInfinity
        if x is S.Infinity:
            return S.NaN if nu.is_infinite else S.Zero
        return None

    @staticmethod
    def _partial(index: int, nu: Expr, x: Expr) -> Expr | None:
        return None if index == 0 else BesselIRatio._partial(0, nu, x) + 1 / x

    def _eval_is_real(self) -> bool | None:
        return is_besseli_positive(*self.args)

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

    _routine = "mathlib.special.log_kv_dv"
    _multiprecision = "log_besselk_order_derivative"
    _formula = r"\left. \frac{{\partial}}{{\partial \mu}} \log K_{{\mu}}\left({1}\right) \right|_{{\mu={0}}}"

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

    @staticmethod
    def _partial(index: int, nu: Expr, x: Expr) -> Expr | None:
        return None if index == 0 else -BesselKRatio._partial(0, nu, x) + 1 / x

    def _eval_is_real(self) -> bool | None:
        return is_besselk_positive(*self.args)

    def _eval_is_positive(self) -> bool | None:
        nu, x = self.args
        return (nu.is_positive and x.is_positive) or None


def is_besseli_positive(nu: Expr, x: Expr) -> bool | None:
    return (x.is_positive and ((nu + 1).is_positive or nu.is_integer)) or None


def is_besselk_positive(nu: Expr, x: Expr) -> bool | None:
    return (x.is_positive and nu.is_real) or None


def _i_parts(nu: Expr, z: Expr, end: Expr, terms: int) -> tuple[Expr, Expr] | None:
    if end is S.Infinity:
        return at_infinity(nu, z, terms, 1)
    return i_at_zero(nu, z, terms) if (nu + 1).is_positive else None


def _k_parts(nu: Expr, z: Expr, end: Expr, terms: int) -> tuple[Expr, Expr] | None:
    if _is_half_integer(nu):
        return at_infinity(nu, z, int(abs(nu) + S.Half), -1)  # all there is
    if end is S.Infinity:
        return at_infinity(nu, z, terms, -1)
    return k_at_zero(nu, z, terms) if nu.is_nonnegative else None


def _is_half_integer(nu: Expr) -> bool:
    return bool((nu - S.Half).is_Integer)
