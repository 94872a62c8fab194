"""The case without any penalty: the least squares solution of least norm."""

import numpy as np
from numpy.typing import NDArray

from mathlib.optimize.convergence import CONVERGED, ITERATION_LIMIT
from mathlib.optimize.sparse_regression.working_set import Problem, Solution, rounding

Floats = NDArray[np.float64]

DIRECT = 4_000_000  # entries of a dense design that is decomposed


def least_squares(problem: Problem) -> Solution:
    """Solve by the singular value decomposition; large or sparse designs by LSQR, and then without a gap (NaN)."""
    design, y = problem.design, problem.y
    if not design.sparse and design.n * design.p <= DIRECT:
        rows = design.dense(design.all)
        u, s, vt = np.linalg.svd(rows.T, full_matrices=False)
        rank = int(np.sum(s > s[0] * max(design.n, design.p) * np.finfo(np.float64).eps))
        u, s, vt = u[:, :rank], s[:rank], vt[:rank]
        b = np.zeros(design.p)
        for _ in range(2):  # the second time is a step of refinement
            b += ((y - b @ rows) @ u / s) @ vt
        r = y - b @ rows
        t = r - u @ (u.T @ r)
        gap = 0.5 * float(r @ r) - float(t @ y) + 0.5 * float(t @ t)
        gap = (max(gap, 0.0) + rounding(problem, r, b)) / (0.5 * float(y @ y))
        return Solution(b, gap, t, CONVERGED, nit=1)
    from scipy.sparse.linalg import LinearOperator, lsqr

    norms = np.where(design.norms > 0.0, design.norms, 1.0)
    operator = LinearOperator(
        (design.n, design.p),
        matvec=lambda x: design.combine(design.all, np.ravel(x) / norms),
        rmatvec=lambda v: design.correlations(np.ravel(v)) / norms,
        dtype=np.float64,
    )
    x, stop, nit = lsqr(operator, y, atol=1e-15, btol=1e-15, iter_lim=4 * design.p)[:3]
    b = x / norms
    return Solution(b, np.nan, y - design.combine(design.all, b), ITERATION_LIMIT if stop == 7 else CONVERGED, nit=nit)
