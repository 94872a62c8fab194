"""From arguments to the problem that the solvers see: checked, centred, and in units of a power of two."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathlib._lib.dispatch import choose, family
from mathlib._lib.host import to_host
from mathlib._lib.validate import finite_array, finite_scalar
from mathlib.optimize.sparse_regression.array_matrix import ArrayDesign
from mathlib.optimize.sparse_regression.design_matrix import Design
from mathlib.optimize.sparse_regression.working_set import Problem

Floats = NDArray[np.float64]
EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Task:
    """A problem, and the way back to the units of the caller.

    The response of the problem is that of the caller less its mean, times the square roots of the weights, times
    2^-exponent; its objective is that of the caller times `design.total` times 4^-exponent.
    """

    problem: Problem
    exponent: int
    mean: float
    l1_ratio: float

    def penalty(self, alpha: float) -> tuple[float, float]:
        """Return the level of the absolute values and the factor of the squares."""
        total = self.problem.design.total
        with np.errstate(over="ignore", under="ignore"):
            level = float(np.ldexp(alpha * self.l1_ratio * total, -self.exponent))
            ridge = alpha * (1.0 - self.l1_ratio) * total
        if alpha > 0.0 and self.l1_ratio > 0.0:
            level = min(max(level, 1e-300), 1e300)
        return level, min(ridge, 1e300)

    def intercept(self, x: Floats) -> float:
        """Return the constant term that goes with the coefficients `x`."""
        return self.mean - float(self.problem.design.means @ x) if self.problem.design.centred else 0.0

    def start(self, x0: Any) -> Floats:
        """Return the coefficients to start from: zeros where `x0` is None or has a larger objective than that."""
        p = self.problem.design.p
        if x0 is None:
            return np.zeros(p)
        x = np.asarray(to_host(finite_array(x0, "x0", ndim=1)), np.float64)
        if len(x) != p:
            raise ValueError(f"x0 must have one entry per column of X, {p}; got {len(x)}")
        with np.errstate(over="ignore", under="ignore"):
            return np.ldexp(np.maximum(x, 0.0) if self.problem.positive else x, -self.exponent)


def make_task(
    X: Any, y: Any, l1_ratio: Any, weights: Any, sample_weight: Any, positive: Any, fit_intercept: Any, backend: Any
) -> Task:
    """Check the arguments and set up the problem."""
    kind = choose([X, y], backend)
    X = _matrix(X)
    n, p = X.shape
    if n == 0 or p == 0:
        raise ValueError(f"X must not be empty, got shape {X.shape}")
    y = _vector(y, "y", n, "row")
    ratio = finite_scalar(l1_ratio, "l1_ratio", 0.0, 1.0)
    for value, name in ((positive, "positive"), (fit_intercept, "fit_intercept")):
        if not isinstance(value, bool | np.bool):
            raise TypeError(f"{name} must be True or False, got {value!r}")
    shares = np.ones(p) if weights is None else _non_negative(weights, "weights", p, "column")
    samples = None if sample_weight is None else _non_negative(sample_weight, "sample_weight", n, "row")
    if samples is not None:
        if not samples.any():
            raise ValueError("sample_weight must have a positive entry, got zeros only")
        samples = samples / samples.max()
        samples *= n / samples.sum()
    centred = bool(fit_intercept)
    if kind in ("array", "cupy"):
        design: Any = ArrayDesign(X, samples, centred)
    else:
        design = Design(X, samples, centred, kind == "numba")
    y, mean, exponent = _response(y, samples, centred, design.scale)
    free = np.flatnonzero((shares == 0.0) & (design.squares > 0.0))
    if len(free) and positive and ratio == 1.0:
        raise ValueError(
            f"weights[{free[0]}] is 0 with positive=True, which has no dual bound: give it a small positive weight"
        )
    span = None
    if 0 < len(free) < p:
        u, s, _ = np.linalg.svd(design.dense(free).T, full_matrices=False)
        span = u[:, s > s[0] * max(n, len(free)) * EPS]
    return Task(Problem(design, y, shares, bool(positive), span), exponent, mean, ratio)


def _matrix(X: Any) -> Any:
    """Return `X` as a float32 or float64 array of two dimensions, or a csc_array without duplicate entries."""
    if family(X.__class__) != "numpy":
        return finite_array(X, "X", ndim=2)
    if type(X).__module__.startswith("scipy.sparse"):
        from scipy import sparse

        matrix = sparse.csc_array(X)  # shares its data with a CSC matrix
        if matrix.dtype not in (np.float32, np.float64):
            if matrix.dtype.kind not in "biuf" or matrix.dtype.itemsize > 8:
                raise TypeError(f"X must hold real numbers of at most 64 bits, got dtype {matrix.dtype}: convert it")
            matrix = matrix.astype(np.float64)
        if not matrix.has_canonical_format:
            matrix = matrix.copy()
            matrix.sum_duplicates()
        return matrix
    if isinstance(X, np.ndarray) and not isinstance(X, np.ma.MaskedArray) and X.dtype in (np.float32, np.float64):
        X = np.asarray(X)  # finite entries are checked with the norms of the columns
        if X.ndim != 2:
            raise ValueError(f"X must have 2 dimensions, got shape {X.shape}: reshape it")
        return X
    return finite_array(X, "X", ndim=2)


def _vector(value: Any, name: str, count: int, of: str) -> Floats:
    vector = np.asarray(to_host(finite_array(value, name, ndim=1)), np.float64)
    if len(vector) != count:
        raise ValueError(f"{name} must have one entry per {of} of X, {count}; got {len(vector)}")
    return vector


def _non_negative(value: Any, name: str, count: int, of: str) -> Floats:
    vector = _vector(value, name, count, of)
    if (vector < 0.0).any():
        i = int(np.argmin(vector))
        raise ValueError(f"{name} must not be negative, got {name}[{i}] = {vector[i]:g}")
    return vector


def _response(y: Floats, samples: Floats | None, centred: bool, scale: Floats | None) -> tuple[Floats, float, int]:
    """Return the response of the problem, its mean, and the exponent of its unit."""
    used = y if samples is None else y[samples > 0.0]
    largest = float(np.abs(used).max())
    exponent = int(np.frexp(largest)[1]) if largest > 0.0 else 0
    y = np.ldexp(y, -exponent) if samples is None else np.where(samples > 0.0, np.ldexp(y, -exponent), 0.0)
    mean = 0.0
    if centred:
        mean = float(np.average(y, weights=samples))
        y = y - mean
        if samples is not None:
            y = np.where(samples > 0.0, y, 0.0)
        if np.abs(y).max() <= 4.0 * EPS:  # nothing but the rounding of the mean
            y = np.zeros_like(y)
    return (y if scale is None else scale * y), float(np.ldexp(mean, exponent)), exponent
