"""CSV in UTF-8: one file per table and data set; cells that no spreadsheet takes for a formula."""

from __future__ import annotations

import re

from iimscreen.decision_formats import safe
from iimscreen.decision_formats import table as as_csv
from iimscreen.table_files import Contents
from iimscreen.tables import Dataset, Scalar, Table

_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def files(contents: Contents) -> dict[str, bytes]:
    """NAME.csv for each, those for RevMan in a folder of their own."""
    found = {f"{table.name}.csv": of_table(table) for table in contents.tables}
    found |= {f"{dataset.name}.csv": of_dataset(dataset) for dataset in contents.datasets}
    found |= {f"revman/{dataset.name}.csv": of_dataset(dataset) for dataset in contents.revman}
    if contents.references:
        found["revman/references.ris"] = contents.references
    return found


def of_table(table: Table) -> bytes:
    """The lines of a table under its columns; a heading goes into the first column of the lines under it.

    With stamps, a last column repeats them in each line, so that none is copied without.
    """
    has_headings = any(line.kind == "heading" for line in table.lines)
    stamp = "; ".join(table.stamps)
    head = [*(["group"] if has_headings else []), *table.columns, *(["status"] if stamp else [])]
    rows, group = [], ""
    for line in table.lines:
        if line.kind == "heading":
            group = line.cells[0]
            continue
        rows.append([*([group] if has_headings else []), *line.cells, *([stamp] if stamp else [])])
    return as_csv([cell(one) for one in head], [[cell(one) for one in row] for row in rows])


def of_dataset(dataset: Dataset) -> bytes:
    """The rows of a data set under its columns; an empty cell is one without a value."""
    return as_csv(
        [cell(one) for one in dataset.columns], [[cell(one) for one in row] for row in dataset.rows]
    )


def cell(value: Scalar) -> str:
    """A cell as it is written: a text with an apostrophe before what would be a formula, a number as it is."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    return value if _NUMBER.fullmatch(value) else safe(value)
