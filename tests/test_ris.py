from __future__ import annotations

import contextlib
import io
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iimscreen.errors import InputError
from iimscreen.formats import Found, _text, guess, normal_doi, ris
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

    cause = "the record has no title (TI, T1 or CT), and no abstract, DOI or PMID to know it by"
    assert refused == Refusal(1, cause)
    assert isinstance(kept, Parsed)


@pytest.mark.parametrize("line", ["AB  - Some text", "DO  - 10.5555/a", "AN  - PMID: 90000001"])
def test_a_record_without_title_is_kept_if_anything_else_tells_what_it_is(line: str) -> None:
    record = the_record(f"TY  - JOUR\n{line}\nER  - \n")

    assert record.title is None


def test_a_record_that_lost_its_first_line_is_kept_by_its_title() -> None:
    kept, also_kept, refused, last = found(
        ONE + "AU  - Ferro, A\nTI  - Lost\nER  - \n" + "AU  - Ferro, A\nER  - \n" + ONE
    )

    assert isinstance(kept, Parsed)
    assert isinstance(also_kept, Parsed)
    assert (also_kept.line, also_kept.record.title) == (4, "Lost")
    assert refused == Refusal(7, "the record starts with 'AU  - ': expected 'TY  - ' before it")
    assert isinstance(last, Parsed)


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
        list(ris.read(text.encode()))


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

    assert all(one.record.title or one.record.doi for one in read if isinstance(one, Parsed))


@given(st.lists(st.sampled_from(["record", "no title", "no start"]), min_size=1))
def test_every_record_of_a_file_is_either_read_or_refused(kinds: list[str]) -> None:
    texts = {"record": ONE, "no title": "TY  - JOUR\nAU  - A\nER  - \n", "no start": "AU  - A\nER  - \n"}

    read = found(ONE + "".join(texts[kind] for kind in kinds))

    assert [isinstance(one, Parsed) for one in read] == [True, *(kind == "record" for kind in kinds)]


# --- as others write it ----------------------------------------------------------------------------

EXPORTS = Path(__file__).parent / "data" / "exports"


def exported(name: str) -> list[Parsed]:
    read = list(ris.read((EXPORTS / name).read_bytes()))
    assert all(isinstance(one, Parsed) for one in read)
    return [one for one in read if isinstance(one, Parsed)]


@pytest.mark.parametrize(
    ("name", "database", "accession", "pmid", "doi", "year", "pages"),
    [
        ("pubmed", "PubMed", "90000001", "90000001", "10.5555/invented.1", 2021, "101-109"),
        ("ovid-medline", "Ovid MEDLINE(R) ALL", "90000002", "90000002", "10.5555/invented.2", 2020, "1024-9"),
        ("ovid-embase", "Embase", "2005555001", None, "10.5555/invented.3", 2020, None),
        ("embase", "Embase", "L51009999", "90000004", "10.5555/invented.4", 2018, "2091-2093"),
        ("scopus", "Scopus", "2-s2.0-85000000005", "90000005", "10.5555/invented.5", 2020, "093903"),
        ("wos", "Web of Science", "WOS:000600000000006", None, "10.5555/invented.6", 2021, "104001"),
        (
            "central",
            "Cochrane Central Register of Controlled Trials",
            "CN-02345678",
            "90000007",
            "10.5555/invented.7",
            2021,
            "120-131",
        ),
        ("endnote", "Medline", "90000008", "90000008", "10.5555/invented.8", 2021, "101-109"),
        ("zotero", "PubMed", "90000009", "90000009", "10.5555/invented.9", 2023, None),
        ("mendeley", None, None, None, "10.5555/invented.10", 2022, "7-8"),
        ("proquest", "ProQuest Dissertations & Theses Global", "2600000011", None, None, 2019, None),
        ("ebsco", "CINAHL", "137000012", None, "10.5555/invented.12", 2019, "1400-1410"),
        ("clinicaltrials", "ClinicalTrials.gov", "NCT90000013", None, None, 2022, None),
        ("covidence", None, None, None, "10.5555/invented.14", 2021, "101-109"),
        ("rayyan", None, None, None, None, 2021, "101-109"),
    ],
)
def test_what_identifies_a_record_is_found_where_each_vendor_puts_it(
    name: str,
    database: str | None,
    accession: str | None,
    pmid: str | None,
    doi: str | None,
    year: int,
    pages: str | None,
) -> None:
    first = exported(f"{name}.ris")[0]

    record = first.record
    assert first.database == database
    assert (record.accession, record.pmid, record.doi) == (accession, pmid, doi)
    assert (record.year, record.pages) == (year, pages)
    assert record.title
    assert record.authors


def test_every_vendors_file_is_recognised_as_ris() -> None:
    for path in sorted(EXPORTS.glob("*.ris")):
        assert guess("export.txt", path.read_bytes()).name == "ris", path.name


def test_banners_between_records_belong_to_neither() -> None:
    first, second = exported("ovid-embase.ris")

    assert (first.record.doi, first.record.abstract) == (
        "10.5555/invented.3",
        "An abstract that was broken by the platform.",
    )
    assert (second.record.accession, second.record.publication_types) == (
        "635555002",
        ("Conference Abstract",),
    )


def test_keywords_on_lines_of_their_own_are_keywords() -> None:
    (one,) = exported("endnote.ris")

    assert one.record.keywords == ("inventions", "invented diseases", "*drug effects")


@pytest.mark.parametrize(
    ("start", "tag"),
    [("TY- JOUR", "TI- "), ("TY - JOUR", "TI - "), ("ty  - JOUR", "ti  - "), ("  TY  - JOUR", "  TI  - ")],
)
def test_other_spellings_of_tags_are_read_where_a_record_begins_so(start: str, tag: str) -> None:
    end = tag.replace("TI", "ER").replace("ti", "er")

    one, other = found(f"{start}\n{tag}A title\n{end}\n\n{start}\n{tag}Another\n{end}\n")

    assert isinstance(one, Parsed)
    assert isinstance(other, Parsed)
    assert (one.record.title, other.record.title) == ("A title", "Another")


def test_a_line_that_only_looks_like_a_loose_tag_goes_on_with_the_abstract() -> None:
    record = the_record(
        "TY  - JOUR\nTI  - A title\nAB  - Tumours that were\nER- negative, or\nPR- negative\nPY  - 2020\nER  - \n"
    )

    assert (record.abstract, record.year) == ("Tumours that were ER- negative, or PR- negative", 2020)


def test_an_abstract_in_parts_is_kept_whole_and_once() -> None:
    record = the_record("TY  - JOUR\nTI  - A\nAB  - One.\nAB  - Two.\nAB  - One.\nN2  - One.\nER  - \n")

    assert record.abstract == "One. Two."


def test_records_of_files_put_one_behind_another_are_read() -> None:
    read = list(ris.read(f"\ufeff{ONE}\ufeff{ONE}EF  - \n".encode()))

    assert [type(one) for one in read] == [Parsed, Parsed]


def test_control_characters_inside_values_neither_break_lines_nor_stay() -> None:
    record = the_record("TY  - JOUR\nTI  - A\x0btitle\x85that\u2028goes\x0con\x00 and\x1f \x07on\nER  - \n")

    assert record.title == "A title that goes on and on"


def test_ten_thousand_authors_are_read() -> None:
    names = "".join(f"AU  - Example{n}, A.\n" for n in range(10_000))

    assert len(the_record(f"TY  - JOUR\nTI  - A\n{names}ER  - \n").authors) == 10_000


def test_a_record_without_end_is_refused_and_the_others_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ris, "MAX_RECORD", 1_000_000)
    monkeypatch.setattr(_text, "_BLOCK", 10_000)
    endless = "TY  - JOUR\nTI  - Endless\n" + "KW  - word\n" * 30_000

    first, refused, last = found(f"{ONE}{endless}{ONE}")

    assert isinstance(first, Parsed)
    assert refused == Refusal(4, "the record has no end, or more text than any record has")
    assert isinstance(last, Parsed)


@given(
    st.lists(
        st.sampled_from(["TY  - JOUR", "ER  - ", "TI  - Ä title", "AU  - A, B", "going on", " ", "1. "])
    ),
    st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=1),
    st.integers(1, 40),
)
def test_neither_line_ends_nor_blocks_change_what_is_read(
    lines: list[str], ends: list[str], size: int
) -> None:
    lines = ["TY  - JOUR", "TI  - First", "ER  - ", *lines]
    plain = "".join(f"{line}\n" for line in lines).encode()
    mixed = "".join(f"{line}{ends[n % len(ends)]}" for n, line in enumerate(lines)).encode()

    assert list(ris.read_stream(Dribble(mixed, size))) == list(ris.read(plain))


class Dribble:
    """A file that gives no more than some bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._file = io.BytesIO(data)
        self._size = size

    def read(self, size: int = -1, /) -> bytes:
        return self._file.read(min(self._size, size))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (", Anna", Author("Anna")),
        (",Ferro, A.", Author("Ferro", "A.")),
        ("B. de Jong", Author("de Jong", "B.")),
        ("Ferro AB Jr", Author("Ferro", "AB Jr")),
        ("COMET Study Groups", Author("COMET Study Groups", is_group=True)),
    ],
)
def test_every_author_has_a_family_name(written: str, expected: Author) -> None:
    assert the_record(f"TY  - JOUR\nTI  - A\nAU  - {written}\nER  - \n").authors == (expected,)


@pytest.mark.parametrize(
    "line",
    [
        "DO  - 10.1000/" + ")." * 500_000,
        "DO  - 10.1000/&" + "amp;" * 250_000,
        "UR  - " + "embase.com/" * 90_000,
    ],
)
def test_the_time_of_a_line_is_in_proportion_to_its_length(line: str) -> None:
    before = time.process_time()

    record = the_record(f"TY  - JOUR\nTI  - A\n{line}\nER  - \n")

    assert record.title == "A"
    assert time.process_time() - before < 3  # 0.5 s; it was hours


def test_a_line_of_text_that_begins_with_er_ends_no_record() -> None:
    (only,) = found("TY  - JOUR\nTI  - A\nAB  - Of all,\nER - positive tumours\nwere counted.\nER  - \n")

    assert isinstance(only, Parsed)
    assert only.record.abstract == "Of all, ER - positive tumours were counted."
