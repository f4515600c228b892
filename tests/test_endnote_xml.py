from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iimscreen.errors import InputError
from iimscreen.formats import Found, Remark, endnote_xml, guess
from iimscreen.model import Author, Parsed, Record, Refusal

HEAD = '<?xml version="1.0" encoding="UTF-8" ?>\n<xml><records>'
TAIL = "</records></xml>"
ILL_FORMED = "the record is no well-formed XML"
UNKNOWN = "the record has no title, and no abstract, DOI or PMID to know it by"
EXPORT = (Path(__file__).parent / "data" / "exports" / "endnote.xml").read_text(encoding="utf-8")
WHOLE = EXPORT.removeprefix(HEAD).removesuffix(TAIL)


def one(title: str = "A title", inner: str = "") -> str:
    return f"<record><titles><title>{title}</title></titles>{inner}</record>\n"


def found(text: str | bytes) -> list[Found]:
    return list(endnote_xml.read(text if isinstance(text, bytes) else text.encode()))


def the_record(text: str) -> Record:
    (only,) = found(HEAD + text + TAIL)
    assert isinstance(only, Parsed), only
    return only.record


def test_a_record_of_endnote_is_read_whole() -> None:
    (only,) = found(HEAD + WHOLE + TAIL)

    assert only == Parsed(
        2,
        Record(
            source_id="412",
            accession="90000001",
            pmid="90000001",
            pmcid="PMC7000001",
            doi="10.1000/one",
            title="Drug one in vitro & in mice",
            vernacular_title="Mittel eins",
            abstract="Ten patients. All well.",
            authors=(
                Author("Ferro", "Anna B."),
                Author("Okafor", "C"),
                Author("Invented Alliance", is_group=True),
            ),
            journal="Journal of Inventions",
            journal_abbreviation="J Invent",
            year=2021,
            volume="7",
            issue="2",
            pages="1-9",
            languages=("eng",),
            keywords=("alpha", "beta", "gamma"),
            published_on="2021-03-05",
        ),
        "MEDLINE",
    )


@pytest.mark.parametrize(
    ("inner", "field", "value"),
    [
        ("<dates><year>2020</year></dates>", "published_on", "2020"),
        ("<dates><year>in press 2020</year></dates>", "year", 2020),
        ("<dates><year>2020</year><pub-dates><date>2020/5/6</date></pub-dates></dates>", "published_on", "2020-05-06"),
        ("<custom7>e12</custom7>", "pages", "e12"),
        ("<accession-num>WOS:000200000001</accession-num>", "accession", "WOS:000200000001"),
        ("<accession-num>123</accession-num>", "pmid", None),
        ("<notes>PMID: 90000002</notes>", "pmid", "90000002"),
        ("<urls><related-urls><url>https://doi.org/10.1000/x</url></related-urls></urls>", "doi", "10.1000/x"),
        ('<ref-type name="Thesis">32</ref-type>', "publication_types", ("Thesis",)),
        ("<work-type>Review</work-type>", "publication_types", ("Review",)),
    ],
)  # fmt: skip
def test_each_element_is_read_where_endnote_puts_it(inner: str, field: str, value: object) -> None:
    assert getattr(the_record(one(inner=inner)), field) == value


def test_an_export_of_endnote_is_recognised_and_told_from_pubmed() -> None:
    assert guess("export.xml", (HEAD + WHOLE + TAIL).encode()).name == "endnote_xml"
    assert guess("export.dat", f"<xml>\n<records>{WHOLE}".encode()).name == "endnote_xml"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_other_encodings_are_read(encoding: str) -> None:
    text = f"<xml><records>{one('Über Myositis')}{TAIL}"

    (only,) = found(text.encode(encoding))

    assert isinstance(only, Parsed)
    assert only.record.title == "Über Myositis"


def test_a_declared_encoding_is_heeded() -> None:
    text = f'<?xml version="1.0" encoding="ISO-8859-1"?><xml><records>{one("Über")}{TAIL}'

    (only,) = found(text.encode("latin-1"))

    assert isinstance(only, Parsed)
    assert only.record.title == "Über"


@pytest.mark.parametrize("control", ["\x0b", "&#x1f;", "&#2;", "&#xFFFF;", "\uffff"])
def test_control_characters_that_xml_forbids_are_left_out_and_counted(control: str) -> None:
    text = (HEAD + one(f"A{control} title") + one() + TAIL).encode()

    read = list(endnote_xml.read_stream(io.BytesIO(text)))

    assert [r.record.title for r in read if isinstance(r, Parsed)] == ["A title", "A title"]
    assert read[-1] == Remark("1 control character that XML forbids left out")


# --- what is no record -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "cause"),
    [
        ("<record><titles><title>Cut</titel></titles></record>\n", f"{ILL_FORMED} (mismatched tag, line 3)"),
        ("<record>\n<titles><title>a & b</title></titles></record>\n",
         f"{ILL_FORMED} (not well-formed (invalid token), line 4)"),
        ("<record><titles><title>&nbsp;</title></titles></record>\n", f"{ILL_FORMED} (undefined entity, line 3)"),
        ("<record><titles><title>Open</title>\n", "the record is not closed before the next one begins"),
        ("</record>\n", "</record> without a <record> before it"),
        ("<recrod><titles>Lost</titles></recrod>\n", "text outside any record: expected <record>"),
        ("<record><rec-number>4</rec-number></record>\n", UNKNOWN),
        (
            f"<record>{'<a>' * 300}{'</a>' * 300}</record>\n",
            "elements are nested more than 200 deep, as EndNote's never are",
        ),
    ],
)  # fmt: skip
def test_a_broken_record_is_refused_by_its_line_and_the_next_is_read(broken: str, cause: str) -> None:
    first, second, third = found(HEAD + "\n" + broken + one("Next") + one("Last").strip() + TAIL)

    assert first == Refusal(3, cause)
    assert [one.record.title for one in (second, third) if isinstance(one, Parsed)] == ["Next", "Last"]
    assert second.line == 3 + broken.count("\n")


def test_text_behind_the_last_record_is_refused_too() -> None:
    assert found(HEAD + one() + "<recrod>Lost</recrod>" + TAIL)[-1] == Refusal(
        3, "text outside any record: expected <record>"
    )


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    f"<xml><records>{one('&b;')}{TAIL}"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + one() + "<record><titles>", "line 3: the file ends before </records>"),
        (HEAD + one(), "the file ends before </records>"),
        (BOMB, "line 1: the file declares entities of its own"),
        (
            '<!DOCTYPE x SYSTEM "file:///etc/passwd" [ <!ENTITY % p SYSTEM "x"> ]><xml><records>',
            "declares entities",
        ),
        ("<xml><items/></xml>", "line 1: expected <xml><records>, found"),
        ("", "line 1: expected <xml><records>"),
        ('<?xml version="1.0" encoding="klingon"?><xml><records>', "the encoding 'klingon' is not known"),
        (f"{HEAD}<record><abstract>{'x' * 16_000_001}", "no record ends within 16,000,000 bytes"),
    ],
    ids=["cut in a record", "cut behind one", "bomb", "DTD", "other XML", "empty", "encoding", "endless"],
)
def test_a_file_that_is_no_sound_export_is_refused_whole(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        found(text)

    assert message in caught.value.message
    assert caught.value.hint


def test_ten_thousand_authors_are_read() -> None:
    names = "".join(f"<author><style>Ferro{number}, A</style></author>" for number in range(10_000))

    record = the_record(one(inner=f"<contributors><authors>{names}</authors></contributors>"))

    assert len(record.authors) == 10_000


PIECES = st.sampled_from(
    [
        "<record>",
        "</record>",
        "<titles><title>",
        "</title></titles>",
        "x",
        "&",
        "&amp;",
        "\n",
        "\x01",
        "<!--",
        "-->",
        TAIL,
    ]
)


@given(st.binary(max_size=60) | st.lists(PIECES, max_size=30).map("".join).map(str.encode))
def test_no_bytes_make_the_reader_fail_but_with_an_input_error(data: bytes) -> None:
    read: list[Found] = []
    with contextlib.suppress(InputError):
        read = found(HEAD.encode() + data)

    assert all(one.record.title for one in read if isinstance(one, Parsed))


@given(st.lists(st.sampled_from(["record", "no title", "cut", "stray"]), max_size=8))
def test_every_record_of_a_file_is_either_read_or_refused(kinds: list[str]) -> None:
    pieces = {
        "record": one(),
        "no title": "<record></record>\n",
        "cut": "<record><titles><title></record>\n",
        "stray": "lost\n",
    }

    read = found(HEAD + one() + "".join(pieces[kind] + one() for kind in kinds) + TAIL)

    assert len(read) == 1 + 2 * len(kinds)
    assert sum(isinstance(r, Refusal) for r in read) == sum(kind != "record" for kind in kinds)


def test_the_file_is_read_in_pieces_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (HEAD + "\n" + one("Über &#x1f; A") * 3 + "\n\nlost\n" + one("Last") + TAIL).encode()
    whole = list(endnote_xml.read_stream(io.BytesIO(text)))

    for size in (1, 7, 64):
        monkeypatch.setattr(endnote_xml, "_BLOCK", size)

        assert list(endnote_xml.read_stream(io.BytesIO(text))) == whole
