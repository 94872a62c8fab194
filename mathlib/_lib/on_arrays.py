"""Array bodies: NumPy gathers each region by index, any other array-API namespace computes all regions and selects."""

from typing import Any

import numpy as np

from mathlib._lib import words_numpy
from mathlib._lib.bind import Kernel, bind, composed

BLOCK = 4096  # elements: temporaries stay in the second-level cache

Regions = tuple[tuple[Kernel, ...], ...]


class NumpyBody:
    """The kernels over NumPy arrays of equal shape, float64 in and out."""

    def __init__(self, region: Kernel | None, regions: Regions, n_out: int):
        done: dict[int, Any] = {}
        self._region = bind(region, words_numpy, done) if region is not None else None
        self._regions = [[bind(stage, words_numpy, done) for stage in stages] for stages in regions]
        self._n_out = n_out

    def __call__(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        flat = [np.ascontiguousarray(a).reshape(-1) for a in arrays]
        size = flat[0].size
        outs = [np.empty(size) for _ in range(self._n_out)]
        which = np.zeros(size, np.int8)
        with np.errstate(all="ignore"):  # sides of a choice that are not taken may overflow
            if self._region is not None:
                for block in _blocks(size):
                    which[block] = self._region(*(a[block] for a in flat))
            for number, stages in enumerate(self._regions):
                chosen = np.flatnonzero(which == number)  # of the whole array: full blocks of one region are fastest
                for block in _blocks(chosen.size):
                    at = chosen[block]
                    for out, value in zip(outs, composed(stages, tuple(a[at] for a in flat)), strict=True):
                        out[at] = value
        return [o.reshape(arrays[0].shape) for o in outs]


def _blocks(size: int) -> list[slice]:
    return [slice(start, start + BLOCK) for start in range(0, size, BLOCK)]


class NamespaceBody:
    """The kernels over the arrays of one namespace and device.

    Nothing is gathered: index lists have data-dependent shapes, which not every library has. All regions are computed
    everywhere and `where` selects.
    """

    def __init__(self, region: Kernel | None, regions: Regions, xp: Any, device: Any):
        from mathlib._lib.words_array import Words

        words = Words(xp, device)
        done: dict[int, Any] = {}
        self._words = words
        self._region = bind(region, words, done) if region is not None else None
        self._regions = [[bind(stage, words, done) for stage in stages] for stages in regions]

    def __call__(self, arrays: list[Any]) -> list[Any]:
        with np.errstate(all="ignore"):  # some of these libraries compute through NumPy
            return self._select(arrays)

    def _select(self, arrays: list[Any]) -> list[Any]:
        if self._region is None:
            return list(composed(self._regions[0], tuple(arrays)))
        which = self._region(*arrays)
        select: Any = self._words.where
        outs: tuple[Any, ...] | None = None
        for number, stages in enumerate(self._regions):
            values = composed(stages, tuple(arrays))
            if outs is None:
                outs = values
            else:
                outs = tuple(select(which == number, v, o) for v, o in zip(values, outs, strict=True))
        return list(outs or ())
