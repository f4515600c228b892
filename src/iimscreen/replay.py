"""Kept replies read again, with no network, and laid beside what is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from iimscreen import sources
from iimscreen.errors import InputError, SourceError
from iimscreen.model import Answer, Record, Reply, SubQuery
from iimscreen.receipts import Entry, Named
from iimscreen.store import Review, log
from iimscreen.store import receipts as kept
from iimscreen.store.receipts import ReplyRow, RunRow
from iimscreen.store.records import columns_of
from iimscreen.wording import counted

# --- replay ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One fact that the review holds otherwise than the replies give it."""

    record: str  # its key; "" for what concerns the whole run
    field: str
    stored: object
    replayed: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of rebuilding one run's records from its kept replies.

    run, uid, label: as in the receipt
    state: identical, differs, nothing kept, or not finished
    why: in words, where it is not identical
    records: how many were rebuilt
    differences: facts that the replies give otherwise; none if identical
    reads_more: facts that are empty in the review and that this version reads; no difference
    changed_meanwhile: facts of records that another run had brought in before: the review keeps the
      older wording, this run's replies have another; `search compare` explains them
    """

    run: str
    uid: str
    label: str
    state: str
    why: str = ""
    records: int = 0
    differences: tuple[FieldDifference, ...] = ()
    reads_more: tuple[FieldDifference, ...] = ()
    changed_meanwhile: tuple[FieldDifference, ...] = ()


IDENTICAL, DIFFERS, NOTHING_KEPT, NOT_FINISHED = "identical", "differs", "nothing kept", "not finished"

OnRecord = Callable[[str, Record], None]  # key, record


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A run's answer, read again from its replies; or why there is none."""

    answer: Answer | None
    why: str = ""
    faults: tuple[FieldDifference, ...] = ()  # replies that are not what came in


def rebuilt(review: Review, run: RunRow) -> Rebuilt:
    """The answer that a run's replies give, if each of them is what came in."""
    if run.search_uid is None:
        return Rebuilt(None, "an imported file: the hash of the file is kept, and not the file")
    try:
        source = sources.for_replay(run.source)
    except InputError as error:
        return Rebuilt(None, f"this version cannot read replies of {run.database}: {error.message}")
    hashes: list[str] = []
    faults: list[FieldDifference] = []
    sub_query = SubQuery(run.label, run.query or "", run.text_sent or "")
    replies = sound(kept.replies(review, run.uid), hashes, faults)
    answer, why = None, ""
    try:
        answer = source.replay(sub_query, replies)
    except SourceError as error:
        why = error.message
    for _ in replies:
        pass  # a source may stop at the reply it needs: the others are to be proven too
    if not are_those_logged(run, hashes):
        faults.append(FieldDifference("", "replies", "those that were logged", "others"))
    if faults:
        return Rebuilt(None, "its replies are not those that came in", tuple(faults))
    if answer is None and run.source.split("-")[0] != "corpus":
        # A corpus searched by version 0.1 kept no records in its replies; any other source always did.
        faults.append(FieldDifference("", "replies", "as they came in", "cannot be read"))
    return Rebuilt(answer, why, tuple(faults))


def are_those_logged(run: RunRow, hashes: Sequence[str]) -> bool:
    """Whether replies of these hashes, in this order, stand behind a run's result."""
    return run.result is None or log.sha256(log.canonical(hashes)) == run.result.replies_sha256


def sound(rows: Iterator[ReplyRow], hashes: list[str], faults: list[FieldDifference]) -> Iterator[Reply]:
    """Replies one by one; the hash of each goes to `hashes`, and what is not as it came in to `faults`."""
    for number, row in enumerate(rows, start=1):
        hashes.append(row.sha256)
        found = "cannot be unpacked" if row.body is None else log.sha256(row.body)
        if found != row.sha256:
            faults.append(FieldDifference("", f"reply {number}", row.sha256, found))
            continue
        yield Reply(row.request, row.body or b"")


def replay(
    review: Review,
    named: Named,
    *,
    on_record: OnRecord = lambda _key, _record: None,
) -> list[Replayed]:
    """Each run rebuilt from its replies and laid beside what the review holds, field by field.

    Every rebuilt record goes to `on_record`, with its key. Warnings are not compared: their wording is
    this program's. Raises nothing for a difference: it stands in the result.
    """
    return [_replayed(review, named.entry, run, on_record) for run in named.runs]


def _replayed(review: Review, entry: Entry, run: RunRow, on_record: OnRecord) -> Replayed:
    found = Replayed(run=entry.number_of(run), uid=run.uid, label=run.label, state=NOT_FINISHED)
    if run.result is None:
        return replace(found, why="it was begun, and has no result to compare with")
    with review.reading():
        again = rebuilt(review, run)
        if again.answer is None:
            state = DIFFERS if again.faults else NOTHING_KEPT
            return replace(found, state=state, why=again.why, differences=again.faults)
        stored = kept.stored_rows(review, run.id)
        brought = kept.brought(review, run.id)
    differences = list(_run_differences(run, again.answer, list(stored)))
    reads_more: list[FieldDifference] = []
    meanwhile: list[FieldDifference] = []
    for record in again.answer.records:
        accession = accession_of(record)
        on_record(f"{run.source}:{accession}", record)
        row = stored.get(accession)
        if row is None:
            continue
        for one in _field_differences(row, record):
            if accession not in brought:
                meanwhile.append(one)
            elif _is_empty(one.stored):
                reads_more.append(one)
            else:
                differences.append(one)
    is_as_logged = not (differences or reads_more or meanwhile) or kept.are_as_logged(review, run)
    if not is_as_logged:
        # The rows are not those that the log's hash covers, so nothing about them excuses a difference.
        differences, reads_more, meanwhile = differences + reads_more + meanwhile, [], []
    return replace(
        found,
        state=DIFFERS if differences else IDENTICAL,
        why=_why(run, len(differences), is_as_logged=is_as_logged) if differences else "",
        records=len(again.answer.records),
        differences=tuple(differences),
        reads_more=tuple(reads_more),
        changed_meanwhile=tuple(meanwhile),
    )


def _why(run: RunRow, differences: int, *, is_as_logged: bool) -> str:
    found = f"{counted(differences, 'fact')} otherwise than the replies give; "
    if is_as_logged:
        return (
            f"{found}the records are those that were logged, so this version reads the replies otherwise than "
            f"the one that stored them ({run.tool_version})"
        )
    return f"{found}the records are not those that were logged"


def accession_of(record: Record) -> str:
    """What `search.run` stores a record under: its accession, else its own identifier in its source."""
    return record.accession or record.source_id or ""


def _run_differences(run: RunRow, answer: Answer, stored: list[str]) -> Iterator[FieldDifference]:
    """What differs between the logged result of a run and its answer read again."""
    result = run.result
    if result is None:
        return
    again = [accession_of(record) for record in answer.records]
    if again != stored:
        lacking, beyond = Counter(stored) - Counter(again), Counter(again) - Counter(stored)
        if lacking or beyond:
            yield FieldDifference("", "records", sorted(lacking), sorted(beyond))
        else:
            yield FieldDifference("", "order of records", stored, again)
    pairs: list[tuple[str, object, object]] = [
        ("hits", result.hits, answer.hits),
        ("interpreted_as", result.interpreted_as, answer.interpreted_as),
        ("undated", result.undated, answer.undated),
    ]
    if answer.database_build is not None:  # asked once a search, so that only its first run has the reply
        pairs.append(("database_build", result.database_build, answer.database_build))
    for field, before, now in pairs:
        if before != now:
            yield FieldDifference("", field, before, now)


def _field_differences(row: Mapping[str, Any], record: Record) -> Iterator[FieldDifference]:
    for field, again in columns_of(record).items():
        if row[field] != again:
            yield FieldDifference(row["key"], field, row[field], again)


def _is_empty(value: object) -> bool:
    return value is None or value == "[]"
