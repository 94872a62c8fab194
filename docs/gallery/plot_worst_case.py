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
from flint import arb
from sympy import Symbol, log

from mathlib.symbolic import verify

# %%
# The floats above -1, by number
# ------------------------------
# Floats of one sign are ordered like the integers that have their bits. So the number of a float says how many lie
# between it and zero, and a random number gives a random float.


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
    balls = [arb(a).log1p() for a in x]
    exact = np.array([float(ball) for ball in balls])
    error = [float(abs(ball - arb(b))) for ball, b in zip(balls, computed, strict=True)]
    return np.array(error) / np.spacing(np.abs(exact))


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
print(f"{result.n_points} points screened, {result.n_confirmed} confirmed by balls")
found = [
    [float.fromhex(text) for text in (*inputs, ulp)]
    for inputs, _, _, ulp in json.loads(result.certificate())["points"]
]
where, size = np.array(found).T

# %%

figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4), sharey=True, layout="constrained")
for panel in (left, right):
    panel.axvspan(start / 2**52, stop / 2**52, color="C1", alpha=0.25, label="the window")
    panel.plot(number(tried) / 2**52, errors, ".", ms=3, label="4,000 random floats")
    panel.plot(number(where) / 2**52, size, "rx", ms=7, label="worst found by verify")
    panel.set_xlabel("number of the float, in binades from zero")
left.set_ylabel("error in units in the last place")
left.set_title("all floats above -1")
middle = (start + stop) / 2**53
right.set(xlim=(middle - 0.2, middle + 0.2), title="around the window")
dense = value(np.linspace((middle - 0.2) * 2**52, (middle + 0.2) * 2**52, 2000).astype(np.int64))
right.plot(number(dense) / 2**52, ulps(dense, defective(dense)), "-", color="0.5", lw=0.8, zorder=0)
left.legend(loc="center right")
plt.show()
