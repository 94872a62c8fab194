"""Random vectors of the von Mises-Fisher distribution."""

import math
import operator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mathlib._lib.validate import generator
from mathlib.stats._density import row_squares

Source: TypeAlias = np.random.Generator | np.random.RandomState
Floats: TypeAlias = NDArray[np.float64]


def source(seed: object, name: str) -> Source:
    """Return a RandomState itself (scipy.stats still takes them), anything else by the rule of this library."""
    return seed if isinstance(seed, np.random.RandomState) else generator(seed, name)


def sample(mu: Floats, kappa: float, size: Any, rng: Source) -> Floats:
    """Return vectors of shape ``(*size, p)``."""
    shape = _shape(size)
    n, p = math.prod(shape), mu.size
    versine = _versine_sphere(kappa, n, rng) if p == 3 else _versine(p, kappa, n, rng)
    x = rng.standard_normal((n, p))
    tangent = x[:, 1:]
    x[:, 0] = 1.0 - versine
    tangent *= (np.sqrt(versine * (2.0 - versine)) / np.sqrt(row_squares(tangent)))[:, None]
    _reflect(x, mu)
    return x.reshape(*shape, p)


def _shape(size: Any) -> tuple[int, ...]:
    if size is None:
        return ()
    try:
        shape = tuple(operator.index(s) for s in (size if isinstance(size, tuple | list) else (size,)))
    except TypeError:
        raise TypeError(f"size must be an integer, a tuple of integers or None, got {size!r}") from None
    if any(s < 0 for s in shape):
        raise ValueError(f"size must not be negative, got {size!r}")
    return shape


def _versine_sphere(kappa: float, n: int, rng: Source) -> Floats:
    """1 - mu.x in three dimensions, where its distribution function has an inverse."""
    u = rng.random(n)
    return 2.0 * u if kappa == 0 else np.minimum(np.log1p(u * math.expm1(-2.0 * kappa)) / -kappa, 2.0)


def _versine(p: int, kappa: float, n: int, rng: Source) -> Floats:
    """1 - mu.x by rejection from a transformed symmetric Beta variable.

    Source: A. T. A. Wood, Commun. Statist. Simul. Comput. 23 (1994) 157, after G. Ulrich; in two dimensions it is the
    rejection from the wrapped Cauchy distribution. Rearranged so that nothing cancels: in terms of
    y = (1 - b)(w - 1)/2, w = (1 - mu.x)(1 + b)/(2 b), the logarithm of the acceptance probability is m (log1p(y) - y).
    """
    m = p - 1.0
    b = m / (2.0 * kappa + math.hypot(2.0 * kappa, m))
    found: list[Floats] = []
    missing = n
    while missing > 0:
        count = missing + missing // 4 + 8
        z = rng.beta(0.5 * m, 0.5 * m, count)
        scale = 1.0 / (1.0 - (1.0 - b) * z)
        y = (1.0 - b) * (z - 0.5) * scale
        good = m * (np.log1p(y) - y) >= -rng.standard_exponential(count)
        found.append((2.0 * b * z * scale)[good][:missing])
        missing -= found[-1].size
    return np.concatenate(found) if found else np.empty(0)


def _reflect(x: Floats, mu: Floats) -> None:
    """Apply to the rows of `x`, in place, the Householder reflection that takes the first axis to `mu`."""
    w = -mu
    rest = float(np.vecdot(mu[1:], mu[1:]))
    w[0] = rest / (1.0 + mu[0]) if mu[0] > 0 else 1.0 - mu[0]
    if rest > 1e-290 or mu[0] < 0:  # else mu is the first axis to rounding
        w /= math.sqrt(float(np.vecdot(w, w)))
        step = max(1, (1 << 17) // mu.size)
        for i in range(0, len(x), step):
            rows = x[i : i + step]
            rows -= (2.0 * (rows @ w))[:, None] * w
