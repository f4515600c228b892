"""Two searches, runs or lists of PMIDs as sides of a comparison, with the contents their own replies give.

The records of the review keep the wording of the run that brought them in, so a later run's contents
are read from its replies and never from there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from pathlib import Path

from iimscreen import comparison
from iimscreen.comparison import Comparison, Facts, Found, Query, Side
from iimscreen.comparison.reasons import Change, Grade
from iimscreen.errors import InputError
from iimscreen.formats import pubmed_xml
from iimscreen.model import Answer, Parsed, Record
from iimscreen.receipts import Named, limit_of
from iimscreen.replay import FieldDifference, accession_of, are_those_logged, rebuilt, sound
from iimscreen.store import Review
from iimscreen.store import receipts as kept
from iimscreen.store.receipts import RunRow
from iimscreen.store.records import by_keys

Ask = Callable[[Sequence[str]], Mapping[str, Record | None]]  # PMIDs → records as PubMed gives them now


def compare(
    review: Review, first: Named | Side, second: Named | Side, *, ask: Ask | None = None
) -> Comparison:
    """What the second search, run or list has, lacks or says otherwise than the first, and why.

    `ask` looks up at PubMed what only one side has; without it nothing but the review file is read.
    """
    with review.reading():
        one, other = _sides(review, first, second)
        facts = Facts(entered_on=kept.days_of_entry(review))
    if ask is not None:
        found = comparison.compare(one, other, facts)
        wanted = [
            x.pmid
            for x in found.differences
            if x.pmid and x.change in (Change.NEW, Change.LOST) and x.grade is not Grade.CERTAIN
        ]
        facts = Facts(facts.entered_on, ask(wanted) if wanted else {})
    return comparison.compare(one, other, facts)


def _sides(review: Review, first: Named | Side, second: Named | Side) -> tuple[Side, Side]:
    contents: tuple[_Contents, _Contents] | None = None
    if isinstance(first, Named) and isinstance(second, Named):
        contents = _where_they_differ(review, first, second)
    one, other = contents or (None, None)
    return (
        first if isinstance(first, Side) else side_of(review, first, one),
        second if isinstance(second, Side) else side_of(review, second, other),
    )


def side_of(review: Review, named: Named, contents: _Contents | None = None) -> Side:
    """A search or run as one side: the union of its runs, with the contents that its replies give.

    `contents` are those that are known already, of all its records. Raises InputError if a run of it
    is not finished: what it would find is not known.
    """
    unfinished = [run.label for run in named.runs if run.result is None]
    if unfinished:
        raise InputError(
            f"{named.name} is not complete: {', '.join(unfinished[:5])} "
            f"{'has' if len(unfinished) == 1 else 'have'} no result",
            hint="complete it by giving its `iimscreen search` command again, or compare single runs of it",
        )
    records: dict[str, Found] = {}
    queries: dict[str, Query] = {}
    moments: list[str] = []
    for run in named.runs:
        found = _found_in(review, named, run, contents)
        for accession, one in found.items():
            if accession not in records or (records[accession].content is None and one.content is not None):
                records[accession] = one
        if run.search_uid is not None and run.result is not None:
            queries[run.label] = Query(run.query or "", run.result.interpreted_as, frozenset(found))
        moments.append(kept.asked_at(review, run) or run.begun_at)
    limits = {limit_of(run) for run in named.runs}
    builds = {run.result.database_build for run in named.runs if run.result}
    is_corpus = named.runs[0].source.split("-")[0] == "corpus"
    return Side(
        name=named.name,
        source=named.runs[0].source,
        asked_until=max(moments),
        limit=limits.pop() if len(limits) == 1 else None,
        # A corpus is named by a hash of its content; PubMed's build names a day's state, not its content.
        data=builds.pop() if is_corpus and len(builds) == 1 else None,
        records=records,
        queries=queries,
    )


def _found_in(review: Review, named: Named, run: RunRow, contents: _Contents | None) -> dict[str, Found]:
    if contents is not None:
        return {accession: contents[accession] for accession in kept.accessions(review, run.id)}
    again = rebuilt(review, run)
    if again.faults:
        raise InputError(
            f"run {named.entry.number_of(run)}: {again.why}",
            hint=f"`iimscreen search replay {named.entry.number_of(run)}` shows what is wrong",
        )
    return _found_of(review, run, again.answer)


def _found_of(review: Review, run: RunRow, answer: Answer | None) -> dict[str, Found]:
    """Each record of a run with its contents.

    Where no replies are kept, the stored record is what this run said if the run brought it in; of the
    others it is not known what it said.
    """
    if answer is not None:
        return {
            accession_of(record): Found(accession_of(record), record.pmid, record.doi, record, run.source)
            for record in answer.records
        }
    read_as = f"{run.source}, {run.file_format or 'as stored'}"
    identifiers = kept.identifiers(review, run.id)
    own = kept.brought(review, run.id)
    contents = {
        one.record.accession: one.record
        for one in by_keys(review, [f"{run.source}:{accession}" for accession in own])
    }
    return {
        accession: Found(accession, pmid, doi, contents.get(accession), read_as if accession in own else "")
        for accession, (pmid, doi) in identifiers.items()
    }


# --- two runs of PubMed, where most records did not change -----------------------------------------

# Reading 50,000 records takes 7 s, finding out that they are the same bytes 1 s.

_Contents = Mapping[str, Found]  # by PMID

_SAME = Record()  # stands on both sides for contents that are the same, byte for byte
_START = re.compile(rb"<Pubmed(?:Book)?Article[ >]")
_END = re.compile(rb"</Pubmed(?:Book)?Article>")
_PMID = re.compile(rb"<PMID(?: [^>]*)?>0*(\d+)</PMID>")
_OTHER_ENCODING = re.compile(rb"<\?xml [^>]*encoding=[\"'](?!utf-8|us-ascii)", re.IGNORECASE)


def _where_they_differ(review: Review, first: Named, second: Named) -> tuple[_Contents, _Contents] | None:
    """Contents of all records of both, read only where their bytes differ.

    None where that cannot be told for each record: then all replies are to be read.
    """
    if any(run.source != "pubmed" or run.search_uid is None for run in (*first.runs, *second.runs)):
        return None
    one, other = _digests(review, first), _digests(review, second)
    if one is None or other is None:
        return None
    same = {pmid for pmid, digest in one.items() if other.get(pmid) == digest}
    unchanged = {pmid: Found(pmid, pmid, None, _SAME, "pubmed") for pmid in same}
    of_one = _read(review, first, one.keys() - same)
    of_other = _read(review, second, other.keys() - same)
    if of_one is None or of_other is None:
        return None
    return {**unchanged, **of_one}, {**unchanged, **of_other}


def _pieces(
    review: Review, run: RunRow, hashes: list[str], faults: list[FieldDifference]
) -> Iterator[tuple[str, bytes]]:
    """PMID and bytes of each record in a run's replies that are what came in; of two, the later counts."""
    for reply in sound(kept.replies(review, run.uid), hashes, faults):
        start = _START.search(reply.body)
        if start is None or _OTHER_ENCODING.match(reply.body):
            continue
        at = start.start()
        for end in _END.finditer(reply.body):
            piece = reply.body[at : end.end()].strip()
            at = end.end()
            pmid = _PMID.search(piece)
            if pmid is not None:
                yield pmid.group(1).decode(), piece


def _digests(review: Review, named: Named) -> dict[str, bytes] | None:
    """PMID → a hash of its record's bytes, of the first run that found it."""
    digests: dict[str, bytes] = {}
    for run in named.runs:
        hashes: list[str] = []
        faults: list[FieldDifference] = []
        own = {pmid: hashlib.sha256(piece).digest() for pmid, piece in _pieces(review, run, hashes, faults)}
        found = kept.accessions(review, run.id)
        if faults or not are_those_logged(run, hashes) or not own.keys() >= set(found):
            return None
        digests = {**{pmid: own[pmid] for pmid in found}, **digests}
    return digests


def _read(review: Review, named: Named, wanted: Set[str]) -> dict[str, Found] | None:
    """The records of these PMIDs, as the first run that found each has it; None if one cannot be read."""
    found: dict[str, Found] = {}
    for run in named.runs if wanted else ():
        missing = wanted & set(kept.accessions(review, run.id)) - found.keys()
        pieces = {pmid: piece for pmid, piece in _pieces(review, run, [], []) if pmid in missing}
        for pmid, piece in pieces.items():
            try:
                read = list(pubmed_xml.read(b"<PubmedArticleSet>" + piece + b"</PubmedArticleSet>"))
            except InputError:
                return None
            record = read[0].record if len(read) == 1 and isinstance(read[0], Parsed) else None
            if record is None or record.pmid != pmid:
                return None
            found[pmid] = Found(pmid, pmid, record.doi, record, "pubmed")
    return found


# --- lists of PMIDs --------------------------------------------------------------------------------

_PMID_LINE = re.compile(r"(?:PMID\s*[:-]?\s*)?0*([1-9]\d{0,8})", re.IGNORECASE | re.ASCII)


def read_pmids(path: Path, *, made_on: str | None = None) -> Side:
    """A list of PMIDs as a side: one a line, "PMID: 123" allowed, `#` begins a comment.

    `made_on` is the ISO date of the list, if it is known. Raises InputError naming the line that is no
    PMID, or if the file cannot be read or holds none.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}", hint="check the path and its permissions"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 text", hint="save it as plain text, one PMID a line"
        ) from error
    records: dict[str, Found] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        stated = line.partition("#")[0].strip()
        if not stated:
            continue
        pmid = _PMID_LINE.fullmatch(stated)
        if pmid is None:
            raise InputError(
                f"{path}, line {number}: expected one PMID, found {stated[:40]!r}",
                hint="one PMID a line, such as 33258553 or PMID: 33258553; # begins a comment",
            )
        records[pmid.group(1)] = Found(pmid.group(1), pmid.group(1), None)
    if not records:
        raise InputError(f"{path} holds no PMID", hint="one PMID a line, such as 33258553")
    return Side(name=path.name, source=None, asked_until=made_on, records=records)
