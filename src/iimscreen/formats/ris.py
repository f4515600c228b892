"""RIS, as Ovid, Embase, Scopus, Web of Science, CENTRAL, EndNote, Zotero and Mendeley write it.

The reader is our own and not `rispy`, because every stretch of a file must come back either as a
record or as a refusal with its line and cause: rispy 0.10 gives no line numbers, and drops a
record whose first line is damaged without a word.

Tags: the RIS specification of Research Information Systems (2011), and the vendors' own habits,
which are noted where they are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from iimscreen.errors import InputError
from iimscreen.formats import Found, normal_doi, text_of
from iimscreen.model import Author, Parsed, Record, Refusal

SUFFIXES = (".ris", ".txt")

_TAG = re.compile(r"([A-Z][A-Z0-9]) {1,2}-(?: (.*)|\s*)$", re.DOTALL)
_START = re.compile(r"^\ufeff?TY {1,2}- ?\w", re.MULTILINE)
_CONTROLS = dict.fromkeys([*range(9), *range(14, 28), *range(127, 160)])
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|2[01]\d\d)(?!\d)")
_DATE = re.compile(r"(1[5-9]\d\d|2[01]\d\d)(?:[/-](0?[1-9]|1[0-2])(?:[/-](0?[1-9]|[12]\d|3[01]))?)?(?![\d])")
_STATED_DOI = re.compile(r"(?:\bdoi(?:\.org/|\s*:\s*|\s+)|^\s*)(10\.\d{4,9}\S*)", re.IGNORECASE)
_PMID = re.compile(r"\bPMID\s*[:=]?\s*(\d{1,8})\b", re.IGNORECASE)
_PUBMED_ADDRESS = re.compile(r"ncbi\.nlm\.nih\.gov/(?:m/)?(?:pubmed/)?(\d{1,8})(?:[/?#]|$)")
_PMCID = re.compile(r"\bPMC\s?(\d{3,9})\b")
_ACCESSION = re.compile(r"(?=(?:[^0-9]*[0-9]){4})[A-Za-z0-9][\w:.()/-]{3,63}")
_INITIALS = re.compile(r"(?:[^\W\d_]\.?-?){1,4}|[^\W\d_]{1,3}")
_GROUP = re.compile(
    r"\b(group|consortium|collaborat\w+|investigators|committee|society|association|network|team|"
    r"organi[sz]ation|institute|university|registry|initiative|task ?force|program\w*|stud(?:y|ies)|"
    r"trialists)\b",
    re.IGNORECASE,
)
_PARTICLES = frozenset((
    "de", "da", "do", "dos", "del", "della", "di", "du", "van", "von", "der", "den", "ten", "ter",
    "la", "le", "el", "al", "bin", "ibn", "zu",
))  # fmt: skip

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


def looks_like(head: str) -> bool:
    """Whether a record starts (`TY  - `) in the first characters of a file."""
    return _START.search(head.replace("\0", "")) is not None


def read(data: bytes) -> Iterator[Found]:
    """Records and refusals in the order of the file; every tagged line belongs to one of them.

    Lines outside records (banners such as Ovid's "1. ") are passed over, but more than three on
    end between two records are refused, since they may be a record that lost its tags.

    Raises InputError, before anything is read, if the file is no text or has no record at all.
    """
    lines = text_of(data).split("\n")
    if not any(_is_start(line) for line in lines):
        number = next((number for number, line in enumerate(lines, 1) if line.strip()), 1)
        raise InputError(
            f"line {number}: expected the start of a RIS record ('TY  - '), "
            f"found {lines[number - 1].strip()[:40]!r}",
            hint="export as RIS, or name the format the file is in with --format",
        )
    return _found(lines)


class _Draft:
    """The tagged lines of one record while it is being read."""

    def __init__(self, line: int, has_start: bool) -> None:
        self.line = line
        self.has_start = has_start
        self.fields: dict[str, list[str]] = {}
        self.last = "TY"

    def add(self, tag: str, value: str) -> None:
        self.fields.setdefault(tag, []).append(value)
        self.last = tag

    def go_on(self, text: str) -> None:
        values = self.fields.setdefault(self.last, [])
        if self.last == "KW" or not values:  # EndNote puts one keyword on each following line
            values.append(text)
        else:
            values[-1] = f"{values[-1]} {text}"

    def all(self, *tags: str) -> list[str]:
        return [value for tag in tags for value in map(_clean, self.fields.get(tag, ())) if value]

    def first(self, *tags: str) -> str | None:
        return next(iter(self.all(*tags)), None)


def _is_start(line: str) -> bool:
    return line.startswith(("TY  -", "TY -"))


def _found(lines: list[str]) -> Iterator[Found]:
    draft: _Draft | None = None
    outside: list[int] = []  # non-blank lines since the last record
    records = 0
    for number, line in enumerate(lines, 1):
        match = _TAG.match(line)
        tag = match.group(1) if match else ""
        if tag == "TY" or (tag and draft is None and tag != "ER"):
            if draft is not None:
                yield _finished(draft)
                records += 1
            elif records and len(outside) > 3:
                yield _refused_text(outside[0], lines)
            outside = []
            draft = _Draft(number, tag == "TY")
        if draft is None:
            if line.strip() and tag != "ER":
                outside.append(number)
        elif match is None:
            if line.strip():
                draft.go_on(line)
        elif tag == "ER":
            yield _finished(draft)
            records += 1
            draft = None
        else:
            draft.add(tag, match.group(2) or "")
    if draft is not None:
        yield _finished(draft)
    elif len(outside) > 3:
        yield _refused_text(outside[0], lines)


def _refused_text(line: int, lines: list[str]) -> Refusal:
    found = lines[line - 1].strip()[:40]
    return Refusal(line, f"text outside any record: expected 'TY  - ', found {found!r}")


def _finished(draft: _Draft) -> Found:
    if not draft.has_start:
        tag = next(iter(draft.fields))
        return Refusal(draft.line, f"the record starts with '{tag}  - ': expected 'TY  - ' before it")
    title = draft.first("TI", "T1", "CT", "BT")
    if title is None:
        return Refusal(draft.line, "the record has no title (TI, T1 or CT)")
    journal = draft.first("JF", "T2", "JO", "JA", "J2")
    abbreviation = draft.first("JA", "J2", "JO")
    dates = draft.all("PY", "Y1", "DA")
    pmid, pmcid = _pubmed_ids(draft)
    accession = draft.first("AN")
    if accession and (stated := _PMID.fullmatch(accession)):
        accession = stated.group(1)
    record = Record(
        source_id=draft.first("ID"),
        accession=accession if accession and _ACCESSION.fullmatch(accession) else None,
        pmid=pmid,
        pmcid=pmcid,
        doi=_doi(draft),
        title=title,
        vernacular_title=draft.first("TT"),
        abstract=draft.first("AB", "N2"),
        authors=tuple(_authors(draft)),
        journal=journal,
        journal_abbreviation=abbreviation if abbreviation != journal else None,
        year=next((int(found.group()) for found in map(_YEAR.search, dates) if found), None),
        volume=draft.first("VL"),
        issue=draft.first("IS"),
        pages=_pages(draft),
        languages=tuple(draft.all("LA")),
        publication_types=tuple(_types(draft)),
        keywords=tuple(dict.fromkeys(draft.all("KW"))),
        published_on=max((_iso(date) for date in dates), key=len, default="") or None,
    )
    return Parsed(draft.line, record)


def _clean(value: str) -> str:
    return " ".join(value.translate(_CONTROLS).split())


def _doi(draft: _Draft) -> str | None:
    for value in draft.all("DO"):
        if doi := normal_doi(value):
            return doi
    # Notes and links may cite other works: a DOI there counts only where the text says that it is one.
    for value in draft.all("UR", "L3", "L2", "N1", "M3"):
        if (stated := _STATED_DOI.search(value)) and (doi := normal_doi(stated.group(1))):
            return doi
    return None


def _pubmed_ids(draft: _Draft) -> tuple[str | None, str | None]:
    """PMID and PMCID, where the tag, the database or the text itself says that the number is one."""
    database = " ".join(draft.all("DB", "DP")).lower()
    numbers: list[str] = []
    if re.search(r"medline|pubmed|\bnlm\b", database) and "embase" not in database:
        numbers += draft.all("AN")
    if "scopus" in database:
        numbers += draft.all("C2")
    if "embase" in database:
        numbers += draft.all("C5")
    pmid = next((number for number in numbers if re.fullmatch(r"[1-9][0-9]{0,7}", number)), None)
    if pmid is None:
        stated = [_PMID.match(value) for value in draft.all("AN", "C2", "C5", "M1", "N1", "U1")]
        linked = [_PUBMED_ADDRESS.search(value) for value in draft.all("UR", "L2")]
        pmid = next((found.group(1) for found in [*stated, *linked] if found), None)
    pmcs = [_PMCID.match(value) for value in draft.all("C2", "AN", "U2")]
    pmcid = next((f"PMC{found.group(1)}" for found in pmcs if found), None)
    return pmid, pmcid


def _pages(draft: _Draft) -> str | None:
    first, last = draft.first("SP"), draft.first("EP")
    if first and last and last != first and "-" not in first:
        return f"{first}-{last}"
    return first or last or draft.first("C7", "AR")  # article numbers: Scopus, EndNote; Web of Science


def _types(draft: _Draft) -> Iterator[str]:
    kind = _TYPES.get((draft.first("TY") or "").upper())
    if kind:
        yield kind
    # M3 holds the type (EndNote, Scopus, Embase), but a DOI in older exports.
    yield from (value for value in draft.all("M3", "PT") if value != kind and normal_doi(value) is None)


def _iso(text: str) -> str:
    """The date a text begins with, as ISO 8601 cut to what is stated ("2009/11//" is "2009-11")."""
    match = _DATE.match(text)
    if match is None:
        return ""
    return "-".join(part.zfill(2) for part in match.groups() if part)


def _authors(draft: _Draft) -> Iterator[Author]:
    names = draft.all("AU", "A1") or draft.all("A2", "A3", "ED")
    for name in names:
        for part in name.split(";"):
            if part.strip(" ,.") and part.strip(" ,.").lower() not in ("et al", "anonymous", "[anonymous]"):
                yield _author(part.strip())


def _author(name: str) -> Author:
    """One author: "Paik, Julie J.", "Paik JJ", "Visser M de", "Julie J. Paik", or a group."""
    family, comma, given = name.partition(",")
    if comma:
        if not given.strip() or (_GROUP.search(name) and not _INITIALS.fullmatch(given.strip())):
            return Author(name.strip(" ,"), is_group=_GROUP.search(name) is not None)
        return Author(family.strip(), given.strip())
    words = name.split()
    if _GROUP.search(name) and len(words) > 1:
        return Author(name, is_group=True)
    end = len(words)
    while end > 1 and words[end - 1].lower() in _PARTICLES and words[end - 1].islower():
        end -= 1
    start = end
    while start > 1 and words[start - 1].isupper() and _INITIALS.fullmatch(words[start - 1]):
        start -= 1
    if start < end:
        return Author(" ".join(words[:start]), " ".join(words[start:]))
    if len(words) > 1 and any(word.endswith(".") for word in words[:-1]):  # "Julie J. Paik"
        return Author(words[-1], " ".join(words[:-1]))
    return Author(name)
