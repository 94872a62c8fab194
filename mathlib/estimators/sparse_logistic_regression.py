"""Logistic regression with an absolute-value penalty as an estimator."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from mathlib._lib.validate import finite_scalar
from mathlib.optimize import l1_logistic

__all__ = ["SparseLogisticRegression"]

FLOATS = (np.float64, np.float32)


class SparseLogisticRegression(ClassifierMixin, BaseEstimator):
    """
    Logistic regression with a penalty on absolute values of coefficients, and certified duality gaps.

    Parameters
    ----------
    C : float, default 1.0
        Weight of the loss against the penalty, above 0; small values leave few coefficients.
    fit_intercept : bool, default True
        Whether to fit a constant term, without penalty.
    tol : float, default 1e-8
        The duality gap to reach, relative to the objective with all coefficients zero.
    max_iter : int, default 100
        Most working sets.

    Attributes
    ----------
    classes_ : numpy.ndarray, shape (n_classes,)
        The labels, sorted.
    coef_ : numpy.ndarray, shape (1, n_features) or (n_classes, n_features)
        Coefficients: one row for two classes, and positive ones speak for ``classes_[1]``; otherwise a row for each
        class.
    intercept_ : numpy.ndarray, shape (1,) or (n_classes,)
        Constant terms.
    dual_gap_ : numpy.ndarray, shape (1,) or (n_classes,)
        Certificates: the objective exceeds its minimum by no more than the gap times its value with all coefficients
        zero.
    n_iter_ : numpy.ndarray of int, shape (1,) or (n_classes,)
        Numbers of working sets; 1 where none was needed.
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
    For two classes the objective is that of ``sklearn.linear_model.LogisticRegression`` with ``l1_ratio=1``:
    C sum log(1 + exp(-s (X coef + intercept))) + \\|coef\\|_1, where s is -1 and 1 for the two classes. It is
    `mathlib.optimize.l1_logistic` with alpha = 1 / (C n_samples), where the method is described.

    For more classes, each is told from all others by a problem of its own (one against the rest), not by the
    multinomial loss; the probabilities are scaled to the sum 1.

    Examples
    --------
    >>> import numpy as np
    >>> from mathlib.estimators import SparseLogisticRegression
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 20))
    >>> y = np.where(X[:, 4] - X[:, 7] + 0.3 * rng.standard_normal(100) > 0, "yes", "no")
    >>> model = SparseLogisticRegression(0.1).fit(X, y)
    >>> np.flatnonzero(model.coef_).tolist(), model.classes_.tolist(), model.score(X, y) > 0.9
    ([4, 7], ['no', 'yes'], True)
    """

    def __init__(self, C: float = 1.0, *, fit_intercept: bool = True, tol: float = 1e-8, max_iter: int = 100) -> None:
        self.C = C
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any) -> Self:
        """
        Fit the coefficients.

        Parameters
        ----------
        X : array_like or scipy.sparse array, shape (n_samples, n_features)
            Samples.
        y : array_like, shape (n_samples,)
            Labels of at least two classes.

        Returns
        -------
        Self
            The estimator.
        """
        X, y = validate_data(self, X, y, accept_sparse="csc", dtype=FLOATS)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y must hold labels of at least two classes, got one class: {self.classes_[0]}")
        weight = finite_scalar(self.C, "C", 0.0)
        if weight == 0.0:
            raise ValueError("C must be positive, got 0: there would be nothing but the penalty")
        alpha = 1.0 / (weight * len(y))
        positive = range(len(self.classes_)) if len(self.classes_) > 2 else (1,)
        found = [
            l1_logistic(X, codes == k, alpha, fit_intercept=self.fit_intercept, tol=self.tol, max_iter=self.max_iter)
            for k in positive
        ]
        self.coef_ = np.array([result.x for result in found])
        self.intercept_ = np.array([result.intercept for result in found])
        self.dual_gap_ = np.array([result.dual_gap for result in found])
        self.n_iter_ = np.array([max(result.nit, 1) for result in found])
        return self

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """
        Return the scores of the classes.

        Parameters
        ----------
        X : array_like or scipy.sparse array, shape (n_samples, n_features)
            Samples.

        Returns
        -------
        numpy.ndarray, shape (n_samples,) or (n_samples, n_classes)
            ``X @ coef_.T + intercept_``: logarithms of the odds of ``classes_[1]``, or of each class against the rest.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=("csr", "csc"), dtype=FLOATS, reset=False)
        scores: NDArray[np.float64] = X @ self.coef_.T + self.intercept_
        return scores if len(self.classes_) > 2 else scores[:, 0]

    def predict(self, X: Any) -> NDArray[Any]:
        """
        Predict the labels.

        Parameters
        ----------
        X : array_like or scipy.sparse array, shape (n_samples, n_features)
            Samples.

        Returns
        -------
        numpy.ndarray, shape (n_samples,)
            The label of the class with the largest probability.
        """
        scores = self.decision_function(X)
        labels: NDArray[Any] = self.classes_[scores.argmax(axis=1) if scores.ndim == 2 else (scores > 0.0).astype(int)]
        return labels

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """
        Return the logarithms of the probabilities of the classes.

        Parameters
        ----------
        X : array_like or scipy.sparse array, shape (n_samples, n_features)
            Samples.

        Returns
        -------
        numpy.ndarray, shape (n_samples, n_classes)
            Logarithms of probabilities, in the order of `classes_`.
        """
        from scipy.special import log_expit, log_softmax

        scores = self.decision_function(X)
        if scores.ndim == 1:
            return np.column_stack((log_expit(-scores), log_expit(scores)))
        scaled: NDArray[np.float64] = log_softmax(log_expit(scores), axis=1)  # no sum that underflows
        return scaled

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """
        Return the probabilities of the classes.

        Parameters
        ----------
        X : array_like or scipy.sparse array, shape (n_samples, n_features)
            Samples.

        Returns
        -------
        numpy.ndarray, shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        chances: NDArray[np.float64] = np.exp(self.predict_log_proba(X))
        return chances

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
