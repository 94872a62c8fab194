"""What the compiled loops over trees do, without numba: order by SciPy, sweeps by loops over lists."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["breadth_first", "eliminate", "substitute", "substitute_columns"]

Floats = NDArray[np.float64]
Places = NDArray[np.integer]

TINY = float(np.finfo(np.float64).tiny)  # smaller ones are flushed, as in the compiled sweeps


def breadth_first(A: Any) -> tuple[Places, Places, Floats] | None:
    """Return, by place in breadth-first order, node, place of the parent (-1 for a root) and weight.

    None is returned if there is a cycle. `A` is symmetric.
    """
    from scipy.sparse import csgraph, csr_array  # slow to import

    n = A.shape[0]
    edges = A.tocoo()
    row, column = edges.coords
    off = row != column
    trees, label = csgraph.connected_components(A, directed=False)
    if np.count_nonzero(off) != 2 * (n - trees):
        return None
    # One more node, tied to a node of each tree, makes one tree of the forest; the search starts from it.
    roots = np.unique(label, return_index=True)[1]
    ends = np.concatenate([row[off], np.full(trees, n)]), np.concatenate([column[off], roots])
    tree = csr_array((np.ones(ends[0].size), ends), shape=(n + 1, n + 1))
    order, above = csgraph.breadth_first_order(tree, n, directed=False)
    node = order[1:]
    place = np.empty(n + 1, np.intp)
    place[order] = np.arange(-1, n)
    weight = np.zeros(n)
    inward = place[row] > place[column]  # the entry that joins a node to its parent
    weight[place[row[inward]]] = edges.data[inward]
    return node, place[above[node]], weight


def eliminate(parent: Places, weight: Floats, pivot: Floats, least: Floats) -> int:
    """Turn diagonal entries into pivots and weights into multipliers; return the first place below `least`, or -1."""
    up, w, d = parent.tolist(), weight.tolist(), pivot.tolist()
    bad = -1
    for k, low in zip(range(len(up) - 1, -1, -1), reversed(least.tolist()), strict=True):
        if not d[k] > low:
            bad = k
            break
        if up[k] >= 0:
            multiplier = w[k] / d[k]
            d[up[k]] -= multiplier * w[k]
            w[k] = multiplier
    weight[:], pivot[:] = w, d
    return bad


def substitute(node: Places, parent: Places, multiplier: Floats, pivot: Floats, b: Floats, x: Floats) -> None:
    """Solve for one right-hand side."""
    y, up, m, d = b[node].tolist(), parent.tolist(), multiplier.tolist(), pivot.tolist()
    for k in range(len(y) - 1, -1, -1):
        if abs(y[k]) < TINY:
            y[k] = 0.0
        if up[k] >= 0:
            y[up[k]] -= m[k] * y[k]
    for k in range(len(y)):
        value = y[k] / d[k]
        if up[k] >= 0:
            value -= m[k] * y[up[k]]
        y[k] = value if abs(value) >= TINY else 0.0
    x[node] = y


def substitute_columns(node: Places, parent: Places, multiplier: Floats, pivot: Floats, b: Floats, x: Floats) -> None:
    """Solve for the columns of a matrix."""
    for j in range(b.shape[1]):
        substitute(node, parent, multiplier, pivot, b[:, j], x[:, j])
