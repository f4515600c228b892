"""How far the databases of a review overlap, and what each alone contributed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from iimscreen.duplicates import progress
from iimscreen.model import Kind
from iimscreen.protocol import FULL_TEXT
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, records, versions
from iimscreen.store.gate import Gate
from iimscreen.voting import State


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one database brought."""

    database: str
    kind: Kind
    records: int
    reports: int
    unique: int  # reports that no other database brought
    shared: tuple[int, ...]  # reports shared with each database, in their order; with itself, all of its own
    included: int | None  # included reports among its own; None while that may not be told
    included_unique: int | None  # included reports that it alone brought

    @property
    def share(self) -> float | None:
        """Its unique reports as a share of its own, 0 to 1; None where it has none."""
        return self.unique / self.reports if self.reports else None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Every database with what it brought, in order of first use."""

    databases: tuple[Contribution, ...]
    reports: int
    included: int | None  # None while full text is not assessed to its end
    open: tuple[str, ...]  # what may still change these numbers, in sentences


def overlap(review: Review) -> Overlap:
    """The databases of a review side by side. Versions made elsewhere are no databases of this search."""
    with review.reading():
        protocol = in_force(review)
        gate = Gate(review, protocol)
        included = None
        if gate.is_complete(FULL_TEXT) and gate.is_open(FULL_TEXT):
            included = {
                one.key
                for one in gate.reports()
                if one.assessment is not None and one.assessment.state is State.INCLUDE
            }
        brought = [
            (database, kind, report)
            for key, _, database, kind, report, _ in records.memberships(review)
            if not versions.is_made_elsewhere(key)
        ]
        return Overlap(
            contributions(brought, included),
            len({report for _, _, report in brought}),
            None if included is None else len(included),
            tuple(progress.unfinished(review)),
        )


def contributions(
    brought: Iterable[tuple[str, Kind, str]], included: Collection[str] | None
) -> tuple[Contribution, ...]:
    """What each database brought, from (database, kind, report) of every record."""
    kinds: dict[str, Kind] = {}
    counts: dict[str, int] = {}
    reports: dict[str, set[str]] = {}
    brought_by: dict[str, set[str]] = {}
    for database, kind, report in brought:
        kinds.setdefault(database, kind)
        counts[database] = counts.get(database, 0) + 1
        reports.setdefault(database, set()).add(report)
        brought_by.setdefault(report, set()).add(database)
    found = []
    for database, own in reports.items():
        unique = {report for report in own if len(brought_by[report]) == 1}
        found.append(
            Contribution(
                database,
                kinds[database],
                counts[database],
                len(own),
                len(unique),
                tuple(len(own & other) for other in reports.values()),
                None if included is None else len(own & set(included)),
                None if included is None else len(unique & set(included)),
            )
        )
    return tuple(found)
