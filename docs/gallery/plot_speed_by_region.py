"""
What a pair of Bessel functions costs, by region
================================================

Each region has one formula without a loop of variable length, and many points go through it at once in the vector
instructions of the CPU. SciPy iterates on one point at a time.

Both run here on the machine that builds these pages, in turn, on one thread; the smallest of nine times is kept.
"""

from time import thread_time

import matplotlib.pyplot as plt
import numpy as np
import scipy.special

from mathlib.special import log_ivkv

rng = np.random.default_rng(1)
n = 20_000
samples = {
    "x < 1": (rng.uniform(0, 20, n), rng.uniform(0.01, 1, n)),
    "1 ≤ x < 4": (rng.uniform(0, 20, n), rng.uniform(1, 4, n)),
    "4 ≤ x, r < 25": (rng.uniform(0, 15, n), rng.uniform(4, 20, n)),
    "25 ≤ r < 64": (rng.uniform(20, 40, n), rng.uniform(20, 40, n)),
    "r ≥ 64": (rng.uniform(64, 1000, n), rng.uniform(0, 1000, n)),
}


def ours(v, x):
    """Return log I and log K, on one thread."""
    return log_ivkv(v, x, workers=1)


def scipys(v, x):
    """Return the same from SciPy's scaled functions."""
    with np.errstate(divide="ignore", over="ignore"):
        log_i = np.log(scipy.special.ive(v, x)) + x
        log_k = np.log(scipy.special.kve(v, x)) - x
    return log_i, log_k


best = {function: dict.fromkeys(samples, np.inf) for function in (ours, scipys)}
for function in best:  # compile and warm up
    function(*samples["x < 1"])
for _ in range(9):
    for region, sample in samples.items():
        for function, times in best.items():
            start = thread_time()
            function(*sample)
            seconds = thread_time() - start
            times[region] = min(times[region], 1e9 * seconds / n)

for region in samples:
    a, b = best[ours][region], best[scipys][region]
    print(f"{region:14} mathlib {a:5.1f} ns  SciPy {b:6.1f} ns  ratio {b / a:5.1f}")

figure, axes = plt.subplots(figsize=(7.5, 4.0), layout="constrained")
place = np.arange(len(samples))
for shift, label, function in ((-0.2, "mathlib", ours), (0.2, "SciPy", scipys)):
    bars = axes.bar(place + shift, best[function].values(), 0.4, label=label)
    axes.bar_label(bars, fmt="%.0f")
axes.set_xticks(place, samples)
axes.set_ylabel("nanoseconds per pair, one thread")
axes.legend()
plt.show()
