"""Files of tables: no cell becomes a formula, texts come back as they were, Word and Excel get what they need."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from docx import Document
from docx.enum.section import WD_ORIENT
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from iimscreen import table_files
from iimscreen.decision_formats import as_it_was
from iimscreen.errors import InputError
from iimscreen.table_files import Contents
from iimscreen.tables import Dataset, Line, Table

DANGEROUS = (
    "=1+1",
    "+49 30",
    "-lactam",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "＝1",
    "'=1",
    "#N/A",
    '=HYPERLINK("http://x")',
)
SOFFICE = shutil.which("soffice")


def a_table(**facts: object) -> Table:
    """A table with a heading, two rows and a total."""
    given: dict[str, object] = {
        "name": "patients",
        "title": "Patients and groups by drug",
        "columns": ("Study", "n", "Outcomes"),
        "lines": (
            Line(("TOF",), "heading"),
            Line(("Paik 2021", "10", "skin: improved 9 of 10\nmuscle: NR")),
            Line(("=1+1", "NR", "<b>&amp; no markup</b>")),
            Line(("Subjects on TOF: ≥ 10", "", ""), "total"),
        ),
        "notes": ("A group counts its n.",),
        "lacks": ("the form has no field for age (role age)",),
        "abbreviations": (("NR", "not reported"), ("TOF", "tofacitinib")),
        "stamps": ("interim: 1 study is not final (Paik 2021)",),
    }
    return Table(**{**given, **facts})  # type: ignore[arg-type]  # facts of any field


def a_dataset(*values: object, name: str = "long") -> Dataset:
    """A data set with one row for each value."""
    return Dataset(
        name=name,
        title="Every value",
        columns=("study", "value"),
        rows=tuple(("One", value) for value in values),
    )  # type: ignore[misc]  # any scalar


def files(*formats: str, **contents: object) -> dict[str, bytes]:
    return table_files.files(Contents(**contents), formats)  # type: ignore[arg-type]  # any part of it


def rows_of(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


# --- no formulas, and back -------------------------------------------------------------------------


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_cell_of_a_csv_begins_a_formula_and_each_comes_back(text: str) -> None:
    ((_, cell),) = rows_of(files("csv", datasets=(a_dataset(text),))["long.csv"])[1:]

    assert cell[:1] not in tuple("=+-@\t\r＝")
    assert as_it_was(cell) == text


@settings(deadline=None, max_examples=40)  # a busy machine is no failure
@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30))
def test_every_text_comes_back_from_a_csv_as_it_was(text: str) -> None:
    ((_, cell),) = rows_of(files("csv", datasets=(a_dataset(text),))["long.csv"])[1:]

    assert as_it_was(cell) == text
    assert not cell.startswith(("=", "+", "@", "\t"))


def test_numbers_stay_numbers() -> None:
    made = files("csv", "xlsx", datasets=(a_dataset(-5, 3.25, "-5", None),))

    assert [row[1] for row in rows_of(made["long.csv"])[1:]] == ["-5", "3.25", "-5", ""]
    sheet = load_workbook(io.BytesIO(made["data.xlsx"]))["long"]
    assert [sheet.cell(row, 2).value for row in range(2, 6)] == [-5, 3.25, "-5", None]


_IN_XML = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")


@settings(deadline=None, max_examples=40)  # a busy machine is no failure
@given(
    st.lists(
        st.text(_IN_XML, min_size=1, max_size=20) | st.sampled_from(DANGEROUS[:4]), min_size=1, max_size=5
    )
)
def test_every_text_comes_back_from_a_workbook_and_none_is_a_formula(texts: list[str]) -> None:
    made = files("xlsx", datasets=(a_dataset(*texts),))["data.xlsx"]

    sheet = load_workbook(io.BytesIO(made))["long"]
    cells = [sheet.cell(row, 2) for row in range(2, len(texts) + 2)]
    assert [cell.value for cell in cells] == texts
    assert {cell.data_type for cell in cells} == {"s"}
    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(made)).read("xl/worksheets/sheet1.xml")


def test_control_characters_and_endless_texts_break_no_file() -> None:
    table = a_table(lines=(Line(("a\x07b", "x" * 40_000, "\ud800")),))

    made = files("xlsx", "docx", "html", tables=(table,), datasets=(a_dataset("a\x00b"),))

    sheet = load_workbook(io.BytesIO(made["tables.xlsx"]))["patients"]
    assert [sheet.cell(4, place).value[:3] for place in (1, 2, 3)] == ["a\ufffdb", "xxx", "\ufffd"]
    assert sheet.cell(4, 2).value.endswith("the CSV has all of it)")
    assert Document(io.BytesIO(made["tables.docx"])).tables[0].cell(1, 0).text == "a\ufffdb"


# --- what each format has --------------------------------------------------------------------------


def test_a_csv_of_a_table_repeats_heading_and_stamp_in_each_row() -> None:
    made = rows_of(files("csv", tables=(a_table(),))["patients.csv"])

    assert made[0] == ["group", "Study", "n", "Outcomes", "status"]
    assert made[1] == [
        "TOF",
        "Paik 2021",
        "10",
        "skin: improved 9 of 10\nmuscle: NR",
        "interim: 1 study is not final (Paik 2021)",
    ]
    assert made[2][1] == "'=1+1"


def test_a_word_file_has_real_tables_in_landscape_with_a_header_that_repeats() -> None:
    word = Document(
        io.BytesIO(
            files("docx", tables=(a_table(), a_table(name="subjects")), stamps=("interim: x",))["tables.docx"]
        )
    )

    (section,) = word.sections
    assert section.orientation == WD_ORIENT.LANDSCAPE
    assert section.page_width > section.page_height
    assert len(word.tables) == 2
    assert [cell.text for cell in word.tables[0].rows[0].cells] == ["Study", "n", "Outcomes"]
    assert 'w:tblHeader w:val="true"' in word.tables[0].rows[0]._tr.xml
    assert "w:tblHeader" not in word.tables[0].rows[1]._tr.xml
    texts = [paragraph.text for paragraph in word.paragraphs]
    assert texts[0] == "Supplementary Table 1. Patients and groups by drug"
    assert word.paragraphs[0].style.name == "Caption"
    assert "interim: 1 study is not final (Paik 2021)" in texts
    assert "The form has no field for age (role age)." in texts
    assert "Abbreviations: NR, not reported; TOF, tofacitinib." in texts
    assert section.header.paragraphs[0].text == "interim: x"


def test_a_page_is_self_contained_and_takes_no_text_for_markup() -> None:
    page = files("html", tables=(a_table(),), title="A <review>")["tables.html"].decode()

    assert "&lt;b&gt;&amp;amp; no markup&lt;/b&gt;" in page
    assert "<title>A &lt;review&gt;</title>" in page
    assert "interim: 1 study is not final (Paik 2021)" in page
    assert not any(word in page for word in ("<script", "http://", "https://", "<link", "src="))


def test_a_workbook_of_data_says_what_its_sheets_are() -> None:
    made = files(
        "xlsx",
        datasets=(a_dataset("x"), a_dataset("y", name="wide")),
        stamps=("interim: x",),
        title="A review",
    )

    book = load_workbook(io.BytesIO(made["data.xlsx"]))
    assert book.sheetnames == ["long", "wide", "about"]
    about = [(row[0], row[1]) for row in book["about"].iter_rows(values_only=True)]
    assert about[:3] == [("review", "A review"), ("status", "interim: x"), ("long", "Every value: 1 rows")]
    assert book["long"].freeze_panes == "B2"


def test_a_table_without_rows_says_so_in_every_format() -> None:
    made = files("docx", "xlsx", "html", tables=(a_table(lines=(), notes=("Nothing was told.",)),))

    assert "No rows." in [p.text for p in Document(io.BytesIO(made["tables.docx"])).paragraphs]
    assert b"No rows." in made["tables.html"]
    assert load_workbook(io.BytesIO(made["tables.xlsx"]))["patients"].cell(4, 1).value == "Nothing was told."


def test_one_table_alone_has_a_file_of_its_own_name() -> None:
    assert set(files("docx", "html", "xlsx", tables=(a_table(),), only="patients")) == {
        "patients.docx",
        "patients.html",
        "patients.xlsx",
    }


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(InputError, match="'pdf' is no format of tables"):
        files("pdf")


# --- as another program reads them -----------------------------------------------------------------


@pytest.mark.slow  # LibreOffice takes seconds to start
@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (soffice) is not on this machine")
@pytest.mark.parametrize(
    ("suffix", "target"), [("docx", "txt:Text"), ("xlsx", "csv:Text - txt - csv (StarCalc):44,34,76")]
)
def test_libreoffice_reads_every_text_of_a_file(tmp_path: Path, suffix: str, target: str) -> None:
    path = tmp_path / f"tables.{suffix}"
    path.write_bytes(files(suffix, tables=(a_table(),))[f"tables.{suffix}"])

    subprocess.run(
        [SOFFICE, f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to", target,
         "--outdir", tmp_path, path],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip

    read = (tmp_path / f"tables.{target[:3]}").read_text(encoding="utf-8-sig")
    for text in (
        "Supplementary Table 1. Patients and groups by drug",
        "interim: 1 study is not final (Paik 2021)",
        "skin: improved 9 of 10",
        "=1+1",
        "Subjects on TOF: ≥ 10",
        "Abbreviations: NR, not reported; TOF, tofacitinib.",
    ):
        assert text in read
