"""The status of a review, its log in words, and the check of everything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from iimscreen import flow, living, review_flow, review_protocol, voting, watching
from iimscreen.duplicates import asking, progress
from iimscreen.errors import InputError
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.review_protocol import in_force
from iimscreen.store import (
    Review,
    assignments,
    connection,
    curation,
    decisions,
    duplicate_votes,
    log,
    reviewers,
    rounds,
    runs,
    versions,
)
from iimscreen.store import reports as stored_reports
from iimscreen.store.duplicate_gate import DuplicateGate
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
        next_command=_next(review, gate, found),
    )


def _next(review: Review, gate: Gate, conflicts: Mapping[str, int | None]) -> str:
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
    return "iimscreen prisma"


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


# --- the log ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the log, in words."""

    id: int
    at: str  # UTC
    actor: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class LogView:
    """Log rows that this viewer may see, oldest first, and how many votes are not shown."""

    lines: tuple[Line, ...]
    hidden: int


def log_view(review: Review, *, viewer: str | None = None, actor: str | None = None) -> LogView:
    """The log in words, or only the rows of one actor; votes of blind rounds by others are left out.

    Raises ProtocolError if the rows asked for are another's open votes.
    """
    with review.snapshot() as still:
        return _log_view(still, viewer, actor)


def _log_view(review: Review, viewer: str | None, actor: str | None) -> LogView:
    gate = Gate(review, in_force(review))
    pairs = DuplicateGate(review, in_force(review))
    if viewer is not None and viewer not in {*reviewers.standing(review), *duplicate_votes.voters(review)}:
        raise InputError(f"no reviewer is called {viewer!r}", hint="`iimscreen reviewer` lists everyone")
    hidden = gate.hidden_log_ids(viewer) | pairs.hidden_log_ids(viewer)
    entries = [entry for entry in log.entries(review) if actor is None or entry.actor == actor]
    if actor is not None and not entries:
        raise InputError(f"nothing in the log is by {actor!r}", hint="`iimscreen log` shows all names")
    closed = [entry for entry in entries if entry.id in hidden]
    if actor is not None and closed and actor != viewer:
        for stage in (TITLE_ABSTRACT, FULL_TEXT):
            if any(entry.kind == "decisions" for entry in closed):
                gate.require_open(stage, f"what {actor} voted")
        pairs.require_shown(f"what {actor} said of duplicates", asking.questions(review))
    shown = [entry for entry in entries if entry.id not in hidden]
    votes = decisions.in_words(review, [e.id for e in shown if e.kind == "decisions"])
    votes |= duplicate_votes.in_words(review, [e.id for e in shown if e.kind == "duplicate_votes"])
    return LogView(
        tuple(
            Line(e.id, e.at, e.actor, e.kind, votes[e.id] if e.kind in log.BLIND else _in_words(review, e))
            for e in shown
        ),
        len(closed),
    )


def _in_words(review: Review, entry: log.FullEntry) -> str:
    content: Mapping[str, Any] = entry.content or {}
    match entry.kind:
        case "protocol_versions":
            return f"protocol {content['origin']} loaded ({content['sha256'][:8]})"
        case "reviewer_changes":
            return f"{content['role']} {content['name']} {content['change']}"
        case "searches":
            return f"search {content['strategy']} in {content['source']}, as of {content['as_of'] or 'today'}"
        case "runs":
            return f"run {content['label']}: {content['text_sent'] or content['file_name']}"
        case "run_results":
            return (
                f"{counted(content['hits'], 'record')} found, {content['new_records']} new, "
                f"{content['refused']} refused"
            )
        case "dedupe_runs":
            return (
                f"{counted(content['records'], 'record')} compared, {counted(content['pairs'], 'pair')} alike"
            )
        case "duplicate_verdicts" | "report_links":
            score = "" if content["score"] is None else f" (score {content['score']:g})"
            return (
                f"{content['record_key']} and {content['other_key']}: {content['verdict']}, "
                f"{content['decided_by']}{score}" + (f" – {content['note']}" if content["note"] else "")
            )
        case "search_abandonments":
            search = runs.search(review, content["search_uid"])
            return f"search {search.strategy} in {search.source} given up" + (
                f": {content['note']}" if content["note"] else ""
            )
        case "round_openings" | "unblindings" | "rounds" | "assignments" | "retrievals":
            return _screening_in_words(entry.kind, content)
        case _:
            return _living_in_words(entry.kind, content)


def _round(name: str) -> str:
    return f"stage {name}" if name in (TITLE_ABSTRACT, FULL_TEXT) else f"round {name}"


def _screening_in_words(kind: str, content: Mapping[str, Any]) -> str:
    """Rows of screening that are no votes."""
    match kind:
        case "round_openings":
            return f"{_round(content['round'])} open: all votes on {counted(content['records'], 'record')} are in"
        case "unblindings":
            return f"{_round(content['round'])} unblinded for {content['reviewer']} and {content['other_reviewer']}"
        case "rounds":
            drawn = "" if content["seed"] is None else f", drawn with seed {content['seed']}"
            return (
                f"{content['kind']} {content['name']} of stage {content['stage']}: "
                f"{counted(content['records'], 'record')}{drawn}"
            )
        case "assignments":
            names = ", ".join(json.loads(content["names"]))
            return (
                f"stage {content['stage']}: {counted(content['records'], 'record')} assigned to {names} "
                f"({content['manner']})"
            )
        case _:  # retrievals
            why = content["reason"] or content["file_name"]
            return f"{content['record_key']} {content['outcome'].replace('_', ' ')}" + (
                f": {why}" if why else ""
            )


def _living_in_words(kind: str, content: Mapping[str, Any]) -> str:
    """Rows of a living review and of its records: versions, notes, findings of `watch`, edits, removals."""
    match kind:
        case "version_closures":
            title = f" ({content['title']})" if content["title"] else ""
            return f"version {content['number']}{title} closed"
        case "previous_reviews":
            return (
                f"previous review {content['title']!r} entered from {content['file_name']}: "
                f"{counted(content['studies'], 'study', 'studies')} in {counted(content['reports'], 'report')}"
            )
        case "watch_runs":
            where = content["file_name"] or content["origin"]
            return (
                f"{counted(content['reports'], 'report')} looked up in {where}: "
                f"{counted(content['findings'], 'finding')}"
            )
        case "watch_findings":
            known = ", known when it was judged" if content["was_known"] else ""
            return f"{content['record_key']}: {content['kind']} {content['notice']}".rstrip() + known
        case "source_notes":
            about = f" on {content['source']}" if content["source"] else ""
            return f"note{about} under item {content['item']} of PRISMA-S: {content['text']}"
        case "watch_settlements":
            reason = f" ({content['reason']})" if content["reason"] else ""
            return (
                f"finding {content['finding_uid'][:8]}: {content['outcome']}{reason} by {content['manner']} of "
                f"{', '.join(json.loads(content['names']))}"
            )
        case "record_edits":
            return _edit_in_words(content)
        case "bundle_merges":
            return (
                f"{counted(content['new_rows'], 'new row')} of {content['reviewer']} merged from "
                f"{content['file_name']} ({content['file_sha256'][:8]})"
            )
        case "record_removals":
            done = "removed before screening" if content["removed"] else "restored"
            return f"{content['record_key']} {done}: {content['reason']}"
        case _:
            return str(dict(content))


def _edit_in_words(content: Mapping[str, Any]) -> str:
    why = f" – {content['note']}" if content["note"] else ""
    about = f"{content['field']} of {content['record_key']}"
    if content["undoes"] is not None:
        return f"edit {content['undoes'][:8]} of {about} taken back{why}"
    if content["value"] is None:
        return f"{about} emptied{why}"
    value = " ".join(curation.in_words(content["field"], content["value"]).split())
    return f"{about} edited: {value if len(value) <= 80 else value[:79].rstrip() + '…'}{why}"


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
    from iimscreen import dedupe  # the rules and rapidfuzz, 70 ms: `status` and `log` do without

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
        *flow.violations(made, reports),
    ]
    notes = [
        f"{key} has votes and was merged into another record since: they count for the report of {kept}"
        for key, kept in Gate(review, in_force(review)).voted_but_not_kept()
    ]
    if log.has_merged(review):
        notes += [*judged_after, *dedupe.contradictions(review)]
    notes += [
        f"the rows of {actor} fork in {counted(forks, 'place')}: work on two machines, of which nothing is lost; "
        "the last word on a record is the later one"
        for actor, forks in log.forks(review)
    ]
    entries = log.entries(review)
    return Check(
        (
            f"{counted(len(entries), 'log row')} of {counted(len({e.actor for e in entries}), 'actor')}: chain, "
            f"order and content; the log ends with {entries[-1].uid[:16]} (note it elsewhere: rows cut off its end "
            "leave no gap)",
            f"{counted(runs.finished_runs(review), 'run')}: raw replies and records against their logged hashes",
            "the record kept for each report against the verdicts on duplicates and the records removed",
            "edits of records and removals: what takes an edit back names it, and no removed record was judged after",
            "the file itself: SQLite's integrity check and every foreign key",
            f"{counted(len(versions.closures(review)), 'completed version')}: numbers without a gap, and each flow "
            "derived anew from the log against what was noted when it was closed",
            "PRISMA 2020 identities F1 to F11 (F14 has no data yet; F12 and F13 hold by construction)",
        ),
        tuple(faults),
        tuple(notes),
    )
