-- The third schema. Released, so never edited: changes are new steps in migrations.py.

-- What a person added to a record or corrected in it; the record itself stays as its source stated it.
-- `value` is spelled as the record's column is (lists as JSON); null: the field is empty. A row with
-- `undoes` takes an earlier one back.
create table record_edits (
  log_id integer primary key references log (id),
  record_key text not null references records (key),
  field text not null check (field <> ''),
  value text,
  note text,
  undoes text unique references log (uid),
  check (note is not null or undoes is not null),
  check (value is null or undoes is null)
) strict;
create index record_edits_by_record on record_edits (record_key, field);

-- Records taken out before screening (1), and taken in again (0).
create table record_removals (
  log_id integer primary key references log (id),
  record_key text not null references records (key),
  removed integer not null check (removed in (0, 1)),
  reason text not null check (reason <> '')
) strict;
create index record_removals_by_record on record_removals (record_key);
