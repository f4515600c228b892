"""What an audit is given, and what it answers: plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from iimscreen.forms import CODES
from iimscreen.model import Form, StoredRecord, StudyData
from iimscreen.tables.reading import NOT_ENTERED, OWN, Reading
from iimscreen.tables.sums import secondary

UNTOLD = frozenset((*CODES.values(), NOT_ENTERED))  # what a name says where nothing is told
DIFFERS, OPEN, ASKED = "differs", "open", "asked"
WEIGHTS = {
    DIFFERS: "two things that are told contradict one another, or the rules of the review",
    OPEN: "it cannot be told, since a number is not reported",
    ASKED: "a question to people, who alone can answer it",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A stated total beside what the rows give."""

    name: str
    stated: float
    summed: float  # of what is reported
    readings: tuple[str, ...] = ()  # that fit
    not_reported: tuple[str, ...] = ()
    not_told: tuple[str, ...] = ()  # studies that may belong to it

    @property
    def difference(self) -> float:
        """What the rows give less what is stated."""
        return self.summed - self.stated


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at, in one sentence, with what it rests on."""

    check: str
    weight: str
    studies: tuple[str, ...]
    says: str
    details: tuple[str, ...] = ()
    row: str = ""
    compared: Comparison | None = None  # of a stated total

    @property
    def where(self) -> str:
        """The studies and the row; of many studies the first ones."""
        shown = ", ".join(self.studies[:3]) + (
            f" and {len(self.studies) - 3} more" if self.studies[3:] else ""
        )
        return f"{shown}, row {self.row}" if self.row else shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A total that a text states."""

    name: str
    value: float
    counts: str = "subjects"  # one of `totals.COUNTS`
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()  # field or role → values of which one will do
    studies: tuple[str, ...] = ()  # of these; empty: of all of the literature
    source: str = ""
    quote: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True)
class Overlap:
    """What people said of two studies that may tell of the same patients."""

    study: str
    other: str
    verdict: str  # "overlap" or "distinct"
    counted: tuple[tuple[str, str], ...] = ()  # outcome → the study that counts for it; "*": all others

    def counts(self, outcome: str) -> str:
        """The study that counts for an outcome; "" if that was not said."""
        told = {name.casefold(): study for name, study in self.counted}
        return told.get(outcome.casefold(), told.get("*", ""))


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything that is audited."""

    form: Form
    studies: tuple[StudyData, ...]
    records: Mapping[str, tuple[StoredRecord, ...]] = field(default_factory=dict)  # study → its reports
    stated: tuple[Stated, ...] = ()
    answers: tuple[Overlap, ...] = ()

    def reading(self, study: StudyData) -> Reading:
        """A study, read by the roles of the form."""
        return Reading(study, self.form)

    @property
    def literature(self) -> tuple[StudyData, ...]:
        """The studies without the reviewers' own patients."""
        return tuple(study for study in self.studies if study.kind != OWN)

    def answer(self, one: str, other: str) -> Overlap | None:
        """What was said of two studies; None if nothing stands."""
        pair = tuple(sorted((one, other)))
        return next((a for a in self.answers if (a.study, a.other) == pair), None)

    def left_out(self, outcome: str = "subjects") -> dict[str, str]:
        """Study → the one that counts in its place, of overlaps that were confirmed.

        Only one that is there, of the same kind and no secondary source can count in another's place; and where
        answers go round in a circle the last of them leaves nobody out, so that somebody is counted.
        """
        kinds = {one.study: one.kind for one in self.studies if not secondary(one, self.form)}
        found: dict[str, str] = {}
        for answer in self.answers:
            counted = answer.counts(outcome) if answer.verdict == "overlap" else ""
            left = answer.other if counted == answer.study else answer.study
            if counted not in kinds or kinds.get(left, kinds[counted]) != kinds[counted]:
                continue
            last = counted
            while last in found:
                last = found[last]
            if last != left and left not in found:
                found[left] = counted
        return found


def listed(words: Iterable[str], last: str = "and") -> str:
    """Words as one phrase: "a, b and c"."""
    found = list(words)
    return f" {last} ".join(filter(None, (", ".join(found[:-1]), *found[-1:])))


def shown(number: float) -> str:
    """A number without a needless point."""
    return f"{number:,.10g}" if number != int(number) else f"{int(number):,}"
