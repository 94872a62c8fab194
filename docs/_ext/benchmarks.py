"""The directives ``benchmark-table`` and ``error-table``: what ``python -m benchmarks`` recorded for one area."""

import json
from pathlib import Path

from sphinx.util.docutils import SphinxDirective
from tables import number_table

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"


def duration(nanoseconds: float) -> str:
    """Return a time with three digits and a unit that suits it."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def recorded(directive: SphinxDirective) -> dict | str:
    """Return what was recorded for the area that a directive names, or a sentence if nothing was."""
    path = RESULTS / f"{directive.arguments[0]}.json"
    directive.env.note_dependency(path)
    if not path.exists():
        return "Not measured here: ``python -m benchmarks`` records the figures."
    return json.loads(path.read_text(encoding="utf-8"))


def measured_with(record: dict) -> str:
    """Return the machine and the versions as a sentence."""
    facts = [f"{key} {value}" for part in ("machine", "versions") for key, value in record.get(part, {}).items()]
    return f"Measured with {', '.join(facts)}." if facts else ""


def short(value: object) -> str:
    """Return a cell: numbers with three digits."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {short(part)}" for key, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(short, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)


class BenchmarkTable(SphinxDirective):
    """``.. benchmark-table:: special``: a row for each case, then the machine and versions it was measured on."""

    required_arguments = 1

    def run(self):
        """Return the table's nodes, or a sentence if nothing was recorded."""
        record = recorded(self)
        if isinstance(record, str):
            return self.parse_text_to_nodes(record)
        rows = []
        for row in record["rows"]:
            ours, peer = duration(row["ours_ns"]), duration(row["peer_ns"])
            rows.append((row["case"], f"{row['ratio']:.3g}", row["ours"], ours, row["peer"], peer))
        text = number_table(("case", "peer / ours", "ours", "time", "peer", "time"), rows)
        means = record.get("geometric_means")
        if means:
            text += f"\nGeometric means of the ratios: {short(means)}.\n"
        return self.parse_text_to_nodes(f"{text}\n{measured_with(record)}")


class ErrorTable(SphinxDirective):
    """``.. error-table:: fpbench``: rows of errors as they were recorded, with their own columns, and the summary."""

    required_arguments = 1

    def run(self):
        """Return the table's nodes, or a sentence if nothing was recorded."""
        record = recorded(self)
        if isinstance(record, str):
            return self.parse_text_to_nodes(record)
        rows = record["rows"]
        columns = [key for key in rows[0] if not isinstance(rows[0][key], dict | list)]
        header = [column.replace("_", " ") for column in columns]
        text = number_table(header, [[short(row.get(column, "")) for column in columns] for row in rows])
        summary = {k: v for k, v in record.items() if k not in ("area", "machine", "versions", "rows")}
        text += "".join(f"\n{key.replace('_', ' ')}: {short(value)}\n" for key, value in summary.items())
        return self.parse_text_to_nodes(f"{text}\n{measured_with(record)}")


def setup(app):
    """Register the directives."""
    app.add_directive("benchmark-table", BenchmarkTable)
    app.add_directive("error-table", ErrorTable)
    return {"parallel_read_safe": True}
