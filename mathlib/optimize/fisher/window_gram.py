"""The m x m side of a window: products of all pairs of its gradients, and the factor or inverse of S = K + shift I."""

from typing import Literal, TypeAlias

import numpy as np

from mathlib.optimize.fisher.damped_gram import HOPELESS, DampedGram, norm
from mathlib.optimize.fisher.explicit_inverse import inverted, refined_column, replaced
from mathlib.optimize.fisher.factor import border, dropping, factored, newest

Inverse: TypeAlias = Literal["factor", "explicit"]

EXPLICIT_CONDITION = 1e5  # of S, up to which an explicit inverse survives its updates


class FactoredGram(DampedGram):
    """S with its Cholesky factor known."""

    def __init__(self, gram: np.ndarray, shift: float, lower: np.ndarray):
        self.gram, self.shift, self.lower = gram, shift, lower
        self.m = self.rank = len(gram)
        self.drop_null = True
        self.factor = self._wanted = "cholesky"
        self._spectrum = None
        self.condition = (shift + norm(gram)) / shift


class WindowGram:
    """K in the order of the places of the store, so that a new gradient writes one row and column of it.

    `order` is always the list of places from the oldest gradient to the newest, after the change. The factor is in
    this order, the explicit inverse in that of the places. Either is dropped when it does not fit any more, and made
    from K when it is asked for.
    """

    def __init__(self, window: int, inverse: Inverse, backend: str):
        self.products = np.zeros((window, window))
        self.explicit = inverse == "explicit"
        self._drop = dropping(backend)
        self._shift = 0.0
        self._factor: np.ndarray | None = None
        self._inverse: np.ndarray | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of K and the factor."""
        return 2 * self.products.nbytes

    def gram(self, order: np.ndarray) -> np.ndarray:
        """Return K, oldest gradient first."""
        gram: np.ndarray = self.products[np.ix_(order, order)]
        return gram

    def restore(self, gram: np.ndarray) -> None:
        """Start again with the products of gradients in the places 0..m - 1."""
        m = len(gram)
        self.products[:m, :m] = gram
        self._factor = self._inverse = None

    def enter(self, column: np.ndarray, order: np.ndarray, shift: float, *, instead: bool) -> None:
        """Take in the products of the newest gradient with all; `instead` of the oldest one, or in addition."""
        place = order[-1]
        self.products[place, order] = column
        self.products[order, place] = column
        factor, inverse = self._kept(shift)
        if factor is not None:
            if instead:
                self._drop(factor, 0)
            else:
                factor = np.pad(factor, (0, 1))
                factor[-1, -1] = 1.0
            self._factor = factor if border(factor, column, shift) else None
        m = len(order)
        if inverse is not None and instead and replaced(inverse, self.products[:m, :m], shift, place):
            self._inverse = inverse

    def leave(self, k: int, place: int, order: np.ndarray, shift: float) -> None:
        """Forget gradient k of the order before; the last place in use has moved to its `place`."""
        last = len(order)
        self.products[place, : last + 1] = self.products[last, : last + 1]
        self.products[: last + 1, place] = self.products[: last + 1, last]
        factor, _ = self._kept(shift)
        if factor is not None:
            self._drop(factor, k)
            self._factor = factor[:-1, :-1].copy()

    def _kept(self, shift: float) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Return factor and inverse if they are there and of this shift, and hold none until they are changed."""
        kept = (self._factor, self._inverse) if shift == self._shift else (None, None)
        self._factor = self._inverse = None
        self._shift = shift
        return kept

    def newest(self, order: np.ndarray, shift: float, total: int) -> np.ndarray:
        """Return the last column of S^-1."""
        if self.explicit:
            inverse, m, place = self._inverse_of(order, shift), len(order), order[-1]
            if inverse is not None:
                column: np.ndarray = refined_column(inverse, self.products[:m, :m], shift, place)[order]
                return column
        factor = self._factor_of(order, shift, total)
        if factor is not None:
            return newest(factor)
        return self.damped(order, shift, total).solve(np.eye(len(order))[-1])

    def newest_by_eigenvectors(self, order: np.ndarray, shift: float, total: int) -> np.ndarray:
        """Return the last column of S^-1 without its part in the null space of K: G^T takes that to zero."""
        small = DampedGram(self.gram(order), shift, "eigh", rank=min(len(order), total))
        return small.solve(np.eye(len(order))[-1])

    def damped(self, order: np.ndarray, shift: float, total: int) -> DampedGram:
        """Return K, oldest first, with what solves by S."""
        factor = self._factor_of(order, shift, total)
        if factor is not None:
            return FactoredGram(self.gram(order), shift, factor.T)
        return DampedGram(self.gram(order), shift, rank=min(len(order), total))

    def _factor_of(self, order: np.ndarray, shift: float, total: int) -> np.ndarray | None:
        """Return the factor, made if it is not there; None if rounding is all that it could be made of."""
        condition = 1.0 + self.products.diagonal()[order].sum() / shift  # at most m times too large
        if len(order) > total or np.finfo(np.float64).eps * condition > HOPELESS:
            return None
        if self._factor is None or self._shift != shift:
            self._factor, self._shift = factored(self.gram(order), shift), shift
        return self._factor

    def _inverse_of(self, order: np.ndarray, shift: float) -> np.ndarray | None:
        if self._inverse is None or self._shift != shift:
            m = len(order)
            self._inverse, self._shift = inverted(self.products[:m, :m], shift), shift
        return self._inverse

    def refuse_condition(self, gram: np.ndarray, shift: float) -> None:
        """Raise ValueError if an explicit inverse is wanted and S for this K is too close to singular."""
        if not self.explicit or np.trace(gram) <= (EXPLICIT_CONDITION - 1.0) * shift:
            return
        condition = (shift + norm(gram)) / shift
        if condition > EXPLICIT_CONDITION:
            raise ValueError(
                f"inverse='explicit' is for condition numbers up to {EXPLICIT_CONDITION:g} and H would have "
                f"{condition:.2g}: use inverse='factor', or a larger damp"
            )

    def bordered(self, order: np.ndarray, column: np.ndarray) -> np.ndarray:
        """Return K of the gradients in `order` and a further one, which has the last column given."""
        gram = np.pad(self.gram(order), (0, 1))
        gram[-1] = gram[:, -1] = column
        return gram
