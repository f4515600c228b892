"""What people did beyond the tool, under the items of PRISMA-S. Notes are only ever added."""

from __future__ import annotations

from dataclasses import dataclass

from iimscreen.store import log
from iimscreen.store.connection import Review, rows


@dataclass(frozen=True, slots=True)
class Note:
    """One note. Its number is its row in the log of this file."""

    number: int
    uid: str
    item: int  # of PRISMA-S, 1 to 16
    source: str | None
    text: str
    done_on: str | None  # ISO date: when it was done, as far as told
    actor: str
    at: str  # UTC: when it was noted
    replaced_by: int | None  # the number of the note that stands in its place


def add(
    review: Review,
    item: int,
    text: str,
    *,
    source: str | None,
    done_on: str | None,
    replaces: str | None,
    actor: str,
) -> int:
    """Log one note; its number. `replaces` is the uid of an earlier one."""
    with review.writing() as db:
        entry = log.append_one(
            db,
            "source_notes",
            {"item": item, "source": source, "text": text, "done_on": done_on, "replaces": replaces},
            actor=actor,
        )
    return entry.id


def everything(review: Review) -> list[Note]:
    """All notes, by item, then in order of arrival; those replaced are among them and say so."""
    return [
        Note(
            number=row["log_id"],
            uid=row["uid"],
            item=row["item"],
            source=row["source"],
            text=row["text"],
            done_on=row["done_on"],
            actor=row["actor"],
            at=row["at"],
            replaced_by=row["replaced_by"],
        )
        for row in rows(
            review.db,
            """
            select source_notes.*, log.uid, log.actor, log.at,
              (select max(later.log_id) from source_notes as later where later.replaces = log.uid) as replaced_by
            from source_notes
            join log on log.id = source_notes.log_id
            order by source_notes.item, source_notes.log_id
            """,
        )
    ]
