"""Rows of the self-report: von Mises-Fisher fits of real data against Arb, with SciPy's answer beside."""

import warnings
from collections.abc import Callable
from functools import cache, partial
from math import fsum
from typing import Any

import numpy as np
from flint import arb, ctx

from mathlib._lib.report import Check, Measured, timed
from mathlib.stats import vmf_kappa, vonmises_fisher

BITS = 300
ALL = ("numpy", "numba", "cupy")
KAPPA_BOUND, FIT_BOUND, DENSITY_BOUND = 2e-15, 1e-14, 4e-15
PATCHES = {2048: (32, 64), 8192: (64, 128), 32768: (128, 256)}  # height and width of the patches of a photograph


def unit_rows(x: np.ndarray) -> np.ndarray:
    return np.asarray(x / np.linalg.norm(x, axis=1, keepdims=True))


@cache
def digits() -> np.ndarray:
    from sklearn.datasets import load_digits

    return unit_rows(load_digits().data)


@cache
def patches(p: int, stride: int) -> np.ndarray:
    """Patches of scikit-learn's two photographs in grey, unit rows of length p."""
    from sklearn.datasets import load_sample_images

    height, width = PATCHES[p]
    rows = []
    for photograph in load_sample_images().images:
        grey = photograph.mean(axis=2)
        windows = np.lib.stride_tricks.sliding_window_view(grey, (height, width))[::stride, ::stride]
        rows.append(windows.reshape(-1, p))
    return unit_rows(np.concatenate(rows) + 1.0)


def ratio(p: int, k: arb) -> arb:
    """A_p(k) = I_(p/2)(k) / I_(p/2 - 1)(k)."""
    v = arb(p) / 2
    return k.bessel_i(v, scaled=True) / k.bessel_i(v - 1, scaled=True)


def exact_kappa(p: int, r: arb) -> tuple[float, float]:
    """The k with A_p(k) = r by Newton's method in Arb, and the condition of k in the smaller of r and 1 - r."""
    k = r * (p - r * r) / (1 - r * r)
    for _ in range(40):
        k = k.mid()
        a = ratio(p, k)
        slope = 1 - a * a - (p - 1) / k * a
        step = (a - r) / slope
        k = k - step
        if abs(float(step / k)) < 1e-30:
            break
    return float(k), float((r if float(r) < 0.5 else 1 - r) / (k * slope))


@cache
def likelihood(case: str, quick: bool) -> tuple[float, float]:
    """Maximum likelihood kappa of a data set, from exactly rounded sums of its columns, and its condition number."""
    x = CASES[case](quick)
    n, p = x.shape
    with ctx.workprec(BITS):
        squares = arb(0)
        for column in x.T:
            squares += arb(fsum(column.tolist())) ** 2
        return exact_kappa(p, squares.sqrt() / n)


CASES: dict[str, Callable[[bool], np.ndarray]] = {"digits, p = 64": lambda quick: digits()}
for _p, _strides in {2048: (24, 48), 8192: (24, 48), 32768: (32, 64)}.items():
    CASES[f"photographs, p = {_p}"] = lambda quick, p=_p, s=_strides: patches(p, s[quick])  # type: ignore[misc]


def scipy_kappa(x: np.ndarray) -> str:
    from scipy.stats import vonmises_fisher as peer

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return f"{peer.fit(x)[1]:.6g}"
        except (ValueError, RuntimeError) as error:
            return f"an error ({error})"


def fit(case: str, backend: str, quick: bool) -> Measured:
    x = CASES[case](quick)
    here = x
    if backend == "cupy":
        import cupy

        here = cupy.asarray(x)
    vonmises_fisher.fit(here[:4])  # compile
    (_, kappa), seconds = timed(lambda: vonmises_fisher.fit(here))
    true, condition = likelihood(case, quick)
    _, mean_seconds = timed(lambda: here.mean(0))
    error = abs(float(kappa) / true - 1) / max(1.0, condition)
    note = f"kappa {float(kappa):.12g}, exact {true:.12g}; SciPy's fit: {scipy_kappa(x)}"
    return Measured(f"{len(x)}", error, FIT_BOUND, seconds, "x.mean(0)", mean_seconds / seconds, note)


def kappas(backend: Any, quick: bool) -> Measured:
    """Elementwise maximum likelihood over a grid of p and kappa."""
    p = np.array([2.0, 3.0, 16.0, 64.0, 1024.0, 32768.0, 131072.0])
    k = 10.0 ** np.arange(-2.0, 5.1, 1.0 if quick else 0.25)
    grid, found = np.meshgrid(p, k, indexing="ij"), []
    with ctx.workprec(BITS):
        for dimension, kappa in zip(grid[0].ravel().tolist(), grid[1].ravel().tolist(), strict=True):
            a = ratio(int(dimension), arb(kappa))
            c, slope = 1 - a, 1 - a * a - (dimension - 1) * a / arb(kappa)
            smaller = min(float(a), float(c))
            found.append((float(a), float(c), smaller / (kappa * float(slope))))
    r, c, condition = np.array(found).T
    arguments: list[Any] = [r, grid[0].ravel(), c]
    if backend == "cupy":
        import cupy

        arguments = [cupy.asarray(a) for a in arguments]
    vmf_kappa(arguments[0][:1], arguments[1][:1], rbar_c=arguments[2][:1], backend=backend)  # compile
    values, seconds = timed(lambda: vmf_kappa(arguments[0], arguments[1], rbar_c=arguments[2], backend=backend))
    values = values.get() if backend == "cupy" else values
    error = np.abs(values / grid[1].ravel() - 1) / np.maximum(1.0, condition)
    return Measured(f"{r.size}", float(error.max()), KAPPA_BOUND, seconds)


def density(backend: str, quick: bool) -> Measured:
    """The density at its mode in many dimensions."""
    from scipy.stats import vonmises_fisher as peer

    worst, seconds, peer_lost, count = 0.0, 0.0, 0, 0
    vonmises_fisher(np.array([1.0, 0.0]), 1.0).logpdf([1.0, 0.0])  # compile
    for p in (3, 512, 8192, 32768):
        mu = np.zeros(p)
        mu[0] = 1.0
        for k in (1e-2, 1.0, 50.0, 5e3, 1e6):
            value, spent = timed(lambda mu=mu, k=k: vonmises_fisher(mu, k).logpdf(mu))  # type: ignore[misc]
            seconds += spent
            with ctx.workprec(BITS):
                v = arb(p) / 2 - 1
                x = arb(k)
                log_i = x.bessel_i(v, scaled=True).log() + x
                true = v * x.log() - arb(p) / 2 * (2 * arb.pi()).log() - log_i + x
                worst = max(worst, abs(float(arb(float(value)) - true)) / max(1.0, abs(float(true)), k / 4))
            with np.errstate(all="ignore"):
                peer_lost += not np.isfinite(peer(mu, k).logpdf(mu))
            count += 1
    note = f"SciPy's density is not finite in {peer_lost} of {count}"
    return Measured(f"{count}", worst, DENSITY_BOUND, seconds, note=note)


def checks() -> list[Check]:
    """Rows of the room."""
    fits = [Check("stats.vonmises_fisher.fit", case, partial(fit, case), ("numba", "cupy")) for case in CASES]
    return [
        Check("stats.vmf_kappa", "p 2..131072, k 1e-2..1e5", kappas, ALL),
        Check("stats.vonmises_fisher", "logpdf, p to 32768", density, ("numba",)),
        *fits,
    ]
