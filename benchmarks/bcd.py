"""Sparse regression, block coordinate descent and message passing: speed against peers, gaps, rules, first calls."""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib import metadata, util
from time import thread_time
from typing import Any

import numpy as np

from benchmarks import bcd_lasso, bcd_layer1, bcd_other
from benchmarks.harness import (
    HEADER,
    Case,
    machine,
    make_row,
    measure,
    print_rows,
    print_table,
    table_row,
    versions,
    write,
)

Row = dict[str, Any]
PEERS = ("scikit-learn", "celer", "skglm")
SLOW = 1.0  # seconds: a peer that takes longer runs once, where ours takes several turns


def measured(cases: Iterable[Case], rounds: int, absent: list[str]) -> list[Row]:
    """Return the rows of the cases; peers that are not here go to `absent`."""
    rows = []
    for case in cases:
        if case.run_peer is None:
            absent.append(f"{case.case}: {case.peer}")
            continue
        turns = min(case.rounds or rounds, rounds)
        once = seconds(case.run_peer)  # warm: the case has made a call for its name
        if once > SLOW:
            case.run_ours()
            ours = [seconds(case.run_ours) for _ in range(turns)]
            row = make_row(case.case, case.ours, case.peer, np.array([ours, [once] * turns]) / case.size)
            rows.append(row | {"size": case.size} | ({} if case.goal is None else {"goal": case.goal}))
        else:
            rows.append(measure(replace(case, rounds=turns), turns))
        print(".", end="", flush=True)
    print()
    print_table(HEADER, [table_row(row) for row in rows])
    return rows


def seconds(run: Callable[[], object]) -> float:
    """Return the CPU time of a call."""
    start = thread_time()
    run()
    return thread_time() - start


def rules() -> list[Row]:
    """Return what each rule leaves of the objective after 300 updates, and whether their order is that of the paper."""
    found = []
    for row in bcd_layer1.rule_table():
        what = f"{row['block_size']} {row['partition']} {row['update']}"
        goal = {"met": bool(row["ordered"])} if row["block_size"] == 5 else {}  # the paper orders small ones
        found.append({"blocks": what} | row["left"] | {"ordered": "yes" if row["ordered"] else "no"} | goal)
    return found


def main(options: argparse.Namespace) -> None:
    """Measure, print and write."""
    found = {name: metadata.version(name) if util.find_spec(name.replace("scikit-learn", "sklearn")) else "absent"
             for name in PEERS}  # fmt: skip
    print(f"\nbcd: {', '.join(f'{key} {value}' for key, value in (machine() | versions() | found).items())}")
    absent: list[str] = []
    times = []
    for cases in (bcd_lasso.cases(options.large), bcd_other.cases(), bcd_layer1.cases()):
        times += measured(cases, options.rounds, absent)
    figures = [row | {"met": row["value"] <= row["goal"]} for row in bcd_lasso.rows(options.large)]
    print_rows("gaps, first calls, memory", figures)
    print_rows("objective left after 300 updates, relative", table := rules())
    for line in absent:
        print(f"absent: {line}")
    write("bcd", times, absent=absent, peers=found, figures=figures, rules=table)
