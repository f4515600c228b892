"""The full screen in a real terminal: what it shows, what it writes to the terminal, and what is on disk.

Each takes a second or two, because a process is started; Windows has no pseudo-terminal, so that they are
skipped there, visibly.
"""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen.store import Review, decisions
from terminal import Terminal

Run = Callable[..., Result]

pytestmark = [
    pytest.mark.slow,  # each starts a process in a pseudo-terminal
    pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal needs Unix"),
]

COLOUR = re.compile(r"\x1b\[(?:[0-9:]*;)*(?:3[0-9]|4[0-9]|9[0-7]|10[0-7])(?:[;:][0-9:;]*)?m")
RIGHT, LEFT = "\x1b[C", "\x1b[D"


@pytest.fixture
def three(review: Review) -> list[str]:
    return bring_in(review, [a_record(n) for n in (1, 2, 3)])


def said(review: Review) -> list[tuple[str, str | None]]:
    return [(v.verdict.value, v.reason) for v in decisions.own_votes(review, "title-abstract", "ann")]


def test_votes_are_shown_and_on_disk_and_the_terminal_is_given_back(review: Review, three: list[str]) -> None:
    with Terminal("screen", "--reviewer", "ann") as terminal:
        first = terminal.shows("Case 1: ")
        terminal.press("y")
        terminal.shows("Case 2: ")
        assert said(review) == [("include", None)]
        terminal.press("2")
        terminal.shows("Case 3: ")
        assert said(review) == [("include", None), ("exclude", "juvenile")]
        terminal.press("u")
        again = terminal.shows("Undone: exclude: Juvenile patients")
        terminal.press("q")
        code = terminal.ends()

    assert "3 left" in first
    assert "7 not-clinical" in first
    assert "? help  q quit" in first
    assert "Case 2: " in again
    assert said(review) == [("include", None)]
    assert code == 0
    assert "1 vote given in this sitting, all saved." in terminal.raw
    assert terminal.raw.rindex("\x1b[?1049l") < terminal.raw.rindex("1 vote given")


def test_a_vote_is_on_disk_when_the_screen_shows_the_next_record(review: Review, three: list[str]) -> None:
    with Terminal("screen", "--reviewer", "ann") as terminal:
        terminal.shows("Case 1: ")
        terminal.press("m")
        terminal.shows("Case 2: ")
        terminal.child.kill(9)
        terminal.child.wait()

    assert said(review) == [("unsure", None)]


def test_a_key_held_down_or_typed_ahead_votes_on_no_record_that_nobody_saw(
    review: Review, three: list[str]
) -> None:
    with Terminal("screen", "--reviewer", "ann") as terminal:
        terminal.press("y", let_go=False)
        terminal.press("y", let_go=False)
        terminal.shows("Case 1: ")
        # In one go: sent one by one, keys come apart on a busy machine, as pressed with intent.
        terminal.press("yyyyynnnn", let_go=False)
        terminal.read(0.5)
        held = said(review)
        terminal.press("n")
        terminal.shows("Case 3: ") if held else terminal.shows("Case 2: ")

    assert len(held) <= 1
    assert len(said(review)) == len(held) + 1


def test_a_change_asks_why_and_a_note_may_hold_any_letter(review: Review, three: list[str]) -> None:
    with Terminal("screen", "--reviewer", "ann") as terminal:
        terminal.shows("Case 1: ")
        terminal.press("n")
        terminal.shows("Case 2: ")
        terminal.press(LEFT)
        terminal.shows("Your vote  exclude")
        terminal.press("y")
        terminal.shows("exclude becomes include: why?")
        terminal.press("q", "ü", "皮", "n", "\r", let_go=False)
        terminal.shows("+ changed to include")
        (vote,) = decisions.own_votes(review, "title-abstract", "ann")
        terminal.press("q")

    assert (vote.verdict.value, vote.note) == ("include", "qü皮n")


def test_ctrl_c_ends_with_130_and_one_line(review: Review, three: list[str]) -> None:
    with Terminal("screen", "--reviewer", "ann") as terminal:
        terminal.shows("Case 1: ")
        terminal.press("y")
        terminal.shows("Case 2: ")
        terminal.press("\x03")
        code = terminal.ends()

    assert code == 130
    assert "Stopped. Everything decided or received before is saved." in terminal.raw
    assert "Traceback" not in terminal.raw
    assert said(review) == [("include", None)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_killed_screen_gives_the_terminal_back(
    review: Review, three: list[str], number: signal.Signals
) -> None:
    with Terminal("screen", "--reviewer", "ann") as terminal:
        terminal.shows("Case 1: ")
        terminal.press("y")
        terminal.shows("Case 2: ")
        terminal.child.kill(number)
        terminal.read(1.0)
        terminal.child.expect(terminal._pexpect.EOF)
        terminal.raw += terminal.child.before
        terminal.child.close()

    assert terminal.child.signalstatus == number
    assert "\x1b[?1049l" in terminal.raw
    assert "Traceback" not in terminal.raw
    assert said(review) == [("include", None)]


def test_ctrl_z_says_so_where_there_is_no_shell_to_go_back_to(review: Review, three: list[str]) -> None:
    with Terminal("screen", "--reviewer", "ann") as terminal:
        terminal.shows("Case 1: ")
        terminal.press("\x1a")
        terminal.shows("There is no shell to go back to here")
        terminal.press("y")
        terminal.shows("Case 2: ")

    assert said(review) == [("include", None)]


def test_without_colours_none_is_sent_and_terms_are_bold_and_underlined(review: Review) -> None:
    bring_in(review, [a_record(1, title="Odd", abstract="tofacitinib in mice", doi="10.1/x")])
    with Terminal("screen", "--reviewer", "ann", NO_COLOR="1") as terminal:
        terminal.shows("tofacitinib in mice")
        emulator = terminal.emulator
        row = next(y for y, line in enumerate(emulator.display) if "tofacitinib in mice" in line)
        column = emulator.display[row].index("tofacitinib")
        term, word, against = (emulator.buffer[row][column + offset] for offset in (0, 12, 15))

    assert COLOUR.search(terminal.raw) is None
    assert (term.bold, term.underscore) == (True, False)
    assert (word.bold, word.underscore) == (False, False)
    assert (against.bold, against.underscore) == (False, True)


def test_colours_are_sent_where_they_are_wanted_and_light_is_not_dark(
    review: Review, three: list[str]
) -> None:
    grounds = []
    for theme in ("light", "dark"):
        with Terminal("screen", "--reviewer", "ann", "--theme", theme) as terminal:
            terminal.shows("Case 1: ")
            grounds.append(terminal.emulator.buffer[12][40].bg)

    assert COLOUR.search(terminal.raw)
    assert grounds == ["fcfbf8", "14181d"]


def test_links_are_the_terminal_s_own(review: Review) -> None:
    bring_in(review, [a_record(1, doi="10.1/x", pmid="123")])
    with Terminal("screen", "--reviewer", "ann") as terminal:
        terminal.shows("doi:10.1/x")

    assert ";https://doi.org/10.1/x\x1b\\" in terminal.raw
    assert ";https://pubmed.ncbi.nlm.nih.gov/123/\x1b\\" in terminal.raw


def test_what_a_title_holds_is_text_whatever_it_is(review: Review) -> None:
    hostile = "[bold red]Odd[/] \x1b[2J\x1b]0;owned\x07 [@click=app.quit]title[/] $x"
    bring_in(review, [a_record(1, title=hostile, abstract="皮肌炎 مرض [link] עברית " * 3)])
    with Terminal("screen", "--reviewer", "ann", columns=160, rows=50) as terminal:
        screen = terminal.shows("[bold red]Odd[/]")

    assert screen.count("[bold red]Odd[/] �[2J�]0;") == 2  # in the list, and as the title
    assert "[@click=app.quit]title[/] $x" in screen
    assert "\x1b[2J" not in terminal.raw
    assert "\x1b]0;" not in terminal.raw
    assert "[link]" in screen


def test_a_terminal_that_is_made_wider_and_narrower_shows_what_fits(review: Review, three: list[str]) -> None:
    with Terminal("screen", "--reviewer", "ann") as terminal:
        narrow = terminal.shows("Case 1: ")
        terminal.resize(160, 50)
        terminal.shows("left for me")
        terminal.shows("3 · Case 3: ")
        terminal.resize(50, 12)
        terminal.shows("A little too small")
        terminal.press("y")
        terminal.resize(80, 24)
        terminal.shows("Case 1: ")
        terminal.press("y")
        terminal.shows("Case 2: ")

    assert "Case 3: " not in narrow
    assert said(review) == [("include", None)]


def test_the_screen_of_80_by_24_cuts_nothing_that_matters(review: Review) -> None:
    bring_in(review, [a_record(1, title="T " * 40, abstract="word " * 400, journal="J", doi="10.1/x")])
    with Terminal("screen", "--reviewer", "ann") as terminal:
        terminal.shows("0 done")
        screen = terminal.shows("word word")

    for words in (
        "ann",
        "1 left",
        "doi:10.1/x",
        "1 review",
        "7 not-clinical",
        "y include",
        "n exclude",
        "m unsure",
    ):
        assert words in screen
    assert "┃" in screen  # there is more of the abstract


def test_plain_and_dumb_terminals_get_questions(review: Review, three: list[str]) -> None:
    for words, surroundings in (
        (("--plain",), {}),
        ((), {"TERM": "dumb"}),
        ((), {"IIMSCREEN_PLAIN": "1"}),
    ):
        with Terminal("screen", "--reviewer", "ann", *words, **surroundings) as terminal:
            terminal.child.expect("include, n exclude, m unsure, 1-7 exclude with reason")
            terminal.child.sendline("q")
            terminal.child.expect("0 votes given")

            assert "\x1b[?1049h" not in terminal.raw + terminal.child.before


def test_nothing_left_and_nothing_voted_needs_no_screen(review_file: Path) -> None:
    with Terminal("screen", "--reviewer", "ann") as terminal:
        code = terminal.ends()

    assert code == 0
    assert "Nothing is left for ann at stage title-abstract." in terminal.raw
    assert "\x1b[?1049h" not in terminal.raw


def test_a_preset_in_the_environment_changes_the_keys_that_are_shown(
    review: Review, three: list[str]
) -> None:
    with Terminal("screen", "--reviewer", "ann", IIMSCREEN_KEYS="rayyan") as terminal:
        screen = terminal.shows("i include  e exclude  u unsure  z undo")
        terminal.press("e")
        terminal.shows("Case 2: ")

    assert "y include" not in screen
    assert said(review) == [("exclude", None)]


def test_a_wrong_preset_is_refused_before_anything_opens(review_file: Path) -> None:
    with Terminal("screen", "--reviewer", "ann", "--keys", "vim") as terminal:
        code = terminal.ends()

    assert code == 3
    assert "--keys vim: expected standard, rayyan, asreview" in terminal.raw


def test_conflicts_are_resolved_on_the_full_screen(run: Run, review: Review, three: list[str]) -> None:
    run("screen", "--reviewer", "ann", typed="y\ny\nn\n")
    run("screen", "--reviewer", "bob", typed="n\ny\nn\n")

    with Terminal("resolve", "--by", "ann", "--by", "bob", "--hide-names") as terminal:
        screen = terminal.shows("vote 1")
        terminal.press("y")
        terminal.shows("Everything is resolved")
        terminal.press("q")
        code = terminal.ends()

    assert "vote 2" in screen
    assert code == 0
    assert "1 record settled, all saved." in terminal.raw
    assert run("conflicts", "--stage", "title-abstract").stdout == "title-abstract: nothing to resolve.\n"
