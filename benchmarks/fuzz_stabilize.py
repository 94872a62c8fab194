"""Random expressions through `stabilize`; the exact value of each result is compared with that of its original.

``python -m benchmarks.fuzz_stabilize --count 10000 --workers 2`` writes ``results/fuzz_stabilize.json``.
"""

import argparse
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import process_time
from typing import Any

import numpy as np

from benchmarks import harness
from mathlib.symbolic.expressions import truth
from mathlib.symbolic.expressions.evaluate import evaluate
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import CONDITIONS, OPS
from mathlib.symbolic.expressions.ordinals import bits
from mathlib.symbolic.rewriting.improve import NEAR, improve, quiet_numpy
from mathlib.symbolic.rewriting.sampling import Domain, sample

DEPTH = 6
BLOCK = 500
POINTS = 64
APPROXIMATION = 2.0**-50  # relative error that series may have
# milliseconds to seconds a point at thousands of bits
SLOW = {"besseli", "besselk", "log_iv", "log_kv", "iv_ratio", "kv_ratio", "log_iv_dv", "log_kv_dv"}
CHEAP = {"regimes": False, "max_nodes": 200, "points": 36}
FULL = {"regimes": True, "max_nodes": 2500, "points": 192}
ARITHMETIC = ("+", "-", "*", "/")
FUNCTIONS = {
    arity: [op.name for op in OPS.values() if op.arity == arity and op.name not in CONDITIONS | SLOW]
    for arity in (1, 2)
}
CONSTANTS = ("1", "2", "-1", "1/2", "3", "1/3", "10", "PI")
LEAVES = ("x", "y", *CONSTANTS)
LEAF_CHANCES = [0.4, 0.2] + [0.4 / len(CONSTANTS)] * len(CONSTANTS)


@dataclass(frozen=True)
class Outcome:
    """What became of one expression: 'same', 'changed', 'undefined', 'unsound' or 'nowhere' (never defined)."""

    kind: str
    text: str
    seconds: float
    before: float = 0.0
    after: float = 0.0


def random_expression(graph: Graph, rng: np.random.Generator, depth: int) -> int:
    """Return an expression of depth at most ``depth``: half arithmetic, half other functions, in x and y."""
    if depth == 0 or rng.random() < 0.12:
        return graph.read(str(rng.choice(LEAVES, p=LEAF_CHANCES)))
    if rng.random() < 0.55:
        op, arity = str(rng.choice(ARITHMETIC)), 2
    else:
        arity = 1 if rng.random() < 0.8 else 2
        op = str(rng.choice(FUNCTIONS[arity]))
    return graph.add(op, *(random_expression(graph, rng, depth - 1) for _ in range(arity)))


def check(seed: int, full: bool) -> Outcome:
    """Stabilize one expression and compare."""
    rng = np.random.default_rng([20250102, seed])
    graph = Graph()
    names: list[str] = []
    while not names:
        root = random_expression(graph, rng, int(rng.integers(2, DEPTH + 1)))
        names = graph.variables([root])
    start = process_time()
    options: dict[str, Any] = dict(FULL if full else CHEAP)
    found = improve(graph, root, names, Domain(), series=True, rng=rng, **options)
    seconds = process_time() - start
    points = sample(graph, root, names, Domain(), rng, 40, 16, 8)
    if not len(points):
        return Outcome("nowhere", graph.write(root), seconds)
    kind = "same" if found.unchanged else "changed"
    if not found.unchanged:
        with quiet_numpy():
            values = evaluate(found.graph, [found.root], points.points)[0]
            errors = bits(np.broadcast_to(values, len(points)), points.values)
        for place, width in enumerate(points.bits):
            point = {name: float(x[place]) for name, x in points.points.items()}
            kind = compared(graph, root, found.graph, found.root, point, int(width)) or kind
            if kind == "undefined" and errors[place] < NEAR:  # e^(10^300) is beyond Arb, its inverse is 0 all the same
                kind = "changed"
            if kind in ("unsound", "undefined"):
                text = f"{graph.write(root)} -> {found.graph.write(found.root)} at {point}"
                return Outcome(kind, text, seconds, found.before.mean, found.after.mean)
    return Outcome(kind, graph.write(root), seconds, found.before.mean, found.after.mean)


def compared(graph: Graph, root: int, other: Graph, form: int, point: dict[str, float], width: int) -> str:
    """Return what is wrong at a point: 'unsound', 'undefined' or nothing."""
    for precision in (width + 64, 4 * width + 1024):
        with truth.precision(precision):
            x = truth.balls(graph, graph.live([root]), point)[root]
            y = truth.balls(other, other.live([form]), point)[form]
            if y.is_finite():
                # two balls differ by more than the approximation: no number of one is near one of the other
                return "" if x.overlaps(y) or abs(x - y) < abs(x) * APPROXIMATION else "unsound"
    return "undefined"


def summary(outcomes: list[Outcome]) -> dict[str, Any]:
    """Return the counts and the bad cases."""
    kinds = Counter(o.kind for o in outcomes)
    bad = [o.text for o in outcomes if o.kind in ("unsound", "undefined")]
    changed = [o for o in outcomes if o.kind == "changed"]
    return {
        "expressions": len(outcomes),
        **{kind: kinds[kind] for kind in ("same", "changed", "nowhere", "undefined", "unsound")},
        "worse": sum(o.after > o.before + 0.1 for o in outcomes),
        "bits_before": float(np.mean([o.before for o in changed])) if changed else 0.0,
        "bits_after": float(np.mean([o.after for o in changed])) if changed else 0.0,
        "median_seconds": float(np.median([o.seconds for o in outcomes])),
        "largest_seconds": max(o.seconds for o in outcomes),
        "bad": bad,
    }


def main() -> None:
    """Run both settings, print and write."""
    parser = argparse.ArgumentParser("python -m benchmarks.fuzz_stabilize", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="expressions with the cheap setting")
    parser.add_argument("--full", type=int, default=300, help="expressions with the default setting of stabilize")
    parser.add_argument("--first", type=int, default=0, help="number of the first expression")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    rows: dict[bool, dict[str, Any]] = {}
    with ProcessPoolExecutor(options.workers) as pool:
        for full, count in ((True, options.full), (False, options.count)):
            outcomes: list[Outcome] = []
            for first in range(0, count, BLOCK):  # so that an interrupted run leaves what it has done
                seeds = range(options.first + first, options.first + min(first + BLOCK, count))
                outcomes += pool.map(partial(check, full=full), seeds, chunksize=10)
                rows[full] = row = {"setting": FULL if full else CHEAP} | summary(outcomes)
                print(*(f"{key}: {value}" for key, value in row.items() if key != "bad"), sep="  ", flush=True)
                print(*row["bad"], sep="\n", flush=True)
                harness.write("fuzz_stabilize", list(rows.values()))


if __name__ == "__main__":
    main()
