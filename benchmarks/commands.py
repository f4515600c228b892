"""How long a command takes: start-up against a bare interpreter, and one scripted vote.

`python benchmarks/commands.py` prints a table. Every figure is the median over fresh processes;
what is compared runs in turn, in the same session, so that a busy machine is busy for all.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BARE = [sys.executable, "-c", "pass"]
LIBRARIES = [sys.executable, "-c", "import sqlite_utils, typer"]
HELP = [sys.executable, "-m", "iimscreen", "--help"]
TWO_COMMANDS = [
    sys.executable,
    "-c",
    """
import typer
app = typer.Typer(rich_markup_mode=None, add_completion=False)
@app.command()
def one(name: str = "") -> None: ...
@app.command()
def two(name: str = "") -> None: ...
app(["--help"])
""",
]
IMPORTED = """
import json, sys
before = set(sys.modules)
sys.argv = ["iimscreen", "--help"]
from iimscreen.__main__ import main
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main()
known = sys.stdlib_module_names
print(json.dumps(sorted(name for name in set(sys.modules) - before if name.split(".")[0] not in known)))
"""


@dataclass(frozen=True)
class Cost:
    """Milliseconds for one process."""

    wall: float
    cpu: float


def cost(command: Sequence[str], folder: Path) -> Cost:
    """What one run costs. Raises CalledProcessError if it fails."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(1000 * wall, 1000 * used)


def median(costs: Sequence[Cost]) -> Cost:
    return Cost(statistics.median(c.wall for c in costs), statistics.median(c.cpu for c in costs))


def in_turn(commands: dict[str, list[str]], folder: Path, runs: int) -> dict[str, Cost]:
    """The median cost of each command, run in turn after a first round that is not counted."""
    found: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            one = cost(command, folder)
            if number:
                found[name].append(one)
    return {name: median(costs) for name, costs in found.items()}


def iimscreen(*words: str) -> list[str]:
    return [sys.executable, "-m", "iimscreen", *words]


def invented_review(folder: Path, count: int) -> list[str]:
    """A review of invented records in `folder`, deduplicated, all voted on by bob; their keys."""
    records = folder / "invented.jsonl"
    with records.open("w", encoding="utf-8") as file:
        for number in range(count):
            line = {
                "source_id": f"i{number}",
                "accession": f"i{number}",
                "title": f"Case {number}: drug {number * 7919} in disease {number * 104729}",
                "authors": [{"family": f"Family{number % 997}", "given": "A"}],
                "year": 1990 + number % 30,
                "abstract": f"We report patient {number}. " * 40,
            }
            file.write(json.dumps(line) + "\n")
    keys = [f"invented:i{number}" for number in range(count)]
    lines = [f"{key},{'exclude' if number % 5 else 'include'}" for number, key in enumerate(keys)]
    (folder / "bob.csv").write_text("\n".join(["record,verdict", *lines]), encoding="utf-8")
    for words in (
        ["init"],
        ["import", "invented.jsonl", "--database", "Invented"],
        ["dedupe"],
        ["screen", "--reviewer", "bob", "--from", "bob.csv"],
    ):
        spent = cost(iimscreen(*words), folder)
        print(f"  {words[0]:<34} wall {spent.wall:7.0f} ms   CPU {spent.cpu:7.0f} ms")
    return keys


def votes(folder: Path, keys: Sequence[str], runs: int) -> dict[str, Cost]:
    """The median cost of one scripted vote, against importing the two libraries it stands on."""
    bases: list[Cost] = []
    found: list[Cost] = []
    for number, key in enumerate(keys[: runs + 1]):
        command = iimscreen("screen", "--reviewer", "ann", "--record", key, "--verdict", "include")
        pair = cost(LIBRARIES, folder), cost(command, folder)
        if number:
            bases.append(pair[0])
            found.append(pair[1])
    return {"import sqlite_utils, typer": median(bases), "one vote": median(found)}


def shown(title: str, costs: dict[str, Cost]) -> None:
    base = next(iter(costs.values()))
    print(f"\n{title}")
    for name, one in costs.items():
        print(
            f"  {name:<34} wall {one.wall:7.0f} ms   CPU {one.cpu:7.0f} ms   "
            f"{one.cpu / base.cpu:5.2f} × CPU, {one.wall / base.wall:5.2f} × wall"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=15, help="counted runs of each command")
    parser.add_argument("--records", type=int, default=10_000, help="records of the large review")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = {"bare interpreter": BARE, "two-command typer app": TWO_COMMANDS, "iimscreen --help": HELP}
        shown("Start-up", in_turn(start, folder, given.runs))
        modules = subprocess.run(
            [sys.executable, "-c", IMPORTED], cwd=folder, check=True, capture_output=True, text=True
        )
        names = json.loads(modules.stdout)
        print(f"\nModules outside the standard library that --help imports: {len(names)}")
        packages = sorted({one.split(".")[0] for one in names} - {"iimscreen"})
        print(f"  packages: {', '.join(packages)}")
        print(f"  ours: {', '.join(one for one in names if one.split('.')[0] == 'iimscreen')}")
        for count in (62, given.records):
            review = folder / str(count)
            review.mkdir()
            print(f"\nMaking a review of {count:,} invented records, each with one vote")
            keys = invented_review(review, count)
            shown("One scripted vote there", votes(review, keys, given.runs))
        shown(
            f"Other commands, review of {given.records:,} records",
            in_turn(
                {"import sqlite_utils, typer": LIBRARIES}
                | {word: iimscreen(word) for word in ("status", "prisma", "check", "dedupe")},
                review,
                3,
            ),
        )


if __name__ == "__main__":
    main()
