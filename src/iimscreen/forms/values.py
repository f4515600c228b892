"""What may stand in a field: read from what was typed, spelled one way, compared. Pure."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping

from iimscreen.errors import InputError
from iimscreen.forms import CODES
from iimscreen.model import Condition, Field, FieldKind, Value

_CODES = {
    **{code.casefold(): code for code in CODES},
    **{words: code for code, words in CODES.items()},
    "n/a": "NA",
    "n.r.": "NR",
    "n/r": "NR",
}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_HINT = "correct it; codes for a missing value: NR, NA, UN, AS"


def read(field: Field, given: str, unit: str = "") -> Value:
    """What was typed, as a value of this field. Raises InputError: what was found, and what was expected.

    "unclear" is the code UN where the field has no choice of that name. A number may carry its unit.
    """
    text = " ".join(given.split()) if field.kind is not FieldKind.TEXT else given.strip()
    unit = unit.strip()
    if not text:
        raise _wrong(field, given, "a value or a code")
    choice = _choice(field, text)
    if choice is None and text.casefold() in _CODES:
        if unit and unit not in field.units:
            raise _wrong(field, f"{text} with the unit {unit}", "a code alone")
        return Value(code=_CODES[text.casefold()])
    match field.kind:
        case FieldKind.TEXT:
            return Value(text)
        case FieldKind.INTEGER | FieldKind.NUMBER:
            return _number(field, text, unit)
        case FieldKind.DATE:
            return Value(_date(field, text))
        case FieldKind.CHOICES:
            return Value("; ".join(_several(field, text)))
        case _:
            if choice is None:
                raise _wrong(field, text, _one_of(field))
            return Value(choice)


def _wrong(field: Field, found: str, expected: str) -> InputError:
    return InputError(f"{field.name} is {found[:60]!r}, expected {expected}", hint=_HINT)


def _one_of(field: Field) -> str:
    shown = ", ".join(field.choices[:12]) + (", …" if len(field.choices) > 12 else "")
    return f"one of {shown}" + (", or a text of your own" if field.others else "")


def _choice(field: Field, text: str) -> str | None:
    """The choice that a text means; itself where others are allowed; None if it is none."""
    for choice in field.choices:
        if choice.casefold() == text.casefold():
            return choice
    return text if field.others and text.casefold() not in _CODES and ";" not in text else None


def _several(field: Field, text: str) -> list[str]:
    parts = [part.strip() for part in text.split(";") if part.strip()]
    found = []
    for part in parts:
        choice = _choice(field, part)
        if choice is None:
            raise _wrong(field, part, f"{_one_of(field)}; several are parted by semicolons")
        if choice not in found:
            found.append(choice)
    order = {choice: number for number, choice in enumerate(field.choices)}
    return sorted(found, key=lambda one: (order.get(one, len(order)), one if one not in order else ""))


def _number(field: Field, text: str, unit: str) -> Value:
    kind = "a whole number" if field.kind is FieldKind.INTEGER else "a number such as 3.64"
    if field.units and not unit:
        for known in sorted(field.units, key=len, reverse=True):
            if text.endswith(known) and text[:1] in "+-.0123456789":
                text, unit = text[: -len(known)].strip(), known
                break
    if _DECIMAL_COMMA.fullmatch(text):
        raise _wrong(field, text, f"{kind}: a point for decimals, and no comma")
    if "/" in text and all(_NUMBER.fullmatch(part.strip()) for part in text.split("/")):
        raise _wrong(field, text, f"{kind}: one value a row, so a row for each time")
    if not _NUMBER.fullmatch(text):
        raise _wrong(field, text, kind + (f" and a unit of {', '.join(field.units)}" if field.units else ""))
    value = float(text)
    if not (value.is_integer() if field.kind is FieldKind.INTEGER else math.isfinite(value)):
        raise _wrong(field, text, kind)
    if (field.least is not None and value < field.least) or (field.most is not None and value > field.most):
        raise _wrong(field, text, f"{kind} {range_words(field)}")
    if unit and unit not in field.units:
        raise _wrong(
            field,
            f"{text} {unit}",
            f"the unit {' or '.join(field.units)}" if field.units else "a number without a unit",
        )
    if field.units and not unit:
        if len(field.units) > 1:
            raise _wrong(field, text, f"a unit with it: {', '.join(field.units)}")
        unit = field.units[0]
    return Value(spelled(value), unit)


def spelled(value: float) -> str:
    """A number the one way it is stored."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def range_words(field: Field) -> str:
    """Between which numbers a value of this field lies."""
    if field.least is None and field.most is None:
        return "any"
    if field.least is None:
        return f"up to {spelled(field.most or 0.0)}"
    if field.most is None:
        return f"from {spelled(field.least)} on"
    return f"from {spelled(field.least)} to {spelled(field.most)}"


def _date(field: Field, text: str) -> str:
    expected = "a year, month or day: 2021, 2021-03 or 2021-03-17"
    parts = _DATE.fullmatch(text)
    if parts is None:
        raise _wrong(field, text, expected)
    year, month, day = (int(part) if part else None for part in parts.groups())
    try:
        dt.date(year or 0, month or 1, day or 1)
    except ValueError as error:
        raise _wrong(field, text, expected) from error
    return "-".join(
        f"{part:0{width}d}" for part, width in ((year, 4), (month, 2), (day, 2)) if part is not None
    )


def same(field: Field, one: Value, other: Value) -> bool:
    """Whether two extractors say the same: codes as such, texts but for case, spaces and a full stop at the end,
    numbers within the field's tolerance and of one unit.
    """
    if one.code or other.code:
        return one.code == other.code and one.text == other.text
    if field.kind in (FieldKind.INTEGER, FieldKind.NUMBER):
        a, b = one.number, other.number
        if a is None or b is None:
            return one == other
        # 0.1 + 0.2: what is written with few digits differs by no more than the last of them
        return one.unit == other.unit and abs(a - b) <= field.tolerance + 1e-9 * max(abs(a), abs(b))
    return plain_text(one.text) == plain_text(other.text)


def plain_text(text: str) -> str:
    """A text as it is compared: case, runs of spaces and a full stop at its end do not count."""
    return " ".join(text.casefold().split()).rstrip(".")


def holds(when: Condition | None, values: Mapping[str, Value]) -> bool | None:
    """Whether a field is asked, by the values of its row and of the rows above it; None: cannot tell yet."""
    if when is None:
        return True
    value = values.get(when.field)
    if value is None:
        return None
    return any(item in when.values for item in (*value.items, value.text, value.code))


def described(field: Field) -> str:
    """What may stand in a field, in words."""
    match field.kind:
        case FieldKind.CHOICE:
            said = _one_of(field)
        case FieldKind.CHOICES:
            said = f"any {_one_of(field)[4:]}"
        case FieldKind.YES_NO:
            said = "yes, no or unclear"
        case FieldKind.DATE:
            said = "year, month or day: 2021, 2021-03, 2021-03-17"
        case FieldKind.TEXT:
            said = "text"
        case _:
            said = "a whole number" if field.kind is FieldKind.INTEGER else "a number"
            if field.least is not None or field.most is not None:
                said += f" {range_words(field)}"
            if field.units:
                said += f" in {' or '.join(field.units)}"
    if field.when is not None:
        said += f"; only where {field.when.field} is {' or '.join(field.when.values)}"
    return said
