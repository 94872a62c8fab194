"""Argument checks shared by the rooms: each names the argument, shows what is wrong with it, and says the way out."""

import math
import numbers
import operator
from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
from array_api_compat import array_namespace, is_array_api_obj

__all__ = ["choice", "finite_array", "finite_scalar", "generator", "positive_integer", "unit_vectors"]

Array: TypeAlias = Any  # of any array-API namespace
Option = TypeVar("Option", bound=str)

UNIT_TOLERANCE = {32: 1e-5, 64: 1e-8}  # by bits of the dtype


def positive_integer(value: object, name: str) -> int:
    """Return `value` as an int >= 1. Integer-valued floats and booleans are a TypeError."""
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {value!r}: convert it with int()") from None
    if number < 1:
        raise ValueError(f"{name} must be at least 1, got {number}")
    return number


def finite_scalar(value: object, name: str, low: float = -math.inf, high: float = math.inf) -> float:
    """Return `value`, a real number or an array without axes, as a finite float in the closed interval [low, high]."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool | np.bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be one real number, got {value!r}: convert it with float()")
    try:
        number = float(value)
    except OverflowError:  # an int beyond the range of floats
        number = math.inf
    if not (math.isfinite(number) and low <= number <= high):
        least = "" if low == -math.inf else f", at least {low:g}"
        most = "" if high == math.inf else f", at most {high:g}"
        raise ValueError(f"{name} must be finite{least}{most}; got {value!r}")
    return number


def finite_array(value: object, name: str, *, ndim: int | None = None) -> Array:
    """Return `value` as a finite float32 or float64 array of its own namespace, with `ndim` axes if that is given.

    Lists become NumPy arrays, integers float64, float16 float32, other byte orders the native one. Nothing is copied
    that is right already.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} must not be a masked array, its mask would be lost: call .compressed() or .filled()")
    x: Array = value
    if not is_array_api_obj(value):
        try:
            x = np.asarray(value)
        except ValueError as error:
            raise ValueError(f"{name} must be an array or nested lists of equal lengths: {error}") from None
    if isinstance(x, np.ndarray | np.generic):
        x = np.asarray(x, dtype=x.dtype.newbyteorder("="))
    xp = array_namespace(x)
    if xp.isdtype(x.dtype, "integral"):
        x = xp.astype(x, xp.float64)
    elif not xp.isdtype(x.dtype, "real floating") or xp.finfo(x.dtype).bits > 64:
        raise TypeError(f"{name} must hold real numbers of at most 64 bits, got dtype {x.dtype}: convert it to float64")
    elif xp.finfo(x.dtype).bits < 32:
        x = xp.astype(x, xp.float32)
    if ndim is not None and x.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimensions, got shape {tuple(x.shape)}: reshape it")
    bad = ~xp.isfinite(x)
    if xp.any(bad):
        raise ValueError(f"{name} must be finite, got {_first(bad, x, name)}: remove or replace such entries")
    return x


def unit_vectors(x: Array, name: str) -> Array:
    """Return `x`, as `finite_array` gives it, if the vectors along its last axis have norm 1.

    The norm may be off by 1e-8, or 1e-5 in float32.
    """
    xp = array_namespace(x)
    if x.ndim == 0:
        raise ValueError(f"{name} must hold vectors along its last axis, got the number {x}")
    with np.errstate(over="ignore", under="ignore"):
        norm = xp.sqrt(xp.vecdot(x, x))
        bad = ~(xp.abs(norm - 1) <= UNIT_TOLERANCE[xp.finfo(x.dtype).bits])
    if xp.any(bad):
        raise ValueError(
            f"{name} must hold vectors of norm 1 along its last axis, got the norm {_first(bad, norm, name)}: "
            f"divide {name} by its norms"
        )
    return x


def choice(value: object, name: str, options: Sequence[Option]) -> Option:
    """Return the one of `options` that equals `value`."""
    for option in options:
        if isinstance(value, str) and value == option:
            return option
    raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}; got {value!r}")


def generator(rng: object, name: str = "rng") -> np.random.Generator:
    """Return the generator that `rng` stands for: None (fresh entropy), an int (a seed) or a Generator (itself)."""
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is None:
        return np.random.default_rng()
    if isinstance(rng, bool | np.bool) or not isinstance(rng, numbers.Integral):
        raise TypeError(
            f"{name} must be None, an integer or a numpy.random.Generator, got {rng!r}: use numpy.random.default_rng()"
        )
    if rng < 0:
        raise ValueError(f"{name} must not be negative as a seed, got {rng}")
    return np.random.default_rng(int(rng))


def _first(bad: Array, x: Array, name: str) -> str:
    """Return ``name[i, j] = value`` for the first entry of `x` where `bad` is true."""
    xp = array_namespace(x)
    flat = xp.reshape(xp.astype(bad, xp.uint8), (-1,))
    index = tuple(int(i) for i in np.unravel_index(int(xp.argmax(flat)), tuple(x.shape)))
    where = f"[{', '.join(map(str, index))}]" if index else ""
    return f"{name}{where} = {float(x[index]):g}"
