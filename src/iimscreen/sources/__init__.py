"""One file per bibliographic source: ask it, hand on its raw replies, return its records.

A source knows nothing of the review file. Raw replies go to `keep` the moment they arrive, so an
interrupted run resumes: the replies kept so far come back as `resume_from` and are not asked for again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from iimscreen.model import Answer, Kind, Reply, SubQuery


class Source(Protocol):
    """What every source offers. `tests/test_source_contract.py` holds each file of this folder to it."""

    database: str  # the name printed in PRISMA's boxes
    source: str  # the first part of record keys
    kind: Kind  # PRISMA's box: a database, a register, citation searching, ...

    def count(self, sub_query: SubQuery) -> int:
        """How many records the source would give for a sub-query now; nothing is kept.

        Raises SourceError if it does not tell.
        """
        ...

    def fetch(
        self,
        sub_query: SubQuery,
        *,
        resume_from: Sequence[Reply] = (),
        keep: Callable[[Reply], None] = lambda _reply: None,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Answer:
        """The complete answer to one sub-query: what `resume_from` holds is not asked for again.

        Raises SourceError if it cannot be completed; every reply that came back whole was kept.
        """
        ...

    def replay(self, sub_query: SubQuery, replies: Sequence[Reply]) -> Answer:
        """The answer that kept replies give, without asking: the same that `fetch` gave.

        Raises SourceError if a reply is missing or unreadable.
        """
        ...
