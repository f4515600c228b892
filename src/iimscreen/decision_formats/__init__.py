"""Decisions in files of other tools, and in our own: one file per tool, to write and to read. Pure.

A module has `write(decided, labels)` and `read(data)`. Which votes may be written is not its matter, nor
which record of a review a line means.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from iimscreen.decision_formats._cells import table
from iimscreen.formats import as_it_was, safe
from iimscreen.model import StoredRecord, Verdict
from iimscreen.voting import Vote

__all__ = [
    "FORMATS",
    "OF_ALL_STAGES",
    "TAGS",
    "Decided",
    "Judged",
    "Reading",
    "Said",
    "as_it_was",
    "notes_of",
    "read",
    "safe",
    "table",
    "words_of",
    "write",
]

# The name on the command line, and the module. Those of one stage hold one decision a report.
FORMATS = {
    "csv": "own_csv",
    "ris": "own_ris",
    "rayyan-csv": "rayyan",
    "covidence-csv": "covidence",
    "asreview-csv": "asreview",
    "asreview-json": "asreview_json",
}
OF_ALL_STAGES = ("csv", "ris")

# What Covidence calls these by two tags that every review there has; Rayyan and we use the same words.
TAGS = {Verdict.AWAITING: "awaiting classification", Verdict.ONGOING: "ongoing study"}


@dataclass(frozen=True, slots=True)
class Judged:
    """What was decided on one report at one stage, as far as it is to be written."""

    stage: str
    words: tuple[Vote, ...] = ()  # votes and final words, oldest first
    outcome: str | None = None  # None where only one reviewer's own votes are written
    reason: str | None = None  # of the outcome
    settled_by: str | None = None  # vote, adjudication, consensus, one person

    @property
    def verdict(self) -> str:
        """The outcome, or the last own vote; "" where nothing was decided."""
        if self.outcome is not None:
            return self.outcome
        return self.words[-1].verdict.value if self.words else ""

    @property
    def verdict_reason(self) -> str | None:
        """The reason of that verdict."""
        if self.outcome is not None:
            return self.reason
        return self.words[-1].reason if self.words else None


@dataclass(frozen=True, slots=True)
class Decided:
    """One report, shown as a reviewer sees it, with what was decided on it, stage by stage."""

    report: StoredRecord
    stages: tuple[Judged, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one line of a file says: which record it means, and what was decided; no verdict is no decision."""

    line: int
    key: str | None = None  # as this review, or another copy of it, wrote it
    doi: str | None = None
    pmid: str | None = None
    title: str | None = None
    year: int | None = None
    stage: str | None = None  # None where the file does not tell stages apart
    by: str | None = None  # whose vote; None where the file does not say
    verdict: Verdict | None = None
    reasons: tuple[str, ...] = ()  # as they are written there
    are_reasons_of_all: bool = False  # of everyone who excluded the record, not of one of them
    note: str | None = None
    at: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A file of decisions as it was read."""

    tool: str
    said: tuple[Said, ...]
    unit: str = "line"  # what is counted: "line", or the "entry" of a JSON file


def write(name: str, decided: Sequence[Decided], labels: Mapping[str, str]) -> bytes:
    """The file of that format. `labels`: exclusion reasons in words, by their codes."""
    writer: Callable[[Sequence[Decided], Mapping[str, str]], bytes] = _module(name).write
    return writer(decided, labels)


def read(data: bytes) -> Reading | None:
    """What a file of decisions says, whichever tool it is of; None if it is of none that is known.

    Raises InputError, naming the line, if it holds a word that is no decision of its tool.
    """
    for name in FORMATS:
        module = _module(name)
        if module.looks_like(data):
            reading: Reading = module.read(data)
            return reading
    return None


def _module(name: str):  # type: ignore[no-untyped-def]  # a module, chosen by its name
    return importlib.import_module(f"{__name__}.{FORMATS[name]}")


def words_of(text: str) -> str:
    """A text by its words alone, so that one written with other marks or case is known again."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def notes_of(judged: Judged) -> str:
    """The notes of all words on a report, each behind the names of those who gave it."""
    return "; ".join(f"{', '.join(word.names)}: {word.note}" for word in judged.words if word.note)
