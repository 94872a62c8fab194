"""Which block comes next: at random, in turn, or the one that promises most."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathlib.optimize.blocks.best_block import best_block, largest
from mathlib.optimize.blocks.block import Block, ForestBlock, make_block
from mathlib.optimize.blocks.problem import Problem

__all__ = ["GREEDY", "NAMES", "FixedRule", "VariableRule"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

BLIND = ("random", "cyclic", "shuffled", "lipschitz")
GREEDY = ("gs", "gsl", "gsd", "gsq", "gs-s", "gs-r", "gs-q")
NAMES = BLIND + GREEDY


class FixedRule:
    """A choice among blocks that stay."""

    def __init__(self, problem: Problem, name: str, sets: list[Index], rng: np.random.Generator):
        self.blocks = [make_block(problem, index) for index in sets]
        self.updates_per_pass = len(sets)
        self._problem, self._name = problem, name
        self._flat = np.concatenate(sets)
        self._starts = np.cumsum([0] + [index.size for index in sets[:-1]])
        if name in ("gsl", "lipschitz"):
            self._lipschitz = np.array([block.lipschitz for block in self.blocks])
        if name in BLIND:
            self._turns = _turns(name, len(sets), rng, self._lipschitz if name == "lipschitz" else None)
        else:
            self._score = _coordinate_score(problem, "gs" if name == "gsl" else name)
        self._inverses = self._stacked_inverses() if name == "gsq" else []

    def next(self, x: Floats, g: Floats | None) -> Block:
        """Return the next block; the greedy rules read the gradient g of the smooth part."""
        if g is None:
            return self.blocks[next(self._turns)]
        if self._name == "gsq":
            score = self._decreases(g)
        else:
            score = np.add.reduceat(self._score(x, g)[self._flat], self._starts)
            if self._name == "gsl":
                score /= self._lipschitz
        return self.blocks[int(np.argmax(score))]

    def _stacked_inverses(self) -> list[tuple[Index, Index, Floats]]:
        """Return, for all blocks of one size, their numbers, variables and inverse matrices."""
        dense = [k for k, block in enumerate(self.blocks) if not isinstance(block, ForestBlock)]
        stacks = []
        for size in sorted({self.blocks[k].index.size for k in dense}):
            numbers = [k for k in dense if self.blocks[k].index.size == size]
            index = np.array([self.blocks[k].index for k in numbers])
            inverses = np.array([self.blocks[k].solve(np.eye(size)) for k in numbers])
            stacks.append((np.array(numbers), index, inverses))
        return stacks

    def _decreases(self, g: Floats) -> Floats:
        """Return g_b H_b^-1 g_b, twice the decrease that each block promises."""
        score = np.empty(len(self.blocks))
        for numbers, index, inverses in self._inverses:
            score[numbers] = np.einsum("ki,kij,kj->k", g[index], inverses, g[index], optimize=True)
        for k, block in enumerate(self.blocks):
            if isinstance(block, ForestBlock):
                score[k] = g[block.index] @ block.solve(g[block.index])
        return score


class VariableRule:
    """Blocks put together anew for each update."""

    def __init__(self, problem: Problem, name: str, size: int, rng: np.random.Generator):
        self._size = min(size, problem.size)
        self.updates_per_pass = -(-problem.size // self._size)
        self._problem, self._name, self._rng = problem, name, rng
        if name not in BLIND and name != "gsq":
            self._score = _coordinate_score(problem, name)
        self._left = np.empty(0, np.intp)
        self._share = problem.lipschitz / problem.lipschitz.sum()

    def next(self, x: Floats, g: Floats | None) -> Block:
        """Return the next block; the greedy rules read the gradient g of the smooth part."""
        if g is None:
            return Block(self._problem, self._blind())
        if self._name == "gsq":
            return Block(self._problem, best_block(self._problem, g, self._size))
        return Block(self._problem, largest(self._score(x, g), self._size))

    def _blind(self) -> Index:
        p, size = self._problem.size, self._size
        if self._name in ("random", "lipschitz"):
            share = self._share if self._name == "lipschitz" else None
            return np.asarray(self._rng.choice(p, size, replace=False, p=share))
        if self._left.size < size:  # in turn: a block may end one pass and begin the next
            new = np.arange(p) if self._name == "cyclic" else self._rng.permutation(p)
            new = new[~np.isin(new, self._left)] if self._name == "shuffled" else new
            self._left = np.concatenate([self._left, new])
        index, self._left = self._left[:size], self._left[size:]
        return index


def _turns(name: str, count: int, rng: np.random.Generator, weights: Floats | None) -> Iterator[int]:
    """Yield the numbers of blocks for ever."""
    share = None if weights is None else weights / weights.sum()
    while True:
        if name == "cyclic":
            yield from range(count)
        elif name == "shuffled":
            yield from rng.permutation(count)
        else:
            yield from rng.choice(count, count, p=share)


def _coordinate_score(problem: Problem, name: str) -> Callable[[Floats, Floats], Floats]:
    """Return the function of x and the gradient that gives each coordinate its part of the score of its block."""
    term, everything = problem.term, slice(None)
    curvature: Any = problem.lipschitz
    if term.groups is not None:
        curvature = np.empty(problem.size)
        for index in term.groups:
            curvature[index] = Block(problem, index).lipschitz

    def step(x: Floats, g: Floats) -> Floats:
        return term.prox(x - g / curvature, curvature, everything) - x

    def model_decrease(x: Floats, g: Floats) -> Floats:
        d = step(x, g)
        return np.asarray(-(g * d + 0.5 * curvature * d * d + term.changes(x, d, everything)))

    if name == "gs-r":
        return lambda x, g: step(x, g) ** 2
    if name == "gs-q":
        return model_decrease
    sums = {"gsl": curvature, "gsd": problem.row_sums() if name == "gsd" else 1.0}
    weight = np.where(sums.get(name, 1.0) == 0, 1.0, sums.get(name, 1.0))
    return lambda x, g: term.subgradient(x, g) ** 2 / weight
