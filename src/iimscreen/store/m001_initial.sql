-- The first schema. Released, so never edited: changes are new functions in migrations.py.
-- Log tables share one spine, `log`: who wrote what kind of row when, chained per actor. A log row
-- names records by key, protocols, searches and runs by their hash or uid, never by a local id.

create table review (
  id integer primary key check (id = 1),
  uid text not null check (length(uid) = 32),
  created_at text not null,
  created_with text not null
) strict;

create table log (
  id integer primary key,
  uid text not null unique check (length(uid) = 64),
  previous text references log (uid),
  actor text not null check (actor <> ''),
  at text not null,
  nonce text not null check (length(nonce) = 32),
  kind text not null check (kind <> '')
) strict;
create index log_by_actor on log (actor, id);

create table protocol_versions (
  log_id integer primary key references log (id),
  text text not null,
  sha256 text not null check (length(sha256) = 64),
  origin text not null
) strict;

create table reviewer_changes (
  log_id integer primary key references log (id),
  name text not null check (name <> ''),
  role text not null check (role in ('reviewer', 'adjudicator')),
  change text not null check (change in ('added', 'removed'))
) strict;

create table sources (
  source text primary key,
  database text not null,
  kind text not null check (kind in ('database', 'register', 'website', 'organisation', 'citation'))
) strict;

create table searches (
  log_id integer primary key references log (id),
  source text not null references sources (source),
  strategy text not null,
  title text not null,
  strategy_text text not null,
  strategy_sha256 text not null check (length(strategy_sha256) = 64),
  queries_sha256 text not null check (length(queries_sha256) = 64),
  as_of text,
  tool_version text not null
) strict;

-- A search that will not be completed: its unfinished runs no longer keep the review interim.
create table search_abandonments (
  log_id integer primary key references log (id),
  search_uid text not null references log (uid),
  note text
) strict;

create table runs (
  log_id integer primary key references log (id),
  search_uid text references log (uid),
  source text not null references sources (source),
  database text not null,
  kind text not null,
  label text not null,
  query text,
  text_sent text,
  file_name text,
  file_sha256 text check (length(file_sha256) = 64),
  file_format text,
  tool_version text not null,
  check ((query is null) = (text_sent is null)),
  check ((query is null) = (search_uid is null)),
  check ((file_name is null) = (file_sha256 is null)),
  check ((query is null) <> (file_name is null))
) strict;
create index runs_by_search on runs (search_uid);

create table run_results (
  log_id integer primary key references log (id),
  run_uid text not null unique references log (uid),
  hits integer not null check (hits >= 0),
  new_records integer not null check (new_records >= 0),
  refused integer not null default 0 check (refused >= 0),
  undated integer not null default 0 check (undated >= 0),
  interpreted_as text not null default '',
  warnings text not null default '[]' check (json_valid(warnings)),
  database_build text,
  replies_sha256 text not null check (length(replies_sha256) = 64),
  records_sha256 text not null check (length(records_sha256) = 64)
) strict;

create table replies (
  id integer primary key,
  run_uid text not null references log (uid),
  request text not null check (json_valid(request)),
  body blob not null,
  sha256 text not null check (length(sha256) = 64),
  received_at text not null
) strict;
create index replies_by_run on replies (run_uid);

create table records (
  id integer primary key,
  source text not null references sources (source),
  accession text not null check (accession <> ''),
  key text not null unique check (key = source || ':' || accession),
  source_id text,
  pmid text,
  pmcid text,
  doi text check (doi = lower(doi)),
  title text,
  vernacular_title text,
  abstract text,
  authors text not null default '[]' check (json_valid(authors)),
  journal text,
  journal_abbreviation text,
  year integer,
  volume text,
  issue text,
  pages text,
  languages text not null default '[]' check (json_valid(languages)),
  publication_types text not null default '[]' check (json_valid(publication_types)),
  mesh_terms text not null default '[]' check (json_valid(mesh_terms)),
  substances text not null default '[]' check (json_valid(substances)),
  keywords text not null default '[]' check (json_valid(keywords)),
  links text not null default '[]' check (json_valid(links)),
  entered_on text,
  published_on text,
  provenance text not null default '[]' check (json_valid(provenance)),
  unique (source, accession)
) strict;
create index records_by_pmid on records (pmid) where pmid is not null;
create index records_by_doi on records (doi) where doi is not null;

create table run_hits (
  run_id integer not null references runs (log_id),
  position integer not null check (position >= 0),
  record_id integer not null references records (id),
  primary key (run_id, position)
) strict, without rowid;
create index run_hits_by_record on run_hits (record_id);

create table refusals (
  run_id integer not null references runs (log_id),
  position integer not null,
  line integer not null,
  cause text not null,
  primary key (run_id, position)
) strict, without rowid;

create table dedupe_runs (
  log_id integer primary key references log (id),
  records integer not null,
  last_record_key text,
  pairs integer not null,
  merge_at real not null,
  ask_at real not null,
  tool_version text not null
) strict;

create table duplicate_verdicts (
  log_id integer primary key references log (id),
  record_key text not null references records (key),
  other_key text not null references records (key),
  verdict text not null check (verdict in ('duplicate', 'distinct', 'asked')),
  decided_by text not null check (decided_by like 'rule:%' or decided_by like 'person:%'),
  score real check (score between 0 and 100),
  kept_key text references records (key),
  note text,
  check (record_key <> other_key)
) strict;
create index duplicate_verdicts_by_pair on duplicate_verdicts (record_key, other_key);

-- Derived: rebuilt from duplicate_verdicts; the one table here that is not append-only.
create table kept_records (
  record_id integer primary key references records (id),
  kept_id integer not null references records (id)
) strict;
create index kept_records_by_kept on kept_records (kept_id);

create table decisions (
  log_id integer primary key references log (id),
  record_key text not null references records (key),
  stage text not null,
  reviewer text,
  verdict text not null
    check (verdict in ('include', 'exclude', 'unsure', 'awaiting', 'ongoing', 'withdrawn')),
  reason text,
  note text,
  protocol_sha256 text not null check (length(protocol_sha256) = 64),
  manner text not null check (manner in ('vote', 'adjudication', 'consensus', 'one person')),
  names text not null check (json_valid(names)),
  check (reason is null or verdict = 'exclude'),
  check ((manner = 'vote') = (reviewer is not null)),
  check (manner = 'vote' or verdict in ('include', 'exclude', 'awaiting', 'ongoing'))
) strict;
create index decisions_by_record on decisions (stage, record_key, reviewer, log_id);
create index decisions_by_reviewer on decisions (stage, reviewer, record_key, log_id);

-- A round whose needed votes were all in: from then on its records may be seen, and their votes stay.
create table round_openings (
  log_id integer primary key references log (id),
  round text not null,
  records integer not null check (records >= 0),
  keys_sha256 text not null check (length(keys_sha256) = 64)
) strict;

-- The records that an opening revealed, as they were in the round then.
create table revealed_records (
  opening_id integer not null references round_openings (log_id),
  record_key text not null references records (key),
  primary key (opening_id, record_key)
) strict, without rowid;

create table unblindings (
  log_id integer primary key references log (id),
  round text not null,
  reviewer text not null,
  other_reviewer text not null,
  check (reviewer < other_reviewer)
) strict;

create table retrievals (
  log_id integer primary key references log (id),
  record_key text not null references records (key),
  outcome text not null check (outcome in ('retrieved', 'not_retrieved')),
  reason text,
  file_name text,
  file_sha256 text check (length(file_sha256) = 64),
  check (outcome = 'retrieved' or (file_name is null and file_sha256 is null)),
  check (outcome = 'not_retrieved' or reason is null)
) strict;
create index retrievals_by_record on retrievals (record_key);
