"""L1 logistic regression: arguments and the result."""

from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mathlib._lib.dispatch import Backend, choose, family
from mathlib._lib.host import from_host, to_host
from mathlib._lib.result import Result
from mathlib._lib.validate import finite_array, finite_scalar, positive_integer
from mathlib.optimize.convergence import CONVERGED, outcome
from mathlib.optimize.logistic.array_columns import ArrayDesign
from mathlib.optimize.logistic.loss import dual_value
from mathlib.optimize.logistic.working_set import Problem, Solution, solve
from mathlib.optimize.sparse_regression.design_matrix import Design
from mathlib.optimize.training_data import matrix, two_classes

__all__ = ["L1LogisticResult", "l1_logistic"]


class L1LogisticResult(Result):
    """
    Result of `l1_logistic`.

    Attributes
    ----------
    x : array, shape (p,)
        The coefficients, float64 in the library of `X`; positive ones speak for ``classes[1]``.
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

    x: Any
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
        The matrix. An array of another array-API library (CuPy, PyTorch) stays where it is, float32 or float64.
    y : array_like, shape (n,)
        The labels, of two classes: numbers or strings, in the library of `X` or NumPy's.
    alpha : float
        The penalty, above 0.
    fit_intercept : bool, default False
        Whether a constant without penalty is added to ``X x``.
    tol : float, default 1e-6
        The duality gap that ends the iteration, relative to the objective at x = 0.
    max_iter : int, default 100
        Working sets at most.
    backend : {'numpy', 'numba', 'cupy'}, optional
        Who computes; by default compiled loops for NumPy and SciPy arrays, and for others their library.

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

    For an `X` of another library all that has n rows is computed there, in float64 also for float32 data: products,
    losses, and the weighted inner products of the columns of a working set, of which a Cholesky factor is all that the
    processor needs of the model. It suits many rows: the model costs rows times squared columns of the working set.

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
    foreign = family(y.__class__) not in ("numpy", "scalar")
    kind = choose((X, y) if foreign else (X,), backend)
    at_home = kind in ("numpy", "numba")
    X = matrix(X, "X") if at_home else finite_array(X, "X", ndim=2)
    n, p = X.shape
    if min(n, p) < 1:
        raise ValueError(f"X must have at least one row and one column, got shape {(n, p)}")
    signs, classes = two_classes(to_host(y) if foreign else y, "y", n)
    alpha = finite_scalar(alpha, "alpha", low=0.0)
    if alpha == 0.0:
        raise ValueError("alpha must be positive, got 0: without a penalty separable classes have no solution")
    tol = finite_scalar(tol, "tol", low=0.0)
    max_iter = positive_integer(max_iter, "max_iter")
    if not isinstance(fit_intercept, bool | np.bool):
        raise TypeError(f"fit_intercept must be True or False, got {fit_intercept!r}")

    design: Design | ArrayDesign
    if at_home:
        design, rows = Design(X, None, False, kind == "numba"), signs
    else:
        design, rows = ArrayDesign(X), from_host(signs, X, array_namespace(X).float64)
    share = float((signs > 0.0).mean()) if fit_intercept else 0.5
    constant = float(np.log(share / (1.0 - share)))
    t = np.where(signs > 0.0, 1.0 - share, share)
    level_max = float(np.abs(design.correlations(signs * t)).max())
    unit = dual_value(t)
    level = min(alpha * n, 1e300)
    found = Solution(np.zeros(p), constant, unit, 0.0, CONVERGED)
    if alpha < level_max / n:
        found = solve(Problem(design, rows, level, bool(fit_intercept)), constant, unit, tol, max_iter)
    success, message = outcome("l1_logistic", found.gap, tol, found.status)
    return L1LogisticResult(
        x=found.b if at_home else from_host(found.b, X, array_namespace(X).float64),
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
