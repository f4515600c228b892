"""Tables with one record a row: CSV, TSV and other delimited text, and XLSX workbooks.

Exports of PubMed, Embase, Scopus, the Cochrane Library, Web of Science, Rayyan, Covidence, ASReview,
Zotero and EndNote, and what people make of them. Which column is which field is guessed, said
(`formats.Layout` comes first), and can be named instead. Decisions that such a file holds are not
read: they are no votes of this review. Memory does not grow with a table of text; of a workbook the
packed file is held.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from iimscreen.errors import InputError
from iimscreen.formats import (
    Found,
    Readable,
    Remark,
    Told,
    _spreadsheet,
    _table_columns,
    _table_text,
    as_it_was,
    line_blocks,
)
from iimscreen.formats._table_record import RecordReader, Tally, clean, text_of_cell
from iimscreen.formats._table_text import DELIMITERS, Row
from iimscreen.model import Parsed, Refusal

SUFFIXES = (".csv", ".tsv", ".tab", ".xlsx", ".xlsm", ".xls")
OPTIONS = ("columns", "sheet")

_SAMPLE = 60  # rows that confirm the guess
_BANNER = 20  # rows in which the headers are looked for
_BLOCK = 1 << 16
# Headers of our own CSV of references, in which cells are guarded against spreadsheets.
_OURS = frozenset(("record", "database", "kind", "accession", "source_id", "provenance"))


def looks_like(head: str) -> bool:
    """Whether a workbook begins, or headers of which one is a title and another is known, in the first rows."""
    text = head.lstrip("\ufeff")
    if text.startswith("PK\x03\x04"):
        return "xl/" in text or ("[Content_Types].xml" in text and "word/" not in text and "ppt/" not in text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:_BANNER]
    return any(_known(row) >= 2 for delimiter in DELIMITERS for row in _first_rows(lines, delimiter))


def read(data: bytes) -> Iterator[Found]:
    """The records and refusals that `read_stream` gives, of a file that is in memory."""
    for found in read_stream(io.BytesIO(data)):
        if isinstance(found, Parsed | Refusal):
            yield found


def read_stream(
    file: Readable, *, columns: Sequence[str] = (), sheet: str | None = None
) -> Iterator[Found | Told]:
    """The layout, then each row as a record or a refusal in order, then what was left out.

    `columns` are choices FIELD=HEADER in place of the guess, `sheet` names a sheet of a workbook.
    Raises InputError, naming the line, if it is no table or has no title, or a choice does not fit it.
    """
    chosen = _table_columns.chosen_columns(columns)
    head = file.read(_BLOCK)
    if _spreadsheet.is_workbook(head):
        data = head + _rest(file)
        yield from _records(_spreadsheet.rows(data, sheet), chosen, is_text=False)
        return
    if sheet is not None:
        raise InputError("--sheet names a sheet, but this is a table of text", hint="leave --sheet out")
    lines = _lines(head, file)
    first = list(islice(lines, _SAMPLE))
    delimiter = None
    skipped = 0
    if first and (delimiter := _table_text.delimiter_stated(first[0])):
        skipped = 1
    if delimiter is None:
        delimiter = _sniffed(first, chosen)
    given = _table_text.rows(chain(first[skipped:], lines), delimiter, first=1 + skipped)
    yield from _records(given, chosen, is_text=True)


def _records(
    rows: Iterable[Row | Refusal], chosen: dict[str, str], *, is_text: bool
) -> Iterator[Found | Told]:
    given = iter(rows)
    first = list(islice(given, _SAMPLE))
    tally = Tally()
    at, header = _header(first, chosen)
    headers = _trimmed([clean(text_of_cell(cell)) for cell in header.cells])
    if is_text and _OURS.issubset(headers):
        first[at + 1 :] = map(_unguarded, first[at + 1 :])
        given = map(_unguarded, given)
    sample = [[text_of_cell(cell) for cell in row.cells] for row in first[at + 1 :] if isinstance(row, Row)]
    found = _table_columns.guess(headers, sample, chosen, line=header.line)
    yield found.layout()
    reader = RecordReader(found, tally)
    for row in chain(first[at + 1 :], given):
        if isinstance(row, Refusal):
            yield row
        elif (one := _one(row, len(headers), reader, tally, is_text)) is not None:
            yield one
    if any(isinstance(row, Row) and any(row.cells) for row in first[:at]):
        yield Remark(
            f"the {'line' if at == 1 else f'{at} rows'} above the headers (line {header.line}) not read"
        )
    yield from map(Remark, tally.remarks())


def _one(row: Row, width: int, reader: RecordReader, tally: Tally, is_text: bool) -> Found | None:
    cells = row.cells
    if not any(cell is not None and str(cell).strip() for cell in cells):
        tally.empty_rows += 1
        return None
    filled = len(_trimmed(cells))
    if filled > width:
        return Refusal(
            row.line,
            f"{filled} cells under {width} headers: a cell that holds the delimiter must be in quotes",
        )
    if is_text and len(cells) < width:  # a workbook leaves blank cells out
        if len(cells) == 1 and width > 2:
            return Refusal(
                row.line, f"1 cell under {width} headers: a cell that goes on over lines must be in quotes"
            )
        tally.short_rows += 1
    return reader.read(row.line, cells)


def _unguarded(row: Row | Refusal) -> Row | Refusal:
    """A row of our own CSV as it was before `safe` put apostrophes into it."""
    if isinstance(row, Refusal):
        return row
    return Row(row.line, [as_it_was(cell) if isinstance(cell, str) else cell for cell in row.cells])


def _trimmed(cells: Sequence[object]) -> list[str]:
    """Cells without the blank ones at their end."""
    end = len(cells)
    while end and (cells[end - 1] is None or not str(cells[end - 1]).strip()):
        end -= 1
    return [text_of_cell(cell) for cell in cells[:end]]


# --- where the headers are, and what parts the cells ---


def _known(cells: Sequence[object]) -> int:
    """How many fields a row of headers names; 0 if it names no title."""
    fields = {_table_columns.recognised(str(cell)) for cell in cells if isinstance(cell, str)} - {None}
    return len(fields) if "title" in fields else 0


def _header(rows: Sequence[Row | Refusal], chosen: dict[str, str]) -> tuple[int, Row]:
    """The row of headers and its place: the first that names a title, or else the first that is not blank."""
    title = chosen.get("title", "")
    for at, row in enumerate(rows[:_BANNER]):
        if isinstance(row, Row) and (title in row.cells if title else _known(row.cells) >= 1):
            return at, row
    for at, row in enumerate(rows):
        if isinstance(row, Row) and any(cell is not None and str(cell).strip() for cell in row.cells):
            return at, row
    raise InputError("line 1: the table is empty: expected a row of headers", hint="export it again")


def _first_rows(lines: Sequence[str], delimiter: str) -> Iterator[Sequence[object]]:
    for row in _table_text.rows(lines, delimiter):
        if isinstance(row, Row):
            yield row.cells


def _sniffed(lines: Sequence[str], chosen: dict[str, str]) -> str:
    """The delimiter under which most headers are known, or else most cells stand in a row of headers."""

    def worth(delimiter: str) -> tuple[int, int]:
        found = list(_first_rows(lines[:_BANNER], delimiter))
        named = max((sum(header in row for header in chosen.values()) for row in found), default=0)
        widest = max(map(len, found[:1]), default=0)
        return named + max(map(_known, found), default=0), widest

    return max(DELIMITERS, key=worth)


# --- text ---


def _rest(file: Readable) -> bytes:
    blocks = []
    size = 0
    while block := file.read(1 << 20):
        blocks.append(block)
        size += len(block)
        if size > _spreadsheet.MAX_BYTES:
            raise _spreadsheet.too_long()
    return b"".join(blocks)


class _Behind:
    """A file of which the beginning was read already."""

    def __init__(self, head: bytes, file: Readable) -> None:
        self._head = head
        self._file = file

    def read(self, size: int = -1, /) -> bytes:
        head, self._head = self._head, b""
        return head or self._file.read(size)


def _lines(head: bytes, file: Readable) -> Iterator[str]:
    """The lines of a text in UTF-8 or UTF-16, without their ends, while it is read."""
    last: str | None = None
    for lines in line_blocks(_Behind(head, file)):
        for line in lines:
            if last is not None:
                yield last
            last = line
    if last:  # what follows the last line's end is no line
        yield last
