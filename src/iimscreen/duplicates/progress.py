"""What deduplication still has to do, told to anyone: no word of a reviewer is behind it."""

from __future__ import annotations

from iimscreen.duplicates import asking
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, curation, duplicates
from iimscreen.store.duplicate_gate import DuplicateGate
from iimscreen.wording import counted

# Fields that `matching` looks at: after an edit of one of them records are compared anew.
COMPARED = frozenset((
    "pmid", "doi", "title", "vernacular_title", "authors", "journal", "journal_abbreviation", "year",
    "volume", "issue", "pages", "publication_types", "registrations",
))  # fmt: skip


def to_compare(review: Review) -> list[str]:
    """Why `dedupe` has to be run (again), in sentences; empty when it has not."""
    found = []
    protocol, last = in_force(review), duplicates.last_run(review)
    if last is not None and (last.merge_at, last.ask_at) != (protocol.merge_at, protocol.ask_at):
        found.append("deduplication: the protocol's thresholds changed since, so run it again")
    if last is not None and (last.preprints or protocol.preprints) != protocol.preprints:
        found.append("deduplication: the protocol treats preprints otherwise since, so run it again")
    fresh = len(duplicates.not_compared(review))
    if fresh:
        found.append(f"deduplication: {fresh:,} record{'' if fresh == 1 else 's'} not compared yet")
    edited = len(curation.edited_since_compared(review, COMPARED))
    if edited:
        found.append(f"deduplication: {counted(edited, 'record')} edited since, so run it again")
    return found


def unfinished(review: Review) -> list[str]:
    """What deduplication still has to do, in sentences."""
    found = to_compare(review)
    questions = asking.questions(review)
    if not questions:
        return found
    gate = DuplicateGate(review, in_force(review))
    differing = gate.conflicts(questions)
    waiting = len(questions) - len(differing)
    if waiting:
        left = ", ".join(
            f"{name} {count:,} to go" for name, count in gate.progress(questions).items() if count
        )
        found.append(
            f"deduplication: {counted(waiting, 'pair')} to decide by hand" + f" ({left})" * bool(left)
        )
    if differing:
        found.append(
            f"deduplication: {counted(len(differing), 'pair')} to resolve (`iimscreen duplicates conflicts`)"
        )
    return found
