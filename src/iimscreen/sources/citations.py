"""PubMed's links between its records as sources (cited by, references, similar), and its citation matcher.

What ELink gives, as others saw it live until September 2026 (issues 22, 37 and 42 of
cyanheads/pubmed-mcp-server; 57, 76, 123, 188 and 220 of ropensci/rentrez):

- One LinkSet for the PMID asked about, or none; without links there is no LinkSetDb. A PMID that does
  not exist is no error: it has no link, or one to itself. So where nothing is found, ESearch is asked
  whether PubMed has the PMID at all.
- The PMID asked about stands among its own similar articles, as the nearest.
- At times a reply is empty and the next one is not: nothing is believed to have no links that was not
  asked about twice.
- `retmax` is passed over. Similar articles are ranked, and end at about a hundred.
- A link can lead to a PMID that PubMed no longer has. Such a one is named in a warning, after ESearch
  said so too; any other record that EFetch leaves out is a failure.

Coverage is incomplete, and every answer says so in its warnings: COVERAGE.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import TypeVar
from urllib.parse import quote_plus

from iimscreen import settings
from iimscreen.errors import InputError, SourceError
from iimscreen.model import Answer, Kind, Record, Reply, SubQuery
from iimscreen.sources._by_pmid import BATCH, fetch_parameters, listed_of, listing_parameters, records_of
from iimscreen.sources._eutils import (
    ErrorReplyError,
    Eutils,
    NoneFoundError,
    parameters_of,
    reply_of,
    request_of,
    tree,
)
from iimscreen.sources._http import RESUME, PassingError
from iimscreen.wording import counted


class Direction(StrEnum):
    """Which links are followed from a report. The values are source names, and the first part of keys."""

    CITED_BY = "cited-by"
    REFERENCES = "references"
    SIMILAR = "similar"


LINK_NAMES = {
    Direction.CITED_BY: "pubmed_pubmed_citedin",
    Direction.REFERENCES: "pubmed_pubmed_refs",
    Direction.SIMILAR: "pubmed_pubmed",
}
DATABASES = {
    Direction.CITED_BY: "Citation searching (PubMed cited by)",
    Direction.REFERENCES: "Citation searching (PubMed references)",
    Direction.SIMILAR: "Citation searching (PubMed similar articles)",
}
COVERAGE = {
    Direction.CITED_BY: "incomplete by nature: PubMed knows a citation only where PMC or the publisher supplied the "
    "reference list of the citing article, so reports that cite a seed can be missing",
    Direction.REFERENCES: "incomplete by nature: PubMed has a reference list only where PMC or the publisher supplied "
    "it, and links only the references that are in PubMed; an empty list does not mean that a seed cites nothing",
    Direction.SIMILAR: "no citations: PubMed ranks articles by the words and headings that they share with a seed; "
    "the list has no natural end and is cut",
}
T = TypeVar("T")


_TEXT = re.compile(
    r"(?P<direction>cited-by|references|similar) (?P<pmid>[1-9]\d{0,7})(?: most (?P<most>[1-9]\d{0,5}))?"
)


def text_of(direction: Direction, pmid: str, *, most: int | None = None) -> str:
    """The sub-query that follows one seed's links: "cited-by 33258553", "similar 33258553 most 20"."""
    return f"{direction} {pmid}" + (f" most {most}" if most else "")


@dataclass(frozen=True, slots=True)
class _Seed:
    """A sub-query as read."""

    pmid: str
    most: int | None  # of ranked links


@dataclass(frozen=True, slots=True)
class _Kept:
    """What kept replies hold. EFetch's are read one by one: together they may be large."""

    words: tuple[Reply, ...]  # all but EFetch's
    records: Mapping[str, Record]

    @classmethod
    def of(cls, replies: Iterable[Reply]) -> _Kept:
        words: list[Reply] = []
        records: dict[str, Record] = {}
        for reply in replies:
            if parameters_of(reply).get("utility") != "efetch":
                words.append(reply)
                continue
            with contextlib.suppress(PassingError, ErrorReplyError):
                records.update(records_of(reply.body))
        return cls(tuple(words), records)


@dataclass(slots=True)
class _Following:
    """One seed on its way: what is known so far, and where replies and progress go."""

    seed: _Seed
    eutils: Eutils | None  # None in a replay, which asks nobody
    kept: _Kept = field(default_factory=lambda: _Kept.of(()))
    keep: Callable[[Reply], None] = lambda _reply: None
    on_progress: Callable[[int, int], None] = lambda _done, _total: None
    linked: tuple[str, ...] = ()  # all links, before the cut
    pmids: tuple[str, ...] = ()  # those whose records are wanted
    records: dict[str, Record] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def ask(self, utility: str, parameters: Mapping[str, str], read: Callable[[bytes], T]) -> T:
        """What `read` makes of the reply, which is kept. Raises SourceError in a replay."""
        if self.eutils is None:
            raise SourceError(
                f"no reply to what was asked about PMID {self.seed.pmid} is kept ({utility})",
                hint="`iimscreen check` looks for what is lost",
            )
        body, found = self.eutils.ask(utility, parameters, read)
        self.keep(reply_of(utility, parameters, body))
        return found

    def said(self, utility: str, parameters: Mapping[str, str], read: Callable[[bytes], T]) -> list[T]:
        """What the kept replies to this very request say, in order; unreadable ones are passed over."""
        request = request_of(utility, parameters)
        found = []
        for reply in self.kept.words:
            if reply.request == request:
                with contextlib.suppress(PassingError, ErrorReplyError):
                    found.append(read(reply.body))
        return found

    def missing(self) -> list[str]:
        return [pmid for pmid in self.pmids if pmid not in self.records]

    def add(self, found: Mapping[str, Record]) -> None:
        self.records.update(found)
        self.on_progress(len(self.records), len(self.pmids))

    def link(self, direction: Direction) -> None:
        """Find the seed's links, from what is kept and what has to be asked."""
        seed, is_ranked = self.seed, direction is Direction.SIMILAR
        parameters = {"dbfrom": "pubmed", "db": "pubmed", "id": seed.pmid, "retmode": "xml"}
        parameters |= {
            "linkname": LINK_NAMES[direction],
            "cmd": "neighbor_score" if is_ranked else "neighbor",
        }

        def read(body: bytes) -> tuple[str, ...]:
            return _links_of(body, seed.pmid, LINK_NAMES[direction])

        said = self.said("elink", parameters, read)
        while not any(said) and len(said) < 2:
            said.append(self.ask("elink", parameters, read))
        self.linked = next(filter(None, said), ())
        self.pmids = self.linked[: seed.most]
        if not self.linked:
            is_known = seed.pmid in self.listed([seed.pmid])
            self.warnings.append(
                f"PubMed has no such link for PMID {seed.pmid}, asked twice"
                if is_known
                else f"PMID {seed.pmid} is not in PubMed: correct it, or search its citations by hand"
            )
        elif len(self.pmids) < len(self.linked):
            self.warnings.append(
                f"PubMed ranks {counted(len(self.linked), 'article')} as similar to PMID {seed.pmid}; "
                f"the nearest {len(self.pmids):,} were taken"
            )

    def fill(self) -> None:
        """Find the records of all links, from what is kept and what has to be asked."""
        if given := {pmid: self.kept.records[pmid] for pmid in self.pmids if pmid in self.kept.records}:
            self.add(given)
        if self.eutils is not None:
            self._fetch(self.missing())
            self._fetch(self.missing())  # one that is left out is asked for once more
        missing = self.missing()
        listed = self.listed(missing)
        if listed and self.eutils is not None:
            # The list may be kept from an attempt that stopped here: PubMed may have lost them since.
            listed = self.listed(missing, anew=True)
        if still_there := [pmid for pmid in missing if pmid in listed]:
            named = ", ".join(still_there[:5]) + (", ..." if len(still_there) > 5 else "")
            raise SourceError(
                f"PubMed's search lists {counted(len(still_there), 'record')} that EFetch did not give (PMID {named}), "
                "though asked twice",
                hint=RESUME,
            )
        if missing:
            self.warnings.append(
                f"{counted(len(missing), 'link')} of PMID {self.seed.pmid} "
                f"{'leads' if len(missing) == 1 else 'lead'} to what PubMed no longer has: PMID {', '.join(missing)}"
            )

    def _fetch(self, pmids: Sequence[str]) -> None:
        for start in range(0, len(pmids), BATCH):
            batch = frozenset(pmids[start : start + BATCH])
            parameters = fetch_parameters(pmids[start : start + BATCH])
            with contextlib.suppress(NoneFoundError):
                self.add(self.ask("efetch", parameters, partial(records_of, pmids=batch)))

    def listed(self, pmids: Sequence[str], *, anew: bool = False) -> set[str]:
        """Which of these PMIDs PubMed's search knows, from what is kept unless it is to be asked `anew`."""
        found: set[str] = set()
        for start in range(0, len(pmids), BATCH):
            parameters = listing_parameters(pmids[start : start + BATCH])
            said = [] if anew else self.said("esearch", parameters, listed_of)
            found |= said[-1] if said else self.ask("esearch", parameters, listed_of)
        return found & set(pmids)


class Citations:
    """PubMed's links in one direction, as a source; a sub-query is one seed (`text_of`)."""

    kind = Kind.CITATION

    def __init__(
        self,
        direction: Direction | str,
        entrez: settings.Entrez,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`direction` may be a source's name as it stands in a review: "cited-by"."""
        self.direction = Direction(direction)
        self.source = self.direction.value
        self.database = DATABASES[self.direction]
        self._eutils = Eutils(entrez, sleep=sleep, clock=clock)

    def count(self, sub_query: SubQuery) -> int:
        """How many links a seed has now, at most as many as are asked for; nothing is kept.

        Raises SourceError if PubMed does not tell, InputError if the text is no seed.
        """
        following = _Following(self._seed(sub_query), self._eutils)
        following.link(self.direction)
        return len(following.pmids)

    def fetch(
        self,
        sub_query: SubQuery,
        *,
        resume_from: Iterable[Reply] = (),
        keep: Callable[[Reply], None] = lambda _reply: None,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Answer:
        """The records that one seed's links lead to, in PubMed's order, without the seed itself.

        Raises SourceError if a record that PubMed has is not given, InputError if the text is no seed.
        """
        following = _Following(self._seed(sub_query), self._eutils, _Kept.of(resume_from), keep, on_progress)
        try:
            return self._answer(following)
        except SourceError as error:
            if not following.pmids:
                raise
            saved = f"{len(following.records):,} of {len(following.pmids):,} records are saved"
            raise SourceError(f"{error.message}; {saved}", hint=error.hint) from error

    def replay(self, sub_query: SubQuery, replies: Iterable[Reply]) -> Answer:
        """The answer that kept replies give. Raises SourceError if one is missing or unreadable."""
        return self._answer(_Following(self._seed(sub_query), None, _Kept.of(replies)))

    def _seed(self, sub_query: SubQuery) -> _Seed:
        read = _TEXT.fullmatch(sub_query.text_sent)
        if read is None or read["direction"] != self.direction:
            raise InputError(
                f"sub-query {sub_query.label}: {sub_query.text_sent!r} names no seed: "
                f"expected '{text_of(self.direction, '33258553')}' or the like",
                hint=f"`iimscreen search --{self.direction} PMID` writes it",
            )
        return _Seed(read["pmid"], int(read["most"]) if read["most"] else None)

    def _answer(self, following: _Following) -> Answer:
        following.link(self.direction)
        following.fill()
        found = tuple(following.records[pmid] for pmid in following.pmids if pmid in following.records)
        links = counted(len(following.linked), "link")
        return Answer(
            hits=len(found),
            records=found,
            interpreted_as=f"ELink {LINK_NAMES[self.direction]} from PMID {following.seed.pmid}: {links}",
            warnings=(COVERAGE[self.direction], *following.warnings),
        )


def _links_of(body: bytes, seed: str, link_name: str) -> tuple[str, ...]:
    """PMIDs that an ELink reply links to a seed, nearest first where they are ranked; without the seed."""
    found: dict[str, int] = {}
    for link_set in tree(body, root="eLinkResult").findall("LinkSet"):
        asked_about = [(element.text or "").strip() for element in link_set.findall("IdList/Id")]
        if any(pmid not in (seed, "0") for pmid in asked_about):  # "0" stands for a PMID that is unknown
            raise PassingError(f"the reply is about PMID {', '.join(asked_about)}, which was not asked about")
        for links in link_set.findall("LinkSetDb"):
            if links.findtext("LinkName", "").strip() != link_name:
                continue
            for link in links.findall("Link"):
                pmid = link.findtext("Id", "").strip()
                if not re.fullmatch(r"\d{1,9}", pmid):
                    raise PassingError(f"the reply links to {pmid!r}, which is no PMID")
                score = link.findtext("Score", "").strip()
                found.setdefault(str(int(pmid)), int(score) if score.isdecimal() else 0)
    for nobody in (seed, "0"):
        found.pop(nobody, None)
    return tuple(sorted(found, key=lambda pmid: -found[pmid]))


# --- the citation matcher --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Citation:
    """A citation as print has it; what is not known is "". ECitMatch goes by journal, volume and page."""

    journal: str
    year: str = ""
    volume: str = ""
    first_page: str = ""
    author: str = ""  # "mann bj": family name and initials of one of the authors


class Found(StrEnum):
    """What ECitMatch says of a citation."""

    MATCHED = "matched"
    NOT_FOUND = "not found"
    UNKNOWN_JOURNAL = "unknown journal"
    AMBIGUOUS = "ambiguous"
    TOO_LITTLE = "too little to ask"  # not sent: it needs a journal and two other facts
    NOT_ANSWERED = "not answered"  # sent, alone too, and passed over


@dataclass(frozen=True, slots=True)
class Match:
    """One citation and what ECitMatch makes of it.

    A match is no proof: ECitMatch passes over an author or a year that does not fit (issues 35 and 40
    of cyanheads/pubmed-mcp-server), so whoever uses the PMID compares its record with the citation.
    """

    citation: Citation
    found: Found
    pmid: str | None = None
    candidates: tuple[str, ...] = ()  # PMIDs of an ambiguous one, where it names them
    said: str = ""  # ECitMatch's own words


# The manual's own example, before and behind the others: plain text has no end to tell a whole reply by,
# and a reply without any line would be taken for a fault.
_PROOF = Citation("proc natl acad sci u s a", "1991", "88", "3248", "mann bj")
_BEFORE, _BEHIND, _PROOF_PMID = "start", "end", "2014248"
_MOST_CHARACTERS = 700  # of one request's citations, so that it stays a GET as in the manual
_AMBIGUOUS = re.compile(r"AMBIGUOUS\b", re.IGNORECASE)


def matched(
    citations: Sequence[Citation],
    entrez: settings.Entrez,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> list[Match]:
    """What PubMed's ECitMatch says of each citation, in the order given; nothing is kept.

    Raises SourceError if it cannot be asked.
    """
    eutils = Eutils(entrez, sleep=sleep, clock=clock)
    lines = {f"c{number}": _line(one, f"c{number}") for number, one in enumerate(citations)}
    answers: dict[str, str] = {}
    sendable = [f"c{number}" for number, one in enumerate(citations) if _is_enough(one)]
    for batch in _batches(sendable, lines):
        answers |= _asked(eutils, [lines[key] for key in batch])
    for key in sendable:
        if (
            key not in answers
        ):  # ECitMatch leaves citations out at times (issue 54 there), and those behind them
            answers |= _asked(eutils, [lines[key]])
    return [
        _match(one, answers.get(f"c{number}"), is_sent=f"c{number}" in sendable)
        for number, one in enumerate(citations)
    ]


def _line(citation: Citation, key: str) -> str:
    facts = (citation.journal, citation.year, citation.volume, citation.first_page, citation.author, key)
    return "".join(" ".join(fact.replace("|", " ").split()) + "|" for fact in facts)


def _is_enough(citation: Citation) -> bool:
    facts = (citation.year, citation.volume, citation.first_page, citation.author)
    return bool(citation.journal.strip()) and sum(bool(fact.strip()) for fact in facts) >= 2


def _batches(keys: Iterable[str], lines: Mapping[str, str]) -> list[list[str]]:
    batches: list[list[str]] = []
    size = 0
    for key in keys:
        length = len(quote_plus(lines[key])) + 3
        if not batches or size + length > _MOST_CHARACTERS:
            batches.append([])
            size = 0
        batches[-1].append(key)
        size += length
    return batches


def _asked(eutils: Eutils, lines: Sequence[str]) -> dict[str, str]:
    """Key → ECitMatch's words, for the citations that it answered; none if the reply has no end."""
    parameters = {"db": "pubmed", "retmode": "xml"}  # the only mode there is; the reply is plain text
    parameters |= {"bdata": "\r".join([_line(_PROOF, _BEFORE), *lines, _line(_PROOF, _BEHIND)])}
    _, said = eutils.ask("ecitmatch", parameters, _said)
    said.pop(_BEFORE, None)
    return said if said.pop(_BEHIND, None) == _PROOF_PMID else {}


def _said(body: bytes) -> dict[str, str]:
    """The last two fields of each line: key → what is said of it."""
    fields = [line.split("|") for line in body.decode("utf-8", errors="replace").splitlines()]
    return {parts[-2].strip(): parts[-1].strip() for parts in fields if len(parts) > 2}


def _match(citation: Citation, said: str | None, *, is_sent: bool) -> Match:
    if said is None:
        return Match(citation, Found.NOT_ANSWERED if is_sent else Found.TOO_LITTLE)
    if re.fullmatch(r"[1-9]\d{0,8}", said):
        return Match(citation, Found.MATCHED, said, said=said)
    if _AMBIGUOUS.match(said):
        listed = "" if "citation" in said else said
        return Match(citation, Found.AMBIGUOUS, candidates=tuple(re.findall(r"\d+", listed)), said=said)
    if "INVALID_JOURNAL" in said:
        return Match(citation, Found.UNKNOWN_JOURNAL, said=said)
    if said.startswith("NOT_FOUND"):
        return Match(citation, Found.NOT_FOUND, said=said)
    return Match(citation, Found.NOT_ANSWERED, said=said)
