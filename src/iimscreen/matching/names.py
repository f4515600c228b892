"""People and groups by their names: each as one short text, the family joined, then all words."""

from __future__ import annotations

from functools import lru_cache

from iimscreen.matching.titles import normal_text
from iimscreen.model import Author

_PARTICLES = frozenset((
    "de", "da", "do", "dos", "das", "del", "della", "di", "du", "van", "von", "der", "den", "ten",
    "ter", "la", "le", "el", "al", "bin", "ibn", "zu", "y", "e", "and", "st",
))  # fmt: skip
_SUFFIXES = frozenset((
    "jr", "sr", "ii", "iii", "iv", "2nd", "3rd", "md", "phd",
))  # fmt: skip


def normal_names(authors: tuple[Author, ...]) -> tuple[str, ...]:
    """One text a person: the family without particles and in one word, then all words of the name.

    "van den Broek, Anna B." is "broek broek anna"; `families` and `words_of` take it apart.
    """
    return tuple(
        name for one in authors if (name := _normal_name(one.family, one.given, one.is_group)) is not None
    )


def families(names: tuple[str, ...]) -> list[str]:
    """The family of each person, in order."""
    return [name.partition(" ")[0] for name in names]


def words_of(names: tuple[str, ...]) -> set[str]:
    """Every word of every name."""
    return set(" ".join(names).split(" ")) if names else set()


@lru_cache(maxsize=100_000)
def _normal_name(family: str, given: str, is_group: bool) -> str | None:
    words = normal_text(family).split()
    telling = [word for word in words if word not in _PARTICLES] or [" ".join(words)]
    if not is_group and len(telling) > 1:
        telling = [word for word in telling if word not in _SUFFIXES and len(word) > 1] or telling
    if not any(telling):
        return None
    joined = "".join(telling).replace(" ", "")
    words = [*telling] if len(telling) > 1 or telling[0] != joined else []
    if given:
        words += [word for word in normal_text(given).split() if len(word) > 1]
    return " ".join([joined, *words])
