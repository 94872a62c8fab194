"""Ours and a peer in turn, in one process and one thread: least and median times, and their ratio with its spread."""

import json
import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from time import thread_time
from typing import Any

import numpy as np

import mathlib

RESULTS = Path(__file__).parent / "results"
ENOUGH = 2e-3  # seconds: a turn repeats a shorter call until it has taken this long
EMULATION = {  # our compiled backend writes for this processor instead of the present one
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2,+avx,+sse4.2,+popcnt,+lzcnt,+f16c,+movbe,+sse4.1,+ssse3,+sse3,+cx16",
}


@dataclass(frozen=True)
class Case:
    """Two ways to compute the same thing.

    Attributes
    ----------
    case, ours, peer : str
        What is computed, and the names of the two ways.
    run_ours, run_peer : callable
        Compute it. ``run_peer`` is None where the peer is not installed.
    size : int
        Number of elements; times are given per element.
    goal : float, optional
        The ratio, peer over ours, that we want at least.
    rounds : int, optional
        Turns of each, where the number asked for would take too long.
    peer_once : bool
        The peer is so slow that it runs only once.
    clock : callable
        Seconds: CPU time of this thread, or the wall clock where several threads work.
    """

    case: str
    ours: str
    peer: str
    run_ours: Callable[[], object]
    run_peer: Callable[[], object] | None
    size: int = 1
    goal: float | None = None
    rounds: int | None = None
    peer_once: bool = False
    clock: Callable[[], float] = thread_time


def peer(module: str, name: str) -> Any:
    """Return an attribute of a module that need not be installed, or None."""
    try:
        return getattr(import_module(module), name, None)
    except ImportError:
        return None


def _seconds(run: Callable[[], object], repeat: int, clock: Callable[[], float]) -> float:
    start = clock()
    for _ in range(repeat):
        run()
    return (clock() - start) / repeat


def measure(case: Case, rounds: int) -> dict[str, Any]:
    """Return the row of a case: least and median nanoseconds per element, their ratio and its quartiles."""
    assert case.run_peer is not None
    runs = case.run_ours, case.run_peer
    for run in runs[: 1 if case.peer_once else 2]:  # the first call may compile
        run()
    first = [_seconds(run, 1, case.clock) for run in runs]
    repeats = [int(np.ceil(ENOUGH / max(seconds, 1e-7))) for seconds in first]
    turns = []
    for _ in range(case.rounds or rounds):
        ours = _seconds(runs[0], repeats[0], case.clock)
        turns.append((ours, first[1] if case.peer_once else _seconds(runs[1], repeats[1], case.clock)))
    row = make_row(case.case, case.ours, case.peer, np.array(turns).T / case.size) | {"size": case.size}
    return row if case.goal is None else row | {"goal": case.goal}


def make_row(case: str, ours_name: str, peer_name: str, seconds: np.ndarray) -> dict[str, Any]:
    """Return a row from the seconds per element of each turn, ours and the peer's."""
    times = 1e9 * seconds
    (ours, theirs), medians = times.min(axis=1), np.median(times, axis=1)
    return {
        "case": case,
        "ours": ours_name,
        "peer": peer_name,
        "ours_ns": ours,
        "peer_ns": theirs,
        "ours_median_ns": medians[0],
        "peer_median_ns": medians[1],
        "ratio": theirs / ours,
        "spread": list(np.quantile(times[1] / times[0], (0.25, 0.75))),
    }


def short_time(ns: float) -> str:
    """Return a time for people."""
    for unit, scale in (("ns", 1.0), ("us", 1e3), ("ms", 1e6)):
        if ns < 1000.0 * scale:
            return f"{ns / scale:.1f} {unit}"
    return f"{ns / 1e9:.2f} s"


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns: the first to the left, the others to the right."""
    width = [max(len(line[i]) for line in (header, *rows)) for i in range(len(header))]
    for first, *others in (header, *rows):
        print("  ".join([first.ljust(width[0]), *(map(str.rjust, others, width[1:]))]).rstrip())


def cell(value: object) -> str:
    """Return a cell: numbers with three digits, what was missed in capitals."""
    if isinstance(value, bool):
        return "" if value else "MISSED"
    return f"{value:.3g}" if isinstance(value, float) else "nan" if value is None else str(value)


def print_rows(title: str, rows: Sequence[dict[str, Any]]) -> None:
    """Print rows that may lack some of the columns."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    print(f"\n{title}")
    print_table(keys, [[cell(row.get(key, "")) for key in keys] for row in rows])


def machine() -> dict[str, Any]:
    """Return what the times depend on: processor, vector instructions that we use, number of cores."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    first = dict(line.split(":", 1) for line in info.split("\n\n", 1)[0].splitlines() if ":" in line)
    facts = {key.strip(): value.strip() for key, value in first.items()}
    flags = facts.get("flags", "").split()
    vectors = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else platform.machine()
    return {
        "processor": " ".join(
            [facts.get("model name", platform.machine())]
            + [f"{key.removeprefix('cpu ')} {facts[key]}" for key in ("cpu family", "model") if key in facts]
        ),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "vectors": "AVX2, emulated" if emulated() else vectors,
    }


def emulated() -> bool:
    """Whether this process writes code for AVX2 on a processor that has more."""
    return os.environ.get("NUMBA_CPU_NAME") == EMULATION["NUMBA_CPU_NAME"]


def versions() -> dict[str, str]:
    """Return the versions of what is compared."""
    found = {"python": platform.python_version(), "mathlib": mathlib.__version__}
    for name in ("numpy", "scipy", "numba", "llvmlite", "python-flint"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def write(area: str, rows: Sequence[dict[str, Any]], **more: Any) -> None:
    """Write ``results/<area>.json``."""

    def rounded(value: Any) -> Any:
        if isinstance(value, float | np.floating):
            return float(f"{value:.4g}")
        if isinstance(value, dict):
            return {key: rounded(v) for key, v in value.items()}
        return [rounded(v) for v in value] if isinstance(value, list | tuple) else value

    record = {"area": area, "machine": machine(), "versions": versions()} | rounded(more | {"rows": list(rows)})
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{area}.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def table_row(row: dict[str, Any]) -> tuple[str, ...]:
    """Return the printed cells of a row."""
    low, high = row["spread"]
    goal = f"{row['goal']:g}{'' if row['ratio'] >= row['goal'] else ' MISSED'}" if "goal" in row else ""
    ours, theirs = (short_time(row[key]) for key in ("ours_ns", "peer_ns"))
    medians = "/".join(short_time(row[key]) for key in ("ours_median_ns", "peer_median_ns"))
    spread = f"{low:.3g}..{high:.3g}"
    ratio, note = f"{row['ratio']:.3g}", row.get("note", "")
    return row["case"], row["ours"], ours, row["peer"], theirs, medians, ratio, spread, goal, note


HEADER = ("case", "ours", "least", "peer", "least", "medians", "ratio", "quartiles", "goal", "")


def run(area: str, cases: Iterable[Case], rounds: int, more_rows: Sequence[dict[str, Any]] = (), **more: Any) -> None:
    """Measure the cases, print the table and write the results, with ``more`` beside them."""
    rows, absent = [], []
    for case in cases:
        if case.run_peer is None:
            absent.append(f"{case.case}: {case.peer}")
        else:
            with np.errstate(all="ignore"):  # peers under- and overflow here
                rows.append(measure(case, rounds))
    rows += more_rows
    print(f"\n{area}: {', '.join(f'{key} {value}' for key, value in (machine() | versions()).items())}")
    print_table(HEADER, [table_row(row) for row in rows])
    for line in absent:
        print(f"absent: {line}")
    write(area, rows, absent=absent, **more)
