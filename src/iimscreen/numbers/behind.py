"""The rows behind a number as a reader sees them: records and reports cited in full, studies with their reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from iimscreen.citations import citation
from iimscreen.model import Behind, Number, Record
from iimscreen.numbers.duplicates import BETWEEN
from iimscreen.numbers.notes import notes_on
from iimscreen.store import Review, records, studies, versions

# What is counted → how its rows are named. Rows of anything else are texts that stand for themselves.
_RECORDS = ("records", "reports", "hits", "votes", "")  # by a key, which may stand behind a run or a reviewer
_STUDIES = ("studies", "subjects", "events")  # by the study's name, and a row of it
_PAIRS = ("pairs",)
_TOGETHER = " · "


def behind(review: Review, number: Number) -> tuple[Behind, ...]:
    """The rows of a number, in its order, each with why it is there where that needs saying."""
    with review.snapshot() as still:
        notes = dict(enumerate(number.notes)) or notes_on(still, number)
        told = _told(still, number)
        return tuple(
            Behind(row, *told.get(row, (row, "")), notes.get(place, ""))
            for place, row in enumerate(number.rows)
        )


def unresolved(review: Review, numbers: Iterable[Number]) -> list[str]:
    """Rows of numbers that stand for no record and no study of this review, each once, in order."""
    by_kind: dict[str, dict[str, None]] = {}
    for one in numbers:
        if one.of in (*_RECORDS, *_STUDIES, *_PAIRS):
            by_kind.setdefault(one.of, {}).update(dict.fromkeys(one.rows))
    known = set(records.keys(review))
    missing: list[str] = []
    for of, found in by_kind.items():
        if of in _STUDIES:
            told = _of_studies(review, found)
            missing += [row for row in found if row not in told]
        else:
            missing += [row for row in found if not any(known.issuperset(keys) for keys in _keys(row))]
    return missing


def link_of(record: Record) -> str:
    """Where a record stands in the world, by the identifiers that it states: its DOI, else its PMID."""
    if record.doi:
        return f"https://doi.org/{record.doi}"
    return f"https://pubmed.ncbi.nlm.nih.gov/{record.pmid}/" if record.pmid else ""


def _told(review: Review, number: Number) -> Mapping[str, tuple[str, str]]:
    """Row → its text, and its link."""
    if number.of in _STUDIES:
        return _of_studies(review, number.rows)
    if number.of in (*_RECORDS, *_PAIRS):
        return _of_records(review, number.rows)
    return {}


def _keys(row: str) -> Iterator[tuple[str, ...]]:
    """Which keys a row may name, likeliest first: two of a pair, or one, with what stands before it or without."""
    if BETWEEN in row:
        one, _, other = row.partition(BETWEEN)
        yield one, other
    yield (row,)
    place = row.find(" ")
    while place >= 0:
        yield (row[place + 1 :],)
        place = row.find(" ", place + 1)


def _of_records(review: Review, rows: Sequence[str]) -> dict[str, tuple[str, str]]:
    known = set(records.keys(review))
    named = {
        row: next((keys for keys in _keys(row) if known.issuperset(keys)), ()) for row in dict.fromkeys(rows)
    }
    wanted = list(dict.fromkeys(key for keys in named.values() for key in keys))
    cited = {one.key: (citation(one.record), link_of(one.record)) for one in records.by_keys(review, wanted)}
    return {
        row: (_TOGETHER.join(cited[key][0] for key in keys), cited[keys[0]][1])
        for row, keys in named.items()
        if keys
    }


def _of_studies(review: Review, rows: Iterable[str]) -> dict[str, tuple[str, str]]:
    """A study that nobody named is called by its report's key; one that was given up is known still."""
    by_study: dict[str, list[str]] = {name: [] for name in studies.ever_named(review)}
    elsewhere = [pair for one in versions.previous_reviews(review) for pair in one.reports]
    then = [pair for one in versions.closures(review) for pair in one.reports]
    for links in (studies.of_reports(review), versions.by_report(elsewhere), versions.by_report(then)):
        now = {study for study, reports in by_study.items() if reports}
        for report, named in links.items():
            for study in named:
                if study not in now:
                    by_study.setdefault(study, []).append(report)
    of_row: dict[str, Sequence[str]] = {}
    for row in rows:
        study = row
        while study and study not in by_study:
            study = study.rpartition(" ")[0]
        of_row[row] = by_study[study] if study else [row]
    cited = _of_records(review, [report for reports in of_row.values() for report in reports])
    found = {}
    for row, reports in of_row.items():
        texts = [cited[report] for report in reports if report in cited]
        if texts or row not in reports:
            found[row] = (
                _TOGETHER.join(text for text, _ in texts) or row,
                texts[0][1] if len(texts) == 1 else "",
            )
    return found
