from __future__ import annotations

import contextlib
import datetime as dt
import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iimscreen.errors import InputError
from iimscreen.formats import Remark, guess, table
from iimscreen.formats._spreadsheet import rows
from iimscreen.model import Parsed, Record, Refusal
from workbooks import archive, workbook

TABLE = [["Title", "Year", "Pages", "DOI"], ["Drug one", 2020.0, dt.date(2021, 6, 1), "10.1000/one"]]
SHEET = "xl/worksheets/sheet1.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def records(data: bytes, **options: object) -> list[Record]:
    read = table.read_stream(io.BytesIO(data), **options)  # type: ignore[arg-type]  # of a test
    return [one.record for one in read if isinstance(one, Parsed)]


def sheet(inner: str) -> dict[str, str | None]:
    return {SHEET: f'<worksheet xmlns="{MAIN}"><sheetData>{inner}</sheetData></worksheet>'}


@pytest.mark.parametrize("shared", [True, False])
def test_a_workbook_is_read_whether_its_texts_are_shared_or_not(shared: bool) -> None:
    (record,) = records(workbook(TABLE, shared=shared))

    assert (record.title, record.year, record.pages, record.doi) == (
        "Drug one",
        2020,
        "01-Jun",
        "10.1000/one",
    )


def test_pages_that_became_a_date_are_counted_in_a_workbook_too() -> None:
    told = [one.text for one in table.read_stream(io.BytesIO(workbook(TABLE))) if isinstance(one, Remark)]

    assert told == [
        '1 page range turned into a date by a spreadsheet, kept as it is written ("01-Jun" was 1-6 or 6-1)'
    ]


def test_a_row_is_named_by_its_number_in_the_sheet_and_blank_cells_are_no_fault() -> None:
    data = workbook([["Title", "Year", "DOI"], [], ["One"], [None, 2020.0], ["Two", None, "10.1000/x"]])

    read = list(table.read(data))

    assert [one.line for one in read] == [3, 4, 5]
    assert isinstance(read[1], Refusal)


def test_the_first_sheet_is_read_or_the_one_that_is_named() -> None:
    data = workbook(
        [["Title", "Year"], ["One", 2020.0]], [["Title", "Year"], ["Two", 2020.0]], names=["a", "b & c"]
    )

    assert [one.title for one in records(data)] == ["One"]
    assert [one.title for one in records(data, sheet="b & c")] == ["Two"]
    with pytest.raises(InputError, match="no sheet is named 'd'") as caught:
        records(data, sheet="d")
    assert caught.value.hint == "its sheets: a, b & c"


def test_a_sheet_of_a_table_of_text_cannot_be_named() -> None:
    with pytest.raises(InputError, match="--sheet names a sheet"):
        records(b"title,year\nOne,2020\n", sheet="a")


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('<c r="A1"><v>12</v></c>', 12.0),
        ('<c r="A1" t="n"><v>1.5E3</v></c>', 1500.0),
        ('<c r="A1" t="b"><v>1</v></c>', True),
        ('<c r="A1" t="e"><v>#N/A</v></c>', None),
        ('<c r="A1" t="str"><f>B1</f><v>a &amp; b</v></c>', "a & b"),
        ('<c r="A1" t="inlineStr"><is><r><t>a </t></r><r><t>b</t></r><rPh><t>x</t></rPh></is></c>', "a b"),
        ('<c r="A1" t="str"><v>line_x000D_end</v></c>', "line\rend"),
        ('<c r="A1" s="1"><v>44348</v></c>', dt.date(2021, 6, 1)),
        ('<c r="A1" s="2"><v>44348.5</v></c>', dt.datetime(2021, 6, 1, 12, tzinfo=dt.UTC).replace(tzinfo=None)),
        ('<c r="A1" s="1"><v>99999999</v></c>', 99999999.0),
        ('<c r="A1" s="77"><v>3</v></c>', 3.0),
        ("<c><v>3</v></c>", 3.0),
    ],
)  # fmt: skip
def test_each_kind_of_cell_is_read_as_what_it_is(cell: str, value: object) -> None:
    (row,) = rows(workbook([], parts=sheet(f"<row>{cell}<c r='B1'><v>1</v></c></row>")), None)

    assert row.cells[0] == value


def test_dates_may_count_from_1904() -> None:
    book = (
        f'<workbook xmlns="{MAIN}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        '<workbookPr date1904="1"/><sheets><sheet name="s" r:id="rId1"/></sheets></workbook>'
    )

    (row,) = rows(workbook([[dt.date(2021, 6, 1)]], parts={"xl/workbook.xml": book}), None)

    assert row.cells[0] == dt.date(2025, 6, 2)


def test_texts_are_found_again_among_thousands() -> None:
    written = [["Title", "Year"], *([f"Drug {number}", 2020.0] for number in range(1_000))]

    assert [one.title for one in records(workbook(written))] == [f"Drug {number}" for number in range(1_000)]


def test_a_cell_in_the_last_corner_takes_no_more_than_its_row() -> None:
    far = '<row r="1"><c r="A1" t="str"><v>Title</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'

    read = list(rows(workbook([], parts=sheet(far)), None))

    assert [(one.line, len(one.cells)) for one in read] == [(1, 1), (1_048_576, 16_384)]


# --- what is none ----------------------------------------------------------------------------------


def test_a_workbook_is_told_from_other_archives_by_its_beginning() -> None:
    word = archive({"[Content_Types].xml": "<Types/>", "word/document.xml": "<w/>"})

    assert guess("export.dat", workbook(TABLE)).name == "table"
    with pytest.raises(InputError, match="a Word document"):
        guess("export.xlsx", word)


HOSTILE: dict[str, tuple[bytes, str]] = {
    "a zip of papers": (archive({"a.pdf": "%PDF"}), "this is a zip archive of 1 file, no XLSX workbook"),
    "half a file": (workbook(TABLE)[:-300], "the workbook cannot be read"),
    "old or encrypted": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000),
        "old .xls workbook, or one that is",
    ),
    "without its sheet": (workbook(TABLE, parts={SHEET: None}), f"its part {SHEET} is missing"),
    "cut XML": (workbook(TABLE, parts=sheet("<row>")), "mismatched tag"),
    "a text that is not there": (
        workbook(TABLE, parts=sheet('<row r="1"><c t="s"><v>9</v></c></row>')),
        "line 1 refers to a text '9' that is not there",
    ),
    "entities of its own": (
        workbook(TABLE, parts={SHEET: '<!DOCTYPE a [<!ENTITY b "c">]><worksheet>&b;</worksheet>'}),
        "declares entities of its own",
    ),
    "no sheet": (workbook(), "the workbook has no sheet"),
    "a row without an end": (
        workbook([], parts=sheet(f'<row><c t="str"><v>{"x" * 5_000_001}</v></c></row>')),
        "line 1: a row of more than 5,000,000 characters",
    ),
    "too many columns": (workbook([], parts=sheet('<row><c r="ZZZ1"><v>1</v></c></row>')), "in column 18278"),
}


@pytest.mark.parametrize(("data", "message"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_sound_workbook_is_refused_in_one_sentence(data: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        list(table.read_stream(io.BytesIO(data)))

    assert message in caught.value.message
    assert caught.value.hint


def test_a_part_that_was_altered_is_found_by_its_checksum() -> None:
    data = bytearray(workbook(TABLE, parts={"xl/styles.xml": None}))
    part = next(p for p in zipfile.ZipFile(io.BytesIO(data)).infolist() if p.filename == SHEET)
    place = data.rindex(part.CRC.to_bytes(4, "little"))
    data[place] ^= 1

    with pytest.raises(InputError, match=f"its part {SHEET} is not as it was written"):
        list(table.read_stream(io.BytesIO(bytes(data))))


@settings(max_examples=60)
@given(st.integers(0, 1_999), st.integers(0, 255), st.integers(0, 3))
def test_a_damaged_workbook_ends_with_an_input_error_or_is_read(at: int, value: int, cut: int) -> None:
    data = bytearray(workbook(TABLE))
    data[at % len(data)] = value
    damaged = bytes(data[: len(data) - cut])

    read: list[Record] = []
    with contextlib.suppress(InputError):
        read = records(damaged)

    assert len(read) <= 1
