"""`iimscreen agreement`: pairs and rounds of a real review, and what must not be told of a blind one."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen.model import Verdict
from iimscreen.reliability.comparing import NO_REASON, Part, compare, missed_by_both, same_reason
from iimscreen.reliability.in_words import coefficient, interval, percent
from iimscreen.render.agreement import pairs
from iimscreen.store import Review, decisions, reviewers, rounds
from iimscreen.store.rounds import BATCH, PILOT, Round
from iimscreen.voting import Vote

Run = Callable[..., Result]
RunJson = Callable[..., Any]
K, U, X = "include", "unsure", "exclude"


def judge(
    run: Run, name: str, keys: Sequence[str], verdicts: Sequence[str], *, stage: str = "title-abstract"
) -> None:
    """Votes through a CSV; a verdict may carry its reason, "exclude review"."""
    path = Path(f"{name}-{keys[0].replace(':', '-')}-{stage}.csv")
    lines = [
        f"{key},{said.partition(' ')[0]},{said.partition(' ')[2]},"
        for key, said in zip(keys, verdicts, strict=True)
    ]
    path.write_text("\n".join(["record,verdict,reason,note", *lines, ""]), encoding="utf-8")
    result = run("screen", "--reviewer", name, "--stage", stage, "--from", path)
    assert result.exit_code == 0, result.output


def draw(review: Review, one: Round, keys: Sequence[str]) -> None:
    with review.writing():
        rounds.add(review, one, keys, by="ann")


@pytest.fixture
def eight(review: Review) -> list[str]:
    """Eight records, deduplicated."""
    return bring_in(review, [a_record(n) for n in range(1, 9)])


@pytest.fixture
def judged(run: Run, eight: list[str]) -> list[str]:
    """They agree on seven of eight: five kept, two excluded; bob alone excludes one."""
    judge(run, "ann", eight, [K, K, U, K, K, K, "exclude review", X])
    judge(run, "bob", eight, [K, K, K, K, U, "exclude juvenile", "exclude review", "exclude review"])
    return eight


# --- a pair ----------------------------------------------------------------------------------------


def test_a_pair_is_told_with_all_its_figures(run_json: RunJson, judged: list[str]) -> None:
    (found,) = run_json("agreement", "--stage", "title-abstract")
    figures = found["figures"]

    assert (found["stage"], found["round"], found["kind"]) == ("title-abstract", "title-abstract", "stage")
    assert (found["reviewer"], found["other_reviewer"]) == ("ann", "bob")
    assert found["counted_as"] == "unsure counted as include"
    assert (figures["n"], figures["table"], figures["observed"]) == (8, [[5, 1], [0, 2]], 0.875)
    assert figures["kappa"] == pytest.approx(0.7142857)
    assert figures["pabak"] == 0.75
    assert figures["ac1"] == pytest.approx((0.875 - 0.4296875) / (1 - 0.4296875))
    assert (figures["positive_agreement"], figures["negative_agreement"]) == (
        pytest.approx(10 / 11),
        pytest.approx(4 / 5),
    )
    assert found["mcnemar"] == {
        "only_reviewer_included": 1,
        "only_other_included": 0,
        "p": 1.0,
        "stricter": "bob",
    }
    low, high = figures["kappa_interval"]
    assert low < figures["kappa"] < high


def test_verdicts_and_reasons_are_crossed_as_they_were_given(run_json: RunJson, judged: list[str]) -> None:
    (found,) = run_json("agreement", "--stage", "title-abstract")

    assert found["verdicts"] == {
        "rows": [K, U, X],
        "columns": [K, U, X],
        "counts": [[3, 1, 1], [1, 0, 0], [0, 0, 2]],
    }
    assert found["reasons"] == {
        "rows": ["review", "no reason given"],
        "columns": ["review"],
        "counts": [[1], [1]],
        "same": 1,
    }


def test_three_categories_keep_unsure_apart(run_json: RunJson, judged: list[str]) -> None:
    (found,) = run_json("agreement", "--stage", "title-abstract", "--categories", "3")
    figures = found["figures"]

    assert figures["categories"] == [K, U, X]
    assert figures["table"] == [[3, 1, 1], [1, 0, 0], [0, 0, 2]]
    assert figures["agreement_on"] == {K: pytest.approx(2 / 3), U: 0.0, X: pytest.approx(4 / 5)}
    assert figures["pabak"] == pytest.approx((5 / 8 - 1 / 3) / (1 - 1 / 3))
    assert found["not_estimable"]["figures.bias_index"] == "it is defined for two categories only"
    assert found["mcnemar"]["stricter"] == "bob"
    assert "unsure kept apart" in found["sentence"]


def test_another_number_of_categories_is_refused(run: Run, judged: list[str]) -> None:
    result = run("agreement", "--categories", "4")

    assert (result.exit_code, "--categories is 4, expected 2 or 3" in result.stderr) == (3, True)


def test_the_sentence_for_the_paper_says_what_was_counted_and_never_what_both_missed(
    run_json: RunJson, judged: list[str]
) -> None:
    (found,) = run_json("agreement", "--stage", "title-abstract")

    assert found["sentence"] == (
        "At title and abstract screening, ann and bob judged 8 records independently and agreed on 7 (87.5%; unsure "
        "counted as include); Cohen's kappa was 0.71 (95% CI 0.21 to 1.00) and Gwet's AC1 0.78 "
        "(95% CI 0.36 to 1.00)."
    )


def test_the_terminal_tells_it_in_one_calm_block(run: Run, judged: list[str]) -> None:
    lines = [line.rstrip() for line in run("agreement").stdout.splitlines()]

    assert lines[:18] == [
        "title-abstract: ann and bob",
        "  8 records judged by both; they agreed on 7, 87.5% agreement (unsure counted as include)",
        "  Cohen's kappa         0.71   95% CI 0.21 to 1.00",
        "  PABAK                 0.75",
        "  Gwet's AC1            0.78   95% CI 0.36 to 1.00",
        "  agreement on include  90.9%",
        "  agreement on exclude  80.0%",
        "  prevalence index      0.38",
        "  bias index            0.12",
        "  bob excluded more: 1 of the 1 on which they differed (McNemar, exact: p = 1.000)",
        "",
        "  verdicts of ann   bob: include   unsure   exclude",
        "  ─────────────────────────────────────────────────",
        "  include                      3        1         1",
        "  unsure                       1        0         0",
        "  exclude                      0        0         2",
        "",
        "  Both excluded 2; for the same reason 1.",
    ]


def test_a_cross_table_too_wide_for_the_terminal_is_told_line_by_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, eight: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    codes = ("review", "juvenile", "mixed", "other-disease", "imnm-only", "no-drug", "not-clinical")
    reasons = [X, *(f"exclude {code}" for code in codes)]
    judge(run, "ann", eight, reasons)
    judge(run, "bob", eight, [*reasons[:7], "exclude mixed"])

    lines = [line.split() for line in run("agreement").stdout.splitlines()]

    assert ["ann", "bob", "records"] in lines
    assert ["mixed", "mixed", "1"] in lines
    assert ["not-clinical", "mixed", "1"] in lines
    assert ["no", "reason", "given", "no", "reason", "given", "1"] in lines


def test_cross_tables_are_given_as_csv_cell_by_cell(run: Run, judged: list[str]) -> None:
    cells = list(csv.DictReader(io.StringIO(run("agreement", "--csv").stdout)))

    assert sum(int(cell["records"]) for cell in cells if cell["table"] == "verdicts") == 8
    assert {
        "stage": "title-abstract",
        "round": "title-abstract",
        "reviewer": "ann",
        "other_reviewer": "bob",
        "table": "reasons",
        "said_by_reviewer": "no reason given",
        "said_by_other": "review",
        "records": "1",
    } in cells
    assert run("agreement", "--csv", "--json").exit_code == 3


def keys_in(value: Any) -> set[str]:
    """Every key of a JSON value, but those that are categories or paths of keys."""
    if isinstance(value, list):
        return set().union(*map(keys_in, value))
    if not isinstance(value, dict):
        return set()
    below = (inner for key, inner in value.items() if key not in ("agreement_on", "not_estimable"))
    return set(value) | set().union(*map(keys_in, below))


def test_every_key_of_the_json_is_explained_where_it_is_printed(run_json: RunJson, judged: list[str]) -> None:
    explained = set(re.findall(r"\w+", pairs.__doc__ or ""))

    assert keys_in(run_json("agreement")) <= explained


def test_a_reviewer_s_name_is_text_for_terminal_and_spreadsheet(run: Run, eight: list[str]) -> None:
    for name in ("[red]ann", "=1+1"):
        judge(run, name, eight, [K] * 8)

    assert "[red]ann" in run("agreement").stdout
    cells = list(csv.DictReader(io.StringIO(run("agreement", "--csv").stdout)))
    assert {cell["other_reviewer"] for cell in cells} == {"'=1+1"}


def test_a_vote_changed_or_undone_before_the_round_closed_counts_as_it_stood_then(
    run: Run, run_json: RunJson, eight: list[str]
) -> None:
    judge(run, "ann", eight, [X] * 8)
    changed = run(
        *("screen", "--reviewer", "ann", "--record", eight[0], "--verdict", K),
        *("--change", "--note", "misread"),
    )
    judge(run, "bob", eight, [K, *[X] * 7])

    (found,) = run_json("agreement", "--stage", "title-abstract")

    assert changed.exit_code == 0
    assert (found["figures"]["table"], found["figures"]["kappa"]) == ([[1, 0], [0, 7]], 1.0)


def test_what_is_not_estimable_is_null_with_its_reason_and_never_nan(
    run: Run, run_json: RunJson, eight: list[str]
) -> None:
    for name in ("ann", "bob"):
        judge(run, name, eight, [X] * 8)

    (found,) = run_json("agreement", "--stage", "title-abstract")

    why = found["not_estimable"]
    assert found["figures"]["kappa"] is None
    assert why["figures.kappa"] == "both gave one and the same verdict throughout"
    assert why["figures.positive_agreement"] == "neither gave include"
    assert why["figures.ac1_interval"] == "they differed on no record, so the standard error is 0"
    assert why["mcnemar.p"] == "they differed on no record"
    assert why["over_time"] == "fewer than 20 records"
    assert found["figures"]["ac1"] == 1.0
    shown = run("agreement").stdout
    assert "Cohen's kappa         not estimable  both gave one and the same verdict throughout" in shown
    assert "Cohen's kappa was not estimable, since both gave one" in " ".join(shown.split())
    assert "nan" not in shown.lower()


# --- several pairs ---------------------------------------------------------------------------------


def test_every_pair_that_voted_is_compared_on_the_records_that_both_judged(
    run: Run, run_json: RunJson, eight: list[str]
) -> None:
    judge(run, "ann", eight[:5], [K, K, X, X, X])
    judge(run, "bob", [*eight[:3], *eight[5:]], [K, K, X, X, K, X])
    run("reviewer", "add", "carol")
    judge(run, "carol", eight[3:], [K, X, X, K, X])

    found = run_json("agreement", "--stage", "title-abstract")

    assert {
        (one["reviewer"], one["other_reviewer"]): (one["figures"]["n"], one["figures"]["observed"])
        for one in found
    } == {("ann", "bob"): (3, 1.0), ("ann", "carol"): (2, 0.5), ("bob", "carol"): (3, 1.0)}
    shown = run("agreement").stdout
    assert "3 pairs, each by itself: kappas of several pairs are not pooled." in shown


def test_pairs_without_a_record_in_common_are_named_in_one_line(
    run: Run, run_json: RunJson, eight: list[str]
) -> None:
    for name in ("ann", "bob"):
        judge(run, name, eight[:4], [K] * 4)
    for name in ("carol", "dan"):
        run("reviewer", "add", name)
        judge(run, name, eight[4:], [K] * 4)

    shown = " ".join(run("agreement").stdout.split())
    apart = run_json("agreement")[1]

    assert (
        "title-abstract: not estimable, since no record has both votes: ann and carol; ann and dan; "
        "bob and carol; bob and dan."
    ) in shown
    assert (apart["figures"]["n"], apart["figures"]["observed"], apart["sentence"]) == (0, None, None)
    assert apart["not_estimable"]["figures.observed"] == "no record has both votes"
    assert apart["not_estimable"]["sentence"] == "no record has both votes"


def test_the_votes_of_someone_who_takes_part_no_longer_are_compared(
    run_json: RunJson, review: Review, judged: list[str]
) -> None:
    with review.writing():
        reviewers.change(review, "bob", "reviewer", "removed", actor="ann")

    (found,) = run_json("agreement", "--stage", "title-abstract")

    assert (found["reviewer"], found["other_reviewer"], found["figures"]["n"]) == ("ann", "bob", 8)


# --- rounds ----------------------------------------------------------------------------------------


@pytest.fixture
def piloted(run: Run, review: Review, eight: list[str]) -> list[str]:
    """A pilot of three, on two of which they differ; then the five others, on which they agree."""
    draw(review, Round("pilot-1", "title-abstract", PILOT, seed=7), eight[:3])
    for name, verdicts in (("ann", [K, X, K]), ("bob", [X, K, K])):
        judge(run, name, eight[:3], verdicts)
    for name in ("ann", "bob"):
        judge(run, name, eight[3:], [K, K, X, X, X])
    return eight


def test_a_pilot_is_compared_apart_from_the_rest_of_its_stage(
    run: Run, run_json: RunJson, piloted: list[str]
) -> None:
    stage, pilot = run_json("agreement", "--stage", "title-abstract")

    assert (stage["kind"], stage["without"], stage["figures"]["n"]) == ("stage", ["pilot-1"], 5)
    assert stage["figures"]["observed"] == 1.0
    assert (pilot["round"], pilot["kind"], pilot["figures"]["n"]) == ("pilot-1", "pilot", 3)
    assert pilot["figures"]["observed"] == pytest.approx(1 / 3)
    assert stage["sentence"].startswith("At title and abstract screening (apart from pilot-1), ann and bob ")
    assert pilot["sentence"].startswith("In a pilot of title and abstract screening (pilot-1), ann and bob ")
    assert pilot["missed_by_both"] is None
    assert "title-abstract (without pilot-1): ann and bob" in run("agreement").stdout
    assert run_json("agreement", "--round", "pilot-1") == [pilot]


def test_a_pilot_whose_votes_do_not_count_is_compared_by_what_was_said_in_it(
    run: Run, run_json: RunJson, review: Review, eight: list[str]
) -> None:
    draw(review, Round("pilot-1", "title-abstract", PILOT, counts=False, seed=7), eight[:3])
    for name, verdicts in (("ann", [K, X, K]), ("bob", [X, K, K])):
        judge(run, name, eight[:3], verdicts)
    (pilot,) = run_json("agreement", "--stage", "title-abstract")
    for name in ("ann", "bob"):
        judge(run, name, eight, [K, K, K, K, K, X, X, X])

    stage, still = run_json("agreement", "--stage", "title-abstract")

    assert (pilot["round"], pilot["figures"]["table"]) == ("pilot-1", [[1, 1], [1, 0]])
    assert still == pilot
    assert (stage["figures"]["n"], stage["figures"]["table"]) == (8, [[5, 0], [0, 3]])


def test_a_vote_in_a_pilot_by_someone_who_could_see_the_other_s_is_not_compared(
    run: Run, run_json: RunJson, review: Review, eight: list[str]
) -> None:
    draw(review, Round("pilot-1", "title-abstract", PILOT, counts=False, seed=7), eight[:3])
    judge(run, "ann", eight[:3], [K, X, K])
    judge(run, "bob", eight[:1], [X])
    with review.writing():
        decisions.unblind(review, "pilot-1", [("ann", "bob")], by="ann")
    judge(run, "bob", eight[1:3], [X, K])

    (pilot,) = run_json("agreement", "--round", "pilot-1")

    assert pilot["figures"]["table"] == [[0, 1], [0, 0]]


def test_an_open_pilot_is_refused_by_its_name(run: Run, review: Review, eight: list[str]) -> None:
    draw(review, Round("pilot-1", "title-abstract", PILOT, seed=7), eight[:3])
    judge(run, "ann", eight[:3], [K, X, K])
    judge(run, "bob", eight[:2], [X, K])

    refused, unknown = run("agreement", "--round", "pilot-1"), run("agreement", "--round", "pilot-2")
    both = run("agreement", "--round", "pilot-1", "--stage", "title-abstract")

    assert (refused.exit_code, "bob has 1 to go" in refused.stderr) == (6, True)
    assert (unknown.exit_code, "there are: pilot-1" in unknown.stderr) == (3, True)
    assert both.exit_code == 3


def test_a_batch_is_a_part_of_its_stage_and_also_compared_alone(
    run: Run, run_json: RunJson, review: Review, eight: list[str]
) -> None:
    draw(review, Round("batch-1", "title-abstract", BATCH), eight[:3])
    judge(run, "ann", eight, [K, X, K, K, K, X, X, X])
    judge(run, "bob", eight, [X, K, K, K, K, X, X, X])

    stage, batch = run_json("agreement", "--stage", "title-abstract")

    assert (stage["without"], stage["figures"]["n"]) == ([], 8)
    assert (batch["round"], batch["kind"], batch["figures"]["n"]) == ("batch-1", "batch", 3)
    assert batch["sentence"].startswith("In batch-1 of title and abstract screening, ann and bob ")


def test_quarters_go_by_the_later_of_the_two_votes(run: Run, run_json: RunJson, review: Review) -> None:
    keys = bring_in(review, [a_record(n) for n in range(22)])
    judge(run, "ann", keys, [K] * 11 + [X] * 11)
    judge(run, "bob", keys[::-1], [X] * 16 + [K] * 6)  # begins at the end; differs on the 12th to the 16th

    (found,) = run_json("agreement", "--stage", "title-abstract")

    quarters = found["over_time"]
    assert [(one["from"], one["to"], one["figures"]["n"]) for one in quarters] == [
        *((1, 5, 5), (6, 11, 6), (12, 16, 5), (17, 22, 6)),
    ]
    assert [one["figures"]["observed"] for one in quarters] == [1.0, 1.0, 0.0, 1.0]
    assert [one["figures"]["kappa"] for one in quarters] == [None, None, 0.0, None]
    assert found["not_estimable"]["over_time.0.figures.kappa"] == (
        "both gave one and the same verdict throughout"
    )
    assert [one["until"] for one in quarters] == sorted(one["until"] for one in quarters)


# --- the full text, and what both may have missed -----------------------------------------------------


def to_the_end(run: Run, keys: list[str], ann: Sequence[str], bob: Sequence[str]) -> None:
    """Title and abstract by both, conflicts resolved to include, all retrieved."""
    judge(run, "ann", keys, ann)
    judge(run, "bob", keys, bob)
    for key, one, other in zip(keys, ann, bob, strict=True):
        if (one == X) != (other == X):
            words = ("--record", key, "--verdict", K)
            assert run("resolve", "--by", "ann", "--by", "bob", *words).exit_code == 0
    assert run("fulltext", "retrieved", "--all", "--by", "ann").exit_code == 0


@pytest.fixture
def twelve(run: Run, review: Review) -> list[str]:
    """Nine kept by both, two by ann alone, one by bob alone; all go to full text."""
    keys = bring_in(review, [a_record(n) for n in range(1, 13)])
    to_the_end(run, keys, [K] * 11 + [X], [K] * 8 + [U, X, X, K])
    return keys


def test_what_both_missed_is_estimated_from_the_reports_included_in_the_end(
    run: Run, run_json: RunJson, twelve: list[str]
) -> None:
    for name in ("ann", "bob"):
        judge(run, name, twelve, ["exclude review", *[K] * 11], stage="full-text")

    found = run_json("agreement")
    (stage, full_text) = found

    assert stage["missed_by_both"] == {
        "rated": 11,
        "found_by_reviewer": 10,
        "found_by_other": 9,
        "found_by_both": 8,
        "total": pytest.approx(11 * 10 / 9 - 1),
        "total_se": pytest.approx((11 * 10 * 2 * 1 / (9**2 * 10)) ** 0.5),
        "missed": pytest.approx(2 * 1 / 9),
        "caution": "dependence biases it low: two people who read the same text miss the same things",
    }
    assert full_text["missed_by_both"] is None
    shown = " ".join(run("agreement", "--stage", "title-abstract").stdout.split())
    assert "Missed by both: 0.2 eligible reports expected." in shown
    assert "Dependence biases it low" in shown
    assert "Not for the manuscript." in shown
    for one in found:
        assert "miss" not in one["sentence"].lower()
        assert "Chapman" not in one["sentence"]


def test_below_seven_in_common_nothing_is_estimated_of_what_both_missed(
    run: Run, run_json: RunJson, twelve: list[str]
) -> None:
    for name in ("ann", "bob"):
        judge(run, name, twelve, [*["exclude review"] * 3, *[K] * 9], stage="full-text")

    (stage, _) = run_json("agreement")

    assert (stage["missed_by_both"]["total"], stage["missed_by_both"]["found_by_both"]) == (None, 6)
    why = stage["not_estimable"]["missed_by_both.total"]
    assert why == "6 in common, and at least 7 are needed"
    assert why in " ".join(run("agreement").stdout.split())


def test_nothing_is_estimated_while_a_report_has_no_outcome(
    run: Run, run_json: RunJson, twelve: list[str]
) -> None:
    judge(run, "ann", twelve, [K] * 12, stage="full-text")
    judge(run, "bob", twelve, [*[K] * 11, "exclude review"], stage="full-text")

    (stage, _) = run_json("agreement")

    assert stage["missed_by_both"]["rated"] is None
    assert stage["not_estimable"]["missed_by_both.total"] == "stage full-text has 1 without an outcome"


def test_at_full_text_awaiting_counts_as_include_or_as_unsure_and_it_is_said(
    run: Run, run_json: RunJson, twelve: list[str]
) -> None:
    judge(run, "ann", twelve, [*[K] * 10, "awaiting", "exclude review"], stage="full-text")
    judge(run, "bob", twelve, [*[K] * 10, "ongoing", "exclude review"], stage="full-text")

    (two,) = run_json("agreement", "--stage", "full-text")
    (three,) = run_json("agreement", "--stage", "full-text", "--categories", "3")

    assert two["figures"]["table"] == [[11, 0], [0, 1]]
    assert three["figures"]["table"] == [[10, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert two["verdicts"]["rows"] == [K, "awaiting", "ongoing", X]
    assert two["sentence"].startswith(
        "At full-text assessment, ann and bob judged 12 reports independently and agreed on 12 (100.0%; all but "
        "exclude counted as include)"
    )
    assert "awaiting and ongoing counted as unsure" in three["sentence"]


# --- blinding --------------------------------------------------------------------------------------

ASKED = [
    ("agreement",),
    ("agreement", "--round", "pilot-1"),
    ("agreement", "--round", "pilot-1", "--json"),
    ("agreement", "--json"),
    ("agreement", "--csv"),
    ("agreement", "--categories", "3"),
    ("agreement", "--stage", "title-abstract"),
    ("agreement", "--stage", "title-abstract", "--json"),
    ("agreement", "--stage", "full-text"),
    ("agreement", "--stage", "full-text", "--json"),
    ("agreement", "--stage", "full-text", "--csv"),
]


def answers(
    run: Run, review: Review, tmp_path: Path, vote_as_bob: Callable[[Sequence[str]], None], ways: list[Any]
) -> list[list[tuple[int, str, str]]]:
    """What `agreement` says in a copy of the review for each way in which bob votes."""
    found = []
    for number, verdicts in enumerate(ways):
        folder = tmp_path / f"way-{number}"
        folder.mkdir()
        shutil.copy(review.path, folder / "review.db")
        os.chdir(folder)
        vote_as_bob(verdicts)
        said = [run(*words) for words in ASKED]
        found.append([(one.exit_code, one.stdout, one.stderr) for one in said])
    return found


def test_agreement_of_a_blind_stage_is_the_same_refusal_whatever_bob_voted(
    run: Run, review: Review, tmp_path: Path, eight: list[str]
) -> None:
    judge(run, "ann", eight[:7], [K] * 7)

    first, *others = answers(
        run,
        review,
        tmp_path,
        lambda verdicts: judge(run, "bob", eight, verdicts),
        [[K] * 8, ["exclude review"] * 8, [K, U, X, K, U, X, K, U]],
    )

    assert {code for code, _, _ in first} == {3, 6}  # 3: there is no such round
    assert all(stdout == "" for _, stdout, _ in first)
    assert "ann has 1 to go" in first[0][2]
    assert all(other == first for other in others)


@pytest.mark.parametrize("counts", [True, False])
def test_agreement_of_a_blind_pilot_is_the_same_refusal_whatever_bob_voted(
    run: Run, review: Review, tmp_path: Path, eight: list[str], counts: bool
) -> None:
    draw(review, Round("pilot-1", "title-abstract", PILOT, counts=counts, seed=7), eight[:3])
    judge(run, "ann", eight[:2], [K, X])

    first, *others = answers(
        run,
        review,
        tmp_path,
        lambda verdicts: judge(run, "bob", eight[:3], verdicts),
        [[K, K, K], ["exclude review"] * 3, [K, U, X]],
    )

    assert {code for code, _, _ in first} == {6}
    assert all(other == first for other in others)


def test_a_closed_pilot_tells_nothing_of_what_bob_voted_after_it(
    run: Run, review: Review, tmp_path: Path, eight: list[str]
) -> None:
    draw(review, Round("pilot-1", "title-abstract", PILOT, seed=7), eight[:3])
    for name, verdicts in (("ann", [K, X, K]), ("bob", [X, K, K])):
        judge(run, name, eight[:3], verdicts)
    judge(run, "ann", eight[3:7], [K] * 4)

    first, *others = answers(
        run,
        review,
        tmp_path,
        lambda verdicts: judge(run, "bob", eight[3:], verdicts),
        [[K] * 5, ["exclude review"] * 5, [K, U, X, K, U]],
    )

    assert [code for code, _, _ in first[:2]] == [0, 0]
    assert "title-abstract, pilot-1: ann and bob" in first[0][1]
    assert all(other == first for other in others)


def test_agreement_tells_nothing_of_a_blind_full_text_round_whatever_bob_voted_there(
    run: Run, review: Review, tmp_path: Path, twelve: list[str]
) -> None:
    judge(run, "ann", twelve[:11], [K] * 11, stage="full-text")

    first, *others = answers(
        run,
        review,
        tmp_path,
        lambda verdicts: judge(run, "bob", twelve, verdicts, stage="full-text"),
        [[K] * 12, ["exclude review"] * 12, [K, "awaiting", "exclude juvenile", U] * 3],
    )

    assert [code for code, _, _ in first] == [0, 3, 3, 0, 0, 0, 0, 0, 6, 6, 6]
    assert "Missed by both: not estimable: stage full-text is blind or unfinished" in first[0][1]
    assert all(other == first for other in others)


def test_records_that_came_later_are_blind_and_not_compared_whatever_bob_voted_on_them(
    run: Run, review: Review, tmp_path: Path, judged: list[str]
) -> None:
    late = bring_in(review, [a_record(90), a_record(91)], database="Embase")
    judge(run, "ann", late[:1], [K])

    first, *others = answers(
        run,
        review,
        tmp_path,
        lambda verdicts: judge(run, "bob", late, verdicts),
        [[K, K], ["exclude review"] * 2, [U, X]],
    )

    assert first[0][0] == 0
    assert "8 records judged by both" in first[0][1]
    assert "title-abstract: 2 records still blind and not compared." in first[0][2]
    assert json.loads(first[3][1])[0]["figures"]["n"] == 8
    assert all(other == first for other in others)


# --- the figures of votes, without a file ---------------------------------------------------------------


def votes(name: str, verdicts: Sequence[str], *, first_id: int = 1) -> dict[str, Vote]:
    """A reviewer's votes on records r0, r1, … of the log in that order; "exclude review" with its reason."""
    found = {}
    for number, said in enumerate(verdicts):
        verdict, _, reason = said.partition(" ")
        found[f"r{number}"] = Vote(
            *(f"r{number}", Verdict(verdict), reason or None, None, (name,), "vote", "2026-01-01"),
            log_id=first_id + number,
        )
    return found


def part(ann: Sequence[str], bob: Sequence[str]) -> Part:
    said = {"ann": votes("ann", ann), "bob": votes("bob", bob, first_id=10_000)}
    return Part("title-abstract", "title-abstract", "stage", said)


def test_a_table_as_screening_gives_them_comes_out_as_worked_out_by_hand() -> None:
    """18 kept by both, 9 by ann alone, 6 by bob alone, 447 by neither."""
    found = compare(
        part([K] * 27 + [X] * 453, [K] * 18 + [X] * 9 + [K] * 6 + [X] * 447), "ann", "bob", ["review"]
    )

    assert found.sentence == (
        "At title and abstract screening, ann and bob judged 480 records independently and agreed on 465 (96.9%; "
        "unsure counted as include); Cohen's kappa was 0.69 (95% CI 0.54 to 0.84) and Gwet's AC1 0.97 "
        "(95% CI 0.95 to 0.98)."
    )
    assert (found.mcnemar.only_one, found.mcnemar.only_other, found.stricter) == (9, 6, "bob")
    assert found.mcnemar.p == pytest.approx(0.6072388)
    assert sum(portion.figures.n for portion in found.over_time) == 480


def test_who_was_unsure_where_the_other_excluded_is_the_less_strict_one() -> None:
    found = compare(part([U, U, K, X], [X, X, K, X]), "ann", "bob", [])

    assert (found.mcnemar.only_one, found.mcnemar.only_other, found.stricter) == (2, 0, "bob")


def test_swapping_the_two_swaps_who_is_asked_and_no_figure() -> None:
    given = part([K, X, "exclude review", "exclude juvenile"], [X, K, "exclude juvenile", X])
    one, other = compare(given, "ann", "bob", ["review"]), compare(given, "bob", "ann", ["review"])

    assert one.figures.kappa == other.figures.kappa
    assert one.stricter == other.stricter is None
    assert list(zip(*one.reasons.counts, strict=True)) == list(other.reasons.counts)
    assert (one.reasons.rows, one.reasons.columns) == (other.reasons.columns, other.reasons.rows)


def test_two_exclusions_without_a_reason_are_not_for_the_same_reason() -> None:
    found = compare(part([X, "exclude review"], [X, "exclude review"]), "ann", "bob", ["review"])

    assert (same_reason(found.reasons), sum(map(sum, found.reasons.counts))) == (1, 2)


def test_a_reason_that_an_earlier_protocol_had_stands_after_those_of_today() -> None:
    given = part(["exclude old", "exclude late", "exclude early", X], ["exclude early"] * 4)

    found = compare(given, "ann", "bob", ["early", "late"])

    assert found.reasons.rows == ("early", "late", "old", NO_REASON)


def test_a_report_that_both_excluded_and_that_was_included_all_the_same_is_found_by_neither() -> None:
    said = part([K, K, X], [K, X, X])
    independent = {key: [said.votes["ann"][key], said.votes["bob"][key]] for key in ("r0", "r1", "r2")}

    found = missed_by_both(["r0", "r1", "r2", "r9"], independent, "ann", "bob")

    assert found.rated == 3
    assert (found.found.found_by_one, found.found.found_by_other, found.found.found_by_both) == (2, 1, 1)


@pytest.mark.parametrize(
    ("share", "text"), [(1.0, "100.0%"), (39_999 / 40_000, ">99.9%"), (0.999, "99.9%"), (0.0, "0.0%")]
)
def test_100_percent_is_said_only_where_nothing_is_missing(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1.00"), (0.9951, ">0.99"), (-0.001, "0.00"), (-0.25, "-0.25")]
)
def test_a_coefficient_of_1_is_said_only_where_nothing_is_missing(value: float, text: str) -> None:
    assert coefficient(value) == text


def test_an_interval_is_cut_at_1_in_print_only() -> None:
    assert interval((-1.2, 1.3)) == "95% CI -1.00 to 1.00"
    assert interval((-0.001, 0.5)) == "95% CI 0.00 to 0.50"
