"""The Desk, where one reviewer votes at one stage; conflicts, final words, decisions from a CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path

from iimscreen import voting
from iimscreen.agreement import Agreement, agreement
from iimscreen.duplicates import kept_report
from iimscreen.errors import IimscreenError, InputError, ProtocolError
from iimscreen.model import Protocol, Stage, StoredRecord, Verdict
from iimscreen.protocol import FINAL_WORDS, FULL_TEXT, VOTES, stage_named
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, curation, decisions, records, reviewers
from iimscreen.store.gate import Gate
from iimscreen.voting import Outcome, Vote

COLUMNS = ("record", "verdict", "reason", "note")


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision as given on the command line or in a CSV line."""

    record: str
    verdict: str
    reason: str | None = None
    note: str | None = None


class Desk:
    """One reviewer's seat at one stage. Sees that reviewer's own votes and nobody else's."""

    def __init__(self, review: Review, reviewer: str, stage: str) -> None:
        self.review = review
        self.protocol = in_force(review)
        self.stage: Stage = stage_named(self.protocol, stage)
        self.reviewer = reviewer
        check_may_vote(review, self.protocol, reviewer)

    def waiting(self) -> list[StoredRecord]:
        """Records left for this reviewer, in the order that is the same for everyone."""
        keys = Gate(self.review, self.protocol).waiting_for(self.stage.name, self.reviewer)
        return list(records.by_keys(self.review, keys))

    def report(self, stored: StoredRecord) -> StoredRecord:
        """A record left, with what only the others of its report state."""
        return kept_report.shown(self.review, stored)

    @cached_property
    def _pool(self) -> frozenset[str]:
        """The stage's records; votes at a stage do not change its own pool."""
        return Gate(self.review, self.protocol).pool(self.stage.name)

    def decide(self, decision: Decision, *, change: bool = False) -> Vote:
        """Store one vote, on disk when this returns.

        Raises InputError or ProtocolError, and stores nothing, if it cannot be given.
        """
        with self.review.writing():
            return self._decide(decision, change=change)

    def decide_all(self, given: Sequence[tuple[int, Decision]]) -> list[Vote]:
        """Store the votes of a CSV (line, decision) together, or none of them.

        Raises InputError naming every line that cannot be used.
        """
        with self.review.writing():
            return _all_or_none(given, lambda decision: self._decide(decision, change=False))

    def undo(self) -> Vote:
        """Withdraw this reviewer's last standing vote at this stage; the vote withdrawn."""
        with self.review.writing():
            own = decisions.own_votes(self.review, self.stage.name, self.reviewer)
            if not own:
                raise ProtocolError(
                    f"{self.reviewer} has no vote to undo at stage {self.stage.name}", hint="vote first"
                )
            self._require_unopened(records.kept_of(self.review, own[-1].key))
            self._log(own[-1].key, Verdict.WITHDRAWN, None, None)
            return own[-1]

    def _decide(self, decision: Decision, *, change: bool) -> Vote:
        verdict = parse_verdict(decision.verdict, VOTES[self.stage.name], self.stage.name)
        reason = check_reason(self.protocol, self.stage, verdict, decision.reason)
        key = self._key_of(decision.record)
        own = decisions.own_vote(self.review, self.stage.name, self.reviewer, key)
        if own is not None:
            if not change:
                raise ProtocolError(
                    f"{self.reviewer} has voted {own.verdict} on {key} already",
                    hint="to change it, add --change and say why with --note",
                )
            if not decision.note:
                raise ProtocolError(f"a changed vote on {key} needs its reason", hint="say why with --note")
            self._require_unopened(key)
        elif change:
            raise ProtocolError(
                f"{self.reviewer} has not voted on {key} yet: nothing to change", hint="leave --change away"
            )
        elif len(decisions.voters(self.review, self.stage.name, key)) >= self.stage.reviewers_needed:
            raise ProtocolError(
                f"{key} has the {self.stage.reviewers_needed} votes that it needs",
                hint="`iimscreen status` shows what is left",
            )
        _register(self.review, self.protocol, self.reviewer)
        return self._log(key, verdict, reason, decision.note)

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
        if Gate(self.review, self.protocol).is_settled(self.stage.name, key, self.reviewer):
            raise ProtocolError(
                f"the votes on {key} may be seen at stage {self.stage.name}, so they no longer change",
                hint="correct it with `iimscreen resolve --record … --note …`",
            )

    def _log(self, key: str, verdict: Verdict, reason: str | None, note: str | None) -> Vote:
        vote = Vote(key, verdict, reason, note, (self.reviewer,), "vote", "", 0)
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


# --- who takes part --------------------------------------------------------------------------------


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


def _register(review: Review, protocol: Protocol, name: str) -> None:
    check_may_vote(review, protocol, name)
    if name not in reviewers.standing(review):
        reviewers.change(review, name, reviewers.REVIEWER, "added", actor=name)


def sit_down(review: Review, name: str) -> None:
    """Make someone one of the reviewers that the protocol needs, if they are not yet."""
    with review.writing():
        _register(review, in_force(review), name)


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


# --- conflicts and final words ---------------------------------------------------------------------


def _stages_to_see(gate: Gate, protocol: Protocol, given: str) -> list[str]:
    """The stage asked for; or every stage of which something may be seen, in order.

    Raises ProtocolError if no stage may be seen.
    """
    if given:
        return [stage_named(protocol, given).name]
    names = [stage.name for stage in protocol.stages]
    seen = [name for name in names if gate.shows_any(name)]
    if not seen:
        gate.require_open(names[0], "the outcome")
    return seen


@dataclass(frozen=True, slots=True)
class Conflict:
    """One record that a person has to resolve or confirm."""

    record: StoredRecord
    outcome: Outcome
    votes: tuple[Vote, ...]


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
            for stage in _stages_to_see(gate, protocol, given)
        ]


def _conflicts(review: Review, gate: Gate, stage: str) -> tuple[Conflict, ...]:
    votes = gate.votes(stage)
    return tuple(
        Conflict(records.by_key(review, key), outcome, tuple(votes.get(key, ())))
        for key, outcome in gate.outcomes(stage).items()
        if outcome.needs_someone
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
        Gate(review, self.protocol).outcomes(stage)  # raises while nothing of the round may be seen

    def settle(self, decision: Decision) -> Vote:
        """Store one final word. Where nothing is in conflict it is a correction and needs a note."""
        with self.review.writing():
            return self._settle(decision, Gate(self.review, self.protocol))

    def settle_all(self, given: Sequence[tuple[int, Decision]]) -> list[Vote]:
        """Store the final words of a CSV together, or none."""
        with self.review.writing():
            gate = Gate(self.review, self.protocol)
            return _all_or_none(given, lambda decision: self._settle(decision, gate))

    def confirm_proposed(self) -> list[Vote]:
        """Confirm every proposed reason of the exclusions that all reviewers agree on."""
        open_ones = [c for c in conflicts(self.review, self.stage.name) if c.outcome.reason_is_proposed]
        with self.review.writing():
            gate = Gate(self.review, self.protocol)
            return [
                self._settle(Decision(c.record.key, Verdict.EXCLUDE, c.outcome.reason), gate)
                for c in open_ones
            ]

    def _settle(self, decision: Decision, gate: Gate) -> Vote:
        verdict = parse_verdict(decision.verdict, FINAL_WORDS[self.stage.name], self.stage.name)
        found = records.find(self.review, decision.record)
        key = records.kept_of(self.review, found.key)
        outcome = gate.outcomes(self.stage.name).get(key)
        if outcome is None:
            gate.require_judged_here(key)
            gate.require_open(self.stage.name, f"{key}")
            raise ProtocolError(
                f"{key} is not among the records of stage {self.stage.name}", hint="`iimscreen conflicts`"
            )
        if outcome.state is voting.State.PENDING:
            raise ProtocolError(f"{key} still lacks votes", hint="`iimscreen status` shows who has to vote")
        if not outcome.needs_someone and not decision.note:
            raise ProtocolError(
                f"{key} is not in conflict ({outcome.state}): this would be a correction",
                hint="say why with --note",
            )
        given = decision.reason
        if given is None and verdict is Verdict.EXCLUDE and outcome.reason_is_proposed:
            given = outcome.reason
        reason = check_reason(self.protocol, self.stage, verdict, given)
        word = Vote(key, verdict, reason, decision.note, self.names, self._manner(gate, key), "", 0)
        decisions.add(self.review, word, self.stage.name, self.protocol.sha256)
        return word

    def _manner(self, gate: Gate, key: str) -> str:
        voters = frozenset(vote.names[0] for vote in gate.votes(self.stage.name).get(key, ()))
        found = voting.manner(self.names, self._adjudicators, voters)
        if found is None:
            raise ProtocolError(
                f"{' and '.join(self.names)} are not all who voted on {key} ({', '.join(sorted(voters))})",
                hint="a consensus needs everyone who voted, or let an adjudicator decide",
            )
        return found


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Agreement of one pair of reviewers at one stage."""

    stage: str
    reviewer: str
    other_reviewer: str
    figures: Agreement


def agreements(review: Review, given: str = "") -> list[PairAgreement]:
    """Agreement of every pair at the stage asked for, or at each of which something may be seen.

    On votes given before the other's could be seen; all but exclude = include. Raises ProtocolError
    if nothing may be seen.
    """
    with review.reading():
        protocol = in_force(review)
        gate = Gate(review, protocol)
        names = [n for n, role in reviewers.standing(review).items() if role == reviewers.REVIEWER]
        return [
            found
            for stage in _stages_to_see(gate, protocol, given)
            for found in _agreements(gate, stage, names)
        ]


def _agreements(gate: Gate, stage: str, names: Sequence[str]) -> list[PairAgreement]:
    said = {
        (vote.key, vote.names[0]): "exclude" if vote.verdict is Verdict.EXCLUDE else "include"
        for votes in gate.independent_votes(stage).values()
        for vote in votes
    }
    found = []
    for one, other in combinations(names, 2):
        # Record by record: votes on two records that were merged later were no votes on one text.
        ratings = [
            (said[key, one], said[key, other]) for key, name in said if name == one and (key, other) in said
        ]
        found.append(PairAgreement(stage, one, other, agreement(ratings, ("include", "exclude"))))
    return found


# --- decisions from a CSV --------------------------------------------------------------------------


def read_decisions(path: Path) -> list[tuple[int, Decision]]:
    """The (line, decision) pairs of a CSV with the columns record, verdict, reason and note.

    Raises InputError naming file and line if it is not such a CSV. What the values mean is checked
    where they are stored.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", hint="check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text", hint="save it as CSV UTF-8") from error
    reader = csv.reader(io.StringIO(text), strict=True)
    found: list[tuple[int, Decision]] = []
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if (
            header[:2] != list(COLUMNS[:2])
            or not set(header) <= set(COLUMNS)
            or len(set(header)) != len(header)
        ):
            raise InputError(
                f"{path}, line 1: the columns are {', '.join(header) or 'missing'}",
                hint=f"expected a first line {','.join(COLUMNS)} (the last two may be missing)",
            )
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) > len(header) or len(row) < 2:
                raise InputError(
                    f"{path}, line {reader.line_num}: {len(row)} columns, expected {len(header)}",
                    hint="put quotes around values that hold a comma",
                )
            values = dict(zip(header, row, strict=False))
            found.append(
                (
                    reader.line_num,
                    Decision(
                        values["record"].strip(),
                        values["verdict"].strip(),
                        values.get("reason", "").strip() or None,
                        values.get("note", "").strip() or None,
                    ),
                )
            )
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}", hint="save it as CSV again") from error
    if not found:
        raise InputError(f"{path} holds no decisions", hint=f"one line each: {','.join(COLUMNS)}")
    return found


def _once(record: str, line: int, seen: dict[str, int]) -> None:
    if record in seen:
        raise InputError(f"{record} stands on line {seen[record]} as well", hint="decide once")
    seen[record] = line


def _all_or_none(given: Iterable[tuple[int, Decision]], settle: Callable[[Decision], Vote]) -> list[Vote]:
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
