"""The PRISMA 2020 flow: every number the length of a list, and the identities that must hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iimscreen import flow
from iimscreen.flow import BOXES, Flow, Origin, Previous, Report
from iimscreen.model import Kind, Reason
from iimscreen.voting import Outcome, State

REASONS = (Reason("review", "Review"), Reason("mixed", 'Mixed; "not", separable – Größe'))
INCLUDED = Outcome(State.INCLUDE)
EXCLUDED = Outcome(State.EXCLUDE)
FOR_REVIEW = Outcome(State.EXCLUDE, "review")
PENDING = Outcome(State.PENDING)
BLIND = "title-abstract: bob has 1 to go"  # what keeps a flow interim while a round is blind


def an_origin(
    key: str, report: str | None = None, *, database: str = "PubMed", kind: Kind = Kind.DATABASE
) -> Origin:
    return Origin(key, database, kind, report or key)


def a_report(
    key: str,
    screening: Outcome | None = INCLUDED,
    retrieval: str | None = "retrieved",
    assessment: Outcome | None = INCLUDED,
    *,
    from_databases: bool = True,
    was_screened: bool | None = None,
) -> Report:
    screened = from_databases if was_screened is None else was_screened
    return Report(key, from_databases, screened, screening if screened else None, retrieval, assessment)


def built(origins: list[Origin], reports: list[Report], **more: object) -> Flow:
    given: dict[str, object] = {"screening_is_open": True, "assessment_is_open": True, **more}
    return flow.build(origins, reports, REASONS, **given)  # type: ignore[arg-type]  # keywords of build


def test_a_review_without_hits_has_zeros_and_no_column_of_other_methods() -> None:
    found = built([], [])

    assert found.template == "new-databases"
    assert found.boxes["records_screened"] == found.boxes["new_reports"] == 0
    assert found.boxes["other_sought_reports"] is None
    assert not found.interim
    assert flow.violations(found, []) == []


def test_records_of_one_report_beyond_the_kept_one_are_duplicates() -> None:
    origins = [an_origin("a"), an_origin("b", "a", database="Embase"), an_origin("c")]
    reports = [a_report("a"), a_report("c", EXCLUDED, None, None)]

    found = built(origins, reports)

    assert found.databases == {"PubMed": 2, "Embase": 1}
    assert found.lists["duplicates"] == ("b",)
    assert (found.boxes["records_screened"], found.boxes["records_excluded"]) == (2, 1)
    assert flow.violations(found, reports) == []


def test_a_record_found_by_a_citation_before_the_database_counts_with_the_database() -> None:
    origins = [
        an_origin("cited", "cited", database="List", kind=Kind.CITATION),
        an_origin("found", "cited"),
    ]
    reports = [a_report("cited")]

    found = built(origins, reports)

    assert found.template == "new-other"
    assert found.boxes["duplicates"] == 0
    assert found.boxes["records_screened"] == 1
    assert found.boxes["citations_results"] == 1
    assert found.boxes["other_sought_reports"] == 0
    assert found.footnotes[-1:] == (
        "1 record identified by other methods: 1 also found by databases or registers and counted there.",
    )
    assert flow.violations(found, reports) == []


def test_records_from_other_methods_go_to_retrieval_unscreened() -> None:
    origins = [an_origin("w", database="A website", kind=Kind.WEBSITE)]
    reports = [a_report("w", retrieval="not_retrieved", assessment=None, from_databases=False)]

    found = built(origins, reports)

    assert found.boxes["website_results"] == found.boxes["other_sought_reports"] == 1
    assert found.boxes["other_notretrieved_reports"] == 1
    assert (found.boxes["records_screened"], found.boxes["other_assessed"]) == (0, 0)
    assert flow.violations(found, reports) == []


def test_other_methods_screened_first_are_stated_in_a_footnote() -> None:
    origins = [an_origin("w", database="A website", kind=Kind.WEBSITE), an_origin("d")]
    reports = [
        a_report("w", EXCLUDED, None, None, from_databases=False, was_screened=True),
        a_report("d"),
    ]

    found = built(origins, reports)

    assert found.boxes["other_sought_reports"] == 0
    assert any("screened on title and abstract before retrieval" in note for note in found.footnotes)
    assert flow.violations(found, reports) == []


def test_the_sum_of_sub_queries_counts_a_repeated_hit_as_a_duplicate() -> None:
    origins = [an_origin("a"), an_origin("b"), an_origin("c", "a", database="Embase")]
    reports = [a_report("a"), a_report("b")]
    hits = [("F01", "a"), ("F02", "a"), ("F02", "b"), ("file", "c")]

    found = built(origins, reports, hits=hits)

    assert found.databases == {"PubMed": 3, "Embase": 1}
    assert found.lists["duplicates"] == ("F02 a", "c")
    assert flow.violations(found, reports) == []


def test_a_blind_title_abstract_round_hides_its_outcome_and_every_later_box() -> None:
    origins = [an_origin("a"), an_origin("w", database="A website", kind=Kind.WEBSITE)]
    reports = [
        a_report("a", None, None, None),
        a_report("w", None, None, None, from_databases=False),
    ]

    found = built(origins, reports, screening_is_open=False, assessment_is_open=False, missing=[BLIND])

    hidden = {key for key in BOXES if found.boxes[key] is None}
    assert hidden >= {
        "records_excluded",
        "dbr_sought_reports",
        "dbr_notretrieved_reports",
        "dbr_assessed",
        "dbr_excluded",
        "other_excluded",
        "new_studies",
        "new_reports",
    }
    assert found.boxes["records_screened"] == 1
    assert found.reasons is None
    assert flow.violations(found, reports) == []


def test_open_conflicts_pending_votes_and_unmarked_reports_make_the_flow_interim() -> None:
    origins = [an_origin(key) for key in "abcde"]
    reports = [
        a_report("a", Outcome(State.CONFLICT), None, None),
        a_report("b", PENDING, None, None),
        a_report("c", INCLUDED, None, None),
        a_report("d", INCLUDED, "retrieved", Outcome(State.EXCLUDE, "review", True)),
        a_report("e"),
    ]

    found = built(origins, reports)

    assert found.interim
    assert found.missing == (
        "title-abstract: votes missing on 1 record",
        "title-abstract: 1 conflict to resolve",
        "retrieval: 1 report not marked as retrieved or not retrieved",
        "full-text: 1 exclusion reason to confirm",
    )
    assert found.boxes["records_excluded"] == 0
    assert flow.violations(found, reports) == []


def test_reports_awaiting_classification_and_ongoing_are_neither_included_nor_excluded() -> None:
    origins = [an_origin(key) for key in "abc"]
    reports = [
        a_report("a", assessment=Outcome(State.AWAITING)),
        a_report("b", assessment=Outcome(State.ONGOING)),
        a_report("c"),
    ]

    found = built(origins, reports)

    assert (found.lists["awaiting"], found.lists["ongoing"]) == (("a",), ("b",))
    assert (found.boxes["dbr_assessed"], found.boxes["dbr_excluded"], found.boxes["new_reports"]) == (3, 0, 1)
    assert flow.violations(found, reports) == []


def test_reasons_are_counted_in_protocol_order_also_when_none_or_one_was_used() -> None:
    origins = [an_origin(key) for key in "ab"]
    reports = [a_report("a", assessment=FOR_REVIEW), a_report("b")]

    found = built(origins, reports)

    assert dict(found.reasons or {}) == {"review": 1, "mixed": 0}


def test_json_has_the_documented_keys() -> None:
    made = flow.as_json(built([an_origin("a")], [a_report("a")]))

    assert {"template", "interim", "missing", "boxes", "databases", "registers", "other", "reasons"} <= set(
        made
    )
    assert set(made["boxes"]) == set(BOXES)  # type: ignore[call-overload]  # a dict, by as_json


# --- the check of the identities can fail ----------------------------------------------------------


def broken(found: Flow, name: str, keys: tuple[str, ...]) -> Flow:
    return replace(found, lists={**found.lists, name: keys})


@pytest.mark.parametrize(
    ("name", "keys", "identity"),
    [
        ("duplicates", ("x",), "F1"),
        ("records_screened", (), "F1"),
        ("records_excluded", ("a",), "F3"),
        ("dbr_notretrieved_reports", ("a",), "F4"),
        ("dbr_excluded", ("a", "b"), "F5"),
        ("new_reports", (), "F6"),
        ("records_excluded", ("a", "b"), "F2"),
        ("other_sought_reports", ("a", "b"), "F9"),
        ("new_reports", ("a", "a"), "F7"),
        ("new_studies", ("b",), "F8"),
    ],
)
def test_a_number_that_does_not_add_up_is_named(name: str, keys: tuple[str, ...], identity: str) -> None:
    reports = [a_report("a")]
    found = broken(built([an_origin("a")], reports), name, keys)

    assert any(fault.startswith(identity) for fault in flow.violations(found, reports))


def test_a_full_text_exclusion_without_a_reason_is_a_fault() -> None:
    reports = [a_report("a", assessment=EXCLUDED)]

    faults = flow.violations(built([an_origin("a")], reports), reports)

    assert any("without a reason" in fault for fault in faults)


# --- any review adds up ----------------------------------------------------------------------------

outcomes = st.sampled_from([INCLUDED, EXCLUDED, PENDING, Outcome(State.CONFLICT)])
assessments = st.sampled_from(
    [INCLUDED, FOR_REVIEW, Outcome(State.EXCLUDE, "mixed", True), PENDING, Outcome(State.AWAITING)]
)
retrievals = st.sampled_from([None, "retrieved", "not_retrieved"])
kinds = st.sampled_from(list(Kind))


@st.composite
def reviews(draw: st.DrawFn) -> tuple[list[Origin], list[Report]]:
    """Reports of one to four records each, some removed, from any kind of source, at any point of the road."""
    origins: list[Origin] = []
    reports: list[Report] = []
    for number in range(draw(st.integers(0, 8))):
        found = draw(st.lists(kinds, min_size=1, max_size=4))
        keys = [f"{number}-{place}" for place in range(len(found))]
        gone = [draw(st.integers(0, 4)) == 0 for _ in found]
        left = [key for key, is_removed in zip(keys, gone, strict=True) if not is_removed]
        kept = draw(st.sampled_from(left)) if left else keys[0]
        origins += [
            Origin(key, f"{kind} {draw(st.integers(1, 2))}", kind, kept, is_removed)
            for key, kind, is_removed in zip(keys, found, gone, strict=True)
        ]
        if not left:
            continue
        from_databases = any(
            not (is_removed or kind.is_other_method) for kind, is_removed in zip(found, gone, strict=True)
        )
        screening = draw(outcomes)
        is_sought = not from_databases or screening is INCLUDED
        retrieval = draw(retrievals) if is_sought else None
        reports.append(
            a_report(
                kept,
                screening,
                retrieval,
                draw(assessments) if retrieval == "retrieved" else None,
                from_databases=from_databases,
            )
        )
    return origins, reports


@given(reviews())
def test_every_possible_review_adds_up(review: tuple[list[Origin], list[Report]]) -> None:
    origins, reports = review

    found = built(origins, reports)

    assert flow.violations(found, reports) == []
    boxes = found.boxes
    assert (
        boxes["database_results"] + boxes["register_results"]
        == boxes["duplicates"] + boxes["excluded_other"] + boxes["records_screened"]
    )  # type: ignore[operator]  # numbers, as both rounds are open
    elsewhere = {*(found.lists["excluded_other"] or ()), *(report.key for report in reports)}
    assert elsewhere.isdisjoint(found.lists["duplicates"] or ())
    column_b = len([report for report in reports if not report.from_databases])
    assert (boxes["other_sought_reports"] or 0) == column_b
    placed = [
        key
        for name in ("new_reports", "dbr_excluded", "other_excluded", "awaiting")
        for key in found.lists[name] or ()
    ]
    assert len(placed) == len(set(placed))


@given(reviews(), st.booleans())
def test_counting_hits_keeps_the_screened_number(
    review: tuple[list[Origin], list[Report]], twice: bool
) -> None:
    origins, reports = review
    hits = [("F01", origin.key) for origin in origins] + [("F02", o.key) for o in origins if twice]

    union, summed = built(origins, reports), built(origins, reports, hits=hits)

    assert union.boxes["records_screened"] == summed.boxes["records_screened"]
    assert flow.violations(summed, reports) == []


@given(reviews())
def test_no_number_betrays_a_blind_round(review: tuple[list[Origin], list[Report]]) -> None:
    """Whatever the votes are, the flow of a blind round is the same."""
    origins, reports = review
    blind = [report._replace(screening=None, retrieval=None, assessment=None) for report in reports]

    found = built(origins, blind, screening_is_open=False, assessment_is_open=False, missing=[BLIND])

    assert found.boxes["records_excluded"] is None
    assert found.boxes["dbr_sought_reports"] is None or not any(r.from_databases for r in reports)
    assert found.boxes["new_reports"] is None
    assert flow.violations(found, blind) == []


# --- the update of a living review -----------------------------------------------------------------

# A version of 38 studies in 41 reports: r39 to r41 are second reports of studies 1 to 3.
BEFORE = {f"r{n}": (f"study {n if n <= 38 else n - 38}",) for n in range(1, 42)}


def an_update(**more: object) -> Previous:
    given: dict[str, object] = {"title": "version 1", "reports": BEFORE, "found": frozenset(BEFORE), **more}
    return Previous(**given)  # type: ignore[arg-type]  # fields of Previous


def test_an_update_adds_what_is_new_to_what_the_version_before_included() -> None:
    """Five records: one of a known report, one twice; three screened, one excluded, two included."""
    origins = [
        an_origin("a"),
        an_origin("again", "r7"),
        an_origin("b"),
        an_origin("b2", "b", database="Embase"),
        an_origin("c"),
    ]
    reports = [a_report("a"), a_report("b"), a_report("c", EXCLUDED, None, None)]

    found = built(origins, reports, previous=an_update())

    assert found.template == "updated-databases"
    assert found.lists["duplicates"] == ("again", "b2")
    assert {key: count for key, count in found.boxes.items() if count} == {
        "previous_studies": 38,
        "previous_reports": 41,
        "database_results": 5,
        "duplicates": 2,
        "records_screened": 3,
        "records_excluded": 1,
        "dbr_sought_reports": 2,
        "dbr_assessed": 2,
        "new_studies": 2,
        "new_reports": 2,
        "total_studies": 40,
        "total_reports": 43,
    }
    assert any(
        "Of the duplicate records removed, 1 is of a report known in version 1" in n for n in found.footnotes
    )
    assert flow.violations(found, reports) == []


def test_a_retracted_report_leaves_the_total_and_a_footnote_says_so() -> None:
    """r1 and r39 are the two reports of study 1: with one gone the study stays, with both it goes."""
    one = built([], [], previous=an_update(dropped={"r1": "decided anew: exclude, retracted"}))
    both = built([], [], previous=an_update(dropped={"r1": "retracted", "r39": "retracted"}))

    assert (one.boxes["previous_reports"], one.boxes["total_reports"]) == (41, 40)
    assert (one.boxes["previous_studies"], one.boxes["total_studies"]) == (38, 38)
    assert (both.boxes["total_reports"], both.boxes["total_studies"]) == (39, 37)
    assert "Total −1 report: r1 no longer counts (decided anew: exclude, retracted)." in one.footnotes
    assert flow.violations(one, []) == flow.violations(both, []) == []


def test_a_report_known_before_and_included_since_counts_in_the_total_alone() -> None:
    found = built([an_origin("a")], [a_report("a")], previous=an_update(added={"old": ("old",)}))

    assert (found.boxes["new_reports"], found.boxes["total_reports"]) == (1, 43)
    assert "Total +1 report: old was known then and is included since." in found.footnotes
    assert flow.violations(found, [a_report("a")]) == []


def test_a_record_of_another_method_of_a_known_report_is_told_in_a_footnote() -> None:
    origins = [
        an_origin("w", "r1", database="List", kind=Kind.CITATION),
        an_origin("x", database="List", kind=Kind.CITATION),
    ]
    reports = [a_report("x", from_databases=False)]

    found = built(origins, reports, previous=an_update())

    assert found.template == "updated-other"
    assert found.footnotes[-1] == (
        "2 records identified by other methods: 1 of a report that the version before knew, 1 sought for retrieval."
    )
    assert flow.violations(found, reports) == []


def test_the_total_of_a_blind_update_is_not_shown() -> None:
    found = built(
        [an_origin("a")],
        [a_report("a", None, None, None)],
        previous=an_update(),
        screening_is_open=False,
        assessment_is_open=False,
    )

    assert found.boxes["previous_reports"] == 41
    assert found.boxes["total_reports"] is found.boxes["total_studies"] is None


@pytest.mark.parametrize(
    ("name", "keys", "identity"),
    [
        ("total_reports", ("r1",), "F11"),
        ("total_studies", ("study 1",), "F10"),
        ("total_reports", ("a", "a", *(f"r{n}" for n in range(1, 41))), "F11"),
    ],
)
def test_a_total_that_does_not_add_up_is_named(name: str, keys: tuple[str, ...], identity: str) -> None:
    reports = [a_report("a")]
    found = broken(built([an_origin("a")], reports, previous=an_update()), name, keys)

    assert any(fault.startswith(identity) for fault in flow.violations(found, reports))


@given(reviews(), st.data())
def test_every_possible_update_adds_up(
    review: tuple[list[Origin], list[Report]], data: st.DataObject
) -> None:
    """Some reports of any review are known to the version before; the others are its update."""
    origins, reports = review
    known = {r.key for r in reports if data.draw(st.booleans())}
    before = {r.key: (r.key,) for r in reports if r.key in known and r.assessment is INCLUDED}
    previous = an_update(
        reports=before,
        found=frozenset(known),
        dropped={key: "retracted" for key in before if data.draw(st.booleans())},
    )
    new = [report for report in reports if report.key not in known]

    found = built(origins, new, previous=previous)

    assert flow.violations(found, new) == []
    assert found.boxes["total_reports"] == len(before) - len(previous.dropped) + (
        found.boxes["new_reports"] or 0
    )


def test_a_removed_record_is_in_one_box_also_where_it_is_the_kept_one_or_found_twice() -> None:
    gone = an_origin("a", "b")._replace(is_removed=True)
    origins = [gone, an_origin("b"), an_origin("c", "b"), an_origin("d")._replace(is_removed=True)]
    reports = [a_report("b")]

    found = built(origins, reports)
    summed = built(origins, reports, hits=[("F01", o.key) for o in origins] + [("F02", "a")])

    assert (found.lists["excluded_other"], found.lists["duplicates"]) == (("a", "d"), ("c",))
    assert (summed.lists["excluded_other"], summed.lists["duplicates"]) == (("a", "d"), ("F02 a", "c"))
    assert flow.violations(found, reports) == flow.violations(summed, reports) == []


def test_a_record_in_two_boxes_is_named() -> None:
    reports = [a_report("a")]
    found = built([an_origin("a"), an_origin("b", "a")._replace(is_removed=True)], reports)
    twice = replace(found, lists={**found.lists, "duplicates": ("b",), "records_screened": ()})

    assert "F1: removed both as a duplicate and for other reasons: b" in flow.violations(twice, reports)


# --- studies and reports ---------------------------------------------------------------------------


def included(*keys: str, **more: object) -> tuple[Flow, list[Report]]:
    """A flow of these included reports, and those reports."""
    reports = [a_report(key) for key in keys]
    return built([an_origin(key) for key in keys], reports, **more), reports


def test_three_reports_of_one_study_count_as_one_study() -> None:
    found, reports = included("a", "b", "c", links=dict.fromkeys("abc", ("Paik 2021",)))

    assert found.lists["new_studies"] == ("Paik 2021",)
    assert found.boxes["new_reports"] == 3
    assert found.reports_of("new_studies") == {"Paik 2021": ("a", "b", "c")}
    assert found.footnotes == ()
    assert flow.violations(found, reports) == []


def test_a_report_of_two_studies_makes_more_studies_than_reports_and_a_footnote_says_so() -> None:
    found, reports = included("a", links={"a": ("Cohort A", "Cohort B")})

    assert (found.boxes["new_studies"], found.boxes["new_reports"]) == (2, 1)
    assert found.footnotes == (
        "1 included report tells of more than one study, so there may be more studies than reports: "
        "a (Cohort A; Cohort B).",
    )
    assert flow.violations(found, reports) == []


def test_a_report_without_a_study_counts_as_one_and_a_footnote_says_how_many_do() -> None:
    some, _ = included("a", "b", "c", links={"a": ("Paik 2021",)})
    none, _ = included("a", "b")

    assert some.lists["new_studies"] == ("Paik 2021", "b", "c")
    assert some.without_study == ("b", "c")
    assert some.footnotes == (
        "2 of 3 included reports are linked to no study yet, and each counts as one study.",
    )
    assert none.footnotes == ("No included report is linked to a study yet; each counts as one study.",)


def test_a_link_of_a_report_that_is_not_included_counts_nowhere() -> None:
    reports = [a_report("a"), a_report("b", assessment=FOR_REVIEW)]

    found = built(
        [an_origin("a"), an_origin("b")], reports, links={"a": ("Paik 2021",), "b": ("Bitar 2019",)}
    )

    assert found.lists["new_studies"] == ("Paik 2021",)
    assert flow.violations(found, reports) == []


def test_a_new_report_of_an_earlier_study_counts_in_the_total_alone() -> None:
    """The third term of F11: PRISMA 2020 has no box for it."""
    found, reports = included("a", "b", previous=an_update(), links={"a": ("study 5",)})

    boxes = found.boxes
    assert (boxes["new_studies"], boxes["new_reports"]) == (1, 1)
    assert (boxes["total_studies"], boxes["total_reports"]) == (39, 43)
    assert found.lists["new_reports_of_previous_studies"] == ("a",)
    assert found.reports_of("total_studies")["study 5"] == ("r5", "a")
    assert (
        "1 new report is of studies that version 1 included, and counts in the total alone: a (study 5)."
        in found.footnotes
    )
    assert flow.violations(found, reports) == []


def test_a_report_of_an_earlier_study_and_of_a_new_one_is_a_report_of_the_new_one() -> None:
    found, reports = included("a", previous=an_update(), links={"a": ("New 2024", "study 5")})

    assert (found.lists["new_studies"], found.lists["new_reports"]) == (("New 2024",), ("a",))
    assert found.lists["new_reports_of_previous_studies"] == ()
    assert (found.boxes["total_studies"], found.boxes["total_reports"]) == (39, 42)
    assert flow.violations(found, reports) == []


def test_a_study_whose_reports_were_all_retracted_stays_while_a_new_report_tells_of_it() -> None:
    gone = an_update(dropped={"r1": "retracted", "r39": "retracted"})

    without, _ = included(previous=gone)
    found, reports = included("a", previous=gone, links={"a": ("study 1",)})

    assert without.lists["previous_studies_dropped"] == ("study 1",)
    assert "Total −1 study: study 1, of which no report is left." in without.footnotes
    assert found.lists["previous_studies_dropped"] == ()
    assert (found.boxes["new_studies"], found.boxes["total_studies"], found.boxes["total_reports"]) == (
        0,
        38,
        40,
    )
    assert flow.violations(found, reports) == []


def test_two_earlier_studies_found_to_be_one_are_one_in_the_total() -> None:
    found, _ = included(previous=an_update(linked_since={"r5": ("study 6",)}))

    assert found.lists["previous_studies_dropped"] == ("study 5",)
    assert (found.boxes["previous_studies"], found.boxes["total_studies"]) == (38, 37)
    assert "Total −1 study: study 5, which is told of as study 6 now." in found.footnotes
    assert flow.violations(found, []) == []


def test_an_earlier_study_found_to_be_two_is_two_in_the_total_and_none_is_new() -> None:
    """r1 and r39 are the reports of study 1."""
    found, _ = included(previous=an_update(linked_since={"r39": ("Another",)}))

    assert (found.lists["previous_studies_added"], found.lists["new_studies"]) == (("Another",), ())
    assert found.boxes["total_studies"] == 39
    assert "Total +1 study: Another, which was told of as study 1 then." in found.footnotes
    assert flow.violations(found, []) == []


def test_an_earlier_study_that_is_called_otherwise_since_is_the_same_one() -> None:
    before = {"r1": ("r1",)}
    previous = an_update(reports=before, found=frozenset(before), linked_since={"r1": ("Paik 2021",)})

    found, reports = included("a", previous=previous, links={"a": ("Paik 2021",)})

    assert (found.boxes["previous_studies"], found.boxes["new_studies"], found.boxes["total_studies"]) == (
        1,
        0,
        1,
    )
    assert found.lists["previous_studies_dropped"] == found.lists["previous_studies_added"] == ()
    assert flow.violations(found, reports) == []


@pytest.mark.parametrize(
    ("name", "keys", "told"),
    [
        ("new_studies", ("Paik 2021", "x"), "F8: new studies are not those of their included reports (x)"),
        ("new_studies", (), "F8: new_reports and new_studies do not go together (a)"),
        ("new_studies", ("Paik 2021", "Paik 2021"), "(one stands there twice)"),
    ],
)
def test_studies_that_are_not_those_of_the_reports_are_a_fault(
    name: str, keys: tuple[str, ...], told: str
) -> None:
    found, reports = included("a", links={"a": ("Paik 2021",)})

    assert any(told in fault for fault in flow.violations(broken(found, name, keys), reports))


def test_an_included_report_of_no_study_and_an_earlier_study_called_new_are_faults() -> None:
    first, reports = included("a")
    update, more = included("a", previous=an_update(), links={"a": ("study 5",)})

    without = replace(first, links={})
    new = broken(broken(update, "new_studies", ("study 5",)), "new_reports", ("a",))

    assert "F8: 1 included report of no study (a)" in flow.violations(without, reports)
    faults = flow.violations(new, more)
    assert "F8: new studies with a report of an earlier one (study 5)" in faults
    assert any(fault.startswith("F10") for fault in faults)


def test_how_many_studies_there_are_is_not_told_while_full_text_is_blind() -> None:
    found, _ = included("a", assessment_is_open=False, links={"a": ("Paik 2021",)})

    assert found.boxes["new_studies"] is None
    assert (found.footnotes, found.links, found.without_study) == ((), {}, ())


names = st.sampled_from(
    ["Paik 2021", "Bitar 2019", "Chen 2022", "1-0"]
)  # the last is also the key of a report


@st.composite
def linked_updates(
    draw: st.DrawFn,
) -> tuple[list[Origin], list[Report], Previous, dict[str, tuple[str, ...]]]:
    """Any review, some of whose reports a version before knew, with any links then and any links now."""
    origins, reports = draw(reviews())
    several = st.lists(names, max_size=3, unique=True).map(lambda found: tuple(sorted(found)))
    before, now, dropped, added = {}, {}, {}, {}
    known = [r for r in reports if draw(st.booleans())]
    for report in known:
        then = draw(several) or (report.key,)
        match draw(st.sampled_from(["stays", "goes", "comes", "never"])):
            case "stays":
                before[report.key] = then
            case "goes":
                before[report.key] = then
                dropped[report.key] = "retracted"
            case "comes":
                added[report.key] = then
        if report.key in before and draw(st.booleans()):
            now[report.key] = draw(several) or (report.key,)
    previous = an_update(
        reports=before, found=frozenset(r.key for r in known), dropped=dropped, added=added, linked_since=now
    )
    links = {r.key: found for r in reports if (found := draw(several))}
    return origins, [r for r in reports if r not in known], previous, links


@given(linked_updates())
def test_every_possible_update_with_any_links_adds_up(
    given: tuple[list[Origin], list[Report], Previous, dict[str, tuple[str, ...]]],
) -> None:
    origins, new, previous, links = given

    found = built(origins, new, previous=previous, links=links)

    assert flow.violations(found, new) == []
    counted = set(found.lists["total_studies"] or ())
    assert counted == {study for report in found.included for study in found.links[report]}
    for name in flow.STUDY_LISTS:
        told = found.reports_of(name)
        assert tuple(told) == found.lists[name]
        assert all(told.values()), name


@given(linked_updates(), st.randoms())
def test_the_order_of_links_does_not_matter(
    given: tuple[list[Origin], list[Report], Previous, dict[str, tuple[str, ...]]], random: Any
) -> None:
    origins, new, previous, links = given
    keys = random.sample(list(links), len(links))

    one = built(origins, new, previous=previous, links=links)
    other = built(origins, new, previous=previous, links={key: links[key] for key in keys})

    assert one == other
