"""Which pairs of records wait for a person, one question for each pair of reports."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from iimscreen.model import StoredRecord
from iimscreen.store import Review, curation, duplicates, records
from iimscreen.store.duplicates import ASKED, DISTINCT, PairVerdict


@dataclass(frozen=True, slots=True)
class Pair:
    """An asked pair, with both records."""

    record: StoredRecord
    other: StoredRecord
    rule: str  # as it stands in the log: "rule:NAME"
    score: float | None


def questions(review: Review) -> list[PairVerdict]:
    """The verdicts "asked" that are still a question, best score first."""
    return waiting(duplicates.standing(review), records.kept_keys(review), curation.removed(review))


def question_on(review: Review, key: str, other_key: str) -> PairVerdict | None:
    """The question about the two reports of these records, if they are two and it is open."""
    around = duplicates.neighbourhood(review, (key, other_key))
    reports = {around.kept[key], around.kept[other_key]}
    return next(
        (
            one
            for one in waiting(around.verdicts, around.kept, curation.removed(review))
            if {around.kept[one.key], around.kept[one.other_key]} == reports
        ),
        None,
    )


def asked(review: Review) -> list[Pair]:
    """Pairs that wait for a person, best score first."""
    return [with_records(review, one) for one in questions(review)]


def with_records(review: Review, question: PairVerdict) -> Pair:
    """A question with both records, and the rule or guard that asks it."""
    rule = question.decided_by
    if question.by_person:  # someone took their word back; what the rules said last still tells why
        past = duplicates.history(review, question.key, question.other_key)
        rule = next(
            (one.verdict.decided_by for one in reversed(past) if not one.verdict.by_person), "rule:by_hand"
        )
    return Pair(
        records.by_key(review, question.key), records.by_key(review, question.other_key), rule, question.score
    )


def waiting(
    verdicts: Iterable[PairVerdict], kept: Mapping[str, str], removed: Collection[str] = ()
) -> list[PairVerdict]:
    """Asked pairs that are still a question, best score first: one for each pair of reports.

    A pair is none any more when other merges made it one report, when a person has set apart any two
    records of the two reports, or when all records of one of them are `removed`.
    """
    apart = set()
    open_ones: dict[frozenset[str], PairVerdict] = {}
    for one in sorted(verdicts, key=lambda one: -(one.score or 0)):
        reports = frozenset((kept[one.key], kept[one.other_key]))
        if one.verdict == DISTINCT and one.by_person:
            apart.add(reports)
        elif one.verdict == ASKED and len(reports) == 2 and reports.isdisjoint(removed):
            open_ones.setdefault(reports, one)
    return [one for reports, one in open_ones.items() if reports not in apart]
