"""The graph -> source of a Python function of NumPy arrays, one call per operation; the names in it are made here."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mathlib._lib.dispatch import chosen
from mathlib.symbolic.compiling import lowering
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import OPS

OPERATORS = {name: name for name in ("+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=")} | {"and": "&", "or": "|"}


def numpy_text(graph: Graph, roots: Sequence[int], names: Sequence[str]) -> str:
    """Return the source of ``expression(x0, x1, ...)``, which returns a list of arrays."""
    own = Graph()
    renamed = {name: own.variable(f"x{k}") for k, name in enumerate(names)}
    own, roots = lowering.rounded_constants(own, own.copy(graph, roots, renamed))
    at: dict[int, str] = {}
    lines = []
    imports = {"numpy"}
    for i in own.live(roots):
        op, operands = str(own.nodes[i][0]), [at[j] for j in own.operands(i)]
        if op == "var":
            at[i] = str(own.nodes[i][1])
            continue
        if op == "num":
            at[i] = f"({float(own.value(i) or 0)!r})"
            continue
        at[i] = f"t{i}"
        if op in OPERATORS:
            text = f"{operands[0]} {OPERATORS[op]} {operands[1]}"
        elif op == "neg":
            text = f"-{operands[0]}"
        elif op in ("INFINITY", "NAN"):
            text = "numpy.inf" if op == "INFINITY" else "numpy.nan"
        else:
            path = OPS[op].numpy
            imports.add(path.rpartition(".")[0])
            text = f"{path}({', '.join(operands)})"
        lines.append(f"    {at[i]} = {text}\n")
    head = "".join(f"import {module}\n" for module in sorted(imports))
    arguments = ", ".join(f"x{k}" for k in range(max(1, len(names))))
    results = ", ".join(at[i] for i in roots)
    return f"{head}\n\ndef expression({arguments}):\n{''.join(lines)}    return [{results}]\n"


def function_of(text: str) -> Callable[..., list[Any]]:
    """Return the function of such a source."""
    scope: dict[str, Any] = {}
    exec(compile(text, "<expression for NumPy>", "exec"), scope)
    expression = scope["expression"]

    def run(arrays: Sequence[Any]) -> list[Any]:
        shape = np.shape(arrays[0]) if arrays else ()
        token = chosen.set("numpy")  # our own routines by their array bodies: nothing is compiled
        try:
            with np.errstate(all="ignore"):
                return [np.broadcast_to(value, shape) for value in expression(*arrays)]
        finally:
            chosen.reset(token)

    return run
