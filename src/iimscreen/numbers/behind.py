"""The rows behind a number as a reader sees them: records and reports cited in full, studies with their reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from iimscreen.citations import citation
from iimscreen.model import Behind, Number, Record
from iimscreen.store import Review, records, studies

_RECORDS = ("records", "reports")


def behind(review: Review, number: Number) -> tuple[Behind, ...]:
    """The rows of a number, in its order."""
    with review.snapshot() as still:
        if number.of in _RECORDS:
            return _cited(still, number.rows)
        if number.of == "studies":
            return _told(still, number.rows)
    return tuple(Behind(row, row) for row in number.rows)


def link_of(record: Record) -> str:
    """Where a record stands in the world, by the identifiers that it states: its DOI, else its PMID."""
    if record.doi:
        return f"https://doi.org/{record.doi}"
    return f"https://pubmed.ncbi.nlm.nih.gov/{record.pmid}/" if record.pmid else ""


def _cited(review: Review, rows: Sequence[str]) -> tuple[Behind, ...]:
    """A hit of a sub-query that counts for itself is named "RUN KEY"."""
    keys = [row.split(" ", 1)[-1] if " " in row else row for row in rows]
    found = {one.key: one.record for one in records.by_keys(review, list(dict.fromkeys(keys)))}
    return tuple(
        Behind(row, citation(found[key]), link_of(found[key])) if key in found else Behind(row, row)
        for row, key in zip(rows, keys, strict=True)
    )


def _told(review: Review, rows: Iterable[str]) -> tuple[Behind, ...]:
    """A study that nobody named is called by its report's key."""
    by_study: dict[str, list[str]] = {}
    for report, named in studies.of_reports(review).items():
        for study in named:
            by_study.setdefault(study, []).append(report)
    told = []
    for study in rows:
        reports = by_study.get(study, [study])
        told.append(Behind(study, " · ".join(one.text for one in _cited(review, reports))))
    return tuple(told)
