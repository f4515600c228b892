"""Everyone's words on every report, worked out from the log: what lies behind the gate.

Only the gate (`store/gate.py`) may ask, and it alone knows who may see what. Words are given on records
and count for reports. A word speaks for all records that were one report when it was given; words on
records merged since stand side by side, and are a conflict if they differ.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Set
from functools import cached_property
from typing import TypeVar, cast

from iimscreen.model import Protocol, Stage, Verdict
from iimscreen.protocol import stage_named
from iimscreen.store import assignments, decisions, duplicates, records, retrievals, reviewers
from iimscreen.store import reports as stored_reports
from iimscreen.store import rounds as stored_rounds
from iimscreen.store.connection import Review
from iimscreen.store.rounds import PILOT, Round
from iimscreen.voting import Outcome, State, Vote, outcome, unsuperseded

T = TypeVar("T")

_PENDING = Outcome(State.PENDING)
NOBODY: frozenset[str] = frozenset()


class Tally:
    """What was said of each report at each stage, under one protocol, read once.

    `pool` gives the reports that a stage has to judge, as far as revealed: the gate knows them.
    """

    def __init__(self, review: Review, protocol: Protocol, pool: Callable[[str], frozenset[str]]) -> None:
        self.review = review
        self.protocol = protocol
        self._pool = pool
        self._cache: dict[tuple[str, str], object] = {}

    def once(self, what: str, stage: str, make: Callable[[], T]) -> T:
        """A value that is made at the first asking and kept."""
        if (what, stage) not in self._cache:
            self._cache[what, stage] = make()
        return cast("T", self._cache[what, stage])

    def stage(self, name: str) -> Stage:
        """The rules of a stage."""
        return stage_named(self.protocol, name)

    # --- what the file says of reports and people ----------------------------------------------------

    @cached_property
    def reports(self) -> list[tuple[str, bool]]:
        """(report, whether from a database or register) of all reports that this review judges, in order."""
        return stored_reports.in_order(self.review, self.kept)

    @cached_property
    def kept(self) -> Mapping[str, str]:
        """Record → the record kept for its report."""
        return records.kept_keys(self.review)

    @cached_property
    def _merged(self) -> dict[str, list[str]]:
        """Report → its records, of reports with more than one."""
        found: dict[str, list[str]] = {}
        for key, report in self.kept.items():
            found.setdefault(report, [report]).append(key)
        return found

    def members(self, report: str) -> list[str]:
        """The records of one report."""
        return self._merged.get(report, [report])

    @cached_property
    def retrievals(self) -> dict[str, retrievals.Retrieval]:
        """Report → the last word on its retrieval."""
        return retrievals.standing(self.review)

    @cached_property
    def people(self) -> list[str]:
        """Names of those who vote now; whoever retired is not among them, though their votes stand."""
        standing = reviewers.standing(self.review)
        return [name for name, role in standing.items() if role == reviewers.REVIEWER]

    def assigned(self, stage: str) -> Mapping[str, frozenset[str]]:
        """Report → those who are to judge it, where it was assigned.

        Where they have become too few, because someone left or the protocol asks for more, it is open to all.
        """

        def make() -> dict[str, frozenset[str]]:
            found: dict[str, frozenset[str]] = {}
            people, needed, judges = set(self.people), self.stage(stage).reviewers_needed, self.judges(stage)
            for record, names in assignments.standing(self.review, stage).items():
                report = self.kept[record]
                able = names & people | names & judges.get(report, NOBODY)
                if len(able) >= needed:
                    found.setdefault(report, names)
            return found

        return self.once("assigned", stage, make)

    def in_order(self, keys: Iterable[str], reviewer: str) -> list[str]:
        """Reports in the order in which one reviewer gets them: as they came, or shuffled by the protocol's seed."""
        if self.protocol.order == "same":
            return list(keys)
        seed = f"{self.protocol.order_seed}\n{reviewer}\n".encode()
        return sorted(keys, key=lambda key: hashlib.blake2b(seed + key.encode(), digest_size=16).digest())

    # --- rounds --------------------------------------------------------------------------------------

    def rounds(self, stage: str) -> list[Round]:
        """The pilots and batches of a stage, oldest first."""
        return self.once("rounds", stage, lambda: stored_rounds.of_stage(self.review, stage))

    @cached_property
    def _opened_rounds(self) -> set[str]:
        return decisions.opened_rounds(self.review)

    def reports_of(self, one: Round) -> list[str]:
        """The reports of a round, in its order."""

        def make() -> list[str]:
            return list(dict.fromkeys(self.kept[key] for key in stored_rounds.keys_of(self.review, one)))

        return self.once("reports_of", one.name, make)

    def judged_in(self, one: Round) -> list[str]:
        """The reports of a round that are judged in it, in its order: merged ones in the first that has them.

        A round opens once. What it did not reveal then, such as a record that was split off since, is
        judged with the rest of its stage.
        """

        def make() -> list[str]:
            earlier = {
                key
                for other in self.rounds(one.stage)
                if other.log_id < one.log_id and not self._is_spent(other)
                for key in self.judged_in(other)
            }
            found = [key for key in self.reports_of(one) if key not in earlier]
            if one.counts and one.name in self._opened_rounds:
                revealed = decisions.openings(self.review, [one.name]).keys()
                judged = self.records_ever_judged(one.stage)
                found = [key for key in found if key in judged and judged[key] <= revealed]
            return found

        return self.once("judged_in", one.name, make)

    def is_closed(self, one: Round) -> bool:
        """Whether a pilot or batch was complete once: from then on it asks for no more votes.

        What left the pool is not waited for, and a vote given outside the round, before another copy of the
        review knew of it, need not be given again.
        """

        def make() -> bool:
            if one.name in self._opened_rounds:
                return True
            pool = self._pool(one.stage)
            asked = [key for key in self.judged_in(one) if key in pool]
            if one.counts:
                settled = {self.kept[word.key] for word in self._given_finals(one.stage)}
                asked = [key for key in asked if key not in settled]
            records_asked = {record for key in asked for record in self.members(key)}
            apart = {other.name for other in self.rounds(one.stage) if not other.counts} - {one.name}
            names: dict[str, set[str]] = {}
            for vote in decisions.last_of_each(
                vote
                for vote in self._given(one.stage)
                if vote.key in records_asked and vote.round not in apart
            ):
                names.setdefault(self.kept[vote.key], set()).add(vote.names[0])
            return not any(self._lack(one, names.get(key, set())) for key in asked)

        return self.once("is_closed", one.name, make)

    def _is_spent(self, one: Round) -> bool:
        return not one.counts and self.is_closed(one)

    def _lack(self, one: Round, names: Set[str]) -> bool:
        """Whether votes are missing on a record of an open round that these have judged; in a pilot all must."""
        if len(names) < self.stage(one.stage).reviewers_needed:
            return True
        return one.kind == PILOT and not names >= set(self.people)

    def open_pilots(self, stage: str) -> list[Round]:
        """Pilots that are not closed: they are judged before everything else of their stage."""
        return [one for one in self.rounds(stage) if one.kind == PILOT and not self.is_closed(one)]

    def spent(self, stage: str) -> frozenset[str]:
        """Names of closed pilots whose votes do not count: their records are judged again."""
        return frozenset(one.name for one in self.rounds(stage) if self._is_spent(one))

    def round_of(self, stage: str) -> Mapping[str, Round]:
        """Report → the pilot or batch in which it is judged; the others are of no round but the stage."""

        def make() -> dict[str, Round]:
            return {
                key: one
                for one in self.rounds(stage)
                if not self._is_spent(one)
                for key in self.judged_in(one)
            }

        return self.once("round_of", stage, make)

    # --- votes, by report ----------------------------------------------------------------------------

    @cached_property
    def _everything(self) -> dict[str, tuple[list[Vote], list[Vote]]]:
        return decisions.given(self.review)

    def _given(self, stage: str) -> list[Vote]:
        return self._everything.get(stage, ([], []))[0]

    def _given_finals(self, stage: str) -> list[Vote]:
        """The last final word per record."""

        def make() -> list[Vote]:
            return list({word.key: word for word in self._everything.get(stage, ([], []))[1]}.values())

        return self.once("given_finals", stage, make)

    def ever_given(self, stage: str) -> list[Vote]:
        """Every vote, undo and final word, oldest first, but those of pilots that do not count."""
        spent = self.spent(stage)
        votes, finals = self._everything.get(stage, ([], []))
        return sorted(
            (word for word in (*votes, *finals) if word.round not in spent), key=lambda word: word.log_id
        )

    def records_ever_judged(self, stage: str) -> Mapping[str, frozenset[str]]:
        """Report → those of its records on which anything was ever given, also if it stands no more."""

        def make() -> dict[str, frozenset[str]]:
            # As far as logged: whether other pilots are closed depends on what is judged in which round.
            spent = {one.name for one in self.rounds(stage) if not one.counts} & self._opened_rounds
            votes, finals = self._everything.get(stage, ([], []))
            keys = {word.key for words in (votes, finals) for word in words if word.round not in spent}
            found: dict[str, set[str]] = {}
            for key in keys:
                found.setdefault(self.kept[key], set()).add(key)
            return {report: frozenset(judged) for report, judged in found.items()}

        return self.once("records_ever_judged", stage, make)

    def ever_voted(self, stage: str) -> frozenset[str]:
        """Names of those who ever gave a vote that counts, also if they took all of them back."""

        def make() -> frozenset[str]:
            spent = self.spent(stage)
            given = {(vote.names, vote.round) for vote in self._given(stage)}
            return frozenset(names[0] for names, one in given if one not in spent)

        return self.once("ever_voted", stage, make)

    def votes_within(self, one: Round) -> list[Vote]:
        """The votes given in one round, the last per record and reviewer, whether they count or not."""

        def make() -> list[Vote]:
            return decisions.last_of_each(
                vote for vote in self._given(one.stage) if (vote.round or one.stage) == one.name
            )

        return self.once("votes_within", one.name, make)

    def unfinished_in(self, one: Round) -> frozenset[str]:
        """Reports with votes in a pilot whose votes do not count, but not all: they left it unfinished."""

        def make() -> frozenset[str]:
            names: dict[str, set[str]] = {}
            for vote in self.votes_within(one):
                names.setdefault(self.kept[vote.key], set()).add(vote.names[0])
            needed = self.stage(one.stage).reviewers_needed
            return frozenset(key for key, voted in names.items() if len(voted) < needed)

        return self.once("unfinished_in", one.name, make)

    def standing(self, stage: str) -> list[Vote]:
        """Standing votes that count: the last per record and reviewer, withdrawn ones left out."""

        def make() -> list[Vote]:
            spent = self.spent(stage)
            given = self._given(stage)
            return decisions.last_of_each(
                (vote for vote in given if vote.round not in spent) if spent else given
            )

        return self.once("standing", stage, make)

    def _by_report(self, stage: str) -> tuple[dict[str, list[Vote]], dict[str, list[Vote]]]:
        """Report → its standing votes, and → its final words; several of one speaker only across merges."""

        def make() -> tuple[dict[str, list[Vote]], dict[str, list[Vote]]]:
            votes: dict[str, list[Vote]] = {}
            finals: dict[str, list[Vote]] = {}
            kept = self.kept
            for found, words in ((votes, self.standing(stage)), (finals, self._given_finals(stage))):
                for word in words:
                    report = kept[word.key] if kept else word.key
                    there = found.get(report)
                    if there is None:
                        found[report] = [word]
                    else:
                        there.append(word)
            for report, members in self._merged.items():
                said = votes.get(report, []), finals.get(report, [])
                if len({word.key for words in said for word in words}) > 1:
                    past = duplicates.Past(self.review, members)
                    for words in said:
                        speakers = dict.fromkeys(word.names if words is said[0] else () for word in words)
                        words[:] = [
                            word
                            for names in speakers
                            for word in unsuperseded(
                                [w for w in words if not names or w.names == names], past.together
                            )
                        ]
            return votes, finals

        return self.once("by_report", stage, make)

    def votes(self, stage: str) -> dict[str, list[Vote]]:
        """Report → standing votes."""
        return self._by_report(stage)[0]

    def words_on(self, stage: str, report: str) -> list[Vote]:
        """Standing votes and final words on one report."""
        votes, finals = self._by_report(stage)
        return [*votes.get(report, ()), *finals.get(report, ())]

    def reports_with_words(self, stage: str) -> set[str]:
        """Reports on which any word stands."""
        votes, finals = self._by_report(stage)
        return votes.keys() | finals.keys()

    def finals(self, stage: str) -> dict[str, Vote]:
        """Report → its final word: the only one that stands, given for every record that has votes."""

        def make() -> dict[str, Vote]:
            found: dict[str, Vote] = {}
            votes, finals = self._by_report(stage)
            for report, words in finals.items():
                if len(words) != 1:
                    continue
                (word,) = words
                judged = {vote.key for vote in votes.get(report, ())}
                if judged <= {word.key} or judged <= self._spoken_for(report, word):
                    found[report] = word
            return found

        return self.once("finals", stage, make)

    def _spoken_for(self, report: str, word: Vote) -> frozenset[str]:
        """The records for which a word was given: those that were one report then."""
        if report not in self._merged:
            return frozenset((word.key,))
        return duplicates.Past(self.review, self._merged[report]).together(word.key, word.log_id)

    def _said(self, stage: str) -> dict[str, list[Vote]]:
        """Report → votes as they count: a final word on a part of a merged report stands for its votes."""

        def make() -> dict[str, list[Vote]]:
            settled, said = self.finals(stage), dict(self.votes(stage))
            for report, words in self._by_report(stage)[1].items():
                if report not in settled:
                    for word in words:
                        part = self._spoken_for(report, word)
                        said[report] = [
                            v._replace(verdict=word.verdict, reason=word.reason) if v.key in part else v
                            for v in said.get(report, ())
                        ]
            return said

        return self.once("said", stage, make)

    def judges(self, stage: str) -> Mapping[str, frozenset[str]]:
        """Report → names of those whose votes on it stand."""

        def make() -> dict[str, frozenset[str]]:
            known: dict[tuple[str, ...], frozenset[str]] = {}
            found = {}
            for report, votes in self.votes(stage).items():
                names = votes[0].names if len(votes) == 1 else tuple([vote.names[0] for vote in votes])
                if names not in known:
                    known[names] = frozenset(names)
                found[report] = known[names]
            return found

        return self.once("judges", stage, make)

    def is_pending(self, stage: str, report: str) -> bool:
        """Whether votes on a report are missing."""
        return report not in self.finals(stage) and self.lacks_votes(
            stage, report, self.judges(stage).get(report, NOBODY)
        )

    def any_pending(self, stage: str, reports: Iterable[str]) -> bool:
        """Whether votes on any of these reports are missing."""
        judges, needed = self.judges(stage), self.stage(stage).reviewers_needed
        if self.open_pilots(stage):
            return any(self.is_pending(stage, report) for report in reports)
        finals = self.finals(stage)
        return any(len(judges.get(report, NOBODY)) < needed and report not in finals for report in reports)

    def lacks_votes(self, stage: str, report: str, names: Set[str]) -> bool:
        """Whether votes on a report are missing that these people have judged."""
        if self.is_in_open_pilot(stage, report):
            return self._lack(self.round_of(stage)[report], names)
        return len(names) < self.stage(stage).reviewers_needed

    def is_in_open_pilot(self, stage: str, report: str) -> bool:
        """Whether a report is one of those that everyone is to judge first."""
        one = self.round_of(stage).get(report)
        return one is not None and one.kind == PILOT and not self.is_closed(one)

    def left_for(self, stage: str, reviewer: str, reports: Iterable[str]) -> list[str]:
        """Which of these reports are left for one reviewer to judge, in their order."""
        judges, finals, assigned = self.judges(stage), self.finals(stage), self.assigned(stage)
        needed, has_pilots = self.stage(stage).reviewers_needed, bool(self.open_pilots(stage))
        found = []
        for report in reports:
            names = judges.get(report, NOBODY)
            if reviewer in names or report in finals:
                continue
            if not (has_pilots and self.is_in_open_pilot(stage, report)) and (
                len(names) >= needed or (report in assigned and reviewer not in assigned[report])
            ):
                continue
            found.append(report)
        return found

    def given_on(self, stage: str, keys: Collection[str]) -> list[Vote]:
        """Standing votes and final words on some records."""
        return [word for word in (*self.standing(stage), *self._given_finals(stage)) if word.key in keys]

    def outcomes(self, stage: str, reports: Iterable[str]) -> dict[str, Outcome]:
        """Report → what the words on it come to."""
        said, finals, rules = self._said(stage), self.finals(stage), self.stage(stage)
        reasons, needed, has_pilots = self.protocol.reasons, rules.reviewers_needed, self.open_pilots(stage)
        judges = self.judges(stage)
        # A handful of ways to vote makes up nearly all reports: each is worked out once.
        known: dict[tuple[tuple[Verdict, str | None], ...], Outcome] = {}
        found = self.once("outcomes_so_far", stage, dict[str, Outcome])  # the gate has "outcomes" of its own
        for report in reports:
            if report in found:
                continue
            votes = said.get(report, [])
            if report in finals:
                found[report] = outcome(votes, finals[report], rules, reasons)
            elif len(judges.get(report, NOBODY)) < needed or (has_pilots and self.is_pending(stage, report)):
                found[report] = _PENDING
            else:
                way = tuple([(vote.verdict, vote.reason) for vote in votes])
                if way not in known:
                    known[way] = outcome(votes, None, rules, reasons)
                found[report] = known[way]
        return {report: found[report] for report in reports}
