"""Pilots and batches: drawn, judged blind, closed and compared on their own; shuffled orders."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen import dedupe, fulltext, resolving, review_flow, rounds, team
from iimscreen.errors import InputError, ProtocolError
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.review_protocol import in_force
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review, decisions
from iimscreen.store.gate import Gate

Run = Callable[..., Result]


@pytest.fixture
def ten(review: Review) -> list[str]:
    """A review of ten records, deduplicated."""
    keys = bring_in(review, [a_record(n) for n in range(1, 11)])
    dedupe.run(review)
    return keys


def judge(review: Review, name: str, verdicts: dict[str, str], stage: str = TITLE_ABSTRACT) -> None:
    desk = Desk(review, name, stage)
    for key, verdict in verdicts.items():
        desk.decide(Decision(key, verdict))


def judge_all(review: Review, name: str, verdict: str = "include", stage: str = TITLE_ABSTRACT) -> int:
    """Everything that is left for someone now; how many records it was."""
    waiting = Desk(review, name, stage).waiting_keys()
    judge(review, name, dict.fromkeys(waiting, verdict), stage)
    return len(waiting)


def gate(review: Review) -> Gate:
    return Gate(review, in_force(review))


def amend(review: Review, run: Run, old: str, new: str) -> None:
    """Load the protocol with one line changed."""
    text = in_force(review).text
    assert old in text
    Path("changed.toml").write_text(text.replace(old, new), encoding="utf-8")
    assert run("protocol", "load", "changed.toml").exit_code == 0


# --- pilots ----------------------------------------------------------------------------------------


def test_a_pilot_is_a_sample_that_its_seed_draws_again(
    review: Review, ten: list[str], tmp_path: Path
) -> None:
    one = rounds.draw_pilot(review, TITLE_ABSTRACT, 4, by="ann", seed=7)
    drawn = gate(review).waiting_for(TITLE_ABSTRACT, "ann")

    assert (one.name, one.seed, one.counts) == ("pilot-1", 7, True)
    assert len(drawn) == 4
    assert drawn == [key for key in ten if key in drawn], "in order of arrival"
    judge_all(review, "ann")
    judge_all(review, "bob")
    rounds.draw_pilot(review, TITLE_ABSTRACT, 4, by="ann", seed=7)
    again = gate(review).waiting_for(TITLE_ABSTRACT, "ann")
    assert len(again) == 4
    assert not set(again) & set(drawn), "nobody is asked twice"


def test_nothing_but_the_pilot_is_asked_for_until_it_is_closed(
    run: Run, review: Review, ten: list[str]
) -> None:
    rounds.draw_pilot(review, TITLE_ABSTRACT, 3, by="ann")
    pilot = gate(review).waiting_for(TITLE_ABSTRACT, "ann")
    other = next(key for key in ten if key not in pilot)

    with pytest.raises(ProtocolError, match="not among the records of pilot-1"):
        judge(review, "ann", {other: "include"})
    judge_all(review, "ann")
    judge(review, "bob", {pilot[0]: "include"})

    assert "Next: iimscreen screen --reviewer bob" in run("status").stdout
    assert Desk(review, "ann", TITLE_ABSTRACT).waiting_keys() == []
    assert "pilot-1 comes first and waits for" in Desk(review, "ann", TITLE_ABSTRACT).rounds_ahead()
    assert "pilot-1" in run("screen", "--reviewer", "ann", typed="q\n").stdout
    judge_all(review, "bob")
    assert len(Desk(review, "ann", TITLE_ABSTRACT).waiting_keys()) == 7
    assert "Next: iimscreen screen --reviewer ann" in run("status").stdout
    assert Desk(review, "ann", TITLE_ABSTRACT).rounds_ahead() == ""


def test_status_sends_to_the_screen_whom_the_pilot_waits_for(
    run: Run, review: Review, ten: list[str]
) -> None:
    rounds.draw_pilot(review, TITLE_ABSTRACT, 3, by="ann")
    judge_all(review, "ann")
    assert "Next: iimscreen screen --reviewer OTHER_NAME" in run("status").stdout

    judge(review, "bob", {gate(review).waiting_for(TITLE_ABSTRACT, "bob")[0]: "include"})

    assert "Next: iimscreen screen --reviewer bob" in run("status").stdout


def test_a_pilot_opens_on_its_own_and_the_rest_stays_blind(review: Review, ten: list[str]) -> None:
    rounds.draw_pilot(review, TITLE_ABSTRACT, 3, by="ann")
    pilot = gate(review).waiting_for(TITLE_ABSTRACT, "ann")
    judge_all(review, "ann")
    judge(review, "bob", {pilot[0]: "exclude", pilot[1]: "include"})
    assert not gate(review).shows_any(TITLE_ABSTRACT), "one vote is missing"

    judge(review, "bob", {pilot[2]: "include"})

    rest = [key for key in ten if key not in pilot]
    judge_all(review, "ann")
    judge(review, "bob", {rest[0]: "exclude"})
    assert set(gate(review).outcomes(TITLE_ABSTRACT)) == set(pilot)
    (found,) = resolving.conflicts_to_see(review)
    assert [one.record.key for one in found.conflicts] == [pilot[0]]
    assert found.closed == 7
    opened = [row["round"] for row in review.db.query("select round from round_openings")]
    assert opened == ["pilot-1"], "with the vote that completed it"


def test_votes_of_a_closed_pilot_no_longer_change(review: Review, ten: list[str]) -> None:
    rounds.draw_pilot(review, TITLE_ABSTRACT, 2, by="ann")
    pilot = gate(review).waiting_for(TITLE_ABSTRACT, "ann")
    judge_all(review, "ann")
    desk = Desk(review, "ann", TITLE_ABSTRACT)
    desk.decide(Decision(pilot[0], "exclude", None, "read again"), change=True)
    judge_all(review, "bob")

    with pytest.raises(ProtocolError, match="no longer change"):
        desk.decide(Decision(pilot[0], "include", None, "seen the other's"), change=True)
    with pytest.raises(ProtocolError, match="no longer change"):
        desk.undo()


def test_everyone_who_takes_part_judges_the_pilot(review: Review, ten: list[str]) -> None:
    for name in ("ann", "bob", "cyd"):
        team.add_reviewer(review, name, "reviewer")
    rounds.draw_pilot(review, TITLE_ABSTRACT, 3, by="ann")

    judged = [judge_all(review, name) for name in ("ann", "bob")]
    assert judged == [3, 3]
    assert not gate(review).shows_any(TITLE_ABSTRACT)

    assert judge_all(review, "cyd") == 3
    assert gate(review).shows_any(TITLE_ABSTRACT)
    assert judge_all(review, "ann") == 7, "elsewhere two are enough"
    assert judge_all(review, "bob") == 7
    assert judge_all(review, "cyd") == 0


def test_a_pilot_does_not_wait_for_who_has_retired(review: Review, ten: list[str]) -> None:
    for name in ("ann", "bob", "cyd"):
        team.add_reviewer(review, name, "reviewer")
    rounds.draw_pilot(review, TITLE_ABSTRACT, 3, by="ann")
    for name in ("ann", "bob"):
        judge_all(review, name)

    team.retire(review, "cyd", by="ann")

    assert gate(review).shows_any(TITLE_ABSTRACT)
    assert [one.is_closed for one in gate(review).round_progress(TITLE_ABSTRACT)] == [True]


def test_a_pilot_is_not_opened_by_making_the_others_retire(review: Review, ten: list[str]) -> None:
    rounds.draw_pilot(review, TITLE_ABSTRACT, 3, by="ann")
    judge(review, "bob", {gate(review).waiting_for(TITLE_ABSTRACT, "bob")[0]: "exclude"})
    judge_all(review, "ann")

    team.retire(review, "bob", by="ann")

    assert not gate(review).shows_any(TITLE_ABSTRACT), "each record needs two votes"


def test_a_pilot_whose_votes_stand_apart_is_judged_again(run: Run, review: Review, ten: list[str]) -> None:
    amend(review, run, 'pilot_votes = "count"', 'pilot_votes = "apart"')
    one = rounds.draw_pilot(review, TITLE_ABSTRACT, 3, by="ann")
    pilot = gate(review).waiting_for(TITLE_ABSTRACT, "ann")
    judge_all(review, "ann", "exclude")
    judge_all(review, "bob", "exclude")

    assert one.counts is False
    assert len(gate(review).round_votes(one)) == 3
    for name in ("ann", "bob"):
        desk = Desk(review, name, TITLE_ABSTRACT)
        assert len(desk.waiting_keys()) == 10, "the pilot's records too"
        assert desk.own_votes() == []
    judge_all(review, "ann", "include")
    judge(review, "bob", {pilot[0]: "include"})
    assert not gate(review).shows_any(TITLE_ABSTRACT), "the new votes are blind"
    assert gate(review).hidden_log_ids(None) == {
        vote.log_id for vote in (*decisions.own_votes(review, TITLE_ABSTRACT, "ann"),)
    } | {decisions.own_votes(review, TITLE_ABSTRACT, "bob")[0].log_id}
    judge_all(review, "bob", "include")
    assert {found.state.value for found in gate(review).outcomes(TITLE_ABSTRACT).values()} == {"include"}
    opened = [row["round"] for row in review.db.query("select round from round_openings")]
    assert opened == ["pilot-1", "title-abstract"]
    assert (
        "Of stage title-abstract, 3 records drawn with seed 1 were a pilot (pilot-1), judged first; its votes do not "
        "count, and its records were judged again."
    ) in review_flow.prisma(review).footnotes


def test_votes_of_a_pilot_that_stand_apart_are_not_undone_later(
    run: Run, review: Review, ten: list[str]
) -> None:
    amend(review, run, 'pilot_votes = "count"', 'pilot_votes = "apart"')
    rounds.draw_pilot(review, TITLE_ABSTRACT, 2, by="ann")
    judge_all(review, "ann")
    judge_all(review, "bob")

    with pytest.raises(ProtocolError, match="no vote to undo"):
        Desk(review, "ann", TITLE_ABSTRACT).undo()


def test_calibrate_compares_the_pilot_and_names_the_records_to_talk_about(
    run: Run, run_json: Callable[..., Any], review: Review, ten: list[str]
) -> None:
    assert run("calibrate", "-n", "3", "--by", "ann").exit_code == 0
    pilot = gate(review).waiting_for(TITLE_ABSTRACT, "ann")
    judge_all(review, "ann")
    early = run("calibrate")
    assert early.exit_code == 6
    assert "pilot-1 is blind and unfinished: ann has" not in early.output
    judge(review, "bob", {pilot[0]: "include", pilot[1]: "exclude", pilot[2]: "unsure"})

    found = run_json("calibrate")

    assert found["round"]["name"] == "pilot-1"
    assert found["round"]["records"] == 3
    assert [(p["reviewer"], p["other_reviewer"], p["figures"]["n"]) for p in found["pairs"]] == [
        ("ann", "bob", 3)
    ]
    assert [one["record"] for one in found["to_talk_about"]] == pilot[1:]
    assert "2 records to talk about" in run("calibrate").stdout


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("calibrate",), 3, "has no pilot"),
        (("calibrate", "-n", "11", "--by", "ann"), 6, "10 records that nobody has judged, fewer than 11"),
        (("calibrate", "-n", "3"), 3, "say who with --by"),
        (("calibrate", "--seed", "3"), 3, "go with -n"),
        (("calibrate", "-n", "0", "--by", "ann"), 2, "0 is not in the range"),
        (("calibrate", "-n", "3", "--by", "ann", "--stage", "full-text"), 6, "full-text"),
        (("calibrate", "-n", "3", "--by", "ann", "--stage", "abstract"), 3, "no stage 'abstract'"),
        (("round", "batch", "-n", "3", "--by", ""), 3, "cannot be a person's name"),
        (("unblind", "--round", "pilot-9", "--by", "ann"), 3, "there is no round 'pilot-9'"),
    ],
)
def test_what_cannot_be_drawn_is_one_clear_error(
    run: Run, ten: list[str], words: tuple[str, ...], code: int, says: str
) -> None:
    result = run(*words)

    assert result.exit_code == code, result.output
    assert says in result.output


def test_a_second_pilot_waits_for_the_first(review: Review, ten: list[str]) -> None:
    rounds.draw_pilot(review, TITLE_ABSTRACT, 2, by="ann")

    with pytest.raises(ProtocolError, match="pilot-1 is not finished yet"):
        rounds.draw_pilot(review, TITLE_ABSTRACT, 2, by="ann")


# --- batches ---------------------------------------------------------------------------------------


def test_batches_come_first_in_order_and_open_one_by_one(review: Review, ten: list[str]) -> None:
    judge(review, "ann", {ten[0]: "include"})
    first = rounds.open_batch(review, TITLE_ABSTRACT, 3, by="ann")
    second = rounds.open_batch(review, TITLE_ABSTRACT, 3, by="ann")

    assert (first.name, second.name) == ("batch-1", "batch-2")
    waiting = Desk(review, "bob", TITLE_ABSTRACT).waiting_keys()
    assert waiting == [*ten[1:7], ten[0], *ten[7:]]
    judge(review, "ann", dict.fromkeys(ten[1:4], "include"))
    judge(review, "bob", dict.fromkeys(ten[1:4], "include"))
    assert sorted(gate(review).outcomes(TITLE_ABSTRACT)) == sorted(ten[1:4])
    assert sorted(gate(review).sought()) == sorted(ten[1:4]), "full texts can be sought at once"


def test_the_rest_opens_though_a_batch_is_unfinished(review: Review, ten: list[str]) -> None:
    rounds.open_batch(review, TITLE_ABSTRACT, 3, by="ann")
    rest = ten[3:]
    for name in ("ann", "bob"):
        judge(review, name, dict.fromkeys(rest, "include"))

    assert sorted(gate(review).outcomes(TITLE_ABSTRACT)) == sorted(rest)
    assert not gate(review).is_complete(TITLE_ABSTRACT)
    with pytest.raises(ProtocolError, match="no longer change"):
        Desk(review, "ann", TITLE_ABSTRACT).decide(Decision(rest[0], "exclude", None, "why"), change=True)


def test_a_batch_takes_what_is_left_and_then_there_is_none(review: Review, ten: list[str]) -> None:
    rounds.open_batch(review, TITLE_ABSTRACT, 8, by="ann")
    rounds.open_batch(review, TITLE_ABSTRACT, 8, by="ann")

    assert [one.records for one in gate(review).round_progress(TITLE_ABSTRACT)] == [8, 2]
    with pytest.raises(ProtocolError, match="0 records that nobody has judged"):
        rounds.open_batch(review, TITLE_ABSTRACT, 8, by="ann")


def test_a_batch_of_full_texts(review: Review, ten: list[str]) -> None:
    for name in ("ann", "bob"):
        judge_all(review, name)
    fulltext.mark_all(review, by="ann")

    one = rounds.open_batch(review, FULL_TEXT, 4, by="ann")

    assert one.name == "full-text-batch-1"
    assert judge_all(review, "ann", stage=FULL_TEXT) == 10
    judge(review, "bob", dict.fromkeys(ten[:4], "include"), FULL_TEXT)
    assert sorted(gate(review).outcomes(FULL_TEXT)) == sorted(ten[:4])


def test_unblinding_a_batch_shows_that_batch_to_that_pair_only(
    run: Run, review: Review, ten: list[str]
) -> None:
    rounds.open_batch(review, TITLE_ABSTRACT, 3, by="ann")
    judge(review, "ann", {ten[0]: "include", ten[5]: "include"})
    judge(review, "bob", {ten[0]: "exclude", ten[5]: "exclude"})

    result = run("unblind", "--round", "batch-1", "--by", "ann")

    assert result.exit_code == 0, result.output
    assert sorted(gate(review).outcomes(TITLE_ABSTRACT)) == sorted(ten[:3])
    assert "Round batch-1 was unblinded for ann and bob by ann" in run("prisma").stdout
    late = Desk(review, "ann", TITLE_ABSTRACT).decide(Decision(ten[1], "include"))
    assert late.was_open is True
    blind = Desk(review, "ann", TITLE_ABSTRACT).decide(Decision(ten[6], "include"))
    assert blind.was_open is False


def test_a_round_that_was_tampered_with_is_found(run: Run, review: Review, ten: list[str]) -> None:
    rounds.draw_pilot(review, TITLE_ABSTRACT, 3, by="ann")
    team.add_reviewer(review, "ann", "reviewer")
    team.add_reviewer(review, "bob", "reviewer")
    assert run("check").exit_code == 0
    for name, statement in (
        ("round_records", "update round_records set record_key = :key where position = 0"),
        ("rounds", "update rounds set seed = 99"),
    ):
        (free,) = ((set(ten) - set(gate(review).waiting_for(TITLE_ABSTRACT, "ann"))).pop(),)
        review.db.execute(f"drop trigger if exists {name}_no_update")
        review.db.execute(statement, {"key": free} if ":key" in statement else {})
        result = run("check")
        assert result.exit_code == 6, result.output


# --- blinding --------------------------------------------------------------------------------------

CURIOUS = [
    ("status",),
    ("status", "--json"),
    ("round",),
    ("round", "--json"),
    ("calibrate",),
    ("calibrate", "--json"),
    ("conflicts",),
    ("conflicts", "--json"),
    ("agreement",),
    ("agreement", "--json"),
    ("agreement", "--round", "pilot-1"),
    ("prisma", "--json"),
    ("fulltext",),
    ("resolve", "--by", "ann", "--record", "KEY", "--verdict", "include", "--note", "curious"),
    ("log",),
    ("log", "--reviewer", "ann"),
    ("calibrate", "-n", "2", "--by", "ann"),
    ("assign", "--by", "ann"),
    ("reviewer", "retire", "bob", "--by", "ann"),
    ("status",),
    ("conflicts",),
    ("agreement", "--round", "pilot-1"),
    ("reviewer", "add", "bob"),
    ("check",),
]


@pytest.mark.parametrize("counts", ["count", "apart"])
def test_an_open_pilot_tells_nothing_whatever_the_other_voted(
    run: Run, review_file: Path, counts: str, tmp_path: Path
) -> None:
    import shutil

    from iimscreen.store import open_review
    from test_blinding import masked

    with open_review(review_file) as review:
        bring_in(review, [a_record(n) for n in range(1, 9)])
        dedupe.run(review)
        if counts == "apart":
            amend(review, run, 'pilot_votes = "count"', 'pilot_votes = "apart"')
        rounds.draw_pilot(review, TITLE_ABSTRACT, 4, by="ann")
        pilot = gate(review).waiting_for(TITLE_ABSTRACT, "ann")
        judge(review, "ann", dict.fromkeys(pilot[:3], "include"))
    start = shutil.copy(review_file, tmp_path / "start.db")
    seen = []
    for verdicts in (["include"] * 4, ["exclude"] * 4, ["unsure", "exclude", "include", "exclude"]):
        shutil.copy(start, review_file)
        with open_review(review_file) as review:
            for key, verdict in zip(pilot, verdicts, strict=True):
                Desk(review, "bob", TITLE_ABSTRACT).decide(Decision(key, verdict, None, "so"))
        seen.append(
            masked(
                [
                    (result.exit_code, result.output)
                    for result in (
                        run(*(word.replace("KEY", pilot[0]) for word in words)) for words in CURIOUS
                    )
                ]
            )
        )

    assert seen[0] == seen[1] == seen[2]
    assert any("pilot-1 is blind and unfinished: ann has 1 to go" in text for _, text in seen[0])


# --- order -----------------------------------------------------------------------------------------


def test_a_shuffled_order_is_each_reviewer_s_own_and_stays(run: Run, review: Review, ten: list[str]) -> None:
    amend(review, run, 'order = "same"', 'order = "shuffled"')

    of_ann, of_bob = (gate(review).waiting_for(TITLE_ABSTRACT, name) for name in ("ann", "bob"))

    assert sorted(of_ann) == sorted(of_bob) == sorted(ten)
    assert len({tuple(of_ann), tuple(of_bob), tuple(ten)}) == 3
    judge(review, "ann", {of_ann[0]: "include"})
    assert gate(review).waiting_for(TITLE_ABSTRACT, "ann") == of_ann[1:]
    bring_in(review, [a_record(n) for n in (21, 22)], database="Later")
    later = gate(review).waiting_for(TITLE_ABSTRACT, "ann")
    assert [key for key in later if key in ten] == of_ann[1:], "new records come between, nothing else moves"
    amend(review, run, "seed = 1", "seed = 2")
    assert [key for key in gate(review).waiting_for(TITLE_ABSTRACT, "ann") if key in ten] != of_ann[1:]


def test_an_unknown_order_is_refused(run: Run, review: Review) -> None:
    text = in_force(review).text.replace('order = "same"', 'order = "by-year"')
    Path("changed.toml").write_text(text, encoding="utf-8")

    result = run("protocol", "load", "changed.toml")

    assert result.exit_code == 3
    assert "by-year" in result.output


def test_rounds_are_listed_for_people_and_programs(
    run: Run, run_json: Callable[..., Any], review: Review, ten: list[str]
) -> None:
    rounds.draw_pilot(review, TITLE_ABSTRACT, 2, by="ann")
    judge(review, "ann", {gate(review).waiting_for(TITLE_ABSTRACT, "ann")[0]: "include"})

    (first, _) = run_json("round")

    assert first["rounds"] == [
        {
            "name": "pilot-1",
            "stage": "title-abstract",
            "kind": "pilot",
            "counts": True,
            "seed": 1,
            "records": 2,
            "waiting": {"ann": 1},
            "is_closed": False,
        }
    ]
    assert first["waiting"] == {"ann": 9}
    assert "pilot-1: 2 records; ann 1 left; blind" in run("status").stdout
    assert json.loads(run("status", "--json").stdout)["rounds"][0]["waiting"] == {"ann": 1}


def test_a_round_named_wrongly_lists_those_there_are(review: Review, ten: list[str]) -> None:
    rounds.open_batch(review, TITLE_ABSTRACT, 2, by="ann")

    with pytest.raises(InputError) as raised:
        rounds.named(review, "batch-7")

    assert raised.value.hint == "there are: batch-1"


def test_what_is_sought_so_far_does_not_stand_for_all_outcomes(review: Review, ten: list[str]) -> None:
    rounds.open_batch(review, TITLE_ABSTRACT, 2, by="ann")
    for name in ("ann", "bob"):
        judge(review, name, dict.fromkeys(ten[:2], "include"))
    seen = gate(review)

    assert set(seen.sought()) == set(ten[:2])

    assert set(seen._outcomes(TITLE_ABSTRACT)) == set(ten)
