"""The estimators: scikit-learn's own checks, scikit-learn's own solutions, optimality conditions, errors."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from scipy import sparse

sklearn = pytest.importorskip("sklearn")

from sklearn import linear_model  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris  # noqa: E402
from sklearn.model_selection import GridSearchCV, KFold  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

from mathlib.estimators import ElasticNet, GroupLasso, Lasso, LassoCV, SparseLogisticRegression  # noqa: E402
from mathlib.optimize import ConvergenceWarning, l1_logistic  # noqa: E402

ALL = (Lasso, ElasticNet, LassoCV, GroupLasso, SparseLogisticRegression)
TIGHT = {"tol": 1e-14, "max_iter": 100_000}  # for scikit-learn


@parametrize_with_checks([kind() for kind in ALL])
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


def sample(n=60, p=90, seed=0):
    """Return a design with a mean, a third of it zero, a response with a mean, and weights of the rows."""
    rng = np.random.default_rng(seed)
    X = (rng.standard_normal((n, p)) + 1.0) * (rng.random((n, p)) < 2 / 3)
    y = X[:, :5] @ np.array([3.0, -2.0, 1.5, 0.5, -1.0]) + 4.0 + 0.1 * rng.standard_normal(n)
    return X, y, rng.integers(0, 4, n).astype(float)


def assert_same_fit(ours, theirs, X):
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array, sparse.csc_matrix])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "options", [{}, {"positive": True}, {"fit_intercept": False}], ids=["plain", "positive", "no intercept"]
)
@pytest.mark.parametrize("name", ["Lasso", "ElasticNet"])
def test_same_solution_as_scikit_learn(name, options, weighted, container):
    X, y, w = sample()
    weights = w if weighted else None
    ours = {"Lasso": Lasso, "ElasticNet": ElasticNet}[name](0.05, tol=1e-13, **options)
    theirs = getattr(linear_model, name)(0.05, **TIGHT, **options)
    assert_same_fit(ours.fit(container(X), y, weights), theirs.fit(X, y, weights), container(X))
    assert 0.0 <= ours.dual_gap_ <= 1e-13
    assert 0 < np.count_nonzero(ours.coef_) < X.shape[1]


def test_defaults_are_those_of_scikit_learn():
    for ours, theirs in (
        (Lasso(), linear_model.Lasso()),
        (ElasticNet(), linear_model.ElasticNet()),
        (LassoCV(), linear_model.LassoCV()),
        (SparseLogisticRegression(), linear_model.LogisticRegression()),
    ):
        here, there = ours.get_params(), theirs.get_params()
        assert {k: there[k] for k in here if k not in ("tol", "max_iter")} == {
            k: v for k, v in here.items() if k not in ("tol", "max_iter")
        }


def test_more_columns_than_rows_on_float32():
    X, y, _ = sample(p=400)
    X32 = X.astype(np.float32)
    ours = Lasso(0.1).fit(X32, y)
    assert_same_fit(ours, Lasso(0.1).fit(X32.astype(np.float64), y), X32)


@pytest.mark.parametrize("container", [np.asarray, sparse.csc_array])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("positive", [False, True])
def test_cross_validation_is_that_of_scikit_learn(container, weighted, positive):
    X, y, w = sample()
    w = w + 1.0 if weighted else None
    options = {"alphas": 20, "eps": 0.01, "cv": KFold(3, shuffle=True, random_state=0), "positive": positive}
    ours = LassoCV(tol=1e-12, **options).fit(container(X), y, w)
    theirs = linear_model.LassoCV(**options, **TIGHT).fit(X, y, w)
    np.testing.assert_allclose(ours.alphas_, theirs.alphas_, rtol=1e-12)
    np.testing.assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-6)
    assert ours.alpha_ == pytest.approx(theirs.alpha_, rel=1e-12)
    assert_same_fit(ours, theirs, X)


def test_penalties_of_ones_own_are_sorted():
    X, y, _ = sample()
    ours = LassoCV(alphas=[0.01, 1.0, 0.1]).fit(X, y)
    assert ours.alphas_.tolist() == [1.0, 0.1, 0.01]
    assert ours.mse_path_.shape == (3, 5)
    np.testing.assert_array_equal(ours.coef_, Lasso(ours.alpha_).fit(X, y).coef_)


def test_constant_response_in_cross_validation():
    X, _, _ = sample()
    ours = LassoCV(alphas=3).fit(X, np.full(60, 2.5))
    assert not ours.coef_.any()
    assert ours.intercept_ == 2.5
    assert ours.alphas_.tolist() == [1e-15] * 3


def test_threads_do_not_change_the_result():
    X, y, _ = sample()
    one, two = (LassoCV(alphas=10, n_jobs=n).fit(X, y) for n in (1, 2))
    np.testing.assert_array_equal(one.mse_path_, two.mse_path_)
    np.testing.assert_array_equal(one.coef_, two.coef_)


def test_groups_of_one_are_the_lasso():
    X, y, _ = sample()
    ours = GroupLasso(1, 0.05, tol=1e-13).fit(X, y)
    assert_same_fit(ours, linear_model.Lasso(0.05, **TIGHT).fit(X, y), X)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_group_lasso_is_optimal(container):
    X, y, _ = sample()
    groups = [list(range(0, 90, 2)), [1, 3, 5], list(range(7, 90, 2))]
    factors = np.sqrt([len(g) for g in groups])
    ours = GroupLasso(groups, 0.4, weights=factors, tol=1e-14).fit(container(X), y)
    r = y - ours.predict(container(X))
    assert abs(r.mean()) < 1e-9
    assert 0 < len(ours.active_groups_) < 3
    for k, group in enumerate(groups):
        slope, b = X[:, group].T @ r / len(y), ours.coef_[group]
        if k in ours.active_groups_:
            np.testing.assert_allclose(slope, 0.4 * factors[k] * b / np.linalg.norm(b), atol=1e-6)
        else:
            assert np.linalg.norm(slope) <= 0.4 * factors[k]
            assert not b.any()


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_logistic_regression_is_optimal(container):
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    ours = SparseLogisticRegression(0.1, tol=1e-13).fit(container(X), y)
    errors = y - ours.predict_proba(container(X))[:, 1]
    slope, b = X.T @ errors * 0.1, ours.coef_[0]
    assert abs(errors.sum()) < 1e-5
    np.testing.assert_allclose(slope[b != 0], np.sign(b[b != 0]), atol=1e-5)
    assert np.abs(slope).max() < 1.0 + 1e-5
    assert ours.coef_.shape == (1, 30)
    assert 0 < np.count_nonzero(b) < 30
    assert ours.dual_gap_[0] <= 1e-13
    assert ours.score(container(X), y) > 0.95


def test_same_logistic_regression_as_scikit_learn():
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    theirs = linear_model.LogisticRegression(C=0.1, l1_ratio=1.0, solver="saga", tol=1e-12, max_iter=20_000).fit(X, y)
    ours = SparseLogisticRegression(0.1, tol=1e-13).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-6)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)


def test_three_classes_are_told_one_from_the_rest():
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])
    ours = SparseLogisticRegression().fit(X, names[y])
    assert ours.classes_.tolist() == names.tolist()
    assert ours.coef_.shape == (3, 4)
    for k in range(3):
        np.testing.assert_array_equal(ours.coef_[k], l1_logistic(X, y == k, 1 / 150, fit_intercept=True, tol=1e-8).x)
    chances = ours.predict_proba(X)
    odds = ours.decision_function(X)
    expected = 1 / (1 + np.exp(-odds))
    np.testing.assert_allclose(chances, expected / expected.sum(axis=1, keepdims=True), rtol=1e-12)
    assert (ours.predict(X) == names[chances.argmax(axis=1)]).all()
    far = ours.predict_proba(-1e6 * np.sign(ours.coef_.sum(axis=0))[np.newaxis])
    assert far.sum() == pytest.approx(1.0, rel=1e-12)  # also where each class by itself has no chance in float64


@pytest.mark.parametrize("kind", ALL)
def test_sparse_coefficients_names_and_copies(kind):
    X, y, _ = sample()
    labels = y > y.mean() if kind is SparseLogisticRegression else y
    fitted = kind(fit_intercept=False).fit(X, labels)
    assert clone(fitted).get_params() == fitted.get_params()
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict(X), fitted.predict(X))
    assert fitted.n_features_in_ == 90
    if kind is not SparseLogisticRegression:
        np.testing.assert_array_equal(fitted.sparse_coef_.toarray()[0], fitted.coef_)
        assert fitted.intercept_ == 0.0


def test_names_of_features():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(sample()[0][:, :3], columns=["a", "b", "c"])
    assert Lasso().fit(frame, sample()[1]).feature_names_in_.tolist() == ["a", "b", "c"]


def test_grid_search_over_a_pipeline():
    X, y = load_diabetes(return_X_y=True)
    grid = {"lasso__alpha": [0.1, 1.0, 10.0]}
    found, expected = (
        GridSearchCV(make_pipeline(StandardScaler(), model), grid, cv=3).fit(X, y)
        for model in (Lasso(tol=1e-13), linear_model.Lasso(**TIGHT))
    )
    assert found.best_params_ == expected.best_params_
    np.testing.assert_allclose(found.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"], rtol=1e-9)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (Lasso(-1.0), "alpha must be finite, at least 0"),
        (ElasticNet(l1_ratio=1.5), "l1_ratio must be finite, at least 0, at most 1"),
        (LassoCV(eps=0.0), "eps must be positive"),
        (LassoCV(alphas=0), "alphas must be at least 1"),
        (LassoCV(alphas=[1.0, -1.0]), "alphas must"),
        (GroupLasso(7), "groups is the size 7, which does not divide the 90 columns"),
        (GroupLasso(alpha=0.0), "alpha must be positive"),
        (SparseLogisticRegression(0.0), "C must be positive"),
        (SparseLogisticRegression(-1.0), "C must be finite, at least 0"),
        (Lasso(tol=-1.0), "tol must be"),
    ],
    ids=repr,
)
def test_bad_parameters(estimator, message):
    X, y, _ = sample()
    with pytest.raises(ValueError, match=message):
        estimator.fit(X, y > 0 if isinstance(estimator, SparseLogisticRegression) else y)


def test_bad_data():
    X, y, w = sample()
    with pytest.raises(ValueError, match="two classes, got one class: 3"):
        SparseLogisticRegression().fit(X, np.full(60, 3))
    for model in (Lasso(), LassoCV()):
        with pytest.raises(ValueError, match="sample_weight must not be negative"):
            model.fit(X, y, -w)
        with pytest.raises(ValueError, match=r"sample_weight must have one entry|inconsistent numbers of samples"):
            model.fit(X, y, w[1:])


@pytest.mark.parametrize(
    "estimator",
    [
        Lasso(1e-5, tol=1e-12, max_iter=1),
        LassoCV(tol=1e-12, max_iter=1),
        GroupLasso(3, 1e-3, tol=1e-12, max_iter=1),
        SparseLogisticRegression(1e3, tol=1e-12, max_iter=1),
    ],
    ids=repr,
)
def test_the_warning_is_that_of_the_room(estimator):
    X, y, _ = sample(200, 3000, 3)
    with pytest.warns(ConvergenceWarning, match=r"gap .* > tol 1"):
        estimator.fit(sparse.csc_array(X), y > 4.0 if isinstance(estimator, SparseLogisticRegression) else y)


def test_without_scikit_learn_the_error_says_what_to_install():
    code = """
import sys
sys.modules["sklearn"] = None
import mathlib
try:
    mathlib.estimators
except ImportError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install scikit-learn" in run.stdout
