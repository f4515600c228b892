"""Edits read over the source's words, and removals before screening: what every other room makes of them."""

from __future__ import annotations

import ast
import tempfile
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import iimscreen
from conftest import a_record, bring_in
from iimscreen import curation, dedupe, flow, fulltext, living, logbook, report, review_flow, review_protocol
from iimscreen.duplicates import asking, by_hand, progress
from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import Author, Kind, Record, Verdict
from iimscreen.protocol import TITLE_ABSTRACT
from iimscreen.review_protocol import in_force
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review, decisions, duplicates, open_review, records, versions
from iimscreen.store import curation as stored
from iimscreen.store import reports as stored_reports
from iimscreen.store.gate import Gate
from iimscreen.team import unblind
from iimscreen.voting import Vote
from living_reviews import judge, play


def edit(review: Review, key: str, /, **values: str) -> curation.Edited:
    return curation.edit(review, key, values, note="from the paper", by="ann")


def vote(review: Review, name: str, key: str, verdict: str = "include") -> None:
    Desk(review, name, TITLE_ABSTRACT).decide(Decision(key, verdict))


# --- edits -----------------------------------------------------------------------------------------


def test_the_last_edit_stands_and_the_source_s_words_stay(review: Review) -> None:
    (key,) = bring_in(review, [a_record(1, year=1990)])

    edit(review, key, year="2020", abstract="First.")
    edit(review, key, year="2021")

    record = records.by_key(review, key).record
    assert (record.year, record.abstract) == (2021, "First.")
    assert records.as_stated(review, key).record == Record(
        **{f.name: getattr(record, f.name) for f in fields(Record)} | {"year": 1990, "abstract": None}
    )
    assert report.check(review).faults == ()


def test_every_kind_of_value_comes_back_as_it_was_read(review: Review) -> None:
    (key,) = bring_in(review, [a_record(1)])

    edit(
        review,
        key,
        title="A  title\nin two lines",
        authors="Paik, Julie J.; Casciola-Rosen, L; Plato; {COMET; no}".replace("; no", " Study Group"),
        doi="https://doi.org/10.1002/ART.41602.",
        pmid="PMID: 33258553",
        pmcid="pmc7987654",
        languages="eng; ger",
        registrations="nct03002649; ISRCTN:ISRCTN12345678",
        abstract="BACKGROUND: one.\n\n  RESULTS:  two. ",
        published_on="2021-03",
    )

    record = records.by_key(review, key).record
    assert record.title == "A title in two lines"
    assert record.authors == (
        Author("Paik", "Julie J."),
        Author("Casciola-Rosen", "L"),
        Author("Plato"),
        Author("COMET Study Group", is_group=True),
    )
    assert (record.doi, record.pmid, record.pmcid) == ("10.1002/art.41602", "33258553", "PMC7987654")
    assert record.languages == ("eng", "ger")
    assert record.registrations == ("ClinicalTrials.gov:NCT03002649", "ISRCTN:ISRCTN12345678")
    assert record.abstract == "BACKGROUND: one.\nRESULTS: two."
    assert record.published_on == "2021-03"


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("year", "21", "is no year"),
        ("year", "２０２１", "is no year"),
        ("doi", "see the paper", "is no DOI"),
        ("pmid", "PMC123", "is no PMID"),
        ("pmcid", "123", "is no PMCID"),
        ("authors", "Julie Paik", "not written as 'Family, Given'"),
        ("authors", "; ;", "is empty"),
        ("languages", "37", "is no language"),
        ("registrations", "12345", "names no register"),
        ("published_on", "03/2021", "is no date"),
        ("pages", "1-3; 5", "are no pages"),
        ("title", "  ", "is empty"),
        ("key", "x:1", "cannot be edited: it says which record this is"),
        ("accession", "1", "cannot be edited"),
        ("source", "x", "cannot be edited"),
        ("mesh_terms", "Dermatomyositis", "work of the source's indexers"),
        ("colour", "red", "has no field 'colour'"),
    ],
)
def test_a_value_that_is_none_or_a_field_that_may_not_be_edited_is_told_why(
    review: Review, field: str, value: str, told: str
) -> None:
    (key,) = bring_in(review, [a_record(1)])

    with pytest.raises(InputError, match=told):
        edit(review, key, **{"volume": "1", field: value})

    assert stored.edits(review, key) == []


def test_every_field_of_a_record_may_be_edited_or_says_why_not() -> None:
    assert {f.name for f in fields(Record)} <= set(curation.EDITABLE) | set(curation._FIXED)
    assert set(curation.EDITABLE).isdisjoint(curation._FIXED)


def test_after_any_edit_of_a_field_that_matching_reads_records_are_compared_anew() -> None:
    folder = Path(iimscreen.__file__).parent / "matching"
    read = {
        node.attr
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }

    assert read & set(curation.EDITABLE) - {"title"} <= progress.COMPARED
    assert set(curation.EDITABLE) >= progress.COMPARED


def test_an_edit_equal_to_what_stands_is_nothing_to_do(review: Review) -> None:
    (key,) = bring_in(review, [a_record(1, year=1990, authors=(Author("Paik", "J"),))])

    done = edit(review, key, year="1990", authors="Paik, J")

    assert (done.changes, done.unchanged) == ((), ("year", "authors"))
    assert stored.edits(review, key) == []
    emptied = curation.edit(review, key, {}, unset=["abstract"], note="none", by="ann")
    assert emptied.unchanged == ("abstract",)


def test_a_field_may_be_emptied_but_for_the_title(review: Review) -> None:
    (key,) = bring_in(review, [a_record(1, doi="10.1000/wrong", authors=(Author("Paik", "J"),))])

    curation.edit(review, key, {}, unset=["doi", "authors"], note="of another paper", by="ann")

    record = records.by_key(review, key).record
    assert (record.doi, record.authors) == (None, ())
    with pytest.raises(InputError, match="title cannot be emptied"):
        curation.edit(review, key, {}, unset=["title"], note="x", by="ann")


def test_an_edit_needs_its_reason_and_a_name(review: Review) -> None:
    (key,) = bring_in(review, [a_record(1)])

    with pytest.raises(InputError, match="needs its reason"):
        curation.edit(review, key, {"year": "2021"}, note=" ", by="ann")
    with pytest.raises(InputError, match="cannot be a person's name"):
        curation.edit(review, key, {"year": "2021"}, note="x", by="")


def test_undoing_takes_edits_back_one_by_one_from_the_last(review: Review) -> None:
    (key,) = bring_in(review, [a_record(1, year=1990)])
    edit(review, key, year="2020")
    edit(review, key, year="2021")
    edit(review, key, volume="7")

    undone = [curation.undo(review, key, by="bob").changes[0] for _ in range(3)]

    assert [(one.field, one.before, one.after) for one in undone] == [
        ("volume", "7", None),
        ("year", "2021", "2020"),
        ("year", "2020", "1990"),
    ]
    assert records.by_key(review, key) == records.as_stated(review, key)
    with pytest.raises(ProtocolError, match="no edit to take back"):
        curation.undo(review, key, by="bob")
    assert report.check(review).faults == ()


def test_a_record_is_found_by_its_corrected_numbers_and_not_by_the_wrong_ones(review: Review) -> None:
    one, other = bring_in(review, [a_record(1, pmid="11", doi="10.1000/a"), a_record(2, pmid="22")])
    edit(review, one, pmid="33", doi="10.1000/b")

    assert records.find(review, "pmid:33").key == one
    assert records.find(review, "doi:10.1000/B").key == one
    assert records.keys_with_pmids(review, ["11", "22", "33"]) == [one, other]
    assert records.keys_with_pmids(review, ["11"]) == []
    for wrong in ("pmid:11", "doi:10.1000/a"):
        with pytest.raises(InputError, match="no record"):
            records.find(review, wrong)


def test_reviewers_see_the_edited_record(review: Review) -> None:
    (key,) = bring_in(review, [a_record(1)])
    edit(review, key, abstract="Now there is one.")

    (waiting,) = Desk(review, "ann", TITLE_ABSTRACT).waiting()

    assert waiting.record.abstract == "Now there is one."


def test_an_edit_asks_for_deduplication_and_may_make_and_unmake_a_duplicate(review: Review) -> None:
    (one,) = bring_in(review, [a_record(1, doi="10.1000/one")])
    (other,) = bring_in(
        review, [a_record(1, source_id="x", doi=None, title="Case 1 of another")], database="B"
    )
    dedupe.run(review)
    assert progress.to_compare(review) == []

    edit(review, other, abstract="No matter to duplicates.")
    assert progress.to_compare(review) == []
    done = edit(review, other, doi="10.1000/one", title=records.by_key(review, one).record.title or "")

    assert done.compare_again
    assert progress.to_compare(review) == ["deduplication: 1 record edited since, so run it again"]
    assert "deduplication: 1 record edited since, so run it again" in review_flow.prisma(review).missing
    dedupe.run(review)
    assert records.kept_of(review, other) == one
    assert progress.to_compare(review) == []
    for _ in range(3):
        curation.undo(review, other, by="ann")
    dedupe.run(review)
    assert records.kept_of(review, other) == other


def test_votes_given_before_an_edit_stand_and_are_counted_without_a_verdict(review: Review) -> None:
    one, other = bring_in(review, [a_record(1), a_record(2)])
    vote(review, "ann", one)

    done = edit(review, one, title="Another title")

    assert done.votes == (curation.StageVotes(TITLE_ABSTRACT, 1, 2),)
    assert edit(review, other, year="2001").votes == ()
    assert decisions.voters(review, TITLE_ABSTRACT, one) == {"ann"}


def test_an_edit_of_a_duplicate_says_which_record_reviewers_see(review: Review) -> None:
    one, other = bring_in(review, [a_record(1), a_record(2)])
    by_hand.merge(review, [one, other], by="ann")

    assert edit(review, other, abstract="Text.").shown_instead == one
    assert edit(review, one, abstract="Text.").shown_instead is None


def test_a_record_imported_again_keeps_its_edits_and_stays_one_record(review: Review) -> None:
    (key,) = bring_in(review, [a_record(1, accession="2021012345")])
    edit(review, key, title="Corrected")

    bring_in(review, [a_record(1, accession="2021012345", volume="3")])

    assert [one.key for one in records.everything(review)] == [key]
    assert records.by_key(review, key).record.title == "Corrected"


def test_a_closed_version_is_the_same_after_edits(review: Review) -> None:
    (key,) = bring_in(review, [a_record(1)])
    judge(review, include=[key])
    living.close(review, by="ann")
    before = review_flow.of_version(review, 1)

    edit(review, key, title="Another", year="2000")

    assert dict(review_flow.of_version(review, 1).lists) == dict(before.lists)
    assert report.check(review).faults == ()


# --- removals --------------------------------------------------------------------------------------


def removed(review: Review, *keys: str, reason: str = "test record") -> curation.Removed:
    return curation.remove(review, keys, reason=reason, by="ann")


def test_a_removed_record_is_identified_and_neither_screened_nor_a_duplicate(review: Review) -> None:
    one, other, third = bring_in(review, [a_record(n) for n in (1, 2, 3)])
    by_hand.merge(review, [one, other], by="ann")

    removed(review, other, third, reason="retracted before screening")

    made = review_flow.prisma(review)
    assert made.boxes["database_results"] == 3
    assert made.lists["excluded_other"] == (other, third)
    assert (made.boxes["duplicates"], made.lists["records_screened"]) == (0, (one,))
    assert "Records removed before screening for other reasons: retracted before screening (n = 2)." in (
        made.footnotes
    )
    assert [record.key for record in Desk(review, "ann", TITLE_ABSTRACT).waiting()] == [one]


def test_the_earliest_record_that_is_left_stands_for_the_report(review: Review) -> None:
    keys = bring_in(review, [a_record(n) for n in (1, 2, 3)])
    by_hand.merge(review, keys, by="ann")

    done = removed(review, keys[0])

    assert done.kept == {keys[0]: keys[1]}
    assert [records.kept_of(review, key) for key in keys] == [keys[1]] * 3
    made = review_flow.prisma(review)
    assert (made.lists["records_screened"], made.lists["duplicates"]) == ((keys[1],), (keys[2],))
    assert dedupe.run(review).reports == 1
    assert records.kept_of(review, keys[0]) == keys[1]
    assert report.check(review).faults == ()


def test_a_restored_record_takes_no_other_s_place(review: Review) -> None:
    keys = bring_in(review, [a_record(n) for n in (1, 2)])
    by_hand.merge(review, keys, by="ann")
    removed(review, keys[0])
    vote(review, "bob", keys[1])

    curation.restore(review, [keys[0]], note="it was none", by="ann")

    assert [records.kept_of(review, key) for key in keys] == [keys[1]] * 2
    made = review_flow.prisma(review)
    assert (made.lists["excluded_other"], made.lists["duplicates"]) == ((), (keys[0],))
    assert report.check(review).faults == ()


def test_a_report_of_removed_records_alone_is_not_screened_and_its_restoring_is(review: Review) -> None:
    keys = bring_in(review, [a_record(n) for n in (1, 2)])
    by_hand.merge(review, keys, by="ann")

    done = removed(review, *keys)

    assert done.kept == {}
    assert review_flow.prisma(review).lists["excluded_other"] == tuple(keys)
    with pytest.raises(ProtocolError, match=r"removed before screening by ann.*test record"):
        vote(review, "ann", keys[0])
    curation.restore(review, [keys[1]], note="wrong", by="ann")
    assert review_flow.prisma(review).lists["records_screened"] == (keys[1],)


def test_what_has_votes_is_not_removed_whoever_gave_them(review: Review) -> None:
    keys = bring_in(review, [a_record(n) for n in (1, 2)])
    by_hand.merge(review, keys, by="ann")
    vote(review, "bob", keys[0], "exclude")

    for key in keys:
        with pytest.raises(ProtocolError, match="has votes: records are removed before screening") as told:
            removed(review, key)
        assert "bob" not in told.value.message + told.value.hint

    Desk(review, "bob", TITLE_ABSTRACT).undo()
    assert removed(review, keys[0]).kept == {keys[0]: keys[1]}


def test_a_record_removed_while_a_reviewer_sits_before_it_takes_no_vote(review: Review) -> None:
    one, other, third = bring_in(review, [a_record(n) for n in (1, 2, 3)])
    by_hand.merge(review, [one, other], by="ann")
    desk = Desk(review, "bob", TITLE_ABSTRACT)
    desk.decide(Decision(third, "include"))
    removed(review, one)

    assert desk.decide(Decision(one, "include")).key == other

    (late,) = bring_in(review, [a_record(4)], database="Embase")
    desk = Desk(review, "bob", TITLE_ABSTRACT)
    assert [record.key for record in desk.waiting()] == [late]
    removed(review, late)
    with pytest.raises(ProtocolError, match="removed before screening"):
        desk.decide(Decision(late, "include"))
    assert report.check(review).faults == ()


def test_check_names_a_removed_record_that_was_judged_after(review: Review) -> None:
    (key,) = bring_in(review, [a_record(1)])
    removed(review, key)
    with review.writing():
        decisions.add(
            review, Vote(key, Verdict.INCLUDE, None, None, ("bob",), "vote", "", 0), TITLE_ABSTRACT, "0" * 64
        )

    assert any(
        f"{key} was removed before screening, and log row" in one for one in report.check(review).faults
    )


def test_a_removal_is_all_or_nothing(review: Review) -> None:
    keys = bring_in(review, [a_record(n) for n in (1, 2)])
    vote(review, "ann", keys[1])

    with pytest.raises(ProtocolError):
        removed(review, *keys)

    assert stored.removed(review) == {}


def test_a_record_named_by_a_number_that_several_carry_is_asked_about(review: Review) -> None:
    (one,) = bring_in(review, [a_record(1, pmid="11")])
    (other,) = bring_in(review, [a_record(1, pmid="11", source_id="e")], database="Embase")
    by_hand.merge(review, [one, other], by="ann")

    with pytest.raises(InputError, match=f"fits 2 records: {one}, {other}"):
        removed(review, "pmid:11")


def test_removing_again_and_restoring_what_is_not_removed_are_nothing_to_do(review: Review) -> None:
    one, other = bring_in(review, [a_record(1), a_record(2)])
    removed(review, one)

    again = removed(review, one, other)

    assert ([record.key for record in again.done], again.unchanged) == ([other], (one,))
    curation.restore(review, [one], note="wrong", by="ann")
    assert curation.restore(review, [one], note="wrong", by="ann").unchanged == (one,)
    assert [word.is_removed for word in stored.removals(review, one)] == [True, False]


def test_a_removed_record_of_another_method_is_told_in_the_sentence_that_adds_up(review: Review) -> None:
    bring_in(review, [a_record(1)])
    one, other = bring_in(review, [a_record(7), a_record(8)], database="List", kind=Kind.CITATION)

    removed(review, one)

    made = review_flow.prisma(review)
    assert (made.boxes["citations_results"], made.boxes["other_sought_reports"]) == (2, 1)
    assert made.lists["excluded_other"] == ()
    dedupe.run(review)
    for name in ("ann", "bob"):
        vote(review, name, Desk(review, name, TITLE_ABSTRACT).waiting()[0].key, "exclude")
    assert any(
        "2 records identified by other methods: 1 removed before screening for other reasons, 1 sought"
        in note
        for note in review_flow.prisma(review).footnotes
    )
    fulltext.mark(review, [other], fulltext.NOT_RETRIEVED, by="ann", reason="nowhere")
    with pytest.raises(ProtocolError, match="sought for retrieval already"):
        removed(review, other)


def test_the_only_record_of_a_database_being_removed_its_report_counts_with_other_methods(
    review: Review,
) -> None:
    (found,) = bring_in(review, [a_record(1)])
    (cited,) = bring_in(review, [a_record(1, source_id="c")], database="List", kind=Kind.CITATION)
    by_hand.merge(review, [found, cited], by="ann")
    assert review_flow.prisma(review).boxes["records_screened"] == 1

    removed(review, found)

    made = review_flow.prisma(review)
    assert (made.boxes["records_screened"], made.boxes["other_sought_reports"]) == (0, 1)
    assert made.lists["excluded_other"] == (found,)


def test_removing_the_last_record_without_votes_opens_the_round_and_restoring_it_closes_it(
    review: Review,
) -> None:
    keys = bring_in(review, [a_record(n) for n in (1, 2)])
    dedupe.run(review)
    for name in ("ann", "bob"):
        vote(review, name, keys[0])
    assert review_flow.prisma(review).boxes["records_excluded"] is None

    removed(review, keys[1])

    assert review_flow.prisma(review).boxes["records_excluded"] == 0
    curation.restore(review, [keys[1]], note="wrong", by="ann")
    assert review_flow.prisma(review).boxes["records_excluded"] is None
    assert [e.text for e in logbook.log_view(review).lines if e.kind == "round_openings"] == [
        "stage title-abstract open: all votes on 1 record are in"
    ]


def test_a_record_restored_after_an_unblinding_is_judged_blind(review: Review) -> None:
    one, other = bring_in(review, [a_record(n) for n in (1, 2)])
    vote(review, "ann", one)
    vote(review, "bob", one)
    removed(review, other)
    (late,) = bring_in(review, [a_record(3)], database="Embase")
    unblind(review, TITLE_ABSTRACT, "ann")
    curation.restore(review, [other], note="wrong", by="ann")
    vote(review, "bob", other)
    vote(review, "bob", late)

    shown = [line.text for line in logbook.log_view(review, viewer="ann").lines if line.actor == "bob"]

    assert any(late in text for text in shown)
    assert not any(f"{other} include" in text for text in shown)


def test_a_removed_record_stays_removed_when_it_is_found_again(review: Review) -> None:
    (key,) = bring_in(review, [a_record(1)])
    removed(review, key)

    bring_in(review, [a_record(1), a_record(2)])

    assert review_flow.prisma(review).lists["excluded_other"] == (key,)
    assert report.status(review).removed == 1


def test_pairs_with_a_removed_report_are_asked_of_nobody(review: Review) -> None:
    one, other = bring_in(review, [a_record(1), a_record(2)])
    with review.writing():
        asked = duplicates.PairVerdict(one, other, duplicates.ASKED, "rule:alike", 90.0, None)
        duplicates.add(review, [asked], {})
    assert len(asking.asked(review)) == 1

    removed(review, other)

    assert asking.asked(review) == []
    assert "pair" not in " ".join(review_flow.prisma(review).missing)


# --- versions --------------------------------------------------------------------------------------


def test_a_record_of_a_completed_version_is_not_removed_and_one_that_came_since_is(review: Review) -> None:
    (key,) = bring_in(review, [a_record(1)])
    judge(review, include=[key])
    living.close(review, by="ann")
    (new,) = bring_in(review, [a_record(2)], database="Embase")

    with pytest.raises(ProtocolError, match="belongs to version 1, which is complete"):
        removed(review, key)
    removed(review, new)

    made = review_flow.prisma(review)
    assert (made.lists["database_results"], made.lists["excluded_other"]) == ((new,), (new,))


def test_a_record_removed_in_a_version_counts_there_and_in_no_later_one(review: Review) -> None:
    key, gone = bring_in(review, [a_record(1), a_record(2)])
    removed(review, gone)
    judge(review, include=[key])
    living.close(review, by="ann")
    bring_in(review, [a_record(2), a_record(3)])

    assert review_flow.of_version(review, 1).lists["excluded_other"] == (gone,)
    assert review_flow.prisma(review).lists["excluded_other"] == ()
    assert report.check(review).faults == ()


def test_a_record_restored_after_the_closing_is_identified_and_screened_in_the_update(
    review: Review,
) -> None:
    key, gone = bring_in(review, [a_record(1), a_record(2)])
    removed(review, gone)
    judge(review, include=[key])
    living.close(review, by="ann")

    curation.restore(review, [gone], note="the retraction was withdrawn", by="ann")

    made = review_flow.prisma(review)
    assert (made.lists["database_results"], made.lists["records_screened"]) == ((gone,), (gone,))
    assert any(
        "1 record removed before screening in version 1 or earlier was restored" in n for n in made.footnotes
    )
    judge(review, include=[gone])
    closed = living.close(review, by="ann")
    assert closed.flow["boxes"]["total_reports"] == 2
    assert review_flow.of_version(review, 1).lists["excluded_other"] == (gone,)
    assert report.check(review).faults == ()


def test_a_new_record_of_a_report_that_was_removed_is_new(review: Review) -> None:
    key, gone = bring_in(review, [a_record(1), a_record(2)])
    removed(review, gone)
    judge(review, include=[key])
    living.close(review, by="ann")
    (new,) = bring_in(review, [a_record(2, source_id="e2")], database="Embase")
    by_hand.merge(review, [gone, new], by="ann")

    made = review_flow.prisma(review)

    assert records.kept_of(review, gone) == new
    assert (made.lists["database_results"], made.lists["records_screened"]) == ((new,), (new,))
    assert report.check(review).faults == ()


def test_a_record_restored_after_the_closing_moves_no_judged_report_to_another_column(review: Review) -> None:
    (found,) = bring_in(review, [a_record(1)])
    (cited,) = bring_in(review, [a_record(1, source_id="c")], database="List", kind=Kind.CITATION)
    by_hand.merge(review, [found, cited], by="ann")
    removed(review, found)
    judge(review, include=[cited])
    living.close(review, by="ann")

    curation.restore(review, [found], note="wrong", by="ann")

    made = review_flow.prisma(review)
    assert (made.lists["database_results"], made.lists["duplicates"]) == ((found,), (found,))
    assert Desk(review, "ann", TITLE_ABSTRACT).waiting() == []
    assert made.missing == ()
    assert (made.boxes["new_reports"], made.boxes["total_reports"]) == (0, 1)
    assert report.check(review).faults == ()


# --- any play adds up ------------------------------------------------------------------------------


@pytest.mark.slow  # whole reviews on real files, one for each example
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_whatever_is_edited_removed_restored_and_judged_the_flow_adds_up(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "review.db"
        review_protocol.create(path)
        with open_review(path) as review:
            for _ in play(review, data):
                made, reports = review_flow.flow_and_reports(review)

                assert flow.violations(made, reports) == []
                assert_each_record_stands_in_one_box(review, made)
                assert stored_reports.in_order(review, records.kept_keys(review)) == [
                    (row["key"], bool(row["from_databases"]))
                    for row in review.db.query("select * from reports order by id")
                ]
                told, rows = report.status(review), records.memberships(review)
                found_here = [row for row in rows if not versions.is_made_elsewhere(row[0])]
                removed = stored.removed(review)
                assert told.records == len(found_here)
                assert told.reports == len({row[4] for row in found_here if row[0] not in removed})
                assert review_flow.missing(review, Gate(review, in_force(review))) == made.missing
            assert report.check(review).faults == ()


def assert_each_record_stands_in_one_box(review: Review, made: flow.Flow) -> None:
    """Screened are reports: a record of one counts if it is the first of them that came in this version."""
    identified = [*(made.lists["database_results"] or ()), *(made.lists["register_results"] or ())]
    duplicates, others = set(made.lists["duplicates"] or ()), set(made.lists["excluded_other"] or ())
    left = set(identified) - duplicates - others

    assert len(identified) == len(set(identified))
    assert duplicates | others <= set(identified)
    assert duplicates.isdisjoint(others)
    assert sorted(records.kept_of(review, key) for key in left) == sorted(
        made.lists["records_screened"] or ()
    )
    assert others <= set(stored.removed(review))
