"""Maximum likelihood fit of the von Mises-Fisher distribution in one pass over the data."""

from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_array_api_obj, is_numpy_array

from mathlib._lib import threads
from mathlib._lib.validate import UNIT_TOLERANCE, finite_array
from mathlib.stats._density import block_rows, check_norms, row_squares
from mathlib.stats._kappa import vmf_kappa

PARTS = 16  # partial sums, shared out to threads; rounding errors grow with n / PARTS
REFERENCE = 64  # rows whose mean is the point that the data are measured from
ENTRY_NS = 0.7  # estimated time per entry
CONCENTRATED = 0.75  # |mean|^2 of the first rows from which on the data are measured from there
DEGENERATE = 1e-30  # 1 - R of equal points, after rounding
BALANCED = 1e-15  # R of points that cancel, after rounding


def data(x: Any, name: str) -> Any:
    """Return `x` if it is a matrix of real numbers, without a look at its entries."""
    x = x if is_array_api_obj(x) or isinstance(x, np.ma.MaskedArray) else np.asarray(x)
    finite_array(x[:0, ...] if x.ndim else x, name, ndim=2)  # refuses by kind, dtype and shape
    n, p = x.shape
    if n < 1:
        raise ValueError(f"{name} must have at least one row, got shape {(n, p)}")
    if p < 2:
        raise ValueError(f"{name} must have at least 2 columns, the dimension of the plane; got shape {(n, p)}")
    return x


def direction_and_length(x: Any, name: str) -> tuple[Any, float, float]:
    """Return the mean direction of the rows of `x`, their mean resultant length R, and 1 - R.

    About the point c, with d = x - c, 1 - R^2 is the variance mean(|d|^2) - |mean(d)|^2: no cancellation if c is near
    the mean, so c is the mean of the first rows, or 0 where that is far inside of the sphere.
    """
    xp = array_namespace(x)
    n, p = x.shape
    real = xp.isdtype(x.dtype, "real floating")
    tolerance = UNIT_TOLERANCE[max(32, xp.finfo(x.dtype).bits) if real else 64]
    center = xp.mean(xp.astype(x[: min(REFERENCE, n), :], xp.float64), axis=0)
    near = float(xp.vecdot(center, center)) > CONCENTRATED
    if not near:
        center = xp.zeros_like(center)
    step = block_rows(x)
    sums: list[Any] = [None] * PARTS
    squares = [0.0] * PARTS

    def add(first: int, last: int) -> None:
        for part in range(first, last):
            total, end = xp.zeros_like(center), n * (part + 1) // PARTS
            for i in range(n * part // PARTS, end, step):
                rows = xp.astype(x[i : min(i + step, end), :], xp.float64, copy=False)
                norms = row_squares(rows)
                check_norms(xp.sqrt(norms), tolerance, i, name)
                if near:
                    rows = rows - center
                    norms = row_squares(rows)
                total += xp.sum(rows, axis=0)
                squares[part] += float(xp.sum(norms))
            sums[part] = total

    workers = threads.workers_for(None, n * p * ENTRY_NS) if is_numpy_array(x) else 1
    threads.run_chunks(add, PARTS, workers)
    shift = xp.sum(xp.stack(sums), axis=0) / n
    mean = center + shift
    length = float(xp.sqrt(xp.vecdot(mean, mean)))
    variance = sum(squares) / n - float(xp.vecdot(shift, shift))
    if length <= BALANCED:
        raise ValueError(f"{name} has no mean direction: its rows sum to 0 (kappa is 0, the uniform distribution)")
    complement = variance / (1.0 + length)
    if complement <= DEGENERATE:
        raise ValueError(
            f"all rows of {name} are equal: the likelihood grows without bound in kappa, add rows that differ"
        )
    return mean / length, min(length, 1.0), complement


def fit(x: Any) -> tuple[Any, float]:
    """Return mu and kappa."""
    x = data(x, "x")
    mu, length, complement = direction_and_length(x, "x")
    return mu, float(vmf_kappa(length, x.shape[1], rbar_c=complement))
