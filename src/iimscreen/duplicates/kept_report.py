"""A report as its records make it, read from the review file. Which record is kept is not decided here."""

from __future__ import annotations

from dataclasses import replace

from iimscreen.composition import Composed, composed
from iimscreen.model import StoredRecord
from iimscreen.store import Review, records


def report_of(review: Review, given: str) -> tuple[StoredRecord, Composed]:
    """The record kept for the report that a record belongs to, and the report as it is shown."""
    with review.reading():
        kept = records.by_key(review, records.kept_of(review, records.find(review, given).key))
        return kept, _composed(review, kept)


def shown(review: Review, kept: StoredRecord) -> StoredRecord:
    """A kept record with what only the others of its report state: what a reviewer judges.

    Its key stays that of the kept record, to which every decision is tied.
    """
    with review.reading():
        return replace(kept, record=_composed(review, kept).record)


def _composed(review: Review, kept: StoredRecord) -> Composed:
    others = [key for key in records.members_of(review, kept.key) if key != kept.key]
    return composed(kept, list(records.by_keys(review, others)))
