"""A living review: declare a version complete, and list versions.

A rerun before a version is closed belongs to that version, however many years lie between: closing is
what parts a review from its update.
"""

from __future__ import annotations

from dataclasses import dataclass

from iimscreen import flow, review_flow
from iimscreen.errors import ProtocolError
from iimscreen.store import Review, versions
from iimscreen.team import check_name


def close(review: Review, *, by: str, title: str | None = None, note: str | None = None) -> versions.Closure:
    """Declare the present version complete; what comes from here on belongs to its update.

    Raises ProtocolError while the flow is interim, and where nothing has happened since the version
    before was closed.
    """
    name = check_name(by)
    with review.writing():
        closed = versions.closures(review)
        if closed and not versions.has_work_since(review, closed[-1].log_id):
            raise ProtocolError(
                f"version {closed[-1].number} was closed on {closed[-1].at[:10]}, and nothing has come since",
                hint="`iimscreen search --update` looks for what is new",
            )
        made = review_flow.prisma(review)
        if made.interim:
            raise ProtocolError(
                f"the flow is interim, so no version can be closed: {'; '.join(made.missing)}",
                hint="finish what is open (`iimscreen status` names the next command)",
            )
        return versions.close(
            review,
            title=(title or "").strip(),
            note=note,
            by=name,
            flow=review_flow.frozen(made),
            lists_sha256=review_flow.lists_sha256(made),
            reports=_with_studies(made),
        )


def _with_studies(made: flow.Flow) -> list[tuple[str, str]]:
    """Every report that the version includes with each of its studies."""
    return [(report, study) for report in made.included for study in made.links[report]]


@dataclass(frozen=True, slots=True)
class Listed:
    """All versions of a review."""

    elsewhere: tuple[versions.PreviousReview, ...]
    closed: tuple[versions.Closure, ...]
    present: int  # number of the version under way
    has_work: bool  # whether anything of it has happened


def listed(review: Review) -> Listed:
    """Versions made elsewhere, versions completed here, and the one under way."""
    with review.reading():
        closed = versions.closures(review)
        return Listed(
            tuple(versions.previous_reviews(review)),
            tuple(closed),
            len(closed) + 1,
            versions.has_work_since(review, closed[-1].log_id if closed else 0),
        )


def verify(review: Review) -> list[str]:
    """What is wrong with the versions, in sentences; each completed one is derived anew from the log."""
    faults = versions.verify(review)
    for closure in versions.closures(review):
        made, reports = review_flow.derived(review, closure)
        faults += [
            f"version {closure.number}: {fault}"
            for fault in (*review_flow.differences(closure, made), *flow.violations(made, reports))
        ]
    return faults
