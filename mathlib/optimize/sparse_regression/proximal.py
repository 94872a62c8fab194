"""Accelerated proximal gradients in the scale of the columns: the inner solver where nothing is compiled."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mathlib.optimize.sparse_regression.columns import MatrixColumns

Floats = NDArray[np.float64]

ROUNDS = 30
POWER_STEPS = 8


def proximal_descent(columns: "MatrixColumns", r: Floats, b: Floats, levels: Floats, l2: float, positive: bool) -> int:
    """Lower the objective, changing `b` and its residual `r`; return the number of rounds.

    FISTA (Beck and Teboulle, SIAM J. Imaging Sci. 2 (2009) 183) with each variable in units of the norm of its column,
    so that the step depends on the correlation of the columns only; started again when it turns uphill. The largest
    eigenvalue is first estimated from below: a step that its quadratic model does not bound is repeated with a shorter
    one.
    """
    h = columns.squares + l2
    inverse = np.divide(1.0, h, out=np.zeros_like(h), where=h > 0.0)
    weight = _largest_eigenvalue(columns, np.sqrt(inverse), l2)
    current, ahead, ahead_r, speed = b.copy(), b.copy(), r.copy(), 1.0
    for _ in range(ROUNDS):
        slope = l2 * ahead - columns.correlations(ahead_r)
        while True:
            z = ahead - slope * inverse / weight
            bound = levels * inverse / weight
            new = np.maximum(z - bound, 0.0) if positive else np.copysign(np.maximum(np.abs(z) - bound, 0.0), z)
            step = new - ahead
            change = columns.combine(step)
            curve, model = change @ change + l2 * (step @ step), weight * (step @ (h * step))
            if curve <= model * (1.0 + 1e-12):
                break
            weight *= 1.5 * float(curve / model)
        new_r = ahead_r - change
        if (ahead - new) @ (h * (new - current)) > 0.0:
            speed, ahead, ahead_r = 1.0, new, new_r
        else:
            faster = (1.0 + math.sqrt(1.0 + 4.0 * speed**2)) / 2.0
            momentum = (speed - 1.0) / faster
            ahead, ahead_r, speed = new + momentum * (new - current), new_r + momentum * (new_r - r), faster
        current, r[:] = new, new_r
    b[:] = current
    return ROUNDS


def _largest_eigenvalue(columns: "MatrixColumns", scale: Floats, l2: float) -> float:
    """Estimate from below, by the power method, the largest eigenvalue of the Hessian of the scaled variables."""
    v = scale + np.cos(np.arange(len(scale)))  # neither constant nor, in practice, orthogonal to the eigenvector
    value = 1.0
    for _ in range(POWER_STEPS):
        v = v / np.linalg.norm(v)
        w = scale * v
        v = scale * (columns.correlations(columns.combine(w)) + l2 * w)
        value = max(value, float(np.linalg.norm(v)))
        if not v.any():
            break
    return value
