"""The strongest spanning forest of a symmetric matrix as a preconditioner."""

from typing import Any

import numpy as np
from scipy import sparse

from mathlib.optimize.forest.factor import ForestFactor
from mathlib.optimize.forest.symmetric import symmetric_matrix

__all__ = ["strongest_forest", "tree_preconditioner"]

LIFT = 1e-10  # relative, on the diagonal: a part tied to the rest by less than rounding still has positive pivots


def tree_preconditioner(A: Any, /, *, backend: str | None = None) -> Any:
    """
    Return a preconditioner for conjugate gradients that solves exactly on a spanning forest of the graph of A.

    Parameters
    ----------
    A : scipy.sparse array, shape (n, n)
        Symmetric, with a positive diagonal that is at least the sum of the other absolute values of its row, as for
        graph Laplacians with a positive number added at some nodes.
    backend : {None, 'numpy', 'numba'}, optional
        Who computes; see `mathlib.backend`.

    Returns
    -------
    scipy.sparse.linalg.LinearOperator
        The inverse of the diagonal of `A` and the off-diagonal entries of the forest.

    Raises
    ------
    TypeError
        If `A` is not a real sparse matrix.
    ValueError
        If `A` is not square, not symmetric or not finite, or its diagonal is too small.

    Notes
    -----
    It is the Jacobi preconditioner plus the entries of the spanning forest with the largest sum of absolute values
    (Kruskal's algorithm in SciPy), factored by `ForestFactor`. An application takes about 7 ns per node, twice as long
    as a product with a matrix of five entries per row. On grids with weights of one size it halves the number of
    iterations, which takes a little longer than with Jacobi's; with weights over four powers of ten it needs a seventh
    of the iterations and half the time or less, the search for the forest included. If the graph is a forest, one
    iteration is enough.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> from scipy.sparse.linalg import cg
    >>> from mathlib.optimize import tree_preconditioner
    >>> ring = np.roll(np.eye(50), 1, axis=0)
    >>> A = sparse.csr_array(2.01 * np.eye(50) - ring - ring.T)
    >>> x, info = cg(A, np.arange(50.0), M=tree_preconditioner(A), rtol=1e-10)
    >>> np.allclose(A @ x, np.arange(50.0))
    True
    """
    from scipy.sparse.linalg import LinearOperator

    A = symmetric_matrix(A, "A")
    diagonal = A.diagonal()
    rows = abs(A).sum(axis=1) - abs(diagonal)
    low = np.flatnonzero(~(diagonal * (1 + LIFT) >= rows) | (diagonal <= 0))
    if low.size:
        u = int(low[0])
        raise ValueError(
            f"the diagonal of A must be positive and at least the sum of the other absolute values in its row, got "
            f"A[{u}, {u}] = {diagonal[u]:g} and the sum {rows[u]:g}: use another preconditioner"
        )
    factor = ForestFactor(strongest_forest(A) + sparse.diags_array((1 + 2 * LIFT) * diagonal), backend=backend)
    return LinearOperator(A.shape, matvec=factor.solve, rmatvec=factor.solve, matmat=factor.solve, dtype=np.float64)


def strongest_forest(A: Any) -> Any:
    """Return the off-diagonal entries of `A` on the spanning forest with the largest sum of absolute values."""
    from scipy.sparse import csgraph  # slow to import

    entries = A.tocoo()
    row, column = entries.coords
    off = np.flatnonzero(row < column)
    strongest = off[np.argsort(-np.abs(entries.data[off]), kind="stable")]
    ends = row[strongest], column[strongest]
    # SciPy takes least weights first and sees zeros as no edges: the ranks from 1 on say all that matters
    ranks = sparse.csr_array((np.arange(1.0, off.size + 1), ends), shape=A.shape)
    kept = strongest[csgraph.minimum_spanning_tree(ranks).data.astype(np.intp) - 1]
    forest = sparse.csr_array((entries.data[kept], (row[kept], column[kept])), shape=A.shape)
    return forest + forest.T
