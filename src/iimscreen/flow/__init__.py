"""The PRISMA 2020 flow as lists of records, its boxes as their lengths, and the sums that must hold.

Pure. Definitions of record, report and study, the box keys and the identities F1 to F14 are those of
PRISMA 2020 (Page 2021, BMJ 372:n71) and of its R package's CSV template. Boxes whose round is still
blind are None here already: whoever builds the input asks the gate in `store/gate.py`.

The flow of an update (F10, F11) counts what was found since the version before; of the total it says
how it comes about: the version before, less what was dropped from it since, plus what is new.

`figures` says what goes in and comes out, `boxes` fills both columns, `studies` the boxes at the end, `beside`
says what no box holds, and `identities` checks the sums.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from iimscreen.flow import beside, boxes, studies
from iimscreen.flow.beside import unfinished
from iimscreen.flow.figures import BOXES, STUDY_LISTS, Flow, Links, Origin, Previous, Report
from iimscreen.flow.identities import violations
from iimscreen.model import Kind, Reason
from iimscreen.voting import State

__all__ = [
    "BOXES",
    "STUDY_LISTS",
    "Flow",
    "Links",
    "Origin",
    "Previous",
    "Report",
    "as_json",
    "build",
    "unfinished",
    "violations",
]


def build(
    origins: Sequence[Origin],
    reports: Sequence[Report],
    reasons: Sequence[Reason],
    *,
    screening_is_open: bool,
    assessment_is_open: bool,
    hits: Sequence[tuple[str, str]] | None = None,
    missing: Iterable[str] = (),
    footnotes: Iterable[str] = (),
    notice: str = "",
    sources: Iterable[tuple[str, Kind]] = (),
    labels: Mapping[str, str] | None = None,
    previous: Previous | None = None,
    links: Links | None = None,
    automatic: Collection[str] = (),
) -> Flow:
    """The flow of a review, or of its update.

    `hits`, pairs of a run's name and a record's key, is given when the protocol counts every hit of
    every sub-query as identified; a repeated hit then counts as a duplicate removed. With `previous`,
    origins, reports and hits are those that came since; a record of a report that was known then is a
    duplicate removed before screening. `links` are the studies of those reports that are linked to any.
    `automatic` are the records that a tool excluded on title and abstract; no command lets one do so yet.
    """
    lists: dict[str, tuple[str, ...] | None] = {}
    by_kind = boxes.identified(origins, hits, sources)
    has_other = any(by_kind[kind] for kind in Kind if kind.is_other_method)
    for kind, box in boxes.KIND_BOX.items():
        lists[box] = tuple(name for names in by_kind[kind].values() for name in names)
        if kind.is_other_method and not has_other:
            lists[box] = None
    lists["duplicates"] = boxes.duplicates(origins, hits, previous.found if previous else frozenset())
    lists["excluded_automatic"] = ()  # no command marks records ineligible by automation yet
    lists["excluded_other"] = tuple(
        origin.key for origin in origins if origin.is_removed and not origin.kind.is_other_method
    )

    column_a = [report for report in reports if report.from_databases]
    column_b = [report for report in reports if not report.from_databases]
    lists["records_screened"] = tuple(report.key for report in column_a)
    lists["records_excluded"] = (
        boxes.in_state(column_a, "screening", State.EXCLUDE) if screening_is_open else None
    )
    lists.update(boxes.by_whom(lists["records_excluded"], automatic))
    by_reason: dict[str, dict[str, tuple[str, ...]] | None] = {}
    for prefix, column in (("dbr", column_a), ("other", column_b)):
        lists.update(boxes.of_column(prefix, column, screening_is_open, assessment_is_open))
        by_reason[prefix] = (
            boxes.per_reason(column, reasons) if assessment_is_open and screening_is_open else None
        )
        if prefix == "other" and not has_other:
            lists.update({key: None for key in lists if key.startswith("other_")})
    for key, state in (("awaiting", State.AWAITING), ("ongoing", State.ONGOING)):
        lists[key] = boxes.in_state(reports, "assessment", state) if assessment_is_open else None
    # Union as a set: a report found in both columns stands in column A alone.
    included = boxes.in_state(reports, "assessment", State.INCLUDE) if assessment_is_open else None
    counted = studies.with_own(links or {}, included or ())
    if previous is None:
        lists.update(studies.included(counted, included))
    else:
        lists.update(studies.of_update(previous, counted, included))
        counted = studies.links_now(previous, counted)

    return Flow(
        template=f"{'updated' if previous else 'new'}-{'other' if has_other else 'databases'}",
        lists=lists,
        databases=boxes.per_database(by_kind, (Kind.DATABASE,)),
        registers=boxes.per_database(by_kind, (Kind.REGISTER,)),
        other=boxes.per_database(by_kind, (Kind.WEBSITE, Kind.ORGANISATION, Kind.CITATION)),
        reasons=boxes.both(boxes.counts(by_reason["dbr"]), boxes.counts(by_reason["other"])),
        reasons_databases=boxes.counts(by_reason["dbr"]),
        reasons_other=boxes.counts(by_reason["other"]),
        parts={
            **{
                box: {name: tuple(keys) for name, keys in by_kind[kind].items()}
                for kind, box in boxes.KIND_BOX.items()
            },
            **{f"{prefix}_excluded": found for prefix, found in by_reason.items() if found is not None},
        },
        labels={**(labels or {}), **{reason.code: reason.label for reason in reasons}},
        missing=(*missing, *unfinished(reports, screening_is_open, assessment_is_open)),
        footnotes=(
            *footnotes,
            *beside.previous_notes(origins, previous),
            *beside.study_notes(lists, counted, previous),
            *beside.other_methods_note(
                origins, column_b, hits, screening_is_open, previous.found if previous else frozenset()
            ),
        ),
        notice=notice,
        previous=previous.title if previous else "",
        links=counted,
        previous_links=previous.reports if previous else {},
    )


def as_json(flow: Flow) -> dict[str, object]:
    """The flow as `iimscreen prisma --json` prints it."""
    awaiting, ongoing = flow.lists["awaiting"], flow.lists["ongoing"]
    return {
        "template": flow.template,
        "interim": flow.interim,
        "missing": list(flow.missing),
        "boxes": dict(flow.boxes),
        "databases": dict(flow.databases),
        "registers": dict(flow.registers),
        "other": dict(flow.other),
        "reasons": None if flow.reasons is None else dict(flow.reasons),
        "reasons_by_column": {
            "databases": None if flow.reasons_databases is None else dict(flow.reasons_databases),
            "other": None if flow.reasons_other is None else dict(flow.reasons_other),
        },
        "awaiting_classification": None if awaiting is None else len(awaiting),
        "ongoing": None if ongoing is None else len(ongoing),
        "previous": flow.previous or None,
        "previous_dropped": list(flow.lists.get("previous_dropped") or ()),
        "previous_added": list(flow.lists.get("previous_added") or ()),
        "previous_awaiting": list(flow.lists.get("previous_awaiting") or ()),
        "previous_ongoing": list(flow.lists.get("previous_ongoing") or ()),
        "previous_excluded": list(flow.lists.get("previous_excluded") or ()),
        "new_reports_of_previous_studies": list(flow.lists["new_reports_of_previous_studies"] or ()),
        "reports_without_study": None if flow.boxes["new_reports"] is None else list(flow.without_study),
        "footnotes": list(flow.footnotes),
        "notice": flow.notice,
    }
