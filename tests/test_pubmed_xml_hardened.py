"""PubMed XML that is long, nested, damaged or meant to do harm: read as it stands, or refused with its line."""

from __future__ import annotations

import gzip
import io
import random
import re
import tracemalloc
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eutils_server import invented, set_of
from iimscreen.errors import InputError
from iimscreen.formats import _pubmed_pieces, pubmed_xml
from iimscreen.model import Parsed, Refusal
from pubmed_records import BOOK, FULL, a_set, an_article, records_of, the_record


def read_or_refused(data: bytes) -> list[Parsed | Refusal] | str:
    """What is found, or the message of the refusal; any other error is the test's to see."""
    try:
        return list(pubmed_xml.read(data))
    except InputError as error:
        return error.message


def test_a_record_within_a_record_is_part_of_it():
    inner = an_article("2", "<ArticleTitle>Inner</ArticleTitle>").replace("\n", "")
    data = a_set(an_article("1", "<ArticleTitle>Outer</ArticleTitle>", inner), an_article("3"))

    assert [(record.pmid, record.title) for record in records_of(data)] == [("1", "Outer"), ("3", None)]


def test_a_long_file_is_read_a_piece_at_a_time():
    number = 20_000
    parts = (an_article(str(n), f"<ArticleTitle>{'long ' * 40}</ArticleTitle>") for n in range(1, number + 1))
    data = a_set(*parts)
    file = io.BytesIO(gzip.compress(data, compresslevel=1))
    tracemalloc.start()

    count = sum(1 for _ in pubmed_xml.read_stream(file))

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == number
    assert len(data) > 6_000_000 > 2 * peak


def test_a_record_is_whole_wherever_the_pieces_of_the_file_end(monkeypatch):
    data = a_set(FULL, "<!-- a\n<PubmedArticle> -->", BOOK.format(chapter=""), an_article("3"))
    data = data.replace(b"Nobody was cured.", b"<![CDATA[Nobody was]]> cured.")
    whole = list(pubmed_xml.read(data))

    for size in (1, 2, 7, 64, 1000):
        monkeypatch.setattr(_pubmed_pieces, "_BLOCK", size)

        assert list(pubmed_xml.read(data)) == whole, size


@pytest.mark.parametrize(
    ("bound", "data", "message"),
    [
        ("MAX_RECORD_BYTES", a_set(an_article(article="x" * 5000)), "line 3: no record ends within 2,000"),
        ("MAX_DEPTH", a_set("<a>" * 5000), "line 3: elements are nested more than 2,000 deep"),
        (
            "MAX_BYTES",
            gzip.compress(b"<PubmedArticleSet>" + b" " * 5000, mtime=0),
            "line 1: .* more than 2,000 bytes",
        ),
    ],
)
def test_what_one_file_may_take_is_bounded(monkeypatch, bound, data, message):
    monkeypatch.setattr(_pubmed_pieces, "_BLOCK", 500)
    monkeypatch.setattr(_pubmed_pieces, bound, 2000)

    with pytest.raises(InputError, match=message):
        list(pubmed_xml.read(data))


def test_gzip_members_one_after_another_are_one_file():
    data = a_set(an_article("1"), an_article("2"))
    packed = gzip.compress(data[:200]) + gzip.compress(data[200:]) + b"\0" * 40

    assert [record.pmid for record in records_of(packed)] == ["1", "2"]


def test_the_line_of_a_record_is_where_it_starts_even_after_misleading_text():
    comment = "<!-- <PubmedArticle>\n<PubmedArticle> -->\n"
    data = a_set(FULL, comment, an_article("2"), an_article("3"))

    lines = [found.line for found in pubmed_xml.read(data)]

    text = data.decode().split("\n")
    assert [text[line - 1].startswith("<PubmedArticle>") for line in lines] == [True, True, True]
    assert lines[1:] == [lines[0] + FULL.count("\n") + 2, lines[0] + FULL.count("\n") + 3]


@pytest.mark.parametrize(
    ("declaration", "reference"),
    [
        ('<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">', "&b;"),
        ('<!ENTITY a SYSTEM "file:///etc/passwd">', "&a;"),
        ('<!ENTITY % a SYSTEM "http://127.0.0.1:1/x.dtd"> %a;', ""),
    ],
)
def test_a_file_that_declares_entities_is_refused(declaration, reference):
    data = (
        f"<!DOCTYPE PubmedArticleSet [\n{declaration}]>"
        f"<PubmedArticleSet>{an_article(article=f'<ArticleTitle>{reference}</ArticleTitle>')}</PubmedArticleSet>"
    )

    with pytest.raises(InputError, match="line 2: the file declares entities of its own"):
        list(pubmed_xml.read(data.encode()))


def test_deeply_nested_elements_do_no_harm():
    depth = 50_000
    data = a_set(an_article(article=f"<ArticleTitle>{'<i>' * depth}x{'</i>' * depth}</ArticleTitle>"))

    assert the_record(data).title == "x"


@pytest.mark.parametrize("name", ["Article", "MedlineCitation", "PubmedArticle", "Mystery"])
def test_what_is_nested_in_itself_does_no_harm(name):
    depth = 20_000
    nested = f"{f'<{name}>' * depth}x{f'</{name}>' * depth}"
    data = a_set(an_article("1", f"<ArticleTitle>A</ArticleTitle>{nested}<Language>eng</Language>"))

    record = the_record(data)

    assert (record.pmid, record.title, record.languages) == ("1", "A", ("eng",))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (a_set(FULL)[:-30], "line .*: this is no well-formed XML"),
        (
            a_set(an_article("1"), "<PubmedArticle></b>\n"),
            "line 5: this is no well-formed XML .mismatched tag",
        ),
        (b"<html><body/></html>", "line 1: expected <PubmedArticleSet>, found <html>"),
        (b"\n\n<records/>", "line 3: expected <PubmedArticleSet>, found <records>"),
        (b"", "line 1: .*no element"),
        (b"PMID- 1", "line 1: this is no well-formed XML"),
        (gzip.compress(a_set(FULL), mtime=0)[:-20], "line 1: the gzip file cannot be unpacked"),
        (a_set("&undeclared;"), "line 4: this is no well-formed XML"),
        (
            b'<?xml version="1.0" encoding="klingon"?><PubmedArticleSet/>',
            "line 1: this is no well-formed XML",
        ),
    ],
)
def test_a_file_that_is_no_set_of_records_is_refused_with_its_line(data, message):
    with pytest.raises(InputError, match=message):
        list(pubmed_xml.read(data))


def test_a_cut_file_gives_the_records_before_the_cut():
    data = a_set(an_article("1"), an_article("2"), an_article("3"))
    found = pubmed_xml.read(data[: data.index(b"<PMID>3")])

    before = [next(found), next(found)]
    with pytest.raises(InputError) as caught:
        next(found)

    assert [one.record.pmid for one in before] == ["1", "2"]
    assert "cut short" in caught.value.hint


WHOLE = a_set(FULL, BOOK.format(chapter=""), an_article("3"))


@given(
    st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.binary(max_size=6), st.integers(0, 40)), max_size=6)
)
def test_mangled_files_are_read_or_refused_and_nothing_else(damages):
    data = bytearray(WHOLE)
    for place, inserted, removed in damages:
        data[place : place + removed] = inserted

    found = read_or_refused(bytes(data))

    if isinstance(found, str):
        assert found.startswith("line ")
    else:
        assert all(isinstance(one, Parsed | Refusal) for one in found)


def by_the_tree(data: bytes) -> list[tuple[str, str | None, str]] | None:
    """PMID, title and family names of each record as ElementTree has them; None if it refuses the file."""
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError):
        return None
    found = []
    for element in root:
        pmid = element.find("*/PMID")
        if element.tag not in ("PubmedArticle", "PubmedBookArticle") or pmid is None:
            continue
        title = element.find("*/Article/ArticleTitle")
        texts = "" if title is None else "".join(title.itertext())
        names = [name.text or "" for name in element.iterfind("*/Article/AuthorList/Author/LastName")]
        found.append(("".join(pmid.itertext()).strip(), " ".join(texts.split()) or None, "".join(names)))
    return found


TAGS = [place for place, byte in enumerate(WHOLE) if byte in b"<>"]
MARKUP = [
    *(b"<", b">", b"/", b" ", b"\n", b'"', b"'", b"&amp;", b"]]>", b"<i>", b"</i>", b"<i>x</i>", b"<a/>"),
    *(b"<!-- <PMID>9</PMID> -->", b"<!--", b"-->", b"<![CDATA[<PMID>]]>", b"<![CDATA[", b"<?x?>"),
    *(b"<PMID>5</PMID>", b"</PubmedArticle>", b"<PubmedArticle>", b"<ArticleTitle>q</ArticleTitle>"),
]


@given(st.sampled_from(TAGS), st.integers(0, 1), st.sampled_from([b"", *MARKUP]), st.integers(0, 30))
def test_a_file_damaged_at_its_markup_is_read_as_any_xml_reader_reads_it(place, after, inserted, removed):
    data = WHOLE[: place + after] + inserted + WHOLE[place + after + removed :]

    found = read_or_refused(data)

    expected = by_the_tree(data)
    if isinstance(found, str):
        assert expected is None or "expected <PubmedArticleSet>" in found
    else:
        pmids = [one.record.pmid for one in found if isinstance(one, Parsed)]
        assert expected is not None
        assert pmids == [
            pmid.lstrip("0") for pmid, _, _ in expected if re.fullmatch("0*[1-9][0-9]{0,8}", pmid)
        ]
        titles = {pmid: title for pmid, title, _ in expected}
        for one in found:
            if isinstance(one, Parsed) and one.record.pmid != "30000002":
                assert one.record.title == titles[one.record.pmid]


@given(st.integers(0, len(WHOLE)))
def test_a_file_cut_at_any_byte_gives_whole_records_and_then_says_that_it_is_cut(place):
    whole = list(pubmed_xml.read(WHOLE))
    found = []

    try:
        for one in pubmed_xml.read(WHOLE[:place]):
            found.append(one)  # noqa: PERF402 (what was given before the error counts)
        error = ""
    except InputError as caught:
        error = caught.message

    assert found == whole[: len(found)]
    assert error.startswith("line ") or WHOLE[place:].strip() == b""


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x1f\x8b", b"\xff\xfe", b"<PubmedArticleSet>"]))
def test_any_bytes_are_read_or_refused_and_nothing_else(data, start):
    found = read_or_refused(start + data)

    assert found == [] or (isinstance(found, str) and found.startswith("line "))


@given(st.randoms(use_true_random=False), st.integers(0, 30))
def test_records_do_not_depend_on_line_breaks_between_elements(randomness: random.Random, number):
    articles = list(invented(number))
    randomness.shuffle(articles)
    flat = set_of(articles).encode()
    broken = flat.replace(b"><PubmedArticle>", b">\n\n<PubmedArticle>").replace(b"<Article ", b"\n<Article ")

    assert records_of(broken) == records_of(flat)
    assert [record.pmid for record in records_of(flat)] == [article.pmid for article in articles]
