"""Several people on one review file, each in a process of their own: who voted what, and how long each vote took.

As a script, one writer: `python tests/writers.py REVIEW NAME` votes on all that is left for NAME, one vote
after another without a pause, as no person could, and prints what was stored and what was refused.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from iimscreen import review_protocol

STAGE = "title-abstract"


@dataclass(frozen=True)
class Written:
    """What one writer says of its own votes."""

    name: str
    stored: tuple[str, ...]  # records, in order
    refused: tuple[str, ...]  # what refusals said: a ProtocolError's sentence
    seconds: tuple[float, ...]  # of each vote stored: from the call until it is on disk


def protocol_for(reviewers: int, folder: Path) -> Path:
    """The bundled protocol for so many reviewers at each stage."""
    text = review_protocol.bundled().read_text(encoding="utf-8")
    path = folder / f"protocol-for-{reviewers}.toml"
    path.write_text(text.replace("reviewers = 2", f"reviewers = {reviewers}"), encoding="utf-8")
    return path


def started(review: Path, name: str) -> subprocess.Popen[str]:
    """A writer at work, in a process of its own."""
    words = [sys.executable, str(Path(__file__).resolve()), str(review), name]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(writers: Sequence[subprocess.Popen[str]]) -> list[Written]:
    """What each writer wrote. Raises AssertionError with the error of one that failed."""
    found = []
    for writer in writers:
        out, errors = writer.communicate()
        assert writer.returncode == 0, errors
        told = json.loads(out)
        found.append(
            Written(told["name"], tuple(told["stored"]), tuple(told["refused"]), tuple(told["seconds"]))
        )
    return found


def vote_on_all(review: Path, name: str) -> dict[str, object]:
    """Vote on each record left, one by one."""
    from iimscreen.errors import ProtocolError
    from iimscreen.screening import Decision, Desk
    from iimscreen.store import open_review

    stored, refused, seconds = [], [], []
    with open_review(review) as opened:
        desk = Desk(opened, name, STAGE)
        for number, key in enumerate(desk.waiting_keys()):
            begun = time.perf_counter()
            try:
                desk.decide(Decision(key, "exclude" if number % 3 else "include"))
            except ProtocolError as error:
                refused.append(error.message)
            else:
                stored.append(key)
                seconds.append(time.perf_counter() - begun)
    return {"name": name, "stored": stored, "refused": refused, "seconds": seconds}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("review", type=Path)
    parser.add_argument("name")
    given = parser.parse_args()
    sys.stdout.write(json.dumps(vote_on_all(given.review, given.name)))
