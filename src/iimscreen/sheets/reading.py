"""What was filled into a workbook, cell by cell, and what is wrong with it: each with its sheet, row and column.

What Excel made of what was typed is not undone by guesses. A number shown as a percentage, a date in a field
that takes none, a formula, an error: each is told with its place, and the person who knows types it again.
A date in a field of dates is taken where day and month cannot have changed places: its format names the month
or begins with the year, or the day is after the 12th; of a format without a day, month and year are taken.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from iimscreen import forms
from iimscreen.errors import InputError
from iimscreen.formats import _workbook as workbook
from iimscreen.formats._workbook import Cell, Sheet, Workbook, letters
from iimscreen.forms import OF
from iimscreen.forms.values import described
from iimscreen.model import Field, FieldKind, Form, Level
from iimscreen.sheets import MOST_IN_A_CELL, Entry, Fault, Heading, Place, Shown
from iimscreen.sheets.layout import (
    FIELD,
    FORMAT,
    HIDDEN,
    QUOTES,
    ROW,
    STUDY,
    WHOLE_REVIEW,
    Column,
    columns,
    quote_columns,
    sheet_names,
)

_LOOK_FOR_HEADING = 30  # rows
_AGAIN = "format the cell as text, and type it again"
_NEW_SHEET = "write a new sheet with `iimscreen extract sheet`, and copy the values into it"
_CURRENCY = re.compile(r"[¤$€£¥]")
_LOCALE = re.compile(r"\[\$-[^\]]*\]")
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.')


@dataclass(frozen=True, slots=True)
class Filled:
    """A workbook that came back."""

    name: str  # of its file
    heading: Heading
    studies: tuple[str, ...]
    book: Workbook


@dataclass(frozen=True, slots=True)
class Read:
    """What stands on a workbook: cells that are filled in or were emptied, and what is wrong."""

    entries: tuple[Entry, ...]
    faults: tuple[Fault, ...]


def opened(data: bytes, name: str) -> Filled:
    """What a workbook was written for. Raises InputError if it is none of ours."""
    try:
        book = Workbook(data)
        if HIDDEN not in book.names:
            raise InputError(
                "this workbook was not written by `iimscreen extract sheet`",
                hint="write one and fill it in, or give a CSV with the columns study, field and value",
            )
        told: dict[str, list[str]] = {}
        for row in book.sheet(HIDDEN).rows.values():
            if 1 in row:
                told.setdefault(row[1].text, []).append(row[2].text if 2 in row else "")
    except InputError as error:
        raise InputError(f"{name}: {error.message}", hint=error.hint) from error
    if told.get("format") != [FORMAT]:
        raise InputError(
            f"{name}: this is {'; '.join(told.get('format', ['of no known kind']))}, expected {FORMAT}",
            hint="use the version of iimscreen that wrote it, or write a new sheet",
        )
    first = {key: found[0] for key, found in told.items()}
    heading = Heading(
        review=first.get("review", ""),
        reviewer=first.get("reviewer", ""),
        form=first.get("form", ""),
        form_sha256=first.get("form sha256", ""),
        log_id=int(first["log row"]) if re.fullmatch("[0-9]{1,15}", first.get("log row", "")) else 0,
        log_uid=first.get("log uid", ""),
        digest=first.get("digest", ""),
    )
    return Filled(name, heading, tuple(told.get("study", ())), book)


def read(filled: Filled, form: Form, before: Mapping[Place, Shown]) -> Read:
    """Everything that stands on the sheets, by a form; `before` is what stood there when they were written.

    Raises InputError where a sheet or a column is missing, doubled or unknown, or cells are merged.
    """
    reading = _Reading(filled, form, before)
    try:
        return reading.read()
    except InputError as error:
        if error.message.startswith(filled.name):
            raise
        raise InputError(f"{filled.name}: {error.message}", hint=error.hint) from error


@dataclass(frozen=True, slots=True)
class _Table:
    """One sheet whose columns were found."""

    name: str
    sheet: Sheet
    heading: int  # number of the row with the names
    columns: Mapping[str, int]

    def rows(self) -> Iterator[tuple[int, dict[int, Cell]]]:
        """The rows beneath the heading that are not blank."""
        return ((number, row) for number, row in sorted(self.sheet.rows.items()) if number > self.heading)


class _Reading:
    """One workbook while it is read."""

    def __init__(self, filled: Filled, form: Form, before: Mapping[Place, Shown]) -> None:
        self._filled = filled
        self._form = form
        self._before = before
        self._studies = set(filled.studies)
        self._found: dict[Place, tuple[str, str, str]] = {}  # text, unit, where
        self._beside: dict[Place, tuple[dict[str, str], str]] = {}
        self._rows: dict[tuple[str, str], str] = {}  # study and row → where
        self._places: dict[
            tuple[str, str, str], str
        ] = {}  # where a blank cell stands, of those that had a value
        self._faults: list[Fault] = []

    def read(self) -> Read:
        names = sheet_names(self._form)
        for level in self._form.levels:
            shown = columns(self._form, level)
            self._level(level, self._table(names[level.name], shown), shown)
        self._quotes(self._table(QUOTES, quote_columns()))
        return Read(tuple(self._entries()), tuple(self._faults))

    def _fault(self, where: str, message: str, hint: str) -> None:
        self._faults.append(Fault(where, message, hint))

    # --- columns -----------------------------------------------------------------------------------

    def _table(self, name: str, wanted: tuple[Column, ...]) -> _Table:
        if name not in self._filled.book.names:
            raise InputError(
                f"sheet {name!r} is missing; found {', '.join(map(repr, self._filled.book.names))}",
                hint="give the sheet its name back, or write a new one",
            )
        sheet = self._filled.book.sheet(name)
        number = next(
            (
                number
                for number, row in sorted(sheet.rows.items())[:_LOOK_FOR_HEADING]
                if any(cell.text.strip() == STUDY for cell in row.values())
            ),
            None,
        )
        if number is None:
            raise InputError(
                f"sheet {name!r} has no row with the names of its columns, which holds {STUDY}",
                hint=_NEW_SHEET,
            )
        table = _Table(name, sheet, number, self._columns(name, sheet, number, wanted))
        self._refuse_merged(table)
        return table

    def _columns(self, name: str, sheet: Sheet, number: int, wanted: tuple[Column, ...]) -> dict[str, int]:
        known = {column.name for column in wanted}
        found: dict[str, int] = {}
        strange: list[str] = []
        for at, cell in sorted(sheet.rows[number].items()):
            title = cell.text.strip()
            if title in found:
                raise InputError(
                    f"sheet {name!r}, row {number}: column {title!r} stands twice, in "
                    f"{letters(found[title])} and {letters(at)}",
                    hint="delete one of them",
                )
            if title in known:
                found[title] = at
            elif title and not title.startswith("#"):
                strange.append(f"{title!r} in column {letters(at)}")
        missing = [column.name for column in wanted if column.name not in found and column.name != "#about"]
        if missing:
            raise InputError(
                f"sheet {name!r}, row {number}: column {', '.join(map(repr, missing))} is missing"
                + (f"; found {', '.join(strange)}" if strange else ""),
                hint=f"give the column its name in row {number} back; it may stand anywhere",
            )
        if strange:
            raise InputError(
                f"sheet {name!r}, row {number}: {', '.join(strange)} is no column of this form",
                hint="delete it, or let its name begin with # to have it left aside",
            )
        named = {at for at, cell in sheet.rows[number].items() if cell.text.strip()}
        for row, cells in sorted(sheet.rows.items()):
            for at in sorted(cells) if row > number else ():
                if at not in named:
                    raise InputError(
                        f"sheet {name!r}, row {row}, column {letters(at)}: found {cells[at].text[:40]!r} in a "
                        f"column without a name in row {number}",
                        hint="move it to where it belongs, or empty the cell",
                    )
        return found

    def _refuse_merged(self, table: _Table) -> None:
        used = set(table.columns.values())
        for top, left, bottom, right in table.sheet.merged:
            if bottom >= table.heading and used & set(range(left, right + 1)):
                raise InputError(
                    f"sheet {table.name!r}: cells {letters(left)}{top}:{letters(right)}{bottom} are merged, "
                    "and hold one value for several",
                    hint="unmerge them, and write the value into each cell it is for",
                )

    def _where(self, table: _Table, row: int, name: str = "", title: str = "") -> str:
        place = f"{self._filled.name}, sheet {table.name!r}, row {row}"
        if not name:
            return place
        return f"{place}, column {letters(table.columns[name])} {title or name!r}"

    # --- values ------------------------------------------------------------------------------------

    def _level(self, level: Level, table: _Table, shown: tuple[Column, ...]) -> None:
        values = [column for column in shown if column.is_value or column.name == OF]
        has_unit = {column.field.name: column.name for column in shown if column.is_unit and column.field}
        for number, row in table.rows():
            key = self._key(level, table, number, row, shown)
            if key is None:
                continue
            self._rows[key] = self._where(table, number)
            for column in values:
                place = (*key, column.name)
                cell = row.get(table.columns[column.name])
                if cell is None:
                    if place in self._before:
                        self._places[place] = self._where(table, number, column.name, column.title)
                    continue
                where = self._where(table, number, column.name, column.title)
                text = self._text(column.field, cell, where)
                unit: str | None = ""
                if text and column.name in has_unit:
                    name = has_unit[column.name]
                    of_unit = row.get(table.columns[name])
                    unit = self._text(None, of_unit, self._where(table, number, name)) if of_unit else ""
                if text is not None and unit is not None:
                    self._found[place] = text, unit, where

    def _key(
        self, level: Level, table: _Table, number: int, row: Mapping[int, Cell], shown: tuple[Column, ...]
    ) -> tuple[str, str] | None:
        """Study and row of a line; None where it is blank, or was refused."""
        filled = [
            column.name
            for column in shown
            if not column.name.startswith("#") and not column.is_unit and table.columns[column.name] in row
        ]
        study = self._key_cell(table, number, row, STUDY)
        if study is None or (not study and not filled and not self._key_cell(table, number, row, ROW, level)):
            return None
        if not study:
            self._fault(
                self._where(table, number, STUDY, "Study"),
                f"found values ({', '.join(filled[:4])}) and no study",
                "name the study and the row, or delete the line",
            )
            return None
        named = self._study(table, number, study)
        if named is None:
            return None
        study = named
        row_id = ""
        if level.letter:
            row_id = self._key_cell(table, number, row, ROW, level) or ""
            if not row_id and not filled:
                return None
            if not self._is_row(level, row_id):
                self._fault(
                    self._where(table, number, ROW, "Row"),
                    f"found {row_id!r}, expected a row such as {level.letter}1",
                    "number the row, with a number that the study does not have yet",
                )
                return None
        if (study, row_id) in self._rows:
            self._fault(
                self._where(
                    table, number, ROW if level.letter else STUDY, "Row" if level.letter else "Study"
                ),
                f"{_line(study, row_id)} stands there already, at {self._rows[study, row_id]}",
                "give the line the key that it had, or a new row of its own",
            )
            return None
        return study, row_id

    def _is_row(self, level: Level, row: str) -> bool:
        try:
            return bool(row) and forms.level_of_row(self._form, row) == level
        except InputError:
            return False

    def _study(self, table: _Table, number: int, found: str) -> str | None:
        study = "" if self._form.subject == "review" and found == WHOLE_REVIEW else found
        if study in self._studies:
            return study
        self._fault(
            self._where(table, number, STUDY, "Study"),
            f"found {found!r}, which is no study of this sheet",
            "write it as on the sheet of studies; `iimscreen extract sheet` writes a sheet for others",
        )
        return None

    def _key_cell(
        self, table: _Table, number: int, row: Mapping[int, Cell], name: str, level: Level | None = None
    ) -> str | None:
        if name == ROW and level is not None and not level.letter:
            return ""
        cell = row.get(table.columns[name])
        if cell is None:
            return ""
        return self._text(None, cell, self._where(table, number, name))

    def _text(self, field: Field | None, cell: Cell, where: str) -> str | None:
        """What a cell holds, as a text; None where it was refused."""
        try:
            return _typed(field, cell)
        except InputError as error:
            self._fault(where, error.message, error.hint)
            return None

    # --- quotes ------------------------------------------------------------------------------------

    def _quotes(self, table: _Table) -> None:
        known = {OF, *(field.name for field in self._form.fields)}
        names = [column.name for column in quote_columns()]
        for number, row in table.rows():
            cells = {
                name: self._text(None, row[at], self._where(table, number, name))
                for name, at in table.columns.items()
                if name in names and at in row
            }
            if any(text is None for text in cells.values()):
                continue
            told = {name: text.strip() if name != "quote" else text for name, text in cells.items() if text}
            beside = {name: told.get(name, "") for name in names[3:]}
            study, row_id, field = (told.get(name, "") for name in names[:3])
            if not any(beside.values()) and (study, row_id, field) not in self._before:
                continue
            where = self._where(table, number)
            if not study or field not in known:
                self._fault(
                    self._where(table, number, FIELD if study else STUDY),
                    f"found {(field if study else study)!r}, expected "
                    + ("the name of a field" if study else "the study that the quote is for"),
                    "choose it from the list",
                )
                continue
            named = self._study(table, number, study)
            if named is None:
                continue
            place = named, row_id, field
            if place in self._beside:
                self._fault(
                    where,
                    f"{field} of {_line(named, row_id)} stands twice, there and at {self._beside[place][1]}",
                    "leave one of them",
                )
                continue
            self._beside[place] = beside, where

    # --- all of it ---------------------------------------------------------------------------------

    def _entries(self) -> Iterator[Entry]:
        """Every cell that is filled in, and those that were and are not."""
        for place, before in self._before.items():
            study, row_id, field = place
            if (study, row_id) not in self._rows:
                if not self._faults:  # of which it may be a consequence
                    self._fault(
                        self._filled.name,
                        f"the line of {_line(study, row_id)} is missing, which held values when the sheet was written",
                        "to drop a row, empty its cells and let the line stand; or write a new sheet",
                    )
            elif any(before.beside) and place not in self._beside and not self._faults:
                self._fault(
                    f"{self._filled.name}, sheet {QUOTES!r}",
                    f"the line of {field} of {_line(study, row_id)} is missing",
                    "to drop a quote, empty its cells and let the line stand; or write a new sheet",
                )
        for place in dict.fromkeys((*self._before, *self._found, *self._beside)):
            beside, where_beside = self._beside.get(place, ({}, ""))
            text, unit, where = self._found.get(place, ("", "", self._places.get(place, where_beside)))
            if place in self._found or place in self._places or where_beside:
                yield Entry(place, Shown(text, unit, **beside), where, where_beside)


def _line(study: str, row: str) -> str:
    return " ".join(filter(None, (study or WHOLE_REVIEW, row)))


# --- what Excel made of it -------------------------------------------------------------------------


def _typed(field: Field | None, cell: Cell) -> str:
    """What was typed into a cell. Raises InputError: what was found, and what was expected."""
    match cell.kind:
        case workbook.TEXT:
            return _as_text(field, cell.text)
        case workbook.NUMBER:
            return _as_number(field, cell)
        case workbook.DATE:
            if field is not None and field.kind is FieldKind.DATE and cell.moment is not None:
                return _as_date(cell, cell.moment)
            raise InputError(f"found {_date_found(cell)}, expected {_expected(field)}", hint=_AGAIN)
        case workbook.FORMULA:
            raise InputError(
                f"found the formula {cell.formula[:60]!r}"
                + (f" with the result {cell.text[:40]!r}" if cell.text else "")
                + f", expected {_expected(field)}",
                hint="type the value; how it was worked out goes to the sheet Quotes, as a text without =",
            )
        case workbook.TRUTH:
            raise InputError(f"found the truth value {cell.text}, expected {_expected(field)}", hint=_AGAIN)
    raise InputError(
        f"found the error {cell.text}, expected {_expected(field)}",
        hint="type the value, or NR if it is not reported",
    )


def _expected(field: Field | None) -> str:
    return "a text" if field is None or field.kind is FieldKind.TEXT else described(field)


def _as_text(field: Field | None, text: str) -> str:
    if len(text) >= MOST_IN_A_CELL:
        raise InputError(
            f"found a text of {len(text):,} characters, where Excel cuts off at {MOST_IN_A_CELL:,}",
            hint="shorten it, or enter it with `iimscreen extract set`",
        )
    if field is not None and field.kind in (FieldKind.INTEGER, FieldKind.NUMBER, FieldKind.DATE):
        return text.strip().removeprefix("'")  # typed so that Excel takes it as a text
    return text


def _as_number(field: Field | None, cell: Cell) -> str:
    shown_as = _LOCALE.sub("", _QUOTED.sub("", cell.shown_as))
    value = float(cell.text)
    if "%" in shown_as:
        raise InputError(
            f"found {cell.text}, shown as {value * 100:.15g}%, expected {_expected(field)}",
            hint="format the cell as text, and type the number that you mean, without %",
        )
    if _CURRENCY.search(cell.shown_as) and _CURRENCY.search(_LOCALE.sub("", cell.shown_as)):
        raise InputError(f"found {cell.text}, shown as money, expected {_expected(field)}", hint=_AGAIN)
    if abs(value) >= 1e15:
        raise InputError(
            f"found {cell.text}, a number of more digits than the 15 that Excel keeps", hint=_AGAIN
        )
    return cell.text


def _as_date(cell: Cell, moment: dt.datetime) -> str:
    shown_as = _QUOTED.sub("", _LOCALE.sub("", cell.shown_as)).lower()
    if "y" not in shown_as or "m" not in shown_as or moment.time() != dt.time():
        raise InputError(f"found {_date_found(cell)}, expected 2021, 2021-03 or 2021-03-17", hint=_AGAIN)
    if "d" not in shown_as:
        return f"{moment:%Y-%m}"
    is_clear = (
        moment.day > 12 or moment.day == moment.month or "mmm" in shown_as or shown_as.lstrip()[:1] == "y"
    )
    if not is_clear:
        raise InputError(
            f"found the date {moment:%Y-%m-%d}, where day and month may have changed places "
            f"(or {moment:%Y}-{moment.day:02d}-{moment.month:02d})",
            hint="format the cell as text, and type it as 2021-03-17",
        )
    return f"{moment:%Y-%m-%d}"


def _date_found(cell: Cell) -> str:
    """A date in words, and what was typed, as it seems."""
    moment, shown_as = cell.moment, cell.shown_as.lower()
    if moment is None or ("h" in shown_as and "d" not in shown_as and "y" not in shown_as):
        return f"the time {moment:%H:%M}" if moment else "a date"
    day = f"the date {moment.day} {moment:%b %Y}"
    if "y" in shown_as and "d" in shown_as:
        return f"{day}, which Excel seems to have made of a text such as '{moment.day}-{moment.month}-{moment:%y}'"
    if "d" not in shown_as:
        return f"{day}, which Excel seems to have made of '{moment.month}-{moment:%y}' or '{moment:%b} {moment:%y}'"
    return f"{day}, which Excel seems to have made of '{moment.day}-{moment.month}' or '{moment.month}-{moment.day}'"
