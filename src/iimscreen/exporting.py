"""References and decisions leave the review in files: what the gate has revealed, or one reviewer's own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from iimscreen import decision_formats, reference_sets, written_formats
from iimscreen.decision_formats import Decided, Judged, own_csv
from iimscreen.duplicates import kept_report
from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import Protocol, StoredRecord, Verdict
from iimscreen.numbers import prisma
from iimscreen.numbers.moment import Moment
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT, stage_named
from iimscreen.reference_sets import References
from iimscreen.review_protocol import in_force, reason_labels, stages_to_see
from iimscreen.store import Review, decisions, described, records, reviewers
from iimscreen.store.gate import Gate
from iimscreen.voting import Outcome, State, Vote
from iimscreen.written_formats import bibtex

ALL, INCLUDED, EXCLUDED, CONFLICTS, LEFT = "all", "included", "excluded", "conflicts", "left"
WHICH = (ALL, INCLUDED, EXCLUDED, CONFLICTS, LEFT)
RUN, WHY = "run", "why"
DATASETTE = "datasette-metadata"
FORMATS = (*decision_formats.FORMATS, *(name for name in written_formats.FORMATS if name != "ris"))


@dataclass(frozen=True, slots=True)
class Export:
    """A file of decisions, and what is said beside it."""

    data: bytes
    reports: int
    decisions: int  # votes and final words in it
    stages: tuple[str, ...]
    closed: Mapping[str, int] = field(default_factory=dict)  # stage → reports whose votes stay closed
    unit: str = "report"  # or "record", where each is written as its source has it
    called: str = ""  # the set of references; "" where decisions are what was asked for
    has_votes: bool = True  # and final words; False where the format holds outcomes only


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A set of references, and what is to stand in the file beside them."""

    what: str  # all, included, excluded, conflicts, run, why
    name: str = ""  # of the run or the number
    stage: str = ""
    with_decisions: bool | None = None  # None: where the set itself rests on decisions
    as_records: bool = False  # each record rather than each report; of a run always

    @property
    def rests_on_decisions(self) -> bool:
        """Whether which references are in it depends on what was decided."""
        return self.what in (INCLUDED, EXCLUDED, CONFLICTS)


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
        names = _names(review) if to in written_formats.NAMED else None
    data = own_csv.write_wide(decided) if is_wide else _written(to, decided, labels, names)
    return Export(
        data, len(decided), _words(decided), tuple(seen), {name: n for name, n in closed.items() if n}
    )


def references(review: Review, to: str, wanted: Wanted) -> Export:
    """A set of references in format `to`: what it rests on, and what stands beside them, as far as revealed.

    In order of arrival; those of a run or behind a number in its own order. Raises ProtocolError if the set,
    or decisions that are wanted, may not be seen.
    """
    _check_format(to)
    if wanted.what not in (ALL, INCLUDED, EXCLUDED, CONFLICTS, RUN, WHY):
        raise InputError(f"--which {wanted.what!r} is not known", hint=f"expected one of {', '.join(WHICH)}")
    is_one_stage = to in decision_formats.FORMATS and to not in decision_formats.OF_ALL_STAGES
    has_decisions = wanted.rests_on_decisions if wanted.with_decisions is None else wanted.with_decisions
    if to == "csv" and not has_decisions:
        raise InputError(
            "csv is a list of decisions, and none are wanted",
            hint="use --to records-csv for a line a reference, or add --decisions",
        )
    with review.reading():
        protocol = in_force(review)
        labels = reason_labels(review)
        gate = Gate(review, protocol)
        stage = stage_named(protocol, wanted.stage).name if wanted.stage else ""
        if not stage and wanted.what == INCLUDED:
            stage = FULL_TEXT  # what a review includes
        elif not stage and is_one_stage:
            stage = TITLE_ABSTRACT
        seen: tuple[str, ...] = ()
        if has_decisions or wanted.rests_on_decisions:
            seen = tuple([stage] if is_one_stage else stages_to_see(gate, protocol, wanted.stage))
        found = _meant(review, gate, wanted, (stage,) if stage else seen)
        judged = {name: _revealed(gate, name, ALL) for name in seen} if has_decisions else {}
        if is_one_stage and not judged:
            judged = {stage: {}}
        decided = list(_with_decisions(review, found, judged, as_records=_by_record(wanted, found)))
        closed = {name: gate.closed(name) for name in seen}
        names = _names(review) if to in written_formats.NAMED else None
    return Export(
        _written(to, decided, labels, names),
        len(decided),
        _words(decided),
        seen if has_decisions else (),
        {name: count for name, count in closed.items() if count},
        "record" if _by_record(wanted, found) else "report",
        found.called,
        to not in written_formats.OUTCOMES_ONLY,
    )


def datasette(review: Review) -> Export:
    """Metadata by which Datasette shows the review file usefully: descriptions, and a query for each PRISMA list.

    Of lists whose round is not open to view there is none.
    """
    with review.snapshot() as still:
        title = in_force(still).title
        open_ones = (
            one for one in prisma.numbers(Moment(still)) if one.value is not None and one.of != "studies"
        )
        lists = [
            described.Listed(one.name, one.definition, reference_sets.keys_in(one.rows)) for one in open_ones
        ]
    found = described.metadata(review, title, lists)
    data = json.dumps(found, ensure_ascii=False, indent=1).encode() + b"\n"
    return Export(data, len(found["databases"][review.path.stem]["tables"]), 0, (), {}, "table", "described")


def _by_record(wanted: Wanted, found: References) -> bool:
    return wanted.as_records or found.are_records


def _meant(review: Review, gate: Gate, wanted: Wanted, stages: Sequence[str]) -> References:
    if wanted.what == RUN:
        return reference_sets.of_run(review, wanted.name)
    if wanted.what == WHY:
        return reference_sets.behind_number(review, wanted.name)
    if wanted.what == ALL:
        return reference_sets.everything(review)
    chosen = {
        key for stage in stages for key, found in gate.outcomes(stage).items() if _fits(found, wanted.what)
    }
    keys = tuple(key for key in records.keys(review) if key in chosen)
    return References(keys, f"{wanted.what}, {' and '.join(stages)}")


def _with_decisions(
    review: Review, found: References, judged: Mapping[str, Mapping[str, Judged]], *, as_records: bool
) -> Iterator[Decided]:
    """Each reference once, with what was decided on its report at each stage, if anything."""
    kept = records.kept_keys(review)
    keys = list(dict.fromkeys(found.keys if as_records else (kept[key] for key in found.keys)))
    members: dict[str, list[str]] = {}
    if not as_records:
        for key, _, _, _, report, _ in records.memberships(review):
            members.setdefault(report, []).append(key)
    for one in _read(review, keys):
        report = kept[one.key]
        stages = tuple(by_report.get(report, Judged(name)) for name, by_report in judged.items())
        yield Decided(one if as_records else _shown(review, one, members[report]), stages)


def _read(review: Review, keys: Sequence[str]) -> Iterator[StoredRecord]:
    """The records of these keys, in that order."""
    if 2 * len(keys) > len(records.keys(review)):
        found = {one.key: one for one in records.each(review)}
        yield from (found[key] for key in keys)
    else:
        yield from records.by_keys(review, keys)


def _names(review: Review) -> dict[str, str]:
    """What each report is called in files that name their entries, whichever set is written: by order of arrival."""
    kept = records.kept_keys(review)
    known = [(one.key, one.record) for one in records.each_to_compare(review)]
    return bibtex.named(sorted(known, key=lambda one: kept[one[0]] != one[0]))


def _written(
    to: str, decided: Sequence[Decided], labels: Mapping[str, str], names: Mapping[str, str] | None
) -> bytes:
    if to in decision_formats.FORMATS:
        return decision_formats.write(to, decided, labels)
    return written_formats.write(to, decided, names)


def _words(decided: Sequence[Decided]) -> int:
    return sum(len(one.words) for report in decided for one in report.stages)


def _check_format(to: str) -> None:
    if to not in FORMATS:
        raise InputError(
            f"--to {to!r} is no format that can be written", hint=f"expected one of {', '.join(FORMATS)}"
        )


def _check(to: str, which: str, reviewer: str | None, *, is_wide: bool) -> None:
    _check_format(to)
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
    is_one_stage = to in decision_formats.FORMATS and to not in decision_formats.OF_ALL_STAGES
    return [TITLE_ABSTRACT] if is_one_stage else []


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
    reports: list[str] = []
    count = 0
    for key, _, _, _, report, _ in records.memberships(review):
        count += 1
        if report in wanted:
            members.setdefault(report, []).append(key)
        if key in wanted:
            reports.append(key)
    # Where most are wanted, one query for all: 8,000 records take 0.18 s of it, and 0.34 s one by one.
    is_most = 2 * len(reports) > count
    found = records.each(review) if is_most else records.by_keys(review, reports)
    for kept in found:
        if kept.key in wanted:
            stages = (by_report[kept.key] for by_report in judged.values() if kept.key in by_report)
            yield Decided(_shown(review, kept, members[kept.key]), tuple(stages))


def _shown(review: Review, kept: StoredRecord, keys: Sequence[str]) -> StoredRecord:
    """A kept record with what only the others of its report state; most have no others."""
    if len(keys) == 1:
        return kept
    return kept_report.shown(review, kept)
