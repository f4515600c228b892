"""What differs between two answers to a search, and why, as far as the records tell. Pure.

It takes two sides (a run, a search with several runs, or a list of PMIDs) and gives each record that
only one of them has, or whose contents differ, one leading reason, out of the table in `reasons.py`.

Two limits of every explanation stand in `caveats.py`: a date limit by [crdt] leaves out records that
entered later, but searches today's headings and texts, not those of that day; and a record that is no
longer found may have been changed, merged or deleted, which its old contents cannot tell.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields

from iimscreen.comparison.reasons import REASONS, Change, Grade, Reason
from iimscreen.model import Record


@dataclass(frozen=True, slots=True)
class Limit:
    """A date limit: up to which day, by which date."""

    field: str  # crdt, edat or dp; first-posted for ClinicalTrials.gov
    until: str  # ISO date, included

    @property
    def is_by_entry(self) -> bool:
        """Whether it is by the day on which a record entered the source, which never moves."""
        return self.field in ("crdt", "first-posted")


@dataclass(frozen=True, slots=True)
class Found:
    """One record as a side has it."""

    accession: str
    pmid: str | None
    doi: str | None
    content: Record | None = None  # what this side's own replies say; None if they are not kept
    read_as: str = ""  # which reader made the contents: only those of one reader are compared


@dataclass(frozen=True, slots=True)
class Query:
    """One sub-query of a side and what it found."""

    text: str  # as written, without the date limit
    interpreted_as: str
    accessions: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two answers to compare."""

    name: str  # as people shall read it
    source: str | None  # None: a list of PMIDs
    asked_until: str | None  # ISO day or moment in UTC; None if not known
    limit: Limit | None = None
    data: str | None = None  # names the searched data, where the name stands for the very content
    records: Mapping[str, Found] = field(default_factory=dict)  # by accession, in the order found
    queries: Mapping[str, Query] = field(default_factory=dict)  # by label; none for lists and imports

    @property
    def day(self) -> str | None:
        """The UTC day on which it was made."""
        return None if self.asked_until is None else self.asked_until[:10]

    @property
    def texts(self) -> frozenset[str] | None:
        """What was searched, as written; None where that is not known."""
        return frozenset(query.text for query in self.queries.values()) or None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a record's contents on either side."""

    field: str
    first: object
    second: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One record that differs, with its leading reason."""

    record: str  # accession where it is found; on both sides, the first's
    pmid: str | None
    doi: str | None
    title: str | None
    change: Change
    reason: Reason
    detail: str = ""  # the dates or records that the reason rests on
    fields: tuple[FieldChange, ...] = ()

    @property
    def grade(self) -> Grade:
        """How well the reason is known."""
        return REASONS[self.reason].grade


@dataclass(frozen=True, slots=True)
class SubQueryChange:
    """What one label found on either side; `gained` and `lost` are accessions, in order."""

    label: str
    same_text: bool
    first_hits: int
    second_hits: int
    gained: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that differs. Counts follow from the lists."""

    first: Side
    second: Side
    differences: tuple[Difference, ...]  # new, lost, retracted, changed; each in the order found
    in_both: int
    not_comparable: int  # records on both sides whose contents cannot be compared
    sub_queries: tuple[SubQueryChange, ...]

    @property
    def same_source(self) -> bool:
        """Whether both sides asked one source; a list of PMIDs stands for PubMed."""
        return same_source(self.first, self.second)

    def count(self, change: Change) -> int:
        """How many records changed so."""
        return sum(one.change is change for one in self.differences)

    def grades(self) -> dict[Grade, int]:
        """How many differences are explained how well; the sum is their number."""
        found = Counter(one.grade for one in self.differences)
        return {grade: found[grade] for grade in Grade}

    @property
    def share_cannot_know(self) -> float | None:
        """Which part (0 to 1) of the differences cannot be explained; None if there are none."""
        if not self.differences:
            return None
        return self.grades()[Grade.CANNOT_KNOW] / len(self.differences)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of records beside the two sides."""

    entered_on: Mapping[str, str] = field(default_factory=dict)  # accession or PMID → day of entry
    asked_now: Mapping[str, Record | None] = field(default_factory=dict)  # PMID → record; None: not given


NOTHING_ELSE = Facts()


def compare(first: Side, second: Side, facts: Facts = NOTHING_ELSE) -> Comparison:
    """What the second side has, lacks or says otherwise than the first, each with one leading reason.

    Within one source records are matched by accession, then PMID; else by PMID, then DOI.
    """
    pairs = _matched(first, second)
    of_second = {other: one for one, other in pairs.items()}
    new = [found for found in second.records.values() if found.accession not in of_second]
    lost = [found for found in first.records.values() if found.accession not in pairs]
    differences = [
        *_missing(Change.NEW, new, _Absence.of(second, first, lost), facts),
        *_missing(Change.LOST, lost, _Absence.of(first, second, new), facts),
    ]
    not_comparable = 0
    in_both: list[Difference] = []
    for one, other in pairs.items():
        pair = (first.records[one], second.records[other])
        not_comparable += not _is_comparable(*pair)
        in_both += _changed(pair, _later(first, second))
    differences += [one for one in in_both if one.change is Change.RETRACTED]
    differences += [one for one in in_both if one.change is Change.CHANGED]
    return Comparison(
        first,
        second,
        tuple(differences),
        len(pairs),
        not_comparable,
        tuple(_sub_queries(first, second, pairs)),
    )


def same_source(first: Side, second: Side) -> bool:
    """Whether both sides asked one source; a list of PMIDs stands for PubMed."""
    sources = {side.source or "pubmed" for side in (first, second)}
    return len(sources) == 1


def _matched(first: Side, second: Side) -> dict[str, str]:
    """Accession on the first side → accession of the same record on the second, in the first's order."""
    partners: dict[str, str] = {}
    taken: set[str] = set()
    for name in ("accession", "pmid") if same_source(first, second) else ("pmid", "doi"):
        # One identifier may stand on several records: sorted, so that both directions agree.
        offered: dict[str, list[Found]] = {}
        for found in sorted(second.records.values(), key=lambda found: found.accession):
            value = getattr(found, name)
            if value and found.accession not in taken:
                offered.setdefault(value, []).append(found)
        for found in sorted(first.records.values(), key=lambda found: found.accession):
            if found.accession in partners:
                continue
            waiting = offered.get(getattr(found, name) or "", [])
            # Two PMIDs are two records, whatever DOI they share.
            fitting = [one for one in waiting if name != "doi" or not (one.pmid and found.pmid)]
            if fitting:
                waiting.remove(fitting[0])
                partners[found.accession] = fitting[0].accession
                taken.add(fitting[0].accession)
    return {accession: partners[accession] for accession in first.records if accession in partners}


def _later(first: Side, second: Side) -> Side | None:
    """The side made later; None if that is not known."""
    if first.asked_until is None or second.asked_until is None:
        return None
    if first.day == second.day and min(len(first.asked_until), len(second.asked_until)) == len("2023-08-23"):
        return None  # one of them is known to the day only
    if first.asked_until == second.asked_until:
        return None
    return first if first.asked_until > second.asked_until else second


# --- why one side lacks a record -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Absence:
    """What holds for every record that one side has and the other lacks."""

    has: Side
    lacks: Side
    same_source: bool
    has_is_later: bool
    same_queries: bool | None  # None: not known
    same_reading: bool
    headings_count: bool  # whether the queries look at headings, as far as the source tells
    others: Mapping[str, str]  # DOI, or title and year, of what only `lacks` has → accession

    @classmethod
    def of(cls, has: Side, lacks: Side, only_lacks_has: Sequence[Found]) -> _Absence:
        known = has.texts is not None and lacks.texts is not None
        return cls(
            has=has,
            lacks=lacks,
            same_source=same_source(has, lacks),
            has_is_later=_later(has, lacks) is has,
            same_queries=has.texts == lacks.texts if known else None,
            same_reading=_readings(has) == _readings(lacks),
            headings_count=_headings_count(has),
            others={
                mark: found.accession
                for found in sorted(only_lacks_has, key=lambda found: found.accession, reverse=True)
                for mark in _marks(found)
            },
        )


_RANGE = re.compile(r'"?\d{4}(?:/\d\d?)*"?(?:\[[^\]]*\])?\s*:\s*"?\d{4}(?:/\d\d?)*"?(?:\[[^\]]*\])?')
_HEADINGS = re.compile(
    r"\[(?:mesh|mh|majr|sh|pa|nm|pharmacological|supplementary|substance|subheading)", re.IGNORECASE
)


def _readings(side: Side) -> dict[str, str]:
    """How the source read each text, dates of ranges left out: they differ with the date limit."""
    return {
        query.text: _RANGE.sub("", query.interpreted_as)
        for query in side.queries.values()
        if query.interpreted_as
    }


def _headings_count(side: Side) -> bool:
    readings = [query.interpreted_as for query in side.queries.values()]
    return not all(readings) or any(map(_HEADINGS.search, readings)) or not readings


def _marks(found: Found) -> Iterator[str]:
    """What a record and its successor under another number have in common."""
    if found.doi:
        yield f"doi:{found.doi}"
    if found.content is not None and found.content.title and found.content.year:
        words = re.sub(r"\W+", "", found.content.title).casefold()
        if len(words) >= 30:  # "Editorial" or "Reply" is no title to know a record by
            yield f"title:{words}:{found.content.year}"


def _missing(
    change: Change, missing: Sequence[Found], absence: _Absence, facts: Facts
) -> Iterator[Difference]:
    for found in missing:
        reason, detail = _why(found, absence, facts)
        yield Difference(
            record=found.accession,
            pmid=found.pmid,
            doi=found.doi,
            title=found.content.title if found.content else None,
            change=change,
            reason=reason,
            detail=detail,
        )


def _why(found: Found, absence: _Absence, facts: Facts) -> tuple[Reason, str]:
    """The leading reason: the first of the table that holds, and what it rests on."""
    now = facts.asked_now.get(found.pmid or "")
    content = found.content or now
    entered = (
        (content.entered_on if content else None)
        or facts.entered_on.get(found.accession)
        or facts.entered_on.get(found.pmid or "")
    )
    return (
        _by_dates(entered, absence)
        or _by_data(absence)
        or _by_asking(found, absence, facts, is_gone=True)
        or _by_weaker_dates(entered, content, absence)
        or _by_the_sides(found, absence)
        or _by_asking(found, absence, facts, is_gone=False)
        or _by_later_changes(content, absence)
        or _by_nothing(entered, found, absence, facts)
    )


_Why = tuple[Reason, str]


def _by_dates(entered: str | None, absence: _Absence) -> _Why | None:
    limit, day = absence.lacks.limit, absence.lacks.day
    if entered is None or not absence.same_source:
        return None
    limits_differ = absence.has.limit != limit
    if limit and limit.is_by_entry and limits_differ and _is_after(entered, limit.until):
        return Reason.ENTERED_AFTER_LIMIT, f"entered on {entered}; the limit ends on {limit.until}"
    if day and _is_after(entered, day):
        return Reason.ENTERED_LATER, f"entered on {entered}; {absence.lacks.name} is of {day}"
    return None


def _by_data(absence: _Absence) -> _Why | None:
    """What follows when nothing but the query, or nothing but the limit, was another."""
    if absence.has.data is None or absence.has.data != absence.lacks.data or absence.same_queries is None:
        return None
    same_limit = absence.has.limit == absence.lacks.limit
    if absence.same_queries and not same_limit:
        return Reason.OTHER_LIMIT, ""
    if same_limit and not absence.same_queries:
        return Reason.OTHER_QUERY_SAME_DATA, ""
    return None


def _by_weaker_dates(entered: str | None, content: Record | None, absence: _Absence) -> _Why | None:
    limit, day = absence.lacks.limit, absence.lacks.day
    published = content.published_on or (str(content.year) if content.year else None) if content else None
    by_publication = limit is not None and (not limit.is_by_entry or entered is None)
    if (
        limit
        and by_publication
        and absence.has.limit != limit
        and published
        and _is_after(published, limit.until)
    ):
        return Reason.PUBLISHED_AFTER_LIMIT, f"published {published}; the limit ends on {limit.until}"
    if absence.same_source and entered is not None and entered == day and absence.has_is_later:
        return Reason.ENTERED_SAME_DAY, f"entered on {entered}"
    return None


def _by_the_sides(found: Found, absence: _Absence) -> _Why | None:
    if not absence.same_source:
        can_match = found.pmid or (found.doi and absence.lacks.source is not None)  # a list has PMIDs only
        return (Reason.OTHER_SOURCE if can_match else Reason.NO_IDENTIFIER), ""
    successor = _successor(found, absence)
    if successor:
        return Reason.SAME_REPORT, successor
    return (Reason.OTHER_QUERY, "") if absence.same_queries is False else None


def _successor(found: Found, absence: _Absence) -> str:
    """Under which number the other side has the same report; "" if it has none."""
    other = next((absence.others[mark] for mark in _marks(found) if mark in absence.others), None)
    return "" if other is None else f"{absence.lacks.name} has it as {other}"


def _by_asking(found: Found, absence: _Absence, facts: Facts, *, is_gone: bool) -> _Why | None:
    """What PubMed says now, which explains what a later side lacks and nothing about an earlier one."""
    if absence.has_is_later or found.pmid is None or found.pmid not in facts.asked_now:
        return None
    now = facts.asked_now[found.pmid]
    if now is None:
        return (Reason.GONE, _successor(found, absence)) if is_gone else None
    if is_gone or found.content is None:
        return None
    changed = [name for name in (*_TEXT, *_INDEXING) if getattr(now, name) != getattr(found.content, name)]
    return (Reason.CHANGED_SINCE, ", ".join(changed)) if changed else None


def _by_later_changes(content: Record | None, absence: _Absence) -> _Why | None:
    """What happened to the record after the other side was made."""
    day = absence.lacks.day
    if content is None or day is None or not absence.has_is_later:
        return None
    indexed = content.indexed_on
    # A record that was never indexed has its day of entry there.
    if indexed and indexed != content.entered_on and _is_after(indexed, day) and absence.headings_count:
        return Reason.INDEXED_LATER, f"MeSH date {indexed}; {absence.lacks.name} is of {day}"
    if absence.same_queries and not absence.same_reading:
        return Reason.OTHER_READING, ""
    if absence.same_queries and content.revised_on and _is_after(content.revised_on, day):
        return Reason.REVISED_LATER, f"revised on {content.revised_on}; {absence.lacks.name} is of {day}"
    return None


def _by_nothing(entered: str | None, found: Found, absence: _Absence, facts: Facts) -> _Why:
    if absence.same_queries and not absence.same_reading:
        return Reason.OTHER_READING, ""
    is_given = facts.asked_now.get(found.pmid or "") is not None
    if is_given and found.content is not None and not absence.has_is_later:
        return Reason.STILL_THERE, ""
    if absence.lacks.limit and absence.has.limit != absence.lacks.limit and entered is None:
        return Reason.UNDATED, ""
    is_list = absence.has.source is None or absence.lacks.source is None
    return (Reason.LIST if is_list else Reason.UNEXPLAINED), ""


def _is_after(date: str, day: str) -> bool:
    """Whether a date, however coarse, lies wholly after a day."""
    return date[:10] > day[: len(date[:10])]


# --- what changed in a record that both sides have -------------------------------------------------

_TEXT = ("title", "abstract", "vernacular_title", "keywords")
_INDEXING = ("mesh_terms", "substances", "publication_types", "registry_numbers")
_IDENTITY = ("source_id", "accession", "provenance")
_FIELDS = tuple(one.name for one in fields(Record) if one.name not in _IDENTITY)
_RETRACTION = ("retractionin", "retractedandrepublishedin")
_CONCERN = ("expressionofconcernin",)
_CORRECTION = (
    "erratumin",
    "correctedandrepublishedin",
    "correctedrepublishedin",
    "republishedin",
    "updatein",
)


def is_retracted(record: Record) -> bool:
    """Whether a record says of itself that it was retracted (a notice of retraction does not)."""
    return any(kind.casefold() == "retracted publication" for kind in record.publication_types) or bool(
        _links(record, _RETRACTION)
    )


def _links(record: Record, kinds: Sequence[str]) -> set[tuple[str, str | None, str]]:
    return {(link.kind, link.pmid, link.citation) for link in record.links if link.kind.lower() in kinds}


def _is_comparable(one: Found, other: Found) -> bool:
    return one.content is not None and other.content is not None and one.read_as == other.read_as


def _changed(pair: tuple[Found, Found], later: Side | None) -> Iterator[Difference]:
    """The difference between two contents of one record, if any."""
    one, other = pair
    if one.content is None or other.content is None or one.content is other.content:
        return
    changed: tuple[FieldChange, ...] = ()
    if _is_comparable(one, other):
        if one.content == other.content:
            return
        changed = tuple(
            FieldChange(name, getattr(one.content, name), getattr(other.content, name))
            for name in _FIELDS
            if getattr(one.content, name) != getattr(other.content, name)
        )
    swapped = later is not None and later.records.get(one.accession) is one
    before, after = (other.content, one.content) if swapped else (one.content, other.content)
    reason = _since(before, after, is_ordered=later is not None)
    if reason is None and changed:
        reason = _kind_of({change.field for change in changed}, before, after, is_ordered=later is not None)
    if reason is None:
        return
    yield Difference(
        record=one.accession,
        pmid=one.pmid or other.pmid,
        doi=one.doi or other.doi,
        title=after.title or before.title,
        change=Change.RETRACTED if reason is Reason.RETRACTED_SINCE else Change.CHANGED,
        reason=reason,
        detail=", ".join(change.field for change in changed),
        fields=changed,
    )


def _since(before: Record, after: Record, *, is_ordered: bool) -> Reason | None:
    """Retraction, concern or correction that the earlier contents lack; either way round without order."""
    for one, other in ((before, after),) if is_ordered else ((before, after), (after, before)):
        if is_retracted(other) and not is_retracted(one):
            return Reason.RETRACTED_SINCE
    for kinds, reason in ((_CONCERN, Reason.CONCERN_SINCE), (_CORRECTION, Reason.CORRECTED_SINCE)):
        old, new = _links(before, kinds), _links(after, kinds)
        if new - old or (not is_ordered and old - new):
            return reason
    return None


def _kind_of(changed: set[str], before: Record, after: Record, *, is_ordered: bool) -> Reason | None:
    if changed & {"mesh_terms", "substances"}:
        added = all(
            set(getattr(before, name)) <= set(getattr(after, name)) for name in ("mesh_terms", "substances")
        )
        if added and is_ordered:
            return Reason.MESH_ADDED
    if changed & set(_INDEXING):
        return Reason.INDEXING_CHANGED
    if changed & set(_TEXT):
        return Reason.TEXT_CHANGED
    return Reason.DETAILS_CHANGED if changed else None


def _sub_queries(first: Side, second: Side, pairs: Mapping[str, str]) -> Iterator[SubQueryChange]:
    """Per label, if both sides have the same labels."""
    if not first.queries or list(first.queries) != list(second.queries):
        return
    for label, one in first.queries.items():
        other = second.queries[label]
        matched = {pairs[accession] for accession in one.accessions if accession in pairs}
        yield SubQueryChange(
            label=label,
            same_text=one.text == other.text,
            first_hits=len(one.accessions),
            second_hits=len(other.accessions),
            gained=tuple(sorted(other.accessions - matched)),
            lost=tuple(
                sorted(
                    acc
                    for acc in one.accessions
                    if pairs.get(acc) not in other.accessions or acc not in pairs
                )
            ),
        )
