"""The function `stabilize`: the same function of real numbers, written so that float64 arithmetic keeps its digits."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy
from numpy.random import Generator
from sympy import Expr, Symbol

from mathlib._lib.result import Result
from mathlib.symbolic.expressions.domains import arguments, assumed, intervals
from mathlib.symbolic.expressions.from_sympy import add_expression
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.to_sympy import to_sympy
from mathlib.symbolic.rewriting.improve import Improvement, improve
from mathlib.symbolic.rewriting.sampling import Domain

SEED = 20250101  # of rng=None: results are reproducible
MOST_NODES = 2500


class StabilizeResult(Result):
    """
    A stable form of an expression and what it was measured to gain.

    Attributes
    ----------
    expr : Expr
        The form, unevaluated: a Piecewise where different forms serve different regimes.
    original : Expr
        What was given.
    args : tuple of Symbol
        The variables.
    mean_bits_before, mean_bits_after : float
        Error in bits, log2(1 + number of floats between computed and exact value), averaged over test points that had
        no part in the choice: half of them uniform over all floats of the domain, half of ordinary size.
    max_bits_before, max_bits_after : float
        The largest error at those points; 64 is NaN or nothing right.
    cycles_before, cycles_after : float
        Cost estimates for an element in a vector loop.
    regimes : tuple of (condition, Expr)
        The pieces in order; the last condition is true.
    derivation : tuple of str
        The rules that introduced operations of the form; operations of injected forms and series come without one.
    alternatives : tuple of (Expr, float, float)
        Other forms without regimes: expression, mean bits on the points of the choice, cycles.
    graph : Graph
        The graph of ``root``.
    root : int
        The form, for `compile`.

    Examples
    --------
    >>> from sympy import Symbol, exp, log
    >>> from mathlib.symbolic import stabilize
    >>> x, y = Symbol("x"), Symbol("y")
    >>> stabilize(log(exp(x) + exp(y))).expr
    LogAddExp(x, y)
    """

    expr: Expr
    original: Expr
    args: tuple[Symbol, ...]
    mean_bits_before: float
    mean_bits_after: float
    max_bits_before: float
    max_bits_after: float
    cycles_before: float
    cycles_after: float
    regimes: tuple[tuple[Any, Expr], ...]
    derivation: tuple[str, ...]
    alternatives: tuple[tuple[Expr, float, float], ...]
    graph: Graph
    root: int

    def report(self) -> str:
        """Return the result for people: pieces, errors, costs, rules."""
        lines = [f"{self.original}", f"bits of error: mean {self.mean_bits_before:.2f} -> {self.mean_bits_after:.2f}, "
                 f"largest {self.max_bits_before:.0f} -> {self.max_bits_after:.0f}",
                 f"cycles: {self.cycles_before:.0f} -> {self.cycles_after:.0f}"]  # fmt: skip
        for condition, piece in self.regimes:
            where = "" if condition is sympy.true else f"    where {condition}"
            lines.append(f"  {piece}{where}")
        if self.derivation:
            lines.append("rules:")
            lines += [f"  {rule}" for rule in self.derivation]
        return "\n".join(lines)


def stabilize(
    expr: Expr,
    args: Symbol | Sequence[Symbol] | None = None,
    *,
    domain: Mapping[Symbol | str, tuple[float, float]] | None = None,
    regimes: bool = True,
    series: bool = True,
    max_nodes: int = MOST_NODES,
    points: int = 192,
    rng: int | Generator | None = None,
) -> StabilizeResult:
    """
    Rewrite an expression so that float64 evaluation is accurate.

    Parameters
    ----------
    expr : Expr
        A SymPy expression of real variables.
    args : Symbol or sequence of Symbol, optional
        The variables; by default the free symbols sorted by name.
    domain : mapping of Symbol or str to (float, float), optional
        Closed intervals of variables. Assumptions of the symbols (positive, negative, nonnegative, nonpositive,
        integer) are heeded as well; what is not limited takes all floats.
    regimes : bool
        Whether different forms may serve different parts of the domain.
    series : bool
        Whether truncated Laurent series at zero and infinity may be used, with a truncation error below 2^-54.
    max_nodes : int
        Size at which the graph of equal forms stops to grow: less is faster and finds less.
    points : int
        Number of sample points of the choice; five times as many decide whether it is taken.
    rng : int, Generator or None
        Source of the sample points. None takes always the same, so that the result is reproducible.

    Returns
    -------
    StabilizeResult
        The form with the least error, and the errors before and after.

    Raises
    ------
    TypeError
        If ``expr`` is not an expression.
    ValueError
        If symbols are not in ``args``, are there twice, or the domain is empty.

    Notes
    -----
    Rules are applied to an e-graph in which every union is checked against exact values (balls of Arb) at sample
    points; candidate forms are evaluated in float64 at those points, and the sample is split where another form is
    better (Panchekha et al., Automatically improving accuracy for floating point expressions, PLDI 2015, with measured
    instead of estimated costs). A form that is never better than the original on a second sample is not taken. Equality
    is checked by sampling, not proved.

    Examples
    --------
    >>> from sympy import Symbol, sqrt
    >>> from mathlib.symbolic import stabilize
    >>> x = Symbol("x", positive=True)
    >>> result = stabilize(sqrt(x + 1) - sqrt(x))
    >>> result.mean_bits_before > 10 > 1 > result.mean_bits_after
    True
    """
    symbols = tuple(arguments(expr, args))
    graph = Graph()
    root = add_expression(graph, expr)
    found = improve(
        graph,
        root,
        [s.name for s in symbols],
        limits(symbols, domain),
        regimes=regimes,
        series=series,
        max_nodes=max_nodes,
        points=points,
        rng=np.random.default_rng(SEED if rng is None else rng),
    )
    return _result(expr, symbols, found)


def limits(symbols: Sequence[Symbol], domain: Mapping[Symbol | str, tuple[float, float]] | None) -> Domain:
    """Return the domain of symbols from their assumptions and the given intervals."""
    allowed, given = assumptions({s.name: s for s in symbols}), intervals(symbols, domain)
    ends = allowed.limits
    both = {name: (max(low, ends[name][0]), min(high, ends[name][1])) for name, (low, high) in given.items()}
    for name, (low, high) in both.items():
        if low > high:
            raise ValueError(f"domain of {name} is empty: {given[name]} contradicts the symbol's assumptions")
    return Domain(both, allowed.integers)


def assumptions(symbols: Mapping[str, Symbol]) -> Domain:
    """Return the domain of variables from the assumptions of the symbols that they stand for."""
    integers = frozenset(name for name, symbol in symbols.items() if symbol.is_integer)
    return Domain({name: assumed(symbol) for name, symbol in symbols.items()}, integers)


def _result(expr: Expr, symbols: tuple[Symbol, ...], found: Improvement) -> StabilizeResult:
    names = {s.name: s for s in symbols}

    def written(i: int) -> Expr:
        return to_sympy(found.graph, i, names)

    pieces = tuple(
        (sympy.true if condition is None else written(condition), written(form)) for condition, form in found.pieces
    )
    return StabilizeResult(
        expr=expr if found.unchanged else written(found.root),
        original=expr,
        args=symbols,
        mean_bits_before=found.before.mean,
        mean_bits_after=found.after.mean,
        max_bits_before=found.before.largest,
        max_bits_after=found.after.largest,
        cycles_before=found.before.cycles,
        cycles_after=found.after.cycles,
        regimes=((sympy.true, expr),) if found.unchanged else pieces,
        derivation=found.derivation,
        alternatives=tuple((written(i), bits, cycles) for i, bits, cycles in found.alternatives),
        graph=found.graph,
        root=found.root,
    )
