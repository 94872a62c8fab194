"""What is done to a block: a gradient step, the minimum of a quadratic model, Newton's step with a line search."""

from collections.abc import Callable

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from mathlib.optimize.blocks.block import Block, ForestBlock, cholesky
from mathlib.optimize.blocks.problem import Problem
from mathlib.optimize.blocks.terms import Separable

__all__ = ["UPDATES", "Step"]

Floats = NDArray[np.float64]
Step = tuple[Floats, Floats, float]  # of the block and of the state, and the change of the objective

ARMIJO = 1e-3
HALVINGS = 40
NEAR = 1e-3  # a variable this near to its bound, at most, is taken to be at it


def gradient(problem: Problem, block: Block, x: Floats, z: Floats, g: Floats) -> Step | None:
    """Take a gradient step, with the term's proximal map, of the largest length that its model allows.

    Half the Lipschitz constant is tried first and doubled until the model is above the objective.
    """
    curvature = 0.5 * block.lipschitz
    for _ in range(HALVINGS):
        d = problem.term.prox(x - g / curvature, curvature, block.index) - x
        dz = block.shift(d)
        smooth = problem.change(z, dz, block.index, d)
        if smooth <= g @ d + 0.5 * curvature * (d @ d) or curvature >= block.lipschitz:
            return _descent(d, dz, smooth + problem.term.changes(x, d, block.index).sum())
        curvature *= 2
    return None


def matrix(problem: Problem, block: Block, x: Floats, z: Floats, g: Floats) -> Step | None:
    """Minimise the model whose matrix is an upper bound of the Hessian at all points."""
    if problem.term.smooth:
        d = -block.solve(g)
    else:
        d = problem.term.minimum(block.bound, g, x, block.index)
    dz = block.shift(d)
    smooth = problem.change(z, dz, block.index, d)
    return _descent(d, dz, smooth + problem.term.changes(x, d, block.index).sum())


def newton(problem: Problem, block: Block, x: Floats, z: Floats, g: Floats) -> Step | None:
    """Minimise the model with the Hessian at the point, and halve the step until the objective falls enough."""
    term = problem.term
    if isinstance(block, ForestBlock):  # a quadratic
        d = -block.solve(g)
    elif term.smooth:
        d = -np.asarray(scipy.linalg.cho_solve(cholesky(block.hessian(z)), g, check_finite=False))
    else:
        d = term.minimum(block.hessian(z), g, x, block.index)
    dz = block.shift(d)
    slope = float(g @ d) + term.changes(x, d, block.index).sum()
    for halving in range(HALVINGS):
        t = 0.5**halving
        change = problem.change(z, t * dz, block.index, t * d) + term.changes(x, t * d, block.index).sum()
        if change <= ARMIJO * t * slope:
            return _descent(t * d, t * dz, change)
    return None


def two_metric(problem: Problem, block: Block, x: Floats, z: Floats, g: Floats) -> Step | None:
    """Take Newton's step in the variables that are free, a scaled gradient step in the others, and project.

    The step is halved along the projection arc until the objective falls enough (Bertsekas 1982).
    """
    term, index = problem.term, block.index
    assert isinstance(term, Separable)
    low, high = term.low[index], term.high[index]
    near = min(NEAR, float(np.linalg.norm(x - np.clip(x - g, low, high))))
    held = ((x <= low + near) & (g > 0)) | ((x >= high - near) & (g < 0))
    H = block.hessian(z)
    d = -g / np.diagonal(H)
    free = np.flatnonzero(~held)
    if free.size:
        d[free] = -scipy.linalg.cho_solve(cholesky(H[np.ix_(free, free)]), g[free], check_finite=False)
    for halving in range(HALVINGS):
        t = 0.5**halving
        step = np.clip(x + t * d, low, high) - x
        dz = block.shift(step)
        change = problem.change(z, dz, index, step)
        if change <= ARMIJO * float(t * (g[free] @ d[free]) + g[held] @ step[held]):
            return _descent(step, dz, change)
    return None


def _descent(d: Floats, dz: Floats, change: float) -> Step | None:
    """Return the step if it makes the objective smaller."""
    return (d, dz, float(change)) if change < 0 else None


UPDATES: dict[str, Callable[[Problem, Block, Floats, Floats, Floats], Step | None]] = {
    "matrix": matrix,
    "gradient": gradient,
    "newton": newton,
    "two-metric": two_metric,
}
