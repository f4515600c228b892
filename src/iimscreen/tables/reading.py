"""Extracted data read by the roles of a form's fields, wherever the form has put them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from iimscreen.forms import CODES, ITSELF, path_of, with_role
from iimscreen.model import Cell, DataRow, Field, FieldKind, Form, StudyData, Value

LITERATURE, OWN = "literature", "own"
NOT_ENTERED = "not entered"
BLANK = "–"  # the same in the cell of a table
BLANK_SAID = "–: nothing was entered."
_ONE = frozenset(("patient", "one patient", "single patient", "individual", "individual patient"))
# What a field is called in a sentence, where its role does not say it.
_CALLED = {
    "n": "the number of subjects of a row",
    "n-total": "the number of subjects of a study",
    "n-eligible": "the number of eligible subjects",
    "n-excluded": "the number of subjects left out within a study",
    "source": "whether a report is a primary or a secondary source",
    "unit": "whether a row is a patient or a group",
    "outcome-drug": "the drug that an outcome belongs to",
    "event-drug": "the drug that an adverse event belongs to",
    "event": "adverse events",
    "n-events": "the number of events",
    "n-with-event": "the number of subjects with an event",
    "n-assessed": "the number of subjects assessed",
    "n-improved": "the number of subjects improved",
    "domain": "the domain of an outcome",
    "response": "the judged response",
    "failed": "failed treatments",
}


def lacking(form: Form, *roles: str) -> tuple[str, ...]:
    """A sentence for each of these roles that no field of the form has."""
    return tuple(
        f"the form has no field for {_CALLED.get(role, role.replace('-', ' '))} (role {role})"
        for role in roles
        if with_role(form, role) is None
    )


def level_of(form: Form, role: str) -> str | None:
    """The level on which the field of that role stands; None if there is no such field."""
    field = with_role(form, role)
    return None if field is None else field.level


def subject_level(form: Form) -> str:
    """The level whose rows are patients or groups; the study itself where the form has none."""
    for role in ("n", "unit", "label", "age", "sex", "subtype"):
        level = level_of(form, role)
        if level is not None:
            return level
    return ITSELF


def said(value: Value | None) -> str:
    """A value in the words of a table; a code in words."""
    if value is None:
        return NOT_ENTERED
    return CODES[value.code] if value.code else str(value)


class Reading:
    """One study, read by the roles of a form."""

    def __init__(self, data: StudyData, form: Form) -> None:
        self.data = data
        self.form = form
        self._rows = {row.row: row for row in data.rows}

    # --- rows ---

    def subjects(self) -> tuple[DataRow, ...]:
        """The rows of patients or groups."""
        level = subject_level(self.form)
        return (self.data.itself,) if level == ITSELF else self.data.at(level)

    def upwards(self, row: DataRow) -> Iterator[DataRow]:
        """A row, the rows above it, and last the study itself."""
        seen: set[str] = set()
        while row.row and row.row not in seen:
            yield row
            seen.add(row.row)
            above = self._rows.get(row.parent)
            if above is None:
                break
            row = above
        yield self.data.itself

    def under(self, row: DataRow, role: str) -> tuple[DataRow, ...]:
        """The rows on which the field of that role stands, as far as they are this row, under it or above it."""
        level = level_of(self.form, role)
        if level is None:
            return ()
        if level in (one.name for one in path_of(self.form.levels, row.level)):
            return tuple(one for one in self.upwards(row) if one.level == level)[:1]
        return tuple(
            one for one in self.data.at(level) if any(above.row == row.row for above in self.upwards(one))
        )

    # --- values ---

    def cell(self, row: DataRow, role: str) -> Cell | None:
        """What stands in the field of that role: in this row, or in one above it."""
        field = with_role(self.form, role)
        if field is None:
            return None
        return next(
            (one.cells.get(field.name) for one in self.upwards(row) if one.level == field.level), None
        )

    def value(self, row: DataRow, role: str) -> Value | None:
        """The value of that role; None where none was entered, or the form has no such field."""
        cell = self.cell(row, role)
        return None if cell is None else cell.value

    def of_study(self, role: str) -> Value | None:
        """The value of that role for the study itself; None where the field stands on another level."""
        if level_of(self.form, role) != ITSELF:
            return None
        return self.value(self.data.itself, role)

    def text(self, row: DataRow, role: str) -> str:
        """That value as people read it, codes as codes; "" where there is none."""
        value = self.value(row, role)
        return "" if value is None else str(value)

    def number(self, row: DataRow, role: str) -> int | None:
        """That value as a count; None where it is a code or no whole number of 0 or more."""
        return count_of(self.value(row, role))

    def names(self, row: DataRow, role: str) -> tuple[str, ...]:
        """What a row counts under: each choice of several, a code in words, or that nothing was entered.

        Where the field stands below the row, the names of all rows under it, each once.
        """
        field = with_role(self.form, role)
        if field is None:
            return ()
        rows = self.under(row, role)
        found = [name for one in rows for name in names_of(field, self.value(one, role))]
        stated = [name for name in dict.fromkeys(found) if name != NOT_ENTERED]
        return tuple(stated) or (NOT_ENTERED,)

    def is_one(self, row: DataRow) -> bool:
        """Whether a row is one patient, as its unit or its n says."""
        return self.text(row, "unit").casefold() in _ONE or self.number(row, "n") == 1


def names_of(field: Field, value: Value | None) -> tuple[str, ...]:
    """The names that a value counts under."""
    if value is None or value.code or field.kind is not FieldKind.CHOICES:
        return (said(value),)
    return value.items


def count_of(value: Value | None) -> int | None:
    """A value as a count; None where it is a code or no whole number of 0 or more."""
    number = None if value is None else value.number
    return int(number) if number is not None and number >= 0 and number.is_integer() else None
