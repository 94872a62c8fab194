"""What a program pays before it computes: import, the first call of a routine, and the way to the loop of a small call."""

import argparse
import os
import subprocess
import sys
import tempfile
from functools import partial
from typing import Any

import numpy as np
import scipy.special

from benchmarks.harness import Case, run
from mathlib import special
from mathlib.special import _bessel

HEAVY = "numba", "llvmlite", "scipy", "sympy", "cupy"  # none may be loaded by `import mathlib`
IMPORT = """
import sys, time
import numpy
start = time.perf_counter()
import {module}
seconds = time.perf_counter() - start
print(seconds, *[name for name in {heavy} if name in sys.modules])
"""
FIRST_CALL = """
import time
import numpy as np
v = np.linspace(0.0, 40.0, 8)
start = time.perf_counter()
from mathlib.special import {name}
{name}(v, v + 1.0)
seconds = time.perf_counter() - start
import sys
print(seconds, *[name for name in {heavy} if name in sys.modules])
"""


def _fresh(script: str, **environment: str) -> tuple[float, list[str]]:
    """Run a script in a new process; return the seconds and the modules that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    seconds, *loaded = done.stdout.split()
    return float(seconds), loaded


def _row(case: str, ours: str, theirs: str, ours_s: list[float], theirs_s: list[float], goal: float | None, note: str) -> dict[str, Any]:
    times = 1e9 * np.array([ours_s, theirs_s])
    (a, b), (a_median, b_median) = times.min(axis=1), np.median(times, axis=1)
    row = {
        "case": case,
        "ours": ours,
        "peer": theirs,
        "size": 1,
        "ours_ns": a,
        "peer_ns": b,
        "ours_median_ns": a_median,
        "peer_median_ns": b_median,
        "ratio": b / a,
        "spread": list(np.quantile(times[1] / times[0], (0.25, 0.75))),
        "note": note,
    }
    return row if goal is None else row | {"goal": goal}


def imports(rounds: int) -> dict[str, Any]:
    """`import mathlib` against `import scipy.special`, NumPy being loaded."""
    ours, theirs, loaded = [], [], set()
    for _ in range(rounds):
        seconds, heavy = _fresh(IMPORT.format(module="mathlib", heavy=HEAVY))
        ours.append(seconds)
        loaded |= set(heavy)
        theirs.append(_fresh(IMPORT.format(module="scipy.special", heavy=HEAVY))[0])
    return _row("import after numpy", "mathlib", "scipy.special", ours, theirs, None, f"loads {', '.join(sorted(loaded)) or 'nothing heavy'}")


def first_call(name: str, rounds: int) -> dict[str, Any]:
    """Import and first call in a new process: machine code kept on disk against an empty folder."""
    script = FIRST_CALL.format(name=name, heavy=HEAVY)
    kept, empty, loaded = [], [], set()
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            empty.append(_fresh(script, MATHLIB_CACHE_DIR=folder)[0])
            seconds, heavy = _fresh(script, MATHLIB_CACHE_DIR=folder)
            kept.append(seconds)
            loaded |= set(heavy)
    return _row(f"import and first {name}", "code kept on disk", "nothing kept", kept, empty, None, f"loads {', '.join(sorted(loaded))}")


def small_calls(rounds: int) -> tuple[Case, ...]:
    """Calls on eight elements and on one: ours against the bare ufunc and against SciPy's."""
    v, x = np.linspace(0.0, 40.0, 8), np.linspace(1.0, 60.0, 8)
    ours = partial(special.log_iv, v, x)
    ours()
    bare = partial(_bessel._LOG_IV.ufunc, v, x)
    both = partial(special.log_ivkv, v, x)
    both()
    return (
        Case("log_iv, 8 elements, per call", "mathlib", "its bare ufunc", ours, bare),
        Case("log_ivkv, 8 elements, per call", "mathlib", "its bare ufunc", both, partial(_bessel._LOG_IVKV.ufunc, v, x)),
        Case("log_iv, 8 elements, per call", "mathlib", "log(ive) + x", ours, lambda: np.log(scipy.special.ive(v, x)) + x),
        Case("log_iv, two floats, per call", "mathlib", "log(ive) + x", lambda: special.log_iv(3.0, 20.0), lambda: np.log(scipy.special.ive(3.0, 20.0)) + 20.0),
    )


def main(options: argparse.Namespace) -> None:
    """Measure; the processes take turns too."""
    rounds = max(3, options.rounds // 2)
    rows = [imports(2 * rounds), *(first_call(name, rounds) for name in ("log_iv", "log_ivkv", "log_iv_dv"))]
    run("startup", small_calls(options.rounds), options.rounds, rows)
