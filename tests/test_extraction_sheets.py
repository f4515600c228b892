"""Sheets of data extraction: written for one person, filled in, taken back."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import Result

from filled_sheets import FORM, REVIEW, begin, cell, edit, enter, entered, fill, number, protocol_with
from iimscreen import review_protocol
from iimscreen.extracting import Given, Seat
from iimscreen.forms import parse_form
from iimscreen.sheets.layout import sheet_names
from iimscreen.store import log, open_review, studies
from test_bad_input import told

SHEET = Path("data-ann.xlsx")
GROUP, STUDY, OUTCOME = "Patient or group", "Study", "Outcome"
P1_OF_PAIK, P1_OF_HORNUNG = 5, 10  # rows on the sheet of groups, with five spare rows each
needs_soffice = pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice (soffice) is not here"
)


@pytest.fixture(autouse=True)
def _review() -> None:
    begin()


@pytest.fixture
def load(run: Callable[..., Result]) -> Callable[..., Result]:
    """Load ann's sheet."""

    def _load(*words: str | Path) -> Result:
        return run("extract", "load", *(words or (SHEET,)), "--reviewer", "ann")

    return _load


@pytest.fixture
def sheet(run: Callable[..., Result]) -> Callable[..., Any]:
    """Write ann's sheet, and open it."""

    def _sheet(*words: str | Path) -> Any:
        SHEET.unlink(missing_ok=True)
        result = run("extract", "sheet", "--reviewer", "ann", *words)
        assert result.exit_code == 0, result.output
        return openpyxl.load_workbook(SHEET)

    return _sheet


def by_ann(*cells: tuple[str, str, str, str]) -> None:
    with open_review(REVIEW) as review:
        enter(review, "ann", *cells)


def position() -> int:
    with open_review(REVIEW) as review:
        return log.last_id(review)


# --- what is on it ---------------------------------------------------------------------------------


def test_a_sheet_has_one_sheet_per_level_with_spare_rows_for_each_study(sheet):
    book = sheet("--spare", "2")

    assert book.sheetnames == [STUDY, GROUP, OUTCOME, "Quotes", "Help", "Lists", "iimscreen"]
    keys = [(row[0].value, row[1].value) for row in book[GROUP].iter_rows(min_row=5)]
    assert keys == [(study, f"P{n}") for study in ("Paik 2017", "Hornung 2014") for n in (1, 2)]
    assert [one.value for one in book[OUTCOME][4]] == [
        *("#study", "#row", "of", "domain", "time_weeks", "value", "value.unit"),
    ]
    assert book["iimscreen"].sheet_state == "veryHidden"
    assert book["Lists"].sheet_state == "hidden"


def test_existing_rows_come_first_and_spare_ones_go_on_counting(sheet):
    by_ann(("Paik 2017", "P2", "label", "Patient 2"), ("Paik 2017", "P7", "label", "Patient 7"))

    book = sheet("--spare", "2", "--study", "Paik 2017")

    rows = [(row[1].value, row[2].value) for row in book[GROUP].iter_rows(min_row=5)]
    assert rows == [("P2", "Patient 2"), ("P7", "Patient 7"), ("P8", None), ("P9", None)]


def test_keys_are_locked_and_values_are_open_texts(sheet):
    by_ann(("Paik 2017", "P1", "age", "44"))

    book = sheet()

    assert book[GROUP].protection.sheet
    assert not book[GROUP].protection.password
    for column, is_locked in (("#study", True), ("#row", True), ("age", False)):
        assert cell(book, GROUP, P1_OF_PAIK, column).protection.locked is is_locked
    age = cell(book, GROUP, P1_OF_PAIK, "age")
    assert (age.value, age.data_type, age.number_format) == ("44", "s", "@")
    empty = book[GROUP].column_dimensions["E"]
    assert (empty.protection.locked, empty.number_format) == (False, "@")


def test_studies_that_the_reviewer_is_done_with_are_locked(sheet):
    by_ann(("Paik 2017", "", "design", "case report"))
    with open_review(REVIEW) as review:
        Seat(review, "ann").done("Paik 2017")

    book = sheet()

    assert cell(book, STUDY, 5, "design").protection.locked
    assert not book[STUDY].column_dimensions["C"].protection.locked


def validation(book: Any, name: str, column: str) -> Any:
    at = f"{openpyxl.utils.get_column_letter(number(book, name, column))}5"
    return next(one for one in book[name].data_validations.dataValidation if at in one.sqref)


def test_choices_units_and_rows_above_have_drop_downs_and_help(sheet):
    book = sheet()

    design = validation(book, STUDY, "design")
    assert design.type == "list"
    column = design.formula1.removeprefix("Lists!$")[0]
    listed = [one.value for one in book["Lists"][column]]
    assert (
        listed[1:8] == ["case report", "trial, open-label", "NR", "NA", "UN", "AS", None][: len(listed) - 1]
    )
    assert "Codes: NR not reported" in design.prompt
    assert len(design.promptTitle) <= 32
    assert validation(book, OUTCOME, "value.unit").type == "list"
    assert "COUNTIF" in validation(book, OUTCOME, "of").formula1
    assert not validation(book, GROUP, "organs").showErrorMessage  # several, or one's own
    age = validation(book, GROUP, "age")
    assert age.type == "custom"
    assert ">=0" in age.formula1
    assert "<=120" in age.formula1


def test_every_formula_of_a_validation_is_as_short_as_excel_takes_them(sheet):
    review_protocol_form = review_protocol.bundled()
    Path("iim").mkdir()
    with open_review(REVIEW) as review:
        review_protocol.load(review, review_protocol_form)

    book = sheet()

    for name in book.sheetnames:
        for one in book[name].data_validations.dataValidation:
            assert len(one.formula1 or "") <= 255, (name, one.formula1)
            assert len(one.prompt or "") <= 255
            assert len(one.error or "") <= 255


def test_fields_that_are_not_asked_are_greyed_by_formula(sheet):
    book = sheet()

    formulas = [
        rule.formula[0]
        for one in book[STUDY].conditional_formatting
        for rule in one.rules
        if "D5" in one.sqref or "C5" in one.sqref
    ]
    assert any("trial, open-label" in formula for formula in formulas)


def test_the_help_names_the_question_the_codes_and_the_form(sheet):
    book = sheet()

    said = "\n".join(str(one.value) for row in book["Help"].iter_rows() for one in row if one.value)
    for words in (
        "data, version 1 of 1",
        "NR",
        "not reported",
        "Population",
        "ann",
        "Fields that",
        "consecutive",
    )[:5]:
        assert words in said


@pytest.mark.parametrize("text", ["=1+1", "+41 79", "-5", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1", "'=1"])
def test_what_begins_like_a_formula_is_a_text_and_comes_back_as_it_was(sheet, load, text):
    by_ann(("Paik 2017", "P1", "label", text))

    book = sheet()

    label = cell(book, GROUP, P1_OF_PAIK, "label")
    assert (label.value, label.data_type) == (text.strip(), "s")
    with zipfile.ZipFile(SHEET) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet2.xml")
    assert "1 as they were" in load().stdout


def test_a_study_may_be_named_like_a_formula(sheet, load, run):
    with open_review(REVIEW) as review, review.writing():
        studies.add(review, "=1+1", by="ann")

    sheet()
    fill(SHEET, (STUDY, 7, "design", "case report"))

    assert load().exit_code == 0
    assert entered()["=1+1", "", "design"] == "case report"


def test_only_the_reviewers_own_values_are_on_their_sheet(sheet):
    with open_review(REVIEW) as review:
        enter(review, "bob", ("Paik 2017", "P1", "label", "SECRET"), ("Paik 2017", "P9", "age", "77"))

    sheet()

    with zipfile.ZipFile(SHEET) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    for word in (b"SECRET", b"P9", b"77<", b"bob"):
        assert word not in everything


def test_who_checks_finds_the_values_of_the_first_once_they_are_done(sheet, load, run):
    with open_review(REVIEW) as review:
        review_protocol.load(review, protocol_with(FORM.replace('"double"', '"checked"')))
        enter(
            review,
            "bob",
            ("Paik 2017", "", "design", "case report"),
            ("Paik 2017", "P1", "label", "Patient 1"),
        )
    assert cell(sheet(), STUDY, 5, "#study").value == "Hornung 2014"
    done = run("extract", "done", "Paik 2017", "--reviewer", "bob")
    assert "Next: iimscreen extract sheet --reviewer OTHER_NAME" in done.stdout
    status = " ".join(run("extract", "status").stdout.split())
    assert "Next: iimscreen extract sheet --study 'Paik 2017' --reviewer OTHER_NAME" in status

    book = sheet()
    assert cell(book, STUDY, 5, "design").value == "case report"
    assert "as they were" in load().stdout
    assert entered() == {}
    fill(SHEET, (GROUP, P1_OF_PAIK, "label", "Patient A"))

    assert load().exit_code == 0
    assert entered() == {("Paik 2017", "P1", "label"): "Patient A"}


def test_who_checks_gives_a_value_in_place_of_emptying_one(sheet, load):
    with open_review(REVIEW) as review:
        review_protocol.load(review, protocol_with(FORM.replace('"double"', '"checked"')))
        enter(review, "bob", ("Paik 2017", "", "design", "case report"))
        Seat(review, "bob").done("Paik 2017")
    sheet()
    fill(SHEET, (STUDY, 5, "design", None))

    told(load(), 3, "sheet 'Study', row 5, column C 'Design'", "was emptied, which holds 'case report'")


# --- filled in and loaded --------------------------------------------------------------------------


def test_a_filled_in_sheet_is_entered_and_once_more_changes_nothing(sheet, load):
    sheet()
    fill(
        SHEET,
        (STUDY, 5, "design", "Trial, open-label"),
        (STUDY, 5, "phase", "2"),
        (STUDY, 5, "recruited", "2016-03"),
        (GROUP, P1_OF_PAIK, "label", "Patient 1"),
        (GROUP, P1_OF_PAIK, "organs", "ILD; skin; calcinosis"),
        (GROUP, P1_OF_HORNUNG, "age", "n.r."),
        (OUTCOME, P1_OF_PAIK, "of", "P1"),
        (OUTCOME, P1_OF_PAIK, "domain", "ferritin"),
        (OUTCOME, P1_OF_PAIK, "value", "1328"),
        (OUTCOME, P1_OF_PAIK, "value.unit", "ng/mL"),
    )

    result = load()

    assert result.stdout == "data-ann.xlsx: 9 new; 2 studies.\n"
    assert entered() == {
        ("Paik 2017", "", "design"): "trial, open-label",
        ("Paik 2017", "", "phase"): "2",
        ("Paik 2017", "", "recruited"): "2016-03",
        ("Paik 2017", "P1", "label"): "Patient 1",
        ("Paik 2017", "P1", "organs"): "skin; ILD; calcinosis",
        ("Hornung 2014", "P1", "age"): "NR",
        ("Paik 2017", "O1", "of"): "P1",
        ("Paik 2017", "O1", "domain"): "ferritin",
        ("Paik 2017", "O1", "value"): "1328 ng/mL",
    }
    before = position()
    assert load().stdout == "data-ann.xlsx: 9 as they were; 2 studies.\n"
    assert position() == before


def test_a_dry_run_checks_everything_and_stores_nothing(sheet, load):
    sheet()
    fill(SHEET, (STUDY, 5, "design", "case report"))
    before = position()

    result = load(SHEET, "--dry-run")

    assert "1 new" in result.stdout
    assert "Nothing was stored" in result.stdout
    assert position() == before


def test_an_emptied_cell_empties_the_value(sheet, load):
    by_ann(("Paik 2017", "", "design", "case report"), ("Paik 2017", "", "consecutive", "yes"))
    sheet()
    fill(SHEET, (STUDY, 5, "design", None))

    assert load().stdout == "data-ann.xlsx: 1 emptied, 1 as they were; 1 study.\n"
    assert entered() == {("Paik 2017", "", "consecutive"): "yes"}


def test_quotes_go_with_their_values_and_come_back(sheet, load):
    sheet()
    fill(
        SHEET,
        (STUDY, 5, "design", "case report"),
        ("Quotes", 5, "#study", "Paik 2017"),
        ("Quotes", 5, "#field", "design"),
        ("Quotes", 5, "quote", '"we report a case"\nin two lines'),
        ("Quotes", 5, "page", 12),
        ("Quotes", 5, "formula", "9 + 1"),
    )
    assert load().exit_code == 0
    with open_review(REVIEW) as review:
        word = Seat(review, "ann").own()["Paik 2017", "", "design"]
    assert (word.quote, word.page, word.formula) == ('"we report a case"\nin two lines', "12", "9 + 1")

    book = sheet()
    assert cell(book, "Quotes", 5, "quote").value == '"we report a case"\nin two lines'
    fill(SHEET, ("Quotes", 5, "page", "13"))

    assert load().stdout == "data-ann.xlsx: 1 changed; 1 study.\n"
    with open_review(REVIEW) as review:
        word = Seat(review, "ann").own()["Paik 2017", "", "design"]
    assert (str(word.value), word.page, word.formula) == ("case report", "13", "9 + 1")


def test_a_quote_without_a_value_is_refused_at_its_place(sheet, load):
    sheet()
    fill(
        SHEET,
        ("Quotes", 6, "#study", "Paik 2017"),
        ("Quotes", 6, "#field", "design"),
        ("Quotes", 6, "quote", "a case"),
    )

    told(load(), 3, "sheet 'Quotes', row 6", "has a quote or a note, and no value")


def test_unchanged_studies_that_one_is_done_with_do_not_disturb(sheet, load):
    by_ann(("Paik 2017", "", "design", "case report"))
    with open_review(REVIEW) as review:
        Seat(review, "ann").done("Paik 2017")
    sheet()
    fill(SHEET, (STUDY, 6, "design", "case report"))

    assert load().exit_code == 0
    assert entered()["Hornung 2014", "", "design"] == "case report"
    fill(SHEET, (STUDY, 5, "design", "NR"))
    told(load(), 6, "row 5", "ann is done with Paik 2017")


def test_columns_may_be_moved_and_ones_own_are_left_aside(sheet, load):
    sheet()

    def move(book):
        page = book[GROUP]
        page.insert_cols(3)
        page.cell(4, 3).value = "#mine"
        page.cell(5, 3).value = "look again"
        page.move_range("E1:E14", cols=5)

    fill(SHEET, (GROUP, P1_OF_PAIK, "label", "Patient 1"), (GROUP, P1_OF_PAIK, "age", "44"))
    edit(SHEET, move)

    assert load().stdout == "data-ann.xlsx: 2 new; 1 study.\n"


def test_rows_may_be_sorted_hidden_filtered_and_added(sheet, load):
    by_ann(("Paik 2017", "P1", "label", "Patient 1"))
    sheet()

    def rearrange(book):
        page = book[GROUP]
        rows = [[one.value for one in row] for row in page.iter_rows(min_row=5)]
        rows[0][3] = "44"
        rows.append(["Paik 2017", "P40", "Patient 40"])
        for at, row in enumerate(reversed(rows), 6):
            for column, value in enumerate(row, 1):
                page.cell(at, column).value = value
        for column in range(1, 6):
            page.cell(5, column).value = None
        page.row_dimensions[7].hidden = True
        page.auto_filter.ref = "A4:E20"

    edit(SHEET, rearrange)

    assert load().exit_code == 0
    assert entered() == {
        ("Paik 2017", "P1", "label"): "Patient 1",
        ("Paik 2017", "P1", "age"): "44",
        ("Paik 2017", "P40", "label"): "Patient 40",
    }


def test_numbers_that_excel_made_are_read_as_it_shows_them(sheet, load):
    sheet()
    fill(
        SHEET,
        (GROUP, 5, "age", 3.0),
        (GROUP, 6, "age", 0.1 + 0.2),
        (GROUP, 7, "age", "\u00a041.5 "),
        (GROUP, 8, "age", "'44"),
        (GROUP, 5, "label", 7),
        (STUDY, 5, "recruited", 2016),
    )

    assert load().exit_code == 0
    assert entered() == {
        ("Paik 2017", "P1", "age"): "3",
        ("Paik 2017", "P2", "age"): "0.3",
        ("Paik 2017", "P3", "age"): "41.5",
        ("Paik 2017", "P4", "age"): "44",
        ("Paik 2017", "P1", "label"): "7",
        ("Paik 2017", "", "recruited"): "2016",
    }


def test_an_apostrophe_that_belongs_to_a_choice_of_ones_own_stays(sheet, load):
    sheet()
    fill(SHEET, (GROUP, 5, "organs", "'s Gravesande sign"))

    assert load().exit_code == 0
    assert entered() == {("Paik 2017", "P1", "organs"): "'s Gravesande sign"}


def test_a_unit_filled_down_beside_empty_values_is_no_row(sheet, load):
    sheet()
    fill(SHEET, *((OUTCOME, row, "value.unit", "ng/mL") for row in range(5, 15)))

    assert load().stdout == "data-ann.xlsx: nothing given.\n"


def test_rich_text_is_read_as_its_letters(sheet, load):
    from openpyxl.cell.rich_text import CellRichText, TextBlock
    from openpyxl.cell.text import InlineFont

    sheet()
    fill(SHEET, (GROUP, 5, "label", CellRichText("Patient ", TextBlock(InlineFont(b=True), "1"))))

    assert load().exit_code == 0
    assert entered() == {("Paik 2017", "P1", "label"): "Patient 1"}


def test_a_text_longer_than_a_cell_stays_where_it_is(sheet, load):
    long = "a" * 40_000
    with open_review(REVIEW) as review:
        Seat(review, "ann").take([Given("", "Paik 2017", "P1", "label", "Patient 1", quote=long)])
    sheet()
    fill(SHEET, (GROUP, 5, "label", "Patient 2"))

    assert load().exit_code == 0
    with open_review(REVIEW) as review:
        word = Seat(review, "ann").own()["Paik 2017", "P1", "label"]
    assert (str(word.value), word.quote) == ("Patient 2", long)


# --- LibreOffice -----------------------------------------------------------------------------------


def converted(path: Path, kind: str) -> Path:
    subprocess.run(
        [
            *("soffice", f"-env:UserInstallation={Path('profile').absolute().as_uri()}", "--headless"),
            *("--convert-to", kind, "--outdir", "converted", str(path)),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return Path("converted") / path.with_suffix(f".{kind}").name


@needs_soffice
@pytest.mark.slow  # starts LibreOffice twice
def test_a_sheet_saved_by_libreoffice_loads_the_same_and_ods_says_what_to_do(sheet, load):
    by_ann(("Paik 2017", "P1", "label", "=1+1\nsecond line"), ("Paik 2017", "", "recruited", "2016-03"))
    sheet()
    fill(
        SHEET,
        (GROUP, P1_OF_HORNUNG + 1, "label", "Pat. 1"),  # behind one more row of the other study
        (OUTCOME, 5, "of", "P1"),
        (OUTCOME, 5, "domain", "skin"),
    )

    result = load(converted(SHEET, "xlsx"))

    assert "3 new, 2 as they were" in result.stdout
    assert entered() == {
        ("Paik 2017", "P1", "label"): "=1+1\nsecond line",
        ("Paik 2017", "", "recruited"): "2016-03",
        ("Hornung 2014", "P1", "label"): "Pat. 1",
        ("Paik 2017", "O1", "of"): "P1",
        ("Paik 2017", "O1", "domain"): "skin",
    }
    told(load(converted(SHEET, "ods")), 3, "workbook of LibreOffice (.ods)", "Save As")


# --- appraisal, and forms filled in once -----------------------------------------------------------


def test_levels_are_named_as_excel_takes_them():
    form = parse_form(
        'name = "x"\n[[level]]\nname = "a"\ntitle = "Outcome [at] a: time / that is much too long"\nletter = "A"\n'
        '[[level]]\nname = "b"\ntitle = "Quotes"\nletter = "B"\n'
        '[[field]]\nname = "f"\nlevel = "a"\ntitle = "F"\ntype = "text"\n'
        '[[field]]\nname = "g"\nlevel = "b"\ntitle = "G"\ntype = "text"\n',
        "x.toml",
    )

    assert list(sheet_names(form).values()) == ["Study", "Outcome at a time that is much", "Quotes 2"]


# --- a list in one cell ----------------------------------------------------------------------------


def test_a_slash_list_becomes_a_row_for_each_time(run):
    by_ann(
        *(("Paik 2017", "P1", "label", "Patient 1"), ("Paik 2017", "O1", "of", "P1")),
        *(
            ("Paik 2017", "O1", "domain", "ferritin"),
            ("Paik 2017", "O2", "of", "P1"),
            ("Paik 2017", "O2", "domain", "skin"),
        ),
    )
    words = (
        "extract",
        "paste",
        "Paik 2017",
        "393//777",
        "--reviewer",
        "ann",
        "--row",
        "O1",
        "--times",
        "0,4,12",
    )
    words += ("--field", "value", "--time-field", "time_weeks", "--unit", "ng/mL", "--page", "table 2")

    result = run(*words)

    assert result.stdout == "Paik 2017: O1, O3 (6 new).\n"
    found = {place[1:]: text for place, text in entered().items() if place[1] in ("O1", "O3")}
    assert found == {
        ("O1", "of"): "P1",
        ("O1", "domain"): "ferritin",
        ("O1", "time_weeks"): "0",
        ("O1", "value"): "393 ng/mL",
        ("O3", "of"): "P1",
        ("O3", "domain"): "ferritin",
        ("O3", "time_weeks"): "12",
        ("O3", "value"): "777 ng/mL",
    }
    told(run(*words), 6, "row O1 of Paik 2017 has a value or a time already")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("1/2/3", "--row", "O1", "--times", "0,4"), "holds 3 values, and there are 2 times"),
        (("1/2", "--row", "O9", "--times", "0,4"), "row O9 of Paik 2017 holds nothing that could be copied"),
        (("1/x", "--row", "O1", "--times", "0,4"), "value is 'x', expected a number"),
    ],
)
def test_a_list_that_does_not_fit_stores_nothing(run, words, message):
    by_ann(
        *(("Paik 2017", "P1", "label", "Patient 1"), ("Paik 2017", "O1", "of", "P1")),
        ("Paik 2017", "O1", "domain", "ferritin"),
    )
    before = position()

    given = ("--field", "value", "--time-field", "time_weeks", "--unit", "ng/mL", "--reviewer", "ann")
    told(run("extract", "paste", "Paik 2017", *words, *given), 3, message)
    assert position() == before


# --- the long CSV ----------------------------------------------------------------------------------


def test_a_long_csv_is_entered_like_a_sheet(load):
    Path("a.csv").write_text(
        "study,row,of,field,value,unit,quote,page\n"
        "Paik 2017,,,design,case report,,we report,1\n"
        "Paik 2017,P1,,label,=Patient 1,,,\n"
        "Paik 2017,O1,P1,domain,ferritin,,,\n"
        "Paik 2017,O1,,time_weeks,4,,,\n",
        encoding="utf-8",
    )

    result = load(Path("a.csv"))

    assert result.stdout == "a.csv: 5 new; 1 study.\n"
    assert entered() == {
        ("Paik 2017", "", "design"): "case report",
        ("Paik 2017", "P1", "label"): "=Patient 1",
        ("Paik 2017", "O1", "of"): "P1",
        ("Paik 2017", "O1", "domain"): "ferritin",
        ("Paik 2017", "O1", "time_weeks"): "4",
    }
    assert load(Path("a.csv")).stdout == "a.csv: 5 as they were.\n"


def test_a_csv_of_excel_in_half_of_europe_is_read_too(load):
    Path("a.csv").write_bytes('\ufeffstudy;field;value\r\nPaik 2017;design;"trial, open-label"\r\n'.encode())

    assert load(Path("a.csv")).stdout == "a.csv: 1 new; 1 study.\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("study,field\nPaik 2017,design\n", "line 1: column 'value' is missing"),
        ("study,field,value,value\nPaik 2017,design,a,b\n", "line 1: column 'value' stands twice"),
        ("study,field,value,colour\nPaik 2017,design,a,b\n", "line 1: column 'colour' is not known"),
        ("study,field,value\nPaik 2017,design\n", "line 2: found 2 columns, expected 3"),
        (
            "study,field,value\nPaik 2017,design,cohort\n",
            "line 2, column 'value': design is 'cohort', expected one",
        ),
        ("study,field,value\nPaik 2017,,NR\n", "line 2, column 'field': found nothing"),
        (
            "study,field,value\nPaik 2017,desing,NR\n",
            "line 2, column 'value': the form data has no field 'desing'",
        ),
        ("study,field,value\nPaik,design,NR\n", "line 2, column 'value': there is no study 'Paik'"),
        (
            "study,field,value\nPaik 2017,design,NR\nPaik 2017,design,NR\n",
            "line 3, column 'field': design of Paik",
        ),
        (
            "study,row,of,field,value\nPaik 2017,O1,P1,domain,skin\nPaik 2017,O1,P2,time_weeks,1\n",
            "line 3, column 'of'",
        ),
        (
            "study,row,field,value\nPaik 2017,O1,domain,skin\n",
            "line 2, column 'value': row O1 of Paik 2017 does not say",
        ),
        ('study,field,value\nPaik 2017,design,"NR\n', "a.csv, line"),
        ("study,field,value\n", "holds no values"),
        ("", "line 1: column 'study', 'field', 'value' is missing"),
        ("study,field,value,report\nPaik 2017,design,NR,nobody:1\n", "line 2"),
    ],
)
def test_a_wrong_line_of_a_csv_stores_nothing_and_is_named(load, text, words):
    Path("a.csv").write_text(text, encoding="utf-8")
    before = position()

    told(load(Path("a.csv")), 3, words)
    assert position() == before


def test_a_csv_in_another_encoding_is_refused_with_its_line(load):
    Path("a.csv").write_bytes("study,field,value\nPaik 2017,design,NR\nMüller,design,NR\n".encode("latin-1"))

    told(load(Path("a.csv")), 3, "a.csv, line 3: not UTF-8 text")
