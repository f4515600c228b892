"""Decisions leave the review in files for other tools: what the gate has revealed, or one reviewer's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from iimscreen import decision_formats
from iimscreen.decision_formats import Decided, Judged, own_csv
from iimscreen.duplicates import kept_report
from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import Protocol, StoredRecord, Verdict
from iimscreen.protocol import TITLE_ABSTRACT, stage_named
from iimscreen.review_protocol import in_force, reason_labels, stages_to_see
from iimscreen.store import Review, decisions, records, reviewers
from iimscreen.store.gate import Gate
from iimscreen.voting import Outcome, State, Vote

ALL, INCLUDED, EXCLUDED, CONFLICTS, LEFT = "all", "included", "excluded", "conflicts", "left"
WHICH = (ALL, INCLUDED, EXCLUDED, CONFLICTS, LEFT)
_AT_ONCE = 500  # records read in one query


@dataclass(frozen=True, slots=True)
class Export:
    """A file of decisions, and what is said beside it."""

    data: bytes
    reports: int
    decisions: int  # votes and final words in it
    stages: tuple[str, ...]
    closed: Mapping[str, int] = field(default_factory=dict)  # stage → reports whose votes stay closed


def export(
    review: Review,
    to: str,
    *,
    stage: str = "",
    which: str = ALL,
    reviewer: str | None = None,
    is_wide: bool = False,
) -> Export:
    """The file in format `to`, in the order in which records arrived.

    Without `reviewer`: outcomes and votes as far as the gate reveals them. With one: that person's own
    votes, at any time, and nothing of anyone else's. Raises ProtocolError if nothing may be seen.
    """
    _check(to, which, reviewer, is_wide=is_wide)
    with review.reading():
        protocol = in_force(review)
        stages = _stages(protocol, to, stage)
        closed: dict[str, int] = {}
        if reviewer is None:
            gate = Gate(review, protocol)
            seen = stages or stages_to_see(gate, protocol, "")
            judged = {name: _revealed(gate, name, which) for name in seen}
            closed = {name: gate.closed(name) for name in seen}
        elif which == LEFT:
            seen = stages or [TITLE_ABSTRACT]
            judged = {name: _left(review, protocol, name, reviewer) for name in seen}
        else:
            seen = stages or [one.name for one in protocol.stages]
            judged = _own(review, seen, which, reviewer)
        decided = list(_decided(review, judged))
        labels = reason_labels(review)
    data = own_csv.write_wide(decided) if is_wide else decision_formats.write(to, decided, labels)
    words = sum(len(one.words) for report in decided for one in report.stages)
    return Export(data, len(decided), words, tuple(seen), {name: n for name, n in closed.items() if n})


def _check(to: str, which: str, reviewer: str | None, *, is_wide: bool) -> None:
    if to not in decision_formats.FORMATS:
        raise InputError(
            f"--to {to!r} is no format of decisions",
            hint=f"expected one of {', '.join(decision_formats.FORMATS)}",
        )
    if which not in WHICH:
        raise InputError(f"--which {which!r} is not known", hint=f"expected one of {', '.join(WHICH)}")
    if which == LEFT and reviewer is None:
        raise InputError("--which left is what is left for one reviewer", hint="name them with --reviewer")
    if which == CONFLICTS and reviewer is not None:
        raise InputError(
            "--which conflicts is about the votes of all, and --reviewer about those of one",
            hint="leave one of them out",
        )
    if is_wide and to != "csv":
        raise InputError(f"--wide is a form of csv, not of {to}", hint="leave --wide out, or use --to csv")


def _stages(protocol: Protocol, to: str, given: str) -> list[str]:
    """The stages asked for; none if it is all of which something may be seen."""
    if given:
        return [stage_named(protocol, given).name]
    return [] if to in decision_formats.OF_ALL_STAGES else [TITLE_ABSTRACT]


def _revealed(gate: Gate, stage: str, which: str) -> dict[str, Judged]:
    """Report → what was decided on it, of the revealed reports of a stage."""
    outcomes = gate.outcomes(stage)
    votes, finals = gate.votes(stage), gate.finals(stage)
    return {
        key: Judged(
            stage,
            (*votes.get(key, ()), *((finals[key],) if key in finals else ())),
            found.state.value,
            found.reason,
            None if found.state in (State.PENDING, State.CONFLICT) else found.settled_by,
        )
        for key, found in outcomes.items()
        if _fits(found, which)
    }


def _fits(found: Outcome, which: str) -> bool:
    if which == CONFLICTS:
        return found.needs_someone
    wanted = {INCLUDED: State.INCLUDE, EXCLUDED: State.EXCLUDE}
    return which == ALL or found.state is wanted[which]


def _left(review: Review, protocol: Protocol, stage: str, reviewer: str) -> dict[str, Judged]:
    standing = reviewers.standing(review)
    if reviewer not in standing:
        raise _unknown(reviewer, standing)
    return {key: Judged(stage) for key in Gate(review, protocol).waiting_for(stage, reviewer)}


def _own(review: Review, stages: Sequence[str], which: str, reviewer: str) -> dict[str, dict[str, Judged]]:
    kept = records.kept_keys(review)
    wanted = {INCLUDED: Verdict.INCLUDE, EXCLUDED: Verdict.EXCLUDE}
    found: dict[str, dict[str, Judged]] = {}
    for stage in stages:
        by_report: dict[str, list[Vote]] = {}
        for vote in decisions.own_votes(review, stage, reviewer):
            if which == ALL or vote.verdict is wanted[which]:
                by_report.setdefault(kept[vote.key], []).append(vote)
        found[stage] = {report: Judged(stage, tuple(votes)) for report, votes in by_report.items()}
    if not any(found.values()) and reviewer not in (standing := reviewers.standing(review)):
        raise _unknown(reviewer, standing)
    if not any(found.values()):
        raise ProtocolError(
            f"{reviewer} has no such vote at {' or '.join(stages)}",
            hint="`iimscreen status` shows what is left",
        )
    return found


def _unknown(name: str, standing: Iterable[str]) -> InputError:
    return InputError(
        f"no reviewer is called {name!r}", hint=f"takes part: {', '.join(standing) or 'nobody yet'}"
    )


def _decided(review: Review, judged: Mapping[str, Mapping[str, Judged]]) -> Iterator[Decided]:
    """Each report of any of these stages, in order of arrival, as a reviewer sees it."""
    wanted = {key for by_report in judged.values() for key in by_report}
    members: dict[str, list[str]] = {}
    for key, _, _, _, report, _ in records.memberships(review):
        if report in wanted:
            members.setdefault(report, []).append(key)
    reports = [key for keys in members.values() for key in keys if key in wanted]
    for at in range(0, len(reports), _AT_ONCE):
        for kept in records.by_keys(review, reports[at : at + _AT_ONCE]):
            stages = (by_report[kept.key] for by_report in judged.values() if kept.key in by_report)
            yield Decided(_shown(review, kept, members[kept.key]), tuple(stages))


def _shown(review: Review, kept: StoredRecord, keys: Sequence[str]) -> StoredRecord:
    """A kept record with what only the others of its report state; most have no others."""
    if len(keys) == 1:
        return kept
    return kept_report.shown(review, kept)
