"""What a program pays before it computes: import, the first call of a routine, the way to the loop of a small call."""

import argparse
import os
import subprocess
import sys
import tempfile
from functools import partial
from typing import Any

import numpy as np
import scipy.special

from benchmarks.harness import Case, make_row, run
from mathlib import special
from mathlib.special import _bessel

HEAVY = "numba", "llvmlite", "scipy", "sympy", "cupy"  # none may be loaded by `import mathlib`
IMPORT = """
import sys, time
import numpy
start = time.process_time()
import {module}
seconds = time.process_time() - start
print(seconds, *[name for name in {heavy} if name in sys.modules])
"""
FIRST_CALL = """
import time
import numpy as np
v = np.linspace(0.0, 40.0, 8)
start = time.process_time()
from mathlib.special import {name}
{name}(v, v + 1.0)
seconds = time.process_time() - start
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


def imports(rounds: int) -> dict[str, Any]:
    """`import mathlib` against `import scipy.special`, NumPy being loaded."""
    ours, theirs, loaded = [], [], set()
    for _ in range(rounds):
        seconds, heavy = _fresh(IMPORT.format(module="mathlib", heavy=HEAVY))
        ours.append(seconds)
        loaded |= set(heavy)
        theirs.append(_fresh(IMPORT.format(module="scipy.special", heavy=HEAVY))[0])
    row = make_row("import after numpy", "mathlib", "scipy.special", np.array([ours, theirs]))
    return row | {"note": f"loads {', '.join(sorted(loaded)) or 'nothing heavy'}"}


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
    row = make_row(f"import and first {name}", "code kept on disk", "nothing kept", np.array([kept, empty]))
    return row | {"note": f"loads {', '.join(sorted(loaded))}"}


def small_calls(rounds: int) -> tuple[Case, ...]:
    """Calls on eight elements and on one: ours against the bare ufunc and against SciPy's."""
    v, x = np.linspace(0.0, 40.0, 8), np.linspace(1.0, 60.0, 8)
    one, both = partial(special.log_iv, v, x), partial(special.log_ivkv, v, x)
    one(), both()  # now the bare ufuncs exist
    bare_one, bare_both = (partial(routine.ufunc, v, x) for routine in (_bessel._LOG_IV, _bessel._LOG_IVKV))

    def scalars() -> object:
        return special.log_iv(3.0, 20.0)

    def theirs(v: Any = v, x: Any = x) -> object:
        return np.log(scipy.special.ive(v, x)) + x

    return (
        Case("log_iv, 8 elements, per call", "mathlib", "its bare ufunc", one, bare_one),
        Case("log_ivkv, 8 elements, per call", "mathlib", "its bare ufunc", both, bare_both),
        Case("log_iv, 8 elements, per call", "mathlib", "log(ive) + x", one, theirs),
        Case("log_iv, two floats, per call", "mathlib", "log(ive) + x", scalars, partial(theirs, 3.0, 20.0)),
    )


def main(options: argparse.Namespace) -> None:
    """Measure; the processes take turns too."""
    rounds = max(3, options.rounds // 2)
    rows = [imports(2 * rounds), *(first_call(name, rounds) for name in ("log_iv", "log_ivkv", "log_iv_dv"))]
    run("startup", small_calls(options.rounds), options.rounds, rows)
