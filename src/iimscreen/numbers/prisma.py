"""The numbers of the PRISMA 2020 flow: prisma.records_screened, prisma.dbr_excluded.CODE, ...

And the sums of them that a text states and no box holds: prisma.records_identified, prisma.reports_excluded.CODE.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from iimscreen import review_flow
from iimscreen.flow import Flow
from iimscreen.model import Number
from iimscreen.numbers.moment import Moment
from iimscreen.store import Review
from iimscreen.wording import slugs


class _Meaning(NamedTuple):
    of: str  # what is counted
    definition: str  # what it is, in one sentence
    derived: str  # how it comes about from the log


_DATABASES = "identified via databases and registers"
_OTHERS = "identified via other methods"
_FOUND = "each record that a finished search or an import brought from such a source, once"
_SOUGHT = (
    "reports with the outcome include on title and abstract; by other methods all, unless they are screened"
)
_PREVIOUS = "the reports that were noted when the version before was closed, or loaded with `previous load`"

MEANINGS: dict[str, _Meaning] = {
    "database_results": _Meaning("records", "Records identified from databases.", _FOUND),
    "register_results": _Meaning("records", "Records identified from study registers.", _FOUND),
    "website_results": _Meaning("records", "Records identified from websites.", _FOUND),
    "organisation_results": _Meaning("records", "Records identified from organisations.", _FOUND),
    "citations_results": _Meaning("records", "Records identified by citation searching.", _FOUND),
    "duplicates": _Meaning(
        "records",
        "Records removed before screening as further records of a report already counted.",
        "records of databases and registers that verdicts on duplicates join with a record kept for the same report",
    ),
    "excluded_automatic": _Meaning(
        "records",
        "Records marked as ineligible by automation tools, before screening.",
        "none: no command marks records so",
    ),
    "excluded_other": _Meaning(
        "records",
        "Records removed before screening for other reasons.",
        "records of databases and registers whose last word of `records remove` and `restore` is a removal",
    ),
    "records_screened": _Meaning(
        "records",
        "Records screened on title and abstract, one for each report.",
        "the record kept for each report of databases and registers, less those removed",
    ),
    "records_excluded": _Meaning(
        "records",
        "Records excluded on title and abstract.",
        "records screened whose votes, or whose final word, come to exclude",
    ),
    "records_excluded_human": _Meaning(
        "records",
        "Records excluded on title and abstract by people.",
        "records excluded, less those that a tool excluded",
    ),
    "records_excluded_automatic": _Meaning(
        "records",
        "Records excluded on title and abstract by automation tools.",
        "none: no command lets a tool exclude",
    ),
    "dbr_sought_reports": _Meaning("reports", f"Reports sought for retrieval, {_DATABASES}.", _SOUGHT),
    "dbr_notretrieved_reports": _Meaning(
        "reports",
        f"Reports not retrieved, {_DATABASES}.",
        "reports sought that were last marked as not retrieved",
    ),
    "dbr_assessed": _Meaning(
        "reports",
        f"Reports assessed for eligibility, {_DATABASES}.",
        "reports sought that were last marked as retrieved",
    ),
    "dbr_excluded": _Meaning(
        "reports",
        f"Reports excluded at full text, {_DATABASES}.",
        "reports assessed whose votes, or whose final word, come to exclude, under the reason that these come to",
    ),
    "other_sought_reports": _Meaning("reports", f"Reports sought for retrieval, {_OTHERS}.", _SOUGHT),
    "other_notretrieved_reports": _Meaning(
        "reports",
        f"Reports not retrieved, {_OTHERS}.",
        "reports sought that were last marked as not retrieved",
    ),
    "other_assessed": _Meaning(
        "reports",
        f"Reports assessed for eligibility, {_OTHERS}.",
        "reports sought that were last marked as retrieved",
    ),
    "other_excluded": _Meaning(
        "reports",
        f"Reports excluded at full text, {_OTHERS}.",
        "reports assessed whose votes, or whose final word, come to exclude, under the reason that these come to",
    ),
    "awaiting": _Meaning(
        "reports", "Reports awaiting classification.", "reports assessed whose votes come to awaiting"
    ),
    "ongoing": _Meaning(
        "reports", "Reports of ongoing studies.", "reports assessed whose votes come to ongoing"
    ),
    "new_studies": _Meaning(
        "studies",
        "Studies included in the review; in an update, those that are new.",
        "the studies to which included reports are linked; a report linked to none counts as one",
    ),
    "new_reports": _Meaning(
        "reports",
        "Reports of included studies; in an update, those of new studies.",
        "reports assessed whose votes, or whose final word, come to include",
    ),
    "new_reports_of_previous_studies": _Meaning(
        "reports",
        "New reports of studies that the version before included.",
        "new included reports that are linked to studies of the version before only",
    ),
    "total_studies": _Meaning(
        "studies",
        "Studies included in the review in all, with those of the version before.",
        "studies of the version before, less those dropped, with those added since and the new ones",
    ),
    "total_reports": _Meaning(
        "reports",
        "Reports of all included studies, with those of the version before.",
        "reports of the version before, less those dropped, with those added since and the new ones",
    ),
    "previous_studies": _Meaning("studies", "Studies included in the version before.", _PREVIOUS),
    "previous_reports": _Meaning("reports", "Reports of studies included in the version before.", _PREVIOUS),
    "previous_dropped": _Meaning(
        "reports",
        "Reports of the version before that no longer count.",
        "reports of the version before that were decided anew, or settled after a finding of `watch`",
    ),
    "previous_studies_dropped": _Meaning(
        "studies",
        "Studies of the version before that no longer count.",
        "studies of the version before of which no report is left",
    ),
    "previous_added": _Meaning(
        "reports",
        "Reports known to the version before, and included since.",
        "reports that the version before knew and did not include, whose votes come to include now",
    ),
    "previous_studies_added": _Meaning(
        "studies",
        "Studies of reports known to the version before, and included since.",
        "studies of reports that were added, and that the version before did not include",
    ),
    "previous_awaiting": _Meaning(
        "reports",
        "Reports known to the version before that still await classification.",
        "reports that the version before knew, whose votes come to awaiting",
    ),
    "previous_ongoing": _Meaning(
        "reports",
        "Reports known to the version before, of studies that are ongoing.",
        "reports that the version before knew, whose votes come to ongoing",
    ),
    "previous_excluded": _Meaning(
        "reports",
        "Reports known to the version before, not included then and judged since.",
        "reports that the version before knew and did not include, judged since it was closed",
    ),
}


class _Sum(NamedTuple):
    of: str
    definition: str
    boxes: tuple[str, ...]  # whose rows are those of the sum; those that do not apply add none
    derived: str = ""


# What a text states of both columns together, or of several boxes.
SUMS: dict[str, _Sum] = {
    "records_identified": _Sum(
        "records",
        "Records identified from all sources.",
        (
            "database_results",
            "register_results",
            "website_results",
            "organisation_results",
            "citations_results",
        ),
    ),
    "dbr_records_identified": _Sum(
        "records",
        "Records identified from databases and registers.",
        ("database_results", "register_results"),
    ),
    "other_records_identified": _Sum(
        "records",
        "Records identified by other methods.",
        ("website_results", "organisation_results", "citations_results"),
    ),
    "records_removed": _Sum(
        "records",
        "Records removed before screening, for whatever reason.",
        ("duplicates", "excluded_automatic", "excluded_other"),
    ),
    "reports_sought": _Sum(
        "reports", "Reports sought for retrieval in all.", ("dbr_sought_reports", "other_sought_reports")
    ),
    "reports_not_retrieved": _Sum(
        "reports", "Reports not retrieved in all.", ("dbr_notretrieved_reports", "other_notretrieved_reports")
    ),
    "reports_assessed": _Sum(
        "reports", "Reports assessed for eligibility in all.", ("dbr_assessed", "other_assessed")
    ),
    "reports_excluded": _Sum(
        "reports", "Reports excluded at full text in all.", ("dbr_excluded", "other_excluded")
    ),
}
EXCLUDED = ("dbr_excluded", "other_excluded", "reports_excluded")  # they have a part for each reason


def numbers(moment: Moment) -> Iterator[Number]:
    """All numbers of the flow as it stands. Raises ProtocolError if they do not add up."""
    made = review_flow.prisma(moment.review, gate=moment.gate)
    is_closed = any(keys is None for keys in made.lists.values())
    closed = review_flow.closed(moment.gate) if is_closed else ""
    for one in of_flow(made, closed=closed):
        yield replace(one, is_closed=True) if closed and one.why_not == closed else one


def of_version(review: Review, version: int) -> Iterator[Number]:
    """All numbers of the flow of a completed version as it was: prisma.v1.records_screened, ...

    Raises InputError if there is no such version, ProtocolError if it can no longer be derived.
    """
    yield from of_flow(review_flow.of_version(review, version), family=f"prisma.v{version}")


def of_flow(flow: Flow, *, family: str = "prisma", closed: str = "") -> Iterator[Number]:
    """All numbers of a flow: of each list, of the parts of lists that have parts, and of their sums.

    `closed` says which stage is blind, where one keeps numbers closed to view.
    """
    for name, meaning in MEANINGS.items():
        keys = flow.lists.get(name)
        why_not = "" if keys is not None else _why_not(flow, name, closed)
        yield _number(flow, f"{family}.{name}", keys, meaning, why_not)
        yield from _parts(flow, family, name, meaning, why_not)
    sums: dict[str, tuple[str, ...] | None] = {name: _together(flow, one.boxes) for name, one in SUMS.items()}
    for name, one in SUMS.items():
        meaning = _Meaning(one.of, one.definition, f"{' and '.join(one.boxes)} together")
        yield _number(flow, f"{family}.{name}", sums[name], meaning, "" if sums[name] is not None else closed)
        if name == "reports_excluded":
            yield from _reasons(flow, f"{family}.{name}", one, meaning, closed)
    yield from _included(flow, family, closed)


def _number(
    flow: Flow, name: str, keys: tuple[str, ...] | None, meaning: _Meaning, why_not: str = ""
) -> Number:
    return Number(
        name=name,
        value=None if keys is None else len(keys),
        definition=meaning.definition,
        of=meaning.of,
        rows=keys or (),
        why_not=(why_not or "it does not apply to this review") if keys is None else "",
        interim="; ".join(flow.missing) if keys is not None else "",
        derived=meaning.derived,
    )


def _why_not(flow: Flow, name: str, closed: str) -> str:
    if name.startswith(("previous_", "total_")) and not flow.previous:
        return "it does not apply: this review is no update of an earlier version"
    others = ("website_results", "organisation_results", "citations_results")
    if (name in others or name.startswith("other_")) and not flow.template.endswith("other"):
        return "it does not apply: nothing was identified by other methods"
    return closed


def _part(meaning: _Meaning, words: str) -> _Meaning:
    return meaning._replace(definition=f"{meaning.definition[:-1]}: {words.rstrip('.')}.")


def _parts(flow: Flow, family: str, box: str, meaning: _Meaning, why_not: str) -> Iterator[Number]:
    if box in EXCLUDED and why_not:  # the names are known all the same, by the protocol
        for code, short in slugs(flow.labels).items():
            part = _part(meaning, flow.labels[code])
            yield _number(flow, f"{family}.{box}.{short}", None, part, why_not)
    for part_name, name in flow.names_of_parts(box).items():
        if not why_not:
            words = flow.labels.get(part_name, part_name)
            yield _number(flow, f"{family}.{name}", flow.parts[box][part_name], _part(meaning, words))


def _together(flow: Flow, boxes: tuple[str, ...]) -> tuple[str, ...] | None:
    """The rows of several boxes; None while one of them is closed to view, and where none applies."""
    has_other = flow.template.endswith("other")
    lists = [
        flow.lists.get(box)
        for box in boxes
        if has_other or not box.startswith(("other_", "website_", "organisation_", "citations_"))
    ]
    if not lists or any(keys is None for keys in lists):
        return None
    return tuple(row for keys in lists for row in keys or ())


def _reasons(flow: Flow, name: str, one: _Sum, meaning: _Meaning, closed: str) -> Iterator[Number]:
    """Exclusions for each reason, over both columns."""
    codes = {code for box in one.boxes for code in flow.parts.get(box, {})} | set(flow.labels)
    in_order = [code for code in flow.labels if code in codes] + sorted(codes - set(flow.labels))
    is_open = _together(flow, one.boxes) is not None
    for code, short in slugs(in_order).items():
        keys = tuple(key for box in one.boxes for key in flow.parts.get(box, {}).get(code, ()))
        part = _part(meaning, flow.labels.get(code, code))
        yield _number(flow, f"{name}.{short}", keys if is_open else None, part, closed)


def _included(flow: Flow, family: str, closed: str) -> Iterator[Number]:
    """What counts as included in all, whether the review is an update or not."""
    which = "total" if flow.previous else "new"
    words: Mapping[str, str] = {
        "studies": "Studies included in the review in all.",
        "reports": "Reports of all included studies.",
    }
    for noun, definition in words.items():
        meaning = _Meaning(noun, definition, MEANINGS[f"{which}_{noun}"].derived)
        yield _number(flow, f"{family}.{noun}_included", flow.lists.get(f"{which}_{noun}"), meaning, closed)
