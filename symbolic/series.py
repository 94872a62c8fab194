"""Laurent series of expressions of one variable at zero and infinity, as forms with the range where they are accurate.

Coefficients are balls of Arb with hundreds of digits; one that is zero to within 10^-150 is taken for zero.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from mathlib.symbolic import truth
from mathlib.symbolic.ir import Graph

BITS = 1200
TERMS = 48  # that are computed
LENGTHS = (1, 2, 3, 4, 6, 9, 13, 18, 24)  # of the forms that are offered, in non-zero steps
ZERO = 500  # a coefficient below 2^-ZERO is zero
LARGEST = 1000.0  # exponent of a radius
SMALL = 10**6  # denominators up to here are written as fractions


class NoSeries(Exception):
    """The expression has no Laurent series there, or none that we can find."""


@dataclass(frozen=True)
class Series:
    """A form that is accurate where the variable lies between ``low`` and ``high``."""

    term: int
    low: float
    high: float


@dataclass(frozen=True)
class Laurent:
    """x^order (c_0 + c_1 x + ...), c_0 not zero unless all are."""

    order: int
    coefficients: tuple[Any, ...]


@contextmanager
def _settings() -> Iterator[None]:
    from flint import ctx

    with truth.precision(BITS):
        before = ctx.cap
        ctx.cap = TERMS
        try:
            yield
        finally:
            ctx.cap = before


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
    with _settings():
        for at_zero in (True, False):
            try:
                series = laurent(graph, root, 1 if at_zero else -1)
            except (NoSeries, ValueError, ZeroDivisionError, OverflowError):
                continue
            found += _truncated(series, name, at_zero, terms)
    return found


def laurent(graph: Graph, root: int, order: int) -> Laurent:
    """Return the series of an expression in x^order, order 1 or -1: at zero or at infinity."""
    done: dict[int, Laurent] = {}
    for i in graph.live([root]):
        node = graph.nodes[i]
        if node[0] == "var":
            done[i] = Laurent(order, _constant(truth.ball(Fraction(1))))
        elif node[0] == "num":
            done[i] = _trimmed(0, _constant(truth.ball(node[1])))  # type: ignore[arg-type]
        else:
            done[i] = _operation(str(node[0]), [done[j] for j in graph.operands(i)])
    return done[root]


def _constant(c: Any) -> tuple[Any, ...]:
    return (c, *[type(c)(0)] * (TERMS - 1))


def _is_zero(c: Any) -> bool:
    if not c.is_finite():
        raise NoSeries
    return bool(abs(c) < type(c)(2) ** -ZERO)


def _trimmed(order: int, coefficients: tuple[Any, ...]) -> Laurent:
    for k, c in enumerate(coefficients):
        if not _is_zero(c):
            return Laurent(order + k, coefficients[k:])
    return Laurent(0, tuple(type(c)(0) for c in coefficients))


def _from_power_series(s: Any, count: int) -> Laurent:
    coefficients = list(s.coeffs())[:count]
    if not coefficients:
        raise NoSeries
    from flint import arb

    return _trimmed(0, (*coefficients, *[arb(0)] * (count - len(coefficients))))


def _power_series(a: Laurent) -> Any:
    """The series of what is finite at the place."""
    from flint import arb, arb_series

    if a.order < 0:
        raise NoSeries
    count = min(TERMS, a.order + len(a.coefficients))
    return arb_series([*[arb(0)] * a.order, *a.coefficients][:count], prec=count)


def _add(a: Laurent, b: Laurent, sign: int) -> Laurent:
    if all(c.is_zero() for c in a.coefficients):
        return Laurent(b.order, tuple(sign * c for c in b.coefficients))
    if all(c.is_zero() for c in b.coefficients):
        return a
    low = min(a.order, b.order)
    end = min(a.order + len(a.coefficients), b.order + len(b.coefficients))
    if end <= low:
        raise NoSeries
    zero = a.coefficients[0] * 0

    def at(s: Laurent, k: int) -> Any:
        return s.coefficients[k - s.order] if k >= s.order else zero

    return _trimmed(low, tuple(at(a, k) + sign * at(b, k) for k in range(low, end)))


def _multiply(a: Laurent, b: Laurent) -> Laurent:
    from flint import arb_series

    count = min(len(a.coefficients), len(b.coefficients))
    s = arb_series(list(a.coefficients[:count]), prec=count) * arb_series(list(b.coefficients[:count]), prec=count)
    product = _from_power_series(s, count)
    return Laurent(product.order + a.order + b.order, product.coefficients)


def _inverse(a: Laurent) -> Laurent:
    from flint import arb_series

    if _is_zero(a.coefficients[0]):
        raise NoSeries
    count = len(a.coefficients)
    s = arb_series(list(a.coefficients), prec=count).inv()
    return Laurent(-a.order, _from_power_series(s, count).coefficients)


def _root(a: Laurent, n: int) -> Laurent:
    """The n-th root; the sign at the other side of zero limits it to even orders, or odd roots."""
    from flint import arb_series

    if _is_zero(a.coefficients[0]) or a.order % n or (n == 2 and a.order % 4):
        raise NoSeries
    count = len(a.coefficients)
    s = arb_series(list(a.coefficients), prec=count)
    sign = -1 if n == 3 and a.coefficients[0] < 0 else 1
    root = s.sqrt() if n == 2 else ((sign * s).log() / n).exp() * sign
    return Laurent(a.order // n, _from_power_series(root, count).coefficients)


def _unary(op: str, a: Laurent) -> Laurent:
    s = _power_series(a)
    count = len(_padded(s))
    match op:
        case "exp" | "sin" | "cos" | "tan" | "atan" | "asin" | "acos" | "log" | "erf" | "erfc" | "lgamma":
            result = getattr(s, op)()
        case "tgamma":
            result = s.gamma()
        case "expm1":
            result = s.exp() - 1
        case "log1p":
            result = (s + 1).log()
        case "sinh":
            result = (s.exp() - (-s).exp()) / 2
        case "cosh":
            result = (s.exp() + (-s).exp()) / 2
        case "tanh":
            result = 1 - 2 / ((2 * s).exp() + 1)
        case "asinh":
            result = (s + (s * s + 1).sqrt()).log()
        case "atanh":
            result = ((1 + s).log() - (1 - s).log()) / 2
        case "cosm1":
            result = s.cos() - 1
        case "softplus":
            result = (1 + s.exp()).log()
        case "log_cosh":
            result = ((s.exp() + (-s).exp()) / 2).log()
        case "erfcx":
            result = (s * s).exp() * s.erfc()
        case "log_erfc":
            result = s.erfc().log()
        case _:
            raise NoSeries
    return _from_power_series(result, count)


def _padded(s: Any) -> list[Any]:
    return [0] * s.prec


def _operation(op: str, a: list[Laurent]) -> Laurent:
    match op, len(a):
        case "+", 2:
            return _add(a[0], a[1], 1)
        case "-", 2:
            return _add(a[0], a[1], -1)
        case "*", 2:
            return _multiply(a[0], a[1])
        case "/", 2:
            return _multiply(a[0], _inverse(a[1]))
        case "neg", 1:
            return Laurent(a[0].order, tuple(-c for c in a[0].coefficients))
        case "sqrt", 1:
            return _root(a[0], 2)
        case "cbrt", 1:
            return _root(a[0], 3)
        case "hypot", 2:
            return _root(_add(_multiply(a[0], a[0]), _multiply(a[1], a[1]), 1), 2)
        case "pow", 2 if a[1].order == 0 and all(_is_zero(c) for c in a[1].coefficients[1:]):
            if a[0].order:
                raise NoSeries
            s = (_power_series(a[0]).log() * a[1].coefficients[0]).exp()
            return _from_power_series(s, len(a[0].coefficients))
        case ("PI" | "E" | "EULER_GAMMA"), 0:
            return Laurent(0, _constant(truth.apply(op, [])))
        case _, 1:
            return _unary(op, a[0])
    raise NoSeries


def _truncated(series: Laurent, name: str, at_zero: bool, terms: Graph) -> list[Series]:
    coefficients = series.coefficients
    if _is_zero(coefficients[0]):
        return []
    step = 2 if all(_is_zero(c) for c in coefficients[1::2]) else 1
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
    if _is_zero(c):
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
    if _is_zero(c):
        return Fraction(0)
    mantissa, exponent = c.mid().man_exp()
    exact = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    simple = exact.limit_denominator(SMALL)
    if simple and abs(simple - exact) < Fraction(1, 2**ZERO) * max(1, abs(exact)):
        return simple
    return Fraction(float(c.mid()))
