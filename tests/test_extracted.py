"""What stands of each study: agreed, settled or one person's; closed studies give nothing but why."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import a_record, bring_in
from extraction_reviews import HORNUNG, PAIK, a_review, by_both, done, enter
from iimscreen import extracted, sharing, team
from iimscreen.consensus.resolving import Table, Word
from iimscreen.extracting import Given, Seat
from iimscreen.model import StudyData
from iimscreen.store import Review, open_review, reviewers, studies


@pytest.fixture
def review() -> Iterator[Review]:
    with a_review() as opened:
        yield opened


def of(review: Review, name: str = PAIK) -> StudyData:
    (found,) = (one for one in extracted.data(review) if one.study == name)
    return found


def cells(data: StudyData) -> dict[str, str]:
    """Place → value, as people read it."""
    return {
        " ".join(filter(None, (row.row, field))): str(cell.value)
        for row in data.rows
        for field, cell in row.cells.items()
    }


def test_a_closed_study_gives_no_value_and_says_who_is_done(review: Review) -> None:
    enter(review, "ann", {"design": "trial", "P1 age": "40"})
    enter(review, "bob", {"design": "trial"})
    done(review, "ann")

    data = of(review)

    assert cells(data) == {}
    assert data.itself.cells == {}
    assert "Paik 2017 is closed: ann is done, and 1 more must be" in data.missing
    assert "nobody is done with Hornung 2014" in of(review, HORNUNG).missing


def test_what_both_say_stands_as_agreed_by_both(review: Review) -> None:
    Seat(review, "ann").take([Given("", PAIK, "", "design", "case report")])
    Seat(review, "bob").take(
        [Given("", PAIK, "", "design", "Case report", quote="We report a case", page="2")]
    )
    done(review, "ann")
    done(review, "bob")

    cell = of(review).itself.cells["design"]

    assert (str(cell.value), cell.settled, cell.names) == ("case report", "agreed", ("ann", "bob"))
    assert (cell.quote, cell.page) == ("We report a case", "2")


def test_what_differs_is_left_out_and_named(review: Review) -> None:
    by_both(
        review,
        {"country": "Italy", "P1 label": "1", "P1 ferritin": "500 ng/mL", "P1 sex": "male"},
        {"country": "italy.", "P1 label": "1", "P1 ferritin": "500 µg/L"},
    )

    data = of(review)

    assert cells(data) == {"design": "case report", "country": "Italy", "P1 label": "1"}
    assert "Paik 2017: 2 cells not settled: sex of P1, ferritin of P1" in data.missing


def test_rows_are_those_of_the_first_whatever_the_order_of_the_second(review: Review) -> None:
    by_both(
        review,
        {"P1 label": "Patient 1", "P1 age": "40", "P2 label": "Patient 2", "P2 age": "61"}
        | {"T1 of": "P2", "T1 drug": "TOF", "T1 dose": "5 mg"},
        {"P1 label": "Case 2", "P1 age": "61", "P2 label": "Case 1", "P2 age": "41", "P3 age": "70"}
        | {"T7 of": "P1", "T7 drug": "TOF", "T7 dose": "5 mg"},
    )

    data = of(review)

    assert [(row.row, row.text("age")) for row in data.at("group")] == [("P1", "40"), ("P2", "61")]
    assert [(row.row, row.text("drug")) for row in data.at("treatment", "P2")] == [("T1", "TOF")]
    assert "Paik 2017: row P3 of bob (age 70) has no counterpart" in data.missing


def test_a_study_that_one_has_taken_up_again_says_so(review: Review) -> None:
    by_both(review, {"country": "Italy"}, {"country": "Italy"})
    Seat(review, "bob").reopen(PAIK)
    enter(review, "bob", {"country": "Spain"})

    data = of(review)

    assert "country" not in cells(data)
    assert "bob has taken Paik 2017 up again" in data.missing


def test_a_study_of_the_literature_without_a_report_says_so_and_own_patients_need_none(
    review: Review,
) -> None:
    with review.writing():
        studies.add(review, "Ours", kind=studies.OWN, by="ann")

    assert "Paik 2017 has no report" in of(review).missing
    assert "Ours has no report" not in of(review, "Ours").missing
    assert of(review, "Ours").kind == "own"


def test_a_report_that_is_not_judged_yet_is_not_said_to_be_out(review: Review) -> None:
    (key,) = bring_in(review, [a_record(1)])
    with review.writing():
        studies.add_links(review, PAIK, [key], "linked", by="ann")

    data = of(review)

    assert data.reports == (key,)
    assert data.missing == ("nobody is done with Paik 2017",)


def test_values_from_a_second_machine_after_being_done_are_told(review: Review) -> None:
    enter(review, "ann", {"design": "trial"})
    enter(review, "bob", {"design": "trial"})
    Path("other").mkdir()
    shutil.copy(review.path, "other/review.db")
    done(review, "ann")
    done(review, "bob")
    with open_review(Path("other/review.db")) as second:
        enter(second, "ann", {"country": "Spain"})
        sharing.share(second, "ann", Path("ann.bundle.zip"))

    sharing.merge(review, [Path("ann.bundle.zip")])
    told = "ann entered values of Paik 2017 after being done with it, on another machine"
    assert any(one.startswith(told) for one in of(review).missing)
    Seat(review, "ann").reopen(PAIK)
    done(review, "ann")

    assert not any(one.startswith(told) for one in of(review).missing)


def test_a_third_extractor_from_another_copy_undoes_nothing_that_two_have_settled(review: Review) -> None:
    for name in ("abe", "ann", "bob"):
        team.add_reviewer(review, name, reviewers.REVIEWER)
    Path("other").mkdir()
    shutil.copy(review.path, "other/review.db")
    by_both(review, {"country": "Spain"}, {"country": "Italy"})
    Table(review, ["ann", "bob"]).settle(PAIK, Word(field="country", take="bob"))
    with open_review(Path("other/review.db")) as third:
        enter(third, "abe", {"design": "trial", "country": "France"})
        done(third, "abe")
        sharing.share(third, "abe", Path("abe.bundle.zip"))

    sharing.merge(review, [Path("abe.bundle.zip")])

    assert cells(of(review)) == {"design": "case report", "country": "Italy"}
    assert "abe extracted Paik 2017, too; ann and bob are compared" in of(review).missing
