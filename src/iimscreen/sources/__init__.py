"""One file per bibliographic source: ask it, hand on its raw replies, return its records.

A source knows nothing of the review file. Raw replies go to `keep` the moment they arrive, so an
interrupted run resumes: the replies kept so far come back as `resume_from` and are not asked for again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from iimscreen import settings
from iimscreen.errors import InputError, SourceError
from iimscreen.model import Answer, Kind, Record, Reply, SubQuery


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
        resume_from: Iterable[Reply] = (),
        keep: Callable[[Reply], None] = lambda _reply: None,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Answer:
        """The complete answer to one sub-query: what `resume_from` holds is not asked for again.

        The replies are walked through once, before anything is asked.

        Raises SourceError if it cannot be completed; every reply that came back whole was kept.
        """
        ...

    def replay(self, sub_query: SubQuery, replies: Iterable[Reply]) -> Answer:
        """The answer that kept replies give, without asking: the same that `fetch` gave.

        Raises SourceError if a reply is missing or unreadable.
        """
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """What a source may need to be reached; each takes what it needs and leaves the rest."""

    email: str | None = None  # where None, from the environment
    api_key: str | None = None
    as_of: dt.date | None = None  # for a corpus, whose sub-queries may bring no date of their own


@dataclass(frozen=True, slots=True)
class _Known:
    """A source by its name: the file it stands in, what of `Access` it takes, and how it is made."""

    module: str
    needs: tuple[str, ...]
    make: Callable[[str, Access], Source]


@dataclass(frozen=True, slots=True)
class FullText:
    """What PubMed Central answered for one article: its XML, or why that is no full text."""

    pmcid: str  # "PMC7654321"
    xml: bytes  # b"" where it is not the full text
    why_not: str = ""


def names() -> tuple[str, ...]:
    """Names of all sources, as `searches.source` in the review has them."""
    return tuple(_KNOWN)


def needs(name: str) -> tuple[str, ...]:
    """Which fields of `Access` a source takes. Raises InputError for an unknown name."""
    return _known(name).needs


def module_of(name: str) -> str:
    """The file of this folder, without its suffix, that a source stands in."""
    return _known(name).module


def named(name: str, access: Access | None = None) -> Source:
    """The source of this name, ready to be asked; only its own file is loaded.

    Raises InputError for an unknown name, and for a corpus file, whose records nobody kept.
    """
    if name.startswith("corpus-"):
        raise InputError(
            f"{name} was a search in a file of records, which the review does not hold",
            hint="search the file itself: --source corpus --corpus FILE",
        )
    return _known(name).make(name, access or Access())


def for_replay(name: str) -> Source:
    """The source that can read kept replies of a search under this name; it is never asked anything.

    Raises InputError for an unknown name.
    """
    if name.startswith("corpus-"):
        from iimscreen.sources.corpus import Corpus

        return Corpus([], database=name, source=name)
    return named(name)


def _known(name: str) -> _Known:
    known = _KNOWN.get("corpus" if name.startswith("corpus-") else name)
    if known is None:
        raise InputError(
            f"there is no source {name!r}: expected one of {', '.join(_KNOWN)}",
            hint="an import is no source that can be asked: import a newer export of it",
        )
    return known


# Each is imported where it is made: PubMed loads Biopython, a corpus its parser.


def _pubmed(_name: str, access: Access) -> Source:
    from iimscreen.sources.pubmed import PubMed

    return PubMed(settings.entrez(email=access.email, api_key=access.api_key))


def _clinicaltrials(_name: str, _access: Access) -> Source:
    from iimscreen.sources.clinicaltrials import ClinicalTrials

    return ClinicalTrials(settings.registry())


def _corpus(_name: str, access: Access) -> Source:
    from iimscreen.sources.corpus import bundled

    return bundled(access.as_of)


def _citations(name: str, access: Access) -> Source:
    from iimscreen.sources.citations import Citations

    return Citations(name, settings.entrez(email=access.email, api_key=access.api_key))


_KNOWN: dict[str, _Known] = {
    "pubmed": _Known("pubmed", ("email", "api_key"), _pubmed),
    "clinicaltrials": _Known("clinicaltrials", (), _clinicaltrials),
    "corpus": _Known("corpus", ("as_of",), _corpus),
    **dict.fromkeys(
        ("cited-by", "references", "similar"), _Known("citations", ("email", "api_key"), _citations)
    ),
}


def by_pmids(
    pmids: Iterable[str],
    access: Access | None = None,
    *,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[str, Record]:
    """PMID → its record as PubMed has it now, of those that it still has. Raises SourceError."""
    from iimscreen.sources import _by_pmid

    given = access or Access()
    entrez = settings.entrez(email=given.email, api_key=given.api_key)
    return _by_pmid.by_pmids(pmids, entrez, on_progress=on_progress)


def full_texts(pmcids: Iterable[str], access: Access | None = None) -> Iterator[FullText]:
    """The full text of each of these articles as PubMed Central gives it, or why it does not, one by one.

    Each is asked for when it is taken, so what was taken before a SourceError can be kept.
    """
    from iimscreen.sources import _http, _pmc

    given = access or Access()
    entrez = settings.entrez(email=given.email, api_key=given.api_key)
    try:
        yield from _pmc.full_texts(pmcids, entrez)
    except SourceError as error:
        by_hand = "`iimscreen fulltext attach` takes files that you have"
        raise SourceError(error.message, hint=error.hint.replace(_http.OFFLINE, by_hand)) from error


def with_nothing_kept(error: SourceError, *, offline: str) -> SourceError:
    """The error of a question whose replies are not stored, where its hint says that they are.

    `offline` is what can be done without a connection.
    """
    from iimscreen.sources._http import OFFLINE, RESUME

    hint = error.hint.replace(OFFLINE, offline).replace(RESUME, "nothing was stored; ask again later")
    return SourceError(error.message, hint=hint)
