"""M-FAC by others, on the CPU and as functions of NumPy arrays: the authors' own code, and SparseML's.

Neither is a package that installs here, so they are read from a folder that the variable MATHLIB_MFAC_PEERS names and
that holds checkouts of two public repositories: IST-DASLab/M-FAC as ``M-FAC``, neuralmagic/sparseml as ``sparseml``.
Both need PyTorch. What is missing counts as absent. No file is changed:

- the authors' static classes and SparseML's block inverse run as they are (of SparseML's file only that class is
  executed, since the package around it needs much else);
- the authors' window class calls an LU factorisation without pivoting and a parallel map, which PyTorch has on CUDA
  only. Here, in memory, the first is made from a Cholesky factor, or by elimination where there is none, and the
  second is a loop.
"""

import ast
import importlib.util
import math
import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

try:
    import torch
except ImportError:
    torch = None

__all__ = ["absent", "authors_blocks", "authors_static", "authors_window", "sparseml_blocks"]

AUTHORS = "M-FAC"
SPARSEML = "sparseml"
BATCH = 1 << 22  # bytes of the authors' batches of blocks, the best of several sizes
BLOCK_CLASS = "src/sparseml/pytorch/sparsification/pruning/modifier_pruning_obs.py"


def source(*parts: str) -> Path | None:
    """Return the path of a file in the folder of checkouts, or None."""
    folder = os.environ.get("MATHLIB_MFAC_PEERS")
    path = Path(folder, *parts) if folder else None
    return path if path and path.exists() and torch is not None else None


def absent() -> list[str]:
    """Return the names of the peers that are not here."""
    found = {
        "the authors' code": source(AUTHORS, "prun.py"),
        "SparseML": source(SPARSEML, BLOCK_CLASS),
    }
    return [name for name, what in found.items() if not what]


@cache
def authors(name: str) -> Any:
    """Return a module of the authors' repository, or None."""
    path = source(AUTHORS, f"{name}.py")
    if path is None:
        return None
    torch.set_num_threads(1)
    spec = importlib.util.spec_from_file_location(f"mfac_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def authors_static(grads: np.ndarray, damp: float) -> Any:
    """Return the authors' static inverse, with ``diag()`` and ``mul(x)``. It overwrites `grads`."""
    return authors("prun").HInvFastBatch(torch.from_numpy(grads)[None], damp=damp)


def authors_blocks(grads: np.ndarray, block_size: int, damp: float) -> np.ndarray:
    """Return the diagonal by the authors' blocked class, many blocks at once."""
    m, d = grads.shape
    batch = max(1, min(BATCH // (grads.itemsize * m * block_size), d // block_size))
    inverse = authors("prun").HInvFastBlock(torch.from_numpy(grads), block_size, batch, "cpu", damp=damp)
    return np.asarray(inverse.diag().numpy())


def without_pivots(matrix: Any) -> Any:
    """Return L and U of a matrix in one array, rows in their order, in the dtype of the matrix."""
    lower, info = torch.linalg.cholesky_ex(matrix)
    if info == 0:
        scale = lower.diagonal()
        return torch.tril(lower / scale, -1) + scale[:, None] * lower.T
    packed = matrix.clone()
    for i in range(len(packed) - 1):
        packed[i + 1 :, i] /= packed[i, i]
        packed[i + 1 :, i + 1 :] -= torch.outer(packed[i + 1 :, i], packed[i, i + 1 :])
    return packed


class OnCPU:
    """The functions of a module with some of them replaced."""

    def __init__(self, module: Any, **replaced: Any):
        self.__dict__.update(replaced)
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def authors_window(grads: np.ndarray, damp: float) -> Any:
    """Return the authors' window over a copy of `grads`, with ``update_mul(g)`` and ``mul(x)``."""
    module = authors("optim")

    def in_turn(functions: Sequence[Callable[..., Any]], inputs: Sequence[Any]) -> list[Any]:
        return [function(value) for function, value in zip(functions, inputs, strict=True)]

    module.torch = OnCPU(torch, lu=lambda matrix, pivot: (without_pivots(matrix),))
    module.nn = SimpleNamespace(parallel=SimpleNamespace(parallel_apply=in_turn))
    cpu = torch.device("cpu")
    return module.HInvFastUpMulti(torch.from_numpy(grads.copy()), cpu, [cpu], damp=damp)


@cache
def sparseml_class() -> Any:
    """Return SparseML's inverse by blocks, which is kept as a matrix for each block."""
    path = source(SPARSEML, BLOCK_CLASS)
    if path is None:
        return None
    torch.set_num_threads(1)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    [found] = [node for node in tree.body if getattr(node, "name", "") == "EmpiricalBlockFisherInverse"]
    names = {"torch": torch, "Tensor": torch.Tensor, "math": math}
    exec(compile(ast.Module([found], []), str(path), "exec"), names)
    return names[found.name]


def sparseml_blocks(grads: np.ndarray, block_size: int, damp: float) -> np.ndarray:
    """Return the diagonal by SparseML's class, which takes one gradient after the other."""
    m, d = grads.shape
    inverse = sparseml_class()(m, block_size, d, damp, torch.device("cpu"))
    for gradient in torch.from_numpy(grads):
        inverse.add_grad(gradient)
    return np.asarray(inverse.diag().numpy())
