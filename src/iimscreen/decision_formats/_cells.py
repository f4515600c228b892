"""Rows of comma-separated files, and cells that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from iimscreen.errors import InputError
from iimscreen.formats import normal_doi, text_of

_PMID = re.compile(r"(?:PMID:?\s*)?([1-9]\d{0,8})(?:\.0)?", re.IGNORECASE | re.ASCII)
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|2[01]\d\d)(?!\d)")
_HEAD = 1 << 16  # bytes in which the headers stand
_NOTHING = frozenset(("", "na", "n/a", "nan", "none", "null", "<na>"))


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A table in UTF-8 with its byte order mark, so that Excel reads it as such; None is a blank cell."""
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(header)
    writer.writerows(["" if cell is None else str(cell) for cell in row] for row in rows)
    return made.getvalue().encode("utf-8-sig")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table, by its headers in small letters."""

    line: int  # where it starts
    cells: Mapping[str, str]

    def get(self, *headers: str) -> str:
        """The first of these columns that states something; "" if none does."""
        for header in headers:
            cell = self.cells.get(header, "").strip()
            if cell.lower() not in _NOTHING:
                return cell
        return ""

    @property
    def doi(self) -> str | None:
        """The DOI that it states."""
        return normal_doi(self.get("doi", "digital object identifier"))

    @property
    def pmid(self) -> str | None:
        """The PMID that it states."""
        found = _PMID.fullmatch(self.get("pubmed_id", "pmid", "pubmed id"))
        return found.group(1) if found else None

    @property
    def year(self) -> int | None:
        """The year that it states."""
        found = _YEAR.search(self.get("year", "published year", "publication year", "publication_year"))
        return int(found.group(1)) if found else None


def headers(data: bytes) -> list[str]:
    """The headers of a table in small letters; none if the file is no text."""
    head = data[:_HEAD].rpartition(b"\n")[0] if len(data) > _HEAD else data
    try:
        return [name.strip().lower() for name in next(_reader(head), [])]
    except (InputError, csv.Error):
        return []


def rows(data: bytes) -> Iterator[Row]:
    """The rows that are not blank. Raises InputError, naming the line, if it is no such table."""
    reader = _reader(data)
    before = 0
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        before = reader.line_num
        for row in reader:
            line, before = before + 1, reader.line_num
            if not any(cell.strip() for cell in row):
                continue
            if len(row) > len(names):
                raise InputError(
                    f"line {line}: {len(row)} cells under {len(names)} headers",
                    hint="put quotes around values that hold a comma",
                )
            yield Row(line, dict(zip(names, row, strict=False)))
    except csv.Error as error:
        raise InputError(f"line {before + 1}: {error}", hint="save it as CSV again") from error


def _reader(data: bytes):  # type: ignore[no-untyped-def]  # csv's own type has no name
    text = text_of(data)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    # The limit of a cell is csv's own, 131,072 characters: more than any note or abstract has.
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
