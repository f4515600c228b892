"""A real E-utilities server on this machine, over invented records.

It speaks HTTP as NCBI's does (ESearch, EFetch, EPost, EInfo; history; the reply texts are those
that captured replies show), and can misbehave on a script. With it, the true Biopython and the
true network code of `iimscreen.sources.pubmed` run in tests.

    with serving(records=invented(450)) as server:
        server.misbehave("efetch", [429, "cut"])
        source = PubMed(server.settings(), sleep=lambda _s: None)
"""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import socket
import struct
import threading
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from iimscreen.settings import Entrez

BUILD = "Build-2025.11.27.06.33"
MOST_LISTED = 9_999
_DOCTYPE = (
    '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">'
)
_BLOCKED = (
    "<!DOCTYPE html>\n<html><head><title>NCBI - WWW Error Blocked Diagnostic</title></head>"
    "<body>Access denied</body></html>"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Article:
    """An invented record, with everything that its XML needs."""

    pmid: str
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ("Adler, Nora",)
    group: str = ""
    journal: str = "Invented Journal of Muscle"
    year: int = 2021
    month: int = 3
    day: int = 5
    entered: str = "2021-03-05"
    doi: str = ""
    language: str = "eng"
    types: tuple[str, ...] = ("Journal Article",)
    mesh: tuple[str, ...] = ()
    is_book: bool = False
    xml: str = ""  # the record's own XML, where a test brings it

    def as_xml(self) -> str:
        """The record as EFetch gives it, without line breaks. `title` may hold PubMed's markup."""
        return self.xml or (self._book() if self.is_book else self._article())

    def words(self) -> str:
        return f"{self.title} {self.abstract} {' '.join(self.mesh)}".lower()

    def _authors(self) -> str:
        names = [name.partition(", ") for name in self.authors]
        people = [
            f'<Author ValidYN="Y"><LastName>{escape(family)}</LastName><ForeName>{escape(given)}</ForeName>'
            f"<Initials>{escape(given[:1])}</Initials></Author>"
            for family, _, given in names
        ]
        group = (
            f"<Author><CollectiveName>{escape(self.group)}</CollectiveName></Author>" if self.group else ""
        )
        return f'<AuthorList CompleteYN="Y">{"".join(people)}{group}</AuthorList>'

    def _abstract(self) -> str:
        parts = []
        for line in filter(None, self.abstract.split("\n")):
            label, colon, text = line.partition(": ")
            is_labelled = bool(colon) and label.isupper()
            attribute = f" Label={quoteattr(label)}" if is_labelled else ""
            parts.append(f"<AbstractText{attribute}>{escape(text if is_labelled else line)}</AbstractText>")
        return f"<Abstract>{''.join(parts)}</Abstract>" if parts else ""

    def _date(self, name: str, numeric: bool) -> str:
        month = f"{self.month:02}" if numeric else _MONTHS[self.month - 1]
        day = f"<Day>{self.day:02}</Day>" if numeric else ""
        return f"<{name}><Year>{self.year}</Year><Month>{month}</Month>{day}</{name}>"

    def _history(self) -> str:
        year, month, day = self.entered.split("-")
        return (
            f'<History><PubMedPubDate PubStatus="received"><Year>{self.year - 1}</Year><Month>1</Month>'
            f'<Day>9</Day></PubMedPubDate><PubMedPubDate PubStatus="entrez"><Year>{year}</Year>'
            f"<Month>{int(month)}</Month><Day>{int(day)}</Day><Hour>6</Hour><Minute>0</Minute>"
            "</PubMedPubDate></History>"
        )

    def _article(self) -> str:
        types = "".join(f"<PublicationType>{escape(name)}</PublicationType>" for name in self.types)
        mesh = "".join(
            f'<MeshHeading><DescriptorName MajorTopicYN="N">{escape(name)}</DescriptorName></MeshHeading>'
            for name in self.mesh
        )
        doi = f'<ArticleId IdType="doi">{escape(self.doi)}</ArticleId>' if self.doi else ""
        return (
            f'<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM">'
            f'<PMID Version="1">{self.pmid}</PMID>'
            f'<Article PubModel="Print-Electronic"><Journal><JournalIssue CitedMedium="Internet">'
            f"<Volume>7</Volume><Issue>2</Issue>{self._date('PubDate', False)}</JournalIssue>"
            f"<Title>{escape(self.journal)}</Title><ISOAbbreviation>Inv J Muscle</ISOAbbreviation></Journal>"
            f"<ArticleTitle>{self.title}</ArticleTitle>"
            f"<Pagination><MedlinePgn>10-19</MedlinePgn></Pagination>{self._abstract()}{self._authors()}"
            f"<Language>{self.language}</Language><PublicationTypeList>{types}</PublicationTypeList>"
            f"{self._date('ArticleDate', True)}</Article>"
            f"{f'<MeshHeadingList>{mesh}</MeshHeadingList>' if mesh else ''}"
            f"</MedlineCitation><PubmedData>{self._history()}<PublicationStatus>ppublish</PublicationStatus>"
            f'<ArticleIdList><ArticleId IdType="pubmed">{self.pmid}</ArticleId>{doi}</ArticleIdList>'
            "</PubmedData></PubmedArticle>"
        )

    def _book(self) -> str:
        return (
            f'<PubmedBookArticle><BookDocument><PMID Version="1">{self.pmid}</PMID><Book><BookTitle>'
            f"{escape(self.journal)}</BookTitle>{self._date('PubDate', False)}</Book>"
            f"<ArticleTitle>{self.title}</ArticleTitle><Language>{self.language}</Language>{self._authors()}"
            f"{self._abstract()}</BookDocument><PubmedBookData>{self._history()}"
            f'<ArticleIdList><ArticleId IdType="pubmed">{self.pmid}</ArticleId></ArticleIdList>'
            "</PubmedBookData></PubmedBookArticle>"
        )


def invented(number: int, *, start: int = 30_000_001) -> tuple[Article, ...]:
    """So many small records: every 5th has a group author, every 4th a structured abstract, every
    7th markup in its title; the 8th of each 50 is a book chapter."""
    return tuple(_invented(index, start + index) for index in range(number))


def _invented(index: int, pmid: int) -> Article:
    drug = ("azithroprim", "tofarinib", "rituxalin", "immunoglobin")[index % 4]
    title = f"Myositis treated with {drug}: invented series {index}"
    return Article(
        pmid=str(pmid),
        title=f"{title}, <i>in vivo</i> CD4<sup>+</sup> &amp; more." if index % 7 == 3 else f"{title}.",
        abstract=(
            f"BACKGROUND: Nobody has tried {drug} in {index} people.\nRESULTS: Nobody was harmed."
            if index % 4 == 1
            else f"We made up {index} cases of myositis."
        ),
        authors=("Adler, Nora", f"Beispiel{index}, Ottó"),
        group="Invented Myositis Study Group" if index % 5 == 2 else "",
        year=2010 + index % 14,
        month=1 + index % 12,
        day=1 + index % 28,
        entered=f"{2010 + index % 14}-{1 + index % 12:02}-{1 + index % 28:02}",
        doi=f"10.5555/Invented.{pmid}" if index % 3 else "",
        mesh=("Myositis",) if index % 2 else (),
        is_book=index % 50 == 7,
    )


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    utility: str
    method: str
    parameters: Mapping[str, str]


@dataclass
class EutilsServer:
    """The server's records, its faults to come, and what it was asked."""

    articles: dict[str, Article]
    terms: dict[str, Sequence[str]]  # term -> PMIDs; other terms match by words
    warnings: dict[str, str] = field(default_factory=dict)  # term -> XML of ErrorList and WarningList
    valid_keys: frozenset[str] = frozenset({"good-key"})
    left_out: set[str] = field(default_factory=set)  # PMIDs that EFetch never gives
    asked: list[Asked] = field(default_factory=list)
    address: str = ""
    _faults: dict[str, list[int | str]] = field(default_factory=dict)
    _history: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _handed_out: int = 0
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
        viewer-error, reset, timeout, expired, expired-200, empty, empty-set, strangers,
        json-error:<text>, 400:<text>.
        """
        self._faults.setdefault(utility, []).extend(faults)

    def requests_to(self, utility: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.utility == utility]

    def forget_history(self) -> None:
        """Every WebEnv handed out so far expires."""
        self._history.clear()

    def next_fault(self, utility: str) -> int | str:
        faults = self._faults.get(utility)
        return faults.pop(0) if faults else "ok"

    def answer(self, utility: str, parameters: Mapping[str, str]) -> tuple[int, str]:
        """Status and body of a well-behaved answer."""
        with self._lock:
            if "api_key" in parameters and parameters["api_key"] not in self.valid_keys:
                error = {"error": "API key invalid", "api-key": parameters["api_key"], "type": "invalid"}
                return 400, json.dumps({**error, "status": "unknown"})
            answers = {
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
        words = re.findall(r"[a-z0-9]{3,}", term.lower())
        return [
            pmid for pmid, article in self.articles.items() if all(word in article.words() for word in words)
        ]

    def _esearch(self, parameters: Mapping[str, str]) -> tuple[int, str]:
        term = parameters.get("term", "")
        if not term:
            return 200, _result_xml("esearch", "<ERROR>Empty term and query_key - nothing todo</ERROR>")
        pmids = self._found(term)
        start, most = int(parameters.get("retstart", "0")), int(parameters.get("retmax", "20"))
        listed = pmids[start : start + min(most, MOST_LISTED)][: MOST_LISTED - start]
        said = self.warnings.get(term, "")
        if not pmids and not said:
            said = "<WarningList><OutputMessage>No items found.</OutputMessage></WarningList>"
        history = ""
        if parameters.get("usehistory") == "y":
            history = f"<QueryKey>1</QueryKey><WebEnv>{self._remember(pmids)}</WebEnv>"
        ids = "".join(f"<Id>{pmid}</Id>\n" for pmid in listed)
        return 200, _result_xml(
            "esearch",
            f"<Count>{len(pmids)}</Count><RetMax>{len(listed)}</RetMax><RetStart>{start}</RetStart>{history}"
            f"<IdList>\n{ids}</IdList><TranslationSet/>"
            f"<QueryTranslation>{escape(term)}</QueryTranslation>{said}",
        )

    def _epost(self, parameters: Mapping[str, str]) -> tuple[int, str]:
        pmids = parameters.get("id", "").split(",")
        # Nothing promises the order of a posted set, so here it is another one than was sent.
        web_env = self._remember(sorted(set(pmids), key=int, reverse=True))
        return 200, _result_xml("epost", f"<QueryKey>1</QueryKey>\n<WebEnv>{web_env}</WebEnv>\n")

    def _einfo(self, _parameters: Mapping[str, str]) -> tuple[int, str]:
        inside = f"<DbName>pubmed</DbName><DbBuild>{BUILD}</DbBuild><Count>39000000</Count>"
        return 200, _result_xml("einfo", f"<DbInfo>{inside}</DbInfo>")

    def _efetch(self, parameters: Mapping[str, str]) -> tuple[int, str]:
        if "WebEnv" in parameters or "webenv" in parameters:
            place = (parameters.get("WebEnv") or parameters["webenv"], parameters.get("query_key", ""))
            if place not in self._history:
                return 400, _efetch_error("Unable to obtain query #1")
            start, most = int(parameters.get("retstart", "0")), int(parameters.get("retmax", "20"))
            pmids = self._history[place]
            if start >= len(pmids):
                return 400, _efetch_error("Cannot retrieve history data: OUT OF RANGE.")
            pmids = pmids[start : min(start + most, MOST_LISTED)]
        else:
            pmids = [pmid.strip() for pmid in parameters.get("id", "").split(",") if pmid.strip()]
            if not any(pmid in self.articles for pmid in pmids):
                return 400, _efetch_error("ID list is empty! Possibly it has no correct IDs.")
        known = [pmid for pmid in dict.fromkeys(pmids) if pmid in self.articles and pmid not in self.left_out]
        return 200, set_of([self.articles[pmid] for pmid in known])


def set_of(articles: Sequence[Article]) -> str:
    """A PubmedArticleSet as EFetch gives it: one line, ASCII with character references."""
    body = "".join(article.as_xml() for article in articles)
    ascii_body = body.encode("ascii", errors="xmlcharrefreplace").decode("ascii")
    return f'<?xml version="1.0" ?>\n{_DOCTYPE}\n<PubmedArticleSet>{ascii_body}</PubmedArticleSet>'


_RESULTS = {  # element, date of its DTD
    "einfo": ("eInfoResult", "20190110"),
    "esearch": ("eSearchResult", "20060628"),
    "epost": ("ePostResult", "20090526"),
    "efetch": ("eFetchResult", "20131226"),
}


def _result_xml(utility: str, inside: str) -> str:
    """A reply of a utility other than a set of records, with the document type that it names."""
    root, date = _RESULTS[utility]
    return (
        '<?xml version="1.0" encoding="UTF-8" ?>\n'
        f'<!DOCTYPE {root} PUBLIC "-//NLM//DTD {utility} {date}//EN" '
        f'"https://eutils.ncbi.nlm.nih.gov/eutils/dtd/{date}/{utility}.dtd">\n<{root}>{inside}</{root}>\n'
    )


def _efetch_error(text: str) -> str:
    return _result_xml("efetch", f"<ERROR>{escape(text)}</ERROR>")


_WORDS: dict[str, tuple[int, str]] = {
    "html": (200, _BLOCKED),
    "maintenance": (200, "<html><body>We will be back soon.</body></html>"),
    "rate-limit-in-200": (200, '{"error":"API rate limit exceeded","count":"4","limit":"3"}'),
    "viewer-error": (400, _efetch_error(" Error: External viewer error: Empty Response. Bytes read: 0")),
    "expired": (400, _efetch_error("Unable to obtain query #1")),
    "expired-200": (200, _efetch_error("Unable to obtain query #1")),
    "empty": (200, ""),
    "empty-set": (200, set_of([])),
    "strangers": (200, set_of([Article("99999999", "Nobody asked for this.")])),
}


class _Handler(http.server.BaseHTTPRequestHandler):
    """HTTP in front of one EutilsServer."""

    protocol_version = "HTTP/1.1"
    server: _HttpServer

    def do_GET(self) -> None:
        self._serve("")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode())

    def log_message(self, *_arguments: object) -> None:
        """Keeps the tests' output quiet."""

    def _serve(self, posted: str) -> None:
        address = urllib.parse.urlsplit(self.path)
        utility = address.path.rpartition("/")[2].removesuffix(".fcgi")
        stated = urllib.parse.parse_qs(posted or address.query, keep_blank_values=True)
        parameters = {name: values[-1] for name, values in stated.items()}
        state = self.server.state
        state.asked.append(Asked(utility, self.command, parameters))
        fault = state.next_fault(utility)
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        elif fault == "timeout":
            self.server.stopping.wait(5)
            self.close_connection = True
        elif fault in ("cut", "cut-chunked", "cut-quietly"):
            self._cut(state.answer(utility, parameters)[1].encode(), str(fault))
        else:
            self._reply(*self._misbehaved(fault, utility, parameters))

    def _misbehaved(
        self, fault: int | str, utility: str, parameters: Mapping[str, str]
    ) -> tuple[int, str, dict[str, str]]:
        word, _, text = str(fault).partition(":")
        if fault == "ok":
            return *self.server.state.answer(utility, parameters), {}
        if fault == "error-in-200":
            error = "<ERROR>Search Backend failed: Exception: 502 Proxy Error</ERROR>"
            name = "eSearchResult" if utility == "esearch" else "eFetchResult"
            return 200, f"<{name}>{error}</{name}>", {}
        if word == "429":
            body = '{"error":"API rate limit exceeded","api-key":"192.0.2.1","count":"4","limit":"3"}'
            return 429, body, {"Retry-After": text or "2", "X-RateLimit-Remaining": "0"}
        if word == "json-error":
            return 200, json.dumps({"error": text}), {}
        if fault in _WORDS:
            return *_WORDS[str(fault)], {}
        return int(word), _efetch_error(text) if text else f"<html>status {word}</html>", {}

    def _reply(self, status: int, body: str, headers: Mapping[str, str]) -> None:
        content = body.encode()
        kind = "text/html" if "<html" in body[:100] else "application/json" if body[:1] == "{" else "text/xml"
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=UTF-8")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _cut(self, content: bytes, how: str) -> None:
        """Half of a body: short of its length, in an unfinished chunk, or with nothing to tell it by."""
        half = content[: len(content) // 2]
        self.send_response(200)
        self.send_header("Content-Type", "text/xml; charset=UTF-8")
        self.send_header("Connection", "close")
        if how == "cut":
            self.send_header("Content-Length", str(len(content)))
        elif how == "cut-chunked":
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(f"{len(content):x}\r\n".encode() + half if how == "cut-chunked" else half)
        self.close_connection = True


class _HttpServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    state: EutilsServer
    stopping: threading.Event

    def handle_error(self, *_arguments: object) -> None:
        """A client that gave up is what some tests are about."""


@contextlib.contextmanager
def serving(
    records: Sequence[Article] = (),
    *,
    terms: Mapping[str, Sequence[str]] | None = None,
    warnings: Mapping[str, str] | None = None,
) -> Iterator[EutilsServer]:
    """A running server over these records.

    `terms` maps whole search texts to PMIDs, in order; other texts match records that hold all
    their words. `warnings` maps search texts to the XML of their ErrorList and WarningList.
    """
    state = EutilsServer(
        {article.pmid: article for article in records}, dict(terms or {}), dict(warnings or {})
    )
    server = _HttpServer(("127.0.0.1", 0), _Handler)
    server.state = state
    server.stopping = threading.Event()
    state.address = f"http://127.0.0.1:{server.server_address[1]}/entrez/eutils/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()
