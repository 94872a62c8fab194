"""Vectors of d floats from callers: weights, and gradients that are not held."""

from typing import Any, TypeAlias

import numpy as np
from array_api_compat import array_namespace, is_array_api_obj

from mathlib.optimize.fisher.inverse import FisherInverse
from mathlib.optimize.fisher.parameters import is_structure

Array: TypeAlias = Any


def flat_floats(fisher: FisherInverse, value: Any, name: str) -> tuple[Array, bool]:
    """Return finite floats in the library of the gradients, (..., d), and whether they came as a list of arrays."""
    for part in value if is_structure(value) else [value if is_array_api_obj(value) else np.asarray(value)]:
        if not array_namespace(part).isdtype(part.dtype, "real floating"):
            raise TypeError(f"{name} must hold floats, got dtype {part.dtype}: convert it to float64")
    flat, split = fisher._flat(value, name)
    if flat.ndim == 0 or flat.shape[-1] != fisher.shape[0]:
        raise ValueError(f"{name} must have d = {fisher.shape[0]} entries, got shape {tuple(flat.shape)}")
    return flat, split
