"""What each rule and each guard gains and costs: everything again without it, on all sets together.

python benchmarks/dedupe/ablation.py FOLDER [NAME...] --bench BENCH [--generate 10000 --seeds 11 12 13]

TP, FP and FN are records rightly removed, wrongly removed and left, in the automatic band; the rows below
the first are differences to it. A rule whose row is empty does nothing that another rule would not do as
well on these sets, which is no proof that it is of no use. Also prints how many true pairs, and how many
true groups as wholes, the blocks bring together.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from in_process import candidate_pairs, groups_of, names, questions, stored_records, verdicts, without
from labelled import Generator, LabelledSet, handed_out, parser_of_sets
from ours import joined
from tables import print_table

from iimscreen.model import StoredRecord


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts over one or more sets."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    asked: int = 0  # pairs
    asked_rightly: int = 0  # of them, pairs that are duplicates

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    def __sub__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, name) - getattr(other, name) for name in self.__slots__))

    def cells(self, *, signed: bool) -> list[str]:
        """The counts as a table holds them; signed ones are differences, and empty where nothing changed."""
        values = [getattr(self, name) for name in self.__slots__]
        return [(f"{value:+,}" if value else "") if signed else f"{value:,}" for value in values]


def tally(labelled: LabelledSet, records: Sequence[StoredRecord]) -> Tally:
    """One set, judged once."""
    found = verdicts(records)
    group_of = groups_of(records, found)
    asked = questions(found, group_of)
    right = sum(labelled.is_one(pair.key, pair.other_key) for pair in asked)
    return counted(labelled.group_of, group_of, len(asked), right)


def counted(gold: Mapping[str, str], group_of: Mapping[str, str], asked: int, right: int) -> Tally:
    """The scorer's TP, FP and FN at record level, counted here because it is done a few hundred times."""
    shared = len({(gold[key], group) for key, group in group_of.items()})
    return Tally(
        tp=len(group_of) - shared,
        fp=shared - len(set(group_of.values())),
        fn=shared - len({gold[key] for key in group_of}),
        asked=asked,
        asked_rightly=right,
    )


def blocking(labelled: LabelledSet, records: Sequence[StoredRecord]) -> list[str]:
    """One row: true pairs and true groups, and how many of them the candidates hold or connect."""
    found = candidate_pairs(records)
    members: dict[str, list[str]] = defaultdict(list)
    for record in records:
        members[labelled.group_of[record.key]].append(record.key)
    several = [keys for keys in members.values() if len(keys) > 1]
    pairs = [pair for keys in several for pair in combinations(keys, 2)]
    met = [pair for pair in pairs if pair in found]
    alone = {record.key: record.key for record in records}
    connected = joined(alone, met)
    whole = sum(len({connected[key] for key in keys}) == 1 for keys in several)
    return [
        labelled.name,
        f"{len(records):,}",
        f"{len(found):,}",
        f"{len(pairs):,}",
        f"{len(met) / len(pairs):.4%}",
        f"{len(several):,}",
        f"{whole / len(several):.4%}",
    ]


def main() -> None:
    parser = parser_of_sets(__doc__)
    parser.add_argument(
        "--blocking-only", action="store_true", help="leave nothing out, tell of blocks alone"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        generator = Generator(given.bench, given.cache or Path(scratch), given.hard, given.damage)
        sets = list(handed_out(given.folder, given.names))
        sets += [generator.make(count, seed) for count in given.generate for seed in given.seeds]
        loaded = [(labelled, stored_records(labelled)) for labelled in sets]
        for labelled, _ in loaded:
            labelled.group_of  # noqa: B018 - read before the folder goes
    columns = ("set", "records", "candidates", "true pairs", "of them met", "true groups", "connected")
    print_table(columns, (blocking(labelled, records) for labelled, records in loaded))
    if given.blocking_only:
        return
    whole = sum((tally(*one) for one in loaded), Tally())
    rules, guards = names()
    print()
    columns = ("left out", "", "TP", "FP", "FN", "asked pairs", "of them duplicates")
    rows = [["nothing", "", *whole.cells(signed=False)]]
    print_table(columns, rows)
    for kind, several in (("rule", rules), ("guard", guards)):
        for name in several:
            with without(name):
                change = sum((tally(*one) for one in loaded), Tally()) - whole
            print(f"| `{name}` | {kind} | {' | '.join(change.cells(signed=True))} |", flush=True)


if __name__ == "__main__":
    main()
