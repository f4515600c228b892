"""How the cells of a workbook look: colours, and styles that are made once and shared by all cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iimscreen.formats._workbook import escaped

if TYPE_CHECKING:
    from openpyxl.styles import Font
    from openpyxl.styles.cell_style import StyleArray

DARK, MIDDLE, LIGHT, KEY = "FF1F4E5F", "FFD5E4EA", "FFF3F7F9", "FFEDEDED"
SHADE = "FFF1F6F8"
LACKING, NOT_ASKED, LINE = "FFFFF2CC", "FFD0D0D0", "FFB7C4CA"


@dataclass(frozen=True, slots=True)
class Styles:
    """The styles of a workbook, by what stands in the cells."""

    section: StyleArray
    title: StyleArray
    required: StyleArray
    about: StyleArray  # what goes in
    name: StyleArray
    key: StyleArray
    about_study: StyleArray
    value: StyleArray
    locked: StyleArray
    heading: StyleArray
    text: StyleArray
    wide: StyleArray


def styles_of(book: Any) -> Styles:
    """Those styles, known to this workbook."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side

    sheet = book.create_sheet("styles")
    book.remove(sheet)

    def made(
        *,
        font: Font | None = None,
        fill: str = "",
        is_open: bool = False,
        wrap: bool = True,
        vertical: str = "top",
        line: bool = False,
    ) -> Any:
        cell = WriteOnlyCell(sheet)
        cell.number_format = "@"
        cell.font = font or Font(name="Calibri", size=11)
        if fill:
            cell.fill = PatternFill("solid", start_color=fill, end_color=fill)
        cell.alignment = Alignment(wrap_text=wrap, vertical=vertical)
        cell.protection = Protection(locked=not is_open)
        if line:
            side = Side(style="thin", color=LINE)
            cell.border = Border(bottom=side, right=side)
        return cell._style

    small = Font(name="Calibri", size=9, italic=True, color="FF44606B")
    return Styles(
        section=made(font=Font(name="Calibri", size=11, bold=True, color="FFFFFFFF"), fill=DARK, wrap=False),
        title=made(font=Font(name="Calibri", size=11, color="FF12303B"), fill=MIDDLE, line=True),
        required=made(
            font=Font(name="Calibri", size=11, bold=True, color="FF12303B"), fill=MIDDLE, line=True
        ),
        about=made(font=small, fill=LIGHT, line=True),
        name=made(font=Font(name="Consolas", size=8, color="FF7F7F7F"), fill=LIGHT, wrap=False, line=True),
        key=made(fill=KEY, font=Font(name="Calibri", size=11, color="FF333333"), wrap=False, line=True),
        about_study=made(fill=KEY, font=Font(name="Calibri", size=9, color="FF333333"), line=True),
        value=made(is_open=True),
        locked=made(fill=KEY, font=Font(name="Calibri", size=11, color="FF595959")),
        heading=made(font=Font(name="Calibri", size=14, bold=True, color=DARK), wrap=False),
        text=made(),
        wide=made(font=Font(name="Calibri", size=11, bold=True, color=DARK), wrap=False),
    )


def cell_of(sheet: Any, text: str, style: StyleArray) -> Any:
    """A cell that holds a text as a text, whatever it begins with."""
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, escaped(text))
    if text:
        cell.data_type = "s"  # also where it begins with =
    cell._style = style
    return cell


def text_cell(sheet: Any, text: str) -> Any:
    """The same for sheets that are hidden."""
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, escaped(text))
    if text:
        cell.data_type = "s"
    cell.number_format = "@"
    return cell
