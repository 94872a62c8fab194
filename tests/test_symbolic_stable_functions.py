"""SymPy functions of exponentials, logarithms, roots, error and Gamma functions, against mpmath."""

import itertools
import math
import pickle
import warnings

import mpmath
import numpy as np
import pytest
import sympy
from mpmath import mpf
from sympy import (
    Abs,
    AccumBounds,
    Pow,
    Rational,
    S,
    Symbol,
    cos,
    cosh,
    coth,
    erfc,
    exp,
    gamma,
    latex,
    limit,
    log,
    loggamma,
    nan,
    oo,
    pi,
    sign,
    sin,
    sqrt,
    symbols,
    tanh,
    zoo,
)
from sympy.printing.numpy import CuPyPrinter, NumPyPrinter, SciPyPrinter
from sympy.printing.pycode import MpmathPrinter, pycode

import mathlib.symbolic.functions.multiprecision
from mathlib.symbolic import (
    Cbrt,
    CosM1,
    CosPi,
    ErfcX,
    ExpM1,
    ExpRel,
    Hypot,
    Langevin,
    Log1mExp,
    Log1p,
    LogAddExp,
    LogCosh,
    LogErfc,
    LogPoch,
    OverExpM1,
    SignedSqrt,
    SinPi,
    Softplus,
    Sqdf,
)

a, b, z = symbols("a b z")
x, y = symbols("x y", positive=True)
r, t = symbols("r t", real=True)

# What each function means, in mpmath; right when computed with enough digits.
MEANING = {
    ExpM1: lambda x: mpmath.exp(x) - 1,
    Log1p: lambda x: mpmath.log(1 + x),
    ExpRel: lambda x: (mpmath.exp(x) - 1) / x,
    OverExpM1: lambda e, a: e / (mpmath.exp(a * e) - 1),
    LogAddExp: lambda a, b: mpmath.log(mpmath.exp(a) + mpmath.exp(b)),
    Log1mExp: lambda x: mpmath.log(1 - mpmath.exp(-x)),
    Softplus: lambda x: mpmath.log(1 + mpmath.exp(x)),
    LogCosh: lambda x: mpmath.log(mpmath.cosh(x)),
    Langevin: lambda x: mpmath.coth(x) - 1 / x,
    CosM1: lambda x: mpmath.cos(x) - 1,
    SinPi: lambda x: mpmath.sin(mpmath.pi * x),
    CosPi: lambda x: mpmath.cos(mpmath.pi * x),
    LogErfc: lambda x: mpmath.log(mpmath.erfc(x)),
    ErfcX: lambda x: mpmath.exp(x * x) * mpmath.erfc(x),
    LogPoch: lambda x, a: mpmath.loggamma(x + a) - mpmath.loggamma(x),
    Hypot: lambda x, y: mpmath.sqrt(x * x + y * y),
    Cbrt: lambda x: mpmath.sign(x) * mpmath.root(abs(x), 3),
    SignedSqrt: lambda q: mpmath.sign(q) * mpmath.sqrt(abs(q)),
    Sqdf: lambda b, s: mpmath.sqrt(b * b - s * abs(s)),
}
FUNCTIONS = list(MEANING)
UNARY = [f for f in FUNCTIONS if f.nargs == {1}]
BINARY = [f for f in FUNCTIONS if f.nargs == {2}]
ONE = ["1e-30", "-1e-30", "1e-8", "-0.001953125", "0.3", "-0.75", "1.25", "-2.5", "7.1", "-30", "30.5", "300"]
TWO = ["1e-30", "1e-5", "0.25", "1", "3.75", "40", "500"]
POINTS = {
    **{f: [(Rational(p),) for p in ONE] for f in UNARY},
    **{f: [tuple(map(Rational, p)) for p in itertools.product(TWO, TWO)] for f in BINARY},
    Log1p: [(Rational(p),) for p in ["1e-30", "-1e-30", "0.3", "-0.75", "-0.99999", "7.1", "1e20", "1e300"]],
    Log1mExp: [(Rational(p),) for p in ONE if not p.startswith("-")],
    Sqdf: [
        (Rational(p), Rational(q)) for p in TWO for q in [*TWO, *("-" + q for q in TWO)] if Rational(q) < Rational(p)
    ],
}
POINTS[LogAddExp] += [(-p, q) for p, q in POINTS[LogAddExp]] + [(Rational("-0.6931471805599453"),) * 2]
POINTS[OverExpM1] += [(-p, q) for p, q in POINTS[OverExpM1]]
POINTS[LogPoch] += [
    (Rational(10), Rational(-5, 2)),
    (Rational("1e20"), Rational("1e-3")),
    (Rational(1), Rational("1e-40")),
]


def number(q):
    return mpf(q.p) / q.q


def truth(function, point, digits=60):
    """The value from its meaning, with so many digits."""
    with mpmath.workdps(digits + 400):
        value = MEANING[function](*map(number, point))
        return mpf(0) if function in (SinPi, CosPi) and abs(value) < mpf(10) ** -400 else value


def near(result, value, digits):
    with mpmath.workdps(digits + 30):
        return abs(mpmath.mpmathify(result) - value) <= abs(value) * mpf(10) ** -digits


def digits_of(expr, digits):
    return expr.evalf(digits)._to_mpmath(int(digits * 3.33) + 20)


# Values


@pytest.mark.parametrize("function", FUNCTIONS)
def test_values_have_the_digits_asked_for(function):
    for point in POINTS[function]:
        for digits in (15, 50):
            assert near(digits_of(function(*point, evaluate=False), digits), truth(function, point), digits - 1), point
        assert near(digits_of(function(*point, evaluate=False), 50), truth(function, point), 48)


with mpmath.workdps(80):
    FAR = [
        (Softplus(-(10**10)), mpmath.exp(-(10**10))),
        (Softplus(10**10), mpf(10**10)),
        (LogAddExp(10**10, -(10**10)), mpf(10**10)),
        (LogAddExp(-(10**300), 1 - 10**300), mpmath.log(1 + mpmath.exp(-1)) + 1 - mpf(10) ** 300),
        (Log1mExp(10**10), -mpmath.exp(-(10**10))),
        (Log1mExp(Rational(1, 10**300)), mpmath.log(mpf(10) ** -300)),
        (LogCosh(-(10**10)), 10**10 - mpmath.ln2),
        (LogCosh(Rational(1, 10**300)), mpf(10) ** -600 / 2),
        (Langevin(10**10), 1 - mpf(10) ** -10),
        (Langevin(Rational(1, 10**300)), mpf(10) ** -300 / 3),
        (ExpRel(-(10**10)), mpf(10) ** -10),
        (ExpM1(-(10**300)), mpf(-1)),
        (ErfcX(10**30), 1 / (mpf(10) ** 30 * mpmath.sqrt(mpmath.pi))),
        (ErfcX(Rational(10) ** 300), 1 / (mpf(10) ** 300 * mpmath.sqrt(mpmath.pi))),
        (LogErfc(10**30), -(mpf(10) ** 60) - mpmath.log(mpf(10) ** 30 * mpmath.sqrt(mpmath.pi))),
        (LogErfc(-(10**10)), mpmath.ln2),
        (SinPi(10**30 + Rational(1, 3)), mpmath.sqrt(3) / 2),
        (SinPi(1 + Rational(1, 10**200)), -mpmath.pi * mpf(10) ** -200),
        (CosPi(S.Half + Rational(1, 10**200)), -mpmath.pi * mpf(10) ** -200),
        (Log1p(Rational(1, 10**200) - 1), mpmath.log(mpf(10) ** -200)),
        (CosM1(Rational(1, 10**300)), -(mpf(10) ** -600) / 2),
        (Hypot(Rational(1, 10**400), Rational(1, 10**400)), mpmath.sqrt(2) * mpf(10) ** -400),
        (Sqdf(1, 1 - Rational(1, 10**200)), mpmath.sqrt(2 * mpf(10) ** -200)),
        (Sqdf(10**400, -(10**400)), mpmath.sqrt(2) * mpf(10) ** 400),
        (OverExpM1(10**10, Rational(1, 10**300)), mpf(10) ** 300 - mpf(10) ** 10 / 2),
        (OverExpM1(10**10, -(10**10)), -mpf(10) ** 10),
        (LogPoch(10**300, Rational(1, 2)), mpmath.log(mpf(10) ** 150)),
    ]  # fmt: skip


@pytest.mark.parametrize(("expr", "value"), FAR, ids=lambda v: str(v)[:30])
def test_values_far_out(expr, value):
    assert near(digits_of(expr, 50), value, 48)


def test_complex_arguments():
    at = sympy.Rational(3, 10) + sympy.Rational(7, 4) * sympy.I
    for function in UNARY:
        if function not in (Cbrt, SignedSqrt):
            with mpmath.workdps(60):
                assert near(digits_of(function(at), 30), MEANING[function](mpmath.mpc("0.3", "1.75")), 29)
    for function in (Cbrt, SignedSqrt):  # real functions
        assert function(at).evalf().has(function)


def test_values_outside_the_real_range_are_complex():
    assert near(digits_of(Log1mExp(-2), 30), mpmath.log(mpmath.mpc(1 - mpmath.exp(2))), 14)
    assert near(digits_of(Log1p(-3), 30), mpmath.log(mpmath.mpc(-2)), 14)
    assert near(digits_of(Sqdf(1, 2), 30), mpmath.mpc(0, mpmath.sqrt(3)), 14)


def test_arguments_are_as_exact_as_the_result():
    with mpmath.workdps(80):
        value = mpmath.log(mpmath.cosh(mpmath.sqrt(2) * mpmath.pi))
        assert near(digits_of(LogCosh(sqrt(2) * pi), 60), value, 59)


def test_no_digits_without_numbers():
    for function in UNARY:
        assert function(z).evalf() == function(z)
        assert function(pi / 7).func is function


def test_precision_of_mpmath_is_left_alone():
    before = mpmath.mp.prec
    for function in FUNCTIONS:
        function(*POINTS[function][3]).evalf(70)
    assert mpmath.mp.prec == before


def test_multiprecision_takes_plain_numbers():
    with mpmath.workdps(40):
        value = mathlib.symbolic.functions.multiprecision.log_cosh(mpf(10) ** -25)
        assert near(value, mpf(10) ** -50 / 2, 39)
        assert mathlib.symbolic.functions.multiprecision.sin_pi(3.0) == 0
        assert mathlib.symbolic.functions.multiprecision.exp2(10) == 1024
        assert mathlib.symbolic.functions.multiprecision.log2(8) == 3


# Special values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *[(f(0), 0) for f in (ExpM1, Log1p, LogCosh, Langevin, CosM1, SinPi, LogErfc, Cbrt, SignedSqrt)],
        *[(f(0), 1) for f in (ExpRel, CosPi, ErfcX)],
        *[(f(oo), oo) for f in (ExpM1, Log1p, ExpRel, Softplus, LogCosh, Cbrt, SignedSqrt)],
        *[(f(oo), 0) for f in (Log1mExp, ErfcX)],
        *[(f(-oo), 0) for f in (ExpRel, Softplus)],
        *[(f(-oo), oo) for f in (LogCosh, ErfcX)],
        *[(f(-oo), -oo) for f in (Cbrt, SignedSqrt)],
        *[(f(p), AccumBounds(-1, 1)) for f in (SinPi, CosPi) for p in (oo, -oo)],
        (ExpM1(-oo), -1),
        (Log1p(-1), -oo),
        (Softplus(0), log(2)),
        (Log1mExp(0), -oo),
        (Langevin(oo), 1),
        (Langevin(-oo), -1),
        (CosM1(oo), AccumBounds(-2, 0)),
        (LogErfc(oo), -oo),
        (LogErfc(-oo), log(2)),
        (SinPi(7), 0),
        (SinPi(Rational(-3, 2)), 1),
        (CosPi(7), -1),
        (CosPi(Rational(7, 2)), 0),
        (Cbrt(Rational(-8, 27)), Rational(-2, 3)),
        (SignedSqrt(Rational(-4, 9)), Rational(-2, 3)),
        (LogAddExp(a, -oo), a),
        (LogAddExp(-oo, a), a),
        (LogAddExp(oo, a), oo),
        (LogAddExp(r, r), r + log(2)),
        (LogPoch(x, 0), 0),
        (LogPoch(0, x), -oo),
        (LogPoch(3, -3), oo),
        (LogPoch(oo, x), oo),
        (LogPoch(oo, -x), -oo),
        (LogPoch(x, oo), oo),
        (Hypot(r, 0), Abs(r)),
        (Hypot(0, -x), x),
        (Hypot(a, -oo), oo),
        (Hypot(-a, b), Hypot(a, b)),
        (Sqdf(r, 0), Abs(r)),
        (Sqdf(-a, b), Sqdf(a, b)),
        (Sqdf(oo, x), oo),
        (Sqdf(r, -oo), oo),
        (OverExpM1(0, a), 1 / a),
        (OverExpM1(x, 0), zoo),
        (OverExpM1(0, 0), nan),
        (OverExpM1(x, oo), 0),
        (OverExpM1(x, -oo), -x),
        (OverExpM1(-oo, x), oo),
        *[(f(-a), f(a)) for f in (LogCosh, CosM1, CosPi)],
        *[(f(-a), -f(a)) for f in (Langevin, SinPi, Cbrt, SignedSqrt)],
    ],
)
def test_special_values(value, expected):
    assert value == expected


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_value_without_a_number_or_a_direction(function):
    for bad in (nan, zoo):
        for point in itertools.product((bad, x), repeat=len(function(*POINTS[function][0], evaluate=False).args)):
            assert (bad in point) == (function(*point) is nan)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nothing_is_rewritten_by_itself(function):
    arguments = (log(a), log(b))[: len(POINTS[function][0])]
    for expr in (
        function(*arguments),
        function(*(2 * w + 1 for w in arguments)),
        function(*(w + z for w in arguments)),
    ):
        assert expr.func is function
        assert sympy.simplify(expr).has(function)


# Derivatives


@pytest.mark.parametrize("function", FUNCTIONS)
def test_derivatives_against_numerical_differentiation(function):
    variables = symbols("u v", real=True)[: len(POINTS[function][0])]
    points = [p for p in POINTS[function] if all(Rational("0.1") < abs(q) < 50 for q in p)]
    assert len(points) >= 2
    for point in points:
        for k, variable in enumerate(variables):
            orders = tuple(int(j == k) for j in range(len(variables)))
            result = function(*variables).diff(variable).subs(dict(zip(variables, point, strict=True)))
            with mpmath.workdps(100 if function is LogPoch else 800):  # quotients of exponentials need many
                value = mpmath.diff(MEANING[function], tuple(map(number, point)), orders)
            assert near(digits_of(result, 50), value, 25), (point, k)


@pytest.mark.parametrize("function", UNARY)
def test_second_derivatives(function):
    with mpmath.workdps(75):
        value = mpmath.diff(MEANING[function], mpf(3) / 8, 2)
    assert near(digits_of(function(r).diff(r, 2).subs(r, Rational(3, 8)), 50), value, 25)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_wrong_argument_index(function):
    expr = function(*(a, b)[: len(POINTS[function][0])])
    for index in (0, len(expr.args) + 1):
        with pytest.raises(sympy.core.function.ArgumentIndexError):
            expr.fdiff(index)


@pytest.mark.parametrize(
    ("expr", "point", "bound"),
    [
        (LogAddExp(r, t).diff(r), (-500.0, 3.0), 4e-16),
        (LogAddExp(r, t).diff(t), (1e8, 1e8 + 1), 4e-16),
        (Log1mExp(r).diff(r), (1e-12,), 4e-16),
        (Softplus(r).diff(r), (-700.0,), 4e-16),
        (LogErfc(r).diff(r), (100.0,), 1e-15),
        (ExpRel(r).diff(r), (1e-9,), 1e-15),
        (ExpRel(r).diff(r), (40.0,), 1e-15),
        (Langevin(r).diff(r), (1e-9,), 2e-15),
        (Langevin(r).diff(r), (50.0,), 5e-14),
        (OverExpM1(r, t).diff(r), (1e-9, 3.0), 1e-15),
        (OverExpM1(r, t).diff(t), (1e-9, 3.0), 1e-15),
        (Hypot(r, t).diff(r), (1e300, 1e300), 4e-16),
        (CosPi(r).diff(r), (1e15 + 0.125,), 1e-15),
    ],
)
def test_derivatives_keep_their_digits_in_doubles(expr, point, bound):
    variables = sorted(expr.free_symbols, key=str)
    exact = expr.subs({v: Rational(p) for v, p in zip(variables, point, strict=True)}).evalf(30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # an exponential that overflows, as it may
        result = sympy.lambdify(variables, expr, "numpy")(*map(np.float64, point))
    assert abs(float(result) / float(exact) - 1) < bound


# Series and limits


@pytest.mark.parametrize("function", UNARY)
def test_taylor_series(function):
    centres = [Rational(1, 2), Rational(3)]
    if function not in (ExpRel, Langevin, Log1mExp, Cbrt, SignedSqrt):  # the others are regular at 0 also as written
        centres.append(S.Zero)
    for centre in centres:
        series = function(r).series(r, centre, 6).removeO()
        with mpmath.workdps(60):
            coefficients = mpmath.taylor(MEANING[function], number(centre), 5)
        polynomial = sympy.Poly(series.subs(r, z + centre).expand(), z)
        for k, coefficient in enumerate(coefficients):
            computed = digits_of(polynomial.coeff_monomial(z**k), 40)
            with mpmath.workdps(40):
                assert abs(computed - coefficient) < mpf(10) ** -30 * max(1, abs(coefficient)), (centre, k)


@pytest.mark.parametrize("function", BINARY)
def test_taylor_series_in_either_argument(function):
    for point in ((Rational(7, 4), Rational(2, 3)), (Rational(5, 2), Rational(1, 8))):
        for k in (0, 1):
            arguments = [r if j == k else point[j] for j in (0, 1)]
            series = function(*arguments).series(r, point[k], 4).removeO().subs(r, z + point[k]).expand()
            with mpmath.workdps(60):
                place = tuple(map(number, point))
                orders = [(j, 0) if k == 0 else (0, j) for j in range(4)]
                coefficients = [mpmath.diff(MEANING[function], place, n) / math.factorial(sum(n)) for n in orders]
            for j, coefficient in enumerate(coefficients):
                assert near(digits_of(sympy.Poly(series, z).coeff_monomial(z**j), 40), coefficient, 30), (point, k, j)


@pytest.mark.parametrize(
    ("expr", "point", "expected"),
    [
        (ExpRel(x), 0, 1 + x / 2 + x**2 / 6 + x**3 / 24),
        (ExpRel(-x), oo, 1 / x),
        (Langevin(x), 0, x / 3 - x**3 / 45),
        (Langevin(x), oo, 1 - 1 / x),
        (Langevin(r), -oo, -1 - 1 / r),
        (Log1mExp(x), 0, log(x) - x / 2 + x**2 / 24),
        (Log1mExp(x), oo, 0),
        (Log1p(x), oo, log(x) + 1 / x - 1 / (2 * x**2) + 1 / (3 * x**3)),
        (Softplus(x), oo, x),
        (Softplus(-x), oo, 0),
        (LogCosh(x), oo, x - log(2)),
        (LogCosh(r), -oo, -r - log(2)),
        (LogErfc(x), oo, -(x**2) - log(x) - log(pi) / 2 - 1 / (2 * x**2)),
        (LogErfc(-x), oo, log(2)),
        (ErfcX(x), oo, (1 / x - 1 / (2 * x**3)) / sqrt(pi)),
        (Cbrt(8 + x), 0, 2 + x / 12 - x**2 / 288 + 5 * x**3 / 20736),
        (Cbrt(x), 0, x ** Rational(1, 3)),
        (SignedSqrt(-x), 0, -sqrt(x)),
        (OverExpM1(x, 1), 0, 1 - x / 2 + x**2 / 12),
        (OverExpM1(1, x), 0, 1 / x - S.Half + x / 12 - x**3 / 720),
        (LogAddExp(x, 2 * x), 0, log(2) + 3 * x / 2 + x**2 / 8),
        (LogPoch(x, 2), 0, log(x) + x - x**2 / 2 + x**3 / 3),
        (LogPoch(x, S.Half), oo, log(x) / 2 - 1 / (8 * x) + 1 / (192 * x**3)),
        (Hypot(x, 1), oo, x + 1 / (2 * x) - 1 / (8 * x**3)),
        (Sqdf(1, -x), oo, x + 1 / (2 * x) - 1 / (8 * x**3)),
        (Sqdf(x, 1), oo, x - 1 / (2 * x) - 1 / (8 * x**3)),
    ],
)
def test_series_at_singular_points(expr, point, expected):
    series = expr.series(*expr.free_symbols, point, 4).removeO()
    assert sympy.expand(sympy.expand_log(series - expected, force=True)) == 0


@pytest.mark.parametrize(
    ("expr", "point", "expected"),
    [
        (ExpM1(x) / x, 0, 1),
        (ExpM1(-x), oo, -1),
        (ExpM1(x) * exp(-x), oo, 1),
        ((Log1p(x) - x) / x**2, 0, Rational(-1, 2)),
        (Log1p(x) - log(x), oo, 0),
        (ExpRel(x), 0, 1),
        (x * exp(-x) * ExpRel(x), oo, 1),
        (OverExpM1(x, a), 0, 1 / a),
        (OverExpM1(x, 2), oo, 0),
        (OverExpM1(x, -2) / x, oo, -1),
        (LogAddExp(x, 0) - x, oo, 0),
        (exp(x) * (LogAddExp(x, 2 * x) - 2 * x), oo, 1),
        (LogAddExp(x, r), 0, log(1 + exp(r))),
        (Log1mExp(x) - log(x), 0, 0),
        (Log1mExp(x), 0, -oo),
        (exp(x) * Log1mExp(x), oo, -1),
        (Softplus(x), oo, oo),
        (Softplus(x) - x, oo, 0),
        (exp(x) * (Softplus(x) - x), oo, 1),
        (exp(x) * Softplus(-x), oo, 1),
        (LogCosh(x) / x**2, 0, S.Half),
        (LogCosh(x) - x, oo, -log(2)),
        (LogCosh(x), oo, oo),
        (Langevin(x), 0, 0),
        (Langevin(x) / x, 0, Rational(1, 3)),
        ((Langevin(x) - x / 3) / x**3, 0, Rational(-1, 45)),
        (x * (1 - Langevin(x)), oo, 1),
        (CosM1(x) / x**2, 0, Rational(-1, 2)),
        (SinPi(x) / x, 0, pi),
        ((CosPi(x) - 1) / x**2, 0, -(pi**2) / 2),
        (LogErfc(x) / x, 0, -2 / sqrt(pi)),
        (LogErfc(x), oo, -oo),
        (LogErfc(x) / x**2, oo, -1),
        (LogErfc(x) + x**2 + log(x), oo, -log(pi) / 2),
        (LogErfc(-x), oo, log(2)),
        (x * ErfcX(x), oo, 1 / sqrt(pi)),
        (ErfcX(-x), oo, oo),
        (exp(-(x**2)) * ErfcX(-x), oo, 2),
        (LogPoch(x, 2) - log(x), 0, 0),
        (LogPoch(x, a) - a * log(x), oo, 0),
        (x * (LogPoch(x, S.Half) - log(x) / 2), oo, Rational(-1, 8)),
        (LogPoch(2, x) / x, 0, 1 - sympy.EulerGamma),
        ((Hypot(x, 1) - 1) / x**2, 0, S.Half),
        (x * (Hypot(x, 1) - x), oo, S.Half),
        (Cbrt(x**3 + 1) - x, oo, 0),
        (Cbrt(x) ** 2 / x, 0, oo),
        (SignedSqrt(x**2 + x) - x, oo, S.Half),
        (x * (Sqdf(x, 1) - x), oo, Rational(-1, 2)),
        (Sqdf(2, x), 0, 2),
    ],
)
def test_limits(expr, point, expected):
    assert limit(expr, x, point) == expected


@pytest.mark.parametrize("function", [Cbrt, SignedSqrt, Langevin, SinPi])
def test_limits_from_the_left(function):
    assert limit(function(r), r, 0, "-") == 0
    assert limit(1 / function(r), r, 0, "-") == -oo


# Rewriting


@pytest.mark.parametrize(
    ("expr", "rule", "expected"),
    [
        (ExpM1(z), exp, exp(z) - 1),
        (Log1p(z), log, log(z + 1)),
        (ExpRel(z), exp, (exp(z) - 1) / z),
        (OverExpM1(a, b), exp, a / (exp(a * b) - 1)),
        (LogAddExp(a, b), exp, log(exp(a) + exp(b))),
        (LogAddExp(a, b), log, log(exp(a) + exp(b))),
        (Log1mExp(z), log, log(1 - exp(-z))),
        (Softplus(z), log, log(1 + exp(z))),
        (LogCosh(z), cosh, log(cosh(z))),
        (LogCosh(z), exp, log(exp(z) / 2 + exp(-z) / 2)),
        (Langevin(z), coth, coth(z) - 1 / z),
        (Langevin(z), tanh, 1 / tanh(z) - 1 / z),
        (CosM1(z), cos, cos(z) - 1),
        (SinPi(z), sin, sin(pi * z)),
        (CosPi(z), cos, cos(pi * z)),
        (LogErfc(z), erfc, log(erfc(z))),
        (LogErfc(z), sympy.erf, log(1 - sympy.erf(z))),
        (ErfcX(z), erfc, exp(z**2) * erfc(z)),
        (LogPoch(a, b), loggamma, loggamma(a + b) - loggamma(a)),
        (LogPoch(a, b), gamma, LogPoch(a, b)),
        (Hypot(a, b), Pow, sqrt(a**2 + b**2)),
        (Cbrt(x), Pow, x ** Rational(1, 3)),
        (Cbrt(r), sign, sign(r) * Abs(r) ** Rational(1, 3)),
        (SignedSqrt(r), sign, sign(r) * sqrt(Abs(r))),
        (Sqdf(r, t), Pow, sqrt(r**2 - t * Abs(t))),
        (1 + 2 * LogCosh(LogAddExp(a, b)), exp, None),
        (LogCosh(z), erfc, LogCosh(z)),
    ],
)
def test_rewrite(expr, rule, expected):
    rewritten = expr.rewrite(rule)
    if expected is None:
        assert not rewritten.has(*FUNCTIONS)
    else:
        assert rewritten == expected


@pytest.mark.parametrize("function", FUNCTIONS)
def test_expansion_is_equal_and_doit_leaves_the_function_alone(function):
    expr = function(*(a, b)[: len(POINTS[function][0])])
    assert expr.doit() == expr
    assert sympy.expand(expr) == expr
    plain = expr.expand(func=True)
    assert not plain.has(function)
    point = {a: Rational(7, 4), b: Rational(2, 3)}
    assert near(digits_of(plain.subs(point), 40), truth(function, [*point.values()][: len(expr.args)]), 38)


# Assumptions

KINDS = {
    "positive": ["1e-5", "0.5", "1", "3", "20"],
    "negative": ["-1e-5", "-0.5", "-1", "-3", "-20"],
    "nonnegative": ["0", "0.25", "3"],
    "nonpositive": ["0", "-0.25", "-3"],
    "real": ["-3", "-1", "-0.25", "0", "1", "4"],
    "integer": ["-2", "-1", "0", "1", "2"],
    "zero": ["0"],
}
CLAIMS = {
    "is_real": lambda v: v.is_extended_real and v.is_finite,
    "is_positive": lambda v: v.is_real and v > 0,
    "is_negative": lambda v: v.is_real and v < 0,
    "is_nonnegative": lambda v: v.is_real and v >= 0,
    "is_nonpositive": lambda v: v.is_real and v <= 0,
    "is_zero": lambda v: v == 0,
    "is_finite": lambda v: v.is_finite,
    "is_integer": lambda v: v == int(v),
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_assumption_is_wrong(function):
    count = len(POINTS[function][0])
    for kinds in itertools.product(KINDS, repeat=count):
        expr = function(*(Symbol(f"s{k}", **{kind: True}) for k, kind in enumerate(kinds)))
        if expr.func is not function:
            continue
        claims = {name: getattr(expr, name) for name in CLAIMS}
        for point in itertools.product(*(KINDS[kind] for kind in kinds)):
            value = function(*map(Rational, point)).evalf(30)
            for name, claim in claims.items():
                if claim is not None:
                    assert bool(CLAIMS[name](value)) == claim, (kinds, point, name)


def test_assumptions():
    n = Symbol("n", negative=True)
    for expr in (ExpM1(x), Log1p(x), Langevin(x), Cbrt(x), SignedSqrt(x), LogErfc(n), OverExpM1(r, x), LogAddExp(x, r),
                 Softplus(r), ExpRel(r), ErfcX(r), Hypot(r, x), Sqdf(r, n), LogPoch(x + 2, y)):  # fmt: skip
        assert expr.is_positive
    for expr in (ExpM1(n), Log1mExp(x), Langevin(n), Cbrt(n), SignedSqrt(n), LogErfc(x), OverExpM1(r, n)):
        assert expr.is_negative
    for expr in (ExpM1(r), Langevin(r), SinPi(r), CosPi(r), LogErfc(r), Cbrt(r), SignedSqrt(r), LogAddExp(r, t),
                 LogPoch(x, y)):  # fmt: skip
        assert expr.is_real
        assert expr.is_positive is None
    for expr in (LogCosh(r), Hypot(r, t), -CosM1(r), Sqdf(r, -x)):
        assert expr.is_nonnegative
    for function in UNARY:
        assert function(z).is_real is None
    assert Log1p(n).is_real is None
    assert Log1mExp(r).is_real is None
    assert Sqdf(r, x).is_real is None
    assert LogCosh(x).is_zero is False


# SymPy's habits


@pytest.mark.parametrize("function", FUNCTIONS)
def test_sympy_protocols(function):
    names = ("a", "z")[: len(POINTS[function][0])]
    expr = function(*symbols(names))
    assert expr.func(*expr.args) == expr
    assert hash(function(*symbols(names))) == hash(expr)
    assert pickle.loads(pickle.dumps(expr)) == expr
    assert expr.subs(a, x).args[0] == x
    assert str(expr) == f"{function.__name__}({', '.join(names)})"
    built = ", ".join(f"Symbol('{name}')" for name in names)
    assert sympy.srepr(expr) == f"{function.__name__}({built})"
    assert sympy.simplify(expr + expr) == 2 * expr
    with pytest.raises(TypeError, match="takes exactly"):
        function(a, b, z)


@pytest.mark.parametrize(
    ("expr", "formula"),
    [
        (ExpM1(z), r"\operatorname{expm1}\left(z\right)"),
        (Log1p(z), r"\operatorname{log1p}\left(z\right)"),
        (ExpRel(z), r"\operatorname{exprel}\left(z\right)"),
        (OverExpM1(a, b), r"\frac{a}{\operatorname{expm1}\left(a b\right)}"),
        (LogAddExp(a, 2 * b), r"\log\left(e^{a} + e^{2 b}\right)"),
        (Log1mExp(z), r"\operatorname{log1mexp}\left(z\right)"),
        (Softplus(z), r"\operatorname{softplus}\left(z\right)"),
        (LogCosh(z), r"\log \cosh\left(z\right)"),
        (Langevin(z), r"L\left(z\right)"),
        (CosM1(z), r"\operatorname{cosm1}\left(z\right)"),
        (SinPi(z), r"\operatorname{sinpi}\left(z\right)"),
        (CosPi(z), r"\operatorname{cospi}\left(z\right)"),
        (LogErfc(z), r"\log \operatorname{erfc}\left(z\right)"),
        (ErfcX(z), r"\operatorname{erfcx}\left(z\right)"),
        (LogPoch(a, b), r"\log \left(a\right)_{b}"),
        (Hypot(a, b), r"\operatorname{hypot}\left(a, b\right)"),
        (Cbrt(z), r"\sqrt[3]{z}"),
        (SignedSqrt(z), r"\operatorname{ssqrt}\left(z\right)"),
        (Sqdf(a, b), r"\operatorname{sqdf}\left(a, b\right)"),
        (3 * Langevin(z) ** 2, r"3 \left(L\left(z\right)\right)^{2}"),
    ],
)
def test_latex(expr, formula):
    assert latex(expr) == formula


# Generated code


@pytest.mark.parametrize("function", FUNCTIONS)
def test_printed_code(function):
    expr = function(*(x + 1, 2 * y)[: len(POINTS[function][0])])
    arguments = "(x + 1, 2*y)" if len(expr.args) == 2 else "(x + 1)"
    routine = function._routine
    for printer in (NumPyPrinter(), SciPyPrinter()):
        assert printer.doprint(expr) == routine + arguments
    assert pycode(expr) == routine + arguments
    assert CuPyPrinter().doprint(expr) == routine.replace("numpy", "cupy") + arguments
    code = MpmathPrinter().doprint(expr)
    assert code.startswith("mathlib.symbolic.functions.multiprecision.")
    name = code[len("mathlib.symbolic.functions.multiprecision.") : code.index("(")]
    assert callable(getattr(mathlib.symbolic.functions.multiprecision, name))


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("modules", ["numpy", "scipy", "math"])
def test_lambdify_is_right_to_a_few_units_in_the_last_place(function, modules):
    variables = (x, y)[: len(POINTS[function][0])]
    compiled = sympy.lambdify(variables, function(*variables), modules)
    for point in POINTS[function]:
        doubles = [float(q) for q in point]
        exact = truth(function, [Rational(q) for q in doubles], 20)
        if not 1e-300 < abs(exact) < 1e308 or (function in (LogAddExp, LogPoch) and abs(exact) < 0.1):
            continue  # no double, or next to a zero of a sum
        bound = 2e-14 if function is LogPoch else 1e-15
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            assert math.isclose(compiled(*doubles), float(exact), rel_tol=bound), point


@pytest.mark.parametrize("function", FUNCTIONS)
def test_lambdify_on_arrays(function):
    variables = (x, y)[: len(POINTS[function][0])]
    compiled = sympy.lambdify(variables, 2 * function(*variables) + x, "numpy", cse=True)
    grid = np.array([[0.5], [2.0]]), np.array([0.125, 0.25, 0.375])
    result = compiled(*grid[: len(variables)])
    assert result.shape == ((2, 3) if len(variables) == 2 else (2, 1))
    assert math.isclose(result[1, 0], compiled(2.0, 0.125) if len(variables) == 2 else compiled(2.0), rel_tol=1e-15)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_lambdify_for_mpmath_has_all_digits(function):
    variables = (x, y)[: len(POINTS[function][0])]
    compiled = sympy.lambdify(variables, function(*variables), "mpmath")
    for point in POINTS[function][:6]:
        with mpmath.workdps(500):
            exact = [number(q) for q in point]
        with mpmath.workdps(40):
            assert near(compiled(*exact), truth(function, point), 39)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_lambdify_for_mpmath_at_the_ends(function):
    compiled = sympy.lambdify(
        (x, y)[: len(POINTS[function][0])], function(*(x, y)[: len(POINTS[function][0])]), "mpmath"
    )
    count = len(POINTS[function][0])
    assert mpmath.isnan(compiled(*(mpmath.nan,) * count))
    for end, point in ((mpmath.inf, oo), (-mpmath.inf, -oo), (mpf(0), S.Zero)):
        for other in [()] if count == 1 else [(S(2),), (S(-3),)]:
            exact = function(point, *other)
            if isinstance(exact, AccumBounds) or exact.has(function) or not exact.is_extended_real:
                continue
            value = compiled(end, *map(number, other))
            assert value == exact if exact.is_infinite else abs(value - exact._to_mpmath(53)) < 1e-14, (point, other)


def test_lambdify_does_not_pick_a_namesake():
    # scipy.special.cosm1 keeps its digits near 0 only, mpmath.cbrt is complex: both are in the name space of lambdify.
    assert math.isclose(sympy.lambdify([x], CosM1(x), "scipy")(2 * math.pi), -2.9995195653237e-32, rel_tol=1e-12)
    assert sympy.lambdify([x], Cbrt(x), "mpmath")(-8) == -2


def test_lambdify_to_sympy():
    assert sympy.lambdify([x, y], LogAddExp(x, y) + 1, "sympy")(2, z) == LogAddExp(2, z) + 1


def test_lambdify_with_a_function_of_the_user():
    assert sympy.lambdify([x], Softplus(x), [{"Softplus": lambda v: v + 1}, "numpy"])(2) == 3
