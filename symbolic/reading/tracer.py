"""Arrays of expressions that NumPy takes for arrays: what is done to them is recorded instead of computed."""

import linecache
import math
import sys
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.reading import traced_functions, traced_ufuncs

_METHODS = frozenset(
    {"clip", "copy", "cumprod", "cumsum", "diagonal", "dot", "max", "mean", "min", "prod", "ravel", "repeat", "squeeze"}
    | {"std", "sum", "swapaxes", "take", "var"}
)
_OURS = ("mathlib.symbolic.reading.trace", "numpy.")  # modules between the user's function and what refuses


class TracerBoolError(TypeError):
    """
    A value that is known only when the traced function runs was needed while it was traced.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.symbolic import TracerBoolError, trace
    >>> try:
    ...     trace(lambda x: x if x > 0 else -x, 1.0)
    ... except TracerBoolError:
    ...     trace(lambda x: np.where(x > 0, x, -x), 1.0)
    ((x,), Piecewise((x, x > 0), (-x, True)))
    """


class Tracer(NDArrayOperatorsMixin):
    """
    An array of expressions.

    Parameters
    ----------
    graph : Graph
        Where the expressions are.
    nodes : ndarray of int
        Their numbers.
    """

    dtype = np.dtype(np.float64)

    def __init__(self, graph: Graph, nodes: NDArray[np.intp]):
        self.graph, self.nodes = graph, nodes

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        """Record a ufunc and its reduce, accumulate and outer."""
        arrays = [self.nodes_of(value) for value in inputs]
        return self._stored(traced_ufuncs.call(self.graph, ufunc, method, arrays, options), out)

    def __array_function__(self, function: Any, _: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Record any other function of NumPy."""
        handler = traced_functions.HANDLERS.get(function)
        if handler is not None:
            return handler(*args, **options)
        rearrange = traced_functions.REARRANGED.get(function)
        if rearrange is None:
            raise TypeError(
                f"{function.__module__}.{function.__name__} cannot be traced: write it with arithmetic, elementary "
                "functions, np.where, np.sum, np.dot, np.stack and the like"
            )
        moved = rearrange(self.nodes_of, *args, **options)
        if isinstance(moved, list | tuple):
            return type(moved)(Tracer(self.graph, part) for part in moved)
        return Tracer(self.graph, moved)

    def nodes_of(self, value: Any) -> NDArray[np.intp]:
        """Return the numbers of traced values, constants, and nested lists of them, in the graph of this array."""
        return nodes_of(self.graph, value)

    def _stored(self, nodes: NDArray[np.intp], out: Any) -> "Tracer":
        if out is None:
            return Tracer(self.graph, nodes)
        (target,) = out
        if not isinstance(target, Tracer):
            raise TypeError(
                f"a traced value cannot be written into an array of {target.dtype}: make the array by np.zeros_like of "
                "a traced array, or collect its parts with np.stack"
            )
        if not target.ndim:  # a number: `s += x` gives it a new value and does not change what else is called s
            return Tracer(self.graph, nodes)
        target.nodes[...] = nodes
        return target

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self.nodes.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.nodes.ndim

    @property
    def size(self) -> int:
        """The number of expressions."""
        return self.nodes.size

    @property
    def T(self) -> "Tracer":
        """The array with its axes reversed."""
        return Tracer(self.graph, self.nodes.T)

    def __len__(self) -> int:
        """Return the length of the first axis."""
        if not self.ndim:
            raise TypeError("a traced number has no length")
        return len(self.nodes)

    def __iter__(self) -> Iterator["Tracer"]:
        """Go along the first axis."""
        return (self[k] for k in range(len(self)))

    def __getitem__(self, index: Any) -> "Tracer":
        """Return a part; like that of an array it is a view where the index has slices and integers only."""
        part = self.nodes[_fixed(index)]
        return Tracer(self.graph, np.asarray(part))

    def __setitem__(self, index: Any, value: Any) -> None:
        """Set a part."""
        self.nodes[_fixed(index)] = self.nodes_of(value)

    def __getattr__(self, name: str) -> Any:
        """Find the methods of arrays that are functions of NumPy, too; arrays of objects call ufuncs as methods."""
        if name in _METHODS or (name in traced_ufuncs.OPERATIONS and hasattr(np, name)):
            return partial(getattr(np, name), self)
        raise AttributeError(f"a traced array has no attribute {name!r}: use the function of NumPy")

    def reshape(self, *shape: Any) -> "Tracer":
        """Return the expressions in another shape."""
        return Tracer(self.graph, self.nodes.reshape(*shape))

    def transpose(self, *axes: Any) -> "Tracer":
        """Return the expressions with permuted axes."""
        return Tracer(self.graph, self.nodes.transpose(*axes))

    def flatten(self) -> "Tracer":
        """Return the expressions in one axis."""
        return Tracer(self.graph, self.nodes.flatten())

    def astype(self, dtype: Any, **_: Any) -> "Tracer":
        """Return the array itself, for float64."""
        traced_ufuncs.check_dtype(dtype)
        return self

    def item(self) -> "Tracer":
        """Return the only expression."""
        return Tracer(self.graph, np.asarray(self.nodes.item()))

    def __bool__(self) -> bool:
        """Refuse: the value is not known yet."""
        raise TracerBoolError(
            f"{_line()} needs the truth of a traced value, which is known only when the function runs: write "
            "np.where(condition, a, b), and join traced numbers to arrays by np.stack instead of np.array"
        )

    def __float__(self) -> float:
        """Refuse: the value is not known yet."""
        raise _unknown_number()

    def __int__(self) -> int:
        """Refuse: the value is not known yet."""
        raise _unknown_number()

    def __index__(self) -> int:
        """Refuse: the value is not known yet."""
        raise _unknown_number()

    def __complex__(self) -> complex:
        """Refuse: the value is not known yet."""
        raise _unknown_number()


def nodes_of(graph: Graph, value: Any) -> NDArray[np.intp]:
    """Return the numbers in the graph of traced values, of constants, and of nested lists of them."""
    if isinstance(value, Tracer):
        if value.graph is not graph:
            raise ValueError("a traced value was kept from another tracing: pass it as an argument")
        return value.nodes
    if isinstance(value, list | tuple):
        return np.stack([nodes_of(graph, item) for item in value]) if value else np.empty(0, np.intp)
    array = np.asarray(value)
    if array.dtype == object:
        parts = [
            _only(nodes_of(graph, item)) if isinstance(item, Tracer) else _constant(graph, item) for item in array.flat
        ]
    elif array.dtype.kind in "biuf":
        parts = [_constant(graph, item) for item in array.ravel().tolist()]
    else:
        raise TypeError(f"{value!r} is not made of real numbers: only those can be traced")
    return np.array(parts, np.intp).reshape(array.shape)


def _only(nodes: NDArray[np.intp]) -> int:
    if nodes.ndim:
        raise ValueError("an array holds traced arrays: join them by np.stack")
    return int(nodes)


def _constant(graph: Graph, value: Any) -> int:
    if not isinstance(value, int | float | Fraction):
        raise TypeError(f"{value!r} is not a real number: only those can be traced")
    if isinstance(value, float) and not math.isfinite(value):
        name = graph.add("NAN" if math.isnan(value) else "INFINITY")
        return graph.add("neg", name) if value == -math.inf else name
    return graph.number(value)


def _fixed(index: Any) -> Any:
    """Refuse an index that depends on traced values."""
    if isinstance(index, Tracer) or (isinstance(index, tuple) and any(isinstance(part, Tracer) for part in index)):
        raise TracerBoolError(
            f"{_line()} takes a part that depends on a traced value: write np.where(condition, a, b) over whole arrays"
        )
    return index


def _unknown_number() -> TracerBoolError:
    return TracerBoolError(
        f"{_line()} needs a traced value as a plain number: use np.exp and the like in place of functions of math, and "
        "np.stack or np.zeros_like of a traced array in place of np.zeros to hold traced values"
    )


def _line() -> str:
    """Name the line of the user's function that is at work."""
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_OURS):
        frame = frame.f_back
    path, number = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(path, number).strip()
    return f"line {number} of {path}" + (f" ({text})" if text else "")
