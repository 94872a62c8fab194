"""The most accurate ways to write an expression, found by evaluating candidates in float64 at the sample points.

Every class keeps a few candidate terms: a cover of the lower envelope of their errors. Candidates of a node are the
combinations of those of its operands. Since candidates are terms and not pointers, cycles of the graph do no harm, and
the error that is measured includes overflow, underflow and rounding errors that cancel.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

from mathlib.symbolic.expressions.evaluate import CONSTANTS, nearest, operation
from mathlib.symbolic.expressions.ir import LEAVES, Graph, Node
from mathlib.symbolic.expressions.ops import OPS
from mathlib.symbolic.expressions.ordinals import bits_from_keys, keys
from mathlib.symbolic.rewriting.egraph import EGraph

WIDTH = 4  # candidates of a class
ROOT_WIDTH = 12
SWEEPS = 8
BITS_PER_CYCLE = 0.002  # what a cycle may cost in digits
LEAST_GAIN = 0.05  # bits: a candidate that improves the envelope less is not kept
MOST_CYCLES = 600.0


@dataclass(frozen=True)
class Candidate:
    """A term of the result's graph, its values and errors in bits at the points, and its cost as a tree."""

    term: int
    values: np.ndarray
    errors: np.ndarray
    cycles: float


class Extraction:
    """
    The search for accurate terms.

    Parameters
    ----------
    graph : EGraph
        Equal forms.
    exact : callable
        ``exact(c)`` returns the rounded exact values of a class.
    points : dict of str to array
        The variables.
    terms : Graph
        Where candidate terms are put.
    """

    def __init__(self, graph: EGraph, exact: Callable[[int], np.ndarray], points: dict[str, np.ndarray], terms: Graph):
        self.graph, self.exact, self.points, self.terms = graph, exact, points, terms
        self.size = len(next(iter(points.values()))) if points else 1
        self.best: dict[int, list[Candidate]] = {}
        self.rules: dict[int, str] = {}  # which rule made the outermost operation of a term
        self._known: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._values: dict[int, np.ndarray] = {}
        self._tried: dict[int, dict[int, Candidate]] = {}

    def run(self, root: int) -> list[Candidate]:
        """Return candidates for a class, the most useful first."""
        root = self.graph.find(root)
        order = self._reachable(root)
        users: dict[int, list[int]] = {c: [] for c in order}
        for c in order:
            for nodes in self.graph.members[c].values():
                for node in nodes:
                    for operand in self._operands(node):
                        users[operand].append(c)
        waiting = dict.fromkeys(order)
        for _ in range(SWEEPS):
            changed: dict[int, None] = {}
            for c in order:
                if c in waiting:
                    del waiting[c]
                    if self._improve(c, ROOT_WIDTH if c == root else WIDTH):
                        changed[c] = None
                        waiting.update(dict.fromkeys(users[c]))
            if not changed:
                break
        return self.best.get(root, [])

    def _operands(self, node: Node) -> list[int]:
        return [] if node[0] in LEAVES else [self.graph.find(c) for c in node[1:]]  # type: ignore[arg-type]

    def _reachable(self, root: int) -> list[int]:
        """Classes that the root is made of, those of few operations first."""
        depth: dict[int, int] = {}
        found, stack = {root: None}, [root]
        while stack:
            for nodes in self.graph.members[stack.pop()].values():
                for node in nodes:
                    for c in self._operands(node):
                        if c not in found:
                            found[c] = None
                            stack.append(c)
        pending = list(found)
        level = 0
        while pending:
            level += 1
            rest = []
            for c in pending:
                if any(
                    all(depth.get(i, level) < level for i in self._operands(node))
                    for nodes in self.graph.members[c].values()
                    for node in nodes
                ):
                    depth[c] = level
                else:
                    rest.append(c)
            if len(rest) == len(pending):
                break
            pending = rest
        return sorted(depth, key=lambda c: depth[c])

    def _improve(self, c: int, width: int) -> bool:
        """Try new combinations for a class; return whether its candidates have changed."""
        tried = self._tried.setdefault(c, {})
        fresh: list[Candidate] = []
        for op, nodes in self.graph.members[c].items():
            for node in nodes:
                fresh += self._combined(op, node, c, tried)
        old = self.best.get(c, [])
        pool = old + fresh
        if not fresh:
            return False
        kept = cover(pool, width)
        self.best[c] = kept
        return [q.term for q in kept] != [q.term for q in old]

    def _combined(self, op: str, node: Node, c: int, tried: dict[int, Candidate]) -> list[Candidate]:
        if op in LEAVES or len(node) == 1:
            term = self.terms.intern(node)
            if term in tried:
                return []
            if op == "var":
                values = self.points[str(node[1])]
            else:
                value = nearest(node[1]) if op == "num" else np.float64(CONSTANTS.get(op, np.nan))  # type: ignore[arg-type]
                values = np.full(self.size, value)
            return self._scored([term], values[None], [0.0], c, tried)
        choices = [self.best.get(i) for i in self._operands(node)]
        if not all(choices):
            return []
        terms, parts, cycles = [], [], []
        seen = set()
        for combination in product(*choices):  # type: ignore[arg-type]
            term = self.terms.add(op, *(q.term for q in combination))
            cost = OPS[op].cycles + sum(q.cycles for q in combination)
            if term not in tried and term not in seen and cost <= MOST_CYCLES:
                seen.add(term)
                terms.append(term)
                parts.append(combination)
                cycles.append(cost)
        if not terms:
            return []
        if node in self.graph.made_by:
            for term in terms:
                self.rules.setdefault(term, self.graph.made_by[node])
        columns = [np.array([parts[k][i].values for k in range(len(parts))]) for i in range(len(node) - 1)]
        return self._scored(terms, np.asarray(operation(op)(*columns), np.float64), cycles, c, tried)

    def _scored(
        self, terms: list[int], values: np.ndarray, cycles: list[float], c: int, tried: dict[int, Candidate]
    ) -> list[Candidate]:
        if c not in self._known:
            exact = self.exact(c)
            self._known[c] = keys(exact), np.isnan(exact)
        errors = bits_from_keys(values, *self._known[c])
        found = [Candidate(*row) for row in zip(terms, values, errors, cycles, strict=True)]
        tried.update(zip(terms, found, strict=True))
        return found


def cover(pool: list[Candidate], width: int) -> list[Candidate]:
    """Return up to ``width`` candidates whose least errors are small, each worth its cycles."""
    errors = np.array([q.errors for q in pool])
    price = BITS_PER_CYCLE * np.array([q.cycles for q in pool])
    chosen: list[int] = []
    envelope = np.full(errors.shape[1], np.inf)
    least = np.inf
    for _ in range(width):
        means = np.minimum(errors, envelope).mean(axis=1)
        best = int(np.argmin(means + price))
        if chosen and least - means[best] < LEAST_GAIN:
            break
        chosen.append(best)
        envelope = np.minimum(envelope, errors[best])
        least = float(means[best])
    return [pool[i] for i in chosen]
