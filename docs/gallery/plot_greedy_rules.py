"""
Which block next: greedy rules compared
=======================================

Block coordinate descent minimises over a few variables at a time. This page repeats the experiment of Nutini, Laradji
and Schmidt (J. Mach. Learn. Res. 23(131), 2022) on what the choice of these variables is worth, with
`mathlib.optimize.minimize_bcd`: least squares on sparse data whose columns have very different sizes.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy import sparse

from mathlib.optimize import LeastSquares, minimize_bcd

# %%
# The data
# --------
# 400 observations of 2000 variables; the column norms range over several powers of ten.

rng = np.random.default_rng(1)
n, p = 400, 2000
X = (rng.standard_normal((n, p)) + 1) * (10 * rng.standard_normal(p)) * (rng.random((n, p)) < 10 * np.log(n) / n)
y = X @ (rng.standard_normal(p) * (rng.random(p) < 0.1)) + rng.standard_normal(n)
problem = LeastSquares(sparse.csc_array(X), y)
least = np.mean((y - X @ np.linalg.lstsq(X, y)[0]) ** 2) / 2

# %%
# The rules
# ---------
# Blocks of five variables, each minimised exactly. *Fixed* blocks hold variables of similar size; *variable* blocks are
# put together anew for each update.

rules = {
    "random": "at random",
    "cyclic": "in turn",
    "gs": "GS: largest gradient",
    "gsd": "GSD: over row sums",
    "gsl": "GSL: over Lipschitz constants",
    "gsq": "GSQ: over the block's matrix",
}
updates = 300


def suboptimality(partition, rule):
    """Return what is left of the objective after each update, relative to what there was."""
    options = {"partition": partition, "selection": rule, "max_iter": updates, "tol": 0.0, "rng": 0}
    fit = minimize_bcd(problem, block_size=5, **options)
    return (fit.history - least) / (fit.history[0] - least)


left = {partition: {rule: suboptimality(partition, rule) for rule in rules} for partition in ("sort", "variable")}
for partition, curves in left.items():
    print(partition, {rule: f"{curve[-1]:.0e}" for rule, curve in curves.items()})

# %%
# The picture
# -----------
# Rules that know the size of a step, not only of the gradient, are far ahead, and blocks put together anew gain most.
# The horizontal axis counts updates: a greedy rule pays for each with the whole gradient, so where a single column is
# cheap against that, blocks in turn are the faster choice in seconds.

figure, axes = plt.subplots(1, 2, figsize=(9.0, 4.0), sharey=True, layout="constrained")
for axis, (partition, curves) in zip(axes, left.items(), strict=True):
    for (rule, curve), colour in zip(curves.items(), plt.cm.viridis(np.linspace(0.92, 0.0, len(rules))), strict=True):
        axis.semilogy(curve, color=colour, lw=1.8, label=rules[rule])
    axis.set(title={"sort": "fixed blocks", "variable": "variable blocks"}[partition], xlabel="block updates")
    axis.set(xlim=(0, updates), ylim=(1e-10, 1.5))
axes[0].set_ylabel("objective above its minimum, relative")
axes[0].legend(loc="lower left", fontsize="small")
plt.show()
