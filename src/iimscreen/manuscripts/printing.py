"""How a tag's number is printed: plain, in words, as a percentage of another. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from iimscreen.model import Number

INTERIM = " (interim)"
UNKNOWN = "–"  # what is printed of a number that is not known
# Option → what it prints, for authors.
OPTIONS: dict[str, str] = {
    "plain": "without commas: 1234",
    "words": "in words: thirty-seven",
    "Words": "in words, to begin a sentence: Thirty-seven",
    "n": "in brackets: (n = 37)",
    "percent": "how much of another number, with one decimal: 63.8%",
}
_ASKS = re.compile(r"(?P<name>[^\s|]+)(?:\s+(?:/|of)\s+(?P<of>[^\s|]+))?(?: as (?P<how>\S+))?")
_ONES = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_TENS = ("zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_MOST_IN_WORDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What one tag asks for."""

    name: str
    of: str = ""  # the number that it is a part of
    how: str = ""  # one of OPTIONS

    @property
    def names(self) -> tuple[str, ...]:
        """The numbers that it needs."""
        return (self.name, self.of) if self.of else (self.name,)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a tag prints now."""

    text: str  # with its mark while it is interim; "–" while it is not known
    why_not: str = ""  # why it is not known
    is_closed: bool = False  # whether that is because it is not open to view
    interim: str = ""  # the work that may still change it
    wrong: str = ""  # what is wrong with the tag itself: an unknown name, an option that does not fit

    @property
    def in_full(self) -> str:
        """As it is written into a manuscript."""
        return f"{self.text}{INTERIM}" if self.interim or self.why_not else self.text


def read(asks: str) -> Asked | None:
    """A tag's words as a question; None if they are none."""
    found = _ASKS.fullmatch(asks.strip())
    if found is None:
        return None
    return Asked(found["name"], found["of"] or "", found["how"] or "")


def shown(asks: str, known: Mapping[str, Number], texts: Mapping[str, str]) -> Shown:
    """What a tag prints, by the numbers and the sentences that are known."""
    if asks in texts:
        return Shown(texts[asks])
    asked = read(asks)
    if asked is None:
        return Shown(UNKNOWN, wrong=f"{asks!r} is no name; expected such as {{{{prisma.records_screened}}}}")
    for name in asked.names:
        if name not in known:
            return Shown(UNKNOWN, wrong=f"no number is called {name!r}{_likely(name, [*known, *texts])}")
    if asked.how and asked.how not in OPTIONS:
        return Shown(UNKNOWN, wrong=f"{asked.how!r} is no way to print; expected {', '.join(OPTIONS)}")
    numbers = [known[name] for name in asked.names]
    unknown = next((one for one in numbers if one.value is None), None)
    if unknown is not None:
        why_not = unknown.why_not or "it is not known"
        return Shown(UNKNOWN, why_not=why_not, is_closed=unknown.is_closed)
    interim = "; ".join(dict.fromkeys(one.interim for one in numbers if one.interim))
    if asked.of or asked.how == "percent":
        return _percent(asked, numbers, interim)
    return _printed(asked, numbers[0], interim)


def _percent(asked: Asked, numbers: list[Number], interim: str) -> Shown:
    if not asked.of:
        return Shown(UNKNOWN, wrong=f"a percentage needs two numbers: {{{{{asked.name} / NAME | percent}}}}")
    if asked.how not in ("", "percent"):
        return Shown(UNKNOWN, wrong=f"{asked.how!r} does not fit a percentage")
    part, whole = (one.value for one in numbers)
    if not isinstance(part, int) or not isinstance(whole, int) or any(one.is_at_least for one in numbers):
        return Shown(UNKNOWN, why_not="not estimable: a percentage needs two exact counts")
    if not whole:
        return Shown(UNKNOWN, why_not=f"not estimable: {asked.of} is 0")
    tenths = (2000 * part + whole) // (2 * whole)  # halves up, exactly
    return Shown(f"{tenths // 10:,}.{tenths % 10}%", interim=interim)


def _printed(asked: Asked, number: Number, interim: str) -> Shown:
    if asked.how == "plain":
        return Shown(number.text.replace(",", ""), interim=interim)
    if asked.how == "n":
        return Shown(f"(n = {number.text})", interim=interim)
    if asked.how not in ("words", "Words"):
        return Shown(number.text, interim=interim)
    value = number.value
    if not isinstance(value, int) or number.words or not 0 <= value < _MOST_IN_WORDS:
        return Shown(UNKNOWN, wrong=f"{number.text} is not written in words")
    words = in_words(value)
    return Shown(words[0].upper() + words[1:] if asked.how == "Words" else words, interim=interim)


def in_words(count: int) -> str:
    """A count below a million in words: 137 is "one hundred thirty-seven"."""
    if count < len(_ONES):
        return _ONES[count]
    if count < 100:
        rest = count % 10
        return _TENS[count // 10] + (f"-{_ONES[rest]}" if rest else "")
    unit, name = (1000, "thousand") if count >= 1000 else (100, "hundred")
    rest = count % unit
    return f"{in_words(count // unit)} {name}" + (f" {in_words(rest)}" if rest else "")


def _likely(name: str, known: Iterable[str]) -> str:
    names = list(known)
    found = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5) or [
        one for one in names if one.rpartition(".")[2] == name.lower()
    ]
    return f"; did you mean {found[0]}?" if found else ""
