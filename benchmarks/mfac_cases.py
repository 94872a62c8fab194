"""What the measurements of M-FAC share: gradients, times in turn, rows of errors."""

from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np

from benchmarks.harness import make_row

DAMP = 1e-5
AUTHORS, SPARSEML = "the authors' code", "SparseML"
Row = dict[str, Any]


def seconds(run: Callable[[], object]) -> float:
    """Return the CPU time of a call, of all threads."""
    start = process_time()
    run()
    return process_time() - start


def compared(
    case: str,
    names: tuple[str, str],
    ours: Callable[[], float],
    peer: Callable[[], float],
    rounds: int,
    goal: float | None = None,
    note: str = "",
) -> Row:
    """Return the row of a case from functions that return seconds, in turn; the first turn does not count."""
    turns = np.array([(ours(), peer()) for _ in range(rounds + 1)])[1:]
    row = make_row(case, *names, turns.T) | {"size": 1, "note": note}
    return row if goal is None else row | {"goal": goal}


def gradients(kind: str, m: int, d: int, dtype: str = "float32") -> np.ndarray:
    """Return m gradients of d entries: unrelated, or a common mean with a tenth of noise."""
    rng = np.random.default_rng(m + d)
    rows = rng.standard_normal((m, d), dtype=np.float32).astype(dtype)
    if kind == "mean + 10 % noise":
        rows *= 0.1
        rows += rng.standard_normal(d)
    return rows


def error_row(case: str, dtype: str, errors: dict[str, float], goal: float) -> Row:
    """Return a row of errors: ours, those of the peers that are here, and the goal for ours."""
    return {"case": case, "dtype": dtype} | errors | {"goal": goal, "met": errors["ours"] <= goal}
