"""Keys reach the Desk and the Table: the full screen played without a terminal."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen import resolving, review_protocol
from iimscreen.amending import AmendedDesk
from iimscreen.model import Verdict
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review, decisions, excerpts
from iimscreen.tui import keys
from iimscreen.tui.app import ScreeningApp
from iimscreen.tui.frame import Frame
from iimscreen.tui.resolving import ResolvingApp

Run = Callable[..., Result]
Play = Callable[[Pilot[None]], Awaitable[None]]


@pytest.fixture(autouse=True)
def _keys_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys.Meant, "seen_s", 0.0)


@pytest.fixture
def three(review: Review) -> list[str]:
    return bring_in(review, [a_record(n) for n in (1, 2, 3)])


@pytest.fixture
def full_text(run: Run, review: Review, three: list[str]) -> list[str]:
    """Three reports at full text, which nobody has judged yet."""
    run("dedupe")
    for name in ("ann", "bob"):
        run("screen", "--reviewer", name, typed="y\n" * 3)
    run("fulltext", "retrieved", "--all", "--by", "ann")
    return three


def said(review: Review, name: str = "ann", stage: str = "title-abstract") -> dict[str, tuple[Any, ...]]:
    return {v.key: (v.verdict.value, v.reason, v.note) for v in decisions.own_votes(review, stage, name)}


async def settled(app: Frame, pilot: Pilot[None]) -> None:
    """Wait until the record in front is drawn and nothing is read or searched any more."""
    await app.workers.wait_for_complete()
    await pilot.pause()
    while app.page.display and not app.is_painted:
        await asyncio.sleep(0.005)


def played(app: Frame, play: Play, size: tuple[int, int] = (80, 24)) -> Frame:
    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await settled(app, pilot)
            await play(pilot)

    asyncio.run(run())
    return app


def screening(
    review: Review, *pressed: str, stage: str = "title-abstract", preset: str = "standard", **more: Any
) -> ScreeningApp:
    """The screening app after these keys."""
    desk = Desk(review, "ann", stage)
    app = ScreeningApp(desk, desk.waiting_keys(), actions=keys.preset(preset), theme="dark")

    async def play(pilot: Pilot[None]) -> None:
        for key in pressed:
            await pilot.press(key)
            await settled(app, pilot)

    played(app, play, **more)
    return app


def text_of(app: Frame) -> str:
    return app.message.left[0].content.plain if app.message.left else ""


def test_one_key_is_a_vote_and_a_digit_a_vote_with_its_reason(review: Review, three: list[str]) -> None:
    app = screening(review, "y", "2", "m")

    assert said(review) == {
        three[0]: ("include", None, None),
        three[1]: ("exclude", "juvenile", None),
        three[2]: ("unsure", None, None),
    }
    assert app.voted == 3


@pytest.mark.parametrize(
    ("preset", "pressed", "verdicts"),
    [
        ("standard", ("i", "r", "e"), []),
        ("rayyan", ("i", "e", "u", "z", "u"), ["include", "exclude", "unsure"]),
        ("asreview", ("r", "i", "m"), ["include", "exclude", "unsure"]),
    ],
)
def test_a_preset_gives_the_votes_that_its_users_are_used_to(
    review: Review, three: list[str], preset: str, pressed: tuple[str, ...], verdicts: list[str]
) -> None:
    screening(review, *pressed, preset=preset)

    assert [verdict for verdict, *_ in said(review).values()] == verdicts


def test_undo_brings_the_record_back_to_be_judged_anew(review: Review, three: list[str]) -> None:
    app = screening(review, "y", "n", "u", "m", "q")

    assert said(review) == {three[0]: ("include", None, None), three[1]: ("unsure", None, None)}
    assert app.voted == 2


def test_undo_reaches_a_vote_of_an_earlier_sitting(review: Review, three: list[str]) -> None:
    screening(review, "n")

    app = screening(review, "u")

    assert said(review) == {}
    assert app.queue.key == three[0]


def test_a_note_is_kept_with_the_vote(review: Review, three: list[str]) -> None:
    screening(review, "t", *"is it", "enter", "m")

    assert said(review) == {three[0]: ("unsure", None, "is it")}


def test_a_note_on_an_older_vote_is_a_change_of_it(review: Review, three: list[str]) -> None:
    screening(review, "y", "left", "t", *"why", "enter")

    assert said(review) == {three[0]: ("include", None, "why")}
    assert len(review.db.execute("select * from decisions").fetchall()) == 2


def test_a_note_without_a_vote_is_not_lost_without_a_word(review: Review, three: list[str]) -> None:
    app = screening(review, "t", "x", "enter", "q")

    assert "1 note of records without your vote would be lost" in text_of(app)


def test_a_change_is_stored_with_its_reason_and_not_without(review: Review, three: list[str]) -> None:
    screening(review, "y", "left", "2", "enter", "2", "escape")
    before = said(review)
    screening(review, "g", "1", "enter", "f", "6", "2", *"typo", "enter")

    assert before == {three[0]: ("include", None, None)}
    assert said(review) == {three[0]: ("exclude", "juvenile", "typo")}


def test_the_same_vote_again_is_no_change(review: Review, three: list[str]) -> None:
    app = screening(review, "y", "left", "y")

    assert text_of(app).startswith("Your vote is include already")
    assert len(review.db.execute("select * from decisions").fetchall()) == 1


def test_an_exclusion_at_full_text_opens_the_list_of_reasons(review: Review, full_text: list[str]) -> None:
    screening(review, "n", "down", "down", "enter", "n", "escape", "a", "o", stage="full-text")

    assert said(review, stage="full-text") == {
        full_text[0]: ("exclude", "mixed", None),
        full_text[1]: ("awaiting", None, None),
        full_text[2]: ("ongoing", None, None),
    }


def test_awaiting_is_no_vote_on_title_and_abstract(review: Review, three: list[str]) -> None:
    app = screening(review, "a")

    assert said(review) == {}
    assert text_of(app) == "awaiting is no vote of stage title-abstract"


def test_nothing_is_voted_on_while_help_or_list_covers_the_record(review: Review, three: list[str]) -> None:
    screening(review, "?", "y", "escape", "l", "n", "escape", "c", "m")

    assert said(review) == {}


def test_the_criteria_stand_beside_the_record_where_there_is_room(review: Review, three: list[str]) -> None:
    screening(review, "c", "y", size=(160, 50))

    assert said(review) == {three[0]: ("include", None, None)}


def test_nothing_is_voted_on_in_a_terminal_too_small_to_read_in(review: Review, three: list[str]) -> None:
    screening(review, "y", size=(40, 10))

    assert said(review) == {}


def test_search_finds_title_author_and_abstract_and_esc_ends_it(review: Review) -> None:
    found = bring_in(review, [a_record(n, abstract="about Grünwald" if n == 3 else "x") for n in (1, 2, 3)])

    app = screening(review, "/", *"grunw", "enter")
    whole = screening(review, "/", *"grunw", "enter", "escape")

    assert app.queue.keys == [found[2]]
    assert whole.queue.keys == found


def test_a_search_that_finds_nothing_leaves_the_list(review: Review, three: list[str]) -> None:
    app = screening(review, "/", *"zzz", "enter")

    assert app.queue.keys == three
    assert text_of(app) == "No record of this list has zzz"


def test_jump_goes_to_a_number_or_a_key_and_says_where_it_cannot(review: Review, three: list[str]) -> None:
    by_number = screening(review, "g", "3", "enter")
    by_key = screening(review, "g", *three[1], "enter")
    nowhere = screening(review, "g", "9", "enter")

    assert by_number.queue.key == three[2]
    assert by_key.queue.key == three[1]
    assert "this list has no number 9" in text_of(nowhere)


def test_filters_show_what_was_voted(review: Review, three: list[str]) -> None:
    app = screening(review, "y", "n", "f", "3")

    assert app.queue.keys == [three[1]]


def test_a_click_on_a_key_of_the_last_line_votes(review: Review, three: list[str]) -> None:
    desk = Desk(review, "ann", "title-abstract")
    app = ScreeningApp(desk, desk.waiting_keys(), actions=keys.preset("standard"), theme="dark")

    async def play(pilot: Pilot[None]) -> None:
        await pilot.click("#keys", offset=(2, 0))
        await pilot.pause()

    played(app, play)

    assert said(review) == {three[0]: ("include", None, None)}


def test_a_click_on_a_row_of_the_list_brings_its_record(review: Review, three: list[str]) -> None:
    desk = Desk(review, "ann", "title-abstract")
    app = ScreeningApp(desk, desk.waiting_keys(), actions=keys.preset("standard"), theme="dark")

    async def play(pilot: Pilot[None]) -> None:
        await pilot.click("#list", offset=(6, 3))
        await pilot.pause()

    played(app, play, size=(160, 50))

    assert app.queue.key == three[2]


def test_pasted_text_is_never_taken_for_keys(review: Review, three: list[str]) -> None:
    from textual import events

    desk = Desk(review, "ann", "title-abstract")
    app = ScreeningApp(desk, desk.waiting_keys(), actions=keys.preset("standard"), theme="dark")

    async def play(pilot: Pilot[None]) -> None:
        app.post_message(events.Paste("ynyn"))
        await pilot.pause()
        await pilot.press("t")
        app.post_message(events.Paste("from the\nclipboard"))
        await pilot.press("enter", "m")

    played(app, play)

    assert said(review) == {three[0]: ("unsure", None, "from the clipboard")}


def test_a_vote_given_meanwhile_in_another_window_is_shown_and_can_be_changed(
    review: Review, three: list[str]
) -> None:
    desk = Desk(review, "ann", "title-abstract")
    app = ScreeningApp(desk, desk.waiting_keys(), actions=keys.preset("standard"), theme="dark")
    Desk(review, "ann", "title-abstract").decide(Decision(three[0], "include"))
    told = []

    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("n")
        await settled(app, pilot)
        told.append(text_of(app))
        await pilot.press("n", *"typo", "enter")

    played(app, play)

    assert "You voted on it elsewhere meanwhile: include" in " ".join(told[0].split())
    assert "--change" not in told[0]
    assert said(review) == {three[0]: ("exclude", None, "typo")}


def test_the_list_opens_with_what_stands_before_the_record_too(review: Review, three: list[str]) -> None:
    desk = Desk(review, "ann", "title-abstract")
    app = ScreeningApp(desk, desk.waiting_keys(), actions=keys.preset("standard"), theme="dark")

    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("right", "l")
        await settled(app, pilot)

    played(app, play)

    assert (app.queue.place, app.list.cursor, app.list.top) == (1, 1, 0)


def test_a_list_closed_in_a_narrow_terminal_stands_beside_the_record_in_a_wide_one(
    review: Review, three: list[str]
) -> None:
    desk = Desk(review, "ann", "title-abstract")
    app = ScreeningApp(desk, desk.waiting_keys(), actions=keys.preset("standard"), theme="dark")
    seen: list[bool] = []

    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("l", "enter")
        seen.append(app.list.display)
        await pilot.resize_terminal(160, 50)
        await pilot.pause(0.1)
        seen.append(app.list.display)

    played(app, play)

    assert seen == [False, True]


def test_the_screen_waits_seconds_for_others_and_the_review_as_long_as_ever_after_it(
    review: Review, three: list[str]
) -> None:
    (before,) = review.db.execute("pragma busy_timeout").fetchone()
    with review.waiting_at_most(5.0):
        (during,) = review.db.execute("pragma busy_timeout").fetchone()
        with review.waiting_at_most(60.0):
            (never_longer,) = review.db.execute("pragma busy_timeout").fetchone()
    (after,) = review.db.execute("pragma busy_timeout").fetchone()

    assert (before, during, never_longer, after) == (30_000, 5_000, 5_000, 30_000)


def test_an_error_of_the_rules_is_one_line_and_the_record_stays(
    run: Run, review: Review, three: list[str]
) -> None:
    for name in ("ann", "bob"):
        run("screen", "--reviewer", name, typed="y\ny\ny\n")
    desk = Desk(review, "ann", "title-abstract")
    app = ScreeningApp(desk, [], actions=keys.preset("standard"), theme="dark")

    async def play(pilot: Pilot[None]) -> None:
        for key in ("f", "6", "u"):
            await pilot.press(key)
            await settled(app, pilot)

    played(app, play)

    assert "so they no longer change → correct it with `iimscreen resolve" in text_of(app)
    assert app.queue.key is not None
    assert len(said(review)) == 3


def test_a_review_that_cannot_be_written_is_told_and_no_vote_is_shown_as_given(
    review: Review, three: list[str]
) -> None:
    desk = Desk(review, "ann", "title-abstract")
    app = ScreeningApp(desk, desk.waiting_keys(), actions=keys.preset("standard"), theme="dark")
    review.db.execute("pragma busy_timeout = 10")

    async def play(pilot: Pilot[None]) -> None:
        other = sqlite3.connect(review.path, isolation_level=None)
        other.execute("begin immediate")
        await pilot.press("y")
        await pilot.pause()
        other.execute("rollback")
        other.close()

    played(app, play)

    assert "is locked by another program" in text_of(app)
    assert app.queue.key == three[0]
    assert said(review) == {}


def test_a_bug_leaves_the_screen_as_what_it_is(
    review: Review, three: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(review, "ann", "title-abstract")
    app = ScreeningApp(desk, desk.waiting_keys(), actions=keys.preset("standard"), theme="dark")

    def broken(_action: str) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(app, "do", broken)

    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("y")

    with pytest.raises(ZeroDivisionError, match="a bug"):
        played(app, play)
    assert isinstance(app.bug, ZeroDivisionError)


def test_what_the_screen_shows_is_the_same_whatever_the_other_voted(
    run: Run, review: Review, three: list[str]
) -> None:
    def drawn() -> list[str]:
        desk = Desk(review, "ann", "title-abstract")
        app = ScreeningApp(desk, desk.waiting_keys(), actions=keys.preset("standard"), theme="dark")
        seen: list[str] = []

        async def play(pilot: Pilot[None]) -> None:
            for key in ("down", "f", "6", "c", "escape", "?", "escape", "/", "d", "enter"):
                await pilot.press(key)
                await settled(app, pilot)
                seen.append("\n".join(strip.text for strip in app.screen._compositor.render_strips()))

        played(app, play, size=(160, 50))
        return seen

    screening(review, "y")
    run("screen", "--reviewer", "bob", typed="n\n1\n")
    first = drawn()
    run("screen", "--reviewer", "bob", typed="u\nu\ny\nm\n")

    assert drawn() == first


def test_votes_that_an_amendment_touches_are_looked_at_again_with_one_key(
    run: Run, review: Review, three: list[str]
) -> None:
    screening(review, "2", "y")
    text = review_protocol.bundled().read_text(encoding="utf-8")
    Path("amended.toml").write_text(text.replace('"Juvenile patients"', '"Under 18 years"'), encoding="utf-8")
    assert run("protocol", "load", "amended.toml").exit_code == 0
    desk = AmendedDesk(review, "ann", "title-abstract")
    app = ScreeningApp(desk, desk.waiting_keys(), actions=keys.preset("standard"), theme="dark")
    reminded = []

    async def play(pilot: Pilot[None]) -> None:
        reminded.extend(line.plain for line in app.record_lines(app.record(three[0]), 76, 20))
        for key in ("y", "u"):
            await pilot.press(key)
            await settled(app, pilot)
        assert app.may_quit(), "no note of hers would be lost"
        await pilot.press("m")
        await settled(app, pilot)

    played(app, play)

    assert app.queue.waiting == [three[0]]
    assert reminded[0].startswith("Your vote under version 1: exclude (juvenile). Since then: ")
    assert "" in reminded[: ["Case 1: " in line for line in reminded].index(True)]
    assert said(review)[three[0]][0] == "unsure"
    assert app.queue.key is None


def test_headings_and_texts_have_what_people_corrected(run: Run, review: Review, three: list[str]) -> None:
    run("records", "edit", three[0], "--set", "title=Corrected", "--by", "ann", "--note", "typo")

    assert excerpts.headings(review, three)[three[0]].title == "Corrected"
    assert dict(excerpts.texts(review, three))[three[0]].startswith("Corrected")


# --- resolve ---------------------------------------------------------------------------------------


def disagree(review: Review, keys_: list[str]) -> None:
    said_by = {
        "ann": (("include", None), ("exclude", "juvenile"), ("include", None)),
        "bob": (("exclude", "mixed"), ("exclude", "review"), ("include", None)),
    }
    for name, votes in said_by.items():
        desk = Desk(review, name, "full-text")
        for key, (verdict, reason) in zip(keys_, votes, strict=True):
            desk.decide(Decision(key, verdict, reason, f"{name} says"))


def resolving_app(
    review: Review, *pressed: str, names: tuple[str, ...] = ("ann", "bob"), hide: bool = False
) -> ResolvingApp:
    table = resolving.Table(review, names, "full-text")
    app = ResolvingApp(
        table,
        resolving.conflicts(review, "full-text"),
        hide_names=hide,
        actions=keys.preset("standard"),
        theme="dark",
    )

    async def play(pilot: Pilot[None]) -> None:
        for key in pressed:
            await pilot.press(key)
            await settled(app, pilot)

    played(app, play)
    return app


def finals(review: Review) -> list[tuple[str, str, str | None, str | None, str]]:
    return review.db.execute(
        "select record_key, verdict, reason, note, manner from decisions where manner <> 'vote' order by log_id"
    ).fetchall()


def test_conflicts_are_settled_with_a_key_and_a_proposed_reason_with_enter(
    review: Review, full_text: list[str]
) -> None:
    disagree(review, full_text)

    app = resolving_app(review, "t", "w", "h", "y", "enter", "y", "enter")

    assert finals(review) == [
        (full_text[0], "include", None, "why", "consensus"),
        (full_text[1], "exclude", "review", None, "consensus"),
    ]
    assert app.settled == 2


def test_a_word_given_in_this_sitting_is_corrected_with_its_reason_only(
    review: Review, full_text: list[str]
) -> None:
    disagree(review, full_text)

    resolving_app(review, "y", "left", "2", "enter", "2", *"typo", "enter")

    assert [(verdict, reason, note) for _, verdict, reason, note, _ in finals(review)] == [
        ("include", None, None),
        ("exclude", "juvenile", "typo"),
    ]


def test_both_votes_and_notes_stand_side_by_side(review: Review, full_text: list[str]) -> None:
    disagree(review, full_text)

    app = resolving_app(review)

    stored = app.record(full_text[0])
    lines = [line.plain for line in app.record_lines(stored, 76, 20)]
    assert lines[0].split() == ["ann", "│", "bob"]
    assert "+ include" in lines[1]
    assert "– exclude: Mixed population" in lines[1]
    assert any("ann says" in line and "bob says" not in line.partition("│")[0] for line in lines[2:5])


def test_without_names_nothing_tells_whose_vote_is_whose(review: Review, full_text: list[str]) -> None:
    disagree(review, full_text)
    votes = resolving.conflicts(review, "full-text")[0].votes
    app = resolving_app(review, hide=True)

    lines = [line.plain for line in app.record_lines(app.record(full_text[0]), 76, 20)]

    assert len(votes) == 2
    assert lines[0].split() == ["vote", "1", "│", "vote", "2"]


def test_one_of_two_reviewers_and_a_third_are_refused_in_one_line(
    run: Run, review: Review, full_text: list[str]
) -> None:
    disagree(review, full_text)
    run("reviewer", "add", "cy")

    app = resolving_app(review, "y", names=("ann", "cy"))

    assert "ann and cy are not all who voted" in text_of(app)
    assert finals(review) == []


def test_verdicts_of_the_keys_are_those_of_the_model() -> None:
    assert {word.value for word in keys.VERDICTS.values()} == {word.value for word in Verdict} - {"withdrawn"}
