"""How a living review looks: versions, a search repeated, a version entered, what `watch` found."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from iimscreen import render
from iimscreen.render import cite, named, plain
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.living import Listed
    from iimscreen.store.versions import Closure
    from iimscreen.updating import NotRepeated, Repeated
    from iimscreen.watching import Consequence, Look, Seen

_MOST_NAMED = 10
_BOXES = {
    "dbr_excluded": "Reports excluded, found by databases and registers",
    "other_excluded": "Reports excluded, found by other methods",
    "new_studies": "Studies included",
    "new_reports": "Reports of included studies",
    "total_studies": "Total studies included",
    "total_reports": "Reports of total included studies",
}


def closed(closure: Closure) -> None:
    """A version just closed."""
    boxes = closure.flow["boxes"]
    reports = boxes["total_reports"] if boxes["total_reports"] is not None else boxes["new_reports"]
    studies = boxes["total_studies"] if boxes["total_studies"] is not None else boxes["new_studies"]
    render._say(
        f"Version {closure.number}{_titled(closure.title)} is closed: {counted(studies, 'study', 'studies')} in "
        f"{counted(reports, 'report')} included.",
        "bold",
    )
    render._say("What comes from here on belongs to its update.")
    waiting = [
        f"{counted(len(closure.flow[name]), 'report')} {words}"
        for name, words in (("awaiting", "awaiting classification"), ("ongoing", "of ongoing studies"))
        if closure.flow.get(name)
    ]
    if waiting:
        render._say(
            f"Still to be decided, and carried into the update: {', '.join(waiting)}; when more is known: "
            "iimscreen resolve --stage full-text --by NAME --by NAME --record RECORD --verdict VERDICT --note WHY"
        )
    render._say(f"Its flow diagram: iimscreen prisma --version {closure.number}")
    render._say("Next: iimscreen search --update   (when the time has come)")


def versions(found: Listed, *, as_json: bool) -> None:
    """Versions made elsewhere, versions closed here, and the one under way."""
    if as_json:
        render.json(asdict(found))
        return
    table = render._table(
        "version", "title", "completed", "by", "studies", "reports", right=("studies", "reports")
    )
    for one in found.elsewhere:
        render._row(
            table,
            "made elsewhere",
            one.title,
            f"entered {one.at[:10]}",
            one.by,
            one.studies,
            len({report for report, _ in one.reports}),
        )
    for closure in found.closed:
        studies = len({study for _, study in closure.reports})
        render._row(
            table,
            f"version {closure.number}",
            closure.title,
            closure.at[:10],
            closure.by,
            studies,
            len({report for report, _ in closure.reports}),
        )
    render._row(
        table, f"version {found.present}", "", "under way" if found.has_work else "not begun", "", "", ""
    )
    render.console().print(table)
    if found.closed:
        render._say("The flow of a closed version: iimscreen prisma --version N", "dim")


def _titled(title: str) -> str:
    return f" ({plain(title)})" if title else ""


def repeated(one: Repeated) -> None:
    """One strategy searched again, against the search that it repeats."""
    until = ", without a date limit"
    if one.search.as_of:
        until = f", records that entered until {one.search.as_of}"
    elif one.follows_links:
        until += ": links of citations can have none"
    render._say(f"\n{plain(one.database)}, strategy {plain(one.strategy)}{until}", "bold")
    if one.was_done:
        render._say(f"  Completed on {one.search.at[:10]} and nothing was asked.")
    before = f"{one.before_at[:10]}" + (f", until {one.before_as_of}" if one.before_as_of else "")
    render._say(f"  {counted(one.search.unique, 'record')} now, {one.before:,} then ({before})")
    render._say(
        f"  {len(one.new):,} new to this strategy, {one.new_to_review:,} of them new to the review"
        if one.new
        else "  nothing new"
    )
    if one.lost:
        shown = ", ".join(one.lost[:_MOST_NAMED]) + (", …" if len(one.lost) > _MOST_NAMED else "")
        render._say(
            f"  {counted(len(one.lost), 'record')} no longer found, and kept as stored: {shown}", "yellow"
        )
    if one.changed:
        render._say(
            f"  {counted(len(one.changed), 'record')} that {plain(one.database)} states otherwise now"
        )
    if one.retracted:
        render._say(
            f"  RETRACTED since: {', '.join(one.retracted)}; look closer with iimscreen watch", "bold red"
        )
    if one.not_compared:
        render._say(f"  contents cannot be compared: {plain(one.not_compared)}", "dim")
    render._say(
        f"  iimscreen search compare {one.before_uid[:8]} {one.search.uid[:8]}   (each difference, with its reason)",
        "dim",
    )


def not_repeated(one: NotRepeated) -> None:
    """One strategy that could not be searched again."""
    render._say(f"\n{plain(one.database)}, strategy {plain(one.strategy)}: not repeated", "bold yellow")
    render._say(f"  {plain(one.cause)}")
    render._say(f"  → {plain(one.hint)}")


def look(found: Look, *, as_json: bool) -> None:
    """What became of the judged reports."""
    if as_json:
        render.json(_look_as_json(found))
        return
    for origin, count in found.looked_at:
        render._say(f"{origin}: {count:,} of {counted(found.judged, 'judged report')} looked up")
    if found.without_pmid:
        render._say(
            f"PubMed cannot tell of {counted(len(found.without_pmid), 'report')} without a PMID: "
            f"{', '.join(found.without_pmid[:_MOST_NAMED])}",
            "yellow",
        )
    if not found.seen:
        render._say("Nothing new, and nothing open." if found.looked_at else "Nothing is open.")
    for seen in found.seen:
        _finding(seen)
    for one in found.consequences:
        _consequence(one)
    if any(seen.finding.is_open for seen in found.seen):
        render._say(
            "\nA joint decision is open: iimscreen watch settle RECORD --by NAME --by NAME --keep   "
            "(or --exclude --reason CODE)",
            "bold",
        )
        render._say("No inclusion has been changed.")


def _finding(seen: Seen) -> None:
    one = seen.finding
    known = "known when it was judged, shown once" if one.was_known else "open"
    new = "new, " if seen.is_new else f"found {one.at[:10]}, "
    render._say(f"\n{one.kind.upper()}  {named(seen.record)}, {seen.standing} ({new}{known})", "bold")
    render._say(f"  {plain(seen.record.record.title) or 'no title stated'}")
    render._say(f"  {plain(cite(seen.record.record))}", "dim")
    render._say(f"  {one.origin}: {' '.join(filter(None, (one.notice, plain(one.citation))))}")


def _consequence(one: Consequence) -> None:
    who = one.keys[0] if len(one.keys) == 1 else f"all {len(one.keys)} of them"
    render._say(f"\nIf {who} were excluded:", "bold")
    if one.is_closed:
        render._say("  not shown while a round of this version is unfinished", "yellow")
        return
    table = render._table("number of the flow", "", "now", "then", right=("now", "then"))
    for box, (now, then) in one.boxes.items():
        render._row(table, box, _BOXES.get(box, ""), now, then)
    render.console().print(table)


def _look_as_json(found: Look) -> dict[str, object]:
    return {
        "looked_at": dict(found.looked_at),
        "judged": found.judged,
        "without_pmid": list(found.without_pmid),
        "findings": [
            {
                "record": seen.record.key,
                "title": seen.record.record.title,
                "standing": seen.standing,
                "kind": seen.finding.kind,
                "notice": seen.finding.notice,
                "citation": seen.finding.citation,
                "origin": seen.finding.origin,
                "was_known": seen.finding.was_known,
                "is_open": seen.finding.is_open,
                "is_new": seen.is_new,
            }
            for seen in found.seen
        ],
        "if_excluded": [
            {"records": list(one.keys), "closed_to_view": one.is_closed, "boxes": dict(one.boxes)}
            for one in found.consequences
        ],
    }
