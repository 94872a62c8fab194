"""Functions of arrays made from expressions: calling them, their source, their derivatives."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mathlib._lib import dispatch
from mathlib._lib.elementwise import SMALL
from mathlib.symbolic.compiling.expression_routine import ExpressionRoutine
from mathlib.symbolic.expressions.arguments import Arguments
from mathlib.symbolic.expressions.derivatives import gradient
from mathlib.symbolic.expressions.ir import Graph

if TYPE_CHECKING:
    from mathlib.symbolic.compiling.sparse import SparseFunction

Backend = Literal["numpy", "numba", "cupy"]
#: the results: one array, a tuple of them, or one array with these last axes
Shape = Literal["one", "several"] | tuple[int, ...]


class CompiledFunction:
    """
    A function of arrays made from expressions by `compile`.

    Parameters
    ----------
    graph : Graph
        The expressions.
    roots : sequence of int
        The results.
    arguments : Arguments
        The arguments.
    shape : {'one', 'several'} or tuple of int
        How results are returned.
    backend : {'numpy', 'numba', 'cupy'} or None
        What computes; None: the arrays decide at each call.

    Attributes
    ----------
    args : tuple of str
        The names of the arguments' symbols; those of a vector argument follow each other.
    source : str
        The text that runs: NumPy code, kernels over the words of the library, or CUDA C++.
    n_ops : int
        The number of operations, each common sub-expression counted once.
    backend : str
        ``'numpy'``, ``'numba'`` or ``'cupy'``.
    graph, roots : Graph, tuple of int
        The expressions that are computed.

    Examples
    --------
    >>> from sympy import log, sin
    >>> from sympy.abc import x, y
    >>> from mathlib.symbolic import compile
    >>> f = compile(sin(x) + log(y), [x, y])
    >>> f([0.0, 1.0], 1.0)
    array([0.        , 0.84147098])
    >>> f.grad()(0.0, 2.0)
    array([1. , 0.5])
    """

    def __init__(self, graph: Graph, roots: Sequence[int], arguments: Arguments, shape: Shape, backend: Backend | None):
        self.graph, self.roots, self.args = graph, tuple(roots), arguments.names
        self._arguments, self._shape, self._dispatched = arguments, shape, backend
        simple = shape == "one" and not any(arguments.counts)
        self._simple = len(self.args) if simple and self.args else -1  # arrays that go to the routine as they come
        self._vector = arguments.counts == (len(self.args),) and shape != "several"
        self.backend: str = backend or ("numba" if dispatch.compiled_available() else "numpy")
        self._routine = ExpressionRoutine(graph, self.roots, self.args)
        self.n_ops = sum(bool(graph.operands(i)) for i in graph.live(roots))
        if self.backend != "numpy":
            self._routine.check(self.backend)

    def __repr__(self) -> str:
        """Say in one line what it computes."""
        shown = ", ".join(self.args[:6]) + (", ..." if len(self.args) > 6 else "")
        plural = "" if self.n_ops == 1 else "s"
        return f"<CompiledFunction ({shown}), {self.n_ops} operation{plural}, {self.backend}>"

    def __call__(self, *arrays: Any, out: Any = None, workers: int | None = None) -> Any:
        """
        Evaluate the expressions.

        Parameters
        ----------
        *arrays : array_like
            One per argument, real; they broadcast. A vector argument has its components on the last axis.
        out : ndarray or tuple of ndarray, optional
            Where to put the results, of the shapes that are returned.
        workers : int, optional
            Number of threads; -1 for all processors. By default large arrays are shared among all.

        Returns
        -------
        ndarray, scalar or tuple
            An array for one expression, a tuple for several; for a matrix or derivatives one array with their shape on
            its last axes. float32 if all arrays are, else float64.

        Raises
        ------
        TypeError
            If the number of arrays is wrong, or their kind or dtype does not suit the backend.
        ValueError
            If shapes do not fit.
        """
        if len(arrays) == self._simple:
            return self._routine(*arrays, out=out, backend=self._dispatched, workers=workers)
        if self._vector and out is None and len(arrays) == 1 and self._takes_rows(arrays[0]):
            x = arrays[0]
            results = self._routine.rows(np.ascontiguousarray(x).reshape(-1, x.shape[-1]))
            return results.reshape(x.shape[:-1] + (() if self._shape == "one" else self._shape))[()]
        inputs = self._arguments.components(arrays) or [0.0]
        if not isinstance(self._shape, tuple):
            result = self._routine(*inputs, out=out, backend=self._dispatched, workers=workers)
            return (result,) if self._shape == "several" and len(self.roots) == 1 else result
        if any(dispatch.family(a.__class__) not in ("scalar", "numpy") for a in inputs):
            return self._stacked(self._routine(*inputs, backend=self._dispatched, workers=workers), out)
        inputs = [a if isinstance(a, np.ndarray | float | int) else np.asarray(a) for a in inputs]
        batch = np.broadcast_shapes(*{np.shape(a) for a in inputs})
        dtypes = {a.dtype for a in inputs if type(a) not in (float, int, bool)}
        narrow = bool(dtypes) and dtypes <= {np.dtype(np.float32), np.dtype(np.float16)}
        result = np.empty(batch + self._shape, np.float32 if narrow else np.float64)
        flat = result.reshape(*batch, len(self.roots))
        views = tuple(flat[..., k] for k in range(len(self.roots)))
        self._routine(*inputs, out=views, backend=self._dispatched, workers=workers)
        if out is None:
            return result
        if not isinstance(out, np.ndarray) or out.shape != result.shape:
            raise ValueError(f"out must be a NumPy array of shape {result.shape}, not {np.shape(out)}")
        np.copyto(out, result, casting="same_kind")
        return out

    def _takes_rows(self, x: Any) -> bool:
        """Whether the one vector argument is small enough for one thread and can be read as it lies in memory."""
        plain = type(x) is np.ndarray and x.dtype == np.float64 and 0 < x.size < SMALL and x.ndim > 0
        return plain and x.shape[-1] == len(self.args) and dispatch.choose([x], self._dispatched) == "numba"

    def _stacked(self, results: Any, out: Any) -> Any:
        from array_api_compat import array_namespace

        if out is not None:
            raise TypeError("out is for NumPy arrays when a matrix is returned: drop it")
        results = results if isinstance(results, tuple) else (results,)
        xp = array_namespace(results[0])
        return xp.reshape(xp.stack(results, axis=-1), (*results[0].shape, *self._shape))

    @cached_property
    def source(self) -> str:
        """The text that runs."""
        return self._routine.source(self.backend)

    @cached_property
    def njit(self) -> Any:
        """
        The function of one point, a C function that code compiled by numba can call.

        Returns
        -------
        ctypes function
            Takes and returns float64 numbers, with the bits of the ``'numba'`` backend.

        Raises
        ------
        TypeError
            If there is more than one result.
        """
        from mathlib._lib import on_llvm

        if len(self.roots) != 1:
            raise TypeError(f"njit is for one result and this function has {len(self.roots)}: compile them one by one")
        return on_llvm.scalar(self._routine.whole, len(self.args))

    def grad(self) -> "CompiledFunction":
        """
        Return the gradient, an array with one component per symbol on the last axis.

        Returns
        -------
        CompiledFunction
            The gradient.

        Raises
        ------
        TypeError
            If there is more than one result; see `jac`.
        ValueError
            If an operation has no derivative.
        """
        return self._derived("gradient")

    def jac(self, *, sparse: bool = False) -> "CompiledFunction | SparseFunction":
        """
        Return the Jacobian, ``(..., n_results, n_symbols)``.

        Parameters
        ----------
        sparse : bool
            Whether to return it, at one point a call, as a `scipy.sparse.csr_array` of fixed structure.

        Returns
        -------
        CompiledFunction or SparseFunction
            The Jacobian.

        Raises
        ------
        ValueError
            If an operation has no derivative.
        """
        if sparse:
            from mathlib.symbolic.compiling.sparse import jacobian

            return jacobian(self.graph, self.roots, self._arguments, self._dispatched)
        return self._derived("jacobian")

    def hess(self, *, sparse: bool = False) -> "CompiledFunction | SparseFunction":
        """
        Return the Hessian, ``(..., n_symbols, n_symbols)``.

        Parameters
        ----------
        sparse : bool
            Whether to return it, at one point a call, as a `scipy.sparse.csr_array` of fixed structure.

        Returns
        -------
        CompiledFunction or SparseFunction
            The Hessian.

        Raises
        ------
        TypeError
            If there is more than one result.
        ValueError
            If an operation has no second derivative.
        """
        if sparse:
            from mathlib.symbolic.compiling.sparse import hessian

            return hessian(self.graph, _only(self.roots, "hessian"), self._arguments, self._dispatched)
        return self._derived("hessian")

    def _derived(self, kind: str) -> "CompiledFunction":
        roots, shape = derived(self.graph, self.roots, self._arguments, kind)
        return CompiledFunction(self.graph, roots, self._arguments, shape, self._dispatched)


def _only(roots: Sequence[int], kind: str) -> int:
    if len(roots) != 1:
        raise TypeError(f"derivatives={kind!r} is for one expression and there are {len(roots)}: use 'jacobian'")
    return roots[0]


def derived(graph: Graph, roots: Sequence[int], arguments: Arguments, kind: str) -> tuple[list[int], Shape]:
    """Return the expressions of a gradient, Jacobian or Hessian, and their shape."""
    variables = [graph.variable(name) for name in arguments.names]
    n, m = len(variables), len(roots)
    if kind == "jacobian":
        return [i for root in roots for i in gradient(graph, root, variables)], (m, n)
    first = gradient(graph, _only(roots, kind), variables)
    if kind == "hessian":
        half = [gradient(graph, g, variables[: k + 1]) for k, g in enumerate(first)]
        return [half[max(k, j)][min(k, j)] for k in range(n) for j in range(n)], (n, n)
    return (first, (n,)) if kind == "gradient" else ([roots[0], *first], (n + 1,))
