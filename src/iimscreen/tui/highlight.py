"""Where a protocol's terms stand in a text: whole words, whatever their case, the longest first. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

INCLUDE = "include"
EXCLUDE = "exclude"


class Mark(NamedTuple):
    """A stretch of a text that one of the terms fits."""

    start: int
    end: int
    kind: str  # INCLUDE or EXCLUDE


class Terms:
    """The terms to be marked.

    A blank in a term stands for any blanks, a line's end, or a hyphen; `*` at its end for the rest of a
    word. A term that stands in both lists is one for inclusion.
    """

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        kinds = {_spelled(term): EXCLUDE for term in exclude if term.strip(" *")}
        kinds |= {_spelled(term): INCLUDE for term in include if term.strip(" *")}
        longest_first = sorted(kinds, key=lambda spelled: (-len(spelled), spelled))
        self._kinds = [kinds[spelled] for spelled in longest_first]
        self._pattern = (
            re.compile("|".join(f"({spelled})" for spelled in longest_first), re.IGNORECASE)
            if longest_first
            else None
        )

    def marks(self, text: str) -> Iterator[Mark]:
        """Every place where a term stands, in order; none overlaps another."""
        if self._pattern is None:
            return
        for found in self._pattern.finditer(text):
            yield Mark(found.start(), found.end(), self._kinds[(found.lastindex or 1) - 1])


def _spelled(term: str) -> str:
    words = term.casefold().strip().rstrip("*").split()
    rest = r"\w*" if term.rstrip().endswith("*") else ""
    return rf"(?<!\w){_BLANK.join(map(re.escape, words))}{rest}(?!\w)"


_BLANK = r"[\s\u2010-\u2013-]+"
