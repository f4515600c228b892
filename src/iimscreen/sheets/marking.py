"""What guides the one who fills in a workbook: drop-downs, ranges, help at the cell, and colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from iimscreen.formats._workbook import letters
from iimscreen.forms import CODES, ITSELF
from iimscreen.forms.values import described
from iimscreen.model import Field, FieldKind, Form, Level
from iimscreen.sheets import rules
from iimscreen.sheets.layout import FIRST_ROW, LISTS, STUDY, Column, listed
from iimscreen.sheets.styles import DARK, LACKING, NOT_ASKED, SHADE, text_cell


class Lists:
    """The lists of all drop-downs, each a column of a hidden sheet."""

    def __init__(self) -> None:
        self._columns: dict[str, list[str]] = {}

    def add(self, name: str, items: Sequence[str]) -> str:
        """Where a list stands; the same for lists that are alike."""
        for known, others in self._columns.items():
            if others == list(items):
                return self.place(known)
        self._columns[name] = list(items)
        return self.place(name)

    def place(self, name: str) -> str:
        """The range of a list, as formulas name it."""
        letter = letters(list(self._columns).index(name) + 1)
        return f"{LISTS}!${letter}$2:${letter}${len(self._columns[name]) + 1}"

    def write(self, book: Any) -> None:
        """As a hidden sheet of a workbook."""
        sheet = book.create_sheet(LISTS)
        sheet.sheet_state = "hidden"
        sheet.protection.sheet = True
        for number in range(1 + max(map(len, self._columns.values()))):
            row: list[Any] = []
            for name, items in self._columns.items():
                text = name if number == 0 else items[number - 1] if number <= len(items) else None
                row.append(None if text is None else text_cell(sheet, text))
            sheet.append(row)


def validate(sheet: Any, column: Column, place: str, cell: str, lists: Lists) -> None:
    """Drop-down, range and help of one column."""
    from openpyxl.worksheet.datavalidation import DataValidation

    field = column.field
    if field is None:
        return
    items = field.units if column.is_unit else listed(field)
    formula = f"={lists.add(column.name, items)}" if items else rules.takes(field, cell)
    is_free = bool(items) and not column.is_unit and (field.others or field.kind is FieldKind.CHOICES)
    found = DataValidation(
        type="list" if items else "custom" if formula else None,
        formula1=formula.removeprefix("=") or None,
        allow_blank=True,
        showErrorMessage=bool(formula) and not is_free,
        showInputMessage=True,
        sqref=place,
    )
    found.promptTitle = _short(field.title if not column.is_unit else f"Unit of {field.title}", 32)
    found.prompt = _short(_prompt(field) if not column.is_unit else "Choose one.", 255)
    found.errorTitle = _short(field.title, 32)
    found.error = _short(
        f"Expected {', '.join(items)}"
        if column.is_unit
        else f"Expected {described(field)}, or a code: {', '.join(CODES)}.",
        225,
    )
    sheet.data_validations.append(found)


def validate_of(sheet: Any, level: Level, place: str, formula: str, grid: rules.Grid) -> None:
    """The drop-down of rows above one."""
    from openpyxl.worksheet.datavalidation import DataValidation

    above = grid.level(level.of)
    found = DataValidation(
        type="list", formula1=formula, allow_blank=True, showInputMessage=True, sqref=place
    )
    found.showErrorMessage = True
    found.promptTitle = _short(f"Of which {above.title.lower()}", 32)
    found.prompt = _short(f"Its row on the sheet {above.title}, such as {above.letter}1.", 255)
    found.error = f"Expected a row of this study there, such as {above.letter}1."
    sheet.data_validations.append(found)


def _prompt(field: Field) -> str:
    said = described(field)
    parts = [
        field.help,
        f"{said[:1].upper()}{said[1:]}.",
        "Codes: " + ", ".join(f"{code} {words}" for code, words in CODES.items()),
    ]
    return "\n".join(part for part in parts if part)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def colour(
    sheet: Any, form: Form, level: Level, grid: rules.Grid, column: Column, number: int, place: str, keys: int
) -> None:
    """Grey where a field is not asked, yellow where a value is lacking."""
    from openpyxl.formatting.rule import FormulaRule
    from openpyxl.styles import Font, PatternFill

    field = column.field
    if field is None:
        return
    if field.when is not None:
        grey = PatternFill("solid", start_color=NOT_ASKED, end_color=NOT_ASKED)
        formula = rules.is_not_asked(grid, level, field.when, FIRST_ROW)
        sheet.conditional_formatting.add(
            place, FormulaRule(formula=[formula], fill=grey, font=Font(color="FF9C0006"), stopIfTrue=True)
        )
    if field.required and not column.is_unit:
        formula = rules.is_lacking(
            form, level, number, row=FIRST_ROW, first=keys if level.of not in ("", ITSELF) else keys + 1
        )
        yellow = PatternFill("solid", start_color=LACKING, end_color=LACKING)
        sheet.conditional_formatting.add(place, FormulaRule(formula=[formula], fill=yellow))


def part_studies(sheet: Any, place: str, level: Level, grid: rules.Grid) -> None:
    """A line above each study, and every other one on a shade."""
    from openpyxl.formatting.rule import FormulaRule
    from openpyxl.styles import Border, PatternFill, Side

    line = Border(top=Side(style="thin", color=DARK))
    shade = PatternFill("solid", start_color=SHADE, end_color=SHADE)
    is_first = f"$A{FIRST_ROW}<>$A{FIRST_ROW - 1}"
    is_odd = f"IFERROR(ISODD(MATCH($A{FIRST_ROW},{grid.range(ITSELF, STUDY)},0)),FALSE)"
    # LibreOffice applies the first rule that holds, Excel all of them: hence one for both.
    for formula, looks in (
        (f"AND({is_first},{is_odd})", {"border": line, "fill": shade}),
        (is_first, {"border": line}),
        (is_odd, {"fill": shade}),
    ):
        if level.letter or formula == is_odd:
            sheet.conditional_formatting.add(place, FormulaRule(formula=[formula], **looks))
