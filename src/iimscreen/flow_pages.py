"""The page of this review's flow: the figure, and behind each number its records, read in one go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from iimscreen import __version__, diagram, numbers, pages, review_flow
from iimscreen.flow import Flow
from iimscreen.model import Behind, Number
from iimscreen.numbers import prisma
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, log


def page(review: Review, *, at: str, version: int | None = None) -> str:
    """The flow as it stands, or that of a completed version, as one HTML page.

    `at` is when it is made, as the page says it. Raises what `review_flow.prisma` and `review_flow.of_version` do.
    """
    with review.snapshot() as still:
        flow = review_flow.prisma(still) if version is None else review_flow.of_version(still, version)
        number, uid = log.last_row(still)
        return pages.flow(
            diagram.of_flow(flow),
            lists(still, flow),
            title=in_force(still).title,
            lead="PRISMA 2020 flow diagram" + ("" if version is None else f" of version {version}"),
            foot=[
                f"Made with iimscreen {__version__} on {at}. The last of the log's {number:,} rows was {uid}.",
                "The lists are those of the review file at that time; each number is the length of its list.",
            ],
        )


def lists(review: Review, flow: Flow) -> list[pages.NumberList]:
    """The numbers of a flow with the rows behind each, cited in full. What is closed to view has none."""
    found = list(prisma.of_flow(flow))
    studies = {
        one.name: flow.reports_of(_plain(one.name)) for one in found if one.of == "studies" and one.rows
    }
    told = _cited(review, found, studies.values())
    return [
        pages.NumberList(
            name=_plain(one.name),
            full_name=one.name,
            definition=one.definition,
            of=one.of,
            rows=tuple(told.get(row) or Behind(row, row) for row in one.rows)
            if one.of != "studies"
            else tuple(Behind(row, row) for row in one.rows),
            reports={
                study: tuple(told.get(report) or Behind(report, report) for report in reports)
                for study, reports in studies.get(one.name, {}).items()
            },
            why_not=one.why_not if one.value is None else "",
        )
        for one in found
    ]


def _plain(name: str) -> str:
    return name.removeprefix("prisma.")


def _cited(
    review: Review, found: Iterable[Number], studies: Iterable[Mapping[str, tuple[str, ...]]]
) -> dict[str, Behind]:
    """Each record behind any of the numbers, read and cited once."""
    keys = dict.fromkeys(row for one in found if one.of != "studies" for row in one.rows)
    keys |= dict.fromkeys(report for links in studies for reports in links.values() for report in reports)
    every = Number(name="", value=len(keys), definition="", of="records", rows=tuple(keys))
    return {row.key: row for row in numbers.behind(review, every)}
