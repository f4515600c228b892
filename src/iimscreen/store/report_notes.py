"""What was done about a report on the way to its full text: language, translator, attempts, authors asked."""

from __future__ import annotations

from dataclasses import dataclass

from iimscreen.store import log
from iimscreen.store.connection import Review, rows

LANGUAGE, TRANSLATOR, ATTEMPT, CONTACT, ANSWER = "language", "translator", "attempt", "contact", "answer"
ITEMS = (LANGUAGE, TRANSLATOR, ATTEMPT, CONTACT, ANSWER)


@dataclass(frozen=True, slots=True)
class ReportNote:
    """One note on one report."""

    key: str  # of the record kept for it
    item: str
    text: str
    done_on: str | None  # ISO date, as far as told
    at: str  # UTC: when it was noted
    by: str


def add(review: Review, key: str, item: str, text: str, *, done_on: str | None = None, by: str) -> None:
    """Log one note. Inside `writing()`."""
    log.append_one(
        review.db,
        "report_notes",
        {"record_key": key, "item": item, "text": text, "done_on": done_on},
        actor=by,
    )


def everything(review: Review) -> dict[str, tuple[ReportNote, ...]]:
    """Report → its notes, oldest first; reports without are absent."""
    found: dict[str, list[ReportNote]] = {}
    for row in rows(
        review.db,
        """
        select report_notes.*, log.at, log.actor, members.kept_key
        from report_notes
        join log on log.id = report_notes.log_id
        join members on members.key = report_notes.record_key
        order by report_notes.log_id
        """,
    ):
        note = ReportNote(row["kept_key"], row["item"], row["text"], row["done_on"], row["at"], row["actor"])
        found.setdefault(note.key, []).append(note)
    return {key: tuple(notes) for key, notes in found.items()}
