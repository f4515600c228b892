"""Tables of extracted data: worked examples by hand, and what holds whatever the data."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extracted import DOMAINS, DRUGS, RESPONSES, a_form, a_patient, a_row, a_study
from iimscreen.model import Author, DataRow, Record, StudyData
from iimscreen.tables import (
    Gathered,
    Table,
    events,
    final_only,
    flat,
    interim,
    lists,
    patients,
    responses,
    revman,
)
from iimscreen.tables.answers import answers
from iimscreen.tables.characteristics import characteristics
from iimscreen.tables.reading import LITERATURE, OWN

FORM = a_form()


def an_outcome(number: int, group: int = 1, **cells: str) -> DataRow:
    """An outcome O<number> of P<group>."""
    return a_row(f"O{number}", {name.replace("_", "-"): text for name, text in cells.items()}, f"P{group}")


def an_event(number: int, group: int = 1, **cells: str) -> DataRow:
    """An adverse event A<number> of P<group>."""
    return a_row(f"A{number}", {name.replace("_", "-"): text for name, text in cells.items()}, f"P{group}")


def of(*studies: StudyData, form=FORM, **rest) -> Gathered:
    return Gathered(form=form, studies=studies, **rest)


def cells(table: Table, *columns: str) -> list[tuple[str, ...]]:
    """The rows, with the heading over each first, of these columns."""
    places = [table.columns.index(column) for column in columns]
    found, heading = [], ""
    for line in table.lines:
        if line.kind == "heading":
            heading = line.cells[0]
        elif line.kind == "row":
            found.append((heading, *(line.cells[place] for place in places)))
    return found


def said(table: Table) -> str:
    return "\n".join((*(cell for line in table.lines for cell in line.cells), *table.notes, *table.lacks))


# --- Table 1 ---------------------------------------------------------------------------------------


def test_studies_are_numbered_by_their_reports_and_own_ones_stand_apart() -> None:
    gathered = of(
        a_study("Hornung 2014", *a_patient(1, "RUX", subtype="DM"), country="Germany", design="case report"),
        a_study("Own series", *a_patient(1, "TOF"), kind="own"),
        a_study("Paik 2021", *a_patient(1, "TOF", n="10", subtype="DM"), n_total="12", n_eligible="10"),
        order="first author and year",
    )

    table = characteristics(gathered)

    assert cells(table, "Ref.", "Study", "Country", "Subjects", "Drugs") == [
        ("", "1", "Hornung 2014", "Germany", "1", "RUX"),
        ("", "2", "Paik 2021", "–", "10 of 12 in the report", "TOF"),
    ]
    assert "ordered by first author and year" in table.notes[0]
    assert [row[1] for row in cells(characteristics(gathered, OWN), "Study")] == ["Own series"]


def test_a_field_that_the_form_lacks_is_said_under_the_table() -> None:
    table = characteristics(of(a_study("One", *a_patient(1, "TOF")), form=a_form(without=["country"])))

    assert table.lacks[0] == "the form has no field for country (role country)"


def test_abbreviations_are_those_used_in_the_table() -> None:
    table = characteristics(of(a_study("One", *a_patient(1, "TOF", subtype="DM"), country="NR")))

    assert table.abbreviations == (
        ("DM", "dermatomyositis"),
        ("NR", "not reported"),
        ("TOF", "tofacitinib"),
    )


def test_data_that_is_not_final_is_stamped_or_left_out() -> None:
    studies = (a_study("Open", *a_patient(1, "TOF"), missing=("bob is not done",)), a_study("Done"))

    assert interim(studies) == ("interim: 1 study is not final (Open)",)
    assert interim(studies[1:]) == ()
    kept, left = final_only(studies)
    assert ([study.study for study in kept], left) == (["Done"], ("Open",))


# --- Supplementary Table 1 -------------------------------------------------------------------------


def test_patients_stand_under_each_of_their_drugs_with_totals() -> None:
    gathered = of(
        a_study("Paik 2021", *a_patient(1, "TOF", "BAR", age="44", sex="male"), *a_patient(2, "TOF", n="NR")),
        a_study("Review", *a_patient(1, "TOF", n="30"), source="secondary"),
    )

    table = patients.patients(gathered)

    assert cells(table, "Study", "Patient or group", "n", "Age") == [
        ("TOF", "Paik 2021", "Patient 1 (P1)", "1", "44"),
        ("TOF", "Paik 2021", "Patient 2 (P2)", "NR", "–"),
        ("BAR", "Paik 2021", "Patient 1 (P1)", "1", "44"),
    ]
    assert [line.cells[0] for line in table.lines if line.kind == "total"] == [
        "Subjects on TOF: ≥ 1 (n not reported in 1 group) in 2 rows of 1 study",
        "Subjects on BAR: 1 in 1 row of 1 study",
        "All subjects, each once: ≥ 1 (n not reported in 1 group) in 2 rows of 1 study",
    ]
    assert "1 row with more than one drug (Paik 2021 P1) counts under each, and once in the total" in said(
        table
    )
    assert "Not counted: Review, a secondary source" in said(table)


def test_patients_told_of_in_two_studies_are_counted_as_reported_and_once() -> None:
    gathered = of(
        a_study("One", *a_patient(1, "TOF", n="5")),
        a_study("Two", *a_patient(1, "TOF", n="3")),
        elsewhere={"Two": "counted in One"},
    )

    totals = [line.cells[:2] for line in patients.by_drug(gathered).lines if line.kind == "total"]

    assert totals[:2] == [("All, each subject once", "8"), ("All, those told of in two studies once", "5")]


# --- responses -------------------------------------------------------------------------------------


def test_responses_are_counts_by_design_with_those_not_reported_beside() -> None:
    gathered = of(
        a_study(
            "Case",
            *a_patient(1, "TOF"),
            an_outcome(1, domain="skin", response="complete"),
            design="case report",
        ),
        a_study(
            "Case 2",
            *a_patient(1, "TOF"),
            an_outcome(1, domain="skin", response="worse"),
            design="case report",
        ),
        a_study("Case 3", *a_patient(1, "TOF"), design="case report"),
        a_study(
            "Case 4", *a_patient(1, "TOF"), an_outcome(1, domain="skin", response="NA"), design="case report"
        ),
        a_study(
            "Trial",
            *a_patient(1, "TOF", n="10"),
            an_outcome(1, domain="skin", n_assessed="8", n_improved="6"),
            design="single-arm trial",
        ),
        a_study("Series", *a_patient(1, "TOF", n="NR"), design="case series"),
    )

    table = responses.responses(gathered)

    columns = ("Domain", "Design", "Studies", "Improved / assessed", "Not reported", "Not applicable")
    assert cells(table, *columns) == [
        ("TOF", "skin", "case report", "4", "1 / 2", "1", "1"),
        ("TOF", "skin", "case series", "1", "none assessed", "n not reported in 1 group", ""),
        ("TOF", "skin", "single-arm trial", "1", "6 / 8", "2", ""),
    ]
    assert "%" not in said(table)


def test_the_last_judgement_counts_and_a_measurement_is_none() -> None:
    rows = (
        an_outcome(1, domain="skin", response="partial", time="12"),
        an_outcome(2, domain="skin", response="relapse", time="24"),
        an_outcome(3, domain="skin", instrument="CDASI-A", value="4", time="52"),
        an_outcome(4, domain="skin", response="NR", time="60"),
    )

    (answer,) = answers([a_study("Case", *a_patient(1, "TOF"), *rows)], FORM, kind=LITERATURE).answers

    assert (answer.improved, answer.assessed, answer.time) == (0, 1, "24")


def test_an_outcome_of_several_drugs_that_names_none_counts_for_none_of_them() -> None:
    rows = (
        an_outcome(1, domain="skin", response="complete"),
        an_outcome(2, domain="lung", response="none", outcome_drug="BAR"),
    )

    table = responses.responses(of(a_study("Case", *a_patient(1, "TOF", "BAR"), *rows)))

    assert cells(table, "Domain", "Improved / assessed") == [
        ("BAR", "lung", "0 / 1"),
        ("TOF or BAR (not told apart)", "skin", "1 / 1"),
    ]


@pytest.mark.parametrize(
    ("cells_of_it", "why"),
    [
        ({"response": "partial"}, "a group is called partial, without numbers"),
        ({"n_improved": "3"}, "3 improved, of how many is not reported"),
        ({"n_assessed": "3", "n_improved": "NR"}, "3 assessed, how many improved is not reported"),
        ({"n_assessed": "3", "n_improved": "4"}, "4 improved of 3 assessed"),
        ({"n_assessed": "12", "n_improved": "4"}, "12 assessed of 10 who count"),
    ],
)
def test_what_cannot_be_counted_is_named_and_not_guessed(cells_of_it: dict[str, str], why: str) -> None:
    study = a_study("Series", *a_patient(1, "TOF", n="10"), an_outcome(1, domain="skin", **cells_of_it))

    table = responses.responses(of(study))

    assert cells(table, "Improved / assessed", "Not countable") == [("TOF", "none assessed", "1 row")]
    assert f"Series P1 (TOF, skin): {why}" in said(table)


def test_results_that_are_not_told_apart_for_the_eligible_are_not_counted() -> None:
    study = a_study(
        "Mixed", *a_patient(1, "TOF"), an_outcome(1, domain="skin", response="complete"), separable="no"
    )

    table = responses.responses(of(study))

    assert table.lines == ()
    assert "Not counted: Mixed, results are not told apart for eligible subjects." in table.notes


@pytest.mark.parametrize(
    ("improved", "assessed", "expected"),
    [  # Newcombe 1998 (Stat Med 17:857), table I, method 3
        ("81", "263", ("30.8", "25.5 to 36.6")),
        ("15", "148", ("10.1", "6.2 to 16.0")),
        ("0", "20", ("0.0", "0.0 to 16.1")),
        ("1", "29", ("3.4", "0.6 to 17.2")),
    ],
)
def test_an_interval_within_one_study_is_wilsons(
    improved: str, assessed: str, expected: tuple[str, str]
) -> None:
    study = a_study(
        "Trial",
        *a_patient(1, "TOF", n=assessed),
        an_outcome(1, domain="skin", n_assessed=assessed, n_improved=improved),
        design="single-arm trial",
    )

    assert cells(responses.within_studies(of(study)), "%", "95 % interval") == [("", *expected)]


@pytest.mark.parametrize(
    ("design", "consecutive", "is_allowed"),
    [
        ("single-arm trial", "NR", True),
        ("retrospective cohort", "yes", True),
        ("retrospective cohort", "no", False),
        ("retrospective cohort", "NR", False),
        ("case series", "unclear", False),
        ("case report", "yes", False),
        ("review", "yes", False),
        ("NR", "yes", False),
    ],
)
def test_only_one_trial_or_one_consecutive_cohort_allows_an_interval(
    design: str, consecutive: str, is_allowed: bool
) -> None:
    study = a_study("One", *a_patient(1, "TOF"), design=design, consecutive=consecutive)

    assert responses.allows_interval(study, FORM) == is_allowed
    told = responses.within_studies(of(study))
    assert "No study of the literature allows such an interval." in told.notes


def test_metafor_gets_what_is_told_and_nothing_where_it_is_not() -> None:
    gathered = of(
        a_study(
            "Told", *a_patient(1, "TOF", n="10"), an_outcome(1, domain="skin", n_assessed="8", n_improved="6")
        ),
        a_study("Silent", *a_patient(1, "TOF", n="NR")),
    )

    made = responses.metafor(gathered)

    rows = [dict(zip(made.columns, row, strict=True)) for row in made.rows]
    assert [(row["study"], row["xi"], row["ni"], row["not_reported"], row["n"]) for row in rows] == [
        ("Told", 6, 8, 2, 10),
        ("Silent", None, None, None, None),
    ]


# --- adverse events --------------------------------------------------------------------------------


def test_adverse_events_not_reported_are_never_zero() -> None:
    gathered = of(
        a_study(
            "Told",
            *a_patient(1, "TOF", n="10"),
            an_event(1, event="zoster", n_with_event="2", n_events="3", serious="no"),
            an_event(2, event="PJP", n_with_event="NR", serious="yes"),
        ),
        a_study("Case", *a_patient(1, "TOF"), an_event(1, event="zoster")),
        a_study("None", *a_patient(1, "TOF", n="4", events_told="none occurred")),
        a_study("Silent", *a_patient(1, "TOF", n="7", events_told="NR")),
    )

    table = events.events(gathered)

    columns = ("Event", "Events", "Subjects with event", "Serious", "Drug stopped")
    assert cells(table, *columns) == [
        ("TOF", "zoster", "≥ 4", "3", "0 (NR in 1 row)", "NR"),
        ("TOF", "PJP", "≥ 1", "≥ 1", "≥ 1", "NR"),
    ]
    assert [line.cells[0] for line in table.lines if line.kind == "total"] == [
        "Adverse events: told of 15 in 3 studies; none occurred in 1 study: None; not reported in 1 study: Silent"
    ]


def test_what_a_form_does_not_ask_is_never_called_not_reported_or_not_entered() -> None:
    asked_elsewhere = ("event", "events-told", "domain", "response", "n-assessed", "n-improved")
    gathered = of(
        a_study("One", *a_patient(1, "TOF")),
        form=a_form(
            without=(*asked_elsewhere, "dose", "route", "line", "concomitant", "duration", "stop-reason")
        ),
    )

    table = events.events(gathered)
    of_patients = patients.patients(gathered)

    assert table.lines == ()
    assert "the form has no field for adverse events (role event)" in table.lacks
    assert cells(of_patients, "Treatment", "Outcomes", "Adverse events") == [("TOF", "", "", "")]
    assert responses.responses(gathered).lines == ()


def test_a_response_without_a_domain_stands_beside_its_patient() -> None:
    study = a_study("One", *a_patient(1, "TOF"), an_outcome(1, response="partial"))

    table = patients.patients(of(study, form=a_form(without=["domain"])))

    assert [row[-1] for row in cells(table, "Outcomes")] == ["partial"]


def test_an_event_in_nobody_is_no_event_and_tells_that_it_was_looked_for() -> None:
    study = a_study(
        "One",
        *a_patient(1, "TOF", n="9", events_told="some occurred"),
        an_event(1, event="PJP", n_with_event="0"),
    )

    table = events.events(of(study))

    assert cells(table, "Event") == []
    assert "told of 9 in 1 study" in said(table)


# --- lists, data sets ------------------------------------------------------------------------------


def test_references_are_numbered_and_cited() -> None:
    record = Record(title="Tofacitinib", authors=(Author("Paik", "JJ"),), year=2021, pmid="1", journal="J")
    gathered = of(a_study("Paik 2021"), reports={"pubmed:Paik 2021": record})

    assert cells(lists.references(gathered), "Ref.", "Report", "Study") == [
        ("", "1", "Paik JJ. Tofacitinib. J. 2021. PMID 1.", "Paik 2021")
    ]


def test_reports_excluded_are_listed_in_the_order_given() -> None:
    table = lists.excluded(of(), [("A. Title.", "Review"), ("B. Title.", "Juvenile")])

    assert cells(table, "No.", "Report", "Reason") == [
        ("", "1", "A. Title.", "Review"),
        ("", "2", "B. Title.", "Juvenile"),
    ]
    assert lists.excluded(of(), ()).notes == ("No report was excluded at full text.",)


def test_wide_has_a_row_for_each_patient_with_all_that_lies_under_it() -> None:
    rows = (*a_patient(1, "TOF", "BAR"), *a_patient(2, "RUX"), an_outcome(1, 2, domain="skin", response="NR"))

    made = flat.wide(of(a_study("One", *rows, design="case series")))

    told = [
        {name: value for name, value in zip(made.columns, row, strict=True) if value is not None}
        for row in made.rows
    ]
    assert [(one["row.name"], one["T1.drug"], one.get("T2.drug")) for one in told] == [
        ("P1", "TOF", "BAR"),
        ("P2", "RUX", None),
    ]
    assert told[1]["O1.response"] == "NR"
    assert told[0]["design"] == "case series"


def test_long_has_a_row_for_each_cell_with_where_it_comes_from() -> None:
    study = a_study("One", *a_patient(1, "TOF", age="44.5"))

    made = flat.long(of(study))

    rows = [dict(zip(made.columns, row, strict=True)) for row in made.rows]
    assert len(rows) == sum(len(row.cells) for row in study.rows)
    (age,) = [row for row in rows if row["field"] == "age"]
    assert (age["row"], age["value"], age["number"], age["by"], age["settled"]) == (
        "P1",
        "44.5",
        44.5,
        "ann, bob",
        "agreed",
    )


def test_revman_gets_arms_and_the_results_that_are_told() -> None:
    study = a_study(
        "Paik 2021",
        *a_patient(1, "TOF", n="10"),
        an_outcome(1, domain="skin", n_assessed="8", n_improved="6"),
        year="2021",
    )

    information, arms, results, bias = revman.files(of(study))

    assert information.rows[0][:2] == ("Paik 2021", 2021)
    assert arms.rows == (("Paik 2021", "TOF", "n 10", "TOF"),)
    assert results.rows == (
        ("Paik 2021", "skin: improved", "Dichotomous", "", "TOF", "", 8, 6, "not reported: 2"),
    )
    assert (bias.columns, bias.rows) == (("Study",), ())


# --- whatever the data -----------------------------------------------------------------------------

_COUNTS = st.sampled_from(["0", "1", "2", "5", "NR", "NA"])


@st.composite
def any_studies(draw: st.DrawFn) -> list[StudyData]:
    """Studies with patients and groups on one or two drugs, some outcomes, some of these contradictory."""
    found = []
    for number in range(draw(st.integers(0, 4))):
        rows: list[DataRow] = []
        for place in range(1, draw(st.integers(1, 3)) + 1):
            drugs = draw(st.lists(st.sampled_from(DRUGS), max_size=2, unique=True))
            rows += a_patient(place, *drugs, n=draw(_COUNTS))
            for outcome in range(draw(st.integers(0, 3))):
                told = {"domain": draw(st.sampled_from(DOMAINS))}
                for role, values in (
                    ("response", st.sampled_from((*RESPONSES, "NR", "NA"))),
                    ("n-assessed", _COUNTS),
                    ("n-improved", _COUNTS),
                    ("outcome-drug", st.sampled_from(DRUGS)),
                    ("time", st.sampled_from(["0", "12"])),
                ):
                    if draw(st.booleans()):
                        told[role] = draw(values)
                rows.append(a_row(f"O{place}{outcome}1", told, f"P{place}"))
            if draw(st.booleans()):
                told = {
                    "event": draw(st.sampled_from(["zoster", "PJP", "NR"])),
                    "n-with-event": draw(_COUNTS),
                }
                rows.append(a_row(f"A{place}", told, f"P{place}"))
        design = draw(st.sampled_from(["case report", "case series", "single-arm trial", "NR"]))
        found.append(
            a_study(f"Study {number}", *rows, design=design, consecutive=draw(st.sampled_from(["yes", "no"])))
        )
    return found


@settings(deadline=None)  # a busy machine is no failure
@given(any_studies())
def test_no_subject_is_assessed_twice_and_none_improved_without_being_assessed(data: list[StudyData]) -> None:
    told = answers(data, FORM, kind=LITERATURE).answers

    places = [(one.study, one.row, one.drug, one.domain) for one in told]
    assert len(places) == len(set(places))
    for one in told:
        assert 0 <= one.improved <= one.assessed
        if one.n is not None:
            assert one.assessed <= one.n
            assert one.state or one.assessed + (one.unreported or 0) == one.n
        assert bool(one.why) == (one.state == "uncounted")


@settings(deadline=None)  # a busy machine is no failure
@given(any_studies())
def test_the_responses_table_adds_up_to_its_answers(data: list[StudyData]) -> None:
    gathered = of(*data)
    told = answers(data, FORM, kind=LITERATURE).answers

    shown = responses.responses(gathered).rows

    counted = [re.fullmatch(r"([\d,]+) / ([\d,]+)", row.cells[3]) for row in shown]
    improved = sum(int(one.group(1)) for one in counted if one)
    assessed = sum(int(one.group(2)) for one in counted if one)
    assert (improved, assessed) == (sum(one.improved for one in told), sum(one.assessed for one in told))


@settings(deadline=None)  # a busy machine is no failure
@given(any_studies())
def test_the_rows_of_the_patient_table_are_those_behind_its_totals(data: list[StudyData]) -> None:
    table = patients.patients(of(*data))

    n, shown = 0, 0
    for line in table.lines:
        if line.kind == "heading":
            n = shown = 0
        elif line.kind == "row":
            shown += 1
            n += int(line.cells[3].split(" ")[0]) if line.cells[3][:1].isdigit() else 0
        elif line.cells[0].startswith("All subjects, each once"):
            break
        else:
            assert f" in {shown:,} row" in line.cells[0]
            stated = re.search(r": (?:≥ )?([\d,]+) (?:in|\()", line.cells[0])
            assert (int(stated.group(1)) if stated else 0) == n


@settings(deadline=None)  # a busy machine is no failure
@given(any_studies())
def test_every_table_is_made_of_whatever_was_entered(data: list[StudyData]) -> None:
    gathered = of(*data)

    for table in (
        characteristics(gathered),
        patients.by_drug(gathered),
        events.events(gathered),
        responses.within_studies(gathered),
    ):
        assert all(len(line.cells) in (1, len(table.columns)) for line in table.lines)
        assert "nan" not in said(table).split()
    assert len(flat.wide(gathered).rows) >= len(data)
    assert all(len(row) == len(made.columns) for made in revman.files(gathered) for row in made.rows)


# --- what must not be lost, and nobody twice -------------------------------------------------------


def test_how_many_are_not_reported_is_unknown_where_the_size_of_a_group_is() -> None:
    gathered = of(
        a_study(
            "A", *a_patient(1, "TOF", n="NR"), an_outcome(1, domain="skin", n_assessed="5", n_improved="3")
        )
    )

    assert cells(responses.responses(gathered), "Improved / assessed", "Not reported") == [
        ("TOF", "3 / 5", "n not reported in 1 group")
    ]
    (row,) = responses.metafor(gathered).rows
    told = dict(zip(responses.METAFOR, row, strict=True))
    assert (told["xi"], told["ni"], told["not_reported"], told["n"]) == (3, 5, None, None)
    assert revman.results(gathered).rows[0][-1] == "n not reported in 1 group"


@pytest.mark.parametrize(
    ("event", "drugs"),
    [
        ({"event": "zoster", "n_with_event": "0"}, ("TOF",)),
        ({"event": "zoster"}, ("TOF", "BAR")),
    ],
    ids=["in nobody", "under a drug that is not told"],
)
def test_a_study_with_an_event_row_does_not_count_as_silent(
    event: dict[str, str], drugs: tuple[str, ...]
) -> None:
    table = events.events(of(a_study("A", *a_patient(1, *drugs), an_event(1, **event))))

    totals = [line.cells[0] for line in table.lines if line.kind == "total"]
    assert totals == ["Adverse events: told of 1 in 1 study; not reported in 0 studies"] * len(drugs)


def test_an_outcome_or_event_of_a_drug_without_treatment_is_not_lost() -> None:
    gathered = of(
        a_study(
            "A",
            *a_patient(1, "TOF"),
            an_outcome(1, domain="skin", outcome_drug="BAR", response="complete"),
            an_event(1, event="zoster", event_drug="BAR"),
        )
    )

    assert cells(responses.responses(gathered), "Domain", "Improved / assessed") == [("BAR", "skin", "1 / 1")]
    assert cells(events.events(gathered), "Event", "Subjects with event") == [("BAR", "zoster", "1")]


def test_patients_of_two_studies_stand_as_reported_and_once_for_the_outcome_that_was_answered() -> None:
    def trial(name: str, assessed: str) -> StudyData:
        return a_study(
            name,
            *a_patient(1, "TOF", n=assessed),
            an_outcome(1, domain="skin", n_assessed=assessed, n_improved="4"),
            an_outcome(2, domain="muscle", n_assessed=assessed, n_improved="2"),
            an_event(1, event="zoster", n_with_event="1"),
            design="single-arm trial",
        )

    gathered = of(
        trial("Trial", "10"),
        trial("Extension", "8"),
        elsewhere={"Extension": "counted in Trial"},
        elsewhere_in={"": {}, "skin": {"Extension": "counted in Trial"}},
    )
    table = responses.responses(gathered)

    assert cells(table, "Domain", "Studies", "Improved / assessed") == [
        ("TOF", "skin", "2", "8 / 18"),
        ("TOF", "skin, those told of in two studies once", "1", "4 / 10"),
        ("TOF", "muscle", "2", "4 / 18"),
    ]
    assert table.notes[-1] == (
        "Patients told of in two studies stand in both, as reported (Extension: counted in Trial for skin)."
    )
    place = responses.METAFOR.index("counted_elsewhere")
    assert [row[place] for row in responses.metafor(gathered).rows] == ["", "", "counted in Trial", ""]
    assert [row[-1] for row in revman.results(gathered).rows] == ["", "", "counted in Trial", ""]
    assert cells(events.events(gathered), "Subjects with event") == [("TOF", "2")]

    everywhere = of(*gathered.studies, elsewhere=gathered.elsewhere)
    assert cells(events.events(everywhere), "Event", "Subjects with event") == [
        ("TOF", "zoster", "2"),
        ("TOF", "zoster, those told of in two studies once", "1"),
    ]


def test_the_total_of_all_is_of_all_subjects_also_of_those_whose_drug_is_not_told() -> None:
    treated = a_row("T1", {"drug": "TOF", "n-treated": "10"}, "P1")
    table = patients.patients(of(a_study("A", *a_patient(1, n="12"), treated, *a_patient(2, "BAR", n="5"))))

    assert [line.cells[0] for line in table.lines if line.kind == "total"] == [
        "Subjects on TOF: 10 in 1 row of 1 study",
        "Subjects on BAR: 5 in 1 row of 1 study",
        "All subjects, each once: 17 in 2 rows of 1 study",
    ]
