"""PubMed, through NCBI's E-utilities and Biopython. Nothing else in the package imports Bio.

Biopython builds the requests; waiting, retrying and reading are done here, because its own
retries neither wait nor heed `Retry-After`, and its parser fetches DTDs and hides PubMed's own
words about an error (both seen with Biopython 1.88).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import io
import json
import random
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar, cast
from xml.etree.ElementTree import Element

from Bio import Entrez as _Entrez

from iimscreen import __version__, settings
from iimscreen.errors import InputError, SourceError
from iimscreen.formats import pubmed_xml
from iimscreen.model import Answer, Kind, Parsed, Record, Reply, SubQuery

MOST_HITS = 9_999  # what ESearch lists and the history server hands out for one search of PubMed
BATCH = 200  # records for one EFetch: 1.7 to 4 MB
LONGEST_BACK_OFF_S = 30.0
LONGEST_RETRY_AFTER_S = 300.0
SPACING_S = 0.37  # 3 requests a second are allowed; a third of a second was at times too short
SPACING_WITH_KEY_S = 0.11  # 10 a second

_RESUME = "what was received is saved: give the same command again to go on from there"
_OFFLINE = f"check the connection; {_RESUME}; `--source corpus` searches offline"
_TRANSIENT = re.compile(
    r"External viewer error|cannot get document summary|Search Backend failed|Unable to open connection|"
    r"Empty result|Timeout|rate limit|try again|temporarily",
    re.IGNORECASE,
)
_PERMANENT = re.compile(r"Empty term|Invalid db name|cannot be larger|nothing todo", re.IGNORECASE)
_HISTORY = re.compile(r"Unable to obtain query|history data|OUT OF RANGE|WebEnv|query_key", re.IGNORECASE)
_NONE_OF_THEM = re.compile(r"ID list is empty", re.IGNORECASE)
_BLOCKED = re.compile(rb"WWW Error Blocked|blocked|misuse\.ncbi", re.IGNORECASE)

_UTILITIES = {"esearch": "ESearch", "efetch": "EFetch", "epost": "EPost", "einfo": "EInfo"}
_WARNINGS = {
    "PhraseNotFound": 'PubMed does not know "{text}": it was left out, or found nothing where required',
    "FieldNotFound": 'PubMed has no search field "{text}": the words were searched without it',
    "PhraseIgnored": 'PubMed ignored "{text}"',
    "QuotedPhraseNotFound": "PubMed's phrase index does not hold {text}: it was left out, found nothing "
    "where required, or was searched as single words",
    "OutputMessage": "PubMed says about this search: {text}",
}

_T = TypeVar("_T")

_entrez: Any = _Entrez  # Any: its types know nothing of replacing its `urlopen`

# Biopython keeps one `urlopen` for the whole process; whoever changes it for a request holds this.
_biopython = threading.Lock()


class _PassingError(Exception):
    """Something that may be better on the next try; `wait_s` is what the server asked for."""

    def __init__(self, cause: str, *, wait_s: float | None = None, hint: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.wait_s = wait_s
        self.hint = hint


class _ErrorReplyError(Exception):
    """The server answered with an error in words; what they mean depends on what was asked."""

    def __init__(self, words: str, status: int) -> None:
        super().__init__(words)
        self.words = words
        self.status = status


class _HistoryLostError(Exception):
    """The history server no longer knows our search: the rest is asked for through EPost."""


class _NoneFoundError(Exception):
    """None of the PMIDs asked for is in PubMed."""


@dataclass(frozen=True, slots=True)
class _Received:
    """One HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Search:
    """What ESearch said."""

    pmids: tuple[str, ...]  # all of them, in PubMed's order
    web_env: str
    query_key: str
    interpreted_as: str
    warnings: tuple[str, ...]


@dataclass(slots=True)
class _Fetching:
    """One sub-query on its way: the records so far, and where replies and progress go."""

    pmids: tuple[str, ...]
    keep: Callable[[Reply], None]
    on_progress: Callable[[int, int], None]
    records: dict[str, Record] = field(default_factory=dict)

    def missing(self) -> list[str]:
        return [pmid for pmid in self.pmids if pmid not in self.records]

    def saved(self) -> str:
        return f"{len(self.records):,} of {len(self.pmids):,} records are saved"

    def add(self, records: Iterable[Record]) -> None:
        self.records.update((record.pmid, record) for record in records if record.pmid)
        self.on_progress(len(self.records), len(self.pmids))


class PubMed:
    """PubMed as a source. One object serves all sub-queries of a search, one request at a time."""

    database = "PubMed"
    source = "pubmed"
    kind = Kind.DATABASE

    def __init__(
        self,
        entrez: settings.Entrez,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = entrez
        self._sleep = sleep
        self._clock = clock
        self._next_at = float("-inf")
        self._was_reached = False
        self._build: str | None = None
        self._build_warning: str | None = None
        host = urllib.parse.urlsplit(entrez.base_url)
        if host.scheme not in ("http", "https"):
            raise InputError(
                f"{entrez.base_url!r} is no address of an E-utilities server: expected http:// or https://",
                hint="correct or unset IIMSCREEN_EUTILS_URL",
            )
        # A proxy set for the outside world is not asked to reach this machine itself.
        is_here = host.hostname in ("127.0.0.1", "::1", "localhost")
        proxies = [urllib.request.ProxyHandler({})] if is_here else []
        self._opener = urllib.request.build_opener(*proxies)

    def fetch(
        self,
        sub_query: SubQuery,
        *,
        resume_from: Sequence[Reply] = (),
        keep: Callable[[Reply], None] = lambda _reply: None,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Answer:
        """All records that PubMed finds, each once, in PubMed's order.

        The hits are those of the kept ESearch reply, if there is one, and kept records are not
        asked for again; replies kept for another text are passed over.

        Raises SourceError if the search finds more than 9,999, or cannot be completed.
        """
        search = _kept_search(sub_query, resume_from)
        is_resumed = search is not None
        if search is None:
            search = self._search(sub_query, keep)
        self._ask_build(resume_from, keep)
        fetching = _Fetching(search.pmids, keep, on_progress)
        if is_resumed:
            fetching.add(_kept_records(search, resume_from))
        try:
            if not is_resumed:
                self._fetch_all(fetching, search.web_env, search.query_key, fetching.pmids)
            self._fetch_missing(fetching)
        except SourceError as error:
            raise SourceError(f"{error.message}; {fetching.saved()}", hint=error.hint) from error
        return Answer(
            hits=len(search.pmids),
            records=tuple(fetching.records[pmid] for pmid in search.pmids),
            interpreted_as=search.interpreted_as,
            warnings=search.warnings + ((self._build_warning,) if self._build_warning else ()),
            database_build=self._build,
        )

    # What is asked, in order

    def _search(self, sub_query: SubQuery, keep: Callable[[Reply], None]) -> _Search:
        parameters = {"db": "pubmed", "term": sub_query.text_sent, "usehistory": "y"}
        parameters |= {"retmode": "xml", "retmax": str(MOST_HITS)}
        body, search = self._request("esearch", parameters, _search_of)
        keep(_reply("esearch", parameters, body))
        return search

    def _ask_build(self, kept: Sequence[Reply], keep: Callable[[Reply], None]) -> None:
        """Once per object, the build of PubMed; that it stays unknown is a warning and no failure."""
        if self._build is not None or self._build_warning is not None:
            return
        parameters = {"db": "pubmed", "retmode": "xml"}
        for reply in kept:
            if _parameters(reply).get("utility") == "einfo":
                with contextlib.suppress(_PassingError, _ErrorReplyError):
                    self._build = _build_of(reply.body)
                    return
        try:
            body, self._build = self._request("einfo", parameters, _build_of, tries=2)
        except SourceError as error:
            self._build_warning = f"the build of PubMed is not recorded: {error.message}"
            return
        keep(_reply("einfo", parameters, body))

    def _fetch_missing(self, fetching: _Fetching) -> None:
        """Asks for what is missing through EPost, again while that brings something.

        Raises SourceError naming counts and some PMIDs if records stay missing.
        """
        fruitless = 0
        while missing := fetching.missing():
            was_lost = not self._fetch_posted(fetching, missing)
            fruitless = fruitless + 1 if len(fetching.missing()) == len(missing) else 0
            if fruitless and not (was_lost and fruitless < self._settings.tries):
                named = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
                raise SourceError(
                    f"PubMed announced {len(fetching.pmids):,} records but did not give "
                    f"{len(missing):,} of them (PMID {named}), though asked again",
                    hint=f"{_RESUME}, tomorrow if need be; a record that PubMed has deleted meanwhile "
                    "needs a new search",
                )

    def _fetch_posted(self, fetching: _Fetching, pmids: Sequence[str]) -> bool:
        """Whether the history server kept these PMIDs until the last of them was asked for."""
        parameters = {"db": "pubmed", "id": ",".join(pmids)}
        body, (web_env, query_key) = self._request("epost", parameters, _history_of)
        fetching.keep(_reply("epost", parameters, body))
        return self._fetch_all(fetching, web_env, query_key, pmids)

    def _fetch_all(self, fetching: _Fetching, web_env: str, query_key: str, pmids: Sequence[str]) -> bool:
        """Whether the history server knew the search until the last batch was asked for."""
        announced = frozenset(pmids)
        for start in range(0, len(pmids), BATCH):
            parameters = {"db": "pubmed", "WebEnv": web_env, "query_key": query_key, "retmode": "xml"}
            parameters |= {"retstart": str(start), "retmax": str(BATCH)}
            try:
                body, records = self._request(
                    "efetch", parameters, lambda body: _announced_records(body, announced)
                )
            except _HistoryLostError:
                return False
            except _NoneFoundError:
                continue
            fetching.keep(_reply("efetch", parameters, body))
            fetching.add(records)
        return True

    # How it is asked

    def _request(
        self,
        utility: str,
        parameters: dict[str, str],
        read: Callable[[bytes], _T],
        *,
        tries: int | None = None,
    ) -> tuple[bytes, _T]:
        """The reply's bytes, and what `read` makes of them; asked again while that may help."""
        most = tries or self._settings.tries
        attempt = 0
        while True:
            attempt += 1
            self._wait_for_turn()
            try:
                received = self._send(utility, parameters)
                self._was_reached = True
                self._check(received)
                return received.body, read(received.body)
            except _PassingError as error:
                trouble = error
            except _ErrorReplyError as error:
                trouble = self._judged(error, utility)
            if attempt >= most:
                break
            self._sleep(_pause_s(attempt, trouble.wait_s))
        raise SourceError(
            f"PubMed's {_UTILITIES[utility]} did not answer as it should in {most} tries: {trouble.cause}",
            hint=trouble.hint or _RESUME,
        )

    def _wait_for_turn(self) -> None:
        now = self._clock()
        if now < self._next_at:
            self._sleep(self._next_at - now)
        self._next_at = max(now, self._next_at) + (
            SPACING_WITH_KEY_S if self._settings.api_key else SPACING_S
        )

    def _send(self, utility: str, parameters: Mapping[str, str]) -> _Received:
        """One request, built by Biopython and sent to the server of the settings."""
        received: list[_Received] = []

        def urlopen(request: urllib.request.Request) -> _Handle:
            received.append(self._open(request))
            return _Handle(received[-1])

        with _biopython, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # Biopython's, where no e-mail address is set
            before = (_entrez.urlopen, _entrez.max_tries)
            _entrez.urlopen, _entrez.max_tries = urlopen, 1
            if hasattr(_entrez, "_open"):
                _entrez._open.previous = 0.0  # its pause comes on top of ours, and cannot be passed in
            try:
                getattr(_entrez, utility)(
                    **parameters,
                    tool="iimscreen",
                    email=self._settings.email or None,
                    api_key=self._settings.api_key or None,
                )
            finally:
                _entrez.urlopen, _entrez.max_tries = before
        return received[-1]

    def _open(self, request: urllib.request.Request) -> _Received:
        address = (
            f"{self._settings.base_url.rstrip('/')}/{request.full_url.removeprefix(settings.EUTILS_URL)}"
        )
        sent = urllib.request.Request(  # noqa: S310 (http and https only: see __init__)
            address,
            data=cast("bytes | None", request.data),
            headers={"User-Agent": f"iimscreen/{__version__}"},
            method=request.get_method(),
        )
        try:
            try:
                response = self._opener.open(sent, timeout=self._settings.timeout_s)
            except urllib.error.HTTPError as error:
                response = error
            with response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                return _Received(response.status, headers, response.read())
        except http.client.IncompleteRead as error:
            raise _PassingError("the reply was cut short") from error
        except TimeoutError as error:
            raise _PassingError(f"no answer within {self._settings.timeout_s:g} s") from error
        except urllib.error.URLError as error:
            raise self._unreachable(error) from error
        except (http.client.HTTPException, OSError) as error:
            raise _PassingError("the connection broke off") from error

    def _unreachable(self, error: urllib.error.URLError) -> _PassingError | SourceError:
        host = urllib.parse.urlsplit(self._settings.base_url).netloc.rpartition("@")[2]
        reason = error.reason
        if isinstance(reason, TimeoutError):
            return _PassingError(f"no answer within {self._settings.timeout_s:g} s")
        if isinstance(reason, ConnectionResetError | BrokenPipeError):
            return _PassingError("the connection broke off")
        cause = f"{host} was not reachable ({self._without_secrets(str(reason))})"
        # Without a network every try fails alike; once something came, the network may come back.
        return _PassingError(cause, hint=_OFFLINE) if self._was_reached else SourceError(cause, hint=_OFFLINE)

    # What came back

    def _check(self, received: _Received) -> None:
        """Raises what the status and the kind of body call for; a body that may be XML passes."""
        body, status = received.body, received.status
        is_html = re.match(rb"\s*<(?:!doctype\s+)?html", body[:200], re.IGNORECASE) is not None
        if is_html and _BLOCKED.search(body):
            raise SourceError(
                "NCBI has blocked this computer or network from the E-utilities (it sent its page 'Blocked')",
                hint=f"write to eutilities@ncbi.nlm.nih.gov, giving your e-mail address; {_RESUME}",
            )
        if status == 429:
            raise _PassingError("too many requests (HTTP 429)", wait_s=_retry_after_s(received.headers))
        if status >= 500 or status == 408:
            raise _PassingError(f"HTTP {status}", wait_s=_retry_after_s(received.headers))
        if is_html and status < 300:
            raise _PassingError("a web page came in place of XML")
        if body.lstrip()[:1] == b"{" or status >= 300:
            raise _ErrorReplyError(_words(body) or "no text", status)
        if not body.strip():
            raise _PassingError("the reply is empty")

    def _judged(self, error: _ErrorReplyError, utility: str) -> _PassingError:
        """The error if another try may help; otherwise raises what it means."""
        if re.search(r"API key", error.words) and not re.search(r"rate limit", error.words):
            raise SourceError(
                "NCBI says that the API key is invalid",
                hint="correct NCBI_API_KEY, or unset it: 3 requests a second need no key",
            )
        if utility == "efetch" and _NONE_OF_THEM.search(error.words):
            raise _NoneFoundError
        if utility == "efetch" and _HISTORY.search(error.words):
            raise _HistoryLostError
        words = self._without_secrets(error.words)
        is_passing = error.status < 300 or _TRANSIENT.search(error.words) is not None
        if is_passing and not _PERMANENT.search(error.words):
            return _PassingError(f"it says {words!r}")
        raise SourceError(
            f"PubMed's {_UTILITIES[utility]} refuses the request (HTTP {error.status}): {words!r}",
            hint=f"look at the search as it was sent; {_RESUME}",
        )

    def _without_secrets(self, text: str) -> str:
        for secret in (self._settings.api_key, self._settings.email):
            for form in (secret, urllib.parse.quote_plus(secret)) if secret else ():
                text = text.replace(form, "...")
        return text


class _Handle(io.BytesIO):
    """What Biopython expects of an answer; the body is read elsewhere."""

    def __init__(self, received: _Received) -> None:
        super().__init__(received.body)
        self.url = ""
        self.headers = Message()
        self.headers["Content-Type"] = received.headers.get("content-type", "text/xml")


def _pause_s(attempt: int, wait_s: float | None) -> float:
    if wait_s is not None:
        return wait_s
    longest = min(LONGEST_BACK_OFF_S, 2.0 ** (attempt - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 (spreads clients out; no secret)


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait. Raises SourceError if that is longer than five minutes."""
    stated = headers.get("retry-after", "").strip()
    if not stated:
        return None
    if stated.isdecimal():
        wait_s = float(stated)
    else:
        try:
            until = parsedate_to_datetime(stated)
            # By the server's own clock where it tells it: ours may be wrong.
            now = parsedate_to_datetime(headers["date"]) if "date" in headers else dt.datetime.now(dt.UTC)
            wait_s = max(0.0, (until - now).total_seconds())
        except (ValueError, TypeError):
            return None
    if wait_s > LONGEST_RETRY_AFTER_S:
        raise SourceError(f"PubMed asks to wait {wait_s:,.0f} seconds before the next request", hint=_RESUME)
    return wait_s


def _words(body: bytes) -> str:
    """What an error reply says, in JSON, XML, HTML or plain text; at most 200 characters."""
    text = body[:20_000].decode("utf-8", errors="replace")
    if text.lstrip().startswith("{"):
        try:
            stated = json.loads(text, strict=False)  # NCBI leaves raw line breaks in strings
        except ValueError:
            stated = {}
        error = stated.get("error")
        text = error if isinstance(error, str) else text
    found = re.search(r"<ERROR>(.*?)</ERROR>", text, re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", found.group(1) if found else text).split())[:200]


def _tree(body: bytes) -> Element:
    """The root of a reply that has to be XML and no error."""
    try:
        root = pubmed_xml.tree(body)
    except InputError as error:
        raise _PassingError(f"the reply is cut short or damaged ({error.message})") from error
    error_element = next(root.iter("ERROR"), None)
    if error_element is not None:
        raise _ErrorReplyError(" ".join("".join(error_element.itertext()).split())[:200], 200)
    return root


def _search_of(body: bytes) -> _Search:
    root = _tree(body)
    stated = root.findtext("Count", "").strip()
    if not re.fullmatch(r"\d{1,12}", stated):
        raise _PassingError("the reply states no count")
    hits = int(stated)
    if hits > MOST_HITS:
        raise SourceError(
            f"the search finds {hits:,} records; PubMed hands out at most {MOST_HITS:,} for one search, "
            "so nothing was downloaded",
            hint="narrow the strategy, or split it into sub-queries (by years of publication, for example)",
        )
    pmids = tuple((element.text or "").strip() for element in root.findall("IdList/Id"))
    if len(set(pmids)) != hits or len(pmids) != hits:
        raise _PassingError(f"the reply counts {hits:,} records but lists {len(set(pmids)):,}")
    return _Search(
        pmids=pmids,
        web_env=root.findtext("WebEnv", "").strip(),
        query_key=root.findtext("QueryKey", "").strip(),
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


def _history_of(body: bytes) -> tuple[str, str]:
    """The WebEnv and the query key of an EPost reply."""
    root = _tree(body)
    web_env, query_key = root.findtext("WebEnv", "").strip(), root.findtext("QueryKey", "").strip()
    if not (web_env and query_key):
        raise _PassingError("the reply names no place on the history server")
    return web_env, query_key


def _build_of(body: bytes) -> str:
    build = _tree(body).findtext("DbInfo/DbBuild", "").strip()
    if not build:
        raise _PassingError("the reply names no build")
    return build


def _announced_records(body: bytes, announced: frozenset[str]) -> list[Record]:
    """The records of an EFetch reply that is whole and holds only what was announced."""
    if not pubmed_xml.looks_like(body[:4000].decode("utf-8", errors="replace")):
        root = _tree(body)
        raise _PassingError(f"the reply is a <{root.tag}>: expected a <PubmedArticleSet>")
    try:
        records = [found.record for found in pubmed_xml.read(body) if isinstance(found, Parsed)]
    except InputError as error:
        raise _PassingError(f"the reply is cut short or damaged ({error.message})") from error
    for record in records:
        if record.pmid not in announced:
            raise _PassingError(f"the reply holds PMID {record.pmid}, which was not asked for")
    return records


# Replies that were kept


def _reply(utility: str, parameters: Mapping[str, str], body: bytes) -> Reply:
    return Reply(json.dumps({**parameters, "utility": utility}, sort_keys=True, ensure_ascii=False), body)


def _parameters(reply: Reply) -> dict[str, object]:
    try:
        found = json.loads(reply.request)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _kept_search(sub_query: SubQuery, kept: Sequence[Reply]) -> _Search | None:
    for reply in kept:
        stated = _parameters(reply)
        if stated.get("utility") == "esearch" and stated.get("term") == sub_query.text_sent:
            try:
                return _search_of(reply.body)
            except (_PassingError, _ErrorReplyError):
                continue
    return None


def _kept_records(search: _Search, kept: Sequence[Reply]) -> list[Record]:
    announced = frozenset(search.pmids)
    records: list[Record] = []
    for reply in kept:
        if _parameters(reply).get("utility") == "efetch":
            try:
                records += _announced_records(reply.body, announced)
            except (_PassingError, _ErrorReplyError):
                continue
    return records
