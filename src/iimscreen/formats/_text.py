"""Text as files hold it: which encoding it is in, and its lines while the file is read.

A file in another encoding is given out as UTF-8, so that a format knows no other. Lines end with
CR, LF or both, also in one file; other characters that some programs end lines with (NEL, U+2028,
form feed) stay inside them. Of a file no more than a block and the line at hand is held.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from iimscreen.errors import InputError

MAX_LINE = 8_000_000  # characters; abstracts of whole proceedings have about 1,000,000

_BLOCK = 1 << 18
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NAMES = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "utf-32-le": "UTF-32 LE",
    "utf-32-be": "UTF-32 BE",
    "cp1252": "Windows-1252",
    "mac_roman": "MacRoman",
    "mac-roman": "MacRoman",
    "iso8859-1": "ISO 8859-1",
}
_WELL_FORMED = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_BEYOND = re.compile(rb"[\x80-\xff]+")
_SAMPLE = re.compile(r"[^\s\"'(),;:]*[^\x00-\x7f][^\s\"'(),;:]*")
# Letters of names and titles in Western European languages, and signs that stand in such text.
_LETTERS = frozenset("äöüßéèêëáàâãåæçíìîïñóòôõøúùûýÿœšžÄÖÜÉÈÀÁÅÆÇÍÑÓÔØÚŒŠŽ")
_SIGNS = frozenset("’‘“”–—…•°±µ·×®©™§²³½¼«»†‡£€ªº¹")

# Control characters are nothing, those that end lines somewhere (NEL) are a space.
_CONTROLS: dict[int, str | None] = {**dict.fromkeys([*range(9), *range(14, 28), *range(127, 160)]), 0x85: " "}

_NO_ABSTRACT = re.compile(
    r"\W*(?:no abstract(?: (?:is|was))?(?: (?:available|present|provided))?|(?:an )?abstract (?:is )?not available)\W*",
    re.IGNORECASE,
)

_EXPORT_AS_UTF8 = "export the file as UTF-8, or name its encoding: iimscreen import --encoding cp1252"


class Readable(Protocol):
    """What is asked of a file here: its next bytes, b"" at the end."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, or all that are left."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding as Python names it, and how it is known."""

    codec: str
    is_guess: bool = False
    sample: str = ""  # a word that the guess was made by, as it reads then

    @property
    def name(self) -> str:
        """The name that people know."""
        return _NAMES.get(self.codec, self.codec)


UTF8 = Encoding("utf-8")


def encoding_named(name: str) -> Encoding:
    """The encoding that a person names. Raises InputError if there is none of that name."""
    try:
        codec = codecs.lookup(name.strip()).name
        "".encode(codec)  # refuses what there are codecs for but is no text, such as base64
        b"\xff".decode(codec, "replace")  # and codecs of names of hosts
    except (LookupError, ValueError) as error:
        raise InputError(
            f"no encoding is named {name!r}",
            hint="such as utf-8, utf-16, cp1252, mac-roman, iso8859-1, cp1251, gb18030, shift_jis",
        ) from error
    return Encoding(codec)


def encoding_of(data: bytes) -> Encoding | None:
    """The encoding of a text by its bytes, with the guess marked; None if there is no telling.

    UTF-8 is known by its own rules, UTF-16 and UTF-32 by their mark. Without one UTF-16 is told by
    where its zero bytes stand, and Windows-1252 or MacRoman by which letters make better words.
    """
    for mark, codec in _BOMS:
        if data.startswith(mark):
            return Encoding(codec)
    if told := _without_mark(data):
        return Encoding(told, is_guess=True)
    if data.isascii():
        return UTF8
    strays = sum(map(len, _BEYOND.findall(_WELL_FORMED.sub(b"", data))))
    # A sequence cut by the end of the data leaves up to three; a stray byte in UTF-8 is a damage.
    if strays <= 3 and _is_utf8(data):
        return UTF8
    if len(_WELL_FORMED.findall(data)) > strays:
        return UTF8
    runs = [len(run) for run in _BEYOND.findall(data)]
    if sum(length for length in runs if length > 2) * 2 > sum(runs):
        return None  # whole words beyond ASCII: Cyrillic, Greek, Chinese, or no text
    codec = max(("cp1252", "mac_roman"), key=lambda codec: _plausibility(data, codec))
    words = _SAMPLE.search(data.decode(codec, errors="replace"))
    return Encoding(codec, is_guess=True, sample=words.group()[:40] if words else "")


def _is_utf8(data: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _without_mark(data: bytes) -> str | None:
    """UTF-16 by its zero bytes: every second one in the tags, digits and spaces of any language."""
    if data.count(0) * 20 < len(data):
        return None
    even, odd = data[::2].count(0), data[1::2].count(0)
    if odd > 20 * even:
        return "utf-16-le"
    return "utf-16-be" if even > 20 * odd else None


def _plausibility(data: bytes, codec: str) -> int:
    """How much like words of a Western language a text reads in an encoding of one byte a character."""
    text = data.decode(codec, errors="replace")
    score = 0
    for found in re.finditer(r"[^\x00-\x7f]", text):
        sign = found.group()
        before = text[found.start() - 1] if found.start() else " "
        after = text[found.end()] if found.end() < len(text) else " "
        inside = before.isalpha() and after.isalpha()
        if sign in _LETTERS:
            score += 2 if inside or before.isalpha() or after.isalpha() else 0
            if sign.isupper() and before.isalpha() and (before.islower() or after.islower()):  # "MŠller"
                score -= 4
        elif sign in _SIGNS:
            is_apostrophe = sign == "’" and after in "stdlmrv" and not text[found.end() + 1 :][:1].isalpha()
            score += 2 if is_apostrophe or not inside else -2
        else:
            score -= 2
    return score


class Utf8File:
    """A file whose bytes are given out as UTF-8; `encoding` says in which they stand in it.

    The first block that holds anything beyond ASCII decides, unless the encoding is named. A block
    that contradicts raises InputError with the line. Without `guesses` a text that is neither UTF-8
    nor UTF-16 is given out as it is, and whoever decodes it will say so.
    """

    def __init__(self, file: Readable, encoding: Encoding | None = None, *, guesses: bool = False) -> None:
        self._file = file
        self._guesses = guesses
        self._decoder: codecs.IncrementalDecoder | None = None
        self._line = 1  # where what was last decoded ended
        self._is_decided = False
        self._is_begun = False  # some of it was given out
        self.encoding = UTF8
        if encoding is not None:
            self._decide(encoding)

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, in UTF-8; b"" at the end only."""
        while True:
            block = self._file.read(size)
            if not self._is_decided and not (block.isascii() and b"\0" not in block):
                self._decide(self._told_by(block))
            if self._decoder is None:
                self._is_begun = True
                return block
            text = self._decoded(block)
            if text or not block:
                return text.encode()

    def _told_by(self, block: bytes) -> Encoding:
        found = encoding_of(block)
        if self._guesses and found is None:
            place = _BEYOND.search(block)
            line = self._line + (_line_ends(block[: place.start()].decode()) if place else 0)
            raise InputError(
                f"line {line}: this is neither UTF-8 nor UTF-16 text, and which other encoding it is in "
                "cannot be told",
                hint="export the file as UTF-8, or name its encoding with --encoding, such as gb18030, cp1251, "
                "shift_jis",
            )
        if found is not None and found.is_guess and self._is_begun and found.codec.startswith("utf"):
            return UTF8  # zero bytes behind plain text: a damage
        is_taken = found is not None and (self._guesses or found.codec.startswith("utf"))
        return found if found and is_taken else UTF8

    def _decide(self, encoding: Encoding) -> None:
        self._is_decided = True
        self.encoding = encoding
        if encoding.codec != "utf-8":
            self._decoder = codecs.getincrementaldecoder(encoding.codec)()

    def _decoded(self, block: bytes) -> str:
        decoder = self._decoder
        if decoder is None:
            raise TypeError("a file in UTF-8 is not decoded here")
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeError as error:
            start = error.start if isinstance(error, UnicodeDecodeError) else 0
            sound = block[:start].decode(self.encoding.codec, errors="replace")
            found = f"byte 0x{block[start]:02x}" if start < len(block) else "its end"
            raise InputError(
                f"line {self._line + _line_ends(sound)}: {found} is not {self.encoding.name} text",
                hint="name the file's encoding with --encoding, or export it as UTF-8",
            ) from error
        self._line += _line_ends(text)
        return text


def _line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def line_blocks(file: Readable) -> Iterator[list[str]]:
    """The lines of a text in UTF-8 or UTF-16, without their ends, some at a time.

    Zero bytes and the mark at the beginning are left out. Raises InputError, naming the line, at
    what is no such text, and at a line of more than MAX_LINE characters; the lines before have been
    given by then.
    """
    source = file if isinstance(file, Utf8File) else Utf8File(file)
    decoder = codecs.getincrementaldecoder("utf-8")()
    number = 1  # of the line that `rest` begins
    rest = ""
    is_first = True
    block = b"."
    while block:
        block = source.read(_BLOCK)
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            sound = error.object[: error.start].decode(errors="replace")
            raise InputError(
                f"line {number + _line_ends(rest + sound)}: byte 0x{error.object[error.start]:02x} is not UTF-8 text",
                hint=_EXPORT_AS_UTF8,
            ) from error
        if is_first and text:
            text = text.removeprefix("\ufeff")
            is_first = False
        text = rest + text
        # The second half of a CRLF may be in the next block.
        held = "\r" if block and text.endswith("\r") else ""
        if held:
            text = text[:-1]
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if "\0" in text:
            text = text.replace("\0", "")
        lines = text.split("\n")
        if block:
            rest = lines.pop() + held
            if len(rest) > MAX_LINE:
                raise InputError(
                    f"line {number + len(lines)}: this line has more than {MAX_LINE:,} characters, as no record "
                    "has",
                    hint="check that the file is an export of records, and export it again",
                )
        if lines:
            yield lines
            number += len(lines)


def one_line(text: str) -> str:
    """A text without control characters, each stretch of white space a single space."""
    if text.isprintable():  # so that no other white space than spaces is in it
        return " ".join(text.split()) if "  " in text else text.strip()
    return " ".join(text.translate(_CONTROLS).split())


def abstract_of(text: str | None) -> str | None:
    """An abstract; None where a database says in its place that it holds none (Scopus, Embase, EndNote)."""
    return None if text is None or (len(text) < 60 and _NO_ABSTRACT.fullmatch(text)) else text


def text_of(data: bytes) -> str:
    """The text of a file in UTF-8 (with or without BOM) or UTF-16 (with BOM), one line feed a line.

    Raises InputError naming the first line that is neither.
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"line {line}: byte 0x{data[error.start]:02x} is not {encoding.removesuffix('-sig').upper()} text",
            hint="save or export the file as UTF-8",
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(
            f"line {line}: a NUL character, so this is no text file", hint="export it again as text"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")
