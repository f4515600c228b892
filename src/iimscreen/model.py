"""The nouns of a review, as frozen values. No I/O, no rules, standard library only."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """Where a record came from, as PRISMA 2020 tells them apart."""

    DATABASE = "database"
    REGISTER = "register"
    WEBSITE = "website"
    ORGANISATION = "organisation"
    CITATION = "citation"

    @property
    def is_other_method(self) -> bool:
        """Whether it feeds PRISMA's column "Identification of studies via other methods"."""
        return self not in (Kind.DATABASE, Kind.REGISTER)


class Author(NamedTuple):
    """One author as the source names them; a group has its whole name in `family`.

    A named tuple, since there are millions of them: it is made in half the time of a frozen dataclass.
    """

    family: str
    given: str = ""  # initials ("JJ") or names ("Julie J."), whichever the source gives
    is_group: bool = False

    def __str__(self) -> str:
        return f"{self.family} {self.given}".strip()


@dataclass(frozen=True, slots=True)
class Link:
    """A correction, retraction, comment or update that a source ties to a record."""

    kind: str  # as PubMed's RefType: RetractionIn, ErratumIn, CommentOn, ...
    pmid: str | None = None
    citation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What one source states about one publication: a title and abstract as indexed there.

    Whatever the source does not state is None, or an empty tuple. Dates are ISO 8601, cut to
    the precision stated ("2023", "2023-08", "2023-08-23").
    """

    source_id: str | None = None  # the record's own identifier in its source, e.g. a RIS `ID` tag
    accession: str | None = None  # identifier that is stable across exports (PMID, `AN`), if any
    pmid: str | None = None
    pmcid: str | None = None
    doi: str | None = None  # lower case, without resolver address
    title: str | None = None
    vernacular_title: str | None = None
    abstract: str | None = None
    authors: tuple[Author, ...] = ()
    journal: str | None = None
    journal_abbreviation: str | None = None
    year: int | None = None
    volume: str | None = None
    issue: str | None = None
    pages: str | None = None
    languages: tuple[str, ...] = ()
    publication_types: tuple[str, ...] = ()
    mesh_terms: tuple[str, ...] = ()
    substances: tuple[str, ...] = ()
    registry_numbers: tuple[str, ...] = ()  # of substances: UNII, CAS or EC numbers
    registrations: tuple[str, ...] = ()  # trials and data sets: "ClinicalTrials.gov:NCT03002649"
    keywords: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    entered_on: str | None = None  # PubMed's [crdt], the XML's PubStatus="entrez"
    published_on: str | None = None  # first publication, print or online, as stated
    indexed_on: str | None = None  # PubMed's [mhda], the XML's PubStatus="medline"; = entry if never indexed
    revised_on: str | None = None  # the XML's DateRevised: the last change of the record
    citation_status: str | None = None  # PubMed's: MEDLINE, PubMed-not-MEDLINE, Publisher, In-Process, ...
    provenance: tuple[str, ...] = ()  # where each fact of a hand-made record was read


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record in the review file. A record is one (source, accession)."""

    id: int  # local to this file, in order of arrival
    key: str  # "source:accession", the same in every copy of the review
    database: str  # the name a reader knows: "PubMed", "Embase"
    kind: Kind
    record: Record


# What `store.identities` puts behind an accession number that another record of its source has.
IDENTITY_MARK = "/"
_IDENTITY_SUFFIX = re.compile(r"/[0-9a-f]{8}(?:-[0-9]+)?$", re.ASCII)


def has_identity_suffix(accession: str) -> bool:
    """Whether an accession ends as those do that were given a suffix here."""
    return _IDENTITY_SUFFIX.search(accession) is not None


def stated_accession(accession: str) -> str:
    """The accession number as the source states it: without the suffix that tells its repeats apart.

    "20210001/5f3a9c01-2" is "20210001". An identity made of a record's content stays as it is.
    """
    return _IDENTITY_SUFFIX.sub("", accession, count=1)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A record read from a file, with the line where it starts (from 1)."""

    line: int
    record: Record
    database: str | None = None  # that the record itself says it is from, where a file holds several


@dataclass(frozen=True, slots=True)
class Refusal:
    """A stretch of a file that is no usable record, with the line where it starts (from 1)."""

    line: int
    cause: str


@dataclass(frozen=True, slots=True)
class SubQuery:
    """One search as it is sent: its label, the text as written, and the text with the date limit."""

    label: str
    text: str
    text_sent: str


@dataclass(frozen=True, slots=True)
class Term:
    """One line of a block of a strategy: the words as written, and why they stand there."""

    text: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """One concept of a strategy: terms of which any one will do."""

    name: str
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Strategy:
    """A search strategy as read from its file."""

    name: str
    title: str
    text: str  # the whole file
    sha256: str  # of that text
    as_of: dt.date | None
    sub_queries: tuple[SubQuery, ...]
    blocks: tuple[Block, ...] = ()  # none where the sub-queries are written out
    combination: str = ""  # how blocks make sub-queries: "each-pair", "all-blocks", or "" without blocks
    limit: str = ""  # the date limit as it is sent with every sub-query, or ""
    source: str = "pubmed"  # the source whose syntax it is written in: "pubmed" or "clinicaltrials"


@dataclass(frozen=True, slots=True)
class Reply:
    """One raw reply of a source: what was asked (no e-mail, no key) and every byte that came back."""

    request: str  # canonical JSON of the parameters sent
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source says to one sub-query, complete: `len(records) == hits`."""

    hits: int
    records: tuple[Record, ...]
    interpreted_as: str = ""  # how the source says it read the query (PubMed's QueryTranslation)
    warnings: tuple[str, ...] = ()  # what the source, or we, must say about this sub-query
    database_build: str | None = None
    undated: int = 0  # records kept although the source cannot say when they entered it


class Verdict(StrEnum):
    """A reviewer's word on one record at one stage."""

    INCLUDE = "include"
    EXCLUDE = "exclude"
    UNSURE = "unsure"
    AWAITING = "awaiting"  # full text only: awaiting classification
    ONGOING = "ongoing"  # full text only: an ongoing study
    WITHDRAWN = "withdrawn"  # an undo: the reviewer's earlier word no longer counts


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """Two records that may be one report. `key` arrived before `other_key`."""

    key: str
    other_key: str
    verdict: str  # "duplicate", "asked" when a person must decide, or "linked" as two reports of one study
    rule: str  # name of the rule that decided, as it stands in the log
    score: float  # 0 to 100, 100 = the same
    agreed: tuple[str, ...] = ()  # names of fields on which both agree
    differed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """One exclusion reason of the protocol; its place in the list is its priority."""

    code: str
    label: str
    demo_only: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of screening and the rules that turn votes into an outcome there."""

    name: str  # "title-abstract" or "full-text"
    reviewers_needed: int
    advances: frozenset[str]  # verdicts that, given by all, send a record on
    final: frozenset[str]  # verdicts that, given by all, settle it
    needs_reason: bool  # whether an exclusion must name a reason


class Page(NamedTuple):
    """One page of a full text, or one section of a text without pages."""

    label: str  # "3", "3 (1034)" where the file prints another number on it, "Results"; "" where it has none
    text: str
    file: str = ""  # name of the file it is in


class FieldKind(StrEnum):
    """What a field of a form holds."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"  # with a unit where the field names any
    DATE = "date"  # of a year, a month or a day: 2021, 2021-03, 2021-03-17
    CHOICE = "choice"
    CHOICES = "choices"  # several of them
    YES_NO = "yes-no"  # yes, no or unclear


@dataclass(frozen=True, slots=True)
class Condition:
    """When a field is asked: while another of the same row, or of a row above it, holds one of these values."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question of a form."""

    name: str  # as commands and files call it; once in a form
    level: str
    title: str
    kind: FieldKind
    role: str = ""  # what tables and audit take it for, such as "drug"; once in a form
    section: str = ""  # a heading over it and those that follow
    required: bool = False
    least: float | None = None
    most: float | None = None
    units: tuple[str, ...] = ()  # of a number; the first is the usual one
    choices: tuple[str, ...] = ()
    others: bool = False  # whether a choice may also be a text of one's own
    when: Condition | None = None
    tolerance: float = 0.0  # numbers that differ by no more are the same
    help: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a form: the study itself, or rows that repeat under it or under rows of another level."""

    name: str
    title: str
    letter: str = ""  # with which its rows are numbered: P1, P2; "" for the study itself
    of: str = ""  # the level above; "" for the study itself
    key: tuple[str, ...] = ()  # fields by which the rows of two extractors are held against each other


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form as written in a protocol or a file of its own: fields on one to four levels."""

    name: str  # "data", or the name of an instrument of appraisal
    title: str
    levels: tuple[Level, ...]  # the study itself first, each level behind the one above it
    fields: tuple[Field, ...]
    subject: str = "study"  # or "review": filled in once, such as a summary of findings
    abbreviations: tuple[tuple[str, str], ...] = ()
    citation: str = ""  # of the instrument
    sha256: str = ""  # of all of this; comments and layout of the file do not count


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument of appraisal that the protocol asks for."""

    name: str
    designs: tuple[str, ...] = ()  # of the studies it is for; empty: of all


@dataclass(frozen=True, slots=True)
class Value:
    """What stands in one cell: a value, or a code for a missing one. Never both, never neither."""

    text: str = ""  # spelled the one way of its kind; several choices parted by "; "
    unit: str = ""
    code: str = ""  # NR not reported, NA not applicable, UN unclear, AS authors asked

    @property
    def number(self) -> float | None:
        """As a number; None where it is a code or no number."""
        try:
            return float(self.text)
        except ValueError:
            return None

    @property
    def items(self) -> tuple[str, ...]:
        """The choices, of several."""
        return tuple(self.text.split("; ")) if self.text else ()

    def __str__(self) -> str:
        """As people read it."""
        return self.code or (f"{self.text} {self.unit}" if self.unit else self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A value with where it stands in the report, and who says so."""

    value: Value
    quote: str = ""
    page: str = ""
    report: str = ""  # key of the report it is from
    formula: str = ""  # of a derived value
    note: str = ""
    names: tuple[str, ...] = ()  # who gave it, or agreed on it
    settled: str = "given"  # by one alone; or "agreed" by two, "checked", "resolved"; "open": they differ


@dataclass(frozen=True, slots=True)
class DataRow:
    """One row of a study: of the study itself (row ""), or of a level that repeats."""

    row: str  # P1
    level: str
    parent: str  # the row above it; "" where that is the study itself
    cells: Mapping[str, Cell]  # field → cell; those never answered are absent

    def text(self, field: str) -> str:
        """The value of a field as people read it; "" where it has none."""
        cell = self.cells.get(field)
        return str(cell.value) if cell is not None else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyData:
    """What is extracted from one study, as it stands."""

    study: str
    kind: str  # "literature" or "own"
    title: str
    reports: tuple[str, ...]  # keys of its reports
    rows: tuple[DataRow, ...]  # the study itself first
    missing: tuple[str, ...] = ()  # why it is not final, in sentences

    def at(self, level: str, parent: str | None = None) -> tuple[DataRow, ...]:
        """The rows of a level, or those under one row."""
        return tuple(r for r in self.rows if r.level == level and parent in (None, r.parent))

    @property
    def itself(self) -> DataRow:
        """The row of the study itself."""
        return self.rows[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """A review protocol as read from its file."""

    title: str
    text: str
    sha256: str
    registration: str = ""
    notice: str = ""  # printed with every number of this review
    question: tuple[tuple[str, str], ...] = ()  # ("population", "..."), in order
    designs: tuple[str, ...] = ()
    planned_sources: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    reasons: tuple[Reason, ...] = ()
    highlight_include: tuple[str, ...] = ()
    highlight_exclude: tuple[str, ...] = ()
    identified: str = "union"  # or "sum-of-sub-queries"
    screen_other_methods: bool = False  # whether other-method records pass title and abstract first
    merge_at: float = field(default=95.0)  # duplicate scores from here on are merged unasked
    ask_at: float = field(default=85.0)  # and from here on a person is asked
    duplicate_reviewers: int = 1  # how many must say the same of a pair that is asked: 1 or 2
    preprints: str = "link"  # to their articles; or "merge" them, or leave them "apart"
    order: str = "same"  # in which records are screened: as they came, for everyone; or "shuffled" for each
    order_seed: int = 1  # of the shuffle
    pilot_votes: str = "count"  # or "apart": the records of a pilot are judged again after it
    form: Form | None = None  # of data extraction
    extraction: str = (
        "double"  # "double": two extract blindly; "checked": one extracts, another checks; "single"
    )
    instruments: tuple[Instrument, ...] = ()  # of appraisal
    appraisal: str = "double"  # as extraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number that a review may publish: it has a name, says what it counts, and knows the rows behind it."""

    name: str  # "prisma.records_screened": what `why` and `{{...}}` in a manuscript call it
    value: int | float | None  # None: not known, and `why_not` says why
    definition: str  # what it is, in one sentence
    of: str  # what is counted: "records", "reports", "studies", "subjects", ...; "" for what is no count
    rows: tuple[str, ...] = ()  # keys of records or reports, names of studies, or what `of` says, as texts
    notes: tuple[str, ...] = ()  # of each row, why it is behind the number or how much of it; or none at all
    why_not: str = ""  # closed to view, does not apply, not estimable: in a sentence
    is_closed: bool = False  # whether it is not known because a round keeps it closed to view
    words: str = ""  # how it is printed, where that is not the bare number: "at least 12", "94.0%", "0.78"
    interim: str = ""  # the work that is left and may still change it; "" where none is
    derived: str = ""  # how it comes about from the log, in a few words

    @property
    def text(self) -> str:
        """The number as it is printed: "1,234", or its own words; "–" while it is not known."""
        if self.value is None:
            return "–"
        return self.words or f"{self.value:,}"

    @property
    def is_at_least(self) -> bool:
        """Whether more may be behind it than what is known."""
        return self.words.startswith(AT_LEAST)


AT_LEAST = "at least"  # begins the words of a number of which some rows are not known


class Behind(NamedTuple):
    """One row behind a number, as a reader sees it."""

    key: str  # of the record or report, the study's name, or whatever the number counts
    text: str  # a record or report cited in full; a study with its reports; else what is known of it
    link: str = ""  # where it stands outside this review, as a web address; "" if nobody stated one
    note: str = ""  # why it is behind the number, where that needs saying
