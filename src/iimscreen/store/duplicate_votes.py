"""What reviewers say of pairs of records: written here, read raw here.

What is one's own is free. `standing` and `log_ids` hold the words of others: only the gate
(`store/duplicate_gate.py`) may call them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from iimscreen.store import log
from iimscreen.store.connection import Review, rows
from iimscreen.voting import PairVote


def add(review: Review, vote: PairVote) -> None:
    """Log one word on a pair. Inside `writing()`."""
    log.append_one(
        review.db,
        "duplicate_votes",
        {
            "record_key": vote.key,
            "other_key": vote.other_key,
            "reviewer": vote.reviewer,
            "verdict": vote.verdict,
            "note": vote.note,
        },
        actor=vote.reviewer,
    )


def own(review: Review, reviewer: str) -> list[PairVote]:
    """A reviewer's own standing words, oldest first."""
    return _standing(review, reviewer)


def voters(review: Review) -> set[str]:
    """Names of those who have said anything of any pair: progress, not content."""
    return {row["reviewer"] for row in rows(review.db, "select distinct reviewer from duplicate_votes")}


# --- raw: for the gate only ------------------------------------------------------------------------


def standing(review: Review) -> list[PairVote]:
    """The standing words of all, oldest first: the last per reviewer and pair, withdrawn ones left out."""
    return _standing(review, None)


def _standing(review: Review, reviewer: str | None) -> list[PairVote]:
    latest: dict[tuple[str, str, str], PairVote] = {}
    for row in rows(
        review.db,
        "select duplicate_votes.*, log.at from duplicate_votes join log on log.id = duplicate_votes.log_id"
        + (" where reviewer = :reviewer" if reviewer is not None else "")
        + " order by duplicate_votes.log_id",
        {"reviewer": reviewer},
    ):
        vote = _vote(row)
        latest.pop((vote.key, vote.other_key, vote.reviewer), None)
        if vote.verdict != "withdrawn":
            latest[vote.key, vote.other_key, vote.reviewer] = vote
    return list(latest.values())


def _vote(row: dict[str, Any]) -> PairVote:
    return PairVote(
        row["record_key"],
        row["other_key"],
        row["reviewer"],
        row["verdict"],
        row["note"],
        row["at"],
        row["log_id"],
    )


def log_ids(review: Review) -> list[tuple[int, str, str, str]]:
    """Every word: (log id, record, other record, reviewer)."""
    return [
        (row["log_id"], row["record_key"], row["other_key"], row["reviewer"])
        for row in rows(
            review.db, "select log_id, record_key, other_key, reviewer from duplicate_votes order by log_id"
        )
    ]


def in_words(review: Review, wanted: Iterable[int]) -> dict[int, str]:
    """What words on pairs say, by log id; the gate's `hidden_log_ids` says which may be asked for."""
    ids = set(wanted)
    return {
        row["log_id"]: f"{row['record_key']} and {row['other_key']}: {row['verdict']}"
        + (f" – {row['note']}" if row["note"] else "")
        for row in rows(review.db, "select * from duplicate_votes order by log_id")
        if row["log_id"] in ids
    }
