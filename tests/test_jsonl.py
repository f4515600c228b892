from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iimscreen import formats
from iimscreen.formats import jsonl
from iimscreen.model import Author, Link, Parsed, Record, Refusal

texts = st.text(max_size=8)
maybe = st.none() | texts
lists = st.lists(texts, max_size=3).map(tuple)
records = st.builds(
    Record,
    title=texts.filter(str.strip),
    year=st.none() | st.integers(0, 9999),
    authors=st.lists(st.builds(Author, texts, texts, st.booleans()), max_size=3).map(tuple),
    links=st.lists(st.builds(Link, texts, maybe, texts), max_size=2).map(tuple),
    **{key: maybe for key in jsonl._TEXTS if key != "title"},
    **dict.fromkeys(jsonl._LISTS, lists),
)


def lines(*values: object) -> bytes:
    return "".join(json.dumps(value) + "\n" for value in values).encode()


@settings(max_examples=40)
@given(st.lists(records, max_size=2))
def test_what_is_written_is_read_back_the_same(written):
    data = jsonl.write(written)

    assert list(jsonl.read(data)) == [Parsed(line, record) for line, record in enumerate(written, start=1)]


@given(st.text(max_size=80))
def test_any_line_is_a_record_or_a_refusal(text):
    line = text.replace("\n", " ").replace("\r", " ").replace("\0", " ")

    found = list(jsonl.read(line.encode()))

    assert len(found) == bool(line.strip().strip("\ufeff") or line.strip())


def test_blank_lines_are_passed_over_and_counted():
    found = list(jsonl.read(b'\n{"title": "A"}\r\n   \n{"title": "B", "year": null}\n'))

    assert found == [Parsed(2, Record(title="A")), Parsed(4, Record(title="B"))]


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (b'{"title": "A"', "not JSON: Expecting ',' delimiter at column 14"),
        (b'["A"]', "a record must be an object in braces, found list"),
        (b'{"year": 2020}', "no title"),
        (b'{"title": " "}', "no title"),
        (b'{"title": null}', "no title"),
        (b'{"title": 5}', "'title' must be a text, found int '5'"),
        (b'{"title": "A", "year": "2020"}', "'year' must be a whole number, found str '2020'"),
        (b'{"title": "A", "year": true}', "'year' must be a whole number, found bool"),
        (b'{"title": "A", "notes": "x"}', "unknown key 'notes'"),
        (b'{"title": "A", "keywords": "x"}', "'keywords' must be a list of texts, found str"),
        (b'{"title": "A", "keywords": [1]}', "'keywords' must be a list of texts, found int '1' in it"),
        (b'{"title": "A", "authors": ["Paik JJ"]}', "'authors' must be a list of objects"),
        (b'{"title": "A", "authors": [{"given": "JJ"}]}', "an author without 'family'"),
        (b'{"title": "A", "authors": [{"last": "Paik"}]}', "unknown key 'last' in an author"),
        (
            b'{"title": "A", "authors": [{"family": "P", "is_group": "no"}]}',
            "'is_group' must be true or false",
        ),
        (b'{"title": "A", "links": [{"pmid": "1"}]}', "a link without 'kind'"),
        (b'{"title": "\\ud800"}', "half a character"),
        (b'{"title": "A", "reference_number": "1"}', "'reference_number' must be a whole number"),
    ],
)
def test_a_line_that_is_no_record_is_refused_with_its_cause(line, cause):
    (found,) = jsonl.read(b"\n" + line + b"\n")

    assert isinstance(found, Refusal)
    assert found.line == 2
    assert cause in found.cause


def test_a_place_in_a_reference_list_may_stand_beside_the_record():
    found = list(jsonl.read(lines({"title": "A", "reference_number": 8})))

    assert found == [Parsed(1, Record(title="A"))]


def test_a_line_separator_inside_a_title_does_not_cut_the_line():
    found = list(jsonl.read('{"title": "A\u2028B"}\n'.encode()))

    assert found == [Parsed(1, Record(title="A\u2028B"))]


def test_deep_nesting_and_endless_numbers_are_refused_not_crashed_on():
    found = list(jsonl.read(b"[" * 100_000 + b"\n" + b'{"year": ' + b"9" * 5000 + b"}\n"))

    assert [type(one) for one in found] == [Refusal, Refusal]


def test_the_format_is_told_by_its_content():
    data = lines({"title": "A"})

    assert formats.guess("records.txt", data).name == "jsonl"
    assert not jsonl.looks_like("TY  - JOUR\nTI  - {A}\n")
    assert not jsonl.looks_like('[{"title": "A"}]')
