"""
von Mises-Fisher in 32768 dimensions
====================================

Embeddings have hundreds to thousands of components. There ``scipy.stats.vonmises_fisher`` takes the logarithm of a
Bessel function that has left the range of doubles, and its density becomes infinite. `mathlib.stats.vonmises_fisher`
goes on, and recovers the concentration from a sample.
"""

import matplotlib.pyplot as plt
import numpy as np
import scipy.stats

from mathlib.stats import vonmises_fisher

# %%
# The normalising constant
# ------------------------
# The log density at the mean direction. The concentration equals the dimension, so that all dimensions are alike.

dimensions = 2 ** np.arange(1, 16)
ours, scipys = [], []
for p in dimensions:
    mu = np.eye(1, p)[0]
    ours.append(vonmises_fisher(mu, float(p)).logpdf(mu))
    with np.errstate(all="ignore"):
        scipys.append(scipy.stats.vonmises_fisher(mu, float(p)).logpdf(mu))

for library, values in {"SciPy": scipys, "mathlib": ours}.items():
    lost = dimensions[~np.isfinite(values)]
    print(f"{library}: not finite for p in {lost.tolist()}")

# %%
# Recovering the concentration
# ----------------------------
# A sample of 100 points in 32768 dimensions, drawn and fitted for several concentrations.

p = 32768
mu = np.eye(1, p)[0]
kappas = np.geomspace(3e3, 3e6, 7)
fitted = []
for kappa in kappas:
    sample = vonmises_fisher(mu, kappa).rvs(100, random_state=7)
    fitted.append(vonmises_fisher.fit(sample)[1])
    print(f"kappa {kappa:9.0f}   fitted {fitted[-1]:9.0f}")

# %%

figure, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.8), layout="constrained")
left.plot(dimensions, ours / dimensions, "o-", label="mathlib")
left.plot(dimensions, scipys / dimensions, "x", ms=9, mew=2, label="SciPy, where finite")
left.set(xscale="log", xlabel="dimension p", title="kappa = p")
left.set_ylabel("log density at the mean, over p")
left.legend()
right.plot(kappas, kappas, "-", color="0.6", label="true")
right.plot(kappas, fitted, "o", label="fitted from 100 points")
right.set(xscale="log", yscale="log", title="p = 32768")
right.set(xlabel="kappa", ylabel="fitted kappa")
right.legend()
plt.show()
