"""Values that a report prints in one cell, such as 393/288/777: one row for each time, made of one row.

A table of the report gives a patient's values at several times as a list parted by slashes. The row that is
named takes the first; those that follow go to new rows, each a copy of it but for the value and the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iimscreen import forms
from iimscreen.errors import InputError, ProtocolError
from iimscreen.extracting import Given, Seat, Taken
from iimscreen.forms import OF
from iimscreen.model import Field
from iimscreen.store.extractions import Word
from iimscreen.wording import counted

MOST = 200  # values in one list


@dataclass(frozen=True, slots=True)
class Pasted:
    """The rows that a list became."""

    rows: tuple[str, ...]
    taken: Taken


def paste(
    seat: Seat,
    study: str,
    row: str,
    given: str,
    *,
    times: Sequence[str],
    field: str = "",
    time_field: str = "",
    unit: str = "",
    quote: str = "",
    page: str = "",
) -> Pasted:
    """Enter a list of values, one row for each time; all of them, or nothing.

    The fields are those with the roles "value" and "time" where none are named. An empty place in the list
    is a time without a value, and makes no row. Raises InputError where list and times do not match.
    """
    level = forms.level_of_row(seat.form, row)
    if not level.letter:
        raise InputError("a list needs a row that can be copied", hint="name it with --row, such as O1")
    value, time = _field(seat, field, "value"), _field(seat, time_field, "time")
    values = [part.strip() for part in given.split("/")]
    if len(values) != len(times) or not 1 < len(values) <= MOST:
        raise InputError(
            f"{given!r} holds {counted(len(values), 'value')}, and there are {counted(len(times), 'time')}",
            hint="give a time for each value: --times 0,4,12",
        )
    own = {place: word for place, word in seat.own([study]).items() if word.value is not None}
    copied = {
        name: word for (_, of, name), word in own.items() if of == row and name not in (value.name, time.name)
    }
    if not copied:
        raise InputError(
            f"row {row} of {study} holds nothing that could be copied",
            hint=f"enter it first: `iimscreen extract set {study!r} FIELD VALUE --row {row}`",
        )
    taken = [int(of[1:]) for _, of, _ in own if of[:1] == level.letter]
    free = max(taken) + 1
    pairs = [(at, text) for at, text in zip(times, values, strict=True) if text]
    rows = [row, *(f"{level.letter}{free + number}" for number in range(len(pairs) - 1))]
    cells = []
    for (at, text), name in zip(pairs, rows, strict=True):
        if name != row:
            cells += [_copy(study, name, field_name, word) for field_name, word in copied.items()]
        elif any(own.get((study, row, one.name)) is not None for one in (value, time)):
            raise ProtocolError(
                f"row {row} of {study} has a value or a time already",
                hint="empty them first, or name a row that has none",
            )
        cells.append(Given("", study, name, time.name, at))
        cells.append(Given("", study, name, value.name, text, unit=unit, quote=quote, page=page))
    return Pasted(tuple(rows[: len(pairs)]), seat.take(cells))


def _field(seat: Seat, name: str, role: str) -> Field:
    """The field of that name, or the one with a role."""
    found = forms.field_named(seat.form, name) if name else forms.with_role(seat.form, role)
    if found is None:
        raise InputError(
            f"the form {seat.form.name} has no field with the role {role!r}",
            hint="name the field: --field for the values, --time-field for the times",
        )
    return found


def _copy(study: str, row: str, name: str, word: Word) -> Given:
    value = word.value
    text = "" if value is None else value.code or value.text
    unit = "" if value is None or name == OF else value.unit
    return Given(
        *("", study, row, name, text, unit),
        quote=word.quote,
        page=word.page,
        report=word.report,
        formula=word.formula,
        note=word.note,
    )
