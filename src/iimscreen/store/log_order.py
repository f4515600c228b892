"""The one order of the log that depends on its rows alone, and the dealing of ids by it.

Each row comes after those that it names (the same actor's row before it, and what it takes back or
settles), otherwise by time: its own, or the latest of those before it if that is later. So two copies of a
review that hold the same rows hold them in the same order, whichever row came first to which. Rows up to
the last closing of a version stay where they are: what was closed is those rows, in that order.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlite_utils import Database

from iimscreen.errors import ReviewError
from iimscreen.store.connection import Review
from iimscreen.store.migrations import LOG_KINDS

Rank = tuple[str, int, str]  # time, steps from the first row, uid: rows stand in ascending order of it


class Place(NamedTuple):  # made once for each row of the log: half the time of a frozen dataclass
    """What the order asks of a row."""

    uid: str
    at: str
    after: tuple[str, ...]  # uids of the rows that it names


def ranked(places: Iterable[Place], known: Mapping[str, Rank] | None = None) -> dict[str, Rank]:
    """Ranks by uid, of these rows and of those `known`; a row may stand before those that it names.

    Raises KeyError for a row that names one which is not there.
    """
    ranks = dict(known or {})
    left = list(places)
    while left:
        waiting = []
        for place in left:
            at, steps = place.at, 0
            for uid in place.after:
                before = ranks.get(uid)
                if before is None:
                    waiting.append(place)
                    break
                at, steps = max(at, before[0]), max(steps, before[1])
            else:
                ranks[place.uid] = (at, steps + 1, place.uid)
        if len(waiting) == len(left):
            raise KeyError(next(uid for uid in waiting[0].after if uid not in ranks))
        left = waiting
    return ranks


@dataclass(frozen=True, slots=True)
class Order:
    """The log of a file as it stands: its uids in order of their ids, and the rank of each."""

    uids: Sequence[str]
    ranks: Mapping[str, Rank]
    fixed: int  # so many rows, from the first, stay where they are

    def with_rows(self, places: Iterable[Place]) -> Order:
        """The same with more rows, all but the fixed ones in ascending order of rank."""
        ranks = ranked(places, self.ranks)
        fixed = self.uids[: self.fixed]
        free = sorted(ranks.keys() - set(fixed), key=ranks.__getitem__)
        return Order([*fixed, *free], ranks, self.fixed)


def as_it_stands(review: Review) -> Order:
    """The order of the log in this file. Raises ReviewError if a row follows one that is not there."""
    names = _names(review.db)
    places = [
        Place(uid, at, (*((previous,) if previous is not None else ()), *names.get(log_id, ())))
        for log_id, uid, previous, at in review.db.execute(
            "select id, uid, previous, at from log order by id"
        )
    ]
    (fixed,) = review.db.execute("select coalesce(max(log_id), 0) from version_closures").fetchone()
    try:
        ranks = ranked(places)
    except KeyError as error:
        raise ReviewError(
            f"the log of {review.path} lacks a row that another follows",
            hint="`iimscreen check` says more; take the newest copy from the folder of dated copies beside it",
        ) from error
    return Order([place.uid for place in places], ranks, int(fixed))


def uid_columns(db: Database, kind: str) -> list[str]:
    """The columns of a kind of log rows that name other rows of the log."""
    return sorted(
        row[3]
        for row in db.execute(f"pragma foreign_key_list({kind})").fetchall()
        if (row[2], row[4]) == ("log", "uid")
    )


def _names(db: Database) -> dict[int, tuple[str, ...]]:
    """Log id → uids of the rows that this row's content names."""
    found: dict[int, tuple[str, ...]] = {}
    for kind in LOG_KINDS:
        for column in uid_columns(db, kind):
            for log_id, uid in db.execute(f"select log_id, {column} from {kind} where {column} is not null"):
                found[log_id] = (*found.get(log_id, ()), uid)
    return found


# --- dealing ids anew ------------------------------------------------------------------------------


@contextlib.contextmanager
def rewriting(review: Review) -> Iterator[Database]:
    """As `Review.writing()`, but ids of the log may move: that every reference holds is checked at the end."""
    if review.db.conn.in_transaction:
        raise RuntimeError("foreign keys cannot be put off inside a transaction")
    review.db.execute("pragma foreign_keys = off")
    try:
        with review.writing() as db:
            yield db
            broken = db.execute("pragma foreign_key_check").fetchall()
            if broken:
                raise ReviewError(
                    f"{len(broken)} rows of {review.path} would point nowhere",
                    hint="nothing was changed; please report it",
                )
    finally:
        review.db.execute("pragma foreign_keys = on")


def deal(db: Database, before: Sequence[str], after: Sequence[str]) -> int:
    """Give each row that is there the id of its place in `after`; the first id that changed hands.

    `before` is the order in which they stand. Inside `rewriting()`, with triggers dropped.
    """
    first = next(
        (n for n, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), len(before)
    )
    ids = {uid: n for n, uid in enumerate(after[first:], start=first + 1)}
    moved = [(n, ids[uid]) for n, uid in enumerate(before[first:], start=first + 1) if ids[uid] != n]
    if moved:
        db.execute("create temp table moved (old integer primary key, new integer not null) strict")
        db.conn.executemany("insert into moved (old, new) values (?, ?)", moved)
        for table, column in _id_columns(db):
            # Negative in between, since an id is free only when its holder has left it.
            db.execute(
                f"""
                update {table}
                set {column} = -(select new from moved where old = {column})
                where {column} >= :first and {column} in (select old from moved)
                """,
                {"first": first + 1},
            )
            db.execute(f"update {table} set {column} = -{column} where {column} < 0")
        db.execute("drop table temp.moved")
    return first + 1


def _id_columns(db: Database) -> list[tuple[str, str]]:
    """(table, column) of every id of a log row: that of `log`, and all that refer to it, however far."""
    tables = [
        name
        for (name,) in db.execute(
            "select name from sqlite_schema where type = 'table' and name not like 'sqlite%'"
        )
    ]
    references = [
        (table, row[3], (row[2], row[4]))
        for table in tables
        for row in db.execute(f"pragma foreign_key_list({table})").fetchall()
    ]
    found = [("log", "id")]
    for known in found:  # grows while it is gone through
        found += [
            (table, column)
            for table, column, to in references
            if to == known and (table, column) not in found
        ]
    return found
