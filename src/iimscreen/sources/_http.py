"""Asking a server over HTTP: in turn, with patience, and every trouble told in words. Standard library only.

What is common to all sources that are asked. What a reply means is for the source to say: its reader
raises PassingError for what another try may mend.
"""

from __future__ import annotations

import datetime as dt
import http.client
import random
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from iimscreen import __version__, settings
from iimscreen.errors import InputError, SourceError
from iimscreen.sources._turns import LONGEST_WAIT_S, Turns

LONGEST_BACK_OFF_S = 30.0
LONGEST_REPLY_S = 900.0  # for one reply, however steadily it drips
MOST_BYTES = 500_000_000  # of one reply; the largest that we ask for stays below a tenth of it
OFFLINE = "`--source corpus` searches offline"
RESUME = "what was received is saved: give the same command again to go on from there"

_T = TypeVar("_T")


class PassingError(Exception):
    """Something that may be better on the next try; `wait_s` is what the server asked for."""

    def __init__(
        self, cause: str, *, wait_s: float | None = None, hint: str = "", holds_all: bool = False
    ) -> None:
        super().__init__(cause)
        self.cause = cause
        self.wait_s = wait_s
        self.hint = hint
        self.holds_all = holds_all  # whether it concerns every request of this user


@dataclass(frozen=True, slots=True)
class Received:
    """One HTTP answer, read to its end. Names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Server:
    """A server and how patiently it is asked."""

    name: str  # as messages call it: "ClinicalTrials.gov"
    base_url: str
    variable: str  # the environment variable that names another server
    spacing_s: float  # from one request to the next, over all processes of one user
    timeout_s: float
    tries: int


class Client:
    """One server, asked one request at a time.

    `clock` has to be the same for all processes: time.monotonic counts from the machine's start.
    """

    def __init__(
        self,
        server: Server,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises InputError if the server's address is no http or https address."""
        self._server = server
        self._sleep = sleep
        self._clock = clock
        self._was_reached = False
        address = urllib.parse.urlsplit(server.base_url)
        if address.scheme not in ("http", "https"):
            raise InputError(
                f"{server.base_url!r} is no address of a server: expected http:// or https://",
                hint=f"correct or unset {server.variable}",
            )
        self._host = address.netloc.rpartition("@")[2]
        self._turns = Turns(
            self._host,
            None,
            folder=settings.state_folder(),
            sleep=sleep,
            clock=clock,
            most=1,
            window_s=server.spacing_s,
        )
        self._opener = urllib.request.build_opener(*direct(server.base_url))

    def get(
        self,
        path: str,
        parameters: Mapping[str, str],
        read: Callable[[Received], _T],
        *,
        tries: int | None = None,
    ) -> tuple[bytes, _T]:
        """The reply's bytes, and what `read` makes of them; asked again while that may help.

        Raises SourceError once `tries` are used up, or when the server cannot be reached at all.
        """

        def once() -> tuple[bytes, _T]:
            self._turns.take()
            received = self._received(path, parameters)
            self._was_reached = True
            return received.body, read(received)

        return patiently(
            once,
            name=self._server.name,
            tries=tries or self._server.tries,
            turns=self._turns,
            sleep=self._sleep,
        )

    def _received(self, path: str, parameters: Mapping[str, str]) -> Received:
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        request = urllib.request.Request(  # noqa: S310 (http and https only: see __init__)
            f"{self._server.base_url.rstrip('/')}/{path}{query}",
            headers={"User-Agent": f"iimscreen/{__version__}", "Accept": "application/json"},
        )
        try:
            return received(self._opener, request, timeout_s=self._server.timeout_s, clock=self._clock)
        except urllib.error.URLError as error:
            raise unreachable(
                f"{self._host} was not reachable ({error.reason})",
                hint=f"check the connection; {RESUME}",
                was_reached=self._was_reached,
            ) from error


def direct(address: str) -> list[urllib.request.ProxyHandler]:
    """What keeps a proxy that is set for the outside world from being asked to reach this machine itself."""
    is_here = urllib.parse.urlsplit(address).hostname in ("127.0.0.1", "::1", "localhost")
    return [urllib.request.ProxyHandler({})] if is_here else []


def patiently(
    once: Callable[[], _T], *, name: str, tries: int, turns: Turns, sleep: Callable[[float], None]
) -> _T:
    """What `once` gives; it is called again after each PassingError, with a pause before.

    Raises SourceError, naming the server, once all tries are used up.
    """
    for attempt in range(1, tries + 1):
        try:
            return once()
        except PassingError as error:
            trouble = error
        pause = pause_s(attempt, trouble.wait_s)
        if trouble.holds_all:
            turns.hold(pause)  # for the others too, even if this was the last try
        elif attempt < tries:
            sleep(pause)
    raise SourceError(
        f"{name} did not answer as it should in {tries} tries: {trouble.cause}", hint=trouble.hint or RESUME
    )


def received(
    opener: urllib.request.OpenerDirector,
    request: urllib.request.Request,
    *,
    timeout_s: float,
    clock: Callable[[], float],
    answered: Callable[[], None] = lambda: None,
) -> Received:
    """An answer, whatever its status, read to its end; `answered` is called when it begins to come.

    Raises PassingError if it breaks off, and URLError if the server cannot be reached.
    """
    try:
        try:
            response = opener.open(request, timeout=timeout_s)
        except urllib.error.HTTPError as error:
            response = error
        finally:
            answered()
        with response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Received(response.status, headers, _whole(response, headers, clock))
    except http.client.IncompleteRead as error:
        raise PassingError("the reply was cut short") from error
    except TimeoutError as error:
        raise PassingError(f"no answer within {timeout_s:g} s") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise PassingError(f"no answer within {timeout_s:g} s") from error
        if isinstance(error.reason, ConnectionResetError | BrokenPipeError):
            raise PassingError("the connection broke off") from error
        raise
    except (http.client.HTTPException, OSError) as error:
        raise PassingError("the connection broke off") from error


def _whole(response: Any, headers: Mapping[str, str], clock: Callable[[], float]) -> bytes:
    """An answer's body to its end. Raises PassingError if it ends early, drips or is endless."""
    until = clock() + LONGEST_REPLY_S
    stated = headers.get("content-length", "")
    length = int(stated) if stated.isdecimal() and "transfer-encoding" not in headers else None
    pieces: list[bytes] = []
    size = 0
    # read1 comes back with what there is: read would wait for all that was asked for, drop by drop.
    while size != length and (piece := response.read1(1 << 18)):
        pieces.append(piece)
        size += len(piece)
        if size > MOST_BYTES:
            raise PassingError(f"the reply has over {MOST_BYTES:,} bytes")
        if clock() > until:
            raise PassingError(f"the reply was not complete after {LONGEST_REPLY_S:g} s")
    if length is not None and size < length:
        raise PassingError("the reply was cut short")
    return b"".join(pieces)


def unreachable(cause: str, *, hint: str, was_reached: bool) -> PassingError | SourceError:
    """What a server that cannot be reached calls for: without a network every try fails alike.

    Once something came from it, the network may come back.
    """
    return PassingError(cause, hint=hint) if was_reached else SourceError(cause, hint=hint)


def check_status(received: Received, server: str) -> None:
    """Raises PassingError for what passes (HTTP 408, 429, 5xx, an empty reply, a page in place of data).

    Other statuses are the source's to judge.
    """
    status = received.status
    if status == 429:
        wait_s = retry_after_s(received.headers, server)
        raise PassingError("too many requests (HTTP 429)", wait_s=wait_s, holds_all=True)
    if status >= 500 or status == 408:
        wait_s = retry_after_s(received.headers, server)
        raise PassingError(f"HTTP {status}", wait_s=wait_s, holds_all=wait_s is not None)
    if status < 300 and is_web_page(received.body):
        raise PassingError("a web page came in place of data")
    if status < 300 and not received.body.strip():
        raise PassingError("the reply is empty")


def is_web_page(body: bytes) -> bool:
    """Whether it is HTML."""
    return re.match(rb"\s*<(?:!doctype\s+)?html", body[:200], re.IGNORECASE) is not None


def pause_s(attempt: int, wait_s: float | None) -> float:
    """Seconds before the next try: what the server asked for, else doubling from 1 s, spread at random."""
    if wait_s is not None:
        return wait_s
    longest = min(LONGEST_BACK_OFF_S, 2.0 ** (attempt - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 (spreads clients out; no secret)


def retry_after_s(headers: Mapping[str, str], server: str) -> float | None:
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
    if wait_s > LONGEST_WAIT_S:
        raise SourceError(f"{server} asks to wait {wait_s:,.0f} seconds before the next request", hint=RESUME)
    return wait_s


def words_of(text: str, most: int = 200) -> str:
    """What an error reply says, without markup, on one line."""
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())[:most] or "no text"
