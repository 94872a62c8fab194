"""The evidence of a verification as strict JSON, and its replay: every number in it is computed again."""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mathlib._lib.result import Result
from mathlib._lib.serialize import dumps, loads
from mathlib.symbolic.expressions.domains import Interval
from mathlib.symbolic.expressions.ir import LEAVES, Graph
from mathlib.symbolic.expressions.ops import OPS
from mathlib.symbolic.verifying.confirmation import judge
from mathlib.symbolic.verifying.error_search import values

FORMAT = "mathlib.symbolic.verify 1"
PACKAGES = ("numpy", "sympy", "python-flint", "mpmath")
LARGEST, NODES, POINTS = 1 << 22, 1 << 16, 1 << 10  # characters, operations and points that a replay accepts


@dataclass(frozen=True, repr=False)
class Record:
    """
    What a certificate is written from.

    Attributes
    ----------
    graph, root : Graph, int
        The expression.
    box : dict of str to (float, float)
        The domain.
    tolerance : float
        Error that passes.
    points : tuple of (inputs, computed, exact, ulps)
        The worst points, the worst first.
    """

    graph: Graph
    root: int
    box: Mapping[str, Interval]
    tolerance: float
    points: tuple[tuple[tuple[float, ...], float, float, float], ...]

    def __repr__(self) -> str:
        """Return how much it holds."""
        return f"{len(self.graph.live([self.root]))} operations, {len(self.points)} points"


class ReplayResult(Result):
    """
    What `replay` found.

    Attributes
    ----------
    confirmed : bool
        Whether the function gives the recorded values, bit for bit.
    max_ulp : float
        Its largest error at the points of the certificate.
    n_points : int
        How many there are.
    changed : tuple of int
        Those at which it gives something else.
    message : str
        The same in words.

    Examples
    --------
    >>> import numpy as np
    >>> from sympy import Symbol, exp
    >>> from mathlib.symbolic import replay, verify
    >>> found = verify(np.exp, exp(Symbol("x")), domain=(0, 1), n=1000, rng=1)
    >>> replay(found.certificate(), lambda x: np.exp(x) + 1e-15).confirmed
    False
    """

    confirmed: bool
    max_ulp: float
    n_points: int
    changed: tuple[int, ...]
    message: str


def written(record: Record, verdict: Mapping[str, Any]) -> str:
    """Return the certificate of a record."""
    from importlib.metadata import version  # here, since it would add a tenth to the import of mathlib.symbolic

    tree: dict[str, Any] = {
        "format": FORMAT,
        "names": list(record.box),
        "expression": definitions(record.graph, record.root, list(record.box)),
        "domain": [[low.hex(), high.hex()] for low, high in record.box.values()],
        "tolerance": record.tolerance.hex(),
        "verdict": dict(verdict),
        "points": [[[x.hex() for x in inputs], *(float(v).hex() for v in rest)] for inputs, *rest in record.points],
        "versions": {name: version(name) for name in ("mathlib-numerics", *PACKAGES)},
    }
    return dumps(tree | {"digest": _digest(tree)})


def replay(certificate: str, f: Callable[..., Any]) -> ReplayResult:
    """
    Check a certificate of `verify`, and that a function still does what it says.

    Parameters
    ----------
    certificate : str
        Text from `VerifyResult.certificate`.
    f : callable
        The function it was written for.

    Returns
    -------
    ReplayResult
        Whether the function gives the recorded values. It need not on another machine; its errors are given either way.

    Raises
    ------
    TypeError
        If ``certificate`` is not text, ``f`` not callable, or what it returns not a float64 array of the right shape.
    ValueError
        If the certificate is refused: not of this format, changed after it was written, or an exact value or an error
        in it that does not come out again.

    Examples
    --------
    >>> import numpy as np
    >>> import sympy
    >>> from mathlib.symbolic import replay, verify
    >>> found = verify(np.sqrt, sympy.sqrt(sympy.Symbol("x", positive=True)), n=1000, rng=1)
    >>> replay(found.certificate(), np.sqrt).confirmed
    True
    """
    if not callable(f):
        raise TypeError(f"f must be callable with float64 arrays, got {type(f).__name__}: {f!r:.60}")
    tree: Any = loads(certificate, max_size=LARGEST)
    if not isinstance(tree, dict) or tree.get("format") != FORMAT:
        raise ValueError(f"certificate has not the format {FORMAT!r}: give the text of VerifyResult.certificate()")
    if tree.pop("digest", None) != _digest(tree):
        raise ValueError("certificate was changed after it was written: its digest does not fit; verify again")
    try:
        names = [str(name) for name in tree["names"]]
        graph, root = graph_of(tree["expression"], names)
        inputs, *rest = zip(*tree["points"], strict=True)
        columns = np.array([[float.fromhex(x) for x in point] for point in inputs], dtype=np.float64)
        computed, exact, ulps = (np.array([float.fromhex(v) for v in column]) for column in rest)
        points = dict(zip(names, columns.T, strict=True))
    except (KeyError, TypeError, IndexError, OverflowError) as error:
        raise ValueError(f"certificate is not as verify writes it ({error}): verify again") from None
    if len(computed) > POINTS:
        raise ValueError(f"certificate has {len(computed)} points, more than {POINTS}: verify again")
    again = judge(graph, root, points, computed)
    off = ~(_same(again.exact, exact) & _same(again.ulps, ulps))
    if off.any():
        k = int(np.argmax(off))
        raise ValueError(
            f"certificate states the exact value {exact[k]!r} and the error {ulps[k]!r} at point {k}; they are "
            f"{again.exact[k]!r} and {again.ulps[k]!r}: refused"
        )
    now = values(f, points)
    changed = tuple(int(k) for k in np.flatnonzero(~_same(now, computed)))
    worst = judge(graph, root, points, now).ulps
    largest = float(np.nanmax(worst)) if not np.isnan(worst).all() else math.nan
    same = "the recorded values" if not changed else f"other values at {len(changed)} of them"
    return ReplayResult(
        confirmed=not changed,
        max_ulp=largest,
        n_points=len(now),
        changed=changed,
        message=f"the certificate is sound; at its {len(now)} points f gives {same}, largest error {largest:.4g} ulp",
    )


def definitions(graph: Graph, root: int, names: list[str]) -> list[str]:
    """Return S-expressions in x0, x1, ...; a shared part is written once, as t0, t1, ... for those that follow it."""
    order = graph.live([root])
    uses = np.bincount([j for i in order for j in graph.operands(i)] or [0], minlength=len(graph.nodes))
    text: dict[int, str] = {}
    lines: list[str] = []
    for i in order:
        op, *rest = graph.nodes[i]
        if op == "var":
            text[i] = f"x{names.index(str(rest[0]))}"
        elif op == "num" or not rest:
            text[i] = str(rest[0]) if rest else str(op)
        else:
            text[i] = f"({op} {' '.join(text[j] for j in graph.operands(i))})"
            if uses[i] > 1 or len(text[i]) > 400:
                lines.append(text[i])
                text[i] = f"t{len(lines) - 1}"
    return [*lines, text[root]]


def graph_of(lines: list[str], names: list[str]) -> tuple[Graph, int]:
    """Return the expression that definitions describe."""
    graph = Graph()
    known = {f"x{k}": graph.variable(name) for k, name in enumerate(names)}
    root = -1
    for k, line in enumerate(lines):
        root = graph.read(line, known)
        known[f"t{k}"] = root
        if len(graph.nodes) > NODES:
            raise ValueError(f"certificate has an expression of more than {NODES} operations")
    for node in graph.nodes:
        op = str(node[0])
        if op not in LEAVES and (op not in OPS or OPS[op].arity != len(node) - 1):
            raise ValueError(f"certificate has the unknown operation {op!r:.40} of {len(node) - 1} operands")
        if op == "var" and node[1] not in names:
            raise ValueError(f"certificate has the unknown variable {node[1]!r:.40}")
    return graph, root


def _digest(tree: Mapping[str, Any]) -> str:
    return hashlib.sha256(dumps(dict(sorted(tree.items()))).encode()).hexdigest()


def _same(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return where floats are the same, any NaN like any other, +0 unlike -0."""
    return np.asarray((a.view(np.int64) == b.view(np.int64)) | (np.isnan(a) & np.isnan(b)))
