"""The group lasso on a growing working set: descent and Newton steps inside, a duality gap over all groups outside."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mathlib.optimize.convergence import CONVERGED, ITERATION_LIMIT, PRECISION_LIMIT
from mathlib.optimize.grouped_regression.newton import newton_step, objective
from mathlib.optimize.grouped_regression.rotated import Blocks, Rotated, rotate
from mathlib.optimize.sparse_regression.design_matrix import Design

Floats = NDArray[np.float64]

EPS = 2.0**-52
FIRST = 20  # groups of the first working set
PASSES = 400  # of descent and Newton on one working set
STALLED = 3  # passes or working sets without progress before we give up
NEGLIGIBLE = 1e-6  # norm of a group, over the largest, at which it may stand in the way of the others
SLOW = 1e-4  # decrease of the objective, relative to the gap, that is no progress


@dataclass(frozen=True)
class Problem:
    """Minimise |y - X b|^2 / 2 + sum levels[g] |b_g|."""

    design: Design
    y: Floats
    groups: list[NDArray[np.intp]]
    of: NDArray[np.intp]  # the group of each column
    levels: Floats
    fast: bool


@dataclass
class Solution:
    """Coefficients, the gap in units of |y|^2 / 2, and how it went."""

    b: Floats
    gap: float = np.inf
    primal: float = np.inf
    status: int = ITERATION_LIMIT
    nit: int = 0
    newton_steps: int = 0


def dual_value(y: Floats, r: Floats, largest: float) -> float:
    """Return the dual objective at the best feasible multiple of r; `largest` is that of norm / level."""
    ry, rr = float(r @ y), float(r @ r)
    limit = 1.0 / max(largest, 1e-300)
    k = max(-limit, min(ry / rr, limit)) if rr > 0.0 else 0.0
    return k * ry - k * k * rr / 2.0


def solve(problem: Problem, tol: float, max_iter: int) -> Solution:
    """Solve until the gap is at most `tol` |y|^2 / 2."""
    design, y, levels = problem.design, problem.y, problem.levels
    unit = float(y @ y) / 2.0
    rotated: dict[int, Rotated] = {}
    active: dict[int, Floats] = {}  # coefficients in rotated coordinates
    best, found = -np.inf, Solution(np.zeros(design.p))
    size, last_size, stalled, r = FIRST, FIRST, 0, y.copy()
    for found.nit in range(1, max_iter + 1):
        c = design.correlations(r)
        ratio = np.sqrt(np.bincount(problem.of, c * c, len(levels))) / levels
        primal = float(r @ r) / 2.0 + sum(levels[k] * float(np.linalg.norm(z)) for k, z in active.items())
        best = max(best, dual_value(y, r, float(ratio.max())))
        floor = 4.0 * EPS * float(np.sqrt(design.n) * np.linalg.norm(r) * np.linalg.norm(y))
        decrease = found.primal - primal
        if decrease >= 0.0:
            found.primal, lowest = primal, dict(active)
        previous = found.gap
        gap = found.gap = (max(found.primal - best, 0.0) + floor) / unit if lowest or primal > best else 0.0
        if gap <= tol:
            found.status = CONVERGED
            break
        stalled = stalled + 1 if gap > 0.7 * previous and size == last_size and decrease < SLOW * gap * unit else 0
        if gap <= 2.0 * floor / unit or stalled == STALLED:
            found.status = PRECISION_LIMIT
            break
        last_size = size
        if gap > previous / 3.0:
            size = min(2 * size, max(3 * len(active), 2 * FIRST))
        size = min(len(levels), max(size, 2 * len(active)))
        ratio[list(active)] = np.inf
        W = np.sort(np.argpartition(-ratio, size - 1)[:size]) if size < len(levels) else np.arange(len(levels))
        for k in W:
            if k not in rotated:
                rotated[k] = rotate(design, problem.groups[k])
        blocks = Blocks([rotated[k] for k in W], levels[W], problem.fast)
        z = np.concatenate([active.get(k, np.zeros(len(problem.groups[k]))) for k in W])
        found.newton_steps += improve(blocks, y, z, r, max(0.1 * gap, 0.3 * tol) * unit)
        parts = [z[a:e] for a, e in zip(blocks.starts[:-1], blocks.starts[1:], strict=True)]
        active = {k: part.copy() for k, part in zip(W, parts, strict=True) if part.any()}
        r = y - sum((part @ rotated[k].rows for k, part in active.items()), np.zeros(design.n))
    for k, part in lowest.items():
        found.b[problem.groups[k]] = rotated[k].turn @ part
    return found


def _drop_negligible(blocks: Blocks, z: Floats, r: Floats) -> None:
    """Set groups that are all but zero to zero, if that costs nothing: next to a kink no Newton step is long."""
    norms = blocks.norms(z)
    small = (norms > 0.0) & (norms <= NEGLIGIBLE * norms.max())
    if small.any():
        new = np.where(small[blocks.of], 0.0, z)
        residual = r + (z - new) @ blocks.rows
        if objective(blocks, new, residual) <= objective(blocks, z, r) * (1.0 + 4.0 * EPS):
            z[:], r[:] = new, residual


def improve(blocks: Blocks, y: Floats, z: Floats, r: Floats, target: float) -> int:
    """Lower the gap to `target`, changing `z` and its residual `r`; return the number of Newton steps."""
    steps, stalled, previous, least = 0, 0, np.inf, np.inf
    for inner in range(PASSES):
        blocks.descend(z, r)
        ratio = float((blocks.norms(blocks.rows @ r) / blocks.levels).max())
        primal = float(r @ r) / 2.0 + float(blocks.levels @ blocks.norms(z))
        gap = primal - dual_value(y, r, ratio)
        stalled = stalled + 1 if gap > 0.9 * least and previous - primal < SLOW * gap else 0
        least, previous = min(least, gap), primal
        if gap <= target or stalled == STALLED:
            break
        if inner and z.any():
            _drop_negligible(blocks, z, r)
            index, part = blocks.take(z)
            x = z[index]
            steps += newton_step(part, x, r)
            z[index] = x
    return steps
