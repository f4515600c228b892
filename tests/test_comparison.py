"""Why two answers to a search differ: exact differences, one leading reason each, honest grades."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iimscreen.comparison import Comparison, Facts, Found, Limit, Query, Side, compare, is_retracted
from iimscreen.comparison.caveats import sentences
from iimscreen.comparison.reasons import REASONS, Change, Grade, Reason
from iimscreen.model import Link, Record

AS_OF = Limit("crdt", "2023-08-23")
RETRACTED = ("Journal Article", "Retracted Publication")


def a_record(pmid: str, **facts: object) -> Record:
    given_facts: dict[str, object] = {
        "accession": pmid,
        "pmid": pmid,
        "title": f"Tofarinib in {pmid} invented people with myositis: a series",
        "year": 2020,
        "entered_on": "2020-05-01",
        **facts,
    }
    return Record(**given_facts)  # type: ignore[arg-type]  # facts of any field


def a_side(*records: Record, name: str = "run", day: str | None = "2026-11-23", **facts: object) -> Side:
    read_as = str(facts.get("source", "pubmed"))
    found = {
        record.accession: Found(record.accession, record.pmid, record.doi, record, read_as)
        for record in records
        if record.accession
    }
    query = Query("myositis AND tofarinib", '"myositis"[MeSH Terms]', frozenset(found))
    given_facts: dict[str, object] = {"source": "pubmed", "queries": {"S1": query}, **facts}
    return Side(name=name, asked_until=day, records=found, **given_facts)  # type: ignore[arg-type]  # as above


def a_list(*pmids: str, day: str | None = None) -> Side:
    records = {pmid: Found(pmid, pmid, None) for pmid in pmids}
    return Side(name="pmids.txt", source=None, asked_until=day, records=records)


def the_reason(found: Comparison) -> Reason:
    (only,) = found.differences
    return only.reason


EARLIER = {"name": "earlier", "day": "2024-03-01T10:00:00.000Z"}
LATER = {"name": "later", "day": "2026-11-23T10:00:00.000Z"}


# --- what always holds -----------------------------------------------------------------------------

_DAYS = st.sampled_from(["2022-01-05", "2023-08-23", "2023-08-24", "2024-03-01", "2024-09-09", "2023", None])
_RECORDS = st.builds(
    lambda number, **facts: a_record(str(number), **facts),
    st.integers(1, 9),
    entered_on=_DAYS,
    published_on=_DAYS,
    indexed_on=_DAYS,
    revised_on=_DAYS,
    title=st.sampled_from(["Tofarinib in myositis, an invented series of patients", "Another", None]),
    doi=st.sampled_from([None, "10.5555/a", "10.5555/b"]),
    mesh_terms=st.sampled_from([(), ("Myositis",), ("Myositis", "Humans")]),
    publication_types=st.sampled_from([("Journal Article",), RETRACTED]),
    links=st.sampled_from([(), (Link("ErratumIn", "77"),), (Link("ExpressionOfConcernIn", "78"),)]),
)
_LIMITS = st.sampled_from([None, AS_OF, Limit("dp", "2023-08-23"), Limit("crdt", "2022-12-31")])


@st.composite
def sides(draw: st.DrawFn, day: str | None) -> Side:
    """A run, in PubMed or in a corpus, or a list of PMIDs."""
    records = draw(st.lists(_RECORDS, max_size=6, unique_by=lambda record: record.accession))
    source = draw(st.sampled_from(["pubmed", "pubmed", "corpus", None]))
    if source is None:
        return a_list(*(record.pmid or "" for record in records), day=day)
    if source == "corpus":
        records = [replace(record, accession=f"c{record.accession}") for record in records]
    accessions = frozenset(record.accession or "" for record in records)
    text = draw(st.sampled_from(["myositis", "myositis AND tofarinib"]))
    reading = draw(st.sampled_from(["", '"myositis"[MeSH Terms]', "myositis[tiab]"]))
    return a_side(
        *records,
        day=day,
        source=source,
        limit=draw(_LIMITS),
        data=draw(st.sampled_from([None, "3 records"])),
        queries={"S1": Query(text, reading, accessions)},
    )


_PAIRS = st.tuples(
    st.sampled_from(["2023-08-23", "2024-03-01T10:00:00.000Z", None]).flatmap(sides),
    st.sampled_from(["2024-03-01", "2026-11-23T10:00:00.000Z", None]).flatmap(sides),
)


def _identity(side: Side) -> set[str]:
    return {found.pmid or accession for accession, found in side.records.items()}


@given(_PAIRS)
def test_new_and_lost_are_exactly_the_two_set_differences(pair):
    first, second = pair

    found = compare(first, second)

    by_change = {
        change: {one.pmid for one in found.differences if one.change is change}
        for change in (Change.NEW, Change.LOST)
    }
    assert by_change[Change.NEW] == _identity(second) - _identity(first)
    assert by_change[Change.LOST] == _identity(first) - _identity(second)
    assert found.in_both == len(_identity(first) & _identity(second))


@given(_PAIRS)
def test_every_record_that_differs_has_one_leading_reason_and_the_grades_sum(pair):
    found = compare(*pair)

    assert len({(one.record, one.change) for one in found.differences}) == len(found.differences)
    assert sum(found.grades().values()) == len(found.differences)
    assert sum(found.count(change) for change in Change) == len(found.differences)
    assert (found.share_cannot_know is None) == (not found.differences)
    assert 0 <= (found.share_cannot_know or 0) <= 1
    assert found.not_comparable <= found.in_both


@given(_PAIRS)
def test_a_side_does_not_differ_from_itself(pair):
    found = compare(pair[0], pair[0])

    assert found.differences == ()
    assert found.in_both == len(pair[0].records)
    assert all(not one.gained and not one.lost for one in found.sub_queries)


@given(_PAIRS)
def test_comparing_the_other_way_round_swaps_new_and_lost_and_keeps_every_reason(pair):
    first, second = pair
    swapped = {Change.NEW: Change.LOST, Change.LOST: Change.NEW}

    there, back = compare(first, second), compare(second, first)

    assert {(one.pmid, one.change, one.reason) for one in there.differences} == {
        (one.pmid, swapped.get(one.change, one.change), one.reason) for one in back.differences
    }
    assert there.grades() == back.grades()


@given(_PAIRS)
def test_no_reason_that_rests_on_contents_is_given_where_there_are_none(pair):
    first, second = pair
    found = compare(
        replace(first, records={k: replace(v, content=None) for k, v in first.records.items()}), second
    )

    assert found.not_comparable == found.in_both
    assert all(one.change in (Change.NEW, Change.LOST) for one in found.differences)


def test_every_reason_stands_in_the_table_with_a_grade_and_what_it_rests_on():
    assert list(REASONS) == list(Reason)
    assert all(rule.how for rule in REASONS.values())
    assert {rule.grade for rule in REASONS.values()} == set(Grade)


# --- why one side lacks a record -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "earlier", "later", "reason"),
    [
        ({"entered_on": "2024-04-01"}, {"limit": AS_OF}, {}, Reason.ENTERED_AFTER_LIMIT),
        ({"entered_on": "2024-04-01"}, {}, {}, Reason.ENTERED_LATER),
        ({"entered_on": "2024-03-01"}, {}, {}, Reason.ENTERED_SAME_DAY),
        ({"entered_on": "2024-03"}, {}, {}, Reason.UNEXPLAINED),
        ({"indexed_on": "2024-06-01"}, {}, {}, Reason.INDEXED_LATER),
        ({"indexed_on": "2020-05-01"}, {}, {}, Reason.UNEXPLAINED),
        ({"revised_on": "2025-01-01"}, {}, {}, Reason.REVISED_LATER),
        ({"entered_on": None}, {"limit": AS_OF}, {}, Reason.UNDATED),
        ({"entered_on": None, "published_on": "2024"}, {"limit": AS_OF}, {}, Reason.PUBLISHED_AFTER_LIMIT),
        (
            {"published_on": "2024-01-01"},
            {"limit": Limit("dp", "2023-08-23")},
            {},
            Reason.PUBLISHED_AFTER_LIMIT,
        ),
        ({}, {}, {}, Reason.UNEXPLAINED),
    ],
)
def test_a_record_that_only_the_later_run_finds_is_explained_by_what_it_states(
    record, earlier, later, reason
):
    found = compare(a_side(**EARLIER, **earlier), a_side(a_record("1", **record), **LATER, **later))

    assert the_reason(found) is reason


def test_a_record_entered_on_the_last_day_of_the_limit_is_not_explained_by_it():
    earlier = a_side(**EARLIER, limit=AS_OF)

    found = compare(earlier, a_side(a_record("1", entered_on="2023-08-23"), **LATER))

    assert the_reason(found) is Reason.UNEXPLAINED


def test_two_runs_under_one_limit_are_not_told_apart_by_it():
    late = a_record("1", entered_on="2024-01-01")  # as if the source had let it in

    found = compare(a_side(**EARLIER, limit=AS_OF), a_side(late, **LATER, limit=AS_OF))

    assert the_reason(found) is Reason.UNEXPLAINED


def test_later_headings_explain_nothing_where_no_heading_is_searched():
    queries = {"S1": Query("myositis[tiab]", '"myositis"[Title/Abstract]', frozenset({"1"}))}
    indexed = a_side(a_record("1", indexed_on="2024-06-01"), **LATER, queries=queries)

    found = compare(a_side(**EARLIER, queries=queries), indexed)

    assert the_reason(found) is Reason.UNEXPLAINED


def test_a_lost_record_without_a_trace_is_one_whose_reason_cannot_be_known():
    found = compare(a_side(a_record("1"), **EARLIER), a_side(**LATER))

    assert the_reason(found) is Reason.UNEXPLAINED
    assert found.share_cannot_know == 1.0
    assert sentences(found)[0] == (
        "For 1 of 1 difference (100%) the reason cannot be known from what is stored."
    )


def test_a_lost_record_that_stands_under_another_number_is_likely_merged():
    old, new = a_record("1", doi="10.5555/x"), a_record("2", doi="10.5555/x")

    found = compare(a_side(old, **EARLIER), a_side(new, **LATER))

    assert [(one.change, one.reason) for one in found.differences] == [
        (Change.NEW, Reason.SAME_REPORT),
        (Change.LOST, Reason.SAME_REPORT),
    ]
    assert "as 1" in found.differences[0].detail


def test_a_title_of_one_word_does_not_make_two_records_one_report():
    old, new = a_record("1", title="Editorial"), a_record("2", title="Editorial")

    found = compare(a_side(old, **EARLIER), a_side(new, **LATER))

    assert {one.reason for one in found.differences} == {Reason.UNEXPLAINED}


def test_another_query_over_the_very_same_data_is_certain_and_else_likely():
    other = {"queries": {"S1": Query("arthritis", "", frozenset({"1"}))}}

    same_data = compare(a_side(data="9 records"), a_side(a_record("1"), data="9 records", **other))
    unknown_data = compare(a_side(), a_side(a_record("1"), **other))

    assert the_reason(same_data) is Reason.OTHER_QUERY_SAME_DATA
    assert the_reason(unknown_data) is Reason.OTHER_QUERY
    assert unknown_data.differences[0].grade is Grade.LIKELY


def test_another_limit_over_the_very_same_data_is_certain():
    found = compare(a_side(limit=AS_OF, data="9 records"), a_side(a_record("1"), data="9 records"))

    assert the_reason(found) is Reason.OTHER_LIMIT


def test_another_reading_of_the_same_words_is_told_but_not_where_only_its_dates_differ():
    def run(reading: str, *records: Record, **facts: object) -> Side:
        queries = {"S1": Query("DM", reading, frozenset(x.accession or "" for x in records))}
        return a_side(*records, queries=queries, **facts)

    dates = '"dm"[All Fields] AND 1800/01/01:{}[Date - Create]'
    old = run(dates.format("2023/08/23"), **EARLIER)

    read_otherwise = compare(old, run('"dermatomyositis"[All Fields]', a_record("1"), **LATER))
    other_dates = compare(old, run(dates.format("2024/01/01"), a_record("1"), **LATER))

    assert the_reason(read_otherwise) is Reason.OTHER_READING
    assert the_reason(other_dates) is Reason.UNEXPLAINED


# --- lists of PMIDs --------------------------------------------------------------------------------


def test_a_list_without_a_date_explains_nothing_and_says_what_would_help():
    found = compare(a_list("2"), a_side(a_record("1", entered_on="2026-01-01"), **LATER))

    assert {one.reason for one in found.differences} == {Reason.LIST}
    assert found.share_cannot_know == 1.0
    assert any("--on DATE" in sentence for sentence in sentences(found))


def test_a_dated_list_tells_what_entered_or_was_indexed_after_it():
    later = a_side(
        a_record("1", entered_on="2023-09-01"), a_record("2", indexed_on="2023-12-01"), a_record("3"), **LATER
    )

    found = compare(a_list("3", "4", day="2023-08-23"), later)

    assert {one.record: one.reason for one in found.differences} == {
        "1": Reason.ENTERED_LATER,
        "2": Reason.INDEXED_LATER,
        "4": Reason.LIST,
    }
    assert found.not_comparable == 1
    assert any("a list of PMIDs has no contents" in sentence for sentence in sentences(found))


def test_a_listed_pmid_whose_day_of_entry_the_review_knows_is_explained_by_the_limit():
    facts = Facts(entered_on={"4": "2023-09-15"})

    found = compare(a_list("4"), a_side(**LATER, limit=AS_OF), facts)

    assert the_reason(found) is Reason.ENTERED_AFTER_LIMIT


def test_what_pubmed_no_longer_gives_is_the_likely_reason_since_it_may_be_gone_only_since_then():
    found = compare(a_list("4"), a_side(**LATER), Facts(asked_now={"4": None}))

    assert the_reason(found) is Reason.GONE
    assert found.differences[0].grade is Grade.LIKELY
    assert found.share_cannot_know == 0.0


@pytest.mark.parametrize(
    ("now", "reason"), [({"mesh_terms": ("Myositis",)}, Reason.CHANGED_SINCE), ({}, Reason.STILL_THERE)]
)
def test_what_pubmed_still_gives_is_told_apart_by_whether_it_changed(now, reason):
    old = a_record("4")

    found = compare(a_side(old, **EARLIER), a_side(**LATER), Facts(asked_now={"4": a_record("4", **now)}))

    assert the_reason(found) is reason


def test_what_pubmed_says_now_does_not_explain_what_an_earlier_run_lacked():
    found = compare(a_side(**EARLIER), a_side(a_record("4"), **LATER), Facts(asked_now={"4": None}))

    assert the_reason(found) is Reason.UNEXPLAINED


def test_a_list_beside_a_corpus_is_matched_by_pmid_only():
    in_corpus = [replace(a_record("c1"), pmid="1"), replace(a_record("c2", doi="10.5555/x"), pmid=None)]

    found = compare(a_list("1", "3"), a_side(*in_corpus, source="corpus"))

    assert {one.record: one.reason for one in found.differences} == {
        "c2": Reason.NO_IDENTIFIER,
        "3": Reason.OTHER_SOURCE,
    }
    assert any("another source than PubMed" in sentence for sentence in sentences(found))


# --- different sources -----------------------------------------------------------------------------


def test_different_sources_are_matched_by_pmid_then_doi_and_the_output_says_so():
    in_corpus = [
        a_record("1", accession="c1"),
        replace(a_record("c2", doi="10.5555/x"), pmid=None),
        replace(a_record("c3"), pmid=None),
    ]
    in_pubmed = [a_record("1"), a_record("22", doi="10.5555/x"), a_record("5")]

    found = compare(a_side(*in_corpus, source="corpus"), a_side(*in_pubmed))

    assert found.in_both == 2
    assert {one.record: one.reason for one in found.differences} == {
        "5": Reason.OTHER_SOURCE,
        "c3": Reason.NO_IDENTIFIER,
    }
    assert any("different sources" in sentence for sentence in sentences(found))


# --- what changed in a record ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "change", "reason"),
    [
        ({}, {"publication_types": RETRACTED}, Change.RETRACTED, Reason.RETRACTED_SINCE),
        ({}, {"links": (Link("RetractionIn"),)}, Change.RETRACTED, Reason.RETRACTED_SINCE),
        (
            {},
            {"links": (Link("ExpressionOfConcernIn", "9"),), "mesh_terms": ("Myositis",)},
            Change.CHANGED,
            Reason.CONCERN_SINCE,
        ),
        ({}, {"links": (Link("ErratumIn", "9"),)}, Change.CHANGED, Reason.CORRECTED_SINCE),
        ({}, {"links": (Link("CommentIn", "9"),)}, Change.CHANGED, Reason.DETAILS_CHANGED),
        ({}, {"mesh_terms": ("Myositis",), "title": "Another"}, Change.CHANGED, Reason.MESH_ADDED),
        ({"mesh_terms": ("Myositis",)}, {}, Change.CHANGED, Reason.INDEXING_CHANGED),
        ({}, {"abstract": "Now there is one."}, Change.CHANGED, Reason.TEXT_CHANGED),
        ({}, {"pages": "1-9", "revised_on": "2025-01-01"}, Change.CHANGED, Reason.DETAILS_CHANGED),
        ({"publication_types": RETRACTED}, {}, Change.CHANGED, Reason.INDEXING_CHANGED),
    ],
)
def test_a_record_on_both_sides_is_told_by_what_its_contents_gained(before, after, change, reason):
    found = compare(a_side(a_record("1", **before), **EARLIER), a_side(a_record("1", **after), **LATER))

    (only,) = found.differences
    assert (only.change, only.reason, only.grade) == (change, reason, Grade.CERTAIN)
    assert {field.field for field in only.fields} == {*before, *after}


def test_the_order_of_time_counts_and_not_the_order_of_the_arguments():
    retracted_later = a_side(a_record("1", publication_types=RETRACTED), **LATER)

    found = compare(retracted_later, a_side(a_record("1"), **EARLIER))

    assert found.differences[0].change is Change.RETRACTED


def test_a_notice_of_retraction_is_not_itself_retracted():
    notice = a_record("1", publication_types=("Retraction Notice",), links=(Link("RetractionOf", "2"),))

    assert not is_retracted(notice)


def test_contents_that_came_through_different_readers_are_not_called_changed():
    one, other = a_side(a_record("1"), **EARLIER), a_side(a_record("1", title="Another"), **LATER)
    other = replace(other, records={"1": replace(other.records["1"], read_as="pubmed, nbib")})

    found = compare(one, other)

    assert found.differences == ()
    assert found.not_comparable == 1
    assert any("cannot be known for 1 of 1 record" in sentence for sentence in sentences(found))


# --- sub-queries -----------------------------------------------------------------------------------


def test_sub_queries_of_the_same_labels_say_what_each_gained_and_lost():
    one, two, three = (a_record(number) for number in "123")

    def search(first_label: set[str], second_label: set[str], **facts: object) -> Side:
        queries = {
            "S1": Query("a", "", frozenset(first_label)),
            "S2": Query("b", "", frozenset(second_label)),
        }
        held = [x for x in (one, two, three) if x.accession in first_label | second_label]
        return a_side(*held, queries=queries, **facts)

    found = compare(search({"1"}, {"2"}, **EARLIER), search({"1", "2"}, {"3"}, **LATER))

    assert [(x.label, x.gained, x.lost) for x in found.sub_queries] == [
        ("S1", ("2",), ()),
        ("S2", ("3",), ("2",)),
    ]
    assert {one.record for one in found.differences} == {"3"}


def test_sub_queries_of_other_labels_are_not_laid_beside_each_other():
    other = a_side(queries={"Q1": Query("a", "", frozenset())})

    assert compare(a_side(), other).sub_queries == ()


def test_a_limit_by_entry_is_said_to_search_the_headings_of_the_day_of_the_run():
    said = sentences(compare(a_side(limit=AS_OF), a_side()))

    assert said[0] == "No difference was found."
    assert any("not of the limit's date" in sentence for sentence in said)
