"""Pruning of small networks trained on digits: the rise of the training loss, and what the model predicts."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from mathlib.optimize import empirical_fisher_inverse, obs_prune, obs_scores
from mathlib.optimize._report_network import DigitsNetwork, digits_network

DAMP = 1e-4
SEEDS = range(5)
SPARSITIES = 0.5, 0.75, 0.9
ROUNDS = 8
Pruned = tuple[np.ndarray, float]  # the weights, and the rise that the model predicts


def alone(by: str, network: DigitsNetwork, sparsity: float) -> Pruned:
    """Remove the weights that are smallest, or have the smallest scores, and leave the others as they are."""
    w = network.weights
    fisher = empirical_fisher_inverse(network.gradients(w), damp=DAMP)
    size = obs_scores(w, fisher) if by == "score" else np.abs(w)
    return w * (size > np.quantile(size, sparsity)), np.nan


def by_magnitude(rounds: int, network: DigitsNetwork, sparsity: float) -> Pruned:
    """Remove the smallest weights and correct the others by the formula for a given mask."""
    w, d = network.weights, network.weights.size
    total = 0.0
    for left in np.round(d * (1 - sparsity) ** (np.arange(1, rounds + 1) / rounds)).astype(int):
        grads = network.gradients(w)
        stay = np.argsort(np.argsort(np.abs(w))) >= d - left
        inside, u = grads[:, stay], grads[:, ~stay] @ w[~stay]
        gram = inside @ inside.T + len(grads) * DAMP * np.eye(len(grads))
        c = np.linalg.solve(gram, u)
        total += DAMP / 2 * float(w[~stay] @ w[~stay] + u @ c)
        next_w = np.zeros(d)
        next_w[stay] = w[stay] + inside.T @ c
        w = next_w
    return w, total


def by_mask(mask: Any, rounds: int, network: DigitsNetwork, sparsity: float) -> Pruned:
    """Prune by `obs_prune`."""
    fisher = empirical_fisher_inverse(network.gradients(network.weights), damp=DAMP)
    again = network.gradients if rounds > 1 else None
    found = obs_prune(network.weights, fisher, sparsity, mask=mask, n_recompute=rounds, grad_fn=again)
    assert np.count_nonzero(found.x) <= round(network.weights.size * (1 - sparsity))  # removed weights are exactly zero
    return found.x, found.loss_increase


def ways() -> dict[str, Callable[[DigitsNetwork, float], Pruned]]:
    """Return the ways to prune."""
    found: dict[str, Callable[[DigitsNetwork, float], Pruned]] = {
        "magnitude alone": partial(alone, "magnitude"),
        "score alone": partial(alone, "score"),
    }
    for rounds, words in ((1, ""), (ROUNDS, f", {ROUNDS} rounds")):
        found[f"magnitude, corrected{words}"] = partial(by_magnitude, rounds)
        for mask in ("diagonal", "score", "greedy"):
            found[f"{mask}{words}"] = partial(by_mask, mask, rounds)
    return found


def pruning() -> Iterator[dict[str, Any]]:
    """Yield a row for each way and share of weights removed, with medians over the seeds."""
    for name, run in ways().items():
        for sparsity in SPARSITIES[1 if "rounds" in name else 0 :]:  # half the weights go well enough at once
            found = [run(digits_network(seed), sparsity) for seed in SEEDS]
            networks = [digits_network(seed) for seed in SEEDS]
            losses = [net.loss(w) - net.loss(net.weights) for net, (w, _) in zip(networks, found, strict=True)]
            correct = [net.accuracy(w) for net, (w, _) in zip(networks, found, strict=True)]
            row = {"way": name, "removed": f"{sparsity:.0%}", "rise of the loss": float(np.median(losses))}
            row["test accuracy"] = float(np.median(correct))
            predicted = float(np.median([rise for _, rise in found]))
            yield row if np.isnan(predicted) else row | {"predicted rise": predicted}


def claims(rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield what the medians must show, and whether they do."""
    rise = {(row["way"], row["removed"]): row["rise of the loss"] for row in rows}
    for removed in ("50%", "75%"):
        greedy, score, magnitude = (rise[way, removed] for way in ("greedy", "score", "magnitude, corrected"))
        yield {"claim": f"{removed}: greedy <= score <= magnitude, corrected", "met": greedy <= score <= magnitude}
    for way in ("score", "greedy"):
        ratio = rise[f"{way}, {ROUNDS} rounds", "90%"] / rise[way, "90%"]
        yield {"claim": f"90%: {way} in {ROUNDS} rounds at most half of one round", "ratio": ratio, "met": ratio <= 0.5}
