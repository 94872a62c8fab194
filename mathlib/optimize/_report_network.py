"""A small network trained on scikit-learn's digits, with the gradient of every example: what pruning is tried on."""

from dataclasses import dataclass
from functools import cache

import numpy as np

INPUTS, HIDDEN, CLASSES = 64, 20, 10
SIZES = [INPUTS * HIDDEN, HIDDEN, HIDDEN * CLASSES, CLASSES]
N_WEIGHTS = sum(SIZES)
N_TRAIN = 1000
PENALTY = 1e-3  # on the squares of the weights in training
ITERATIONS = 30  # stopped early: the loss ends near 0.05, and its gradient is not zero
SCALE = 3.0  # of the start, times 1 / sqrt(inputs): weights of pixels that are always dark stay large and do nothing


@dataclass(frozen=True)
class DigitsNetwork:
    """The network 64-20-10 with tanh, its examples and its trained weights."""

    train_x: np.ndarray
    train_y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray
    weights: np.ndarray

    def loss(self, w: np.ndarray) -> float:
        """Return the mean cross entropy on the training examples."""
        return float(np.mean(_losses(w, self.train_x, self.train_y)[0]))

    def accuracy(self, w: np.ndarray) -> float:
        """Return the share of test examples that are classified rightly."""
        return float(np.mean(_forward(w, self.test_x)[1].argmax(axis=1) == self.test_y))

    def gradients(self, w: np.ndarray) -> np.ndarray:
        """Return the gradient of the loss of each training example, (1000, 1510)."""
        return _gradients(w, self.train_x, self.train_y)


def _forward(w: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return hidden activations, logits, and the weights of the second layer."""
    first, bias, second, out = np.split(w, np.cumsum(SIZES)[:-1])
    second = second.reshape(HIDDEN, CLASSES)
    hidden = np.tanh(x @ first.reshape(INPUTS, HIDDEN) + bias)
    return hidden, hidden @ second + out, second


def _losses(w: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the cross entropy of each example, its derivatives by the inputs of both layers, and the activations."""
    hidden, logits, second = _forward(w, x)
    logits = logits - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(logits)
    totals = exponentials.sum(axis=1)
    each = np.arange(len(y))
    by_logit = exponentials / totals[:, None]
    by_logit[each, y] -= 1.0
    return np.log(totals) - logits[each, y], (by_logit @ second.T) * (1.0 - hidden**2), by_logit, hidden


def _gradients(w: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    _, by_first, by_logit, hidden = _losses(w, x, y)
    parts = [x[:, :, None] * by_first[:, None, :], by_first, hidden[:, :, None] * by_logit[:, None, :], by_logit]
    return np.concatenate([part.reshape(len(x), -1) for part in parts], axis=1)


@cache
def digits_network(seed: int = 0) -> DigitsNetwork:
    """Return the network after training by L-BFGS on 1000 of the 1797 digits; the seed draws them and the start."""
    from scipy.optimize import minimize
    from sklearn.datasets import load_digits

    digits, rng = load_digits(), np.random.default_rng(seed)
    order = rng.permutation(len(digits.target))
    x, y = digits.data[order] / 16.0, digits.target[order]
    train_x, train_y = x[:N_TRAIN], y[:N_TRAIN]
    scales = SCALE * np.repeat([INPUTS**-0.5, 0.0, HIDDEN**-0.5, 0.0], SIZES)

    def penalised(w: np.ndarray) -> tuple[float, np.ndarray]:
        losses, by_first, by_logit, hidden = _losses(w, train_x, train_y)
        sums = [train_x.T @ by_first, by_first.sum(axis=0), hidden.T @ by_logit, by_logit.sum(axis=0)]
        slope = np.concatenate([part.ravel() for part in sums]) / N_TRAIN
        return float(losses.mean() + 0.5 * PENALTY * w @ w), slope + PENALTY * w

    start = scales * rng.standard_normal(N_WEIGHTS)
    found = minimize(penalised, start, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS})
    return DigitsNetwork(train_x, train_y, x[N_TRAIN:], y[N_TRAIN:], found.x)
