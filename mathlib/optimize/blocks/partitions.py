"""How the variables are divided into blocks before the descent starts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mathlib._lib.validate import positive_integer
from mathlib.optimize.blocks.problem import Problem
from mathlib.optimize.blocks.quadratic import Quadratic
from mathlib.optimize.blocks.terms import index_sets
from mathlib.optimize.forest.partition import forest_partition

__all__ = ["NAMES", "fixed_blocks"]

Index = NDArray[np.intp]

NAMES = ("sort", "order", "average", "variable", "forest")


def fixed_blocks(problem: Problem, partition: Any, block_size: int) -> list[Index] | None:
    """Return the variables of each block, or None where blocks are chosen afresh for each update."""
    block_size = positive_integer(block_size, "block_size")
    if problem.term.groups is not None:
        return problem.term.groups
    if not isinstance(partition, str):
        return index_sets(partition, "partition", problem.size, once=False)
    if partition not in NAMES:
        raise ValueError(
            f"partition must be one of {', '.join(map(repr, NAMES))} or a list of arrays of indices; got {partition!r}"
        )
    if partition == "variable":
        return None
    if partition == "forest":
        if not (isinstance(problem, Quadratic) and sparse.issparse(problem.data) and problem.term.smooth):
            raise ValueError("partition 'forest' needs a Quadratic with a sparse matrix and no term: use 'sort'")
        return forest_partition(problem.data)
    order = np.arange(problem.size)
    if partition != "order":
        order = np.argsort(-problem.lipschitz, kind="stable")
    if partition == "average":  # the largest, the smallest, the second largest, ...
        order = np.stack([order, order[::-1]], axis=1).ravel()[: order.size]
    return [order[start : start + block_size] for start in range(0, order.size, block_size)]
