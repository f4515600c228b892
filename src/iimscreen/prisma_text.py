"""The PRISMA 2020 flow drawn with box characters, for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.cells import cell_len, chop_cells
from rich.text import Text

from iimscreen.diagram import Box, Column, Diagram, Line
from iimscreen.diagram.measure import printable

if TYPE_CHECKING:
    from rich.console import Console

NARROWEST_FOR_TWO_COLUMNS = 132
BOX_WIDTH = 27  # characters inside a box; two boxes and an arrow make a column of 63


NO_BREAK = "\u00a0"  # keeps "(n = 41)" on one line; drawn as a blank


def _texts(box: Box | None) -> tuple[str, ...]:
    """The lines of a box, parts of a line indented; nothing where there is no box."""
    return () if box is None else tuple(_text(line) for line in box.lines)


def _text(line: Line) -> str:
    return str(replace(line, text=f"{'  ' * line.level}{printable(line.text)}")).replace(
        line.count, line.count.replace(" ", NO_BREAK)
    )


def _before(diagram: Diagram) -> list[str]:
    """The box of the version before, above the columns; nothing where this is the first."""
    if diagram.previous is None:
        return []
    inside = _texts(diagram.previous.rows[0].main)
    return [diagram.previous.heading, *_boxed(inside, _height(inside, 40), 40), ""]


def _boxed(lines: tuple[str, ...], height: int, width: int = BOX_WIDTH) -> list[str]:
    if not lines:
        return [" " * (width + 4)] * height
    inside = [piece for line in lines for piece in _wrapped(line, width)]
    inside += [""] * (height - 2 - len(inside))
    return [
        "┌" + "─" * (width + 2) + "┐",
        *(f"│ {_padded(line, width)} │" for line in inside),
        "└" + "─" * (width + 2) + "┘",
    ]


def _padded(line: str, width: int) -> str:
    """The line filled up to so many cells of the terminal; some characters take two."""
    return line.replace(NO_BREAK, " ") + " " * (width - cell_len(line))


def _wrapped(line: str, width: int) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()))
    if cell_len(line) != len(line):
        return _wrapped_by_cells(line, width, indent)
    return textwrap.wrap(line, width, initial_indent="", subsequent_indent=indent + "  ") or [""]


def _wrapped_by_cells(line: str, width: int, indent: str) -> list[str]:
    """The same for a line in which characters take two cells or none, as `textwrap` does not know."""
    made: list[str] = []
    held, below = indent, indent + "  "
    for word in line.strip(" ").split(" "):
        joined = f"{held} {word}" if held.strip() else f"{held}{word}"
        if cell_len(joined) <= width:
            held = joined
            continue
        if held.strip():
            made.append(held)
        *full, rest = chop_cells(word, width - len(below))
        made += [f"{below if made or number else indent}{piece}" for number, piece in enumerate(full)]
        held = f"{below}{rest}"
    return [*made, held]


def _height(lines: tuple[str, ...], width: int = BOX_WIDTH) -> int:
    return sum(len(_wrapped(line, width)) for line in lines) + 2 if lines else 0


def _column(column: Column, heights: Sequence[int]) -> list[str]:
    """A column as lines of equal width: main box, arrow, exit box, and arrows down."""
    box = BOX_WIDTH + 4
    width = 2 * box + 3
    drawn = [piece.ljust(width) for piece in textwrap.wrap(column.heading, width)]
    for number, (step, height) in enumerate(zip(column.rows, heights, strict=True)):
        main = _boxed(_texts(step.main), height)
        if step.main is None:
            main = ["│".center(box)] * height
        exits = _boxed(_texts(step.exit), height)
        middle = height // 2
        for row, (left, right) in enumerate(zip(main, exits, strict=True)):
            arrow = "──▶" if step.exit and row == middle else "   "
            drawn.append(f"{left}{arrow}{right}")
        if number < len(column.rows) - 1:
            mark = "▼" if column.rows[number + 1].main else "│"
            drawn.append(mark.center(box).ljust(width))
    return drawn


def lines(diagram: Diagram, width: int) -> list[str]:
    """The whole drawing, two columns side by side where they fit, else one below the other."""
    one, other = diagram.databases, diagram.other
    below = [
        line for end in map(_texts, diagram.ends) for line in (*_down(), *_boxed(end, _height(end, 40), 40))
    ]
    if other is None:
        return [*_before(diagram), *_column(one, _heights(one)), *below]
    if width >= NARROWEST_FOR_TWO_COLUMNS:
        shared = [max(pair) for pair in zip(_heights(one), _heights(other), strict=True)]
        left, right = _column(one, shared), _column(other, shared)
        blank = " " * len(left[0])
        joined = [f"{a}  {b}".rstrip() for a, b in zip_longest(left, right, fillvalue=blank)]
        return [*_before(diagram), *joined, *below]
    other = replace(other, rows=tuple(row for row in other.rows if row.main))
    return [*_before(diagram), *_column(one, _heights(one)), "", *_column(other, _heights(other)), *below]


def _heights(column: Column) -> list[int]:
    return [max(_height(_texts(row.main)), _height(_texts(row.exit))) for row in column.rows]


def _down() -> list[str]:
    return ["▼".center(BOX_WIDTH + 4)]


def draw(console: Console, diagram: Diagram) -> None:
    """Print the flow with its stamp, what is missing, and its footnotes."""
    if diagram.notice:
        console.print(Text(printable(diagram.notice), style="bold yellow"))
    if diagram.is_interim:
        console.print(Text("INTERIM: these numbers are not final", style="bold red"))
    for line in lines(diagram, console.width):
        console.print(Text(line.rstrip()), no_wrap=True, crop=False, overflow="ignore")
    for sentence in diagram.missing:
        console.print(Text(f"open: {printable(sentence)}", style="yellow"))
    for mark, text in diagram.marked:
        console.print(Text(f"{mark} {text}", style="dim"))
    for note in diagram.footnotes:
        console.print(Text(f"{'–' if diagram.marked else '*'} {printable(note)}", style="dim"))
