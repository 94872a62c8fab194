"""The small side of an inverse: K + shift I for a positive semidefinite matrix K, factored on the host in float64."""

from typing import Literal

import numpy as np
from scipy.linalg import lapack

Factor = Literal["cholesky", "eigh"]

HOPELESS = 0.1  # eps times the condition number from which on a Cholesky factor says nothing about small eigenvalues
POWER_STEPS = 16  # of the power method for the norm: it is known to a few per cent then, and used for decisions only


class DampedGram:
    """S = K + shift I, shift > 0, by its Cholesky factor, or by eigenvectors where that factor would be noise.

    K is kept: another shift costs m^3/3 operations, or m^2 with eigenvectors, and no pass over the data. Eigenvalues
    of K that are rounding noise count as zero, and so do all beyond its largest possible `rank`, if that is given.
    `solve` and `trace_inverse` leave these directions out if `drop_null`, as is right for K = G G^T, where such a
    direction is none in the space of the gradients.
    """

    def __init__(
        self,
        gram: np.ndarray,
        shift: float,
        factor: Factor = "cholesky",
        *,
        rank: int | None = None,
        drop_null: bool = True,
        spectrum: tuple[np.ndarray, np.ndarray] | None = None,
    ):
        self.gram, self.shift, self.drop_null = gram, shift, drop_null
        self.m = len(gram)
        self.rank = self.m if rank is None else rank
        self._wanted: Factor = factor if self.rank == self.m else "eigh"
        self._spectrum = spectrum
        self.factor: Factor = self._wanted
        self.condition = (shift + norm(gram)) / shift
        if self.factor == "cholesky" and np.finfo(np.float64).eps * self.condition <= HOPELESS:
            damped = np.array(gram, order="F")
            damped[np.diag_indices(self.m)] += shift
            self.lower, info = lapack.dpotrf(damped, lower=1, clean=1, overwrite_a=1)
            if info == 0:
                return
        self.factor = "eigh"
        values, self.vectors = self._spectrum = self._spectrum or np.linalg.eigh(gram)
        self.null = values <= self.m * np.finfo(np.float64).eps * values[-1]
        self.null[: self.m - self.rank] = True
        self.values = np.where(self.null, 0.0, values) + shift

    def with_shift(self, shift: float) -> "DampedGram":
        """Return the same with another shift."""
        return DampedGram(
            self.gram, shift, self._wanted, rank=self.rank, drop_null=self.drop_null, spectrum=self._spectrum
        )

    def by_eigenvectors(self) -> "DampedGram":
        """Return the same by eigenvectors."""
        return DampedGram(self.gram, self.shift, "eigh", rank=self.rank, drop_null=self.drop_null)

    def solve(self, b: np.ndarray) -> np.ndarray:
        """Return S^-1 b for (m,) or (m, k)."""
        if self.factor == "cholesky":
            x: np.ndarray = lapack.dpotrs(self.lower, b, lower=1)[0]
            return x.reshape(b.shape)
        weights = np.where(self.null & self.drop_null, 0.0, 1.0 / self.values)
        return np.asarray(self.vectors @ (weights * (self.vectors.T @ b).T).T)

    def inverse_factor(self) -> np.ndarray:
        """Return M with M^T M = S^-1: lower triangular if `factor` is 'cholesky'."""
        if self.factor == "cholesky":
            inverse: np.ndarray = lapack.dtrtri(self.lower, lower=1)[0]
            return inverse
        weights = np.where(self.null & self.drop_null, 0.0, 1.0 / np.sqrt(self.values))
        return np.asarray(weights[:, None] * self.vectors.T)

    @property
    def nullity(self) -> int:
        """Number of directions that `solve` leaves out."""
        return int(self.null.sum()) if self.factor == "eigh" and self.drop_null else 0

    def null_projector(self) -> np.ndarray | float:
        """Return the projector to the directions that `solve` leaves out, 0 if there are none."""
        if not self.nullity:
            return 0.0
        null = self.vectors[:, self.null]
        return np.asarray(null @ null.T)

    def logdet(self) -> float:
        """Return log det S."""
        if self.factor == "cholesky":
            return 2.0 * float(np.log(self.lower.diagonal()).sum())
        return float(np.log(self.values).sum())

    def trace_inverse(self) -> float:
        """Return the trace of S^-1, without the directions that `solve` leaves out."""
        if self.factor == "cholesky":
            inverse = self.inverse_factor()
            return float(np.vdot(inverse, inverse))
        return float((1.0 / self.values[~(self.null & self.drop_null)]).sum())


def norm(gram: np.ndarray) -> float:
    """Return the 2-norm of a positive semidefinite matrix to a few per cent, at least its largest diagonal."""
    vector = gram.diagonal() + gram.diagonal().max() / len(gram)
    for _ in range(POWER_STEPS):
        length = np.linalg.norm(vector)
        if length == 0.0:
            return 0.0
        vector = gram @ (vector / length)
    return max(float(np.linalg.norm(vector)), float(gram.diagonal().max()))
