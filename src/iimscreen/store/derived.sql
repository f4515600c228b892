-- Views only; remade whenever this text changes. Views over votes are absent on purpose: outcomes are
-- worked out behind the blinding gate in store/gate.py, by the rules in voting.py.

-- Reports that this review judges: those that a version made elsewhere included are not among them. One
-- that a completed version knew stays in the column in which it was judged, whatever finds it again.
create view reports as
select
  kept.id as id,
  kept.key as key,
  max(
    sources.kind in ('database', 'register')
    and member.id <= coalesce(
      (
        select min(last.id)
        from version_closures
        join records as last on last.key = version_closures.last_record_key
        where last.id >= kept.id
      ),
      member.id
    )
  ) as from_databases
from kept_records
join records as kept on kept.id = kept_records.kept_id
join records as member on member.id = kept_records.record_id
join sources on sources.source = member.source
group by kept.id
having max(member.source in (select source from previous_reviews)) = 0;

-- Each record with the record kept for its report, both by key.
create view members as
select records.key as key, kept.key as kept_key
from kept_records
join records on records.id = kept_records.record_id
join records as kept on kept.id = kept_records.kept_id;

-- The last word per pair of records; a person's word outranks a rule's.
create view standing_duplicate_verdicts as
select duplicate_verdicts.*
from duplicate_verdicts
where duplicate_verdicts.log_id = (
  select same_pair.log_id
  from duplicate_verdicts as same_pair
  where same_pair.record_key = duplicate_verdicts.record_key
    and same_pair.other_key = duplicate_verdicts.other_key
  order by same_pair.decided_by like 'person:%' desc, same_pair.log_id desc
  limit 1
);

-- The last word on each pair of reports that was ever linked; a person's word outranks a rule's.
create view standing_report_links as
select report_links.*
from report_links
where report_links.log_id = (
  select same_pair.log_id
  from report_links as same_pair
  where same_pair.record_key = report_links.record_key
    and same_pair.other_key = report_links.other_key
  order by same_pair.decided_by like 'person:%' desc, same_pair.log_id desc
  limit 1
);

create view standing_reviewers as
select reviewer_changes.name, reviewer_changes.role
from reviewer_changes
where reviewer_changes.change = 'added'
  and reviewer_changes.log_id = (
    select max(later.log_id) from reviewer_changes as later where later.name = reviewer_changes.name
  );
