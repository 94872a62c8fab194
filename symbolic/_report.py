"""Rows of the self-report: stable and compiled expressions against exact values, and a defect that must be found."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from sympy import Expr, Symbol, besseli, cos, erfc, exp, log, pi, sqrt

from mathlib._lib.report import Check, Measured, timed
from mathlib.symbolic import compile, stabilize, verify
from mathlib.symbolic.compiling.compile import read
from mathlib.symbolic.expressions.ordinals import bits
from mathlib.symbolic.expressions.truth import exact

ALL = ("numpy", "numba", "cupy")
SIZE, QUICK_SIZE = 200_000, 20_000
POINTS, QUICK_POINTS = 2000, 300  # compared with Arb

x, y = (Symbol(name, real=True) for name in "xy")
k, c = (Symbol(name, positive=True) for name in ("kappa", "c"))
a, b, d = (Symbol(name, real=True, nonzero=True) for name in "abd")

UNSTABLE: dict[str, Expr] = {
    "sqrt(x+1) - sqrt(x)": sqrt(x + 1) - sqrt(x),
    "(1 - cos x) / x^2": (1 - cos(x)) / x**2,
    "log(exp x + exp y)": log(exp(x) + exp(y)),
    "root of a quadratic": (-b + sqrt(b**2 - 4 * a * d)) / (2 * a),
}
Points = Callable[[np.random.Generator, int], tuple[np.ndarray, ...]]
COMPILED: dict[str, tuple[Expr, tuple[Symbol, ...], Points]] = {
    "log-likelihood, d = 10": (
        k * c + 4 * log(k) - 5 * log(2 * pi) - log(besseli(4, k)),
        (k, c),
        lambda g, n: (g.uniform(0.1, 2000, n), g.uniform(-1, 1, n)),
    ),
    "exp(x^2) erfc x": (exp(x**2) * erfc(x), (x,), lambda g, n: (g.uniform(0, 100, n),)),
    "log(exp x + exp y)": (log(exp(x) + exp(y)), (x, y), lambda g, n: tuple(g.uniform(-2000, 2000, (2, n)))),
}


def as_written(name: str, *points: np.ndarray) -> np.ndarray:
    """The same with NumPy and SciPy, as the formula says."""
    from scipy import special

    with np.errstate(all="ignore"):
        match name:
            case "log-likelihood, d = 10":
                kappa, cosine = points
                normaliser = 5 * np.log(2 * np.pi) + np.log(special.iv(4, kappa))
                return np.asarray(kappa * cosine + 4 * np.log(kappa) - normaliser)
            case "exp(x^2) erfc x":
                return np.asarray(np.exp(points[0] ** 2) * special.erfc(points[0]))
        return np.asarray(np.log(np.exp(points[0]) + np.exp(points[1])))


@cache
def stable(name: str) -> tuple[Any, Any]:
    """The stable form of an expression, and its arguments."""
    result = stabilize(UNSTABLE[name], domain=dict.fromkeys(UNSTABLE[name].free_symbols, (-1e150, 1e150)))
    return result, result.args


def run_stable(name: str, backend: str, quick: bool) -> Measured:
    """Mean bits of the stable form on points of ordinary size."""
    result, symbols = stable(name)
    rng = np.random.default_rng(7)
    n = QUICK_POINTS if quick else POINTS
    points = [rng.choice((-1.0, 1.0), n) * 2.0 ** rng.uniform(-40, 40, n) for _ in symbols]
    graph, (root,), arguments, _ = read(UNSTABLE[name], symbols)
    truth, _ = exact(graph, root, dict(zip(arguments.names, points, strict=True)))
    known = np.isfinite(truth)
    function = compile(result, symbols, backend=backend)  # type: ignore[arg-type]
    here = [to_backend(backend, p[known]) for p in points]
    function(*here)
    values, seconds = timed(lambda: to_numpy(function(*here)))
    written = compile(UNSTABLE[name], symbols, backend=backend)(*here)  # type: ignore[arg-type]
    before = bits(to_numpy(written), truth[known]).mean()
    note = f"mean bits of error; {before:.1f} as it is written"
    return Measured(f"{known.sum():.0e}", float(bits(values, truth[known]).mean()), 1.0, seconds, note=note)


def run_compiled(name: str, backend: str, quick: bool) -> Measured:
    """Largest error relative to the value or the arguments, whichever is larger, and SciPy beside."""
    expr, symbols, box = COMPILED[name]
    points = box(np.random.default_rng(11), QUICK_SIZE if quick else SIZE)
    n = QUICK_POINTS if quick else POINTS
    graph, (root,), arguments, _ = read(expr, symbols)
    truth, _ = exact(graph, root, {s: p[:n] for s, p in zip(arguments.names, points, strict=True)})
    function = compile(expr, symbols, backend=backend, stabilize=True)  # type: ignore[arg-type]
    here = [to_backend(backend, p) for p in points]
    function(*here)
    values, seconds = timed(lambda: to_numpy(function(*here)))
    if not np.isfinite(values).all():
        return Measured(f"{values.size:.0e}", np.inf, 1e-14, seconds)
    scale = np.max(np.abs([truth, *(p[:n] for p in points)]), axis=0) if len(points) > 1 else np.abs(truth)
    error = float(np.max(np.abs(values[:n] - truth) / scale))
    as_written(name, *(p[:2] for p in points))  # import
    peer, peer_seconds = timed(lambda: as_written(name, *points))
    lost = 1 - np.isfinite(peer).mean()
    note = f"as it is written, {100 * lost:.2g} % of the values are not finite" if lost else ""
    return Measured(f"{values.size:.0e}", error, 4e-15, seconds, "scipy", peer_seconds / seconds, note)


def run_defect(backend: str, quick: bool) -> Measured:
    """Whether an implementation that is wrong in one of 40,000 floats is caught."""

    def planted(v: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.asarray(np.where((v > 3.0e-4) & (v < 3.1e-4), np.log(1 + v), np.log1p(v)))

    verdict, seconds = timed(lambda: verify(planted, log(1 + x), x, rng=1))
    note = f"log1p made wrong in 2.4e-5 of the floats; found at x = {verdict.worst_input['x']:.4g}"
    return Measured(f"{verdict.n_points:.0e}", float(verdict.passed), 0.5, seconds, note=note)


def to_backend(backend: str, array: np.ndarray) -> Any:
    """Move an array to where a backend computes."""
    if backend != "cupy":
        return array
    import cupy

    return cupy.asarray(array)


def to_numpy(array: Any) -> np.ndarray:
    """Bring it back."""
    return np.asarray(array.get() if hasattr(array, "get") else array)


def checks() -> list[Check]:
    """Rows of the room."""
    return [
        *(Check("symbolic.stabilize", name, partial(run_stable, name), ALL) for name in UNSTABLE),
        *(Check("symbolic.compile", name, partial(run_compiled, name), ALL) for name in COMPILED),
        Check("symbolic.verify", "planted defect", run_defect, ("numpy",)),
    ]
