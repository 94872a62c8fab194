"""
A lasso path that proves itself
===============================

As the penalty of the lasso falls, variables join the model one after another. `mathlib.optimize.lasso_path` returns the
coefficients for a whole range of penalties, and for each of them a *duality gap*: a bound, computed from the data, of
how far the objective can be from its minimum. Here the data are those of 442 diabetes patients, ten numbers for each.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso

from mathlib.optimize import lasso_path

data = load_diabetes()
X, y = data.data, data.target
path = lasso_path(X, y, fit_intercept=True, n_alphas=100, eps=1e-4)
print(path.message)

# %%
# Anybody's gap
# -------------
# The gap needs no solver: it follows from the residual. A multiple of the residual satisfies the constraints of the
# dual problem, and the value of the dual problem there is below every value of the objective. So the answers of
# scikit-learn, with its default tolerance, can be measured by the same rule.


def relative_gap(alpha, x):
    """Return how far x can be above the minimum, relative to x = 0."""
    centred = X - X.mean(axis=0), y - y.mean()
    r = centred[1] - centred[0] @ x
    level = alpha * len(y)
    scale = min(1.0, level / np.abs(centred[0].T @ r).max())
    primal = r @ r / 2 + level * np.abs(x).sum()
    dual = scale * (r @ centred[1]) - scale**2 * (r @ r) / 2
    return (primal - dual) / (centred[1] @ centred[1] / 2)


sklearns = [
    relative_gap(alpha, Lasso(alpha=alpha).fit(X, y).coef_)
    for alpha in path.alphas
]
print(
    f"largest gap: mathlib {path.gaps.max():.0e}, scikit-learn {max(sklearns):.0e}"
)

# %%
# The picture
# -----------
# Above, the coefficients as the penalty falls, from left to right. Body mass index and triglycerides come first, blood
# pressure next. The total and the LDL cholesterol nearly cancel; their coefficients take off together near 0.01. Below,
# the gaps. This path is followed exactly, from one change of the model to the next: the gaps are rounding errors
# everywhere, and all 100 points together take little longer than the last one alone.

names = {
    "age": "age",
    "sex": "sex",
    "bmi": "body mass index",
    "bp": "blood pressure",
    "s1": "total cholesterol",
    "s2": "LDL cholesterol",
    "s3": "HDL cholesterol",
    "s4": "total / HDL",
    "s5": "triglycerides, log",
    "s6": "glucose",
}
figure, (top, bottom) = plt.subplots(
    2,
    1,
    figsize=(8.5, 7.0),
    sharex=True,
    height_ratios=[3, 2],
    layout="constrained",
)
lines = sorted(
    zip(
        path.coefs.toarray(),
        data.feature_names,
        plt.cm.tab10.colors,
        strict=True,
    ),
    key=lambda v: v[0][-1],
)
height = -np.inf
for coefs, name, colour in lines:
    top.plot(path.alphas, coefs, color=colour, lw=1.8)
    height = max(height + 62, coefs[-1])  # labels must not overlap
    top.annotate(
        names[name],
        (path.alphas[-1] / 1.1, height),
        color=colour,
        va="center",
        annotation_clip=False,
    )
top.set(ylabel="coefficient", title="Diabetes: coefficients of the lasso")
bottom.loglog(
    path.alphas,
    sklearns,
    ".",
    color="tab:orange",
    label="scikit-learn, tol=1e-4",
)
bottom.loglog(
    path.alphas,
    path.gaps,
    ".",
    color="tab:blue",
    label="mathlib, as certified",
)
bottom.set(
    xlabel="penalty alpha", ylabel="relative duality gap", ylim=(1e-17, 1)
)
bottom.set_xlim(path.alphas[0] * 1.1, path.alphas[-1] / 12)
bottom.legend(loc="center", bbox_to_anchor=(0.5, 0.45))
plt.show()
