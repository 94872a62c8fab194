"""Groups of columns turned so that they are orthogonal inside of each group, and descent over them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathlib.optimize.sparse_regression.design_matrix import Design

Floats = NDArray[np.float64]

EPOCHS, FULL = 5, 2  # rounds of descent, and how many of them look at the groups of zeros too


@dataclass(frozen=True)
class Rotated:
    """A group: X_g V = Q with Q'Q = diag(squares); `rows` holds Q'."""

    turn: Floats
    rows: Floats
    squares: Floats


def rotate(design: Design, group: NDArray[np.intp]) -> Rotated:
    """Return the group in the coordinates of its principal axes, where the norm of the coefficients is the same."""
    columns = design.dense(group)
    turn = np.linalg.eigh(columns @ columns.T)[1]
    rows = turn.T @ columns
    return Rotated(turn, rows, np.einsum("ij,ij->i", rows, rows))


class Blocks:
    """The groups of a working set, one after another."""

    def __init__(self, groups: list[Rotated], levels: Floats, fast: bool):
        self.levels, self.fast = levels, fast
        sizes = [len(g.squares) for g in groups]
        self.starts = np.concatenate(([0], np.cumsum(sizes)))
        self.of = np.repeat(np.arange(len(groups)), sizes)  # the group of each row
        self.rows = np.concatenate([g.rows for g in groups])
        self.squares = np.concatenate([g.squares for g in groups])

    def norms(self, v: Floats) -> Floats:
        """Return the norm of `v` in each group."""
        return np.sqrt(np.add.reduceat(v * v, self.starts[:-1]))

    def descend(self, z: Floats, r: Floats) -> None:
        """Minimise over one group after the other, a few times; `z` and its residual `r` change."""
        if self.fast:
            from mathlib.optimize.grouped_regression.kernels.blocks import descend

            descend(self.rows, self.squares, self.starts, self.levels, z, r, EPOCHS, FULL)
            return
        for epoch in range(EPOCHS):
            for k, level in enumerate(self.levels):
                part = slice(self.starts[k], self.starts[k + 1])
                if epoch >= FULL and not z[part].any():
                    continue
                Q, d = self.rows[part], self.squares[part]
                u = Q @ r + d * z[part]
                t = _norm_of_minimiser(u, d, level) if u @ u > level * level else 0.0
                new = u * t / (d * t + level)
                r -= (new - z[part]) @ Q
                z[part] = new

    def take(self, z: Floats) -> tuple[Any, "Blocks"]:
        """Return the index of the rows of groups that are not zero, and these groups."""
        used = np.flatnonzero(self.norms(z))
        index = np.flatnonzero(np.isin(self.of, used))
        part = object.__new__(Blocks)
        part.fast, part.levels, part.rows, part.squares = (
            self.fast,
            self.levels[used],
            self.rows[index],
            self.squares[index],
        )
        part.starts = np.concatenate(([0], np.cumsum(np.diff(self.starts)[used])))
        part.of = np.repeat(np.arange(len(used)), np.diff(part.starts))
        return index, part


def _norm_of_minimiser(u: Floats, d: Floats, level: float) -> float:
    """Return the t with sum (u / (d t + level))^2 = 1, by Newton's method on the power -1/2 of that sum."""
    t = 0.0
    for _ in range(60):
        e = d * t + level
        q = (u / e) ** 2
        s, slope = float(q.sum()), float((q * d / e).sum())
        if slope == 0.0:
            break
        step = s * (np.sqrt(s) - 1.0) / slope
        t += step
        if step <= 1e-15 * t:
            break
    return t
