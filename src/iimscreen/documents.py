"""A report as plain values: sections of paragraphs, lists, tables and figures, for a page and for Word. Pure.

What a document says is its maker's matter, how it looks that of the rooms that write it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from iimscreen.diagram import Diagram
from iimscreen.tables import Table


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences; `origin` is where in the review they come from, `is_note` makes them small."""

    text: str
    origin: str = ""
    is_note: bool = False


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list; numbered, where its order counts."""

    items: tuple[str, ...]
    is_numbered: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Terms, and what is said of each."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; `is_wide` asks for a page lengthwise."""

    table: Table
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Text to be printed byte for byte under its heading."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Figure:
    """The flow diagram."""

    diagram: Diagram


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot as SVG; `table` says the same where no SVG can stand."""

    svg: str
    caption: str
    table: Table


@dataclass(frozen=True, slots=True)
class ForAuthors:
    """What belongs here and only the authors know."""

    text: str


Part = Paragraph | Bullets | Facts | Grid | Verbatim | Figure | Plot | ForAuthors


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a document under its heading."""

    id: str  # letters, digits, hyphens
    heading: str
    stamps: tuple[str, ...] = ()  # that nobody may overlook: interim, closed to view
    parts: tuple[Part, ...] = ()
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole report."""

    title: str
    lead: str = ""
    stamps: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    foot: tuple[str, ...] = ()

    def texts(self) -> Iterator[str]:
        """Every text in it, in the order of reading; of figures none."""
        yield self.title
        yield from self.stamps
        for section in self.sections:
            yield from texts(section)


def texts(section: Section) -> Iterator[str]:
    """Every text of a section, in the order of reading; of figures none."""
    yield section.heading
    yield from section.stamps
    for part in section.parts:
        yield from _of_part(part)
    for one in section.sections:
        yield from texts(one)


def _of_part(part: Part) -> Iterator[str]:
    match part:
        case Paragraph(text) | ForAuthors(text):
            yield text
        case Bullets(items):
            yield from items
        case Facts(pairs):
            for pair in pairs:
                yield from pair
        case Grid(table) | Plot(table=table):
            yield table.title
            yield from table.columns
            for line in table.lines:
                yield from line.cells
            yield from table.notes
        case Verbatim(heading, text):
            yield heading
            yield text
        case Figure():
            return
