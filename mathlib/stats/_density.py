"""Normaliser and entropy of the von Mises-Fisher distribution, and the density at rows of unit vectors."""

import math
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, is_numpy_array

from mathlib._lib.elementwise import Elementwise
from mathlib._lib.validate import UNIT_TOLERANCE
from mathlib.special import iv_ratio_c
from mathlib.special.kernels import vmf

BLOCK = 1 << 18  # entries of a block of rows: it stays in the cache between the sweeps over it
DEVICE_BLOCK = 1 << 24  # elsewhere: each block is a round of kernel launches
PIECE = 8192

_BRACKET = Elementwise("vmf_bracket", vmf.bracket_region, vmf.BRACKET, n_in=2, n_out=1)
HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


def log_mode(p: Any, kappa: Any) -> Any:
    """Logarithm of the density at its mode: log C + kappa, where log C alone would lose the digits of a large kappa."""
    return -HALF_LOG_2PI * p - _BRACKET(0.5 * p - 1.0, kappa)


def entropy(p: int, kappa: float) -> float:
    """-log C - kappa A, with 1 - A from its own formula."""
    return float(kappa * iv_ratio_c(0.5 * p - 1.0, kappa) - log_mode(p, kappa))


def log_density(x: Any, mu: Any, kappa: float) -> Any:
    """log f at the vectors along the last axis of `x`, which must have norm 1 up to the tolerance of its dtype.

    With s = |x| and m = |mu|, 1 - cos of the angle is (|x - mu|^2 - (s - m)^2) / (2 s m): no cancellation at small
    angles, and the rounding of the norms drops out.
    """
    xp = array_namespace(x)
    p = x.shape[-1]
    rows = xp.reshape(x, (-1, p))
    m = math.sqrt(float(xp.vecdot(mu, mu)))
    step = block_rows(rows)
    values = []
    for i in range(0, rows.shape[0], step):
        block = xp.astype(rows[i : min(i + step, rows.shape[0]), :], xp.float64, copy=False)
        difference = block - mu
        s = xp.sqrt(row_squares(block))
        check_norms(s, UNIT_TOLERANCE[xp.finfo(x.dtype).bits], i)
        values.append((row_squares(difference) - (s - m) ** 2) / (2.0 * m * s))
    versine = xp.concat(values) if values else xp.empty(0, dtype=xp.float64, device=device(x))
    return xp.reshape(float(log_mode(p, kappa)) - kappa * versine, x.shape[:-1])


def block_rows(x: Any) -> int:
    """Return how many rows of `x` to work on at a time."""
    columns: int = x.shape[1]
    return max(1, (BLOCK if is_numpy_array(x) else DEVICE_BLOCK) // columns)


def row_squares(rows: Any) -> Any:
    """Squared norms of rows. In pieces for NumPy: OpenBLAS splits longer dot products over threads, which then wait."""
    xp = array_namespace(rows)
    if not is_numpy_array(rows):
        return xp.vecdot(rows, rows)
    pieces = (rows[:, j : j + PIECE] for j in range(0, rows.shape[1], PIECE))
    return sum(np.vecdot(piece, piece) for piece in pieces)


def check_norms(norms: Any, tolerance: float, first: int, name: str = "x") -> None:
    """Refuse rows whose norm is off by more than `tolerance`; `first` is the number of the first of them."""
    xp = array_namespace(norms)
    bad = ~(xp.abs(norms - 1.0) <= tolerance)
    if not xp.any(bad):
        return
    i = int(xp.argmax(xp.astype(bad, xp.uint8)))
    norm = float(norms[i])
    if math.isfinite(norm):
        raise ValueError(
            f"{name} must hold vectors of norm 1 within {tolerance:g}, got the norm {norm:.9g} in row {first + i}: "
            f"divide {name} by its norms"
        )
    raise ValueError(f"{name} must be finite, row {first + i} is not: remove or replace it")
