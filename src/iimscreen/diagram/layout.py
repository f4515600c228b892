"""Where everything of the figure stands: one geometry for SVG, PNG and PDF. In points, y downwards.

It looks like the template of PRISMA 2020: golden headings, blue bars of the phases at the left, white boxes, thin
arrows. Boxes grow with their text; nothing is cut off and nothing shrinks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from iimscreen.diagram.measure import Piece, pieces, printable, starts_right_to_left, width, wrapped
from iimscreen.diagram.parts import PHASES, Box, Column, Diagram, Line

TEXT, SMALL, LARGE = 9.0, 8.0, 11.0  # sizes of type
LEADING = 1.25  # from line to line, in sizes
ASCENT = 0.93  # from the top of a line to its baseline, in sizes
MARGIN = 18.0
BAR = 20.0  # width of the bar of a phase
BESIDE_BAR = 12.0
PADDING = 7.0  # between the edge of a box and its text
INDENT = 8.0
HANGING = 8.0
ROW_GAP = 18.0
LOWEST = 32.0  # height of a box
MANY = 16  # lines of an exit box from which on it is drawn wider
WIDER = 60.0
CREDIT = (
    "Template: PRISMA 2020. Page MJ, et al. BMJ 2021;372:n71. doi:10.1136/bmj.n71. "
    "Licensed under CC BY 4.0 (creativecommons.org/licenses/by/4.0)."
)
INTERIM = "INTERIM: these numbers are not final"


@dataclass(frozen=True, slots=True)
class _Widths:
    """Of the boxes, and of what is between them."""

    previous: float
    main: float
    between: float
    exit: float
    columns: float  # between columns


_WIDTHS = {  # by template: to stand on A4, upright with one column and lying with two
    "new-databases": _Widths(0, 190, 28, 215, 0),
    "updated-databases": _Widths(122, 160, 22, 176, 18),
    "new-other": _Widths(0, 180, 22, 158, 20),
    "updated-other": _Widths(114, 150, 20, 150, 18),
}


@dataclass(frozen=True, slots=True)
class Words:
    """A text on one line. `x` and `y`: where its baseline starts; turned ones run upwards from there."""

    text: str
    x: float
    y: float
    width: float
    size: float = TEXT
    bold: bool = False
    number: str = ""  # name of the list behind it, if it is a number
    ink: str = "text"  # text, quiet, alarm, notice
    turned: bool = False
    from_right: bool = False  # a part of a text that is read from right to left


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle and what stands in it."""

    kind: str  # box, heading, phase, stamp
    key: str  # "databases.screened", "included"; unique among those of its kind
    x: float
    y: float
    width: float
    height: float
    words: tuple[Words, ...] = ()

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """Half of its width from the left."""
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True)
class Arrow:
    """A line through these points, with its head at the last."""

    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """The figure, ready to be drawn."""

    title: str
    width: float
    height: float
    rects: tuple[Rect, ...]
    arrows: tuple[Arrow, ...]
    words: tuple[Words, ...]  # outside of rectangles: title, notes

    @property
    def all_words(self) -> tuple[Words, ...]:
        """Every text of it."""
        return (*self.words, *(words for rect in self.rects for words in rect.words))


def drawing(diagram: Diagram) -> Drawing:
    """The figure of a diagram."""
    return _Page(diagram).drawn()


def _line_pieces(line: Line) -> list[Piece]:
    found = list(pieces(printable(line.words)))
    if line.count:
        found.append(Piece(line.count, line.number))
    return found


def _text_of(box: Box, room: float) -> list[Words]:
    """The text of a box from (0, 0) downwards."""
    made: list[Words] = []
    y = 0.0
    for number, line in enumerate(box.lines):
        is_under = (
            number > 0 and not box.lines[0].number
        )  # "Records identified from:", and what they are from
        indent = (line.level + is_under) * INDENT
        from_right = starts_right_to_left(line.text)
        for runs in wrapped(_line_pieces(line), TEXT, room - indent, hanging=HANGING):
            made += [
                Words(
                    run.text,
                    indent + run.at,
                    y + ASCENT * TEXT,
                    run.width,
                    number=run.number,
                    from_right=from_right and not run.number,
                )
                for run in runs
            ]
            y += TEXT * LEADING
    return made


def _lines_of(words: Sequence[Words]) -> int:
    return len({one.y for one in words})


def _height_of(words: Sequence[Words]) -> float:
    return _lines_of(words) * TEXT * LEADING


class _Page:
    """The figure while it is set, from the top down."""

    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram
        self.widths = _WIDTHS[diagram.template]
        self.rects: list[Rect] = []
        self.arrows: list[Arrow] = []
        self.words: list[Words] = []
        self.y = MARGIN
        self.exits = {
            column.key: self.widths.exit + (WIDER if self._has_many(column) else 0)
            for column in diagram.columns
        }
        self.left: dict[str, float] = {}
        x = MARGIN + BAR + BESIDE_BAR
        for column in diagram.columns:
            self.left[column.key] = x
            x += self._width(column) + self.widths.columns
        self.width = x - self.widths.columns + MARGIN

    def _has_many(self, column: Column) -> bool:
        room = self.widths.exit - 2 * PADDING
        return any(row.exit and _lines_of(_text_of(row.exit, room)) > MANY for row in column.rows)

    def _width(self, column: Column) -> float:
        if column.key == "previous":
            return self.widths.previous
        return self.widths.main + self.widths.between + self.exits[column.key]

    def _main_width(self, column: Column) -> float:
        return self.widths.previous if column.key == "previous" else self.widths.main

    def drawn(self) -> Drawing:
        """The whole figure."""
        self._head()
        self._headings()
        self._rows()
        self._ends()
        self._foot()
        return Drawing(
            self.diagram.title,
            math.ceil(self.width),
            math.ceil(self.y + MARGIN),
            tuple(self.rects),
            tuple(self.arrows),
            tuple(self.words),
        )

    # --- above and below ---

    def _paragraph(
        self, text: str, size: float, *, bold: bool = False, ink: str = "text", hanging: float = 0
    ) -> None:
        room = self.width - 2 * MARGIN
        from_right = starts_right_to_left(text)
        for runs in wrapped(pieces(printable(text)), size, room, hanging=hanging, bold=bold):
            for run in runs:
                self.words.append(
                    Words(
                        run.text,
                        MARGIN + run.at,
                        self.y + ASCENT * size,
                        run.width,
                        size,
                        bold,
                        ink=ink,
                        from_right=from_right,
                    )
                )
            self.y += size * LEADING

    def _head(self) -> None:
        self._paragraph(self.diagram.title, LARGE, bold=True)
        self.y += 6
        if self.diagram.notice:
            self._paragraph(self.diagram.notice, TEXT, bold=True, ink="notice")
            self.y += 4
        if self.diagram.is_interim:
            wide = width(INTERIM, TEXT, bold=True)
            words = Words(INTERIM, MARGIN + PADDING, self.y + 4 + ASCENT * TEXT, wide, bold=True, ink="alarm")
            height = TEXT * LEADING + 8
            self.rects.append(Rect("stamp", "interim", MARGIN, self.y, wide + 2 * PADDING, height, (words,)))
            self.y += height + 4
        self.y += 6

    def _foot(self) -> None:
        self.y += 12
        for sentence in self.diagram.missing:
            self._paragraph(f"Open: {sentence}", SMALL, ink="alarm", hanging=INDENT)
        for mark, text in self.diagram.marked:
            self._paragraph(f"{mark} {text}", SMALL, hanging=INDENT)
        for note in self.diagram.footnotes:
            self._paragraph(f"– {note}", SMALL, hanging=INDENT)
        self.y += 4
        self._paragraph(CREDIT, SMALL - 1, ink="quiet")

    # --- boxes ---

    def _headings(self) -> None:
        set_ = {
            column.key: wrapped(pieces(column.heading), TEXT, self._width(column) - 2 * PADDING, bold=True)
            for column in self.diagram.columns
        }
        height = max(map(len, set_.values())) * TEXT * LEADING + 10
        for column in self.diagram.columns:
            lines = set_[column.key]
            wide = self._width(column)
            top = self.y + (height - len(lines) * TEXT * LEADING) / 2
            words = tuple(
                Words(
                    run.text,
                    self.left[column.key] + (wide - run.width) / 2,
                    top + at * TEXT * LEADING + ASCENT * TEXT,
                    run.width,
                    bold=True,
                )
                for at, runs in enumerate(lines)
                for run in (replace(one, at=0) for one in runs)
            )
            self.rects.append(Rect("heading", column.key, self.left[column.key], self.y, wide, height, words))
        self.y += height + 12

    def _box(self, box: Box, key: str, x: float, wide: float, words: Sequence[Words], height: float) -> Rect:
        top = self.y + (height - _height_of(words)) / 2
        made = Rect(
            "box",
            f"{key}.{box.key}" if key else box.key,
            x,
            self.y,
            wide,
            height,
            tuple(replace(one, x=x + PADDING + one.x, y=top + one.y) for one in words),
        )
        self.rects.append(made)
        return made

    def _rows(self) -> None:
        above: dict[str, Rect] = {}
        started = self.y
        for number in range(len(self.diagram.databases.rows)):
            phase = self.diagram.databases.rows[number].phase
            if number and phase != self.diagram.databases.rows[number - 1].phase:
                self._phase(self.diagram.databases.rows[number - 1].phase, started, self.y - ROW_GAP)
                started = self.y
            lowest = max(LOWEST, _bar_height(phase)) if number == 0 else LOWEST
            bottom = max(self._row(column, number, lowest, above) for column in self.diagram.columns)
            self.y = bottom + ROW_GAP
        self._phase(phase, started, self.y - ROW_GAP)
        self.above = above

    def _row(self, column: Column, number: int, lowest: float, above: dict[str, Rect]) -> float:
        """Draw one row of a column; gives the lower edge of what is in it."""
        row = column.rows[number]
        x, wide = self.left[column.key], self._main_width(column)
        main = _text_of(row.main, wide - 2 * PADDING) if row.main else []
        exit_wide = self.exits[column.key]
        exits = _text_of(row.exit, exit_wide - 2 * PADDING) if row.exit else []
        main_height, exit_height = (max(lowest, _height_of(words) + 2 * PADDING) for words in (main, exits))
        if number == 0 and row.exit:
            main_height = exit_height = max(main_height, exit_height)
        bottom = self.y
        if row.main is not None:
            made = self._box(row.main, column.key, x, wide, main, main_height)
            if column.key in above:
                self._down(above[column.key], made)
            above[column.key] = made
            bottom = made.bottom
            if row.exit is not None:
                out = self._box(
                    row.exit, column.key, x + wide + self.widths.between, exit_wide, exits, exit_height
                )
                at = self.y + min(main_height, exit_height) / 2
                self.arrows.append(Arrow(((made.right, at), (out.x, at))))
                bottom = max(bottom, out.bottom)
        return bottom

    def _down(self, upper: Rect, lower: Rect) -> None:
        self.arrows.append(Arrow(((upper.middle, upper.bottom), (lower.middle, lower.y))))

    def _phase(self, phase: str, top: float, bottom: float) -> None:
        long = width(phase, TEXT, bold=True)
        words = Words(
            phase,
            MARGIN + BAR / 2 + TEXT * 0.34,
            (top + bottom + long) / 2,
            long,
            bold=True,
            turned=True,
        )
        self.rects.append(Rect("phase", phase, MARGIN, top, BAR, bottom - top, (words,)))

    def _ends(self) -> None:
        x, wide = self.left["databases"], self.widths.main
        started = self.y
        before = self.above["databases"]
        drawn: dict[str, Rect] = {}
        lowest = LOWEST if len(self.diagram.ends) > 1 else max(LOWEST, _bar_height(PHASES[-1]))
        for box in self.diagram.ends:
            words = _text_of(box, wide - 2 * PADDING)
            made = self._box(box, "", x, wide, words, max(lowest, _height_of(words) + 2 * PADDING))
            self._down(before, made)
            before = drawn[box.key] = made
            self.y = made.bottom + ROW_GAP
        self.y -= ROW_GAP
        self._phase(PHASES[-1], started, self.y)
        if "other" in self.above:
            self._around(self.above["other"], drawn["included"], to_right=False)
        if "previous" in self.above:
            self._around(self.above["previous"], drawn["total"], to_right=True)

    def _around(self, upper: Rect, lower: Rect, *, to_right: bool) -> None:
        """An arrow down from one box, and into the side of another."""
        at = lower.y + lower.height / 2
        end = lower.x if to_right else lower.right
        self.arrows.append(Arrow(((upper.middle, upper.bottom), (upper.middle, at), (end, at))))


def _bar_height(phase: str) -> float:
    return width(phase, TEXT, bold=True) + 2 * PADDING


def letters(drawn: Drawing) -> Iterable[str]:
    """Every letter that is drawn, each once."""
    return dict.fromkeys("".join(words.text for words in drawn.all_words))
