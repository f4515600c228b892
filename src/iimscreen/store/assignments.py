"""Who is to judge which records of a stage; the last assignment that names a record holds for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from iimscreen.store import log, records
from iimscreen.store.connection import Review, rows

SPLIT = "split"
HAND_OVER = "hand-over"


def add(
    review: Review,
    stage: str,
    manner: str,
    assigned: Mapping[str, Sequence[str]],
    *,
    by: str,
    per_record: int | None = None,
    seed: int | None = None,
) -> None:
    """Log who is to judge each of some records (key → names). Inside `writing()`."""
    pairs = [(key, name) for key, names in assigned.items() for name in names]
    entry = log.append_one(
        review.db,
        "assignments",
        {
            "stage": stage,
            "manner": manner,
            "names": json.dumps(sorted({name for _, name in pairs}), ensure_ascii=False),
            "per_record": per_record,
            "seed": seed,
            "records": len(assigned),
            "rows_sha256": _sha256(pairs),
        },
        actor=by,
    )
    review.db.conn.executemany(
        "insert into assigned_records (assignment_id, record_key, reviewer) values (?, ?, ?)",
        [(entry.id, key, name) for key, name in pairs],
    )


def standing(review: Review, stage: str) -> dict[str, frozenset[str]]:
    """Record → names of those who are to judge it at this stage; records that nobody assigned are left out."""
    found: dict[str, tuple[int, set[str]]] = {}
    for assignment_id, key, name in review.db.execute(
        """
        select assigned_records.assignment_id, assigned_records.record_key, assigned_records.reviewer
        from assignments
        join assigned_records on assigned_records.assignment_id = assignments.log_id
        where assignments.stage = :stage
        order by assignments.log_id
        """,
        {"stage": stage},
    ):
        last, names = found.get(key, (0, set()))
        if assignment_id > last:
            names = set()
        names.add(name)
        found[key] = assignment_id, names
    return {key: frozenset(names) for key, (_, names) in found.items()}


def of_record(review: Review, stage: str, report: str) -> frozenset[str]:
    """Names of those who are to judge one report at this stage; nobody where it is open to all."""
    found = review.db.execute(
        """
        select assigned_records.reviewer, assignments.log_id
        from json_each(:keys) as wanted
        cross join assigned_records on assigned_records.record_key = wanted.value
        cross join assignments on assignments.log_id = assigned_records.assignment_id
        where assignments.stage = :stage
        """,
        {"stage": stage, "keys": json.dumps(records.members_of(review, report))},
    ).fetchall()
    last = max((log_id for _, log_id in found), default=0)
    return frozenset(name for name, log_id in found if log_id == last)


def _sha256(pairs: Sequence[tuple[str, str]]) -> str:
    return log.sha256(log.canonical(sorted(pairs)))


def verify(review: Review) -> list[str]:
    """Assignments whose records or names are not those that were logged, in sentences."""
    pairs: dict[int, list[tuple[str, str]]] = {}
    for assignment_id, key, name in review.db.execute("select * from assigned_records"):
        pairs.setdefault(assignment_id, []).append((key, name))
    return [
        f"the assignment in log row {row['log_id']} is not as it was logged"
        for row in rows(review.db, "select * from assignments order by log_id")
        if _sha256(pairs.get(row["log_id"], [])) != row["rows_sha256"]
    ]
