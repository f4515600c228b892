"""Rounds whose records leave, are merged or are split, and people who leave: what opens, and what stays blind."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen import fulltext, resolving, rounds, sharing, team
from iimscreen.errors import ProtocolError
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review, assignments, migrations, open_review, versions
from iimscreen.store import rounds as stored_rounds
from test_rounds import amend, gate, judge, judge_all, ten

__all__ = ["ten"]  # the fixture

Run = Callable[..., Result]


def openings(review: Review) -> list[str]:
    return [row["round"] for row in review.db.query("select round from round_openings order by log_id")]


def retrieved(review: Review, keys: list[str]) -> None:
    """All records included by ann and bob, their full texts at hand."""
    for name in ("ann", "bob"):
        judge_all(review, name)
    fulltext.mark(review, keys, fulltext.RETRIEVED, by="ann")


# --- records that leave a round --------------------------------------------------------------------


def test_a_batch_that_a_report_left_is_noted_as_open_and_its_votes_no_longer_change(
    review: Review, ten: list[str]
) -> None:
    retrieved(review, ten)
    rounds.open_batch(review, FULL_TEXT, 2, by="ann")
    for name in ("ann", "bob"):
        judge(review, name, {ten[0]: "include"}, FULL_TEXT)

    fulltext.mark(review, [ten[1]], fulltext.NOT_RETRIEVED, by="ann", reason="lost")

    assert set(gate(review).outcomes(FULL_TEXT)) == {ten[0]}, "all that is left of the batch has its votes"
    with pytest.raises(ProtocolError, match="no longer change"):
        Desk(review, "ann", FULL_TEXT).decide(Decision(ten[0], "awaiting", None, "seen"), change=True)


def test_a_batch_of_records_that_are_no_longer_screened_is_noted_as_open(
    run: Run, review: Review, ten: list[str]
) -> None:
    from iimscreen.model import Kind

    amend(review, run, "screen_other_methods = false", "screen_other_methods = true")
    bring_in(review, [a_record(77)], database="List", kind=Kind.CITATION)
    judge(review, "ann", dict.fromkeys(ten[2:], "include"))
    rounds.open_batch(review, TITLE_ABSTRACT, 3, by="ann")  # the first two, and the one cited
    for name in ("ann", "bob"):
        judge(review, name, dict.fromkeys(ten[:2], "include"))
    assert not gate(review).shows_any(TITLE_ABSTRACT)

    amend(review, run, "screen_other_methods = true", "screen_other_methods = false")

    assert set(gate(review).outcomes(TITLE_ABSTRACT)) == set(ten[:2])
    with pytest.raises(ProtocolError, match="no longer change"):
        Desk(review, "ann", TITLE_ABSTRACT).decide(Decision(ten[0], "exclude", None, "seen"), change=True)


def test_a_pilot_apart_is_done_when_a_report_without_votes_leaves_it(
    run: Run, review: Review, ten: list[str]
) -> None:
    amend(review, run, 'pilot_votes = "count"', 'pilot_votes = "apart"')
    retrieved(review, ten)
    one = rounds.draw_pilot(review, FULL_TEXT, 2, by="ann")
    first, second = gate(review).waiting_for(FULL_TEXT, "ann")
    for name in ("ann", "bob"):
        judge(review, name, {first: "include"}, FULL_TEXT)

    fulltext.mark(review, [second], fulltext.NOT_RETRIEVED, by="ann", reason="lost")

    assert gate(review).is_closed(one)
    assert len(Desk(review, "ann", FULL_TEXT).waiting_keys()) == 9, "the pilot's first again, and the rest"
    judge(review, "ann", {first: "include"}, FULL_TEXT)


def test_an_open_vote_on_a_report_that_left_its_batch_stays_hidden(
    run: Run, review: Review, ten: list[str]
) -> None:
    retrieved(review, ten)
    rounds.open_batch(review, FULL_TEXT, 1, by="ann")
    judge(review, "bob", {ten[0]: "awaiting"}, FULL_TEXT)

    table = resolving.Table(review, ["ann"], TITLE_ABSTRACT)
    table.settle(Decision(ten[0], "exclude", None, "no full text is needed"))

    assert not gate(review).shows_any(FULL_TEXT)
    assert f"{ten[0]} awaiting" not in run("log", "--reviewer", "ann").stdout


# --- reports in two rounds -------------------------------------------------------------------------


@pytest.mark.parametrize("counts", ["count", "apart"])
def test_a_report_in_two_rounds_is_judged_in_the_first_and_keeps_the_other_from_nothing(
    run: Run, review: Review, ten: list[str], counts: str
) -> None:
    amend(review, run, 'pilot_votes = "count"', f'pilot_votes = "{counts}"')
    for name in ("ann", "bob", "cyd"):
        team.add_reviewer(review, name, "reviewer")
    rounds.open_batch(review, TITLE_ABSTRACT, 2, by="ann")
    pilot = rounds.draw_pilot(review, TITLE_ABSTRACT, 3, by="ann")
    drawn = gate(review).waiting_for(TITLE_ABSTRACT, "ann")
    assert run("duplicates", "merge", ten[0], drawn[0], "--by", "ann", "--yes").exit_code == 0

    judged = [judge_all(review, name) for name in ("ann", "bob", "cyd")]

    assert judged[:2] == [2, 2]
    assert gate(review).is_closed(pilot)
    assert judge_all(review, "ann") > 0, "the pilot keeps nobody from the rest"


def test_a_vote_that_another_copy_gave_before_the_pilot_does_not_hold_it_up(
    run: Run, review_file: Path, tmp_path: Path
) -> None:
    with open_review(review_file) as review:
        keys = bring_in(review, [a_record(n) for n in range(1, 7)])
        amend(review, run, 'pilot_votes = "count"', 'pilot_votes = "apart"')
        for name in ("ann", "bob"):
            team.add_reviewer(review, name, "reviewer")
    other = Path(shutil.copy(review_file, tmp_path / "other.db"))
    with open_review(other) as of_bob:
        judge(of_bob, "bob", dict.fromkeys(keys, "exclude"))
        sharing.share(of_bob, "bob", tmp_path / "bob.iimbundle")
    with open_review(review_file) as review:
        pilot = rounds.draw_pilot(review, TITLE_ABSTRACT, 2, by="ann")
        sharing.merge(review, [tmp_path / "bob.iimbundle"])

        judge(review, "ann", dict.fromkeys(gate(review).waiting_for(TITLE_ABSTRACT, "ann"), "include"))

        assert gate(review).is_closed(pilot)
        assert len(Desk(review, "ann", TITLE_ABSTRACT).waiting_keys()) == 6
        assert not gate(review).shows_any(TITLE_ABSTRACT), "what bob said counts, and is blind"
        assert "exclude" not in run("log").stdout


def test_a_record_split_off_in_a_closed_round_is_judged_blind(
    run: Run, run_json: Callable[..., Any], review: Review, ten: list[str]
) -> None:
    first, second = ten[0], ten[1]
    judge(review, "ann", {first: "include"})
    rounds.open_batch(review, TITLE_ABSTRACT, 1, by="ann")
    assert gate(review).waiting_for(TITLE_ABSTRACT, "ann")[0] == second
    Desk(review, "ann", TITLE_ABSTRACT).undo()
    assert run("duplicates", "merge", first, second, "--by", "ann", "--yes").exit_code == 0
    for name in ("ann", "bob"):
        judge(review, name, {first: "include"})
    assert run("duplicates", "split", first, second, "--by", "ann", "--yes").exit_code == 0
    judge(review, "bob", {second: "exclude"})
    assert second not in gate(review).outcomes(TITLE_ABSTRACT)

    found = run_json("agreement", "--round", "batch-1")
    log = run("log", "--reviewer", "ann").stdout
    before = (json.dumps(found), log)
    Desk(review, "bob", TITLE_ABSTRACT).decide(Decision(second, "include", None, "again"), change=True)

    assert json.dumps(run_json("agreement", "--round", "batch-1")) == before[0]
    votes = gate(review).round_votes(rounds.named(review, "batch-1"))
    assert {key for key, given in votes.items() if given} == {first}


# --- people who leave ------------------------------------------------------------------------------


def test_who_retires_during_a_pilot_hands_over_what_comes_after_it(review: Review, ten: list[str]) -> None:
    for name in ("ann", "bob", "cyd"):
        team.add_reviewer(review, name, "reviewer")
    team.assign(review, TITLE_ABSTRACT, ["ann", "bob"], by="ann")
    rounds.draw_pilot(review, TITLE_ABSTRACT, 2, by="ann")

    with pytest.raises(ProtocolError, match="bob has 10 assigned records to judge"):
        team.retire(review, "bob", by="ann")
    passed = team.retire(review, "bob", by="ann", hand_over="cyd")

    assert passed.passed == 10
    assert set(assignments.standing(review, TITLE_ABSTRACT).values()) == {frozenset(("ann", "cyd"))}


def test_an_unblinding_of_two_does_not_show_the_votes_of_a_third_who_left(
    run: Run, review: Review, ten: list[str]
) -> None:
    for name in ("ann", "bob", "cyd"):
        team.add_reviewer(review, name, "reviewer")
    judge(review, "cyd", {ten[0]: "exclude"})
    judge(review, "ann", {ten[0]: "include"})
    team.unblind(review, TITLE_ABSTRACT, "ann", ("ann", "bob"))

    team.retire(review, "cyd", by="ann")

    assert f"{ten[0]} exclude" not in run("log", "--reviewer", "ann").stdout
    assert run("conflicts").exit_code == 6


def test_unblinding_every_pair_includes_who_voted_and_left(run: Run, review: Review, ten: list[str]) -> None:
    for name in ("ann", "bob", "cyd"):
        team.add_reviewer(review, name, "reviewer")
    judge(review, "cyd", {ten[0]: "exclude"})
    judge(review, "ann", {ten[0]: "include"})
    team.retire(review, "cyd", by="ann")

    pairs = team.unblind(review, TITLE_ABSTRACT, "ann")

    assert pairs == [("ann", "bob"), ("ann", "cyd"), ("bob", "cyd")]
    assert f"{ten[0]} exclude" in run("log", "--reviewer", "ann").stdout
    (found,) = resolving.conflicts_to_see(review)
    assert [one.record.key for one in found.conflicts] == [ten[0]]


# --- what a round opens, and when ------------------------------------------------------------------


def test_a_record_that_returns_to_a_closed_batch_is_judged_with_the_rest(
    run: Run, review: Review, ten: list[str]
) -> None:
    rounds.open_batch(review, TITLE_ABSTRACT, 2, by="ann")
    rounds.open_batch(review, TITLE_ABSTRACT, 2, by="ann")
    moved, stays = ten[2], ten[3]
    assert run("duplicates", "merge", ten[0], moved, "--by", "ann", "--yes").exit_code == 0
    for name in ("ann", "bob"):
        judge(review, name, {stays: "include"})
    assert openings(review) == ["batch-2"]
    assert run("duplicates", "split", ten[0], moved, "--by", "ann", "--yes").exit_code == 0

    votes = [Desk(review, name, TITLE_ABSTRACT).decide(Decision(moved, "exclude")) for name in ("ann", "bob")]

    assert [(vote.round, vote.was_open) for vote in votes] == [(None, False)] * 2
    assert set(gate(review).outcomes(TITLE_ABSTRACT)) == {stays}, "it opens with the rest of its stage"
    Desk(review, "bob", TITLE_ABSTRACT).undo()


def test_votes_of_a_part_seen_in_a_merged_report_no_longer_change_after_the_split(
    run: Run, review: Review
) -> None:
    one, other = bring_in(review, [a_record(1), a_record(2)])
    judge(review, "ann", {one: "include", other: "exclude"})
    assert run("duplicates", "merge", one, other, "--by", "ann", "--yes").exit_code == 0
    Desk(review, "ann", TITLE_ABSTRACT).decide(Decision(one, "unsure", None, "one report"), change=True)
    judge(review, "bob", {one: "include"})
    assert f"{other} exclude" in run("log", "--reviewer", "bob").stdout, "the log shows what it replaced"
    assert run("duplicates", "split", one, other, "--by", "ann", "--yes").exit_code == 0

    with pytest.raises(ProtocolError, match="no longer change"):
        Desk(review, "ann", TITLE_ABSTRACT).decide(Decision(other, "include", None, "again"), change=True)
    assert Desk(review, "bob", TITLE_ABSTRACT).decide(Decision(other, "include")).was_open is True


def test_votes_in_an_open_batch_do_not_ask_for_all_votes_of_the_stage(review: Review, ten: list[str]) -> None:
    """All records are in batches, so nothing of the rest can be missing: with 100,000 that took a second a vote."""
    for name in ("ann", "bob"):
        team.add_reviewer(review, name, "reviewer")
    rounds.open_batch(review, TITLE_ABSTRACT, 10, by="ann")
    desk = Desk(review, "ann", TITLE_ABSTRACT)
    desk.decide(Decision(ten[0], "include"))
    asked: list[str] = []
    review.db.conn.set_trace_callback(asked.append)

    desk.decide(Decision(ten[1], "include"))

    review.db.conn.set_trace_callback(None)
    assert any("insert into decisions" in one for one in asked)
    assert not [one for one in asked if "where true" in one], "every vote of the review is read"


# --- completed versions ----------------------------------------------------------------------------


def test_a_completed_version_is_derived_with_its_rounds_and_assignments(
    run: Run, review: Review, ten: list[str]
) -> None:
    for name in ("ann", "bob"):
        team.add_reviewer(review, name, "reviewer")
    rounds.open_batch(review, TITLE_ABSTRACT, 3, by="ann")
    team.assign(review, TITLE_ABSTRACT, by="ann")
    for name in ("ann", "bob"):
        judge_all(review, name, "exclude")
    assert run("version", "close", "--by", "ann").exit_code == 0
    (closed,) = versions.closures(review)

    with versions.as_it_was(review, closed.log_id) as then:
        assert stored_rounds.verify(then) == []
        assert assignments.verify(then) == []
        assert [one.records for one in gate(then).round_progress(TITLE_ABSTRACT)] == [3]
    assert run("check").exit_code == 0


def test_every_table_is_copied_into_a_completed_version_or_left_out_on_purpose() -> None:
    copied = {*versions._UNTIL, *migrations.LOG_KINDS}

    assert set(migrations.APPEND_ONLY) - copied == {"replies"}, "raw replies are for replaying searches"
