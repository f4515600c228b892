"""Records enter the review from files exported elsewhere; each file is a run, for each database in it."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from iimscreen import formats
from iimscreen.errors import InputError
from iimscreen.model import Kind, Parsed, Record, Refusal
from iimscreen.store import Review, identities, records, runs, savepoints
from iimscreen.wording import counted

_HEAD = 1 << 16  # bytes that tell a format, or that a file is empty
_AT_ONCE = 500  # records whose identities are looked up together
_REGISTERS = frozenset((
    "clinicaltrials", "ictrp", "who-ictrp", "isrctn", "eu-clinical-trials-register", "euctr", "anzctr", "drks",
))  # fmt: skip


@dataclass(slots=True)
class Lacking:
    """How many of a file's usable records have no title, and so on."""

    title: int = 0
    abstract: int = 0
    year: int = 0
    doi: int = 0
    authors: int = 0

    def note(self, record: Record) -> None:
        """Count what this record lacks."""
        self.title += record.title is None
        self.abstract += record.abstract is None
        self.year += record.year is None
        self.doi += record.doi is None
        self.authors += not record.authors


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What one file brought of one database: read = new + known + refused."""

    file_name: str
    format: str
    encoding: formats.Encoding
    database: str
    kind: Kind
    read: int
    new: int
    known: int  # in the review already, from this same database
    refused: tuple[Refusal, ...]
    lacking: Lacking
    was_done: bool  # this very file was imported before; nothing was stored
    deleted: int  # PMIDs that the file reports as deleted from PubMed
    deleted_but_held: tuple[str, ...]  # keys of the review's records that carry one of them; they stay
    layout: formats.Layout | None = None  # of a table: what became of its columns
    remarks: tuple[str, ...] = ()  # what was left out of the file, a sentence each


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How files are to be imported."""

    database: str | None  # None only where each record must name its own
    by_database: bool = False
    kind: Kind = Kind.DATABASE
    format_name: str | None = None
    encoding: formats.Encoding | None = None
    keep_good: bool = False
    options: Mapping[str, object] = field(default_factory=dict)


def import_files(
    review: Review,
    paths: Sequence[Path],
    *,
    database: str | None,
    by_database: bool = False,
    kind: Kind = Kind.DATABASE,
    format_name: str | None = None,
    encoding: str | None = None,
    keep_good: bool = False,
    options: Mapping[str, object] | None = None,
    dry_run: bool = False,
) -> list[ImportOutcome]:
    """Store the records of exported files under one database's name, or each under its own.

    With `by_database` a record belongs to the database that it names itself, one that names none to
    `database`. Records are stored as they are read, in one transaction: a long file is never whole in
    memory. `options` are keywords for the reader of a format that takes them (`columns` and `sheet` of
    tables). With `dry_run` all is done, told, and taken back.

    Raises InputError, and stores nothing of any file, if one cannot be read or holds something that
    is no usable record, unless `keep_good` lets the usable ones in and keeps line and cause of the
    others.
    """
    wanted = Wanted(
        database=database,
        by_database=by_database,
        kind=kind,
        format_name=format_name,
        encoding=formats.encoding_named(encoding) if encoding else None,
        keep_good=keep_good,
        options=options or {},
    )
    source = None if database is None else source_name(database)
    savepoints.expect_many(review)
    with review.rehearsing() if dry_run else review.writing() as db:
        if database is not None and source is not None and not by_database:
            records.ensure_source(db, source, database, kind)
        return [outcome for path in paths for outcome in _import_file(review, path, wanted)]


def _import_file(review: Review, path: Path, wanted: Wanted) -> list[ImportOutcome]:
    """What one file brought, for each database in it.

    The file is read anew where that shows which records the first reading mistook for others (see
    `store.identities`), or that of some of its databases it was imported before.
    """
    repeated: dict[str, set[str]] = {}
    done: set[str] = set()
    while True:
        savepoints.hold(review)
        reading = _Reading(review, wanted, repeated, done)
        with _opened(path, wanted.encoding) as file:
            found = _format_of(path, file, wanted.format_name)
            reading.take(_read(path, file, found, wanted.options))
            encoding, sha256 = file.encoding, file.sha256()
        _check(path, reading, wanted)
        met_late = {share.source: share.met_late for share in reading.shares.values() if share.met_late}
        done_now = {
            source
            for source in reading.shares
            if source not in done and runs.is_imported(review, source, sha256)
        }
        if not met_late and not done_now:
            savepoints.keep(review)
            break
        savepoints.undo(review)
        for source, accessions in met_late.items():
            repeated.setdefault(source, set()).update(accessions)
        done |= done_now
        if done >= set(reading.shares):
            break
    shares = list(reading.shares.values())
    held = tuple(records.keys_with_pmids(review, list(reading.deleted)))
    outcomes = []
    for share in shares:
        is_first, is_done = share is shares[0], share.source in done
        refused = tuple(reading.refusals) if is_first else ()
        if not is_done:
            runs.import_file(
                review,
                share.source,
                share.intake,
                file_name=path.name,
                file_format=found.name,
                file_sha256=sha256,
                refusals=refused,
                warnings=reading.remarks,
            )
        new = 0 if is_done else share.intake.new
        outcomes.append(
            ImportOutcome(
                file_name=path.name,
                format=found.name,
                encoding=encoding,
                database=share.database,
                kind=share.kind,
                read=share.records + len(refused),
                new=new,
                known=share.records - new,
                refused=refused,
                lacking=share.lacking,
                was_done=is_done,
                deleted=len(reading.deleted) if is_first else 0,
                deleted_but_held=held if is_first else (),
                layout=reading.layout if is_first else None,
                remarks=tuple(reading.remarks) if is_first else (),
            )
        )
    return outcomes


def _check(path: Path, reading: _Reading, wanted: Wanted) -> None:
    """Raises InputError if a file holds nothing to store, or something else that was not to be passed over."""
    refusals = reading.refusals
    if not reading.records:
        raise InputError(
            f"{path}: no usable record{_first(refusals)}{_but_deletions(reading)}",
            hint="check that the export holds records, or name its format with --format",
        )
    if refusals and not wanted.keep_good:
        count = reading.records + len(refusals)
        raise InputError(
            f"{path}: {len(refusals):,} of {counted(count, 'record')} cannot be used{_first(refusals)}",
            hint="correct the file, or take the usable ones with --keep-good; nothing was stored",
        )


class _Share:
    """One database's records in a file, while they are stored."""

    def __init__(
        self, review: Review, source: str, database: str, kind: Kind, repeated: Iterable[str]
    ) -> None:
        self.source = source
        self.database = database
        self.kind = kind
        self.records = 0
        self.lacking = Lacking()
        self.intake = records.Intake(review.db, source)
        self._identities = identities.Identities(review.db, source, frozenset(repeated))
        self._waiting: list[Record] = []

    @property
    def met_late(self) -> set[str]:
        return self._identities.met_late

    def add(self, record: Record) -> None:
        self._waiting.append(record)
        if len(self._waiting) == _AT_ONCE:
            self.store()

    def store(self) -> None:
        if self._waiting:
            self.intake.add(self._identities.of(self._waiting))
            self._waiting = []


@dataclass(slots=True)
class _Reading:
    """What was met in a file so far, the records being stored on the way."""

    review: Review
    wanted: Wanted
    repeated: dict[str, set[str]]
    done: set[str]  # sources of which nothing is to be stored
    records: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    deleted: dict[str, None] = field(default_factory=dict)  # PMIDs, each once, in order
    shares: dict[str, _Share] = field(default_factory=dict)
    layout: formats.Layout | None = None
    remarks: list[str] = field(default_factory=list)
    _by_name: dict[str | None, _Share | None] = field(default_factory=dict)

    def take(self, found: Iterable[formats.Found | formats.Told]) -> None:
        """Count everything, and store the records; none after a refusal that forbids to store any."""
        for one in found:
            if isinstance(one, Refusal):
                self.refusals.append(one)
                continue
            if not isinstance(one, Parsed):
                self._note(one)
                continue
            share = self._share_of(one)
            if share is None:
                self.refusals.append(
                    Refusal(
                        one.line, "the record names no database: expected one in DB, or --database beside"
                    )
                )
                continue
            self.records += 1
            share.records += 1
            share.lacking.note(one.record)
            if share.source not in self.done and (self.wanted.keep_good or not self.refusals):
                share.add(one.record)
        for share in self.shares.values():
            share.store()

    def _note(self, told: formats.Told) -> None:
        if isinstance(told, formats.Deleted):
            self.deleted.update(dict.fromkeys(told.pmids))
        elif isinstance(told, formats.Layout):
            self.layout = told
        else:
            self.remarks.append(told.text)

    def _share_of(self, one: Parsed) -> _Share | None:
        name = one.database if self.wanted.by_database else None
        if name not in self._by_name:
            self._by_name[name] = self._begun(name)
        return self._by_name[name]

    def _begun(self, name: str | None) -> _Share | None:
        """The share of records that name this database; None where they cannot be placed."""
        wanted = self.wanted
        source = None if name is None else _named(name)
        if source is None:
            if wanted.database is None:
                return None
            name, source = wanted.database, source_name(wanted.database)
        if source not in self.shares:
            kind = self._kind_of(source)
            database = records.ensure_source(self.review.db, source, str(name), kind)
            self.shares[source] = _Share(self.review, source, database, kind, self.repeated.get(source, ()))
        return self.shares[source]

    def _kind_of(self, source: str) -> Kind:
        """As it was said; but in a library as the source is known, and registers by their names."""
        if not self.wanted.by_database or self.wanted.kind is not Kind.DATABASE:
            return self.wanted.kind
        known = records.kind_of(self.review.db, source)
        return known or (Kind.REGISTER if source in _REGISTERS else Kind.DATABASE)


def _named(database: str) -> str | None:
    """The source of a database that a record names; None if that can be none's name."""
    try:
        return source_name(database)
    except InputError:
        return None


def _but_deletions(reading: _Reading) -> str:
    return f", only {counted(len(reading.deleted), 'PMID')} reported as deleted" if reading.deleted else ""


def _first(refusals: Sequence[Refusal], most: int = 5) -> str:
    if not refusals:
        return ""
    shown = "; ".join(f"line {refusal.line}: {refusal.cause}" for refusal in refusals[:most])
    more = len(refusals) - most
    return f": {shown}" + (f"; and {more:,} more" if more > 0 else "")


def read_file(path: Path, format_name: str | None = None) -> tuple[str, list[Parsed | Refusal]]:
    """A file's format and what stands in it, in order. Raises InputError naming the file."""
    with _opened(path, guesses=False) as file:
        found = _format_of(path, file, format_name)
        given = _read(path, file, found, {})
        return found.name, [one for one in given if isinstance(one, Parsed | Refusal)]


class _File:
    """A file unpacked while it is read, and the hash of what was read."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = gzip.GzipFile(fileobj=file) if file.peek(2)[:2] == b"\x1f\x8b" else file
        self._hash = hashlib.sha256()
        self.head = self._file.read(_HEAD)
        self._ahead = self.head

    def read(self, size: int = -1, /) -> bytes:
        data, self._ahead = self._ahead, b""
        if size < 0:
            data += self._file.read()
        elif not data:
            data = self._file.read(size)
        self._hash.update(data)
        return data

    def sha256(self) -> str:
        return self._hash.hexdigest()


class _Opened(NamedTuple):
    """An open file: as its bytes are, and as a format is to read it."""

    file: _File
    head: bytes  # in UTF-8 where the encoding was named
    readable: formats.Readable

    @property
    def encoding(self) -> formats.Encoding:
        return self.readable.encoding if isinstance(self.readable, formats.Utf8File) else formats.UTF8

    def sha256(self) -> str:
        return self.file.sha256()


@contextlib.contextmanager
def _opened(
    path: Path, encoding: formats.Encoding | None = None, *, guesses: bool = True
) -> Iterator[_Opened]:
    with _file_trouble(path), path.open("rb") as opened:
        file = _File(opened)
        head = file.head
        if not formats.states_its_encoding(head):
            text = formats.Utf8File(file, encoding, guesses=guesses)
            yield _Opened(file, head.decode(encoding.codec, "replace").encode() if encoding else head, text)
            return
        if encoding is not None:
            raise InputError(
                f"{path} says itself which encoding it is in, or is no text",
                hint="leave out --encoding",
            )
        yield _Opened(file, head, file)


@contextlib.contextmanager
def _file_trouble(path: Path) -> Iterator[None]:
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path}: the gzip file is cut or damaged", hint="download it again") from error
    except OSError as error:
        hint = "name the files in it" if path.is_dir() else "check the path and its permissions"
        raise InputError(f"{path} cannot be read: {error.strerror}", hint=hint) from error


def _format_of(path: Path, file: _Opened, format_name: str | None) -> formats.Format:
    with _naming(path):
        if format_name is None:
            return formats.guess(path.name, file.head)
        found = formats.named(format_name)
        of_another = formats.of_another_kind(path.name, file.head, only_certain=True)
        if of_another is not None and not found.looks_like(file.head[:4000].decode(errors="replace")):
            raise of_another
        return found


def _read(
    path: Path, file: _Opened, found: formats.Format, options: Mapping[str, object]
) -> Iterator[formats.Found | formats.Told]:
    for name in options:
        if name not in found.options:
            option = {"columns": "--column"}.get(name, f"--{name}")
            raise InputError(
                f"{path} is read as {found.name}, to which {option} says nothing",
                hint=f"leave {option} out, or name the format of a table with --format table",
            )
    with _file_trouble(path), _naming(path):
        yield from found.read_stream(cast("BinaryIO", file.readable), **options)


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Lets what cannot be used in a file name it."""
    try:
        yield
    except InputError as error:
        message = error.message if error.message.startswith(path.name) else f"{path}: {error.message}"
        raise InputError(message, hint=error.hint) from error


def source_name(database: str) -> str:
    """The first part of record keys for a database: its name in small letters, joined by hyphens."""
    name = re.sub(r"[\W_]+", "-", database.casefold()).strip("-")
    if not name or name == "corpus" or name.startswith("corpus-") or name.isdecimal():
        raise InputError(
            f"--database {database!r} cannot name a database",
            hint='give the name that the PRISMA diagram shall show, such as --database "Embase (Ovid)"',
        )
    if name in ("cited-by", "references", "similar"):
        raise InputError(
            f"--database {database!r} is what citation searching of iimscreen is called",
            hint='say whose it is, such as --database "Reference lists of included reports"',
        )
    if name in ("pmid", "doi"):
        raise InputError(f"--database {database!r} is an identifier, no database", hint='use "PubMed"')
    # An export made by hand and a search by `sources.clinicaltrials` are of one register.
    return "clinicaltrials" if name == "clinicaltrials-gov" else name
