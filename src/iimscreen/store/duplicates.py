"""Verdicts on pairs of records, and which record is kept for each report."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from iimscreen import __version__
from iimscreen.store import log
from iimscreen.store.connection import Review, rows

DUPLICATE, DISTINCT, ASKED = "duplicate", "distinct", "asked"


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """The standing verdict on one pair; the pair is in order of arrival."""

    key: str
    other_key: str
    verdict: str  # duplicate, distinct or asked
    decided_by: str  # "rule:NAME" or "person:NAME"
    score: float | None
    note: str | None

    @property
    def by_person(self) -> bool:
        """Whether a person decided it."""
        return self.decided_by.startswith("person:")


def _of(row: Mapping[str, Any]) -> PairVerdict:
    return PairVerdict(
        row["record_key"], row["other_key"], row["verdict"], row["decided_by"], row["score"], row["note"]
    )


def standing(review: Review) -> list[PairVerdict]:
    """The last word on every pair, in order of arrival of the records."""
    return [
        _of(row)
        for row in rows(
            review.db,
            """
            select verdicts.*
            from standing_duplicate_verdicts as verdicts
            join records as one on one.key = verdicts.record_key
            join records as other on other.key = verdicts.other_key
            order by one.id, other.id
            """,
        )
    ]


class Past:
    """Which of some records were one report at a moment of the log, by the verdicts until then."""

    def __init__(self, review: Review, keys: Collection[str]) -> None:
        wanted = set(keys)
        self._verdicts = [
            (
                row["log_id"],
                frozenset((row["record_key"], row["other_key"])),
                row["verdict"],
                row["decided_by"],
            )
            for row in rows(review.db, "select * from duplicate_verdicts order by log_id")
            if row["record_key"] in wanted and row["other_key"] in wanted
        ]

    def together(self, key: str, log_id: int) -> frozenset[str]:
        """The records that were one report with this one when a word with this log id was given."""
        standing: dict[frozenset[str], tuple[bool, str]] = {}
        for at, pair, verdict, decided_by in self._verdicts:
            by_person = decided_by.startswith("person:")
            if at < log_id and (by_person or not standing.get(pair, (False, ""))[0]):
                standing[pair] = (by_person, verdict)
        found, edge = {key}, {key}
        while edge:
            edge = {
                other
                for pair, (_, verdict) in standing.items()
                if verdict == "duplicate" and pair & edge
                for other in pair - found
            }
            found |= edge
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class LoggedVerdict:
    """One verdict as it stands in the log."""

    verdict: PairVerdict
    kept_key: str | None
    actor: str
    at: str  # UTC
    log_id: int


def history(review: Review, key: str, other_key: str) -> list[LoggedVerdict]:
    """Every verdict ever given on one pair, in whichever order its records are named; oldest first."""
    return [
        LoggedVerdict(
            _of(row),
            row["kept_key"],
            row["actor"],
            row["at"],
            row["log_id"],
        )
        for row in rows(
            review.db,
            """
            select duplicate_verdicts.*, log.actor, log.at
            from duplicate_verdicts
            join log on log.id = duplicate_verdicts.log_id
            where (record_key = :one and other_key = :other) or (record_key = :other and other_key = :one)
            order by duplicate_verdicts.log_id
            """,
            {"one": key, "other": other_key},
        )
    ]


def last(review: Review, key: str, other_key: str) -> LoggedVerdict:
    """The standing verdict on a pair that has one, as logged."""
    return max(history(review, key, other_key), key=lambda one: (one.verdict.by_person, one.log_id))


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Records that verdicts tie to one another, directly or through others; no other record's report
    depends on a verdict on two of them.
    """

    keys: tuple[str, ...]  # in order of arrival
    verdicts: tuple[PairVerdict, ...]  # the standing ones on pairs of them
    kept: Mapping[str, str]  # key → the record kept for its report now


def neighbourhood(review: Review, keys: Iterable[str]) -> Neighbourhood:
    """All records tied to these by standing merges."""
    found: dict[str, tuple[int, str]] = {}
    verdicts: dict[tuple[str, str], PairVerdict] = {}
    edge = set(keys)
    while edge:
        for row in rows(
            review.db,
            """
            select records.key, records.id, kept.key as kept_key
            from json_each(:keys) as wanted
            cross join records on records.key = wanted.value
            join kept_records on kept_records.record_id = records.id
            join records as kept on kept.id = kept_records.kept_id
            """,
            {"keys": json.dumps(sorted(edge))},
        ):
            found[row["key"]] = (row["id"], row["kept_key"])
        touching = _touching(review, edge)
        verdicts.update(((one.key, one.other_key), one) for one in touching)
        edge = {
            key for one in touching if one.verdict == DUPLICATE for key in (one.key, one.other_key)
        } - found.keys()
    inside = sorted(found, key=lambda key: found[key][0])
    return Neighbourhood(
        tuple(inside),
        tuple(one for one in verdicts.values() if one.key in found and one.other_key in found),
        {key: found[key][1] for key in inside},
    )


def _touching(review: Review, keys: Collection[str]) -> list[PairVerdict]:
    """The standing verdicts on pairs of which one record is among these."""
    return [
        _of(row)
        for side in ("record_key", "other_key")
        for row in rows(
            review.db,
            f"""
            select verdicts.*
            from json_each(:keys) as wanted
            cross join standing_duplicate_verdicts as verdicts on verdicts.{side} = wanted.value
            """,
            {"keys": json.dumps(sorted(keys))},
        )
    ]


def keep_some(review: Review, kept: Mapping[str, str]) -> None:
    """As `keep`, for a few records. Inside `writing()`."""
    review.db.conn.executemany(
        """
        update kept_records set kept_id = (select id from records where key = :kept_key)
        where record_id = (select id from records where key = :key)
        """,
        [{"key": key, "kept_key": kept_key} for key, kept_key in kept.items()],
    )


def add(
    review: Review, verdicts: Iterable[PairVerdict], kept: Mapping[str, str], *, actor: str = log.TOOL
) -> None:
    """Log verdicts; `kept` says which record each key's report keeps. Inside `writing()`."""
    log.append(
        review.db,
        "duplicate_verdicts",
        [
            {
                "record_key": one.key,
                "other_key": one.other_key,
                "verdict": one.verdict,
                "decided_by": one.decided_by,
                "score": None if one.score is None else float(one.score),
                "kept_key": kept.get(one.key) if one.verdict == "duplicate" else None,
                "note": one.note,
            }
            for one in verdicts
        ],
        actor=actor,
    )


def keep(review: Review, kept: Mapping[str, str]) -> None:
    """Rebuild the derived table: key of each record → key of the record kept. Inside `writing()`."""
    ids = {row["key"]: row["id"] for row in rows(review.db, "select id, key from records")}
    review.db.conn.executemany(
        "update kept_records set kept_id = ? where record_id = ? and kept_id <> ?",
        [(ids[kept_key], ids[key], ids[kept_key]) for key, kept_key in kept.items()],
    )


def log_run(
    review: Review, *, records: int, last_key: str | None, pairs: int, merge_at: float, ask_at: float
) -> None:
    """Log that all records were compared. Inside `writing()`."""
    log.append_one(
        review.db,
        "dedupe_runs",
        {
            "records": records,
            "last_record_key": last_key,
            "pairs": pairs,
            "merge_at": float(merge_at),
            "ask_at": float(ask_at),
            "tool_version": __version__,
        },
    )


def last_thresholds(review: Review) -> tuple[float, float] | None:
    """(merge_at, ask_at) of the last deduplication; None before it."""
    row = review.db.execute(
        "select merge_at, ask_at from dedupe_runs order by log_id desc limit 1"
    ).fetchone()
    return None if row is None else (float(row[0]), float(row[1]))


def last_compared(review: Review) -> int:
    """The number of the last record that a deduplication has compared; 0 before the first."""
    row = review.db.execute(
        """
        select last.id
        from dedupe_runs
        join records as last on last.key = dedupe_runs.last_record_key
        order by dedupe_runs.log_id desc
        limit 1
        """
    ).fetchone()
    return 0 if row is None else int(row[0])


def records_not_compared(review: Review) -> int:
    """How many records have come since the last deduplication."""
    (count,) = review.db.execute(
        """
        select count(*)
        from records
        where id > coalesce(
          (
            select last.id
            from dedupe_runs
            join records as last on last.key = dedupe_runs.last_record_key
            order by dedupe_runs.log_id desc
            limit 1
          ),
          0
        )
        """
    ).fetchone()
    return int(count)
