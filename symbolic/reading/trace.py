"""Expressions out of Python functions: the function is called once, on arrays that record what is done to them."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, ImmutableDenseMatrix, Symbol

from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.expressions.to_sympy import to_sympy
from mathlib.symbolic.reading.tracer import Tracer, TracerBoolError, nodes_of

__all__ = ["Recording", "TracerBoolError", "record", "trace"]

Nodes: TypeAlias = NDArray[np.intp]
Arguments: TypeAlias = tuple[Symbol | tuple[Symbol, ...], ...]
Result: TypeAlias = "Expr | ImmutableDenseMatrix | tuple[Result, ...]"


@dataclass(frozen=True)
class Recording:
    """
    What a call of a function did.

    Attributes
    ----------
    graph : Graph
        The expressions.
    names : tuple of ndarray of str
        For each argument the names of the variables, in its shape.
    results : ndarray of int or tuple
        The numbers of the expressions that were returned, in their shape; a tuple where the function returned one.
    """

    graph: Graph
    names: tuple[NDArray[np.str_], ...]
    results: Any


def trace(func: Callable[..., Any], /, *example: Any, names: Sequence[str] | None = None) -> tuple[Arguments, Result]:
    """
    Turn a Python function of numbers and NumPy arrays into expressions.

    Parameters
    ----------
    func : callable
        A function of real numbers or arrays that uses arithmetic and functions of NumPy. Loops are unrolled.
    *example : array_like
        A value for each argument. Only the shapes matter.
    names : sequence of str, optional
        The names of the arguments; by default those in the signature of `func`. The elements of a vector ``x`` are
        called ``x0, x1, ...``, those of a matrix ``x0_0, x0_1, ...``.

    Returns
    -------
    args : tuple
        A symbol for each number, for each array the tuple of the symbols of its elements, row by row.
    expr : Expr, Matrix or tuple
        An expression for a number, a matrix for an array (a column for a vector, shape ``(m, n)`` for two axes or
        more, the last of length n), and a tuple where `func` returns one.

    Raises
    ------
    TracerBoolError
        If the function needs to know a value that it computes, as ``if x > 0`` does. The message names the line.
    TypeError
        If the function does something else that cannot be recorded, or an example is not real.
    ValueError
        If names are missing, not identifiers, or equal.

    Notes
    -----
    The function is called once, with arrays in which every element is the number of an expression; NumPy hands its
    ufuncs and functions over to them (NEP 13 and NEP 18). What is recorded is what NumPy computes, operation by
    operation, sums in NumPy's order included. Nothing of the function remains but its formulas: what it prints or
    draws from random generators happens now, once.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.symbolic.reading.trace import trace
    >>> def energy(p, m):
    ...     return np.sum(p**2) / (2 * m)
    >>> trace(energy, [1.0, 2.0], 3.0)
    (((p0, p1), m), (p0*p0 + p1*p1)/((2*m)))
    """
    recording = record(func, *example, names=names)
    symbols = {str(name): Symbol(str(name), real=True) for array in recording.names for name in array.flat}
    arguments = tuple(
        tuple(symbols[str(name)] for name in array.flat) if array.ndim else symbols[str(array)]
        for array in recording.names
    )
    expressions = _expressions(recording.graph, _roots(recording.results), symbols)

    def converted(result: Any) -> Result:
        if isinstance(result, tuple):
            return tuple(converted(part) for part in result)
        if not result.ndim:
            return expressions[int(result)]
        rows = result.reshape(-1, result.shape[-1] if result.ndim > 1 else 1).tolist()
        return ImmutableDenseMatrix([[expressions[node] for node in row] for row in rows])

    return arguments, converted(recording.results)


def _roots(results: Any) -> list[int]:
    if isinstance(results, tuple):
        return [root for part in results for root in _roots(part)]
    return [int(root) for root in results.flat]


def _expressions(graph: Graph, roots: list[int], symbols: dict[str, Symbol]) -> dict[int, Expr]:
    """Convert operation by operation, so that what several results share is converted once."""
    done: dict[int, Expr] = {}
    for i in graph.live(roots):
        op, operands = str(graph.nodes[i][0]), graph.operands(i)
        single = Graph()
        if operands:
            node = single.add(op, *(single.variable(str(j)) for j in operands))
        else:
            node = single.intern(graph.nodes[i])
        done[i] = to_sympy(single, node, {str(j): done[j] for j in operands} or symbols)
    return done


def record(func: Callable[..., Any], /, *example: Any, names: Sequence[str] | None = None) -> Recording:
    """
    Call a function on recording arrays.

    Parameters
    ----------
    func : callable
        The function.
    *example : array_like
        A value for each argument; only the shapes matter.
    names : sequence of str, optional
        The names of the arguments.

    Returns
    -------
    Recording
        The expressions; see `trace` for SymPy expressions and for the errors.

    Examples
    --------
    >>> recording = record(lambda x: np.exp(x) - 1, 0.5)
    >>> recording.graph.write(int(recording.results))
    '(- (exp x) 1)'
    """
    if not callable(func):
        raise TypeError(f"func is a {type(func).__name__}, not a function: pass the function itself")
    named = _names(func, len(example)) if names is None else _checked(names, len(example))
    arrays = [_element_names(name, _shape(value, name)) for name, value in zip(named, example, strict=True)]
    every = [str(name) for array in arrays for name in array.flat]
    if len(set(every)) != len(every):
        twice = sorted({name for name in every if every.count(name) > 1})
        raise ValueError(f"two variables would be called {', '.join(twice[:5])}: choose other names")
    graph = Graph()
    variables = [
        np.array([graph.variable(str(name)) for name in array.flat], np.intp).reshape(array.shape) for array in arrays
    ]
    try:
        results = func(*(Tracer(graph, nodes) for nodes in variables))
    except ValueError as error:  # NumPy's, when an array of floats is given a traced value
        raise error.__cause__ if isinstance(error.__cause__, TracerBoolError) else error from None
    return Recording(graph, tuple(arrays), _results(graph, results))


def _names(func: Callable[..., Any], count: int) -> list[str]:
    """Return the names of the parameters to which the examples go."""
    try:
        signature = inspect.signature(func)
    except (TypeError, ValueError):  # of some functions written in C nothing is known
        return [f"x{k}" for k in range(count)] if count > 1 else ["x"]
    try:
        signature.bind(*[None] * count)
    except TypeError as error:
        raise TypeError(f"{count} example value(s) do not fit the function: {error}") from None
    parameters = [
        p.name for p in signature.parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    found = parameters[:count]
    return found + [f"x{k}" for k in range(len(found), count)]


def _checked(names: Sequence[str], count: int) -> list[str]:
    listed = [names] if isinstance(names, str) else list(names)
    if len(listed) != count:
        raise ValueError(f"names has {len(listed)} names for {count} example value(s): give one for each")
    for name in listed:
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"names contains {name!r}, which is not an identifier: use letters, digits and _")
    return listed


def _shape(value: Any, name: str) -> tuple[int, ...]:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"the example for {name} has dtype {array.dtype}: give real numbers in the right shape")
    return array.shape


def _element_names(name: str, shape: tuple[int, ...]) -> NDArray[np.str_]:
    names = [name + "_".join(map(str, index)) for index in np.ndindex(shape)]
    return np.array(names or [], dtype=str).reshape(shape)


def _results(graph: Graph, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_results(graph, part) for part in value)
    if value is None:
        raise TypeError("func returned None: let it return the result instead of writing it into an argument")
    return nodes_of(graph, value)
