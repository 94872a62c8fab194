"""Primal-dual interior point method for the dual of the support vector machine, and its end on the free unknowns."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEPS = 60
INSIDE = 0.995  # share of the step to the boundary that is taken


def interior_points(M: Floats, C: float) -> Iterator[Floats]:
    """Yield better and better points a with 0 < a < C for min |M'a|^2/2 - sum a.

    With the multipliers z of a >= 0 and s of a <= C, the products a z and (C - a) s go to 0 (Ferris and Munson, SIAM J.
    Optim. 13 (2002) 783). The equations (MM' + D) d = v, D diagonal, are solved in the smaller dimension of M.
    """
    n = len(M)
    a = np.full(n, C / 2.0)
    g = M @ (M.T @ a) - 1.0
    size = max(1.0, float(np.abs(g).max()))
    z, s = np.maximum(g, 0.0) + size / 2.0, np.maximum(-g, 0.0) + size / 2.0
    for _ in range(STEPS):
        u = C - a
        r = g - z + s
        mean = (a @ z + u @ s) / (2 * n)
        D = z / a + s / u
        solve = _solver(M, D)
        d = solve(-r - z + s)
        dz, ds = -z - z / a * d, -s + s / u * d
        step, other = _longest(a, d, _longest(u, -d)), _longest(z, dz, _longest(s, ds))
        center = ((a + step * d) @ (z + other * dz) + (u - step * d) @ (s + other * ds)) / (2 * n)
        center *= (center / mean) ** 2
        wz, ws = (center - d * dz) / a - z, (center + d * ds) / u - s
        d = solve(-r + wz - ws)
        dz, ds = wz - z / a * d, ws + s / u * d
        step = INSIDE * _longest(a, d, _longest(u, -d))
        other = INSIDE * _longest(z, dz, _longest(s, ds))
        step = other = min(step, other)  # the problem is quadratic: one length for all
        a = a + step * d
        z, s = z + other * dz, s + other * ds
        if not (a.min() > 0.0 and a.max() < C and step > 1e-8):  # at the end of double precision
            return
        g = M @ (M.T @ a) - 1.0
        yield a


def _longest(v: Floats, d: Floats, limit: float = 1.0) -> float:
    """Return the longest step, at most `limit`, that keeps v + step d >= 0."""
    down = d < 0.0
    return min(limit, float((-v[down] / d[down]).min(initial=np.inf)))


def _solver(M: Floats, D: Floats):  # type: ignore[no-untyped-def]
    """Return a function that solves (MM' + D) x = v."""
    from scipy.linalg.lapack import dpotrf, dpotrs

    n, p = M.shape
    if n <= p:
        A = M @ M.T
        A[np.diag_indices(n)] += D
        factor = dpotrf(A.T, lower=1, overwrite_a=1)[0]
        return lambda v: dpotrs(factor, v, lower=1)[0]
    T = M / np.sqrt(D)[:, None]
    A = T.T @ T
    A[np.diag_indices(p)] += 1.0
    factor = dpotrf(A.T, lower=1, overwrite_a=1)[0]

    def solve(v: Floats) -> Floats:
        x = v / D
        return np.asarray(x - (M @ dpotrs(factor, M.T @ x, lower=1)[0]) / D)

    return solve


def basic_point(M: Floats, C: float, a: Floats, share: float) -> Floats | None:
    """Return the point whose free unknowns, those of `a` inside of the box, have margin 1; None if it is outside."""
    low, high = a <= share * C, a >= (1.0 - share) * C
    free = np.flatnonzero(~(low | high))
    b = np.where(high, C, 0.0)
    if len(free) > M.shape[1]:
        return None
    if len(free):
        rows = M[free]
        b[free] = a[free]
        for _ in range(2):  # the second is a step of refinement
            b[free] += np.linalg.lstsq(rows @ rows.T, 1.0 - rows @ (M.T @ b), rcond=1e-14)[0]
    return b if b.min() >= 0.0 and b.max() <= C else None
