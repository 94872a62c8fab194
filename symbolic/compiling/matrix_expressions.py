"""Matrix expressions -> source of calls to the linear algebra of an array library, for NumPy, CuPy and the array API.

Products are ordered by the size of their factors, an inverse times something is a solution of equations, and the
logarithm of a determinant never forms it. What is made of numbers alone is compiled as any other expression.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import sympy
from sympy import Determinant, Expr, Identity, Inverse, MatrixBase, MatrixExpr, MatrixSymbol, Symbol, Trace, Transpose
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.hadamard import HadamardProduct
from sympy.matrices.expressions.matexpr import MatrixElement
from sympy.matrices.expressions.special import OneMatrix, ZeroMatrix

from mathlib._lib import dispatch
from mathlib.symbolic.expressions.from_sympy import free_symbols
from mathlib.symbolic.expressions.ops import UnsupportedFunctionError

LARGE = 1000  # what a symbol as a size counts for when products are ordered

Factor = tuple[str, bool]  # the name of a matrix, and whether its inverse is meant


def has_matrices(expr: Any) -> bool:
    """Return whether an expression contains matrix symbols."""
    if isinstance(expr, MatrixBase):  # of expressions, one by one; an immutable one is a MatrixExpr as well
        return False
    return isinstance(expr, MatrixExpr) or (
        isinstance(expr, Expr) and any(isinstance(s, MatrixSymbol) for s in free_symbols(expr))
    )


class MatrixFunction:
    """
    A function of matrices made from a matrix expression by `compile`.

    Parameters
    ----------
    expr : MatrixExpr or Expr
        The expression.
    args : MatrixSymbol, Symbol, sequence of them or None
        The arguments; None: all by name.
    backend : {'numpy', 'cupy'} or None
        What computes; None: the arrays decide at each call.

    Attributes
    ----------
    args : tuple of str
        The names of the arguments.
    source : str
        The text that runs: ``xp`` is the namespace of the arrays, ``f0``, ``f1``, ... are functions of numbers.
    backend : str
        ``'numpy'`` or ``'cupy'``.

    Examples
    --------
    >>> import numpy as np
    >>> from sympy import Determinant, MatrixSymbol, log
    >>> from mathlib.symbolic import compile
    >>> A, b = MatrixSymbol("A", 2, 2), MatrixSymbol("b", 2, 1)
    >>> f = compile(A.I * b, [A, b])
    >>> f(np.array([[2.0, 0.0], [0.0, 4.0]]), np.array([[2.0], [2.0]]))
    array([[1. ],
           [0.5]])
    >>> print(round(float(compile(log(Determinant(A)))(np.diag([1e-200, 1e-200]))), 6))
    -921.034037
    """

    def __init__(self, expr: Any, args: Any, backend: str | None):
        if backend == "numba":
            raise UnsupportedFunctionError(
                type(expr).__name__,
                "numba",
                'use backend="numpy": matrices are done by the linear algebra of the arrays',
            )
        self._arguments = _read_arguments(args, _free(expr))
        self.args = tuple(s.name for s in self._arguments)
        self.backend, self._dispatched = backend or "numpy", backend
        self._writer = _Writer(self._arguments)
        self._result = self._writer.matrix(expr) if isinstance(expr, MatrixExpr) else self._writer.scalar(expr)

    def __repr__(self) -> str:
        """Say in one line what it computes."""
        return f"<MatrixFunction ({', '.join(self.args)}), {len(self._writer.lines)} calls, {self.backend}>"

    @cached_property
    def source(self) -> str:
        """The text that runs."""
        notes = "".join(f"# f{k}({', '.join(f.args)}) = {e}\n" for k, (f, e) in enumerate(self._writer.functions))
        head = ", ".join(["xp", *(f"x{k}" for k in range(len(self.args)))])
        body = "".join(f"    {name} = {text}\n" for text, name in self._writer.lines.items())
        return f"{notes}def expression({head}):\n{body}    return {self._result}\n"

    @cached_property
    def _function(self) -> Any:
        scope: dict[str, Any] = {f"f{k}": f for k, (f, _) in enumerate(self._writer.functions)}
        exec(compile(self.source, "<matrix expression>", "exec"), scope)
        return scope["expression"]

    def __call__(self, *arrays: Any) -> Any:
        """
        Evaluate the expression.

        Parameters
        ----------
        *arrays : (..., m, n) array_like for a matrix, (...) array_like for a number
            One per argument, of one array library; leading axes broadcast.

        Returns
        -------
        (..., m, n) array for a matrix, (...) array for a number
            The value. Singular matrices are what the array library makes of them; the logarithm of a negative
            determinant is NaN.

        Raises
        ------
        TypeError
            If the number of arrays is wrong, or their kind does not suit the backend.
        ValueError
            If a matrix has another shape than its symbol.
        """
        from array_api_compat import array_namespace

        if len(arrays) != len(self.args):
            raise TypeError(f"the function takes {len(self.args)} arrays and {len(arrays)} were given")
        how = dispatch.choose(arrays, self._dispatched)
        if how in ("numpy", "numba"):
            arrays = tuple(np.asarray(a) for a in arrays)
        xp = array_namespace(*(a for a in arrays if hasattr(a, "shape")))
        typed = [self._checked(xp, k, a) for k, a in enumerate(arrays)]
        with np.errstate(all="ignore"):
            return self._function(xp, *typed)

    def _checked(self, xp: Any, k: int, array: Any) -> Any:
        if not hasattr(array, "shape"):
            return xp.asarray(array, dtype=xp.float64)
        if not xp.isdtype(array.dtype, ("bool", "integral", "real floating")):
            raise TypeError(f"argument {self.args[k]} has dtype {array.dtype}; it takes real numbers")
        symbol = self._arguments[k]
        if isinstance(symbol, MatrixSymbol):
            shape = tuple(array.shape[-2:])
            fits = [not n.is_Number or n == m for n, m in zip(symbol.shape, shape, strict=False)]
            if len(shape) < 2 or not all(fits):
                raise ValueError(f"argument {self.args[k]} has shape {tuple(array.shape)}, its symbol {symbol.shape}")
        return array if xp.isdtype(array.dtype, "real floating") else xp.astype(array, xp.float64)


def _free(expr: Any) -> set[Any]:
    """The symbols and matrix symbols, without those that are sizes or bound."""
    found, stack = set(), [expr]
    while stack:
        e = stack.pop()
        if isinstance(e, Symbol | MatrixSymbol):
            found.add(e)
        elif not isinstance(e, Identity | ZeroMatrix | OneMatrix):
            stack += [e.expr] if isinstance(e, ElementwiseApplyFunction) else e.args
    return found


def _read_arguments(args: Any, free: set[Any]) -> tuple[Any, ...]:
    listed = sorted(free, key=lambda s: s.name) if args is None else [args] if isinstance(args, Expr) else list(args)
    for arg in listed:
        if not isinstance(arg, Symbol | MatrixSymbol):
            raise TypeError(f"args contains {arg!r}, a {type(arg).__name__}: use matrix symbols and symbols")
    if len(set(listed)) < len(listed):
        raise ValueError("args has an argument twice: name each once")
    missing = sorted(s.name for s in free - set(listed))
    if missing:
        raise ValueError(f"args lacks {', '.join(missing)}: add them, or substitute numbers")
    return tuple(listed)


class _Writer:
    """Lines of text, equal ones once; the methods return the name of a value."""

    def __init__(self, arguments: Sequence[Any]):
        self.names = {s: f"x{k}" for k, s in enumerate(arguments)}
        self.sizes: dict[Any, str] = {}
        for s, name in self.names.items():
            for place, n in enumerate(getattr(s, "shape", ())):
                self.sizes.setdefault(n, f"{name}.shape[{place - 2}]")
        self.lines: dict[str, str] = {}
        self.functions: list[tuple[Any, Any]] = []

    def line(self, text: str) -> str:
        return self.lines.setdefault(text, f"t{len(self.lines)}")

    def size(self, n: Any) -> str:
        """A number of rows or columns."""
        return str(int(n)) if n.is_Integer else self.sizes[n]

    # ---- numbers ----------------------------------------------------------------------------------------------------

    def scalar(self, e: Any) -> str:
        """A number: what it takes from matrices becomes an argument of a function of numbers."""
        from mathlib.symbolic.compiling.compile import compile as compiled

        found: dict[Any, Symbol] = {}
        stack = [e]
        while stack:
            part = stack.pop()
            if part in self.names or _of_matrices(part):
                found.setdefault(part, Symbol(f"m{len(found)}", real=True))
            else:
                stack += reversed(part.args)
        values = [self.names[part] if part in self.names else self.from_matrices(part) for part in found]
        if e in found:
            return values[0]
        numbers = e.xreplace(found)
        self.functions.append((compiled(numbers, list(found.values())), numbers))
        return self.line(f"f{len(self.functions) - 1}({', '.join(values)})")

    def from_matrices(self, e: Any) -> str:
        if isinstance(e, Trace):
            return self.line(f"xp.linalg.trace({self.matrix(e.arg)})")
        if isinstance(e, Determinant):
            return self.line(f"xp.linalg.det({self.matrix(e.arg)})")
        if isinstance(e, MatrixElement):
            return self.line(f"{self.matrix(e.parent)}[..., {self.size(e.i)}, {self.size(e.j)}]")
        both = self.line(f"xp.linalg.slogdet({self.matrix(e.args[0].arg)})")
        return self.line(f"xp.where({both}[0] >= 0, {both}[1], xp.nan * {both}[1])")

    # ---- matrices ---------------------------------------------------------------------------------------------------

    def matrix(self, e: Any) -> str:
        """A matrix."""
        if e in self.names:
            return self.names[e]
        if e.is_MatAdd:
            return self.line(" + ".join(self.matrix(a) for a in e.args))
        if e.is_MatMul:
            return self.product(e)
        if isinstance(e, sympy.MatPow):
            return self.power(e)
        if isinstance(e, Transpose):
            return self.line(f"xp.matrix_transpose({self.matrix(e.arg)})")
        if isinstance(e, HadamardProduct):
            return self.line(" * ".join(self.matrix(a) for a in e.args))
        if isinstance(e, ElementwiseApplyFunction):
            return self.elementwise(e)
        if isinstance(e, Identity):
            return self.line(f"xp.eye({self.size(e.shape[0])})")
        if isinstance(e, ZeroMatrix | OneMatrix):
            kind = "zeros" if isinstance(e, ZeroMatrix) else "ones"
            return self.line(f"xp.{kind}(({self.size(e.shape[0])}, {self.size(e.shape[1])}))")
        raise ValueError(
            f"no array call for {type(e).__name__}: write it with sums, products, powers, transposes, inverses, traces "
            "and determinants of matrix symbols"
        )

    def elementwise(self, e: ElementwiseApplyFunction) -> str:
        from mathlib.symbolic.compiling.compile import compile as compiled

        function = e.function
        self.functions.append((compiled(function.expr, list(function.variables)), function.expr))
        return self.line(f"f{len(self.functions) - 1}({self.matrix(e.expr)})")

    def power(self, e: sympy.MatPow) -> str:
        base, exponent = e.args if len(e.args) == 2 else (e.args[0], sympy.Integer(-1))
        if not exponent.is_Integer:
            raise ValueError(f"no array call for a matrix to the power {exponent}: only whole powers have one")
        value = self.matrix(base) if exponent > 0 else self.line(f"xp.linalg.inv({self.matrix(base)})")
        result, n = "", abs(int(exponent))
        if n == 0:
            return self.line(f"xp.eye({self.size(e.shape[0])})")
        while n:
            if n & 1:
                result = value if not result else self.line(f"xp.matmul({result}, {value})")
            n >>= 1
            if n:
                value = self.line(f"xp.matmul({value}, {value})")
        return result

    def product(self, e: Any) -> str:
        """A product in the order that takes the fewest operations (matrix chain; Cormen et al., section 15.2)."""
        scalars, matrices = _factors(e)
        factors: list[Factor] = []
        for m in matrices:
            inverse = isinstance(m, Inverse) or (isinstance(m, sympy.MatPow) and m.exp == -1)
            factors.append((self.matrix(m.args[0] if inverse else m), inverse))
        sizes = [matrices[0].shape[0], *(m.shape[1] for m in matrices)]
        order = _chain([int(n) if n.is_Integer else LARGE for n in sizes])
        result = self.joined(factors, order, 0, len(factors) - 1)
        if not scalars:
            return result
        value = sympy.Mul(*scalars, evaluate=False) if len(scalars) > 1 else scalars[0]
        return self.line(f"{self.coefficient(value)} * {result}")

    def coefficient(self, e: Any) -> str:
        """A number that a matrix is multiplied by."""
        if e.is_Number:
            return repr(float(e))
        return f"{self.scalar(e)}[..., None, None]"

    def joined(self, factors: list[Factor], order: dict[tuple[int, int], int], first: int, last: int) -> str:
        name, inverse = factors[first]
        if first == last:
            return self.line(f"xp.linalg.inv({name})") if inverse else name
        cut = order[first, last]
        if cut == first and inverse:
            return self.line(f"xp.linalg.solve({name}, {self.joined(factors, order, cut + 1, last)})")
        left = self.joined(factors, order, first, cut)
        if cut + 1 == last and factors[last][1]:
            turned, other = (self.line(f"xp.matrix_transpose({n})") for n in (factors[last][0], left))
            return self.line(f"xp.matrix_transpose(xp.linalg.solve({turned}, {other}))")
        return self.line(f"xp.matmul({left}, {self.joined(factors, order, cut + 1, last)})")


def _of_matrices(e: Any) -> bool:
    """Whether a number is made of matrices by one call."""
    return isinstance(e, Trace | Determinant | MatrixElement) or (
        isinstance(e, sympy.log) and isinstance(e.args[0], Determinant)
    )


def _factors(e: Any) -> tuple[list[Any], list[Any]]:
    """The numbers and the matrices of a product, products in it opened."""
    scalars: list[Any] = []
    matrices: list[Any] = []
    for a in e.args:
        if isinstance(a, MatrixExpr) and a.is_MatMul:
            inner = _factors(a)
            scalars += inner[0]
            matrices += inner[1]
        else:
            (matrices if isinstance(a, MatrixExpr) else scalars).append(a)
    return scalars, matrices


def _chain(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to cut each part of a product of matrices sizes[k] x sizes[k + 1]."""
    count = len(sizes) - 1
    cost = {(k, k): 0 for k in range(count)}
    cut: dict[tuple[int, int], int] = {}
    for length in range(2, count + 1):
        for i in range(count - length + 1):
            j = i + length - 1
            cost[i, j], cut[i, j] = min(
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)
            )
    return cut
