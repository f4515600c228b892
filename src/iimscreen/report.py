"""The PRISMA flow of a review, its status, its log in words, and the check of everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from iimscreen import dedupe, flow, review_protocol, settings, voting
from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import Protocol
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.review_protocol import in_force, reason_labels
from iimscreen.store import Review, connection, decisions, log, records, reviewers, runs
from iimscreen.store.gate import Gate, Progress
from iimscreen.wording import counted


def prisma(review: Review) -> flow.Flow:
    """The PRISMA 2020 flow as it stands. Raises ProtocolError if its numbers do not add up."""
    with review.reading():
        made, reports = _flow(review)
    faults = flow.violations(made, reports)
    if faults:
        raise ProtocolError(
            f"the numbers do not add up, so they are not printed: {'; '.join(faults)}",
            hint="`iimscreen check` says more; please report it",
        )
    return made


def _flow(review: Review) -> tuple[flow.Flow, list[flow.Report]]:
    protocol = in_force(review)
    gate = Gate(review, protocol)
    reports = gate.reports()
    sums = protocol.identified == "sum-of-sub-queries"
    made = flow.build(
        [
            flow.Origin(key, database, kind, kept)
            for key, _, database, kind, kept, _ in records.memberships(review)
        ],
        reports,
        protocol.reasons,
        screening_is_open=gate.is_open(TITLE_ABSTRACT),
        assessment_is_open=gate.is_open(FULL_TEXT),
        hits=runs.hits(review) if sums else None,
        missing=_missing(review, gate),
        footnotes=_footnotes(review, protocol, gate),
        notice=protocol.notice,
        sources=records.sources(review),
        labels=reason_labels(review),
    )
    return made, reports


def _missing(review: Review, gate: Gate) -> list[str]:
    """What earlier work leaves undone; open outcomes are added by the flow itself."""
    found = []
    if not runs.finished_runs(review):
        found.append("search: no search has been completed and nothing imported")
    found += [
        f"search: strategy {search.strategy} in {search.database}: {search.left} of {search.of} sub-queries not "
        f"completed; `{_command(search)}` goes on, with --abandon it is given up"
        for search in runs.unfinished_searches(review)
    ]
    found += dedupe.unfinished(review)
    for stage in (TITLE_ABSTRACT, FULL_TEXT):
        progress = gate.progress(stage)
        if not gate.is_complete(stage) and not progress.is_open:
            found.append(_left(progress))
    return found


def _command(search: runs.Unfinished) -> str:
    """The command that goes on with a search, as far as we know how its files are called."""
    words = ["iimscreen search"]
    if search.strategy != settings.DEFAULT_STRATEGY:
        words.append(f"--strategy {search.strategy}")
    if search.source == "corpus":
        words.append("--source corpus")
    elif search.source.startswith("corpus-"):
        words.append("--source corpus --corpus FILE")
    return " ".join(words)


def _left(progress: Progress) -> str:
    if progress.pool is None:
        return f"{progress.stage}: not begun, {TITLE_ABSTRACT} comes first"
    left = [f"{name} has {count:,} to go" for name, count in progress.waiting.items() if count]
    if left:
        return f"{progress.stage}: {', '.join(left)}"
    if progress.stage == FULL_TEXT and not progress.pool:
        return f"{FULL_TEXT}: not begun, no report is retrieved yet"
    if progress.waiting:
        return f"{progress.stage}: waits for what is open before it"
    return f"{progress.stage}: not begun ({counted(progress.pool, 'record')} to judge)"


def _footnotes(review: Review, protocol: Protocol, gate: Gate) -> list[str]:
    notes = []
    if protocol.identified == "sum-of-sub-queries":
        notes.append(
            "Records identified are the sum of the hits of all sub-queries; a record found again counts "
            "among the duplicates."
        )
    else:
        notes.append("Each database counts a record once, however many sub-queries or exports found it.")
    for entry in log.of_kind(review, "unblindings"):
        content = entry.content or {}
        notes.append(
            f"Stage {content['round']} was unblinded for {content['reviewer']} and {content['other_reviewer']} "
            f"by {entry.actor} on {entry.at[:10]}."
        )
    for stage in (TITLE_ABSTRACT, FULL_TEXT):
        if gate.is_open(stage) and gate.pool(stage):
            alone = [word for word in gate.finals(stage).values() if word.manner == "one person"]
            if alone:
                names = ", ".join(sorted({word.names[0] for word in alone}))
                notes.append(
                    f"At stage {stage}, {counted(len(alone), 'final decision')} made by one person ({names})."
                )
    dropped = sorted(set(reason_labels(review)) - {reason.code for reason in protocol.reasons})
    if dropped and gate.is_open(FULL_TEXT):
        used = {one.assessment.reason for one in gate.reports() if one.assessment is not None}
        notes += [
            f"Reason {code} was taken out of the protocol after it had been used."
            for code in dropped
            if code in used
        ]
    notes.append("Each included report is counted as one study until reports are linked to studies.")
    return notes


def named_list(review: Review, name: str) -> list[str]:
    """The record keys behind one number of the flow. Raises if there is none, or it is closed to view."""
    lists = prisma(review).lists
    if name not in lists:
        raise InputError(f"the flow has no number {name!r}", hint=f"its numbers: {', '.join(sorted(lists))}")
    found = lists[name]
    if found is None:
        gate = Gate(review, in_force(review))
        for stage in (TITLE_ABSTRACT, FULL_TEXT):
            gate.require_open(stage, name)
        raise InputError(f"{name} does not apply to this review", hint="`iimscreen prisma` shows what does")
    return list(found)


# --- status ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Status:
    """Where the review stands, as far as anyone may know."""

    title: str
    records: int
    reports: int
    stages: tuple[Progress, ...]
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
    memberships = records.memberships(review)
    found: dict[str, int | None] = {}
    for stage in protocol.stages:
        found[stage.name] = None
        if gate.shows_any(stage.name):
            found[stage.name] = sum(o.needs_someone for o in gate.outcomes(stage.name).values())
    made, _ = _flow(review)
    return Status(
        title=protocol.title,
        records=len(memberships),
        reports=len({row[4] for row in memberships}),
        stages=tuple(gate.progress(stage.name) for stage in protocol.stages),
        rules=tuple(f"{stage.name}: {voting.describe(stage)}" for stage in protocol.stages),
        conflicts=found,
        missing=made.missing,
        next_command=_next(review, gate, found),
    )


def _next(review: Review, gate: Gate, conflicts: Mapping[str, int | None]) -> str:
    if unfinished := runs.unfinished_searches(review):
        return _command(unfinished[0])
    if not runs.finished_runs(review):
        is_bundled = in_force(review).text == review_protocol.read(review_protocol.bundled()).text
        return "iimscreen search" if is_bundled else "iimscreen search --strategy FILE"
    if dedupe.to_compare(review):
        return "iimscreen dedupe"
    if dedupe.asked(review):
        return "iimscreen duplicates"
    for stage in (TITLE_ABSTRACT, FULL_TEXT):
        if stage == FULL_TEXT:
            unmarked = {one.key for one in gate.reports() if one.retrieval is None}
            if unmarked & set(gate.sought()):
                return "iimscreen fulltext"
        progress = gate.progress(stage)
        name = next((name for name, left in progress.waiting.items() if left), None)
        if name is None and not gate.is_complete(stage):
            name = _newcomer(review)
        if name is not None:
            return f"iimscreen screen --reviewer {name}" + (f" --stage {stage}" if stage == FULL_TEXT else "")
        if conflicts[stage]:
            standing = reviewers.standing(review)
            adjudicators = [name for name, role in standing.items() if role == reviewers.ADJUDICATOR]
            names = adjudicators[:1] or list(standing)[:2]
            by = " ".join(f"--by {name}" for name in names)
            return f"iimscreen resolve {by}" + (f" --stage {stage}" if stage == FULL_TEXT else "")
    return "iimscreen prisma"


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
    with review.reading():
        return _log_view(review, viewer, actor)


def _log_view(review: Review, viewer: str | None, actor: str | None) -> LogView:
    gate = Gate(review, in_force(review))
    if viewer is not None and viewer not in reviewers.standing(review):
        raise InputError(f"no reviewer is called {viewer!r}", hint="`iimscreen reviewer` lists everyone")
    hidden = gate.hidden_log_ids(viewer)
    entries = [entry for entry in log.entries(review) if actor is None or entry.actor == actor]
    if actor is not None and not entries:
        raise InputError(f"nothing in the log is by {actor!r}", hint="`iimscreen log` shows all names")
    closed = [entry for entry in entries if entry.id in hidden]
    if actor is not None and closed and actor != viewer:
        stage = next(s for s in (TITLE_ABSTRACT, FULL_TEXT) if not gate.is_open(s))
        gate.require_open(stage, f"what {actor} voted")
    shown = [entry for entry in entries if entry.id not in hidden]
    votes = decisions.in_words(review, [e.id for e in shown if e.kind == "decisions"])
    return LogView(
        tuple(
            Line(e.id, e.at, e.actor, e.kind, votes[e.id] if e.kind == "decisions" else _in_words(review, e))
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
        case "duplicate_verdicts":
            score = "" if content["score"] is None else f" (score {content['score']:g})"
            return (
                f"{content['record_key']} and {content['other_key']}: {content['verdict']}, "
                f"{content['decided_by']}{score}"
            )
        case "search_abandonments":
            search = runs.search(review, content["search_uid"])
            return f"search {search.strategy} in {search.source} given up" + (
                f": {content['note']}" if content["note"] else ""
            )
        case "round_openings":
            return (
                f"stage {content['round']} open: all votes on {counted(content['records'], 'record')} are in"
            )
        case "unblindings":
            return f"stage {content['round']} unblinded for {content['reviewer']} and {content['other_reviewer']}"
        case "retrievals":
            why = content["reason"] or content["file_name"]
            return f"{content['record_key']} {content['outcome'].replace('_', ' ')}" + (
                f": {why}" if why else ""
            )
        case _:
            return str(dict(content))


# --- check -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, and what is wrong."""

    looked_at: tuple[str, ...]
    faults: tuple[str, ...]
    notes: tuple[str, ...]


def check(review: Review) -> Check:
    """Verify the log's chains, what was received, every reference, and the sums of the flow."""
    with review.reading():
        return _check(review)


def _check(review: Review) -> Check:
    made, reports = _flow(review)
    faults = [
        *connection.verify(review),
        *log.verify(review),
        *runs.verify(review),
        *decisions.verify_openings(review),
        *dedupe.verify(review),
        *flow.violations(made, reports),
    ]
    notes = [
        f"{key} has votes and was merged into another record since: they count for the report of {kept}"
        for key, kept in Gate(review, in_force(review)).voted_but_not_kept()
    ]
    entries = log.entries(review)
    return Check(
        (
            f"{counted(len(entries), 'log row')} of {counted(len({e.actor for e in entries}), 'actor')}: chain, "
            f"order and content; the log ends with {entries[-1].uid[:16]} (note it elsewhere: rows cut off its end "
            "leave no gap)",
            f"{counted(runs.finished_runs(review), 'run')}: raw replies and records against their logged hashes",
            "the record kept for each report against the verdicts on duplicates",
            "the file itself: SQLite's integrity check and every foreign key",
            "PRISMA 2020 identities F1 to F9 (F10, F11 and F14 have no data yet; F12 and F13 hold by construction)",
        ),
        tuple(faults),
        tuple(notes),
    )
