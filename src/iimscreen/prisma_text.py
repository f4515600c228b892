"""The PRISMA 2020 flow drawn with box characters, for the terminal."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from iimscreen.flow import Flow

if TYPE_CHECKING:
    from rich.console import Console

NARROWEST_FOR_TWO_COLUMNS = 132
BOX_WIDTH = 27  # characters inside a box; two boxes and an arrow make a column of 63


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a column: the box of the main line, and the exit box at its right, if any."""

    main: tuple[str, ...]
    exit: tuple[str, ...] = ()


NO_BREAK = "\u00a0"  # keeps "(n = 41)" on one line; drawn as a blank


def _n(count: int | None) -> str:
    return ("(n = –)" if count is None else f"(n = {count:,})").replace(" ", NO_BREAK)


def _line(label: str, count: int | None) -> str:
    return f"{label} {_n(count)}"


def steps(flow: Flow) -> tuple[list[Step], list[Step], list[tuple[str, ...]]]:
    """The steps of column A, of column B (none where nothing came by other methods), and the end boxes."""
    boxes = flow.boxes
    by_database = [f"  {name} {_n(count)}" for name, count in {**flow.databases, **flow.registers}.items()]
    column_a = [
        Step(
            (
                "Records identified from:",
                _line("Databases", boxes["database_results"]),
                *([_line("Registers", boxes["register_results"])] if boxes["register_results"] else []),
                *by_database,
            ),
            (
                "Records removed before screening:",
                _line("Duplicate records removed", boxes["duplicates"]),
                _line("Marked ineligible by automation tools", boxes["excluded_automatic"]),
                _line("Removed for other reasons", boxes["excluded_other"]),
            ),
        ),
        Step(
            (_line("Records screened", boxes["records_screened"]),),
            (_line("Records excluded", boxes["records_excluded"]),),
        ),
        *_lower(flow, "dbr"),
    ]
    column_b = []
    if flow.template.endswith("other"):
        lines = [
            _line(label, boxes[key])
            for label, key in (
                ("Websites", "website_results"),
                ("Organisations", "organisation_results"),
                ("Citation searching", "citations_results"),
            )
            if boxes[key]
        ]
        column_b = [Step(("Records identified from:", *lines)), Step(()), *_lower(flow, "other")]
    end = [
        _line(
            "New studies included in review" if flow.previous else "Studies included in review",
            boxes["new_studies"],
        ),
        _line(
            "Reports of new included studies" if flow.previous else "Reports of included studies",
            boxes["new_reports"],
        ),
    ]
    for key, label in (
        ("awaiting", "Reports awaiting classification"),
        ("ongoing", "Reports of ongoing studies"),
    ):
        keys = flow.lists[key]
        if keys:
            end.append(_line(label, len(keys)))
    ends = [tuple(end)]
    if flow.previous:
        total = (
            _line("Total studies included in review", boxes["total_studies"]),
            _line("Reports of total included studies", boxes["total_reports"]),
        )
        ends.append(total)
    return column_a, column_b, ends


def _before(flow: Flow) -> list[str]:
    """The box of the version before, above the columns; nothing where this is the first."""
    if not flow.previous:
        return []
    inside = (
        _line("Studies included in previous version of review", flow.boxes["previous_studies"]),
        _line("Reports of studies included in previous version of review", flow.boxes["previous_reports"]),
    )
    return ["Previous studies", *_boxed(inside, _height(inside, 40), 40), ""]


def _lower(flow: Flow, prefix: str) -> list[Step]:
    boxes = flow.boxes
    counted = flow.reasons_databases if prefix == "dbr" else flow.reasons_other
    excluded = [_line("Reports excluded:", boxes[f"{prefix}_excluded"])]
    excluded += [
        f"{flow.labels.get(code, code)} {_n(count)}" for code, count in (counted or {}).items() if count
    ]
    return [
        Step(
            (_line("Reports sought for retrieval", boxes[f"{prefix}_sought_reports"]),),
            (_line("Reports not retrieved", boxes[f"{prefix}_notretrieved_reports"]),),
        ),
        Step((_line("Reports assessed for eligibility", boxes[f"{prefix}_assessed"]),), tuple(excluded)),
    ]


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
    return textwrap.wrap(line, width, initial_indent="", subsequent_indent=indent + "  ") or [""]


def _height(lines: tuple[str, ...], width: int = BOX_WIDTH) -> int:
    return sum(len(_wrapped(line, width)) for line in lines) + 2 if lines else 0


def _column(column: list[Step], heights: list[int], heading: str) -> list[str]:
    """A column as lines of equal width: main box, arrow, exit box, and arrows down."""
    box = BOX_WIDTH + 4
    width = 2 * box + 3
    drawn = [piece.ljust(width) for piece in textwrap.wrap(heading, width)]
    for number, (step, height) in enumerate(zip(column, heights, strict=True)):
        main = _boxed(step.main, height)
        if not step.main:
            main = [("│" if below else " ").center(box) for below in [True] * height]
        exits = _boxed(step.exit, height)
        middle = height // 2
        for row, (left, right) in enumerate(zip(main, exits, strict=True)):
            arrow = "──▶" if step.exit and row == middle else "   "
            drawn.append(f"{left}{arrow}{right}")
        if number < len(column) - 1:
            drawn.append(
                "▼".center(box).ljust(width) if column[number + 1].main else "│".center(box).ljust(width)
            )
    return drawn


def lines(flow: Flow, width: int) -> list[str]:
    """The whole drawing, two columns side by side where they fit, else one below the other."""
    column_a, column_b, ends = steps(flow)
    below = [line for end in ends for line in (*_down(), *_boxed(end, _height(end, 40), 40))]
    head_a = f"Identification of {'new ' if flow.previous else ''}studies via databases and registers"
    head_b = f"Identification of {'new ' if flow.previous else ''}studies via other methods"
    if not column_b:
        return [*_before(flow), *_column(column_a, _heights(column_a), head_a), *below]
    if width >= NARROWEST_FOR_TWO_COLUMNS:
        shared = [max(pair) for pair in zip(_heights(column_a), _heights(column_b), strict=True)]
        left, right = _column(column_a, shared, head_a), _column(column_b, shared, head_b)
        blank = " " * len(left[0])
        joined = [f"{a}  {b}".rstrip() for a, b in zip_longest(left, right, fillvalue=blank)]
        return [*_before(flow), *joined, *below]
    column_b = [step for step in column_b if step.main]
    return [
        *_before(flow),
        *_column(column_a, _heights(column_a), head_a),
        "",
        *_column(column_b, _heights(column_b), head_b),
        *below,
    ]


def _heights(column: list[Step]) -> list[int]:
    return [max(_height(step.main), _height(step.exit)) for step in column]


def _down() -> list[str]:
    return ["▼".center(BOX_WIDTH + 4)]


def draw(console: Console, flow: Flow) -> None:
    """Print the flow with its stamp, what is missing, and its footnotes."""
    if flow.notice:
        console.print(Text(flow.notice, style="bold yellow"))
    if flow.interim:
        console.print(Text("INTERIM: these numbers are not final", style="bold red"))
    for line in lines(flow, console.width):
        console.print(Text(line.rstrip()), no_wrap=True, crop=False, overflow="ignore")
    for sentence in flow.missing:
        console.print(Text(f"open: {sentence}", style="yellow"))
    for note in flow.footnotes:
        console.print(Text(f"* {note}", style="dim"))
