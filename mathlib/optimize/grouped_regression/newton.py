"""A Newton step on the groups that are not zero, where the objective is smooth."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mathlib.optimize.grouped_regression.rotated import Blocks

Floats = NDArray[np.float64]

THIRDS = 6  # cuts of the step before the minimum along it is sought: that is often next to a kink, no good place
LEAST, BISECTIONS = 2.0**-60, 30  # of the step
RIDGE = 1e-14  # share of the trace added to equations that dependent columns leave singular


def newton_step(blocks: Blocks, z: Floats, r: Floats) -> bool:
    """Lower the objective by a step for all of `z`, groups that are not zero; return whether there was one.

    The Hessian is Q'Q + K, where K = blockdiag(k (I - q q')) with q = z/|z| and k = level/|z|.
    """
    norms = blocks.norms(z)
    q = z / norms[blocks.of]
    solver = _in_unknowns if len(z) <= len(r) else _in_rows
    d = solver(blocks, r, q, blocks.levels / norms)
    change = d @ blocks.rows
    for cut in range(THIRDS + 1):
        t = 3.0**-cut if cut < THIRDS else _line_minimum(blocks, z, r, d, change)
        new, residual = z + t * d, r - t * change
        if objective(blocks, new, residual) < objective(blocks, z, r):
            z[:], r[:] = new, residual
            return True
    return False


def objective(blocks: Blocks, z: Floats, r: Floats) -> float:
    """Return the objective at `z` with the residual `r`."""
    return float(r @ r / 2.0 + blocks.levels @ blocks.norms(z))


def _line_minimum(blocks: Blocks, z: Floats, r: Floats, d: Floats, change: Floats) -> float:
    """Return the step, at most 1, to the minimum along d, by bisection of the slope, which increases.

    Dependent columns can make d very long, so the exponent of the step is found first.
    """

    def slope(t: float) -> float:
        x = z + t * d
        inner = np.add.reduceat(x * d, blocks.starts[:-1])
        norms = blocks.norms(x)
        penalty = blocks.levels @ np.divide(inner, norms, out=np.zeros_like(inner), where=norms > 0.0)
        return float(penalty - change @ (r - t * change))

    high = 1.0
    while high > LEAST and slope(high / 2.0) > 0.0:
        high /= 2.0
    low = high / 2.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if slope(middle) > 0.0 else (middle, high)
    return low


def _solve(A: Floats, b: Floats) -> Floats:
    """Solve the positive definite equations A x = b; `A` is overwritten."""
    from scipy.linalg.lapack import dpotrf, dpotrs

    factor, fault = dpotrf(A.T, lower=1)
    while fault:
        A[np.diag_indices_from(A)] += RIDGE * A.trace()
        factor, fault = dpotrf(A.T, lower=1)
    return np.asarray(dpotrs(factor, b, lower=1)[0])


def _in_unknowns(blocks: Blocks, r: Floats, q: Floats, k: Floats) -> Floats:
    """Solve (Q'Q + K) d = Q'r - level q."""
    of, starts = blocks.of, blocks.starts
    H = blocks.rows @ blocks.rows.T
    for g, (a, e) in enumerate(pairwise(starts)):
        H[a:e, a:e] -= k[g] * np.outer(q[a:e], q[a:e])
    H[np.diag_indices_from(H)] += k[of]
    return _solve(H, blocks.rows @ r - blocks.levels[of] * q)


def _in_rows(blocks: Blocks, r: Floats, q: Floats, k: Floats) -> Floats:
    """Solve the same equations where they have more unknowns than X has rows.

    With d = t + q s, t orthogonal to q in each group, and R the columns Q q: the residual v after the step obeys
    k t = P Q'v (P projects on the complement of q), R'v = level and v = r - Q t - R s. So
    (I + Q P Q'/k) v = r - R s, and s follows from R'v = level.
    """
    of, rows = blocks.of, blocks.rows
    R = np.add.reduceat(q[:, None] * rows, blocks.starts[:-1], axis=0)
    T = (rows - q[:, None] * R[of]) / np.sqrt(k)[of][:, None]
    A = T.T @ T
    A[np.diag_indices_from(A)] += 1.0
    inverse = _solve(A, np.column_stack((r, R.T)))
    s = _solve(R @ inverse[:, 1:], R @ inverse[:, 0] - blocks.levels)
    v = inverse[:, 0] - inverse[:, 1:] @ s
    return (T @ v) / np.sqrt(k)[of] + q * s[of]
