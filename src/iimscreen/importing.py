"""Records enter the review from files exported elsewhere; each file is a run."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from iimscreen import formats
from iimscreen.errors import InputError
from iimscreen.model import Kind, Parsed, Record, Refusal
from iimscreen.store import Review, records, runs
from iimscreen.wording import counted

_HEAD = 1 << 16  # bytes that tell a format, or that a file is empty
_AT_ONCE = 500  # records whose titles are looked up together


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What one file brought: read = new + known + refused."""

    file_name: str
    format: str
    database: str
    kind: Kind
    read: int
    new: int
    known: int  # in the review already, from this same database
    refused: tuple[Refusal, ...]
    without_abstract: int
    was_done: bool  # this very file was imported before; nothing was stored
    deleted: int  # PMIDs that the file reports as deleted from PubMed
    deleted_but_held: tuple[str, ...]  # keys of the review's records that carry one of them; they stay
    layout: formats.Layout | None  # of a table: what became of its columns
    remarks: tuple[str, ...]  # what was left out of the file, a sentence each


def import_files(
    review: Review,
    paths: Sequence[Path],
    *,
    database: str,
    kind: Kind = Kind.DATABASE,
    format_name: str | None = None,
    keep_good: bool = False,
    options: Mapping[str, object] | None = None,
) -> list[ImportOutcome]:
    """Store the records of exported files under one database's name.

    Records are stored as they are read, in one transaction: a long file is never whole in memory.
    `options` are keywords for the reader, of a format that takes them (`columns` and `sheet` of tables).
    Raises InputError, and stores nothing of any file, if one cannot be read or holds something that
    is no usable record, unless `keep_good` lets the usable ones in and keeps line and cause of the
    others.
    """
    source = source_name(database)
    with review.writing() as db:
        records.ensure_source(db, source, database, kind)
        return [
            _import_file(review, path, database, kind, format_name, keep_good, options or {})
            for path in paths
        ]


def _import_file(
    review: Review,
    path: Path,
    database: str,
    kind: Kind,
    format_name: str | None,
    keep_good: bool,
    options: Mapping[str, object],
) -> ImportOutcome:
    source = source_name(database)
    tally = _Tally()
    with _opened(path) as file:
        found = _format_of(path, file.head, format_name)
        _check_options(path, found, options)
        usable = _usable(_read(path, file, found, options), tally, keep_good)
        new = runs.import_file(
            review,
            source,
            _identified(review, source, usable),
            file_name=path.name,
            file_format=found.name,
            file_sha256=file.sha256,
            refusals=tally.refusals,
            warnings=tally.remarks,
        )
    count = tally.records + len(tally.refusals)
    if not tally.records:
        raise InputError(
            f"{path}: no usable record{_first(tally.refusals)}{_but_deletions(tally)}",
            hint="check that the export holds records, or name its format with --format",
        )
    if tally.refusals and not keep_good:
        raise InputError(
            f"{path}: {len(tally.refusals):,} of {counted(count, 'record')} cannot be used"
            f"{_first(tally.refusals)}",
            hint="correct the file, or take the usable ones with --keep-good; nothing was stored",
        )
    return ImportOutcome(
        file_name=path.name,
        format=found.name,
        database=database,
        kind=kind,
        read=count,
        new=new or 0,
        known=tally.records - (new or 0),
        refused=tuple(tally.refusals),
        without_abstract=tally.without_abstract,
        was_done=new is None,
        deleted=len(tally.deleted),
        deleted_but_held=tuple(records.keys_with_pmids(review, list(tally.deleted))),
        layout=tally.layout,
        remarks=tuple(tally.remarks),
    )


@dataclass(slots=True)
class _Tally:
    """What was met in a file so far."""

    records: int = 0
    without_abstract: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    deleted: dict[str, None] = field(default_factory=dict)  # PMIDs, each once, in order
    layout: formats.Layout | None = None
    remarks: list[str] = field(default_factory=list)


def _usable(
    found: Iterable[formats.Found | formats.Told], tally: _Tally, keep_good: bool
) -> Iterator[Record]:
    """The records to be stored, all being counted; none after a refusal that forbids to store any."""
    for one in found:
        if isinstance(one, Refusal):
            tally.refusals.append(one)
            continue
        if isinstance(one, formats.Deleted):
            tally.deleted.update(dict.fromkeys(one.pmids))
            continue
        if isinstance(one, formats.Layout):
            tally.layout = one
            continue
        if isinstance(one, formats.Remark):
            tally.remarks.append(one.text)
            continue
        tally.records += 1
        tally.without_abstract += one.record.abstract is None
        if keep_good or not tally.refusals:
            yield one.record


def _but_deletions(tally: _Tally) -> str:
    return f", only {counted(len(tally.deleted), 'PMID')} reported as deleted" if tally.deleted else ""


def _first(refusals: Sequence[Refusal], most: int = 5) -> str:
    if not refusals:
        return ""
    shown = "; ".join(f"line {refusal.line}: {refusal.cause}" for refusal in refusals[:most])
    more = len(refusals) - most
    return f": {shown}" + (f"; and {more} more" if more > 0 else "")


def read_file(path: Path, format_name: str | None = None) -> tuple[str, list[Parsed | Refusal]]:
    """A file's format and what stands in it, in order. Raises InputError naming the file."""
    with _opened(path) as file:
        found = _format_of(path, file.head, format_name)
        given = _read(path, file, found, {})
        return found.name, [one for one in given if isinstance(one, Parsed | Refusal)]


class _File:
    """A file unpacked while it is read, and the hash of what was read."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = gzip.GzipFile(fileobj=file) if file.peek(2)[:2] == b"\x1f\x8b" else file
        self._hash = hashlib.sha256()
        self.head = self._file.read(_HEAD)
        self._ahead = self.head

    def read(self, size: int = -1) -> bytes:
        data, self._ahead = self._ahead, b""
        if size < 0:
            data += self._file.read()
        elif not data:
            data = self._file.read(size)
        self._hash.update(data)
        return data

    def sha256(self) -> str:
        return self._hash.hexdigest()


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[_File]:
    with _file_trouble(path), path.open("rb") as file:
        yield _File(file)


@contextlib.contextmanager
def _file_trouble(path: Path) -> Iterator[None]:
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path}: the gzip file is cut or damaged", hint="download it again") from error
    except OSError as error:
        hint = "name the files in it" if path.is_dir() else "check the path and its permissions"
        raise InputError(f"{path} cannot be read: {error.strerror}", hint=hint) from error


def _format_of(path: Path, head: bytes, format_name: str | None) -> formats.Format:
    with _naming(path):
        return formats.named(format_name) if format_name else formats.guess(path.name, head)


def _check_options(path: Path, found: formats.Format, options: Mapping[str, object]) -> None:
    for name in options:
        if name not in found.options:
            option = {"columns": "--column"}.get(name, f"--{name}")
            raise InputError(
                f"{path} is read as {found.name}, to which {option} says nothing",
                hint=f"leave {option} out, or name the format of a table with --format table",
            )


def _read(
    path: Path, file: _File, found: formats.Format, options: Mapping[str, object]
) -> Iterator[formats.Found | formats.Told]:
    with _file_trouble(path), _naming(path):
        yield from found.read_stream(cast("BinaryIO", file), **options)


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Lets what cannot be used in a file name it."""
    try:
        yield
    except InputError as error:
        message = error.message if error.message.startswith(path.name) else f"{path}: {error.message}"
        raise InputError(message, hint=error.hint) from error


def _identified(review: Review, source: str, found: Iterable[Record]) -> Iterator[tuple[str, Record]]:
    """Each record with an accession that is the same when the export is made again.

    The database's own accession number, unless another title carries it already (then it is no
    accession number); otherwise a hash of the content, numbered where a file repeats a record, so
    that no record of a file is lost before deduplication has seen it.
    """
    titles: dict[str, str | None] = {}  # of this file's records
    times: Counter[str] = Counter()
    given = iter(found)
    while some := list(islice(given, _AT_ONCE)):
        stated = [record.accession for record in some if record.accession is not None]
        stored = records.titles_of(review, source, stated)
        for record in some:
            accession = record.accession
            if accession is None:
                accession = records.content_sha256(record)[:16]
                times[accession] += 1
                if times[accession] > 1:
                    accession = f"{accession}-{times[accession]}"
            else:
                title, before = record.title, titles.get(accession)
                if before is None:
                    before = stored.get(accession)
                titles.setdefault(accession, title)
                if before is not None and before != title and _plain(before) != _plain(title):
                    accession = f"{accession}/{records.content_sha256(record)[:8]}"
            yield accession, record


def _plain(title: str | None) -> str:
    return re.sub(r"\W+", "", title or "").casefold()


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
