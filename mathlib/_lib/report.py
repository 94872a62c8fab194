"""Rows of the self-report (``python -m mathlib``): what a check is, and what it found."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TypeVar

__all__ = ["Check", "Measured", "timed"]

T = TypeVar("T")


@dataclass(frozen=True)
class Measured:
    """What one run of a check found.

    Attributes
    ----------
    size : str
        How much was computed, for people: ``"1e6 points"``.
    error : float
        Largest error against a reference that does not come from this library.
    bound : float
        The error that the documentation promises.
    seconds : float
        Wall time of the call.
    peer, ratio : str, float or None
        The library compared with, and its time divided by ours; empty and None where there is none.
    note : str
        Anything the reader of the row must know.
    """

    size: str
    error: float
    bound: float
    seconds: float
    peer: str = ""
    ratio: float | None = None
    note: str = ""

    @property
    def ok(self) -> bool:
        """Whether the error is a number within a finite bound."""
        return 0 <= self.error <= self.bound < math.inf


@dataclass(frozen=True)
class Check:
    """One routine on one case, to be run on each of `backends`.

    Attributes
    ----------
    routine, case : str
        Public name of the routine, and what it is tried on.
    run : callable
        ``run(backend, quick)`` computes the case on that backend, smaller if `quick`, and returns what it found.
    backends : tuple of str
        The backends that the routine has, present on this machine or not.
    """

    routine: str
    case: str
    run: Callable[[str, bool], Measured]
    backends: tuple[str, ...]


def timed(function: Callable[[], T]) -> tuple[T, float]:
    """Return ``function()`` and the seconds it took on the wall clock."""
    start = perf_counter()
    result = function()
    return result, perf_counter() - start
