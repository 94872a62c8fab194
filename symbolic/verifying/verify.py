"""How far a function is from the exact value of an expression: a search for its largest error, and a verdict."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy

from mathlib._lib.dispatch import chosen
from mathlib._lib.result import Result
from mathlib._lib.validate import choice, finite_scalar, generator, positive_integer
from mathlib.symbolic.compiling.compiled_function import CompiledFunction
from mathlib.symbolic.expressions.domains import arguments, intervals
from mathlib.symbolic.expressions.from_sympy import add_expression
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.verifying.box_proof import proved_bound
from mathlib.symbolic.verifying.certificate import Record, ReplayResult, replay, written
from mathlib.symbolic.verifying.confirmation import condition
from mathlib.symbolic.verifying.error_search import WORST, Expression, largest_relative, search_errors
from mathlib.symbolic.verifying.error_table import Row, mean, quantile, regions, rows

__all__ = ["ReplayResult", "VerifyResult", "replay", "verify"]

NUMPY_PROMISE = 4.0  # ulps of NumPy's own functions
SHOWN = 12  # rows of the table in the text of a result
EXAMINED = 8  # of the worst points, whose condition is computed

Function = Callable[..., Any]


class VerifyResult(Result):
    """
    What `verify` found.

    Attributes
    ----------
    passed : bool
        Whether no error above ``max_ulp`` and no misplaced NaN or infinity was found.
    status : str
        ``"proved"``: the error bound holds for every float64 of the domain; ``"sampled"``: for every point looked at;
        ``"failed"``.
    max_ulp : float
        Largest error found, in units in the last place of the exact result; infinite if a NaN or infinity is misplaced.
    max_rel : float
        Largest relative error found where the exact result is a normal number.
    mean_bits : float
        Mean over the random points of log2(1 + number of floats between the result and the exact one).
    p999 : float
        Error in units in the last place that 99.9 % of the random points do not exceed.
    excess : float
        Largest error / (1 + condition number) among the worst points: what is left when the amplification of relative
        changes of the input is not held against the function.
    bound : float
        Proved bound of the error in units in the last place; infinite if there is none.
    worst_input : dict of str to float
        Where the largest error is.
    worst_values : dict of str to float
        ``"computed"`` and ``"exact"`` there.
    table : tuple of Row
        For each regime of the conditions in the expression, else for each band of magnitudes: points, errors.
    mismatches : dict of str to int
        How many points judged one by one have ``"nan"`` or ``"inf"`` in the wrong place, or the wrong ``"zero sign"``.
    n_points : int
        Points at which the function was compared.
    n_unresolved : int
        Those of them at which the screen knows the exact value to less than an eighth of ``max_ulp`` only.
    n_confirmed : int
        Points judged by Arb, one by one: of the unresolved ones no others are known.
    seed : int or None
        What reproduces the search as ``rng=seed``; None if a Generator was given.
    message : str
        The verdict in words.
    record : Record
        What the certificate is written from.

    Examples
    --------
    >>> import numpy as np
    >>> import sympy
    >>> from mathlib.symbolic import verify
    >>> found = verify(np.sin, sympy.sin(sympy.Symbol("x")), n=10_000, rng=1)
    >>> found.status, found.max_ulp < 1
    ('sampled', True)
    """

    passed: bool
    status: str
    max_ulp: float
    max_rel: float
    mean_bits: float
    p999: float
    excess: float
    bound: float
    worst_input: dict[str, float]
    worst_values: dict[str, float]
    table: tuple[Row, ...]
    mismatches: dict[str, int]
    n_points: int
    n_unresolved: int
    n_confirmed: int
    seed: int | None
    message: str
    record: Record

    def __repr__(self) -> str:
        """Return one line per field, the worst input also as hexadecimal floats, and the worst rows of the table."""
        places = ", ".join(f"{name} = {value.hex()}" for name, value in self.worst_input.items())
        shown = sorted(self.table, key=lambda row: -row.max_ulp)[:SHOWN]
        width = max([len(row.region) for row in shown], default=6)
        lines = [f"{'region':>{width}}  {'points':>8}  {'max ulp':>9}  mean bits"]
        lines += [f"{r.region:>{width}}  {r.n:>8}  {r.max_ulp:>9.4g}  {r.mean_bits:>9.4g}" for r in shown]
        return "\n".join([super().__repr__(), f"   worst hex: {places}", *lines])

    def _shallow(self) -> dict[str, Any]:
        return {name: value for name, value in super()._shallow().items() if name != "record"}

    def certificate(self) -> str:
        """
        Return the verdict and its evidence as strict JSON, for `replay`.

        Returns
        -------
        str
            The expression, the domain, the worst points with computed and exact values as hexadecimal floats, the
            versions of all that took part, and a digest.
        """
        verdict = {
            "passed": self.passed,
            "status": self.status,
            "max_ulp": float(self.max_ulp).hex(),
            "bound": float(self.bound).hex(),
            "n_points": self.n_points,
            "n_unresolved": self.n_unresolved,
            "n_confirmed": self.n_confirmed,
            "seed": self.seed,
        }
        return written(self.record, verdict)


def verify(
    f: Function,
    expr: sympy.Expr,
    args: Any = None,
    domain: Any = None,
    *,
    max_ulp: float = 4.0,
    n: int = 1_000_000,
    prove: str = "auto",
    rng: Any = None,
) -> VerifyResult:
    """
    Search for the largest error of a function against the exact value of an expression.

    Parameters
    ----------
    f : callable
        ``f(*arrays)`` takes float64 arrays of shape (m,), one per argument, and returns a float64 array of that shape:
        `numpy.log1p`, a compiled expression, a lambda.
    expr : Expr
        What the function should compute: the exact mathematical value for the float64 inputs as they are.
    args : Symbol or sequence of Symbol, optional
        The arguments in order; by default the free symbols sorted by name.
    domain : mapping of Symbol or str to (low, high), or (low, high), optional
        Closed intervals; the plain pair is for one argument. By default all finite float64 numbers that the
        assumptions of the symbols allow.
    max_ulp : float
        Largest error that passes, in units in the last place of the exact result.
    n : int
        Number of random points.
    prove : {"auto", "no"}
        Whether to try a proof; see Notes.
    rng : None, int or numpy.random.Generator
        The choice of points.

    Returns
    -------
    VerifyResult
        The verdict, the worst input, tables and counts.

    Raises
    ------
    TypeError
        If ``f`` is not callable or returns anything but a float64 array of the shape of its arguments, or ``expr`` is
        not an expression.
    ValueError
        If a free symbol is not among ``args``, a symbol occurs twice, an interval is empty, or a number out of range.

    Notes
    -----
    Random points (half evenly over the float64 numbers, the others over moderate magnitudes), powers of two and their
    neighbours, and the surroundings of everything that changes (zeros and poles of sub-expressions, overflow,
    underflow, cuts of conditions) are screened: compared with the expression evaluated in pairs of extended precision,
    which carry a bound of their own error. The worst ones are the starts of a climb, and the worst found are confirmed
    by Arb with as many bits as it takes. Points at which the screen's bound is not small against ``max_ulp`` are
    counted as unresolved, and a random part of them is given to Arb. With one argument every interval of float64
    numbers that holds more than the fraction 4/n of the domain is hit by at least one random point.

    Extended precision is the 64-bit format of x86; where NumPy has none, or no routine for an operation in it (the
    error, gamma and Bessel functions), its float64 routine stands in, trusted to its documented error: there the screen
    sees only errors above that bound plus ``max_ulp``.

    A difference at which both sides are NaN is none. An infinite result counts as 2^1024. Where the expression has no
    value, its float64 evaluation says what is expected (log 0 is -inf); if that is NaN, the function must return NaN,
    unless a neighbouring float has a value. A wrong sign of zero is counted, but does not fail.

    A proof is tried where the expression is elementary, has one or two arguments with a ``domain`` and ``f`` is a
    compiled function whose ``graph`` is this same expression. It bounds the rounding errors of every operation, each
    taken at the error documented for it (4 ulps for functions of NumPy), over boxes that cover the domain; see
    ``mathlib.symbolic.verifying.box_proof``. It says nothing about errors in the code of an operation: the sampling
    does.

    Examples
    --------
    >>> import numpy as np
    >>> import sympy
    >>> from mathlib.symbolic import verify
    >>> x = sympy.Symbol("x")
    >>> verify(np.log1p, sympy.log(1 + x), n=10_000, rng=1).passed
    True
    >>> verify(lambda x: np.log(1 + x), sympy.log(1 + x), n=10_000, rng=1).status
    'failed'
    """
    if not callable(f):
        raise TypeError(f"f must be callable with float64 arrays, got {type(f).__name__}: {f!r:.60}")
    symbols = arguments(expr, args)
    if not symbols:
        raise ValueError("expr has no arguments: there is nothing to vary; evaluate it with expr.evalf()")
    box = intervals(symbols, domain)
    tolerance = finite_scalar(max_ulp, "max_ulp")
    if tolerance <= 0:
        raise ValueError(f"max_ulp must be above 0, got {max_ulp!r}: a correctly rounded result errs by up to 0.5")
    count = positive_integer(n, "n")
    wanted = choice(prove, "prove", ("auto", "no"))
    seed = int(np.random.default_rng().integers(1 << 53)) if rng is None else None
    random = generator(seed if rng is None else rng)
    if rng is not None and not isinstance(rng, np.random.Generator):
        seed = int(rng)

    graph = Graph()
    root = add_expression(graph, expr, {symbol: graph.variable(symbol.name) for symbol in symbols})
    form = form_of(f, list(box))
    found = search_errors(f, (graph, root), form, box, tolerance, count, random)
    judged = found.confirmed.judged
    order = np.argsort(-np.nan_to_num(judged.ulps, nan=-1.0, posinf=np.inf), kind="stable")
    points = [{name: float(x[k]) for name, x in found.confirmed.points.items()} for k in order[:WORST]]
    worst = order[0]
    largest = float(np.nan_to_num(judged.ulps[worst], nan=0.0, posinf=np.inf))
    passed = largest <= tolerance
    bound = math.inf
    if passed and wanted == "auto" and domain is not None and form and is_same(form, (graph, root)):
        bound = proved_bound(*form, box, tolerance, 0.0 if runs_our_kernels(f) else NUMPY_PROMISE)
    if bound < largest:  # an operation errs more than its documentation says: the proof has no ground
        bound = math.inf
    status = "failed" if not passed else "proved" if bound <= tolerance else "sampled"
    faults = {fault: int((judged.fault == fault).sum()) for fault in ("nan", "inf", "zero sign")}
    values = {"computed": float(found.confirmed.computed[worst]), "exact": float(judged.exact[worst])}
    regime_graph, regime_root = form or (graph, root)
    return VerifyResult(
        passed=passed,
        status=status,
        max_ulp=largest,
        max_rel=max(found.relative, largest_relative(judged.exact, judged.ulps)),
        mean_bits=mean(found.bits, found.weights),
        p999=quantile(found.ulps, found.weights, 0.999),
        excess=_excess((graph, root), points[:EXAMINED], judged.ulps[order[:EXAMINED]]),
        bound=bound,
        worst_input=points[0],
        worst_values=values,
        table=rows(regions(regime_graph, regime_root, found.random), found.ulps, found.bits, found.weights),
        mismatches=faults,
        n_points=found.n_points,
        n_unresolved=found.n_unresolved,
        n_confirmed=len(judged.ulps),
        seed=seed,
        message=_message(status, largest, points[0], values, bound),
        record=Record(
            graph,
            root,
            box,
            tolerance,
            tuple(
                (
                    tuple(point.values()),
                    float(found.confirmed.computed[k]),
                    float(judged.exact[k]),
                    float(judged.ulps[k]),
                )
                for point, k in zip(points, order, strict=False)
            ),
        ),
    )


def form_of(f: Function, names: list[str]) -> Expression | None:
    """Return the expression that a compiled function of these arguments evaluates, None for any other callable."""
    if not isinstance(f, CompiledFunction) or len(f.roots) != 1 or list(f.args) != names:
        return None
    return f.graph, f.roots[0]


def runs_our_kernels(f: Any) -> bool:
    """Return whether a compiled function runs the kernels whose errors are documented, not NumPy's functions."""
    return f.backend == "numba" and chosen.get() in (None, "numba")


def is_same(form: Expression, expression: Expression) -> bool:
    """Return whether two expressions are written alike."""
    graph = Graph()
    return graph.copy(form[0], [form[1]]) == graph.copy(expression[0], [expression[1]])


def _excess(expression: Expression, points: list[dict[str, float]], ulps: np.ndarray) -> float:
    """Return the largest error over 1 + the condition number; where that is not known it counts as zero."""
    largest = 0.0
    for point, error in zip(points, ulps.tolist(), strict=True):
        number = condition(*expression, point)
        if not math.isnan(error) and number != math.inf:
            largest = max(largest, error / (1 + (0.0 if math.isnan(number) else number)))
    return largest


def _message(status: str, largest: float, at: dict[str, float], values: dict[str, float], bound: float) -> str:
    place = ", ".join(f"{name} = {value!r}" for name, value in at.items())
    found = f"largest error found {largest:.4g} ulp at {place}"
    if math.isinf(largest):
        found = f"got {values['computed']!r} for {values['exact']!r} at {place}"
    if status == "proved":
        return f"every error on the domain is below {bound:.4g} ulp, by a proof for the rounding errors; {found}"
    return found
