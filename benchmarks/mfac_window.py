"""The window of gradients: time and error of a step, and what is left of its factor after many."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from benchmarks import mfac_peers
from benchmarks.mfac_cases import AUTHORS, DAMP, Row, compared, gradients, seconds
from mathlib.optimize import FisherWindow


def filled(rows: np.ndarray, storage: str | None = None) -> FisherWindow:
    """Return a full window of float32 gradients: by its state, since entering one by one takes longer than all else."""
    m, d = rows.shape
    window = FisherWindow(m, d, damp=DAMP, storage_dtype=storage)
    if storage == "bfloat16":
        stored = ((rows.view(np.uint32) + np.uint32(0x8000)) >> np.uint32(16)).astype(np.uint16)
        rows = (stored.astype(np.uint32) << np.uint32(16)).view(np.float32)
    elif storage == "float16":
        stored = rows.astype(np.float16)
        rows = stored.astype(np.float32)
        stored = stored.view(window.state_dict()["rows"].dtype)
    else:
        stored = rows
    gram = np.zeros((m, m))
    for start in range(0, d, 2048):
        block = rows[:, start : start + 2048]
        gram += block @ block.T
    state = {"damp": DAMP, "rows": stored, "scales": np.ones(m), "gram": gram}
    return window.load_state_dict(window.state_dict() | state)


def steps() -> Iterator[Row]:
    """Yield all rows of times."""
    for m, d in ((128, 272_000), (512, 272_000), (1024, 200_000)):
        yield from step_times(m, d, large=True)
    yield from step_times(512, 20_000, large=False)


def step_times(m: int, d: int, *, large: bool) -> Iterator[Row]:
    """Yield a step (replace the oldest gradient, then H^-1 times the new one) against several things."""
    rows = gradients("mean + 10 % noise", m, d)
    rng = np.random.default_rng(9)
    fresh = rows[0] + 0.05 * rng.standard_normal(d, dtype=np.float32)
    coefficients = rng.standard_normal(m).astype(np.float32)

    def step(window: FisherWindow) -> float:
        # always another gradient: equal ones in the window would be a case of its own, done by eigenvectors
        g = rows[rng.integers(m)] + 0.05 * rng.standard_normal(d, dtype=np.float32)
        return seconds(lambda: window.append_solve(g))

    def products() -> float:
        return seconds(lambda: (rows @ fresh, coefficients @ rows))

    ours = partial(step, filled(rows))
    case = f"window step, m = {m}, d = {d}"
    if large:
        narrow = partial(step, filled(rows, "bfloat16"))
        yield compared(case, ("bfloat16", "float32"), narrow, ours, 15, 1 / 0.6)
        narrow = partial(step, filled(rows, "float16"))
        yield compared(case, ("float16", "float32"), narrow, ours, 9)
    yield compared(case, ("float32", "its two products"), ours, products, 15, 1 / 1.15 if large else None)
    if AUTHORS not in mfac_peers.absent():
        yield against_authors(case, rows, fresh, ours, 3.0 if large else None)


def against_authors(
    case: str, rows: np.ndarray, fresh: np.ndarray, ours: Callable[[], float], goal: float | None
) -> Row:
    """Return a step against the authors' window, at places of the row that is replaced all over the window."""
    theirs = mfac_peers.authors_window(rows, DAMP)
    gradient = mfac_peers.torch.from_numpy(fresh)
    rounds = 6
    places = iter(np.linspace(0, len(rows) - 1, rounds + 1).astype(int))

    def peer() -> float:
        theirs.last = int(next(places))  # what comes after it is done again: a step is cheaper, the later its place
        return seconds(lambda: theirs.update_mul(gradient))

    note = "medians; their LU without pivots made from a Cholesky factor, their parallel map a loop"
    row = compared(case, ("float32", AUTHORS), ours, peer, rounds, goal, note)
    return row | {"ratio": row["peer_median_ns"] / row["ours_median_ns"]}


def step_errors() -> Iterator[Row]:
    """Yield the errors of a step, ours and the authors', against float64."""
    for kind, m, d in (("unrelated", 128, 272_000), ("mean + 10 % noise", 128, 272_000)):
        rows = gradients(kind, m + 1, d)
        gradient = rows[-1]
        after = rows[1:].astype(np.float64)
        gram = after @ after.T
        gram[np.diag_indices(m)] += m * DAMP
        truth = m * after.T @ cho_solve(cho_factor(gram), np.eye(m)[-1])
        ways = {storage: filled(rows[:-1], storage).append_solve for storage in (None, "bfloat16", "float16")}
        found = {storage or "float32": run(gradient) for storage, run in ways.items()}
        if AUTHORS not in mfac_peers.absent():
            tensor = mfac_peers.torch.from_numpy(gradient)
            found["peer"] = mfac_peers.authors_window(rows[:-1], DAMP).update_mul(tensor).numpy()
        errors = {name: float(np.linalg.norm(y - truth) / np.linalg.norm(truth)) for name, y in found.items()}
        case = f"{kind}, m = {m}, d = {d}"
        row = {"gradients": case, "float32": errors["float32"]}
        row |= {"authors, float32": errors["peer"]} if "peer" in errors else {}
        row |= {f"{name} rows": errors[name] for name in ("bfloat16", "float16")}
        yield row | ({"goal, float32": 5e-7, "met": errors["float32"] <= 5e-7} if kind == "unrelated" else {})


def drift(replacements: int = 100_000) -> Row:
    """Return the backward error of products with a window of float64 rows after many replacements."""
    m, d, pool = 64, 256, 1000
    rng = np.random.default_rng(4)
    rows = rng.standard_normal(d) + 0.1 * rng.standard_normal((pool, d))
    window = FisherWindow(m, d, damp=DAMP, dtype="float64")
    for i in range(m):
        window.append(rows[i])
    spent = seconds(lambda: [window.replace_oldest(rows[i % pool]) for i in range(m, m + replacements)])
    held = rows[(np.arange(replacements, replacements + m)) % pool]
    fisher = DAMP * np.eye(d) + held.T @ held / m
    right = rng.standard_normal((m, 10))
    y = window.solve_rows(right)  # nothing is refined here, so that what the factor has lost shows
    residual = np.linalg.norm(fisher @ y - held.T @ right, axis=0)
    error = float((residual / (np.linalg.norm(fisher, 2) * np.linalg.norm(y, axis=0))).max())
    row = {"replacements": replacements, "m": m, "microseconds each": 1e6 * spent / replacements}
    return row | {"backward error": error, "goal": 1e-12, "met": error <= 1e-12}
