"""Who screens: reviewers and adjudicators, as added and removed."""

from __future__ import annotations

from iimscreen.store import log
from iimscreen.store.connection import Review, rows

REVIEWER = "reviewer"
ADJUDICATOR = "adjudicator"


def standing(review: Review) -> dict[str, str]:
    """Name → role of everyone who takes part now, in order of arrival."""
    return {
        row["name"]: row["role"]
        for row in rows(
            review.db,
            """
            select name, role
            from standing_reviewers
            order by (
              select min(log_id) from reviewer_changes where reviewer_changes.name = standing_reviewers.name
            )
            """,
        )
    }


def has_left(review: Review, name: str) -> bool:
    """Whether someone took part once and was removed since."""
    row = review.db.execute(
        "select change from reviewer_changes where name = :name order by log_id desc limit 1", {"name": name}
    ).fetchone()
    return row is not None and row[0] == "removed"


def change(review: Review, name: str, role: str, what: str, *, actor: str) -> None:
    """Log that someone was added or removed. Inside `writing()`."""
    log.append_one(review.db, "reviewer_changes", {"name": name, "role": role, "change": what}, actor=actor)
