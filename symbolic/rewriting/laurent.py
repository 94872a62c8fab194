"""Arithmetic of Laurent series with coefficients in balls of Arb, and the series of expressions.

A coefficient that is zero to within 2^-500 is taken for zero.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mathlib.symbolic.expressions import truth
from mathlib.symbolic.expressions.ir import Graph

BITS = 1200
TERMS = 48  # that are computed
ZERO = 500  # a coefficient below 2^-ZERO is zero


class NoSeries(Exception):
    """The expression has no Laurent series there, or none that we can find."""


@dataclass(frozen=True)
class Laurent:
    """x^order (c_0 + c_1 x + ...), c_0 not zero unless all are."""

    order: int
    coefficients: tuple[Any, ...]


@contextmanager
def settings() -> Iterator[None]:
    from flint import ctx

    with truth.precision(BITS):
        before = ctx.cap
        ctx.cap = TERMS
        try:
            yield
        finally:
            ctx.cap = before


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


def is_zero(c: Any) -> bool:
    if not c.is_finite():
        raise NoSeries
    return bool(abs(c) < type(c)(2) ** -ZERO)


def _trimmed(order: int, coefficients: tuple[Any, ...]) -> Laurent:
    for k, c in enumerate(coefficients):
        if not is_zero(c):
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

    if is_zero(a.coefficients[0]):
        raise NoSeries
    count = len(a.coefficients)
    s = arb_series(list(a.coefficients), prec=count).inv()
    return Laurent(-a.order, _from_power_series(s, count).coefficients)


def _root(a: Laurent, n: int) -> Laurent:
    """The n-th root; the sign at the other side of zero limits it to even orders, or odd roots."""
    from flint import arb_series

    if is_zero(a.coefficients[0]) or a.order % n or (n == 2 and a.order % 4):
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
        case "pow", 2 if a[1].order == 0 and all(is_zero(c) for c in a[1].coefficients[1:]):
            if a[0].order:
                raise NoSeries
            s = (_power_series(a[0]).log() * a[1].coefficients[0]).exp()
            return _from_power_series(s, len(a[0].coefficients))
        case (("PI" | "E" | "EULER_GAMMA"), 0):
            return Laurent(0, _constant(truth.apply(op, [])))
        case _, 1:
            return _unary(op, a[0])
    raise NoSeries
