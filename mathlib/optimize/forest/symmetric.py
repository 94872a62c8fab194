"""Sparse symmetric matrices as the forests want them."""

from typing import Any

import numpy as np
from scipy import sparse

__all__ = ["square_matrix", "symmetric_matrix"]


def symmetric_matrix(A: Any, name: str) -> Any:
    """Return `A` as `square_matrix` does, if it is symmetric."""
    matrix = square_matrix(A, name)
    unequal = sparse.csr_array(matrix != matrix.T)
    if unequal.nnz:
        i, j = _entry(unequal, 0)
        raise ValueError(
            f"{name} must be symmetric, got {name}[{i}, {j}] = {matrix[i, j]:g} and {name}[{j}, {i}] = "
            f"{matrix[j, i]:g}: take ({name} + {name}.T) / 2"
        )
    return matrix


def square_matrix(A: Any, name: str) -> Any:
    """Return `A` as a finite square CSR array in float64, sorted, without duplicates or zeros off the diagonal."""
    if not sparse.issparse(A):
        raise TypeError(f"{name} must be a scipy.sparse array, got {type(A).__name__}: use scipy.sparse.csr_array")
    if A.ndim != 2 or A.shape[0] != A.shape[1]:
        raise ValueError(f"{name} must be square, got shape {A.shape}")
    if np.dtype(A.dtype).kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, got dtype {A.dtype}: convert it to float64")
    matrix = sparse.csr_array(A).astype(np.float64, copy=False)
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    finite = np.isfinite(matrix.data)
    if not finite.all():
        i, j = _entry(matrix, int(np.argmin(finite)))
        raise ValueError(f"{name} must be finite, got {name}[{i}, {j}] = {matrix[i, j]:g}")
    if not matrix.data.all():
        matrix = matrix.copy()
        matrix.eliminate_zeros()
    return matrix


def _entry(A: Any, position: int) -> tuple[int, int]:
    """Return row and column of an entry of a CSR array."""
    return int(np.searchsorted(A.indptr, position, side="right")) - 1, int(A.indices[position])
