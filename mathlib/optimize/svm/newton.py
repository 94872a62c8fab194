"""Newton steps on the unknowns of the dual of the support vector machine that are not at a bound."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEPS = 8
RIDGE = 1e-14  # relative to the trace: dependent rows may leave the equations singular


def newton(M: Floats, C: float, a: Floats) -> tuple[Floats, Floats]:
    """Return a better a and w = M'a: each step goes to the minimum over the free unknowns, or to the first bound."""
    from scipy.linalg.lapack import dpotrf, dpotrs

    a = a.copy()
    w = M.T @ a
    for _ in range(STEPS):
        free = np.flatnonzero((a > 0.0) & (a < C))
        if not len(free):
            break
        rows = M[free]
        G = rows @ rows.T
        G[np.diag_indices_from(G)] += RIDGE * G.trace()
        factor, fault = dpotrf(G.T, lower=1, overwrite_a=1)
        if fault:
            break
        d = dpotrs(factor, 1.0 - rows @ w, lower=1)[0]
        x = a[free]
        with np.errstate(divide="ignore", invalid="ignore"):
            room = np.where(d > 0.0, (C - x) / d, np.where(d < 0.0, -x / d, np.inf))
        first = int(np.argmin(room))
        step = min(1.0, float(room[first]))
        x = np.clip(x + step * d, 0.0, C)
        if step < 1.0:
            x[first] = C if d[first] > 0.0 else 0.0
        a[free] = x
        w = M.T @ a
        if step == 1.0:
            break
    return a, w
