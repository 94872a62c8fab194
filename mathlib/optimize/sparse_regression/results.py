"""What the lasso functions return."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathlib._lib.result import Result

Floats = NDArray[np.float64]


class LassoResult(Result):
    """
    What `lasso` found; n rows, p columns.

    Attributes
    ----------
    x : numpy.ndarray, shape (p,)
        Coefficients.
    intercept : float
        Constant term, 0 where none is fitted.
    fun : float
        Value of the objective at `x`.
    dual_gap : float
        Certificate: the objective at `x` exceeds its minimum by no more than `dual_gap` times its value at x = 0 (with
        the best intercept). An estimate of its own rounding errors is included. NaN for least squares of a large or
        sparse matrix, which have no such certificate.
    dual_point : numpy.ndarray, shape (n,)
        Point of the dual problem that proves it, see the Notes of `lasso`.
    status : int
        0 the gap is at most `tol`, 1 `max_iter` reached, 2 precision limit: the gap falls no further in float64.
    success : bool
        Whether the gap is at most `tol`, or 2e-14 where `tol` is less than that.
    message : str
        The status in words.
    nit : int
        Number of working sets.
    n_epochs : int
        Number of passes of coordinate descent over working sets.
    active_set : numpy.ndarray of int
        Indices of the non-zero coefficients.
    screened : int
        Number of columns that the gap proves to have coefficient zero in every solution.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import lasso
    >>> found = lasso(np.eye(3), np.array([3.0, -2.0, 0.1]), 0.5)
    >>> found.active_set.tolist(), found.success
    ([0, 1], True)
    """

    x: Any
    intercept: float
    fun: float
    dual_gap: float
    dual_point: Any
    status: int
    success: bool
    message: str
    nit: int
    n_epochs: int
    active_set: NDArray[np.intp]
    screened: int


class LassoPathResult(Result):
    """
    What `lasso_path` found; p columns, m penalties.

    Attributes
    ----------
    alphas : numpy.ndarray, shape (m,)
        Penalties, falling.
    coefs : scipy.sparse.csc_array, shape (p, m)
        Coefficients at each of them.
    intercepts : numpy.ndarray, shape (m,)
        Constant terms.
    gaps : numpy.ndarray, shape (m,)
        Certified relative duality gaps, as `dual_gap` of `LassoResult`.
    n_active : numpy.ndarray of int, shape (m,)
        Numbers of non-zero coefficients.
    status : numpy.ndarray of int, shape (m,)
        Status of each solution, as in `LassoResult`.
    success : bool
        Whether every gap is at most `tol`, or 2e-14 where `tol` is less than that.
    message : str
        The outcome in words.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.optimize import lasso_path
    >>> path = lasso_path(np.eye(3), np.array([3.0, -2.0, 0.1]), alphas=[0.9, 0.5])
    >>> path.n_active.tolist()
    [1, 2]
    """

    alphas: Floats
    coefs: Any
    intercepts: Floats
    gaps: Floats
    n_active: NDArray[np.intp]
    status: NDArray[np.intp]
    success: bool
    message: str
