-- The second schema. Released, so never edited: changes are new steps in migrations.py.
-- Columns added here are null in older rows, and a null is left out of a row's hash.

alter table records add column registry_numbers text check (registry_numbers is null or json_valid(registry_numbers));
alter table records add column registrations text check (registrations is null or json_valid(registrations));
alter table records add column indexed_on text;
alter table records add column revised_on text;
alter table records add column citation_status text;

-- The zone of the computer that ran it, as "Europe/Rome +02:00"; times themselves are UTC.
alter table run_results add column zone text;

-- The search that this one repeats for an update of the review.
alter table searches add column updates text references log (uid);

-- What was done beyond the tool: PRISMA-S items that only people know.
create table source_notes (
  log_id integer primary key references log (id),
  item integer not null check (item between 1 and 16),
  source text,
  text text not null check (text <> ''),
  done_on text,
  replaces text references log (uid)
) strict;

-- A completed version of a living review: records that came after `last_record_key` belong to its update.
-- `flow` holds its numbers as they were then; the hashes cover the lists behind them and the rows below.
create table version_closures (
  log_id integer primary key references log (id),
  number integer not null check (number >= 1),
  title text not null,
  note text,
  last_record_key text references records (key),
  flow text not null check (json_valid(flow)),
  lists_sha256 text not null check (length(lists_sha256) = 64),
  reports_sha256 text not null check (length(reports_sha256) = 64)
) strict;

-- The reports that a completed version includes, each with its study.
create table version_reports (
  closure_id integer not null references version_closures (log_id),
  position integer not null check (position >= 0),
  record_key text not null references records (key),
  study text not null,
  primary key (closure_id, position)
) strict, without rowid;

-- A version made elsewhere. What it included are records of a source of its own, so that duplicates of
-- them are found as all others are; they are never screened here.
create table previous_reviews (
  log_id integer primary key references log (id),
  title text not null,
  source text not null unique references sources (source),
  file_name text not null,
  file_sha256 text not null check (length(file_sha256) = 64),
  studies integer not null check (studies >= 0),
  reports integer not null check (reports >= 0),
  reports_sha256 text not null check (length(reports_sha256) = 64)
) strict;

create table previous_reports (
  previous_id integer not null references previous_reviews (log_id),
  position integer not null check (position >= 0),
  record_key text not null references records (key),
  study text not null check (study <> ''),
  primary key (previous_id, position)
) strict, without rowid;

-- One look at what became of reports after they were judged, and what it found.
create table watch_runs (
  log_id integer primary key references log (id),
  origin text not null check (origin in ('PubMed', 'Retraction Watch')),
  file_name text,
  file_sha256 text check (length(file_sha256) = 64),
  reports integer not null check (reports >= 0),
  findings integer not null check (findings >= 0),
  check ((file_name is null) = (file_sha256 is null))
) strict;

create table watch_findings (
  log_id integer primary key references log (id),
  watch_uid text not null references log (uid),
  record_key text not null references records (key),
  kind text not null
    check (kind in ('retraction', 'concern', 'correction', 'update', 'reinstatement', 'gone')),
  notice text not null default '',
  citation text not null default '',
  was_known integer not null check (was_known in (0, 1)),
  unique (record_key, kind, notice)
) strict;

-- What people decided together about a finding.
create table watch_settlements (
  log_id integer primary key references log (id),
  finding_uid text not null unique references log (uid),
  outcome text not null check (outcome in ('keep', 'exclude')),
  reason text,
  manner text not null check (manner in ('adjudication', 'consensus', 'one person')),
  names text not null check (json_valid(names)),
  note text,
  check (reason is null or outcome = 'exclude')
) strict;
