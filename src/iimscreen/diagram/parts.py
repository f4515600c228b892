"""What a flow diagram is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a box: words, and a number if it has one."""

    text: str  # "Records screened"
    number: str = (
        ""  # name of the list behind it, "records_screened" or "dbr_excluded.review"; "" if it has none
    )
    n: int | None = None  # None with a number: closed to view as long as a round is blind
    level: int = 0  # 1: a part of the line above it
    mark: str = ""  # of its footnote: "*"

    @property
    def count(self) -> str:
        """The number as it is printed, "(n = 1,234)" or "(n = –)"; "" where the line has none."""
        if not self.number:
            return ""
        return "(n = –)" if self.n is None else f"(n = {self.n:,})"

    @property
    def words(self) -> str:
        """The line without its number: the mark of its footnote stands before a colon."""
        if self.mark and self.text.endswith(":"):
            return f"{self.text[:-1]}{self.mark}:"
        return f"{self.text}{self.mark}"

    def __str__(self) -> str:
        """The line as plain text."""
        return f"{self.words} {self.count}".rstrip()


@dataclass(frozen=True, slots=True)
class Box:
    """A box with its lines, in order."""

    key: str  # "identified", "removed", "screened", ...: with the key of its column, one box of a diagram
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One step of a column: the box of the main line, and the exit box at its right. Without either: a line goes on."""

    phase: str  # of PHASES
    main: Box | None = None
    exit: Box | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the diagram under its heading."""

    key: str  # "previous", "databases" or "other"
    heading: str
    rows: tuple[Row, ...]


PHASES = ("Identification", "Screening", "Included")  # the bars at the left


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """A whole flow diagram. All columns have as many rows, so that rows stand side by side."""

    template: str  # new-databases, new-other, updated-databases, updated-other
    title: str  # of the template
    previous: Column | None  # of an update: what the version before included
    databases: Column
    other: Column | None  # identification via other methods
    ends: tuple[Box, ...]  # under all columns: included, and in an update the total
    is_interim: bool = False
    notice: str = ""  # the protocol's, printed with every number
    missing: tuple[str, ...] = ()  # what keeps it interim
    marked: tuple[tuple[str, str], ...] = ()  # footnotes of the template: mark, text
    footnotes: tuple[str, ...] = ()
    reasons: tuple[tuple[str, int], ...] = ()  # of both columns together, in the protocol's order, 0 left out

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns from left to right: those of the template that apply."""
        return tuple(column for column in (self.previous, self.databases, self.other) if column is not None)

    @property
    def boxes(self) -> tuple[Box, ...]:
        """All boxes in reading order: column after column, each exit after its main box, the ends last."""
        return tuple(self._boxes())

    def _boxes(self) -> Iterator[Box]:
        for column in self.columns:
            for row in column.rows:
                yield from (box for box in (row.main, row.exit) if box is not None)
        yield from self.ends
