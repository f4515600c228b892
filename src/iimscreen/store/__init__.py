"""The review file, and all SQL. `open_review` is the way in; one module per noun."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from iimscreen.store import _light  # isort: skip  # noqa: F401  (before anything that loads sqlite-utils)
from iimscreen.store import connection
from iimscreen.store.connection import Review, create_review

__all__ = ["Review", "create_review", "open_review"]


@contextmanager
def open_review(path: Path) -> Iterator[Review]:
    """The review at `path`, brought up to date first (after a dated copy).

    Before each write to it, rounds whose votes are all in are noted as open.
    Raises ReviewError if it is missing, foreign, newer, damaged, locked or cannot be read.
    """
    from iimscreen.store import openings

    with connection.open_review(path) as review:
        review.before_writing = openings.note_openings
        yield review
