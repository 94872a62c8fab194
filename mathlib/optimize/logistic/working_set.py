"""L1 logistic regression on a growing working set: proximal Newton steps inside, a duality gap over all outside."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from mathlib.optimize.convergence import CONVERGED, ITERATION_LIMIT, PRECISION_LIMIT
from mathlib.optimize.logistic.array_columns import ArrayColumns, ArrayDesign
from mathlib.optimize.logistic.columns import Scalable
from mathlib.optimize.logistic.loss import balanced, best_intercept, chances_of_error, dual_value, loss
from mathlib.optimize.sparse_regression.columns import Columns
from mathlib.optimize.sparse_regression.design_matrix import Design
from mathlib.optimize.sparse_regression.newton import newton_step

Floats = NDArray[np.float64]

EPS = 2.0**-52
FIRST = 100  # columns of the first working set
OUTER, INNER = 200, 30  # proximal Newton steps on a working set; passes of descent and Newton on a quadratic model
STALLED = 3  # steps or working sets without progress before we give up
SLOW = 1e-4  # decrease of the objective, relative to the gap, that is no progress
FLAT = 1e-13  # curvature of a loss, relative to the largest, below which it counts as that
ARMIJO = 1e-3
PRECISE = 1e-3  # relative residual of the conjugate gradients in a Newton step on many or sparse columns


@dataclass(frozen=True)
class Problem:
    """Minimise sum log(1 + exp(-signs (X b + c))) + level |b|_1; the constant c is 0 without an intercept.

    Vectors over the rows are arrays of the design's library, vectors over the columns NumPy's.
    """

    design: Design | ArrayDesign
    signs: Any
    level: float
    intercept: bool

    def columns(self, chosen: NDArray[np.intp]) -> Scalable | ArrayColumns:
        """Return the columns of a working set."""
        if isinstance(self.design, ArrayDesign):
            return ArrayColumns(self.design, chosen, self.intercept)
        return Scalable(self.design, chosen, self.intercept)

    def bound(self, t: Any, largest: float) -> float:
        """Return the dual objective at a multiple of `t`, whose largest correlation with a column is `largest`."""
        return dual_value(t * min(1.0, self.level / max(largest, 1e-300)))


@dataclass
class Solution:
    """Coefficients, the gap in units of the objective at b = 0, and how it went."""

    b: Floats
    constant: float
    primal: float
    gap: float = np.inf
    status: int = ITERATION_LIMIT
    nit: int = 0
    newton_steps: int = 0


def solve(problem: Problem, constant: float, unit: float, tol: float, max_iter: int) -> Solution:
    """Solve until the gap is at most `tol` times `unit`, the objective at b = 0 with the best constant."""
    design, signs, level = problem.design, problem.signs, problem.level
    b = np.zeros(design.p)
    found = Solution(b, constant, np.inf)
    highest, size, last_size, stalled, inner_gap = -np.inf, FIRST, FIRST, 0, 0.0
    usable = design.squares > 0.0
    floor = 4.0 * EPS * unit
    for found.nit in range(1, max_iter + 1):
        support = np.flatnonzero(b)
        margins = design.combine(support, b[support])
        if problem.intercept:
            constant = best_intercept(signs, margins, constant)
        z = margins + constant
        t = chances_of_error(signs, z)
        t = balanced(signs, t) if problem.intercept else t
        c = np.abs(design.correlations(signs * t))
        primal = loss(signs, z) + level * float(np.abs(b).sum())
        highest = max(highest, problem.bound(t, float(c.max())))
        decrease = found.primal - primal
        if decrease >= 0.0:
            found.primal, found.b, found.constant = primal, b, constant
        previous = found.gap
        found.gap = (max(found.primal - highest, 0.0) + floor) / unit
        if found.gap <= tol:
            found.status = CONVERGED
            break
        slow = found.gap > 0.7 * previous and decrease < SLOW * found.gap * unit
        stalled = stalled + 1 if slow and size == last_size else 0
        if found.gap <= 2.0 * floor / unit or stalled == STALLED:
            found.status = PRECISION_LIMIT
            break
        last_size = size
        if found.gap > 0.3 * previous:
            size = min(2 * size, max(3 * len(support), 4 * FIRST))
        size = max(size, 2 * len(support))
        c[~usable] = -1.0
        c[support] = np.inf
        chosen = np.sort(np.argpartition(-c, size - 1)[:size]) if size < design.p else np.arange(design.p)
        share = 0.0 if found.gap * unit <= 1.5 * inner_gap else 0.1
        target = max(share * found.gap, 0.3 * tol) * unit
        inner = Inner(problem, problem.columns(chosen))
        x = np.append(b[chosen], constant) if problem.intercept else b[chosen]
        x, inner_gap, steps = inner.improve(x, z, max(target, floor))
        found.newton_steps += steps
        b = np.zeros(design.p)
        b[chosen] = x[: len(chosen)]
        constant = float(x[-1]) if problem.intercept else 0.0
    return found


class Inner:
    """The problem on the columns of a working set; the last coefficient is the intercept, if there is one."""

    def __init__(self, problem: Problem, columns: Scalable | ArrayColumns):
        self.problem, self.columns = problem, columns
        self.levels = np.full(len(columns.index), problem.level)
        if problem.intercept:
            self.levels[-1] = 0.0

    def improve(self, x: Floats, z: Any, target: float) -> tuple[Floats, float, int]:
        """Lower the gap to `target` from the coefficients `x` with the margins `z`."""
        signs, levels, stalled, steps = self.problem.signs, self.levels, 0, 0
        xp = array_namespace(z)
        previous = least = np.inf
        for _ in range(OUTER):
            t = chances_of_error(signs, z)
            c = self.columns.correlations(signs * t)
            value = loss(signs, z) + float(levels @ np.abs(x))
            feasible, correlations = t, c
            if self.problem.intercept:
                feasible = balanced(signs, t)
                correlations = self.columns.correlations(signs * feasible)[:-1]
            gap = value - self.problem.bound(feasible, float(np.abs(correlations).max()))
            stalled = stalled + 1 if gap > 0.9 * least and previous - value < SLOW * gap else 0
            least, previous = min(least, gap), value
            if gap <= target or stalled == STALLED:
                break
            steps += 1
            h = t * (1.0 - t)
            model, residual = self.columns.model(xp.maximum(h, FLAT * xp.max(h)), signs * t, c)
            new = x.copy()
            descend_model(model, residual, new, levels, 0.1 * violation(c, x, levels))
            change = new - x
            along = self.columns.combine(change)
            slope = -float(c @ change) + float(levels @ (np.abs(new) - np.abs(x)))
            length = 1.0
            while length > 1e-10:
                trial, ahead = x + length * change, z + length * along
                rise = loss(signs, ahead) + float(levels @ np.abs(trial)) - value
                if rise <= ARMIJO * length * slope + 1e-13 * abs(value):
                    break
                length /= 2.0
            else:
                break
            x, z = (new if length == 1.0 else trial), ahead
        return x, gap, steps


def violation(c: Floats, x: Floats, levels: Floats) -> float:
    """Return the largest violation of the optimality conditions; `c` are the correlations with the residual."""
    return float(np.where(x != 0.0, np.abs(c - levels * np.sign(x)), np.maximum(np.abs(c) - levels, 0.0)).max())


def descend_model(columns: Columns, r: Floats, x: Floats, levels: Floats, target: float) -> None:
    """Minimise |r - A d|^2 / 2 + levels |x + d| until the violation is at most `target`; `x` and `r` change."""
    crossed = True
    for inner in range(INNER):
        columns.descend(r, x, levels, 0.0, False)
        if inner and violation(columns.correlations(r), x, levels) <= target:
            break
        support = np.flatnonzero(((x != 0.0) | (levels == 0.0)) & (columns.squares > 0.0))
        if len(support):
            y = x[support]
            chosen = columns.take(support)
            crossed, _ = newton_step(
                chosen, r, y, levels[support], l2=0.0, positive=False, rough=crossed, relative=PRECISE
            )
            x[support] = y
            if not crossed and violation(columns.correlations(r), x, levels) <= target:
                break
