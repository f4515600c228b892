"""Table 1: the characteristics of studies, one row each; one's own series in a table of its own. Pure."""

from __future__ import annotations

from iimscreen.model import StudyData
from iimscreen.tables import Gathered, Line, Table, finished
from iimscreen.tables.reading import BLANK, BLANK_SAID, LITERATURE, OWN, Reading, lacking
from iimscreen.tables.sums import Count, counts_of, secondary, subjects

_ROLES = (
    "country",
    "centre",
    "design",
    "consecutive",
    "recruited-from",
    "recruited-to",
    "n",
    "subtype",
    "drug",
    "funding",
)
_COLUMNS = (
    "Country",
    "Centre",
    "Design",
    "Consecutive",
    "Recruited",
    "Subjects",
    "Subtypes",
    "Drugs",
    "Funding",
)
_NOT_COUNTED = "not counted: secondary source"


def characteristics(gathered: Gathered, kind: str = LITERATURE) -> Table:
    """One row per study of a kind, in the order of the gathered studies."""
    studies = gathered.of_kind(kind)
    is_own = kind == OWN
    head = ("Study",) if is_own else ("Ref.", "Study")
    return finished(
        Table(
            name="own-characteristics" if is_own else "characteristics",
            title="Characteristics of the own series" if is_own else "Characteristics of included studies",
            columns=(*head, *_COLUMNS),
            lines=tuple(_line(gathered, study, is_own=is_own) for study in studies),
            notes=_notes(gathered, is_own=is_own),
            lacks=lacking(gathered.form, *_ROLES),
            sources=tuple(study.study for study in studies),
        ),
        gathered,
    )


def _notes(gathered: Gathered, *, is_own: bool) -> tuple[str, ...]:
    counts = "Subjects: eligible ones; of a group, its n. Subjects under several drugs or subtypes count under each."
    if is_own:
        return ("Own patients are in no number of the literature.", counts, BLANK_SAID)
    order = f"Studies are ordered by {gathered.order}. " if gathered.order else ""
    return (f"{order}Ref.: number in the list of references.", counts, BLANK_SAID)


def _line(gathered: Gathered, study: StudyData, *, is_own: bool) -> Line:
    reading = Reading(study, gathered.form)
    cells = (
        _of_study(reading, "country"),
        _of_study(reading, "centre"),
        _of_study(reading, "design"),
        _of_study(reading, "consecutive"),
        recruited(reading),
        _subjects(reading),
        _parts(gathered, study, "subtype"),
        _parts(gathered, study, "drug"),
        _of_study(reading, "funding"),
    )
    return Line((study.study, *cells) if is_own else (gathered.cited(study), study.study, *cells))


def _of_study(reading: Reading, role: str) -> str:
    """A value of the study; "" where the form has no such field, which the table says beneath."""
    if lacking(reading.form, role):
        return ""
    value = reading.value(reading.data.itself, role)
    return str(value) if value is not None else BLANK


def recruited(reading: Reading) -> str:
    """When subjects were recruited: "2018-03 to 2020-12"."""
    ends = [_of_study(reading, role) for role in ("recruited-from", "recruited-to")]
    stated = [one for one in ends if one and one != BLANK]
    if len(set(stated)) == 1:
        return stated[0]
    return " to ".join(ends) if stated else ends[0]


def _subjects(reading: Reading) -> str:
    if secondary(reading.data, reading.form):
        return _NOT_COUNTED
    rows = tuple(counts_of(reading))
    is_code = len(rows) == 1 and rows[0].n is None and not rows[0].why
    count = "NR" if is_code else str(Count("all", rows))
    total = reading.of_study("n-total")
    if total is None or total.code or total.text == count:
        return count
    return f"{count} of {total.text} in the report"


def _parts(gathered: Gathered, study: StudyData, by: str) -> str:
    if secondary(study, gathered.form):
        return ""
    sums = subjects((study,), gathered.form, by=by, kind=study.kind)
    if len(sums.parts) == 1 and sums.parts[0].known == sums.total.known:
        return sums.parts[0].name
    return "; ".join(f"{part.name}{' ' if part.is_exact else ': '}{part}" for part in sums.parts)
