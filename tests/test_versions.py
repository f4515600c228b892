"""Versions of a living review: closed once complete, told as they were, and what their updates count."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen import dedupe, fulltext, living, review_flow
from iimscreen.errors import ProtocolError
from iimscreen.model import Kind
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review, lacking, open_review, versions
from living_reviews import judge

Run = Callable[..., Result]
RunJson = Callable[..., Any]


def a_paper(number: int, **facts: object) -> Any:
    return a_record(number, pmid=str(1000 + number), **facts)


@pytest.fixture
def first(review: Review) -> list[str]:
    """A finished first version: five records, three reports at full text, two included."""
    keys = bring_in(review, [a_paper(n) for n in range(1, 6)])
    judge(review, include=keys[:2], exclude_at_full_text=keys[2:3])
    return keys


def test_the_story_of_a_review_and_its_update(
    run: Run, run_json: RunJson, review: Review, first: list[str]
) -> None:
    """Close; four records come, one of them an old report; two of three new reports are included."""
    closed = run("version", "close", "--by", "ann", "--title", "Ann 2026", "--note", "as published")
    frozen = run_json("prisma", "--version", "1")
    new = bring_in(
        review, [a_paper(1, source_id="again"), *(a_paper(n) for n in (11, 12, 13))], database="Embase"
    )
    judge(review, include=new[1:3])

    updated = run_json("prisma")

    assert "Version 1 (Ann 2026) is closed: 2 studies in 2 reports included." in closed.stdout
    assert updated["template"] == "updated-databases"
    assert not updated["interim"]
    assert {box: count for box, count in updated["boxes"].items() if count} == {
        "previous_studies": 2,
        "previous_reports": 2,
        "database_results": 4,
        "duplicates": 1,
        "records_screened": 3,
        "records_excluded": 1,
        "dbr_sought_reports": 2,
        "dbr_assessed": 2,
        "new_studies": 2,
        "new_reports": 2,
        "total_studies": 4,
        "total_reports": 4,
    }
    assert updated["databases"] == {"Embase": 4}
    assert [row["record"] for row in run_json("prisma", "--list", "duplicates")] == [new[0]]
    assert [row["record"] for row in run_json("prisma", "--list", "total_reports")] == [*first[:2], *new[1:3]]
    assert frozen == run_json("prisma", "--version", "1")
    assert (frozen["template"], frozen["boxes"]["database_results"], frozen["boxes"]["new_reports"]) == (
        "new-databases",
        5,
        2,
    )
    assert run("check").exit_code == 0


def test_the_drawing_of_an_update_has_the_boxes_of_the_updated_template(
    run: Run, review: Review, first: list[str]
) -> None:
    run("version", "close", "--by", "ann")
    (new,) = bring_in(review, [a_paper(11)], database="Embase")
    judge(review, include=[new])

    drawn = " ".join(run("prisma").stdout.replace("│", " ").split())

    for text in (
        "Previous studies",
        "Studies included in previous version of review (n = 2)",
        "Identification of new studies via databases and registers",
        "New studies included in review (n = 1)",
        "Reports of new included studies (n = 1)",
        "Total studies included in review (n = 3)",
        "Reports of total included studies (n = 3)",
    ):
        assert text in drawn


def test_a_rerun_before_publication_stays_in_the_same_version(
    run_json: RunJson, review: Review, first: list[str]
) -> None:
    (later,) = bring_in(review, [a_paper(11)], database="Embase")
    judge(review, include=[later])

    found = run_json("prisma")

    assert (found["template"], found["boxes"]["new_reports"]) == ("new-databases", 3)


def test_a_version_is_not_closed_while_the_flow_is_interim(run: Run, review: Review) -> None:
    empty = run("version", "close", "--by", "ann")
    bring_in(review, [a_paper(1)])
    open_one = run("version", "close", "--by", "ann")

    assert (empty.exit_code, open_one.exit_code) == (6, 6)
    assert "no search has been completed" in empty.stderr
    assert "1 record not compared yet" in open_one.stderr
    assert versions.closures(review) == []


def test_a_version_is_not_closed_twice_without_anything_new(
    run: Run, review: Review, first: list[str]
) -> None:
    run("version", "close", "--by", "ann")

    again = run("version", "close", "--by", "ann")
    bring_in(review, [a_paper(11)], database="Embase")
    judge(review, include=[])
    second = run("version", "close", "--by", "bob")

    assert again.exit_code == 6
    assert "nothing has come since" in again.stderr
    assert second.exit_code == 0
    assert [(one.number, one.by) for one in versions.closures(review)] == [(1, "ann"), (2, "bob")]


def test_versions_are_listed_with_the_one_under_way(
    run: Run, run_json: RunJson, review: Review, first: list[str]
) -> None:
    before = run_json("version")
    run("version", "close", "--by", "ann", "--title", "Ann 2026")
    after = run_json("version")
    shown = run("version").stdout

    assert (before["closed"], before["present"], before["has_work"]) == ([], 1, True)
    assert ([one["title"] for one in after["closed"]], after["present"], after["has_work"]) == (
        ["Ann 2026"],
        2,
        False,
    )
    assert "under way" not in shown
    assert "not begun" in shown


def test_a_closed_version_of_an_unknown_number_is_refused(run: Run, first: list[str]) -> None:
    result = run("prisma", "--version", "1")

    assert result.exit_code == 3
    assert "no completed version 1" in result.stderr


def test_right_after_closing_the_flow_says_that_nothing_has_come(run: Run, first: list[str]) -> None:
    run("version", "close", "--by", "ann")

    shown = " ".join(run("prisma").stdout.split())

    assert "Nothing has come since version 1 was closed" in shown
    assert "`iimscreen prisma --version 1` prints its flow" in shown


def test_a_report_decided_anew_leaves_the_total_and_is_told(
    run: Run, run_json: RunJson, review: Review, first: list[str]
) -> None:
    """Retracted after publication; later an update includes one more."""
    run("version", "close", "--by", "ann")
    words = ("--by", "ann", "--by", "bob", "--stage", "full-text", "--record", first[0])
    run("resolve", *words, "--verdict", "exclude", "--reason", "not-clinical", "--note", "retracted in 2027")
    (new,) = bring_in(review, [a_paper(11)], database="Embase")
    judge(review, include=[new])

    found = run_json("prisma")

    boxes = found["boxes"]
    assert (boxes["previous_reports"], boxes["new_reports"], boxes["total_reports"]) == (2, 1, 2)
    assert found["previous_dropped"] == [first[0]]
    assert (
        f"Total −1 report: {first[0]} no longer counts (decided anew: exclude, not-clinical)."
        in found["footnotes"]
    )
    assert run_json("prisma", "--version", "1")["boxes"]["new_reports"] == 2
    assert run("check").exit_code == 0
    run("version", "close", "--by", "ann")
    assert [key for key, _ in versions.closures(review)[1].reports] == [first[1], new]


def test_a_report_excluded_then_and_included_since_is_told(
    run: Run, run_json: RunJson, review: Review, first: list[str]
) -> None:
    run("version", "close", "--by", "ann")
    words = ("--by", "ann", "--by", "bob", "--stage", "full-text", "--record", first[2])
    run("resolve", *words, "--verdict", "include", "--note", "the authors sent the data")

    found = run_json("prisma")

    assert (found["boxes"]["new_reports"], found["boxes"]["total_reports"]) == (0, 3)
    assert found["previous_added"] == [first[2]]
    assert any(f"Total +1 report: {first[2]}" in note for note in found["footnotes"])


def test_two_included_reports_found_to_be_one_count_once_in_the_total(
    run: Run, run_json: RunJson, first: list[str]
) -> None:
    run("version", "close", "--by", "ann")
    run("duplicates", "merge", *first[:2], "--by", "ann", "--yes")

    found = run_json("prisma")

    assert (found["boxes"]["previous_reports"], found["boxes"]["total_reports"]) == (2, 1)
    assert any("it is the same report as" in note for note in found["footnotes"])


def test_a_report_of_another_method_stays_judged_when_a_database_finds_it_later(
    run: Run, run_json: RunJson, review: Review
) -> None:
    """It was never screened on title and abstract, and is not to be now."""
    (cited,) = bring_in(review, [a_paper(1)], database="List", kind=Kind.CITATION)
    bring_in(review, [a_paper(2)])
    judge(review, include=[cited])
    run("version", "close", "--by", "ann")
    bring_in(review, [a_paper(1, source_id="again")], database="Embase")
    run("dedupe")

    found = run_json("prisma")

    assert not found["interim"]
    assert (found["boxes"]["duplicates"], found["boxes"]["records_screened"]) == (1, 0)
    assert (found["boxes"]["total_reports"], found["previous_dropped"]) == (1, [])
    assert "ann 0 left, bob 0 left" in run("status").stdout


def test_a_database_searched_again_in_vain_is_named_with_zero(
    run: Run, run_json: RunJson, review: Review, first: list[str]
) -> None:
    run("version", "close", "--by", "ann")
    path = review.path.parent / "again.jsonl"
    path.write_bytes((review.path.parent / "testbase-r1.jsonl").read_bytes() + b"\n")
    run("import", path, "--database", "Testbase")

    found = run_json("prisma")

    assert found["databases"] == {"Testbase": 0}
    assert any(
        "5 records that the searches of this update found again" in note for note in found["footnotes"]
    )


def test_counting_hits_counts_those_of_the_update_alone(run: Run, run_json: RunJson) -> None:
    strategy = (
        '[strategy]\ntitle = "T"\nas_of = 2020-01-01\n[[sub_query]]\nlabel = "A"\ntext = "tofacitinib"\n'
    )
    Path("s.toml").write_text(strategy + '[[sub_query]]\nlabel = "B"\ntext = "tofacitinib OR baricitinib"\n')
    text = run("protocol", "show").stdout.replace('identified = "union"', 'identified = "sum-of-sub-queries"')
    Path("p.toml").write_text(text, encoding="utf-8")
    run("init", "--protocol", "p.toml")
    run("search", "--source", "corpus", "--strategy", "s.toml")
    with open_review(Path("review.db")) as review:
        judge(review, include=[])
    run("version", "close", "--by", "ann")
    run("search", "--update")
    run("dedupe")

    boxes = run_json("prisma")["boxes"]

    hits = [row["record"] for row in run_json("prisma", "--list", "database_results")]
    assert boxes["database_results"] == len(hits) > boxes["records_screened"] > 0
    assert boxes["database_results"] == boxes["duplicates"] + boxes["records_screened"]


def test_during_a_blind_update_the_version_before_is_shown_and_the_total_is_not(
    run_json: RunJson, run: Run, review: Review, first: list[str]
) -> None:
    run("version", "close", "--by", "ann")
    keys = bring_in(review, [a_paper(n) for n in (11, 12)], database="Embase")
    run("dedupe")
    run("screen", "--reviewer", "ann", "--record", keys[0], "--verdict", "include")

    boxes = run_json("prisma")["boxes"]

    assert boxes["previous_reports"] == 2
    assert boxes["records_excluded"] is boxes["new_reports"] is boxes["total_reports"] is None


# --- what is told of a closed version is proven ----------------------------------------------------


def tampered(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for (name,) in db.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            db.execute(f"drop trigger {name}")
        assert db.execute(statement).rowcount > 0


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("update version_closures set number = 3", "version 3 stands at place 1"),
        ("delete from version_reports where position = 0", "not those that were logged"),
        (
            "update version_closures set flow = json_set(flow, '$.boxes.new_reports', 40)",
            "new_reports was 40 and is 2",
        ),
        (
            "update version_closures set lists_sha256 = reports_sha256",
            "the numbers are the same, but not the records behind them",
        ),
    ],
)
def test_check_finds_a_version_that_is_not_as_it_was(
    run: Run, review_file: Path, first: list[str], statement: str, told: str
) -> None:
    run("version", "close", "--by", "ann")
    tampered(review_file, statement)

    result = run("check")

    assert result.exit_code == 6
    assert told in result.stdout


def test_a_version_that_can_no_longer_be_derived_is_not_printed(
    run: Run, review_file: Path, first: list[str]
) -> None:
    run("version", "close", "--by", "ann")
    tampered(review_file, "update version_closures set flow = json_set(flow, '$.boxes.duplicates', 9)")

    result = run("prisma", "--version", "1")

    assert result.exit_code == 6
    assert "duplicates was 9 and is 0" in result.stderr


def test_a_closed_version_is_the_same_after_all_that_comes_later(review: Review, first: list[str]) -> None:
    """Merges, splits, new records, new words and a second version leave the first as it was."""
    before = review_flow.prisma(review)
    living.close(review, by="ann")
    keys = bring_in(review, [a_paper(n, source_id=f"e{n}") for n in (1, 4, 11)], database="Embase")
    judge(review, include=[keys[2]])
    living.close(review, by="ann")

    after = review_flow.of_version(review, 1)

    assert dict(after.boxes) == dict(before.boxes)
    assert dict(after.lists) == dict(before.lists)
    assert after.footnotes == before.footnotes


def test_closing_while_interim_leaves_nothing_behind(review: Review) -> None:
    bring_in(review, [a_paper(1)])
    rows = review.db.execute("select count(*) from log").fetchone()

    with pytest.raises(ProtocolError, match="interim"):
        living.close(review, by="ann")

    assert review.db.execute("select count(*) from log").fetchone() == rows


# --- what was left undecided at the closing --------------------------------------------------------


@pytest.fixture
def undecided(review: Review) -> list[str]:
    """Four records at full text: included, awaiting classification, of an ongoing study, not retrieved."""
    keys = bring_in(review, [a_paper(n) for n in range(1, 5)])
    dedupe.run(review)
    for name in ("ann", "bob"):
        desk = Desk(review, name, TITLE_ABSTRACT)
        for one in desk.waiting():
            desk.decide(Decision(one.key, "include"))
    fulltext.mark(review, keys[3:], fulltext.NOT_RETRIEVED, by="ann", reason="not in any library")
    fulltext.mark_all(review, by="ann")
    for name in ("ann", "bob"):
        desk = Desk(review, name, FULL_TEXT)
        for key, verdict in zip(keys, ("include", "awaiting", "ongoing"), strict=False):
            desk.decide(Decision(key, verdict))
    return keys


def test_reports_that_await_classification_at_the_closing_are_told_then_and_in_every_update(
    run: Run, run_json: RunJson, review: Review, undecided: list[str]
) -> None:
    closed = " ".join(run("version", "close", "--by", "ann").stdout.split())
    first_update = run_json("prisma")
    (new,) = bring_in(review, [a_paper(11)], database="Embase")
    judge(review, include=[new])
    run("version", "close", "--by", "ann")
    second_update = run_json("prisma")

    assert "1 report awaiting classification, 1 report of ongoing studies" in closed
    for found, version in ((first_update, 1), (second_update, 2)):
        assert (found["previous_awaiting"], found["previous_ongoing"]) == (undecided[1:2], undecided[2:3])
        assert (
            f"Known in version {version}, and in no box of its update: 1 report that still awaits classification"
            in " ".join(found["footnotes"])
        )
    assert second_update["boxes"]["total_reports"] == 2
    assert run_json("prisma", "--list", "previous_awaiting")[0]["record"] == undecided[1]
    assert run("check").exit_code == 0


def test_what_awaited_classification_and_is_decided_since_is_told_either_way(
    run: Run, run_json: RunJson, review: Review, undecided: list[str]
) -> None:
    run("version", "close", "--by", "ann")
    words = ("--by", "ann", "--by", "bob", "--stage", "full-text", "--note", "published since")
    run("resolve", *words, "--record", undecided[1], "--verdict", "exclude", "--reason", "not-clinical")
    run("resolve", *words, "--record", undecided[2], "--verdict", "include")

    found = run_json("prisma")

    assert (found["previous_awaiting"], found["previous_ongoing"]) == ([], [])
    assert found["previous_excluded"] == [undecided[1]]
    assert found["previous_added"] == [undecided[2]]
    assert found["boxes"]["total_reports"] == 2
    assert any(f"{undecided[1]}, judged since (exclude, not-clinical)" in note for note in found["footnotes"])


def test_a_report_retrieved_after_the_closing_and_excluded_is_told(
    run: Run, run_json: RunJson, review: Review, undecided: list[str]
) -> None:
    run("version", "close", "--by", "ann")
    run("fulltext", "retrieved", undecided[3], "--by", "ann")
    judge(review, include=[], exclude_at_full_text=undecided[3:])

    found = run_json("prisma")

    assert not found["interim"]
    assert found["previous_excluded"] == [undecided[3]]
    assert found["boxes"]["total_reports"] == 1


def test_the_question_before_every_write_takes_time_in_proportion_to_the_records(review: Review) -> None:
    """Asked of a large review after every vote: whether a round may be complete."""

    def steps() -> int:
        taken = 0

        def count() -> int:
            nonlocal taken
            taken += 1
            return 0

        review.db.conn.set_progress_handler(count, 10)
        lacking.waits(review, FULL_TEXT, 2, others_too=False)
        review.db.conn.set_progress_handler(None, 0)
        return taken

    bring_in(review, [a_paper(n) for n in range(50)])
    few = steps()
    bring_in(review, [a_paper(n) for n in range(50, 400)])

    assert steps() < 2 * 8 * few


def test_an_amendment_that_asks_for_more_votes_drops_no_report_before_they_are_in(
    run: Run, run_json: RunJson, review: Review, first: list[str]
) -> None:
    """A report of another method was not screened on title and abstract, so that full texts stay open."""
    (cited,) = bring_in(review, [a_paper(8)], database="List", kind=Kind.CITATION)
    judge(review, include=[cited])
    run("version", "close", "--by", "ann")
    text = run("protocol", "show").stdout.replace("reviewers = 2", "reviewers = 3")
    Path("three.toml").write_text(text, encoding="utf-8")
    assert run("protocol", "load", "three.toml").exit_code == 0

    found = run_json("prisma")

    assert found["interim"]
    assert found["previous_dropped"] == []
    assert found["boxes"]["total_reports"] == 3
    assert run_json("prisma", "--version", "1")["boxes"]["new_reports"] == 3
