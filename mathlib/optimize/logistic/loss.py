"""The logistic loss sum log(1 + exp(-s z)), s = +-1, and lower bounds of the penalised problem."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def loss(signs: Floats, z: Floats) -> float:
    """Return the sum of the losses at the margins `z`."""
    return float(np.logaddexp(0.0, -signs * z).sum())


def chances_of_error(signs: Floats, z: Floats) -> Floats:
    """Return 1/(1 + exp(s z)), minus the derivative of each loss by s z."""
    m = signs * z
    e = np.exp(-np.abs(m))
    return np.where(m > 0.0, e, 1.0) / (1.0 + e)


def balanced(signs: Floats, t: Floats) -> Floats:
    """Return `t` with the values of one class scaled down so that both classes have the same sum.

    That is what dual points need where the intercept carries no penalty.
    """
    first = signs > 0.0
    a, b = float(t[first].sum()), float(t[~first].sum())
    low = min(a, b)
    return t * np.where(first, low / a if a > 0.0 else 0.0, low / b if b > 0.0 else 0.0)


def dual_value(t: Floats) -> float:
    """Return the dual objective, the sum of the entropies of the chances `t`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(t > 0.0, t * np.log(t), 0.0)
        other = np.where(t < 1.0, (1.0 - t) * np.log1p(-t), 0.0)
    return -float((part + other).sum())


def best_intercept(signs: Floats, z: Floats, start: float) -> float:
    """Return the constant c that minimises the loss at z + c: Newton's method, kept in a bracket by bisection."""
    low, high = start - 1.0, start + 1.0

    def slope(c: float) -> float:
        return -float((signs * chances_of_error(signs, z + c)).sum())

    while slope(low) > 0.0:
        low -= 2.0 * (high - low)
    while slope(high) < 0.0:
        high += 2.0 * (high - low)
    c = start
    for _ in range(100):
        t = chances_of_error(signs, z + c)
        g, h = -float((signs * t).sum()), float((t * (1.0 - t)).sum())
        low, high = (c, high) if g < 0.0 else (low, c)
        new = c - g / h if h > 0.0 else np.inf
        new = new if low < new < high else (low + high) / 2.0
        if abs(new - c) <= 4e-16 * (1.0 + abs(c)):
            break
        c = new
    return c
