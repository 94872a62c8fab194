"""SymPy functions of modified Bessel functions, against Arb, mpmath's own Bessel functions and closed forms."""

import doctest
import math
import pickle

import flint
import mpmath
import numpy as np
import pytest
import sympy
from sympy import I, Rational, S, Symbol, besseli, besselk, exp, latex, log, nan, oo, pi, sqrt, symbols, zoo
from sympy.printing.numpy import CuPyPrinter, NumPyPrinter, SciPyPrinter
from sympy.printing.pycode import MpmathPrinter, pycode

from mathlib.symbolic import (
    BesselIRatio,
    BesselKRatio,
    LogBesselI,
    LogBesselIOrderDerivative,
    LogBesselK,
    LogBesselKOrderDerivative,
    log_bessel,
)
from mathlib.symbolic.functions import bessel_forms, bessel_functions

nu, x = symbols("nu x", positive=True)
a, z = symbols("a z")
n = Symbol("n", integer=True)

VALUES = [LogBesselI, LogBesselK, BesselIRatio, BesselKRatio]
ORDER_DERIVATIVES = [LogBesselIOrderDerivative, LogBesselKOrderDerivative]

POINTS = [
    (Rational(order), Rational(argument))
    for order, argument in [
        ("0", "1e-30"),
        ("0", "1e-3"),
        ("0", "2.5"),
        ("0", "150"),
        ("1e-30", "0.5"),
        ("1e-30", "120"),
        ("0.25", "1e-12"),
        ("0.5", "3"),
        ("0.3", "30"),
        ("2", "1e-25"),
        ("2.000000000000001", "3"),
        ("3", "1000"),
        ("7.75", "0.01"),
        ("10", "6.27"),
        ("50.5", "180"),
        ("100", "100"),
        ("190", "2"),
        ("511", "80"),
        ("1000", "1e-5"),
        ("1000", "1000"),
        ("1000", "662.7"),
        ("1e4", "1e-3"),
        ("1e4", "6627.4"),
        ("1e5", "66274.3"),
    ]
]


def arb(function, order, argument, digits=60):
    """One of VALUES from Arb, as an exact rational number with that many correct digits."""
    before = flint.ctx.prec
    flint.ctx.prec = 8 * digits
    accuracy = 0
    try:
        while accuracy < 3.33 * digits:
            flint.ctx.prec *= 2
            v, y = (flint.arb(flint.fmpq(int(q.p), int(q.q))) for q in (order, argument))
            value = {
                LogBesselI: lambda v, y: y.bessel_i(v).log(),
                LogBesselK: lambda v, y: y.bessel_k(v).log(),
                BesselIRatio: lambda v, y: y.bessel_i(v + 1) / y.bessel_i(v),
                BesselKRatio: lambda v, y: y.bessel_k(v + 1) / y.bessel_k(v),
            }[function](v, y)
            accuracy = value.rel_accuracy_bits()
    finally:
        flint.ctx.prec = before
    mantissa, exponent = value.mid().man_exp()
    return Rational(int(mantissa)) * Rational(2) ** int(exponent)


def own_mpmath(function):
    """One of VALUES straight from mpmath's Bessel functions, at the precision in force."""
    return {
        LogBesselI: lambda v, y: mpmath.log(mpmath.besseli(v, y)),
        LogBesselK: lambda v, y: mpmath.log(mpmath.besselk(v, y)),
        BesselIRatio: lambda v, y: mpmath.besseli(v + 1, y) / mpmath.besseli(v, y),
        BesselKRatio: lambda v, y: mpmath.besselk(v + 1, y) / mpmath.besselk(v, y),
    }[function]


def close(result, truth, digits):
    return abs(result - truth) <= abs(truth) * Rational(1, 10**digits)


# Values


@pytest.mark.parametrize("function", VALUES)
def test_values_have_the_digits_asked_for(function):
    for order, argument in POINTS:
        truth = arb(function, order, argument)
        for digits in (15, 50):
            result = function(order, argument).evalf(digits)
            assert close(Rational(result), truth, digits), (order, argument, digits)


@pytest.mark.parametrize("function", VALUES)
def test_three_hundred_digits(function):
    for order, argument in [(Rational(3, 2), Rational(7, 3)), (Rational(2500), Rational(2000))]:
        result = function(order, argument).evalf(300)
        assert close(Rational(result), arb(function, order, argument, 320), 300)


@pytest.mark.parametrize("order", [5, 100, Rational(10001, 2)])
def test_digits_survive_next_to_the_zero_of_log_i(order):
    with mpmath.workdps(60):
        v = mpmath.mpf(order.p) / order.q if isinstance(order, Rational) else mpmath.mpf(order)
        zero = mpmath.findroot(lambda y: mpmath.log(mpmath.besseli(v, y)), 0.66274 * v)
        near = Rational(mpmath.nstr(zero, 30))
    truth = arb(LogBesselI, Rational(order), near)
    assert abs(truth) < 1e-26
    assert close(Rational(LogBesselI(order, near).evalf(40)), truth, 40)


def test_tiny_logarithm():
    # log I_0(x) = x^2 / 4 - x^4 / 64 + ...
    assert close(Rational(LogBesselI(0, Rational(1, 10**200)).evalf(30)), Rational(1, 4 * 10**400), 30)


@pytest.mark.parametrize(("order", "argument"), [("1e15", "1e15"), ("1e15", "1"), ("0.3", "1e12"), ("1e300", "3")])
def test_recurrence_and_wronskian_far_out(order, argument):
    order, argument = Rational(order), Rational(argument)
    rho, kappa = BesselIRatio(order, argument).evalf(60), BesselKRatio(order, argument).evalf(60)
    one = (1 / BesselIRatio(order - 1, argument)).evalf(60) - rho
    assert close(one, 2 * order / argument, 40)  # DLMF 10.29.1
    one = kappa - (1 / BesselKRatio(order - 1, argument)).evalf(60)
    assert close(one, 2 * order / argument, 40)
    logs = (LogBesselI(order, argument) + LogBesselK(order, argument)).evalf(60, maxn=500)
    assert close(exp(logs) * (rho + kappa) * argument, 1, 40)  # DLMF 10.28.2


def test_arguments_are_as_exact_as_the_result():
    with mpmath.workdps(80):
        truth = mpmath.log(mpmath.besseli(mpmath.sqrt(2), mpmath.pi))
        assert abs(LogBesselI(sqrt(2), pi).evalf(60)._to_mpmath(250) - truth) < mpmath.mpf(10) ** -59


@pytest.mark.parametrize("function", VALUES)
@pytest.mark.parametrize(("order", "argument"), [("-1.5", "2"), ("-1000.25", "900"), ("-0.75", "400"), ("-3", "2")])
def test_negative_orders(function, order, argument):
    with mpmath.workdps(200 if mpmath.mpf(order) > -10 else 900):  # sums of two terms of very different size
        v, y = mpmath.mpf(order), mpmath.mpf(argument)
        i = {d: mpmath.besseli(v + d, y) for d in (0, 1)}
        k = {d: mpmath.besselk(v + d, y) for d in (0, 1)}
        truth = {
            LogBesselI: lambda: mpmath.log(i[0]),
            LogBesselK: lambda: mpmath.log(k[0]),
            BesselIRatio: lambda: i[1] / i[0],
            BesselKRatio: lambda: k[1] / k[0],
        }[function]()
        result = function(Rational(order), Rational(argument)).evalf(30)._to_mpmath(120)
        assert abs(result - truth) < abs(truth) * mpmath.mpf(10) ** -29


@pytest.mark.parametrize("function", VALUES)
@pytest.mark.parametrize(("order", "argument"), [(2.5, -3.0), (3.0, -2.0), (0.25, 1 + 2j), (1.5 - 0.5j, 0.75)])
def test_principal_branch(function, order, argument):
    truth = own_mpmath(function)(mpmath.mpmathify(order), mpmath.mpmathify(argument))
    result = complex(function(sympy.sympify(order), sympy.sympify(argument)).evalf())
    assert abs(result - complex(truth)) < 1e-14 * abs(complex(truth))


@pytest.mark.parametrize("function", VALUES + ORDER_DERIVATIVES)
def test_extreme_floats_return_at_once_or_stay(function):
    for order, argument in [(1e300, 1e300), (1e6, -1e6), (0.5, 1e-300), (1e-300, 1e10), (1e10, 1e-10), (1e-20, 500.0)]:
        result = function(sympy.Float(order), sympy.Float(argument))
        assert not result.has(function)
    assert function(1e5, 1e5 * I) == function(1e5, 1e5 * I, evaluate=False)  # mpmath cannot: not a wrong number


def test_precision_of_mpmath_is_left_alone():
    before = mpmath.mp.prec, mpmath.mp.dps
    LogBesselI(Rational(5, 2), 3).evalf(100)
    LogBesselKOrderDerivative(Rational(5, 2), 3).evalf(100)
    assert (mpmath.mp.prec, mpmath.mp.dps) == before


def test_nothing_is_evaluated_numerically_unasked():
    for function in VALUES + ORDER_DERIVATIVES:
        assert function(2, pi).func is function
        assert function(a, z).evalf() == function(a, z)


# Special values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (LogBesselI(0, 0), 0),
        (LogBesselI(nu, 0), -oo),
        (LogBesselI(-3, 0), -oo),
        (LogBesselI(Rational(-1, 2), 0), oo),
        (LogBesselI(a, oo), oo),
        (LogBesselI(oo, x), -oo),
        (LogBesselI(oo, oo), nan),
        (LogBesselI(-n, z), LogBesselI(n, z)),
        (LogBesselI(2 * n, -z), LogBesselI(2 * n, z)),
        (LogBesselK(0, 0), oo),
        (LogBesselK(-nu, 0), oo),
        (LogBesselK(a, oo), -oo),
        (LogBesselK(-oo, x), oo),
        (LogBesselK(-a, z), LogBesselK(a, z)),
        (LogBesselK(-3, z), LogBesselK(3, z)),
        (BesselIRatio(nu, 0), 0),
        (BesselIRatio(Rational(-3, 2), 0), 0),
        (BesselIRatio(-2, 0), zoo),
        (BesselIRatio(a, oo), 1),
        (BesselIRatio(a, -oo), -1),
        (BesselIRatio(oo, x), 0),
        (BesselIRatio(a, -z), -BesselIRatio(a, z)),
        (BesselKRatio(nu, 0), oo),
        (BesselKRatio(Rational(-1, 4), 0), oo),
        (BesselKRatio(-1, 0), 0),
        (BesselKRatio(Rational(-1, 2), z), 1),
        (BesselKRatio(a, oo), 1),
        (BesselKRatio(oo, x), oo),
        (BesselKRatio(-oo, x), 0),
        (LogBesselIOrderDerivative(0, 0), -oo),
        (LogBesselIOrderDerivative(a, oo), 0),
        (LogBesselKOrderDerivative(0, z), 0),
        (LogBesselKOrderDerivative(nu, 0), oo),
        (LogBesselKOrderDerivative(-nu, 0), -oo),
        (LogBesselKOrderDerivative(a, oo), 0),
        (LogBesselKOrderDerivative(-a, z), -LogBesselKOrderDerivative(a, z)),
    ],
)
def test_special_values(value, expected):
    assert value == expected


@pytest.mark.parametrize("function", VALUES + ORDER_DERIVATIVES)
def test_special_values_are_the_limits(function):
    tiny, huge = Rational(1, 10**40), Rational(10) ** 40
    for order in (S.Zero, Rational(7, 3), Rational(-1, 4)):
        for point, near in ((S.Zero, tiny), (oo, huge)):
            special = function(order, point)
            if special.has(function):
                continue
            value = function(order, near).evalf()
            if special.is_infinite:
                assert (value * special).is_extended_positive
                assert abs(value) > 4
            else:
                assert abs(value - special) < 1e-9


@pytest.mark.parametrize("function", VALUES + ORDER_DERIVATIVES)
def test_nan_propagates(function):
    assert function(nan, x) is nan
    assert function(nu, nan) is nan
    assert function(sympy.Float(1.5), nan) is nan


@pytest.mark.parametrize("function", VALUES + ORDER_DERIVATIVES)
def test_no_value_where_it_depends(function):
    assert function(a, zoo) is nan
    for value in (function(a, 0), function(2, z)):
        assert abs(value).has(function) or function is LogBesselI


def test_assumptions():
    assert LogBesselI(nu, x).is_real
    assert LogBesselI(n, x).is_real
    assert LogBesselI(a, x).is_real is None
    assert LogBesselI(nu, z).is_real is None
    assert LogBesselK(Symbol("r", real=True), x).is_real
    assert BesselIRatio(nu, x).is_positive
    assert BesselKRatio(Symbol("r", real=True), x).is_positive
    assert BesselIRatio(nu, z).is_positive is None
    assert LogBesselIOrderDerivative(nu, x).is_negative
    assert LogBesselKOrderDerivative(nu, x).is_positive
    assert (LogBesselI(1, 1) < 0) == True  # noqa: E712


# Derivatives


@pytest.mark.parametrize("function", VALUES)
@pytest.mark.parametrize(("order", "argument"), [("0.25", "0.125"), ("2.5", "3.5"), ("20.5", "13.25"), ("7.25", "40")])
def test_derivatives_against_numerical_differentiation(function, order, argument):
    at = {nu: Rational(order), x: Rational(argument)}
    for orders in ((1, 0), (0, 1), (1, 1), (0, 2)):
        variables = [nu] * orders[0] + [x] * orders[1]
        result = function(nu, x).diff(*variables).subs(at).evalf(40)
        with mpmath.workdps(40):
            truth = mpmath.diff(own_mpmath(function), (mpmath.mpf(order), mpmath.mpf(argument)), orders)
            assert abs(result._to_mpmath(140) - truth) < abs(truth) * mpmath.mpf(10) ** -35


@pytest.mark.parametrize("function", ORDER_DERIVATIVES)
def test_derivative_of_the_order_derivative(function):
    value = own_mpmath(LogBesselI if function is LogBesselIOrderDerivative else LogBesselK)
    result = function(nu, x).diff(x).subs({nu: Rational(5, 2), x: 3}).evalf(30)
    with mpmath.workdps(40):
        truth = mpmath.diff(value, (mpmath.mpf("2.5"), 3), (1, 1))
        assert abs(result._to_mpmath(120) - truth) < mpmath.mpf(10) ** -28
    assert function(nu, x).diff(nu) == sympy.Derivative(function(nu, x), nu)


def test_order_derivatives_against_closed_forms():
    def right(result, truth):
        return abs(result.evalf(50)._to_mpmath(200) - truth) < abs(truth) * mpmath.mpf(10) ** -49

    half = Rational(1, 2)
    with mpmath.workdps(70):
        for y in (mpmath.mpf(1) / 1024, mpmath.mpf(3), mpmath.mpf(50), mpmath.mpf(3000)):
            at_0 = -mpmath.besselk(0, y) / mpmath.besseli(0, y)  # DLMF 10.38
            assert right(LogBesselIOrderDerivative(0, Rational(str(y))), at_0)
            at_half = mpmath.exp(2 * y) * mpmath.e1(2 * y)  # DLMF 10.38
            assert right(LogBesselKOrderDerivative(half, Rational(str(y))), at_half)


def test_order_derivatives_at_tiny_orders():
    # Of I: even part of the expansion for large arguments plus -K_0 / I_0, both of size 10^-43.
    order, argument = Rational(1, 10**41), Rational(50)
    result = LogBesselIOrderDerivative(order, argument).evalf(30)
    with mpmath.workdps(250):
        v, h = mpmath.mpf(10) ** -41, mpmath.mpf(10) ** -100
        truth = (mpmath.log(mpmath.besseli(v + h, 50)) - mpmath.log(mpmath.besseli(v - h, 50))) / (2 * h)
        assert abs(result._to_mpmath(120) - truth) < abs(truth) * mpmath.mpf(10) ** -29
    # The same where the expansion is used, and the other part too small to matter.
    result = LogBesselIOrderDerivative(Rational(1, 10**900), 1000).evalf()
    truth = -mpmath.besselk(0, 1000) / mpmath.besseli(0, 1000)
    assert abs(result._to_mpmath(53) - truth) < 1e-12 * abs(truth)
    # Of both, for very large arguments: -+nu / x to first order.
    for function, sign in ((LogBesselIOrderDerivative, -1), (LogBesselKOrderDerivative, 1)):
        assert close(function(Rational(1, 10**300), 10**10).evalf(), sign * Rational(1, 10**310), 9)


def test_wrong_argument_index():
    with pytest.raises(sympy.core.function.ArgumentIndexError):
        LogBesselI(nu, x).fdiff(3)


# Series and limits: right, or refused


def test_series_at_a_regular_point():
    series = LogBesselI(0, x).series(x, 1, 3).removeO().subs(x, Rational(1001, 1000)).evalf(30)
    assert abs(series - LogBesselI(0, Rational(1001, 1000)).evalf(30)) < 1e-10


@pytest.mark.parametrize(
    ("expr", "point"),
    [
        (LogBesselI(2, x), 0),
        (LogBesselI(Rational(-1, 3), x), 0),
        (LogBesselI(0, x), 0),
        (LogBesselI(2, 3 * x + x**2), 0),
        (LogBesselI(nu, x), 0),
        (LogBesselI(nu, x), oo),
        (LogBesselK(0, x), 0),
        (LogBesselK(1, x), 0),
        (LogBesselK(3, x), 0),
        (LogBesselK(Rational(1, 3), x), 0),
        (LogBesselK(Rational(3, 2), x), 0),
        (LogBesselK(Rational(3, 2), x), oo),
        (LogBesselK(nu, x), oo),
        (BesselIRatio(nu, x), 0),
        (BesselIRatio(nu, x), oo),
        (BesselKRatio(1, x), 0),
        (BesselKRatio(Rational(1, 3), x), 0),
        (BesselKRatio(Rational(3, 2), x), 0),
        (BesselKRatio(Rational(3, 2), x), oo),
        (BesselKRatio(nu, x), oo),
    ],
)
def test_series_at_singular_points(expr, point):
    series = expr.series(x, point, 4)
    assert series.getO().has(x)
    difference = (series.removeO() - expr).subs(nu, Rational(5, 3))
    near, far = (difference.subs(x, 10**k if point is oo else Rational(1, 10**k)).evalf(60) for k in (3, 6))
    assert abs(near) < 1e-9
    assert abs(far) < abs(near) * 1e-11  # 4 orders in a factor of 1000, but for logarithms


@pytest.mark.parametrize(
    "expr", [LogBesselI(a, x), LogBesselI(Rational(-5, 2), x), LogBesselK(nu, x), LogBesselIOrderDerivative(2, x)]
)
def test_expansions_that_are_not_known_are_refused(expr):
    with pytest.raises(sympy.PoleError):
        expr.series(x, 0, 3)


@pytest.mark.parametrize(
    ("expr", "point", "expected"),
    [
        (LogBesselI(2, x) / x, oo, 1),
        (LogBesselI(2, x) / sqrt(x), oo, oo),
        (LogBesselI(nu, x) - x + log(2 * pi * x) / 2, oo, 0),
        (x * (LogBesselI(0, x) - x + log(2 * pi * x) / 2), oo, Rational(1, 8)),
        (LogBesselI(2, x) - 2 * log(x), 0, -3 * log(2)),
        (LogBesselI(nu, x) / log(x), 0, nu),
        (LogBesselI(0, x) / x**2, 0, Rational(1, 4)),
        (LogBesselK(nu, x) + x, oo, -oo),
        (LogBesselK(2, x) / log(x), 0, -2),
        (LogBesselK(nu, x) / log(x), 0, -nu),
        (LogBesselK(0, x) / log(-log(x)), 0, 1),
        (LogBesselK(Rational(1, 2), x) + x - log(pi / (2 * x)) / 2, oo, 0),
        (BesselIRatio(nu, x) / x, 0, 1 / (2 * nu + 2)),
        (BesselIRatio(nu, x), oo, 1),
        (x * (1 - BesselIRatio(2, x)), oo, Rational(5, 2)),
        (x * BesselKRatio(nu, x), 0, 2 * nu),
        (x * log(x) * BesselKRatio(0, x), 0, -1),
        (x * (BesselKRatio(2, x) - 1), oo, Rational(5, 2)),
    ],
)
def test_limits(expr, point, expected):
    assert sympy.simplify(sympy.limit(expr, x, point) - expected) == 0 or sympy.limit(expr, x, point) == expected


@pytest.mark.parametrize("expr", [LogBesselI(x, 2) / sqrt(x), LogBesselIOrderDerivative(x, 2) / log(x)])
def test_limits_are_left_alone_rather_than_wrong(expr):
    assert isinstance(sympy.limit(expr, x, oo), sympy.Limit)


# Rewriting


def test_rewrite_and_back():
    for function, name in ((LogBesselI, besseli), (LogBesselK, besselk)):
        assert function(a, z).rewrite(name) == log(name(a, z))
        assert log_bessel(function(a, z).rewrite(name)) == function(a, z)
    for function, name in ((BesselIRatio, besseli), (BesselKRatio, besselk)):
        assert function(a, z).rewrite(name) == name(a + 1, z) / name(a, z)
        assert log_bessel(function(a, z).rewrite(name)) == function(a, z)


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (log(besselk(nu, x) * exp(-x)), LogBesselK(nu, x) - x),
        (log(x**nu / besseli(nu, x)), log(x**nu) - LogBesselI(nu, x)),
        (log(besseli(nu, x) ** 3), 3 * LogBesselI(nu, x)),
        (log(besseli(a, z) ** 2), log(besseli(a, z) ** 2)),  # another branch of the logarithm, perhaps
        (log(z * besseli(a, z)), log(z * besseli(a, z))),
        (besseli(0, x) / besseli(1, x), 1 / BesselIRatio(0, x)),
        (5 * x * besselk(1, x) ** 2 / besselk(0, x) ** 2, 5 * x * BesselKRatio(0, x) ** 2),
        (sqrt(besseli(nu + 1, x) / besseli(nu, x)), sqrt(BesselIRatio(nu, x))),
        (besseli(nu + 2, x) / besseli(nu, x), besseli(nu + 2, x) / besseli(nu, x)),
        (besseli(nu + 1, x) / besseli(nu, z), besseli(nu + 1, x) / besseli(nu, z)),
        (sympy.Eq(log(besseli(nu, x)), 1), sympy.Eq(LogBesselI(nu, x), 1)),
        (6 * x + 1, 6 * x + 1),
    ],
)
def test_log_bessel(expr, expected):
    assert log_bessel(expr) == expected


def test_log_bessel_of_a_von_mises_fisher_density():
    p, kappa = symbols("p kappa", positive=True)
    density = log(kappa ** (p / 2 - 1) / ((2 * pi) ** (p / 2) * besseli(p / 2 - 1, kappa)))
    stable = log_bessel(density)
    assert stable.has(LogBesselI)
    assert not stable.has(besseli)
    at = {p: 7, kappa: Rational(5, 2)}
    assert abs((stable - density).subs(at).evalf(30)) < 1e-28


# SymPy's habits


@pytest.mark.parametrize("function", VALUES + ORDER_DERIVATIVES)
def test_sympy_protocols(function):
    expr = function(a, z)
    assert expr.func(*expr.args) == expr
    assert hash(function(a, z)) == hash(expr)
    assert pickle.loads(pickle.dumps(expr)) == expr
    assert expr.subs(z, x).args == (a, x)
    assert str(expr) == f"{function.__name__}(a, z)"
    assert sympy.srepr(expr) == f"{function.__name__}(Symbol('a'), Symbol('z'))"
    assert sympy.simplify(expr + expr) == 2 * expr
    with pytest.raises(TypeError, match="takes exactly 2 arguments"):
        function(a)


def test_latex():
    assert latex(LogBesselI(a, z)) == r"\log I_{a}\left(z\right)"
    assert latex(LogBesselK(nu + 1, x / 2)) == r"\log K_{\nu + 1}\left(\frac{x}{2}\right)"
    assert latex(BesselIRatio(nu, x)) == r"\frac{I_{\nu + 1}\left(x\right)}{I_{\nu}\left(x\right)}"
    assert latex(BesselKRatio(0, x)) == r"\frac{K_{1}\left(x\right)}{K_{0}\left(x\right)}"
    assert latex(3 * LogBesselI(a, z) ** 2) == r"3 \left(\log I_{a}\left(z\right)\right)^{2}"
    assert latex(LogBesselIOrderDerivative(a, z)) == (
        r"\left. \frac{\partial}{\partial \mu} \log I_{\mu}\left(z\right) \right|_{\mu=a}"
    )


# Generated code

CALLS = {
    LogBesselI: "log_iv",
    LogBesselK: "log_kv",
    BesselIRatio: "iv_ratio",
    BesselKRatio: "kv_ratio",
    LogBesselIOrderDerivative: "log_iv_dv",
    LogBesselKOrderDerivative: "log_kv_dv",
}


@pytest.mark.parametrize(("function", "name"), CALLS.items())
def test_printed_code(function, name):
    expr = function(nu + 1, 2 * x)
    for printer in (NumPyPrinter(), SciPyPrinter(), CuPyPrinter()):
        assert printer.doprint(expr) == f"mathlib.special.{name}(nu + 1, 2*x)"
        assert printer.module_imports["mathlib.special"] == {name}
    assert pycode(expr) == f"mathlib.special.{name}(nu + 1, 2*x)"
    assert MpmathPrinter().doprint(expr).startswith("mathlib.symbolic.functions.multiprecision.")


@pytest.mark.parametrize("function", VALUES + ORDER_DERIVATIVES)
@pytest.mark.parametrize("modules", [None, "numpy", "scipy", ["scipy", "numpy"], "math", "mpmath"])
def test_lambdify(function, modules):
    for cse in (False, True):
        expr = 2 * function(nu, x) + sympy.exp(-function(nu, x)) * x
        compiled = sympy.lambdify([nu, x], expr, modules, cse=cse)
        for order, argument in [(0.75, 0.5), (3.0, 8.25), (40.5, 30.0)]:
            truth = float(expr.subs({nu: Rational(order), x: Rational(argument)}).evalf(30))
            assert math.isclose(compiled(order, argument), truth, rel_tol=2e-14)


def test_lambdify_on_arrays():
    orders, arguments = np.array([0.5, 20.0, 1000.0]), np.array([[1e-3], [3.0], [2000.0]])
    compiled = sympy.lambdify([nu, x], LogBesselI(nu, x) - LogBesselK(nu, x))
    result = compiled(orders, arguments)
    assert result.shape == (3, 3)
    for index in np.ndindex(3, 3):
        point = Rational(orders[index[1]]), Rational(arguments[index[0], 0])
        assert math.isclose(result[index], float(arb(LogBesselI, *point) - arb(LogBesselK, *point)), rel_tol=1e-14)


def test_lambdify_for_mpmath_has_all_digits():
    compiled = sympy.lambdify([nu, x], LogBesselI(nu, x), "mpmath")
    with mpmath.workdps(40):  # I_5(3.31...) is close to 1
        zero = mpmath.findroot(lambda y: mpmath.log(mpmath.besseli(5, y)), 4)
        with mpmath.workdps(120):
            truth = mpmath.log(mpmath.besseli(5, zero))
        assert abs(compiled(5, zero) - truth) <= abs(truth) * mpmath.mpf(10) ** -39


@pytest.mark.parametrize(
    ("function", "at_zero", "at_infinity"),
    [
        (LogBesselI, -math.inf, math.inf),
        (LogBesselK, math.inf, -math.inf),
        (BesselIRatio, 0.0, 1.0),
        (BesselKRatio, math.inf, 1.0),
        (LogBesselIOrderDerivative, -math.inf, 0.0),
        (LogBesselKOrderDerivative, math.inf, 0.0),
    ],
)
def test_lambdify_for_mpmath_at_the_ends(function, at_zero, at_infinity):
    compiled = sympy.lambdify([nu, x], function(nu, x), "mpmath")
    assert compiled(1.5, 0) == at_zero
    assert compiled(1.5, mpmath.inf) == at_infinity
    assert mpmath.isnan(compiled(1.5, mpmath.nan))
    assert mpmath.isnan(compiled(mpmath.inf, 1.5))


def test_lambdify_to_sympy():
    assert sympy.lambdify([nu, x], BesselKRatio(nu, x) + 1, "sympy")(2, z) == BesselKRatio(2, z) + 1


def test_lambdify_with_a_function_of_the_user():
    for module in ("numpy", "math", "mpmath"):
        compiled = sympy.lambdify([nu, x], LogBesselI(nu, x), [{"LogBesselI": lambda v, y: v + y}, module])
        assert compiled(2, 3) == 5


def test_docstrings():
    for module, examples in ((bessel_functions, 30), (bessel_forms, 4)):
        result = doctest.testmod(module)
        assert result.attempted > examples
        assert result.failed == 0
