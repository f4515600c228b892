"""What became of duplicates, and why: groups with their verdicts, and every record in a CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from iimscreen.matching.grouping import BY_HAND
from iimscreen.model import StoredRecord
from iimscreen.store import Review, curation, duplicates, records
from iimscreen.store.duplicates import DUPLICATE, PairVerdict


@dataclass(frozen=True, slots=True)
class Group:
    """Records of one report: the one kept, and the others with what put them here."""

    kept: StoredRecord
    others: tuple[tuple[StoredRecord, PairVerdict | None], ...]


def groups(review: Review) -> list[Group]:
    """Groups of two or more records, in the order of their kept records."""
    by_key = {record.key: record for record in records.everything(review)}
    members: dict[str, list[str]] = {}
    for key, _, _, _, kept, _ in records.memberships(review):
        members.setdefault(kept, []).append(key)
    why = _strongest_merge(duplicates.standing(review))
    return [
        Group(by_key[kept], tuple((by_key[key], why.get(key)) for key in keys if key != kept))
        for kept, keys in members.items()
        if len(keys) > 1
    ]


def _strongest_merge(verdicts: Iterable[PairVerdict]) -> dict[str, PairVerdict]:
    """For each record, the standing merge that ties it most surely to another."""
    best: dict[str, PairVerdict] = {}
    for one in verdicts:
        if one.verdict != DUPLICATE:
            continue
        for key in (one.key, one.other_key):
            if key not in best or _weight(one) > _weight(best[key]):
                best[key] = one
    return best


def _weight(verdict: PairVerdict) -> float:
    return BY_HAND if verdict.by_person else (verdict.score or 0.0)


def as_csv(review: Review) -> str:
    """One row per record, singles too: record,source_id,group,kept,rule,score (kept is 1 or 0)."""
    why = _strongest_merge(duplicates.standing(review))
    rows = records.memberships(review)
    sizes, removed = Counter(row[4] for row in rows), curation.removed(review)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["record", "source_id", "group", "kept", "rule", "score"])
    for key, _, _, _, kept, source_id in rows:
        merged = why.get(key) if sizes[kept] > 1 else None
        writer.writerow(
            [
                key,
                source_id or "",
                kept,
                int(key == kept and key not in removed),
                merged.decided_by if merged else "",
                f"{merged.score:g}" if merged and merged.score is not None else "",
            ]
        )
    return out.getvalue()
