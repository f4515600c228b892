"""What the server knows, and its well-behaved answers."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from eutils_server.articles import Article, set_of
from eutils_server.full_texts import FullText, articleset
from iimscreen.settings import Entrez

BUILD = "Build-2025.11.27.06.33"
MOST_LISTED = 9_999


_RESULTS = {  # element, date of its DTD
    "einfo": ("eInfoResult", "20190110"),
    "esearch": ("eSearchResult", "20060628"),
    "epost": ("ePostResult", "20090526"),
    "efetch": ("eFetchResult", "20131226"),
}


def result_xml(utility: str, inside: str) -> str:
    """A reply of a utility other than a set of records, with the document type that it names."""
    root, date = _RESULTS[utility]
    return (
        '<?xml version="1.0" encoding="UTF-8" ?>\n'
        f'<!DOCTYPE {root} PUBLIC "-//NLM//DTD {utility} {date}//EN" '
        f'"https://eutils.ncbi.nlm.nih.gov/eutils/dtd/{date}/{utility}.dtd">\n<{root}>{inside}</{root}>\n'
    )


def efetch_error(text: str) -> str:
    return result_xml("efetch", f"<ERROR>{escape(text)}</ERROR>")


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    utility: str
    method: str
    parameters: Mapping[str, str]
    at: float = 0.0  # time.monotonic() of this machine


# A well-behaved answer: status and body.
Answering = Callable[[Mapping[str, str]], tuple[int, str]]

_PROPERTIES: dict[str, Callable[[Article], bool]] = {
    "english[la]": lambda article: article.language == "eng",
    "journal article[pt]": lambda article: "Journal Article" in article.types,
    "review[pt]": lambda article: "Review" in article.types,
    "hasabstract": lambda article: bool(article.abstract),
    "medline[sb]": lambda article: bool(article.mesh),
    "humans[mh]": lambda article: "Humans" in article.mesh,
}
_ONE_LIMIT = rf" (?:AND|NOT) (?:\S+:\S+\[\w+\]|{'|'.join(map(re.escape, _PROPERTIES))})"
_LIMITED = re.compile(rf"\((?P<term>.*)\)(?P<limits>(?:{_ONE_LIMIT})+)", re.DOTALL)


@dataclass
class EutilsServer:
    """The server's records, its faults to come, and what it was asked."""

    articles: dict[str, Article]
    terms: dict[str, Sequence[str]]  # term -> PMIDs; other terms match by words
    warnings: dict[str, str] = field(default_factory=dict)  # term -> XML of ErrorList and WarningList
    valid_keys: frozenset[str] = frozenset({"good-key"})
    left_out: set[str] = field(default_factory=set)  # PMIDs that EFetch never gives
    most_listed: int = MOST_LISTED
    limit: int | None = None  # requests in any one second; more get 429
    full_texts: dict[str, FullText] = field(default_factory=dict)  # number in PubMed Central -> its article
    more: dict[str, Answering] = field(default_factory=dict)  # utilities that a test brings, such as elink
    refused: int = 0  # requests answered with 429 for the limit
    asked: list[Asked] = field(default_factory=list)
    address: str = ""
    _faults: dict[str, list[int | str]] = field(default_factory=dict)
    _history: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _handed_out: int = 0
    _recent: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def settings(
        self,
        *,
        email: str | None = "ann@example.org",
        api_key: str | None = None,
        tries: int = 5,
        timeout_s: float = 5,
    ) -> Entrez:
        """Settings that lead here."""
        return Entrez(self.address, email=email, api_key=api_key, tries=tries, timeout_s=timeout_s)

    def misbehave(self, utility: str, faults: Sequence[int | str]) -> None:
        """Faults for the next requests to a utility, one for each; "ok" answers as usual.

        A number is an HTTP status (429 comes with Retry-After: 2, or "429:<value>"). Words: cut,
        cut-chunked, cut-quietly, html (blocked), maintenance, error-in-200, rate-limit-in-200,
        viewer-error, reset, timeout, expired, expired-200, empty, empty-set, strangers, another-full-text,
        redirect (to the page for blocked clients), portal (another redirect), xml:<text>, json-error:<text>,
        json-raw:<text>, 400:<text>. Good answers spoilt: drop-one, twice, deleted, fewer-ids,
        another's, a-set, entity, mangled.
        """
        self._faults.setdefault(utility, []).extend(faults)

    def recover(self) -> None:
        """All faults to come are forgotten."""
        self._faults.clear()

    def requests_to(self, utility: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.utility == utility]

    def forget_history(self) -> None:
        """Every WebEnv handed out so far expires."""
        self._history.clear()

    def exceeds_limit(self, at: float) -> bool:
        """Whether a request at this time is one too many in a second, which then does not count."""
        with self._lock:
            self._recent = [earlier for earlier in self._recent if at - earlier < 1.0]
            if self.limit is None or len(self._recent) < self.limit:
                self._recent.append(at)
                return False
            self.refused += 1
            return True

    def most_within(self, seconds: float) -> int:
        """The largest number of requests that arrived within so many seconds."""
        times = [asked.at for asked in self.asked]
        return max((sum(0 <= other - at < seconds for other in times) for at in times), default=0)

    def next_fault(self, utility: str) -> int | str:
        faults = self._faults.get(utility)
        return faults.pop(0) if faults else "ok"

    def answer(self, utility: str, parameters: Mapping[str, str]) -> tuple[int, str]:
        """Status and body of a well-behaved answer."""
        with self._lock:
            if "api_key" in parameters and parameters["api_key"] not in self.valid_keys:
                error = {"error": "API key invalid", "api-key": parameters["api_key"], "type": "invalid"}
                return 400, json.dumps({**error, "status": "unknown"})
            answers: dict[str, Answering] = {
                **self.more,
                "esearch": self._esearch,
                "efetch": self._efetch,
                "epost": self._epost,
                "einfo": self._einfo,
            }
            return answers[utility](parameters)

    def _remember(self, pmids: Sequence[str]) -> str:
        self._handed_out += 1
        web_env = f"MCID_{self._handed_out:024x}"
        self._history[web_env, "1"] = list(pmids)
        return web_env

    def _found(self, term: str) -> list[str]:
        if term in self.terms:
            return list(self.terms[term])
        limited = _LIMITED.fullmatch(term)
        if limited and limited["term"] in self.terms:
            return self._limited(self.terms[limited["term"]], limited["limits"])
        words = re.findall(r"[a-z0-9]{3,}", term.lower())
        return [
            pmid for pmid, article in self.articles.items() if all(word in article.words() for word in words)
        ]

    def _limited(self, pmids: Sequence[str], limits: str) -> list[str]:
        """What limits leave of a search; each binds all that stands before it."""
        left = list(pmids)
        for found in re.findall(_ONE_LIMIT, limits):
            operator, limit = found[1:4], found[5:]
            holds = _PROPERTIES.get(limit) or _in_range(limit)
            left = [
                pmid
                for pmid in left
                if (pmid in self.articles and holds(self.articles[pmid])) == (operator == "AND")
            ]
        return left

    def _esearch(self, parameters: Mapping[str, str]) -> tuple[int, str]:
        term = parameters.get("term", "")
        if not term:
            return 200, result_xml("esearch", "<ERROR>Empty term and query_key - nothing todo</ERROR>")
        pmids = self._found(term)
        if parameters.get("rettype") == "count":
            return 200, result_xml("esearch", f"<Count>{len(pmids)}</Count>")
        start, most = int(parameters.get("retstart", "0")), int(parameters.get("retmax", "20"))
        if start >= self.most_listed < len(pmids):
            return 200, result_xml(
                "esearch",
                "<ERROR>Search Backend failed: Exception:\n'retstart' cannot be larger than "
                f"{self.most_listed - 1}. For PubMed, ESearch can only retrieve the first "
                f"{self.most_listed:,} records</ERROR>",
            )
        listed = pmids[start : start + min(most, self.most_listed)][: self.most_listed - start]
        said = self.warnings.get(term, "")
        if not pmids and not said:
            said = "<WarningList><OutputMessage>No items found.</OutputMessage></WarningList>"
        history = ""
        if parameters.get("usehistory") == "y":
            history = f"<QueryKey>1</QueryKey><WebEnv>{self._remember(pmids)}</WebEnv>"
        ids = "".join(f"<Id>{pmid}</Id>\n" for pmid in listed)
        return 200, result_xml(
            "esearch",
            f"<Count>{len(pmids)}</Count><RetMax>{len(listed)}</RetMax><RetStart>{start}</RetStart>{history}"
            f"<IdList>\n{ids}</IdList><TranslationSet/>"
            f"<QueryTranslation>{escape(term)}</QueryTranslation>{said}",
        )

    def _epost(self, parameters: Mapping[str, str]) -> tuple[int, str]:
        pmids = parameters.get("id", "").split(",")
        # Nothing promises the order of a posted set, so here it is another one than was sent.
        web_env = self._remember(sorted(set(pmids), key=int, reverse=True))
        return 200, result_xml("epost", f"<QueryKey>1</QueryKey>\n<WebEnv>{web_env}</WebEnv>\n")

    def _einfo(self, _parameters: Mapping[str, str]) -> tuple[int, str]:
        inside = f"<DbName>pubmed</DbName><DbBuild>{BUILD}</DbBuild><Count>39000000</Count>"
        return 200, result_xml("einfo", f"<DbInfo>{inside}</DbInfo>")

    def _efetch(self, parameters: Mapping[str, str]) -> tuple[int, str]:
        if parameters.get("db") == "pmc":
            numbers = [one.strip().upper().removeprefix("PMC") for one in parameters.get("id", "").split(",")]
            return 200, articleset(numbers, self.full_texts)
        if "WebEnv" in parameters or "webenv" in parameters:
            place = (parameters.get("WebEnv") or parameters["webenv"], parameters.get("query_key", ""))
            if place not in self._history:
                return 400, efetch_error("Unable to obtain query #1")
            start, most = int(parameters.get("retstart", "0")), int(parameters.get("retmax", "20"))
            pmids = self._history[place]
            if start >= len(pmids):
                return 400, efetch_error("Cannot retrieve history data: OUT OF RANGE.")
            pmids = pmids[start : min(start + most, self.most_listed)]
        else:
            pmids = [pmid.strip() for pmid in parameters.get("id", "").split(",") if pmid.strip()]
            if not any(pmid in self.articles for pmid in pmids):
                return 400, efetch_error("ID list is empty! Possibly it has no correct IDs.")
        known = [pmid for pmid in dict.fromkeys(pmids) if pmid in self.articles and pmid not in self.left_out]
        return 200, set_of([self.articles[pmid] for pmid in known])


def _in_range(limit: str) -> Callable[[Article], bool]:
    """Whether a record's day lies in a range such as 2020/01/01:2020/06/30[crdt]."""
    stated = re.fullmatch(r"(.+):(.+)\[(crdt|edat)\]", limit)
    assert stated is not None, limit
    first, last, name = stated.groups()
    first, last = first.replace("/", "-"), last.replace("/", "-")
    if name == "crdt":
        return lambda article: first <= article.entered <= last
    return lambda article: first <= (article.added or article.entered) <= last
