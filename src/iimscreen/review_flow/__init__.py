"""The PRISMA flow of a review: as it stands, as it was in a completed version, as it would be without a report.

In an update it counts what has arrived since the last completed version (by the log), and takes what
that version included, or a version made elsewhere did, as previous studies.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from iimscreen import flow
from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import Kind
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.review_flow import beside
from iimscreen.review_flow.beside import command_of
from iimscreen.review_flow.since import judged, since_the_version_before
from iimscreen.review_protocol import in_force, reason_labels
from iimscreen.store import Review, curation, records, runs, studies, versions
from iimscreen.store.gate import Gate
from iimscreen.voting import Outcome, State
from iimscreen.wording import slugs

__all__ = [
    "WOULD_BE",
    "closed",
    "command_of",
    "derived",
    "differences",
    "flow_and_reports",
    "frozen",
    "judged",
    "lists_sha256",
    "missing",
    "named_list",
    "named_studies",
    "of_version",
    "prisma",
    "what_if",
    "without",
]


WOULD_BE = "what-if"  # the reason of an exclusion that is only thought of


def prisma(review: Review, *, gate: Gate | None = None) -> flow.Flow:
    """The PRISMA 2020 flow as it stands. Raises ProtocolError if its numbers do not add up.

    `gate` is one that was made of the very same state of the review, to be read once.
    """
    with review.glance() as still:
        made, reports = flow_and_reports(still, gate=gate)
    return _sound(made, reports)


def without(review: Review, excluded: Collection[str]) -> flow.Flow:
    """The flow as it would be if these reports were excluded at full text; nothing is changed."""
    with review.snapshot() as still:
        made, _ = flow_and_reports(still, excluded=excluded)
    return made


def what_if(
    review: Review, excluded: Collection[str], *, gone: Collection[str], unsearched: Collection[str]
) -> flow.Flow:
    """The flow as `without`, and as if studies (`gone`) and databases (`unsearched`) had never been.

    Raises ProtocolError if its numbers do not add up.
    """
    with review.snapshot() as still:
        made, reports = flow_and_reports(still, excluded=excluded, gone=gone, unsearched=unsearched)
    return _sound(made, reports)


def of_version(review: Review, number: int) -> flow.Flow:
    """The flow of a completed version as it was, derived anew from the log up to its closure.

    Raises InputError if there is no such version, and ProtocolError if the derived numbers or the
    lists behind them are not those that were noted when it was closed.
    """
    with review.snapshot() as still:
        closed = versions.closures(still)
        closure = next((one for one in closed if one.number == number), None)
        if closure is None:
            known = ", ".join(str(one.number) for one in closed)
            raise InputError(
                f"this review has no completed version {number}",
                hint=f"completed: {known}" if known else "`iimscreen version close` declares one",
            )
        made, reports = derived(still, closure)
    faults = differences(closure, made)
    if faults:
        raise ProtocolError(
            f"the flow of version {number} can no longer be derived from the log: {'; '.join(faults)}",
            hint="`iimscreen check` says more",
        )
    return _sound(made, reports)


def derived(review: Review, closure: versions.Closure) -> tuple[flow.Flow, list[flow.Report]]:
    """The flow of a completed version from the log's rows before its closure, and where its reports stood."""
    from iimscreen import dedupe  # the rules and rapidfuzz, 70 ms: the present flow does without

    with versions.as_it_was(review, closure.log_id) as then:
        dedupe.restore(then)
        return flow_and_reports(then)


def frozen(made: flow.Flow) -> dict[str, object]:
    """The numbers of a flow that are noted when its version is closed."""
    return {
        "template": made.template,
        "boxes": dict(made.boxes),
        "databases": dict(made.databases),
        "registers": dict(made.registers),
        "other": dict(made.other),
        "reasons": dict(made.reasons or {}),
        # No box holds these, and what becomes of them is the next version's matter.
        "awaiting": [*(made.lists["awaiting"] or ()), *(made.lists.get("previous_awaiting") or ())],
        "ongoing": [*(made.lists["ongoing"] or ()), *(made.lists.get("previous_ongoing") or ())],
    }


def lists_sha256(made: flow.Flow) -> str:
    """One hash over the lists behind the boxes."""
    return versions.lists_sha256({name: made.lists.get(name) for name in flow.BOXES})


def differences(closure: versions.Closure, made: flow.Flow) -> list[str]:
    """How a derived flow differs from what was noted at the closure, in sentences."""
    faults = []
    now = frozen(made)
    for name, value in closure.flow.items():
        if name == "boxes":
            faults += [
                f"{box} was {count} and is {made.boxes.get(box)}"
                for box, count in value.items()
                if made.boxes.get(box) != count
            ]
        elif now.get(name) != value:
            faults.append(f"{name}: {value} was noted, {now.get(name)} is derived")
    if not faults and lists_sha256(made) != closure.lists_sha256:
        faults.append("the numbers are the same, but not the records behind them")
    return faults


def _sound(made: flow.Flow, reports: Sequence[flow.Report]) -> flow.Flow:
    faults = flow.violations(made, reports)
    if faults:
        raise ProtocolError(
            f"the numbers do not add up, so they are not printed: {'; '.join(faults)}",
            hint="`iimscreen check` says more; please report it",
        )
    return made


def flow_and_reports(
    review: Review,
    *,
    excluded: Collection[str] = (),
    gone: Collection[str] = (),
    unsearched: Collection[str] = (),
    gate: Gate | None = None,
) -> tuple[flow.Flow, list[flow.Report]]:
    """The flow and the reports that it counts, not checked; what is left out as in `what_if`, `gate` as in `prisma`."""
    protocol = in_force(review)
    gate = gate or Gate(review, protocol)
    rows = records.memberships(review)
    removed = curation.removed(review)
    links = _links(review, gone)
    since = since_the_version_before(review, gate, rows, links, excluded)
    arrived = since.arrived
    everything = [_if_excluded(one, excluded) for one in gate.reports()]
    reports = [one for one in everything if one.key not in since.known]
    if unsearched:
        arrived = frozenset(key for key, _, name, *_ in rows if key in arrived and name not in unsearched)
        left = [row for row in rows if row[2] not in unsearched and row[0] not in removed]
        reports = _still_found(reports, left, others_too=protocol.screen_other_methods)
    earlier = [one for one in everything if one.key in since.known]
    is_open = gate.is_open(TITLE_ABSTRACT), gate.is_open(FULL_TEXT)
    hits = None
    if protocol.identified == "sum-of-sub-queries":
        hits = [(run, key) for run, key in runs.hits(review) if key in arrived]
    made = flow.build(
        [
            flow.Origin(key, database, kind, kept, key in removed)
            for key, _, database, kind, kept, _ in rows
            if key in arrived
        ],
        reports,
        protocol.reasons,
        screening_is_open=is_open[0],
        assessment_is_open=is_open[1],
        hits=hits,
        missing=[
            *beside.unfinished(review, gate),
            *(f"{left}, known to the version before" for left in flow.unfinished(earlier, *is_open)),
        ],
        footnotes=[
            *beside.footnotes(review, protocol, gate, reports, since.closed_at),
            *beside.removals([one for key, one in removed.items() if key in arrived]),
            *since.notes,
        ],
        notice=protocol.notice,
        sources=[one for one in since.sources if one[0] not in unsearched],
        labels={**reason_labels(review), **({WOULD_BE: "left out, what if"} if excluded else {})},
        previous=since.previous,
        links=links,
    )
    return made, reports


def _if_excluded(report: flow.Report, excluded: Collection[str]) -> flow.Report:
    is_included = report.assessment is not None and report.assessment.state is State.INCLUDE
    if report.key not in excluded or not is_included:
        return report
    return report._replace(assessment=Outcome(State.EXCLUDE, WOULD_BE))


def _links(review: Review, gone: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Report → its studies, but for those that are gone; a report of which none is left is absent."""
    links = studies.of_reports(review)
    if not gone:
        return links
    left = {report: tuple(one for one in named if one not in gone) for report, named in links.items()}
    return {report: named for report, named in left.items() if named}


def _still_found(
    reports: Sequence[flow.Report],
    rows: Sequence[tuple[str, str, str, Kind, str, str | None]],
    *,
    others_too: bool,
) -> list[flow.Report]:
    """The reports that these records tell of, each in the column to which they bring it.

    One that only other methods would have found is screened where the protocol screens those too; else what
    was said of its title and abstract counts for nothing.
    """
    from_databases: dict[str, bool] = {}
    for _, _, _, kind, report, _ in rows:
        from_databases[report] = from_databases.get(report, False) or not kind.is_other_method
    found = []
    for one in reports:
        if one.key not in from_databases:
            continue
        is_screened = from_databases[one.key] or others_too
        found.append(
            one._replace(
                from_databases=from_databases[one.key],
                was_screened=is_screened,
                screening=one.screening if is_screened else None,
            )
        )
    return found


def missing(review: Review, gate: Gate) -> tuple[str, ...]:
    """What is unfinished, in sentences: as the flow states it, without counting everything else."""
    if versions.closures(review) or versions.previous_reviews(review):
        made, _ = flow_and_reports(review)
        return made.missing
    found = beside.unfinished(review, gate)
    if gate.is_open(TITLE_ABSTRACT):  # of a closed one the flow has nothing to tell
        found += flow.unfinished(gate.reports(), True, gate.is_open(FULL_TEXT))
    return tuple(found)


def named_list(review: Review, name: str, *, version: int | None = None) -> list[str]:
    """What stands behind one number of the flow, or of a completed version's: record keys, or names of studies.

    A part of a number is named as `why` names it: "dbr_excluded.review". Raises InputError if there is no such
    number, ProtocolError if it is closed to view.
    """
    return list(_named(review, name, version).keys_of(name) or ())


def named_studies(review: Review, name: str, *, version: int | None = None) -> dict[str, tuple[str, ...]]:
    """The studies behind one number of studies, each with its reports; as `named_list` otherwise."""
    return _named(review, name, version).reports_of(name)


def _named(review: Review, name: str, version: int | None) -> flow.Flow:
    made = prisma(review) if version is None else of_version(review, version)
    box, dot, part = name.partition(".")
    if dot and made.lists.get(box, ()) is None and part in slugs(made.labels).values():
        name = box  # which is closed to view with all its parts
    try:
        keys = made.keys_of(name)
    except KeyError as error:
        raise InputError(
            f"the flow has no number {name!r}", hint=f"its numbers: {', '.join(_names(made))}"
        ) from error
    if keys is None:
        gate = Gate(review, in_force(review))
        for stage in (TITLE_ABSTRACT, FULL_TEXT):
            gate.require_open(stage, name)
        raise InputError(f"{name} does not apply to this review", hint="`iimscreen prisma` shows what does")
    return made


def _names(made: flow.Flow) -> list[str]:
    return sorted([*made.lists, *(name for box in made.parts for name in made.names_of_parts(box).values())])


def closed(gate: Gate) -> str:
    """Which stage keeps numbers of the flow closed to view, and who has how many to go; "" if none does."""
    for stage in (TITLE_ABSTRACT, FULL_TEXT):
        if not gate.is_open(stage):
            waiting = gate.progress(stage).waiting.items()
            left = ", ".join(f"{name} has {count:,} to go" for name, count in waiting if count)
            return f"stage {stage} is blind and unfinished" + (f": {left}" if left else "")
    return ""
