"""A Newton step on the support: the quadratic piece that the signs of the coefficients choose, minimised at once."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathlib.optimize.sparse_regression.columns import Columns

Floats = NDArray[np.float64]

DIRECT = 2000  # up to so many dense columns the equations are solved by a Cholesky factorisation
ROUGH_STEPS, MAX_STEPS = 20, 300  # of the conjugate gradients: while signs change, and then


def newton_step(
    columns: Columns, r: Floats, b: Floats, levels: Floats, l2: float, positive: bool, rough: bool, relative: float
) -> tuple[bool, bool]:
    """Lower the objective by one step for all of `b`, given columns; change `b` and its residual `r`.

    A rough step takes few conjugate gradients: while signs change, coordinate descent does more for the same time.

    Returns whether signs would have changed, and whether the columns proved dependent. Where signs would change, two
    points are compared: the full step with the coefficients that crossed put to zero, and the minimum along the step;
    the lower one is taken if it is lower than the present one.
    """
    signed = np.sign(b) * levels
    slope = columns.correlations(r) - l2 * b - signed
    d, exact = _direction(columns, slope, l2, rough, relative)
    change = columns.combine(d)
    new = b + d
    crossing = (new * b < 0.0) & (levels > 0.0)
    if exact and not crossing.any():
        b[:] = new
        r -= change
        return False, False

    def objective(residual: Floats, x: Floats) -> float:
        return 0.5 * float(residual @ residual) + float(levels @ np.abs(x)) + 0.5 * l2 * float(x @ x)

    lowest = objective(r, b)
    along, length = _line_minimum(r, change, b, d, levels, l2, positive)
    candidates = [(along, r - length * change)]
    if exact:
        clipped = np.where(crossing, 0.0, new)
        candidates.append((clipped, r - columns.combine(clipped - b)))
    value, (x, residual) = min(((objective(q, x), (x, q)) for x, q in candidates), key=lambda pair: pair[0])
    if value < lowest:
        b[:] = x
        r[:] = residual
    return True, not exact


def _direction(columns: Columns, slope: Floats, l2: float, rough: bool, relative: float) -> tuple[Floats, bool]:
    """Solve for the Newton direction; False where what comes back is a direction of no curvature instead."""
    if len(slope) <= DIRECT and (gram := columns.gram()) is not None:
        from scipy.linalg import LinAlgError, cho_factor, cho_solve

        gram[np.diag_indices_from(gram)] += l2
        try:
            factor = cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
        except LinAlgError:
            return _conjugate_gradients(columns, slope, l2, ROUGH_STEPS if rough else MAX_STEPS, relative)
        return cho_solve(factor, slope, check_finite=False), True
    return _conjugate_gradients(columns, slope, l2, ROUGH_STEPS if rough else MAX_STEPS, relative)


def _conjugate_gradients(
    columns: Columns, slope: Floats, l2: float, steps: int, relative: float
) -> tuple[Floats, bool]:
    """Conjugate gradients in units of the column norms, to a residual of `relative` times the first one."""
    h = columns.squares + l2
    g = slope.copy()
    z = g / h
    v = z.copy()
    d = np.zeros_like(g)
    rz = first = float(g @ z)
    for _ in range(steps):
        if rz <= relative * relative * first:
            break
        q = columns.combine(v)
        curve = float(q @ q) + l2 * float(v @ v)
        if curve <= 1e-15 * float(v @ (h * v)):  # more columns than their rank: the line search decides
            return v, False
        step = rz / curve
        d += step * v
        w = columns.correlations(q)
        if l2:
            w += l2 * v
        w *= step
        g -= w
        np.divide(g, h, out=z)
        before, rz = rz, float(g @ z)
        v *= rz / before
        v += z
    return d, True


def _line_minimum(
    r: Floats, change: Floats, b: Floats, d: Floats, levels: Floats, l2: float, positive: bool
) -> tuple[Any, float]:
    """Return the exact minimum along b + t d, t >= 0, and its t: a convex function, quadratic between its kinks.

    A kink is where a coefficient passes zero; there the slope jumps by 2 a |d|, or for b >= 0 to infinity.
    """
    curve = float(change @ change) + l2 * float(d @ d)
    slope = l2 * float(b @ d) - float(r @ change) + float((np.sign(b) * levels) @ d)
    kinks = np.flatnonzero((b * d < 0.0) & (levels > 0.0))
    t = -b[kinks] / d[kinks]
    order = np.argsort(t)
    kinks, t = kinks[order], t[order]
    jumps = np.full(len(t), math.inf) if positive else 2.0 * levels[kinks] * np.abs(d[kinks])
    jumped = np.concatenate(([0.0], np.cumsum(jumps)))
    before = slope + curve * t + jumped[:-1]
    passed = int(np.searchsorted(np.maximum.accumulate(before), 0.0)) if len(t) else 0
    low = float(t[passed - 1]) if passed else 0.0
    length = max(-(slope + float(jumped[passed])) / curve, low) if curve > 0.0 else low
    x = b + length * d
    x[kinks[t == length]] = 0.0
    return x, length
