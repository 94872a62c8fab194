"""The inverse of a block-diagonal H: each block of consecutive weights by the smaller of its two sides, in batches."""

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
from scipy.linalg import lapack

from mathlib._lib.host import from_host, to_host
from mathlib.optimize.fisher.gradients import GradientRows

Array: TypeAlias = Any

EPS = float(np.finfo(np.float64).eps)
GROUP_HOST = 1 << 20  # bytes of a group in float64: NumPy works block by block, and the group stays in the cache
GROUP_DEVICE = 1 << 26  # elsewhere a group must be worth its launches
LOOK = 1 << 22  # entries that are searched for non-finite ones at once
STIFF = 1e3  # condition bound of a dual block from which on its products are refined: the subtraction loses as much


class BlockedSide:
    """H with the entries between different blocks of weights left out, and its inverse.

    Blocks of B consecutive weights, the last one shorter if d is no multiple of B. With G_b the columns of block b,
    a block with B <= m is the B x B matrix damp I + G_b^T G_b / n (no subtraction anywhere), one with B > m goes
    through the m x m matrix G_b G_b^T + n damp I. All in float64, by batched products and Cholesky factors of the
    rows' own library. A block whose factor could break down gets one from its eigenvectors, with eigenvalues of at
    least the damping.

    `diagonal`, `logdet`, `trace` and `condition` are one sweep over the gradients that keeps nothing. The first
    product with a vector keeps the inverse factors, 8 d min(B, m)^2 / B bytes: 25 MB for a million weights in blocks
    of 64 with m = 20 and 512 MB with m >= 64, twice what 64 gradients in float32 take. A new damping shares the
    gradients only: to keep every block's Gram matrix would cost as much again as the factors.
    """

    name = "blocked"

    def __init__(self, rows: GradientRows, damp: float, divisor: float, block_size: int, *, host: bool):
        self.rows, self.damp, self.divisor, self.block_size = rows, damp, divisor, min(block_size, rows.d)
        self.host = host  # whether the rows are NumPy's
        whole = rows.d // self.block_size
        step = max(1, (GROUP_HOST if host else GROUP_DEVICE) // (8 * rows.m * self.block_size))
        self.groups = [
            Group(self, start * self.block_size, min(start + step, whole) * self.block_size, self.block_size)
            for start in range(0, whole, step)
        ]
        if rows.d > whole * self.block_size:
            self.groups.append(Group(self, whole * self.block_size, rows.d, rows.d - whole * self.block_size))

    def with_damp(self, damp: float) -> "BlockedSide":
        """Return the inverse with another damping."""
        return BlockedSide(self.rows, damp, self.divisor, self.block_size, host=self.host)

    def solve(self, x: Array, refine: Literal["auto"] | int = "auto") -> Array:
        """Return H^-1 x for (d,) or (d, k), in the wider dtype of x and the rows."""
        xp = self.rows.xp
        columns = xp.reshape(xp.astype(x, self.rows.double, copy=False), (self.rows.d, -1))
        solved = xp.reshape(self._concatenate(lambda g: g.solve(g.split(columns), refine)), x.shape)
        return xp.astype(solved, xp.result_type(x.dtype, self.rows.dtype), copy=False)

    def solve_rows(self, a: np.ndarray) -> Array:
        """Return H^-1 G^T a for (m,) or (m, k) on the host, in the dtype of the rows."""
        rows, xp = self.rows, self.rows.xp
        right = from_host(np.reshape(a, (rows.m, -1)), rows.array, rows.double)
        solved = xp.reshape(self._concatenate(lambda g: g.solve_rows(right)), (rows.d, *a.shape[1:]))
        return xp.astype(solved, rows.dtype, copy=False)

    def quad_rows(self) -> np.ndarray:
        """Return G H^-1 G^T, (m, m) on the host."""
        total = np.zeros((self.rows.m, self.rows.m))
        for group in self.groups:
            total += to_host(group.quad_rows())
        return self.rows.allreduce(0.5 * (total + total.T))

    def correction(self, w: Array, keep: Array) -> Array:
        """Return the change of the kept weights, zero elsewhere, that best makes up for setting the others to zero.

        (d,) in float64: H_kk^-1 H_kq w_q in each block, where k are the kept and q the other weights.
        """
        return self._concatenate(lambda g: g.correction(g.split(w[:, None]), g.split(keep[:, None])))

    def quadratic(self, x: Array) -> float:
        """Return x^T H x."""
        squares = sum(float(self.rows.xp.sum(g.times(g.split(x[:, None])) ** 2)) for g in self.groups)
        return self.damp * float(self.rows.xp.sum(x * x)) + squares / self.divisor

    def diagonal(self) -> Array:
        """Return the diagonal of H^-1, (d,) in float64."""
        return self._concatenate(lambda g: g.diagonal())

    def elements(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Return [H^-1]_ij for index arrays of one shape: zero between different blocks."""
        found = np.zeros(i.shape)
        block = i // self.block_size
        together = block == j // self.block_size
        for b in np.unique(block[together]).tolist():
            pairs, one = together & (block == b), self._block(b)
            columns, place = np.unique(j[pairs], return_inverse=True)
            found[pairs] = to_host(one.inverse_columns(columns - one.start))[i[pairs] - one.start, place]
        return found

    def columns(self, index: np.ndarray) -> Array:
        """Return H^-1 e_j for every j of `index`, (d, len(index)) in the dtype of the rows."""
        rows = self.rows
        out = rows.xp.zeros((rows.d, len(index)), dtype=rows.dtype, device=rows.array.device)
        for place, column in enumerate(index.tolist()):
            one = self._block(column // self.block_size)
            found = one.inverse_columns(np.array([column - one.start]))
            out[one.start : one.stop, place] = rows.xp.astype(found[:, 0], rows.dtype, copy=False)
        return out

    def logdet(self) -> float:
        """Return log det H."""
        return self._sum_over_slices([group.logdet() for group in self.groups])

    def trace(self) -> float:
        """Return the trace of H^-1."""
        return self._sum_over_slices([group.trace() for group in self.groups])

    @cached_property
    def condition(self) -> float:
        """Largest over smallest eigenvalue of H, over all blocks."""
        ends = [group.extreme_eigenvalues() for group in self.groups]
        return max(high for _, high in ends) / min(low for low, _ in ends)

    @property
    def nbytes(self) -> int:
        """Bytes of what is kept beside the gradients."""
        return sum(group.nbytes for group in self.groups)

    def _concatenate(self, part: Callable[["Group"], Array]) -> Array:
        """Return the parts (blocks, width, ...) of all groups along one axis of length d."""
        parts = [part(group) for group in self.groups]
        flat = [self.rows.xp.reshape(p, (-1, *p.shape[2:])) for p in parts]
        return self.rows.xp.concat(flat, axis=0) if len(flat) > 1 else flat[0]

    def _sum_over_slices(self, values: list[float]) -> float:
        return float(self.rows.allreduce(np.array([sum(values)]))[0])

    def _block(self, b: int) -> "Group":
        """Return one block as a group of its own, with its inverse factor if that is kept."""
        first = b * self.block_size
        group = next(g for g in self.groups if g.start <= first < g.stop)
        return group.one((first - group.start) // group.width)


class Group:
    """Neighbouring blocks of equal width, columns `start` to `stop`, treated as one batch."""

    def __init__(self, side: BlockedSide, start: int, stop: int, width: int):
        self.side, self.start, self.stop, self.width = side, start, stop, width
        self.xp = side.rows.xp
        self.primal = width <= side.rows.m
        self.small = width if self.primal else side.rows.m  # order of the matrices that are factored
        self.kept: Array | None = None
        self.values: Array | None = None  # eigenvalues of the damped small matrices, where they were needed
        self.noise: Array | None = None  # which of them are those of the damping alone
        self.largest = 0.0  # largest trace of the undamped small matrices, a bound of their eigenvalues; once known

    @property
    def nbytes(self) -> int:
        return 0 if self.kept is None else 8 * int(np.prod(self.kept.shape))

    @property
    def floor(self) -> float:
        """A lower bound of the eigenvalues of the small matrices."""
        return self.side.damp if self.primal else self.side.damp * self.side.divisor

    @property
    def norm_bound(self) -> float:
        """A bound of the eigenvalues of H in these blocks, once there is a factor."""
        return self.side.damp + (self.largest if self.primal else self.largest / self.side.divisor)

    @property
    def stiff(self) -> bool:
        """Whether products of the dual are refined."""
        return self.largest > STIFF * self.floor

    def split(self, x: Array) -> Array:
        """Return rows `start` to `stop` of a (d, k) array as (blocks, width, k)."""
        return self.xp.reshape(x[self.start : self.stop, ...], (-1, self.width, x.shape[1]))

    def gradients(self) -> Array:
        """Return the gradients as (blocks, m, width) in float64: a view of one contiguous piece, which BLAS takes."""
        wide = self.xp.astype(self.side.rows.chunk(self.start, self.stop), self.side.rows.double)
        return self.xp.permute_dims(self.xp.reshape(wide, (wide.shape[0], -1, self.width)), (1, 0, 2))

    def gram(self, gradients: Array) -> Array:
        """Return the small side without damping: G_b^T G_b / n, or G_b G_b^T."""
        turned = self.xp.permute_dims(gradients, (0, 2, 1))
        with np.errstate(over="ignore", invalid="ignore"):  # noticed by the caller
            if not self.primal:
                return self.xp.matmul(gradients, turned)
            gram = self.xp.matmul(turned, gradients)
        gram /= self.side.divisor
        return gram

    def factor(self, gradients: Array | None = None, *, keep: bool = False) -> Array:
        """Return M, (blocks, small, small), with M^T M the inverse of the small side, in the dual of what it meets."""
        if self.kept is not None:
            return self.kept
        gram = self.gram(self.gradients() if gradients is None else gradients)
        self.largest = float(self.xp.max(self.xp.linalg.trace(gram)))
        if not math.isfinite(self.largest):
            self.side.rows.refuse_non_finite()
        # Cholesky cannot break down where the rounding errors of the matrix are less than its smallest eigenvalue.
        if self.small * EPS * self.largest > self.floor:
            values, vectors = self.xp.linalg.eigh(gram)
            self.noise = values <= self.small * EPS * self.xp.max(values, axis=-1, keepdims=True)
            self.values = self.xp.where(self.noise, self.xp.zeros_like(values), values) + self.floor
            factor = self.xp.permute_dims(vectors / self.xp.sqrt(self.values)[:, None, :], (0, 2, 1))
            if not self.primal:
                factor = self.within(factor)
        else:
            gram += self.floor * self.xp.eye(self.small, dtype=gram.dtype, device=gram.device)
            factor = self.inverse_triangles(self.xp.linalg.cholesky(gram))
        if keep:
            self.kept = factor
        return factor

    def within(self, factor: Array) -> Array:
        """Return a factor without the directions in which the gradients are rounding noise."""
        if self.noise is None:
            return factor
        return self.xp.where(self.noise[..., None], self.xp.zeros_like(factor), factor)

    def inverse_triangles(self, lower: Array) -> Array:
        """Return the inverses of lower triangles. LAPACK's own on the host; no other library has it for batches."""
        if not self.side.host:
            return self.xp.linalg.inv(lower)
        for i in range(len(lower)):
            lower[i] = lapack.dtrtri(lower[i].T, lower=0)[0].T  # the transpose is in the order that LAPACK reads
        return lower

    def solve(self, x: Array, refine: Literal["auto"] | int) -> Array:
        """Return H_b^-1 x_b of (blocks, width, k)."""
        if self.primal:
            return self.apply(self.factor(keep=True), x)
        gradients = self.gradients()
        factor = self.factor(gradients, keep=True)
        solved = self.subtract(gradients, factor, x)
        for _ in range(int(self.stiff) if refine == "auto" else refine):
            turned = self.xp.permute_dims(gradients, (0, 2, 1))
            product = self.xp.matmul(turned, self.xp.matmul(gradients, solved)) / self.side.divisor
            solved = solved + self.subtract(gradients, factor, x - self.side.damp * solved - product)
        return solved

    def subtract(self, gradients: Array, factor: Array, x: Array) -> Array:
        """Return (x - G_b^T S_b^-1 G_b x) / damp."""
        inner = self.apply(factor, self.xp.matmul(gradients, x))
        return (x - self.xp.matmul(self.xp.permute_dims(gradients, (0, 2, 1)), inner)) / self.side.damp

    def apply(self, factor: Array, x: Array) -> Array:
        """Return M^T M x."""
        return self.xp.matmul(self.xp.permute_dims(factor, (0, 2, 1)), self.xp.matmul(factor, x))

    def times(self, x: Array) -> Array:
        """Return G_b x_b, (blocks, m, k)."""
        return self.xp.matmul(self.gradients(), x)

    def correction(self, w: Array, keep: Array) -> Array:
        """Return H_kk^-1 H_kq w_q of each block, (blocks, width), by push-through as H_kk^-1 G_k^T (G_q w_q) / n."""
        gradients, zero = self.gradients(), self.xp.zeros_like(w)
        product = self.xp.matmul(gradients, self.xp.where(keep, zero, w))
        gradients *= self.xp.astype(self.xp.permute_dims(keep, (0, 2, 1)), gradients.dtype)
        kept = Group(self.side, self.start, self.stop, self.width)
        found = kept.solve_rows(product, gradients)[..., 0] / self.side.divisor
        return self.xp.where(keep[..., 0], found, zero[..., 0])

    def solve_rows(self, a: Array, gradients: Array | None = None) -> Array:
        """Return H_b^-1 G_b^T a, (blocks, width, k): for B > m this is n G_b^T S_b^-1 a, without a subtraction."""
        gradients = self.gradients() if gradients is None else gradients
        turned = self.xp.permute_dims(gradients, (0, 2, 1))
        factor = self.factor(gradients, keep=True)
        if self.primal:
            return self.apply(self.within(factor), self.xp.matmul(turned, a))
        found = self.apply(factor, a)
        if self.stiff:  # a step of refinement makes the product with an explicit inverse as good as a solution with S
            product = self.xp.matmul(gradients, self.xp.matmul(turned, found))
            found = found + self.apply(factor, a - self.floor * found - product)
        return self.xp.matmul(turned, found) * self.side.divisor

    def quad_rows(self) -> Array:
        """Return the sum over blocks of G_b H_b^-1 G_b^T."""
        gradients = self.gradients()
        factor = self.factor(gradients)
        if self.primal:
            half = self.xp.matmul(self.within(factor), self.xp.permute_dims(gradients, (0, 2, 1)))
            half = self.xp.reshape(half, (-1, half.shape[-1]))
            return self.xp.matmul(half.T, half)
        # n K S^-1 = n (I - shift S^-1), whichever loses nothing: the first where K <= shift, there S is harmless
        gram = self.gram(gradients)
        inverse = self.apply(factor, self.xp.eye(self.small, dtype=gram.dtype, device=gram.device))
        light = (self.xp.linalg.trace(gram) <= self.floor)[:, None, None]
        heavy = self.xp.eye(self.small, dtype=gram.dtype, device=gram.device) - self.floor * inverse
        return self.side.divisor * self.xp.sum(self.xp.where(light, self.xp.matmul(gram, inverse), heavy), axis=0)

    def diagonal(self) -> Array:
        """Return the diagonal of the inverse, (blocks, width)."""
        if self.primal:
            factor = self.factor()
            return self.xp.sum(factor * factor, axis=1)
        gradients = self.gradients()
        half = self.xp.matmul(self.factor(gradients), gradients)
        half *= half
        return (1.0 - self.xp.sum(half, axis=1)) / self.side.damp

    def inverse(self) -> Array:
        """Return H_b^-1, (blocks, width, width)."""
        gradients = self.gradients()
        half = self.factor(gradients)
        half = half if self.primal else self.xp.matmul(half, gradients)
        square = self.xp.matmul(self.xp.permute_dims(half, (0, 2, 1)), half)
        if self.primal:
            return square
        return (self.xp.eye(self.width, dtype=square.dtype, device=square.device) - square) / self.side.damp

    def inverse_columns(self, index: np.ndarray) -> Array:
        """Return columns of H_b^-1 of a single block, (width, k)."""
        unit = from_host(np.eye(self.width)[:, index], self.side.rows.array, self.side.rows.double)
        return self.solve(unit[None, ...], "auto")[0, ...]

    def logdet(self) -> float:
        """Return the sum over blocks of log det H_b."""
        factor = self.factor()
        if self.values is None:
            inside = -2.0 * float(self.xp.sum(self.xp.log(self.xp.linalg.diagonal(factor))))
        else:
            inside = float(self.xp.sum(self.xp.log(self.values)))
        if self.primal:
            return inside
        outside = self.width * math.log(self.side.damp) - self.small * math.log(self.floor)
        return inside + float(factor.shape[0] * outside)

    def trace(self) -> float:
        """Return the sum over blocks of the trace of H_b^-1."""
        factor = self.factor()
        inside = float(self.xp.sum(factor * factor if self.values is None else 1.0 / self.values))
        if self.primal:
            return inside
        return float(factor.shape[0] * (self.width - self.small) / self.side.damp) + self.side.divisor * inside

    def extreme_eigenvalues(self) -> tuple[float, float]:
        """Return the least and the largest eigenvalue of the blocks."""
        values = self.xp.linalg.eigvalsh(self.gram(self.gradients()))
        low, high = (max(0.0, float(pick(values))) for pick in (self.xp.min, self.xp.max))
        if self.primal:
            return self.side.damp + low, self.side.damp + high
        return self.side.damp, self.side.damp + high / self.side.divisor

    def one(self, offset: int) -> "Group":
        """Return one of the blocks as a group of its own."""
        first = self.start + offset * self.width
        group = Group(self.side, first, first + self.width, self.width)
        if self.kept is not None:
            group.kept, group.largest = self.kept[offset : offset + 1, ...], self.largest
        return group


def blocked_side(rows: GradientRows, damp: float, divisor: float, block_size: int, backend: str) -> BlockedSide:
    """Return the side for these rows, after one look at every entry: the factors are made when they are needed."""
    for _, _, block in rows.blocks(rows.dtype, max(4096, LOOK // rows.m)):
        if not (math.isfinite(rows.xp.sum(block)) or math.isfinite(rows.xp.sum(block, dtype=rows.double))):
            rows.refuse_non_finite()
    return BlockedSide(rows, damp, divisor, block_size, host=backend in ("numpy", "numba"))
