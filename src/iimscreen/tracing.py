"""What each part of a strategy finds and is needed for, and which part loses a known item.

Any source can be asked: records at hand are searched here, PubMed is asked for counts and for the
known items alone. Nothing is stored in a review.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from iimscreen import known_items, recall
from iimscreen.errors import SourceError
from iimscreen.known_items import KnownItem, Lookup, State
from iimscreen.matching.pages import page_range
from iimscreen.matching.titles import normal_text
from iimscreen.model import Record, Strategy, SubQuery
from iimscreen.recall import AllOf, Anatomy, AnyOf, Formula, Line, Share, Words, letter_of, text_of
from iimscreen.settings import Entrez
from iimscreen.sources import Source
from iimscreen.sources.corpus import BUNDLED_DATABASE, Corpus

_T = TypeVar("_T")

SETS = ("development", "validation")
DATE_LIMIT = "date limit"

# Of words in the titles of missed items: those that may be terms, and are worth showing.
_LONG_WORD = 5  # letters
_RECURS = 3  # titles
_MOST_WORDS = 8

# What a corpus says of dates, and of its own doubles: worth saying once, not with every term.
_KEPT = "kept although"
_NOTHING = "No items found"  # PubMed's words
_ABOUT_DATES = ("left out:", _KEPT, "identifiers met again")

# PMIDs that citations may mean, by number of the item.
Resolve = Callable[[Sequence[KnownItem]], Mapping[int, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class TermTrace:
    """One term; all counts under the date limit. Known items are told by their number in the list."""

    code: str  # "A1": first block, first term
    block: str
    text: str
    reason: str
    alone: int  # hits of the term by itself
    within: int  # of these, hits of the strategy
    unique: int  # what the strategy loses without it
    known: tuple[int, ...]
    known_unique: tuple[int, ...]  # known items that the strategy loses without it


@dataclass(frozen=True, slots=True)
class BlockTrace:
    """One block, by itself and left out."""

    letter: str
    name: str
    terms: int
    alone: int  # hits of the block by itself, under the date limit
    without: int | None  # hits of the strategy without it; None if it is the only block
    known: tuple[int, ...]  # found by the block, whatever their date


@dataclass(frozen=True, slots=True)
class LineTrace:
    """One sub-query."""

    label: str
    text: str
    terms: tuple[str, ...]  # codes
    hits: int
    unique: int
    known: tuple[int, ...]
    known_unique: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ItemTrace:
    """One known item that the source holds, and what finds or loses it."""

    number: int
    label: str
    title: str
    key: str
    is_found: bool
    terms: tuple[str, ...]  # codes of terms that find it, whatever its date
    sub_queries: tuple[str, ...]  # labels of those that find it, under the date limit
    found_by: tuple[str, ...]  # blocks
    lost_by: tuple[str, ...]  # blocks that do not find it, and the date limit where it keeps it out
    only_the_limit: bool
    record_has: tuple[str, ...]  # for a missed item: what its record does and does not state


@dataclass(frozen=True, slots=True)
class Recurring:
    """Words that recur in the titles that one block loses and that stand in none of the strategy's terms."""

    block: str
    words: tuple[tuple[str, int], ...]  # most frequent first, with the number of titles


@dataclass(frozen=True, slots=True)
class KnownTrace:
    """Recall, and what became of every known item."""

    stated: int  # items in the list
    without_identifier: int  # of these, items that state no PMID, DOI or PMCID
    recall: Share  # of those in the source
    precision: Share  # known items among the hits: at least so many are wanted
    needed_to_read: float | None
    set_label: str
    items: tuple[ItemTrace, ...]
    recurring: tuple[Recurring, ...]  # per block that loses items
    lookups: tuple[Lookup, ...]  # of every item, matched or not


@dataclass(frozen=True, slots=True)
class Trace:
    """A strategy traced in one source."""

    strategy: str
    title: str
    source: str
    as_of: str | None
    limit: str
    combination: str
    hits: int
    undated: int | None  # of these, hits whose day of entry the source does not state; None if it states all
    lines: tuple[LineTrace, ...]
    blocks: tuple[BlockTrace, ...]
    terms: tuple[TermTrace, ...]
    known: KnownTrace | None
    warnings: tuple[str, ...]
    caveats: tuple[str, ...]


# --- what a source is asked ---


class Finder(Protocol):
    """A source, as a trace asks it."""

    database: str
    lookups: tuple[Lookup, ...]
    warnings: list[str]  # what the source says of the texts it was asked

    def hits(self, formula: Formula) -> int:
        """How many records a formula finds."""
        ...

    def known(self, formula: Formula) -> frozenset[int]:
        """Numbers of the matched known items that a formula finds."""
        ...


class InRecords:
    """Records at hand: each text is searched once, formulas are worked out over sets."""

    def __init__(self, corpus: Corpus, items: Sequence[KnownItem]) -> None:
        self.database = corpus.database
        self._corpus = corpus
        records = {str(record.accession): record for record in corpus.records}
        self.lookups = known_items.look_up(items, records)
        self._numbers = _numbers_by_key(self.lookups)
        self._found: dict[str, frozenset[str]] = {}
        self.warnings: list[str] = []

    def hits(self, formula: Formula) -> int:
        """How many records a formula finds."""
        return len(recall.keys_of(formula, self._keys))

    def known(self, formula: Formula) -> frozenset[int]:
        """Numbers of the matched known items that a formula finds."""
        keys = recall.keys_of(formula, self._keys)
        return frozenset(number for key, number in self._numbers.items() if key in keys)

    def about_dates(self, formula: Formula) -> tuple[int, list[str]]:
        """How many of a formula's hits state no date that decides, and what must be said of dates."""
        text = text_of(formula)
        answer = self._corpus.fetch(SubQuery("trace", text, text))
        about_dates = (one for one in answer.warnings if any(words in one for words in _ABOUT_DATES))
        return answer.undated, [one for one in about_dates if _KEPT not in one]  # that is the number

    def _keys(self, text: str) -> frozenset[str]:
        if text not in self._found:
            answer = self._corpus.fetch(SubQuery(text, text, text))
            self._found[text] = frozenset(str(record.accession) for record in answer.records)
            self.warnings += [
                f"{text}: {one}" for one in answer.warnings if not any(words in one for words in _ABOUT_DATES)
            ]
        return self._found[text]


class InPubMed:
    """A source that is asked from afar: counts, and searches for the known items alone."""

    def __init__(
        self,
        source: Source,
        items: Sequence[KnownItem],
        *,
        resolve: Resolve = lambda _items: {},
        on_request: Callable[[], None] = lambda: None,
    ) -> None:
        """Looks the items up at once: citations through `resolve`, then PMIDs and DOIs in one search."""
        self.database = source.database
        self.warnings: list[str] = []
        self._source = source
        self._on_request = on_request
        unnamed = [item for item in items if not item.has_identifier]
        proposed = resolve(unnamed) if unnamed else {}
        records = self._records_of(items, proposed)
        self.lookups = tuple(_proposal(one, proposed, records) for one in known_items.look_up(items, records))
        self._numbers = _numbers_by_key(self.lookups)
        self._uids = " OR ".join(f"{pmid}[uid]" for pmid in self._numbers)

    def hits(self, formula: Formula) -> int:
        """How many records a formula finds."""
        self._on_request()
        text = text_of(formula)
        return self._asked(lambda: self._source.count(SubQuery("trace", text, text)))

    def known(self, formula: Formula) -> frozenset[int]:
        """Numbers of the matched known items that a formula finds."""
        if not self._uids:
            return frozenset()
        found = self._fetched(f"({text_of(formula)}) AND ({self._uids})")
        return frozenset(self._numbers[record.pmid] for record in found if record.pmid in self._numbers)

    def _records_of(
        self, items: Sequence[KnownItem], proposed: Mapping[int, Sequence[str]]
    ) -> dict[str, Record]:
        asked = [f"{pmid}[uid]" for pmids in proposed.values() for pmid in pmids]
        for record in (item.record for item in items):
            if record.pmid:
                asked.append(f"{record.pmid}[uid]")
            else:
                asked += [f'"{record.doi}"[aid]'] if record.doi else []
                asked += [record.pmcid] if record.pmcid else []  # untagged, as PubMed's help has it
        found = self._fetched(" OR ".join(dict.fromkeys(asked))) if asked else ()
        return {record.pmid: record for record in found if record.pmid}

    def _fetched(self, text: str) -> tuple[Record, ...]:
        self._on_request()
        answer = self._asked(lambda: self._source.fetch(SubQuery("trace", text, text)))
        self.warnings += [one for one in answer.warnings if _NOTHING not in one]  # a number says that
        return answer.records

    def _asked(self, ask: Callable[[], _T]) -> _T:
        try:
            return ask()
        except SourceError as error:
            raise SourceError(
                f"the trace cannot be finished: {error.message}",
                hint="a trace keeps nothing: give the command again, at night or with an API key if it is long",
            ) from error


class _Tally:
    """Asks nothing: counts the requests that a trace would need at most."""

    database = ""

    def __init__(self, items: Sequence[KnownItem]) -> None:
        self.warnings: list[str] = []
        self.lookups = tuple(Lookup(item, State.MATCHED, (str(item.number),)) for item in items)
        unnamed = sum(not item.has_identifier for item in items)
        # Citations go several at a time, and once more alone where one is passed over; then all records.
        self.requests = unnamed + (unnamed + 4) // 5 + (2 if items else 0)

    def hits(self, _formula: Formula) -> int:
        """One request; and one record, since a term that finds none is asked about less."""
        self.requests += 1
        return 1

    def known(self, _formula: Formula) -> frozenset[int]:
        """A search, and the records where it finds any."""
        self.requests += 2 if self.lookups else 0
        return frozenset()


def most_requests(strategy: Strategy, items: Sequence[KnownItem]) -> int:
    """How many requests a trace in PubMed makes at most."""
    tally = _Tally(items)
    trace(strategy, tally)
    return tally.requests + 1  # the build of the database, asked once


def _numbers_by_key(lookups: Sequence[Lookup]) -> dict[str, int]:
    return {key: one.item.number for one in lookups if one.state is State.MATCHED for key in one.keys}


def _proposal(one: Lookup, proposed: Mapping[int, Sequence[str]], records: Mapping[str, Record]) -> Lookup:
    """A citation that its own words do not match, but for which a PMID was proposed, is asked about."""
    keys = tuple(pmid for pmid in proposed.get(one.item.number, ()) if pmid in records)
    if one.state is not State.NOT_FOUND or not keys:
        return one
    return replace(one, state=State.ASKED, keys=keys, record=records[keys[0]], by="ECitMatch")


def by_ecitmatch(entrez: Entrez) -> Resolve:
    """Asks PubMed's citation matcher, which passes over an author or year that does not fit."""
    from iimscreen.sources import citations  # here: it brings Biopython, which nothing offline needs

    def resolve(items: Sequence[KnownItem]) -> dict[int, Sequence[str]]:
        asked = [
            citations.Citation(
                journal=record.journal_abbreviation or record.journal or "",
                year=str(record.year or ""),
                volume=record.volume or "",
                first_page=page_range(record.pages)[0] or "",
                author=str(record.authors[0]) if record.authors else "",
            )
            for record in (item.record for item in items)
        ]
        answers = citations.matched(asked, entrez)
        return {
            item.number: [answer.pmid] if answer.pmid else answer.candidates
            for item, answer in zip(items, answers, strict=True)
        }

    return resolve


# --- the trace ---


@dataclass(frozen=True, slots=True)
class _Place:
    """A term in its place."""

    code: str
    place: int  # of its block
    block: str
    text: str
    reason: str


def trace(strategy: Strategy, finder: Finder, *, set_label: str = "") -> Trace:
    """A strategy traced in a source, with the known items that the finder has looked up.

    `set_label` is one of SETS, or "" where it is not known. Raises SourceError if the source does
    not answer, InputError if a term cannot be searched offline.
    """
    taken = recall.anatomy(strategy)
    places = list(_places(strategy))
    hits = finder.hits(taken.whole)
    known = _Known(taken, finder)
    terms = tuple(_term(one, taken, finder, known) for one in places)
    lines = tuple(_line(one, taken, finder, known, places, hits) for one in taken.lines)
    blocks = tuple(_blocks(strategy, taken, finder, known))
    undated, said = None, list[str]()
    if isinstance(finder, InRecords):
        undated, said = finder.about_dates(taken.whole)
    return Trace(
        strategy=strategy.name,
        title=strategy.title,
        source=finder.database,
        as_of=strategy.as_of.isoformat() if strategy.as_of else None,
        limit=strategy.limit,
        combination=strategy.combination,
        hits=hits,
        undated=undated,
        lines=lines,
        blocks=blocks,
        terms=terms,
        known=_known_trace(known, hits, terms, lines, blocks, set_label) if finder.lookups else None,
        warnings=tuple(dict.fromkeys([*said, *finder.warnings, *known.warnings])),
        caveats=tuple(_caveats(finder, set_label)),
    )


class _Known:
    """Which known items each text of a strategy finds; formulas are worked out from these sets."""

    def __init__(self, taken: Anatomy, finder: Finder) -> None:
        self.lookups = finder.lookups
        self.matched = {one.item.number: one for one in finder.lookups if one.state is State.MATCHED}
        texts = [text for line in taken.lines for group in line.groups for text in group]
        texts += [taken.limit] if taken.limit else []
        self._found = {text: finder.known(Words(text)) for text in dict.fromkeys(texts)}
        self.limit = self._found[taken.limit] if taken.limit else frozenset(self.matched)
        self.whole = finder.known(taken.whole)
        by_parts = self.of(taken.whole)
        self.warnings: list[str] = []
        if by_parts != self.whole and not isinstance(finder, _Tally):
            labels = ", ".join(self.matched[number].item.label for number in sorted(by_parts ^ self.whole))
            self.warnings.append(
                f"the whole strategy and its terms taken one by one disagree on known items {labels}: "
                f"{finder.database} reads a term otherwise beside others; recall counts the whole strategy"
            )

    def of(self, formula: Formula) -> frozenset[int]:
        """Numbers of the known items that a formula over the strategy's own texts finds."""
        return recall.keys_of(formula, self._found.__getitem__)


def _places(strategy: Strategy) -> Iterator[_Place]:
    for place, block in enumerate(strategy.blocks):
        for number, term in enumerate(block.terms, start=1):
            yield _Place(f"{letter_of(place)}{number}", place, block.name, term.text, term.reason)


def _term(one: _Place, taken: Anatomy, finder: Finder, known: _Known) -> TermTrace:
    alone = taken.limited(Words(one.text))
    within = AllOf((taken.whole, Words(one.text)))
    only = taken.only(taken.without_term(one.place, one.text))
    hits = finder.hits(alone)
    return TermTrace(
        code=one.code,
        block=one.block,
        text=one.text,
        reason=one.reason,
        alone=hits,
        within=finder.hits(within) if hits else 0,
        unique=finder.hits(only) if hits else 0,
        known=tuple(sorted(known.of(alone))),
        known_unique=tuple(sorted(known.of(only))),
    )


def _line(
    line: Line, taken: Anatomy, finder: Finder, known: _Known, places: Sequence[_Place], hits: int
) -> LineTrace:
    limited = taken.limited(line.formula)
    only = taken.only(taken.without_line(line.label))
    is_all = len(taken.lines) == 1
    found = hits if is_all else finder.hits(limited)
    codes = (one.code for one in places if one.text in line.groups[one.place])
    return LineTrace(
        label=line.label,
        text=line.text,
        terms=tuple(codes),
        hits=found,
        unique=hits if is_all else finder.hits(only) if found else 0,
        known=tuple(sorted(known.of(limited))),
        known_unique=tuple(sorted(known.of(only))),
    )


def _blocks(strategy: Strategy, taken: Anatomy, finder: Finder, known: _Known) -> Iterator[BlockTrace]:
    for place, block in enumerate(strategy.blocks):
        any_term = AnyOf(tuple(Words(term.text) for term in block.terms))
        without = taken.without_block(place)
        yield BlockTrace(
            letter=letter_of(place),
            name=block.name,
            terms=len(block.terms),
            alone=finder.hits(taken.limited(any_term)),
            without=finder.hits(without) if without is not None else None,
            known=tuple(sorted(known.of(any_term))),
        )


def _known_trace(
    known: _Known,
    hits: int,
    terms: Sequence[TermTrace],
    lines: Sequence[LineTrace],
    blocks: Sequence[BlockTrace],
    set_label: str,
) -> KnownTrace:
    found = len(known.whole)
    given = [one.item for one in known.lookups]
    items = tuple(_item(one, known, terms, lines, blocks) for one in known.matched.values())
    used = frozenset(word for line in lines for word in _words(line.text))
    return KnownTrace(
        stated=len(given),
        without_identifier=sum(not item.has_identifier for item in given),
        recall=recall.share(found, len(known.matched)),
        # Counted one after the other: a record may have left PubMed in between.
        precision=recall.share(min(found, hits), hits),
        needed_to_read=recall.needed_to_read(found, hits),
        set_label=set_label,
        items=items,
        recurring=tuple(_recurring(items, blocks, used)),
        lookups=known.lookups,
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in normal_text(text).split() if len(word) >= _LONG_WORD)


def _recurring(
    items: Sequence[ItemTrace], blocks: Sequence[BlockTrace], used: frozenset[str]
) -> Iterator[Recurring]:
    for block in blocks:
        lost = [item for item in items if block.name in item.lost_by]
        times = Counter(word for item in lost for word in _words(item.title) - used)
        words = [(word, count) for word, count in times.most_common() if count >= _RECURS]
        if words:
            yield Recurring(block.name, tuple(sorted(words, key=lambda one: (-one[1], one[0]))[:_MOST_WORDS]))


def _item(
    lookup: Lookup,
    known: _Known,
    terms: Sequence[TermTrace],
    lines: Sequence[LineTrace],
    blocks: Sequence[BlockTrace],
) -> ItemTrace:
    number = lookup.item.number
    record = lookup.record or lookup.item.record
    is_found = number in known.whole
    found_by = tuple(block.name for block in blocks if number in block.known)
    lost_by = [block.name for block in blocks if number not in block.known]
    passes_the_limit = number in known.limit
    return ItemTrace(
        number=number,
        label=lookup.item.label,
        title=record.title or lookup.item.given,
        key=lookup.keys[0],
        is_found=is_found,
        terms=tuple(one.code for one in terms if number in known.of(Words(one.text))),
        sub_queries=tuple(line.label for line in lines if number in line.known),
        found_by=found_by,
        lost_by=() if is_found else (*lost_by, *(() if passes_the_limit else (DATE_LIMIT,))),
        only_the_limit=not is_found
        and not passes_the_limit
        and not lost_by
        and _fits(number, known, lines, blocks),
        record_has=() if is_found else tuple(_has(record)),
    )


def _fits(number: int, known: _Known, lines: Sequence[LineTrace], blocks: Sequence[BlockTrace]) -> bool:
    """Whether a sub-query finds an item once its date is left aside."""
    return bool(blocks) or any(number in known.of(Words(line.text)) for line in lines)


def _has(record: Record) -> Iterator[str]:
    """What a record offers to a search beside its title, and what it lacks."""
    yield "abstract" if record.abstract else "no abstract"
    yield f"headings: {'; '.join(record.mesh_terms)}" if record.mesh_terms else "no headings"
    yield f"substances: {'; '.join(record.substances)}" if record.substances else "no substances"
    if record.keywords:
        yield f"keywords: {'; '.join(record.keywords)}"
    yield f"entered {record.entered_on}" if record.entered_on else "day of entry not stated"
    if record.published_on or record.year:
        yield f"published {record.published_on or record.year}"


def _caveats(finder: Finder, set_label: str) -> Iterator[str]:
    if finder.lookups:
        yield {
            "development": "Development set: the strategy was built with these items, so recall on them flatters it.",
            "validation": "Validation set: these items are stated not to have been used to build the strategy.",
        }.get(set_label, "It is not stated whether these items were used to build the strategy (--set).")
        yield (
            "Recall is relative to the known items that the source holds. Precision counts known items only, so it "
            "is at least this high, and the number needed to read at most this high."
        )
    if finder.database == BUNDLED_DATABASE:
        yield (
            "The bundled corpus was gathered around 41 known items and is no sample of PubMed: hits, precision "
            "and recall here are optimistic for a strategy of title words (the bundled strategy improved was even "
            "written knowing these titles). It holds no abstracts and hardly any "
            "headings, so a strategy that relies on those looks worse here than in PubMed."
        )
    elif isinstance(finder, InRecords):
        yield (
            "A file of records can only tell what is in it: if it came from a search, reports which that search "
            "missed are missing here too, and recall is optimistic."
        )
    else:
        yield (
            "PubMed was asked today: records carry the headings they have now, and a date limit does not bring "
            "back those of an earlier day."
        )
