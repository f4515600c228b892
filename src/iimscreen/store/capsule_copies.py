"""A copy of the review file for a capsule: whole, or without the texts that others have a right in.

Everything is in it, votes too: whoever asks for a copy makes sure first that none of them is closed to view.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iimscreen.store import log
from iimscreen.store.connection import Review, open_review, rows
from iimscreen.store.migrations import LOG_KINDS, drop_derived, make_derived
from iimscreen.store.records import row_hasher

# Columns of log rows that may hold sentences of a report, and where: their row keeps its place in the chain,
# and its own hash can only be recomputed by who has the sentence.
WITHHELD: dict[str, tuple[str, str]] = {
    "extractions": ("quote", "quote is not null"),
    "extraction_resolutions": ("quote", "quote is not null"),
    "stated_totals": ("quote", "quote is not null"),
    "record_edits": ("value", "field = 'abstract' and value is not null"),
}


@dataclass(frozen=True, slots=True)
class RawReply:
    """One raw reply of a source, with the run that it answers."""

    run_uid: str
    label: str
    request: str
    body: bytes  # empty where it was left out
    sha256: str
    received_at: str


def copy_to(review: Review, path: Path) -> None:
    """A compact copy of the review as it is now, without a byte of what was once deleted."""
    review.db.execute("vacuum into :path", {"path": str(path)})


def leave_out_texts(path: Path) -> None:
    """Take abstracts, raw replies and quotes out of a copy, so that no byte of them is left in the file."""
    with open_review(path) as review:
        db = review.db
        with review.writing():
            drop_derived(db)
            db.execute("update records set abstract = null")
            db.execute("update replies set body = x''")
            db.execute("update refusals set cause = 'left out'")
            for kind, (column, where) in WITHHELD.items():
                db.execute(f"update {kind} set {column} = null where {where}")
            make_derived(db)
        db.execute("vacuum")


def withheld(review: Review) -> dict[str, list[int]]:
    """Kind → numbers of the log rows of which a text would be left out."""
    return {
        kind: [
            log_id
            for (log_id,) in review.db.execute(f"select log_id from {kind} where {where} order by log_id")
        ]
        for kind, (_, where) in WITHHELD.items()
    }


def log_rows(review: Review) -> Iterator[dict[str, Any]]:
    """Every row of the log with its content, oldest first; columns that are null are left out of it."""
    contents = {
        kind: {row.pop("log_id"): row for row in rows(review.db, f"select {kind}.* from {kind}")}
        for kind in LOG_KINDS
    }
    for head in rows(review.db, "select * from log order by id"):
        content = contents[head["kind"]].pop(head["id"])
        yield {**head, "content": {name: value for name, value in content.items() if value is not None}}


def replies(review: Review) -> Iterator[RawReply]:
    """All raw replies in order of arrival, one at a time: together they may be large."""
    found = review.db.execute(
        """
        select replies.id, replies.run_uid, runs.label
        from replies
        join log on log.uid = replies.run_uid
        join runs on runs.log_id = log.id
        order by replies.id
        """
    ).fetchall()
    for id_, run_uid, label in found:
        request, body, sha256, at = review.db.execute(
            "select request, body, sha256, received_at from replies where id = :id", {"id": id_}
        ).fetchone()
        yield RawReply(run_uid, label, request, zlib.decompress(body) if body else b"", sha256, at)


def record_hashes(review: Review) -> Iterator[tuple[str, str]]:
    """(key, hash) of every record as its source stated it: what the hash of a run's records is taken of."""
    found = review.db.execute("select * from records order by id")
    columns = [name for name, *_ in found.description]
    place = columns.index("key")
    hash_of = row_hasher(columns[1:])
    for row in found:
        yield row[place], hash_of(row[1:])


def as_stated(review: Review) -> dict[str, str]:
    """Who made the file and when, and how many rows its log has."""
    uid, created_at = review.db.execute("select uid, created_at from review").fetchone()
    last, last_uid = log.last_row(review)
    (at,) = review.db.execute("select at from log order by id desc limit 1").fetchone()
    return {
        "uid": uid,
        "created_at": created_at,
        "last_at": at,
        "log_rows": str(last),
        "log_ends_with": last_uid,
    }


def faults_of_leaving_out(review: Review, left_out: Mapping[str, list[int]]) -> set[str]:
    """What `check` says of a copy whose texts were left out, and only because they were."""
    numbers = {log_id for ids in left_out.values() for log_id in ids}
    faults = {
        f"log row {row['id']} ({row['kind']}, {row['actor']}, {row['at']}) is not as it was written"
        for row in rows(review.db, "select * from log")
        if row["id"] in numbers
    }
    faults |= {
        f"raw reply {id_} is not as it was received"
        for (id_,) in review.db.execute("select id from replies where length(body) = 0")
    }
    faults |= {
        f"run {label}: the records are not those that were logged"
        for (label,) in review.db.execute("select label from runs")
    }
    return faults


def wrong_records(review: Review, hashes: Mapping[str, str]) -> list[str]:
    """Runs whose records, by these hashes, are not those that were logged, in sentences."""
    faults = []
    for run_id, label, logged in review.db.execute(
        """
        select runs.log_id, runs.label, run_results.records_sha256
        from runs
        join log on log.id = runs.log_id
        join run_results on run_results.run_uid = log.uid
        order by runs.log_id
        """
    ).fetchall():
        keys = review.db.execute(
            """
            select records.key
            from run_hits
            join records on records.id = run_hits.record_id
            where run_hits.run_id = :run
            order by run_hits.position
            """,
            {"run": run_id},
        )
        if log.sha256(log.canonical([hashes.get(key, "") for (key,) in keys])) != logged:
            faults.append(f"run {label}: the hashes of its records are not those that were logged")
    return faults


def strategies(review: Review) -> list[tuple[str, str]]:
    """(name, text) of the strategy of every search, as it was run, oldest first."""
    return [
        (row["strategy"], row["strategy_text"])
        for row in rows(review.db, "select strategy, strategy_text from searches order by log_id")
    ]


def as_line(value: Mapping[str, Any]) -> bytes:
    """One line of JSON, spelled as hashes are taken of."""
    return log.canonical(value) + b"\n"
