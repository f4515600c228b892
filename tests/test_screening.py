"""Voting by command: one record, a CSV, changes, people, conflicts and final words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen import screening, team
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review, open_review

Run = Callable[..., Result]


@pytest.fixture
def four(review: Review) -> list[str]:
    """A review of four records with identifiers, deduplicated by nobody yet."""
    return bring_in(review, [a_record(n, pmid=str(1000 + n), doi=f"10.1000/x{n}") for n in range(1, 5)])


def vote(run: Run, name: str, record: str, verdict: str, *more: str) -> Result:
    return run("screen", "--reviewer", name, "--record", record, "--verdict", verdict, *more)


def csv_of(path: str, *lines: str) -> str:
    Path(path).write_text("\n".join(("record,verdict,reason,note", *lines)) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["{key}", "1", "pmid:1001", "doi:10.1000/X1", "testbase:r1"])
def test_a_record_is_named_by_key_number_pmid_doi_or_its_own_identifier(
    run: Run, four: list[str], name: str
) -> None:
    result = vote(run, "ann", name.format(key=four[0]), "include")

    assert (result.exit_code, result.stdout) == (0, f"{four[0]}: include\n")


def test_a_duplicate_resolves_to_its_kept_record(run: Run, review: Review, four: list[str]) -> None:
    (twin,) = bring_in(review, [a_record(1, pmid="1001")], database="Embase")
    run("dedupe")

    result = vote(run, "ann", twin, "include")

    assert result.stdout == f"{four[0]}: include\n"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--record", "nowhere:1", "--verdict", "include"), 3, "no record of this review is 'nowhere:1'"),
        (("--record", "1", "--verdict", "maybe"), 3, "'maybe' is no verdict of stage title-abstract"),
        (("--record", "1", "--verdict", "awaiting"), 3, "no verdict of stage title-abstract"),
        (("--record", "1", "--verdict", "exclude", "--reason", "dull"), 3, "no exclusion reason 'dull'"),
        (
            ("--record", "1", "--verdict", "include", "--reason", "review"),
            3,
            "only an exclusion has a reason",
        ),
        (("--record", "1"), 3, "--record and --verdict go together"),
        (("--reason", "review"), 3, "--reason goes with --record"),
        (("--record", "1", "--verdict", "include", "--stage", "abstracts"), 3, "has no stage 'abstracts'"),
        (("--record", "1", "--verdict", "include", "--change", "--note", "x"), 6, "nothing to change"),
        (("--from", "none.csv"), 3, "none.csv cannot be read"),
    ],
)
def test_a_vote_that_cannot_be_given_is_refused_and_stores_nothing(
    run: Run, four: list[str], words: tuple[str, ...], code: int, told: str
) -> None:
    result = run("screen", "--reviewer", "ann", *words)

    assert result.exit_code == code
    assert told in result.stderr
    assert "→" in result.stderr
    assert run("reviewer").stdout == ""


def test_a_second_vote_needs_change_and_a_note(run: Run, four: list[str]) -> None:
    vote(run, "ann", "1", "include")

    again = vote(run, "ann", "1", "exclude")
    silent = vote(run, "ann", "1", "exclude", "--change")
    changed = vote(run, "ann", "1", "exclude", "--change", "--note", "misread")

    assert (again.exit_code, silent.exit_code, changed.exit_code) == (6, 6, 0)
    own = run("log", "--reviewer", "ann", "--by", "ann").stdout
    assert "include" in own
    assert "exclude – misread" in own


def test_the_first_two_names_become_the_reviewers_and_a_third_is_refused(run: Run, four: list[str]) -> None:
    vote(run, "ann", "1", "include")
    vote(run, "bob", "1", "include")

    third = vote(run, "bbo", "2", "include")

    assert third.exit_code == 6
    assert "bbo is no reviewer of this review; its reviewers are ann, bob" in third.stderr
    assert "iimscreen reviewer add bbo" in third.stderr
    assert run("reviewer").stdout == "ann\treviewer\nbob\treviewer\n"


def test_a_name_that_differs_in_capitals_only_is_taken_for_a_typing_error(run: Run, four: list[str]) -> None:
    vote(run, "ann", "1", "include")

    result = vote(run, "Ann", "2", "include")

    assert result.exit_code == 3
    assert "did you mean 'ann'" in result.stderr


def test_a_reviewer_is_added_by_hand_and_removed_while_voteless(run: Run, four: list[str]) -> None:
    for name in ("ann", "bob"):
        vote(run, name, "1", "include")

    added = run("reviewer", "add", "carol")
    removed = run("reviewer", "remove", "carol")
    too_late = run("reviewer", "remove", "ann")
    unknown = run("reviewer", "remove", "eve")

    assert (added.exit_code, removed.exit_code, too_late.exit_code, unknown.exit_code) == (0, 0, 6, 3)
    assert "carol" not in run("reviewer").stdout


def test_a_third_reviewer_votes_where_votes_are_missing(run: Run, four: list[str]) -> None:
    for name in ("ann", "bob"):
        vote(run, name, "1", "include")
    run("reviewer", "add", "carol")

    full = vote(run, "carol", "1", "include")
    missing = vote(run, "carol", "2", "include")

    assert (full.exit_code, missing.exit_code) == (6, 0)


def test_an_adjudicator_casts_no_votes(run: Run, four: list[str]) -> None:
    run("reviewer", "add", "carol", "--role", "adjudicator")

    assert vote(run, "carol", "1", "include").exit_code == 6
    assert run("reviewer", "add", "dora", "--role", "boss").exit_code == 3


# --- CSV -------------------------------------------------------------------------------------------


def test_votes_of_a_csv_are_stored_together(run: Run, run_json: Callable[..., Any], four: list[str]) -> None:
    file = csv_of(
        "a.csv", f"{four[0]},include,,", "2,exclude,review,seen", '3,unsure,,"a, b"', "", "4,exclude,,"
    )

    result = run("screen", "--reviewer", "ann", "--from", file)

    assert result.stdout == "4 votes of ann stored.\n"
    assert run_json("status")["stages"][0]["waiting"] == {"ann": 0}


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["1,include,,", "99,include,,"], "line 3: no record of this review is '99'"),
        (["1,include,,", "2,perhaps,,"], "line 3: 'perhaps' is no verdict"),
        (["1,exclude,dull,"], "line 2: the protocol has no exclusion reason 'dull'"),
        (["1,include,,", "pmid:1001,include,,"], "line 3"),
        (["1,include,,,,"], "line 2: 6 columns, expected 4"),
        (["1"], "line 2: 1 columns, expected 4"),
        ([], "holds no decisions"),
    ],
)
def test_a_csv_with_one_bad_line_stores_nothing_and_names_it(
    run: Run, four: list[str], lines: list[str], told: str
) -> None:
    result = run("screen", "--reviewer", "ann", "--from", csv_of("a.csv", *lines))

    assert result.exit_code in (3, 6)
    assert told in result.stderr
    assert run("reviewer").stdout == ""
    assert "votes" not in run("log").stdout


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"record;verdict\n1;include\n", "line 1: the columns are record;verdict"),
        (b"record,verdict,reason,mood\n1,include,,\n", "line 1: the columns are"),
        (b"", "line 1: the columns are missing"),
        (b"record,verdict\n1,incl\xfcde\n", "is not UTF-8 text"),
        (b'record,verdict\n1,"include\n', "line 2"),
    ],
)
def test_a_file_that_is_no_such_csv_is_refused(run: Run, four: list[str], content: bytes, told: str) -> None:
    Path("a.csv").write_bytes(content)

    result = run("screen", "--reviewer", "ann", "--from", "a.csv")

    assert result.exit_code == 3
    assert told in result.stderr


def test_a_csv_with_a_byte_order_mark_and_windows_line_ends_is_read(run: Run, four: list[str]) -> None:
    Path("a.csv").write_bytes(b"\xef\xbb\xbfrecord,verdict\r\n1,include\r\n2,exclude\r\n")

    assert run("screen", "--reviewer", "ann", "--from", "a.csv").stdout == "2 votes of ann stored.\n"


# --- a decision is on disk before the next one ------------------------------------------------------


def test_a_vote_is_on_disk_when_decide_returns(review: Review, four: list[str]) -> None:
    Desk(review, "ann", "title-abstract").decide(Decision(four[0], "include"))

    with open_review(review.path) as other:
        left = Desk(other, "ann", "title-abstract").waiting()
    assert [record.key for record in left] == four[1:]


def test_an_undo_is_one_more_row_and_the_record_waits_again(review: Review, four: list[str]) -> None:
    desk = Desk(review, "ann", "title-abstract")
    desk.decide(Decision(four[0], "include"))
    desk.decide(Decision(four[1], "exclude"))

    undone = desk.undo()

    assert undone.key == four[1]
    assert [record.key for record in desk.waiting()] == four[1:]
    (rows,) = review.db.execute("select count(*) from decisions").fetchone()
    assert rows == 3


def test_the_order_of_records_is_the_same_for_everyone(review: Review, four: list[str]) -> None:
    orders = [[r.key for r in Desk(review, name, "title-abstract").waiting()] for name in ("ann", "bob")]

    assert orders[0] == orders[1] == four


# --- conflicts and final words ----------------------------------------------------------------------


@pytest.fixture
def in_conflict(run: Run, four: list[str]) -> list[str]:
    """Title and abstract: record 2 in conflict, 3 excluded by both, 1 and 4 sent on."""
    for name, verdicts in (
        ("ann", "include include exclude unsure"),
        ("bob", "include exclude exclude include"),
    ):
        for key, verdict in zip(four, verdicts.split(), strict=True):
            assert vote(run, name, key, verdict).exit_code == 0
    run("dedupe")
    return four


def test_a_conflict_is_neither_excluded_nor_sent_on_until_resolved(
    run: Run, run_json: Callable[..., Any], in_conflict: list[str]
) -> None:
    before = run_json("prisma")
    resolved = run(
        "resolve", "--by", "ann", "--by", "bob", "--record", in_conflict[1], "--verdict", "include"
    )
    after = run_json("prisma")

    assert before["interim"]
    assert "title-abstract: 1 conflict to resolve" in before["missing"]
    assert (before["boxes"]["records_excluded"], before["boxes"]["dbr_sought_reports"]) == (1, 2)
    assert "settled by consensus (ann, bob)" in resolved.stdout
    assert (after["boxes"]["records_excluded"], after["boxes"]["dbr_sought_reports"]) == (1, 3)


def test_votes_stay_as_they_were_after_a_final_word(
    run: Run, run_json: Callable[..., Any], in_conflict: list[str]
) -> None:
    (before,) = run_json("agreement", "--stage", "title-abstract")
    run("resolve", "--by", "ann", "--by", "bob", "--record", in_conflict[1], "--verdict", "exclude")

    (after,) = run_json("agreement", "--stage", "title-abstract")

    assert before == after
    assert after["figures"]["n"] == 4
    assert after["figures"]["observed"] == pytest.approx(0.75)


def test_one_person_who_resolves_alone_is_reported_as_one_person(
    run: Run, run_json: Callable[..., Any], in_conflict: list[str]
) -> None:
    result = run("resolve", "--by", "ann", "--record", in_conflict[1], "--verdict", "include")

    assert "settled by one person (ann)" in result.stdout
    assert any("made by one person (ann)" in note for note in run_json("prisma")["footnotes"])


def test_an_adjudicator_resolves(run: Run, run_json: Callable[..., Any], in_conflict: list[str]) -> None:
    run("reviewer", "add", "carol", "--role", "adjudicator")

    result = run(
        "resolve", "--by", "carol", "--record", in_conflict[1], "--verdict", "exclude", "--reason", "review"
    )

    assert "settled by adjudication (carol)" in result.stdout
    assert not any("one person" in note for note in run_json("prisma")["footnotes"])


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--by", "eve", "--record", "2", "--verdict", "include"), 3, "no reviewer is called 'eve'"),
        (("--by", "ann", "--record", "2", "--verdict", "unsure"), 3, "expected include, exclude"),
        (("--by", "ann", "--record", "1", "--verdict", "exclude"), 6, "is not in conflict"),
        (("--by", "ann", "--record", "2", "--verdict", "include", "--stage", "full-text"), 6, "full-text"),
        (("--by", "ann", "--proposed-reasons", "--record", "2", "--verdict", "include"), 3, "stands alone"),
    ],
)
def test_a_final_word_that_cannot_be_given_is_refused(
    run: Run, in_conflict: list[str], words: tuple[str, ...], code: int, told: str
) -> None:
    result = run("resolve", *words)

    assert result.exit_code == code, result.output
    assert told in result.stderr


def test_an_agreed_outcome_is_corrected_with_a_note(
    run: Run, run_json: Callable[..., Any], in_conflict: list[str]
) -> None:
    result = run(
        "resolve",
        "--by",
        "ann",
        "--by",
        "bob",
        "--record",
        "3",
        "--verdict",
        "include",
        "--note",
        "wrong abstract",
    )

    assert result.exit_code == 0
    assert run_json("prisma")["boxes"]["records_excluded"] == 0


def test_different_reasons_at_full_text_are_proposed_and_confirmed(
    run: Run, run_json: Callable[..., Any], in_conflict: list[str]
) -> None:
    run("resolve", "--by", "ann", "--by", "bob", "--record", "2", "--verdict", "exclude")
    run("fulltext", "retrieved", "--all", "--by", "ann")
    for name, reason in (("ann", "no-drug"), ("bob", "juvenile")):
        vote(run, name, "1", "exclude", "--reason", reason, "--stage", "full-text")
        vote(run, name, "4", "include", "--stage", "full-text")

    before = run_json("prisma")
    (open_one,) = run_json("conflicts", "--stage", "full-text")
    confirmed = run("resolve", "--by", "ann", "--by", "bob", "--stage", "full-text", "--proposed-reasons")
    after = run_json("prisma")

    assert (open_one["kind"], open_one["proposed_reason"]) == ("reason", "juvenile")
    assert before["interim"]
    assert before["missing"] == ["full-text: 1 exclusion reason to confirm"]
    assert before["boxes"]["dbr_excluded"] == after["boxes"]["dbr_excluded"] == 1
    assert confirmed.exit_code == 0
    assert not after["interim"]
    assert after["reasons"]["juvenile"] == 1


def test_an_exclusion_at_full_text_needs_its_reason(run: Run, in_conflict: list[str]) -> None:
    run("resolve", "--by", "ann", "--by", "bob", "--record", "2", "--verdict", "exclude")
    run("fulltext", "retrieved", "--all", "--by", "ann")

    result = vote(run, "ann", "1", "exclude", "--stage", "full-text")

    assert result.exit_code == 6
    assert "needs its reason" in result.stderr
    assert "review" in result.stderr


def test_only_retrieved_reports_are_judged_at_full_text(run: Run, in_conflict: list[str]) -> None:
    run("fulltext", "not-retrieved", in_conflict[0], "--by", "ann", "--reason", "no library holds it")

    lost = vote(run, "ann", in_conflict[0], "include", "--stage", "full-text")
    excluded = vote(run, "ann", in_conflict[2], "include", "--stage", "full-text")

    assert (lost.exit_code, excluded.exit_code) == (6, 6)


def test_awaiting_and_ongoing_are_final_words_of_full_text(
    run: Run, run_json: Callable[..., Any], in_conflict: list[str]
) -> None:
    run("resolve", "--by", "ann", "--by", "bob", "--record", "2", "--verdict", "exclude")
    run("fulltext", "retrieved", "--all", "--by", "ann")
    for name in ("ann", "bob"):
        vote(run, name, "1", "unsure", "--stage", "full-text")
        vote(run, name, "4", "ongoing", "--stage", "full-text")
    run(
        "resolve",
        "--by",
        "ann",
        "--by",
        "bob",
        "--stage",
        "full-text",
        "--record",
        "1",
        "--verdict",
        "awaiting",
    )

    found = run_json("prisma")

    assert (found["awaiting_classification"], found["ongoing"]) == (1, 1)
    assert (found["boxes"]["dbr_assessed"], found["boxes"]["new_reports"]) == (2, 0)
    assert not found["interim"]


def test_decisions_of_a_csv_settle_conflicts_together(run: Run, in_conflict: list[str]) -> None:
    file = csv_of("c.csv", "2,exclude,review,agreed")

    result = run("resolve", "--by", "ann", "--by", "bob", "--from", file)

    assert "1 record settled by consensus" in result.stdout
    assert run("conflicts", "--stage", "title-abstract").stdout == "title-abstract: nothing to resolve.\n"


def test_names_are_checked(review: Review) -> None:
    for name in ("", "  ", "a\x1bb", "x" * 61, "iimscreen"):
        with pytest.raises(screening.InputError):
            team.check_name(name)


def test_two_names_are_no_consensus_unless_they_are_all_who_voted(run: Run, in_conflict: list[str]) -> None:
    run("reviewer", "add", "dave")

    result = run("resolve", "--by", "ann", "--by", "dave", "--record", in_conflict[1], "--verdict", "include")

    assert result.exit_code == 6
    assert "ann and dave are not all who voted" in result.stderr


def test_someone_who_took_part_in_a_final_word_cannot_be_removed(run: Run, in_conflict: list[str]) -> None:
    run("reviewer", "add", "carol", "--role", "adjudicator")
    run("reviewer", "add", "eva", "--role", "adjudicator")
    run("resolve", "--by", "carol", "--by", "eva", "--record", in_conflict[1], "--verdict", "include")

    assert run("reviewer", "remove", "eva").exit_code == 6


def test_a_mistyped_name_goes_again_once_its_vote_is_undone(run: Run, four: list[str]) -> None:
    vote(run, "ann", "1", "include")
    vote(run, "bbo", "1", "include")
    run("screen", "--reviewer", "bbo", typed="u\nq\n")

    removed = run("reviewer", "remove", "bbo")

    assert removed.exit_code == 0
    assert vote(run, "bob", "1", "include").exit_code == 0
