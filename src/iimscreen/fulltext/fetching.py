"""Full texts that PubMed Central passes on, fetched for reports with a PMCID; each is stored when it arrives.

What it does not pass on is logged as an attempt, and not asked for again unless the report is named.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from iimscreen import sources
from iimscreen.errors import InputError
from iimscreen.fulltext import attaching
from iimscreen.fulltext.files import Incoming
from iimscreen.fulltext.marking import of_other_versions, require_wanted
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, fulltext_files, records, report_notes
from iimscreen.store.gate import Gate

ORIGIN = "PubMed Central"
_PMCID = re.compile(r"\s*(?:PMC)?\s*([1-9]\d{0,9})(?:\.\d+)?\s*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of asking for one report."""

    key: str
    pmcid: str
    why_not: str  # "" where its full text was stored


@dataclass(frozen=True, slots=True)
class Wanted:
    """Reports to ask for, and how many of the others are passed over why."""

    pmcids: dict[str, str]  # report → PMCID
    present: int  # have their full text from there
    refused: int  # were asked for before, and not given
    without: int  # have no PMCID


def wanted(review: Review, given: Sequence[str] = ()) -> Wanted:
    """The reports to ask for: those named, or all that are sought and have a PMCID.

    Raises InputError if one that is named has none.
    """
    with review.reading():
        gate = Gate(review, in_force(review))
        if given:
            keys = [require_wanted(review, gate, one) for one in given]
        else:
            keys = [*gate.sought(), *sorted(of_other_versions(review))]
        files, notes = fulltext_files.standing(review), report_notes.everything(review)
        found: dict[str, str] = {}
        present = refused = without = 0
        for key in dict.fromkeys(keys):
            pmcid = _pmcid_of(review, key)
            if pmcid is None and given:
                raise InputError(
                    f"{key} has no PMCID, by which PubMed Central could be asked",
                    hint="`iimscreen fulltext attach` takes a file that you have",
                )
            if pmcid is None:
                without += 1
            elif any(one.origin == _origin(pmcid) for one in files.get(key, ())):
                present += 1
            elif not given and any(_is_refusal(note, pmcid) for note in notes.get(key, ())):
                refused += 1
            else:
                found[key] = pmcid
    return Wanted(found, present, refused, without)


def fetch(
    review: Review,
    asked: Wanted,
    access: sources.Access,
    *,
    by: str,
    today: dt.date,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Iterator[Answered]:
    """Ask for each report, store what comes, and say so. Raises SourceError; what was stored by then stays."""
    articles = sources.full_texts(asked.pmcids.values(), access)
    for done, (key, article) in enumerate(zip(asked.pmcids, articles, strict=True), start=1):
        with review.writing():
            if article.why_not:
                text = f"{article.pmcid}: {article.why_not}"
                report_notes.add(review, key, report_notes.ATTEMPT, text, done_on=today.isoformat(), by=by)
            else:
                file = Incoming.of(f"{article.pmcid}.xml", article.xml)
                attaching.add(review, key, [file], by=by, origin=_origin(article.pmcid))
        on_progress(done, len(asked.pmcids))
        yield Answered(key, article.pmcid, article.why_not)


def _origin(pmcid: str) -> str:
    return f"{ORIGIN}, {pmcid}"


def _is_refusal(note: report_notes.ReportNote, pmcid: str) -> bool:
    return note.item == report_notes.ATTEMPT and note.text.startswith(f"{pmcid}: ")


def _pmcid_of(review: Review, key: str) -> str | None:
    """The PMCID that any record of a report states, the kept one first."""
    members = [key, *(one for one in records.members_of(review, key) if one != key)]
    for stored in records.by_keys(review, members):
        found = _PMCID.fullmatch(stored.record.pmcid or "")
        if found:
            return f"PMC{found.group(1)}"
    return None
