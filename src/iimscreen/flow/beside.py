"""What is said beside the boxes: what is left to do, and what the boxes leave unsaid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from iimscreen.flow.boxes import in_state, is_sought
from iimscreen.flow.figures import Links, Origin, Previous, Report
from iimscreen.voting import Outcome, State
from iimscreen.wording import counted


def unfinished(reports: Sequence[Report], screening_is_open: bool, assessment_is_open: bool) -> list[str]:
    """What is left to do, in sentences, as far as it may be told."""
    found = []
    screened = [report.screening for report in reports if report.was_screened]
    if screening_is_open:
        found += _open_outcomes("title-abstract", screened)
        unmarked = sum(is_sought(report) and report.retrieval is None for report in reports)
        if unmarked:
            found.append(f"retrieval: {counted(unmarked, 'report')} not marked as retrieved or not retrieved")
        if assessment_is_open:
            assessed = [r.assessment for r in reports if is_sought(r) and r.retrieval == "retrieved"]
            found += _open_outcomes("full-text", assessed)
    return found


def _open_outcomes(stage: str, outcomes: Iterable[Outcome | None]) -> list[str]:
    known = [outcome for outcome in outcomes if outcome is not None]
    found = []
    pending = sum(outcome.state is State.PENDING for outcome in known)
    conflicts = sum(outcome.state is State.CONFLICT for outcome in known)
    proposed = sum(outcome.reason_is_proposed for outcome in known)
    if pending:
        found.append(f"{stage}: votes missing on {counted(pending, 'record')}")
    if conflicts:
        found.append(f"{stage}: {counted(conflicts, 'conflict')} to resolve")
    if proposed:
        found.append(f"{stage}: {counted(proposed, 'exclusion reason')} to confirm")
    return found


def previous_notes(origins: Sequence[Origin], previous: Previous | None) -> list[str]:
    """What the boxes of an updated flow leave unsaid about the version before."""
    if previous is None:
        return []
    notes = [f"Previous studies are those of {previous.title}."]
    again = sum(o.report in previous.found for o in origins if not (o.is_removed or o.kind.is_other_method))
    if again:
        are, were = ("is of a report", "it was") if again == 1 else ("are of reports", "they were")
        notes.append(
            f"Of the duplicate records removed, {again:,} {are} known in {previous.title}: removed before "
            f"screening, since {were} judged then."
        )
    for mark, reports, words in (
        ("−", previous.dropped, "no longer counts"),
        ("+", previous.added, "was known then and is included since"),
    ):
        for report, why in reports.items():
            said = f" ({why})" if mark == "−" else ""
            notes.append(f"Total {mark}1 report: {report} {words}{said}.")
    for state, one_does, some_do in (
        (State.AWAITING, "still awaits classification", "still await classification"),
        (State.ONGOING, "is of an ongoing study", "are of ongoing studies"),
    ):
        waiting = [report for report, found in previous.waiting.items() if found is state]
        if waiting:
            notes.append(
                f"Known in {previous.title}, and in no box of its update: {counted(len(waiting), 'report')} that "
                f"{one_does if len(waiting) == 1 else some_do} ({', '.join(waiting)})."
            )
    notes += [
        f"Known in {previous.title}, not included then, and in no box of its update: {report}, judged since "
        f"({outcome})."
        for report, outcome in previous.excluded.items()
    ]
    return notes


def study_notes(
    lists: Mapping[str, Sequence[str] | None], links: Links, previous: Previous | None
) -> list[str]:
    """How reports and studies go together, where that is not one to one; nothing while it is closed to view.

    `links` are those of all included reports.
    """
    if lists["new_reports"] is None:
        return []
    notes = []
    alone = sum(studies == (report,) for report, studies in links.items())
    if alone == len(links) and alone:
        notes.append("No included report is linked to a study yet; each counts as one study.")
    elif alone:
        is_one = "is" if alone == 1 else "are"
        notes.append(
            f"{alone:,} of {counted(len(links), 'included report')} {is_one} linked to no study yet, and "
            f"{'counts' if alone == 1 else 'each counts'} as one study."
        )
    several = {report: studies for report, studies in links.items() if len(studies) > 1}
    if several:
        tell = "tells" if len(several) == 1 else "tell"
        notes.append(
            f"{counted(len(several), 'included report')} {tell} of more than one study, so there may be more studies "
            f"than reports: {_named(several)}."
        )
    if previous is not None:
        notes += _study_changes(lists, links, previous)
    return notes


def _study_changes(lists: Mapping[str, Sequence[str] | None], links: Links, previous: Previous) -> list[str]:
    """What makes the total of studies, and of their reports, another than the boxes add up to (F10, F11)."""
    notes = []
    further = {report: links[report] for report in lists["new_reports_of_previous_studies"] or ()}
    if further:
        is_one = "is" if len(further) == 1 else "are"
        notes.append(
            f"{counted(len(further), 'new report')} {is_one} of studies that {previous.title} included, and "
            f"{'counts' if len(further) == 1 else 'count'} in the total alone: {_named(further)}."
        )
    for study in lists["previous_studies_dropped"] or ():
        reports = [report for report, studies in previous.reports.items() if study in studies]
        moved = sorted({one for report in reports for one in links.get(report, ())})
        if moved:
            notes.append(f"Total −1 study: {study}, which is told of as {'; '.join(moved)} now.")
        elif study not in reports:  # of one that has no name, the report says it already
            notes.append(f"Total −1 study: {study}, of which no report is left.")
    for study in lists["previous_studies_added"] or ():
        reports = [report for report, studies in links.items() if study in studies]
        then = sorted({one for report in reports for one in previous.reports.get(report, ())})
        if then:
            notes.append(f"Total +1 study: {study}, which was told of as {'; '.join(then)} then.")
        elif study not in reports:
            notes.append(f"Total +1 study: {study}, of which a report is included since.")
    return notes


def _named(reports: Links) -> str:
    return ", ".join(f"{report} ({'; '.join(studies)})" for report, studies in reports.items())


def other_methods_note(
    origins: Sequence[Origin],
    column_b: Sequence[Report],
    hits: Sequence[tuple[str, str]] | None,
    screening_is_open: bool,
    found_before: frozenset[str],
) -> list[str]:
    """F9: what became of the records identified by other methods, in one sentence that adds up."""
    by_key = {origin.key: origin for origin in origins if origin.kind.is_other_method}
    named = [by_key[key] for _, key in hits if key in by_key] if hits is not None else list(by_key.values())
    if not named:
        return []
    own = {report.key for report in column_b}
    left = [origin for origin in named if not origin.is_removed]
    before = sum(origin.report in found_before for origin in left)
    elsewhere = sum(origin.report not in own for origin in left) - before
    parts = [
        (len(named) - len(left), "removed before screening for other reasons"),
        (before, "of a report that the version before knew"),
        (elsewhere, "also found by databases or registers and counted there"),
        (len(left) - before - elsewhere - len(own), "another mention of the same report"),
    ]
    if screening_is_open:
        excluded = len(in_state(column_b, "screening", State.EXCLUDE))
        sought = sum(map(is_sought, column_b))
        parts += [
            (excluded, "excluded on title and abstract"),
            (len(own) - excluded - sought, "still to be judged on title and abstract"),
            (sought, "sought for retrieval"),
        ]
    said = [f"{count:,} {words}" for count, words in parts if count]
    notes = [f"{counted(len(named), 'record')} identified by other methods: {', '.join(said)}."]
    screened = sum(report.was_screened for report in column_b)
    if screened:
        notes.append(
            f"{counted(screened, 'record')} identified by other methods {'was' if screened == 1 else 'were'} screened "
            "on title and abstract before retrieval."
        )
    return notes
