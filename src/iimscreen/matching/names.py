"""People and groups by their names, as one text: a line each, the family joined, then all its words."""

from __future__ import annotations

import re

from iimscreen.matching.titles import plain_letters
from iimscreen.model import Author

_PERSON, _PART = "\x1e", "\x1f"  # control characters: no name has them
_NOT_WORD = re.compile(r"[^\w\x1e\x1f]+|_+")
_BLANKS = {code: " " for code in range(128) if not chr(code).isalnum() and chr(code) not in (_PERSON, _PART)}
_PARTICLES = frozenset((
    "de", "da", "do", "dos", "das", "del", "della", "di", "du", "van", "von", "der", "den", "ten",
    "ter", "la", "le", "el", "al", "bin", "ibn", "zu", "y", "e", "and", "st",
))  # fmt: skip
_SUFFIXES = frozenset((
    "jr", "sr", "ii", "iii", "iv", "2nd", "3rd", "md", "phd",
))  # fmt: skip


def normal_names(authors: tuple[Author, ...]) -> str:
    """A line for each person: the family without particles and in one word, then all words of the name.

    "van den Broek, Anna B." is "broek anna", "Lloyd-Webber, J" is "lloydwebber lloyd webber"; the functions
    below take it apart. One text takes a quarter of the memory of a list of texts.
    """
    if not authors:
        return ""
    # All at once, since cleaning each part of each name by itself costs more than all that is done here.
    stated = _PERSON.join([f"{one.family}{_PART}{one.given}" for one in authors])
    people = _words(stated).split(_PERSON)
    if len(people) != len(authors):  # a name that holds control characters
        people = [_words(f"{_bare(one.family)}{_PART}{_bare(one.given)}") for one in authors]
    found = [_normal_name(person, one.is_group) for one, person in zip(authors, people, strict=True)]
    return "\n".join([name for name in found if name is not None])


def _words(stated: str) -> str:
    """The same in normal letters, with blanks for all but words and our two marks."""
    plain = plain_letters(stated)
    return plain.translate(_BLANKS) if plain.isascii() else _NOT_WORD.sub(" ", plain)


def _bare(name: str) -> str:
    return name.replace(_PERSON, " ").replace(_PART, " ")


def _normal_name(person: str, is_group: bool) -> str | None:
    family, _, given = person.partition(_PART)
    words = family.split()
    if not words:
        return None
    if len(words) == 1:
        initials = given.split()
        if not initials or max(map(len, initials)) == 1:
            return words[0]  # most names
    else:
        telling = [word for word in words if word not in _PARTICLES] or ["".join(words)]
        if not is_group and len(telling) > 1:
            telling = [word for word in telling if word not in _SUFFIXES and len(word) > 1] or telling
        words = ["".join(telling), *telling] if len(telling) > 1 else telling
    words += [word for word in given.split() if len(word) > 1]
    return " ".join(words)


def first_family(names: str) -> str:
    """The family of the first person; "" where nobody is named."""
    return names.partition("\n")[0].partition(" ")[0]


def families(names: str) -> list[str]:
    """The family of each person, in order."""
    return [line.partition(" ")[0] for line in names.split("\n")] if names else []


def words_of(names: str) -> set[str]:
    """Every word of every name."""
    return set(names.split())


def count(names: str) -> int:
    """How many people are named."""
    return names.count("\n") + 1 if names else 0
