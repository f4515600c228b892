"""One study's values as one person has them, or as they stand once they are open; with where each is from."""

from __future__ import annotations

from dataclasses import dataclass

from iimscreen.consensus.reading import Reading
from iimscreen.extracting import Seat, check_there
from iimscreen.forms import DATA, ITSELF, OF, fields_of, level_of_row
from iimscreen.forms.alignment import row_number
from iimscreen.model import Cell, DataRow, Form
from iimscreen.store import Review


@dataclass(frozen=True, slots=True)
class Shown:
    """Values of one study, row by row; empty cells are left out."""

    study: str
    form: Form
    of: str  # whose they are; "" for what stands
    manner: str | None  # how it was extracted, where it is what stands
    rows: tuple[DataRow, ...]
    to_check: tuple[str, ...] = ()  # whose values stand among them, for who checks them


def own(review: Review, study: str, reviewer: str, form: str = DATA) -> Shown:
    """What one person entered; for who checks another, the other's values with theirs in place of some."""
    with review.reading():
        seat = Seat(review, reviewer, form)
        check_there(review, seat.form, study)
        words = {**seat.checked([study]), **seat.own([study])}
        found: dict[str, dict[str, Cell]] = {"": {}}
        for (_, row, name), word in words.items():
            if word.cell is not None:
                found.setdefault(row, {})[name] = word.cell
        others = {word.by for word in words.values()} - {reviewer}
    return Shown(study, seat.form, reviewer, None, _rows(seat.form, found), tuple(sorted(others)))


def standing(review: Review, study: str, form: str = DATA) -> Shown:
    """What stands. Raises ProtocolError, saying who is done, while it is closed."""
    with review.reading():
        reading = Reading(review, form, study=study)
        check_there(review, reading.form, study)
        consensus = reading.required(study, "what was extracted")
    return Shown(study, reading.form, "", consensus.manner, consensus.data())


def _rows(form: Form, found: dict[str, dict[str, Cell]]) -> tuple[DataRow, ...]:
    places = {level.name: number for number, level in enumerate(form.levels)}
    rows = []
    for row, cells in found.items():
        level = level_of_row(form, row)
        parent = cells[OF].value.text if OF in cells else ""
        order = [field.name for field in fields_of(form, level.name)]
        there = {name: cells[name] for name in order if name in cells}
        rows.append(DataRow(row, level.name, parent, there))
    return tuple(
        sorted(rows, key=lambda row: (places[row.level], row_number(row.row) if row.level != ITSELF else 0))
    )
