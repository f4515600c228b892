"""A workbook to be filled in, made with openpyxl: one sheet per level, Quotes, Help, lists, and what it is for.

Every value is written as a text in a cell formatted as text, so that Excel makes no date and no formula of it.
Styles are made once and shared: set cell by cell, openpyxl would look each of them up anew for every cell.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from iimscreen import forms
from iimscreen.formats._workbook import letters
from iimscreen.forms import CODES, ITSELF, OF
from iimscreen.forms.values import described
from iimscreen.model import FieldKind, Level
from iimscreen.sheets import NOTHING, Content, Shown, marking, rules
from iimscreen.sheets.layout import (
    ABOUT,
    FIELD,
    FIRST_ROW,
    FORMAT,
    HEADING_ROWS,
    HELP,
    HIDDEN,
    QUOTES,
    ROW,
    STUDY,
    WHOLE_REVIEW,
    Column,
    columns,
    quote_columns,
    sheet_names,
)
from iimscreen.sheets.marking import Lists
from iimscreen.sheets.styles import DARK, Styles, cell_of, styles_of, text_cell

if TYPE_CHECKING:
    from openpyxl.styles.cell_style import StyleArray

_SPARE_QUOTES = 40
_MOST_LINES = 6
_MOST_TOLD = 1000  # a range up to more than that is there to catch slips, and is not worth a line
_KEYS_TAKE = {
    OF: "such as P1",
    FIELD: "its name",
    "report": "where a study has several",
    "page": "such as 4, table 2",
}
_WIDTHS = {STUDY: 20.0, ROW: 6.0, OF: 10.0, ABOUT: 34.0, FIELD: 18.0, "report": 18.0, "page": 12.0}
_WIDTHS |= {"quote": 60.0, "formula": 24.0, "note": 30.0}


def workbook(content: Content) -> bytes:
    """The workbook, as the bytes of an XLSX file."""
    import openpyxl  # 0.15 s: only where a sheet is written

    book = openpyxl.Workbook(write_only=True)
    book.properties.title = content.form.title
    book.properties.creator = "iimscreen"
    styles = styles_of(book)
    lists = Lists()
    lists.add("codes", list(CODES))
    names = sheet_names(content.form)
    grid = rules.Grid(
        content.form, {level.name: FIRST_ROW + _length(content, level) - 1 for level in content.form.levels}
    )
    for level in content.form.levels:
        _level(book, content, level, styles, lists, grid, names[level.name])
    _quotes(book, content, styles, lists, grid)
    _help(book, content, styles)
    lists.write(book)
    _hidden(book, content)
    _name(book, rules.CODES_NAME, lists.place("codes"))
    file = io.BytesIO()
    book.save(file)
    return _calm(file.getvalue())


def _name(book: Any, name: str, place: str) -> None:  # openpyxl ships no types
    from openpyxl.workbook.defined_name import DefinedName

    book.defined_names[name] = DefinedName(name, attr_text=place)


def _length(content: Content, level: Level) -> int:
    if not level.letter:
        return len(content.studies)
    return sum(len(content.rows[study.name, level.name]) for study in content.studies)


# --- one sheet per level ---------------------------------------------------------------------------


def _level(
    book: Any, content: Content, level: Level, styles: Styles, lists: Lists, grid: rules.Grid, name: str
) -> None:
    sheet = book.create_sheet(name)
    shown = columns(content.form, level)
    keys = sum(column.field is None for column in shown)
    is_of = shown[keys - 1].name == OF
    widths = [_width(column) for column in shown]
    _set_up(sheet, shown, styles, frozen=keys)
    first, last = FIRST_ROW, max(grid.last_rows[level.name], FIRST_ROW)
    for number, column in enumerate(shown, 1):
        place = f"{letters(number)}{first}:{letters(number)}{last}"
        if column.field is not None:
            marking.validate(sheet, column, place, f"{letters(number)}{first}", lists)
            marking.colour(sheet, content.form, level, grid, column, number, place, keys)
        elif column.name == OF:
            marking.validate_of(sheet, level, place, rules.rows_above(grid, level, first), grid)
    marking.part_studies(sheet, f"A{first}:{letters(len(shown))}{last}", level, grid)
    _write_heading(sheet, content, shown, styles)
    at = HEADING_ROWS
    for study in content.studies:
        value = styles.locked if study.is_locked else styles.value
        for row_id in content.rows[study.name, level.name] if level.letter else ("",):
            cells = [cell_of(sheet, study.name or WHOLE_REVIEW, styles.key)]
            if level.letter:
                cells.append(cell_of(sheet, row_id, styles.key))
            elif content.form.subject == "study":
                cells.append(cell_of(sheet, study.about, styles.about_study))
            if is_of:
                cells.append(
                    _value(
                        sheet,
                        content.cells.get((study.name, row_id, OF), NOTHING).text,
                        value,
                        study.is_locked,
                    )
                )
            for column in shown[keys:]:
                found = _found(content, study.name, row_id, column)
                cells.append(
                    _value(sheet, found.unit if column.is_unit else found.text, value, study.is_locked)
                )
            at += 1
            _heighten(
                sheet, at, [(cell.value, width) for cell, width in zip(cells, widths, strict=True) if cell]
            )
            sheet.append(cells)


def _heighten(sheet: Any, row: int, texts: Sequence[tuple[str, float]]) -> None:
    """Room for texts of several lines; LibreOffice makes none by itself, and Excel would."""
    lines = max((_lines_of(text, width) for text, width in texts if len(text) > 11), default=1)
    if lines > 1:
        sheet.row_dimensions[row].height = 15.0 * min(lines, _MOST_LINES)


def _lines_of(text: str, width: float) -> int:
    """How many lines a text takes, broken at words."""
    lines = 0
    for paragraph in text.split("\n"):
        lines += 1
        used = 0.0
        for word in paragraph.split(" "):
            if used and used + len(word) > width:
                lines, used = lines + 1, 0.0
            used += len(word) + 1
            lines += int((used - 2) / width) if used > width + 1 else 0
    return lines


def _found(content: Content, study: str, row: str, column: Column) -> Shown:
    return content.cells.get((study, row, column.field.name), NOTHING) if column.field else NOTHING


def _value(sheet: Any, text: str, style: StyleArray, is_locked: bool) -> Any:
    """A value's cell; an empty one has the style of its column, and none of its own."""
    if not text and not is_locked:
        return None
    return cell_of(sheet, text, style)


def _set_up(sheet: Any, shown: Sequence[Column], styles: Styles, *, frozen: int) -> None:
    """Widths, frozen panes, protection and print; before the first row is written."""
    for number, column in enumerate(shown, 1):
        dimension = sheet.column_dimensions[letters(number)]
        dimension.width = _width(column)
        is_key = number <= frozen and column.name != OF
        dimension._style = styles.key if is_key else styles.value
    sheet.freeze_panes = f"{letters(frozen + 1)}{FIRST_ROW}"
    sheet.sheet_view.zoomScale = 100
    sheet.sheet_properties.tabColor = DARK
    _protect(sheet)
    _print(sheet, f"1:{HEADING_ROWS}", f"A:{letters(frozen)}")


def _protect(sheet: Any) -> None:
    protection = sheet.protection
    protection.sheet = True  # without a password: against slips, not against people
    protection.formatColumns = protection.formatRows = protection.formatCells = False
    protection.sort = protection.autoFilter = protection.insertRows = False


def _print(sheet: Any, rows: str, columns_repeated: str) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.scale = 60
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top = sheet.page_margins.bottom = 0.5
    sheet.print_title_rows = rows
    if columns_repeated:
        sheet.print_title_cols = columns_repeated
    sheet.oddFooter.left.text = "&A"
    sheet.oddFooter.right.text = "&P / &N"


def _width(column: Column) -> float:
    if column.field is None:
        return _WIDTHS.get(column.name, 16.0)
    if column.is_unit:
        return 10.0
    field = column.field
    longest = max(map(len, field.choices), default=0)
    base = {FieldKind.TEXT: 24, FieldKind.CHOICES: 26, FieldKind.DATE: 13}.get(
        field.kind, max(12, longest + 4)
    )
    return float(min(max(base, max(map(len, field.title.split()), default=0) + 3), 32))


def _write_heading(sheet: Any, content: Content, shown: Sequence[Column], styles: Styles) -> None:
    rows = list(_heading(sheet, content.heading.reviewer, shown, styles))
    widths = [_width(column) for column in shown]
    # Bold letters and small ones are wider and narrower than those that widths are counted in.
    for number, (row, line, wider) in enumerate(
        zip(rows, (17.0, 15.5, 12.5, 12.0), (0.0, 1.15, 0.9, 0.0), strict=True), 1
    ):
        lines = max(
            _lines_of(cell.value or "", width / wider) if wider else 1
            for cell, width in zip(row, widths, strict=True)
        )
        sheet.row_dimensions[number].height = line * min(lines, _MOST_LINES) + 2
        sheet.append(row)


def _heading(sheet: Any, reviewer: str, shown: Sequence[Column], styles: Styles) -> Iterator[list[Any]]:
    """Section, title, what goes in, name."""
    section = None
    sections = []
    for column in shown:
        own = column.field.section if column.field else None
        sections.append(cell_of(sheet, own if own and own != section else "", styles.section))
        section = own if column.field else section
    sections[0] = cell_of(sheet, f"Sheet of {reviewer}", styles.section)
    yield sections
    yield [
        cell_of(
            sheet,
            column.title + (" *" if column.is_value and column.field and column.field.required else ""),
            styles.required if column.field and column.field.required else styles.title,
        )
        for column in shown
    ]
    yield [cell_of(sheet, _goes_in(column), styles.about) for column in shown]
    yield [cell_of(sheet, column.name, styles.name) for column in shown]


def _goes_in(column: Column) -> str:
    """In a few words, as the help of the cell says the rest."""
    field = column.field
    if field is None:
        return _KEYS_TAKE.get(column.name, "")
    if column.is_unit:
        return "of it"
    match field.kind:
        case FieldKind.CHOICE | FieldKind.YES_NO:
            return "one of the list, or your own" if field.others else "one of the list"
        case FieldKind.CHOICES:
            return "of the list; several parted by ;"
        case FieldKind.DATE:
            return "2021, 2021-03 or 2021-03-17"
        case FieldKind.TEXT:
            return "text"
        case _:
            said = "whole number" if field.kind is FieldKind.INTEGER else "number"
            if field.least is not None and field.most is not None and field.most <= _MOST_TOLD:
                said += f", {field.least:g} to {field.most:g}"
            return said + (f", in {field.units[0]}" if len(field.units) == 1 else "")


# --- quotes, help, and what the workbook is for ----------------------------------------------------


def _quotes(book: Any, content: Content, styles: Styles, lists: Lists, grid: rules.Grid) -> None:
    """Where each value stands in its report: the rows that there are, and spare ones."""
    from openpyxl.worksheet.datavalidation import DataValidation

    sheet = book.create_sheet(QUOTES)
    shown = quote_columns()
    _set_up(sheet, shown, styles, frozen=3)
    for letter in "ABC":
        sheet.column_dimensions[letter]._style = styles.value
    quoted = [place for place, found in content.cells.items() if any(found.beside)]
    last = HEADING_ROWS + len(quoted) + max(_SPARE_QUOTES, 5 * len(content.studies))
    fields = lists.add("fields", [OF, *(field.name for field in content.form.fields)])
    for column, formula, prompt in (
        ("A", grid.range(ITSELF, STUDY), "As on the sheet of studies."),
        ("C", fields, "The field's name, as in the last row of the headings."),
    ):
        found = DataValidation(
            type="list", formula1=formula, allow_blank=True, sqref=f"{column}{FIRST_ROW}:{column}{last}"
        )
        found.showErrorMessage = found.showInputMessage = True
        found.prompt = prompt
        sheet.data_validations.append(found)
    _write_heading(sheet, content, shown, styles)
    for study, row_id, field in quoted:
        found_here = content.cells[study, row_id, field]
        keys = [cell_of(sheet, text, styles.key) for text in (study or WHOLE_REVIEW, row_id, field)]
        beside = (getattr(found_here, column.name) for column in shown[3:])
        sheet.append([*keys, *(cell_of(sheet, text, styles.value) if text else None for text in beside)])


def _help(book: Any, content: Content, styles: Styles) -> None:
    """How to fill in, the codes, the question, and each field of the form."""
    sheet = book.create_sheet(HELP)
    for letter, width in (("A", 26.0), ("B", 20.0), ("C", 38.0), ("D", 60.0), ("E", 60.0)):
        sheet.column_dimensions[letter].width = width
    _print(sheet, "1:1", "")
    sheet.sheet_properties.tabColor = "FF7F7F7F"
    _protect(sheet)
    for number, (heading, text) in enumerate(content.help):
        if not text:
            if number:
                sheet.append([])
            sheet.append([cell_of(sheet, heading, styles.heading if number == 0 else styles.wide)])
        else:
            sheet.append([cell_of(sheet, heading, styles.text), *_lines(sheet, text, styles)])
    sheet.append([])
    sheet.append([cell_of(sheet, "The fields", styles.wide)])
    sheet.append(
        [cell_of(sheet, text, styles.title) for text in ("Sheet", "Field", "Title", "What goes in", "Help")]
    )
    names = sheet_names(content.form)
    for level in content.form.levels:
        for field in forms.fields_of(content.form, level.name):
            told = (
                names[level.name],
                field.name,
                field.title + (" *" if field.required else ""),
                described(field),
                field.help,
            )
            sheet.append([cell_of(sheet, text, styles.text) if text else None for text in told])


def _lines(sheet: Any, text: str, styles: Styles) -> Iterable[Any]:
    cell = cell_of(sheet, text, styles.text)
    from openpyxl.styles import Alignment

    cell.alignment = Alignment(wrap_text=False, vertical="top")
    return [cell]


def _hidden(book: Any, content: Content) -> None:
    """What the workbook was written for, and the rows that are on it."""
    sheet = book.create_sheet(HIDDEN)
    sheet.sheet_state = "veryHidden"
    sheet.protection.sheet = True
    heading = content.heading
    told = [
        ("format", FORMAT),
        ("review", heading.review),
        ("reviewer", heading.reviewer),
        ("form", heading.form),
        ("form sha256", heading.form_sha256),
        ("log uid", heading.log_uid),
        ("digest", heading.digest),
        *(("study", study.name) for study in content.studies),
    ]
    for pair in told:
        sheet.append([text_cell(sheet, text) for text in pair])


_END = b"</worksheet>"


def _calm(data: bytes) -> bytes:
    """Without green corners: openpyxl has no way to say that numbers are meant to be texts here."""
    calm = b'<ignoredErrors><ignoredError sqref="A1:XFD1048576" numberStoredAsText="1"/></ignoredErrors>'
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as made,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for part in made.infolist():
            content = made.read(part)
            if part.filename.startswith("xl/worksheets/sheet"):
                content = content.removesuffix(_END) + calm + _END
            archive.writestr(part, content)
    return file.getvalue()
