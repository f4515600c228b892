"""Rules that leave out studies and rows of extracted data, and records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracted import a_form, a_patient, a_row, a_study
from iimscreen.errors import InputError
from iimscreen.leaving_out import FieldRule, cut, on_form, on_records, parse, record_fits
from iimscreen.model import StudyData

FORM = a_form()
PAIK = a_study(
    "Paik 2017",
    *a_patient(1, "TOF", antibodies="MDA5; Jo-1", subtype="DM"),
    *a_patient(2, "TOF", "BAR", antibodies="none", subtype="CADM", age="61"),
    a_row("O1", {"domain": "skin", "outcome-drug": "TOF"}, "P2"),
    a_row("O2", {"domain": "skin", "outcome-drug": "BAR"}, "P2"),
    a_row("A1", {"event": "zoster", "event-drug": "BAR"}, "P2"),
    design="case series",
)
HUNG = a_study("Hung 2020", *a_patient(1, "RUX", antibodies="NR", n="7"), design="NR")
DATA = (PAIK, HUNG)


def a_rule(text: str, *, only: bool = False) -> FieldRule:
    rule = parse(text)
    assert rule is not None
    return on_form(rule, FORM, DATA, only=only)


def left_of(study: StudyData, *texts: str, only: bool = False) -> list[str] | None:
    """The rows that are left; None where the study goes."""
    data = cut(study, [a_rule(text, only=only) for text in texts], FORM).data
    return None if data is None else [row.row for row in data.rows][1:]


def test_a_rule_on_the_study_takes_the_study():
    assert left_of(PAIK, "design = case series") is None
    assert left_of(PAIK, "design is case report or case series") is None
    assert left_of(PAIK, "design = case report") == ["P1", "T11", "P2", "T21", "T22", "O1", "O2", "A1"]
    assert left_of(PAIK, "design != case report") is None


def test_a_rule_on_patients_takes_them_with_the_rows_under_them():
    assert left_of(PAIK, "antibody = anti-MDA5") == ["P2", "T21", "T22", "O1", "O2", "A1"]
    assert left_of(PAIK, "age > 60") == ["P1", "T11"]
    assert left_of(PAIK, "subtype = DM", "subtype = CADM") is None


def test_a_drug_goes_with_its_outcomes_and_events_and_with_patients_who_had_no_other():
    assert left_of(PAIK, "drug = tofacitinib") == ["P2", "T22", "O2", "A1"]
    assert left_of(PAIK, "drug = BAR") == ["P1", "T11", "P2", "T21", "O1"]
    assert left_of(PAIK, "drug = TOF or BAR") is None
    assert left_of(PAIK, "drug = TOF", only=True) == ["P1", "T11", "P2", "T21", "O1"]


def test_an_outcome_goes_alone():
    assert left_of(PAIK, "domain = skin") == ["P1", "T11", "P2", "T21", "T22", "A1"]


def test_what_is_not_reported_stays_unless_that_is_what_is_asked_and_is_named():
    left = cut(HUNG, [a_rule("antibodies = MDA5"), a_rule("design != case series")], FORM)

    assert left.data == HUNG
    assert left.unknown == ("antibodies = MDA5", "design != case series")
    assert left_of(HUNG, "design = NR") is None
    assert left_of(HUNG, "design = case series", only=True) is None


def test_a_group_that_goes_is_named():
    assert cut(HUNG, [a_rule("drug = RUX")], FORM).groups == ("P1",)
    assert cut(PAIK, [a_rule("antibodies = MDA5")], FORM).groups == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("desing = case report", "did you mean design"),
        ("design = case rapport", "did you mean case report"),
        ("drug = XYZ", "TOF, BAR, RUX"),
        ("design < case report", "is no number and no date"),
        ("age > old", "is not a number"),
    ],
)
def test_an_unknown_field_or_value_is_one_error_that_names_known_ones(text, said):
    with pytest.raises(InputError) as raised:
        a_rule(text)

    assert said in f"{raised.value.message} {raised.value.hint}"


def test_rules_on_records_know_languages_by_name_and_their_codes():
    rule = parse("language = Chinese")
    assert rule is not None

    assert on_records(rule, lambda: ("eng", "chi")).values == ("chi",)
    with pytest.raises(InputError, match="no record has the language"):
        on_records(rule, lambda: ("eng",))


@pytest.mark.parametrize(
    ("text", "stated", "fits"),
    [
        ("year < 2015", ("2014",), True),
        ("year < 2015", ("2015",), False),
        ("year >= 2015", ("2015",), True),
        ("year < 2015", (), None),
        ("type != Review", ("Review", "Case Reports"), False),
    ],
)
def test_a_rule_on_records_holds_or_not_or_is_not_told(text, stated, fits):
    rule = parse(text)
    assert rule is not None

    assert record_fits(rule, stated) is fits


@pytest.mark.parametrize("text", ["Paik 2017", "pubmed:1", "doi:10.1/x", "17", ""])
def test_what_has_no_sign_is_no_rule(text):
    assert parse(text) is None


# --- whatever the data -----------------------------------------------------------------------------

_DRUGS = st.lists(st.sampled_from(("TOF", "BAR", "RUX", "NR")), max_size=3, unique=True)
_RULES = st.lists(
    st.sampled_from(
        ("drug = TOF", "drug = BAR", "drug != RUX", "antibodies = MDA5", "subtype = DM", "age > 60",
         "design = case series", "domain = skin", "route = oral")
    ),
    max_size=3,
)  # fmt: skip


@st.composite
def some_studies(draw: st.DrawFn) -> StudyData:
    rows = []
    for number in range(1, draw(st.integers(0, 3)) + 1):
        cells = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "antibodies": st.sampled_from(("MDA5", "MDA5; Jo-1", "NR")),
                    "subtype": st.sampled_from(("DM", "CADM")),
                    "age": st.sampled_from(("30", "70", "NR")),
                    "n": st.sampled_from(("1", "12", "NR")),
                },
            )
        )
        rows += a_patient(number, *draw(_DRUGS), **cells)
        if draw(st.booleans()):
            drug = draw(st.sampled_from(("TOF", "BAR", "NR")))
            rows.append(a_row(f"O{number}", {"domain": "skin", "outcome-drug": drug}, f"P{number}"))
    return a_study("S", *rows, design=draw(st.sampled_from(("case series", "case report", "NR"))))


@given(some_studies())
def test_no_rule_leaves_everything(study):
    assert cut(study, [], FORM).data == study


@given(some_studies(), _RULES, _RULES)
def test_one_thing_left_out_after_another_is_both_left_out(study, some, others):
    once = cut(study, [*map(a_rule, some), *map(a_rule, others)], FORM).data
    first = cut(study, list(map(a_rule, some)), FORM).data
    twice = None if first is None else cut(first, list(map(a_rule, others)), FORM).data

    assert once == twice


@given(some_studies(), _RULES)
def test_no_row_is_left_without_the_row_above_it(study, texts):
    data = cut(study, list(map(a_rule, texts)), FORM).data

    rows = () if data is None else data.rows
    assert {row.parent for row in rows} <= {"", *(row.row for row in rows)}
