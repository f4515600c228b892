"""A workbook to be filled in, made with openpyxl: one sheet per level, Quotes, Help, lists, and what it is for.

Every value is written as a text in a cell formatted as text, so that Excel makes no date and no formula of it.
Styles are made once and shared: setting them cell by cell took four fifths of the time (15 of 19 s for 500
studies of 40 fields with 5 patients each).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iimscreen import forms
from iimscreen.formats._workbook import escaped, letters
from iimscreen.forms import CODES, ITSELF, OF
from iimscreen.forms.values import described
from iimscreen.model import Field, FieldKind, Form, Level
from iimscreen.sheets import NOTHING, Content, Shown, rules
from iimscreen.sheets.layout import (
    ABOUT,
    FIELD,
    FORMAT,
    HEADING_ROWS,
    HELP,
    HIDDEN,
    LISTS,
    QUOTES,
    ROW,
    STUDY,
    WHOLE_REVIEW,
    Column,
    columns,
    listed,
    quote_columns,
    sheet_names,
)

if TYPE_CHECKING:
    from openpyxl.styles.cell_style import StyleArray

FIRST = HEADING_ROWS + 1  # row of the first values
_SPARE_QUOTES = 40
_HEIGHTS = (18.0, 48.0, 38.0, 13.0)  # of the rows of the heading
_MOST_LINES = 6
_MOST_TOLD = 1000  # a range up to more than that is there to catch slips, and is not worth a line
_DARK, _MIDDLE, _LIGHT, _KEY = "FF1F4E5F", "FFD5E4EA", "FFF3F7F9", "FFEDEDED"
_SHADE = "FFF1F6F8"
_LACKING, _NOT_ASKED, _LINE = "FFFFF2CC", "FFD0D0D0", "FFB7C4CA"
_WIDTHS = {STUDY: 20.0, ROW: 6.0, OF: 10.0, ABOUT: 34.0, FIELD: 18.0, "report": 18.0, "page": 12.0}
_WIDTHS |= {"quote": 60.0, "formula": 24.0, "note": 30.0}


def workbook(content: Content) -> bytes:
    """The workbook, as the bytes of an XLSX file."""
    import openpyxl  # 0.15 s: only where a sheet is written

    book = openpyxl.Workbook(write_only=True)
    book.properties.title = content.form.title
    book.properties.creator = "iimscreen"
    styles = _styles(book)
    lists = _Lists()
    lists.add("codes", list(CODES))
    names = sheet_names(content.form)
    grid = rules.Grid(
        content.form, {level.name: FIRST + _length(content, level) - 1 for level in content.form.levels}
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


# --- styles ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Styles:
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


def _styles(book: Any) -> _Styles:
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
            side = Side(style="thin", color=_LINE)
            cell.border = Border(bottom=side, right=side)
        return cell._style

    small = Font(name="Calibri", size=9, italic=True, color="FF44606B")
    return _Styles(
        section=made(font=Font(name="Calibri", size=11, bold=True, color="FFFFFFFF"), fill=_DARK, wrap=False),
        title=made(font=Font(name="Calibri", size=11, color="FF12303B"), fill=_MIDDLE, line=True),
        required=made(
            font=Font(name="Calibri", size=11, bold=True, color="FF12303B"), fill=_MIDDLE, line=True
        ),
        about=made(font=small, fill=_LIGHT, line=True),
        name=made(font=Font(name="Consolas", size=8, color="FF7F7F7F"), fill=_LIGHT, wrap=False, line=True),
        key=made(fill=_KEY, font=Font(name="Calibri", size=11, color="FF333333"), wrap=False, line=True),
        about_study=made(fill=_KEY, font=Font(name="Calibri", size=9, color="FF333333"), line=True),
        value=made(is_open=True),
        locked=made(fill=_KEY, font=Font(name="Calibri", size=11, color="FF595959")),
        heading=made(font=Font(name="Calibri", size=14, bold=True, color=_DARK), wrap=False),
        text=made(),
        wide=made(font=Font(name="Calibri", size=11, bold=True, color=_DARK), wrap=False),
    )


def _cell(sheet: Any, text: str, style: StyleArray) -> Any:
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, escaped(text))
    if text:
        cell.data_type = "s"  # also where it begins with =
    cell._style = style
    return cell


# --- lists behind the drop-downs -------------------------------------------------------------------


class _Lists:
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
        sheet = book.create_sheet(LISTS)
        sheet.sheet_state = "hidden"
        sheet.protection.sheet = True
        for number in range(1 + max(map(len, self._columns.values()))):
            row: list[Any] = []
            for name, items in self._columns.items():
                text = name if number == 0 else items[number - 1] if number <= len(items) else None
                row.append(None if text is None else _text_cell(sheet, text))
            sheet.append(row)


def _text_cell(sheet: Any, text: str) -> Any:
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, escaped(text))
    if text:
        cell.data_type = "s"
    cell.number_format = "@"
    return cell


# --- one sheet per level ---------------------------------------------------------------------------


def _level(
    book: Any, content: Content, level: Level, styles: _Styles, lists: _Lists, grid: rules.Grid, name: str
) -> None:
    sheet = book.create_sheet(name)
    shown = columns(content.form, level)
    keys = sum(column.field is None for column in shown)
    is_of = shown[keys - 1].name == OF
    widths = [_width(column) for column in shown]
    _set_up(sheet, shown, styles, frozen=keys)
    first, last = FIRST, max(grid.last_rows[level.name], FIRST)
    for number, column in enumerate(shown, 1):
        place = f"{letters(number)}{first}:{letters(number)}{last}"
        if column.field is not None:
            _validate(sheet, column, place, f"{letters(number)}{first}", lists)
            _color(sheet, content.form, level, grid, column, number, place, keys)
        elif column.name == OF:
            _validate_of(sheet, level, place, rules.rows_above(grid, level, first), grid)
    _part_studies(sheet, f"A{first}:{letters(len(shown))}{last}", level, grid)
    _write_heading(sheet, content, shown, styles)
    at = HEADING_ROWS
    for study in content.studies:
        value = styles.locked if study.is_locked else styles.value
        for row_id in content.rows[study.name, level.name] if level.letter else ("",):
            cells = [_cell(sheet, study.name or WHOLE_REVIEW, styles.key)]
            if level.letter:
                cells.append(_cell(sheet, row_id, styles.key))
            elif content.form.subject == "study":
                cells.append(_cell(sheet, study.about, styles.about_study))
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
    return sum(1 + int(len(line) / width) for line in text.split("\n"))


def _found(content: Content, study: str, row: str, column: Column) -> Shown:
    return content.cells.get((study, row, column.field.name), NOTHING) if column.field else NOTHING


def _value(sheet: Any, text: str, style: StyleArray, is_locked: bool) -> Any:
    """A value's cell; an empty one has the style of its column, and none of its own."""
    if not text and not is_locked:
        return None
    return _cell(sheet, text, style)


def _set_up(sheet: Any, shown: Sequence[Column], styles: _Styles, *, frozen: int) -> None:
    """Widths, frozen panes, protection and print; before the first row is written."""
    for number, column in enumerate(shown, 1):
        dimension = sheet.column_dimensions[letters(number)]
        dimension.width = _width(column)
        is_open = column.field is not None or column.name == OF
        dimension._style = styles.value if is_open else styles.key
    sheet.freeze_panes = f"{letters(frozen + 1)}{FIRST}"
    sheet.sheet_view.zoomScale = 100
    sheet.sheet_properties.tabColor = _DARK
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


def _write_heading(sheet: Any, content: Content, shown: Sequence[Column], styles: _Styles) -> None:
    for number, height in enumerate(_HEIGHTS, 1):
        sheet.row_dimensions[number].height = height
    for row in _heading(sheet, content.heading.reviewer, shown, styles):
        sheet.append(row)


def _heading(sheet: Any, reviewer: str, shown: Sequence[Column], styles: _Styles) -> Iterator[list[Any]]:
    """Section, title, what goes in, name."""
    section = None
    sections = []
    for column in shown:
        own = column.field.section if column.field else None
        sections.append(_cell(sheet, own if own and own != section else "", styles.section))
        section = own if column.field else section
    sections[0] = _cell(sheet, f"Sheet of {reviewer}", styles.section)
    yield sections
    yield [
        _cell(
            sheet,
            column.title + (" *" if column.is_value and column.field and column.field.required else ""),
            styles.required if column.field and column.field.required else styles.title,
        )
        for column in shown
    ]
    yield [_cell(sheet, _goes_in(column), styles.about) for column in shown]
    yield [_cell(sheet, column.name, styles.name) for column in shown]


def _goes_in(column: Column) -> str:
    """In a few words, as the help of the cell says the rest."""
    field = column.field
    if field is None:
        return {STUDY: "as it is", OF: "such as P1"}.get(column.name, "")
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


# --- validation and colour -------------------------------------------------------------------------


def _validate(sheet: Any, column: Column, place: str, cell: str, lists: _Lists) -> None:
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


def _validate_of(sheet: Any, level: Level, place: str, formula: str, grid: rules.Grid) -> None:
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


def _color(
    sheet: Any, form: Form, level: Level, grid: rules.Grid, column: Column, number: int, place: str, keys: int
) -> None:
    """Grey where a field is not asked, yellow where a value is lacking."""
    from openpyxl.formatting.rule import FormulaRule
    from openpyxl.styles import Font, PatternFill

    field = column.field
    if field is None:
        return
    if field.when is not None:
        grey = PatternFill("solid", start_color=_NOT_ASKED, end_color=_NOT_ASKED)
        formula = rules.is_not_asked(grid, level, field.when, FIRST)
        sheet.conditional_formatting.add(
            place, FormulaRule(formula=[formula], fill=grey, font=Font(color="FF9C0006"), stopIfTrue=True)
        )
    if field.required and not column.is_unit:
        formula = rules.is_lacking(
            form, level, number, row=FIRST, first=keys if level.of not in ("", ITSELF) else keys + 1
        )
        yellow = PatternFill("solid", start_color=_LACKING, end_color=_LACKING)
        sheet.conditional_formatting.add(place, FormulaRule(formula=[formula], fill=yellow))


def _part_studies(sheet: Any, place: str, level: Level, grid: rules.Grid) -> None:
    """A line above each study, and every other one on a shade."""
    from openpyxl.formatting.rule import FormulaRule
    from openpyxl.styles import Border, PatternFill, Side

    if level.letter:
        line = Border(top=Side(style="thin", color=_DARK))
        sheet.conditional_formatting.add(
            place, FormulaRule(formula=[f"$A{FIRST}<>$A{FIRST - 1}"], border=line)
        )
    shade = PatternFill("solid", start_color=_SHADE, end_color=_SHADE)
    formula = f"IFERROR(ISODD(MATCH($A{FIRST},{grid.range(ITSELF, STUDY)},0)),FALSE)"
    sheet.conditional_formatting.add(place, FormulaRule(formula=[formula], fill=shade))


# --- quotes, help, and what the workbook is for ----------------------------------------------------


def _quotes(book: Any, content: Content, styles: _Styles, lists: _Lists, grid: rules.Grid) -> None:
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
            type="list", formula1=formula, allow_blank=True, sqref=f"{column}{FIRST}:{column}{last}"
        )
        found.showErrorMessage = found.showInputMessage = True
        found.prompt = prompt
        sheet.data_validations.append(found)
    _write_heading(sheet, content, shown, styles)
    for study, row_id, field in quoted:
        found_here = content.cells[study, row_id, field]
        keys = [_cell(sheet, text, styles.key) for text in (study or WHOLE_REVIEW, row_id, field)]
        beside = (getattr(found_here, column.name) for column in shown[3:])
        sheet.append([*keys, *(_cell(sheet, text, styles.value) if text else None for text in beside)])


def _help(book: Any, content: Content, styles: _Styles) -> None:
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
            sheet.append([_cell(sheet, heading, styles.heading if number == 0 else styles.wide)])
        else:
            sheet.append([_cell(sheet, heading, styles.text), *_lines(sheet, text, styles)])
    sheet.append([])
    sheet.append([_cell(sheet, "The fields", styles.wide)])
    sheet.append(
        [_cell(sheet, text, styles.title) for text in ("Sheet", "Field", "Title", "What goes in", "Help")]
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
            sheet.append([_cell(sheet, text, styles.text) if text else None for text in told])


def _lines(sheet: Any, text: str, styles: _Styles) -> Iterable[Any]:
    cell = _cell(sheet, text, styles.text)
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
        ("log row", str(heading.log_id)),
        ("log uid", heading.log_uid),
        ("digest", heading.digest),
        *(("study", study.name) for study in content.studies),
    ]
    for pair in told:
        sheet.append([_text_cell(sheet, text) for text in pair])


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
