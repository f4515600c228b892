"""Tables in a document of Word: headers that repeat, captions, footnotes, no row torn apart by a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from iimscreen.table_files._layout import of_table, spans
from iimscreen.tables import Line, Table, footnotes

if TYPE_CHECKING:
    from docx.document import Document as Word
    from docx.table import Table as WordTable

_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # no XML can hold these
_BODY_PT, _CLOSE_PT, _NOTE_PT = 8, 7, 8  # the second for tables of more columns than _MANY
_MANY = 11
_RED, _GREY = "B00020", "E8ECF0"


def add(word: Word, table: Table, *, room_cm: float) -> None:
    """Append a table with its caption over it and its notes under it; `room_cm` is how wide it may be."""
    from docx.shared import Pt

    word.add_paragraph(clean(table.caption), style="Caption")
    for words in table.stamps:
        paragraph = word.add_paragraph()
        paragraph.paragraph_format.keep_with_next = True
        stamp(paragraph, words)
    if table.lines:
        _grid(word, table, room_cm)
    else:
        word.add_paragraph("No rows.")
    for note in footnotes(table):
        paragraph = word.add_paragraph()
        paragraph.paragraph_format.space_before = Pt(3)
        paragraph.add_run(clean(note)).font.size = Pt(_NOTE_PT)


def _grid(word: Word, table: Table, room: float) -> None:
    from docx.enum.table import WD_TABLE_ALIGNMENT
    from docx.shared import Cm

    columns = len(table.columns)
    grid = word.add_table(rows=0, cols=columns)
    grid.alignment = WD_TABLE_ALIGNMENT.CENTER
    grid.autofit = False
    weights = of_table(table)
    widths = [Cm(room * weight / sum(weights)) for weight in weights]
    for place, width in enumerate(widths):
        grid.columns[place].width = width
    _row(grid, table.columns, widths, bold=True)
    _repeat_header(grid)
    _set_close(grid)
    _rule(grid.rows[0], top=True, bottom=True)
    for line in table.lines:
        _line(grid, line, widths)
    _rule(grid.rows[-1], bottom=True)


def _line(grid: WordTable, line: Line, widths: Sequence[int]) -> None:
    is_wide = line.kind != "row" and spans(line.cells)
    _row(grid, [line.cells[0]] if is_wide else line.cells, widths, bold=line.kind != "row", is_wide=is_wide)
    if line.kind == "heading":
        for cell in grid.rows[-1].cells:
            _shade(cell)
            cell.paragraphs[0].paragraph_format.keep_with_next = True
    elif line.kind == "total":
        _rule(grid.rows[-1], top=True)


def _row(
    grid: WordTable, texts: Sequence[str], widths: Sequence[int], *, bold: bool = False, is_wide: bool = False
) -> None:
    from docx.shared import Pt

    row = grid.add_row()  # type: ignore[no-untyped-call]  # python-docx leaves it untyped
    _no_split(row)
    cells = row.cells  # made anew at each asking
    if is_wide:
        cells[0].merge(cells[-1])
    for place, text in enumerate(texts):
        cell = cells[place]
        if not is_wide:
            cell.width = widths[place]
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.space_after = Pt(0)
        for number, part in enumerate(clean(text).split("\n")):
            run = paragraph.add_run()
            if number:
                run.add_break()
            run.add_text(part)
            run.font.size = Pt(_CLOSE_PT if len(widths) > _MANY else _BODY_PT)
            run.font.bold = bold


def stamp(paragraph: Any, text: str, *, points: int = 9) -> None:  # python-docx's paragraph
    """Append words that nobody may overlook."""
    from docx.shared import Pt, RGBColor

    run = paragraph.add_run(clean(text))
    run.font.bold, run.font.size, run.font.color.rgb = True, Pt(points), RGBColor.from_string(_RED)


def clean(text: str) -> str:
    """A text without the characters that no XML can hold."""
    return _ILLEGAL.sub("\ufffd", text)


# --- what python-docx has no words for ---


def _element(name: str, **attributes: str) -> Any:  # lxml's element
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    made = OxmlElement(name)
    for key, value in attributes.items():
        made.set(qn(f"w:{key}"), value)
    return made


def _repeat_header(grid: WordTable) -> None:
    grid.rows[0]._tr.get_or_add_trPr().append(_element("w:tblHeader", val="true"))


def _set_close(grid: WordTable) -> None:
    """Less room on both sides of a cell than Word leaves, for tables of many columns."""
    margins = _element("w:tblCellMar")
    for side in ("w:left", "w:right"):
        margins.append(_element(side, w="60", type="dxa"))  # twentieths of a point
    grid._tbl.tblPr.append(margins)


def _no_split(row: Any) -> None:
    row._tr.get_or_add_trPr().append(_element("w:cantSplit", val="true"))


def _shade(cell: Any) -> None:
    cell._tc.get_or_add_tcPr().append(_element("w:shd", val="clear", color="auto", fill=_GREY))


def _rule(row: Any, *, top: bool = False, bottom: bool = False) -> None:
    """A line over or under the cells of a row."""
    from docx.oxml.ns import qn

    for cell in row.cells:
        properties = cell._tc.get_or_add_tcPr()
        borders = properties.find(qn("w:tcBorders"))
        if borders is None:
            borders = _element("w:tcBorders")
            properties.append(borders)
        for side, wanted in (("w:top", top), ("w:bottom", bottom)):
            if wanted and borders.find(qn(side)) is None:
                borders.append(_element(side, val="single", sz="8", space="0", color="auto"))
