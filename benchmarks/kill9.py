"""Kill `iimscreen search` at random moments, again and again, and hold what is left against a clean run.

    python benchmarks/kill9.py [KILLS] [SEED] [--sliced]

A local E-utilities server (that of the tests) answers. Each search begins in an empty folder and is
killed with SIGKILL and started again until it completes; then its records, the PMIDs of each run in
order, its raw replies and its results have to be those of a run that nobody disturbed, and no EFetch
whose reply was stored may have been sent again. Searches are begun until there were KILLS kills.
With --sliced, server and client take 300 records for the most that PubMed lists, in place of 9,999.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from eutils_server import EutilsServer, invented, serving  # noqa: E402 (found by the line above)

ARTICLES = invented(1_900)
PMIDS = [article.pmid for article in reversed(ARTICLES)]
TEXTS = {"myositis AND one": PMIDS[:1_010], "myositis AND two": PMIDS[900:1_350], "JAK": PMIDS[1_220:]}
STRATEGY = "[strategy]\ntitle = 'Three sub-queries'\n" + "".join(
    f"[[sub_query]]\nlabel = 'S{number}'\ntext = '{text}'\n" for number, text in enumerate(TEXTS, start=1)
)
_parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
_parser.add_argument("kills", nargs="?", type=int, default=100)
_parser.add_argument("seed", nargs="?", type=int, default=20230823)
_parser.add_argument("--sliced", action="store_true", help="300 records are the most that PubMed lists")
GIVEN = _parser.parse_args()
SLICED = GIVEN.sliced
FEWER_LISTED = (
    "from iimscreen.sources import pubmed; pubmed.MOST_HITS = 300; import iimscreen.__main__ as it; it.main()"
)
RECORDS = "select * from records order by key"
HITS = """
select runs.label, run_hits.position, records.key
from run_hits
join runs on runs.log_id = run_hits.run_id
join records on records.id = run_hits.record_id
order by 1, 2
"""
REPLIES = """
select runs.label, replies.request, replies.sha256
from replies
join log on log.uid = replies.run_uid
join runs on runs.log_id = log.id
order by 1, 2
"""
RESULTS = """
select runs.label, run_results.hits, run_results.warnings, run_results.interpreted_as,
  run_results.database_build
from run_results
join log on log.uid = run_results.run_uid
join runs on runs.log_id = log.id
order by 1
"""


@dataclass
class Tally:
    """What happened so far."""

    kills: int = 0
    searches: int = 0
    requests: int = 0
    fetches: int = 0
    twice: int = 0  # EFetches sent although their reply was stored
    at: dict[str, int] = field(default_factory=dict)  # what stood in the review when it was killed


def main() -> int:
    wanted, seed = GIVEN.kills, GIVEN.seed
    chance = random.Random(seed)
    tally = Tally()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, serving(ARTICLES, terms=TEXTS) as server:
        server.most_listed = 300 if SLICED else server.most_listed
        os.environ |= {
            "IIMSCREEN_EUTILS_URL": server.address,
            "NCBI_API_KEY": "good-key",
            "XDG_STATE_HOME": folder,
        }
        clean = Path(folder) / "clean"
        clean.mkdir()
        at = time.monotonic()
        finished(started(clean))
        duration = time.monotonic() - at
        wanted_state = state(clean)
        clean_fetches = len(server.requests_to("efetch"))
        while tally.kills < wanted:
            tally.searches += 1
            place = Path(folder) / f"search{tally.searches}"
            place.mkdir()
            killed_until_complete(place, server, chance, duration, tally)
            if state(place) != wanted_state:
                print(f"search {tally.searches} differs from the clean run (seed {seed})")
                return 1
        check = subprocess.run(
            [sys.executable, "-m", "iimscreen", "check"], cwd=place, check=False, stdout=subprocess.DEVNULL
        )
    print(
        f"{tally.kills} kills in {tally.searches} searches, {time.monotonic() - began:,.0f} s, seed {seed}\n"
        f"  records, PMIDs in order, raw replies and results: identical to the clean run each time\n"
        f"  EFetch: {tally.fetches:,} sent; without kills {clean_fetches * tally.searches:,}; "
        f"{tally.twice} sent again although the reply was stored\n"
        f"  all requests: {tally.requests:,}; `iimscreen check` of the last: exit code {check.returncode}\n"
        f"  killed: {', '.join(f'{number} {when}' for when, number in sorted(tally.at.items()))}"
    )
    return 1 if tally.twice or check.returncode else 0


def killed_until_complete(
    place: Path, server: EutilsServer, chance: random.Random, duration: float, tally: Tally
) -> None:
    while True:
        stored = set() if not (place / "review.db").exists() else {row[1] for row in asked(place, REPLIES)}
        seen = len(server.asked)
        process = started(place)
        try:
            process.wait(chance.uniform(0.05, 0.9 * duration))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            tally.kills += 1
            when = moment(place)
            tally.at[when] = tally.at.get(when, 0) + 1
        sent = server.asked[seen:]
        tally.requests += len(sent)
        for one in sent:
            if one.utility == "efetch":
                tally.fetches += 1
                tally.twice += any(f'"id": "{one.parameters["id"]}"' in request for request in stored)
        if process.returncode == 0:
            return
        if process.returncode != -signal.SIGKILL:
            raise SystemExit(f"exit code {process.returncode}: {process.stderr.read().decode()}")


def started(place: Path) -> subprocess.Popen[bytes]:
    (place / "three.toml").write_text(STRATEGY)
    program = ["-c", FEWER_LISTED] if SLICED else ["-m", "iimscreen"]
    words = [sys.executable, *program, "search", "--strategy", "three.toml"]
    return subprocess.Popen(words, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finished(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate()
    if process.returncode:
        raise SystemExit(errors.decode())


def asked(place: Path, sql: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(place / "review.db")) as connection:
        try:
            return connection.execute(sql).fetchall()
        except sqlite3.OperationalError:  # killed before the review was made
            return []


def state(place: Path) -> list[list[tuple[object, ...]]]:
    """Records without local ids, PMIDs in order, replies and results."""
    records = [row[1:] for row in asked(place, RECORDS)]
    return [records, asked(place, HITS), asked(place, REPLIES), asked(place, RESULTS)]


def moment(place: Path) -> str:
    if not (place / "review.db").exists():
        return "before the review was made"
    replies = len(asked(place, REPLIES))
    return (
        "before the first reply was stored"
        if replies == 0
        else f"with {replies // 4 * 4}-{replies // 4 * 4 + 3} replies"
    )


if __name__ == "__main__":
    sys.exit(main())
