"""The exact value of an expression at float64 points: Arb with more and more bits until the result is known.

Every operation on balls encloses its exact result, so a ball that rounds to one float64 at both ends is a proof of that
float64. A precision of n bits loses its digits where more than n bits cancel, and nothing else.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from threading import RLock
from typing import Any

import numpy as np

from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import OPS, named

FIRST, LAST = 128, 8192  # bits
KNOWN = 40  # bits: an operand that is known so well is not where the digits were lost
#: operations with poles or ends of their domain elsewhere than at zero: there even a well known operand may be in doubt
SINGULAR = frozenset(
    ("tan", "tgamma", "lgamma", "digamma", "log_poch", "log1p", "asin", "acos", "acosh", "atanh", "sqdf", "pow")
)
Ball = Any
_LOCK = RLock()  # Arb's precision belongs to the process: one thread at a time


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Set Arb's working precision, and put it back."""
    from flint import ctx

    with _LOCK:
        before = ctx.prec
        ctx.prec = bits
        try:
            yield
        finally:
            ctx.prec = before


def ball(value: Fraction | float) -> Ball:
    """Return the ball of a number at the working precision; exact if it is a float64."""
    arb = named("flint.arb")
    if isinstance(value, float):
        return arb(value)
    return arb(named("flint.fmpq")(value.numerator, value.denominator))


def apply(op: str, operands: list[Ball]) -> Ball:
    """Apply an operation to balls; NaN outside its domain."""
    try:
        return OPS[op].truth(*operands)
    except (ValueError, ZeroDivisionError, OverflowError):
        return named("flint.arb").nan()


def balls(graph: Graph, order: list[int], point: Mapping[str, float]) -> dict[int, Ball]:
    """Return the balls of the expressions ``order`` (operands first) at one point, at the working precision."""
    values: dict[int, Ball] = {}
    for i in order:
        node = graph.nodes[i]
        if node[0] == "var":
            values[i] = ball(float(point[str(node[1])]))
        elif node[0] == "num":
            values[i] = ball(node[1])  # type: ignore[arg-type]
        else:
            values[i] = apply(str(node[0]), [values[j] for j in graph.operands(i)])
    return values


def rounded(value: Ball) -> float | None:
    """Return the float64 to which the exact value rounds, None where the ball does not say."""
    if not value.is_finite():
        return None
    low, high = float(value.lower()), float(value.upper())
    return high if low == high else None


def undefined(graph: Graph, order: list[int], values: Mapping[int, Ball]) -> bool:
    """Whether an operation has no value although its operands are well known: more bits will not help."""
    for i in order:
        value = values[i]
        if isinstance(value, bool) or value is None or value.is_finite():
            continue
        operands = [values[j] for j in graph.operands(i)]
        if any(isinstance(a, bool) or a is None or not a.is_finite() for a in operands):
            continue
        op = graph.nodes[i][0]
        exact_operands = all(a.is_exact() for a in operands) and op != "tan"
        if exact_operands or (op not in SINGULAR and all(a.rel_accuracy_bits() > KNOWN for a in operands)):
            return True
    return False


def exact(graph: Graph, root: int, points: Mapping[str, np.ndarray], last: int = LAST) -> tuple[np.ndarray, np.ndarray]:
    """
    Return the exact values at the points, rounded once to float64, and the bits that each took.

    NaN, with zero bits, where the expression is undefined or not resolved with ``last`` bits. A value beyond the range
    of float64 is an infinity.
    """
    order = graph.live([root])
    names = list(points)
    size = len(points[names[0]]) if names else 1
    values, bits = np.full(size, np.nan), np.zeros(size, np.int64)
    for n in range(size):
        point = {name: float(points[name][n]) for name in names}
        if not all(np.isfinite(v) for v in point.values()):
            continue
        width = FIRST
        while width <= last:
            with precision(width):
                found = balls(graph, order, point)
                known = rounded(found[root])
                hopeless = known is None and undefined(graph, order, found)
            if known is not None:
                values[n], bits[n] = known, width
            if known is not None or hopeless:
                break
            width *= 2
    return values, bits
