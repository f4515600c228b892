"""Decide by hand which records are one report, and undo it: merge and split. Nothing is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from iimscreen.dedupe import _kept
from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import StoredRecord
from iimscreen.store import Review, duplicates, records
from iimscreen.store.duplicates import DISTINCT, DUPLICATE, PairVerdict
from iimscreen.wording import counted


def merge(review: Review, given: Sequence[str], *, by: str, note: str | None = None) -> str:
    """Decide by hand that these records are one report; the key of the record kept."""
    found = _distinct_records(review, given)
    pairs = [(one.key, other.key) for one, other in pairwise(sorted(found, key=lambda r: r.id))]
    kept = _decide(review, pairs, DUPLICATE, by=by, note=note)
    return kept[found[0].key]


def split(review: Review, given: Sequence[str], *, by: str, note: str | None = None) -> list[tuple[str, str]]:
    """Decide by hand that records are different reports; the pairs so decided.

    One record is taken out of its group; several are set apart from one another.
    """
    found = _distinct_records(review, given, at_least=1)
    if len(found) == 1:
        kept = records.kept_of(review, found[0].key)
        group = [row[0] for row in records.memberships(review) if row[4] == kept]
        if len(group) == 1:
            raise ProtocolError(
                f"{found[0].key} is in no group of duplicates",
                hint="`iimscreen duplicates` lists pairs and groups",
            )
        others = list(records.by_keys(review, [key for key in group if key != found[0].key]))
        pairs = [_in_order(found[0], other) for other in others]
    else:
        pairs = [_in_order(one, other) for n, one in enumerate(found) for other in found[n + 1 :]]
    _decide(review, pairs, DISTINCT, by=by, note=note)
    return pairs


def _in_order(one: StoredRecord, other: StoredRecord) -> tuple[str, str]:
    first, second = sorted((one, other), key=lambda record: record.id)
    return first.key, second.key


def _distinct_records(review: Review, given: Sequence[str], at_least: int = 2) -> list[StoredRecord]:
    found = list({record.key: record for record in (records.find(review, one) for one in given)}.values())
    if len(found) < at_least:
        raise InputError(
            f"{counted(len(found), 'record')} given, expected at least {at_least} different ones",
            hint="give their keys as `iimscreen duplicates` prints them",
        )
    return found


def _decide(
    review: Review, pairs: Sequence[tuple[str, str]], verdict: str, *, by: str, note: str | None
) -> dict[str, str]:
    keys = [row[0] for row in records.memberships(review)]
    with review.writing():
        standing = {(one.key, one.other_key): one for one in duplicates.standing(review)}
        new = [PairVerdict(one, other, verdict, f"person:{by}", None, note) for one, other in pairs]
        standing.update({(one.key, one.other_key): one for one in new})
        kept = _kept(review, keys, standing.values())
        for one in standing.values():
            if one.by_person and one.verdict == DUPLICATE and kept[one.key] != kept[one.other_key]:
                raise ProtocolError(
                    f"{one.key} and {one.other_key} were decided to be one report by hand, and another "
                    "decision by hand sets records of that report apart",
                    hint="undo one of the two decisions, with `iimscreen duplicates split` or `merge` on its pair "
                    "(`iimscreen log` shows them); nothing was stored",
                )
        duplicates.add(review, new, kept, actor=by)
        duplicates.keep(review, kept)
    return kept
