"""The symbolic front end: speed and error of compiled expressions, latency, derivatives, rewriting, verification."""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import sympy as sp

from benchmarks import elementary, eval8, expressions, fpbench, verify_defects
from benchmarks.harness import Case, make_row, measure, run
from mathlib.symbolic import compile

KAPPAS = {"1e-3 .. 1": (-3.0, 0.0), "1 .. 100": (0.0, 2.0), "100 .. 1e4": (2.0, 4.0), "1e-3 .. 1e6": (-3.0, 6.0)}
MOST_NS = 35.0  # of a von Mises-Fisher log-likelihood at any concentration
VARIABLES = 1000
LATENCY = """
import time
import numpy, sympy, llvmlite.binding, flint
from mathlib.symbolic import compile
from mathlib._lib import on_llvm
from benchmarks.symbolic import hundred_operations
expr, args, x = hundred_operations()
start = time.perf_counter()
f = compile(expr, args, backend="numba")
f(*x)
print(time.perf_counter() - start, f.n_ops)
"""
IMPORT = """
import time
import {before}
start = time.process_time()
import {module}
print(time.process_time() - start, 0)
"""


def hundred_operations() -> tuple[sp.Expr, tuple[sp.Symbol, ...], list[np.ndarray]]:
    """Return an expression of about a hundred operations, the sum of four of the eight, with usual arguments."""
    parts = [expressions.troe(), expressions.hill(), expressions.kepler_step(), expressions.double_pendulum()]
    rng = np.random.default_rng(1)
    values = {a: x for part in parts for a, x in zip(part.args, part.points(rng, 1000), strict=True)}
    return sp.Add(*(part.expr for part in parts), evaluate=False), tuple(values), list(values.values())


def fresh(script: str, **environment: str) -> tuple[float, int]:
    """Run a script in a new process and return the seconds and the number that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    seconds, number = done.stdout.split()
    return float(seconds), int(number)


def latency(rounds: int) -> dict[str, Any]:
    """Compile and first call in a new process, after the imports: object file on disk against an empty folder."""
    kept, empty, operations = [], [], 0
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            seconds, operations = fresh(LATENCY, MATHLIB_CACHE_DIR=folder)
            empty.append(seconds)
            kept.append(fresh(LATENCY, MATHLIB_CACHE_DIR=folder)[0])
    row = make_row(f"compile {operations} operations", "object file on disk", "nothing kept", np.array([kept, empty]))
    return row | {"note": "goals: 60 ms, 150 ms"}


def imports(rounds: int) -> dict[str, Any]:
    """`import mathlib.symbolic` after sympy, against `import sympy` itself."""
    ours = [fresh(IMPORT.format(before="sympy, numpy", module="mathlib.symbolic"))[0] for _ in range(rounds)]
    theirs = [fresh(IMPORT.format(before="numpy", module="sympy"))[0] for _ in range(rounds)]
    row = make_row("import after SymPy", "mathlib.symbolic", "sympy", np.array([ours, theirs]))
    return row | {"note": "goal: 150 ms"}


def log_likelihood() -> Iterator[dict[str, Any]]:
    """Von Mises-Fisher in ten dimensions with its Bessel function, at every concentration."""
    example = expressions.von_mises_fisher()[1]
    function = compile(example.expr, example.args, stabilize=True, backend="numba")
    written = sp.lambdify(example.args, example.expr, "scipy", cse=True)
    rng = np.random.default_rng(3)
    for name, (low, high) in KAPPAS.items():
        points = 10.0 ** rng.uniform(low, high, 100_000), rng.uniform(-1, 1, 100_000)
        out = np.empty(100_000)
        ours = partial(function, *points, out=out, workers=1)
        case = f"log-likelihood, d = 10, kappa {name}"
        with np.errstate(all="ignore"):
            peer = partial(written, *points)
            row = measure(Case(case, "mathlib", "lambdify, cse", ours, peer, 100_000, 3.0), 3)
        missed = "" if row["ours_ns"] <= MOST_NS else " MISSED"
        yield row | {"goal_ns": MOST_NS, "note": f"goal: {MOST_NS:g} ns{missed}"}


def chain() -> tuple[sp.Expr, list[sp.Symbol]]:
    """Return a sum over neighbours of a thousand variables."""
    x = sp.symbols(f"x0:{VARIABLES}")
    return sp.Add(*(sp.sin(a) * sp.exp(-b) for a, b in pairwise(x))), list(x)


def derivatives() -> Iterator[Case]:
    """The gradient of the chain against its value, at one point and at a thousand."""
    expr, x = chain()
    value = compile(expr, [x], backend="numba")
    gradient = value.grad()
    for n in (1, 1000):
        points = np.random.default_rng(5).uniform(-1, 1, (n, VARIABLES))
        case = f"gradient of {VARIABLES} variables, {n} points"
        yield Case(case, "gradient", "value", partial(gradient, points), partial(value, points), n, 0.2)


def main(options: argparse.Namespace) -> None:
    """Measure; the rewriter's table is printed and written by itself."""
    rounds = max(3, options.rounds // 2)
    found = list(eval8.rows(options.rounds))
    means = eval8.geometric_means(found)
    more = [*log_likelihood(), *found, latency(rounds), imports(rounds), *verify_defects.rows()]
    more += elementary.rows(options.rounds)
    run("symbolic", derivatives(), options.rounds, more, geometric_means=means)
    for name, mean in means.items():
        print(f"geometric mean over {name}: {mean:.2f}")
    fpbench.main(options)
