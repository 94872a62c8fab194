"""The inverse P of the damped Gram matrix S = K + shift I of a window, kept as a matrix when one of its rows changes.

Two rank-one updates, and no recurrence as in a triangular factor: the form for machines that do many things at once.
The updates subtract, and lose about cond(S)^2 eps, so the result is checked and P made anew when it is off.
"""

import numpy as np
from scipy.linalg import lapack

from mathlib.optimize.fisher.factor import factored

__all__ = ["inverted", "refined_column", "replaced"]

RESIDUAL = 1e-4  # of the column of P that was changed; one step of refinement then leaves its square


def inverted(gram: np.ndarray, shift: float) -> np.ndarray | None:
    """Return (gram + shift I)^-1; None if rounding made that matrix indefinite."""
    factor = factored(gram, shift)
    if factor is None:
        return None
    lower = lapack.dpotri(factor.T, lower=1)[0]
    inverse: np.ndarray = np.tril(lower) + np.tril(lower, -1).T
    return inverse


def replaced(inverse: np.ndarray, gram: np.ndarray, shift: float, j: int) -> bool:
    """Change `inverse` in place to that of a matrix whose row and column j are now those of `gram`.

    False if rounding has spoilt it.
    """
    column = inverse[:, j].copy()
    inverse -= np.outer(column / column[j], column)
    inverse[j] = 0.0
    inverse[:, j] = 0.0
    known = gram[:, j].copy()
    known[j] = 0.0
    border = inverse @ known
    pivot = gram[j, j] + shift - known @ border
    if not pivot > 0.0:
        return False
    border[j] = -1.0
    inverse += np.outer(border / pivot, border)
    return bool(inverse[j, j] <= 1.0 / shift and np.abs(_residual(inverse, gram, shift, j)).max() <= RESIDUAL)


def refined_column(inverse: np.ndarray, gram: np.ndarray, shift: float, j: int) -> np.ndarray:
    """Return column j of S^-1, after one step of refinement."""
    column: np.ndarray = inverse[:, j] + inverse @ _residual(inverse, gram, shift, j)
    return column


def _residual(inverse: np.ndarray, gram: np.ndarray, shift: float, j: int) -> np.ndarray:
    residual: np.ndarray = -(gram @ inverse[:, j]) - shift * inverse[:, j]
    residual[j] += 1.0
    return residual
