"""The graph of expressions, its text form, and SymPy's expressions there and back; truth by Arb."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from sympy.abc import x, y, z

from mathlib import symbolic
from mathlib.symbolic.expressions.from_sympy import add_expression, free_symbols
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import OPS, named
from mathlib.symbolic.expressions.s_expressions import read, read_one
from mathlib.symbolic.expressions.to_sympy import to_sympy
from mathlib.symbolic.expressions.truth import exact

POINTS = {"x": np.array([0.3, 2.5, 0.75]), "y": np.array([1.25, 0.4, 0.6]), "z": np.array([0.7, 3.5, 1.9])}


def text(expr):
    graph = Graph()
    return graph.write(add_expression(graph, expr))


def unevaluated(kind, *args):
    return kind(*args, evaluate=False)


# ---- the graph and its text -----------------------------------------------------------------------------------------


def test_unknown_functions_are_named_at_any_depth():
    deep = sp.Function("mystery")(x)
    for _ in range(5000):
        deep = sp.sin(deep, evaluate=False)
    with pytest.raises(ValueError, match="mystery"):
        text(deep)


def test_equal_expressions_are_one_node_and_follow_their_operands():
    graph = Graph()
    a = graph.read("(+ (sin x) (* (sin x) 2))")
    assert a == graph.read("(+ (sin x) (* (sin x) 2))")
    assert len(graph.nodes) == 5
    assert all(j < i for i in range(len(graph.nodes)) for j in graph.operands(i))


@pytest.mark.parametrize("source", ["(+ x 1/3)", "(if (< x 0) (neg x) (sqrt (+ x PI)))", "(log_iv 5/2 (* x x))", "x"])
def test_writing_what_was_read(source):
    graph = Graph()
    assert graph.write(graph.read(source)) == source


def test_numbers_are_exact():
    graph = Graph()
    assert graph.value(graph.read("0.1")) == Fraction(1, 10)
    assert graph.value(graph.number(0.1)) == Fraction(0.1)
    assert graph.value(graph.read("1e-400")) == Fraction(1, 10**400)
    assert graph.value(graph.read("x")) is None


def test_minus_of_one_operand_is_a_negation_and_brackets_and_comments_are_read():
    graph = Graph()
    assert graph.write(graph.read("[- x] ; the negative")) == "(neg x)"
    assert graph.write(graph.read("(- x y)")) == "(- x y)"


@pytest.mark.parametrize("bad", ["(+ x", "x)", '(+ "x 1)', "x y", ""])
def test_text_that_is_no_expression(bad):
    with pytest.raises(ValueError, match=r"S-expression|expected one"):
        read_one(bad)


def test_a_text_of_several_expressions():
    assert read("x (f y)") == ["x", ["f", "y"]]


def test_copying_replaces_variables():
    graph, other = Graph(), Graph()
    root = other.read("(+ (sin x) y)")
    value = graph.read("(* 2 t)")
    (copied,) = graph.copy(other, [root], {"x": value})
    assert graph.write(copied) == "(+ (sin (* 2 t)) y)"
    assert graph.variables([copied]) == ["t", "y"]


def test_a_text_nested_ten_thousand_times_is_read():
    graph = Graph()
    root = graph.read("(sin " * 10_000 + "x" + ")" * 10_000)
    assert len(graph.live([root])) == 10_001


# ---- from SymPy -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (x - y, "(- x y)"),
        (y - x, "(- y x)"),
        (-x, "(neg x)"),
        (x / y, "(/ x y)"),
        (1 / x, "(/ 1 x)"),
        (x / 3, "(/ x 3)"),
        (2 * x / 3, "(/ (* 2 x) 3)"),
        (x / (y * z), "(/ x (* y z))"),
        (x / y**2, "(/ x (* y y))"),
        (x**2, "(* x x)"),
        (x**-2, "(/ 1 (* x x))"),
        (sp.sqrt(x), "(sqrt x)"),
        (1 / sp.sqrt(x), "(/ 1 (sqrt x))"),
        (x ** sp.Rational(3, 2), "(* x (sqrt x))"),
        (x ** sp.Rational(1, 3), "(pow x 1/3)"),
        (x**y, "(pow x y)"),
        (x**17, "(pow x 17)"),
        (sp.exp(x), "(exp x)"),
        (unevaluated(sp.Pow, sp.E, x), "(exp x)"),
        (sp.Rational(1, 3) + x, "(+ 1/3 x)"),
        (0.5 * x, "(* 1/2 x)"),
        (sp.pi * x, "(* PI x)"),
        (sp.Abs(x), "(fabs x)"),
        (sp.Max(x, y), "(fmax x y)"),
        (sp.Piecewise((x, x > 0), (y, True)), "(if (> x 0) x y)"),
        (sp.Piecewise((x, x > 0)), "(if (> x 0) x NAN)"),
        (sp.Piecewise((x, sp.Or(x > 1, y > 0)), (z, True)), "(if (or (> x 1) (> y 0)) x z)"),
        (sp.Piecewise((x, sp.Eq(x, y)), (z, True)), "(if (== x y) x z)"),
        (sp.besseli(2, x), "(besseli 2 x)"),
        (symbolic.LogBesselI(sp.Rational(1, 2), x), "(log_iv 1/2 x)"),
        (sp.S.NegativeInfinity, "(neg INFINITY)"),
        (sp.polygamma(0, x), "(digamma x)"),
        (sp.Piecewise((x, sp.And(x > 0, y > 0)), (z, True)), "(if (and (> x 0) (> y 0)) x z)"),
        (sp.GoldenRatio * x, "(* x (/ (+ 1 (sqrt 5)) 2))"),
    ],
)
def test_how_expressions_are_read(expr, expected):
    assert text(expr) == expected


def test_the_order_of_evaluation_is_kept():
    assert text(unevaluated(sp.Add, unevaluated(sp.Add, x, y), z)) == "(+ (+ x y) z)"
    assert text(unevaluated(sp.Add, x, unevaluated(sp.Add, y, z))) == "(+ x (+ y z))"
    assert text(unevaluated(sp.Mul, z, x, y)) == "(* (* z x) y)"
    assert text(unevaluated(sp.Add, z, unevaluated(sp.Mul, -1, y), x)) == "(+ (- z y) x)"
    assert text(unevaluated(sp.Add, x, unevaluated(sp.Mul, -1, x))) == "(- x x)"  # not zero: as written


def test_sixteen_factors_take_four_products():
    graph = Graph()
    root = add_expression(graph, x**16)
    assert sum(bool(graph.operands(i)) for i in graph.live([root])) == 4


def test_a_float_of_any_precision_is_its_binary_value():
    value = sp.Float("0.1", 40)
    graph = Graph()
    number = graph.value(add_expression(graph, value))
    assert abs(number - Fraction(1, 10)) < Fraction(1, 10**40)
    assert number != Fraction(1, 10)
    assert graph.value(add_expression(graph, sp.Float(0.1))) == Fraction(0.1)


def test_a_symbol_stands_for_what_names_say():
    graph = Graph()
    assert graph.write(add_expression(graph, x + 1, {x: graph.read("(sin t)")})) == "(+ 1 (sin t))"


def test_no_depth_recurs():
    deep = x
    for _ in range(100_000):
        deep = sp.sin(deep, evaluate=False)
    graph = Graph()
    root = add_expression(graph, deep)
    assert len(graph.live([root])) == 100_001
    assert free_symbols(deep) == {x}
    assert graph.variables([root]) == ["x"]


@pytest.mark.parametrize("expr", [sp.Function("f")(x), sp.zeta(x), sp.Integral(sp.sin(x), (x, 0, y)), sp.I * x, sp.zoo])
def test_what_no_operation_is_for(expr):
    with pytest.raises(ValueError, match=r"operation|real number"):
        text(expr)


@pytest.mark.parametrize("thing", ["x", 3.0, None, [x], object(), sp.Tuple(x, y), sp.Interval(0, 1)])
def test_what_is_no_expression(thing):
    with pytest.raises(TypeError, match=r"not an expression"):
        add_expression(Graph(), thing)


# ---- there and back -------------------------------------------------------------------------------------------------

ROUND = [
    x - y,
    x / y / 3,
    (x + y) ** 3 / sp.sqrt(z),
    sp.exp(-x) * sp.log(y) + sp.sin(x) * sp.cos(z) - sp.tan(x / 7),
    x**y + sp.atan2(x, y) - sp.asin(x / 9) * sp.acos(y / 9),
    sp.sinh(x) / sp.cosh(y) + sp.tanh(z) + sp.asinh(x) + sp.acosh(1 + y) + sp.atanh(x / 9),
    sp.erf(x) + sp.erfc(y) + sp.gamma(x) + sp.loggamma(y) + sp.digamma(z),
    sp.Max(x, y, z) + sp.Min(x, y) + sp.Abs(x - y) + sp.sign(x - y) + sp.floor(3 * x) + sp.ceiling(3 * y),
    sp.Piecewise((x, (x > y) & (z > 1)), (y, sp.Or(x > 2, y < 1)), (z, True)),
    sp.Piecewise((x, sp.Ne(x, y)), (z, True)),
    sp.besseli(sp.Rational(1, 2), x) * sp.besselk(1, y),
    symbolic.LogBesselI(2, x) + symbolic.LogBesselK(x, y) + symbolic.BesselIRatio(1, x) * symbolic.BesselKRatio(0, y),
    symbolic.LogAddExp(x, y) + symbolic.Softplus(z) + symbolic.LogCosh(x) + symbolic.Log1mExp(y) + symbolic.ExpRel(z),
    symbolic.Hypot(x, y) + symbolic.Cbrt(z) + symbolic.Sqdf(x + 3, y) + symbolic.SignedSqrt(x - y),
    symbolic.LogErfc(x) + symbolic.ErfcX(y) + symbolic.LogPoch(x, y) + symbolic.Langevin(z) + symbolic.CosM1(x),
    sp.pi * x + sp.E * y + sp.EulerGamma * z + sp.Catalan + sp.GoldenRatio,
    unevaluated(sp.Add, unevaluated(sp.Mul, -2, x), unevaluated(sp.Mul, sp.Rational(-5, 7), y)),
]


@pytest.mark.parametrize("expr", ROUND, ids=str)
def test_the_way_back_gives_the_same_values(expr):
    graph = Graph()
    root = add_expression(graph, expr)
    back = to_sympy(graph, root, {"x": x, "y": y, "z": z})
    again = Graph()
    second = add_expression(again, back)
    values, bits = exact(graph, root, POINTS)
    assert (bits > 0).all()
    np.testing.assert_array_equal(exact(again, second, POINTS)[0], values)
    independent = [
        sp.N(expr.subs({s: sp.Float(float(POINTS[s.name][k]), 40) for s in (x, y, z)}), 30) for k in range(3)
    ]
    np.testing.assert_allclose(values, np.array(independent, float), rtol=1e-13)


def test_sympy_does_not_undo_a_form():
    graph = Graph()
    expr = to_sympy(graph, graph.read("(- (+ x 1) x)"))
    assert expr != 1
    assert text(expr) == "(- (+ x 1) x)"
    assert text(to_sympy(graph, graph.read("(/ (* x x) x)"))) == "(/ (* x x) x)"


@pytest.mark.parametrize("op", [op for op in OPS.values() if op.sympy and op.arity], ids=lambda op: op.name)
def test_every_operation_with_a_class_comes_back_as_itself(op):
    graph = Graph()
    root = graph.add(op.name, *(graph.variable(name) for name in "xyz"[: op.arity]))
    assert text(to_sympy(graph, root)) == graph.write(root)
    assert isinstance(named(op.sympy), type)
