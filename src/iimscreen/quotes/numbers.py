"""Which numbers a text states, in digits and in English words, by every reading that fits.

"1,234" may be 1234 or 1.234, as its author writes; "12%" may be 12 or 0.12; "five" is 5, and "a patient" is 1.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from fractions import Fraction

_SPACES = dict.fromkeys(
    map(ord, "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f"), " "
)
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—−﹣－"), "-")
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
# A number within a word, such as that of MDA5, is none; one with a unit behind it is.
_DIGITS = re.compile(r"(?<![^\W\d_])(?<!\d)(?:\d+(?:[.,]\d+)*|(?<![\d.,])\.\d+)", re.ASCII)
_GROUPED = re.compile(r"(?<![\w.,])\d{1,3}(?:[ '’]\d{3})+(?![\d])(?:[.,]\d+)?", re.ASCII)
_PERCENT = re.compile(r"\s*(?:%|‰|percent|per cent)", re.IGNORECASE)
_POWER = re.compile(
    r"\s*(?:[×x*]\s*10\s*(?:\^\s*([-+]?\d{1,2})|([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2}))|[eE]([-+]?\d{1,2})\b)"
)
_FRACTIONS = "¼½¾⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
_VULGAR = re.compile(rf"(\d*)\s?([{_FRACTIONS}])")
_WORD = re.compile(r"[a-z]+")

_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SMALL = {word: number for number, word in enumerate(_UNITS)} | {
    word: number * 10 for number, word in enumerate(_TENS, start=2)
}
_LARGE = {"hundred": 100, "thousand": 1000}
WORDS = frozenset((*_SMALL, *_LARGE))
_OTHERS = {
    **dict.fromkeys(("a", "an", "single", "sole", "once"), 1),
    **dict.fromkeys(("no", "none", "nil", "nobody", "neither", "never", "without"), 0),
    **dict.fromkeys(("both", "twice", "couple", "pair"), 2),
    **dict.fromkeys(("thrice",), 3),
    "dozen": 12,
}


def numbers_in(text: str, *, plainly: bool = False) -> set[Fraction]:
    """Every number that the text may state; `plainly`: the likeliest reading of each, and words only where they
    are numbers.
    """
    text = text.translate(_SPACES).translate(_DASHES).replace("·", ".").replace("٫", ".")
    found: set[Fraction] = set()
    for match in _DIGITS.finditer(text):
        readings = _readings(match.group())
        found.update(_with_what_follows(text, match.end(), readings[:1] if plainly else readings, plainly))
        if not plainly and text[: match.start()].endswith("-"):
            found.update(-one for one in readings)
    for match in _GROUPED.finditer(text):
        if not plainly:
            whole = re.sub(r"[ '’]", "", match.group())
            found.update(_with_what_follows(text, match.end(), _readings(whole), plainly))
    for match in _VULGAR.finditer(text):
        part = Fraction(unicodedata.numeric(match.group(2))).limit_denominator(10)
        found.add(int(match.group(1) or 0) + part)
    lower = text.lower()
    found.update(_in_words(lower))
    if not plainly:
        found.update(Fraction(_OTHERS[word]) for word in _WORD.findall(lower) if word in _OTHERS)
    return found


def _readings(digits: str) -> list[Fraction]:
    """What one run of digits, points and commas may mean, the likeliest first."""
    if digits.startswith("."):
        return [Fraction(f"0{digits}")]
    groups = re.split(r"[.,]", digits)
    marks = re.findall(r"[.,]", digits)
    if not marks:
        return [Fraction(int(digits))]
    are_thousands = (
        all(len(group) == 3 for group in groups[1:]) and 0 < len(groups[0]) <= 3 and groups[0] != "0"
    )
    whole = [Fraction(int("".join(groups)))] if are_thousands and len(set(marks)) == 1 else []
    if len(marks) == 1:
        decimal = [Fraction(f"{groups[0]}.{groups[1]}")]
        return whole + decimal if marks == [","] else decimal + whole
    if whole:
        return whole
    if len(set(marks[:-1])) == 1 and marks[-1] != marks[0] and all(len(g) == 3 for g in groups[1:-1]):
        return [Fraction(f"{''.join(groups[:-1])}.{groups[-1]}")]
    return [Fraction(int(group)) for group in groups]  # a list, or a date


def _with_what_follows(text: str, end: int, readings: list[Fraction], plainly: bool) -> Iterator[Fraction]:
    """The readings, also as a part of a hundred or with a power of ten where the text goes on so."""
    yield from readings
    if plainly:
        return
    if _PERCENT.match(text, end):
        yield from (one / 100 for one in readings)
    power = _POWER.match(text, end)
    if power is not None:
        stated = power.group(1) or (power.group(2) or "").translate(_SUPERSCRIPT) or power.group(3)
        yield from (one * Fraction(10) ** int(stated) for one in readings)


def _in_words(text: str) -> Iterator[Fraction]:
    """Numbers in words: "twenty-one", "one hundred and five"."""
    total = part = 0
    is_open = False
    last = ""
    end = 0
    for match in _WORD.finditer(text):
        word = match.group()
        is_next = re.fullmatch(r"[\s-]*", text[end : match.start()]) is not None
        goes_on = is_open and is_next and _goes_on(last, word)
        if is_open and word == "and" and is_next and last in _LARGE:
            end = match.end()
            continue
        if is_open and not goes_on:
            yield Fraction(total + part)
            total = part = 0
            is_open = False
        if word in _SMALL:
            part += _SMALL[word]
            is_open = True
        elif word == "hundred":
            part = (part or 1) * 100
            is_open = True
        elif word == "thousand":
            total, part = total + (part or 1) * 1000, 0
            is_open = True
        last, end = word, match.end()
    if is_open:
        yield Fraction(total + part)


def _goes_on(last: str, word: str) -> bool:
    """Whether a word belongs to the number that the one before it ended with."""
    if word in _LARGE:
        return True
    if word not in _SMALL:
        return False
    return last in _LARGE or (last in _TENS and _SMALL[word] < 10)


def written(number: Fraction) -> str:
    """A number as people write it, with at most six decimals."""
    if number.denominator == 1:
        return str(number.numerator)
    return f"{float(number):.6f}".rstrip("0").rstrip(".")
