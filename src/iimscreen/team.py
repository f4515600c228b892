"""Who takes part and who judges what: people come, go and hand over; pairs may see each other's votes early."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import combinations

from iimscreen import rounds
from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import Protocol
from iimscreen.protocol import stage_named
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, assignments, decisions, reviewers
from iimscreen.store.gate import Gate
from iimscreen.store.openings import note_openings
from iimscreen.wording import counted


def check_name(name: str) -> str:
    """A person's name as it may stand in the log. Raises InputError if it is blank or unprintable."""
    clean = name.strip()
    if not clean or len(clean) > 60 or not clean.isprintable() or clean == "iimscreen":
        raise InputError(f"{name!r} cannot be a person's name", hint="use a short name, such as ann")
    return clean


def _near_name(review: Review, name: str) -> str | None:
    folded = name.casefold()
    return next(
        (known for known in reviewers.standing(review) if known.casefold() == folded and known != name), None
    )


def check_may_vote(review: Review, protocol: Protocol, name: str, *, extractors: int = 0) -> None:
    """Raise if this person may not vote: an adjudicator, a misspelt name, or one reviewer too many.

    Where they extract data, as many may be there as that needs.
    """
    check_name(name)
    standing = reviewers.standing(review)
    if standing.get(name) == reviewers.ADJUDICATOR:
        raise ProtocolError(f"{name} is an adjudicator and casts no votes", hint="`iimscreen resolve --by`")
    if name in standing:
        return
    near = _near_name(review, name)
    if near is not None:
        raise InputError(f"no reviewer is called {name!r}", hint=f"did you mean {near!r}?")
    if reviewers.has_left(review, name):
        raise ProtocolError(
            f"{name} takes part no longer", hint=f"`iimscreen reviewer add {name}` brings them back"
        )
    needed = max(extractors, *(stage.reviewers_needed for stage in protocol.stages))
    voting_now = [known for known, role in standing.items() if role == reviewers.REVIEWER]
    if len(voting_now) >= needed:
        raise ProtocolError(
            f"{name} is no reviewer of this review; its reviewers are {', '.join(voting_now)}",
            hint=f"if that is no typing error: iimscreen reviewer add {name}",
        )


def register(review: Review, protocol: Protocol, name: str, *, extractors: int = 0) -> None:
    """Make someone a reviewer with their first vote or value, if they may be and are not yet. Inside `writing()`."""
    check_may_vote(review, protocol, name, extractors=extractors)
    if name not in reviewers.standing(review):
        reviewers.change(review, name, reviewers.REVIEWER, "added", actor=name)


def sit_down(review: Review, name: str) -> None:
    """Make someone one of the reviewers that the protocol needs, if they are not yet."""
    with review.writing():
        register(review, in_force(review), name)


def add_reviewer(review: Review, name: str, role: str) -> None:
    """Add a reviewer or adjudicator by hand. Raises if the name is taken in another role."""
    name = check_name(name)
    if role not in (reviewers.REVIEWER, reviewers.ADJUDICATOR):
        raise InputError(f"--role is {role!r}, expected reviewer or adjudicator", hint="choose one of them")
    with review.writing():
        near = _near_name(review, name)
        if near is not None:
            raise InputError(
                f"{near!r} takes part already; {name!r} differs only in letters", hint="use another name"
            )
        present = reviewers.standing(review).get(name)
        if present is not None:
            raise ProtocolError(f"{name} is {present} already", hint="`iimscreen reviewer` lists everyone")
        reviewers.change(review, name, role, "added", actor=name)


def remove_reviewer(review: Review, name: str) -> None:
    """Take someone off the list who has not decided anything."""
    with review.writing():
        role = reviewers.standing(review).get(name)
        if role is None:
            raise InputError(f"no reviewer is called {name!r}", hint="`iimscreen reviewer` lists everyone")
        if decisions.has_decided(review, name):
            raise ProtocolError(
                f"{name} has voted and cannot be removed",
                hint=f"`iimscreen reviewer retire {name}` ends their part; their votes stay",
            )
        reviewers.change(review, name, role, "removed", actor=name)


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What became of the records that someone who retired was still to judge."""

    passed: int  # to whoever takes over
    to_all: int  # which that person was to judge with them: a second one is wanted, so they are open to all


def retire(review: Review, name: str, *, by: str, hand_over: str | None = None) -> HandedOver:
    """End someone's part; their votes stand, and what they were to judge passes to another.

    Raises ProtocolError if records are assigned to them and nobody takes them over.
    """
    by = check_name(by)
    with review.writing():
        standing = reviewers.standing(review)
        if name not in standing:
            raise InputError(f"no reviewer is called {name!r}", hint="`iimscreen reviewer` lists everyone")
        protocol = in_force(review)
        left = {
            stage.name: _assigned_and_left(review, protocol, stage.name, name) for stage in protocol.stages
        }
        count = sum(map(len, left.values()))
        if count and hand_over is None:
            raise ProtocolError(
                f"{name} has {counted(count, 'assigned record')} to judge",
                hint=f"say who takes them over: iimscreen reviewer retire {name} --hand-over OTHER_NAME --by {by}",
            )
        if hand_over is not None:
            _take_over(review, standing, name, hand_over, by=by)
        reviewers.change(review, name, standing[name], "removed", actor=by)
        for stage, names in left.items():
            if names and hand_over is not None:
                passed = {
                    key: sorted({hand_over if one == name else one for one in given})
                    for key, given in names.items()
                }
                assignments.add(review, stage, assignments.HAND_OVER, passed, by=by)
        note_openings(review)  # a pilot no longer waits for who left
    to_all = sum(hand_over in given for names in left.values() for given in names.values())
    return HandedOver(count - to_all, to_all)


def _take_over(review: Review, standing: Mapping[str, str], name: str, other: str, *, by: str) -> None:
    other = check_name(other)
    if other == name:
        raise InputError(f"{name} cannot take over from {name}", hint="name another reviewer")
    if standing.get(other, reviewers.REVIEWER) != reviewers.REVIEWER:
        raise InputError(f"{other} is {standing[other]}, not a reviewer", hint="name a reviewer")
    near = _near_name(review, other)
    if near is not None:
        raise InputError(f"no reviewer is called {other!r}", hint=f"did you mean {near!r}?")
    if other not in standing:
        reviewers.change(review, other, reviewers.REVIEWER, "added", actor=by)


def _assigned_and_left(
    review: Review, protocol: Protocol, stage: str, name: str
) -> dict[str, frozenset[str]]:
    """Report → names it is assigned to, of those that are left for one of them to judge."""
    gate = Gate(review, protocol)
    assigned = gate.assigned(stage)
    if not assigned:
        return {}
    return {key: assigned[key] for key in gate.left_for(stage, name) if key in assigned}


def assign(
    review: Review, stage: str, names: Sequence[str] = (), *, by: str, seed: int = 1, again: bool = False
) -> dict[str, int]:
    """Part the records that are left at a stage among people: name → how many were assigned to each.

    Each record goes to as many as the protocol needs, each person gets as many as every other, up to one,
    and who has judged a record already stays with it. Records that were assigned before keep their people,
    unless `again`. The same seed parts the same records in the same way.
    """
    by = check_name(by)
    with review.writing():
        protocol = in_force(review)
        needed = stage_named(protocol, stage).reviewers_needed
        gate = Gate(review, protocol)
        gate.pool(stage)  # raises while it is closed to view
        people = _people(review, names, needed)
        assigned = {} if again else gate.assigned(stage)
        left = {
            key: judged
            for key, judged in gate.voters(stage).items()
            if len(judged) < needed and key not in assigned
        }
        if not left:
            raise ProtocolError(
                f"stage {stage} has no record left to assign",
                hint="--again parts those anew that were assigned before",
            )
        parted = part(left, people, needed, seed=seed)
        assignments.add(review, stage, assignments.SPLIT, parted, by=by, per_record=needed, seed=seed)
    return {name: sum(name in given for given in parted.values()) for name in people}


def _people(review: Review, names: Sequence[str], needed: int) -> list[str]:
    standing = reviewers.standing(review)
    voting_now = [name for name, role in standing.items() if role == reviewers.REVIEWER]
    for name in names:
        if name not in voting_now:
            raise InputError(
                f"no reviewer is called {name!r}",
                hint=f"takes part: {', '.join(voting_now) or 'nobody yet'}; `iimscreen reviewer add` adds one",
            )
    people = list(dict.fromkeys(names or voting_now))
    if len(people) < needed:
        raise ProtocolError(
            f"each record needs {counted(needed, 'vote')}, and {counted(len(people), 'person')} cannot give them",
            hint="`iimscreen reviewer add NAME` first",
        )
    return people


def part(
    judged: Mapping[str, Set[str]], people: Sequence[str], needed: int, *, seed: int
) -> dict[str, list[str]]:
    """Record → names who are to judge it: whoever has, and of the others those who have least to do."""
    chance = random.Random(seed)  # noqa: S311 - a fair split, no secret
    loads = dict.fromkeys(people, 0)
    keys = sorted(judged)
    chance.shuffle(keys)
    found = {}
    for key in keys:
        turns = chance.sample(people, len(people))
        free = sorted((name for name in turns if name not in judged[key]), key=loads.__getitem__)
        chosen = free[: max(0, needed - len(judged[key]))]
        for name in chosen:
            loads[name] += 1
        found[key] = sorted({*judged[key], *chosen})
    return found


def unblind(review: Review, round_name: str, by: str, pair: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Let a pair of reviewers, or every pair, see each other's votes of a round before its end; the pairs.

    Whoever voted and left is among them, since their votes are open too. It covers the records that are
    there now, and is logged with the name of who decided it.
    """
    protocol = in_force(review)
    stages = [stage.name for stage in protocol.stages]
    if round_name in stages:
        stage, one = round_name, None
    else:
        one = rounds.named(review, round_name)
        stage = one.stage
    standing = reviewers.standing(review)
    gate = Gate(review, protocol)
    voting = gate.voting(stage)
    for name in (by, *pair):
        if name not in standing and (name == by or name not in voting):
            raise InputError(
                f"no reviewer is called {name!r}", hint=f"takes part: {', '.join(standing) or 'nobody yet'}"
            )
    if pair and (len(set(pair)) != 2 or not set(pair) <= set(voting)):
        raise InputError("a pair is two different reviewers", hint="--pair ann --pair bob")
    pairs = list(combinations(pair or voting, 2))
    if not pairs:
        raise ProtocolError("there is no pair of reviewers to unblind yet", hint="two must have begun")
    if gate.is_open(stage) if one is None else gate.is_closed(one):
        what = f"stage {stage}" if one is None else one.name
        raise ProtocolError(f"{what} is open already", hint="nothing needs unblinding")
    with review.writing():
        decisions.unblind(review, round_name, pairs, by=by)
    return pairs
