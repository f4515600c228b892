"""The log in words, as far as a viewer may see it: everything done, by whom and when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from iimscreen import review_forms
from iimscreen.duplicates import asking
from iimscreen.errors import InputError, ProtocolError
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, curation, decisions, duplicate_votes, extractions, log, reviewers, runs
from iimscreen.store.duplicate_gate import DuplicateGate
from iimscreen.store.extraction_gate import ExtractionGate
from iimscreen.store.gate import Gate
from iimscreen.wording import counted


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the log, in words."""

    id: int | None  # its number; None behind values that are not shown: a gap would count them
    at: str  # UTC
    actor: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class LogView:
    """Log rows that this viewer may see, oldest first, and how many votes are not shown."""

    lines: tuple[Line, ...]
    hidden: int
    hides_values: bool = False  # whether extracted values are not shown; how many is not told


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
    hidden_values: set[int] = set()
    for form in extractions.forms(review):
        hidden_values |= ExtractionGate(review, form, review_forms.mode(review, form)).hidden_log_ids(viewer)
    first = min(hidden_values, default=None)
    hidden = gate.hidden_log_ids(viewer) | pairs.hidden_log_ids(viewer) | hidden_values
    entries = [entry for entry in log.entries(review) if actor is None or entry.actor == actor]
    if actor is not None and not entries:
        raise InputError(f"nothing in the log is by {actor!r}", hint="`iimscreen log` shows all names")
    closed = [entry for entry in entries if entry.id in hidden]
    if actor is not None and closed and actor != viewer:
        for stage in (TITLE_ABSTRACT, FULL_TEXT):
            if any(entry.kind == "decisions" for entry in closed):
                gate.require_open(stage, f"what {actor} voted")
        if any(entry.kind == "duplicate_votes" for entry in closed):
            pairs.require_shown(f"what {actor} said of duplicates", asking.questions(review))
        raise ProtocolError(
            f"what {actor} extracted is closed to view while studies are not done",
            hint=f"{actor} sees it with --reviewer {actor}",
        )
    shown = [entry for entry in entries if entry.id not in hidden]
    votes = decisions.in_words(review, [e.id for e in shown if e.kind == "decisions"])
    votes |= duplicate_votes.in_words(review, [e.id for e in shown if e.kind == "duplicate_votes"])
    votes |= extractions.in_words(review, [e.id for e in shown if e.kind == "extractions"])
    values = sum(entry.kind == "extractions" for entry in closed)
    # Of whomever the rows are that are asked for: a row of the tool or of another tells of merged values, too.
    without_counts = first is not None
    return LogView(
        tuple(
            Line(
                e.id if first is None or e.id < first else None,
                e.at,
                e.actor,
                e.kind,
                votes[e.id] if e.kind in log.BLIND else _in_words(review, e, without_counts=without_counts),
            )
            for e in shown
        ),
        len(closed) - values,
        values > 0,
    )


def _in_words(review: Review, entry: log.FullEntry, *, without_counts: bool = False) -> str:
    """A row that is no vote. `without_counts`: a merge could tell how much someone entered that is closed."""
    content: Mapping[str, Any] = entry.content or {}
    if entry.kind == "bundle_merges" and without_counts:
        return (
            f"rows of {content['reviewer']} merged from {content['file_name']} ({content['file_sha256'][:8]})"
        )
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
            in_words = _AFTER_SCREENING.get(entry.kind, _living_in_words)
            return in_words(entry.kind, content)


def _note(content: Mapping[str, Any]) -> str:
    return f": {content['note']}" if content["note"] else ""


def _studies_in_words(kind: str, content: Mapping[str, Any]) -> str:
    """Rows about full texts and studies."""
    match kind:
        case "fulltext_files":
            is_there = "" if content["attached"] else " taken away"
            return (
                f"{content['record_key']}: full text {content['file_name']} ({content['origin']}){is_there}"
            )
        case "report_notes":
            when = f" on {content['done_on']}" if content["done_on"] else ""
            return f"{content['record_key']}: {content['item']}{when}: {content['text']}"
        case "study_names":
            own = ", own patients" if content["kind"] == "own" else ""
            what = "named" if content["standing"] else "given up"
            return f"study {content['study']}{own} {what}{_note(content)}"
        case "study_reports":
            return f"study {content['study']}: {content['record_key']} {content['verdict']}{_note(content)}"
        case _:  # form_texts
            return f"form {content['name']} loaded from {content['origin']} ({content['sha256'][:8]})"


def _extraction_in_words(kind: str, content: Mapping[str, Any]) -> str:
    """Rows of data extraction that are no values of one person."""
    of = f"study {content['study'] or 'of the whole review'}, form {content['form']}"
    match kind:
        case "extraction_dones":
            return f"{of}: {content['state']}{_note(content)}"
        case "extraction_openings":
            return f"{of} open: its extractors are done"
        case "row_pairings":
            rows = ", ".join(f"{name} {row}" for name, row in json.loads(content["rows"]).items())
            return f"{of}: one row: {rows}{_note(content)}"
        case _:  # extraction_resolutions
            names = ", ".join(json.loads(content["names"]))
            value = content["code"] or content["value"] or "empty"
            why = f": {content['reason']}" if content["reason"] else ""
            return f"{of}: {content['field'] or 'row'} is {value} ({content['manner']}, {names}){why}"


def _audit_in_words(kind: str, content: Mapping[str, Any]) -> str:
    """Rows about totals that a text states, and about patients told of twice."""
    if kind == "stated_totals":
        what = " withdrawn" if content["withdrawn"] else ""
        return f"{content['source']} states {content['name']}: {content['value']:g}{what}"
    return f"studies {content['study']} and {content['other_study']}: {content['verdict']}{_note(content)}"


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


_AFTER_SCREENING = {
    **dict.fromkeys(
        ("extraction_dones", "extraction_openings", "row_pairings", "extraction_resolutions"),
        _extraction_in_words,
    ),
    **dict.fromkeys(
        ("fulltext_files", "report_notes", "study_names", "study_reports", "form_texts"), _studies_in_words
    ),
    **dict.fromkeys(("stated_totals", "overlap_answers"), _audit_in_words),
}
