"""How to part a search that finds more than PubMed hands out, with few questions. Pure.

A slice is the search with limits that part its records without overlap: ranges of the day a record
was created ([crdt]); within one such day, the day it entered Entrez ([edat]); within that, a property
and its opposite. Publication dates part nothing: a record's electronic and print dates both count.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass

EARLIEST = dt.date(1800, 1, 1)  # before every record
GROWTH = 0.043  # PubMed holds 39 million records and gains 1.7 million a year; only a first guess
FULL = 0.9  # of what a slice may hold is aimed at, so that a guess may be somewhat wrong
PAIRS = ("english[la]", "journal article[pt]", "hasabstract", "medline[sb]", "humans[mh]", "review[pt]")


class UnevenError(Exception):
    """The counts of the slices contradict the count of the whole: PubMed changed meanwhile."""


class IndivisibleError(Exception):
    """A slice that no limit known here makes small enough."""

    def __init__(self, limits: str, hits: int) -> None:
        super().__init__(limits)
        self.limits = limits
        self.hits = hits


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a search: what is put behind its text. PubMed reads from left to right."""

    limits: tuple[str, ...]

    def text(self, term: str) -> str:
        """The search as it is sent for this slice."""
        return " ".join((f"({term})", *self.limits))

    def and_(self, limit: str) -> Slice:
        """The records of this slice that have a property."""
        return Slice((*self.limits, f"AND {limit}"))

    def not_(self, limit: str) -> Slice:
        """The records of this slice that do not have it."""
        return Slice((*self.limits, f"NOT {limit}"))


WHOLE = Slice(())


@dataclass(frozen=True, slots=True)
class Range:
    """Days from the first to the last, both included, of one date field."""

    field: str
    first: dt.date
    last: dt.date

    def __str__(self) -> str:
        return f"{self.first:%Y/%m/%d}:{self.last:%Y/%m/%d}[{self.field}]"

    def parted(self, share: float) -> tuple[Range, Range]:
        """Two ranges, of which the earlier would hold this share if a search grew as PubMed does."""
        years = ((self.last - self.first).days + 1) / 365.25
        after = math.log1p(share * math.expm1(GROWTH * years)) / GROWTH
        last = self.first + dt.timedelta(days=round(after * 365.25) - 1)
        last = min(max(last, self.first), self.last - dt.timedelta(days=1))
        return (
            Range(self.field, self.first, last),
            Range(self.field, last + dt.timedelta(days=1), self.last),
        )


def whole_range(year: int) -> Range:
    """All days on which records were created, to the end of a year."""
    return Range("crdt", EARLIEST, dt.date(year, 12, 31))


Count = Callable[[Slice, bool], int]


def plan(count: Count, hits: int, *, year: int, most: int) -> list[Slice]:
    """Slices of at most `most` records each, newest first, that together are the whole search.

    `count(slice, may_fit)` says how many records a slice has; `may_fit` tells that it may be one of
    the slices to come. Every count is asked once, and where two parts make a whole only for one.

    Raises UnevenError if counts contradict each other, and IndivisibleError if a slice cannot be parted.
    """
    return _Planner(count, most, year).planned(hits, whole_range(year))


@dataclass(frozen=True, slots=True)
class _Planner:
    count: Count
    most: int
    year: int

    def planned(self, hits: int, days: Range) -> list[Slice]:
        dated = self._counted(WHOLE.and_(str(days)), hits)
        # Records that PubMed gives no day of creation, or a later one; none are known.
        undated = self._fields(WHOLE.not_(str(days)), hits - dated, PAIRS)
        return undated + self._days(WHOLE, days, dated)

    def _counted(self, part: Slice, of: int, *, may_fit: bool = False) -> int:
        found = self.count(part, may_fit)
        if found > of:
            raise UnevenError
        return found

    def _days(self, within: Slice, days: Range, hits: int) -> list[Slice]:
        if hits == 0:
            return []
        if hits <= self.most:
            return [within.and_(str(days))]
        if days.first == days.last:
            return self._one_day(within.and_(str(days)), days, hits)
        parts = math.ceil(hits / (FULL * self.most))
        earlier, later = days.parted(parts // 2 / parts)
        found = self._counted(within.and_(str(earlier)), hits, may_fit=parts < 4)
        return self._days(within, later, hits - found) + self._days(within, earlier, found)

    def _one_day(self, within: Slice, day: Range, hits: int) -> list[Slice]:
        if day.field == "edat":
            return self._fields(within, hits, PAIRS)
        same = Range("edat", day.first, day.last)
        found = self._counted(within.and_(str(same)), hits)
        others = Range("edat", EARLIEST, dt.date(day.last.year + 1, 12, 31))
        elsewhere = within.not_(str(same))
        if hits - found <= self.most:
            rest = [elsewhere] if found < hits else []
        else:
            dated = self._counted(elsewhere.and_(str(others)), hits - found)
            undated = self._later(elsewhere.not_(str(others)), others, hits - found - dated)
            rest = undated + self._days(elsewhere, others, dated)
        return rest + self._days(within, same, found)

    def _later(self, within: Slice, others: Range, hits: int) -> list[Slice]:
        """Records that entered Entrez years after they were created, or that have no such day; few are known."""
        later = Range("edat", others.last + dt.timedelta(days=1), dt.date(self.year, 12, 31))
        if hits <= self.most or later.first > later.last:
            return self._fields(within, hits, PAIRS)
        found = self._counted(within.and_(str(later)), hits)
        return self._fields(within.not_(str(later)), hits - found, PAIRS) + self._days(within, later, found)

    def _fields(self, within: Slice, hits: int, pairs: tuple[str, ...]) -> list[Slice]:
        if hits == 0:
            return []
        if hits <= self.most:
            return [within]
        if not pairs:
            raise IndivisibleError(" ".join(within.limits), hits)
        found = self._counted(within.and_(pairs[0]), hits)
        return self._fields(within.not_(pairs[0]), hits - found, pairs[1:]) + self._fields(
            within.and_(pairs[0]), found, pairs[1:]
        )
