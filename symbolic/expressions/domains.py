"""Arguments and domains of expressions: which symbols, in which order, between which float64 numbers."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sympy

from mathlib.symbolic.expressions.arguments import read_arguments
from mathlib.symbolic.expressions.from_sympy import free_symbols

LARGEST, SMALLEST = 1.7976931348623157e308, 5e-324

Interval = tuple[float, float]


def arguments(expr: sympy.Expr, args: Any = None) -> list[sympy.Symbol]:
    """
    Return the symbols that an expression is a function of.

    Parameters
    ----------
    expr : Expr
        The expression.
    args : Symbol or sequence of Symbol, optional
        The symbols in order; all free symbols sorted by name if not given.

    Returns
    -------
    list of Symbol
        The arguments.

    Raises
    ------
    TypeError
        If an argument is not a symbol, or ``expr`` not an expression.
    ValueError
        If a name occurs twice, or a free symbol is missing.
    """
    if not isinstance(expr, sympy.Expr):
        raise TypeError(f"expr must be a SymPy expression, got {type(expr).__name__}: {expr!r:.60}")
    found = read_arguments(args, free_symbols(expr))
    if any(found.counts):
        raise TypeError(f"args must be symbols, got {args!r:.60}: vectors are for compile")
    names = [symbol.name for symbol in found.symbols]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"args has {', '.join(twice)} more than once: give each symbol a name of its own")
    return list(found.symbols)


def intervals(args: Sequence[sympy.Symbol], domain: Any = None) -> dict[str, Interval]:
    """
    Return the closed interval of each argument.

    Parameters
    ----------
    args : sequence of Symbol
        The arguments.
    domain : mapping of Symbol or str to (low, high), or (low, high), optional
        Bounds; the plain pair is for a single argument. What is not named runs over all float64 numbers that the
        assumptions of its symbol (positive, nonnegative, negative, nonpositive) allow.

    Returns
    -------
    dict of str to (float, float)
        Finite bounds by name, in the order of the arguments.

    Raises
    ------
    TypeError
        If a bound is not a real number.
    ValueError
        If an interval is empty or inverted, or belongs to no argument.
    """
    found = {arg.name: assumed(arg) for arg in args}
    for key, bounds in _pairs(args, domain):
        name = key.name if isinstance(key, sympy.Symbol) else key
        if name not in found:
            raise ValueError(f"domain names {name!s:.60}, which is not among the arguments {', '.join(found)}")
        found[name] = _interval(name, bounds)
    return found


def _pairs(args: Sequence[sympy.Symbol], domain: Any) -> Iterable[tuple[Any, Any]]:
    if domain is None:
        return ()
    if isinstance(domain, Mapping):
        return domain.items()
    if len(args) != 1:
        raise TypeError(f"domain must map each of the {len(args)} arguments to (low, high), got {domain!r:.60}")
    return [(args[0], domain)]


def _interval(name: str, bounds: Any) -> Interval:
    try:
        low, high = (float(bound) for bound in bounds)
    except (TypeError, ValueError):
        raise TypeError(f"domain of {name} must be two real numbers (low, high), got {bounds!r:.60}") from None
    if math.isnan(low) or math.isnan(high) or low > high or low == math.inf or high == -math.inf:
        raise ValueError(f"domain of {name} is empty: low = {low!r}, high = {high!r}; give low <= high")
    return max(low, -LARGEST), min(high, LARGEST)


def assumed(arg: sympy.Symbol) -> Interval:
    """Return the interval that the assumptions of a symbol allow."""
    if arg.is_positive:
        return SMALLEST, LARGEST
    if arg.is_negative:
        return -LARGEST, -SMALLEST
    return 0.0 if arg.is_nonnegative else -LARGEST, 0.0 if arg.is_nonpositive else LARGEST
