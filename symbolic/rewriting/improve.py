"""One expression of the graph made accurate: sample, rules, candidates, regimes, and a second sample to decide."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from mathlib._lib.dispatch import chosen as backend
from mathlib.symbolic.expressions.evaluate import evaluate
from mathlib.symbolic.expressions.ir import LEAVES, Graph
from mathlib.symbolic.expressions.ops import CONDITIONS, OPS
from mathlib.symbolic.expressions.ordinals import bits
from mathlib.symbolic.rewriting import injection
from mathlib.symbolic.rewriting.egraph import EGraph
from mathlib.symbolic.rewriting.extraction import BITS_PER_CYCLE, Extraction
from mathlib.symbolic.rewriting.oracle import Oracle, agreement
from mathlib.symbolic.rewriting.regimes import FORBIDDEN, PENALTY, Segment, best_split, chosen, snapped
from mathlib.symbolic.rewriting.rules import all_rules
from mathlib.symbolic.rewriting.sampling import Domain, Sample, narrowed, sample
from mathlib.symbolic.rewriting.series import forms as series_forms

ROUNDS = 5
MATCHES = 400  # of one rule in a round
CENTRED = 5 / 12  # of the points of the choice; the others are uniform over all floats
SPECIAL = 12  # more points, of special values
VETO = 40
LEAST_GAIN = 0.02  # bits: for less the original is kept
FEWEST = 8  # points below which nothing is changed
SECOND = 8 / 3  # points of each kind that decide, for each point of the choice
ATTEMPTS = 6  # at a split whose forms hold on the second sample
SPECIAL_CHECKS = 40  # special points of the second sample
LOSS = 30.0  # bits: a form that loses so much at a point where the original is good
DREAD = 200.0  # counts as this many bits: it is avoided if a branch can
NEAR = 20.0  # bits: nothing that is nearer can be another value
FEWEST_OF_SERIES = 4  # points within the limits of a series
EVERYWHERE = (-np.inf, np.inf)
WHOLE = (Segment(0, np.inf),)
BRANCHES = 6  # sub-expressions that regimes may be cut along
CHOICES = CONDITIONS | {"if"}


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
    """Return the e-graph of forms equal to an expression, the exact values of its classes, and its class."""
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
    def __init__(
        self,
        graph: Graph,
        root: int,
        names: Sequence[str],
        domain: Domain,
        regimes: bool,
        series: bool,
        max_nodes: int,
        rng: np.random.Generator,
        points: int,
    ):
        self.graph, self.root, self.names, self.domain = graph, root, list(names), narrowed(graph, domain)
        self.regimes, self.series, self.max_nodes, self.rng, self.points = regimes, series, max_nodes, rng, points
        self.terms = Graph()
        self.original = self.terms.copy(graph, [root])[0]
        self.forms = [self.original]
        self.limits = [EVERYWHERE]  # of the variable, where each form holds: series have others
        self.rules: dict[int, str] = {}
        self.nodes = self.rejected = 0

    def run(self) -> Improvement:
        """Find forms, split the sample among them, and decide on the second sample."""
        centred = round(CENTRED * self.points)
        count = round(SECOND * self.points)
        first = self.sampled(self.points - centred, centred, SPECIAL)
        second = self.sampled(count, count, 0)
        ops = {str(self.graph.nodes[i][0]) for i in self.graph.live([self.root])}
        if ops & CHOICES or not self.names or min(len(first), len(second)) < FEWEST:
            errors = self.scored(second) if len(second) else np.zeros((1, 1))
            return self.packed(WHOLE, None, errors, np.zeros(errors.shape[1]), ())
        self.candidates(first)
        self.expansions(first)
        return self.decided(first, second)

    def sampled(self, everywhere: int, centred: int, special: int) -> Sample:
        """Points of the domain."""
        return sample(self.graph, self.root, self.names, self.domain, self.rng, everywhere, centred, special)

    def candidates(self, points: Sample) -> None:
        """Add the terms that the rules lead to."""
        egraph, oracle, top = saturated(self.graph, self.root, points, self.max_nodes)
        self.nodes, self.rejected = len(egraph.memo), egraph.rejected
        extraction = Extraction(egraph, oracle.values, oracle.sample.points, self.terms)
        found = [q.term for q in extraction.run(top)]
        self.rules = extraction.rules
        self.forms = list(dict.fromkeys([self.original, *found]))
        self.limits = [EVERYWHERE] * len(self.forms)

    def expansions(self, points: Sample) -> None:
        """Add truncated series that hold at some of the points."""
        if self.series and len(self.names) == 1:
            x = points.points[self.names[0]]
            for s in series_forms(self.graph, self.root, self.names[0], self.terms):
                if s.term not in self.forms and ((s.low <= x) & (x <= s.high)).sum() >= FEWEST_OF_SERIES:
                    self.forms.append(s.term)
                    self.limits.append((s.low, s.high))

    def scored(self, points: Sample) -> np.ndarray:
        """Errors in bits of the forms at points."""
        values = evaluate(self.terms, self.forms, points.points)
        return np.array([bits(np.broadcast_to(v, len(points)), points.values) for v in values])

    def permitted(self, points: Sample, which: np.ndarray) -> np.ndarray:
        """
        Errors of some of the forms, `FORBIDDEN` where they do not hold.

        A form must agree with the original in exact arithmetic, save where that gives up (as it does for e^(10^300),
        whose inverse is zero) but float64 gives the value; one that differs anywhere holds nowhere. Series have limits.
        """
        errors = self.scored(points)[which]
        holds = agreement(self.terms, [self.original, *(self.forms[k] for k in which)], points)[1:]
        holds |= (errors < NEAR) & holds.any(axis=1, keepdims=True)
        for row, k in enumerate(which):
            low, high = self.limits[k]
            if (low, high) != EVERYWHERE:
                x = points.points[self.names[0]]
                holds[row] = (low <= x) & (x <= high) & (errors[row] < NEAR)
        original = bits(
            np.broadcast_to(evaluate(self.terms, [self.original], points.points)[0], len(points)), points.values
        )
        errors = np.where(errors > original + LOSS, errors + DREAD, errors)
        return np.where(holds, errors, FORBIDDEN)

    def split(self, points: Sample, errors: np.ndarray) -> tuple[tuple[Segment, ...], int | None]:
        """Choose the form, or the forms and along which expression each serves."""
        names = self.names if self.regimes else []
        best = best_split(errors, [points.points[name] for name in names])
        branch = self.terms.variable(names[best.variable]) if best.variable >= 0 else None
        if len(names) > 1:
            inner = self.branches()
            values = [np.asarray(v) for v in evaluate(self.terms, inner, points.points)]
            other = best_split(errors, values, 2 * PENALTY)
            if other.variable >= 0 and other.cost < best.cost:
                best, branch = other, inner[other.variable]
        if branch is None:
            return best.segments, None
        x = np.asarray(evaluate(self.terms, [branch], points.points)[0])
        return snapped(best.segments, errors, x, self.limits), branch

    def branches(self) -> list[int]:
        """Sub-expressions of the original that depend on several variables."""
        live = self.terms.live([self.original])[:-1]
        return [i for i in live if len(self.terms.variables([i])) > 1][:BRANCHES]

    def decided(self, first: Sample, second: Sample) -> Improvement:
        """Drop branches that do not pay on the second sample, forms that do not hold there, or everything."""
        cycles = np.array([cost(self.terms, term) for term in self.forms])
        everyone = np.arange(len(self.forms))
        errors = self.permitted(first, everyone)
        alternatives = [
            (term, float(e.mean()), float(c))
            for term, e, c, span in zip(self.forms, errors, cycles, self.limits, strict=True)
            if e.max() < FORBIDDEN and span == EVERYWHERE
        ]
        special = self.sampled(0, 0, SPECIAL_CHECKS)
        checks = second.joined(special)
        after = self.scored(second)
        permitted: dict[int, np.ndarray] = {}
        counters, at_counters = checks.taken(np.array([], int)), np.zeros((len(self.forms), 0))
        for attempt in range(ATTEMPTS):
            found, branch = self.split(first, errors + BITS_PER_CYCLE * cycles[:, None])
            x, x_counters = (
                np.zeros(len(s)) if branch is None else evaluate(self.terms, [branch], s.points)[0]
                for s in (checks, counters)
            )
            judged = np.concatenate([after, at_counters], axis=1)
            segments = self.pruned(found, judged, np.concatenate([x[: len(second)], x_counters]))
            used = chosen(segments, x)
            if after[used[: len(second)], np.arange(len(second))].mean() > after[0].mean() - LEAST_GAIN:
                break
            wrong = [k for k in np.unique(used) if self.limits[k] != EVERYWHERE and self.overreaching(segments, k)]
            errors[wrong] = FORBIDDEN
            unknown = np.array([k for k in np.unique(used) if k not in permitted], int)
            permitted.update(zip(unknown.tolist(), self.permitted(checks, unknown), strict=True))
            here = np.array([permitted[k][n] for n, k in enumerate(used.tolist())])
            broken = np.flatnonzero(here >= (DREAD if attempt < ATTEMPTS // 2 else FORBIDDEN))
            if not len(broken) and not wrong:
                return self.packed(segments, branch, after, x[: len(second)], alternatives)
            counter = checks.taken(broken)  # the next split heeds these points
            first, counters = first.joined(counter), counters.joined(counter)
            new = self.permitted(counter, everyone)
            errors, at_counters = np.concatenate([errors, new], axis=1), np.concatenate([at_counters, new], axis=1)
        return self.packed(WHOLE, None, after, np.zeros(len(second)), alternatives)

    def pruned(self, segments: Sequence[Segment], errors: np.ndarray, x: np.ndarray) -> list[Segment]:
        """Return segments without those that are not worth a branch."""
        done = list(segments)
        cycles = [cost(self.terms, term) for term in self.forms]

        def price(q: Sequence[Segment]) -> float:
            mean = errors[chosen(q, x), np.arange(len(x))].mean()
            return float(mean + PENALTY * len(q) + BITS_PER_CYCLE * np.mean([cycles[s.form] for s in q]))

        while len(done) > 1:
            shorter = [
                [*done[:i], Segment(keep, done[i + 1].upper), *done[i + 2 :]]
                for i in range(len(done) - 1)
                for keep in (done[i].form, done[i + 1].form)
                if self.limits[keep] == EVERYWHERE
            ]
            best = min(shorter, key=price, default=done)
            if price(best) >= price(done):
                break
            done = best
        return done

    def overreaching(self, segments: Sequence[Segment], form: int) -> bool:
        """Whether a series is used beyond its limits at an end of the domain."""
        low, high = self.domain.interval(self.names[0])
        ends = self.limits[form]
        largest = float(np.finfo(np.float64).max)
        return (segments[0].form == form and max(ends[0], -largest) > low) or (
            segments[-1].form == form and min(ends[1], largest) < high
        )

    def packed(
        self,
        segments: Sequence[Segment],
        branch: int | None,
        errors: np.ndarray,
        x: np.ndarray,
        alternatives: Sequence[tuple[int, float, float]],
    ) -> Improvement:
        """Build the nested choice and the result."""
        pieces: list[tuple[int | None, int]] = [(None, self.forms[segments[-1].form])]
        root = pieces[0][1]
        for s in reversed(segments[:-1]):
            assert branch is not None
            condition = self.terms.add("<=", branch, self.terms.number(s.upper))
            pieces.insert(0, (condition, self.forms[s.form]))
            root = self.terms.add("if", condition, self.forms[s.form], root)
        after = errors[chosen(segments, x), np.arange(len(x))]
        rules = [self.rules[i] for i in self.terms.live([root]) if i in self.rules]
        return Improvement(
            graph=self.terms,
            root=root,
            pieces=tuple(pieces),
            unchanged=root == self.original,
            before=Measure(float(errors[0].mean()), float(errors[0].max()), cost(self.terms, self.original)),
            after=Measure(float(after.mean()), float(after.max()), cost(self.terms, root)),
            derivation=tuple(dict.fromkeys(rules)),
            alternatives=tuple(alternatives),
            nodes=self.nodes,
            rejected=self.rejected,
        )


def cost(graph: Graph, root: int) -> float:
    """Return the cycles of an expression, shared parts counted once."""
    return sum(OPS[str(graph.nodes[i][0])].cycles for i in graph.live([root]) if graph.nodes[i][0] not in LEAVES)
