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
    """The last word per report, by the key of its kept record.

    Where records were merged that each had a word already, retrieved outweighs not retrieved, until
    there is a word after the merge.
    """
    merged_at = {row["kept_key"]: row["merged_at"] for row in rows(review.db, "select * from merges")}
    words: dict[str, dict[str, Retrieval]] = {}  # report → the record the word was given on → its last word
    for row in rows(
        review.db,
        """
        select retrievals.*, log.at, log.actor, members.kept_key
        from retrievals
        join log on log.id = retrievals.log_id
        join members on members.key = retrievals.record_key
        order by retrievals.log_id
        """,
    ):
        key = row["kept_key"]
        word = Retrieval(
            key, row["outcome"], row["reason"], row["file_name"], row["file_sha256"], row["at"], row["actor"]
        )
        if row["log_id"] > merged_at.get(key, 0):
            words[key] = {key: word}
        else:
            words.setdefault(key, {})[row["record_key"]] = word
    return {
        key: next((word for word in given.values() if word.outcome == "retrieved"), [*given.values()][-1])
        for key, given in words.items()
    }
