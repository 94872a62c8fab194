"""
Pruning: the weights that stay must make up for those that go
=============================================================

Set the smallest weights of a trained network to zero, and it soon fails. Two things help: to move the weights that stay
so that they make up for those that went, which `mathlib.optimize.obs_prune` does in closed form, and to go in steps,
with new gradients after each. How the weights are chosen matters less, until few are left.

Lines are medians over five networks on handwritten digits, each from another start and trained on other digits. Bands
go from the second smallest to the second largest value.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import NullFormatter
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from mathlib.optimize import empirical_fisher_inverse, obs_prune

images, labels = load_digits(return_X_y=True)
images = images / 16.0
shapes = (64, 20), (20,), (20, 10), (10,)
damp = 1e-4

# %%
# The network
# -----------
# One layer of 20 tanh units and a softmax: 1510 weights, all in one vector. Per example
# the gradient of the loss is an outer product for each layer.


def parts(w):
    """Return the matrices and biases that a vector of weights holds."""
    ends = np.cumsum([np.prod(shape) for shape in shapes])[:-1]
    pieces = np.split(w, ends)
    return [v.reshape(s) for v, s in zip(pieces, shapes, strict=True)]


def forward(w, x):
    """Return the hidden units and the log-probabilities of the classes."""
    first, bias, second, last = parts(w)
    hidden = np.tanh(x @ first + bias)
    scores = hidden @ second + last
    return hidden, scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)


def loss(w, x, y):
    """Return the mean of minus the log-probability of the true class."""
    return -forward(w, x)[1][np.arange(len(y)), y].mean()


def gradients(w, x, y):
    """Return the gradient of the loss of each example, one per row."""
    hidden, logp = forward(w, x)
    top = np.exp(logp)
    top[np.arange(len(y)), y] -= 1.0
    low = top @ parts(w)[2].T * (1.0 - hidden**2)
    first, second = x[:, :, None] * low[:, None], hidden[:, :, None] * top[:, None]
    layers = first, low, second, top
    return np.concatenate([g.reshape(len(x), -1) for g in layers], axis=1)


def train(seed):
    """Return weights, and the data that they were trained on and not trained on."""
    order = np.random.default_rng(seed).permutation(len(images))
    seen, unseen = order[:1000], order[1000:]
    options = {"alpha": 3.0, "random_state": seed}
    net = MLPClassifier((20,), "tanh", solver="lbfgs", **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # 200 iterations are enough here
        net.fit(images[seen], labels[seen])
    (first, second), (bias, last) = net.coefs_, net.intercepts_
    pieces = first, bias, second, last
    w = np.concatenate([piece.ravel() for piece in pieces])
    return w, (images[seen], labels[seen]), (images[unseen], labels[unseen])


# %%
# Ways to prune
# -------------
# By magnitude alone; by magnitude with the correction of the weights that stay; by
# ``obs_prune``, which corrects, too. Gradients are taken once, at the trained weights, or
# again at every step to a sparser network. Those of weights that are gone count as zero.

sparsities = np.array([0.3, 0.5, 0.65, 0.75, 0.82, 0.87, 0.9, 0.93, 0.95])
few = slice(0, 400)  # of the training data serve for the gradients


def smallest(w, sparsity):
    """Return which weights stay if the smallest go."""
    return np.abs(w) > np.quantile(np.abs(w), sparsity)


def corrected(w, grads, stay):
    """Return weights of which only some stay, at the minimum of the quadratic model."""
    inside = grads[:, stay]
    gram = inside @ inside.T + len(grads) * damp * np.eye(len(grads))
    found = np.zeros_like(w)
    found[stay] = w[stay] + inside.T @ np.linalg.solve(
        gram, grads[:, ~stay] @ w[~stay]
    )
    return found


def path(w, data, mask, again):
    """Return the weights at every sparsity."""
    x, y = data
    now, found = w, []
    for sparsity in sparsities:
        if again or not found:
            grads = gradients(now, x[few], y[few]) * (now != 0)
            fisher = empirical_fisher_inverse(grads, damp=damp)
        if mask == "magnitude":
            pruned = corrected(now, grads, smallest(now, sparsity))
        else:
            pruned = obs_prune(now, fisher, sparsity, mask=mask).x
        found.append(pruned)
        if again:
            now = pruned
    return found


masks = {
    "magnitude, corrected": "magnitude",
    "diagonal Fisher, corrected": "diagonal",
    "M-FAC score, corrected": "score",
    "M-FAC greedy, corrected": "greedy",
}
losses, before = {}, []
for seed in range(5):
    with threadpool_limits(1):  # the matrices are small: a second thread would only wait
        w, seen, unseen = train(seed)
        before.append(loss(w, *unseen))
        plain = [w * smallest(w, sparsity) for sparsity in sparsities]
        for again in False, True:
            runs = {"magnitude alone": plain}
            runs |= {name: path(w, seen, mask, again) for name, mask in masks.items()}
            for name, found in runs.items():
                values = [loss(pruned, *unseen) for pruned in found]
                losses.setdefault((again, name), []).append(values)

# %%

grey = {"color": "0.3"}
styles = {"magnitude alone": grey | {"ls": "--"}, "magnitude, corrected": grey}
figure, axes = plt.subplots(
    1, 2, figsize=(10, 4.6), sharey=True, layout="constrained"
)
for again, panel in zip((False, True), axes, strict=True):
    for name in runs:
        low, middle, high = np.quantile(losses[again, name], (0.25, 0.5, 0.75), 0)
        style = styles.get(name, {})
        [line] = panel.plot(100 * sparsities, middle, label=name, **style)
        colour = line.get_color()
        panel.fill_between(100 * sparsities, low, high, color=colour, alpha=0.15)
        at = dict(zip(sparsities, middle, strict=True))
        figures = ", ".join(f"{at[s]:.3f} at {s:.0%}" for s in (0.5, 0.75, 0.9))
        print(f"{'again' if again else 'once':6}{name:27}{figures}")
    panel.axhline(np.median(before), color="0.7", lw=1, zorder=0)
    panel.set(yscale="log", xlabel="weights removed, per cent")
    panel.set_yticks([0.2, 0.5, 1, 2], ["0.2", "0.5", "1", "2"])
    panel.yaxis.set_minor_formatter(NullFormatter())
axes[0].set_title("gradients taken once")
axes[1].set_title("gradients taken again at every step")
axes[0].set_ylabel("loss on digits not trained on")
where = 95, 1.02 * np.median(before)
axes[1].text(*where, "all weights", ha="right", color="0.5")
axes[0].legend()
plt.show()
