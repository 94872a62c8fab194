"""Static inverses, whole and by blocks: time of the factor and the diagonal, and its error."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from flint import arb_mat, ctx
from scipy.linalg import cho_factor, cho_solve

from benchmarks import mfac_peers
from benchmarks.mfac_cases import AUTHORS, DAMP, SPARSEML, Row, compared, error_row, gradients, seconds
from mathlib.optimize import empirical_fisher_inverse


def exact_diagonal(grads: np.ndarray, damp: float, index: np.ndarray) -> np.ndarray:
    """Return entries of the diagonal to more than double precision.

    A gradient is split in a part of 22 bits and a rest. Products of the first, summed over 512 columns, are exact in
    float64, and the rest is so small that its rounding does not count; sums over columns and residuals are long
    doubles.
    """
    m, d = grads.shape
    unit = 2.0 ** (np.ceil(np.log2(np.abs(grads).max())) - 22)
    gram = np.zeros((m, m), np.longdouble)
    for start in range(0, d, 512):
        block = grads[:, start : start + 512].astype(np.float64)
        high = np.round(block / unit) * unit
        low = block - high
        cross = high @ low.T
        gram += (high @ high.T).astype(np.longdouble) + (cross + cross.T + low @ low.T)
    gram[np.diag_indices(m)] += m * np.longdouble(damp)
    factor = cho_factor(gram.astype(np.float64), lower=True)
    right = grads[:, index].astype(np.longdouble)
    z = np.zeros_like(right)
    for _ in range(4):
        z += cho_solve(factor, (right - gram @ z).astype(np.float64))
    return ((1 - (right * z).sum(axis=0)) / np.longdouble(damp)).astype(np.float64)


def exact_block(block: np.ndarray, damp: float) -> np.ndarray:
    """Return the diagonal of the inverse of a block in ball arithmetic."""
    m, size = block.shape
    before = ctx.prec
    try:
        ctx.prec = 200
        rows = arb_mat(block.astype(float).tolist())
        square = rows.transpose() * rows / m
        for i in range(size):
            square[i, i] += damp
        inverse = square.inv()
        return np.array([float(inverse[i, i]) for i in range(size)])
    finally:
        ctx.prec = before


def worst(found: dict[str, np.ndarray], truth: np.ndarray, index: np.ndarray | slice) -> dict[str, float]:
    """Return the largest relative error of each diagonal, at the places where the truth is known."""
    return {name: float(np.abs(value[index] / truth - 1).max()) for name, value in found.items()}


def whole(kind: str, m: int, d: int, goal: float | None) -> Iterator[Row]:
    """Yield the time and the error of the factor and the diagonal against the authors' static class."""
    rows = gradients(kind, m, d)
    found: dict[str, np.ndarray] = {}

    def ours() -> float:
        return seconds(lambda: found.update(ours=empirical_fisher_inverse(rows, damp=DAMP).diagonal()))

    def peer() -> float:
        copy = rows.copy()  # the authors' class overwrites its gradients
        return seconds(lambda: found.update({AUTHORS: mfac_peers.authors_static(copy, DAMP).diag().numpy()[0]}))

    case = f"inverse and diagonal, {kind}, m = {m}, d = {d}"
    if AUTHORS in mfac_peers.absent():
        ours()
    else:
        yield compared(case, ("mathlib", AUTHORS), ours, peer, 2 if m > 256 else 3, goal)
    index = np.linspace(0, d - 1, 200).astype(int)
    errors = worst(found, exact_diagonal(rows, DAMP, index), index)
    yield error_row(f"diagonal, {kind}, m = {m}, d = {d}", "float32", errors, 1e-6)


def double(kind: str, m: int, d: int) -> Row:
    """Return the error for gradients in float64."""
    rows = gradients(kind, m, d, "float64")
    index = np.linspace(0, d - 1, 200).astype(int)
    found = {"ours": empirical_fisher_inverse(rows, damp=DAMP).diagonal()}
    errors = worst(found, exact_diagonal(rows, DAMP, index), index)
    return error_row(f"diagonal, {kind}, m = {m}, d = {d}", "float64", errors, 1e-13)


def static() -> Iterator[Row]:
    """Yield all rows of inverses in one piece."""
    yield from whole("unrelated", 512, 60_000, 5.0)
    yield from whole("mean + 10 % noise", 512, 60_000, 3.0)
    yield from whole("unrelated", 256, 100_000, None)
    yield from whole("unrelated", 64, 200_000, None)
    yield double("unrelated", 512, 60_000)
    yield double("mean + 10 % noise", 512, 60_000)


def cut(m: int, size: int, d: int) -> Iterator[Row]:
    """Yield the time and the error of the diagonal by blocks of `size` against each peer."""
    rows = gradients("unrelated", m, d)
    found: dict[str, np.ndarray] = {}

    def ours() -> float:
        return seconds(lambda: found.update(ours=empirical_fisher_inverse(rows, damp=DAMP, block_size=size).diagonal()))

    def run(name: str, function: Callable[[np.ndarray, int, float], np.ndarray]) -> float:
        return seconds(lambda: found.update({name: function(rows, size, DAMP)}))

    ours()
    case = f"blocks of {size}, m = {m}, d = {d}"
    primal = size <= m
    peers = {AUTHORS: (mfac_peers.authors_blocks, 15.0 if primal else 2.5)}
    if primal:
        peers[SPARSEML] = mfac_peers.sparseml_blocks, 10.0
    for name, (function, goal) in peers.items():
        if name not in mfac_peers.absent():
            yield compared(case, ("mathlib", name), ours, partial(run, name, function), 2, goal)
    if size <= 256:
        last = slice(-size, None)
        errors = worst(found, exact_block(rows[:, last], DAMP), last)
        yield error_row(f"diagonal, {case}", "float32", errors, 1e-12)


def blocked() -> Iterator[Row]:
    """Yield all rows of inverses by blocks, with more and with fewer gradients than a block has entries."""
    yield from cut(64, 128, 51_200)
    yield from cut(64, 512, 51_200)
    yield from cut(32, 256, 25_600)
    yield from cut(512, 128, 12_800)
    yield from cut(1024, 64, 6400)
    yield from cut(512, 32, 12_800)
    yield from cut(128, 16, 12_800)
