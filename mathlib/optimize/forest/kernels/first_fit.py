"""The loops of `first_fit`, compiled."""

from numba import njit

from mathlib.optimize.forest import first_fit as plain

__all__ = ["first_fit"]

first_fit = njit(nogil=True, cache=True)(plain.first_fit)
