"""The graph -> straight-line kernels over the words: the ``fast`` text of the usual ranges and the ``full`` one.

``fast`` uses the elementary functions without their special cases, returns 1.0 or 0.0 as its last result, and is right
where that is 1.0. ``full`` is right everywhere. All names in the texts are made here: nothing of the user's is in them.
"""

import hashlib
import linecache
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mathlib._lib import elementary, words_python
from mathlib._lib.elementary import NEAR
from mathlib.symbolic.compiling import lowering
from mathlib.symbolic.expressions import primitives
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import CONDITIONS, LOGICAL, OPS, UnsupportedFunctionError, named

Kernel = Callable[..., Any]
OPERATORS = ("+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=")
PAIRED = {"sin_beside_cos": primitives.sin_beside_cos, "cos_beside_sin": primitives.cos_beside_sin}
WORDS = {"sqrt": "sqrt", "floor": "floor", "if": "where", "madd": "madd"}


@dataclass(frozen=True)
class Stage:
    """What is computed before routines that work by regions are called: ``kernel`` gives the operands of all calls."""

    kernel: Kernel
    routines: tuple[str, ...]


@dataclass(frozen=True)
class Kernels:
    """
    The kernels of some expressions.

    Attributes
    ----------
    stages : tuple of Stage
        They come first; the result of each call is one more argument of what follows.
    fast, full : callable
        The two texts; ``fast`` is None where it would be the same as ``full``.
    text : str
        The source of all of them.
    """

    stages: tuple[Stage, ...]
    fast: Kernel | None
    full: Kernel
    text: str


def kernels(graph: Graph, roots: Sequence[int], names: Sequence[str]) -> Kernels:
    """Return the kernels of expressions in the variables ``names``, with routines by regions called between them."""
    own, roots = _own(graph, roots, names)
    stages, roots = _cut(own, roots)
    used: dict[str, Any] = {}
    arguments = _arguments(names)
    texts = []
    for k, (operands, routines) in enumerate(stages):
        texts.append(_text(f"stage{k}", *lowering.fused(own, operands), arguments, used))
        known = len(arguments) - len(_arguments(names))
        arguments = arguments + [f"r{known + n}" for n in range(len(routines))]
    fast = _text("fast", *lowering.near(own, roots), arguments, used, near=True)
    texts += [fast] if fast else []
    texts.append(_text("full", *lowering.fused(own, roots), arguments, used))
    text = "\n".join(texts)
    made = _execute(text, used)
    kept = tuple(Stage(made[f"stage{k}"], routines) for k, (_, routines) in enumerate(stages))
    return Kernels(kept, made.get("fast"), made["full"], text)


def whole(graph: Graph, roots: Sequence[int], names: Sequence[str]) -> Kernel:
    """Return the full text alone, with the routines called in it."""
    used: dict[str, Any] = {}
    text = _text("whole", *lowering.fused(*_own(graph, roots, names)), _arguments(names), used)
    return _execute(text, used)["whole"]


def branches(graph: Graph, roots: Sequence[int], names: Sequence[str]) -> tuple[Kernel | None, tuple[Kernel, ...]]:
    """Return the texts for a target that branches: which of them serves an element, and all of them."""
    own, own_roots = _own(graph, roots, names)
    stages, _ = _cut(own, own_roots)
    used: dict[str, Any] = {"where": words_python.where}
    lowered = lowering.near(own, own_roots)
    fast = "" if stages else _text("fast", *lowered, _arguments(names), used, near=True)
    if not fast:
        return None, (whole(graph, roots, names),)
    head, _, results = fast.rpartition("    return ")
    which = head.replace("fast", "which", 1) + "    return where(ok > 0.5, 0, 1)\n"
    fast = head.replace("fast", "near", 1) + f"    return {results.removesuffix(', ok' + chr(10))}\n"
    full = _text("full", *lowering.fused(own, own_roots), _arguments(names), used)
    made = _execute("\n".join((which, fast, full)), used)
    return made["which"], (made["near"], made["full"])


def _own(graph: Graph, roots: Sequence[int], names: Sequence[str]) -> tuple[Graph, list[int]]:
    """A copy with variables x0, x1, ... and rounded constants; results are numbers."""
    own = Graph()
    renamed = {name: own.variable(f"x{k}") for k, name in enumerate(names)}
    copied = own.copy(graph, roots, renamed)
    results = [own.read("(if c 1 0)", {"c": i}) if own.nodes[i][0] in CONDITIONS else i for i in copied]
    return lowering.rounded_constants(own, results)


def _arguments(names: Sequence[str]) -> list[str]:
    return [f"x{k}" for k in range(max(1, len(names)))]  # a constant is a function of something all the same


def _cut(graph: Graph, roots: list[int]) -> tuple[list[tuple[list[int], tuple[str, ...]]], list[int]]:
    """Replace calls of routines by variables r0, r1, ...: (operands, routines) of each stage, and the new roots."""
    depth: dict[int, int] = {}
    new: dict[int, int] = {}
    stages: list[list[int]] = []
    for i in graph.live(roots):
        depth[i] = max((depth[j] for j in graph.operands(i)), default=0)
        if _routine(graph, i):
            if depth[i] == len(stages):
                stages.append([])
            stages[depth[i]].append(i)
            depth[i] += 1
    for k, i in enumerate(i for stage in stages for i in stage):
        new[i] = graph.variable(f"r{k}")
    for i in graph.live(roots):
        if i not in new:
            operands = graph.operands(i)
            new[i] = graph.add(str(graph.nodes[i][0]), *(new[j] for j in operands)) if operands else i
    return [
        ([new[j] for i in stage for j in graph.operands(i)], tuple(_routine(graph, i) for i in stage))
        for stage in stages
    ], [new[i] for i in roots]


def _routine(graph: Graph, i: int) -> str:
    op = OPS.get(str(graph.nodes[i][0]))
    return op.routine if op is not None else ""


def _text(
    name: str, graph: Graph, roots: Sequence[int], arguments: Sequence[str], used: dict[str, Any], near: bool = False
) -> str:
    """Return the text of a kernel; of a near one an empty text if it has no shorter form than the full one."""
    at: dict[int, str] = {}
    lines: list[str] = []
    guards: dict[str, None] = {}
    for i in graph.live(roots):
        op, operands = str(graph.nodes[i][0]), [at[j] for j in graph.operands(i)]
        if op == "var":
            at[i] = str(graph.nodes[i][1])
        elif op == "num":
            value = float(graph.value(i) or 0)
            at[i] = repr(value) if value >= 0 else f"({value!r})"
        elif op in ("INFINITY", "NAN"):
            used[op] = getattr(elementary, op)
            at[i] = op
        else:
            at[i] = f"t{i}"
            lines.append(f"    t{i} = {_operation(op, operands, used, guards if near else None)}\n")
    results = [at[i] for i in roots]
    if near:
        if not guards:
            return ""
        first, *more = guards  # one by one: Python's compiler recurs into a long product
        lines += [f"    ok = {first}\n", *(f"    ok = ok * {guard}\n" for guard in more)]
        results.append("ok")
    return f"def {name}({', '.join(arguments)}):\n{''.join(lines)}    return {', '.join(results)}\n"


def _operation(op: str, a: list[str], used: dict[str, Any], guards: dict[str, None] | None) -> str:
    """Return the text of one operation; ``guards`` collects the tests of a near text."""
    if op in OPERATORS:
        return f"{a[0]} {op} {a[1]}"
    if op == "neg":
        return f"-{a[0]}"
    if op in LOGICAL:
        used["where"] = words_python.where
        yes, no = {"and": (f"where({a[-1]}, 1.0, 0.0)", "0.0"), "or": ("1.0", f"where({a[-1]}, 1.0, 0.0)")}.get(
            op, ("0.0", "1.0")
        )
        return f"where({a[0]}, {yes}, {no}) > 0.5"
    if op in WORDS:
        used[WORDS[op]] = getattr(words_python, WORDS[op])
        return f"{WORDS[op]}({', '.join(a)})"
    if op == "reciprocal":
        assert guards is not None
        _guard(primitives.divisor_is_near, a, used, guards)
        return f"1.0 / {a[0]}"
    if op in PAIRED:
        assert guards is not None
        _guard(NEAR["sin"][1], a, used, guards)
        used[op] = PAIRED[op]
        return f"{op}({a[0]})"
    if OPS[op].routine:
        name = OPS[op].routine
        used[name] = routine(name)
    else:
        name, kernel = op, _kernel(op)
        if guards is not None and op in NEAR:
            kernel, inside = NEAR[op]
            name = f"{op}_near"
            _guard(inside, a, used, guards)
        used[name] = kernel
    return f"{name}({', '.join(a)})"


def _guard(inside: Kernel, a: list[str], used: dict[str, Any], guards: dict[str, None]) -> None:
    """Note the test of the operands of an operation; equal tests are one."""
    used[inside.__name__] = inside
    guards[f"{inside.__name__}({', '.join(a)})"] = None


def _kernel(op: str) -> Kernel:
    path = OPS[op].kernel
    if not path:
        raise UnsupportedFunctionError(
            op, "numba", 'use backend="numpy", or write it with functions that have kernels, such as those of '
            "mathlib.symbolic (stabilize may find that form)"
        )  # fmt: skip
    return named(path) if "." in path else getattr(elementary, path)  # type: ignore[no-any-return]


def routine(name: str) -> Any:
    """Return the elementwise routine of `mathlib.special` with a name."""
    import mathlib.special  # noqa: F401  registers its routines
    from mathlib._lib.elementwise import ROUTINES

    return ROUTINES[name]


def _execute(text: str, used: dict[str, Any]) -> dict[str, Kernel]:
    """Return the functions of a text written here, which `inspect` can show and the CUDA translator can read."""
    file = f"<expression {hashlib.sha256(text.encode()).hexdigest()[:16]}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    scope: dict[str, Any] = {"__name__": __name__, **used}
    exec(compile(text, file, "exec"), scope)
    return {name: scope[name] for name in scope if name not in used and not name.startswith("__")}
