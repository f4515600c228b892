"""What became of reports after they were judged: looks, findings, and what people decided about them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iimscreen.store import log
from iimscreen.store.connection import Review, rows


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that became of a report."""

    key: str  # of the record kept for the report when it was found
    kind: str  # retraction, concern, correction, update, reinstatement, gone
    notice: str  # "pmid:…" or "doi:…" of the notice, "" where it is not named
    citation: str  # where the notice stands, as far as told
    was_known: bool  # stood in the record already when the report was judged
    origin: str = ""  # PubMed or Retraction Watch
    uid: str = ""  # of its row in the log
    at: str = ""  # UTC
    is_open: bool = False  # people have to decide about it

    def is_same(self, other: Finding) -> bool:
        """Whether the other tells the same of the same report; a notice not named may be any."""
        return (self.key, self.kind) == (other.key, other.kind) and (
            self.notice == other.notice or not self.notice or not other.notice
        )


def add(
    review: Review,
    *,
    origin: str,
    looked_at: int,
    findings: Sequence[Finding],
    file_name: str | None = None,
    file_sha256: str | None = None,
) -> None:
    """Log one look at so many reports, and what it found that was not logged before. Inside `writing()`."""
    entry = log.append_one(
        review.db,
        "watch_runs",
        {
            "origin": origin,
            "file_name": file_name,
            "file_sha256": file_sha256,
            "reports": looked_at,
            "findings": len(findings),
        },
    )
    log.append(
        review.db,
        "watch_findings",
        [
            {
                "watch_uid": entry.uid,
                "record_key": one.key,
                "kind": one.kind,
                "notice": one.notice,
                "citation": one.citation,
                "was_known": int(one.was_known),
            }
            for one in findings
        ],
    )


def findings(review: Review) -> list[Finding]:
    """Everything ever found, oldest first."""
    return [
        Finding(
            key=row["record_key"],
            kind=row["kind"],
            notice=row["notice"],
            citation=row["citation"],
            was_known=bool(row["was_known"]),
            origin=row["origin"],
            uid=row["uid"],
            at=row["at"],
            is_open=not row["was_known"] and row["outcome"] is None,
        )
        for row in rows(
            review.db,
            """
            select watch_findings.*, log.uid, log.at, watch_runs.origin, watch_settlements.outcome
            from watch_findings
            join log on log.id = watch_findings.log_id
            join log as run_log on run_log.uid = watch_findings.watch_uid
            join watch_runs on watch_runs.log_id = run_log.id
            left join watch_settlements on watch_settlements.finding_uid = log.uid
            order by watch_findings.log_id
            """,
        )
    ]


def settle(
    review: Review,
    found: Iterable[Finding],
    outcome: str,
    *,
    manner: str,
    names: Sequence[str],
    reason: str | None = None,
    note: str | None = None,
) -> None:
    """Log what people decided about findings together: "keep" or "exclude". Inside `writing()`."""
    log.append(
        review.db,
        "watch_settlements",
        [
            {
                "finding_uid": one.uid,
                "outcome": outcome,
                "reason": reason,
                "manner": manner,
                "names": json.dumps(list(names), ensure_ascii=False),
                "note": note,
            }
            for one in found
        ],
        actor=names[0],
    )


def excluded(review: Review) -> dict[str, str]:
    """Report → why, for every report that people excluded for a finding on any of its records.

    A later finding that was settled with "keep" changes nothing: the report stays as it is.
    """
    return {
        row["kept_key"]: f"{row['kind']}: {row['reason']}"
        for row in rows(
            review.db,
            """
            select members.kept_key, watch_findings.kind, watch_settlements.reason
            from watch_settlements
            join log on log.uid = watch_settlements.finding_uid
            join watch_findings on watch_findings.log_id = log.id
            join members on members.key = watch_findings.record_key
            where watch_settlements.outcome = 'exclude'
            order by watch_settlements.log_id
            """,
        )
    }
