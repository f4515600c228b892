"""All extracted values as rows for spreadsheets and programs: wide, long, the dictionary, quotes, conflicts. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from iimscreen.forms import CODES, fields_of, path_of
from iimscreen.forms.values import described
from iimscreen.model import Cell, DataRow, Field, FieldKind, Form, StudyData, Value
from iimscreen.tables import Dataset, Gathered, Scalar
from iimscreen.tables.reading import Reading, subject_level

ESCAPE = (
    "In CSV files a text that a spreadsheet would take for a formula (one that begins with = + - @, a tab or a "
    "line end) has an apostrophe before it; take it away to have the text as it was. Numbers have none, and "
    "XLSX sheets hold such texts as they are, marked as text."
)
LONG = (
    *(
        "study",
        "kind",
        "final",
        "level",
        "row",
        "of",
        "field",
        "title",
        "role",
        "value",
        "number",
        "unit",
        "code",
    ),
    *("quote", "page", "report", "formula", "note", "by", "settled", "form"),
)
CONFLICTS = ("study", "row", "field", "values", "chosen", "value", "manner", "by", "reason")


def long(gathered: Gathered) -> Dataset:
    """One row per cell: the value, where it stands in which report, who says so, and how it was settled."""
    return Dataset(
        name="long",
        title="Every value, with where it comes from",
        columns=LONG,
        rows=tuple(
            _cell(gathered.form, study, row, field, cell)
            for study in gathered.studies
            for row in study.rows
            for field, cell in _in_order(gathered.form, row)
        ),
        notes=(ESCAPE,),
    )


def _in_order(form: Form, row: DataRow) -> list[tuple[Field, Cell]]:
    return [(field, row.cells[field.name]) for field in fields_of(form, row.level) if field.name in row.cells]


def _cell(form: Form, study: StudyData, row: DataRow, field: Field, cell: Cell) -> tuple[Scalar, ...]:
    value = cell.value
    is_number = field.kind in (FieldKind.INTEGER, FieldKind.NUMBER)
    return (
        *(
            study.study,
            study.kind,
            final(study),
            row.level,
            row.row,
            row.parent,
            field.name,
            field.title,
            field.role,
        ),
        *(value.text or value.code, number_of(value) if is_number else None, value.unit, value.code),
        *(cell.quote, cell.page, cell.report, cell.formula, cell.note),
        *(", ".join(cell.names), cell.settled, form.sha256[:12]),
    )


def final(study: StudyData) -> str:
    """Whether the data of a study is final: yes or no."""
    return "no" if study.missing else "yes"


def number_of(value: Value) -> int | float | None:
    """A value as a number; whole ones as such."""
    number = value.number
    if number is None:
        return None
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


# --- wide ---


def wide(gathered: Gathered) -> Dataset:
    """One row per patient or group, or per study without any, with every field of it flattened.

    Fields of the study and of its row stand in columns of their names. Rows below one (treatments, outcomes,
    events) follow as T1.drug, T2.drug; and so do rows of a level beside that of patients.
    """
    form = gathered.form
    rows = [_wide_rows(gathered, study) for study in gathered.studies]
    flat = [one for of_study in rows for one in of_study]
    above = [field.name for level in _main(form) for field in fields_of(form, level)]
    below = {name for one in flat for name in one} - {*above, *_BEFORE}
    present = {name for one in flat for name in one}
    columns = (
        *_BEFORE,
        *(name for field in above for name in (field, f"{field} [unit]") if name == field or name in present),
        *sorted((name for name in below if "." in name), key=lambda name: _place(form, name)),
    )
    return Dataset(
        name="wide",
        title="Every value, a row for each patient or group",
        columns=columns,
        rows=tuple(tuple(one.get(column) for column in columns) for one in flat),
        notes=(
            ESCAPE,
            "Codes stand in place of values: " + ", ".join(f"{c} {w}" for c, w in CODES.items()) + ".",
        ),
    )


# With a point, as no field of a form can be called.
_BEFORE = ("study.name", "study.kind", "study.references", "study.final", "row.name")


def _main(form: Form) -> tuple[str, ...]:
    """The levels that have columns of their own: the study itself, and that of patients or groups."""
    return tuple(one.name for one in reversed(path_of(form.levels, subject_level(form))))


def _wide_rows(gathered: Gathered, study: StudyData) -> list[dict[str, Scalar]]:
    form = gathered.form
    reading = Reading(study, form)
    subjects = [row for row in reading.subjects() if row.row] or [study.itself]
    used = {row.row for row in subjects} | {""}
    found = []
    for subject in subjects:
        one: dict[str, Scalar] = dict(
            zip(
                _BEFORE,
                (study.study, study.kind, gathered.cited(study), final(study), subject.row),
                strict=True,
            )
        )
        for row in reversed(list(reading.upwards(subject))):
            one |= _values(form, row, "")
        places: dict[str, int] = {}
        for row in study.rows:
            if row.row not in used and any(above.row == subject.row for above in reading.upwards(row)):
                letter = row.row[:1]
                places[letter] = places.get(letter, 0) + 1
                one |= _values(form, row, f"{letter}{places[letter]}.")
        found.append(one)
    return found


def _values(form: Form, row: DataRow, before: str) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for field, cell in _in_order(form, row):
        value = cell.value
        is_number = field.kind in (FieldKind.INTEGER, FieldKind.NUMBER) and not value.code
        found[f"{before}{field.name}"] = number_of(value) if is_number else value.text or value.code
        if len(field.units) > 1 and value.unit:
            found[f"{before}{field.name} [unit]"] = value.unit
    return found


def _place(form: Form, name: str) -> tuple[int, int, int, bool]:
    """Where a column such as T2.dose stands: by level, then by row, then by field, a unit behind its number."""
    head, _, rest = name.partition(".")
    field = rest.removesuffix(" [unit]")
    levels = [level.letter for level in form.levels]
    names = [one.name for one in form.fields]
    return levels.index(head[:1]), int(head[1:]), names.index(field), field != rest


# --- dictionary, quotes, conflicts ---


def dictionary(gathered: Gathered) -> Dataset:
    """The form: what each field asks, what may stand in it, and what codes and escapes mean."""
    form = gathered.form
    rows: list[tuple[Scalar, ...]] = []
    for level in form.levels:
        where = f"{level.title} ({level.letter}1, {level.letter}2, …)" if level.letter else level.title
        rows += [
            (
                *(where, field.name, field.title, field.section, described(field), ", ".join(field.units)),
                *("yes" if field.required else "no", field.role, field.help),
            )
            for field in fields_of(form, level.name)
        ]
    rows += [
        ("codes", code, words, "", "in place of a value", "", "", "", "") for code, words in CODES.items()
    ]
    rows += [("abbreviations", short, words, "", "", "", "", "", "") for short, words in form.abbreviations]
    return Dataset(
        name="dictionary",
        title=f"Form {form.name}: {form.title}",
        columns=("level", "field", "title", "section", "what goes in", "units", "required", "role", "help"),
        rows=tuple(rows),
        notes=(ESCAPE,),
    )


def provenance(gathered: Gathered) -> Dataset:
    """Every value that has a quote, a page, a formula or a note, with the report it is from."""
    columns = (
        "study",
        "row",
        "field",
        "value",
        "quote",
        "page",
        "report",
        "formula",
        "note",
        "by",
        "settled",
    )
    rows = tuple(
        (
            *(study.study, row.row, field.name, str(cell.value), cell.quote, cell.page, cell.report),
            *(cell.formula, cell.note, ", ".join(cell.names), cell.settled),
        )
        for study in gathered.studies
        for row in study.rows
        for field, cell in _in_order(gathered.form, row)
        if cell.quote or cell.page or cell.formula or cell.note
    )
    return Dataset(
        name="provenance", title="Quotes, pages and formulas behind values", columns=columns, rows=rows
    )


def conflicts(gathered: Gathered, resolved: Sequence[tuple[Scalar, ...]]) -> Dataset:
    """How each conflict between extractors was resolved, and what is open still; `resolved` has CONFLICTS' columns."""
    still = tuple(
        (study.study, row.row, field.name, str(cell.value), "", "", "open", ", ".join(cell.names), "")
        for study in gathered.studies
        for row in study.rows
        for field, cell in _in_order(gathered.form, row)
        if cell.settled == "open"
    )
    return Dataset(
        name="conflicts",
        title="Conflicts between extractors, and how they were resolved",
        columns=CONFLICTS,
        rows=(*resolved, *still),
        notes=() if resolved or still else ("No conflict is resolved or open in these studies.",),
    )
