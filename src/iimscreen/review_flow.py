"""The PRISMA flow of a review: as it stands, as it was in a completed version, as it would be without a report.

In an update it counts what has arrived since the last completed version (by the log), and takes what
that version included, or a version made elsewhere did, as previous studies.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass

from iimscreen import flow, settings
from iimscreen.duplicates import progress
from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import Kind, Protocol
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.review_protocol import in_force, reason_labels
from iimscreen.store import Review, curation, log, records, rounds, runs, versions, watches
from iimscreen.store.gate import Gate, Progress
from iimscreen.voting import Outcome, State
from iimscreen.wording import counted

_WOULD_BE = "to be named"  # the reason of an exclusion that is only thought of


def prisma(review: Review) -> flow.Flow:
    """The PRISMA 2020 flow as it stands. Raises ProtocolError if its numbers do not add up."""
    with review.snapshot() as still:
        made, reports = flow_and_reports(still)
    return _sound(made, reports)


def without(review: Review, excluded: Collection[str]) -> flow.Flow:
    """The flow as it would be if these reports were excluded at full text; nothing is changed."""
    with review.snapshot() as still:
        made, _ = flow_and_reports(still, excluded=excluded)
    return made


def of_version(review: Review, number: int) -> flow.Flow:
    """The flow of a completed version as it was, derived anew from the log up to its closure.

    Raises InputError if there is no such version, and ProtocolError if the derived numbers or the
    lists behind them are not those that were noted when it was closed.
    """
    with review.snapshot() as still:
        closed = versions.closures(still)
        closure = next((one for one in closed if one.number == number), None)
        if closure is None:
            known = ", ".join(str(one.number) for one in closed)
            raise InputError(
                f"this review has no completed version {number}",
                hint=f"completed: {known}" if known else "`iimscreen version close` declares one",
            )
        made, reports = derived(still, closure)
    faults = differences(closure, made)
    if faults:
        raise ProtocolError(
            f"the flow of version {number} can no longer be derived from the log: {'; '.join(faults)}",
            hint="`iimscreen check` says more",
        )
    return _sound(made, reports)


def derived(review: Review, closure: versions.Closure) -> tuple[flow.Flow, list[flow.Report]]:
    """The flow of a completed version from the log's rows before its closure, and where its reports stood."""
    from iimscreen import dedupe  # the rules and rapidfuzz, 70 ms: the present flow does without

    with versions.as_it_was(review, closure.log_id) as then:
        dedupe.restore(then)
        return flow_and_reports(then)


def frozen(made: flow.Flow) -> dict[str, object]:
    """The numbers of a flow that are noted when its version is closed."""
    return {
        "template": made.template,
        "boxes": dict(made.boxes),
        "databases": dict(made.databases),
        "registers": dict(made.registers),
        "other": dict(made.other),
        "reasons": dict(made.reasons or {}),
        # No box holds these, and what becomes of them is the next version's matter.
        "awaiting": [*(made.lists["awaiting"] or ()), *(made.lists.get("previous_awaiting") or ())],
        "ongoing": [*(made.lists["ongoing"] or ()), *(made.lists.get("previous_ongoing") or ())],
    }


def lists_sha256(made: flow.Flow) -> str:
    """One hash over the lists behind the boxes."""
    return versions.lists_sha256({name: made.lists.get(name) for name in flow.BOXES})


def differences(closure: versions.Closure, made: flow.Flow) -> list[str]:
    """How a derived flow differs from what was noted at the closure, in sentences."""
    faults = []
    now = frozen(made)
    for name, value in closure.flow.items():
        if name == "boxes":
            faults += [
                f"{box} was {count} and is {made.boxes.get(box)}"
                for box, count in value.items()
                if made.boxes.get(box) != count
            ]
        elif now.get(name) != value:
            faults.append(f"{name}: {value} was noted, {now.get(name)} is derived")
    if not faults and lists_sha256(made) != closure.lists_sha256:
        faults.append("the numbers are the same, but not the records behind them")
    return faults


def _sound(made: flow.Flow, reports: Sequence[flow.Report]) -> flow.Flow:
    faults = flow.violations(made, reports)
    if faults:
        raise ProtocolError(
            f"the numbers do not add up, so they are not printed: {'; '.join(faults)}",
            hint="`iimscreen check` says more; please report it",
        )
    return made


def flow_and_reports(
    review: Review, *, excluded: Collection[str] = ()
) -> tuple[flow.Flow, list[flow.Report]]:
    """The flow and the reports that it counts, not checked; `excluded` as in `without`."""
    protocol = in_force(review)
    gate = Gate(review, protocol)
    rows = records.memberships(review)
    removed = curation.removed(review)
    since = _since(review, gate, rows, excluded)
    everything = [_if_excluded(one, excluded) for one in gate.reports()]
    reports = [one for one in everything if one.key not in since.known]
    earlier = [one for one in everything if one.key in since.known]
    is_open = gate.is_open(TITLE_ABSTRACT), gate.is_open(FULL_TEXT)
    hits = None
    if protocol.identified == "sum-of-sub-queries":
        hits = [(run, key) for run, key in runs.hits(review) if key in since.arrived]
    made = flow.build(
        [
            flow.Origin(key, database, kind, kept, key in removed)
            for key, _, database, kind, kept, _ in rows
            if key in since.arrived
        ],
        reports,
        protocol.reasons,
        screening_is_open=is_open[0],
        assessment_is_open=is_open[1],
        hits=hits,
        missing=[
            *_missing(review, gate),
            *(f"{left}, known to the version before" for left in flow.unfinished(earlier, *is_open)),
        ],
        footnotes=[
            *_footnotes(review, protocol, gate, reports, since.closed_at),
            *_removals([one for key, one in removed.items() if key in since.arrived]),
            *since.notes,
        ],
        notice=protocol.notice,
        sources=since.sources,
        labels=reason_labels(review),
        previous=since.previous,
    )
    return made, reports


def _if_excluded(report: flow.Report, excluded: Collection[str]) -> flow.Report:
    is_included = report.assessment is not None and report.assessment.state is State.INCLUDE
    if report.key not in excluded or not is_included:
        return report
    return report._replace(assessment=Outcome(State.EXCLUDE, _WOULD_BE))


def studies_before(review: Review) -> dict[str, str]:
    """Report → its study, of all that the version before included; empty where this is the first."""
    closed = versions.closures(review)
    if closed:
        return dict(closed[-1].reports)
    return {key: study for one in versions.previous_reviews(review) for key, study in one.reports}


# --- since the version before ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Since:
    """What belongs to the present version: records arrived, and the version before."""

    arrived: frozenset[str]  # keys of the records that count as identified now
    known: frozenset[str]  # kept records of reports that the version before knew
    previous: flow.Previous | None
    sources: tuple[tuple[str, Kind], ...]
    notes: tuple[str, ...]
    closed_at: int = 0  # the log id with which the version before was closed here


def _since(
    review: Review,
    gate: Gate,
    rows: Sequence[tuple[str, str, str, Kind, str, str | None]],
    excluded: Collection[str],
) -> _Since:
    closed = versions.closures(review)
    made_elsewhere = versions.previous_reviews(review)
    own = {key for key, *_ in rows if not versions.is_made_elsewhere(key)}
    kept = {key: report for key, _, _, _, report, _ in rows}
    names = {one.database for one in made_elsewhere}
    shown = tuple(pair for pair in records.sources(review) if pair[0] not in names)
    if not closed and not made_elsewhere:
        return _Since(frozenset(own), frozenset(), None, shown, ())
    if not closed:
        known = frozenset(kept[key] for one in made_elsewhere for key, _ in one.reports)
        reports = studies_before(review)
        title = " and ".join(one.title for one in made_elsewhere)
        previous = _what_became(review, gate, title, reports, known, kept, excluded, None)
        return _Since(frozenset(own), known, previous, shown, ())
    last = closed[-1]
    # A record that was removed at the closing was not judged then: restored since, it is of this version.
    unjudged = set(curation.removed(review, before=last.log_id))
    restored = unjudged - set(curation.removed(review))
    arrived = frozenset(own - versions.known(review) | restored)
    known = frozenset(kept[key] for key in kept if key not in arrived and key not in unjudged)
    title = f"version {last.number}" + (f" ({last.title})" if last.title else "")
    previous = _what_became(review, gate, title, dict(last.reports), known, kept, excluded, last)
    used = {(database, kind) for key, _, database, kind, _, _ in rows if key in arrived}
    used |= set(versions.sources_used(review, since=last.log_id))
    notes = _found_again(review, last, arrived)
    if restored:
        was, counts = ("was", "it counts") if len(restored) == 1 else ("were", "they count")
        notes.append(
            f"{counted(len(restored), 'record')} removed before screening in version {last.number} or earlier {was} "
            f"restored since; {counts} as identified in this version."
        )
    return _Since(
        arrived, known, previous, tuple(pair for pair in shown if pair in used), tuple(notes), last.log_id
    )


def _found_again(review: Review, last: versions.Closure, arrived: Collection[str]) -> list[str]:
    if not versions.has_work_since(review, last.log_id) and not arrived:
        return [
            f"Nothing has come since version {last.number} was closed on {last.at[:10]}; "
            f"`iimscreen prisma --version {last.number}` prints its flow."
        ]
    again = len(versions.found_again(review, since=last.log_id))
    if not again:
        return []
    return [
        f"{counted(again, 'record')} that the searches of this update found again had come before version "
        f"{last.number} was closed; they are not counted as identified."
    ]


def _what_became(
    review: Review,
    gate: Gate,
    title: str,
    reports: dict[str, str],
    known: frozenset[str],
    kept: dict[str, str],
    excluded: Collection[str],
    closure: versions.Closure | None,
) -> flow.Previous:
    """The version before, with what has left it and what has joined it since, as far as revealed.

    A report made elsewhere was never judged here, so what people settled after a finding of `watch`
    is the last word on it; of all others it is their outcome at full text.
    """
    outcomes = gate.outcomes(FULL_TEXT) if gate.shows_any(FULL_TEXT) else {}
    left = _left_the_assessed(gate)
    settled = watches.excluded(review)
    dropped: dict[str, str] = {}
    counted_already: dict[str, str] = {}
    for key in reports:
        report = kept[key]
        outcome = outcomes.get(report)
        if report in counted_already:
            dropped[key] = f"it is the same report as {counted_already[report]}"
            continue
        counted_already[report] = key
        if report in excluded or key in excluded:
            dropped[key] = "if it were excluded"
        elif versions.is_made_elsewhere(key):
            if report in settled:
                dropped[key] = f"excluded after a {settled[report]}"
        elif outcome is not None and outcome.state in (State.EXCLUDE, State.AWAITING, State.ONGOING):
            dropped[key] = f"decided anew: {outcome.state}" + (
                f", {outcome.reason}" if outcome.reason else ""
            )
        elif outcome is None and report in left:
            dropped[key] = _NOT_ASSESSED
    added = {
        report: report
        for report, outcome in outcomes.items()
        if report in known
        and report not in counted_already
        and outcome.state is State.INCLUDE
        and report not in excluded
    }
    if closure is not None:
        gone = {*excluded, *settled, *counted_already}
        added |= _parted_since(versions.previous_reviews(review), reports, kept, gone)
    waiting = {
        report: one.state
        for report, one in outcomes.items()
        if report in known and one.state in (State.AWAITING, State.ONGOING)
    }
    now_excluded = {}
    if closure is not None and gate.shows_any(FULL_TEXT):
        not_included = known - set(counted_already)
        now_excluded = _excluded_since(gate, outcomes, not_included, left, kept, closure)
    return flow.Previous(title, reports, known, dropped, added, waiting, now_excluded)


def _parted_since(
    made_elsewhere: Sequence[versions.PreviousReview],
    reports: Mapping[str, str],
    kept: Mapping[str, str],
    gone: Set[str],
) -> dict[str, str]:
    """Report → study, of lines from elsewhere that were held for one report at the closing and are not now."""
    found: dict[str, str] = {}
    seen = set(gone)
    for one in made_elsewhere:
        for key, study in one.reports:
            if key not in reports and not {key, kept[key]} & seen:
                found[key] = study
                seen.add(kept[key])
    return found


_NOT_ASSESSED = "no longer among the reports assessed at full text"


def _left_the_assessed(gate: Gate) -> set[str]:
    """Reports that were excluded on title and abstract or not retrieved; none while full texts are blind.

    Not those that lack votes or are in conflict there since: what is still to be decided drops nothing.
    """
    if not gate.is_open(FULL_TEXT):
        return set()
    return {
        one.key
        for one in gate.reports()
        if one.retrieval == "not_retrieved"
        or (one.screening is not None and one.screening.state is State.EXCLUDE)
    }


def _excluded_since(
    gate: Gate,
    outcomes: Mapping[str, Outcome],
    not_included: Set[str],
    left: Set[str],
    kept: Mapping[str, str],
    closure: versions.Closure,
) -> dict[str, str]:
    """Reports that a version knew and did not include, and that were judged and excluded since → how.

    One that awaited classification, was ongoing or not retrieved then: neither the version nor its
    update has a box for it.
    """
    waited = {kept[key] for name in ("awaiting", "ongoing") for key in closure.flow.get(name, ())}
    words = [word for votes in gate.votes(FULL_TEXT).values() for word in votes]
    words += gate.finals(FULL_TEXT).values()
    judged_since = {kept[word.key] for word in words if word.log_id > closure.log_id}
    found = {}
    for report in sorted(not_included & (waited | judged_since)):
        one = outcomes.get(report)
        if one is None and report in waited & left:
            found[report] = _NOT_ASSESSED
        elif one is not None and one.state is State.EXCLUDE:
            found[report] = f"{one.state}, {one.reason}" if one.reason else str(one.state)
    return found


# --- what is missing, and what must be said --------------------------------------------------------


def _missing(review: Review, gate: Gate) -> list[str]:
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


def missing(review: Review, gate: Gate) -> tuple[str, ...]:
    """What is unfinished, in sentences: as the flow states it, without counting everything else."""
    if versions.closures(review) or versions.previous_reviews(review):
        made, _ = flow_and_reports(review)
        return made.missing
    found = _missing(review, gate)
    if gate.is_open(TITLE_ABSTRACT):  # of a closed one the flow has nothing to tell
        found += flow.unfinished(gate.reports(), True, gate.is_open(FULL_TEXT))
    return tuple(found)


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


def _footnotes(
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
    notes.append("Each included report is counted as one study until reports are linked to studies.")
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


def _removals(removed: Sequence[curation.Removal]) -> list[str]:
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


def judged(review: Review, gate: Gate) -> dict[str, str]:
    """Report → "included" or "excluded" at full text, as far as revealed; with those of versions elsewhere."""
    outcomes = gate.outcomes(FULL_TEXT) if gate.shows_any(FULL_TEXT) else {}
    words = {State.INCLUDE: "included", State.EXCLUDE: "excluded"}
    found = {key: words[one.state] for key, one in outcomes.items() if one.state in words}
    settled = watches.excluded(review)
    for previous in versions.previous_reviews(review):
        for key, _ in previous.reports:
            report = records.kept_of(review, key)
            found[report] = "excluded" if report in settled else "included"
    return found


def named_list(review: Review, name: str, *, version: int | None = None) -> list[str]:
    """The record keys behind one number of the flow, or of a completed version's.

    Raises InputError if there is no such number, ProtocolError if it is closed to view.
    """
    lists = (prisma(review) if version is None else of_version(review, version)).lists
    if name not in lists:
        raise InputError(f"the flow has no number {name!r}", hint=f"its numbers: {', '.join(sorted(lists))}")
    found = lists[name]
    if found is None:
        gate = Gate(review, in_force(review))
        for stage in (TITLE_ABSTRACT, FULL_TEXT):
            gate.require_open(stage, name)
        raise InputError(f"{name} does not apply to this review", hint="`iimscreen prisma` shows what does")
    return list(found)
