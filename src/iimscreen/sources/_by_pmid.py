"""Records of PubMed by their PMIDs, as they stand now. Nothing is kept."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial

from iimscreen import settings
from iimscreen.errors import InputError, SourceError
from iimscreen.formats import pubmed_xml
from iimscreen.model import Parsed, Record
from iimscreen.sources._eutils import Eutils, NoneFoundError, PassingError, tree
from iimscreen.wording import counted

BATCH = 200


def by_pmids(
    pmids: Iterable[str],
    entrez: settings.Entrez,
    *,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[str, Record]:
    """PMID → its record, for every one of these PMIDs that PubMed still has.

    One that EFetch leaves out is asked for again, and then looked up by ESearch. Raises SourceError
    if ESearch knows one that EFetch does not give: then it is not known to be gone.
    """
    wanted = list(dict.fromkeys(pmids))
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
    return found


def _fetched(eutils: Eutils, pmids: Sequence[str]) -> dict[str, Record]:
    parameters = {"db": "pubmed", "id": ",".join(pmids), "retmode": "xml"}
    with contextlib.suppress(NoneFoundError):
        return eutils.ask("efetch", parameters, partial(records_of, pmids=frozenset(pmids)))[1]
    return {}


def _listed(eutils: Eutils, pmids: Sequence[str]) -> list[str]:
    listed = eutils.ask("esearch", listing_parameters(pmids), listed_of)[1]
    return [pmid for pmid in pmids if pmid in listed]


def records_of(body: bytes, pmids: Collection[str]) -> dict[str, Record]:
    """PMID → record of an EFetch reply, of the PMIDs asked for. Raises PassingError if it is not whole.

    A record under another PMID than was asked for is no answer: that PMID counts as not given.
    """
    if not pubmed_xml.looks_like(body[:4000].decode("utf-8", errors="replace")):
        tree(body, root="PubmedArticleSet")
    try:
        records = [one.record for one in pubmed_xml.read(body) if isinstance(one, Parsed)]
    except InputError as error:
        raise PassingError(f"the reply is cut short or damaged ({error.message})") from error
    return {one.pmid: one for one in records if one.pmid is not None and one.pmid in pmids}


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
