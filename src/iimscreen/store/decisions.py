"""Votes and final words in the log: written here, read raw here.

What is one's own is free, and so is who has voted. What else is read here of the votes of others only the
gate may ask for: `store/gate.py`, and `store/tally.py` behind it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from iimscreen.model import Verdict
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.store import log, records
from iimscreen.store.connection import Review, rows
from iimscreen.store.rounds import Round, of_row
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
            "round": vote.round,
            "was_open": None if vote.was_open is None else int(vote.was_open),
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


# Votes of closed pilots whose votes do not count are out of the way: their records are judged again.
NOT_SPENT = """
(
  decisions.round is null
  or decisions.round not in (
    select name from rounds where counts = 0 and name in (select round from round_openings)
  )
)
"""


def own_vote(review: Review, stage: str, reviewer: str, report: str) -> Vote | None:
    """A reviewer's own last vote on one report, on whichever of its records it was given."""
    found = _votes(
        review,
        f"""
        decisions.stage = :stage and reviewer = :reviewer
          and record_key in (select value from json_each(:keys))
          and {NOT_SPENT}
        """,
        {"stage": stage, "reviewer": reviewer, "keys": json.dumps(records.members_of(review, report))},
    )
    return found[-1] if found and found[-1].verdict is not Verdict.WITHDRAWN else None


def own_votes(review: Review, stage: str, reviewer: str) -> list[Vote]:
    """A reviewer's own standing votes, oldest first."""
    found = _votes(
        review,
        f"+decisions.stage = :stage and reviewer = :reviewer and {NOT_SPENT}",
        {"stage": stage, "reviewer": reviewer},
    )
    return sorted(last_of_each(found), key=lambda vote: vote.log_id)


def last_own_vote(review: Review, stage: str, reviewer: str) -> Vote | None:
    """A reviewer's latest standing vote."""
    # From the newest row on: almost always the first is it.
    for (key,) in review.db.execute(
        f"""
        select record_key
        from log
        cross join decisions on decisions.log_id = log.id
        where log.actor = :reviewer and decisions.stage = :stage and reviewer = :reviewer
          and verdict <> 'withdrawn' and {NOT_SPENT}
          and log.id = (
            select max(later.log_id)
            from decisions as later
            where later.stage = :stage and later.record_key = decisions.record_key
              and later.reviewer = :reviewer
          )
        order by log.id desc
        limit 1
        """,
        {"stage": stage, "reviewer": reviewer},
    ):
        return own_vote(review, stage, reviewer, records.kept_of(review, key))
    return None


def own_given(review: Review, stage: str, reviewer: str) -> list[Vote]:
    """Every vote and undo of a reviewer at a stage, oldest first, but those of pilots that do not count."""
    return _votes(
        review,
        f"+decisions.stage = :stage and reviewer = :reviewer and {NOT_SPENT}",
        {"stage": stage, "reviewer": reviewer},
    )


def made_under(review: Review) -> dict[int, str]:
    """The hash of the protocol under which each decision was made, by log id: no decision's content."""
    return dict(review.db.execute("select log_id, protocol_sha256 from decisions").fetchall())


def voters(review: Review, stage: str, report: str) -> set[str]:
    """Names of those whose vote on one report stands: progress, not content."""
    given_there = _votes(
        review,
        f"""
        decisions.stage = :stage and decisions.manner = 'vote'
          and record_key in (select value from json_each(:keys))
          and {NOT_SPENT}
        """,
        {"stage": stage, "keys": json.dumps(records.members_of(review, report))},
    )
    return {vote.names[0] for vote in last_of_each(given_there)}


def round_of(review: Review, stage: str, report: str) -> Round | None:
    """The pilot or batch in which a report is judged now, if any: the first that has one of its records.

    Of an open one, each does; a closed one has what it revealed, and a pilot that stands apart nothing.
    """
    found = rows(
        review.db,
        f"""
        select rounds.*
        from json_each(:keys) as wanted
        cross join round_records on round_records.record_key = wanted.value
        cross join rounds on rounds.log_id = round_records.round_id
        where rounds.stage = :stage
          and (
            rounds.name not in (select round from round_openings)
            or (
              rounds.counts = 1
              and exists (
                select 1
                from revealed_records
                join round_openings on round_openings.log_id = revealed_records.opening_id
                where round_openings.round = rounds.name
                  and revealed_records.record_key in (select value from json_each(:keys))
              )
              and not exists (
                select 1
                from json_each(:keys) as member
                cross join decisions on decisions.record_key = member.value
                where decisions.stage = :stage
                  and {NOT_SPENT}
                  and not exists (
                    select 1
                    from revealed_records
                    join round_openings on round_openings.log_id = revealed_records.opening_id
                    where round_openings.round = rounds.name
                      and revealed_records.record_key = decisions.record_key
                  )
              )
            )
          )
        order by rounds.log_id
        limit 1
        """,
        {"stage": stage, "keys": json.dumps(records.members_of(review, report))},
    )
    return next((of_row(row) for row in found), None)


def may_see_others(review: Review, stage: str, reviewer: str, report: str) -> bool:
    """Whether this reviewer could have seen another's vote on a report by now: logged openings and unblindings.

    Progress, not content. To be asked inside `writing()`, where every opening is logged.
    """
    row = review.db.execute(
        """
        select 1
        from json_each(:keys) as wanted
        cross join revealed_records on revealed_records.record_key = wanted.value
        cross join round_openings on round_openings.log_id = revealed_records.opening_id
        where round_openings.round = :stage
          or round_openings.round in (select name from rounds where stage = :stage and counts = 1)
        limit 1
        """,
        {"stage": stage, "keys": json.dumps(records.members_of(review, report))},
    ).fetchone()
    return row is not None or is_unblinded(review, stage, reviewer)


def is_unblinded(review: Review, stage: str, reviewer: str) -> bool:
    """Whether any unblinding at a stage was for this reviewer."""
    row = review.db.execute(
        """
        select 1
        from unblindings
        where :reviewer in (reviewer, other_reviewer)
          and (round = :stage or round in (select name from rounds where stage = :stage))
        limit 1
        """,
        {"stage": stage, "reviewer": reviewer},
    ).fetchone()
    return row is not None


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

_VERDICTS = {verdict.value: verdict for verdict in Verdict}


_COLUMNS = """
select
  record_key, verdict, reason, note, names, manner, log.at, decisions.log_id, round, was_open, decisions.stage
from decisions
join log on log.id = decisions.log_id
"""


class _People(dict[str, tuple[str, ...]]):
    """Names as they stand in a row (JSON) → as a tuple, each made once."""

    def __missing__(self, names: str) -> tuple[str, ...]:
        self[names] = tuple(json.loads(names))
        return self[names]


_SEEN = {None: None, 0: False, 1: True}


def _vote(row: Sequence[Any], people: _People) -> Vote:
    key, verdict, reason, note, names, manner, at, log_id, one, was_open = row[:10]
    return Vote(
        key, _VERDICTS[verdict], reason, note, people[names], manner, at, log_id, one, _SEEN[was_open]
    )


def _votes(review: Review, where: str, values: dict[str, Any]) -> list[Vote]:
    """Decisions as they stand in the log, oldest first."""
    people = _People()
    found = review.db.execute(f"{_COLUMNS} where {where} order by decisions.log_id", values).fetchall()
    return [_vote(row, people) for row in found]


def last_of_each(votes: Iterable[Vote]) -> list[Vote]:
    """Of votes in order of time, the last per record and reviewer; withdrawn ones left out."""
    latest = {(vote.key, vote.names): vote for vote in votes}
    return [vote for vote in latest.values() if vote.verdict is not Verdict.WITHDRAWN]


def given(review: Review) -> dict[str, tuple[list[Vote], list[Vote]]]:
    """Stage → every vote and undo, and every final word, oldest first."""
    people = _People()
    found: dict[str, tuple[list[Vote], list[Vote]]] = {}
    for row in review.db.execute(f"{_COLUMNS} order by decisions.log_id").fetchall():
        vote = _vote(row, people)
        stage = row[10]
        if stage not in found:
            found[stage] = ([], [])
        found[stage][vote.manner != "vote"].append(vote)
    return found


def openings(review: Review, rounds: Iterable[str]) -> dict[str, int]:
    """Record → the log id of the first opening of any of these rounds that revealed it."""
    return dict(
        review.db.execute(
            """
            select revealed_records.record_key, min(round_openings.log_id)
            from round_openings
            cross join revealed_records on revealed_records.opening_id = round_openings.log_id
            where round_openings.round in (select value from json_each(:rounds))
            group by revealed_records.record_key
            """,
            {"rounds": json.dumps(list(rounds))},
        ).fetchall()
    )


def opened_rounds(review: Review) -> set[str]:
    """Names of rounds, and of stages, of which an opening is logged."""
    return {name for (name,) in review.db.execute("select distinct round from round_openings")}


def last_opening(review: Review, round_name: str) -> int:
    """The log id of a round's last opening; 0 before it."""
    (found,) = review.db.execute(
        "select max(log_id) from round_openings where round = :round", {"round": round_name}
    ).fetchone()
    return int(found or 0)


def unblindings(review: Review) -> list[tuple[str, frozenset[str], int]]:
    """(round, pair of reviewers, log id) of every unblinding, oldest first."""
    return [
        (row["round"], frozenset((row["reviewer"], row["other_reviewer"])), row["log_id"])
        for row in rows(review.db, "select * from unblindings order by log_id")
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


def log_ids(review: Review, stage: str) -> list[tuple[int, str, str | None, str | None]]:
    """Every decision of a stage: (log id, record, reviewer or None for a final word, round)."""
    return review.db.execute(
        """
        select log_id, record_key, reviewer, round
        from decisions
        where +stage = :stage
        order by log_id
        """,
        {"stage": stage},
    ).fetchall()


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
