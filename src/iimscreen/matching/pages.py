"""Pages, volumes and issues as numbers, in every form that databases and spreadsheets give them."""

from __future__ import annotations

import math
import re

_NUMBER = re.compile(r"\d+")
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: str(n) for n, name in enumerate(_MONTH_NAMES, 1)}
_DAY_MONTH = re.compile(r"0?(\d{1,2})-([A-Za-z]{3})$")
_MONTH_DAY = re.compile(r"([A-Za-z]{3})-0?(\d{1,2})$")
_PLAIN = re.compile(r"([1-9]\d*)(?:-([1-9]\d*))?$", re.ASCII)
_PAGES = re.compile(r"([a-z]{0,4})\s*0*(\d+)([a-z]?)(?:\s*(?:-|--|–|—|to)\s*([a-z]{0,4})\s*0*(\d+))?")
_NAMED = re.compile(r"pp?\.?\s+|pp?\.|pages?\s+")
_HOW_MANY = re.compile(r"(?:[ivxlc]+,\s*)?\d+\s*(?:p|pp|pages|leaves)\.?$")  # "215 p": a book or a thesis
_LETTERED = re.compile(r"([a-z]*)(\d{1,9})", re.ASCII)
_STRETCHES = re.compile(r"\s*[,;+&]\s*(?:[a-z ]+)?", re.IGNORECASE)
_NONE: frozenset[str] = frozenset()
_ROMAN_PAGES = re.compile(r"([ivxlc]+)(?:\s*[-–]\s*([ivxlc]+))?\b")


def page_range(pages: str | None) -> tuple[str | None, str | None]:
    """First and last page, lower case, without leading zeros; each None if not stated.

    "1024-9" is 1024 to 1029, "S385S-389" is s385 to s389, "01-Jun" is what a spreadsheet makes of
    1-6, and "215 p" says how many pages there are, not which.
    """
    if not pages:
        return None, None
    if plain := _PLAIN.match(pages):
        first, last = plain.groups()
        return first, _whole(first, last) if last else None
    text = pages.strip(" \"'.").lower()
    if spoilt := _DAY_MONTH.match(text):
        return spoilt.group(1), _MONTHS.get(spoilt.group(2))
    if (spoilt := _MONTH_DAY.match(text)) and spoilt.group(1) in _MONTHS:
        return _MONTHS[spoilt.group(1)], spoilt.group(2)
    if _HOW_MANY.match(text):
        return None, None
    text = _NAMED.sub("", text, count=1) if text[:1] == "p" else text
    match = _PAGES.match(text)
    if match is None:
        roman = _ROMAN_PAGES.match(text)
        return (roman.group(1), roman.group(2)) if roman else (None, None)
    prefix, first, suffix, last_prefix, last = match.groups()
    prefix = prefix or suffix  # "385s" and "S385" are one page of a supplement
    return prefix + first, (last_prefix or prefix) + _whole(first, last) if last else None


def _whole(first: str, last: str) -> str:
    return first[: len(first) - len(last)] + last if len(last) < len(first) else last


def other_first_pages(pages: str | None) -> frozenset[str]:
    """First pages of the stretches after the first: "230-5, 246-51" has "246"."""
    if not pages or not any(sign in pages for sign in ",;+&"):
        return _NONE
    parts = [page_range(part)[0] for part in _STRETCHES.split(pages)[1:]]
    return frozenset(part for part in parts if part)


def number(text: str | None) -> str | None:
    """The leading number of a volume or issue: "6 (1) (no pagination)" is 6, "Volume 14" is 14."""
    if not text:
        return None
    if text.isdecimal() and text.isascii():
        return text.lstrip("0") or "0"
    match = _NUMBER.search(text)
    return match.group().lstrip("0") or "0" if match else None


def length(first: str | None, last: str | None) -> int:
    """How many pages a range has; 0 where it is not stated or cannot be told."""
    if first is None or last is None:
        return 0
    one, other = _NUMBER.search(first), _NUMBER.search(last)
    if one is None or other is None:
        return 0
    return max(int(other.group()) - int(one.group()) + 1, 0)


def distance(page: str | None, other: str | None) -> float:
    """How far apart two pages of one kind ("e3" and "e8") are; infinity where that makes no sense."""
    one, two = _LETTERED.fullmatch(page or ""), _LETTERED.fullmatch(other or "")
    if one is None or two is None or one.group(1) != two.group(1):
        return math.inf
    return abs(int(one.group(2)) - int(two.group(2)))
