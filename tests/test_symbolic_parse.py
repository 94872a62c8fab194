"""The parser of expressions: what it reads, what it refuses, and that a text is never executed."""

import json
import re
import signal
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mpmath
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Abs, Add, Float, Integer, Max, Mul, Piecewise, Pow, Rational, S, Symbol

import mathlib.symbolic
from mathlib.symbolic.reading.parse import parse
from mathlib.symbolic.reading.spellings import FUNCTIONS
from mathlib.symbolic.reading.text_check import MAX_LENGTH

x, y, z = sympy.symbols("x y z")
HARMLESS_EVENTS = {"compile", "object.__getattr__", "sys._getframe"}  # ast.parse calls compile, to make a tree
SECONDS = 2.0  # of CPU time: what a text may take


def _corpus() -> Iterator[tuple[str, str]]:
    """Yield (verdict, text); a text is a JSON string, or a JSON list of (piece, how often)."""
    path = Path(__file__).parent / "data" / "hostile_expressions.txt"
    for line in path.read_text(encoding="ascii").splitlines():
        verdict, _, text = line.partition(" ")
        pieces = json.loads(text)
        yield verdict, pieces if isinstance(pieces, str) else "".join(piece * count for piece, count in pieces)


CORPUS = list(_corpus())


class _Events:
    """What the interpreter reports while it is armed: execution of code, imports, files, processes."""

    def __init__(self) -> None:
        self.armed = False
        self.seen: set[str] = set()
        sys.addaudithook(self.note)

    def note(self, event: str, _: object) -> None:
        if self.armed:
            self.seen.add(event)


EVENTS = _Events()


@contextmanager
def nothing_happens() -> Iterator[None]:
    """Fail if the block executes code, opens anything, or needs more CPU time than a text may take."""

    def late(*_: object) -> None:
        raise TimeoutError(f"more than {SECONDS} s")

    timed = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
    EVENTS.seen.clear()
    if timed:
        before = signal.signal(signal.SIGVTALRM, late)
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    EVENTS.armed = True
    try:
        yield
    finally:
        EVENTS.armed = False
        if timed:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, before)
    assert not EVENTS.seen - HARMLESS_EVENTS


@pytest.fixture(scope="module", autouse=True)
def _imported():
    """Import now what SymPy imports late, which is execution of code, too."""
    for name, (counts, _) in FUNCTIONS.items():
        parse(f"{name}({', '.join('xyz'[: counts[0]])}) if x < y or x > y and x != z else 1/2*x**y - 0.5")


def attempt(text: str) -> sympy.Expr | None:
    """Return the expression, or None if it is refused as it should be; nothing else may happen."""
    result, error = None, None
    with nothing_happens():
        try:
            result = parse(text)
        except ValueError as caught:
            error = caught
    assert error is None or type(error) is ValueError  # not one of its subclasses, such as UnicodeEncodeError
    assert error is None or (str(error).startswith("text") and len(str(error)) < 400)
    return result


@pytest.mark.parametrize(("verdict", "text"), CORPUS, ids=range(len(CORPUS)))
def test_hostile_text(verdict, text):
    result = attempt(text)
    if verdict == "refused":
        assert result is None
    else:
        assert isinstance(result, sympy.Expr)
        with nothing_happens():
            assert sympy.sstr(result, order="none")  # sorting the terms would work out the constants
            assert all(symbol.is_Symbol for symbol in result.free_symbols)


def test_corpus_is_large_enough():
    assert len({text for _, text in CORPUS}) == len(CORPUS)
    assert sum(verdict == "refused" for verdict, _ in CORPUS) >= 61


def test_the_watch_sees_what_it_is_for(tmp_path):
    with pytest.raises(AssertionError), nothing_happens():
        (tmp_path / "file").write_text("")
    with pytest.raises(AssertionError), nothing_happens():
        exec("1")
    with pytest.raises(TimeoutError), nothing_happens():
        sum(1 for _ in iter(int, 1))  # for ever


def test_memory_stays_small():
    for _, text in CORPUS[:: max(1, len(CORPUS) // 100)] + CORPUS[-40:]:
        tracemalloc.start()
        try:
            attempt(text)
            assert tracemalloc.get_traced_memory()[1] < 40e6
        finally:
            tracemalloc.stop()


PIECES = st.sampled_from([
    *"()()()+-*/,.<>=!^%&|~@:;#'\"[]{}\\ \n\t0123456789xyzeE_\u0445\u00b2\x00",
    "**", "//", "<=", "==", "!=", ":=", "->", " if ", " else ", " and ", " or ", " not ", "if", "else", "lambda", "for",
    "in", "import", "await", "None", "sin(", "exp(", "max(", "gamma(", "pow(", "__", "f'", "1j", "10**10", "9**9",
])  # fmt: skip


@settings(derandomize=True, max_examples=1500)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_fuzz_with_pieces_of_expressions(text):
    attempt(text)


@settings(derandomize=True, max_examples=500)
@given(st.text(max_size=60))
def test_fuzz_with_any_characters(text):
    attempt(text)


# Expressions with their value at x, y = 0.75, 1.5, worked out by mpmath as the text grows.
POINT = {"x": "0.75", "y": "1.5"}
OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}
CALLS = {
    "sin": mpmath.sin,
    "atan": mpmath.atan,
    "exp": mpmath.exp,
    "abs": abs,
    "arctan": mpmath.atan,
    "erf": mpmath.erf,
}


def _grown(parts):
    def pair(operator, a, b):
        return f"({a[0]}){operator}({b[0]})", (operator, a[1], b[1])

    return st.one_of(
        st.builds(pair, st.sampled_from(sorted(OPERATORS)), parts, parts),
        st.builds(lambda name, a: (f"{name}({a[0]})", ("call", name, a[1])), st.sampled_from(sorted(CALLS)), parts),
        st.builds(lambda a: (f"-({a[0]})", ("neg", a[1])), parts),
        st.builds(lambda a, n: (f"({a[0]})**{n}", ("power", a[1], n)), parts, st.integers(-3, 3)),
        st.builds(
            lambda chosen, a, b: (f"({chosen[0]} if {a[0]} < {b[0]} else x)", ("choice", chosen[1], a[1], b[1])),
            parts, parts, parts,
        ),
    )  # fmt: skip


LEAVES = st.one_of(
    st.sampled_from(["x", "y"]).map(lambda name: (name, ("name", name))),
    st.integers(0, 9).map(lambda n: (str(n), ("number", n))),
    st.sampled_from([0.5, 2.25, 1e-3]).map(lambda n: (repr(n), ("number", n))),
)


def value(tree):
    """Return the value of a tree, or None where it has none that can be compared."""
    kind, *rest = tree
    if kind == "name":
        return mpmath.mpf(POINT[rest[0]])
    if kind == "number":
        return mpmath.mpf(rest[0])
    operands = [value(part) if isinstance(part, tuple) else part for part in rest]
    if any(part is None or (not isinstance(part, str) and abs(part) > 100) for part in operands):
        return None
    if kind in OPERATORS:
        a, b = operands
        return None if kind == "/" and abs(b) < 1e-3 else OPERATORS[kind](a, b)
    if kind == "call":
        return CALLS[operands[0]](operands[1])
    if kind == "neg":
        return -operands[0]
    if kind == "power":
        return None if operands[1] <= 0 and abs(operands[0]) < 1e-3 else operands[0] ** operands[1]
    chosen, a, b = operands
    return None if abs(a - b) < 1e-20 else chosen if a < b else value(("name", "x"))


def same_value(expr: sympy.Expr, expected: mpmath.mpf) -> bool:
    exact = {number: Rational(*float(number).as_integer_ratio()) for number in expr.atoms(Float)}
    found = expr.xreplace(exact).xreplace({x: Rational(POINT["x"]), y: Rational(POINT["y"])}).evalf(40)
    return abs(mpmath.mpf(str(found)) - expected) <= 1e-25 * (1 + abs(expected))


def has_choice(tree) -> bool:
    return isinstance(tree, tuple) and (tree[0] == "choice" or any(map(has_choice, tree)))


def has_name(tree) -> bool:
    return isinstance(tree, tuple) and (tree[0] == "name" or any(map(has_name, tree)))


def has_odd_condition(tree) -> bool:
    """Return whether a condition holds a choice, or constants only: these are refused."""
    if not isinstance(tree, tuple):
        return False
    odd = tree[0] == "choice" and (any(map(has_choice, tree[2:])) or not any(map(has_name, tree[2:])))
    return odd or any(map(has_odd_condition, tree[1:]))


@settings(derandomize=True, max_examples=400)
@given(st.recursive(LEAVES, _grown, max_leaves=12))
def test_values_are_those_of_the_notation(pair):
    text, tree = pair
    with mpmath.workdps(40):
        expected = value(tree)
        if expected is None or has_odd_condition(tree):
            attempt(text)
            return
        assert same_value(parse(text), expected)


KEPT = [  # text, the expression node by node
    ("x - x", Add(x, Mul(-1, x), evaluate=False)),
    ("1 + x + 2", Add(1, x, 2, evaluate=False)),
    ("x - (y - z)", Add(x, Mul(-1, Add(y, -z), evaluate=False), evaluate=False)),
    ("-x**2", Mul(-1, Pow(x, 2, evaluate=False), evaluate=False)),
    ("(-x)**2", Pow(Mul(-1, x), 2, evaluate=False)),
    ("x**y**z", Pow(x, Pow(y, z))),
    ("x**-1", 1 / x),
    ("x/y", x / y),
    ("x/y**2", x / y**2),
    ("x/3", x / 3),
    ("2/4*x", x / 2),
    ("1/3 + 1/6", S.Half),
    ("2**10", Integer(1024)),
    ("(-2/3)**-3", Rational(-27, 8)),
    ("0**0", S.One),
    ("-3", Integer(-3)),
    ("--x", Mul(-1, Mul(-1, x), evaluate=False)),
    ("+x", x),
    ("0.1", Float(0.1)),
    ("2.", Float(2.0)),
    (".5e-3", Float(0.5e-3)),
    ("4.9e-324", Float(5e-324)),
    ("0.0", Float(0.0)),
    ("pi*E", Mul(S.Pi, S.Exp1, evaluate=False)),
    ("EulerGamma", S.EulerGamma),
    ("e", Symbol("e")),
    ("sqrt(x**2)", Pow(Pow(x, 2), S.Half, evaluate=False)),
    ("sqrt(4)", Pow(4, S.Half, evaluate=False)),
    ("log(exp(x))", sympy.log(sympy.exp(x, evaluate=False), evaluate=False)),
    ("sin(0)", sympy.sin(0, evaluate=False)),
    ("abs(-3)", Abs(-3, evaluate=False)),
    ("max(x, 2, y)", Max(x, y, 2, evaluate=False)),
    ("exp(0.5)", sympy.exp(Float(0.5), evaluate=False)),
    ("log(x, 10)", Mul(sympy.log(x), 1 / sympy.log(10), evaluate=False)),
    ("pow(x, 3)", x**3),
    ("atan2(x, y)", sympy.atan2(x, y)),
    ("gamma(5)", sympy.gamma(5, evaluate=False)),
    (" \n\tx\n+\r\n1 ", Add(x, 1, evaluate=False)),
    ("x if y > 0 else z", Piecewise((x, y > 0), (z, True))),
    ("x if y > 0 else z if y < -1 else 0", Piecewise((x, y > 0), (z, y < -1), (0, True))),
    ("x if y > 0 and y <= 1 else z", Piecewise((x, (y > 0) & (y <= 1)), (z, True), evaluate=False)),
    (
        "x if y == 0 or z != 1 and x >= 2 else z",
        Piecewise((x, sympy.Eq(y, 0) | (sympy.Ne(z, 1) & (x >= 2))), (z, True)),
    ),
]


@pytest.mark.parametrize(("text", "expected"), KEPT)
def test_expressions_stay_as_written(text, expected):
    found = parse(text)
    assert found == expected
    assert type(found) is type(expected)


def test_terms_and_factors_keep_their_order():
    assert parse("z + x - 1 + y").args == (z, x, -1, y)
    assert parse("z*x/y*2").args == (z, x, 1 / y, 2)


@pytest.mark.parametrize(("names", "example"), [
    ("asin arcsin", sympy.asin),
    ("acosh arccosh", sympy.acosh),
    ("abs Abs fabs", sympy.Abs),
    ("ceiling ceil", sympy.ceiling),
    ("loggamma lgamma gammaln", sympy.loggamma),
    ("gamma tgamma", sympy.gamma),
    ("log ln", sympy.log),
])  # fmt: skip
def test_spellings(names, example):
    assert {parse(f"{name}(x)") for name in names.split()} == {example(x)}


@pytest.mark.parametrize(("names", "example"), [
    ("max maximum fmax Max", sympy.Max),
    ("min minimum fmin Min", sympy.Min),
    ("atan2 arctan2", sympy.atan2),
    ("log_iv LogBesselI", mathlib.symbolic.LogBesselI),
    ("kv_ratio BesselKRatio", mathlib.symbolic.BesselKRatio),
    ("pow power", sympy.Pow),
])  # fmt: skip
def test_spellings_of_two_arguments(names, example):
    assert {parse(f"{name}(x, y)") for name in names.split()} == {example(x, y)}


def test_our_functions_are_read_as_they_are_printed():
    ours = [name for name in FUNCTIONS if hasattr(mathlib.symbolic, name)]
    assert len(ours) >= 6
    for name in ours:
        counts, _ = FUNCTIONS[name]
        expr = getattr(mathlib.symbolic, name)(*(x, y)[: counts[0]], evaluate=False)
        assert parse(str(expr)) == expr


@pytest.mark.parametrize("text", [text for text, _ in KEPT] + ["(1 - cos(x))/x**2", "x - 2*y - (z - 1)", "-(x + y)*-z"])
def test_expressions_behave_in_sympy(text):
    """Unevaluated or not, they can be substituted into, differentiated, printed and compared."""
    expr = parse(text)
    numbers = {s: Rational(k + 2, 7) for k, s in enumerate(sorted(expr.free_symbols, key=str))}
    evaluated = expr.doit()
    assert abs((expr.subs(numbers) - evaluated.subs(numbers)).evalf(30)) < 1e-15
    for s in expr.free_symbols:
        change = (expr.diff(s) - evaluated.diff(s)).subs(numbers)
        assert abs(change.evalf(20)) < 1e-15
    assert sympy.latex(expr)
    if not expr.has(Piecewise):  # those are printed in SymPy's own notation
        again = parse(str(expr))
        assert abs((again.subs(numbers) - expr.subs(numbers)).evalf(30)) < 1e-15


@pytest.mark.parametrize(("text", "column", "way_out"), [
    ("2x + 1", 2, "write 2*x"),
    ("2 x", 3, "write 2*x"),
    ("x + sin y", 9, "write sin(y)"),
    ("e^x", 2, "write exp(x)"),
    ("x^2", 2, "write x**y"),
    ("1 + (x*2", 5, "close it with )"),
    ("1 + x)*2", 6, "leave it out"),
    ("1 + expp(x)", 5, "did you mean exp"),
    ("arcsine(x)", 1, "did you mean arcsin"),
    ("1 + f(x)", 5, "write f*(...)"),
    ("factorial(n)", 1, "gamma(n + 1)"),
    ("cot(x)", 1, "1/tan(x)"),
    ("2*sin", 3, "write sin(x)"),
    ("x.real", 2, "plain names"),
    ("x[0]", 2, "such as x0"),
    ("x if y else z", 6, "x != 0"),
    ("1 + (x < y)", 6, "a if x > 0 else b"),
    ("x % 2", 3, "x - y*floor(x/y)"),
    ("x // 2", 1, "floor(x/y)"),
    ("3!", 2, "gamma(n + 1)"),
    ("|x|", 1, "abs(x)"),
    ("0,5", 1, "a decimal is written 0.5"),
    ("1e400*x", 1, "10**400"),
    ("x*9**9**9", 6, "write it as a decimal"),
    ("x +", 4, "a*x + sin(y)"),
    ("x \u2212 y", 3, "write -"),
    ("x*lambda", 3, "lam"),
    ("1 + I", 5, "rename"),
    ("1/(2 - 2)", 4, "leave it out"),
    ("atan2(x)", 1, "got 1"),
    ("1j*x", 2, "real numbers"),
    ("x if 1 < 2 else 3", 6, "the branch that it chooses"),
    ("x if (1 if x > 0 else 2) > y else 3", 6, "one after the other"),
])  # fmt: skip
def test_errors_say_where_and_what_to_do(text, column, way_out):
    with pytest.raises(ValueError, match=rf"^text, column {column}: .*{re.escape(way_out)}"):
        parse(text)


def test_length_is_limited():
    assert parse("1" + " " * (MAX_LENGTH - 1)) == 1
    with pytest.raises(ValueError, match="20001 characters"):
        parse("1" + " " * MAX_LENGTH)
    with pytest.raises(ValueError, match="empty"):
        parse(" ")


@pytest.mark.parametrize("text", [None, 1, b"x", x, ["x"], sympy.Integer(1)])
def test_only_strings_are_read(text):
    with pytest.raises(TypeError, match=r"text must be a str, got"):
        parse(text)


def test_long_sums_are_read_or_refused():
    """How long a sum Python's own parser takes depends on its version."""
    assert len(parse("x" + "+x" * 1999).args) == 2000
    result = attempt("x" + "+x" * (MAX_LENGTH // 2 - 1))
    assert result is None or len(result.args) == MAX_LENGTH // 2


@pytest.mark.parametrize("error", [RecursionError, MemoryError])
def test_python_parser_running_out_of_stack_is_a_value_error(error, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("ast.parse", fail)
    with pytest.raises(ValueError, match="too many operations"):
        parse("x + y")


def test_nothing_global_is_changed():
    before = mpmath.mp.prec, sympy.core.parameters.global_parameters.evaluate
    parse("log(x) + 1/3 - 0.1*gamma(x)**2.5")
    assert before == (mpmath.mp.prec, sympy.core.parameters.global_parameters.evaluate)
