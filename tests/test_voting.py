"""What votes mean: the protocol's decision rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iimscreen import review_protocol
from iimscreen.model import Verdict
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT, stage_named
from iimscreen.voting import Outcome, State, Vote, manner, outcome

PROTOCOL = review_protocol.read(review_protocol.bundled())


def votes(*said: str) -> list[Vote]:
    """Votes by ann, bob, … as "exclude:review" or "include"."""
    made = []
    for name, word in zip(("ann", "bob", "carol"), said, strict=False):
        verdict, _, reason = word.partition(":")
        made.append(Vote("k", Verdict(verdict), reason or None, None, (name,), "vote", "", 1))
    return made


def at(stage: str, *said: str, final: Vote | None = None) -> Outcome:
    return outcome(votes(*said), final, stage_named(PROTOCOL, stage), PROTOCOL.reasons)


@pytest.mark.parametrize(
    ("one", "other", "state"),
    [
        ("include", "include", State.INCLUDE),
        ("include", "unsure", State.INCLUDE),
        ("unsure", "unsure", State.INCLUDE),
        ("exclude", "exclude", State.EXCLUDE),
        ("include", "exclude", State.CONFLICT),
        ("unsure", "exclude", State.CONFLICT),
    ],
)
def test_title_abstract_sends_on_unless_someone_excludes(one: str, other: str, state: State) -> None:
    assert at(TITLE_ABSTRACT, one, other).state is state
    assert at(TITLE_ABSTRACT, other, one).state is state


@pytest.mark.parametrize(
    ("one", "other", "state"),
    [
        ("include", "include", State.INCLUDE),
        ("exclude:review", "exclude:review", State.EXCLUDE),
        ("awaiting", "awaiting", State.AWAITING),
        ("ongoing", "ongoing", State.ONGOING),
        ("unsure", "unsure", State.CONFLICT),
        ("unsure", "include", State.CONFLICT),
        ("unsure", "exclude:review", State.CONFLICT),
        ("include", "exclude:review", State.CONFLICT),
        ("awaiting", "ongoing", State.CONFLICT),
        ("awaiting", "exclude:review", State.CONFLICT),
    ],
)
def test_full_text_is_settled_by_one_final_verdict_of_both_and_never_by_unsure(
    one: str, other: str, state: State
) -> None:
    assert at(FULL_TEXT, one, other).state is state
    assert at(FULL_TEXT, other, one).state is state


def test_one_vote_settles_nothing() -> None:
    assert at(FULL_TEXT, "include").state is State.PENDING
    assert at(TITLE_ABSTRACT).state is State.PENDING


def test_two_exclusions_for_different_reasons_propose_the_earlier_one_of_the_protocol() -> None:
    found = at(FULL_TEXT, "exclude:no-drug", "exclude:juvenile")

    assert (found.state, found.reason) == (State.EXCLUDE, "juvenile")
    assert found.reason_is_proposed
    assert found.needs_someone


def test_on_title_and_abstract_different_reasons_need_no_confirmation() -> None:
    found = at(TITLE_ABSTRACT, "exclude:no-drug", "exclude:juvenile")

    assert (found.reason, found.needs_someone) == ("juvenile", False)


def test_a_reason_given_by_one_only_is_the_reason() -> None:
    assert at(TITLE_ABSTRACT, "exclude", "exclude:review").reason == "review"


def test_a_final_word_settles_a_conflict() -> None:
    word = Vote("k", Verdict.EXCLUDE, "mixed", None, ("ann", "bob"), "consensus", "", 3)

    found = at(FULL_TEXT, "include", "exclude:review", final=word)

    assert found == Outcome(State.EXCLUDE, "mixed", False, "consensus")


@given(
    st.lists(
        st.sampled_from(["include", "unsure", "exclude:review", "exclude:mixed"]), min_size=2, max_size=3
    )
)
def test_a_disagreement_on_eligibility_is_never_an_exclusion(said: list[str]) -> None:
    excluding = [word.startswith("exclude") for word in said]

    for stage in (TITLE_ABSTRACT, FULL_TEXT):
        assert (at(stage, *said).state is State.EXCLUDE) == all(excluding)


@given(
    st.lists(
        st.sampled_from(["include", "unsure", "exclude:review", "exclude:mixed"]), min_size=2, max_size=3
    ),
    st.randoms(),
)
def test_the_order_of_votes_does_not_matter(said: list[str], random: object) -> None:
    shuffled = random.sample(said, len(said))  # type: ignore[attr-defined]  # hypothesis' Random

    for stage in (TITLE_ABSTRACT, FULL_TEXT):
        assert at(stage, *said) == at(stage, *shuffled)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("ann", "bob"), "consensus"),
        (("carol",), "adjudication"),
        (("ann",), "one person"),
        (("ann", "ann"), "one person"),
        (("carol", "ann"), "adjudication"),
        (("ann", "dave"), None),
        (("ann", "bob", "dave"), "consensus"),
    ],
)
def test_who_decides_is_named_for_what_it_is(names: tuple[str, ...], expected: str | None) -> None:
    """Ann and bob voted, carol is an adjudicator, dave another reviewer."""
    assert manner(names, frozenset({"carol"}), frozenset({"ann", "bob"})) == expected
