"""Each identity of PRISMA 2020 fails when a flow is broken on purpose; the eleven seeds hold as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from iimscreen import diagram, flow
from iimscreen.flow import Flow, Links, Origin, Previous, Report
from iimscreen.model import Kind, Reason
from iimscreen.voting import Outcome, State

AWKWARD = 'Mixed, not; separable – "Größe"'
REASONS = (Reason("review", "Review"), Reason("mixed", AWKWARD))
INCLUDED = Outcome(State.INCLUDE)
EXCLUDED = Outcome(State.EXCLUDE)
FOR_REVIEW = Outcome(State.EXCLUDE, "review")
CT = "ClinicalTrials.gov"


def a_report(
    key: str,
    screening: Outcome | None = INCLUDED,
    assessment: Outcome | None = INCLUDED,
    mark: str | None = "",
) -> Report:
    """A report of a database; by default retrieved where it is sought."""
    is_sought = screening is INCLUDED
    given = ("retrieved" if is_sought else None) if mark == "" else mark
    return Report(key, True, True, screening, given, assessment if given == "retrieved" else None)


def a_citation(key: str, assessment: Outcome | None = INCLUDED) -> Report:
    return Report(key, False, False, None, "retrieved", assessment)


def built(
    origins: list[Origin],
    reports: list[Report],
    *,
    previous: Previous | None = None,
    links: Links | None = None,
    hits: list[tuple[str, str]] | None = None,
    reasons: tuple[Reason, ...] = REASONS,
) -> Flow:
    return flow.build(
        origins,
        reports,
        reasons,
        screening_is_open=True,
        assessment_is_open=True,
        previous=previous,
        links=links,
        hits=hits,
    )


def found_by(*keys: str, kind: Kind = Kind.DATABASE, database: str = "PubMed") -> list[Origin]:
    return [Origin(key, database, kind, key) for key in keys]


# Two databases with a duplicate, both columns, every end of the road.
ORIGINS = [
    *found_by("a", "b", "c", "d", "e"),
    Origin("a2", "Embase", Kind.DATABASE, "a"),
    Origin("gone", "PubMed", Kind.DATABASE, "gone", True),
    *found_by("w", "x", kind=Kind.CITATION, database="List"),
]
REPORTS = [
    a_report("a"),
    a_report("b", EXCLUDED),
    a_report("c", assessment=FOR_REVIEW),
    a_report("d", mark="not_retrieved"),
    a_report("e", assessment=Outcome(State.AWAITING)),
    a_citation("w"),
    a_citation("x", Outcome(State.EXCLUDE, "mixed")),
]
BEFORE: Links = {"r1": ("one",), "r2": ("one",), "r3": ("two",)}


def a_whole_flow() -> Flow:
    return built(ORIGINS, REPORTS, links={"a": ("A", "B"), "w": ("W",)})


def an_update() -> Flow:
    earlier = Previous("version 1", BEFORE, frozenset(BEFORE), dropped={"r3": "retracted"})
    return built(ORIGINS, REPORTS, previous=earlier, links={"a": ("A", "B"), "w": ("one",)})


def with_list(made: Flow, name: str, *keys: str) -> Flow:
    return replace(made, lists={**made.lists, name: keys})


def without_one(name: str) -> Callable[[Flow], Flow]:
    return lambda made: with_list(made, name, *(made.lists[name] or ())[1:])


def with_one_more(name: str, key: str = "stray") -> Callable[[Flow], Flow]:
    return lambda made: with_list(made, name, *(made.lists[name] or ()), key)


BROKEN = (
    ("F1", without_one("duplicates")),
    ("F1", with_one_more("excluded_automatic")),
    ("F1", with_one_more("excluded_other", "a2")),
    ("F2", without_one("records_excluded_human")),
    ("F2", with_one_more("records_excluded_automatic")),
    ("F2", lambda made: with_one_more("records_excluded")(with_one_more("records_excluded_human")(made))),
    ("F2", with_one_more("records_excluded_automatic", "b")),
    ("F3", without_one("records_excluded")),
    ("F3", without_one("dbr_sought_reports")),
    ("F4", without_one("dbr_notretrieved_reports")),
    ("F4", with_one_more("dbr_assessed")),
    ("F4", with_one_more("other_sought_reports", "y")),
    ("F5", without_one("dbr_excluded")),
    ("F5", with_one_more("other_excluded")),
    ("F6", without_one("awaiting")),
    ("F6", with_one_more("ongoing")),
    ("F7", with_one_more("new_reports", "a")),
    ("F8", with_one_more("new_studies")),
    ("F8", with_one_more("new_studies", "A")),
    ("F8", without_one("new_studies")),
    ("F8", lambda made: replace(made, links={**made.links, "a": ()})),
    ("F9", lambda made: with_list(made, "other_sought_reports", "w", "x", "y", "z")),
    ("F12", with_one_more("records_screened", "a")),
    ("F12", without_one("database_results")),
    ("F12", lambda made: replace(made, databases={"PubMed": 3, "Embase": 1})),
    ("F12", lambda made: replace(made, parts={**made.parts, "citations_results": {"List": ("w",)}})),
    ("F12", lambda made: replace(made, parts={**made.parts, "dbr_excluded": {"mixed": ("c",)}})),
)


@pytest.mark.parametrize(("identity", "broken"), BROKEN)
def test_an_identity_that_is_broken_is_named(identity: str, broken: Callable[[Flow], Flow]) -> None:
    made = a_whole_flow()
    assert flow.violations(made, REPORTS) == []

    faults = flow.violations(broken(made), REPORTS)

    assert any(fault.startswith(f"{identity}:") for fault in faults), faults


@pytest.mark.parametrize(
    ("identity", "broken"),
    [
        ("F10", with_one_more("total_studies")),
        ("F10", without_one("previous_studies")),
        ("F10", with_one_more("total_studies", "A")),
        ("F11", with_one_more("total_reports")),
        ("F11", without_one("new_reports_of_previous_studies")),
        ("F11", without_one("previous_dropped")),
        ("F8", with_one_more("new_studies", "one")),
    ],
)
def test_an_identity_of_an_update_that_is_broken_is_named(
    identity: str, broken: Callable[[Flow], Flow]
) -> None:
    made = an_update()
    assert flow.violations(made, REPORTS) == []

    faults = flow.violations(broken(made), REPORTS)

    assert any(fault.startswith(f"{identity}:") for fault in faults), faults


@pytest.mark.parametrize(
    "left",
    [
        a_report("a", Outcome(State.PENDING)),
        a_report("a", Outcome(State.CONFLICT)),
        a_report("a", assessment=Outcome(State.PENDING)),
        a_report("a", assessment=Outcome(State.CONFLICT)),
        a_report("a", assessment=Outcome(State.EXCLUDE, "review", True)),
        a_report("a", mark=None),
    ],
)
def test_unfinished_work_behind_numbers_that_are_not_stamped_interim_breaks_f13(left: Report) -> None:
    stamped = built(found_by("a"), [left])
    assert stamped.interim
    assert flow.violations(stamped, [left]) == []

    faults = flow.violations(replace(stamped, missing=()), [left])

    assert any(fault.startswith("F13:") for fault in faults), faults


def test_closed_numbers_without_a_stamp_break_f13() -> None:
    blind = [a_report("a", None, None)]
    made = flow.build(
        found_by("a"), blind, REASONS, screening_is_open=False, assessment_is_open=False, missing=["left"]
    )
    assert flow.violations(made, blind) == []

    faults = flow.violations(replace(made, missing=()), blind)

    assert faults == ["F13: numbers are closed to view, and the flow is not stamped interim"]


def test_a_meta_analysis_holds_no_study_that_is_not_included() -> None:
    made = a_whole_flow()

    assert flow.violations(made, REPORTS, ["A", "W"]) == []
    (fault,) = flow.violations(made, REPORTS, ["A", "Z"])
    assert fault == "F14: 2 studies with data to be pooled, of which 1 study not among the 3 included (Z)"


def test_a_meta_analysis_of_an_update_may_hold_studies_of_the_version_before() -> None:
    assert flow.violations(an_update(), REPORTS, ["one", "A"]) == []
    assert flow.violations(an_update(), REPORTS, ["two"]) != []


def test_records_that_a_tool_excluded_are_told_apart_from_those_that_people_did() -> None:
    reports = [a_report("a", EXCLUDED), a_report("b", EXCLUDED), a_report("c")]

    made = flow.build(
        found_by("a", "b", "c"),
        reports,
        REASONS,
        screening_is_open=True,
        assessment_is_open=True,
        automatic=["b"],
    )

    assert made.lists["records_excluded_human"] == ("a",)
    assert made.lists["records_excluded_automatic"] == ("b",)
    assert flow.violations(made, reports) == []


# --- the seeds of prisma2020.md, (a) to (k) --------------------------------------------------------


def holds(origins: list[Origin], reports: list[Report], **more: object) -> Flow:
    made = built(origins, reports, **more)  # type: ignore[arg-type]  # keywords of `built`
    assert flow.violations(made, reports) == []
    return made


def test_a_search_without_hits_gives_zeros_that_add_up() -> None:
    assert holds([], []).boxes["new_studies"] == 0


def test_one_reason_alone_makes_up_all_exclusions() -> None:
    made = holds(found_by("a"), [a_report("a", assessment=FOR_REVIEW)], reasons=REASONS[:1])

    assert made.parts["dbr_excluded"] == {"review": ("a",)}


def test_a_label_with_comma_semicolon_quote_and_umlaut_names_its_number_by_the_code() -> None:
    made = holds(found_by("a"), [a_report("a", assessment=Outcome(State.EXCLUDE, "mixed"))])

    assert made.labels["mixed"] == AWKWARD
    assert made.keys_of("dbr_excluded.mixed") == ("a",)


def test_one_study_of_three_reports_counts_once() -> None:
    made = holds(found_by("a", "b", "c"), [*map(a_report, "abc")], links=dict.fromkeys("abc", ("one",)))

    assert (made.boxes["new_studies"], made.boxes["new_reports"]) == (1, 3)


def test_one_report_of_two_studies_counts_two_and_says_so() -> None:
    made = holds(found_by("a"), [a_report("a")], links={"a": ("one", "two")})

    assert (made.boxes["new_studies"], made.boxes["new_reports"]) == (2, 1)
    assert any("more studies than reports" in note for note in made.footnotes)


def test_a_duplicate_found_at_full_text_moves_to_the_duplicates() -> None:
    late = [*found_by("a"), Origin("b", "PubMed", Kind.DATABASE, "a")]

    made = holds(late, [a_report("a")])

    assert made.lists["duplicates"] == ("b",)
    assert made.boxes["records_screened"] == made.boxes["new_reports"] == 1


def test_a_report_in_both_columns_counts_in_that_of_databases() -> None:
    both = [*found_by("a"), Origin("w", "List", Kind.CITATION, "a")]

    made = holds(both, [a_report("a")])

    assert (made.boxes["dbr_assessed"], made.boxes["other_assessed"]) == (1, 0)


def test_a_new_report_of_an_earlier_study_counts_in_the_total_of_reports_alone() -> None:
    earlier = Previous("version 1", BEFORE, frozenset(BEFORE))

    made = holds(found_by("a"), [a_report("a")], previous=earlier, links={"a": ("one",)})

    assert (made.boxes["new_studies"], made.boxes["total_studies"]) == (0, 2)
    assert (made.boxes["new_reports"], made.boxes["total_reports"]) == (0, 4)
    assert made.lists["new_reports_of_previous_studies"] == ("a",)


def test_a_retracted_study_leaves_the_total() -> None:
    earlier = Previous("version 1", BEFORE, frozenset(BEFORE), dropped={"r3": "retracted"})

    made = holds([], [], previous=earlier)

    assert (made.boxes["total_studies"], made.boxes["total_reports"]) == (1, 2)
    assert made.lists["previous_studies_dropped"] == ("two",)


@pytest.mark.parametrize("registers", [0, 2])
def test_the_line_of_registers_is_there_only_where_they_found_something(registers: int) -> None:
    keys = [f"n{number}" for number in range(registers)]
    origins = [*found_by("a"), *found_by(*keys, kind=Kind.REGISTER, database=CT)]

    made = holds(origins, [*map(a_report, ["a", *keys])])

    lines = [line.text for box in diagram.of_flow(made).boxes for line in box.lines]
    assert ("Registers" in lines) == bool(registers)


def test_thousands_have_their_separator() -> None:
    keys = [f"n{number}" for number in range(1234)]

    made = holds(found_by(*keys), [a_report(key, EXCLUDED) for key in keys])

    assert "Records screened (n = 1,234)" in [
        str(line) for box in diagram.of_flow(made).boxes for line in box.lines
    ]
