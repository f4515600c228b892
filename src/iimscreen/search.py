"""A strategy put to a source, each sub-query a run; resumed where it was interrupted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from iimscreen.errors import InputError, SourceError
from iimscreen.model import Answer, Record, Reply, Strategy, SubQuery
from iimscreen.sources import Source
from iimscreen.store import Review, records, runs
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
    updates: str | None = None,
    on_progress: OnRun = lambda _label, _done, _total: None,
) -> SearchOutcome:
    """Put every sub-query of a strategy to a source and store what it says.

    The same texts put to the same source before are resumed, or nothing is done; `again` makes a new
    dated search. `updates` is the uid of the search that a new one repeats. Raises SourceError if a
    sub-query cannot be completed; finished ones stay stored.
    """
    uid = None if again else runs.latest_search(review, strategy, source.source)
    was_begun = uid is not None
    if uid is None:
        with review.writing() as db:
            # Looked for again under the lock: of two who begin at once, the second joins the search.
            uid = None if again else runs.latest_search(review, strategy, source.source)
            if uid is None:
                records.ensure_source(db, source.source, source.database, source.kind)
                uid = runs.begin_search(review, strategy, source.source, updates=updates)
    waiting = runs.unfinished(review, uid)
    finished = len(strategy.sub_queries) - len(waiting)
    for number, (begun, sub_query) in enumerate(waiting, start=finished):
        try:
            _complete(review, begun, sub_query, source, on_progress)
        except SourceError as error:
            raise SourceError(
                f"sub-query {begun.label}: {error.message} "
                f"({number} of {len(strategy.sub_queries)} sub-queries are complete and saved)",
                hint=error.hint,
            ) from error
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


def _complete(
    review: Review, begun: runs.Run, sub_query: SubQuery, source: Source, on_progress: OnRun
) -> None:
    """Ask a sub-query to its end and store its answer.

    Where another process put replies to the same sub-query beside ours, all are read again, which asks
    nothing that is kept: the answer is to be the one that a replay of them gives.
    """
    new = None
    while new is None:
        replies = runs.count_replies(review, begun)

        def keep(reply: Reply) -> None:
            nonlocal replies
            runs.keep_reply(review, begun, reply)
            replies += 1

        answer = source.fetch(
            sub_query,
            resume_from=runs.replies(review, begun),
            keep=keep,
            on_progress=lambda done, total: on_progress(begun.label, done, total),
        )
        found = _by_accession(answer)
        new = runs.finish(review, begun, source.source, answer, found, replies=replies)


def _by_accession(answer: Answer) -> list[tuple[str, Record]]:
    """The records with their accessions. Raises SourceError unless they are as many as announced, each once."""
    pairs = []
    for record in answer.records:
        accession = record.accession or record.source_id
        if accession is None:
            raise SourceError(
                f"a record of a source has no identifier: {record.title!r}", hint="please report it"
            )
        pairs.append((accession, record))
    different = len({accession for accession, _ in pairs})
    if not answer.hits == len(pairs) == different:
        raise SourceError(
            f"{counted(answer.hits, 'record')} announced, {different:,} received",
            hint="run the same command again: it resumes",
        )
    return pairs
