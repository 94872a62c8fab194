"""`stabilize` on FPCore suites: error before and after on fresh points of the whole float range, and seconds of a case.

Suites are Hamming's chapter 3 of FPBench, a set that was first run when the rules were complete ("fresh"), and one that
was first run half-way ("held out", used for a second round of rules since).
"""

from pathlib import Path
from time import thread_time
from typing import Any

import numpy as np

from benchmarks import harness
from mathlib.symbolic.expressions.evaluate import evaluate
from mathlib.symbolic.expressions.ordinals import bits
from mathlib.symbolic.reading.fpcore import Problem, read_fpcore
from mathlib.symbolic.rewriting.improve import improve
from mathlib.symbolic.rewriting.sampling import Domain, sample
from mathlib.symbolic.rewriting.stabilize import SEED

HERE = Path(__file__).parent
SUITES = {
    "hamming-ch3": HERE.parent / "tests" / "data" / "hamming-ch3.fpcore",
    "fresh": HERE / "data" / "stabilize_fresh.fpcore",
    "held out": HERE / "data" / "stabilize_holdout.fpcore",
}
# mean bits; largest mean of a case, where none may be worse than its input either
GOALS = {"hamming-ch3": (0.25, 1.0), "fresh": (1.0, None), "held out": (1.0, None)}
TEST_POINTS, TEST_SEED = 1000, 4242
HEADER = ("case", "before", "after", "largest", "seconds", "regimes", "form")


def measure(suite: str, problem: Problem) -> dict[str, Any]:
    """Return the row of a problem."""
    domain = Domain(precondition=problem.precondition)
    names = list(problem.arguments)
    start = thread_time()
    found = improve(
        problem.graph,
        problem.body,
        names,
        domain,
        regimes=True,
        series=True,
        max_nodes=2500,
        rng=np.random.default_rng(SEED),
    )
    seconds = thread_time() - start
    test = sample(problem.graph, problem.body, names, domain, np.random.default_rng(TEST_SEED), TEST_POINTS)
    before, after = (
        bits(np.broadcast_to(evaluate(graph, [root], test.points)[0], len(test)), test.values)
        for graph, root in ((problem.graph, problem.body), (found.graph, found.root))
    )
    return {
        "suite": suite,
        "case": problem.name,
        "points": len(test),
        "before": float(before.mean()),
        "after": float(after.mean()),
        "largest": float(after.max()),
        "seconds": seconds,
        "regimes": len(found.pieces),
        "form": "; ".join(found.graph.write(form) for _, form in found.pieces),
    }


def rows() -> list[dict[str, Any]]:
    """Return the rows of all suites."""
    problems = ((suite, problem) for suite, path in SUITES.items() for problem in read_fpcore(path.read_text("utf-8")))
    return [measure(suite, problem) for suite, problem in problems]


def summaries(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return means and quantiles by suite, and whether the goals are met."""
    found = []
    for suite, (mean_goal, case_goal) in GOALS.items():
        cases = [row for row in results if row["suite"] == suite]
        before, after, seconds = (np.array([row[key] for row in cases]) for key in ("before", "after", "seconds"))
        worse = int((after > before + 0.1).sum())
        met = after.mean() <= mean_goal and (case_goal is None or (after.max() <= case_goal and not worse))
        found.append(
            {
                "suite": suite,
                "cases": len(cases),
                "before": before.mean(),
                "after": after.mean(),
                "median": np.median(after),
                "largest": after.max(),
                "worse": worse,
                "median_seconds": np.median(seconds),
                "p95_seconds": np.quantile(seconds, 0.95),
                "met": bool(met),
            }
        )
    return found


def main(options: object = None) -> bool:
    """Measure, print and write ``results/fpbench.json``; return whether the goals are met."""
    results = rows()
    for suite in SUITES:
        print(f"\nstabilize, {suite}: bits of error on {TEST_POINTS} fresh points")
        harness.print_table(HEADER, [_cells(row) for row in results if row["suite"] == suite])
    print()
    totals = summaries(results)
    keys = list(totals[0])
    cells = [[f"{v:.3g}" if isinstance(v, float) else str(v) for v in row.values()] for row in totals]
    harness.print_table(keys, cells)
    harness.write("fpbench", results, summaries=totals)
    return all(row["met"] for row in totals)


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        row["case"][:40],
        *(f"{row[key]:.2f}" for key in ("before", "after")),
        f"{row['largest']:.0f}",
        f"{row['seconds']:.2f}",
        str(row["regimes"]),
        row["form"][:50],
    )


if __name__ == "__main__":
    raise SystemExit(0 if main() else 1)
