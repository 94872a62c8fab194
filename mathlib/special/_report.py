"""Rows of the self-report: the Bessel room against Arb, with SciPy's answer beside."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from flint import arb, ctx

from mathlib import special
from mathlib._lib.report import Check, Measured, timed

ALL = ("numpy", "numba", "cupy")
POINTS, QUICK_POINTS = 400, 60  # compared with Arb; all points are computed
SIZE, QUICK_SIZE = 200_000, 20_000
GOOD_BITS = 75

Truth = Callable[[arb, arb], arb]

BOXES: dict[str, Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]] = {
    "v, x in [0, 150]": lambda g, n: (g.uniform(0, 150, n), g.uniform(0, 150, n)),
    "v, x in [0, 25]": lambda g, n: (g.uniform(0, 25, n), g.uniform(0, 25, n)),
    "v, x in 1e-3..1e6, log": lambda g, n: (10 ** g.uniform(-3, 6, n), 10 ** g.uniform(-3, 6, n)),
    "I_v near 1, v to 1e6": lambda g, n: (
        v := 10 ** g.uniform(0, 6, n),
        0.66274341934918 * v * (1 + g.uniform(-1e-3, 1e-3, n)),
    ),
}
RATIO_BOX = "v, x in [0, 100]"
BOXES[RATIO_BOX] = lambda g, n: (g.uniform(0, 100, n), g.uniform(0.01, 100, n))

TRUTH: dict[str, Truth] = {
    "log_iv": lambda v, x: x.bessel_i(v, scaled=True).log() + x,
    "log_kv": lambda v, x: x.bessel_k(v, scaled=True).log() - x,
    "iv_ratio": lambda v, x: x.bessel_i(v + 1) / x.bessel_i(v),
    "iv_ratio_c": lambda v, x: 1 - x.bessel_i(v + 1) / x.bessel_i(v),
    "kv_ratio": lambda v, x: x.bessel_k(v + 1) / x.bessel_k(v),
    "log_iv_dv": lambda v, x: (x.bessel_i(v + arb(2) ** -90) / x.bessel_i(v)).log() * arb(2) ** 90,
    "log_kv_dv": lambda v, x: (x.bessel_k(v + arb(2) ** -90) / x.bessel_k(v)).log() * arb(2) ** 90,
}
BOUNDS = {"iv_ratio": 4e-16, "iv_ratio_c": 1e-15, "kv_ratio": 8e-16, "log_iv_dv": 3e-15, "log_kv_dv": 3e-15}
RELATIVE = ("iv_ratio", "iv_ratio_c", "kv_ratio")  # others: |error| / max(1, |value|)


@cache
def sample(box: str, quick: bool) -> tuple[np.ndarray, np.ndarray]:
    return BOXES[box](np.random.default_rng(2024), QUICK_SIZE if quick else SIZE)


def exact(truth: Truth, v: float, x: float) -> arb:
    """The value good to GOOD_BITS bits, the working precision growing until it is."""
    bits = 256
    while bits < 1 << 15:
        with ctx.workprec(bits):
            value = truth(arb(v), arb(x))
            if value.rel_accuracy_bits() >= GOOD_BITS:
                return value
        bits *= 2
    raise ArithmeticError(f"Arb does not settle at v = {v!r}, x = {x!r}")


@cache
def exact_values(name: str, box: str, quick: bool) -> list[arb]:
    v, x = sample(box, quick)
    n = QUICK_POINTS if quick else POINTS
    return [exact(TRUTH[name], a, b) for a, b in zip(v[:n].tolist(), x[:n].tolist(), strict=True)]


def worst(values: np.ndarray, truth: list[arb], relative: bool) -> float:
    """The largest error; inf where a value is not finite."""
    largest = 0.0
    for value, t in zip(values.tolist(), truth, strict=False):
        if not np.isfinite(value):
            return float("inf")
        size = abs(float(t))
        with ctx.workprec(256):
            largest = max(largest, abs(float(arb(value) - t)) / (size if relative else max(1.0, size)))
    return largest


def to_backend(backend: str, a: np.ndarray) -> Any:
    if backend != "cupy":
        return a
    import cupy

    return cupy.asarray(a)


def to_numpy(a: Any) -> np.ndarray:
    return np.asarray(a.get() if hasattr(a, "get") else a)


def scipy_logs(name: str, v: np.ndarray, x: np.ndarray) -> np.ndarray:
    from scipy.special import ive, kve

    with np.errstate(all="ignore"):
        return np.asarray(np.log(ive(v, x)) + x if name == "log_iv" else np.log(kve(v, x)) - x)


def run(name: str, box: str, backend: str, quick: bool) -> Measured:
    v, x = sample(box, quick)
    f = getattr(special, name)
    here = [to_backend(backend, a) for a in (v, x)]
    f(here[0][:2], here[1][:2], backend=backend)  # compile
    values, seconds = timed(lambda: to_numpy(f(*here, backend=backend)))
    truth = exact_values(name, box, quick)
    bound = BOUNDS.get(name, 1e-15 if backend != "numpy" else 1.2e-15)
    error = worst(values, truth, name in RELATIVE)
    if not np.isfinite(values).all():
        error = float("inf")
    if name not in ("log_iv", "log_kv"):
        return Measured(f"{v.size:.0e}", error, bound, seconds)
    n = v.size // 8
    scipy_logs(name, v[:2], x[:2])  # import
    peer, peer_seconds = timed(lambda: scipy_logs(name, v[:n], x[:n]))
    lost = 1 - np.isfinite(peer).mean()
    finite = np.where(np.isfinite(peer[: len(truth)]), peer[: len(truth)], values[: len(truth)])
    note = f"SciPy: error {worst(finite, truth, False):.0e}" + (
        f", {100 * lost:.2g} % of its values are not finite" if lost else ""
    )
    return Measured(f"{v.size:.0e}", error, bound, seconds, "scipy", 8 * peer_seconds / seconds, note)


def checks() -> list[Check]:
    """Rows of the room."""
    logs = [
        Check(f"special.{name}", box, partial(run, name, box), ALL)
        for box in list(BOXES)[:4]
        for name in ("log_iv", "log_kv")
    ]
    others = [Check(f"special.{name}", RATIO_BOX, partial(run, name, RATIO_BOX), ALL) for name in BOUNDS]
    return logs + others
