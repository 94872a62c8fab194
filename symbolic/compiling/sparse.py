"""Sparse Jacobians and Hessians: only what is not zero by structure, entries of one form as one call over arrays.

Large problems (chains, grids, sums over data) repeat a few small expressions with other variables and coefficients. So
entries are sorted by their form, each form is compiled once, and its variables are gathered. Compiling takes the time
of the forms, not of the entries; what two entries share is computed for each.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mathlib.symbolic.compiling.expression_routine import ExpressionRoutine
from mathlib.symbolic.expressions.arguments import Arguments
from mathlib.symbolic.expressions.derivatives import adjoints
from mathlib.symbolic.expressions.evaluate import nearest
from mathlib.symbolic.expressions.ir import Graph

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MANY = 4  # entries of one form that are worth a function of their own
LONGEST = 500  # operations of an entry whose form is looked at

Form = tuple[tuple[Any, ...], ...]


class SparseFunction:
    """
    A sparse matrix of derivatives as a function of one point, made by `CompiledFunction.jac` and ``hess``.

    Parameters
    ----------
    graph : Graph
        The graph of the entries.
    entries : sequence of (int, int, int)
        Row, column and expression of each entry, by rows and in a row by columns.
    shape : tuple of int
        Shape of the matrix.
    arguments : Arguments
        The arguments.
    backend : str or None
        What computes.

    Attributes
    ----------
    shape : tuple of int
        The shape of the matrix.
    indices, indptr : ndarray
        Its structure, the same at every point, as in `scipy.sparse.csr_array`.
    nnz : int
        The number of entries that are not zero by structure.
    n_ops : int
        The number of operations of all forms, each counted once.

    Examples
    --------
    >>> from sympy import sin, symbols
    >>> from mathlib.symbolic import compile
    >>> x = symbols("x0:4")
    >>> hessian = compile(x[0] * x[1] + sin(x[3]), [x]).hess(sparse=True)
    >>> hessian.nnz, hessian([1.0, 2.0, 3.0, 0.0]).toarray()[0]
    (3, array([0., 1., 0., 0.]))
    """

    def __init__(
        self,
        graph: Graph,
        entries: Sequence[tuple[int, int, int]],
        shape: tuple[int, int],
        arguments: Arguments,
        backend: str | None,
    ):
        self.shape, self.nnz, self._arguments, self._backend = shape, len(entries), arguments, backend
        rows = np.array([row for row, _, _ in entries], dtype=np.int64)
        self.indices = np.array([column for _, column, _ in entries], dtype=np.int32)
        self.indptr = np.searchsorted(rows, np.arange(shape[0] + 1)).astype(np.int32)
        self._groups = [_Group(*group) for group in _grouped(graph, [i for _, _, i in entries], arguments.names)]
        self.n_ops = sum(group.n_ops for group in self._groups)

    def __repr__(self) -> str:
        """Say in one line what it computes."""
        return f"<SparseFunction {self.shape[0]} x {self.shape[1]}, {self.nnz} entries, {len(self._groups)} forms>"

    def __call__(self, *arrays: Any) -> "csr_array":
        """
        Evaluate the matrix at one point.

        Parameters
        ----------
        *arrays : float or (n,) array_like
            One per argument: a number, or for a vector argument its components.

        Returns
        -------
        csr_array of float64
            The matrix. It stores an entry that happens to be zero at this point.

        Raises
        ------
        TypeError
            If the number of arguments is wrong.
        ValueError
            If an argument is not one point.
        """
        from scipy.sparse import csr_array

        counts = self._arguments.counts
        if len(arrays) != len(counts):
            raise TypeError(f"the function takes {len(counts)} arrays and {len(arrays)} were given")
        parts = []
        for k, (array, count) in enumerate(zip(arrays, counts, strict=True)):
            part = np.asarray(array, np.float64)
            if part.shape != ((count,) if count else ()):
                wanted = f"a vector of length {count}" if count else "a number"
                raise ValueError(f"argument {k + 1} has shape {part.shape} and must be {wanted}: give one point a call")
            parts.append(part.reshape(-1))
        point = np.concatenate(parts) if parts else np.empty(0)
        values = np.empty(self.nnz)
        for group in self._groups:
            group.put(point, values, self._backend)
        return csr_array((values, self.indices.copy(), self.indptr.copy()), shape=self.shape)


class _Group:
    """Expressions of one form: ``columns[k]`` are, for all of them, the places of variable k or its numbers."""

    def __init__(self, graph: Graph, roots: list[int], columns: list[np.ndarray], places: np.ndarray):
        names = [f"a{k}" for k in range(len(columns))]
        self.routine, self.columns, self.places = ExpressionRoutine(graph, roots, names), columns, places
        self.n_ops = sum(bool(graph.operands(i)) for i in graph.live(roots))

    def put(self, point: np.ndarray, values: np.ndarray, backend: str | None) -> None:
        """Compute the values of the expressions and put them in their places."""
        inputs = [point[c] if c.dtype.kind == "i" else c for c in self.columns] or [np.zeros(1)]
        results = self.routine(*inputs, backend=backend)
        values[self.places] = results if self.routine.n_out == 1 else np.concatenate(results)


def jacobian(graph: Graph, roots: Sequence[int], arguments: Arguments, backend: str | None) -> SparseFunction:
    """Return the sparse Jacobian of expressions."""
    place = {graph.variable(name): k for k, name in enumerate(arguments.names)}
    entries = [(row, *entry) for row, root in enumerate(roots) for entry in _partials(graph, root, place)]
    return SparseFunction(graph, entries, (len(roots), len(place)), arguments, backend)


def hessian(graph: Graph, root: int, arguments: Arguments, backend: str | None) -> SparseFunction:
    """Return the sparse Hessian of an expression, exactly symmetric."""
    place = {graph.variable(name): k for k, name in enumerate(arguments.names)}
    variables, before = list(place), dict[int, int]()
    lower = []
    for row, first in _partials(graph, root, place):
        before.update((i, place[i]) for i in variables[len(before) : row + 1])
        lower += [(row, column, i) for column, i in _partials(graph, first, before)]
    upper = [(column, row, i) for row, column, i in lower if column < row]
    return SparseFunction(graph, sorted(lower + upper), (len(place), len(place)), arguments, backend)


def _partials(graph: Graph, root: int, place: dict[int, int]) -> list[tuple[int, int]]:
    """(number of the variable, partial derivative) where that is not zero by structure."""
    found = adjoints(graph, root, place.keys())
    return sorted((place[i], d) for i, d in found.items() if i in place and (i != root or d) and graph.value(d) != 0)


def _grouped(graph: Graph, roots: list[int], names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Arguments of a `_Group` for each form that occurs often, and one with all other expressions."""
    forms: dict[Form, list[tuple[int, list[str], list[Any]]]] = {}
    rest = []
    for place, root in enumerate(roots):
        form, variables, numbers = _form(graph, root)
        if form:
            forms.setdefault(form, []).append((place, variables, numbers))
        else:
            rest.append(place)
    at = {name: k for k, name in enumerate(names)}
    groups: list[tuple[Any, ...]] = []
    for form, members in forms.items():
        if len(members) < MANY:
            rest += [place for place, _, _ in members]
        else:
            groups.append(_of_form(form, members, at))
    if rest:
        used = graph.variables([roots[place] for place in rest])
        own = Graph()
        renamed = {name: own.variable(f"a{k}") for k, name in enumerate(used)}
        copied = own.copy(graph, [roots[place] for place in rest], renamed)
        groups.append((own, copied, [np.array([at[name]]) for name in used], np.array(rest)))
    return groups


def _form(graph: Graph, root: int) -> tuple[Form, list[str], list[Any]]:
    """What an expression is besides its variables and numbers, and those in order; an empty form if it is long."""
    number: dict[int, int] = {}
    form: list[tuple[Any, ...]] = []
    variables: list[str] = []
    numbers: list[Any] = []
    stack = [root]
    while stack:
        i = stack[-1]
        missing = [j for j in graph.operands(i) if j not in number]
        if missing:
            stack += reversed(missing)
            continue
        stack.pop()
        if i in number:
            continue
        op, *parts = graph.nodes[i]
        if op == "var":
            variables.append(str(parts[0]))
        elif op == "num":
            numbers.append(parts[0])
        number[i] = len(form)
        form.append((op,) if op in ("var", "num") else (op, *(number[j] for j in parts)))  # type: ignore[index]
        if len(form) > LONGEST:
            return (), [], []
    return tuple(form), variables, numbers


def _of_form(form: Form, members: list[tuple[int, list[str], list[Any]]], at: dict[str, int]) -> tuple[Any, ...]:
    """One expression for all members; numbers in which they differ become an argument."""
    graph = Graph()
    columns: list[np.ndarray] = []
    variables = iter(zip(*(m[1] for m in members), strict=True))
    numbers = iter(zip(*(m[2] for m in members), strict=True))
    made: list[int] = []
    for op, *operands in form:
        if op == "var":
            columns.append(np.array([at[name] for name in next(variables)]))
        elif op == "num":
            values = next(numbers)
            if len(set(values)) == 1:
                made.append(graph.number(values[0]))
                continue
            columns.append(np.array([nearest(v) for v in values]))
        else:
            made.append(graph.add(op, *(made[j] for j in operands)))
            continue
        made.append(graph.variable(f"a{len(columns) - 1}"))
    return graph, [made[-1]], columns, np.array([m[0] for m in members])
