"""The rows behind a number as CSV, for a spreadsheet."""

from __future__ import annotations

from collections.abc import Sequence

from iimscreen.decision_formats import safe, table
from iimscreen.model import Behind, Number

HEADER = ("number", "place", "row", "text", "note", "link")


def written(number: Number, rows: Sequence[Behind]) -> bytes:
    """One line for each row, in order; a number without rows has none but its heading."""
    return table(
        HEADER,
        [
            [number.name, str(place), *map(safe, (row.key, row.text, row.note, row.link))]
            for place, row in enumerate(rows, 1)
        ],
    )
