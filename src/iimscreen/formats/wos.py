"""Web of Science's own text format ("plain text file", .txt, and EndNote desktop's .ciw).

A tag of two characters begins a line, values go on in lines indented by three spaces, `ER` ends a
record and `EF` the file. One author, keyword list or reference stands on each line.

Source: Clarivate, "Web of Science Core Collection field tags" of its help pages.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from iimscreen.errors import InputError
from iimscreen.formats import Found, Readable, abstract_of, line_blocks, normal_doi, one_line
from iimscreen.formats._dates import iso_date
from iimscreen.formats._marks import YEAR
from iimscreen.formats._names import is_name
from iimscreen.model import Author, Parsed, Record, Refusal

SUFFIXES = (".ciw", ".txt")

MAX_RECORD = 64_000_000  # bytes of memory, about; a record of 10,000 authors with addresses takes 5 MB

_TAG = re.compile(r"([A-Z][A-Z0-9])(?: (.*)|\s*)$", re.DOTALL)
_START = re.compile(r"^\ufeff?(?:FN .*(?:Web of (?:Science|Knowledge)|ISI Export|Clarivate|Thomson)|PT [A-Z]\s*$)",
                    re.MULTILINE)  # fmt: skip
_PMID = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_ABOUT_THE_FILE = frozenset(("FN", "VR", "EF"))


def looks_like(head: str) -> bool:
    """Whether the format's first line, or the type of a record, is in the first lines."""
    text = head.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    return _START.search(text) is not None and re.search(r"^(?:AU|TI|PT|SO) ", text, re.MULTILINE) is not None


def read(data: bytes) -> Iterator[Found]:
    """The records and refusals that `read_stream` gives, of a file that is in memory."""
    return read_stream(io.BytesIO(data))


def read_stream(file: Readable) -> Iterator[Found]:
    """Records and refusals in the order of the file; every tagged line belongs to one of them.

    A record has a title, an abstract, a DOI or a PMID; what has none of them is refused, and so is what
    holds a line that is no part of the format. Of the file no more than a block and the record at hand
    is held.

    Raises InputError, naming the line, where the file is no text, and at its end if it has no record.
    """
    reader = _Reader()
    for lines in line_blocks(file):
        yield from reader.take(lines)
    yield from reader.end()


class _Draft:
    """The tagged lines of one record while it is being read."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.fields: dict[str, list[str]] = {}
        self.last: list[str] = []
        self.fault = ""
        self.size = 0  # of what is held, where more than a block is

    def each(self, tag: str) -> list[str]:
        """The lines of a tag that has one value on each."""
        return [value for value in map(one_line, self.fields.get(tag, ())) if value]

    def text(self, *tags: str) -> str | None:
        """The text of the first of these tags that has any, its lines joined."""
        return next((text for tag in tags if (text := one_line(" ".join(self.fields.get(tag, ()))))), None)


class _Reader:
    """Takes the lines of a file as they come and gives each record once it is whole."""

    def __init__(self) -> None:
        self._number = 0  # of the last line taken
        self._draft: _Draft | None = None
        self._database: str | None = None
        self._records = 0
        self._first: tuple[int, str] | None = None  # line that is not blank

    def take(self, lines: list[str]) -> Iterator[Found]:
        for number, line in enumerate(lines, self._number + 1):
            if line and not line.isspace() and (found := self._add(number, line.removeprefix("\ufeff"))):
                yield found
        self._number += len(lines)
        draft = self._draft
        if draft is not None and draft.line <= self._number - len(lines):
            draft.size += sum(map(len, lines)) + 60 * len(lines)
            if draft.size > MAX_RECORD:
                draft.fault = "the record has no end, or more text than any record has"
                draft.fields.clear()
                draft.last = []

    def end(self) -> Iterator[Found]:
        if self._draft is not None:
            yield self._finished(self._draft)
        if not self._records:
            number, line = self._first or (1, "")
            raise InputError(
                f"line {number}: expected the start of a Web of Science record ('PT J'), "
                f"found {line.strip()[:40]!r}",
                hint="export as plain text file, full record, or name the format with --format",
            )

    def _add(self, number: int, line: str) -> Found | None:
        """One line that is not blank; what was finished by it."""
        self._first = self._first or (number, line)
        draft = self._draft
        if line[0] in " \t":
            if draft is not None:
                draft.last.append(line)
            return None
        match = _TAG.match(line)
        tag, value = (match.group(1), match.group(2) or "") if match else ("", "")
        if tag in _ABOUT_THE_FILE:
            self._database = "Web of Science" if tag == "FN" and "Web of" in value else self._database
            return None
        if tag == "ER":
            self._draft = None
            return None if draft is None else self._finished(draft)
        found = None
        if tag == "PT" and draft is not None and draft.fields:  # the end of the last one was lost
            found = self._finished(draft)
            draft = None
        if not tag:
            if draft is not None:
                draft.fault = draft.fault or (
                    f"line {number}: expected a tag such as 'TI', or a line indented by three spaces, "
                    f"found {line.strip()[:40]!r}"
                )
            return found
        if draft is None:
            draft = self._draft = _Draft(number)
        draft.last = draft.fields.setdefault(tag, [])
        draft.last.append(value)
        return found

    def _finished(self, draft: _Draft) -> Found:
        self._records += 1
        self._draft = None
        if draft.fault:
            return Refusal(draft.line, draft.fault)
        record = _record(draft)
        if not (record.title or record.abstract or record.doi or record.pmid):
            return Refusal(
                draft.line, "the record has no title (TI), and no abstract, DOI or PMID to know it by"
            )
        return Parsed(draft.line, record, self._database)


def _record(draft: _Draft) -> Record:
    accession = draft.text("UT")
    pmid = _PMID.fullmatch(draft.text("PM") or "")
    if pmid is None and accession and accession.startswith("MEDLINE:"):  # MEDLINE on that platform
        pmid = _PMID.fullmatch(accession.removeprefix("MEDLINE:"))
    journal = draft.text("SO", "SE")
    abbreviation = draft.text("JI", "J9")
    year = next((found for tag in ("PY", "EA", "PD") if (found := YEAR.search(draft.text(tag) or ""))), None)
    return Record(
        accession=accession,
        pmid=pmid.group() if pmid else None,
        doi=normal_doi(draft.text("DI") or ""),
        title=draft.text("TI"),
        vernacular_title=draft.text("FT"),
        abstract=abstract_of(draft.text("AB")),
        authors=tuple(_authors(draft)),
        journal=journal,
        journal_abbreviation=abbreviation if abbreviation != journal else None,
        year=int(year.group()) if year else None,
        volume=draft.text("VL"),
        issue=draft.text("IS"),
        pages=_pages(draft),
        languages=tuple(_parts(draft, "LA")),
        publication_types=tuple(_parts(draft, "DT")),
        keywords=tuple(dict.fromkeys([*_parts(draft, "DE"), *_parts(draft, "ID")])),
        published_on=_published(draft),
    )


def _parts(draft: _Draft, tag: str) -> list[str]:
    return [part.strip() for part in (draft.text(tag) or "").split(";") if part.strip()]


def _pages(draft: _Draft) -> str | None:
    first, last = draft.text("BP"), draft.text("EP")
    if first and last and first != last:
        return f"{first}-{last}"
    return first or last or draft.text("AR")


def _published(draft: _Draft) -> str | None:
    """PY with PD ("MAR 5", "SPR", "JUL-AUG"), as precise as the two are."""
    year = YEAR.search(draft.text("PY") or "")
    return iso_date(f"{year.group()} {draft.text('PD') or ''}") if year else iso_date(draft.text("PD") or "")


def _authors(draft: _Draft) -> Iterator[Author]:
    """Full names (AF) where they stand for all, else AU; then groups (CA)."""
    short, full = draft.each("AU"), draft.each("AF")
    names = full if len(full) >= len(short) else short
    for name in names or draft.each("BE") or draft.each("ED"):
        if is_name(name):
            family, _, given = (part.strip() for part in name.partition(","))
            yield Author(family, given) if family else Author(given)
    for name in draft.each("CA"):
        yield Author(name, is_group=True)
