"""Arguments of the solvers of this room that work on the processor in float64: a dense or sparse matrix, a vector."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mathlib._lib.dispatch import choose
from mathlib._lib.validate import finite_array

__all__ = ["compiled", "matrix", "two_classes", "vector"]


def compiled(arrays: Sequence[Any], backend: str | None, name: str) -> bool:
    """Whether the compiled loops run for these arrays; arrays of other libraries are a TypeError."""
    chosen = choose(arrays, backend)
    if chosen not in ("numpy", "numba"):
        raise TypeError(
            f"{name} takes NumPy arrays and SciPy sparse matrices: convert the arguments with numpy.asarray"
        )
    return chosen == "numba"


def matrix(value: Any, name: str) -> Any:
    """Return `value` as a finite float64 matrix with at least one row and column, sparse ones as CSC."""
    if type(value).__module__.startswith("scipy.sparse"):
        if value.ndim != 2:
            raise ValueError(f"{name} must have 2 dimensions, got shape {value.shape}: reshape it")
        columns = value.tocsc()
        finite_array(columns.data, f"{name}.data", ndim=1)
        if columns.dtype != np.float64:
            columns = columns.astype(np.float64)
        if not columns.has_canonical_format:
            columns = columns.copy()
            columns.sum_duplicates()
    else:
        columns = np.asarray(finite_array(value, name, ndim=2), dtype=np.float64)
    if min(columns.shape) < 1:
        raise ValueError(f"{name} must have at least one row and one column, got shape {columns.shape}")
    return columns


def vector(value: Any, name: str, length: int, rows_of: str) -> np.ndarray:
    """Return `value` as a finite float64 vector with one entry for each row of another argument."""
    x = np.asarray(finite_array(value, name, ndim=1), dtype=np.float64)
    if len(x) != length:
        raise ValueError(f"{name} must have one entry for each row of {rows_of}: got {len(x)} for {length} rows")
    return x


def two_classes(value: Any, name: str, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return labels as -1.0 and 1.0, and the two labels in sorted order."""
    labels = np.asarray(value)
    if labels.shape != (length,):
        raise ValueError(f"{name} must have one label for each of the {length} rows of X, got shape {labels.shape}")
    if labels.dtype.kind not in "biufUS":
        raise TypeError(f"{name} must hold numbers or strings as labels, got dtype {labels.dtype}: convert them")
    if labels.dtype.kind == "f":
        finite_array(labels, name)
    classes = np.unique(labels)
    if len(classes) != 2:
        shown = ", ".join(map(str, classes[:5]))
        raise ValueError(f"{name} must hold labels of two classes, got {len(classes)}: {shown}")
    return np.where(labels == classes[1], 1.0, -1.0), classes
