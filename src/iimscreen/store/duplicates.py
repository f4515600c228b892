"""Verdicts on pairs of records, links between reports, and which record is kept for each report."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from iimscreen import __version__
from iimscreen.store import log
from iimscreen.store.connection import Review, rows

DUPLICATE, DISTINCT, ASKED = "duplicate", "distinct", "asked"
LINKED, UNLINKED = "linked", "unlinked"


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """The standing verdict on one pair; the pair is in order of arrival."""

    key: str
    other_key: str
    verdict: str  # duplicate, distinct or asked; of a link: linked or unlinked
    decided_by: str  # "rule:NAME" or "person:NAME"
    score: float | None
    note: str | None
    agreed: tuple[str, ...] = ()  # names of fields on which both agreed when a rule judged them
    differed: tuple[str, ...] = ()

    @property
    def by_person(self) -> bool:
        """Whether a person decided it."""
        return self.decided_by.startswith("person:")


_COLUMNS = ("record_key", "other_key", "verdict", "decided_by", "score", "note", "agreed", "differed")


def _of(row: Mapping[str, Any]) -> PairVerdict:
    return _verdict([row[column] for column in _COLUMNS])


def standing(review: Review) -> list[PairVerdict]:
    """The last word on every pair, in order of arrival of the records."""
    return [_verdict(row) for row in review.db.execute(_standing("standing_duplicate_verdicts")).fetchall()]


def links(review: Review) -> list[PairVerdict]:
    """The last word on every pair of reports that was ever linked as two of one study, in order of arrival."""
    return [_verdict(row) for row in review.db.execute(_standing("standing_report_links")).fetchall()]


def _standing(view: str) -> str:
    return f"""
        select
          verdicts.record_key, verdicts.other_key, verdicts.verdict, verdicts.decided_by, verdicts.score,
          verdicts.note, verdicts.agreed, verdicts.differed
        from {view} as verdicts
        join records as one on one.key = verdicts.record_key
        join records as other on other.key = verdicts.other_key
        order by one.id, other.id
        """


def _verdict(row: Sequence[Any]) -> PairVerdict:
    key, other_key, verdict, decided_by, score, note, *fields = row
    agreed, differed = (tuple(json.loads(names)) if names else () for names in fields)
    return PairVerdict(key, other_key, verdict, decided_by, score, note, agreed, differed)


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
            {**_content(one), "kept_key": kept.get(one.key) if one.verdict == DUPLICATE else None}
            for one in verdicts
        ],
        actor=actor,
    )


def add_links(review: Review, found: Iterable[PairVerdict], *, actor: str = log.TOOL) -> None:
    """Log that reports are, or are no longer, two of one study. Inside `writing()`."""
    log.append(review.db, "report_links", map(_content, found), actor=actor)


def _content(one: PairVerdict) -> dict[str, Any]:
    return {
        "record_key": one.key,
        "other_key": one.other_key,
        "verdict": one.verdict,
        "decided_by": one.decided_by,
        "score": None if one.score is None else float(one.score),
        "note": one.note,
        "agreed": _names(one.agreed),
        "differed": _names(one.differed),
    }


@lru_cache(maxsize=4096)
def _names(fields: tuple[str, ...]) -> str | None:
    return json.dumps(fields) if fields else None


def keep(review: Review, kept: Mapping[str, str]) -> None:
    """Rebuild the derived table: key of each record → key of the record kept. Inside `writing()`."""
    before = dict(
        review.db.execute(
            """
            select records.key, kept.key
            from kept_records
            join records on records.id = kept_records.record_id
            join records as kept on kept.id = kept_records.kept_id
            where kept_records.record_id <> kept_records.kept_id
            """
        ).fetchall()
    )
    review.db.conn.executemany(
        """
        update kept_records set kept_id = (select id from records where key = ?)
        where record_id = (select id from records where key = ?)
        """,
        [(kept_key, key) for key, kept_key in kept.items() if before.get(key, key) != kept_key],
    )


@dataclass(frozen=True, slots=True)
class DedupeRun:
    """A deduplication: how far it came, and by what it judged."""

    last_key: str | None  # the record that had come last
    merge_at: float
    ask_at: float
    preprints: str | None  # None in runs before it could be chosen
    rules_version: int | None  # `matching.VERSION`; None before there were versions
    at: str  # UTC


def log_run(
    review: Review,
    *,
    records: int,
    compared: int,
    last_key: str | None,
    pairs: int,
    merge_at: float,
    ask_at: float,
    preprints: str,
    rules_version: int,
) -> None:
    """Log that so many records, all up to the last, were compared with all. Inside `writing()`."""
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
            "rules_version": rules_version,
            "preprints": preprints,
            "compared": compared,
        },
    )


def last_run(review: Review) -> DedupeRun | None:
    """The last deduplication; None before the first."""
    row = review.db.execute(
        """
        select last_record_key, merge_at, ask_at, preprints, rules_version, log.at
        from dedupe_runs
        join log on log.id = dedupe_runs.log_id
        order by dedupe_runs.log_id desc
        limit 1
        """
    ).fetchone()
    return None if row is None else DedupeRun(*row)


def not_compared(review: Review) -> list[str]:
    """Keys of the records that have come since the last deduplication, in order of arrival."""
    return [
        key
        for (key,) in review.db.execute(
            """
            select key
            from records
            where id > coalesce(
              (
                select last.id
                from dedupe_runs
                cross join records as last on last.key = dedupe_runs.last_record_key
                order by dedupe_runs.log_id desc
                limit 1
              ),
              0
            )
            order by id
            """,
        )
    ]
