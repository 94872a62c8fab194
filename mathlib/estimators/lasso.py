"""The lasso and the elastic net as estimators."""

from typing import Any, Self

from mathlib.estimators.linear_regressor import LinearRegressor
from mathlib.optimize import lasso

__all__ = ["ElasticNet", "Lasso"]


class ElasticNet(LinearRegressor):
    """
    Least squares with a penalty on absolute values and squares of coefficients, and a certified duality gap.

    Parameters
    ----------
    alpha : float, default 1.0
        Penalty; 0 gives least squares.
    l1_ratio : float, default 0.5
        Share of the absolute values in the penalty, from 0 (ridge) to 1 (lasso).
    fit_intercept : bool, default True
        Whether to fit a constant term, without penalty. Sparse data stay sparse.
    tol : float, default 1e-8
        The duality gap to reach, relative to the objective with all coefficients zero.
    max_iter : int, default 100
        Most working sets.
    positive : bool, default False
        Whether coefficients must not be negative.

    Attributes
    ----------
    coef_ : numpy.ndarray, shape (n_features,)
        Coefficients.
    sparse_coef_ : scipy.sparse.csr_array, shape (1, n_features)
        The same without the zeros.
    intercept_ : float
        Constant term.
    dual_gap_ : float
        Certificate: the objective exceeds its minimum by no more than `dual_gap_` times its value with all
        coefficients zero. Scikit-learn's is not divided by that value.
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
    The objective is that of ``sklearn.linear_model.ElasticNet``: sum w (y - X coef - intercept)^2 / (2 sum w) + alpha
    (l1_ratio \\|coef\\|_1 + (1 - l1_ratio) \\|coef\\|^2 / 2), where w is ``sample_weight``. For the method see
    `mathlib.optimize.lasso`.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.estimators import ElasticNet
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 1000))
    >>> y = 3 * X[:, 5] - 2 * X[:, 40] + 1
    >>> model = ElasticNet(0.5, l1_ratio=0.95).fit(X, y)
    >>> np.flatnonzero(model.coef_).tolist(), model.dual_gap_ <= 1e-8
    ([5, 40], True)
    """

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        tol: float = 1e-8,
        max_iter: int = 100,
        positive: bool = False,
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter
        self.positive = positive

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """
        Fit the coefficients.

        Parameters
        ----------
        X : array_like or scipy.sparse array, shape (n_samples, n_features)
            Samples. Dense arrays in any order and CSC are used as they are, float32 or float64.
        y : array_like, shape (n_samples,)
            Response.
        sample_weight : array_like, shape (n_samples,), optional
            Weights of the samples, at least 0.

        Returns
        -------
        Self
            The estimator.
        """
        X, y = self._training_data(X, y)
        found = lasso(
            X,
            y,
            self.alpha,
            l1_ratio=self.l1_ratio,
            sample_weight=sample_weight,
            positive=self.positive,
            fit_intercept=self.fit_intercept,
            tol=self.tol,
            max_iter=self.max_iter,
        )
        self.coef_, self.intercept_ = found.x, found.intercept
        self.dual_gap_, self.n_iter_ = found.dual_gap, max(found.nit, 1)
        return self


class Lasso(ElasticNet):
    """
    Least squares with a penalty on absolute values of coefficients, and a certified duality gap.

    Parameters
    ----------
    alpha : float, default 1.0
        Penalty; 0 gives least squares.
    fit_intercept : bool, default True
        Whether to fit a constant term, without penalty. Sparse data stay sparse.
    tol : float, default 1e-8
        The duality gap to reach, relative to the objective with all coefficients zero.
    max_iter : int, default 100
        Most working sets.
    positive : bool, default False
        Whether coefficients must not be negative.

    Attributes
    ----------
    coef_ : numpy.ndarray, shape (n_features,)
        Coefficients.
    sparse_coef_ : scipy.sparse.csr_array, shape (1, n_features)
        The same without the zeros.
    intercept_ : float
        Constant term.
    dual_gap_ : float
        Certificate: the objective exceeds its minimum by no more than `dual_gap_` times its value with all
        coefficients zero. Scikit-learn's is not divided by that value.
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
    The objective is that of ``sklearn.linear_model.Lasso``: sum w (y - X coef - intercept)^2 / (2 sum w) + alpha
    \\|coef\\|_1, where w is ``sample_weight``. For the method see `mathlib.optimize.lasso`.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.estimators import Lasso
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 1000))
    >>> y = 3 * X[:, 5] - 2 * X[:, 40] + 1
    >>> model = Lasso(0.5).fit(X, y)
    >>> np.flatnonzero(model.coef_).tolist(), model.dual_gap_ < 1e-13
    ([5, 40], True)
    """

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        tol: float = 1e-8,
        max_iter: int = 100,
        positive: bool = False,
    ) -> None:
        super().__init__(
            alpha, l1_ratio=1.0, fit_intercept=fit_intercept, tol=tol, max_iter=max_iter, positive=positive
        )
