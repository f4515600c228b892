"""Rules that name what to leave out of a review, such as "design = case report", and what is left then. Pure.

A rule on a field of the study takes whole studies. One on a field of rows takes those rows with the rows
under them; a patient or group of whom every treatment is taken goes too, and a study of whom every patient or
group is. A field without a value, or with a code for a missing one, tells nothing: what it belongs to stays,
and is named as not known.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from iimscreen.errors import InputError
from iimscreen.forms import CODES, ITSELF, with_role
from iimscreen.forms.values import holds, plain_text
from iimscreen.model import Condition, DataRow, Field, FieldKind, Form, Record, StudyData, Value
from iimscreen.tables.reading import Reading, level_of, subject_level
from iimscreen.tables.sums import counts_of

# What a rule can ask of a record, and what it is called in a sentence.
FACTS = {
    "year": "year of publication",
    "language": "language of the record",
    "type": "publication type of the record",
    "journal": "journal",
    "database": "database or other source",
}
DATABASE = "database"
FORM = "form."  # before the name of a field that is called as a fact of records is
_RULE = re.compile(r"\s*(?P<name>[\w.-]+)\s*(?P<sign>!=|<=|>=|=|<|>|\bis\b)\s*(?P<values>\S.*?)\s*")
_ORDERED = ("<", "<=", ">", ">=")
_DRUGS_ELSEWHERE = ("outcome-drug", "event-drug")


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition as it is written: a name, a sign, and values of which one must fit."""

    text: str
    name: str
    sign: str  # = != < <= > >=
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A rule on a field of the form, with the values as the form spells them; `only`: what fits stays."""

    rule: Rule
    field: Field
    values: tuple[str, ...]
    only: bool = False

    def fits(self, values: Mapping[str, Value]) -> bool | None:
        """Whether it holds for a row with the values of the rows above it; None: nothing is told."""
        value = values.get(self.field.name)
        if value is None or (value.code and value.code not in self.values):
            return None
        if self.rule.sign in _ORDERED:
            return _in_order(self.rule.sign, value.text, self.values[0], self.field.kind)
        fits = holds(Condition(self.field.name, self.values), values)
        return fits if self.rule.sign == "=" else not fits

    def takes(self, values: Mapping[str, Value]) -> bool:
        """Whether such a row is left out."""
        fits = self.fits(values)
        return fits is not True if self.only else fits is True


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of one study."""

    data: StudyData | None  # None: the study goes
    rows: tuple[str, ...] = ()  # that go, where the study stays
    groups: tuple[str, ...] = ()  # that go: groups of several patients, or of whom nobody knows how many
    unknown: tuple[str, ...] = ()  # rules of which the study does not tell


def parse(text: str) -> Rule | None:
    """The rule that a text is; None if it is none."""
    found = _RULE.fullmatch(text)
    if found is None:
        return None
    sign = "=" if found["sign"] == "is" else found["sign"]
    values = (found["values"],) if sign in _ORDERED else tuple(re.split(r"\s+or\s+", found["values"]))
    return Rule(" ".join(text.split()), found["name"], sign, values)


# --- rules on fields -------------------------------------------------------------------------------


def on_form(rule: Rule, form: Form, data: Sequence[StudyData], *, only: bool = False) -> FieldRule:
    """The rule with its field and values as the form has them.

    Raises InputError if there is no such field or value, naming those that are there.
    """
    field = _field(rule, form)
    if rule.sign in _ORDERED:
        if field.kind not in (FieldKind.INTEGER, FieldKind.NUMBER, FieldKind.DATE):
            raise InputError(
                f"{rule.text!r}: {field.name} is no number and no date", hint=f"write {field.name} = VALUE"
            )
        _check_number(rule, field.kind)
        return FieldRule(rule, field, rule.values, only)
    whole = (re.split(r"\s*(?:!=|=|\bis\b)\s*", rule.text, maxsplit=1)[1],)
    if whole[0].casefold() in {choice.casefold() for choice in field.choices}:
        return FieldRule(rule, field, (_value(rule, field, whole[0], form, data),), only)
    return FieldRule(
        rule, field, tuple(_value(rule, field, value, form, data) for value in rule.values), only
    )


def _field(rule: Rule, form: Form) -> Field:
    name = rule.name.removeprefix(FORM)
    names = {field.name.casefold(): field for field in form.fields}
    roles = {field.role: field for field in form.fields if field.role}
    for wanted in (
        name.casefold(),
        f"{name.casefold()}s",
    ):  # antibody, antibodies' field is called in the plural
        found = names.get(wanted) or roles.get(wanted)
        if found is not None:
            return found
    plural = re.sub(r"y$", "ies", name.casefold())
    found = names.get(plural) or roles.get(plural)
    if found is not None:
        return found
    known = [*FACTS, *names]
    near = difflib.get_close_matches(name.casefold(), [*known, *roles], n=3, cutoff=0.6)
    raise InputError(
        f"{rule.text!r}: neither records nor the form have {rule.name!r}",
        hint=f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}",
    )


def _check_number(rule: Rule, kind: FieldKind) -> None:
    expected = r"\d{4}(-\d\d){0,2}" if kind is FieldKind.DATE else r"-?\d+(\.\d+)?"
    if not re.fullmatch(expected, rule.values[0]):
        said = "a date such as 2021-03" if kind is FieldKind.DATE else "a number"
        raise InputError(
            f"{rule.text!r}: {rule.values[0]!r} is not {said}", hint=f"write {rule.name} {rule.sign} 2015"
        )


def _in_order(sign: str, stated: str, limit: str, kind: FieldKind) -> bool | None:
    if kind is FieldKind.DATE:
        # As far as both are told: 2021 is neither before nor after 2021-03, so that nothing is known of it.
        shorter = min(len(stated), len(limit))
        if stated != limit and stated[:shorter] == limit[:shorter] and len(stated) < len(limit):
            return None
        return _compared(sign, stated[: len(limit)], limit)
    try:
        return _compared(sign, float(stated), float(limit))
    except ValueError:
        return None


def _compared(sign: str, one: str | float, other: str | float) -> bool:
    before, same = one < other, one == other  # type: ignore[operator]  # two texts, or two numbers
    return {"<": before, "<=": before or same, ">": not (before or same), ">=": not before}[sign]


def _value(rule: Rule, field: Field, given: str, form: Form, data: Sequence[StudyData]) -> str:
    """A value as the form, or the data, spells it; "anti-MDA5" is MDA5, "apremilast" its abbreviation."""
    stated = {
        text
        for study in data
        for row in study.rows
        if (cell := row.cells.get(field.name)) is not None and not cell.value.code
        for text in (cell.value.items if field.kind is FieldKind.CHOICES else (cell.value.text,))
    }
    known = [*field.choices, *sorted(stated - set(field.choices)), *CODES]
    short = {long.casefold(): abbreviation for abbreviation, long in form.abbreviations}
    for wanted in (given, short.get(given.casefold(), given), re.sub(r"(?i)^anti-", "", given)):
        for one in known:
            if plain_text(one) == plain_text(wanted):
                return one
    near = difflib.get_close_matches(given, known, n=3, cutoff=0.6)
    shown = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    raise InputError(
        f"{rule.text!r}: {field.name} is never {given!r}",
        hint=f"did you mean {' or '.join(near)}?" if near else f"it can be {shown}",
    )


def cut(study: StudyData, rules: Sequence[FieldRule], form: Form) -> Left:
    """What these rules leave of a study; a row goes if one of them takes it."""
    carrying = {
        level for level in (subject_level(form), level_of(form, "drug")) if level not in (None, ITSELF)
    }
    subjects = subject_level(form)
    unknown = tuple(rule.rule.text for rule in rules if not _tells(study, rule))
    gone: set[str] = set()
    emptied: set[str] = set()  # levels of which a row above goes when none is left
    for rule in rules:
        if rule.field.level == ITSELF:
            if rule.takes(_values(study, study.itself)):
                return Left(None, unknown=unknown)
            continue
        rows = study.at(rule.field.level)
        taken = {row.row for row in rows if rule.takes(_values(study, row))}
        gone |= taken
        if rule.field.role == "drug":
            gone |= _of_that_drug(study, form, rule)
        if rule.field.level in carrying and (taken or rule.only):
            emptied.add(rule.field.level)
    gone |= _emptied(study, gone, emptied, {rule.field.level for rule in rules if rule.only}, subjects)
    gone |= _under(study, gone)
    reading = Reading(study, form)
    groups = tuple(row.row for row in reading.subjects() if row.row in gone and not reading.is_one(row))
    if _all_gone(study, gone, emptied, subjects, any(rule.only for rule in rules)):
        return Left(None, groups=groups, unknown=unknown)
    return Left(
        replace(study, rows=tuple(row for row in study.rows if row.row not in gone)),
        tuple(row.row for row in study.rows if row.row in gone),
        groups,
        unknown,
    )


def untold(before: Sequence[StudyData], after: Sequence[StudyData], form: Form) -> dict[tuple[str, str], str]:
    """Study and row → why its n is not known: what was not known does not become known when other rows go."""
    was = {one.place: one for study in before for one in counts_of(Reading(study, form))}
    now = [one for study in after for one in counts_of(Reading(study, form))]
    return {
        one.place: was[one.place].why
        for one in now
        if one.n is not None and one.place in was and was[one.place].n is None
    }


def _tells(study: StudyData, rule: FieldRule) -> bool:
    rows = [study.itself] if rule.field.level == ITSELF else study.at(rule.field.level)
    return bool(rows) and all(rule.fits(_values(study, row)) is not None for row in rows)


def _values(study: StudyData, row: DataRow) -> dict[str, Value]:
    """The values of a row and of the rows above it."""
    by_name = {one.row: one for one in study.rows}
    found: dict[str, Value] = {}
    seen: set[str] = set()
    while row.row not in seen:
        seen.add(row.row)
        found = {**{name: cell.value for name, cell in row.cells.items()}, **found}
        row = by_name.get(row.parent, study.itself)
    return found


def _of_that_drug(study: StudyData, form: Form, rule: FieldRule) -> set[str]:
    """Outcomes and adverse events that are told of a drug that is left out."""
    found = set()
    for role in _DRUGS_ELSEWHERE:
        field = with_role(form, role)
        if field is None:
            continue
        for row in study.at(field.level):
            cell = row.cells.get(field.name)
            fits = None if cell is None else rule.fits({rule.field.name: cell.value})
            if fits is not None and fits is not rule.only:
                found.add(row.row)
    return found


def _emptied(
    study: StudyData, gone: set[str], emptied: Iterable[str], only_at: set[str], subjects: str
) -> set[str]:
    """Patients or groups of whom no treatment is left."""
    found = set()
    for level in emptied:
        if level == subjects or subjects == ITSELF:
            continue
        for above in study.at(subjects):
            rows = [row.row for row in study.at(level) if row.parent == above.row]
            if gone.issuperset(rows) and (rows or level in only_at):
                found.add(above.row)
    return found


def _all_gone(study: StudyData, gone: set[str], emptied: set[str], subjects: str, is_only: bool) -> bool:
    """Whether nobody is left of a study."""
    if not emptied:
        return False
    level = subjects if subjects != ITSELF else next(iter(emptied))
    rows = [row.row for row in study.at(level)]
    return gone.issuperset(rows) and (bool(rows) or is_only)


def _under(study: StudyData, gone: set[str]) -> set[str]:
    found: set[str] = set()
    for row in study.rows:  # those above come first
        if row.row and row.parent in (gone | found):
            found.add(row.row)
    return found


# --- rules on facts of records ---------------------------------------------------------------------


def on_records(rule: Rule, known: Callable[[], Iterable[str]]) -> Rule:
    """The rule with values as the records have them; `known` gives all values of that fact.

    Raises InputError if no record has such a value, naming those that come near.
    """
    if rule.name == "year":
        for value in rule.values:
            if not re.fullmatch(r"\d{4}", value):
                raise InputError(f"{rule.text!r}: {value!r} is no year", hint="write year < 2015")
        return rule
    if rule.sign in _ORDERED:
        raise InputError(f"{rule.text!r}: {rule.name} has no order", hint=f"write {rule.name} = VALUE")
    values = sorted(set(known()))
    found = []
    for given in rule.values:
        wanted = _LANGUAGES.get(given.casefold(), (given,)) if rule.name == "language" else (given,)
        fitting = [one for one in values if one.casefold() in {word.casefold() for word in wanted}]
        if not fitting:
            near = difflib.get_close_matches(given, values, n=3, cutoff=0.6)
            shown = ", ".join(values[:12]) + (", …" if len(values) > 12 else "")
            raise InputError(
                f"{rule.text!r}: no record has the {FACTS[rule.name]} {given!r}",
                hint=f"did you mean {' or '.join(near)}?" if near else f"there are {shown or 'none at all'}",
            )
        found += fitting
    return replace(rule, values=tuple(found))


def facts(record: Record, name: str) -> tuple[str, ...]:
    """What a record states of a fact; nothing where it states none."""
    match name:
        case "year":
            return () if record.year is None else (str(record.year),)
        case "language":
            return record.languages
        case "type":
            return record.publication_types
        case _:
            return tuple(filter(None, (record.journal, record.journal_abbreviation)))


def record_fits(rule: Rule, stated: Sequence[str]) -> bool | None:
    """Whether a rule on records holds where this is stated; None: nothing is."""
    if not stated:
        return None
    if rule.sign in _ORDERED:
        return _compared(rule.sign, int(stated[0]), int(rule.values[0]))
    return bool(set(stated) & set(rule.values)) is (rule.sign == "=")


# As people say them, and as databases write them: MEDLINE, ISO 639-1, in words.
_LANGUAGES = {
    name: (name, *codes)
    for name, codes in {
        "arabic": ("ara", "ar"),
        "chinese": ("chi", "zho", "zh"),
        "dutch": ("dut", "nld", "nl"),
        "english": ("eng", "en"),
        "french": ("fre", "fra", "fr"),
        "german": ("ger", "deu", "de"),
        "italian": ("ita", "it"),
        "japanese": ("jpn", "ja"),
        "korean": ("kor", "ko"),
        "polish": ("pol", "pl"),
        "portuguese": ("por", "pt"),
        "russian": ("rus", "ru"),
        "spanish": ("spa", "es"),
        "turkish": ("tur", "tr"),
    }.items()
}
