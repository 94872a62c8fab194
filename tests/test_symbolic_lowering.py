"""Expressions made ready for a target: which products are fused, which constants are folded, which divisors shared."""

import mpmath
import numpy as np
import pytest

from mathlib.symbolic.compiling.lowering import fused, rounded_constants, shared_divisors
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.truth import exact


def applied(function, *texts):
    graph = Graph()
    new, roots = function(graph, [graph.read(text) for text in texts])
    return [new.write(root) for root in roots]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(+ (* x y) z)", "(madd x y z)"),
        ("(+ z (* x y))", "(madd x y z)"),
        ("(- (* x y) z)", "(madd x y (neg z))"),
        ("(- z (* x y))", "(madd (neg x) y z)"),
        ("(- z (* 2 y))", "(madd -2 y z)"),
        ("(- (* x y) 3)", "(madd x y -3)"),
        ("(- (* x x) (* y y))", "(- (* x x) (* y y))"),  # both products are rounded, or x = y would not give 0
        ("(- (* x y) (* y z))", "(- (* x y) (* y z))"),
        ("(+ (* x y) (* y z))", "(+ (* x y) (* y z))"),
        ("(- (neg (* x y)) (* y z))", "(- (neg (* x y)) (* y z))"),
        ("(+ (* x x) (* y y))", "(madd y y (* x x))"),  # nothing can cancel
        ("(+ (* x y) (sin (* x y)))", "(+ (* x y) (sin (* x y)))"),  # used twice
        ("(* x y)", "(* x y)"),
        ("(+ 1 (* x (+ 2 (* x 3))))", "(madd x (madd x 3 2) 1)"),
    ],
)
def test_which_products_are_fused(text, expected):
    assert applied(fused, text) == [expected]


def test_a_product_that_is_a_result_itself_is_not_fused():
    assert applied(fused, "(+ (* x y) z)", "(* x y)") == ["(+ (* x y) z)", "(* x y)"]


@pytest.mark.parametrize("text", ["(+ (* x y) z)", "(- (* x y) z)", "(- z (* x y))", "(+ (* x x) (* y y))"])
def test_fusing_changes_no_value(text):
    graph = Graph()
    root = graph.read(text)
    new, (other,) = fused(graph, [root])
    meant = new.nodes[other]
    a, b, c = (new.write(i) for i in meant[1:])
    points = {name: np.array([0.1, 3.7, -2.9]) * k for k, name in enumerate("xyz", 1)}
    written = graph.read(f"(+ (* {a} {b}) {c})")
    np.testing.assert_array_equal(exact(graph, root, points)[0], exact(graph, written, points)[0])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(/ (sqrt PI) 2)", lambda: mpmath.sqrt(mpmath.pi) / 2),
        ("(exp (/ 1 3))", lambda: mpmath.exp(mpmath.mpf(1) / 3)),
        ("(- (sqrt 1000000000000000000001) 31622776601)", lambda: mpmath.sqrt(mpmath.mpf(10) ** 21 + 1) - 31622776601),
        ("(- (exp 1e-20) 1)", lambda: mpmath.expm1(mpmath.mpf(10) ** -20)),
        ("(lgamma 0.1)", lambda: mpmath.loggamma(mpmath.mpf(1) / 10)),
        ("(/ 1 10)", lambda: mpmath.mpf(1) / 10),
        ("(exp 1000)", lambda: mpmath.inf),
        ("(- 0 (exp 1000))", lambda: -mpmath.inf),
        ("1e-400", lambda: mpmath.mpf(0)),
        ("(sin PI)", lambda: mpmath.mpf(0)),
        ("(neg INFINITY)", lambda: -mpmath.inf),
        ("(exp (neg INFINITY))", lambda: mpmath.mpf(0)),
        ("(/ 1 INFINITY)", lambda: mpmath.mpf(0)),
    ],
)
def test_a_constant_is_rounded_once(text, value):
    graph = Graph()
    new, (root,) = rounded_constants(graph, [graph.read(text)])
    node = new.nodes[root]
    if node[0] in ("INFINITY", "neg"):
        found = np.inf if node[0] == "INFINITY" else -np.inf
        assert new.write(root) in ("INFINITY", "(neg INFINITY)")
    else:
        found = float(new.value(root))
    with mpmath.workdps(80):
        assert found == float(value())


@pytest.mark.parametrize("text", ["(sqrt -1)", "(log -2)", "(- INFINITY INFINITY)", "(* 0 INFINITY)"])
def test_a_constant_without_a_value_is_nan(text):
    assert applied(rounded_constants, text) == ["NAN"]


def test_constants_inside_are_folded_and_conditions_stay():
    assert applied(rounded_constants, "(* x (/ 1 4))") == ["(* x 1/4)"]
    assert applied(rounded_constants, "(if (< PI 3) x y)") == ["(if (< 884279719003555/281474976710656 3) x y)"]


def test_shared_divisors_become_one_reciprocal():
    assert applied(shared_divisors, "(/ x r)", "(/ y r)", "(/ 1 r)", "(/ z t)") == [
        "(* x (reciprocal r))",
        "(* y (reciprocal r))",
        "(reciprocal r)",
        "(/ z t)",
    ]
    assert applied(shared_divisors, "(/ x 3)", "(/ y 3)") == ["(/ x 3)", "(/ y 3)"]  # a constant stays a division
    assert applied(shared_divisors, "(+ (/ x r) r)") == ["(+ (/ x r) r)"]


def test_precision_of_arb_and_mpmath_is_left_alone():
    from flint import ctx

    before = ctx.prec, mpmath.mp.prec
    applied(rounded_constants, "(sin (sqrt 2))")
    assert (ctx.prec, mpmath.mp.prec) == before
