"""Who takes part: reviewers and adjudicators come and go; pairs may see each other's votes before the end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import Protocol
from iimscreen.protocol import stage_named
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, decisions, reviewers
from iimscreen.store.gate import Gate


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


def check_may_vote(review: Review, protocol: Protocol, name: str) -> None:
    """Raise if this person may not vote: an adjudicator, a misspelt name, or one reviewer too many."""
    check_name(name)
    standing = reviewers.standing(review)
    if standing.get(name) == reviewers.ADJUDICATOR:
        raise ProtocolError(f"{name} is an adjudicator and casts no votes", hint="`iimscreen resolve --by`")
    if name in standing:
        return
    near = _near_name(review, name)
    if near is not None:
        raise InputError(f"no reviewer is called {name!r}", hint=f"did you mean {near!r}?")
    needed = max(stage.reviewers_needed for stage in protocol.stages)
    voting_now = [known for known, role in standing.items() if role == reviewers.REVIEWER]
    if len(voting_now) >= needed:
        raise ProtocolError(
            f"{name} is no reviewer of this review; its reviewers are {', '.join(voting_now)}",
            hint=f"if that is no typing error: iimscreen reviewer add {name}",
        )


def register(review: Review, protocol: Protocol, name: str) -> None:
    """Make someone a reviewer with their first vote, if they may be and are not yet. Inside `writing()`."""
    check_may_vote(review, protocol, name)
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
            raise ProtocolError(f"{name} has voted and cannot be removed", hint="their votes stay in the log")
        reviewers.change(review, name, role, "removed", actor=name)


def unblind(review: Review, stage: str, by: str, pair: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Let a pair of reviewers, or every pair, see each other's votes of a round before its end; the pairs.

    It covers the records that are there now, and is logged with the name of who decided it.
    """
    stage_named(in_force(review), stage)
    standing = reviewers.standing(review)
    for name in (by, *pair):
        if name not in standing:
            raise InputError(
                f"no reviewer is called {name!r}", hint=f"takes part: {', '.join(standing) or 'nobody yet'}"
            )
    voting_now = [name for name, role in standing.items() if role == reviewers.REVIEWER]
    if pair and (len(set(pair)) != 2 or not set(pair) <= set(voting_now)):
        raise InputError("a pair is two different reviewers", hint="--pair ann --pair bob")
    pairs = list(combinations(pair or voting_now, 2))
    if not pairs:
        raise ProtocolError("there is no pair of reviewers to unblind yet", hint="two must have begun")
    if Gate(review, in_force(review)).is_open(stage):
        raise ProtocolError(f"stage {stage} is open already", hint="nothing needs unblinding")
    with review.writing():
        decisions.unblind(review, stage, pairs, by=by)
    return pairs
