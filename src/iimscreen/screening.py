"""The Desk, where one reviewer votes at one stage."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from iimscreen import team
from iimscreen.duplicates import kept_report
from iimscreen.errors import IimscreenError, InputError, ProtocolError
from iimscreen.model import Protocol, Stage, StoredRecord, Verdict
from iimscreen.protocol import FULL_TEXT, VOTES, stage_named
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, assignments, curation, decisions, records, reviewers, rounds
from iimscreen.store.gate import Gate
from iimscreen.store.openings import note_openings
from iimscreen.voting import Vote


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision as given on the command line or in a CSV line."""

    record: str
    verdict: str
    reason: str | None = None
    note: str | None = None


class Desk:
    """One reviewer's seat at one stage. Sees that reviewer's own votes and nobody else's."""

    asks_again: ClassVar[bool] = False  # whether the records left have a vote of this reviewer already

    def __init__(self, review: Review, reviewer: str, stage: str) -> None:
        self.review = review
        self.protocol = in_force(review)
        self.stage: Stage = stage_named(self.protocol, stage)
        self.reviewer = reviewer
        team.check_may_vote(review, self.protocol, reviewer)

    def waiting_keys(self) -> list[str]:
        """Keys of the records left for this reviewer, in the order in which they get them."""
        with self.review.reading():
            gate = Gate(self.review, self.protocol)
            waiting = gate.waiting_for(self.stage.name, self.reviewer)
            self._pool = gate.pool(self.stage.name)  # of the same look: no vote has to wait for another
        return waiting

    def waiting(self) -> list[StoredRecord]:
        """Records left for this reviewer, in the order in which they get them."""
        return list(records.by_keys(self.review, self.waiting_keys()))

    def rounds_ahead(self) -> str:
        """Why nothing else is asked for yet: pilots that others have not finished; "" if there is none."""
        gate = Gate(self.review, self.protocol)
        pilots = [
            one
            for one in gate.round_progress(self.stage.name)
            if one.round.kind == rounds.PILOT and not one.is_closed
        ]
        return "; ".join(
            f"{one.round.name} comes first and waits for "
            + (
                ", ".join(f"{name} ({count:,} to go)" for name, count in one.waiting.items() if count)
                or "another reviewer"
            )
            for one in pilots
        )

    def report(self, stored: StoredRecord) -> StoredRecord:
        """A record left, with what only the others of its report state."""
        return kept_report.shown(self.review, stored)

    def record(self, key: str) -> StoredRecord:
        """One record of this stage as it is shown: with what only the others of its report state."""
        with self.review.reading():
            return self.report(records.by_key(self.review, key))

    def reminder(self, key: str) -> str:
        """What the reviewer is to be told of a record beside what it states; "" if nothing."""
        del key
        return ""

    def own_vote(self, key: str) -> Vote | None:
        """The reviewer's own standing vote on a record, if any."""
        return decisions.own_vote(self.review, self.stage.name, self.reviewer, key)

    def own_votes(self) -> list[Vote]:
        """The reviewer's own standing votes at this stage, oldest first."""
        return decisions.own_votes(self.review, self.stage.name, self.reviewer)

    @cached_property
    def _pool(self) -> frozenset[str]:
        """The stage's records; votes at a stage do not change its own pool."""
        with self.review.reading():
            return Gate(self.review, self.protocol).pool(self.stage.name)

    def _look(self) -> None:
        """Know the stage's records before the file is taken: with 100,000 others would wait most of a second."""
        with contextlib.suppress(ProtocolError):  # told where the vote is judged, after openings are noted
            _ = self._pool

    def decide(self, decision: Decision, *, change: bool = False) -> Vote:
        """Store one vote, on disk when this returns.

        Raises InputError or ProtocolError, and stores nothing, if it cannot be given.
        """
        self._look()
        with self.review.writing():
            vote = self._decide(decision, change=change)
            note_openings(self.review)  # the vote that completes a round opens it
        return vote

    def decide_all(self, given: Sequence[tuple[int, Decision]]) -> list[Vote]:
        """Store the votes of a CSV (line, decision) together, or none of them.

        Raises InputError naming every line that cannot be used.
        """
        self._look()
        with self.review.writing():
            votes = all_or_none(given, lambda decision: self._decide(decision, change=False))
            note_openings(self.review)
        return votes

    def undo(self) -> Vote:
        """Withdraw this reviewer's last standing vote at this stage; the vote withdrawn."""
        with self.review.writing():
            last = decisions.last_own_vote(self.review, self.stage.name, self.reviewer)
            if last is None:
                raise ProtocolError(
                    f"{self.reviewer} has no vote to undo at stage {self.stage.name}", hint="vote first"
                )
            self._require_unopened(records.kept_of(self.review, last.key))
            self._log(last.key, Verdict.WITHDRAWN, None, None)
            return last

    def _decide(self, decision: Decision, *, change: bool) -> Vote:
        verdict = parse_verdict(decision.verdict, VOTES[self.stage.name], self.stage.name)
        reason = check_reason(self.protocol, self.stage, verdict, decision.reason)
        key = self._key_of(decision.record)
        own = decisions.own_vote(self.review, self.stage.name, self.reviewer, key)
        if own is not None:
            if not change:
                raise ProtocolError(
                    f"{self.reviewer} has voted {own.verdict} on {key} already",
                    hint="to change it: --record KEY --verdict … --change --note WHY",
                )
            if not decision.note:
                raise ProtocolError(f"a changed vote on {key} needs its reason", hint="say why with --note")
            self._require_unopened(key)
        elif change:
            raise ProtocolError(
                f"{self.reviewer} has not voted on {key} yet: nothing to change", hint="leave --change away"
            )
        else:
            self._require_wanted(key)
        team.register(self.review, self.protocol, self.reviewer)
        return self._log(key, verdict, reason, decision.note)

    def _require_wanted(self, key: str) -> None:
        """Raise ProtocolError unless a vote of this reviewer on a record is asked for now."""
        pilots = rounds.open_pilots(self.review, self.stage.name)
        own = decisions.round_of(self.review, self.stage.name, key)
        if own is not None and own.name in {one.name for one in pilots}:
            return  # of a pilot everyone judges all records
        if pilots:
            raise ProtocolError(
                f"{key} is not among the records of {pilots[0].name}, which everyone judges first",
                hint=f"`iimscreen screen --reviewer {self.reviewer}` shows what is left of it",
            )
        voters = decisions.voters(self.review, self.stage.name, key)
        names = assignments.of_record(self.review, self.stage.name, key)
        able = names & (voters | reviewers.standing(self.review).keys())
        if len(able) >= self.stage.reviewers_needed and self.reviewer not in names:
            raise ProtocolError(
                f"{key} is assigned to {' and '.join(sorted(names))}",
                hint="`iimscreen reviewer retire NAME --hand-over OTHER_NAME` passes their records on",
            )
        if len(voters) >= self.stage.reviewers_needed:
            raise ProtocolError(
                f"{key} has the {self.stage.reviewers_needed} votes that it needs",
                hint="`iimscreen status` shows what is left",
            )

    def _key_of(self, given: str) -> str:
        found = records.find(self.review, given)
        key = records.kept_of(self.review, found.key)
        if key not in self._pool or curation.is_removed(self.review, key):
            gate = Gate(self.review, self.protocol)
            if key in gate.pool(self.stage.name):  # kept in place of one removed since this desk was opened
                return key
            gate.require_judged_here(key)
            if self.stage.name == FULL_TEXT:
                gate.require_sought(key)
            raise ProtocolError(
                f"{key} is not among the records of stage {self.stage.name}",
                hint="at full text only reports marked as retrieved are judged (`iimscreen fulltext`)"
                if self.stage.name == FULL_TEXT
                else "records from other methods go to retrieval without title and abstract screening",
            )
        return key

    def _require_unopened(self, key: str) -> None:
        if self._may_see_others(key):
            raise ProtocolError(
                f"the votes on {key} may be seen at stage {self.stage.name}, so they no longer change",
                hint="correct it with `iimscreen resolve --record … --note …`",
            )

    def _may_see_others(self, key: str) -> bool:
        """Whether others' votes on a record may have been seen from this seat by now."""
        # The log tells it at once; only an unblinding has to be looked at record by record.
        if not decisions.may_see_others(self.review, self.stage.name, self.reviewer, key):
            return False
        return Gate(self.review, self.protocol).is_settled(self.stage.name, key, self.reviewer)

    def _log(self, key: str, verdict: Verdict, reason: str | None, note: str | None) -> Vote:
        report = records.kept_of(self.review, key)
        own = decisions.round_of(self.review, self.stage.name, report)
        vote = Vote(
            key,
            verdict,
            reason,
            note,
            (self.reviewer,),
            "vote",
            "",
            0,
            own.name if own else None,
            self._may_see_others(report),
        )
        decisions.add(self.review, vote, self.stage.name, self.protocol.sha256)
        return vote


def parse_verdict(given: str, allowed: Sequence[Verdict], stage: str) -> Verdict:
    """The verdict meant. Raises InputError listing those allowed."""
    try:
        verdict = Verdict(given.strip().lower())
    except ValueError:
        verdict = None
    if verdict is None or verdict not in allowed:
        raise InputError(
            f"{given!r} is no verdict of stage {stage}: expected {', '.join(allowed)}",
            hint="choose one of them",
        )
    return verdict


def check_reason(protocol: Protocol, stage: Stage, verdict: Verdict, given: str | None) -> str | None:
    """The reason's code, checked against the protocol and the stage's rule."""
    code = (given or "").strip() or None
    codes = [reason.code for reason in protocol.reasons]
    if code is not None and code not in codes:
        raise InputError(
            f"the protocol has no exclusion reason {code!r}", hint=f"its reasons: {', '.join(codes)}"
        )
    if code is not None and verdict is not Verdict.EXCLUDE:
        raise InputError(
            f"reason {code} was given with {verdict}; only an exclusion has a reason",
            hint="leave the reason away, or exclude",
        )
    if code is None and verdict is Verdict.EXCLUDE and stage.needs_reason:
        raise ProtocolError(
            f"an exclusion at stage {stage.name} needs its reason", hint=f"--reason {' | '.join(codes)}"
        )
    return code


def _once(record: str, line: int, seen: dict[str, int]) -> None:
    if record in seen:
        raise InputError(f"{record} stands on line {seen[record]} as well", hint="decide once")
    seen[record] = line


def all_or_none(given: Iterable[tuple[int, Decision]], settle: Callable[[Decision], Vote]) -> list[Vote]:
    """Store each decision; if any cannot be, raise one error that names every such line."""
    stored: list[Vote] = []
    faults: list[str] = []
    first: IimscreenError | None = None
    seen: dict[str, int] = {}
    for line, decision in given:
        try:
            _once(decision.record, line, seen)
            vote = settle(decision)
            if vote.key != decision.record:
                _once(vote.key, line, seen)
            stored.append(vote)
        except (InputError, ProtocolError) as error:
            first = first or error
            faults.append(f"line {line}: {error.message}")
    if first is not None:
        more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
        kind = type(first)
        lines = "1 line" if len(faults) == 1 else f"{len(faults)} lines"
        raise kind(
            f"{lines} cannot be used, nothing was stored: {'; '.join(faults[:5])}{more}",
            hint=first.hint,
        )
    return stored
