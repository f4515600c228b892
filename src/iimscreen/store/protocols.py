"""Versions of the protocol, as loaded; the latest is in force."""

from __future__ import annotations

from dataclasses import dataclass

from iimscreen.store import log
from iimscreen.store.connection import Review, rows


@dataclass(frozen=True, slots=True)
class Version:
    """One loaded version of the protocol."""

    number: int  # 1, 2, … in the order loaded into this file
    sha256: str
    text: str
    origin: str  # the file it was read from
    at: str  # UTC
    log_id: int


def load(review: Review, text: str, sha256: str, origin: str, *, by: str | None = None) -> None:
    """Make this text the protocol in force."""
    with review.writing() as db:
        log.append_one(
            db, "protocol_versions", {"text": text, "sha256": sha256, "origin": origin}, actor=by or log.TOOL
        )


def versions(review: Review) -> list[Version]:
    """All versions, oldest first."""
    return [
        Version(number, row["sha256"], row["text"], row["origin"], row["at"], row["log_id"])
        for number, row in enumerate(
            rows(
                review.db,
                """
                select protocol_versions.*, log.at
                from protocol_versions
                join log on log.id = protocol_versions.log_id
                order by log_id
                """,
            ),
            start=1,
        )
    ]
