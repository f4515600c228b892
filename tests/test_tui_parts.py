"""What the full screen is made of, as far as it needs no screen: marks, search, pace, list, keys, lines typed."""

from __future__ import annotations

from itertools import pairwise
from string import printable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.content import Content

from conftest import a_record
from iimscreen.errors import InputError
from iimscreen.model import Author, Kind, Link, StoredRecord, Verdict
from iimscreen.settings import KEY_PRESETS, key_preset, theme
from iimscreen.tui.asking import Line, Question
from iimscreen.tui.finding import Sought
from iimscreen.tui.highlight import EXCLUDE, INCLUDE, Terms
from iimscreen.tui.keys import Meant, every_preset, key_of
from iimscreen.tui.looks import DARK, UNCOLOURED
from iimscreen.tui.pace import Pace, in_words
from iimscreen.tui.queue import Queue
from iimscreen.tui.record_view import record_lines, sections
from iimscreen.tui.surfaces import Piece, rows_of
from iimscreen.voting import Vote


def marked(text: str, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [(text[start:end], kind) for start, end, kind in Terms(include, exclude).marks(text)]


def a_vote(key: str, verdict: Verdict = Verdict.INCLUDE, note: str | None = None) -> Vote:
    return Vote(key, verdict, None, note, ("ann",), "vote", "", 0)


def shown(stored: StoredRecord, *, width: int = 76, height: int = 20) -> str:
    lines = record_lines(stored, Terms(), DARK, width, height)
    assert max(line.cell_length for line in lines) <= width
    return "\n".join(line.plain for line in lines)


def stored(**facts: object) -> StoredRecord:
    return StoredRecord(1, "testbase:1", "Testbase", Kind.DATABASE, a_record(1, **facts))


# --- terms -----------------------------------------------------------------------------------------


def test_terms_are_marked_as_whole_words_in_any_case() -> None:
    assert marked("JAK inhibitors, jak, and ajak", include=("JAK",)) == [("JAK", INCLUDE), ("jak", INCLUDE)]


def test_the_longest_term_wins_and_none_overlaps_another() -> None:
    found = marked(
        "juvenile dermatomyositis", include=("dermatomyositis",), exclude=("juvenile dermatomyositis",)
    )

    assert found == [("juvenile dermatomyositis", EXCLUDE)]


def test_a_term_of_two_words_is_found_across_a_line_and_with_a_hyphen() -> None:
    assert marked("Janus\nkinase, Janus-kinase", include=("Janus kinase",)) == [
        ("Janus\nkinase", INCLUDE),
        ("Janus-kinase", INCLUDE),
    ]


def test_a_star_at_the_end_of_a_term_stands_for_the_rest_of_the_word() -> None:
    assert marked("myositides and myositis", include=("myosit*",)) == [
        ("myositides", INCLUDE),
        ("myositis", INCLUDE),
    ]


@given(
    st.text(alphabet="abAB .-\n[]()*+?\\é", max_size=60),
    st.lists(st.text(alphabet="abAB .*+?[(\\é", max_size=6), max_size=5),
    st.lists(st.text(alphabet="abAB .*+?[(\\é", max_size=6), max_size=5),
)
def test_marks_are_in_order_apart_and_never_empty_whatever_the_terms(
    text: str, include: list[str], exclude: list[str]
) -> None:
    marks = list(Terms(include, exclude).marks(text))

    assert all(mark.start < mark.end <= len(text) for mark in marks)
    assert all(before.end <= after.start for before, after in pairwise(marks))


# --- search ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "text", "fits"),
    [
        ("tofa", "Tofacitinib in myositis", True),
        ("citinib", "Tofacitinib in myositis", False),
        ("sjogren SYNDROME", "A syndrome after Sjögren", True),
        ("myositis lung", "Myositis of the skin", False),
    ],
)
def test_each_word_sought_must_begin_a_word(typed: str, text: str, fits: bool) -> None:
    assert Sought(typed).fits(text) is fits


# --- pace ------------------------------------------------------------------------------------------


def test_there_is_no_pace_before_some_votes_and_a_minute() -> None:
    few, quick = Pace(0.0), Pace(0.0)
    for second in (20, 40, 60, 80):
        few.voted(float(second))
    for second in range(10):
        quick.voted(float(second))

    assert few.per_hour() is None
    assert quick.per_hour() is None
    assert quick.hours_for(100) is None


def test_a_long_pause_does_not_slow_the_pace() -> None:
    pace = Pace(0.0)
    for number in range(1, 7):
        pace.voted(number * 20.0 + (3600.0 if number > 3 else 0.0))

    assert pace.per_hour() == pytest.approx(6 / 100 * 3600)


@pytest.mark.parametrize(
    ("hours", "words"), [(0.001, "under 1 min"), (0.5, "30 min"), (1.26, "1.3 h"), (1234.0, "1,234 h")]
)
def test_a_span_is_told_no_more_exactly_than_it_is_known(hours: float, words: str) -> None:
    assert in_words(hours) == words


# --- list ------------------------------------------------------------------------------------------


def test_a_voted_record_keeps_its_place_until_the_list_is_chosen_anew() -> None:
    queue = Queue(["a", "b", "c"])
    queue.voted(a_vote("a"))
    queue.to_next_open()

    assert (queue.keys, queue.key) == (["a", "b", "c"], "b")
    queue.choose("left")
    assert (queue.keys, queue.key) == (["b", "c"], "b")


def test_after_the_last_record_come_those_that_were_passed_over() -> None:
    queue = Queue(["a", "b", "c"])
    queue.step(2)
    queue.voted(a_vote("c"))
    queue.to_next_open()

    assert queue.key == "a"


def test_the_end_of_the_list_has_no_record() -> None:
    queue = Queue(["a"])
    queue.voted(a_vote("a"))
    queue.to_next_open()

    assert queue.key is None
    assert queue.step(1) is False


def test_filters_show_own_votes_latest_first() -> None:
    queue = Queue(["a", "b", "c"])
    queue.voted(a_vote("a", Verdict.EXCLUDE))
    queue.voted(a_vote("b", Verdict.EXCLUDE, note="why"))

    queue.choose("exclude")
    assert queue.keys == ["b", "a"]
    queue.choose("note")
    assert queue.keys == ["b"]


def test_votes_read_late_do_not_replace_those_of_this_sitting() -> None:
    queue = Queue(["b"])
    queue.voted(a_vote("b", Verdict.UNSURE))
    queue.remember([a_vote("a"), a_vote("b"), a_vote("u")], undone={"u"})

    assert {key: vote.verdict for key, vote in queue.votes.items()} == {
        "a": Verdict.INCLUDE,
        "b": Verdict.UNSURE,
    }


# --- keys ------------------------------------------------------------------------------------------


def test_the_letters_that_mean_the_opposite_elsewhere_are_unbound_by_default() -> None:
    assert {"i", "r", "e"}.isdisjoint(every_preset()["standard"])


@pytest.mark.parametrize("name", KEY_PRESETS)
def test_every_preset_has_a_key_for_every_vote_and_the_undo(name: str) -> None:
    actions = every_preset()[name]

    keys = [
        key_of(actions, action) for action in ("include", "exclude", "unsure", "undo", "awaiting", "ongoing")
    ]
    assert all(keys)
    assert len(set(keys)) == len(keys)


def test_a_key_held_down_is_told_from_one_pressed_again() -> None:
    meant = Meant()

    assert [meant.is_held("y", at) for at in (0.0, 0.5, 0.53, 0.56, 0.59, 1.2)] == [
        False,
        False,
        True,
        True,
        True,
        False,
    ]


def test_a_key_typed_before_the_record_stood_there_is_early() -> None:
    assert Meant().is_early(10.0, None)
    assert Meant().is_early(10.0, 10.05)
    assert not Meant().is_early(10.3, 10.05)


def test_an_unknown_preset_or_theme_is_refused_with_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IIMSCREEN_KEYS", "vi")

    with pytest.raises(InputError, match="IIMSCREEN_KEYS=vi: expected standard, rayyan, asreview"):
        key_preset(None)
    with pytest.raises(InputError, match="--theme pink: expected auto, dark, light"):
        theme("pink")


def test_auto_follows_what_the_terminal_says_of_its_background(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORFGBG", "0;15")

    assert theme(None) == "light"
    assert theme("dark") == "dark"


@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                ["left", "right", "home", "end", "backspace", "delete", "ctrl+u", "ctrl+w", "ctrl+k"]
            ),
            st.text(alphabet=printable + "é皮", min_size=1, max_size=5).map(lambda text: f"insert {text}"),
        ),
        max_size=20,
    )
)
def test_the_cursor_stays_within_the_line_and_the_line_is_one(keys: list[str]) -> None:
    line = Line("note")
    for key in keys:
        if key.startswith("insert "):
            line.insert(key.removeprefix("insert "))
        else:
            line.press(key)

    assert 0 <= line.at <= len(line.text)
    assert not {"\n", "\r", "\t"} & set(line.text)


def test_what_steers_terminals_is_left_out_of_a_pasted_note() -> None:
    line = Line()
    line.insert("one\r\ntwo\tthree\x1b[31m\x07\x9b four")

    assert line.text == "one two three[31m four"


def test_only_the_end_of_a_pasted_page_is_measured_and_drawn() -> None:
    question = Question(
        "Note:", Line("ä皮" * 50_000 + "end"), print
    )  # measured whole, it took a minute a key
    shown = question.shown(80, DARK)

    assert shown.plain.rstrip().endswith("皮end")
    assert shown.cell_length <= 80


def test_a_word_is_taken_back_from_the_end_of_a_line() -> None:
    line = Line("not a trial")
    line.press("ctrl+w")

    assert (line.text, line.at) == ("not a ", 6)


def test_reasons_stand_on_lines_of_about_one_length() -> None:
    pieces = [Piece(Content("x" * 12)) for _ in range(7)]

    assert [len(row) for row in rows_of(pieces, 80, 2)] == [4, 3]
    assert [len(row) for row in rows_of(pieces, 200, 2)] == [7]


# --- record ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("abstract", "parts"),
    [
        (
            "BACKGROUND: One.\nMETHODS AND RESULTS: Two.",
            [("BACKGROUND", "One."), ("METHODS AND RESULTS", "Two.")],
        ),
        ("Background: One.\nResults: Two.", [("Background", "One."), ("Results", "Two.")]),
        ("AIM: One. METHODS: Two.", [("AIM", "One."), ("METHODS", "Two.")]),
        ("No heading: none at all.", [("", "No heading: none at all.")]),
        ("Trial registration: NCT0.", [("Trial registration", "NCT0.")]),
        ("DOI:10.1/x is no heading", [("", "DOI:10.1/x is no heading")]),
    ],
)
def test_headings_of_an_abstract_are_those_of_its_source(abstract: str, parts: list[tuple[str, str]]) -> None:
    assert list(sections(abstract)) == parts


def test_a_retraction_stands_above_the_title_with_its_notice() -> None:
    text = shown(stored(title="Odd", links=(Link("RetractionIn", "99", "J Odd 2020"),)))

    assert text.index("RETRACTED  pmid:99 J Odd 2020") < text.index("Odd\n")


def test_a_correction_and_a_notice_of_retraction_are_told_apart() -> None:
    assert "CORRECTED" in shown(stored(links=(Link("ErratumIn", "98"),)))
    assert "THIS IS A NOTICE OF RETRACTION" in shown(stored(publication_types=("Retraction of Publication",)))


def test_what_a_source_does_not_state_is_said() -> None:
    text = shown(stored(title=None, abstract=None, year=None))

    for words in (
        "No title stated",
        "No author stated",
        "year not stated",
        "No abstract stated by the source.",
    ):
        assert words in text


def test_as_many_authors_stand_there_as_a_line_takes() -> None:
    authors = tuple(Author(f"Longname{number}", "AB") for number in range(40))

    assert "Longname0 AB, Longname1 AB, Longname2 AB, Longname3 AB and 36 more" in shown(
        stored(authors=authors), width=66
    )


@given(
    st.text(max_size=80),
    st.text(max_size=200),
    st.integers(min_value=20, max_value=120),
    st.sampled_from([20, 50]),
)
def test_no_text_of_a_source_is_wider_than_its_place_or_steers_the_terminal(
    title: str, abstract: str, width: int, height: int
) -> None:
    lines = record_lines(stored(title=title, abstract=abstract), Terms(["a"]), UNCOLOURED, width, height)

    assert all(line.cell_length <= width for line in lines)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for line in lines for c in line.plain)


def test_links_lead_to_pubmed_and_the_doi_and_escape_what_an_address_cannot_have() -> None:
    lines = record_lines(stored(pmid="12", doi="10.1/a b\x1b]8;;x"), Terms(), DARK, 90, 20)

    links = {span.style.link for line in lines for span in line.spans if not isinstance(span.style, str)} - {
        None
    }
    assert links == {"https://pubmed.ncbi.nlm.nih.gov/12/", "https://doi.org/10.1/a%20b%1B%5D8;;x"}
