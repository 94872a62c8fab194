"""The variables among which a quadratic model falls most, or nearly so: choosing them is a hard problem."""

import numpy as np
from numpy.typing import NDArray

from mathlib.optimize.blocks.block import Block, damped
from mathlib.optimize.blocks.problem import Problem

__all__ = ["best_block", "largest"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

ROUNDS = 10  # of each search, at most
EXCHANGED = 16  # variables: in a larger block single exchanges cost more than they bring
LESS = 1e-9  # relative: a smaller gain may be rounding


def best_block(problem: Problem, g: Floats, size: int) -> Index:
    """Return `size` variables whose block step makes the model with gradient g fall nearly as far as any can.

    Iterative hard thresholding starts from the best by GSL, moves along the gradient of the model, keeps the largest,
    solves for them, and goes on as long as the model falls. In a small block single variables are then exchanged.
    """
    scale = np.sqrt(problem.lipschitz)
    index = largest((g / scale) ** 2, size)
    value, slope, d = _model(problem, g, index)
    for _ in range(ROUNDS):
        point = np.zeros(problem.size)
        point[index] = d * scale[index]
        for rate in (1.0, 0.5, 0.25):
            trial = largest(np.abs(point - rate * slope / scale), size)
            found = _model(problem, g, trial)
            if found[0] < value * (1 + LESS):
                break
        else:
            break
        index, (value, slope, d) = trial, found
    return _exchanged(problem, g, index) if 1 < size <= min(EXCHANGED, problem.size - 1) else index


def largest(score: Floats, size: int) -> Index:
    """Return where the largest scores are, ties by lowest index."""
    if size == score.size:
        return np.arange(size)
    least = np.partition(score, -size)[-size]
    above = np.flatnonzero(score > least)
    return np.concatenate([above, np.flatnonzero(score == least)[: size - above.size]])


def _model(problem: Problem, g: Floats, index: Index) -> tuple[float, Floats, Floats]:
    """Return the least value of the model on a block, the model's gradient there, and the step."""
    block = Block(problem, index)
    d = -block.solve(g[index])
    return 0.5 * float(g[index] @ d), g + problem.bound_product(block.shift(d)), d


def _exchanged(problem: Problem, g: Floats, index: Index) -> Index:
    """Exchange the variable of the block and the one outside that gain most, as long as some gain."""
    columns = np.stack([_column(problem, i) for i in index])
    index = index.copy()
    gain = -np.inf
    for _ in range(ROUNDS):
        best, out, new = gain, -1, -1
        for k in range(index.size):
            kept = np.delete(np.arange(index.size), k)
            # what one more variable brings, once the kept ones have done what they can
            H = damped(columns[np.ix_(kept, index[kept])])
            weights = np.linalg.solve(H, np.column_stack([columns[kept], g[index[kept]]]))
            left = g - columns[kept].T @ weights[:, -1]
            curvature = problem.lipschitz - np.einsum("kj,kj->j", columns[kept], weights[:, :-1])
            more = left**2 / np.maximum(curvature, LESS * problem.lipschitz)
            more[index[kept]] = 0.0
            j = int(np.argmax(more))
            total = float(g[index[kept]] @ weights[:, -1]) + more[j]
            if total > best * (1 + LESS) or best == -np.inf:
                best, out, new = total, k, j
        if out < 0:
            break
        gain = best
        if index[out] != new:
            index[out], columns[out] = new, _column(problem, new)
    return index


def _column(problem: Problem, i: int) -> Floats:
    """Return a column of the bound of the whole Hessian."""
    block = Block(problem, np.array([i]))
    return np.asarray(problem.bound_product(block.shift(np.ones(1))))
