"""What the linear regressors share: the check of the training data, predictions, sparse coefficients."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

__all__ = ["LinearRegressor"]

FLOATS = (np.float64, np.float32)


class LinearRegressor(RegressorMixin, BaseEstimator):
    """
    A regressor with coefficients and a constant term, which its subclasses find.

    Attributes
    ----------
    coef_ : numpy.ndarray, shape (n_features,)
        Coefficients.
    intercept_ : float
        Constant term.
    """

    coef_: NDArray[np.float64]
    intercept_: float

    def _training_data(self, X: Any, y: Any) -> tuple[Any, Any]:
        return validate_data(self, X, y, accept_sparse="csc", dtype=FLOATS, y_numeric=True)  # type: ignore[no-any-return]

    def predict(self, X: Any) -> NDArray[np.float64]:
        """
        Predict the response.

        Parameters
        ----------
        X : array_like or scipy.sparse array, shape (n_samples, n_features)
            Samples.

        Returns
        -------
        numpy.ndarray, shape (n_samples,)
            ``X @ coef_ + intercept_``.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=("csr", "csc"), dtype=FLOATS, reset=False)
        predicted: NDArray[np.float64] = X @ self.coef_ + self.intercept_
        return predicted

    @property
    def sparse_coef_(self) -> Any:
        """The coefficients as a scipy.sparse.csr_array of shape (1, n_features)."""
        from scipy import sparse

        return sparse.csr_array(self.coef_[np.newaxis])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
