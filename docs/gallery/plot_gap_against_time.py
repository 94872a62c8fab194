"""
How long for one more digit
===========================

Coordinate descent pays for every digit of the solution, and the more the smaller the penalty. Newton steps on the
coefficients that are not zero end that: once the right ones are known, the remaining digits cost little. This
page draws the duality gap against time for `mathlib.optimize.lasso` and for scikit-learn's ``Lasso``, which is
coordinate descent, on a sparse problem with more variables than observations.
"""

import warnings
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from scipy import sparse
from sklearn.linear_model import Lasso
from threadpoolctl import threadpool_limits

from mathlib.optimize import alpha_max, lasso

# %%
# The problem
# -----------
# 2000 observations of 20000 variables, one entry in a hundred; 100 of the variables matter. The penalty is 1/300
# of the one that leaves nothing: many more coefficients than these are not zero, which makes it hard.

rng = np.random.default_rng(0)
n, p = 2000, 20_000
X = sparse.random(
    n,
    p,
    density=0.01,
    format="csc",
    random_state=rng,
    data_rvs=lambda k: rng.lognormal(0, 0.5, k),
)
y = X @ (rng.standard_normal(p) * (np.arange(p) < 100))
y += y.std() / 3 * rng.standard_normal(n)
y -= y.mean()
alpha = alpha_max(X, y) / 300


def relative_gap(x):
    """Return how far x can be above the minimum, relative to x = 0."""
    r, level = y - X @ x, alpha * n
    scale = min(1.0, level / np.abs(X.T @ r).max())
    primal = r @ r / 2 + level * np.abs(x).sum()
    return (primal - scale * (r @ y) + scale**2 * (r @ r) / 2) / (y @ y / 2)


# %%
# Two solvers
# -----------
# Each is run afresh for a row of tolerances. What counts is not the tolerance but the gap that the answer has, found by
# the same function for both. Both have one thread.

solvers = {
    "mathlib": lambda tol: lasso(X, y, alpha, tol=tol).x,
    "scikit-learn": lambda tol: (
        Lasso(alpha=alpha, tol=tol, fit_intercept=False, max_iter=100_000)
        .fit(X, y)
        .coef_
    ),
}


def measure(solve, tol):
    """Return seconds, of up to three calls the least, and the gap."""
    times = []
    while len(times) < 3 and sum(times) < 0.5:
        start = perf_counter()
        x = solve(tol)
        times.append(perf_counter() - start)
    return min(times), max(relative_gap(x), 1e-16)


tolerances = {
    "mathlib": 10.0 ** -np.array([1, 2, 3, 4, 5, 6, 8, 10, 12, 14]),
    "scikit-learn": 10.0 ** -np.arange(1, 10, 2),
}
points = {}
with warnings.catch_warnings(), threadpool_limits(1):
    warnings.simplefilter("ignore")
    for name, solve in solvers.items():
        solve(1e-1)  # the first call may compile
        points[name] = np.array(
            [measure(solve, tol) for tol in tolerances[name]]
        )

x = solvers["mathlib"](1e-14)
print(f"{np.count_nonzero(x)} of {p} coefficients are not zero")
for name, found in points.items():
    seconds, gap = found[-1]
    print(f"{name:13} {1e3 * seconds:6.0f} ms for a gap of {gap:.0e}")

# %%
# The picture
# -----------
# A rough answer comes sooner from coordinate descent alone. It goes on digit by digit then, while the other curve
# drops: after a gap of about 1e-5 the zeros are known. Times are those of the machine that built this page; for ratios
# to this and to other solvers, measured with care, see :doc:`/benchmarks`.

figure, axis = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
for (name, found), colour in zip(
    points.items(), ("tab:blue", "tab:orange"), strict=True
):
    axis.loglog(
        found[:, 0], found[:, 1], "o-", color=colour, label=name, ms=5
    )
axis.set(
    xlabel="seconds",
    ylabel="relative duality gap of the answer",
    title=f"Lasso, {n} x {p}, alpha_max / 300",
)
axis.grid(alpha=0.3)
axis.legend()
plt.show()
