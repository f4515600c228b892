from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iimscreen.errors import InputError
from iimscreen.formats import Found, guess, wos
from iimscreen.model import Author, Parsed, Record, Refusal

FILE = Path(__file__).parent / "data" / "exports" / "wos.ciw"
ONE = "PT J\nAU Example, A\nTI A title\nER\n\n"


def found(text: str) -> list[Found]:
    return list(wos.read(text.encode()))


def test_an_export_is_read_whole() -> None:
    first, second = wos.read(FILE.read_bytes())

    assert first == Parsed(
        3,
        Record(
            accession="WOS:000600000000016",
            pmid="90000016",
            doi="10.5555/invented.16",
            title="An invented map of invented science that goes on",
            abstract="A first line and a second.",
            authors=(
                Author("Example", "Anna B."),
                Author("Sample", "Cé"),
                Author("Invented Study Grp", is_group=True),
            ),
            journal="SCIENTOINVENTRICS",
            journal_abbreviation="Scientoinventrics",
            year=2021,
            volume="126",
            issue="3",
            pages="2001-2019",
            languages=("English",),
            publication_types=("Article", "Proceedings Paper"),
            keywords=("mapping", "inventions", "SCIENCE", "INVENTIONS"),
            published_on="2021-03",
        ),
        "Web of Science",
    )
    assert isinstance(second, Parsed)
    assert (second.line, second.record.authors, second.record.pages) == (36, (), "104001")


@pytest.mark.parametrize("name", ["savedrecs.txt", "savedrecs.ciw", "export"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_it_is_recognised_whatever_its_name_and_encoding(name: str, codec: str) -> None:
    data = FILE.read_text(encoding="utf-8-sig").encode(codec)

    assert guess(name, data).name == "wos"
    assert len(list(wos.read(data))) == 2


def test_without_its_first_lines_it_is_recognised_by_the_type_of_a_record() -> None:
    assert guess("a.txt", ONE.encode()).name == "wos"


@pytest.mark.parametrize("head", ["TY  - JOUR\nTI  - A\n", "PMID- 1\nTI  - A\n", "FN x\nVR 1.0\n", ""])
def test_no_other_format_is_taken_for_it(head: str) -> None:
    assert not wos.looks_like(head)


def test_medline_on_that_platform_has_the_pmid_in_its_number() -> None:
    (one,) = found("PT J\nTI A title\nUT MEDLINE:90000001\nER\n")

    assert isinstance(one, Parsed)
    assert (one.record.pmid, one.record.accession) == ("90000001", "MEDLINE:90000001")


def test_short_names_serve_where_full_ones_do_not_stand_for_all() -> None:
    (one,) = found("PT J\nAU Example, A\n   Sample, C\nAF Example, Anna\nTI A title\nER\n")

    assert isinstance(one, Parsed)
    assert one.record.authors == (Author("Example", "A"), Author("Sample", "C"))


def test_a_record_that_lost_its_end_is_kept_before_the_next_and_at_the_end() -> None:
    first, second = found("PT J\nTI One\nPT J\nTI Two\n")

    assert isinstance(first, Parsed)
    assert isinstance(second, Parsed)
    assert (first.record.title, second.record.title) == ("One", "Two")


def test_what_is_no_part_of_the_format_is_refused_with_its_line() -> None:
    text = f"{ONE}PT J\nTI A title\nthat lost its indent\nER\nPT J\nAU Example, A\nER\n"

    kept, refused, no_title = found(text)

    assert isinstance(kept, Parsed)
    assert isinstance(refused, Refusal)
    assert (refused.line, refused.cause[:38]) == (6, "line 8: expected a tag such as 'TI', o")
    assert no_title == Refusal(10, "the record has no title (TI), and no abstract, DOI or PMID to know it by")


def test_a_file_without_records_is_refused_with_its_first_line() -> None:
    with pytest.raises(InputError, match="line 2: expected the start of a Web of Science record"):
        found("\nFN Clarivate Analytics Web of Science\nVR 1.0\nEF\n")


LINES = ["PT J", "ER", "EF", "TI A", "   on", "AU A, B", "PY 2020", "", "text", "DI 10.1/", "UT 1", "PM x"]


@given(
    st.binary() | st.text().map(str.encode) | st.lists(st.sampled_from(LINES)).map("\n".join).map(str.encode)
)
def test_no_bytes_make_the_reader_fail_but_with_an_input_error(data: bytes) -> None:
    read: list[Found] = []
    with contextlib.suppress(InputError):
        read = list(wos.read(data))

    assert all(one.record.title for one in read if isinstance(one, Parsed))


@given(st.lists(st.sampled_from(["record", "no title", "no end"]), min_size=1))
def test_every_record_of_a_file_is_either_read_or_refused(kinds: list[str]) -> None:
    texts = {"record": ONE, "no title": "PT J\nAU A\nER\n", "no end": "PT J\nTI A\n"}

    read = found("".join(texts[kind] for kind in kinds))

    assert [isinstance(one, Parsed) for one in read] == [kind != "no title" for kind in kinds]
