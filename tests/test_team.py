"""Who judges what: parting the records, handing over, leaving; nothing of it tells a vote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen import dedupe, team
from iimscreen.errors import InputError, ProtocolError
from iimscreen.protocol import TITLE_ABSTRACT
from iimscreen.review_protocol import in_force
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review, assignments, reviewers
from iimscreen.store.gate import Gate

Run = Callable[..., Result]


@pytest.fixture
def twelve(review: Review) -> list[str]:
    """A review of twelve records, deduplicated, with four reviewers."""
    keys = bring_in(review, [a_record(n) for n in range(1, 13)])
    dedupe.run(review)
    for name in ("ann", "bob", "cyd", "dan"):
        team.add_reviewer(review, name, "reviewer")
    return keys


def waiting(review: Review, name: str) -> list[str]:
    return Gate(review, in_force(review)).waiting_for(TITLE_ABSTRACT, name)


def judge(review: Review, name: str, *keys: str, verdict: str = "include") -> None:
    for key in keys:
        Desk(review, name, TITLE_ABSTRACT).decide(Decision(key, verdict))


# --- parting ---------------------------------------------------------------------------------------


def test_each_record_goes_to_two_of_four_and_everyone_gets_as_many(
    run: Run, review: Review, twelve: list[str]
) -> None:
    result = run("assign", "--by", "ann")

    assert result.exit_code == 0, result.output
    assert result.stdout == "".join(f"{name}: 6 records to judge\n" for name in ("ann", "bob", "cyd", "dan"))
    per_record = Counter(key for name in ("ann", "bob", "cyd", "dan") for key in waiting(review, name))
    assert per_record == dict.fromkeys(twelve, 2)
    assert "12 records assigned to ann, bob, cyd, dan (split)" in run("log").stdout


def test_the_same_seed_parts_the_same_way_and_another_does_not(review: Review, twelve: list[str]) -> None:
    team.assign(review, TITLE_ABSTRACT, by="ann", seed=5)
    first = assignments.standing(review, TITLE_ABSTRACT)
    team.assign(review, TITLE_ABSTRACT, by="ann", seed=5, again=True)
    second = assignments.standing(review, TITLE_ABSTRACT)
    team.assign(review, TITLE_ABSTRACT, by="ann", seed=6, again=True)

    assert second == first
    assert assignments.standing(review, TITLE_ABSTRACT) != first


@given(
    judged=st.dictionaries(st.integers(0, 400).map(str), st.sets(st.sampled_from("abcde"), max_size=2)),
    people=st.integers(2, 5).map(lambda count: list("abcde"[:count])),
    needed=st.integers(1, 2),
    seed=st.integers(0, 3),
)
def test_parting_is_fair_and_keeps_who_has_judged(
    judged: dict[str, set[str]], people: list[str], needed: int, seed: int
) -> None:
    parted = team.part(judged, people, needed, seed=seed)

    assert parted.keys() == judged.keys()
    for key, names in parted.items():
        assert judged[key] <= set(names)
        assert len(names) == max(needed, len(judged[key]))
        assert set(names) - judged[key] <= set(people)
    if not any(judged.values()):
        loads = Counter(dict.fromkeys(people, 0))
        loads.update(name for names in parted.values() for name in names)
        assert max(loads.values()) - min(loads.values()) <= 1


def test_all_pairs_meet_where_many_records_are_parted() -> None:
    parted = team.part({str(n): set() for n in range(600)}, ["a", "b", "c", "d"], 2, seed=1)

    met = Counter(tuple(names) for names in parted.values())
    assert set(met) == set(combinations("abcd", 2))
    assert min(met.values()) > 50


def test_a_record_is_judged_by_those_it_is_assigned_to(review: Review, twelve: list[str]) -> None:
    team.assign(review, TITLE_ABSTRACT, by="ann")
    others = next(key for key in twelve if key not in waiting(review, "ann"))

    with pytest.raises(ProtocolError, match="is assigned to"):
        judge(review, "ann", others)
    judge(review, "ann", *waiting(review, "ann"))
    assert waiting(review, "ann") == []


def test_who_has_judged_a_record_stays_with_it(review: Review, twelve: list[str]) -> None:
    judge(review, "ann", *twelve[:4])
    judge(review, "bob", twelve[0])

    loads = team.assign(review, TITLE_ABSTRACT, by="ann")

    found = assignments.standing(review, TITLE_ABSTRACT)
    assert twelve[0] not in found, "it has all its votes"
    assert all("ann" in found[key] for key in twelve[1:4])
    assert sum(loads.values()) == 22


def test_records_that_came_later_are_open_until_they_are_parted(review: Review, twelve: list[str]) -> None:
    team.assign(review, TITLE_ABSTRACT, by="ann")
    before = assignments.standing(review, TITLE_ABSTRACT)
    later = bring_in(review, [a_record(n) for n in (31, 32)], database="Later")
    assert all(set(later) <= set(waiting(review, name)) for name in ("ann", "bob", "cyd", "dan"))

    team.assign(review, TITLE_ABSTRACT, by="ann")

    after = assignments.standing(review, TITLE_ABSTRACT)
    assert {key: after[key] for key in before} == before
    assert set(after) == {*before, *later}


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("assign", "--by", "ann", "--among", "ann"), 6, "each record needs 2 votes, and 1 person cannot"),
        (("assign", "--by", "ann", "--among", "eve"), 3, "no reviewer is called 'eve'"),
        (("assign", "--by", "ann", "--stage", "abstract"), 3, "no stage 'abstract'"),
        (("assign", "--by", "ann", "--stage", "full-text"), 6, "blind and unfinished"),
        (("reviewer", "retire", "eve", "--by", "ann"), 3, "no reviewer is called 'eve'"),
    ],
)
def test_what_cannot_be_parted_is_one_clear_error(
    run: Run, twelve: list[str], words: tuple[str, ...], code: int, says: str
) -> None:
    result = run(*words)

    assert result.exit_code == code, result.output
    assert says in result.output


def test_nothing_left_to_part_says_so(review: Review, twelve: list[str]) -> None:
    team.assign(review, TITLE_ABSTRACT, by="ann")

    with pytest.raises(ProtocolError, match="no record left to assign"):
        team.assign(review, TITLE_ABSTRACT, by="ann")


# --- leaving ---------------------------------------------------------------------------------------


def test_a_reviewer_who_retires_hands_over_what_is_left_and_their_votes_stand(
    run: Run, review: Review, twelve: list[str]
) -> None:
    team.assign(review, TITLE_ABSTRACT, by="ann", seed=2)
    of_bob = waiting(review, "bob")
    judge(review, "bob", of_bob[0], verdict="exclude")

    refused = run("reviewer", "retire", "bob", "--by", "ann")
    result = run("reviewer", "retire", "bob", "--hand-over", "eve", "--by", "ann")

    assert refused.exit_code == 6
    assert "bob has 5 assigned records to judge" in refused.output
    assert result.exit_code == 0, result.output
    assert "their votes stand, and 5 records to judge passed to eve" in result.stdout
    assert waiting(review, "eve") == of_bob[1:]
    assert reviewers.standing(review) == dict.fromkeys(("ann", "cyd", "dan", "eve"), "reviewer")
    other = next(name for name in assignments.standing(review, TITLE_ABSTRACT)[of_bob[0]] if name != "bob")
    judge(review, other, of_bob[0])
    assert not Gate(review, in_force(review)).shows_any(TITLE_ABSTRACT)
    assert of_bob[0] not in waiting(review, "eve"), "bob's vote counts"


def test_handing_over_to_who_judges_a_record_already_leaves_it_to_the_others(
    review: Review, twelve: list[str]
) -> None:
    team.assign(review, TITLE_ABSTRACT, ["ann", "bob"], by="ann")

    team.retire(review, "bob", by="ann", hand_over="ann")

    for name in ("cyd", "dan"):
        assert waiting(review, name) == twelve, "two votes a record, and ann is one person"
    assert waiting(review, "ann") == twelve


def test_handing_over_tells_what_passes_and_what_is_open_to_all(
    run: Run, review: Review, twelve: list[str]
) -> None:
    team.assign(review, TITLE_ABSTRACT, ["ann", "bob", "cyd"], by="ann")
    given = assignments.standing(review, TITLE_ABSTRACT)
    of_bob = [names for names in given.values() if "bob" in names]
    with_ann = [names for names in of_bob if "ann" in names]

    result = run("reviewer", "retire", "bob", "--hand-over", "ann", "--by", "ann")

    assert 0 < len(with_ann) < len(of_bob)
    assert f"{len(of_bob) - len(with_ann)} records to judge passed to ann" in result.stdout
    assert f"{len(with_ann)} records that ann was to judge with bob are open to everyone now" in result.stdout


def test_who_has_retired_votes_no_more_unless_added_again(review: Review, twelve: list[str]) -> None:
    judge(review, "bob", twelve[0])
    team.retire(review, "bob", by="ann")

    with pytest.raises(ProtocolError, match="takes part no longer"):
        judge(review, "bob", twelve[1])
    team.add_reviewer(review, "bob", "reviewer")
    judge(review, "bob", twelve[1])
    assert waiting(review, "bob") == twelve[2:]


def test_a_reviewer_cannot_hand_over_to_nobody_they_are_or_to_an_adjudicator(
    review: Review, twelve: list[str]
) -> None:
    team.add_reviewer(review, "zoe", "adjudicator")
    for other in ("bob", "zoe", "Ann"):
        with pytest.raises(InputError):
            team.retire(review, "bob", by="ann", hand_over=other)

    assert "bob" in reviewers.standing(review)


def test_votes_of_who_left_are_compared_and_conflicts_of_theirs_are_resolved(
    run: Run, review: Review, twelve: list[str]
) -> None:
    judge(review, "ann", *twelve)
    judge(review, "bob", *twelve, verdict="exclude")
    team.retire(review, "bob", by="ann")

    assert "ann and bob" in run("agreement").stdout
    result = run("resolve", "--by", "ann", "--record", twelve[0], "--verdict", "include")
    assert result.exit_code == 0, result.output
    assert "one person" in result.stdout


def test_assigning_tells_nothing_of_the_votes(run: Run, review: Review, twelve: list[str]) -> None:
    judge(review, "bob", *twelve[:3], verdict="exclude")
    first = run("assign", "--by", "ann", "--seed", "3").output
    for key in twelve[:3]:
        Desk(review, "bob", TITLE_ABSTRACT).decide(Decision(key, "include", None, "changed"), change=True)

    assert run("assign", "--by", "ann", "--seed", "3", "--again").output == first
