"""Rounds within a stage: pilots and batches, each with its own records, judged and closed on its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from iimscreen.store import log
from iimscreen.store.connection import Review, rows

PILOT = "pilot"
BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Round:
    """A part of a stage's records that is judged, closed and compared on its own."""

    name: str  # unique in the review, such as "pilot-1"
    stage: str
    kind: str  # pilot or batch
    counts: bool = True  # whether its votes count; if not, its records are judged again after it
    seed: int | None = None  # with which it was drawn
    log_id: int = 0


def add(review: Review, one: Round, keys: Sequence[str], *, by: str) -> None:
    """Log a round over these records, in the order in which they are judged. Inside `writing()`."""
    entry = log.append_one(
        review.db,
        "rounds",
        {
            "name": one.name,
            "stage": one.stage,
            "kind": one.kind,
            "counts": int(one.counts),
            "seed": one.seed,
            "records": len(keys),
            "keys_sha256": _sha256(keys),
        },
        actor=by,
    )
    review.db.conn.executemany(
        "insert into round_records (round_id, position, record_key) values (?, ?, ?)",
        [(entry.id, position, key) for position, key in enumerate(keys)],
    )


def of_row(row: Mapping[str, Any]) -> Round:
    """The round in a row of its table."""
    return Round(row["name"], row["stage"], row["kind"], bool(row["counts"]), row["seed"], row["log_id"])


def of_stage(review: Review, stage: str) -> list[Round]:
    """The rounds of a stage, oldest first; that of the stage itself is not among them."""
    found = rows(review.db, "select * from rounds where stage = :stage order by log_id", {"stage": stage})
    return [of_row(row) for row in found]


def named(review: Review, name: str) -> Round:
    """The round of that name, which must exist."""
    (found,) = rows(review.db, "select * from rounds where name = :name", {"name": name})
    return of_row(found)


# Rounds that were complete once. A pilot that is, and whose votes do not count, is behind its records.
_CLOSED = "name in (select round from round_openings)"


def open_pilots(review: Review, stage: str) -> list[Round]:
    """Pilots of a stage whose opening is not logged, oldest first: they are judged before all else."""
    return [
        of_row(row)
        for row in rows(
            review.db,
            f"select * from rounds where stage = :stage and kind = 'pilot' and not {_CLOSED} order by log_id",
            {"stage": stage},
        )
    ]


def keys_of(review: Review, one: Round) -> list[str]:
    """Keys of a round's records, in the order in which they are judged."""
    return [
        key
        for (key,) in review.db.execute(
            "select record_key from round_records where round_id = :id order by position", {"id": one.log_id}
        )
    ]


def _sha256(keys: Sequence[str]) -> str:
    return log.sha256(log.canonical(list(keys)))


def verify(review: Review) -> list[str]:
    """Rounds whose list of records is not the one that was logged, in sentences."""
    return [
        f"round {row['name']} in log row {row['log_id']} is not over the records that were logged"
        for row in rows(review.db, "select * from rounds order by log_id")
        if _sha256(keys_of(review, Round(row["name"], row["stage"], row["kind"], log_id=row["log_id"])))
        != row["keys_sha256"]
    ]
