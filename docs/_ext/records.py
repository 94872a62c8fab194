"""The directive ``record-table``: rows that ``python -m benchmarks`` recorded beside the times of one area."""

from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective
from tables import number_table

from benchmarks import recorded, short

ABSENT = "–"


def cell(value: object) -> str:
    """Return a cell: large and small numbers with two digits, and whether a goal was met as a word."""
    if isinstance(value, bool):
        return "yes" if value else "**no**"
    if value is None:
        return "**NaN**"
    if isinstance(value, float) and value and not 1e-2 <= abs(value) < 1e3:
        digits, exponent = f"{value:.1e}".split("e")
        return f"{digits}e{int(exponent)}"
    return short(value)


class RecordTable(SphinxDirective):
    """``.. record-table:: mfac stability``: the rows recorded under that name.

    ``:where:`` keeps rows with ``column=value``; ``:columns:`` names the columns, separated by semicolons.
    """

    required_arguments = 2
    option_spec = {"where": directives.unchanged, "columns": directives.unchanged}  # noqa: RUF012  # as docutils has it

    def run(self):
        """Return the table's nodes, or a sentence if nothing was recorded."""
        record = recorded(self)
        if isinstance(record, str):
            return self.parse_text_to_nodes(record)
        rows = record[self.arguments[1]]
        for condition in self.options.get("where", "").split(";"):
            if condition:
                column, _, value = condition.strip().partition("=")
                rows = [row for row in rows if str(row.get(column)) == value]
        columns = list(dict.fromkeys(key for row in rows for key in row))
        if "columns" in self.options:
            columns = [name.strip() for name in self.options["columns"].split(";")]
        cells = [[cell(row[name]) if name in row else ABSENT for name in columns] for row in rows]
        return self.parse_text_to_nodes(number_table(columns, cells))


def setup(app):
    """Register the directive."""
    app.add_directive("record-table", RecordTable)
    return {"parallel_read_safe": True}
