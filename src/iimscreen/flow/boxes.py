"""The lists behind the boxes of both columns: what was identified, what was removed, where each report stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from iimscreen.flow.figures import Origin, Report
from iimscreen.model import Kind, Reason
from iimscreen.voting import State

# The box that counts what each kind of source brought.
KIND_BOX = {
    Kind.DATABASE: "database_results",
    Kind.REGISTER: "register_results",
    Kind.WEBSITE: "website_results",
    Kind.ORGANISATION: "organisation_results",
    Kind.CITATION: "citations_results",
}


def identified(
    origins: Sequence[Origin],
    hits: Sequence[tuple[str, str]] | None,
    sources: Iterable[tuple[str, Kind]],
) -> dict[Kind, dict[str, list[str]]]:
    """Kind → database → what it found; a database that found nothing is there with nothing."""
    found: dict[Kind, dict[str, list[str]]] = {kind: {} for kind in Kind}
    for database, kind in sources:
        found[kind][database] = []
    by_key = {origin.key: origin for origin in origins}
    named = [(origin.key, origin) for origin in origins]
    if hits is not None:
        named = [(f"{run} {key}", by_key[key]) for run, key in hits]
    for name, origin in named:
        found[origin.kind].setdefault(origin.database, []).append(name)
    return found


def per_database(
    by_kind: Mapping[Kind, Mapping[str, Sequence[str]]], kinds: Iterable[Kind]
) -> dict[str, int]:
    """Database → how many records it brought, of these kinds."""
    return {database: len(names) for kind in kinds for database, names in by_kind[kind].items()}


def counts(lists: Mapping[str, Sequence[str]] | None) -> dict[str, int] | None:
    """How long each list is; None where they are closed to view."""
    return None if lists is None else {name: len(keys) for name, keys in lists.items()}


def duplicates(
    origins: Sequence[Origin], hits: Sequence[tuple[str, str]] | None, found_before: frozenset[str]
) -> tuple[str, ...]:
    """Records of databases and registers beyond one per report; repeated hits too where hits count.

    All records of a report that was found before. One that is removed itself is none.
    """
    removed: list[str] = []
    of_databases = {origin.key for origin in origins if not origin.kind.is_other_method}
    seen_keys: set[str] = set()
    for run, key in hits or ():
        if key in of_databases and key in seen_keys:
            removed.append(f"{run} {key}")
        seen_keys.add(key)
    left = [origin for origin in origins if not (origin.kind.is_other_method or origin.is_removed)]
    seen_reports = {*found_before, *(origin.report for origin in left if origin.key == origin.report)}
    for origin in left:
        is_kept = origin.key == origin.report and origin.report not in found_before
        if origin.report in seen_reports and not is_kept:
            removed.append(origin.key)
        seen_reports.add(origin.report)
    return tuple(removed)


def in_state(reports: Iterable[Report], stage: str, state: State) -> tuple[str, ...]:
    """Reports with this outcome at "screening" or "assessment"."""
    return tuple(
        report.key
        for report in reports
        if (found := getattr(report, stage)) is not None and found.state is state
    )


def by_whom(
    excluded: tuple[str, ...] | None, automatic: Collection[str]
) -> dict[str, tuple[str, ...] | None]:
    """Records excluded on title and abstract by people, and by automation tools; None where closed to view."""
    if excluded is None:
        return {"records_excluded_human": None, "records_excluded_automatic": None}
    return {
        "records_excluded_human": tuple(key for key in excluded if key not in automatic),
        "records_excluded_automatic": tuple(key for key in excluded if key in automatic),
    }


def is_sought(report: Report) -> bool:
    """Whether its full text is sought."""
    if not report.was_screened:
        return True
    return report.screening is not None and report.screening.state is State.INCLUDE


def of_column(
    prefix: str, column: Sequence[Report], screening_is_open: bool, assessment_is_open: bool
) -> dict[str, tuple[str, ...] | None]:
    """The boxes below the screening of one column: "dbr" or "other"."""
    keys = [f"{prefix}_{box}" for box in ("sought_reports", "notretrieved_reports", "assessed", "excluded")]
    if not screening_is_open and any(report.was_screened for report in column):
        return dict.fromkeys(keys)
    sought = [report for report in column if is_sought(report)]
    assessed = [report for report in sought if report.retrieval == "retrieved"]
    return dict(
        zip(
            keys,
            (
                tuple(report.key for report in sought),
                tuple(report.key for report in sought if report.retrieval == "not_retrieved"),
                tuple(report.key for report in assessed),
                in_state(assessed, "assessment", State.EXCLUDE) if assessment_is_open else None,
            ),
            strict=True,
        )
    )


def per_reason(column: Iterable[Report], reasons: Sequence[Reason]) -> dict[str, tuple[str, ...]]:
    """Code of each reason → the reports that were excluded for it, in protocol order."""
    found: dict[str, list[str]] = {reason.code: [] for reason in reasons}
    for report in column:
        if report.assessment is not None and report.assessment.state is State.EXCLUDE:
            found.setdefault(report.assessment.reason or "no reason given", []).append(report.key)
    return {code: tuple(keys) for code, keys in found.items()}


def both(one: dict[str, int] | None, other: dict[str, int] | None) -> dict[str, int] | None:
    """The counts of both columns; None where one of them is closed to view."""
    if one is None or other is None:
        return None
    return {code: one.get(code, 0) + other.get(code, 0) for code in {**one, **other}}
