"""Tables of a document: their titles and rows."""

import re
from typing import NamedTuple

_TABLE = re.compile(r"^(?:\|.*\n)+", re.MULTILINE)
_BORDER = re.compile(r"(?<!\\)\|")


class Table(NamedTuple):
    """A table, as its cells."""

    titles: list[str]
    rows: list[list[str]]

    @property
    def first_column(self) -> list[str]:
        """Return the first cell of each row."""
        return [row[0] for row in self.rows]

    @property
    def names(self) -> list[str]:
        """Return what the first column has in code."""
        return [name for cell in self.first_column for name in re.findall(r"`(\w+)`", cell)]


def tables_of(text: str) -> list[Table]:
    """Return the tables of a text."""
    return [_read(match.group()) for match in _TABLE.finditer(f"{text}\n")]


def _read(text: str) -> Table:
    titles, _, *rows = [
        [cell.strip() for cell in _BORDER.split(line)[1:-1]] for line in text.splitlines()
    ]
    for row in rows:
        assert len(row) == len(titles), f"A row has another number of cells than its titles: {row}"
    return Table(titles, rows)
