"""Conflicts of complete rounds, and the Table where they are settled: by an adjudicator, or by consensus."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from iimscreen import voting
from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import StoredRecord, Verdict
from iimscreen.protocol import FINAL_WORDS, stage_named
from iimscreen.review_protocol import in_force, stages_to_see
from iimscreen.screening import Decision, all_or_none, check_reason, parse_verdict
from iimscreen.store import Review, decisions, log, records, reviewers
from iimscreen.store.gate import Gate
from iimscreen.store.openings import note_openings
from iimscreen.voting import Outcome, Vote


@dataclass(frozen=True, slots=True)
class Conflict:
    """One record that a person has to resolve or confirm."""

    record: StoredRecord
    outcome: Outcome
    votes: tuple[Vote, ...]

    def in_order_to_show(self, *, hide_names: bool) -> list[tuple[str, Vote]]:
        """(heading, vote) of each vote: by name; or without names, in an order that tells nobody apart.

        That order is by a hash of record and name: the same each time, and another for each record.
        """
        if not hide_names:
            return [(vote.names[0], vote) for vote in sorted(self.votes, key=lambda vote: vote.names)]

        def mixed(vote: Vote) -> str:
            return hashlib.sha256(f"{self.record.key}\n{vote.names[0]}".encode()).hexdigest()

        return [
            (f"vote {number}", vote) for number, vote in enumerate(sorted(self.votes, key=mixed), start=1)
        ]


@dataclass(frozen=True, slots=True)
class StageConflicts:
    """What is to resolve at one stage, and how many of its records are still closed to view."""

    stage: str
    conflicts: tuple[Conflict, ...]
    closed: int


def conflicts(review: Review, stage: str) -> list[Conflict]:
    """What is to resolve at a stage, as far as revealed. Raises ProtocolError while its round is blind."""
    (found,) = conflicts_to_see(review, stage)
    return list(found.conflicts)


def conflicts_to_see(review: Review, given: str = "") -> list[StageConflicts]:
    """What is to resolve at the stage asked for, or at each of which something may be seen.

    Raises ProtocolError if nothing may be seen.
    """
    with review.reading():
        protocol = in_force(review)
        gate = Gate(review, protocol)
        return [
            StageConflicts(stage, _conflicts(review, gate, stage), gate.closed(stage))
            for stage in stages_to_see(gate, protocol, given)
        ]


def _conflicts(review: Review, gate: Gate, stage: str) -> tuple[Conflict, ...]:
    votes = gate.votes(stage)
    open_ones = {key: outcome for key, outcome in gate.outcomes(stage).items() if outcome.needs_someone}
    return tuple(
        Conflict(stored, open_ones[stored.key], tuple(votes.get(stored.key, ())))
        for stored in records.by_keys(review, list(open_ones))
    )


class Table:
    """Where final words are given at one stage, by an adjudicator, by consensus, or by one person."""

    def __init__(self, review: Review, names: Sequence[str], stage: str) -> None:
        self.review = review
        self.protocol = in_force(review)
        self.stage = stage_named(self.protocol, stage)
        standing = reviewers.standing(review)
        self.names = tuple(dict.fromkeys(names))
        for name in self.names:
            if name not in standing:
                raise InputError(
                    f"no reviewer is called {name!r}",
                    hint=f"takes part: {', '.join(standing) or 'nobody yet'}; `iimscreen reviewer add` adds one",
                )
        self._adjudicators = frozenset(n for n, role in standing.items() if role == reviewers.ADJUDICATOR)
        self._gate = Gate(review, self.protocol)
        self._read_at = log.last_id(review)
        self._settled: set[str] = set()  # at this table, since the gate was read
        self._gate.outcomes(stage)  # raises while nothing of the round may be seen

    def settle(self, decision: Decision) -> Vote:
        """Store one final word. Where nothing is in conflict it is a correction and needs a note."""
        with self._writing():
            return self._settle(decision)

    def settle_all(self, given: Sequence[tuple[int, Decision]]) -> list[Vote]:
        """Store the final words of a CSV together, or none."""
        with self._writing():
            return all_or_none(given, self._settle)

    def confirm_proposed(self) -> list[Vote]:
        """Confirm every proposed reason of the exclusions that all reviewers agree on."""
        open_ones = [c for c in conflicts(self.review, self.stage.name) if c.outcome.reason_is_proposed]
        with self._writing():
            return [
                self._settle(Decision(c.record.key, Verdict.EXCLUDE, c.outcome.reason)) for c in open_ones
            ]

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction; the gate is read anew if the log has grown since by other hands than ours."""
        with self.review.writing():
            if self._read_at != log.last_id(self.review):
                self._gate, self._settled = Gate(self.review, self.protocol), set()
            self._read_at = -1  # until all of it is stored
            yield
            self._read_at = log.last_id(self.review)
            note_openings(self.review)  # the last conflict of a stage opens what waits for it

    def _settle(self, decision: Decision) -> Vote:
        verdict = parse_verdict(decision.verdict, FINAL_WORDS[self.stage.name], self.stage.name)
        found = records.find(self.review, decision.record)
        key = records.kept_of(self.review, found.key)
        outcome = self._gate.outcomes(self.stage.name).get(key)
        if outcome is None:
            self._gate.require_judged_here(key)
            self._gate.require_open(self.stage.name, f"{key}")
            raise ProtocolError(
                f"{key} is not among the records of stage {self.stage.name}", hint="`iimscreen conflicts`"
            )
        if outcome.state is voting.State.PENDING:
            raise ProtocolError(f"{key} still lacks votes", hint="`iimscreen status` shows who has to vote")
        if (key in self._settled or not outcome.needs_someone) and not decision.note:
            raise ProtocolError(
                f"{key} is not in conflict ({'settled' if key in self._settled else outcome.state}): this would be "
                "a correction",
                hint="say why with --note",
            )
        given = decision.reason
        if given is None and verdict is Verdict.EXCLUDE and outcome.reason_is_proposed:
            given = outcome.reason
        reason = check_reason(self.protocol, self.stage, verdict, given)
        word = Vote(key, verdict, reason, decision.note, self.names, self._manner(key), "", 0)
        decisions.add(self.review, word, self.stage.name, self.protocol.sha256)
        self._settled.add(key)
        return word

    def _manner(self, key: str) -> str:
        voters = frozenset(vote.names[0] for vote in self._gate.votes(self.stage.name).get(key, ()))
        found = voting.manner(self.names, self._adjudicators, voters)
        if found is None:
            raise ProtocolError(
                f"{' and '.join(self.names)} are not all who voted on {key} ({', '.join(sorted(voters))})",
                hint="a consensus needs everyone who voted, or let an adjudicator decide",
            )
        return found
