"""What votes on one record, or on one pair, mean under the protocol's rules. Pure; who may see it is not its matter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from iimscreen.model import Reason, Stage, Verdict
from iimscreen.wording import counted


class State(StrEnum):
    """The outcome of one record at one stage."""

    PENDING = "pending"  # votes are missing
    CONFLICT = "conflict"
    INCLUDE = "include"
    EXCLUDE = "exclude"
    AWAITING = "awaiting"
    ONGOING = "ongoing"


class Vote(NamedTuple):
    """One word on one record: a reviewer's vote, or a final word.

    A named tuple, because a large review has hundreds of thousands of them.
    """

    key: str
    verdict: Verdict
    reason: str | None
    note: str | None
    names: tuple[str, ...]  # the reviewer; or those who decided together
    manner: str  # vote, adjudication, consensus, one person
    at: str  # UTC
    log_id: int
    round: str | None = None  # the pilot or batch in which it was given; None: in none but the stage
    was_open: bool | None = None  # whether the reviewer could see another's vote by then; None: not stated


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a record stands at a stage."""

    state: State
    reason: str | None = None
    reason_is_proposed: bool = False  # both exclude, for different reasons: someone must confirm
    settled_by: str = "vote"  # or the manner of the final word

    @property
    def needs_someone(self) -> bool:
        """Whether a person has to resolve or confirm something."""
        return self.state is State.CONFLICT or self.reason_is_proposed


def outcome(votes: Sequence[Vote], final: Vote | None, stage: Stage, reasons: Sequence[Reason]) -> Outcome:
    """The outcome of one record: its standing votes and the final word, if any.

    Votes are those that stand: one per reviewer, or several where records were merged that one
    reviewer had judged each. A final word settles it. Otherwise: fewer reviewers than needed is
    pending; if all votes advance (include, or also unsure, as the stage says) it is included; if all
    are the same settling verdict, it is that; all else is a conflict, which never counts as excluded.
    Exclusions for different reasons take the reason that stands first in the protocol, to be
    confirmed where the stage requires a reason.
    """
    if final is not None:
        return Outcome(State(final.verdict.value), final.reason, settled_by=final.manner)
    if len({vote.names[0] for vote in votes}) < stage.reviewers_needed:
        return Outcome(State.PENDING)
    verdicts = {vote.verdict for vote in votes}
    if verdicts <= stage.advances:
        return Outcome(State.INCLUDE)
    if len(verdicts) == 1 and verdicts <= stage.final:
        (verdict,) = verdicts
        if verdict is Verdict.EXCLUDE:
            return _exclusion(votes, stage, reasons)
        return Outcome(State(verdict.value))
    return Outcome(State.CONFLICT)


def _exclusion(votes: Sequence[Vote], stage: Stage, reasons: Sequence[Reason]) -> Outcome:
    given = {vote.reason for vote in votes if vote.reason is not None}
    if len(given) <= 1:
        return Outcome(State.EXCLUDE, next(iter(given), None))
    order: Mapping[str, int] = {reason.code: place for place, reason in enumerate(reasons)}
    earliest = min(given, key=lambda code: (order.get(code, len(order)), code))
    return Outcome(State.EXCLUDE, earliest, reason_is_proposed=stage.needs_reason)


def unsuperseded(words: Sequence[Vote], together: Callable[[str, int], frozenset[str]]) -> list[Vote]:
    """The words that still stand of one speaker on one report, oldest first.

    A word speaks for all records that were one report when it was given, so it takes the place of
    earlier words on those; one on a record that was merged in later stands beside it.
    `together(record, log id)` says which records those were.
    """
    standing: list[Vote] = []
    for word in sorted(words, key=lambda word: word.log_id):
        spoken_for = together(word.key, word.log_id)
        standing = [earlier for earlier in standing if earlier.key not in spoken_for] + [word]
    return standing


def manner(names: Sequence[str], adjudicators: frozenset[str], voters: frozenset[str]) -> str | None:
    """How a final word by these people is reported: adjudication, consensus, or one person.

    An adjudicator among them makes it an adjudication; all who voted on the record, a consensus.
    None if it is neither, and no single person's word.
    """
    given = set(names)
    if given & adjudicators:
        return "adjudication"
    if len(given) > 1:
        return "consensus" if voters <= given else None
    return "one person"


class PairState(StrEnum):
    """What the words on a pair of records come to."""

    PENDING = "pending"  # words are missing
    CONFLICT = "conflict"
    DUPLICATE = "duplicate"
    DISTINCT = "distinct"


@dataclass(frozen=True, slots=True)
class PairVote:
    """One reviewer's word on a pair of records; the pair is in order of arrival."""

    key: str
    other_key: str
    reviewer: str
    verdict: str  # duplicate, distinct, unsure; or withdrawn, an undo
    note: str | None = None
    at: str = ""  # UTC
    log_id: int = 0


def pair_state(words: Sequence[str], needed: int) -> PairState:
    """What the standing words on a pair, one a reviewer and oldest first, come to.

    Where one is needed, the latest yes or no decides, and unsure leaves the pair open. Where more are
    needed, unsure is a word too: whatever is not the same yes or no from all is a conflict.
    """
    if needed == 1:
        words = [word for word in words if word != "unsure"][-1:]
    if len(words) < needed:
        return PairState.PENDING
    if set(words) in ({"duplicate"}, {"distinct"}):
        return PairState(words[0])
    return PairState.CONFLICT


def describe(stage: Stage) -> str:
    """The stage's rule in one sentence, as `status` prints it."""
    advances = " or ".join(v.value for v in Verdict if v in stage.advances)
    others = ", ".join(v.value for v in Verdict if v in stage.final and v is not Verdict.INCLUDE)
    return (
        f"{counted(stage.reviewers_needed, 'vote')} a record; {advances} from all sends it on; "
        f"the same verdict from all settles it ({others}); anything else is a conflict, "
        "which never counts as excluded"
    )
