"""Depth-first order of a forest, found by peeling leaves: no stack, and one look at a far node per edge."""

import numpy as np
from numba import njit

__all__ = ["depth_first", "first_foreign", "peel"]

LINK, DEGREE, WEIGHT, PLACE = 0, 1, 2, 3  # columns of the table: the four numbers of a node share a cache line


@njit(nogil=True, cache=True)
def peel(indptr, indices, bits, table):
    """Give every node of a forest its parent and weight; return the nodes, leaves first, and how many are not roots.

    A leaf knows its only neighbour as the exclusive or of all its neighbours, and a removed leaf is taken out of its
    neighbour's by a second one; the bits of the weights go the same way. Nodes on cycles, and between, are not
    returned. What comes of a matrix that is not symmetric is no forest of it, so ask `first_foreign`.
    """
    n = indptr.size - 1
    for u in range(n):
        link, degree, weight = 0, 0, np.int64(0)
        for k in range(indptr[u], indptr[u + 1]):
            v = indices[k]
            if v != u:
                link ^= v
                degree += 1
                weight ^= bits[k]
        table[u, LINK], table[u, DEGREE], table[u, WEIGHT], table[u, PLACE] = link, degree, weight, 0
    order = np.empty(n, np.int64)
    count = 0
    for start in range(n):
        u = start
        while table[u, DEGREE] == 1:
            parent = table[u, LINK]
            if parent >= n:  # the matrix is not symmetric
                return order[:0], 0
            order[count] = u
            count += 1
            table[u, DEGREE] = -1
            table[parent, DEGREE] -= 1
            table[parent, LINK] ^= u
            table[parent, WEIGHT] ^= table[u, WEIGHT]
            if parent > start:  # its turn comes
                break
            u = parent
    leaves = count
    for u in range(n):
        if table[u, DEGREE] == 0:
            table[u, LINK] = -1
            order[count] = u
            count += 1
    return order[:count], leaves


@njit(nogil=True, cache=True)
def first_foreign(indptr, indices, bits, table):
    """Return the position of the first off-diagonal entry that is no edge of the forest, or -1."""
    for u in range(indptr.size - 1):
        for k in range(indptr[u], indptr[u + 1]):
            v = indices[k]
            child = u if table[u, LINK] == v else v
            if v != u and not (table[child, LINK] == u ^ v ^ child and table[child, WEIGHT] == bits[k]):
                return k
    return -1


@njit(nogil=True, cache=True)
def depth_first(order, leaves, table, node, parent, weight):
    """Fill in, by place in depth-first order, the node, the place of its parent (-1 for a root) and its weight."""
    for k in range(order.size):
        table[order[k], DEGREE] = 1  # now the size of the subtree
    for k in range(leaves):
        u = order[k]
        table[table[u, LINK], DEGREE] += table[u, DEGREE]
    top = 0
    for k in range(order.size - 1, -1, -1):
        u = order[k]
        size, up = table[u, DEGREE], table[u, LINK]
        if up < 0:
            place, above = top, -1
            top += size
        else:
            place, above = table[up, PLACE], table[up, DEGREE]
            table[up, PLACE] += size
        table[u, PLACE], table[u, DEGREE] = place + 1, place  # where its next child goes; where it is itself
        node[place], parent[place], weight[place] = u, above, table[u, WEIGHT]
