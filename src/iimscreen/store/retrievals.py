"""Whether the full text of a report was retrieved, and which file it is."""

from __future__ import annotations

from dataclasses import dataclass

from iimscreen.store import duplicates, log, records
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
    there is a word on the report as a whole.
    """
    words: dict[str, list[tuple[str, int, Retrieval]]] = {}
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
        words.setdefault(key, []).append((row["record_key"], row["log_id"], word))
    return {key: _last(review, key, given) for key, given in words.items()}


def _last(review: Review, report: str, given: list[tuple[str, int, Retrieval]]) -> Retrieval:
    if len({record for record, _, _ in given}) == 1:
        return given[-1][2]
    past = duplicates.Past(review, records.members_of(review, report))
    standing: dict[str, Retrieval] = {}
    for record, log_id, word in given:
        spoken_for = past.together(record, log_id)
        standing = {r: w for r, w in standing.items() if r not in spoken_for} | {record: word}
    return next((word for word in standing.values() if word.outcome == "retrieved"), [*standing.values()][-1])
