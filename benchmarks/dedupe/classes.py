"""Which kinds of hard cases and of damage are behind the errors on generated sets.

python benchmarks/dedupe/classes.py --bench BENCH --cache FOLDER [--records 10000] [--seeds 11 12 13]

A miss is told by the damage to the two records of its most alike pair, and by whether a person is asked
about it; a false merge, and a question between two works, by the kinds of works (see scale.py).
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from in_process import groups_of, questions, stored_records, verdicts
from labelled import Generator
from tables import print_table
from worst import Mistake, mistakes

Kinds = dict[str, tuple[str, str]]


def kinds_of(one: str, other: str, kinds: Kinds) -> str:
    """As "conference, base"; a copy of a work counts as that work's kind where it is known."""
    return ", ".join(sorted({kinds[one][0], kinds[other][0]}))


def damage_to(mistake: Mistake, kinds: Kinds) -> set[str]:
    """The damage to either record; "none" where there is none."""
    found = {part for key in (mistake.key, mistake.other_key) for part in kinds[key][1].split("+") if part}
    return found or {"none"}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bench", type=Path, required=True, help="folder of scale.py")
    parser.add_argument("--cache", type=Path, required=True, help="where generated sets are kept")
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13])
    parser.add_argument("--hard", default="0.12")
    parser.add_argument("--damage", default="2.5")
    given = parser.parse_args()
    generator = Generator(given.bench, given.cache, given.hard, given.damage)
    wrong, missed, causes, vain = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for seed in given.seeds:
        labelled = generator.make(given.records, seed)
        kinds = generator.kinds(labelled)
        work_kind = {labelled.group_of[key]: kind for key, (kind, _) in kinds.items() if kind != "dup"}
        of_work = {key: (work_kind[labelled.group_of[key]], damage) for key, (_, damage) in kinds.items()}
        records = stored_records(labelled)
        found = verdicts(records)
        for mistake in mistakes(labelled, records, found):
            if mistake.kind == "false merge":
                wrong[
                    f"{kinds_of(mistake.key, mistake.other_key, of_work)}: {mistake.said.split(',')[0]}"
                ] += 1
                continue
            state = "asked" if mistake.is_asked else mistake.said.split(";")[0].split(" 8")[0].split(" 9")[0]
            missed[state] += 1
            if not mistake.is_asked:
                causes.update(damage_to(mistake, of_work))
        for pair in questions(found, groups_of(records, found)):
            if not labelled.is_one(pair.key, pair.other_key):
                vain[f"{kinds_of(pair.key, pair.other_key, of_work)}: {pair.rule}"] += 1
    for title, counted in (
        ("false merges by kinds of works: rule", wrong),
        ("misses by what was said of the most alike pair", missed),
        ("damage in misses that nobody is asked about", causes),
        ("questions between two works: rule or guard", vain),
    ):
        print_table((title, "number"), ([name, f"{count:,}"] for name, count in counted.most_common()))
        print()


if __name__ == "__main__":
    main()
