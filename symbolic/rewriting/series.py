"""Laurent series at zero and infinity as forms, with the range where they are accurate."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.rewriting.laurent import ZERO, Laurent, NoSeries, is_zero, laurent, settings

LENGTHS = (1, 2, 3, 4, 6, 9, 13, 18, 24)  # of the forms that are offered, in non-zero steps
LARGEST = 1000.0  # exponent of a radius
SMALL = 10**6  # denominators up to here are written as fractions


@dataclass(frozen=True)
class Series:
    """A form that is accurate where the variable lies between ``low`` and ``high``."""

    term: int
    low: float
    high: float


def forms(graph: Graph, root: int, name: str, terms: Graph) -> list[Series]:
    """
    Return truncated series of an expression.

    Parameters
    ----------
    graph, root : Graph, int
        The expression.
    name : str
        Its only variable.
    terms : Graph
        Where the forms are put.

    Returns
    -------
    list of Series
        Forms at zero, and at each infinity. Their truncation error, estimated from the terms that follow, is below
        2^-54 of their value between their limits.
    """
    found: list[Series] = []
    with settings():
        for at_zero in (True, False):
            try:
                series = laurent(graph, root, 1 if at_zero else -1)
            except (NoSeries, ValueError, ZeroDivisionError, OverflowError):
                continue
            found += _truncated(series, name, at_zero, terms)
    return found


def _truncated(series: Laurent, name: str, at_zero: bool, terms: Graph) -> list[Series]:
    coefficients = series.coefficients
    if is_zero(coefficients[0]):
        return []
    step = 2 if all(is_zero(c) for c in coefficients[1::2]) else 1
    kept = list(coefficients[::step])
    sizes = np.array([_log2(c) for c in kept])
    found: list[Series] = []
    places = step * np.arange(len(kept))
    for length in LENGTHS:
        if length > len(kept) - 6:
            break
        left_out = np.isfinite(sizes) & (places >= step * length)
        # every later term below 2^-60 of the first, so that all together are below 2^-54 while they fall
        exponent = np.min((sizes[0] - 60.0 - sizes[left_out]) / places[left_out], initial=LARGEST)
        exponent = min(exponent, _dominated(sizes - sizes[0], places))
        if exponent < -900.0:
            continue
        radius = 2.0**exponent
        term = _written(kept[:length], series.order, step, name, at_zero, terms)
        if at_zero:
            found.append(Series(term, -radius, radius))
        else:
            found += [Series(term, 1.0 / radius, np.inf), Series(term, -np.inf, -1.0 / radius)]
        if not left_out.any():  # a polynomial
            break
    return found


def _dominated(sizes: np.ndarray, places: np.ndarray) -> float:
    """The exponent up to which all terms but the first, taken positive, are at most 0.6 of the first.

    Then nothing cancels, and rounded coefficients cost at most 2^-51.
    """
    present = np.isfinite(sizes) & (places > 0)
    low, high = -LARGEST, LARGEST
    for _ in range(60):
        middle = 0.5 * (low + high)
        terms = np.minimum(sizes[present] + middle * places[present], 0.0)
        low, high = (middle, high) if np.exp2(terms).sum() <= 0.6 else (low, middle)
    return low


def _log2(c: Any) -> float:
    if is_zero(c):
        return -np.inf
    mantissa, exponent = abs(c).mid().man_exp()
    return float(int(exponent)) + int(mantissa).bit_length()


def _written(kept: list[Any], order: int, step: int, name: str, at_zero: bool, terms: Graph) -> int:
    """Horner's scheme in x or x^2, times the leading power."""
    x = terms.variable(name)
    z = x if at_zero else terms.add("/", terms.number(1), x)
    zz = z if step == 1 else terms.add("*", z, z)
    total = None
    for c in reversed(kept):
        value = _rational(c)
        if total is None:
            total = terms.number(value)
        else:
            total = terms.add("*", zz, total)
            if value:
                total = terms.add("+", terms.number(value), total)
    assert total is not None
    if order == 0:
        return total
    power = _power(terms, z, abs(order))
    if order > 0:
        return power if terms.value(total) == 1 else terms.add("*", power, total)
    return terms.add("/", total, power)


def _power(terms: Graph, z: int, k: int) -> int:
    if k == 1:
        return z
    half = _power(terms, z, k // 2)
    square = terms.add("*", half, half)
    return square if k % 2 == 0 else terms.add("*", z, square)


def _rational(c: Any) -> Fraction:
    """A simple fraction where the ball contains one, else the nearest float64."""
    if is_zero(c):
        return Fraction(0)
    mantissa, exponent = c.mid().man_exp()
    exact = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    simple = exact.limit_denominator(SMALL)
    if simple and abs(simple - exact) < Fraction(1, 2**ZERO) * max(Fraction(1), abs(exact)):
        return simple
    return Fraction(float(c.mid()))
