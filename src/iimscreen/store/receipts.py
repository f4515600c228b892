"""What the review file knows of each search, run and raw reply: read only, for receipts and comparisons."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from iimscreen.model import Kind
from iimscreen.store import runs as run_log
from iimscreen.store.connection import Review, rows


@dataclass(frozen=True, slots=True)
class SearchRow:
    """One search as it was begun."""

    id: int  # place in the log
    uid: str
    at: str  # UTC
    source: str
    strategy: str
    title: str
    strategy_text: str
    strategy_sha256: str
    as_of: str | None
    tool_version: str
    is_abandoned: bool
    unique: int  # distinct records over its runs


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What a finished run found."""

    finished_at: str  # UTC
    zone: str | None  # of the computer that ran it; None before that was kept
    hits: int
    new: int
    refused: int
    undated: int
    interpreted_as: str
    warnings: tuple[str, ...]
    database_build: str | None
    replies_sha256: str
    records_sha256: str


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run: a sub-query of a search, or an imported file."""

    id: int
    uid: str
    begun_at: str  # UTC; the runs of a search are all logged when it begins
    search_uid: str | None  # None: an imported file
    source: str
    database: str
    kind: Kind
    label: str
    query: str | None
    text_sent: str | None
    file_name: str | None
    file_sha256: str | None
    file_format: str | None
    tool_version: str
    result: ResultRow | None  # None: not finished


@dataclass(frozen=True, slots=True)
class ReplyRow:
    """One raw reply as it was kept; `body` is None if it can no longer be unpacked."""

    request: str  # canonical JSON of the parameters sent
    body: bytes | None
    sha256: str  # as noted when it came in
    received_at: str  # UTC


def searches(review: Review) -> list[SearchRow]:
    """All searches, oldest first."""
    return [
        SearchRow(
            id=row["log_id"],
            uid=row["uid"],
            at=row["at"],
            source=row["source"],
            strategy=row["strategy"],
            title=row["title"],
            strategy_text=row["strategy_text"],
            strategy_sha256=row["strategy_sha256"],
            as_of=row["as_of"],
            tool_version=row["tool_version"],
            is_abandoned=bool(row["is_abandoned"]),
            unique=row["found"],
        )
        for row in rows(
            review.db,
            """
            select searches.*, log.uid, log.at,
              exists (select 1 from search_abandonments where search_uid = log.uid) as is_abandoned,
              (
                select count(distinct run_hits.record_id)
                from runs
                join run_hits on run_hits.run_id = runs.log_id
                where runs.search_uid = log.uid
              ) as found
            from searches
            join log on log.id = searches.log_id
            order by searches.log_id
            """,
        )
    ]


def runs(review: Review) -> list[RunRow]:
    """All runs, in the order in which they were begun."""
    return [
        RunRow(
            id=row["log_id"],
            uid=row["uid"],
            begun_at=row["at"],
            search_uid=row["search_uid"],
            source=row["source"],
            database=row["database"],
            kind=Kind(row["kind"]),
            label=row["label"],
            query=row["query"],
            text_sent=row["text_sent"],
            file_name=row["file_name"],
            file_sha256=row["file_sha256"],
            file_format=row["file_format"],
            tool_version=row["tool_version"],
            result=None if row["finished_at"] is None else _result(row),
        )
        for row in rows(
            review.db,
            """
            select runs.*, log.uid, log.at, finished.at as finished_at,
              run_results.zone, run_results.hits, run_results.new_records, run_results.refused,
              run_results.undated, run_results.interpreted_as, run_results.warnings,
              run_results.database_build, run_results.replies_sha256, run_results.records_sha256
            from runs
            join log on log.id = runs.log_id
            left join run_results on run_results.run_uid = log.uid
            left join log as finished on finished.id = run_results.log_id
            order by runs.log_id
            """,
        )
    ]


def _result(row: dict[str, Any]) -> ResultRow:
    return ResultRow(
        finished_at=row["finished_at"],
        zone=row["zone"],
        hits=row["hits"],
        new=row["new_records"],
        refused=row["refused"],
        undated=row["undated"],
        interpreted_as=row["interpreted_as"],
        warnings=tuple(json.loads(row["warnings"])),
        database_build=row["database_build"],
        replies_sha256=row["replies_sha256"],
        records_sha256=row["records_sha256"],
    )


def replies(review: Review, run_uid: str) -> Iterator[ReplyRow]:
    """The raw replies of a run, in order of arrival, one at a time: together they may be a gigabyte."""
    for row in rows(
        review.db,
        """
        select request, body, sha256, received_at
        from replies
        where run_uid = :run
        order by id
        """,
        {"run": run_uid},
    ):
        try:
            body = zlib.decompress(row["body"])
        except zlib.error:
            body = None
        yield ReplyRow(row["request"], body, row["sha256"], row["received_at"])


def accessions(review: Review, run_id: int) -> list[str]:
    """The accessions that a run found, in the order found."""
    return [
        row["accession"]
        for row in rows(
            review.db,
            """
            select records.accession
            from run_hits
            join records on records.id = run_hits.record_id
            where run_hits.run_id = :run
            order by run_hits.position
            """,
            {"run": run_id},
        )
    ]


def stored_rows(review: Review, run_id: int) -> dict[str, dict[str, Any]]:
    """Accession → the record's row as it stands (lists as JSON), of all that a run found, in its order."""
    found = rows(
        review.db,
        """
        select records.*
        from run_hits
        join records on records.id = run_hits.record_id
        where run_hits.run_id = :run
        order by run_hits.position
        """,
        {"run": run_id},
    )
    return {row["accession"]: row for row in found}


def identifiers(review: Review, run_id: int) -> dict[str, tuple[str | None, str | None]]:
    """Accession → PMID and DOI, of all that a run found, in its order."""
    return {
        row["accession"]: (row["pmid"], row["doi"])
        for row in rows(
            review.db,
            """
            select records.accession, records.pmid, records.doi
            from run_hits
            join records on records.id = run_hits.record_id
            where run_hits.run_id = :run
            order by run_hits.position
            """,
            {"run": run_id},
        )
    }


def brought(review: Review, run_id: int) -> set[str]:
    """Accessions of the records that this run brought in: no run that finished before had found them."""
    return {
        row["accession"]
        for row in rows(
            review.db,
            """
            select records.accession
            from run_hits
            join records on records.id = run_hits.record_id
            where run_hits.run_id = :run
              and not exists (
                select 1
                from run_hits as earlier
                join log as earlier_log on earlier_log.id = earlier.run_id
                join run_results as earlier_result on earlier_result.run_uid = earlier_log.uid
                join log as this_log on this_log.id = :run
                join run_results as this_result on this_result.run_uid = this_log.uid
                where earlier.record_id = run_hits.record_id
                  and earlier_result.log_id < this_result.log_id
              )
            """,
            {"run": run_id},
        )
    }


def days_of_entry(review: Review) -> dict[str, str]:
    """PMID → the day on which its record entered PubMed, of all records here that state it to the day."""
    return {
        row["pmid"]: row["entered_on"]
        for row in rows(
            review.db,
            """
            select pmid, min(entered_on) as entered_on
            from records
            where pmid is not null and length(entered_on) = 10
            group by pmid
            """,
        )
    }


def unique_by_source(review: Review) -> dict[str, int]:
    """Source → how many distinct records its searches and imports gave."""
    return {
        row["source"]: row["found"]
        for row in rows(review.db, "select source, count(*) as found from records group by source")
    }


def asked_at(review: Review, run: RunRow) -> str | None:
    """When the source's last word on what a run finds came in, in UTC; None if no reply is kept.

    That is its last ESearch, or its first reply where the source has no such thing.
    """
    found = review.db.execute(
        """
        select coalesce(
          max(case when json_extract(request, '$.utility') = 'esearch' then received_at end),
          min(received_at)
        )
        from replies
        where run_uid = :run
        """,
        {"run": run.uid},
    ).fetchone()
    return None if found is None else found[0]


def are_as_logged(review: Review, run: RunRow) -> bool:
    """Whether the records that a finished run found stand here as its logged hash says."""
    return run.result is not None and run_log._records_sha256(review, run.id) == run.result.records_sha256
