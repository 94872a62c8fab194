"""Tables of numbers for the pages that are made at build."""

from collections.abc import Iterable, Sequence


def number_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return reStructuredText of a table whose first column names the row and whose other columns are numbers."""
    lines = [".. list-table::", "   :header-rows: 1", "   :class: numbers", ""]
    for row in (header, *rows):
        lines += [f"   {'*' if i == 0 else ' '} - {cell}" for i, cell in enumerate(row)]
    return "\n".join([*lines, ""])
