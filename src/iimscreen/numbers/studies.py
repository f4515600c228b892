"""The numbers of studies and their reports: studies.named, studies.several_reports, ...

How many studies the review includes is in the family prisma.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from iimscreen.model import Number
from iimscreen.numbers.moment import Moment
from iimscreen.store import studies

_DERIVED = "the last word on each study, and on each study with each report"


def numbers(moment: Moment) -> Iterator[Number]:
    """All numbers of studies that are named and stand, whether they are included or not."""
    review = moment.review
    known = studies.standing(review)
    reports: dict[str, list[str]] = {name: [] for name in known}
    links = studies.of_reports(review)
    for report, names in links.items():
        for name in names:
            reports[name].append(report)
    literature = [name for name, study in known.items() if study.kind == studies.LITERATURE]
    yield _number("named", literature, "Studies of the literature that have a name.")
    yield _number(
        "own",
        [name for name, study in known.items() if study.kind == studies.OWN],
        "Own series, which count in no flow.",
    )
    yield _number(
        "several_reports",
        [name for name in literature if len(reports[name]) > 1],
        "Studies of the literature of which several reports tell.",
    )
    yield _number(
        "without_report",
        [name for name in literature if not reports[name]],
        "Studies of the literature that no report is linked to.",
    )
    yield _number("reports", links, "Reports that are linked to a study.", of="reports")
    yield _number(
        "reports_of_several",
        [report for report, names in links.items() if len(names) > 1],
        "Reports that tell of several studies.",
        of="reports",
    )


def _number(name: str, rows: Iterable[str], definition: str, *, of: str = "studies") -> Number:
    found = tuple(rows)
    return Number(
        name=f"studies.{name}", value=len(found), definition=definition, of=of, rows=found, derived=_DERIVED
    )
