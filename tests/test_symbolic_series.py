"""Laurent series: their coefficients, the range where they may be used, and what has none."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from mathlib.symbolic.expressions.evaluate import evaluate
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.rewriting.laurent import NoSeries, laurent, settings
from mathlib.symbolic.rewriting.series import forms

CASES = {
    "(- x (sin x))": lambda x: x - mpmath.sin(x),
    "(/ (- 1 (cos x)) (* x x))": lambda x: (1 - mpmath.cos(x)) / x**2,
    "(- (/ 1 x) (/ 1 (tan x)))": lambda x: 1 / x - mpmath.cot(x),
    "(- (- (exp x) 1) x)": lambda x: mpmath.expm1(x) - x,
    "(/ (- (log1p x) x) (* x x))": lambda x: (mpmath.log1p(x) - x) / x**2,
    "(- (sqrt (+ 1 (* x x))) 1)": lambda x: mpmath.sqrt(1 + x**2) - 1,
    "(- (atan (+ x 1)) (/ PI 4))": lambda x: mpmath.atan(x + 1) - mpmath.pi / 4,
    "(- (lgamma (+ x 2)) x)": lambda x: mpmath.loggamma(x + 2) - x,
    "(- (erf x) (* x 2))": lambda x: mpmath.erf(x) - 2 * x,
    "(- (cbrt (+ 1 x)) 1)": lambda x: mpmath.cbrt(1 + x) - 1,
    "(- (tanh x) (sinh x))": lambda x: mpmath.tanh(x) - mpmath.sinh(x),
}


@pytest.mark.parametrize("text", CASES)
def test_accurate_within_limits(text):
    """At the ends and inside, to 2^-50 in exact arithmetic and to a few bits in float64."""
    graph, terms = Graph(), Graph()
    found = [s for s in forms(graph, graph.read(text), "x", terms) if s.high < np.inf and s.low > -np.inf]
    assert found
    with mpmath.workdps(80):
        for s in found:
            x = np.array([s.low, s.high, 0.3 * s.high, 1e-3 * s.low])
            computed = evaluate(terms, [s.term], {"x": x})[0]
            for a, y in zip(x.tolist(), np.broadcast_to(computed, 4).tolist(), strict=True):
                exact = CASES[text](mpmath.mpf(a))
                assert abs(y - exact) < abs(exact) * mpmath.mpf(2) ** -49


def test_at_infinity():
    graph, terms = Graph(), Graph()
    root = graph.read("(- (/ 1 (+ x 1)) (/ 1 x))")
    far = [s for s in forms(graph, root, "x", terms) if s.high == np.inf]
    assert far
    with mpmath.workdps(60):
        for s in far:
            x = max(s.low * 1.5, 10.0)
            exact = 1 / (mpmath.mpf(x) + 1) - 1 / mpmath.mpf(x)
            assert abs(evaluate(terms, [s.term], {"x": np.array([x])})[0][0] / exact - 1) < 2**-49


def test_coefficients_are_simple_fractions():
    graph, terms = Graph(), Graph()
    found = forms(graph, graph.read("(- x (sin x))"), "x", terms)
    numbers = {node[1] for node in terms.nodes if node[0] == "num"}
    assert {Fraction(1, 6), Fraction(-1, 120), Fraction(1, 5040)} <= numbers
    assert "(* x x)" in terms.write(found[1].term)


def test_polynomial_with_a_zero_stops_before_it():
    graph, terms = Graph(), Graph()
    for s in forms(graph, graph.read("(- 1/3 (* x (log 3)))"), "x", terms):
        assert s.high < 1 / (3 * np.log(3)) or s.low > 1 / (3 * np.log(3))


@pytest.mark.parametrize("text", ["(exp (/ 1 x))", "(log x)", "(sqrt x)", "(floor x)", "(sin (/ 1 x))"])
def test_no_series_at_zero(text):
    graph = Graph()
    with settings(), pytest.raises((NoSeries, ValueError)):
        laurent(graph, graph.read(text), 1)


def test_context_is_restored():
    from flint import ctx

    before = ctx.prec, ctx.cap
    graph = Graph()
    forms(graph, graph.read("(- x (sin x))"), "x", Graph())
    forms(graph, graph.read("(log x)"), "x", Graph())
    assert (ctx.prec, ctx.cap) == before
