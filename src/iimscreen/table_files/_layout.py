"""How wide columns are, by what stands in them."""

from __future__ import annotations

from collections.abc import Sequence

from iimscreen.tables import Table

_LEAST, _MOST, _LONG_WORD = 5, 38, 20  # characters; beyond the latter two a cell is broken into lines


def weights(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """A width for each column in characters: its longest word, and more where much text stands in it."""
    found = []
    for place, head in enumerate(columns):
        texts = [row[place] for row in rows if place < len(row)]
        words = [word for text in (head, *texts) for word in text.split()]
        longest = max((len(word) for word in words), default=0)
        lines = sorted(len(line) for text in texts for line in (text.split("\n") or [""]))
        usual = lines[int(0.9 * (len(lines) - 1))] if lines else 0
        # Twice the text gets less than twice the room: long cells go on for several lines in any case.
        found.append(min(max(_LEAST, min(longest, _LONG_WORD) + 3, round(4 + 0.4 * usual)), _MOST))
    return found


def of_table(table: Table) -> list[int]:
    """The widths of a table's columns; headings and the last line of a block do not count."""
    return weights(table.columns, [line.cells for line in table.lines if line.kind == "row"])


def spans(cells: Sequence[str]) -> bool:
    """Whether a line is one text over all columns."""
    return not any(cells[1:])
