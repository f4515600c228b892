"""Ours and the peers that install from the package index, on labelled sets, in one table.

python benchmarks/dedupe FOLDER [NAME...] --bench BENCH [--generate 10000 --seeds 11 12 13]

FOLDER holds NAME.ris and NAME.gold.csv (record_id,group_id; record_id is the RIS tag ID), BENCH the
scorer score.py and the generator scale.py. The peers are the extra `bench`: pip install -e '.[bench]'; one
that is not installed is named as absent. Each tool runs in a fresh process; its CPU seconds are user and
system time of that process with its workers, interpreter and imports included. Ours is `iimscreen dedupe`
on a review file, so reading from and writing to it is included, and the import stands in a table of its
own. "bare loop" counts only what benchmarks/bare_dedupe.py says. Only automatic merges are scored.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import ours
from bound import bound_on
from labelled import Generator, LabelledSet, Score, handed_out, parser_of_sets, score
from peers import PEERS
from tables import print_table

COLUMNS = (
    *("set", "records", "tool", "F1", "precision", "sensitivity", "FP", "FN", "CPU s", "peak MB", "÷ ours"),
)
OWN_COLUMNS = (
    *("set", "records", "import CPU s", "import MB", "dedupe CPU s", "÷ bare", "dedupe MB", "asked pairs"),
    *("records asked", "sensitivity if answered rightly", "F1 then", "lost at import"),
)


@dataclass(frozen=True, slots=True)
class Result:
    """One tool on one set; without a score where it was stopped or is absent."""

    tool: str
    score: Score | None
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    note: str = ""  # in place of the figures


def row(labelled: LabelledSet, result: Result, ours_s: float | None) -> list[str]:
    found = result.score
    figures = (
        [
            f"{found.f1:.4f}",
            f"{found.precision:.4f}",
            f"{found.sensitivity:.4f}",
            str(found.fp),
            str(found.fn),
        ]
        if found
        else [result.note, "", "", "", ""]
    )
    cost = [f"{result.cpu_s:.2f}", f"{result.peak_mb:.0f}"] if found else ["", ""]
    ratio = f"{result.cpu_s / ours_s:.2f}" if found and ours_s else ""
    return [labelled.name, f"{len(labelled.group_of):,}", result.tool, *figures, *cost, ratio]


def peer_results(
    labelled: LabelledSet, bench: Path, *, skip: Sequence[str], timeout_s: float
) -> list[Result]:
    found = []
    for peer in PEERS:
        if peer.distribution in skip:
            continue
        version = peer.version
        if version is None:
            found.append(Result(peer.distribution, None, note="not installed"))
            continue
        with tempfile.TemporaryDirectory() as folder:
            cost, group_of = peer.run(labelled.ris, Path(folder), timeout_s=timeout_s)
        scored = None if cost.is_stopped else score(bench, labelled, group_of)
        note = f"stopped after {timeout_s:.0f} s" if cost.is_stopped else ""
        found.append(Result(f"{peer.distribution} {version}", scored, cost.cpu_s, cost.peak_mb, note))
    return found


def measure(
    labelled: LabelledSet,
    bench: Path,
    *,
    skip: Sequence[str],
    timeout_s: float,
    rounds: int,
) -> tuple[list[list[str]], list[str]]:
    """The rows of all tools, and the row of ours in detail."""
    with tempfile.TemporaryDirectory() as folder:
        own = ours.measure(
            labelled,
            Path(folder),
            rounds=rounds,
            timeout_s=timeout_s,
        )
    with tempfile.TemporaryDirectory() as folder:
        bound = bound_on(labelled, Path(folder), rounds=rounds)
    cost = own.dedupe_cost
    if not own.group_of:
        mine = Result("iimscreen", None, cost.cpu_s, cost.peak_mb, f"stopped after {timeout_s:.0f} s")
    else:
        mine = Result("iimscreen", score(bench, labelled, own.group_of), cost.cpu_s, cost.peak_mb)
    others = peer_results(labelled, bench, skip=skip, timeout_s=timeout_s)
    loop = Result("bare loop", score(bench, labelled, bound.group_of), bound.cpu_s, bound.peak_mb)
    rows = [row(labelled, result, cost.cpu_s) for result in (mine, loop, *others)]
    answered = "", ""
    if own.group_of:
        then = score(bench, labelled, own.answered_rightly(labelled))
        answered = f"{then.sensitivity:.4f}", f"{then.f1:.4f}"
    records = len(labelled.group_of)
    detail = [
        labelled.name,
        f"{records:,}",
        f"{own.import_cost.cpu_s:.2f}",
        f"{own.import_cost.peak_mb:.0f}",
        f"{cost.cpu_s:.2f}",
        f"{cost.cpu_s / bound.cpu_s:.1f}",
        f"{cost.peak_mb:.0f}",
        str(len(own.asked)),
        f"{own.asked_about / records:.2%}",
        *answered,
        str(records - len(own.group_of)),
    ]
    return rows, detail


def main() -> None:
    parser = parser_of_sets(__doc__)
    parser.add_argument("--timeout", type=float, default=900.0, metavar="S", help="for each process")
    parser.add_argument("--rounds", type=int, default=1, help="of ours and of the loop; the best counts")
    parser.add_argument("--skip", nargs="*", default=[], metavar="PEER", help="peers to leave out")
    parser.add_argument("--only-generated", action="store_true", help="leave the sets of FOLDER out")
    given = parser.parse_args()
    details: list[list[str]] = []
    with tempfile.TemporaryDirectory() as scratch:
        generator = Generator(given.bench, given.cache or Path(scratch), given.hard, given.damage)

        def rows() -> Iterator[list[str]]:
            if not given.only_generated:
                yield from rows_of(handed_out(given.folder, given.names))
            for count in given.generate:
                yield from rows_of(generator.make(count, seed) for seed in given.seeds)

        def rows_of(sets: Iterable[LabelledSet]) -> Iterator[list[str]]:
            for labelled in sets:
                found, detail = measure(
                    labelled,
                    given.bench,
                    skip=given.skip,
                    timeout_s=given.timeout,
                    rounds=given.rounds,
                )
                details.append(detail)
                yield from found

        print_table(COLUMNS, rows())
    print()
    print_table(OWN_COLUMNS, details)


if __name__ == "__main__":
    main()
