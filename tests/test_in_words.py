"""The flow in words: nothing that the figure shows is left out, and nothing is said that it does not know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iimscreen.diagram import abstract_sentence, alt_text, of_flow, results_sentences
from iimscreen.diagram.measure import is_right_to_left, printable
from iimscreen.flow import Origin, Report
from iimscreen.model import Kind
from iimscreen.voting import Outcome, State
from made_flows import INCLUDED, MANY, SCRIPTS, TEMPLATES, a_flow
from test_flow import a_report, an_origin, built, reviews


@given(reviews(), st.booleans(), st.booleans())
def test_every_open_number_of_the_diagram_stands_in_the_alternative_text(
    review: tuple[list[Origin], list[Report]], is_screened: bool, is_assessed: bool
) -> None:
    found = built(*review, screening_is_open=is_screened, assessment_is_open=is_screened and is_assessed)
    diagram = of_flow(found)

    said = alt_text(diagram)

    for box in diagram.boxes:
        for line in box.lines:
            if line.number:
                told = "not open to view" if line.n is None else f"{line.n:,}"
                assert f"{line.text.rstrip(':')}: {told}" in said
    assert "–" not in said.replace("separable – Größe", "")  # of a reason's label


def as_told(label: str) -> str:
    """A label as it stands in a sentence: what is read from right to left is isolated."""
    shown = printable(label)
    return f"\u2068{shown}\u2069" if is_right_to_left(shown) else shown


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("reasons", [(), MANY, SCRIPTS], ids=["none", "thirty", "scripts"])
def test_the_alternative_text_names_every_reason_in_reading_order(
    template: str, reasons: tuple[str, ...]
) -> None:
    diagram = of_flow(a_flow(template, reasons))

    said = alt_text(diagram)

    places = [said.index(f"{as_told(label)}: 3") for label in reasons]
    assert places == sorted(places)
    assert [said.index(f"{column.heading}:") for column in diagram.columns] == sorted(
        said.index(f"{column.heading}:") for column in diagram.columns
    )
    assert said.index("At the end:") > max([0, *places])


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (
            "new-databases",
            "Of 1,210 records identified, 48 reports were assessed for eligibility and 41 reports of 40 studies "
            "were included.",
        ),
        (
            "new-other",
            "Of 1,222 records identified, 60 reports were assessed for eligibility and 44 reports of 43 studies "
            "were included.",
        ),
        (
            "updated-other",
            "Of 1,222 new records identified, 60 reports were assessed for eligibility and 44 reports of 43 new "
            "studies were included. With the version before, the review includes 60 studies (61 reports).",
        ),
    ],
)
def test_the_sentence_of_the_abstract_counts_records_reports_and_studies(
    template: str, sentence: str
) -> None:
    assert abstract_sentence(of_flow(a_flow(template, linked=True))) == sentence


def test_one_of_each_is_told_in_the_singular() -> None:
    one = of_flow(built([an_origin("a")], [a_report("a")]))

    assert abstract_sentence(one) == (
        "Of 1 record identified, 1 report was assessed for eligibility and 1 report of 1 study was included."
    )
    assert results_sentences(one) == (
        "1 record was identified from databases. 1 record was screened and 0 excluded. Of 1 report sought, 1 was "
        "assessed for eligibility. 1 report of 1 study was included."
    )


def test_a_search_without_hits_is_told_without_the_rest() -> None:
    assert abstract_sentence(of_flow(built([], []))) == "No records were identified."


def test_an_interim_flow_says_so_before_any_number() -> None:
    diagram = of_flow(
        built([an_origin("a")], [a_report("a", retrieval=None, assessment=None)], notice="A draft")
    )

    for said in (abstract_sentence(diagram), results_sentences(diagram)):
        assert said.startswith("A draft. Interim, not final: ")
    assert "Interim, not final: " in alt_text(diagram)
    assert "no reports were assessed" in abstract_sentence(diagram)


def test_what_a_blind_round_hides_is_called_closed_and_not_guessed() -> None:
    reports = [a_report("a", INCLUDED), a_report("b", INCLUDED)]
    diagram = of_flow(
        built(
            [an_origin("a"), an_origin("b")],
            reports,
            screening_is_open=False,
            assessment_is_open=False,
            missing=["title-abstract: ann has 1 to go"],
        )
    )

    assert abstract_sentence(diagram) == (
        "Interim, not final: Of 2 records identified, how many were included is not open to view yet."
    )
    assert "Records excluded: not open to view." in alt_text(diagram)
    assert "excluded" not in results_sentences(diagram)


def test_reasons_of_both_columns_are_added_up_in_the_results() -> None:
    said = results_sentences(of_flow(a_flow("new-other")))

    assert "15 reports were excluded: Wrong population (n = 7); No JAK inhibitor (n = 8)." in said


def test_reasons_stand_in_the_order_of_the_protocol_whichever_column_has_them() -> None:
    second = a_report("a", assessment=Outcome(State.EXCLUDE, "mixed"))
    first = a_report("b", assessment=Outcome(State.EXCLUDE, "review"), from_databases=False)
    found = built([an_origin("a"), an_origin("b", kind=Kind.CITATION)], [second, first])

    said = results_sentences(of_flow(found))

    assert "excluded: Review (n = 1); Mixed" in said


def test_a_label_from_right_to_left_turns_nothing_behind_it() -> None:
    said = results_sentences(of_flow(a_flow(reasons=(SCRIPTS[0], "\u202eturned", "plain"))))

    assert f"\u2068{SCRIPTS[0]}\u2069 (n = 3); turned (n = 3); plain (n = 3)." in said
