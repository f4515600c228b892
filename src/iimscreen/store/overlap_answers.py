"""What people say of two studies that may tell of the same patients: the last word on each pair holds."""

from __future__ import annotations

import json

from iimscreen.audit.findings import Overlap
from iimscreen.store import log
from iimscreen.store.connection import Review, rows

WITHDRAWN = "withdrawn"


def add(review: Review, answer: Overlap, *, note: str | None = None, by: str) -> None:
    """Log an answer; its studies stand in the order of their names. Inside `writing()`."""
    log.append_one(
        review.db,
        "overlap_answers",
        {
            "study": answer.study,
            "other_study": answer.other,
            "verdict": answer.verdict,
            "counted": json.dumps(dict(answer.counted), ensure_ascii=False),
            "note": note,
        },
        actor=by,
    )


def standing(review: Review) -> list[Overlap]:
    """The last answer on each pair, without those taken back."""
    found: dict[tuple[str, str], Overlap] = {}
    for row in rows(review.db, "select * from overlap_answers order by log_id"):
        pair = row["study"], row["other_study"]
        found[pair] = Overlap(*pair, row["verdict"], tuple(json.loads(row["counted"]).items()))
    return [answer for answer in found.values() if answer.verdict != WITHDRAWN]
