"""A bound of the rounding errors of an expression over a whole box of float64 numbers, in interval arithmetic.

The expression is taken as it is written, one float64 operation after the other, each with the error that `OPS`
documents for it. With every sub-expression goes the range of its exact values over the box and a bound e of its
relative error. An operation f of operands x_j gives the error sum |x_j df/dx_j / f| e_j, the derivatives taken over
the range widened by the errors, so that nothing is left out, and then its own unit of rounding. Relative errors do
not see the scale: a box may span a binade where an absolute bound would diverge at a removable singularity. A box
whose bound is too large is divided; a box whose middle point alone has too large a bound ends the attempt. Source:
Higham, Accuracy and Stability of Numerical Algorithms (2002), chapter 3; the division of the domain is that of
interval branch and bound.
"""

import math
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

from mathlib.symbolic.expressions.domains import Interval
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import CONDITIONS, LOGICAL, OPS
from mathlib.symbolic.expressions.truth import apply, ball, precision

BITS = 80  # of the balls
BOXES = 20_000  # looked at before the attempt ends
NORMAL, LARGEST = 2.0**-1022, 1.7976931348623157e308
SLACK = 1 + 2.0**-40  # covers the rounding of the bounds themselves, which are float64 numbers

ARITHMETIC = frozenset(("+", "-", "*", "/", "neg", "fabs", "sqrt", "fmax", "fmin", "if"))
FUNCTIONS = frozenset(
    (
        *("cbrt", "hypot", "pow", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan"),
        *("sinpi", "cospi", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
        *("log1mexp", "logaddexp", "softplus", "log_cosh", "exprel", "cosm1", "signed_sqrt", "sqdf", "over_expm1"),
    )
)
CONSTANTS = frozenset(("PI", "E", "EULER_GAMMA", "CATALAN"))

Ball = Any


class Enclosed(NamedTuple):
    """The exact values of a sub-expression over a box, and a bound of the relative error of its float64 value."""

    values: Ball
    error: float


class Unbounded(ArithmeticError):
    """A box on which no bound is found."""


def is_elementary(graph: Graph, root: int) -> bool:
    """Return whether every operation is one that a proof knows."""
    known = ARITHMETIC | CONDITIONS | FUNCTIONS | CONSTANTS | {"var", "num"}
    return all(graph.nodes[i][0] in known for i in graph.live([root]))


def proved_bound(graph: Graph, root: int, box: Mapping[str, Interval], tolerance: float, least: float = 0.0) -> float:
    """
    Return a bound of the error over a box, in units in the last place of the exact value.

    Parameters
    ----------
    graph : Graph
        The graph.
    root : int
        The expression.
    box : mapping of str to (float, float)
        The domain of each variable.
    tolerance : float
        The largest bound of use.
    least : float
        Error to assume at least for every function that is not arithmetic or a square root.

    Returns
    -------
    float
        The bound, at most ``tolerance``; infinite if none was found.
    """
    if not is_elementary(graph, root) or len(box) > 2:
        return math.inf
    order = graph.live([root])
    names = list(box)
    waiting = _without_zero([box[name] for name in names])
    largest, boxes = 0.0, 0
    while waiting:
        sides = waiting.pop()
        boxes += 1
        bound = bound_on(graph, order, dict(zip(names, sides, strict=True)), least)
        if bound <= tolerance:
            largest = max(largest, bound)
            continue
        middle = [_middle(side) for side in sides]
        widest = max(range(len(sides)), key=lambda k: _width(sides[k]))
        at_point = {name: (m, m) for name, m in zip(names, middle, strict=True)}
        stuck = _width(sides[widest]) < 2.0**-30 or bound_on(graph, order, at_point, least) > tolerance
        if stuck or boxes >= BOXES:
            return math.inf
        low, high = sides[widest]
        for part in ((low, middle[widest]), (middle[widest], high)):
            waiting.append([*sides[:widest], part, *sides[widest + 1 :]])
    return largest


def bound_on(graph: Graph, order: list[int], box: Mapping[str, Interval], least: float = 0.0) -> float:
    """Return the bound on one box without dividing it; infinite if there is none."""
    with precision(BITS):
        try:
            return _bound_on(graph, order, box, least)
        except Unbounded:
            return math.inf


def _bound_on(graph: Graph, order: list[int], box: Mapping[str, Interval], least: float) -> float:
    done: dict[int, Any] = {}
    root = order[-1]
    if not graph.operands(root):
        return 0.5
    for i in order:
        node, operands = graph.nodes[i], graph.operands(i)
        op = str(node[0])
        if op == "var":
            low, high = box[str(node[1])]
            done[i] = Enclosed(ball(low).union(ball(high)), 0.0)
        elif op == "num":
            done[i] = Enclosed(ball(node[1]), _rounding(node[1]))  # type: ignore[arg-type]
        elif not operands:
            done[i] = Enclosed(OPS[op].truth(), 2.0**-53)
        elif op in CONDITIONS:
            done[i] = condition(op, [done[j] for j in operands])
        elif op == "if":
            done[i] = choice(*(done[j] for j in operands))
        else:
            values, passed = propagated(op, [done[j] for j in operands])
            own = max(OPS[op].ulp, least if op in FUNCTIONS else 0.0)
            own = 0.0 if is_exact(op, [graph.value(j) for j in operands]) else own
            if i == root and not passed:
                return own
            if i == root:
                # what the operands err may carry the result into the next binade, where the unit is twice as large
                own *= 1 if _one_binade(values, passed) else 2
                return float((own + passed * _in_units(values)) * SLACK)
            done[i] = Enclosed(values, with_rounding(op, values, passed, own))
    values, error = done[root]
    return float(error * _in_units(values) * SLACK)


def propagated(op: str, operands: list[Enclosed]) -> tuple[Ball, float]:
    """Return the exact values of an operation and the relative error that comes from its operands."""
    values = apply(op, [a.values for a in operands])
    if not values.is_finite():
        raise Unbounded
    errors = [a.error for a in operands]
    if not any(errors):
        return values, 0.0
    if op in ("neg", "fabs"):
        return values, errors[0]
    if op in ("fmax", "fmin"):
        return values, max(errors) if all(
            _sign(a.values) == _sign(operands[0].values) != 0 for a in operands
        ) else _fail()
    if op == "*":
        return values, errors[0] + errors[1] + errors[0] * errors[1]
    if op == "/":
        return values, (errors[0] + errors[1]) / (1 - errors[1]) if errors[1] < 0.5 else _fail()
    if op == "sqrt":
        return values, errors[0] / 2 * (1 + errors[0])
    if op in "+-":
        a, b = operands[0].values, operands[1].values if op == "+" else -operands[1].values
        if _sign(a) == _sign(b) != 0:
            return values, max(errors)
        return values, sum(_largest(1 / (1 + q / p)) * e for p, q, e in ((a, b, errors[0]), (b, a, errors[1])) if e)
    wide = [a.values * (1 + _around_zero(a.error)) for a in operands]
    graph, roots = _derivatives(op)
    total = 0.0
    for a, slope in zip(operands, _evaluated(graph, roots, wide), strict=True):
        if a.error:
            total += _largest(a.values * slope / values) * a.error
    return values, total


def with_rounding(op: str, values: Ball, passed: float, own: float) -> float:
    """Return the relative error after an operation's own rounding of so many units in the last place."""
    if not own and not passed and op not in ("*", "/"):
        return 0.0
    low, high = float(values.abs_lower()), float(values.abs_upper())
    exact_below = op in "+-" and not passed  # the sum of two float64 numbers does not underflow
    if not high * (1 + passed) * SLACK < LARGEST or not (low * (1 - passed) > NORMAL * SLACK or exact_below):
        raise Unbounded
    one = math.ulp(low) / low if _one_binade(values, passed) else 2.0**-52
    return (passed + own * one * (1 + passed)) * SLACK


def is_exact(op: str, numbers: list[Any]) -> bool:
    """Return whether an operation rounds nothing: a change of sign, a choice, a power of two as a factor."""
    if op in ("neg", "fabs", "fmax", "fmin"):
        return True
    factors = numbers if op == "*" else numbers[1:] if op == "/" else []
    return any(n is not None and n and _is_power_of_two(n) for n in factors)


def condition(op: str, operands: list[Any]) -> bool | None:
    """Return whether a condition holds on the whole box; None if on a part of it, each float deciding correctly."""
    if op in LOGICAL:
        result: bool | None = OPS[op].truth(*operands)
        return result
    a, b = operands
    wide = [x.values * (1 + _around_zero(x.error)) for x in (a, b)]
    decided: bool | None = OPS[op].truth(*wide)
    if decided is None and (a.error or b.error):
        raise Unbounded
    return decided


def choice(condition: bool | None, a: Enclosed, b: Enclosed) -> Enclosed:
    """Return one side, or what holds for both."""
    if condition is not None:
        return a if condition else b
    return Enclosed(a.values.union(b.values), max(a.error, b.error))


@cache
def _derivatives(op: str) -> tuple[Graph, list[int]]:
    graph = Graph()
    return graph, [graph.read(text) for text in OPS[op].derivative]


def _evaluated(graph: Graph, roots: list[int], operands: list[Ball]) -> list[Ball]:
    names = dict(zip("abc", operands, strict=False))
    done: dict[int, Any] = {}
    for i in graph.live(roots):
        node = graph.nodes[i]
        if node[0] == "var":
            done[i] = names[str(node[1])]
        elif node[0] == "num":
            done[i] = ball(node[1])  # type: ignore[arg-type]
        else:
            done[i] = apply(str(node[0]), [done[j] for j in graph.operands(i)])
    return [done[i] for i in roots]


def _without_zero(sides: list[Interval]) -> list[list[Interval]]:
    """Divide the box where a variable changes sign, the tiny numbers around zero apart."""
    boxes: list[list[Interval]] = [[]]
    for low, high in sides:
        cuts = [cut for cut in (-NORMAL, NORMAL) if low < cut < high]
        ends = [low, *cuts, high]
        boxes = [[*box, part] for box in boxes for part in pairwise(ends)]
    return boxes


def _middle(side: Interval) -> float:
    """Return the geometric mean where both ends have one sign and are far apart, else the mean."""
    low, high = side
    if low * high > 0 and (high / low > 4 or low / high > 4):
        return math.copysign(math.sqrt(abs(low)) * math.sqrt(abs(high)), low)
    return low / 2 + high / 2


def _width(side: Interval) -> float:
    low, high = side
    if low == high:
        return 0.0
    return abs(math.log(high / low)) if low > 0 or high < 0 else math.inf


def _rounding(value: Any) -> float:
    if value and not NORMAL <= abs(value) <= LARGEST:
        raise Unbounded
    number = float(value)
    return 0.0 if value == number else 2.0**-53


def _around_zero(radius: float) -> Ball:
    return ball(-radius).union(ball(radius))


def _in_units(values: Ball) -> float:
    """Return the largest number of units in the last place that a value holds."""
    low, high = float(values.abs_lower()), float(values.abs_upper())
    if not high < LARGEST or not low > NORMAL:
        raise Unbounded
    return high / math.ulp(low) if _one_binade(values, 0.0) else 2.0**53


def _one_binade(values: Ball, error: float) -> bool:
    """Return whether all values, changed by the relative error, have one exponent."""
    low, high = float(values.abs_lower()) * (1 - error) / SLACK, float(values.abs_upper()) * (1 + error) * SLACK
    return low > 0 and math.frexp(low)[1] == math.frexp(high)[1]


def _sign(values: Ball) -> int:
    return 1 if values > 0 else -1 if values < 0 else 0


def _largest(values: Ball) -> float:
    size = float(values.abs_upper()) if values.is_finite() else math.inf
    if not size < LARGEST:
        raise Unbounded
    return size * SLACK


def _is_power_of_two(value: Any) -> bool:
    return math.frexp(float(value))[0] in (0.5, -0.5) and value == float(value)


def _fail() -> float:
    raise Unbounded
