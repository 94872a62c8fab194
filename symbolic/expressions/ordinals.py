"""Floats counted in order: distances in units of the last place, and the bits of error that Herbie counts."""

import numpy as np

MAGNITUDE = np.int64(0x7FFFFFFFFFFFFFFF)
LARGEST = int(np.float64(np.finfo(np.float64).max).view(np.int64))  # the ordinal of the largest finite number
WORST = 64.0  # bits: nothing right, or NaN


def ordinal(x: np.ndarray | float) -> np.ndarray:
    """Return the place of each float64 in the order of all of them; both zeros have place 0."""
    pattern = np.asarray(x, np.float64).view(np.int64)
    return np.where(pattern >= 0, pattern, -(pattern & MAGNITUDE))


def from_ordinal(n: np.ndarray | int) -> np.ndarray:
    """Return the float64 at a place."""
    n = np.asarray(n, np.int64)
    return np.where(n >= 0, n, -n | ~MAGNITUDE).view(np.float64)


def keys(x: np.ndarray) -> np.ndarray:
    """Return the ordinals shifted to unsigned integers, whose differences cannot overflow."""
    return ordinal(x).view(np.uint64) ^ np.uint64(1 << 63)


def bits(y: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """
    Return log2(1 + number of floats between a result and the exact one).

    64 where the result is NaN, 0 where the exact value is not known (NaN).
    """
    return bits_from_keys(y, keys(exact), np.isnan(exact))


def bits_from_keys(y: np.ndarray, exact: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    """Return `bits` for exact values given by their `keys`."""
    place = keys(y)
    distance = np.maximum(place, exact) - np.minimum(place, exact)
    error = np.minimum(np.log2(1.0 + distance.astype(np.float64)), WORST)
    return np.where(unknown, 0.0, np.where(np.isnan(y), WORST, error))
