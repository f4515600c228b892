"""Journals by their names: full, abbreviated, cut short, with subtitle, place or conference added."""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz import fuzz

from iimscreen.matching.titles import normal_text

_PARTS = re.compile(r"\s*[:;=(\[./]\s*|\s+-\s+")
_NOTE = re.compile(r"\s[(\[][^()\[\]]*[)\]]?")
_ELISION = re.compile(r"\b[dl]['’]", re.IGNORECASE)
_SMALL_WORDS = frozenset((
    "annual", "proceedings", "proc", "vol", "vols", "l", "d", "the", "of", "and", "for", "in", "on",
    "an", "de", "la", "le", "des", "der", "die", "das", "und", "et", "del", "della", "e", "y", "i",
    "für", "fur", "du", "den", "volume", "da", "do", "dos", "di", "dello", "van",
))  # fmt: skip
_CONFERENCE = frozenset(("conference", "symposium", "workshop", "congress", "conf", "symp"))


def normal_names(*names: str | None) -> tuple[str, ...]:
    """The names that a record gives its journal, normalised: each whole, without its subtitle, and in parts."""
    found: list[str] = []
    for name in names:
        if not name:
            continue
        parts = _PARTS.split(name)
        others = parts[1:] if "=" in name or " - " in name or "[" in name else []
        for part in (name, parts[0], *(part for part in others if len(part) > 10)):
            text = _ELISION.sub(" ", _NOTE.sub("", part))
            words = [word for word in normal_text(text).split() if _is_telling(word)]
            if words:
                found.append(" ".join(words))
    return tuple(dict.fromkeys(found))


def _is_telling(word: str) -> bool:
    """Not an article, nor the number or year of a conference: "50th Annual Hawaii Conference"."""
    return word not in _SMALL_WORDS and not word[0].isdigit()


@lru_cache(maxsize=65536)
def share_a_name(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether any of the names of one journal may be one of the other's; in either order the same."""
    return any(is_same_journal(*sorted((a, b))) for a in one for b in other)


@lru_cache(maxsize=65536)
def is_same_journal(name: str, other: str) -> bool:
    """Whether two normalised names may be one journal: equal, abbreviated, or cut short."""
    if name == other or name.replace(" ", "") == other.replace(" ", ""):
        return True
    short, long = sorted((name.split(), other.split()), key=lambda words: (len(words), sum(map(len, words))))
    if not short:
        return False
    if len(short) == 1 and len(long) > 1:
        initials = "".join(word[0] for word in long)
        return short[0] == initials or (len(short[0]) >= 4 and short[0] == long[0] and len(long) > 2)
    if _CONFERENCE.intersection(short) and len(short) > 2 and set(short) <= set(long):
        return True  # "ICIS Thirty-First International Conference on ..." is that conference
    return _abbreviates(short, long) or _abbreviates(long, short)


def _abbreviates(short: list[str], long: list[str]) -> bool:
    """Whether each word of `short` abbreviates the word of `long` in its place.

    Two words or more that are left over are a subtitle ("... official journal of ..."); one is
    another journal ("Eur J Cancer" and "European journal of cancer prevention").
    """
    if not 1 < len(short) <= len(long) or len(short) == len(long) - 1:
        return False
    return all(_is_abbreviation(word, full) for word, full in zip(short, long, strict=False))


def _is_abbreviation(short: str, full: str) -> bool:
    if full.startswith(short):
        return True
    if short[0] != full[0] or len(short) > len(full):
        return False
    if len(short) >= 5 and fuzz.ratio(short, full[: len(short) - 1]) >= 85.0:  # a letter lost in the source
        return True
    letters = iter(full)  # "dtsch" stands for "deutsche"
    return len(short) > 1 and all(letter in letters for letter in short)
