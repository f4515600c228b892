"""CSL-JSON, as Zotero, Mendeley, Pandoc and Crossref write it: an array of items, or an object with `items`.

The file is held in memory, since JSON has no lines of its own; it may have MAX_WHOLE. Items are read
one after another, so that one which is no record is refused with its line, and the rest is read.

Source: the schema csl-data.json and the specification of CSL 1.0.2, appendix IV.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import cast

from iimscreen.errors import InputError
from iimscreen.formats import Found, Readable, abstract_of, normal_doi, text_of, whole
from iimscreen.formats._dates import iso_date
from iimscreen.formats._marks import CONTROLS, PMCID, PMID, STATED_DOI, YEAR
from iimscreen.formats._names import author as author_of
from iimscreen.model import Author, Parsed, Record, Refusal

SUFFIXES = (".json", ".csl")

_ARRAY = re.compile(r"\s*\[\s*(?:\{|$)")
_OBJECT = re.compile(r"\s*\{\s*\"items\"\s*:\s*\[")
_KEYS = re.compile(r"\"(?:type|issued|container-title|citation-key|DOI|author)\"\s*:")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_BLANK = re.compile(r"[ \t\n\r]*")
_NEXT_ITEM = re.compile(r"\}\s*,\s*(?=\{)")
_MARKUP = re.compile(r"</?(?:i|b|sub|sup|sc|span|jats:[\w-]+)(?:\s[^<>]*)?>")
_STATED_PMID = re.compile(r"\bPMID\s*[:=]?\s*(\d{1,9})\b", re.IGNORECASE)
_TYPES = {
    "book": "Book",
    "chapter": "Book Chapter",
    "paper-conference": "Conference Paper",
    "report": "Report",
    "thesis": "Thesis",
    "manuscript": "Unpublished Work",
    "webpage": "Web Page",
}


class _WrongError(ValueError):
    """Why an item is no record."""


def looks_like(head: str) -> bool:
    """Whether an array of items, or an object of them, begins with the keys of CSL in the first characters."""
    text = head.replace("\0", "").lstrip("\ufeff")
    return (_ARRAY.match(text) or _OBJECT.match(text)) is not None and _KEYS.search(text) is not None


def read_stream(file: Readable) -> Iterator[Found]:
    """Each item as a record or a refusal, in order.

    Raises InputError if the file is no text, no such array, cut short, or exceeds MAX_WHOLE.
    """
    yield from read(whole(file))


def read(data: bytes) -> Iterator[Found]:
    """Each item as a record or a refusal with its line, in order; its number is named in the cause."""
    text = text_of(data)
    start = _OBJECT.match(text) or re.compile(r"\s*\[").match(text)
    if start is None:
        raise InputError(
            f"line 1: expected a JSON array of items, found {text.lstrip()[:40]!r}",
            hint="export as CSL JSON, or name the format the file is in with --format",
        )
    return _items(text, start.end())


def _items(text: str, place: int) -> Iterator[Found]:
    decoder = json.JSONDecoder()
    line = 1
    counted_to = 0
    number = 0
    while True:
        blank = _BLANK.match(text, place)
        place = blank.end() if blank else place
        line += text.count("\n", counted_to, place)
        counted_to = place
        mark = text[place : place + 1]
        if mark == "]":
            _check_end(text, place + 1, line)
            return
        if not mark:
            raise InputError(
                f"line {line}: the file ends behind item {number}, before its closing bracket",
                hint="the file seems to be cut short: export or copy it again",
            )
        number += 1
        try:
            item, end = decoder.raw_decode(text, place)
            yield Parsed(line, _record(item))
        except json.JSONDecodeError as error:
            following = _next_item(decoder, text, max(place, error.pos - 1))
            if following is None:
                raise InputError(
                    f"line {error.lineno}: item {number} is not JSON: {error.msg}",
                    hint="the file seems to be cut short or damaged: export or copy it again",
                ) from error
            yield Refusal(line, f"item {number} is not JSON: {error.msg} in line {error.lineno}")
            end = following
        except RecursionError as error:
            raise InputError(
                f"line {line}: item {number} is nested too deeply to be a record",
                hint="export the file again",
            ) from error
        except _WrongError as error:
            yield Refusal(line, f"item {number}: {error}")
        except ValueError as error:  # a number of thousands of digits
            raise InputError(
                f"line {line}: item {number} cannot be read: {error}", hint="export it again"
            ) from error
        place = _behind_comma(text, end, number)


def _next_item(decoder: json.JSONDecoder, text: str, place: int, most: int = 2_000) -> int | None:
    """Where the item that cannot be read ends: before the next object that has a title or a type."""
    for number, found in enumerate(_NEXT_ITEM.finditer(text, place)):
        if number == most:
            return None
        try:
            item, _ = decoder.raw_decode(text, found.end())
        except (ValueError, RecursionError):
            continue
        if isinstance(item, dict) and {"title", "type"} & set(item):
            return found.start() + 1
    return None


def _check_end(text: str, place: int, line: int) -> None:
    """Raises InputError if more items may stand behind the closing bracket."""
    is_object = _OBJECT.match(text) is not None
    rest = text[place : place + 100_000].strip()
    if not rest or (is_object and rest[0] in ",}" and '"title"' not in rest):
        return
    raise InputError(
        f"line {line}: expected the end of the file behind the closing bracket, found {rest[:20]!r}",
        hint="export or copy the file again",
    )


def _behind_comma(text: str, place: int, number: int) -> int:
    blank = _BLANK.match(text, place)
    place = blank.end() if blank else place
    mark = text[place : place + 1]
    if mark == ",":
        return place + 1
    if mark in ("]", ""):
        return place
    line = text.count("\n", 0, place) + 1
    raise InputError(
        f"line {line}: expected ',' or ']' behind item {number}, found {text[place : place + 20]!r}",
        hint="export or copy the file again",
    )


def _record(item: object) -> Record:
    if not isinstance(item, dict):
        raise _WrongError(f"a record must be an object in braces, found {type(item).__name__}")
    values = cast("dict[str, object]", item)
    title = _text(values, "title")
    journal = _text(
        values, "container-title", "event-title", "publisher" if values.get("type") == "thesis" else ""
    )
    short = _text(values, "container-title-short", "journalAbbreviation")
    note = _text(values, "note") or ""
    issued = _dates(values.get("issued"))
    kind = _TYPES.get(str(values.get("type")))
    genre = _text(values, "genre")
    pmid = PMID.fullmatch(_text(values, "PMID", "pmid") or "") or _STATED_PMID.search(note)
    pmc = PMCID.search(_text(values, "PMCID", "pmcid") or "") or PMCID.search(note)
    doi, abstract = _doi(values, note), abstract_of(_text(values, "abstract"))
    if not (title or abstract or doi or pmid or pmc):
        raise _WrongError("no title, and no abstract, DOI or PMID to know it by")
    year = next((int(stated.group(1)) for date in issued if (stated := YEAR.search(date))), None)
    return Record(
        source_id=_text(values, "citation-key", "id"),
        pmid=pmid.group(1) if pmid else None,
        pmcid=f"PMC{pmc.group(1)}" if pmc else None,
        doi=doi,
        title=title,
        vernacular_title=_text(values, "original-title"),
        abstract=abstract,
        authors=tuple(_authors(values, "author") or _authors(values, "editor")),
        journal=journal,
        journal_abbreviation=short if short != journal else None,
        year=year,
        volume=_text(values, "volume"),
        issue=_text(values, "issue"),
        pages=_text(values, "page", "number", "article-number"),
        languages=tuple(filter(None, [_text(values, "language")])),
        publication_types=tuple(dict.fromkeys(filter(None, [kind, genre]))),
        keywords=tuple(_keywords(values)),
        published_on=next((found for date in issued if (found := iso_date(date))), None),
    )


def _text(values: Mapping[str, object], *keys: str) -> str | None:
    """The first of these that is stated, as a text on one line; Crossref puts a title into a list."""
    for key in keys:
        value = values.get(key)
        if isinstance(value, list) and value:
            value = value[0]
        if value is None or isinstance(value, bool | dict | list):
            continue
        if plain := _clean(str(value)):
            return plain
    return None


def _clean(text: str) -> str:
    if _SURROGATE.search(text):
        # JSON can escape half a character, but no file in UTF-8 and no database can hold it.
        raise _WrongError("half a character: an escape such as \\ud800 without its pair")
    if "<" in text:
        text = _MARKUP.sub("", text)
    return " ".join(text.translate(CONTROLS).split())


def _dates(value: object) -> list[str]:
    """The dates that an item states, the surest first: parts, then what it says in words."""
    found: list[str] = []
    if isinstance(value, str | int):
        found.append(str(value))
    if isinstance(value, dict):
        parts = value.get("date-parts")
        first = parts[0] if isinstance(parts, list) and parts else None
        if isinstance(first, list) and first:
            found.append("-".join(str(part).zfill(2) for part in first if isinstance(part, int | str)))
        found += [
            str(value[key]) for key in ("raw", "literal", "year") if isinstance(value.get(key), str | int)
        ]
    return found


def _authors(values: Mapping[str, object], key: str) -> list[Author]:
    names = values.get(key)
    found: list[Author] = []
    for name in names if isinstance(names, list) else []:
        if isinstance(name, str) and _clean(name):
            found.append(author_of(_clean(name)))
        elif isinstance(name, dict):
            found += _author(name)
    return found


def _author(name: dict[str, object]) -> Iterator[Author]:
    literal = _text(name, "literal", "name")
    family, given = _text(name, "family"), _text(name, "given")
    if literal and not family:
        yield Author(literal, is_group=True)
        return
    particle = _text(name, "non-dropping-particle")
    dropping = _text(name, "dropping-particle")
    suffix = _text(name, "suffix")
    whole = " ".join(filter(None, [particle, family]))
    if whole or given:
        yield Author(whole or str(given), " ".join(filter(None, [given if whole else "", dropping, suffix])))


def _keywords(values: Mapping[str, object]) -> list[str]:
    stated = values.get("keyword") or values.get("keywords")
    if isinstance(stated, list):  # Mendeley
        return list(dict.fromkeys(word for one in stated if (word := _text({"keyword": one}, "keyword"))))
    text = _text(values, "keyword", "keywords") or ""
    return list(dict.fromkeys(filter(None, re.split(r"\s*;\s*" if ";" in text else r"\s*,\s*", text))))


def _doi(values: Mapping[str, object], note: str) -> str | None:
    if doi := normal_doi(_text(values, "DOI", "doi") or ""):
        return doi
    for text in (_text(values, "URL") or "", note):
        if (stated := STATED_DOI.search(text)) and (doi := normal_doi(stated.group(1))):
            return doi
    return None
