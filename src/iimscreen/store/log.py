"""The spine of the log: append a row, chain it to the same actor's row before, verify all of it."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from iimscreen.store.connection import Review, now, rows
from iimscreen.store.migrations import LOG_KINDS

BLIND = ("decisions", "duplicate_votes", "extractions")  # kinds whose content only a gate may show
TOOL = "iimscreen"  # the actor of rows that no named person wrote

Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log, without its content."""

    id: int
    uid: str
    actor: str
    at: str  # UTC
    kind: str


@dataclass(frozen=True, slots=True)
class FullEntry:
    """One row of the log with its content; None for votes, which only the gate may show."""

    id: int
    uid: str
    actor: str
    at: str  # UTC
    kind: str
    content: dict[str, Any] | None


def entries(review: Review) -> list[FullEntry]:
    """The whole log, oldest first."""
    contents = {
        kind: {row["log_id"]: row for row in rows(review.db, f"select * from {kind}")}
        for kind in LOG_KINDS
        if kind not in BLIND
    }
    return [
        _full(row, contents.get(row["kind"], {}).get(row["id"]))
        for row in rows(review.db, "select * from log order by id")
    ]


def _full(row: Mapping[str, Any], content: dict[str, Any] | None) -> FullEntry:
    return FullEntry(row["id"], row["uid"], row["actor"], row["at"], row["kind"], content)


def of_kind(review: Review, kind: str) -> list[FullEntry]:
    """The log's rows of one kind, oldest first; never votes."""
    if kind in BLIND:
        return []
    contents = {row["log_id"]: row for row in rows(review.db, f"select * from {kind}")}
    return [
        _full(row, contents[row["id"]])
        for row in rows(
            review.db,
            f"select log.* from {kind} join log on log.id = {kind}.log_id order by log.id",
        )
    ]


def last_id(review: Review) -> int:
    """The number of the log's last row; 0 before it."""
    (found,) = review.db.execute("select coalesce(max(id), 0) from log").fetchone()
    return int(found)


def last_row(review: Review) -> tuple[int, str]:
    """The number and the uid of the log's last row."""
    found = review.db.execute("select id, uid from log order by id desc limit 1").fetchone()
    return (0, "") if found is None else (int(found[0]), str(found[1]))


def uid_at(review: Review, log_id: int) -> str | None:
    """The uid of the row of that number; None if there is none."""
    found = review.db.execute("select uid from log where id = :id", {"id": log_id}).fetchone()
    return None if found is None else str(found[0])


def at_of(review: Review, log_id: int) -> str:
    """When the row of that number was written, in UTC; "" if there is none."""
    found = review.db.execute("select at from log where id = :id", {"id": log_id}).fetchone()
    return "" if found is None else str(found[0])


def id_of(review: Review, uid: str) -> int | None:
    """The number of the row of that uid; None if there is none."""
    found = review.db.execute("select id from log where uid = :uid", {"uid": uid}).fetchone()
    return None if found is None else int(found[0])


# Made once: json.dumps makes an encoder for each call, which costs as much as encoding a short row.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def canonical(value: object) -> bytes:
    """The one spelling of a value that hashes are taken of: JSON, keys sorted, no spaces, UTF-8."""
    return _encode(value).encode()


def sha256(data: bytes | str) -> str:
    """SHA-256 as 64 hex digits; text as UTF-8."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def uid_of(head: Mapping[str, Any], content: Content) -> str:
    """The name of a log row: the hash of its head, its content and the same actor's previous uid.

    Columns that are null are left out, so that a column added later changes no old uid.
    """
    stated = {column: value for column, value in content.items() if value is not None}
    return sha256(canonical({**head, "content": stated}))


def append(db: Database, kind: str, contents: Iterable[Content], *, actor: str = TOOL) -> list[Entry]:
    """Add log rows of one kind, in order; all name the same columns. To be called inside `Review.writing()`."""
    found = db.execute(
        "select uid from log where actor = :actor order by id desc limit 1", {"actor": actor}
    ).fetchone()
    previous = found[0] if found else None
    (last,) = db.execute("select coalesce(max(id), 0) from log").fetchone()
    at = now()
    entries, spine, rows_added = [], [], []
    columns: list[str] = []
    for log_id, content in enumerate(contents, start=int(last) + 1):
        columns = columns or list(content)
        nonce = secrets.token_hex(16)
        head = {"actor": actor, "at": at, "kind": kind, "nonce": nonce, "previous": previous}
        uid = uid_of(head, content)
        spine.append((log_id, uid, previous, actor, at, nonce, kind))
        rows_added.append((log_id, *(content[column] for column in columns)))
        entries.append(Entry(log_id, uid, actor, at, kind))
        previous = uid
    if entries:
        db.conn.executemany(
            "insert into log (id, uid, previous, actor, at, nonce, kind) values (?, ?, ?, ?, ?, ?, ?)", spine
        )
        db.conn.executemany(
            f"insert into {kind} (log_id, {', '.join(columns)}) values (?{', ?' * len(columns)})", rows_added
        )
    return entries


def append_one(db: Database, kind: str, content: Content, *, actor: str = TOOL) -> Entry:
    """Add one log row."""
    return append(db, kind, [content], actor=actor)[0]


def has_merged(review: Review) -> bool:
    """Whether rows of another copy of the review came into this one."""
    return review.db.execute("select 1 from bundle_merges limit 1").fetchone() is not None


def forks(review: Review) -> list[tuple[str, int]]:
    """(actor, how many rows have another beside them that follows the same row): work on two machines."""
    return [
        (row["actor"], row["forks"])
        for row in rows(
            review.db,
            """
            select actor, sum(beside) as forks
            from (select actor, count(*) - 1 as beside from log group by actor, previous)
            group by actor
            having sum(beside) > 0
            order by actor
            """,
        )
    ]


def verify(review: Review, *, since: int = 1) -> list[str]:
    """What is wrong with the log, in sentences; an empty list when every row is as it was written.

    Recomputes each uid from the row's content, for rows from the id `since` on, checks that each row
    follows a row of the same actor, and that no id is missing. A chain that forks (one reviewer on two
    machines) is no fault.
    """
    faults = []
    heads = {row["id"]: row for row in rows(review.db, "select * from log order by id")}
    if heads and max(heads) != len(heads):
        missing = sorted(set(range(1, max(heads) + 1)) - set(heads))
        faults.append(f"log rows are missing: {', '.join(map(str, missing[:10]))}")
    seen: dict[str, str] = {}
    contents = {
        kind: {
            row.pop("log_id"): row
            for row in rows(review.db, f"select * from {kind} where log_id >= :since", {"since": since})
        }
        for kind in LOG_KINDS
    }
    for log_id, head in heads.items():
        if log_id < since:
            seen[head["uid"]] = head["actor"]
            continue
        name = f"log row {log_id} ({head['kind']}, {head['actor']}, {head['at']})"
        content = contents.get(head["kind"], {}).pop(log_id, None)
        uid = head["uid"]
        if content is None:
            faults.append(f"{name} has lost its content")
        else:
            stated = {column: head[column] for column in ("actor", "at", "kind", "nonce", "previous")}
            if uid_of(stated, content) != uid:
                faults.append(f"{name} is not as it was written")
        if head["previous"] is not None and seen.get(head["previous"]) != head["actor"]:
            faults.append(f"{name} does not follow an earlier row of {head['actor']}")
        seen[uid] = head["actor"]
    for kind, left in contents.items():
        faults.extend(f"{kind} row {log_id} is not in the log" for log_id in left)
    return faults
