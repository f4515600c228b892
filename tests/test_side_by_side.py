"""Two records side by side: what differs is marked, and nothing of a text is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import a_record
from iimscreen.model import Author
from iimscreen.side_by_side import Piece, Stated, cut, plain_word, rows, says_the_same, shortened, words

TEXTS = st.text(st.sampled_from("ab é.-[\n\u2003A1"), max_size=60)


def text_of(pieces: tuple[Piece, ...]) -> str:
    return "".join(piece.text for piece in pieces)


@given(TEXTS, TEXTS)
def test_the_pieces_of_a_text_make_up_the_whole_of_it(one: str, other: str) -> None:
    left, right = words(one, other)

    assert (text_of(left), text_of(right)) == (one, other)


@given(TEXTS, TEXTS)
def test_what_is_not_marked_is_alike_in_both(one: str, other: str) -> None:
    left, right = words(one, other)

    alike = [[plain_word(w) for p in side if not p.differs for w in p.text.split()] for side in (left, right)]
    assert alike[0] == alike[1]


@given(TEXTS)
def test_a_text_beside_itself_has_no_difference(text: str) -> None:
    left, right = words(text, text)

    assert not any(piece.differs for piece in (*left, *right))


@given(TEXTS, TEXTS)
def test_shortening_keeps_every_difference(one: str, other: str) -> None:
    left, _ = words(one, other)

    kept = shortened(left, around=1)

    assert [p for p in kept if p.differs] == [p for p in left if p.differs]
    assert len(kept) == len(left)


def test_case_accents_and_punctuation_are_no_difference() -> None:
    left, right = words("Dermatomyosite: a Étude, again", "dermatomyosite. A etude again")

    assert not any(piece.differs for piece in (*left, *right))


def test_the_words_that_differ_are_marked_and_no_more() -> None:
    left, right = words("Two drugs in men and women", "Two drugs in women and men")

    marked = [" ".join(p.text for p in side if p.differs) for side in (left, right)]
    assert marked in (["men and", "and men"], ["men women", "women men"], ["and women", "women and"])


@pytest.mark.parametrize(
    ("field", "one", "other", "same"),
    [
        ("pages", "1024-9", "1024-1029", True),
        ("pages", "1024–1029", "1024-1029", True),
        ("pages", "e12", "E12", True),
        ("pages", "7-7", "7", True),
        ("pages", "12-19", "12-18", False),
        ("volume", "07", "7", True),
        ("issue", "Suppl 1", "suppl. 1", True),
        ("DOI", "10.1000/A", "10.1000/a", True),
        ("DOI", "10.1000/a.1", "10.1000/a1", False),
        ("year", "2019", "2020", False),
    ],
)
def test_values_that_are_spelt_in_two_ways_are_the_same(field: str, one: str, other: str, same: bool) -> None:
    assert says_the_same(field, one, other) is same
    assert says_the_same(field, other, one) is same


def test_a_field_agrees_differs_or_is_stated_by_one() -> None:
    one = a_record(1, volume="3", pages="1", authors=(Author("Adler", "B"),))
    other = a_record(1, volume="4", doi="10.1000/x", authors=(Author("Adler", "Beate"),), year=1991)

    found = {row.field: row.stated for row in rows(one, other, judged={"authors": True})}

    assert found == {
        "title": Stated.AGREE,
        "authors": Stated.AGREE,
        "year": Stated.AGREE,
        "volume": Stated.DIFFER,
        "pages": Stated.ONE,
        "DOI": Stated.ONE,
    }


@given(
    st.lists(st.builds(Piece, st.text(min_size=1, max_size=9), st.booleans()), max_size=6), st.integers(0, 40)
)
def test_a_value_is_cut_to_its_first_letters_and_says_so(pieces: list[Piece], most: int) -> None:
    whole = "".join(piece.text for piece in pieces)

    short = "".join(piece.text for piece in cut(tuple(pieces), most))

    assert short == whole if len(whole) <= most else short.endswith(" …")
    assert whole.startswith(short.removesuffix(" …"))


def test_the_names_of_ten_thousand_people_are_compared_at_once() -> None:
    one, other = ("; ".join(f"Family{n} {initial}" for n in range(10_000)) for initial in ("A", "B"))

    first, second = words(one, f"{other}; Adler C")

    assert "".join(piece.text for piece in first) == one
    assert [piece.text for piece in first[:4]] == ["Family0 ", "A;", " ", "Family1 "]
    assert second[-1] == Piece("Adler C", differs=True)
