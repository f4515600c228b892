"""Reports excluded at full text, cited, with the reason of each: PRISMA 2020, item 16b."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from iimscreen.citations import citation, order
from iimscreen.composition import composed
from iimscreen.decision_formats import safe
from iimscreen.model import Reason, Record
from iimscreen.protocol import FULL_TEXT
from iimscreen.review_protocol import in_force, reason_labels
from iimscreen.store import Review, records
from iimscreen.store.gate import Gate
from iimscreen.voting import Outcome, State

COLUMNS = ("number", "report", "citation", "reason", "reason_label", "to_be_confirmed", "pmid", "doi")


@dataclass(frozen=True, slots=True)
class ExcludedReport:
    """One report excluded at full text."""

    key: str
    citation: str
    reason: str  # code; "" where the protocol asks for none
    label: str  # of the reason, in its latest wording
    is_proposed: bool  # both exclude it for different reasons, and the first of them waits to be confirmed
    pmid: str
    doi: str


@dataclass(frozen=True, slots=True)
class Excluded:
    """The list, as far as revealed."""

    reports: tuple[ExcludedReport, ...]
    closed: int  # reports assessed whose votes are not open to view


def excluded(review: Review) -> Excluded:
    """Reports excluded at full text, as far as revealed. Raises ProtocolError while none of them is."""
    with review.reading():
        protocol = in_force(review)
        gate = Gate(review, protocol)
        found = {key: one for key, one in gate.outcomes(FULL_TEXT).items() if one.state is State.EXCLUDE}
        shown = [(key, _as_shown(review, key), outcome) for key, outcome in found.items()]
        return Excluded(in_order(shown, protocol.reasons, reason_labels(review)), gate.closed(FULL_TEXT))


def in_order(
    found: Iterable[tuple[str, Record, Outcome]], reasons: Sequence[Reason], labels: Mapping[str, str]
) -> tuple[ExcludedReport, ...]:
    """Excluded reports (key, as it is shown, outcome) by reason in the protocol's order, then by author and year."""
    places = {reason.code: place for place, reason in enumerate(reasons)}
    names = {**labels, **{reason.code: reason.label for reason in reasons}}
    listed = sorted(
        found,
        key=lambda one: (
            places.get(one[2].reason or "", len(places)),
            one[2].reason or "",
            order(one[1]),
            one[0],
        ),
    )
    return tuple(
        ExcludedReport(
            key,
            citation(record),
            outcome.reason or "",
            names.get(outcome.reason or "", ""),
            outcome.reason_is_proposed,
            record.pmid or "",
            record.doi or "",
        )
        for key, record, outcome in listed
    )


def as_csv(reports: Sequence[ExcludedReport]) -> bytes:
    """The list as a CSV in UTF-8 with a byte order mark; no cell of it is a formula."""
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(COLUMNS)
    for number, one in enumerate(reports, start=1):
        proposed = "yes" if one.is_proposed else ""
        cells = (one.key, one.citation, one.reason, one.label, proposed, one.pmid, one.doi)
        writer.writerow([number, *map(safe, cells)])
    return made.getvalue().encode("utf-8-sig")


def _as_shown(review: Review, key: str) -> Record:
    others = [one for one in records.members_of(review, key) if one != key]
    return composed(records.by_key(review, key), list(records.by_keys(review, others))).record
