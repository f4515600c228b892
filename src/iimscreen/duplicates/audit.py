"""What became of duplicates, and why: pairs with all that speaks for and against, groups, and a CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from iimscreen import matching
from iimscreen.dedupe import NAMED_BY_IDENTIFIER, NO_LONGER_ALIKE
from iimscreen.duplicates.asking import Pair
from iimscreen.matching.compare import side_by_side
from iimscreen.matching.fields import comparable
from iimscreen.matching.grouping import BY_HAND, CHAIN_RULE
from iimscreen.matching.rules import preprint_and_article
from iimscreen.model import StoredRecord
from iimscreen.side_by_side import Row, Stated, rows
from iimscreen.store import Review, curation, duplicates, provenance, records
from iimscreen.store.duplicates import DUPLICATE, PairVerdict
from iimscreen.store.provenance import Bringing

# --- what a rule or guard means --------------------------------------------------------------------

_OTHERS = {
    CHAIN_RULE: "Each record is like a third one, but the two contradict one another, so that a chain of merges "
    "would join what differs.",
    NAMED_BY_IDENTIFIER: "One stands for a report of a version made elsewhere that was named by its PMID or DOI "
    "only, and the other carries that number.",
    NO_LONGER_ALIKE.removeprefix("rule:"): "A rule found them alike once, and no rule does now.",
    "none": "No rule holds.",
    "by_hand": "Somebody took their decision back.",
}


def meaning(decided_by: str) -> tuple[str, str]:
    """What a name in the log stands for, "rule" or "guard", and what that looks at, in a sentence."""
    name = decided_by.removeprefix("rule:")
    for rule in matching.RULES:
        if rule.name == name:
            return "rule", _first_sentence(rule.test.__doc__)
    for guard in matching.GUARDS:
        if guard.__name__ == name:
            return "guard", _first_sentence(guard.__doc__)
    if name == preprint_and_article.__name__:
        return "rule", _first_sentence(preprint_and_article.__doc__)
    return "rule", _OTHERS.get(name, "A rule of another version of iimscreen.")


def _first_sentence(doc: str | None) -> str:
    return " ".join((doc or "").strip().partition("\n\n")[0].split())


# --- one pair --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Weighed:
    """A pair with what speaks for and against its being one report."""

    pair: Pair
    kind: str  # "rule", or "guard" where one keeps the pair from being merged unasked
    meaning: str
    title: float  # how alike the titles are, 0 to 100
    rows: tuple[Row, ...]
    brought: Mapping[str, tuple[Bringing, ...]]  # record → the runs that found it

    def fields(self, stated: Stated) -> tuple[str, ...]:
        """Names of the fields in which the two agree, differ, or only one says something."""
        return tuple(row.field for row in self.rows if row.stated is stated)


def weighed(review: Review, pair: Pair) -> Weighed:
    """A pair as it is laid before a person."""
    kind, sentence = meaning(pair.rule)
    alike = side_by_side(comparable(pair.record), comparable(pair.other))
    found: dict[str, list[Bringing]] = {}
    for one in provenance.brought(review, (pair.record.key, pair.other.key)):
        found.setdefault(one.key, []).append(one)
    return Weighed(
        pair,
        kind,
        sentence,
        alike.title,
        rows(pair.record.record, pair.other.record, judged=_judged(alike)),
        {key: tuple(runs) for key, runs in found.items()},
    )


def _judged(pair: matching.Pair) -> dict[str, bool | None]:
    """What the matching says of fields that need more than their letters; None where it says nothing."""
    return {
        "authors": None if pair.authors is None else pair.authors == 1.0 and pair.first_author is True,
        "journal": pair.journal,
        "volume": pair.volume,
        "issue": pair.issue,
        "pages": pair.page,
    }


# --- groups ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Group:
    """Records of one report: the one kept, and the others with what put them here."""

    kept: StoredRecord
    others: tuple[tuple[StoredRecord, PairVerdict | None], ...]


@dataclass(frozen=True, slots=True)
class Groups:
    """The first groups of two or more records, and how many there are."""

    first: tuple[Group, ...]
    total: int


def groups(review: Review, *, most: int | None = None) -> Groups:
    """Groups of two or more records, in the order of their kept records; at most so many of them."""
    members: dict[str, list[str]] = {}
    for key, _, _, _, kept, _ in records.memberships(review):
        members.setdefault(kept, []).append(key)
    large = [(kept, keys) for kept, keys in members.items() if len(keys) > 1]
    shown = large[:most]
    why = strongest_merge(duplicates.standing(review)) if shown else {}
    return Groups(
        tuple(
            Group(
                records.by_key(review, kept),
                tuple(
                    (one, why.get(one.key))
                    for one in records.by_keys(review, [key for key in keys if key != kept])
                ),
            )
            for kept, keys in shown
        ),
        len(large),
    )


def linked(review: Review) -> list[Pair]:
    """Pairs of records whose reports are linked as two of one study, while they are two reports."""
    kept = records.kept_keys(review)
    return [
        Pair(
            records.by_key(review, one.key), records.by_key(review, one.other_key), one.decided_by, one.score
        )
        for one in duplicates.links(review)
        if one.verdict == duplicates.LINKED and kept[one.key] != kept[one.other_key]
    ]


def strongest_merge(verdicts: Iterable[PairVerdict]) -> dict[str, PairVerdict]:
    """For each record, the standing merge that ties it most surely to another."""
    best: dict[str, PairVerdict] = {}
    for one in verdicts:
        if one.verdict != DUPLICATE:
            continue
        for key in (one.key, one.other_key):
            if key not in best or weight(one) > weight(best[key]):
                best[key] = one
    return best


def weight(verdict: PairVerdict) -> float:
    """How surely a merge joins: its score, and above every rule's that of a person."""
    return BY_HAND if verdict.by_person else (verdict.score or 0.0)


# --- every record in a CSV -------------------------------------------------------------------------


def as_csv(review: Review) -> str:
    """One row per record, singles too: record,source_id,group,kept,rule,score (kept is 1 or 0)."""
    why = strongest_merge(duplicates.standing(review))
    memberships = records.memberships(review)
    sizes, removed = Counter(row[4] for row in memberships), curation.removed(review)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["record", "source_id", "group", "kept", "rule", "score"])
    for key, _, _, _, kept, source_id in memberships:
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
