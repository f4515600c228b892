"""Adverse events by drug: how many, in how many, told by which studies. Not reported is never zero. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iimscreen.forms import with_role
from iimscreen.model import DataRow, Form
from iimscreen.tables import ONCE, Gathered, Line, Table, finished, studies_said
from iimscreen.tables.answers import NOT_APART, mixed_up
from iimscreen.tables.patients import is_of_drug
from iimscreen.tables.reading import LITERATURE, OWN, Reading, lacking
from iimscreen.tables.sums import Count, Subject, counted_by_drug, secondary
from iimscreen.wording import counted

_ROLES = ("drug", "event", "n-with-event", "n-events", "serious", "stopped", "n")
_COLUMNS = ("Event", "Events", "Subjects with event", "Studies", "Serious", "Drug stopped")
_NONE = "none"  # how an answer begins that says that no event occurred


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One row of adverse events, under one drug."""

    study: str
    row: str
    drug: str
    name: str
    with_event: int | None
    events: int | None
    serious: str
    stopped: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One patient or group under one drug, and whether anything is told of adverse events."""

    subject: Subject
    drug: str
    is_told: bool
    had_none: bool  # the report says that none occurred


def events(gathered: Gathered, kind: str = LITERATURE) -> Table:
    """Adverse events under each drug, with the studies that tell of them and those that do not."""
    watched, found, left_out = read(gathered, kind)
    elsewhere = gathered.counted_elsewhere("events")
    lines: list[Line] = []
    for drug in dict.fromkeys((*(one.drug for one in watched), *(one.drug for one in found))):
        of_drug = [one for one in found if one.drug == drug]
        lines.append(Line((drug,), "heading"))
        names = sorted(
            {one.name for one in of_drug}, key=lambda name: (-_rank(of_drug, name), name.casefold())
        )
        for name in names:
            rows = [one for one in of_drug if one.name == name]
            once = [one for one in rows if one.study not in elsewhere]
            lines.append(Line(_counts(name, rows)))
            if len(once) < len(rows):
                lines.append(Line(_counts(f"{name}, {ONCE}", once)))
        said = _told([one for one in watched if one.drug == drug])
        if said:
            lines.append(Line((said, *[""] * 5), "total"))
    return finished(
        Table(
            name="own-adverse-events" if kind == OWN else "adverse-events",
            title="Adverse events in the own series" if kind == OWN else "Adverse events by drug",
            columns=_COLUMNS,
            lines=tuple(lines),
            notes=(
                "≥: at least, since a report does not give the number. Not reported is never zero.",
                "A subject may have had several events, so that subjects are not summed over events.",
                *(f"Not counted: {study}, {why}." for study, why in left_out),
                *gathered.told_twice(["events"], (one.subject.study for one in watched)),
            ),
            lacks=lacking(gathered.form, *_ROLES),
            sources=tuple(dict.fromkeys(one.subject.study for one in watched)),
        ),
        gathered,
    )


def _asks_events(form: Form) -> bool:
    """Whether a form asks for adverse events at all; where it does not, no report was asked for them."""
    return any(with_role(form, role) is not None for role in ("event", "events-told"))


def read(
    gathered: Gathered, kind: str = LITERATURE
) -> tuple[list[Watched], list[Event], list[tuple[str, str]]]:
    """Who was watched under which drug, every event that is told, and the studies left out with the reason.

    Nothing where the form does not ask for events.
    """
    if not _asks_events(gathered.form):
        return [], [], []
    watched: list[Watched] = []
    found: list[Event] = []
    left_out: list[tuple[str, str]] = []
    for study in gathered.of_kind(kind):
        why = secondary(study, gathered.form) or mixed_up(study, gathered.form)
        if why:
            left_out.append((study.study, why))
            continue
        reading = Reading(study, gathered.form)
        rows = {row.row: row for row in reading.subjects()} | {"": study.itself}
        for whole, parts in counted_by_drug(reading):
            row = rows[whole.row]
            value = reading.value(row, "events-told")
            told = value.text.casefold() if value is not None else ""
            for drug, subject in parts.items():
                own = _events(reading, row, drug)
                found += own
                watched.append(
                    Watched(
                        subject=subject,
                        drug=drug,
                        is_told=bool(own or told) or _tells(reading, row, drug),
                        had_none=not own and told.startswith(_NONE),
                    )
                )
            found += _of_no_drug(reading, row, tuple(parts))
    return watched, found, left_out


def _events(reading: Reading, row: DataRow, drug: str) -> list[Event]:
    return [
        _event(reading, row, one, drug)
        for one in reading.under(row, "event")
        if _is_event(reading, one) and is_of_drug(reading, row, one, "event-drug", drug)
    ]


def _of_no_drug(reading: Reading, row: DataRow, drugs: Sequence[str]) -> list[Event]:
    """Events of a subject with several drugs that name none of them, and those that name a drug not entered of it."""
    found = []
    for one in reading.under(row, "event"):
        of = [is_of_drug(reading, row, one, "event-drug", drug) for drug in drugs]
        if _is_event(reading, one) and True not in of:
            several = f"{' or '.join(drugs)} {NOT_APART}"
            found.append(
                _event(reading, row, one, several if None in of else reading.text(one, "event-drug"))
            )
    return found


def _tells(reading: Reading, row: DataRow, drug: str) -> bool:
    """Whether a subject has an event that may be of a drug, or that is said to have occurred in nobody."""
    return any(
        (value := reading.value(one, "event")) is not None
        and not value.code
        and is_of_drug(reading, row, one, "event-drug", drug) is not False
        for one in reading.under(row, "event")
    )


def _is_event(reading: Reading, row: DataRow) -> bool:
    """Whether a row names an event that occurred: no code, not "none", and not in nobody."""
    value = reading.value(row, "event")
    if value is None or value.code or value.text.casefold() == _NONE:
        return False
    return reading.number(row, "n-with-event") != 0


def _event(reading: Reading, row: DataRow, event: DataRow, drug: str) -> Event:
    with_event = reading.number(event, "n-with-event")
    if with_event is None and reading.is_one(row):
        with_event = 1
    return Event(
        study=reading.data.study,
        row=event.row,
        drug=drug,
        name=reading.text(event, "event"),
        with_event=with_event,
        events=reading.number(event, "n-events"),
        serious=reading.text(event, "serious"),
        stopped=reading.text(event, "stopped"),
    )


def _rank(found: Iterable[Event], name: str) -> int:
    return sum(one.with_event or 1 for one in found if one.name == name)


def _counts(name: str, rows: Sequence[Event]) -> tuple[str, ...]:
    studies = dict.fromkeys(one.study for one in rows)
    return (
        name,
        # Who had an event had it once at least, so many are events where their own number is not given.
        _at_least((one.events for one in rows), [max(one.with_event or 1, 1) for one in rows]),
        _at_least((one.with_event for one in rows), [1] * len(rows)),
        f"{len(studies):,}: {', '.join(studies)}",
        _flagged([(one.serious, one.with_event) for one in rows]),
        _flagged([(one.stopped, one.with_event) for one in rows]),
    )


def _at_least(numbers: Iterable[int | None], least: Sequence[int]) -> str:
    """A sum, or at least so many where a row gives no number and stands for `least`."""
    given = list(numbers)
    together = sum(low if n is None else n for n, low in zip(given, least, strict=True))
    return f"{together:,}" if None not in given else f"≥ {together:,}"


def _flagged(rows: Sequence[tuple[str, int | None]]) -> str:
    """Subjects of whom a yes-or-no holds, beside those of whom it is not told."""
    yes = [n for flag, n in rows if flag == "yes"]
    untold = sum(flag not in ("yes", "no") for flag, _ in rows)
    count = _at_least(yes, [1] * len(yes))
    if untold == len(rows):
        return "NR"
    return count + (f" (NR in {counted(untold, 'row')})" if untold else "")


def _told(watched: Sequence[Watched]) -> str:
    """Which studies tell of adverse events under a drug, and which do not."""
    if not watched:
        return ""
    told = {one.subject.study for one in watched if one.is_told}
    silent = list(dict.fromkeys(one.subject.study for one in watched if one.subject.study not in told))
    none = list(
        dict.fromkeys(
            one.subject.study
            for one in watched
            if one.had_none and all(o.had_none for o in watched if o.subject.study == one.subject.study)
        )
    )
    rows = Count("all", tuple(one.subject for one in watched if one.is_told))
    parts = [f"told of {rows} in {counted(len(told), 'study', 'studies')}"] if told else []
    if none:
        parts.append(f"none occurred in {studies_said(none)}")
    partly = [one for one in watched if not one.is_told and one.subject.study in told]
    if partly:
        parts.append(f"not reported of {counted(len(partly), 'row')} in these")
    parts.append(f"not reported in {studies_said(silent)}" if silent else "not reported in 0 studies")
    return f"Adverse events: {'; '.join(parts)}"
