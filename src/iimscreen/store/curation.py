"""What people changed about records: edits of what they state, and records removed before screening.

Append-only, like all that people decide. What a record states once its edits are read over it is told
by `store/records.py`, the one place where they are.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from iimscreen.store import log
from iimscreen.store.connection import Review, rows

# Fields whose values are lists, stored as JSON.
LISTS = frozenset(("authors", "languages", "publication_types", "keywords", "registrations"))

# --- edits -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of one field, or the taking back of an earlier one."""

    log_id: int
    uid: str
    key: str
    field: str
    value: str | None  # spelled as the record's column; None: the field was emptied
    note: str | None
    undoes: str | None  # the uid of the edit that this one takes back
    is_undone: bool
    at: str  # UTC
    by: str


def edits(review: Review, key: str) -> list[Edit]:
    """Every edit of one record, oldest first."""
    found = list(
        rows(
            review.db,
            """
            select record_edits.*, log.uid, log.at, log.actor
            from record_edits
            join log on log.id = record_edits.log_id
            where record_edits.record_key = :key
            order by record_edits.log_id
            """,
            {"key": key},
        )
    )
    undone = {row["undoes"] for row in found}
    return [
        Edit(
            log_id=row["log_id"],
            uid=row["uid"],
            key=row["record_key"],
            field=row["field"],
            value=row["value"],
            note=row["note"],
            undoes=row["undoes"],
            is_undone=row["uid"] in undone,
            at=row["at"],
            by=row["actor"],
        )
        for row in found
    ]


def standing_edits(review: Review, keys: Sequence[str] | None = None) -> dict[str, dict[str, str | None]]:
    """Record → field → value as it stands by edits, of these records or of all; records without are absent."""
    found: dict[str, dict[str, str | None]] = {}
    which = "" if keys is None else "where record_key in (select value from json_each(:keys))"
    for row in rows(
        review.db,
        f"select record_key, field, value from standing_edits {which}",
        {} if keys is None else {"keys": json.dumps(list(keys))},
    ):
        found.setdefault(row["record_key"], {})[row["field"]] = row["value"]
    return found


def add_edits(review: Review, key: str, values: Mapping[str, str | None], *, note: str, by: str) -> None:
    """Log an edit of each of these fields of one record. Inside `writing()`."""
    log.append(
        review.db,
        "record_edits",
        [
            {"record_key": key, "field": field, "value": value, "note": note, "undoes": None}
            for field, value in values.items()
        ],
        actor=by,
    )


def take_back(review: Review, edit: Edit, *, note: str | None, by: str) -> None:
    """Log that an edit no longer stands. Inside `writing()`."""
    log.append_one(
        review.db,
        "record_edits",
        {"record_key": edit.key, "field": edit.field, "value": None, "note": note, "undoes": edit.uid},
        actor=by,
    )


def edited_since_compared(review: Review, fields: Collection[str]) -> set[str]:
    """Keys of records that were compared for duplicates and had one of these fields edited since."""
    found = rows(
        review.db,
        """
        select distinct record_edits.record_key
        from record_edits
        cross join records on records.key = record_edits.record_key
        cross join (
          select dedupe_runs.log_id, last.id as last_id
          from dedupe_runs
          cross join records as last on last.key = dedupe_runs.last_record_key
          order by dedupe_runs.log_id desc
          limit 1
        ) as compared on records.id <= compared.last_id
          and (
            record_edits.log_id > compared.log_id
            -- what came in a bundle may be older by its time: all edits are looked at again
            or exists (select 1 from bundle_merges where bundle_merges.log_id > compared.log_id)
          )
        where record_edits.field in (select value from json_each(:fields))
        """,
        {"fields": json.dumps(sorted(fields))},
    )
    return {row["record_key"] for row in found}


def last_edit(review: Review) -> int:
    """The log id of the last edit, or taking back of one, in this review; 0 before the first."""
    (log_id,) = review.db.execute("select coalesce(max(log_id), 0) from record_edits").fetchone()
    return int(log_id)


def verify_edits(review: Review) -> list[str]:
    """Edits that take back no edit of the same field of the same record, in sentences."""
    return [
        f"log row {row['log_id']} takes back an edit of {row['field']} of {row['record_key']} that it does not name"
        for row in rows(
            review.db,
            """
            select undoing.*
            from record_edits as undoing
            left join log on log.uid = undoing.undoes
            left join record_edits as undone
              on undone.log_id = log.id
              and undone.log_id < undoing.log_id
              and undone.record_key = undoing.record_key
              and undone.field = undoing.field
              and undone.undoes is null
            where undoing.undoes is not null and undone.log_id is null
            order by undoing.log_id
            """,
        )
    ]


# --- removals --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Removal:
    """One word on whether a record is removed before screening."""

    log_id: int
    key: str
    is_removed: bool  # False: it was restored
    reason: str
    at: str  # UTC
    by: str


def _removal(row: dict[str, Any]) -> Removal:
    return Removal(
        row["log_id"], row["record_key"], bool(row["removed"]), row["reason"], row["at"], row["actor"]
    )


def removals(review: Review, key: str) -> list[Removal]:
    """Every removal and restoring of one record, oldest first."""
    return [
        _removal(row)
        for row in rows(
            review.db,
            """
            select record_removals.*, log.at, log.actor
            from record_removals
            join log on log.id = record_removals.log_id
            where record_removals.record_key = :key
            order by record_removals.log_id
            """,
            {"key": key},
        )
    ]


def last_words(review: Review, *, before: int | None = None) -> dict[str, Removal]:
    """Record → the last word on it, of every record that was ever removed; up to a row of the log."""
    return {
        row["record_key"]: _removal(row)
        for row in rows(
            review.db,
            """
            select record_removals.*, log.at, log.actor
            from record_removals
            join log on log.id = record_removals.log_id
            where :before is null or record_removals.log_id < :before
            order by record_removals.log_id
            """,
            {"before": before},
        )
    }


def removed(review: Review, *, before: int | None = None) -> dict[str, Removal]:
    """Record → why it is removed; as it was before a row of the log, where one is given."""
    return {key: word for key, word in last_words(review, before=before).items() if word.is_removed}


def is_removed(review: Review, key: str) -> bool:
    """Whether this record is removed."""
    row = review.db.execute(
        "select removed from record_removals where record_key = :key order by log_id desc limit 1",
        {"key": key},
    ).fetchone()
    return row is not None and bool(row[0])


def add_removals(review: Review, keys: Sequence[str], *, is_removed: bool, reason: str, by: str) -> None:
    """Log that these records are removed, or restored. Inside `writing()`."""
    log.append(
        review.db,
        "record_removals",
        [{"record_key": key, "removed": int(is_removed), "reason": reason} for key in keys],
        actor=by,
    )


# --- how values are spelled -------------------------------------------------------------------------


def in_words(field: str, value: str) -> str:
    """A stored value as people type it: lists parted by semicolons, authors as "Family, Given"."""
    return "; ".join(map(_item_in_words, json.loads(value))) if field in LISTS else value


def _item_in_words(item: str | dict[str, Any]) -> str:
    if isinstance(item, str):
        return item
    if item.get("group"):
        return f"{{{item['family']}}}"
    return f"{item['family']}, {item['given']}" if item.get("given") else str(item["family"])
