"""The reader of FPCore: values of what it reads against the same formulas written out, and what it refuses."""

from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import pytest
from mpmath import atan, cos, cosh, exp, expm1, log, mpf, pi, sin, sinh, sqrt, tan

from mathlib.symbolic.expressions.evaluate import evaluate
from mathlib.symbolic.expressions.truth import exact
from mathlib.symbolic.reading.fpcore import read_fpcore

HAMMING = (Path(__file__).parent / "data" / "hamming-ch3.fpcore").read_text(encoding="utf-8")

# Chapter 3 in the order of the file: arguments, the formula in mpmath, the points where it is defined. The formulas are
# those of the file or equal to them.
CASES = {
    "NMSE example 3.1": ("x", lambda x: 1 / (sqrt(x + 1) + sqrt(x)), lambda x: x >= 0),
    "NMSE example 3.3": ("x eps", lambda x, e: sin(x + e) - sin(x), None),
    "NMSE example 3.4": ("x", lambda x: (1 - cos(x)) / sin(x), lambda x: x != 0),
    "NMSE example 3.5": ("N", lambda n: atan(n + 1) - atan(n), None),
    "NMSE example 3.6": ("x", lambda x: 1 / sqrt(x) - 1 / sqrt(x + 1), lambda x: x >= 0),
    "NMSE problem 3.3.1": ("x", lambda x: -1 / (x * (x + 1)), lambda x: x != 0),
    "NMSE problem 3.3.2": ("x eps", lambda x, e: tan(x + e) - tan(x), None),
    "NMSE problem 3.3.3": ("x", lambda x: 2 / (x * (x * x - 1)), lambda x: x not in (0, 1, -1)),
    "NMSE problem 3.3.4": ("x", lambda x: (x + 1) ** (mpf(1) / 3) - x ** (mpf(1) / 3), lambda x: x >= 0),
    "NMSE problem 3.3.5": ("x eps", lambda x, e: cos(x + e) - cos(x), None),
    "NMSE problem 3.3.6": ("N", lambda n: log(n + 1) - log(n), lambda n: n > 0),
    "NMSE problem 3.3.7": ("x", lambda x: 2 * cosh(x) - 2, None),
    "NMSE p42, positive": ("a b c", lambda a, b, c: (-b + sqrt(b * b - 4 * a * c)) / (2 * a), None),
    "NMSE p42, negative": ("a b c", lambda a, b, c: (-b - sqrt(b * b - 4 * a * c)) / (2 * a), None),
    "NMSE problem 3.2.1, positive": ("a b2 c", lambda a, b, c: (-b + sqrt(b * b - a * c)) / a, None),
    "NMSE problem 3.2.1, negative": ("a b2 c", lambda a, b, c: (-b - sqrt(b * b - a * c)) / a, None),
    "NMSE example 3.7": ("x", expm1, None),
    "NMSE example 3.8": ("N", lambda n: (n + 1) * log(n + 1) - n * log(n) - 1, lambda n: n > 0),
    "NMSE example 3.9": ("x", lambda x: 1 / x - cos(x) / sin(x), lambda x: x != 0),
    "NMSE example 3.10": ("x", lambda x: log(1 - x) / log(1 + x), lambda x: -1 < x < 1),
    "NMSE problem 3.4.1": ("x", lambda x: 2 * sin(x / 2) ** 2 / (x * x), lambda x: x != 0),
    "NMSE problem 3.4.2": ("a b eps", lambda a, b, e: e * expm1((a + b) * e) / (expm1(a * e) * expm1(b * e)), None),
    "NMSE problem 3.4.3": ("eps", lambda e: log((1 - e) / (1 + e)), lambda e: -1 < e < 1),
    "NMSE problem 3.4.4": ("x", lambda x: sqrt(exp(x) + 1), lambda x: x != 0),
    "NMSE problem 3.4.5": ("x", lambda x: (x - sin(x)) / (x - tan(x)), lambda x: x != 0),
    "NMSE problem 3.4.6": ("x n", lambda x, n: (x + 1) ** (1 / n) - x ** (1 / n), None),
    "NMSE section 3.5": ("a x", lambda a, x: expm1(a * x), None),
    "NMSE section 3.11": ("x", lambda x: exp(x / 2) / (2 * sinh(x / 2)), lambda x: x != 0),
}
AT = {  # columns of points; the second and third keep roots real
    1: [[0.5, 2.25, 1e-9, 0.0, 1.0, -0.75, 300.0, -2.0]],
    2: [[0.5, 2.25, 0.125, 7.0], [1e-2, 3.0, 0.25, 2.0]],
    3: [[0.5, 2.25, 1e-9, -3.0], [5.0, 1e8, -4.0, 0.25], [1.0, -2.0, 3.0, 0.75]],
}


def body_of(expression: str, arguments: str = "x y"):
    (problem,) = read_fpcore(f"(FPCore ({arguments}) {expression})")
    return problem


def value_of(expression: str, **point: float) -> float:
    """The exact value of an expression at a point, rounded to float64."""
    problem = body_of(expression, " ".join(point))
    columns = {name: np.array([number]) for name, number in point.items()}
    return exact(problem.graph, problem.body, columns)[0][0]


def holds(condition: str, **point: float) -> bool:
    problem = body_of(f"(if {condition} 1 0)", " ".join(point))
    (result,) = evaluate(problem.graph, [problem.body], {name: np.array([value]) for name, value in point.items()})
    return bool(np.all(result == 1))


def test_the_suite_is_complete():
    problems = read_fpcore(HAMMING)
    assert [problem.name for problem in problems] == list(CASES)
    assert all(problem.properties[":cite"] == ["hamming-1987", "herbie-2015"] for problem in problems)
    assert sum(problem.precondition is not None for problem in problems) == HAMMING.count("\n :pre")


@pytest.mark.parametrize("problem", read_fpcore(HAMMING), ids=lambda problem: problem.name)
def test_values_and_preconditions_of_the_suite(problem):
    names, formula, allowed = CASES[problem.name]
    assert problem.arguments == tuple(names.split())
    columns = [np.array(column) for column in AT[len(problem.arguments)]]
    points = dict(zip(problem.arguments, columns, strict=True))
    if problem.precondition is not None:
        (inside,) = evaluate(problem.graph, [problem.precondition], points)
        if allowed is not None:
            assert inside.tolist() == [allowed(x) for x in columns[0].tolist()]
        points = {name: column[inside] for name, column in points.items()}
    values, _ = exact(problem.graph, problem.body, points)
    compared = 0
    for k, value in enumerate(values):
        with mpmath.workdps(120):
            try:
                truth = formula(*(mpf(float(column[k])) for column in points.values()))
            except ZeroDivisionError:
                truth = mpmath.nan
            if not mpmath.isfinite(truth) or mpmath.im(truth) != 0:  # outside the domain
                assert np.isnan(value) or mpmath.isnan(truth)
                continue
            if value == truth == 0:
                continue
            assert abs(truth - mpf(float(value))) <= abs(truth) * mpf(2) ** -53
            compared += 1
    assert compared >= 2


@pytest.mark.parametrize(("expression", "expected"), [
    ("(+ 1 2 3 x)", 6.5),
    ("(+ x)", 0.5),
    ("(- x)", -0.5),
    ("(- 10 1 2 x)", 6.5),
    ("(* 2 3 x)", 3.0),
    ("(fma x 3 1)", 2.5),
    ("(fdim 3 x)", 2.5),
    ("(fdim x 3)", 0.0),
    ("(trunc (* -3 x))", -1.0),
    ("(fmod -7.25 (+ x 1.5))", -1.25),
    ("(fmax x 3)", 3.0),
    ("(fabs (- x))", 0.5),
    ("(pow 4 x)", 2.0),
    ("(if (< 0 x 1) 10 20)", 10.0),
    ("(if (< 0 x 0.25) 10 20)", 20.0),
    ("(let ([y (* x 4)]) (* y y))", 4.0),
    ("(let ([x 3] [y x]) (- x y))", 2.5),
    ("(let* ([x 3] [y x]) (- x y))", 0.0),
    ("(let ([x 3]) (+ x (let ([x 4]) x)))", 7.0),
    ("(let ([PI 3]) PI)", 3.0),
    ("(let () x)", 0.5),
    ("(! :precision binary32 :round toZero (+ x 1))", 1.5),
    ("(cast (! :precision binary64 x))", 0.5),
    ("(digits 3 -2 10)", 0.03),
    ("(digits -3 4 2)", -48.0),
    ("[+ x 1]", 1.5),
    ("(* 1e-3 1E+3)", 1.0),
    ("(- 0.1 1/10)", 0.0),
    ("(* 3 -1/3)", -1.0),
    ("+.5", 0.5),
    ("2.", 2.0),
    ("0x1.8p3", 12.0),
    ("-0xFF", -255.0),
    ("0x0.1p+4", 1.0),
    ("INFINITY", np.nan),  # not a number that a formula can have
    ("(/ 1e-400 1e-401)", 10.0),
])  # fmt: skip
def test_forms(expression, expected):
    assert value_of(expression, x=0.5) == expected or np.isnan(expected)


@pytest.mark.parametrize(("name", "expected"), [
    ("PI", lambda: pi), ("E", lambda: mpmath.e), ("LN2", lambda: log(2)), ("LN10", lambda: log(10)),
    ("LOG2E", lambda: 1 / log(2)), ("LOG10E", lambda: 1 / log(10)), ("PI_2", lambda: pi / 2), ("PI_4", lambda: pi / 4),
    ("M_1_PI", lambda: 1 / pi), ("M_2_PI", lambda: 2 / pi), ("M_2_SQRTPI", lambda: 2 / sqrt(pi)),
    ("SQRT2", lambda: sqrt(2)), ("SQRT1_2", lambda: sqrt(0.5)),
])  # fmt: skip
def test_constants(name, expected):
    with mpmath.workdps(40):
        assert value_of(f"(+ {name} (* 0 x))", x=1.0) == float(+expected())


@pytest.mark.parametrize(("condition", "expected"), [
    ("(< x y)", True), ("(< x y 2)", True), ("(< x y 0.75)", False), ("(<= x x y)", True), ("(> y x 0)", True),
    ("(>= x y)", False), ("(== x 0.5 1/2)", True), ("(== x y)", False), ("(!= x y 3)", True), ("(!= x y 0.5)", False),
    ("(and (< x y) (> x 0) (> y 0))", True), ("(and (< x y) (> x y))", False),
    ("(or (> x y) (< y 0) (== x 0.5))", True), ("(or (> x y))", False), ("(not (< x y))", False), ("TRUE", True),
    ("FALSE", False), ("(and TRUE (not FALSE))", True),
])  # fmt: skip
def test_conditions(condition, expected):
    assert holds(condition, x=0.5, y=1.5) is expected


def test_expressions_are_shared_and_keep_their_form():
    problem = body_of("(let ([t (* x y)]) (/ (- t 1) (- (* t t) 1)))")
    assert problem.graph.write(problem.body) == "(/ (- (* x y) 1) (- (* (* x y) (* x y)) 1))"
    assert len(problem.graph.live([problem.body])) == 8


def test_parts_of_a_form():
    text = """
    ; a comment
    (FPCore norm (x (! :precision binary32 y)) :name "length" :pre (and (<= 0 x 1) (<= 0 y 1)) :spec (hypot x y)
      (sqrt (+ (* x x) (* y y)))) ; another
    (FPCore (t) :description "no name" t)
    (FPCore two () 2)
    """
    norm, plain, two = read_fpcore(text)
    assert (norm.name, norm.arguments) == ("length", ("x", "y"))
    assert norm.properties[":spec"] == ["hypot", "x", "y"]
    assert norm.graph.write(norm.precondition) == "(and (and (<= 0 x) (<= x 1)) (and (<= 0 y) (<= y 1)))"
    assert (plain.name, plain.precondition, plain.properties) == ("", None, {":description": '"no name"'})
    assert (two.name, two.arguments, two.graph.value(two.body)) == ("two", (), 2)
    assert read_fpcore("; nothing") == []


def test_depth_is_no_limit():
    depth = 20_000
    problem = body_of("(sin " * depth + "x" + ")" * depth)
    assert len(problem.graph.nodes) == depth + 2
    problem = body_of("".join(f"(let ([x (+ x {k})]) " for k in range(5000)) + "x" + ")" * 5000)
    assert value_of("(+ (* 2 x) 0)", x=3.0) == 6
    (value,) = evaluate(problem.graph, [problem.body], {"x": np.array([0.0])})
    assert value == sum(range(5000))


@pytest.mark.parametrize(("text", "message"), [
    ("(FPCore (x) (while (< x 1) ([x 0 (+ x 1)]) x))", "loop 'while' has no fixed length: unroll"),
    ("(FPCore (x) (while* (< x 1) ([x 0 (+ x 1)]) x))", "loop 'while\\*'"),
    ("(FPCore (n) (for ([i n]) ([x 0 i]) x))", "loop 'for'"),
    ("(FPCore (n) (tensor ([i n]) i))", "array construct 'tensor'"),
    ("(FPCore (x) (ref x 1))", "array construct 'ref'"),
    ("(FPCore ((A n)) 1)", r"argument \(A n\) is an array"),
    ("(FPCore (x) (+ x y))", "'y' is neither an argument nor a constant"),
    ("(FPCore (x) :pre (< y 1) x)", "'y' is neither"),
    ("(FPCore (x) (let ([y 1] [z y]) z))", "'y' is neither"),
    ("(FPCore (x) (let ([y 1] [y 2]) y))", "twice: write let"),
    ("(FPCore (x) (let ([y]) y))", "binding .* malformed"),
    ("(FPCore (x) (let x))", "malformed"),
    ("(FPCore (x) (foo x))", "'foo' is not an operation that is known here"),
    ("(FPCore (x) (isnan x))", "'isnan' is not an operation"),
    ("(FPCore (x) (PI x))", "'PI' is not an operation"),
    ("(FPCore (x) (sin x x))", r"gives sin 2 operand\(s\)"),
    ("(FPCore (x) (/ x))", "gives / 1 operand"),
    ("(FPCore (x) (+))", r"gives \+ 0 operand"),
    ("(FPCore (x) (if x))", "gives if 1 operand"),
    ("(FPCore (x) (fma x x))", "gives fma 2 operand"),
    ("(FPCore (x) (< x))", "gives < 1 operand"),
    ("(FPCore (x) (!= " + "x " * 65 + "))", "gives != 65 operand"),
    ("(FPCore (x) ())", "has no operation"),
    ("(FPCore (x) ((x) x))", "has no operation"),
    ("(FPCore (x) (! :precision binary32))", "annotates 0 expressions"),
    ("(FPCore (x x) x)", "named twice"),
    ("(FPCore (2x) 1)", "is not a (name|number)"),
    ("(FPCore (:x) 1)", "is not a name"),
    ("(FPCore (x))", "0 bodies"),
    ("(FPCore (x) x x)", "2 bodies"),
    ("(FPCore (x) :name)", "is neither"),
    ("(FPCore)", "no list of arguments"),
    ("(FPCore name)", "no list of arguments"),
    ("(+ 1 2)", r"form 1 is \(\+ 1 2\), not \(FPCore"),
    ("x", "form 1 is x"),
    ("(FPCore (x) x", r"lacks 1 closing bracket"),
    ("(FPCore (x) x))", "closing bracket too many"),
    ('(FPCore (x) :name "x x)', "string without an end"),
    ("(FPCore (x) 1e20001)", "exponent of 1e20001"),
    ("(FPCore (x) 1e99999999999999999999)", "exponent"),
    ("(FPCore (x) 0x1p99999999999)", "exponent"),
    ("(FPCore (x) (digits 1 99999999999 10))", "exponent"),
    ("(FPCore (x) (digits 1 1 1))", "base"),
    ("(FPCore (x) (digits x 1 2))", "malformed"),
    ("(FPCore (x) " + "9" * 5000 + ")", "5000 characters"),
    ("(FPCore (x) 1/0)", "'1/0' is not a number"),
    ("(FPCore (x) 1.2.3)", "is not a number"),
    ("(FPCore (x) 3x)", "is not a number"),
])  # fmt: skip
def test_refused_with_the_reason(text, message):
    with pytest.raises(ValueError, match=message) as caught:
        read_fpcore(text)
    assert len(str(caught.value)) < 400


def test_errors_name_the_problem():
    with pytest.raises(ValueError, match=r"^FPCore 2 'bad one': 'y' is neither"):
        read_fpcore('(FPCore (x) x) (FPCore (x) :name "bad one" (+ x y))')


@pytest.mark.parametrize("text", [None, b"(FPCore (x) x)", 3])
def test_only_strings_are_read(text):
    with pytest.raises(TypeError, match="text must be a str"):
        read_fpcore(text)


def test_numbers_are_exact():
    problem = body_of("(+ 0.1 (+ 1/3 0x1.999999999999ap-4))")
    constants = {problem.graph.value(i) for i in problem.graph.live([problem.body])} - {None}
    assert constants == {Fraction(1, 10), Fraction(1, 3), Fraction(0.1)}
