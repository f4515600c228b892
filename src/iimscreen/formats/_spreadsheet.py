"""Rows of an XLSX workbook, read while it is unpacked.

The reader is our own. python-calamine (0.9) is fast and kept up, but lays a sheet out as one block of
32 bytes a cell: one stray value in its last corner asks for 550 GB, and the process is aborted with no
error to be caught. openpyxl (3.1.5, the last release is of 2024) ended on 1,500 damaged files with twelve
kinds of exception, and holds every text that Excel stored as shared. Here a row is given as soon as
it is read; shared texts are held packed, so memory grows with the size of the file as it lies on the disk.

Source: ECMA-376, part 1, chapter 18 (SpreadsheetML). Old .xls files and encrypted ones are refused.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from xml.parsers import expat

from iimscreen.errors import InputError
from iimscreen.formats._pubmed_pieces import cause_of, refuse_declarations
from iimscreen.formats._table_text import MAX_ROW, Row
from iimscreen.wording import counted

MAX_BYTES = 400_000_000  # of the file
MAX_UNPACKED = 4_000_000_000  # of one of its parts
MAX_COLUMNS = 16_384  # Excel's own limit

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_BLOCK = 1 << 18
_HINT = "save it again as XLSX, or as CSV UTF-8"
_DATE_FORMATS = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_NO_DATE = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')  # in a number format: what is shown as it stands
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")

Value = str | float | bool | dt.date | dt.datetime | None


def is_workbook(head: bytes) -> bool:
    """Whether a file begins as a zip archive or an old Office document does."""
    return head.startswith((_ZIP, _OLE))


def rows(data: bytes, sheet: str | None) -> Iterator[Row]:
    """The rows of a sheet that are not blank, the first sheet where none is named.

    A cell is a text, a number, a date, a truth value, or None. Raises InputError if the file is no
    workbook, is encrypted or damaged, has no such sheet, or exceeds a bound.
    """
    book = _Archive(data)
    names, date_1904 = _sheets(book)
    if sheet is not None and sheet not in names:
        raise InputError(f"no sheet is named {sheet!r}", hint=f"its sheets: {', '.join(names) or 'none'}")
    if not names:
        raise InputError("the workbook has no sheet", hint=_HINT)
    part = names[next(iter(names)) if sheet is None else sheet]
    if part not in book.parts:
        raise _damaged(f"its part {part or 'of that sheet'} is missing")
    yield from _Sheet(_Texts(book), _date_styles(book), 1904 if date_1904 else 1900).rows(book, part)


class _Archive:
    """The parts of a zip archive, each unpacked piece by piece."""

    def __init__(self, data: bytes, *, most: int = MAX_UNPACKED) -> None:
        if data.startswith(_OLE):
            raise InputError(
                "this is an old .xls workbook, or one that is encrypted with a password",
                hint="open it, and save it as XLSX without a password, or as CSV UTF-8",
            )
        self._data = data
        self._most = most  # bytes of one part unpacked
        try:
            parts = zipfile.ZipFile(io.BytesIO(data)).infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
            raise _damaged(str(error)) from error
        self.parts = {part.filename.removeprefix("/"): part for part in parts}
        if "xl/workbook.xml" not in self.parts:
            raise InputError(
                f"this is a zip archive of {counted(len(parts), 'file')}, no XLSX workbook",
                hint="unpack it and name the files in it; a workbook of another kind: save it as XLSX",
            )

    def blocks(self, name: str) -> Iterator[bytes]:
        """One part, piece by piece. Raises InputError where it is damaged, at its end at the latest."""
        part = self.parts[name]
        at = part.header_offset
        head = self._data[at : at + 30]
        if part.flag_bits & 1 or len(head) < 30 or part.compress_type not in (0, 8):
            raise _damaged(f"its part {name} is packed in a way that XLSX does not know")
        start = at + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        packed = memoryview(self._data)[start : start + part.compress_size]
        unpacker = zlib.decompressobj(wbits=-15)
        crc = total = 0
        try:
            for place in range(0, len(packed), _BLOCK):
                piece: bytes = bytes(packed[place : place + _BLOCK])
                while piece:
                    block = unpacker.decompress(piece, _BLOCK) if part.compress_type else piece
                    piece = unpacker.unconsumed_tail if part.compress_type else b""
                    crc = zlib.crc32(block, crc)
                    total += len(block)
                    if total > self._most:
                        raise InputError(
                            f"part {name} of the workbook has more than {self._most:,} bytes unpacked",
                            hint="split it, or save the sheet as CSV UTF-8",
                        )
                    yield block
        except zlib.error as error:
            raise _damaged(f"its part {name} cannot be unpacked ({error})") from error
        if crc != part.CRC:
            raise _damaged(f"its part {name} is not as it was written")


def _parsed(
    book: _Archive,
    name: str,
    start: Callable[..., None],
    *,
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Expat over one part, calling on; stops after every block, so that what was met can be given on.

    Names come without their namespace. Entities that a part declares are refused.
    """
    parser = expat.ParserCreate(None, "}")
    parser.buffer_text = True
    refuse_declarations(parser)
    parser.StartElementHandler = lambda tag, given: start(tag.rpartition("}")[2], given)
    if end is not None:
        parser.EndElementHandler = lambda tag: end(tag.rpartition("}")[2])
    parser.CharacterDataHandler = text
    try:
        for block in book.blocks(name):
            parser.Parse(block, False)
            yield
        parser.Parse(b"", True)
        yield
    except expat.ExpatError as error:
        raise _damaged(f"line {error.lineno} of its part {name}: {cause_of(error)}") from error
    except (ValueError, LookupError) as error:  # a codec that the part names
        raise _damaged(f"its part {name}: {error}") from error


def _sheets(book: _Archive) -> tuple[dict[str, str], bool]:
    """The part of each sheet by its name, in order, and whether dates count from 1904."""
    found: dict[str, str] = {}
    targets: dict[str, str] = {}
    settings: list[str] = []

    def relation(tag: str, given: dict[str, str]) -> None:
        if tag == "Relationship":
            target = given.get("Target", "")
            targets[given.get("Id", "")] = (
                target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
            )

    def sheet(tag: str, given: dict[str, str]) -> None:
        if tag == "sheet":
            ids = [value for key, value in given.items() if key.endswith("}id")]
            found[given.get("name", "")] = targets.get(ids[0] if ids else "", "")
        elif tag == "workbookPr" and given.get("date1904") in ("1", "true"):
            settings.append("1904")

    relations = "xl/_rels/workbook.xml.rels"
    if relations in book.parts:
        for _ in _parsed(book, relations, relation):
            pass
    for _ in _parsed(book, "xl/workbook.xml", sheet):
        pass
    return found, bool(settings)


def _date_styles(book: _Archive) -> frozenset[int]:
    """The numbers of the cell styles that show a date."""
    custom: dict[str, bool] = {}
    shown: list[str] = []
    inside: list[str] = []

    def start(tag: str, given: dict[str, str]) -> None:
        inside.append(tag)
        if tag == "numFmt":
            code = _NO_DATE.sub("", given.get("formatCode", ""))
            custom[given.get("numFmtId", "")] = re.search("[dmyhs]", code, re.IGNORECASE) is not None
        elif tag == "xf" and "cellXfs" in inside:
            shown.append(given.get("numFmtId", "0"))

    def end(_tag: str) -> None:
        inside.pop()

    if "xl/styles.xml" in book.parts:
        for _ in _parsed(book, "xl/styles.xml", start, end=end):
            pass
    return frozenset(
        style
        for style, name in enumerate(shown)
        if custom.get(name, name.isdecimal() and len(name) < 6 and int(name) in _DATE_FORMATS)
    )


class _Texts:
    """The texts that cells share, packed by the hundred; those last asked for are at hand."""

    _EACH = 128

    def __init__(self, book: _Archive) -> None:
        self._packed: list[bytes] = []
        self._texts: list[str] = []  # not packed yet
        self._at_hand: dict[int, list[str]] = {}
        self._parts: list[str] = []
        self._inside: list[str] = []
        if "xl/sharedStrings.xml" in book.parts:
            for _ in _parsed(book, "xl/sharedStrings.xml", self._start, end=self._end, text=self._add):
                pass

    def __getitem__(self, number: int) -> str:
        packet, place = divmod(number, self._EACH)
        if number < 0 or packet > len(self._packed):
            raise IndexError(number)
        if packet == len(self._packed):
            return self._texts[place]
        texts = self._at_hand.get(packet)
        if texts is None:
            texts = zlib.decompress(self._packed[packet]).decode().split("\0")
            if len(self._at_hand) > 16:
                self._at_hand.pop(next(iter(self._at_hand)))
            self._at_hand[packet] = texts
        return texts[place]

    def _start(self, tag: str, _given: dict[str, str]) -> None:
        self._inside.append(tag)

    def _add(self, text: str) -> None:
        if self._inside and self._inside[-1] == "t" and "rPh" not in self._inside:  # not how it is spoken
            self._parts.append(text)

    def _end(self, tag: str) -> None:
        self._inside.pop()
        if tag == "si":
            self._texts.append(_unescaped("".join(self._parts)).replace("\0", ""))
            self._parts = []
            if len(self._texts) == self._EACH:
                self._packed.append(zlib.compress("\0".join(self._texts).encode(errors="replace"), 1))
                self._texts = []


class _Sheet:
    """One sheet while it is read."""

    def __init__(self, texts: _Texts, date_styles: frozenset[int], epoch: int) -> None:
        self._texts = texts
        self._date_styles = date_styles
        self._epoch = dt.datetime(1899, 12, 30) if epoch == 1900 else dt.datetime(1904, 1, 1)  # noqa: DTZ001 (a workbook knows no zone)
        self._ready: list[Row] = []
        self._number = 0
        self._cells: list[Value] = []
        self._column = 0
        self._kind = ""
        self._style = 0
        self._parts: list[str] = []
        self._size = 0  # characters in the row
        self._is_value = False
        self._inside: list[str] = []

    def rows(self, book: _Archive, part: str) -> Iterator[Row]:
        for _ in _parsed(book, part, self._start, end=self._end, text=self._add):
            yield from self._ready
            self._ready = []

    def _start(self, tag: str, given: dict[str, str]) -> None:
        if tag == "row":
            stated = given.get("r", "")
            self._number = int(stated) if stated.isdecimal() and len(stated) < 9 else self._number + 1
            self._cells, self._column, self._size = [], 0, 0
        elif tag == "c":
            place = _REFERENCE.fullmatch(given.get("r", ""))
            self._column = _column(place.group(1)) if place else self._column + 1
            self._kind = given.get("t", "n")
            style = given.get("s", "0")
            self._style = int(style) if style.isdecimal() and len(style) < 9 else 0
            self._parts = []
        elif tag in ("v", "t"):
            self._is_value = "rPh" not in self._inside
        self._inside.append(tag)

    def _add(self, text: str) -> None:
        if self._is_value:
            self._parts.append(text)
            self._size += len(text)
            if self._size > MAX_ROW:
                raise InputError(
                    f"line {self._number}: a row of more than {MAX_ROW:,} characters, as no record has",
                    hint="check that the sheet holds one record a row",
                )

    def _end(self, tag: str) -> None:
        self._inside.pop()
        if tag in ("v", "t"):
            self._is_value = False
        elif tag == "c" and self._parts:
            value = self._value("".join(self._parts))
            if not 1 <= self._column <= MAX_COLUMNS:
                raise _damaged(f"line {self._number} has a cell in column {self._column}")
            self._cells.extend([None] * (self._column - len(self._cells)))
            self._cells[self._column - 1] = value
        elif tag == "row" and self._cells:
            self._ready.append(Row(self._number, self._cells))
            self._cells = []

    def _value(self, text: str) -> Value:
        if self._kind == "s":
            try:
                return self._texts[int(text)]
            except (ValueError, IndexError) as error:
                raise _damaged(
                    f"line {self._number} refers to a text {text[:20]!r} that is not there"
                ) from error
        if self._kind == "b":
            return text.strip() == "1"
        if self._kind == "e":  # "#N/A"
            return None
        if self._kind in ("str", "inlineStr", "d"):
            return _unescaped(text)
        try:
            number = float(text)
        except ValueError:
            return text
        if self._style in self._date_styles:
            return self._date(number)
        return number

    def _date(self, number: float) -> Value:
        try:
            moment = self._epoch + dt.timedelta(days=number)
        except (OverflowError, ValueError):
            return number
        return moment.date() if number.is_integer() else moment.replace(microsecond=0)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _unescaped(text: str) -> str:
    """Characters that XML cannot hold are written as `_x000D_`."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda found: _character(int(found.group(1), 16), found.group()), text)


def _character(code: int, written: str) -> str:
    return written if 0xD800 <= code <= 0xDFFF else chr(code)


def _damaged(cause: str) -> InputError:
    return InputError(f"the workbook cannot be read: {cause or 'it is damaged'}", hint=_HINT)


def too_long() -> InputError:
    """The error of a workbook beyond MAX_BYTES."""
    return InputError(
        f"the workbook has more than {MAX_BYTES:,} bytes", hint="split it, or save it as CSV UTF-8"
    )
