"""Which column of which sheet holds what: the same for what writes and for what reads. Pure.

A sheet's columns are known by the names in the last row of its heading, wherever they stand. Names that begin
with # are no fields: keys, and columns that are left aside.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from iimscreen import forms
from iimscreen.forms import CODES, ITSELF, OF
from iimscreen.model import Field, FieldKind, Form, Level
from iimscreen.sheets import PROVENANCE

FORMAT = "iimscreen sheet of data extraction, 1"
STUDY, ROW, ABOUT, FIELD = "#study", "#row", "#about", "#field"
UNIT = ".unit"  # behind a field's name, of the column beside it
QUOTES, HELP, LISTS, HIDDEN = "Quotes", "Help", "Lists", "iimscreen"
HEADING_ROWS = 4  # section, title, what goes in, name
FIRST_ROW = HEADING_ROWS + 1  # with values
WHOLE_REVIEW = "the whole review"  # in place of a study, for a form that is filled in once


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet."""

    name: str  # in the heading's last row
    title: str
    field: Field | None = None  # None: a key
    is_unit: bool = False

    @property
    def is_value(self) -> bool:
        """Whether a field's value stands in it, not its unit and no key."""
        return self.field is not None and not self.is_unit


def columns(form: Form, level: Level) -> tuple[Column, ...]:
    """The columns of a level's sheet."""
    found = [Column(STUDY, "Study" if form.subject == "study" else "For")]
    if level.letter:
        found.append(Column(ROW, "Row"))
    elif form.subject == "study":
        found.append(Column(ABOUT, "About"))
    if level.of not in ("", ITSELF):
        found.append(Column(OF, f"Of which {forms.path_of(form.levels, level.name)[1].title.lower()}"))
    for field in forms.fields_of(form, level.name):
        found.append(Column(field.name, field.title, field))
        if len(field.units) > 1:
            found.append(Column(field.name + UNIT, "Unit", field, is_unit=True))
    return tuple(found)


def quote_columns() -> tuple[Column, ...]:
    """The columns of the sheet Quotes."""
    titles = {
        "report": "Report (its key)",
        "page": "Page, table or section",
        "quote": "The report's own words",
        "formula": "Worked out as",
        "note": "Remark",
    }
    keys = Column(STUDY, "Study"), Column(ROW, "Row"), Column(FIELD, "Field")
    return (*keys, *(Column(name, titles[name]) for name in PROVENANCE))


def sheet_names(form: Form) -> dict[str, str]:
    """Level → the name of its sheet, as Excel takes it: 31 characters, each name once."""
    taken = {name.casefold() for name in (QUOTES, HELP, LISTS, HIDDEN, "history")}
    found: dict[str, str] = {}
    for level in form.levels:
        plain = "".join(" " if letter in "[]:*?/\\'\"" or letter < " " else letter for letter in level.title)
        name = base = " ".join(plain.split())[:31].strip() or level.name[:31]
        number = 2
        while name.casefold() in taken:
            name = f"{base[:27]} {number}"
            number += 1
        taken.add(name.casefold())
        found[level.name] = name
    return found


def listed(field: Field) -> tuple[str, ...]:
    """What the drop-down of a field offers; nothing where it has none."""
    if field.kind not in (FieldKind.CHOICE, FieldKind.CHOICES, FieldKind.YES_NO):
        return ()
    codes = (code for code, words in CODES.items() if words not in field.choices)
    return (*field.choices, *codes)


def spare_rows(level: Level, existing: Iterable[str], spare: int) -> tuple[str, ...]:
    """The rows of one study at a level, by number, and as many spare ones behind them."""
    numbers = sorted({int(row[1:]) for row in existing})
    first = numbers[-1] + 1 if numbers else 1
    return tuple(f"{level.letter}{number}" for number in (*numbers, *range(first, first + spare)))
