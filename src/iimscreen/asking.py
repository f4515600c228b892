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
    rule: str
    score: float | None


def asked(review: Review) -> list[Pair]:
    """Pairs that wait for a person, best score first."""
    kept = {row[0]: row[4] for row in records.memberships(review)}
    return [
        Pair(
            records.by_key(review, one.key), records.by_key(review, one.other_key), one.decided_by, one.score
        )
        for one in waiting(duplicates.standing(review), kept, curation.removed(review))
    ]


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
