"""Undo a part of a transaction: what one file brought, when it has to be read anew."""

from __future__ import annotations

from iimscreen.store.connection import Review

_SMALL = 64_000_000  # bytes of a review


def expect_many(review: Review) -> None:
    """Make ready for storing very many records. To be called before `writing()`."""
    if review.db.conn.in_transaction:
        return
    (size,) = review.db.execute(
        "select page_count * page_size from pragma_page_count(), pragma_page_size()"
    ).fetchone()
    # What SQLite notes before each statement and since `hold`, to undo it, is no more than the file was.
    # In memory that spares a write for each: 1 of 12 CPU seconds for 100,000 records.
    review.db.execute(f"pragma temp_store = {'memory' if size < _SMALL else 'default'}")


def hold(review: Review) -> None:
    """What is stored from here on can be undone by itself. To be called inside `writing()`."""
    review.db.execute("savepoint this_file")


def undo(review: Review) -> None:
    """Take back what was stored since `hold`."""
    review.db.execute("rollback to this_file")
    review.db.execute("release this_file")


def keep(review: Review) -> None:
    """Let what was stored since `hold` stay."""
    review.db.execute("release this_file")
