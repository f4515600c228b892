"""`iimscreen import`, through the real command line: counts that add up, and files that are not right."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from typer.testing import Result

from eutils_server import invented, set_of
from iimscreen.formats import _text, jsonl
from iimscreen.model import Record

EXPORTS = Path(__file__).parent / "data" / "exports"
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

OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def a_zip(*names: str, content: str = GOOD_RIS) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return file.getvalue()


OPEN_DOCUMENT = a_zip("mimetype", "content.xml", content="application/vnd.oasis.opendocument.text")

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
    """Format, read, new, already there, refused: as the table says of one file."""
    return rows_of(result, name)[0]


def without(result: Result, name: str) -> list[str]:
    """How many records of a file have no title, abstract, year, DOI, authors."""
    return rows_of(result, name)[1]


def rows_of(result: Result, name: str) -> list[list[str]]:
    lines = [line.split() for line in result.stdout.splitlines()]
    return [words[1:] for words in lines if words[:1] == [name] and words[-1].isdecimal()]


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
    assert counts(result, name) == [FORMATS[suffix], "4", "4", "0", "0"]
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


def test_a_dry_run_tells_what_an_import_would_and_stores_nothing(run, review_file):
    Path("one.csv").write_bytes("title;year\nUn essai français;2020\n".encode("cp1252"))
    before = review_file.read_bytes()

    told = run("import", "one.csv", "--database", "Testbase", "--dry-run")
    after = review_file.read_bytes()
    done = run("import", "one.csv", "--database", "Testbase")

    assert told.exit_code == 0
    assert "Nothing was stored (--dry-run)." in told.stdout
    assert "title = title" in told.stdout
    assert after == before
    assert told.stdout.splitlines()[:-1] == done.stdout.splitlines()[:-1]


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
        pytest.param("\u3000 \x0b\n".encode(), "export.ris is empty", id="other blanks"),
        pytest.param("\ufeff \r\n".encode("utf-16"), "export.ris is empty", id="blank UTF-16"),
        pytest.param(gzip.compress(b""), "export.ris is empty", id="gzip of nothing"),
        pytest.param(gzip.compress(gzip.compress(b"x")), "a gzip file inside a gzip file", id="gzip of gzip"),
        pytest.param(bytes(range(256)) * 40, "is binary data", id="binary"),
        pytest.param(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "is a PDF document", id="pdf"),
        pytest.param(a_zip("a.ris"), "is a ZIP archive", id="zip"),
        pytest.param(a_zip("[Content_Types].xml", "word/document.xml"), "is a Word document", id="docx"),
        pytest.param(OPEN_DOCUMENT, "is an OpenDocument text", id="odt"),
        pytest.param(a_zip("library.enl"), "is a compressed EndNote library", id="enlx"),
        pytest.param(OLE2 + "Workbook".encode("utf-16-le"), "is an old Excel workbook", id="xls"),
        pytest.param(OLE2 + bytes(500), "is an old Office document", id="doc"),
        pytest.param(b"SQLite format 3\x00" + bytes(99), "is an SQLite database", id="sqlite"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(99), "is a PNG image", id="png"),
        pytest.param(b"\xff\xd8\xff\xe0" + bytes(99), "is a JPEG image", id="jpeg"),
        pytest.param(rb"{\rtf1\ansi Records}", "is an RTF document", id="rtf"),
        pytest.param(b"<html><body>Records</body></html>", "is a web page (HTML)", id="html"),
        pytest.param(
            b"\n<!DOCTYPE html><html><body>Please log in</body></html>",
            "is a web page (HTML), by its words one to sign in",
            id="login page",
        ),
        pytest.param(b'{"data": [\n{"title": "A"}]}', "is JSON of another kind", id="other JSON"),
        pytest.param(b"<?xml version='1.0'?><svg></svg>", "is an XML file of another kind (<svg>)", id="svg"),
        pytest.param(b"%0 Journal Article\n%T A title\n", "is EndNote's tagged format", id="enw"),
        pytest.param(b"RT Journal Article\nT1 A title\n", "is RefWorks' tagged format", id="refworks"),
        pytest.param(b"<1. >\r\nVN  - Ovid Technologies\r\n", "is Ovid's own text format", id="ovid text"),
        pytest.param(b"Record #1 of 12\nID: CN-01\n", "is Cochrane Library's plain text", id="cochrane"),
        pytest.param(
            b"Example A. A title without any tags. J Invent 2020.\n",
            "is plain text without the tags",
            id="prose",
        ),
        pytest.param(b"\xff\xfe" + bytes(range(1, 256)) * 9, "export.ris is", id="garbage in UTF-16"),
        pytest.param(
            ("TY  - JOUR\nTI  - Лечение\nER  - \n" * 9).encode("cp1251"),
            "line 2: this is neither UTF-8 nor UTF-16 text",
            id="cp1251",
        ),
        pytest.param(
            GOOD_RIS.encode() + "AU  - Müller\n".encode() * 9 + b"AU  - M\xfcller\n",
            "line 34: byte 0xfc is not UTF-8 text",
            id="a bad byte",
        ),
        pytest.param(gzip.compress(GOOD_RIS.encode() * 9)[:60], "the gzip file is cut", id="cut gzip"),
        pytest.param(b"\x1f\x8b\x08\x00" + bytes(40), "the gzip file is cut or damaged", id="damaged gzip"),
        pytest.param(XML.encode()[:900], "line 3: this is no well-formed XML", id="cut XML"),
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

    refused(result, "'docx'", "bibtex, csl_json, endnote_xml, jsonl, nbib, pubmed_xml, ris, table, wos")


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


# --- encodings -------------------------------------------------------------------------------------

NAMES = "TY  - JOUR\nTI  - A title\nAU  - Müller, Jürgen\nAU  - García, José\nER  - \n"


@pytest.mark.parametrize(
    ("codec", "said"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-16", "export.ris was read as UTF-16 LE."),
        ("utf-16-be", "it was read as UTF-16 BE, which is a guess"),
        ("cp1252", "export.ris is not UTF-8; it was read as Windows-1252 (Müller), which is a guess"),
        ("mac_roman", "it was read as MacRoman (Müller), which is a guess"),
    ],
)
def test_names_are_read_right_and_an_encoding_other_than_utf8_is_told(run, codec, said):
    result = run("import", a_file("export.ris", NAMES.encode(codec)), "--database", "Embase")

    assert result.exit_code == 0, result.output
    assert said in " ".join(result.stdout.split())
    assert said or "read as" not in result.stdout
    assert families() == ["Müller", "García"]


def test_a_guess_can_be_overruled(run):
    path = a_file("export.ris", NAMES.replace("ü", "ť").encode("cp1250"))

    result = run("import", path, "--database", "Embase", "--encoding", "cp1250")

    assert "export.ris was read as cp1250." in result.stdout
    assert families() == ["Mťller", "García"]


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        (NAMES, "cp1252x", "no encoding is named 'cp1252x'"),
        (NAMES.encode("cp1252"), "utf-8", "line 3: byte 0xfc is not UTF-8 text"),
        (NAMES.encode("cp1252"), "utf-16-le", "export.ris"),
        (XML, "cp1252", "export.ris says itself which encoding it is in"),
    ],
)
def test_a_wrong_encoding_is_refused(run, content, name, told):
    before = fingerprint()

    refused(run("import", a_file("export.ris", content), "--database", "Embase", "--encoding", name), told)
    assert fingerprint() == before


def families() -> list[str]:
    with contextlib.closing(sqlite3.connect("review.db")) as connection:
        (authors,) = connection.execute("select authors from records").fetchone()
    return [author["family"] for author in json.loads(authors)]


# --- what the report says --------------------------------------------------------------------------


def test_the_report_says_how_many_records_lack_what_matters(run, run_json):
    path = a_file(
        "a.ris",
        "TY  - JOUR\nTI  - A\nAU  - B, C\nPY  - 2020\nDO  - 10.5555/a\nAB  - Text.\nER  - \n"
        "TY  - JOUR\nTI  - A\nER  - \nTY  - JOUR\nDO  - 10.5555/b\nER  - \nTY  - JOUR\nPY  - 2020\nER  - \n",
    )

    result = run("import", path, "--database", "Embase", "--keep-good")

    assert counts(result, "a.ris") == ["ris", "4", "3", "0", "1"]
    assert without(result, "a.ris") == ["1", "2", "2", "1", "2"]


def test_the_report_is_json_where_it_is_asked_for(run, run_json):
    path = a_file("a.ris", NAMES.encode("cp1252") + WITHOUT_TITLE.encode() * 12)

    (found,) = run_json("import", path, "--database", "Embase", "--keep-good")

    assert len(found.pop("refused")) == 12
    assert found == {
        "file": "a.ris",
        "database": "Embase",
        "kind": "database",
        "format": "ris",
        "encoding": "Windows-1252",
        "encoding_is_guess": True,
        "read": 13,
        "new": 1,
        "already_there": 0,
        "without": {"title": 0, "abstract": 1, "year": 1, "doi": 1, "authors": 0},
        "imported_before": False,
        "deleted": 0,
        "deleted_but_held": [],
        "columns": None,
        "remarks": [],
    }


def test_of_many_refusals_the_first_are_shown_and_all_are_kept(run):
    path = a_file("a.ris", GOOD_RIS + WITHOUT_TITLE * 12)

    result = run("import", path, "--database", "Embase", "--keep-good")

    assert result.stdout.count("refused: the record has no title") == 10
    assert "a.ris: 2 more refused; --json lists all." in result.stdout
    assert count("refusals") == 12


# --- several databases in one file -----------------------------------------------------------------

LIBRARY = "".join(
    f"TY  - JOUR\nTI  - Invented title {number}\n{line}ER  - \n"
    for number, line in enumerate(
        ("DB  - Embase\n", "DB  - PubMed\n", "", "DB  - embase\n", "DB  - ClinicalTrials.gov\n", "DB  - 17\n")
    )
)


def test_records_of_a_library_count_for_the_database_that_each_names(run, run_json):
    result = run("import", a_file("library.ris", LIBRARY), "--by-database", "--database", "Hand search")

    assert result.exit_code == 0, result.output
    flow = run_json("prisma")
    assert flow["databases"] == {"Embase": 2, "PubMed": 1, "Hand search": 2}
    assert flow["registers"] == {"ClinicalTrials.gov": 1}
    assert count("records") == 6
    assert run("check").exit_code == 0


def test_without_another_name_a_record_that_names_no_database_is_refused(run, run_json):
    path = a_file("library.ris", LIBRARY)
    before = fingerprint()

    refused(
        run("import", path, "--by-database"), "2 of 6 records cannot be used", "line 9: the record names no"
    )
    assert fingerprint() == before

    result = run("import", path, "--by-database", "--keep-good")
    assert result.exit_code == 0, result.output
    assert run_json("prisma")["databases"] == {"Embase": 2, "PubMed": 1}
    assert count("refusals") == 2


def test_a_library_again_brings_only_what_is_new_in_it(run, run_json):
    run("import", a_file("1.ris", LIBRARY), "--by-database", "--database", "Hand search")
    more = "TY  - JOUR\nTI  - A new title\nDB  - PubMed\nER  - \n"

    again = run_json("import", "1.ris", "--by-database", "--database", "Hand search")
    grown = run_json("import", a_file("2.ris", more + LIBRARY), "--by-database", "--database", "Hand search")

    assert [(one["new"], one["imported_before"]) for one in again] == [(0, True)] * 4
    assert {one["database"]: one["new"] for one in grown} == {
        "PubMed": 1,
        "Embase": 0,
        "Hand search": 0,
        "ClinicalTrials.gov": 0,
    }
    assert count("records") == 7


def test_a_file_that_was_imported_for_one_of_its_databases_brings_the_others(run, run_json):
    text = "TY  - JOUR\nTI  - A title\nDB  - PubMed\nER  - \nTY  - JOUR\nTI  - Another\nER  - \n"
    path = a_file("a.ris", text)
    run("import", path, "--database", "PubMed")

    found = run_json("import", path, "--by-database", "--database", "Embase")

    assert [(one["database"], one["new"], one["imported_before"]) for one in found] == [
        ("PubMed", 0, True),
        ("Embase", 1, False),
    ]
    assert run("check").exit_code == 0


def test_a_source_that_is_known_as_another_kind_stays_so_in_a_library(run, run_json):
    run("import", a_file("a.ris", GOOD_RIS), "--database", "A trial list", "--kind", "register")
    text = "TY  - JOUR\nTI  - A title\nDB  - A Trial List\nER  - \n"

    (found,) = run_json("import", a_file("b.ris", text), "--by-database")

    assert (found["database"], found["kind"], found["new"]) == ("A trial list", "register", 1)


@pytest.mark.parametrize("name", ["ris", "nbib", "wos", "jsonl"])
def test_a_format_that_is_named_does_not_hide_what_a_file_is(run, name):
    path = a_file("a.ris", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    refused(run("import", path, "--database", "Embase", "--format", name), "a.ris is a PDF document")


def test_one_of_the_two_ways_to_name_databases_is_needed(run):
    result = run("import", a_file("a.ris", GOOD_RIS))

    assert result.exit_code == 2
    assert "--database" in result.stderr


# --- files beyond all bounds -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ris", "nbib", "jsonl"])  # XML has no lines: its records are bounded
def test_one_endless_line_is_one_error_and_stores_nothing(run, monkeypatch, name):
    monkeypatch.setattr(_text, "MAX_LINE", 300_000)
    lines = FILES[name]
    before = fingerprint()

    result = run("import", a_file("a.txt", lines + "A" * 600_000), "--database", "Embase", "--keep-good")

    refused(result, "a.txt: line ", "this line has more than 300,000 characters")
    assert fingerprint() == before


@pytest.mark.parametrize("where", [0, 1, 60, 100, -3, -1])
def test_a_file_cut_anywhere_is_read_up_to_there_or_refused(run, where):
    data = GOOD_RIS.encode()[:where]

    result = run("import", a_file("a.ris", data), "--database", "Embase")

    assert result.exit_code in (0, 3)
    assert count("records") == data.count(b"TI  - ") * (result.exit_code == 0)


def test_a_file_of_mixed_line_ends_and_control_characters_is_read(run):
    ends = ["\n", "\r\n", "\r"]
    lines = GOOD_RIS.replace("Invented", "In\x00ven\x07ted").splitlines()
    text = "".join(f"{line}{ends[n % 3]}" for n, line in enumerate(filter(None, lines)))

    result = run("import", a_file("a.ris", text), "--database", "Embase")

    assert counts(result, "a.ris") == ["ris", "4", "4", "0", "0"]


def test_numbers_that_repeat_inside_one_file_lose_no_record(run):
    path = a_file("a.ris", GOOD_RIS + GOOD_RIS.replace("Invented", "Other") + GOOD_RIS)

    result = run("import", path, "--database", "Embase")

    assert counts(result, "a.ris") == ["ris", "12", "12", "0", "0"]
    again = run("import", a_file("b.ris", GOOD_RIS.replace("2021", "2021") + "\n"), "--database", "Embase")
    assert counts(again, "b.ris") == ["ris", "4", "0", "4", "0"]


def test_web_of_science_text_comes_in(run):
    path = a_file("savedrecs.txt", (EXPORTS / "wos.ciw").read_bytes())

    result = run("import", path, "--database", "Web of Science")

    assert counts(result, "savedrecs.txt") == ["wos", "2", "2", "0", "0"]
