"""
What an expression costs as one compiled loop
=============================================

``sympy.lambdify`` makes NumPy code: every operation is a pass over memory of its own. `mathlib.symbolic.compile` makes
one loop in vector instructions, elementary functions included, that reads each argument once. heyoka, where it is
installed, compiles with LLVM as well.

All run here on the machine that builds these pages, in turn, on one thread; the smallest of several times is kept.
mathlib and heyoka write into an array that exists already, which the functions of lambdify cannot.
"""

from time import thread_time

import matplotlib.pyplot as plt
import numpy as np
from sympy import besseli, cos, erfc, exp, lambdify, log, sin, sqrt, symbols

from mathlib import symbolic

try:
    import heyoka

    heyoka.set_nthreads(1)
except ImportError:
    heyoka = None
    print("heyoka is not installed: it is left out")

# %%
# Three expressions
# -----------------
# A step of Halley's method for Kepler's equation, the price of a call option, and the
# logarithm of a von Mises-Fisher density in ten dimensions. heyoka has no Bessel
# functions; `mathlib.symbolic.log_bessel` puts in the routine of this library.

E, M, e, S, r, s, t, k, c = symbols("E M e S r s t k c", positive=True)
f, g = E - e * sin(E) - M, 1 - e * cos(E)
step = E - f / (g - f * e * sin(E) / (2 * g))
d = (log(S) + (r + s**2 / 2) * t) / (s * sqrt(t))
paid = exp(-r * t) * erfc((s * sqrt(t) - d) / sqrt(2)) / 2
price = S * erfc(-d / sqrt(2)) / 2 - paid
density = k * c + 4 * log(k) - log(besseli(4, k))
examples = {
    "Kepler's equation": (step, [E, M, e]),
    "option price": (price, [S, r, s, t]),
    "log density with a Bessel function": (density, [k, c]),
}


def contenders(expr, args):
    """Return functions of the arguments in rows and of a place for the results."""
    ours = symbolic.compile(symbolic.log_bessel(expr), args, backend="numba")
    theirs = lambdify(args, expr, "scipy", cse=True)
    found = {
        "lambdify, cse": lambda rows, out: theirs(*rows),
        "mathlib": lambda rows, out: ours(*rows, out=out[0], workers=1),
    }
    if heyoka is not None and not expr.has(besseli):
        variables = [heyoka.expression(str(a)) for a in args]
        cfunc = heyoka.cfunc([heyoka.from_sympy(expr)], vars=variables)
        found["heyoka"] = lambda rows, out: cfunc(rows, outputs=out)
    return found


# %%
# Measure
# -------

sizes = [100, 1000, 10_000, 100_000]
rng = np.random.default_rng(0)
figure, axes = plt.subplots(
    1, 3, figsize=(10, 3.8), sharey=True, layout="constrained"
)
for panel, title in zip(axes, examples, strict=True):
    functions = contenders(*examples[title])
    best = {name: np.full(len(sizes), np.inf) for name in functions}
    for i, size in enumerate(sizes):
        rows = rng.uniform(0.1, 0.9, (len(examples[title][1]), size))
        out = np.empty((1, size))
        repeat = max(1, 10_000 // size)
        for _ in range(5):
            for name, function in functions.items():
                start = thread_time()
                for _ in range(repeat):
                    function(rows, out)
                ns = 1e9 * (thread_time() - start) / repeat / size
                best[name][i] = min(best[name][i], ns)
    for name, times in best.items():
        panel.plot(sizes, times, "o-", label=name)
    panel.set(xscale="log", yscale="log", title=title, xlabel="elements")
    figures = [f"{name} {times[-1]:.1f} ns" for name, times in best.items()]
    print(f"{title}: {', '.join(figures)}")
axes[0].set_ylabel("nanoseconds per element")
axes[0].legend()
plt.show()
