"""The comparable form of a record: what is left when habits of databases are taken away.

Nothing here decides whether two records are one report; see `rules`. It is held for every record of
a review at once, so it is small: a million of them fit into a gigabyte and a half.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from iimscreen.matching import journals, names, pages
from iimscreen.matching.titles import spoken_titles
from iimscreen.model import Kind, Record, StoredRecord, stated_accession

_SUPPLEMENT = re.compile(
    r"suppl|\bsup\b|meeting|\babstr|conference|congress|annual|proceedings|\d\s*s$|^s\s*\d", re.IGNORECASE
)
_MEETING_TYPE = re.compile(r"abstract|conference|congress|meeting|proceeding", re.IGNORECASE)
_MEETING_JOURNAL = re.compile(r"conference|meeting|congress|annual", re.IGNORECASE)
# As ClinicalTrials.gov's records are stored, and as CENTRAL and Embase name theirs.
_REGISTRATION_TYPE = re.compile(r"\b(?:trial|study)\b.*\bregist(?:ry|ration|er)\b", re.IGNORECASE)
_NOTICE_TYPES = (
    ("correction", re.compile(r"erratum|correction|corrigendum", re.IGNORECASE)),
    ("retraction", re.compile(r"retraction of|retraction notice|^retraction$", re.IGNORECASE)),
    ("comment", re.compile(r"^comment|^editorial$", re.IGNORECASE)),
)
_NCT_NUMBER = re.compile(r"NCT\d{8}", re.IGNORECASE)
_MADE_UP = re.compile(r"[0-9a-f]{16}(?:-\d+)?")  # a hash in place of an accession number

# Preprint servers: by the name that databases put for the journal, and by their DOIs' beginnings.
_PREPRINT_NAME = re.compile(
    r"\barxiv\b|\b(?:bio|med|chem|psy|soc|earth?|tech|eng|afric|meta|sport|ed|law|nutri|agri)a?rxiv\b"
    r"|\bpreprints?\b|\bssrn\b|\bresearch square\b|\bauthorea\b",
    re.IGNORECASE,
)
_PREPRINT_DOI = re.compile(
    r"10\.(?:1101/(?:\d{6}$|\d{4}\.\d\d\.\d\d)|64898/|21203/rs\.|2139/ssrn|48550/arxiv|20944/preprints|31219/osf"
    r"|31234/osf|31235/osf|26434/chemrxiv|22541/au\.|2196/preprints|7287/peerj\.preprints|36227/techrxiv"
    r"|12688/verixiv|35542/osf|31223/osf|32388/)"
)
_NO_DOI = "10.1002/central/"  # CENTRAL's own number written as a DOI, in place of the report's
_VERSION = re.compile(r"[./]?v\d{1,2}$")  # the versions of one preprint: 10.21203/rs.3.rs-1/v2


_NONE: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class Comparable:
    """One record, ready to be compared."""

    id: int
    key: str
    text: str  # the title in normal words, one space apart; "" where there is none
    title: str  # its letters and digits only
    translations: tuple[str, ...]  # the same title in other languages, letters and digits only
    pmid: str | None
    doi: str | None  # of a preprint without its version
    accession: str | None  # the source and its own number for the record
    names: str  # as `names.normal_names` gives them
    journals: tuple[str, ...]  # normalised names and abbreviations
    year: int | None
    volume: str | None
    issue: str | None
    first_page: str | None
    last_page: str | None
    other_first_pages: frozenset[str]  # of later stretches: "230-5, 246-51" has "246"
    is_registration: bool  # from a register, or named one by its source: another report than an article
    registered: frozenset[str]  # its own numbers, as "ClinicalTrials.gov:NCT03002649"; of registrations only
    is_meeting_abstract: bool  # in a supplement or meeting issue, on its page, or named an abstract
    is_preprint: bool
    is_torn: bool  # the source's title ends in "..."
    notices: frozenset[str]  # correction, retraction, comment: by publication types

    @property
    def titles(self) -> tuple[str, ...]:
        """The title, then translations of it; letters and digits only."""
        return (self.title, *self.translations)

    @property
    def words(self) -> list[str]:
        """The words of the title."""
        return self.text.split()


def comparable(stored: StoredRecord) -> Comparable:
    """The comparable form of one stored record."""
    record = stored.record
    spoken = spoken_titles(record)
    text = spoken[0] if spoken else ""
    title = text.replace(" ", "")
    translations: tuple[str, ...] = ()
    if len(spoken) > 1:
        others = dict.fromkeys(other.replace(" ", "") for other in spoken[1:])
        translations = tuple(other for other in others if other != title)
    first, last = pages.page_range(record.pages)
    journal = _of_journal(record.journal, record.journal_abbreviation)
    types = _of_types(record.publication_types)
    is_registration = types.is_registration or stored.kind is Kind.REGISTER
    doi = record.doi.lower() if record.doi else None
    if doi and doi.startswith(_NO_DOI):
        doi = None
    is_preprint = journal.is_preprint_server or types.is_preprint
    # Articles keep the DOI of their preprint in some databases, so it counts only for what has no place.
    if doi and not (record.journal and (first or record.volume)) and _PREPRINT_DOI.match(doi):
        is_preprint = True
    return Comparable(
        id=stored.id,
        key=stored.key,
        text=text,
        title=title,
        translations=translations,
        pmid=record.pmid,
        doi=_VERSION.sub("", doi) if doi and is_preprint else doi,
        accession=_accession(stored.key, record.accession),
        names=names.normal_names(record.authors),
        journals=journal.names,
        year=record.year,
        volume=_once(pages.number(record.volume)),
        issue=_once(pages.number(record.issue)),
        first_page=_once(first),
        last_page=_once(last),
        other_first_pages=pages.other_first_pages(record.pages),
        is_registration=is_registration,
        registered=_registered(record) if is_registration else _NONE,
        is_meeting_abstract=journal.is_meeting
        or types.is_meeting_abstract
        or _is_supplement_page(first)
        or _is_supplement(record.volume, record.issue),
        is_preprint=is_preprint,
        is_torn=bool(record.title) and (record.title or "").rstrip("] ").endswith(("...", "…")),
        notices=types.notices,
    )


def _once(number: str | None) -> str | None:
    """The same text for the same number, so that a million records share a few thousand."""
    return None if number is None else sys.intern(number)


@dataclass(frozen=True, slots=True)
class _Journal:
    names: tuple[str, ...]
    is_meeting: bool
    is_preprint_server: bool


@lru_cache(maxsize=16384)
def _of_journal(name: str | None, abbreviation: str | None) -> _Journal:
    return _Journal(
        journals.normal_names(name, abbreviation),
        bool(name and _MEETING_JOURNAL.search(name)),
        bool(name and _PREPRINT_NAME.search(name)),
    )


@dataclass(frozen=True, slots=True)
class _Types:
    is_registration: bool
    is_meeting_abstract: bool
    is_preprint: bool
    notices: frozenset[str]


@lru_cache(maxsize=4096)
def _of_types(types: tuple[str, ...]) -> _Types:
    return _Types(
        _is_any(_REGISTRATION_TYPE, types),
        _is_any(_MEETING_TYPE, types),
        any(kind.casefold() == "preprint" for kind in types),
        frozenset(name for name, pattern in _NOTICE_TYPES if _is_any(pattern, types)),
    )


def _is_any(pattern: re.Pattern[str], texts: Iterable[str]) -> bool:
    return any(pattern.search(text) for text in texts)


def _accession(key: str, accession: str | None) -> str | None:
    """The source with the number that it gave; None where we had to make one up from the content."""
    if accession is None or (len(accession) >= 16 and _MADE_UP.fullmatch(accession)):
        return None
    source = key.partition(":")[0]
    return f"{source}:{stated_accession(accession)}"


def _registered(record: Record) -> frozenset[str]:
    number = stated_accession(record.accession or "")
    own = [f"ClinicalTrials.gov:{number.upper()}"] if _NCT_NUMBER.fullmatch(number) else []
    return frozenset([*record.registrations, *own])


def _is_supplement_page(first_page: str | None) -> bool:
    return bool(first_page and first_page[0] in "sap" and first_page[1:].isdigit())


def _is_supplement(volume: str | None, issue: str | None) -> bool:
    places = [text for text in (volume, issue) if text and not text.isdecimal()]
    return bool(places) and _is_any(_SUPPLEMENT, places)
