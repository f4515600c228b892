"""Deduplication of a review: verdicts logged, the earliest kept, decided and undone by hand."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen.duplicates import asking
from iimscreen.model import Author, Kind, Record
from iimscreen.store import Review, records

Run = Callable[..., Result]

PILOT = a_record(
    1,
    title="Study of drugazumab in refractory examplitis: an open-label pilot study of ten patients",
    authors=(Author("Meyer", "AB"), Author("Okafor", "C")),
    journal="Journal of Examples",
    volume="73",
    pages="858-65",
    year=2021,
)
ABSTRACT = a_record(
    2,
    title="Study of drugazumab in refractory examplitis (STUDEX): an open label pilot study in refractory examplitis",
    authors=(Author("Meyer", "AB"),),
    journal="Journal of Examples",
    volume="70",
    issue="suppl 10",
    year=2018,
    publication_types=("Congress",),
)


def same(record: Record, number: int) -> Record:
    return a_record(number, title=record.title, authors=record.authors, journal=record.journal,
                    volume=record.volume, pages=record.pages, year=record.year)  # fmt: skip


@pytest.fixture
def pilot_and_abstract(review: Review) -> list[str]:
    return bring_in(review, [PILOT, ABSTRACT])


def test_records_with_one_pmid_and_title_are_one_report_and_the_earliest_is_kept(
    run: Run, review: Review
) -> None:
    (early,) = bring_in(review, [a_record(1, pmid="11")])
    (late,) = bring_in(review, [a_record(1, pmid="11", source_id="e1")], database="Embase")

    result = run("dedupe")

    assert result.exit_code == 0
    assert "Reports left: 1" in result.stdout
    assert records.kept_of(review, late) == early


def test_deduplicating_again_changes_nothing(run: Run, review: Review) -> None:
    bring_in(review, [a_record(n, pmid="11") for n in (1, 1)])
    run("dedupe")
    (before,) = review.db.execute("select count(*) from duplicate_verdicts").fetchone()

    again = run("dedupe")

    assert "Merged in this run: 0 pairs" in again.stdout
    assert review.db.execute("select count(*) from duplicate_verdicts").fetchone() == (before,)


def test_a_pair_in_the_middle_band_is_asked_and_both_commands_are_printed(
    run: Run, pilot_and_abstract: list[str]
) -> None:
    deduplicated = run("dedupe")
    listed = run("duplicates")

    one, other = pilot_and_abstract
    assert "1 pair waits for a person" in deduplicated.stdout
    assert f"iimscreen duplicates split {one} {other}" in listed.stdout
    assert f"iimscreen duplicates merge {one} {other}" in listed.stdout


def test_an_unanswered_pair_keeps_the_flow_interim(
    run: Run, run_json: Callable[..., Any], pilot_and_abstract: list[str]
) -> None:
    run("dedupe")
    before = run_json("prisma")["missing"]
    run("duplicates", "split", *pilot_and_abstract, "--by", "ann", "--note", "abstract and paper")

    after = run_json("prisma")["missing"]

    assert "deduplication: 1 pair to decide by hand" in before
    assert not any("deduplication" in sentence for sentence in after)


def test_merging_and_splitting_by_hand_undo_each_other_and_outlast_the_rules(
    run: Run, review: Review, pilot_and_abstract: list[str]
) -> None:
    run("dedupe")
    one, other = pilot_and_abstract

    merged = run("duplicates", "merge", one, other, "--by", "ann")
    kept_then = records.kept_of(review, other)
    split = run("duplicates", "split", one, other, "--by", "bob")
    run("dedupe")

    assert (merged.exit_code, split.exit_code) == (0, 0)
    assert kept_then == one
    assert records.kept_of(review, other) == other
    assert [
        v[0] for v in review.db.execute("select verdict from duplicate_verdicts order by log_id").fetchall()
    ] == [
        "asked",
        "duplicate",
        "distinct",
    ]


def test_a_pair_is_asked_once_for_each_pair_of_reports(run: Run, review: Review) -> None:
    bring_in(review, [PILOT, ABSTRACT])
    bring_in(review, [same(PILOT, 3)], database="Embase")
    run("dedupe")

    assert len(asking.asked(review)) == 1


def test_one_record_is_taken_out_of_its_group(run: Run, review: Review) -> None:
    keys = bring_in(review, [a_record(1, pmid="11")])
    keys += bring_in(review, [a_record(1, pmid="11", source_id="b")], database="B")
    keys += bring_in(review, [a_record(1, pmid="11", source_id="c")], database="C")
    run("dedupe")

    result = run("duplicates", "split", keys[1], "--by", "ann")
    run("dedupe")

    assert result.exit_code == 0
    assert [records.kept_of(review, key) for key in keys] == [keys[0], keys[1], keys[0]]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("merge", "1", "--by", "ann"), 3),
        (("merge", "1", "1", "--by", "ann"), 3),
        (("merge", "1", "99", "--by", "ann"), 3),
        (("split", "1", "--by", "ann"), 6),
        (("split", "1", "2", "--by", " "), 3),
        (("merge", "1", "2"), 2),
    ],
)
def test_a_decision_on_duplicates_that_makes_no_sense_is_refused(
    run: Run, pilot_and_abstract: list[str], words: tuple[str, ...], code: int
) -> None:
    assert run("duplicates", *words).exit_code == code


def test_the_csv_has_a_row_for_every_record_singles_too(run: Run, review: Review) -> None:
    early, single = bring_in(review, [a_record(1, pmid="11"), a_record(2)])
    (late,) = bring_in(review, [a_record(1, pmid="11", source_id="E-7")], database="Embase")
    run("dedupe")

    rows = list(csv.DictReader(io.StringIO(run("duplicates", "--csv").stdout)))

    assert list(rows[0]) == ["record", "source_id", "group", "kept", "rule", "score"]
    by_key = {row["record"]: row for row in rows}
    assert set(by_key) == {early, single, late}
    assert (by_key[late]["source_id"], by_key[late]["group"], by_key[late]["kept"]) == ("E-7", early, "0")
    assert by_key[early]["kept"] == "1"
    assert by_key[late]["rule"].startswith("rule:")
    assert by_key[single] == {
        "record": single,
        "source_id": "r2",
        "group": single,
        "kept": "1",
        "rule": "",
        "score": "",
    }


def test_lower_thresholds_take_a_rules_merge_back_but_never_a_persons(run: Run, review: Review) -> None:
    one, other = bring_in(review, [PILOT, same(PILOT, 4)])
    run("dedupe")
    assert records.kept_of(review, other) == one
    text = run("protocol", "show").stdout
    strict = text.replace("merge_at = 95.0", "merge_at = 100.0").replace("ask_at = 85.0", "ask_at = 100.0")
    (review.path.parent / "strict.toml").write_text(strict, encoding="utf-8")
    run("protocol", "load", "strict.toml")

    run("dedupe")
    apart = records.kept_of(review, other)
    run("duplicates", "merge", one, other, "--by", "ann")
    run("dedupe")

    assert apart == other
    assert records.kept_of(review, other) == one


def test_the_database_column_gets_a_report_that_a_citation_found_first(
    run: Run, run_json: Callable[..., Any], review: Review
) -> None:
    bring_in(review, [a_record(1, pmid="11")], database="Reference list", kind=Kind.CITATION)
    bring_in(review, [a_record(1, pmid="11", source_id="p")], database="PubMed export")
    run("dedupe")

    boxes = run_json("prisma")["boxes"]

    assert (boxes["database_results"], boxes["duplicates"], boxes["records_screened"]) == (1, 0, 1)
    assert (boxes["citations_results"], boxes["other_sought_reports"]) == (1, 0)


def test_check_finds_a_kept_record_that_no_verdict_explains(run: Run, review: Review) -> None:
    bring_in(review, [a_record(1), a_record(2)])
    run("dedupe")
    assert run("check").exit_code == 0
    review.db.execute("update kept_records set kept_id = 1 where record_id = 2")

    result = run("check")

    assert result.exit_code == 6
    assert "the verdicts on duplicates say" in result.stdout


def judged(run: Run, key: str, verdict: str, *more: str) -> None:
    for name in ("ann", "bob"):
        result = run("screen", "--reviewer", name, "--record", key, "--verdict", verdict, *more)
        assert result.exit_code == 0, result.output


def test_votes_given_before_a_merge_count_for_the_report(
    run: Run, run_json: Callable[..., Any], pilot_and_abstract: list[str]
) -> None:
    one, other = pilot_and_abstract
    run("dedupe")
    run("screen", "--reviewer", "ann", "--record", one, "--verdict", "include")
    run("screen", "--reviewer", "bob", "--record", other, "--verdict", "include")

    run("duplicates", "merge", one, other, "--by", "ann", "--yes")

    found = run_json("prisma")
    assert found["boxes"]["dbr_sought_reports"] == 1
    checked = run("check")
    assert checked.exit_code == 0
    assert f"note: {other} has votes and was merged into another record since" in checked.stdout


def test_a_late_duplicate_does_not_lose_an_included_report(
    run: Run, run_json: Callable[..., Any], pilot_and_abstract: list[str]
) -> None:
    """One was not retrieved, the other retrieved and included; then they turn out to be one report."""
    one, other = pilot_and_abstract
    run("dedupe")
    run("duplicates", "split", one, other, "--by", "ann", "--yes")
    for key in (one, other):
        judged(run, key, "include")
    run("fulltext", "not-retrieved", one, "--by", "ann", "--reason", "no library holds it")
    run("fulltext", "retrieved", other, "--by", "ann")
    judged(run, other, "include", "--stage", "full-text")
    before = run_json("prisma")

    run("duplicates", "merge", one, other, "--by", "ann", "--yes")

    after = run_json("prisma")
    assert (before["interim"], before["boxes"]["new_reports"]) == (False, 1)
    assert (after["interim"], after["boxes"]["new_reports"]) == (False, 1)
    assert (after["boxes"]["duplicates"], after["boxes"]["dbr_notretrieved_reports"]) == (1, 0)


def test_records_judged_differently_and_merged_later_are_a_conflict(
    run: Run, run_json: Callable[..., Any], pilot_and_abstract: list[str]
) -> None:
    one, other = pilot_and_abstract
    run("dedupe")
    run("duplicates", "split", one, other, "--by", "ann", "--yes")
    judged(run, one, "exclude")
    judged(run, other, "include")
    run("duplicates", "merge", one, other, "--by", "ann", "--yes")
    merged = run_json("prisma")

    resolved = run("resolve", "--by", "ann", "--by", "bob", "--record", one, "--verdict", "include")

    assert "title-abstract: 1 conflict to resolve" in merged["missing"]
    assert resolved.exit_code == 0
    assert run_json("prisma")["boxes"]["dbr_sought_reports"] == 1


def test_a_final_word_from_before_a_merge_is_weighed_against_the_other_record_s_votes(
    run: Run, run_json: Callable[..., Any], pilot_and_abstract: list[str]
) -> None:
    one, other = pilot_and_abstract
    run("dedupe")
    run("duplicates", "split", one, other, "--by", "ann", "--yes")
    judged(run, one, "exclude")
    run("screen", "--reviewer", "ann", "--record", other, "--verdict", "include")
    run("screen", "--reviewer", "bob", "--record", other, "--verdict", "exclude")
    run("resolve", "--by", "ann", "--by", "bob", "--record", other, "--verdict", "exclude")

    run("duplicates", "merge", one, other, "--by", "ann", "--yes")

    found = run_json("prisma")
    assert not any("conflict" in sentence for sentence in found["missing"])
    assert found["boxes"]["records_excluded"] == 1


def test_deduplicating_after_votes_keeps_them(run: Run, run_json: Callable[..., Any], review: Review) -> None:
    bring_in(
        review, [a_record(n, pmid=str(n)) for n in (1, 2)], database="Reference list", kind=Kind.CITATION
    )
    keys = bring_in(
        review, [a_record(n, pmid=str(n), source_id=f"p{n}") for n in (1, 2, 3)], database="Embase"
    )
    for key in keys:
        judged(run, key, "include")

    run("dedupe")

    assert run_json("status")["stages"][0]["waiting"] == {"ann": 0, "bob": 0}


def test_a_merge_that_cannot_be_leaves_nothing_in_the_log(run: Run, review: Review) -> None:
    bring_in(review, [a_record(n) for n in (1, 2, 3)])
    run("duplicates", "split", "1", "3", "--by", "ann")
    run("duplicates", "merge", "1", "2", "--by", "ann")
    (before,) = review.db.execute("select count(*) from log").fetchone()

    result = run("duplicates", "merge", "2", "3", "--by", "ann")

    assert result.exit_code == 6
    assert "another decision by hand sets records of that report apart" in result.stderr
    assert review.db.execute("select count(*) from log").fetchone() == (before,)


def test_other_thresholds_ask_for_another_deduplication(
    run: Run, run_json: Callable[..., Any], review: Review
) -> None:
    bring_in(review, [a_record(1)])
    run("dedupe")
    text = run("protocol", "show").stdout.replace("merge_at = 95.0", "merge_at = 97.0")
    (review.path.parent / "strict.toml").write_text(text, encoding="utf-8")
    run("protocol", "load", "strict.toml")

    assert any("thresholds changed" in sentence for sentence in run_json("prisma")["missing"])
    assert "Next: iimscreen dedupe" in run("status").stdout


@pytest.fixture
def resolved(run: Run, review: Review, pilot_and_abstract: list[str]) -> list[str]:
    """Two records judged differently, merged, resolved by ann alone; and a third that nobody judged."""
    one, other = pilot_and_abstract
    run("dedupe")
    run("duplicates", "split", one, other, "--by", "ann", "--yes")
    judged(run, one, "include")
    judged(run, other, "exclude")
    run("duplicates", "merge", one, other, "--by", "ann", "--yes")
    assert run("resolve", "--by", "ann", "--record", one, "--verdict", "include").exit_code == 0
    return [one, other, *bring_in(review, [a_record(9)], database="Embase")]


@pytest.mark.parametrize("again", [(0, 1), (0, 2), (1, 2)])
def test_a_later_merge_does_not_undo_a_final_word(
    run: Run, run_json: Callable[..., Any], resolved: list[str], again: tuple[int, int]
) -> None:
    merged = run("duplicates", "merge", *(resolved[place] for place in again), "--by", "bob", "--yes")

    found = run_json("prisma")
    assert merged.exit_code == 0
    assert not any("conflict" in sentence for sentence in found["missing"])
    if 2 in again:
        assert found["boxes"]["dbr_sought_reports"] == 1
        assert any("made by one person (ann)" in note for note in found["footnotes"])


def test_a_changed_vote_stays_changed_when_an_unjudged_record_is_merged_in(
    run: Run, run_json: Callable[..., Any], review: Review, pilot_and_abstract: list[str]
) -> None:
    one, other = pilot_and_abstract
    run("dedupe")
    for record, verdict in ((one, "include"), (other, "exclude")):
        run("screen", "--reviewer", "ann", "--record", record, "--verdict", verdict)
    run("duplicates", "merge", one, other, "--by", "ann", "--yes")
    run(
        "screen",
        "--reviewer",
        "ann",
        "--record",
        one,
        "--verdict",
        "include",
        "--change",
        "--note",
        "one report",
    )
    run("screen", "--reviewer", "bob", "--record", one, "--verdict", "include")
    (third,) = bring_in(review, [a_record(9)], database="Embase")

    run("duplicates", "merge", one, third, "--by", "ann", "--yes")

    assert run_json("conflicts", "--stage", "title-abstract") == []


def test_a_later_word_on_retrieval_stays_when_another_record_is_merged_in(
    run: Run, run_json: Callable[..., Any], review: Review, pilot_and_abstract: list[str]
) -> None:
    one, other = pilot_and_abstract
    run("dedupe")
    run("duplicates", "split", one, other, "--by", "ann", "--yes")
    for key in (one, other):
        judged(run, key, "include")
    run("fulltext", "not-retrieved", one, "--by", "ann", "--reason", "lost")
    run("fulltext", "retrieved", other, "--by", "ann")
    run("duplicates", "merge", one, other, "--by", "ann", "--yes")
    merged = run_json("prisma")["boxes"]
    run("fulltext", "not-retrieved", one, "--by", "ann", "--reason", "it was another paper")
    (third,) = bring_in(review, [a_record(9)], database="Embase")
    run("duplicates", "merge", one, third, "--by", "ann", "--yes")

    boxes = run_json("prisma")["boxes"]

    assert (merged["dbr_notretrieved_reports"], merged["dbr_assessed"]) == (0, 1)
    assert (boxes["dbr_notretrieved_reports"], boxes["dbr_assessed"]) == (1, 0)


def test_agreement_pairs_votes_on_one_record_and_not_across_a_merge(
    run: Run, run_json: Callable[..., Any], review: Review
) -> None:
    """They agree on every record that both judged; a vote on a record merged in later is not paired."""
    keys = bring_in(review, [a_record(n) for n in (1, 2)])
    judged(run, keys[0], "include")
    judged(run, keys[1], "exclude")
    late, last = bring_in(review, [a_record(n) for n in (3, 4)])
    run("screen", "--reviewer", "ann", "--record", late, "--verdict", "exclude")
    run("duplicates", "merge", keys[0], late, "--by", "bob", "--yes")
    judged(run, last, "exclude")

    (figures, *_) = run_json("agreement", "--stage", "title-abstract")

    assert (figures["figures"]["n"], figures["figures"]["kappa"]) == (3, 1.0)
