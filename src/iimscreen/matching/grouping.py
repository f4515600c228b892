"""From judged pairs to groups: which records are one report, and which chains must not be made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import replace
from typing import Protocol, TypeVar

from iimscreen.model import ScoredPair

CHAIN_RULE = "chain_of_unlike_records"
BY_HAND = 101.0  # the score of an edge that a person made; above every rule's


class Edge(Protocol):
    """Two keys to be joined, and how surely; `ScoredPair` is one."""

    @property
    def key(self) -> str: ...  # noqa: D102 - named by the class
    @property
    def other_key(self) -> str: ...  # noqa: D102 - as above
    @property
    def score(self) -> float: ...  # noqa: D102 - as above


_E = TypeVar("_E", bound=Edge)


Contradict = Callable[[str, str], bool]


class _Groups:
    """Sets of keys that grow by joining, unless two members are to stay apart."""

    def __init__(
        self, apart: Iterable[tuple[str, str]] = (), contradict: Contradict = lambda _key, _other: False
    ) -> None:
        self.leader: dict[str, str] = {}
        self.members: dict[str, list[str]] = {}
        self.contradict = contradict
        self.apart: dict[str, set[str]] = defaultdict(set)
        for one, other in apart:
            if one != other:
                self.apart[one].add(other)
                self.apart[other].add(one)

    def of(self, key: str) -> str:
        return self.leader.setdefault(key, key)

    def group(self, key: str) -> list[str]:
        """The keys of this key's group; the same list for each of them, but for one by itself."""
        return self.members.get(self.of(key), [key])

    def join(self, one: str, other: str) -> bool:
        """Whether both are in one group now."""
        a, b = self.of(one), self.of(other)
        if a == b:
            return True
        left, right = self.members.get(a, [a]), self.members.get(b, [b])
        if len(left) < len(right):
            a, b, left, right = b, a, right, left
        inside = set(left)
        if any(not inside.isdisjoint(self.apart[key]) for key in right if key in self.apart):
            return False
        if len(left) + len(right) > 2 and any(self.contradict(x, y) for x in left for y in right):
            return False
        for key in right:
            self.leader[key] = a
        self.members[a] = left + right
        self.members.pop(b, None)
        return True


def groups(
    keys: Sequence[str], duplicates: Iterable[Edge], apart: Iterable[tuple[str, str]] = ()
) -> dict[str, str]:
    """Each key with the representative of its group: the earliest of the group in `keys`.

    Edges are taken strongest first, so one made by hand (score `BY_HAND`) comes before every
    rule's. An edge that would bring two keys of `apart` into one group, be it through a chain, is
    left out; at equal score the pair of lower keys wins, so that no order matters. Edges and pairs
    that name unknown keys are passed over.

    Chains that join different PMIDs or DOIs never come here as duplicates: `find_pairs` has made
    them "asked", and a person's yes overrides that.
    """
    place = {key: number for number, key in reversed(list(enumerate(keys)))}
    joined = _Groups(apart)
    for edge in strongest_first(duplicates):
        if edge.key in place and edge.other_key in place:
            joined.join(edge.key, edge.other_key)
    earliest: dict[str, str] = {}
    for key in keys:
        earliest.setdefault(joined.of(key), key)
    return {key: earliest[joined.of(key)] for key in keys}


def without_bad_chains(pairs: Iterable[ScoredPair], contradict: Contradict) -> list[ScoredPair]:
    """The pairs, with each merge that would join two records which contradict one another made "asked".

    A group is looked at as a whole: before two groups become one, every record of the one is held against
    every record of the other, but for pairs that a rule merges by themselves. Merges are tried strongest
    first, so it is the weakest link of a chain that is asked about.
    """
    merges: list[ScoredPair] = []
    checked: list[ScoredPair] = []
    for pair in pairs:
        (merges if pair.verdict == "duplicate" else checked).append(pair)
    direct = {frozenset((pair.key, pair.other_key)) for pair in merges}

    def chained(key: str, other_key: str) -> bool:
        return frozenset((key, other_key)) not in direct and contradict(key, other_key)

    joined = _Groups(contradict=chained)
    for pair in strongest_first(merges):
        if joined.join(pair.key, pair.other_key):
            checked.append(pair)
        else:
            checked.append(replace(pair, verdict="asked", rule=CHAIN_RULE))
    return checked


def held_from_hands(
    merges: Iterable[ScoredPair],
    settled: Iterable[tuple[str, str]],
    by_hand: Set[str],
    contradict: Contradict,
) -> set[tuple[str, str]]:
    """Those of the rules' new merges that would bring what contradicts a record into a group that people made.

    `settled` are the pairs that were merged before, by rules or people, and stay; `by_hand` are the keys that
    people merged. What people joined, they joined knowingly, however it contradicts itself; a rule knows
    nothing of it.
    """
    found = strongest_first(merges)
    direct = {frozenset((pair.key, pair.other_key)) for pair in found}
    joined = _Groups()
    for key, other_key in settled:
        joined.join(key, other_key)

    def chained(key: str, other_key: str) -> bool:
        return frozenset((key, other_key)) not in direct and contradict(key, other_key)

    held = set()
    for pair in found:
        left, right = joined.group(pair.key), joined.group(pair.other_key)
        is_made_by_hand = not by_hand.isdisjoint([*left, *right])
        if is_made_by_hand and left is not right and any(chained(x, y) for x in left for y in right):
            held.add((pair.key, pair.other_key))
        else:
            joined.join(pair.key, pair.other_key)
    return held


def strongest_first(edges: Iterable[_E]) -> list[_E]:
    """The edges by score; at equal score by their keys, so that no order of arrival matters."""

    def order(edge: _E) -> tuple[float, str, str]:
        return -edge.score, min(edge.key, edge.other_key), max(edge.key, edge.other_key)

    return sorted(edges, key=order)
