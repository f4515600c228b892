"""Which pages a person means by "p. 3", "pp. 3-4", "1034" or "Table 2", among those that a text has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from iimscreen.model import Page

_NUMBERED = re.compile(
    r"\s*(?:pdf\s+)?(?:pp?\.?|pages?|pg\.?|s\.|seiten?)?\s*([A-Za-z]{0,2}\d+)(?:\s*[-‐‑–—]\s*([A-Za-z]{0,2}\d+))?\b",
    re.IGNORECASE,
)
_MOST_PAGES = 50  # of a span; more is no place


@dataclass(frozen=True, slots=True)
class Stated:
    """Where a quote is said to stand, as far as it can be held against a text."""

    shown: str
    labels: frozenset[str]  # in small letters
    is_there: bool  # whether the text has such a page, as its files count or label them

    @classmethod
    def of(cls, page: str, pages: Sequence[Page]) -> Stated | None:
        """What is stated; None if nothing is that the text could tell: it has no pages, or "Table 2" names none."""
        known = {name for one in pages for name in _names(one.label)}
        if not page.strip() or not known:
            return None
        whole = " ".join(page.split()).casefold()
        if whole in known:
            return cls(page.strip(), frozenset((whole,)), True)
        numbered = _NUMBERED.match(page)
        if numbered is None or not any(name.isdecimal() for name in known):
            return None
        first, last = numbered.group(1).casefold(), (numbered.group(2) or numbered.group(1)).casefold()
        labels = _span(first, last)
        shown = numbered.group(1) + (f"-{numbered.group(2)}" if numbered.group(2) else "")
        return cls(shown, labels, bool(labels & known))

    def covers(self, labels: Sequence[str], pages: Sequence[Page]) -> bool:
        """Whether a passage on these pages stands where it is said to, by their labels or by the numbers printed
        at their head or foot.
        """
        if any(name in self.labels for label in labels for name in _names(label)):
            return True
        return not self.is_there and any(_prints(page.text, self.labels) for page in pages)


def _names(label: str) -> list[str]:
    """What a page is called: "3 (1034)" is 3 and 1034."""
    whole = " ".join(label.split()).casefold()
    both = re.fullmatch(r"(\d+) \((.+)\)", whole)
    return [both.group(1), both.group(2)] if both else [whole] if whole else []


def _span(first: str, last: str) -> frozenset[str]:
    if not (first.isdecimal() and last.isdecimal()):
        return frozenset((first, last))
    begin, end = int(first), int(last)
    if end < begin and len(last) < len(first):  # 1034-8
        end = int(first[: -len(last)] + last)
    return frozenset(str(number) for number in range(begin, min(end, begin + _MOST_PAGES) + 1))


def _prints(text: str, labels: frozenset[str]) -> bool:
    """Whether one of these numbers stands in the first or last lines of a page, as running heads have them."""
    lines = [line for line in text.casefold().splitlines() if line.strip()]
    return any(set(re.findall(r"\w+", line)) & labels for line in (*lines[:3], *lines[-3:]))
