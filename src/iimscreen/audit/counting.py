"""What is counted in the rows where a text states a total: part by part, with what is not reported. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from iimscreen.audit.filters import holds
from iimscreen.audit.findings import Dossier, Stated
from iimscreen.model import DataRow, StudyData
from iimscreen.tables.reading import Reading
from iimscreen.tables.sums import counts_of, secondary

SUBJECTS, STUDIES, FIRST_YEAR, LAST_YEAR = "subjects", "studies", "first-year", "last-year"
EVENTS, WITH_EVENT = "events", "with-event"
COUNTS = {
    SUBJECTS: "patients, by the rows of patients and groups",
    STUDIES: "studies",
    FIRST_YEAR: "the earliest year of publication",
    LAST_YEAR: "the latest year of publication",
    EVENTS: "adverse events",
    WITH_EVENT: "patients with an adverse event, summed over events",
}
YEARS = (FIRST_YEAR, LAST_YEAR)
TITLE = "title"  # as the page of a value that only the title of a report tells


@dataclass(frozen=True, slots=True)
class Other:
    """Another number that a study tells of these patients."""

    number: float
    what: str  # such as "assessed"


@dataclass(frozen=True, slots=True)
class Part:
    """What one study gives to a total."""

    study: str
    number: float | None  # None: not reported
    others: tuple[Other, ...] = ()
    from_title: bool = False
    secondary: bool = False  # its patients are those of other reports


@dataclass(frozen=True, slots=True)
class Counted:
    """What the rows give, study by study."""

    parts: tuple[Part, ...]
    untold: tuple[str, ...] = ()  # studies of which it is not told whether they belong to it

    @property
    def missing(self) -> tuple[Part, ...]:
        """Those that do not report it."""
        return tuple(part for part in self.parts if part.number is None)

    @property
    def total(self) -> float:
        """The sum of what is reported."""
        return sum(part.number for part in self.parts if part.number is not None)


def scope(dossier: Dossier, stated: Stated) -> tuple[StudyData, ...]:
    """The studies of which a total is stated: those it names, or all of the literature."""
    if not stated.studies:
        return dossier.literature
    return tuple(study for study in dossier.studies if study.study in stated.studies)


def counted(dossier: Dossier, stated: Stated) -> Counted:
    """What the rows give where this is stated. Raises InputError if the form lacks a field it asks for."""
    form = dossier.form
    of_events = stated.counts in (EVENTS, WITH_EVENT)
    parts, untold = [], []
    for study in scope(dossier, stated):
        reading = dossier.reading(study)
        rows = _events(reading) if of_events else reading.subjects()
        if not rows and not of_events:
            rows = (study.itself,)
        told = [(row, holds(form, study, row, stated.filters)) for row in rows]
        held = [row for row, answer in told if answer]
        if held:
            parts.append(_part(reading, held, len(held) == len(rows), stated.counts))
        elif any(answer is None for _, answer in told):
            untold.append(study.study)
    return Counted(tuple(parts), tuple(untold))


def _events(reading: Reading) -> tuple[DataRow, ...]:
    return reading.under(reading.data.itself, "event")


def _part(reading: Reading, rows: list[DataRow], is_all: bool, counts: str) -> Part:
    study = reading.data.study
    match counts:
        case "subjects":
            return _subjects(reading, rows, is_all)
        case "studies":
            return Part(study, 1.0)
        case "events" | "with-event":
            role = "n-events" if counts == EVENTS else "n-with-event"
            return Part(study, _sum([reading.number(row, role) for row in rows]))
        case _:
            return Part(study, reading.number(reading.data.itself, "year"))


def _subjects(reading: Reading, rows: list[DataRow], is_all: bool) -> Part:
    named = {row.row for row in rows}
    number = _sum([one.n for one in counts_of(reading) if one.row in named])
    others: dict[float, str] = {}
    if is_all:
        for role, what in (("n-eligible", "eligible"), ("n-total", "in all, eligible or not")):
            value = reading.of_study(role)
            if value is not None and value.number is not None:
                others.setdefault(value.number, what)
    if len(rows) == 1:
        for outcome in reading.under(rows[0], "n-assessed"):
            assessed = reading.number(outcome, "n-assessed")
            if assessed:
                others.setdefault(assessed, "assessed")
    if number is None:
        others.clear()
    else:
        others.pop(number, None)
    return Part(
        reading.data.study,
        number,
        tuple(Other(told, what) for told, what in others.items()),
        any(_is_from_title(reading, row) for row in rows),
        bool(secondary(reading.data, reading.form)),
    )


def _sum(numbers: list[int | None]) -> float | None:
    told = [number for number in numbers if number is not None]
    return float(sum(told)) if len(told) == len(numbers) else None


def _is_from_title(reading: Reading, row: DataRow) -> bool:
    cell = reading.cell(row, "n")
    return cell is not None and bool(cell.value.text) and cell.page.casefold() == TITLE
