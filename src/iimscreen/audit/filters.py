"""Whether a row of extracted data is one of those that a text speaks of: yes, no, or it is not told. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from iimscreen.forms import field_named, with_role
from iimscreen.model import DataRow, Field, Form, StudyData

VAGUE = "not specified"  # the end of a choice such as "JAKi not specified", which may be any of its kind
Filters = Sequence[tuple[str, Sequence[str]]]  # field or role, and values of which any will do


def asked(form: Form, name: str) -> Field:
    """The field that has this role or this name. Raises InputError if there is none."""
    return with_role(form, name) or field_named(form, name)


def holds(form: Form, study: StudyData, row: DataRow, filters: Filters) -> bool | None:
    """Whether a row has what is asked for: in itself, above it, below it or beside it; None: it is not told."""
    answers = [_has(study, row, asked(form, name), values) for name, values in filters]
    if False in answers:
        return False
    return None if None in answers else True


def _has(study: StudyData, row: DataRow, field: Field, values: Iterable[str]) -> bool | None:
    wanted = {value.casefold() for value in values}
    near = [one for one in _around(study, row) if one.level == field.level]
    told = [one.cells[field.name].value for one in near if field.name in one.cells]
    told = [value for value in told if value.text]
    if any(item.casefold() in wanted for value in told for item in (*value.items, value.text)):
        return True
    vague = any(value.text.casefold().endswith(VAGUE) for value in told)
    return False if told and len(told) == len(near) and not vague else None


def untold(form: Form, study: StudyData, row: DataRow, filters: Filters) -> str:
    """What stands where it is not told whether a row is one of those: a code, or a choice that leaves it open."""
    found = []
    for name, _ in filters:
        field = asked(form, name)
        near = [one.cells.get(field.name) for one in _around(study, row) if one.level == field.level]
        said = [cell.value for cell in near if cell is not None]
        found += [str(value) for value in said if value.code or value.text.casefold().endswith(VAGUE)]
    return ", ".join(dict.fromkeys(found)) or "not entered"


def _around(study: StudyData, row: DataRow) -> list[DataRow]:
    """A row, the rows above it, those of it, and those of other levels beside it."""
    if not row.row:
        return [study.itself]
    above = [study.itself, *(one for one in study.rows if row.parent and one.row == row.parent)]
    below = [one for one in study.rows if one.parent == row.row]
    beside = [one for one in study.rows if one.row and one.parent == row.parent and one.level != row.level]
    return [*above, row, *below, *beside]
