"""The lasso and the elastic net at many penalties, and the least penalty that leaves nothing."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathlib._lib.validate import finite_array, finite_scalar, positive_integer
from mathlib.optimize.convergence import ConvergenceWarning
from mathlib.optimize.sparse_regression import homotopy
from mathlib.optimize.sparse_regression.array_matrix import ArrayDesign
from mathlib.optimize.sparse_regression.results import LassoPathResult
from mathlib.optimize.sparse_regression.solve import FLOOR, describe, exact_path, solve
from mathlib.optimize.sparse_regression.validation import Task, make_task
from mathlib.optimize.sparse_regression.working_set import Solution, certificate, dual_direction

Floats = NDArray[np.float64]


def lasso_path(
    X: Any,
    y: Any,
    /,
    *,
    n_alphas: int = 100,
    eps: float = 1e-3,
    alphas: Any = None,
    l1_ratio: float = 1.0,
    weights: Any = None,
    sample_weight: Any = None,
    positive: bool = False,
    fit_intercept: bool = False,
    tol: float = 1e-6,
    max_iter: int = 100,
    backend: str | None = None,
) -> LassoPathResult:
    """
    Solve the lasso or elastic net at falling penalties, each with a certified gap.

    Parameters
    ----------
    X : array_like or scipy.sparse array, shape (n, p)
        Design, as in `lasso`; of NumPy or SciPy.
    y : array_like, shape (n,)
        Response.
    n_alphas : int, default 100
        Number of penalties, if `alphas` is not given.
    eps : float, default 1e-3
        Least penalty over the largest, which is `alpha_max`, if `alphas` is not given; they are spaced geometrically.
    alphas : array_like, optional
        Penalties; they are sorted.
    l1_ratio : float, default 1.0
        Share of the absolute values in the penalty, from 0 (ridge) to 1 (lasso).
    weights : array_like, shape (p,), optional
        Factors of the absolute values, at least 0; by default ones.
    sample_weight : array_like, shape (n,), optional
        Weights of the rows, at least 0.
    positive : bool, default False
        Whether coefficients must not be negative.
    fit_intercept : bool, default False
        Whether to fit a constant term, without penalty.
    tol : float, default 1e-6
        The duality gap to reach at each penalty, relative to the objective at zero.
    max_iter : int, default 100
        Most working sets at each penalty.
    backend : {None, 'numpy', 'numba'}, optional
        Who computes; by default compiled loops.

    Returns
    -------
    LassoPathResult
        Penalties, a sparse matrix of coefficients, constant terms, gaps.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, or `X` is of another library than NumPy or SciPy.
    ValueError
        If an argument is not finite, out of range or of the wrong length.

    Warns
    -----
    ConvergenceWarning
        If a gap is above `tol`.

    Notes
    -----
    Each problem starts from the solution of the one before. Dense lasso problems of at most 500 rows cost no more than
    the last one of them: the path is followed exactly (see `lasso`).

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import lasso_path
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 1000))
    >>> y = 3 * X[:, 5] - 2 * X[:, 40]
    >>> path = lasso_path(X, y, n_alphas=5, eps=0.1)
    >>> path.n_active.tolist(), path.success
    ([0, 2, 2, 2, 2], True)
    """
    tol = finite_scalar(tol, "tol", 0.0)
    limit = positive_integer(max_iter, "max_iter")
    count, least = positive_integer(n_alphas, "n_alphas"), finite_scalar(eps, "eps", 0.0, 1.0)
    task = make_task(X, y, l1_ratio, weights, sample_weight, positive, fit_intercept, backend)
    if isinstance(task.problem.design, ArrayDesign):
        raise TypeError(f"X is a {type(X).__name__}, a path takes NumPy or SciPy arrays: call lasso for each penalty")
    if alphas is None:
        if least == 0.0:
            raise ValueError("eps must be positive, got 0: the penalties are spaced geometrically")
        values = np.geomspace(1.0, least, count) * _alpha_max(task)
    else:
        values = -np.sort(-np.asarray(finite_array(alphas, "alphas", ndim=1), np.float64))
        if not values.size or values[-1] < 0.0:
            raise ValueError(f"alphas must hold numbers of at least 0, got {alphas!r}")
    return _result(task, values, tol, _solutions(task, values, tol, limit))


def alpha_max(
    X: Any,
    y: Any,
    /,
    *,
    l1_ratio: float = 1.0,
    weights: Any = None,
    sample_weight: Any = None,
    positive: bool = False,
    fit_intercept: bool = False,
    backend: str | None = None,
) -> float:
    """
    Return the least penalty at which all penalised coefficients are zero.

    Parameters
    ----------
    X : array_like or scipy.sparse array, shape (n, p)
        Design, as in `lasso`.
    y : array_like, shape (n,)
        Response.
    l1_ratio : float, default 1.0
        Share of the absolute values in the penalty; positive.
    weights : array_like, shape (p,), optional
        Factors of the absolute values, at least 0; by default ones.
    sample_weight : array_like, shape (n,), optional
        Weights of the rows, at least 0.
    positive : bool, default False
        Whether coefficients must not be negative.
    fit_intercept : bool, default False
        Whether a constant term is fitted.
    backend : {None, 'numpy', 'numba', 'cupy'}, optional
        Who computes; by default compiled loops for NumPy and SciPy arrays.

    Returns
    -------
    float
        The penalty; 0 where the penalised columns are orthogonal to what the others leave of `y`.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, or arrays of several libraries are mixed.
    ValueError
        If an argument is not finite, out of range or of the wrong length; if `l1_ratio` is 0, or is less than 1 where
        a weight is 0: there is no such penalty then, or none in closed form.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import alpha_max
    >>> alpha_max(np.eye(4), np.array([1.0, -3.0, 2.0, 0.0]))
    0.75
    """
    return _alpha_max(make_task(X, y, l1_ratio, weights, sample_weight, positive, fit_intercept, backend))


def _alpha_max(task: Task) -> float:
    problem = task.problem
    if task.l1_ratio == 0.0:
        raise ValueError("l1_ratio is 0: the ridge has no penalty with all coefficients zero; give alphas")
    penalised = problem.weights > 0.0
    if task.l1_ratio < 1.0 and not penalised.all():
        j = int(np.argmin(penalised))
        raise ValueError(f"weights[{j}] is 0 with l1_ratio {task.l1_ratio:g} < 1: no closed form, give alphas")
    c = problem.design.correlations(dual_direction(problem.y, problem.span, 0.0))[penalised]
    size = (c if problem.positive else np.abs(c)) / problem.weights[penalised]
    largest = float(size.max(initial=0.0))
    return float(np.ldexp(largest / (problem.design.total * task.l1_ratio), task.exponent))


def _solutions(task: Task, alphas: Floats, tol: float, max_iter: int) -> Iterator[Solution]:
    """Yield the solution at each penalty."""
    problem = task.problem
    exact: Iterator[Floats | None] = iter(())
    if exact_path(problem) and task.l1_ratio == 1.0 and problem.y.any():
        exact = homotopy.path(problem, [task.penalty(alpha)[0] for alpha in alphas], 0.0)
    b = np.zeros(problem.design.p)
    for alpha in alphas:
        followed = next(exact, None) if alpha > 0.0 else None
        found = None if followed is None else certificate(problem, task.penalty(alpha)[0], 0.0, followed)
        if found is None or found.gap > max(tol, FLOOR):
            found = solve(task, float(alpha), tol, max_iter, b)
        b = found.b
        yield found


def _result(task: Task, alphas: Floats, tol: float, solutions: Iterator[Solution]) -> LassoPathResult:
    from scipy import sparse

    supports, values, gaps, status, intercepts = [], [], [], [], []
    for found in solutions:  # which is dense, and not kept
        x = np.ldexp(found.b, task.exponent)
        supports.append(np.flatnonzero(x))
        values.append(x[supports[-1]])
        gaps.append(found.gap)
        status.append(found.status)
        intercepts.append(task.intercept(x))
    n_active = np.array([len(support) for support in supports])
    entries = np.concatenate(values), np.concatenate(supports), np.concatenate([[0], np.cumsum(n_active)])
    worst = int(np.argmax(gaps))
    success, message = describe(gaps[worst], tol, status[worst])
    result = LassoPathResult(
        alphas=alphas,
        coefs=sparse.csc_array(entries, shape=(task.problem.design.p, len(alphas))),
        intercepts=np.array(intercepts),
        gaps=np.array(gaps),
        n_active=n_active,
        status=np.array(status),
        success=success,
        message=f"at alpha {alphas[worst]:g}: {message}",
    )
    if not success:
        warnings.warn(result.message, ConvergenceWarning, stacklevel=3)
    return result
