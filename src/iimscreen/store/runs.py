"""Searches, their runs (one per sub-query or imported file), raw replies, and what each run found."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from iimscreen import __version__
from iimscreen.errors import ReviewError
from iimscreen.model import Answer, Record, Refusal, Reply, Strategy, SubQuery
from iimscreen.store import log, records
from iimscreen.store.connection import Review, local_zone, now, rows


@dataclass(frozen=True, slots=True)
class Run:
    """One run as begun: where its rows hang."""

    id: int
    uid: str
    label: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """What one finished run found."""

    label: str
    query: str  # as written; `text_sent` has the date limit
    text_sent: str
    hits: int
    new: int
    known: int  # hits that an earlier run of this source had found
    undated: int
    interpreted_as: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """One search: a strategy put to a source, with its finished runs in order."""

    uid: str
    at: str  # UTC
    source: str
    database: str
    strategy: str
    title: str
    as_of: str | None
    is_complete: bool
    results: tuple[RunResult, ...]
    unique: int  # distinct records over all runs


def queries_sha256(strategy: Strategy) -> str:
    """What makes two strategies the same search: the texts sent, in order, not the file's wording."""
    return log.sha256(log.canonical([query.text_sent for query in strategy.sub_queries]))


def latest_search(review: Review, strategy: Strategy, source: str) -> str | None:
    """The uid of the latest search that put these very texts to this source, if any."""
    row = review.db.execute(
        """
        select log.uid
        from searches
        join log on log.id = searches.log_id
        where searches.source = :source
          and searches.queries_sha256 = :queries
          and not exists (select 1 from search_abandonments where search_uid = log.uid)
        order by searches.log_id desc
        limit 1
        """,
        {"source": source, "queries": queries_sha256(strategy)},
    ).fetchone()
    return None if row is None else str(row[0])


def _named(review: Review, source: str) -> tuple[str, str]:
    """A source's database and kind, which each run repeats so that its hash covers them."""
    row = review.db.execute(
        "select database, kind from sources where source = :source", {"source": source}
    ).fetchone()
    return str(row[0]), str(row[1])


def begin_search(review: Review, strategy: Strategy, source: str, *, updates: str | None = None) -> str:
    """Log a new search and every run it consists of; its uid. To be called inside `writing()`.

    `updates` is the uid of the search that it repeats for an update of the review.
    """
    database, kind = _named(review, source)
    entry = log.append_one(
        review.db,
        "searches",
        {
            "source": source,
            "strategy": strategy.name,
            "title": strategy.title,
            "strategy_text": strategy.text,
            "strategy_sha256": strategy.sha256,
            "queries_sha256": queries_sha256(strategy),
            "as_of": strategy.as_of.isoformat() if strategy.as_of else None,
            "tool_version": __version__,
            "updates": updates,
        },
    )
    log.append(
        review.db,
        "runs",
        [
            {
                "search_uid": entry.uid,
                "source": source,
                "database": database,
                "kind": kind,
                "label": query.label,
                "query": query.text,
                "text_sent": query.text_sent,
                "tool_version": __version__,
            }
            for query in strategy.sub_queries
        ],
    )
    return entry.uid


def unfinished(review: Review, search_uid: str) -> list[tuple[Run, SubQuery]]:
    """The runs of a search that have no result yet, in order."""
    return [
        (
            Run(row["log_id"], row["uid"], row["label"]),
            SubQuery(row["label"], row["query"], row["text_sent"]),
        )
        for row in rows(
            review.db,
            """
            select runs.*, log.uid
            from runs
            join log on log.id = runs.log_id
            where runs.search_uid = :search
              and not exists (select 1 from run_results where run_results.run_uid = log.uid)
            order by runs.log_id
            """,
            {"search": search_uid},
        )
    ]


def _is_finished(db: Database, run_uid: str) -> bool:
    return (
        db.execute("select 1 from run_results where run_uid = :uid", {"uid": run_uid}).fetchone() is not None
    )


def keep_reply(review: Review, run: Run, reply: Reply) -> None:
    """Store one raw reply, at once and on its own.

    One that comes after the run's result is dropped: another process finished the run meanwhile,
    and the replies that stand behind its result are logged.
    """
    with review.writing() as db:
        if _is_finished(db, run.uid):
            return
        db.execute(
            """
            insert into replies (run_uid, request, body, sha256, received_at)
            values (:run, :request, :body, :sha256, :at)
            """,
            {
                "run": run.uid,
                "request": reply.request,
                "body": zlib.compress(reply.body),
                "sha256": log.sha256(reply.body),
                "at": now(),
            },
        )


def replies(review: Review, run: Run) -> Iterator[Reply]:
    """The raw replies that a run has so far, in order of arrival, one at a time: together they may be large.

    Raises ReviewError at one that is not as it was received: nothing may be completed with it.
    """
    ids = review.db.execute(
        "select id from replies where run_uid = :run order by id", {"run": run.uid}
    ).fetchall()
    for (id_,) in ids:  # each by itself: a search still open would hold up what is written meanwhile
        request, body, sha256 = review.db.execute(
            "select request, body, sha256 from replies where id = :id", {"id": id_}
        ).fetchone()
        try:
            found = zlib.decompress(body)
        except zlib.error:
            found = None
        if found is None or log.sha256(found) != sha256:
            raise ReviewError(
                f"a raw reply to sub-query {run.label} that was stored is not as it was received",
                hint="`iimscreen check` tells what else is damaged; take the newest copy of the review, or "
                "search anew with --again",
            )
        yield Reply(request, found)


def count_replies(review: Review, run: Run) -> int:
    """How many raw replies a run has so far."""
    (count,) = review.db.execute(
        "select count(*) from replies where run_uid = :run", {"run": run.uid}
    ).fetchone()
    return int(count)


def _replies_sha256(review: Review, run_uid: str) -> str:
    found = rows(review.db, "select sha256 from replies where run_uid = :run order by id", {"run": run_uid})
    return log.sha256(log.canonical([row["sha256"] for row in found]))


def _records_sha256(review: Review, run_id: int) -> str:
    """One hash over the run's records, in the order found, as they stand in this file."""
    found = review.db.execute(
        """
        select records.*
        from run_hits
        join records on records.id = run_hits.record_id
        where run_hits.run_id = :run
        order by run_hits.position
        """,
        {"run": run_id},
    )
    columns = [name for name, *_ in found.description]
    return records.rows_sha256(columns[1:], (row[1:] for row in found))  # all but the local id


def finish(
    review: Review,
    run: Run,
    source: str,
    answer: Answer,
    identified: Iterable[tuple[str, Record]],
    *,
    replies: int | None = None,
) -> int | None:
    """Store a run's records, hits and result together; how many records were new.

    `identified` pairs each record of the answer with its accession, in order. A run that another
    process finished meanwhile keeps the result it has. `replies` is how many the answer was made of:
    None, and nothing stored, if the run has others too, which another process has put there, so that
    an answer is always the one that its replies give.
    """
    with review.writing() as db:
        if _is_finished(db, run.uid):
            return 0
        if replies is not None and replies != count_replies(review, run):
            return None
        intake = records.add(db, source, identified)
        _conclude(review, run, answer, intake)
    return intake.new


def _conclude(
    review: Review, run: Run, answer: Answer, intake: records.Intake, refusals: Sequence[Refusal] = ()
) -> None:
    """Store what a run found, once its records are stored, and log its result."""
    connection = review.db.conn
    connection.executemany(
        "insert into run_hits (run_id, position, record_id) values (?, ?, ?)",
        ((run.id, position, record_id) for position, record_id in enumerate(intake.ids)),
    )
    connection.executemany(
        "insert into refusals (run_id, position, line, cause) values (?, ?, ?, ?)",
        ((run.id, n, refusal.line, refusal.cause) for n, refusal in enumerate(refusals)),
    )
    log.append_one(
        review.db,
        "run_results",
        {
            "run_uid": run.uid,
            "hits": answer.hits,
            "new_records": intake.new,
            "refused": len(refusals),
            "undated": answer.undated,
            "interpreted_as": answer.interpreted_as,
            "warnings": json.dumps(answer.warnings, ensure_ascii=False),
            "database_build": answer.database_build,
            "zone": local_zone(),
            "replies_sha256": _replies_sha256(review, run.uid),
            "records_sha256": intake.records_sha256(),
        },
    )


def import_file(
    review: Review,
    source: str,
    intake: records.Intake,
    *,
    file_name: str,
    file_format: str,
    file_sha256: str,
    refusals: Sequence[Refusal],
    warnings: Sequence[str] = (),
) -> None:
    """Log the records of one file, stored just now, as a run. To be called inside `writing()`.

    `warnings` are what must be said of the file, in sentences.
    """
    run = begin_import(
        review,
        source,
        label=file_name,
        file_name=file_name,
        file_sha256=file_sha256,
        file_format=file_format,
    )
    _conclude(review, run, Answer(len(intake.ids), (), warnings=tuple(warnings)), intake, refusals)


def begin_import(
    review: Review, source: str, *, label: str, file_name: str, file_sha256: str, file_format: str
) -> Run:
    """Log the import of one file as a run. To be called inside `writing()`."""
    database, kind = _named(review, source)
    entry = log.append_one(
        review.db,
        "runs",
        {
            "source": source,
            "database": database,
            "kind": kind,
            "label": label,
            "file_name": file_name,
            "file_sha256": file_sha256,
            "file_format": file_format,
            "tool_version": __version__,
        },
    )
    return Run(entry.id, entry.uid, label)


def is_imported(review: Review, source: str, file_sha256: str) -> bool:
    """Whether this very file was imported from this source before."""
    row = review.db.execute(
        "select 1 from runs where source = :source and file_sha256 = :sha256 limit 1",
        {"source": source, "sha256": file_sha256},
    ).fetchone()
    return row is not None


_SEARCHES = """
select log.uid, log.at, searches.*, sources.database
from searches
join log on log.id = searches.log_id
join sources on sources.source = searches.source
"""


def search(review: Review, uid: str) -> Search:
    """One search with the results of its finished runs."""
    head = next(rows(review.db, _SEARCHES + " where log.uid = :uid", {"uid": uid}))
    results = tuple(
        _result(row)
        for row in rows(
            review.db,
            """
            select runs.label, runs.query, runs.text_sent, run_results.*
            from runs
            join log on log.id = runs.log_id
            join run_results on run_results.run_uid = log.uid
            where runs.search_uid = :uid
            order by runs.log_id
            """,
            {"uid": uid},
        )
    )
    (unique,) = review.db.execute(
        """
        select count(distinct run_hits.record_id)
        from run_hits
        join runs on runs.log_id = run_hits.run_id
        where runs.search_uid = :uid
        """,
        {"uid": uid},
    ).fetchone()
    return Search(
        uid=uid,
        at=head["at"],
        source=head["source"],
        database=head["database"],
        strategy=head["strategy"],
        title=head["title"],
        as_of=head["as_of"],
        is_complete=not unfinished(review, uid),
        results=results,
        unique=unique,
    )


def _result(row: dict[str, Any]) -> RunResult:
    return RunResult(
        label=row["label"],
        query=row["query"],
        text_sent=row["text_sent"],
        hits=row["hits"],
        new=row["new_records"],
        known=row["hits"] - row["new_records"],
        undated=row["undated"],
        interpreted_as=row["interpreted_as"],
        warnings=tuple(json.loads(row["warnings"])),
    )


def keys_found(review: Review, search_uid: str) -> set[str]:
    """Keys of all records that a search found."""
    return {
        row["key"]
        for row in rows(
            review.db,
            """
            select distinct records.key
            from run_hits
            join runs on runs.log_id = run_hits.run_id
            join records on records.id = run_hits.record_id
            where runs.search_uid = :uid
            """,
            {"uid": search_uid},
        )
    }


def keys_of(review: Review, ids: Sequence[int]) -> list[str]:
    """Keys of the records that these runs brought, each once, in the order in which they brought them."""
    found = review.db.execute(
        """
        select records.key
        from json_each(:ids) as wanted
        cross join run_hits on run_hits.run_id = wanted.value
        join records on records.id = run_hits.record_id
        order by run_hits.run_id, run_hits.position
        """,
        {"ids": json.dumps(list(ids))},
    )
    return list(dict.fromkeys(key for (key,) in found))


def hits(review: Review) -> list[tuple[str, str]]:
    """Every hit of every finished run: (run label with its uid's beginning, record key), oldest first."""
    return [
        (f"{row['label']}/{row['uid'][:8]}", row["key"])
        for row in rows(
            review.db,
            """
            select runs.label, log.uid, records.key
            from run_hits
            join runs on runs.log_id = run_hits.run_id
            join log on log.id = runs.log_id
            join records on records.id = run_hits.record_id
            order by runs.log_id, run_hits.position
            """,
        )
    ]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A search that was begun, is not complete, and was not given up."""

    uid: str
    strategy: str
    source: str
    database: str
    left: int
    of: int


def unfinished_searches(review: Review) -> list[Unfinished]:
    """Searches to be completed or given up, oldest first.

    One whose strategy, by its name, was put to the same source again counts as replaced: else a
    sub-query that PubMed refuses would keep the review unfinished after it was corrected.
    """
    return [
        Unfinished(row["uid"], row["strategy"], row["source"], row["database"], row["left"], row["of"])
        for row in rows(
            review.db,
            """
            select log.uid, searches.strategy, searches.source, sources.database,
              count(*) as "of", sum(run_results.log_id is null) as "left"
            from searches
            join sources on sources.source = searches.source
            join log on log.id = searches.log_id
            join runs on runs.search_uid = log.uid
            join log as run_log on run_log.id = runs.log_id
            left join run_results on run_results.run_uid = run_log.uid
            where not exists (select 1 from search_abandonments where search_uid = log.uid)
              and not exists (
                select 1
                from searches as later
                where later.source = searches.source
                  and later.strategy = searches.strategy
                  and later.log_id > searches.log_id
              )
            group by searches.log_id
            having "left" > 0
            order by searches.log_id
            """,
        )
    ]


def abandon(review: Review, uid: str, note: str | None, *, by: str | None = None) -> None:
    """Log that a search will not be completed."""
    with review.writing() as db:
        log.append_one(db, "search_abandonments", {"search_uid": uid, "note": note}, actor=by or log.TOOL)


def arrivals(review: Review) -> dict[str, int]:
    """Key of each record → the log id of the result of the run that found it before all others."""
    return {
        row["key"]: row["arrived"]
        for row in rows(
            review.db,
            """
            select records.key, min(run_results.log_id) as arrived
            from run_hits
            join records on records.id = run_hits.record_id
            join log on log.id = run_hits.run_id
            join run_results on run_results.run_uid = log.uid
            group by records.id
            """,
        )
    }


def finished_runs(review: Review) -> int:
    """How many runs have a result; entering a version made elsewhere is none."""
    (count,) = review.db.execute(
        """
        select count(*)
        from run_results
        join log on log.uid = run_results.run_uid
        join runs on runs.log_id = log.id
        where runs.source not in (select source from previous_reviews)
        """
    ).fetchone()
    return int(count)


def verify(review: Review) -> list[str]:
    """Runs whose replies or records are no longer those that were logged, in sentences."""
    faults = []
    for row in list(
        rows(
            review.db,
            """
            select runs.log_id, runs.label, log.uid, run_results.replies_sha256, run_results.records_sha256
            from run_results
            join log on log.uid = run_results.run_uid
            join runs on runs.log_id = log.id
            order by runs.log_id
            """,
        )
    ):
        if _replies_sha256(review, row["uid"]) != row["replies_sha256"]:
            faults.append(f"run {row['label']}: the raw replies are not those that were logged")
        if _records_sha256(review, row["log_id"]) != row["records_sha256"]:
            faults.append(f"run {row['label']}: the records are not those that were logged")
    for row in rows(
        review.db,
        """
        select runs.label, sources.database
        from runs
        join sources on sources.source = runs.source
        where sources.database <> runs.database or sources.kind <> runs.kind
        """,
    ):
        faults += [f"run {row['label']}: name or kind of {row['database']} is not what was logged"]
    for row in rows(
        review.db, "select key from records where id not in (select record_id from run_hits) order by id"
    ):
        faults += [f"no run found record {row['key']}"]
    for row in rows(review.db, "select id, sha256, body from replies order by id"):
        try:
            is_whole = log.sha256(zlib.decompress(row["body"])) == row["sha256"]
        except zlib.error:
            is_whole = False
        if not is_whole:
            faults.append(f"raw reply {row['id']} is not as it was received")
    return faults
