"""Cells of an XLSX workbook as they were typed or made: what is a formula, a date, an error, and what is text.

For sheets that people fill in, where it matters what Excel made of what they typed. Read by the same reader
as tables of records, `formats/_spreadsheet.py`, which says why it is our own.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from iimscreen.errors import InputError
from iimscreen.formats._spreadsheet import (
    _DATE_FORMATS,
    _NO_DATE,
    _OLE,
    _REFERENCE,
    _ZIP,
    MAX_COLUMNS,
    _Archive,
    _column,
    _damaged,
    _parsed,
    _sheets,
    _Texts,
    _unescaped,
)

MAX_BYTES = 100_000_000  # of the file
MAX_UNPACKED = 600_000_000  # of one of its parts
MAX_TAGS = 6_000_000  # rows and cells of one sheet, empty ones counted; read in about 10 s

TEXT, NUMBER, DATE, TRUTH, ERROR, FORMULA = "text", "number", "date", "truth", "error", "formula"
_BUILT_IN = {
    9: "0%",
    10: "0.00%",
    14: "d/m/yyyy",  # by the country's custom: 3/4/2021 may be either
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "d/m/yyyy h:mm",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    **dict.fromkeys((5, 6, 7, 8, 37, 38, 39, 40, 41, 42, 43, 44), "¤0.00"),
}
_DATE_CODE = re.compile(r"[dmyhs]", re.IGNORECASE)
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


class Cell(NamedTuple):  # a sheet has a hundred thousand: made three times as fast as a frozen dataclass
    """What stands in one cell, and what Excel takes it for."""

    kind: str  # text, number, date, truth, error or formula
    text: str  # a number with the 15 digits that Excel shows; of a formula, its last result
    formula: str = ""
    shown_as: str = ""  # the number format, such as 0% or d-mmm
    moment: dt.datetime | None = None  # of a date


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: row → column → cell, both from 1; blank ones are absent."""

    rows: dict[int, dict[int, Cell]] = field(default_factory=dict)
    merged: tuple[tuple[int, int, int, int], ...] = ()  # first row and column, last row and column


class Workbook:
    """A workbook that was opened; its sheets are read when they are asked for.

    Raises InputError if the file is none, is of another kind, encrypted or damaged, or exceeds a bound.
    """

    def __init__(self, data: bytes) -> None:
        _refuse_others(data)
        self._book = _Archive(data, most=MAX_UNPACKED)
        self._parts, date_1904 = _sheets(self._book)
        self._epoch = dt.datetime(1904, 1, 1) if date_1904 else dt.datetime(1899, 12, 30)  # noqa: DTZ001 (a workbook knows no zone)
        self._codes = _number_formats(self._book)
        self._texts = _Texts(self._book)

    @property
    def names(self) -> list[str]:
        """The names of its sheets, in order."""
        return list(self._parts)

    def sheet(self, name: str) -> Sheet:
        """The sheet of that name. Raises InputError where it cannot be read, KeyError if there is none."""
        part = self._parts[name]
        if part not in self._book.parts:
            raise _damaged(f"its part {part or 'of a sheet'} is missing")
        return _Reading(name, self._texts, self._codes, self._epoch).read(self._book, part)


def _refuse_others(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise InputError(
            f"the workbook has more than {MAX_BYTES:,} bytes", hint="write the sheet for fewer studies"
        )
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            raise InputError("the workbook is protected with a password", hint="save it without one")
        raise InputError("this is an old .xls workbook", hint="open it, and save it as XLSX")
    if not data.startswith(_ZIP):
        raise InputError(
            "this is no XLSX workbook" if data else "the file is empty",
            hint="save the sheet as XLSX (Excel workbook)",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if "mimetype" in archive.namelist() and "content.xml" in archive.namelist():
                raise InputError(
                    "this is a workbook of LibreOffice (.ods)",
                    hint="in LibreOffice: File, Save As, Excel 2007-365 (.xlsx)",
                )
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError):
        return  # told by what unpacks it


def _number_formats(book: _Archive) -> list[str]:
    """The number format of each cell style."""
    custom: dict[str, str] = {}
    found: list[str] = []
    inside: list[str] = []

    def start(tag: str, given: dict[str, str]) -> None:
        inside.append(tag)
        if tag == "numFmt":
            custom[given.get("numFmtId", "")] = given.get("formatCode", "")
        elif tag == "xf" and "cellXfs" in inside:
            number = given.get("numFmtId", "0")
            known = int(number) if number.isdecimal() and len(number) < 6 else 0
            found.append(
                custom.get(number) or _BUILT_IN.get(known, "d/m/y" if known in _DATE_FORMATS else "")
            )

    def end(_tag: str) -> None:
        inside.pop()

    if "xl/styles.xml" in book.parts:
        for _ in _parsed(book, "xl/styles.xml", start, end=end):
            pass
    return found


class _Reading:
    """One sheet while it is read."""

    def __init__(self, name: str, texts: _Texts, codes: list[str], epoch: dt.datetime) -> None:
        self._name = name
        self._texts = texts
        self._codes = codes
        self._is_date = [bool(_DATE_CODE.search(_NO_DATE.sub("", code))) for code in codes]
        self._epoch = epoch
        self._rows: dict[int, dict[int, Cell]] = {}
        self._merged: list[tuple[int, int, int, int]] = []
        self._row = 0
        self._column = 0
        self._kind = "n"
        self._style = 0
        self._value: list[str] | None = None  # None outside of <v> and <t>
        self._parts: list[str] = []
        self._formula: list[str] | None = None
        self._in_formula = False
        self._spoken = False
        self._tags = 0

    def read(self, book: _Archive, part: str) -> Sheet:
        for _ in _parsed(book, part, self._start, end=self._end, text=self._add):
            pass
        return Sheet(self._rows, tuple(self._merged))

    def _start(self, tag: str, given: Mapping[str, str]) -> None:
        if tag == "c":
            self._count()
            place = _REFERENCE.fullmatch(given.get("r", ""))
            self._column = _column(place.group(1)) if place else self._column + 1
            self._kind = given.get("t", "n")
            style = given.get("s", "0")
            self._style = int(style) if style.isdecimal() and len(style) < 9 else 0
            self._parts, self._formula = [], None
        elif tag in ("v", "t"):
            self._value = None if self._spoken else self._parts
        elif tag == "f":
            self._formula, self._in_formula = [], True
        elif tag == "rPh":
            self._spoken = True
        elif tag == "row":
            self._count()
            stated = given.get("r", "")
            self._row = int(stated) if stated.isdecimal() and len(stated) < 9 else self._row + 1
            self._column = 0
        elif tag == "mergeCell":
            self._merge(given.get("ref", ""))

    def _add(self, text: str) -> None:
        if self._value is not None:
            self._value.append(text)
        elif self._in_formula and self._formula is not None:
            self._formula.append(text)

    def _end(self, tag: str) -> None:
        if tag in ("v", "t"):
            self._value = None
        elif tag == "f":
            self._in_formula = False
        elif tag == "rPh":
            self._spoken = False
        elif tag == "c" and (self._parts or self._formula is not None):
            cell = self._cell("".join(self._parts))
            if cell.text or cell.formula:
                if not 1 <= self._column <= MAX_COLUMNS:
                    raise _damaged(f"row {self._row} of {self._name} has a cell in column {self._column}")
                self._rows.setdefault(self._row, {})[self._column] = cell

    def _count(self) -> None:
        self._tags += 1
        if self._tags > MAX_TAGS:
            raise InputError(
                f"sheet {self._name!r} has more than {MAX_TAGS:,} rows and cells, most of them empty",
                hint="mark the empty rows beneath the last one, and delete them",
            )

    def _merge(self, reference: str) -> None:
        ends = [_REFERENCE.fullmatch(end) for end in reference.split(":")]
        if len(ends) == 2 and ends[0] and ends[1]:
            (left, top), (right, bottom) = ends[0].groups(), ends[1].groups()
            self._merged.append((int(top), _column(left), int(bottom), _column(right)))

    def _cell(self, raw: str) -> Cell:
        shown_as = self._codes[self._style] if self._style < len(self._codes) else ""
        cell = self._plain(raw, shown_as)
        if self._formula is None:
            return cell
        formula = "".join(self._formula).strip()
        return Cell(FORMULA, cell.text, f"={formula}" if formula else "a formula")

    def _plain(self, raw: str, shown_as: str) -> Cell:
        match self._kind:
            case "s":
                try:
                    return Cell(TEXT, self._texts[int(raw)])
                except (ValueError, IndexError) as error:
                    raise _damaged(
                        f"row {self._row} of {self._name} refers to a text {raw[:20]!r} that is not there"
                    ) from error
            case "str" | "inlineStr":
                return Cell(TEXT, _unescaped(raw))
            case "b":
                return Cell(TRUTH, "TRUE" if raw.strip() == "1" else "FALSE")
            case "e":
                return Cell(ERROR, raw)
            case "d":
                return self._stated_date(raw, shown_as)
        try:
            number = float(raw)
        except ValueError:
            return Cell(TEXT, raw)
        if self._style < len(self._is_date) and self._is_date[self._style]:
            try:
                moment = self._epoch + dt.timedelta(days=number)
            except (OverflowError, ValueError):
                return Cell(NUMBER, f"{number:.15g}", shown_as=shown_as)
            return Cell(DATE, _day(moment), shown_as=shown_as, moment=moment)
        return Cell(NUMBER, f"{number:.15g}", shown_as=shown_as)

    def _stated_date(self, raw: str, shown_as: str) -> Cell:
        try:
            moment = dt.datetime.fromisoformat(raw.strip()).replace(tzinfo=None)
        except ValueError:
            return Cell(TEXT, raw)
        return Cell(DATE, _day(moment), shown_as=shown_as, moment=moment)


def _day(moment: dt.datetime) -> str:
    return moment.isoformat(" ", "minutes") if moment.time() != dt.time() else moment.date().isoformat()


def letters(column: int) -> str:
    """A column's number as Excel names it: 28 is AB."""
    found = ""
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")


def escaped(text: str) -> str:
    """A text as a workbook holds it: characters that XML cannot hold as `_x000D_`, such texts themselves too."""
    if "_x" in text:
        text = _LOOKS_ESCAPED.sub("_x005F_", text)
    return _UNWRITABLE.sub(lambda found: f"_x{ord(found.group()):04X}_", text)
