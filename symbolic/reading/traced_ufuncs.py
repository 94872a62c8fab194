"""What NumPy's ufuncs record: operations of the graph on every element, reductions and accumulations."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.ops import CONDITIONS, LOGICAL, OPS
from mathlib.symbolic.expressions.s_expressions import Tree, read_one

Nodes = NDArray[np.intp]

LONGEST_PRODUCT = 3  # x**3 is x*x*x, with two roundings; beyond, pow is as accurate
BLOCK = 128  # of pairwise summation

#: name of a ufunc -> operation of the graph
OPERATIONS: dict[str, str] = {
    op.numpy.rpartition(".")[2]: op.name
    for op in OPS.values()
    if op.arity and op.name != "if" and op.numpy.startswith(("numpy.", "scipy.special."))
} | {"absolute": "fabs", "fmax": "fmax", "fmin": "fmin", "bitwise_and": "and", "bitwise_or": "or", "invert": "not"}
OPERATIONS |= {"psi": "digamma", "erfc": "erfc", "erfcx": "erfcx", "exprel": "exprel", "cosm1": "cosm1"}
OPERATIONS |= {"logaddexp": "logaddexp"}

_MEANINGS: dict[str, Tree] = {  # ufuncs that the graph has no operation for
    name: read_one(text)
    for name, text in {
        "positive": "a",
        "conjugate": "a",
        "square": "(* a a)",
        "reciprocal": "(/ 1 a)",
        "floor_divide": "(floor (/ a b))",
        "remainder": "(- a (* b (floor (/ a b))))",
        "trunc": "(if (>= a 0) (floor a) (ceil a))",
        "heaviside": "(if (< a 0) 0 (if (> a 0) 1 b))",
        "deg2rad": "(* a (/ PI 180))",
        "radians": "(* a (/ PI 180))",
        "rad2deg": "(* a (/ 180 PI))",
        "degrees": "(* a (/ 180 PI))",
        "isnan": "(!= a a)",
        "expit": "(/ 1 (+ 1 (exp (neg a))))",
        "xlogy": "(if (== a 0) 0 (* a (log b)))",
        "entr": "(if (== a 0) 0 (neg (* a (log a))))",
    }.items()
}
OPERATIONS |= dict.fromkeys(_MEANINGS, "")
OPERATIONS |= {"power": "pow", "float_power": "pow"}


def call(graph: Graph, ufunc: np.ufunc, method: str, arrays: list[Nodes], options: dict[str, Any]) -> Nodes:
    """Record a ufunc or one of its methods."""
    if options.pop("where", True) is not True:
        raise TypeError(f"where= of np.{ufunc.__name__} cannot be traced: write np.where(condition, a, b)")
    check_dtype(options.pop("dtype", None))
    if ufunc.__name__ in ("matmul", "vecdot") and method == "__call__":
        return product(graph, *arrays) if ufunc.__name__ == "matmul" else _vecdot(graph, *arrays)
    if ufunc.__name__ not in OPERATIONS:
        raise TypeError(f"the ufunc {ufunc.__name__} cannot be traced: write it with functions that SymPy has, too")
    if method == "__call__" and not options:
        return elementwise(graph, ufunc.__name__, *arrays)
    if method == "outer" and not options:
        first, second = arrays
        return elementwise(graph, ufunc.__name__, first.reshape(first.shape + (1,) * second.ndim), second)
    if method in ("reduce", "accumulate") and not options.keys() - {"axis", "keepdims"}:
        run = reduced if method == "reduce" else accumulated
        return run(graph, ufunc.__name__, arrays[0], **{"axis": 0, **options})
    raise TypeError(f"np.{ufunc.__name__}.{method} with {', '.join(options)} cannot be traced: write it out")


def check_dtype(dtype: Any) -> None:
    """Refuse any type that rounds differently."""
    if dtype is not None and np.dtype(dtype) != np.float64:
        raise TypeError(f"dtype={dtype!r} cannot be traced: traced values are of type float64")


def elementwise(graph: Graph, name: str, *arrays: Nodes) -> Nodes:
    """Record an operation on all elements of arrays that broadcast."""
    build = _builder(graph, name)
    if not any(array.ndim for array in arrays):
        return np.asarray(build(*(int(array) for array in arrays)))
    shape = np.broadcast_shapes(*(array.shape for array in arrays))
    columns = [np.broadcast_to(array, shape).ravel().tolist() for array in arrays]
    return np.array([build(*row) for row in zip(*columns, strict=True)], np.intp).reshape(shape)


def _builder(graph: Graph, name: str) -> Callable[..., int]:
    op = OPERATIONS[name]
    if op == "pow":
        return lambda a, b: power(graph, number(graph, a), number(graph, b))
    if name in _MEANINGS:
        tree = _MEANINGS[name]
        return lambda *operands: graph.tree(tree, {"ab"[k]: number(graph, i) for k, i in enumerate(operands)})
    as_operand = condition if op in LOGICAL else number
    return lambda *operands: graph.add(op, *(as_operand(graph, i) for i in operands))


def number(graph: Graph, i: int) -> int:
    """Return an expression as a number: a condition that holds is 1, else 0."""
    if graph.nodes[i][0] in CONDITIONS:
        return graph.add("if", i, graph.number(1), graph.number(0))
    return i


def condition(graph: Graph, i: int) -> int:
    """Return an expression as a condition: a number holds where it is not zero."""
    return i if graph.nodes[i][0] in CONDITIONS else graph.add("!=", i, graph.number(0))


def power(graph: Graph, base: int, exponent: int) -> int:
    """Record a power the way NumPy computes it: squares, reciprocals and roots for themselves."""
    n = graph.value(exponent)
    if n == -1:
        return graph.add("/", graph.number(1), base)
    if n is not None and n * 2 == 1:
        return graph.add("sqrt", base)
    if n is not None and n.denominator == 1 and 0 <= n <= LONGEST_PRODUCT:
        result = base if n else graph.number(1)
        for _ in range(int(n) - 1):
            result = graph.add("*", result, base)
        return result
    return graph.add("pow", base, exponent)


def choice(graph: Graph, conditions: Nodes, a: Nodes, b: Nodes) -> Nodes:
    """Record a where b, or one of them at once where the condition is a constant."""

    def choose(i: int, j: int, k: int) -> int:
        value = graph.value(i)
        if value is not None:
            return j if value else k
        return graph.add("if", condition(graph, i), number(graph, j), number(graph, k))

    shape = np.broadcast_shapes(conditions.shape, a.shape, b.shape)
    columns = [np.broadcast_to(array, shape).ravel().tolist() for array in (conditions, a, b)]
    return np.array([choose(*row) for row in zip(*columns, strict=True)], np.intp).reshape(shape)


def reduced(graph: Graph, name: str, nodes: Nodes, axis: Any = None, keepdims: bool = False) -> Nodes:
    """Record a reduction over axes; sums are pairwise where those of NumPy are."""
    axes = tuple(range(nodes.ndim)) if axis is None else np.lib.array_utils.normalize_axis_tuple(axis, nodes.ndim)
    kept = [k for k in range(nodes.ndim) if k not in axes]
    rows = nodes.transpose(*kept, *sorted(axes))
    rows = rows.reshape(*(nodes.shape[k] for k in kept), -1)
    inner = nodes.ndim - 1 in axes or not kept
    if rows.shape[-1] == 0:
        if name not in ("add", "multiply"):
            raise ValueError(f"np.{name} of no elements is undefined: check the shape of the example")
        result = np.full(rows.shape[:-1], graph.number(int(name == "multiply")), np.intp)
    elif name == "add" and inner:
        flat = [_pairwise(graph, row) for row in rows.reshape(-1, rows.shape[-1]).tolist()]
        result = np.array(flat, np.intp).reshape(rows.shape[:-1])
    else:
        result = rows[..., 0]
        for k in range(1, rows.shape[-1]):
            result = elementwise(graph, name, result, rows[..., k])
    if keepdims:
        result = result.reshape([1 if k in axes else n for k, n in enumerate(nodes.shape)])
    return np.asarray(result)


def _pairwise(graph: Graph, row: list[int]) -> int:
    """Record the sum of a row in the order of NumPy: eight partial sums in blocks of 128, halves above."""
    add, n = graph.add, len(row)
    row = [number(graph, i) for i in row]
    if n < 8:
        total = row[0]
        for i in row[1:]:
            total = add("+", total, i)
        return total
    if n <= BLOCK:
        r = row[:8]
        whole = n - n % 8
        for k in range(8, whole):
            r[k % 8] = add("+", r[k % 8], row[k])
        left, right = (add("+", add("+", r[k], r[k + 1]), add("+", r[k + 2], r[k + 3])) for k in (0, 4))
        total = add("+", left, right)
        for i in row[whole:]:
            total = add("+", total, i)
        return total
    half = n // 2 - n // 2 % 8
    return add("+", _pairwise(graph, row[:half]), _pairwise(graph, row[half:]))


def accumulated(graph: Graph, name: str, nodes: Nodes, axis: int = 0) -> Nodes:
    """Record all partial results along an axis."""
    rows = list(np.moveaxis(nodes, axis, 0))
    for k in range(1, len(rows)):
        rows[k] = elementwise(graph, name, rows[k - 1], rows[k])
    return np.moveaxis(np.stack(rows), 0, axis) if rows else nodes


def product(graph: Graph, a: Nodes, b: Nodes) -> Nodes:
    """Record a matrix product, by the rules of np.matmul."""
    if not a.ndim or not b.ndim:
        raise ValueError("np.matmul needs arrays with axes: write a*b for numbers")
    left = a if a.ndim > 1 else a[np.newaxis, :]
    right = b if b.ndim > 1 else b[:, np.newaxis]
    if left.shape[-1] != right.shape[-2]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit: the inner axes must have one length")
    terms = elementwise(
        graph, "multiply", left[..., :, np.newaxis, :], np.swapaxes(right, -1, -2)[..., np.newaxis, :, :]
    )
    result = reduced(graph, "add", terms, -1)
    result = result if a.ndim > 1 else result[..., 0, :]
    return np.asarray(result if b.ndim > 1 else result[..., 0])


def _vecdot(graph: Graph, a: Nodes, b: Nodes) -> Nodes:
    return reduced(graph, "add", elementwise(graph, "multiply", a, b), -1)
