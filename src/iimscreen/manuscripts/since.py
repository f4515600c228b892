"""When a number came to be what it is now: the row of the log at which it did, found by halving."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from iimscreen import dedupe, logbook, numbers
from iimscreen.errors import IimscreenError
from iimscreen.model import Number
from iimscreen.store import Review, log, versions


@dataclass(frozen=True, slots=True)
class Since:
    """The row of the log with which a number became what it is, as far as anyone may see it."""

    row: int | None = None  # None where the row is not open to view
    at: str = ""  # UTC
    actor: str = ""
    text: str = ""

    @property
    def in_words(self) -> str:
        """Such as "2026-03-01 12:00 UTC, ann: …"."""
        if self.row is None:
            return "a row of the log that is not open to view"
        at = dt.datetime.fromisoformat(self.at)
        return f"{at:%Y-%m-%d %H:%M} UTC, {self.actor}: {self.text}"


def family_of(name: str) -> str:
    """The numbers that are worked out together with this one: "prisma", or "prisma.v1" of a completed version."""
    return ".".join(name.split(".")[: 2 if name.startswith("prisma.v") else 1])


class Past:
    """The numbers of a review as they were after any row of its log, each state worked out once."""

    def __init__(self, review: Review) -> None:
        self._review = review
        self._last = log.last_id(review)
        self._states: dict[tuple[int, str], Mapping[str, Number]] = {}
        self._lines: dict[int, logbook.Line] | None = None

    def after(self, row: int, names: tuple[str, ...]) -> dict[str, Number]:
        """The families of these names as they were once this row was in the log; none that cannot be worked out."""
        wanted = {family_of(name): name for name in names}
        missing = {family: name for family, name in wanted.items() if (row, family) not in self._states}
        if missing and row >= self._last:  # as it stands: 6 s less where a review has 40,000 records
            for family, name in missing.items():
                self._states[row, family] = numbers.family_of(self._review, name)
        elif missing:
            with versions.as_it_was(self._review, row + 1) as then:
                dedupe.restore(then)
                then.db.execute("begin")  # within it, no family makes a copy of its own
                for family, name in missing.items():
                    try:
                        self._states[row, family] = numbers.family_of(then, name)
                    except IimscreenError:  # no protocol yet, or sums that did not add up then
                        self._states[row, family] = {}
                then.db.execute("rollback")
        return {key: one for family in wanted for key, one in self._states[row, family].items()}

    def since(self, first: int, is_as_now: Callable[[int], bool]) -> Since | None:
        """The row after `first` from which on a number is as it is now; None if the log does not tell.

        Where it went to and fro, this is one of the rows with which it came to its present value.
        """
        before, after = first, self._last
        if before >= after or is_as_now(before) or not is_as_now(after):
            return None
        while after - before > 1:
            middle = (before + after) // 2
            if is_as_now(middle):
                after = middle
            else:
                before = middle
        return self._line(after)

    def _line(self, row: int) -> Since:
        if self._lines is None:
            view = logbook.log_view(self._review)
            self._lines = {one.id: one for one in view.lines if one.id is not None}
        found = self._lines.get(row)
        return Since() if found is None else Since(row, found.at, found.actor, found.text)
