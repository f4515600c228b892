"""What a person means who asks for a number: its name, a family of names, or a value as a text prints it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from iimscreen.model import Number

_AT_LEAST = re.compile(r"^(?:≥|>=|at least)\s*", re.IGNORECASE)
_N = re.compile(r"^\(?\s*n\s*=\s*(.*?)\s*\)?$", re.IGNORECASE)
_THOUSANDS = re.compile(r"\d{1,3}(?:[,' \u2019\u00a0\u2009\u202f]\d{3})+(?:\.\d+)?")
_NUMBER = re.compile(r"[-−]?\d+(?:\.\d+)?|[-−]?\.\d+")


@dataclass(frozen=True, slots=True)
class Value:
    """A number as it is printed somewhere."""

    value: Decimal
    decimals: int  # digits behind the point, to which it was rounded
    is_percent: bool

    def fits(self, number: Number) -> bool:
        """Whether a number may be printed so: the same count, or a share or coefficient rounded to it."""
        if number.value is None:
            return False
        if isinstance(number.value, int):
            return not self.is_percent and self.value == number.value
        exact = Decimal(repr(number.value))
        # Half a unit of the last digit either way, since halves are rounded up here and to the even digit there.
        most = Decimal("0.500000001").scaleb(-self.decimals)
        return any(
            abs(one - self.value) <= most for one in ([] if self.is_percent else [exact]) + [exact * 100]
        )


def read(given: str) -> Value | None:
    """The value of what was typed: "37", "1,234", "n = 37", "94.0%", "≥ 12", "0.78"; None where it is none."""
    words = given.strip().rstrip(".")
    while (found := _N.match(words)) or (found := _AT_LEAST.match(words)):
        words = found.group(1) if found.re is _N else words[found.end() :]
    is_percent = words.endswith("%")
    words = words.removesuffix("%").strip()
    if _THOUSANDS.fullmatch(words):
        words = re.sub(r"[^\d.]", "", words)
    if not _NUMBER.fullmatch(words):
        return None
    words = words.replace("−", "-")
    return Value(Decimal(words), len(words.partition(".")[2]), is_percent)


def with_value(known: Mapping[str, Number], value: Value) -> tuple[Number, ...]:
    """The numbers that may be printed so, in their order."""
    return tuple(one for one in known.values() if value.fits(one))


def under(known: Mapping[str, Number], given: str) -> tuple[Number, ...]:
    """The number of this name alone, or else all whose names begin with it and a dot."""
    name = given.strip().rstrip(".")
    if name in known:
        return (known[name],)
    return tuple(one for one in known.values() if one.name.startswith(f"{name}."))


def likely(known: Iterable[str], given: str) -> list[str]:
    """Names that may have been meant: alike ones, or those that end as it does."""
    names = list(known)
    wanted = given.strip().strip("{}").casefold()
    ends = [name for name in names if name.endswith(f".{wanted}")]
    return (ends or difflib.get_close_matches(wanted, names, n=3, cutoff=0.5))[:3]
