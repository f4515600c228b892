-- The seventh schema: what came in from other copies of this review. Never edited once it is released.

-- One merged bundle that brought something. A fact of this copy, which no bundle carries.
create table bundle_merges (
  log_id integer primary key references log (id),
  reviewer text not null check (reviewer <> ''),
  file_name text not null,
  file_sha256 text not null check (length(file_sha256) = 64),
  rows integer not null check (rows >= 0),
  new_rows integer not null check (new_rows > 0)
) strict;

-- Two people may take back one edit, each in a copy of their own: `undoes` is no longer unique.
create table record_edits_anew (
  log_id integer primary key references log (id),
  record_key text not null references records (key),
  field text not null check (field <> ''),
  value text,
  note text,
  undoes text references log (uid),
  check (note is not null or undoes is not null),
  check (value is null or undoes is null)
) strict;
insert into record_edits_anew select * from record_edits;
drop table record_edits;
alter table record_edits_anew rename to record_edits;
create index record_edits_by_record on record_edits (record_key, field);
create index record_edits_by_undoes on record_edits (undoes) where undoes is not null;
