"""What people and Excel do to a sheet: one clear error with sheet, row and column, and nothing stored."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula
from typer.testing import Result

from filled_sheets import FORM, REVIEW, begin, cell, edit, enter, entered, fill, protocol_with
from iimscreen import review_protocol
from iimscreen.formats import _workbook as workbook
from iimscreen.store import log, open_review
from test_bad_input import told

SHEET = Path("data-ann.xlsx")
GROUP, STUDY, OUTCOME = "Patient or group", "Study", "Outcome"


@pytest.fixture
def load(run: Callable[..., Result]) -> Callable[..., Result]:
    """Load ann's sheet, which was written for a review with a few values."""
    begin()
    with open_review(REVIEW) as review:
        enter(
            review,
            "ann",
            *(("Paik 2017", "P1", "label", "Patient 1"), ("Paik 2017", "P1", "age", "44")),
            *(("Paik 2017", "O1", "of", "P1"), ("Paik 2017", "O1", "domain", "skin")),
        )
    assert run("extract", "sheet", "--reviewer", "ann").exit_code == 0

    def _load(path: Path = SHEET) -> Result:
        return run("extract", "load", path, "--reviewer", "ann")

    return _load


def refused(load: Callable[..., Result], *words: str) -> None:
    """This sheet is refused with these words, and the log is as it was."""
    with open_review(REVIEW) as review:
        before = log.last_id(review)
    told(load(), 3, "data-ann.xlsx", *words)
    with open_review(REVIEW) as review:
        assert log.last_id(review) == before


# --- what stands in a cell -------------------------------------------------------------------------

DAY = dt.datetime(2026, 1, 2)  # noqa: DTZ001 (a workbook knows no zone)


@pytest.mark.parametrize(
    ("sheet", "column", "value", "shown_as", "words"),
    [
        (
            GROUP,
            "age",
            "3,64",
            "@",
            ["age is '3,64', expected a number", "a point for decimals, and no comma"],
        ),
        (GROUP, "age", "393/288/777", "@", ["one value a row, so a row for each time"]),
        (GROUP, "age", "forty", "@", ["age is 'forty', expected a number"]),
        (GROUP, "age", "140", "@", ["from 0 to 120"]),
        (GROUP, "age", 0.4, "0%", ["found 0.4, shown as 40%", "expected a number from 0 to 120"]),
        (GROUP, "age", 40, '"€"#,##0.00', ["found 40, shown as money"]),
        (GROUP, "age", 40, "[$€-407]#,##0", ["found 40, shown as money"]),
        (GROUP, "age", DAY, "d-mmm", ["found the date 2 Jan 2026", "to have made of '2-1' or '1-2'"]),
        (GROUP, "age", DAY, "mmm-yy", ["seems to have made of '1-26' or 'Jan 26'"]),
        (GROUP, "label", DAY, "d-mmm", ["found the date 2 Jan 2026", "expected a text"]),
        (GROUP, "label", dt.time(1, 30), "h:mm", ["found the time 01:30"]),
        (GROUP, "age", "=40+4", "General", ["found the formula '=40+4'", "goes to the sheet Quotes"]),
        (GROUP, "label", "=A1&B1", "General", ["found the formula '=A1&B1'"]),
        (GROUP, "age", ArrayFormula("D5", "=SUM(A1:A3*2)"), "General", ["found the formula '=SUM(A1:A3*2)'"]),
        (GROUP, "label", "#N/A", "General", ["found the error #N/A"]),
        (
            STUDY,
            "consecutive",
            True,
            "General",
            ["found the truth value TRUE", "expected yes, no or unclear"],
        ),
        (GROUP, "label", 12345678901234567890, "0", ["more digits than the 15 that Excel keeps"]),
        (STUDY, "design", "trial", "@", ["design is 'trial', expected one of case report"]),
        (
            STUDY,
            "recruited",
            DAY,
            "dd/mm/yyyy",
            ["2026-01-02, where day and month may have changed", "2026-02-01"],
        ),
        (STUDY, "recruited", DAY, "d-mmm", ["found the date 2 Jan 2026", "expected 2021, 2021-03"]),
        (STUDY, "recruited", "17.3.2021", "@", ["recruited is '17.3.2021', expected a year, month or day"]),
        (OUTCOME, "of", "P9/P1", "@", ["'P9/P1' is no row of the form"]),
        (OUTCOME, "of", "O2", "@", ["O1 cannot be of O2"]),
        (OUTCOME, "value", "12", "@", ["expected a unit with it: ng/mL, µg/L"]),
        (GROUP, "label", "x" * 32_767, "@", ["a text of 32,767 characters, where Excel cuts off"]),
    ],
)
def test_a_cell_that_cannot_be_used_is_named(load, sheet, column, value, shown_as, words):
    def type_in(book: Any) -> None:
        found = cell(book, sheet, 5, column)
        found.value = value
        if value == "#N/A":
            found.data_type = "e"
        found.number_format = shown_as

    edit(SHEET, type_in)
    letter = next(one.column_letter for one in openpyxl.load_workbook(SHEET)[sheet][4] if one.value == column)

    refused(load, f"sheet '{sheet}', row 5, column {letter} '", *words)


def test_a_formula_is_refused_with_the_result_that_excel_kept(load):
    fill(SHEET, (GROUP, 5, "age", "=40+4"))
    with zipfile.ZipFile(SHEET) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    page = parts["xl/worksheets/sheet2.xml"]
    parts["xl/worksheets/sheet2.xml"] = re.sub(
        rb"<f>40\+4</f><v ?/>|<f>40\+4</f><v></v>", b"<f>40+4</f><v>44</v>", page
    )
    assert parts["xl/worksheets/sheet2.xml"] != page
    with zipfile.ZipFile(SHEET, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)

    refused(load, "found the formula '=40+4' with the result '44'")


@pytest.mark.parametrize(
    ("moment", "shown_as", "taken"),
    [
        (dt.datetime(2021, 3, 17), "dd/mm/yyyy", "2021-03-17"),  # noqa: DTZ001 (a workbook knows no zone)
        (dt.datetime(2021, 3, 4), "yyyy-mm-dd", "2021-03-04"),  # noqa: DTZ001 (a workbook knows no zone)
        (dt.datetime(2021, 3, 4), "d-mmm-yy", "2021-03-04"),  # noqa: DTZ001 (a workbook knows no zone)
        (dt.datetime(2021, 3, 1), "mmm-yy", "2021-03"),  # noqa: DTZ001 (a workbook knows no zone)
        (dt.datetime(2021, 4, 4), "mm-dd-yy", "2021-04-04"),  # noqa: DTZ001 (a workbook knows no zone)
    ],
)
def test_a_date_is_taken_where_it_cannot_be_another(load, moment, shown_as, taken):
    def type_in(book: Any) -> None:
        found = cell(book, STUDY, 5, "recruited")
        found.value = moment
        found.number_format = shown_as

    edit(SHEET, type_in)

    assert load().exit_code == 0
    assert entered()["Paik 2017", "", "recruited"] == taken


def test_all_cells_that_cannot_be_used_are_told_of_at_once(load):
    fill(SHEET, *((GROUP, row, "age", "3,6") for row in range(5, 8)), (STUDY, 5, "design", "cohort"))

    refused(load, "4 cells cannot be used; nothing was stored", "row 5, column C 'Design'", "row 7, column D")


def test_a_list_of_times_in_one_cell_is_told_how_to_enter(load):
    fill(SHEET, (OUTCOME, 5, "value", "393/288/777"))

    refused(load, "a row for each time", "give each time a row of its own")


def test_a_field_that_is_not_asked_is_refused_at_its_place(load):
    fill(SHEET, (STUDY, 5, "design", "case report"), (STUDY, 5, "phase", "2"))

    refused(load, "sheet 'Study', row 5, column D 'Phase of the trial'", "is asked only where design is")


def test_a_row_that_does_not_say_whose_it_is_is_refused(load):
    fill(SHEET, (OUTCOME, 6, "domain", "skin"))

    refused(
        load, "sheet 'Outcome', row 6, column D 'Domain'", "row O2 of Paik 2017 does not say of which group"
    )


# --- columns ---------------------------------------------------------------------------------------


def rename(sheet: str, column: str, name: str | None) -> Callable[[Any], None]:
    def change(book: Any) -> None:
        cell(book, sheet, 4, column).value = name

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (rename(GROUP, "age", "Age"), ["row 4: column 'age' is missing; found 'Age' in column D"]),
        (rename(GROUP, "age", None), ["row 4: column 'age' is missing"]),
        (rename(GROUP, "age", "label"), ["column 'label' stands twice, in C and D"]),
        (lambda book: book[GROUP].delete_cols(4), ["row 4: column 'age' is missing"]),
        (
            lambda book: book[GROUP].delete_rows(4),
            ["no row with the names of its columns, which holds #study"],
        ),
        (lambda book: book[GROUP].insert_cols(4), None),
        (
            lambda book: setattr(book[GROUP]["G7"], "value", "look"),
            ["row 7, column G: found 'look'", "without a name"],
        ),
        (
            lambda book: setattr(book[GROUP]["F4"], "value", "mine"),
            ["'mine' in column F is no column of this form"],
        ),
        (lambda book: book.remove(book[GROUP]), ["sheet 'Patient or group' is missing; found 'Study'"]),
        (lambda book: setattr(book[GROUP], "title", "Patients"), ["is missing; found 'Study', 'Patients'"]),
        (lambda book: book.remove(book["Quotes"]), ["sheet 'Quotes' is missing"]),
        (lambda book: book[GROUP].merge_cells("C5:C6"), ["cells C5:C6 are merged"]),
    ],
)
def test_columns_and_sheets_are_known_by_their_names(load, change, words):
    edit(SHEET, change)

    if words is None:
        assert load().exit_code == 0
    else:
        refused(load, *words)


# --- rows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (
            [(GROUP, 60, "label", "Patient 9")],
            ["row 60, column A 'Study': found values (label) and no study"],
        ),
        (
            [(GROUP, 60, "label", "x"), (GROUP, 60, "#study", "Paik 2017")],
            ["row 60, column B 'Row': found '', expected a row such as P1"],
        ),
        (
            [(GROUP, 60, "label", "x"), (GROUP, 60, "#study", "Paik"), (GROUP, 60, "#row", "P1")],
            ["row 60, column A 'Study': found 'Paik', which is no study of this sheet"],
        ),
        (
            [(GROUP, 60, "label", "x"), (GROUP, 60, "#study", "Paik 2017"), (GROUP, 60, "#row", "P1")],
            ["row 60, column B 'Row': Paik 2017 P1 stands there already, at data-ann.xlsx", "row 5"],
        ),
        ([(GROUP, 5, "#row", "P40")], ["the line of Paik 2017 P1 is missing, which held values"]),
        ([(GROUP, 5, "#row", "O1")], ["row 5, column B 'Row': found 'O1', expected a row such as P1"]),
        ([(GROUP, 5, "#row", "1")], ["found '1', expected a row such as P1"]),
        ([(STUDY, 5, "#study", "Paik 2018")], ["row 5, column A 'Study': found 'Paik 2018'"]),
        (
            [("Quotes", 5, "quote", "x")],
            ["sheet 'Quotes', row 5", "expected the study that the quote is for"],
        ),
        (
            [
                ("Quotes", 5, "quote", "x"),
                ("Quotes", 5, "#study", "Paik 2017"),
                ("Quotes", 5, "#field", "Age"),
            ],
            ["sheet 'Quotes', row 5", "found 'Age', expected the name of a field"],
        ),
        (
            [
                *(("Quotes", row, "quote", "x") for row in (5, 6)),
                *(("Quotes", row, "#study", "Paik 2017") for row in (5, 6)),
                *(("Quotes", row, "#field", "design") for row in (5, 6)),
            ],
            ["sheet 'Quotes', row 6", "stands twice"],
        ),
    ],
)
def test_a_row_is_known_by_its_key(load, cells, words):
    fill(SHEET, *cells)

    refused(load, *words)


def test_a_line_that_was_deleted_is_missed(load):
    edit(SHEET, lambda book: book[GROUP].delete_rows(5))

    refused(load, "the line of Paik 2017 P1 is missing", "empty its cells and let the line stand")


def test_what_was_changed_in_the_review_since_is_not_undone(load):
    fill(SHEET, (GROUP, 5, "age", "46"))
    with open_review(REVIEW) as review:
        enter(review, "ann", ("Paik 2017", "P1", "age", "45"))

    refused(load, "row 5, column D 'Age in years'", "was changed here to '45' since this sheet was written")


# --- whose sheet it is -----------------------------------------------------------------------------


def test_a_sheet_of_another_review_is_refused(load):
    REVIEW.unlink()
    begin()

    refused(load, "is a sheet of another review")


def test_a_sheet_of_another_reviewer_is_refused(load, run):
    told(run("extract", "load", SHEET, "--reviewer", "bob"), 3, "is a sheet of ann, and not of bob")


def test_a_sheet_of_another_form_is_refused(load, run):
    told(
        run("extract", "load", SHEET, "--reviewer", "ann", "--form", "jbi"),
        3,
        "a sheet of the form data, and not jbi",
    )


def test_a_workbook_of_someone_else_is_refused(load):
    book = openpyxl.Workbook()
    book.active["A1"] = "study"
    book.save(SHEET)

    refused(load, "was not written by `iimscreen extract sheet`")


def test_a_workbook_packed_by_a_later_zip_is_refused(load):
    data = bytearray(SHEET.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 6] = 100  # the version that is needed to unpack it
    SHEET.write_bytes(data)

    refused(load, "cannot be read: zip file version 10.0")


def test_a_sheet_of_an_older_form_is_taken_where_its_fields_are_the_same(load):
    fill(SHEET, (GROUP, 6, "label", "Patient 2"))
    with open_review(REVIEW) as review:
        review_protocol.load(review, protocol_with(FORM.replace("most = 120", "most = 110")))

    assert load().exit_code == 0
    assert entered()["Paik 2017", "P2", "label"] == "Patient 2"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "most = 120",
            "most = 110",
            ["age was changed in the form since this sheet", "0 to 120", "0 to 110"],
        ),
        ('name = "age"', 'name = "years"', ["age"]),
    ],
)
def test_a_field_that_the_form_has_changed_since_is_named(load, old, new, words):
    fill(SHEET, (GROUP, 6, "age", "50"))
    with open_review(REVIEW) as review:
        review_protocol.load(review, protocol_with(FORM.replace(old, new)))

    refused(load, *words)


# --- what kind of file it is -----------------------------------------------------------------------


def zipped(**parts: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"study,field,value\n", ["this is no XLSX workbook"]),
        (b"", ["the file is empty"]),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000, ["this is an old .xls workbook"]),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
            ["protected with a password"],
        ),
        (zipped(readme="x"), ["zip archive of 1 file, no XLSX workbook"]),
        (b"PK\x03\x04 and nothing else", ["cannot be read"]),
    ],
)
def test_a_file_of_another_kind_is_refused(load, data, words):
    SHEET.write_bytes(data)

    refused(load, *words)


def test_a_file_that_is_cut_off_is_refused(load):
    data = SHEET.read_bytes()
    for length in (len(data) - 10, len(data) // 2):
        SHEET.write_bytes(data[:length])
        refused(load, "cannot be read")


def test_a_damaged_byte_is_found_or_harmless(load):
    data = bytearray(SHEET.read_bytes())
    for place in range(100, len(data), len(data) // 60):
        broken = data.copy()
        broken[place] ^= 0xFF
        SHEET.write_bytes(broken)

        assert load().exit_code in (0, 3)


def test_a_missing_file_is_told(load):
    SHEET.unlink()

    refused(load, "cannot be read: No such file or directory")


def with_rows(rows: bytes) -> None:
    """The sheet of groups with more rows behind its own."""
    with zipfile.ZipFile(SHEET) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet2.xml"
    parts[name] = parts[name].replace(b"</sheetData>", rows + b"</sheetData>")
    with zipfile.ZipFile(SHEET, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, data in parts.items():
            archive.writestr(part, data)


def test_empty_rows_that_are_only_formatted_do_not_count(load):
    with_rows(b"".join(b'<row r="%d" s="1"><c r="A%d" s="1"/></row>' % (at, at) for at in range(100, 20_000)))

    assert load().stdout == "data-ann.xlsx: 4 as they were.\n"


def test_more_empty_cells_than_anyone_fills_in_are_refused(load, monkeypatch):
    monkeypatch.setattr(workbook, "MAX_TAGS", 30_000)  # six million take 10 s
    with_rows(b"".join(b'<row r="%d" s="1"><c r="A%d" s="1"/></row>' % (at, at) for at in range(100, 20_000)))

    refused(load, "has more than 30,000 rows and cells, most of them empty", "delete them")


def test_a_bomb_is_refused_before_it_is_unpacked(load, monkeypatch):
    monkeypatch.setattr(workbook, "MAX_UNPACKED", 1_000_000)  # of 600 million
    with_rows(b"<row><c t='inlineStr'><is><t>" + b"x" * 2_000_000 + b"</t></is></c></row>")

    refused(load, "has more than 1,000,000 bytes unpacked")


# --- writing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--study", "Nobody 2000"), 3, "there is no study 'Nobody 2000'"),
        (("--out", "a.ods"), 3, "a.ods would not open in Excel"),
        (("--out", f"{300 * 'a'}.xlsx"), 3, "cannot be written: File name too long"),
        (("--out", "data-ann.xlsx"), 3, "data-ann.xlsx exists, and what is filled in there would be lost"),
        (("--out", "nowhere/a.xlsx"), 3, "nowhere/a.xlsx cannot be written"),
    ],
)
def test_a_sheet_that_cannot_be_written_is_told(load, run, words, code, message):
    told(
        run(
            "extract",
            "sheet",
            "--reviewer",
            "ann",
            *(words if "--out" in words else (*words, "--out", "b.xlsx")),
        ),
        code,
        message,
    )


def test_nobody_gets_a_sheet_of_studies_that_two_others_extract(load, run):
    with open_review(REVIEW) as review:
        for study in ("Paik 2017", "Hornung 2014"):
            for name in ("ann", "bob"):
                enter(review, name, (study, "", "design", "case report"))

    told(run("extract", "sheet", "--reviewer", "carol"), 6, "there is no study for carol to extract")
    assert not Path("data-carol.xlsx").exists()
