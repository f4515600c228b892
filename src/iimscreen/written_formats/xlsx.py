"""XLSX with a row for each report: the table of `records_csv`, its headers frozen, every text as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from iimscreen.decision_formats import Decided
from iimscreen.table_files import Contents, files
from iimscreen.wording import counted
from iimscreen.written_formats.records_csv import dataset

MOST = 32_767  # characters in a cell of Excel


def write(reports: Sequence[Decided]) -> bytes:
    """A workbook: the references, and a sheet about them that tells what was cut."""
    made = dataset(reports)
    cut = sum(isinstance(cell, str) and len(cell) > MOST for row in made.rows for cell in row)
    notes = (f"{counted(cut, 'cell')} cut: Excel holds {MOST:,} characters; the CSV has all.",) if cut else ()
    contents = Contents(datasets=(replace(made, notes=notes),), only=made.name)
    return files(contents, ["xlsx"])[f"{made.name}.xlsx"]
