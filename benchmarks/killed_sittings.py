"""Kill `iimscreen screen` in the middle of random sittings, and hold the votes it showed against those on disk.

    python benchmarks/killed_sittings.py [KILLS] [SEED] [--plain | --app]

Each sitting runs in a pseudo-terminal, every other one in the full-screen app and in the plain loop, and is
killed with SIGKILL: a random while after a key, or while keys stream in faster than they are answered. After
each: the votes that the screen had shown as cast are on disk, with the verdicts typed, and at most the one
that was under way besides; `check` finds nothing wrong; the next sitting begins with the first record that
has no vote. Another reviewer's process votes on the same file all the time.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import big_review

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

import sittings  # noqa: E402 (found by the line above)

OTHER = """
import sys, time
from pathlib import Path
from iimscreen.screening import Decision, Desk
from iimscreen.store import open_review
with open_review(Path(sys.argv[1])) as review:
    desk = Desk(review, "bob", "title-abstract")
    for key in desk.waiting_keys():
        desk.decide(Decision(key, "exclude"))
        time.sleep(0.05)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("kills", nargs="?", type=int, default=200)
    parser.add_argument("seed", nargs="?", type=int, default=20260823)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--plain", action="store_true", help="only the plain loop")
    only.add_argument("--app", action="store_true", help="only the full-screen app")
    given = parser.parse_args()
    chance = random.Random(given.seed)
    begun = time.monotonic()
    found: list[tuple[bool, sittings.Killed]] = []
    with tempfile.TemporaryDirectory() as folder:
        review = Path(folder) / "review.db"
        big_review.make(review, 12 * given.kills + 100)
        other = subprocess.Popen([sys.executable, "-c", OTHER, str(review)])
        for number in range(given.kills):
            plain = given.plain or (not given.app and number % 2 == 0)
            found.append((plain, sittings.killed(review, "ann", chance, plain=plain)))
        other.kill()
        other.wait()
        votes = {name: len(sittings.votes_on_disk(review, name)) for name in ("ann", "bob")}
    for name, is_plain in (("plain loop", True), ("full-screen app", False)):
        ones = [one for plain, one in found if plain is is_plain]
        if ones:
            print(
                f"{name}: {len(ones)} kills, {sum(one.was_streaming for one in ones)} while keys streamed in, "
                f"{sum(one.had_journal for one in ones)} within a transaction\n"
                f"  votes shown as cast {sum(one.shown for one in ones):,}, on disk "
                f"{sum(one.stored for one in ones):,}; the same in {sum(one.shown == one.stored for one in ones)}, "
                f"one stored and not yet shown in {sum(one.shown < one.stored for one in ones)}, "
                f"one taken back and not yet shown in {sum(one.shown > one.stored for one in ones)}"
            )
    print(
        f"{time.monotonic() - begun:,.0f} s, seed {given.seed}; in the end ann has {votes['ann']:,} votes, and "
        f"bob, who voted meanwhile, {votes['bob']:,}"
    )


if __name__ == "__main__":
    main()
