"""How ours grows with the number of records, beside the bare loop.

python benchmarks/dedupe/scaling.py 10000 100000 1000000 --bench BENCH --cache FOLDER

Generated sets without abstracts, `iimscreen dedupe` as a whole process on a review file. The exponent is
log(t2/t1) / log(n2/n1) between one size and the one before it: 1 is linear.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import ours
from bound import bound_on
from labelled import Generator, score
from tables import print_table

COLUMNS = (
    *("records", "F1", "dedupe CPU s", "MB", "exponent", "bare CPU s", "bare MB", "bare exponent", "÷ bare"),
    *("import CPU s", "import MB"),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sizes", type=int, nargs="+", help="numbers of records, ascending")
    parser.add_argument("--bench", type=Path, required=True, help="folder of score.py and scale.py")
    parser.add_argument("--cache", type=Path, required=True, help="where generated sets are kept")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--hard", default="0.12")
    parser.add_argument("--damage", default="2.5")
    parser.add_argument("--timeout", type=float, default=7200.0, metavar="S", help="for each process")
    parser.add_argument("--rounds", type=int, default=1, help="of ours and of the loop; the best counts")
    given = parser.parse_args()
    generator = Generator(given.bench, given.cache, given.hard, given.damage, abstract="none")
    costs: list[tuple[int, float, float]] = []  # records, seconds of ours, seconds of the bare loop
    rows = []
    for size in given.sizes:
        labelled = generator.make(size, given.seed)
        print(f"{labelled.name} …", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            own = ours.measure(
                labelled,
                Path(folder),
                rounds=given.rounds,
                timeout_s=given.timeout,
            )
        with tempfile.TemporaryDirectory() as folder:
            bound = bound_on(labelled, Path(folder), rounds=given.rounds)
        if not own.group_of:
            print(f"{size:,} records: stopped after {given.timeout:.0f} s", file=sys.stderr)
            continue
        cost = own.dedupe_cost
        costs.append((size, cost.cpu_s, bound.cpu_s))
        rows.append(
            [
                f"{size:,}",
                f"{score(given.bench, labelled, own.group_of).f1:.4f}",
                f"{cost.cpu_s:.2f}",
                f"{cost.peak_mb:.0f}",
                "",
                f"{bound.cpu_s:.2f}",
                f"{bound.peak_mb:.0f}",
                "",
                f"{cost.cpu_s / bound.cpu_s:.1f}",
                f"{own.import_cost.cpu_s:.2f}",
                f"{own.import_cost.peak_mb:.0f}",
            ]
        )
    for row, (before, after) in zip(rows[1:], pairwise(costs), strict=True):
        row[4], row[7] = (f"{exponent(before, after, which):.2f}" for which in (1, 2))
    print_table(COLUMNS, rows)
    if len(costs) > 2:
        whole = [exponent(costs[0], costs[-1], which) for which in (1, 2)]
        print(f"\nFrom the smallest to the largest: exponent {whole[0]:.2f}, bare loop {whole[1]:.2f}.")


def exponent(before: tuple[int, float, float], after: tuple[int, float, float], which: int) -> float:
    return math.log(after[which] / before[which]) / math.log(after[0] / before[0])


if __name__ == "__main__":
    main()
