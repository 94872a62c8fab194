"""Estimators for scikit-learn over the functions of the other rooms."""

try:
    from sklearn.utils.validation import validate_data  # noqa: F401 - the newest of the names that are needed
except ImportError as error:
    raise ImportError("mathlib.estimators needs scikit-learn, 1.6 or later: pip install scikit-learn") from error

from mathlib.estimators.group_lasso import GroupLasso
from mathlib.estimators.lasso import ElasticNet, Lasso
from mathlib.estimators.lasso_cv import LassoCV
from mathlib.estimators.sparse_logistic_regression import SparseLogisticRegression

__all__ = ["ElasticNet", "GroupLasso", "Lasso", "LassoCV", "SparseLogisticRegression"]
