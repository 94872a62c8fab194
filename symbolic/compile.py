"""Expressions -> functions of arrays: fused machine code, one CUDA kernel, or NumPy source."""

import inspect
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import sympy

from mathlib._lib import dispatch
from mathlib._lib.elementwise import SMALL
from mathlib.symbolic.arguments import Arguments, read_arguments
from mathlib.symbolic.derivatives import gradient
from mathlib.symbolic.expression_routine import ExpressionRoutine
from mathlib.symbolic.from_sympy import add_expression, free_symbols
from mathlib.symbolic.improve import improve
from mathlib.symbolic.ir import Graph
from mathlib.symbolic.matrix_expressions import MatrixFunction, has_matrices
from mathlib.symbolic.stabilize import SEED, StabilizeResult, limits
from mathlib.symbolic.trace import record

if TYPE_CHECKING:
    from mathlib.symbolic.sparse import SparseFunction

Backend = Literal["numpy", "numba", "cupy"]
Derivatives = Literal["gradient", "jacobian", "hessian", "value_and_grad"]
DERIVATIVES = ("gradient", "jacobian", "hessian", "value_and_grad")

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

    def __init__(
        self, graph: Graph, roots: Sequence[int], arguments: Arguments, shape: Shape, backend: Backend | None
    ):
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
        return f"<CompiledFunction ({shown}), {self.n_ops} operations, {self.backend}>"

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
            from mathlib.symbolic.sparse import jacobian

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
            from mathlib.symbolic.sparse import hessian

            return hessian(self.graph, _only(self.roots, "hessian"), self._arguments, self._dispatched)
        return self._derived("hessian")

    def _derived(self, kind: str) -> "CompiledFunction":
        roots, shape = _derivatives(self.graph, self.roots, self._arguments, kind)
        return CompiledFunction(self.graph, roots, self._arguments, shape, self._dispatched)


def compile(
    expr: Any,
    args: Any = None,
    *,
    backend: Backend | None = None,
    stabilize: bool = False,
    derivatives: Derivatives | None = None,
) -> CompiledFunction | MatrixFunction:
    r"""
    Make a function of arrays from expressions.

    Parameters
    ----------
    expr : Expr, Matrix, sequence of Expr, MatrixExpr, StabilizeResult or callable
        What to compute. A matrix gives one array with the matrix on its last two axes, a sequence a tuple of arrays. A
        Python function of scalars or arrays is traced (see `trace`). An expression in matrix symbols takes arrays with
        the matrices on their last two axes: it becomes calls of the linear algebra of the array library.
    args : Symbol, MatrixSymbol or sequence, optional
        The arguments in order; a tuple of symbols among them is one array with the components on its last axis. By
        default the free symbols sorted by name.
    backend : {'numpy', 'numba', 'cupy'}, optional
        ``'numpy'`` makes NumPy source, ``'numba'`` machine code, ``'cupy'`` one CUDA kernel. By default the arrays of a
        call decide.
    stabilize : bool
        Whether to compute the forms that `stabilize` finds instead of the expressions as they are written.
    derivatives : {'gradient', 'jacobian', 'hessian', 'value_and_grad'}, optional
        What to compute instead of the value; ``'value_and_grad'`` is a vector of the value and the gradient.

    Returns
    -------
    CompiledFunction or MatrixFunction
        The function.

    Raises
    ------
    TypeError
        If something is not an expression or a symbol.
    ValueError
        If a free symbol is not in ``args``, an argument comes twice, or a name is unknown.
    UnsupportedFunctionError
        If a function has no routine on the backend.

    Notes
    -----
    Expressions are computed as they are written, except that numbers are rounded once, a product that is used once may
    be fused with a sum, and quotients with one divisor share its reciprocal. Every operation has the error given in
    the table of operations of the documentation: at most one unit in the last place for all elementary functions, two
    for erf and erfc. Machine code is made without an optimiser, by running the kernel once on objects that write LLVM
    instructions; it is kept on disk. Elements outside the usual ranges (angles beyond 5e4, subnormal numbers and the
    like) are computed by a second text, compiled when the first of them is met; the bits are the same on the compiled
    CPU backend and on a GPU. Derivatives are found by reverse accumulation on the graph of the expression.

    Of matrices, sums, products, whole powers, transposes, inverses, traces, determinants and element-by-element
    functions are known. Products are ordered by their sizes, ``A.I * b`` is a solution of equations, and
    ``log(Determinant(A))`` does not form the determinant; it is NaN where that is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from sympy import exp, log, symbols
    >>> from mathlib.symbolic import compile
    >>> x, y = symbols("x y", real=True)
    >>> f = compile(log(exp(x) + exp(y)), [x, y], stabilize=True)
    >>> f(np.array([0.0, 1000.0]), 0.0)
    array([6.93147181e-01, 1.00000000e+03])
    >>> compile(x**2 * y, [x, y], derivatives="gradient")(3.0, 2.0)
    array([12.,  9.])
    """
    if backend is not None and backend not in dispatch.BACKENDS:
        raise ValueError(f"backend is {backend!r}: choose 'numpy', 'numba' or 'cupy', or None for that of the arrays")
    if derivatives is not None and derivatives not in DERIVATIVES:
        raise ValueError(f"derivatives is {derivatives!r}: choose one of {', '.join(DERIVATIVES)}, or None")
    if has_matrices(expr):
        if stabilize or derivatives is not None:
            raise ValueError("stabilize and derivatives are not for matrix symbols: write them out by as_explicit()")
        return MatrixFunction(expr, args, backend)
    graph, roots, arguments, shape = read(expr, args)
    if derivatives is not None:
        roots, shape = _derivatives(graph, roots, arguments, derivatives)
    if stabilize:
        graph, roots = _stabilized(graph, roots, arguments)
    return CompiledFunction(graph, roots, arguments, shape, backend)


def read(expr: Any, args: Any) -> tuple[Graph, list[int], Arguments, Shape]:
    """Return the graph, the roots, the arguments and the shape of what a user gives."""
    graph = Graph()
    if isinstance(expr, StabilizeResult):
        arguments = read_arguments(expr.args if args is None else args, expr.args)
        known = {symbol.name: i for symbol, i in arguments.variables(graph).items()}
        return graph, graph.copy(expr.graph, [expr.root], known), arguments, "one"
    if callable(expr) and not isinstance(expr, sympy.Basic):
        return _traced(graph, expr, args)
    expressions, shape = _expressions(expr)
    free = {s for e in expressions for s in free_symbols(e)}
    arguments = read_arguments(args, free)
    known = arguments.variables(graph)
    return graph, [add_expression(graph, e, known) for e in expressions], arguments, shape


def _traced(graph: Graph, function: Callable[..., Any], args: Any) -> tuple[Graph, list[int], Arguments, Shape]:
    """The expressions that a Python function computes; a vector among ``args`` is passed as an array."""
    names = inspect.signature(function).parameters
    arguments = read_arguments([sympy.Symbol(name, real=True) for name in names] if args is None else args, ())
    found = record(function, *(np.zeros(n) if n else 0.0 for n in arguments.counts))
    old = [str(name) for array in found.names for name in array.flat]
    renamed = {o: graph.variable(n) for o, n in zip(old, arguments.names, strict=True)}
    roots: list[int] = list(found.results) if isinstance(found.results, tuple) else found.results.ravel().tolist()
    shape: Shape = "several" if isinstance(found.results, tuple) else found.results.shape or "one"
    return graph, graph.copy(found.graph, [int(r) for r in roots], renamed), arguments, shape


def _expressions(expr: Any) -> tuple[list[Any], Shape]:
    if isinstance(expr, sympy.MatrixBase):
        return list(expr), tuple(expr.shape)
    if isinstance(expr, Sequence) and not isinstance(expr, str | bytes):
        listed = [_expression(e) for e in expr]
        if not listed:
            raise ValueError("expr is an empty sequence: give at least one expression")
        return listed, "several"
    return [_expression(expr)], "one"


def _expression(expr: Any) -> Any:
    if isinstance(expr, sympy.Expr | sympy.logic.boolalg.Boolean):
        return expr
    if isinstance(expr, bool) or not isinstance(expr, int | float):
        hint = ": use mathlib.symbolic.parse for text" if isinstance(expr, str) else ""
        raise TypeError(f"expr is {expr!r}, a {type(expr).__name__} and not an expression{hint}")
    return sympy.Integer(expr) if isinstance(expr, int) else sympy.Float(expr)


def _stabilized(graph: Graph, roots: list[int], arguments: Arguments) -> tuple[Graph, list[int]]:
    """The forms that `stabilize` finds, in a graph of their own."""
    new = Graph()
    forms = []
    for root in roots:
        rng = np.random.default_rng(SEED)
        found = improve(
            graph, root, arguments.names, limits(arguments.symbols, None), regimes=True, series=True, max_nodes=2500, rng=rng
        )  # fmt: skip
        forms += new.copy(found.graph, [found.root])
    return new, forms


def _only(roots: Sequence[int], kind: str) -> int:
    if len(roots) != 1:
        raise TypeError(f"derivatives={kind!r} is for one expression and there are {len(roots)}: use 'jacobian'")
    return roots[0]


def _derivatives(graph: Graph, roots: Sequence[int], arguments: Arguments, kind: str) -> tuple[list[int], Shape]:
    variables = [graph.variable(name) for name in arguments.names]
    n, m = len(variables), len(roots)
    if kind == "jacobian":
        return [i for root in roots for i in gradient(graph, root, variables)], (m, n)
    first = gradient(graph, _only(roots, kind), variables)
    if kind == "hessian":
        half = [gradient(graph, g, variables[: k + 1]) for k, g in enumerate(first)]
        return [half[max(k, j)][min(k, j)] for k in range(n) for j in range(n)], (n, n)
    return (first, (n,)) if kind == "gradient" else ([roots[0], *first], (n + 1,))
