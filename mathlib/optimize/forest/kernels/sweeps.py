"""Compiled elimination and substitution on a forest in depth-first order: parents come before their children."""

import numpy as np
from numba import njit

__all__ = ["eliminate", "substitute", "substitute_columns"]

TINY = np.finfo(np.float64).tiny  # smaller ones are flushed: a decaying chain would crawl through subnormal numbers


@njit(nogil=True, cache=True)
def eliminate(parent, weight, pivot, least):
    """Turn diagonal entries into pivots and weights into multipliers; return the first place below `least`, or -1."""
    for k in range(parent.size - 1, -1, -1):
        if not pivot[k] > least[k]:
            return k
        p = parent[k]
        if p >= 0:
            w = weight[k]
            weight[k] = w / pivot[k]
            pivot[p] -= weight[k] * w
    return -1


@njit(nogil=True, cache=True)
def substitute(node, parent, multiplier, pivot, b, x):
    """Solve for one right-hand side."""
    n = node.size
    y = np.empty(n)
    for k in range(n):
        y[k] = b[node[k]]
    for k in range(n - 1, -1, -1):
        if abs(y[k]) < TINY:
            y[k] = 0.0
        p = parent[k]
        if p >= 0:
            y[p] -= multiplier[k] * y[k]
    for k in range(n):
        value = y[k] / pivot[k]
        p = parent[k]
        if p >= 0:
            value -= multiplier[k] * y[p]
        if abs(value) < TINY:
            value = 0.0
        y[k] = value
        x[node[k]] = value


@njit(nogil=True, cache=True)
def substitute_columns(node, parent, multiplier, pivot, b, x):
    """Solve for the columns of a matrix, row by row."""
    n, columns = b.shape
    y = np.empty((n, columns))
    for k in range(n):
        y[k] = b[node[k]]
    for k in range(n - 1, -1, -1):
        p = parent[k]
        for j in range(columns):
            if abs(y[k, j]) < TINY:
                y[k, j] = 0.0
            if p >= 0:
                y[p, j] -= multiplier[k] * y[k, j]
    for k in range(n):
        p = parent[k]
        for j in range(columns):
            value = y[k, j] / pivot[k]
            if p >= 0:
                value -= multiplier[k] * y[p, j]
            if abs(value) < TINY:
                value = 0.0
            y[k, j] = value
            x[node[k], j] = value
