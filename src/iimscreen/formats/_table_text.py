"""Rows of a table written as text: CSV, TSV, and what spreadsheets of other countries write as CSV.

Our own and not the standard library's `csv`, for three things it cannot do: it names no line where a
quote was opened that never closes, but takes the rest of the file as one cell; it refuses cells of
more than 131,072 characters unless a setting of the whole process is changed; and a quote inside a
quoted cell that was not doubled ends the cell there. It reads what `csv.writer` writes, the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from iimscreen.errors import InputError
from iimscreen.model import Refusal

DELIMITERS = ",;\t|"
MAX_ROW = 5_000_000  # characters; a record with ten thousand authors has half a million

# What may stand between a quote and the end of its cell.
_ENDS = {mark: re.compile(rf"[^\S{re.escape(mark)}]++(?:{re.escape(mark)}|$)") for mark in DELIMITERS}
_MOST_REPAIRS = 50  # each reads up to MAX_ROW characters anew
_NEVER_CLOSED = "a quote opened on this line is not closed where a cell ends"


class Row(NamedTuple):
    """The cells of one row, and the line where it starts (from 1)."""

    line: int
    cells: Sequence[object]  # texts here; numbers and dates too where a workbook has them


def rows(lines: Iterable[str], delimiter: str, *, first: int = 1) -> Iterator[Row | Refusal]:
    """The rows of a table, and refusals of lines whose quotes do not match; reading goes on behind them.

    `lines` come without their ends, `first` is the number of the first one. Raises InputError where
    a row is longer than MAX_ROW, or quotes fail to match again and again.
    """
    given = iter(lines)
    again: list[str] = []  # lines to be read once more, the last one first
    number = first - 1
    repairs = 0
    while True:
        line = again.pop() if again else next(given, None)
        if line is None:
            return
        number += 1
        row = _Row(delimiter)
        held = [line]
        size = len(line)
        row.add(line)
        while row.is_open and not row.is_broken:
            more = again.pop() if again else next(given, None)
            if more is None:
                break
            held.append(more)
            size += len(more) + 1
            if size > MAX_ROW:
                break
            row.add(more)
        if size > MAX_ROW and len(held) == 1:
            raise InputError(
                f"line {number}: a row of more than {MAX_ROW:,} characters, as no record has",
                hint="check that the file is a table with one record a row",
            )
        if row.is_open:
            repairs += 1
            if repairs > _MOST_REPAIRS:
                raise InputError(
                    f"line {number}: {_NEVER_CLOSED}, as on {_MOST_REPAIRS} lines before it",
                    hint="export the table again, or save it as XLSX",
                )
            yield Refusal(number, _NEVER_CLOSED)
            again.extend(reversed(held[1:]))
        else:
            yield Row(number, row.cells)
            number += len(held) - 1


def delimiter_stated(line: str) -> str | None:
    """The delimiter in Excel's first line, such as `sep=;`; None if it is no such line."""
    plain = line.strip('"')
    name, _, value = plain.partition("=")
    if name.strip().lower() != "sep":
        return None
    return value[:1] if value[:1] in tuple(DELIMITERS) else "\t" if not value.strip() else None


class _Row:
    """One row while its lines are read."""

    def __init__(self, delimiter: str) -> None:
        self.cells: list[str] = []
        self.is_open = False  # inside quotes at the end of what was read
        self.is_broken = False  # and they cannot be closed as they should
        self._delimiter = delimiter
        self._parts: list[str] = []  # of the open cell

    def add(self, line: str) -> None:
        place: int | None = 0
        if self.is_open:
            self._parts.append("\n")
            place = self._quoted(line, 0)
        elif '"' not in line:
            self.cells = line.split(self._delimiter)
            return
        while place is not None and place <= len(line):
            if line.startswith('"', place):
                place = self._quoted(line, place + 1)
            else:
                end = line.find(self._delimiter, place)
                end = len(line) if end < 0 else end
                self.cells.append(line[place:end])
                place = end + 1

    def _quoted(self, line: str, place: int) -> int | None:
        """Read on inside quotes; the place behind the cell's delimiter, or None if the line ended before."""
        goes_on = self.is_open  # from a line before
        self.is_open = True
        start = place
        while (quote := line.find('"', place)) >= 0:
            after = line[quote + 1 : quote + 2]
            if after == '"':
                place = quote + 2
            elif after in ("", self._delimiter) or _ENDS[self._delimiter].match(line, quote + 1):
                self._parts.append(line[start:quote].replace('""', '"'))
                self.cells.append("".join(self._parts))
                self._parts = []
                self.is_open = False
                end = line.find(self._delimiter, quote + 1)
                return len(line) + 1 if end < 0 else end + 1
            elif goes_on and (quote == 0 or line[quote - 1] == self._delimiter):
                self.is_broken = True  # here a cell begins: the one before was never closed
                return None
            else:  # a quote that should have been doubled
                place = quote + 1
        self._parts.append(line[start:].replace('""', '"'))
        return None
