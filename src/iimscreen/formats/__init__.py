"""One file per file format: bytes to records. Pure: no file is opened here.

A format is a module of this folder with `SUFFIXES`, `looks_like(head)` and `read(data)`; its file
name is its name on the command line. One whose files grow large also has `read_stream(file)`, which
holds no more than a part of them, and may say in `OPTIONS` which keywords that function takes. Modules
whose names begin with _ belong to a format.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from iimscreen.errors import InputError
from iimscreen.model import Parsed, Refusal

Found = Parsed | Refusal

_DOI = re.compile(r"10\.\d{4,9}(?:\.\d+)*/[^\s\"]+")
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
    read_stream = getattr(module, "read_stream", lambda file: module.read(file.read()))
    options = getattr(module, "OPTIONS", ())
    return Format(name, module.SUFFIXES, module.looks_like, module.read, read_stream, options)


def guess(file_name: str, data: bytes) -> Format:
    """The format of a file, told by its content; its name only breaks ties, or says that it is a table.

    Raises InputError if the file is empty or no format recognises it.
    """
    if not data.strip(b"\xef\xbb\xbf \t\r\n"):
        raise InputError(
            f"{file_name} is empty: expected records", hint="export it again from the database or manager"
        )
    head = data[:4000].decode("utf-8", errors="replace")
    matches = [found for found in map(named, names()) if found.looks_like(head)]
    for found in matches:
        if file_name.lower().endswith(found.suffixes):
            return found
    if matches:
        return matches[0]
    table = named("table")
    if file_name.lower().endswith(table.suffixes):  # its headers may be named with --column
        return table
    raise InputError(
        f"{file_name} is in no format that can be read: it begins with {head[:40]!r}",
        hint=f"formats that can be read: {', '.join(names())}; name one with --format",
    )


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


def normal_doi(text: str) -> str | None:
    """The DOI in a text, lower case, without resolver address; None if there is none.

    The same for its own answer. What ends a sentence or opens a bracket that the DOI does not
    close is left off; a closing bracket that belongs to it stays, as in "10.1016/s0140-6736(05)1".
    """
    if _PLAIN_DOI.fullmatch(text):
        return text.lower()
    for escaped, plain in (("%2F", "/"), ("%28", "("), ("%29", ")"), ("%3A", ":"), ("%3B", ";")):
        text = text.replace(escaped, plain).replace(escaped.lower(), plain)
    while (clean := text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")) != text:
        text = clean
    match = _DOI.search(text)
    if match is None:
        return None
    doi = match.group().lower()
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
