"""Names of authors as people and databases write them, one alone or several in a cell."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from iimscreen.model import Author

_INITIALS = re.compile(r"(?:[^\W\d_]\.?[- ]?){1,4}|[^\W\d_]{1,3}")
_GROUP = re.compile(
    r"\b(groups?|consortium|collaborat\w+|investigators|committee|society|association|network|team|"
    r"organi[sz]ation|institute|university|registry|initiative|task ?force|program\w*|stud(?:y|ies)|"
    r"trialists)\b",
    re.IGNORECASE,
)
# How the words of _GROUP begin: sought first, in a third of its time.
_GROUP_HINT = re.compile(
    r"group|conso|colla|inves|commi|socie|assoc|netwo|team|organ|insti|unive|regis|initi|task|progr|stud|trial"
)
_PARTICLES = frozenset((
    "de", "da", "do", "dos", "del", "della", "di", "du", "van", "von", "der", "den", "ten", "ter",
    "la", "le", "el", "al", "bin", "ibn", "zu",
))  # fmt: skip
_BLANKS = re.compile(r"[^\S\n]+")
_NOBODY = frozenset(("", "et al", "others", "anonymous", "[anonymous]", "anon", "no authors listed"))
_FIRST_OF_NOBODY = frozenset("aenoAENO")  # letters: nearly all names begin with others
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_NUMBERED = re.compile(r"\s*\(\d{6,}\)")  # Scopus' "Smith, John (57190000000)"
_SUFFIXES = frozenset(("jr", "sr", "ii", "iii", "iv", "2nd", "3rd"))


def may_name_groups(text: str) -> bool:
    """Whether names that stand in a text may be those of groups; much faster than to try each one."""
    return _GROUP_HINT.search(text.lower()) is not None


def is_name(name: str) -> bool:
    """Whether a text is the name of somebody: not blank, no "et al" and no "Anonymous"."""
    if name[:1].isalpha() and name[0] not in _FIRST_OF_NOBODY:
        return True
    return name.strip(" ,.;").lower() not in _NOBODY


def author(name: str, *, may_be_group: bool = True) -> Author:
    """One author: "Paik, Julie J.", "Paik JJ", "Visser M de", "Julie J. Paik", "B. de Jong", or a group."""
    is_group = may_be_group and _GROUP.search(name) is not None
    family, comma, given = name.partition(",")
    if comma:
        family, given = family.strip(), given.strip()
        if not family and "," in given:
            return author(given.lstrip(" ,"), may_be_group=may_be_group)
        if not family or not given or (is_group and not _INITIALS.fullmatch(given)):
            return Author(name.strip(" ,"), is_group=is_group)
        return Author(family, given)
    words = name.split()
    if is_group and len(words) > 1:
        return Author(" ".join(words), is_group=True)
    end = len(words)
    while end > 2 and (words[end - 1] in _PARTICLES or words[end - 1].strip(".").lower() in _SUFFIXES):
        end -= 1
    start = end
    while start > 1 and words[start - 1].isupper() and _INITIALS.fullmatch(words[start - 1]):
        start -= 1
    if start < end:
        return Author(" ".join(words[:start]), " ".join(words[start:]))
    if len(words) > 1 and any(word.endswith(".") for word in words[:-1]):  # "Julie J. Paik"
        start = next((at for at in range(1, len(words)) if words[at] in _PARTICLES), len(words) - 1)
        return Author(" ".join(words[start:]), " ".join(words[:start]))
    return Author(" ".join(words))


def authors(names: Iterable[str]) -> tuple[Author, ...]:
    """Those of some names that are names of authors: no blanks, no "et al"."""
    return tuple(author(name.strip(" ;")) for name in names if is_name(name.strip()))


def authors_in(cell: str) -> tuple[Author, ...]:
    """The authors of a cell, however it parts them.

    "Smith J, Doe A", "Smith, J.; Doe, A.", "Smith, John and Doe, Anna", "Smith, J., Doe, A.",
    "John Smith, Anna Doe", "['Smith, J', 'Doe, A']", or one a line.
    """
    if "&" in cell:
        cell = html.unescape(cell)
    return authors(_NUMBERED.sub("", name) for name in _parted(cell))


def _parted(cell: str) -> Iterator[str]:
    text = _BLANKS.sub(" ", cell).strip()
    if text.count(".") == 1:  # PubMed's "Paik JJ, Werth VP."
        text = text.removesuffix(".")
    if text.startswith("[") and text.endswith("]") and (quoted := _QUOTED.findall(text)):
        yield from (one or other for one, other in quoted)
        return
    for mark in (";", "|", "\n"):
        if mark in text:
            yield from text.split(mark)
            return
    if _GROUP.search(text) and "," not in text:  # "Society of Physicians and Surgeons"
        yield text
        return
    for part in re.split(r",?\s+(?:and|&)\s+", text):
        yield from _by_commas(part)


def _by_commas(text: str) -> Iterator[str]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    ends_in_initials = [_has_initials(part) for part in parts]
    initials = [part.isupper() and _INITIALS.fullmatch(part) is not None for part in parts]
    if len(parts) < 2 or all(ends_in_initials):
        yield from parts
    elif all(initials[1::2]) and not any(ends_in_initials[0::2]):  # "Smith, J., Doe, A."
        yield from (", ".join(parts[at : at + 2]) for at in range(0, len(parts), 2))
    elif len(parts) == 2 and not (" " in parts[0] and " " in parts[1]):  # "Smith, John"
        yield text
    elif len(parts) == 3 and parts[1].strip(".").lower() in _SUFFIXES:  # "Smith, Jr, John"
        yield f"{parts[0]} {parts[1]}, {parts[2]}"
    elif len(parts) % 2 == 0 and not any(" " in part for part in parts[0::2]):  # "Smith, John, Doe, Anna"
        yield from (", ".join(parts[at : at + 2]) for at in range(0, len(parts), 2))
    else:  # "John Smith, Anna Doe"
        yield from parts


def _has_initials(name: str) -> bool:
    """Whether a name is a family name with initials behind it: "Smith J", "van der Berg J.P."."""
    words = name.split()
    while len(words) > 2 and words[-1].lower().strip(".") in (*_SUFFIXES, *_PARTICLES):
        words.pop()
    return len(words) > 1 and words[-1].isupper() and _INITIALS.fullmatch(words[-1].rstrip(".")) is not None
