-- The sixth schema: rounds within a stage, and who is to judge what. Never edited once it is released.

-- In which round a vote was given (null: in none but the stage), and whether its reviewer could have seen
-- another's vote on that report by then (1) or not (0). Null in older rows, where the log's order tells it.
alter table decisions add column round text;
alter table decisions add column was_open integer check (was_open in (0, 1));

-- A part of a stage's records that is judged, closed and compared on its own: a pilot, drawn by its seed and
-- judged by every reviewer, or a batch, the next ones in order. `counts`: whether its votes count for the
-- review (1), or its records are judged again after it (0).
create table rounds (
  log_id integer primary key references log (id),
  name text not null unique check (name <> ''),
  stage text not null,
  kind text not null check (kind in ('pilot', 'batch')),
  counts integer not null check (counts in (0, 1)),
  seed integer,
  records integer not null check (records > 0),
  keys_sha256 text not null check (length(keys_sha256) = 64),
  check (kind = 'pilot' or counts = 1)
) strict;

create table round_records (
  round_id integer not null references rounds (log_id),
  position integer not null check (position >= 0),
  record_key text not null references records (key),
  primary key (round_id, position),
  unique (round_id, record_key)
) strict, without rowid;
create index round_records_by_record on round_records (record_key);

-- Who is to judge which records of a stage. The last assignment that names a record holds for it; a record
-- that none names is open to every reviewer.
create table assignments (
  log_id integer primary key references log (id),
  stage text not null,
  manner text not null check (manner in ('split', 'hand-over')),
  names text not null check (json_valid(names)),
  per_record integer check (per_record > 0),
  seed integer,
  records integer not null check (records >= 0),
  rows_sha256 text not null check (length(rows_sha256) = 64)
) strict;

create table assigned_records (
  assignment_id integer not null references assignments (log_id),
  record_key text not null references records (key),
  reviewer text not null check (reviewer <> ''),
  primary key (assignment_id, record_key, reviewer)
) strict, without rowid;
create index assigned_records_by_record on assigned_records (record_key);
