"""NCBI's E-utilities: a request is sent, its answer judged, and sent again while that may help.

Knows the servers, not what is asked of them. Biopython builds the requests; `_http` waits, retries and
reads, because Biopython's own retries neither wait nor heed `Retry-After`, and its parser
fetches DTDs and hides NCBI's own words about an error (both seen with Biopython 1.88). Nothing else
in the package imports Bio.
"""

from __future__ import annotations

import http.client
import io
import json
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import warnings
from collections.abc import Callable, Mapping, Sequence
from email.message import Message
from typing import IO, Any, NoReturn, TypeVar, cast
from xml.etree.ElementTree import Element

from Bio import Entrez as _Entrez

from iimscreen import __version__, settings
from iimscreen.errors import InputError, SourceError
from iimscreen.formats import pubmed_xml
from iimscreen.model import Reply
from iimscreen.sources import _http
from iimscreen.sources._http import RESUME, PassingError
from iimscreen.sources._turns import Turns

OFFLINE = f"check the connection; {RESUME}; {_http.OFFLINE}"
_PROGRAMS = {  # as NCBI writes them
    "esearch": "ESearch",
    "efetch": "EFetch",
    "epost": "EPost",
    "einfo": "EInfo",
    "elink": "ELink",
    "esummary": "ESummary",
    "ecitmatch": "ECitMatch",
}
_TRANSIENT = re.compile(
    r"External viewer error|cannot get document summary|Search Backend failed|Unable to open connection|"
    r"Unable to obtain query|history data|Empty result|Timeout|rate limit|try again|temporarily",
    re.IGNORECASE,
)
_PERMANENT = re.compile(r"Empty term|Invalid db name|cannot be larger|nothing todo", re.IGNORECASE)
_NONE_OF_THEM = re.compile(r"ID list is empty", re.IGNORECASE)
_BLOCKED = re.compile(rb"WWW Error Blocked|blocked|misuse\.ncbi", re.IGNORECASE)
_MISUSE = "misuse.ncbi."  # where NCBI sends clients that it has blocked

Parameters = Mapping[str, str | Sequence[str]]
T = TypeVar("T")

_entrez: Any = _Entrez  # Any: its types know nothing of replacing its `urlopen`

# Biopython keeps one `urlopen` for the whole process; whoever changes it to build a request holds this.
_biopython = threading.Lock()


class ErrorReplyError(Exception):
    """The server answered with an error in words; what they mean depends on what was asked."""

    def __init__(self, words: str, status: int) -> None:
        super().__init__(words)
        self.words = words
        self.status = status


class NoneFoundError(Exception):
    """None of the identifiers asked for is known to the server."""


class Eutils:
    """One E-utilities server, asked as one user. Threads may share it."""

    def __init__(
        self,
        entrez: settings.Entrez,
        *,
        name: str = "PubMed",
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`name` is what errors call the database. Raises InputError if the server's address is no web address."""
        self._name = name
        host = urllib.parse.urlsplit(entrez.base_url)
        if host.scheme not in ("http", "https"):
            raise InputError(
                f"{entrez.base_url!r} is no address of an E-utilities server: expected http:// or https://",
                hint="correct or unset IIMSCREEN_EUTILS_URL",
            )
        self.settings = entrez
        self._sleep = sleep
        self._clock = clock
        self._was_reached = False
        self._turns = Turns(
            host.netloc.rpartition("@")[2],
            entrez.api_key,
            folder=settings.state_folder(),
            sleep=sleep,
            clock=clock,
            until_answered=True,
        )
        direct = _http.direct(entrez.base_url)
        proxy = "" if direct else urllib.request.getproxies().get(host.scheme, "")
        self._way = f" through the proxy {proxy.rpartition('@')[2].rpartition('//')[2]}" if proxy else ""
        self._opener = urllib.request.build_opener(
            *direct, _NoRedirect(), _Http(self._take_turn), _Https(self._take_turn)
        )

    def ask(
        self,
        utility: str,
        parameters: Parameters,
        read: Callable[[bytes], T],
        *,
        tries: int | None = None,
    ) -> tuple[bytes, T]:
        """The reply's bytes, and what `read` makes of them; asked again while that may help.

        `read` raises PassingError for a reply that is not whole; `tree` does so for XML.

        Raises SourceError if no usable reply came, and NoneFoundError if EFetch knows no PMID asked for.
        """

        def once() -> tuple[bytes, T]:
            self._turns.wait()
            received = self._send(utility, parameters)
            self._was_reached = True
            try:
                self._check(received)
                return received.body, read(received.body)
            except ErrorReplyError as error:
                raise self._judged(error, utility) from error

        return _http.patiently(
            once,
            name=f"{self._name}'s {_PROGRAMS[utility]}",
            tries=tries or self.settings.tries,
            turns=self._turns,
            sleep=self._sleep,
        )

    # How a request is sent

    def _take_turn(self) -> None:
        self._turns.take()

    def _send(self, utility: str, parameters: Parameters) -> _http.Received:
        request = self._built(utility, parameters)
        try:
            return _http.received(
                self._opener,
                request,
                timeout_s=self.settings.timeout_s,
                clock=self._clock,
                answered=self._turns.answered,
            )
        except urllib.error.URLError as error:
            host = urllib.parse.urlsplit(self.settings.base_url).netloc.rpartition("@")[2]
            why = self.without_secrets(str(error.reason))
            cause = f"{host} was not reachable{self._way} ({why})"
            raise _http.unreachable(cause, hint=OFFLINE, was_reached=self._was_reached) from error

    def _built(self, utility: str, parameters: Parameters) -> urllib.request.Request:
        """The request as Biopython builds it, led to the server of the settings."""
        built: list[urllib.request.Request] = []

        def urlopen(request: urllib.request.Request) -> _Handle:
            built.append(request)
            return _Handle()

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
                    email=self.settings.email or None,
                    api_key=self.settings.api_key or None,
                )
            finally:
                _entrez.urlopen, _entrez.max_tries = before
        request = built[-1]
        address = f"{self.settings.base_url.rstrip('/')}/{request.full_url.removeprefix(settings.EUTILS_URL)}"
        return urllib.request.Request(  # noqa: S310 (http and https only: see __init__)
            address,
            data=cast("bytes | None", request.data),
            headers={"User-Agent": f"iimscreen/{__version__}"},
            method=request.get_method(),
        )

    # What came back

    def _check(self, received: _http.Received) -> None:
        """Raises what the status and the kind of body call for; a body that may be XML passes."""
        body, status = received.body, received.status
        location = received.headers.get("location", "")
        is_blocked = _http.is_web_page(body) and _BLOCKED.search(body) is not None
        if is_blocked or (300 <= status < 400 and _MISUSE in location):
            raise SourceError(
                "NCBI has blocked this computer or network from the E-utilities (it sent its page 'Blocked')",
                hint=f"write to eutilities@ncbi.nlm.nih.gov, giving your e-mail address; {RESUME}",
            )
        _http.check_status(received, self._name)
        if 300 <= status < 400:
            self._refuse_redirect(location)
        if body.lstrip()[:1] == b"{" or status >= 300:
            raise ErrorReplyError(_words(body), status)

    def _refuse_redirect(self, location: str) -> NoReturn:
        """A redirect is not followed: a request sent on by POST would lose what it asks."""
        here = urllib.parse.urlsplit(self.settings.base_url).netloc.rpartition("@")[2]
        there = urllib.parse.urlsplit(location).netloc.rpartition("@")[2] or "another page"
        raise SourceError(
            f"{here} sends us on to {there} in place of an answer",
            hint="log in to the network, whose own page may stand in between, or correct "
            f"IIMSCREEN_EUTILS_URL; {RESUME}",
        )

    def _judged(self, error: ErrorReplyError, utility: str) -> PassingError:
        """The error if another try may help; otherwise raises what it means."""
        is_rate = re.search(r"rate limit", error.words) is not None
        if re.search(r"API key", error.words) and not is_rate:
            raise SourceError(
                "NCBI says that the API key is invalid",
                hint="correct NCBI_API_KEY, or unset it: 3 requests a second need no key",
            )
        if utility == "efetch" and _NONE_OF_THEM.search(error.words):
            raise NoneFoundError
        words = self.without_secrets(error.words)
        is_passing = error.status < 300 or _TRANSIENT.search(error.words) is not None
        if is_passing and not _PERMANENT.search(error.words):
            return PassingError(f"it says {words!r}", holds_all=is_rate)
        raise SourceError(
            f"{self._name}'s {_PROGRAMS[utility]} refuses the request (HTTP {error.status}): {words!r}",
            hint=f"look at the search as it was sent; {RESUME}",
        )

    def without_secrets(self, text: str) -> str:
        """The text without e-mail address and key, as they are and as they stand in addresses."""
        for secret in (self.settings.api_key, self.settings.email):
            for form in (secret, urllib.parse.quote_plus(secret)) if secret else ():
                text = text.replace(form, "...")
        return text


# What urllib needs to be told


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> None:
        """Nothing to follow: `_check` judges the redirect."""


def _taking(connection: type[http.client.HTTPConnection], take: Callable[[], None]) -> Any:
    """The connection, but its turn is taken when it stands: names and handshakes take their time."""

    class Connection(connection):  # type: ignore[misc,valid-type]  # a class made of a class
        def connect(self) -> None:
            super().connect()
            take()

    return Connection


class _Http(urllib.request.HTTPHandler):
    def __init__(self, take: Callable[[], None]) -> None:
        super().__init__()
        self._connection = _taking(http.client.HTTPConnection, take)

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connection, req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, take: Callable[[], None]) -> None:
        super().__init__()
        self._connection = _taking(http.client.HTTPSConnection, take)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connection, req)


class _Handle(io.BytesIO):
    """What Biopython expects of an answer; the request is sent elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.url = ""
        self.headers = Message()
        self.headers["Content-Type"] = "text/xml"


# Reading what came


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
    return _http.words_of(found.group(1) if found else text)


def tree(body: bytes, *, root: str | None = None) -> Element:
    """The root of a reply that has to be XML, of this name if one is given.

    Raises PassingError if it is cut or another's, ErrorReplyError if the reply is an error in words.
    """
    try:
        found = pubmed_xml.tree(body)
    except InputError as error:
        raise PassingError(f"the reply is cut short or damaged ({error.message})") from error
    error_element = next(found.iter("ERROR"), None)
    if error_element is not None:
        raise ErrorReplyError(" ".join("".join(error_element.itertext()).split())[:200], 200)
    if root is not None and found.tag != root:
        raise PassingError(f"the reply is a <{found.tag}>: expected <{root}>")
    return found


# Replies as they are kept


def request_of(utility: str, parameters: Parameters) -> str:
    """The canonical form of a request: JSON, without e-mail address, key and tool."""
    return json.dumps({**parameters, "utility": utility}, sort_keys=True, ensure_ascii=False)


def reply_of(utility: str, parameters: Parameters, body: bytes) -> Reply:
    """A reply with what was asked, as it is kept."""
    return Reply(request_of(utility, parameters), body)


def parameters_of(reply: Reply) -> dict[str, Any]:
    """What was asked for a kept reply, with the name of the utility; empty where that is unreadable."""
    try:
        found = json.loads(reply.request)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
