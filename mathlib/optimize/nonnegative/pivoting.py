"""Block principal pivoting for the normal equations of non-negative least squares.

Unknowns are scaled so that the columns have norm 1. Portugal, Júdice and Vicente, Math. Comp. 63 (1994) 625.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from mathlib.optimize.nonnegative.interior import interior_patterns

EPS = 2.0**-52
EPOCHS = 10  # of coordinate descent: enough for most signs to be right
PATIENCE = 2  # exchanges of all wrong signs that do not lower their number, before the interior point method
WRONG = 4 * EPS  # gradient, relative to the largest at x = 0, from which on a zero unknown must become free
DEPENDENT = 1e-7  # part of a column of norm 1 outside the span of those before it, square root of rounding
PROXIMAL = 1e-8  # share of the columns' squared norm by which dependent columns are told apart
STEPS = 8  # of the proximal point method at most; two or three are usual

Gradient = Callable[[np.ndarray], np.ndarray]


@dataclass
class Pivot:
    """A basic solution, x >= 0 up to `violation`: its gradient, its free unknowns, and the factor of their block."""

    x: np.ndarray
    gradient: np.ndarray
    free: np.ndarray
    factor: np.ndarray
    violation: float
    settled: bool = False
    exchanges: int = 0


class DependentColumns(Exception):
    """The free columns are linearly dependent."""


def factorise(G: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Return the lower Cholesky factor of the block of G that belongs to the free unknowns."""
    from scipy.linalg.lapack import dpotrf

    if not len(free):
        return np.empty((0, 0))
    factor, fault = dpotrf(np.asfortranarray(G[np.ix_(free, free)]), lower=1)
    if fault or factor.diagonal().min() < DEPENDENT:
        raise DependentColumns
    return np.asarray(factor)


def solve(factor: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the solution of (C C') x = b."""
    from scipy.linalg.lapack import dpotrs

    return np.asarray(dpotrs(factor, b, lower=1)[0]) if len(b) else b


def basic_solution(G: np.ndarray, q: np.ndarray, gradient: Gradient, free: np.ndarray) -> Pivot:
    """Return the point where the gradient vanishes for the free unknowns, the others being 0."""
    x = np.zeros(len(q))
    factor = factorise(G, free)
    x[free] = solve(factor, q[free])
    g = gradient(x)
    x[free] -= solve(factor, g[free])  # the Gram matrix has lost digits that the true residual has
    g = gradient(x)
    wrong = max(-x.min(), (-g).max(), np.abs(g[free]).max(initial=0.0), 0.0)
    return Pivot(x, g, free, factor, wrong / np.abs(q).max())


def pivot(G: np.ndarray, q: np.ndarray, gradient: Gradient, x: np.ndarray) -> Pivot:
    """Exchange unknowns of wrong sign between free and zero, from the pattern of x, while that lowers their number."""
    is_free = x > 0.0
    fewest, patience = len(q) + 1, PATIENCE
    limit = WRONG * np.abs(q).max()
    best: Pivot | None = None
    exchanges = 0
    while patience:
        found = basic_solution(G, q, gradient, np.flatnonzero(is_free))
        if best is None or found.violation < best.violation:
            best = found
        wrong = np.where(is_free, found.x < -WRONG * np.abs(found.x).max(), found.gradient < -limit)
        if not wrong.any():
            best = found
            best.settled = True
            break
        exchanges += 1
        is_free ^= wrong
        if wrong.sum() < fewest:
            fewest, patience = wrong.sum(), PATIENCE
        else:
            patience -= 1
    assert best is not None
    best.exchanges = exchanges
    return best


def settle(G: np.ndarray, q: np.ndarray, gradient: Gradient, x: np.ndarray) -> Pivot:
    """Exchange from the pattern of x; if that does not end in a solution, from those of the interior point method."""
    best = pivot(G, q, gradient, x)
    exchanges = best.exchanges
    if not best.settled:
        for pattern in interior_patterns(G, q):
            found = pivot(G, q, gradient, pattern)
            exchanges += found.exchanges
            if found.violation < best.violation:
                best = found
            if found.settled:
                break
    best.exchanges = exchanges
    return best


def _pulled(gradient: Gradient, center: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the gradient with the proximal term."""
    return np.asarray(gradient(x) + PROXIMAL * (x - center))


def minimise(G: np.ndarray, q: np.ndarray, gradient: Gradient, x: np.ndarray, rank: int) -> Pivot:
    """Return the basic solution that solves the problem, `rank` being the largest that G can have.

    Where columns are dependent it comes from the proximal point method.

    The latter minimises f(z) + d |z - x|^2 / 2 for the last x again and again, whose Gram matrix is not singular, and
    ends in few steps for a quadratic f (Rockafellar, SIAM J. Control Optim. 14 (1976) 877, proposition 8).
    """
    if rank == len(q):
        try:
            return settle(G, q, gradient, x)
        except DependentColumns:
            pass
    regular = G.copy()
    regular[np.diag_indices(len(q))] += PROXIMAL
    exchanges, least = 0, np.inf
    for _ in range(STEPS):
        end = settle(regular, q + PROXIMAL * x, partial(_pulled, gradient, x), x)
        x = np.maximum(end.x, 0.0)
        end.gradient = gradient(x)
        exchanges += end.exchanges
        wrong = np.where(x > 0.0, np.abs(end.gradient), -end.gradient).max() / np.abs(q).max()
        if wrong <= WRONG or wrong >= least:
            break
        least = wrong
    end.exchanges = exchanges
    return end
