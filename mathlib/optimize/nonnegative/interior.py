"""Primal-dual interior point method for min x'Gx/2 - q'x over x >= 0, as a source of patterns of positive unknowns."""

from collections.abc import Iterator

import numpy as np

STEPS = 80
INSIDE = 0.995  # share of the step to the boundary that is taken
SETTLED = 1e-10  # mean of x_j z_j, relative, from which on the pattern is worth a try
EXACT = 1e-15  # where it cannot become better


def interior_patterns(G: np.ndarray, q: np.ndarray) -> Iterator[np.ndarray]:
    """Yield vectors that are positive where the unknowns are, better from one to the next; G has a unit diagonal.

    The unknowns x and the multipliers z = Gx - q are kept positive while x_j z_j goes to 0 for all j (Mehrotra, SIAM J.
    Optim. 2 (1992) 575).
    """
    from scipy.linalg.lapack import dpotrf, dpotrs

    p = len(q)
    size = np.abs(q).max()
    x = np.full(p, size / G.sum(axis=1).max())
    z = np.full(p, size)
    for _ in range(STEPS):
        r = G @ x - q - z
        mean = x @ z / p
        H = G.copy(order="F")
        H[np.diag_indices(p)] += z / x
        factor, fault = dpotrf(H, lower=1, overwrite_a=1)
        if fault:
            return
        dx = dpotrs(factor, -r - z, lower=1)[0]
        dz = -z - (z / x) * dx
        a, c = _longest(x, dx), _longest(z, dz)
        center = ((x + a * dx) @ (z + c * dz) / p / mean) ** 3 * mean
        w = (center - dx * dz) / x - z
        dx = dpotrs(factor, w - r, lower=1)[0]
        dz = w - (z / x) * dx
        step = INSIDE * min(_longest(x, dx), _longest(z, dz))
        x += step * dx
        z += step * dz
        mean = x @ z / p
        if mean <= SETTLED * size * size:
            yield x - z
        if not mean > EXACT * size * size:
            return


def _longest(v: np.ndarray, d: np.ndarray) -> float:
    """Return the longest step, at most 1, that keeps v + step d >= 0."""
    down = d < 0.0
    return min(1.0, float((-v[down] / d[down]).min(initial=np.inf)))
