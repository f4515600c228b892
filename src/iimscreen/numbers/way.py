"""The way of one record through the review: what brought it, and what became of it, as far as that is open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from iimscreen import citations, review_flow
from iimscreen.duplicates.audit import strongest_merge
from iimscreen.errors import ProtocolError
from iimscreen.model import StoredRecord
from iimscreen.numbers.prisma import MEANINGS
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.review_protocol import in_force, reason_labels
from iimscreen.store import Review, curation, duplicates, provenance, records, retrievals, studies
from iimscreen.store.gate import Gate
from iimscreen.voting import Vote


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a record or to its report."""

    what: str  # identified, merged, removed, screening, retrieval, assessment, study
    says: str
    at: str = ""  # UTC; "" where it is no single moment


@dataclass(frozen=True, slots=True)
class Way:
    """The way of one record."""

    record: StoredRecord
    citation: str
    report: str  # key of the record kept for its report
    steps: tuple[Step, ...]
    numbers: tuple[str, ...]  # names of the numbers of the flow that it is behind now, itself or its report


_WORDS = {TITLE_ABSTRACT: ("screening", "title and abstract"), FULL_TEXT: ("assessment", "full text")}


def of_record(review: Review, given: str) -> Way:
    """The way of the record that a person means, by its key, as pmid:… or doi:….

    Raises InputError if there is none, or more than one.
    """
    with review.snapshot() as still:
        one = records.find_one(still, given)
        report = records.kept_of(still, one.key)
        gate = Gate(still, in_force(still))
        steps = [*_before(still, one.key, report), *_after(still, gate, report)]
        return Way(
            one, citations.citation(one.record), report, tuple(steps), _behind(still, gate, one.key, report)
        )


def _before(review: Review, key: str, report: str) -> Iterator[Step]:
    """What happened before screening."""
    for run in provenance.brought(review, [key]):
        where = f"{run.database}, {run.label}, record {run.position:,} of {run.hits:,}"
        yield Step("identified", f"found by {where}", run.at)
    for word in curation.removals(review, key):
        done = "removed before screening" if word.is_removed else "taken in again"
        yield Step("removed", f"{done} by {word.by}: {word.reason}", word.at)
    members = [one for one in records.members_of(review, report) if one != key]
    if key != report:
        yield _merged(review, key, report)
    elif members:
        yield Step("merged", f"kept for its report; {', '.join(members)} are further records of it")


def _merged(review: Review, key: str, report: str) -> Step:
    verdicts = duplicates.neighbourhood(review, [key]).verdicts
    why = strongest_merge(verdicts).get(key)
    says = f"a further record of the report of {report}, which is counted in its place"
    if why is None:
        return Step("merged", says)
    other = why.other_key if why.key == key else why.key
    logged = duplicates.last(review, why.key, why.other_key)
    score = "" if why.score is None else f", {why.score:g} of 100 points"
    return Step("merged", f"{says}: one with {other} by {why.decided_by.replace(':', ' ')}{score}", logged.at)


def _after(review: Review, gate: Gate, report: str) -> Iterator[Step]:
    """What happened from screening on, to the report."""
    members = records.members_of(review, report)
    for stage in (TITLE_ABSTRACT, FULL_TEXT):
        if stage == FULL_TEXT and gate.is_sought(report):
            mark = retrievals.standing(review).get(report)
            if mark is None:
                yield Step("retrieval", "sought for retrieval, and not marked yet")
            else:
                why = f": {mark.reason}" if mark.reason else ""
                yield Step("retrieval", f"{mark.outcome.replace('_', ' ')} by {mark.actor}{why}", mark.at)
        yield from _judged(review, gate, stage, report, members)
    for study in studies.of_reports(review).get(report, ()):
        yield Step("study", f"tells of the study {study}")


def _judged(review: Review, gate: Gate, stage: str, report: str, members: list[str]) -> Iterator[Step]:
    what, words = _WORDS[stage]
    try:
        is_judged_here = report in gate.pool(stage)
    except ProtocolError:  # nothing of this stage is open to view, nor which reports it has
        is_judged_here = False
    if not is_judged_here:
        return
    outcomes = gate.outcomes(stage) if gate.shows_any(stage) else {}
    if report not in outcomes:
        yield Step(what, f"its votes on {words} are not open to view: {review_flow.closed(gate)}")
        return
    labels = reason_labels(review)
    shown, _ = gate.words_on(stage, members, None)
    for word in shown:
        yield Step(what, f"{_said(word)} on {words}{_why(word.reason, labels)}", word.at)
    found = outcomes[report]
    by = "" if found.settled_by == "vote" else f" by {found.settled_by}"
    confirmed = ", its reason to be confirmed" if found.reason_is_proposed else ""
    yield Step(what, f"comes to {found.state} on {words}{by}{_why(found.reason, labels)}{confirmed}")


def _said(word: Vote) -> str:
    names = " and ".join(word.names)
    return f"{names}: {word.verdict}" if word.manner == "vote" else f"{word.manner} ({names}): {word.verdict}"


def _why(code: str | None, labels: dict[str, str]) -> str:
    return f", {labels.get(code, code)}" if code else ""


def _behind(review: Review, gate: Gate, key: str, report: str) -> tuple[str, ...]:
    """Numbers of the flow with this record behind them: of what is identified itself, of all else its report."""
    made = review_flow.prisma(review, gate=gate)
    names = []
    for box in MEANINGS:
        keys = made.lists.get(box) or ()
        wanted = {key} if MEANINGS[box].of == "records" else {report}
        if MEANINGS[box].of == "studies":
            wanted = set(made.links.get(report, ()))
        parts = made.names_of_parts(box)
        if any(_names(row, wanted) for row in keys):
            names.append(f"prisma.{box}")
            names += [
                f"prisma.{name}"
                for part, name in parts.items()
                if any(_names(row, wanted) for row in made.parts[box][part])
            ]
    return tuple(names)


def _names(row: str, wanted: set[str]) -> bool:
    """Whether a row of a number is one of these; a hit that counts for itself is named "RUN KEY"."""
    return row in wanted or (" " in row and any(row.endswith(f" {one}") for one in wanted))
