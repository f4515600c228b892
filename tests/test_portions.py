"""Records compared in portions: only what is new is compared, and the outcome is that of all at once."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen import curation, dedupe, matching
from iimscreen.duplicates import by_hand
from iimscreen.errors import ProtocolError
from iimscreen.matching import find_pairs, groups
from iimscreen.matching.blocks import MAX_BLOCK, candidates
from iimscreen.matching.fields import comparable
from iimscreen.model import Author, Kind, Record, ScoredPair, StoredRecord
from iimscreen.store import Review, duplicates, open_review, records
from strategies import stored_records

Run = Callable[..., Result]


def told(pairs: list[ScoredPair]) -> set[tuple[frozenset[str], str, str, float]]:
    return {(frozenset((pair.key, pair.other_key)), pair.verdict, pair.rule, pair.score) for pair in pairs}


@given(stored_records(), st.integers(0, 8), st.integers(0, 8))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_three_portions_give_what_all_at_once_gives(
    everything: list[StoredRecord], one: int, other: int
) -> None:
    first, second = sorted((one, other))
    pairs = find_pairs(everything[:first])
    for start, end in ((first, second), (second, len(everything))):
        new = {record.key for record in everything[start:end]}
        pairs = find_pairs(everything[:end], new=new, standing=pairs)

    assert told(pairs) == told(find_pairs(everything))


@given(stored_records(), st.randoms(use_true_random=False))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_groups_are_the_same_whichever_portion_came_first(
    everything: list[StoredRecord], chance: random.Random
) -> None:
    def grouped(order: list[StoredRecord]) -> set[frozenset[str]]:
        arrived = [dataclasses.replace(record, id=number) for number, record in enumerate(order, 1)]
        half = len(arrived) // 2
        pairs = find_pairs(arrived[:half])
        new = {record.key for record in arrived[half:]}
        pairs = find_pairs(arrived, new=new, standing=pairs)
        joined = groups([one.key for one in arrived], [p for p in pairs if p.verdict == "duplicate"])
        return {frozenset(key for key in joined if joined[key] == kept) for kept in joined.values()}

    shuffled = chance.sample(everything, len(everything))

    assert grouped(shuffled) == grouped(everything)


def an_article(number: int, **facts: Any) -> Record:
    facts = {
        "title": f"An invented report number {number} on examplitis",
        "pages": f"{number}-{number + 9}",
        "volume": "7",
        **facts,
    }
    return a_record(
        number, authors=(Author("Meyer", "AB"),), journal="Journal of Examples", year=2020, **facts
    )


def test_a_second_run_compares_only_what_came_since(run: Run, review: Review) -> None:
    bring_in(review, [an_article(n) for n in range(1, 6)])
    first = run("dedupe")
    bring_in(review, [an_article(3)], database="Embase")

    second = run("dedupe")
    third = run("dedupe")
    again = run("dedupe", "--again")

    assert "5 records compared" in first.stdout
    assert "1 new record compared with all 6" in second.stdout
    assert "Merged in this run: 1 pair. Reports left: 5." in second.stdout
    assert "0 new records compared with all 6" in third.stdout
    assert "6 records compared" in again.stdout
    assert "Merged in this run: 0 pairs. Reports left: 5." in again.stdout
    rows = review.db.execute("select records, compared from dedupe_runs order by log_id").fetchall()
    assert rows == [(5, 5), (6, 1), (6, 0), (6, 6)]


def test_a_screened_record_keeps_its_place_when_a_better_one_comes(run: Run, review: Review) -> None:
    (early,) = bring_in(review, [an_article(1)])
    run("dedupe")
    run("reviewer", "add", "ann")
    (late,) = bring_in(
        review, [an_article(1, doi="10.1000/a", abstract="Long.", pmid="11")], database="PubMed"
    )

    run("dedupe")

    assert records.kept_of(review, late) == early


def test_a_merge_that_a_later_record_puts_in_doubt_is_asked_about(review: Review) -> None:
    (bare,) = bring_in(review, [an_article(1)])
    (one,) = bring_in(review, [an_article(1, pmid="11")], database="One")
    dedupe.run(review)
    joined_before = records.kept_of(review, one)
    (other,) = bring_in(review, [an_article(1, pmid="12")], database="Two")

    dedupe.run(review)

    standing = {
        frozenset((v.key, v.other_key)): (v.verdict, v.decided_by) for v in duplicates.standing(review)
    }
    assert joined_before == bare
    assert standing[frozenset((one, other))] == ("asked", "rule:different_pmids")
    chained = [pair for pair, (_, by) in standing.items() if by == "rule:chain_of_unlike_records"]
    assert len(chained) == 1
    assert len({records.kept_of(review, key) for key in (bare, one, other)}) == 2


@pytest.mark.parametrize("decide", [by_hand.merge, by_hand.split])
def test_what_people_decided_changes_nothing_that_rules_say_of_chains(
    review: Review, decide: Callable[..., object]
) -> None:
    bring_in(review, [an_article(1)])
    (one,) = bring_in(review, [an_article(1, pmid="11")], database="One")
    (other,) = bring_in(review, [an_article(1, pmid="12")], database="Two")
    dedupe.run(review)
    merged = next(pair for pair in duplicates.standing(review) if pair.verdict == "duplicate")
    decide(review, [merged.key, merged.other_key], by="ann")
    before = duplicates.standing(review)
    bring_in(review, [an_article(7)], database="Three")

    dedupe.run(review)
    portion = duplicates.standing(review)
    dedupe.run(review, again=True)

    assert portion == before == duplicates.standing(review)
    assert records.kept_of(review, one) != records.kept_of(review, other)


def test_an_edit_while_records_are_compared_is_not_taken_for_compared(
    review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = bring_in(review, [an_article(1), an_article(2)])

    def edited_meanwhile(*records: Any, **options: Any) -> list[ScoredPair]:
        with open_review(review.path) as elsewhere:
            curation.edit(elsewhere, first, {"title": "Another title"}, note="seen in print", by="ann")
        return find_pairs(*records, **options)

    monkeypatch.setattr("iimscreen.matching.find_pairs", edited_meanwhile)

    with pytest.raises(ProtocolError, match="edited while they were compared"):
        dedupe.run(review)

    assert duplicates.last_run(review) is None


def test_a_new_record_that_contradicts_a_group_made_by_hand_is_asked_about(review: Review) -> None:
    (bare,) = bring_in(review, [an_article(1)])
    (one,) = bring_in(review, [an_article(1, pmid="11", pages="90-95", volume="9")], database="One")
    dedupe.run(review)
    by_hand.merge(review, [bare, one], by="ann")
    (other,) = bring_in(review, [an_article(1, pmid="12")], database="Two")

    dedupe.run(review)
    after = records.kept_of(review, other)
    dedupe.run(review, again=True)

    standing = {
        frozenset((v.key, v.other_key)): (v.verdict, v.decided_by) for v in duplicates.standing(review)
    }
    assert after == records.kept_of(review, other) == other
    assert records.kept_of(review, one) == bare
    assert standing[frozenset((bare, other))] == ("asked", "rule:chain_of_unlike_records")


def test_what_people_join_stays_joined_though_it_contradicts_what_was_merged_before(review: Review) -> None:
    (bare,) = bring_in(review, [an_article(1)])
    (one,) = bring_in(review, [an_article(1, pmid="11")], database="One")
    dedupe.run(review)
    (other,) = bring_in(review, [an_article(1, pmid="12", pages="90-95", volume="9")], database="Two")
    dedupe.run(review)

    by_hand.merge(review, [bare, other], by="ann")
    dedupe.run(review, again=True)

    assert {records.kept_of(review, key) for key in (bare, one, other)} == {bare}


def test_rules_of_another_version_judge_everything_anew(review: Review, monkeypatch: Any) -> None:
    bring_in(review, [an_article(n) for n in range(1, 4)])
    dedupe.run(review)
    monkeypatch.setattr("iimscreen.matching.VERSION", 10_000)

    assert dedupe.run(review).compared == 3


def test_blocks_beyond_the_largest_cost_far_fewer_pairs_than_all() -> None:
    count = 40 * MAX_BLOCK
    headings = [
        comparable(
            StoredRecord(
                n,
                f"source:{n}",
                "Some database",
                Kind.DATABASE,
                Record(
                    title="Editorial", journal="Journal", year=2000 + n % 7, volume=str(n % 97), pages=str(n)
                ),
            )
        )
        for n in range(1, count + 1)
    ]

    found = candidates(headings)

    assert len(found) < 20 * count
    assert (found.left < found.right).all()
    assert len(set(zip(found.left.tolist(), found.right.tolist(), strict=True))) == len(found)


def test_other_rules_have_another_version_so_that_reviews_are_compared_anew() -> None:
    table = [
        (rule.name, rule.score, sorted(guard.__name__ for guard in rule.overrides)) for rule in matching.RULES
    ]
    guards = [guard.__name__ for guard in matching.GUARDS]

    told = hashlib.sha256(repr((table, guards)).encode()).hexdigest()[:12]

    assert (matching.VERSION, told) == (4, "878014ba4433"), (
        "raise matching.VERSION, and note the new pair here"
    )
