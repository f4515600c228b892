"""The sums that must hold in a flow, F1 to F14, and which of them do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import chain

from iimscreen.flow.boxes import KIND_BOX, is_sought
from iimscreen.flow.figures import Flow, Report
from iimscreen.voting import State
from iimscreen.wording import counted


def violations(flow: Flow, reports: Sequence[Report], pooled: Collection[str] = ()) -> list[str]:
    """Identities that do not hold, in sentences; empty when the flow adds up.

    `pooled` are the studies whose data would go into a meta-analysis, as far as that is known. While a round is
    unfinished its open records stand on the right-hand side; identities over boxes that are closed to view are
    not checked.
    """
    boxes, faults = flow.boxes, []

    def holds(name: str, left: int | None, right: Sequence[int | None], words: str) -> None:
        parts = [part for part in right if part is not None]
        if left is not None and len(parts) == len(right) and left != sum(parts):
            faults.append(f"{name}: {words}: {left} is not {' + '.join(map(str, parts))}")

    column_a = [report for report in reports if report.from_databases]
    identified = (boxes["database_results"] or 0) + (boxes["register_results"] or 0)
    holds(
        "F1",
        identified,
        [
            boxes["duplicates"],
            boxes["excluded_automatic"],
            boxes["excluded_other"],
            boxes["records_screened"],
        ],
        "records identified = duplicates + automation + other reasons + screened",
    )
    if twice := set(flow.lists["duplicates"] or ()) & set(flow.lists["excluded_other"] or ()):
        faults.append(
            f"F1: removed both as a duplicate and for other reasons: {', '.join(sorted(twice)[:5])}"
        )
    open_screening = sum(
        r.screening is not None and r.screening.state in (State.PENDING, State.CONFLICT) for r in column_a
    )
    holds(
        "F3",
        boxes["records_screened"],
        [boxes["records_excluded"], boxes["dbr_sought_reports"], open_screening],
        "records screened = excluded + sought for retrieval (+ open)",
    )
    for prefix, reasons in (("dbr", flow.reasons_databases), ("other", flow.reasons_other)):
        column = [r for r in reports if r.from_databases == (prefix == "dbr") and is_sought(r)]
        holds(
            "F4",
            boxes[f"{prefix}_sought_reports"],
            [
                boxes[f"{prefix}_notretrieved_reports"],
                boxes[f"{prefix}_assessed"],
                sum(r.retrieval is None for r in column),
            ],
            f"reports sought = not retrieved + assessed (+ unmarked), column {prefix}",
        )
        if reasons is not None:
            holds("F5", boxes[f"{prefix}_excluded"], [sum(reasons.values())], "excluded = sum of its reasons")
            if "no reason given" in reasons:
                faults.append(
                    f"F5: {counted(reasons['no reason given'], 'report')} excluded at full text without a reason"
                )
    for name, part, whole, words in (
        ("F2", "records_excluded", "records_screened", "records excluded are at most those screened"),
        (
            "F9",
            "other_sought_reports",
            None,
            "reports sought by other methods are at most the records found so",
        ),
    ):
        most = boxes[whole] if whole else sum(flow.other.values())
        if boxes[part] is not None and most is not None and (boxes[part] or 0) > most:
            faults.append(f"{name}: {words}: {boxes[part]} is more than {most}")
    return [
        *faults,
        *_exclusion_faults(flow),
        *_total_faults(flow, reports),
        *_study_faults(flow),
        *_update_faults(flow),
        *_list_faults(flow),
        *_interim_faults(flow, reports),
        *_pooled_faults(flow, pooled),
    ]


def _exclusion_faults(flow: Flow) -> list[str]:
    """F2: records excluded are those that people excluded and those that tools excluded, all of them screened."""
    excluded = flow.lists.get("records_excluded")
    if excluded is None:
        return []
    faults = []
    by_whom = [flow.lists.get(f"records_excluded_{who}") or () for who in ("human", "automatic")]
    if Counter(excluded) != Counter(key for keys in by_whom for key in keys):
        people, tools = map(len, by_whom)
        faults.append(
            f"F2: records excluded = by people + by tools: {len(excluded)} is not {people} + {tools}"
        )
    if unscreened := sorted(set(excluded) - set(flow.lists["records_screened"] or ())):
        faults.append(f"F2: excluded, and not among the records screened: {', '.join(unscreened[:5])}")
    return faults


_INCLUDED = ("new_reports", "new_reports_of_previous_studies")


def _total_faults(flow: Flow, reports: Sequence[Report]) -> list[str]:
    """F6 and F7, over both columns: every assessed report ends in one place."""
    if flow.lists["new_reports"] is None:
        return []
    ends = [
        flow.lists.get(place) or () for place in ("dbr_excluded", "other_excluded", "awaiting", "ongoing")
    ]
    included = [key for name in _INCLUDED for key in flow.lists[name] or ()]
    assessed = [*(flow.lists["dbr_assessed"] or ()), *(flow.lists["other_assessed"] or ())]
    are_assessed = set(assessed)
    still_open = [
        r.key
        for r in reports
        if r.key in are_assessed
        and r.assessment is not None
        and r.assessment.state in (State.PENDING, State.CONFLICT)
    ]
    placed = [*(key for keys in ends for key in keys), *included, *still_open]
    faults = []
    if len(set(included)) != len(included):
        faults.append("F7: a report stands among the included ones twice")
    if sorted(placed) == sorted(assessed):
        return faults
    return [
        *faults,
        f"F6: reports assessed = excluded + awaiting + ongoing + included (+ open): {len(assessed)} assessed, "
        f"{len(placed)} placed ({', '.join(sorted(set(placed) ^ set(assessed))[:5])})",
    ]


def _study_faults(flow: Flow) -> list[str]:
    """F8: every included report tells of a study, every study that counts has an included report.

    A new study has new reports only; a report is new where it tells of a new study.
    """
    if flow.lists["new_reports"] is None:
        return []
    faults = []
    which = "total" if flow.previous else "new"
    reports, studies = flow.lists[f"{which}_reports"] or (), flow.lists[f"{which}_studies"] or ()
    without = [report for report in reports if not flow.links.get(report)]
    if without:
        faults.append(
            f"F8: {counted(len(without), 'included report')} of no study ({', '.join(without[:5])})"
        )
    told = {study for report in reports for study in flow.links.get(report, ())}
    if told != set(studies) or len(set(studies)) != len(studies):
        apart = ", ".join(sorted(told ^ set(studies))[:5]) or "one stands there twice"
        faults.append(f"F8: {which} studies are not those of their included reports ({apart})")
    new = set(flow.lists["new_studies"] or ())
    for name, is_new in (("new_reports", True), ("new_reports_of_previous_studies", False)):
        wrong = [key for key in flow.lists[name] or () if new.isdisjoint(flow.links.get(key, ())) == is_new]
        if wrong:
            faults.append(f"F8: {name} and new_studies do not go together ({', '.join(wrong[:5])})")
    earlier = set(reports) - set(flow.lists["new_reports"] or ())
    if known := sorted(new & {study for report in earlier for study in flow.links.get(report, ())}):
        faults.append(f"F8: new studies with a report of an earlier one ({', '.join(known[:5])})")
    return faults


def _update_faults(flow: Flow) -> list[str]:
    """F10 and F11: total = previous − dropped + included since + new, as numbers and as sets.

    Of reports also those that are new and of a study that was included before.
    """
    faults = []
    for name, noun, among, further in (
        ("F10", "studies", "previous_studies", ()),
        ("F11", "reports", "previous", flow.lists["new_reports_of_previous_studies"] or ()),
    ):
        total = flow.lists.get(f"total_{noun}")
        if total is None:
            continue
        before, less, since, new = (
            len(flow.lists.get(key) or ())
            for key in (f"previous_{noun}", f"{among}_dropped", f"{among}_added", f"new_{noun}")
        )
        if len(total) != before - less + since + new + len(further):
            more = f" + {len(further)} of earlier studies" if further else ""
            faults.append(
                f"{name}: total {noun} = previous − dropped + included since + new: {len(total)} is not "
                f"{before} − {less} + {since} + {new}{more}"
            )
        if len(set(total)) != len(total):
            faults.append(f"{name}: one of the total {noun} is both new and of the version before")
    return faults


# Where hits of sub-queries count for themselves, a file may bring one record twice, and both are hits.
_OF_HITS = frozenset((*KIND_BOX.values(), "duplicates"))


def _list_faults(flow: Flow) -> list[str]:
    """F12: every number is the length of a list that can be printed, and of its parts together."""
    faults = [
        f"F12: {name}: {count} is not the length of its list"
        for name, count in flow.boxes.items()
        if (None if (keys := flow.lists.get(name)) is None else len(keys)) != count
    ]
    for name, keys in flow.lists.items():
        if keys is None or name in _OF_HITS or len(set(keys)) == len(keys):
            continue
        twice = [key for key, count in Counter(keys).items() if count > 1]
        if twice:
            faults.append(f"F12: {name} has one row twice ({', '.join(twice[:5])})")
    for box, parts in flow.parts.items():
        keys = flow.lists.get(box)
        if keys is None:
            continue
        if len(parts) == 1 and keys == next(iter(parts.values())):
            continue  # one database brought them all: the usual case, and the largest lists
        if Counter(keys) != Counter(chain.from_iterable(parts.values())):
            together = " + ".join(str(len(part)) for part in parts.values()) or "0"
            faults.append(f"F12: {box} is not its parts together: {len(keys)} and {together}")
    for box, told in (
        ("database_results", flow.databases),
        ("register_results", flow.registers),
        ("dbr_excluded", flow.reasons_databases),
        ("other_excluded", flow.reasons_other),
    ):
        parts = flow.parts.get(box, {})
        if told is not None and parts and {name: len(keys) for name, keys in parts.items()} != dict(told):
            faults.append(f"F12: the counts of {box} are not those of the lists behind them")
    return faults


def _interim_faults(flow: Flow, reports: Sequence[Report]) -> list[str]:
    """F13: no vote is missing and no conflict is open behind a printed number, unless the flow is stamped interim."""
    if flow.interim:
        return []
    faults = []
    for stage, outcomes in (
        ("title and abstract", [one.screening for one in reports]),
        ("full text", [one.assessment for one in reports if one.retrieval == "retrieved"]),
    ):
        known = [one for one in outcomes if one is not None]
        left = sum(one.state is State.PENDING or one.needs_someone for one in known)
        if left:
            faults.append(f"F13: {counted(left, 'report')} not settled on {stage}, and not stamped interim")
    unmarked = sum(is_sought(one) and one.retrieval is None for one in reports)
    if unmarked and flow.lists["dbr_sought_reports"] is not None:
        faults.append(f"F13: {counted(unmarked, 'report')} sought without a mark, and not stamped interim")
    if flow.lists["new_reports"] is None:
        faults.append("F13: numbers are closed to view, and the flow is not stamped interim")
    return faults


def _pooled_faults(flow: Flow, pooled: Collection[str]) -> list[str]:
    """F14: the studies of a meta-analysis are among those included, and so no more than these."""
    total = flow.lists.get("total_studies" if flow.previous else "new_studies")
    if total is None or not pooled:
        return []
    if stray := sorted(set(pooled) - set(total)):
        return [
            f"F14: {counted(len(set(pooled)), 'study', 'studies')} with data to be pooled, of which "
            f"{counted(len(stray), 'study', 'studies')} not among the {len(total)} included "
            f"({', '.join(stray[:5])})"
        ]
    return []
