"""Our matching without a review file: records as read, candidates, verdicts, and each rule left out.

All that reaches into `iimscreen.matching` stands here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from labelled import LabelledSet

from iimscreen import matching
from iimscreen.formats import ris
from iimscreen.matching.blocks import candidates
from iimscreen.matching.fields import comparable
from iimscreen.model import Kind, Parsed, ScoredPair, StoredRecord

Verdicts = list[ScoredPair]


def stored_records(labelled: LabelledSet) -> list[StoredRecord]:
    """The records as our reader reads them, in the order of the file; their key is their RIS tag ID."""
    read = ris.read(labelled.ris.read_bytes())
    records = [one.record for one in read if isinstance(one, Parsed)]
    return [
        StoredRecord(number, record.source_id or str(number), "set", Kind.DATABASE, record)
        for number, record in enumerate(records, 1)
    ]


def candidate_pairs(records: Sequence[StoredRecord]) -> set[tuple[str, str]]:
    """Pairs of keys that are compared, each in the order of the records."""
    compared = [comparable(record) for record in records]
    found = candidates(compared)
    return {
        (compared[left].key, compared[right].key)
        for left, right in zip(found.left.tolist(), found.right.tolist(), strict=True)
    }


def verdicts(records: Sequence[StoredRecord]) -> Verdicts:
    """Merged and asked pairs at the thresholds that a protocol has by default."""
    return matching.find_pairs(records)


def groups_of(records: Sequence[StoredRecord], found: Verdicts) -> dict[str, str]:
    """The groups that the merges among these verdicts make."""
    merged = [pair for pair in found if pair.verdict == matching.DUPLICATE]
    return matching.groups([record.key for record in records], merged)


def questions(found: Verdicts, group_of: dict[str, str]) -> list[ScoredPair]:
    """The asked pairs that other merges have not made one report: the strongest for each pair of reports."""
    kept: dict[frozenset[str], ScoredPair] = {}
    for pair in sorted(found, key=lambda one: -one.score):
        reports = frozenset((group_of[pair.key], group_of[pair.other_key]))
        if pair.verdict == matching.ASKED and len(reports) == 2:
            kept.setdefault(reports, pair)
    return list(kept.values())


def explain(one: StoredRecord, other: StoredRecord) -> tuple[str, float]:
    """The rules that hold for a pair with the guards against each, and how alike the titles are."""
    pair = matching.compare_records(one, other)
    if pair is None:
        return "nothing in common that a rule could use", 0.0
    held = []
    for rule in matching.RULES:
        if rule.test(pair):
            against = [
                guard.__name__ for guard in matching.GUARDS if guard not in rule.overrides and guard(pair)
            ]
            held.append(
                f"{rule.name} {rule.score_of(pair):g}" + (f" against {', '.join(against)}" if against else "")
            )
    return "; ".join(held) or "no rule holds", pair.title


def names() -> tuple[list[str], list[str]]:
    """Of all rules, and of all guards."""
    return [rule.name for rule in matching.RULES], [guard.__name__ for guard in matching.GUARDS]


@contextmanager
def without(name: str) -> Iterator[None]:
    """While it lasts, matching judges without the rule or guard of that name.

    A guard that is left out still keeps records which contradict one another from meeting in one group
    through a third.
    """
    rules = tuple(rule for rule in matching.RULES if rule.name != name)
    guards = tuple(guard for guard in matching.GUARDS if guard.__name__ != name)
    rooms = [module for path, module in sys.modules.items() if path.startswith("iimscreen.matching")]
    before = [
        (room, which, getattr(room, which)) for room in rooms for which in _TUPLES if hasattr(room, which)
    ]
    for room, which, _ in before:
        setattr(room, which, {"RULES": rules, "GUARDS": guards}[which])
    try:
        yield
    finally:
        for room, which, value in before:
            setattr(room, which, value)


_TUPLES = ("RULES", "GUARDS")
