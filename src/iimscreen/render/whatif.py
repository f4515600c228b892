"""What would differ without something, in the terminal and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table as RichTable
from rich.text import Text

from iimscreen.render import console, json, plain
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.what_if import CellChange, Changed, TableChange, WhatIf

_MOST = 5  # changed rows and cells of a table that are printed without --all

_WIDEST_NAME = 48


def _say(line: str, style: str = "") -> None:
    console().print(Text(plain(line), style=style))


def printed(found: WhatIf, folder: Path | None, *, everything: bool) -> None:
    """Numbers before and after, what goes, and what changes in tables."""
    _say(found.said[:1].upper() + found.said[1:], "bold")
    for line in found.read_as:
        _say(f"  {line}")
    _reports_and_studies(found)
    _numbers("Flow", found.flow, everything=everything)
    _numbers("Subjects", found.subjects, everything=everything)
    for change in found.tables:
        _table(change, everything=everything)
    is_same = not (found.reports or found.studies or found.tables) and not any(
        one.before != one.after for one in (*found.flow, *found.subjects)
    )
    if is_same:
        _say("Nothing would change.")
    for line in (*found.counted_as, *found.notes):
        _say(line, "dim")
    if folder is not None:
        _say(f"The tables as they would be are in {folder}, each with a stamp over it.")
    _say("Nothing was stored: the review is as it was.")


def _reports_and_studies(found: WhatIf) -> None:
    if found.reports:
        _say(f"{counted(len(found.reports), 'included report')} would go:")
        for report in found.reports:
            _say(f"  {report.key}  {report.citation}")
    whole = [one.study for one in found.studies if not one.rows]
    if whole:
        _say(f"{counted(len(whole), 'study', 'studies')} would go: {', '.join(whole)}")
    for one in found.studies:
        if one.rows:
            _say(f"{one.study} would lose {counted(len(one.rows), 'row')}: {', '.join(one.rows)}")


def _numbers(title: str, numbers: tuple[Changed, ...], *, everything: bool) -> None:
    shown = [one for one in numbers if everything or one.before != one.after]
    if not shown:
        return
    grid = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    # A name is to be copied, so that rather counts are folded.
    is_short = max(len(one.name) for one in shown) <= _WIDEST_NAME
    grid.add_column(title, overflow="fold", no_wrap=is_short)
    for column in ("now", "then"):
        grid.add_column(column, justify="right", overflow="fold")
    grid.add_column("difference", justify="right", no_wrap=True)
    for one in shown:
        difference = "not known" if one.difference is None else f"{one.difference:+,}".replace("-", "−")
        if one.before == one.after:
            difference = "0"
        elif "–" in (one.before, one.after):
            difference = "–"
        grid.add_row(*(Text(plain(cell)) for cell in (one.name, one.before, one.after, difference)))
    console().print(grid)


def _table(change: TableChange, *, everything: bool) -> None:
    parts = [
        *([f"{counted(len(change.removed), 'row')} removed"] if change.removed else ()),
        *([f"{counted(len(change.added), 'row')} added"] if change.added else ()),
        *([f"{counted(len(change.cells), 'cell')} changed"] if change.cells else ()),
        *(["notes changed"] if change.notes else ()),
    ]
    _say(f"{change.caption} ({change.name}): {', '.join(parts)}")
    most = None if everything else _MOST
    lines = [f"− {_row(cells)}" for cells in change.removed[:most]]
    lines += [f"+ {_row(cells)}" for cells in change.added[:most]]
    lines += [f"{one.row}, {one.column}: {_cell(one)}" for one in change.cells[:most]]
    for line in lines:
        _say(f"  {line}")
    more = len(change.removed) + len(change.added) + len(change.cells) - len(lines)
    if more:
        _say(f"  and {more:,} more; --all prints them")


def _row(cells: tuple[str, ...]) -> str:
    return " | ".join(filter(None, cells))


def _cell(change: CellChange) -> str:
    """A cell before and after; of a list, such as of studies, what leaves it and what joins it."""
    before, after = change.before.split("; "), change.after.split("; ")
    if len(before) < 2 and len(after) < 2:
        return f"{change.before or 'nothing'} → {change.after or 'nothing'}"
    gone = [one for one in before if one not in after]
    new = [one for one in after if one not in before]
    parts = [f"without {'; '.join(gone)}"] if gone else []
    return ", ".join([*parts, *([f"with {'; '.join(new)}"] if new else [])])


def as_json(found: WhatIf, folder: Path | None) -> None:
    """The same for programs, with all numbers."""
    told = {
        "what_if": found.said,
        "read_as": found.read_as,
        "counted_as": found.counted_as,
        "notes": found.notes,
        "reports": [asdict(one) for one in found.reports],
        "studies": [asdict(one) for one in found.studies],
        "flow": [asdict(one) for one in found.flow],
        "subjects": [asdict(one) for one in found.subjects],
        "tables": [asdict(one) for one in found.tables],
    }
    if folder is not None:
        told["folder"] = str(folder)
    json(told)
