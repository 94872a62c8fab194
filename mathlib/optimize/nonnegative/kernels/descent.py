"""Coordinate descent for min x'Gx/2 - q'x over x >= 0."""

from numba import njit


@njit(nogil=True, cache=True)
def descend(G, x, g, epochs):
    """Minimise over one coordinate after the other, `epochs` times; G has a unit diagonal, g = Gx - q is kept."""
    p = len(x)
    for _ in range(epochs):
        for j in range(p):
            step = max(-g[j], -x[j])
            if step != 0.0:
                x[j] += step
                row = G[j]
                for i in range(p):
                    g[i] += step * row[i]
