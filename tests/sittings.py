"""Sittings of `screen` in a real terminal that end by SIGKILL, and what must be true after one."""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass
from pathlib import Path

from iimscreen import report
from iimscreen.screening import Desk
from iimscreen.store import open_review
from terminals import Terminal, screening

STAGE = "title-abstract"
UNDO = "u"
SEEN_S = 0.18  # a record has to have stood on the full screen for 0.15 s before a key counts for it
VERDICTS = {"y": "include", "n": "exclude", "m": "unsure", "1": "exclude", "3": "exclude"}
_PLACE = re.compile(rb"([\d,]+) of ([\d,]+)")
_REFUSED = b"That key came before the record did"
Votes = tuple[tuple[str, str], ...]  # (record, verdict) that stand, in order


@dataclass(frozen=True)
class Killed:
    """One sitting that was killed, and what was found."""

    typed: str  # every key, in order
    shown: int  # votes of this sitting that the screen had shown as cast
    stored: int  # that were on disk afterwards
    had_journal: bool  # whether it died within a transaction, which the next to open the file takes back
    was_streaming: bool  # keys came faster than they were answered


def votes_on_disk(review: Path, name: str) -> Votes:
    with open_review(review) as opened:
        return tuple((vote.key, str(vote.verdict)) for vote in Desk(opened, name, STAGE).own_votes())


def waiting_on_disk(review: Path, name: str) -> list[str]:
    with open_review(review) as opened:
        return Desk(opened, name, STAGE).waiting_keys()


def after_each_key(before: Votes, waiting: list[str], typed: str) -> list[Votes]:
    """The votes that stand when no key was answered, one, two, and so on."""
    states = [before]
    place = 0
    for key in typed:
        now = states[-1]
        if key == UNDO:
            if place == 0:  # it would reach into an earlier sitting
                raise ValueError("an undo before any vote")
            place -= 1
            now = now[:-1]
        else:
            now = (*now, (waiting[place], VERDICTS[key]))
            place += 1
        states.append(now)
    return states


def some_keys(chance: random.Random, number: int) -> str:
    """Answers with an undo here and there, never before a vote."""
    typed, votes = "", 0
    for _ in range(number):
        if votes > 0 and chance.random() < 0.12:
            typed += UNDO
            votes -= 1
        else:
            typed += chance.choice("ynm13")
            votes += 1
    return typed


def is_explained(new: Votes, waiting: list[str], typed: str) -> bool:
    """Whether these votes of a sitting come of its keys, some of which the full screen may have refused:
    one that came before its record was seen, or that was held down.
    """
    if [key for key, _ in new] != waiting[: len(new)]:
        return False
    reachable: set[tuple[str, ...]] = {()}
    for key in typed:
        more = {said[:-1] if key == UNDO else (*said, VERDICTS[key]) for said in reachable}
        reachable |= more
    return tuple(verdict for _, verdict in new) in reachable


def killed(review: Path, name: str, chance: random.Random, *, plain: bool) -> Killed:
    """Sit down, type, die at a random moment; all that must hold afterwards is asserted."""
    before, waiting = votes_on_disk(review, name), waiting_on_disk(review, name)
    streaming = chance.random() < 0.5
    typed = some_keys(chance, chance.randint(1, 10))
    if streaming and not plain:
        typed = typed.replace(
            UNDO, ""
        )  # it would reach into an earlier sitting where votes before it were refused
    end = "\n" if plain else ""
    with screening(review, name, plain=plain) as terminal:
        assert is_at(terminal, 0, 60), terminal.shown()[-2000:]
        place = 0
        for number, key in enumerate(typed):
            read_for(terminal, chance.uniform(0.0, 0.05) + (SEEN_S if not (streaming or plain) else 0.0))
            since = len(terminal.pieces)
            terminal.type(key + end)
            place += -1 if key == UNDO else 1
            while not streaming and number < len(typed) - 1 and not is_at(terminal, place, 2.0):
                assert _REFUSED in terminal.shown(since), terminal.shown()[-2000:]
                since = len(terminal.pieces)
                terminal.type(key)  # on a busy machine the record may have been drawn later than its number
        # A vote takes some 20 ms: about every other kill falls between a key and what it does.
        read_for(terminal, chance.uniform(0.0, 0.04 if not streaming else 0.02 * len(typed)))
        terminal.kill()
        place = last_place(terminal)
    journal = review.with_name(review.name + "-journal")
    had_journal = journal.exists() and journal.stat().st_size > 0
    stored = votes_on_disk(review, name)
    assert stored[: len(before)] == before
    new = stored[len(before) :]
    said = f"{typed!r} typed, {place} votes shown as cast, on disk: {new}"
    assert abs(len(new) - place) <= 1, said
    if plain:
        assert stored in after_each_key(before, waiting, typed), said
    else:
        assert is_explained(new, waiting, typed), said
    with open_review(review) as opened:
        assert report.check(opened).faults == ()
    assert waiting_on_disk(review, name) == waiting[len(new) :], said
    return Killed(typed, place, len(new), had_journal, streaming)


def last_place(terminal: Terminal) -> int:
    """How many votes the screen says were cast: it shows the place of the record in front, from 1."""
    found = _PLACE.findall(terminal.shown())
    return int(found[-1][0].replace(b",", b"")) - 1


def is_at(terminal: Terminal, place: int, wait_s: float) -> bool:
    """Read until the screen says that so many votes were cast; whether it did in time."""
    end = time.perf_counter() + wait_s
    while not _PLACE.search(terminal.shown()) or last_place(terminal) != place:
        if not terminal.read(max(0.0, end - time.perf_counter())):
            return False
    return True


def read_for(terminal: Terminal, seconds: float) -> None:
    """Read what comes, for so long."""
    end = time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        terminal.read(left)
