"""Quick noes to "are all votes of a round in?", so that most votes are stored without asking the gate.

A no is sure: some report that the round has to judge lacks votes. Anything else only means that the gate
has to look. No verdict is handed on from here.
"""

from __future__ import annotations

from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.store.connection import Review
from iimscreen.store.decisions import NOT_SPENT
from iimscreen.store.rounds import Round

# The decisions on any record of the report `kept`. `cross join` fixes SQLite's order of the loops: left
# to itself it reads all votes for each record.
_ON_REPORT = """
from kept_records as member
cross join records on records.id = member.record_id
cross join decisions on decisions.record_key = records.key
where member.kept_id = kept.id
"""

_RETRIEVALS = """
from kept_records as member
cross join records on records.id = member.record_id
cross join retrievals on retrievals.record_key = records.key
where member.kept_id = kept.id
"""

# Whether the report `kept` is one that this review judges.
_IS_JUDGED_HERE = """
kept.key not in (select record_key from standing_removals where removed)
and not exists (
  select 1
  from kept_records as member
  cross join records on records.id = member.record_id
  where member.kept_id = kept.id
    and records.source in (select source from previous_reviews)
)
"""

# Whether it passes title and abstract screening; all do if `others_too`.
_IS_SCREENED = """
(
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

# Whether nothing that could take the report `kept` out of full-text assessment has come since a round was made.
_IS_STILL_ASSESSED = f"""
not exists (
  select 1
  from log
  where log.id > :id
    and log.kind in (
      'protocol_versions', 'duplicate_verdicts', 'record_removals', 'reviewer_changes', 'previous_reviews',
      'bundle_merges'
    )
)
and not exists (
  select 1
  {_RETRIEVALS} and retrievals.log_id > :id
)
and not exists (
  select 1
  {_ON_REPORT} and decisions.stage = 'title-abstract' and decisions.log_id > :id
)
"""

# Whether it surely is among the reports of a stage: at full text, where title and abstract screening is
# complete; else the stage is not complete in any case.
_IS_IN_POOL = {
    TITLE_ABSTRACT: _IS_SCREENED,
    FULL_TEXT: f"""
exists (
  select 1
  {_RETRIEVALS} and retrievals.outcome = 'retrieved'
)
and not exists (
  select 1
  {_RETRIEVALS} and retrievals.outcome = 'not_retrieved'
)
and not exists (
  select 1
  {_ON_REPORT} and decisions.stage = 'title-abstract' and decisions.verdict = 'exclude'
)
""",
}

_LACKS_VOTES = f"""
(
  select count(distinct decisions.reviewer)
  {_ON_REPORT} and decisions.stage = :stage and decisions.manner = 'vote' and {NOT_SPENT}
) < :needed
and not exists (
  select 1
  {_ON_REPORT} and decisions.stage = :stage and decisions.manner <> 'vote'
)
"""


def changed_since(review: Review, stage: str, log_id: int) -> bool:
    """Whether anything was logged after `log_id` that could bring the round of a stage itself to its end.

    Votes and final words at the stage do only where they are on records that are not revealed yet, and in no
    round that is still open. What was
    merged from another copy may stand before it, by its time, and only the merge itself after it.
    """
    row = review.db.execute(
        """
        select 1
        from log
        left join decisions on decisions.log_id = log.id
        where log.id > :id
          and (
            log.kind in (
              'run_results', 'duplicate_verdicts', 'protocol_versions', 'retrievals', 'record_removals',
              'reviewer_changes', 'rounds', 'previous_reviews', 'bundle_merges'
            )
            or decisions.stage = :before
            or (
              decisions.stage = :stage
              and (decisions.round is null or decisions.round in (select round from round_openings))
              and not exists (
                select 1
                from revealed_records
                join round_openings on round_openings.log_id = revealed_records.opening_id
                where revealed_records.record_key = decisions.record_key and round_openings.round = :stage
              )
            )
          )
        limit 1
        """,
        {"id": log_id, "stage": stage, "before": TITLE_ABSTRACT if stage == FULL_TEXT else ""},
    ).fetchone()
    return row is not None


def round_waits(review: Review, one: Round, needed: int, *, others_too: bool) -> bool:
    """Whether some record of a pilot or batch surely lacks votes: a quick no to "is it complete?".

    Not one that an earlier round has, nor one that may have left the stage since.
    """
    row = review.db.execute(
        f"""
        select 1
        from round_records
        cross join records as one on one.key = round_records.record_key
        cross join kept_records as own on own.record_id = one.id
        cross join records as kept on kept.id = own.kept_id
        where round_id = :id
          and (
            select count(distinct decisions.reviewer)
            {_ON_REPORT} and decisions.stage = :stage and decisions.manner = 'vote'
          ) < :needed
          and not exists (
            select 1
            {_ON_REPORT} and decisions.stage = :stage and decisions.manner <> 'vote'
          )
          and not exists (
            select 1
            from kept_records as member
            cross join records on records.id = member.record_id
            cross join round_records as before on before.record_key = records.key
            cross join rounds on rounds.log_id = before.round_id
            where member.kept_id = kept.id and rounds.stage = :stage and rounds.log_id < :id
          )
          and {_IS_JUDGED_HERE}
          and {_IS_SCREENED if one.stage == TITLE_ABSTRACT else _IS_STILL_ASSESSED}
        order by round_records.position desc
        limit 1
        """,
        {"id": one.log_id, "stage": one.stage, "needed": needed, "others_too": others_too},
    ).fetchone()
    return row is not None


def waits(review: Review, stage: str, needed: int, *, others_too: bool) -> str | None:
    """A report that surely lacks votes: a quick no to "is the round of this stage itself complete?".

    Pilots and batches are rounds of their own. Latest records first, because reviewers begin with the
    earliest. Those that a closed version knew are passed over: all of them had their votes then. `others_too`: whether
    records from other methods pass title and abstract screening.
    """
    pool = f"""
      from kept_records
      join records as kept on kept.id = kept_records.kept_id
      where kept_records.record_id = kept_records.kept_id
        and {_IS_JUDGED_HERE}
        and {_IS_IN_POOL[stage]}
        and kept.id not in (
          select own.kept_id
          from rounds
          cross join round_records on round_records.round_id = rounds.log_id
          cross join records on records.key = round_records.record_key
          cross join kept_records as own on own.record_id = records.id
          where rounds.stage = :stage
            and (rounds.counts = 1 or rounds.name not in (select round from round_openings))
        )
        and kept.id > coalesce(
          (
            select max(last.id)
            from version_closures
            cross join records as last on last.key = version_closures.last_record_key
          ),
          0
        )
    """
    row = review.db.execute(
        f"""
        select kept.key
        {pool}
          and {_LACKS_VOTES}
        order by kept_records.record_id desc
        limit 1
        """,
        {"stage": stage, "needed": needed, "others_too": others_too},
    ).fetchone()
    return None if row is None else str(row[0])


def still_waits(review: Review, stage: str, needed: int, report: str, *, others_too: bool) -> bool:
    """Whether a report that `waits` named before still is one that it could name."""
    row = review.db.execute(
        f"""
        select 1
        from records as kept
        join kept_records on kept_records.record_id = kept.id
        where kept.key = :report and kept_records.kept_id = kept.id
          and {_IS_JUDGED_HERE}
          and {_IS_IN_POOL[stage]}
          and kept.key not in (select record_key from round_records)
          and {_LACKS_VOTES}
        """,
        {"stage": stage, "needed": needed, "report": report, "others_too": others_too},
    ).fetchone()
    return row is not None
