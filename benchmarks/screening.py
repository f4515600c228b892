"""How fast screening is: commands on a large review, and each key in a real terminal.

    python benchmarks/screening.py commands FILE [--runs 5]
    python benchmarks/screening.py keys FILE --reviewer NAME [--presses 100] [--plain] [--size 24x80]

FILE is a review (`big_review.py` makes one); what is measured works on a copy of it. `commands` runs each
command in fresh processes, in turn with two bounds: a process that imports the libraries which every command
stands on, and one that also reads the same rows with plain SQLite and does nothing with them. `keys` is a
sitting of `screen` in a pseudo-terminal: each press waits until the screen shows the next record and is
quiet, then the next key follows. When a vote is on disk is told by its journal, which SQLite removes at the
moment of storing; at the end votes on disk have to be as many as presses. When the next record is painted is
told by an emulated screen (pyte) over the pieces that came, each with its moment; emulating costs nothing
of what is measured. With --plain: the plain loop of a dumb terminal.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from commands import LIBRARIES, Cost, cost, iimscreen, median

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from terminals import Terminal, screening  # noqa: E402 (found by the line above)

# What `status`, `conflicts` and `agreement` cannot do without: each record's key, each vote, whom it counts for.
BARE = """
import sqlite3, sqlite_utils, typer
connection = sqlite3.connect("review.db")
connection.execute("select id, key from records").fetchall()
connection.execute("select record_id, kept_id from kept_records").fetchall()
connection.execute(
    "select log_id, record_key, reviewer, verdict, reason from decisions where stage = 'title-abstract'"
).fetchall()
"""
QUIET_S = 0.2  # longer than the app wants a record to have been seen before it takes a vote on it
# Requests to the terminal which pyte, an emulator of older ones, would print letters of.
_REQUESTS = re.compile(rb"\x1b\[[>=<][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p")


# --- commands --------------------------------------------------------------------------------------


def commands(file: Path, runs: int) -> None:
    with copied(file) as review:
        bare = [sys.executable, "-c", BARE]
        words: dict[str, list[str]] = {
            "import sqlite_utils, typer": LIBRARIES,
            "the same and plain SQLite": bare,
            **{word: iimscreen(word) for word in ("status", "conflicts", "agreement")},
        }
        left = waiting(review)
        found: dict[str, list[Cost]] = {}
        refused: set[str] = set()
        for number in range(runs + 1):
            for name, command in words.items():
                measured(found, refused, name, command, review.parent, counts=number > 0)
            if left:
                reviewer, key = left.pop(0)
                vote = iimscreen("screen", "--reviewer", reviewer, "--record", key, "--verdict", "include")
                measured(found, refused, "one scripted vote", vote, review.parent, counts=number > 0)
        told(file, found, refused)


def measured(
    found: dict[str, list[Cost]],
    refused: set[str],
    name: str,
    command: Sequence[str],
    folder: Path,
    *,
    counts: bool,
) -> None:
    begun = time.perf_counter()
    try:
        one = cost(command, folder)
    except subprocess.CalledProcessError as error:
        if error.returncode != 6:  # what a blind round refuses is an answer too, and has its time
            raise
        refused.add(name)
        one = Cost(1000 * (time.perf_counter() - begun), float("nan"))
    if counts:
        found.setdefault(name, []).append(one)


def told(file: Path, found: dict[str, list[Cost]], refused: set[str]) -> None:
    print(f"\n{file.name}: {next(iter(map(len, found.values())))} fresh processes each, median")
    costs = {name: median(ones) for name, ones in found.items()}
    base, bare = list(costs.values())[:2]
    for name, one in costs.items():
        print(
            f"  {name:<28} wall {one.wall:7.0f} ms   CPU {one.cpu:7.0f} ms   "
            f"{one.wall / base.wall:5.2f} × imports, {one.wall / bare.wall:5.2f} × plain SQLite"
            + ("   (refused: blind)" if name in refused else "")
        )


def waiting(review: Path) -> list[tuple[str, str]]:
    """(reviewer, record) of some records that a reviewer has not voted on."""
    with contextlib.closing(sqlite3.connect(review)) as plain:
        names = [
            name for (name,) in plain.execute("select name from reviewer_changes where change = 'added'")
        ] or ["ann"]
        return [
            (names[-1], key)
            for (key,) in plain.execute(
                """
                select key
                from records
                where key not in (select record_key from decisions where reviewer = ?)
                order by id desc
                limit 50
                """,
                (names[-1],),
            )
        ]


# --- keys ------------------------------------------------------------------------------------------


class Journal(threading.Thread):
    """Notes each moment at which SQLite's journal of a review goes: what was written is stored then."""

    def __init__(self, review: Path) -> None:
        super().__init__(daemon=True)
        self._journal = review.with_name(review.name + "-journal")
        self._going = True
        self.gone: list[float] = []

    def run(self) -> None:
        """Look again and again; a look costs some microseconds and takes no lock."""
        was_there = False
        while self._going:
            is_there = self._journal.exists()
            if was_there and not is_there:
                self.gone.append(time.perf_counter())
            was_there = is_there
            time.sleep(0.0003)

    def stop(self) -> None:
        """Look no more."""
        self._going = False
        self.join()


def keys(file: Path, name: str, presses: int, *, plain: bool, size: tuple[int, int]) -> None:
    with copied(file) as review:
        titles = left_for(review, name, presses + 1)
        before = votes(review, name)
        journal = Journal(review)
        journal.start()
        with screening(review, name, plain=plain, size=size) as terminal:
            screen = Screen(size, plain=plain)
            first = settled(terminal, screen, titles[0], 0) - terminal.begun
            stored, painted = [], []
            for number in range(presses):
                since, gone = len(terminal.pieces), len(journal.gone)
                pressed = terminal.type(("y" if number % 7 == 0 else "n") + ("\n" if plain else ""))
                shown = settled(terminal, screen, titles[number + 1], since)
                painted.append(shown - pressed)
                stored += [at - pressed for at in journal.gone[gone : gone + 1]]
            terminal.kill()
        journal.stop()
        found = votes(review, name) - before
        print(
            f"\n{file.name}, {name}, {'plain loop' if plain else 'app'}, {size[1]}×{size[0]}: "
            f"{presses} presses, {found} votes on disk\n"
            f"  first record painted {1000 * first:.0f} ms after the process began\n"
            f"  key → vote on disk        {spread(stored)}\n"
            f"  key → next record painted {spread(painted)}"
        )
        if found != presses:
            raise SystemExit("votes on disk are not as many as presses")


class Screen:
    """The terminal's screen as a person sees it, from the pieces that a program wrote."""

    def __init__(self, size: tuple[int, int], *, plain: bool) -> None:
        import pyte

        self._screen = pyte.Screen(size[1], size[0])
        self._stream = pyte.ByteStream(self._screen)
        self._plain = plain
        self._text = ""

    def take(self, piece: bytes) -> None:
        """Paint what the program wrote."""
        self._stream.feed(_REQUESTS.sub(b"", piece))
        self._text += piece.decode(errors="replace") if self._plain else ""

    def turn_page(self) -> None:
        """Forget what a dumb terminal showed: it has no screen that is painted over."""
        self._text = ""

    def shows(self, words: str) -> bool:
        """Whether these words stand on it, wherever lines are broken."""
        text = self._text if self._plain else "".join(self._screen.display)
        return words in "".join(text.split())


def settled(terminal: Terminal, screen: Screen, title: str, since: int) -> float:
    """Read until the screen shows this title and is quiet; the moment of the first piece that showed it."""
    end = time.perf_counter() + 60
    moment = None
    screen.turn_page()
    while moment is None:
        terminal.until_quiet(QUIET_S)
        for at, piece in terminal.pieces[since:]:
            screen.take(piece)
            if moment is None and screen.shows(title):
                moment = at
        since = len(terminal.pieces)
        if time.perf_counter() > end:
            raise SystemExit(f"{title!r} was not painted; there was {terminal.shown()[-2000:]!r}")
    return moment


def left_for(review: Path, name: str, number: int) -> list[str]:
    """The first titles left for a reviewer, in order, cut to what fits on one line and without blanks."""
    from iimscreen.screening import Desk
    from iimscreen.store import open_review, records

    with open_review(review) as opened:
        wanted = Desk(opened, name, "title-abstract").waiting_keys()[:number]
        return [
            "".join((stored.record.title or "").split())[:45] for stored in records.by_keys(opened, wanted)
        ]


def votes(review: Path, name: str) -> int:
    with contextlib.closing(sqlite3.connect(review)) as plain:
        (found,) = plain.execute("select count(*) from decisions where reviewer = ?", (name,)).fetchone()
    return int(found)


def spread(seconds: Sequence[float]) -> str:
    if not seconds:
        return "not seen"
    ordered = sorted(1000 * one for one in seconds)
    return (
        f"median {statistics.median(ordered):5.0f} ms   p95 {ordered[int(0.95 * (len(ordered) - 1))]:5.0f} ms   "
        f"longest {ordered[-1]:5.0f} ms   ({len(ordered)})"
    )


# --- both ------------------------------------------------------------------------------------------


@contextlib.contextmanager
def copied(file: Path) -> Iterator[Path]:
    """A copy of a review in a folder of its own, by the name that commands look for."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(shutil.copy(file, Path(folder) / "review.db"))


def size_of(given: str) -> tuple[int, int]:
    rows, _, columns = given.partition("x")
    return int(rows), int(columns)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    ways = parser.add_subparsers(dest="way", required=True)
    timed = ways.add_parser("commands")
    timed.add_argument("file", type=Path)
    timed.add_argument("--runs", type=int, default=5)
    pressed = ways.add_parser("keys")
    pressed.add_argument("file", type=Path)
    pressed.add_argument("--reviewer", default="ann")
    pressed.add_argument("--presses", type=int, default=100)
    pressed.add_argument("--plain", action="store_true")
    pressed.add_argument("--size", type=size_of, default=(24, 80), help="lines x columns: 24x80")
    given = parser.parse_args()
    if given.way == "commands":
        commands(given.file, given.runs)
    else:
        keys(given.file, given.reviewer, given.presses, plain=given.plain, size=given.size)


if __name__ == "__main__":
    main()
