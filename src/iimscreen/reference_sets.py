"""Which references are meant: what a search brought, what is behind a number, all there are. No decisions here.

Sets that rest on decisions are made in `exporting.py`, behind the gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iimscreen import numbers, receipts
from iimscreen.errors import InputError, ProtocolError
from iimscreen.store import Review, curation, records, runs, studies

_OF = ("records", "reports", "studies")


@dataclass(frozen=True, slots=True)
class References:
    """Records of a review, by their keys, and what they are in a sentence."""

    keys: tuple[str, ...]
    called: str
    are_records: bool = False  # each record as its source has it, not the report it belongs to


def everything(review: Review) -> References:
    """Every record that is not removed."""
    removed = curation.removed(review)
    return References(tuple(key for key in records.keys(review) if key not in removed), "all reports")


def of_run(review: Review, name: str) -> References:
    """The records that a search, one of its sub-queries, or an import brought, in the order it brought them.

    `name` is as `search show` lists them. Raises InputError if nothing is called so.
    """
    named = receipts.find(review, name)
    found = runs.keys_of(review, [run.id for run in named.runs])
    return References(tuple(found), named.name, are_records=True)


def behind_number(review: Review, name: str) -> References:
    """The records, or the reports, behind a named number; of studies their reports.

    Raises InputError if there is no such number or it counts something else, ProtocolError if it is not known.
    """
    number = numbers.named(review, name)
    if number.of not in _OF:
        raise InputError(
            f"{name} counts no records, reports or studies" + (f" but {number.of}" if number.of else ""),
            hint=f"`iimscreen why {name}` shows what is behind it",
        )
    if number.value is None:
        raise ProtocolError(
            f"{name} is not known: {number.why_not}", hint="`iimscreen status` shows what is left"
        )
    keys = _reports_of(review, number.rows) if number.of == "studies" else keys_in(number.rows)
    kept = records.kept_keys(review)
    return References(
        keys, name, are_records=number.of == "records" and any(kept[key] != key for key in keys)
    )


def keys_in(rows: Sequence[str]) -> tuple[str, ...]:
    """The keys in rows of a number, each once. A hit of a sub-query that counts for itself is named "RUN KEY"."""
    return tuple(dict.fromkeys(row.split(" ", 1)[-1] for row in rows))


def _reports_of(review: Review, names: Sequence[str]) -> tuple[str, ...]:
    """A study that nobody named is called by its report's key."""
    by_study: dict[str, list[str]] = {}
    for report, linked in studies.of_reports(review).items():
        for study in linked:
            by_study.setdefault(study, []).append(report)
    return tuple(dict.fromkeys(key for name in names for key in by_study.get(name, [name])))
