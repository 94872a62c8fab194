r"""
Which training digits made this mistake?
========================================

A network takes a handwritten three for a nine. Which of the digits that it was trained on are to blame? Leaving out
training example :math:`i` of :math:`n` changes the loss at the mistaken digit, to first order, by
:math:`g^{\mathsf T} H^{-1} g_i / n`, with the gradients of the loss at the two digits. `mathlib.optimize.influence`
computes these products for all training examples at once, with the empirical Fisher matrix in place of the Hessian of
the loss.

The examples that it names are images, so we can look whether we agree; and they can be left out, to see whether the
mistake goes away.
"""

import copy
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from mathlib.optimize import empirical_fisher_inverse, influence

warnings.filterwarnings("ignore", category=ConvergenceWarning)  # it is close enough
pictures, labels = load_digits(return_X_y=True)
pictures = pictures / 16.0
order = np.random.default_rng(1).permutation(len(pictures))
seen, unseen = order[:1000], order[1000:]
x, y = pictures[seen], labels[seen]

# %%
# A network, and a mistake that it makes
# --------------------------------------

penalty = 3.0  # divided by the number of examples it is our damping
options = {"alpha": penalty, "max_iter": 500, "random_state": 1, "warm_start": True}
net = MLPClassifier((20,), "tanh", solver="lbfgs", **options)
with threadpool_limits(1):  # the matrices are small: a second thread would only wait
    net.fit(x, y)


def gradients(x, y):
    """Return the gradient of the loss of each example, one per row."""
    hidden = np.tanh(x @ net.coefs_[0] + net.intercepts_[0])
    top = net.predict_proba(x) - np.eye(10)[y]
    low = top @ net.coefs_[1].T * (1.0 - hidden**2)
    first, second = x[:, :, None] * low[:, None], hidden[:, :, None] * top[:, None]
    layers = first, low, second, top
    return np.concatenate([g.reshape(len(x), -1) for g in layers], axis=1)


wrong = [i for i in unseen if net.predict(pictures[[i]]) != labels[i]]
mistake = next(i for i in wrong if labels[i] == 3)
digit, truth = pictures[[mistake]], labels[[mistake]]
taken_for = net.predict(digit)[0]
print(
    f"{len(wrong)} of {len(unseen)} are wrong; this one is {truth[0]}, taken for {taken_for}"
)

# %%
# Influence
# ---------
# Below zero: without that example the loss at the mistaken digit would be less.

fisher = empirical_fisher_inverse(gradients(x, y), damp=penalty / len(x))
change = influence(fisher, gradients(digit, truth))[0] / len(x)
rank = np.argsort(change)

figure = plt.figure(figsize=(9, 3.6), layout="constrained")
grid = figure.add_gridspec(2, 8)


def show(place, picture, title, **style):
    """Draw a digit."""
    panel = figure.add_subplot(place)
    panel.imshow(picture.reshape(8, 8), cmap="gray_r")
    panel.set(xticks=[], yticks=[])
    panel.set_title(title, **style)
    return panel


show(grid[:, :2], digit[0], f"a {truth[0]}, taken for a {taken_for}")
rows = {"to blame": rank[:6], "to thank": rank[:-7:-1]}
for row, (name, examples) in enumerate(rows.items()):
    for column, i in enumerate(examples):
        title = f"{y[i]}\n{change[i]:+.2f}"
        panel = show(grid[row, 2 + column], x[i], title, fontsize=11)
        if column == 0:
            panel.set_ylabel(name, fontsize=12)
figure.suptitle("training digits: label, and change of the loss without it", x=0.62)
plt.show()

# %%
# Is it true?
# -----------
# Ten examples are left out at a time, and the training goes on without them from the same
# weights: the ten most to blame, the next ten, and so on from both ends and in the middle.

starts = [0, 10, 20, 30, 300, 500, 700, 960, 970, 980, 990]
groups = [rank[i : i + 10] for i in starts]


def loss(net):
    """Return the loss at the mistaken digit."""
    return -np.log(net.predict_proba(digit)[0, truth[0]])


def without(group):
    """Return the network after training without a group."""
    rest = np.delete(x, group, axis=0), np.delete(y, group)
    with threadpool_limits(1):
        return copy.deepcopy(net).fit(*rest)


networks = [without(group) for group in groups]
expected = np.array([change[group].sum() for group in groups])
found = np.array([loss(other) - loss(net) for other in networks])
answers = np.array([other.predict(digit)[0] for other in networks])
print(f"without the ten most to blame it is taken for a {answers[0]}")

figure, panel = plt.subplots(figsize=(5.6, 4.2), layout="constrained")
panel.axline((0, 0), slope=1, color="0.8", zorder=0)
for right, text in ((False, "still wrong"), (True, "right")):
    chosen = (answers == truth[0]) == right
    panel.plot(expected[chosen], found[chosen], "so"[right], label=text)
panel.set_xlabel("change of the loss, by influence")
panel.set_ylabel("change after training without ten digits")
panel.legend(title="the digit is then")
plt.show()

# %%
# The order is right: leaving out what is to blame lowers the loss, leaving out what is to
# thank raises it, and the middle does nothing. The size is not right; on the line it
# would be. At trained weights the gradients of most examples are small, and so the
# empirical Fisher matrix is smaller than the Hessian that it stands for, and its inverse
# is larger. Use influence to rank.
