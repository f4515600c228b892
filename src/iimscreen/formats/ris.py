"""RIS, as databases, registers, reference managers and screening tools write it.

The reader is our own and not `rispy`, because every stretch of a file must come back either as a
record or as a refusal with its line and cause: rispy 0.10 gives no line numbers, drops a record
whose first line is damaged without a word, and reads no more than one style of tags in a file.

Tags: the RIS specification of Research Information Systems (2011), and the vendors' own habits,
which are noted where they are read.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import lru_cache

from iimscreen.errors import InputError
from iimscreen.formats import Found, Readable, abstract_of, line_blocks, normal_doi, one_line
from iimscreen.formats._marks import ACCESSION, PMCID, YEAR
from iimscreen.formats._names import author, is_name, may_name_groups
from iimscreen.model import Author, Parsed, Record, Refusal

SUFFIXES = (".ris", ".txt")

MAX_RECORD = 64_000_000  # bytes of memory, about; a record of 10,000 authors with addresses takes 5 MB

Values = list[str | list[str]]  # of one tag; a list where a value goes on over several lines
Fields = dict[str, list[str]]  # of one record, clean: each tag has a value, none is empty

_INNER_TAGS = frozenset(
    first + second
    for first in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for second in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    if first + second not in ("TY", "ER")
)
_TITLES = ("TI", "T1", "CT", "BT")
_READ = frozenset((
    "A1", "A2", "A3", "AB", "AN", "AR", "AU", "BT", "C2", "C3", "C5", "C7", "CT", "DA", "DB", "DO", "DP", "ED",
    "EP", "ID", "IS", "J2", "JA", "JF", "JO", "KW", "L2", "L3", "LA", "M1", "M3", "N1", "N2", "PT", "PY", "SP",
    "T1", "T2", "TI", "TT", "TY", "U1", "U2", "UI", "UR", "VL", "Y1",
))  # fmt: skip
_ABOUT_THE_FILE = frozenset(("ER", "EF", "FN", "VR"))  # Web of Science's last and first lines
_TAG = re.compile(r"([A-Z][A-Z0-9]) {1,2}-(?: (.*)|\s*)$", re.DOTALL)
_START = re.compile(r"^\s*\ufeff?TY {1,2}- ?\w", re.MULTILINE)
# A record whose first line is written so has all its tags so: in small letters, indented, or without
# spaces. Elsewhere such a line is text: "ER- negative tumours".
_LOOSE_START = re.compile(r"\s*TY {0,2}-\s*[A-Z]{3,6}\s*$", re.IGNORECASE)
_LOOSE_TAG = re.compile(r"\s*([A-Z][A-Z0-9]) {0,2}-(?:\s(.*)|\s*)$", re.DOTALL | re.IGNORECASE)
_BANNER = re.compile(r"\s*(?:<\s*\d+\s*\.?\s*>|\d+\.)\s*$")  # Ovid's "<1>" and "1. "
_DATE = re.compile(r"(1[5-9]\d\d|2[01]\d\d)(?:[/-](0?[1-9]|1[0-2])(?:[/-](0?[1-9]|[12]\d|3[01]))?)?(?![\d])")
_STATED_DOI = re.compile(r"(?:\bdoi(?:\.org/|\s*:\s*|\s+)|^\s*)(10\.\d{4,9}\S*)", re.IGNORECASE)
_PMID = re.compile(r"\bPMID\s*[:=]?\s*(\d{1,8})\b", re.IGNORECASE)
_CENTRAL_PMID = re.compile(r"PUBMED\s+(\d{1,8})\b", re.IGNORECASE)
_OF_PUBMED = re.compile(r"medline|pubmed|\bnlm\b")
_NUMBER = re.compile(r"[1-9][0-9]{0,7}")
_PUBMED_ADDRESS = re.compile(r"ncbi\.nlm\.nih\.gov/(?:m/)?(?:pubmed/)?(\d{1,8})(?:[/?#]|$)")
_ACCESSION_NUMBER = re.compile(r"Accession Number:\s*([^\s;]+?)\.?(?:[\s;]|$)")  # EBSCO, in N1
# The record's own address there: Embase's L numbers, Scopus' EIDs.
_IN_ADDRESS = re.compile(
    r"embase\.com/\S{0,400}?[?&]id=(L\d{6,12})|scopus\.com/\S{0,400}?[?&]eid=(2-s2\.0-\d{6,14})"
)

# What a record is, where TY says it; the journal article is the rule and needs no word.
_TYPES = {
    "ABST": "Abstract",
    "BOOK": "Book",
    "CHAP": "Book Chapter",
    "CONF": "Conference Proceedings",
    "CPAPER": "Conference Paper",
    "DISS": "Thesis",
    "RPRT": "Report",
    "THES": "Thesis",
    "UNPB": "Unpublished Work",
    "UNPD": "Unpublished Work",
}
# How EBSCO calls its databases in DB.
_EBSCO = {
    "c8h": "CINAHL",
    "ccm": "CINAHL",
    "cin20": "CINAHL",
    "rzh": "CINAHL",
    "cmedm": "MEDLINE",
    "mdc": "MEDLINE",
    "mnh": "MEDLINE",
    "psyh": "APA PsycInfo",
    "eric": "ERIC",
    "sph": "SPORTDiscus",
    "s3h": "SPORTDiscus",
}


def looks_like(head: str) -> bool:
    """Whether a record starts (`TY  - `) in the first characters of a file."""
    text = head.replace("\0", "").replace("\r", "\n")
    return _START.search(text) is not None or any(map(_LOOSE_START.match, text.split("\n")))


def read(data: bytes) -> Iterator[Found]:
    """The records and refusals that `read_stream` gives, of a file that is in memory."""
    return read_stream(io.BytesIO(data))


def read_stream(file: Readable) -> Iterator[Found]:
    """Records and refusals in the order of the file; every tagged line belongs to one of them.

    Lines outside records (banners such as Ovid's "1. ") are passed over, but more than three on
    end between two records are refused, since they may be a record that lost its tags. Of the file
    no more than a block and the record at hand is held.

    Raises InputError, naming the line, where the file is no text, and at its end if it has no record
    at all.
    """
    reader = _Reader()
    for lines in line_blocks(file):
        yield from reader.take(lines)
    yield from reader.end()


class _Draft:
    """The tagged lines of one record while it is being read."""

    __slots__ = ("fields", "is_strict", "last", "line", "size", "start")

    def __init__(self, line: int, start: str, *, is_strict: bool) -> None:
        self.line = line
        self.start = start  # the tag it starts with
        self.is_strict = is_strict
        self.fields: dict[str, Values] = {}
        self.last = start
        self.size = 0  # of what is held, where more than a block is

    def add(self, tag: str, value: str) -> None:
        self.fields.setdefault(tag, []).append(value)
        self.last = tag

    def go_on(self, text: str) -> None:
        values = self.fields.setdefault(self.last, [])
        if self.last == "KW" or not values:  # EndNote puts one keyword on each following line
            values.append(text)
        elif isinstance(before := values[-1], list):
            before.append(text)
        else:
            values[-1] = [before, text]


class _Reader:
    """Takes the lines of a file as they come and gives each record once it is whole."""

    def __init__(self) -> None:
        self._number = 0  # of the last line taken
        self._draft: _Draft | None = None
        self._records = 0
        self._starts = 0  # first lines (TY) seen
        self._first: tuple[int, str] | None = None  # line that is not blank
        self._outside: tuple[int, str] | None = None  # the first since the last record
        self._outside_count = 0
        self._is_after_blank = True

    def take(self, lines: list[str]) -> Iterator[Found]:
        draft = self._draft
        fields = {} if draft is None else draft.fields
        for number, line in enumerate(lines, self._number + 1):
            # Nearly every line of nearly every file: a tag as the specification has it.
            if line[2:6] == "  - " and draft is not None and (tag := line[:2]) in _INNER_TAGS:
                if tag in fields:
                    fields[tag].append(line[6:])
                else:
                    fields[tag] = [line[6:]]
                draft.last = tag
                continue
            if found := self._other(number, line):
                yield found
            draft = self._draft
            fields = {} if draft is None else draft.fields
        self._number += len(lines)
        if draft is not None and draft.line <= self._number - len(lines):
            draft.size += sum(map(len, lines)) + 60 * len(lines)
            if draft.size > MAX_RECORD:
                draft.fields.clear()

    def end(self) -> Iterator[Found]:
        if self._draft is not None:
            yield self._finished(self._draft)
        elif found := self._text_outside():
            yield found
        if not self._starts:
            number, line = self._first or (1, "")
            raise InputError(
                f"line {number}: expected the start of a RIS record ('TY  - '), found {line.strip()[:40]!r}",
                hint="export as RIS, or name the format the file is in with --format",
            )

    def _other(self, number: int, line: str) -> Found | None:
        """Any line but a strict tag inside a record; what was finished by it."""
        if not line or line.isspace():
            self._is_after_blank = True
            return None
        was_after_blank, self._is_after_blank = self._is_after_blank, False
        if line[0] == "\ufeff":  # of a file that was put behind another
            line = line[1:]
        if self._first is None:
            self._first = (number, line)
        draft = self._draft
        match = (_TAG if draft is None or draft.is_strict else _LOOSE_TAG).match(line)
        tag = match.group(1).upper() if match else ""
        is_loose = not match and _LOOSE_START.match(line) is not None
        if is_loose or tag == "TY" or (tag and draft is None and tag not in _ABOUT_THE_FILE):
            found = self._text_outside() if draft is None else self._finished(draft)
            self._starts += is_loose or tag == "TY"
            is_strict = not is_loose and (draft is None or draft.is_strict)
            self._draft = _Draft(number, "TY" if is_loose else tag, is_strict=is_strict)
            self._draft.add("TY" if is_loose else tag, line.partition("-")[2])
            return found
        if draft is None:
            if not tag:
                self._outside = self._outside or (number, line)
                self._outside_count += 1
            return None
        if tag == "ER" and match and line.startswith("ER -") and (match.group(2) or "").strip():
            draft.go_on(line)  # a line of an abstract: "ER - positive tumours"
            return None
        if tag == "ER":
            self._draft = None
            return self._finished(draft)
        if match:
            draft.add(tag, match.group(2) or "")
        elif _BANNER.match(line) and was_after_blank:
            self._draft = None
            return self._finished(draft)
        else:
            draft.go_on(line)
        return None

    def _text_outside(self) -> Refusal | None:
        outside, count = self._outside, self._outside_count
        self._outside, self._outside_count = None, 0
        if outside is None or count <= 3 or not self._records:
            return None
        number, line = outside
        return Refusal(number, f"text outside any record: expected 'TY  - ', found {line.strip()[:40]!r}")

    def _finished(self, draft: _Draft) -> Found:
        self._outside, self._outside_count = None, 0
        self._records += 1
        if draft.size > MAX_RECORD:
            return Refusal(draft.line, "the record has no end, or more text than any record has")
        if draft.start != "TY" and not (self._starts and _first(_cleaned(draft.fields), *_TITLES)):
            return Refusal(
                draft.line, f"the record starts with '{draft.start}  - ': expected 'TY  - ' before it"
            )
        return _record_of(draft)


def _cleaned(fields: dict[str, Values]) -> Fields:
    """The values of the tags that are read, without control characters and double spaces, none of them empty."""
    clean: Fields = {}
    for tag, values in fields.items():
        if tag not in _READ:
            continue
        kept = []
        for value in values:
            # Printable: no other white space than spaces is in it. So are nearly all.
            if type(value) is str and value.isprintable() and "  " not in value:
                value = value.strip()
            else:
                value = one_line(" ".join(value) if isinstance(value, list) else value)
            if value:
                kept.append(value)
        if kept:
            clean[tag] = kept
    return clean


def _all(fields: Fields, *tags: str) -> list[str]:
    return [value for tag in tags if tag in fields for value in fields[tag]]


def _first(fields: Fields, *tags: str) -> str | None:
    for tag in tags:
        if tag in fields:
            return fields[tag][0]
    return None


def _record_of(draft: _Draft) -> Found:
    fields = _cleaned(draft.fields)
    title = _first(fields, *_TITLES)
    pmid, pmcid = _pubmed_ids(fields)
    doi = _doi(fields)
    abstract = abstract_of(" ".join(dict.fromkeys(fields["AB"])) if "AB" in fields else _first(fields, "N2"))
    if not (title or abstract or doi or pmid or pmcid):
        return Refusal(
            draft.line, "the record has no title (TI, T1 or CT), and no abstract, DOI or PMID to know it by"
        )
    journal = _first(fields, "JF", "T2", "JO", "JA", "J2")
    abbreviation = _first(fields, "JA", "J2", "JO")
    dates = _all(fields, "PY", "Y1", "DA")
    record = Record(
        source_id=_first(fields, "ID"),
        accession=_accession(fields) or (pmid if _is_of_pubmed(_stated_database(fields)) else None),
        pmid=pmid,
        pmcid=pmcid,
        doi=doi,
        title=title,
        vernacular_title=_first(fields, "TT"),
        abstract=abstract,
        authors=_authors(fields),
        journal=journal,
        journal_abbreviation=abbreviation if abbreviation != journal else None,
        year=next((year for year in map(_year, dates) if year), None),
        volume=_first(fields, "VL"),
        issue=_first(fields, "IS"),
        pages=_pages(fields),
        languages=tuple(fields.get("LA", ())),
        publication_types=tuple(_types(fields)),
        keywords=tuple(dict.fromkeys(fields.get("KW", ()))),
        published_on=max(map(_iso, dates), key=len, default="") or None,
    )
    return Parsed(draft.line, record, _database(_first(fields, "DB"), _first(fields, "DP")))


@lru_cache(maxsize=256)
def _database(stated: str | None, provider: str | None) -> str | None:
    """The database that the record says it is from: DB, or without one its provider (DP)."""
    name = stated or provider
    if name is None:
        return None
    name = re.sub(r"\s*<[^>]*>", "", name).strip() or name  # Ovid's "<1946 to March 11, 2021>"
    return _EBSCO.get(name.lower(), name) if (provider or "").lower().startswith("ebsco") else name


def _accession(fields: Fields) -> str | None:
    """The identifier that stays the same in every export: AN, or where else a vendor puts it."""
    stated = _first(fields, "AN")
    if stated is not None:
        if pmid := _PMID.fullmatch(stated):
            return pmid.group(1)
        return stated if ACCESSION.fullmatch(stated) else None
    candidates = [*fields.get("UI", ())]
    candidates += [
        found.group(1) for value in fields.get("N1", ()) if (found := _ACCESSION_NUMBER.search(value))
    ]
    addresses = map(_IN_ADDRESS.search, fields.get("UR", ()))
    candidates += [found.group(1) or found.group(2) for found in addresses if found]
    return next((number for number in candidates if ACCESSION.fullmatch(number)), None)


def _doi(fields: Fields) -> str | None:
    for value in fields.get("DO", ()):
        if doi := normal_doi(value):
            return doi
    # Notes and links may cite other works: a DOI there counts only where the text says that it is one.
    for value in _all(fields, "UR", "L3", "L2", "N1", "M3"):
        if "10." in value and (stated := _STATED_DOI.search(value)) and (doi := normal_doi(stated.group(1))):
            return doi
    return None


def _pubmed_ids(fields: Fields) -> tuple[str | None, str | None]:
    """PMID and PMCID, where the tag, the database or the text itself says that the number is one."""
    numbers = [
        number
        for tag in _tags_of_pmids(_stated_database(fields), "AN" in fields)
        for number in fields.get(tag, ())
    ]
    pmid = next((number for number in numbers if _NUMBER.fullmatch(number)), None)
    if pmid is None:
        stated = [*map(_PMID.match, _all(fields, "AN", "C2", "C5", "M1", "N1", "U1"))]
        if "C3" in fields:
            stated += map(_CENTRAL_PMID.match, fields["C3"])
        if "UR" in fields or "L2" in fields:
            stated += map(_PUBMED_ADDRESS.search, _all(fields, "UR", "L2"))
        pmid = next((found.group(1) for found in stated if found), None)
    pmcs = map(PMCID.match, _all(fields, "C2", "AN", "U2"))
    return pmid, next((f"PMC{found.group(1)}" for found in pmcs if found), None)


def _stated_database(fields: Fields) -> str:
    return " ".join(_all(fields, "DB", "DP")).lower()


@lru_cache(maxsize=256)
def _is_of_pubmed(database: str) -> bool:
    return _OF_PUBMED.search(database) is not None and "embase" not in database


@lru_cache(maxsize=256)
def _tags_of_pmids(database: str, has_accession: bool) -> tuple[str, ...]:
    """The tags in which a database gives plain PMIDs."""
    tags: list[str] = []
    if _is_of_pubmed(database):
        if has_accession:
            tags += ["AN"]
        else:  # Ovid gives MEDLINE's number in UI or ID; in ID others count their records
            tags += ["UI", "ID"] if "ovid" in database else ["UI"]
    if "scopus" in database:
        tags += ["C2"]
    if "embase" in database:
        tags += ["C5"]
    return tuple(tags)


def _pages(fields: Fields) -> str | None:
    first, last = _first(fields, "SP"), _first(fields, "EP")
    if first and last and last != first and "-" not in first:
        return f"{first}-{last}"
    return first or last or _first(fields, "C7", "AR")  # article numbers: Scopus, EndNote; Web of Science


def _types(fields: Fields) -> Iterator[str]:
    kind = _TYPES.get((_first(fields, "TY") or "").upper())
    if kind:
        yield kind
    # M3 holds the type (EndNote, Scopus, Embase), but a DOI in older exports.
    for value in _all(fields, "M3", "PT"):
        if value != kind and not ("10." in value and normal_doi(value)):
            yield value


@lru_cache(maxsize=4096)
def _year(text: str) -> int | None:
    found = YEAR.search(text)
    return int(found.group()) if found else None


@lru_cache(maxsize=4096)
def _iso(text: str) -> str:
    """The date a text begins with, as ISO 8601 cut to what is stated ("2009/11//" is "2009-11")."""
    match = _DATE.match(text)
    if match is None:
        return ""
    return "-".join(part.zfill(2) for part in match.groups() if part)


def _authors(fields: Fields) -> tuple[Author, ...]:
    names = fields.get("AU") or fields.get("A1") or _all(fields, "A2", "A3", "ED")
    whole = "\n".join(names)
    if ";" in whole:  # some exports put all of them into one value
        names = [part.strip() for name in names for part in name.split(";")]
    may_be_group = may_name_groups(whole)
    return tuple([author(name, may_be_group=may_be_group) for name in names if is_name(name)])
