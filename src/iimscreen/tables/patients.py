"""Supplementary Table 1: patients and groups, drug by drug, with totals that are the sums of its rows. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from iimscreen.model import DataRow, StudyData
from iimscreen.tables import ONCE, Gathered, Line, Table, finished, listed, told_twice
from iimscreen.tables.reading import BLANK, BLANK_SAID, LITERATURE, OWN, Reading, lacking
from iimscreen.tables.sums import Count, Subject, Sums, subjects
from iimscreen.wording import counted

_COLUMNS = (
    *("Ref.", "Study", "Patient or group", "n", "Age", "Sex", "Subtype", "Antibodies", "Organs"),
    *("Failed before", "Treatment", "Outcomes", "Adverse events"),
)
_ROLES = (
    "label",
    "n",
    "age",
    "sex",
    "subtype",
    "antibodies",
    "organs",
    "failed",
    "drug",
    "domain",
    "response",
    "event",
)
_OF_TREATMENT = (
    "dose",
    "frequency",
    "dose-change",
    "route",
    "line",
    "concomitant",
    "duration",
    "stop-reason",
)


def patients(gathered: Gathered, kind: str = LITERATURE) -> Table:
    """One row per patient or group under each of its drugs, with a total for each drug and one for all."""
    sums = subjects(gathered.studies, gathered.form, by="drug", kind=kind)
    by_name = {study.study: study for study in gathered.of_kind(kind)}
    lines: list[Line] = []
    for part in sums.parts:
        lines.append(Line((part.name,), "heading"))
        lines += [_line(gathered, by_name[one.study], one, part.name) for one in part.rows]
        lines.append(_total(f"Subjects on {part.name}", part))
    if len(sums.parts) > 1:
        lines.append(_total("All subjects, each once", sums.total))
    once = _once(gathered, "drug", kind)
    if once is not None:
        lines.append(_total(f"All subjects, {ONCE}", once.total))
    return finished(
        Table(
            name="own-patients" if kind == OWN else "patients",
            title="Patients of the own series" if kind == OWN else "Patients and groups by drug",
            columns=_COLUMNS,
            lines=tuple(lines),
            notes=(*notes_of(sums), *_overlaps(gathered, kind), BLANK_SAID),
            lacks=lacking(gathered.form, *_ROLES),
            sources=sums.total.studies,
        ),
        gathered,
    )


def by_drug(gathered: Gathered, kind: str = LITERATURE) -> Table:
    """Subjects by drug and by subtype, each number with the studies behind it."""
    lines: list[Line] = []
    notes: list[str] = []
    for by, heading in (("drug", "By drug"), ("subtype", "By subtype")):
        sums = subjects(gathered.studies, gathered.form, by=by, kind=kind)
        if sums.parts:
            lines.append(Line((heading,), "heading"))
            lines += [Line(_counted(gathered, part.name, part)) for part in sums.parts]
            lines.append(Line((*_counted(gathered, "All, each subject once", sums.total)[:-1], ""), "total"))
            once = _once(gathered, by, kind)
            if once is not None:
                lines.append(Line((*_counted(gathered, f"All, {ONCE}", once.total)[:-1], ""), "total"))
            notes += notes_of(sums, by=by)
    return finished(
        Table(
            name="own-subjects" if kind == OWN else "subjects",
            title="Subjects of the own series by drug and subtype"
            if kind == OWN
            else "Subjects by drug and subtype",
            columns=("", "Subjects", "Patients and groups", "Studies", "Which"),
            lines=tuple(lines),
            notes=(*dict.fromkeys(notes), *_overlaps(gathered, kind)),
            lacks=lacking(gathered.form, "drug", "subtype", "n"),
            sources=tuple(study.study for study in gathered.of_kind(kind)),
        ),
        gathered,
    )


def _counted(gathered: Gathered, name: str, count: Count) -> tuple[str, ...]:
    cited = {study.study: gathered.cited(study) for study in gathered.studies}
    behind = (f"{study} [{cited[study]}]" if cited.get(study) else study for study in count.studies)
    return name, str(count), f"{len(count.rows):,}", f"{len(count.studies):,}", "; ".join(behind)


def _once(gathered: Gathered, by: str, kind: str) -> Sums | None:
    """The sums without studies whose patients count in another; None where there are none such."""
    if not any(study.study in gathered.elsewhere for study in gathered.of_kind(kind)):
        return None
    return subjects(gathered.studies, gathered.form, by=by, kind=kind, without=gathered.elsewhere)


def _overlaps(gathered: Gathered, kind: str) -> tuple[str, ...]:
    return told_twice(
        (study.study, gathered.elsewhere[study.study])
        for study in gathered.of_kind(kind)
        if study.study in gathered.elsewhere
    )


def notes_of(sums: Sums, *, by: str = "drug") -> tuple[str, ...]:
    """What must be known to read totals: who counts twice, who is not counted, what a group counts."""
    found = [
        "A group counts its n; a patient counts 1. Where n is not known the total is at least what is printed."
    ]
    if sums.in_several:
        named = [f"{one.study} {one.row}".strip() for one in sums.in_several]
        shown = listed(named) if len(named) <= 8 else f"{', '.join(named[:8])} and {len(named) - 8:,} more"
        found.append(
            f"{counted(len(named), 'row')} with more than one {by} ({shown}) "
            f"{'counts' if len(named) == 1 else 'count'} under each, and once in the total of all."
        )
    reduced = [one for one in sums.total.rows if one.why.startswith("eligible")]
    if reduced:
        named = [f"{one.study} ({one.why.removeprefix('eligible: ')})" for one in reduced]
        found.append(f"Of mixed cohorts only eligible subjects count: {listed(named)}.")
    found += [f"Not counted: {study}, {why}." for study, why in sums.left_out]
    return tuple(found)


def _total(words: str, count: Count) -> Line:
    of = f"{counted(len(count.rows), 'row')} of {counted(len(count.studies), 'study', 'studies')}"
    return Line((f"{words}: {count} in {of}", *[""] * (len(_COLUMNS) - 1)), "total")


def _line(gathered: Gathered, study: StudyData, subject: Subject, drug: str) -> Line:
    reading = Reading(study, gathered.form)
    row = next(one for one in study.rows if one.row == subject.row)
    label = reading.text(row, "label")
    return Line(
        (
            gathered.cited(study),
            study.study,
            f"{label} ({subject.row})"
            if label and subject.row
            else label or subject.row or "all of the study",
            _n(subject),
            _age(reading, row),
            _sex(reading, row),
            _shown(reading, row, "subtype"),
            _shown(reading, row, "antibodies"),
            _shown(reading, row, "organs"),
            _shown(reading, row, "failed"),
            _treatments(reading, row, drug),
            _outcomes(reading, row, drug),
            _events(reading, row, drug),
        )
    )


def _n(subject: Subject) -> str:
    if subject.n is None:
        return subject.why or "NR"
    return f"{subject.n:,} ({subject.why})" if subject.why else f"{subject.n:,}"


def _shown(reading: Reading, row: DataRow, role: str) -> str:
    if lacking(reading.form, role):
        return ""
    value = reading.value(row, role)
    return BLANK if value is None else str(value)


def _age(reading: Reading, row: DataRow) -> str:
    told = [reading.text(row, role) for role in ("age-measure", "age-spread")]
    beside = ", ".join(filter(None, told))
    age = _shown(reading, row, "age")
    return f"{age} ({beside})" if beside else age


def _sex(reading: Reading, row: DataRow) -> str:
    women = reading.text(row, "n-female")
    if women and not reading.text(row, "sex"):
        n = reading.text(row, "n")
        return f"women: {women}" + (f" of {n}" if n else "") if women.isdecimal() else women
    return _shown(reading, row, "sex")


# --- what lies under a patient or group ---


def is_of_drug(reading: Reading, row: DataRow, under: DataRow, role: str, drug: str) -> bool | None:
    """Whether an outcome or event of a patient is of this drug; None where several were given and none is named."""
    named = reading.text(under, role)
    if named and not _is_code(reading, under, role):
        return named.casefold() == drug.casefold()
    return True if len(reading.names(row, "drug")) <= 1 else None


def _is_code(reading: Reading, row: DataRow, role: str) -> bool:
    value = reading.value(row, role)
    return value is not None and bool(value.code)


def _treatments(reading: Reading, row: DataRow, drug: str) -> str:
    lines = []
    for one in reading.under(row, "drug"):
        if drug not in reading.names(one, "drug"):
            continue
        dose = " ".join(filter(None, (_named(reading, one, "dose"), _named(reading, one, "frequency"))))
        parts = [dose, *(_named(reading, one, role) for role in ("dose-change", "route", "line"))]
        parts += [_named(reading, one, "concomitant", "with"), _named(reading, one, "duration", "for")]
        stop = reading.text(one, "stop-reason")
        is_going_on = stop.startswith("not stopped")
        parts.append(stop if is_going_on else _named(reading, one, "stop-reason", "stopped:"))
        lines.append("; ".join(filter(None, parts)))
    return "\n".join(filter(None, lines)) or _blank(reading, *_OF_TREATMENT)


def _blank(reading: Reading, *roles: str) -> str:
    """That nothing was entered; "" where the form asks for none of it, which the table says beneath."""
    return BLANK if len(lacking(reading.form, *roles)) < len(roles) else ""


def _named(reading: Reading, row: DataRow, role: str, before: str = "") -> str:
    """A value behind a word of its own, a code behind the name of what is missing: "dose NR"."""
    text = reading.text(row, role)
    if text and _is_code(reading, row, role):
        return f"{role.replace('-', ' ')} {text}"
    return " ".join(filter(None, (before, text))) if text else ""


def _outcomes(reading: Reading, row: DataRow, drug: str) -> str:
    """The outcomes of a row under a drug, a line for each domain, in order of time."""
    role = "response" if lacking(reading.form, "domain") else "domain"
    by_domain: dict[str, list[str]] = {}
    for one in in_time(reading, reading.under(row, role)):
        of = is_of_drug(reading, row, one, "outcome-drug", drug)
        if of is False:
            continue
        text = _outcome(reading, one) + (" (drug not told)" if of is None else "")
        if role == "domain":
            by_domain.setdefault(reading.text(one, "domain") or BLANK, []).append(text)
        elif text:
            by_domain.setdefault("", []).append(text)
    lines = (": ".join(filter(None, (name, "; ".join(texts)))) for name, texts in by_domain.items())
    return "\n".join(lines) or _blank(reading, role)


def _outcome(reading: Reading, row: DataRow) -> str:
    parts = [" ".join(filter(None, (reading.text(row, "instrument"), reading.text(row, "value"))))]
    parts += [reading.text(row, "finding"), reading.text(row, "response")]
    improved, assessed = reading.text(row, "n-improved"), reading.text(row, "n-assessed")
    if improved or assessed:
        parts.append(f"improved {improved or 'NR'} of {assessed or 'NR'}")
    time = reading.text(row, "time")
    when = f"week {time}" if time[:1].isdigit() else reading.text(row, "time-text")
    return ", ".join(filter(None, parts)) + (f" at {when}" if when else "")


def in_time(reading: Reading, rows: Iterable[DataRow]) -> list[DataRow]:
    """Rows in order of their time; those without one first, as they were entered."""

    def time(row: DataRow) -> float:
        value = reading.value(row, "time")
        number = None if value is None else value.number
        return float("-inf") if number is None else number

    return sorted(rows, key=time)


def _events(reading: Reading, row: DataRow, drug: str) -> str:
    found = []
    for one in reading.under(row, "event"):
        of = is_of_drug(reading, row, one, "event-drug", drug)
        if of is False:
            continue
        with_it = reading.number(one, "n-with-event")
        flags = [f"in {with_it:,}"] if with_it is not None and not reading.is_one(row) else []
        flags += [
            word
            for role, word in (("serious", "serious"), ("stopped", "drug stopped"))
            if reading.text(one, role) == "yes"
        ]
        flags += [reading.text(one, "event-outcome"), "drug not told" if of is None else ""]
        beside = ", ".join(filter(None, flags))
        found.append(reading.text(one, "event") + (f" ({beside})" if beside else ""))
    told = reading.text(row, "events-told")
    return "; ".join(found) or told or _blank(reading, "event", "events-told")
