"""Errors of many points in a table: a row for each regime of the conditions in an expression, or band of magnitudes."""

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from mathlib.symbolic.expressions.evaluate import evaluate
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import COMPARISONS

DECADES = 0.0, 1e-200, 1e-100, 1e-30, 1e-16, 1e-8, 1e-4, 1e-2, 1.0, 1e2, 1e4, 1e8, 1e16, 1e30, 1e100, 1e200, np.inf
REGIMES = 16  # a table is not made of more


class Row(NamedTuple):
    """Random points of one region: how many, their largest error, the mean of the bits they lose."""

    region: str
    n: int
    max_ulp: float
    mean_bits: float


def regions(graph: Graph, root: int, points: Mapping[str, np.ndarray]) -> list[tuple[str, np.ndarray]]:
    """Return the regions of the points: their names and masks."""
    conditions = [i for i in graph.live([root]) if graph.nodes[i][0] in COMPARISONS]
    size = len(next(iter(points.values())))
    if 0 < len(conditions) <= 10:
        codes = np.zeros(size, np.int64)
        for truth in evaluate(graph, conditions, points):
            codes = 2 * codes + np.broadcast_to(truth, (size,))
        present = np.unique(codes)
        if len(present) <= REGIMES:
            texts = [graph.write(i) for i in conditions]
            return [(_regime(texts, int(code)), codes == code) for code in present]
    found = []
    for name, x in points.items():
        band = np.searchsorted(DECADES, np.abs(x), side="right") - 1
        for k, (low, high) in enumerate(pairwise(DECADES)):
            for sign, side in (("-", x < 0), ("", x >= 0)):
                found.append((f"{low:g} <= {sign}{name} < {high:g}", (band == k) & side))
    return found


def _regime(texts: list[str], code: int) -> str:
    """Return the conditions that hold."""
    holding = [text for k, text in enumerate(reversed(texts)) if code >> k & 1]
    return " ".join(reversed(holding)) or "otherwise"


def rows(
    named: list[tuple[str, np.ndarray]], ulps: np.ndarray, bits: np.ndarray, weights: np.ndarray
) -> tuple[Row, ...]:
    """Return a row for each region that has points with a known error."""
    table = []
    for name, mask in named:
        known = mask & (weights > 0)
        if known.any():
            worst = float(np.nanmax(ulps[known], initial=0.0))
            table.append(Row(name, int(mask.sum()), worst, mean(bits[known], weights[known])))
    return tuple(table)


def mean(values: np.ndarray, weights: np.ndarray) -> float:
    """Return the weighted mean of the numbers that are known; NaN if none is."""
    known = ~np.isnan(values) & (weights > 0)
    return float(np.average(values[known], weights=weights[known])) if known.any() else np.nan


def quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    """Return the number that a share of the weight does not exceed; NaN if none is known."""
    known = ~np.isnan(values) & (weights > 0)
    if not known.any():
        return np.nan
    if (weights[known] == 1).all():
        return float(np.partition(values[known], k := int(share * (known.sum() - 1)))[k])
    order = np.argsort(values[known])
    heaped = np.cumsum(weights[known][order])
    return float(values[known][order][np.searchsorted(heaped, share * heaped[-1])])
