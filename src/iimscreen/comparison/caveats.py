"""What must be said beside the counts of a comparison, in sentences. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from iimscreen.comparison import Comparison, Side, same_source
from iimscreen.comparison.reasons import Grade
from iimscreen.wording import counted


def sentences(found: Comparison) -> list[str]:
    """What must be said beside the counts: how much cannot be known, and why."""
    said = []
    first, second = found.first, found.second
    share = found.share_cannot_know
    if share is None:
        said.append("No difference was found.")
    else:
        unknown = found.grades()[Grade.CANNOT_KNOW]
        said.append(
            f"For {unknown:,} of {counted(len(found.differences), 'difference')} ({100 * share:.0f}%) the reason "
            "cannot be known from what is stored."
        )
    if found.not_comparable:
        said.append(
            f"Whether the contents changed cannot be known for {found.not_comparable:,} of "
            f"{counted(found.in_both, 'record')} on both sides ({100 * found.not_comparable / found.in_both:.0f}%)"
            f": {_why_not_comparable(first, second)}."
        )
    if not found.same_source and None in (first.source, second.source):
        said.append(
            "A list of PMIDs stands beside another source than PubMed: a record that states no PMID there "
            "cannot be matched, and what one side lacks may not be in that source at all."
        )
    elif not found.same_source:
        said.append(
            "The two sides are different sources, matched by PMID, then DOI: what one lacks may stand in the "
            "other unfound, or not at all."
        )
    said += [
        f"When {side.name} was made is not known, so nothing can be called entered or indexed later than it; "
        "--on DATE tells it."
        for side in (first, second)
        if side.source is None and side.asked_until is None
    ]
    said += [
        f"When {side.name} was exported is not known: the day of the import stands for it, the latest that it can be."
        for side in (first, second)
        if side.source is not None and not side.queries
    ]
    return [*said, *_on_limits(first, second)]


def _why_not_comparable(first: Side, second: Side) -> str:
    if first.source is None or second.source is None:
        return "a list of PMIDs has no contents"
    if not same_source(first, second):
        return "different sources word one record differently"
    return "a side keeps no replies for them, or they came through different readers"


def _on_limits(first: Side, second: Side) -> Iterator[str]:
    limits = {side.limit for side in (first, second) if side.limit}
    if any(limit.is_by_entry for limit in limits):
        yield (
            "The limit by day of entry leaves out what entered later, but the headings and texts searched are "
            "those of the day of the run, not of the limit's date."
        )
    if any(not limit.is_by_entry for limit in limits):
        yield "A limit by [edat] or [dp] does not tell what was in the database on that day; one by [crdt] does."
