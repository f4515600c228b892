"""How fast a RIS export becomes a review: a bare loop, rispy, this reader, and the import as users type it.

Usage: python benchmarks/importing.py [RECORDS] [--file FILE.ris] [--abstracts] [--rounds 3]

Makes RECORDS (100,000) invented records, or takes a file. Each way works in a process of its own, in
turn, `--rounds` times; the best CPU time (user and system) counts, with start-up, so that the ratios
of one run can be read on a busy machine. The bare loop is what no import can do without: it reads
the lines, takes tags and values apart, and stores each record as JSON with one `executemany`. rispy
is measured where it is installed, and only reads.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sqlite3
import sys
import tempfile
from pathlib import Path

ABSENT = 75
WORDS = tuple(
    re.findall(
        r"\w+",
        "randomised controlled trial of invented drug in patients with disease outcome effect safety long term "
        "follow up quality life pain function older adults children cohort review analysis care therapy risk",
    )
)
WAYS = {
    "bare": "bare loop: lines, JSON, one executemany",
    "rispy": "rispy, read only",
    "read": "iimscreen, read only",
    "import": "iimscreen import, into a new review",
}


def make(path: Path, count: int, *, abstracts: bool) -> None:
    """Write invented records in the layout that EndNote and most databases share."""
    chance = random.Random(1)

    def some(least: int, most: int) -> str:
        return " ".join(chance.choices(WORDS, k=chance.randint(least, most)))

    with path.open("w", encoding="utf-8", newline="") as file:
        for number in range(1, count + 1):
            lines = ["TY  - JOUR", f"ID  - {number}"]
            lines += [
                f"AU  - {chance.choice(WORDS).capitalize()}{chance.randint(1, 999)}, {chance.choice('ABCDEF')}."
                for _ in range(chance.randint(1, 8))
            ]
            lines += [f"TI  - {some(8, 16).capitalize()}", f"T2  - Journal of {some(1, 3)}"]
            lines += [f"PY  - {chance.randint(1980, 2024)}", f"VL  - {chance.randint(1, 99)}"]
            lines += [
                f"IS  - {chance.randint(1, 12)}",
                f"SP  - {number % 2000}",
                f"EP  - {number % 2000 + 9}",
            ]
            lines += [f"DO  - 10.5555/invented.{number}", f"AN  - {200_000_000 + number}", "DB  - Embase"]
            if abstracts:
                lines.append(f"AB  - {some(150, 250)}")
            file.write("\r\n".join([*lines, "ER  - ", "", ""]))


def bare(path: Path, folder: Path) -> int:
    database = sqlite3.connect(folder / "bare.db")
    database.execute("create table records (id integer primary key, key text unique, content text)")
    rows = []
    fields: dict[str, list[str]] = {}
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line[2:6] == "  - ":
                fields.setdefault(line[:2], []).append(line[6:].strip())
            if line.startswith("ER"):
                rows.append((f"embase:{len(rows)}", json.dumps(fields, ensure_ascii=False)))
                fields = {}
    with database:
        database.executemany("insert into records (key, content) values (?, ?)", rows)
    database.close()
    return len(rows)


def rispy(path: Path, _folder: Path) -> int:
    try:
        import rispy as reader
    except ImportError:
        sys.exit(ABSENT)
    with path.open(encoding="utf-8") as file:
        return len(reader.load(file))


def read(path: Path, _folder: Path) -> int:
    from iimscreen.formats import ris

    with path.open("rb") as file:
        return sum(1 for _ in ris.read_stream(file))


def work(way: str, path: Path, folder: Path) -> None:
    print({"bare": bare, "rispy": rispy, "read": read}[way](path, folder))


def run(way: str, path: Path) -> tuple[float, float] | None:
    """CPU seconds and peak MB of one process; None where the library is not installed."""
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, __file__, "--work", way, str(path), folder]
        if way == "import":
            review = str(Path(folder, "review.db"))
            program = [sys.executable, "-m", "iimscreen"]
            begin = [*program, "init", "--review", review]
            os.waitpid(os.posix_spawn(program[0], begin, os.environ, file_actions=silent), 0)
            words = [*program, "import", str(path), "--database", "Embase", "--review", review]
        child = os.posix_spawn(words[0], words, os.environ, file_actions=silent)
        _, status, used = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == ABSENT:
        return None
    if code:
        sys.exit(f"{WAYS[way]} failed with {code}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
        return
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("records", type=int, nargs="?", default=100_000)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--abstracts", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = given.file or Path(folder, "export.ris")
        if given.file is None:
            make(path, given.records, abstracts=given.abstracts)
        best: dict[str, tuple[float, float]] = {}
        for _ in range(given.rounds):
            for way in WAYS:
                if found := run(way, path):
                    best[way] = min(found, best.get(way, found))
        size = path.stat().st_size / 1e6
    print(f"{path.name}: {size:.1f} MB\n\n| | CPU s | × bare | peak MB |\n|---|---|---|---|")
    for way, title in WAYS.items():
        if way in best:
            seconds, peak = best[way]
            print(f"| {title} | {seconds:.2f} | {seconds / best['bare'][0]:.1f} | {peak:.0f} |")
        else:
            print(f"| {title} | not installed | | |")


if __name__ == "__main__":
    main()
