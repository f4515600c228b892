"""What differs between two versions of a form, in sentences, and whose values that touches. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from iimscreen.forms import fields_of
from iimscreen.forms.values import range_words, spelled
from iimscreen.model import Condition, Field, Form, Level
from iimscreen.wording import counted


@dataclass(frozen=True, slots=True)
class FormChange:
    """One difference between two versions of a form."""

    what: str  # a sentence
    fields: frozenset[str] = frozenset()  # whose values, given before, must be looked at again


def differences(old: Form | None, new: Form | None) -> list[FormChange]:
    """What changed from one form to another; layout of the file does not count, as does none against none."""
    if old is None:
        return [] if new is None else [FormChange(f"form added: {_size(new)}")]
    if new is None:
        return [FormChange(f"form taken away: {_size(old)}; its values are kept")]
    return [
        *_form_changes(old, new),
        *_level_changes(old, new),
        *_field_changes(old, new),
        *_abbreviation_changes(dict(old.abbreviations), dict(new.abbreviations)),
    ]


def _size(form: Form) -> str:
    return f"{counted(len(form.fields), 'field')} on {counted(len(form.levels), 'level')}"


def touched(old: Form, new: Form) -> dict[str, tuple[str, ...]]:
    """Field of the new form → why a value given under the old one must be looked at again; others are absent."""
    found: dict[str, tuple[str, ...]] = {}
    for change in differences(old, new):
        for field in change.fields:
            found[field] = (*found.get(field, ()), change.what)
    return found


def _form_changes(old: Form, new: Form) -> list[FormChange]:
    return [
        FormChange(f"{name} of the form: {getattr(old, name) or 'none'} → {getattr(new, name) or 'none'}")
        for name in ("title", "subject", "citation")
        if getattr(old, name) != getattr(new, name)
    ]


# --- levels ----------------------------------------------------------------------------------------


def lost_letters(old: Form | None, new: Form | None) -> list[str]:
    """Levels of the old form whose rows the new one would take for others, or for none, in sentences.

    A level that is taken away is none of them, as long as no other has its letter.
    """
    if old is None or new is None:
        return []
    letters = {level.name: level.letter for level in new.levels}
    owners = {level.letter: level.name for level in new.levels}
    return [
        f"rows of {level.name} are numbered {level.letter}1, {level.letter}2, and "
        + (
            f"{level.letter} is now the letter of {owners[level.letter]}"
            if owners.get(level.letter, level.name) != level.name
            else f"its letter is now {letters[level.name]}"
        )
        for level in old.levels
        if owners.get(level.letter, level.name) != level.name
        or letters.get(level.name, level.letter) != level.letter
    ]


def _level_changes(old: Form, new: Form) -> list[FormChange]:
    before = {level.name: level for level in old.levels}
    after = {level.name: level for level in new.levels}
    changes = [
        FormChange(f"level {name} taken away; its rows are kept") for name in before if name not in after
    ]
    for name, level in after.items():
        if name not in before:
            changes.append(
                FormChange(f"level {name} added: {level.title}, rows {level.letter}1, {level.letter}2")
            )
            continue
        of_it = frozenset(field.name for field in fields_of(new, name)) & {field.name for field in old.fields}
        changes += [
            FormChange(f"level {name}: {label} {_of(was)} → {_of(now)}", of_it if touches else frozenset())
            for label, was, now, touches in _aspects_of_level(before[name], level)
            if was != now
        ]
    if [name for name in before if name in after] != [name for name in after if name in before]:
        changes.append(FormChange(f"order of levels: {', '.join(after)}"))
    return changes


def _aspects_of_level(old: Level, new: Level) -> Iterable[tuple[str, object, object, bool]]:
    """What is said of a level, before and after, and whether a change of it touches values."""
    yield "title", old.title, new.title, True
    yield "letter", old.letter, new.letter, True
    yield "a row of", old.of, new.of, True
    yield "key", ", ".join(old.key), ", ".join(new.key), False


def _of(value: object) -> str:
    return str(value) or "none"


# --- fields ----------------------------------------------------------------------------------------


def _field_changes(old: Form, new: Form) -> list[FormChange]:
    before = {field.name: field for field in old.fields}
    after = {field.name: field for field in new.fields}
    changes = [
        FormChange(f"field {name} taken away ({field.title}); its values are kept, and no longer asked for")
        for name, field in before.items()
        if name not in after
    ]
    changes += [
        FormChange(
            f"field {name} added to {field.level} ({field.title})" + (", required" if field.required else "")
        )
        for name, field in after.items()
        if name not in before
    ]
    for name, field in after.items():
        if name in before:
            changes += [
                FormChange(f"field {name}: {what}", frozenset({name}) if touches else frozenset())
                for what, touches in _changes_of(before[name], field)
            ]
    changes += [
        FormChange(f"order of fields on {level.name}: {', '.join(now)}")
        for level in new.levels
        if _kept_names(old, level.name, after) != (now := _kept_names(new, level.name, before))
    ]
    return changes


def _kept_names(form: Form, level: str, other: Mapping[str, Field]) -> list[str]:
    return [
        field.name
        for field in fields_of(form, level)
        if field.name in other and other[field.name].level == level
    ]


# Words for what is said of a field, how to write it, and whether a change of it touches values given before.
_ASPECTS: tuple[tuple[str, Callable[[Field], str], bool], ...] = (
    ("level", lambda field: field.level, True),
    ("title", lambda field: field.title, True),
    ("type", lambda field: field.kind.value, True),
    ("asked", lambda field: _asked(field.when), True),
    ("own texts beside the choices", lambda field: "allowed" if field.others else "not allowed", True),
    ("help", lambda field: field.help or "none", True),
    ("required", lambda field: "yes" if field.required else "no", False),
    ("role", lambda field: field.role or "none", False),
    ("section", lambda field: field.section or "none", False),
    ("tolerance", lambda field: spelled(field.tolerance), False),
)


def _changes_of(old: Field, new: Field) -> list[tuple[str, bool]]:
    """What changed in one field, and whether that touches its values."""
    changes = [
        (f"{label} {said(old)} → {said(new)}", touches)
        for label, said, touches in _ASPECTS
        if said(old) != said(new)
    ]
    for label, was, now in (("choices", old.choices, new.choices), ("units", old.units, new.units)):
        if was != now:
            # Another order asks nothing else; but the first unit is the one that is meant where only one is.
            changes.append((f"{label} {_list_change(was, now)}", set(was) != set(now)))
    if (old.least, old.most) != (new.least, new.most):
        changes.append((f"range {range_words(old)} → {range_words(new)}", _is_narrower(old, new)))
    return changes


def _asked(when: Condition | None) -> str:
    return "always" if when is None else f"where {when.field} is {' or '.join(when.values)}"


def _is_narrower(old: Field, new: Field) -> bool:
    """Whether a value within the old range may lie outside the new one."""
    below = new.least is not None and (old.least is None or old.least < new.least)
    above = new.most is not None and (old.most is None or old.most > new.most)
    return below or above


def _list_change(before: tuple[str, ...], after: tuple[str, ...]) -> str:
    added = [one for one in after if one not in before]
    gone = [one for one in before if one not in after]
    said = [f"{what} {', '.join(ones)}" for what, ones in (("added", added), ("taken away", gone)) if ones]
    return "; ".join(said) or f"in another order: {', '.join(after)}"


def _abbreviation_changes(before: dict[str, str], after: dict[str, str]) -> list[FormChange]:
    changes = [FormChange(f"abbreviation {short} taken away") for short in before if short not in after]
    changes += [
        FormChange(f"abbreviation {short} added: {after[short]}") for short in after if short not in before
    ]
    changes += [
        FormChange(f"abbreviation {short}: {before[short]} → {after[short]}")
        for short in after
        if short in before and before[short] != after[short]
    ]
    if not changes and list(before) != list(after):
        changes.append(FormChange("abbreviations in another order"))
    return changes
