from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iimscreen.errors import InputError
from iimscreen.formats import Found, guess, normal_doi, ris
from iimscreen.model import Author, Parsed, Record, Refusal

ONE = "TY  - JOUR\nTI  - A title\nER  - \n"


def found(text: str) -> list[Found]:
    return list(ris.read(text.encode()))


def the_record(text: str) -> Record:
    (only,) = found(text)
    assert isinstance(only, Parsed)
    return only.record


def test_a_record_of_a_reference_manager_is_read_whole() -> None:
    record = the_record(
        "TY  - JOUR\n"
        "ID  - 17\n"
        "AU  - Ferro, Anna B.\n"
        "AU  - Okafor C\n"
        "AU  - Visser M de\n"
        "AU  - The Invented Myositis Study Group\n"
        "TI  - Tofacitinib for calcinosis\n"
        "T2  - Journal of Invented Rheumatology\n"
        "J2  - J Invent Rheumatol\n"
        "PY  - 2021\n"
        "DA  - 2021/03/05/\n"
        "VL  - 12\nIS  - 3\nSP  - 101\nEP  - 109\n"
        "DO  - https://doi.org/10.1000/ABC.1\n"
        "AN  - 90000001\nDB  - PubMed\nC2  - PMC1234567\n"
        "AB  - Ten patients.\n"
        "KW  - calcinosis\nKW  - tofacitinib\n"
        "LA  - eng\nM3  - Journal Article\n"
        "ER  - \n"
    )

    assert record == Record(
        source_id="17",
        accession="90000001",
        pmid="90000001",
        pmcid="PMC1234567",
        doi="10.1000/abc.1",
        title="Tofacitinib for calcinosis",
        abstract="Ten patients.",
        authors=(
            Author("Ferro", "Anna B."),
            Author("Okafor", "C"),
            Author("Visser", "M de"),
            Author("The Invented Myositis Study Group", is_group=True),
        ),
        journal="Journal of Invented Rheumatology",
        journal_abbreviation="J Invent Rheumatol",
        year=2021,
        volume="12",
        issue="3",
        pages="101-109",
        languages=("eng",),
        publication_types=("Journal Article",),
        keywords=("calcinosis", "tofacitinib"),
        published_on="2021-03-05",
    )


def test_ovid_tags_and_banner_lines_are_read() -> None:
    text = (
        "1. \nTY  - JOUR\nID  - 1\nT1  - Title one\nA1  - Ferro A.B.\nY1  - 2009/11//\nN2  - Text\n"
        "JF  - Journal of Invention\nJA  - J. Invent.\nVL  - 6 (1) (no pagination)\nER  - \n\n"
        "2. \nTY  - JOUR\nT1  - Title two\nER  - \n"
    )

    first, second = found(text)

    assert isinstance(first, Parsed)
    assert first.line == 2
    assert first.record.authors == (Author("Ferro", "A.B."),)
    assert (first.record.journal, first.record.journal_abbreviation) == ("Journal of Invention", "J. Invent.")
    assert (first.record.year, first.record.published_on, first.record.abstract) == (2009, "2009-11", "Text")
    assert isinstance(second, Parsed)
    assert second.line == 14


@pytest.mark.parametrize(
    ("lines", "pmid", "accession"),
    [
        ("DB  - Scopus\nC2  - 90000002\nAN  - 2-s2.0-85012345678", "90000002", "2-s2.0-85012345678"),
        ("DB  - Embase\nC5  - 90000003\nAN  - L2001234567", "90000003", "L2001234567"),
        ("AN  - WOS:000123456700001", None, "WOS:000123456700001"),
        ("AN  - PMID: 90000004", "90000004", "90000004"),
        ("N1  - PMID: 90000005", "90000005", None),
        ("N1  - Comment in: Some Journal, PMID: 90000006", None, None),
        ("UR  - https://pubmed.ncbi.nlm.nih.gov/90000007/", "90000007", None),
        ("DB  - Embase\nAN  - 90000008", None, "90000008"),
        ("AN  - see the printed volume", None, None),
    ],
)
def test_a_number_is_a_pmid_only_where_the_source_says_so(
    lines: str, pmid: str | None, accession: str | None
) -> None:
    record = the_record(f"TY  - JOUR\nTI  - A title\n{lines}\nER  - \n")

    assert (record.pmid, record.accession) == (pmid, accession)


@pytest.mark.parametrize(
    ("line", "doi"),
    [
        ("UR  - http://dx.doi.org/10.1000/xyz", "10.1000/xyz"),
        ("N1  - doi: 10.1000/xyz.", "10.1000/xyz"),
        ("L3  - 10.1000/xyz", "10.1000/xyz"),
        ("UR  - https://publisher.example/10.1000/other/cited", None),
        ("N1  - Erratum in: 12(3), 10.1000/notice", None),
    ],
)
def test_a_doi_outside_its_tag_counts_only_where_it_is_plainly_one(line: str, doi: str | None) -> None:
    assert the_record(f"TY  - JOUR\nTI  - A title\n{line}\nER  - \n").doi == doi


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("https://doi.org/10.1000/ABC", "10.1000/abc"),
        ("doi:10.1000/a(05)1.", "10.1000/a(05)1"),
        ("(see 10.1000/a)", "10.1000/a"),
        ("10.1000%2Fa", "10.1000/a"),
        (
            "10.1000/(SICI)10(19960901)78:5&lt;10::AID&gt;3.0.CO;2-O",
            "10.1000/(sici)10(19960901)78:5<10::aid>3.0.co;2-o",
        ),
        ("no identifier", None),
    ],
)
def test_a_doi_is_lower_case_without_resolver_or_sentence(text: str, doi: str | None) -> None:
    assert normal_doi(text) == doi


@given(st.text() | st.from_regex(r"(https?://doi\.org/)?10\.[0-9]{4,6}(/|%2F)[!-~]{1,30}", fullmatch=True))
@example("10.1000/a&amp;amp;lt;b")
def test_a_normal_doi_is_its_own_normal_doi(text: str) -> None:
    doi = normal_doi(text)

    assert doi is None or normal_doi(doi) == doi


def test_line_ends_bom_blank_and_continuation_lines_change_nothing() -> None:
    plain = the_record(
        "TY  - JOUR\nTI  - A title that goes on\nAB  - Text IL-6 more\nKW  - one\nKW  - two\nER  - \n"
    )

    wrapped = (
        "\r\n\r\nTY  - JOUR\r\nTI  - A title\r\n\r\n  that goes on\r\n"
        "AB  - Text\r\nIL-6 more\r\nKW  - one\r\ntwo\r\nER  -\r\n"
    )

    assert the_record(wrapped) == plain
    assert the_record("\ufeff" + wrapped) == plain
    assert list(ris.read(wrapped.encode("utf-16"))) == found(wrapped)


def test_a_record_without_its_end_is_kept_before_the_next_and_at_the_end() -> None:
    titles = [
        one.record.title
        for one in found("TY  - JOUR\nTI  - A\nTY  - JOUR\nTI  - B")
        if isinstance(one, Parsed)
    ]

    assert titles == ["A", "B"]


def test_a_record_without_title_is_refused_with_its_line() -> None:
    refused, kept = found("TY  - JOUR\nAU  - Ferro, A\nER  - \n" + ONE)

    assert refused == Refusal(1, "the record has no title (TI, T1 or CT)")
    assert isinstance(kept, Parsed)


def test_a_record_that_lost_its_first_line_is_refused_and_the_others_kept() -> None:
    kept, refused, also_kept = found(ONE + "AU  - Ferro, A\nTI  - Lost\nER  - \n" + ONE)

    assert isinstance(kept, Parsed)
    assert refused == Refusal(4, "the record starts with 'AU  - ': expected 'TY  - ' before it")
    assert isinstance(also_kept, Parsed)


def test_text_between_records_that_may_be_a_record_is_refused() -> None:
    _, refused, _ = found(ONE + "Ferro A.\nA title\nJ Invent\n2021\n" + ONE)

    assert isinstance(refused, Refusal)
    assert refused.line == 4


@pytest.mark.parametrize(
    "text", ["<html>\n<body>", "\n\nPMID- 90000001\nTI  - A title\n", "title,year\nA,2021\n"]
)
def test_a_file_of_another_kind_is_named_with_line_and_beginning(text: str) -> None:
    number, first = next((n, line) for n, line in enumerate(text.split("\n"), 1) if line)

    with pytest.raises(
        InputError, match=rf"^line {number}: expected the start of a RIS record .*{first[:10]}"
    ):
        ris.read(text.encode())


def test_a_ris_file_is_recognised_whatever_its_name() -> None:
    assert guess("export.dat", ONE.encode()).name == "ris"
    assert guess("export.txt", ("\ufeff1. \n" + ONE).encode("utf-8")).name == "ris"


LINES = [
    *("TY  - JOUR", "ER  - ", "TI  - A", "AU  - ,", "AU  - ;;", "PY  - 99999", "DO  - 10.1/", "KW  -"),
    *("SP  - -", "text", ""),
]


@given(
    st.binary() | st.text().map(str.encode) | st.lists(st.sampled_from(LINES)).map("\n".join).map(str.encode)
)
@example(b"TY  - \x00")
@example(b"TY  - JOUR\nTI  - \x07\n")
def test_no_bytes_make_the_reader_fail_but_with_an_input_error(data: bytes) -> None:
    read: list[Found] = []
    with contextlib.suppress(InputError):
        read = list(ris.read(data))

    assert all(one.record.title for one in read if isinstance(one, Parsed))


@given(st.lists(st.sampled_from(["record", "no title", "no start"]), min_size=1))
def test_every_record_of_a_file_is_either_read_or_refused(kinds: list[str]) -> None:
    texts = {"record": ONE, "no title": "TY  - JOUR\nAU  - A\nER  - \n", "no start": "TI  - A\nER  - \n"}

    read = found(ONE + "".join(texts[kind] for kind in kinds))

    assert [isinstance(one, Parsed) for one in read] == [True, *(kind == "record" for kind in kinds)]
