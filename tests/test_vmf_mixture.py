"""Mixtures of von Mises-Fisher distributions."""

import itertools
import math

import numpy as np
import pytest
from scipy import sparse

from mathlib.stats import vmf_mixture, vonmises_fisher


def sample(p=12, n=300, kappas=(40.0, 80.0, 150.0), seed=0):
    rng = np.random.default_rng(seed)
    means = np.linalg.qr(rng.standard_normal((p, len(kappas))))[0].T
    X = np.concatenate([vonmises_fisher.rvs(m, k, n, rng) for m, k in zip(means, kappas, strict=True)])
    return X, means, np.repeat(np.arange(len(kappas)), n)


def log_density(X, fit):
    """Weighted log-densities of the components, one component at a time."""
    return np.stack(
        [
            math.log(w) + vonmises_fisher.logpdf(X, m, k)
            for w, m, k in zip(fit.weights, fit.means, fit.kappas, strict=True)
        ],
        axis=1,
    )


@pytest.mark.parametrize("assignment", ["soft", "hard"])
def test_recovers_the_components(assignment):
    X, means, truth = sample()
    fit = vmf_mixture(X, 3, assignment=assignment, n_init=3, rng=1)
    assert fit.success
    assert fit.status == 0
    order = np.argmax(means @ fit.means.T, axis=1)
    assert sorted(order) == [0, 1, 2]
    assert np.mean(order[truth] == fit.labels) > 0.99
    assert np.all(np.sum(means * fit.means[order], axis=1) > 0.995)
    np.testing.assert_allclose(fit.kappas[order], [40, 80, 150], rtol=0.12)
    np.testing.assert_allclose(fit.weights, 1 / 3, atol=0.02)


@pytest.mark.parametrize("assignment", ["soft", "hard"])
@pytest.mark.parametrize("seed", range(6))
def test_the_likelihood_never_falls(assignment, seed):
    X, _, _ = sample(p=5, n=80, kappas=(3.0, 5.0, 8.0, 2.0), seed=seed)
    fit = vmf_mixture(X, 6, assignment=assignment, tol=0.0, max_iter=60, rng=seed)
    assert len(fit.history) == fit.n_iter > 3
    assert np.all(np.diff(fit.history) >= -1e-12 * np.abs(fit.history[:-1]))
    assert fit.log_likelihood == fit.history[-1]


def test_the_likelihood_is_that_of_the_parameters():
    X, _, _ = sample(kappas=(5.0, 8.0, 9.0))
    soft = vmf_mixture(X, 3, rng=1)
    score = log_density(X, soft)
    assert soft.log_likelihood == pytest.approx(np.sum(np.logaddexp.reduce(score, axis=1)), rel=1e-12)
    np.testing.assert_array_equal(soft.labels, np.argmax(score, axis=1))
    hard = vmf_mixture(X, 3, assignment="hard", rng=1)
    assert hard.log_likelihood == pytest.approx(np.sum(np.max(log_density(X, hard), axis=1)), rel=1e-12)


def test_the_end_is_a_fixed_point_of_the_textbook_step():
    """Responsibilities, then weights, mean directions and concentrations, written out once more from the definition."""
    X, _, _ = sample(kappas=(10.0, 20.0, 30.0))
    fit = vmf_mixture(X, 3, tol=1e-13, max_iter=2000, rng=1)
    assert fit.success
    score = log_density(X, fit)
    share = np.exp(score - np.logaddexp.reduce(score, axis=1)[:, None])
    np.testing.assert_allclose(share.mean(0), fit.weights, rtol=1e-4)
    for weight, mean, kappa in zip(share.T, fit.means, fit.kappas, strict=True):
        total = weight @ X
        np.testing.assert_allclose(total / np.linalg.norm(total), mean, atol=1e-4)
        expected = vonmises_fisher.mean_resultant_length(12, float(kappa))
        assert np.linalg.norm(total) / weight.sum() == pytest.approx(expected, rel=1e-4)


def test_one_component_is_the_fit():
    X, _, _ = sample()
    fit = vmf_mixture(X, 1, rng=1)
    mu, kappa = vonmises_fisher.fit(X)
    np.testing.assert_allclose(fit.means[0], mu, atol=1e-14)
    assert fit.kappas[0] == pytest.approx(kappa, rel=1e-12)
    assert fit.weights[0] == 1


def test_sparse_float32_and_list_inputs():
    rng = np.random.default_rng(4)
    X = sparse.random_array((400, 50), density=0.2, rng=rng).toarray() + np.eye(50)[rng.integers(0, 3, 400)]
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    dense = vmf_mixture(X, 3, rng=2)
    for same in (sparse.csr_array(X), sparse.coo_matrix(X), X.tolist()):
        fit = vmf_mixture(same, 3, rng=2)
        assert fit.log_likelihood == pytest.approx(dense.log_likelihood, rel=1e-10)
        np.testing.assert_array_equal(fit.labels, dense.labels)
    narrow = vmf_mixture(X.astype(np.float32), 3, rng=2)
    assert narrow.log_likelihood == pytest.approx(dense.log_likelihood, rel=1e-5)
    assert narrow.means.dtype == np.float64


def test_many_dimensions():
    rng = np.random.default_rng(6)
    p = 32768
    X = np.concatenate([vonmises_fisher.rvs(m, 2e4, 40, rng) for m in np.eye(2, p)]).astype(np.float32)
    fit = vmf_mixture(X, 2, rng=1)
    assert np.isfinite(fit.history).all()
    assert len({*fit.labels[:40]}) == len({*fit.labels[40:]}) == 1
    assert fit.labels[0] != fit.labels[40]
    own = [vonmises_fisher.fit(rows)[1] for rows in (X[:40], X[40:])]
    np.testing.assert_allclose(fit.kappas[fit.labels[[0, 40]]], own, rtol=1e-5)


def test_equal_rows_keep_a_finite_kappa():
    X = np.repeat(np.eye(4)[:2], 5, axis=0)
    for assignment, count in itertools.product(("soft", "hard"), (1, 2, 4)):
        fit = vmf_mixture(X, count, assignment=assignment, rng=1)
        assert np.isfinite(fit.history).all()
        assert np.isfinite(fit.kappas).all()
        assert fit.weights.sum() == pytest.approx(1)


def test_rng_and_starts():
    X, _, _ = sample(kappas=(3.0, 3.0, 3.0))
    one = vmf_mixture(X, 4, rng=5)
    np.testing.assert_array_equal(one.labels, vmf_mixture(X, 4, rng=np.random.default_rng(5)).labels)
    assert vmf_mixture(X, 4, rng=5, n_init=4).log_likelihood >= one.log_likelihood
    few = vmf_mixture(X, 4, rng=5, max_iter=2, tol=0.0)
    assert (few.n_iter, few.status, few.success) == (2, 1, False)
    assert "max_iter = 2" in few.message


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"n_components": 0}, ValueError, "n_components must be at least 1"),
        ({"n_components": 2.0}, TypeError, "n_components must be an integer"),
        ({"n_components": 901}, ValueError, "n_components is 901 and X has 900 rows"),
        ({"assignment": "fuzzy"}, ValueError, "assignment must be one of 'soft', 'hard'; got 'fuzzy'"),
        ({"n_init": 0}, ValueError, "n_init must be at least 1"),
        ({"max_iter": -1}, ValueError, "max_iter must be at least 1"),
        ({"tol": -1.0}, ValueError, "tol must be finite, at least 0"),
        ({"rng": "x"}, TypeError, "rng must be None"),
        ({"X": np.ones((900, 2))}, ValueError, "X must hold vectors of norm 1.*1.41421356 in row 0: divide X"),
        ({"X": sparse.csr_array(np.ones((900, 2)))}, ValueError, "X must hold vectors of norm 1"),
        ({"X": np.full((900, 2), np.nan)}, ValueError, "X must be finite"),
        ({"X": np.ones((900, 1))}, ValueError, "at least 2 columns"),
        ({"X": np.ones(900)}, ValueError, "X must have 2 dimensions"),
    ],
)
def test_errors(change, error, message):
    arguments = {"X": sample()[0], "n_components": 3} | change
    with pytest.raises(error, match=message):
        vmf_mixture(arguments.pop("X"), arguments.pop("n_components"), **arguments)
