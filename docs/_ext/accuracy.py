"""Measured accuracy of every function, from the reference values that the tests use.

Adds the directive ``accuracy-table`` (one room: rows are functions and backends) and a line on each function's page.
"""

import inspect
import json
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sphinx.util.docutils import SphinxDirective
from tables import number_table

import mathlib

DATA = Path(__file__).parents[2] / "tests" / "data"
CPU_BACKENDS = "numba", "numpy"


class Accuracy(NamedTuple):
    """Errors of one function on one backend over the reference points."""

    points: int
    mixed_max: float  # |error| / max(1, |value|), in units of 2**-53
    mixed_median: float
    ulp_max: float  # |error| over the distance from the value to the next double
    ulp_median: float


@cache
def reference(room: str) -> dict[str, list[dict[str, str]]]:
    """Return the reference rows of a room: function name -> rows of hexadecimal floats."""
    return json.loads((DATA / f"{room}.json").read_text(encoding="utf-8"))


@cache
def measure(room: str, name: str, backend: str) -> Accuracy:
    """Return the errors of ``mathlib.<room>.<name>`` on one backend."""
    rows = reference(room)[name]
    column = {key: np.array([float.fromhex(row[key]) for row in rows]) for key in rows[0]}
    value, low = column.pop("value"), column.pop("low")
    result = getattr(import_module(f"mathlib.{room}"), name)(*column.values(), backend=backend)
    error = np.abs((result - value) - low)  # the difference of two close doubles is exact
    mixed = error / np.maximum(1.0, np.abs(value)) * 2.0**53
    ulp = error / np.spacing(np.abs(value))
    return Accuracy(len(rows), mixed.max(), float(np.median(mixed)), ulp.max(), float(np.median(ulp)))


def present_backends() -> list[str]:
    """Return the CPU backends of this machine."""
    return [name for name in CPU_BACKENDS if mathlib.backends()[name]]


def short(number: float) -> str:
    """Return a figure for a table: two decimals, or a power of ten when it is large."""
    return f"{number:.2f}" if number < 1000.0 else f"{number:.1e}"


class AccuracyTable(SphinxDirective):
    """``.. accuracy-table:: special``: a row for each function and backend."""

    required_arguments = 1

    def run(self):
        """Return the table's nodes."""
        room = self.arguments[0]
        rows = []
        for name in reference(room):
            for backend in present_backends():
                a = measure(room, name, backend)
                link = f":func:`~mathlib.{room}.{name}`"
                rows.append((link, backend, str(a.points), *map(short, a[1:])))
        self.env.note_dependency(DATA / f"{room}.json")
        header = ("function", "backend", "points", "mixed, max", "median", "ulp, max", "median")
        return self.parse_text_to_nodes(number_table(header, rows))


def add_accuracy_line(app, what, full_name, object_, options, lines):
    """Append the measured accuracy to the docstring of a function that has reference values."""
    package, _, rest = full_name.partition(".")
    room, _, name = rest.partition(".")
    if package != "mathlib" or not inspect.isroutine(object_) or not (DATA / f"{room}.json").exists():
        return
    if name in reference(room):
        figures = "; ".join(
            f"{backend} {short(a.mixed_max)} (median {short(a.mixed_median)})"
            for backend in present_backends()
            for a in [measure(room, name, backend)]
        )
        points = len(reference(room)[name])
        lines += [
            "",
            ".. rubric:: Measured accuracy",
            "",
            f"Largest error over max(1, \\|value\\|) on {points} reference points, in units of 2\\ :sup:`-53`: "
            f"{figures}. See :doc:`/accuracy`.",
            "",
        ]


def setup(app):
    """Register the directive and the line on function pages."""
    app.add_directive("accuracy-table", AccuracyTable)
    app.connect("autodoc-process-docstring", add_accuracy_line, priority=900)  # after numpydoc has made its sections
    return {"parallel_read_safe": True}
