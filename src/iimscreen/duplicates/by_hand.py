"""Decide by hand which records are one report, and undo it: merge and split. Nothing is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from iimscreen.dedupe import kept_by
from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import StoredRecord
from iimscreen.store import Review, duplicates, records
from iimscreen.store.duplicates import ASKED, DISTINCT, DUPLICATE, PairVerdict
from iimscreen.wording import counted

Pairs = Sequence[tuple[str, str]]  # of record keys, each in order of arrival


def merge(review: Review, given: Sequence[str], *, by: str, note: str | None = None) -> str:
    """Decide by hand that these records are one report; the key of the record kept."""
    pairs = pairs_to_merge(review, given)
    return decide(review, pairs, DUPLICATE, by=(by,), note=note)[pairs[0][0]]


def split(review: Review, given: Sequence[str], *, by: str, note: str | None = None) -> Pairs:
    """Decide by hand that records are different reports; the pairs so decided.

    One record is taken out of its group; several are set apart from one another.
    """
    pairs = pairs_to_split(review, given)
    decide(review, pairs, DISTINCT, by=(by,), note=note)
    return pairs


def pairs_to_merge(review: Review, given: Sequence[str]) -> Pairs:
    """The pairs by which these records become one report."""
    found = _distinct_records(review, given)
    return [(one.key, other.key) for one, other in pairwise(sorted(found, key=lambda r: r.id))]


def pairs_to_split(review: Review, given: Sequence[str]) -> Pairs:
    """The pairs by which one record leaves its group, or several are set apart from one another."""
    found = _distinct_records(review, given, at_least=1)
    if len(found) > 1:
        return [in_order(one, other) for n, one in enumerate(found) for other in found[n + 1 :]]
    group = records.members_of(review, records.kept_of(review, found[0].key))
    if len(group) == 1:
        raise ProtocolError(
            f"{found[0].key} is in no group of duplicates",
            hint="`iimscreen duplicates` lists pairs and groups",
        )
    others = records.by_keys(review, [key for key in group if key != found[0].key])
    return [in_order(found[0], other) for other in others]


def in_order(one: StoredRecord, other: StoredRecord) -> tuple[str, str]:
    """The two keys in order of arrival, as pairs stand in the log."""
    first, second = sorted((one, other), key=lambda record: record.id)
    return first.key, second.key


def two_records(review: Review, one: str, other: str) -> tuple[StoredRecord, StoredRecord]:
    """The two records meant, in order of arrival. Raises InputError if they are one."""
    first, second = sorted(_distinct_records(review, (one, other)), key=lambda record: record.id)
    return first, second


def _distinct_records(review: Review, given: Sequence[str], at_least: int = 2) -> list[StoredRecord]:
    found = list({record.key: record for record in (records.find(review, one) for one in given)}.values())
    if len(found) < at_least:
        raise InputError(
            f"{counted(len(found), 'record')} given, expected at least {at_least} different ones",
            hint="give their keys as `iimscreen duplicates` prints them",
        )
    return found


def decide(
    review: Review, pairs: Pairs, verdict: str, *, by: Sequence[str], note: str | None = None
) -> dict[str, str]:
    """Log the verdict of one person, or of several together; key → record kept, as far as it may change.

    Raises ProtocolError, and stores nothing, if it contradicts another decision by hand.
    """
    decided_by = f"person:{'+'.join(by)}"
    return _log(
        review, [PairVerdict(one, other, verdict, decided_by, None, note) for one, other in pairs], by[0]
    )


def take_back(review: Review, pair: tuple[str, str], *, by: str) -> dict[str, str]:
    """Put a pair back to what stood before this person's last verdict on it, if theirs stands.

    Key → record kept, as far as it may change. What stood before is logged anew: another person's verdict
    under their name, or a question.
    """
    past = duplicates.history(review, *pair)
    own = [n for n, one in enumerate(past) if one.verdict.by_person]
    if (
        not own
        or past[own[-1]].verdict.decided_by != f"person:{by}"
        or past[own[-1]].verdict.verdict == ASKED
    ):
        return {}
    before = past[: own[-1]]
    people = [one.verdict for one in before if one.verdict.by_person]
    rules = [one.verdict for one in before if not one.verdict.by_person]
    score = rules[-1].score if rules else None
    stood = people[-1] if people else PairVerdict(*pair, ASKED, f"person:{by}", score, None)
    return _log(review, [replace(stood, note=f"undo of {past[own[-1]].verdict.verdict} by {by}")], by)


def _log(review: Review, new: Sequence[PairVerdict], actor: str) -> dict[str, str]:
    with review.writing():
        around = duplicates.neighbourhood(review, {key for one in new for key in (one.key, one.other_key)})
        standing = {(one.key, one.other_key): one for one in around.verdicts}
        standing.update({(one.key, one.other_key): one for one in new})
        kept = kept_by(review, around.keys, standing.values())
        for one in standing.values():
            if one.by_person and one.verdict == DUPLICATE and kept[one.key] != kept[one.other_key]:
                raise ProtocolError(
                    f"{one.key} and {one.other_key} were decided to be one report by hand, and another "
                    "decision by hand sets records of that report apart",
                    hint="undo one of the two decisions, with `iimscreen duplicates split` or `merge` on its pair "
                    "(`iimscreen log` shows them); nothing was stored",
                )
        duplicates.add(review, new, kept, actor=actor)
        duplicates.keep_some(review, {key: k for key, k in kept.items() if k != around.kept[key]})
    return kept
