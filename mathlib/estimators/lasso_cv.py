"""The lasso with a penalty chosen by cross-validation."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import check_cv
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_consistent_length

from mathlib._lib.validate import finite_array, finite_scalar, positive_integer
from mathlib.estimators.lasso import Lasso
from mathlib.estimators.linear_regressor import LinearRegressor
from mathlib.optimize import alpha_max, lasso_path

__all__ = ["LassoCV"]

Floats = NDArray[np.float64]

LEAST = 1e-15  # penalty of a grid where every penalty leaves nothing, as in scikit-learn


class LassoCV(LinearRegressor):
    """
    The lasso with the penalty of least squared error in cross-validation.

    Parameters
    ----------
    eps : float, default 1e-3
        Least penalty over the largest, if `alphas` is a number of penalties.
    alphas : int or array_like, default 100
        Number of penalties, spaced geometrically down from the least one that leaves no coefficient, or the penalties.
    fit_intercept : bool, default True
        Whether to fit a constant term, without penalty. Sparse data stay sparse.
    tol : float, default 1e-8
        The duality gap to reach at each penalty, relative to the objective with all coefficients zero.
    max_iter : int, default 100
        Most working sets at each penalty.
    cv : int, splitter or iterable of pairs of index arrays, optional
        How the samples are split into training and test sets; by default five folds.
    n_jobs : int, optional
        Threads over the folds, as in scikit-learn.
    positive : bool, default False
        Whether coefficients must not be negative.

    Attributes
    ----------
    alpha_ : float
        The penalty that was chosen.
    alphas_ : numpy.ndarray, shape (n_alphas,)
        The penalties, falling.
    mse_path_ : numpy.ndarray, shape (n_alphas, n_folds)
        Mean squared error on the test set of each fold.
    coef_ : numpy.ndarray, shape (n_features,)
        Coefficients at `alpha_`, fitted to all samples.
    sparse_coef_ : scipy.sparse.csr_array, shape (1, n_features)
        The same without the zeros.
    intercept_ : float
        Constant term.
    dual_gap_ : float
        Certificate of that fit, as in `Lasso`.
    n_iter_ : int
        Number of its working sets; 1 where none was needed.
    n_features_in_ : int
        Number of features in `fit`.
    feature_names_in_ : numpy.ndarray, shape (p,)
        Names of the features in `fit`, where all are strings.

    Warns
    -----
    ConvergenceWarning
        That of `mathlib.optimize`, in `fit`: a gap is above `tol`.

    Notes
    -----
    The grid, the errors and the choice are those of ``sklearn.linear_model.LassoCV``: the errors of a fold are weighted
    by ``sample_weight``, the folds alike. On each training set `mathlib.optimize.lasso_path` solves all penalties.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.estimators import LassoCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 200))
    >>> y = 3 * X[:, 5] - 2 * X[:, 40] + 1 + 0.1 * rng.standard_normal(60)
    >>> model = LassoCV(cv=4).fit(X, y)
    >>> model.mse_path_.shape, bool(model.alpha_ < 0.1)
    ((100, 4), True)
    """

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        alphas: int | Sequence[float] = 100,
        fit_intercept: bool = True,
        tol: float = 1e-8,
        max_iter: int = 100,
        cv: Any = None,
        n_jobs: int | None = None,
        positive: bool = False,
    ) -> None:
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter
        self.cv = cv
        self.n_jobs = n_jobs
        self.positive = positive

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """
        Choose the penalty and fit the coefficients.

        Parameters
        ----------
        X : array_like or scipy.sparse array, shape (n_samples, n_features)
            Samples.
        y : array_like, shape (n_samples,)
            Response.
        sample_weight : array_like, shape (n_samples,), optional
            Weights of the samples, at least 0, in training and in the errors.

        Returns
        -------
        Self
            The estimator.
        """
        X, y = self._training_data(X, y)
        if sample_weight is not None:
            sample_weight = finite_array(sample_weight, "sample_weight", ndim=1)
            check_consistent_length(X, sample_weight)
        options: dict[str, Any] = {"positive": self.positive, "fit_intercept": self.fit_intercept}
        self.alphas_ = self._grid(X, y, sample_weight, options)
        options |= {"tol": self.tol, "max_iter": self.max_iter}
        errors = Parallel(n_jobs=self.n_jobs, prefer="threads")(
            delayed(_errors)(X, y, sample_weight, train, test, self.alphas_, options)
            for train, test in check_cv(self.cv).split(X, y)
        )
        self.mse_path_ = np.column_stack(errors)
        self.alpha_ = float(self.alphas_[np.argmin(self.mse_path_.mean(axis=1))])
        found = Lasso(self.alpha_, **options).fit(X, y, sample_weight)
        self.coef_, self.intercept_ = found.coef_, found.intercept_
        self.dual_gap_, self.n_iter_ = found.dual_gap_, found.n_iter_
        return self

    def _grid(self, X: Any, y: Any, sample_weight: Any, options: dict[str, Any]) -> Floats:
        if not isinstance(self.alphas, Integral):
            return -np.sort(-np.asarray(finite_array(self.alphas, "alphas", ndim=1), np.float64))
        count = positive_integer(self.alphas, "alphas")
        least = finite_scalar(self.eps, "eps", 0.0, 1.0)
        if least == 0.0:
            raise ValueError("eps must be positive, got 0: the penalties are spaced geometrically")
        top = alpha_max(X, y, sample_weight=sample_weight, **options)
        return np.geomspace(top, top * least, count) if top > LEAST else np.full(count, LEAST)


def _errors(
    X: Any, y: Any, sample_weight: Any, train: Any, test: Any, alphas: Floats, options: dict[str, Any]
) -> Floats:
    """Return the mean squared error on a test set at each penalty."""
    weights = (None, None) if sample_weight is None else (sample_weight[train], sample_weight[test])
    path = lasso_path(X[train], y[train], alphas=alphas, sample_weight=weights[0], **options)
    excess = safe_sparse_dot(X[test], path.coefs, dense_output=True) + path.intercepts - y[test, np.newaxis]
    return np.average(excess**2, axis=0, weights=weights[1])
