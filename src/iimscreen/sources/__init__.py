"""One file per bibliographic source: ask it, hand on its raw replies, return its records.

A source knows nothing of the review file. Raw replies go to `keep` the moment they arrive, so an
interrupted run resumes: the replies kept so far come back as `kept` and are not asked for again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from iimscreen.model import Answer, Reply, SubQuery


class Source(Protocol):
    """What every source offers."""

    database: str  # the name printed in PRISMA's boxes
    source: str  # the first part of record keys

    def ask(
        self,
        sub_query: SubQuery,
        *,
        kept: Sequence[Reply] = (),
        keep: Callable[[Reply], None] = lambda _reply: None,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Answer:
        """The complete answer to one sub-query.

        Raises SourceError if it cannot be completed; every reply that came back whole was kept.
        """
        ...
