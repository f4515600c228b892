"""Before a decision on duplicates, what it does to decisions already taken is listed and asked about."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen.model import Kind
from iimscreen.store import Review, open_review, records
from test_duplicates_review import ask

Run = Callable[..., Result]


@pytest.fixture
def two(run: Run, review: Review) -> list[str]:
    keys = bring_in(review, [a_record(1), a_record(2)])
    run("dedupe")
    return keys


def vote(run: Run, name: str, key: str, verdict: str, *more: str) -> None:
    result = run("screen", "--reviewer", name, "--record", key, "--verdict", verdict, *more)
    assert result.exit_code == 0, result.output


def both(run: Run, key: str, verdict: str, *more: str) -> None:
    for name in ("ann", "bob"):
        vote(run, name, key, verdict, *more)


def log_rows(review: Review) -> int:
    (count,) = review.db.execute("select count(*) from log").fetchone()
    return int(count)


def told(result: Result) -> str:
    """Output as one line, however it was folded."""
    return " ".join(result.output.split())


def test_a_merge_that_touches_nothing_is_done_at_once(run: Run, review: Review, two: list[str]) -> None:
    result = run("duplicates", "merge", *two, "--by", "ann")

    assert result.exit_code == 0
    assert result.stdout == f"One report now; kept: {two[0]}\n"


def test_a_dry_run_tells_and_stores_nothing(run: Run, review: Review, two: list[str]) -> None:
    both(run, two[0], "include")
    before, file = log_rows(review), review.path.read_bytes()

    result = run("duplicates", "merge", *two, "--by", "ann", "--dry-run")

    assert result.exit_code == 0
    assert f"one report: {two[0]} is kept, with {two[1]}" in told(result)
    assert "ann's vote: include" in told(result)
    assert (log_rows(review), review.path.read_bytes()) == (before, file)


def test_a_script_needs_yes_where_decisions_are_touched(run: Run, review: Review, two: list[str]) -> None:
    both(run, two[0], "include")
    both(run, two[1], "exclude")
    before = log_rows(review)

    refused = run("duplicates", "merge", *two, "--by", "ann")
    assert (refused.exit_code, log_rows(review)) == (6, before)
    done = run("duplicates", "merge", *two, "--by", "ann", "--yes")

    for result in (refused, done):
        assert f"title-abstract: {two[0]} has ann's vote: include; bob's vote: include" in told(result)
        assert f"{two[0]} will be in conflict, and someone has to resolve it" in told(result)
        assert "PRISMA: duplicate records removed 0 → 1; records screened 2 → 1" in told(result)
    assert "add --yes" in refused.stderr
    assert done.exit_code == 0
    assert records.kept_of(review, two[1]) == two[0]


def test_what_is_told_of_the_flow_is_what_comes(
    run: Run, run_json: Callable[..., Any], review: Review, two: list[str]
) -> None:
    for key in two:
        both(run, key, "include")
    run("fulltext", "not-retrieved", two[0], "--by", "ann", "--reason", "lost")
    run("fulltext", "retrieved", two[1], "--by", "ann")
    both(run, two[1], "include", "--stage", "full-text")
    before = run_json("prisma")["boxes"]

    result = run("duplicates", "merge", *two, "--by", "ann", "--yes")

    after = run_json("prisma")["boxes"]
    for box, label in (
        ("duplicates", "duplicate records removed"),
        ("records_screened", "records screened"),
        ("dbr_notretrieved_reports", "reports not retrieved (databases and registers)"),
    ):
        assert before[box] != after[box]
        assert f"{label} {before[box]} → {after[box]}" in told(result)
    assert f"full text of {two[0]}: not retrieved, lost" in told(result)
    assert f"full text of {two[0]} then: retrieved" in told(result)
    assert "reports of included studies" not in told(result), "it was 1 and stays 1"


def test_a_split_says_that_a_round_opens_again(run: Run, review: Review, two: list[str]) -> None:
    run("duplicates", "merge", *two, "--by", "ann")
    both(run, two[0], "include")

    result = run("duplicates", "split", *two, "--by", "ann")

    assert result.exit_code == 6
    assert "stage title-abstract is complete now and will be open again" in told(result)
    assert "ann has 0 to judge now, 1 then" in told(result)
    assert f"a report of its own: {two[1]}" in told(result)


def test_open_votes_of_others_are_counted_and_not_told(run: Run, review: Review, two: list[str]) -> None:
    vote(run, "ann", two[0], "include")
    vote(run, "bob", two[1], "exclude", "--note", "secret")

    result = run("duplicates", "merge", *two, "--by", "ann", "--dry-run")

    assert "ann's vote: include" in told(result)
    assert f"{two[1]} has 1 vote that may not be seen yet" in told(result)
    assert "what comes of them is blind yet" in told(result)
    assert "stage title-abstract will be complete" in told(result)
    assert "conflict" not in told(result)
    assert "secret" not in told(result)


def test_a_report_of_a_closed_version_is_named(run: Run, review: Review, two: list[str]) -> None:
    for key in two:
        both(run, key, "include")
    run("fulltext", "retrieved", "--all", "--by", "ann")
    for key in two:
        both(run, key, "include", "--stage", "full-text")
    assert run("version", "close", "--by", "ann").exit_code == 0

    result = run("duplicates", "merge", *two, "--by", "ann")

    assert result.exit_code == 6
    assert f"version 1, which is closed, includes {two[0]}, {two[1]}" in told(result)


def test_a_retrieval_alone_is_a_decision_already_taken(run: Run, review: Review) -> None:
    keys = bring_in(review, [a_record(1), a_record(2)], database="Reference list", kind=Kind.CITATION)
    run("dedupe")
    assert run("fulltext", "retrieved", keys[1], "--by", "ann").exit_code == 0

    result = run("duplicates", "merge", *keys, "--by", "ann")

    assert result.exit_code == 6
    assert f"full text of {keys[1]}: retrieved" in told(result)


def test_a_key_of_the_review_loop_is_asked_about_too(run: Run, review: Review, two: list[str]) -> None:
    ask(review, (two[0], two[1]))
    both(run, two[0], "include")

    result = run("duplicates", "review", "--reviewer", "ann", typed="y\nn\ny\ny\n")

    assert told(result).count("Go on? [y/N]") == 2
    assert "Nothing was changed." in result.stdout
    assert records.kept_of(review, two[1]) == two[0]


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["y", "n"])
def test_a_person_at_a_terminal_is_asked_whether_to_go_on(
    run: Run, review: Review, two: list[str], answer: str
) -> None:
    """Slow: a real pseudo-terminal."""
    pexpect = pytest.importorskip("pexpect", reason="pexpect needs a Unix terminal")
    both(run, two[0], "include")
    child = pexpect.spawn(
        sys.executable,
        ["-m", "iimscreen", "duplicates", "merge", *two, "--by", "ann"],
        env={**os.environ, "TERM": "xterm"},
        encoding="utf-8",
        timeout=20,
    )
    child.expect(r"Go on\? \[y/N\]")
    child.expect("\r\n> ")
    child.send(answer)
    child.expect(pexpect.EOF)
    child.close()

    assert child.exitstatus == 0
    with open_review(Path("review.db")) as after:
        assert (records.kept_of(after, two[1]) == two[0]) is (answer == "y")


def test_an_undo_that_touches_later_votes_is_asked_about(run: Run, review: Review, two: list[str]) -> None:
    ask(review, (two[0], two[1]))
    run("duplicates", "review", "--reviewer", "ann", typed="y\n")
    both(run, two[0], "include")
    other = bring_in(review, [a_record(5), a_record(6)])
    ask(review, (other[0], other[1]))

    refused = run("duplicates", "review", "--reviewer", "ann", typed="u\nn\nq\n")
    together = records.kept_of(review, two[1]) == two[0]
    again = run(
        *("duplicates", "review", "--reviewer", "ann", "--record", two[0], "--with", two[1]),
        *("--verdict", "unsure", "--again"),
    )
    undone = run("duplicates", "review", "--reviewer", "ann", typed="u\ny\nq\n")

    assert "Nothing was changed." in refused.stdout
    assert together
    assert again.exit_code == 6
    assert f"a report of its own: {two[1]}" in told(undone)
    assert records.kept_of(review, two[1]) == two[1]
