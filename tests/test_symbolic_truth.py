"""The table of operations against itself: balls, mpmath at 50 digits, derivatives, and the float64 routines."""

import math
from fractions import Fraction

import flint
import mpmath
import numpy as np
import pytest
from flint import arb

from mathlib.symbolic.expressions.balls import less
from mathlib.symbolic.expressions.evaluate import evaluate
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import OPS, UnsupportedFunctionError, named
from mathlib.symbolic.expressions.truth import apply, balls, exact, precision, rounded

DIGITS = 50
GENERAL = (-700.25, -31.5, -3.75, -0.625, -1e-3, -1e-12, 1e-12, 1e-3, 0.375, 0.875, 1.5, 2.5, 17.75, 40.0, 690.5)
BETWEEN = (-0.9375, -0.5, -1e-7, 1e-7, 0.3125, 0.984375)
POSITIVE = tuple(v for v in GENERAL if v > 0)
ORDERS = (0.0, 0.5, 2.0, 7.25, 30.5)

#: points of operations that are not defined everywhere, operand by operand
POINTS = {
    "sqrt": (POSITIVE,),
    "log": (POSITIVE,),
    "log2": (POSITIVE,),
    "log10": (POSITIVE,),
    "log1p": ((*BETWEEN, 2.5, 1e5),),
    "asin": (BETWEEN,),
    "acos": (BETWEEN,),
    "atanh": (BETWEEN,),
    "acosh": ((1.0009765625, 1.5, 7.25, 1e6),),
    "pow": ((1e-3, 0.375, 2.5, 17.75), (-7.5, -0.5, 1e-3, 2.25)),
    "erfc": ((-3.75, -0.625, 1e-3, 0.875, 2.5, 17.75),),
    "erfcx": ((-3.75, -0.625, 1e-3, 0.875, 2.5, 17.75),),
    "log_erfc": ((-3.75, -0.625, 1e-3, 0.875, 2.5, 17.75),),
    "tgamma": ((-3.75, -0.625, 1e-3, 0.875, 2.5, 17.75, 140.25),),
    "lgamma": (POSITIVE,),
    "digamma": (POSITIVE,),
    "log_poch": ((1e-3, 0.875, 2.5, 690.5), (1e-3, 0.5, 17.75)),
    "log1mexp": (POSITIVE,),
    "over_expm1": ((-3.75, -1e-3, 1e-12, 2.5, 17.75), (-2.5, -1e-3, 0.375, 4.0)),
    "sqdf": ((-40.0, 2.5, 17.75), (-3.75, -1e-3, 1.5, 2.25)),
    "signed_sqrt": (GENERAL,),
    "langevin": (GENERAL,),
    **dict.fromkeys(
        ("besseli", "besselk", "log_iv", "log_kv", "iv_ratio", "kv_ratio", "log_iv_dv", "log_kv_dv"),
        (ORDERS, (1e-3, 0.875, 2.5, 17.75, 40.0)),
    ),
}
LOGICAL = ("and", "or", "not", "if")
FUNCTIONS = [name for name, op in OPS.items() if op.arity and name not in LOGICAL]
CONSTANTS = [name for name, op in OPS.items() if not op.arity and name not in ("INFINITY", "NAN")]
RELATIONS = ("<", "<=", ">", ">=", "==", "!=")


def points(name):
    """All combinations of the points of an operation; of two equal operands too where it compares them."""
    op = OPS[name]
    axes = POINTS.get(name, (GENERAL,) * op.arity)
    found = [(a,) for a in axes[0]] if op.arity == 1 else [(a, b) for a in axes[0] for b in axes[1]]
    return [p for p in found if name not in ("fmax", "fmin") or p[0] != p[1]]


def close(name, point, value, bits):
    """Whether an mpmath number and the ball agree to 150 bits."""
    with precision(bits):
        ball = apply(name, [arb(v) for v in point])
        number = arb(mpmath.nstr(value, DIGITS + 15, strip_zeros=False)) if value else arb(0)
        return abs(ball - number) <= (abs(number) + arb("1e-600")) * arb(2) ** -150


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in RELATIONS])
def test_balls_agree_with_mpmath(name):
    with mpmath.workdps(DIGITS):
        function = named(OPS[name].mpmath)
        for point in points(name):
            value = function(*map(mpmath.mpf, point))
            assert any(close(name, point, value, bits) for bits in (220, 400, 1600)), point


@pytest.mark.parametrize("name", RELATIONS)
def test_relations_are_decided(name):
    for a, b in ((1.0, 2.0), (2.0, 1.0), (1.5, 1.5)):
        expected = bool(named(OPS[name].numpy)(a, b))
        assert apply(name, [arb(a), arb(b)]) is expected
        assert named(OPS[name].mpmath)(mpmath.mpf(a), mpmath.mpf(b)) is expected
    wide = arb(1).union(arb(2))
    assert apply(name, [wide, arb(1.5)]) is None


def test_logic_of_three_values():
    truth = {True: True, False: False, None: None}
    for a in truth:
        assert apply("not", [a]) is (None if a is None else not a)
        for b in truth:
            both = apply("and", [a, b])
            assert both is (False if False in (a, b) else None if None in (a, b) else True)
            either = apply("or", [a, b])
            assert either is (True if True in (a, b) else None if None in (a, b) else False)
    assert apply("if", [True, arb(1), arb(2)]) == 1
    assert apply("if", [False, arb(1), arb(2)]) == 2
    assert not apply("if", [None, arb(1), arb(2)]).is_finite()
    assert less(arb(1).union(arb(3)), arb(2)) is None


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants_agree(name):
    with mpmath.workdps(DIGITS):
        assert close(name, (), +named(OPS[name].mpmath), 220)
    graph = Graph()
    value = float(evaluate(graph, [graph.add(name)], {})[0])
    assert value == exact(graph, graph.add(name), {})[0][0]


BESSEL = ("besseli", "besselk", "log_iv", "log_kv", "iv_ratio", "kv_ratio")
WITH_DERIVATIVE = [
    (name, k)
    for name in FUNCTIONS
    if name not in RELATIONS
    for k, text in enumerate(OPS[name].derivative)
    if text and "_dv" not in text
]


@pytest.mark.parametrize(("name", "k"), WITH_DERIVATIVE)
def test_derivatives_agree_with_differences(name, k):
    """The central difference of the balls themselves, with many more digits; away from kinks and jumps."""
    graph = Graph()
    root = graph.read(OPS[name].derivative[k])
    order = graph.live([root])
    checked = 0
    for point in points(name):
        if name in ("floor", "ceil") and point[0] == round(point[0]):
            continue
        bessel = name in BESSEL
        step = arb(2) ** (-120 if bessel else -200)
        with precision(500 if bessel else 4000):  # Arb's Bessel functions take too long with more
            shifted = [[arb(v) + (s * step if j == k else 0) for j, v in enumerate(point)] for s in (1, -1)]
            high, low = (apply(name, operands) for operands in shifted)
            difference = (high - low) / (2 * step)
            value = balls(graph, order, dict(zip("abc", point, strict=False)))[root]
            scale = abs(difference) + abs(high) * arb(2) ** (-200 if bessel else -300)
            assert abs(value - difference) <= scale * arb(2) ** -160 or (value.is_zero() and difference.is_zero()), (
                point
            )
        checked += 1
    assert checked


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in RELATIONS])
def test_float64_routines_are_as_accurate_as_documented(name):
    """On the grid of points: within the documented ulp, a little more for those that are NumPy's or SciPy's own."""
    graph = Graph()
    root = graph.add(name, *(graph.variable(v) for v in "ab"[: OPS[name].arity]))
    columns = dict(zip("ab", np.array(points(name)).T, strict=False))
    computed = np.asarray(evaluate(graph, [root], columns)[0])
    known, bits = exact(graph, root, columns)
    assert (bits > 0).all()
    with np.errstate(over="ignore"):
        ulps = np.abs(computed - known) / np.spacing(np.minimum(np.abs(known), 1e308))
    ulps = np.where(computed == known, 0, ulps)
    allowed = OPS[name].ulp + 1 if math.isfinite(OPS[name].ulp) else 2.0**14
    if name.endswith("_dv"):  # the derivative by the order has an absolute error, and vanishes at large arguments
        ulps = np.abs(computed - known) * 2.0**53
    assert ulps.max() <= allowed, dict(zip(points(name), ulps, strict=True))


def test_every_path_leads_to_something():
    for op in OPS.values():
        for path in filter(None, (op.numpy, op.mpmath, op.sympy)):
            named(path)
        assert len(op.derivative) in (0, op.arity), op.name


# ---- truth ----------------------------------------------------------------------------------------------------------


def test_precision_is_doubled_as_far_as_digits_cancel():
    graph = Graph()
    root = graph.read("(- (+ 1 x) 1)")
    x = np.array([0.5, 1e-30, 1e-100, 1e-300, 5e-324])
    values, bits = exact(graph, root, {"x": x})
    assert values.tolist() == x.tolist()
    assert bits.tolist() == sorted(bits)
    assert bits[0] == 128
    assert bits[-1] == 2048


def test_values_outside_the_range_and_undefined_ones():
    graph = Graph()
    x = np.array([800.0, -800.0, 1e5, -1e5])
    assert exact(graph, graph.read("(exp x)"), {"x": x})[0].tolist() == [np.inf, 0.0, np.inf, 0.0]
    values, bits = exact(graph, graph.read("(log x)"), {"x": np.array([-1.0, 0.0, np.nan, np.inf])}, last=512)
    assert np.isnan(values).all()
    assert bits.tolist() == [0, 0, 0, 0]


def test_exact_rounds_once():
    """A value a hair above the middle of two floats goes up, one below it down."""
    graph = Graph()
    up, down = (graph.add("+", graph.variable("x"), graph.number(Fraction(1, 2**53) + s)) for s in (
        Fraction(1, 2**400), -Fraction(1, 2**400)))  # fmt: skip
    x = {"x": np.array([1.0])}
    assert exact(graph, up, x)[0][0] == 1 + 2**-52
    assert exact(graph, down, x)[0][0] == 1.0


def test_precision_context_is_restored_also_after_errors():
    before = flint.ctx.prec
    with pytest.raises(ZeroDivisionError), precision(999):
        (flint.ctx.prec == 999) / 0
    assert flint.ctx.prec == before


def test_ball_that_does_not_decide_is_not_rounded():
    assert rounded(arb(1).union(arb(2))) is None
    assert rounded(arb.nan()) is None
    assert rounded(arb(1.5)) == 1.5


def test_unsupported_function_says_the_way_out():
    error = UnsupportedFunctionError("besseli", "numba", "use log_iv")
    assert isinstance(error, ValueError)
    assert "use log_iv" in str(error)
    assert (error.name, error.backend, error.hint) == ("besseli", "numba", "use log_iv")
