"""What belongs to the present version of a review, and what became of the version before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass

from iimscreen import flow
from iimscreen.model import Kind
from iimscreen.protocol import FULL_TEXT
from iimscreen.store import Review, curation, records, versions, watches
from iimscreen.store.gate import Gate
from iimscreen.voting import Outcome, State
from iimscreen.wording import counted


@dataclass(frozen=True, slots=True)
class Since:
    """What belongs to the present version: records arrived, and the version before."""

    arrived: frozenset[str]  # keys of the records that count as identified now
    known: frozenset[str]  # kept records of reports that the version before knew
    previous: flow.Previous | None
    sources: tuple[tuple[str, Kind], ...]
    notes: tuple[str, ...]
    closed_at: int = 0  # the log id with which the version before was closed here


def since_the_version_before(
    review: Review,
    gate: Gate,
    rows: Sequence[tuple[str, str, str, Kind, str, str | None]],
    links: flow.Links,
    excluded: Collection[str],
) -> Since:
    """What has come since the last closing; `links` are the studies of all reports that are linked to any."""
    closed = versions.closures(review)
    made_elsewhere = versions.previous_reviews(review)
    own = {key for key, *_ in rows if not versions.is_made_elsewhere(key)}
    kept = {key: report for key, _, _, _, report, _ in rows}
    names = {one.database for one in made_elsewhere}
    shown = tuple(pair for pair in records.sources(review) if pair[0] not in names)
    if not closed and not made_elsewhere:
        return Since(frozenset(own), frozenset(), None, shown, ())
    if not closed:
        known = frozenset(kept[key] for one in made_elsewhere for key, _ in one.reports)
        reports = _made_elsewhere(review)
        title = " and ".join(one.title for one in made_elsewhere)
        previous = _what_became(review, gate, title, reports, known, kept, links, excluded, None)
        return Since(frozenset(own), known, previous, shown, ())
    last = closed[-1]
    # A record that was removed at the closing was not judged then: restored since, it is of this version.
    unjudged = set(curation.removed(review, before=last.log_id))
    restored = unjudged - set(curation.removed(review))
    arrived = frozenset(own - versions.known(review) | restored)
    known = frozenset(kept[key] for key in kept if key not in arrived and key not in unjudged)
    title = f"version {last.number}" + (f" ({last.title})" if last.title else "")
    previous = _what_became(
        review, gate, title, versions.by_report(last.reports), known, kept, links, excluded, last
    )
    used = {(database, kind) for key, _, database, kind, _, _ in rows if key in arrived}
    used |= set(versions.sources_used(review, since=last.log_id))
    notes = _found_again(review, last, arrived)
    if restored:
        was, counts = ("was", "it counts") if len(restored) == 1 else ("were", "they count")
        notes.append(
            f"{counted(len(restored), 'record')} removed before screening in version {last.number} or earlier {was} "
            f"restored since; {counts} as identified in this version."
        )
    return Since(
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
    reports: flow.Links,
    known: frozenset[str],
    kept: dict[str, str],
    links: flow.Links,
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
        report: links.get(report) or (report,)
        for report, outcome in outcomes.items()
        if report in known
        and report not in counted_already
        and outcome.state is State.INCLUDE
        and report not in excluded
    }
    if closure is not None:
        gone = {*excluded, *settled, *counted_already}
        parted = _parted_since(versions.previous_reviews(review), reports, kept, gone)
        added |= {key: links.get(kept[key]) or named for key, named in parted.items()}
    waiting = {
        report: one.state
        for report, one in outcomes.items()
        if report in known and one.state in (State.AWAITING, State.ONGOING)
    }
    now_excluded = {}
    if closure is not None and gate.shows_any(FULL_TEXT):
        not_included = known - set(counted_already)
        now_excluded = _excluded_since(gate, outcomes, not_included, left, kept, closure)
    elsewhere = _made_elsewhere(review)
    current = {key: links.get(kept[key]) or elsewhere.get(key) or (key,) for key in reports}
    return flow.Previous(title, reports, known, dropped, added, current, waiting, now_excluded)


def _parted_since(
    made_elsewhere: Sequence[versions.PreviousReview],
    reports: flow.Links,
    kept: Mapping[str, str],
    gone: Set[str],
) -> dict[str, tuple[str, ...]]:
    """Report → studies, of lines from elsewhere that were held for one report at the closing and are not now."""
    found: dict[str, tuple[str, ...]] = {}
    seen = set(gone)
    for one in made_elsewhere:
        for key, named in versions.by_report(one.reports).items():
            if key not in reports and not {key, kept[key]} & seen:
                found[key] = named
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


def _made_elsewhere(review: Review) -> dict[str, tuple[str, ...]]:
    """Report → its studies, of all that versions made elsewhere included."""
    return versions.by_report([pair for one in versions.previous_reviews(review) for pair in one.reports])


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
