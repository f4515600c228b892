"""Forms of data extraction and appraisal: read from TOML, and what follows from how they are made. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, replace
from math import isfinite

from iimscreen.errors import InputError
from iimscreen.model import Condition, Field, FieldKind, Form, Instrument, Level
from iimscreen.toml_tables import Table, parse

DATA = "data"  # the name of the form of data extraction
ITSELF = "study"  # the name of the level that is the study itself
OF = "of"  # stands for the row above one, where a field's name is expected
MODES = ("double", "checked", "single")
NEEDED = {"double": 2, "checked": 1, "single": 1}  # who must be done before values are shown to others
CODES = {"NR": "not reported", "NA": "not applicable", "UN": "unclear", "AS": "authors asked"}
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")
_ROW_NUMBER = re.compile(r"[1-9][0-9]{0,5}")
SUBJECTS = ("study", "review")
MANY = ("judgement",)  # roles that several fields of a form may have

# What tables and audit can take a field for. Which level it stands on is the form's matter.
ROLES = (
    # of the study
    *("first-author", "year", "country", "centre", "registration", "funding", "source", "overlap"),
    *("design", "consecutive", "recruited-from", "recruited-to", "comparator", "follow-up"),
    *("n-total", "n-eligible", "mixed", "n-excluded", "excluded-why", "n-juvenile", "n-imnm", "separable"),
    # of a patient or group
    *("label", "unit", "n", "age", "age-measure", "age-spread", "sex", "n-female"),
    *("subtype", "n-dm", "n-cadm", "n-pm", "n-ass", "n-ibm", "n-overlap", "overlap-disease", "criteria"),
    *("antibodies", "antibody-counts", "malignancy", "n-malignancy", "disease-duration"),
    *("organs", "organ-counts", "failed", "steroid-dose", "features", "events-told"),
    # of a treatment
    *("drug", "n-treated", "dose", "frequency", "dose-change", "route", "start", "start-after", "line"),
    *("concomitant", "duration", "stop-reason"),
    # of an outcome
    *("domain", "outcome-drug", "instrument", "time", "time-text", "value", "value-kind", "spread"),
    *("outcome-unit", "finding", "reference-range", "direction", "response"),
    *("n-assessed", "n-improved", "n-complete", "n-worse"),
    # of an adverse event
    *("event", "event-drug", "n-with-event", "n-events", "event-time", "grade", "serious", "stopped"),
    *("event-outcome", "death-cause", "related"),
    # of an appraisal
    *("judgement", "overall", "certainty", "n-studies", "n-participants", "effect", "reason"),
)
# Of the choices of a field with the role "response", those that count as an improvement.
IMPROVED = ("complete", "partial", "improved")


def parse_form(text: str, where: str) -> Form:
    """The form in a TOML file of its own. Raises InputError naming `where`, the key, and what was expected."""
    top = parse(text, where)
    name = top.text("name")
    if not all(letter.isalnum() or letter in "-_" for letter in name) or name == DATA:
        raise InputError(
            f"{where}: name {name!r}: expected letters, digits, - and _ only, and not {DATA!r}",
            hint="put the wording into title",
        )
    form = read_form(top, name)
    top.nothing_else()
    return form


def parse_extraction(top: Table) -> tuple[Form | None, str]:
    """The form and the mode of `[extraction]` in a protocol; no form where it has none."""
    table = top.table("extraction")
    mode = table.choice("mode", MODES, MODES[0])
    form = read_form(table, DATA) if table.has("field") else None
    table.nothing_else()
    return form, mode


def parse_appraisal(top: Table) -> tuple[tuple[Instrument, ...], str]:
    """The instruments and the mode of `[appraisal]` in a protocol."""
    table = top.table("appraisal")
    mode = table.choice("mode", MODES, MODES[0])
    found: dict[str, Instrument] = {}
    for one in table.tables("instrument"):
        name = one.text("name")
        _check_name(one, name)
        if name in found:
            raise InputError(f"{one.where}: {name!r} stands twice", hint="name all its designs in one table")
        found[name] = Instrument(name, one.texts("designs"))
        one.nothing_else()
    table.nothing_else()
    return tuple(found.values()), mode


def read_form(table: Table, name: str) -> Form:
    """The form in a table that was parsed. Raises InputError where it cannot be one."""
    levels = _levels(table)
    names = [level.name for level in levels]
    abbreviations = table.table("abbreviations")
    form = Form(
        name=name,
        title=table.text("title", "Data extraction"),
        subject=table.choice("subject", SUBJECTS, SUBJECTS[0]),
        levels=levels,
        # One level after the other, however they are mixed in the file: only their order on a level tells anything.
        fields=tuple(sorted(_fields(table, levels), key=lambda field: names.index(field.level))),
        abbreviations=tuple((short, abbreviations.text(short)) for short in list(abbreviations.rest())),
        citation=table.text("citation", ""),
    )
    _check_keys(table, form)
    _check_letters(table, asdict(form))
    return replace(form, sha256=_sha256(form))


def _sha256(form: Form) -> str:
    stated = json.dumps(asdict(form), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(stated.encode()).hexdigest()


def _levels(table: Table) -> tuple[Level, ...]:
    found = {ITSELF: Level(ITSELF, "Study")}
    for one in table.tables("level"):
        level = Level(
            name=one.text("name"),
            title=one.text("title"),
            letter=one.text("letter"),
            of=one.choice("of", tuple(found), ITSELF),
            key=one.texts("key"),
        )
        one.nothing_else()
        _check_name(one, level.name)
        if level.name in found:
            raise InputError(f"{one.where}: level {level.name!r} stands twice", hint="name it otherwise")
        letters = {known.letter for known in found.values()}
        if not (len(level.letter) == 1 and "A" <= level.letter <= "Z") or level.letter in letters:
            raise InputError(
                f"{one.where}: letter is {level.letter!r}, expected one of A to Z that no other level has",
                hint="its rows are numbered with it: P1, P2",
            )
        found[level.name] = level
    if any(found[level.of].of not in ("", ITSELF) for level in found.values() if level.of):
        raise InputError(
            f"{table.where}: levels lie more than three deep", hint="study, rows of it, and rows of those"
        )
    return tuple(found.values())


def _fields(table: Table, levels: tuple[Level, ...]) -> tuple[Field, ...]:
    found: dict[str, Field] = {}
    roles: set[str] = set()
    section: dict[str, str] = {}
    for one in table.tables("field"):
        field = _field(one, tuple(level.name for level in levels), section)
        if field.name in found:
            raise InputError(f"{one.where}: field {field.name!r} stands twice", hint="give each its own name")
        if field.role and field.role in roles and field.role not in MANY:
            raise InputError(f"{one.where}: role {field.role!r} stands twice", hint="one field has it")
        if field.when is not None:
            _check_condition(one, field.when, found, levels, field.level)
        roles.add(field.role)
        found[field.name] = field
    if not found:
        raise InputError(f"{table.where}: the form has no field", hint="write at least one [[field]]")
    return tuple(found.values())


def _field(table: Table, levels: tuple[str, ...], section: dict[str, str]) -> Field:
    name = table.text("name")
    _check_name(table, name)
    level = table.choice("level", levels, ITSELF)
    section[level] = table.text("section", section.get(level, ""))
    kind = FieldKind(table.choice("type", tuple(FieldKind)))
    when = table.table("when")
    field = Field(
        name=name,
        level=level,
        title=table.text("title"),
        kind=kind,
        role=table.choice("role", ROLES, "") if table.has("role") else "",
        section=section[level],
        required=table.value("required", bool, False),
        least=table.value("least", float, None),
        most=table.value("most", float, None),
        units=table.texts("units"),
        choices=("yes", "no", "unclear") if kind is FieldKind.YES_NO else table.texts("choices"),
        others=table.value("others", bool, False),
        when=Condition(when.text("field"), when.texts("is", required=True)) if table.has("when") else None,
        tolerance=table.value("tolerance", float, 0.0),
        help=table.text("help", ""),
    )
    for inner in (when, table):
        inner.nothing_else()
    _check_field(table, field)
    return field


def _check_name(table: Table, name: str) -> None:
    if not all(letter.isalnum() or letter in "-_" for letter in name) or name == OF:
        raise InputError(
            f"{table.where}: name {name!r}: expected letters, digits, - and _ only, and not {OF!r}",
            hint="put the wording into title",
        )


def _check_field(table: Table, field: Field) -> None:
    is_number = field.kind in (FieldKind.INTEGER, FieldKind.NUMBER)
    is_choice = field.kind in (FieldKind.CHOICE, FieldKind.CHOICES)
    for wrong, words in (
        (is_choice and not field.choices, "a choice needs a list choices"),
        (bool(field.choices) and not is_choice and field.kind is not FieldKind.YES_NO, "choices"),
        (field.others and not is_choice, "others"),
        (bool(field.units) and field.kind is not FieldKind.NUMBER, "units"),
        (not is_number and (field.least is not None or field.most is not None), "least or most"),
        (not is_number and field.tolerance != 0, "tolerance"),
        (field.tolerance < 0, "a tolerance below 0"),
        (not all(map(isfinite, (field.least or 0, field.most or 0, field.tolerance))), "inf or nan"),
        (field.least is not None and field.most is not None and field.least > field.most, "least above most"),
        (
            any(";" in choice or choice.upper() in CODES for choice in field.choices),
            "a choice with ; or called NR, NA, UN, AS",
        ),
        (
            any(word != " ".join(word.split()) for word in (*field.choices, *field.units)),
            "a choice or a unit with spaces at its ends, several in a row, or a line break",
        ),
        (len({choice.casefold() for choice in field.choices}) != len(field.choices), "a choice twice"),
    ):
        if wrong:
            raise InputError(
                f"{table.where}: field {field.name!r} of type {field.kind} cannot have {words}"
                if not words.startswith("a choice needs")
                else f"{table.where}: field {field.name!r}: {words}",
                hint="correct that field",
            )


def _check_condition(
    table: Table, when: Condition, found: dict[str, Field], levels: tuple[Level, ...], level: str
) -> None:
    above = [one.name for one in path_of(levels, level)]
    asked = found.get(when.field)
    if asked is None or asked.level not in above:
        raise InputError(
            f"{table.where}: when names the field {when.field!r}",
            hint="expected one that stands before it, on the same level or one above",
        )
    if not when.values:
        raise InputError(
            f"{table.where}: when waits for nothing", hint="write is = [ ] with at least one value"
        )
    known = (*asked.choices, *CODES)
    wrong = [value for value in when.values if asked.choices and not asked.others and value not in known]
    if wrong:
        raise InputError(
            f"{table.where}: when waits for {wrong[0]!r}, which {when.field} cannot be",
            hint=f"its choices: {', '.join(asked.choices)}",
        )


def _check_keys(table: Table, form: Form) -> None:
    for level in form.levels:
        own = [field.name for field in form.fields if field.level == level.name]
        if level.letter and not own:
            raise InputError(
                f"{table.where}: level {level.name!r} has no field", hint="write one, or drop it"
            )
        for name in level.key:
            if name not in own:
                raise InputError(
                    f"{table.where}: level {level.name!r} has the key {name!r}, which is no field of it",
                    hint=f"its fields: {', '.join(own)}",
                )


def _check_letters(table: Table, told: object) -> None:
    """Raise InputError where a text holds what neither a sheet nor a terminal can show."""
    match told:
        case dict():
            for one in told.values():
                _check_letters(table, one)
        case list() | tuple():
            for one in told:
                _check_letters(table, one)
        case str() if found := _CONTROLS.search(told):
            raise InputError(
                f"{table.where}: {told[:60]!r} holds the control character {found.group()!r}",
                hint="write it without",
            )


# --- what follows from a form ----------------------------------------------------------------------


def path_of(levels: Iterable[Level], name: str) -> list[Level]:
    """A level and those above it, the level itself first."""
    by_name = {level.name: level for level in levels}
    found = [by_name[name]]
    while found[-1].of:
        found.append(by_name[found[-1].of])
    return found


def level_of_row(form: Form, row: str) -> Level:
    """The level to which a row belongs by its letter. Raises InputError if there is none."""
    if not row:
        return form.levels[0]
    for level in form.levels:
        if level.letter and row.startswith(level.letter) and _ROW_NUMBER.fullmatch(row[1:]):
            return level
    known = ", ".join(f"{level.letter}1 ({level.title.lower()})" for level in form.levels if level.letter)
    raise InputError(
        f"{row!r} is no row of the form", hint=f"expected such as {known}" if known else "it has none"
    )


def field_named(form: Form, name: str) -> Field:
    """The field of that name. Raises InputError with those that are alike."""
    for field in form.fields:
        if field.name == name:
            return field
    alike = [field.name for field in form.fields if name.casefold() in (field.name + field.title).casefold()]
    raise InputError(
        f"the form {form.name} has no field {name!r}",
        hint=f"did you mean {', '.join(alike)}?" if alike else "`iimscreen extract form` lists them",
    )


def with_role(form: Form, role: str) -> Field | None:
    """The field that tables and audit take for this; None if the form has none."""
    return next((field for field in form.fields if field.role == role), None)


def judgements(form: Form) -> tuple[Field, ...]:
    """The questions of an instrument of appraisal, in order, without the overall judgement."""
    return tuple(field for field in form.fields if field.role == "judgement")


def fields_of(form: Form, level: str) -> tuple[Field, ...]:
    """The fields of one level, in order."""
    return tuple(field for field in form.fields if field.level == level)
