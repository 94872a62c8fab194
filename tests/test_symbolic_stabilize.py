"""stabilize and simplify: digits gained, never lost; domains; errors of the user; nothing global changed."""

from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import mpmath
import numpy as np
import pytest
import sympy
from sympy import Symbol, cos, cosh, erfc, exp, log, sin, sqrt, tan

from mathlib.symbolic.expressions import truth
from mathlib.symbolic.expressions.evaluate import evaluate
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import OPS
from mathlib.symbolic.expressions.ordinals import bits, from_ordinal, ordinal
from mathlib.symbolic.rewriting import injection
from mathlib.symbolic.rewriting.improve import improve
from mathlib.symbolic.rewriting.regimes import Segment, best_split, mean_error, snapped
from mathlib.symbolic.rewriting.sampling import Domain, narrowed, sample
from mathlib.symbolic.rewriting.simplify import simplify
from mathlib.symbolic.rewriting.stabilize import stabilize

x, y = Symbol("x"), Symbol("y")
positive = Symbol("p", positive=True)

#: SymPy expression, its meaning in mpmath, test points, bits allowed in the mean
SIMPLE = [
    (sqrt(positive + 1) - sqrt(positive), lambda p: mpmath.sqrt(p + 1) - mpmath.sqrt(p), np.geomspace(1e-9, 1e200, 60)),
    (exp(x) - 1, mpmath.expm1, np.geomspace(1e-200, 700.0, 60)),
    (log(1 + exp(x)), lambda a: mpmath.log1p(mpmath.exp(a)), np.linspace(-700.0, 1e4, 60)),
    ((1 - cos(x)) / x**2, lambda a: 2 * (mpmath.sin(a / 2) / a) ** 2, np.geomspace(1e-150, 100.0, 60)),
    (1 / x - 1 / tan(x), lambda a: 1 / a - mpmath.cot(a), np.geomspace(1e-100, 3.0, 60)),
    (log(cosh(x)), lambda a: mpmath.log(mpmath.cosh(a)), np.geomspace(1e-100, 1e6, 60)),
    (log(erfc(x)), lambda a: mpmath.log(mpmath.erfc(a)), np.geomspace(1e-3, 1e4, 60)),
    (sqrt(x**2 + 1) - 1, lambda a: a * (a / (mpmath.sqrt(a * a + 1) + 1)), np.geomspace(1e-120, 1e250, 60)),
]


def computed(result, points):
    """The result's float64 values at points of its single variable."""
    return np.broadcast_to(evaluate(result.graph, [result.root], {result.args[0].name: points})[0], points.shape)


@pytest.mark.parametrize(("expr", "truth_of", "points"), SIMPLE, ids=lambda v: str(v)[:30])
def test_digits(expr, truth_of, points):
    result = stabilize(expr)
    with mpmath.workdps(400):
        exact = np.array([float(truth_of(mpmath.mpf(p))) for p in points.tolist()])
    assert bits(computed(result, points), exact).mean() < 1.0
    assert result.mean_bits_after < 1.0
    assert result.mean_bits_after < result.mean_bits_before
    assert "bits of error" in result.report()


def test_regimes_and_series():
    result = stabilize((x - sin(x)) / x**3)
    assert len(result.regimes) > 1
    assert result.regimes[-1][0] == sympy.true
    assert isinstance(result.expr, sympy.Piecewise)
    assert result.mean_bits_after < 0.5
    plain = stabilize((x - sin(x)) / x**3, regimes=False)
    assert len(plain.regimes) == 1
    assert plain.mean_bits_after <= plain.mean_bits_before


def test_what_is_good_stays():
    expr = 3 * x + exp(-y)
    result = stabilize(expr)
    assert result.expr is expr
    assert result.original is expr
    assert result.mean_bits_after == result.mean_bits_before
    assert result.derivation == ()


def test_result_equals_original():
    """Lambdified by SymPy alone and evaluated with many digits."""
    result = stabilize(sqrt(x**2 + y**2) - x, [x, y])
    for a, b in ((3, sympy.Rational(1, 1000)), (-2, 5), (10**10, 1)):
        first, second = (e.subs({x: a, y: b}).evalf(40) for e in (result.original, result.expr.doit()))
        assert abs(first - second) < abs(first) * sympy.Float("1e-30")


def test_derivation_names_rules():
    result = stabilize(log(1 + exp(x)))
    assert any("softplus" in rule for rule in result.derivation)
    assert result.alternatives


def test_domain_changes_the_answer():
    everywhere = stabilize(log(1 + x) - x, points=120)
    far = stabilize(log(1 + x) - x, domain={x: (10.0, 1e6)}, points=120)
    assert everywhere.mean_bits_before > 5
    assert far.mean_bits_before < 2
    assert stabilize(sqrt(x**2), domain={"x": (-5.0, -1.0)}, max_nodes=300).mean_bits_after < 0.1


def test_whole_numbers():
    n = Symbol("n", integer=True, positive=True)
    graph = Graph()
    root = graph.read("(+ n 1)")
    points = sample(graph, root, ["n"], Domain({"n": (1.0, 1e6)}, frozenset({"n"})), np.random.default_rng(0), 40, 20)
    assert np.array_equal(points.points["n"], np.rint(points.points["n"]))
    assert stabilize(log(n + 1) - log(n), domain={n: (1, 1e12)}).mean_bits_after < 1


def test_reproducible():
    first, second = (stabilize(sqrt(x + 1) - sqrt(x)) for _ in range(2))
    assert first.expr == second.expr
    assert first.mean_bits_after == second.mean_bits_after
    other = stabilize(sqrt(x + 1) - sqrt(x), rng=np.random.default_rng(5))
    assert other.mean_bits_before != first.mean_bits_before


def test_threads_agree():
    alone = stabilize(log(1 + x) - log(x), max_nodes=400, points=48)
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(stabilize, log(1 + x) - log(x), max_nodes=400, points=48) for _ in range(2)]
        for job in jobs:
            assert job.result().expr == alone.expr
            assert job.result().mean_bits_after == alone.mean_bits_after


def test_nothing_global_changes():
    from flint import ctx

    before = ctx.prec, ctx.cap, mpmath.mp.prec, np.geterr()
    stabilize((1 - cos(x)) / x**2, max_nodes=300, points=48)
    with pytest.raises(ValueError, match="no operation for"):
        stabilize(sympy.Function("f")(x))
    assert (ctx.prec, ctx.cap, mpmath.mp.prec, np.geterr()) == before


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((x + y, [x]), {}, ValueError, "free symbols y"),
        ((x + y, [x, y, x]), {}, ValueError, "x"),
        ((x + y, [x, "y"]), {}, TypeError, "symbol"),
        ((sqrt(x),), {"domain": {x: (2.0, 1.0)}}, ValueError, "empty"),
        ((sqrt(x),), {"domain": {"z": (0.0, 1.0)}}, ValueError, "z"),
        ((sqrt(x),), {"domain": {x: (np.nan, 1.0)}}, ValueError, "x"),
        ((sqrt(positive),), {"domain": {positive: (-2.0, -1.0)}}, ValueError, "assumptions"),
        (("sqrt(x)",), {}, TypeError, "SymPy expression"),
        ((sympy.Matrix([x]),), {}, TypeError, "SymPy expression"),
        ((sympy.Function("f")(x),), {}, ValueError, "f"),
    ],
)
def test_bad_input(arguments, options, error, message):
    with pytest.raises(error, match=message):
        stabilize(*arguments, **options)


def test_undefined_and_constant_expressions():
    assert stabilize(sqrt(-1 - x**2), max_nodes=100).expr == sqrt(-1 - x**2)
    assert stabilize(sympy.pi + 1).expr == sympy.pi + 1


RANDOM = (
    "+",
    "-",
    "*",
    "/",
    "sqrt",
    "exp",
    "log",
    "sin",
    "neg",
    "atan",
    "expm1",
    "log1p",
    "cosh",
    "hypot",
    "erfc",
    "pow",
)


def random_expression(graph, rng, depth):
    if depth == 0 or rng.random() < 0.1:
        return graph.read(str(rng.choice(["x", "x", "y", "1", "2", "-1", "1/2"])))
    op = str(rng.choice(RANDOM[:4])) if rng.random() < 0.6 else str(rng.choice(RANDOM))
    return graph.add(op, *(random_expression(graph, rng, depth - 1) for _ in range(OPS[op].arity)))


@pytest.mark.parametrize("seed", range(12))
def test_random_expressions_keep_their_value(seed):
    """A small part of benchmarks/fuzz_stabilize.py: exact values of result and original at fresh points."""
    rng = np.random.default_rng([3, seed])
    graph = Graph()
    root = random_expression(graph, rng, 4)
    names = graph.variables([root]) or ["x"]
    found = improve(graph, root, names, Domain(), regimes=True, series=True, max_nodes=250, rng=rng, points=36)
    points = sample(graph, root, names, Domain(), rng, 30, 12, 6)
    for n in range(len(points)):
        point = {name: float(v[n]) for name, v in points.points.items()}
        with truth.precision(2 * int(points.bits[n]) + 64):
            before = truth.balls(graph, graph.live([root]), point)[root]
            after = truth.balls(found.graph, found.graph.live([found.root]), point)[found.root]
            if after.is_finite():
                assert before.overlaps(after) or abs(before - after) < abs(before) * 2.0**-50
    assert found.after.mean <= found.before.mean + 0.1


# ---- parts -----------------------------------------------------------------------------------------------------------


def test_ordinals():
    values = np.array([-np.inf, -1.0, -5e-324, -0.0, 0.0, 5e-324, 1.0, np.nextafter(1.0, 2.0), np.inf])
    places = ordinal(values)
    assert np.all(np.diff(places) >= 0)
    assert places[3] == places[4] == 0
    assert places[7] - places[6] == 1
    assert np.array_equal(from_ordinal(places), np.where(values == 0, 0.0, values))
    assert bits(np.array([np.nan, 1.0, 1.0]), np.array([1.0, 1.0, np.nan])).tolist() == [64.0, 0.0, 0.0]
    assert bits(np.array([np.nextafter(1.0, 2.0)]), np.array([1.0]))[0] == 1.0
    assert bits(np.array([-np.inf]), np.array([np.inf]))[0] > 63.9


def test_split_is_optimal():
    """Against all ways to cut 14 points twice at most."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        errors, v = rng.uniform(0.0, 10.0, (3, 14)), rng.permutation(14).astype(float)
        ordered = errors[:, np.argsort(v)]
        best = min(
            sum(ordered[:, a:b].sum(axis=1).min() for a, b in zip((0, *cuts), (*cuts, 14), strict=True)) / 14
            + 0.1 * len(cuts)
            for count in (0, 1, 2)
            for cuts in combinations(range(4, 11), count)
            if all(b - a >= 4 for a, b in zip((0, *cuts), (*cuts, 14), strict=True))
        )
        found = best_split(errors, [v], 0.1)
        assert found.cost <= best + 1e-12
        again = mean_error(found.segments, errors, v) + 0.1 * (len(found.segments) - 1)
        assert found.cost == pytest.approx(again)


def test_cuts_are_snapped_within_limits():
    v = np.array([-3.0, -2.0, -1.3, -1.1, 1.2, 1.4, 2.0, 3.0])
    errors = np.array([np.where(v < 0, 0.0, 9.0), np.where(v < 0, 9.0, 0.0)])
    segments = (Segment(0, -1.1), Segment(1, np.inf))
    anywhere = (-np.inf, np.inf)
    assert snapped(segments, errors, v, [anywhere, anywhere])[0].upper == 0.0
    cut = snapped(segments, errors, v, [anywhere, (0.53, np.inf)])[0].upper
    assert 0.53 <= cut < 1.2


def test_precondition_narrows_the_domain():
    graph = Graph()
    condition = graph.read("(and (< 0 x) (and (<= x 10) (>= y -2)))")
    limits = narrowed(graph, Domain(precondition=condition)).limits
    assert limits["x"] == (0.0, 10.0)
    assert limits["y"] == (-2.0, np.inf)


@pytest.mark.parametrize(
    "text",
    [
        "(/ (+ (neg b) (sqrt (- (* b b) (* 4 (* a c))))) (* 2 a))",
        "(+ (- (/ 1 (+ a 1)) (/ 2 a)) (/ 1 (- a 1)))",
        "(- (/ 1 (sqrt (+ 1 (* a a)))) 1)",
        "(+ (- (exp a) 2) (exp (neg a)))",
        "(- (* (+ a 1) (* (+ a 1) (+ a 1))) 1)",
    ],
)
def test_injected_forms_are_equal(text):
    graph = Graph()
    root = graph.read(text)
    forms = [form for place, form in injection.forms(graph, root) if place == root]
    assert forms
    point = {"a": 1.375, "b": 7.25, "c": -2.5}
    with truth.precision(200):
        values = truth.balls(graph, graph.live([root, *forms]), point)
        assert all(values[root].overlaps(values[form]) for form in forms)


def test_large_polynomials_are_left_alone():
    graph = Graph()
    root = graph.read("(+ (+ a b) (+ c d))")
    for _ in range(5):
        root = graph.add("*", root, root)
    assert list(injection.forms(graph, root)) == []


def test_simplify():
    p = Symbol("q", positive=True)
    assert simplify(sin(p) ** 2 + cos(p) ** 2) == 1
    assert str(simplify((x**2 - 1) / (x - 1))) == "x + 1"
    assert simplify(sympy.Integer(3)) == 3
    with pytest.raises(ValueError, match="cost"):
        simplify(x, cost="beauty")
    with pytest.raises(TypeError):
        simplify("x + 1")
