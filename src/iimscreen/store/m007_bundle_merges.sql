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
