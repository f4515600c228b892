"""The numbers of searches and imports: search.records.pubmed, search.hits.2.5, search.unique.2, ...

Of the whole review, however often it was updated; what a version counts as identified is in the family prisma.
"""

from __future__ import annotations

from collections.abc import Iterator

from iimscreen import receipts
from iimscreen.model import Number
from iimscreen.numbers.moment import Moment
from iimscreen.store import Review, records, runs
from iimscreen.store.versions import is_made_elsewhere
from iimscreen.wording import slugs

_BROUGHT = "the hits of every finished run, each as it stands in the log"


def numbers(moment: Moment) -> Iterator[Number]:
    """All numbers of searches and imports."""
    review = moment.review
    by_source: dict[str, list[str]] = {}
    for key, _, database, _, _, _ in records.memberships(review):
        if not is_made_elsewhere(key):
            by_source.setdefault(database, []).append(key)
    everything = tuple(key for keys in by_source.values() for key in keys)
    yield _count(
        "search.records",
        everything,
        "records",
        "Records that searches and imports brought, each source counting a record once.",
    )
    for database, short in slugs(by_source).items():
        yield _count(
            f"search.records.{short}",
            tuple(by_source[database]),
            "records",
            f"Records that searches and imports brought from {database}, each once.",
        )
    yield _count(
        "search.sources",
        tuple(by_source),
        "sources",
        "Databases and other sources that brought records.",
        derived="the sources of the records",
    )
    yield from _of_entries(review)


def _of_entries(review: Review) -> Iterator[Number]:
    """Hits of each search, of each of its sub-queries, and of each imported file."""
    found: dict[str, list[str]] = {}
    for called, key in runs.hits(review):
        found.setdefault(called, []).append(key)
    entries = [one for one in receipts.listing(review) if not _is_made_elsewhere(one)]
    searches = [one for one in entries if one.search is not None]
    finished = [(one, run) for one in entries for run in one.runs if run.result is not None]
    yield _count(
        "search.searches",
        tuple(f"search {one.number}" for one in searches),
        "searches",
        "Searches that were run, each a strategy put to one source.",
        derived="the searches of the log",
    )
    yield _count(
        "search.runs",
        tuple(f"run {one.number_of(run)}" for one, run in finished),
        "runs",
        "Sub-queries and imported files that were completed.",
        derived="runs of the log that have a result",
    )
    for one in entries:
        done = [run for run in one.runs if run.result is not None]
        keys = {run.uid: tuple(found.get(f"{run.label}/{run.uid[:8]}", ())) for run in done}
        interim = "" if len(done) == len(one.runs) else "not all sub-queries of this search are completed"
        where = one.runs[0].database if one.runs else ""
        if one.search is not None:
            hits = tuple(f"{one.number_of(run)} {key}" for run in done for key in keys[run.uid])
            words = f"search {one.number} ({one.search.strategy} in {where})"
            yield _count(
                f"search.hits.{one.number}",
                hits,
                "hits",
                f"Hits of {words}, the sum of its sub-queries.",
                interim=interim,
            )
            yield _count(
                f"search.unique.{one.number}",
                tuple(dict.fromkeys(key for run in done for key in keys[run.uid])),
                "records",
                f"Distinct records that {words} found.",
                interim=interim,
            )
        for each in done:
            what = (
                f"import {one.number}, file {each.file_name}" if one.search is None else f"run {each.label}"
            )
            yield _count(
                f"search.hits.{one.number_of(each)}",
                keys[each.uid],
                "records",
                f"Records that {what} found in {each.database}.",
            )


def _is_made_elsewhere(entry: receipts.Entry) -> bool:
    return bool(entry.runs) and all(is_made_elsewhere(f"{run.source}:") for run in entry.runs)


def _count(
    name: str, rows: tuple[str, ...], of: str, definition: str, *, derived: str = _BROUGHT, interim: str = ""
) -> Number:
    return Number(
        name=name,
        value=len(rows),
        definition=definition,
        of=of,
        rows=rows,
        derived=derived,
        interim=interim,
    )
