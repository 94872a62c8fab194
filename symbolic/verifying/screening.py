"""The value of an expression at a million points, with an estimate of its own error.

The reference is computed in the widest float type that is fast here: the 64-bit mantissas of x86 (their range also
keeps intermediate results from overflowing), elsewhere float64; and in pairs of them where one does not do.
Differences that cancel are rewritten where a stable form is known. Where the bound of the error is not small against
a unit in the last place of float64 the point is not resolved, and whoever asks has to take Arb; nothing is guessed.
"""

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import NamedTuple

import numpy as np

from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import OPS
from mathlib.symbolic.expressions.truth import precision
from mathlib.symbolic.verifying.extended_precision import Arithmetic, Pair, widest

BEYOND = 1.7976931348623157e308  # the largest float64
BLOCK = 1 << 13  # elements at a time, so that the temporaries stay in the cache

#: Stable texts over operations that exist in extended precision
FORMS = {
    "hypot": "(sqrt (+ (* a a) (* b b)))",
    "log1mexp": "(if (< a 0.7) (log (neg (expm1 (neg a)))) (log1p (neg (exp (neg a)))))",
    "softplus": "(+ (fmax a 0) (log1p (exp (neg (fabs a)))))",
    "logaddexp": "(+ (fmax a b) (log1p (exp (neg (fabs (- a b))))))",
    "log_cosh": "(if (< (fabs a) 1) (log1p (* 2 (* (sinh (/ a 2)) (sinh (/ a 2)))))"
    " (- (+ (fabs a) (log1p (exp (* -2 (fabs a))))) (log 2)))",
    "exprel": "(if (== a 0) 1 (/ (expm1 a) a))",
    "over_expm1": "(if (== (* a b) 0) (/ 1 b) (/ a (expm1 (* a b))))",
    "cosm1": "(* -2 (* (sin (/ a 2)) (sin (/ a 2))))",
    "signed_sqrt": "(* (sign a) (sqrt (fabs a)))",
    "sqdf": "(sqrt (- (* a a) (* b (fabs b))))",
    "sinpi": "(* (- 1 (* 2 (- (floor (+ a 1/2)) (* 2 (floor (/ (floor (+ a 1/2)) 2))))))"
    " (sin (* PI (- a (floor (+ a 1/2))))))",
    "cospi": "(* (- 1 (* 2 (- (floor (+ a 1/2)) (* 2 (floor (/ (floor (+ a 1/2)) 2))))))"
    " (cos (* PI (- a (floor (+ a 1/2))))))",
    "pow": "(if (> a 0) (exp (* b (log a))) (pow a b))",
}

#: f(a) - f(b) where the values are close; outside its condition the plain difference
DIFFERENCES = {
    "log": ("(> (fmin a b) 0)", "(log1p (/ (- a b) b))"),
    "exp": ("(< (fabs (- a b)) 1)", "(* (exp b) (expm1 (- a b)))"),
    "sin": ("(< (fabs (- a b)) 1)", "(* 2 (* (sin (/ (- a b) 2)) (cos (/ (+ a b) 2))))"),
    "cos": ("(< (fabs (- a b)) 1)", "(* -2 (* (sin (/ (- a b) 2)) (sin (/ (+ a b) 2))))"),
    "tan": ("(< (fabs (- a b)) 1)", "(/ (sin (- a b)) (* (cos a) (cos b)))"),
    "atan": ("(> (* a b) 0)", "(atan (/ (- a b) (+ 1 (* a b))))"),
    "cbrt": ("(> (* a b) 0)", "(/ (- a b) (+ (* (cbrt a) (cbrt a)) (+ (* (cbrt a) (cbrt b)) (* (cbrt b) (cbrt b)))))"),
}


class Comparison(NamedTuple):
    """
    Computed values against the screening reference.

    Attributes
    ----------
    reference : float64 array
        The reference, rounded.
    distance : float64 array
        |computed - reference| in units in the last place of the reference; infinite if only one is NaN or infinite.
    bound : float64 array
        Estimated error of the reference in the same units; infinite where nothing is known.
    """

    reference: np.ndarray
    distance: np.ndarray
    bound: np.ndarray


class Screen:
    """
    The screening reference of an expression.

    Parameters
    ----------
    graph : Graph
        The graph.
    root : int
        The expression.
    enough : float
        Bound, in units in the last place, that makes a point resolved.
    dtype : type
        Float type of the parts of a pair.
    """

    def __init__(self, graph: Graph, root: int, enough: float, dtype: type | None = None):
        self.graph, self.root = stable_form(graph, root)
        self.order = self.graph.live([self.root])
        self.enough = enough
        self.dtype = dtype or widest()
        self.single, self.paired = (Arithmetic(self.dtype, paired) for paired in (False, True))

    def compare(self, points: Mapping[str, np.ndarray], computed: np.ndarray) -> Comparison:
        """Return how far the computed values are from the reference: pairs only where single numbers do not do."""
        whole = Comparison(*np.empty((3, len(computed))))
        with np.errstate(all="ignore"):
            for start in range(0, len(computed), BLOCK):
                part = slice(start, start + BLOCK)
                block = {name: x[part] for name, x in points.items()}
                found = against(self.pair(block, self.single), computed[part])
                rest = np.flatnonzero(~(found.bound <= self.enough))
                if rest.size:
                    better = self.pair({name: x[rest] for name, x in block.items()}, self.paired)
                    for single, paired in zip(found, against(better, computed[part][rest]), strict=True):
                        single[rest] = paired
                for array, values in zip(whole, found, strict=True):
                    array[part] = values
        return whole

    def pair(self, points: Mapping[str, np.ndarray], arithmetic: Arithmetic) -> Pair:
        """Return the reference at the points of a block."""
        done: dict[int, Pair] = {}
        for i in self.order:
            node = self.graph.nodes[i]
            op = str(node[0])
            if op == "var":
                done[i] = Pair(points[str(node[1])].astype(self.dtype))
            elif not self.graph.operands(i):
                done[i] = arithmetic.constant(node[1] if op == "num" else exact_constant(op))  # type: ignore[arg-type]
            else:
                done[i] = arithmetic.apply(op, [done[j] for j in self.graph.operands(i)])
        return done[self.root]


def against(value: Pair, computed: np.ndarray) -> Comparison:
    """Return how far computed values are from a pair."""
    high, low, error = (0 if part is None else part for part in value)
    reference = np.float64(high + low) * np.ones(len(computed))
    unit = np.spacing(np.minimum(np.abs(reference), BEYOND))
    distance = np.abs(np.float64((high - computed) + low)) / unit
    same = (reference == computed) & np.isinf(computed) | np.isnan(reference) & np.isnan(computed)
    distance = np.where(same, 0.0, np.where(np.isnan(distance), np.inf, distance))
    certain = (np.isnan(high) & (error == 0)) | (np.abs(high) - error > BEYOND)
    bound = np.where(np.isfinite(reference), np.float64(error / unit), np.where(certain, 0.0, np.inf))
    return Comparison(reference, distance, np.where(np.isnan(bound), np.inf, bound))


@cache
def exact_constant(op: str) -> Fraction | float:
    """Return a named constant to 200 bits."""
    with precision(200):
        value = OPS[op].truth()
        if not value.is_finite():
            return float(value.mid())
        mantissa, exponent = value.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def stable_form(graph: Graph, root: int) -> tuple[Graph, int]:
    """Return the expression over operations that exist in extended precision, differences of close values rewritten."""
    result = Graph()
    new: dict[int, int] = {}
    for i in graph.live([root]):
        node = graph.nodes[i]
        operands = graph.operands(i)
        op = str(node[0])
        below = [graph.nodes[j] for j in operands]
        if op in FORMS:
            new[i] = result.read(FORMS[op], dict(zip("ab", (new[j] for j in operands), strict=False)))
        elif op == "-" and below[0][0] == below[1][0] and below[0][0] in DIFFERENCES:
            close, difference = DIFFERENCES[str(below[0][0])]
            inner = dict(zip("ab", (new[graph.operands(j)[0]] for j in operands), strict=True))
            plain = result.add("-", *(new[j] for j in operands))
            new[i] = result.add("if", result.read(close, inner), result.read(difference, inner), plain)
        else:
            new[i] = result.intern((op, *(new[j] for j in operands)) if operands else node)
    return result, new[root]
