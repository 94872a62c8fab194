"""The search for the largest error of a function: screen many points, confirm suspects by Arb, climb from the worst."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from mathlib.symbolic.expressions.domains import Interval
from mathlib.symbolic.expressions.evaluate import evaluate
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import OPS
from mathlib.symbolic.expressions.ordinals import bits
from mathlib.symbolic.verifying.confirmation import Judged, judge
from mathlib.symbolic.verifying.screening import Comparison, Screen
from mathlib.symbolic.verifying.search import Points, climb, kind, sample, special_points, transition_points

WORST = 64  # points confirmed and climbed from
STRANGE = 32  # points confirmed of those where just one side is NaN or infinite
EXACT_WORK = 120_000  # operations of Arb spent on points that the screen does not resolve
SLOW, SLOWER = 60.0, 50  # an operation that takes so many cycles in float64 counts so many times for Arb
NODES = 256  # sub-expressions whose transitions are looked for

Expression = tuple[Graph, int]


class Confirmed(NamedTuple):
    """Points judged by Arb, with what the function gave."""

    points: Points
    computed: np.ndarray
    judged: Judged


class Findings(NamedTuple):
    """
    All that a search saw.

    Attributes
    ----------
    confirmed : Confirmed
        The points judged one by one.
    random : dict of str to array of shape (n,)
        The random points.
    ulps, bits : array of shape (n,)
        The error at each of them; NaN where it is not known.
    weights : array of shape (n,)
        For how many random points each stands.
    relative : float
        Largest relative error among the resolved points.
    n_points, n_unresolved : int
        Points compared, and those that the screen does not resolve.
    """

    confirmed: Confirmed
    random: Points
    ulps: np.ndarray
    bits: np.ndarray
    weights: np.ndarray
    relative: float
    n_points: int
    n_unresolved: int


def values(f: Callable[..., Any], points: Points) -> np.ndarray:
    """Return what the function gives at the points; they are handed over read-only."""
    arrays = [np.array(x) for x in points.values()]
    for x in arrays:
        x.flags.writeable = False
    with np.errstate(all="ignore"):
        y = f(*arrays)
    if not isinstance(y, np.ndarray) or y.dtype != np.float64 or y.shape != arrays[0].shape:
        what = f"{y.dtype} array of shape {y.shape}" if isinstance(y, np.ndarray) else type(y).__name__
        raise TypeError(f"f must return a float64 array of the shape {arrays[0].shape} of its arguments, got {what}")
    return y


def search_errors(
    f: Callable[..., Any],
    expression: Expression,
    form: Expression | None,
    box: Mapping[str, Interval],
    tolerance: float,
    n: int,
    rng: np.random.Generator,
) -> Findings:
    """
    Search a domain for the largest errors.

    Parameters
    ----------
    f : callable
        The function.
    expression : (Graph, int)
        What it should compute.
    form : (Graph, int) or None
        How it computes it, if that is known.
    box : mapping of str to (float, float)
        The domain.
    tolerance : float
        Error that is allowed, in units in the last place.
    n : int
        Number of random points.
    rng : Generator
        Their choice.

    Returns
    -------
    Findings
        What was seen.
    """
    screen = Screen(*expression, tolerance / 8)
    random = sample(box, n, rng)
    few, many = special_points(box, rng)
    turns = transition_points(box, _kinds(f, [expression] + ([form] if form else [])), rng)
    points = _joined([random, many, turns])
    computed = values(f, points)
    compared = screen.compare(points, computed)
    resolved = compared.bound <= screen.enough
    chosen = _suspects(compared, resolved, EXACT_WORK // _work(expression), rng)
    parts = [_confirmed(f, expression, few)]
    rows = {name: x[chosen] for name, x in points.items()}
    parts.append(Confirmed(rows, computed[chosen], judge(*expression, rows, computed[chosen])))

    def suspicion(at: Points) -> np.ndarray:
        found = screen.compare(at, values(f, at))
        known = found.bound <= screen.enough
        return np.asarray(np.where(known, found.distance, np.maximum(_certain(found), 0.0)))

    def error(at: Points) -> np.ndarray:
        return np.asarray(np.nan_to_num(judge(*expression, at, values(f, at)).ulps, nan=0.0, posinf=1e300))

    start = _worst(parts, WORST)
    parts.append(_confirmed(f, expression, climb(start, suspicion, box, rng, rounds=40, children=16)))
    if not resolved.all():
        exact_rounds = max(1, min(12, EXACT_WORK // (128 * _work(expression))))
        few_starts = {name: x[:8] for name, x in _worst(parts, 8).items()}
        parts.append(_confirmed(f, expression, climb(few_starts, error, box, rng, rounds=exact_rounds, children=8)))

    ulps = np.where(resolved[:n], compared.distance[:n], np.nan)
    error_bits = np.where(
        resolved[:n] & ~np.isnan(compared.reference[:n]), bits(computed, compared.reference)[:n], np.nan
    )
    inside, judged = chosen < n, parts[1].judged
    ulps[chosen[inside]] = judged.ulps[inside]
    known = np.where(np.isnan(judged.exact), np.nan, bits(computed[chosen], judged.exact))
    error_bits[chosen[inside]] = known[inside]
    looked_up = np.zeros(n, bool)
    looked_up[chosen[inside]] = True
    share = (~resolved[:n]).sum() / max(1, (looked_up & ~resolved[:n]).sum())
    weights = np.where(resolved[:n], 1.0, np.where(looked_up, share, 0.0))
    total = sum(len(part.computed) for part in parts) - len(chosen) + len(computed)
    relative = largest_relative(compared.reference[resolved], compared.distance[resolved])
    unresolved = int((~resolved).sum())
    return Findings(_merged(parts), random, ulps, error_bits, weights, relative, total, unresolved)


def largest_relative(exact: np.ndarray, ulps: np.ndarray) -> float:
    """Return the largest relative error where the exact value is a normal number and the computed one finite."""
    size = np.abs(exact)
    normal = (size >= 2.0**-1022) & (size < 2.0**1023) & np.isfinite(ulps)
    return float(np.max(ulps[normal] * np.spacing(size[normal]) / size[normal], initial=0.0))


def _certain(compared: Comparison) -> np.ndarray:
    """Return the error that is left when that of the reference is taken off; of strange points nothing is."""
    return np.asarray(np.where(np.isfinite(compared.distance), compared.distance, 0.0) - compared.bound)


def _suspects(compared: Comparison, resolved: np.ndarray, budget: int, rng: np.random.Generator) -> np.ndarray:
    """Return the points to confirm: the worst of both kinds, some strange ones, a random part of the unresolved."""
    finite = np.isfinite(compared.distance)
    chosen = []
    for group, least in ((resolved, compared.distance), (~resolved, _certain(compared))):
        rows = np.flatnonzero(group & finite)
        chosen.append(rows if len(rows) <= WORST else rows[np.argpartition(least[rows], -WORST)[-WORST:]])
        strange = np.flatnonzero(group & ~finite)
        chosen.append(rng.choice(strange, min(STRANGE, len(strange)), replace=False))
    unresolved = np.flatnonzero(~resolved)
    chosen.append(rng.choice(unresolved, min(budget, len(unresolved)), replace=False))
    return np.unique(np.concatenate(chosen))


def _work(expression: Expression) -> int:
    """Return the cost of one exact value in elementary operations of Arb."""
    graph, root = expression
    ops = [OPS[str(graph.nodes[i][0])] for i in graph.live([root]) if graph.operands(i)]
    return 1 + sum(SLOWER if op.cycles >= SLOW else 1 + int(op.cycles > 4) for op in ops)


def _kinds(f: Callable[..., Any], expressions: list[Expression]) -> Callable[[Points], np.ndarray]:
    """Return the function that tells the kinds of values of all sub-expressions, and of the function itself."""
    nodes = [(graph, [i for i in graph.live([root]) if graph.operands(i)][-NODES:]) for graph, root in expressions]

    def kinds(points: Points) -> np.ndarray:
        seen = [values(f, points)]
        for graph, order in nodes:
            seen += evaluate(graph, order, points)
        return np.stack([np.broadcast_to(kind(v), seen[0].shape) for v in seen])

    return kinds


def _confirmed(f: Callable[..., Any], expression: Expression, points: Points) -> Confirmed:
    computed = values(f, points)
    return Confirmed(points, computed, judge(*expression, points, computed))


def _merged(parts: list[Confirmed]) -> Confirmed:
    judged = Judged(*(np.concatenate(columns) for columns in zip(*(part.judged for part in parts), strict=True)))
    return Confirmed(_joined([p.points for p in parts]), np.concatenate([p.computed for p in parts]), judged)


def _worst(parts: list[Confirmed], count: int) -> Points:
    """Return the confirmed points of the largest errors."""
    merged = _merged(parts)
    rows = np.argsort(-np.nan_to_num(merged.judged.ulps, nan=-1.0, posinf=np.inf), kind="stable")[:count]
    return {name: x[rows] for name, x in merged.points.items()}


def _joined(parts: list[Points]) -> Points:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
