"""Open a review file: create, migrate, copy aside, transactions, and SQLite's errors in our words."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import secrets
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from iimscreen import __version__
from iimscreen.errors import ReviewError
from iimscreen.store import migrations

LOCK_TIMEOUT_S = 30.0
_TRY_EVERY_S = 0.003
_WRITES_IN_A_ROW = 10
OLDEST_SQLITE = (3, 37, 0)  # strict tables
COPIES_KEPT = 20
# KB, negative as SQLite wants it. 32 MB in place of 2: keys of 100,000 records do not fit into 2, and imports
# take a tenth longer.
_CACHE = -32768
_LARGE = 256_000_000  # bytes: some 50,000 records with abstracts
SITTING = dt.timedelta(minutes=30)  # a write after a longer pause begins a new sitting

_LOCKED = ("is locked by another program", "close it there, or wait, and try again; nothing was changed")
# SQLite's primary result codes that speak of the file, not of our SQL.
_FILE_TROUBLE = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_READONLY: ("cannot be written", "check the permissions of the file and of its folder"),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "check the path and the permissions of its folder"),
    sqlite3.SQLITE_PERM: ("cannot be opened", "check the permissions of the file and of its folder"),
    sqlite3.SQLITE_FULL: (
        "could not grow: the disk is full",
        "free some space and try again; nothing was half written",
    ),
    sqlite3.SQLITE_IOERR: (
        "could not be read or written on this disk",
        "check the disk, its free space and quotas; nothing was half written",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "is damaged",
        "take the newest copy from the folder of dated copies beside it",
    ),
    sqlite3.SQLITE_NOTADB: ("is no review file", "name another file with --review"),
}
_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
_DAMAGED = _FILE_TROUBLE[sqlite3.SQLITE_CORRUPT]


def now() -> str:
    """The present moment in UTC, as it stands in the log: 2026-11-23T04:06:13.123Z."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local_zone() -> str:
    """The zone of this computer with its present offset from UTC, such as "Europe/Rome +02:00"."""
    moment = dt.datetime.now().astimezone()
    stated = os.environ.get("TZ", "").removeprefix(":") or os.path.realpath("/etc/localtime")
    # Of a path only the zone counts: what else stands in it is this computer's business.
    name = stated.partition("zoneinfo/")[2] if "/" in stated[:1] or "\\" in stated else stated
    offset = moment.strftime("%z")
    return f"{name or moment.tzname() or 'local'} {offset[:3]}:{offset[3:5]}"


@contextlib.contextmanager
def _in_our_words(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        trouble = _trouble(error)
        if trouble is None:
            raise  # our own SQL is at fault: a bug, to be seen as one
        found, hint = trouble
        raise ReviewError(f"the review file {path} {found}", hint=hint) from error


def _trouble(error: sqlite3.Error) -> tuple[str, str] | None:
    """What an error of SQLite's says of the file, and what to do; None if it speaks of our SQL."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return _FILE_TROUBLE.get(code & 0xFF)
    # Python's own, without a code. We store str only, so other bytes are not ours.
    return _DAMAGED if str(error).startswith("Could not decode to UTF-8") else None


def _is_sound(db: Database) -> bool:
    try:
        return [message for (message,) in db.execute("pragma integrity_check")] == ["ok"]
    except (sqlite3.Error, UnicodeDecodeError):  # SQLite's message quotes the file
        return False


@contextlib.contextmanager
def _unless_damaged(path: Path, db: Database) -> Iterator[None]:
    """Tells a damaged file from a bug: both can make our code stumble over a value that cannot be."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, StopIteration, zlib.error) as error:
        if _is_sound(db):
            raise
        raise ReviewError(f"the review file {path} {_DAMAGED[0]}", hint=_DAMAGED[1]) from error


class Review:
    """An open review file. Reading is free; writing happens inside `writing()` only."""

    def __init__(self, path: Path, db: Database) -> None:
        self.path = path
        self.db = db
        # Stage → a report that lacked votes when it was looked for last: where to look first (`openings`).
        self.known_to_wait: dict[str, str] = {}
        # Stage → the log's last row (id, uid) when it was asked last whether that stage opens: later ones may tell.
        self.asked_at: dict[str, tuple[int, str]] = {}
        # What is worked out of a copy that nobody can change, by its name; None where the file may change.
        self.at_rest: dict[tuple[str, str], object] | None = None
        # What must be written down before anything else is, in the same transaction.
        self.before_writing: Callable[[Review], None] = lambda _review: None
        self._stored_at = 0.0  # by the steady clock
        self._writes_in_a_row = 0

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """Around what goes on after an error: one of SQLite's that speaks of the file becomes a ReviewError here.

        Elsewhere `open_review` does the same at its end.
        """
        with _in_our_words(self.path):
            yield

    @contextlib.contextmanager
    def waiting_at_most(self, seconds: float) -> Iterator[None]:
        """Wait no longer than this for others who hold the file; never longer than otherwise."""
        (patience_ms,) = self.db.execute("pragma busy_timeout").fetchone()
        self.db.execute(f"pragma busy_timeout = {min(patience_ms, round(seconds * 1000))}")
        try:
            yield
        finally:
            self.db.execute(f"pragma busy_timeout = {patience_ms}")

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """One look at the file: what other programs write meanwhile is not seen in parts.

        A block inside another, or inside `writing()`, belongs to the outer one.
        """
        connection = self.db.conn
        if connection.in_transaction:
            yield
            return
        with _in_our_words(self.path):
            connection.execute("begin")
            try:
                yield
            finally:
                _roll_back(connection)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Review]:
        """The review as it is now, in a private copy to be read at leisure: nobody who writes waits for it.

        For looks of more than a second at a large review. A look at the file itself keeps every other
        program from storing anything until it ends. Where the copy finds no room, it is the file itself.
        Inside a transaction it is that, and of such a copy it is the copy.
        """
        if self.db.conn.in_transaction or self.at_rest is not None:
            yield self
            return
        with contextlib.closing(sqlite3.connect("", isolation_level=None)) as connection:
            if _is_copied(self.path, self.db.conn, connection):
                # Its changes would be lost with it.
                connection.execute("pragma query_only = on")
                connection.execute(f"pragma cache_size = {_CACHE}")
                still = Review(self.path, Database(connection, execute_plugins=False))
                still.at_rest = {}
                yield still
                return
        with self.reading():
            yield self

    @contextlib.contextmanager
    def glance(self) -> Iterator[Review]:
        """The review as it is now, for a look of about a second: the file itself, or a snapshot of a large one.

        Whoever writes meanwhile waits that long at most. Copying 40,000 records takes 0.35 s of the 1.5 s that their
        flow may take.
        """
        if self.path.stat().st_size > _LARGE:
            with self.snapshot() as still:
                yield still
        else:
            with self.reading():
                yield self

    @contextlib.contextmanager
    def writing(self) -> Iterator[Database]:
        """One transaction that takes the write lock at once; all of it is stored, or nothing.

        A block inside another belongs to the outer one. Raises ReviewError if others hold the file for
        longer than 30 s, or the disk is full; nothing is stored then, and the same can be tried again.
        """
        connection = self.db.conn
        if connection.in_transaction:
            yield self.db
            return
        with _in_our_words(self.path):
            self._let_others_go_first()
            _take_turn(connection)
            try:
                # Under the lock, or each of several people who begin at once makes a copy.
                self._copy_at_start_of_sitting()
                self.before_writing(self)
                yield self.db
                connection.execute("commit")
            except BaseException:
                _roll_back(connection)
                raise
            self._stored_at = time.monotonic()

    @contextlib.contextmanager
    def rehearsing(self) -> Iterator[Database]:
        """What would come of a change: a transaction that is taken back at its end, whatever happens."""
        connection = self.db.conn
        if connection.in_transaction:
            raise RuntimeError("a rehearsal inside another transaction would be stored with it")
        connection.execute("begin immediate")
        try:
            yield self.db
        finally:
            _roll_back(connection)

    def _let_others_go_first(self) -> None:
        """A program that writes without a pause makes one now and then, long enough for all who wait to see it.

        No person is that quick. Of eight such programs the unluckiest waited 6 s for its turn without this.
        """
        is_at_once = time.monotonic() - self._stored_at < _TRY_EVERY_S
        self._writes_in_a_row = self._writes_in_a_row + 1 if is_at_once else 0
        if self._writes_in_a_row == _WRITES_IN_A_ROW:
            self._writes_in_a_row = 0
            time.sleep(2 * _TRY_EVERY_S)

    def _copy_at_start_of_sitting(self) -> None:
        moment = dt.datetime.now(dt.UTC)
        (written,) = self.db.execute("select at from log order by id desc limit 1").fetchone()
        newest = max((taken for taken, _ in _copies(self.path)), default=None)
        last = dt.datetime.fromisoformat(written)
        # A sitting whose writes fail makes one copy too, not one for each attempt.
        if abs(moment - max(last, newest or last)) >= SITTING:
            copy_aside(self.path, copies_folder(self.path), moment)


def _take_turn(connection: sqlite3.Connection) -> None:
    """Begin a transaction that may write, as soon as nobody else is in one; waits up to the lock's timeout.

    SQLite's own waiting tries ever more rarely, at last ten times a second: beside seven processes that
    wrote without a pause, the eighth missed each of their gaps for 30 s.
    """
    (patience_ms,) = connection.execute("pragma busy_timeout").fetchone()
    end = time.monotonic() + patience_ms / 1000
    connection.execute("pragma busy_timeout = 0")
    try:
        while True:
            try:
                connection.execute("begin immediate")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                    raise
                time.sleep(_TRY_EVERY_S)
            else:
                return
    finally:
        connection.execute(f"pragma busy_timeout = {patience_ms}")


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # after a full disk SQLite has done it by itself
        connection.execute("rollback")


def copies_folder(path: Path) -> Path:
    """Where dated copies of a review file are kept: beside it."""
    return path.with_name(path.name + "-copies")


def _copies(path: Path) -> list[tuple[dt.datetime, Path]]:
    found = []
    folder = copies_folder(path)
    if folder.is_dir():
        for copy in folder.iterdir():
            # A name of another pattern, or of another file's copy, is not ours to count or to drop.
            with contextlib.suppress(ValueError):
                taken = dt.datetime.strptime(copy.name, _pattern(path)).replace(tzinfo=dt.UTC)
                found.append((taken, copy))
    return sorted(found)


def _pattern(path: Path) -> str:
    """Names of dated copies, as strftime and strptime write it."""
    stem, suffix = (part.replace("%", "%%") for part in (path.stem, path.suffix))
    return f"{stem}-%Y%m%dT%H%M%S.%fZ{suffix}"


def copy_aside(path: Path, folder: Path, moment: dt.datetime) -> Path:
    """A dated copy of the review, made by SQLite's own backup; the oldest beyond 20 are dropped.

    What a transaction of this process has not stored yet is not in it. Raises ReviewError if it cannot
    be written: a review is not changed without its copy.
    """
    target = folder / moment.strftime(_pattern(path))
    part = target.with_name(target.name + ".part")
    try:
        folder.mkdir(exist_ok=True)
        with (
            # Not the caller's connection: SQLite copies from none that holds the write lock.
            contextlib.closing(sqlite3.connect(path, timeout=LOCK_TIMEOUT_S)) as source,
            contextlib.closing(sqlite3.connect(part)) as copy,
        ):
            _back_up(path, source, copy)
        part.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise ReviewError(
            f"no dated copy of {path} could be written to {folder}: {_reason(error)}",
            hint="check the disk's space and the folder's permissions; nothing was changed",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    for _, old in _copies(path)[:-COPIES_KEPT]:
        old.unlink(missing_ok=True)
    return target


def _back_up(path: Path, connection: sqlite3.Connection, copy: sqlite3.Connection) -> None:
    """Copy every page. Raises ReviewError if others hold the file for longer than the timeout."""

    def give_up_if_locked(status: int, _left: int, _all: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):  # backup() would wait for ever
            raise ReviewError(f"the review file {path} {_LOCKED[0]}", hint=_LOCKED[1])

    connection.backup(copy, progress=give_up_if_locked)


def _is_copied(path: Path, connection: sqlite3.Connection, copy: sqlite3.Connection) -> bool:
    """Copy every page, if the folder of temporary files has room."""
    try:
        _back_up(path, connection, copy)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _NO_ROOM:
            raise
        return False
    return True


def _reason(error: OSError | sqlite3.Error) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    trouble = _trouble(error)
    return f"it {trouble[0]}" if trouble else str(error)


def _connect(path: Path) -> Database:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise ReviewError(
            f"this Python brings SQLite {sqlite3.sqlite_version}, and a review file needs "
            f"{'.'.join(map(str, OLDEST_SQLITE))} or newer",
            hint="use a Python from python.org, conda or uv, which bring their own SQLite",
        )
    connection = sqlite3.connect(path, timeout=LOCK_TIMEOUT_S, isolation_level=None)
    # Other people's sqlite-utils plugins have no business in a review.
    db = Database(connection, execute_plugins=False)
    db.execute("pragma foreign_keys = on")
    return db


def create_review(path: Path, first_rows: Callable[[Review], None] = lambda _review: None) -> None:
    """Make a new review file at `path`, complete or not at all; `first_rows` writes into it.

    Raises ReviewError if something is there already or the folder cannot be written.
    """
    if path.exists():
        raise ReviewError(f"{path} is there already", hint="name another file with --review")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with _in_our_words(path):
        try:
            db = _connect(part)
            try:
                with contextlib.closing(db.conn):
                    review = Review(path, db)
                    db.execute("begin immediate")
                    db.execute(f"pragma application_id = {migrations.APPLICATION_ID}")
                    migrations.migrations.apply(db)
                    migrations.make_derived(db)
                    db.table("review").insert(
                        {
                            "id": 1,
                            "uid": secrets.token_hex(16),
                            "created_at": now(),
                            "created_with": __version__,
                        }
                    )
                    first_rows(review)
                    db.execute("commit")
                _move_into_place(part, path)
            finally:
                part.unlink(missing_ok=True)
                part.with_name(part.name + "-journal").unlink(missing_ok=True)
        except OSError as error:
            raise ReviewError(
                f"the review file {path} cannot be made: {error.strerror or error}",
                hint="check that its folder exists and can be written",
            ) from error


def _move_into_place(part: Path, path: Path) -> None:
    try:
        os.link(part, path)  # unlike rename, fails where another process was quicker
    except FileExistsError as error:
        raise ReviewError(f"{path} is there already", hint="name another file with --review") from error
    except OSError:  # a file system without hard links
        part.replace(path)


def _refuse_foreign(path: Path, db: Database) -> None:
    (application_id,) = db.execute("pragma application_id").fetchone()
    if application_id != migrations.APPLICATION_ID:
        raise ReviewError(
            f"{path} is no iimscreen review file", hint="name another file with --review, or `iimscreen init`"
        )
    applied = [migration.name for migration in migrations.migrations.applied(db)]
    unknown = [name for name in applied if name not in migrations.known()]
    if unknown:
        raise ReviewError(
            f"{path} was written by a newer iimscreen (step {unknown[0]} is not known here)",
            hint="upgrade: pip install --upgrade iimscreen",
        )


def _migrate(path: Path, db: Database) -> None:
    pending = migrations.migrations.pending(db)
    (stands,) = db.execute("pragma user_version").fetchone()
    if not pending and stands == migrations.derived_version():
        return
    db.execute("pragma foreign_keys = off")
    db.execute("begin immediate")
    try:
        if migrations.migrations.pending(db):  # else another process was quicker
            copy_aside(path, copies_folder(path), dt.datetime.now(dt.UTC))
        migrations.drop_derived(db)  # transform() would drop triggers silently
        migrations.migrations.apply(db)
        migrations.make_derived(db)
        broken = db.execute("pragma foreign_key_check").fetchall()
        if broken:
            raise ReviewError(
                f"{path} could not be brought up to date: {len(broken)} rows point nowhere",
                hint="nothing was changed; please report it",
            )
        db.execute("commit")
    except BaseException:
        _roll_back(db.conn)
        raise
    db.execute("pragma foreign_keys = on")


@contextlib.contextmanager
def open_review(path: Path) -> Iterator[Review]:
    """The review at `path`, brought up to date first (after a dated copy).

    Raises ReviewError if it is missing, foreign, newer, damaged, locked or cannot be read.
    """
    if not path.is_file():
        raise ReviewError(
            f"there is no review file {path}",
            hint="make one with `iimscreen init` or `iimscreen search`, or name one with --review",
        )
    with _in_our_words(path):
        db = _connect(path)
        with contextlib.closing(db.conn), _unless_damaged(path, db):
            _refuse_foreign(path, db)
            _migrate(path, db)
            db.execute(f"pragma cache_size = {_CACHE}")
            yield Review(path, db)


def rows(db: Database, sql: str, values: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
    """Rows of a query as dicts, in the order of the query."""
    return db.query(sql, values or {})


def verify(review: Review) -> list[str]:
    """What SQLite finds wrong with the file, in sentences; empty when it is sound."""
    faults = [
        f"SQLite's integrity check: {message}"
        for (message,) in review.db.execute("pragma integrity_check").fetchall()
        if message != "ok"
    ]
    faults += [
        f"a row of {table} points to a row of {other} that is not there"
        for table, _, other, _ in review.db.execute("pragma foreign_key_check").fetchall()
    ]
    have = {name for (name,) in review.db.execute("select name from sqlite_master where type = 'trigger'")}
    wanted = [
        f"{table}_no_{what}" for table in migrations.APPEND_ONLY for what in ("update", "delete", "replace")
    ]
    missing = [name for name in wanted if name not in have]
    if missing:
        faults.append(f"append-only triggers are missing: {', '.join(missing)}")
    return faults
