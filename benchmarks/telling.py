"""What it costs to tell the numbers of a large review that is finished: the flow, its pictures, the report.

Usage: python benchmarks/telling.py [--records 40000] [--rounds 3] [--keep FILE]

The review: invented records (benchmarks/big_review.py), both reviewers' votes on all of them, conflicts settled
by consensus, every report sought retrieved and judged by both. Each command runs in a process of its own, in
turn, `--rounds` times; the best counts, with start-up. The bound is what no command that looks at the whole log
can undercut: Python with sqlite3 alone, reading every decision and the key and title of every record.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import big_review

from iimscreen import fulltext, review_protocol
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.resolving import Table, conflicts
from iimscreen.screening import Decision
from iimscreen.store import Review, open_review
from iimscreen.store.gate import Gate

REVIEWERS = ("ann", "bob")
BOUND = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    db.execute("select log.*, decisions.* from decisions join log on log.id = decisions.log_id").fetchall()
    db.execute("select key, title from records").fetchall()
"""
COMMANDS = {
    "prisma --json": ("prisma", "--json"),
    "prisma, SVG": ("prisma", "--output", "flow.svg"),
    "prisma, PNG": ("prisma", "--output", "flow.png"),
    "prisma, PDF": ("prisma", "--output", "flow.pdf"),
    "prisma, HTML with all lists": ("prisma", "--output", "flow.html"),
    "why prisma.records_excluded": ("why", "prisma.records_excluded"),
    "export, RIS of all": ("export", "--to", "ris", "--out", "all.ris"),
    "report": ("report", "--output", "report"),
}


@dataclass(frozen=True)
class Cost:
    """What one process took: seconds of wall clock and of CPU, and the most memory in MB."""

    wall: float
    cpu: float
    memory: float


def finish(review: Review) -> None:
    """Settle what is in conflict, retrieve what is sought, judge it by two who agree."""
    both = Table(review, REVIEWERS, TITLE_ABSTRACT)
    reason = review_protocol.in_force(review).reasons[0].code
    both.settle_all(
        [
            (
                line,
                Decision(
                    one.record.key,
                    "include" if line % 9 == 0 else "exclude",
                    None if line % 9 == 0 else reason,
                ),
            )
            for line, one in enumerate(conflicts(review, TITLE_ABSTRACT), start=1)
        ]
    )
    both.confirm_proposed()
    fulltext.mark_all(review, by=REVIEWERS[0])
    protocol = review_protocol.in_force(review)
    for name in REVIEWERS:
        votes = Gate(review, protocol).waiting_for(FULL_TEXT, name)
        cast_full_text(review, name, votes)


def cast_full_text(review: Review, name: str, keys: list[str]) -> None:
    """One of three is included; the others go for the reasons of the protocol in turn."""
    from iimscreen.screening import Desk

    codes = [reason.code for reason in review_protocol.in_force(review).reasons]
    Desk(review, name, FULL_TEXT).decide_all(
        [
            (
                place,
                Decision(key, "include")
                if place % 3 == 0
                else Decision(key, "exclude", codes[place % len(codes)]),
            )
            for place, key in enumerate(keys)
        ]
    )


def measured(command: list[str], folder: Path) -> Cost:
    """What a command costs. Raises CalledProcessError if it fails."""
    begun = time.perf_counter()
    with (folder / "out.txt").open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
    if code := os.waitstatus_to_exitcode(status):
        print((folder / "out.txt").read_text(encoding="utf-8", errors="replace")[-2000:], file=sys.stderr)
        raise subprocess.CalledProcessError(code, command)
    return Cost(time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--records", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="keep the review here, or use the one that is there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "review.db"
        if given.keep is not None and given.keep.exists():
            shutil.copy(given.keep, path)
        else:
            big_review.make(path, given.records, dict.fromkeys(REVIEWERS, given.records), is_open=True)
            with open_review(path) as review:
                finish(review)
            if given.keep is not None:
                shutil.copy(path, given.keep)
        ways = {"bound": [sys.executable, "-c", BOUND, str(path)]}
        ways |= {name: [sys.executable, "-m", "iimscreen", *words] for name, words in COMMANDS.items()}
        best: dict[str, Cost] = {}
        for _ in range(given.rounds):
            for way, command in ways.items():
                for made in folder.glob("flow.*"):
                    made.unlink()
                (folder / "all.ris").unlink(missing_ok=True)
                shutil.rmtree(folder / "report", ignore_errors=True)
                cost = measured(command, folder)
                if way not in best or cost.cpu < best[way].cpu:
                    best[way] = cost
        print(f"{given.records:,} records, two reviewers, {path.stat().st_size / 1e6:,.0f} MB")
        print("| | wall, s | CPU, s | memory, MB | CPU against the bound |\n|---|---|---|---|---|")
        for way, cost in best.items():
            print(
                f"| {way} | {cost.wall:.2f} | {cost.cpu:.2f} | {cost.memory:,.0f} | "
                f"{cost.cpu / best['bound'].cpu:.1f} × |"
            )


if __name__ == "__main__":
    main()
