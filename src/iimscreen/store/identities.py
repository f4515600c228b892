"""The identity under which each record of an imported file is stored, the same in every later export.

Within one file every record has an identity of its own. Between files a record is known again by its
accession number, or without one by its content.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from sqlite_utils import Database

from iimscreen.model import IDENTITY_MARK, Record, has_identity_suffix
from iimscreen.store import log, records

_EXACT, _REVISED = 1, 2  # how a record of the file has taken an identity that was stored before


class Identities:
    """Gives the records of one file of one source their identities, some at a time, in order.

    1. A record that is stored word for word under its accession number, or under an identity made of
       it, has that one.
    2. The first other record with an accession number has it; if it is stored, only where the title
       fits, for a database revises its records, but another title is another record.
    3. Any other has `accession/content`, numbered where that repeats.

    So no record of a file is lost before deduplication has seen it, and the records of a file, or
    some of them, are known again in whatever order they come. One case needs a second reading: when
    a revised record takes the identity of one whose own words come later, `met_late` names their
    accession number, and the file is to be read anew with it as `repeated`.
    """

    def __init__(self, db: Database, source: str, repeated: Collection[str] = ()) -> None:
        self.met_late: set[str] = set()
        self._db = db
        self._source = source
        self._repeated = repeated
        (self._stored,) = db.execute("select coalesce(max(id), 0) from records").fetchone()
        self._taken = bytearray(self._stored + 1)  # by local id, of records that were stored before
        self._copies: dict[str, int] = {}  # identities that more than one record of the file would have

    def of(self, some: Sequence[Record]) -> list[tuple[str, Record]]:
        """Each record with its identity. Those of earlier calls must be stored by now."""
        bases = [_base(record) for record in some]
        held = records.held(self._db, self._source, set(bases))
        times = Counter(bases)
        # An identity made of accession and content is of no concern until the accession is taken.
        names = [
            _with_content(base, record)
            if record.accession is not None and (base in held or times[base] > 1)
            else ""
            for base, record in zip(bases, some, strict=True)
        ]
        if any(names):
            held |= records.held(self._db, self._source, {name for name in names if name})
        return [
            (self._identity(base, name, record, held), record)
            for base, name, record in zip(bases, names, some, strict=True)
        ]

    def _identity(self, base: str, name: str, record: Record, held: dict[str, records.Held]) -> str:
        first = held.get(base)
        if first is None:
            return self._new(base, record, held)
        content = records.content_of(record)
        if first.content == content and self._is_free(first):
            return self._take(base, first, _EXACT)
        if not name:
            return self._copy(base)
        if first.content == content and first.id <= self._stored and self._taken[first.id] == _REVISED:
            self.met_late.add(base)
        other = held.get(name)
        if other is not None and other.content == content and self._is_free(other):
            return self._take(name, other, _EXACT)
        if self._is_free(first) and base not in self._repeated and _fits(first.title, record.title):
            return self._take(base, first, _REVISED)
        return self._new(name, record, held) if other is None else self._copy(name)

    def _is_free(self, one: records.Held) -> bool:
        return one.id <= self._stored and not self._taken[one.id]

    def _take(self, identity: str, one: records.Held, how: int) -> str:
        self._taken[one.id] = how
        return identity

    def _new(self, identity: str, record: Record, held: dict[str, records.Held]) -> str:
        # Without its content: as one of this file it is never what another record is known as.
        held[identity] = records.Held(self._stored + 1, record.title, ())
        return identity

    def _copy(self, identity: str) -> str:
        number = self._copies[identity] = self._copies.get(identity, 1) + 1
        return f"{identity}-{number}"


def _base(record: Record) -> str:
    """The identity that the record has if no other claims it."""
    if record.accession is None:
        return records.content_sha256(record)[:16]
    if has_identity_suffix(record.accession):  # so that only a suffix of ours is ever taken off
        return f"{record.accession}{IDENTITY_MARK}{log.sha256(record.accession)[:8]}"
    return record.accession


def _with_content(base: str, record: Record) -> str:
    return f"{base}{IDENTITY_MARK}{records.content_sha256(record)[:8]}"


def _fits(title: str | None, other: str | None) -> bool:
    return title is None or other is None or title == other or _plain(title) == _plain(other)


def _plain(title: str) -> str:
    return re.sub(r"\W+", "", title).casefold()
