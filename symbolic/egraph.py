"""Many ways to write an expression, kept together: an e-graph, with a veto on every claim that two ways are equal.

A class is a set of nodes that denote the same function, a node an operation on classes. Equal nodes are stored once
(``memo``); after a union, nodes that have become equal are merged in `rebuild` (deferred congruence: Willsey et al.,
egg: Fast and extensible equality saturation, POPL 2021).
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from math import isqrt

from mathlib.symbolic.ir import LEAVES, Graph, Node
from mathlib.symbolic.rules import Rule

COMMUTATIVE = frozenset(("+", "*", "hypot", "fmax", "fmin", "logaddexp"))
STEPS = 50  # nodes that a rule may look at for each match that it may have
LARGEST_CONSTANT = 10**12  # of numerator and denominator: folding must not produce numbers without end


class Enough(Exception):
    """The matches that a rule may have in one round have been found."""


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
                    members[op] = renewed = {}
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
        compiled: dict[Rule, tuple[Matcher, Callable[[tuple[int, ...]], int]]] = {}
        applied: set[tuple[object, ...]] = set()
        for _ in range(rounds):
            before = len(self._leader), len(self.members)
            present = {op for members in self.members.values() for op in members}
            found = []
            for rule in rules:
                if rule.left[0] not in present:
                    continue
                if rule not in compiled:
                    match = Matcher(rule.left, self)
                    compiled[rule] = match, built(rule.right, match.names, self)
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


class Matcher:
    """
    A pattern turned into closures that call each other on success, which is several times faster than walking it.

    ``slots`` holds the classes bound to the variables of the pattern, and after them operands that still wait.
    """

    def __init__(self, pattern: Node, graph: EGraph):
        self.graph = graph
        self.names: dict[str, int] = {}
        self._collect(pattern)
        self.slots: list[int] = [0] * len(self.names)
        self._bound: set[str] = set()
        self._most = 0
        self._steps = 0
        self._class = 0
        self._found: list[tuple[int, tuple[int, ...]]] = []
        self._match = self._compile(pattern, self._success)

    def matches(self, head: str, most: int) -> list[tuple[int, tuple[int, ...]]]:
        """Return at most so many (class, classes of the variables); classes must be as `EGraph.rebuild` leaves them."""
        self._found, self._most, self._steps = [], most, STEPS * most
        for self._class, members in self.graph.members.items():
            if head in members:
                try:
                    self._match(self._class)
                except Enough:
                    break
        return self._found

    def _success(self) -> None:
        self._found.append((self._class, tuple(self.slots[: len(self.names)])))
        if len(self._found) >= self._most:
            raise Enough

    def _collect(self, pattern: Node) -> None:
        if pattern[0] == "var":
            self.names.setdefault(str(pattern[1]), len(self.names))
        elif pattern[0] != "num":
            for part in pattern[1:]:
                self._collect(part)  # type: ignore[arg-type]

    def _compile(self, pattern: Node, then: Callable[[], None]) -> Callable[[int], None]:
        op, slots = str(pattern[0]), self.slots
        if op == "var":
            place = self.names[str(pattern[1])]
            if pattern[1] in self._bound:

                def again(c: int) -> None:
                    if slots[place] == c:
                        then()

                return again
            self._bound.add(str(pattern[1]))

            def first(c: int) -> None:
                slots[place] = c
                then()

            return first
        if op == "num":
            value, constants = interned(pattern), self.graph.constants

            def number(c: int) -> None:
                if constants.get(c) is value:
                    then()

            return number
        return self._operation(op, pattern[1:], then)  # type: ignore[arg-type]

    def _operation(self, op: str, parts: tuple[Node, ...], then: Callable[[], None]) -> Callable[[int], None]:
        members = self.graph.members
        if not parts:

            def constant(c: int) -> None:
                if op in members[c]:
                    then()

            return constant
        if len(parts) == 1:
            inner, head = self._compile(parts[0], then), _head(parts[0])

            def unary(c: int) -> None:
                for node in members[c].get(op, ()):
                    if not head or head in members[node[1]]:  # type: ignore[index]
                        inner(node[1])  # type: ignore[arg-type]

            return unary
        if len(parts) != 2:
            raise ValueError(f"rules know operations of one or two operands, not {op!r}")
        return self._binary(op, parts, then)

    def _binary(self, op: str, parts: tuple[Node, ...], then: Callable[[], None]) -> Callable[[int], None]:
        """Operands are matched in the order of the pattern: the first use of a variable binds it."""
        members, slots = self.graph.members, self.slots
        slots.append(0)
        waiting = len(slots) - 1
        holder: list[Callable[[int], None]] = []
        left = self._compile(parts[0], lambda: holder[0](slots[waiting]))
        holder.append(self._compile(parts[1], then))
        both = op in COMMUTATIVE
        left_head, right_head = map(_head, parts)

        def binary(c: int) -> None:
            nodes = members[c].get(op, ())
            self._steps -= len(nodes)
            if self._steps < 0:
                raise Enough
            for node in nodes:
                a, b = node[1], node[2]
                if (not left_head or left_head in members[a]) and (not right_head or right_head in members[b]):  # type: ignore[index]
                    slots[waiting] = b  # type: ignore[call-overload]
                    left(a)  # type: ignore[arg-type]
                if both and a != b:
                    if (not left_head or left_head in members[b]) and (not right_head or right_head in members[a]):  # type: ignore[index]
                        slots[waiting] = a  # type: ignore[call-overload]
                        left(b)  # type: ignore[arg-type]

        return binary


def _head(pattern: Node) -> str:
    """The operation without which a class cannot match; empty for a variable."""
    return "" if pattern[0] == "var" else str(pattern[0])


@cache
def interned(node: Node) -> Fraction:
    """Return one object for each number, so that numbers are compared by identity."""
    return node[1]  # type: ignore[return-value]


def built(pattern: Node, names: Mapping[str, int], graph: EGraph) -> Callable[[tuple[int, ...]], int]:
    """Return a function from the classes of a match to the class of the right side of a rule."""
    op = str(pattern[0])
    if op == "var":
        place = names[str(pattern[1])]
        return lambda slots: graph.find(slots[place])
    if op == "num":
        return lambda slots: graph.add(pattern)
    parts = [built(part, names, graph) for part in pattern[1:]]  # type: ignore[arg-type]
    return lambda slots: graph.add((op, *(part(slots) for part in parts)))
