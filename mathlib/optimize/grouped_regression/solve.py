"""The group lasso: arguments, units, and the result."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathlib._lib.dispatch import Backend
from mathlib._lib.result import Result
from mathlib._lib.validate import finite_array, finite_scalar, positive_integer
from mathlib.optimize.convergence import outcome
from mathlib.optimize.grouped_regression.working_set import Problem, Solution, solve
from mathlib.optimize.sparse_regression.design_matrix import Design
from mathlib.optimize.training_data import compiled, matrix, vector

__all__ = ["GroupLassoResult", "group_lasso"]


class GroupLassoResult(Result):
    """
    Result of `group_lasso`.

    Attributes
    ----------
    x : numpy.ndarray, shape (p,)
        The coefficients; groups that are not in the solution are exactly 0.
    intercept : float
        The constant term, 0 where none is fitted.
    fun : float
        The objective at `x`.
    dual_gap : float
        Certificate: `fun` exceeds the minimum by no more than `dual_gap` times the objective at x = 0 (with the best
        intercept). An estimate of its own rounding errors is included.
    alpha_max : float
        The least `alpha` for which all coefficients are 0.
    active_groups : numpy.ndarray of int
        The groups that are not 0.
    status : int
        0 converged, 1 iteration limit, 2 precision limit.
    success : bool
        Whether `dual_gap` is at most the tolerance or at the level of rounding.
    message : str
        The end in words.
    nit : int
        Working sets.
    n_newton : int
        Newton steps.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import group_lasso
    >>> group_lasso(np.eye(4), np.array([3.0, 4.0, 0.1, 0.1]), 2, 1.0).active_groups.tolist()
    [0]
    """

    x: np.ndarray
    intercept: float
    fun: float
    dual_gap: float
    alpha_max: float
    active_groups: np.ndarray
    status: int
    success: bool
    message: str
    nit: int
    n_newton: int


def group_lasso(
    X: Any,
    y: Any,
    groups: int | Sequence[Any],
    alpha: float,
    /,
    *,
    weights: Any = None,
    fit_intercept: bool = False,
    tol: float = 1e-6,
    max_iter: int = 100,
    backend: Backend | None = None,
) -> GroupLassoResult:
    """
    Minimise ``|y - X x|^2 / (2 n) + alpha sum_g weights[g] |x_g|``.

    Parameters
    ----------
    X : array_like or scipy.sparse matrix, shape (n, p)
        The matrix. Of a sparse one, the columns of the working set are made dense.
    y : array_like, shape (n,)
        The response.
    groups : int or sequence of sequences of int
        The indices of the columns of each group, each column in exactly one; or the size of consecutive groups.
    alpha : float
        The penalty, above 0.
    weights : array_like, shape (n_groups,), optional
        Positive factors of the penalty, by default 1; the square roots of the sizes are another usual choice [1]_.
    fit_intercept : bool, default False
        Whether a constant without penalty is added to ``X x``.
    tol : float, default 1e-6
        The duality gap that ends the iteration, relative to the objective at x = 0.
    max_iter : int, default 100
        Working sets at most.
    backend : {'numpy', 'numba'}, optional
        Where the loops over blocks run; compiled if numba is installed.

    Returns
    -------
    GroupLassoResult
        The coefficients and the certified gap.

    Raises
    ------
    ValueError
        If a shape does not fit, an entry is not finite, the groups do not hold every column exactly once, `alpha` or a
        weight is not positive.
    TypeError
        If an argument is of a kind that is not taken.

    Warns
    -----
    ConvergenceWarning
        If the gap is above the tolerance at the end.

    Notes
    -----
    Each group enters the working set in the coordinates of its principal axes: there the exact minimiser of a block is
    the root of a scalar equation, found by a Newton iteration that cannot overshoot. Between rounds of such descent,
    Newton steps on the groups that are not 0, where the objective is smooth, make the end of the iteration
    superlinear; each is accepted only if the objective falls. The gap compares the objective with that of the residual
    times a factor, a feasible point of the dual problem.

    References
    ----------
    .. [1] M. Yuan, Y. Lin, "Model selection and estimation in regression with grouped variables", J. R. Statist. Soc. B
       68 (2006) 49-67.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import group_lasso
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 12))
    >>> y = X[:, 3:6] @ np.array([1.0, -2.0, 0.5])
    >>> result = group_lasso(X, y, 3, 0.3)
    >>> result.active_groups.tolist(), result.dual_gap <= 1e-6
    ([1], True)
    """
    fast = compiled((X, y), backend, "group_lasso")
    X = matrix(X, "X")
    n, p = X.shape
    y = vector(y, "y", n, "X")
    members = _groups(groups, p)
    alpha = finite_scalar(alpha, "alpha", low=0.0)
    if alpha == 0.0:
        raise ValueError(
            "alpha must be positive, got 0: without a penalty this is least squares, see numpy.linalg.lstsq"
        )
    shares = _shares(weights, len(members))
    tol = finite_scalar(tol, "tol", low=0.0)
    max_iter = positive_integer(max_iter, "max_iter")
    if not isinstance(fit_intercept, bool | np.bool):
        raise TypeError(f"fit_intercept must be True or False, got {fit_intercept!r}")

    exponent = int(np.frexp(np.abs(y).max())[1])  # the unit of y is a power of two, so that squares are in range
    y = np.ldexp(y, -exponent)
    mean = float(y.mean()) if fit_intercept else 0.0
    y = y - mean
    if fit_intercept and np.abs(y).max() <= 1e-15 * abs(mean):  # a constant, up to the rounding of its mean
        y = np.zeros(n)
    design = Design(X, None, bool(fit_intercept), fast)
    c = design.correlations(y)
    of = np.empty(p, dtype=np.intp)
    for k, group in enumerate(members):
        of[group] = k
    level_max = float((np.sqrt(np.bincount(of, c * c)) / shares).max())
    alpha_max = float(np.ldexp(level_max / n, exponent))
    level = min(float(np.ldexp(alpha, -exponent)) * n, 1e300)
    found = Solution(np.zeros(p), gap=0.0, primal=float(y @ y) / 2.0, status=0)
    if alpha < alpha_max:
        found = solve(Problem(design, y, members, of, np.maximum(level * shares, 1e-300), fast), tol, max_iter)
    success, message = outcome("group_lasso", found.gap, tol, found.status)
    x = np.ldexp(found.b, exponent)
    return GroupLassoResult(
        x=x,
        intercept=float(np.ldexp(mean, exponent)) - float(design.means @ x) if fit_intercept else 0.0,
        fun=float(np.ldexp(found.primal / n, 2 * exponent)),
        dual_gap=float(found.gap),
        alpha_max=alpha_max,
        active_groups=np.unique(of[x != 0.0]),
        status=found.status,
        success=success,
        message=message,
        nit=found.nit,
        n_newton=found.newton_steps,
    )


def _groups(groups: Any, p: int) -> list[NDArray[np.intp]]:
    """Return the indices of each group, if they hold every column exactly once."""
    if isinstance(groups, int | np.integer) and not isinstance(groups, bool):
        size = positive_integer(groups, "groups")
        if p % size:
            raise ValueError(f"groups is the size {size}, which does not divide the {p} columns of X: list the groups")
        return list(np.arange(p).reshape(-1, size))
    members = []
    for k, group in enumerate(groups):
        index = np.asarray(group)
        if index.ndim != 1 or not len(index) or index.dtype.kind not in "iu":
            raise ValueError(f"groups[{k}] must be a sequence of column indices, not empty, got {group!r}")
        if index.min() < 0 or index.max() >= p:
            raise ValueError(f"groups[{k}] must have indices from 0 to {p - 1}, got {index.min()} to {index.max()}")
        members.append(index.astype(np.intp))
    times = np.bincount(np.concatenate(members), minlength=p) if members else np.zeros(p, dtype=np.intp)
    if (times != 1).any():
        j = int(np.flatnonzero(times != 1)[0])
        raise ValueError(f"groups must hold every column exactly once, column {j} is in {times[j]} of them")
    return members


def _shares(weights: Any, count: int) -> np.ndarray:
    """Return the factor of each group."""
    if weights is None:
        return np.ones(count)
    shares = np.asarray(finite_array(weights, "weights", ndim=1), dtype=np.float64)
    if len(shares) != count:
        raise ValueError(f"weights must have one entry for each group: got {len(shares)} for {count} groups")
    if shares.min() <= 0.0:
        k = int(np.argmin(shares))
        raise ValueError(f"weights must be positive, got weights[{k}] = {shares[k]:g}")
    return shares
