"""What functions of NumPy other than ufuncs do to traced arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathlib.symbolic.reading import traced_ufuncs

Nodes = NDArray[np.intp]


def _arranged(function: Any, count: int = 1) -> Callable[..., Any]:
    """Return what does to the numbers of expressions what a function does to the elements of its first arguments."""

    def rearrange(nodes_of: Callable[[Any], Nodes], *args: Any, **options: Any) -> Any:
        return function(*map(nodes_of, args[:count]), *args[count:], **options)

    return rearrange


def _joined(function: Any) -> Callable[..., Any]:
    def rearrange(nodes_of: Callable[[Any], Nodes], arrays: Any, *args: Any, **options: Any) -> Any:
        return function([nodes_of(array) for array in arrays], *args, **options)

    return rearrange


def _broadcast_arrays(nodes_of: Callable[[Any], Nodes], *arrays: Any) -> tuple[Nodes, ...]:
    return np.broadcast_arrays(*map(nodes_of, arrays))


def _filled(value: float) -> Callable[..., Any]:
    def rearrange(nodes_of: Callable[[Any], Nodes], a: Any, dtype: Any = None, *, shape: Any = None, **_: Any) -> Any:
        traced_ufuncs.check_dtype(dtype)
        return np.full(np.shape(nodes_of(a)) if shape is None else shape, nodes_of(value))

    return rearrange


def _full_like(nodes_of: Callable[[Any], Nodes], a: Any, fill_value: Any, dtype: Any = None, **_: Any) -> Any:
    traced_ufuncs.check_dtype(dtype)
    return np.broadcast_to(nodes_of(fill_value), np.shape(nodes_of(a))).copy()


_MOVING = (
    np.array_split, np.atleast_1d, np.atleast_2d, np.atleast_3d, np.broadcast_to, np.copy, np.diagonal, np.expand_dims,
    np.flip, np.fliplr, np.flipud, np.hsplit, np.moveaxis, np.ravel, np.repeat, np.reshape, np.roll, np.rollaxis,
    np.rot90, np.split, np.squeeze, np.swapaxes, np.take, np.tile, np.transpose, np.vsplit,
)  # fmt: skip
_JOINING = (np.column_stack, np.concatenate, np.dstack, np.hstack, np.stack, np.vstack)

#: functions that move elements and compute nothing: they are applied to the numbers of the expressions
REARRANGED: dict[Any, Callable[..., Any]] = {
    **{function: _arranged(function) for function in _MOVING},
    **{function: _joined(function) for function in _JOINING},
    np.append: _arranged(np.append, 2),
    np.broadcast_arrays: _broadcast_arrays,
    np.zeros_like: _filled(0.0),
    np.empty_like: _filled(0.0),
    np.ones_like: _filled(1.0),
    np.full_like: _full_like,
}


def _sum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, **rest: Any) -> Any:
    return np.add.reduce(a, axis=axis, dtype=dtype, out=out, keepdims=_flag(keepdims), **rest)


def _prod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, **rest: Any) -> Any:
    return np.multiply.reduce(a, axis=axis, dtype=dtype, out=out, keepdims=_flag(keepdims), **rest)


def _max(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    return np.maximum.reduce(a, axis=axis, out=out, keepdims=_flag(keepdims))


def _min(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    return np.minimum.reduce(a, axis=axis, out=out, keepdims=_flag(keepdims))


def _flag(keepdims: Any) -> bool:
    return keepdims is True  # NumPy's own marker for "not given" is not


def _count(a: Any, axis: Any) -> int:
    if axis is None:
        return int(a.size)
    axes = np.lib.array_utils.normalize_axis_tuple(axis, a.ndim)
    return int(np.prod([a.shape[k] for k in axes]))


def _mean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    return np.divide(_sum(a, axis, dtype, None, keepdims), _count(a, axis), out=out)


def _var(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: Any = False, **_: Any
) -> Any:
    deviations = a - _mean(a, axis, dtype, None, True)
    return np.divide(_sum(deviations * deviations, axis, None, None, keepdims), _count(a, axis) - ddof, out=out)


def _std(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: Any = False) -> Any:
    return np.sqrt(_var(a, axis, dtype, None, ddof, keepdims), out=out)


def _where(condition: Any, *branches: Any) -> Any:
    if len(branches) != 2:
        raise TypeError("np.where with one argument cannot be traced: write np.where(condition, a, b)")
    tracer = _traced(condition, *branches)
    arrays = [tracer.nodes_of(value) for value in (condition, *branches)]
    return type(tracer)(tracer.graph, traced_ufuncs.choice(tracer.graph, *arrays))


def _traced(*values: Any) -> Any:
    """Return the first traced array among values and lists of them."""
    for value in values:
        if hasattr(value, "graph"):
            return value
        if isinstance(value, list | tuple) and (found := _traced(*value)) is not None:
            return found
        if isinstance(value, np.ndarray) and value.dtype == object and (found := _traced(*value.flat)) is not None:
            return found
    return None


def _clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low, high = (min if a_min is None else a_min), (max if a_max is None else a_max)
    result = a if low is None else np.maximum(a, low)
    result = result if high is None else np.minimum(result, high)
    return result if out is None else np.positive(result, out=out)


def _dot(a: Any, b: Any, out: Any = None) -> Any:
    tracer = _traced(a, b)
    first, second = tracer.nodes_of(a), tracer.nodes_of(b)
    if not first.ndim or not second.ndim:
        return np.multiply(a, b, out=out)
    if second.ndim > 2:
        raise TypeError("np.dot with a second array of more than two axes cannot be traced: write np.matmul")
    result = type(tracer)(tracer.graph, traced_ufuncs.product(tracer.graph, first, second))
    return result if out is None else np.positive(result, out=out)


def _vdot(a: Any, b: Any) -> Any:
    return _dot(np.ravel(a), np.ravel(b))


def _inner(a: Any, b: Any) -> Any:
    return _dot(a, b if np.ndim(b) < 2 else np.swapaxes(b, -1, -2))


def _outer(a: Any, b: Any, out: Any = None) -> Any:
    return np.multiply(np.ravel(a)[:, np.newaxis], np.ravel(b), out=out)


def _cross(a: Any, b: Any) -> Any:
    if np.shape(a)[-1:] != (3,) or np.shape(b)[-1:] != (3,):
        raise TypeError("np.cross can be traced for vectors of three components on the last axis")
    (a0, a1, a2), (b0, b1, b2) = ([v[..., k] for k in range(3)] for v in (a, b))
    return np.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], axis=-1)


def _cumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    a, axis = (np.ravel(a), 0) if axis is None else (a, axis)
    return np.add.accumulate(a, axis=axis, dtype=dtype, out=out)


def _cumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    a, axis = (np.ravel(a), 0) if axis is None else (a, axis)
    return np.multiply.accumulate(a, axis=axis, dtype=dtype, out=out)


def _diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    for _ in range(n):
        moved = np.moveaxis(a, axis, 0)
        a = np.moveaxis(moved[1:] - moved[:-1], 0, axis)
    return a


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    if ord not in (None, 2) or (ord == 2 and axis is None and np.ndim(x) != 1):
        raise TypeError(f"np.linalg.norm with ord={ord!r} cannot be traced: write it with np.sum, np.abs and np.sqrt")
    return np.sqrt(_sum(x * x, axis, None, None, keepdims))


def _polyval(p: Any, x: Any) -> Any:
    y = np.zeros_like(x)
    for coefficient in p:
        y = y * x + coefficient
    return y


#: functions that compute: written with ufuncs, or with the graph
HANDLERS: dict[Any, Callable[..., Any]] = {
    np.amax: _max, np.amin: _min, np.clip: _clip, np.cross: _cross, np.cumprod: _cumprod, np.cumsum: _cumsum,
    np.diff: _diff, np.dot: _dot, np.inner: _inner, np.linalg.norm: _norm, np.max: _max, np.mean: _mean,
    np.min: _min, np.ndim: lambda a: a.ndim, np.outer: _outer, np.polyval: _polyval, np.prod: _prod,
    np.shape: lambda a: a.shape, np.size: lambda a, axis=None: _count(a, axis), np.std: _std, np.sum: _sum,
    np.var: _var, np.vdot: _vdot, np.where: _where,
}  # fmt: skip
