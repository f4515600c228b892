"""Votes and final words in the log: written here, read raw here.

What is one's own is free. `standing`, `finals`, `given`, `openings`, `unblindings` and `waits` hold the votes
of others: only the gate (`store/gate.py`) may call them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from iimscreen.model import Verdict
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.store import log, records
from iimscreen.store.connection import Review, rows
from iimscreen.voting import Vote

# --- writing ---------------------------------------------------------------------------------------


def add(review: Review, vote: Vote, stage: str, protocol_sha256: str) -> None:
    """Log one vote or final word. Inside `writing()`."""
    log.append_one(
        review.db,
        "decisions",
        {
            "record_key": vote.key,
            "stage": stage,
            "reviewer": vote.names[0] if vote.manner == "vote" else None,
            "verdict": vote.verdict.value,
            "reason": vote.reason,
            "note": vote.note,
            "protocol_sha256": protocol_sha256,
            "manner": vote.manner,
            "names": json.dumps(vote.names, ensure_ascii=False),
        },
        actor=vote.names[0],
    )


def unblind(review: Review, stage: str, pairs: Iterable[Sequence[str]], *, by: str) -> None:
    """Log that pairs of reviewers may see each other's votes of a round. Inside `writing()`."""
    log.append(
        review.db,
        "unblindings",
        [
            {"round": stage, "reviewer": one, "other_reviewer": other}
            for one, other in (sorted(pair) for pair in pairs)
        ],
        actor=by,
    )


def note_opening(review: Review, stage: str, keys: Sequence[str]) -> None:
    """Log that all votes which a round needed are in, and which records that reveals. Inside `writing()`."""
    entry = log.append_one(
        review.db,
        "round_openings",
        {"round": stage, "records": len(keys), "keys_sha256": log.sha256(log.canonical(sorted(keys)))},
    )
    review.db.conn.executemany(
        "insert into revealed_records (opening_id, record_key) values (?, ?)",
        [(entry.id, key) for key in keys],
    )


# --- one's own, and what is no vote's content ------------------------------------------------------


def own_vote(review: Review, stage: str, reviewer: str, report: str) -> Vote | None:
    """A reviewer's own last vote on one report, on whichever of its records it was given."""
    found = [
        _vote(row)
        for key in records.members_of(review, report)
        for row in rows(
            review.db,
            _DECISIONS + "where decisions.stage = :stage and record_key = :key and reviewer = :reviewer",
            {"stage": stage, "key": key, "reviewer": reviewer},
        )
    ]
    last = max(found, key=lambda vote: vote.log_id, default=None)
    return last if last is not None and last.verdict is not Verdict.WITHDRAWN else None


def own_votes(review: Review, stage: str, reviewer: str) -> list[Vote]:
    """A reviewer's own standing votes, oldest first."""
    return sorted(standing(review, stage, reviewer=reviewer), key=lambda vote: vote.log_id)


def own_given(review: Review, stage: str, reviewer: str) -> list[Vote]:
    """Every vote that a reviewer ever gave at a stage, those withdrawn or replaced too, oldest first."""
    return [
        _vote(row)
        for row in rows(
            review.db,
            _DECISIONS
            + "where decisions.stage = :stage and decisions.manner = 'vote' and decisions.reviewer = :reviewer "
            "order by decisions.log_id",
            {"stage": stage, "reviewer": reviewer},
        )
    ]


def made_under(review: Review) -> dict[int, str]:
    """The hash of the protocol under which each decision was made, by log id: no decision's content."""
    return {
        row["log_id"]: row["protocol_sha256"]
        for row in rows(review.db, "select log_id, protocol_sha256 from decisions")
    }


def voters(review: Review, stage: str, report: str) -> set[str]:
    """Names of those whose vote on one report stands: progress, not content."""
    latest: dict[tuple[str, str], str] = {}
    for key in records.members_of(review, report):
        for row in rows(
            review.db,
            """
            select reviewer, verdict
            from decisions
            where stage = :stage and record_key = :key and manner = 'vote'
            order by log_id
            """,
            {"stage": stage, "key": key},
        ):
            latest[key, row["reviewer"]] = row["verdict"]
    return {name for (_, name), verdict in latest.items() if verdict != Verdict.WITHDRAWN}


def is_judged(review: Review, report: str) -> bool:
    """Whether a vote on one report stands at any stage, or a final word was given: progress, not content."""
    if any(voters(review, stage, report) for stage in (TITLE_ABSTRACT, FULL_TEXT)):
        return True
    row = review.db.execute(
        """
        select 1
        from decisions
        where manner <> 'vote' and record_key in (select value from json_each(:keys))
        limit 1
        """,
        {"keys": json.dumps(records.members_of(review, report))},
    ).fetchone()
    return row is not None


def verify_removals(review: Review) -> list[str]:
    """Records that are removed before screening and have decisions of a later time, in sentences."""
    return [
        f"{row['key']} was removed before screening, and log row {row['log_id']} judges it after that"
        for row in rows(
            review.db,
            """
            select standing_removals.record_key as "key", min(decisions.log_id) as log_id
            from standing_removals
            cross join decisions on decisions.record_key = standing_removals.record_key
            where standing_removals.removed and decisions.log_id > standing_removals.log_id
            group by standing_removals.record_key
            order by log_id
            """,
        )
    ]


def has_decided(review: Review, name: str) -> bool:
    """Whether a vote of theirs stands, or they took part in a final word."""
    row = review.db.execute(
        """
        select 1
        from decisions, json_each(decisions.names)
        where manner <> 'vote' and json_each.value = :name
        limit 1
        """,
        {"name": name},
    ).fetchone()
    return row is not None or any(own_votes(review, stage, name) for stage in (TITLE_ABSTRACT, FULL_TEXT))


def was_ever_decided(review: Review, keys: Iterable[str]) -> bool:
    """Whether anything was ever decided on one of these records: progress, not content."""
    row = review.db.execute(
        """
        select 1
        from json_each(:keys) as wanted
        cross join decisions on decisions.record_key = wanted.value
          and decisions.stage in ('title-abstract', 'full-text')
        limit 1
        """,
        {"keys": json.dumps(sorted(keys))},
    ).fetchone()
    return row is not None


def first_vote(review: Review) -> int | None:
    """The log id of the review's first vote: from then on, protocol changes are amendments."""
    (found,) = review.db.execute("select min(log_id) from decisions").fetchone()
    return None if found is None else int(found)


# --- raw: for the gate only ------------------------------------------------------------------------

_DECISIONS = """
select decisions.*, log.at
from decisions
join log on log.id = decisions.log_id
"""


def _vote(row: dict[str, Any]) -> Vote:
    return Vote(
        key=row["record_key"],
        verdict=Verdict(row["verdict"]),
        reason=row["reason"],
        note=row["note"],
        names=tuple(json.loads(row["names"])),
        manner=row["manner"],
        at=row["at"],
        log_id=row["log_id"],
    )


def standing(review: Review, stage: str, *, reviewer: str | None = None) -> list[Vote]:
    """Standing votes of a stage, of one reviewer or of all: the last per record, withdrawn ones left out."""
    latest: dict[tuple[str, str], Vote] = {}
    for row in rows(
        review.db,
        _DECISIONS
        + "where decisions.stage = :stage and decisions.manner = 'vote'"
        + (" and decisions.reviewer = :reviewer" if reviewer is not None else "")
        + " order by decisions.log_id",
        {"stage": stage, "reviewer": reviewer},
    ):
        latest[row["record_key"], row["reviewer"]] = _vote(row)
    return [vote for vote in latest.values() if vote.verdict is not Verdict.WITHDRAWN]


def finals(review: Review, stage: str) -> list[Vote]:
    """Final words of a stage, the last per record."""
    return list(
        {
            row["record_key"]: _vote(row)
            for row in rows(
                review.db,
                _DECISIONS
                + "where decisions.stage = :stage and decisions.manner <> 'vote' order by decisions.log_id",
                {"stage": stage},
            )
        }.values()
    )


def given(review: Review, stage: str) -> list[Vote]:
    """Every vote and final word ever given at a stage, those withdrawn or replaced too, oldest first."""
    return [
        _vote(row)
        for row in rows(
            review.db,
            _DECISIONS + "where decisions.stage = :stage order by decisions.log_id",
            {"stage": stage},
        )
    ]


def openings(review: Review, stage: str) -> dict[str, int]:
    """Record → the log id of the opening of this round that revealed it."""
    return {
        row["record_key"]: row["opened"]
        for row in rows(
            review.db,
            """
            select revealed_records.record_key, min(round_openings.log_id) as opened
            from revealed_records
            join round_openings on round_openings.log_id = revealed_records.opening_id
            where round_openings.round = :stage
            group by revealed_records.record_key
            """,
            {"stage": stage},
        )
    }


def last_opening(review: Review, stage: str) -> int:
    """The log id of a round's last opening; 0 before it."""
    (found,) = review.db.execute(
        "select max(log_id) from round_openings where round = :stage", {"stage": stage}
    ).fetchone()
    return int(found or 0)


def unblindings(review: Review, stage: str) -> list[tuple[frozenset[str], int]]:
    """(pair of reviewers, log id) of every unblinding of this round, oldest first."""
    return [
        (frozenset((row["reviewer"], row["other_reviewer"])), row["log_id"])
        for row in rows(
            review.db, "select * from unblindings where round = :stage order by log_id", {"stage": stage}
        )
    ]


def is_begun(review: Review, stage: str) -> bool:
    """Whether anyone decided anything at this stage."""
    row = review.db.execute(
        "select 1 from decisions where stage = :stage limit 1", {"stage": stage}
    ).fetchone()
    return row is not None


def verify_openings(review: Review) -> list[str]:
    """Openings whose list of records is not the one that was logged, in sentences."""
    keys: dict[int, list[str]] = {}
    for row in rows(review.db, "select opening_id, record_key from revealed_records order by record_key"):
        keys.setdefault(row["opening_id"], []).append(row["record_key"])
    return [
        f"the opening of {row['round']} in log row {row['log_id']} is not over the records that were logged"
        for row in rows(review.db, "select * from round_openings order by log_id")
        if log.sha256(log.canonical(keys.get(row["log_id"], []))) != row["keys_sha256"]
    ]


def changed_since(review: Review, stage: str, log_id: int) -> bool:
    """Whether anything was logged after `log_id` that could bring a round to its end."""
    row = review.db.execute(
        """
        select 1
        from log
        where id > :id
          and (
            kind in (
              'run_results', 'duplicate_verdicts', 'protocol_versions', 'retrievals', 'record_removals'
            )
            or (kind = 'decisions' and (select stage from decisions where log_id = log.id) in (:stage, :before))
          )
        limit 1
        """,
        {"id": log_id, "stage": stage, "before": "title-abstract"},
    ).fetchone()
    return row is not None


# The decisions on any record of the report `kept`. `cross join` fixes SQLite's order of the loops: left
# to itself it reads all votes for each record.
_ON_REPORT = """
from kept_records as member
cross join records on records.id = member.record_id
cross join decisions on decisions.record_key = records.key
where member.kept_id = kept.id
"""


def waits(review: Review, stage: str, needed: int, *, others_too: bool) -> bool:
    """Whether some report surely lacks votes: a quick no to "is this round complete?".

    Latest records first, because reviewers begin with the earliest. Those that a closed version knew
    are passed over: all of them had their votes then. At full text, reports that are
    retrieved and that nobody excluded on title and abstract; `others_too`: whether records
    from other methods pass title and abstract screening.
    """
    pool = """
      from kept_records
      join records as kept on kept.id = kept_records.kept_id
      where kept_records.record_id = kept_records.kept_id
        and kept.key not in (select record_key from standing_removals where removed)
        and not exists (
          select 1
          from kept_records as member
          cross join records on records.id = member.record_id
          where member.kept_id = kept.id
            and records.source in (select source from previous_reviews)
        )
        and kept.id > coalesce(
          (
            select max(last.id)
            from version_closures
            join records as last on last.key = version_closures.last_record_key
          ),
          0
        )
    """
    if stage == "title-abstract":
        pool += """
          and (
            :others_too
            or exists (
              select 1
              from kept_records as member
              join records on records.id = member.record_id
              join sources on sources.source = records.source
              where member.kept_id = kept.id
                and sources.kind in ('database', 'register')
                and records.key not in (select record_key from standing_removals where removed)
            )
          )
        """
    else:
        pool += f"""
          and (
            select outcome from retrievals where record_key = kept.key order by log_id desc limit 1
          ) = 'retrieved'
          and not exists (
            select 1
            {_ON_REPORT}
              and decisions.stage = 'title-abstract'
              and decisions.verdict = 'exclude'
          )
        """
    row = review.db.execute(
        f"""
        select 1
        {pool}
          and (
            select count(distinct decisions.reviewer)
            {_ON_REPORT} and decisions.stage = :stage and decisions.manner = 'vote'
          ) < :needed
          and not exists (
            select 1
            {_ON_REPORT} and decisions.stage = :stage and decisions.manner <> 'vote'
          )
        order by kept_records.record_id desc
        limit 1
        """,
        {"stage": stage, "needed": needed, "others_too": others_too},
    ).fetchone()
    return row is not None


def log_ids(review: Review, stage: str) -> list[tuple[int, str, str, str | None]]:
    """Every decision of a stage: (log id, record, its report now, reviewer; None for a final word)."""
    return [
        (row["log_id"], row["record_key"], row["kept_key"], row["reviewer"])
        for row in rows(
            review.db,
            """
            select decisions.log_id, decisions.record_key, members.kept_key, decisions.reviewer
            from decisions
            join members on members.key = decisions.record_key
            where decisions.stage = :stage
            order by decisions.log_id
            """,
            {"stage": stage},
        )
    ]


def in_words(review: Review, wanted: Iterable[int]) -> dict[int, str]:
    """What decisions say, by log id; the gate's `hidden_log_ids` says which may be asked for."""
    ids = set(wanted)
    return {
        row["log_id"]: f"{row['stage']}: {row['record_key']} {row['verdict']}"
        + (f" ({row['reason']})" if row["reason"] else "")
        + ("" if row["manner"] == "vote" else f" by {row['manner']} of {', '.join(json.loads(row['names']))}")
        + (f" – {row['note']}" if row["note"] else "")
        for row in rows(review.db, "select * from decisions order by log_id")
        if row["log_id"] in ids
    }
