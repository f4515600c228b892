from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iimscreen import formats
from iimscreen.errors import InputError
from iimscreen.formats import _text, nbib
from iimscreen.model import Author, Link, Parsed, Record, Refusal

# The layout is PubMed's; every fact is invented.
FULL = """PMID- 30000001
OWN - NLM
STAT- MEDLINE
DP  - 2021 Apr
TI  - Effect of tofarinib on
      CD4+ cells: a - dash.
PG  - 101-9
LID - S1 [pii]
LID - 10.5555/Muscle.1(2) [doi]
AB  - BACKGROUND: Nobody knows why. RESULTS: Nobody
      was cured.
CI  - Nobody's.
FAU - Adler, Nora J
AU  - Adler NJ
AUID- ORCID: 0000-0000-0000-0000
AD  - Somewhere.
FAU - Beck, O Jr
AU  - Beck O Jr
CN  - Invented Myositis Group
LA  - eng
LA  - ger
PT  - Journal Article
PT  - Retracted Publication
TT  - Wirkung von Tofarinib.
DEP - 20210309
PL  - Nowhere
TA  - Invent J Muscle
JT  - Invented journal of muscle
VI  - 12
IP  - 3
RN  - 0 (tofarinib)
RN  - EC 2.7.10.2 (Kinase (JAK) 1)
NM  - Made-up syndrome
MH  - Humans
MH  - Dermatomyositis/*drug therapy/immunology
MH  - *Myositis
OT  - *JAK inhibitor
OT  - myositis
RIN - Invent J Muscle. 2022;13:1. PMID: 30000009
EIN - Invent J Muscle. 2021;12:200
UOF - doi: 10.1101/2020.01.01. PMID: 29999999
EDAT- 2021/03/10 06:00
CRDT- 2021/03/09 12:26
PHST- 2021/03/09 12:26 [entrez]
AID - S1 [pii]
AID - 10.5555/Muscle.1(2) [doi]
PMC - PMC7000001
PST - ppublish
SO  - Invent J Muscle. 2021 Apr;12(3):101-9.
"""


def found_in(text: str) -> list[Parsed | Refusal]:
    return list(nbib.read(text.encode()))


def read_or_refused(data: bytes) -> list[Parsed | Refusal] | str:
    """What is found, or the message of the refusal; any other error is the test's to see."""
    try:
        return list(nbib.read(data))
    except InputError as error:
        return error.message


def the_record(text: str) -> Record:
    (found,) = found_in(text)
    assert isinstance(found, Parsed)
    return found.record


def test_every_field_of_a_record_is_read():
    assert the_record(FULL) == Record(
        source_id="30000001",
        accession="30000001",
        pmid="30000001",
        pmcid="PMC7000001",
        doi="10.5555/muscle.1(2)",
        title="Effect of tofarinib on CD4+ cells: a - dash.",
        vernacular_title="Wirkung von Tofarinib.",
        abstract="BACKGROUND: Nobody knows why. RESULTS: Nobody was cured.",
        authors=(
            Author("Adler", "Nora J"),
            Author("Beck", "O Jr"),
            Author("Invented Myositis Group", is_group=True),
        ),
        journal="Invented journal of muscle",
        journal_abbreviation="Invent J Muscle",
        year=2021,
        volume="12",
        issue="3",
        pages="101-9",
        languages=("eng", "ger"),
        publication_types=("Journal Article", "Retracted Publication"),
        mesh_terms=("Humans", "Dermatomyositis / drug therapy", "Dermatomyositis / immunology", "Myositis"),
        substances=("tofarinib", "Kinase (JAK) 1", "Made-up syndrome"),
        keywords=("JAK inhibitor", "myositis"),
        links=(
            Link("RetractionIn", "30000009", "Invent J Muscle. 2022;13:1."),
            Link("ErratumIn", None, "Invent J Muscle. 2021;12:200"),
            Link("UpdateOf", "29999999", "doi: 10.1101/2020.01.01."),
        ),
        entered_on="2021-03-09",
        published_on="2021-03-09",
    )


def test_records_are_parted_by_blank_lines_and_keep_their_lines():
    found = found_in("\nPMID- 1\nTI  - One\n\nPMID- 2\nTI  - Two\n\n\nTI  - Three, without PMID\n")

    assert [(one.line, one.record.pmid, one.record.title) for one in found] == [
        (2, "1", "One"),
        (5, "2", "Two"),
        (9, None, "Three, without PMID"),
    ]


def test_a_pmid_opens_a_record_even_where_the_blank_line_was_lost():
    found = found_in("PMID- 1\nTI  - One\nPMID- 2\nTI  - Two\n")

    assert [(one.line, one.record.title) for one in found] == [(1, "One"), (3, "Two")]


def test_a_blank_line_within_a_long_value_does_not_end_the_record():
    record = the_record("PMID- 1\nAB  - One\n\n      two.\nTI  - Title\n")

    assert (record.abstract, record.title) == ("One two.", "Title")


def test_what_has_neither_pmid_nor_title_is_refused_with_its_line():
    found = found_in("PMID- 1\nTI  - One\n\nOWN - NLM\nSTAT- MEDLINE\n\nPMID- 3\n")

    assert found[1] == Refusal(4, "the record has neither a PMID nor a title (PMID, TI)")
    assert [one.line for one in found] == [1, 4, 7]


def test_a_pmid_that_is_no_number_is_refused():
    assert found_in("PMID- x1\nTI  - One\n") == [Refusal(1, "PMID 'x1' is no number")]


def test_a_record_with_a_line_that_is_no_part_of_the_format_is_refused_and_the_rest_kept():
    found = found_in("PMID- 1\nTI  - One\n<b>lost</b>\nOWN - NLM\n\nPMID- 2\nTI  - Two\n")

    assert found[0] == Refusal(1, "line 3: expected a tag such as 'TI  - ', found '<b>lost</b>'")
    assert found[1].record.pmid == "2"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("\n<?xml version='1.0'?>\n", "line 2: expected a tag such as 'TI  - ', found \"<?xml"),
        ("TY  - JOUR\nTI  - One\nER  - \n", "line 1: expected a tag such as 'TI  - ', found 'TY  - JOUR'"),
        ("pmid,title\n1,One\n", "found 'pmid,title'"),
        ("      a line that goes on\n", "found 'a line that goes on'"),
    ],
)
def test_a_file_that_is_something_else_is_refused_with_the_line(text, found):
    with pytest.raises(InputError) as caught:
        list(nbib.read(text.encode()))

    assert found in caught.value.message
    assert "format 'PubMed'" in caught.value.hint


def test_short_names_serve_where_there_are_no_full_ones():
    record = the_record(
        "PMID- 1\nAU  - van der Berg JA\nAU  - Beck O 3rd\nAU  - Plato\nFAU - Adler, N\nAU  - Adler N\n"
    )

    assert record.authors == (
        Author("van der Berg", "JA"),
        Author("Beck", "O 3rd"),
        Author("Plato"),
        Author("Adler", "N"),
    )


def test_a_chapter_has_its_book_as_its_journal_and_a_book_its_own_title():
    chapter = the_record("PMID- 1\nDP  - 2023 Jan\nTI  - A chapter\nBTI - Invented Pearls\n")
    book = the_record("PMID- 1\nBTI - Invented Pearls\n")

    assert (chapter.title, chapter.journal) == ("A chapter", "Invented Pearls")
    assert (book.title, book.journal) == ("Invented Pearls", None)


def test_an_abstract_in_other_words_stands_in_where_there_is_no_own_one():
    record = the_record("PMID- 1\nOAB - Abstract available from the publisher.\nOAB - Un essai.\n")

    assert record.abstract == "Un essai."


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_windows_and_mac_files_say_the_same(encoding, line_end):
    data = FULL.replace("\n", line_end).encode(encoding)

    (found,) = nbib.read(data)

    assert found.record == the_record(FULL)


def test_the_format_is_told_by_its_content():
    assert formats.guess("x.txt", FULL.encode()).name == "nbib"
    assert formats.guess("x.txt", b"TI  - One\nJT  - Journal\n").name == "nbib"
    assert not nbib.looks_like("TY  - JOUR\nTI  - One\nDP  - PubMed\nER  - \n")


LINES = st.sampled_from(
    [*FULL.split("\n"), "", "  x", "TI  -", "PMID-", "ZZ", "\t", "PMID- 0", "AU  - ", "MH  - /"]
)


@given(st.lists(LINES, max_size=30))
def test_every_line_of_a_file_belongs_to_a_record_or_a_refusal(lines):
    found = read_or_refused("\n".join(lines).encode())

    if isinstance(found, str):
        assert "line " in found
    else:
        assert found[0].line == next(number for number, line in enumerate(lines, 1) if line.strip())
        assert sorted({one.line for one in found}) == [one.line for one in found]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_nothing_else(data):
    found = read_or_refused(b"PMID- 1\n" + data)

    assert found
    assert "line " in found if isinstance(found, str) else found[0].line == 1


def test_control_characters_and_other_line_ends_inside_values_change_nothing():
    record = the_record("PMID- 1\nTI  - A\x0btitle\x85on\u2028one\x00 line\x07\n")

    assert record.title == "A title on one line"


def test_a_record_without_end_is_refused_and_the_one_before_is_kept(monkeypatch):
    monkeypatch.setattr(nbib, "MAX_RECORD", 1_000_000)
    monkeypatch.setattr(_text, "_BLOCK", 10_000)

    first, refused = nbib.read(("PMID- 1\nTI  - One\n\nPMID- 2\n" + "OT  - word\n" * 30_000).encode())

    assert isinstance(first, Parsed)
    assert refused == Refusal(4, "the record has no end, or more text than any record has")


def test_a_file_in_another_encoding_than_unicode_is_named_with_its_line():
    with pytest.raises(InputError, match="line 3: byte 0xfc is not UTF-8 text"):
        list(nbib.read("PMID- 1\nTI  - One\nFAU - Müller\n".encode("cp1252")))
