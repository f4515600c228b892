"""What each search asked, was told and found, read back from the review file.

A receipt is what a methodologist needs to sign for a search: PRISMA-S items 8 (strategies as run), 9
(limits), 13 (dates) and 15 (records per source). The date of a search is the day on which it was run;
the as-of date of a strategy is a limit. Nothing here asks a source anything or writes to the review.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from iimscreen.comparison import Limit
from iimscreen.errors import InputError
from iimscreen.formats import pubmed_xml
from iimscreen.model import Kind
from iimscreen.store import Review
from iimscreen.store import receipts as kept
from iimscreen.store.receipts import ReplyRow, RunRow, SearchRow

# --- which searches and runs there are, and how people name them -----------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """A search with its runs, or one imported file; numbered from 1 in the order of the log."""

    number: int
    search: SearchRow | None  # None: an imported file
    runs: tuple[RunRow, ...]

    def number_of(self, run: RunRow) -> str:
        """What a run is called: "2.5" is the fifth sub-query of search 2, "3" an imported file."""
        return str(self.number) if self.search is None else f"{self.number}.{self.runs.index(run) + 1}"


@dataclass(frozen=True, slots=True)
class Named:
    """What a name stands for: a whole entry, or one run of it."""

    entry: Entry
    runs: tuple[RunRow, ...]

    @property
    def name(self) -> str:
        """How it is called in sentences: "search 2", "run 2.5", "import 3"."""
        if self.entry.search is None:
            return f"import {self.entry.number}"
        if self.runs == self.entry.runs:
            return f"search {self.entry.number}"
        return f"run {self.entry.number_of(self.runs[0])}"


_LEAST_OF_UID = 6  # fewer digits could be a label


def listing(review: Review) -> list[Entry]:
    """Every search with its runs, and every import, oldest first."""
    with review.reading():
        searches, runs = kept.searches(review), kept.runs(review)
    by_search: dict[str, list[RunRow]] = {}
    for run in runs:
        by_search.setdefault(run.search_uid or run.uid, []).append(run)
    heads: list[tuple[int, str, SearchRow | None]] = [(one.id, one.uid, one) for one in searches]
    heads += [(run.id, run.uid, None) for run in runs if run.search_uid is None]
    return [
        Entry(number, search, tuple(by_search.get(uid, ())))
        for number, (_, uid, search) in enumerate(sorted(heads, key=lambda head: head[0]), start=1)
    ]


def find(review: Review, name: str) -> Named:
    """The search or run that a person means.

    A number of the list ("2", "2.5", "2.F05"), the beginning of a uid (six digits or more), the label
    of a sub-query ("F05": of the latest search, or of the one search that has it), or the name of an
    imported file. Raises InputError listing what there is if nothing, or more than one thing, fits.
    """
    entries = listing(review)
    found = {(one.entry.number, one.runs): one for one in _meant(entries, name.strip())}
    if len(found) == 1:
        return next(iter(found.values()))
    if not entries:
        raise InputError(
            f"no search or run is {name!r}: nothing was searched or imported here yet",
            hint="begin with `iimscreen search`",
        )
    if found:
        raise InputError(
            f"{name!r} fits {len(found)}: {', '.join(_called(one) for one in found.values())}",
            hint="give the number or more of the uid, as `iimscreen search show` lists them",
        )
    raise InputError(
        f"no search or run is {name!r}; there are {_enumerated(entries)}",
        hint="give a number such as 1 or 1.2, a label such as F05, or the beginning of a uid; "
        "`iimscreen search show` lists all",
    )


def _meant(entries: Sequence[Entry], name: str) -> Iterator[Named]:
    by_number = {str(entry.number): entry for entry in entries}
    if name in by_number:
        yield Named(by_number[name], by_number[name].runs)
    head, dot, rest = name.partition(".")
    if dot and head in by_number and by_number[head].search is not None:
        entry = by_number[head]
        for run in entry.runs:
            if rest == run.label or entry.number_of(run) == name:
                yield Named(entry, (run,))
    yield from _labelled(entries, name)
    if len(name) >= _LEAST_OF_UID and re.fullmatch(r"[0-9a-f]+", name):
        for entry in entries:
            if entry.search is not None and entry.search.uid.startswith(name):
                yield Named(entry, entry.runs)
            for run in entry.runs:
                if run.uid.startswith(name):
                    yield Named(entry, (run,))


def _labelled(entries: Sequence[Entry], name: str) -> list[Named]:
    """Runs of this label: the latest search's alone, if it has one."""
    found = [Named(entry, (run,)) for entry in entries for run in entry.runs if run.label == name]
    found = found or [
        Named(entry, (run,))
        for entry in entries
        for run in entry.runs
        if run.label.casefold() == name.casefold()
    ]
    latest = max((entry.number for entry in entries if entry.search is not None), default=0)
    return [one for one in found if one.entry.number == latest] or found


def _called(one: Named) -> str:
    run = one.runs[0] if one.runs else None
    if one.entry.search is None:
        return f"{one.entry.number} (file {run.file_name})" if run else one.name
    if one.runs == one.entry.runs:
        return f"{one.entry.number} (strategy {one.entry.search.strategy}, {one.entry.search.at[:10]})"
    return f"{one.entry.number_of(one.runs[0])} ({one.runs[0].label})"


def _enumerated(entries: Sequence[Entry], most: int = 8) -> str:
    shown = ", ".join(_called(Named(entry, entry.runs)) for entry in entries[-most:])
    return f"{shown}{', and older ones' if len(entries) > most else ''}"


# --- the receipt -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReplyReceipt:
    """One raw reply.

    utility: the service asked, such as esearch or efetch; null where the source has but one
    request: the parameters sent, without e-mail address and key
    bytes: length of the reply; null if what is kept of it cannot be unpacked
    sha256: SHA-256 of the reply, noted when it came in (`search replay` and `check` verify it)
    received_at: UTC
    """

    utility: str | None
    request: Mapping[str, Any]  # whatever the parameters are
    bytes: int | None
    sha256: str
    received_at: str


@dataclass(frozen=True, slots=True)
class Slice:
    """One part of a sub-query that was cut up, because it finds more than one ESearch can list.

    term: the text sent
    hits: the records that it announced and listed
    """

    term: str
    hits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Everything that is kept of one run.

    run: its number, as `search show` lists it: "1.2", or "3" for an imported file
    uid: its name in the log; the same in every copy of the review
    label: of the sub-query, or the name of the file
    search_uid: the search it belongs to; null for an imported file
    source: the first part of record keys
    database: as PRISMA names it
    kind: PRISMA's box: database, register, website, organisation or citation
    strategy: name of the strategy; null for an imported file, as are the next six
    strategy_sha256: SHA-256 of the strategy file's text
    text_written: the sub-query as the strategy has it
    text_sent: the sub-query as the source was sent it, with the date limit
    interpreted_as: how the source says it read the text (PubMed's QueryTranslation); "" if it does not
    date_field: the date that limits: crdt, edat, dp or first-posted; null without a limit
    as_of: the last day that the limit lets in; a limit, not the date of the search
    is_complete: whether the run was finished
    begun_at: UTC; all runs of a search are logged when the search begins
    asked_at: UTC; when the source's last word on what is found came in; null if it keeps no replies
    finished_at: UTC; null if it was not finished, as are the next ten
    zone: of the computer that ran it, with its offset from UTC; null if older than that note
    finished_local: finished_at on that computer's clock
    hits: records found
    new: of these, not in the review before
    known: of these, in the review already
    undated: of these, kept although the source does not know the date asked for
    refused: records of an imported file that could not be used
    warnings: what the source, or iimscreen, said about this sub-query, in sentences
    database_build: the state of the database, as the source names it
    phrases_not_found: words and quoted phrases that PubMed does not know, as typed
    fields_not_found: field tags that PubMed does not know
    words_ignored: words that PubMed left out
    said: PubMed's other messages
    slices: the parts of a search that was cut up; empty where one ESearch was enough
    replies: every raw reply, in order of arrival
    accessions: of the records (PMIDs, for PubMed), in the order found
    file_name: of an imported file; null for a sub-query, as are the next two
    file_sha256: SHA-256 of the imported file
    file_format: the format that it was read as
    tool_version: the iimscreen that began the run
    """

    run: str
    uid: str
    label: str
    search_uid: str | None
    source: str
    database: str
    kind: Kind
    strategy: str | None
    strategy_sha256: str | None
    text_written: str | None
    text_sent: str | None
    interpreted_as: str | None
    date_field: str | None
    as_of: str | None
    is_complete: bool
    begun_at: str
    asked_at: str | None
    finished_at: str | None
    zone: str | None
    finished_local: str | None
    hits: int | None
    new: int | None
    known: int | None
    undated: int | None
    refused: int | None
    warnings: tuple[str, ...]
    database_build: str | None
    phrases_not_found: tuple[str, ...]
    fields_not_found: tuple[str, ...]
    words_ignored: tuple[str, ...]
    said: tuple[str, ...]
    slices: tuple[Slice, ...]
    replies: tuple[ReplyReceipt, ...]
    accessions: tuple[str, ...]
    file_name: str | None
    file_sha256: str | None
    file_format: str | None
    tool_version: str


def show(review: Review, named: Named) -> list[Receipt]:
    """The receipt of each run that a name stands for, in order."""
    with review.reading():
        return [_receipt(review, named.entry, run) for run in named.runs]


_SAID = {
    "PhraseNotFound": "phrases_not_found",
    "QuotedPhraseNotFound": "phrases_not_found",
    "FieldNotFound": "fields_not_found",
    "PhraseIgnored": "words_ignored",
}
# Never sent to `keep` by a source; left out here too, should one err.
_PRIVATE = ("email", "api_key", "tool")


def _receipt(review: Review, entry: Entry, run: RunRow) -> Receipt:
    search, result, limit = entry.search, run.result, limit_of(run)
    replies: list[ReplyReceipt] = []
    slices: dict[str, Slice] = {}
    said: dict[str, list[str]] = {}
    asked_at = None
    for row in kept.replies(review, run.uid):
        reply = _reply_receipt(row)
        replies.append(reply)
        is_search = reply.utility == "esearch"
        if is_search or asked_at is None:
            asked_at = row.received_at
        if is_search and row.body is not None:
            slices |= _read_esearch(row.body, reply.request, said)
    told = {name: tuple(dict.fromkeys(said.get(name, ()))) for name in (*_SAID.values(), "said")}
    return Receipt(
        run=entry.number_of(run),
        uid=run.uid,
        label=run.label,
        search_uid=run.search_uid,
        source=run.source,
        database=run.database,
        kind=run.kind,
        strategy=search.strategy if search else None,
        strategy_sha256=search.strategy_sha256 if search else None,
        text_written=run.query,
        text_sent=run.text_sent,
        interpreted_as=result.interpreted_as if result and search else None,
        date_field=limit.field if limit else None,
        as_of=limit.until if limit else None,
        is_complete=result is not None,
        begun_at=run.begun_at,
        asked_at=asked_at,
        finished_at=result.finished_at if result else None,
        zone=result.zone if result else None,
        finished_local=_local(result.finished_at, result.zone) if result else None,
        hits=result.hits if result else None,
        new=result.new if result else None,
        known=result.hits - result.new if result else None,
        undated=result.undated if result else None,
        refused=result.refused if result else None,
        warnings=result.warnings if result else (),
        database_build=result.database_build if result else None,
        phrases_not_found=told["phrases_not_found"],
        fields_not_found=told["fields_not_found"],
        words_ignored=told["words_ignored"],
        said=told["said"],
        slices=tuple(slices.values()) if len(slices) > 1 else (),
        replies=tuple(replies),
        accessions=tuple(kept.accessions(review, run.id)),
        file_name=run.file_name,
        file_sha256=run.file_sha256,
        file_format=run.file_format,
        tool_version=run.tool_version,
    )


def _reply_receipt(row: ReplyRow) -> ReplyReceipt:
    request = {name: value for name, value in _parameters(row.request).items() if name not in _PRIVATE}
    utility = request.pop("utility", None)
    return ReplyReceipt(
        utility=None if utility is None else str(utility),
        request=request,
        bytes=None if row.body is None else len(row.body),
        sha256=row.sha256,
        received_at=row.received_at,
    )


def _parameters(request: str) -> dict[str, Any]:
    found = json.loads(request)
    return found if isinstance(found, dict) else {"request": found}


def _read_esearch(body: bytes, request: Mapping[str, Any], said: dict[str, list[str]]) -> dict[str, Slice]:
    """A listing that is whole, by the text sent; what ESearch said about words goes to `said`."""
    try:
        root = pubmed_xml.tree(body)
    except InputError:
        return {}  # an error reply in another form: it announced nothing
    for element in root.findall("ErrorList/*") + root.findall("WarningList/*"):
        text = " ".join("".join(element.itertext()).split())
        if text:
            said.setdefault(_SAID.get(element.tag, "said"), []).append(text)
    count, term = root.findtext("Count", "").strip(), str(request.get("term", ""))
    if request.get("rettype") == "count" or not count.isdecimal():
        return {}
    is_whole = len(root.findall("IdList/Id")) == int(count)
    return {term: Slice(term, int(count))} if is_whole else {}


_PUBMED_LIMIT = re.compile(r" AND [\d/]+:(\d{4})/(\d\d)/(\d\d)\[(\w+)\]")
_REGISTER_LIMIT = re.compile(
    r".* & filter\.advanced=AREA\[StudyFirstPostDate\]RANGE\[MIN,([\d-]{10})\]", re.DOTALL
)


def limit_of(run: RunRow) -> Limit | None:
    """The date limit that was sent with a sub-query; None without one."""
    if run.query is None or run.text_sent is None:
        return None
    found = _PUBMED_LIMIT.fullmatch(run.text_sent.removeprefix(f"({run.query})"))
    if found:
        year, month, day, field = found.groups()
        return Limit(field, f"{year}-{month}-{day}")
    posted = _REGISTER_LIMIT.fullmatch(run.text_sent)
    return Limit("first-posted", posted.group(1)) if posted else None


def _local(at: str, zone: str | None) -> str | None:
    """A UTC moment on the clock of a zone written as "Europe/Rome +02:00"."""
    offset = re.search(r"([+-])(\d\d):(\d\d)$", zone or "")
    if offset is None:
        return None
    sign, hours, minutes = offset.groups()
    away = dt.timedelta(hours=int(hours), minutes=int(minutes)) * (1 if sign == "+" else -1)
    return dt.datetime.fromisoformat(at).astimezone(dt.timezone(away)).isoformat(timespec="seconds")


# --- for the search appendix -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SourceAccount:
    """What PRISMA-S asks of one source: when it was last searched, with what, under which limits."""

    source: str
    database: str
    kind: Kind
    searched_at: str | None  # UTC, end of its latest finished run; None if it was imported from only
    zone: str | None  # of that run's computer
    imported_at: str | None  # UTC, of the latest import; on which day it was exported is not known
    limits: tuple[Limit, ...]  # of all its searches, each once; empty: none
    unique: int  # distinct records over all searches and imports
    searches: tuple[Entry, ...]  # oldest first; `strategy_text` is the exact strategy, runs have the hits
    imports: tuple[Entry, ...]


def accounts(review: Review) -> list[SourceAccount]:
    """One account per source, in order of first use; PRISMA-S items 1, 8, 9, 13 and 15.

    An abandoned search is among them, with `is_abandoned` set: its finished runs gave records.
    """
    with review.reading():
        entries = listing(review)
        unique = kept.unique_by_source(review)
    by_source: dict[str, list[Entry]] = {}
    for entry in entries:
        source = entry.search.source if entry.search else entry.runs[0].source
        by_source.setdefault(source, []).append(entry)
    return [_account(source, found, unique.get(source, 0)) for source, found in by_source.items()]


def _account(source: str, entries: Sequence[Entry], unique: int) -> SourceAccount:
    searches = tuple(entry for entry in entries if entry.search is not None)
    imports = tuple(entry for entry in entries if entry.search is None)
    done = [run.result for entry in searches for run in entry.runs if run.result is not None]
    last = max(done, key=lambda result: result.finished_at, default=None)
    limits = [limit_of(run) for entry in searches for run in entry.runs]
    any_run = entries[0].runs[0]
    return SourceAccount(
        source=source,
        database=any_run.database,
        kind=any_run.kind,
        searched_at=last.finished_at if last else None,
        zone=last.zone if last else None,
        imported_at=max((entry.runs[0].begun_at for entry in imports), default=None),
        limits=tuple(dict.fromkeys(limit for limit in limits if limit is not None)),
        unique=unique,
        searches=searches,
        imports=imports,
    )
