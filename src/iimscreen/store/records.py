"""Records as their sources stated them: stored once, never changed, found again by what people type.

What people added or corrected (`store/curation.py`) is read over the source's words here and nowhere
else: all that hands on a `StoredRecord` has the standing values. Hashes, and what says "stated", keep to
the source's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from json.encoder import encode_basestring as _quoted
from operator import attrgetter
from typing import Any

from sqlite_utils import Database

from iimscreen.errors import InputError
from iimscreen.model import Author, Kind, Link, Record, StoredRecord
from iimscreen.store import curation, log
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


def _stored(row: dict[str, Any], edited: Mapping[str, str | None] | None = None) -> StoredRecord:
    """The record of a row, with the values of fields that were edited."""
    facts = {name: row[name] for name in _COLUMNS}
    if edited:
        facts.update(edited)
        facts["year"] = None if facts["year"] is None else int(facts["year"])
        for name in (*_LISTS, "authors"):
            facts[name] = facts[name] or "[]"
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
    return list(each(review))


def each(review: Review) -> Iterator[StoredRecord]:
    """All records, in order of arrival, one at a time."""
    edited = curation.standing_edits(review)
    for row in rows(review.db, _SELECT + " order by records.id"):
        yield _stored(row, edited.get(row["key"]))


def each_to_compare(review: Review) -> Iterator[StoredRecord]:
    """All records, in order of arrival, with only what tells duplicates: half of a record's columns."""
    edited = curation.standing_edits(review)
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
        if key in edited:
            yield from by_keys(review, [key])
            continue
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
    edited = curation.standing_edits(review, keys)
    for key in keys:
        for row in rows(review.db, _SELECT + " where records.key = :key", {"key": key}):
            yield _stored(row, edited.get(key))


@dataclass(frozen=True, slots=True)
class Outline:
    """The little of a record that a list needs."""

    id: int
    key: str
    title: str | None
    lacks: frozenset[str]  # of title, abstract, year, DOI and authors


def outlines(review: Review) -> Iterator[Outline]:
    """All records in outline, in order of arrival, one at a time."""
    edited = curation.standing_edits(review)
    for row in rows(
        review.db,
        """
        select id, key, title, year, doi, nullif(authors, '[]') as authors,
          case when abstract <> '' then 1 end as abstract
        from records
        order by id
        """,
    ):
        facts = row | edited.get(row["key"], {})
        lacks = frozenset(name for name in _LISTED if facts[name] in (None, ""))
        yield Outline(row["id"], row["key"], facts["title"], lacks)


_LISTED = ("title", "abstract", "year", "doi", "authors")


def as_stated(review: Review, key: str) -> StoredRecord:
    """The record with exactly this key in its source's words, whatever was edited."""
    return next(_stored(row) for row in rows(review.db, _SELECT + " where records.key = :key", {"key": key}))


def _carrying(review: Review, field: str, value: str) -> list[StoredRecord]:
    """Records that have this PMID or DOI, as it stands, in order of arrival."""
    keys = [
        row["key"]
        for row in rows(
            review.db,
            f"""
            select id, key from records where {field} = :value
            union
            select records.id, records.key
            from record_edits
            join records on records.key = record_edits.record_key
            where record_edits.field = :field and record_edits.value = :value
            order by id
            """,
            {"field": field, "value": value},
        )
    ]
    return [one for one in by_keys(review, keys) if getattr(one.record, field) == value]


def find(review: Review, given: str) -> StoredRecord:
    """The record a person means: its key, its number in this file, `pmid:…`, or `doi:…`.

    A source with the record's own identifier there (`embase:R05`) does as well as the key.
    Where several records carry one PMID or DOI they must be one report; the earliest is returned.
    Raises InputError if nothing, or more than one report, fits.
    """
    found = _meant(review, given)
    reports = {kept_of(review, record.key) for record in found}
    if len(reports) > 1:
        raise InputError(
            f"{given.strip()!r} fits {len(reports)} reports: {', '.join(sorted(reports))}",
            hint="give the key of the one you mean",
        )
    return found[0]


def find_one(review: Review, given: str) -> StoredRecord:
    """The one record a person means, given as for `find`: several records of one report are too many."""
    found = _meant(review, given)
    if len(found) > 1:
        raise InputError(
            f"{given.strip()!r} fits {len(found)} records: {', '.join(record.key for record in found)}",
            hint="give the key of the one you mean",
        )
    return found[0]


def _meant(review: Review, given: str) -> list[StoredRecord]:
    given = given.strip()
    prefix, _, rest = given.partition(":")
    if prefix.lower() == "pmid":
        found = _carrying(review, "pmid", rest.strip())
    elif prefix.lower() == "doi":
        found = _carrying(review, "doi", rest.strip().lower())
    else:
        where = "id" if given.isdecimal() else "key"
        found = list(by_keys(review, _keys_where(review, f"{where} = :value", {"value": given})))
    if not found and rest:
        where = "source = :source and source_id = :value"
        found = list(by_keys(review, _keys_where(review, where, {"source": prefix, "value": rest})))
    if not found:
        raise InputError(
            f"no record of this review is {given!r}",
            hint="give its key (pubmed:33258553), its number, pmid:33258553 or doi:10.1002/art.41602",
        )
    return found


def _keys_where(review: Review, where: str, values: dict[str, str]) -> list[str]:
    return [
        row["key"] for row in rows(review.db, f"select key from records where {where} order by id", values)
    ]


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
    """Keys of the records of one report, named by the key of its kept record, in order of arrival."""
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
            order by records.id
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
    edited = {key: row["pmid"] for key, row in curation.standing_edits(review).items() if "pmid" in row}
    wanted = set(pmids)
    return [
        row["key"]
        for row in rows(
            review.db,
            """
            select records.id, records.key
            from json_each(:pmids) as wanted
            cross join records on records.pmid = wanted.value
            union
            select records.id, records.key
            from json_each(:edited) as edited
            cross join records on records.key = edited.value
            order by 1
            """,
            {"pmids": json.dumps(pmids), "edited": json.dumps(list(edited))},
        )
        if row["key"] not in edited or edited[row["key"]] in wanted
    ]


def titles_of(review: Review, source: str, accessions: Sequence[str]) -> dict[str, str | None]:
    """The title stated for each of these identities that the source has given; None if it has no title."""
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
