from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iimscreen.errors import InputError
from iimscreen.formats import Found, csl_json, guess
from iimscreen.model import Author, Parsed, Record, Refusal

EXPORT = (Path(__file__).parent / "data" / "exports" / "zotero.json").read_text(encoding="utf-8")
ITEM = json.loads(EXPORT)[0]
UNKNOWN = "no title, and no abstract, DOI or PMID to know it by"


def found(value: object) -> list[Found]:
    data = value if isinstance(value, bytes) else json.dumps(value, indent=1).encode()
    return list(csl_json.read(data))


def the_record(**facts: object) -> Record:
    (only,) = found([{"id": "x", "type": "article-journal", "title": "T", **facts}])
    assert isinstance(only, Parsed), only
    return only.record


def test_an_item_is_read_whole() -> None:
    (only,) = found([ITEM])

    assert only == Parsed(
        2,
        Record(
            source_id="ferro2021",
            pmid="90000001",
            pmcid="PMC7000001",
            doi="10.1000/one",
            title="Drug one in disease",
            abstract="Ten patients.",
            authors=(
                Author("Ferro", "Anna B."),
                Author("van den Berg", "Jan Jr"),
                Author("Invented Study Group", is_group=True),
            ),
            journal="Journal of Inventions",
            journal_abbreviation="J Invent",
            year=2021,
            volume="7",
            issue="2",
            pages="1-9",
            languages=("en",),
            keywords=("alpha", "beta"),
            published_on="2021-03-05",
        ),
    )


@pytest.mark.parametrize(
    ("issued", "year", "published_on"),
    [
        ({"date-parts": [["2021", "3"]]}, 2021, "2021-03"),
        ({"date-parts": [[2021]]}, 2021, "2021"),
        ({"date-parts": [[2021, 3], [2021, 5]]}, 2021, "2021-03"),
        ({"raw": "2021-03-05"}, 2021, "2021-03-05"),
        ({"literal": "Spring 2021"}, 2021, "2021"),
        ({"literal": "in press"}, None, None),
        ("2021-03", 2021, "2021-03"),
        (2021, 2021, "2021"),
        ({"date-parts": [[None]]}, None, None),
        ({}, None, None),
        (None, None, None),
    ],
)
def test_a_date_is_read_in_every_form(issued: object, year: int | None, published_on: str | None) -> None:
    record = the_record(issued=issued)

    assert (record.year, record.published_on) == (year, published_on)


@pytest.mark.parametrize(
    ("facts", "field", "value"),
    [
        ({"title": ["Crossref has a list"]}, "title", "Crossref has a list"),
        ({"type": "thesis", "genre": "PhD thesis"}, "publication_types", ("Thesis", "PhD thesis")),
        ({"URL": "https://doi.org/10.1000/x"}, "doi", "10.1000/x"),
        ({"note": "PMID: 90000002\nPMCID: PMC7000002"}, "pmid", "90000002"),
        ({"note": "PMID: 90000002\nPMCID: PMC7000002"}, "pmcid", "PMC7000002"),
        ({"author": ["Ferro, Anna"]}, "authors", (Author("Ferro", "Anna"),)),
        ({"author": [{"given": "Plato"}]}, "authors", (Author("Plato"),)),
        ({"author": "nobody", "editor": [{"family": "Ferro"}]}, "authors", (Author("Ferro"),)),
        ({"number": "e12"}, "pages", "e12"),
        ({"volume": True, "page": {"a": 1}}, "volume", None),
    ],
)
def test_each_key_is_read_for_what_it_is(facts: dict[str, object], field: str, value: object) -> None:
    assert getattr(the_record(**facts), field) == value


@pytest.mark.parametrize(
    "text", [json.dumps([ITEM]), json.dumps({"items": [ITEM]}), json.dumps([ITEM], indent=2)]
)
def test_csl_json_is_recognised_and_told_from_a_corpus(text: str) -> None:
    assert guess("export.dat", text.encode()).name == "csl_json"
    assert guess("export.json", b"\xef\xbb\xbf" + text.encode()).name == "csl_json"
    assert guess("corpus.jsonl", b'{"title": "T", "doi": "10.1000/x"}\n').name == "jsonl"


def test_items_may_stand_in_an_object() -> None:
    assert [type(one) for one in found({"items": [ITEM, ITEM], "more": 1})] == [Parsed, Parsed]


# --- what is none ----------------------------------------------------------------------------------


def test_an_item_that_is_no_record_is_refused_by_its_line_and_number() -> None:
    read = found([ITEM, {"id": 1}, 3, ITEM])

    assert [type(one) for one in read] == [Parsed, Refusal, Refusal, Parsed]
    assert read[1].line == 43
    assert isinstance(read[1], Refusal)
    assert isinstance(read[2], Refusal)
    assert read[1].cause == f"item 2: {UNKNOWN}"
    assert read[2].cause == "item 3: a record must be an object in braces, found int"


def test_an_item_that_is_no_json_is_refused_and_the_next_is_read() -> None:
    text = json.dumps([ITEM, ITEM, ITEM], indent=1).replace('"volume": 7', '"volume" 7', 1)

    read = found(text.encode())

    assert [type(one) for one in read] == [Refusal, Parsed, Parsed]
    assert read[0] == Refusal(2, "item 1 is not JSON: Expecting ':' delimiter in line 34")
    assert [one.line for one in read] == [2, 43, 84]


def test_half_a_character_is_refused() -> None:
    (only,) = found(b'[{"title": "\\ud800", "type": "book"}]')

    assert only == Refusal(1, "item 1: half a character: an escape such as \\ud800 without its pair")


WHOLE = json.dumps([ITEM])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (WHOLE[:300], "line 1: item 1 is not JSON"),
        (WHOLE[:-1], "line 1: the file ends behind item 1, before its closing bracket"),
        ("[", "line 1: the file ends behind item 0, before its closing bracket"),
        ("[" * 100_000, "line 1: item 1 is nested too deeply to be a record"),
        ('[{"a":' * 50_000, "line 1: item 1 is nested too deeply to be a record"),
        ('{"title": "x"}', "line 1: expected a JSON array of items, found"),
        ("", "line 1: expected a JSON array of items"),
        (WHOLE + WHOLE, "line 1: expected the end of the file behind the closing bracket, found"),
        (WHOLE[:-1] + " " + WHOLE[1:], "line 1: expected ',' or ']' behind item 1, found"),
        (f'[{{"title": {"9" * 5_000}}}]', "line 1: item 1 cannot be read"),
    ],
    ids=[
        "half",
        "no end",
        "nothing",
        "nested",
        "nested objects",
        "object",
        "empty",
        "twice",
        "no comma",
        "digits",
    ],
)
def test_a_file_that_is_cut_or_damaged_is_refused_whole(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        found(text.encode())

    assert caught.value.message.startswith(message)
    assert caught.value.hint


def test_ten_thousand_authors_and_a_megabyte_are_read() -> None:
    record = the_record(author=[{"family": f"F{n}"} for n in range(10_000)], abstract="word " * 200_000)

    assert len(record.authors) == 10_000
    assert len(record.abstract or "") == 999_999


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*ITEM, "raw", "literal", "family", "given", "date-parts"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@settings(max_examples=40)
@given(st.lists(JSON, max_size=4))
def test_any_item_is_a_record_or_a_refusal(items: list[object]) -> None:
    assert len(found(json.dumps(items).encode())) == len(items)


@given(st.binary(max_size=60) | st.text(st.sampled_from('[]{}",:\\ \nx1'), max_size=40).map(str.encode))
def test_no_bytes_make_the_reader_fail_but_with_an_input_error(data: bytes) -> None:
    read: list[Found] = []
    with contextlib.suppress(InputError):
        read = found(b'[{"type": "book", "title": "T"},' + data)

    assert all(one.line >= 1 for one in read)


def test_keywords_may_be_a_list_and_the_markup_of_crossref_is_left_out() -> None:
    item = {
        "type": "article",
        "title": "A",
        "keyword": ["one", "two, three"],
        "abstract": "<jats:p>Text</jats:p>",
    }

    (only,) = csl_json.read(json.dumps([item]).encode())

    assert isinstance(only, Parsed)
    assert (only.record.keywords, only.record.abstract) == (("one", "two, three"), "Text")
