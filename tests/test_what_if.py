"""`iimscreen whatif`: flow, subjects and tables without something, beside what they are."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import Result

from conftest import a_record, bring_in
from extracted import a_form, a_patient, a_study
from iimscreen import leaving_out, numbers, review_flow, what_if
from iimscreen.flow import violations
from iimscreen.numbers import prisma
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review, open_review, records, watches
from iimscreen.store.watches import Finding
from living_reviews import judge, play

Run = Callable[..., Result]
RunJson = Callable[..., Any]
DEMO = ("--review", "there/review.db")


@pytest.fixture
def played(made_demo: Path, tmp_path: Path) -> Path:
    """A copy of the demo's review."""
    (tmp_path / "there").mkdir()
    return Path(shutil.copy(made_demo / "review.db", tmp_path / "there"))


SUMS = ("prisma.reports_", "prisma.studies_included")  # over both columns, in no box


def changed(numbers: list[dict[str, Any]]) -> dict[str, int | None]:
    """Name → difference, of numbers that are not the same before and after."""
    return {
        one["name"].removeprefix("prisma."): one["difference"]
        for one in numbers
        if one["before"] != one["after"] and not one["name"].startswith(SUMS)
    }


def test_without_a_study_its_report_counts_as_excluded_and_its_rows_go(
    run_json: RunJson, played: Path
) -> None:
    found = run_json("whatif", "--without", "Fischer 2022", *DEMO)

    assert [one["key"] for one in found["reports"]] == ["corpus:c039"]
    assert changed(found["flow"]) == {
        "dbr_excluded": 1,
        "dbr_excluded.what-if": 1,
        "new_reports": -1,
        "new_studies": -1,
    }
    assert "prisma.other_excluded.what-if" not in {one["name"] for one in found["flow"]}
    characteristics = next(one for one in found["tables"] if one["name"] == "characteristics")
    assert [cells[1] for cells in characteristics["removed"]] == ["Fischer 2022"]
    assert characteristics["cells"] == []
    assert "excluded at full text" in found["counted_as"][0]


def test_a_report_by_any_of_its_names_is_the_study_that_tells_of_it(run_json: RunJson, played: Path) -> None:
    by_study = run_json("whatif", "--without", "Bitar 2019", *DEMO)

    for name in ("corpus:c054", "doi:10.1016/j.jdcr.2018.11.019"):
        by_report = run_json("whatif", "--without", name, *DEMO)
        assert by_report["studies"] == by_study["studies"]
        assert by_report["flow"] == by_study["flow"]
        assert by_report["subjects"] == by_study["subjects"]


def test_without_a_drug_its_subjects_go_and_counts_that_are_at_least_have_no_difference(
    run_json: RunJson, played: Path
) -> None:
    found = run_json("whatif", "--without", "drug = apremilast", *DEMO)

    subjects = changed(found["subjects"])
    assert subjects["extract.subjects.apremilast"] == -17
    assert subjects["extract.subjects"] is None
    assert {one["study"] for one in found["studies"]} == {
        "Bitar 2019", "Charlton 2021", "Konishi 2022", "Bitar 2022"
    }  # fmt: skip


def test_subjects_are_called_as_why_calls_them_and_are_as_many(run_json: RunJson, played: Path) -> None:
    found = run_json("whatif", "--without", "Fischer 2022", *DEMO)["subjects"]

    with open_review(played) as review:
        known = numbers.family_of(review, "extract.subjects")
    assert {one["name"] for one in found} <= set(known)
    exact = [one for one in found if one["before"].replace(",", "").isdigit()]
    assert exact
    assert [one["before"] for one in exact] == [known[one["name"]].text for one in exact]


def test_anti_mda5_patients_go_with_their_rows_and_studies_of_nobody_else(
    run_json: RunJson, played: Path
) -> None:
    found = run_json("whatif", "--without", "antibody = anti-MDA5", *DEMO)

    own = next(one for one in found["studies"] if one["study"] == "Own patients")
    assert own["rows"][:6] == ["P1", "P2", "P6", "T1", "T2", "T6"]
    assert changed(found["subjects"])["extract.own.subjects"] == -3
    assert any("groups left out whole" in note for note in found["notes"])


def test_several_things_left_out_are_all_left_out(run_json: RunJson, played: Path) -> None:
    found = run_json("whatif", "--without", "Fischer 2022", "--without", "drug = APR", *DEMO)

    assert changed(found["flow"])["new_studies"] == -5


def test_only_is_without_all_that_a_rule_does_not_hold_for(run_json: RunJson, played: Path) -> None:
    found = run_json("whatif", "--only", "drug = APR", *DEMO)

    subjects = {one["name"]: one["after"] for one in found["subjects"]}
    assert (subjects["extract.subjects"], subjects["extract.subjects.apremilast"]) == ("17", "17")


def test_the_review_file_stays_as_it_is(run: Run, played: Path) -> None:
    before = hashlib.sha256(played.read_bytes()).hexdigest()

    result = run("whatif", "--without", "design = case series", *DEMO)

    assert result.exit_code == 0
    assert "Nothing was stored" in result.stdout
    assert hashlib.sha256(played.read_bytes()).hexdigest() == before


def test_tables_as_they_would_be_are_stamped_and_go_into_a_new_folder_only(run: Run, played: Path) -> None:
    words = ("whatif", "--without", "Fischer 2022", "--tables", "thought", *DEMO)

    assert run(*words).exit_code == 0
    page = Path("thought/tables.html").read_text(encoding="utf-8")
    assert page.count("what if: without Fischer 2022; no result of this review") > 5
    again = run(*words)
    assert again.exit_code == 3
    assert "thought exists" in again.stderr


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("Fisher 2022", "did you mean the study Fischer 2022"),
        ("desing = review", "did you mean design"),
        ("database = Embase", "there are Bundled corpus"),
        ("year < old", "is no year"),
        ("pmid:1", "is no record, no study and no rule"),
    ],
)
def test_what_is_not_there_is_one_error(run: Run, played: Path, word: str, said: str) -> None:
    result = run("whatif", "--without", word, *DEMO)

    assert result.exit_code == 3
    assert said in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_nothing_named_is_an_error(run: Run, played: Path) -> None:
    assert run("whatif", *DEMO).exit_code == 3


# --- what is not told ------------------------------------------------------------------------------


def test_an_n_that_was_not_known_does_not_become_known_because_other_rows_go() -> None:
    form = a_form()
    both = (*a_patient(1, "TOF", n="10"), *a_patient(2, "BAR", n="8"))
    mixed = a_study("Chen 2019", *both, n_eligible="10")
    told = a_study("Paik 2017", *both)
    rule = leaving_out.on_form(leaving_out.parse("drug = BAR"), form, [mixed, told])  # type: ignore[arg-type]
    after = [left for study in (mixed, told) if (left := leaving_out.cut(study, [rule], form).data)]

    found = leaving_out.untold([mixed, told], after, form)

    assert [len(study.at("group")) for study in after] == [1, 1]
    assert found == {("Chen 2019", "P1"): "which 10 of 18 are eligible is not told"}


# --- reviews of the literature alone ---------------------------------------------------------------


@pytest.fixture
def two_sources(review: Review) -> Review:
    """Three reports from PubMed, one of them found in Embase, too; one from Embase alone; all judged."""
    pubmed = bring_in(review, [a_record(number, doi=f"10.1/{number}", year=2010 + number) for number in range(3)],
                      database="PubMed")  # fmt: skip
    embase = bring_in(review, [a_record(2, doi="10.1/2", year=2012), a_record(7, doi="10.1/7", year=2017)],
                      database="Embase")  # fmt: skip
    judge(review, include=[*pubmed[1:], *embase], exclude_at_full_text=pubmed[:1])
    return review


def test_without_a_database_its_own_records_were_never_found(two_sources: Review) -> None:
    found = what_if.what_if(two_sources, ["database = Embase"])

    sums = ("prisma.records_", "prisma.reports_", "prisma.studies_", "prisma.dbr_records_")  # no boxes
    different = {
        one.name: one.difference
        for one in found.flow
        if one.difference and (not one.name.startswith(sums) or one.name == "prisma.records_screened")
    }
    assert different == {
        "prisma.database_results": -2,
        "prisma.duplicates": -1,
        "prisma.records_screened": -1,
        "prisma.dbr_sought_reports": -1,
        "prisma.dbr_assessed": -1,
        "prisma.new_reports": -1,
        "prisma.new_studies": -1,
        "prisma.database_results.embase": -2,
    }
    assert [one.key for one in found.reports] == [
        key
        for key, _, name, _, kept, _ in records.memberships(two_sources)
        if name == "Embase" and kept == key
    ]


def test_a_report_whose_first_record_is_never_found_is_there_by_its_second(two_sources: Review) -> None:
    found = what_if.what_if(two_sources, ["database = PubMed"])

    different = {one.name: one.difference for one in found.flow if one.difference}
    assert different["prisma.records_screened"] == -2
    assert different["prisma.new_reports"] == -1
    assert different["prisma.duplicates"] == -1


def test_a_year_is_of_records_and_takes_those_that_are_included(two_sources: Review) -> None:
    found = what_if.what_if(two_sources, ["year < 2015"])

    assert len(found.reports) == 2
    assert {one.name: one.difference for one in found.flow if one.difference}["prisma.new_reports"] == -2


def test_retracted_takes_what_watch_has_found(two_sources: Review) -> None:
    key = review_flow.prisma(two_sources).included[0]
    with two_sources.writing():
        retraction = Finding(key, "retraction", "pmid:1", "", was_known=False)
        watches.add(two_sources, origin="PubMed", looked_at=1, findings=[retraction])

    found = what_if.what_if(two_sources, ["retracted"])

    assert [one.key for one in found.reports] == [key]


def test_no_retraction_known_changes_nothing_and_says_so(two_sources: Review) -> None:
    found = what_if.what_if(two_sources, ["retracted"])

    assert all(one.before == one.after for one in found.flow)
    assert "iimscreen watch" in found.notes[0]


def test_a_round_that_is_blind_tells_nothing_of_its_votes(review: Review, run: Run, tmp_path: Path) -> None:
    keys = bring_in(review, [a_record(number) for number in range(3)])
    other_file = Path(shutil.copy(review.path, tmp_path / "other.db"))
    desk = Desk(review, "ann", "title-abstract")
    for key in keys:
        desk.decide(Decision(key, "include"))
    with open_review(other_file) as other:
        desk = Desk(other, "ann", "title-abstract")
        for key in keys:
            desk.decide(Decision(key, "exclude"))

    told = [
        run("whatif", "--without", keys[0], "--all", "--review", file).stdout
        for file in (review.path, other_file)
    ]

    assert told[0] == told[1]
    assert "not open to view" in told[0]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_numbers_add_up_and_differ_as_two_flows_do_whatever_is_left_out(
    review_file: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = Path(shutil.copy(review_file, tmp_path_factory.mktemp("play") / "review.db"))
    with open_review(path) as review:
        for _ in play(review, data, moves=8):
            pass
        keys = records.keys(review)
        names = [name for name, kind in records.sources(review)]
        gone = data.draw(st.lists(st.sampled_from(names), unique=True)) if names else []
        out = data.draw(st.lists(st.sampled_from(keys), unique=True, max_size=3)) if keys else []
        kept = {records.kept_of(review, key) for key in out}
        before = review_flow.prisma(review)

        after, reports = review_flow.flow_and_reports(review, excluded=kept, unsearched=gone)
        same, _ = review_flow.flow_and_reports(review, excluded=(), gone=(), unsearched=())

        assert violations(after, reports) == []
        assert same == before
        wanted = [*(f"database = {name}" for name in gone), *out]
        if wanted:
            told = what_if.what_if(review, wanted)
            now = {one.name: one.value for one in prisma.of_flow(before)}
            then = {one.name: one.value for one in prisma.of_flow(after)}
            for one in told.flow:
                was, will = now.get(one.name, 0), then.get(one.name, 0)
                if was is not None and will is not None:
                    assert one.difference == will - was
