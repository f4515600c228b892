"""What is missing in a review, and what must be said beside the numbers of its flow."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence

from iimscreen import flow, settings
from iimscreen.duplicates import progress
from iimscreen.model import Protocol
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.review_flow.since import judged
from iimscreen.review_protocol import reason_labels
from iimscreen.store import Review, curation, log, records, rounds, runs, versions, watches
from iimscreen.store.gate import Gate, Progress
from iimscreen.wording import counted


def unfinished(review: Review, gate: Gate) -> list[str]:
    """What earlier work leaves undone; open outcomes are added by the flow itself."""
    found = []
    if not runs.finished_runs(review):
        found.append("search: no search has been completed and nothing imported")
    found += [
        f"search: strategy {search.strategy} in {search.database}: {search.left} of {search.of} sub-queries not "
        f"completed; `{command_of(review, search)}` goes on, with --abandon it is given up"
        for search in runs.unfinished_searches(review)
    ]
    found += progress.unfinished(review)
    for stage in (TITLE_ABSTRACT, FULL_TEXT):
        stands = gate.progress(stage)
        if not gate.is_complete(stage) and not stands.is_open:
            found.append(_left(stands))
    return found


def command_of(review: Review, search: runs.Unfinished) -> str:
    """The command that goes on with a search, as far as we know how its files are called."""
    if versions.updated_by(review, search.uid) is not None:
        as_of = runs.search(review, search.uid).as_of
        corpus_file = " --corpus FILE" if search.source.startswith("corpus-") else ""
        return "iimscreen search --update" + (f" --as-of {as_of}" if as_of else "") + corpus_file
    words = ["iimscreen search"]
    if search.source in (
        "cited-by",
        "references",
        "similar",
    ):  # their strategy is named as the seeds were given
        seeds, dashes, most = search.strategy.partition(" --most ")
        return f"iimscreen search --{search.source} {shlex.quote(seeds)}{dashes}{most}"
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


def footnotes(
    review: Review, protocol: Protocol, gate: Gate, reports: Sequence[flow.Report], closed_at: int
) -> list[str]:
    """What must be said beside the numbers of the present version; of what came after `closed_at`."""
    notes = []
    if protocol.identified == "sum-of-sub-queries":
        notes.append(
            "Records identified are the sum of the hits of all sub-queries; a record found again counts "
            "among the duplicates."
        )
    else:
        notes.append("Each database counts a record once, however many sub-queries or exports found it.")
    notes += _pilots(review, closed_at)
    for entry in log.of_kind(review, "unblindings"):
        if entry.id < closed_at:
            continue
        content = entry.content or {}
        notes.append(
            f"{_round_in_words(content['round'])} was unblinded for {content['reviewer']} and "
            f"{content['other_reviewer']} by {entry.actor} on {entry.at[:10]}."
        )
    for stage in (TITLE_ABSTRACT, FULL_TEXT):
        if gate.is_open(stage) and gate.pool(stage):
            finals = gate.finals(stage).values()
            alone = [word for word in finals if word.manner == "one person" and word.log_id > closed_at]
            if alone:
                names = ", ".join(sorted({word.names[0] for word in alone}))
                notes.append(
                    f"At stage {stage}, {counted(len(alone), 'final decision')} made by one person ({names})."
                )
    dropped = sorted(set(reason_labels(review)) - {reason.code for reason in protocol.reasons})
    if dropped and gate.is_open(FULL_TEXT):
        used = {one.assessment.reason for one in reports if one.assessment is not None}
        notes += [
            f"Reason {code} was taken out of the protocol after it had been used."
            for code in dropped
            if code in used
        ]
    notes += _open_findings(review, gate)
    return notes


def _pilots(review: Review, closed_at: int) -> list[str]:
    return [
        f"Of stage {one.stage}, {counted(len(rounds.keys_of(review, one)), 'record')} drawn with seed "
        f"{one.seed} were a pilot ({one.name}), judged first; its votes "
        + ("count." if one.counts else "do not count, and its records were judged again.")
        for stage in (TITLE_ABSTRACT, FULL_TEXT)
        for one in rounds.of_stage(review, stage)
        if one.kind == rounds.PILOT and one.log_id > closed_at
    ]


def _round_in_words(name: str) -> str:
    return f"Stage {name}" if name in (TITLE_ABSTRACT, FULL_TEXT) else f"Round {name}"


def removals(removed: Sequence[curation.Removal]) -> list[str]:
    """Why records were removed before screening, in one sentence."""
    if not removed:
        return []
    reasons = Counter(one.reason for one in removed)
    said = "; ".join(f"{reason} (n = {count:,})" for reason, count in reasons.most_common())
    return [f"Records removed before screening for other reasons: {said}."]


_FINDINGS = {
    "retraction": "retraction notice",
    "concern": "expression of concern",
    "correction": "correction",
    "update": "update",
    "reinstatement": "reinstatement",
    "gone": "PMID that PubMed no longer gives",
}


def _open_findings(review: Review, gate: Gate) -> list[str]:
    """What `watch` found on included reports and nobody has decided about yet, a sentence for each kind."""
    found = [one for one in watches.findings(review) if one.is_open]
    if not found:
        return []
    standing = judged(review, gate)
    notes = []
    for kind, words in _FINDINGS.items():
        count = sum(
            standing.get(report) == "included"
            for report in {records.kept_of(review, one.key) for one in found if one.kind == kind}
        )
        if count:
            have = "report has" if count == 1 else "reports have"
            notes.append(f"{count:,} included {have} an open {words}: `iimscreen watch` shows it.")
    return notes
