"""Repeat every search of a living review: what is new comes in, what is lost or changed is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from iimscreen import importing, queries, receipts, search, sides, sources
from iimscreen.comparison.reasons import Change
from iimscreen.errors import InputError, SourceError
from iimscreen.model import Parsed, Strategy
from iimscreen.sources import Access, Source
from iimscreen.sources.citations import Direction
from iimscreen.store import Review, runs, versions
from iimscreen.wording import counted

_LINKS = frozenset(Direction)  # the sources whose searches follow citations


@dataclass(frozen=True, slots=True)
class Repeated:
    """One strategy searched again in its source, against the search that it repeats."""

    strategy: str
    database: str
    search: runs.Search
    was_done: bool  # finished before, on this same day; nothing was asked
    before_at: str  # UTC
    before_as_of: str | None
    before: int  # distinct records then
    new: tuple[str, ...]  # keys that it finds and the one before did not
    lost: tuple[str, ...]  # keys that the one before found and it does not
    new_to_review: int  # of `new`, those that no search or import had brought
    before_uid: str
    changed: tuple[str, ...]  # accessions of what both found and the source now states otherwise
    retracted: tuple[str, ...]  # of what both found, what was retracted since
    not_compared: str  # why contents could not be compared; "" where they were
    follows_links: bool  # a citation search, which can have no date limit


@dataclass(frozen=True, slots=True)
class NotRepeated:
    """One strategy that could not be searched again, and why."""

    strategy: str
    database: str
    cause: str
    hint: str


@dataclass(frozen=True, slots=True)
class Update:
    """Every strategy of the review, searched again or not."""

    repeated: tuple[Repeated, ...]
    left_out: tuple[NotRepeated, ...]


def update(
    review: Review,
    *,
    as_of: dt.date | None = None,
    corpus_file: Path | None = None,
    access: Access | None = None,
    on_progress: search.OnRun = lambda _label, _done, _total: None,
    on_done: Callable[[Repeated], None] = lambda _one: None,
) -> Update:
    """Repeat the latest complete search of every strategy in every source, up to a day (UTC; today).

    Each is a new dated search that names the one it repeats; only records that the review lacks are
    added, and stored ones stay as they were. Repeated on the same day for the same date it resumes, or
    does nothing. A strategy without a date limit stays without one unless `as_of` is given; links of
    citations, which can have none, are followed again as they stand today. One that cannot be
    repeated (its file of records is not at hand, its source is none of ours) is left out and named,
    and the others go on.

    Raises InputError if nothing can be repeated or `as_of` lies in the future or before the limit of a
    search to be repeated, and SourceError if a source fails: what is finished stays stored.
    """
    today = dt.datetime.now(dt.UTC).date()
    found = versions.repeatable(review)
    if not found:
        raise InputError(
            "no search of this review has been completed, so there is none to repeat",
            hint="`iimscreen search` makes the first; exports that were imported are made and imported again",
        )
    _check_day(as_of, today, found)
    repeated: list[Repeated] = []
    left_out: list[NotRepeated] = []
    for one in found:
        try:
            strategy = _until(one, as_of, today)
            source = _source(one, corpus_file, access or Access(), strategy.as_of)
        except InputError as error:
            left_out.append(NotRepeated(one.strategy, one.database, error.message, error.hint))
            continue
        try:
            done = _repeat(review, one, strategy, source, today, on_progress)
        except SourceError as error:
            finished = (
                f"; {counted(len(repeated), 'strategy', 'strategies')} repeated before it" if repeated else ""
            )
            raise SourceError(
                f"strategy {one.strategy}: {error.message}{finished}", hint=error.hint
            ) from error
        repeated.append(done)
        on_done(done)
    return Update(tuple(repeated), tuple(left_out))


def _check_day(as_of: dt.date | None, today: dt.date, found: Sequence[versions.Repeatable]) -> None:
    if as_of is None:
        return
    if as_of > today:
        raise InputError(f"--as-of {as_of} lies in the future (today is {today}, UTC)", hint="leave it away")
    latest = max((one.as_of for one in found if one.as_of), default=None)
    if latest is not None and as_of.isoformat() < latest:
        raise InputError(
            f"--as-of {as_of} lies before {latest}, to which these searches went already",
            hint="an update goes to a later day; without --as-of it goes to today",
        )


def _until(one: versions.Repeatable, as_of: dt.date | None, today: dt.date) -> Strategy:
    """The stored strategy with its date limit moved; as it stands if it has none and none is asked for.

    Links of citations know no date: PubMed says what cites a report now.
    """
    until = None if one.source in _LINKS else as_of or (today if one.as_of else None)
    where = f"strategy {one.strategy}, as stored on {one.at[:10]}"
    return queries.parse_strategy(one.text, name=one.strategy, where=where, as_of=until)


def _source(
    one: versions.Repeatable, corpus_file: Path | None, access: Access, as_of: dt.date | None
) -> Source:
    if not one.source.startswith("corpus-"):
        return sources.named(one.source, Access(access.email, access.api_key, as_of))
    from iimscreen.sources import corpus

    if corpus_file is None or corpus.from_file(corpus_file, []).source != one.source:
        raise InputError(
            f"{one.database} was a search in a file of records, which the review does not hold",
            hint="name that file, in its present state, with --corpus FILE",
        )
    _, found = importing.read_file(corpus_file)
    return corpus.from_file(corpus_file, [r.record for r in found if isinstance(r, Parsed)], as_of)


def _repeat(
    review: Review,
    one: versions.Repeatable,
    strategy: Strategy,
    source: Source,
    today: dt.date,
    on_progress: search.OnRun,
) -> Repeated:
    # Texts with a date of their own tell the days apart; those without are begun anew each day.
    is_dated = strategy.as_of is not None
    done_today = one.at[:10] == today.isoformat() and versions.updated_by(review, one.uid) is not None
    is_under_way = one.begun is not None and one.begun[1][:10] == today.isoformat()
    outcome = search.run(
        review,
        strategy,
        source,
        again=not (is_dated or done_today or is_under_way),
        updates=one.uid,
        on_progress=on_progress,
    )
    # Done today already: what it repeated is what it is held against.
    before_uid = versions.updated_by(review, outcome.search.uid) or one.uid
    before = runs.search(review, before_uid)
    earlier, now = runs.keys_found(review, before_uid), runs.keys_found(review, outcome.search.uid)
    changed, retracted, not_compared = _contents(review, before_uid, outcome.search.uid)
    return Repeated(
        strategy=one.strategy,
        database=one.database,
        search=outcome.search,
        was_done=outcome.was_done,
        before_at=before.at,
        before_as_of=before.as_of,
        before=len(earlier),
        new=tuple(sorted(now - earlier)),
        lost=tuple(sorted(earlier - now)),
        new_to_review=sum(result.new for result in outcome.search.results),
        before_uid=before_uid,
        changed=changed,
        retracted=retracted,
        not_compared=not_compared,
        follows_links=one.source in _LINKS,
    )


def _contents(review: Review, before: str, after: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """What two searches state otherwise, and what was retracted between them; or why that is not known."""
    if before == after:
        return (), (), ""
    try:
        found = sides.compare(review, receipts.find(review, before), receipts.find(review, after))
    except (InputError, SourceError) as error:
        return (), (), error.message

    def of(change: Change) -> tuple[str, ...]:
        return tuple(one.record for one in found.differences if one.change is change)

    return of(Change.CHANGED), of(Change.RETRACTED), ""
