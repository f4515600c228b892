"""Pairs of possible duplicates are decided one after another, by one reviewer or by two who agree."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen.duplicates import asking
from iimscreen.duplicates.reviewing import PairDesk
from iimscreen.errors import ProtocolError
from iimscreen.matching import RULES
from iimscreen.model import Author, Record
from iimscreen.store import Review, duplicate_votes, duplicates, open_review, records
from iimscreen.store.duplicates import PairVerdict

Run = Callable[..., Result]


RULE = next(rule for rule in RULES if rule.score < 95)


def look_alikes(number: int, **facts: object) -> list[Record]:
    """Two invented records that may be one report: same title and authors, another place."""
    author = (Author(f"Adler{number}", "B"), Author(f"Castor{number}", "D"))
    title = f"A pilot study of invented drug {number * 7919} in disease {number * 104729} of old people"
    shared = {"title": title, "authors": author, "journal": "Journal of Pilots"}
    return [
        a_record(100 + number, **shared, year=2019, volume="3", pages="1-9"),
        a_record(200 + number, **{**shared, "year": 2018, "volume": "2", "pages": "77", **facts}),
    ]


def ask(review: Review, *pairs: tuple[str, str], score: float = 91.0) -> list[tuple[str, str]]:
    """Log that a rule asks about these pairs, whatever the rules of today say; best score first."""
    asked = [
        PairVerdict(*pair, "asked", f"rule:{RULE.name}", score - place, None)
        for place, pair in enumerate(pairs)
    ]
    with review.writing():
        duplicates.add(review, asked, {})
    return list(pairs)


def brought_and_asked(review: Review, found: list[Record]) -> tuple[str, str]:
    one, other = bring_in(review, found)
    return ask(review, (one, other))[0]


@pytest.fixture
def pairs(review: Review) -> list[tuple[str, str]]:
    """Three pairs that wait for a person, in the order in which they are asked."""
    keys = bring_in(review, [record for number in (1, 2, 3) for record in look_alikes(number)])
    return ask(review, (keys[0], keys[1]), (keys[2], keys[3]), (keys[4], keys[5]))


def two_needed(run: Run) -> None:
    text = run("protocol", "show").stdout.replace("reviewers_needed = 1", "reviewers_needed = 2")
    Path("two.toml").write_text(text, encoding="utf-8")
    assert run("protocol", "load", "two.toml").exit_code == 0


def say(run: Run, name: str, pair: tuple[str, str], verdict: str, *more: str) -> Result:
    one, other = pair
    return run(
        *("duplicates", "review", "--reviewer", name, "--record", one, "--with", other, "--verdict", verdict),
        *more,
    )


def left(run_json: Callable[..., Any], name: str) -> list[tuple[str, str]]:
    return [(one["record"], one["other"]) for one in run_json("duplicates", "review", "--reviewer", name)]


def one_report(review: Review, pair: tuple[str, str]) -> bool:
    return records.kept_of(review, pair[0]) == records.kept_of(review, pair[1])


# --- one reviewer ----------------------------------------------------------------------------------


def test_each_key_is_a_verdict(run: Run, review: Review, pairs: list[tuple[str, str]]) -> None:
    result = run("duplicates", "review", "--reviewer", "ann", typed="y\nn\nm\n")

    assert result.exit_code == 0
    assert "3 pairs decided in this sitting" in result.stdout
    assert [one_report(review, pair) for pair in pairs] == [True, False, False]
    assert [(one.key, one.other_key) for one in asking.questions(review)] == [pairs[2]]
    assert "person:ann" in run("duplicates", "--csv").stdout


def test_the_pair_is_shown_with_rule_meaning_fields_and_links(run: Run, review: Review) -> None:
    brought_and_asked(review, look_alikes(1, doi="10.1000/invented", pmid="4711"))

    shown = run("duplicates", "review", "--reviewer", "ann", typed="q\n").stdout

    assert f"Asked by rule {RULE.name}, score 91 of 100" in shown
    assert " ".join((RULE.test.__doc__ or "").split()) in shown
    assert "Agree: title, authors, journal" in shown
    assert "Differ: year, volume, pages" in shown
    assert "Stated by one only: DOI, PMID" in shown
    assert "https://doi.org/10.1000/invented" in shown
    assert "https://pubmed.ncbi.nlm.nih.gov/4711/" in shown
    assert "[2018]" in shown
    assert "[2019]" in shown


@pytest.mark.parametrize("columns", ["80", "160"])
def test_differences_in_words_are_bracketed_where_nothing_can_be_bold(
    run: Run, review: Review, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    first, second = look_alikes(1)
    text = "We gave the drug to " + "many old " * 40 + "people. "
    first = a_record(1, **_facts(first, abstract=text + "Nobody died."))
    second = a_record(2, **_facts(second, abstract=text + "Somebody died."))
    brought_and_asked(review, [first, second])

    shown = run("duplicates", "review", "--reviewer", "ann", typed="a\nq\n").stdout

    assert "[Nobody] died" in shown
    assert "[Somebody] died" in shown
    assert "words alike" in shown
    short, whole = (part.count("many") for part in shown.split("One report?")[:2])
    assert whole > short
    assert max(map(len, shown.splitlines())) <= max(int(columns), 100)


def _facts(record: Record, **more: object) -> dict[str, object]:
    stated = {
        name: getattr(record, name) for name in ("title", "authors", "year", "journal", "volume", "pages")
    }
    return {**stated, **more}


def test_brackets_and_escape_codes_of_a_title_stay_text(run: Run, review: Review) -> None:
    one, other = look_alikes(1)
    one = a_record(1, **_facts(one, title=f"[bold]{one.title}[/] \x1b[2J"))
    other = a_record(2, **_facts(other, title=f"[bold]{other.title}[/] \x1b[2J"))
    brought_and_asked(review, [one, other])

    shown = run("duplicates", "review", "--reviewer", "ann", typed="q\n").stdout

    assert "[bold]A pilot" in shown
    assert "\x1b" not in shown
    assert "{2018}" in shown, "brackets would be taken for those of the title"


def test_undo_appends_and_the_pair_comes_back_first(
    run: Run, review: Review, pairs: list[tuple[str, str]]
) -> None:
    result = run("duplicates", "review", "--reviewer", "ann", typed="y\nu\nn\nq\n")

    assert f"Undone: duplicate on {pairs[0][0]} and {pairs[0][1]}" in result.stdout
    assert "1 pair decided in this sitting" in result.stdout
    assert not one_report(review, pairs[0])
    verdicts = review.db.execute(
        "select verdict, decided_by from duplicate_verdicts where record_key = ? order by log_id",
        [pairs[0][0]],
    ).fetchall()
    assert verdicts == [
        ("asked", f"rule:{RULE.name}"),
        ("duplicate", "person:ann"),
        ("asked", "person:ann"),
        ("distinct", "person:ann"),
    ]
    assert run("check").exit_code == 0


def test_an_undo_reaches_an_earlier_sitting_and_outlasts_dedupe(
    run: Run, review: Review, run_json: Callable[..., Any], pairs: list[tuple[str, str]]
) -> None:
    run("duplicates", "review", "--reviewer", "ann", typed="n\nq\n")

    run("duplicates", "review", "--reviewer", "ann", typed="u\nq\n")
    run("dedupe")

    (first, *_) = run_json("duplicates", "review", "--reviewer", "ann")
    assert (first["record"], first["other"]) == pairs[0], "with the score that its rule gave"
    assert (first["rule"], first["score"]) == (RULE.name, 91.0)


def test_unsure_is_noted_and_comes_last(
    run: Run, run_json: Callable[..., Any], pairs: list[tuple[str, str]]
) -> None:
    assert say(run, "ann", pairs[0], "unsure", "--note", "look at the paper").exit_code == 0

    assert left(run_json, "ann") == [pairs[1], pairs[2], pairs[0]]
    assert run_json("duplicates", "review", "--reviewer", "ann")[-1]["was_unsure"] is True
    assert left(run_json, "bob") == pairs
    assert "unsure – look at the paper" in run("log").stdout


def test_an_answer_that_settles_another_question_takes_it_away(run: Run, review: Review) -> None:
    one, other = look_alikes(1)
    third = a_record(3, **_facts(other, year=2020, volume="9", pages="33"))
    keys = bring_in(review, [one, other, third])
    ask(review, (keys[0], keys[1]), (keys[0], keys[2]), (keys[1], keys[2]))

    shown = run("duplicates", "review", "--reviewer", "ann", typed="y\ny\ny\ny\n").stdout

    assert "2 pairs decided in this sitting" in shown
    assert asking.questions(review) == []


def test_nonsense_help_and_skip_store_nothing(run: Run, review: Review, pairs: list[tuple[str, str]]) -> None:
    result = run("duplicates", "review", "--reviewer", "ann", typed="x\n?\n\ns\nu\nq\n")

    assert "'x' is no answer here" in result.stdout
    assert "cannot tell now" in result.stdout
    assert "ann has no word on duplicates to undo" in result.stdout
    assert len(asking.questions(review)) == 3
    assert duplicate_votes.own(review, "ann") == []


def test_nothing_to_decide_is_said_and_no_error(run: Run, review: Review) -> None:
    result = run("duplicates", "review", "--reviewer", "ann")

    assert result.exit_code == 0
    assert "No pair waits for ann" in result.stdout
    assert run("duplicates", "review", "--reviewer", "ann", "--json").stdout == "[]\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--record", "1", "--with", "2"), 3, "go together"),
        (("--record", "1", "--with", "1", "--verdict", "distinct"), 3, "at least 2"),
        (("--record", "1", "--with", "99", "--verdict", "distinct"), 3, "'99'"),
        (("--record", "1", "--with", "2", "--verdict", "maybe"), 3, "expected duplicate, distinct, unsure"),
        (("--record", "1", "--with", "3", "--verdict", "distinct"), 6, "nobody is asked"),
        (("--record", "1", "--with", "2", "--verdict", "distinct", "--again"), 6, "nothing to say again"),
        (("--note", "so"), 3, "--note goes with"),
    ],
)
def test_a_word_that_makes_no_sense_is_refused(
    run: Run, review: Review, pairs: list[tuple[str, str]], words: tuple[str, ...], code: int, said: str
) -> None:
    (before,) = review.db.execute("select count(*) from log").fetchone()

    result = run("duplicates", "review", "--reviewer", "ann", *words)

    assert result.exit_code == code
    assert said in result.stderr
    assert review.db.execute("select count(*) from log").fetchone() == (before,)


def test_what_another_person_decided_meanwhile_is_not_decided_again(
    run: Run, review: Review, pairs: list[tuple[str, str]]
) -> None:
    desk = PairDesk(review, "ann")
    shown = desk.waiting()[0].question
    say(run, "bob", pairs[0], "distinct")

    with pytest.raises(ProtocolError, match="someone has decided meanwhile"):
        desk.say(shown, "duplicate")

    assert not one_report(review, pairs[0])


def test_an_undo_leaves_what_another_person_decided_since(
    run: Run, review: Review, pairs: list[tuple[str, str]]
) -> None:
    say(run, "ann", pairs[0], "distinct")
    run("duplicates", "merge", *pairs[0], "--by", "bob")

    result = run("duplicates", "review", "--reviewer", "ann", typed="u\nq\n")

    assert "another decision on them stands" in result.stdout
    assert one_report(review, pairs[0])


def test_an_older_word_is_said_again(run: Run, review: Review, pairs: list[tuple[str, str]]) -> None:
    say(run, "ann", pairs[0], "duplicate")

    refused = say(run, "ann", pairs[0], "distinct")
    changed = say(run, "ann", pairs[0], "distinct", "--again", "--note", "two cohorts")

    assert refused.exit_code == 6
    assert "one report already" in refused.stderr
    assert changed.exit_code == 0
    assert not one_report(review, pairs[0])
    assert (
        "No pair of yours"
        not in run("duplicates", "review", "--reviewer", "ann", "--again", typed="q").stdout
    )


def test_again_goes_through_what_one_has_decided(
    run: Run, review: Review, pairs: list[tuple[str, str]]
) -> None:
    run("duplicates", "review", "--reviewer", "ann", typed="y\nn\nq\n")

    shown = run("duplicates", "review", "--reviewer", "ann", "--again", typed="m\nn\n").stdout

    assert "Noted: you said distinct" in shown
    assert not one_report(review, pairs[0])
    assert [(one.key, one.other_key) for one in asking.questions(review)] == pairs[1:]


@pytest.mark.slow
def test_one_key_without_enter_is_on_disk_when_a_real_terminal_shows_the_next_pair(
    review_file: Path, pairs: list[tuple[str, str]]
) -> None:
    """Slow: a real pseudo-terminal and a process that is killed without warning."""
    pexpect = pytest.importorskip("pexpect", reason="pexpect needs a Unix terminal")
    child = pexpect.spawn(
        sys.executable,
        ["-m", "iimscreen", "duplicates", "review", "--reviewer", "ann"],
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"},
        dimensions=(24, 80),
        encoding="utf-8",
        timeout=20,
    )
    child.expect("1 of 3")
    child.expect("\x1b\\[1;4m2019")  # bold and underlined, also where NO_COLOR is set
    child.expect("\r\n> ")
    child.send("y")
    child.expect("2 of 3")
    child.expect("\r\n> ")
    child.send("u")
    child.expect("1 of 3")
    child.expect("\r\n> ")
    child.send("\x1b[A")  # an arrow is no answer
    child.send("nnnn\r")  # a key held down decides about the pair that was seen and about no other
    child.expect("2 of 3")
    child.expect("\r\n> ")
    child.send("\r")  # Enter out of habit is no answer either
    child.expect("\r\n> ")
    child.kill(9)
    child.wait()

    with open_review(review_file) as review:
        assert [vote.verdict for vote in duplicate_votes.own(review, "ann")] == ["distinct"]
        assert not one_report(review, pairs[0])


@pytest.mark.slow
def test_ctrl_c_leaves_the_terminal_as_it_was_and_keeps_every_word(
    review: Review, pairs: list[tuple[str, str]]
) -> None:
    """Slow: a real pseudo-terminal."""
    pexpect = pytest.importorskip("pexpect", reason="pexpect needs a Unix terminal")
    command = f"{sys.executable} -m iimscreen duplicates review --reviewer ann; echo code $?; stty -a"
    child = pexpect.spawn(
        "/bin/sh",
        ["-c", f"trap : INT; {command}"],
        encoding="utf-8",
        timeout=20,
        # A shell's background job ignores Ctrl-C, and so would its children: tests may run in one.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    child.expect("\r\n> ")
    child.send("n")
    child.expect("2 of 3")
    child.expect("\r\n> ")
    child.sendintr()
    child.expect("code 130")
    child.expect(pexpect.EOF)

    assert " icanon" in child.before
    assert " echo " in child.before
    assert [vote.verdict for vote in duplicate_votes.own(review, "ann")] == ["distinct"]


# --- two reviewers ---------------------------------------------------------------------------------


def test_two_who_agree_make_the_verdict(
    run: Run, review: Review, run_json: Callable[..., Any], pairs: list[tuple[str, str]]
) -> None:
    two_needed(run)

    first = say(run, "ann", pairs[0], "duplicate")
    apart = not one_report(review, pairs[0])
    second = say(run, "bob", pairs[0], "duplicate")

    assert "duplicate, noted" in first.stdout
    assert apart
    assert "one report now" in second.stdout
    assert one_report(review, pairs[0])
    assert "person:ann+bob" in run("log").stdout
    assert run("check").exit_code == 0


def test_two_who_differ_are_a_conflict_until_it_is_resolved(
    run: Run, review: Review, run_json: Callable[..., Any], pairs: list[tuple[str, str]]
) -> None:
    two_needed(run)
    say(run, "ann", pairs[0], "duplicate", "--note", "same cohort")
    second = say(run, "bob", pairs[0], "unsure")

    (conflict,) = run_json("duplicates", "conflicts")
    missing = run_json("prisma")["missing"]
    refused = [
        run("duplicates", "resolve", *pairs[0], "--verdict", "distinct", "--by", "ann"),
        run("duplicates", "resolve", *pairs[1], "--verdict", "distinct", "--by", "ann", "--by", "bob"),
        run("duplicates", "resolve", *pairs[0], "--verdict", "unsure", "--by", "ann", "--by", "bob"),
        run("duplicates", "resolve", *pairs[0], "--verdict", "distinct", "--by", "eve"),
        run("duplicates", "merge", *pairs[0], "--by", "ann"),
        say(run, "ann", pairs[0], "distinct", "--again"),
    ]
    resolved = run("duplicates", "resolve", *pairs[0], "--verdict", "distinct", "--by", "ann", "--by", "bob")

    assert "you two differ" in second.stdout
    assert [vote["verdict"] for vote in conflict["votes"]] == ["duplicate", "unsure"]
    assert "deduplication: 1 pair to resolve (`iimscreen duplicates conflicts`)" in missing
    assert [one.exit_code for one in refused] == [6, 6, 3, 3, 6, 6]
    assert resolved.exit_code == 0
    assert run_json("duplicates", "conflicts") == []
    assert len(asking.questions(review)) == 2
    assert not one_report(review, pairs[0])


def test_an_adjudicator_resolves_and_gives_no_word_of_their_own(
    run: Run, review: Review, pairs: list[tuple[str, str]]
) -> None:
    two_needed(run)
    run("reviewer", "add", "carol", "--role", "adjudicator")
    say(run, "ann", pairs[0], "duplicate")
    say(run, "bob", pairs[0], "distinct")

    voted = say(run, "carol", pairs[1], "distinct")
    resolved = run("duplicates", "resolve", *pairs[0], "--verdict", "duplicate", "--by", "carol")

    assert voted.exit_code == 6
    assert resolved.exit_code == 0
    assert one_report(review, pairs[0])


def test_a_misspelt_name_does_not_agree_with_its_owner(
    run: Run, review: Review, pairs: list[tuple[str, str]]
) -> None:
    two_needed(run)
    say(run, "ann", pairs[0], "duplicate")
    say(run, "bob", pairs[1], "duplicate")

    assert say(run, "Ann", pairs[0], "duplicate").exit_code == 3
    assert say(run, "anna", pairs[0], "duplicate").exit_code == 6
    assert not one_report(review, pairs[0])


def test_a_word_may_be_taken_back_until_the_other_is_in(
    run: Run, review: Review, pairs: list[tuple[str, str]]
) -> None:
    two_needed(run)
    run("duplicates", "review", "--reviewer", "ann", typed="y\nu\nn\nn\nq\n")
    say(run, "bob", pairs[1], "distinct")

    late = run("duplicates", "review", "--reviewer", "ann", typed="u\nq\n")

    assert [vote.verdict for vote in duplicate_votes.own(review, "ann")] == ["distinct", "distinct"]
    assert "both reviewers have decided" in late.stdout
    assert len(asking.questions(review)) == 2


def test_open_words_on_duplicates_are_not_shown_by_asking_for_one_reviewer(
    run: Run, pairs: list[tuple[str, str]]
) -> None:
    two_needed(run)
    say(run, "bob", pairs[0], "distinct", "--note", "secret")
    text = run("protocol", "show").stdout.replace("reviewers_needed = 2", "reviewers_needed = 1")
    Path("one.toml").write_text(text, encoding="utf-8")

    loaded = run("protocol", "load", "one.toml")

    assert loaded.exit_code == 6
    assert "would show open votes on duplicates" in loaded.stderr
    assert "secret" not in run("log").stdout
    assert "secret" in run("log", "--reviewer", "bob").stdout
    refused = run("log", "--by", "bob")
    assert refused.exit_code == 6
    assert "bob has 2 to go" in refused.stderr


@pytest.mark.parametrize("value", ["0", "3", "'two'"])
def test_the_protocol_wants_one_or_two_reviewers(run: Run, review: Review, value: str) -> None:
    text = run("protocol", "show").stdout.replace("reviewers_needed = 1", f"reviewers_needed = {value}")
    Path("odd.toml").write_text(text, encoding="utf-8")

    result = run("protocol", "load", "odd.toml")

    assert result.exit_code == 3
    assert "reviewers_needed" in result.stderr


def test_words_on_pairs_that_became_one_question_are_resolved(run: Run, review: Review) -> None:
    one, other, third = bring_in(review, [*look_alikes(1), look_alikes(2)[0]])
    ask(review, (one, third), (other, third))
    two_needed(run)
    say(run, "ann", (one, third), "distinct")
    say(run, "bob", (other, third), "distinct")
    run("duplicates", "merge", one, other, "--by", "ann")

    listed = run("duplicates", "conflicts").stdout
    resolved = run(
        *("duplicates", "resolve", one, third, "--verdict", "distinct", "--by", "ann", "--by", "bob")
    )

    assert third in listed
    assert resolved.exit_code == 0
    assert asking.questions(review) == []


def test_one_person_cannot_merge_through_a_third_record_what_two_are_asked_about(
    run: Run, review: Review
) -> None:
    one, other, third = bring_in(review, [*look_alikes(1), look_alikes(2)[0]])
    ask(review, (one, third))
    two_needed(run)

    result = run("duplicates", "merge", one, other, third, "--by", "ann")

    assert result.exit_code == 6
    assert not one_report(review, (one, third))
