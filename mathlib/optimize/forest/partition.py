"""Nodes of a graph split into sets whose induced graphs are forests."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathlib._lib.dispatch import choose
from mathlib._lib.validate import finite_array
from mathlib.optimize.forest.first_fit import first_fit
from mathlib.optimize.forest.symmetric import symmetric_matrix

__all__ = ["forest_partition"]


def forest_partition(A: Any, score: Any = None, /, *, backend: str | None = None) -> list[NDArray[np.intp]]:
    """
    Split the nodes of a graph into sets, each of which induces a forest.

    Parameters
    ----------
    A : scipy.sparse array, shape (n, n)
        Symmetric; its off-diagonal entries are the edges. Their values do not matter.
    score : array_like, shape (n,), optional
        Nodes are taken in decreasing order of score, ties in increasing order of number. By default in increasing
        order of number.
    backend : {None, 'numpy', 'numba'}, optional
        Who computes; see `mathlib.backend`.

    Returns
    -------
    list of numpy.ndarray
        Numbers of the nodes of each forest, in increasing order. Each node is in one of them; the first is the one
        that was filled first.

    Raises
    ------
    TypeError
        If `A` is not a real sparse matrix.
    ValueError
        If `A` is not square or not symmetric, or `score` is not finite or of another length.

    Notes
    -----
    Each node goes into the first forest in which its neighbours lie in different trees, which union-find knows. The
    number of forests is at most one more than half the largest number of neighbours. With the gradient as the score,
    the first forest is the greedy tree-structured block of [1]_.

    References
    ----------
    .. [1] J. Nutini, I. Laradji, M. Schmidt, "Let's make block coordinate descent converge faster", J. Mach. Learn.
       Res. 23(131), 2022, section 4.

    Examples
    --------
    A cycle of five nodes: four of them make a path.

    >>> import numpy as np
    >>> from scipy import sparse
    >>> from mathlib.optimize import forest_partition
    >>> cycle = sparse.csr_array(np.roll(np.eye(5), 1, axis=0) + np.roll(np.eye(5), -1, axis=0))
    >>> [nodes.tolist() for nodes in forest_partition(cycle)]
    [[0, 1, 2, 3], [4]]
    """
    A = symmetric_matrix(A, "A")
    n = A.shape[0]
    order = np.arange(n)
    if score is not None:
        score = np.asarray(finite_array(score, "score", ndim=1))
        if score.size != n:
            raise ValueError(f"score must have one entry for each of the {n} nodes of A, got {score.size}")
        order = np.argsort(-score, kind="stable")
    if choose((A.data,), backend) == "numba":
        from mathlib.optimize.forest.kernels import first_fit as compiled

        forest = compiled.first_fit(A.indptr, A.indices, order)
    else:
        forest = first_fit(A.indptr, A.indices, order)
    return [np.flatnonzero(forest == f) for f in range(forest.max(initial=-1) + 1)]
