"""The pairs that wait for a person: one reviewer's desk, what two disagree on, and the last word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from iimscreen import voting
from iimscreen.duplicates import asking, by_hand, consequences
from iimscreen.duplicates.asking import Pair
from iimscreen.duplicates.consequences import Consequences
from iimscreen.errors import InputError, ProtocolError
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, duplicate_votes, records, reviewers
from iimscreen.store.duplicate_gate import DuplicateGate
from iimscreen.store.duplicates import DISTINCT, DUPLICATE, PairVerdict
from iimscreen.team import check_name
from iimscreen.voting import PairState, PairVote

UNSURE = "unsure"
WORDS = (DUPLICATE, DISTINCT, UNSURE)


@dataclass(frozen=True, slots=True)
class Said:
    """A word on a pair, and what came of it."""

    key: str
    other_key: str
    verdict: str
    state: PairState  # pending where another reviewer's word is to come, or nothing was decided
    kept: str | None = None  # the record kept, where they are one report now


@dataclass(frozen=True, slots=True)
class Waiting:
    """A pair left for one reviewer."""

    question: PairVerdict
    was_unsure: bool


class PairDesk:
    """One reviewer's seat before the pairs that are asked. Sees that reviewer's own words and nobody else's."""

    def __init__(self, review: Review, reviewer: str) -> None:
        self.review = review
        self.protocol = in_force(review)
        self.needed = self.protocol.duplicate_reviewers
        self.reviewer = check_name(reviewer)
        self.undone: PairVerdict | None = None  # the pair of the last undo
        _check_takes_part(review, self.reviewer, self.needed)

    def waiting(self) -> list[Waiting]:
        """Pairs left for this reviewer: best score first, those they were unsure of last."""
        with self.review.reading():
            gate = self._gate()
            left = gate.waiting_for(self.reviewer, asking.questions(self.review))
            return [Waiting(one, gate.was_unsure(self.reviewer, one)) for one in left]

    def said_before(self) -> list[PairVote]:
        """The own words of this reviewer that may still change, latest first."""
        gate = self._gate()
        return [
            vote
            for vote in reversed(duplicate_votes.own(self.review, self.reviewer))
            if gate.may_change(vote)
        ]

    def pair(self, question: PairVerdict) -> Pair:
        """A question with both records."""
        return asking.with_records(self.review, question)

    def question(self, one: str, other: str, *, again: bool = False) -> PairVerdict:
        """The question that two records belong to; with `again`, the pair of an own word to be changed.

        Raises InputError or ProtocolError if there is none, or if this reviewer has answered it.
        """
        first, second = by_hand.two_records(self.review, one, other)
        if again:
            return self._own(first.key, second.key)
        reports = self._reports(first.key, second.key)
        if len(reports) == 1:
            raise ProtocolError(
                f"{first.key} and {second.key} are one report already",
                hint=f"iimscreen duplicates why {first.key} {second.key} tells by which verdicts; "
                "`iimscreen duplicates split` undoes it",
            )
        question = asking.question_on(self.review, first.key, second.key)
        if question is not None:
            self._require_waiting(question)
            return question
        raise ProtocolError(
            f"nobody is asked about {first.key} and {second.key}",
            hint="decide it with `iimscreen duplicates merge` or `split`; to change a word of yours, add --again",
        )

    def still_asked(self, one: Waiting) -> Waiting | None:
        """A pair left, as it stands now; None where other decisions have answered it meanwhile."""
        question = asking.question_on(self.review, one.question.key, one.question.other_key)
        if question is None:
            return None
        gate = self._gate()
        if not gate.waiting_for(self.reviewer, [question]):
            return None
        return Waiting(question, gate.was_unsure(self.reviewer, question))

    def foreseen(self, question: PairVerdict, verdict: str, *, again: bool = False) -> Consequences:
        """What a word would do to decisions already taken, if it becomes the verdict.

        The same whatever others have said. Raises ProtocolError if the verdict cannot be.
        """
        pair = (question.key, question.other_key)
        if verdict != UNSURE:
            return consequences.foreseen(
                self.review, [pair], verdict, by=(self.reviewer,), viewer=self.reviewer
            )
        if again and self.needed == 1:
            return consequences.of_an_undo(self.review, pair, by=self.reviewer)
        return Consequences((), ())

    def foreseen_undo(self) -> Consequences:
        """What an undo of this reviewer's last word would do to decisions already taken."""
        own = duplicate_votes.own(self.review, self.reviewer)
        if self.needed > 1 or not own:
            return Consequences((), ())  # a verdict of two is not undone by one
        return consequences.of_an_undo(self.review, (own[-1].key, own[-1].other_key), by=self.reviewer)

    def say(
        self, question: PairVerdict, verdict: str, *, note: str | None = None, again: bool = False
    ) -> Said:
        """Store one word, on disk when this returns; with the last word that is needed, the verdict too."""
        check_word(verdict)
        key, other_key = question.key, question.other_key
        with self.review.writing():
            if again:
                self._own(key, other_key)
            else:
                self._require_waiting(question)
            if self.needed == 1 and again and verdict == UNSURE:
                by_hand.take_back(self.review, (key, other_key), by=self.reviewer)
            duplicate_votes.add(self.review, PairVote(key, other_key, self.reviewer, verdict, note))
            gate = self._gate()
            state = gate.state(key, other_key) if self.needed > 1 else _STATE[verdict]
            by = gate.voters(key, other_key) if self.needed > 1 else (self.reviewer,)
            kept = None
            if state in (PairState.DUPLICATE, PairState.DISTINCT):
                kept = by_hand.decide(self.review, [(key, other_key)], state.value, by=by, note=note)[key]
            return Said(key, other_key, verdict, state, kept if state is PairState.DUPLICATE else None)

    def undo(self) -> PairVote:
        """Withdraw this reviewer's last word, and the verdict that it made; the word withdrawn."""
        with self.review.writing():
            own = duplicate_votes.own(self.review, self.reviewer)
            if not own:
                raise ProtocolError(
                    f"{self.reviewer} has no word on duplicates to undo", hint="decide a pair first"
                )
            last = own[-1]
            self._require_changeable(last)
            duplicate_votes.add(self.review, replace(last, verdict="withdrawn", note=None))
            if self.needed == 1:
                by_hand.take_back(self.review, (last.key, last.other_key), by=self.reviewer)
            self.undone = PairVerdict(last.key, last.other_key, "asked", "rule:by_hand", None, None)
            return last

    # --- what may be done ----------------------------------------------------------------------------

    def _gate(self) -> DuplicateGate:
        return DuplicateGate(self.review, self.protocol)

    def _reports(self, key: str, other_key: str) -> frozenset[str]:
        return frozenset((records.kept_of(self.review, key), records.kept_of(self.review, other_key)))

    def _require_waiting(self, question: PairVerdict) -> None:
        pair = f"{question.key} and {question.other_key}"
        if asking.question_on(self.review, question.key, question.other_key) is None:
            raise ProtocolError(
                f"{pair} are no question any more: someone has decided meanwhile",
                hint=f"iimscreen duplicates why {question.key} {question.other_key}",
            )
        if self.needed > 1 and not self._gate().waiting_for(self.reviewer, [question]):
            reports = self._reports(question.key, question.other_key)
            own = [
                vote
                for vote in duplicate_votes.own(self.review, self.reviewer)
                if self._reports(vote.key, vote.other_key) == reports
            ]
            if own:
                raise ProtocolError(
                    f"{self.reviewer} has said {own[-1].verdict} of {pair} already",
                    hint="to say otherwise, add --again",
                )
            raise ProtocolError(
                f"{pair} have the {self.needed} words that they need",
                hint="`iimscreen duplicates conflicts` lists those that differ",
            )

    def _own(self, key: str, other_key: str) -> PairVerdict:
        own = [
            vote
            for vote in duplicate_votes.own(self.review, self.reviewer)
            if {vote.key, vote.other_key} == {key, other_key}
        ]
        if not own:
            raise ProtocolError(
                f"{self.reviewer} has said nothing of {key} and {other_key} yet: nothing to say again",
                hint="leave --again away",
            )
        self._require_changeable(own[-1])
        return PairVerdict(own[-1].key, own[-1].other_key, "asked", "rule:by_hand", None, None)

    def _require_changeable(self, vote: PairVote) -> None:
        if not self._gate().may_change(vote):
            raise ProtocolError(
                f"both reviewers have decided about {vote.key} and {vote.other_key}, so their words stay",
                hint="correct the verdict with `iimscreen duplicates resolve`, `merge` or `split`",
            )


_STATE = {
    DUPLICATE: PairState.DUPLICATE,
    DISTINCT: PairState.DISTINCT,
    UNSURE: PairState.PENDING,
}


def check_word(given: str, allowed: Sequence[str] = WORDS) -> str:
    """The word given. Raises InputError listing those allowed."""
    if given not in allowed:
        raise InputError(
            f"{given!r} is no verdict on duplicates: expected {', '.join(allowed)}", hint="choose one of them"
        )
    return given


def _check_takes_part(review: Review, name: str, needed: int) -> None:
    """Raise if this may be a misspelt name, which would agree with its owner, or one reviewer too many."""
    standing = reviewers.standing(review)
    known = {*standing, *duplicate_votes.voters(review)}
    if name not in known:
        near = next((one for one in sorted(known) if one.casefold() == name.casefold()), None)
        if near is not None:
            raise InputError(f"no reviewer is called {name!r}", hint=f"did you mean {near!r}?")
    if needed == 1:
        return
    if standing.get(name) == reviewers.ADJUDICATOR:
        raise ProtocolError(
            f"{name} is an adjudicator and resolves only", hint="`iimscreen duplicates resolve --by`"
        )
    here = {one for one in known if standing.get(one) != reviewers.ADJUDICATOR}
    if name not in here and len(here) >= needed:
        raise ProtocolError(
            f"{name} is no reviewer of this review; its reviewers are {', '.join(sorted(here))}",
            hint=f"if that is no typing error: iimscreen reviewer add {name}",
        )


# --- what is left, and what two disagree on ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PairConflict:
    """A pair on which all words are in, and no verdict came of them."""

    pair: Pair
    votes: tuple[PairVote, ...]


def conflicts(review: Review) -> list[PairConflict]:
    """Pairs to resolve, best score first."""
    with review.reading():
        gate = DuplicateGate(review, in_force(review))
        return [
            PairConflict(asking.with_records(review, one), tuple(gate.votes(one.key, one.other_key)))
            for one in gate.conflicts(asking.questions(review))
        ]


def to_resolve(review: Review, one: str, other: str, names: Sequence[str]) -> PairVerdict:
    """The conflict that two records belong to. Raises ProtocolError if there is none, or these people may
    not resolve it.
    """
    standing = reviewers.standing(review)
    known = {*standing, *duplicate_votes.voters(review)}
    for name in names:
        if name not in known:
            raise InputError(
                f"no reviewer is called {name!r}",
                hint=f"takes part: {', '.join(sorted(known)) or 'nobody yet'}; `iimscreen reviewer add` adds one",
            )
    first, second = by_hand.two_records(review, one, other)
    gate = DuplicateGate(review, in_force(review))
    question = asking.question_on(review, first.key, second.key)
    if question is not None:
        if not gate.is_to_resolve(question.key, question.other_key):
            raise ProtocolError(
                f"{first.key} and {second.key} are still to be decided: not all words that they need are in",
                hint="iimscreen duplicates review --reviewer NAME",
            )
        adjudicators = frozenset(n for n, role in standing.items() if role == reviewers.ADJUDICATOR)
        voters = frozenset(gate.voters(question.key, question.other_key))
        if voting.manner(names, adjudicators, voters) not in ("adjudication", "consensus"):
            raise ProtocolError(
                f"{' and '.join(names)} is not everyone who decided about {first.key} and {second.key} "
                f"({', '.join(sorted(voters))})",
                hint="a consensus needs everyone who did, or let an adjudicator decide",
            )
        return question
    raise ProtocolError(
        f"{first.key} and {second.key} are in no conflict",
        hint="`iimscreen duplicates conflicts` lists those there are; `merge` and `split` correct a verdict",
    )


def resolve(
    review: Review, question: PairVerdict, verdict: str, *, by: Sequence[str], note: str | None = None
) -> Said:
    """Store the last word on a conflict; the words of both stay as they were."""
    check_word(verdict, (DUPLICATE, DISTINCT))
    names = tuple(dict.fromkeys(by))
    pair = (question.key, question.other_key)
    with review.writing():
        kept = by_hand.decide(review, [pair], verdict, by=names, note=note)
    is_one = verdict == DUPLICATE
    return Said(*pair, verdict, PairState(verdict), kept[question.key] if is_one else None)


def require_free(review: Review, pairs: by_hand.Pairs) -> None:
    """Raise ProtocolError if one person alone would decide about a pair that two reviewers are asked about."""
    protocol = in_force(review)
    if protocol.duplicate_reviewers == 1:
        return
    gate = DuplicateGate(review, protocol)
    keys = dict.fromkeys(key for pair in pairs for key in pair)  # a chain of merges makes all of them one
    for key, other_key in combinations(keys, 2):
        question = asking.question_on(review, key, other_key)
        if question is None:
            continue
        if gate.is_to_resolve(question.key, question.other_key):
            hint = f"iimscreen duplicates resolve {key} {other_key} --verdict … --by NAME --by NAME"
        else:
            hint = "each says so with `iimscreen duplicates review --reviewer NAME`"
        raise ProtocolError(
            f"the protocol asks {protocol.duplicate_reviewers} reviewers about {key} and {other_key}",
            hint=hint,
        )
