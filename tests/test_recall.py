from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iimscreen.queries import find_strategy, parse_strategy, read_strategy
from iimscreen.recall import (
    AllOf,
    AnyOf,
    Without,
    Words,
    anatomy,
    keys_of,
    needed_to_read,
    share,
    text_of,
    wilson,
)


@pytest.mark.parametrize(
    ("found", "of", "low", "high"),
    [  # Newcombe 1998, Stat Med 17:857, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_published_one(found, of, low, high):
    assert wilson(found, of) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("of", [1, 7, 41, 10_000])
def test_none_and_all_found_end_at_nought_and_one_exactly(of):
    none, every = wilson(0, of), wilson(of, of)

    assert none is not None
    assert every is not None
    assert none[0] == 0.0
    assert every[1] == 1.0
    assert none[1] == pytest.approx(1 - every[0])


def test_a_share_of_nothing_is_not_estimable():
    nothing = share(0, 0)

    assert (nothing.value, nothing.interval) == (None, None)
    assert needed_to_read(0, 12) is None
    assert needed_to_read(4, 12) == 3.0


@pytest.mark.parametrize(("found", "of"), [(3, 2), (-1, 5), (0, -1)])
def test_impossible_counts_are_refused(found, of):
    with pytest.raises(ValueError, match="no proportion"):
        wilson(found, of)


@given(st.integers(1, 5000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_holds_the_share_and_stays_a_share(counts):
    found, of = counts

    low, high = wilson(found, of)

    assert 0.0 <= low <= found / of <= high <= 1.0
    assert low < high


# Sets that a formula and a plain computation must agree on: each letter finds some numbers.
letters = st.dictionaries(st.sampled_from("abcdef"), st.frozensets(st.integers(0, 9)), min_size=6)


def strategy_of(combine: str, first: str, second: str, extra: str = ""):
    blocks = "".join(
        '[[block]]\nname = "n"\n' + "".join(f'[[block.term]]\ntext = "{one}"\n' for one in terms)
        for terms in (first, second)
    )
    return parse_strategy(
        f'[strategy]\ntitle = "T"\n{extra}combine = "{combine}"\n{blocks}', name="s", where="s.toml"
    )


@given(letters, st.sampled_from(["each-pair", "all-blocks"]))
def test_what_a_term_alone_brings_is_what_the_rest_of_the_strategy_lacks(found, combine):
    taken = anatomy(strategy_of(combine, "abc", "def"))

    unique = keys_of(taken.only(taken.without_term(0, "b")), found.__getitem__)

    drugs = found["d"] | found["e"] | found["f"]
    assert unique == (found["b"] & drugs) - ((found["a"] | found["c"]) & drugs)


@given(letters)
def test_what_a_pair_alone_brings_is_what_the_other_pairs_lack(found):
    taken = anatomy(strategy_of("each-pair", "ab", "cd"))

    unique = keys_of(taken.only(taken.without_line("Q02")), found.__getitem__)

    others = (found["a"] & found["c"]) | (found["a"] & found["d"]) | (found["b"] & found["d"])
    assert taken.lines[1].text == "b AND c"
    assert unique == (found["b"] & found["c"]) - others


@given(letters, st.sampled_from(["each-pair", "all-blocks"]))
def test_leaving_a_block_out_leaves_the_other_block(found, combine):
    taken = anatomy(strategy_of(combine, "abc", "de"))

    assert keys_of(taken.without_block(0), found.__getitem__) == found["d"] | found["e"]
    assert keys_of(taken.without_block(1), found.__getitem__) == found["a"] | found["b"] | found["c"]


def test_without_its_only_term_a_block_finds_nothing_so_all_hits_are_the_terms_own():
    taken = anatomy(strategy_of("all-blocks", "a", "bc"))

    assert taken.without_term(0, "a") == ()
    assert taken.only(taken.without_term(0, "a")) == taken.whole


def test_written_out_sub_queries_are_taken_apart_by_sub_query_only():
    strategy = parse_strategy(
        '[strategy]\ntitle = "T"\nas_of = 2023-08-23\n'
        '[[sub_query]]\nlabel = "A"\ntext = "x OR y"\n[[sub_query]]\nlabel = "B"\ntext = "z"\n',
        name="s",
        where="s.toml",
    )

    taken = anatomy(strategy)

    assert text_of(taken.whole) == "((x OR y) OR z) AND 1800/01/01:2023/08/23[crdt]"
    assert taken.without_block(0) is None
    assert text_of(taken.only(taken.without_line("B"))) == (
        "(((x OR y) OR z) AND 1800/01/01:2023/08/23[crdt]) NOT ((x OR y) AND 1800/01/01:2023/08/23[crdt])"
    )


@pytest.mark.parametrize("name", ["2023-08-23", "improved"])
def test_taken_apart_each_sub_query_of_a_bundled_strategy_is_sent_as_it_stands(name):
    strategy = read_strategy(find_strategy(name))

    taken = anatomy(strategy)

    assert [text_of(taken.limited(line.formula)) for line in taken.lines] == [
        one.text_sent for one in strategy.sub_queries
    ]


def test_a_formula_in_words_keeps_every_group_in_parentheses():
    formula = Without(AllOf((AnyOf((Words("a OR b"), Words('"c OR d"'))), Words("e"))), Words("f"))

    assert text_of(formula) == '(((a OR b) OR "c OR d") AND e) NOT (f)'


def test_a_formula_without_words_cannot_be_asked():
    with pytest.raises(ValueError, match="without words"):
        text_of(AnyOf(()))
