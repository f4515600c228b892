"""Records written to files of reference managers, and read again: by our own readers, and by others'."""

from __future__ import annotations

import html
import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conftest import a_record
from iimscreen import formats, written_formats
from iimscreen.decision_formats import Decided, Judged
from iimscreen.formats import abstract_of
from iimscreen.model import Author, Kind, Link, Parsed, Record, StoredRecord, Verdict
from iimscreen.voting import Vote
from iimscreen.written_formats import bibtex, line, xlsx
from strategies import hostile_records, hostile_texts

READER = {"csl-json": "csl_json", "records-csv": "table", "xlsx": "table"}
TEXTS = ("title", "abstract", "journal", "volume", "issue", "pages", "doi", "pmid", "pmcid")
_MARKUP = re.compile(r"</?(?:i|b|sub|sup|sc|span|jats:[\w-]+)(?:\s[^<>]*)?>")


def a_report(record: Record, key: str = "s:1", *stages: Judged) -> Decided:
    return Decided(StoredRecord(1, key, "Testbase", Kind.DATABASE, record), stages)


def read_back(name: str, data: bytes) -> list[Record]:
    found = list(formats.named(READER.get(name, name)).read(data))
    assert all(isinstance(one, Parsed) for one in found), found
    return [one.record for one in found if isinstance(one, Parsed)]


def round_trip(name: str, *given_records: Record) -> list[Record]:
    return read_back(
        name, written_formats.write(name, [a_report(one, f"s:{n}") for n, one in enumerate(given_records)])
    )


def _same(text: str) -> str:
    return text


# What a reader makes of a text on purpose: entities are unescaped, markup of CSL is none of the title.
READS: dict[str, Callable[[str], str]] = {
    "bibtex": lambda text: html.unescape(text) if "&" in text and ";" in text else text,
    "csl-json": lambda text: " ".join(_MARKUP.sub("", text).split()) if "<" in text else text,
}


@pytest.mark.parametrize("name", [name for name in written_formats.FORMATS if name != "jsonl"])
@settings(max_examples=20, deadline=None)
@given(record=hostile_records())
def test_a_record_written_and_read_again_states_the_same(name: str, record: Record) -> None:
    (found,) = round_trip(name, record)

    for field in TEXTS:
        stated = READS.get(name, _same)(line(getattr(record, field))) or None
        came = getattr(found, field)
        assert came == (abstract_of(stated) if field == "abstract" else stated), field
    assert found.year == record.year
    # Of a cell of authors, the reader takes a point at its end for the end of a sentence.
    is_table = READER.get(name) == "table"
    assert [_pointless(one) if is_table else one for one in found.authors] == [
        _pointless(one) if is_table else one for one in record.authors
    ]


def _pointless(author: Author) -> Author:
    return author._replace(given=author.given.rstrip("."))


@settings(max_examples=60)
@given(records=st.lists(hostile_records(st.builds(Author, hostile_texts(), hostile_texts())), max_size=3))
def test_json_lines_lose_nothing(records: list[Record]) -> None:
    full = [
        replace(
            one,
            mesh_terms=("Janus Kinases / antagonists & inhibitors",),
            substances=("tofacitinib",),
            registry_numbers=("87LA6FU830",),
            registrations=("ClinicalTrials.gov:NCT03002649",),
            links=(Link("RetractionIn", "1", "J. 2020"), Link("CommentOn")),
            entered_on="2021-03",
            revised_on="2022-01-01",
            citation_status="MEDLINE",
            provenance=("by hand",),
        )
        for one in records
    ]

    assert round_trip("jsonl", *full) == full


@pytest.mark.parametrize("name", ["bibtex", "csl-json"])
@given(
    author=st.sampled_from(
        [
            Author("Smith, Jr", "John"),
            Author("Simon and Garfunkel", "Art"),
            Author("Society of Physicians, Surgeons and Others; Section 3", is_group=True),
            Author("de la Cruz", "María José"),
            Author("{Brace}", "$ & %"),
        ]
    )
)
def test_names_with_commas_and_particles_and_groups_stay_one_author(name: str, author: Author) -> None:
    (found,) = round_trip(name, replace(a_record(1), authors=(author, Author("Paik", "JJ"))))

    assert found.authors == (author, Author("Paik", "JJ"))


@pytest.mark.parametrize("name", ["nbib"])
def test_medline_keeps_what_pubmed_states(name: str) -> None:
    record = a_record(
        1,
        source_id="30862449",
        accession="30862449",
        pmid="30862449",
        mesh_terms=("Dermatomyositis / drug therapy", "Humans"),
        substances=("tofacitinib", "Janus Kinases"),
        languages=("ger",),
        publication_types=("Case Reports",),
        keywords=("JAK",),
        links=(Link("ErratumIn", "2", "J Autoimmun. 2020;1:2."),),
        vernacular_title="Ein Titel",
        published_on="2019-03-05",
        year=2019,
        entered_on="2019-03-12",
    )

    assert round_trip(name, record) == [record]


def test_keys_are_ascii_unique_and_stay_as_records_come_in() -> None:
    records = [
        a_record(1, authors=(Author("Müller-Łoś", "A"),), year=2021),
        a_record(2, authors=(Author("van der Berg", "J"),), year=2021),
        a_record(3, authors=(Author("Müller Łoś", "B"),), year=2021),
        a_record(4, authors=(), title="The 王 JAK trial", year=None),
        a_record(5, authors=(Author("王", "伟"),), title="肌炎", year=2020),
    ]
    keyed = [(f"s:{n}", one) for n, one in enumerate(records)]

    named = bibtex.named(keyed)

    assert list(named.values()) == [
        "MullerLos2021a",
        "Berg2021a",
        "MullerLos2021b",
        "JAKnda",
        "Anonymous2020a",
    ]
    assert bibtex.named(keyed[:2]) == {key: named[key] for key in ("s:0", "s:1")}


@given(st.lists(hostile_records(st.builds(Author, hostile_texts())), max_size=30))
def test_no_two_entries_have_one_key(records: list[Record]) -> None:
    named = bibtex.named((f"s:{n}", one) for n, one in enumerate(records))

    assert len(set(named.values())) == len(records)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9]*|\d[A-Za-z0-9]*", key) for key in named.values())


@pytest.mark.parametrize(
    ("types", "journal", "entry", "csl"),
    [
        (("Journal Article",), "J", "@article{", "article-journal"),
        (("Preprint",), "medRxiv", "@misc{", "article"),
        (("Congress",), "J", "@inproceedings{", "paper-conference"),
        (("Book Chapter",), "A book", "@incollection{", "chapter"),
        (("Thesis",), None, "@phdthesis{", "thesis"),
        ((), None, "@misc{", "document"),
    ],
)
def test_what_a_record_is_decides_the_type_of_its_entry(types, journal, entry, csl) -> None:
    report = a_report(a_record(1, publication_types=types, journal=journal))

    assert written_formats.write("bibtex", [report]).decode().startswith(entry)
    assert json.loads(written_formats.write("csl-json", [report]))[0]["type"] == csl


@given(hostile_records())
@example(a_record(1, title="}", abstract="{{", journal="\\{"))
def test_braces_of_bibtex_match_even_for_a_program_that_counts_every_brace(record: Record) -> None:
    text = written_formats.write("bibtex", [a_report(record)]).decode()

    depth = 0
    for at, sign in enumerate(text):
        depth += (sign == "{") - (sign == "}")
        assert depth > 0 or not text[at:].strip("}\n \t") or text[:at].strip() in ("", *_heads(text)), text[
            :at
        ]
    assert depth == 0


def _heads(text: str) -> tuple[str, ...]:
    """All beginnings of the first word, which stands before the first brace."""
    head = text.partition("{")[0]
    return tuple(head[:end] for end in range(len(head) + 1))


DECISIONS = Judged(
    "full-text",
    (
        Vote("s:1", Verdict.EXCLUDE, "review", "=so", ("ann",), "vote", "2025-03-01T10:00:00Z", 1),
        Vote("s:1", Verdict.EXCLUDE, "review", None, ("ann", "bob"), "consensus", "2025-03-02T10:00:00Z", 2),
    ),
    "exclude",
    "review",
    "consensus",
)


@pytest.mark.parametrize(
    ("name", "stands"),
    [
        ("ris", "N1  - iimscreen outcome: full-text | exclude | review | consensus"),
        ("nbib", "GN  - iimscreen outcome: full-text: exclude (review)"),
        ("bibtex", "  iimscreen-outcome = {full-text: exclude (review)},"),
        (
            "csl-json",
            '"stage": "full-text", "outcome": "exclude", "reason": "review", "settled_by": "consensus"',
        ),
        ("jsonl", '"by": ["ann", "bob"], "kind": "consensus", "verdict": "exclude", "reason": "review"'),
        ("records-csv", "exclude,review,consensus,"),
    ],
)
def test_decisions_stand_in_their_documented_place_and_only_if_given(name: str, stands: str) -> None:
    record = a_record(1, title="T")

    assert stands in written_formats.write(name, [a_report(record, "s:1", DECISIONS)]).decode("utf-8-sig")
    without = written_formats.write(name, [a_report(record)]).decode("utf-8-sig")
    assert "exclude" not in without
    assert "ann" not in without


def test_records_with_decisions_are_read_back_without_them() -> None:
    for name in written_formats.FORMATS:
        (found,) = read_back(name, written_formats.write(name, [a_report(a_record(1), "s:1", DECISIONS)]))

        assert found.title == a_record(1).title, name
        assert not found.keywords, name


def test_no_cell_of_a_workbook_is_a_formula_and_what_is_cut_is_told() -> None:
    long = a_record(1, title="=1+1", abstract="a" * 40_000)
    data = xlsx.write([a_report(long)])

    with zipfile.ZipFile(io.BytesIO(data)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        told = sheet + book.read("xl/worksheets/sheet2.xml").decode()
    assert "<f>" not in sheet
    assert 'state="frozen"' in sheet
    assert "1 cell cut: Excel holds 32,767 characters" in told
    assert max(len(html.unescape(text)) for text in re.findall(r"<t[^>]*>([^<]*)</t>", told)) <= xlsx.MOST


def test_a_csv_of_references_holds_no_formula() -> None:
    data = written_formats.write(
        "records-csv", [a_report(a_record(1, title="=cmd|'/C calc'!A1", journal="@x"))]
    )

    assert b"'=cmd|" in data
    assert b",'@x," in data


def test_the_first_record_of_our_ris_begins_a_line_that_is_its_own() -> None:
    assert written_formats.write("ris", [a_report(a_record(1))]).startswith(b"\xef\xbb\xbf\r\nTY  - JOUR\r\n")


@pytest.mark.parametrize(("doi", "tag"), [("10.1/x", "M3"), (None, "PT")])
def test_no_publication_type_stands_where_zotero_would_take_it_for_a_doi(doi: str | None, tag: str) -> None:
    record = a_record(1, doi=doi, publication_types=("Case Reports",))

    assert f"{tag}  - Case Reports\r\n" in written_formats.write("ris", [a_report(record)]).decode()
    assert round_trip("ris", record)[0].publication_types == ("Case Reports",)


@settings(max_examples=25, deadline=None)
@given(record=hostile_records())
def test_rispy_reads_the_same_titles_from_our_ris(record: Record) -> None:
    rispy = pytest.importorskip("rispy", reason="rispy is in the extra 'bench' only")
    text = written_formats.write("ris", [a_report(record)]).decode()  # as ASReview does, with the mark

    (found,) = rispy.loads(text)

    assert found.get("title", found.get("primary_title")) == (line(record.title) or None)
    assert found.get("abstract") == (line(record.abstract) or None)
    assert len(found.get("authors", [])) == len(record.authors)


# Facts of csl-data.json, the published schema of CSL 1.0.2: what an item, a name and a date may have, of
# which type, and the types of items that we write. It allows nothing else.
CSL_TEXTS = frozenset((
    "citation-key", "title", "original-title", "container-title", "container-title-short", "DOI", "PMID", "PMCID",
    "abstract", "language", "keyword", "genre", "URL", "source", "archive_location", "note", "id", "volume", "issue",
    "page",
))  # fmt: skip
CSL_NAMES = frozenset((
    "family", "given", "dropping-particle", "non-dropping-particle", "suffix", "comma-suffix", "static-ordering",
    "literal", "parse-names",
))  # fmt: skip
CSL_TYPES = frozenset((
    "article", "article-journal", "book", "chapter", "dataset", "document", "manuscript", "paper-conference", "report",
    "thesis", "webpage",
))  # fmt: skip


@given(record=hostile_records())
def test_csl_json_has_nothing_that_the_published_schema_does_not_allow(record: Record) -> None:
    (item,) = json.loads(written_formats.write("csl-json", [a_report(record, "s:1", DECISIONS)]))

    assert set(item) <= CSL_TEXTS | {"type", "author", "issued", "custom"}
    assert all(isinstance(item[name], str) and item[name] for name in CSL_TEXTS & set(item))
    assert {"id", "type"} <= set(item)
    assert item["type"] in CSL_TYPES
    assert isinstance(item["custom"], dict)
    for name in item.get("author", []):
        assert set(name) <= CSL_NAMES
        assert all(isinstance(part, str) for part in name.values())
    if "issued" in item:
        assert list(item["issued"]) == ["date-parts"]
        assert [len(parts) in (1, 2, 3) for parts in item["issued"]["date-parts"]] == [True]


@settings(max_examples=25, deadline=None)
@given(records=st.lists(hostile_records(), min_size=1, max_size=3))
def test_pybtex_reads_every_entry_and_every_author_of_our_bibtex(records: list[Record]) -> None:
    pybtex = pytest.importorskip("pybtex.database", reason="pybtex is not needed by anything else")
    reports = [a_report(one, f"s:{n}") for n, one in enumerate(records)]

    found = pybtex.parse_string(written_formats.write("bibtex", reports).decode(), "bibtex").entries

    authors = [len(entry.persons.get("author", [])) for entry in found.values()]
    assert authors == [len(one.authors) for one in records]
