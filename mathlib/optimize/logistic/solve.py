"""L1 logistic regression: arguments and the result."""

from typing import Any

import numpy as np

from mathlib._lib.dispatch import Backend
from mathlib._lib.result import Result
from mathlib._lib.validate import finite_scalar, positive_integer
from mathlib.optimize.convergence import CONVERGED, outcome
from mathlib.optimize.logistic.loss import dual_value
from mathlib.optimize.logistic.working_set import Problem, Solution, solve
from mathlib.optimize.sparse_regression.design_matrix import Design
from mathlib.optimize.training_data import compiled, matrix, two_classes

__all__ = ["L1LogisticResult", "l1_logistic"]


class L1LogisticResult(Result):
    """
    Result of `l1_logistic`.

    Attributes
    ----------
    x : numpy.ndarray, shape (p,)
        The coefficients; positive ones speak for ``classes[1]``.
    intercept : float
        The constant term, 0 where none is fitted.
    classes : numpy.ndarray, shape (2,)
        The two labels, sorted.
    fun : float
        The objective at `x`.
    dual_gap : float
        Certificate: `fun` exceeds the minimum by no more than `dual_gap` times the objective at x = 0 (with the best
        intercept), which is log 2 or less. Four units of rounding of that are included.
    alpha_max : float
        The least `alpha` for which all coefficients are 0.
    active_set : numpy.ndarray of int
        The indices of the coefficients that are not 0.
    status : int
        0 converged, 1 iteration limit, 2 precision limit.
    success : bool
        Whether `dual_gap` is at most the tolerance or at the level of rounding.
    message : str
        The end in words.
    nit : int
        Working sets.
    n_newton : int
        Proximal Newton steps.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import l1_logistic
    >>> result = l1_logistic(np.array([[1.0, 0.1], [-1.0, 0.1]]), ["up", "down"], 0.1)
    >>> result.active_set.tolist(), result.classes.tolist()
    ([0], ['down', 'up'])
    """

    x: np.ndarray
    intercept: float
    classes: np.ndarray
    fun: float
    dual_gap: float
    alpha_max: float
    active_set: np.ndarray
    status: int
    success: bool
    message: str
    nit: int
    n_newton: int


def l1_logistic(
    X: Any,
    y: Any,
    alpha: float,
    /,
    *,
    fit_intercept: bool = False,
    tol: float = 1e-6,
    max_iter: int = 100,
    backend: Backend | None = None,
) -> L1LogisticResult:
    """
    Minimise ``sum_i log(1 + exp(-s_i (X x)_i)) / n + alpha |x|_1``, where the s_i are -1 and 1 for the two classes.

    Parameters
    ----------
    X : array_like or scipy.sparse matrix, shape (n, p)
        The matrix.
    y : array_like, shape (n,)
        The labels, of two classes.
    alpha : float
        The penalty, above 0.
    fit_intercept : bool, default False
        Whether a constant without penalty is added to ``X x``.
    tol : float, default 1e-6
        The duality gap that ends the iteration, relative to the objective at x = 0.
    max_iter : int, default 100
        Working sets at most.
    backend : {'numpy', 'numba'}, optional
        Where the loops of coordinate descent run; compiled if numba is installed.

    Returns
    -------
    L1LogisticResult
        The coefficients and the certified gap.

    Raises
    ------
    ValueError
        If a shape does not fit, an entry is not finite, the labels are not of two classes or `alpha` is not positive.
    TypeError
        If an argument is of a kind that is not taken.

    Warns
    -----
    ConvergenceWarning
        If the gap is above the tolerance at the end.

    Notes
    -----
    On a growing working set of columns, proximal Newton steps: the loss is replaced by its quadratic model, a weighted
    lasso, that coordinate descent and Newton steps on the support solve, to a share of the present violation of the
    optimality conditions; an Armijo search along the step ends it. The certificate is the dual point of the chances of
    error, scaled into the dual feasible set, whose objective is a sum of entropies [1]_; with an intercept the chances
    of the two classes are given the same sum first.

    References
    ----------
    .. [1] K. Koh, S.-J. Kim, S. Boyd, "An interior-point method for large-scale l1-regularized logistic regression",
       J. Machine Learning Research 8 (2007) 1519-1555.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import l1_logistic
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 20))
    >>> y = np.where(X[:, 4] - X[:, 7] + 0.3 * rng.standard_normal(100) > 0, "yes", "no")
    >>> result = l1_logistic(X, y, 0.1)
    >>> result.active_set.tolist(), result.classes.tolist(), result.dual_gap <= 1e-6
    ([4, 7], ['no', 'yes'], True)
    """
    fast = compiled((X,), backend, "l1_logistic")
    X = matrix(X, "X")
    n, p = X.shape
    signs, classes = two_classes(y, "y", n)
    alpha = finite_scalar(alpha, "alpha", low=0.0)
    if alpha == 0.0:
        raise ValueError("alpha must be positive, got 0: without a penalty separable classes have no solution")
    tol = finite_scalar(tol, "tol", low=0.0)
    max_iter = positive_integer(max_iter, "max_iter")
    if not isinstance(fit_intercept, bool | np.bool):
        raise TypeError(f"fit_intercept must be True or False, got {fit_intercept!r}")

    design = Design(X, None, False, fast)
    share = float((signs > 0.0).mean()) if fit_intercept else 0.5
    constant = float(np.log(share / (1.0 - share)))
    t = np.where(signs > 0.0, 1.0 - share, share)
    level_max = float(np.abs(design.correlations(signs * t)).max())
    unit = dual_value(t)
    level = min(alpha * n, 1e300)
    found = Solution(np.zeros(p), constant, unit, 0.0, CONVERGED)
    if alpha < level_max / n:
        found = solve(Problem(design, signs, level, bool(fit_intercept)), constant, unit, tol, max_iter)
    success, message = outcome("l1_logistic", found.gap, tol, found.status)
    return L1LogisticResult(
        x=found.b,
        intercept=found.constant,
        classes=classes,
        fun=float(found.primal / n),
        dual_gap=float(found.gap),
        alpha_max=level_max / n,
        active_set=np.flatnonzero(found.b),
        status=found.status,
        success=success,
        message=message,
        nit=found.nit,
        n_newton=found.newton_steps,
    )
