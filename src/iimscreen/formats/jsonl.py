"""JSON Lines of our own: one record a line, with the names of `model.Record` as keys."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar, cast

from iimscreen.formats import Found, Readable, line_blocks
from iimscreen.model import Author, Link, Parsed, Record, Refusal

SUFFIXES = (".jsonl",)

_TEXTS = (
    "source_id",
    "accession",
    "pmid",
    "pmcid",
    "doi",
    "title",
    "vernacular_title",
    "abstract",
    "journal",
    "journal_abbreviation",
    "volume",
    "issue",
    "pages",
    "entered_on",
    "published_on",
    "indexed_on",
    "revised_on",
    "citation_status",
)
_LISTS = (
    "languages",
    "publication_types",
    "mesh_terms",
    "substances",
    "registry_numbers",
    "registrations",
    "keywords",
    "provenance",
)
# A place in a paper's reference list is a fact about the paper, not about the record: it may stand
# in a file, and is checked, but a Record has no room for it.
_BESIDE = ("reference_number",)
# What an export of ours says beside the record (written_formats/jsonl.py); not read back by `import`.
_OURS = "iimscreen"
_KNOWN_BY = ("title", "abstract", "doi", "pmid", "pmcid")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_KEYS = (*_TEXTS, *_LISTS, "year", "authors", "links", *_BESIDE, _OURS)


_Made = TypeVar("_Made")


class _WrongError(ValueError):
    """Why a line is no record."""


def looks_like(head: str) -> bool:
    """Whether a text begins as this format does: with a JSON object that fits on a line."""
    line, end, _ = head.lstrip("\ufeff \t\r\n").partition("\n")
    first = line.strip()
    if end and first.endswith(("[", "{", ",")):  # spread over lines
        return False
    return first.startswith("{") and ('"' in first or first == "{}") and first != "{"


def read(data: bytes) -> Iterator[Found]:
    """The records and refusals that `read_stream` gives, of a file that is in memory."""
    return read_stream(io.BytesIO(data))


def read_stream(file: Readable) -> Iterator[Found]:
    """Each line as a record or a refusal, in order; blank lines are passed over.

    Raises InputError, naming the line, if the file is not text, or a line is longer than any record.
    """
    number = 0
    for lines in line_blocks(file):
        for number, line in enumerate(lines, number + 1):  # noqa: B020 (goes on from the last block)
            if not line.strip():
                continue
            try:
                yield Parsed(number, _record(line))
            except _WrongError as error:
                yield Refusal(number, str(error))


def write(records: Iterable[Record]) -> bytes:
    """The records as JSON Lines in UTF-8; what a record does not state is left out of its line."""
    return "".join(f"{json.dumps(stated(one), ensure_ascii=False)}\n" for one in records).encode()


def stated(record: Record) -> dict[str, object]:
    """What a record states, with the names of its fields as keys; what it does not state is left out."""
    line: dict[str, object] = {}
    for key in Record.__dataclass_fields__:
        value = getattr(record, key)
        if value is None or value == ():
            continue
        if key == "authors":
            line[key] = [_author_stated(author) for author in record.authors]
        elif key == "links":
            line[key] = [_link_stated(link) for link in record.links]
        else:
            line[key] = list(value) if isinstance(value, tuple) else value
    return line


def _author_stated(author: Author) -> dict[str, object]:
    line: dict[str, object] = {"family": author.family}
    if author.given:
        line["given"] = author.given
    if author.is_group:
        line["is_group"] = True
    return line


def _link_stated(link: Link) -> dict[str, object]:
    line: dict[str, object] = {"kind": link.kind}
    if link.pmid is not None:
        line["pmid"] = link.pmid
    if link.citation:
        line["citation"] = link.citation
    return line


def _record(line: str) -> Record:
    values = _object(line)
    _only(values, _KEYS, "")
    for key in _TEXTS:
        _check(values, key, str, "a text")
    for key in ("year", *_BESIDE):
        _check(values, key, int, "a whole number")
    for key in _LISTS:
        _check(values, key, list, "a list of texts")
        for value in cast("list[object]", values.get(key, [])):
            if not isinstance(value, str):
                raise _WrongError(f"{key!r} must be a list of texts, found {_shown(value)} in it")
    if not any(str(values.get(key, "")).strip() for key in _KNOWN_BY):
        raise _WrongError("no title, and no abstract, DOI or PMID to know it by")
    fields = {key: values[key] for key in (*_TEXTS, "year") if key in values}
    lists = {key: tuple(cast("list[str]", values[key])) for key in _LISTS if key in values}
    return Record(
        **fields,  # type: ignore[arg-type]  # each key's type was checked just above
        **lists,  # type: ignore[arg-type]  # as above
        authors=tuple(_each(values, "authors", _author)),
        links=tuple(_each(values, "links", _link)),
    )


def _object(line: str) -> dict[str, object]:
    try:
        values = json.loads(line)
    except json.JSONDecodeError as error:
        raise _WrongError(f"not JSON: {error.msg} at column {error.colno}") from error
    except RecursionError as error:
        raise _WrongError("not a record: nested too deeply") from error
    except ValueError as error:  # a number of thousands of digits
        raise _WrongError(f"not JSON that can be read: {error}") from error
    if _SURROGATE.search(json.dumps(values, ensure_ascii=False)):
        # JSON can escape half a character, but no file in UTF-8 and no database can hold it.
        raise _WrongError("half a character: an escape such as \\ud800 without its pair")
    if not isinstance(values, dict):
        raise _WrongError(f"a record must be an object in braces, found {_shown(values)}")
    return values


def _only(values: dict[str, object], allowed: Iterable[str], inside: str) -> None:
    names = tuple(allowed)
    unknown = [key for key in values if key not in names]
    if unknown:
        raise _WrongError(
            f"unknown key {unknown[0]!r}{inside}; keys that may stand there: {', '.join(names)}"
        )


def _check(values: dict[str, object], key: str, wanted: type, called: str) -> None:
    """Drop a null, refuse any other type. `true` is no number here, though Python counts it as one."""
    if key not in values:
        return
    value = values[key]
    if value is None:
        del values[key]
    elif not isinstance(value, wanted) or isinstance(value, bool):
        raise _WrongError(f"{key!r} must be {called}, found {_shown(value)}")


def _each(values: dict[str, object], key: str, make: Callable[[dict[str, object]], _Made]) -> Iterator[_Made]:
    _check(values, key, list, "a list of objects")
    for value in cast("list[object]", values.get(key, [])):
        if not isinstance(value, dict):
            raise _WrongError(f"{key!r} must be a list of objects, found {_shown(value)} in it")
        yield make(value)


def _author(values: dict[str, object]) -> Author:
    _only(values, ("family", "given", "is_group"), " in an author")
    _check(values, "family", str, "a text")
    _check(values, "given", str, "a text")
    is_group = values.get("is_group", False)
    if not isinstance(is_group, bool):
        raise _WrongError(f"'is_group' must be true or false, found {_shown(is_group)}")
    if "family" not in values:
        raise _WrongError("an author without 'family'")
    return Author(str(values["family"]), str(values.get("given", "")), is_group)


def _link(values: dict[str, object]) -> Link:
    _only(values, ("kind", "pmid", "citation"), " in a link")
    for key in ("kind", "pmid", "citation"):
        _check(values, key, str, "a text")
    if "kind" not in values:
        raise _WrongError("a link without 'kind'")
    pmid = values.get("pmid")
    return Link(str(values["kind"]), None if pmid is None else str(pmid), str(values.get("citation", "")))


def _shown(value: object) -> str:
    return f"{type(value).__name__} {str(value)[:40]!r}"
