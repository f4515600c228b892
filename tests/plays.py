"""Whole plays of a review by three people, drawn by chance and played again: what everyone did, and what ann saw."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from conftest import a_record, bring_in
from iimscreen import (
    amending,
    curation,
    exporting,
    fulltext,
    living,
    logbook,
    numbers,
    reliability,
    report,
    resolving,
    review_flow,
    rounds,
    team,
)
from iimscreen.duplicates import by_hand
from iimscreen.errors import IimscreenError
from iimscreen.model import Kind, Number
from iimscreen.numbers import way
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.review_protocol import in_force, load
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review, assignments, decisions, open_review, records, reviewers
from iimscreen.store import rounds as stored_rounds
from iimscreen.store.gate import Gate

PEOPLE = ("ann", "bob", "cyd")
VERDICTS = {
    TITLE_ABSTRACT: ("include", "exclude", "unsure"),
    FULL_TEXT: ("include", "exclude", "awaiting"),
}
Seen = tuple[str, ...]  # reviewer who sees, reviewer seen, stage, record

# How often each is drawn: mostly people vote.
MOVES = {
    "vote": 60,
    "vote all": 8,
    "change": 6,
    "undo": 4,
    "pilot": 4,
    "batch": 5,
    "assign": 4,
    "retire": 3,
    "add": 3,
    "merge": 5,
    "split": 4,
    "unblind": 2,
    "resolve": 6,
    "amend": 3,
    "search": 2,
    "remove": 2,
    "restore": 2,
    "retrieve": 5,
    "lose": 1,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One move of a play, drawn before anything is known of what it will meet."""

    move: str
    who: str
    stage: str
    chance: float  # which of what there is


def drawn(seed: int, length: int) -> list[Step]:
    """A play; the same for the same seed."""
    by_chance = random.Random(seed)  # noqa: S311 - a play, no secret
    moves = by_chance.choices([*MOVES], weights=[*MOVES.values()], k=length)
    return [
        Step(
            move,
            by_chance.choices(PEOPLE, (3, 4, 2))[0],
            by_chance.choices((TITLE_ABSTRACT, FULL_TEXT), (3, 1))[0],
            by_chance.random(),
        )
        for move in moves
    ]


@dataclass(slots=True)
class Play:
    """A play under way, or at its end."""

    review: Review
    otherwise: frozenset[int] = frozenset()  # steps at which bob and cyd say something else
    heard: list[str] = field(default_factory=list)  # of each step: how it went, as far as ann may hear
    voted: dict[int, list[int]] = field(default_factory=dict)  # step → log ids of others' decisions
    shown: set[int] = field(default_factory=set)  # log ids of those that ann could see at any time
    seen: set[Seen] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def run(self, steps: list[Step]) -> None:
        for number, step in enumerate(steps):
            before = self._last()
            try:
                said = self._move(step, number in self.otherwise)
            except IimscreenError as error:
                # What is told to others may quote their own votes.
                said = f"{type(error).__name__}: {error.message} – {error.hint}" * (step.who == "ann")
                said = said or type(error).__name__
            self.heard.append(f"{step.move} {step.who}: {said}")
            self._check_since(before)
            self.voted[number] = self._of_others(before)
            self._look()

    def _last(self) -> int:
        (found,) = self.review.db.execute("select coalesce(max(id), 0) from log").fetchone()
        return int(found)

    def _of_others(self, before: int) -> list[int]:
        return [
            log_id
            for (log_id,) in self.review.db.execute(
                "select log_id from decisions where log_id > ? and reviewer in ('bob', 'cyd')", [before]
            )
        ]

    # --- moves -------------------------------------------------------------------------------------

    def _move(self, step: Step, otherwise: bool) -> str:
        move: Callable[[Step, bool], object] = getattr(self, f"_{step.move.replace(' ', '_')}")
        return str(move(step, otherwise) or "done")

    @staticmethod
    def _one(step: Step, there: list[str]) -> str:
        return there[int(step.chance * len(there))] if there else "testbase:nothing"

    def _keys(self) -> list[str]:
        return [key for (key,) in self.review.db.execute("select key from records order by id")]

    def _decision(self, step: Step, key: str, otherwise: bool) -> Decision:
        choice = int(step.chance * 1000) + otherwise
        verdict = VERDICTS[step.stage][choice % 3]
        reasons = [reason.code for reason in in_force(self.review).reasons]
        needs_one = verdict == "exclude" and (step.stage == FULL_TEXT or choice % 2)
        return Decision(
            key,
            verdict,
            reasons[choice % len(reasons)] if needs_one else None,
            f"{step.who} {'otherwise' if otherwise else 'so'}",
        )

    def _vote(self, step: Step, otherwise: bool) -> None:
        desk = Desk(self.review, step.who, step.stage)
        desk.decide(self._decision(step, self._one(step, desk.waiting_keys()), otherwise))

    def _vote_all(self, step: Step, otherwise: bool) -> None:
        desk = Desk(self.review, step.who, step.stage)
        waiting = desk.waiting_keys()
        desk.decide_all([(n, self._decision(step, key, otherwise)) for n, key in enumerate(waiting)])

    def _change(self, step: Step, otherwise: bool) -> None:
        desk = Desk(self.review, step.who, step.stage)
        key = self._one(step, [vote.key for vote in desk.own_votes()])
        desk.decide(self._decision(step, key, otherwise), change=True)

    def _undo(self, step: Step, _: bool) -> None:
        Desk(self.review, step.who, step.stage).undo()

    def _pilot(self, step: Step, _: bool) -> str:
        return str(rounds.draw_pilot(self.review, step.stage, 1 + int(step.chance * 4), by=step.who))

    def _batch(self, step: Step, _: bool) -> str:
        return str(rounds.open_batch(self.review, step.stage, 1 + int(step.chance * 4), by=step.who))

    def _assign(self, step: Step, _: bool) -> str:
        again = step.chance < 0.5
        return str(team.assign(self.review, step.stage, by=step.who, again=again, seed=3))

    def _retire(self, step: Step, _: bool) -> str:
        other = PEOPLE[(PEOPLE.index(step.who) + 1) % 3] if step.chance < 0.7 else None
        return str(team.retire(self.review, step.who, by="ann", hand_over=other))

    def _add(self, step: Step, _: bool) -> None:
        team.add_reviewer(self.review, step.who, "reviewer")

    def _merge(self, step: Step, _: bool) -> str:
        keys = self._keys()
        return by_hand.merge(
            self.review, [self._one(step, keys), keys[int(step.chance * 97) % 4]], by=step.who
        )

    def _split(self, step: Step, _: bool) -> str:
        joined = self.review.db.execute(
            "select key from members where kept_key in (select kept_key from members where key <> kept_key)"
        )
        return str(by_hand.split(self.review, [self._one(step, [key for (key,) in joined])], by=step.who))

    def _unblind(self, step: Step, _: bool) -> str:
        names = [step.stage, *(one.name for one in stored_rounds.of_stage(self.review, step.stage))]
        pair = (step.who, PEOPLE[(PEOPLE.index(step.who) + 1) % 3]) if step.chance < 0.7 else ()
        return str(team.unblind(self.review, self._one(step, names), step.who, pair))

    def _resolve(self, step: Step, _: bool) -> None:
        table = resolving.Table(self.review, [step.who], step.stage)
        there = sorted(Gate(self.review, in_force(self.review)).outcomes(step.stage))
        table.settle(self._decision(step, self._one(step, there), False))

    def _amend(self, step: Step, _: bool) -> None:
        text = in_force(self.review).text
        swaps = (
            ('pilot_votes = "count"', 'pilot_votes = "apart"'),
            ("screen_other_methods = false", "screen_other_methods = true"),
            ("reviewers = 2", "reviewers = 3"),
        )
        one, other = swaps[int(step.chance * 3)]
        path = self.review.path.with_name("changed.toml")
        path.write_text(text.replace(one, other) if one in text else text.replace(other, one), "utf-8")
        load(self.review, path, by=step.who)

    def _search(self, step: Step, _: bool) -> None:
        number = 100 + int(step.chance * 1000)
        kind = Kind.CITATION if step.chance < 0.3 else Kind.DATABASE
        bring_in(self.review, [a_record(number)], database=f"{kind.value} {number}", kind=kind)

    def _remove(self, step: Step, _: bool) -> None:
        curation.remove(self.review, [self._one(step, self._keys())], reason="mistake", by=step.who)

    def _restore(self, step: Step, _: bool) -> None:
        removed = self.review.db.execute("select record_key from standing_removals where removed")
        key = self._one(step, [key for (key,) in removed])
        curation.restore(self.review, [key], note="no mistake", by=step.who)

    def _retrieve(self, step: Step, _: bool) -> None:
        fulltext.mark_all(self.review, by=step.who)

    def _lose(self, step: Step, _: bool) -> None:
        key = self._one(step, [one.record.key for one in fulltext.sought(self.review)])
        fulltext.mark(self.review, [key], fulltext.NOT_RETRIEVED, by=step.who, reason="lost")

    # --- what must hold ----------------------------------------------------------------------------

    def _look(self) -> None:
        """Take down whose votes on which records everyone could see by now."""
        gate = Gate(self.review, in_force(self.review))
        apart = {
            one.name
            for stage in VERDICTS
            for one in stored_rounds.of_stage(self.review, stage)
            if not one.counts
        }
        present = reviewers.standing(self.review)
        for viewer in {"ann", *present}:
            hidden = gate.hidden_log_ids(viewer)
            for stage in VERDICTS:
                for log_id, key, reviewer, one in decisions.log_ids(self.review, stage):
                    if log_id in hidden or reviewer in (viewer, None):
                        continue
                    if viewer == "ann":
                        self.shown.add(log_id)
                    # Who has left and comes back begins as a newcomer does.
                    if one not in apart and viewer in present:
                        self.seen.add((viewer, str(reviewer), stage, key))

    def _check_since(self, before: int) -> None:
        """Nobody changes a vote that another could see, nor votes as if blind on what they could see."""
        for stage, key, who, was_open, had in self.review.db.execute(
            """
            select stage, record_key, reviewer, was_open, 'withdrawn' <> (
              select earlier.verdict
              from decisions as earlier
              where earlier.stage = decisions.stage and earlier.record_key = decisions.record_key
                and earlier.reviewer = decisions.reviewer and earlier.log_id <= :before
                and (earlier.round is null or earlier.round not in (select name from rounds where counts = 0))
              order by earlier.log_id desc
              limit 1
            )
            from decisions
            where log_id > :before and reviewer is not null
              and (round is null or round not in (select name from rounds where counts = 0))
            """,
            {"before": before},
        ):
            if had and any(one[1:] == (who, stage, key) for one in self.seen):
                self.faults.append(f"{who} changed a vote on {key} that was seen: {self.heard[-1]}")
            if not was_open and any((who, stage, key) == (one[0], *one[2:]) for one in self.seen):
                self.faults.append(f"{who} voted on {key} as if blind: {self.heard[-1]}")

    # --- what ann sees -----------------------------------------------------------------------------

    def answers(self) -> Iterator[tuple[str, str]]:
        """Every question that ann could put to the review, and its answer without times and hashes."""
        review = self.review
        known: dict[str, Number] = {}
        asked: dict[str, Callable[[], object]] = {
            "status": lambda: report.status(review),
            "rounds": lambda: rounds.listed(review),
            "flow": lambda: review_flow.prisma(review),
            "conflicts": lambda: resolving.conflicts_to_see(review),
            "agreements": lambda: reliability.agreements(review),
            "log": lambda: logbook.log_view(review, viewer="ann"),
            "log of bob": lambda: logbook.log_view(review, viewer="ann", actor="bob"),
            "check": lambda: report.check(review),
            "numbers": lambda: known.update(numbers.every(review)) or known,
            "behind": lambda: [
                numbers.behind(review, known[f"prisma.{name}"])
                for name in ("duplicates", "records_excluded", "reports_excluded", "reports_not_retrieved")
            ],
            "sought": lambda: fulltext.sought(review),
            "amendments": lambda: amending.amendments(review),
            "her amendments": lambda: amending.amendments(review, "ann"),
            "export": lambda: exporting.export(review, "csv").data,
            "her export": lambda: exporting.export(review, "csv", reviewer="ann").data,
            "versions": lambda: living.listed(review),
        }
        for stage in VERDICTS:
            asked[f"conflicts {stage}"] = lambda s=stage: resolving.conflicts(review, s)
            asked[f"agreement {stage}"] = lambda s=stage: reliability.agreements(review, s)
            asked[f"export {stage}"] = lambda s=stage: exporting.export(review, "ris", stage=s).data
            asked[f"waiting {stage}"] = lambda s=stage: Desk(review, "ann", s).waiting_keys()
            asked[f"assigned {stage}"] = lambda s=stage: sorted(assignments.standing(review, s))
            for one in stored_rounds.of_stage(review, stage):
                asked[f"agreement {one.name}"] = lambda o=one: reliability.of_round(review, o.name)
                asked[f"differences {one.name}"] = lambda o=one: rounds.differences(review, o)
            for key in records.kept_keys(review).values():
                asked[f"sought {key}"] = lambda k=key: Gate(review, in_force(review)).require_sought(k)
                asked[f"way of {key}"] = lambda k=key: way.of_record(review, k)
        with review.reading():  # or each answer makes a copy of the file for itself
            for name, ask in asked.items():
                try:
                    answer = ask()
                except IimscreenError as error:
                    answer = f"{type(error).__name__}: {error.message} – {error.hint}"
                yield name, masked(str(answer))


def masked(text: str) -> str:
    """Times and hashes differ from play to play by themselves."""
    text = text.replace("%31%30", "10")  # own_ris: or a time would read as a DOI
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+Z| \w+)?", "TIME", text)
    return re.sub(r"(?<!:)\b[0-9a-f]{8,64}\b", "HASH", text)


def begin(empty: Path, folder: Path) -> Path:
    """A review of eight records, two of them from a list of citations, and three reviewers."""
    path = Path(shutil.copy(empty, folder / "begun.db"))
    with open_review(path) as review:
        bring_in(review, [a_record(n) for n in range(1, 7)])
        bring_in(review, [a_record(n) for n in (7, 8)], database="List", kind=Kind.CITATION)
        for name in PEOPLE:
            team.add_reviewer(review, name, "reviewer")
    return path


def played(begun: Path, steps: list[Step], otherwise: frozenset[int] = frozenset()) -> tuple[Play, str]:
    """A play from its beginning to its end, and all that ann heard and sees then."""
    path = Path(shutil.copy(begun, begun.with_name("play.db")))
    with open_review(path) as review:
        review.db.execute("pragma synchronous = off")  # a play that the power cuts off is played again
        play = Play(review, otherwise)
        play.run(steps)
        told = {"heard": [masked(line) for line in play.heard], **dict(play.answers())}
    return play, json.dumps(told, indent=1, ensure_ascii=False)
