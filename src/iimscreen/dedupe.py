"""Find duplicates in this review by the rules of matching. Nothing is deleted."""

from __future__ import annotations

import contextlib
import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from iimscreen import matching
from iimscreen.duplicates import asking
from iimscreen.duplicates.progress import COMPARED
from iimscreen.errors import ProtocolError
from iimscreen.matching.grouping import BY_HAND
from iimscreen.model import Protocol, ScoredPair, StoredRecord
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, curation, duplicates, records, versions
from iimscreen.store.duplicates import ASKED, DISTINCT, DUPLICATE, PairVerdict

NAMED_BY_IDENTIFIER = "previous_report_named_by_identifier"
NO_LONGER_ALIKE = "rule:no_longer_alike"  # a rule's earlier word, taken back by newer rules or thresholds


@dataclass(frozen=True, slots=True)
class DedupeOutcome:
    """What one deduplication found."""

    records: int
    compared: int  # records compared with all; the others had been compared before
    reports: int  # records left when one is kept for each report
    merged_now: int  # pairs merged by a rule in this run
    asked: int  # pairs that wait for a person, of this run or earlier
    linked: int  # pairs linked as reports of one study
    rules: tuple[tuple[str, int], ...]  # standing merges by the rule or kind of person that made them


def run(review: Review, *, again: bool = False) -> DedupeOutcome:
    """Compare what is new or edited with all records, log each new verdict, keep one record of each report.

    Everything is compared anew with `again`, and when the rules or the protocol's thresholds are others than
    the last time. A person's verdict is never overruled. Running it again changes nothing. Raises
    ProtocolError if somebody edited a record meanwhile.
    """
    with _no_collection():
        return _run(review, again)


def _run(review: Review, again: bool) -> DedupeOutcome:
    with review.reading():
        protocol = in_force(review)
        new = None if again or _judges_anew(review, protocol) else set(duplicates.not_compared(review))
        if new is not None:
            new |= curation.edited_since_compared(review, COMPARED)
        stood = duplicates.standing(review)
        before = [_as_pair(one) for one in stood if _is_a_rules_find(one)]
        decided = [(one.key, one.other_key) for one in stood if one.by_person]
        keys = records.keys(review)
        last_edit = curation.last_edit(review)
    found = before if new is not None and not new else _compared(review, protocol, new, before, decided)
    pairs = [pair for pair in found if pair.verdict != matching.LINKED]
    with review.writing():
        if curation.last_edit(review) != last_edit:  # it would count as compared
            raise ProtocolError(
                "records were edited while they were compared, so nothing was stored",
                hint="run `iimscreen dedupe` again",
            )
        standing = {(one.key, one.other_key): one for one in duplicates.standing(review)}
        pairs = _held_from_hands(review, standing, pairs)
        verdicts = _new_verdicts(standing, pairs)
        standing.update({(one.key, one.other_key): one for one in verdicts})
        kept = kept_by(review, keys, standing.values())
        duplicates.add(review, verdicts, kept)
        duplicates.keep(review, kept)
        linked = _link(review, [pair for pair in found if pair.verdict == matching.LINKED], standing, new)
        duplicates.log_run(
            review,
            records=len(keys),
            compared=len(keys) if new is None else len(new),
            last_key=keys[-1] if keys else None,
            pairs=len(pairs),
            merge_at=protocol.merge_at,
            ask_at=protocol.ask_at,
            preprints=protocol.preprints,
            rules_version=matching.VERSION,
        )
    merges = Counter(one.decided_by for one in standing.values() if one.verdict == DUPLICATE)
    return DedupeOutcome(
        records=len(keys),
        compared=len(keys) if new is None else len(new),
        reports=len(set(kept.values()) - set(curation.removed(review))),
        merged_now=sum(one.verdict == DUPLICATE for one in verdicts),
        asked=len(asking.waiting(standing.values(), kept, curation.removed(review))),
        linked=linked,
        rules=tuple(merges.most_common()),
    )


def _is_a_rules_find(one: PairVerdict) -> bool:
    return not one.by_person and one.verdict != DISTINCT


def _compared(
    review: Review,
    protocol: Protocol,
    new: Set[str] | None,
    before: Sequence[ScoredPair],
    decided: Sequence[tuple[str, str]],
) -> list[ScoredPair]:
    """The rules' verdicts on all pairs, those with new records found now; all of them if `new` is None."""
    bare: list[StoredRecord] = []

    def each() -> Iterator[StoredRecord]:
        for record in records.each_to_compare(review):
            if record.record.title is None and versions.is_made_elsewhere(record.key):
                bare.append(record)
            yield record

    found = matching.find_pairs(
        each(),
        merge_at=protocol.merge_at,
        ask_at=protocol.ask_at,
        preprints=protocol.preprints,
        new=new,
        standing=[one for one in before if one.rule != NAMED_BY_IDENTIFIER],
        decided=[
            *decided,
            *((one.key, one.other_key) for one in before if one.rule == NAMED_BY_IDENTIFIER),
        ],
    )
    return _named_by_identifier(review, bare, found)


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """No search for garbage while records are held by the hundred thousand: they are none, and it costs 10%."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _judges_anew(review: Review, protocol: Protocol) -> bool:
    """Whether verdicts given the last time would not be given now."""
    last = duplicates.last_run(review)
    return last is None or (last.merge_at, last.ask_at, last.preprints, last.rules_version) != (
        protocol.merge_at,
        protocol.ask_at,
        protocol.preprints,
        matching.VERSION,
    )


def _as_pair(one: PairVerdict) -> ScoredPair:
    rule = one.decided_by.removeprefix("rule:")
    return ScoredPair(one.key, one.other_key, one.verdict, rule, one.score or 0.0, one.agreed, one.differed)


def _as_verdict(pair: ScoredPair) -> PairVerdict:
    return PairVerdict(
        pair.key,
        pair.other_key,
        pair.verdict,
        f"rule:{pair.rule}",
        pair.score,
        None,
        pair.agreed,
        pair.differed,
    )


def _named_by_identifier(
    review: Review, bare: Sequence[StoredRecord], found: Sequence[ScoredPair]
) -> list[ScoredPair]:
    """The same pairs; one with a report of a version made elsewhere that was entered as a bare PMID or DOI
    is merged: without a title there is nothing that a person could compare.
    """
    named = {one.key: one.record for one in bare}

    def is_named(pair: ScoredPair) -> bool:
        if pair.key not in named and pair.other_key not in named:
            return False
        one, other = (
            named.get(key) or records.by_key(review, key).record for key in (pair.key, pair.other_key)
        )
        return (one.pmid is not None and one.pmid == other.pmid) or (
            one.doi is not None and one.doi == other.doi
        )

    return [
        replace(pair, verdict=DUPLICATE, rule=NAMED_BY_IDENTIFIER, score=100.0) if is_named(pair) else pair
        for pair in found
    ]


def _held_from_hands(
    review: Review, standing: Mapping[tuple[str, str], PairVerdict], pairs: Sequence[ScoredPair]
) -> list[ScoredPair]:
    """The same pairs; a new merge that would add what contradicts a group made by hand is asked about."""
    merged = [one for one in standing.values() if one.verdict == DUPLICATE]
    by_hand = {key for one in merged if one.by_person for key in (one.key, one.other_key)}
    if not by_hand:
        return list(pairs)
    new = [
        pair
        for pair in pairs
        if pair.verdict == DUPLICATE
        and ((before := standing.get((pair.key, pair.other_key))) is None or _is_open(before))
    ]
    held = matching.held_from_hands(
        new,
        [(one.key, one.other_key) for one in merged],
        by_hand,
        lambda key, other: matching.do_contradict(records.by_key(review, key), records.by_key(review, other)),
    )
    return [
        replace(pair, verdict=ASKED, rule=matching.CHAIN_RULE) if (pair.key, pair.other_key) in held else pair
        for pair in pairs
    ]


def _is_open(one: PairVerdict) -> bool:
    return not one.by_person and one.verdict != DUPLICATE


def _new_verdicts(
    standing: Mapping[tuple[str, str], PairVerdict], found: Sequence[ScoredPair]
) -> list[PairVerdict]:
    """The rules' verdicts that differ from what stands; a person's word stays."""
    new = []
    judged = set()
    for pair in found:
        judged.add((pair.key, pair.other_key))
        before = standing.get((pair.key, pair.other_key))
        verdict = _as_verdict(pair)
        if before is None or not (before.by_person or _says(before) == _says(verdict)):
            new.append(verdict)
    for pair_keys, before in standing.items():
        if pair_keys not in judged and not before.by_person and before.verdict != DISTINCT:
            new.append(replace(before, verdict=DISTINCT, decided_by=NO_LONGER_ALIKE, score=None))
    return new


def _says(verdict: PairVerdict) -> tuple[str, str]:
    return verdict.verdict, verdict.decided_by


def _link(
    review: Review,
    found: Sequence[ScoredPair],
    verdicts: Mapping[tuple[str, str], PairVerdict],
    new: Set[str] | None,
) -> int:
    """Log the links that are new and take back those that no longer hold; how many stand.

    What a person decided about a pair, be it as a link or as duplicates, is not touched.
    """
    standing = {(one.key, one.other_key): one for one in duplicates.links(review)}
    by_people = {keys for keys, one in [*standing.items(), *verdicts.items()] if one.by_person}
    given = {(pair.key, pair.other_key): _as_verdict(pair) for pair in found}
    changed = [
        one
        for keys, one in given.items()
        if keys not in by_people and (keys not in standing or standing[keys].verdict != one.verdict)
    ]
    for keys, one in standing.items():
        was_judged = new is None or not new.isdisjoint(keys)
        if was_judged and keys not in given and keys not in by_people and one.verdict == duplicates.LINKED:
            changed.append(replace(one, verdict=duplicates.UNLINKED, decided_by=NO_LONGER_ALIKE, score=None))
    duplicates.add_links(review, changed)
    standing.update({(one.key, one.other_key): one for one in changed})
    return sum(one.verdict == duplicates.LINKED for one in standing.values())


def kept_by(review: Review, keys: Sequence[str], verdicts: Iterable[PairVerdict]) -> dict[str, str]:
    """Key of each record → key of the record kept for its report."""
    edges, apart = [], []
    for one in verdicts:
        if one.verdict == DUPLICATE:
            score = BY_HAND if one.by_person else (one.score or 0.0)
            edges.append(ScoredPair(one.key, one.other_key, DUPLICATE, one.decided_by, score))
        elif one.verdict == DISTINCT and one.by_person:
            apart.append((one.key, one.other_key))
    return _past_removals(review, matching.groups(keys, edges, apart), keys)


def _past_removals(review: Review, kept: dict[str, str], keys: Sequence[str]) -> dict[str, str]:
    """The same; a record that was ever removed is kept only where its report has none that never was.

    So one that is restored takes no other's place; of several the one restored first. Where all are
    removed, the earliest stands for the report, which is not screened.
    """
    words = curation.last_words(review)
    touched = {kept[key] for key in words if key in kept}
    if not touched:
        return kept
    members: dict[str, list[str]] = {}
    for key in keys:
        if kept[key] in touched:
            members.setdefault(kept[key], []).append(key)

    def rank(key: str) -> tuple[bool, int]:
        word = words.get(key)
        return (False, 0) if word is None else (word.is_removed, 0 if word.is_removed else word.log_id)

    for group in members.values():
        chosen = min(group, key=rank)  # the earliest of equals
        kept |= dict.fromkeys(group, chosen)
    return kept


def restore(review: Review) -> None:
    """Make the record kept for each report the one that the logged verdicts say."""
    keys = [row[0] for row in records.memberships(review)]
    duplicates.keep(review, kept_by(review, keys, duplicates.standing(review)))


def keep_again(review: Review, report: str) -> None:
    """Choose the record kept for one report anew, once records of it were removed or restored.

    To be called inside `writing()`.
    """
    keys = records.members_of(review, report)
    duplicates.keep(review, _past_removals(review, dict.fromkeys(keys, keys[0]), keys))


def verify(review: Review) -> list[str]:
    """Records whose kept record is not the one that the verdicts make, in sentences."""
    memberships = records.memberships(review)
    kept = kept_by(review, [row[0] for row in memberships], duplicates.standing(review))
    return [
        f"{row[0]} belongs to the report of {row[4]}, but the verdicts on duplicates say {kept[row[0]]}"
        for row in memberships
        if kept[row[0]] != row[4]
    ]


def contradictions(review: Review) -> list[str]:
    """Decisions by hand that cannot all hold, in sentences; they meet where two copies were merged."""
    kept = {row[0]: row[4] for row in records.memberships(review)}
    return [
        f"{one.key} and {one.other_key} were decided to be one report by hand, and other decisions by hand keep "
        "them apart: take one of them back with `iimscreen duplicates split` or `merge`"
        for one in duplicates.standing(review)
        if one.by_person and one.verdict == DUPLICATE and kept[one.key] != kept[one.other_key]
    ]


def thresholds(protocol: Protocol) -> str:
    """The protocol's bands in one sentence."""
    return (
        f"scores from {protocol.merge_at:g} are merged, from {protocol.ask_at:g} a person is asked, "
        "below that records are left apart"
    )
