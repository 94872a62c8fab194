"""The graph -> SymPy expressions, unevaluated: SymPy must not undo a form that was chosen for its digits."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import sympy
from sympy import Add, Expr, Mul, Pow, S

from mathlib.symbolic.expressions.evaluate import nearest
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import OPS, named

LARGEST_DENOMINATOR = 2**20


def to_sympy(graph: Graph, root: int, names: Mapping[str, Expr] | None = None) -> Expr:
    """
    Convert an expression of the graph.

    Parameters
    ----------
    graph : Graph
        The graph.
    root : int
        The expression.
    names : mapping of str to Expr, optional
        What variables stand for; others become real symbols.

    Returns
    -------
    Expr
        The expression, unevaluated.
    """
    done: dict[int, Any] = {}
    for i in graph.live([root]):
        node = graph.nodes[i]
        if node[0] == "var":
            name = str(node[1])
            done[i] = names[name] if names and name in names else sympy.Symbol(name, real=True)
        elif node[0] == "num":
            done[i] = _number(node[1])  # type: ignore[arg-type]
        else:
            done[i] = _build(str(node[0]), [done[j] for j in graph.operands(i)])
    return done[root]


def _number(value: Fraction) -> Expr:
    """A fraction, or a Float of the same value where it is a float64 whose digits as a fraction would be many."""
    numerator, denominator = value.numerator, value.denominator
    if denominator > LARGEST_DENOMINATOR and denominator & (denominator - 1) == 0 and Fraction(nearest(value)) == value:
        return sympy.Float(float(nearest(value)))
    return sympy.Rational(numerator, denominator)


def _build(op: str, a: list[Any]) -> Any:
    match op:
        case "+":
            return Add(*a, evaluate=False)
        case "-":
            return Add(a[0], _minus(a[1]), evaluate=False)
        case "*":
            return Mul(*a, evaluate=False)
        case "/":
            inverse = Pow(a[1], -1, evaluate=False) if not a[1].is_Rational or a[1].is_zero else 1 / a[1]
            return inverse if a[0] is S.One else Mul(a[0], inverse, evaluate=False)
        case "neg":
            return _minus(a[0])
        case "sqrt":
            return Pow(a[0], S.Half, evaluate=False)
        case "pow":
            return Pow(a[0], a[1], evaluate=False)
        case "if":
            return sympy.Piecewise((a[1], a[0]), (a[2], True), evaluate=False)
    made = named(OPS[op].sympy)
    return made(*a, evaluate=False) if a else made


def _minus(e: Expr) -> Expr:
    return -e if e.is_Rational else Mul(S.NegativeOne, e, evaluate=False)
