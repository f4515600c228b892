"""The blinding gate: what may be seen of the votes of others, and when.

A round (a pilot, a batch, or all else of a stage) is blind until all votes that it needs are in. Nothing
that leaves this module before then tells one reviewer of another's open votes: no outcome, no total built
on outcomes, no pool of the next stage. How many records each reviewer has left is free.

An opening is logged (`note_openings`, before the next write) with the records that it revealed. They
stay revealed when the round closes again, whether because records came in, or because duplicates,
reviewers or the protocol changed, and their votes can no longer change; a vote given on them later
is no independent one. An unblinding, logged for a pair of reviewers, reveals to them the records that
were there at that moment, and later ones not.

The gate stops accidents; whoever opens the file with other tools can read it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from operator import attrgetter
from typing import cast

from iimscreen.errors import ProtocolError
from iimscreen.flow import Report
from iimscreen.model import Protocol
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.store import curation, decisions, rounds, runs
from iimscreen.store.connection import Review
from iimscreen.store.rounds import Round
from iimscreen.store.tally import Tally
from iimscreen.store.versions import previous_reviews
from iimscreen.voting import Outcome, State, Vote


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one round is, told to anyone."""

    stage: str
    pool: int | None  # records to judge; None while an earlier round keeps them closed
    waiting: dict[str, int] = field(default_factory=dict)  # per reviewer: records left
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class RoundProgress:
    """How far one pilot or batch is, told to anyone."""

    round: Round
    records: int
    waiting: dict[str, int]  # per reviewer: records left
    is_closed: bool


class Gate:
    """What may be seen of a review under its protocol, read once: make a new one after a vote.

    Everything whose name begins with an underscore is behind the gate.
    """

    def __init__(self, review: Review, protocol: Protocol) -> None:
        self._review = review
        self._protocol = protocol
        self._tally = self._tally_of(review, protocol)
        self._once = self._tally.once

    def _tally_of(self, review: Review, protocol: Protocol) -> Tally:
        """Of a copy that nobody can change one for all its gates: of 80,000 votes it is a second's work."""
        if review.at_rest is None:
            return Tally(review, protocol, self._in_pool)
        name = ("tally", protocol.sha256)
        if name not in review.at_rest:
            review.at_rest[name] = Tally(review, protocol, self._in_pool)
        return cast("Tally", review.at_rest[name])

    @cached_property
    def _arrived_at(self) -> dict[str, int]:
        """Record → the log id with which it came in, or in again after it was removed."""
        found = runs.arrivals(self._review)
        words = curation.last_words(self._review).values()
        return found | {word.key: word.log_id for word in words if not word.is_removed}

    def _passes_screening(self, from_databases: bool) -> bool:
        return from_databases or self._protocol.screen_other_methods

    # --- what each stage has to judge --------------------------------------------------------------

    def _sought(self) -> list[str]:
        """Reports sought for retrieval, as far as revealed; those of other methods always."""

        def make() -> list[str]:
            seen = self._revealed(TITLE_ABSTRACT)
            outcomes = self._tally.outcomes(TITLE_ABSTRACT, seen)
            sent_on = {key for key, found in outcomes.items() if found.state is State.INCLUDE}
            return [key for key, a in self._tally.reports if not self._passes_screening(a) or key in sent_on]

        return self._once("sought", "", make)

    def _pool(self, stage: str) -> list[str]:
        """Keys of the reports that a stage has to judge, in the order of their arrival."""

        def make() -> list[str]:
            if stage == TITLE_ABSTRACT:
                return [key for key, from_them in self._tally.reports if self._passes_screening(from_them)]
            marks = self._tally.retrievals
            return [key for key in self._sought() if key in marks and marks[key].outcome == "retrieved"]

        return self._once("pool", stage, make)

    def _in_pool(self, stage: str) -> frozenset[str]:
        return self._once("in_pool", stage, lambda: frozenset(self._pool(stage)))

    def _outcomes(self, stage: str) -> dict[str, Outcome]:
        return self._once("outcomes", stage, lambda: self._tally.outcomes(stage, self._pool(stage)))

    # --- when it opens -----------------------------------------------------------------------------

    def _rest(self, stage: str) -> list[str]:
        """The reports of a stage that are in no pilot and no batch: the round of the stage itself."""

        def make() -> list[str]:
            apart = self._tally.round_of(stage)
            return [key for key in self._pool(stage) if key not in apart] if apart else self._pool(stage)

        return self._once("rest", stage, make)

    def _rest_is_complete(self, stage: str) -> bool:
        def make() -> bool:
            if self._tally.any_pending(stage, self._rest(stage)):
                return False
            if stage == TITLE_ABSTRACT:
                return runs.finished_runs(self._review) > 0
            return (
                self.is_complete(TITLE_ABSTRACT)
                and not any(found.needs_someone for found in self._outcomes(TITLE_ABSTRACT).values())
                and all(key in self._tally.retrievals for key in self._sought())
            )

        return self._once("rest_is_complete", stage, make)

    def _is_complete(self, one: Round) -> bool:
        """Whether all votes that a pilot or batch needs are in; those of a spent pilot no longer count."""
        if one.name in self._tally.spent(one.stage):
            return True
        pool = self._in_pool(one.stage)
        return not self._tally.any_pending(
            one.stage, (key for key in self._tally.judged_in(one) if key in pool)
        )

    def is_complete(self, stage: str) -> bool:
        """Whether all votes that a stage needs are in, with those of its pilots and batches."""
        return self._rest_is_complete(stage) and all(map(self._is_complete, self._tally.rounds(stage)))

    def _opened(self, stage: str) -> dict[str, int]:
        """Record → the log id of the opening that revealed its votes, of those that count."""

        def make() -> dict[str, int]:
            names = [one.name for one in self._tally.rounds(stage) if one.counts]
            return decisions.openings(self._review, [stage, *names])

        return self._once("opened", stage, make)

    def _unblinded(self, stage: str) -> list[tuple[str, frozenset[str], int]]:
        """(round, pair of reviewers, log id) of every unblinding at a stage."""

        def make() -> list[tuple[str, frozenset[str], int]]:
            names = {stage, *(one.name for one in self._tally.rounds(stage))}
            return [found for found in decisions.unblindings(self._review) if found[0] in names]

        return self._once("unblinded", stage, make)

    def to_reveal(self, stage: str, round_name: str) -> list[str]:
        """Judged records that a complete round reveals and no opening has; none if it is not complete.

        Not the others of their reports: one that is split off later is judged blind.
        """
        one = next((one for one in self._tally.rounds(stage) if one.name == round_name), None)
        if one is not None and not one.counts:
            return sorted(rounds.keys_of(self._review, one)) if self._tally.is_closed(one) else []
        if not (self._rest_is_complete(stage) if one is None else self._is_complete(one)):
            return []
        reports = self._rest(stage) if one is None else self._tally.judged_in(one)
        opened, pool = self._opened(stage), self._in_pool(stage)
        judged = self._tally.records_ever_judged(stage)
        return sorted(
            {
                key
                for report in reports
                if report in pool
                for key in judged.get(report, ())  # the log shows what stands no more, too
                if key not in opened
            }
        )

    def _is_unblinded(self, stage: str, key: str, one: str, other: str) -> bool:
        """Whether an unblinding revealed one record to these two."""
        pair = frozenset((one, other))
        return any(
            found == pair and self._covers(stage, round_name, key, at)
            for round_name, found, at in self._unblinded(stage)
        )

    def _covers(self, stage: str, round_name: str, key: str, at: int) -> bool:
        """Whether an unblinding of a round, logged as `at`, was over a record."""
        if round_name != stage:
            (one,) = (one for one in self._tally.rounds(stage) if one.name == round_name)
            within = self._once("within", round_name, lambda: frozenset(self._tally.reports_of(one)))
            if self._tally.kept[key] not in within:
                return False
        return self._arrived_at[key] < at

    def _revealed(self, stage: str) -> set[str]:
        """Reports whose votes everyone may see: all records that have votes are revealed to all."""

        def make() -> set[str]:
            seen = set(self._rest(stage)) if self._rest_is_complete(stage) else set()
            for one in self._tally.rounds(stage):
                if one.name not in self._tally.spent(stage) and self._is_complete(one):
                    seen |= self._in_pool(stage).intersection(self._tally.judged_in(one))
            seen |= self._opened_reports(stage, seen)
            people = self.voting(stage)
            if self._unblinded(stage) and len(people) >= self._tally.stage(stage).reviewers_needed:
                pairs = list(combinations(people, 2))
                seen.update(
                    report
                    for report, _ in self._tally.reports
                    if pairs
                    and all(
                        self._is_unblinded(stage, key, *pair)
                        for key in self._tally.members(report)
                        for pair in pairs
                    )
                )
            return seen

        return self._once("revealed", stage, make)

    def _opened_reports(self, stage: str, known: Collection[str]) -> set[str]:
        opened = self._opened(stage)
        return {
            report
            for report in (self._tally.reports_with_words(stage) if opened else ())
            if report not in known and all(word.key in opened for word in self._tally.words_on(stage, report))
        }

    def is_open(self, stage: str) -> bool:
        """Whether a whole stage may be seen: it is complete, or every report of it is revealed."""
        if self.is_complete(stage):
            return True
        if stage == FULL_TEXT and not self.is_open(TITLE_ABSTRACT):
            return False
        return bool(self._pool(stage)) and self._in_pool(stage) <= self._revealed(stage)

    def is_settled(self, stage: str, key: str, reviewer: str) -> bool:
        """Whether this reviewer may have seen the others' votes on a report, so that theirs must stay."""
        return key in self._revealed(stage) or any(
            record in self._opened(stage)
            or any(
                reviewer in pair and self._covers(stage, round_name, record, at)
                for round_name, pair, at in self._unblinded(stage)
            )
            for record in self._tally.members(key)
        )

    def require_open(self, stage: str, what: str) -> None:
        """Raise ProtocolError, saying who still has how many to go, if a round is still blind."""
        if self.is_open(stage):
            return
        if stage == FULL_TEXT and not self.is_open(TITLE_ABSTRACT):
            self.require_open(TITLE_ABSTRACT, what)
        left = ", ".join(
            f"{name} has {count:,} to go" for name, count in self.progress(stage).waiting.items() if count
        )
        raise ProtocolError(
            f"{what} cannot be shown while stage {stage} is blind and unfinished"
            + (f": {left}" if left else ""),
            hint=f"finish the votes of {stage} (`iimscreen status`), "
            f"or `iimscreen unblind --round {stage} --by NAME`, which is logged",
        )

    def shows_any(self, stage: str) -> bool:
        """Whether anything of a round may be seen: all of it, or what earlier openings revealed."""
        return self.is_open(stage) or bool(self._revealed(stage) & self._in_pool(stage))

    def _require_some(self, stage: str, what: str) -> None:
        """Raise as `require_open` does, unless some of the round may be seen."""
        if not self.shows_any(stage):
            self.require_open(stage, what)

    # --- pilots and batches ------------------------------------------------------------------------

    def round_progress(self, stage: str) -> list[RoundProgress]:
        """How far each pilot and batch of a stage is. Says nothing of any verdict."""
        pool = self._in_pool(stage)
        found = []
        for one in self._tally.rounds(stage):
            reports = self._tally.reports_of(one)
            is_closed = self._tally.is_closed(one)
            left = [] if is_closed else [key for key in self._tally.judged_in(one) if key in pool]
            waiting = {name: len(self._tally.left_for(stage, name, left)) for name in self._tally.people}
            found.append(RoundProgress(one, len(reports), waiting, is_closed))
        return found

    def is_closed(self, one: Round) -> bool:
        """Whether a pilot or batch was complete once, or all of it may be seen."""
        return self._tally.is_closed(one) or self._is_all_revealed(one)

    def require_closed(self, one: Round) -> None:
        """Raise ProtocolError, saying who has how many to go, while a pilot or batch is blind."""
        (found,) = (each for each in self.round_progress(one.stage) if each.round.name == one.name)
        if self.is_closed(one):
            return
        left = ", ".join(f"{name} has {count:,} to go" for name, count in found.waiting.items() if count)
        raise ProtocolError(
            f"{one.name} is blind and unfinished" + (f": {left}" if left else ""),
            hint=f"finish its votes (`iimscreen status`), or `iimscreen unblind --round {one.name} --by NAME`, "
            "which is logged",
        )

    def _is_all_revealed(self, one: Round) -> bool:
        seen, pool = self._revealed(one.stage), self._in_pool(one.stage)
        return all(key in seen for key in self._tally.judged_in(one) if key in pool)

    def round_votes(self, one: Round) -> dict[str, list[Vote]]:
        """Report → the votes given in a pilot or batch. Raises ProtocolError while it is blind.

        Without those on a report that is blind again, such as one that was split off since.
        """
        self.require_closed(one)
        found: dict[str, list[Vote]] = {key: [] for key in self._tally.reports_of(one)}
        seen, spent = self._revealed(one.stage), self._tally.spent(one.stage)
        for vote in self._tally.votes_within(one):
            report = self._tally.kept[vote.key]
            is_blind = report in self._tally.unfinished_in(one) if one.name in spent else report not in seen
            if not is_blind:
                found.setdefault(report, []).append(vote)
        return found

    def free_reports(self, stage: str) -> list[str]:
        """Reports of a stage, in order of arrival, that are in no round and that nobody has judged."""
        judged, spent = self._tally.reports_with_words(stage), self._tally.spent(stage)
        taken = {
            key
            for one in self._tally.rounds(stage)
            if one.name in spent
            for key in self._tally.reports_of(one)
        }
        return [key for key in self._rest(stage) if key not in judged and key not in taken]

    def voters(self, stage: str) -> dict[str, set[str]]:
        """Report → names of those who judged it: progress, not content. Settled ones are left out."""
        finals, votes = self._tally.finals(stage), self._tally.votes(stage)
        return {
            key: {vote.names[0] for vote in votes.get(key, ())}
            for key in self._pool(stage)
            if key not in finals
        }

    def voting(self, stage: str) -> list[str]:
        """Names of those who vote now, and of those who did at a stage and left: all whose votes may be open."""
        people = self._tally.people
        return [*people, *sorted(self._tally.ever_voted(stage).difference(people))]

    def left_for(self, stage: str, reviewer: str) -> list[str]:
        """Keys of the reports left for one reviewer, with those that wait until a pilot is done."""
        return self._tally.left_for(stage, reviewer, self._pool(stage))

    def assigned(self, stage: str) -> dict[str, frozenset[str]]:
        """Report → those who are to judge it, where it was assigned."""
        return dict(self._tally.assigned(stage))

    # --- what anyone may see -----------------------------------------------------------------------

    def progress(self, stage: str) -> Progress:
        """How many records each reviewer still has to judge. Says nothing of any verdict."""

        def make() -> Progress:
            if stage == FULL_TEXT and not self.is_open(TITLE_ABSTRACT) and not self._pool(stage):
                return Progress(stage, None)
            waiting = {name: len(self.left_for(stage, name)) for name in self._tally.people}
            return Progress(stage, len(self._pool(stage)), waiting, self.is_open(stage))

        return self._once("progress", stage, make)

    def waiting_for(self, stage: str, reviewer: str) -> list[str]:
        """Keys of the records left for one reviewer, in the order in which they get them.

        A pilot comes first and alone, until it is closed; then the batches, one after another; then the rest.
        """
        self._require_stage_before(stage)
        pilots = self._tally.open_pilots(stage)
        pool = self._in_pool(stage)
        parts = [
            [key for key in self._tally.judged_in(one) if key in pool]
            for one in pilots or self._tally.rounds(stage)
            if not self._tally.is_closed(one)
        ]
        if not pilots:
            first = {key for part in parts for key in part}
            parts.append(
                [key for key in self._pool(stage) if key not in first] if first else self._pool(stage)
            )
        return [
            key
            for part in parts
            for key in self._tally.in_order(self._tally.left_for(stage, reviewer, part), reviewer)
        ]

    def _require_stage_before(self, stage: str) -> None:
        if stage == FULL_TEXT and not self._pool(FULL_TEXT):
            self.require_open(TITLE_ABSTRACT, f"the pool of stage {FULL_TEXT}")

    def pool(self, stage: str) -> frozenset[str]:
        """Keys of the reports that a stage has to judge, as far as revealed.

        Raises ProtocolError while the round before keeps all of them closed.
        """
        self._require_stage_before(stage)
        return self._in_pool(stage)

    def sought(self) -> list[str]:
        """Keys of the reports sought for retrieval, as far as revealed.

        Raises ProtocolError while title and abstract screening keeps all of them closed.
        """
        found = self._sought()
        if not found:
            self.require_open(TITLE_ABSTRACT, "the list of reports sought for retrieval")
        return found

    def is_sought(self, key: str) -> bool:
        """Whether a report is among those sought for retrieval, as far as revealed."""
        return key in self._sought()

    def require_sought(self, key: str) -> None:
        """Raise ProtocolError unless a report is sought; the same words whatever its open votes say."""
        if key in self._sought():
            return
        self.require_judged_here(key)
        if key not in self._revealed(TITLE_ABSTRACT):
            self.require_open(TITLE_ABSTRACT, f"whether {key} is sought for retrieval")
        raise ProtocolError(
            f"{key} is not sought for retrieval", hint="`iimscreen fulltext` lists those that are"
        )

    def require_judged_here(self, key: str) -> None:
        """Raise ProtocolError if this report is removed, or a version made elsewhere included it."""
        removal = curation.removed(self._review).get(key)
        if removal is not None:
            raise ProtocolError(
                f"{key} was removed before screening by {removal.by} on {removal.at[:10]}: {removal.reason}",
                hint=f"`iimscreen records restore {key} --by NAME --note WHY` takes it in again",
            )
        for previous in previous_reviews(self._review):
            if any(self._tally.kept[one] == key for one, _ in previous.reports):
                raise ProtocolError(
                    f"{key} is a report that {previous.title} included, a version made elsewhere: it is not "
                    "judged again here",
                    hint="if it is another report, `iimscreen duplicates split` sets them apart; if it was retracted "
                    "since, see `iimscreen watch`",
                )

    def outcomes(self, stage: str) -> Mapping[str, Outcome]:
        """Key → outcome of every revealed report. Raises ProtocolError while none is."""
        self._require_some(stage, "the outcome")

        def make() -> dict[str, Outcome]:
            seen = self._revealed(stage)
            return {key: found for key, found in self._outcomes(stage).items() if key in seen}

        return self._once("outcomes that are revealed", stage, make)

    def closed(self, stage: str) -> int:
        """How many reports of a stage are not revealed."""
        return len(self._in_pool(stage) - self._revealed(stage))

    def votes(self, stage: str) -> Mapping[str, list[Vote]]:
        """Key → standing votes of every revealed report, in order of time."""
        self._require_some(stage, "the votes")

        def make() -> dict[str, list[Vote]]:
            seen = self._revealed(stage)
            return {
                key: sorted(votes, key=attrgetter("log_id"))
                for key, votes in self._tally.votes(stage).items()
                if key in seen
            }

        return self._once("votes that are revealed", stage, make)

    def finals(self, stage: str) -> dict[str, Vote]:
        """Key → final word of every revealed report, within the pool. Raises ProtocolError while none is."""
        self._require_some(stage, "the final words")
        there = self._in_pool(stage) & self._revealed(stage)
        return {key: word for key, word in self._tally.finals(stage).items() if key in there}

    def independent_votes(self, stage: str) -> dict[str, list[Vote]]:
        """Key → the votes given before the reviewer could see any other's on that record, for agreement.

        A vote states it itself; of older ones the order of the log tells it.
        """
        pool = self._in_pool(stage)
        return {
            key: [vote for vote in votes if self._is_independent(stage, vote)]
            for key, votes in self.votes(stage).items()
            if key in pool
        }

    def _is_independent(self, stage: str, vote: Vote) -> bool:
        if vote.was_open is not None:
            return not vote.was_open
        return vote.log_id < self._opened(stage).get(vote.key, vote.log_id + 1) and not any(
            vote.names[0] in pair and at < vote.log_id and self._covers(stage, round_name, vote.key, at)
            for round_name, pair, at in self._unblinded(stage)
        )

    def reports(self) -> list[Report]:
        """Where every report stands, for the flow; outcomes of closed rounds are None."""
        screening = self._outcomes(TITLE_ABSTRACT) if self.is_open(TITLE_ABSTRACT) else {}
        assessment = self._outcomes(FULL_TEXT) if self.is_open(FULL_TEXT) else {}
        marks = {key: mark.outcome for key, mark in self._tally.retrievals.items()}
        others_too = self._protocol.screen_other_methods
        return [
            Report(key, known, known or others_too, screening.get(key), marks.get(key), assessment.get(key))
            for key, known in self._tally.reports
        ]

    def hidden_log_ids(self, viewer: str | None) -> set[int]:
        """Log ids of decisions that this viewer may not see now; of nobody in particular: all open ones."""
        hidden: set[int] = set()
        for stage in self._protocol.stages:
            seen, spent = self._revealed(stage.name), self._tally.spent(stage.name)
            unfinished = {
                one.name: self._tally.unfinished_in(one)
                for one in self._tally.rounds(stage.name)
                if one.name in spent
            }
            hidden.update(
                log_id
                for log_id, key, reviewer, round_name in decisions.log_ids(self._review, stage.name)
                if (
                    self._tally.kept[key] in unfinished[round_name]
                    if round_name in unfinished
                    else self._tally.kept[key] not in seen
                )
                and not (viewer is not None and viewer == reviewer)
                and not (viewer and reviewer and self._is_unblinded(stage.name, key, viewer, reviewer))
            )
        return hidden

    def words_on(self, stage: str, keys: Collection[str], viewer: str | None) -> tuple[list[Vote], int]:
        """Standing votes and final words on some records, as far as this viewer may see them, oldest first;
        and how many others there are.
        """
        there = sorted(self._tally.given_on(stage, keys), key=lambda word: word.log_id)
        hidden = self.hidden_log_ids(viewer) if there else set()
        shown = [word for word in there if word.log_id not in hidden]
        return shown, len(there) - len(shown)

    def outcome_of(self, stage: str, report: str, *, seen: bool) -> Outcome | None:
        """The outcome of one report for someone who has `seen` every word on it; None if it is not judged
        here, or if they have not.
        """
        return self._outcomes(stage).get(report) if seen else None

    def ever_given(self, stage: str) -> dict[str, list[Vote]]:
        """Report → all that was ever decided on it, also what was withdrawn or replaced, oldest first; of
        revealed reports.
        """
        seen = self._revealed(stage)
        found: dict[str, list[Vote]] = {}
        for word in self._tally.ever_given(stage):
            if (report := self._tally.kept[word.key]) in seen:
                found.setdefault(report, []).append(word)
        return found

    def has_open_votes(self, stage: str) -> bool:
        """Whether any vote of a stage may not be seen by everyone."""
        return not self._tally.reports_with_words(stage) <= self._revealed(stage)

    def voted_but_not_kept(self) -> list[tuple[str, str]]:
        """(record, record kept) where votes were given on the former before the merge."""
        return sorted(
            {
                (vote.key, report)
                for stage in self._protocol.stages
                for report, votes in self._tally.votes(stage.name).items()
                for vote in votes
                if vote.key != report
            }
        )
