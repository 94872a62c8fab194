"""SymPy expressions -> the graph: exact constants, differences and quotients recovered, small powers as products."""

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any

import sympy
from sympy import Expr

from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import OPS, named

LARGEST_PRODUCT = 16  # x**16 is four multiplications; beyond, `pow` costs less digits than the products


@cache
def _classes() -> dict[type, str]:
    """The SymPy class of each operation that has one, with the names other packages use for it."""
    found: dict[Any, str] = {}
    for op in OPS.values():
        if op.arity and op.sympy:
            found.setdefault(named(op.sympy), op.name)
    cfunctions = "sympy.codegen.cfunctions."
    for name in ("expm1", "log1p", "hypot", "Cbrt", "Sqrt"):
        found.setdefault(named(cfunctions + name), name.lower())
    return found


@cache
def _constants() -> dict[Expr, str]:
    return {named(op.sympy): op.name for op in OPS.values() if not op.arity}


def add_expression(graph: Graph, expr: Expr, names: Mapping[Expr, int] | None = None) -> int:
    """
    Add a SymPy expression to a graph.

    Parameters
    ----------
    graph : Graph
        The graph.
    expr : Expr
        The expression; nothing in it is evaluated or simplified.
    names : mapping of Expr to int, optional
        Numbers of symbols (or other sub-expressions) already in the graph; other symbols become variables.

    Returns
    -------
    int
        The number of the expression.

    Raises
    ------
    TypeError
        If something is not an expression.
    ValueError
        If the graph has no operation for a function.
    """
    return _Reader(graph, names or {}).read(expr)


def free_symbols(expr: Any) -> set[Any]:
    """Return the symbols and matrix symbols of an expression of any depth; `Basic.free_symbols` is recursive."""
    found, seen, stack = set(), set(), [expr]
    while stack:
        e = stack.pop()
        if id(e) not in seen:
            seen.add(id(e))
            if isinstance(e, sympy.Symbol | sympy.MatrixSymbol):
                found.add(e)
            else:
                stack += getattr(e, "args", ())
    return found


class _Reader:
    """Converts operands before what is made of them, without recursion: SymPy's hashes and walks recur, so objects are
    told apart by identity."""

    def __init__(self, graph: Graph, names: Mapping[Expr, int]):
        self.graph, self.names = graph, names
        self.done: dict[int, int] = {}
        self.parts: dict[int, tuple[Any, list[Any]]] = {}  # operands by the identity of what they are operands of

    def read(self, expr: Any) -> int:
        stack = [expr]
        while stack:
            e = stack[-1]
            if id(e) not in self.parts:
                self.parts[id(e)] = e, _operands(e)
            operands = self.parts[id(e)][1]
            missing = [a for a in operands if id(a) not in self.done]
            if missing:
                stack += reversed(missing)
            else:
                self.done[id(e)] = self.convert(e, [self.done[id(a)] for a in operands])
                stack.pop()
        return self.done[id(expr)]

    def convert(self, e: Any, operands: list[int]) -> int:
        graph = self.graph
        if not e.args:
            return self.atom(e)
        if e.is_Add:
            return self.sum(e, operands)
        if e.is_Mul:
            return graph.add("neg", operands[0]) if _is_negative(e) else self.product(e, operands)
        if e.is_Pow:
            return graph.add("exp", operands[0]) if e.base is sympy.E else self.raised(operands, e.exp)
        if isinstance(e, sympy.Piecewise):
            return self.pieces(e, operands)
        name = _name(e)
        return self.chain(name, operands) if type(e) in CHAINS else graph.add(name, *operands)

    def atom(self, e: Any) -> int:
        graph = self.graph
        if isinstance(e, sympy.Symbol):
            return self.names[e] if e in self.names else graph.variable(e.name)
        if e.is_Rational:
            return graph.number(Fraction(int(e.p), int(e.q)))
        if e.is_Float:
            return graph.number(_exact(e))
        if e in _constants():
            return graph.add(_constants()[e])
        if e is sympy.S.NegativeInfinity:
            return graph.add("neg", graph.add("INFINITY"))
        if e is sympy.S.GoldenRatio:
            return graph.read("(/ (+ 1 (sqrt 5)) 2)")
        if e is sympy.true or e is sympy.false:
            return graph.read("(< 0 1)" if e is sympy.true else "(> 0 1)")
        raise ValueError(f"{e} is no real number that mathlib.symbolic knows")

    def sum(self, e: Expr, operands: list[int]) -> int:
        """Terms in SymPy's order, except that the first one without a minus sign begins."""
        terms = [(i, _is_negative(a)) for i, a in zip(operands, e.args, strict=True)]
        begin = next((k for k, (_, minus) in enumerate(terms) if not minus), 0)
        total, minus = terms.pop(begin)
        total = self.graph.add("neg", total) if minus else total
        for i, minus in terms:
            total = self.graph.add("-" if minus else "+", total, i)
        return total

    def product(self, e: Expr, operands: list[int]) -> int:
        """Numerator over denominator; a rational coefficient is split so that x/3 stays a division."""
        top: list[int] = []
        low: list[int] = []
        rest = iter(operands)
        for a in e.args:
            if a.is_Rational and a.q != 1:
                low.append(self.graph.number(int(a.q)))
                top += [self.graph.number(int(a.p))] if a.p != 1 else []
            else:
                (top if _inverse(a) is None else low).append(next(rest))
        numerator = self.chain("*", top) if top else self.graph.number(1)
        return self.graph.add("/", numerator, self.chain("*", low)) if low else numerator

    def raised(self, operands: list[int], exponent: Expr) -> int:
        """Powers: products, roots and reciprocals for small whole and half exponents."""
        graph, base = self.graph, operands[0]
        if len(operands) == 2:
            return graph.add("pow", *operands)
        n = abs(exponent)
        whole = self.multiplied(base, int(n)) if n >= 1 else None
        if n.q == 2:
            root = graph.add("sqrt", base)
            whole = root if whole is None else graph.add("*", whole, root)
        assert whole is not None
        return graph.add("/", graph.number(1), whole) if exponent < 0 else whole

    def multiplied(self, base: int, n: int) -> int:
        result = None
        while n:
            if n & 1:
                result = base if result is None else self.graph.add("*", result, base)
            n >>= 1
            if n:
                base = self.graph.add("*", base, base)
        assert result is not None
        return result

    def chain(self, op: str, terms: list[int]) -> int:
        result = terms[0]
        for term in terms[1:]:
            result = self.graph.add(op, result, term)
        return result

    def pieces(self, e: sympy.Piecewise, operands: list[int]) -> int:
        """Nested choices; NaN where no condition holds."""
        result = self.graph.add("NAN")
        for (_, condition), value, test in reversed(list(zip(e.args, operands[::2], operands[1::2], strict=True))):
            result = value if condition is sympy.true else self.graph.add("if", test, value, result)
        return result


CHAINS = (sympy.And, sympy.Or, sympy.Max, sympy.Min)  # of any number of operands


def _operands(e: Any) -> list[Any]:
    """What must be converted before ``e``."""
    if not isinstance(e, sympy.Basic):
        raise TypeError(f"{e!r} is a {type(e).__name__}, not an expression")
    if e.is_Add:
        return [_negated(a) if _is_negative(a) else a for a in e.args]
    if e.is_Mul:
        if _is_negative(e):
            return [_negated(e)]
        factors = [a for a in e.args if not (a.is_Rational and a.q != 1)]
        return [a if (b := _inverse(a)) is None else b for a in factors]
    if e.is_Pow:
        if e.base is sympy.E:
            return [e.exp]
        plain = e.exp.is_Rational and e.exp.q <= 2 and abs(e.exp) <= LARGEST_PRODUCT and e.exp != 0
        return [e.base] if plain else [e.base, e.exp]
    if isinstance(e, sympy.Piecewise):
        return [part for piece in e.args for part in piece.args]
    if type(e) in CHAINS:
        return sorted(e.args, key=sympy.default_sort_key)  # SymPy keeps them as a set
    if e.args and _name(e) == "digamma":
        return [e.args[-1]]
    return list(e.args)


def _name(e: Any) -> str:
    """Return the operation that a SymPy class stands for."""
    kind = type(e)
    name = "digamma" if kind is sympy.polygamma and e.args[0] == 0 else _classes().get(kind)
    if name is not None and (kind in (*CHAINS, sympy.polygamma) or OPS[name].arity == len(e.args)):
        return name
    if not isinstance(e, Expr | sympy.logic.boolalg.Boolean):
        raise TypeError(f"{e!r} is a {kind.__name__}, not an expression")
    raise ValueError(
        f"no operation for {kind.__name__}: rewrite it in functions that mathlib.symbolic knows, "
        "such as exp, log, sin, erfc, besseli or those of mathlib.symbolic"
    )


def _exact(e: sympy.Float) -> Fraction:
    negative, mantissa, exponent, _ = e._mpf_
    if not mantissa and exponent:
        raise ValueError(f"{e} is not a finite number: use sympy.oo or sympy.nan")
    return Fraction(-int(mantissa) if negative else int(mantissa)) * Fraction(2) ** int(exponent)


def _is_negative(e: Expr) -> bool:
    """Whether a term is written with a minus sign."""
    first = e.args[0] if e.is_Mul else e
    return bool(first.is_Number and first.is_extended_negative and first is not sympy.S.NegativeInfinity)


def _negated(e: Expr) -> Expr:
    """-e for a term written with a minus sign, nothing else changed."""
    if not e.is_Mul:
        return -e
    first, *rest = e.args
    if first == -1:
        return rest[0] if len(rest) == 1 else sympy.Mul(*rest, evaluate=False)
    return sympy.Mul(-first, *rest, evaluate=False)


def _inverse(e: Expr) -> Expr | None:
    """b where a factor is 1/b written as a power."""
    if e.is_Pow and e.base is not sympy.E and e.exp.is_Rational and e.exp.is_negative:
        return e.base if e.exp == -1 else sympy.Pow(e.base, -e.exp, evaluate=False)
    return None
