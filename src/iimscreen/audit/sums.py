"""Whether the numbers of one study close: parts against wholes, and what cannot be more than what. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from iimscreen.audit.filters import VAGUE
from iimscreen.audit.findings import DIFFERS, UNTOLD, Dossier, Finding, listed, shown
from iimscreen.model import DataRow, StudyData
from iimscreen.tables.reading import Reading

_SUBTYPES = ("n-dm", "n-cadm", "n-pm", "n-ass", "n-ibm", "n-overlap")
_REASONS = ("n-juvenile", "n-imnm")


def sums_close(dossier: Dossier) -> list[Finding]:
    """Numbers of a study do not add up: patients eligible and left out, groups, subtypes, drugs, those assessed,
    those improved, those with an event.
    """
    return [
        Finding("sums-close", DIFFERS, (study.study,), says, row=row)
        for study in dossier.studies
        for row, says in _of_study(dossier.reading(study), study)
    ]


def _of_study(reading: Reading, study: StudyData) -> Iterator[tuple[str, str]]:
    yield from (("", says) for says in _whole(reading, study))
    for row in reading.subjects():
        if row.row:
            yield from ((row.row, says) for says in _group(reading, row))
            for outcome in reading.under(row, "domain"):
                yield from ((outcome.row, says) for says in _outcome(reading, row, outcome))
                yield from ((outcome.row, says) for says in _drug(reading, row, outcome, "outcome-drug"))
            for event in reading.under(row, "event"):
                yield from ((event.row, says) for says in _event(reading, row, event))
                yield from ((event.row, says) for says in _drug(reading, row, event, "event-drug"))


def _number(reading: Reading, row: DataRow, role: str) -> float | None:
    """The number that a row itself has, not one above it."""
    number = reading.number(row, role)
    return None if number is None else float(number)


def _whole(reading: Reading, study: StudyData) -> Iterator[str]:
    total, eligible, left_out = (
        _number(reading, study.itself, role) for role in ("n-total", "n-eligible", "n-excluded")
    )
    if total is not None and eligible is not None:
        rest = total - eligible
        if rest < 0:
            yield f"{shown(eligible)} eligible of {shown(total)} patients"
        elif left_out is not None and left_out != rest:
            yield f"{shown(eligible)} eligible and {shown(left_out)} left out are not the {shown(total)} in all"
        elif rest and reading.text(study.itself, "mixed") == "no":
            yield f"{shown(eligible)} eligible of {shown(total)} patients, and no others are said to be among them"
    if left_out is not None:
        told = [n for role in _REASONS if (n := _number(reading, study.itself, role)) is not None]
        if sum(told) > left_out:
            yield f"{' + '.join(map(shown, told))} left out by reason, and {shown(left_out)} in all"
    groups = [row for row in reading.subjects() if row.row]
    sizes = [_size(reading, row) for row in groups]
    known = sum(size for size in sizes if size is not None)
    if eligible is None or not groups:
        return
    is_all = None not in sizes
    if (is_all and known != eligible) or known > eligible:
        said = " + ".join("?" if size is None else shown(size) for size in sizes)
        total_said = f" = {shown(known)}" if len(sizes) > 1 and is_all else ""
        yield f"the rows of patients and groups have {said}{total_said}, and {shown(eligible)} are eligible"


def _size(reading: Reading, row: DataRow) -> float | None:
    number = _number(reading, row, "n")
    return 1.0 if number is None and reading.is_one(row) else number


def _group(reading: Reading, row: DataRow) -> Iterator[str]:
    size = _size(reading, row)
    if size is None:
        return
    subtypes = [n for role in _SUBTYPES if (n := _number(reading, row, role)) is not None]
    is_all = not any(v is not None and v.code for role in _SUBTYPES for v in [reading.value(row, role)])
    if subtypes and (sum(subtypes) > size or (is_all and sum(subtypes) < size)):
        said = " + ".join(map(shown, subtypes))
        yield f"the subtypes have {said} = {shown(sum(subtypes))} of {shown(size)} patients"
    for role, what in (("n-female", "women"), ("n-malignancy", "patients with malignancy")):
        number = _number(reading, row, role)
        if number is not None and number > size:
            yield f"{shown(number)} {what} among {shown(size)} patients"
    treated = [_number(reading, one, "n-treated") for one in reading.under(row, "drug")]
    if not treated:
        yield f"no treatment is told of {'this patient' if size == 1 else f'these {shown(size)} patients'}"
    told = [number for number in treated if number is not None]
    if treated and len(told) == len(treated) and sum(told) < size:
        said = " + ".join(map(shown, told))
        yield f"{said} patients by drug, and {shown(size)} in the group: fewer treatments than patients"
    if any(number > size for number in told):
        yield f"{shown(max(told))} patients on a drug, and {shown(size)} in the group"


def _outcome(reading: Reading, row: DataRow, outcome: DataRow) -> Iterator[str]:
    steps = (
        ("patients", _size(reading, row)),
        ("assessed", _number(reading, outcome, "n-assessed")),
        ("improved", _number(reading, outcome, "n-improved")),
        ("complete", _number(reading, outcome, "n-complete")),
    )
    yield from _falling(steps)
    assessed, improved, worse = steps[1][1], steps[2][1], _number(reading, outcome, "n-worse")
    if assessed is not None and worse is not None and worse + (improved or 0) > assessed:
        yield f"{shown(improved or 0)} improved and {shown(worse)} worse of {shown(assessed)} assessed"


def _drug(reading: Reading, row: DataRow, under: DataRow, role: str) -> Iterator[str]:
    """Where an outcome or event is of a drug of which no treatment is entered."""
    value = reading.value(under, role)
    had = [name for name in reading.names(row, "drug") if name not in UNTOLD]
    if value is None or value.code or not had or any(name.endswith(VAGUE) for name in had):
        return
    if value.text.casefold() not in {name.casefold() for name in had}:
        yield f"it is of {value.text}, and the treatments entered are of {listed(had)}"


def _falling(steps: Iterable[tuple[str, float | None]]) -> Iterator[str]:
    """Where one of these is more than the one before it that is told."""
    above: tuple[str, float] | None = None
    for what, number in steps:
        if number is None:
            continue
        if above is not None and number > above[1]:
            yield f"{shown(number)} {what} of {shown(above[1])} {above[0]}"
        above = (what, number)


def _event(reading: Reading, row: DataRow, event: DataRow) -> Iterator[str]:
    size, with_event, events = (
        _size(reading, row),
        _number(reading, event, "n-with-event"),
        _number(reading, event, "n-events"),
    )
    if size is not None and with_event is not None and with_event > size:
        yield f"{shown(with_event)} patients with the event among {shown(size)}"
    if events is not None and with_event is not None and events < with_event:
        yield f"{shown(events)} events in {shown(with_event)} patients"
    is_death = "death" in (reading.text(event, "event"), reading.text(event, "event-outcome"))
    if is_death and reading.text(event, "serious") == "no":
        yield "a death that is not called serious"
    if reading.text(row, "events-told").startswith("none") and with_event:
        yield "an adverse event, and the report is said to tell that none occurred"
