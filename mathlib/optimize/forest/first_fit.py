"""Nodes into forests, one after another, each into the first in which it closes no cycle."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["first_fit"]


def first_fit(indptr: NDArray[np.integer], indices: NDArray[np.integer], order: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the forest of each node. Plain loops: compiled in `kernels.first_fit`."""
    n = order.size
    forest = np.full(n, -1)
    head = np.arange(n)  # union-find: a node nearer to the representative of its tree
    seen = np.full(n, -1)  # the node for which a representative was met last, by representative
    heads = np.empty(n, np.intp)
    for u in order:
        f = 0
        while forest[u] < 0:
            count = 0
            fits = True
            for k in range(indptr[u], indptr[u + 1]):
                v = indices[k]
                if v != u and forest[v] == f:
                    while head[v] != v:
                        head[v] = head[head[v]]
                        v = head[v]
                    if seen[v] == u:  # two neighbours in one tree
                        fits = False
                        break
                    seen[v] = u
                    heads[count] = v
                    count += 1
            if fits:
                forest[u] = f
                for j in range(count):
                    head[heads[j]] = u
            f += 1
    return forest
