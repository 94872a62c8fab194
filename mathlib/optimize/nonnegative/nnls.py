"""Non-negative least squares: coordinate descent on the Gram matrix, then exact basic solutions by block pivoting."""

from typing import Any

import numpy as np

from mathlib._lib.dispatch import Backend
from mathlib._lib.result import Result
from mathlib._lib.validate import finite_scalar
from mathlib.optimize.convergence import CONVERGED, PRECISION_LIMIT, outcome
from mathlib.optimize.nonnegative.pivoting import EPOCHS, EPS, Pivot, minimise, solve
from mathlib.optimize.training_data import compiled, matrix, vector

__all__ = ["NNLSResult", "nnls"]

WIDE = 4  # columns over rows from which on an active set that grows one by one is faster: few columns can stay in it


class NNLSResult(Result):
    """
    Result of `nnls`.

    Attributes
    ----------
    x : numpy.ndarray, shape (p,)
        The solution, no entry below 0.
    fun : float
        ``|A x - b|^2 / 2``.
    residual_norm : float
        ``|A x - b|``.
    kkt : float
        Largest violation of the optimality conditions, of columns scaled to norm 1, relative to that at x = 0. It is
        also a backward error: x is exactly optimal after a relative change of A'b of this size.
    dual_gap : float
        Upper bound of ``(fun - the least possible value) / (|b|^2 / 2)``, from a dual feasible point. Dependent columns
        can leave no such point near the residual; it is then the bound by the dual point 0, ``fun / (|b|^2 / 2)``.
    active_set : numpy.ndarray of int
        The indices where x > 0.
    status : int
        0 converged, 2 precision limit.
    success : bool
        Whether `kkt` is at most the tolerance or at the level of rounding.
    message : str
        The end in words.
    nit : int
        Exchanges between the free unknowns and those at 0.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import nnls
    >>> nnls(np.eye(2), np.array([1.0, -1.0])).active_set.tolist()
    [0]
    """

    x: np.ndarray
    fun: float
    residual_norm: float
    kkt: float
    dual_gap: float
    active_set: np.ndarray
    status: int
    success: bool
    message: str
    nit: int


def nnls(A: Any, b: Any, /, *, tol: float = 1e-13, backend: Backend | None = None) -> NNLSResult:
    """
    Minimise ``|A x - b|^2 / 2`` over x >= 0.

    Parameters
    ----------
    A : array_like or scipy.sparse matrix, shape (m, p)
        The matrix; its Gram matrix (p, p) is formed, so p is at most some thousands.
    b : array_like, shape (m,)
        The right-hand side.
    tol : float, default 1e-13
        Violation of the optimality conditions, relative to that at x = 0, up to which the result is a success.
    backend : {'numpy', 'numba'}, optional
        Where the loop of coordinate descent runs; compiled if numba is installed.

    Returns
    -------
    NNLSResult
        The solution, its optimality conditions and a certified gap.

    Raises
    ------
    ValueError
        If a shape does not fit, an entry is not finite, or `tol` is negative.
    TypeError
        If an argument is of a kind that is not taken.

    Notes
    -----
    Ten epochs of coordinate descent on the Gram matrix of the columns, scaled to norm 1, show which unknowns are
    positive; then all unknowns of wrong sign are exchanged at once until there are none (block principal pivoting
    [1]_), each time with one refinement by the true residual. Where the exchanges do not settle, an interior point
    method finds the pattern; where columns are dependent, steps of the proximal point method tell them apart. For
    dense matrices with more than four times as many columns as rows the pattern comes from `scipy.optimize.nnls`.

    The gap: every t with A't <= 0 gives the lower bound ``b't - t't/2`` [2]_. Here t is the residual b - A x minus a
    combination of the free columns that takes the last positive entries out of its products with the columns.

    References
    ----------
    .. [1] L. F. Portugal, J. J. Júdice, L. N. Vicente, "A comparison of block pivoting and interior-point algorithms
       for linear least squares problems with nonnegative variables", Math. Comp. 63 (1994) 625-643.
    .. [2] C. L. Lawson, R. J. Hanson, "Solving Least Squares Problems", SIAM, 1995, chapter 23.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import nnls
    >>> A = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> result = nnls(A, np.array([2.0, 1.0, -1.0]))
    >>> print(result.x.round(12), round(result.fun, 12), result.success)
    [1.5 0. ] 0.75 True
    """
    fast = compiled((A, b), backend, "nnls")
    A = matrix(A, "A")
    b = vector(b, "b", A.shape[0], "A")
    tol = finite_scalar(tol, "tol", low=0.0)
    p = A.shape[1]

    size = float(np.abs(b).max()) or 1.0
    b = b / size
    G = A.T @ A
    G = G if isinstance(G, np.ndarray) else G.toarray()
    norms = np.sqrt(G.diagonal())
    scale = np.divide(1.0, norms, out=np.zeros(p), where=norms > 0.0)
    G *= scale
    G *= scale[:, None]
    G[np.diag_indices(p)] = 1.0
    q = scale * (A.T @ b)

    def gradient(x: np.ndarray) -> np.ndarray:
        return np.asarray(scale * (A.T @ (A @ (scale * x) - b)))

    x, kkt, gap, nit, status = np.zeros(p), 0.0, 0.0, 0, CONVERGED
    if q.max() > 0.0:
        if isinstance(A, np.ndarray) and p > WIDE * len(A):
            x = _one_by_one(scale * A, b)
        if not x.any():
            _descend(G, x, -q, EPOCHS, fast)
        end = minimise(G, q, gradient, x, min(A.shape))
        x, g, nit = np.maximum(end.x, 0.0), end.gradient, end.exchanges
        if end.x.min() < 0.0:
            g = gradient(x)
        kkt = float(np.where(x > 0.0, np.abs(g), np.maximum(-g, 0.0)).max() / np.abs(q).max())
        gap = _gap(A, scale, b, x, g, end)
        status = CONVERGED if kkt <= tol else PRECISION_LIMIT
    success, message = outcome("nnls", kkt, tol, status, "violation of the optimality conditions")
    x = size * (scale * x)
    residual = float(np.linalg.norm(A @ x - size * b))
    return NNLSResult(
        x=x,
        fun=residual * residual / 2.0,
        residual_norm=residual,
        kkt=kkt,
        dual_gap=gap,
        active_set=np.flatnonzero(x),
        status=status,
        success=success,
        message=message,
        nit=nit,
    )


def _one_by_one(A: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return SciPy's solution, zeros if it gives up: it takes columns in singly, and few of many stay."""
    from scipy.optimize import nnls as active_set

    try:
        return np.asarray(active_set(A, b)[0])
    except RuntimeError:
        return np.zeros(A.shape[1])


def _descend(G: np.ndarray, x: np.ndarray, g: np.ndarray, epochs: int, fast: bool) -> None:
    if fast:
        from mathlib.optimize.nonnegative.kernels.descent import descend

        descend(G, x, g, epochs)
        return
    for _ in range(epochs):
        for j in range(len(x)):
            step = max(-g[j], -x[j])
            if step != 0.0:
                x[j] += step
                g += step * G[j]


def _gap(A: Any, scale: np.ndarray, b: np.ndarray, x: np.ndarray, g: np.ndarray, end: Pivot) -> float:
    """Return the least gap that a few dual points prove, relative to |b|^2 / 2."""
    r = b - A @ (scale * x)
    best = float(r @ r / (b @ b))  # by the dual point 0
    margin = 4.0 * EPS * float(np.linalg.norm(r) + EPS * np.linalg.norm(b))
    u = np.zeros(len(x))
    for factor in (1.0, 8.0, 64.0):
        u[end.free] = solve(end.factor, factor * margin - g[end.free])
        shift = A @ (scale * u)
        slope = scale * (A.T @ (r - shift))
        if slope.max() <= 0.0:
            return min(best, float((shift @ shift / 2.0 - x @ slope) / (b @ b / 2.0)))
    return best
