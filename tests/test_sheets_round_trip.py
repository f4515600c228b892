"""From the store into a sheet and back: nothing new, nothing changed, whatever the form and the values."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filled_sheets import STUDIES, begin
from iimscreen import extraction_sheets
from iimscreen.errors import InputError
from iimscreen.extracting import Given, Seat
from iimscreen.formats._workbook import Workbook, escaped
from iimscreen.forms import CODES, OF, values
from iimscreen.model import Cell, Field, FieldKind, Form, Level, Value
from iimscreen.sheets import NOTHING, Content, Heading, OnSheet, Place, Shown, plain, reading, shown, writing
from iimscreen.sheets.layout import QUOTES, columns, quote_columns, sheet_names, spare_rows
from iimscreen.store import log, open_review

LEVELS = (
    Level("study", "Study"),
    Level("group", "Patient or group", "P", "study"),
    Level("outcome", "Outcome", "O", "group"),
)
# Characters that sheets have trouble with, more often than chance would bring them.
_HARD = st.sampled_from(
    [
        "=1+1",
        "+1",
        "-1",
        "@x",
        "'5",
        "_x000D_",
        "_x000D_x000D_",
        "a\nb",
        "a\r\nb",
        "a\rb",
        "\u00a0x\u00a0y",
        "<&>\"'",
    ]
)
_HARD |= st.sampled_from(
    ["2-1", "3/4", "007", "1e5", "TRUE", "#N/A", "a\x01b", "a\tb", "x\x7fy", "]]>", "\ufeffx", "😀"]
)
_TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30) | _HARD
_WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=12).map(
    lambda text: " ".join(text.replace(";", "").split())
)
_CHOICES = _WORDS.filter(lambda word: bool(word) and word not in CODES)
_UNITS = st.lists(st.sampled_from(["ng/mL", "µg/L", "%", "mg/day", "10^9/L"]), max_size=3, unique=True)


@st.composite
def fields(draw: st.DrawFn, number: int) -> Field:
    """A field of any kind, on any level."""
    kind = draw(st.sampled_from(list(FieldKind)))
    is_choice = kind in (FieldKind.CHOICE, FieldKind.CHOICES)
    choices = draw(st.lists(_CHOICES, min_size=1, max_size=5, unique_by=str.casefold)) if is_choice else []
    return Field(
        name=f"f{number}",
        level=draw(st.sampled_from([level.name for level in LEVELS])),
        title=draw(_WORDS.filter(bool)),
        kind=kind,
        section=draw(st.sampled_from(["", "Who", "=What"])),
        required=draw(st.booleans()),
        least=0.0 if kind is FieldKind.INTEGER else None,
        units=tuple(draw(_UNITS)) if kind is FieldKind.NUMBER else (),
        choices=("yes", "no", "unclear") if kind is FieldKind.YES_NO else tuple(choices),
        others=is_choice and draw(st.booleans()),
        help=draw(st.sampled_from(["", "=help", "x" * 300])),
    )


@st.composite
def forms(draw: st.DrawFn) -> Form:
    """A form of three levels, each with a field at least; the last may ask only where another says so."""
    count = draw(st.integers(1, 6))
    found = [draw(fields(number)) for number in range(count)]
    found += [
        Field(name=f"of_{level.name}", level=level.name, title=level.title, kind=FieldKind.TEXT)
        for level in LEVELS
    ]
    return Form(name="data", title="A form", levels=LEVELS, fields=tuple(found), sha256="0" * 64)


@st.composite
def typed(draw: st.DrawFn, field: Field) -> tuple[str, str]:
    """What someone may type into a field, and its unit."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(list(CODES))), ""
    unit = draw(st.sampled_from(field.units)) if field.units else ""
    match field.kind:
        case FieldKind.TEXT:
            return draw(_TEXTS), ""
        case FieldKind.INTEGER:
            return str(draw(st.integers(0, 10**9))), ""
        case FieldKind.NUMBER:
            return repr(draw(st.floats(allow_nan=False, allow_infinity=False))), unit
        case FieldKind.DATE:
            day = draw(st.dates())
            return draw(st.sampled_from([f"{day:%Y-%m-%d}", f"{day:%Y-%m}", f"{day:%Y}"])).rjust(4, "0"), ""
        case FieldKind.CHOICES:
            return "; ".join(draw(st.lists(st.sampled_from(field.choices), min_size=1, max_size=3))), ""
    return draw(st.sampled_from(field.choices)), ""


@st.composite
def filled(draw: st.DrawFn) -> tuple[Form, dict[Place, Cell]]:
    """A form and values of two studies, with quotes."""
    form = draw(forms())
    cells: dict[Place, Cell] = {}
    for study in STUDIES:
        for level in LEVELS:
            for row in draw(st.sets(st.integers(1, 4), max_size=2)) if level.letter else [0]:
                name = f"{level.letter}{row}" if row else ""
                for field in form.fields:
                    if field.level == level.name and draw(st.booleans()):
                        value = _value(field, *draw(typed(field)))
                        if value is not None:
                            cells[study, name, field.name] = _with_quote(draw, value)
                if level.name == "outcome" and any(key[:2] == (study, name) for key in cells):
                    cells[study, name, OF] = Cell(value=Value("P1"))
    return form, cells


def _value(field: Field, text: str, unit: str) -> Value | None:
    try:
        return values.read(field, text, unit)
    except InputError:  # blank, or a date before the year 1000
        return None


def _with_quote(draw: st.DrawFn, value: Value) -> Cell:
    if draw(st.integers(0, 3)):
        return Cell(value=value)
    return Cell(
        value=value, quote=draw(_TEXTS).strip(), page=draw(_TEXTS).strip(), formula=draw(_TEXTS).strip()
    )


def content(form: Form, cells: Mapping[Place, Cell]) -> Content:
    by_name = {field.name: field for field in form.fields}
    existing: dict[tuple[str, str], set[str]] = {}
    for study, row, _ in cells:
        level = next(level for level in LEVELS if level.letter == row[:1])
        existing.setdefault((study, level.name), set()).add(row)
    return Content(
        heading=Heading(
            review="r", reviewer="ann", form="data", form_sha256="0" * 64, log_uid="u", digest="d"
        ),
        form=form,
        studies=tuple(OnSheet(name=study, is_locked=study == STUDIES[1]) for study in STUDIES),
        cells={place: shown(by_name.get(place[2]), cell) for place, cell in cells.items()},
        rows={
            (study, level.name): spare_rows(level, existing.get((study, level.name), ()), 2)
            for study in STUDIES
            for level in LEVELS
            if level.letter
        },
    )


@pytest.mark.slow  # makes a workbook twice for each form
@settings(max_examples=30, deadline=None)
@given(filled())
def test_a_sheet_holds_what_was_written_and_nothing_else(given_form: tuple[Form, dict[Place, Cell]]) -> None:
    made = content(*given_form)

    opened = reading.opened(writing.workbook(made), "a.xlsx")
    read = reading.read(opened, made.form, made.cells)

    assert read.faults == ()
    assert opened.heading == made.heading
    found = {entry.place: plain(entry.shown) for entry in read.entries if entry.shown != NOTHING}
    assert found == {place: plain(one) for place, one in made.cells.items()}
    assert openpyxl.load_workbook(io.BytesIO(writing.workbook(made))).sheetnames[:3] == [
        one.title for one in LEVELS
    ]


@settings(max_examples=60, deadline=None)
@given(_TEXTS)
def test_any_text_comes_back_from_a_cell(text: str) -> None:
    book = openpyxl.Workbook()
    book.active["A1"].value = escaped(text)
    book.active["A1"].data_type = "s"
    file = io.BytesIO()
    book.save(file)

    assert Workbook(file.getvalue()).sheet("Sheet").rows[1][1].text == text


# --- through the store -----------------------------------------------------------------------------


def as_toml(form: Form) -> str:
    """A form as a protocol writes it."""

    def text(given: str) -> str:
        return json.dumps(given, ensure_ascii=False)

    lines = ["[extraction]", 'mode = "double"']
    for level in form.levels[1:]:
        lines += ["[[extraction.level]]", f"name = {text(level.name)}", f"title = {text(level.title)}"]
        lines += [f"letter = {text(level.letter)}", f"of = {text(level.of)}"]
    for field in form.fields:
        lines += ["[[extraction.field]]", f"name = {text(field.name)}", f"level = {text(field.level)}"]
        lines += [f"title = {text(field.title)}", f"type = {text(field.kind)}"]
        lines += [f"section = {text(field.section)}"] if field.section else []
        lines += [f"required = {str(field.required).lower()}"]
        lines += [f"least = {field.least}"] if field.least is not None else []
        lines += [f"units = {json.dumps(field.units, ensure_ascii=False)}"] if field.units else []
        is_free = field.kind in (FieldKind.CHOICE, FieldKind.CHOICES)
        lines += [f"choices = {json.dumps(field.choices, ensure_ascii=False)}"] if is_free else []
        lines += [f"others = {str(field.others).lower()}"] if is_free else []
    return "\n".join(lines)


def standing(path: Path) -> dict[Place, tuple[Any, ...]]:
    """What ann has entered, with its quotes; line ends as sheets have them."""
    with open_review(path) as review:
        return {
            place: (plain(Shown(word.value.text, word.value.unit)), word.value.code, _beside(word))
            for place, word in Seat(review, "ann").own().items()
            if word.value is not None
        }


def _beside(word: Any) -> Shown:
    return plain(Shown("", "", word.quote, word.page, word.report, word.formula, word.note))


@pytest.mark.slow  # each form needs a review of its own
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(filled())
def test_what_is_filled_into_an_empty_sheet_stands_and_its_sheet_changes_nothing(
    given_form: tuple[Form, dict[Place, Cell]],
) -> None:
    form, cells = given_form
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        begin(as_toml(form))
        direct, filled_in = Path("review.db"), Path("other.db")
        shutil.copy(direct, filled_in)
        with open_review(direct) as review:
            given = [
                Given("", *place, cell.value.code or cell.value.text, unit=cell.value.unit, quote=cell.quote)
                if place[2] == OF
                else Given(
                    *("", *place, cell.value.code or cell.value.text, cell.value.unit),
                    quote=cell.quote,
                    page=cell.page,
                    formula=cell.formula,
                )
                for place, cell in cells.items()
            ]
            Seat(review, "ann").take(given, check_quotes=False)
        with open_review(filled_in) as review:
            data, _ = extraction_sheets.write(review, "ann", spare=5)
            Path("a.xlsx").write_bytes(typed_in(data, form, content(form, cells).cells))
            extraction_sheets.load(review, Path("a.xlsx"), "ann", check_quotes=False)

        assert standing(filled_in) == standing(direct)

        with open_review(direct) as review:
            before = log.last_id(review)
            Path("b.xlsx").write_bytes(extraction_sheets.write(review, "ann")[0])
            taken = extraction_sheets.load(review, Path("b.xlsx"), "ann", check_quotes=False).taken

            assert (taken.new, taken.changed, taken.emptied) == (0, 0, 0)
            assert log.last_id(review) == before


def typed_in(data: bytes, form: Form, cells: Mapping[Place, Shown]) -> bytes:
    """A sheet into which someone has typed all of these."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    names = sheet_names(form)

    def put(page: Any, row: int, column: int, text: str) -> None:
        if text:
            page.cell(row, column).value = escaped(text)
            page.cell(row, column).data_type = "s"

    for level in form.levels:
        page = book[names[level.name]]
        at = {one.name: number for number, one in enumerate(columns(form, level), 1)}
        for row in range(5, page.max_row + 1):
            key = (page.cell(row, 1).value, page.cell(row, 2).value if level.letter else "")
            for (study, row_id, name), one in cells.items():
                if (study, row_id) == key and name in at:
                    put(page, row, at[name], one.text)
                    put(page, row, at.get(f"{name}.unit", 1), one.unit)
    at = {one.name: number for number, one in enumerate(quote_columns(), 1)}
    quoted = ((place, one) for place, one in cells.items() if any(one.beside))
    for row, ((study, row_id, name), one) in enumerate(quoted, 5):
        told = {"#study": study, "#row": row_id, "#field": name, "quote": one.quote, "page": one.page}
        for column, text in {**told, "formula": one.formula}.items():
            put(book[QUOTES], row, at[column], text)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
