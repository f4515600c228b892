"""XLSX: a workbook of the tables, and one of the data with its dictionary, quotes and conflicts."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import MutableMapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from iimscreen.table_files import Contents
from iimscreen.table_files._layout import of_table, spans, weights
from iimscreen.tables import Dataset, Scalar, Table, footnotes

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_MOST = 32_767  # characters in a cell of Excel
_CUT = " … (cut; the CSV has all of it)"
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # no XML can hold these
_NO_NAME = re.compile(r"[\[\]:*?/\\]")
_PAGE = 110  # characters over a page in landscape
_UNBROKEN = ("wide", "long", "references")  # sheets to compute with: one line a row, however long
_LINE_POINTS = 13  # of one line of text in a row
_STYLES: MutableMapping[Any, dict[tuple[bool, bool], Any]] = WeakKeyDictionary()  # workbook → its styles


def files(contents: Contents) -> dict[str, bytes]:
    """tables.xlsx and data.xlsx, or NAME.xlsx for one alone."""
    found: dict[str, bytes] = {}
    if contents.tables:
        found[f"{contents.only or 'tables'}.xlsx"] = _tables(contents)
    if contents.datasets:
        found[f"{contents.only or 'data'}.xlsx"] = _data(contents)
    return found


def _tables(contents: Contents) -> bytes:
    book = _book(contents)
    for table in contents.tables:
        _write_table(book.create_sheet(_sheet_name(table.name)), table)
    return _bytes(book)


def _data(contents: Contents) -> bytes:
    book = _book(contents)
    for dataset in contents.datasets:
        _write_dataset(book.create_sheet(_sheet_name(dataset.name)), dataset)
    about = book.create_sheet("about")
    lines: list[tuple[str, str]] = [("review", contents.title)] if contents.title else []
    lines += [("status", stamp) for stamp in contents.stamps]
    for dataset in contents.datasets:
        lines.append((dataset.name, f"{dataset.title}: {len(dataset.rows):,} rows"))
        lines += [("", note) for note in dataset.notes]
    for number, (name, text) in enumerate(lines, 1):
        _put(about, number, 1, name, bold=True)
        _put(about, number, 2, text)
        about.row_dimensions[number].height = _height([text], [110])
    about.column_dimensions["A"].width = 14
    about.column_dimensions["B"].width = 110
    _page(about)
    return _bytes(book)


def _book(contents: Contents) -> Workbook:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.title = _clean(contents.title)
    book.properties.creator = "iimscreen"
    return book


def _bytes(book: Workbook) -> bytes:
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _sheet_name(name: str) -> str:
    return _NO_NAME.sub(" ", name)[:31]


def _clean(text: str) -> str:
    text = _ILLEGAL.sub("\ufffd", text)
    return text if len(text) <= _MOST else text[: _MOST - len(_CUT)] + _CUT


def _put(
    sheet: Worksheet, row: int, column: int, value: Scalar, *, bold: bool = False, wrap: bool = True
) -> Any:  # openpyxl's cell
    """A cell with a text as text, whatever it begins with, or a number as a number."""
    cell = sheet.cell(row, column)
    cell._style = copy(_style(sheet, bold=bold, wrap=wrap))
    if isinstance(value, str):
        if value:
            text = _clean(value)
            cell.value = text
            cell.data_type = "s"  # or "=1+1" would be a formula, and "#N/A" an error
            cell.quotePrefix = text[:1] in "=+-@'"  # and stays text where someone edits it
    elif value is not None:
        cell.value = value
    return cell


def _style(sheet: Worksheet, *, bold: bool, wrap: bool) -> Any:  # openpyxl's style array
    """One style for all cells alike: openpyxl looks up each font that is set, 0.1 ms a cell."""
    from openpyxl.styles import Alignment, Font

    known = _STYLES.setdefault(sheet.parent, {})
    if (bold, wrap) not in known:
        cell = sheet.cell(1, 1)
        before = copy(cell._style)
        cell.font = Font(name="Calibri", size=10, bold=bold)
        cell.alignment = Alignment(vertical="top", wrap_text=wrap)
        known[bold, wrap] = copy(cell._style)
        cell._style = before
    return known[bold, wrap]


def _write_table(sheet: Worksheet, table: Table) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

    columns = len(table.columns)
    widths = _spread(of_table(table))
    for place, width in enumerate(widths, 1):
        sheet.column_dimensions[_letter(place)].width = width
    number = _over(sheet, table, columns, sum(widths))
    thin = Side(style="thin")
    head = number
    for place, name in enumerate(table.columns, 1):
        _put(sheet, number, place, name, bold=True).border = Border(top=thin, bottom=thin)
    sheet.row_dimensions[number].height = _height(table.columns, widths)
    number += 1
    for line in table.lines:
        is_wide = line.kind != "row" and spans(line.cells)
        for place in range(1, columns + 1):
            text = line.cells[place - 1] if place <= len(line.cells) else ""
            cell = _put(sheet, number, place, text, bold=line.kind != "row")
            if line.kind == "heading":
                cell.fill = PatternFill("solid", fgColor="E8ECF0")
            elif line.kind == "total":
                cell.border = Border(top=thin)
        if is_wide:
            sheet.merge_cells(start_row=number, end_row=number, start_column=1, end_column=columns)
        sheet.row_dimensions[number].height = (
            _height([line.cells[0]], [sum(widths)]) if is_wide else _height(line.cells, widths)
        )
        number += 1
    for note in footnotes(table):
        cell = _put(sheet, number, 1, note)
        cell.font = Font(name="Calibri", size=9)
        cell.alignment = Alignment(vertical="top", wrap_text=True)
        sheet.merge_cells(start_row=number, end_row=number, start_column=1, end_column=columns)
        sheet.row_dimensions[number].height = _height([note], [sum(widths)])
        number += 1
    sheet.freeze_panes = sheet.cell(head + 1, 1)
    sheet.print_title_rows = f"{head}:{head}"
    _page(sheet)


def _over(sheet: Worksheet, table: Table, columns: int, width: int) -> int:
    """Caption and stamps over a table; the row that follows."""
    from openpyxl.styles import Font

    number = 1
    for text, colour in ((table.caption, "000000"), *((stamp, "B00020") for stamp in table.stamps)):
        cell = _put(sheet, number, 1, text, bold=True)
        cell.font = Font(name="Calibri", size=12 if number == 1 else 10, bold=True, color=colour)
        sheet.merge_cells(start_row=number, end_row=number, start_column=1, end_column=columns)
        sheet.row_dimensions[number].height = 4 + _height([text], [width])
        number += 1
    return number


def _write_dataset(sheet: Worksheet, dataset: Dataset) -> None:
    from openpyxl.styles import Border, PatternFill, Side

    shown = [[("" if one is None else str(one)) for one in row] for row in dataset.rows[:200]]
    widths = weights(dataset.columns, shown)
    for place, name in enumerate(dataset.columns, 1):
        cell = _put(sheet, 1, place, name, bold=True)
        cell.border = Border(bottom=Side(style="thin"))
        cell.fill = PatternFill("solid", fgColor="E8ECF0")
        sheet.column_dimensions[_letter(place)].width = widths[place - 1] + 2
    is_broken = dataset.name not in _UNBROKEN
    for number, row in enumerate(dataset.rows, 2):
        for place, value in enumerate(row, 1):
            if value is not None and value != "":
                _put(sheet, number, place, value, wrap=is_broken)
        if is_broken:
            texts = ["" if one is None else str(one) for one in row]
            sheet.row_dimensions[number].height = _height(texts, [width + 2 for width in widths])
    sheet.freeze_panes = "B2"
    if dataset.rows:
        sheet.auto_filter.ref = f"A1:{_letter(len(dataset.columns))}{len(dataset.rows) + 1}"
    sheet.print_title_rows = "1:1"
    _page(sheet, is_fitted=is_broken)


def _page(sheet: Worksheet, *, is_fitted: bool = True) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    if is_fitted:
        sheet.page_setup.fitToWidth = 1
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top = sheet.page_margins.bottom = 0.8
    sheet.page_margins.header = sheet.page_margins.footer = 0.4
    sheet.oddFooter.center.text = "&A, page &P of &N"


def _height(cells: Sequence[str], widths: Sequence[int]) -> float:
    """Points that the tallest cell of a row needs: neither Excel nor LibreOffice fits rows of merged cells."""
    lines = 1
    for text, width in zip(cells, widths, strict=False):
        parts = text.split("\n")
        lines = max(lines, sum(max(1, len(textwrap.wrap(part, max(int(0.95 * width), 1)))) for part in parts))
    return min(409.0, 3 + _LINE_POINTS * lines)  # 409: as tall as a row of Excel can be


def _spread(widths: Sequence[int]) -> list[int]:
    """The widths, made to fill a page of a table with few or narrow columns, so that notes under it have room."""
    together = sum(widths)
    return [width + 1 + max(0, _PAGE - together) * width // together for width in widths]


def _letter(place: int) -> str:
    from openpyxl.utils import get_column_letter

    letter: str = get_column_letter(place)
    return letter
