"""A block of variables with what the descent wants to know about it, each thing found when first asked for."""

from functools import cached_property
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy import sparse

from mathlib.optimize.blocks.problem import Problem
from mathlib.optimize.blocks.quadratic import Quadratic
from mathlib.optimize.forest.factor import ForestFactor

__all__ = ["Block", "ForestBlock", "cholesky", "damped", "make_block"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

DAMPING = 1e-12  # relative, on the diagonal: equal columns still make a definite matrix
SMALL = 64  # variables: a smaller block is solved densely even where it is a forest


class Block:
    """Variables of a problem, the columns that belong to them, and a bound of the Hessian."""

    def __init__(self, problem: Problem, index: Index):
        self.problem, self.index = problem, index

    @cached_property
    def columns(self) -> Any:
        """The columns of the variables."""
        return self.problem.columns(self.index)

    @cached_property
    def bound(self) -> Floats:
        """A matrix that is at least the Hessian, and definite."""
        return damped(self.problem.bound(self.columns, self.index))

    @cached_property
    def lipschitz(self) -> float:
        """Bound of the largest eigenvalue."""
        return float(np.linalg.eigvalsh(self.bound)[-1])

    @cached_property
    def _cholesky(self) -> Any:
        return cholesky(self.bound)

    def solve(self, g: Floats) -> Floats:
        """Return the inverse of the bound times g."""
        return np.asarray(scipy.linalg.cho_solve(self._cholesky, g, check_finite=False))

    def gradient(self, z: Floats) -> Floats:
        """Return the gradient of the smooth part."""
        return np.asarray(self.problem.block_gradient(z, self.columns, self.index))

    def hessian(self, z: Floats) -> Floats:
        """Return the Hessian of the smooth part, made definite."""
        return damped(self.problem.hessian(z, self.columns, self.index))

    def shift(self, d: Floats) -> Floats:
        """Return the change of the state with a step."""
        return np.asarray(self.problem.shift(self.columns, self.index, d))


class ForestBlock(Block):
    """Variables of a quadratic that induce a forest: as many as there may be, a solve is linear in their number."""

    def __init__(self, problem: Problem, index: Index):
        super().__init__(problem, index)
        self._matrix = sparse.csr_array(self.columns[index])
        self._factor = ForestFactor(self._matrix + DAMPING * sparse.diags_array(problem.lipschitz[index]))

    @cached_property
    def lipschitz(self) -> float:
        """Bound of the largest eigenvalue, by the row sums."""
        return float(abs(self._matrix).sum(axis=1).max())

    def solve(self, g: Floats) -> Floats:
        """Return the inverse of the Hessian times g."""
        return self._factor.solve(g)


def make_block(problem: Problem, index: Index) -> Block:
    """Return a block: large ones of a sparse quadratic without term as a forest, if they are one."""
    quadratic = isinstance(problem, Quadratic) and problem.term.smooth and sparse.issparse(problem.data)
    if quadratic and index.size > SMALL and _is_forest(problem.data[:, index][index]):
        return ForestBlock(problem, index)
    return Block(problem, index)


def _is_forest(matrix: Any) -> bool:
    """Whether the graph of a symmetric matrix has no cycle: as many edges as nodes that are not the first of a tree."""
    from scipy.sparse import csgraph  # slow to import

    row, column = matrix.tocoo().coords
    trees = csgraph.connected_components(matrix, directed=False)[0]
    return bool(np.count_nonzero(row < column) == matrix.shape[0] - trees)


def damped(H: Floats) -> Floats:
    """Return a semidefinite matrix with its diagonal enlarged by a little, and by 1 where it is zero."""
    H = np.array(H)
    diagonal = np.einsum("ii->i", H)
    diagonal += np.where(diagonal > 0, DAMPING * diagonal, 1.0)
    return H


def cholesky(H: Floats) -> Any:
    """Return the Cholesky factor of a block as `scipy.linalg.cho_solve` wants it."""
    try:
        return scipy.linalg.cho_factor(H, lower=True, check_finite=False)
    except np.linalg.LinAlgError:
        least = float(np.linalg.eigvalsh(H)[0])
        raise ValueError(
            f"the matrix of the problem must be positive semidefinite, got the eigenvalue {least:.3g} in a block"
        ) from None
