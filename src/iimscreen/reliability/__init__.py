"""How far pairs of reviewers agree in this review, on votes given before either could see the other's.

Every pair by itself: whoever voted, also if they take part no longer. Pilots are compared apart from the
rest of their stage, since people are meant to learn there. Kappas of several pairs are not pooled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from iimscreen.errors import InputError
from iimscreen.model import Protocol
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT, stage_named
from iimscreen.reliability.comparing import (
    CATEGORIES,
    MissedByBoth,
    PairAgreement,
    Part,
    compare,
    missed_by_both,
    part_of_round,
    parts,
)
from iimscreen.reliability.in_words import STAGE
from iimscreen.review_protocol import in_force
from iimscreen.rounds import named as round_named
from iimscreen.store import Review, reviewers, rounds
from iimscreen.store.gate import Gate
from iimscreen.store.rounds import Round
from iimscreen.voting import State, Vote


@dataclass(frozen=True, slots=True)
class Agreements:
    """What was compared, and how many records were not, being blind."""

    pairs: tuple[PairAgreement, ...]
    closed: tuple[tuple[str, int], ...]  # (stage, records), where there are any


def agreements(review: Review, given: str = "", *, categories: int = 2) -> Agreements:
    """Agreement of every pair at the stage asked for, or at each of which something may be seen.

    On votes given before the other's could be seen. With two categories everything but exclude counts
    as include; with three, include and exclude stand for themselves and the rest is unsure. Raises
    ProtocolError if nothing may be seen, InputError for another number of categories.
    """
    _require_known(categories)
    with review.reading():
        protocol = in_force(review)
        gate = Gate(review, protocol)
        stages = _stages(gate, protocol, given)
        pairs = tuple(
            pair for stage in stages for pair in _at_stage(review, gate, protocol, stage, categories)
        )
        closed = tuple((stage, count) for stage in stages if (count := gate.closed(stage)))
    return Agreements(pairs, closed)


def of_round(review: Review, name: str, *, categories: int = 2) -> Agreements:
    """Agreement of every pair in one pilot or batch, whether its votes count or not.

    Raises ProtocolError while it is blind, InputError if there is none of that name.
    """
    _require_known(categories)
    with review.reading():
        protocol = in_force(review)
        one = round_named(review, name)
        part = part_of_round(one, _independent_in(Gate(review, protocol), one))
        names = _in_order(set(part.votes), reviewers.standing(review))
    codes = [reason.code for reason in protocol.reasons]
    return Agreements(
        tuple(compare(part, *pair, codes, categories=categories) for pair in combinations(names, 2)), ()
    )


def _require_known(categories: int) -> None:
    if categories not in CATEGORIES:
        raise InputError(
            f"--categories is {categories}, expected 2 or 3",
            hint="2 counts unsure as include, 3 keeps it apart",
        )


def _stages(gate: Gate, protocol: Protocol, given: str) -> list[str]:
    """The stage asked for, or all; of these, those of which something may be seen.

    That may be a pilot alone whose votes do not count. Raises ProtocolError if there is nothing.
    """
    names = [stage_named(protocol, given).name] if given else [stage.name for stage in protocol.stages]
    found = [name for name in names if gate.shows_any(name) or _spent(gate, name)]
    if not found:
        gate.require_open(names[0], "agreement")
    return found


def _spent(gate: Gate, stage: str) -> list[Round]:
    """Closed pilots whose votes do not count, and so are not among the votes of the stage."""
    return [one.round for one in gate.round_progress(stage) if one.is_closed and not one.round.counts]


def _independent_in(gate: Gate, one: Round) -> list[Vote]:
    return [vote for votes in gate.round_votes(one).values() for vote in votes if not vote.was_open]


def _at_stage(
    review: Review, gate: Gate, protocol: Protocol, stage: str, categories: int
) -> list[PairAgreement]:
    seen = gate.votes(stage) if gate.shows_any(stage) else {}
    independent = gate.independent_votes(stage) if seen else {}
    present = reviewers.standing(review)
    voters = _in_order({vote.names[0] for votes in seen.values() for vote in votes}, present)
    included, why_unknown = _included_in_the_end(gate) if stage == TITLE_ABSTRACT else (frozenset(), "")
    codes = [reason.code for reason in protocol.reasons]
    found = []
    for part in parts(stage, *_by_round(review, gate, stage, independent)):
        # In a round, who voted there; in the stage, also who voted too late to count.
        names = voters if part.kind == STAGE else _in_order(set(part.votes), present)
        for one, other in combinations(names, 2):
            missed = None
            if stage == TITLE_ABSTRACT and part.kind == STAGE:
                missed = (
                    MissedByBoth(None, None, why_unknown)
                    if why_unknown
                    else missed_by_both(included, independent, one, other)
                )
            found.append(compare(part, one, other, codes, categories=categories, missed=missed))
    return found


def parts_of(review: Review, gate: Gate, stage: str) -> list[Part]:
    """A stage and each of its rounds with the votes that agreement is told from, as far as revealed.

    Reviewers are in the order in which they arrived; with their votes it can be said which records a figure is of.
    """
    independent = gate.independent_votes(stage) if gate.shows_any(stage) else {}
    present = reviewers.standing(review)
    return [
        replace(part, votes={name: part.votes[name] for name in _in_order(set(part.votes), present)})
        for part in parts(stage, *_by_round(review, gate, stage, independent))
    ]


def _by_round(
    review: Review, gate: Gate, stage: str, independent: Mapping[str, Sequence[Vote]]
) -> tuple[list[Vote], list[tuple[Round, list[Vote]]]]:
    """Votes of a stage that were given in no round, and those of each of its rounds, oldest first."""
    drawn = rounds.of_stage(review, stage)
    rest: list[Vote] = []
    within: dict[str, list[Vote]] = {one.name: [] for one in drawn}
    for votes in independent.values():
        for vote in votes:
            within.get(vote.round or "", rest).append(vote)
    for one in _spent(gate, stage):
        within[one.name] = _independent_in(gate, one)
    return rest, [(one, within[one.name]) for one in drawn]


def _in_order(names: Collection[str], present: Iterable[str]) -> list[str]:
    """Names of those who take part, in order of arrival, and then of those who do no longer."""
    known = list(present)
    return [name for name in known if name in names] + sorted(set(names) - set(known))


# --- what both may have missed ---------------------------------------------------------------------


def _included_in_the_end(gate: Gate) -> tuple[frozenset[str], str]:
    """Reports included at full text; and why that is not known yet, if it is not."""
    if not gate.is_open(FULL_TEXT):
        return frozenset(), f"stage {FULL_TEXT} is blind or unfinished"
    outcomes = gate.outcomes(FULL_TEXT)
    left = sum(found.state in (State.PENDING, State.CONFLICT) for found in outcomes.values())
    if left:
        return frozenset(), f"stage {FULL_TEXT} has {left:,} without an outcome"
    return frozenset(key for key, found in outcomes.items() if found.state is State.INCLUDE), ""
