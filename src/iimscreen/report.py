"""The status of a review, its log in words, and the check of everything."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from iimscreen import flow, living, review_flow, review_protocol, studies, voting, watching
from iimscreen.consensus import checking
from iimscreen.duplicates import asking, progress
from iimscreen.forms import DATA
from iimscreen.fulltext import files
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.review_protocol import in_force
from iimscreen.store import (
    Review,
    assignments,
    connection,
    curation,
    decisions,
    log,
    reviewers,
    rounds,
    runs,
    versions,
)
from iimscreen.store import reports as stored_reports
from iimscreen.store import studies as stored_studies
from iimscreen.store.duplicate_gate import DuplicateGate
from iimscreen.store.extraction_gate import ExtractionGate
from iimscreen.store.gate import Gate, Progress, RoundProgress
from iimscreen.wording import counted

# --- status ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Status:
    """Where the review stands, as far as anyone may know."""

    title: str
    records: int
    removed: int  # of those, before screening for other reasons than being duplicates
    reports: int
    stages: tuple[Progress, ...]
    rounds: tuple[RoundProgress, ...]  # pilots and batches
    rules: tuple[str, ...]  # of each stage, in a sentence
    conflicts: Mapping[str, int | None]  # per stage; None while its round is blind
    missing: tuple[str, ...]
    without_study: int | None  # included reports that are linked to no study; None while full text is blind
    next_command: str


def status(review: Review) -> Status:
    """What is left, for whom, and the next command to type."""
    with review.reading():
        return _status(review)


def _status(review: Review) -> Status:
    protocol = in_force(review)
    gate = Gate(review, protocol)
    # What a version made elsewhere included is nothing that this review found, and is not counted.
    found_here, reports = stored_reports.counts(review)
    found: dict[str, int | None] = {}
    for stage in protocol.stages:
        found[stage.name] = None
        if gate.shows_any(stage.name):
            found[stage.name] = sum(o.needs_someone for o in gate.outcomes(stage.name).values())
    without = len(studies.without_study(review, gate)) if gate.shows_any(FULL_TEXT) else None
    return Status(
        title=protocol.title,
        records=found_here,
        removed=len(curation.removed(review)),
        reports=reports,
        stages=tuple(gate.progress(stage.name) for stage in protocol.stages),
        rounds=tuple(each for stage in protocol.stages for each in gate.round_progress(stage.name)),
        rules=tuple(f"{stage.name}: {voting.describe(stage)}" for stage in protocol.stages),
        conflicts=found,
        missing=(*review_flow.missing(review, gate), *watching.open_sentences(review)),
        without_study=without,
        next_command=_next(review, gate, found, without),
    )


def _next(review: Review, gate: Gate, conflicts: Mapping[str, int | None], without_study: int | None) -> str:
    if unfinished := runs.unfinished_searches(review):
        return review_flow.command_of(review, unfinished[0])
    if not runs.finished_runs(review):
        is_bundled = in_force(review).text == review_protocol.read(review_protocol.bundled()).text
        return "iimscreen search" if is_bundled else "iimscreen search --strategy FILE"
    if progress.to_compare(review):
        return "iimscreen dedupe"
    if questions := asking.questions(review):
        pairs = DuplicateGate(review, in_force(review))
        all_said = len(pairs.conflicts(questions)) == len(questions)
        return "iimscreen duplicates conflicts" if all_said else "iimscreen duplicates"
    for stage in (TITLE_ABSTRACT, FULL_TEXT):
        if stage == FULL_TEXT:
            unmarked = {one.key for one in gate.reports() if one.retrieval is None}
            if unmarked & set(gate.sought()):
                return "iimscreen fulltext"
        name = _who_votes(review, gate, stage)
        if name is not None:
            return f"iimscreen screen --reviewer {name}" + (f" --stage {stage}" if stage == FULL_TEXT else "")
        if conflicts[stage]:
            standing = reviewers.standing(review)
            adjudicators = [name for name, role in standing.items() if role == reviewers.ADJUDICATOR]
            names = adjudicators[:1] or list(standing)[:2]
            by = " ".join(f"--by {name}" for name in names)
            return f"iimscreen resolve {by}" + (f" --stage {stage}" if stage == FULL_TEXT else "")
    if watching.open_sentences(review):
        return "iimscreen watch --source none"
    if without_study:
        return "iimscreen study new --each --by NAME"
    # Who has named no study does not extract here.
    return "iimscreen extract status" if _is_extracting(review) else "iimscreen prisma"


def _is_extracting(review: Review) -> bool:
    """Whether there are studies, and one that not all who are needed have finished."""
    protocol = in_force(review)
    if protocol.form is None:
        return False
    gate = ExtractionGate(review, DATA, protocol.extraction)
    return any(not gate.is_open(study) or gate.reopened(study) for study in stored_studies.standing(review))


def _who_votes(review: Review, gate: Gate, stage: str) -> str | None:
    """Whose vote is asked for at a stage now, if anyone's."""
    waiting = gate.progress(stage).waiting
    for one in gate.round_progress(stage):
        if one.round.kind == rounds.PILOT and not one.is_closed:
            waiting = one.waiting  # nothing else is asked for until it is closed
    name = next((name for name, left in waiting.items() if left), None)
    return _newcomer(review) if name is None and not gate.is_complete(stage) else name


def _newcomer(review: Review) -> str:
    """A name to suggest for a reviewer who has not begun."""
    return "NAME" if not reviewers.standing(review) else "OTHER_NAME"


# --- check -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, and what is wrong."""

    looked_at: tuple[str, ...]
    faults: tuple[str, ...]
    notes: tuple[str, ...]


def check(review: Review) -> Check:
    """Verify the log's chains, what was received, every reference, and the sums of the flow."""
    with review.snapshot() as still:
        return _check(still)


def _check(review: Review) -> Check:
    # The rules with rapidfuzz, and the tables, 150 ms: `status` and `log` do without.
    from iimscreen import dedupe, tabulating

    made, reports = review_flow.flow_and_reports(review)
    judged_after = decisions.verify_removals(
        review
    )  # where copies were merged, two people who could not know
    faults = [
        *connection.verify(review),
        *log.verify(review),
        *runs.verify(review),
        *decisions.verify_openings(review),
        *rounds.verify(review),
        *assignments.verify(review),
        *dedupe.verify(review),
        *curation.verify_edits(review),
        *([] if log.has_merged(review) else judged_after),
        *living.verify(review),
        *flow.violations(made, reports, pooled := tabulating.pooled(review)),
        *_unprintable(review, made),
    ]
    changed, missing, texts = files.verify(review)
    faults += changed
    notes = [
        f"{key} has votes and was merged into another record since: they count for the report of {kept}"
        for key, kept in Gate(review, in_force(review)).voted_but_not_kept()
    ]
    if log.has_merged(review):
        notes += [*judged_after, *dedupe.contradictions(review)]
    notes += studies.contradictions(review)
    notes += [
        f"the rows of {actor} fork in {counted(forks, 'place')}: work on two machines, of which nothing is lost; "
        "the last word on a record is the later one"
        for actor, forks in log.forks(review)
    ]
    notes += missing
    entries = log.entries(review)
    extraction_faults, extraction_notes = checking.verify(review)
    faults += extraction_faults
    notes += extraction_notes
    # How many values were entered is as closed as they are.
    told = [entry for entry in entries if entry.kind != "extractions"]
    values = " and every extracted value" if len(told) < len(entries) else ""
    of_texts = (f"{counted(texts, 'file')} of full texts against their hashes",) if texts else ()
    return Check(
        (
            f"{counted(len(told), 'log row')}{values} of {counted(len({e.actor for e in entries}), 'actor')}: chain, "
            f"order and content; the log ends with {entries[-1].uid[:16]} (note it elsewhere: rows cut off its end "
            "leave no gap)",
            f"{counted(runs.finished_runs(review), 'run')}: raw replies and records against their logged hashes",
            "the record kept for each report against the verdicts on duplicates and the records removed",
            "extracted values against the forms, and final words on them against the rows that they name",
            "edits of records and removals: what takes an edit back names it, and no removed record was judged after",
            "the file itself: SQLite's integrity check and every foreign key",
            f"{counted(len(versions.closures(review)), 'completed version')}: numbers without a gap, and each flow "
            "derived anew from the log against what was noted when it was closed",
            *of_texts,
            f"PRISMA 2020 identities F1 to F14, with each list behind a number resolved to its records and studies; "
            f"{_of_pooled(pooled)}",
        ),
        tuple(faults),
        tuple(notes),
    )


def _unprintable(review: Review, made: flow.Flow) -> list[str]:
    """F12: rows behind numbers of the flow that stand for nothing, in sentences."""
    from iimscreen import numbers  # with all its families, of which `status` and `log` need none

    found = list(numbers.of_flow(made))
    lost = numbers.unresolved(review, found)
    if not lost:
        return []
    shown = ", ".join(lost[:5]) + (f" and {len(lost) - 5:,} more" if len(lost) > 5 else "")
    return [
        f"F12: {counted(len(lost), 'row')} behind numbers of the flow no record and no study of this review: {shown}"
    ]


def _of_pooled(pooled: Collection[str]) -> str:
    if not pooled:
        return "F14 does not apply, since no study has final data that could be pooled"
    return f"F14 by the {counted(len(pooled), 'study', 'studies')} with final data that could be pooled"
