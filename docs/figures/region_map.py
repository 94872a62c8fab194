"""The regions of order and argument, drawn by the function that the kernels use."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap

from mathlib.special.kernels.regions import inside

v = np.geomspace(1e-2, 1e3, 400)
x = np.geomspace(1e-2, 1e3, 400)
regions = [[inside(float(order), float(argument)) for argument in x] for order in v]

figure, axes = plt.subplots(figsize=(6.2, 5.4))
colors = ListedColormap(["#dbe9f6", "#a9cce3", "#f9e1b8", "#f4c27a", "#e59866"])
axes.pcolormesh(x, v, regions, cmap=colors, vmin=-0.5, vmax=4.5, rasterized=True)
for text, at, angle in (
    ("far: r ≥ 64, short expansion in 1/r", (1.2, 260.0), 0),
    ("outer: 25 ≤ r < 64, expansion in 1/r", (0.6, 40.0), 0),
    ("x < 1\nexpansion about log x\nand recurrence", (0.1, 0.5), 0),
    ("1 ≤ x < 4: seeds and recurrence", (2.0, 0.5), 90),
    ("4 ≤ x: seeds and recurrence", (9.5, 0.5), 90),
):
    axes.text(*at, text, rotation=angle, ha="center", va="center", color="black")
axes.set(xscale="log", yscale="log", xlabel="argument x", ylabel="order v", aspect="equal")
