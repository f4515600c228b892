-- The fourth schema: what each reviewer says of a pair of records. Never edited once it is released.

create table duplicate_votes (
  log_id integer primary key references log (id),
  record_key text not null references records (key),
  other_key text not null references records (key),
  reviewer text not null check (reviewer <> ''),
  verdict text not null check (verdict in ('duplicate', 'distinct', 'unsure', 'withdrawn')),
  note text,
  check (record_key <> other_key)
) strict;
create index duplicate_votes_by_pair on duplicate_votes (record_key, other_key, reviewer);

-- All verdicts on one record, of whichever place in the pair.
create index duplicate_verdicts_by_other on duplicate_verdicts (other_key);
