"""Pairs that wait for a person: what is left of them."""

from __future__ import annotations

from iimscreen import asking, dedupe
from iimscreen.store import Review


def unfinished(review: Review) -> list[str]:
    """What deduplication still has to do, in sentences."""
    found = dedupe.to_compare(review)
    waiting = len(asking.asked(review))
    if waiting:
        found.append(f"deduplication: {waiting:,} pair{'' if waiting == 1 else 's'} to decide by hand")
    return found
