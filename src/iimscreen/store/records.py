"""Records as their sources stated them: stored once, never changed, found again by what people type."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import islice
from json.encoder import encode_basestring as _quoted
from operator import attrgetter
from typing import Any

from sqlite_utils import Database

from iimscreen.errors import InputError
from iimscreen.model import Author, Kind, Link, Record, StoredRecord
from iimscreen.store import log
from iimscreen.store.connection import Review, rows

_LISTS = ("languages", "publication_types", "mesh_terms", "substances", "keywords", "provenance")
# Columns of a later migration: null when empty, so that the hash of an older record stays what it was.
_LATER_LISTS = ("registry_numbers", "registrations")
_LATER = (*_LATER_LISTS, "indexed_on", "revised_on", "citation_status")
_AT_ONCE = 500  # records stored together: what a long list holds in memory, and asks SQLite in one query
_decode = json.JSONDecoder().raw_decode  # json.loads without its search for blanks on both sides
_COLUMNS = tuple(field.name for field in fields(Record) if field.name != "accession")
_stated = attrgetter(*_COLUMNS)

_SELECT = """
select records.*, sources.database, sources.kind
from records
join sources on sources.source = records.source
"""


def columns_of(record: Record) -> dict[str, Any]:
    """A record's columns as they are stored (lists as JSON), without its identity."""
    row: dict[str, Any] = dict(zip(_COLUMNS, _stated(record), strict=True))
    for name in _LISTS:
        row[name] = _listed(map(_quoted, row[name])) if row[name] else "[]"
    for name in _LATER_LISTS:
        row[name] = _listed(map(_quoted, row[name])) if row[name] else None
    row["authors"] = _listed(map(_author_stated, record.authors))
    row["links"] = _listed(map(_link_stated, record.links))
    return row


# As json.dumps(..., ensure_ascii=False) spells it, which is what hashes of stored rows were taken of;
# put together from its own escaped strings in a fifth of its time.
def _listed(values: Iterable[str]) -> str:
    return f"[{', '.join(values)}]"


def _author_stated(author: Author) -> str:
    given = f', "given": {_quoted(author.given)}' if author.given else ""
    group = ', "group": true' if author.is_group else ""
    return f'{{"family": {_quoted(author.family)}{given}{group}}}'


def _link_stated(link: Link) -> str:
    pmid = f', "pmid": {_quoted(link.pmid)}' if link.pmid else ""
    citation = f', "citation": {_quoted(link.citation)}' if link.citation else ""
    return f'{{"kind": {_quoted(link.kind)}{pmid}{citation}}}'


def rows_sha256(columns: Sequence[str], found: Iterable[Sequence[str | int | None]]) -> str:
    """One hash over stored rows in the order given: of the hash of each as `log.canonical` spells it.

    Columns that are null are left out of a row's hash, as one added later is of older rows'.
    """
    order = sorted((name, place) for place, name in enumerate(columns))
    spelled = [(f"{_quoted(name)}:", place) for name, place in order]
    hashes = []
    for row in found:
        stated = [
            f"{name}{_quoted(value)}" if isinstance(value, str) else f"{name}{value}"
            for name, place in spelled
            if (value := row[place]) is not None
        ]
        hashes.append(log.sha256(f"{{{','.join(stated)}}}"))
    return log.sha256(log.canonical(hashes))


def content_sha256(record: Record) -> str:
    """A hash of all that a record states; columns added since the first schema count when filled."""
    row = columns_of(record)
    stated = {name: value for name, value in row.items() if value is not None or name not in _LATER}
    return log.sha256(log.canonical(stated))


def _stored(row: dict[str, Any]) -> StoredRecord:
    facts = {name: row[name] for name in _COLUMNS}
    for name in _LISTS:
        facts[name] = tuple(json.loads(facts[name]))
    for name in _LATER_LISTS:
        facts[name] = tuple(json.loads(facts[name] or "[]"))
    facts["authors"] = _authors(facts["authors"])
    facts["links"] = tuple(
        Link(k["kind"], k.get("pmid"), k.get("citation", "")) for k in json.loads(facts["links"])
    )
    return StoredRecord(
        id=row["id"],
        key=row["key"],
        database=row["database"],
        kind=Kind(row["kind"]),
        record=Record(accession=row["accession"], **facts),
    )


def ensure_source(db: Database, source: str, database: str, kind: Kind) -> None:
    """Note a source on its first use. Raises InputError if it was of another kind until now."""
    found = db.execute("select kind from sources where source = :source", {"source": source}).fetchone()
    if found is None:
        db.execute(
            "insert into sources (source, database, kind) values (:source, :database, :kind)",
            {"source": source, "database": database, "kind": kind},
        )
    elif found[0] != kind:
        raise InputError(
            f"records of {database} were imported as kind {found[0]} before, not {kind}",
            hint=f"use --kind {found[0]}, or another name with --database",
        )


def add(db: Database, source: str, records: Iterable[tuple[str, Record]]) -> tuple[list[int], int]:
    """Store (accession, record) pairs that the source has not given before.

    Returns the local ids in the order given, and how many were new. A record seen before keeps what
    was stored then.
    """
    ids: list[int] = []
    new = 0
    columns = ("id", "source", "accession", "key", *_COLUMNS)
    insert = f"insert into records ({', '.join(columns)}) values ({', '.join('?' * len(columns))})"
    (last,) = db.execute("select coalesce(max(id), 0) from records").fetchone()
    given = iter(records)
    while some := list(islice(given, _AT_ONCE)):
        known = _known(db, [f"{source}:{accession}" for accession, _ in some])
        added = []
        for accession, record in some:
            key = f"{source}:{accession}"
            if key not in known:
                last += 1
                known[key] = last
                added.append((last, source, accession, key, *columns_of(record).values()))
            ids.append(known[key])
        db.conn.executemany(insert, added)
        db.conn.executemany(
            "insert into kept_records (record_id, kept_id) values (?, ?)", [(row[0], row[0]) for row in added]
        )
        new += len(added)
    return ids, new


def _known(db: Database, keys: Sequence[str]) -> dict[str, int]:
    """The local ids of those keys that are stored."""
    # A cross join keeps SQLite from walking over all records for each key.
    return dict(
        db.execute(
            """
            select records.key, records.id
            from json_each(:keys) as wanted
            cross join records on records.key = wanted.value
            """,
            {"keys": json.dumps(keys)},
        ).fetchall()
    )


def everything(review: Review) -> list[StoredRecord]:
    """All records, in order of arrival."""
    return [_stored(row) for row in rows(review.db, _SELECT + " order by records.id")]


def keys(review: Review) -> list[str]:
    """The keys of all records, in order of arrival."""
    return [key for (key,) in review.db.execute("select key from records order by id")]


def each_to_compare(review: Review) -> Iterator[StoredRecord]:
    """All records, in order of arrival, with only what tells duplicates: half of a record's columns."""
    kinds = {source: Kind(kind) for source, kind in review.db.execute("select source, kind from sources")}
    cursor = review.db.execute(
        """
        select id, key, source, accession, pmid, doi, title, vernacular_title, authors, journal,
          journal_abbreviation, year, volume, issue, pages, publication_types, registrations
        from records
        order by id
        """
    )
    for row in cursor:
        number, key, source, accession, pmid, doi, title, vernacular, authors, journal, short, *rest = row
        year, volume, issue, pages, types, registrations = rest
        yield StoredRecord(
            number,
            key,
            source,
            kinds[source],
            Record(
                accession=accession,
                pmid=pmid,
                doi=doi,
                title=title,
                vernacular_title=vernacular,
                authors=_authors(authors),
                journal=journal,
                journal_abbreviation=short,
                year=year,
                volume=volume,
                issue=issue,
                pages=pages,
                publication_types=() if types == "[]" else tuple(json.loads(types)),
                registrations=tuple(json.loads(registrations)) if registrations else (),
            ),
        )


def _authors(stated: str) -> tuple[Author, ...]:
    if stated == "[]":
        return ()
    people, _ = _decode(stated)
    return tuple([Author(a["family"], a.get("given", ""), a.get("group", False)) for a in people])


def by_key(review: Review, key: str) -> StoredRecord:
    """The record with exactly this key."""
    return next(by_keys(review, [key]))


def by_keys(review: Review, keys: Sequence[str]) -> Iterator[StoredRecord]:
    """Records with these keys, in the order given."""
    for key in keys:
        for row in rows(review.db, _SELECT + " where records.key = :key", {"key": key}):
            yield _stored(row)


def find(review: Review, given: str) -> StoredRecord:
    """The record a person means: its key, its number in this file, `pmid:…`, or `doi:…`.

    A source with the record's own identifier there (`embase:R05`) does as well as the key.
    Where several records carry one PMID or DOI they must be one report; the earliest is returned.
    Raises InputError if nothing, or more than one report, fits.
    """
    given = given.strip()
    prefix, _, rest = given.partition(":")
    if given.isdecimal():
        where, value = "records.id = :value", given
    elif prefix.lower() == "pmid":
        where, value = "records.pmid = :value", rest.strip()
    elif prefix.lower() == "doi":
        where, value = "records.doi = :value", rest.strip().lower()
    else:
        where, value = "records.key = :value", given
    found = [
        _stored(row)
        for row in rows(review.db, f"{_SELECT} where {where} order by records.id", {"value": value})
    ]
    if not found and rest:
        found = [
            _stored(row)
            for row in rows(
                review.db,
                _SELECT
                + " where records.source = :source and records.source_id = :value order by records.id",
                {"source": prefix, "value": rest},
            )
        ]
    if not found:
        raise InputError(
            f"no record of this review is {given!r}",
            hint="give its key (pubmed:33258553), its number, pmid:33258553 or doi:10.1002/art.41602",
        )
    reports = {kept_of(review, record.key) for record in found}
    if len(reports) > 1:
        raise InputError(
            f"{given!r} fits {len(reports)} reports: {', '.join(sorted(reports))}",
            hint="give the key of the one you mean",
        )
    return found[0]


def kept_of(review: Review, key: str) -> str:
    """The key of the record kept for the report to which this record belongs."""
    row = review.db.execute(
        """
        select kept.key
        from records
        join kept_records on kept_records.record_id = records.id
        join records as kept on kept.id = kept_records.kept_id
        where records.key = :key
        """,
        {"key": key},
    ).fetchone()
    return str(row[0])


def members_of(review: Review, report: str) -> list[str]:
    """Keys of the records of one report, named by the key of its kept record."""
    return [
        row["key"]
        for row in rows(
            review.db,
            """
            select records.key
            from records as kept
            join kept_records on kept_records.kept_id = kept.id
            join records on records.id = kept_records.record_id
            where kept.key = :report
            """,
            {"report": report},
        )
    ]


def memberships(review: Review) -> list[tuple[str, str, str, Kind, str, str | None]]:
    """For each record, in order of arrival: key, source, database, kind, kept record's key, source_id."""
    return [
        (row["key"], row["source"], row["database"], Kind(row["kind"]), row["kept_key"], row["source_id"])
        for row in rows(
            review.db,
            """
            select records.key, records.source, records.source_id, sources.database, sources.kind,
              kept.key as kept_key
            from records
            join sources on sources.source = records.source
            join kept_records on kept_records.record_id = records.id
            join records as kept on kept.id = kept_records.kept_id
            order by records.id
            """,
        )
    ]


def sources(review: Review) -> list[tuple[str, Kind]]:
    """Name and kind of every database and other source that was searched or imported from, in order."""
    return [
        (row["database"], Kind(row["kind"]))
        for row in rows(review.db, "select database, kind from sources order by rowid")
    ]


def keys_with_pmids(review: Review, pmids: Sequence[str]) -> list[str]:
    """Keys of the records, of whichever source, that carry one of these PMIDs, in order of arrival."""
    return [
        row["key"]
        for row in rows(
            review.db,
            """
            select distinct records.id, records.key
            from json_each(:pmids) as wanted
            cross join records on records.pmid = wanted.value
            order by records.id
            """,
            {"pmids": json.dumps(pmids)},
        )
    ]


def titles_of(review: Review, source: str, accessions: Sequence[str]) -> dict[str, str | None]:
    """The stored title of each of these identities that the source has given; None if it has no title."""
    return dict(
        review.db.execute(
            """
            select records.accession, records.title
            from json_each(:accessions) as wanted
            cross join records on records.source = :source and records.accession = wanted.value
            """,
            {"source": source, "accessions": json.dumps(accessions)},
        ).fetchall()
    )
