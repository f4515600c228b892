from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iimscreen import settings
from iimscreen.errors import InputError
from iimscreen.queries import find_strategy, parse_strategy, read_strategy, with_as_of

TWO_BLOCKS = """
[strategy]
title = "Two by two"
as_of = 2023-08-23
combine = "each-pair"

[[block]]
name = "disease"
[[block.term]]
text = "myositis"
[[block.term]]
text = "lupus OR sarcoid"

[[block]]
name = "drug"
[[block.term]]
text = "tofacitinib"
[[block.term]]
text = "apremilast"
"""

DISEASES = (
    "dermatomyositis",
    "antisynthetase syndrome",
    "inclusion bodies myositis",
    "polymyositis",
    "ASS",
    "DM",
    "IBM",
    "PM",
)


def parsed(text: str, **options):
    return parse_strategy(text, name="mine", where="mine.toml", **options)


def refused(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        parsed(text)
    return caught.value


def test_the_published_search_is_sent_as_sixteen_untagged_pairs_as_of_that_day():
    strategy = read_strategy(find_strategy("2023-08-23"))

    assert [(one.label, one.text_sent) for one in strategy.sub_queries] == [
        (f"F{number:02}", f"({disease} AND {drug}) AND 1800/01/01:2023/08/23[crdt]")
        for number, (drug, disease) in enumerate(
            ((drug, disease) for drug in ("janus kinase inhibitors", "apremilast") for disease in DISEASES),
            start=1,
        )
    ]
    assert strategy.sub_queries[10].text == "inclusion bodies myositis AND apremilast"


def test_the_improved_search_is_one_sub_query_without_bare_acronyms():
    strategy = read_strategy(find_strategy("improved"))

    (sub_query,) = strategy.sub_queries
    assert strategy.as_of == dt.date(2023, 8, 23)
    assert sub_query.text_sent == f"({sub_query.text}) AND 1800/01/01:2023/08/23[crdt]"
    assert not {"ASS", "DM", "IBM", "PM", "NOT"} & set(sub_query.text.replace("(", " ").split())


@pytest.mark.parametrize("name", ["2023-08-23", "improved"])
def test_every_term_of_a_bundled_search_gives_its_reason(name):
    blocks = tomllib.loads(find_strategy(name).read_text(encoding="utf-8"))["block"]

    assert all(len(term["reason"]) > 10 for block in blocks for term in block["term"])


def test_all_terms_of_the_first_block_meet_one_term_of_the_second_before_the_next():
    strategy = parsed(TWO_BLOCKS)

    assert [(one.label, one.text) for one in strategy.sub_queries] == [
        ("Q01", "myositis AND tofacitinib"),
        ("Q02", "(lupus OR sarcoid) AND tofacitinib"),
        ("Q03", "myositis AND apremilast"),
        ("Q04", "(lupus OR sarcoid) AND apremilast"),
    ]


def test_all_blocks_are_ored_inside_and_anded_between():
    strategy = parsed(TWO_BLOCKS.replace("each-pair", "all-blocks"))

    assert [one.text_sent for one in strategy.sub_queries] == [
        "((myositis OR (lupus OR sarcoid)) AND (tofacitinib OR apremilast)) AND 1800/01/01:2023/08/23[crdt]"
    ]


def test_an_operator_inside_quotes_is_no_operator():
    strategy = parsed(TWO_BLOCKS.replace('"lupus OR sarcoid"', "'\"graft OR host\"'"))

    assert strategy.sub_queries[1].text == '"graft OR host" AND tofacitinib'


def test_the_blocks_of_a_strategy_keep_their_terms_and_reasons():
    strategy = parsed(TWO_BLOCKS.replace('text = "myositis"', 'text = "myositis"\nreason = "the word"'))

    assert [(block.name, [term.text for term in block.terms]) for block in strategy.blocks] == [
        ("disease", ["myositis", "lupus OR sarcoid"]),
        ("drug", ["tofacitinib", "apremilast"]),
    ]
    assert [term.reason for term in strategy.blocks[0].terms] == ["the word", ""]
    assert (strategy.combination, strategy.limit) == ("each-pair", "1800/01/01:2023/08/23[crdt]")


def test_sub_queries_can_be_written_out():
    strategy = parsed('[strategy]\ntitle = "T"\n[[sub_query]]\nlabel = "A"\ntext = "x OR\\n  y"\n')

    assert [(one.label, one.text, one.text_sent) for one in strategy.sub_queries] == [
        ("A", "x OR y", "x OR y")
    ]
    assert strategy.as_of is None


def test_another_day_moves_the_limit_and_leaves_the_strategy_as_it_was():
    strategy = parsed(TWO_BLOCKS)

    moved = with_as_of(strategy, dt.date(2024, 1, 2))

    assert moved.sub_queries[0].text_sent == "(myositis AND tofacitinib) AND 1800/01/01:2024/01/02[crdt]"
    assert (moved.sha256, moved.text, moved.name) == (strategy.sha256, strategy.text, strategy.name)
    assert strategy.as_of == dt.date(2023, 8, 23)


def test_a_day_cannot_be_asked_of_a_strategy_that_forbids_one():
    strategy = parsed(TWO_BLOCKS.replace("as_of = 2023-08-23", 'date_field = "none"'))

    with pytest.raises(InputError, match="date_field is 'none'"):
        with_as_of(strategy, dt.date(2024, 1, 2))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('title = "Two by two"', "", "key 'title' is missing"),
        ('title = "Two by two"', "title = 5", "title is 5, expected text in quotes"),
        ('title = "Two by two"', 'title = "  "', "title is blank"),
        (
            "as_of = 2023-08-23",
            'as_of = "2023-08-23"',
            "as_of is '2023-08-23', expected a date without quotes",
        ),
        ("as_of = 2023-08-23", "as_of = 2023-08-23T10:00:00", "expected a date without quotes"),
        (
            "as_of = 2023-08-23",
            'date_field = "pdat"',
            "date_field is 'pdat', expected one of crdt, edat, dp, none",
        ),
        ("as_of = 2023-08-23", 'as_of = 2023-08-23\ndate_field = "none"', "date_field is 'none'"),
        ("each-pair", "each pair", "combine is 'each pair', expected one of each-pair, all-blocks"),
        ('combine = "each-pair"', "", "key 'combine' is missing"),
        (
            'combine = "each-pair"',
            'combine = "each-pair"\nlimits = "English"',
            "[strategy]: unknown key 'limits'",
        ),
        ('name = "drug"', 'name = "drug"\nterms = []', "block 2: unknown key 'terms'"),
        ('text = "apremilast"', 'txt = "apremilast"', "block 2, term 2: key 'text' is missing"),
        ('text = "apremilast"', 'text = "tofacitinib"', "'tofacitinib' stands twice in block 'drug'"),
        ('text = "apremilast"', 'text = ""', "block 2, term 2: text is blank"),
        ("[strategy]\n", "[plan]\n", "the table [strategy] is missing"),
        ("as_of = 2023-08-23", "as_of = 2023-13-23", "is not valid TOML"),
    ],
)
def test_a_wrong_line_in_a_strategy_is_named(old, new, told):
    error = refused(TWO_BLOCKS.replace(old, new, 1))

    assert told in error.message
    assert error.message.startswith("mine.toml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the table [strategy] is missing"),
        ('strategy = "x"', "strategy is 'x', expected a table"),
        ('[strategy]\ntitle = "T"', "nothing to search"),
        ('[strategy]\ntitle = "T"\ncombine = "all-blocks"\n[[block]]\nname = "b"', "block 'b' has no term"),
        ('[strategy]\ntitle = "T"\n[block]\nname = "b"', "block is {'name': 'b'}, expected a list"),
        (TWO_BLOCKS + '[[block]]\nname = "c"\n[[block.term]]\ntext = "x"', "needs two blocks, found 3"),
        (TWO_BLOCKS + '[[sub_query]]\nlabel = "A"\ntext = "x"', "both [[block]] and [[sub_query]]"),
        (
            '[strategy]\ntitle = "T"\n' + '[[sub_query]]\nlabel = "A"\ntext = "x"\n' * 2,
            "sub_query 2: label 'A' is used twice",
        ),
        (
            '[strategy]\ntitle = "T"\nlabel_prefix = "F"\n[[sub_query]]\nlabel = "A"\ntext = "x"\n',
            "'label_prefix' has no meaning",
        ),
        ('[strategy\ntitle = "T"', "line 1"),
    ],
)
def test_a_strategy_that_makes_no_sense_is_refused_with_its_cause(text, told):
    error = refused(text)

    assert told in error.message
    assert error.hint


def test_a_strategy_is_found_by_its_path_before_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("improved").write_text(TWO_BLOCKS, encoding="utf-8")

    assert find_strategy("improved") == Path("improved")
    assert find_strategy("improved.toml") == settings.bundled_reviews() / "iim" / "improved.toml"


@pytest.mark.parametrize("name", ["nonsense", "protocol", "../iim/improved", ""])
def test_an_unknown_strategy_name_is_answered_with_the_names_at_hand(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InputError) as caught:
        find_strategy(name)

    assert "bundled strategies: 2023-08-23, clinicaltrials, improved" in caught.value.hint


def test_a_strategy_file_that_cannot_be_read_is_refused(tmp_path):
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'[strategy]\ntitle = "Beh\xe7et"\n')

    with pytest.raises(InputError, match="not UTF-8"):
        read_strategy(latin)
    with pytest.raises(InputError, match="cannot be read"):
        read_strategy(tmp_path / "absent.toml")


def test_line_ends_and_byte_order_marks_do_not_change_a_strategy(tmp_path):
    unix, windows = tmp_path / "a" / "s.toml", tmp_path / "b" / "s.toml"
    for path, data in ((unix, TWO_BLOCKS), (windows, "\ufeff" + TWO_BLOCKS.replace("\n", "\r\n"))):
        path.parent.mkdir()
        path.write_bytes(data.encode())

    assert read_strategy(unix) == read_strategy(windows)


words = st.text("abcdefg ", min_size=1, max_size=9).filter(str.strip)


@given(
    st.lists(words, min_size=1, max_size=6, unique_by=lambda text: " ".join(text.split())),
    st.lists(words, min_size=1, max_size=6, unique_by=lambda text: " ".join(text.split())),
)
def test_each_pair_of_terms_is_searched_once_under_its_own_label(diseases, drugs):
    blocks = "".join(
        '[[block]]\nname = "b"\n' + "".join(f'[[block.term]]\ntext = "{term}"\n' for term in terms)
        for terms in (diseases, drugs)
    )

    strategy = parsed(f'[strategy]\ntitle = "T"\ncombine = "each-pair"\n{blocks}')

    labels = [one.label for one in strategy.sub_queries]
    assert labels == sorted(set(labels))
    assert [one.text for one in strategy.sub_queries] == [
        f"{' '.join(disease.split())} AND {' '.join(drug.split())}" for drug in drugs for disease in diseases
    ]
