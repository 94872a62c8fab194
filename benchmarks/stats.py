"""Speed of the von Mises-Fisher routines, and the error of the concentration over its condition number."""

import argparse
from collections.abc import Iterator
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import scipy.optimize
import scipy.stats

from benchmarks.accuracy import exact, ratios
from benchmarks.harness import Case, peer, print_table, run
from mathlib.stats import vmf_kappa, vmf_mixture, vonmises_fisher

SOLVES = 20_000
WIDE, MANY = 32768, 10_000
KAPPA_DIMENSIONS = 2, 3, 16, 64, 1024, 32768, 131072
_rng = np.random.default_rng(5)


def scipy_kappa(r: np.ndarray, v: np.ndarray) -> Any:
    """Solve for all concentrations at once with SciPy's Newton method and its private ratio, from Banerjee's start."""
    ratio = peer("scipy.special._ufuncs", "_iv_ratio")
    p = 2.0 * v + 2.0

    def residual(k: np.ndarray) -> np.ndarray:
        return ratio(v + 1.0, k) - r

    def slope(k: np.ndarray) -> np.ndarray:
        a = ratio(v + 1.0, k)
        return 1.0 - a * a - (p - 1.0) / k * a

    return scipy.optimize.newton(residual, r * (p - r * r) / (1.0 - r * r), slope, rtol=1e-14)


def solves() -> Iterator[Case]:
    """Yield cases of many concentrations at once: ordinary dimensions, where SciPy's Newton method converges."""
    for p in (3.0, 64.0, 1024.0):
        r = _rng.uniform(0.05, 0.95, SOLVES)
        v = np.full(SOLVES, p / 2.0 - 1.0)
        theirs = partial(scipy_kappa, r, v) if peer("scipy.special._ufuncs", "_iv_ratio") else None
        yield Case(
            f"vmf_kappa, p={p:.0f}, per solve",
            "numba",
            "newton, _iv_ratio",
            partial(vmf_kappa, r, p, workers=1),
            theirs,
            SOLVES,
        )


def unit_rows(dtype: str) -> np.ndarray:
    """Return MANY unit vectors around a direction, in WIDE dimensions."""
    x = np.empty((MANY, WIDE), dtype)
    for start in range(0, MANY, 500):  # small pieces: the array itself takes gigabytes
        rows = _rng.standard_normal((500, WIDE))
        rows[:, 0] += 100.0
        x[start : start + 500] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return x


def fits() -> Iterator[Case]:
    """Yield maximum likelihood fits against the mean of the rows, which no fit can do without; wall time."""
    for dtype in ("float32", "float64"):
        x = unit_rows(dtype)
        yield Case(
            f"fit, {MANY} x {WIDE} {dtype}, per number",
            "mathlib",
            "x.mean(0)",
            partial(vonmises_fisher.fit, x),
            partial(x.mean, 0),
            x.size,
            0.5,
            rounds=3,
            clock=perf_counter,
        )


def samples() -> Iterator[Case]:
    """Yield sampling against SciPy's, which rotates by a matrix of p x p; wall time."""
    for p, size in ((3, 100_000), (64, 10_000), (512, 1000), (4096, 1000)):
        mu = np.zeros(p)
        mu[:2] = 0.6, 0.8
        ours, theirs = (kind(mu, float(p)) for kind in (vonmises_fisher, scipy.stats.vonmises_fisher))
        yield Case(
            f"rvs({size}), p={p}, per sample",
            "mathlib",
            "scipy.stats",
            partial(ours.rvs, size, random_state=1),
            partial(theirs.rvs, size, random_state=1),
            size,
            200.0 if p == 4096 else None,
            rounds=5,
            peer_once=p == 4096,
            clock=perf_counter,
        )


def densities() -> Iterator[Case]:
    """Yield the log density, in a dimension where SciPy's is finite."""
    p, size = 16, 10_000
    mu = np.eye(p)[0]
    x = vonmises_fisher(mu, 20.0).rvs(size, random_state=2)
    ours, theirs = (kind(mu, 20.0) for kind in (vonmises_fisher, scipy.stats.vonmises_fisher))
    runs = partial(ours.logpdf, x), partial(theirs.logpdf, x)
    yield Case(f"logpdf, p={p}, per point", "mathlib", "scipy.stats", *runs, size)


def mixtures() -> Iterator[Case]:
    """Yield a mixture fit against the two matrix products that every iteration needs, as many times; wall time."""
    n, p, groups, rounds = 20_000, 256, 20, 20
    means = _rng.standard_normal((groups, p))
    x = means[_rng.integers(groups, size=n)] + 2.0 * _rng.standard_normal((n, p))
    x /= np.linalg.norm(x, axis=1, keepdims=True)

    def ours() -> Any:
        return vmf_mixture(x, groups, rng=3, max_iter=rounds, tol=0.0)

    count = ours().n_iter

    def products() -> None:
        for _ in range(count):
            weights = x @ means.T
            weights.T @ x

    yield Case(
        f"vmf_mixture, {n} x {p}, {groups} groups, {count} iterations, whole fit",
        "mathlib",
        "its matrix products",
        ours,
        products,
        rounds=3,
        clock=perf_counter,
    )


def kappa_errors(count: int = 60) -> list[dict[str, Any]]:
    """Return the largest error of vmf_kappa over max(1, condition), concentrations 1e-2 to 1e5, checked by Arb."""
    rows = []
    for p in KAPPA_DIMENSIONS:
        kappa = np.concatenate([10.0 ** np.arange(-2.0, 5.5, 0.5), 10.0 ** _rng.uniform(-2, 5, count)])
        v = p / 2.0 - 1.0
        a, c, _ = np.array([exact(ratios, v, k) for k in kappa.tolist()])[:, :, 0].T
        slope = c * (1.0 + a) - (p - 1.0) / kappa * a  # good enough for a condition number
        for how, found, nearest in (
            ("rbar alone", vmf_kappa(a, float(p)), a),
            ("rbar and 1 - rbar", vmf_kappa(a, float(p), rbar_c=c), np.minimum(a, c)),
        ):
            condition = np.maximum(1.0, nearest / (kappa * np.abs(slope)))
            error = np.abs(found / kappa - 1.0)
            rows.append(
                {
                    "p": p,
                    "given": how,
                    "points": len(kappa),
                    "not_finite": int(np.sum(~np.isfinite(found))),
                    "max_error": float(error.max()),
                    "max_condition": float(condition.max()),
                    "max_error_over_condition": float((error / condition).max()),
                }
            )
    return rows


def main(options: argparse.Namespace) -> None:
    """Measure errors, then speed."""
    errors = kappa_errors()
    print_table(
        tuple(errors[0]), [tuple(v if isinstance(v, str) else f"{v:.3g}" for v in row.values()) for row in errors]
    )
    run("stats", _cases(), options.rounds, kappa_errors=errors)


def _cases() -> Iterator[Case]:
    for part in (solves, densities, samples, mixtures, fits):
        yield from part()
