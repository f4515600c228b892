"""The PRISMA 2020 flow as lists of records, its boxes as their lengths, and the sums that must hold.

Pure. Definitions of record, report and study, the box keys and the identities F1 to F11 are those of
PRISMA 2020 (Page 2021, BMJ 372:n71) and of its R package's CSV template. Boxes whose round is still
blind are None here already: whoever builds the input asks the gate in `store/gate.py`.

The flow of an update (F10, F11) counts what was found since the version before; of the total it says
how it comes about: the version before, less what was dropped from it since, plus what is new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from iimscreen.model import Kind, Reason
from iimscreen.voting import Outcome, State
from iimscreen.wording import counted

# Keys of the R package's CSV template that hold a number, in its order.
BOXES = (
    "previous_studies",
    "previous_reports",
    "database_results",
    "register_results",
    "website_results",
    "organisation_results",
    "citations_results",
    "duplicates",
    "excluded_automatic",
    "excluded_other",
    "records_screened",
    "records_excluded",
    "dbr_sought_reports",
    "dbr_notretrieved_reports",
    "other_sought_reports",
    "other_notretrieved_reports",
    "dbr_assessed",
    "dbr_excluded",
    "other_assessed",
    "other_excluded",
    "new_studies",
    "new_reports",
    "total_studies",
    "total_reports",
    "total_studies_ma",
    "total_reports_ma",
)

_KIND_BOX = {
    Kind.DATABASE: "database_results",
    Kind.REGISTER: "register_results",
    Kind.WEBSITE: "website_results",
    Kind.ORGANISATION: "organisation_results",
    Kind.CITATION: "citations_results",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one record came from, and the report that it belongs to."""

    key: str
    database: str
    kind: Kind
    report: str  # key of the record kept for its report
    is_removed: bool = False  # before screening, for another reason than being a duplicate


class Report(NamedTuple):
    """Where one report stands. None as an outcome: that round is closed to view, or not its stage."""

    key: str
    from_databases: bool  # any of its records came from a database or register
    was_screened: bool  # passes title and abstract screening
    screening: Outcome | None
    retrieval: str | None  # retrieved, not_retrieved, None = not marked
    assessment: Outcome | None


@dataclass(frozen=True, slots=True)
class Previous:
    """What the version before of a living review included, and what became of it since."""

    title: str  # as a sentence names it: "version 1 (Title)"
    reports: Mapping[str, str]  # report → its study, in order
    found: frozenset[str] = frozenset()  # reports known then, whatever their outcome
    dropped: Mapping[str, str] = field(default_factory=dict)  # report → why it no longer counts
    added: Mapping[str, str] = field(default_factory=dict)  # report known then, included since → its study
    # Known then, and in no box of an update, which has none for them:
    waiting: Mapping[str, State] = field(
        default_factory=dict
    )  # report → awaiting or ongoing, as it stands now
    excluded: Mapping[str, str] = field(default_factory=dict)  # not included then, judged since → its outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A PRISMA 2020 flow. `lists` holds the keys behind each number; None where closed to view."""

    template: str  # new-databases, new-other, updated-databases or updated-other
    lists: Mapping[str, tuple[str, ...] | None]
    databases: Mapping[str, int]
    registers: Mapping[str, int]
    other: Mapping[str, int]
    reasons: Mapping[str, int] | None  # both columns together, in protocol order
    reasons_databases: Mapping[str, int] | None
    reasons_other: Mapping[str, int] | None
    labels: Mapping[str, str]  # of the reasons
    missing: tuple[str, ...] = ()  # what keeps the flow interim
    footnotes: tuple[str, ...] = ()
    notice: str = ""  # the protocol's, printed with every number
    previous: str = ""  # how a sentence names the version before; "" where this is the first
    boxes: Mapping[str, int | None] = field(init=False)

    def __post_init__(self) -> None:
        counted = {key: self.lists.get(key) for key in BOXES}
        object.__setattr__(
            self, "boxes", {key: None if keys is None else len(keys) for key, keys in counted.items()}
        )

    @property
    def interim(self) -> bool:
        """Whether some number may still change by work that the protocol asks for."""
        return bool(self.missing)


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
) -> Flow:
    """The flow of a review, or of its update.

    `hits`, pairs of a run's name and a record's key, is given when the protocol counts every hit of
    every sub-query as identified; a repeated hit then counts as a duplicate removed. With `previous`,
    origins, reports and hits are those that came since; a record of a report that was known then is a
    duplicate removed before screening.
    """
    lists: dict[str, tuple[str, ...] | None] = {}
    by_kind = _identified(origins, hits, sources)
    has_other = any(by_kind[kind] for kind in Kind if kind.is_other_method)
    for kind, box in _KIND_BOX.items():
        lists[box] = tuple(name for names in by_kind[kind].values() for name in names)
        if kind.is_other_method and not has_other:
            lists[box] = None
    lists["duplicates"] = _duplicates(origins, hits, previous.found if previous else frozenset())
    lists["excluded_automatic"] = ()  # no command marks records ineligible by automation yet
    lists["excluded_other"] = tuple(
        origin.key for origin in origins if origin.is_removed and not origin.kind.is_other_method
    )

    column_a = [report for report in reports if report.from_databases]
    column_b = [report for report in reports if not report.from_databases]
    lists["records_screened"] = tuple(report.key for report in column_a)
    lists["records_excluded"] = _in_state(column_a, "screening", State.EXCLUDE) if screening_is_open else None
    counted_reasons: dict[str, dict[str, int] | None] = {}
    for prefix, column in (("dbr", column_a), ("other", column_b)):
        lists.update(_column(prefix, column, screening_is_open, assessment_is_open))
        counted_reasons[prefix] = (
            _reasons(column, reasons) if assessment_is_open and screening_is_open else None
        )
        if prefix == "other" and not has_other:
            lists.update({key: None for key in lists if key.startswith("other_")})
    for key, state in (
        ("new_reports", State.INCLUDE),
        ("awaiting", State.AWAITING),
        ("ongoing", State.ONGOING),
    ):
        # Union as a set: a report found in both columns stands in column A alone.
        lists[key] = _in_state(reports, "assessment", state) if assessment_is_open else None
    lists["new_studies"] = lists["new_reports"]  # each report one study, until studies are linked
    if previous is not None:
        lists.update(_totals(previous, lists["new_reports"], lists["new_studies"]))

    return Flow(
        template=f"{'updated' if previous else 'new'}-{'other' if has_other else 'databases'}",
        lists=lists,
        databases=_counts(by_kind, (Kind.DATABASE,)),
        registers=_counts(by_kind, (Kind.REGISTER,)),
        other=_counts(by_kind, (Kind.WEBSITE, Kind.ORGANISATION, Kind.CITATION)),
        reasons=_sum(counted_reasons["dbr"], counted_reasons["other"]),
        reasons_databases=counted_reasons["dbr"],
        reasons_other=counted_reasons["other"],
        labels={**(labels or {}), **{reason.code: reason.label for reason in reasons}},
        missing=(*missing, *unfinished(reports, screening_is_open, assessment_is_open)),
        footnotes=(
            *footnotes,
            *_previous_notes(origins, previous),
            *_other_methods_note(
                origins, column_b, hits, screening_is_open, previous.found if previous else frozenset()
            ),
        ),
        notice=notice,
        previous=previous.title if previous else "",
    )


def _identified(
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


def _totals(
    previous: Previous, new_reports: tuple[str, ...] | None, new_studies: tuple[str, ...] | None
) -> dict[str, tuple[str, ...] | None]:
    """The boxes of the version before and of the total, and the lists that explain the total."""
    staying = {report: study for report, study in previous.reports.items() if report not in previous.dropped}
    staying_studies = set(staying.values())
    added_studies = tuple(study for study in _studies(previous.added) if study not in staying_studies)
    lists: dict[str, tuple[str, ...] | None] = {
        "previous_studies": _studies(previous.reports),
        "previous_reports": tuple(previous.reports),
        "previous_dropped": tuple(report for report in previous.reports if report in previous.dropped),
        "previous_studies_dropped": tuple(
            study for study in _studies(previous.reports) if study not in staying_studies
        ),
        "previous_added": tuple(previous.added),
        "previous_studies_added": added_studies,
        "previous_awaiting": tuple(r for r, state in previous.waiting.items() if state is State.AWAITING),
        "previous_ongoing": tuple(r for r, state in previous.waiting.items() if state is State.ONGOING),
        "previous_excluded": tuple(previous.excluded),
        "total_studies": None,
        "total_reports": None,
    }
    if new_reports is not None and new_studies is not None:
        lists["total_reports"] = (*staying, *previous.added, *new_reports)
        lists["total_studies"] = (*_studies(staying), *added_studies, *new_studies)
    return lists


def _studies(reports: Mapping[str, str]) -> tuple[str, ...]:
    """The studies of reports, each once."""
    return tuple(dict.fromkeys(reports.values()))


def _previous_notes(origins: Sequence[Origin], previous: Previous | None) -> list[str]:
    """What the boxes of an updated flow leave unsaid about the version before."""
    if previous is None:
        return []
    notes = [f"Previous studies are those of {previous.title}."]
    again = sum(o.report in previous.found for o in origins if not (o.is_removed or o.kind.is_other_method))
    if again:
        are, were = ("is of a report", "it was") if again == 1 else ("are of reports", "they were")
        notes.append(
            f"Of the duplicate records removed, {again:,} {are} known in {previous.title}: removed before "
            f"screening, since {were} judged then."
        )
    for mark, reports, words in (
        ("−", previous.dropped, "no longer counts"),
        ("+", previous.added, "was known then and is included since"),
    ):
        for report, why in reports.items():
            said = f" ({why})" if mark == "−" else ""
            notes.append(f"Total {mark}1 report: {report} {words}{said}.")
    for state, one_does, some_do in (
        (State.AWAITING, "still awaits classification", "still await classification"),
        (State.ONGOING, "is of an ongoing study", "are of ongoing studies"),
    ):
        waiting = [report for report, found in previous.waiting.items() if found is state]
        if waiting:
            notes.append(
                f"Known in {previous.title}, and in no box of its update: {counted(len(waiting), 'report')} that "
                f"{one_does if len(waiting) == 1 else some_do} ({', '.join(waiting)})."
            )
    notes += [
        f"Known in {previous.title}, not included then, and in no box of its update: {report}, judged since "
        f"({outcome})."
        for report, outcome in previous.excluded.items()
    ]
    return notes


def _counts(by_kind: Mapping[Kind, Mapping[str, Sequence[str]]], kinds: Iterable[Kind]) -> dict[str, int]:
    return {database: len(names) for kind in kinds for database, names in by_kind[kind].items()}


def _duplicates(
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


def _in_state(reports: Iterable[Report], stage: str, state: State) -> tuple[str, ...]:
    return tuple(
        report.key
        for report in reports
        if (found := getattr(report, stage)) is not None and found.state is state
    )


def _is_sought(report: Report) -> bool:
    if not report.was_screened:
        return True
    return report.screening is not None and report.screening.state is State.INCLUDE


def _column(
    prefix: str, column: Sequence[Report], screening_is_open: bool, assessment_is_open: bool
) -> dict[str, tuple[str, ...] | None]:
    keys = [f"{prefix}_{box}" for box in ("sought_reports", "notretrieved_reports", "assessed", "excluded")]
    if not screening_is_open and any(report.was_screened for report in column):
        return dict.fromkeys(keys)
    sought = [report for report in column if _is_sought(report)]
    assessed = [report for report in sought if report.retrieval == "retrieved"]
    return dict(
        zip(
            keys,
            (
                tuple(report.key for report in sought),
                tuple(report.key for report in sought if report.retrieval == "not_retrieved"),
                tuple(report.key for report in assessed),
                _in_state(assessed, "assessment", State.EXCLUDE) if assessment_is_open else None,
            ),
            strict=True,
        )
    )


def _reasons(column: Iterable[Report], reasons: Sequence[Reason]) -> dict[str, int]:
    counted = {reason.code: 0 for reason in reasons}
    for report in column:
        if report.assessment is not None and report.assessment.state is State.EXCLUDE:
            code = report.assessment.reason or "no reason given"
            counted[code] = counted.get(code, 0) + 1
    return counted


def _sum(one: dict[str, int] | None, other: dict[str, int] | None) -> dict[str, int] | None:
    if one is None or other is None:
        return None
    return {code: one.get(code, 0) + other.get(code, 0) for code in {**one, **other}}


def unfinished(reports: Sequence[Report], screening_is_open: bool, assessment_is_open: bool) -> list[str]:
    """What is left to do, in sentences, as far as it may be told."""
    found = []
    screened = [report.screening for report in reports if report.was_screened]
    if screening_is_open:
        found += _open_outcomes("title-abstract", screened)
        unmarked = sum(_is_sought(report) and report.retrieval is None for report in reports)
        if unmarked:
            found.append(f"retrieval: {counted(unmarked, 'report')} not marked as retrieved or not retrieved")
        if assessment_is_open:
            assessed = [r.assessment for r in reports if _is_sought(r) and r.retrieval == "retrieved"]
            found += _open_outcomes("full-text", assessed)
    return found


def _open_outcomes(stage: str, outcomes: Iterable[Outcome | None]) -> list[str]:
    known = [outcome for outcome in outcomes if outcome is not None]
    found = []
    pending = sum(outcome.state is State.PENDING for outcome in known)
    conflicts = sum(outcome.state is State.CONFLICT for outcome in known)
    proposed = sum(outcome.reason_is_proposed for outcome in known)
    if pending:
        found.append(f"{stage}: votes missing on {counted(pending, 'record')}")
    if conflicts:
        found.append(f"{stage}: {counted(conflicts, 'conflict')} to resolve")
    if proposed:
        found.append(f"{stage}: {counted(proposed, 'exclusion reason')} to confirm")
    return found


def _other_methods_note(
    origins: Sequence[Origin],
    column_b: Sequence[Report],
    hits: Sequence[tuple[str, str]] | None,
    screening_is_open: bool,
    found_before: frozenset[str],
) -> list[str]:
    """F9: what became of the records identified by other methods, in one sentence that adds up."""
    by_key = {origin.key: origin for origin in origins if origin.kind.is_other_method}
    named = [by_key[key] for _, key in hits if key in by_key] if hits is not None else list(by_key.values())
    if not named:
        return []
    own = {report.key for report in column_b}
    left = [origin for origin in named if not origin.is_removed]
    before = sum(origin.report in found_before for origin in left)
    elsewhere = sum(origin.report not in own for origin in left) - before
    parts = [
        (len(named) - len(left), "removed before screening for other reasons"),
        (before, "of a report that the version before knew"),
        (elsewhere, "also found by databases or registers and counted there"),
        (len(left) - before - elsewhere - len(own), "another mention of the same report"),
    ]
    if screening_is_open:
        excluded = len(_in_state(column_b, "screening", State.EXCLUDE))
        sought = sum(map(_is_sought, column_b))
        parts += [
            (excluded, "excluded on title and abstract"),
            (len(own) - excluded - sought, "still to be judged on title and abstract"),
            (sought, "sought for retrieval"),
        ]
    said = [f"{count:,} {words}" for count, words in parts if count]
    notes = [f"{counted(len(named), 'record')} identified by other methods: {', '.join(said)}."]
    screened = sum(report.was_screened for report in column_b)
    if screened:
        notes.append(
            f"{counted(screened, 'record')} identified by other methods {'was' if screened == 1 else 'were'} screened "
            "on title and abstract before retrieval."
        )
    return notes


def violations(flow: Flow, reports: Sequence[Report]) -> list[str]:
    """Identities that do not hold, in sentences; empty when the flow adds up.

    While a round is unfinished its open records stand on the right-hand side; identities over boxes
    that are closed to view are not checked.
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
        column = [r for r in reports if r.from_databases == (prefix == "dbr") and _is_sought(r)]
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
    return faults + _total_faults(flow, reports) + _update_faults(flow)


def _total_faults(flow: Flow, reports: Sequence[Report]) -> list[str]:
    """F6 to F8, over both columns: every assessed report ends in one place, and is one study if included."""
    places = ("dbr_excluded", "other_excluded", "awaiting", "ongoing", "new_reports")
    ends = [flow.lists.get(place) for place in places]
    if flow.lists["new_reports"] is None:
        return []
    assessed = [*(flow.lists["dbr_assessed"] or ()), *(flow.lists["other_assessed"] or ())]
    are_assessed = set(assessed)
    still_open = [
        r.key
        for r in reports
        if r.key in are_assessed
        and r.assessment is not None
        and r.assessment.state in (State.PENDING, State.CONFLICT)
    ]
    placed = [key for keys in ends if keys is not None for key in keys] + still_open
    faults = []
    if len(set(flow.lists["new_reports"] or ())) != len(flow.lists["new_reports"] or ()):
        faults.append("F7: a report stands among the included ones twice")
    if flow.lists["new_studies"] != flow.lists["new_reports"]:
        faults.append("F8: included studies and included reports differ, though none are linked yet")
    if sorted(placed) == sorted(assessed):
        return faults
    return [
        *faults,
        f"F6: reports assessed = excluded + awaiting + ongoing + included (+ open): {len(assessed)} assessed, "
        f"{len(placed)} placed ({', '.join(sorted(set(placed) ^ set(assessed))[:5])})",
    ]


def _update_faults(flow: Flow) -> list[str]:
    """F10 and F11: total = previous − dropped + included since + new, as numbers and as sets."""
    faults = []
    for name, noun, among in (("F10", "studies", "previous_studies"), ("F11", "reports", "previous")):
        total = flow.lists.get(f"total_{noun}")
        if total is None:
            continue
        before, less, since, new = (
            len(flow.lists.get(key) or ())
            for key in (f"previous_{noun}", f"{among}_dropped", f"{among}_added", f"new_{noun}")
        )
        if len(total) != before - less + since + new:
            faults.append(
                f"{name}: total {noun} = previous − dropped + included since + new: {len(total)} is not "
                f"{before} − {less} + {since} + {new}"
            )
        if len(set(total)) != len(total):
            faults.append(f"{name}: one of the total {noun} is both new and of the version before")
    return faults


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
        "footnotes": list(flow.footnotes),
        "notice": flow.notice,
    }
