"""Records enter the review: a strategy put to a source, or files exported elsewhere. Each is a run."""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from iimscreen import formats
from iimscreen.errors import InputError, SourceError
from iimscreen.model import Answer, Kind, Parsed, Record, Refusal, Strategy, SubQuery
from iimscreen.sources import Source
from iimscreen.store import Review, log, records, runs
from iimscreen.wording import counted

OnRun = Callable[[str, int, int], None]  # label of the sub-query, records so far, records announced


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """A finished search, and whether anything had to be asked."""

    search: runs.Search
    was_done: bool  # finished before; nothing was asked
    was_resumed: bool  # begun before, now completed


def run(
    review: Review,
    strategy: Strategy,
    source: Source,
    *,
    again: bool = False,
    on_progress: OnRun = lambda _label, _done, _total: None,
) -> SearchOutcome:
    """Put every sub-query of a strategy to a source and store what it says.

    The same texts put to the same source before are resumed, or nothing is done; `again` makes a new
    dated search. Raises SourceError if a sub-query cannot be completed; finished ones stay stored.
    """
    uid = None if again else runs.latest_search(review, strategy, source.source)
    was_begun = uid is not None
    if uid is None:
        with review.writing() as db:
            # Looked for again under the lock: of two who begin at once, the second joins the search.
            uid = None if again else runs.latest_search(review, strategy, source.source)
            if uid is None:
                records.ensure_source(db, source.source, source.database, source.kind)
                uid = runs.begin_search(review, strategy, source.source)
    waiting = runs.unfinished(review, uid)
    finished = len(strategy.sub_queries) - len(waiting)
    for number, (begun, sub_query) in enumerate(waiting, start=finished):
        try:
            answer = _asked(review, begun, sub_query, source, on_progress)
        except SourceError as error:
            raise SourceError(
                f"sub-query {begun.label}: {error.message} "
                f"({number} of {len(strategy.sub_queries)} sub-queries are complete and saved)",
                hint=error.hint,
            ) from error
        runs.finish(review, begun, source.source, answer, _by_accession(answer.records))
    return SearchOutcome(
        runs.search(review, uid), was_done=was_begun and not waiting, was_resumed=was_begun and bool(waiting)
    )


def abandon(review: Review, strategy: Strategy, source: str, *, note: str | None = None) -> runs.Unfinished:
    """Give up the interrupted search of this strategy in this source, as record keys call it; what it was.

    Raises InputError if there is none.
    """
    for search in runs.unfinished_searches(review):
        if search.strategy == strategy.name and search.source == source:
            runs.abandon(review, search.uid, note)
            return search
    raise InputError(
        f"no search of strategy {strategy.name} in {source} is unfinished",
        hint="`iimscreen status` names those that are",
    )


def _asked(
    review: Review, begun: runs.Run, sub_query: SubQuery, source: Source, on_progress: OnRun
) -> Answer:
    answer = source.fetch(
        sub_query,
        resume_from=runs.replies(review, begun.uid),
        keep=lambda reply: runs.keep_reply(review, begun, reply),
        on_progress=lambda done, total: on_progress(begun.label, done, total),
    )
    if len(answer.records) != answer.hits:
        raise SourceError(
            f"{counted(answer.hits, 'record')} announced, {len(answer.records):,} received",
            hint="run the same command again: it resumes",
        )
    return answer


def _by_accession(found: Sequence[Record]) -> list[tuple[str, Record]]:
    pairs = []
    for record in found:
        accession = record.accession or record.source_id
        if accession is None:
            raise SourceError(
                f"a record of a source has no identifier: {record.title!r}", hint="please report it"
            )
        pairs.append((accession, record))
    return pairs


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


def import_files(
    review: Review,
    paths: Sequence[Path],
    *,
    database: str,
    kind: Kind = Kind.DATABASE,
    format_name: str | None = None,
    keep_good: bool = False,
) -> list[ImportOutcome]:
    """Store the records of exported files under one database's name.

    All files are read before the first record is stored. Raises InputError, and stores nothing, if
    a file cannot be read or holds something that is no usable record, unless `keep_good` lets the
    usable ones in and keeps line and cause of the others.
    """
    source = source_name(database)
    readings = [_read(path, format_name) for path in paths]
    for reading in readings:
        if not reading.records:
            raise InputError(
                f"{reading.path}: no usable record{_first(reading.refusals)}",
                hint="check that the export holds records, or name its format with --format",
            )
        if reading.refusals and not keep_good:
            raise InputError(
                f"{reading.path}: {len(reading.refusals):,} of {counted(reading.count, 'record')} cannot be used"
                f"{_first(reading.refusals)}",
                hint="correct the file, or take the usable ones with --keep-good; nothing was stored",
            )
    with review.writing() as db:
        records.ensure_source(db, source, database, kind)
        return [_store(review, reading, source, database, kind) for reading in readings]


@dataclass(frozen=True, slots=True)
class _Reading:
    path: Path
    sha256: str
    format: str
    records: list[Record]
    refusals: list[Refusal]

    @property
    def count(self) -> int:
        return len(self.records) + len(self.refusals)


def _first(refusals: Sequence[Refusal], most: int = 5) -> str:
    if not refusals:
        return ""
    shown = "; ".join(f"line {refusal.line}: {refusal.cause}" for refusal in refusals[:most])
    more = len(refusals) - most
    return f": {shown}" + (f"; and {more} more" if more > 0 else "")


def read_file(path: Path, format_name: str | None = None) -> tuple[str, list[Parsed | Refusal]]:
    """A file's format and what stands in it, in order. Raises InputError naming the file."""
    return _found(path, _bytes(path), format_name)


def _found(path: Path, data: bytes, format_name: str | None) -> tuple[str, list[Parsed | Refusal]]:
    try:
        found = formats.named(format_name) if format_name else formats.guess(path.name, data)
        return found.name, list(found.read(data))
    except InputError as error:
        message = error.message
        if not message.startswith(path.name):
            message = f"{path}: {message}"
        raise InputError(message, hint=error.hint) from error


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path}: the gzip file is cut or damaged", hint="download it again") from error
    except OSError as error:
        hint = "name the files in it" if path.is_dir() else "check the path and its permissions"
        raise InputError(f"{path} cannot be read: {error.strerror}", hint=hint) from error


def _read(path: Path, format_name: str | None) -> _Reading:
    data = _bytes(path)
    name, found = _found(path, data, format_name)
    return _Reading(
        path,
        log.sha256(data),
        name,
        [one.record for one in found if isinstance(one, Parsed)],
        [one for one in found if isinstance(one, Refusal)],
    )


def _store(review: Review, reading: _Reading, source: str, database: str, kind: Kind) -> ImportOutcome:
    was_done = runs.is_imported(review, source, reading.sha256)
    new = 0
    if not was_done:
        begun = runs.begin_import(
            review,
            source,
            label=reading.path.name,
            file_name=reading.path.name,
            file_sha256=reading.sha256,
            file_format=reading.format,
        )
        new = runs.finish(
            review,
            begun,
            source,
            Answer(len(reading.records), tuple(reading.records)),
            list(_identified(review, source, reading.records)),
            refusals=reading.refusals,
        )
    return ImportOutcome(
        file_name=reading.path.name,
        format=reading.format,
        database=database,
        kind=kind,
        read=reading.count,
        new=new,
        known=len(reading.records) - new,
        refused=tuple(reading.refusals),
        without_abstract=sum(record.abstract is None for record in reading.records),
        was_done=was_done,
    )


def _identified(review: Review, source: str, found: Sequence[Record]) -> Iterator[tuple[str, Record]]:
    """Each record with an accession that is the same when the export is made again.

    The database's own accession number, unless another title carries it already (then it is no
    accession number); otherwise a hash of the content, numbered where a file repeats a record, so
    that no record of a file is lost before deduplication has seen it.
    """
    titles: dict[str, str | None] = {}
    times: Counter[str] = Counter()
    for record in found:
        accession = record.accession
        content = records.content_sha256(record)[:16]
        if accession is None:
            times[content] += 1
            accession = content if times[content] == 1 else f"{content}-{times[content]}"
        else:
            stored = titles.get(accession) or records.titles_of(review, source, accession)
            if stored is not None and _plain(stored) != _plain(record.title):
                accession = f"{accession}/{content[:8]}"
            titles.setdefault(accession, record.title)
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
    if name in ("pmid", "doi"):
        raise InputError(f"--database {database!r} is an identifier, no database", hint='use "PubMed"')
    return name
