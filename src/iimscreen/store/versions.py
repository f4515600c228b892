"""Completed versions of a living review, versions made elsewhere, and the file as it was at a moment."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlite_utils import Database

from iimscreen.model import Kind
from iimscreen.store import log, migrations
from iimscreen.store.connection import Review, rows

Studies = Sequence[tuple[str, str]]  # (report, study of it), in order; a report of several is there with each


@dataclass(frozen=True, slots=True)
class Closure:
    """One completed version, as declared."""

    number: int
    title: str
    note: str | None
    at: str  # UTC
    by: str
    log_id: int
    flow: Mapping[str, Any]  # template and numbers, as they were
    lists_sha256: str  # of the lists behind the numbers
    last_record_key: str | None  # the record that had come last
    reports: tuple[tuple[str, str], ...]  # each report it includes, with each of its studies


@dataclass(frozen=True, slots=True)
class PreviousReview:
    """One version made elsewhere, as entered."""

    title: str
    source: str
    file_name: str
    file_sha256: str
    at: str  # UTC
    by: str
    studies: int
    reports: tuple[tuple[str, str], ...]  # each report it included, with each of its studies

    @property
    def database(self) -> str:
        """What its source is called."""
        return previous_database(self.title)


_ELSEWHERE = "previous."  # with a point, which no name of an import or of a source has


def elsewhere_source(number: int) -> str:
    """The first part of record keys for the reports of the so many-th version made elsewhere."""
    return f"{_ELSEWHERE}{number}"


def is_made_elsewhere(key: str) -> bool:
    """Whether this record stands for a report that a version made elsewhere included."""
    return key.startswith(_ELSEWHERE)


def previous_database(title: str) -> str:
    """What the source of a version made elsewhere is called."""
    return f"Previous review: {title}"


def _studies_sha256(reports: Studies) -> str:
    return log.sha256(log.canonical([list(pair) for pair in reports]))


def by_report(pairs: Studies) -> dict[str, tuple[str, ...]]:
    """Report → its studies, in order."""
    found: dict[str, tuple[str, ...]] = {}
    for report, study in pairs:
        found[report] = (*found.get(report, ()), study)
    return found


def lists_sha256(lists: Mapping[str, Sequence[str] | None]) -> str:
    """One hash over named lists of records, whatever the order of the names."""
    return log.sha256(
        log.canonical({name: None if keys is None else list(keys) for name, keys in lists.items()})
    )


# --- versions completed here -----------------------------------------------------------------------


def close(
    review: Review,
    *,
    title: str,
    note: str | None,
    by: str,
    flow: Mapping[str, Any],
    lists_sha256: str,
    reports: Studies,
) -> Closure:
    """Log that a version is complete, with its numbers and the reports it includes. Inside `writing()`."""
    closed = closures(review)
    last = review.db.execute("select key from records order by id desc limit 1").fetchone()
    entry = log.append_one(
        review.db,
        "version_closures",
        {
            "number": len(closed) + 1,
            "title": title,
            "note": note,
            "last_record_key": last[0] if last else None,
            "flow": json.dumps(flow, ensure_ascii=False),
            "lists_sha256": lists_sha256,
            "reports_sha256": _studies_sha256(reports),
        },
        actor=by,
    )
    review.db.conn.executemany(
        "insert into version_reports (closure_id, position, record_key, study) values (?, ?, ?, ?)",
        [(entry.id, position, key, study) for position, (key, study) in enumerate(reports)],
    )
    return closures(review)[-1]


def closures(review: Review) -> list[Closure]:
    """All completed versions, oldest first."""
    found = list(
        rows(
            review.db,
            """
            select version_closures.*, log.at, log.actor
            from version_closures
            join log on log.id = version_closures.log_id
            order by version_closures.log_id
            """,
        )
    )
    return [
        Closure(
            number=row["number"],
            title=row["title"],
            note=row["note"],
            at=row["at"],
            by=row["actor"],
            log_id=row["log_id"],
            flow=json.loads(row["flow"]),
            lists_sha256=row["lists_sha256"],
            last_record_key=row["last_record_key"],
            reports=_listed(review, "version_reports", "closure_id", row["log_id"]),
        )
        for row in found
    ]


def _listed(review: Review, table: str, column: str, log_id: int) -> tuple[tuple[str, str], ...]:
    return tuple(
        (row["record_key"], row["study"])
        for row in rows(
            review.db,
            f"select record_key, study from {table} where {column} = :id order by position",
            {"id": log_id},
        )
    )


def sources_used(review: Review, *, since: int) -> list[tuple[str, Kind]]:
    """Name and kind of every database that a run with a result after this row of the log was put to."""
    return [
        (row["database"], Kind(row["kind"]))
        for row in rows(
            review.db,
            """
            select distinct runs.database, runs.kind
            from run_results
            join log on log.uid = run_results.run_uid
            join runs on runs.log_id = log.id
            where run_results.log_id > :since
            """,
            {"since": since},
        )
    ]


def found_again(review: Review, *, since: int) -> list[str]:
    """Keys of the records that runs found after this row of the log, and others had found before it."""
    return [
        row["key"]
        for row in rows(
            review.db,
            """
            select records.key
            from run_hits
            join records on records.id = run_hits.record_id
            join log on log.id = run_hits.run_id
            join run_results on run_results.run_uid = log.uid
            group by records.id
            having min(run_results.log_id) <= :since and max(run_results.log_id) > :since
            order by records.id
            """,
            {"since": since},
        )
    ]


def has_work_since(review: Review, log_id: int) -> bool:
    """Whether anything a new version could consist of was logged after this row."""
    row = review.db.execute(
        """
        select 1
        from log
        where id > :id
          and kind in (
            'run_results', 'decisions', 'duplicate_verdicts', 'retrievals', 'watch_settlements',
            'record_removals', 'study_names', 'study_reports'
          )
        limit 1
        """,
        {"id": log_id},
    ).fetchone()
    return row is not None


def known(review: Review) -> set[str]:
    """Keys of the records that had come when the last version was closed; none before the first closing."""
    return {
        row["key"]
        for row in rows(
            review.db,
            """
            select records.key
            from records
            where records.id <= (
              select last.id
              from version_closures
              cross join records as last on last.key = version_closures.last_record_key
              order by version_closures.log_id desc
              limit 1
            )
            """,
        )
    }


# --- searches that an update repeats ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Repeatable:
    """The latest complete search of one strategy in one source, and its repetition under way, if any."""

    uid: str
    at: str  # UTC
    source: str
    database: str
    strategy: str
    text: str  # the whole strategy file
    as_of: str | None
    begun: tuple[str, str] | None  # uid and time (UTC) of a search that repeats it and is not complete


def repeatable(review: Review) -> list[Repeatable]:
    """What an update has to search again, in the order of the first searches.

    Strategies are told apart by name and source: a later file of the same name took the place of an
    earlier one. Searches given up, and strategies of which no search was completed, are left out.
    """
    latest: dict[tuple[str, str], Repeatable] = {}
    for row in rows(
        review.db,
        """
        select log.uid, log.at, searches.*, sources.database,
          (
            select count(*)
            from runs
            join log as run_log on run_log.id = runs.log_id
            where runs.search_uid = log.uid
              and not exists (select 1 from run_results where run_results.run_uid = run_log.uid)
          ) as "left"
        from searches
        join log on log.id = searches.log_id
        join sources on sources.source = searches.source
        where not exists (select 1 from search_abandonments where search_uid = log.uid)
        order by searches.log_id
        """,
    ):
        name = row["strategy"], row["source"]
        if not row["left"]:
            latest[name] = Repeatable(
                row["uid"],
                row["at"],
                row["source"],
                row["database"],
                row["strategy"],
                row["strategy_text"],
                row["as_of"],
                None,
            )
        elif name in latest and row["updates"] is not None:
            latest[name] = replace(latest[name], begun=(row["uid"], row["at"]))
    return list(latest.values())


def updated_by(review: Review, uid: str) -> str | None:
    """The uid of the search that a search repeats for an update; None if it repeats none."""
    row = review.db.execute(
        """
        select searches.updates
        from searches
        join log on log.id = searches.log_id
        where log.uid = :uid
        """,
        {"uid": uid},
    ).fetchone()
    return None if row is None else row[0]


# --- versions made elsewhere -----------------------------------------------------------------------


def add_previous(
    review: Review,
    *,
    title: str,
    source: str,
    file_name: str,
    file_sha256: str,
    reports: Studies,
    by: str,
) -> None:
    """Log a version made elsewhere; its reports are records of `source` already. Inside `writing()`."""
    entry = log.append_one(
        review.db,
        "previous_reviews",
        {
            "title": title,
            "source": source,
            "file_name": file_name,
            "file_sha256": file_sha256,
            "studies": len({study for _, study in reports}),
            "reports": len({key for key, _ in reports}),
            "reports_sha256": _studies_sha256(reports),
        },
        actor=by,
    )
    review.db.conn.executemany(
        "insert into previous_reports (previous_id, position, record_key, study) values (?, ?, ?, ?)",
        [(entry.id, position, key, study) for position, (key, study) in enumerate(reports)],
    )


def previous_reviews(review: Review) -> list[PreviousReview]:
    """All versions made elsewhere, in the order entered."""
    found = list(
        rows(
            review.db,
            """
            select previous_reviews.*, log.at, log.actor
            from previous_reviews
            join log on log.id = previous_reviews.log_id
            order by previous_reviews.log_id
            """,
        )
    )
    return [
        PreviousReview(
            row["title"],
            row["source"],
            row["file_name"],
            row["file_sha256"],
            row["at"],
            row["actor"],
            row["studies"],
            _listed(review, "previous_reports", "previous_id", row["log_id"]),
        )
        for row in found
    ]


# --- what is verified ------------------------------------------------------------------------------


def verify(review: Review) -> list[str]:
    """Versions whose number or reports are not those that were logged, in sentences."""
    faults = []
    for place, row in enumerate(rows(review.db, "select * from version_closures order by log_id"), start=1):
        if row["number"] != place:
            faults.append(f"version {row['number']} stands at place {place} of the versions")
        if (
            _studies_sha256(_listed(review, "version_reports", "closure_id", row["log_id"]))
            != row["reports_sha256"]
        ):
            faults.append(f"version {row['number']}: the reports it includes are not those that were logged")
    for row in rows(review.db, "select * from previous_reviews order by log_id"):
        found = _listed(review, "previous_reports", "previous_id", row["log_id"])
        if _studies_sha256(found) != row["reports_sha256"]:
            faults.append(f"the previous review {row['title']!r}: its reports are not those that were logged")
    return faults


# --- the file as it was ----------------------------------------------------------------------------

_OF_RUNS = """
select runs.log_id
from run_results
join log on log.uid = run_results.run_uid
join runs on runs.log_id = log.id
"""

# What is copied of each table that does not hang on the log by `log_id`. `kept_records` is derived.
_UNTIL = {
    "review": "true",
    "log": "id < :end",
    "sources": "source in (select source from runs where log_id < :end "
    "union select source from searches where log_id < :end)",
    "run_hits": f"run_id in ({_OF_RUNS} where run_results.log_id < :end)",
    "refusals": f"run_id in ({_OF_RUNS} where run_results.log_id < :end)",
    "records": f"id in (select record_id from run_hits where run_id in ({_OF_RUNS} where run_results.log_id < :end))",
    "revealed_records": "opening_id < :end",
    "round_records": "round_id < :end",
    "assigned_records": "assignment_id < :end",
    "version_reports": "closure_id < :end",
    "previous_reports": "previous_id < :end",
}


@contextlib.contextmanager
def as_it_was(review: Review, log_id: int) -> Iterator[Review]:
    """The review as its log was before this row: a copy in memory, to be read.

    Raw replies are left out. Each record stands for itself in it until `dedupe.restore` has joined
    them by the verdicts on duplicates of that time.
    """
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        db = Database(connection, execute_plugins=False)
        migrations.migrations.apply(db)
        for table, where in (
            *_UNTIL.items(),
            *((kind, "log_id < :end") for kind in migrations.LOG_KINDS),
        ):
            order = "rowid" if table == "sources" else "1, 2"  # their order is that of their first use
            columns = [row[1] for row in db.execute(f"pragma table_info({table})").fetchall()]
            found = review.db.execute(
                f"select {', '.join(columns)} from {table} where {where} order by {order}", {"end": log_id}
            )
            connection.executemany(
                f"insert into {table} ({', '.join(columns)}) values ({', '.join('?' * len(columns))})", found
            )
        db.execute("insert into kept_records (record_id, kept_id) select id, id from records")
        migrations.make_derived(db)
        yield Review(review.path, db)
