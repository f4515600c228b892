"""Formulas of a workbook: what a cell takes, where it is asked, and where something is lacking. Pure.

They help while a sheet is filled in, and stop nobody who pastes: what holds is the check when it is read back.
All that users wrote stands in them as a text in quotes, never as a formula.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iimscreen.formats._workbook import letters
from iimscreen.forms import ITSELF, OF
from iimscreen.model import Condition, Field, FieldKind, Form, Level
from iimscreen.sheets.layout import HEADING_ROWS, ROW, STUDY, columns, sheet_names

CODES_NAME = "codes"  # the name by which formulas know the list of codes
_MOST = 255  # characters that Excel takes for the formula of a validation


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the columns of each level stand, and how far its rows reach."""

    form: Form
    last_rows: Mapping[str, int]  # level → number of its last row

    def column(self, level: str, name: str) -> int:
        """The number of a column on its level's sheet, from 1."""
        found = columns(self.form, self.level(level))
        return next(number for number, one in enumerate(found, 1) if one.name == name)

    def level(self, name: str) -> Level:
        """The level of that name."""
        return next(level for level in self.form.levels if level.name == name)

    def range(self, level: str, name: str) -> str:
        """All cells of a column, named from another sheet."""
        letter = letters(self.column(level, name))
        last = max(self.last_rows[level], HEADING_ROWS + 1)
        return f"'{sheet_names(self.form)[level]}'!${letter}${HEADING_ROWS + 1}:${letter}${last}"


def text(given: str) -> str:
    """A text within a formula."""
    return '"' + given.replace('"', '""') + '"'


def takes(field: Field, cell: str) -> str:
    """The formula that holds while a cell may have what stands in it; "" where anything goes."""
    is_code = f"ISNUMBER(MATCH({cell},{CODES_NAME},0))"
    if field.kind is FieldKind.DATE:
        year = f"ISNUMBER(_xlfn.NUMBERVALUE(LEFT({cell},4)))"
        return f"OR({is_code},AND({year},LEN({cell})>3,LEN({cell})<11))"
    if field.kind not in (FieldKind.INTEGER, FieldKind.NUMBER):
        return ""
    # Not VALUE: by the custom of half of Europe it takes 3.64 for a day in March 1964.
    number = f'_xlfn.NUMBERVALUE({cell},".",",")'
    parts = [f'ISERROR(FIND(",",{cell}))', f"ISNUMBER({number})"]
    if field.least is not None:
        parts.append(f"{number}>={field.least:.15g}")
    if field.most is not None:
        parts.append(f"{number}<={field.most:.15g}")
    if field.kind is FieldKind.INTEGER:
        parts.append(f"INT({number})={number}")
    while len(found := f"OR({is_code},IFERROR(AND({','.join(parts)}),FALSE))") > _MOST:
        parts.pop()
    return found


def is_not_asked(grid: Grid, level: Level, when: Condition, row: int) -> str:
    """The formula that holds in a row while a field is not asked in it."""
    cell = _cell_of(grid, level, when.field, row)
    alike = ",".join(f'ISNUMBER(SEARCH({text(f"; {value}; ")},"; "&{cell}&"; "))' for value in when.values)
    return f'IFERROR(AND({cell}<>"",NOT(OR({alike}))),FALSE)'


def _cell_of(grid: Grid, level: Level, name: str, row: int) -> str:
    """The cell of a field in this row, or in the row above it, or of its study."""
    field = next(one for one in grid.form.fields if one.name == name)
    if field.level == level.name:
        return f"${letters(grid.column(level.name, name))}{row}"
    values = grid.range(field.level, name)
    studies = grid.range(field.level, STUDY)
    study = f"$A{row}"
    if field.level == ITSELF:
        return f"INDEX({values},MATCH({study},{studies},0))"
    # The rows of one study stand together: the first of them, and from there on the row that `of` names.
    above = f"${letters(grid.column(level.name, OF))}{row}"
    rows = grid.range(field.level, ROW)
    first = f"MATCH({study},{studies},0)"
    block = f"OFFSET({rows.split(':')[0]},{first}-1,0,COUNTIF({studies},{study}),1)"
    return f"INDEX({values},{first}-1+MATCH({above},{block},0))"


def rows_above(grid: Grid, level: Level, row: int) -> str:
    """The formula of the list that the column `of` offers: the rows of the same study, one level up."""
    studies = grid.range(level.of, STUDY)
    first = grid.range(level.of, ROW).split(":")[0]
    return f"OFFSET({first},MATCH($A{row},{studies},0)-1,0,COUNTIF({studies},$A{row}),1)"


def is_lacking(form: Form, level: Level, number: int, *, row: int, first: int) -> str:
    """The formula that holds in a row that is begun, while a cell that must be filled in is empty."""
    last = letters(len(columns(form, level)))
    begun = f'COUNTIF(${letters(first)}{row}:${last}{row},"?*")>0' if level.letter else "TRUE"
    return f'AND({letters(number)}{row}="",{begun})'
