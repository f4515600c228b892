"""Every format but the oldest through the real command line: what is said, and what is stored."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import Result

from workbooks import archive, workbook

CSV = (
    "Title,Authors,Jahrgang,Year,DOI,Notiz,included\n"
    "Drug one,Ferro AB; Okafor C,7,2020,10.1000/one,x,1\n"
    "Drug two,Ferro AB,8,2021,10.1000/two,,0\n"
)
ENDNOTE = (
    "<xml><records><record><titles><title>Drug one</title></titles></record>\n"
    "<record><titles><title>Drug two</title></titles></record></records></xml>"
)
BIBTEX = "@article{a, title={Drug one}}\n@article{b, title={Drug two}}\n"
CSL = json.dumps([{"type": "book", "title": "Drug one"}, {"type": "book", "title": "Drug two"}])
WORKBOOK = workbook(
    [["Title", "Year"], ["Drug one", 2020.0], ["Drug two", 2021.0]], [["Title"], ["Drug three"]]
)
FILES: dict[str, tuple[bytes, str]] = {
    "export.csv": (CSV.encode(), "table"),
    "export.tsv": (CSV.replace(";", "|").replace(",", "\t").encode("utf-16"), "table"),
    "export.xlsx": (WORKBOOK, "table"),
    "export.xml": (ENDNOTE.encode(), "endnote_xml"),
    "export.bib": (BIBTEX.encode(), "bibtex"),
    "export.json": (CSL.encode(), "csl_json"),
}

pytestmark = pytest.mark.usefixtures("review_file")


def a_file(name: str, content: bytes | str) -> Path:
    path = Path(name)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def stored(sql: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect("review.db")) as connection:
        return connection.execute(sql).fetchall()


def said(result: Result) -> str:
    """What was printed, without the breaks that a narrow terminal makes."""
    return " ".join(result.output.split())


@pytest.mark.parametrize("name", FILES)
def test_every_format_comes_in_by_its_content(run, name):
    content, called = FILES[name]

    result = run("import", a_file(name, content), "--database", "Embase")

    assert result.exit_code == 0, result.output
    assert f"{name} {called} 2 2 0 0" in said(result)
    assert stored("select title from records order by id") == [("Drug one",), ("Drug two",)]


@pytest.mark.parametrize("name", FILES)
def test_every_format_may_be_named_whatever_the_file_is_called(run, name):
    content, called = FILES[name]

    result = run("import", a_file("export.dat", content), "--database", "Embase", "--format", called)

    assert result.exit_code == 0, result.output
    assert stored("select count(*) from records") == [(2,)]


def test_the_columns_of_a_table_are_said_and_the_decisions_in_it_go_nowhere(run):
    result = run("import", a_file("export.csv", CSV), "--database", "Embase")

    assert (
        "export.csv: columns read: title = Title; authors = Authors; volume = Jahrgang; year = Year; doi = DOI."
        in said(result)
    )
    assert "export.csv: columns not read: Notiz, included." in said(result)
    assert "column 'included' holds decisions (2 rows): they are no votes of this review" in said(result)
    assert "iimscreen screen --reviewer NAME --from FILE" in said(result)
    assert stored("select count(*) from decisions") == [(0,)]


def test_what_was_left_out_is_kept_in_the_log(run, run_json):
    run("import", a_file("export.csv", CSV), "--database", "Embase")

    ((warnings,),) = stored("select warnings from run_results")
    assert "column 'included' holds decisions (2 rows)" in json.loads(str(warnings))[0]
    assert run("check").exit_code == 0


def test_the_columns_are_in_the_json_too(run, run_json):
    (outcome,) = run_json("import", a_file("export.csv", CSV), "--database", "Embase")

    assert {"header": "Jahrgang", "field": "volume"} in outcome["columns"]["read"]
    assert outcome["columns"]["not_read"] == ["Notiz", "included"]
    assert len(outcome["remarks"]) == 1


def test_a_column_may_be_named_and_left_out(run):
    words = ("--column", "journal=Notiz", "--column", "volume=")

    result = run("import", a_file("export.csv", CSV), "--database", "Embase", *words)

    assert result.exit_code == 0, result.output
    assert "journal = Notiz" in said(result)
    assert stored("select journal, volume from records order by id") == [("x", None), (None, None)]


def test_a_table_without_known_headers_is_read_once_they_are_named(run):
    path = a_file("list.csv", "Bezeichnung,Jahr\nDrug one,2020\n")

    first = run("import", path, "--database", "Embase")
    second = run("import", path, "--database", "Embase", "--column", "title=Bezeichnung")

    assert first.exit_code == 3
    assert "no column is recognised as the title; headers found: 'Bezeichnung', 'Jahr'" in said(first)
    assert '--column title="HEADER"' in said(first)
    assert second.exit_code == 0
    assert stored("select title, year from records") == [("Drug one", 2020)]


def test_a_csv_as_excel_saves_it_in_germany_is_read_with_its_umlauts(run):
    text = "Titel;Autoren;Jahr\nÜber Myositis bei Jüngeren;Müller A;2020\n".encode("cp1252")

    result = run("import", a_file("list.csv", text), "--database", "Embase")

    assert result.exit_code == 0, result.output
    assert "read as Windows-1252" in said(result)
    assert stored("select title from records") == [("Über Myositis bei Jüngeren",)]


def test_a_sheet_may_be_named(run):
    result = run("import", a_file("export.xlsx", WORKBOOK), "--database", "Embase", "--sheet", "Sheet2")

    assert result.exit_code == 0, result.output
    assert stored("select title from records") == [("Drug three",)]


@pytest.mark.parametrize("words", [("--column", "title=T"), ("--sheet", "a")], ids=["column", "sheet"])
def test_what_is_said_of_tables_is_refused_for_other_files(run, words):
    result = run("import", a_file("export.bib", BIBTEX), "--database", "Embase", *words)

    assert result.exit_code == 3
    assert f"export.bib is read as bibtex, to which {words[0]} says nothing" in said(result)
    assert stored("select count(*) from records") == [(0,)]


def test_records_of_a_library_count_for_the_databases_they_name(run):
    library = ENDNOTE.replace("</titles>", "</titles><remote-database-name>Embase</remote-database-name>", 1)

    result = run("import", a_file("export.xml", library), "--by-database", "--database", "Other")

    assert result.exit_code == 0, result.output
    assert stored("select source from records order by id") == [("embase",), ("other",)]


HOSTILE: dict[str, tuple[str, bytes | str, str]] = {
    "cut EndNote XML": ("a.xml", ENDNOTE[:-30], "the file ends before </records>"),
    "bomb": ("a.xml", '<!DOCTYPE a [<!ENTITY b "c">]>' + ENDNOTE, "declares entities of its own"),
    "a broken record": (
        "a.xml",
        ENDNOTE.replace("</title>", "</titel>", 1),
        "1 of 2 records cannot be used: line 1",
    ),
    "open braces": ("a.bib", BIBTEX + "@article{c, title={Open", "1 of 3 records cannot be used: line 3"),
    "half a JSON": ("a.json", CSL[: len(CSL) // 2], "the file ends behind item 1"),
    "deep JSON": ("a.json", '[{"type": "book", "author":' + "[" * 100_000, "nested too deeply"),
    "a zip": ("a.xlsx", archive({"a.txt": "x"}), "a ZIP archive"),
    "damaged workbook": ("a.xlsx", WORKBOOK[:-200], "the workbook cannot be read"),
    "encrypted workbook": (
        "a.xlsx",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le") + bytes(900),
        "an Office document encrypted with a password",
    ),
    "open quote": ("a.csv", CSV + '"Open,x\n', "line 4: a quote opened on this line is not closed"),
    "too many cells": ("a.csv", CSV + "a,b,c,d,e,f,g,h\n", "line 4: 8 cells under 7 headers"),
    "headers alone": ("a.csv", "Title,Year\n", "no usable record"),
    "no text": ("a.csv", bytes(range(256)) * 9, "a.csv"),
    "empty": ("a.csv", "", "a.csv is empty"),
}


@pytest.mark.parametrize(("name", "content", "message"), HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_is_not_right_ends_in_one_error_and_nothing_is_stored(run, name, content, message):
    before = Path("review.db").read_bytes()

    result = run("import", a_file(name, content), "--database", "Embase")

    assert result.exit_code == 3, result.output
    assert result.stderr.count("Error: ") == 1
    assert "  → " in result.stderr
    assert message in said(result)
    assert Path("review.db").read_bytes() == before


def test_the_usable_rows_of_a_table_come_in_when_that_is_wanted(run):
    result = run("import", a_file("a.csv", CSV + '"Open,x\n'), "--database", "Embase", "--keep-good")

    assert result.exit_code == 0, result.output
    assert stored("select count(*) from records") == [(2,)]
    assert stored("select line, cause from refusals") == [
        (4, "a quote opened on this line is not closed where a cell ends")
    ]
