"""Patterns as closures: finding them in the classes of an e-graph, and building them there."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache

from mathlib.symbolic.expressions.ir import Node

COMMUTATIVE = frozenset(("+", "*", "hypot", "fmax", "fmin", "logaddexp"))
STEPS = 50  # nodes that a rule may look at for each match that it may have

Match = tuple[int, tuple[int, ...]]  # a class, and the classes of the variables of the pattern
Members = Mapping[int, Mapping[str, Mapping[Node, None]]]
Builder = Callable[[tuple[int, ...]], int]


class Enough(Exception):
    """The matches that a rule may have in one round have been found."""


class Matcher:
    """
    A pattern turned into closures that call each other on success, which is several times faster than walking it.

    Parameters
    ----------
    pattern : tuple
        What to look for.
    members, constants : mapping
        The nodes of the classes by operation, and the values of constant classes; both may change between searches.
    """

    def __init__(self, pattern: Node, members: Members, constants: Mapping[int, Fraction]):
        self.members, self.constants = members, constants
        self.names: dict[str, int] = {}
        self._collect(pattern)
        self.slots: list[int] = [0] * len(self.names)  # classes of the variables, then operands that wait
        self._bound: set[str] = set()
        self._most = 0
        self._steps = 0
        self._class = 0
        self._found: list[Match] = []
        self._match = self._compile(pattern, self._success)

    def matches(self, head: str, most: int) -> list[Match]:
        """Return at most so many (class, classes of the variables); classes must be as `EGraph.rebuild` leaves them."""
        self._found, self._most, self._steps = [], most, STEPS * most
        for c, members in self.members.items():
            if head in members:
                self._class = c
                try:
                    self._match(c)
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
            value, constants = interned(pattern), self.constants

            def number(c: int) -> None:
                if constants.get(c) is value:
                    then()

            return number
        return self._operation(op, pattern[1:], then)  # type: ignore[arg-type]

    def _operation(self, op: str, parts: tuple[Node, ...], then: Callable[[], None]) -> Callable[[int], None]:
        members = self.members
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
        members, slots = self.members, self.slots
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
                if not both or a == b:
                    continue
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


def builder(pattern: Node, names: Mapping[str, int], find: Callable[[int], int], add: Callable[[Node], int]) -> Builder:
    """Return a function from the classes of a match to the class of the right side of a rule."""
    op = str(pattern[0])
    if op == "var":
        place = names[str(pattern[1])]
        return lambda slots: find(slots[place])
    if op == "num":
        return lambda slots: add(pattern)
    parts = [builder(part, names, find, add) for part in pattern[1:]]  # type: ignore[arg-type]
    return lambda slots: add((op, *(part(slots) for part in parts)))
