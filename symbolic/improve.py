"""One expression of the graph made accurate: sample, rules, candidates, regimes, and a second sample to decide."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from mathlib._lib.dispatch import chosen as backend
from mathlib.symbolic import injection
from mathlib.symbolic.egraph import EGraph
from mathlib.symbolic.evaluate import evaluate
from mathlib.symbolic.extraction import BITS_PER_CYCLE, Extraction
from mathlib.symbolic.ir import LEAVES, Graph
from mathlib.symbolic.oracle import Oracle, agreement
from mathlib.symbolic.ops import OPS
from mathlib.symbolic.ordinals import bits
from mathlib.symbolic.regimes import FORBIDDEN, PENALTY, Segment, best_split, chosen, snapped
from mathlib.symbolic.rules import all_rules
from mathlib.symbolic.sampling import Domain, Sample, sample
from mathlib.symbolic.series import Series, forms as series_forms

ROUNDS = 5
MATCHES = 400  # of one rule in a round
CENTRED = 5 / 12  # of the points of the choice; the others are uniform over all floats
SPECIAL = 12  # more points, of special values
VETO = 40
LEAST_GAIN = 0.02  # bits: for less the original is kept
FEWEST = 8  # points below which nothing is changed
SECOND = 8 / 3  # points of each kind that decide, for each point of the choice
BRANCHES = 6  # sub-expressions that regimes may be cut along
CONDITIONS = frozenset(("<", "<=", ">", ">=", "==", "!=", "and", "or", "not", "if"))


@dataclass(frozen=True)
class Measure:
    """Mean and largest error in bits, and cost."""

    mean: float
    largest: float
    cycles: float


@dataclass(frozen=True)
class Improvement:
    """A form (``root`` in ``graph``), its pieces (condition or None, form), and its measure beside the original's."""

    graph: Graph
    root: int
    pieces: tuple[tuple[int | None, int], ...]
    unchanged: bool
    before: Measure
    after: Measure
    derivation: tuple[str, ...]
    alternatives: tuple[tuple[int, float, float], ...]
    nodes: int
    rejected: int


@contextmanager
def quiet_numpy() -> Iterator[None]:
    """Array bodies of our own routines, no floating-point warnings."""
    token = backend.set("numpy")
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        backend.reset(token)


def improve(
    graph: Graph,
    root: int,
    names: Sequence[str],
    domain: Domain,
    *,
    regimes: bool,
    series: bool,
    max_nodes: int,
    rng: np.random.Generator,
    points: int = 192,
) -> Improvement:
    """
    Return the most accurate form found for an expression.

    Parameters
    ----------
    graph, root : Graph, int
        The expression.
    names : sequence of str
        Its variables.
    domain : Domain
        Where it is evaluated.
    regimes, series, max_nodes, rng, points : bool, bool, int, Generator, int
        As in `stabilize`.

    Returns
    -------
    Improvement
        The form in a graph of its own.
    """
    with quiet_numpy():
        return _Search(graph, root, names, domain, regimes, series, max_nodes, rng, points).run()


def saturated(graph: Graph, root: int, points: Sample, max_nodes: int) -> tuple[EGraph, Oracle, int]:
    """Return the e-graph of equal forms of an expression, the exact values of its classes, and the expression's class."""
    oracle = Oracle(points, VETO)
    egraph = EGraph(max_nodes, oracle.allowed, oracle.born)
    oracle.graph = egraph
    top = egraph.add_tree(graph, root)
    scratch = Graph()
    for place, form in injection.forms(scratch, scratch.copy(graph, [root])[0]):
        egraph.union(egraph.add_tree(scratch, place), egraph.add_tree(scratch, form))
    egraph.rebuild()
    egraph.run(all_rules(), ROUNDS, MATCHES)
    return egraph, oracle, egraph.find(top)


class _Search:
    def __init__(self, graph, root, names, domain, regimes, series, max_nodes, rng, points):  # type: ignore[no-untyped-def]
        self.graph, self.root, self.names, self.domain = graph, root, list(names), domain
        self.regimes, self.series, self.max_nodes, self.rng, self.points = regimes, series, max_nodes, rng, points
        self.terms = Graph()
        self.original = self.terms.copy(graph, [root])[0]
        self.rules: dict[int, str] = {}
        self.nodes = self.rejected = 0

    def run(self) -> Improvement:
        """Find forms, split the sample among them, and decide on the second sample."""
        ops = {str(self.graph.nodes[i][0]) for i in self.graph.live([self.root])}
        if ops & CONDITIONS or not self.names:
            return self.decided([Segment(0, np.inf)], [self.original], None, ())
        centred = round(CENTRED * self.points)
        points = self.sampled(self.points - centred, centred, SPECIAL)
        if len(points) < FEWEST:
            return self.decided([Segment(0, np.inf)], [self.original], None, ())
        forms = self.candidates(points)
        errors = self.scored(forms, points)
        errors = np.where(agreement(self.terms, forms, points), errors, FORBIDDEN)
        usable = [k for k in range(len(forms)) if k == 0 or (errors[k] < FORBIDDEN).any()]
        forms, errors = [forms[k] for k in usable], errors[usable]
        prices = np.array([BITS_PER_CYCLE * cost(self.terms, t) for t in forms])
        alternatives = [(t, float(e.mean()), cost(self.terms, t)) for t, e in zip(forms, errors) if e.max() < FORBIDDEN]
        ranges: list[Series | None] = [None] * len(forms)
        if self.series and len(self.names) == 1:
            extra = self.expansions(points)
            forms += [s.term for s, _ in extra]
            ranges += [s for s, _ in extra]
            errors = np.concatenate([errors, *(e[None] for _, e in extra)])
            prices = np.concatenate([prices, [BITS_PER_CYCLE * cost(self.terms, s.term) for s, _ in extra]])
        return self.split(points, forms, errors + prices[:, None], ranges, alternatives)

    def sampled(self, everywhere: int, centred: int, special: int) -> Sample:
        """Points of the domain."""
        return sample(self.graph, self.root, self.names, self.domain, self.rng, everywhere, centred, special)

    def candidates(self, points: Sample) -> list[int]:
        """The original, and the terms that the rules lead to."""
        egraph, oracle, top = saturated(self.graph, self.root, points, self.max_nodes)
        self.nodes, self.rejected = len(egraph.memo), egraph.rejected
        extraction = Extraction(egraph, oracle.values, oracle.sample.points, self.terms)
        found = extraction.run(top)
        self.rules = extraction.rules
        return list(dict.fromkeys([self.original, *(q.term for q in found)]))

    def scored(self, forms: Sequence[int], points: Sample) -> np.ndarray:
        """Errors in bits of forms at points."""
        values = evaluate(self.terms, forms, points.points)
        return np.array([bits(np.broadcast_to(v, len(points)), points.values) for v in values])

    def expansions(self, points: Sample) -> list[tuple[Series, np.ndarray]]:
        """Truncated series with their errors, forbidden beyond their limits."""
        name = self.names[0]
        x = points.points[name]
        found = []
        for s in series_forms(self.graph, self.root, name, self.terms):
            inside = (s.low <= x) & (x <= s.high)
            if inside.sum() >= 4:
                error = np.where(inside, self.scored([s.term], points)[0], FORBIDDEN)
                found.append((s, error))
        return found

    def split(
        self,
        points: Sample,
        forms: list[int],
        errors: np.ndarray,
        ranges: Sequence[Series | None],
        alternatives: Sequence[tuple[int, float, float]],
    ) -> Improvement:
        """Choose the form, or the forms and where each serves."""
        variables = [points.points[name] for name in self.names] if self.regimes else []
        best = best_split(errors, variables)
        branch = self.terms.variable(self.names[best.variable]) if best.variable >= 0 else None
        x = variables[best.variable] if best.variable >= 0 else None
        if self.regimes and len(self.names) > 1:
            inner = self.branches()
            values = [np.asarray(v) for v in evaluate(self.terms, inner, points.points)]
            other = best_split(errors, values, 2 * PENALTY)
            if other.cost < best.cost:
                best, branch, x = other, inner[other.variable], values[other.variable]
        segments = list(best.segments)
        if x is not None:
            segments = list(snapped(segments, errors, x))
        return self.decided(segments, forms, branch, alternatives, ranges)

    def branches(self) -> list[int]:
        """Sub-expressions of the original that depend on several variables."""
        live = self.terms.live([self.original])[:-1]
        inner = [i for i in live if len(self.terms.variables([i])) > 1]
        return inner[:BRANCHES]

    def decided(
        self,
        segments: Sequence[Segment],
        forms: Sequence[int],
        branch: int | None,
        alternatives: Sequence[tuple[int, float, float]],
        ranges: Sequence[Series | None] = (),
    ) -> Improvement:
        """Drop branches that do not pay on a second sample, and everything if it is worse than the original."""
        count = round(SECOND * self.points)
        second = self.sampled(count, count, 0)
        used = list(dict.fromkeys([self.original, *(forms[s.form] for s in segments)]))
        if not len(second):
            return self.packed([(None, self.original)], np.zeros(1), np.zeros(1), alternatives)
        errors = self.scored(used, second)
        place = {form: k for k, form in enumerate(used)}
        x = np.zeros(len(second))
        if branch is not None:
            x = np.broadcast_to(evaluate(self.terms, [branch], second.points)[0], len(second))
        done = [Segment(place[forms[s.form]], s.upper) for s in segments]
        approximate = {place[forms[s.form]] for s in segments if ranges and ranges[s.form] is not None}

        def price(q: Sequence[Segment]) -> float:
            e = errors[chosen(q, x), np.arange(len(x))].mean()
            cycles = np.mean([cost(self.terms, used[s.form]) for s in q])
            return float(e + PENALTY * (len(q) - 1) + BITS_PER_CYCLE * cycles)

        while len(done) > 1:
            shorter = []
            for i in range(len(done) - 1):
                for keep in (done[i].form, done[i + 1].form):
                    if keep not in approximate:
                        shorter.append([*done[:i], Segment(keep, done[i + 1].upper), *done[i + 2 :]])
            best = min(shorter, key=price, default=done)
            if price(best) >= price(done):
                break
            done = best
        after = errors[chosen(done, x), np.arange(len(x))]
        if after.mean() > errors[0].mean() - LEAST_GAIN:
            done, after = [Segment(0, np.inf)], errors[0]
        pieces: list[tuple[int | None, int]] = []
        for s in done[:-1]:
            assert branch is not None
            pieces.append((self.terms.add("<=", branch, self.terms.number(s.upper)), used[s.form]))
        pieces.append((None, used[done[-1].form]))
        return self.packed(pieces, errors[0], after, alternatives)

    def packed(
        self,
        pieces: Sequence[tuple[int | None, int]],
        before: np.ndarray,
        after: np.ndarray,
        alternatives: Sequence[tuple[int, float, float]],
    ) -> Improvement:
        """Build the nested choice and the result."""
        root = pieces[-1][1]
        for condition, form in reversed(pieces[:-1]):
            assert condition is not None
            root = self.terms.add("if", condition, form, root)
        rules = [self.rules[i] for i in self.terms.live([root]) if i in self.rules]
        return Improvement(
            graph=self.terms,
            root=root,
            pieces=tuple(pieces),
            unchanged=root == self.original,
            before=Measure(float(before.mean()), float(before.max()), cost(self.terms, self.original)),
            after=Measure(float(after.mean()), float(after.max()), cost(self.terms, root)),
            derivation=tuple(dict.fromkeys(rules)),
            alternatives=tuple(alternatives),
            nodes=self.nodes,
            rejected=self.rejected,
        )


def cost(graph: Graph, root: int) -> float:
    """Return the cycles of an expression, shared parts counted once."""
    return sum(OPS[str(graph.nodes[i][0])].cycles for i in graph.live([root]) if graph.nodes[i][0] not in LEAVES)
