"""HTTP in front of the server's answers, with the faults that a test orders."""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import socket
import struct
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from xml.sax.saxutils import escape

from cut_replies import send_half
from eutils_server.articles import Article, set_of
from eutils_server.full_texts import FullText, articleset
from eutils_server.state import Asked, EutilsServer, efetch_error, result_xml

_BLOCKED = (
    "<!DOCTYPE html>\n<html><head><title>NCBI - WWW Error Blocked Diagnostic</title></head>"
    "<body>Access denied</body></html>"
)


_WORDS: dict[str, tuple[int, str]] = {
    "html": (200, _BLOCKED),
    "maintenance": (200, "<html><body>We will be back soon.</body></html>"),
    "rate-limit-in-200": (200, '{"error":"API rate limit exceeded","count":"4","limit":"3"}'),
    "viewer-error": (400, efetch_error(" Error: External viewer error: Empty Response. Bytes read: 0")),
    "expired": (400, efetch_error("Unable to obtain query #1")),
    "expired-200": (200, efetch_error("Unable to obtain query #1")),
    "empty": (200, ""),
    "empty-set": (200, set_of([])),
    "another-full-text": (200, articleset(["9999"], {"9999": FullText("9999")})),
    "strangers": (200, set_of([Article("99999999", "Nobody asked for this.")])),
}
_LAST = re.compile(
    r"<PubmedArticle>(?:(?!<PubmedArticle>).)*</PubmedArticle>(?=</PubmedArticleSet>)", re.DOTALL
)
_LAST_PMID = re.compile(r'.*<MedlineCitation[^>]*>(<PMID Version="1">\d+</PMID>)', re.DOTALL)


def _with_deleted(body: str) -> str:
    """The last record replaced by the note that PubMed deleted it."""
    last = _LAST.search(body)
    pmid = _LAST_PMID.match(body)
    assert last is not None
    assert pmid is not None
    return body[: last.start()] + f"<DeleteCitation>{pmid[1]}</DeleteCitation></PubmedArticleSet>"


_SPOILT: dict[str, Callable[[str], str]] = {  # a good answer, and what becomes of it
    "drop-one": lambda body: _LAST.sub("", body),
    "twice": lambda body: _LAST.sub(lambda found: found[0] * 2, body),
    "deleted": _with_deleted,
    "fewer-ids": lambda body: re.sub(r"<Id>\d+</Id>\n</IdList>", "</IdList>", body),
    "another's": lambda _body: result_xml("einfo", "<DbInfo><Count>1</Count></DbInfo>"),
    "a-set": lambda _body: set_of([]),
    "entity": lambda body: body.replace(
        "<!DOCTYPE", "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><!--", 1
    ),
    "mangled": lambda body: body.replace("</Abstract>", "", 1).replace("</IdList>", "", 1),
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
        at = time.monotonic()
        state.asked.append(Asked(utility, self.command, parameters, at))
        if state.exceeds_limit(at):
            self._reply(*self._misbehaved("429:1", utility, parameters))
            return
        fault = state.next_fault(utility)
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        elif fault == "timeout":
            self.server.stopping.wait(5)
            self.close_connection = True
        elif fault == "redirect":
            self._reply(302, "", {"Location": "https://misuse.ncbi.nlm.nih.gov/error/abuse.shtml"})
        elif fault == "portal":
            self._reply(302, "", {"Location": "http://log-in.example.org/welcome"})
        elif fault in ("cut", "cut-chunked", "cut-quietly"):
            send_half(
                self, state.answer(utility, parameters)[1].encode(), str(fault), "text/xml; charset=UTF-8"
            )
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
        if word == "xml":
            return 200, result_xml(utility, f"<ERROR>{escape(text)}</ERROR>"), {}
        if word == "json-raw":
            return 200, f'{{"header":{{}},"esearchresult":{{"ERROR":"{text}"}},"error":"{text}"}}', {}
        if fault in _SPOILT:
            return 200, _SPOILT[str(fault)](self.server.state.answer(utility, parameters)[1]), {}
        if word == "json-error":
            return 200, json.dumps({"error": text}), {}
        if fault in _WORDS:
            return *_WORDS[str(fault)], {}
        return int(word), efetch_error(text) if text else f"<html>status {word}</html>", {}

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
