"""The checks of extracted data: what they find, what they leave alone, and that readings sum to what is stated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iimscreen import settings
from iimscreen.audit import CHECKS, findings
from iimscreen.audit.counting import COUNTS
from iimscreen.audit.findings import ASKED, DIFFERS, OPEN, Dossier, Finding, Overlap, Stated
from iimscreen.audit.fits import Term, fits, with_rest
from iimscreen.audit.overlap import scored
from iimscreen.audit.units import canonical, factor
from iimscreen.errors import InputError
from iimscreen.model import Author, Cell, DataRow, Form, Kind, Record, StoredRecord, StudyData, Value
from iimscreen.protocol import parse_protocol

LEVELS = {"P": "group", "T": "treatment", "O": "outcome", "A": "event"}


@pytest.fixture(scope="module")
def form() -> Form:
    """The bundled form."""
    text = (settings.bundled_reviews() / "iim" / "protocol.toml").read_text(encoding="utf-8")
    found = parse_protocol(text, "the bundled protocol").form
    assert found is not None
    return found


def cell(given: object) -> Cell:
    """A cell of a value; "69 ng/dL" has a unit, "NR" is a code, ("2", "title") stands on that page."""
    text, page = given if isinstance(given, tuple) else (given, "")
    if text == "NR":
        return Cell(value=Value(code="NR"))
    number, _, unit = str(text).partition(" ")
    if unit and "/" in unit and number.replace(".", "").isdecimal():
        return Cell(value=Value(number, unit), page=page)
    return Cell(value=Value(str(text)), page=page)


def a_study(name: str, *, kind: str = "literature", reports: tuple[str, ...] = (), **rows: Any) -> StudyData:
    """A study of the bundled form: its own fields, and rows such as P1={...}, or T1=("P1", {...})."""
    itself = {
        "source": "primary",
        "design": "case series",
        **{k: v for k, v in rows.items() if k[1:2].islower() or "_" in k},
    }
    found = [DataRow("", "study", "", {field: cell(value) for field, value in itself.items()})]
    for row, content in rows.items():
        if row in itself:
            continue
        parent, fields = content if isinstance(content, tuple) else ("", content)
        found.append(
            DataRow(row, LEVELS[row[0]], parent, {field: cell(value) for field, value in fields.items()})
        )
    return StudyData(study=name, kind=kind, title="", reports=reports, rows=tuple(found))


def of_drug(name: str, drug: str, n: object, **more: Any) -> StudyData:
    """A study of one group on one drug."""
    group = {"unit": "group", "n": n, "subtype": "DM", **more.pop("P1", {})}
    whole = n[0] if isinstance(n, tuple) else n
    numbers = {"n_total": whole, "n_eligible": whole}
    return a_study(name, **{**numbers, "P1": group, "T1": ("P1", {"drug": drug}), **more})


def found_by(code: str, dossier: Dossier) -> list[Finding]:
    return findings(dossier, only=code)


# --- stated totals ---------------------------------------------------------------------------------

FOUR = (3, 1, 5, 8)
STATED = Stated(name="apremilast subjects", value=12, filters=(("drug", ("APR",)),), source="the paper")


def four(form: Form, **more: Any) -> Dossier:
    studies = [of_drug(f"S{place}", "APR", n) for place, n in enumerate(FOUR, 1)]
    studies[2] = of_drug("S3", "APR", 5, O1=("P1", {"domain": "skin", "n_assessed": 3}))
    return Dossier(form, tuple(studies), **{"stated": (STATED,), **more})


def test_a_stated_total_that_the_rows_do_not_give_is_told_with_every_reading_that_fits(form: Form) -> None:
    (finding,) = found_by("stated-totals", four(form))

    assert finding.weight == DIFFERS
    assert finding.says == "apremilast subjects: stated 12, the rows give 17 (5 more)"
    assert finding.compared is not None
    assert (finding.compared.stated, finding.compared.summed, finding.compared.difference) == (12, 17, 5)
    assert finding.compared.readings == (
        "12 = 3 + 1 + 8, without S3",
        "12 = 1 + 3 + 8, with those assessed of S3, without S1",
    )


def test_a_total_that_is_more_than_all_rows_together_fits_no_reading(form: Form) -> None:
    dossier = four(form, stated=(Stated(name="all", value=20),))

    (finding,) = found_by("stated-totals", dossier)

    assert finding.says == "all: stated 20, the rows give 17 (3 fewer)"
    assert "no reading fits: all the rows together are 3 short" in finding.details


def test_what_is_not_reported_is_never_zero_and_leaves_a_total_open(form: Form) -> None:
    studies = (of_drug("A", "TOF", 10), of_drug("B", "TOF", "NR"), of_drug("C", "JAKi not specified", 4))
    stated = Stated(name="tofacitinib subjects", value=14, filters=(("drug", ("TOF",)),))

    (finding,) = found_by("stated-totals", Dossier(form, studies, stated=(stated,)))

    assert finding.weight == OPEN
    assert "4 left for 1 study that does not report it" in finding.says
    assert "not reported: B" in finding.details
    assert "whether it belongs is not told: C (JAKi not specified)" in finding.details
    assert finding.compared is not None
    assert finding.compared.readings == ("14 = 10 + 4 of B",)


def test_a_total_that_leaves_less_than_one_patient_for_each_silent_study_contradicts_them(form: Form) -> None:
    studies = (of_drug("A", "TOF", 10), of_drug("B", "TOF", "NR"))

    (finding,) = found_by("stated-totals", Dossier(form, studies, stated=(Stated(name="all", value=10),)))

    assert finding.weight == DIFFERS
    assert finding.compared is not None
    assert "10 = 10, without B" in finding.compared.readings


def test_a_stated_total_of_a_few_studies_stands_for_those_that_are_silent(form: Form) -> None:
    studies = (of_drug("A", "BAR", 1), of_drug("B", "BAR", "NR"), of_drug("C", "BAR", "NR"))
    of_two = Stated(name="two of them", value=29, filters=(("drug", ("BAR",)),), studies=("A", "B"))
    all_three = Stated(name="baricitinib subjects", value=17, filters=(("drug", ("BAR",)),))

    found = found_by("stated-totals", Dossier(form, studies, stated=(all_three, of_two)))

    assert [one.weight for one in found] == [DIFFERS, OPEN]
    assert found[0].says == (
        "baricitinib subjects: stated 17, but for some of its studies 29 (two of them), "
        "the rows give at least 30 (13 more)"
    )


def test_a_total_that_is_the_sum_of_others_stated_apart_says_so(form: Form) -> None:
    studies = (of_drug("A", "TOF", 10), of_drug("B", "BAR", 3))
    tof, bar, both = (
        Stated(name=name, value=value, filters=(("drug", drugs),))
        for name, value, drugs in (("TOF", 12, ("TOF",)), ("BAR", 3, ("BAR",)), ("both", 15, ("TOF", "BAR")))
    )

    found = found_by("stated-totals", Dossier(form, studies, stated=(tof, bar, both)))

    assert [one.compared.name for one in found if one.compared] == ["TOF", "both"]
    assert "is the sum of what is stated apart: 12 (TOF) + 3 (BAR)" in found[1].details


def test_own_patients_are_in_no_total_of_the_literature(form: Form) -> None:
    own = a_study(
        "Own", kind="own", n_total=1, n_eligible=1, P1={"unit": "patient", "n": 1}, T1=("P1", {"drug": "TOF"})
    )
    literature, of_own = Stated(name="all", value=10), Stated(name="own", value=1, studies=("Own",))

    found = found_by(
        "stated-totals", Dossier(form, (of_drug("A", "TOF", 10), own), stated=(literature, of_own))
    )

    assert found == []


def test_a_group_counts_so_many_as_had_the_drug(form: Form) -> None:
    study = a_study(
        "A",
        n_total=10,
        n_eligible=10,
        P1={"unit": "group", "n": 10},
        T1=("P1", {"drug": "TOF", "n_treated": 6}),
        T2=("P1", {"drug": "BAR", "n_treated": 4}),
    )
    right = Stated(name="right", value=6, filters=(("drug", ("TOF",)),))
    both = Stated(name="both", value=10, filters=(("drug", ("TOF", "BAR")),))

    assert found_by("stated-totals", Dossier(form, (study,), stated=(right, both))) == []


def test_a_group_of_several_subtypes_counts_so_many_as_have_each(form: Form) -> None:
    study = of_drug("A", "TOF", 10, P1={"subtype": "several", "n_dm": 7, "n_ass": 3})
    right = Stated(name="ASS", value=3, filters=(("subtype", ("ASS",)),))

    assert found_by("stated-totals", Dossier(form, (study,), stated=(right,))) == []


def test_counted_once_leaves_out_reviews_and_what_another_study_counts(form: Form) -> None:
    studies = (of_drug("A", "TOF", 10), of_drug("B", "TOF", 6), of_drug("R", "TOF", 30, source="secondary"))
    answer = Overlap("A", "B", "overlap", (("*", "A"),))

    (finding,) = found_by(
        "stated-totals", Dossier(form, studies, stated=(Stated(name="all", value=50),), answers=(answer,))
    )

    assert any(
        one.startswith("counted once: 10, without B (counted in A) and R (secondary source)")
        and one.endswith("as reported: 46")
        for one in finding.details
    )


@pytest.mark.parametrize(("counts", "value"), [("first-year", 2019), ("last-year", 2022), ("studies", 2)])
def test_years_and_numbers_of_studies_are_held_against_the_rows_too(
    form: Form, counts: str, value: int
) -> None:
    studies = (
        of_drug("A", "BAR", 1, year=2020),
        of_drug("B", "BAR", 1, year=2022),
        of_drug("C", "TOF", 1, year=2019),
    )
    stated = Stated(name="it", value=value, counts=counts, filters=(("drug", ("BAR",)),))

    found = found_by("stated-totals", Dossier(form, studies, stated=(stated,)))

    assert [one.says for one in found] == (
        ["it: stated 2019, the rows give 2020 (A)"] if counts == "first-year" else []
    )


def test_a_statement_of_no_serious_event_is_held_against_deaths(form: Form) -> None:
    death = ("P1", {"event": "death", "n_with_event": 2, "serious": "yes", "event_outcome": "death"})
    studies = (of_drug("A", "TOF", 33, A1=death), of_drug("B", "TOF", 3))
    stated = Stated(name="serious events", value=0, counts="with-event", filters=(("serious", ("yes",)),))

    (finding,) = found_by("stated-totals", Dossier(form, studies, stated=(stated,)))

    assert finding.says == "serious events: stated 0, the rows give 2 (2 more), in A"


def test_a_total_of_a_field_that_the_form_lacks_is_an_error(form: Form) -> None:
    stated = Stated(name="x", value=1, filters=(("colour", ("red",)),))

    with pytest.raises(InputError, match="no field 'colour'"):
        found_by("stated-totals", Dossier(form, (of_drug("A", "TOF", 1),), stated=(stated,)))


@given(
    st.lists(st.tuples(st.integers(1, 30), st.lists(st.integers(1, 30), max_size=2)), min_size=1, max_size=7),
    st.integers(0, 60),
)
def test_every_reading_sums_to_the_stated_number_from_numbers_that_are_told(
    numbers: list[tuple[int, list[int]]], stated: int
) -> None:
    terms = [
        Term(f"S{place}", n, tuple((float(other), "assessed") for other in others))
        for place, (n, others) in enumerate(numbers)
    ]

    found, _ = fits(terms, stated)

    told = {term.name: {term.number, *(number for number, _ in term.others)} for term in terms}
    for fit in found:
        assert fit.total == stated
        assert all(term.number in told[term.name] for term in fit.terms)
        assert {term.name for term in fit.terms} | set(fit.left_out) == set(told)
        assert str(fit).startswith(f"{stated} = ")


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.data())
def test_leaving_some_parts_out_is_found_again(numbers: list[int], data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.integers(0, len(numbers) - 1), min_size=1, max_size=2))
    terms = [Term(f"S{place}", n) for place, n in enumerate(numbers)]
    kept = [n for place, n in enumerate(numbers) if place not in gone]

    found, is_all = fits(terms, sum(kept))

    assert not kept or not is_all or {f"S{place}" for place in gone} in [set(fit.left_out) for fit in found]


@given(st.lists(st.integers(1, 30), max_size=5), st.integers(0, 80), st.integers(1, 4))
def test_studies_that_report_nothing_have_one_patient_each_at_least(
    numbers: list[int], stated: int, silent: int
) -> None:
    terms = [Term(f"S{place}", n) for place, n in enumerate(numbers)]
    names = [f"N{place}" for place in range(silent)]

    for fit in with_rest(terms, stated, names):
        assert fit.total == stated
        assert fit.rest >= silent if fit.rest_of else set(names) <= set(fit.left_out)


# --- a consistent table ----------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.sampled_from(["TOF", "BAR", "RUX"]), st.integers(1, 40)), min_size=1, max_size=6)
)
def test_a_table_that_is_consistent_has_no_finding(form: Form, given_: list[tuple[str, int]]) -> None:
    studies = tuple(
        of_drug(
            f"S{place}",
            drug,
            n,
            year=2020,
            O1=("P1", {"domain": "skin", "n_assessed": n, "n_improved": n // 2}),
            A1=("P1", {"event": "zoster", "n_with_event": 1, "n_events": 1}),
        )
        for place, (drug, n) in enumerate(given_)
    )
    stated = tuple(
        Stated(name=drug, value=sum(n for one, n in given_ if one == drug), filters=(("drug", (drug,)),))
        for drug in {drug for drug, _ in given_}
    )

    assert (
        findings(
            Dossier(form, studies, stated=(*stated, Stated(name="all", value=sum(n for _, n in given_))))
        )
        == []
    )


def test_a_study_that_is_closed_to_view_has_no_finding(form: Form) -> None:
    closed = StudyData(
        study="A", kind="literature", title="", reports=(), rows=(DataRow("", "study", "", {}),)
    )

    assert findings(Dossier(form, (closed,))) == []


def test_every_check_has_a_code_and_says_what_it_means() -> None:
    assert len({check.code for check in CHECKS}) == len(CHECKS) == 7
    assert all(check.means.endswith(".") and "_" not in check.code for check in CHECKS)
    assert "subjects" in COUNTS


# --- sums of one study -----------------------------------------------------------------------------

SUMS: dict[str, tuple[Mapping[str, Any], str]] = {
    "whole": ({"n_total": 12, "n_eligible": 9, "n_excluded": 2}, "9 eligible and 2 left out are not the 12 in all"),
    "more eligible": ({"n_total": 3, "n_eligible": 5}, "5 eligible of 3 patients"),
    "reasons": ({"n_excluded": 2, "n_juvenile": 3}, "3 left out by reason, and 2 in all"),
    "groups": ({"n_eligible": 9, "P2": {"unit": "group", "n": 2}}, "have 5 + 2 = 7, and 9 are eligible"),
    "subtypes": ({"P1": {"n": 5, "n_dm": 3, "n_pm": 1}}, "the subtypes have 3 + 1 = 4 of 5 patients"),
    "women": ({"P1": {"n": 5, "n_female": 6}}, "6 women among 5 patients"),
    "lines": ({"T1": ("P1", {"drug": "TOF", "n_treated": 3})}, "3 patients by drug, and 5 in the group"),
    "no line": ({"T1": None}, "no treatment is told of these 5 patients"),
    "assessed": ({"O1": ("P1", {"domain": "skin", "n_assessed": 7})}, "7 assessed of 5 patients"),
    "improved": ({"O1": ("P1", {"domain": "skin", "n_assessed": 4, "n_improved": 5})}, "5 improved of 4 assessed"),
    "worse": ({"O1": ("P1", {"domain": "skin", "n_assessed": 4, "n_improved": 3, "n_worse": 2})}, "and 2 worse of 4"),
    "with event": ({"A1": ("P1", {"event": "zoster", "n_with_event": 6})}, "6 patients with the event among 5"),
    "events": ({"A1": ("P1", {"event": "zoster", "n_with_event": 3, "n_events": 2})}, "2 events in 3 patients"),
    "death": ({"A1": ("P1", {"event": "death", "serious": "no"})}, "a death that is not called serious"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "says"), SUMS.values(), ids=SUMS)
def test_numbers_of_a_study_that_do_not_close_are_found(
    form: Form, change: Mapping[str, Any], says: str
) -> None:
    rows: dict[str, Any] = {"P1": {"unit": "group", "n": 5}, "T1": ("P1", {"drug": "TOF"}), **change}
    if isinstance(change.get("P1"), dict):
        rows["P1"] = {"unit": "group", **change["P1"]}
    study = a_study("A", **{name: row for name, row in rows.items() if row is not None})

    found = found_by("sums-close", Dossier(form, (study,)))

    assert any(says in finding.says for finding in found), found
    assert {finding.weight for finding in found} == {DIFFERS}


# --- units -----------------------------------------------------------------------------------------


def measured(name: str, *values: str, instrument: str = "ferritin") -> StudyData:
    """A patient with values of an instrument, one after another."""
    rows = {
        f"O{place}": ("P1", {"domain": "laboratory", "instrument": instrument, "value": value})
        for place, value in enumerate(values, 1)
    }
    return a_study(name, P1={"unit": "patient", "n": 1}, T1=("P1", {"drug": "TOF"}), **rows)


def test_one_patient_in_two_units_is_found_with_both_readings(form: Form) -> None:
    studies = (measured("A", "591 ng/mL", "69 ng/dL"), measured("B", "1328 ng/mL", "202 ng/mL"))

    (finding,) = found_by("units-plausible", Dossier(form, studies))

    assert (finding.weight, finding.where) == (DIFFERS, "A, row O2")
    assert finding.details == ("as printed it is 0.69 ng/mL; if the unit is a slip, 69 ng/mL",)


def test_units_that_are_one_and_the_same_are_no_finding(form: Form) -> None:
    assert found_by("units-plausible", Dossier(form, (measured("A", "591 ng/mL", "69 ug/L"),))) == []


def test_a_value_far_from_all_others_is_asked_about_with_the_unit_that_would_fit(form: Form) -> None:
    usual = tuple(measured(f"S{n}", f"{400 + 50 * n} ng/mL") for n in range(8))

    (finding,) = found_by("units-plausible", Dossier(form, (*usual, measured("A", "600 ng/dL"))))

    assert (finding.weight, finding.studies) == (ASKED, ("A",))
    assert "ferritin 600 ng/dL lies far below the others" in finding.says
    assert any("ng/mL" in detail for detail in finding.details)


def test_crp_that_falls_under_treatment_is_no_slip_of_unit(form: Form) -> None:
    pairs = (("3.64", "0.24"), ("1.56", "0.11"), ("14.93", "0.06"), ("1.8", "0.36"), ("3.95", "0.5"))
    studies = tuple(
        measured(f"S{n}", *(f"{value} mg/dL" for value in pair), instrument="CRP")
        for n, pair in enumerate(pairs)
    )

    assert found_by("units-plausible", Dossier(form, studies)) == []


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("ng/mL", "ug/L", 1), ("mg/dL", "mg/L", 10), ("ng/mL", "ng/dL", 100)]
)
def test_units_of_mass_in_a_volume_are_held_against_each_other(one: str, other: str, ratio: int) -> None:
    first, second = factor(one), factor(other)

    assert first is not None
    assert second is not None
    assert first / second == pytest.approx(ratio)
    assert (canonical("µg/L"), canonical("UI/L"), canonical("mcg/l"), factor("mm/h")) == (
        "ug/L",
        "U/L",
        "ug/L",
        None,
    )


# --- cohorts and reviews ---------------------------------------------------------------------------


def test_a_mixed_cohort_is_told_with_whom_it_may_count(form: Form) -> None:
    study = of_drug("A", "TOF", 9, n_total=12, mixed="yes", n_excluded=3, excluded_why="juvenile")

    (finding,) = found_by("eligible-only", Dossier(form, (study,)))

    assert finding.says == "9 of 12 patients are eligible, 3 are not (juvenile): only 9 may count"


def a_report(key: str, title: str, authors: str, year: int) -> StoredRecord:
    people = tuple(Author(name, "A") for name in authors.split())
    return StoredRecord(1, key, "PubMed", Kind.DATABASE, Record(title=title, authors=people, year=year))


def test_a_review_entered_as_a_primary_source_is_found_by_its_title(form: Form) -> None:
    studies = (
        of_drug("A", "TOF", 10, year=2019),
        of_drug("R", "TOF", 30, year=2021),
        of_drug("L", "TOF", 1, year=2023),
    )
    records = {
        "R": (a_report("x:1", "Tofacitinib in lung disease: a literature review", "Stone", 2021),),
        "A": (a_report("x:2", "A retrospective review of tofacitinib", "Wood", 2019),),
    }

    (finding,) = found_by("reviews-apart", Dossier(form, studies, records=records))

    assert (finding.weight, finding.studies) == (DIFFERS, ("R",))
    assert "gives 30 patients beside 1 earlier study of the same drug" in finding.says
    assert finding.details == ("may hold patients of: A",)


def test_a_secondary_source_is_asked_about_and_counts_nobody(form: Form) -> None:
    studies = (of_drug("A", "TOF", 10, year=2019), of_drug("R", "TOF", 30, year=2021, source="secondary"))

    (finding,) = found_by("reviews-apart", Dossier(form, studies))

    assert finding.weight == ASKED
    assert "its patients are in no count" in finding.says


# --- overlap ---------------------------------------------------------------------------------------


def two(form: Form, **more: Any) -> Dossier:
    """A trial and its extension, by the same people."""
    of_it = "study of tofacitinib in dermatomyositis"
    return Dossier(
        form,
        (
            of_drug("Trial", "TOF", 10, reports=("x:1",), year=2021),
            of_drug("Later", "TOF", 8, reports=("x:2",), year=2022),
            of_drug("Other", "TOF", 8, reports=("x:3",), year=2022),
        ),
        records={
            "Trial": (a_report("x:1", of_it, "Wood Stone Hill", 2021),),
            "Later": (a_report("x:2", f"Long-term extension {of_it}", "Wood Stone Field", 2022),),
            "Other": (a_report("x:3", "Tofacitinib in dermatomyositis", "Lake Marsh", 2022),),
        },
        **more,
    )  # fmt: skip


def test_two_studies_of_the_same_people_are_asked_about_with_what_speaks_for_it(form: Form) -> None:
    (finding,) = found_by("patients-once", two(form))

    assert (finding.weight, set(finding.studies)) == (ASKED, {"Trial", "Later"})
    assert any("shared authors" in detail for detail in finding.details)
    assert any("extension" in detail for detail in finding.details)
    assert "+10 the same drug (TOF)" in finding.details


@pytest.mark.parametrize("verdict", ["distinct", "overlap"])
def test_what_was_answered_is_not_asked_again(form: Form, verdict: str) -> None:
    counted = (("*", "Trial"),) if verdict == "overlap" else ()

    assert found_by("patients-once", two(form, answers=(Overlap("Later", "Trial", verdict, counted),))) == []


def one_patient(name: str, age: int, sex: str, **more: Any) -> StudyData:
    """A patient at a centre."""
    patient = {"unit": "patient", "n": 1, "age": age, "sex": sex, "antibodies": "MDA5", "subtype": "DM"}
    patient |= {"features": "pneumomediastinum after phlegmon"}
    study = {"n_total": 1, "n_eligible": 1, "centres": "Siena", **more}
    return a_study(name, P1=patient, T1=("P1", {"drug": "TOF"}), **study)


def test_a_patient_of_the_same_age_sex_antibody_and_centre_is_asked_about(form: Form) -> None:
    (pair,) = scored(Dossier(form, (one_patient("A", 44, "male"), one_patient("B", 45, "male"))))

    said = [what for _, what in pair.parts]
    assert "male of 44 and of 45 years (P1, P1)" in said
    assert any(what.startswith("rare features") for what in said)
    assert pair.score == min(100, sum(points for points, _ in pair.parts))


def test_a_patient_of_another_age_is_another(form: Form) -> None:
    assert scored(Dossier(form, (one_patient("A", 44, "male"), one_patient("B", 60, "male")))) == []


def test_patients_recruited_after_the_other_report_are_not_asked_about(form: Form) -> None:
    studies = (
        one_patient("A", 44, "male", year=2017),
        one_patient("B", 44, "male", recruited_from="2019-05"),
    )

    assert scored(Dossier(form, studies)) == []


# --- dates -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"year": 2022}, "the year entered is 2022, and its reports are of 2023"),
        (
            {"year": 2023, "recruited_from": "2021-06", "recruited_to": "2020"},
            "recruited from 2021-06 to 2020",
        ),
        ({"year": 2023, "recruited_to": "2024-01"}, "recruited to 2024-01, and published in 2023"),
    ],
)
def test_years_that_cannot_be_are_found(form: Form, facts: Mapping[str, Any], says: str) -> None:
    records = {"A": (a_report("x:1", "A case", "Wood", 2023),)}

    found = found_by("dates-agree", Dossier(form, (a_study("A", **facts),), records=records))

    assert [finding.says for finding in found] == [says]


# --- answers and groups that do not fit ------------------------------------------------------------


def overlaps(*pairs: tuple[str, str, str]) -> tuple[Overlap, ...]:
    return tuple(Overlap(one, other, "overlap", (("*", counted),)) for one, other, counted in pairs)


def test_answers_in_a_circle_leave_somebody_to_count_and_are_asked_about(form: Form) -> None:
    three = tuple(of_drug(name, "TOF", 4) for name in "ABC")
    answers = overlaps(("A", "B", "B"), ("B", "C", "C"), ("A", "C", "A"))
    dossier = Dossier(form, three, answers=answers)

    assert dossier.left_out() == {"A": "B", "B": "C"}
    (finding,) = [one for one in found_by("patients-once", dossier) if "cannot" in one.says]
    assert finding.says == "A is to count in place of C, and cannot: C counts"


@pytest.mark.parametrize(
    "other",
    [
        None,
        of_drug("B", "TOF", 4, source="secondary"),
        a_study("B", kind="own", P1={"unit": "patient", "n": 1}),
    ],
    ids=["given up", "a secondary source", "own patients"],
)
def test_no_study_is_left_out_for_one_that_does_not_count(form: Form, other: StudyData | None) -> None:
    there = tuple(one for one in (of_drug("A", "TOF", 4), other) if one is not None)
    dossier = Dossier(form, there, answers=overlaps(("A", "B", "B")))

    assert dossier.left_out() == {}
    assert "B is to count in place of A, and cannot: A counts" in [
        one.says for one in found_by("patients-once", dossier)
    ]


def test_an_outcome_is_told_apart_whatever_its_letters(form: Form) -> None:
    answer = Overlap("A", "B", "overlap", (("Skin", "A"),))
    dossier = Dossier(form, (of_drug("A", "TOF", 4), of_drug("B", "TOF", 4)), answers=(answer,))

    assert (dossier.left_out("skin"), dossier.left_out("muscle"), dossier.left_out()) == ({"B": "A"}, {}, {})


def test_a_group_on_two_drugs_in_turn_counts_once_where_either_is_asked_for(form: Form) -> None:
    group = {"unit": "group", "n": 8, "subtype": "DM"}
    both = {"T1": ("P1", {"drug": "TOF", "n_treated": 5}), "T2": ("P1", {"drug": "BAR", "n_treated": 5})}
    stated = Stated(name="both", value=8, filters=(("drug", ("TOF", "BAR")),))

    found = found_by("stated-totals", Dossier(form, (a_study("A", P1=group, **both),), stated=(stated,)))

    assert found == []


def test_subtypes_with_one_not_reported_may_be_fewer_but_not_more(form: Form) -> None:
    def says(**subtypes: object) -> list[str]:
        group = {"unit": "group", "n": 8, "subtype": "several", **subtypes}
        study = a_study("A", P1=group, T1=("P1", {"drug": "TOF"}))
        return [one.says for one in found_by("sums-close", Dossier(form, (study,)))]

    assert says(n_dm=5, n_cadm="NR") == []
    assert says(n_dm=5, n_cadm=2) == ["the subtypes have 5 + 2 = 7 of 8 patients"]
    assert says(n_dm=9, n_cadm="NR") == ["the subtypes have 9 = 9 of 8 patients"]


def test_an_outcome_of_a_drug_that_was_not_entered_is_found(form: Form) -> None:
    outcome_drug = next(one.name for one in form.fields if one.role == "outcome-drug")
    study = of_drug("A", "TOF", 3, O1=("P1", {"domain": "skin", outcome_drug: "BAR", "n_assessed": 3}))

    (finding,) = found_by("sums-close", Dossier(form, (study,)))

    assert (finding.row, finding.says) == ("O1", "it is of BAR, and the treatments entered are of TOF")


def test_a_total_of_a_study_that_is_gone_says_so(form: Form) -> None:
    stated = Stated(name="x", value=3, studies=("Gone",))

    (finding,) = found_by("stated-totals", Dossier(form, (of_drug("A", "TOF", 3),), stated=(stated,)))

    assert "stated of Gone, no study of that name is left" in finding.details
