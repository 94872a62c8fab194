"""Expressions made ready for a target: constants rounded once, products and sums fused, divisors shared.

The result uses operations of its own: ``madd`` of three operands, ``reciprocal``, and two names for sines and cosines.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction

from mathlib.symbolic.expressions.evaluate import evaluate, nearest
from mathlib.symbolic.expressions.ir import LEAVES, Graph
from mathlib.symbolic.expressions.ops import CONDITIONS
from mathlib.symbolic.expressions.truth import exact


def rounded_constants(graph: Graph, roots: Sequence[int]) -> tuple[Graph, list[int]]:
    """Replace every expression without variables by its value, computed exactly and rounded once to float64.

    What has no exact value, such as e^-oo, is computed in float64.
    """
    new = Graph()
    known: dict[int, int] = {}
    constant: set[int] = set()
    for i in graph.live(roots):
        node = graph.nodes[i]
        operands = graph.operands(i)
        if node[0] == "num":
            known[i] = _number(new, float(nearest(node[1])))  # type: ignore[arg-type]
            constant.add(i)
        elif node[0] == "var":
            known[i] = new.intern(node)
        elif node[0] in ("INFINITY", "NAN"):
            known[i] = new.add(str(node[0]))
            constant.add(i)
        elif node[0] not in CONDITIONS and all(j in constant for j in operands):
            value = float(exact(graph, i, {})[0][0])
            known[i] = _number(new, value if value == value else float(evaluate(graph, [i], {})[0]))
            constant.add(i)
        else:
            known[i] = new.intern((node[0], *(known[j] for j in operands)))
    return new, [known[i] for i in roots]


def gathered_constants(graph: Graph, roots: Sequence[int]) -> tuple[Graph, list[int]]:
    """
    Join the numbers of a chain of products and quotients to one, exactly, and take minus signs into it.

    (3 x) / 7 is (3/7) x with the fraction rounded once: fewer operations and a smaller error.
    """
    known_factor: dict[int, tuple[Fraction, int]] = {}  # of new expressions: number, and what it multiplies

    def scaled(new: Graph, factor: Fraction, i: int) -> int:
        inner, rest = known_factor.get(i, (Fraction(1), i))
        factor *= inner
        if factor == 1:
            return rest
        result = new.add("neg", rest) if factor == -1 else new.add("*", new.number(factor), rest)
        known_factor[result] = factor, rest
        return result

    def rebuild(new: Graph, i: int, known: dict[int, int]) -> int:
        op = str(graph.nodes[i][0])
        operands = [known[j] for j in graph.operands(i)]
        values = [new.value(j) for j in operands]
        if op == "neg" and operands[0] in known_factor:
            return scaled(new, Fraction(-1), operands[0])
        if op == "*" and (values[0] is None) != (values[1] is None):
            number, other = (values[0], operands[1]) if values[0] is not None else (values[1], operands[0])
            if number and _is_moderate(number * known_factor.get(other, (Fraction(1), 0))[0]):
                return scaled(new, number, other)
        if op == "/" and values[1] and values[0] is None:
            number = 1 / values[1]
            if _is_moderate(number * known_factor.get(operands[0], (Fraction(1), 0))[0]):
                return scaled(new, number, operands[0])
        return new.add(op, *operands)

    return _rebuilt(graph, roots, rebuild)


def _is_moderate(factor: Fraction) -> bool:
    """Whether a factor neither overflows nor becomes subnormal."""
    return Fraction(1, 2**1000) < abs(factor) < 2**1000


def fused(graph: Graph, roots: Sequence[int]) -> tuple[Graph, list[int]]:
    """
    Join products and sums to ``madd``.

    A product is taken in only where it is used once and what it is added to is no product itself, or both are squares:
    the rounding of one of two products that cancel must not differ from that of the other.
    """
    uses = _uses(graph, roots)

    def once(i: int) -> bool:
        return graph.nodes[i][0] == "*" and uses[i] == 1

    def product(i: int) -> bool:
        return graph.nodes[i][0] == "*" or (graph.nodes[i][0] == "neg" and product_below(i))

    def product_below(i: int) -> bool:
        return graph.nodes[graph.operands(i)[0]][0] == "*"

    def square(i: int) -> bool:
        return graph.nodes[i][0] == "*" and len(set(graph.operands(i))) == 1

    def rebuild(new: Graph, i: int, known: dict[int, int]) -> int:
        op, operands = str(graph.nodes[i][0]), graph.operands(i)
        if op in ("+", "-"):
            a, b = operands
            if once(b) and (not product(a) or (op == "+" and square(a) and square(b))):
                x, y = (known[j] for j in graph.operands(b))
                return new.add("madd", x if op == "+" else _negative(new, x), y, known[a])
            if once(a) and not product(b):
                x, y = (known[j] for j in graph.operands(a))
                return new.add("madd", x, y, known[b] if op == "+" else _negative(new, known[b]))
        return new.intern((op, *(known[j] for j in operands)))

    return _rebuilt(graph, roots, rebuild)


def shared_divisors(graph: Graph, roots: Sequence[int]) -> tuple[Graph, list[int]]:
    """Multiply by one reciprocal where two or more quotients have one divisor: each is right to one ulp then."""
    count: dict[int, int] = {}
    for i in graph.live(roots):
        if graph.nodes[i][0] == "/":
            divisor = graph.operands(i)[1]
            if graph.value(divisor) is None:
                count[divisor] = count.get(divisor, 0) + 1

    def rebuild(new: Graph, i: int, known: dict[int, int]) -> int:
        op, operands = str(graph.nodes[i][0]), graph.operands(i)
        if op == "/" and count.get(operands[1], 0) > 1:
            inverse = new.add("reciprocal", known[operands[1]])
            return inverse if graph.value(operands[0]) == 1 else new.add("*", known[operands[0]], inverse)
        return new.intern((op, *(known[j] for j in operands)))

    return _rebuilt(graph, roots, rebuild)


def paired_angles(graph: Graph, roots: Sequence[int]) -> tuple[Graph, list[int]]:
    """Name sines and cosines of one angle ``sin_beside_cos`` and ``cos_beside_sin``: near texts share their work."""
    live = graph.live(roots)
    angles = {op: {graph.operands(i)[0] for i in live if graph.nodes[i][0] == op} for op in ("sin", "cos")}
    paired = angles["sin"] & angles["cos"]
    names = {"sin": "sin_beside_cos", "cos": "cos_beside_sin"}

    def rebuild(new: Graph, i: int, known: dict[int, int]) -> int:
        op, operands = str(graph.nodes[i][0]), graph.operands(i)
        op = names[op] if op in names and operands[0] in paired else op
        return new.add(op, *(known[j] for j in operands))

    return _rebuilt(graph, roots, rebuild)


def near(graph: Graph, roots: Sequence[int]) -> tuple[Graph, list[int]]:
    """All that is done for the text of the usual ranges."""
    for step in (gathered_constants, shared_divisors, paired_angles, fused):
        graph, roots = step(graph, roots)
    return graph, list(roots)


def _rebuilt(
    graph: Graph, roots: Sequence[int], rebuild: Callable[[Graph, int, dict[int, int]], int]
) -> tuple[Graph, list[int]]:
    new = Graph()
    known: dict[int, int] = {}
    for i in graph.live(roots):
        node = graph.nodes[i]
        known[i] = new.intern(node) if node[0] in LEAVES else rebuild(new, i, known)
    return new, [known[i] for i in roots]


def _uses(graph: Graph, roots: Sequence[int]) -> dict[int, int]:
    uses: dict[int, int] = dict.fromkeys(graph.live(roots), 0)
    for i in list(uses):
        for j in graph.operands(i):
            uses[j] += 1
    for i in roots:
        uses[i] += 2  # a result is needed by itself
    return uses


def _negative(graph: Graph, i: int) -> int:
    value = graph.value(i)
    if value is not None:
        return graph.number(-value)
    return graph.operands(i)[0] if graph.nodes[i][0] == "neg" else graph.add("neg", i)


def _number(graph: Graph, value: float) -> int:
    if value != value:
        return graph.add("NAN")
    if abs(value) == float("inf"):
        infinity = graph.add("INFINITY")
        return infinity if value > 0 else graph.add("neg", infinity)
    return graph.number(Fraction(value))
