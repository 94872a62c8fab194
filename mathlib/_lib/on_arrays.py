"""Array bodies: NumPy gathers each region by index, any other array-API namespace computes all regions and selects."""

from typing import Any

import numpy as np

from mathlib._lib import words_numpy
from mathlib._lib.bind import Kernel, bind

BLOCK = 4096  # elements: temporaries stay in the second-level cache

Regions = tuple[tuple[Kernel, ...], ...]


def _run(stages: list[Kernel], arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Compose the stages of a region."""
    for stage in stages:
        arguments = stage(*arguments)
        arguments = arguments if isinstance(arguments, tuple) else (arguments,)
    return arguments


class NumpyBody:
    """The kernels over NumPy arrays of equal shape, float64 in and out."""

    def __init__(self, region: Kernel | None, regions: Regions, n_out: int):
        done: dict[int, Any] = {}
        self._region = bind(region, words_numpy, done) if region is not None else None
        self._regions = [[bind(stage, words_numpy, done) for stage in stages] for stages in regions]
        self._n_out = n_out

    def __call__(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        shape = arrays[0].shape
        flat = [np.ascontiguousarray(a).reshape(-1) for a in arrays]
        outs = [np.empty(flat[0].size) for _ in range(self._n_out)]
        with np.errstate(all="ignore"):  # sides of a choice that are not taken may overflow
            for start in range(0, flat[0].size, BLOCK):
                block = slice(start, start + BLOCK)
                self._block([a[block] for a in flat], [o[block] for o in outs])
        return [o.reshape(shape) for o in outs]

    def _block(self, arrays: list[np.ndarray], outs: list[np.ndarray]) -> None:
        which = np.asarray(self._region(*arrays)) if self._region is not None else np.zeros(1)
        if which.min() == which.max():
            for out, value in zip(outs, _run(self._regions[int(which.flat[0])], tuple(arrays)), strict=True):
                out[:] = value
            return
        for number, stages in enumerate(self._regions):
            chosen = np.flatnonzero(which == number)
            if chosen.size:
                for out, value in zip(outs, _run(stages, tuple(a[chosen] for a in arrays)), strict=True):
                    out[chosen] = value


class NamespaceBody:
    """The kernels over the arrays of one namespace and device.

    Nothing is gathered: index lists have data-dependent shapes, which not every library has. All regions are computed
    everywhere and `where` selects.
    """

    def __init__(self, region: Kernel | None, regions: Regions, xp: Any, device: Any):
        from mathlib._lib.words_array import Words

        words, done = Words(xp, device), {}
        self._words = words
        self._region = bind(region, words, done) if region is not None else None
        self._regions = [[bind(stage, words, done) for stage in stages] for stages in regions]

    def __call__(self, arrays: list[Any]) -> list[Any]:
        with np.errstate(all="ignore"):  # some of these libraries compute through NumPy
            return self._select(arrays)

    def _select(self, arrays: list[Any]) -> list[Any]:
        if self._region is None:
            return list(_run(self._regions[0], tuple(arrays)))
        which = self._region(*arrays)
        outs: tuple[Any, ...] | None = None
        for number, stages in enumerate(self._regions):
            values = _run(stages, tuple(arrays))
            where = self._words.where
            outs = values if outs is None else tuple(where(which == number, v, o) for v, o in zip(values, outs, strict=True))
        return list(outs or ())
