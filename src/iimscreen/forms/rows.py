"""The rows of one study as one person, or all of them together, have filled them in. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iimscreen.forms import ITSELF, OF, fields_of
from iimscreen.forms.values import holds
from iimscreen.model import Field, Form, Level, Value

Rows = Mapping[str, Mapping[str, Value]]  # row → field → value; "" is the study itself


def known_level(form: Form, row: str) -> Level | None:
    """The level of a row; None if the form no longer has one of that letter."""
    if not row:
        return form.levels[0]
    return next((level for level in form.levels if level.letter and row.startswith(level.letter)), None)


def around(rows: Rows, row: str) -> dict[str, Value]:
    """The values of a row, and of the rows above it."""
    found = dict(rows.get(row, {}))
    if row:
        above = found[OF].text if OF in found else ""
        found = {**around(rows, above), **found}
    return found


def lacking(form: Form, rows: Rows) -> Iterator[tuple[str, Field]]:
    """Each row and required field that has no value there and is asked, or may be."""
    for row in dict.fromkeys(["", *rows]):
        level = known_level(form, row)
        if level is None or (row and not rows[row]):
            continue
        values = around(rows, row)
        for field in fields_of(form, level.name):
            if (
                field.required
                and field.name not in rows.get(row, {})
                and holds(field.when, values) is not False
            ):
                yield row, field


def outlasted(form: Form, rows: Rows) -> Iterator[tuple[str, Field]]:
    """Each row and field that holds a value though it is not asked there."""
    for row, cells in rows.items():
        level = known_level(form, row)
        if level is None:
            continue
        values = around(rows, row)
        for field in fields_of(form, level.name):
            if field.name in cells and holds(field.when, values) is False:
                yield row, field


def without_row_above(form: Form, rows: Rows) -> Iterator[tuple[str, str]]:
    """Each row that names a row above it which has no values, and that name; "" where it names none."""
    for row, cells in rows.items():
        level = known_level(form, row)
        if level is None or level.of in ("", ITSELF) or not cells:
            continue
        above = cells[OF].text if OF in cells else ""
        if not rows.get(above) or not above:
            yield row, above
