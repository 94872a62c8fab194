"""Small arrays between their own library and NumPy: results of passes over large arrays, which stay where they are."""

from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, is_cupy_array, is_torch_array, to_device

__all__ = ["from_host", "to_host"]


def to_host(x: Any) -> np.ndarray:
    """Return `x` as a NumPy array: itself if it is one, a copy from its device otherwise."""
    return np.asarray(to_device(x, "cpu") if is_cupy_array(x) or is_torch_array(x) else x)


def from_host(x: np.ndarray, like: Any, dtype: Any = None) -> Any:
    """Return the NumPy array `x` in the library and on the device of `like`, and in its dtype unless one is given."""
    xp = array_namespace(like)
    return xp.asarray(x, dtype=like.dtype if dtype is None else dtype, device=device(like))
