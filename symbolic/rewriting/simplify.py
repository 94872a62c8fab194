"""The function `simplify`: the shortest or cheapest of the equal forms that the rules lead to."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from sympy import Expr

from mathlib.symbolic.expressions.domains import arguments
from mathlib.symbolic.expressions.from_sympy import add_expression
from mathlib.symbolic.expressions.ir import LEAVES, Graph, Node
from mathlib.symbolic.expressions.ops import OPS
from mathlib.symbolic.expressions.to_sympy import to_sympy
from mathlib.symbolic.rewriting.egraph import EGraph
from mathlib.symbolic.rewriting.improve import CHOICES, saturated
from mathlib.symbolic.rewriting.oracle import agreement
from mathlib.symbolic.rewriting.sampling import sample
from mathlib.symbolic.rewriting.stabilize import SEED, limits

POINTS = 60  # of each kind: only for the check that forms are equal
NODES = 1500


def simplify(expr: Expr, *, cost: Literal["ops", "cycles"] = "ops") -> Expr:
    """
    Return the simplest of the equal forms that the rules of `stabilize` lead to.

    Parameters
    ----------
    expr : Expr
        An expression of real variables.
    cost : {'ops', 'cycles'}
        Whether the number of operations or their estimated time is made least.

    Returns
    -------
    Expr
        The form, unevaluated. It may use functions of this package such as ``LogAddExp``.

    Raises
    ------
    TypeError
        If ``expr`` is not an expression.
    ValueError
        If ``cost`` is none of the two.

    Notes
    -----
    Nothing is said about rounding errors: that is the task of `stabilize`. Equality is checked by exact values at
    points that the assumptions of the symbols allow.

    Examples
    --------
    >>> from sympy import Symbol, cos, log, sin
    >>> from mathlib.symbolic import simplify
    >>> x = Symbol("x", positive=True)
    >>> simplify(sin(x) ** 2 + cos(x) ** 2 + log(x + 1) - log(x))
    Log1p(1/x) + 1
    """
    prices = {"ops": lambda op: 1.0, "cycles": lambda op: OPS[op].cycles}
    if cost not in prices:
        raise ValueError(f"cost must be 'ops' or 'cycles', got {cost!r}")
    symbols = arguments(expr)
    graph = Graph()
    root = add_expression(graph, expr)
    if {graph.nodes[i][0] for i in graph.live([root])} & CHOICES or not symbols:
        return expr
    names = [s.name for s in symbols]
    points = sample(graph, root, names, limits(symbols, None), np.random.default_rng(SEED), POINTS, POINTS, POINTS)
    if not len(points):
        return expr
    egraph, _, top = saturated(graph, root, points, NODES)
    forms = Graph()
    original = forms.copy(graph, [root])[0]
    best = cheapest(egraph, top, prices[cost], forms)
    if not agreement(forms, [original, best], points).all():
        return expr
    return to_sympy(forms, best, {s.name: s for s in symbols})


def cheapest(egraph: EGraph, root: int, price: Callable[[str], float], forms: Graph) -> int:
    """Return the form of a class with the least sum of prices, put into a graph."""
    least: dict[int, tuple[float, Node]] = {}
    changed = True
    while changed:
        changed = False
        for c, members in egraph.members.items():
            for op, nodes in members.items():
                for node in nodes:
                    operands = () if op in LEAVES else node[1:]
                    if all(i in least for i in operands):
                        own = 0.0 if op in LEAVES else price(op) + 1e-6
                        total = sum((least[int(j)][0] for j in operands), own)  # type: ignore[call-overload]
                        if c not in least or total < least[c][0] - 1e-12:
                            least[c] = (total, node)
                            changed = True
    done: dict[int, int] = {}
    stack = [root]
    while stack:
        c = stack[-1]
        node = least[c][1]
        operands = () if node[0] in LEAVES else node[1:]
        missing = [i for i in operands if i not in done]
        if missing:
            stack += missing  # type: ignore[arg-type]
        else:
            done[c] = forms.intern(node if node[0] in LEAVES else (node[0], *(done[i] for i in operands)))  # type: ignore[index]
            stack.pop()
    return done[root]
