"""Are two records one report? Pure: no clock, no file, no network.

`fields` takes the habits of databases away (with `titles`, `names`, `journals`, `pages`), `blocks` says
what is worth comparing, `bulk` scores titles, `compare` says what agrees, `rules` and `guards` judge, `grouping` joins
what was judged into groups.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from operator import attrgetter

from iimscreen.matching.blocks import candidates
from iimscreen.matching.bulk import worth_judging
from iimscreen.matching.compare import Pair, compare, side_by_side
from iimscreen.matching.fields import Comparable, comparable
from iimscreen.matching.grouping import (
    BY_HAND,
    CHAIN_RULE,
    Edge,
    groups,
    held_from_hands,
    strongest_first,
    without_bad_chains,
)
from iimscreen.matching.guards import GUARDS, Guard, contradicts
from iimscreen.matching.rules import RULES, Rule
from iimscreen.matching.verdicts import ASKED, DUPLICATE, LINKED, judge
from iimscreen.model import ScoredPair, StoredRecord

__all__ = [
    "ASKED",
    "BY_HAND",
    "CHAIN_RULE",
    "DUPLICATE",
    "GUARDS",
    "LINKED",
    "RULES",
    "VERSION",
    "Comparable",
    "Edge",
    "Guard",
    "Pair",
    "Rule",
    "compare_records",
    "do_contradict",
    "find_pairs",
    "groups",
    "held_from_hands",
    "judge",
]

# Raised whenever a rule, a guard or the comparable form changes: every pair is then judged anew.
VERSION = 4


def find_pairs(
    records: Iterable[StoredRecord],
    *,
    merge_at: float = 95.0,
    ask_at: float = 85.0,
    preprints: str = "link",
    new: Collection[str] | None = None,
    standing: Iterable[ScoredPair] = (),
    decided: Iterable[tuple[str, str]] = (),
) -> list[ScoredPair]:
    """Pairs that are one report ("duplicate"), may be ("asked"), or are of one study ("linked"), best first.

    Each pair comes once; `key` is the record with the lower id; nothing else depends on the order of
    `records`, which are read once. Scores run from 0 to 100. What a preprint is to its article says
    `preprints`: "link", "merge" or "apart".

    With `new`, only pairs in which at least one of these keys takes part are compared, and `standing` are
    the rules' verdicts on the others; what comes back is then the verdicts on all. `decided` are pairs on
    which the rules' verdict does not stand, each in order of arrival: they are judged all the same, since
    what the rules say of chains must not depend on when somebody decided. A merge that would chain
    records which contradict one another is asked about instead, whichever of its records came first; see
    `grouping.without_bad_chains`.
    """
    compared = [comparable(record) for record in records]
    compared.sort(key=attrgetter("id"))
    by_key = {record.key: record for record in compared}
    found: list[ScoredPair] = []

    def note(pair: Pair | None) -> None:
        if pair is not None:
            judged = judge(pair, merge_at=merge_at, ask_at=ask_at, preprints=preprints)
            if judged is not None:
                found.append(judged)

    for one, other, title in worth_judging(compared, candidates(compared, new=new)):
        note(compare(one, other, title))
    judged_now = {(pair.key, pair.other_key) for pair in found}
    for key, other_key in decided:
        if (key, other_key) not in judged_now:
            judged_now.add((key, other_key))
            note(compare(by_key[key], by_key[other_key]))
    left = [] if new is None else [one for one in standing if one.key not in new and one.other_key not in new]
    for before in left:
        if (before.key, before.other_key) in judged_now:
            continue
        if before.rule == CHAIN_RULE:
            note(side_by_side(by_key[before.key], by_key[before.other_key]))
        else:
            found.append(before)

    def contradict(key: str, other_key: str) -> bool:
        return contradicts(side_by_side(by_key[key], by_key[other_key]))

    return strongest_first(without_bad_chains(found, contradict))


def do_contradict(one: StoredRecord, other: StoredRecord) -> bool:
    """Whether two records must not meet in one group through a third; see `guards.contradicts`."""
    return contradicts(side_by_side(comparable(one), comparable(other)))


def compare_records(one: StoredRecord, other: StoredRecord) -> Pair | None:
    """What two records agree and differ on; None if they have next to nothing in common."""
    first, second = sorted((one, other), key=lambda stored: stored.id)
    return compare(comparable(first), comparable(second))
