"""Labels of a few nodes of a graph spread to all nodes: the harmonic function, by conjugate gradients."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mathlib._lib.result import Result
from mathlib._lib.validate import choice, finite_scalar, positive_integer
from mathlib.optimize.forest.preconditioner import tree_preconditioner
from mathlib.optimize.forest.symmetric import symmetric_matrix

__all__ = ["LabelPropagationResult", "label_propagation"]

Floats = NDArray[np.float64]

UNKNOWN = -1
SPREAD = 100.0  # of the weights, from which on the spanning tree's fewer iterations save time


class LabelPropagationResult(Result):
    """
    What `label_propagation` found; n nodes, K classes.

    Attributes
    ----------
    labels : numpy.ndarray of int, shape (n,)
        Label of each node: its class of largest score, the given label where labels are kept, and -1 for a node that
        is not connected with any label.
    scores : numpy.ndarray, shape (n, K)
        Weights of the classes at each node; a row sums to 1, or is zero for a node without label.
    classes : numpy.ndarray of int, shape (K,)
        The labels that were given, in increasing order.
    residual : float
        Largest residual of a class relative to its right-hand side, computed from the result.
    nit : int
        Number of iterations.
    success : bool
        Whether the residual is at most `tol`.
    status : int
        0 converged, 1 `max_iter` reached.
    message : str
        The status in words.

    Examples
    --------
    >>> from scipy import sparse
    >>> from mathlib.optimize import label_propagation
    >>> path = sparse.diags_array([[1.0] * 3, [1.0] * 3], offsets=[-1, 1])
    >>> label_propagation(path, [0, -1, -1, 1]).scores[:, 1].round(3)
    array([0.   , 0.333, 0.667, 1.   ])
    """

    labels: NDArray[np.int64]
    scores: Floats
    classes: NDArray[np.int64]
    residual: float
    nit: int
    success: bool
    status: int
    message: str


def label_propagation(
    W: Any,
    labels: Any,
    /,
    *,
    fidelity: float | None = None,
    preconditioner: Literal["tree", "jacobi"] | None = None,
    tol: float = 1e-8,
    max_iter: int = 2000,
    backend: str | None = None,
) -> LabelPropagationResult:
    """
    Spread the labels of a few nodes of a weighted graph to all others.

    Parameters
    ----------
    W : scipy.sparse array, shape (n, n)
        Symmetric weights, not negative; the diagonal is not used.
    labels : array_like of int, shape (n,)
        The class of each labelled node, a number >= 0, and -1 for all others.
    fidelity : float, optional
        Price of a squared deviation from a given label, in units of the weights. By default given labels are kept.
    preconditioner : {None, 'tree', 'jacobi'}, optional
        Preconditioner of the conjugate gradients: `tree_preconditioner`, or the diagonal alone. By default the tree
        where nine tenths of the weights range over a factor of more than 100, or the graph is a forest.
    tol : float, default 1e-8
        Largest residual of a class relative to its right-hand side.
    max_iter : int, default 2000
        Most iterations.
    backend : {None, 'numpy', 'numba'}, optional
        Who computes; see `mathlib.backend`.

    Returns
    -------
    LabelPropagationResult
        Labels, scores, and how well the equations hold.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If `W` is not square, not symmetric, not finite or has a negative entry, `labels` has another length, holds a
        number below -1 or no label, or an option is out of range.

    Notes
    -----
    The scores F minimise::

        1/2 sum_{i<j} W_ij |F_i - F_j|^2     with F_i = Y_i at labelled nodes,

    or with ``fidelity/2 sum_{labelled} |F_i - Y_i|^2`` added, where row Y_i is 1 in the class of node i [1]_. One
    system is solved for each class but the last, whose scores complete the sum 1, all at the same time. Block descent
    over forests of the graph solves the same problem [2]_ (see `minimize_bcd`), but needs far more passes than
    conjugate gradients. The exact factor of `scipy.sparse.linalg.splu` is the better choice where labels are very
    rare and the graph is nearly planar.

    References
    ----------
    .. [1] X. Zhu, Z. Ghahramani, J. Lafferty, "Semi-supervised learning using Gaussian fields and harmonic functions",
       ICML 2003.
    .. [2] J. Nutini, I. Laradji, M. Schmidt, "Let's make block coordinate descent converge faster", J. Mach. Learn.
       Res. 23(131), 2022, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> from mathlib.optimize import label_propagation
    >>> points = np.concatenate([np.linspace(0, 1, 20), np.linspace(1.5, 2, 20)])
    >>> W = sparse.csr_array(np.exp(-((points[:, None] - points) ** 2) / 0.01))
    >>> labels = np.full(40, -1)
    >>> labels[3], labels[30] = 7, 9
    >>> np.bincount(label_propagation(W, labels).labels)[[7, 9]]
    array([20, 20])
    """
    from scipy.sparse import csgraph  # slow to import

    W = symmetric_matrix(W, "W")
    if (W.data < 0).any():
        row, column = (k[np.argmax(W.data < 0)] for k in W.tocoo().coords)
        raise ValueError(f"W must hold weights >= 0, got W[{row}, {column}] = {W[row, column]:g}")
    given = _labels(labels, W.shape[0])
    if fidelity is not None:
        fidelity = finite_scalar(fidelity, "fidelity", low=np.finfo(np.float64).tiny)
    prepared = None if preconditioner is None else choice(preconditioner, "preconditioner", ("tree", "jacobi"))
    tol, max_iter = finite_scalar(tol, "tol", low=0.0), positive_integer(max_iter, "max_iter")

    W = W - sparse.diags_array(W.diagonal())
    labelled = given != UNKNOWN
    classes, index = np.unique(given[labelled], return_inverse=True)
    Y = np.zeros((given.size, classes.size))
    Y[labelled, index] = 1.0
    tree = csgraph.connected_components(W, directed=False)[1]
    reached = np.isin(tree, tree[labelled])
    degree = W.sum(axis=1)
    if fidelity is None:
        free = np.flatnonzero(reached & ~labelled)
        diagonal, right = degree[free], (W @ Y)[free]
    else:
        free = np.flatnonzero(reached)
        diagonal, right = (degree + fidelity * labelled)[free], fidelity * Y[free]
    A = sparse.csr_array(sparse.diags_array(diagonal) - W[free][:, free])
    if free.size and (prepared or _suited(W, tree)) == "tree":
        prepare = tree_preconditioner(A, backend=backend).matmat
    else:
        prepare = sparse.diags_array(1 / diagonal).__matmul__
    F, nit = _conjugate_gradients(A, right[:, :-1], prepare, tol, max_iter)

    scores = np.where(reached[:, None], Y, 0.0)
    scores[free, :-1] = F
    scores[free, -1] = 1 - F.sum(axis=1)
    size = np.linalg.norm(right, axis=0)
    residual = float((np.linalg.norm(right - A @ scores[free], axis=0) / np.where(size > 0, size, 1.0)).max())
    success = residual <= tol
    return LabelPropagationResult(
        labels=np.where(reached, classes[np.argmax(scores, axis=1)], UNKNOWN),
        scores=scores,
        classes=classes,
        residual=residual,
        nit=nit,
        success=success,
        status=0 if success else 1,
        message=f"the residual {residual:.2g} is {'at most' if success else 'above'} tol = {tol:g} after {nit} steps",
    )


def _labels(labels: Any, n: int) -> NDArray[np.int64]:
    given = np.asarray(labels)
    if given.dtype.kind not in "iu":
        raise TypeError(f"labels must hold integers, -1 for unknown, got dtype {given.dtype}: number the classes")
    if given.shape != (n,):
        raise ValueError(f"labels must have shape ({n},) as W has {n} rows, got {given.shape}")
    low = given < UNKNOWN
    if low.any():
        i = int(np.argmax(low))
        raise ValueError(f"labels must be classes >= 0 or -1 for unknown, got labels[{i}] = {given[i]}")
    if not (given != UNKNOWN).any():
        raise ValueError("labels must name the class of at least one node, got -1 for all")
    return given.astype(np.int64)


def _suited(W: Any, tree: NDArray[np.int32]) -> str:
    """Return the preconditioner that takes less time, by the spread of the weights and the components of the graph."""
    if W.nnz == 2 * (W.shape[0] - tree.max() - 1):  # a forest: solved in one step
        return "tree"
    low, high = np.quantile(W.data, [0.05, 0.95])
    return "tree" if high > SPREAD * low else "jacobi"


def _conjugate_gradients(A: Any, B: Floats, prepare: Any, tol: float, max_iter: int) -> tuple[Floats, int]:
    """Return X with ``A @ X = B``, by columns that each have their own step, and the number of iterations."""
    X, R = np.zeros_like(B), B.copy()
    goal = 0.3 * tol * np.linalg.norm(B, axis=0)  # the updated residual is a little smaller than the true one
    nit = 0
    P = np.zeros_like(B)
    last = np.ones(B.shape[1])
    while nit < max_iter and (np.linalg.norm(R, axis=0) > goal).any():
        Z = prepare(R)
        now = np.einsum("ij,ij->j", R, Z)
        P = Z + np.where(last > 0, now / np.where(last > 0, last, 1.0), 0.0) * P
        Q = A @ P
        curvature = np.einsum("ij,ij->j", P, Q)
        step = np.where(curvature > 0, now / np.where(curvature > 0, curvature, 1.0), 0.0)
        X += step * P
        R -= step * Q
        last = now
        nit += 1
    return X, nit
