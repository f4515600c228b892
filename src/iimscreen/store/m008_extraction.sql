-- The eighth schema: full texts beyond their retrieval, studies, extracted data. Never edited once it is released.

-- A file of one report: kept under `fulltexts/` by its hash, or left where it is (`place`).
create table fulltext_files (
  log_id integer primary key references log (id),
  record_key text not null references records (key),
  file_name text not null check (file_name <> ''),
  format text not null check (format in ('pdf', 'xml', 'html', 'txt', 'other')),
  sha256 text not null check (length(sha256) = 64),
  bytes integer not null check (bytes > 0),
  origin text not null check (origin <> ''),
  place text,
  attached integer not null check (attached in (0, 1))
) strict;
create index fulltext_files_by_record on fulltext_files (record_key);

-- What was done about a report on the way to its full text: its language, who translated it, an attempt to get
-- it, an author asked, an answer.
create table report_notes (
  log_id integer primary key references log (id),
  record_key text not null references records (key),
  item text not null check (item in ('language', 'translator', 'attempt', 'contact', 'answer')),
  text text not null check (text <> ''),
  done_on text
) strict;
create index report_notes_by_record on report_notes (record_key);

-- A study is named, renamed, or given up; `own`: the reviewers' own patients, which are in no flow and no
-- total of the literature.
create table study_names (
  log_id integer primary key references log (id),
  study text not null check (study <> ''),
  kind text not null check (kind in ('literature', 'own')),
  title text not null default '',
  standing integer not null check (standing in (0, 1)),
  note text
) strict;
create index study_names_by_study on study_names (study);

-- Reports and studies, many to many: the last word on each pair holds.
create table study_reports (
  log_id integer primary key references log (id),
  study text not null check (study <> ''),
  record_key text not null references records (key),
  verdict text not null check (verdict in ('linked', 'unlinked')),
  note text
) strict;
create index study_reports_by_study on study_reports (study);
create index study_reports_by_record on study_reports (record_key);

-- A form that came from a file and stands for one of the same name, such as the official text of a checklist.
create table form_texts (
  log_id integer primary key references log (id),
  name text not null check (name <> ''),
  text text not null check (text <> ''),
  sha256 text not null check (length(sha256) = 64),
  origin text not null check (origin <> '')
) strict;

-- One person's word on one field of one row of one study (row '' is the study itself); the last one holds.
-- A value, a code for a missing one, or neither: it was emptied. `form_sha256`: the form it was given under.
-- `was_open`: whether its giver could see another's values of this study by then.
create table extractions (
  log_id integer primary key references log (id),
  study text not null,
  form text not null check (form <> ''),
  row text not null,
  field text not null check (field <> ''),
  value text check (value <> ''),
  unit text,
  code text check (code in ('NR', 'NA', 'UN', 'AS')),
  quote text,
  page text,
  report_key text references records (key),
  formula text,
  note text,
  form_sha256 text not null check (length(form_sha256) = 64),
  was_open integer not null check (was_open in (0, 1)),
  check (value is null or code is null),
  check (unit is null or value is not null)
) strict;
create index extractions_by_study on extractions (study, form);

-- Who has finished a study's form, or taken it up again. `checked`: signed another's values after a check.
create table extraction_dones (
  log_id integer primary key references log (id),
  study text not null,
  form text not null check (form <> ''),
  state text not null check (state in ('done', 'checked', 'reopened')),
  note text
) strict;
create index extraction_dones_by_study on extraction_dones (study, form);

-- A study's form whose values were revealed to its extractors in this copy.
create table extraction_openings (
  log_id integer primary key references log (id),
  study text not null,
  form text not null check (form <> '')
) strict;
create index extraction_openings_by_study on extraction_openings (study, form);

-- Which rows of the extractors are one row: a JSON object, name → row; one name alone is on purpose alone.
-- Withdrawn: nothing is said of these rows any more.
create table row_pairings (
  log_id integer primary key references log (id),
  study text not null,
  form text not null check (form <> ''),
  rows text not null check (json_valid(rows)),
  withdrawn integer not null check (withdrawn in (0, 1)),
  note text
) strict;
create index row_pairings_by_study on row_pairings (study, form);

-- The final word on one cell, which leaves the extractors' own values as they are. `rows` as in row_pairings;
-- field '' is the row itself: value 'kept' or 'dropped'. `about`: a JSON object, name → what they said then; the
-- word holds while they do. `chosen`: 'of NAME', 'third', 'row', or 'withdrawn'.
create table extraction_resolutions (
  log_id integer primary key references log (id),
  study text not null,
  form text not null check (form <> ''),
  rows text not null check (json_valid(rows)),
  field text not null,
  value text check (value <> ''),
  unit text,
  code text check (code in ('NR', 'NA', 'UN', 'AS')),
  quote text,
  page text,
  report_key text references records (key),
  formula text,
  about text not null check (json_valid(about)),
  chosen text not null check (chosen <> ''),
  manner text not null check (manner in ('adjudication', 'consensus', 'one person')),
  names text not null check (json_valid(names)),
  reason text,
  form_sha256 text not null check (length(form_sha256) = 64),
  check (value is null or code is null)
) strict;
create index extraction_resolutions_by_study on extraction_resolutions (study, form);

-- A total that a text states: of these studies (a JSON list of names; empty: of all) where `filters` hold (a JSON
-- object, field → value).
create table stated_totals (
  log_id integer primary key references log (id),
  name text not null check (name <> ''),
  value real not null,
  counts text not null check (counts <> ''),
  filters text not null check (json_valid(filters)),
  studies text not null check (json_valid(studies)),
  source text not null check (source <> ''),
  quote text,
  page text,
  withdrawn integer not null check (withdrawn in (0, 1))
) strict;

-- What people say of two studies that may tell of the same patients. With an overlap: a JSON object, outcome → the
-- study that counts for it ('*': all others).
create table overlap_answers (
  log_id integer primary key references log (id),
  study text not null,
  other_study text not null,
  verdict text not null check (verdict in ('overlap', 'distinct', 'withdrawn')),
  counted text not null check (json_valid(counted)),
  note text,
  check (study < other_study)
) strict;
