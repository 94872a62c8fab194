"""Inverse of damp I + G^T G / n by its own d x d matrix, for no more entries than gradients: nothing is subtracted."""

from typing import Any, TypeAlias

import numpy as np

from mathlib._lib.host import from_host, to_host
from mathlib.optimize.fisher.damped_gram import DampedGram
from mathlib.optimize.fisher.gradients import GradientRows

Array: TypeAlias = Any


class PrimalSide:
    """H itself, factored on the host in float64."""

    name = "primal"

    def __init__(self, rows: GradientRows, small: DampedGram, divisor: float):
        self.rows, self.small, self.divisor = rows, small, divisor

    @property
    def damp(self) -> float:
        return self.small.shift

    @property
    def condition(self) -> float:
        return self.small.condition

    @property
    def nbytes(self) -> int:
        """Bytes beside the rows: G^T G and the factor."""
        return 2 * self.small.gram.nbytes

    def with_damp(self, damp: float) -> "PrimalSide":
        return PrimalSide(self.rows, self.small.with_shift(damp), self.divisor)

    def solve(self, x: Array, refine: object = "auto") -> Array:
        """Return H^-1 x for (d,) or (d, k), in the wider dtype of x and the rows."""
        dtype = self.rows.xp.result_type(x.dtype, self.rows.dtype)
        return from_host(self.small.solve(to_host(x).astype(np.float64)), self.rows.array, dtype)

    def solve_rows(self, a: np.ndarray) -> Array:
        """Return H^-1 G^T a for (m,) or (m, k)."""
        return from_host(self.small.solve(to_host(self.rows.combine(a, wide=True))), self.rows.array)

    def quad_rows(self) -> np.ndarray:
        """Return G H^-1 G^T."""
        grads = to_host(self.rows.array).astype(np.float64)
        half = self.small.inverse_factor() @ grads.T
        return np.asarray(half.T @ half)

    def diagonal(self) -> Array:
        """Return the diagonal of H^-1 in float64: the sums of squares of the columns of L^-1."""
        factor = self.small.inverse_factor()
        return from_host(np.einsum("ij,ij->j", factor, factor), self.rows.array, self.rows.double)

    def elements(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Return [H^-1]_ij for index arrays of one shape."""
        factor = self.small.inverse_factor()
        return np.asarray(np.einsum("k...,k...->...", factor[:, i], factor[:, j]))

    def columns(self, index: np.ndarray) -> Array:
        """Return H^-1 e_j for every j of `index`, (d, len(index)) in the dtype of the rows."""
        return from_host(self.small.solve(np.eye(self.rows.d)[:, index]), self.rows.array)

    def logdet(self) -> float:
        """Return log det H."""
        return self.small.logdet()

    def trace(self) -> float:
        """Return the trace of H^-1."""
        return self.small.trace_inverse()


def primal_side(rows: GradientRows, damp: float, divisor: float) -> PrimalSide:
    """Return the side for these rows. A null direction of G^T G is one of the space: its inverse is 1 / damp."""
    xp = rows.xp
    total = xp.zeros((rows.d, rows.d), dtype=rows.double, device=rows.array.device)
    step = max(1, (1 << 20) // rows.d)
    for start in range(0, rows.m, step):
        block = xp.astype(rows.array[start : min(start + step, rows.m), :], rows.double, copy=False)
        total += xp.matmul(block.T, block)
    product = to_host(total)
    if not np.isfinite(product).all():
        rows.refuse_non_finite()
    return PrimalSide(rows, DampedGram(product / divisor, damp, drop_null=False), divisor)
