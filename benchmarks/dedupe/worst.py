"""The errors that remain on a set: every false merge and every miss, with what speaks for and against it.

python benchmarks/dedupe/worst.py NAME.ris [--bands] [--most 10]

A false merge is shown by the link that joins two works, strongest first; a miss by the most alike pair of
two of its parts. "said" is the rule that merged or asked, or the guard that held it back; for a pair left
apart it names the rules that hold and the guards that hold against them. With --bands, misses that a
person is asked about are left out.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import plain_ris
from in_process import Verdicts, candidate_pairs, explain, groups_of, stored_records, verdicts
from labelled import LabelledSet

from iimscreen.model import ScoredPair, StoredRecord

_FIELDS = (
    *(("title", ("TI", "T1")), ("authors", ("AU", "A1")), ("journal", ("T2", "JO", "JF")), ("year", ("PY",))),
    *(("volume", ("VL",)), ("issue", ("IS",)), ("pages", ("SP", "EP")), ("doi", ("DO",)), ("id", ("AN",))),
)


@dataclass(frozen=True, slots=True)
class Mistake:
    """Two records that were wrongly joined or wrongly left apart."""

    kind: str  # "false merge" or "miss"
    key: str
    other_key: str
    said: str
    likeness: float  # of the titles, 0 to 100
    is_asked: bool


def mistakes(labelled: LabelledSet, records: Sequence[StoredRecord], found: Verdicts) -> Iterator[Mistake]:
    """All of them, false merges first."""
    group_of = groups_of(records, found)
    by_key = {record.key: record for record in records}
    verdict_of = {frozenset((pair.key, pair.other_key)): pair for pair in found}
    compared = candidate_pairs(records)
    for pair in found:
        if pair.verdict == "duplicate" and not labelled.is_one(pair.key, pair.other_key):
            _, likeness = explain(by_key[pair.key], by_key[pair.other_key])
            yield Mistake(
                "false merge", pair.key, pair.other_key, f"{pair.rule}, {pair.score:g}", likeness, False
            )
    for parts in _torn(labelled, group_of):
        links = [
            _link(by_key[one], by_key[other], verdict_of, compared)
            for part, other_part in combinations(parts, 2)
            for one in part
            for other in other_part
        ]
        links.sort(key=lambda link: (not link.is_asked, -link.likeness, link.key, link.other_key))
        joined: set[str] = set()
        for link in links:  # one for each part beyond the first
            ends = {group_of[link.key], group_of[link.other_key]}
            if not joined or len(ends - joined) == 1:
                joined |= ends
                yield link


def _torn(labelled: LabelledSet, group_of: Mapping[str, str]) -> Iterator[list[list[str]]]:
    """For each work in more than one group, its records by group."""
    works: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for key, group in group_of.items():
        works[labelled.group_of[key]][group].append(key)
    return (list(parts.values()) for parts in works.values() if len(parts) > 1)


def _link(
    one: StoredRecord,
    other: StoredRecord,
    verdict_of: Mapping[frozenset[str], ScoredPair],
    compared: set[tuple[str, str]],
) -> Mistake:
    pair = verdict_of.get(frozenset((one.key, other.key)))
    why, likeness = explain(one, other)
    if pair is not None:
        why = f"{pair.verdict}: {pair.rule}, {pair.score:g}; {why}"
    elif (one.key, other.key) not in compared and (other.key, one.key) not in compared:
        why = f"never compared; {why}"
    asked = pair is not None and pair.verdict == "asked"
    return Mistake("miss", one.key, other.key, why, likeness, asked)


def show(mistake: Mistake, tags_of: Mapping[str, plain_ris.Tags], number: int) -> None:
    asked = " (asked)" if mistake.is_asked else ""
    print(f"{number}. {mistake.kind}{asked}: {mistake.key} and {mistake.other_key}")
    print(f"   said: {mistake.said}; titles {mistake.likeness:.1f}")
    for name, tags in _FIELDS:
        values = [
            "; ".join(value for tag in tags for value in tags_of[key].get(tag, [])[:4])
            for key in (mistake.key, mistake.other_key)
        ]
        if any(values):
            mark = " " if values[0] == values[1] else "≠"
            print(f"   {mark} {name:8} {values[0]}\n     {'':8} {values[1]}")
    print()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ris", type=Path, help="NAME.ris beside NAME.gold.csv")
    parser.add_argument("--bands", action="store_true", help="leave out misses that a person is asked about")
    parser.add_argument("--most", type=int, help="show no more than so many")
    given = parser.parse_args()
    labelled = LabelledSet(given.ris.stem, given.ris, given.ris.with_suffix(".gold.csv"))
    records = stored_records(labelled)
    found = list(mistakes(labelled, records, verdicts(records)))
    if given.bands:
        found = [mistake for mistake in found if not mistake.is_asked]
    tags_of = {plain_ris.first(tags, "ID"): tags for tags in plain_ris.read(given.ris)}
    print(
        f"{labelled.name}: {sum(one.kind == 'false merge' for one in found)} false links, "
        f"{sum(one.kind == 'miss' for one in found)} misses\n"
    )
    for number, mistake in enumerate(found[: given.most], 1):
        show(mistake, tags_of, number)


if __name__ == "__main__":
    main()
