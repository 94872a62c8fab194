"""
Six expressions that lose their digits, and the forms that do not
=================================================================

The upper three cancel: two numbers that agree in most of their digits are subtracted. The lower three overflow or
underflow on the way to an ordinary result. `mathlib.symbolic.stabilize` finds a form of each that keeps its digits from
one end of the axis to the other.

The error is counted in bits: log2 of one plus the number of floats between the computed and the exact value. At 53
bits no digit is right; NaN, infinity and a zero that should not be one count as 64.
"""

import matplotlib.pyplot as plt
import numpy as np
from flint import arb, ctx
from sympy import Symbol, atan, cos, cosh, erfc, exp, lambdify, latex, log, sqrt

from mathlib.symbolic import compile, stabilize

x = Symbol("x", positive=True)
examples = {
    sqrt(x + 1) - sqrt(x): (1e-3, 1e20),
    (1 - cos(x)) / x**2: (1e-12, 1e2),
    atan(x + 1) - atan(x): (1e-3, 1e20),
    log(1 + exp(x)): (1e-3, 1e5),
    log(erfc(x)): (1e-3, 1e5),
    log(cosh(x)): (1e-12, 1e5),
}

# %%
# Exact values
# ------------
# A ball holds the exact value and a bound of its own error. Where that bound is too wide, the working precision is
# doubled.

functions = {
    name: getattr(arb, name) for name in ("sqrt", "atan", "cos", "cosh", "erfc", "exp", "log")
}


def exact(expr, points):
    """Return the values of an expression, rounded once."""
    function = lambdify(x, expr, [functions])
    precision, values = ctx.prec, []
    try:
        for point in points:
            ctx.prec = 128
            while (ball := function(arb(point))).rel_accuracy_bits() < 60:
                ctx.prec *= 2
            values.append(float(ball))
    finally:
        ctx.prec = precision
    return np.array(values)


def bits(computed, truth):
    """Return log2 of one plus the number of floats between them."""
    apart = np.abs(computed.view(np.int64) - truth.view(np.int64)).astype(float)
    return np.where(np.isfinite(computed) & (computed * truth > 0), np.log2(1 + apart), 64)


# %%
# Before and after
# ----------------

figure, axes = plt.subplots(2, 3, figsize=(10, 5.6), sharey=True, layout="constrained")
for panel, (expr, domain) in zip(axes.flat, examples.items(), strict=True):
    result = stabilize(expr, domain={x: domain}, max_nodes=800)
    points = np.geomspace(*domain, 300)
    truth = exact(expr, points)
    for form, label, style in ((expr, "as written", "."), (result, "stabilised", "-")):
        error = bits(compile(form)(points), truth)
        panel.plot(points, error, style, ms=3, label=label)
    panel.set(xscale="log", title=f"${latex(expr)}$")
    before, after = result.mean_bits_before, result.mean_bits_after
    print(f"{before:5.1f} -> {after:4.2f} bits in the mean: {expr}")
for panel in axes[:, 0]:
    panel.set_ylabel("error in bits")
for panel in axes[1]:
    panel.set_xlabel("x")
axes[0, 0].legend()
plt.show()
