"""Rows of the self-report: inverses and pruning on the gradients of a network of digits, against dense matrices."""

from functools import cache
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from mathlib._lib.report import Check, Measured, timed
from mathlib.optimize import empirical_fisher_inverse, obs_prune
from mathlib.optimize._report_network import digits_network
from mathlib.optimize._report_sparse import checks as sparse_checks

BACKENDS = ("numpy", "cupy")  # matrix products and LAPACK: the same without numba
DAMP = 1e-4
BOUND = 1e-10


@cache
def trained(quick: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return weights, gradients and the dense Fisher matrix with its damping; fewer examples and weights if `quick`."""
    network = digits_network()
    every = 4 if quick else 1
    weights, grads = network.weights[::every], network.gradients(network.weights)[::every, ::every]
    return weights, grads, DAMP * np.eye(grads.shape[1]) + grads.T @ grads / len(grads)


@cache
def dense_inverse(quick: bool) -> tuple[np.ndarray, float]:
    return timed(lambda: np.linalg.inv(trained(quick)[2]))


def moved(array: np.ndarray, backend: str) -> Any:
    if backend != "cupy":
        return array
    import cupy

    return cupy.asarray(array)


def host(array: Any) -> np.ndarray:
    return np.asarray(array.get() if hasattr(array, "get") else array)


def worst(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.abs(found - true).max() / np.abs(true).max())


def inverse(backend: Any, quick: bool) -> Measured:
    """Diagonal, a product with the weights, and that with a stored gradient."""
    weights, grads, _ = trained(quick)
    true, peer_seconds = dense_inverse(quick)
    here, w, unit = moved(grads, backend), moved(weights, backend), np.eye(len(grads))[0]

    def ours() -> tuple[Any, ...]:
        fisher = empirical_fisher_inverse(here, damp=DAMP, backend=backend)
        return fisher.diagonal(), fisher @ w, fisher.solve_rows(unit)

    found, seconds = timed(ours)
    truth = true.diagonal(), true @ weights, true @ grads[0]
    error = max(worst(host(a), b) for a, b in zip(found, truth, strict=True))
    return Measured(f"{len(weights)}", error, BOUND, seconds, "numpy.linalg.inv", peer_seconds / seconds)


def prune(backend: Any, quick: bool) -> Measured:
    """Half of the weights removed at once, against the minimum of the dense model with these weights at zero."""
    network = digits_network()
    weights, grads, dense = trained(quick)
    true, _ = dense_inverse(quick)
    w = moved(weights, backend)

    fisher = empirical_fisher_inverse(moved(grads, backend), damp=DAMP, backend=backend)
    found, seconds = timed(lambda: obs_prune(w, fisher, 0.5))
    kept = host(found.mask)
    best = np.sort(np.argsort(weights**2 / true.diagonal())[: np.count_nonzero(~kept)])
    if not np.array_equal(np.flatnonzero(~kept), best) or np.any(host(found.x)[~kept] != 0.0):
        error = np.inf
    else:
        # the minimum of the quadratic model with these weights at zero, by the equations of the kept ones
        x = np.zeros_like(weights)
        rest = cho_solve(cho_factor(dense[np.ix_(kept, kept)]), dense[np.ix_(kept, ~kept)] @ weights[~kept])
        x[kept] = weights[kept] + rest
        change = x - weights
        rise = 0.5 * change @ dense @ change
        error = max(worst(host(found.x), x), abs(found.loss_increase / rise - 1))
    note = ""
    if not quick:
        rounds = obs_prune(w, fisher, 0.9, n_recompute=4, grad_fn=lambda v: moved(network.gradients(host(v)), backend))
        shown = {"before": weights, "50 %": host(found.x), "90 %": host(rounds.x)}
        note = "; ".join(f"{k} {network.loss(v):.3f}, {100 * network.accuracy(v):.0f}%" for k, v in shown.items())
        note = f"loss and accuracy: {note}"
    return Measured(f"{len(weights)}", float(error), BOUND, seconds, note=note)


def checks() -> list[Check]:
    """Rows of the room."""
    return [
        Check("optimize.FisherInverse", "digits network", inverse, BACKENDS),
        Check("optimize.obs_prune", "digits network, 50 %", prune, BACKENDS),
        *sparse_checks(),
    ]
