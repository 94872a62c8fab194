"""Arithmetic with pairs of floats in extended precision, each with a bound of its error to first order.

A pair is an unevaluated sum of two floats. Sums, products, quotients and roots keep both parts (Dekker, Numer. Math.
18 (1971) 224), so that 1 + x of a tiny x loses nothing. The other functions are those of NumPy in the float type,
corrected to first order for the low part: log(1 + x) is log(1) + x/1. Where they are close to 1 (exp, cos, cosh,
tanh) their distance from 1 is kept.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from mathlib.symbolic.expressions.evaluate import evaluate, operation
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import OPS

#: derivatives in extended precision, of (operand, value)
SLOPES: dict[str, Callable[[Any, Any], Any]] = {
    "exp": lambda a, v: v,
    "expm1": lambda a, v: v + 1,
    "exp2": lambda a, v: v * a.dtype.type(0.6931471805599453),
    "log": lambda a, v: 1 / a,
    "log1p": lambda a, v: 1 / (1 + a),
    "log2": lambda a, v: 1 / (a * a.dtype.type(0.6931471805599453)),
    "log10": lambda a, v: 1 / (a * a.dtype.type(2.302585092994046)),
    "sin": lambda a, v: np.cos(a),
    "cos": lambda a, v: -np.sin(a),
    "tan": lambda a, v: 1 + v * v,
    "asin": lambda a, v: 1 / np.sqrt((1 - a) * (1 + a)),
    "acos": lambda a, v: -1 / np.sqrt((1 - a) * (1 + a)),
    "atan": lambda a, v: 1 / (1 + a * a),
    "sinh": lambda a, v: np.cosh(a),
    "cosh": lambda a, v: np.sinh(a),
    "tanh": lambda a, v: 1 / np.cosh(a) ** 2,
    "asinh": lambda a, v: 1 / np.hypot(a, a.dtype.type(1)),
    "acosh": lambda a, v: 1 / np.sqrt((a - 1) * (a + 1)),
    "atanh": lambda a, v: 1 / ((1 - a) * (1 + a)),
    "cbrt": lambda a, v: v / (3 * a),
}

#: (where the value is close to 1, its distance from 1)
NEAR_ONE: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "exp": (lambda a: np.abs(a) < 0.35, np.expm1),
    "cos": (lambda a: np.abs(a) < 1, lambda a: -2 * np.sin(a / 2) ** 2),
    "cosh": (lambda a: np.abs(a) < 1, lambda a: 2 * np.sinh(a / 2) ** 2),
    "tanh": (lambda a: a > 1, lambda a: -2 / (np.exp(2 * a) + 1)),
}


class Pair(NamedTuple):
    """high + low, known up to error; None is zero. Of a condition, high is an array of bool."""

    high: Any
    low: Any = None
    error: Any = None


def widest() -> type:
    """Return the float type of the screen: long double where it has 64 bits and hardware, else float64."""
    return np.longdouble if np.finfo(np.longdouble).nmant == 63 else np.float64


def settled(op: str, value: Pair, operands: list[Pair], arithmetic: "Arithmetic") -> Pair:
    """
    Say which infinities and NaN are certain: born of known finite operands, or passed on.

    An infinity stands for a number beyond the range of the float type. What certain infinities give is certain where
    the operation cannot bring it back into the range of float64, as a logarithm would.
    """
    if (
        op == "if"
        or value.high.dtype == bool
        or (np.isfinite(value.high).all() and (op != "/" or np.isfinite(operands[1].high).all()))
    ):
        return value
    born, passed, beyond = True, False, op in arithmetic.growing
    for high, _, error in operands:
        known = np.isfinite(high) & (True if error is None else error <= 1e-6 * np.abs(high))
        certain = True if error is None else error == 0
        born = born & known
        passed = passed | ((np.isnan(high) | (np.isinf(high) & (op in POSITIVE))) & certain)
        beyond = beyond & (known & (np.abs(high) > arithmetic.small) | np.isinf(high) & certain | (op in "+-") & known)
    error = np.where(born | (passed & np.isnan(value.high)) | (beyond & np.isinf(value.high)), 0, np.inf)
    finite = np.isfinite(value.high)
    error = np.where(finite, 0 if value.error is None else value.error, error)
    if op == "/":  # a known numerator over a certain infinity
        a, b = operands
        vanishes = np.isinf(b.high) & np.isfinite(a.high) & (True if b.error is None else b.error == 0)
        error = np.where(vanishes, np.abs(a.high) / arithmetic.largest, error)
    return Pair(value.high, None if value.low is None else np.where(finite, value.low, 0), error)


#: operations under which what is beyond the range of float64 stays there
MONOTONE = frozenset(("+", "-", "neg", "fabs", "exp", "exp2", "expm1", "sinh", "cosh", "fmax", "fmin"))
#: operations under which what is beyond the range of long double stays beyond that of float64
GROWING = MONOTONE | {"*", "/", "sqrt", "cbrt"}
PERIODIC = frozenset(("sin", "cos", "tan"))
#: operations that are undefined for large negative numbers
POSITIVE = frozenset(("sqrt", "log", "log1p", "log2", "log10"))


class Arithmetic:
    """
    Operations on pairs of one float type.

    Parameters
    ----------
    dtype : type
        The float type.
    paired : bool
        Whether low parts are kept; without them everything takes about a quarter of the time.
    """

    def __init__(self, dtype: type, paired: bool):
        info = np.finfo(dtype)
        self.dtype, self.paired = dtype, paired
        self.unit = dtype(2.0) ** -(info.nmant + 1)  # half a unit in the last place of 1
        self.splitter = dtype(2.0) ** ((info.nmant + 2) // 2) + 1
        self.tiny, self.largest = info.smallest_subnormal, info.max
        self.small = 1 / np.sqrt(np.sqrt(info.max))
        self.growing = GROWING if info.maxexp > 1024 else MONOTONE
        # glibc's functions of long double err by about one unit; NumPy promises four for its own of float64
        self.function_error = 2 * self.unit if dtype is np.longdouble else 8 * self.unit
        self.constants: dict[Fraction | float, Pair] = {}

    def constant(self, value: Fraction | float) -> Pair:
        """Return the pair of an exact number."""
        if value not in self.constants:
            high, low = (self.dtype(value), None) if isinstance(value, float) else self.parts(value)
            found = Pair(high, low) if self.paired else Pair(high, None, None if low is None else np.abs(low))
            self.constants[value] = found
        return self.constants[value]

    def parts(self, value: Fraction) -> tuple[Any, Any]:
        """Return a number in two parts; None stands for a second one of zero."""
        high = self.nearest(value)
        rest = value - Fraction(*high.as_integer_ratio()) if np.isfinite(high) else Fraction(0)
        return high, self.nearest(rest) if rest else None

    def nearest(self, value: Fraction) -> Any:
        """Return a float of the type close to a number; what is left is far smaller than it."""
        total = self.dtype(0)
        for _ in range(3):
            try:
                part = (value - Fraction(*total.as_integer_ratio())) if total else value
                total = total + self.dtype(part.numerator / part.denominator)
            except OverflowError:
                return self.dtype(np.inf if value > 0 else -np.inf)
        return total

    def apply(self, op: str, operands: list[Pair]) -> Pair:
        """Apply an operation."""
        if op in OWN:
            value = getattr(self, OWN[op])(*operands)
        elif op in COMPARISONS:
            value = self.compared(COMPARISONS[op], *operands)
        elif op in LOGICAL:
            errors = [p.error for p in operands if p.error is not None]
            value = Pair(LOGICAL[op](*(p.high for p in operands)), None, sum(errors) if errors else None)
        elif op in SLOPES:
            value = self.function(op, operands[0])
        else:
            value = self.tabled(op, operands)
        return settled(op, value, operands, self)

    def two_sum(self, a: Any, b: Any) -> tuple[Any, Any]:
        """(s, e) with s + e = a + b."""
        s = a + b
        t = s - a
        return s, (a - (s - t)) + (b - t)

    def two_prod(self, a: Any, b: Any) -> tuple[Any, Any]:
        """(p, e) with p + e = a b, by splitting both factors in halves (Dekker)."""
        p = a * b
        t, u = self.splitter * a, self.splitter * b
        x, y = t - (t - a), u - (u - b)
        v, w = a - x, b - y
        return p, ((x * y - p) + x * w + v * y) + v * w

    def rounded(self, high: Any, error: Any) -> Pair:
        """Return a value without a low part that was rounded once."""
        return Pair(high, None, self.unit * np.abs(high) + (self.tiny if error is None else error))

    def normal(self, high: Any, low: Any, error: Any) -> Pair:
        """Return the pair whose low part is below half a unit of its high part."""
        total = high + low
        rest = (high - total) + low
        broken = ~np.isfinite(rest)
        if broken.any():
            rest = np.where(broken, 0, rest)
            total = np.where(broken, high, total)
            error = np.where(broken, self.unit * np.abs(high), 0) + (0 if error is None else error)
        return Pair(total, rest, error)

    def add(self, a: Pair, b: Pair) -> Pair:
        """a + b"""
        error = _total(a.error, b.error)
        if not self.paired:
            return self.rounded(a.high + b.high, error)
        high, low = self.two_sum(a.high, b.high)
        lows = [part for part in (a.low, b.low) if part is not None]
        if lows:  # high may be zero, so that the rounding errors of the low part are all that is left
            error = 4 * self.unit * sum((np.abs(part) for part in lows), np.abs(low)) + (0 if error is None else error)
        return self.normal(high, sum(lows, low), error)

    def subtract(self, a: Pair, b: Pair) -> Pair:
        """a - b"""
        return self.add(a, self.negated(b))

    def negated(self, a: Pair) -> Pair:
        """-a"""
        return Pair(-a.high, None if a.low is None else -a.low, a.error)

    def multiply(self, a: Pair, b: Pair) -> Pair:
        """a b"""
        for power, other in ((a, b), (b, a)):
            if np.ndim(power.high) == 0 and power.low is None and np.abs(np.frexp(power.high)[0]) == 0.5:
                low = None if other.low is None else other.low * power.high
                return Pair(other.high * power.high, low, _scaled(other.error, power.high))
        error = _total(_scaled(a.error, b.high), _scaled(b.error, a.high))
        if not self.paired:
            return self.rounded(a.high * b.high, error)
        high, low = self.two_prod(a.high, b.high)
        low = low if b.low is None else low + a.high * b.low
        low = low if a.low is None else low + a.low * b.high
        return self.normal(high, low, self.second_order(high, error))

    def second_order(self, high: Any, error: Any) -> Any:
        """Return the error with that of a low part added, which was rounded a few times."""
        return 4 * self.unit * self.unit * np.abs(high) + (self.tiny if error is None else error)

    def divide(self, a: Pair, b: Pair) -> Pair:
        """a / b"""
        high = a.high / b.high
        error = _total(a.error, _scaled(b.error, high))
        error = None if error is None else error / np.abs(b.high)
        if not self.paired:
            return self.rounded(high, error)
        p, e = self.two_prod(high, b.high)
        rest = (a.high - p) - e
        rest = rest if a.low is None else rest + a.low
        rest = rest if b.low is None else rest - high * b.low
        return self.normal(high, rest / b.high, self.second_order(high, error))

    def square_root(self, a: Pair) -> Pair:
        """The square root of a."""
        root = np.sqrt(a.high)
        error = None
        if a.error is not None:  # not more than the root of the error, also where the root is smaller
            error = np.minimum(a.error / np.where(root == 0, self.tiny, root), np.sqrt(a.error))
        if not self.paired:
            return self.rounded(root, error)
        p, e = self.two_prod(root, root)
        rest = (a.high - p) - e
        rest = rest if a.low is None else rest + a.low
        return self.normal(root, rest / np.where(root == 0, 1, 2 * root), self.second_order(root, error))

    def magnitude(self, a: Pair) -> Pair:
        """|a|"""
        if a.low is None:
            return Pair(np.abs(a.high), None, a.error)
        return Pair(np.abs(a.high), np.where(a.high < 0, -a.low, a.low), a.error)

    def sign(self, a: Pair) -> Pair:
        """The sign of a."""
        unknown = None if a.error is None else np.where(np.abs(a.high) > a.error, 0, np.inf)
        return Pair(np.sign(a.high), None, unknown)

    def floor(self, a: Pair) -> Pair:
        """Largest whole number <= a."""
        whole = np.floor(a.high)
        if a.low is not None:
            whole = np.where((whole == a.high) & (a.low < 0), whole - 1, whole)
        if a.error is None:
            return Pair(whole)
        low = 0 if a.low is None else a.low
        edge = np.minimum(np.abs((a.high - whole) + low), np.abs((whole + 1 - a.high) - low))
        return Pair(whole, None, np.where((a.error == 0) | (edge > a.error), 0, np.inf))

    def ceil(self, a: Pair) -> Pair:
        """Smallest whole number >= a."""
        return self.negated(self.floor(self.negated(a)))

    def larger(self, a: Pair, b: Pair) -> Pair:
        """max(a, b)"""
        return self.choose(Pair((a.high >= b.high) | np.isnan(a.high)), a, b)

    def smaller(self, a: Pair, b: Pair) -> Pair:
        """min(a, b)"""
        return self.choose(Pair((a.high <= b.high) | np.isnan(a.high)), a, b)

    def choose(self, condition: Pair, a: Pair, b: Pair) -> Pair:
        """a where the condition holds, else b."""
        high = np.where(condition.high, a.high, b.high)
        low, error = (
            None if x is None and y is None else np.where(condition.high, 0 if x is None else x, 0 if y is None else y)
            for x, y in ((a.low, b.low), (a.error, b.error))
        )
        return Pair(high, low, _total(error, condition.error))

    def compared(self, comparison: Callable[[Any], Any], a: Pair, b: Pair) -> Pair:
        """Compare a - b with zero; the error is infinite where it is not decided."""
        difference = a.high - b.high
        if a.low is not None or b.low is not None:
            difference = difference + ((0 if a.low is None else a.low) - (0 if b.low is None else b.low))
        difference = np.where((a.high == b.high) & np.isinf(a.high), 0, difference)
        error = _total(a.error, b.error)
        unknown = None if error is None else np.where((error == 0) | (np.abs(difference) > error), 0, np.inf)
        return Pair(comparison(difference), None, unknown)

    def function(self, op: str, a: Pair) -> Pair:
        """A function of one operand that NumPy has in the type."""
        value = whole = operation(op)(a.high)
        anchor = None
        if self.paired and op in NEAR_ONE:
            near, distance = NEAR_ONE[op]
            anchor = np.where(near(a.high), self.dtype(1), self.dtype(0))
            value = np.where(anchor == 1, distance(a.high), value)
        error = self.function_error * np.abs(value) + self.tiny
        low: Any = None
        if a.low is not None or a.error is not None:
            slope = np.abs(SLOPES[op](a.high, whole)) if a.low is None else SLOPES[op](a.high, whole)
            if a.low is not None:
                low = slope * a.low
                error = error + 8 * self.unit * np.abs(low)
                if op in PERIODIC:  # the low part of a huge argument may be larger than the period
                    error = error + (a.low * np.maximum(1, np.abs(slope))) ** 2
            if a.error is not None:
                error = error + _scaled(a.error, slope)
            error = np.where(np.isnan(error), np.inf, error)
        if anchor is not None:
            value, rest = self.two_sum(anchor, value)
            low = rest if low is None else rest + low
        return Pair(value, None, error) if low is None else self.normal(value, low, error)

    def tabled(self, op: str, operands: list[Pair]) -> Pair:
        """
        Any other operation, corrected to first order by the derivatives of its table.

        Without a loop of NumPy for the float type it is the float64 routine, trusted to its documented error.
        """
        routine = operation(op)
        letter = np.dtype(self.dtype).char * OPS[op].arity
        if any(kind.startswith(letter + "->") for kind in getattr(routine, "types", ())):
            rounded = [p.high for p in operands]
            value = routine(*rounded)
            error = self.function_error * np.abs(value) + self.tiny
        else:
            rounded = [np.float64(p.high) for p in operands]
            value = self.dtype(1) * routine(*rounded)
            error = OPS[op].ulp * (self.dtype(2.0) ** -52 * np.abs(value) + self.dtype(5e-324))
        low: Any = None
        rests = [(p.high - x) + (0 if p.low is None else p.low) for p, x in zip(operands, rounded, strict=True)]
        if any(p.error is not None for p in operands) or any(np.any(rest) for rest in rests):
            slopes = partials(op, [np.float64(x) for x in rounded])
            low = sum(np.where(rest == 0, 0, slope * rest) for slope, rest in zip(slopes, rests, strict=True))
            error = error + 2.0**-20 * np.abs(low)  # the second derivatives are not known
            for p, slope in zip(operands, slopes, strict=True):
                error = error if p.error is None else error + np.where(p.error == 0, 0, np.abs(slope) * p.error)
        error = np.where(np.isnan(error), np.inf, error)
        if low is None:
            return Pair(value, None, error)
        return self.normal(value, low, error) if self.paired else Pair(value, None, error + np.abs(low))


#: operations with a method of `Arithmetic`
OWN = {
    "+": "add",
    "-": "subtract",
    "*": "multiply",
    "/": "divide",
    "neg": "negated",
    "sqrt": "square_root",
    "fabs": "magnitude",
    "sign": "sign",
    "floor": "floor",
    "ceil": "ceil",
    "fmax": "larger",
    "fmin": "smaller",
    "if": "choose",
}
COMPARISONS: dict[str, Callable[[Any], Any]] = {
    "<": lambda d: d < 0,
    "<=": lambda d: d <= 0,
    ">": lambda d: d > 0,
    ">=": lambda d: d >= 0,
    "==": lambda d: d == 0,
    "!=": lambda d: d != 0,
}
LOGICAL: dict[str, Callable[..., Any]] = {"and": np.logical_and, "or": np.logical_or, "not": np.logical_not}


def _total(a: Any, b: Any) -> Any:
    return b if a is None else a if b is None else a + b


def _scaled(error: Any, factor: Any) -> Any:
    return None if error is None else np.where(error == 0, 0, error * np.abs(factor))


@cache
def _partials(op: str) -> tuple[Graph, list[int | None]]:
    graph = Graph()
    return graph, [graph.read(text) if text else None for text in OPS[op].derivative or ("",) * OPS[op].arity]


def partials(op: str, operands: list[Any]) -> list[Any]:
    """Return the float64 derivatives of an operation for each operand; NaN where the table has none."""
    graph, roots = _partials(op)
    known = evaluate(graph, [r for r in roots if r is not None], dict(zip("abc", operands, strict=False)))
    values = iter(known)
    return [np.nan if r is None else next(values) for r in roots]
