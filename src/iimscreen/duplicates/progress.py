"""What deduplication still has to do, told to anyone: no word of a reviewer is behind it."""

from __future__ import annotations

from iimscreen import dedupe
from iimscreen.duplicates import asking
from iimscreen.review_protocol import in_force
from iimscreen.store import Review
from iimscreen.store.duplicate_gate import DuplicateGate
from iimscreen.wording import counted


def unfinished(review: Review) -> list[str]:
    """What deduplication still has to do, in sentences."""
    found = dedupe.to_compare(review)
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
