"""Find duplicates in this review, settle the uncertain pairs by hand, and undo. Nothing is deleted."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from iimscreen import matching
from iimscreen.errors import InputError, ProtocolError
from iimscreen.matching.grouping import BY_HAND
from iimscreen.model import Protocol, ScoredPair, StoredRecord
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, curation, duplicates, records, versions
from iimscreen.store.duplicates import PairVerdict
from iimscreen.wording import counted

DUPLICATE, DISTINCT, ASKED = "duplicate", "distinct", "asked"
NAMED_BY_IDENTIFIER = "previous_report_named_by_identifier"
# Fields that `matching` looks at: after an edit of one of them records are compared anew.
COMPARED = frozenset((
    "pmid", "pmcid", "doi", "title", "vernacular_title", "authors", "journal", "journal_abbreviation", "year",
    "volume", "issue", "pages", "publication_types", "registrations", "languages", "published_on",
))  # fmt: skip
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
        kept = _kept(review, [record.key for record in everything], standing.values())
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
        reports=len(set(kept.values()) - set(curation.removed(review))),
        merged_now=sum(one.verdict == DUPLICATE for one in new),
        asked=len(_waiting(review, standing.values(), kept)),
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


def _kept(review: Review, keys: Sequence[str], verdicts: Iterable[PairVerdict]) -> dict[str, str]:
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


@dataclass(frozen=True, slots=True)
class Pair:
    """An asked pair, with both records."""

    record: StoredRecord
    other: StoredRecord
    rule: str
    score: float | None


@dataclass(frozen=True, slots=True)
class Group:
    """Records of one report: the one kept, and the others with what put them here."""

    kept: StoredRecord
    others: tuple[tuple[StoredRecord, PairVerdict | None], ...]


def asked(review: Review) -> list[Pair]:
    """Pairs that wait for a person, best score first."""
    kept = {row[0]: row[4] for row in records.memberships(review)}
    return [
        Pair(
            records.by_key(review, one.key), records.by_key(review, one.other_key), one.decided_by, one.score
        )
        for one in _waiting(review, duplicates.standing(review), kept)
    ]


def _waiting(review: Review, verdicts: Iterable[PairVerdict], kept: Mapping[str, str]) -> list[PairVerdict]:
    """Asked pairs that are still a question, best score first: one for each pair of reports.

    A pair is none any more when other merges made it one report, when a person has set apart any two
    records of the two reports, or when all records of one of them are removed.
    """
    removed = curation.removed(review)
    apart = set()
    open_ones: dict[frozenset[str], PairVerdict] = {}
    for one in sorted(verdicts, key=lambda one: -(one.score or 0)):
        reports = frozenset((kept[one.key], kept[one.other_key]))
        if one.verdict == DISTINCT and one.by_person:
            apart.add(reports)
        elif one.verdict == ASKED and len(reports) == 2 and reports.isdisjoint(removed):
            open_ones.setdefault(reports, one)
    return [one for reports, one in open_ones.items() if reports not in apart]


def groups(review: Review) -> list[Group]:
    """Groups of two or more records, in the order of their kept records."""
    by_key = {record.key: record for record in records.everything(review)}
    members: dict[str, list[str]] = {}
    for key, _, _, _, kept, _ in records.memberships(review):
        members.setdefault(kept, []).append(key)
    why = _strongest_merge(duplicates.standing(review))
    return [
        Group(by_key[kept], tuple((by_key[key], why.get(key)) for key in keys if key != kept))
        for kept, keys in members.items()
        if len(keys) > 1
    ]


def _strongest_merge(verdicts: Iterable[PairVerdict]) -> dict[str, PairVerdict]:
    """For each record, the standing merge that ties it most surely to another."""
    best: dict[str, PairVerdict] = {}
    for one in verdicts:
        if one.verdict != DUPLICATE:
            continue
        for key in (one.key, one.other_key):
            if key not in best or _weight(one) > _weight(best[key]):
                best[key] = one
    return best


def _weight(verdict: PairVerdict) -> float:
    return BY_HAND if verdict.by_person else (verdict.score or 0.0)


def as_csv(review: Review) -> str:
    """One row per record, singles too: record,source_id,group,kept,rule,score (kept is 1 or 0)."""
    why = _strongest_merge(duplicates.standing(review))
    rows = records.memberships(review)
    sizes, removed = Counter(row[4] for row in rows), curation.removed(review)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["record", "source_id", "group", "kept", "rule", "score"])
    for key, _, _, _, kept, source_id in rows:
        merged = why.get(key) if sizes[kept] > 1 else None
        writer.writerow(
            [
                key,
                source_id or "",
                kept,
                int(key == kept and key not in removed),
                merged.decided_by if merged else "",
                f"{merged.score:g}" if merged and merged.score is not None else "",
            ]
        )
    return out.getvalue()


def to_compare(review: Review) -> list[str]:
    """Why `dedupe` has to be run (again), in sentences; empty when it has not."""
    found = []
    protocol, used = in_force(review), duplicates.last_thresholds(review)
    if used is not None and used != (protocol.merge_at, protocol.ask_at):
        found.append("deduplication: the protocol's thresholds changed since, so run it again")
    fresh = duplicates.records_not_compared(review)
    if fresh:
        found.append(f"deduplication: {fresh:,} record{'' if fresh == 1 else 's'} not compared yet")
    edited = curation.edited_since_compared(review, COMPARED)
    if edited:
        found.append(f"deduplication: {counted(edited, 'record')} edited since, so run it again")
    return found


def unfinished(review: Review) -> list[str]:
    """What deduplication still has to do, in sentences."""
    found = to_compare(review)
    waiting = len(asked(review))
    if waiting:
        found.append(f"deduplication: {waiting:,} pair{'' if waiting == 1 else 's'} to decide by hand")
    return found


def restore(review: Review) -> None:
    """Make the record kept for each report the one that the logged verdicts say."""
    keys = [row[0] for row in records.memberships(review)]
    duplicates.keep(review, _kept(review, keys, duplicates.standing(review)))


def keep_again(review: Review, report: str) -> None:
    """Choose the record kept for one report anew, once records of it were removed or restored.

    To be called inside `writing()`.
    """
    keys = records.members_of(review, report)
    duplicates.keep(review, _past_removals(review, dict.fromkeys(keys, keys[0]), keys))


def verify(review: Review) -> list[str]:
    """Records whose kept record is not the one that the verdicts make, in sentences."""
    memberships = records.memberships(review)
    kept = _kept(review, [row[0] for row in memberships], duplicates.standing(review))
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
