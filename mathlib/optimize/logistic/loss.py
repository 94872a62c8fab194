"""The logistic loss sum log(1 + exp(-s z)), s = +-1, and lower bounds of its penalised problem, in any library."""

from typing import Any

import numpy as np
from array_api_compat import array_namespace


def loss(signs: Any, z: Any) -> float:
    """Return the sum of the losses at the margins `z`."""
    xp, m = array_namespace(z), signs * z
    size = xp.abs(m)
    return float(xp.sum(0.5 * (size - m) + xp.log1p(xp.exp(-size))))


def chances_of_error(signs: Any, z: Any) -> Any:
    """Return 1/(1 + exp(s z)), minus the derivative of each loss by s z."""
    xp, m = array_namespace(z), signs * z
    e = xp.exp(-xp.abs(m))
    return xp.where(m > 0.0, e, 1.0) / (1.0 + e)


def balanced(signs: Any, t: Any) -> Any:
    """Return `t` with the values of one class scaled down so that both classes have the same sum.

    That is what dual points need where the intercept carries no penalty.
    """
    xp, first = array_namespace(t), signs > 0.0
    a, b = float(xp.sum(t[first])), float(xp.sum(t[~first]))
    low = min(a, b)
    return xp.where(first, t * (low / a if a > 0.0 else 0.0), t * (low / b if b > 0.0 else 0.0))


def dual_value(t: Any) -> float:
    """Return the dual objective, the sum of the entropies of the chances `t`."""
    xp = array_namespace(t)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = xp.where(t > 0.0, t * xp.log(t), 0.0)
        other = xp.where(t < 1.0, (1.0 - t) * xp.log1p(-t), 0.0)
    return -float(xp.sum(part + other))


def best_intercept(signs: Any, z: Any, start: float) -> float:
    """Return the constant c that minimises the loss at z + c: Newton's method, kept in a bracket by bisection."""
    xp, low, high = array_namespace(z), start - 1.0, start + 1.0

    def slope(c: float) -> float:
        return -float(xp.sum(signs * chances_of_error(signs, z + c)))

    while slope(low) > 0.0:
        low -= 2.0 * (high - low)
    while slope(high) < 0.0:
        high += 2.0 * (high - low)
    c = start
    for _ in range(100):
        t = chances_of_error(signs, z + c)
        g, h = -float(xp.sum(signs * t)), float(xp.sum(t * (1.0 - t)))
        low, high = (c, high) if g < 0.0 else (low, c)
        new = c - g / h if h > 0.0 else np.inf
        new = new if low < new < high else (low + high) / 2.0
        if abs(new - c) <= 4e-16 * (1.0 + abs(c)):
            break
        c = new
    return c
