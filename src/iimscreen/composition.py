"""What a report is shown as: the record kept, with what only the others of its group state. Pure.

Nothing is invented, and nothing of the kept record is lost: its own value comes first, but for an
abstract that another record has in full.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from iimscreen.model import Record, StoredRecord
from iimscreen.side_by_side import plain_word, says_the_same

# What tells where a record came from, not what the report says.
_OF_THE_RECORD = frozenset(
    {
        "source_id", "accession", "provenance", "entered_on", "indexed_on", "revised_on", "citation_status",
    }
)  # fmt: skip
FIELDS = tuple(field.name for field in fields(Record) if field.name not in _OF_THE_RECORD)

# Fields in which two values cannot both be right of one report, with their name in `side_by_side`.
_ONE_VALUE = {
    "pmid": "PMID",
    "pmcid": "PMCID",
    "doi": "DOI",
    "title": "title",
    "year": "year",
    "volume": "volume",
    "issue": "issue",
    "pages": "pages",
}


@dataclass(frozen=True, slots=True)
class Value:
    """One field of the report as it is shown, and the record that it was taken from."""

    field: str
    value: Any  # of whichever type the field has in a record
    key: str
    database: str


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A field in which records of one report state different things: each value with its records."""

    field: str
    values: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Composed:
    """A report as it is shown."""

    record: Record
    values: tuple[Value, ...]  # in the order of the fields; those that no record states are not among them
    contradictions: tuple[Contradiction, ...]


def composed(kept: StoredRecord, others: Sequence[StoredRecord]) -> Composed:
    """The report of these records; the result does not depend on the order of `others`.

    Where the kept record states nothing, the value that most others state is taken, or the fullest of
    those. The abstract is the longest of all.
    """
    group = [kept, *sorted(others, key=lambda one: one.key)]
    values = []
    for field in FIELDS:
        source = _abstract_of(group) if field == "abstract" else _source_of(field, group)
        if source is not None:
            values.append(Value(field, getattr(source.record, field), source.key, source.database))
    # A field's value goes back into the field that it was read from.
    record = replace(kept.record, **{value.field: value.value for value in values})
    return Composed(record, tuple(values), tuple(_contradictions(group)))


def _source_of(field: str, group: Sequence[StoredRecord]) -> StoredRecord | None:
    kept, *others = group
    if _is_stated(getattr(kept.record, field)):
        return kept
    stating = [one for one in others if _is_stated(getattr(one.record, field))]
    if not stating:
        return None
    count = Counter(getattr(one.record, field) for one in stating)

    def standing(one: StoredRecord) -> tuple[int, int, str, str]:
        value = getattr(one.record, field)
        return -count[value], -_length(value), str(value), one.key

    return min(stating, key=standing)


def _abstract_of(group: Sequence[StoredRecord]) -> StoredRecord | None:
    """The record with the longest abstract; the kept one where no other has more."""
    stating = [one for one in group if _is_stated(one.record.abstract)]
    if not stating:
        return None
    kept = group[0]
    return min(
        stating,
        key=lambda one: (-_length(one.record.abstract), one is not kept, str(one.record.abstract), one.key),
    )


def _is_stated(value: object) -> bool:
    return value is not None and value != () and str(value).strip() != ""


def _length(value: object) -> int:
    """How much a value says: letters and digits of a text, entries of a list."""
    return len(value) if isinstance(value, tuple) else len(plain_word(str(value)))


def _contradictions(group: Sequence[StoredRecord]) -> list[Contradiction]:
    found = []
    for field, name in _ONE_VALUE.items():
        stated: list[tuple[str, list[str]]] = []
        for one in group:
            value = getattr(one.record, field)
            if not _is_stated(value):
                continue
            text = str(value)
            same = next((keys for known, keys in stated if says_the_same(name, known, text)), None)
            if same is None:
                stated.append((text, [one.key]))
            else:
                same.append(one.key)
        if len(stated) > 1:
            found.append(Contradiction(field, tuple((text, tuple(keys)) for text, keys in stated)))
    return found
