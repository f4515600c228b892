"""What is counted in the rows where a text states a total: part by part, with what is not reported. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from iimscreen.audit.filters import asked, holds
from iimscreen.audit.filters import untold as not_told
from iimscreen.audit.findings import Dossier, Stated
from iimscreen.model import DataRow, StudyData
from iimscreen.tables.reading import Reading
from iimscreen.tables.sums import Subject, by_value, counts_of, secondary

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
OF_EVENTS = (EVENTS, WITH_EVENT)
IN_ALL = "in all, eligible or not"  # what the other number of a mixed cohort is
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
    untold: tuple[tuple[str, str], ...] = ()  # studies that may belong to it, and what stands there instead

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
    parts, untold = [], []
    for study in scope(dossier, stated):
        reading = dossier.reading(study)
        if stated.counts in OF_EVENTS:
            held = _events(dossier, reading, stated)
        else:
            held = [_group(dossier, reading, one, stated) for one in counts_of(reading)]
        those = [one for one in held if one.holds]
        if those:
            parts.append(_part(reading, those, len(those) == len(held), stated.counts))
        else:
            unsure = [one.row for one in held if one.holds is None]
            said = dict.fromkeys(not_told(dossier.form, study, row, stated.filters) for row in unsure)
            if unsure:
                untold.append((study.study, ", ".join(said)))
    return Counted(tuple(parts), tuple(untold))


@dataclass(frozen=True, slots=True)
class _Held:
    """A row, whether it is one of those that are asked for, and how many it stands for."""

    row: DataRow
    holds: bool | None  # None: it is not told
    number: float | None


def _events(dossier: Dossier, reading: Reading, stated: Stated) -> list[_Held]:
    role = "n-events" if stated.counts == EVENTS else "n-with-event"
    return [
        _Held(row, holds(dossier.form, reading.data, row, stated.filters), reading.number(row, role))
        for row in reading.under(reading.data.itself, "event")
    ]


def _group(dossier: Dossier, reading: Reading, whole: Subject, stated: Stated) -> _Held:
    """A patient or group: so many of it as had what is asked for."""
    rows = {row.row: row for row in reading.subjects()} | {"": reading.data.itself}
    row = rows[whole.row]
    answers: list[bool | None] = []
    fewer: list[float | None] = []
    for name, values in stated.filters:
        answer = holds(dossier.form, reading.data, row, [(name, values)])
        role = asked(dossier.form, name).role
        some, is_all = _some(reading, whole, role, values) if role and answer is not None else ([], False)
        if some:
            answer = True
            told = [one.n for one in some]
            together = _sum(told)
            if whole.n is not None and together is not None and together > whole.n:
                together = float(whole.n) if is_all else None  # some of them are in two parts
            if whole.n not in told:
                fewer.append(together)
        answers.append(answer)
    number = None if whole.n is None else float(whole.n)
    if fewer:
        number = fewer[0] if len(fewer) == 1 else None
    return _Held(row, False if False in answers else None if None in answers else True, number)


def _some(reading: Reading, whole: Subject, role: str, values: Sequence[str]) -> tuple[list[Subject], bool]:
    """The parts of a group that have one of these values in the field of this role, and whether these are all."""
    wanted = {value.casefold() for value in values}
    parts = next((parts for one, parts in by_value(reading, role) if one.row == whole.row), {})
    found = [part for name, part in parts.items() if name.casefold() in wanted]
    return found, len(found) == len(parts)


def _part(reading: Reading, held: list[_Held], is_all: bool, counts: str) -> Part:
    study = reading.data.study
    if counts == STUDIES:
        return Part(study, 1.0)
    if counts in YEARS:
        return Part(study, reading.number(reading.data.itself, "year"))
    number = _sum([one.number for one in held])
    if counts != SUBJECTS:
        return Part(study, number)
    return Part(
        study,
        number,
        tuple(_others(reading, held, is_all)) if number is not None else (),
        any(_is_from_title(reading, one.row) for one in held),
        bool(secondary(reading.data, reading.form)),
    )


def _others(reading: Reading, held: list[_Held], is_all: bool) -> Iterator[Other]:
    """The other numbers that a study tells of those who are counted, each once."""
    told = {_sum([one.number for one in held])}
    found: list[tuple[float | None, str]] = []
    if is_all:
        for role, what in (("n-eligible", "eligible"), ("n-total", IN_ALL)):
            value = reading.of_study(role)
            found.append((None if value is None else value.number, what))
    if len(held) == 1:
        found += [
            (reading.number(outcome, "n-assessed"), "assessed")
            for outcome in reading.under(held[0].row, "n-assessed")
        ]
    for number, what in found:
        if number and number not in told:
            told.add(number)
            yield Other(number, what)


def _sum(numbers: Iterable[float | None]) -> float | None:
    told = list(numbers)
    known = [number for number in told if number is not None]
    return float(sum(known)) if len(known) == len(told) else None


def _is_from_title(reading: Reading, row: DataRow) -> bool:
    cell = reading.cell(row, "n")
    return cell is not None and bool(cell.value.text) and cell.page.casefold() == TITLE
