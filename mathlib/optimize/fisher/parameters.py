"""Vectors of all parameters of a model, from and to one array per parameter."""

from collections.abc import Sequence
from math import prod
from typing import Any, TypeAlias

from array_api_compat import array_namespace, is_array_api_obj

Array: TypeAlias = Any


class Parameters:
    """Shapes of the parameters whose entries, one after another, are the d coordinates."""

    def __init__(self, shapes: Sequence[tuple[int, ...]]):
        self.shapes = list(shapes)
        self.sizes = [prod(shape) for shape in shapes]

    def join(self, arrays: Sequence[Array], name: str) -> Array:
        """Return one array (..., d) of arrays (..., *shape), which have any number of leading axes in common."""
        if len(arrays) != len(self.shapes):
            raise ValueError(f"{name} has {len(arrays)} arrays for {len(self.shapes)} parameters: give one each")
        xp = array_namespace(*arrays)
        flat = []
        for i, (array, shape, size) in enumerate(zip(arrays, self.shapes, self.sizes, strict=True)):
            lead = array.ndim - len(shape)
            if lead < 0 or tuple(array.shape[lead:]) != shape:
                raise ValueError(f"{name}[{i}] has shape {tuple(array.shape)}, the parameter has {shape}")
            flat.append(xp.reshape(array, (*array.shape[:lead], size)))
        return xp.concat(flat, axis=-1)

    def split(self, x: Array) -> list[Array]:
        """Return the parts of (..., d), each (..., *shape)."""
        xp = array_namespace(x)
        parts, start = [], 0
        for shape, size in zip(self.shapes, self.sizes, strict=True):
            parts.append(xp.reshape(x[..., start : start + size], (*x.shape[:-1], *shape)))
            start += size
        return parts


def is_structure(value: object) -> bool:
    """Whether this is a list or tuple of arrays, one for each parameter, rather than an array or nested numbers."""
    return isinstance(value, list | tuple) and bool(value) and all(map(is_array_api_obj, value))


def flat_gradients(grads: Any, name: str) -> tuple[Any, Parameters | None]:
    """Return `grads` as one matrix, copied together from per-parameter arrays (m, *shape) if it is a list of them."""
    if not is_structure(grads):
        return grads, None
    if min(g.ndim for g in grads) < 2:
        raise ValueError(
            f"{name} is a list of arrays, so it must hold one array (m, *shape) for each parameter, the axis of "
            f"the m gradients first; got {[tuple(g.shape) for g in grads]}: stack vectors to a matrix"
        )
    parameters = Parameters([tuple(g.shape[1:]) for g in grads])
    return parameters.join(grads, name), parameters
