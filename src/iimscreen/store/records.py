"""Records as their sources stated them: stored once, never changed, found again by what people type.

What people added or corrected (`store/curation.py`) is read over the source's words here and nowhere
else: all that hands on a `StoredRecord` has the standing values. Hashes, and what says "stated", keep to
the source's.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import count, islice
from json.encoder import encode_basestring as _quoted
from operator import attrgetter
from typing import Any, NamedTuple

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
_ROW = ("source", "accession", "key", *_COLUMNS)
_INSERT = f"insert into records (id, {', '.join(_ROW)}) values ({', '.join('?' * (len(_ROW) + 1))})"
_LIST_PLACES = tuple(map(_COLUMNS.index, _LISTS))
_LATER_LIST_PLACES = tuple(map(_COLUMNS.index, _LATER_LISTS))
_AUTHORS, _LINKS = _COLUMNS.index("authors"), _COLUMNS.index("links")
_stated = attrgetter(*_COLUMNS)

Content = tuple[str | int | None, ...]

_SELECT = """
select records.*, sources.database, sources.kind
from records
join sources on sources.source = records.source
"""


def columns_of(record: Record) -> dict[str, Any]:
    """A record's columns as they are stored (lists as JSON), without its identity."""
    return dict(zip(_COLUMNS, content_of(record), strict=True))


def content_of(record: Record) -> Content:
    """All that a record states, as `columns_of` has it, to be stored or compared with what is."""
    stated = list(_stated(record))
    for place in _LIST_PLACES:
        stated[place] = _listed(map(_quoted, values)) if (values := stated[place]) else "[]"
    for place in _LATER_LIST_PLACES:
        stated[place] = _listed(map(_quoted, values)) if (values := stated[place]) else None
    stated[_AUTHORS] = _listed(map(_author_stated, record.authors))
    stated[_LINKS] = _listed(map(_link_stated, record.links)) if record.links else "[]"
    return tuple(stated)


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
    hashes = RowsHash()
    add = hashes.adder(columns)
    for row in found:
        add(row)
    return hashes.sha256()


def row_hasher(columns: Sequence[str]) -> Callable[[Sequence[str | int | None]], str]:
    """Gives the hash of one row, its values in the order of these columns."""
    spelled = [(f"{_quoted(name)}:", place) for name, place in sorted(zip(columns, count(), strict=False))]

    def hash_of(row: Sequence[str | int | None]) -> str:
        stated = [
            f"{name}{_quoted(value)}" if type(value) is str else f"{name}{value}"
            for name, place in spelled
            if (value := row[place]) is not None
        ]
        return log.sha256(f"{{{','.join(stated)}}}")

    return hash_of


class RowsHash:
    """The hash that `rows_sha256` gives, of rows as they come; their number does not matter for its size."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256(b"[")
        self._comma = b""

    def adder(self, columns: Sequence[str]) -> Callable[[Sequence[str | int | None]], None]:
        """Takes the next row, its values in the order of these columns."""
        hash_of, update = row_hasher(columns), self._hash.update

        def add(row: Sequence[str | int | None]) -> None:
            update(b'%b"%b"' % (self._comma, hash_of(row).encode()))
            self._comma = b","

        return add

    def sha256(self) -> str:
        """The hash over all rows so far."""
        whole = self._hash.copy()
        whole.update(b"]")
        return whole.hexdigest()


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


def kind_of(db: Database, source: str) -> Kind | None:
    """The kind of a source, once it is noted."""
    found = db.execute("select kind from sources where source = :source", {"source": source}).fetchone()
    return None if found is None else Kind(found[0])


def ensure_source(db: Database, source: str, database: str, kind: Kind) -> str:
    """Note a source on its first use; its database as it was named then.

    Raises InputError if it was of another kind until now.
    """
    found = db.execute(
        "select kind, database from sources where source = :source", {"source": source}
    ).fetchone()
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
    return database if found is None else str(found[1])


class Intake:
    """Stores records of one source that it has not given before, in the order given, some at a time.

    A record seen before keeps what was stored then. Holds the local id of each, and no record.
    """

    def __init__(self, db: Database, source: str) -> None:
        self.ids = array("q")
        self.new = 0
        self._db = db
        self._source = source
        self._hashes = RowsHash()
        self._add_row = self._hashes.adder(_ROW)

    def add(self, identified: Sequence[tuple[str, Record]]) -> None:
        """Store (accession, record) pairs."""
        db, source, ids, add_row = self._db, self._source, self.ids, self._add_row
        known = _known(db, [f"{source}:{accession}" for accession, _ in identified])
        add_known = self._hashes.adder(known.columns)
        (last,) = db.execute("select coalesce(max(id), 0) from records").fetchone()
        added: dict[str, tuple[Any, ...]] = {}
        for accession, record in identified:
            key = f"{source}:{accession}"
            if row := known.rows.get(key):
                ids.append(row[0])
                add_known(row[1:])
                continue
            fresh = added.get(key)
            if fresh is None:
                last += 1
                fresh = added[key] = (last, source, accession, key, *content_of(record))
            ids.append(fresh[0])
            add_row(fresh[1:])
        db.conn.executemany(_INSERT, added.values())
        db.conn.executemany(
            "insert into kept_records (record_id, kept_id) values (?, ?)",
            [(row[0], row[0]) for row in added.values()],
        )
        self.new += len(added)

    def records_sha256(self) -> str:
        """One hash over the records so far, in the order given, as they stand in the review."""
        return self._hashes.sha256()


def add(db: Database, source: str, records: Iterable[tuple[str, Record]]) -> Intake:
    """Store (accession, record) pairs that the source has not given before."""
    intake = Intake(db, source)
    given = iter(records)
    while some := list(islice(given, _AT_ONCE)):
        intake.add(some)
    return intake


class _Known(NamedTuple):
    """Rows that are stored, by key; `columns` names their values from the second on."""

    columns: list[str]
    rows: dict[str, tuple[Any, ...]]


def _known(db: Database, keys: Sequence[str]) -> _Known:
    # A cross join keeps SQLite from walking over all records for each key.
    found = db.execute(
        """
        select records.*
        from json_each(:keys) as wanted
        cross join records on records.key = wanted.value
        """,
        {"keys": json.dumps(keys)},
    )
    columns = [name for name, *_ in found.description]
    key = columns.index("key")
    return _Known(columns[1:], {row[key]: row for row in found})


class Held(NamedTuple):
    """A stored record of one source, as far as it matters for telling it from another."""

    id: int
    title: str | None
    content: Content


def held(db: Database, source: str, accessions: Iterable[str]) -> dict[str, Held]:
    """The stored record of each of these identities that the source has given."""
    found = db.execute(
        f"""
        select records.accession, records.id, records.title, {", ".join(f"records.{name}" for name in _COLUMNS)}
        from json_each(:accessions) as wanted
        cross join records on records.source = :source and records.accession = wanted.value
        """,
        {"source": source, "accessions": json.dumps(list(accessions))},
    )
    return {row[0]: Held(row[1], row[2], row[3:]) for row in found}


def everything(review: Review) -> list[StoredRecord]:
    """All records, in order of arrival."""
    return list(each(review))


def each(review: Review) -> Iterator[StoredRecord]:
    """All records, in order of arrival, one at a time."""
    edited = curation.standing_edits(review)
    for row in rows(review.db, _SELECT + " order by records.id"):
        yield _stored(row, edited.get(row["key"]))


def keys(review: Review) -> list[str]:
    """The keys of all records, in order of arrival."""
    return [key for (key,) in review.db.execute("select key from records order by id")]


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
    kept = kept_keys(review)
    named = {
        source: (database, Kind(kind))
        for source, database, kind in review.db.execute("select source, database, kind from sources")
    }
    return [
        (key, source, *named[source], kept[key], source_id)
        for key, source, source_id in review.db.execute(
            """
            select records.key, records.source, records.source_id
            from records
            join kept_records on kept_records.record_id = records.id
            order by records.id
            """
        )
    ]


class _Kept(dict[str, str]):
    """Record → record kept for its report; only records that are not kept themselves are stored."""

    def __missing__(self, key: str) -> str:
        return key


def kept_keys(review: Review) -> Mapping[str, str]:
    """Record → the record kept for its report; iterating goes over those that are not kept themselves."""
    found = _Kept()
    for key, kept_key in review.db.execute(
        """
        select records.key, kept.key
        from kept_records
        join records on records.id = kept_records.record_id
        join records as kept on kept.id = kept_records.kept_id
        where kept_records.record_id <> kept_records.kept_id
        """
    ):
        found[key] = kept_key
    return found


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
