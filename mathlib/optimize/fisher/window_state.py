"""Checks of a saved window before anything of it is taken over."""

import copy
from typing import Any

import numpy as np

from mathlib._lib.dispatch import family
from mathlib.optimize.fisher.ring_rows import RingRows

CONSISTENT = 1e-6  # relative difference of K v and G (G^T v) from which on a saved K is not that of the saved rows
PARTS = ("damp", "rows", "scales", "gram")


def matching(state: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return `state` if it is a dict with all parts and the `arguments` of this window."""
    if not isinstance(state, dict):
        raise TypeError(f"state must be a dict from state_dict, got {type(state).__name__}")
    missing = [name for name in (*arguments, *PARTS) if name not in state]
    if missing:
        raise ValueError(f"state must have the parts of state_dict, {', '.join(missing)} missing")
    for name, own in arguments.items():
        if type(state[name]) is not type(own) or state[name] != own:
            raise ValueError(f"state has {name}={state[name]!r:.60} and this window {own!r}: make the window so")
    return state


def restored(rows: RingRows, stored: Any, scales: Any) -> RingRows:
    """Return rows like `rows` that hold the stored numbers by reference."""
    if family(stored.__class__) != family(rows.array.__class__):
        raise TypeError(f"state['rows'] is a {type(stored).__name__}: make it an array of the library of this window")
    if stored.ndim != 2 or stored.shape[0] > rows.window or stored.shape[1] != rows.d:
        raise ValueError(f"state['rows'] must be at most {rows.window} rows of {rows.d}, got {tuple(stored.shape)}")
    if stored.dtype != rows.array.dtype:
        raise ValueError(f"state['rows'] must have dtype {rows.array.dtype}, got {stored.dtype}")
    held = copy.copy(rows)
    held.array, held.m = stored, int(stored.shape[0])
    held.order = np.arange(held.m)
    held.scales = _floats(scales, "scales", (held.m,))
    if held.m and not (np.all(held.scales > 0.0) and np.all(np.frexp(held.scales)[0] == 0.5)):
        raise ValueError("state['scales'] must be powers of two")
    return held


def checked_gram(rows: RingRows, value: Any) -> np.ndarray:
    """Return the products of all pairs of gradients, if they are those of these rows for one combination of them."""
    gram = _floats(value, "gram", (rows.m, rows.m))
    if not rows.m:
        return gram
    lengths = np.sqrt(np.abs(gram.diagonal()))
    v = 1.0 / np.where(lengths > 0.0, lengths, 1.0)
    with np.errstate(over="ignore", invalid="ignore"):
        off = np.abs(gram @ v - rows.times(rows.combine(v, wide=True), wide=True))
    if not (np.array_equal(gram, gram.T) and np.all(off <= CONSISTENT * rows.m * lengths)):
        raise ValueError("state['gram'] must hold the products of state['rows'], all finite: the state is damaged")
    return gram


def _floats(value: Any, name: str, shape: tuple[int, ...]) -> np.ndarray:
    if not isinstance(value, np.ndarray) or value.dtype != np.float64 or value.shape != shape:
        raise ValueError(f"state[{name!r}] must be a float64 array of shape {shape}")
    if not np.isfinite(value).all():
        raise ValueError(f"state[{name!r}] must be finite")
    return value.copy()
