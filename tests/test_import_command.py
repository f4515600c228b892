"""`iimscreen import`, through the real command line: counts that add up, and files that are not right."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import Result

from eutils_server import invented, set_of
from iimscreen.formats import jsonl
from iimscreen.model import Record

GOOD_RIS = "".join(
    f"TY  - JOUR\nAN  - 20210{number:04}\nTI  - Invented title {number}\nPY  - 2021\nER  - \n\n"
    for number in range(1, 5)
)
WITHOUT_TITLE = "TY  - JOUR\nAU  - Nobody, N\nPY  - 2021\nER  - \n\n"
NBIB = "".join(f"PMID- {number}\nTI  - Invented title {number}.\nDP  - 2021\n\n" for number in range(41, 45))
XML = set_of(invented(4))
JSONL = jsonl.write([Record(source_id=f"c{n}", title=f"Invented title {n}") for n in range(4)]).decode()
FILES = {"ris": GOOD_RIS, "nbib": NBIB, "xml": XML, "jsonl": JSONL}
FORMATS = {"ris": "ris", "nbib": "nbib", "xml": "pubmed_xml", "jsonl": "jsonl"}

pytestmark = pytest.mark.usefixtures("review_file")


def a_file(name: str, content: str | bytes) -> Path:
    path = Path(name)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def count(table: str) -> int:
    with contextlib.closing(sqlite3.connect("review.db")) as connection:
        return int(connection.execute(f"select count(*) from {table}").fetchone()[0])


def fingerprint() -> str:
    return hashlib.sha256(Path("review.db").read_bytes()).hexdigest()


def counts(result: Result, name: str) -> list[str]:
    """Format, read, new, already there, refused, no abstract: as the table says of one file."""
    lines = [line.split() for line in result.stdout.splitlines()]
    return next(words[1:] for words in lines if words[:1] == [name] and words[-1].isdecimal())


def refused(result: Result, *words: str) -> None:
    """Exit 3, one clear error that holds these words, a way out, and no traceback."""
    assert result.exit_code == 3, result.output
    assert result.stderr.count("Error: ") == 1
    assert "  → " in result.stderr
    assert "Traceback" not in result.output
    for word in words:
        assert word in result.stderr


# --- what comes in ---------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", FILES)
@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "gz"])
def test_every_format_comes_in_packed_or_not(run, suffix, is_packed):
    name = f"export.{suffix}" + (".gz" if is_packed else "")
    content = FILES[suffix].encode()
    path = a_file(name, gzip.compress(content) if is_packed else content)

    result = run("import", path, "--database", "Embase (Ovid)")

    assert result.exit_code == 0, result.output
    assert counts(result, name)[:5] == [FORMATS[suffix], "4", "4", "0", "0"]
    assert count("records") == 4
    assert "Next: iimscreen dedupe" in result.stdout


def test_a_format_is_told_by_content_whatever_the_name(run):
    result = run("import", a_file("export.pdf", XML), "--database", "PubMed")

    assert counts(result, "export.pdf")[0] == "pubmed_xml"


def test_the_same_file_twice_is_stored_once(run):
    path = a_file("export.ris", GOOD_RIS)
    run("import", path, "--database", "Embase")
    before = fingerprint()

    result = run("import", path, "--database", "Embase")

    assert result.exit_code == 0
    assert counts(result, "export.ris")[1:4] == ["4", "0", "4"]
    assert "was imported before, byte for byte; nothing was stored" in result.stdout
    assert fingerprint() == before


def test_the_same_file_named_twice_in_one_command_is_stored_once(run):
    path = a_file("export.ris", GOOD_RIS)

    result = run("import", path, path, "--database", "Embase")

    assert result.exit_code == 0
    assert count("records") == 4
    assert count("runs") == 1


def test_split_exports_that_overlap_are_one_database(run, run_json):
    records = GOOD_RIS.strip().split("\n\n")
    one = a_file("1.ris", "\n\n".join(records[:3]) + "\n")
    other = a_file("2.ris", "\n\n".join(records[1:]) + "\n")

    result = run("import", one, other, "--database", "Embase")

    assert counts(result, "1.ris")[1:4] == ["3", "3", "0"]
    assert counts(result, "2.ris")[1:4] == ["3", "1", "2"]
    assert run_json("prisma")["databases"] == {"Embase": 4}


def test_one_record_in_two_databases_is_two_records(run):
    run("import", a_file("a.ris", GOOD_RIS), "--database", "Embase")
    run("import", a_file("a.ris", GOOD_RIS), "--database", "Scopus")

    assert count("records") == 8


@pytest.mark.parametrize("kind", ["website", "organisation", "citation"])
def test_records_of_other_methods_count_in_their_own_column(run, run_json, kind):
    run("import", a_file("a.ris", GOOD_RIS), "--database", "Somewhere else", "--kind", kind)

    flow = run_json("prisma")
    assert flow["databases"] == {}
    assert flow["other"] == {"Somewhere else": 4}
    assert flow["template"] == "new-other"


def test_records_of_a_register_are_told_apart_from_databases(run, run_json):
    run("import", a_file("a.ris", GOOD_RIS), "--database", "ClinicalTrials.gov", "--kind", "register")

    flow = run_json("prisma")
    assert flow["registers"] == {"ClinicalTrials.gov": 4}
    assert flow["databases"] == {}


# --- records that cannot be used -------------------------------------------------------------------


def test_a_file_with_an_unusable_record_is_refused_whole_with_line_and_cause(run):
    path = a_file("export.ris", GOOD_RIS + WITHOUT_TITLE)
    before = fingerprint()

    result = run("import", path, "--database", "Embase")

    refused(
        result, "export.ris: 1 of 5 records cannot be used", "line 25:", "--keep-good", "nothing was stored"
    )
    assert fingerprint() == before


def test_one_bad_file_keeps_all_files_of_the_command_out(run):
    good, bad = a_file("good.ris", GOOD_RIS), a_file("bad.ris", WITHOUT_TITLE)
    before = fingerprint()

    result = run("import", good, bad, "--database", "Embase")

    refused(result, "bad.ris")
    assert fingerprint() == before


def test_keep_good_takes_the_usable_records_and_logs_the_others(run):
    path = a_file("export.ris", WITHOUT_TITLE + GOOD_RIS)

    result = run("import", path, "--database", "Embase", "--keep-good")

    assert result.exit_code == 0
    assert counts(result, "export.ris")[1:5] == ["5", "4", "0", "1"]
    assert "export.ris, line 1: refused:" in result.stdout
    assert (count("records"), count("refusals")) == (4, 1)


@pytest.mark.parametrize("words", [(), ("--keep-good",)], ids=["all", "keep-good"])
def test_a_file_without_one_usable_record_is_refused(run, words):
    before = fingerprint()

    result = run("import", a_file("export.ris", WITHOUT_TITLE * 7), "--database", "Embase", *words)

    refused(result, "export.ris: no usable record: line 1:", "and 2 more")
    assert fingerprint() == before


# --- files that are something else -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"", "export.ris is empty", id="empty"),
        pytest.param(b" \n\r\n\t", "export.ris is empty", id="blank"),
        pytest.param(b"\xef\xbb\xbf", "export.ris is empty", id="only a BOM"),
        pytest.param(bytes(range(256)) * 40, "is in no format that can be read", id="binary"),
        pytest.param(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "is in no format that can be read", id="pdf"),
        pytest.param(b"PK\x03\x04" + bytes(200), "is in no format that can be read", id="spreadsheet"),
        pytest.param(
            b"<!DOCTYPE html><html><body>Log in</body></html>", "is in no format that can be read", id="html"
        ),
        pytest.param(
            "TY  - JOUR\nTI  - A title\nAU  - Müller\nER  - \n".encode("cp1252"),
            "line 3: byte 0xfc is not UTF-8 text",
            id="cp1252",
        ),
        pytest.param(
            b"PMID- 12\nTI  - A title\nFAU - M\xfcller\n", "line 3: byte 0xfc is not UTF-8", id="cp1252 nbib"
        ),
        pytest.param(b'{"title": "M\xfcller"}\n', "line 1: byte 0xfc is not UTF-8", id="cp1252 jsonl"),
        pytest.param(gzip.compress(GOOD_RIS.encode() * 9)[:60], "the gzip file is cut", id="cut gzip"),
        pytest.param(b"\x1f\x8b\x08\x00" + bytes(40), "the gzip file is cut or damaged", id="damaged gzip"),
        pytest.param(XML.encode()[:900], "line 3: this is no well-formed XML", id="cut XML"),
        pytest.param(b'[{"title": "A list"}]', "is in no format that can be read", id="a JSON list"),
        pytest.param(b'{"titel": "A key of another name"}\n', "unknown key 'titel'", id="unknown key"),
        pytest.param(
            b"<?xml version='1.0'?><records><record/></records>", "export.ris", id="XML of another kind"
        ),
        pytest.param(
            b'<!DOCTYPE a [<!ENTITY b "c">]><PubmedArticleSet>&b;</PubmedArticleSet>',
            "export.ris",
            id="entity",
        ),
    ],
)
def test_a_file_of_another_kind_is_refused_by_name_and_place(run, content, told):
    before = fingerprint()

    result = run("import", a_file("export.ris", content), "--database", "Embase")

    refused(result, "export.ris", told)
    assert fingerprint() == before


def test_a_download_that_was_cut_between_records_is_refused_too(run):
    path = a_file("pubmed.xml", XML[: -len("</PubmedArticleSet>")])

    result = run("import", path, "--database", "PubMed", "--keep-good")

    refused(result, "pubmed.xml", "the file seems to be cut short: download it again")
    assert count("records") == 0


def test_a_folder_in_place_of_a_file_is_refused(run):
    Path("exports").mkdir()

    refused(
        run("import", "exports", "--database", "Embase"), "exports cannot be read", "name the files in it"
    )


def test_a_missing_file_is_refused(run):
    refused(run("import", "none.ris", "--database", "Embase"), "none.ris cannot be read", "check the path")


def test_a_file_in_another_format_than_the_one_named_is_refused(run):
    result = run("import", a_file("a.ris", GOOD_RIS), "--database", "Embase", "--format", "nbib")

    refused(result, "a.ris: line 1", "TI  - ")


def test_an_unknown_format_names_those_there_are(run):
    result = run("import", a_file("a.ris", GOOD_RIS), "--database", "Embase", "--format", "docx")

    refused(result, "'docx'", "jsonl, nbib, pubmed_xml, ris")


# --- what was said about the file ------------------------------------------------------------------


def test_a_database_known_as_another_kind_is_refused_and_nothing_is_stored(run):
    run("import", a_file("a.ris", GOOD_RIS), "--database", "Embase")
    before = fingerprint()

    result = run("import", a_file("b.nbib", NBIB), "--database", "Embase", "--kind", "citation")

    refused(result, "imported as kind database before, not citation", "--kind database")
    assert fingerprint() == before


def test_an_unknown_kind_is_a_wrong_command_line(run):
    result = run("import", a_file("a.ris", GOOD_RIS), "--database", "Embase", "--kind", "journal")

    assert result.exit_code == 2
    assert "citation" in result.stderr


@pytest.mark.parametrize("name", ["", "  ", "!?", "corpus", "Corpus file", "17", "pmid", "DOI"])
def test_a_name_that_cannot_stand_for_a_database_is_refused(run, name):
    refused(run("import", a_file("a.ris", GOOD_RIS), "--database", name), "--database", repr(name))


@pytest.mark.parametrize("name", ["Web [of] Science [/red]", "Scopus\x1b[2J", "בסיס נתונים", "a" * 300])
def test_any_other_name_is_shown_as_it_is_written(run, name):
    result = run("import", a_file("a.ris", GOOD_RIS), "--database", name)

    assert result.exit_code == 0, result.output
    assert name.replace("\x1b", "�")[:40] in result.stdout
    assert "\x1b" not in result.stdout
    assert run("prisma").exit_code == 0


@pytest.mark.parametrize("where", ["file", "database"])
def test_bytes_that_are_no_text_are_refused_on_the_command_line(where):
    name = b"\xff.ris"
    Path("a.ris").write_text(GOOD_RIS, encoding="utf-8")
    before = fingerprint()
    words = [name, b"--database", b"Embase"] if where == "file" else [b"a.ris", b"--database", name]

    result = subprocess.run(
        [sys.executable, "-m", "iimscreen", "import", *words], capture_output=True, text=True, check=False
    )

    assert result.returncode == 3
    assert result.stderr.startswith("Error: '\\udcff.ris' on the command line is not UTF-8 text")
    assert "Traceback" not in result.stderr
    assert fingerprint() == before
