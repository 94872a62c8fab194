"""The elementary functions one by one: largest error against Arb, time against NumPy or SciPy and heyoka."""

import operator
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import scipy.special
import sympy as sp

from benchmarks.harness import Case, measure, peer
from mathlib._lib.elementary import ULP
from mathlib.symbolic.compiling.compiled_function import CompiledFunction
from mathlib.symbolic.expressions.arguments import Arguments
from mathlib.symbolic.expressions.domains import LARGEST
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import OPS, named
from mathlib.symbolic.rewriting.sampling import uniform
from mathlib.symbolic.verifying.confirmation import judge

SIZE = 16_384  # timed points: they stay in the cache
CHECKED = 100_000  # points compared with Arb: half of them like those that are timed, half uniform over all floats
GOALS = {"erf": 2.0, "erfc": 2.0, "erfcx": 2.0}  # ulps; one for the others

Interval = tuple[float, float]
ALL, POSITIVE, UNIT = (-LARGEST, LARGEST), (5e-324, LARGEST), (-1.0, 1.0)
RANGES: dict[str, tuple[list[Interval], list[Interval]]] = {  # of each argument: where it is used, where it is defined
    "acos": ([UNIT], [UNIT]),
    "acosh": ([(1.0, 50.0)], [(1.0, LARGEST)]),
    "asin": ([UNIT], [UNIT]),
    "asinh": ([(-50.0, 50.0)], [ALL]),
    "atan": ([(-10.0, 10.0)], [ALL]),
    "atan2": ([(-10.0, 10.0)] * 2, [ALL] * 2),
    "atanh": ([UNIT], [UNIT]),
    "cbrt": ([(-100.0, 100.0)], [ALL]),
    "cos": ([(-100.0, 100.0)], [ALL]),
    "cosh": ([(-20.0, 20.0)], [(-710.0, 710.0)]),
    "cospi": ([(-5.0, 5.0)], [ALL]),
    "erf": ([(-4.0, 4.0)], [ALL]),
    "erfc": ([(-4.0, 10.0)], [(-27.0, 27.0)]),
    "erfcx": ([(-4.0, 30.0)], [(-26.0, LARGEST)]),
    "exp": ([(-20.0, 20.0)], [(-745.0, 709.0)]),
    "exp2": ([(-20.0, 20.0)], [(-1074.0, 1023.0)]),
    "expm1": ([(-2.0, 2.0)], [(-745.0, 709.0)]),
    "hypot": ([(-10.0, 10.0)] * 2, [ALL] * 2),
    "log": ([(0.0, 100.0)], [POSITIVE]),
    "log10": ([(0.0, 100.0)], [POSITIVE]),
    "log1p": ([(-0.9, 10.0)], [(-1.0, LARGEST)]),
    "log2": ([(0.0, 100.0)], [POSITIVE]),
    "pow": ([(0.0, 10.0), (-10.0, 10.0)], [POSITIVE, (-1.0, 1.0)]),
    "sin": ([(-100.0, 100.0)], [ALL]),
    "sinh": ([(-20.0, 20.0)], [(-710.0, 710.0)]),
    "sinpi": ([(-5.0, 5.0)], [ALL]),
    "tan": ([(-100.0, 100.0)], [ALL]),
    "tanh": ([(-10.0, 10.0)], [ALL]),
}


def compiled(name: str) -> CompiledFunction:
    """Return the compiled expression that is one call of a function."""
    graph, symbols = Graph(), sp.symbols("x y")[: OPS[name].arity]
    arguments = Arguments(symbols, (0,) * len(symbols))
    root = graph.add(name, *arguments.variables(graph).values())
    return CompiledFunction(graph, [root], arguments, "one", "numba")


def largest_error(name: str, function: CompiledFunction, rng: np.random.Generator) -> float:
    """Return the largest error in units in the last place; where function and truth overflow there is none."""
    used, defined = RANGES[name]
    columns = [
        np.concatenate([rng.uniform(*often, CHECKED // 2), uniform(everywhere, rng, CHECKED // 2)])
        for often, everywhere in zip(used, defined, strict=True)
    ]
    points = dict(zip(function.args, columns, strict=True))
    return float(np.nanmax(judge(function.graph, function.roots[0], points, function(*columns)).ulps))


def by_arrays(name: str) -> tuple[str, Callable[..., Any]]:
    """Return the library that has the function for NumPy's arrays, and the function."""
    if name in ("sinpi", "cospi"):
        plain = np.sin if name == "sinpi" else np.cos
        return f"NumPy, {plain.__name__}(pi x)", lambda x, out: plain(np.pi * x, out=out)
    if name.startswith("erf"):
        return "SciPy", getattr(scipy.special, name)
    return "NumPy", named(OPS[name].numpy)


def by_heyoka(name: str, points: list[np.ndarray]) -> Callable[[], object] | None:
    """Return a run of heyoka's function on points, or None where it has none."""
    function = peer("heyoka", name) if name != "pow" else peer("heyoka", "expression") and operator.pow
    if function is None:
        return None
    import heyoka as hy

    hy.set_nthreads(1)
    variables = hy.make_vars(*"xy"[: len(points)])
    variables = list(variables) if len(points) > 1 else [variables]
    run = hy.cfunc([function(*variables)], vars=variables)
    return partial(run, np.ascontiguousarray(np.stack(points)), outputs=np.empty((1, points[0].size)))


def rows(rounds: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each function and peer; an error beyond the goal or beyond what is documented is marked."""
    rng = np.random.default_rng(28)
    for name, bound in ULP.items():
        function = compiled(name)
        points = [rng.uniform(*often, SIZE) for often in RANGES[name][0]]
        out, other = np.empty(SIZE), np.empty(SIZE)
        ours = partial(function, *points, out=out, workers=1)
        ours()
        with np.errstate(all="ignore"):
            error = largest_error(name, function, rng)
            library, theirs = by_arrays(name)
            for title, run in ((library, partial(theirs, *points, out=other)), ("heyoka", by_heyoka(name, points))):
                if run is not None:
                    row = measure(Case(name, "mathlib", title, ours, run, SIZE), rounds)
                    missed = "" if error <= min(bound, GOALS.get(name, 1.0)) else " MISSED"
                    yield row | {"ulp": error, "note": f"error {error:.2f} ulp, documented {bound:g}{missed}"}
