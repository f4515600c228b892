"""PubMed: what a search finds, completely or not at all.

ESearch lists what was found, EFetch is asked for those PMIDs by number. No history of NCBI's is
used: it expires, hands out 9,999 records at most, and cuts the page that crosses that line silently.
A search that finds more is asked in slices (`_slices`).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from iimscreen import settings
from iimscreen.errors import SourceError
from iimscreen.model import Answer, Kind, Record, Reply, SubQuery
from iimscreen.sources import _slices
from iimscreen.sources._ahead import Ahead
from iimscreen.sources._by_pmid import check_end, fetch_parameters, records_of
from iimscreen.sources._eutils import (
    ErrorReplyError,
    Eutils,
    NoneFoundError,
    parameters_of,
    reply_of,
    tree,
)
from iimscreen.sources._http import RESUME, PassingError

# Records for one EFetch, 4 to 8 MB: benchmarks/download.py takes half as long as with 200.
BATCH = 500
MOST_HITS = 9_999  # what ESearch lists for one search of PubMed

_WARNINGS = {
    "PhraseNotFound": 'PubMed does not know "{text}": it was left out, or found nothing where required',
    "FieldNotFound": 'PubMed has no search field "{text}": the words were searched without it',
    "PhraseIgnored": 'PubMed ignored "{text}"',
    "QuotedPhraseNotFound": "PubMed's phrase index does not hold {text}: it was left out, found nothing "
    "where required, or was searched as single words",
    "OutputMessage": "PubMed says about this search: {text}",
}
_NO_BUILD = "the build of PubMed is not recorded: PubMed's EInfo did not tell it"
_DELETED = re.compile(rb"<DeleteCitation>.*?</DeleteCitation>", re.DOTALL)
_PMID = re.compile(rb"<PMID[^>]*>\s*(\d+)")


@dataclass(frozen=True, slots=True)
class _Search:
    """What ESearch said."""

    hits: int
    pmids: tuple[str, ...]  # in PubMed's order; the first 9,999 of more
    interpreted_as: str
    warnings: tuple[str, ...]


@dataclass(slots=True)
class _Fetching:
    """One sub-query on its way: the records so far, and where replies and progress go."""

    pmids: tuple[str, ...]
    keep: Callable[[Reply], None]
    on_progress: Callable[[int, int], None]
    records: dict[str, Record] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)  # PMIDs that PubMed says it has deleted

    def missing(self) -> list[str]:
        return [pmid for pmid in self.pmids if pmid not in self.records]

    def saved(self) -> str:
        return f"{len(self.records):,} of {len(self.pmids):,} records are saved"

    def add(self, records: Mapping[str, Record]) -> None:
        self.records.update(records)
        self.on_progress(len(self.records), len(self.pmids))


class PubMed:
    """PubMed as a source. One object serves all sub-queries of a search, one after the other."""

    database = "PubMed"
    source = "pubmed"
    kind = Kind.DATABASE

    def __init__(
        self,
        entrez: settings.Entrez,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        today: Callable[[], dt.date] = lambda: dt.datetime.now(dt.UTC).date(),
    ) -> None:
        """Raises InputError if the settings name no web address."""
        self._eutils = Eutils(entrez, sleep=sleep, clock=clock)
        self._today = today
        self._build: Reply | None = None  # EInfo's reply, kept with every sub-query
        self._build_failed = False

    def count(self, sub_query: SubQuery) -> int:
        """How many records PubMed finds now; nothing is kept. Raises SourceError if it does not tell."""
        _, hits = self._eutils.ask("esearch", _count_parameters(sub_query.text_sent), _count_of)
        return hits

    def fetch(
        self,
        sub_query: SubQuery,
        *,
        resume_from: Iterable[Reply] = (),
        keep: Callable[[Reply], None] = lambda _reply: None,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Answer:
        """All records that PubMed finds, each once, in PubMed's order (that of each slice, newest first).

        What was found is what the kept ESearch replies say, if there are any, and kept records are
        not asked for again; replies kept for another text are passed over.

        Raises SourceError if the search cannot be completed.
        """
        kept = _Kept.of(resume_from)
        searches = _Searches(sub_query.text_sent, kept, self._eutils, keep)
        pmids = _found(searches, self._today().year)
        build, build_warning = self._database_build(kept, keep)
        fetching = _Fetching(pmids, keep, on_progress)
        if kept.records:
            fetching.add(kept.only(pmids))
        try:
            self._fetch_all(fetching)
        except SourceError as error:
            raise SourceError(f"{error.message}; {fetching.saved()}", hint=error.hint) from error
        return _answer(searches, fetching.records, pmids, build, build_warning)

    def replay(self, sub_query: SubQuery, replies: Iterable[Reply]) -> Answer:
        """The answer that kept replies give, with nothing asked: the same that `fetch` gave.

        Raises SourceError if a reply is missing or unreadable.
        """
        kept = _Kept.of(replies)
        searches = _Searches(sub_query.text_sent, kept)
        pmids = _found(searches, self._today().year)
        missing = [pmid for pmid in pmids if pmid not in kept.records]
        if missing:
            raise SourceError(
                f"the kept replies lack {len(missing):,} of {len(pmids):,} records ({_named(missing)})",
                hint="complete the search: give its command again",
            )
        build, build_warning = _build_from(kept)
        return _answer(searches, kept.records, pmids, build, build_warning)

    # The build of PubMed

    def _database_build(self, kept: _Kept, keep: Callable[[Reply], None]) -> tuple[str | None, str | None]:
        """The build and a warning in its place, asked once per object; that it stays unknown is no failure."""
        if kept.build is not None:
            self._build = self._build or kept.build
            return _build_from(kept)
        if self._build is None and not self._build_failed:
            parameters = {"db": "pubmed", "retmode": "xml"}
            try:
                body, _ = self._eutils.ask("einfo", parameters, _build_of, tries=2)
                self._build = reply_of("einfo", parameters, body)
            except SourceError:
                self._build_failed = True
        if self._build is None:
            return None, _NO_BUILD
        keep(self._build)
        return _build_of(self._build.body), None

    # The records

    def _fetch_all(self, fetching: _Fetching) -> None:
        """Asks for all that is missing, again while that brings something.

        Raises SourceError naming counts and some PMIDs if records stay missing.
        """
        rounds = 0
        while missing := fetching.missing():
            self._fetch(fetching, missing)
            rounds += 1
            if rounds > 1 and fetching.missing() == missing:
                deleted = [pmid for pmid in missing if pmid in fetching.deleted]
                raise SourceError(
                    f"PubMed announced {len(fetching.pmids):,} records but did not give "
                    f"{len(missing):,} of them ({_named(missing)}), though asked again"
                    + (f"; it says that it has deleted {_named(deleted)}" if deleted else ""),
                    hint=f"{RESUME}, tomorrow if need be; a record that PubMed has deleted or merged "
                    "meanwhile needs a new search: add --again",
                )

    def _fetch(self, fetching: _Fetching, pmids: Sequence[str]) -> None:
        batches = [tuple(pmids[start : start + BATCH]) for start in range(0, len(pmids), BATCH)]
        with Ahead(self._reply_to, batches) as replies:
            at_hand: list[tuple[tuple[str, ...], bytes | None]] = []
            try:
                for batch, body in replies:
                    at_hand = [(batch, body)]
                    self._take(fetching, batch, body)
                    at_hand = []
            except (SourceError, KeyboardInterrupt):
                for batch, body in (*at_hand, *replies.ready()):
                    if not fetching.records.keys() >= set(batch):
                        with contextlib.suppress(SourceError, PassingError, ErrorReplyError):
                            _store(fetching, batch, body)
                raise

    def _reply_to(self, batch: tuple[str, ...]) -> bytes | None:
        """EFetch's reply, complete as far as its end tells; None if PubMed has none of these PMIDs."""
        try:
            return self._eutils.ask("efetch", fetch_parameters(batch), check_end)[0]
        except NoneFoundError:
            return None

    def _take(self, fetching: _Fetching, batch: tuple[str, ...], body: bytes | None) -> None:
        try:
            _store(fetching, batch, body)
        except (PassingError, ErrorReplyError):
            with contextlib.suppress(NoneFoundError):
                body, _ = self._eutils.ask(
                    "efetch", fetch_parameters(batch), lambda body: _records_of(body, batch)
                )
                _store(fetching, batch, body)


def _store(fetching: _Fetching, batch: Sequence[str], body: bytes | None) -> None:
    if body is not None:
        records = _records_of(body, batch)
        for found in _DELETED.findall(body):
            fetching.deleted.update(pmid.decode() for pmid in _PMID.findall(found))
        fetching.keep(reply_of("efetch", fetch_parameters(batch), body))
        fetching.add(records)


def _named(pmids: Sequence[str]) -> str:
    return f"PMID {', '.join(pmids[:5])}" + (", ..." if len(pmids) > 5 else "")


def _answer(
    searches: _Searches,
    records: dict[str, Record],
    pmids: tuple[str, ...],
    build: str | None,
    build_warning: str | None,
) -> Answer:
    search = searches.listing(_slices.WHOLE)
    ours = [build_warning] if build_warning else []
    if search.hits > MOST_HITS:
        ours.insert(
            0,
            f"PubMed lists at most {MOST_HITS:,} records for one search: this one was asked in "
            f"{searches.slices} slices by date of creation, which together found all {search.hits:,}",
        )
    return Answer(
        hits=len(pmids),
        records=tuple(records[pmid] for pmid in pmids),
        interpreted_as=search.interpreted_as,
        warnings=(*search.warnings, *ours),
        database_build=build,
    )


# What was found


@dataclass(slots=True)
class _Searches:
    """One search and its slices: each is asked once, or read from the kept replies."""

    term: str
    kept: _Kept
    eutils: Eutils | None = None  # None: nothing is asked
    keep: Callable[[Reply], None] = lambda _reply: None
    slices: int = 0

    def listing(self, part: _slices.Slice) -> _Search:
        """What ESearch lists for a slice."""
        term = self._text(part)
        body = self.kept.listings.get(term)
        if body is not None:
            with contextlib.suppress(PassingError, ErrorReplyError):
                return _search_of(body)
        body = self._asked(_list_parameters(term), _search_of)
        self.kept.listings[term] = body
        return _search_of(body)

    def count(self, part: _slices.Slice, may_fit: bool) -> int:
        """How many records a slice has; one that may fit is listed at once, which spares a request."""
        term = self._text(part)
        if may_fit:
            return self.listing(part).hits
        body = self.kept.counts.get(term)
        if body is not None:
            with contextlib.suppress(PassingError, ErrorReplyError):
                return _count_of(body)
        body = self._asked(_count_parameters(term), _count_of)
        self.kept.counts[term] = body
        return _count_of(body)

    def year(self, this_year: int) -> int:
        """The year with which the slices were planned, so that a later day asks the same."""
        pattern = re.escape(_slices.WHOLE.and_(str(_slices.whole_range(1000))).text(self.term))
        pattern = pattern.replace("1000/12/31", r"(\d{4})/12/31")
        found = [match[1] for term in self.kept.counts if (match := re.fullmatch(pattern, term))]
        return int(found[-1]) if found else this_year

    def forget(self) -> None:
        """Every search is asked anew."""
        self.kept.listings.clear()
        self.kept.counts.clear()

    def _text(self, part: _slices.Slice) -> str:
        return self.term if part == _slices.WHOLE else part.text(self.term)

    def _asked(self, parameters: dict[str, str], read: Callable[[bytes], object]) -> bytes:
        if self.eutils is None:
            raise SourceError(
                f"PubMed's reply to the search {parameters['term']!r} is not among the kept replies",
                hint="complete the search: give its command again",
            )
        body, _ = self.eutils.ask("esearch", parameters, read)
        self.keep(reply_of("esearch", parameters, body))
        return body


def _found(searches: _Searches, this_year: int) -> tuple[str, ...]:
    """The PMIDs of all that a search finds; if its slices contradict it, all are asked once more.

    Raises SourceError if they still do.
    """
    for is_last in (searches.eutils is None, True):
        search = searches.listing(_slices.WHOLE)
        if search.hits <= MOST_HITS:
            return search.pmids
        try:
            return _sliced(searches, search.hits, searches.year(this_year))
        except _slices.UnevenError as error:
            if is_last:
                raise SourceError(
                    f"the search finds {search.hits:,} records, but its slices by date of creation find "
                    "another number, though asked again; no record was downloaded for it",
                    hint="PubMed may be changing just now: give the same command again later",
                ) from error
            searches.forget()
        except _slices.IndivisibleError as error:
            raise SourceError(
                f"the search finds {error.hits:,} records that no limit parts ({error.limits}); PubMed "
                f"lists at most {MOST_HITS:,} for one search, so no record was downloaded for it",
                hint="narrow the strategy, or split it into sub-queries",
            ) from error
    raise AssertionError("unreachable: the last pass returns or raises")


def _sliced(searches: _Searches, hits: int, year: int) -> tuple[str, ...]:
    """The PMIDs of all slices. Raises UnevenError unless they are as many as announced, each once."""
    parts = _slices.plan(searches.count, hits, year=year, most=MOST_HITS)
    pmids: dict[str, None] = {}
    listed = 0
    for part in parts:
        search = searches.listing(part)
        if search.hits > MOST_HITS:
            raise _slices.UnevenError
        listed += search.hits
        pmids.update(dict.fromkeys(search.pmids))
    if listed != hits or len(pmids) != hits:
        raise _slices.UnevenError
    searches.slices = len(parts)
    return tuple(pmids)


def _list_parameters(term: str) -> dict[str, str]:
    return {"db": "pubmed", "term": term, "retmode": "xml", "retmax": str(MOST_HITS)}


def _count_parameters(term: str) -> dict[str, str]:
    return {"db": "pubmed", "term": term, "retmode": "xml", "rettype": "count"}


# What the replies say


def _count_of(body: bytes) -> int:
    return _stated_count(tree(body, root="eSearchResult"))


def _stated_count(root: Element) -> int:
    stated = root.findtext("Count", "").strip()
    if not re.fullmatch(r"\d{1,12}", stated, re.ASCII):
        raise PassingError("the reply states no count")
    return int(stated)


def _search_of(body: bytes) -> _Search:
    root = tree(body, root="eSearchResult")
    hits = _stated_count(root)
    # EFetch writes numbers without the zeros before them, whoever lists them with some.
    pmids = tuple((element.text or "").strip().lstrip("0") for element in root.findall("IdList/Id"))
    if not len(set(pmids)) == len(pmids) == min(hits, MOST_HITS):
        raise PassingError(f"the reply counts {hits:,} records but lists {len(set(pmids)):,}")
    return _Search(
        hits=hits,
        pmids=pmids,
        interpreted_as=" ".join(root.findtext("QueryTranslation", "").split()),
        warnings=tuple(_warnings_of(root)),
    )


def _warnings_of(root: Element) -> Iterable[str]:
    """What ESearch says about words it could not use, in plain words."""
    for element in root.findall("ErrorList/*") + root.findall("WarningList/*"):
        text = " ".join("".join(element.itertext()).split())
        if text and element.tag in _WARNINGS:
            yield _WARNINGS[element.tag].format(text=text)
        elif text:
            yield f"PubMed says about this search ({element.tag}): {text}"


def _build_of(body: bytes) -> str:
    build = tree(body, root="eInfoResult").findtext("DbInfo/DbBuild", "").strip()
    if not build:
        raise PassingError("the reply names no build")
    return build


def _records_of(body: bytes, asked: Iterable[str]) -> dict[str, Record]:
    """The records of an EFetch reply that is whole and holds only what was asked for."""
    records = records_of(body)
    if strangers := records.keys() - set(asked):
        raise PassingError(f"the reply holds {_named(sorted(strangers))}, which was not asked for")
    return records


# Replies that were kept


@dataclass(slots=True)
class _Kept:
    """What kept replies hold; of two to the same request, the later counts."""

    listings: dict[str, bytes] = field(default_factory=dict)  # text of a search → ESearch's reply
    counts: dict[str, bytes] = field(default_factory=dict)  # the same, where only the count was asked for
    build: Reply | None = None
    records: dict[str, Record] = field(default_factory=dict)

    @classmethod
    def of(cls, replies: Iterable[Reply]) -> _Kept:
        """Kept replies, sorted; those that are damaged are passed over."""
        kept = cls()
        for reply in replies:
            stated = parameters_of(reply)
            utility, term = stated.get("utility"), stated.get("term")
            with contextlib.suppress(PassingError, ErrorReplyError):
                if utility == "efetch":
                    kept.records.update(records_of(reply.body))
                elif utility == "einfo":
                    _build_of(reply.body)
                    kept.build = kept.build or reply
                elif utility == "esearch" and isinstance(term, str):
                    of = kept.counts if stated.get("rettype") == "count" else kept.listings
                    of.pop(term, None)
                    of[term] = reply.body
        return kept

    def only(self, pmids: Iterable[str]) -> dict[str, Record]:
        """The kept records of these PMIDs."""
        return {pmid: self.records[pmid] for pmid in pmids if pmid in self.records}


def _build_from(kept: _Kept) -> tuple[str | None, str | None]:
    return (None, _NO_BUILD) if kept.build is None else (_build_of(kept.build.body), None)
