"""What a record is, by the publication types that its source states."""

from __future__ import annotations

from enum import StrEnum

from iimscreen.model import Record


class Kind(StrEnum):
    """The kinds of publications that reference managers tell apart."""

    ARTICLE = "article"
    BOOK = "book"
    CHAPTER = "chapter"
    CONFERENCE = "conference"
    THESIS = "thesis"
    REPORT = "report"
    PREPRINT = "preprint"
    UNPUBLISHED = "unpublished"
    OTHER = "other"


_BY_TYPE = {
    "preprint": Kind.PREPRINT,
    "book": Kind.BOOK,
    "book chapter": Kind.CHAPTER,
    "chapter": Kind.CHAPTER,
    "book section": Kind.CHAPTER,
    "abstract": Kind.CONFERENCE,
    "meeting abstract": Kind.CONFERENCE,
    "congress": Kind.CONFERENCE,
    "conference abstract": Kind.CONFERENCE,
    "conference paper": Kind.CONFERENCE,
    "conference proceedings": Kind.CONFERENCE,
    "conference review": Kind.CONFERENCE,
    "proceedings paper": Kind.CONFERENCE,
    "thesis": Kind.THESIS,
    "dissertation": Kind.THESIS,
    "academic dissertation": Kind.THESIS,
    "report": Kind.REPORT,
    "technical report": Kind.REPORT,
    "unpublished work": Kind.UNPUBLISHED,
    "dataset": Kind.OTHER,
    "web page": Kind.OTHER,
    "trial registry record": Kind.OTHER,
    "clinical trial registration": Kind.OTHER,
}


def kind_of(record: Record) -> Kind:
    """What a record is; without a type that tells, an article where it has a journal."""
    for word in record.publication_types:
        if found := _BY_TYPE.get(" ".join(word.casefold().split())):
            return found
    return Kind.ARTICLE if record.journal or record.journal_abbreviation else Kind.OTHER
