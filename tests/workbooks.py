"""XLSX workbooks for tests, written part by part: what Excel writes, and what it never would."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
DATE_STYLE = 1

Cell = str | float | bool | dt.date | None


def workbook(
    *sheets: Sequence[Sequence[Cell]],
    names: Sequence[str] = (),
    shared: bool = True,
    parts: Mapping[str, str | None] | None = None,
) -> bytes:
    """A workbook of these sheets, its texts shared as Excel does, or inline; `parts` replace or drop its own."""
    texts: dict[str, int] = {}
    called = names or [f"Sheet{number}" for number in range(1, len(sheets) + 1)]
    content: dict[str, str | None] = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"/>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        + "".join(
            f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"/>'
            for number, name in enumerate(called, 1)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">'
        + "".join(
            f'<Relationship Id="rId{number}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>'
            for number in range(1, len(sheets) + 1)
        )
        + "</Relationships>",
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><numFmts count="1">'
        '<numFmt numFmtId="164" formatCode="dd/mm/yyyy"/></numFmts><cellXfs count="3">'
        '<xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/></cellXfs></styleSheet>',
    }
    for number, rows in enumerate(sheets, 1):
        content[f"xl/worksheets/sheet{number}.xml"] = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<worksheet xmlns="{_MAIN}"><sheetData>'
            + "".join(_row(at, row, texts, shared) for at, row in enumerate(rows, 1))
            + "</sheetData></worksheet>"
        )
    if texts:
        content["xl/sharedStrings.xml"] = (
            f'<sst xmlns="{_MAIN}">'
            + "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in texts)
            + "</sst>"
        )
    return archive(content | dict(parts or {}))


def archive(parts: Mapping[str, str | None]) -> bytes:
    """A zip archive of these parts; None leaves one out."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in parts.items():
            if text is not None:
                packed.writestr(name, text)
    return file.getvalue()


def _row(at: int, cells: Sequence[Cell], texts: dict[str, int], shared: bool) -> str:
    return (
        f'<row r="{at}">'
        + "".join(
            _cell(f"{_letters(column)}{at}", cell, texts, shared)
            for column, cell in enumerate(cells)
            if cell is not None
        )
        + "</row>"
    )


def _cell(place: str, cell: Cell, texts: dict[str, int], shared: bool) -> str:
    if isinstance(cell, str):
        if shared:
            return f'<c r="{place}" t="s"><v>{texts.setdefault(cell, len(texts))}</v></c>'
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
    if isinstance(cell, bool):
        return f'<c r="{place}" t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, dt.date):
        return f'<c r="{place}" s="{DATE_STYLE}"><v>{(cell - dt.date(1899, 12, 30)).days}</v></c>'
    return f'<c r="{place}"><v>{cell}</v></c>'


def _letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
