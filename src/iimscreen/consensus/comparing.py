"""Two extractors' values laid side by side: what differs cell by cell, which rows only one has, what is equal."""

from __future__ import annotations

from dataclasses import dataclass

from iimscreen.consensus.reading import Reading
from iimscreen.extracting import check_there
from iimscreen.forms import DATA
from iimscreen.forms.consensus import Both, Consensus, Row
from iimscreen.store import Review


@dataclass(frozen=True, slots=True)
class Compared:
    """One study that is open."""

    study: str
    consensus: Consensus
    form: str = DATA

    @property
    def left(self) -> int:
        """How many cells and rows are to be resolved."""
        return len(self.consensus.conflicts) + len(self.consensus.alone)

    @property
    def resolved(self) -> list[tuple[Row, Both]]:
        """Cells on which a final word stands."""
        return [(row, both) for row in self.consensus.rows for both in row.cells if both.state == "resolved"]

    @property
    def spelled(self) -> list[tuple[Row, Both]]:
        """Cells that are the same but for spelling."""
        return [(row, both) for row in self.consensus.rows for both in row.cells if both.is_spelled_otherwise]


@dataclass(frozen=True, slots=True)
class ComparedAll:
    """Every study that is open, and how many are closed to view."""

    studies: tuple[Compared, ...]
    closed: int


def compare(review: Review, study: str, form: str = DATA) -> Compared:
    """One study. Raises ProtocolError, saying who is done, while it is closed."""
    with review.reading():
        reading = Reading(review, form, study=study)
        check_there(review, reading.form, study)
        return Compared(study, reading.required(study, "what was extracted"), form)


def compare_all(review: Review, form: str = DATA) -> ComparedAll:
    """Every study that is open."""
    with review.reading():
        reading = Reading(review, form)
        names = reading.studies()
        found = [
            Compared(name, made, form) for name in names if (made := reading.consensus(name)) is not None
        ]
    return ComparedAll(tuple(found), len(names) - len(found))
