"""Eight expressions from chemistry, biology, finance, mechanics and statistics, with points where they are used."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp


@dataclass(frozen=True)
class Example:
    """An expression as its users write it.

    Attributes
    ----------
    name : str
        What it is.
    args : tuple of Symbol
        The arguments.
    expr : Expr
        The expression.
    points : callable
        ``points(rng, n)`` returns n values of each argument.
    domain : dict or None
        Intervals of the arguments of one that overflows as it is written: ours computes what `stabilize` finds there.
    """

    name: str
    args: tuple[sp.Symbol, ...]
    expr: sp.Expr
    points: Callable[[np.random.Generator, int], tuple[np.ndarray, ...]]
    domain: dict[sp.Symbol, tuple[float, float]] | None = None


def examples() -> list[Example]:
    """Return the eight expressions."""
    return [troe(), hill(), black_scholes(), kepler_step(), oblateness(), double_pendulum(), *von_mises_fisher()]


def troe() -> Example:
    """Fall-off rate of a reaction (Troe, 1983)."""
    temperature, density = sp.symbols("T M", positive=True)
    gas = sp.Float(1.987)
    low = sp.Float(1.04e28) * temperature ** sp.Float(-4.76) * sp.exp(-2440 / (gas * temperature))
    high = sp.Float(1.27e16) * temperature ** sp.Float(-0.63) * sp.exp(-383 / (gas * temperature))
    reduced = low * density / high
    centre = (1 - sp.Float(0.783)) * sp.exp(-temperature / 74) + sp.Float(0.783) * sp.exp(-temperature / 2941)
    log_centre = sp.log(centre + sp.exp(-6964 / temperature)) / sp.log(10)
    log_reduced = sp.log(reduced) / sp.log(10)
    c = -sp.Float(0.4) - sp.Float(0.67) * log_centre
    n = sp.Float(0.75) - sp.Float(1.27) * log_centre
    factor = 10 ** (log_centre / (1 + ((log_reduced + c) / (n - sp.Float(0.14) * (log_reduced + c))) ** 2))

    def points(rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        return rng.uniform(300, 2500, count), 10 ** rng.uniform(-8, -3, count)

    return Example("Troe fall-off", (temperature, density), high * (reduced / (1 + reduced)) * factor, points)


def hill() -> Example:
    """Mixed inhibition with a Hill exponent."""
    s, i, v, km, ki, h = args = sp.symbols("S I V Km Ki h", positive=True)
    expr = v * s**h / ((km * (1 + i / ki)) ** h + s**h * (1 + i / (3 * ki)))
    return Example("Hill inhibition", args, expr, _box(*[(0.1, 5.0)] * 6))


def black_scholes() -> Example:
    """Price of a European call."""
    s, k, t, r, sigma = args = sp.symbols("s k t r sigma", positive=True)

    def normal(z: sp.Expr) -> sp.Expr:
        return sp.erfc(-z / sp.sqrt(2)) / 2

    d1 = (sp.log(s / k) + (r + sigma**2 / 2) * t) / (sigma * sp.sqrt(t))
    expr = s * normal(d1) - k * sp.exp(-r * t) * normal(d1 - sigma * sp.sqrt(t))
    return Example("Black-Scholes", args, expr, _box((50, 150), (50, 150), (0.1, 2), (0, 0.1), (0.1, 0.6)))


def kepler_step() -> Example:
    """Halley's step for Kepler's equation."""
    anomaly, e, mean = args = sp.symbols("E e M", real=True)
    f = anomaly - e * sp.sin(anomaly) - mean
    f1, f2 = 1 - e * sp.cos(anomaly), e * sp.sin(anomaly)
    return Example(
        "Kepler-Halley", args, anomaly - 2 * f * f1 / (2 * f1**2 - f * f2), _box((0, 6.28), (0, 0.9), (0, 6.28))
    )


def oblateness() -> Example:
    """Acceleration along the axis of an oblate body."""
    x, y, z = args = sp.symbols("x y z", real=True)
    r = sp.sqrt(x**2 + y**2 + z**2)
    mu, j2, radius = sp.Float(398600.4418), sp.Float(1.08262668e-3), sp.Float(6378.137)
    potential = mu / r * (1 - j2 * (radius / r) ** 2 * (3 * z**2 / r**2 - 1) / 2)
    return Example("J2 acceleration", args, sp.diff(potential, z), _box(*[(4000.0, 9000.0)] * 3))


def double_pendulum() -> Example:
    """Angular acceleration of the upper of two rods."""
    a, b, u, w = args = sp.symbols("a b u w", real=True)
    g = sp.Float(9.81)
    top = -3 * g * sp.sin(a) - g * sp.sin(a - 2 * b) - 2 * sp.sin(a - b) * (w**2 + u**2 * sp.cos(a - b))
    return Example("double pendulum", args, top / (3 - sp.cos(2 * a - 2 * b)), _box(*[(-3.0, 3.0)] * 4))


def von_mises_fisher() -> list[Example]:
    """Log-likelihood of a direction in three dimensions, and in ten."""
    k, c = args = sp.symbols("kappa c", positive=True)
    three = k * c + sp.log(k) - sp.log(2 * sp.pi) - sp.log(sp.exp(k) - sp.exp(-k))
    ten = k * c + 4 * sp.log(k) - 5 * sp.log(2 * sp.pi) - sp.log(sp.besseli(4, k))
    domain = {k: (0.1, 300.0), c: (-1.0, 1.0)}
    points = _box(*domain.values())
    return [
        Example("von Mises-Fisher, d = 3", args, three, points, domain),
        Example("von Mises-Fisher, d = 10", args, ten, points, domain),
    ]


def _box(*sides: tuple[float, float]) -> Callable[[np.random.Generator, int], Any]:
    return lambda rng, count: tuple(rng.uniform(low, high, count) for low, high in sides)
