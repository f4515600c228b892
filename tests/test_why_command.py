"""`iimscreen why`: numbers by value and by name, the rows behind them, and the way of one record."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen.model import Kind
from iimscreen.store import Review
from living_reviews import judge

Run = Callable[..., Result]
RunJson = Callable[..., Any]
HOSTILE = "<img src=x onerror=alert(1)> =HYPERLINK(1) \u202e\x07"


@pytest.fixture
def keys(review: Review) -> list[str]:
    """Three records, the second a duplicate of the first, judged: one included, one excluded with a reason."""
    found = bring_in(review, [a_record(1, doi="10.1/1"), a_record(2, doi="10.1/2", title=HOSTILE)])
    found += bring_in(review, [a_record(1, doi="10.1/1", source_id="other")], database="Embase")
    found += bring_in(review, [a_record(4)], database="A website", kind=Kind.WEBSITE)
    judge(review, include=[found[0]], exclude_at_full_text=[found[1], found[3]])
    return found


def names(result: Result) -> list[str]:
    return [line.split()[0] for line in result.stdout.splitlines() if line.startswith("  ")]


def test_a_value_tells_which_numbers_have_it(run: Run, keys: list[str]) -> None:
    result = run("why", "n = 4")

    assert {"prisma.records_identified", "search.records"} <= set(names(result))
    assert "Records identified from all sources." in result.stdout


def test_a_value_of_one_number_alone_tells_its_rows_at_once(run: Run, review: Review) -> None:
    bring_in(review, [a_record(1), a_record(2)])
    bring_in(review, [a_record(n) for n in (3, 4, 5)], database="Embase")
    run("dedupe")

    result = run("why", "prisma.database_results.embase")

    assert result.stdout.startswith("prisma.database_results.embase = 3\n")
    assert "Case 5" in result.stdout


def test_a_name_tells_definition_derivation_and_rows_with_their_reason(run: Run, keys: list[str]) -> None:
    told = run("why", "prisma.dbr_excluded").stdout

    assert "Reports excluded at full text, identified via databases and registers." in told
    assert "counted: reports assessed whose votes" in told
    assert keys[1] in told
    assert "Review, guideline or comment without patients of its own (by votes)" in told
    assert "\x07" not in told


def test_a_part_of_a_number_is_named_by_its_source_or_reason(run_json: RunJson, keys: list[str]) -> None:
    assert run_json("why", "prisma.dbr_excluded.review")["rows"][0]["key"] == keys[1]
    assert run_json("why", "prisma.reports_excluded.review")["value"] == 2
    assert run_json("why", "prisma.website_results.a-website")["value"] == 1
    assert [one["record"] for one in run_json("prisma", "--list", "dbr_excluded.review")] == [keys[1]]


def test_a_name_may_be_given_as_a_manuscript_has_it(run_json: RunJson, keys: list[str]) -> None:
    assert run_json("why", "{{prisma.records_screened}}")["value"] == 2


def test_a_beginning_lists_all_that_begin_so(run: Run, keys: list[str]) -> None:
    family = names(run("why", "duplicates"))

    assert family[0] == "duplicates.records"
    assert all(name.startswith("duplicates.") for name in family)


def test_alone_it_lists_every_family_with_values(run: Run, keys: list[str]) -> None:
    result = run("why")

    assert {"prisma", "search", "duplicates", "screening", "studies"} <= {*result.stdout.splitlines()}
    assert "prisma.total_reports" in result.stdout
    assert "this review is no update of an earlier version" in result.stdout


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("prisma.records_screned", "prisma.records_screened"),
        ("records_screened", "prisma.records_screened"),
        ("screening.title-abstract.kapa", "screening.title-abstract.kappa"),
    ],
)
def test_a_typo_is_answered_with_what_was_meant(run: Run, keys: list[str], given: str, meant: str) -> None:
    result = run("why", given)

    assert result.exit_code == 3
    assert f"no number is called '{given}'" in result.stderr
    assert meant in result.stderr


def test_a_value_that_no_number_has_is_told(run: Run, keys: list[str]) -> None:
    result = run("why", "1,234")

    assert result.exit_code == 3
    assert "no number of this review is 1,234" in result.stderr


def test_a_share_is_found_as_percent_and_rounded(run: Run, keys: list[str]) -> None:
    for given in ("100.0%", "100%", "1.00"):
        assert "screening.title-abstract.observed" in names(run("why", given))


def test_rows_go_into_a_csv_that_has_no_formulas_and_replaces_nothing(run: Run, keys: list[str]) -> None:
    assert run("why", "prisma.records_identified", "--csv", "rows.csv").exit_code == 0

    rows = list(csv.DictReader(Path("rows.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [row["row"] for row in rows] == [keys[0], keys[1], keys[2], keys[3]]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    again = run("why", "prisma.records_identified", "--csv", "rows.csv")
    assert (again.exit_code, "rows.csv exists" in again.stderr) == (3, True)
    many = run("why", "4", "--csv", "other.csv")
    assert (many.exit_code, Path("other.csv").exists()) == (3, False)


def test_a_blind_number_says_who_has_how_many_to_go(run: Run, run_json: RunJson, review: Review) -> None:
    (key, _) = bring_in(review, [a_record(1), a_record(2)])
    run("dedupe")
    run("screen", "--reviewer", "ann", "--record", key, "--verdict", "exclude")

    told = run_json("why", "prisma.records_excluded")

    assert told["value"] is None
    assert told["why_not"] == "stage title-abstract is blind and unfinished: ann has 1 to go"
    assert run_json("why", "prisma.dbr_excluded.review")["why_not"] == told["why_not"]
    assert "its votes on title and abstract are not open to view" in run("why", key).stdout
    assert "exclude" not in run("why", key).stdout


def test_the_way_of_a_record_goes_from_its_source_to_the_number_it_is_behind(
    run: Run, run_json: RunJson, keys: list[str]
) -> None:
    told = run_json("why", keys[1])

    assert [step["what"] for step in told["steps"]] == [
        *("identified", "screening", "screening", "screening", "retrieval"),
        *("assessment", "assessment", "assessment"),
    ]
    assert told["steps"][-1]["says"].startswith("comes to exclude on full text, Review, guideline")
    assert "prisma.dbr_excluded.review" in told["numbers"]
    assert "prisma.reports_excluded" not in told["numbers"]  # a sum of others
    assert "\x07" not in run("why", "doi:10.1/2").stdout


def test_the_way_of_a_duplicate_leads_to_the_record_kept(run_json: RunJson, keys: list[str]) -> None:
    told = run_json("why", keys[2])

    assert told["report"] == keys[0]
    (merged,) = (step for step in told["steps"] if step["what"] == "merged")
    assert f"one with {keys[0]} by rule same_doi" in merged["says"]
    assert {"prisma.duplicates", "prisma.new_reports", "prisma.new_studies"} <= set(told["numbers"])
    assert "prisma.records_screened" not in told["numbers"]  # that is the record kept


def test_the_numbers_of_a_completed_version_stay_as_they_were(
    run: Run, run_json: RunJson, review: Review, keys: list[str]
) -> None:
    assert run("version", "close", "--by", "ann").exit_code == 0
    bring_in(review, [a_record(9)])

    then = run_json("why", "prisma.records_screened", "--version", "1")

    assert (then["name"], then["value"]) == ("prisma.v1.records_screened", 2)
    assert run_json("why", "prisma.v1.records_screened") == then
    assert run_json("why", "prisma.records_screened")["value"] == 1
    assert run("why", "prisma.v7.records_screened").exit_code == 3


def test_json_lists_numbers_without_their_rows(run: Run, keys: list[str]) -> None:
    told = {one["name"]: one for one in json.loads(run("why", "--json").stdout)}

    assert told["prisma.records_screened"]["rows"] == told["prisma.records_screened"]["value"] == 2
    assert told["screening.title-abstract.observed"]["text"] == "100.0%"
