"""Several people on one review file at once: real processes, no lost vote, nobody told "locked" in normal use."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import Result

import writers
from conftest import a_record, bring_in
from iimscreen import review_protocol
from iimscreen.errors import ReviewError
from iimscreen.formats import jsonl
from iimscreen.store import Review, connection, decisions, log, open_review

Run = Callable[..., Result]
NAMES = ("ann", "bob", "cy", "dee", "eve", "fay", "gus", "hal")
LONG_AGO = "2020-02-02T02:02:02.000Z"


@pytest.fixture
def for_eight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A review of 40 records for eight reviewers, last written long ago."""
    path = tmp_path / "review.db"
    with monkeypatch.context() as patch:
        patch.setattr(log, "now", lambda: LONG_AGO)
        review_protocol.create(path, writers.protocol_for(8, tmp_path))
        with open_review(path) as review:
            patch.setattr(connection, "SITTING", connection.SITTING * 1_000_000)
            bring_in(review, [a_record(number) for number in range(40)])
    return path


def background(*words: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "iimscreen", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def stored(path: Path) -> dict[str, list[str]]:
    """Reviewer → the records of their votes, in the order of the log."""
    with closing(sqlite3.connect(path)) as plain:
        found: dict[str, list[str]] = {}
        for name, key in plain.execute("select reviewer, record_key from decisions order by log_id"):
            found.setdefault(name, []).append(key)
        return found


@pytest.mark.slow  # eight processes of 0.5 s on whatever cores there are
def test_eight_people_who_vote_at_once_lose_no_vote_and_the_log_has_no_gap(run: Run, for_eight: Path) -> None:
    written = writers.finished([writers.started(for_eight, name) for name in NAMES])

    assert {one.name: list(one.stored) for one in written} == stored(for_eight)
    assert [len(one.stored) for one in written] == [40] * 8
    assert run("check").exit_code == 0
    (copy,) = connection.copies_folder(for_eight).iterdir()  # all began a sitting: one made its copy
    assert stored(copy) == {}


@pytest.mark.slow  # six commands beside two writers
def test_votes_are_kept_while_others_look_import_and_deduplicate(run: Run, for_eight: Path) -> None:
    Path("more.jsonl").write_bytes(jsonl.write([a_record(number) for number in range(100, 130)]))
    voting = [writers.started(for_eight, name) for name in NAMES[:2]]
    others = [
        background(*words)
        for words in (
            ("import", "more.jsonl", "--database", "Other"),
            ("status",),
            ("prisma",),
            ("dedupe",),
        )
    ]

    written = writers.finished(voting)

    for process in others:
        assert (process.communicate()[1], process.returncode) == ("", 0)
    assert {one.name: list(one.stored) for one in written} == stored(for_eight)
    assert all(len(one.stored) >= 40 for one in written)
    assert run("check").exit_code == 0


@pytest.mark.slow  # two processes
def test_one_person_at_two_terminals_votes_once_on_each_record(run: Run, for_eight: Path) -> None:
    written = writers.finished([writers.started(for_eight, "ann") for _ in range(2)])

    assert sorted(key for one in written for key in one.stored) == sorted(stored(for_eight)["ann"])
    assert len(stored(for_eight)["ann"]) == 40
    assert all("ann has voted" in said for one in written for said in one.refused)
    assert run("check").exit_code == 0


def test_a_long_look_at_a_snapshot_keeps_nobody_from_voting(
    review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = bring_in(review, [a_record(1), a_record(2)])
    monkeypatch.setattr(connection, "LOCK_TIMEOUT_S", 0.05)
    with open_review(review.path) as other, other.snapshot() as still:
        written = writers.vote_on_all(review.path, "ann")

        assert written["stored"] == keys
        assert decisions.own_votes(still, writers.STAGE, "ann") == []
    assert len(decisions.own_votes(review, writers.STAGE, "ann")) == 2


def test_a_snapshot_cannot_be_written_to(review: Review) -> None:
    with (
        review.snapshot() as still,
        pytest.raises(ReviewError, match="cannot be written"),
        still.writing(),
    ):
        log.append_one(still.db, "dedupe_runs", {"records": 0})


def test_a_look_finds_the_file_itself_where_a_copy_has_no_room(
    review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_is_copied", lambda *_: False)

    with review.snapshot() as still:
        assert still is review
        assert review.db.conn.in_transaction


# --- a file that others hold for longer than anyone waits --------------------------------------------


def test_a_vote_that_cannot_be_stored_keeps_its_record_in_front(
    run: Run, review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = bring_in(review, [a_record(1), a_record(2)])
    monkeypatch.setattr(connection, "LOCK_TIMEOUT_S", 0.05)
    answers = iter(["y", "n", "n", "q"])
    with closing(sqlite3.connect(review.path, isolation_level=None)) as other:

        def answered(_prompt: str) -> str:
            answer = next(answers)
            if answer == "n":
                if other.in_transaction:
                    other.execute("rollback")
                else:
                    other.execute("begin immediate")
            return answer

        monkeypatch.setattr("builtins.input", answered)
        result = run("screen", "--reviewer", "ann")

    assert result.exit_code == 0
    assert result.stdout.count("is locked by another program (close it there, or wait") == 1
    assert result.stdout.count("2 of 2") == 2
    assert "2 votes given in this sitting, all saved." in result.stdout
    assert {vote.key: vote.verdict for vote in decisions.own_votes(review, writers.STAGE, "ann")} == {
        keys[0]: "include",
        keys[1]: "exclude",
    }


def test_a_record_that_cannot_be_read_is_tried_again_or_left(
    run: Run, review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_in(review, [a_record(1), a_record(2)])
    monkeypatch.setattr(connection, "LOCK_TIMEOUT_S", 0.05)
    answers = iter(["s", "", "q"])
    with closing(sqlite3.connect(review.path, isolation_level=None)) as other:

        def answered(_prompt: str) -> str:
            answer = next(answers)
            if answer == "s":
                other.execute("begin exclusive")
            return answer

        monkeypatch.setattr("builtins.input", answered)
        result = run("screen", "--reviewer", "ann")

    assert result.stdout.count("is locked by another program") == 2
    assert "0 votes given in this sitting, all saved." in result.stdout


def test_a_scripted_vote_on_a_file_that_others_hold_is_one_error(
    run: Run, review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    (key,) = bring_in(review, [a_record(1)])
    monkeypatch.setattr(connection, "LOCK_TIMEOUT_S", 0.05)
    with closing(sqlite3.connect(review.path, isolation_level=None)) as other:
        other.execute("begin immediate")
        result = run("screen", "--reviewer", "ann", "--record", key, "--verdict", "include")

    assert result.exit_code == 4
    assert result.stderr.count("Error:") == 1
    assert "is locked by another program" in result.stderr
    assert decisions.own_votes(review, writers.STAGE, "ann") == []
