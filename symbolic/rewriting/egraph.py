"""Many ways to write an expression, kept together: an e-graph, with a veto on every claim that two ways are equal.

A class is a set of nodes that denote the same function, a node an operation on classes. Equal nodes are stored once
(``memo``); after a union, nodes that have become equal are merged in `rebuild` (deferred congruence: Willsey et al.,
egg: Fast and extensible equality saturation, POPL 2021).
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import isqrt

from mathlib.symbolic.expressions.ir import LEAVES, Graph, Node
from mathlib.symbolic.rewriting.matching import COMMUTATIVE, Builder, Matcher, builder, interned
from mathlib.symbolic.rewriting.rules import Rule

LARGEST_CONSTANT = 10**12  # of numerator and denominator: folding must not produce numbers without end


class EGraph:
    """
    Classes of equal expressions.

    Parameters
    ----------
    limit : int
        Number of nodes at which rules stop.
    allowed : callable
        ``allowed(c, d)`` says whether two classes may be equal; asked before every union.
    born : callable
        ``born(c, node)`` is told of every new class.
    """

    def __init__(self, limit: int, allowed: Callable[[int, int], bool], born: Callable[[int, Node], None]):
        self.limit, self.allowed, self.born = limit, allowed, born
        self.memo: dict[Node, int] = {}
        self.members: dict[int, dict[str, dict[Node, None]]] = {}  # of each class, by operation, in order of birth
        self.constants: dict[int, Fraction] = {}
        self.made_by: dict[Node, str] = {}
        self.rejected = 0
        self._leader: list[int] = []
        self._dirty = False
        self._rule = ""

    def find(self, c: int) -> int:
        """Return the class into which a class has been merged."""
        leader = self._leader
        while leader[c] != c:
            leader[c] = c = leader[leader[c]]
        return c

    def canonical(self, node: Node) -> Node:
        """Return a node on present classes, operands of commutative operations sorted."""
        op = node[0]
        if op in LEAVES:
            return node
        operands = tuple(map(self.find, node[1:]))  # type: ignore[arg-type]
        if op in COMMUTATIVE and operands[0] > operands[1]:
            operands = operands[::-1]
        return node if operands == node[1:] else (op, *operands)

    def add(self, node: Node) -> int:
        """Return the class of a node."""
        node = self.canonical(node)
        found = self.memo.get(node)
        if found is not None:
            return self.find(found)
        value = folded(node, self.constants)
        if value is not None:
            found = self.memo[node] = self.add(("num", value))
            return found
        c = len(self._leader)
        self._leader.append(c)
        self.memo[node] = c
        self.members[c] = {str(node[0]): {node: None}}
        if node[0] == "num":
            self.constants[c] = interned(node)
        if self._rule:
            self.made_by[node] = self._rule
        self.born(c, node)
        return c

    def add_tree(self, graph: Graph, root: int) -> int:
        """Return the class of an expression of a graph."""
        done: dict[int, int] = {}
        for i in graph.live([root]):
            node = graph.nodes[i]
            done[i] = self.add(node if node[0] in LEAVES else (node[0], *(done[j] for j in graph.operands(i))))
        return done[root]

    def union(self, c: int, d: int) -> bool:
        """Merge two classes unless it is vetoed; return whether they are one now."""
        c, d = self.find(c), self.find(d)
        if c == d:
            return True
        if not self.allowed(c, d):
            self.rejected += 1
            return False
        self._merge(c, d)
        return True

    def _merge(self, c: int, d: int) -> None:
        self._leader[d] = c
        for op, nodes in self.members.pop(d).items():
            self.members[c].setdefault(op, {}).update(nodes)
        if d in self.constants:
            self.constants[c] = self.constants.pop(d)
        self._dirty = True

    def rebuild(self) -> None:
        """Restore congruence: operations on equal classes are equal, and all nodes are canonical."""
        while self._dirty:
            self._dirty = False
            self.memo = {}
            makers: dict[Node, str] = {}
            equal = []
            for c, members in self.members.items():
                for op, nodes in members.items():
                    renewed: dict[Node, None] = {}
                    members[op] = renewed
                    for node in nodes:
                        new = self.canonical(node)
                        renewed[new] = None
                        maker = self.made_by.get(node, "")
                        makers[new] = makers.get(new, maker) and maker  # no rule made what was given
                        other = self.memo.setdefault(new, c)
                        if other != c:
                            equal.append((other, c))
            self.made_by = {node: maker for node, maker in makers.items() if maker}
            for c, d in equal:
                self.union(c, d)  # where the veto knows better, an earlier union was wrong: they stay apart

    def run(self, rules: Sequence[Rule], rounds: int, matches: int) -> None:
        """
        Apply rules until nothing changes, the graph is full or the rounds are over.

        Parameters
        ----------
        rules : sequence of Rule
            The first are applied first, so that a full graph cuts off the last.
        rounds : int
            Largest number of rounds.
        matches : int
            Largest number of matches of one rule in one round.
        """
        compiled: dict[Rule, tuple[Matcher, Builder]] = {}
        applied: set[tuple[object, ...]] = set()
        for _ in range(rounds):
            before = len(self._leader), len(self.members)
            present = {op for members in self.members.values() for op in members}
            found = []
            for rule in rules:
                if rule.left[0] not in present:
                    continue
                if rule not in compiled:
                    match = Matcher(rule.left, self.members, self.constants)
                    compiled[rule] = match, builder(rule.right, match.names, self.find, self.add)
                match, build = compiled[rule]
                for c, slots in match.matches(str(rule.left[0]), matches):
                    key = (rule.text, c, *slots)
                    if key not in applied:
                        applied.add(key)
                        found.append((rule, build, c, slots))
            for rule, build, c, slots in found:
                if len(self.memo) > self.limit:
                    break
                self._rule = rule.text
                self.union(c, build(slots))
            self._rule = ""
            self.rebuild()
            if len(self.memo) > self.limit or (len(self._leader), len(self.members)) == before:
                break


def folded(node: Node, constants: Mapping[int, Fraction]) -> Fraction | None:
    """Return the value of an operation on constants where it is a small rational number."""
    op, *operands = node
    if op in LEAVES or not operands or not all(c in constants for c in operands):
        return None
    a = [constants[c] for c in operands]  # type: ignore[index]
    value: Fraction | None = None
    match op:
        case "+":
            value = a[0] + a[1]
        case "-":
            value = a[0] - a[1]
        case "*":
            value = a[0] * a[1]
        case "/" if a[1]:
            value = a[0] / a[1]
        case "neg":
            value = -a[0]
        case "fabs":
            value = abs(a[0])
        case "sqrt" | "signed_sqrt" if a[0] >= 0:
            top, low = isqrt(a[0].numerator), isqrt(a[0].denominator)
            value = Fraction(top, low) if Fraction(top * top, low * low) == a[0] else None
    if value is None or abs(value.numerator) > LARGEST_CONSTANT or value.denominator > LARGEST_CONSTANT:
        return None
    return value
