"""
Where logarithms of Bessel functions can be trusted
===================================================

Taking the logarithm of SciPy's scaled functions works in a band of orders and arguments and fails outside: the function
value under- or overflows although its logarithm is an ordinary number. `mathlib.special.log_iv` and
`mathlib.special.log_kv` have no such band.

The maps show the error over max(1, abs(value)) against ball arithmetic. Grey marks values that are not finite.
"""

import matplotlib.pyplot as plt
import numpy as np
import scipy.special
from flint import arb, ctx

from mathlib.special import log_ivkv

# %%
# Reference values
# ----------------
# A ball holds the exact value and a bound of its own error. Where that bound is too
# wide, the working precision is doubled.

orders, arguments = np.geomspace(1e-3, 1e4, 64), np.geomspace(1e-3, 1e4, 64)
v, x = np.meshgrid(orders, arguments, indexing="ij")


def logarithm(function, order, argument):
    """Return the logarithm of a Bessel function as (nearest double, what is left)."""
    precision, ctx.prec = ctx.prec, 120
    try:
        ball = function(arb(order), arb(argument)).log()
        while ball.rel_accuracy_bits() < 80:
            ctx.prec *= 2
            ball = function(arb(order), arb(argument)).log()
        return float(ball), float(ball - float(ball))
    finally:
        ctx.prec = precision


def reference(function):
    """Return the logarithms on the grid, in two parts."""
    points = zip(v.flat, x.flat, strict=True)
    pairs = np.array([logarithm(function, *point) for point in points])
    return pairs.T.reshape(2, *v.shape)


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
