"""The exact path of the lasso or elastic net on a growing working set, with a check over all columns at checkpoints."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathlib.optimize.sparse_regression.duality import ROUNDED
from mathlib.optimize.sparse_regression.working_set import Problem

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

RATIO = 2.0  # of the levels of successive checkpoints
FIRST, GROWTH = 300, 6  # columns of the working set: at least, and per active one
MAX_STEPS = 100_000  # between checkpoints
SLACK = 1e-9  # share by which a correlation may exceed its bound at a checkpoint


@dataclass(frozen=True)
class _State:
    """The path at `level`: the active columns, their signs times weights, coefficients and triangular factor."""

    level: float
    r: Floats
    c: Floats  # correlations of all columns
    active: Indices
    signs: Floats
    b: NDArray[Any]
    factor: NDArray[Any]
    left: int = -1  # the column that has just become inactive


def path(problem: Problem, levels: Sequence[float], l2: float) -> Iterator[Floats | None]:
    """Yield the solution at each of the falling levels; None, and no more, where the path cannot be followed on."""
    state = _begin(problem, l2)
    for level in levels:
        while state is not None and state.level > level * ROUNDED:
            next_level = state.level / RATIO
            state = _advance(problem, state, next_level if next_level > level * 1.0001 else level, l2)
        if state is None:
            yield None
            return
        b = np.zeros(problem.design.p)
        b[state.active] = state.b
        yield b


def _begin(problem: Problem, l2: float) -> _State | None:
    """Return the start of the path: the columns without penalty are active, the others are zero."""
    design, weights = problem.design, problem.weights
    free = np.flatnonzero((weights == 0.0) & (design.squares > 0.0))
    rows = design.dense(free)
    gram = rows @ rows.T
    gram[np.diag_indices_from(gram)] += l2
    try:
        factor = np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        return None
    b = np.linalg.solve(gram, rows @ problem.y)
    r = problem.y - b @ rows
    c = design.correlations(r)
    size = (c if problem.positive else np.abs(c))[weights > 0.0] / weights[weights > 0.0]
    return _State(float(size.max(initial=0.0)), r, c, free, np.zeros(len(free)), b, factor)


def _advance(problem: Problem, state: _State, target: float, l2: float) -> _State | None:
    """Follow the path to the level `target`; where a column outside the working set joins, again with this column."""
    design, weights = problem.design, problem.weights
    size = np.abs(state.c) / np.where(weights > 0.0, weights, 1.0)
    size[design.squares == 0.0] = -1.0
    size[state.active] = np.inf
    count = max(FIRST, GROWTH * len(state.active))
    chosen = np.arange(design.p)
    if count < design.p:
        chosen = np.sort(np.argpartition(-size, count - 1)[:count])
    chosen = chosen[size[chosen] >= 0.0]
    while True:
        found = _follow(problem, state, chosen, target, l2)
        if found is None:
            return None
        over = np.abs(found.c) > target * weights * (1.0 + SLACK)
        if problem.positive:
            over &= found.c > 0.0
        over[chosen] = False
        over[(weights == 0.0) | (design.squares == 0.0)] = False
        if not over.any():
            return found
        chosen = np.sort(np.concatenate([chosen, np.flatnonzero(over)]))


def _follow(problem: Problem, state: _State, chosen: Indices, target: float, l2: float) -> _State | None:
    """Follow the path to the level `target` among the chosen columns."""
    from mathlib.optimize.sparse_regression.kernels import homotopy as loops

    rows = problem.design.dense(chosen)
    w, n = rows.shape
    weights = problem.weights[chosen]
    outside = weights > 0.0
    k, level, r, left = len(state.active), state.level, state.r.copy(), _place(chosen, state.left)
    room = max(64, 2 * k)
    S, signs, b = np.zeros(room, np.intp), np.zeros(room), np.zeros(room)
    C, XS = np.zeros((room, room)), np.zeros((room, n))
    S[:k], signs[:k], b[:k] = np.searchsorted(chosen, state.active), state.signs, state.b
    C[:k, :k], XS[:k] = state.factor, rows[S[:k]]
    outside[S[:k]] = False
    c = rows @ r
    d, u, a = np.empty(room), np.empty(n), np.empty(w)
    while True:
        k, level, left, status = loops.follow(
            rows, weights, S, signs, b, C, XS, r, d, u, a, c, outside, k, level, target, l2, problem.positive, left,
            MAX_STEPS,
        )  # fmt: skip
        if status == loops.DONE:
            break
        if status == loops.STEP_LIMIT:
            return None
        S, signs, b, d = (np.concatenate([v, np.zeros_like(v)]) for v in (S, signs, b, d))
        C, XS = np.pad(C, (0, len(C))), np.pad(XS, ((0, len(XS)), (0, 0)))
    r = problem.y - b[:k] @ XS[:k]
    loops.solve(C, k, XS[:k] @ r - target * signs[:k] - l2 * b[:k], d)  # one step of refinement
    b = b[:k] + d[:k]
    if problem.positive:
        b = np.where(signs[:k] > 0.0, np.maximum(b, 0.0), b)
    r = problem.y - b @ XS[:k]
    c = problem.design.correlations(r)
    last = int(chosen[left]) if left >= 0 else -1
    return _State(target, r, c, chosen[S[:k]], signs[:k].copy(), b, C[:k, :k].copy(), last)


def _place(chosen: Indices, column: int) -> int:
    """Return where a column is among the chosen ones, -1 if it is not."""
    i = int(np.searchsorted(chosen, column))
    return i if i < len(chosen) and chosen[i] == column else -1
