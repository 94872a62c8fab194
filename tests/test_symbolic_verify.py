"""verify: planted defects are found, sound functions pass, certificates replay, proofs hold, nothing else changes."""

import json
import warnings

import flint
import mpmath
import numpy as np
import pytest
import scipy.special
import sympy
from flint import arb

from mathlib import special, symbolic
from mathlib.symbolic import replay, verify
from mathlib.symbolic.expressions.domains import intervals
from mathlib.symbolic.expressions.evaluate import evaluate
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ordinals import LARGEST, from_ordinal, ordinal
from mathlib.symbolic.expressions.truth import exact
from mathlib.symbolic.verifying.box_proof import bound_on, proved_bound
from mathlib.symbolic.verifying.certificate import _digest, definitions, graph_of
from mathlib.symbolic.verifying.confirmation import condition, judge
from mathlib.symbolic.verifying.screening import Screen
from mathlib.symbolic.verifying.search import MODERATE, moved, sample, spread, transition_points

x, y = sympy.symbols("x y")
FEW = 20_000  # random points where the case is not about rare defects
MAX = np.finfo(np.float64).max


def naive_log1p(x):
    return np.log(1 + x)


# ---- the verdict ----------------------------------------------------------------------------------------------------


def independent_error(function, value, computed):
    """Error in ulps by Arb and the definition, without any of our code."""
    before, flint.ctx.prec = flint.ctx.prec, 300
    try:
        truth = function(arb(value))
        unit = arb(2) ** (int(np.frexp(float(truth))[1]) - 53)
        return float(abs(arb(computed) - truth) / unit)
    finally:
        flint.ctx.prec = before


def test_accurate_function_passes_with_the_error_that_arb_finds():
    found = verify(np.log1p, sympy.log(1 + x), rng=1)
    assert found.passed
    assert found.status == "sampled"
    worst = found.worst_input["x"]
    assert found.max_ulp == pytest.approx(independent_error(lambda a: a.log1p(), worst, np.log1p(worst)), rel=1e-12)
    assert 0.55 < found.max_ulp < 1.0
    assert found.p999 <= found.max_ulp
    assert found.mean_bits < 0.1
    assert 1e-17 < found.max_rel < 2.3e-16
    assert found.worst_values["computed"] == np.log1p(worst)
    assert found.n_points > 1_000_000
    assert found.n_confirmed > 100
    assert found.n_unresolved == 0
    assert found.mismatches == {"nan": 0, "inf": 0, "zero sign": 0}
    assert float(worst).hex() in repr(found)


def test_naive_form_fails_and_its_condition_is_no_excuse():
    found = verify(naive_log1p, sympy.log(1 + x), n=FEW, rng=1)
    assert not found.passed
    assert found.status == "failed"
    assert found.max_ulp > 1e15
    assert found.mean_bits > 10
    assert found.excess > 1e15  # the problem is well conditioned: the loss is the formula's


def test_ill_conditioned_point_is_reported_apart():
    """Near its zero log x amplifies changes of x; a shift of x by an ulp is a large error but no excess."""
    found = verify(lambda x: np.log(np.nextafter(x, 9)), sympy.log(x), domain=(0.5, 2), n=FEW, rng=1)
    assert found.max_ulp > 1e10
    assert found.excess < 4


WINDOWS = [1e-4, 2e-5]


def planted(good, bad, low, share):
    """A function that is bad on a share of all floats from ``low`` on."""
    end = from_ordinal(int(ordinal(low)) + int(share * 2 * LARGEST))
    return lambda x: np.where((x > low) & (x < end), bad(x), good(x))


def two_planted(share):
    (a, b), (c, d) = ((low, from_ordinal(int(ordinal(low)) + int(np.sqrt(share) * 2 * LARGEST))) for low in (0.5, 1e-2))
    return lambda x, y: np.hypot(x, y) * np.where((x > a) & (x < b) & (y > c) & (y < d), 1 + 2e-15, 1)


DEFECTS = {
    "log1p": lambda share: (planted(np.log1p, naive_log1p, 3.0e-4, share), sympy.log(1 + x)),
    "expm1": lambda share: (planted(np.expm1, lambda x: np.exp(x) - 1, 1e-5, share), sympy.exp(x) - 1),
    "sin": lambda share: (planted(np.sin, lambda x: np.sin(x) * (1 + 1e-14), 1e200, share), sympy.sin(x)),
    "log_cosh": lambda share: (
        planted(special.log_cosh, lambda x: np.log(np.cosh(x)), 1e-3, share),
        symbolic.LogCosh(x),
    ),
    "hypot": lambda share: (two_planted(share), sympy.sqrt(x**2 + y**2)),
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", WINDOWS)
@pytest.mark.parametrize("name", DEFECTS)
def test_planted_windows_are_found(name, share, seed):
    f, expr = DEFECTS[name](share)
    found = verify(f, expr, rng=seed)
    assert found.status == "failed"
    assert found.max_ulp > 15


def named_window(x):
    return np.where((x > 3.0e-4) & (x < 3.1e-4), np.log(1 + x), np.log1p(x))


@pytest.mark.parametrize("seed", range(5))
def test_window_of_the_goal_is_found(seed):
    found = verify(named_window, sympy.log(1 + x), rng=seed)
    assert found.status == "failed"
    assert 3.0e-4 < found.worst_input["x"] < 3.1e-4


@pytest.mark.parametrize("seed", range(5))
def test_window_is_found_without_extended_precision(seed, monkeypatch):
    monkeypatch.setattr("mathlib.symbolic.verifying.screening.widest", lambda: np.float64)
    found = verify(named_window, sympy.log(1 + x), rng=seed, n=300_000)
    assert found.status == "failed"
    assert 3.0e-4 < found.worst_input["x"] < 3.1e-4
    assert verify(np.log1p, sympy.log(1 + x), rng=seed, n=30_000).passed


def test_single_float_at_the_cut_of_a_condition():
    third = sympy.Piecewise((x, x < sympy.Rational(1, 3)), (x + 1, True))
    assert verify(lambda x: np.where(x <= 1 / 3, x, x + 1), third, n=FEW, rng=1).passed
    found = verify(lambda x: np.where(x < 1 / 3, x, x + 1), third, n=FEW, rng=1)  # 1/3 rounds down: below the cut
    assert not found.passed
    assert found.worst_input == {"x": 1 / 3}
    assert {row.region for row in found.table} == {"(< x 1/3)", "otherwise"}


def test_same_seed_same_result():
    one, two = (verify(np.expm1, sympy.exp(x) - 1, n=FEW, rng=7) for _ in range(2))
    assert one.certificate() == two.certificate()
    assert one.seed == 7
    fresh = verify(np.expm1, sympy.exp(x) - 1, n=FEW)
    again = verify(np.expm1, sympy.exp(x) - 1, n=FEW, rng=fresh.seed)
    assert fresh.worst_input == again.worst_input


def test_unresolved_points_are_counted_and_sampled_by_arb():
    found = verify(scipy.special.erfc, sympy.erfc(x), domain=(-5, 10), n=FEW, rng=1)
    assert found.n_unresolved > FEW // 2
    assert found.n_confirmed > 5_000
    assert not found.passed
    assert found.max_ulp > 30


def test_two_arguments_in_the_order_given():
    assert verify(np.arctan2, sympy.atan2(y, x), [y, x], n=FEW, rng=1).passed
    assert not verify(np.arctan2, sympy.atan2(y, x), [x, y], n=FEW, rng=1).passed


# ---- values that are not numbers, infinities, zeros ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "expr", "fault", "at"),
    [
        (lambda x: np.where(x == 0, np.nan, np.log(x)), sympy.log(x), "nan", 0.0),
        (lambda x: np.where(x == 0, -MAX, np.log(x)), sympy.log(x), "inf", 0.0),
        (lambda x: np.where(x == 0, np.inf, 1 / x), 1 / x, "inf", 0.0),  # -inf at -0
        (lambda x: np.log(np.abs(x)), sympy.log(x), "nan", None),
        (lambda x: np.where(x > 1e308, np.inf, x), x, "inf", None),
        (lambda x: np.where(x > 700, np.inf, np.exp(x)), sympy.exp(x), "inf", None),
    ],
)
def test_misplaced_nan_and_infinity(f, expr, fault, at):
    found = verify(f, expr, [x], n=FEW, rng=1)
    assert not found.passed
    assert found.max_ulp == np.inf
    assert found.mismatches[fault] > 0
    if at is not None:
        assert found.worst_input == {"x": at}


@pytest.mark.parametrize(
    ("f", "expr"),
    [
        (np.log, sympy.log(x)),
        (np.sqrt, sympy.sqrt(x)),
        (lambda x: 1 / x, 1 / x),
        (np.exp, sympy.exp(x)),
        (lambda x: np.where(x == 0, 1, np.sin(x) / np.where(x == 0, 1, x)), sympy.sin(x) / x),  # a removable hole
        (np.arcsin, sympy.asin(x)),
    ],
)
def test_right_special_values_pass(f, expr):
    found = verify(f, expr, n=FEW, rng=1)
    assert found.passed, found
    assert found.mismatches == {"nan": 0, "inf": 0, "zero sign": 0}


def test_wrong_sign_of_zero_is_counted():
    found = verify(lambda x: np.where(x == 0, 0.0, np.sin(x)), sympy.sin(x), n=FEW, rng=1)
    assert found.passed
    assert found.mismatches["zero sign"] > 0
    graph = Graph()
    root = graph.read("(* x (* y z))")
    tiny = {"x": np.array([-1e-200, -0.0]), "y": np.array([1e-200, 1.0]), "z": np.array([1.0, 1.0])}
    assert judge(graph, root, tiny, np.array([0.0, 0.0])).fault.tolist() == ["zero sign", "zero sign"]
    assert judge(graph, root, tiny, np.array([-0.0, -0.0])).fault.tolist() == ["", ""]


def test_infinity_counts_as_two_to_the_1024():
    graph = Graph()
    root = graph.read("(* 2 x)")
    points = {"x": np.array([2.0**1023, MAX / 2, 2.0**1023])}
    judged = judge(graph, root, points, np.array([np.inf, np.inf, MAX]))
    assert judged.ulps.tolist() == [0.0, 1.0, 1.0]


# ---- parts ----------------------------------------------------------------------------------------------------------

TEXTS = [
    "(log (+ 1 x))",
    "(- (exp x) 1)",
    "(/ (- 1 (cos x)) (* x x))",
    "(- (sqrt (+ x 1)) (sqrt x))",
    "(- (log (+ x 1)) (log x))",
    "(- (tan (+ x y)) (tan x))",
    "(- (sin (+ x y)) (sin x))",
    "(- (atan (+ x 1)) (atan x))",
    "(- (cbrt (+ x 1)) (cbrt x))",
    "(/ 1 (- 1 (tanh x)))",
    "(log (exp x))",
    "(/ 1 (+ 1 (exp x)))",
    "(sqrt (+ (* x x) (* y y)))",
    "(pow x y)",
    "(log_cosh x)",
    "(softplus x)",
    "(log1mexp x)",
    "(logaddexp x y)",
    "(exprel x)",
    "(over_expm1 x y)",
    "(cosm1 x)",
    "(sqdf x y)",
    "(sinpi x)",
    "(cospi x)",
    "(langevin x)",
    "(erfc x)",
    "(lgamma x)",
    "(if (< x 1/3) (floor (* x PI)) (ceil x))",
    "(fmax (fabs x) (sign y))",
    "(atan2 x (+ y 1))",
    "(exp2 (log2 x))",
]


@pytest.mark.parametrize("dtype", [np.float64, np.longdouble])
@pytest.mark.parametrize("text", TEXTS)
def test_screen_is_as_good_as_it_says(text, dtype):
    """Where the screen calls itself resolved, Arb agrees within its bound and the rounding of both."""
    rng = np.random.default_rng(3)
    graph = Graph()
    root = graph.read(text)
    box = dict.fromkeys(graph.variables([root]), (-MAX, MAX))
    points = sample(box, 1200, rng)
    zeros = np.zeros(1200)
    found = Screen(graph, root, 0.5, dtype).compare(points, zeros)
    known, bits = exact(graph, root, points, last=2048)
    sure = found.bound <= 0.5
    assert sure.any() or text in ("(langevin x)", "(erfc x)") or dtype is np.float64
    with np.errstate(all="ignore"):
        off = np.abs(found.reference - known) / np.spacing(np.minimum(np.abs(known), MAX / 2))
    checked = sure & (bits > 0) & np.isfinite(known)
    assert (off[checked] <= found.bound[checked] + 1).all()
    infinite = sure & (bits > 0) & np.isinf(known)
    assert (found.reference[infinite] == known[infinite]).all()
    undefined = sure & np.isnan(found.reference)
    assert not (bits[undefined] > 0).any()


def test_random_points_leave_no_gap():
    rng = np.random.default_rng(0)
    k = ordinal(spread((-MAX, MAX), 1000, rng)).astype(float)
    assert (np.diff(k) > 0).all()
    assert np.diff(k).max() <= 2.01 * 2 * LARGEST / 1000
    short = spread((1.0, 1.0 + 2**-50), 1000, rng)
    assert len(np.unique(short)) == 5
    points = sample({"x": (-MAX, MAX), "y": (2.0, 3.0)}, 4000, rng)
    assert all(len(v) == 4000 for v in points.values())
    assert ((points["y"] >= 2) & (points["y"] <= 3)).all()
    assert (np.abs(points["x"]) < MODERATE[1]).mean() > 0.5


def test_moving_saturates_at_the_ends():
    ends = np.array([-MAX, MAX])
    assert moved(ends, np.array([-5, 5]), (-MAX, MAX)).tolist() == ends.tolist()
    assert moved(np.array([-1.0, 1.0]), np.array([2**63 - 1, 1 - 2**63]), (-2.0, 2.0)).tolist() == [2.0, -2.0]
    assert moved(np.array([0.0]), -1, (-1.0, 1.0)).tolist() == [-5e-324]


def test_transitions_are_bisected_to_neighbours():
    def kinds(points):
        return np.stack([points["x"] < 1.25e-7, np.exp(np.minimum(points["x"], 1e4)) == np.inf])

    with np.errstate(over="ignore"):
        found = transition_points({"x": (-MAX, MAX)}, kinds, np.random.default_rng(0))["x"]
    for cut in (1.25e-7, 709.782712893384, np.nextafter(709.782712893384, 999)):
        assert cut in found


def test_condition_number():
    graph = Graph()
    assert condition(graph, graph.read("(pow x 3)"), {"x": 1.7}) == pytest.approx(3, rel=1e-9)
    assert condition(graph, graph.read("(- x y)"), {"x": 1.0, "y": 0.999}) == pytest.approx(1999, rel=1e-9)


def test_domains_come_from_assumptions():
    p, n = sympy.Symbol("p", positive=True), sympy.Symbol("n", nonpositive=True)
    assert intervals([p, n, x], {x: (0, sympy.oo)}) == {"p": (5e-324, MAX), "n": (-MAX, 0.0), "x": (0.0, MAX)}


# ---- certificates ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate():
    return verify(np.log1p, sympy.log(1 + x), n=FEW, rng=2).certificate()


def test_certificate_replays(certificate):
    again = replay(certificate, np.log1p)
    assert again.confirmed
    assert again.n_points == 64
    assert again.changed == ()
    assert again.max_ulp == max(float.fromhex(point[3]) for point in json.loads(certificate)["points"])


def test_replay_notices_another_function(certificate):
    again = replay(certificate, lambda x: np.log1p(x) * (1 + 1e-12))
    assert not again.confirmed
    assert len(again.changed) == again.n_points
    assert again.max_ulp > 1e3


def test_failure_with_infinities_replays():
    f = lambda x: np.where(x < 1, np.nan, np.log(x))  # noqa: E731
    assert replay(verify(f, sympy.log(x), n=FEW, rng=2).certificate(), f).confirmed


@pytest.mark.parametrize("resigned", [False, True])
@pytest.mark.parametrize("column", [0, 1, 2, 3])
def test_tampered_certificate_is_refused(certificate, column, resigned):
    tree = json.loads(certificate)
    value = tree["points"][5][column]
    changed = float.fromhex(value[0] if column == 0 else value) * 1.25
    tree["points"][5][column] = [changed.hex()] if column == 0 else changed.hex()
    if resigned:  # a forger can compute the digest, but not make the numbers come out
        del tree["digest"]
        tree["digest"] = _digest(tree)
    with pytest.raises(ValueError, match="refused" if resigned else "digest"):
        replay(json.dumps(tree), np.log1p)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Expecting"),
        ("[1]", "format"),
        ('{"format": "mathlib.symbolic.verify 1"}', "digest"),
    ],
)
def test_other_text_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        replay(text, np.log1p)


@pytest.mark.parametrize("expression", ["(system x0)", "(log x0 x0)", "q", "(log", "", 7, ["(log x0"]])
def test_hostile_expression_is_refused(certificate, expression):
    tree = json.loads(certificate)
    tree["expression"] = expression if isinstance(expression, list) else [expression]
    del tree["digest"]
    tree["digest"] = _digest(tree)
    with pytest.raises(ValueError):  # noqa: PT011 - each says something else
        replay(json.dumps(tree), np.log1p)


def test_shared_parts_are_written_once():
    graph = Graph()
    root = graph.variable("a b")
    for _ in range(60):
        root = graph.add("+", root, graph.add("sin", root))
    lines = definitions(graph, root, ["a b"])
    assert sum(map(len, lines)) < 5000
    again, end = graph_of(lines, ["a b"])
    assert again.copy(graph, [root]) == [end]


# ---- proofs ---------------------------------------------------------------------------------------------------------

#: stable forms of the 28 problems of Hamming's chapter 3, a box for each
PROVABLE = {
    "3.1": ("(/ 1 (+ (sqrt (+ x 1)) (sqrt x)))", {"x": (1e-3, 1e6)}),
    "3.3": ("(* 2 (* (sin (/ e 2)) (cos (+ x (/ e 2)))))", {"x": (1e-3, 1.0), "e": (1e-10, 0.25)}),
    "3.4": ("(tan (/ x 2))", {"x": (1e-6, 3.0)}),
    "3.5": ("(atan (/ 1 (+ 1 (* N (+ N 1)))))", {"N": (1e-3, 1e6)}),
    "3.6": ("(/ 1 (* (* (sqrt x) (sqrt (+ x 1))) (+ (sqrt (+ x 1)) (sqrt x))))", {"x": (1e-3, 1e6)}),
    "3.3.1": ("(/ -1 (* x (+ x 1)))", {"x": (1e-3, 1e6)}),
    "3.3.2": ("(/ (sin e) (* (cos x) (cos (+ x e))))", {"x": (1e-3, 0.5), "e": (1e-10, 0.25)}),
    "3.3.3": ("(/ 2 (* x (* (- x 1) (+ x 1))))", {"x": (1.5, 1e6)}),
    "3.3.4": (
        "(/ 1 (+ (+ (* (cbrt (+ x 1)) (cbrt (+ x 1))) (* (cbrt (+ x 1)) (cbrt x))) (* (cbrt x) (cbrt x))))",
        {"x": (1e-3, 1e6)},
    ),
    "3.3.5": ("(* -2 (* (sin (/ e 2)) (sin (+ x (/ e 2)))))", {"x": (0.01, 1.0), "e": (1e-10, 0.5)}),
    "3.3.6": ("(log1p (/ 1 N))", {"N": (1e-3, 1e6)}),
    "3.3.7": ("(* 4 (* (sinh (/ x 2)) (sinh (/ x 2))))", {"x": (1e-6, 100.0)}),
    "p42, positive": ("(/ (* -2 c) (+ b (sqrt (+ (* b b) (* 4 c)))))", {"b": (0.1, 10.0), "c": (0.1, 10.0)}),
    "p42, negative": ("(/ (+ b (sqrt (+ (* b b) (* 4 c)))) -2)", {"b": (0.1, 10.0), "c": (0.1, 10.0)}),
    "3.2.1, positive": ("(/ (neg c) (+ b (sqrt (+ (* b b) c))))", {"b": (0.1, 10.0), "c": (0.1, 10.0)}),
    "3.2.1, negative": ("(neg (+ b (sqrt (+ (* b b) c))))", {"b": (0.1, 10.0), "c": (0.1, 10.0)}),
    "3.7": ("(expm1 x)", {"x": (-10.0, 10.0)}),
    "3.10": ("(/ (log1p (neg x)) (log1p x))", {"x": (1e-6, 0.99)}),
    "3.4.1": ("(* 1/2 (* (/ (sin (/ x 2)) (/ x 2)) (/ (sin (/ x 2)) (/ x 2))))", {"x": (1e-6, 3.0)}),
    "3.4.3": ("(* -2 (atanh e))", {"e": (1e-6, 0.99)}),
    "3.4.4": ("(sqrt (+ (exp x) 1))", {"x": (-10.0, 10.0)}),
    "section 3.5": ("(expm1 (* a x))", {"a": (0.1, 1.0), "x": (0.1, 1.0)}),
    "3.11": ("(/ -1 (expm1 (neg x)))", {"x": (1e-6, 30.0)}),
}


def bounds(tolerance):
    found = {}
    for name, (text, box) in PROVABLE.items():
        graph = Graph()
        root = graph.read(text)
        found[name] = proved_bound(graph, root, box, tolerance)
    return found


def test_most_stable_forms_are_proved():
    assert sum(np.isfinite(list(bounds(4.0).values()))) >= 12
    assert sum(np.isfinite(list(bounds(8.0).values()))) >= 20


@pytest.mark.parametrize("name", PROVABLE)
def test_no_error_is_above_the_proved_bound(name):
    """Ten boxes inside the domain: the float64 value of the expression at random points of each, against Arb."""
    text, box = PROVABLE[name]
    graph = Graph()
    root = graph.read(text)
    rng = np.random.default_rng(5)
    for _ in range(10):
        ends = {name: np.sort(spread(side, 50, rng)[rng.choice(50, 2, replace=False)]) for name, side in box.items()}
        small = {name: (float(low), float(high)) for name, (low, high) in ends.items()}
        bound = proved_bound(graph, root, small, 64.0)
        points = {name: rng.uniform(low, high, 200) for name, (low, high) in small.items()}
        worst = judge(graph, root, points, evaluate(graph, [root], points)[0]).ulps.max()
        assert worst <= bound


def test_bound_is_not_loose_for_one_operation_and_sees_cancellation():
    graph = Graph()
    order = graph.live([graph.read("(/ (* x x) 3)")])
    assert bound_on(graph, order, {"x": (1.0, 1.0)}) <= 2.0
    root = graph.read("(- (sqrt (+ x 1)) (sqrt x))")
    assert proved_bound(graph, root, {"x": (1.0, 2.0)}, 64.0) < 20
    assert proved_bound(graph, root, {"x": (1e10, 2e10)}, 64.0) == np.inf


def test_numpy_functions_are_taken_at_what_numpy_promises():
    f = symbolic.compile(symbolic.Log1p(1 / x), backend="numpy")
    found = verify(f, symbolic.Log1p(1 / x), domain=(1e-3, 1e6), n=FEW, rng=1, max_ulp=16)
    assert found.status == "proved"
    assert 4.0 <= found.bound <= 16.0
    assert proved_bound(f.graph, f.roots[0], {"x": (1e-3, 1e6)}, 4.0) <= 4.0


def test_compiled_stable_form_is_proved():
    stable = 1 / (sympy.sqrt(x + 1) + sympy.sqrt(x))
    found = verify(symbolic.compile(stable), stable, domain=(1e-3, 1e6), n=FEW, rng=1)
    assert found.status == "proved"
    assert found.max_ulp <= found.bound <= 4.0
    assert verify(symbolic.compile(stable), stable, domain=(1e-3, 1e6), n=FEW, rng=1, prove="no").status == "sampled"


@pytest.mark.parametrize(
    ("f", "expr", "domain"),
    [
        (lambda: symbolic.compile(sympy.erfc(x)), sympy.erfc(x), (0.5, 2.0)),  # not elementary
        (lambda: np.log1p, symbolic.Log1p(x), (0.5, 2.0)),  # nothing is known of how it is computed
        (lambda: symbolic.compile(symbolic.Log1p(x)), sympy.log(1 + x), (0.5, 2.0)),  # another form
        (lambda: symbolic.compile(symbolic.Log1p(x)), symbolic.Log1p(x), None),  # no box
    ],
)
def test_proof_is_refused(f, expr, domain):
    found = verify(f(), expr, domain=domain, n=FEW, rng=1)
    assert found.passed
    assert found.status == "sampled"
    assert found.bound == np.inf


# ---- bad input, and what must not change -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((3, x), {}, TypeError, "f must be callable"),
        ((np.sin, "sin(x)"), {}, TypeError, "SymPy expression"),
        ((np.sin, x + y, [x]), {}, ValueError, "free symbols y"),
        ((np.sin, x, [x, x]), {}, ValueError, "x more than once"),
        ((np.sin, x, [1]), {}, TypeError, "use symbols"),
        ((np.sin, sympy.Integer(3)), {}, ValueError, "nothing to vary"),
        ((np.sin, x, None, (2, 1)), {}, ValueError, "domain of x is empty"),
        ((np.sin, x, None, (np.nan, 1)), {}, ValueError, "domain of x is empty"),
        ((np.sin, x, None, {y: (0, 1)}), {}, ValueError, "domain names y"),
        ((np.sin, x, None, {x: 3}), {}, TypeError, "two real numbers"),
        ((np.arctan2, x + y, None, (0, 1)), {}, TypeError, "domain must map"),
        ((np.sin, sympy.sin(x)), {"max_ulp": 0}, ValueError, "max_ulp"),
        ((np.sin, sympy.sin(x)), {"max_ulp": np.inf}, ValueError, "max_ulp"),
        ((np.sin, sympy.sin(x)), {"n": 0}, ValueError, "n must be"),
        ((np.sin, sympy.sin(x)), {"prove": True}, ValueError, "prove must be"),
        ((np.sin, sympy.sin(x)), {"rng": "seed"}, TypeError, "rng"),
        ((np.sin, sympy.Function("g")(x)), {}, ValueError, "g"),
        ((lambda x: 1.0, x), {}, TypeError, "float64 array of the shape"),
        ((lambda x: x[1:], x), {}, TypeError, "float64 array of the shape"),
        ((lambda x: x.astype(np.float32), x), {}, TypeError, "float32"),
        ((lambda x: x > 0, x), {}, TypeError, "bool"),
    ],
)
def test_bad_input(arguments, options, error, message):
    with pytest.raises(error, match=message):
        verify(*arguments, **{"n": 100, **options})


def test_what_the_function_raises_comes_through():
    def broken(x):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        verify(broken, x, n=100)

    def writes(x):
        x += 1
        return x

    with pytest.raises(ValueError, match="read-only"):
        verify(writes, x, n=100)


def test_nothing_else_changes():
    before = mpmath.mp.prec, flint.ctx.prec, np.geterr()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verify(lambda x: np.log(1 + x), sympy.log(1 + x), n=2000)
        with pytest.raises(TypeError):
            verify(lambda x: 0, symbolic.LogBesselI(1, x), n=100)
    assert before == (mpmath.mp.prec, flint.ctx.prec, np.geterr())
