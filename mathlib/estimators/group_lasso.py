"""The group lasso as an estimator."""

from collections.abc import Sequence
from typing import Any, Self

from mathlib.estimators.linear_regressor import LinearRegressor
from mathlib.optimize import group_lasso

__all__ = ["GroupLasso"]


class GroupLasso(LinearRegressor):
    """
    Least squares with a penalty on norms of groups of coefficients, and a certified duality gap.

    Parameters
    ----------
    groups : int or sequence of sequences of int, default 1
        The indices of the features of each group, each feature in exactly one; or the size of consecutive groups.
    alpha : float, default 1.0
        Penalty, above 0.
    weights : array_like, shape (n_groups,), optional
        Positive factors of the norms, by default ones; the square roots of the sizes are another usual choice.
    fit_intercept : bool, default True
        Whether to fit a constant term, without penalty.
    tol : float, default 1e-8
        The duality gap to reach, relative to the objective with all coefficients zero.
    max_iter : int, default 100
        Most working sets.

    Attributes
    ----------
    coef_ : numpy.ndarray, shape (n_features,)
        Coefficients; groups that are not in the solution are exactly 0.
    sparse_coef_ : scipy.sparse.csr_array, shape (1, n_features)
        The same without the zeros.
    intercept_ : float
        Constant term.
    active_groups_ : numpy.ndarray of int
        The groups that are not 0.
    dual_gap_ : float
        Certificate: the objective exceeds its minimum by no more than `dual_gap_` times its value with all
        coefficients zero.
    n_iter_ : int
        Number of working sets; 1 where none was needed.
    n_features_in_ : int
        Number of features in `fit`.
    feature_names_in_ : numpy.ndarray, shape (p,)
        Names of the features in `fit`, where all are strings.

    Warns
    -----
    ConvergenceWarning
        That of `mathlib.optimize`, in `fit`: the gap is above `tol`.

    Notes
    -----
    The objective is \\|y - X coef - intercept\\|^2 / (2 n) + alpha sum_g weights[g] \\|coef_g\\|. For the method see
    `mathlib.optimize.group_lasso`.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.estimators import GroupLasso
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 12))
    >>> y = X[:, 3:6] @ np.array([1.0, -2.0, 0.5]) + 1
    >>> model = GroupLasso(3, alpha=0.3).fit(X, y)
    >>> model.active_groups_.tolist(), model.dual_gap_ <= 1e-8
    ([1], True)
    """

    def __init__(
        self,
        groups: int | Sequence[Any] = 1,
        alpha: float = 1.0,
        *,
        weights: Any = None,
        fit_intercept: bool = True,
        tol: float = 1e-8,
        max_iter: int = 100,
    ) -> None:
        self.groups = groups
        self.alpha = alpha
        self.weights = weights
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any) -> Self:
        """
        Fit the coefficients.

        Parameters
        ----------
        X : array_like or scipy.sparse array, shape (n_samples, n_features)
            Samples. Of a sparse one, the columns of the working set are made dense.
        y : array_like, shape (n_samples,)
            Response.

        Returns
        -------
        Self
            The estimator.
        """
        X, y = self._training_data(X, y)
        found = group_lasso(
            X,
            y,
            self.groups,
            self.alpha,
            weights=self.weights,
            fit_intercept=self.fit_intercept,
            tol=self.tol,
            max_iter=self.max_iter,
        )
        self.coef_, self.intercept_, self.active_groups_ = found.x, found.intercept, found.active_groups
        self.dual_gap_, self.n_iter_ = found.dual_gap, max(found.nit, 1)
        return self
