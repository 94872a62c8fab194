"""Speed of the Bessel functions against SciPy's, on one thread, and of two threads against one."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import scipy.special

from benchmarks.harness import EMULATION, Case, emulated, peer, run
from mathlib import special

SIZE = 20_000
Points = tuple[np.ndarray, np.ndarray]

_uniform = np.random.default_rng(20).uniform

SAMPLES: dict[str, tuple[Points, float, float]] = {  # points; least ratio of the pair wanted with AVX-512, with AVX2
    "U[0,150]^2": ((_uniform(0, 150, SIZE), _uniform(0, 150, SIZE)), 42.0, 28.0),
    "U[0,25]^2": ((_uniform(0, 25, SIZE), _uniform(0, 25, SIZE)), 28.0, 18.0),
    "v=1023, x in U[1,1e4]": ((np.full(SIZE, 1023.0), _uniform(1, 1e4, SIZE)), 28.0, 18.0),
    "U[150,1e4]^2": ((_uniform(150, 1e4, SIZE), _uniform(150, 1e4, SIZE)), 18.0, 12.0),
    "log-uniform [1e-3,1e6]^2": ((10.0 ** _uniform(-3, 6, SIZE), 10.0 ** _uniform(-3, 6, SIZE)), 16.0, 10.0),
}
REGIONS: dict[str, Points] = {
    "x < 1": (_uniform(0, 20, SIZE), _uniform(0.01, 1, SIZE)),
    "1 <= x < 4": (_uniform(0, 20, SIZE), _uniform(1, 4, SIZE)),
    "x >= 4, r < 25": (_uniform(0, 15, SIZE), _uniform(4, 20, SIZE)),
    "25 <= r < 64": (_uniform(20, 40, SIZE), _uniform(20, 40, SIZE)),
    "r >= 64": (_uniform(64, 1000, SIZE), _uniform(0, 1000, SIZE)),
}


def scipy_log_iv(v: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return log I_v(x) as one writes it with SciPy; -inf where ive underflows."""
    return np.log(scipy.special.ive(v, x)) + x


def scipy_log_kv(v: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return log K_v(x) as one writes it with SciPy; inf where kve overflows."""
    return np.log(scipy.special.kve(v, x)) - x


def scipy_pair(v: np.ndarray, x: np.ndarray) -> Points:
    """Return both."""
    return scipy_log_iv(v, x), scipy_log_kv(v, x)


def scipy_log_kv_dx(v: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return d/dx log K_v(x) as one writes it with SciPy."""
    return v / x - scipy.special.kve(v + 1.0, x) / scipy.special.kve(v, x)


def scipy_log_iv_dv(v: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return a difference quotient, good to 1e-7: SciPy has no derivative in the order."""
    h = 1e-5 * (1.0 + v)
    return (scipy_log_iv(v + h, x) - scipy_log_iv(np.abs(v - h), x)) / (2.0 * h)


def scipy_log_kv_dv(v: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the same for log K_v(x)."""
    h = 1e-5 * (1.0 + v)
    return (scipy_log_kv(v + h, x) - scipy_log_kv(v - h, x)) / (2.0 * h)


def _case(
    where: str,
    points: Points,
    name: str,
    peer_name: str,
    theirs: Callable[..., Any] | None,
    goal: float | None = None,
    backend: str = "numba",
) -> Case:
    ours = partial(getattr(special, name), *points, workers=1, backend=backend)
    return Case(f"{name}, {where}", backend, peer_name, ours, theirs and partial(theirs, *points), SIZE, goal)


def cases() -> Iterator[Case]:
    """Yield all comparisons on one thread."""
    pair_peer = "log(ive) + x, log(kve) - x"
    for where, (points, wide, narrow) in SAMPLES.items():
        yield _case(where, points, "log_ivkv", pair_peer, scipy_pair, narrow if emulated() else wide)
    for where, points in REGIONS.items():
        yield _case(where, points, "log_ivkv", pair_peer, scipy_pair)
    iv_ratio, iv_ratio_c = (peer("scipy.special._ufuncs", name) for name in ("_iv_ratio", "_iv_ratio_c"))
    alone = (
        ("log_iv", "log(ive) + x", scipy_log_iv),
        ("log_kv", "log(kve) - x", scipy_log_kv),
        ("log_ive", "log(ive)", lambda v, x: np.log(scipy.special.ive(v, x))),
        ("log_kve", "log(kve)", lambda v, x: np.log(scipy.special.kve(v, x))),
        ("iv_ratio", "_iv_ratio", iv_ratio and (lambda v, x: iv_ratio(v + 1.0, x))),  # SciPy names the larger order
        ("iv_ratio_c", "_iv_ratio_c", iv_ratio_c and (lambda v, x: iv_ratio_c(v + 1.0, x))),
        ("kv_ratio", "kve / kve", lambda v, x: scipy.special.kve(v + 1.0, x) / scipy.special.kve(v, x)),
        ("log_iv_dx", "_iv_ratio + v / x", iv_ratio and (lambda v, x: iv_ratio(v + 1.0, x) + v / x)),
        ("log_kv_dx", "v / x - kve / kve", scipy_log_kv_dx),
        ("log_iv_dv", "difference quotient", scipy_log_iv_dv),
        ("log_kv_dv", "difference quotient", scipy_log_kv_dv),
    )
    for where in ("U[0,150]^2", "U[0,25]^2"):
        for name, peer_name, theirs in alone:
            yield _case(where, SAMPLES[where][0], name, peer_name, theirs)
    if not emulated():
        for where, (points, _, _) in SAMPLES.items():
            yield _case(where, points, "log_ivkv", pair_peer, scipy_pair, backend="numpy")


def two_threads() -> Case:
    """Return one thread against two by the wall clock; they must agree in every bit."""
    size = 1_000_000
    v, x = _uniform(0, 150, size), _uniform(0, 150, size)
    two, one = (partial(special.log_ivkv, v, x, workers=n, backend="numba") for n in (2, 1))
    if not all(np.array_equal(a, b) for a, b in zip(two(), one(), strict=True)):
        raise AssertionError("log_ivkv: two threads and one give different bits")
    return Case("log_ivkv, 1e6 points, same bits", "two threads", "one thread", two, one, size, 1.7, clock=perf_counter)


def main(options: argparse.Namespace) -> None:
    """Measure here, or in a process that emulates AVX2."""
    if options.avx2 and not emulated():
        command = [sys.executable, "-m", "benchmarks", "special", "--rounds", str(options.rounds)]
        subprocess.run(command, env=os.environ | EMULATION, check=True)
        return
    run("special_avx2" if emulated() else "special", [*cases(), two_threads()], options.rounds)
