"""Are two records one report? Pure: no clock, no file, no network.

`fields` takes the habits of databases away, `blocks` says what is worth comparing, `compare` says
what agrees, `rules` judges, `grouping` joins what was judged into groups.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from iimscreen.matching.blocks import candidates
from iimscreen.matching.compare import Pair, compare
from iimscreen.matching.fields import Comparable, comparable
from iimscreen.matching.grouping import BY_HAND, Edge, groups, strongest_first, without_bad_chains
from iimscreen.matching.rules import GUARDS, RULES, Guard, Rule, contradicts, is_worth_asking
from iimscreen.model import ScoredPair, StoredRecord

__all__ = [
    "BY_HAND",
    "GUARDS",
    "RULES",
    "Comparable",
    "Edge",
    "Guard",
    "Pair",
    "Rule",
    "compare_records",
    "find_pairs",
    "groups",
    "judge",
]

DUPLICATE = "duplicate"
ASKED = "asked"
MOST_ASKED = 94.0  # the highest score of a pair that a guard keeps from being merged


def find_pairs(
    records: Sequence[StoredRecord],
    *,
    merge_at: float = 95.0,
    ask_at: float = 85.0,
    new: Collection[str] | None = None,
) -> list[ScoredPair]:
    """Pairs that are one report ("duplicate") or may be ("asked"), best first; each pair once.

    `key` is the record with the lower id; nothing else depends on the order of `records`. Scores
    run from 0 to 100. With `new`, only pairs in which at least one of these keys takes part.
    A merge that would chain records which contradict one another is asked about instead; see
    `grouping.without_bad_chains`.
    """
    compared = [comparable(record) for record in sorted(records, key=lambda stored: stored.id)]
    found: list[ScoredPair] = []
    apart: list[tuple[str, str]] = []
    for one, others in candidates(compared, new=new):
        for other in others:
            pair = compare(other, one)
            if pair is None:
                continue
            judged = judge(pair, merge_at=merge_at, ask_at=ask_at)
            if judged is not None:
                found.append(judged)
            if (judged is None or judged.verdict != DUPLICATE) and contradicts(pair):
                apart.append((other.key, one.key))
    found = without_bad_chains(found, apart)
    return strongest_first(found)


def compare_records(one: StoredRecord, other: StoredRecord) -> Pair | None:
    """What two records agree and differ on; None if they have next to nothing in common."""
    first, second = sorted((one, other), key=lambda stored: stored.id)
    return compare(comparable(first), comparable(second))


def judge(pair: Pair, *, merge_at: float = 95.0, ask_at: float = 85.0) -> ScoredPair | None:
    """The verdict on a pair and the rule behind it; None where the two are distinct.

    A guard that holds names the verdict in place of the rule, because it is what a person has to
    weigh; its pair is never merged unasked, whatever the thresholds.
    """
    first: tuple[Rule, list[Guard]] | None = None
    for rule in RULES:
        if rule.score < merge_at and first is not None:
            break
        if not rule.test(pair):
            continue
        guards = [guard for guard in GUARDS if guard not in rule.overrides and guard(pair)]
        score = rule.score_of(pair)
        if not guards and score >= merge_at:
            return ScoredPair(pair.one.key, pair.other.key, DUPLICATE, rule.name, score)
        first = first or (rule, guards)
    if first is None:
        return None
    rule, guards = first
    score = min(rule.score_of(pair), MOST_ASKED)
    if score < ask_at or not is_worth_asking(pair, guards):
        return None
    return ScoredPair(pair.one.key, pair.other.key, ASKED, guards[0].__name__ if guards else rule.name, score)
