"""Find duplicates in this review by the rules of matching. Nothing is deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from iimscreen import asking, matching
from iimscreen.matching.grouping import BY_HAND
from iimscreen.model import Protocol, ScoredPair, StoredRecord
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, duplicates, records, versions
from iimscreen.store.duplicates import DISTINCT, DUPLICATE, PairVerdict

NAMED_BY_IDENTIFIER = "previous_report_named_by_identifier"
NO_LONGER_ALIKE = "rule:no_longer_alike"  # a rule's earlier word, taken back by newer rules or thresholds


@dataclass(frozen=True, slots=True)
class DedupeOutcome:
    """What one deduplication found, over all records."""

    records: int
    reports: int  # records left when one is kept for each report
    merged_now: int  # pairs merged by a rule in this run
    asked: int  # pairs that wait for a person, of this run or earlier
    rules: tuple[tuple[str, int], ...]  # standing merges by the rule or kind of person that made them


def run(review: Review) -> DedupeOutcome:
    """Compare all records, log every new verdict, and keep the earliest record of each report.

    A person's verdict is never overruled. Running it again changes nothing.
    """
    protocol = in_force(review)
    everything = records.everything(review)
    found = matching.find_pairs(everything, merge_at=protocol.merge_at, ask_at=protocol.ask_at)
    found = _named_by_identifier(everything, found)
    with review.writing():
        standing = {(one.key, one.other_key): one for one in duplicates.standing(review)}
        new = _new_verdicts(standing, found)
        standing.update({(one.key, one.other_key): one for one in new})
        kept = _kept([record.key for record in everything], standing.values())
        duplicates.add(review, new, kept)
        duplicates.keep(review, kept)
        duplicates.log_run(
            review,
            records=len(everything),
            last_key=everything[-1].key if everything else None,
            pairs=len(found),
            merge_at=protocol.merge_at,
            ask_at=protocol.ask_at,
        )
    merges = Counter(one.decided_by for one in standing.values() if one.verdict == DUPLICATE)
    return DedupeOutcome(
        records=len(everything),
        reports=len(set(kept.values())),
        merged_now=sum(one.verdict == DUPLICATE for one in new),
        asked=len(asking.waiting(standing.values(), kept)),
        rules=tuple(merges.most_common()),
    )


def _named_by_identifier(everything: Sequence[StoredRecord], found: Sequence[ScoredPair]) -> list[ScoredPair]:
    """The same pairs; one with a report of a version made elsewhere that was entered as a bare PMID or DOI
    is merged: without a title there is nothing that a person could compare.
    """
    bare = {
        one.key: one.record
        for one in everything
        if versions.is_made_elsewhere(one.key) and one.record.title is None
    }
    if not bare:
        return list(found)
    by_key = {one.key: one.record for one in everything}

    def is_named(pair: ScoredPair) -> bool:
        one, other = by_key[pair.key], by_key[pair.other_key]
        return (pair.key in bare or pair.other_key in bare) and (
            (one.pmid is not None and one.pmid == other.pmid)
            or (one.doi is not None and one.doi == other.doi)
        )

    return [
        replace(pair, verdict=DUPLICATE, rule=NAMED_BY_IDENTIFIER, score=100.0) if is_named(pair) else pair
        for pair in found
    ]


def _new_verdicts(
    standing: Mapping[tuple[str, str], PairVerdict], found: Sequence[ScoredPair]
) -> list[PairVerdict]:
    """The rules' verdicts that differ from what stands; a person's word stays."""
    new = []
    judged = set()
    for pair in found:
        judged.add((pair.key, pair.other_key))
        before = standing.get((pair.key, pair.other_key))
        verdict = PairVerdict(pair.key, pair.other_key, pair.verdict, f"rule:{pair.rule}", pair.score, None)
        if before is None or (not before.by_person and replace(before, score=verdict.score) != verdict):
            new.append(verdict)
    for pair_keys, before in standing.items():
        if pair_keys not in judged and not before.by_person and before.verdict != DISTINCT:
            new.append(replace(before, verdict=DISTINCT, decided_by=NO_LONGER_ALIKE, score=None))
    return new


def _kept(keys: Sequence[str], verdicts: Iterable[PairVerdict]) -> dict[str, str]:
    edges, apart = [], []
    for one in verdicts:
        if one.verdict == DUPLICATE:
            score = BY_HAND if one.by_person else (one.score or 0.0)
            edges.append(ScoredPair(one.key, one.other_key, DUPLICATE, one.decided_by, score))
        elif one.verdict == DISTINCT and one.by_person:
            apart.append((one.key, one.other_key))
    return matching.groups(keys, edges, apart)


def to_compare(review: Review) -> list[str]:
    """Why `dedupe` has to be run (again), in sentences; empty when it has not."""
    found = []
    protocol, used = in_force(review), duplicates.last_thresholds(review)
    if used is not None and used != (protocol.merge_at, protocol.ask_at):
        found.append("deduplication: the protocol's thresholds changed since, so run it again")
    fresh = duplicates.records_not_compared(review)
    if fresh:
        found.append(f"deduplication: {fresh:,} record{'' if fresh == 1 else 's'} not compared yet")
    return found


def restore(review: Review) -> None:
    """Make the record kept for each report the one that the logged verdicts say."""
    keys = [row[0] for row in records.memberships(review)]
    duplicates.keep(review, _kept(keys, duplicates.standing(review)))


def verify(review: Review) -> list[str]:
    """Records whose kept record is not the one that the verdicts make, in sentences."""
    memberships = records.memberships(review)
    kept = _kept([row[0] for row in memberships], duplicates.standing(review))
    return [
        f"{row[0]} belongs to the report of {row[4]}, but the verdicts on duplicates say {kept[row[0]]}"
        for row in memberships
        if kept[row[0]] != row[4]
    ]


def thresholds(protocol: Protocol) -> str:
    """The protocol's bands in one sentence."""
    return (
        f"scores from {protocol.merge_at:g} are merged, from {protocol.ask_at:g} a person is asked, "
        "below that records are left apart"
    )
