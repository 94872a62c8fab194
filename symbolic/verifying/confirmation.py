"""The error of computed values against Arb, point by point: in units in the last place, and in kind.

The unit is the last place of the exact value rounded to float64. A value beyond the range counts as 2^1024, on either
side. Where the expression has no value, its float64 evaluation says what is expected: log 0 is -inf and log(-1) NaN. If
that is NaN but the expression has values at neighbouring floats, as x/x at 0, anything goes. Where a variable is -0 the
float64 evaluation is right as well as the exact value: atan2(0, -0) is pi.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from mathlib.symbolic.expressions.evaluate import evaluate
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.truth import FIRST, LAST, ball, balls, precision, rounded

UNDEFINED_AFTER = 512  # bits at which an expression that is not finite in float64 either is given up as undefined
RANGE = 2.0**1023  # half of what an infinity stands for; numbers above it have the same unit

EDGE = 2.0**10  # ulps from the end of the range up to which an infinity is a rounding error, not one misplaced

Ball = Any


class Judged(NamedTuple):
    """
    Computed values judged one by one.

    Attributes
    ----------
    exact : float64 array
        The exact values, rounded; what the float64 evaluation gives where there is none.
    ulps : float64 array
        The errors; infinite for a NaN or infinity in the wrong place, NaN where nothing can be said.
    bits : int array
        Working precision that settled each value, zero where there is none.
    fault : array of str
        ``"nan"``, ``"inf"``, ``"zero sign"`` or empty.
    """

    exact: np.ndarray
    ulps: np.ndarray
    bits: np.ndarray
    fault: np.ndarray


def judge(graph: Graph, root: int, points: Mapping[str, np.ndarray], computed: np.ndarray) -> Judged:
    """Judge computed values of an expression."""
    order = graph.live([root])
    size = len(computed)
    plain = np.broadcast_to(evaluate(graph, [root], points)[0], (size,)).astype(np.float64)
    found = Judged(plain.copy(), np.full(size, np.nan), np.zeros(size, np.int64), np.full(size, "", "U9"))
    arguments = [
        dict(zip(points, row, strict=True)) for row in zip(*(x.tolist() for x in points.values()), strict=True)
    ]
    results, expected = computed.tolist(), plain.tolist()
    waiting, bits = list(range(size)), FIRST
    while waiting and bits <= LAST:
        later = []
        with precision(bits):
            for n in waiting:
                value = balls(graph, order, arguments[n])[root]
                known = rounded(value)
                if known is not None and results[n] == expected[n] != known and _has_negative_zero(arguments[n]):
                    found.exact[n], found.ulps[n], found.bits[n] = expected[n], 0.0, bits
                elif known is not None:
                    found.exact[n], found.bits[n] = known, bits
                    found.ulps[n], found.fault[n] = _against_value(value, known, results[n])
                    if results[n] == 0 == known:
                        found.fault[n] = _sign_fault(graph, order, root, arguments[n], value, results[n])
                elif bits >= UNDEFINED_AFTER and not math.isfinite(expected[n]) and not value.is_finite():
                    found.ulps[n], found.fault[n] = _without_value(
                        graph, order, root, arguments[n], value, expected[n], results[n]
                    )
                else:
                    later.append(n)
        waiting, bits = later, 2 * bits
    return found


def settle(graph: Graph, order: list[int], root: int, point: Mapping[str, float]) -> tuple[Ball, int]:
    """Return the ball of the exact value at a point and the bits it took to round it, zero if it has none."""
    bits = FIRST
    while True:
        with precision(bits):
            value = balls(graph, order, point)[root]
            if rounded(value) is not None:
                return value, bits
        if bits >= (LAST if value.is_finite() else UNDEFINED_AFTER):
            return value, 0
        bits *= 2


def ulps_between(value: Ball, known: float, y: float) -> float:
    """Return |y - value| in units in the last place of the rounded value."""
    unit = math.ulp(min(abs(known), RANGE))
    if math.isinf(known):
        value = 2 * ball(math.copysign(RANGE, known))
    other = 2 * ball(math.copysign(RANGE, y)) if math.isinf(y) else ball(y)
    return float((abs(other - value) / unit).mid())


def _against_value(value: Ball, known: float, y: float) -> tuple[float, str]:
    if math.isnan(y):
        return math.inf, "nan"
    ulps = ulps_between(value, known, y)
    if math.isinf(y) != math.isinf(known) and ulps > EDGE:
        return math.inf, "inf"
    return ulps, ""


def _has_negative_zero(point: Mapping[str, float]) -> bool:
    return any(x == 0 and math.copysign(1.0, x) < 0 for x in point.values())


def _sign_fault(graph: Graph, order: list[int], root: int, point: Mapping[str, float], value: Ball, y: float) -> str:
    return "zero sign" if math.copysign(1.0, y) * sign_of_zero(graph, order, root, point, value) < 0 else ""


def _without_value(
    graph: Graph, order: list[int], root: int, point: Mapping[str, float], value: Ball, expected: float, y: float
) -> tuple[float, str]:
    if y == expected or (math.isnan(y) and math.isnan(expected)):
        return 0.0, ""
    if math.isfinite(expected) or not value.is_nan():
        return math.nan, ""  # not resolved
    if math.isinf(expected):
        return math.inf, "nan" if math.isnan(y) else "inf"
    return (math.nan, "") if has_neighbour(graph, order, root, point) else (math.inf, "nan")


def sign_of_zero(graph: Graph, order: list[int], root: int, point: Mapping[str, float], value: Ball) -> float:
    """
    Return the sign that a result of zero should have, 0 if there is none.

    The sign of what was too small for float64; of an exact zero that of the values next to it, on the side that the
    signs of the zeros among the variables say.
    """
    if value.is_zero():
        near = {name: x or math.copysign(5e-324, x) for name, x in point.items()}
        value, _ = settle(graph, order, root, near) if near != point else (value, 0)
    return 1.0 if value > 0 else -1.0 if value < 0 else 0.0


def has_neighbour(graph: Graph, order: list[int], root: int, point: Mapping[str, float]) -> bool:
    """Return whether the expression has a value at a float next to the point along some axis."""
    for name, x in point.items():
        for end in (-math.inf, math.inf):
            near = dict(point) | {name: math.nextafter(x, end)}
            if math.isfinite(near[name]) and settle(graph, order, root, near)[1]:
                return True
    return False


def condition(graph: Graph, root: int, point: Mapping[str, float]) -> float:
    """
    Return by how much relative errors of the variables are amplified at a point.

    The sum of |x df/dx / f| over the variables, from differences to the neighbouring floats at a precision at which
    these are exact for all purposes.
    """
    order = graph.live([root])
    value, bits = settle(graph, order, root, point)
    total = 0.0
    for name, x in point.items():
        near = dict(point) | {name: math.nextafter(x, 0.0)}
        if not bits or x == 0:
            return math.nan
        with precision(max(256, 2 * bits)):
            here, there = (balls(graph, order, p)[root] for p in (point, near))
            slope = (here - there) * x / ((x - near[name]) * here)
        total += abs(float(slope.mid())) if slope.is_finite() else math.inf
    return total
