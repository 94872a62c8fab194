"""The directive ``benchmark-table``: what ``python -m benchmarks`` recorded for one area."""

import json
from pathlib import Path

from sphinx.util.docutils import SphinxDirective
from tables import number_table

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"


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
        rows = [
            (
                row["case"],
                f"{row['ours']} {row['ours_ns']:.1f} ns",
                f"{row['peer']} {row['peer_ns']:.0f} ns",
                f"{row['ratio']:.1f}",
            )
            for row in record["rows"]
        ]
        facts = ", ".join(f"{key} {value}" for part in ("machine", "versions") for key, value in record[part].items())
        table = number_table(("case", "ours", "peer", "peer / ours"), rows)
        return self.parse_text_to_nodes(f"{table}\nMeasured with {facts}.")


def setup(app):
    """Register the directive."""
    app.add_directive("benchmark-table", BenchmarkTable)
    return {"parallel_read_safe": True}
