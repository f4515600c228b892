from __future__ import annotations

import contextlib
import csv
import io
import itertools
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from iimscreen.errors import InputError
from iimscreen.formats import Found, Layout, Remark, guess, table
from iimscreen.formats._names import authors_in
from iimscreen.formats._table_text import MAX_ROW, Row, rows
from iimscreen.model import Author, Parsed, Record, Refusal
from strategies import texts

EXPORTS = Path(__file__).parent / "data" / "exports"


def export(name: str) -> str:
    """An invented export as its maker writes it, every byte of it."""
    return (EXPORTS / name).read_bytes().decode()


PUBMED = export("pubmed.csv")
EMBASE = export("embase.csv")
SCOPUS = export("scopus.csv")
COCHRANE = export("cochrane.csv")
RAYYAN = export("rayyan.csv")
COVIDENCE = export("covidence.csv")
ASREVIEW = export("asreview.csv")
SYNERGY = export("synergy.csv")
ZOTERO = export("zotero.csv")
WOS = export("wos.tsv")
ENDNOTE = export("endnote-tab.txt")
TWO = (Author("Ferro", "AB"), Author("Okafor", "C"))


def told(text: str | bytes, **options: object) -> list[object]:
    data = text if isinstance(text, bytes) else text.encode()
    return list(table.read_stream(io.BytesIO(data), **options))  # type: ignore[arg-type]  # of a test


def found(text: str | bytes) -> list[Found]:
    return list(table.read(text if isinstance(text, bytes) else text.encode()))


def the_record(text: str | bytes) -> Record:
    first = found(text)[0]
    assert isinstance(first, Parsed), first
    return first.record


def the_layout(text: str | bytes, **options: object) -> Layout:
    first = told(text, **options)[0]
    assert isinstance(first, Layout)
    return first


def remarks(text: str | bytes) -> list[str]:
    return [one.text for one in told(text) if isinstance(one, Remark)]


# --- exports as they are ---------------------------------------------------------------------------


def test_a_csv_of_pubmed_is_read_whole_with_what_its_citation_says() -> None:
    assert the_record(PUBMED) == Record(
        accession="90000001",
        pmid="90000001",
        pmcid="PMC7000001",
        doi="10.1000/one",
        title="Drug one, in a disease.",
        authors=TWO,
        journal="Invent Rheumatol",
        year=2021,
        volume="73",
        issue="5",
        pages="858-865",
        entered_on="2020-12-01",
        published_on="2021",
    )


def test_a_csv_of_scopus_is_read_whole_and_its_source_is_no_journal() -> None:
    assert the_record(SCOPUS) == Record(
        accession="2-s2.0-85000000001",
        pmid="90000003",
        doi="10.1000/three",
        title="Drug three",
        abstract="Ten patients.",
        authors=(Author("Ferro", "A.B."), Author("Okafor", "C.")),
        journal="Invented Journal",
        year=2019,
        volume="7",
        issue=None,
        pages="e12",
        publication_types=("Article",),
        keywords=("alpha", "beta"),
        published_on="2019",
    )


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        (EMBASE, {"title": "Drug two", "pages": "11-19", "pmid": "90000002", "accession": "L2000000001",
                  "languages": ("English",), "keywords": ("alpha", "beta")}),
        (COCHRANE, {"title": "Drug four", "journal": "Cochrane Database of Systematic Reviews", "year": 2018,
                    "accession": "CD000001.PUB2", "doi": "10.1002/14651858.cd000001.pub2", "authors": TWO}),
        (RAYYAN, {"title": "Drug five", "source_id": "rayyan-1001", "pages": "1-9",
                  "authors": (Author("Ferro", "Anna"), Author("Okafor", "Chi"))}),
        (COVIDENCE, {"title": "Drug seven", "source_id": "#412", "accession": "20160001", "year": 2016}),
        (ASREVIEW, {"title": "Drug eight", "source_id": "0", "doi": "10.1000/eight", "authors": TWO}),
        (SYNERGY, {"title": "Drug ten", "doi": "10.1000/ten", "accession": "W2000000001"}),
        (ZOTERO, {"title": "Drug eleven", "pmid": "90000011", "pmcid": "PMC7000011", "journal": "Invented Journal",
                  "journal_abbreviation": "Inv J", "published_on": "2015-05-06"}),
        (WOS, {"title": "Drug twelve", "accession": "WOS:000200000001", "pages": "1-9", "pmid": "90000012",
               "publication_types": ("Article",)}),
        (ENDNOTE, {"title": "Drug thirteen", "journal": "Invented Journal", "issue": "2", "year": 2013}),
    ],
    ids=["Embase", "Cochrane", "Rayyan", "Covidence", "ASReview", "SYNERGY", "Zotero", "Web of Science", "EndNote"],
)  # fmt: skip
def test_exports_of_databases_and_managers_are_read_by_their_own_headers(text, facts) -> None:
    record = the_record(text)

    assert {name: getattr(record, name) for name in facts} == facts


@pytest.mark.parametrize(
    "text", [PUBMED, EMBASE, SCOPUS, COCHRANE, RAYYAN, COVIDENCE, ASREVIEW, SYNERGY, ZOTERO, WOS]
)
def test_a_table_is_recognised_by_its_headers_whatever_its_name(text: str) -> None:
    assert guess("export.dat", text.encode()).name == "table"


@pytest.mark.parametrize(
    "header",
    [
        "Titel;Autoren;Zeitschrift;Jahr;Band;Heft;Seiten;Zusammenfassung",
        "Titre;Auteurs;Revue;Année;Tome;Fascicule;Pages;Résumé",
        "Titolo;Autori;Rivista;Anno;Volume;Fascicolo;Pagine;Riassunto",
        "Título;Autores;Revista;Año;Volumen;Número;Páginas;Resumen",
    ],
)
def test_headers_in_other_languages_are_known(header: str) -> None:
    record = the_record(f"{header}\nA title;Ferro AB;A journal;2020;3;4;5-6;An abstract\n")

    assert record == Record(
        title="A title",
        authors=(Author("Ferro", "AB"),),
        journal="A journal",
        year=2020,
        volume="3",
        issue="4",
        pages="5-6",
        abstract="An abstract",
        published_on="2020",
    )


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        (
            "About the data: exported on 1 May 2021.\nPublication ID,DOI,PMID,Title,Source title,PubYear,Pagination\n"
            "pub.1000000001,10.1000/x,90000001,Drug one,Invented Journal,2020,1-9\n",
            {"accession": "pub.1000000001", "year": 2020, "pages": "1-9", "journal": "Invented Journal"},
        ),
        (
            "NCT Number,Study Title,Study Status,Brief Summary\nNCT00000001,Drug one,COMPLETED,Ten patients.\n",
            {
                "accession": "NCT00000001",
                "registrations": ("ClinicalTrials.gov:NCT00000001",),
                "title": "Drug one",
            },
        ),
        (
            "Lens ID,Title,Date Published,Publication Year,Publication Type,Source Title,Author/s,Start Page,End Page\n"
            "000-000-000-000-001,Drug one,2020-05-06,2020,journal article,Invented,Anna Ferro; Chi Okafor,1,9\n",
            {"published_on": "2020-05-06", "pages": "1-9", "publication_types": ("journal article",)},
        ),
    ],
    ids=["Dimensions", "ClinicalTrials.gov", "Lens"],
)
def test_headers_of_other_sources_are_known(text, facts) -> None:
    record = the_record(text)

    assert {name: getattr(record, name) for name in facts} == facts


# --- the guess -------------------------------------------------------------------------------------


def test_what_became_of_each_column_comes_first() -> None:
    layout = the_layout(PUBMED)

    assert ("Journal/Book", "journal") in layout.columns
    assert layout.unread == ("First Author", "NIHMS ID")


def test_a_column_is_no_doi_and_no_year_where_its_cells_are_none() -> None:
    layout = the_layout("title,doi,year\nOne,yes,high\nTwo,no,low\n")

    assert layout == Layout((("title", "title"),), ("doi", "year"))


def test_a_column_that_numbers_the_rows_is_no_issue() -> None:
    bare = "Number,Title\n7,One\n3,Two\n"
    counted_up = "Number,Title,Volume\n1,One,4\n2,Two,4\n3,Three,5\n"
    issues = "Number,Title,Volume\n2,One,4\n1,Two,4\n3,Three,5\n"

    assert [[name for _, name in the_layout(text).columns] for text in (bare, counted_up, issues)] == [
        ["title"],
        ["title", "volume"],
        ["issue", "title", "volume"],
    ]


@pytest.mark.parametrize(
    "database",
    [
        "Scopus",
        "Ovid MEDLINE(R) ALL <1946 to 2021>",
        "PubMed/MEDLINE",
        "Embase (Elsevier)",
        "EBSCOhost CINAHL Plus",
    ],
)
def test_a_source_that_is_a_database_is_no_journal(database: str) -> None:
    layout = the_layout(f"Title,Source\nOne,{database}\nTwo,{database}\n")

    assert layout.unread == ("Source",)


@pytest.mark.parametrize(
    "journal", ["Lancet", "Central European Journal of Medicine", "Scopus Journal", "Lens and Light"]
)
def test_a_source_that_is_a_journal_is_one(journal: str) -> None:
    assert the_record(f"Title,Source\nOne,{journal}\n").journal == journal


@pytest.mark.parametrize("nothing", ["NA", "NaN", "nan", "None", "NULL", "#N/A"])
def test_what_programs_write_for_nothing_is_nothing(nothing: str) -> None:
    names = "title,abstract,authors,journal,volume,pages,doi,pmid,year"
    row = ",".join([nothing] * 8)
    blank = "".join(f"Title {number},{row}\n" for number in range(100))
    last = "Last,Text,Na J,Journal,1,2-3,10.1000/x,12345678,2020\n"

    *blanks, full = found(f"{names}\n{blank}{last}")

    assert {one.record.abstract or one.record.pages or one.record.authors for one in blanks} == {()}
    assert (full.record.doi, full.record.pmid, full.record.year) == ("10.1000/x", "12345678", 2020)
    assert full.record.authors == (Author("Na", "J"),)


def test_of_two_columns_with_one_header_the_filled_one_is_read_and_both_are_named() -> None:
    layout = the_layout("title,title,year\n,One,2020\n,Two,2021\n")

    assert layout.columns == (("title (column 2)", "title"), ("year", "year"))
    assert layout.unread == ("title (column 1)",)


def test_a_field_is_read_from_the_header_that_is_named_for_it() -> None:
    layout = the_layout("name,title,when\nOne,x,2020\n", columns=["title=NAME", "year=#3", "journal="])

    assert layout == Layout((("name", "title"), ("when", "year")), ("title",))


@pytest.mark.parametrize(
    ("columns", "message", "hint"),
    [
        (
            ["title=colour"],
            "line 1: no column is headed 'colour', which --column names for title",
            "'a', 'b', 'b'",
        ),
        (["title=b"], "line 1: 2 columns are headed 'b'", "--column title=#2 or --column title=#3"),
        (["heading=a"], "--column 'heading=a' names no field", "title, vernacular_title"),
        (["title"], "--column 'title' names no field", "FIELD=HEADER"),
        (["title=a", "title=b"], "--column gives title twice", "one header"),
        (
            [],
            "line 1: no column is recognised as the title; headers found: 'a', 'b', 'b'",
            '--column title="HEADER"',
        ),
    ],
)
def test_a_choice_that_does_not_fit_the_table_is_refused(columns: list[str], message: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        told("a,b,b\n1,2,3\n", columns=columns)

    assert message in caught.value.message
    assert hint in caught.value.hint


def test_fields_that_stand_below_each_other_are_named_as_such() -> None:
    text = '"TITLE","One"\n"AUTHOR NAMES","Ferro AB"\n"DOI","10.1000/x"\n"YEAR","2020"\n' * 2

    with pytest.raises(InputError, match="the fields of a record stand below each other"):
        told(text)


@pytest.mark.parametrize(
    "text",
    [
        "Ferro AB, Okafor C. Drug one in a disease. J Invent. 2020;1:1-2.\nVisser M. Drug two. 2021.\n",
        "The title is long, and this is prose\nAnd so it goes, on and on\n",
        "title\nOne\nTwo\n",
        "record,verdict,reason,note\n1,include,,\n",
    ],
)
def test_prose_and_lists_are_no_table(text: str) -> None:
    assert not table.looks_like(text)


# --- cells -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Ferro AB, Okafor C", TWO),
        ("Ferro AB; Okafor C", TWO),
        ("Ferro AB, Okafor C, et al.", TWO),
        ("['Ferro, AB', \"Okafor, C\"]", TWO),
        ("Ferro, A.B.; Okafor, C.", (Author("Ferro", "A.B."), Author("Okafor", "C."))),
        ("Ferro, A.B., Okafor, C.", (Author("Ferro", "A.B."), Author("Okafor", "C."))),
        ("Ferro, Anna and Okafor, Chi", (Author("Ferro", "Anna"), Author("Okafor", "Chi"))),
        ("Ferro, Anna, Okafor, Chi", (Author("Ferro", "Anna"), Author("Okafor", "Chi"))),
        ("Ferro, Anna", (Author("Ferro", "Anna"),)),
        ("Anna Ferro, Chi Okafor", (Author("Anna Ferro"), Author("Chi Okafor"))),
        ("J. Ferro, C. Okafor", (Author("Ferro", "J."), Author("Okafor", "C."))),
        ("van der Berg J, Ferro AB Jr", (Author("van der Berg", "J"), Author("Ferro", "AB Jr"))),
        (
            "Society of Physicians and Surgeons",
            (Author("Society of Physicians and Surgeons", is_group=True),),
        ),
        ("Ferro AB|Okafor C", TWO),
        ("Ferro AB\nOkafor C", TWO),
        (
            "Ferro, Anna (57190000001); Okafor, C (57190000002)",
            (Author("Ferro", "Anna"), Author("Okafor", "C")),
        ),
        ("M&uuml;ller A; Okafor C", (Author("Müller", "A"), Author("Okafor", "C"))),
        ("A. Ferro, B. de Jong", (Author("Ferro", "A."), Author("de Jong", "B."))),
        (", Ferro; Okafor,", (Author("Ferro"), Author("Okafor"))),
        (" ; , ", ()),
    ],
)
def test_authors_are_told_apart_however_a_cell_parts_them(cell: str, expected: tuple[Author, ...]) -> None:
    assert authors_in(cell) == expected


@pytest.mark.parametrize(
    ("field", "cell", "expected"),
    [
        ("year", "2020.0", 2020),
        ("year", "2020-05-01", 2020),
        ("year", "May 2020", 2020),
        ("doi", "https://doi.org/10.1000/ABC", "10.1000/abc"),
        ("pmid", "12345678.0", "12345678"),
        ("pmid", "PMID: 12345678", "12345678"),
        ("pmcid", "pmc7000001", "PMC7000001"),
        ("pages", "01-Jun", "01-Jun"),
        ("volume", "12.0", "12"),
    ],
)
def test_a_cell_is_read_as_a_spreadsheet_leaves_it(field: str, cell: str, expected: object) -> None:
    record = the_record(f"title,{field}\nOne,{cell}\n")

    assert getattr(record, field) == expected


@pytest.mark.parametrize(
    ("field", "cell"), [("pmid", "1.23E+07"), ("year", "in press"), ("doi", "10.1000"), ("pmcid", "PMC-x")]
)
def test_a_value_that_cannot_be_read_is_left_out_and_counted(field: str, cell: str) -> None:
    good = {"pmid": "12345678", "year": "2020", "doi": "10.1000/x", "pmcid": "PMC7000001"}[field]
    text = f"title,{field}\nOne,{good}\nTwo,{cell}\nThree,{good}\n"

    records = [one.record for one in found(text) if isinstance(one, Parsed)]

    assert getattr(records[1], field) is None
    assert remarks(text) == [
        f"1 cell of {field} cannot be read and was left out, the first in line 3: {cell!r}"
    ]


def test_pages_that_a_spreadsheet_made_a_date_are_counted() -> None:
    assert remarks("title,pages\nOne,01-Jun\nTwo,1-6\n") == [
        '1 page range turned into a date by a spreadsheet, kept as it is written ("01-Jun" was 1-6 or 6-1)'
    ]


@pytest.mark.parametrize(
    ("text", "column", "count"),
    [
        (RAYYAN, "notes", "1 row"),
        (COVIDENCE, "Notes", "1 row"),
        (ASREVIEW, "included", "2 rows"),
        (SYNERGY, "label_included", "1 row"),
    ],
)
def test_decisions_of_others_are_no_votes_and_are_named(text: str, column: str, count: str) -> None:
    said = remarks(text)

    assert any(
        one.startswith(f"column {column!r} holds decisions ({count}): they are no votes") for one in said
    )
    assert column in the_layout(text).unread


# --- rows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_delimiter_and_the_line_ends_are_told(delimiter: str, end: str) -> None:
    lines = [delimiter.join(cells) for cells in (["title", "year"], ['"One, two; three\t|"', "2020"])]

    record = the_record(end.join(lines) + end)

    assert (record.title, record.year) == ("One, two; three |", 2020)


def test_the_delimiter_may_be_stated_as_excel_does() -> None:
    assert the_record("sep=;\ntitle;year\nOne, two, three;2020\n").title == "One, two, three"


def test_rows_above_the_headers_are_passed_over_and_said() -> None:
    text = "Export of 1 May\n\nTitle,Year\nOne,2020\n"

    assert the_record(text).title == "One"
    assert remarks(text) == ["the 2 rows above the headers (line 3) not read"]


def test_a_cell_may_go_on_over_lines_and_the_line_of_a_row_is_where_it_starts() -> None:
    read = found('title,abstract\n"One","a\nb\n\nc"\n,\nTwo,d\n,x,\n')

    assert [(one.line, getattr(one, "record", Record()).abstract) for one in read] == [
        (2, "a b c"), (7, "d"), (8, "x")
    ]  # fmt: skip


def test_a_row_of_nothing_is_counted_and_one_of_too_much_refused() -> None:
    text = "title,year,pages\nOne,2020\n,,\nTwo,2020,1,2\nThree,2021,1,,\n4\n"

    read = found(text)

    assert [type(one) for one in read] == [Parsed, Refusal, Parsed, Refusal]
    assert read[1] == Refusal(4, "4 cells under 3 headers: a cell that holds the delimiter must be in quotes")
    assert read[3] == Refusal(6, "1 cell under 3 headers: a cell that goes on over lines must be in quotes")
    assert "1 empty row passed over" in remarks(text)


def test_a_row_without_anything_to_know_it_by_is_refused() -> None:
    read = found("title,year,pmid\n,2020,\n,2020,90000001\n")

    assert read[0] == Refusal(2, "the row has no title, and no abstract, DOI or PMID to know it by")
    assert isinstance(read[1], Parsed)


@pytest.mark.parametrize(
    "broken", ['"Never closed,2020', 'x,"Never closed', '"Never\nclosed,"2020",\nhere,"1"'], ids=[1, 2, 3]
)
def test_a_quote_that_never_closes_costs_its_own_row_only(broken: str) -> None:
    read = found(f"title,year\nOne,2020\n{broken}\nLast,2021\n")

    assert Refusal(3, "a quote opened on this line is not closed where a cell ends") in read
    titles = [one.record.title for one in read if isinstance(one, Parsed)]
    assert (titles[0], titles[-1]) == ("One", "Last")


def test_a_quote_inside_a_cell_that_was_not_doubled_stays() -> None:
    assert the_record('title,year\n"He said "no" to it",2020\n').title == 'He said "no" to it'


def test_quotes_that_do_not_match_again_and_again_end_the_reading() -> None:
    broken = "".join(f'a{n},"{"x" * 20}\nb,c\n,"d"\n' for n in range(300))

    with pytest.raises(InputError, match="is not closed where a cell ends, as on 50 lines before it"):
        found("title,year\n" + broken)


def test_a_row_without_an_end_is_refused_by_its_line() -> None:
    with pytest.raises(InputError, match="line 3: a row of more than 5,000,000 characters"):
        found("title,year\nOne,2020\n" + "x" * (MAX_ROW + 1) + "\n")


def test_a_cell_of_a_megabyte_is_read() -> None:
    abstract = "word " * 200_000

    assert the_record(f'title,abstract\nOne,"{abstract}"\n').abstract == abstract.strip()


def test_ten_thousand_authors_are_read() -> None:
    cell = "; ".join(f"Ferro{number}, A" for number in range(10_000))

    assert len(the_record(f'title,authors\nOne,"{cell}"\n').authors) == 10_000


@pytest.mark.parametrize("text", ["", "\n\n", ",,\n"])
def test_a_table_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"the table is empty|no column is recognised"):
        found(text)


def test_other_encodings_and_zero_bytes_do_not_hurt() -> None:
    text = "title;authors\nÜber Myositis;Müller A\n"

    assert the_record(text.encode("utf-16")).title == "Über Myositis"
    assert the_record(text.encode("utf-8-sig")).title == "Über Myositis"
    assert the_record(text.replace("Über", "\0Über")).title == "Über Myositis"


# --- for all tables --------------------------------------------------------------------------------

AUTHORS = st.lists(
    st.builds(
        Author,
        st.sampled_from(["Ferro", "de Visser", "Müller", "O'Brien"]),
        st.sampled_from(["A", "AB", "Anna"]),
        st.just(False),
    ),
    max_size=4,
).map(tuple)
RECORDS = st.builds(
    Record,
    title=texts().filter(
        lambda text: table._table_columns.recognised(text) is None and table.text_of_cell(text)
    ),
    abstract=st.none() | texts().filter(lambda text: table.text_of_cell(text) != ""),  # "NaN"
    authors=AUTHORS,
    journal=st.none() | st.sampled_from(["Invented Journal", "Arthritis & Rheum, B"]),
    volume=st.none() | st.sampled_from(["1", "S2", "12 Suppl"]),
    pages=st.none() | st.sampled_from(["1-9", "e12", "S1-S2"]),
    doi=st.none() | st.sampled_from(["10.1000/x", "10.1016/s0140-6736(05)1"]),
    pmid=st.none() | st.integers(1, 99_999_999).map(str),
    year=st.none() | st.integers(1900, 2099),
)


@settings(max_examples=40)
@given(
    st.lists(RECORDS, min_size=1, max_size=5),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_records_written_by_a_csv_writer_come_back_the_same(records, delimiter, end) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator=end)
    names = ("title", "abstract", "journal", "volume", "pages", "doi", "pmid", "year")
    writer.writerow([*names, "authors"])
    for record in records:
        people = "; ".join(f"{one.family}, {one.given}" for one in record.authors)
        writer.writerow([*("" if getattr(record, n) is None else getattr(record, n) for n in names), people])

    read = [one.record for one in found(file.getvalue()) if isinstance(one, Parsed)]

    assert [{n: getattr(one, n) for n in (*names, "authors")} for one in read] == [
        {n: getattr(one, n) for n in (*names, "authors")} for one in records
    ]


CELLS = st.text(st.sampled_from("ab,;\"\n '\té"), max_size=8)


@given(
    st.lists(st.lists(CELLS, min_size=2, max_size=3), min_size=1, max_size=5),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
@example([["a", '"'], ['""', "x"]], csv.QUOTE_MINIMAL)
def test_rows_are_those_that_the_standard_library_wrote(written, quoting) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, quoting=quoting, lineterminator="\n").writerows(written)
    text = file.getvalue()

    read = list(rows(text.removesuffix("\n").split("\n"), ","))

    assert [list(one.cells) for one in read if isinstance(one, Row)] == written


PIECES = st.sampled_from(
    [
        "title",
        "year",
        "abstract",
        '"',
        ",",
        ";",
        "\n",
        "\r",
        "x",
        "2020",
        "10.1000/x",
        "\0",
        "=",
        "sep=",
        "[",
        "'",
    ]
)


@given(st.binary(max_size=80) | st.lists(PIECES, max_size=40).map("".join).map(str.encode))
def test_no_bytes_make_the_reader_fail_but_with_an_input_error(data: bytes) -> None:
    read: list[Found] = []
    with contextlib.suppress(InputError):
        read = found(b"title,year\n" + data)

    lines = [one.line for one in read]
    assert all(before < after for before, after in itertools.pairwise(lines))


@pytest.mark.parametrize(
    "row",
    [
        '"' + 'a"b' * 20_000,
        '"' * 40_001,
        "x" + " " * 40_000 + "y",
        "; " * 20_000,
        "A" + " and " * 20_000,
        "[" + "'" * 20_000,
    ],
    ids=["stray quotes", "quotes", "blanks", "semicolons", "ands", "lists"],
)
def test_no_cell_takes_longer_than_its_length_asks_for(row: str) -> None:
    began = time.process_time()

    found("title,authors\n" + f"One,{row}\n" * 2)

    assert time.process_time() - began < 5  # what grows with the square takes minutes
