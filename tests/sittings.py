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
VERDICTS = {"y": "include", "n": "exclude", "m": "unsure", "1": "exclude", "3": "exclude"}
_PLACE = re.compile(rb"([\d,]+) of ([\d,]+)")
Votes = tuple[tuple[str, str], ...]  # (record, verdict) that stand, in order


@dataclass(frozen=True)
class Killed:
    """One sitting that was killed, and what was found."""

    typed: str  # every key, in order
    shown: Votes  # that the screen had shown as cast
    stored: Votes  # that were on disk afterwards
    had_journal: bool  # whether it died within a transaction, which the next to open the file takes back
    was_streaming: bool  # keys came faster than they were answered

    @property
    def was_between(self) -> bool:
        """Whether it died when a vote was stored and the next record not yet shown."""
        return self.shown != self.stored


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


def killed(review: Path, name: str, chance: random.Random, *, plain: bool) -> Killed:
    """Sit down, type, die at a random moment; all that must hold afterwards is asserted."""
    before, waiting = votes_on_disk(review, name), waiting_on_disk(review, name)
    typed = some_keys(chance, chance.randint(1, 14))
    streaming = chance.random() < 0.5
    end = "\n" if plain else ""
    with screening(review, name, plain=plain) as terminal:
        seat = Seat(terminal, plain=plain)
        seat.until_answers(0)
        if streaming:
            terminal.type("".join(key + end for key in typed))
            patience = time.perf_counter() + chance.uniform(0.0, 0.03 * len(typed))
            while time.perf_counter() < patience:
                terminal.read(0.001)
        else:
            typed = typed[: chance.randint(1, len(typed))]
            for number, key in enumerate(typed):
                terminal.type(key + end)
                if number < len(typed) - 1:
                    seat.until_answers(number + 1)
            terminal.read(chance.uniform(0.0, 0.03))
        terminal.kill()
    journal = review.with_name(review.name + "-journal")
    had_journal = journal.exists() and journal.stat().st_size > 0
    states = after_each_key(before, waiting, typed)
    stored = votes_on_disk(review, name)
    answered = seat.answers()
    assert stored in states[answered : answered + 2], (
        f"{answered} of {typed!r} shown as answered, on disk: {stored[len(before) :]}"
    )
    with open_review(review) as opened:
        assert report.check(opened).faults == ()
    assert waiting_on_disk(review, name) == [key for key in waiting if key not in dict(stored)], (
        "the next sitting begins elsewhere"
    )
    return Killed(typed, states[answered], stored, had_journal, streaming)


class Seat:
    """How many keys a sitting has answered, as its screen shows."""

    def __init__(self, terminal: Terminal, *, plain: bool) -> None:
        self._terminal = terminal
        self._plain = plain

    def answers(self) -> int:
        """Keys answered so far: after each, the place in the queue is shown anew."""
        return max(0, len(_PLACE.findall(self._terminal.shown())) - 1)

    def until_answers(self, number: int) -> None:
        """Read until so many keys were answered."""
        end = time.perf_counter() + 60
        while not _PLACE.search(self._terminal.shown()) or self.answers() < number:
            if not self._terminal.read(max(0.0, end - time.perf_counter())):
                raise AssertionError(f"{number} answers were not shown: {self._terminal.shown()[-2000:]!r}")
