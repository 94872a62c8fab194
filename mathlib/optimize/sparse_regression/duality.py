"""The duality gap of the lasso and the elastic net, and the columns that it proves to be inactive.

The problem, with the residual r = y - X b and non-negative levels a: minimise |r|^2 / 2 + sum a |b| + l2 |b|^2 / 2.
Its dual: maximise y't - |t|^2 / 2 - sum h(x't), where h(c) = (|c| - a)_+^2 / (2 l2), or for l2 = 0 the constraint
|c| <= a. With b >= 0 only positive correlations c count. The dual points used here are multiples of residuals.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROUNDED = 1.0 + 2.0**-50  # a correlation beyond its bound by less than this is at its bound


class Certificate(NamedTuple):
    """Values of the primal and the dual at b and at the dual point t = `scale` times the residual."""

    primal: float
    dual: float
    scale: float


def certify(
    y: Floats, r: Floats, t: Floats, c: Floats, b: Floats, levels: Floats, l2: float, positive: bool
) -> Certificate:
    """Return the certificate from the residual `r` of `b`, the dual direction `t` and its correlations `c`.

    A column with level 0 and without l2 must be orthogonal to `t`: its entry of `c` is not looked at.
    """
    square, ridge = float(t @ t), l2 * float(np.sum(b * b))
    primal = 0.5 * float(r @ r) + float(np.sum(levels * np.abs(b))) + 0.5 * ridge
    size = c if positive else np.abs(c)
    shifted = c - l2 * b if l2 else c
    shifted = shifted if positive or not l2 else np.abs(shifted)
    reach = size if not l2 else shifted
    over = (reach > levels * ROUNDED) & (levels > 0.0)
    scale = float(np.min(levels[over] / reach[over])) if over.any() else 1.0
    linear = float(y @ t)
    if square + ridge > 0.0:
        scale = max(min(scale, linear / (square + ridge)), 0.0)
    dual = scale * linear - 0.5 * scale * scale * square
    if l2:
        excess = np.maximum(scale * size - levels, 0.0)
        dual -= float(excess @ excess) / (2.0 * l2)
    return Certificate(primal, dual, scale)


def inactive(
    c: Floats, levels: Floats, norms: Floats, l2: float, positive: bool, scale: float, gap: float
) -> NDArray[np.bool]:
    """Return which columns are zero in every solution, as the gap of a dual point proves (the Gap Safe rule)."""
    size = scale * (c if positive else np.abs(c))
    radius = np.sqrt(2.0 * gap)
    norms = np.sqrt(norms * norms + l2) if l2 else norms
    found: NDArray[np.bool] = size + radius * norms < levels
    return found
