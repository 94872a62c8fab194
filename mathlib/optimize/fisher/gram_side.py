"""Inverse of damp I + G^T G / n by the m x m matrix S = G G^T + n damp I: for fewer gradients than entries."""

import math
from typing import Any, TypeAlias

import numpy as np

from mathlib._lib.host import from_host, to_host
from mathlib.optimize.fisher.damped_gram import DampedGram, Factor
from mathlib.optimize.fisher.gradients import GradientRows
from mathlib.optimize.fisher.side import Refine

Array: TypeAlias = Any

GRAM_ERROR = 1e-6  # largest error of a diagonal entry for which a Gram matrix of float32 products will do
LARGE = 1 << 28  # m m d from which on float32 products save time that anybody notices
SLACK = 8.0  # units in the last place that a product may lose before it is done again in float64, or refined
RANDOM_WALK = 0.125  # rounding error of a long dot product of unrelated vectors, over eps |g| |x|: signs cancel
LOST = 1e-7  # relative error of G^T c, from terms that cancel, for which eigenvectors are worth their time
MAX_REFINE = 3
SHARE = 0.875  # of 1 - damp [H^-1]_ii = |w_i|^2 from which on the difference is taken in float64
FACTOR_ROWS = 64  # rows of L^-1 that meet a block of columns at once: zeros above the diagonal are skipped


class GramSide:
    """H^-1 = (I - G^T S^-1 G) / damp, and H^-1 G^T = n G^T S^-1, which has no subtraction (push-through)."""

    def __init__(self, rows: GradientRows, small: DampedGram, divisor: float, name: str):
        self.rows, self.small, self.divisor, self.name = rows, small, divisor, name

    @property
    def damp(self) -> float:
        return self.small.shift / self.divisor

    @property
    def condition(self) -> float:
        return self.small.condition

    @property
    def nbytes(self) -> int:
        """Bytes beside the rows: the Gram matrix and its factor."""
        return 2 * self.small.gram.nbytes

    def with_damp(self, damp: float) -> "GramSide":
        return GramSide(self.rows, self.small.with_shift(damp * self.divisor), self.divisor, self.name)

    def solve(self, x: Array, refine: Refine = "auto") -> Array:
        """Return H^-1 x for (d,) or (d, k), in the wider dtype of x and the rows."""
        rows, xp = self.rows, self.rows.xp
        dtype = xp.result_type(x.dtype, rows.dtype)
        eps = float(xp.finfo(dtype).eps)
        if refine == "auto" and dtype == rows.dtype:
            y = rows.combine(self.small.solve(rows.times(x)))
            y -= x
            y /= -self.damp
            if self._lost(x, y) <= SLACK:
                return y
            del y  # its memory is wanted for the next one
        k = rows.times(x, wide=True)
        z = self.small.solve(k)
        for _ in range(MAX_REFINE if refine == "auto" else refine):
            # For y(z) = (x - G^T z) / damp: z is right if G y(z) = n z, and S dz = damp (G y(z) - n z) mends it.
            step = self.damp * self.small.solve(self._defect(x, z))
            z = z + step
            if refine == "auto" and np.linalg.norm(step) <= eps * np.linalg.norm(z):
                break
        return self._subtracted(x, z, dtype)

    def _lost(self, x: Array, y: Array) -> float:
        """Estimate the error of y = (x - G^T z) / damp in units of eps |y|: of the difference, and of G x through z."""
        noise = RANDOM_WALK * np.sqrt(self.small.gram.diagonal())
        noise[1::2] *= -1.0
        z = self.small.solve(noise)
        through = math.sqrt(max(0.0, float(z @ self.small.gram @ z)))
        with np.errstate(all="ignore"):  # 0 / 0 where x is zero
            shares = self.rows.lengths(x) / (self.damp * self.rows.lengths(y))
        return (1.0 + through) * float(np.nanmax(shares, initial=0.0))

    def _defect(self, x: Array, z: np.ndarray) -> np.ndarray:
        """Return G y(z) - n z in one pass: every block of columns makes its part of y and meets it at once."""
        rows, xp = self.rows, self.rows.xp
        here = from_host(z, rows.array, rows.double)
        total = xp.zeros_like(here)
        for start, stop, block in rows.blocks(rows.double):
            part = xp.astype(x[start:stop, ...], rows.double, copy=False)
            total += xp.matmul(block, (part - xp.matmul(block.T, here)) / self.damp)
        return rows.allreduce(to_host(total)) - self.divisor * z

    def _subtracted(self, x: Array, z: np.ndarray, dtype: Any) -> Array:
        """Return (x - G^T z) / damp, computed in float64."""
        rows, xp = self.rows, self.rows.xp
        if not rows.single:
            return (x - rows.combine(z)) / self.damp
        here = from_host(z, rows.array, rows.double)
        out = xp.empty(x.shape, dtype=dtype, device=x.device)
        for start, stop, block in rows.blocks(rows.double):
            part = xp.astype(x[start:stop, ...], rows.double, copy=False) - xp.matmul(block.T, here)
            out[start:stop, ...] = xp.astype(part / self.damp, dtype, copy=False)
        return out

    def solve_rows(self, a: np.ndarray) -> Array:
        """Return H^-1 G^T a for (m,) or (m, k)."""
        c = self.divisor * self.small.solve(a)
        cancelled = self._cancelled(c)
        if cancelled * np.finfo(np.float64).eps > LOST and self.small.factor == "cholesky":
            # Equal gradients: parts of c that G^T takes to zero have grown to |a| / shift. Eigenvectors leave them out.
            c = self.divisor * self.small.by_eigenvectors().solve(a)
            cancelled = self._cancelled(c)
        wide = self.rows.single and cancelled > SLACK
        return self.rows.xp.astype(self.rows.combine(c, wide=wide), self.rows.dtype, copy=False)

    def _cancelled(self, c: np.ndarray) -> float:
        """Return the size of the terms of G^T c over that of their sum."""
        gram = self.small.gram
        terms = np.atleast_1d(gram.diagonal() @ c**2)
        with np.errstate(divide="ignore", invalid="ignore"):
            return math.sqrt(np.nanmax(terms / np.maximum(0.0, (c * (gram @ c)).sum(axis=0)), initial=0.0))

    def quad_rows(self) -> np.ndarray:
        """Return G H^-1 G^T = n (I - shift S^-1) = n S^-1 K.

        The first form where both gradients are long beside the damping (the second cancels off the diagonal), the
        second elsewhere.
        """
        gram, n = self.small.gram, self.divisor
        found = n * (np.eye(len(gram)) - self.small.shift * self.small.solve(np.eye(len(gram))))
        found -= n * self.small.null_projector()
        short = gram.diagonal() <= self.small.shift
        columns = n * self.small.solve(gram[:, short])
        found[:, short] = columns
        found[short, :] = columns.T
        return 0.5 * (found + found.T)

    def diagonal(self) -> Array:
        """Return the diagonal of H^-1 in float64: (1 - |w_i|^2) / damp with W = L^-1 G."""
        rows, xp = self.rows, self.rows.xp
        factor = self.small.inverse_factor()
        wide = from_host(factor, rows.array, rows.double)
        narrow = xp.astype(wide, rows.dtype, copy=False)
        out = xp.empty(rows.d, dtype=rows.double, device=rows.array.device)
        for start, stop, block in rows.blocks(rows.dtype, 2048):
            squares = self._squares(narrow, block)
            if rows.single and float(xp.max(squares)) > SHARE:
                squares = self._squares(wide, xp.astype(block, rows.double))
            out[start:stop] = 1.0 - squares
        out /= self.damp
        return out

    def _squares(self, factor: Array, block: Array) -> Array:
        """Return the sums of squares of the columns of factor @ block, in float64."""
        xp, m = self.rows.xp, self.rows.m
        total = xp.zeros(block.shape[1], dtype=self.rows.double, device=block.device)
        for i in range(0, m, FACTOR_ROWS):
            j = min(i + FACTOR_ROWS, m)
            last = j if self.small.factor == "cholesky" else m
            part = xp.matmul(factor[i:j, :last], block[:last, :])
            total += xp.sum(part * part, axis=0)
        return total

    def elements(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Return [H^-1]_ij for index arrays of one shape."""
        index, places = np.unique(np.stack([i, j]), return_inverse=True)
        w = self.small.inverse_factor() @ self.rows.columns(index)
        first, second = places.reshape(2, -1)
        products = np.einsum("ij,ij->j", w[:, first], w[:, second]).reshape(i.shape)
        return np.asarray(((i == j) - products) / self.damp)

    def columns(self, index: np.ndarray) -> Array:
        """Return H^-1 e_j for every j of `index`, (d, len(index)) in the dtype of the rows."""
        rows, xp = self.rows, self.rows.xp
        here = from_host(index, rows.array, xp.int64)
        unit = xp.arange(rows.d, device=rows.array.device)[:, None] == here[None, :]
        out = xp.astype(unit, rows.double) - rows.combine(self.small.solve(rows.columns(index)), wide=True)
        return xp.astype(out / self.damp, rows.dtype, copy=False)

    def logdet(self) -> float:
        """Return log det H."""
        m, small = self.rows.m, self.small
        return self.rows.total * math.log(self.damp) + small.logdet() - m * math.log(small.shift)

    def trace(self) -> float:
        """Return the trace of H^-1."""
        outside = self.rows.total - self.rows.m + self.small.nullity
        return outside / self.damp + self.divisor * self.small.trace_inverse()


def gram_side(rows: GradientRows, damp: float, divisor: float, method: str) -> GramSide:
    """Return the side of `method` 'gram' (float32 products where they are good enough), 'eigh' or 'svd'."""
    shift, rank = damp * divisor, min(rows.m, rows.total)
    if method == "svd":
        gram, spectrum = _by_qr(rows)
        return GramSide(rows, DampedGram(gram, shift, "eigh", rank=rank, spectrum=spectrum), divisor, method)
    if method == "gram" and rows.single and rows.m**2 * rows.total >= LARGE:
        small = DampedGram(rows.gram(rows.dtype), shift, rank=rank)
        # Products of float32 perturb S by about eps32 max K_ii, so 1 - damp [H^-1]_ii, on average m / d, by that
        # much times trace S^-1. The leverages are taken as even: an estimate, not a proof.
        if small.factor == "cholesky":
            error = np.finfo(np.float32).eps * small.gram.diagonal().max() * small.trace_inverse() * rows.m / rows.total
            if error <= GRAM_ERROR:
                return GramSide(rows, small, divisor, method)
    factor: Factor = "eigh" if method == "eigh" else "cholesky"
    return GramSide(rows, DampedGram(rows.gram(rows.double), shift, factor, rank=rank), divisor, method)


def _by_qr(rows: GradientRows) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Return G G^T and its eigenvalues and vectors from the triangular factor of G^T, which squares nothing."""
    xp = rows.xp
    triangle = xp.zeros((0, rows.m), dtype=rows.double, device=rows.array.device)
    for _, _, block in rows.blocks(rows.double, 4 * rows.m):
        triangle = xp.linalg.qr(xp.concat([triangle, block.T]), mode="reduced").R
    _, singular, right = np.linalg.svd(to_host(triangle))
    values = np.zeros(rows.m)
    values[: len(singular)] = singular**2
    order = np.argsort(values)
    vectors = right.T[:, order]
    return (vectors * values[order]) @ vectors.T, (values[order], vectors)
