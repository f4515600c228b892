"""A real server on this machine that speaks ClinicalTrials.gov's API 2 as far as we use it.

`/studies` and `/version`, over invented studies. It refuses what the API refuses (an unknown
parameter, sorting by something that is no date, other parameters beside a page token) in plain words
with HTTP 400, announces a next page whenever a page is full, states `totalCount` on the first page
only, passes over filters beside a text of NCT numbers only, and gives up its page tokens once its data
change. It can misbehave on a script. It does not read Essie: `terms` says what a text finds.

    with serving(invented(45), terms={"myositis": ...}) as server:
        server.misbehave("studies", [429, "cut"])
        source = ClinicalTrials(server.settings(page_size=10), sleep=lambda _s: None)
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
from typing import Any

from cut_replies import send_half
from iimscreen.settings import Registry

CHANGED = "The data have probably changed while you were paginating. Please, start over from the first page."
PARAMETERS = (
    *("query.cond", "query.term", "query.intr", "filter.overallStatus", "filter.advanced", "filter.ids"),
    *("fields", "format", "markupFormat", "sort", "countTotal", "pageSize", "pageToken"),
)
_LIMIT = re.compile(r"AREA\[StudyFirstPostDate\]RANGE\[MIN,(\d{4}-\d{2}-\d{2})\]")
_SORTABLE = re.compile(
    r"(?:StudyFirstPostDate|LastUpdatePostDate|EnrollmentCount|@relevance)(?::(?:asc|desc))?"
)
_ONLY_NUMBERS = re.compile(r"(?:NCT\d+[\s,]*)+", re.IGNORECASE)


@dataclass(frozen=True)
class Study:
    """An invented study, with everything that its JSON needs."""

    nct: str
    title: str
    summary: str = "We made this study up."
    posted: str = "2021-03-05"
    updated: str = "2021-03-05"
    status: str = "RECRUITING"
    sponsor: str = "Invented University"
    officials: tuple[Mapping[str, str], ...] = ()
    conditions: tuple[str, ...] = ("Myositis",)
    interventions: tuple[str, ...] = ("Tofarinib",)
    secondary: tuple[Mapping[str, str], ...] = ()
    references: tuple[Mapping[str, str], ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)  # replaces whole modules

    def as_json(self) -> dict[str, Any]:
        """The study as the API gives it."""
        section: dict[str, Any] = {
            "identificationModule": {
                "nctId": self.nct,
                "orgStudyIdInfo": {"id": f"INV-{self.nct[-3:]}"},
                "briefTitle": self.title,
                **({"secondaryIdInfos": list(self.secondary)} if self.secondary else {}),
            },
            "statusModule": {
                "overallStatus": self.status,
                "studyFirstPostDateStruct": {"date": self.posted, "type": "ACTUAL"},
                "lastUpdatePostDateStruct": {"date": self.updated, "type": "ESTIMATED"},
            },
            "sponsorCollaboratorsModule": {"leadSponsor": {"name": self.sponsor, "class": "OTHER"}},
            "descriptionModule": {"briefSummary": self.summary},
            "conditionsModule": {"conditions": list(self.conditions)},
            "designModule": {"studyType": "INTERVENTIONAL", "phases": ["PHASE2"]},
            "armsInterventionsModule": {
                "interventions": [{"type": "DRUG", "name": name} for name in self.interventions]
            },
            "contactsLocationsModule": {"overallOfficials": list(self.officials)},
            "referencesModule": {"references": list(self.references)},
        }
        return {"protocolSection": {**section, **self.more}, "hasResults": False}

    def words(self) -> str:
        return " ".join([self.title, self.summary, *self.conditions, *self.interventions]).lower()


def invented(number: int, *, start: int = 90_000_001) -> tuple[Study, ...]:
    """So many studies: three posted on each day, every 4th completed, every 3rd updated in 2024."""
    return tuple(
        Study(
            nct=f"NCT{start + index:08}",
            title=f"Invented drug {index} in myositis",
            posted=f"{2010 + index // 60 % 14}-{1 + index // 3 % 12:02}-{1 + index // 3 % 28:02}",
            updated="2024-02-01" if index % 3 == 0 else "2010-12-31",
            status="COMPLETED" if index % 4 == 0 else "RECRUITING",
        )
        for index in range(number)
    )


@dataclass
class CtgovServer:
    """The server's studies, its faults to come, and what it was asked."""

    studies: dict[str, Study]
    terms: dict[str, Sequence[str]]  # query.term -> NCT numbers; other texts match by words
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    address: str = ""
    data_timestamp: str = "2025-11-21T09:00:04"
    announced_more: int = 0  # added to totalCount
    _faults: dict[str, list[int | str]] = field(default_factory=dict)
    _tokens: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def settings(self, *, page_size: int = 10, tries: int = 5, timeout_s: float = 5) -> Registry:
        """Settings that lead here."""
        return Registry(self.address, timeout_s=timeout_s, tries=tries, page_size=page_size)

    def misbehave(self, endpoint: str, faults: Sequence[int | str]) -> None:
        """Faults for the next requests to an endpoint, one for each; "ok" answers as usual.

        A number is an HTTP status (429 comes with Retry-After: 2, or "429:<value>"). Words: cut,
        cut-chunked, cut-quietly, html, empty, no-json, other-json, no-count, stranger (a study without
        a number), hollow (no study, and the same token again), repeat (the studies of the first page),
        reset, timeout, 400:<text>, update (the data change before it answers).
        """
        self._faults.setdefault(endpoint, []).extend(faults)

    def pages_asked(self) -> list[Mapping[str, str]]:
        return [parameters for endpoint, parameters in self.asked if endpoint == "studies"]

    def update(self, *studies: Study) -> None:
        """A new build of the data, with these studies added or replaced: page tokens expire."""
        with self._lock:
            self.studies.update((study.nct, study) for study in studies)
            day = int(self.data_timestamp[8:10]) + 1
            self.data_timestamp = f"2025-11-{day:02}T09:00:04"

    def next_fault(self, endpoint: str) -> int | str:
        faults = self._faults.get(endpoint)
        return faults.pop(0) if faults else "ok"

    def answer(self, endpoint: str, parameters: Mapping[str, str]) -> tuple[int, object]:
        """Status and body of a well-behaved answer: JSON, or plain words."""
        with self._lock:
            if endpoint == "version":
                return 200, {"apiVersion": "2.0.5", "dataTimestamp": self.data_timestamp}
            return self._studies(parameters) if endpoint == "studies" else (404, "Not Found")

    def _studies(self, parameters: Mapping[str, str]) -> tuple[int, object]:
        for name in parameters:
            if name not in PARAMETERS:
                return 400, f"`{name}` is unknown parameter"
        term = parameters.get("query.term", "")
        if term.count("(") != term.count(")"):
            return 400, "Error parsing query in Other terms: inner bool query clause cannot be null"
        sort = parameters.get("sort", "")
        if sort and not _SORTABLE.fullmatch(sort):
            return 400, f"Invalid value in parameter sort: {sort}"
        size = min(int(parameters.get("pageSize", "0")) or 10, 1000)
        same = json.dumps(
            {k: v for k, v in parameters.items() if k not in ("countTotal", "pageSize", "pageToken")},
            sort_keys=True,
        )
        start, build, asked_before = 0, self.data_timestamp, same
        token = parameters.get("pageToken")
        if token is not None:
            if token not in self._tokens:
                return 400, "Invalid value in parameter pageToken"
            start, build, asked_before = self._tokens[token]
        if build != self.data_timestamp or asked_before != same:
            return 400, CHANGED
        found = self._found(term, parameters.get("filter.advanced", ""))
        page = found[start : start + size]
        stated: dict[str, Any] = {"studies": [study.as_json() for study in page]}
        if token is None and parameters.get("countTotal") == "true":
            stated = {"totalCount": len(found) + self.announced_more, **stated}
        if len(page) == size:  # also where no study is left
            name = f"tok{len(self._tokens)}x{start + size}"
            self._tokens[name] = (start + size, build, same)
            stated["nextPageToken"] = name
        return 200, stated

    def _found(self, term: str, advanced: str) -> list[Study]:
        if _ONLY_NUMBERS.fullmatch(term):
            return [study for study in self.studies.values() if study.nct in term.upper()]
        if term in self.terms:
            found = [self.studies[nct] for nct in self.terms[term]]
        else:
            words = re.findall(r"[a-z0-9]{3,}", term.lower())
            found = [s for s in self.studies.values() if all(word in s.words() for word in words)]
        limit = _LIMIT.fullmatch(advanced)
        if limit:
            found = [study for study in found if study.posted <= limit[1]]
        return sorted(found, key=lambda study: study.posted)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _HttpServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        state = self.server.state
        address = urllib.parse.urlsplit(self.path)
        endpoint = address.path.rpartition("/")[2]
        parameters = dict(urllib.parse.parse_qsl(address.query, keep_blank_values=True))
        state.asked.append((endpoint, parameters))
        fault = state.next_fault(endpoint)
        if fault == "update":
            state.update()
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        if fault == "timeout":
            self.server.stopping.wait(3)
            self.close_connection = True
            return
        status, said = state.answer(endpoint, parameters)
        if isinstance(fault, int) or (isinstance(fault, str) and fault[:3].isdecimal()):
            code, _, words = str(fault).partition(":")
            self._send(int(code), words or "Trouble", retry_after=words or "2" if code == "429" else None)
            return
        if isinstance(said, dict):
            said = _spoilt(said, str(fault), state, parameters.get("pageToken"))
        whole = {
            "html": "<!DOCTYPE html><html><body>Please wait</body></html>",
            "empty": "",
            "no-json": "{'studies': []}",
            "other-json": "[]",
        }.get(str(fault), said if isinstance(said, str) else json.dumps(said))
        if str(fault).startswith("cut"):
            send_half(self, whole.encode(), str(fault), "application/json")
        else:
            self._send(status, whole)

    def _send(self, status: int, text: str, *, retry_after: str | None = None) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if text[:1] == "{" else "text/plain")
        self.send_header("Content-Length", str(len(body)))
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Silent."""


def _spoilt(said: dict[str, Any], fault: str, state: CtgovServer, token: str | None) -> dict[str, Any]:
    if fault == "hollow":
        return {"studies": [], "nextPageToken": token}
    if fault == "no-count":
        return {key: value for key, value in said.items() if key != "totalCount"}
    if fault == "stranger":
        return {**said, "studies": [{"protocolSection": {}}]}
    if fault == "repeat":
        return {**said, "studies": [s.as_json() for s in state._found("", "")[: len(said["studies"])]]}
    return said


class _HttpServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    state: CtgovServer
    stopping: threading.Event

    def handle_error(self, *_arguments: object) -> None:
        """A client that gave up is what some tests are about."""


@contextlib.contextmanager
def serving(
    studies: Sequence[Study] = (), *, terms: Mapping[str, Sequence[str]] | None = None
) -> Iterator[CtgovServer]:
    """A running server over these studies; `terms` maps whole texts of query.term to NCT numbers."""
    state = CtgovServer({study.nct: study for study in studies}, dict(terms or {}))
    server = _HttpServer(("127.0.0.1", 0), _Handler)
    server.state = state
    server.stopping = threading.Event()
    state.address = f"http://127.0.0.1:{server.server_address[1]}/api/v2/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()
