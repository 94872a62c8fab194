"""The directive ``benchmark-table``: what ``python -m benchmarks`` recorded for one area."""

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


class BenchmarkTable(SphinxDirective):
    """``.. benchmark-table:: special``: a row for each case, then the machine and versions it was measured on."""

    required_arguments = 1

    def run(self):
        """Return the table's nodes, or a sentence if nothing was recorded."""
        path = RESULTS / f"{self.arguments[0]}.json"
        self.env.note_dependency(path)
        if not path.exists():
            return self.parse_text_to_nodes(f"Nothing is recorded: run ``python -m benchmarks {path.stem}``.")
        record = json.loads(path.read_text(encoding="utf-8"))
        rows = []
        for row in record["rows"]:
            ours, peer = duration(row["ours_ns"]), duration(row["peer_ns"])
            rows.append((row["case"], f"{row['ratio']:.3g}", row["ours"], ours, row["peer"], peer))
        facts = ", ".join(f"{key} {value}" for part in ("machine", "versions") for key, value in record[part].items())
        table = number_table(("case", "peer / ours", "ours", "time", "peer", "time"), rows)
        return self.parse_text_to_nodes(f"{table}\nMeasured with {facts}.")


def setup(app):
    """Register the directive."""
    app.add_directive("benchmark-table", BenchmarkTable)
    return {"parallel_read_safe": True}
