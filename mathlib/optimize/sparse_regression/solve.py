"""The lasso and the elastic net at one penalty."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathlib._lib.validate import finite_scalar, positive_integer
from mathlib.optimize.convergence import CONVERGED, PRECISION_LIMIT, ConvergenceWarning
from mathlib.optimize.sparse_regression import homotopy, working_set
from mathlib.optimize.sparse_regression.array_matrix import ArrayDesign
from mathlib.optimize.sparse_regression.least_squares import least_squares
from mathlib.optimize.sparse_regression.results import LassoResult
from mathlib.optimize.sparse_regression.validation import Task, make_task
from mathlib.optimize.sparse_regression.working_set import Problem, Solution, certificate

Floats = NDArray[np.float64]

FLOOR = 2e-14  # gaps below are rounding
SMALL, ENTRIES = 500, 2_000_000  # up to so many rows, or columns and entries, the path is followed exactly


def lasso(
    X: Any,
    y: Any,
    alpha: float,
    /,
    *,
    l1_ratio: float = 1.0,
    weights: Any = None,
    sample_weight: Any = None,
    positive: bool = False,
    fit_intercept: bool = False,
    tol: float = 1e-6,
    x0: Any = None,
    max_iter: int = 100,
    backend: str | None = None,
) -> LassoResult:
    """
    Solve the lasso or elastic net and prove how close the solution is to the optimum.

    Parameters
    ----------
    X : array_like or scipy.sparse array, shape (n, p)
        Design. Dense arrays in any order and CSC are used as they are, float32 or float64; other sparse formats are
        converted to CSC, once in each call. An array of another array-API library stays where it is.
    y : array_like, shape (n,)
        Response.
    alpha : float
        Penalty; 0 gives least squares.
    l1_ratio : float, default 1.0
        Share of the absolute values in the penalty, from 0 (ridge) to 1 (lasso).
    weights : array_like, shape (p,), optional
        Factors of the absolute values, at least 0; by default ones.
    sample_weight : array_like, shape (n,), optional
        Weights of the rows, at least 0.
    positive : bool, default False
        Whether coefficients must not be negative.
    fit_intercept : bool, default False
        Whether to fit a constant term, without penalty. A sparse `X` stays sparse.
    tol : float, default 1e-6
        The duality gap to reach, relative to the objective at zero (with the best intercept).
    x0 : array_like, shape (p,), optional
        Coefficients to start from. Not used where the exact path is followed.
    max_iter : int, default 100
        Most working sets.
    backend : {None, 'numpy', 'numba', 'cupy'}, optional
        Who computes; by default compiled loops for NumPy and SciPy arrays.

    Returns
    -------
    LassoResult
        Coefficients, the certified gap, and the dual point that proves it.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, or arrays of several libraries are mixed.
    ValueError
        If an argument is not finite, negative where it must not be, of the wrong length, or `X` is empty; if
        ``positive=True`` meets columns without any penalty.

    Warns
    -----
    ConvergenceWarning
        If the gap is above `tol`.

    Notes
    -----
    The objective is ``sum w (y - X x - intercept)^2 / (2 sum w) + alpha (l1_ratio sum weights |x| + (1 - l1_ratio)
    |x|^2 / 2)``, where w is `sample_weight`, by default ones. Its dual point t satisfies \\|X_j't| <= alpha l1_ratio
    weights_j (without the bars if `positive`; beyond this bound an elastic net pays excess^2 / (2 alpha (1 - l1_ratio))
    instead), sums to 0 if there is an intercept, and proves that no objective is below y't - sum w sum t^2 / (2 w).

    Dense designs of at most 500 rows: the path from large penalties is followed exactly on a growing working set
    (Osborne, Presnell and Turlach, IMA J. Numer. Anal. 20 (2000) 389). Others: coordinate descent on a working set,
    Newton steps on its support with an exact line search, and columns dropped by the Gap Safe rule (Ndiaye et al.,
    J. Mach. Learn. Res. 18 (2017) 128). Residuals, products and the gap are in float64 also for float32 data.
    Besides `X`, memory is used for the columns of the working set: at most twice the non-zero coefficients or 1000.

    Without penalty (``alpha=0``) the solution is that of least norm; where `X` is sparse or has more than 4 million
    entries it is a least squares solution without certificate.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import lasso
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 1000))
    >>> y = 3 * X[:, 5] - 2 * X[:, 40] + 0.1 * rng.standard_normal(50)
    >>> found = lasso(X, y, 0.5)
    >>> found.active_set.tolist(), found.dual_gap < 1e-13
    ([5, 40], True)
    >>> float(np.abs(X.T @ found.dual_point).max().round(6))
    0.5
    """
    penalty = finite_scalar(alpha, "alpha", 0.0)
    tol = finite_scalar(tol, "tol", 0.0)
    limit = positive_integer(max_iter, "max_iter")
    task = make_task(X, y, l1_ratio, weights, sample_weight, positive, fit_intercept, backend)
    found = solve(task, penalty, tol, limit, task.start(x0))
    result = finished(task, penalty, tol, found)
    if not result.success:
        warnings.warn(result.message, ConvergenceWarning, stacklevel=2)
    return result


def solve(task: Task, alpha: float, tol: float, max_iter: int, start: Floats) -> Solution:
    """Solve the problem at one penalty by the method that suits it."""
    problem = task.problem
    level, l2 = task.penalty(alpha)
    zero = np.zeros(problem.design.p)
    if not problem.y.any():
        return Solution(zero, 0.0, problem.y, CONVERGED, screened=problem.design.p)
    if l2 == 0.0 and (level == 0.0 or not problem.weights.any()):
        if problem.positive:
            raise ValueError(
                "alpha is 0 with positive=True, which has no dual bound: use mathlib.optimize.nnls, or a small alpha"
            )
        return least_squares(problem)
    if exact_path(problem) and level > 0.0:
        b = next(homotopy.path(problem, [level], l2))
        if b is not None:
            found = certificate(problem, level, l2, b)
            if found.gap <= max(tol, FLOOR):
                return found
            start = b
    with np.errstate(over="ignore", invalid="ignore"):
        worse = start.any() and not _objective(problem, start, level, l2) < 0.5 * float(problem.y @ problem.y)
    return working_set.solve(problem, level, l2, zero if worse else start, tol, max_iter)


def exact_path(problem: Problem) -> bool:
    """Whether the path is followed exactly: compiled, dense, and a step over all rows is cheap."""
    design = problem.design
    if isinstance(design, ArrayDesign) or not design.compiled or design.sparse:
        return False
    return bool(design.n <= SMALL or (design.p <= SMALL and design.n * design.p <= ENTRIES))


def _objective(problem: Problem, b: Floats, level: float, l2: float) -> float:
    support = np.flatnonzero(b)
    r = problem.y - problem.design.combine(support, b[support])
    return 0.5 * float(r @ r) + level * float(np.sum(problem.weights * np.abs(b))) + 0.5 * l2 * float(np.sum(b * b))


def describe(gap: float, tol: float, status: int) -> tuple[bool, str]:
    """Return whether a gap is good enough, and the outcome in words."""
    success = not gap > max(tol, FLOOR)
    text = f"duality gap {gap:.2g} {'<=' if gap <= tol else '>'} tol {tol:g}"
    if np.isnan(gap):
        text = "least squares of a large or sparse matrix: no duality gap"
    elif status == PRECISION_LIMIT:
        text += ": precision limit, it falls no further in float64"
    elif not success:
        text += ": raise max_iter or tol"
    return success, text


def finished(task: Task, alpha: float, tol: float, found: Solution) -> LassoResult:
    """Return the result in the units of the caller."""
    problem, design = task.problem, task.problem.design
    level, l2 = task.penalty(alpha)
    x = np.ldexp(found.b, task.exponent)
    dual = found.dual if design.scale is None else design.scale * found.dual
    dual = np.ldexp(dual, task.exponent) / design.total
    success, message = describe(found.gap, tol, found.status)
    with np.errstate(over="ignore", under="ignore"):
        fun = float(np.ldexp(_objective(problem, found.b, level, l2) / design.total, 2 * task.exponent))
    intercept = task.intercept(x)
    active = np.flatnonzero(x)
    if isinstance(design, ArrayDesign):
        x, dual = (design.xp.asarray(v, device=design.device) for v in (x, dual))
    return LassoResult(
        x=x,
        intercept=intercept,
        fun=fun,
        dual_gap=found.gap,
        dual_point=dual,
        status=found.status,
        success=success,
        message=message,
        nit=found.nit,
        n_epochs=found.rounds,
        active_set=active,
        screened=found.screened,
    )
