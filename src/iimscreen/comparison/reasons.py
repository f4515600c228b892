"""The table of reasons why two answers to a search differ: how good each is, and what it rests on. Pure.

The order of `Reason` is its rank: the first that holds leads.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How well a reason is known."""

    CERTAIN = "certain"  # follows from what the source states
    LIKELY = "likely"  # fits all that is stated, and could be otherwise
    CANNOT_KNOW = "cannot know"  # what is stored does not tell


class Change(StrEnum):
    """What became of a record between the first side and the second."""

    NEW = "new"
    LOST = "lost"
    RETRACTED = "retracted"
    CHANGED = "changed"


class Reason(StrEnum):
    """Why a record differs. The order is the rank: the first that holds leads."""

    # One side lacks the record.
    ENTERED_AFTER_LIMIT = "entered after the date limit"
    ENTERED_LATER = "entered later"
    OTHER_LIMIT = "another date limit"
    OTHER_QUERY_SAME_DATA = "another query, same data"
    GONE = "no longer given"
    PUBLISHED_AFTER_LIMIT = "published after the date limit"
    ENTERED_SAME_DAY = "entered on the same day"
    NO_IDENTIFIER = "no identifier"
    OTHER_SOURCE = "another source"
    SAME_REPORT = "under another number"
    OTHER_QUERY = "another query"
    CHANGED_SINCE = "changed since"
    INDEXED_LATER = "indexed later"
    OTHER_READING = "read otherwise"
    REVISED_LATER = "revised later"
    UNDATED = "no day of entry stated"
    STILL_THERE = "still given, unchanged"
    LIST = "list without a search"
    UNEXPLAINED = "not explained"
    # Both sides have it, and their contents differ.
    RETRACTED_SINCE = "retracted since"
    CONCERN_SINCE = "concern since"
    CORRECTED_SINCE = "corrected since"
    MESH_ADDED = "MeSH added since"
    INDEXING_CHANGED = "indexing changed"
    TEXT_CHANGED = "text changed"
    DETAILS_CHANGED = "details changed"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table: how good a reason is, and what it rests on."""

    grade: Grade
    how: str


# "The other side" is the one that lacks the record.
REASONS: dict[Reason, Rule] = {
    Reason.ENTERED_AFTER_LIMIT: Rule(
        Grade.CERTAIN, "its day of entry lies after the end of the other side's limit by day of entry [crdt]"
    ),
    Reason.ENTERED_LATER: Rule(
        Grade.CERTAIN, "its day of entry lies after the day (UTC) on which the other side was made"
    ),
    Reason.OTHER_LIMIT: Rule(
        Grade.CERTAIN, "the same queries put to the very same data; only the date limits differ"
    ),
    Reason.OTHER_QUERY_SAME_DATA: Rule(
        Grade.CERTAIN, "the very same data under the same date limit; only the queries differ"
    ),
    Reason.GONE: Rule(
        Grade.LIKELY,
        "asked now, PubMed does not give this PMID: deleted, or merged into another; whether it was so on the "
        "day of the other side is not stated",
    ),
    Reason.PUBLISHED_AFTER_LIMIT: Rule(
        Grade.LIKELY,
        "first published after the end of the other side's limit, which is by another date, or by a day "
        "of entry that the record does not state",
    ),
    Reason.ENTERED_SAME_DAY: Rule(
        Grade.LIKELY, "entered on the very day (UTC) on which the other side was made"
    ),
    Reason.NO_IDENTIFIER: Rule(
        Grade.CANNOT_KNOW, "states no PMID, or DOI, by which the other side could have it"
    ),
    Reason.OTHER_SOURCE: Rule(
        Grade.CANNOT_KNOW,
        "the sides are different sources: whether the other one holds the record is not known",
    ),
    Reason.SAME_REPORT: Rule(
        Grade.LIKELY, "the other side has a record with the same DOI, or title and year, under another number"
    ),
    Reason.OTHER_QUERY: Rule(Grade.LIKELY, "the queries are not the same"),
    Reason.CHANGED_SINCE: Rule(
        Grade.LIKELY, "asked now, PubMed gives it with other headings or another text than it had"
    ),
    Reason.INDEXED_LATER: Rule(
        Grade.LIKELY, "got its MeSH date [mhda] after the other side was made, and headings are searched"
    ),
    Reason.OTHER_READING: Rule(
        Grade.LIKELY, "the source read the same words otherwise (its QueryTranslation differs)"
    ),
    Reason.REVISED_LATER: Rule(
        Grade.LIKELY, "revised after the other side was made; what was changed is not stated"
    ),
    Reason.UNDATED: Rule(
        Grade.CANNOT_KNOW, "the date limits differ, and the record does not state its day of entry"
    ),
    Reason.STILL_THERE: Rule(
        Grade.CANNOT_KNOW,
        "asked now, PubMed gives it with the same headings and text; why it is not found is open",
    ),
    Reason.LIST: Rule(Grade.CANNOT_KNOW, "a list of PMIDs does not tell how, or out of what, it was made"),
    Reason.UNEXPLAINED: Rule(
        Grade.CANNOT_KNOW, "nothing stated explains it: changed, merged, deleted, or found otherwise"
    ),
    Reason.RETRACTED_SINCE: Rule(
        Grade.CERTAIN, "the later contents say retracted (type or RetractionIn), the earlier do not"
    ),
    Reason.CONCERN_SINCE: Rule(Grade.CERTAIN, "the later contents link an expression of concern"),
    Reason.CORRECTED_SINCE: Rule(
        Grade.CERTAIN, "the later contents link a correction, update or new version"
    ),
    Reason.MESH_ADDED: Rule(
        Grade.CERTAIN, "the later contents have headings or substances beside the earlier"
    ),
    Reason.INDEXING_CHANGED: Rule(Grade.CERTAIN, "headings, substances or publication types differ"),
    Reason.TEXT_CHANGED: Rule(Grade.CERTAIN, "title, abstract or keywords differ"),
    Reason.DETAILS_CHANGED: Rule(Grade.CERTAIN, "other facts differ, such as pages, dates or status"),
}
