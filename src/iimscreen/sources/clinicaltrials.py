"""ClinicalTrials.gov, through its API, version 2: PRISMA's register box, and studies under way.

A record is one study, known by its NCT number. It is a registration and another report than any
article, so deduplication never joins it with an article of the same title (`matching.rules`); both
belong to one study, which is where they meet. `Record.citation_status` is the overall status. One that
passes title and abstract and is NOT_YET_RECRUITING, RECRUITING, ENROLLING_BY_INVITATION or
ACTIVE_NOT_RECRUITING is what the full-text verdict `ongoing` is for: an eligible study without results
yet, which a review names as such. The registration is then the text that was read. COMPLETED or
TERMINATED without results anywhere is for `awaiting`; UNKNOWN means that nobody confirmed the status
for two years, so it says neither. A study with results in the register itself has a type that says so.

A sub-query is an Essie expression, sent as `query.term`. Its date is `filter.advanced`: the study was
first posted on that day or before. It is no look into the past: text and status are those of today,
so a study is found, or not, by what it says now. The answer counts the studies updated since.

Complete or failed: pages are asked for with the studies in order of their first posting, which no
update changes; the number announced must be the number received, no NCT number may come twice, and
the registry's data must be of one build before the first page and after the last. Otherwise, and
where the registry says that its data changed between two pages, all pages are asked for anew.

What this rests on. Documented (copies of the OpenAPI description and of the pages Search Areas and
Constructing Complex Search Queries): parameters, `pageSize` up to 1,000, `totalCount` on the first page
only, sorting by dates and numbers only, filters ignored beside a text of NCT numbers only, capital
operators, names of fields. Seen by others and written down in public: the plain words of errors with
HTTP 400, among them "The data have probably changed while you were paginating. Please, start over
from the first page."; a page filled to the brim announces a next one that is empty; a small `or` is a
word to search for; no star truncates. Not documented: any limit of requests; some 50 a minute are
reported, and we stay below. Guesses, never run against the service: that `OverallOfficialName` and
its like may be asked for beside whole modules, that any HTTP 400 to a page token means the token, and
that the order of studies posted on one day stays the same within one build.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from iimscreen import settings
from iimscreen.errors import InputError, SourceError
from iimscreen.model import Answer, Kind, Record, Reply, SubQuery
from iimscreen.sources import _http
from iimscreen.sources._ctgov_records import DATABASE, FIELDS, nct_number, record_of
from iimscreen.wording import counted

SPACING_S = 1.25  # 48 requests a minute
PASSES = 3  # times that all pages are asked for before we give up
MOST_EMPTY_PAGES = 5
SORT = "StudyFirstPostDate:asc"

NO_BUILD = "the build of ClinicalTrials.gov is not recorded: it did not tell its version"
_WRONG_TEXT = (
    "look at the search as it is sent, with --dry-run; operators are AND, OR, NOT in capitals, and "
    "parentheses and quotes must be closed"
)
_SENT = re.compile(
    r"query\.term=(?P<term>.+?)"
    r"(?: & filter\.advanced=(?P<limit>AREA\[StudyFirstPostDate\]RANGE\[MIN,(?P<day>\d{4}-\d{2}-\d{2})\]))?"
)
_QUOTED = re.compile(r'"[^"]*"')
_SMALL_OPERATOR = re.compile(r"\b(?:and|or|not)\b")
_TRUNCATED = re.compile(r"\w+[*?]")
_TAG = re.compile(r"(?<![A-Z])\[[A-Za-z][^\[\]]*\]")


class _StaleTokenError(Exception):
    """The registry no longer takes the token of the next page: the pages begin anew."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A sub-query as parameters."""

    term: str
    limit: str
    day: str  # of the limit

    @property
    def parameters(self) -> dict[str, str]:
        return {"query.term": self.term, **({"filter.advanced": self.limit} if self.limit else {})}


@dataclass(frozen=True, slots=True)
class _Page:
    total: int | None  # on the first page only
    records: tuple[Record, ...]
    next_token: str | None


@dataclass(slots=True)
class _Walk:
    """One pass through the pages of a sub-query."""

    build_before: str | None
    total: int
    next_token: str | None = None
    build_after: str | None = None
    records: dict[str, Record] = field(default_factory=dict)
    received: int = 0
    empty_pages: int = 0

    def add(self, page: _Page) -> None:
        self.received += len(page.records)
        self.empty_pages += not page.records
        self.records.update((record.accession, record) for record in page.records if record.accession)
        is_endless = self.received > self.total or self.empty_pages > MOST_EMPTY_PAGES
        self.next_token = None if is_endless else page.next_token

    @property
    def is_read(self) -> bool:
        return self.next_token is None

    @property
    def fault(self) -> str:
        """Why this pass cannot be relied upon; "" if nothing speaks against it."""
        if self.received != self.total:
            return f"{self.total:,} announced, {self.received:,} received"
        if len(self.records) != self.received:
            return f"{self.received - len(self.records):,} of {self.received:,} came twice"
        if self.build_before and self.build_after and self.build_before != self.build_after:
            return f"its data changed meanwhile ({self.build_before}, then {self.build_after})"
        return ""

    @property
    def build(self) -> str | None:
        """The build that all pages are known to be of."""
        return self.build_before if self.build_before == self.build_after else None

    def saved(self) -> str:
        return f"{len(self.records):,} of {counted(self.total, 'study', 'studies')} are saved"


class ClinicalTrials:
    """ClinicalTrials.gov as a source, asked one request at a time."""

    database = DATABASE
    source = "clinicaltrials"
    kind = Kind.REGISTER

    def __init__(
        self,
        registry: settings.Registry,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises InputError if the registry's address is no http or https address."""
        self._settings = registry
        self._client = _http.Client(
            _http.Server(
                DATABASE,
                registry.base_url,
                "IIMSCREEN_CTGOV_URL",
                SPACING_S,
                registry.timeout_s,
                registry.tries,
            ),
            sleep=sleep,
            clock=clock,
        )

    def count(self, sub_query: SubQuery) -> int:
        """How many studies the registry finds now; nothing is kept."""
        asked = _asked(sub_query)
        parameters = {**asked.parameters, "fields": "NCTId", "pageSize": "1", "countTotal": "true"}
        _, page = self._studies({**parameters, "format": "json"})
        return page.total or 0

    def fetch(
        self,
        sub_query: SubQuery,
        *,
        resume_from: Iterable[Reply] = (),
        keep: Callable[[Reply], None] = lambda _reply: None,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Answer:
        """All studies that the registry finds, each once, in order of their first posting.

        Kept pages are not asked for again as long as the registry takes the token of the next one.
        Raises InputError if the text was not written for this source, SourceError if the pages
        cannot be completed, or keep changing while they are read.
        """
        asked = _asked(sub_query)
        walks = _walks(asked, resume_from)
        walk = _proven(walks)
        if walk is not None:
            return _answer(asked, walk)
        walk = walks[-1] if walks and not (walks[-1].is_read and walks[-1].fault) else None
        cause = ""
        for _ in range(PASSES):
            try:
                if walk is None:
                    walk = self._begun(asked, keep)
                on_progress(len(walk.records), walk.total)
                self._read_to_the_end(asked, walk, keep, on_progress)
            except _StaleTokenError as error:
                walk, cause = None, f"it says {str(error)!r}"
                continue
            if not walk.fault:
                walk.build_after = self._build(keep)
            if not walk.fault:
                return _answer(asked, walk)
            cause = walk.fault
            walk = None
        raise SourceError(
            f"{DATABASE} gave no complete list of studies, asked {PASSES} times from the beginning: {cause}",
            hint="its data change once a day: give the same command again in an hour",
        )

    def replay(self, sub_query: SubQuery, replies: Iterable[Reply]) -> Answer:
        """The answer that kept replies give, without asking: the same that `fetch` gave.

        Raises SourceError if a page is missing or unreadable.
        """
        asked = _asked(sub_query)
        walks = _walks(asked, replies)
        whole = [walk for walk in walks if walk.is_read and not walk.fault]
        walk = _proven(walks) or (whole[-1] if whole else None)
        if walk is None:
            held = f"; {walks[-1].saved()}" if walks else ""
            raise SourceError(
                f"the kept replies to sub-query {sub_query.label} are not complete{held}",
                hint="`iimscreen check` looks for what is lost",
            )
        return _answer(asked, walk)

    # What is asked, in order

    def _begun(self, asked: _Asked, keep: Callable[[Reply], None]) -> _Walk:
        """A new pass, with its first page."""
        before = self._build(keep)
        parameters = {**self._page_parameters(asked), "countTotal": "true"}
        body, page = self._studies(parameters)
        keep(_reply("studies", parameters, body))
        walk = _Walk(before, page.total or 0)
        walk.add(page)
        return walk

    def _read_to_the_end(
        self,
        asked: _Asked,
        walk: _Walk,
        keep: Callable[[Reply], None],
        on_progress: Callable[[int, int], None],
    ) -> None:
        while walk.next_token is not None:
            parameters = {**self._page_parameters(asked), "pageToken": walk.next_token}
            try:
                body, page = self._studies(parameters)
            except SourceError as error:
                raise SourceError(f"{error.message}; {walk.saved()}", hint=error.hint) from error
            keep(_reply("studies", parameters, body))
            walk.add(page)
            on_progress(len(walk.records), walk.total)

    def _page_parameters(self, asked: _Asked) -> dict[str, str]:
        return {
            **asked.parameters,
            "fields": "|".join(FIELDS),
            "format": "json",
            "markupFormat": "markdown",
            "pageSize": str(self._settings.page_size),
            "sort": SORT,
        }

    def _build(self, keep: Callable[[Reply], None]) -> str | None:
        """The registry's data timestamp and API version; None if it does not tell, which is no failure."""
        try:
            body, build = self._client.get("version", {}, _read_version, tries=2)
        except SourceError:
            return None
        keep(_reply("version", {}, body))
        return build

    def _studies(self, parameters: dict[str, str]) -> tuple[bytes, _Page]:
        token = parameters.get("pageToken")

        def read(received: _http.Received) -> _Page:
            _http.check_status(received, DATABASE)
            if received.status == 400 and token is not None:
                # The same parameters were good for the page before, so the token is to blame.
                raise _StaleTokenError(_words(received.body))
            if received.status >= 300:
                raise SourceError(
                    f"{DATABASE} refuses the request (HTTP {received.status}): {_words(received.body)!r}",
                    hint=_WRONG_TEXT if received.status == 400 else f"try again later; {_http.RESUME}",
                )
            return _page_of(received.body, is_first=token is None)

        return self._client.get("studies", parameters, read)


def _asked(sub_query: SubQuery) -> _Asked:
    """The parameters that a sub-query's text names. Raises InputError if it names none."""
    found = _SENT.fullmatch(sub_query.text_sent)
    if found is None:
        raise InputError(
            f"sub-query {sub_query.label} is not written for {DATABASE}: {sub_query.text_sent[:80]!r}",
            hint='a strategy for it states source = "clinicaltrials" in its table [strategy]',
        )
    return _Asked(found["term"], found["limit"] or "", found["day"] or "")


def _answer(asked: _Asked, walk: _Walk) -> Answer:
    records = tuple(walk.records.values())
    build = walk.build
    warnings = [*_said_of(asked.term), *_updated_since(asked.day, records)]
    return Answer(
        hits=walk.total,
        records=records,
        warnings=(*warnings, *(() if build else (NO_BUILD,))),
        database_build=build,
    )


def _updated_since(day: str, records: Sequence[Record]) -> list[str]:
    """What must be said of a limit to the past."""
    later = sum(bool(record.revised_on and record.revised_on > day) for record in records) if day else 0
    if not later:
        return []
    return [
        f"{later:,} of {counted(len(records), 'study', 'studies')} posted by {day} "
        f"{'was' if later == 1 else 'were'} updated since: found, or not, by the text of today"
    ]


def _said_of(term: str) -> list[str]:
    """What the registry reads otherwise than PubMed does, and says nothing of."""
    bare = _QUOTED.sub(" ", term)
    said = [
        f"{DATABASE} takes the small word {word!r} for a word to find: operators are AND, OR, NOT"
        for word in dict.fromkeys(_SMALL_OPERATOR.findall(bare))
    ]
    said += [
        f"{DATABASE} knows no truncation, as in {word!r}: it adds plurals and synonyms by itself"
        for word in dict.fromkeys(_TRUNCATED.findall(bare))
    ]
    said += [
        f"{tag} looks like a tag of PubMed: here a field stands before its term, as in AREA[BriefTitle]myositis"
        for tag in dict.fromkeys(_TAG.findall(bare))
    ]
    return said


# What came back


def _page_of(body: bytes, *, is_first: bool) -> _Page:
    """One page of studies. Raises PassingError if it is cut, or no page of studies."""
    stated = _object(body)
    studies = stated.get("studies")
    if not isinstance(studies, list):
        raise _http.PassingError("the reply holds no list of studies")
    for study in studies:
        if nct_number(study) is None:
            raise _http.PassingError("the reply holds a study without an NCT number")
    total = stated.get("totalCount")
    if is_first and (type(total) is not int or total < 0):
        raise _http.PassingError("the reply states no count of studies")
    token = stated.get("nextPageToken")
    return _Page(
        total=total if is_first else None,
        records=tuple(map(record_of, studies)),
        next_token=token if isinstance(token, str) and token else None,
    )


def _read_version(received: _http.Received) -> str:
    _http.check_status(received, DATABASE)
    if received.status >= 300:
        raise _http.PassingError(f"HTTP {received.status}")
    return _build_of(received.body)


def _build_of(body: bytes) -> str:
    """The registry's build, as "2025-11-21T09:00:04 (API 2.0.5)"."""
    stated = _object(body)
    data, version = stated.get("dataTimestamp"), stated.get("apiVersion")
    if not isinstance(data, str) or not data.strip():
        raise _http.PassingError("the reply names no build")
    return f"{data.strip()} (API {version})" if isinstance(version, str) and version else data.strip()


def _object(body: bytes) -> dict[str, Any]:
    try:
        stated = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _http.PassingError("the reply is cut short, or no JSON") from error
    if not isinstance(stated, dict):
        raise _http.PassingError("the reply is JSON of another kind than expected")
    return stated


def _words(body: bytes) -> str:
    """What an error reply says: plain words, or JSON with an `error` or `message`."""
    try:
        stated = json.loads(body)
    except (ValueError, RecursionError):
        stated = None
    if isinstance(stated, dict):
        for key in ("error", "message"):
            if isinstance(stated.get(key), str):
                return " ".join(stated[key].split())[:200]
    return _http.words_of(body[:20_000].decode("utf-8", errors="replace"))


# Replies that were kept


def _reply(endpoint: str, parameters: Mapping[str, str], body: bytes) -> Reply:
    return Reply(json.dumps({**parameters, "endpoint": endpoint}, sort_keys=True, ensure_ascii=False), body)


def _walks(asked: _Asked, kept: Iterable[Reply]) -> list[_Walk]:
    """The passes that kept replies hold, oldest first; replies to another text are passed over."""
    walks: list[_Walk] = []
    build: str | None = None
    for reply in kept:
        stated = _stated(reply)
        try:
            if stated.get("endpoint") == "version":
                build = _build_of(reply.body)
                if walks and walks[-1].is_read and walks[-1].build_after is None:
                    walks[-1].build_after = build
            elif stated.get("endpoint") == "studies" and _is_of(asked, stated):
                _take(walks, stated.get("pageToken"), reply, build)
        except _http.PassingError:
            continue
    return walks


def _take(walks: list[_Walk], token: str | None, reply: Reply, build: str | None) -> None:
    """Put one kept page where it belongs."""
    page = _page_of(reply.body, is_first=token is None)
    if token is None:
        walks.append(_Walk(build, page.total or 0))
        walks[-1].add(page)
    else:  # two processes may have read the same sub-query at once
        walk = next((walk for walk in reversed(walks) if walk.next_token == token), None)
        if walk is not None:
            walk.add(page)


def _proven(walks: Sequence[_Walk]) -> _Walk | None:
    """The latest pass that is complete and known to be of one build."""
    return next((walk for walk in reversed(walks) if walk.is_read and walk.build and not walk.fault), None)


def _is_of(asked: _Asked, stated: Mapping[str, str]) -> bool:
    mine = (asked.term, asked.limit)
    return (stated.get("query.term"), stated.get("filter.advanced", "")) == mine


def _stated(reply: Reply) -> dict[str, str]:
    try:
        found = json.loads(reply.request)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
