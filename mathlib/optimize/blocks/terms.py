"""The part of an objective that is not smooth: absolute values and bounds, or norms of groups."""

from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from mathlib._lib.validate import finite_array, finite_scalar

__all__ = ["GroupNorms", "Separable", "make_term"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

SWEEPS = 100  # over the coordinates of a block; a few do, since Newton's step ends the search on the right face
ROUNDING = 1e-14


class Separable:
    """sum_i l1_i |x_i| for x between bounds; nothing at all if l1 is 0 and the bounds are infinite."""

    groups: list[Index] | None = None

    def __init__(self, l1: Floats, low: Floats, high: Floats):
        self.l1, self.low, self.high = l1, low, high
        self.bounded = bool(np.isfinite(low).any() or np.isfinite(high).any())
        self.smooth = not (self.bounded or l1.any())

    def value(self, x: Floats) -> float:
        """Return the term at a point within the bounds."""
        return float(self.l1 @ np.abs(x))

    def feasible(self, x: Floats) -> bool:
        """Whether a point is within the bounds."""
        return bool(((x >= self.low) & (x <= self.high)).all())

    def changes(self, x: Floats, d: Floats, index: Index | slice) -> Floats:
        """Return by how much the term changes with a step of some coordinates, coordinate by coordinate."""
        there = x + d
        same_sign = x * there > 0  # then rounding of x + d must not hide a small d
        return np.asarray(self.l1[index] * np.where(same_sign, np.sign(x) * d, np.abs(there) - np.abs(x)))

    def nearest(self, x: Floats, index: Index) -> Floats:
        """Return the nearest point within the bounds: the sum of a point and a step may be off by a rounding."""
        return np.clip(x, self.low[index], self.high[index])

    def prox(self, v: Floats, curvature: Any, index: Index | slice) -> Floats:
        """Return the w that minimise curvature/2 (w - v)^2 + term(w)."""
        shrunk = np.sign(v) * np.maximum(np.abs(v) - self.l1[index] / curvature, 0.0)
        return np.asarray(np.clip(shrunk, self.low[index], self.high[index]))

    def subgradient(self, x: Floats, g: Floats) -> Floats:
        """Return the element of least norm of the subdifferential of the objective, g the smooth part's gradient."""
        right = g + np.where(x < 0, -self.l1, self.l1)  # derivative to the right, and to the left
        left = g + np.where(x > 0, self.l1, -self.l1)
        right = np.where(x >= self.high, np.inf, right)
        left = np.where(x <= self.low, -np.inf, left)
        return np.where(right < 0, right, np.where(left > 0, left, 0.0))

    def minimum(self, H: Floats, g: Floats, x: Floats, index: Index | slice) -> Floats:
        """Return the step d that minimises g d + d H d / 2 + term(x + d) over a block.

        Sweeps over the coordinates find which of them rest at a bound or at zero; the system of the others is then
        solved at once.
        """
        l1, low, high = self.l1[index], self.low[index], self.high[index]
        h = np.diagonal(H)
        v, q = x.copy(), g.copy()  # the point, and the gradient of the quadratic there
        for _ in range(SWEEPS):
            for j in range(v.size):
                t = v[j] - q[j] / h[j]
                t = min(max(np.copysign(max(abs(t) - l1[j] / h[j], 0.0), t), low[j]), high[j])
                if t != v[j]:
                    q += H[:, j] * (t - v[j])
                    v[j] = t
            free = np.flatnonzero((v > low) & (v < high) & ((v != 0) | (l1 == 0)))
            if free.size:
                slope = (q + l1 * np.sign(v))[free]
                w = v[free] - scipy.linalg.solve(H[np.ix_(free, free)], slope, assume_a="pos", check_finite=False)
                same_face = (w >= low[free]) & (w <= high[free]) & ((l1[free] == 0) | (w * v[free] > 0))
                if same_face.all():
                    v[free] = w
                    q = g + H @ (v - x)
            off = np.abs(v - self.prox(v - q / h, h, index))
            if (off <= ROUNDING * (np.abs(v) + np.abs(x) + np.abs(g) / h)).all():
                break
        return v - x


class GroupNorms:
    """weight * sum of the Euclidean norms of the groups; each coordinate is in one group."""

    smooth = bounded = False

    def __init__(self, weight: float, groups: list[Index]):
        self.weight, self.groups = weight, groups
        self._flat = np.concatenate(groups)
        sizes = np.array([len(group) for group in groups])
        self._starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        self._group = np.empty(self._flat.size, np.intp)
        self._group[self._flat] = np.repeat(np.arange(len(groups)), sizes)
        self._first = self._flat[self._starts]

    def norms(self, x: Floats) -> Floats:
        """Return the norms of all groups."""
        return np.sqrt(np.add.reduceat(x[self._flat] ** 2, self._starts))

    def value(self, x: Floats) -> float:
        """Return the term."""
        return self.weight * float(self.norms(x).sum())

    def feasible(self, x: Floats) -> bool:
        """Whether a point is allowed: all are."""
        return True

    def changes(self, x: Floats, d: Floats, index: Index | slice) -> Floats:
        """Return by how much the term changes with a step of a group, or of all: at the first entry of each."""
        change = np.zeros(x.size)
        if isinstance(index, slice):
            total, product = (
                self.norms(x + d) + self.norms(x),
                np.add.reduceat(((2 * x + d) * d)[self._flat], self._starts),
            )
            change[self._first] = self.weight * product / np.where(total > 0, total, 1.0)
        else:
            length = float(np.linalg.norm(x + d) + np.linalg.norm(x))
            change[0] = self.weight * ((2 * x + d) @ d) / length if length > 0 else 0.0
        return change

    def nearest(self, x: Floats, index: Index) -> Floats:
        """Return the point itself."""
        return x

    def prox(self, v: Floats, curvature: Any, index: Index | slice) -> Floats:
        """Return the w that minimise curvature/2 |w - v|^2 + term(w), of a group or of all."""
        norm = self.norms(v)[self._group] if isinstance(index, slice) else np.linalg.norm(v)
        weight = self.weight / np.asarray(curvature)
        return np.where(norm > weight, 1 - weight / np.where(norm > 0, norm, 1.0), 0.0) * v

    def subgradient(self, x: Floats, g: Floats) -> Floats:
        """Return the element of least norm of the subdifferential of the objective, g the smooth part's gradient."""
        norm, slope = self.norms(x)[self._group], self.norms(g)[self._group]
        away = g + self.weight * x / np.where(norm > 0, norm, 1.0)
        at_zero = np.maximum(1 - self.weight / np.where(slope > 0, slope, 1.0), 0.0) * g
        return np.where(norm > 0, away, at_zero)

    def minimum(self, H: Floats, g: Floats, x: Floats, index: Index | slice) -> Floats:
        """Return the step d that minimises g d + d H d / 2 + weight |x + d|.

        In the eigenbasis of H the minimiser is u_i rho / (D_i rho + weight), where rho, its norm, is the root of
        s(rho) = sum_i (u_i / (D_i rho + weight))^2 = 1. Newton's method for s^(-1/2) rises from 0 to the root.
        """
        D, V = np.linalg.eigh(H)
        D = np.maximum(D, 0.0)
        u = V.T @ (H @ x - g)
        if np.linalg.norm(u) <= self.weight:
            return -x
        rho = 0.0
        for _ in range(SWEEPS):
            share = u / (D * rho + self.weight)
            s = share @ share
            slope = (share * share) @ (D / (D * rho + self.weight))
            step = s * (np.sqrt(s) - 1) / slope
            rho += step
            if step <= ROUNDING * rho:
                break
        return np.asarray(V @ (u * rho / (D * rho + self.weight)) - x)


def make_term(size: int, l1: Any, bounds: Any, groups: Any, group_l2: Any) -> Separable | GroupNorms:
    """Return the term that the options of a problem with `size` variables name."""
    weights = np.asarray(finite_array(l1, "l1"), np.float64)
    if weights.shape not in ((), (size,)):
        raise ValueError(f"l1 must be one number or one for each of the {size} variables, got shape {weights.shape}")
    if (weights < 0).any():
        raise ValueError(f"l1 must be at least 0, got {weights.min():g}")
    if groups is None:
        if group_l2 != 0:
            raise ValueError(f"group_l2 is {group_l2!r} without groups: give groups, a list of arrays of indices")
        low, high = _bounds(bounds, size)
        return Separable(np.broadcast_to(weights, size), low, high)
    if bounds is not None or weights.any():
        raise ValueError("groups go with neither l1 nor bounds: leave those out, or take groups of one variable")
    return GroupNorms(finite_scalar(group_l2, "group_l2", low=0.0), index_sets(groups, "groups", size, once=True))


def index_sets(sets: Any, name: str, size: int, *, once: bool) -> list[Index]:
    """Return a list of arrays of indices below `size` that together hold each index, and `once` only once."""
    found = []
    for k, entries in enumerate(sets):
        index = np.asarray(entries)
        if index.ndim != 1 or index.dtype.kind not in "iu" or index.size == 0:
            raise ValueError(f"{name}[{k}] must be a list of integers that is not empty, got {entries!r}")
        if index.min() < 0 or index.max() >= size:
            bad = index[(index < 0) | (index >= size)][0]
            raise ValueError(f"{name}[{k}] holds the index {bad}: there are {size} variables, 0 to {size - 1}")
        if np.unique(index).size < index.size:
            raise ValueError(f"{name}[{k}] holds an index twice: {entries!r}")
        found.append(index.astype(np.intp))
    count = np.bincount(np.concatenate(found), minlength=size) if found else np.zeros(size, np.intp)
    if (count == 0).any():
        raise ValueError(f"{name} must hold every index, got none with {int(np.argmin(count))}")
    if once and (count > 1).any():
        raise ValueError(f"{name} must hold every index once, got {int(np.argmax(count))} in {count.max()} of them")
    return found


def _bounds(bounds: Any, size: int) -> tuple[Floats, Floats]:
    if bounds is None:
        return np.full(size, -np.inf), np.full(size, np.inf)
    try:
        low, high = (np.broadcast_to(np.asarray(bound, np.float64), size) for bound in bounds)
    except (TypeError, ValueError):
        raise ValueError(
            f"bounds must be a pair (low, high) of numbers or arrays of {size} numbers, got {bounds!r}: "
            "(0, numpy.inf) keeps variables from being negative"
        ) from None
    bad = ~((low <= high) & (low < np.inf) & (high > -np.inf))
    if bad.any():
        i = int(np.argmax(bad))
        raise ValueError(f"bounds must be low <= high, got {low[i]:g} and {high[i]:g} for variable {i}")
    return low, high
