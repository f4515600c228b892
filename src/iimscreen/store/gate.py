"""The blinding gate: what may be seen of the votes of others, and when.

A round (here: a stage) is blind until all votes that it needs are in. Nothing that leaves this
module before then tells one reviewer of another's open votes: no outcome, no total built on
outcomes, no pool of the next stage. How many records each reviewer has left is free.

An opening is logged (`note_openings`, before the next write), and it is a fact about records: those
that had their votes by then are *revealed*. They stay so when the round closes again because new
records came in, and their votes can no longer change. An unblinding, logged for a pair of reviewers,
reveals to them the records that were there at that moment, and later ones not.

Votes belong to reports: words on records that were merged later count for the report together.
The gate stops accidents; whoever opens the file with other tools can read it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from typing import TypeVar, cast

from iimscreen.errors import ProtocolError
from iimscreen.flow import Report
from iimscreen.model import Protocol, Stage
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT, parse_protocol, stage_named
from iimscreen.store import decisions, protocols, retrievals, reviewers, runs
from iimscreen.store.connection import Review, rows
from iimscreen.voting import Outcome, State, Vote, outcome

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one round is, told to anyone."""

    stage: str
    pool: int | None  # records to judge; None while an earlier round keeps them closed
    waiting: dict[str, int] = field(default_factory=dict)  # per reviewer: records left
    is_open: bool = False


def note_openings(review: Review) -> None:
    """Log the opening of each round that is complete and was not noted so. Before every write."""
    versions = protocols.versions(review)
    if not versions:
        return
    protocol = parse_protocol(versions[-1].text, "the protocol in force")
    gate = Gate(review, protocol)
    for stage in protocol.stages:
        if not decisions.changed_since(
            review, stage.name, max(decisions.openings(review, stage.name), default=0)
        ):
            continue
        if decisions.waits(
            review, stage.name, stage.reviewers_needed, others_too=protocol.screen_other_methods
        ):
            continue
        if gate.is_complete(stage.name) and not gate.all_noted(stage.name):
            decisions.note_opening(review, stage.name, len(gate.pool(stage.name)))


class Gate:
    """What may be seen of a review under its protocol, read once: make a new one after a vote.

    Everything whose name begins with an underscore is behind the gate.
    """

    def __init__(self, review: Review, protocol: Protocol) -> None:
        self._review = review
        self._protocol = protocol
        self._cache: dict[tuple[str, str], object] = {}

    def _once(self, what: str, stage: str, make: Callable[[], T]) -> T:
        if (what, stage) not in self._cache:
            self._cache[what, stage] = make()
        return cast("T", self._cache[what, stage])

    # --- what the file says ------------------------------------------------------------------------

    @cached_property
    def _reports(self) -> list[tuple[str, bool]]:
        return [
            (row["key"], bool(row["from_databases"]))
            for row in rows(self._review.db, "select key, from_databases from reports order by id")
        ]

    @cached_property
    def _kept(self) -> dict[str, str]:
        return {row["key"]: row["kept_key"] for row in rows(self._review.db, "select * from members")}

    @cached_property
    def _merged_at(self) -> dict[str, int]:
        return {row["kept_key"]: row["merged_at"] for row in rows(self._review.db, "select * from merges")}

    @cached_property
    def _retrievals(self) -> dict[str, retrievals.Retrieval]:
        return retrievals.standing(self._review)

    @cached_property
    def _people(self) -> list[str]:
        standing = reviewers.standing(self._review)
        return [name for name, role in standing.items() if role == reviewers.REVIEWER]

    @cached_property
    def _arrived_at(self) -> dict[str, int]:
        """Report → the log id with which the last of its records came in."""
        found: dict[str, int] = {}
        for key, log_id in runs.arrivals(self._review).items():
            report = self._kept[key]
            found[report] = max(log_id, found.get(report, 0))
        return found

    def _stage(self, stage: str) -> Stage:
        return stage_named(self._protocol, stage)

    def _passes_screening(self, from_databases: bool) -> bool:
        return from_databases or self._protocol.screen_other_methods

    # --- votes, by report --------------------------------------------------------------------------

    def _votes(self, stage: str) -> dict[str, list[Vote]]:
        """Report → standing votes; of one reviewer several only if given on records merged since."""

        def make() -> dict[str, list[Vote]]:
            by_report: dict[str, list[Vote]] = {}
            for vote in decisions.standing(self._review, stage):
                by_report.setdefault(self._kept[vote.key], []).append(vote)
            for report, votes in by_report.items():
                merged_at = self._merged_at.get(report, 0)
                if merged_at:
                    renewed = {v.names[0] for v in votes if v.log_id > merged_at}
                    votes[:] = [v for v in votes if v.log_id > merged_at or v.names[0] not in renewed]
            return by_report

        return self._once("votes", stage, make)

    def _finals(self, stage: str) -> dict[str, Vote]:
        """Report → its final word, if there is one on the report as it is now."""

        def make() -> dict[str, Vote]:
            found: dict[str, Vote] = {}
            for word in sorted(decisions.finals(self._review, stage), key=lambda word: word.log_id):
                report = self._kept[word.key]
                if word.log_id > self._merged_at.get(report, 0):
                    found[report] = word
            return found

        return self._once("finals", stage, make)

    def _said(self, stage: str) -> dict[str, list[Vote]]:
        """Report → votes as they count: a final word on a record merged since stands for its votes."""

        def make() -> dict[str, list[Vote]]:
            if not self._merged_at:
                return self._votes(stage)
            earlier = {word.key: word for word in decisions.finals(self._review, stage)}
            return {
                report: [
                    replace(vote, verdict=earlier[vote.key].verdict, reason=earlier[vote.key].reason)
                    if vote.key in earlier and earlier[vote.key].log_id <= self._merged_at.get(report, 0)
                    else vote
                    for vote in votes
                ]
                for report, votes in self._votes(stage).items()
            }

        return self._once("said", stage, make)

    def _sought(self) -> list[str]:
        """Reports sought for retrieval, as far as revealed; those of other methods always."""
        seen = self._revealed(TITLE_ABSTRACT)
        sent_on = {
            key
            for key, found in self._outcomes(TITLE_ABSTRACT).items()
            if found.state is State.INCLUDE and key in seen
        }
        return [key for key, a in self._reports if not self._passes_screening(a) or key in sent_on]

    def _pool(self, stage: str) -> list[str]:
        """Keys of the reports that a stage has to judge, in the order all reviewers get them."""

        def make() -> list[str]:
            if stage == TITLE_ABSTRACT:
                return [
                    key for key, from_databases in self._reports if self._passes_screening(from_databases)
                ]
            retrieved = {key for key, one in self._retrievals.items() if one.outcome == "retrieved"}
            return [key for key in self._sought() if key in retrieved]

        return self._once("pool", stage, make)

    def _outcomes(self, stage: str) -> dict[str, Outcome]:
        def make() -> dict[str, Outcome]:
            votes, finals, rules = self._said(stage), self._finals(stage), self._stage(stage)
            return {
                key: outcome(votes.get(key, []), finals.get(key), rules, self._protocol.reasons)
                for key in self._pool(stage)
            }

        return self._once("outcomes", stage, make)

    # --- when it opens -----------------------------------------------------------------------------

    def is_complete(self, stage: str) -> bool:
        """Whether all votes that a round needs are in."""

        def make() -> bool:
            if any(found.state is State.PENDING for found in self._outcomes(stage).values()):
                return False
            if stage == TITLE_ABSTRACT:
                return runs.finished_runs(self._review) > 0
            return (
                self.is_complete(TITLE_ABSTRACT)
                and not any(found.needs_someone for found in self._outcomes(TITLE_ABSTRACT).values())
                and all(key in self._retrievals for key in self._sought())
            )

        return self._once("complete", stage, make)

    def _noted(self, stage: str) -> set[str]:
        """Reports that had the votes needed at the time when the round opened."""

        def make() -> set[str]:
            votes, finals = self._votes(stage), self._finals(stage)
            found: set[str] = set()
            for opened, needed in self._openings(stage):
                found.update(key for key, word in finals.items() if word.log_id < opened)
                found.update(
                    key
                    for key, given in votes.items()
                    if len({vote.names[0] for vote in given if vote.log_id < opened}) >= needed
                )
            return found

        return self._once("noted", stage, make)

    def _openings(self, stage: str) -> list[tuple[int, int]]:
        """(log id, votes needed by the protocol then) of each opening of a round."""
        versions = [
            (version.log_id, stage_named(parse_protocol(version.text, "an earlier protocol"), stage))
            for version in protocols.versions(self._review)
        ]
        return [
            (opened, [rules for loaded, rules in versions if loaded < opened][-1].reviewers_needed)
            for opened in decisions.openings(self._review, stage)
        ]

    def all_noted(self, stage: str) -> bool:
        """Whether every report of a round was revealed by an opening in the log."""
        return set(self._pool(stage)) <= self._noted(stage)

    def _unblinded(self, stage: str, one: str, other: str) -> set[str]:
        """Reports that an unblinding revealed to these two."""
        first, second = sorted((one, other))
        at = decisions.unblindings(self._review, stage).get((first, second))
        if at is None:
            return set()
        return {key for key, _ in self._reports if self._arrived_at.get(key, 0) < at}

    def _revealed(self, stage: str) -> set[str]:
        """Reports whose votes everyone may see."""

        def make() -> set[str]:
            if stage == TITLE_ABSTRACT and self.is_complete(stage):
                return {key for key, _ in self._reports}
            pairs = [self._unblinded(stage, *pair) for pair in combinations(self._people, 2)]
            found = self._noted(stage) | (set.intersection(*pairs) if pairs else set())
            if stage == FULL_TEXT and self.is_complete(stage):
                found |= set(self._pool(stage))
            return found

        return self._once("revealed", stage, make)

    def is_open(self, stage: str) -> bool:
        """Whether a whole round may be seen: it is complete, or every report of it is revealed."""
        if self.is_complete(stage):
            return True
        if stage == FULL_TEXT and not self.is_open(TITLE_ABSTRACT):
            return False
        pool = self._pool(stage)
        return bool(pool) and set(pool) <= self._revealed(stage)

    def is_settled(self, stage: str, key: str, reviewer: str) -> bool:
        """Whether this reviewer may have seen the others' votes on a report, so that theirs must stay."""
        return key in self._revealed(stage) or any(
            key in self._unblinded(stage, reviewer, other) for other in self._people if other != reviewer
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

    def _require_some(self, stage: str, what: str) -> None:
        """Raise as `require_open` does, unless earlier openings revealed some of the round."""
        if not self._revealed(stage) & set(self._pool(stage)):
            self.require_open(stage, what)

    # --- what anyone may see -----------------------------------------------------------------------

    def progress(self, stage: str) -> Progress:
        """How many records each reviewer still has to judge. Says nothing of any verdict."""
        is_open = self.is_open(stage)
        if stage == FULL_TEXT and not self.is_open(TITLE_ABSTRACT) and not self._pool(stage):
            return Progress(stage, None)
        waiting = {name: len(self._waiting(stage, name)) for name in self._people}
        return Progress(stage, len(self._pool(stage)), waiting, is_open)

    def _waiting(self, stage: str, reviewer: str) -> list[str]:
        votes, finals, needed = self._votes(stage), self._finals(stage), self._stage(stage).reviewers_needed
        found = []
        for key in self._pool(stage):
            names = {vote.names[0] for vote in votes.get(key, ())}
            if key not in finals and len(names) < needed and reviewer not in names:
                found.append(key)
        return found

    def waiting_for(self, stage: str, reviewer: str) -> list[str]:
        """Keys of the records left for one reviewer, in the order that is the same for everyone."""
        self._require_stage_before(stage)
        return self._waiting(stage, reviewer)

    def _require_stage_before(self, stage: str) -> None:
        if stage == FULL_TEXT and not self._pool(FULL_TEXT):
            self.require_open(TITLE_ABSTRACT, f"the pool of stage {FULL_TEXT}")

    def pool(self, stage: str) -> frozenset[str]:
        """Keys of the reports that a stage has to judge, as far as revealed.

        Raises ProtocolError while the round before keeps all of them closed.
        """
        self._require_stage_before(stage)
        return frozenset(self._pool(stage))

    def sought(self) -> list[str]:
        """Keys of the reports sought for retrieval, as far as revealed.

        Raises ProtocolError while title and abstract screening keeps all of them closed.
        """
        found = self._sought()
        if not found:
            self.require_open(TITLE_ABSTRACT, "the list of reports sought for retrieval")
        return found

    def require_sought(self, key: str) -> None:
        """Raise ProtocolError unless a report is sought; the same words whatever its open votes say."""
        if key in self._sought():
            return
        if key not in self._revealed(TITLE_ABSTRACT):
            self.require_open(TITLE_ABSTRACT, f"whether {key} is sought for retrieval")
        raise ProtocolError(
            f"{key} is not sought for retrieval", hint="`iimscreen fulltext` lists those that are"
        )

    def outcomes(self, stage: str) -> dict[str, Outcome]:
        """Key → outcome of every revealed report. Raises ProtocolError while none is."""
        self._require_some(stage, "the outcome")
        seen = self._revealed(stage)
        return {key: found for key, found in self._outcomes(stage).items() if key in seen}

    def known_pool(self, stage: str) -> frozenset[str]:
        """What of a stage's pool is known by now; may be empty."""
        return frozenset(self._pool(stage))

    def closed(self, stage: str) -> int:
        """How many reports of a round are not revealed."""
        return len(set(self._pool(stage)) - self._revealed(stage))

    def votes(self, stage: str) -> dict[str, list[Vote]]:
        """Key → standing votes of every revealed report, in order of time."""
        self._require_some(stage, "the votes")
        seen = self._revealed(stage)
        return {
            key: sorted(votes, key=lambda vote: vote.log_id)
            for key, votes in self._votes(stage).items()
            if key in seen
        }

    def finals(self, stage: str) -> dict[str, Vote]:
        """Key → final word, within the pool. Raises ProtocolError while the round is blind."""
        self._require_some(stage, "the final words")
        pool = set(self._pool(stage))
        return {key: word for key, word in self._finals(stage).items() if key in pool}

    def independent_votes(self, stage: str) -> dict[str, list[Vote]]:
        """Key → the votes given before the reviewer could see the other's, for agreement.

        Of a revealed report these are its standing votes, since they stay; a vote given after an
        unblinding that reached its report does not count.
        """
        unblindings = decisions.unblindings(self._review, stage)
        pool = set(self._pool(stage))

        def is_independent(key: str, vote: Vote) -> bool:
            return all(
                vote.names[0] not in pair or vote.log_id < at or self._arrived_at.get(key, 0) > at
                for pair, at in unblindings.items()
            )

        return {
            key: [vote for vote in votes if is_independent(key, vote)]
            for key, votes in self.votes(stage).items()
            if key in pool
        }

    def reports(self) -> list[Report]:
        """Where every report stands, for the flow; outcomes of closed rounds are None."""
        screening = self._outcomes(TITLE_ABSTRACT) if self.is_open(TITLE_ABSTRACT) else {}
        assessment = self._outcomes(FULL_TEXT) if self.is_open(FULL_TEXT) else {}
        return [
            Report(
                key=key,
                from_databases=from_databases,
                was_screened=self._passes_screening(from_databases),
                screening=screening.get(key),
                retrieval=self._retrievals[key].outcome if key in self._retrievals else None,
                assessment=assessment.get(key),
            )
            for key, from_databases in self._reports
        ]

    def hidden_log_ids(self, viewer: str | None) -> set[int]:
        """Log ids of decisions that this viewer may not see now; of nobody in particular: all open ones."""
        hidden: set[int] = set()
        for stage in self._protocol.stages:
            seen = self._revealed(stage.name)
            hidden.update(
                log_id
                for log_id, key, reviewer in decisions.log_ids(self._review, stage.name)
                if key not in seen
                and not (viewer is not None and viewer == reviewer)
                and not (viewer and reviewer and key in self._unblinded(stage.name, viewer, reviewer))
            )
        return hidden

    def decisions_with(self, stages: Sequence[str], reasons: Sequence[str]) -> list[tuple[str, Vote]] | None:
        """(stage, decision) of standing decisions that a protocol change touches; None while closed to view."""
        if not all(self.is_open(stage.name) for stage in self._protocol.stages if self._votes(stage.name)):
            return None
        touched = []
        for stage in self._protocol.stages:
            words = [vote for votes in self._votes(stage.name).values() for vote in votes]
            words += self._finals(stage.name).values()
            touched += [
                (stage.name, vote)
                for vote in sorted(words, key=lambda vote: vote.log_id)
                if stage.name in stages or vote.reason in reasons
            ]
        return touched

    def voted_but_not_kept(self) -> list[tuple[str, str]]:
        """(record, record kept) where votes were given on the former before the merge."""
        return sorted(
            {
                (vote.key, report)
                for stage in self._protocol.stages
                for report, votes in self._votes(stage.name).items()
                for vote in votes
                if vote.key != report
            }
        )
