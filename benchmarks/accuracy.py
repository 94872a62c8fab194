"""Errors of the Bessel functions on many random points: both CPU backends against each other, and against Arb.

All points are computed with both backends. Of each box some points are compared with python-flint: half of them those
where the two backends differ most, half the first ones. Beyond r = hypot(v, x) = 2000 Arb's series are too long; there
the reference is the uniform expansion (DLMF 10.41.3) to 24 terms in ball arithmetic, whose remainder is below 1e-50.
"""

import argparse
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from typing import Any

import flint
import numpy as np
from flint import arb, fmpq, fmpq_poly
from tqdm import tqdm

from benchmarks.harness import print_table, write
from mathlib import special

Points = tuple[np.ndarray, np.ndarray]
FAR, TERMS = 2000.0, 24
BACKENDS = "numba", "numpy"
NEAR = 1e-2  # half width of the boxes around borders

# ---- reference values ----------------------------------------------------------------------------------------------


@cache
def debye() -> list[fmpq_poly]:
    """Return q_k with u_k(p) = p^k q_k(p^2), from the recurrence of DLMF 10.41.9."""
    u = fmpq_poly([1])
    squares = fmpq_poly([0, 0, 1]) - fmpq_poly([0, 0, 0, 0, 1])
    found = []
    for k in range(TERMS):
        found.append(fmpq_poly(u.coeffs()[k::2]))
        integrand = u * fmpq_poly([1, 0, -5])
        integral = fmpq_poly([0] + [c / fmpq(i + 1) for i, c in enumerate(integrand.coeffs())])
        u = squares * u.derivative() / 2 + integral / 8
    return found


def far_logs(v: arb, x: arb) -> tuple[arb, arb]:
    """Return log I_v(x) and log K_v(x) for large r from the uniform expansion."""
    r = (v * v + x * x).sqrt()
    square = (v / r) ** 2
    terms = []
    for k, q in enumerate(debye()):
        value = arb(0)
        for c in reversed(q.coeffs()):
            value = value * square + arb(c)
        terms.append(value / r**k)
    even, odd = sum(terms[0::2], arb(0)), sum(terms[1::2], arb(0))
    body = r + v * (x / (v + r)).log()
    log_i = body - (2 * arb.pi() * r).log() / 2 + (even + odd).log()
    log_k = -body + (arb.pi() / (2 * r)).log() / 2 + (even - odd).log()
    return log_i, log_k


def logs(v: arb, x: arb) -> tuple[arb, arb]:
    """Return balls around log I_v(x) and log K_v(x)."""
    if float(v) ** 2 + min(float(x), 1e150) ** 2 >= FAR**2:
        return far_logs(v, x)
    return x.bessel_i(v, scaled=True).log() + x, x.bessel_k(v, scaled=True).log() - x


def ratios(v: arb, x: arb) -> tuple[arb, ...]:
    """Return I_{v+1}/I_v, one minus it, K_{v+1}/K_v."""
    (a, b), (c, d) = logs(v, x), logs(v + 1, x)
    i = (c - a).exp()
    return i, 1 - i, (d - b).exp()


def slopes_v(v: arb, x: arb) -> tuple[arb, ...]:
    """Return d/dv of both logarithms, by a difference whose error is below 1e-50."""
    h = arb(2) ** -100
    return tuple((a - b) / (2 * h) for a, b in zip(logs(v + h, x), logs(v - h, x), strict=True))


def slopes_x(v: arb, x: arb) -> tuple[arb, ...]:
    """Return d/dx of both logarithms."""
    i, _, k = ratios(v, x)
    return i + v / x, v / x - k


def exact(f: Callable[..., tuple[arb, ...]], v: float, x: float) -> list[tuple[float, float]]:
    """Return f(v, x) as pairs (double, what is left); the precision grows until 70 bits are certain."""
    before, flint.ctx.prec = flint.ctx.prec, 200
    try:
        while flint.ctx.prec < 100_000:
            try:
                balls = f(arb(v), arb(x))
                if all(ball.rel_accuracy_bits() > 70 for ball in balls):
                    return [(float(ball.mid()), float(ball.mid() - arb(float(ball.mid())))) for ball in balls]
            except ZeroDivisionError:
                pass
            flint.ctx.prec *= 2
        raise ArithmeticError(f"no reference at v = {v!r}, x = {x!r}")
    finally:
        flint.ctx.prec = before


# ---- points --------------------------------------------------------------------------------------------------------

_rng = np.random.default_rng(2)
_uniform = _rng.uniform


def _log_uniform(low: float, high: float, n: int) -> np.ndarray:
    return 10.0 ** _uniform(low, high, n)


def seams(n: int) -> Points:
    """Both sides of all borders between formulas: r = 25 and 64, x = 1 and 4, half-integers and integers v."""
    part = np.arange(n) % 5
    angle, x = _uniform(0, np.pi / 2, n), _uniform(0, 25, n)
    r = np.where(part == 0, 25.0, 64.0) + NEAR * _uniform(-1, 1, n)
    v = _uniform(0, 25, n)
    v = np.where(part == 3, np.floor(v) + 0.5 + 1e-12 * _uniform(-1, 1, n), v)
    v = np.where(part == 4, np.nextafter(np.floor(v) + 1.0, _rng.choice([-1.0, np.inf], n)), v)
    x = np.where(part == 2, _rng.choice([1.0, 4.0], n) + NEAR * _uniform(-1, 1, n), x)
    on_circle = part < 2
    return np.abs(np.where(on_circle, r * np.cos(angle), v)), np.where(on_circle, r * np.sin(angle), x)


def zeros(n: int) -> Points:
    """The curve log I_v(x) = 0 and one neighbour on each side, v in [1, 1e8]."""
    v = _log_uniform(0, 8, n)
    x = 0.66 * v + 1.0
    for _ in range(60):
        x = np.maximum(x - special.log_iv(v, x) / special.log_iv_dx(v, x), 0.5 * x)
    towards = _rng.choice([0.0, 1.0, np.inf], n)
    return v, np.where(towards == 1.0, x, np.nextafter(x, towards))


LOG_BOXES: dict[str, Callable[[int], Points]] = {
    "v in [1e-20,1e15], x in [1e-300,1e300]": lambda n: (_log_uniform(-20, 15, n), _log_uniform(-300, 300, n)),
    "log-uniform [1e-3,1e6]^2": lambda n: (_log_uniform(-3, 6, n), _log_uniform(-3, 6, n)),
    "U[0,30]^2": lambda n: (_uniform(0, 30, n), _uniform(0, 30, n)),
    "U[0,150]^2": lambda n: (_uniform(0, 150, n), _uniform(0, 150, n)),
    "v < 2, x < 4": lambda n: (_uniform(0, 2, n), _uniform(0, 4, n)),
    "seams": seams,
    "log I = 0": zeros,
}
SMALL_BOX = "v < 1/2, x < 1, against the conditioning"
OTHER_BOXES: dict[str, Callable[[int], Points]] = {
    "x < 1": lambda n: (_uniform(0, 24, n), _log_uniform(-4, 0, n)),
    "v < 2, x < 1": lambda n: (_uniform(0, 2, n), _uniform(0.01, 1, n)),
    "1 <= x < 4": lambda n: (_uniform(0, 24, n), _uniform(1, 4, n)),
    "4 <= x < 24": lambda n: (_uniform(0, 24, n), _uniform(4, 24, n)),
    "v < 2, 4 <= x < 25": lambda n: (_uniform(0, 2, n), _uniform(4, 24.9, n)),
    "25 <= x < 60": lambda n: (_uniform(0, 60, n), _uniform(25, 60, n)),
    "v < 1, r > 25": lambda n: (_log_uniform(-6, 0, n), _log_uniform(1.4, 4, n)),
    "v > 25, v > x": lambda n: (_uniform(25, 300, n), _log_uniform(-3, 1, n)),
    "v < 1e-3": lambda n: (_log_uniform(-12, -3, n), _log_uniform(-2, 2, n)),
    "seams": seams,
    "log-uniform [1,1e12]^2": lambda n: (_log_uniform(0, 12, n), _log_uniform(0, 12, n)),
}
GROUPS: tuple[tuple[tuple[str, ...], Callable[..., tuple[arb, ...]], float], ...] = (
    # functions, their reference, and the floor under the value in the denominator of the error
    (("iv_ratio", "iv_ratio_c", "kv_ratio"), ratios, 1e-300),
    (("log_iv_dv", "log_kv_dv"), slopes_v, 1.0),
    (("log_iv_dx", "log_kv_dx"), slopes_x, 1e-300),
)

# ---- comparison ----------------------------------------------------------------------------------------------------


def scaled_too(v: arb, x: arb) -> tuple[arb, ...]:
    """Return both logarithms, and those of the exponentially scaled functions."""
    i, k = logs(v, x)
    return i, k, i - x, k + x


def _exact_logs(point: tuple[float, float]) -> list[tuple[float, float]]:
    return exact(scaled_too, *point)


def _exact_group(task: tuple[int, float, float]) -> list[tuple[float, float]]:
    return exact(GROUPS[task[0]][1], *task[1:])


def small_scale(v: np.ndarray, x: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return |f| + |x f_x| + |v f_v| of f = log I_v(x), what the last digits of v, x and f are worth."""
    return np.abs(value) + np.abs(x * special.log_iv_dx(v, x)) + np.abs(v * special.log_iv_dv(v, x))


def compare(
    pool: ProcessPoolExecutor,
    names: tuple[str, ...],
    box: str,
    points: Points,
    check: int,
    reference: Callable[[Any], Any],
    tasks: Callable[[np.ndarray, np.ndarray], list[Any]],
    scale: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
) -> list[dict[str, Any]]:
    """Return a row for each function and backend: worst and median error of the points compared with Arb."""
    v, x = points
    values = {(name, b): getattr(special, name)(v, x, backend=b) for name in names for b in BACKENDS}
    apart = []
    for name in names:
        a, b = (values[name, backend] for backend in BACKENDS)
        with np.errstate(invalid="ignore"):
            apart.append(np.nan_to_num(np.abs(a - b) / scale(v, x, a)))
    share = check // (2 * len(names))
    most_apart = [np.argsort(a)[len(v) - share :] for a in apart]
    chosen = np.unique(np.concatenate([np.arange(min(check // 2, len(v))), *most_apart]))
    found = np.array(list(pool.map(reference, tasks(v[chosen], x[chosen]), chunksize=16)))
    rows = []
    for i, name in enumerate(names):
        true, low = found[:, i].T
        for backend in BACKENDS:
            value = values[name, backend]
            with np.errstate(invalid="ignore"):
                error = np.abs((value[chosen] - true) - low) / scale(v[chosen], x[chosen], true)
            worst = int(np.nanargmax(error))
            rows.append(
                {
                    "function": name,
                    "backend": backend,
                    "box": box,
                    "points": len(v),
                    "checked": len(chosen),
                    "not_finite": int(np.sum(~np.isfinite(value))),
                    "max_e1": error[worst],
                    "median_e1": float(np.nanmedian(error)),
                    "backends_apart": apart[i].max(),
                    "worst": [repr(float(v[chosen][worst])), repr(float(x[chosen][worst]))],
                }
            )
    return rows


HEADER = (
    "function",
    "box",
    "points",
    "checked",
    "not finite",
    "numba max",
    "median",
    "numpy max",
    "median",
    "worst v, x",
)


def _cells(compiled: dict[str, Any], numpy: dict[str, Any]) -> tuple[str, ...]:
    """Return a printed line from the rows of the two backends."""
    return (
        compiled["function"],
        compiled["box"],
        *(str(compiled[key]) for key in ("points", "checked")),
        str(compiled["not_finite"] + numpy["not_finite"]),
        *(f"{row[key]:.1e}" for row in (compiled, numpy) for key in ("max_e1", "median_e1")),
        ", ".join(compiled["worst"]),
    )


def main(options: argparse.Namespace) -> None:
    """Compare all boxes in two processes, print the table and write the results."""
    rows: list[dict[str, Any]] = []
    logs_of = "log_iv", "log_kv", "log_ive", "log_kve"
    size, check = options.points // len(LOG_BOXES), options.check // len(LOG_BOXES)

    def mixed(v: np.ndarray, x: np.ndarray, value: np.ndarray) -> np.ndarray:
        return np.maximum(1.0, np.abs(value))

    def pairs(v: np.ndarray, x: np.ndarray) -> list[Any]:
        return list(zip(v.tolist(), x.tolist(), strict=True))

    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for box, make in tqdm(LOG_BOXES.items(), "logarithms"):
            rows += compare(pool, logs_of, box, make(size), check, _exact_logs, pairs, mixed)
        tiny = _log_uniform(-20, -0.31, size), _log_uniform(-12, 0, size)
        rows += compare(pool, logs_of[:1], SMALL_BOX, tiny, check, _exact_logs, pairs, small_scale)
        for group, (names, _, floor) in enumerate(GROUPS):

            def tasks(v: np.ndarray, x: np.ndarray, group: int = group) -> list[Any]:
                return [(group, a, b) for a, b in pairs(v, x)]

            def floored(v: np.ndarray, x: np.ndarray, value: np.ndarray, floor: float = floor) -> np.ndarray:
                return np.maximum(floor, np.abs(value))

            for box, make in tqdm(OTHER_BOXES.items(), ", ".join(names)):
                points = make(size // 4)
                rows += compare(pool, names, box, points, options.check // 20, _exact_group, tasks, floored)
    print_table(HEADER, [_cells(*rows[i : i + 2]) for i in range(0, len(rows), 2)])
    write("accuracy", rows)
