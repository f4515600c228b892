"""The blinding gate: what may be seen of the votes of others, and when.

A round (here: a stage) is blind until all votes that it needs are in. Nothing that leaves this
module before then tells one reviewer of another's open votes: no outcome, no total built on
outcomes, no pool of the next stage. How many records each reviewer has left is free.

An opening is logged (`note_openings`, before the next write) with the records that it revealed. They
stay revealed when the round closes again, whether because records came in, or because duplicates,
reviewers or the protocol changed, and their votes can no longer change; a vote given on them later
is no independent one. An unblinding, logged for a pair of reviewers, reveals to them the records that
were there at that moment, and later ones not.

Words are given on records and count for reports. A word speaks for all records that were one report
when it was given; words on records merged since stand side by side, and are a conflict if they differ.
The gate stops accidents; whoever opens the file with other tools can read it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from typing import TypeVar, cast

from iimscreen.errors import ProtocolError
from iimscreen.flow import Report
from iimscreen.model import Protocol, Stage
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT, parse_protocol, stage_named
from iimscreen.store import curation, decisions, duplicates, protocols, retrievals, reviewers, runs
from iimscreen.store.connection import Review, rows
from iimscreen.store.versions import previous_reviews
from iimscreen.voting import Outcome, State, Vote, outcome, unsuperseded

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
        # No later round can be complete before an earlier one is.
        if not decisions.is_begun(review, stage.name) or decisions.waits(
            review, stage.name, stage.reviewers_needed, others_too=protocol.screen_other_methods
        ):
            return
        if decisions.changed_since(review, stage.name, decisions.last_opening(review, stage.name)):
            keys = gate.to_reveal(stage.name)
            if keys:
                decisions.note_opening(review, stage.name, keys)


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
    def _retrievals(self) -> dict[str, retrievals.Retrieval]:
        return retrievals.standing(self._review)

    @cached_property
    def _people(self) -> list[str]:
        standing = reviewers.standing(self._review)
        return [name for name, role in standing.items() if role == reviewers.REVIEWER]

    @cached_property
    def _arrived_at(self) -> dict[str, int]:
        """Record → the log id with which it came in, or in again after it was removed."""
        found = runs.arrivals(self._review)
        words = curation.last_words(self._review).values()
        return found | {word.key: word.log_id for word in words if not word.is_removed}

    @cached_property
    def _members(self) -> dict[str, list[str]]:
        """Report → its records."""
        found: dict[str, list[str]] = {}
        for key, report in self._kept.items():
            found.setdefault(report, []).append(key)
        return found

    def _stage(self, stage: str) -> Stage:
        return stage_named(self._protocol, stage)

    def _passes_screening(self, from_databases: bool) -> bool:
        return from_databases or self._protocol.screen_other_methods

    # --- votes, by report --------------------------------------------------------------------------

    def _words(self, stage: str) -> dict[str, tuple[list[Vote], list[Vote]]]:
        """Report → its standing votes and final words; several of one speaker only across merges."""

        def make() -> dict[str, tuple[list[Vote], list[Vote]]]:
            found: dict[str, tuple[list[Vote], list[Vote]]] = {}
            for kind, words in enumerate(
                (decisions.standing(self._review, stage), decisions.finals(self._review, stage))
            ):
                for word in words:
                    found.setdefault(self._kept[word.key], ([], []))[kind].append(word)
            for report, (votes, finals) in found.items():
                if len({word.key for word in (*votes, *finals)}) > 1:
                    past = duplicates.Past(self._review, self._members[report])
                    finals[:] = unsuperseded(finals, past.together)
                    names = dict.fromkeys(vote.names[0] for vote in votes)
                    votes[:] = [
                        vote
                        for name in names
                        for vote in unsuperseded([v for v in votes if v.names[0] == name], past.together)
                    ]
            return found

        return self._once("words", stage, make)

    def _votes(self, stage: str) -> dict[str, list[Vote]]:
        """Report → standing votes."""
        return self._once("votes", stage, lambda: {k: v for k, (v, _) in self._words(stage).items() if v})

    def _finals(self, stage: str) -> dict[str, Vote]:
        """Report → its final word: the only one that stands, given for every record that has votes."""

        def make() -> dict[str, Vote]:
            found: dict[str, Vote] = {}
            for report, (votes, finals) in self._words(stage).items():
                if len(finals) != 1:
                    continue
                (word,) = finals
                judged = {vote.key for vote in votes}
                if judged <= {word.key} or judged <= self._spoken_for(report, word):
                    found[report] = word
            return found

        return self._once("finals", stage, make)

    def _spoken_for(self, report: str, word: Vote) -> frozenset[str]:
        """The records for which a word was given: those that were one report then."""
        if len(self._members[report]) == 1:
            return frozenset((word.key,))
        return duplicates.Past(self._review, self._members[report]).together(word.key, word.log_id)

    def _said(self, stage: str) -> dict[str, list[Vote]]:
        """Report → votes as they count: a final word on a part of a merged report stands for its votes."""

        def make() -> dict[str, list[Vote]]:
            settled, said = self._finals(stage), {}
            for report, (votes, finals) in self._words(stage).items():
                said[report] = votes
                if finals and report not in settled:
                    for word in finals:
                        part = self._spoken_for(report, word)
                        said[report] = [
                            replace(v, verdict=word.verdict, reason=word.reason) if v.key in part else v
                            for v in said[report]
                        ]
            return said

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

    def _opened(self, stage: str) -> dict[str, int]:
        """Record → the log id of the opening that revealed it."""
        return self._once("opened", stage, lambda: decisions.openings(self._review, stage))

    def _unblinded(self, stage: str) -> list[tuple[frozenset[str], int]]:
        return self._once("unblinded", stage, lambda: decisions.unblindings(self._review, stage))

    def to_reveal(self, stage: str) -> list[str]:
        """Judged records that a complete round reveals and no opening has; none if it is not complete.

        Not the others of their reports: one that is split off later is judged blind.
        """
        if not self.is_complete(stage):
            return []
        pool = set(self._pool(stage))
        given = (*decisions.standing(self._review, stage), *decisions.finals(self._review, stage))
        judged = {word.key for word in given if self._kept[word.key] in pool}
        return sorted(judged - set(self._opened(stage)))

    def _is_unblinded(self, stage: str, key: str, one: str, other: str) -> bool:
        """Whether an unblinding revealed one record to these two."""
        pair = frozenset((one, other))
        return any(found == pair and self._arrived_at[key] < at for found, at in self._unblinded(stage))

    def _revealed(self, stage: str) -> set[str]:
        """Reports whose votes everyone may see: all records that have votes are revealed to all."""

        def make() -> set[str]:
            if self.is_complete(stage):
                return set(self._pool(stage)) | self._opened_reports(stage)
            pairs = list(combinations(self._people, 2))
            if len(self._people) < self._stage(stage).reviewers_needed or not self._unblinded(stage):
                pairs = []
            return self._opened_reports(stage) | {
                report
                for report, _ in self._reports
                if pairs
                and all(
                    self._is_unblinded(stage, key, *pair) for key in self._members[report] for pair in pairs
                )
            }

        return self._once("revealed", stage, make)

    def _opened_reports(self, stage: str) -> set[str]:
        opened = self._opened(stage)
        return {
            report
            for report, words in self._words(stage).items()
            if opened and all(word.key in opened for kind in words for word in kind)
        }

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
            record in self._opened(stage)
            or any(reviewer in pair and self._arrived_at[record] < at for pair, at in self._unblinded(stage))
            for record in self._members[key]
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
        return self.is_open(stage) or bool(self._revealed(stage) & set(self._pool(stage)))

    def _require_some(self, stage: str, what: str) -> None:
        """Raise as `require_open` does, unless some of the round may be seen."""
        if not self.shows_any(stage):
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
            if any(self._kept[one] == key for one, _ in previous.reports):
                raise ProtocolError(
                    f"{key} is a report that {previous.title} included, a version made elsewhere: it is not "
                    "judged again here",
                    hint="if it is another report, `iimscreen duplicates split` sets them apart; if it was retracted "
                    "since, see `iimscreen watch`",
                )

    def outcomes(self, stage: str) -> dict[str, Outcome]:
        """Key → outcome of every revealed report. Raises ProtocolError while none is."""
        self._require_some(stage, "the outcome")
        seen = self._revealed(stage)
        return {key: found for key, found in self._outcomes(stage).items() if key in seen}

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
        """Key → the votes given before the reviewer could see any other's on that record, for agreement."""
        opened, unblinded, pool = self._opened(stage), self._unblinded(stage), set(self._pool(stage))

        def is_independent(vote: Vote) -> bool:
            return vote.log_id < opened.get(vote.key, vote.log_id + 1) and not any(
                vote.names[0] in pair and self._arrived_at[vote.key] < at < vote.log_id
                for pair, at in unblinded
            )

        return {
            key: [vote for vote in votes if is_independent(vote)]
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
                for log_id, key, report, reviewer in decisions.log_ids(self._review, stage.name)
                if report not in seen
                and not (viewer is not None and viewer == reviewer)
                and not (viewer and reviewer and self._is_unblinded(stage.name, key, viewer, reviewer))
            )
        return hidden

    def words_on(self, stage: str, keys: Collection[str], viewer: str | None) -> tuple[list[Vote], int]:
        """Standing votes and final words on some records, as far as this viewer may see them, oldest first;
        and how many others there are.
        """
        given = (*decisions.standing(self._review, stage), *decisions.finals(self._review, stage))
        there = sorted((word for word in given if word.key in keys), key=lambda word: word.log_id)
        hidden = self.hidden_log_ids(viewer) if there else set()
        shown = [word for word in there if word.log_id not in hidden]
        return shown, len(there) - len(shown)

    def outcome_of(self, stage: str, report: str, *, seen: bool) -> Outcome | None:
        """The outcome of one report for someone who has `seen` every word on it; None if it is not judged
        here, or if they have not.
        """
        return self._outcomes(stage).get(report) if seen else None

    def given(self, stage: str) -> dict[str, list[Vote]]:
        """Report → all that was ever decided on it, also what was withdrawn or replaced, oldest first; of
        revealed reports.
        """
        seen = self._revealed(stage)
        found: dict[str, list[Vote]] = {}
        for word in decisions.given(self._review, stage):
            if (report := self._kept[word.key]) in seen:
                found.setdefault(report, []).append(word)
        return found

    def has_open_votes(self, stage: str) -> bool:
        """Whether any vote of a stage may not be seen by everyone."""
        return not set(self._words(stage)) <= self._revealed(stage)

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
