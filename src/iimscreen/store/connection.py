"""Open a review file: create, migrate, copy aside, transactions, and SQLite's errors in our words."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from iimscreen import __version__
from iimscreen.errors import ReviewError
from iimscreen.store import migrations

LOCK_TIMEOUT_S = 30.0
COPIES_KEPT = 20
SITTING = dt.timedelta(minutes=30)  # a write after a longer pause begins a new sitting

# SQLite's primary result codes that speak of the file, not of our SQL.
_FILE_TROUBLE = {
    sqlite3.SQLITE_BUSY: ("is locked by another program", "close it there, or wait, and try again"),
    sqlite3.SQLITE_LOCKED: ("is locked by another program", "close it there, or wait, and try again"),
    sqlite3.SQLITE_READONLY: ("cannot be written", "check the permissions of the file and of its folder"),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "check the path and the permissions of its folder"),
    sqlite3.SQLITE_PERM: ("cannot be opened", "check the permissions of the file and of its folder"),
    sqlite3.SQLITE_FULL: ("could not grow: the disk is full", "free some space; nothing was half written"),
    sqlite3.SQLITE_IOERR: ("could not be read or written by this disk", "check the disk; copy the file"),
    sqlite3.SQLITE_CORRUPT: (
        "is damaged",
        "take the newest copy from the folder of dated copies beside it",
    ),
    sqlite3.SQLITE_NOTADB: ("is no review file", "name another file with --review"),
}


def now() -> str:
    """The present moment in UTC, as it stands in the log: 2026-11-23T04:06:13.123Z."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextlib.contextmanager
def _in_our_words(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        trouble = _FILE_TROUBLE.get(code & 0xFF) if code is not None else None
        if trouble is None:
            raise  # our own SQL is at fault: a bug, to be seen as one
        found, hint = trouble
        raise ReviewError(f"the review file {path} {found}", hint=hint) from error


class Review:
    """An open review file. Reading is free; writing happens inside `writing()` only."""

    def __init__(self, path: Path, db: Database) -> None:
        self.path = path
        self.db = db

    @contextlib.contextmanager
    def writing(self) -> Iterator[Database]:
        """One transaction that takes the write lock at once; all of it is stored, or nothing.

        A block inside another belongs to the outer one.
        """
        connection = self.db.conn
        if connection.in_transaction:
            yield self.db
            return
        self._copy_at_start_of_sitting()
        connection.execute("begin immediate")
        try:
            yield self.db
        except BaseException:
            connection.execute("rollback")
            raise
        try:
            connection.execute("commit")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("rollback")
            raise

    def _copy_at_start_of_sitting(self) -> None:
        folder = copies_folder(self.path)
        moment = dt.datetime.now(dt.UTC)
        newest = max((taken for taken, _ in _copies(self.path)), default=None)
        if newest is None:
            # The file's own first half hour needs no copy: nothing is in it yet.
            created = self.db.execute("select created_at from review").fetchone()[0]
            newest = dt.datetime.fromisoformat(created)
        if moment - newest >= SITTING:
            copy_aside(self.path, self.db.conn, folder, moment)


def copies_folder(path: Path) -> Path:
    """Where dated copies of a review file are kept: beside it."""
    return path.with_name(path.name + "-copies")


def _copies(path: Path) -> list[tuple[dt.datetime, Path]]:
    found = []
    folder = copies_folder(path)
    if folder.is_dir():
        for copy in folder.glob(f"{path.stem}-*{path.suffix}"):
            stamp = copy.stem.removeprefix(f"{path.stem}-")
            with contextlib.suppress(ValueError):
                taken = dt.datetime.strptime(stamp, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=dt.UTC)
                found.append((taken, copy))
    return sorted(found)


def copy_aside(path: Path, connection: sqlite3.Connection, folder: Path, moment: dt.datetime) -> Path:
    """A dated copy of the review, made by SQLite's own backup; the oldest beyond 20 are dropped.

    Raises ReviewError if it cannot be written: a review is not changed without its copy.
    """
    target = folder / f"{path.stem}-{moment:%Y%m%dT%H%M%S.%fZ}{path.suffix}"
    part = target.with_suffix(target.suffix + ".part")
    try:
        folder.mkdir(exist_ok=True)
        copy = sqlite3.connect(part)
        try:
            connection.backup(copy)
        finally:
            copy.close()
        part.replace(target)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise ReviewError(
            f"no dated copy of {path} could be written to {folder}: {error}",
            hint="check the disk's space and the folder's permissions; nothing was changed",
        ) from error
    for _, old in _copies(path)[:-COPIES_KEPT]:
        old.unlink(missing_ok=True)
    return target


def _connect(path: Path) -> Database:
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
    if pending:
        copy_aside(path, db.conn, copies_folder(path), dt.datetime.now(dt.UTC))
    db.execute("pragma foreign_keys = off")
    db.execute("begin immediate")
    try:
        migrations.drop_derived(db)  # transform() would drop triggers silently
        migrations.migrations.apply(db)
        migrations.make_derived(db)
        broken = db.execute("pragma foreign_key_check").fetchall()
        if broken:
            raise ReviewError(
                f"{path} could not be brought up to date: {len(broken)} rows point nowhere",
                hint="nothing was changed; please report it",
            )
    except BaseException:
        db.execute("rollback")
        raise
    db.execute("commit")
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
        with contextlib.closing(db.conn):
            _refuse_foreign(path, db)
            _migrate(path, db)
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
