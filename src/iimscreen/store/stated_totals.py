"""Totals that a text states: the last word on each name holds."""

from __future__ import annotations

import json

from iimscreen.audit.findings import Stated
from iimscreen.store import log
from iimscreen.store.connection import Review, rows


def add(review: Review, stated: Stated, *, withdrawn: bool = False, by: str) -> None:
    """Log that a text states this, or that it is taken back. Inside `writing()`."""
    log.append_one(
        review.db,
        "stated_totals",
        {
            "name": stated.name,
            "value": stated.value,
            "counts": stated.counts,
            "filters": json.dumps(
                {name: list(values) for name, values in stated.filters}, ensure_ascii=False
            ),
            "studies": json.dumps(list(stated.studies), ensure_ascii=False),
            "source": stated.source,
            "quote": stated.quote or None,
            "page": stated.page or None,
            "withdrawn": int(withdrawn),
        },
        actor=by,
    )


def standing(review: Review) -> dict[str, Stated]:
    """Name → what is stated, without what was taken back, in order of their first statement."""
    found: dict[str, Stated] = {}
    for row in rows(review.db, "select * from stated_totals order by log_id"):
        if row["withdrawn"]:
            found.pop(row["name"], None)
            continue
        found[row["name"]] = Stated(
            name=row["name"],
            value=row["value"],
            counts=row["counts"],
            filters=tuple((name, tuple(values)) for name, values in json.loads(row["filters"]).items()),
            studies=tuple(json.loads(row["studies"])),
            source=row["source"],
            quote=row["quote"] or "",
            page=row["page"] or "",
        )
    return found
