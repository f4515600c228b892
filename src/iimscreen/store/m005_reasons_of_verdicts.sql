-- The fifth schema. Released, so never edited: changes are new steps in migrations.py.

-- Names of the fields on which the two records agreed and differed when the verdict was given, as JSON lists;
-- null in verdicts of older versions, and where a person decided.
alter table duplicate_verdicts add column agreed text check (agreed is null or json_valid(agreed));
alter table duplicate_verdicts add column differed text check (differed is null or json_valid(differed));

-- Which rules compared them (`matching.VERSION`), what preprints were to articles, and whether all records
-- were compared or only those that came since the last time; null in older rows: all, by older rules.
alter table dedupe_runs add column rules_version integer;
alter table dedupe_runs add column preprints text;
alter table dedupe_runs add column compared integer;

-- Two reports of one study, such as a preprint and its article: linked, never merged. The last row on a pair
-- holds; "unlinked" takes a link back.
create table report_links (
  log_id integer primary key references log (id),
  record_key text not null references records (key),
  other_key text not null references records (key),
  verdict text not null check (verdict in ('linked', 'unlinked')),
  decided_by text not null check (decided_by like 'rule:%' or decided_by like 'person:%'),
  score real check (score between 0 and 100),
  agreed text check (agreed is null or json_valid(agreed)),
  differed text check (differed is null or json_valid(differed)),
  note text,
  check (record_key <> other_key)
) strict;
create index report_links_by_pair on report_links (record_key, other_key);
