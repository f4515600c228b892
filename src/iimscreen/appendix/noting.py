"""Notes of what was searched by hand, and the list of sources that they stand beside."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from iimscreen import receipts
from iimscreen.errors import InputError
from iimscreen.model import Kind
from iimscreen.protocol import FULL_TEXT
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, notes, provenance, records
from iimscreen.store.gate import Gate
from iimscreen.store.notes import Note
from iimscreen.store.provenance import Bringing
from iimscreen.voting import State


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One source and what it brought."""

    database: str
    kind: Kind
    searched_at: str | None  # UTC; None if it was only imported from
    imported_at: str | None  # UTC
    records: int
    removed: int  # of those, before screening for other reasons than being duplicates
    reports: int  # after duplicates
    only_here: int  # reports that no other source brought
    included: int | None  # of its reports; None while the round is closed to view


@dataclass(frozen=True, slots=True)
class Sources:
    """All sources, and all notes on them; notes that were replaced say so."""

    lines: tuple[SourceLine, ...]
    notes: tuple[Note, ...]


def note(
    review: Review,
    item: int,
    text: str,
    *,
    by: str,
    source: str | None = None,
    on: dt.date | None = None,
    replaces: int | None = None,
) -> Note:
    """Log what people did under an item of PRISMA-S, and return the note as it stands.

    `on` is the day on which it was done, `replaces` the number of an earlier note on the same item.
    Raises InputError for an unknown item, an empty text, or a number that no standing note of this item has.
    """
    if not 1 <= item <= 16:
        raise InputError(
            f"--item is {item}: PRISMA-S has items 1 to 16", hint="`iimscreen search report` prints them all"
        )
    if not text.strip():
        raise InputError("the note is empty", hint="say what was done, as a reader needs it")
    if source is not None and not source.strip():
        raise InputError("--source is empty", hint="name the source, or leave --source out")
    known = {one.number: one for one in notes.everything(review)}
    before = None if replaces is None else known.get(replaces)
    if replaces is not None and (before is None or before.item != item or before.replaced_by is not None):
        standing = [str(one.number) for one in known.values() if one.item == item and one.replaced_by is None]
        raise InputError(
            f"--replaces {replaces}: no standing note on item {item} has this number",
            hint=f"notes on item {item}: {', '.join(standing) or 'none'}; `iimscreen source` lists all",
        )
    number = notes.add(
        review,
        item,
        text.strip(),
        source=source.strip() if source is not None else None,
        done_on=None if on is None else on.isoformat(),
        replaces=before.uid if before is not None else None,
        actor=by,
    )
    return next(one for one in notes.everything(review) if one.number == number)


def sources(review: Review) -> Sources:
    """Every source with what it brought, and every note.

    How many of its reports are included is told once all of that round may be seen.
    """
    with review.reading():
        gate = Gate(review, in_force(review))
        included: set[str] | None = None
        if gate.is_open(FULL_TEXT):
            outcomes = gate.outcomes(FULL_TEXT)
            included = {key for key, outcome in outcomes.items() if outcome.state is State.INCLUDE}
        accounts = {account.source: account for account in receipts.accounts(review)}
        lines = []
        for one in provenance.contributions(review):
            account = accounts.get(one.source)
            lines.append(
                SourceLine(
                    database=one.database,
                    kind=one.kind,
                    searched_at=account.searched_at if account is not None else None,
                    imported_at=account.imported_at if account is not None else None,
                    records=one.records,
                    removed=one.removed,
                    reports=len(one.reports),
                    only_here=one.only_here,
                    included=None if included is None else len(included & set(one.reports)),
                )
            )
        return Sources(tuple(lines), tuple(notes.everything(review)))


def brought(review: Review, given: str) -> list[Bringing]:
    """Every run that found a record of the report that a person names, oldest first.

    Raises InputError if no report, or more than one, fits.
    """
    with review.reading():
        report = records.kept_of(review, records.find(review, given).key)
        return provenance.brought(review, records.members_of(review, report))
