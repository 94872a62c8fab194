"""What every form of the inverse offers; arrays of size d in the library of the gradients, the rest on the host."""

from typing import Any, Literal, Protocol, Self, TypeAlias

import numpy as np

from mathlib.optimize.fisher.gradients import GradientRows

Array: TypeAlias = Any
Refine: TypeAlias = Literal["auto"] | int


class Side(Protocol):
    """The inverse of H = damp I + G^T G / n."""

    rows: GradientRows
    divisor: float
    name: str

    @property
    def damp(self) -> float:
        """The damping."""

    @property
    def condition(self) -> float:
        """Condition number of H, to a few per cent."""

    @property
    def nbytes(self) -> int:
        """Bytes held beside the rows."""

    def with_damp(self, damp: float) -> Self:
        """Return the same with another damping, without a pass over the gradients where that is possible."""

    def solve(self, x: Array, refine: Refine = "auto") -> Array:
        """Return H^-1 x for (d,) or (d, k)."""

    def solve_rows(self, a: np.ndarray) -> Array:
        """Return H^-1 G^T a for (m,) or (m, k)."""

    def quad_rows(self) -> np.ndarray:
        """Return G H^-1 G^T, (m, m)."""

    def diagonal(self) -> Array:
        """Return the diagonal of H^-1, (d,) in float64."""

    def elements(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Return [H^-1]_ij for index arrays of one shape."""

    def columns(self, index: np.ndarray) -> Array:
        """Return H^-1 e_j for every j of `index`, (d, len(index))."""

    def logdet(self) -> float:
        """Return log det H."""

    def trace(self) -> float:
        """Return the trace of H^-1."""
