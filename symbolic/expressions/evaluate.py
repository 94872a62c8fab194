"""Values of expressions over float64 arrays, one NumPy call per operation."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from mathlib._lib.dispatch import chosen
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import OPS, named

CONSTANTS = {"PI": np.pi, "E": np.e, "EULER_GAMMA": np.euler_gamma, "CATALAN": 0.915965594177219, "INFINITY": np.inf}


def evaluate(graph: Graph, roots: Sequence[int], values: Mapping[str, Any]) -> list[Any]:
    """
    Evaluate expressions in float64 as they are written.

    Parameters
    ----------
    graph : Graph
        The graph.
    roots : sequence of int
        The expressions.
    values : mapping of str to array of float64
        The variables.

    Returns
    -------
    list of array
        The value of each root; without variables a scalar.
    """
    done: dict[int, Any] = {}
    token = chosen.set("numpy")  # the array bodies of our own routines: nothing is compiled
    try:
        with np.errstate(all="ignore"):
            for i in graph.live(roots):
                node = graph.nodes[i]
                if node[0] == "var":
                    done[i] = values[str(node[1])]
                elif node[0] == "num":
                    done[i] = nearest(node[1])  # type: ignore[arg-type]
                else:
                    done[i] = operation(str(node[0]))(*(done[j] for j in graph.operands(i)))
    finally:
        chosen.reset(token)
    return [done[i] for i in roots]


def operation(op: str) -> Any:
    """Return the function of an operation over arrays; a constant is a function without arguments."""
    return named(OPS[op].numpy) if OPS[op].numpy else lambda: np.float64(CONSTANTS.get(op, np.nan))


def nearest(value: Fraction) -> np.float64:
    """Return the float64 nearest to an exact number, an infinity beyond the range."""
    try:
        return np.float64(value.numerator / value.denominator)
    except OverflowError:
        return np.float64(np.inf if value > 0 else -np.inf)
