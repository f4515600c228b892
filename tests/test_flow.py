"""The PRISMA 2020 flow: every number the length of a list, and the identities that must hold."""

from __future__ import annotations

from dataclasses import replace

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

    found = built(origins, reports, screening_is_open=False, assessment_is_open=False)

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

    found = built(origins, blind, screening_is_open=False, assessment_is_open=False)

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
    gone = replace(an_origin("a", "b"), is_removed=True)
    origins = [gone, an_origin("b"), an_origin("c", "b"), replace(an_origin("d"), is_removed=True)]
    reports = [a_report("b")]

    found = built(origins, reports)
    summed = built(origins, reports, hits=[("F01", o.key) for o in origins] + [("F02", "a")])

    assert (found.lists["excluded_other"], found.lists["duplicates"]) == (("a", "d"), ("c",))
    assert (summed.lists["excluded_other"], summed.lists["duplicates"]) == (("a", "d"), ("F02 a", "c"))
    assert flow.violations(found, reports) == flow.violations(summed, reports) == []


def test_a_record_in_two_boxes_is_named() -> None:
    reports = [a_report("a")]
    found = built([an_origin("a"), replace(an_origin("b", "a"), is_removed=True)], reports)
    twice = replace(found, lists={**found.lists, "duplicates": ("b",), "records_screened": ()})

    assert "F1: removed both as a duplicate and for other reasons: b" in flow.violations(twice, reports)
