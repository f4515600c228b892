"""How large a bundle is, and how long `share` and `merge` take: two reviewers' votes in two copies.

`python benchmarks/bundles.py 1000 40000 100000` makes a review of that many records in a folder of its own,
two copies of it, and votes at the speed of the log (no Desk), interleaved in time.
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any
from unittest import mock

from iimscreen import importing, report, review_protocol, sharing
from iimscreen.formats import jsonl
from iimscreen.model import Kind, Record, Verdict
from iimscreen.store import Review, decisions, log, open_review
from iimscreen.voting import Vote


def records(count: int) -> list[Record]:
    return [Record(source_id=f"r{n}", title=f"Case {n}: drug {n * 7919}", year=2000) for n in range(count)]


def vote(path: Path, name: str, offset: int, skip: int = 0, until: int | None = None) -> None:
    """A vote of this person on each record, one every ten seconds."""
    with open_review(path) as review:
        sha256 = review_protocol.in_force(review).sha256
        keys = [key for (key,) in review.db.execute("select key from records order by id")][skip:until]
        clock = (
            time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(1_700_000_000 + n * 10 + offset)) + "000Z"
            for n in range(skip, 10**9)
        )
        with review.writing(), mock.patch.object(log, "now", side_effect=clock):
            for key in keys:
                one = Vote(key, Verdict.EXCLUDE, None, None, (name,), "vote", "", 0)
                decisions.add(review, one, "title-abstract", sha256)


def timed(what: str, path: Path, do: Callable[[Review], Any]) -> Any:
    with open_review(path) as review:
        start, cpu = time.perf_counter(), time.process_time()
        found = do(review)
        print(
            f"  {what}: {time.process_time() - cpu:.2f} s of CPU, {time.perf_counter() - start:.2f} s in all",
            flush=True,
        )
        return found


def measure(count: int) -> None:
    print(f"{count:,} records, {count:,} votes of each of two reviewers")
    review_protocol.create(Path("ann.db"))
    Path("records.jsonl").write_bytes(jsonl.write(records(count)))
    with open_review(Path("ann.db")) as review:
        importing.import_files(review, [Path("records.jsonl")], database="Bench", kind=Kind.DATABASE)
    shutil.copy("ann.db", "bob.db")
    last = max(count - 1000, count // 2)
    vote(Path("ann.db"), "ann", 0)
    vote(Path("bob.db"), "bob", 5, until=last)
    shared = timed("share", Path("bob.db"), lambda review: sharing.share(review, "bob"))
    print(f"  size: {shared.size / 1e6:.2f} MB")
    timed(f"merge {last:,} new", Path("ann.db"), lambda review: sharing.merge(review, [shared.path]))
    vote(Path("bob.db"), "bob", 5, skip=last)
    timed("share, the rest", Path("bob.db"), lambda review: sharing.share(review, "bob"))
    timed("merge the rest", Path("ann.db"), lambda review: sharing.merge(review, [shared.path]))
    timed("merge nothing new", Path("ann.db"), lambda review: sharing.merge(review, [shared.path]))
    found = timed("check", Path("ann.db"), report.check)
    print(f"  faults: {found.faults}; peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")


if __name__ == "__main__":
    for given in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            measure(int(given))
