"""The lasso on a growing working set: descent and Newton steps inside, a duality gap over all columns outside."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mathlib.optimize.convergence import CONVERGED, ITERATION_LIMIT, PRECISION_LIMIT
from mathlib.optimize.sparse_regression.array_matrix import ArrayDesign
from mathlib.optimize.sparse_regression.columns import Columns
from mathlib.optimize.sparse_regression.design_matrix import Design
from mathlib.optimize.sparse_regression.duality import certify, inactive
from mathlib.optimize.sparse_regression.newton import newton_step

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
EPS = float(np.finfo(np.float64).eps)

FIRST = 500  # columns of the first working set
PASSES = 60  # of descent and Newton on one working set
FALLEN = 1.0 - 1e-15  # an objective below this share of another one is lower by more than rounding
DEPENDENT = 20  # steps in a row while each finds the columns of the support dependent, and drops some
DESCENTS = 10  # at most, between Newton steps
MANY = 500  # columns, for which such steps in a row take too long
STALLED = 3  # passes or working sets without progress before we give up


@dataclass(frozen=True)
class Problem:
    """Minimise |y - X b|^2 / 2 + level sum u |b| + l2 |b|^2 / 2, over b >= 0 if `positive`.

    `span` holds, as columns, an orthonormal basis of the columns of X with weight u = 0, in which dual points have no
    part where l2 = 0; None where there are none.
    """

    design: Design | ArrayDesign
    y: Floats
    weights: Floats
    positive: bool
    span: Floats | None


@dataclass
class Solution:
    """Coefficients, the gap in units of |y|^2 / 2, the dual point, and how it went."""

    b: Floats
    gap: float
    dual: Floats
    status: int
    nit: int = 0
    rounds: int = 0
    screened: int = 0


def dual_direction(r: Floats, span: Floats | None, l2: float) -> Floats:
    """Return the residual without its part in `span`: with l2 no column needs to be orthogonal to the dual point."""
    return r if span is None or l2 else r - span @ (span.T @ r)


def certificate(problem: Problem, level: float, l2: float, b: Floats) -> Solution:
    """Return the solution `b` with its gap, and the number of columns that the gap screens."""
    design, levels = problem.design, level * problem.weights
    support = np.flatnonzero(b)
    r = problem.y - design.combine(support, b[support])
    t = dual_direction(r, problem.span, l2)
    c = design.correlations(t)
    found = certify(problem.y, r, t, c, b, levels, l2, problem.positive)
    gap = max(found.primal - found.dual, 0.0) + rounding(problem, r, b)
    zeros = inactive(c, levels, design.norms, l2, problem.positive, found.scale, gap) | (design.squares == 0.0)
    return Solution(b, 2.0 * gap / float(problem.y @ problem.y), found.scale * t, CONVERGED, 1, 0, int(zeros.sum()))


def rounding(problem: Problem, r: Floats, b: Floats) -> float:
    """Return the size of the rounding errors of the gap: those of the residual, and of its correlations with columns.

    They are taken to be random: 4 eps covers each sum, however many terms it has.
    """
    support = np.flatnonzero(b)
    if not len(support):
        return 0.0
    design = problem.design
    raw = np.hypot(design.norms[support], np.sqrt(design.total) * design.means[support])
    length = np.linalg.norm(problem.y) + np.abs(b[support]) @ raw
    return 4.0 * EPS * float(np.linalg.norm(r) * length)


def solve(problem: Problem, level: float, l2: float, start: Floats, tol: float, max_iter: int) -> Solution:
    """Solve from `start` until the gap is at most `tol` |y|^2 / 2."""
    design, y, positive = problem.design, problem.y, problem.positive
    unit = 0.5 * float(y @ y)
    levels = level * problem.weights
    b = np.where(design.squares > 0.0, start, 0.0)
    best = Solution(b, np.inf, y, ITERATION_LIMIT)
    active = np.flatnonzero(design.squares)
    lowest, highest, previous, inner_gap = np.inf, -np.inf, np.inf, 0.0
    size, last_size, stalled = FIRST, 0, 0
    for best.nit in range(max_iter + 1):
        support = np.flatnonzero(b)
        r = y - design.combine(support, b[support])
        t = dual_direction(r, problem.span, l2)
        c = design.correlations(t, active)
        found = certify(y, r, t, c, b[active], levels[active], l2, positive)
        fallen = found.primal < lowest * FALLEN
        if found.primal < lowest:
            lowest, best.b = found.primal, b.copy()
            floor = rounding(problem, r, b)
        if found.dual > highest:
            highest, best.dual = found.dual, found.scale * t
        gap = max(lowest - highest, 0.0) + floor
        best.gap = gap / unit
        if best.gap <= tol:
            best.status = CONVERGED
            break
        stalled = 0 if fallen or gap < 0.9 * previous or size != last_size else stalled + 1
        if gap <= 2.0 * floor or stalled == STALLED:
            best.status = PRECISION_LIMIT
            break
        if best.nit == max_iter:
            break
        own = max(found.primal - found.dual, 0.0) + floor  # the gap of this dual point
        keep = ~inactive(c, levels[active], design.norms[active], l2, positive, found.scale, own) | (b[active] != 0.0)
        active, c = active[keep], c[keep]
        best.screened = design.p - len(active)
        needed = (b[active] != 0.0) | (levels[active] == 0.0)
        last_size = size
        if gap > 0.3 * previous:
            size = min(2 * size, max(2 * len(support), 2 * FIRST))
        previous = gap
        size = max(size, 2 * len(support), int(needed.sum()))
        chosen = active
        if size < len(active):
            distance = (levels[active] - found.scale * (c if positive else np.abs(c))) / design.norms[active]
            distance[needed] = -np.inf
            chosen = np.sort(active[np.argpartition(distance, size - 1)[:size]])
        # Where the last working set already held everything, its gap is the gap: go for the end at once.
        share = 0.0 if gap <= 1.5 * inner_gap else 0.2
        target = max(share * gap, 0.3 * tol * unit, floor)
        columns, response, span = design.reduced(chosen, y, problem.span)
        inside = b[chosen]
        r = response - columns.combine(inside) if inside.any() else response.copy()
        inner = Inner(columns, response, span, levels[chosen], l2, positive)
        rounds, inner_gap = inner.improve(r, inside, target)
        best.rounds += rounds
        b = np.zeros_like(b)
        b[chosen] = inside
    return best


@dataclass(frozen=True)
class Inner:
    """The problem of the columns of a working set."""

    columns: Columns
    y: Floats
    span: Floats | None
    levels: Floats
    l2: float
    positive: bool

    def improve(self, r: Floats, b: Floats, target: float) -> tuple[int, float]:
        """Lower the gap to `target`, changing `b` and its residual `r`; return the rounds of descent and the gap."""
        columns, levels, l2, positive = self.columns, self.levels, self.l2, self.positive
        rounds, stalled, lowest, least, crossed = 0, 0, np.inf, np.inf, True
        for inner in range(PASSES):
            for _ in range(min(1 + inner // 4, DESCENTS)):  # more of them where the signs are hard to find
                rounds += columns.descend(r, b, levels, l2, positive)
            t = dual_direction(r, self.span, l2)
            found = certify(self.y, r, t, columns.correlations(t), b, levels, l2, positive)
            gap = found.primal - found.dual
            stalled = 0 if found.primal < lowest * FALLEN or gap < 0.9 * least else stalled + 1
            lowest, least = min(found.primal, lowest), min(gap, least)
            if gap <= target or stalled == STALLED:
                break
            # The gap is of first order in the residual of the equations; rough ones do until the signs are right.
            relative = max(min(0.1, 0.2 * target / gap), 0.03 if crossed else 1e-9)
            for _ in range(DEPENDENT if inner else 0):
                support = np.flatnonzero(((b != 0.0) | (levels == 0.0)) & (columns.squares > 0.0))
                if not len(support):
                    break
                x = b[support]
                crossed, dependent = newton_step(  # no name for the copy of the columns: it must go before the next
                    columns.take(support), r, x, levels[support], l2, positive, crossed, relative
                )
                b[support] = x
                if not dependent or len(support) > MANY:
                    break
        return rounds, gap
