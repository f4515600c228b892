"""What each source brought, and which run brought which record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from iimscreen.model import Kind
from iimscreen.store.connection import Review, rows


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one source brought."""

    source: str
    database: str  # the name a reader knows
    kind: Kind
    records: int  # distinct ones
    removed: int  # of those, before screening for other reasons than being duplicates
    reports: tuple[str, ...]  # that its records belong to after duplicates, by the keys of their kept records
    only_here: int  # of those reports, the ones that no other source brought


def contributions(review: Review) -> list[Contribution]:
    """Every source that was searched or imported from, in the order of its first use.

    Versions of the review made elsewhere are no sources of this search, and left out.
    """
    reports: dict[str, list[str]] = {}
    brought_by: dict[str, set[str]] = {}
    for row in rows(
        review.db,
        """
        select distinct records.source, kept.key as report
        from records
        join kept_records on kept_records.record_id = records.id
        join records as kept on kept.id = kept_records.kept_id
        where records.source not in (select source from previous_reviews)
          and records.key not in (select record_key from standing_removals where removed)
        order by kept.id
        """,
    ):
        reports.setdefault(row["source"], []).append(row["report"])
        brought_by.setdefault(row["report"], set()).add(row["source"])
    return [
        Contribution(
            source=row["source"],
            database=row["database"],
            kind=Kind(row["kind"]),
            records=row["records"],
            removed=row["removed"],
            reports=tuple(reports.get(row["source"], ())),
            only_here=sum(len(brought_by[report]) == 1 for report in reports.get(row["source"], ())),
        )
        for row in rows(
            review.db,
            """
            select sources.source, sources.database, sources.kind,
              (select count(*) from records where records.source = sources.source) as records,
              (
                select count(*)
                from standing_removals
                join records on records.key = standing_removals.record_key
                where standing_removals.removed and records.source = sources.source
              ) as removed
            from sources
            where sources.source not in (select source from previous_reviews)
            order by sources.rowid
            """,
        )
    ]


def updated(review: Review) -> dict[str, str]:
    """The uid of each search that repeats another for an update of the review → the uid of that other."""
    return {
        row["uid"]: row["updates"]
        for row in rows(
            review.db,
            """
            select log.uid, searches.updates
            from searches
            join log on log.id = searches.log_id
            where searches.updates is not null
            """,
        )
    }


def known_elsewhere(review: Review, search_uid: str) -> int:
    """How many distinct records of a search have a PMID that a record of another source has too."""
    (count,) = review.db.execute(
        """
        select count(distinct records.id)
        from run_hits
        join runs on runs.log_id = run_hits.run_id
        join records on records.id = run_hits.record_id
        where runs.search_uid = :search
          and exists (
            select 1
            from records as other
            where other.pmid = records.pmid and other.source <> records.source
          )
        """,
        {"search": search_uid},
    ).fetchone()
    return int(count)


@dataclass(frozen=True, slots=True)
class Bringing:
    """One run that found one record."""

    key: str  # of the record
    database: str
    label: str  # of the sub-query (a seed in citation searching), or the file's name
    text_sent: str | None  # None for a file
    position: int  # in what the run found, from 1
    hits: int
    at: str  # UTC, when the run was complete


def brought(review: Review, keys: Sequence[str]) -> list[Bringing]:
    """Every run that found one of these records, oldest first."""
    return [
        Bringing(
            key=row["key"],
            database=row["database"],
            label=row["label"],
            text_sent=row["text_sent"],
            position=row["position"] + 1,
            hits=row["hits"],
            at=row["at"],
        )
        for row in rows(
            review.db,
            """
            select records.key, runs.database, runs.label, runs.text_sent, run_hits.position,
              run_results.hits, result_log.at
            from run_hits
            join records on records.id = run_hits.record_id
            join runs on runs.log_id = run_hits.run_id
            join log on log.id = runs.log_id
            join run_results on run_results.run_uid = log.uid
            join log as result_log on result_log.id = run_results.log_id
            where records.key in (select value from json_each(:keys))
            order by runs.log_id, run_hits.position
            """,
            {"keys": json.dumps(list(keys))},
        )
    ]
