"""Several people on one review file at once: what is lost, who is refused, who waits for whom, and how long.

    python benchmarks/several_people.py write [--records 200] [--beside status prisma check dedupe import]
    python benchmarks/several_people.py hold FILE COMMAND...

`write`: two, then eight reviewers, each a process that votes on every record without a pause, as no person
could; then two processes of each of two reviewers. `--beside` runs these commands on the same file all the
while, one after another and all of them at once. Afterwards each vote that a process calls stored has to be
in the log, and nothing else; every command has to have ended well; `check` has to find nothing wrong.

`hold`: for how long a command keeps every vote from being stored. A second connection tries to take the file
for itself, every 2 ms. FILE is copied first.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import big_review
from commands import iimscreen

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

import writers  # noqa: E402 (found by the line above)

NAMES = ("ann", "bob", "cy", "dee", "eve", "fay", "gus", "hal")
BESIDE = {
    "status": ["status"],
    "prisma": ["prisma"],
    "check": ["check"],
    "dedupe": ["dedupe", "--again"],
    "import": ["import", "more.jsonl", "--database", "Other"],
}


def write(names: Sequence[str], records: int, beside: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        review = Path(name) / "review.db"
        big_review.make(review, records, reviewers_needed=len(set(names)))
        begun = time.perf_counter()
        voting = [writers.started(review, one) for one in names]
        others: dict[str, subprocess.Popen[str]] = {}
        ended: dict[str, int] = dict.fromkeys(beside, 0)
        while any(process.poll() is None for process in voting):
            for word in beside:
                process = others.get(word)
                if process is None or process.poll() is not None:
                    ended[word] += process is not None and well(process)
                    others[word] = beside_them(word, review.parent, sum(ended.values()))
            time.sleep(0.01)
        written = writers.finished(voting)
        spent = time.perf_counter() - begun
        for word, process in others.items():
            process.wait()
            ended[word] += well(process)
        compared(review, written)
        seconds = sorted(second for one in written for second in one.seconds)
        print(
            f"{len(names)} processes of {len(set(names))} reviewers"
            + (
                f", beside {', '.join(f'{number} × {word}' for word, number in ended.items())}"
                if beside
                else ""
            )
            + f": {len(seconds):,} votes in {spent:.1f} s, none lost, {sum(len(one.refused) for one in written)} "
            f"refused as given already\n"
            f"  a vote takes {1000 * statistics.median(seconds):.0f} ms (median), "
            f"{1000 * seconds[int(0.95 * (len(seconds) - 1))]:.0f} ms (p95), {1000 * seconds[-1]:,.0f} ms (longest)"
        )


def beside_them(word: str, folder: Path, number: int) -> subprocess.Popen[str]:
    if word == "import":
        with (folder / "more.jsonl").open("w", encoding="utf-8") as file:
            for one in big_review.invented(200, seed=1_000 + number):
                one |= {"accession": f"m{number}-{one['accession']}", "pmid": None, "doi": None}
                file.write(f"{json.dumps(one)}\n")
    return subprocess.Popen(
        iimscreen(*BESIDE[word]), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def well(process: subprocess.Popen[str]) -> bool:
    """Whether a command ended well; what it said stops the benchmark if not."""
    if process.returncode:
        raise SystemExit(f"{process.args}: exit code {process.returncode}: {process.communicate()[1]}")
    return True


def compared(review: Path, written: Sequence[writers.Written]) -> None:
    """Hold what processes say against the log."""
    said = {(one.name, key) for one in written for key in one.stored}
    with contextlib.closing(sqlite3.connect(review)) as plain:
        logged = plain.execute("select reviewer, record_key from decisions").fetchall()
    if (
        len(logged) != len(set(logged))
        or set(logged) != said
        or sum(len(w.stored) for w in written) != len(said)
    ):
        raise SystemExit(f"{len(said)} votes were called stored, {len(logged)} are in the log")
    if any("has voted" not in sentence for one in written for sentence in one.refused):
        raise SystemExit("a vote was refused for another reason than that it was given already")
    checked = subprocess.run(
        iimscreen("check"), cwd=review.parent, capture_output=True, text=True, check=False
    )
    if checked.returncode:
        raise SystemExit(checked.stdout)


def hold(file: Path, words: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        review = Path(shutil.copy(file, Path(name) / "review.db"))
        with contextlib.closing(sqlite3.connect(review, timeout=0, isolation_level=None)) as other:
            begun = time.perf_counter()
            process = subprocess.Popen(
                iimscreen(*words), cwd=name, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
            spans: list[float] = []
            since = None
            while process.poll() is None:
                moment = time.perf_counter()
                if can_store(other):
                    since = None
                else:
                    if since is None:
                        since = moment
                        spans.append(0.0)
                    spans[-1] = moment - since
                time.sleep(0.002)
            spent = time.perf_counter() - begun
    well(process) if process.returncode != 6 else None
    print(
        f"{file.name}, {' '.join(words)}: {spent:.2f} s; no vote could be stored for {max(spans, default=0):.2f} s "
        f"at a stretch, {sum(spans):.2f} s in all"
    )


def can_store(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("begin exclusive")
    except sqlite3.OperationalError:
        return False
    connection.execute("rollback")
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    ways = parser.add_subparsers(dest="way", required=True)
    writing = ways.add_parser("write")
    writing.add_argument("--records", type=int, default=200)
    writing.add_argument("--beside", nargs="*", choices=list(BESIDE), default=list(BESIDE))
    holding = ways.add_parser("hold")
    holding.add_argument("file", type=Path)
    holding.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    if given.way == "hold":
        hold(given.file, given.command)
        return
    for names in (NAMES[:2], NAMES, (*NAMES[:2], *NAMES[:2])):
        write(names, given.records, [])
        write(names, given.records, given.beside)


if __name__ == "__main__":
    main()
