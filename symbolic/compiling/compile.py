"""compile: expressions -> functions of arrays, by fused machine code, one CUDA kernel, or NumPy source."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import sympy

from mathlib._lib import dispatch
from mathlib.symbolic.compiling.compiled_function import Backend, CompiledFunction, Shape, derived
from mathlib.symbolic.compiling.matrix_expressions import MatrixFunction, has_matrices
from mathlib.symbolic.expressions.arguments import Arguments, read_arguments
from mathlib.symbolic.expressions.from_sympy import add_expression, free_symbols
from mathlib.symbolic.expressions.ir import Graph
from mathlib.symbolic.reading.trace import record
from mathlib.symbolic.rewriting.improve import improve
from mathlib.symbolic.rewriting.stabilize import MOST_NODES, SEED, StabilizeResult, assumptions

Derivatives = Literal["gradient", "jacobian", "hessian", "value_and_grad"]
DERIVATIVES = ("gradient", "jacobian", "hessian", "value_and_grad")


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
    Expressions are computed as they are written, except that numbers are rounded once, the numbers in a chain of
    products and quotients are joined exactly before, a product that is used once may be fused with a sum, quotients
    with one divisor share its reciprocal, and sine and cosine of one angle share their reduction. Every operation has
    the error given in the table of operations of the documentation: at most one unit in the last place for all
    elementary functions, two for erf, erfc and erfcx. Machine code is made without an optimiser, by running the kernel
    once on objects that write LLVM instructions; it is kept on disk. Elements outside the usual ranges (angles beyond
    5e4, subnormal numbers and the like) are computed by a second text, compiled when the first of them is met, in which
    numbers are not joined and nothing is shared. The compiled CPU backend and a GPU give the same bits, unless the
    expression has functions that work by regions, such as Bessel functions: a GPU computes it by one text, with these
    functions inside, and may round otherwise elsewhere. Derivatives are found by reverse accumulation on the graph of
    the expression.

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
        roots, shape = derived(graph, roots, arguments, derivatives)
    if stabilize:
        graph, roots = _stabilized(graph, roots, arguments)
    return CompiledFunction(graph, roots, arguments, shape, backend)


def read(expr: Any, args: Any) -> tuple[Graph, list[int], Arguments, Shape]:
    """Return the graph, the roots, the arguments and the shape of what a user gives."""
    graph = Graph()
    if isinstance(expr, StabilizeResult):
        arguments = read_arguments(expr.args if args is None else args, expr.args)
        variables = arguments.variables(graph)
        known = {symbol.name: variables[symbol] for symbol in expr.args}
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
        found = improve(
            graph,
            root,
            arguments.names,
            assumptions(dict(zip(arguments.names, arguments.symbols, strict=True))),
            regimes=True,
            series=True,
            max_nodes=MOST_NODES,
            rng=np.random.default_rng(SEED),
        )
        forms += new.copy(found.graph, [found.root])
    return new, forms
