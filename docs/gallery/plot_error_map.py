"""
Where logarithms of Bessel functions can be trusted
===================================================

Taking the logarithm of SciPy's scaled functions works in a band of orders and arguments and fails outside: the function
value under- or overflows although its logarithm is an ordinary number. `mathlib.special.log_iv` and
`mathlib.special.log_kv` have no such band.

The maps show the error over max(1, abs(value)) against ball arithmetic with 120 bits. Grey marks values that are not
finite.
"""

import matplotlib.pyplot as plt
import numpy as np
import scipy.special
from flint import arb, ctx

from mathlib.special import log_ivkv

# %%
# Reference values
# ----------------
# A ball holds the exact value and a bound of its own error. The grid is coarse, since this takes longest.

orders, arguments = np.geomspace(1e-3, 1e4, 48), np.geomspace(1e-3, 1e4, 48)
v, x = np.meshgrid(orders, arguments, indexing="ij")


def reference(function):
    """Return the logarithms on the grid as (nearest double, what is left)."""
    precision, ctx.prec = ctx.prec, 120
    try:
        points = zip(map(arb, v.flat), map(arb, x.flat), strict=True)
        balls = [function(order, argument).log() for order, argument in points]
        high = [float(ball) for ball in balls]
        low = [float(ball - near) for ball, near in zip(balls, high, strict=True)]
    finally:
        ctx.prec = precision
    return np.reshape(high, v.shape), np.reshape(low, v.shape)


truths = {
    "log I": reference(lambda order, argument: argument.bessel_i(order)),
    "log K": reference(lambda order, argument: argument.bessel_k(order)),
}

# %%
# Both libraries
# --------------

with np.errstate(divide="ignore", over="ignore"):
    log_i = np.log(scipy.special.ive(v, x)) + x
    log_k = np.log(scipy.special.kve(v, x)) - x
results = {"SciPy": (log_i, log_k), "mathlib": log_ivkv(v, x)}

figure, axes = plt.subplots(
    2, 2, figsize=(8.0, 7.2), sharex=True, sharey=True, layout="constrained"
)
for row, (library, values) in zip(axes, results.items(), strict=True):
    for panel, name, value in zip(row, truths, values, strict=True):
        high, low = truths[name]
        finite = np.isfinite(value)
        error = np.abs((np.where(finite, value, high) - high) - low)
        error /= np.maximum(1.0, np.abs(high))
        digits = np.log10(np.maximum(error, 1e-17))
        shown = np.ma.masked_where(~finite, digits)
        panel.set_facecolor("0.7")
        mesh = panel.pcolormesh(x, v, shown, vmin=-17, vmax=-13)
        panel.set(xscale="log", yscale="log", aspect="equal")
        panel.set_title(f"{library}: {name}")
        print(
            f"{library:8} {name}: largest error {error[finite].max():.1e}, "
            f"not finite {1 - finite.mean():.0%}"
        )
for panel in axes[:, 0]:
    panel.set_ylabel("order v")
for panel in axes[1]:
    panel.set_xlabel("argument x")
figure.colorbar(mesh, ax=axes, label="log10 of the error", shrink=0.6)
plt.show()
