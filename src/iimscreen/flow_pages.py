"""The page of this review's flow: the figure, and behind each number its records, read in one go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from iimscreen import __version__, diagram, numbers, pages, pictures, review_flow
from iimscreen.flow import STUDY_LISTS, Flow
from iimscreen.model import Behind, Number
from iimscreen.numbers import prisma
from iimscreen.numbers.notes import notes_on
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, log
from iimscreen.store.gate import Gate


def page(review: Review, *, at: str, version: int | None = None) -> str:
    """The flow as it stands, or that of a completed version, as one HTML page.

    `at` is when it is made, as the page says it. Raises what `review_flow.prisma` and `review_flow.of_version` do.
    """
    with review.snapshot() as still:
        flow = review_flow.prisma(still) if version is None else review_flow.of_version(still, version)
        _, uid = log.last_row(still)  # how many rows there are would tell how much is extracted, and closed
        made = diagram.of_flow(flow)
        return pages.flow(
            made,
            lists(still, flow, version=version),
            title=in_force(still).title,
            lead="PRISMA 2020 flow diagram" + ("" if version is None else f" of version {version}"),
            svg=pictures.svg(made),
            foot=[
                f"Made with iimscreen {__version__} on {at}. The last row of the log was {uid}.",
                "The lists are those of the review file at that time; each number is the length of its list.",
            ],
        )


def lists(review: Review, flow: Flow, *, version: int | None = None) -> list[pages.NumberList]:
    """The numbers of a flow with the rows behind each, cited in full. What is closed to view has none."""
    family = "prisma" if version is None else f"prisma.v{version}"
    is_closed = any(keys is None for keys in flow.lists.values())
    closed = review_flow.closed(Gate(review, in_force(review))) if is_closed else ""
    found = {
        one.name.removeprefix(f"{family}."): one for one in prisma.of_flow(flow, family=family, closed=closed)
    }
    studies = {name: flow.reports_of(name) for name, one in found.items() if name in STUDY_LISTS and one.rows}
    told = _cited(review, found.values(), studies.values())
    notes = _notes(review, found) if version is None else {}

    def row(key: str, name: str) -> Behind:
        known = told.get(key) or Behind(key, key)
        note = notes.get(name.partition(".")[0], {}).get(key, "")
        return known._replace(note=note) if note else known

    return [
        pages.NumberList(
            name=name,
            full_name=one.name,
            definition=one.definition,
            of=one.of,
            rows=tuple(Behind(key, key) if name in studies else row(key, name) for key in one.rows),
            reports={
                study: tuple(row(report, name) for report in reports)
                for study, reports in studies.get(name, {}).items()
            },
            why_not=one.why_not if one.value is None else "",
        )
        for name, one in found.items()
    ]


def _notes(review: Review, found: Mapping[str, Number]) -> dict[str, dict[str, str]]:
    """Of lists that are cited in full, row → why it is there; asked once for a list and all its parts."""
    return {
        name: {one.rows[place]: said for place, said in notes_on(review, one).items()}
        for name, one in found.items()
        if "." not in name and 0 < len(one.rows) <= pages.IN_FULL
    }


def _cited(
    review: Review, found: Iterable[Number], studies: Iterable[Mapping[str, tuple[str, ...]]]
) -> dict[str, Behind]:
    """Each record behind any of the numbers, read and cited once."""
    keys = dict.fromkeys(row for one in found if one.of != "studies" for row in one.rows)
    keys |= dict.fromkeys(report for links in studies for reports in links.values() for report in reports)
    every = Number(name="", value=len(keys), definition="", of="records", rows=tuple(keys))
    return {row.key: row for row in numbers.behind(review, every)}
