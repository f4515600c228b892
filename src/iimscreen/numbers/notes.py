"""Why a record is behind a number of the flow: who excluded it and for what, or of which record it is a duplicate."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from iimscreen.model import Number
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.review_protocol import in_force, reason_labels
from iimscreen.store import Review, curation, records, retrievals
from iimscreen.store.gate import Gate


def notes_on(review: Review, number: Number) -> Mapping[int, str]:
    """Place of a row among those of a number of the flow as it stands → what is to be said of it."""
    family, _, rest = number.name.partition(".")
    of_rows = _NOTES.get(rest.partition(".")[0]) if family == "prisma" else None
    if of_rows is None or not number.rows:
        return {}
    said = of_rows(review)
    return {place: said[row] for place, row in enumerate(number.rows) if row in said}


class _Again(dict[str, str]):
    """Hit of a sub-query → that it is one of a record found before; duplicates by the record kept."""

    def __contains__(self, row: object) -> bool:
        return super().__contains__(row) or " " in str(row)

    def __missing__(self, row: str) -> str:
        return "found again"


def _duplicates(review: Review) -> _Again:
    kept = records.kept_keys(review)
    return _Again({key: f"one report with {kept[key]}" for key in kept})


def _removed(review: Review) -> Mapping[str, str]:
    return {
        key: f"removed by {one.by} on {one.at[:10]}: {one.reason}"
        for key, one in curation.removed(review).items()
    }


def _removed_or_duplicate(review: Review) -> Mapping[str, str]:
    found = _duplicates(review)
    found.update(_removed(review))
    return found


def _not_retrieved(review: Review) -> Mapping[str, str]:
    return {
        key: f"not retrieved: {one.reason}" if one.reason else "not retrieved"
        for key, one in retrievals.standing(review).items()
    }


def _excluded(stage: str) -> Callable[[Review], Mapping[str, str]]:
    def notes(review: Review) -> Mapping[str, str]:
        gate = Gate(review, in_force(review))
        if not gate.shows_any(stage):
            return {}
        labels, finals = reason_labels(review), gate.finals(stage)
        found = {}
        for key, one in gate.outcomes(stage).items():
            why = labels.get(one.reason or "", one.reason or "")
            by = "by votes" if key not in finals else f"{one.settled_by}: {' and '.join(finals[key].names)}"
            confirmed = ", reason to be confirmed" if one.reason_is_proposed else ""
            found[key] = f"{why} ({by}{confirmed})" if why else by
        return found

    return notes


_NOTES: dict[str, Callable[[Review], Mapping[str, str]]] = {
    "duplicates": _duplicates,
    "excluded_other": _removed,
    "records_removed": _removed_or_duplicate,
    "records_excluded": _excluded(TITLE_ABSTRACT),
    "records_excluded_human": _excluded(TITLE_ABSTRACT),
    "dbr_notretrieved_reports": _not_retrieved,
    "other_notretrieved_reports": _not_retrieved,
    "reports_not_retrieved": _not_retrieved,
    "dbr_excluded": _excluded(FULL_TEXT),
    "other_excluded": _excluded(FULL_TEXT),
    "reports_excluded": _excluded(FULL_TEXT),
}
