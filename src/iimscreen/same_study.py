"""Which reports may be of one study: pairs scored from 0 to 100, with what speaks for and against each. Pure.

It only asks: whether two reports are of one study is for people to say. A high score means that much speaks for
it, and never that it is so. The points were set on the 41 included papers and the 229 records of the bundled
corpus (figures beside `ASK_AT`); affiliations are no part of a record, so the centre is told by the authors.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from iimscreen.matching.fields import Comparable, comparable
from iimscreen.matching.titles import normal_text
from iimscreen.model import StoredRecord
from iimscreen.wording import counted

# 50: among the 41 included papers of the bundled review 2 pairs are asked, and 1 is of one study (references 20 and
# 21, a pilot study and its long-term extension: 80). Of all 229 records 8 pairs are asked: 3 of that study with its
# congress abstract, 1 of a paper and its retraction, 1 that looks like a follow-up, and 3 that are of two studies.
ASK_AT = 50.0

# Points of each part; authors and titles get a share of theirs.
_LINKED, _NUMBER, _NOTICE = 60, 55, 55
_AUTHORS, _FIRST_AUTHOR, _EXTENSION, _TITLES, _ABSTRACT = 35, 10, 25, 15, 15
_NEAR, _FAR, _OTHER_NUMBER = 5, -10, -20
_NEAR_YEARS, _FAR_YEARS = 2, 6
_ALIKE = 0.5  # of the shorter title, that an abstract and its paper have in common
_EXTENDS = re.compile(
    r"\b((?:open label )?extension|long term|longterm|follow up|followup|subset|sub ?study|sub ?group analysis"
    r"|post ?hoc|secondary analysis|interim (?:analysis|results)|\d+ (?:month|week|year) (?:results|outcomes|data)"
    r"|(?:final|updated|preliminary) (?:results|analysis|report))\b"
)
# fmt: off
_EMPTY = frozenset((
    "a", "an", "and", "as", "at", "by", "for", "from", "in", "into", "its", "of", "on", "or", "the", "to", "with",
    "after", "during", "using", "via", "case", "report", "reports", "series", "patient", "patients",
))
# fmt: on


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that speaks for a pair being of one study, or, with points below zero, against it."""

    name: str
    points: float
    words: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two reports that may be of one study. `key` arrived before `other_key`."""

    key: str
    other_key: str
    score: float  # 0 to 100
    parts: tuple[Part, ...]


class _Report:
    """What is compared of one report, worked out once."""

    def __init__(self, stored: StoredRecord) -> None:
        self.key = stored.key
        self.record = stored.record
        self.comparable: Comparable = comparable(stored)

    @cached_property
    def people(self) -> dict[str, str]:
        """Family and first initial of each person → as they are named; groups are left out."""
        return {
            f"{normal_text(author.family)} {normal_text(author.given)[:1]}".strip(): str(author)
            for author in self.record.authors
            if not author.is_group and normal_text(author.family)
        }

    @cached_property
    def title(self) -> str:
        return normal_text(self.record.title or "")

    @cached_property
    def words(self) -> frozenset[str]:
        """The telling words of the title, without those that say that it extends another."""
        return frozenset(_EXTENDS.sub(" ", self.title).split()) - _EMPTY

    @cached_property
    def numbers(self) -> frozenset[str]:
        return frozenset(self.record.registrations) | self.comparable.registered


def suggestions(
    reports: Sequence[StoredRecord],
    *,
    linked: Collection[frozenset[str]] = (),
    at_least: float = ASK_AT,
) -> list[Suggestion]:
    """Pairs of these reports that may be of one study, best first; `reports` are in order of arrival.

    `linked` are pairs of keys that are a preprint and its article. Compared are pairs that share an author, a
    registration or a link, so a thousand reports take a second.
    """
    known = [_Report(one) for one in reports]
    rarity = _rarity(known)
    order = {one.key: place for place, one in enumerate(known)}
    found = []
    for one, other in _candidates(known, linked):
        parts = [part for part in _parts(one, other, rarity, linked) if round(part.points)]
        score = float(min(100, max(0, round(sum(part.points for part in parts)))))
        if score >= at_least:
            found.append(Suggestion(one.key, other.key, score, tuple(parts)))
    return sorted(found, key=lambda pair: (-pair.score, order[pair.key], order[pair.other_key]))


def _candidates(
    reports: Sequence[_Report], linked: Collection[frozenset[str]]
) -> list[tuple[_Report, _Report]]:
    """Pairs that share an author, a registration, a notice or a link, in order of arrival."""
    blocks: dict[object, list[int]] = {}
    place = {one.key: number for number, one in enumerate(reports)}
    by_pmid = {one.record.pmid: number for number, one in enumerate(reports) if one.record.pmid}
    pairs: set[tuple[int, int]] = set()
    for number, one in enumerate(reports):
        for name in (*one.people, *one.numbers):
            blocks.setdefault(name, []).append(number)
        for link in one.record.links:
            if link.pmid in by_pmid and by_pmid[link.pmid] != number:
                pairs.add(_ordered(number, by_pmid[link.pmid]))
    for pair in linked:
        if pair <= place.keys() and len(pair) == 2:
            first, second = (place[key] for key in pair)
            pairs.add(_ordered(first, second))
    pairs.update(pair for numbers in blocks.values() for pair in combinations(dict.fromkeys(numbers), 2))
    return [(reports[first], reports[second]) for first, second in sorted(pairs)]


def _ordered(first: int, second: int) -> tuple[int, int]:
    return min(first, second), max(first, second)


def _rarity(reports: Iterable[_Report]) -> dict[str, float]:
    """How telling each word of a title is: the rarer among these reports, the more."""
    reports = list(reports)
    seen = Counter(word for one in reports for word in one.words)
    return {word: math.log(1 + len(reports) / count) for word, count in seen.items()}


# --- what speaks for it, and what against -----------------------------------------------------------


def _parts(
    one: _Report, other: _Report, rarity: Mapping[str, float], linked: Collection[frozenset[str]]
) -> list[Part]:
    found = []
    if frozenset((one.key, other.key)) in linked:
        found.append(Part("preprint", _LINKED, "a preprint and its article"))
    shared = set(one.people) & set(other.people)
    for look in _LOOKS:
        part = look(one, other)
        if part is not None:
            found.append(part)
    if len(shared) >= 2:
        held = _held(one, other, rarity)
        words = f"{round(100 * held)}% of the shorter title stands in the other"
        found.append(Part("titles", _TITLES * held**2, words))
        extending = [r for r in (one, other) if _EXTENDS.search(r.title)]
        if len(extending) == 1:
            (which,) = extending
            said = ", ".join(dict.fromkeys(_EXTENDS.findall(which.title)))
            found.append(Part("extension", _EXTENSION, f"the title of {which.key} says {said!r}"))
        if held >= _ALIKE and one.comparable.is_meeting_abstract != other.comparable.is_meeting_abstract:
            found.append(Part("abstract", _ABSTRACT, "a congress abstract and a paper"))
    return found


def _same_number(one: _Report, other: _Report) -> Part | None:
    shared = sorted(one.numbers & other.numbers)
    if shared:
        return Part("registration", _NUMBER, f"both name {', '.join(shared)}")
    registers = {number.partition(":")[0] for number in one.numbers}
    if any(number.partition(":")[0] in registers for number in other.numbers):
        return Part("registration", _OTHER_NUMBER, "they name different registrations of one register")
    return None


def _notice(one: _Report, other: _Report) -> Part | None:
    for here, there in ((one.record, other.record), (other.record, one.record)):
        kinds = sorted({link.kind for link in here.links if link.pmid and link.pmid == there.pmid})
        if kinds:
            return Part("link", _NOTICE, f"the source links them: {', '.join(kinds)}")
    return None


def _same_authors(one: _Report, other: _Report) -> Part | None:
    """Points by the share of the shorter list; one person alone may have written anything."""
    shared = [one.people[person] for person in one.people if person in other.people]
    fewest = min(len(one.people), len(other.people))
    if len(shared) < 2:
        return None
    named = ", ".join(shared[:4]) + (", …" if len(shared) > 4 else "")
    # Of two authors both is less than three of six: small lists come together by chance and by habit.
    weight = min(1.0, len(shared) / 3)
    return Part(
        "authors",
        _AUTHORS * weight * math.sqrt(len(shared) / fewest),
        f"{counted(len(shared), 'shared author')} of {fewest} ({named})",
    )


def _first_author(one: _Report, other: _Report) -> Part | None:
    first, second = (next(iter(report.people), None) for report in (one, other))
    return (
        Part("first author", _FIRST_AUTHOR, f"both by {one.people[first]}")
        if first and first == second
        else None
    )


def _dates(one: _Report, other: _Report) -> Part | None:
    first, second = one.record.year, other.record.year
    if first is None or second is None:
        return None
    years = abs(first - second)
    if years <= _NEAR_YEARS:
        return Part("dates", _NEAR, f"{counted(years, 'year')} apart")
    return Part("dates", _FAR, f"{years} years apart") if years >= _FAR_YEARS else None


_LOOKS: tuple[Callable[[_Report, _Report], Part | None], ...] = (
    _same_number,
    _notice,
    _same_authors,
    _first_author,
    _dates,
)


def _held(one: _Report, other: _Report, rarity: Mapping[str, float]) -> float:
    """How much of the shorter title the other one holds, 0 to 1, by the weight of its words."""
    shorter, longer = sorted((one.words, other.words), key=lambda words: (len(words), sorted(words)))
    weight = sum(rarity[word] for word in shorter)
    return sum(rarity[word] for word in shorter & longer) / weight if weight else 0.0
