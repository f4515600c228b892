"""Extracted data made by hand: a form with the roles that tables read, and studies in a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from iimscreen.forms import CODES
from iimscreen.model import Cell, DataRow, Field, FieldKind, Form, Level, StudyData, Value

DRUGS = ("TOF", "BAR", "RUX")
SUBTYPES = ("DM", "CADM", "ASS", "several")
DOMAINS = ("skin", "muscle", "lung")
RESPONSES = ("complete", "partial", "improved", "stable", "none", "worse", "relapse")
_CHOICES: dict[str, tuple[str, ...]] = {
    "design": ("case report", "case series", "retrospective cohort", "single-arm trial", "review"),
    "source": ("primary", "secondary"),
    "unit": ("patient", "group"),
    "sex": ("female", "male"),
    "subtype": SUBTYPES,
    "events-told": ("some occurred", "none occurred"),
    "drug": DRUGS,
    "outcome-drug": DRUGS,
    "event-drug": DRUGS,
    "domain": DOMAINS,
    "response": RESPONSES,
    "event": ("zoster", "PJP", "death"),
    "route": ("oral", "topical"),
}
_NUMBERS = ("n", "age", "dose", "year", "time", "value", "duration")
_SEVERAL = {
    "antibodies": ("MDA5", "Jo-1", "none"),
    "organs": ("skin", "ILD"),
    "failed": ("GC", "MTX"),
    "concomitant": ("GC", "MTX"),
}
_YES_NO = ("consecutive", "separable", "serious", "stopped", "mixed")
ROLES_OF: dict[str, tuple[str, ...]] = {
    "study": (
        *("first-author", "year", "country", "centre", "design", "source", "consecutive"),
        *("n-total", "n-eligible", "n-excluded", "mixed", "separable", "funding"),
    ),
    "group": (
        *("label", "unit", "n", "age", "sex", "subtype", "n-dm", "n-cadm", "n-ass"),
        *("antibodies", "organs", "failed", "events-told"),
    ),
    "treatment": ("drug", "n-treated", "dose", "route", "line", "concomitant", "duration", "stop-reason"),
    "outcome": (
        *("domain", "outcome-drug", "instrument", "time", "value", "finding", "response"),
        *("n-assessed", "n-improved"),
    ),
    "event": ("event", "event-drug", "n-events", "n-with-event", "serious", "stopped", "event-outcome"),
}
LEVELS = (
    Level("study", "Study"),
    Level("group", "Patient or group", "P", "study", ("label",)),
    Level("treatment", "Treatment", "T", "group", ("drug",)),
    Level("outcome", "Outcome", "O", "group", ("domain",)),
    Level("event", "Adverse event", "A", "group", ("event",)),
)
LETTERS = {level.letter: level.name for level in LEVELS}


def a_form(*, without: Sequence[str] = ()) -> Form:
    """A form with a field for each role, named as the role, but for those left out."""
    return Form(
        name="data",
        title="Data extraction",
        levels=LEVELS,
        fields=tuple(
            _field(role, level) for level, roles in ROLES_OF.items() for role in roles if role not in without
        ),
        abbreviations=(("ASS", "antisynthetase syndrome"), ("BAR", "baricitinib"), ("DM", "dermatomyositis"),
                       ("GC", "glucocorticoids"), ("TOF", "tofacitinib"), ("RUX", "ruxolitinib")),
        sha256="0" * 64,
    )  # fmt: skip


def _field(role: str, level: str) -> Field:
    if role in _CHOICES:
        kind, choices = FieldKind.CHOICE, _CHOICES[role]
    elif role in _SEVERAL:
        kind, choices = FieldKind.CHOICES, _SEVERAL[role]
    elif role in _YES_NO:
        kind, choices = FieldKind.YES_NO, ("yes", "no", "unclear")
    else:
        kind, choices = FieldKind.TEXT, ()
        if role in _NUMBERS or role.startswith("n-"):
            kind = (
                FieldKind.NUMBER
                if role in ("value", "dose", "time", "duration", "age")
                else FieldKind.INTEGER
            )
    title = role.replace("-", " ").capitalize()
    units = ("mg",) if role == "dose" else ()
    return Field(name=role, level=level, title=title, kind=kind, role=role, choices=choices, units=units)


def a_cell(text: str, **facts: str) -> Cell:
    """A cell as it is read: a code where it is one, else a text."""
    value = Value(code=text) if text in CODES else Value(text)
    return Cell(value=value, names=("ann", "bob"), settled="agreed", **facts)


def a_row(row: str, cells: Mapping[str, str], parent: str = "") -> DataRow:
    """A row by its name, with values by field."""
    level = LETTERS[row[:1]]
    return DataRow(row, level, parent, {name: a_cell(text) for name, text in cells.items()})


def a_study(
    name: str, *rows: DataRow, kind: str = "literature", missing: tuple[str, ...] = (), **cells: str
) -> StudyData:
    """A study with its own values by field (n_total for n-total), and its rows."""
    own = {field.replace("_", "-"): text for field, text in cells.items()}
    return StudyData(
        study=name,
        kind=kind,
        title="",
        reports=(f"pubmed:{name}",),
        rows=(a_row("", own), *rows),
        missing=missing,
    )


def a_patient(number: int, *drugs: str, **cells: str) -> tuple[DataRow, ...]:
    """Rows of one patient P<number> with a treatment for each drug; `n="7"` makes a group of it."""
    own = {field.replace("_", "-"): text for field, text in cells.items()}
    unit = "group" if "n" in own else "patient"
    given = {"label": f"Patient {number}", "unit": unit, "n": "1", **own}
    return (
        a_row(f"P{number}", given),
        *(a_row(f"T{number}{place}", {"drug": drug}, f"P{number}") for place, drug in enumerate(drugs, 1)),
    )
