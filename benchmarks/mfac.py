"""Inverses of empirical Fisher matrices against the authors' code and SparseML's: speed, errors, memory, pruning."""

import argparse
import subprocess
import sys
from importlib import metadata, util

from benchmarks import mfac_peers
from benchmarks.harness import HEADER, machine, print_rows, print_table, table_row, versions, write
from benchmarks.mfac_cases import Row
from benchmarks.mfac_pruning import claims, pruning
from benchmarks.mfac_stability import stability
from benchmarks.mfac_static import blocked, static
from benchmarks.mfac_window import drift, step_errors, steps

MEGABYTES = 200.0
MEMORY = """
import numpy as np
from mathlib.optimize import empirical_fisher_inverse

def megabytes():  # the peak of this process; that of getrusage may be its parent's
    with open("/proc/self/status") as status:
        [peak] = [line.split()[1] for line in status if line.startswith("VmHWM")]
    return int(peak) * 1024 / 1e6

def uses(G, x):
    F = empirical_fisher_inverse(G)
    yield "inverse"
    F.solve_rows(np.eye(len(G))[-1])
    yield "and H^-1 g for a gradient held"
    F.solve(x)
    yield "and H^-1 x"
    F.diagonal()
    yield "and the diagonal"

small = np.random.default_rng(0).random((32, 100), dtype=np.float32)
list(uses(small, small[0]))
G = np.random.default_rng(0).random((32, 10**7), dtype=np.float32)
x = np.ones(10**7, dtype=np.float32)
before = megabytes()
for use in uses(G, x):
    print(megabytes() - before, use)
"""


def memory() -> list[Row]:
    """Return the growth of the peak memory of a new process: 32 gradients of 1e7 entries in float32, 1280 MB."""
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    return [
        {"after": use, "megabytes": float(more), "goal": MEGABYTES, "met": float(more) < MEGABYTES}
        for more, use in lines
    ]


def main(options: argparse.Namespace) -> None:
    """Measure, print and write."""
    found = [*static(), *blocked(), *steps()]
    times = [row for row in found if "ratio" in row]
    parts = {
        "errors": [row for row in found if "ratio" not in row],
        "step_errors": list(step_errors()),
        "stability": list(stability()),
        "drift": [drift()],
        "memory": memory(),
        "pruning": (pruned := list(pruning())),
        "claims": list(claims(pruned)),
    }
    peers = {"torch": metadata.version("torch") if util.find_spec("torch") else "absent"}
    print(f"\nmfac: {', '.join(f'{key} {value}' for key, value in (machine() | versions() | peers).items())}")
    print_table(HEADER, [table_row(row) for row in times])
    for title, rows in parts.items():
        print_rows(title, rows)
    for name in mfac_peers.absent():
        print(f"absent: {name}")
    write("mfac", times, absent=mfac_peers.absent(), peers=peers, **parts)
