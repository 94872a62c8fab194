"""Derivatives of expressions in the graph, by reverse accumulation: a gradient costs a few times its function.

Adjoints are expressions of the same graph, so the function and its derivatives share what they have in common. Source:
Griewank and Walther, Evaluating Derivatives (2008), chapter 3.
"""

from collections.abc import Sequence, Set
from functools import cache

from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import OPS
from mathlib.symbolic.expressions.s_expressions import Tree, read_one


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
        return names[tree] if tree in names else graph.number(int(tree)) if tree.isdigit() else graph.tree(tree, names)
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
    first, last = gate(operands[0]), gate(operands[-1])
    if op in ("+", "-") and first is not None and last is not None:
        (test, a), (other, b) = first, last
        if test == other:
            return simplified(graph, "if", test, simplified(graph, op, a, b), zero)
        return graph.add("if", graph.add("or", test, other), graph.add(op, *operands), zero)
    if op in ("*", "/", "neg") and first is not None:
        test, a = first
        return simplified(graph, "if", test, simplified(graph, op, a, *operands[1:]), zero)
    if op == "*" and last is not None:
        test, b = last
        return simplified(graph, "if", test, simplified(graph, op, operands[0], b), zero)
    return None


def simplified(graph: Graph, op: str, *operands: int) -> int:
    """Add an operation, left out where an exact 0 or 1 or a double sign makes it nothing."""
    nodes = graph.nodes
    if op in ("+", "-", "*") and all(nodes[i][0] == "num" for i in operands):
        a, b = (graph.value(i) for i in operands)
        assert a is not None
        assert b is not None
        return graph.number(a + b if op == "+" else a - b if op == "-" else a * b)
    if op == "if" or any(nodes[i][0] == "if" for i in operands):
        gated = _gated(graph, op, operands)
        if gated is not None:
            return gated
    zero, one, minus = graph.number(0), graph.number(1), graph.number(-1)
    first, last = operands[0], operands[-1]
    match op:
        case "+":
            if first == zero:
                return last
            if last == zero:
                return first
            if nodes[last][0] == "neg":
                return simplified(graph, "-", first, graph.operands(last)[0])
        case "-":
            if last == zero:
                return first
            if first == zero:
                return simplified(graph, "neg", last)
            if first == last:
                return zero
        case "*":
            if zero in operands:
                return zero
            for factor, other in ((first, last), (last, first)):
                if factor == one:
                    return other
                if factor == minus:
                    return simplified(graph, "neg", other)
            for factor, other in ((first, last), (last, first)):
                node = nodes[factor]
                if node[0] == "neg":
                    return simplified(graph, "neg", simplified(graph, "*", graph.operands(factor)[0], other))
                if node[0] == "/" and node[1] == one:
                    return simplified(graph, "/", other, graph.operands(factor)[1])
        case "/":
            if last == one:
                return first
            if first == zero:
                return zero
        case "neg":
            value = graph.value(first)
            if value is not None:
                return graph.number(-value)
            if nodes[first][0] == "neg":
                return graph.operands(first)[0]
        case "pow":
            if last == one:
                return first
            if last == zero:
                return one
    return graph.add(op, *operands)
