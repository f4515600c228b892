"""One file per file format: bytes to records. Pure: no file is opened here.

A format is a module of this folder with `SUFFIXES`, `looks_like(head)` and `read(data)`; its file
name is its name on the command line. One whose files grow large also has `read_stream(file)`, which
holds no more than a part of them, and may say in `OPTIONS` which keywords that function takes. Modules
whose names begin with _ belong to formats: text and its encodings are in _text, files of the wrong
kind in _kinds.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from iimscreen.errors import InputError
from iimscreen.formats import _kinds
from iimscreen.formats._formulas import as_it_was, safe
from iimscreen.formats._pubmed_pieces import refuse_declarations
from iimscreen.formats._text import (
    UTF8,
    Encoding,
    Readable,
    Utf8File,
    abstract_of,
    encoding_named,
    encoding_of,
    line_blocks,
    one_line,
    text_of,
)
from iimscreen.model import Parsed, Refusal

__all__ = [
    "UTF8",
    "Deleted",
    "Encoding",
    "Format",
    "Found",
    "Layout",
    "Readable",
    "Remark",
    "Told",
    "Utf8File",
    "abstract_of",
    "as_it_was",
    "encoding_named",
    "encoding_of",
    "guess",
    "line_blocks",
    "named",
    "names",
    "normal_doi",
    "of_another_kind",
    "one_line",
    "refuse_declarations",
    "safe",
    "states_its_encoding",
    "text_of",
    "whole",
]

Found = Parsed | Refusal

MAX_WHOLE = 500_000_000  # bytes

_DOI = re.compile(r"10\.\d{4,9}(?:\.\d+)*/[^\s\"]+")
_LONGEST_DOI = 2_000  # characters; what follows is cleaned bit by bit, in time that grows with its square
_PLAIN_DOI = re.compile(r"10\.\d{4,9}/[\w.-]*[a-z\d]", re.ASCII | re.IGNORECASE)  # nothing to clean


@dataclass(frozen=True, slots=True)
class Deleted:
    """PMIDs that a file reports as deleted from PubMed, in order; no record of the file is meant."""

    pmids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How the columns of a table are read: it comes before the first record."""

    columns: tuple[tuple[str, str], ...]  # header and field, in the order of the table
    unread: tuple[str, ...]  # headers of columns that no field is taken from


@dataclass(frozen=True, slots=True)
class Remark:
    """What must be said of a whole file, in a sentence without its full stop: what was left out of it."""

    text: str


Told = Deleted | Layout | Remark  # what a file says beside its records


@dataclass(frozen=True, slots=True)
class Format:
    """A readable file format."""

    name: str
    suffixes: tuple[str, ...]
    looks_like: Callable[[str], bool]  # given the first 4,000 characters
    read: Callable[[bytes], Iterator[Found]]
    read_stream: Callable[..., Iterator[Found | Told]]  # of an open file; `options` as keywords
    options: tuple[str, ...] = ()


def names() -> list[str]:
    """Names of all formats, without loading them."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def named(name: str) -> Format:
    """The format of that name. Raises InputError if there is none."""
    if name not in names():
        raise InputError(
            f"no file format is named {name!r}", hint=f"formats that can be read: {', '.join(names())}"
        )
    module = importlib.import_module(f"{__name__}.{name}")
    read_stream = getattr(module, "read_stream", lambda file: module.read(whole(file)))
    options = getattr(module, "OPTIONS", ())
    return Format(name, module.SUFFIXES, module.looks_like, module.read, read_stream, options)


def whole(file: Readable) -> bytes:
    """All of a file of a format that cannot be read in parts."""
    blocks: list[bytes] = []
    size = 0
    while block := file.read(1 << 20):
        blocks.append(block)
        size += len(block)
        if size > MAX_WHOLE:
            raise InputError(
                f"this file has more than {MAX_WHOLE // 1_000_000} MB, and its format is read whole",
                hint="export it in parts, or as RIS",
            )
    return b"".join(blocks)


def guess(file_name: str, data: bytes) -> Format:
    """The format of a file, told by its content; its name only breaks ties, or says that it is a table.

    `data` is its beginning. Raises InputError if the file is empty or no format recognises it, and
    says what it is instead.
    """
    text = _beginning(data)
    if not text.strip("\ufeff\0 \t\r\n").strip():
        raise InputError(
            f"{file_name} is empty: expected records", hint="export it again from the database or manager"
        )
    head = text[:4000]
    if _kinds.is_binary(data):  # a text inside an archive is none that is at hand: no line of it begins one
        head = re.sub(r"[\r\n<{]", "\ufffd", head)
    matches = [found for found in map(named, names()) if found.looks_like(head)]
    for found in matches:
        if file_name.lower().endswith(found.suffixes):
            return found
    if matches:
        return matches[0]
    table = named("table")
    if file_name.lower().endswith(table.suffixes) and not _kinds.is_binary(data):
        return table  # its headers may be named with --column
    raise of_another_kind(file_name, data) or InputError(
        f"{file_name} is in no format that can be read: it begins with {head[:40]!r}",
        hint=f"formats that can be read: {', '.join(names())}; name one with --format",
    )


def of_another_kind(file_name: str, data: bytes, *, only_certain: bool = False) -> InputError | None:
    """The error that names a file for what it is by its beginning; None if that cannot be told.

    With `only_certain`, only a kind that states itself with its first bytes counts.
    """
    kind = (
        _kinds.certain_kind(file_name, data)
        if only_certain
        else _kinds.kind_of(file_name, data, _beginning(data))
    )
    if kind is None:
        return None
    return InputError(f"{file_name} is {kind.name}: expected records", hint=kind.hint)


def states_its_encoding(data: bytes) -> bool:
    """Whether a file that begins so is no plain text, or says itself which encoding it is in (XML)."""
    return _kinds.is_binary(data) or _beginning(data).lstrip("\ufeff\0 \t\r\n").startswith(
        ("<?xml", "<!DOCTYPE")
    )


def _beginning(data: bytes) -> str:
    encoding = None if _kinds.is_binary(data) else encoding_of(data)
    return data.decode(encoding.codec if encoding else "utf-8", errors="replace")


def normal_doi(text: str) -> str | None:
    """The DOI in a text, lower case, without resolver address; None if there is none.

    The same for its own answer. What ends a sentence or opens a bracket that the DOI does not
    close is left off; a closing bracket that belongs to it stays, as in "10.1016/s0140-6736(05)1".
    """
    if _PLAIN_DOI.fullmatch(text):
        return text.lower()
    for escaped, plain in (("%2F", "/"), ("%28", "("), ("%29", ")"), ("%3A", ":"), ("%3B", ";")):
        text = text.replace(escaped, plain).replace(escaped.lower(), plain)
    match = _DOI.search(text)
    if match is None:
        return None
    doi = match.group()[:_LONGEST_DOI].lower()
    while (clean := doi.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")) != doi:
        doi = clean
    while doi:
        shorter = doi.rstrip(".,;:'*")
        if shorter.endswith(")") and shorter.count(")") > shorter.count("("):
            shorter = shorter[:-1]
        if shorter.endswith("]") and shorter.count("]") > shorter.count("["):
            shorter = shorter[:-1]
        if shorter == doi:
            break
        doi = shorter
    return doi if _DOI.fullmatch(doi) else None
