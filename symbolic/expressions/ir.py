"""Expressions as a hash-consed graph: every sub-expression exists once, is a small integer, and follows its operands.

Walks are loops over sorted integers, so no depth of nesting can exhaust a stack, and common sub-expressions are shared
from the start. What an operation means is said in `mathlib.symbolic.expressions.ops`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from mathlib.symbolic.expressions.s_expressions import Tree, read_one

#: ``(operation, *operands)``, or a leaf: ``("var", name)``, ``("num", Fraction)``
Node = tuple[object, ...]
LEAVES = ("var", "num")
LONGEST_NUMBER = 1000  # characters
#: an exponent of any length could fill the memory
_NUMBER = re.compile(r"[+-]?(\d+(/\d+)?|(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?)")


class Graph:
    """
    A growing set of expressions; nodes are never changed or removed.

    ``nodes[i]`` describes expression ``i``; its operands have smaller numbers. Constants such as pi are operations
    without operands.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._index: dict[Node, int] = {}
        self._whole: dict[int, int] = {}  # numbers of whole constants: hashing a fraction takes long

    def add(self, op: str, *operands: int) -> int:
        """Return the number of an operation on expressions that are in the graph."""
        return self.intern((op, *operands))

    def intern(self, node: Node) -> int:
        """Return the number of a node, appended if it is new."""
        number = self._index.get(node)
        if number is None:
            number = self._index[node] = len(self.nodes)
            self.nodes.append(node)
        return number

    def number(self, value: Fraction | int | float) -> int:
        """Return the number of an exact constant; a float stands for its binary value."""
        if type(value) is not int:
            return self.intern(("num", Fraction(value)))
        if value not in self._whole:
            self._whole[value] = self.intern(("num", Fraction(value)))
        return self._whole[value]

    def variable(self, name: str) -> int:
        """Return the number of a variable."""
        return self.intern(("var", name))

    def operands(self, i: int) -> tuple[int, ...]:
        """Return the operands of an expression."""
        node = self.nodes[i]
        return () if node[0] in LEAVES else node[1:]  # type: ignore[return-value]

    def value(self, i: int) -> Fraction | None:
        """Return the value of an exact constant, None for anything else."""
        node = self.nodes[i]
        return node[1] if node[0] == "num" else None  # type: ignore[return-value]

    def live(self, roots: Iterable[int]) -> list[int]:
        """Return all sub-expressions of the roots, operands first."""
        found: set[int] = set()
        stack = list(roots)
        while stack:
            i = stack.pop()
            if i not in found:
                found.add(i)
                stack += self.operands(i)
        return sorted(found)

    def variables(self, roots: Iterable[int]) -> list[str]:
        """Return the names of the variables of the roots, sorted."""
        return sorted(str(self.nodes[i][1]) for i in self.live(roots) if self.nodes[i][0] == "var")

    def tree(self, tree: Tree, names: Mapping[str, int]) -> int:
        """Return the number of an S-expression; ``names`` gives the atoms that stand for expressions of the graph."""
        done: list[list[int | str]] = [[]]
        stack: list[Tree | None] = [tree]  # None: the list opened last is complete
        while stack:
            item = stack.pop()
            if item is None:
                op, *operands = done.pop()
                done[-1].append(self.add(_operator(str(op), len(operands)), *operands))  # type: ignore[arg-type]
            elif isinstance(item, str):
                done[-1].append(names[item] if item in names else self._atom(item))
            else:
                done.append([str(item[0])])
                stack.append(None)
                stack += reversed(item[1:])
        return done[0][0]  # type: ignore[return-value]

    def read(self, text: str, names: Mapping[str, int] | None = None) -> int:
        """Return the number of an S-expression given as text; atoms that are not numbers or names are variables."""
        return self.tree(read_one(text), names or {})

    def _atom(self, atom: str) -> int:
        from mathlib.symbolic.expressions.ops import OPS

        if atom in OPS:
            return self.add(atom)
        if not _NUMBER.fullmatch(atom):
            return self.variable(atom)
        _, slash, divisor = atom.partition("/")
        if len(atom) > LONGEST_NUMBER or (slash and not divisor.strip("0")):
            raise ValueError(f"{atom[:40]} is no number of at most {LONGEST_NUMBER} characters with a divisor")
        return self.number(Fraction(atom))

    def write(self, root: int) -> str:
        """Return an expression as text; shared parts are written out each time."""
        text: dict[int, str] = {}
        for i in self.live([root]):
            op, *rest = self.nodes[i]
            if op in LEAVES or not rest:
                text[i] = str(rest[0]) if rest else str(op)
            else:
                text[i] = f"({op} {' '.join(text[j] for j in rest)})"  # type: ignore[index]
        return text[root]

    def copy(self, source: "Graph", roots: Sequence[int], names: Mapping[str, int] | None = None) -> list[int]:
        """Return the numbers here of expressions of another graph, variables replaced by ``names``."""
        new: dict[int, int] = {}
        for i in source.live(roots):
            node = source.nodes[i]
            if node[0] == "var" and names and node[1] in names:
                new[i] = names[str(node[1])]
            elif node[0] in LEAVES:
                new[i] = self.intern(node)
            else:
                new[i] = self.intern((node[0], *(new[j] for j in source.operands(i))))
        return [new[i] for i in roots]


def _operator(name: str, count: int) -> str:
    return "neg" if name == "-" and count == 1 else name
