"""Derivatives of expressions in the graph, by reverse accumulation: a gradient costs a few times its function.

Adjoints are expressions of the same graph, so the function and its derivatives share what they have in common. Source:
Griewank and Walther, Evaluating Derivatives (2008), chapter 3.
"""

from collections.abc import Sequence, Set
from fractions import Fraction
from functools import cache

from mathlib.symbolic.ir import Graph
from mathlib.symbolic.ops import OPS
from mathlib.symbolic.s_expressions import Tree, read_one

ZERO, ONE = Fraction(0), Fraction(1)


def gradient(graph: Graph, root: int, variables: Sequence[int]) -> list[int]:
    """
    Add the partial derivatives of an expression.

    Parameters
    ----------
    graph : Graph
        The graph, which grows.
    root : int
        The expression.
    variables : sequence of int
        The expressions to differentiate by.

    Returns
    -------
    list of int
        One expression per variable.

    Raises
    ------
    ValueError
        If an operation has no derivative by one of its operands that depends on a variable.
    """
    adjoint = adjoints(graph, root, set(variables))
    zero = graph.number(0)
    return [adjoint.get(i, zero) for i in variables]


def adjoints(graph: Graph, root: int, wanted: Set[int]) -> dict[int, int]:
    """Return the partial derivatives of an expression by its sub-expressions, the ``wanted`` ones among them."""
    order = graph.live([root])
    depends: set[int] = set()
    for i in order:
        if i in wanted or any(j in depends for j in graph.operands(i)):
            depends.add(i)
    adjoint: dict[int, int] = {root: graph.number(1)}
    for i in reversed(order):
        if i not in adjoint or i not in depends:
            continue
        op, operands = str(graph.nodes[i][0]), graph.operands(i)
        names = dict(zip("abc", operands, strict=False))
        for k, operand in enumerate(operands):
            if operand not in depends or (op == "if" and k == 0):
                continue
            term = simplified(graph, "*", adjoint[i], _partial(graph, op, k, names))
            adjoint[operand] = simplified(graph, "+", adjoint[operand], term) if operand in adjoint else term
    return adjoint


def _partial(graph: Graph, op: str, k: int, names: dict[str, int]) -> int:
    texts = OPS[op].derivative
    if k >= len(texts) or not texts[k]:
        raise ValueError(
            f"{op} has no derivative by its {'first' if k == 0 else 'second'} operand: "
            "write it with functions that have one"
        )
    return _instance(graph, _tree(texts[k]), names)


@cache
def _tree(text: str) -> Tree:
    return read_one(text)


def _instance(graph: Graph, tree: Tree, names: dict[str, int]) -> int:
    """A derivative text with expressions for its letters; the texts are short, so this may recur."""
    if isinstance(tree, str):
        return graph.tree(tree, names)
    op, *operands = tree
    return simplified(graph, str(op), *(_instance(graph, operand, names) for operand in operands))


def _gated(graph: Graph, op: str, operands: tuple[int, ...]) -> int | None:
    """
    Keep ``(if test x 0)`` outermost: the derivative of a piece is zero where the piece is not taken, whatever it is.

    0 times the infinite or undefined derivative of the other piece would be NaN.
    """
    zero = graph.number(0)

    def gate(i: int) -> tuple[int, int] | None:
        node = graph.nodes[i]
        return (node[1], node[2]) if node[0] == "if" and node[3] == zero else None  # type: ignore[return-value]

    if op == "if":
        test, a, b = operands
        if a == b:
            return a
        if a == zero:
            return simplified(graph, "if", graph.add("not", test), b, zero)
        inner = gate(a) if b == zero else None
        return graph.add("if", graph.add("and", test, inner[0]), inner[1], zero) if inner is not None else None
    gates = [gate(i) for i in operands]
    if op in ("+", "-") and gates[0] is not None and gates[1] is not None:
        (test, a), (other, b) = gates
        if test == other:
            return simplified(graph, "if", test, simplified(graph, op, a, b), zero)
        return graph.add("if", graph.add("or", test, other), graph.add(op, *operands), zero)
    if op in ("*", "/", "neg") and gates[0] is not None:
        test, a = gates[0]
        return simplified(graph, "if", test, simplified(graph, op, a, *operands[1:]), zero)
    if op == "*" and gates[1] is not None:
        test, b = gates[1]
        return simplified(graph, "if", test, simplified(graph, op, operands[0], b), zero)
    return None


def simplified(graph: Graph, op: str, *operands: int) -> int:
    """Add an operation, left out where an exact 0 or 1 or a double sign makes it nothing."""
    values = [graph.value(i) for i in operands]
    if op in ("+", "-", "*") and None not in values:
        a, b = values
        assert a is not None and b is not None
        return graph.number(a + b if op == "+" else a - b if op == "-" else a * b)
    first, last = values[0], values[-1]
    gated = _gated(graph, op, operands)
    if gated is not None:
        return gated
    match op:
        case "+":
            if first == ZERO:
                return operands[1]
            if last == ZERO:
                return operands[0]
            if graph.nodes[operands[1]][0] == "neg":
                return simplified(graph, "-", operands[0], graph.operands(operands[1])[0])
        case "-":
            if last == ZERO:
                return operands[0]
            if first == ZERO:
                return simplified(graph, "neg", operands[1])
            if operands[0] == operands[1]:
                return graph.number(0)
        case "*":
            if ZERO in (first, last):
                return graph.number(0)
            for value, other in ((first, operands[1]), (last, operands[0])):
                if value == ONE:
                    return other
                if value == -ONE:
                    return simplified(graph, "neg", other)
            for k in (0, 1):
                if graph.nodes[operands[k]][0] == "neg":
                    inner = graph.operands(operands[k])[0]
                    return simplified(graph, "neg", simplified(graph, "*", inner, operands[1 - k]))
                node = graph.nodes[operands[k]]
                if node[0] == "/" and graph.value(node[1]) == ONE:  # type: ignore[arg-type]
                    return simplified(graph, "/", operands[1 - k], node[2])  # type: ignore[arg-type]
        case "/":
            if last == ONE:
                return operands[0]
            if first == ZERO:
                return graph.number(0)
        case "neg":
            if first is not None:
                return graph.number(-first)
            if graph.nodes[operands[0]][0] == "neg":
                return graph.operands(operands[0])[0]
        case "pow":
            if last == ONE:
                return operands[0]
            if last == ZERO:
                return graph.number(1)
    return graph.add(op, *operands)
