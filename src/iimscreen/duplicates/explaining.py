"""Why two records are one report, or two: the verdicts behind it, what the rules say today, and people's words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from iimscreen import matching
from iimscreen.duplicates import audit, by_hand
from iimscreen.duplicates.asking import Pair
from iimscreen.duplicates.audit import Group, Weighed, meaning, strongest_merge, weight
from iimscreen.matching.blocks import candidates
from iimscreen.matching.compare import side_by_side
from iimscreen.matching.fields import comparable
from iimscreen.matching.verdicts import fields_of
from iimscreen.model import Protocol, ScoredPair, StoredRecord
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, duplicates, records
from iimscreen.store.duplicate_gate import DuplicateGate
from iimscreen.store.duplicates import DISTINCT, DUPLICATE, LoggedVerdict, PairVerdict
from iimscreen.voting import PairVote


@dataclass(frozen=True, slots=True)
class Today:
    """What the rules of today say of a pair."""

    verdict: ScoredPair | None  # None where they leave the two apart
    title: float  # how alike the titles are, 0 to 100
    agreed: tuple[str, ...]
    differed: tuple[str, ...]
    rules: tuple[tuple[str, str], ...]  # that hold, strongest first, each with what it looks at
    guards: tuple[tuple[str, str], ...]  # that hold against merging unasked


@dataclass(frozen=True, slots=True)
class Why:
    """All that is known of one pair, as far as the one who asks may see."""

    weighed: Weighed
    is_one_report: bool
    because: str  # a sentence
    chain: tuple[LoggedVerdict, ...]  # where they are one report: the merges that lead from one to the other
    today: Today
    history: tuple[LoggedVerdict, ...]  # of this very pair, oldest first
    words: tuple[PairVote, ...]  # of reviewers, as far as they may be seen
    hidden: int  # words that may not be seen yet


def of_pair(review: Review, one: str, other: str, *, viewer: str | None = None) -> Why:
    """Why two records are one report, or two."""
    with review.reading():
        protocol = in_force(review)
        first, second = by_hand.two_records(review, one, other)
        around = duplicates.neighbourhood(review, (first.key, second.key))
        is_one = around.kept[first.key] == around.kept[second.key]
        history = duplicates.history(review, first.key, second.key)
        today = _today(first, second, protocol)
        chain = [
            duplicates.last(review, link.key, link.other_key)
            for link in tying(_within(around, first.key), first.key, second.key)
        ]
        stands = next((v for v in around.verdicts if {v.key, v.other_key} == {first.key, second.key}), None)
        rule = next((v.verdict for v in reversed(history) if not v.verdict.by_person), None)
        shown = Pair(
            first,
            second,
            rule.decided_by if rule else f"rule:{today.verdict.rule}" if today.verdict else "rule:none",
            rule.score if rule else today.verdict.score if today.verdict else None,
        )
        words, hidden = DuplicateGate(review, protocol).words_on(first.key, second.key, viewer)
        return Why(
            audit.weighed(review, shown),
            is_one,
            _together(chain) if is_one else _apart(review, around, first, second, stands, today),
            tuple(chain),
            today,
            tuple(history),
            tuple(words),
            hidden,
        )


def of_record(review: Review, given: str) -> Group:
    """The group that a record belongs to: the record kept, and what ties each other one to the report."""
    with review.reading():
        record = records.find(review, given)
        around = duplicates.neighbourhood(review, (record.key,))
        kept = around.kept[record.key]
        why = strongest_merge(_within(around, record.key))
        others = [key for key in around.keys if around.kept[key] == kept and key != kept]
        return Group(
            records.by_key(review, kept),
            tuple((one, why.get(one.key)) for one in records.by_keys(review, others)),
        )


def _within(around: duplicates.Neighbourhood, key: str) -> list[PairVerdict]:
    """The standing merges inside the report of one record."""
    kept = around.kept
    return [
        one
        for one in around.verdicts
        if one.verdict == DUPLICATE and kept[one.key] == kept[one.other_key] == kept[key]
    ]


def tying(merges: Iterable[PairVerdict], one: str, other: str) -> list[PairVerdict]:
    """The merges that lead from one record to the other, in order: of all ways the one whose weakest merge
    is strongest, as groups are made; none if no way leads there.
    """
    leader: dict[str, str] = {}

    def of(key: str) -> str:
        while leader.setdefault(key, key) != key:
            key = leader[key]
        return key

    steps: dict[str, list[tuple[str, PairVerdict]]] = {}
    for merge in sorted(merges, key=lambda merge: (-weight(merge), merge.key, merge.other_key)):
        a, b = of(merge.key), of(merge.other_key)
        if a != b:
            leader[a] = b
            steps.setdefault(merge.key, []).append((merge.other_key, merge))
            steps.setdefault(merge.other_key, []).append((merge.key, merge))
    ways: dict[str, list[PairVerdict]] = {one: []}
    edge = [one]
    while edge and other not in ways:
        key = edge.pop()
        for next_key, merge in steps.get(key, ()):
            if next_key not in ways:
                ways[next_key] = [*ways[key], merge]
                edge.append(next_key)
    return ways.get(other, [])


def _today(one: StoredRecord, other: StoredRecord, protocol: Protocol) -> Today:
    pair = side_by_side(comparable(one), comparable(other))
    alike = matching.compare_records(one, other)
    judged = None
    if alike is not None:
        judged = matching.judge(
            alike, merge_at=protocol.merge_at, ask_at=protocol.ask_at, preprints=protocol.preprints
        )
    agreed, differed = fields_of(pair)
    return Today(
        judged,
        pair.title,
        agreed,
        differed,
        tuple((rule.name, meaning(rule.name)[1]) for rule in matching.RULES if alike and rule.test(pair)),
        tuple((guard.__name__, meaning(guard.__name__)[1]) for guard in matching.GUARDS if guard(pair)),
    )


def _together(chain: list[LoggedVerdict]) -> str:
    if len(chain) == 1:
        return "one verdict makes them one report"
    return f"a chain of {len(chain)} verdicts makes them one report"


def _apart(
    review: Review,
    around: duplicates.Neighbourhood,
    one: StoredRecord,
    other: StoredRecord,
    stands: PairVerdict | None,
    today: Today,
) -> str:
    """Why two records are two reports, in a sentence."""
    if stands is not None and stands.by_person and stands.verdict == DISTINCT:
        return f"{stands.decided_by.removeprefix('person:')} decided that they are different reports"
    if stands is not None and stands.verdict == DUPLICATE:
        return "a verdict would merge them, but a decision by hand sets records of their two reports apart"
    if stands is not None and stands.verdict == "asked":
        return "a person is asked about them, and has not decided yet"
    reports = {around.kept[one.key], around.kept[other.key]}
    for verdict in around.verdicts:
        if {around.kept[verdict.key], around.kept[verdict.other_key]} == reports:
            if verdict.verdict == DISTINCT and verdict.by_person:
                return (
                    f"{verdict.decided_by.removeprefix('person:')} set their two reports apart, by a decision on "
                    f"{verdict.key} and {verdict.other_key}"
                )
            if verdict.verdict == "asked":
                return f"a person is asked about their two reports, as {verdict.key} and {verdict.other_key}"
    for link in duplicates.links(review):
        if {link.key, link.other_key} == {one.key, other.key} and link.verdict == matching.LINKED:
            return f"they are linked as two reports of one study, by {link.decided_by}"
    return _by_the_rules(review, one, other, today)


def _by_the_rules(review: Review, one: StoredRecord, other: StoredRecord, today: Today) -> str:
    fresh = set(duplicates.not_compared(review))
    late = [record.key for record in (one, other) if record.key in fresh]
    if late:
        return f"not compared yet: {' and '.join(late)} came after the last deduplication"
    differing = f"; differ: {', '.join(today.differed)}" if today.differed else ""
    if today.verdict is not None:
        return (
            f"the rules of today would say {today.verdict.verdict}, by {today.verdict.rule} with score "
            f"{today.verdict.score:g}; `iimscreen dedupe` compares anew"
        )
    if today.rules and today.guards:
        names = ", ".join(name for name, _ in today.guards)
        return f"rule {today.rules[0][0]} holds, but so does what speaks against it: {names}{differing}"
    if today.rules:
        return f"rule {today.rules[0][0]} holds, with too low a score or in another place{differing}"
    if not _meet(review, one, other):
        return (
            "never compared: they share no identifier, no title, no two rare words of it, no place and no first "
            f"author with a page or a title word (titles {today.title:.0f}% alike{differing})"
        )
    return f"no rule holds: titles {today.title:.0f}% alike{differing}"


def _meet(review: Review, one: StoredRecord, other: StoredRecord) -> bool:
    """Whether the two are brought together to be compared, among all records of the review."""
    everything = [comparable(record) for record in records.everything(review)]
    place = {record.key: number for number, record in enumerate(everything)}
    found = candidates(everything)
    first, second = sorted((place[one.key], place[other.key]))
    return bool(((found.left == first) & (found.right == second)).any())
