"""Values as a long CSV, one line each: for scripts, and for what other programs extracted."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from iimscreen.errors import InputError
from iimscreen.forms import OF
from iimscreen.sheets import PROVENANCE, Entry, Fault, Place, Shown

NEEDED = ("study", "field", "value")
COLUMNS = ("study", "row", "of", "field", "value", "unit", "quote", "page", "report", "formula", "note")
MAX_BYTES = 200_000_000
_MAX_CELL = 10_000_000  # characters; `csv` itself stops at 131,072 unless told


def read(data: bytes, name: str) -> tuple[list[Entry], list[Fault]]:
    """The cells that a CSV gives, with their lines; an empty value empties a cell.

    Raises InputError if it is no CSV, or lacks a column.
    """
    text = _decoded(data, name)
    csv.field_size_limit(_MAX_CELL)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    entries: dict[Place, Entry] = {}
    faults: list[Fault] = []
    of: dict[tuple[str, str], tuple[str, str]] = {}
    try:
        header = _header(next(reader, []), name)
        for row in reader:
            if any(cell.strip() for cell in row):
                _line(row, header, f"{name}, line {reader.line_num}", entries, of, faults)
    except csv.Error as error:
        raise InputError(f"{name}, line {reader.line_num}: {error}", hint="save it as CSV again") from error
    if not entries and not faults:
        raise InputError(f"{name} holds no values", hint=f"one line each: {','.join(COLUMNS)}")
    rows_above = [
        Entry((study, row, OF), Shown(above), where, where) for (study, row), (above, where) in of.items()
    ]
    return [*rows_above, *entries.values()], faults


def _decoded(data: bytes, name: str) -> str:
    if len(data) > MAX_BYTES:
        raise InputError(f"{name} has more than {MAX_BYTES:,} bytes", hint="split it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(f"{name}, line {line}: not UTF-8 text", hint="save it as CSV UTF-8") from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InputError(
            f"{name}, line {line}: not a text, it holds a zero byte", hint="save it as CSV UTF-8"
        )
    return text


def _header(row: list[str], name: str) -> list[str]:
    header = [cell.strip().lower() for cell in row]
    for wrong, told in (
        ([one for one in NEEDED if one not in header], "is missing"),
        ([one for one in header if one not in COLUMNS], "is not known"),
        ([one for one in dict.fromkeys(header) if header.count(one) > 1], "stands twice"),
    ):
        if wrong:
            raise InputError(
                f"{name}, line 1: column {', '.join(map(repr, wrong))} {told}",
                hint=f"expected {', '.join(NEEDED)}, and any of {', '.join(c for c in COLUMNS if c not in NEEDED)}",
            )
    return header


def _line(
    row: list[str],
    header: list[str],
    where: str,
    entries: dict[Place, Entry],
    of: dict[tuple[str, str], tuple[str, str]],
    faults: list[Fault],
) -> None:
    if len(row) != len(header):
        faults.append(
            Fault(
                where,
                f"found {len(row)} columns, expected {len(header)}",
                "put quotes around values that hold a comma or a line break",
            )
        )
        return
    told = dict(zip(header, row, strict=True))
    study, row_id, field, above = (told.get(name, "").strip() for name in ("study", "row", "field", "of"))
    fault = _fault(told, where, entries, of)
    if fault is not None:
        faults.append(fault)
        return
    if above:
        of.setdefault((study, row_id), (above, f"{where}, column 'of'"))
    shown = Shown(told["value"], told.get("unit", ""), **{name: told.get(name, "") for name in PROVENANCE})
    entries[study, row_id, field] = Entry((study, row_id, field), shown, f"{where}, column 'value'", where)


def _fault(
    told: Mapping[str, str],
    where: str,
    entries: Mapping[Place, Entry],
    of: Mapping[tuple[str, str], tuple[str, str]],
) -> Fault | None:
    """What is wrong with the keys of a line."""
    study, row, field, above = (told.get(name, "").strip() for name in ("study", "row", "field", "of"))
    if not field:
        return Fault(f"{where}, column 'field'", "found nothing, expected the name of a field", "name it")
    if field == OF:
        return Fault(
            f"{where}, column 'field'",
            f"found {OF!r}, which is no field",
            "the row above stands in a column of that name, beside a value",
        )
    if (study, row, field) in entries:
        return Fault(
            f"{where}, column 'field'",
            f"{field} of {' '.join(filter(None, (study, row)))} stands there already, at "
            f"{entries[study, row, field].where_beside}",
            "leave one of the lines",
        )
    known = of.get((study, row))
    if above and known is not None and known[0] != above:
        return Fault(
            f"{where}, column 'of'",
            f"found {above!r}, and {row} is of {known[0]!r} at {known[1]}",
            "a row is of one row; number the other one anew",
        )
    return None
