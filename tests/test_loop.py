"""The plain loops of `screen` and `resolve`: through a pipe, and in a real terminal."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen.model import Link
from iimscreen.store import Review, decisions

Run = Callable[..., Result]


@pytest.fixture
def three(review: Review) -> list[str]:
    return bring_in(review, [a_record(n) for n in (1, 2, 3)])


def said(review: Review, name: str, stage: str = "title-abstract") -> dict[str, tuple[str, str | None]]:
    return {v.key: (v.verdict.value, v.reason) for v in decisions.own_votes(review, stage, name)}


def test_each_answer_is_a_vote_and_digits_are_the_protocol_s_reasons(
    run: Run, review: Review, three: list[str]
) -> None:
    result = run("screen", "--reviewer", "ann", typed="y\n2\nm\n")

    assert result.exit_code == 0
    assert said(review, "ann") == {
        three[0]: ("include", None),
        three[1]: ("exclude", "juvenile"),
        three[2]: ("unsure", None),
    }
    assert "3 votes given in this sitting, all saved" in result.stdout


def test_the_end_of_the_input_keeps_every_vote_given(run: Run, review: Review, three: list[str]) -> None:
    result = run("screen", "--reviewer", "ann", typed="y\n")

    assert result.exit_code == 0
    assert said(review, "ann") == {three[0]: ("include", None)}


def test_undo_goes_back_to_the_record_and_asks_again(run: Run, review: Review, three: list[str]) -> None:
    result = run("screen", "--reviewer", "ann", typed="y\nn\nu\ny\nq\n")

    assert f"Undone: exclude on {three[1]}" in result.stdout
    assert said(review, "ann") == {three[0]: ("include", None), three[1]: ("include", None)}


def test_undo_reaches_a_vote_of_an_earlier_sitting(run: Run, review: Review, three: list[str]) -> None:
    run("screen", "--reviewer", "ann", typed="n\nq\n")

    run("screen", "--reviewer", "ann", typed="u\ny\nq\n")

    assert said(review, "ann") == {three[0]: ("include", None)}


def test_skip_help_and_nonsense_store_nothing(run: Run, review: Review, three: list[str]) -> None:
    result = run("screen", "--reviewer", "ann", typed="?\ni\n9\ns\n\nu\nq\n")

    assert said(review, "ann") == {}
    assert "'i' is no answer here" in result.stdout
    assert "'9' is no answer here" in result.stdout
    assert "ann has no vote to undo" in result.stdout


def test_an_exclusion_at_full_text_is_asked_for_its_reason(
    run: Run, review: Review, three: list[str]
) -> None:
    run("dedupe")
    for name in ("ann", "bob"):
        run("screen", "--reviewer", name, typed="y\n" * 3)
    run("fulltext", "retrieved", "--all", "--by", "ann")

    result = run("screen", "--reviewer", "ann", "--stage", "full-text", typed="n\n1\nq\n")

    assert "needs its reason" in result.stdout
    assert said(review, "ann", "full-text") == {three[0]: ("exclude", "review")}


def test_nothing_left_is_said_and_makes_nobody_a_reviewer(run: Run, review_file: Path) -> None:
    result = run("screen", "--reviewer", "ann")

    assert "Nothing is left for ann" in result.stdout
    assert run("reviewer").stdout == ""


def test_a_title_with_escape_codes_and_brackets_is_shown_as_text(run: Run, review: Review) -> None:
    bring_in(review, [a_record(1, title="[bold red]Odd[/] \x1b[2J\x07 title", abstract="מאמר [link]")])

    shown = run("screen", "--reviewer", "ann", typed="q\n").stdout

    assert "[bold red]Odd[/] �[2J� title" in shown
    assert "\x1b[2J" not in shown
    assert "מאמר [link]" in shown


def test_a_retracted_record_is_shown_as_such(run: Run, review: Review) -> None:
    bring_in(review, [a_record(1, links=(Link("RetractionIn", "99"),))])

    assert "RETRACTED" in run("screen", "--reviewer", "ann", typed="q\n").stdout


def test_conflicts_are_resolved_one_by_one_with_both_votes_and_notes(
    run: Run, review: Review, three: list[str]
) -> None:
    for name, verdicts in (
        ("ann", ("include", "include", "exclude")),
        ("bob", ("exclude", "exclude", "exclude")),
    ):
        for key, verdict in zip(three, verdicts, strict=True):
            run(
                "screen",
                "--reviewer",
                name,
                "--record",
                key,
                "--verdict",
                verdict,
                "--note",
                f"{name}'s view",
            )

    result = run("resolve", "--by", "ann", "--by", "bob", typed="x\n1\ny\n")

    assert "ann: include" in result.stdout
    assert "bob's view" in result.stdout
    assert "2 records settled, all saved" in result.stdout
    assert run("conflicts", "--stage", "title-abstract").stdout == "title-abstract: nothing to resolve.\n"


def test_conflicts_can_be_resolved_without_knowing_whose_votes_they_are(
    run: Run, review: Review, three: list[str]
) -> None:
    run("screen", "--reviewer", "ann", typed="y\nn\nn\n")
    run("screen", "--reviewer", "bob", typed="n\nn\nn\n")

    shown = run("resolve", "--by", "ann", "--by", "bob", "--hide-names", typed="q\n").stdout

    assert "vote 1: " in shown
    assert "vote 2: " in shown
    assert "ann: " not in shown


def test_enter_confirms_a_proposed_reason(run: Run, review: Review, three: list[str]) -> None:
    run("dedupe")
    for name in ("ann", "bob"):
        run("screen", "--reviewer", name, typed="y\nn\nn\n")
    run("fulltext", "retrieved", "--all", "--by", "ann")
    run("screen", "--reviewer", "ann", "--stage", "full-text", typed="1\n")
    run("screen", "--reviewer", "bob", "--stage", "full-text", typed="2\n")

    result = run("resolve", "--by", "ann", "--by", "bob", "--stage", "full-text", typed="\n")

    assert "Enter confirms review" in result.stdout
    assert "1 record settled" in result.stdout


@pytest.mark.slow
def test_a_vote_is_on_disk_when_a_real_terminal_shows_the_next_record(
    review: Review, three: list[str]
) -> None:
    """Slow: a real pseudo-terminal and a process that is killed without warning."""
    pexpect = pytest.importorskip("pexpect", reason="pexpect needs a Unix terminal")
    child = pexpect.spawn(
        sys.executable,
        ["-m", "iimscreen", "screen", "--reviewer", "ann", "--plain"],
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"},
        encoding="utf-8",
        timeout=20,
    )
    child.expect("1 of 3")
    child.expect("> ")
    child.sendline("y")
    child.expect("2 of 3")
    child.kill(9)
    child.wait()

    assert said(review, "ann") == {three[0]: ("include", None)}


@pytest.mark.slow
def test_ctrl_c_in_a_real_terminal_ends_with_130_and_one_line(review: Review, three: list[str]) -> None:
    """Slow: a real pseudo-terminal."""
    pexpect = pytest.importorskip("pexpect", reason="pexpect needs a Unix terminal")
    child = pexpect.spawn(
        sys.executable,
        ["-m", "iimscreen", "screen", "--reviewer", "ann", "--plain"],
        encoding="utf-8",
        timeout=20,
        # A shell's background job ignores Ctrl-C, and so would its children: tests may run in one.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    child.expect("> ")
    child.sendline("n")
    child.expect("2 of 3")
    child.expect("> ")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()

    assert child.exitstatus == 130
    assert "Stopped. Everything decided or received before is saved." in child.before
    assert "Traceback" not in child.before
    assert said(review, "ann") == {three[0]: ("exclude", None)}
