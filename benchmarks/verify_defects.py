"""Planted defects in small windows of the floats: how often `verify` finds them, and how long it takes.

The peer spends the same kind of work without a screen: 4,000 points, uniform over the floats, each compared with Arb.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import thread_time
from typing import Any

import numpy as np
import sympy

from benchmarks.harness import make_row
from mathlib import special
from mathlib.symbolic import LogCosh, verify
from mathlib.symbolic.expressions.domains import LARGEST
from mathlib.symbolic.expressions.from_sympy import add_expression
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ordinals import LARGEST as LAST_ORDINAL
from mathlib.symbolic.expressions.ordinals import from_ordinal, ordinal
from mathlib.symbolic.verifying.confirmation import judge
from mathlib.symbolic.verifying.search import spread

SEEDS = range(5)
EXACT = 4000  # points of the peer
GOAL = 2.0  # seconds
x, y = sympy.symbols("x y")


@dataclass(frozen=True)
class Defect:
    """A function that is wrong in a window, and what it should compute."""

    case: str
    f: Callable[..., np.ndarray]
    expr: sympy.Expr


def window(low: float, share: float) -> tuple[float, float]:
    """Return an interval that begins at ``low`` and holds a share of all float64 numbers."""
    return low, float(from_ordinal(int(ordinal(low)) + int(share * 2 * LAST_ORDINAL)))


def planted(good: Callable[[Any], Any], bad: Callable[[Any], Any], low: float, high: float) -> Callable[[Any], Any]:
    """Return a function that is bad in a window."""
    return lambda x: np.where((x > low) & (x < high), bad(x), good(x))


def wrong_hypot(share: float) -> Callable[[Any, Any], Any]:
    """Return a hypot that errs by ten ulps in a rectangle that holds a share of all pairs."""
    (a, b), (c, d) = window(0.5, share**0.5), window(1e-2, share**0.5)
    return lambda x, y: np.hypot(x, y) * np.where((x > a) & (x < b) & (y > c) & (y < d), 1 + 2e-15, 1)


def defects() -> Iterator[Defect]:
    """Yield the planted defects."""
    naive = lambda x: np.log(1 + x)  # noqa: E731
    yield Defect("log1p, 3.0e-4 < x < 3.1e-4", planted(np.log1p, naive, 3.0e-4, 3.1e-4), sympy.log(1 + x))
    for share in (1e-4, 2e-5):
        expm1 = planted(np.expm1, lambda x: np.exp(x) - 1, *window(1e-5, share))
        yield Defect(f"expm1, {share:g} of the floats", expm1, sympy.exp(x) - 1)
        sine = planted(np.sin, lambda x: np.sin(x) * (1 + 1e-14), *window(1e200, share))
        yield Defect(f"sin, {share:g} of the floats", sine, sympy.sin(x))
        log_cosh = planted(special.log_cosh, lambda x: np.log(np.cosh(x)), *window(1e-3, share))
        yield Defect(f"log_cosh, {share:g} of the floats", log_cosh, LogCosh(x))
        yield Defect(f"hypot, {share:g} of the pairs", wrong_hypot(share), sympy.sqrt(x**2 + y**2))


def found_by_arb_alone(defect: Defect, seed: int) -> bool:
    """Return whether one of 4,000 uniform points has an error above 4 ulps."""
    rng = np.random.default_rng(seed)
    names = sorted(symbol.name for symbol in defect.expr.free_symbols)
    points = {name: rng.permutation(spread((-LARGEST, LARGEST), EXACT, rng)) for name in names}
    graph = Graph()
    root = add_expression(graph, defect.expr)
    with np.errstate(all="ignore"):
        computed = defect.f(*points.values())
    return bool(np.nanmax(judge(graph, root, points, computed).ulps) > 4.0)


def rows() -> Iterator[dict[str, Any]]:
    """Yield a row for each defect: seconds of both ways, and in how many of five seeds they found it."""
    for defect in defects():
        ways = (
            lambda seed, d=defect: not verify(d.f, d.expr, rng=seed).passed,
            lambda seed, d=defect: found_by_arb_alone(d, seed),
        )
        seconds, hits = np.empty((2, len(SEEDS))), [0, 0]
        for k, way in enumerate(ways):
            for seed in SEEDS:
                start = thread_time()
                hits[k] += way(seed)
                seconds[k, seed] = thread_time() - start
        count = len(SEEDS)
        note = (
            f"found {hits[0]} of {count}, peer {hits[1]} of {count}; at most {seconds[0].max():.2f} s, goal {GOAL:g} s"
        )
        yield make_row(f"defect in {defect.case}", "verify", f"{EXACT} points, Arb", seconds) | {"note": note}
