"""Forms that came from files: the text of an instrument of appraisal in place of the bundled one."""

from __future__ import annotations

from dataclasses import dataclass

from iimscreen.store import log
from iimscreen.store.connection import Review, rows


@dataclass(frozen=True, slots=True)
class FormText:
    """A form as it was loaded."""

    name: str
    text: str
    origin: str  # the file's name
    at: str  # UTC
    by: str


def versions(review: Review, name: str) -> list[FormText]:
    """All that were loaded under a name, oldest first."""
    return [
        FormText(row["name"], row["text"], row["origin"], row["at"], row["actor"])
        for row in rows(
            review.db,
            """
            select form_texts.*, log.at, log.actor
            from form_texts
            join log on log.id = form_texts.log_id
            where form_texts.name = :name
            order by form_texts.log_id
            """,
            {"name": name},
        )
    ]


def latest(review: Review, name: str) -> FormText | None:
    """The one loaded last; None if the bundled one holds."""
    found = versions(review, name)
    return found[-1] if found else None


def names(review: Review) -> list[str]:
    """All names under which forms were loaded."""
    return [name for (name,) in review.db.execute("select distinct name from form_texts order by name")]


def add(review: Review, name: str, text: str, *, origin: str, by: str) -> None:
    """Log a form. Inside `writing()`."""
    log.append_one(
        review.db,
        "form_texts",
        {"name": name, "text": text, "sha256": log.sha256(text), "origin": origin},
        actor=by,
    )
