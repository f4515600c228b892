"""Whether the full text of a report was retrieved, and which file it is."""

from __future__ import annotations

from dataclasses import dataclass

from iimscreen.store import log
from iimscreen.store.connection import Review, rows


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The last word on one report's retrieval."""

    key: str
    outcome: str  # retrieved or not_retrieved
    reason: str | None
    file_name: str | None
    file_sha256: str | None
    at: str
    actor: str


def add(
    review: Review,
    key: str,
    outcome: str,
    *,
    actor: str,
    reason: str | None = None,
    file_name: str | None = None,
    file_sha256: str | None = None,
) -> None:
    """Log one retrieval. Inside `writing()`."""
    log.append_one(
        review.db,
        "retrievals",
        {
            "record_key": key,
            "outcome": outcome,
            "reason": reason,
            "file_name": file_name,
            "file_sha256": file_sha256,
        },
        actor=actor,
    )


def standing(review: Review) -> dict[str, Retrieval]:
    """The last word per report, by key."""
    return {
        row["record_key"]: Retrieval(
            row["record_key"],
            row["outcome"],
            row["reason"],
            row["file_name"],
            row["file_sha256"],
            row["at"],
            row["actor"],
        )
        for row in rows(review.db, "select * from standing_retrievals")
    }
