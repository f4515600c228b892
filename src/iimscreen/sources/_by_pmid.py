"""Records of PubMed by their PMIDs: what EFetch is asked, what its reply holds, and all of them as they stand now."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial

from iimscreen import settings
from iimscreen.errors import InputError, SourceError
from iimscreen.formats import pubmed_xml
from iimscreen.model import Parsed, Record
from iimscreen.sources._eutils import Eutils, NoneFoundError, tree
from iimscreen.sources._http import PassingError
from iimscreen.wording import counted

BATCH = 200  # records for one EFetch: 1.7 to 4 MB

_SET_END = re.compile(rb"ArticleSet\s*/?>\s*\Z")


def by_pmids(
    pmids: Iterable[str],
    entrez: settings.Entrez,
    *,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[str, Record]:
    """PMID → its record, for every one of these PMIDs that PubMed still has. Nothing is kept.

    One that EFetch leaves out is asked for again, and then looked up by ESearch. Raises SourceError
    if ESearch knows one that EFetch does not give: then it is not known to be gone.
    """
    # A file may write "00123"; PubMed would seem to have lost what it gives as 123.
    numbers = {pmid: pmid.lstrip("0") for pmid in pmids}
    wanted = list(dict.fromkeys(numbers.values()))
    eutils = Eutils(entrez)
    found: dict[str, Record] = {}
    for _ in range(2):
        missing = [pmid for pmid in wanted if pmid not in found]
        for start in range(0, len(missing), BATCH):
            found.update(_fetched(eutils, missing[start : start + BATCH]))
            on_progress(len(found), len(wanted))
    missing = [pmid for pmid in wanted if pmid not in found]
    still_listed = [
        pmid
        for start in range(0, len(missing), BATCH)
        for pmid in _listed(eutils, missing[start : start + BATCH])
    ]
    if still_listed:
        named = ", ".join(still_listed[:5]) + (", ..." if len(still_listed) > 5 else "")
        raise SourceError(
            f"PubMed's search lists {counted(len(still_listed), 'record')} that EFetch did not give, though asked "
            f"twice (PMID {named})",
            hint="nothing was logged: give the same command again, later if need be",
        )
    return {pmid: found[number] for pmid, number in numbers.items() if number in found}


def _fetched(eutils: Eutils, pmids: Sequence[str]) -> dict[str, Record]:
    read = partial(records_of, pmids=frozenset(pmids))
    with contextlib.suppress(NoneFoundError):
        return eutils.ask("efetch", fetch_parameters(pmids), read)[1]
    return {}


def _listed(eutils: Eutils, pmids: Sequence[str]) -> list[str]:
    listed = eutils.ask("esearch", listing_parameters(pmids), listed_of)[1]
    return [pmid for pmid in pmids if pmid in listed]


def fetch_parameters(pmids: Sequence[str]) -> dict[str, str]:
    """What EFetch is asked for the records of these PMIDs; at most `BATCH` of them."""
    return {"db": "pubmed", "id": ",".join(pmids), "retmode": "xml"}


def check_end(body: bytes) -> None:
    """Raises PassingError or ErrorReplyError unless it begins and ends as a set of records."""
    if not pubmed_xml.looks_like(body[:4000].decode("utf-8", errors="replace")):
        raise PassingError(f"the reply is a <{tree(body).tag}>: expected a <PubmedArticleSet>")
    if not _SET_END.search(body[-200:]):
        raise PassingError("the reply is cut short")


def records_of(body: bytes, pmids: Collection[str] | None = None) -> dict[str, Record]:
    """PMID → record of an EFetch reply, of these PMIDs if any are given.

    A record under another PMID than was asked for is no answer: that PMID counts as not given.
    Raises PassingError or ErrorReplyError if the reply is not whole.
    """
    check_end(body)
    try:
        records = [one.record for one in pubmed_xml.read(body) if isinstance(one, Parsed)]
    except InputError as error:
        raise PassingError(f"the reply is cut short or damaged ({error.message})") from error
    return {one.pmid: one for one in records if one.pmid and (pmids is None or one.pmid in pmids)}


def listing_parameters(pmids: Sequence[str]) -> dict[str, str]:
    """What ESearch is asked to tell which of these PMIDs PubMed has; at most `BATCH` of them."""
    term = " OR ".join(f"{pmid}[uid]" for pmid in pmids)
    return {"db": "pubmed", "term": term, "retmode": "xml", "retmax": str(BATCH)}


def listed_of(body: bytes) -> set[str]:
    """PMIDs that an ESearch reply lists. Raises PassingError unless they are as many as it counts."""
    root = tree(body, root="eSearchResult")
    pmids = {(element.text or "").strip() for element in root.findall("IdList/Id")}
    if root.findtext("Count", "").strip() != str(len(pmids)):
        raise PassingError(f"the reply counts {root.findtext('Count')} records and lists {len(pmids)}")
    return pmids
