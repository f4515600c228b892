"""Studies against reports: which studies are included, which of them are new, what became of earlier ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from iimscreen.flow.figures import Links, Previous
from iimscreen.voting import State

Lists = dict[str, tuple[str, ...] | None]


def with_own(links: Links, reports: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The studies of each report; one that is linked to none is a study of its own."""
    return {report: links.get(report) or (report,) for report in reports}


def distinct(links: Links, reports: Iterable[str]) -> tuple[str, ...]:
    """The studies of these reports, each once, in the order of the reports."""
    return tuple(dict.fromkeys(study for report in reports for study in links[report]))


def included(links: Links, reports: tuple[str, ...] | None) -> Lists:
    """The boxes at the end of a first version, by its included reports; None where closed to view."""
    return {
        "new_reports": reports,
        "new_studies": None if reports is None else distinct(links, reports),
        "new_reports_of_previous_studies": None if reports is None else (),
    }


def links_now(previous: Previous, links: Links) -> dict[str, tuple[str, ...]]:
    """The studies of every report that counts in the total of an update, as they are now."""
    before = {**previous.reports, **previous.linked_since}
    staying = {report: before[report] for report in previous.reports if report not in previous.dropped}
    return {**staying, **previous.added, **links}


def of_update(previous: Previous, links: Links, included_now: Sequence[str] | None) -> Lists:
    """The boxes at the end of an update, those of the version before, and the lists that explain the total.

    A study is new if none of its reports was included before, so a new report may be of an earlier study.
    PRISMA 2020 has no box for that one: it counts in the total, and in a list of its own.
    """
    counted = links_now(previous, links)
    known = distinct(counted, [report for report in counted if report not in links])
    in_all = distinct(counted, counted)
    heirs = _heirs(previous, in_all)
    of_before = {*known, *heirs.values()}
    lists: Lists = {
        "previous_studies": distinct(previous.reports, previous.reports),
        "previous_reports": tuple(previous.reports),
        "previous_dropped": tuple(report for report in previous.reports if report in previous.dropped),
        "previous_studies_dropped": tuple(
            study for study in distinct(previous.reports, previous.reports) if study not in heirs
        ),
        "previous_added": tuple(previous.added),
        "previous_studies_added": tuple(study for study in known if study not in heirs.values()),
        "previous_awaiting": tuple(r for r, state in previous.waiting.items() if state is State.AWAITING),
        "previous_ongoing": tuple(r for r, state in previous.waiting.items() if state is State.ONGOING),
        "previous_excluded": tuple(previous.excluded),
        **dict.fromkeys(
            (
                "new_reports",
                "new_studies",
                "new_reports_of_previous_studies",
                "total_studies",
                "total_reports",
            )
        ),
    }
    if included_now is not None:
        lists["new_studies"] = tuple(study for study in in_all if study not in of_before)
        lists["new_reports"] = tuple(r for r in included_now if not of_before.issuperset(links[r]))
        lists["new_reports_of_previous_studies"] = tuple(
            report for report in included_now if of_before.issuperset(links[report])
        )
        lists["total_reports"] = tuple(counted)
        lists["total_studies"] = in_all
    return lists


def _heirs(previous: Previous, in_all: Sequence[str]) -> dict[str, str]:
    """Study of the version before → the study of the total that it is now; those that left it are absent.

    It is the one of the same name, or else one to which a report of it is linked now. None is two of them.
    """
    left = dict.fromkeys(in_all)
    found: dict[str, str] = {}
    for study in distinct(previous.reports, previous.reports):
        if study in left:
            found[study] = study
            del left[study]
    for report, studies in previous.reports.items():
        for study in studies:
            heir = next((one for one in previous.linked_since.get(report, studies) if one in left), None)
            if study not in found and heir is not None:
                found[study] = heir
                del left[heir]
    return found
