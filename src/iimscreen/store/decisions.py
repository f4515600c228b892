"""Votes, final words, and the blinding gate: the one place that reads the decisions of others.

While a round (here: a stage) is blind and unfinished, nothing that leaves this module tells one
reviewer of another's open votes: no outcome, no total built on outcomes, no pool of the next stage.
How many records each reviewer has left is free. A round opens when all needed votes are in, or for
a pair of reviewers by a logged unblinding. It stops accidents; whoever opens the file with other
tools can read it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any

from iimscreen.errors import ProtocolError
from iimscreen.flow import Report
from iimscreen.model import Protocol, Stage, Verdict
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT, stage_named
from iimscreen.store import log, retrievals, reviewers, runs
from iimscreen.store.connection import Review, rows
from iimscreen.voting import Outcome, State, Vote, outcome


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one round is, told to anyone."""

    stage: str
    pool: int | None  # records to judge; None while an earlier round keeps them closed
    waiting: dict[str, int] = field(default_factory=dict)  # per reviewer: records left
    is_open: bool = False


# --- writing ---------------------------------------------------------------------------------------


def add(review: Review, vote: Vote, stage: str, protocol_sha256: str) -> None:
    """Log one vote or final word. Inside `writing()`."""
    log.append_one(
        review.db,
        "decisions",
        {
            "record_key": vote.key,
            "stage": stage,
            "reviewer": vote.names[0] if vote.manner == "vote" else None,
            "verdict": vote.verdict.value,
            "reason": vote.reason,
            "note": vote.note,
            "protocol_sha256": protocol_sha256,
            "manner": vote.manner,
            "names": json.dumps(vote.names, ensure_ascii=False),
        },
        actor=vote.names[0],
    )


def unblind(review: Review, stage: str, pairs: Iterable[tuple[str, str]], *, by: str) -> None:
    """Log that pairs of reviewers may see each other's votes of a round. Inside `writing()`."""
    log.append(
        review.db,
        "unblindings",
        [
            {"round": stage, "reviewer": one, "other_reviewer": other}
            for one, other in (sorted(pair) for pair in pairs)
        ],
        actor=by,
    )


# --- one's own, always visible ---------------------------------------------------------------------


def own_vote(review: Review, stage: str, reviewer: str, key: str) -> Vote | None:
    """A reviewer's own standing vote on one record."""
    found = [
        _vote(row)
        for row in rows(
            review.db,
            _DECISIONS
            + """
            where decisions.stage = :stage and decisions.record_key = :key and decisions.reviewer = :reviewer
            order by decisions.log_id desc
            limit 1
            """,
            {"stage": stage, "key": key, "reviewer": reviewer},
        )
    ]
    return found[0] if found and found[0].verdict is not Verdict.WITHDRAWN else None


def own_votes(review: Review, stage: str, reviewer: str) -> list[Vote]:
    """A reviewer's own standing votes, oldest first."""
    return sorted(_standing(review, stage, reviewer), key=lambda vote: vote.log_id)


def votes_on(review: Review, stage: str, key: str) -> int:
    """How many reviewers' votes stand on one record: progress, not content."""
    return sum(1 for vote in _standing(review, stage, key=key))


def has_voted(review: Review, name: str) -> bool:
    """Whether someone ever voted or decided anything."""
    row = review.db.execute(
        "select 1 from log where kind = 'decisions' and actor = :name limit 1", {"name": name}
    ).fetchone()
    return row is not None


def first_vote(review: Review) -> int | None:
    """The log id of the review's first vote: from then on, protocol changes are amendments."""
    row = review.db.execute("select min(log_id) from decisions").fetchone()
    return None if row[0] is None else int(row[0])


# --- behind the gate -------------------------------------------------------------------------------

_DECISIONS = """
select decisions.*, log.at
from decisions
join log on log.id = decisions.log_id
"""


def _vote(row: dict[str, Any]) -> Vote:
    return Vote(
        key=row["record_key"],
        verdict=Verdict(row["verdict"]),
        reason=row["reason"],
        note=row["note"],
        names=tuple(json.loads(row["names"])),
        manner=row["manner"],
        at=row["at"],
        log_id=row["log_id"],
    )


def _standing(
    review: Review,
    stage: str,
    reviewer: str | None = None,
    *,
    key: str | None = None,
    until: int | None = None,
) -> list[Vote]:
    """Standing votes: the last per record and reviewer, withdrawn ones left out; also up to a log id."""
    latest: dict[tuple[str, str], Vote] = {}
    for row in rows(
        review.db,
        _DECISIONS
        + """
        where decisions.stage = :stage
          and decisions.manner = 'vote'
          and (:reviewer is null or decisions.reviewer = :reviewer)
          and (:key is null or decisions.record_key = :key)
          and (:until is null or decisions.log_id <= :until)
        order by decisions.log_id
        """,
        {"stage": stage, "reviewer": reviewer, "key": key, "until": until},
    ):
        latest[row["record_key"], row["reviewer"]] = _vote(row)
    return [vote for vote in latest.values() if vote.verdict is not Verdict.WITHDRAWN]


class Gate:
    """What may be seen of a review under its protocol, read once: make a new one after a vote."""

    def __init__(self, review: Review, protocol: Protocol) -> None:
        self._review = review
        self._protocol = protocol
        self._cache: dict[tuple[str, str], Any] = {}

    # Everything whose name begins with an underscore is behind the gate.

    def _cached(self, what: str, stage: str, make: Any) -> Any:  # any value, keyed by what it is
        if (what, stage) not in self._cache:
            self._cache[what, stage] = make()
        return self._cache[what, stage]

    @cached_property
    def _reports(self) -> list[tuple[str, bool]]:
        return [
            (row["key"], bool(row["from_databases"]))
            for row in rows(self._review.db, "select key, from_databases from reports order by id")
        ]

    @cached_property
    def _retrievals(self) -> dict[str, retrievals.Retrieval]:
        return retrievals.standing(self._review)

    @cached_property
    def _people(self) -> list[str]:
        standing = reviewers.standing(self._review)
        return [name for name, role in standing.items() if role == reviewers.REVIEWER]

    def _stage(self, stage: str) -> Stage:
        return stage_named(self._protocol, stage)

    def _votes(self, stage: str) -> dict[str, list[Vote]]:
        def make() -> dict[str, list[Vote]]:
            by_key: dict[str, list[Vote]] = {}
            for vote in _standing(self._review, stage):
                by_key.setdefault(vote.key, []).append(vote)
            return by_key

        found: dict[str, list[Vote]] = self._cached("votes", stage, make)
        return found

    def _finals(self, stage: str) -> dict[str, Vote]:
        def make() -> dict[str, Vote]:
            return {
                row["record_key"]: _vote(row)
                for row in rows(
                    self._review.db,
                    _DECISIONS
                    + "where decisions.stage = :stage and decisions.manner <> 'vote' order by decisions.log_id",
                    {"stage": stage},
                )
            }

        found: dict[str, Vote] = self._cached("finals", stage, make)
        return found

    def _passes_screening(self, from_databases: bool) -> bool:
        return from_databases or self._protocol.screen_other_methods

    def _sought(self) -> list[str]:
        included = {k for k, o in self._outcomes(TITLE_ABSTRACT).items() if o.state is State.INCLUDE}
        return [key for key, a in self._reports if not self._passes_screening(a) or key in included]

    def _pool(self, stage: str) -> list[str]:
        """Keys of the records that a stage has to judge, in the order all reviewers get them."""

        def make() -> list[str]:
            if stage == TITLE_ABSTRACT:
                return [
                    key for key, from_databases in self._reports if self._passes_screening(from_databases)
                ]
            return [
                key
                for key in self._sought()
                if key in self._retrievals and self._retrievals[key].outcome == "retrieved"
            ]

        found: list[str] = self._cached("pool", stage, make)
        return found

    def _outcomes(self, stage: str) -> dict[str, Outcome]:
        def make() -> dict[str, Outcome]:
            votes, finals, rules = self._votes(stage), self._finals(stage), self._stage(stage)
            return {
                key: outcome(votes.get(key, []), finals.get(key), rules, self._protocol.reasons)
                for key in self._pool(stage)
            }

        found: dict[str, Outcome] = self._cached("outcomes", stage, make)
        return found

    def _is_complete(self, stage: str) -> bool:
        """Whether all needed votes of a round are in, and no more records can come from before it."""
        if any(found.state is State.PENDING for found in self._outcomes(stage).values()):
            return False
        if stage == TITLE_ABSTRACT:
            return runs.finished_runs(self._review) > 0 and runs.open_runs(self._review) == 0
        return (
            self.is_open(TITLE_ABSTRACT)
            and not any(found.needs_someone for found in self._outcomes(TITLE_ABSTRACT).values())
            and all(key in self._retrievals for key in self._sought())
        )

    def _unblinded(self, stage: str) -> set[tuple[str, str]]:
        def make() -> set[tuple[str, str]]:
            return {
                (row["reviewer"], row["other_reviewer"])
                for row in rows(
                    self._review.db,
                    "select reviewer, other_reviewer from unblindings where round = :round",
                    {"round": stage},
                )
            }

        found: set[tuple[str, str]] = self._cached("unblinded", stage, make)
        return found

    # --- what anyone may see -----------------------------------------------------------------------

    def is_open(self, stage: str) -> bool:
        """Whether a round's votes and outcomes may be shown: all votes in, or every pair unblinded."""

        def make() -> bool:
            pairs = {tuple(sorted(pair)) for pair in combinations(self._people, 2)}
            if pairs and pairs <= self._unblinded(stage):
                return stage == TITLE_ABSTRACT or self.is_open(TITLE_ABSTRACT)
            return self._is_complete(stage)

        found: bool = self._cached("open", stage, make)
        return found

    def is_complete(self, stage: str) -> bool:
        """Whether all votes that a round needs are in."""
        return self._is_complete(stage)

    def require_open(self, stage: str, what: str) -> None:
        """Raise ProtocolError, saying who still has how many to go, if a round is still blind."""
        if self.is_open(stage):
            return
        progress = self.progress(stage)
        left = ", ".join(f"{name} has {count:,} to go" for name, count in progress.waiting.items() if count)
        if progress.pool is None:
            left = f"{TITLE_ABSTRACT} comes first"
        raise ProtocolError(
            f"{what} stays closed while stage {stage} is blind and unfinished"
            + (f": {left}" if left else ""),
            hint=f"finish the votes of {stage}, or `iimscreen unblind --round {stage} --by NAME`, which is logged",
        )

    def progress(self, stage: str) -> Progress:
        """How many records each reviewer still has to judge. Says nothing of any verdict."""
        if stage == FULL_TEXT and not self.is_open(TITLE_ABSTRACT):
            return Progress(stage, None)
        waiting = {name: len(self._waiting(stage, name)) for name in self._people}
        return Progress(stage, len(self._pool(stage)), waiting, self.is_open(stage))

    def _waiting(self, stage: str, reviewer: str) -> list[str]:
        votes, finals, needed = self._votes(stage), self._finals(stage), self._stage(stage).reviewers_needed
        return [
            key
            for key in self._pool(stage)
            if key not in finals
            and len(votes.get(key, ())) < needed
            and all(vote.names[0] != reviewer for vote in votes.get(key, ()))
        ]

    def waiting_for(self, stage: str, reviewer: str) -> list[str]:
        """Keys of the records left for one reviewer, in the order that is the same for everyone."""
        self._require_stage_before(stage)
        return self._waiting(stage, reviewer)

    def _require_stage_before(self, stage: str) -> None:
        if stage == FULL_TEXT:
            self.require_open(TITLE_ABSTRACT, f"the pool of stage {FULL_TEXT}")

    def pool(self, stage: str) -> frozenset[str]:
        """Keys of the records that a stage has to judge. Raises ProtocolError while that is closed."""
        self._require_stage_before(stage)
        return frozenset(self._pool(stage))

    def sought(self) -> list[str]:
        """Keys of the reports sought for retrieval. Raises ProtocolError while that is closed."""
        self.require_open(TITLE_ABSTRACT, "the list of reports sought for retrieval")
        return self._sought()

    def outcomes(self, stage: str) -> dict[str, Outcome]:
        """Key → outcome for the whole pool. Raises ProtocolError while the round is blind."""
        self.require_open(stage, "the outcome")
        return self._outcomes(stage)

    def votes(self, stage: str) -> dict[str, list[Vote]]:
        """Key → standing votes, in order of time. Raises ProtocolError while the round is blind."""
        self.require_open(stage, "the votes")
        return {key: sorted(votes, key=lambda vote: vote.log_id) for key, votes in self._votes(stage).items()}

    def finals(self, stage: str) -> dict[str, Vote]:
        """Key → final word. Raises ProtocolError while the round is blind."""
        self.require_open(stage, "the final words")
        return self._finals(stage)

    def independent_votes(self, stage: str) -> dict[str, list[Vote]]:
        """Key → the votes that stood when the round opened, for agreement; closed while it is blind."""
        self.require_open(stage, "agreement")
        pool = set(self._pool(stage))
        by_key: dict[str, list[Vote]] = {}
        for vote in _standing(self._review, stage, until=self._opened_at(stage)):
            if vote.key in pool:
                by_key.setdefault(vote.key, []).append(vote)
        return by_key

    def _opened_at(self, stage: str) -> int | None:
        """The log id with which the round opened: its last record's first votes, or an unblinding."""
        (unblinded,) = self._review.db.execute(
            "select min(log_id) from unblindings where round = :round", {"round": stage}
        ).fetchone()
        if unblinded is not None:
            return int(unblinded)
        (last,) = self._review.db.execute(
            """
            select max(first_id)
            from (
              select min(log_id) as first_id
              from decisions
              where stage = :stage and manner = 'vote'
              group by record_key, reviewer
            )
            """,
            {"stage": stage},
        ).fetchone()
        return None if last is None else int(last)

    def reports(self) -> list[Report]:
        """Where every report stands, for the flow; outcomes of closed rounds are None."""
        screening = self._outcomes(TITLE_ABSTRACT) if self.is_open(TITLE_ABSTRACT) else {}
        assessment = self._outcomes(FULL_TEXT) if screening is not None and self.is_open(FULL_TEXT) else {}
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
        """Log ids of votes that this viewer may not see now (of nobody in particular: all open ones)."""
        hidden: set[int] = set()
        for stage in self._protocol.stages:
            if self.is_open(stage.name):
                continue
            seen = {viewer} | {
                other for pair in self._unblinded(stage.name) if viewer in pair for other in pair
            }
            hidden.update(
                row["log_id"]
                for row in rows(
                    self._review.db,
                    "select log_id, reviewer from decisions where stage = :stage",
                    {"stage": stage.name},
                )
                if row["reviewer"] is None or row["reviewer"] not in seen
            )
        return hidden

    def decisions_with(self, stages: Sequence[str], reasons: Sequence[str]) -> int | None:
        """How many standing decisions a protocol change touches; None while that is closed to view."""
        if not all(self.is_open(stage.name) for stage in self._protocol.stages if self._votes(stage.name)):
            return None
        touched = 0
        for stage in self._protocol.stages:
            words = [vote for votes in self._votes(stage.name).values() for vote in votes]
            words += self._finals(stage.name).values()
            touched += sum(stage.name in stages or vote.reason in reasons for vote in words)
        return touched

    def voted_but_not_kept(self) -> list[str]:
        """Keys of records with votes that were merged into another record since; votes are not shown."""
        kept = {key for key, _ in self._reports}
        voted = {key for stage in self._protocol.stages for key in self._votes(stage.name)}
        return sorted(voted - kept)


def log_contents(review: Review, log_ids: Iterable[int]) -> dict[int, str]:
    """What decisions in the log say, in words, by log id; the caller has asked `hidden_log_ids` first."""
    wanted = set(log_ids)
    return {
        row["log_id"]: f"{row['stage']}: {row['record_key']} {row['verdict']}"
        + (f" ({row['reason']})" if row["reason"] else "")
        + ("" if row["manner"] == "vote" else f" by {row['manner']} of {', '.join(json.loads(row['names']))}")
        + (f" – {row['note']}" if row["note"] else "")
        for row in rows(review.db, "select * from decisions order by log_id")
        if row["log_id"] in wanted
    }
