"""How tables of extracted data look in the terminal, and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table as RichTable
from rich.text import Text

from iimscreen.render import console, json, plain
from iimscreen.tables import Dataset, Table, footnotes

if TYPE_CHECKING:
    from iimscreen.folders import Written
    from iimscreen.tabulating import Tabulated

_BRIEF = ("subjects", "responses", "adverse-events", "own-subjects")  # printed where no table is asked for


def printed(made: Tabulated) -> None:
    """One table or data set, or the short ones and the names of all."""
    only = made.contents.only
    for table in made.tables:
        if only or table.name in _BRIEF:
            _table(table)
    for dataset in (*made.contents.datasets, *made.contents.revman) if only else ():
        _dataset(dataset)
    if not only:
        names = [f"{table.name} ({len(table.rows):,})" for table in made.tables]
        names += [f"{dataset.name} ({len(dataset.rows):,})" for dataset in made.contents.datasets]
        console().print(Text(f"All, with their rows: {', '.join(names)}, revman."))
        console().print(Text("`iimscreen extract tables --only NAME` prints one; --out FOLDER writes all."))
    status(made)


def status(made: Tabulated) -> None:
    """What must be known of all of it: that data is not final, what was left out."""
    for stamp in made.contents.stamps:
        console().print(Text(plain(stamp), style="bold"))
    if made.left_out:
        console().print(Text(plain(f"Left out, not final: {', '.join(made.left_out)}.")))


def _table(table: Table) -> None:
    out = console()
    out.print(Text(plain(table.caption), style="bold"))
    for stamp in table.stamps:
        out.print(Text(plain(stamp)))
    grid = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in table.columns:
        grid.add_column(Text(plain(column)), overflow="fold")
    for line in table.lines:
        cells = [Text(plain(cell), style="bold" if line.kind != "row" else "") for cell in line.cells]
        if line.kind == "row" or any(line.cells[1:]):
            grid.add_row(*cells)
        else:
            grid.add_section()
            grid.add_row(cells[0])
    out.print(grid if table.lines else Text("No rows."))
    for note in footnotes(table):
        out.print(Text(plain(note), style="dim"))
    out.print()


def _dataset(dataset: Dataset) -> None:
    out = console()
    out.print(Text(plain(dataset.title), style="bold"))
    grid = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in dataset.columns:
        grid.add_column(Text(plain(column)), overflow="fold")
    for row in dataset.rows:
        grid.add_row(*(Text("" if value is None else plain(str(value))) for value in row))
    out.print(grid if dataset.rows else Text("No rows."))
    for note in dataset.notes:
        out.print(Text(plain(note), style="dim"))


def as_json(made: Tabulated, written: Written | None) -> None:
    """Tables and data sets with all that stands around them, and the files if any were written."""
    told: dict[str, Any] = {
        "stamps": made.contents.stamps,
        "left_out": made.left_out,
        "tables": [{**asdict(table), "caption": table.caption} for table in made.tables],
        "datasets": [asdict(one) for one in (*made.contents.datasets, *made.contents.revman)],
    }
    if written is not None:
        told["folder"], told["files"] = str(written.folder), written.files
        told["older"] = written.older
    json(told)
