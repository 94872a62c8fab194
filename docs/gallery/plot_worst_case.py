"""
A defect that random testing does not meet
==========================================

A routine can be right nearly everywhere and wrong in a corner. Here log1p gets one on purpose: in a window that
holds 2.4e-5 of the floats above -1 its result is off by 20 units in the last place. Comparing 4,000 random floats with
exact values says that all is well. `mathlib.symbolic.verify` screens a million points in extended precision and
confirms the worst of them by ball arithmetic; it finds the window.
"""

import json

import matplotlib.pyplot as plt
import numpy as np
from flint import arb, ctx
from sympy import Symbol, log

from mathlib.symbolic import verify

# %%
# The floats above -1, by number
# ------------------------------
# Floats of one sign are ordered like the integers that have their bits. So the number
# of a float says how many lie between it and zero, and a random number gives a random
# float.


def number(value):
    """Return how many floats lie between zero and a float, with its sign."""
    bits = np.abs(value).view(np.int64)
    return np.where(np.signbit(value), -bits, bits)


def value(number):
    """Return the float with a number."""
    return np.copysign(np.abs(number).view(np.float64), number)


first, last = number(np.nextafter(-1.0, 0.0)), number(np.finfo(float).max)
start = number(np.float64(1.5))
stop = start + int(2.4e-5 * (float(last) - float(first)))


def defective(x):
    """Return log1p, except in the window."""
    inside = (number(x) >= start) & (number(x) <= stop)
    return np.log1p(x) + 20 * np.where(inside, np.spacing(np.log1p(x)), 0.0)


print(f"The window is {value(start)} <= x <= {value(stop):.4f}.")

# %%
# Random floats
# -------------


def ulps(x, computed):
    """Return the error in units in the last place of the exact value."""
    precision, ctx.prec = ctx.prec, 128
    try:
        exact = [arb(a).log1p() for a in x]
        error = [abs(a - arb(b)) for a, b in zip(exact, computed, strict=True)]
        size = np.abs(np.array(exact, dtype=float))
        return np.array(error, dtype=float) / np.spacing(size)
    finally:
        ctx.prec = precision


rng = np.random.default_rng(0)
tried = value(rng.integers(first, last, 4000))
errors = ulps(tried, defective(tried))
print(f"4,000 random floats: largest error {errors.max():.2f} ulp")

# %%
# Screen, then confirm
# --------------------

x = Symbol("x", real=True)
domain = float(value(first)), float(value(last))
result = verify(defective, log(1 + x), domain=domain, rng=0)
print(result.message)
print(f"{result.n_points} points screened, {result.n_confirmed} confirmed")
points = json.loads(result.certificate())["points"]
where = np.array([float.fromhex(inputs[0]) for inputs, *_ in points])
size = np.array([float.fromhex(ulp) for *_, ulp in points])

# %%

figure, (left, right) = plt.subplots(
    1, 2, figsize=(9.5, 4), sharey=True, layout="constrained"
)
near = np.linspace(1.4, 1.7, 2000)
error = ulps(near, defective(near))
right.plot(near, error, "-", color="0.75", lw=0.8)
places = {left: lambda x: number(x) / 2.0**52, right: lambda x: x}
for panel, place in places.items():
    window = place(value(np.array([start, stop])))
    panel.axvspan(*window, color="C1", alpha=0.3, label="window")
    panel.plot(place(tried), errors, ".", ms=3, label="4,000 random floats")
    panel.plot(place(where), size, "rx", ms=7, label="worst found by verify")
left.set(title="all floats above -1", ylabel="error in ulp")
left.set_xlabel("floats, counted in binades from zero")
right.set(title="around the window", xlabel="x", xlim=(1.4, 1.7))
left.legend(loc="center left")
plt.show()
