"""The exact values of all forms at the sample points, which decide what may be equal and what is accurate."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from mathlib.symbolic.expressions import truth
from mathlib.symbolic.expressions.ir import LEAVES, Graph, Node
from mathlib.symbolic.expressions.ops import OPS
from mathlib.symbolic.rewriting.egraph import EGraph
from mathlib.symbolic.rewriting.sampling import Sample

GUARD = 64  # bits beyond those that the whole expression needed
PARTLY = 0.9  # a form may be undefined at this part of the points where the other is defined

Balls = list[Any]


class Oracle:
    """
    Exact values of the classes of an e-graph, as balls of Arb.

    A few points serve the veto and are known for every class when it is born; the others follow when asked for.

    Parameters
    ----------
    sample : Sample
        The points, with the precision that the whole expression needs at each.
    few : int
        Number of points of the veto.
    """

    def __init__(self, sample: Sample, few: int):
        self.graph: EGraph | None = None
        size = len(sample)
        chosen = np.zeros(size, bool)
        chosen[np.unique(np.linspace(0, size - 1, min(few, size)).round().astype(int))] = True
        parts = np.flatnonzero(chosen), np.flatnonzero(~chosen)
        order = [part[np.argsort(sample.bits[part], kind="stable")] for part in parts]
        self.sample = sample.taken(np.concatenate(order))
        self.few = len(order[0])
        precision = np.maximum(self.sample.bits + GUARD, 192)
        bounds = {0, self.few, size} | {int(i) + 1 for i in np.flatnonzero(np.diff(precision))}
        cuts = sorted(bounds)
        self._runs = [(a, b, int(precision[a:b].max())) for a, b in pairwise(cuts)]
        self._origin: list[Node] = []  # by birth: the node of every class, its operands as they were then
        self._first: list[Balls] = []
        self._rest: list[Balls | None] = []
        self._oldest: dict[int, int] = {}

    def born(self, c: int, node: Node) -> None:
        """Learn of a new class and compute its values for the veto."""
        self._origin.append(node)
        self._first.append(self._evaluated(node, 0, self.few, self._first))
        self._rest.append(None)

    def _evaluated(self, node: Node, start: int, stop: int, values: Sequence[Any]) -> Balls:
        found: Balls = []
        op, *operands = node
        columns = [] if op in LEAVES else [values[c] for c in operands]  # type: ignore[call-overload]
        for a, b, precision in self._runs:
            if not start <= a < stop:
                continue
            with truth.precision(precision):
                if op == "var":
                    found += map(truth.ball, self.sample.points[str(operands[0])][a:b].tolist())
                elif not columns:
                    found += [truth.ball(operands[0]) if op == "num" else truth.apply(str(op), [])] * (b - a)  # type: ignore[arg-type]
                else:
                    found += applied(str(op), [column[a - start : b - start] for column in columns])
        return found

    def allowed(self, c: int, d: int) -> bool:
        """Whether two classes may be equal: no disjoint balls, and points enough where both are defined."""
        first, second = self._first[c], self._first[d]
        defined = agreed = missing = 0
        for x, y in zip(first, second, strict=True):
            if not x.is_finite():
                continue
            defined += 1
            if not y.is_finite():
                missing += 1
            elif not x.overlaps(y):
                return False
            elif known(x) and known(y):
                agreed += 1
        if not agreed or missing > PARTLY * defined:
            return False
        merged = [x if x.is_finite() else y for x, y in zip(first, second, strict=True)]
        self._first[c] = self._first[d] = merged
        return True

    def values(self, c: int) -> np.ndarray:
        """Return the exact values of a class at all points, rounded to float64; NaN where they are not known."""
        assert self.graph is not None
        c = self.graph.find(c)
        return np.array([rounded(x) for x in [*self._first[c], *self._remaining(self._oldest_of(c))]])

    def _oldest_of(self, c: int) -> int:
        """Return the first class that became part of a class: its own node came from the expression or a good rule."""
        assert self.graph is not None
        if not self._oldest:
            for old in range(len(self._origin)):
                self._oldest.setdefault(self.graph.find(old), old)
        return self._oldest[c]

    def _remaining(self, c: int) -> Balls:
        """Values at the points beyond the veto's, operands before what is made of them."""
        assert self.graph is not None
        stack = [c]
        while stack:
            c = stack[-1]
            if self._rest[c] is not None:
                stack.pop()
                continue
            node = self._origin[c]
            # the oldest of an operand's class is never younger than the operand, so this ends
            operands = [] if node[0] in LEAVES else [self._oldest_of(self.graph.find(i)) for i in node[1:]]  # type: ignore[arg-type]
            missing = [i for i in operands if self._rest[i] is None]
            if missing:
                stack += missing
                continue
            node = node if node[0] in LEAVES else (node[0], *operands)
            self._rest[c] = self._evaluated(node, self.few, len(self.sample), self._rest)
            stack.pop()
        result = self._rest[c]
        assert result is not None
        return result


def agreement(graph: Graph, forms: Sequence[int], sample: Sample) -> np.ndarray:
    """
    Return where forms have the exact value of the first one.

    Parameters
    ----------
    graph, forms : Graph, sequence of int
        Expressions.
    sample : Sample
        Points where the first is defined, with the bits that it needs.

    Returns
    -------
    array of bool, shape (forms, points)
        False where a form is undefined, and everywhere for a form that differs at any point.
    """
    good = np.ones((len(forms), len(sample)), bool)
    order = graph.live(forms)
    for width in np.unique(sample.bits):
        index = np.flatnonzero(sample.bits == width)
        with truth.precision(int(width) + GUARD):
            values: dict[int, Balls] = {}
            for i in order:
                op, *rest = graph.nodes[i]
                if op == "var":
                    values[i] = [truth.ball(x) for x in sample.points[str(rest[0])][index].tolist()]
                elif op in LEAVES or not rest:
                    constant = truth.ball(rest[0]) if rest else truth.apply(str(op), [])  # type: ignore[arg-type]
                    values[i] = [constant] * len(index)
                else:
                    values[i] = applied(str(op), [values[j] for j in rest])  # type: ignore[index]
            reference = values[forms[0]]
            for k, form in enumerate(forms[1:], 1):
                for place, x, y in zip(index, reference, values[form], strict=True):
                    if not y.is_finite():
                        good[k, place] = False
                    elif x.is_finite() and not x.overlaps(y):
                        good[k] = False
    return good


def applied(op: str, columns: list[Balls]) -> Balls:
    """Apply an operation at many points; NaN outside its domain."""
    function = OPS[op].truth
    try:
        return list(map(function, *columns))
    except (ValueError, ZeroDivisionError, OverflowError):
        return [truth.apply(op, list(operands)) for operands in zip(*columns, strict=True)]


def known(x: Any) -> bool:
    """Whether a ball says more than the size of a number."""
    return bool(x.is_exact() or x.rel_accuracy_bits() > 20)


def rounded(x: Any) -> float:
    """Return the float64 of a ball, an infinity beyond the range, NaN where the ball does not say."""
    if not x.is_finite():
        return np.nan
    if x.rel_accuracy_bits() > 55 or x.is_exact():
        return float(x.mid())
    return 0.0 if float(x.abs_upper()) == 0.0 else np.nan
