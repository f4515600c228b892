"""Pilots and batches: parts of a stage that are judged, closed and compared on their own."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import StoredRecord, Verdict
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT, stage_named
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, records, runs
from iimscreen.store import rounds as stored
from iimscreen.store.gate import Gate, Progress, RoundProgress
from iimscreen.store.rounds import BATCH, PILOT, Round
from iimscreen.voting import Vote
from iimscreen.wording import counted


def draw_pilot(review: Review, stage: str, size: int, *, by: str, seed: int | None = None) -> Round:
    """A random sample of a stage's records that everyone judges first; the same for the same seed.

    Drawn from records that nobody has judged. Raises ProtocolError while another pilot is open, or if
    there are too few. Without `seed` it is the number of the pilot: 1, 2, …
    """
    with review.writing():
        protocol = in_force(review)
        gate = Gate(review, protocol)
        free = _free(review, gate, stage, size)
        waiting = stored.open_pilots(review, stage)
        if waiting:
            raise ProtocolError(
                f"{waiting[0].name} is not finished yet",
                hint="`iimscreen calibrate` without -n tells who has how many to go",
            )
        name, number = _name(review, stage, PILOT)
        seed = number if seed is None else seed
        chosen = set(random.Random(seed).sample(sorted(free), size))  # noqa: S311 - a sample, no secret
        drawn = Round(name, stage, PILOT, protocol.pilot_votes == "count", seed)
        stored.add(review, drawn, [key for key in free if key in chosen], by=by)
    return stored.named(review, name)


def open_batch(review: Review, stage: str, size: int, *, by: str) -> Round:
    """The next records of a stage, in order of arrival, as a round of their own.

    Fewer than `size` where fewer are left. Raises ProtocolError if none is.
    """
    with review.writing():
        gate = Gate(review, in_force(review))
        free = _free(review, gate, stage, 1)[:size]
        _check_size(size)
        name, _ = _name(review, stage, BATCH)
        stored.add(review, Round(name, stage, BATCH), free, by=by)
    return stored.named(review, name)


def _check_size(size: int) -> None:
    if size < 1:
        raise InputError(f"-n is {size}, expected 1 or more", hint="say how many records")


def _free(review: Review, gate: Gate, stage: str, size: int) -> list[str]:
    """Records of a stage that nobody has judged and that are in no round, in order of arrival."""
    stage_named(in_force(review), stage)
    _check_size(size)
    if not runs.finished_runs(review):
        raise ProtocolError("there are no records yet", hint="`iimscreen search` or `iimscreen import` first")
    if stage == FULL_TEXT:
        gate.pool(stage)  # raises while title and abstract screening keeps all of it closed
    free = gate.free_reports(stage)
    if len(free) < size:
        raise ProtocolError(
            f"stage {stage} has {counted(len(free), 'record')} that nobody has judged, fewer than {size:,}",
            hint="ask for fewer with -n" if free else "`iimscreen status` shows what is left",
        )
    return free


def _name(review: Review, stage: str, kind: str) -> tuple[str, int]:
    """The name of the next round of this kind, and its number."""
    number = 1 + sum(one.kind == kind for one in stored.of_stage(review, stage))
    prefix = "" if stage == TITLE_ABSTRACT else f"{stage}-"
    return f"{prefix}{kind}-{number}", number


def named(review: Review, name: str) -> Round:
    """The pilot or batch of that name. Raises InputError listing those there are."""
    there = [one for stage in in_force(review).stages for one in stored.of_stage(review, stage.name)]
    for one in there:
        if one.name == name:
            return one
    raise InputError(
        f"there is no round {name!r}",
        hint=f"there are: {', '.join(one.name for one in there)}"
        if there
        else "`iimscreen calibrate -n 50 --by NAME` draws a pilot, `iimscreen round batch -n 200 --by NAME` a batch",
    )


@dataclass(frozen=True, slots=True)
class StageRounds:
    """The rounds of one stage, and how far each and the whole stage is."""

    whole: Progress
    rounds: tuple[RoundProgress, ...]


def listed(review: Review) -> list[StageRounds]:
    """How far every stage is, with its pilots and batches. Says nothing of any verdict."""
    with review.reading():
        protocol = in_force(review)
        gate = Gate(review, protocol)
        return [
            StageRounds(gate.progress(stage.name), tuple(gate.round_progress(stage.name)))
            for stage in protocol.stages
        ]


@dataclass(frozen=True, slots=True)
class Difference:
    """A record of a closed round on which reviewers differ, with the votes given in it."""

    record: StoredRecord
    votes: tuple[Vote, ...]
    in_reason_only: bool  # all exclude it, for different reasons


def differences(review: Review, one: Round) -> list[Difference]:
    """The records of a closed round to talk about. Raises ProtocolError while it is blind."""
    with review.reading():
        votes = Gate(review, in_force(review)).round_votes(one)
        differing = {key: found for key, given in votes.items() if (found := _differ(given)) is not None}
        return [
            Difference(stored_one, tuple(votes[stored_one.key]), differing[stored_one.key])
            for stored_one in records.by_keys(review, list(differing))
        ]


def _differ(votes: Sequence[Vote]) -> bool | None:
    """None if these agree; else whether they differ in the reason alone. Unsure is none of the others."""
    if len({vote.verdict for vote in votes}) > 1:
        return False
    reasons = {vote.reason for vote in votes if vote.verdict is Verdict.EXCLUDE}
    return True if len(reasons) > 1 else None


def latest_pilot(review: Review, stage: str) -> Round:
    """The last pilot of a stage. Raises InputError if there is none."""
    stage_named(in_force(review), stage)
    pilots = [one for one in stored.of_stage(review, stage) if one.kind == PILOT]
    if not pilots:
        raise InputError(
            f"stage {stage} has no pilot",
            hint="`iimscreen calibrate -n 50 --by NAME` draws one",
        )
    return pilots[-1]
