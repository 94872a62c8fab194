"""Speed and error of eight compiled expressions against every peer that is installed, one thread each."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from benchmarks.expressions import Example, examples
from benchmarks.harness import Case, measure
from mathlib.symbolic import compile, stabilize
from mathlib.symbolic.compiling.compile import read
from mathlib.symbolic.expressions.truth import exact

SIZES = (1_000_000, 4_000)
CHECKED = 400  # points whose exact values are found by Arb
Run = Callable[[], Any]
Maker = Callable[[Example, list[np.ndarray]], Run | None]


def heyoka(example: Example, points: list[np.ndarray]) -> Run | None:
    """Compile by LLVM with SLEEF's vector functions; no Bessel functions, no fractions that are not dyadic."""
    try:
        import heyoka as hy
    except ImportError:
        return None
    if example.expr.has(sp.besseli):
        return None
    hy.set_nthreads(1)
    rationals = {r for r in example.expr.atoms(sp.Rational) if not r.is_Integer and r.q & (r.q - 1)}
    expr = hy.from_sympy(example.expr.xreplace({r: sp.Float(r, 17) for r in rationals}))
    function = hy.cfunc([expr], vars=[hy.expression(str(a)) for a in example.args])
    stacked, out = np.ascontiguousarray(np.stack(points)), np.empty((1, points[0].size))

    def run() -> np.ndarray:
        function(stacked, outputs=out)
        return out[0]

    return run


def lambdify(example: Example, points: list[np.ndarray]) -> Run | None:
    """NumPy and SciPy code by SymPy, with common sub-expressions."""
    return partial(sp.lambdify(example.args, example.expr, "scipy", cse=True), *points)


def numexpr(example: Example, points: list[np.ndarray]) -> Run | None:
    """A virtual machine over blocks; no erfc and no Bessel functions."""
    try:
        import numexpr as ne
    except ImportError:
        return None
    if example.expr.has(sp.erfc, sp.besseli):
        return None
    ne.set_num_threads(1)
    text = sp.pycode(example.expr).replace("math.", "")
    names = {str(a): p for a, p in zip(example.args, points, strict=True)}
    text = text.replace("pi", repr(float(np.pi)))
    return lambda: ne.evaluate(text, local_dict=names, global_dict={})


def casadi(example: Example, points: list[np.ndarray]) -> Run | None:
    """A virtual machine that is mapped over the points; no erfc and no Bessel functions."""
    try:
        import casadi as ca
    except ImportError:
        return None
    if example.expr.has(sp.erfc, sp.besseli):
        return None
    symbols = [ca.SX.sym(str(a)) for a in example.args]
    functions = {name: getattr(ca, name) for name in ("exp", "log", "sin", "cos", "sqrt")}
    value = sp.lambdify(example.args, example.expr, [functions, "math"])
    function = ca.Function("f", symbols, [value(*symbols)])
    rows = [ca.DM(p).T for p in points]
    return lambda: np.array(function(*rows)).ravel()


def symengine(example: Example, points: list[np.ndarray]) -> Run | None:
    """Compile by LLVM without vector functions; no Bessel functions."""
    try:
        import symengine as se
    except ImportError:
        return None
    if example.expr.has(sp.besseli):
        return None
    function = se.Lambdify(list(example.args), [example.expr], cse=True, backend="llvm")
    stacked = np.column_stack(points)
    return lambda: function(stacked)[:, 0]


PEERS: dict[str, Maker] = {
    "heyoka": heyoka,
    "lambdify, cse": lambdify,
    "numexpr": numexpr,
    "casadi": casadi,
    "symengine, LLVM": symengine,
}


def errors(values: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Return the largest and the median relative error."""
    with np.errstate(all="ignore"):
        error = np.abs(values - truth) / np.abs(truth)
    error = np.where(np.isfinite(error), error, np.inf)
    return float(error.max()), float(np.median(error))


def rows(rounds: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each expression, size and peer."""
    for example in examples():
        expr: Any = example.expr
        if example.domain is not None:
            expr = stabilize(expr, example.args, domain=example.domain)
        function = compile(expr, example.args, backend="numba")
        graph, (root,), arguments, _ = read(example.expr, example.args)
        for size in SIZES:
            points = [np.ascontiguousarray(p) for p in example.points(np.random.default_rng(0), size)]
            sample = dict(zip(arguments.names, (p[:CHECKED] for p in points), strict=True))
            truth, _ = exact(graph, root, sample)
            out = np.empty(size)
            ours = partial(function, *points, out=out, workers=1)
            ours()
            for name, make in PEERS.items():
                if size < SIZES[0] and name != "heyoka":
                    continue
                run = make(example, points)
                if run is None:
                    continue
                slow = name in ("casadi", "symengine, LLVM", "numexpr")
                goal = {"heyoka": 1.0, "lambdify, cse": 3.0}.get(name)
                case = Case(f"{example.name}, n = {size}", "mathlib", name, ours, run, size, goal, 5 if slow else None)
                largest, median = errors(out[:CHECKED], truth)
                theirs, theirs_median = errors(np.asarray(run())[:CHECKED], truth)
                row = measure(case, rounds)
                yield row | {
                    "error": largest,
                    "median_error": median,
                    "peer_error": theirs,
                    "peer_median_error": theirs_median,
                    "note": f"error {largest:.1e}, peer {theirs:.1e}; median {median:.1e}, {theirs_median:.1e}",
                }


def geometric_means(found: list[dict[str, Any]]) -> dict[str, float]:
    """Return the geometric mean of the ratios for each size and peer."""
    means = {}
    for size in SIZES:
        for name in PEERS:
            ratios = [r["ratio"] for r in found if r["peer"] == name and r["case"].endswith(f"n = {size}")]
            if ratios:
                means[f"{name}, n = {size}"] = float(np.exp(np.mean(np.log(ratios))))
    return means
