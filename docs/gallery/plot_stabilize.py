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
from sympy import Symbol, atan, cos, cosh, erfc, exp, lambdify, log, sqrt

from mathlib import symbolic

x = Symbol("x", positive=True)
examples = {
    r"\sqrt{x + 1} - \sqrt{x}": (sqrt(x + 1) - sqrt(x), (1e-3, 1e20)),
    r"(1 - \cos x) / x^2": ((1 - cos(x)) / x**2, (1e-12, 1e2)),
    r"\arctan(x + 1) - \arctan x": (atan(x + 1) - atan(x), (1e-3, 1e20)),
    r"\log(1 + e^x)": (log(1 + exp(x)), (1e-3, 1e5)),
    r"\log(\mathrm{erfc}\, x)": (log(erfc(x)), (1e-3, 1e5)),
    r"\log(\cosh x)": (log(cosh(x)), (1e-12, 1e5)),
}

# %%
# Exact values
# ------------
# A ball holds the exact value and a bound of its own error. Where that bound is too
# wide, the working precision is doubled.

names = "sqrt", "atan", "cos", "cosh", "erfc", "exp", "log"
functions = {name: getattr(arb, name) for name in names}


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
    apart = np.abs(computed.view(np.int64) - truth.view(np.int64))
    usable = np.isfinite(computed) & (computed * truth > 0)
    return np.where(usable, np.log2(1.0 + apart), 64)


# %%
# Before and after
# ----------------

figure, axes = plt.subplots(
    2, 3, figsize=(10, 5.6), sharey=True, layout="constrained"
)
for panel, title in zip(axes.flat, examples, strict=True):
    expr, domain = examples[title]
    result = symbolic.stabilize(expr, domain={x: domain}, max_nodes=800)
    points = np.geomspace(*domain, 300)
    truth = exact(expr, points)
    before = bits(symbolic.compile(expr)(points), truth)
    after = bits(symbolic.compile(result)(points), truth)
    panel.plot(points, before, ".", ms=3, label="as written")
    panel.plot(points, after, "-", label="stabilised")
    panel.set(xscale="log", title=f"${title}$")
    print(f"{before.mean():5.2f} -> {after.mean():4.2f} bits in the mean: {expr}")
for panel in axes[:, 0]:
    panel.set_ylabel("error in bits")
for panel in axes[1]:
    panel.set_xlabel("x")
axes[0, 0].legend()
plt.show()
