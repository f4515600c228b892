"""Numbers of subjects: each with the rows behind it, none from what was not reported."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extracted import DRUGS, SUBTYPES, a_form, a_patient, a_row, a_study
from iimscreen.model import StudyData
from iimscreen.tables.sums import Count, every, subjects, where

FORM = a_form()


def numbers(data: list[StudyData], by: str = "drug", **rest: object) -> dict[str, str]:
    """Each part as it is printed, and all."""
    sums = subjects(data, FORM, by=by, **rest)  # type: ignore[arg-type]  # options of any kind
    return {part.name: str(part) for part in sums.parts} | {"all": str(sums.total)}


def test_a_patient_counts_once_under_each_drug_and_once_in_all() -> None:
    data = [a_study("Paik 2017", *a_patient(1, "TOF", "BAR"), *a_patient(2, "TOF"))]

    sums = subjects(data, FORM)

    assert numbers(data) == {"TOF": "2", "BAR": "1", "all": "2"}
    assert [one.row for one in sums.in_several] == ["P1"]
    assert [one.place for one in sums.part("BAR").rows] == [("Paik 2017", "P1")]


def test_two_doses_of_one_drug_are_one_patient() -> None:
    data = [a_study("Paik 2017", *a_patient(1, "TOF", "TOF"))]

    assert numbers(data) == {"TOF": "1", "all": "1"}


def test_a_group_counts_its_n_and_one_without_n_is_never_zero() -> None:
    data = [
        a_study("Kurasawa 2018", *a_patient(1, "TOF", n="12")),
        a_study("Chen 2019", *a_patient(1, "TOF", n="NR"), *a_patient(2, "TOF", n="NR")),
        a_study("Hornung 2014", *a_patient(1, "RUX", n="NR")),
    ]

    assert numbers(data) == {
        "TOF": "≥ 12 (n not reported in 2 groups)",
        "RUX": "n not reported in 1 group",
        "all": "≥ 12 (n not reported in 3 groups)",
    }


def test_own_patients_are_in_no_total_of_the_literature() -> None:
    data = [
        a_study("Own series", *a_patient(1, "TOF"), kind="own"),
        a_study("Paik 2017", *a_patient(1, "TOF", n="10")),
    ]

    assert numbers(data) == {"TOF": "10", "all": "10"}
    assert numbers(data, kind="own") == {"TOF": "1", "all": "1"}


def test_of_a_mixed_cohort_only_the_eligible_count() -> None:
    data = [
        a_study("Le Voyer 2022", *a_patient(1, "BAR", n="12"), n_total="12", n_eligible="9", n_excluded="3")
    ]

    (subject,) = subjects(data, FORM).part("BAR").rows

    assert (subject.n, subject.why) == (9, "eligible: 9 of 12")


def test_the_eligible_follow_from_those_left_out_where_they_are_not_stated() -> None:
    data = [
        a_study("Le Voyer 2022", *a_patient(1, "BAR", n="12"), n_total="12", n_eligible="NR", n_excluded="3")
    ]

    assert numbers(data)["BAR"] == "9"


def test_rows_that_are_more_than_the_eligible_are_not_counted_where_nobody_says_which_they_are() -> None:
    data = [
        a_study("Mixed", *a_patient(1, "TOF", n="7"), *a_patient(2, "RUX", n="5"), n_eligible="9"),
        a_study("Clear", *a_patient(1, "TOF", n="4")),
    ]

    assert numbers(data) == {
        "TOF": "≥ 4 (which 9 of 12 are eligible is not told in 1 group)",
        "RUX": "which 9 of 12 are eligible is not told in 1 group",
        "all": "≥ 4 (which 9 of 12 are eligible is not told in 2 groups)",
    }


def test_a_study_without_rows_counts_its_own_numbers_under_no_drug() -> None:
    data = [a_study("Short 2020", n_total="8", n_eligible="6"), a_study("Silent 2021", n_total="NR")]

    assert numbers(data) == {
        "not entered": "≥ 6 (n not reported in 1 group)",
        "all": "≥ 6 (n not reported in 1 group)",
    }


def test_what_nobody_entered_is_not_called_not_reported() -> None:
    data = [a_study("Closed"), a_study("Half", a_row("P1", {"unit": "group"}))]

    assert numbers(data) == {"not entered": "n not entered in 2 groups", "all": "n not entered in 2 groups"}


@pytest.mark.parametrize("stated", [{"source": "secondary"}, {"design": "review"}])
def test_a_secondary_source_counts_nobody(stated: dict[str, str]) -> None:
    data = [a_study("Takanashi 2022", *a_patient(1, "TOF", n="30"), **stated)]

    sums = subjects(data, FORM)

    assert sums.total == Count("all", ())
    assert sums.left_out == (
        ("Takanashi 2022", "a secondary source: its patients are those of other reports"),
    )


def test_studies_can_be_left_out_for_a_reason() -> None:
    data = [a_study("One", *a_patient(1, "TOF")), a_study("Two", *a_patient(1, "TOF"))]

    sums = subjects(data, FORM, without={"Two": "the same patients as One"})

    assert (str(sums.total), sums.left_out) == ("1", (("Two", "the same patients as One"),))


def test_a_drug_counts_so_many_of_a_group_as_had_it() -> None:
    group = a_row("P1", {"unit": "group", "n": "20"})
    data = [
        a_study(
            "Two drugs",
            group,
            a_row("T1", {"drug": "TOF", "n-treated": "12"}, "P1"),
            a_row("T2", {"drug": "RUX", "n-treated": "3"}, "P1"),
            a_row("T3", {"drug": "RUX", "n-treated": "4"}, "P1"),
        )
    ]

    assert numbers(data) == {"TOF": "12", "RUX": "7", "all": "20"}


def test_doses_that_overlap_are_not_added_up() -> None:
    rows = (
        a_row("P1", {"unit": "group", "n": "10"}),
        a_row("T1", {"drug": "TOF", "n-treated": "8"}, "P1"),
        a_row("T2", {"drug": "TOF", "n-treated": "6"}, "P1"),
    )

    assert numbers([a_study("Steps", *rows)]) == {
        "TOF": "how many had TOF is not told (8 and 6 in its treatments) in 1 group",
        "all": "10",
    }


def test_a_group_of_several_subtypes_counts_by_those_told_apart() -> None:
    data = [a_study("Cohort", *a_patient(1, "TOF", n="10", subtype="several", n_dm="6", n_ass="3"))]

    assert numbers(data, "subtype") == {"DM": "6", "ASS": "3", "several": "1", "all": "10"}


def test_subtypes_that_are_more_than_the_group_are_not_told_apart() -> None:
    data = [a_study("Cohort", *a_patient(1, "TOF", n="10", subtype="several", n_dm="9", n_ass="3"))]

    assert numbers(data, "subtype") == {"several": "10", "all": "10"}


def test_codes_count_under_their_words() -> None:
    data = [a_study("One", *a_patient(1, "TOF", subtype="NR")), a_study("Two", *a_patient(1, "NR"))]

    assert numbers(data, "subtype") == {"not reported": "1", "not entered": "1", "all": "2"}
    assert numbers(data) == {"TOF": "1", "not reported": "1", "all": "2"}


def test_a_role_that_the_form_lacks_is_said_and_nothing_is_counted() -> None:
    sums = subjects([a_study("One", *a_patient(1, "TOF"))], a_form(without=["drug"]))

    assert sums.parts == ()
    assert sums.lacks == ("the form has no field for drug (role drug)",)


def test_filters_are_held_together_only_as_far_as_the_report_tells() -> None:
    group = {"unit": "group", "n": "10", "subtype": "several", "n-dm": "4", "n-ass": "6"}
    data = [
        a_study("Cohort", a_row("P1", group), a_row("T1", {"drug": "TOF", "n-treated": "7"}, "P1")),
        a_study("Case", *a_patient(1, "TOF", subtype="DM")),
    ]

    assert str(where(data, FORM, {"drug": "tof"})) == "8"
    assert str(where(data, FORM, {"subtype": "DM"})) == "5"
    assert (
        str(where(data, FORM, {"drug": "TOF", "subtype": "DM"}))
        == "≥ 1 (how many are TOF and DM is not told in 1 group)"
    )
    assert where(data, FORM, {"drug": "BAR"}).rows == ()


def test_every_number_has_a_name() -> None:
    data = [a_study("One", *a_patient(1, "TOF", subtype="DM"), *a_patient(2, "BAR", subtype="ASS"))]

    assert {name: str(count) for name, count in every(data, FORM).items()} == {
        "all": "2", "drug TOF": "1", "drug BAR": "1", "subtype DM": "1", "subtype ASS": "1",
    }  # fmt: skip


# --- whatever the data -----------------------------------------------------------------------------

_N = st.sampled_from(["1", "2", "7", "12", "NR", "NA", "UN", "0"])


@st.composite
def any_studies(draw: st.DrawFn) -> list[StudyData]:
    """A few studies with a few groups each, some without n, some with several drugs, some mixed."""
    found = []
    for number in range(draw(st.integers(0, 4))):
        rows = []
        for place in range(1, draw(st.integers(0, 3)) + 1):
            cells = {"n": draw(_N), "subtype": draw(st.sampled_from((*SUBTYPES, "NR")))}
            for role in ("n-dm", "n-ass"):
                if draw(st.booleans()):
                    cells[role] = draw(_N)
            rows.append(a_row(f"P{place}", cells))
            for line in range(draw(st.integers(0, 3))):
                drug = {"drug": draw(st.sampled_from((*DRUGS, "NR")))}
                if draw(st.booleans()):
                    drug["n-treated"] = draw(_N)
                rows.append(a_row(f"T{place}{line + 1}", drug, f"P{place}"))
        own = draw(st.dictionaries(st.sampled_from(["n_total", "n_eligible", "n_excluded"]), _N))
        kind = draw(st.sampled_from(["literature", "literature", "own"]))
        found.append(a_study(f"Study {number}", *rows, kind=kind, **own))
    return found


@settings(deadline=None)  # a busy machine is no failure
@given(any_studies(), st.sampled_from(["drug", "subtype", "unit"]), st.sampled_from(["literature", "own"]))
def test_every_number_is_the_sum_of_the_rows_behind_it(data: list[StudyData], by: str, kind: str) -> None:
    sums = subjects(data, FORM, by=by, kind=kind)

    for count in (*sums.parts, sums.total):
        places = [one.place for one in count.rows]
        assert len(places) == len(set(places)), "a row counts once under a name"
        assert count.known == sum(one.n or 0 for one in count.rows)
        assert ("not" in str(count)) == any(one.n is None for one in count.rows)
    behind = {one.place for part in sums.parts for one in part.rows}
    assert behind == {one.place for one in sums.total.rows}
    once = [one for one in sums.total.rows if one not in sums.in_several]
    # Of a group "DM 1 of 2" nothing is known of the other one: it is in the total, and under no name.
    told = Counter(dict.fromkeys(behind, 0))
    for part in sums.parts:
        told.update({one.place: one.n or 0 for one in part.rows})
    shares = {one.place for part in sums.parts for one in part.rows if " of " in one.why}
    untold = sum(max(0, (one.n or 0) - told[one.place]) for one in sums.total.rows if one.place in shares)
    assert sums.total.known - untold <= sum(part.known for part in sums.parts) or any(
        not part.is_exact for part in sums.parts
    )
    assert {one.study for one in once} <= {study.study for study in data if study.kind == kind}


@settings(deadline=None)  # a busy machine is no failure
@given(any_studies())
def test_numbers_do_not_depend_on_the_order_of_studies(data: list[StudyData]) -> None:
    there, back = subjects(data, FORM), subjects(data[::-1], FORM)

    assert {part.name: part.known for part in there.parts} == {part.name: part.known for part in back.parts}
    assert there.total.known == back.total.known
